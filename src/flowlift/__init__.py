"""flowlift takes a Prefect platform repository from pull request to production."""

__version__ = "0.1.0"
