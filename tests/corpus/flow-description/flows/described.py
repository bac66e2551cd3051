from prefect import flow


@flow
def described_by_docstring():
    """
    First line, after an empty one.

        An indented line.

    The last line.
    """


@flow(description="From the decorator.")
def described_by_decorator():
    """From the docstring, which loses."""


@flow
def described_by_nobody():
    pass
