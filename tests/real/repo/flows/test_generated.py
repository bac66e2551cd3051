"""Signatures and docstrings that nobody has thought of: read from their source, and by Prefect."""

from __future__ import annotations

import inspect
import sys
import types
import typing
import warnings
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowlift.plan.model import Flow
from flowlift.repo.flows import definition, docstring, static
from flowlift.repo.flows.module import Module
from tests.parts.flow_cases import HEADER

pytest.importorskip("prefect")
pytestmark = pytest.mark.real

# Prefect is imported by the tests, after its home has been set.
# ruff: noqa: PLC0415

MANY = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

LEAVES = st.sampled_from(
    [
        "int",
        "float",
        "str",
        "bool",
        "bytes",
        "Any",
        "None",
        "date",
        "dt.datetime",
        "time",
        "timedelta",
        "UUID",
        "Path",
        "Decimal",
        "object",
        "list",
        "dict",
        "set",
        "tuple",
        "List",
        "Dict",
        "Tuple",
        "Tier",
        "Level",
        "Shape",
        "Source",
        "Job",
        "Number",
        "Text",
        "complex",
        "Literal['a']",
        "Literal['a','b',3]",
        "Literal[None]",
        "Callable",
        "pydantic.PositiveInt",
        "SecretStr",
        "Annotated[int,Field(gt=3)]",
        "Annotated[str,Field(description='own',max_length=9)]",
    ]
)


def wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(inner, inner).map(lambda pair: f"{pair[0]}, {pair[1]}")
    return st.one_of(
        inner.map(lambda t: f"Optional[{t}]" if t != "None" else t),
        inner.map(lambda t: f"list[{t}]"),
        inner.map(lambda t: f"List[{t}]"),
        inner.map(lambda t: f"dict[str, {t}]"),
        inner.map(lambda t: f"Dict[int, {t}]"),
        inner.map(lambda t: f"set[{t}]"),
        inner.map(lambda t: f"tuple[{t}, ...]"),
        inner.map(lambda t: f"Sequence[{t}]"),
        inner.map(lambda t: f"Annotated[{t}, Field(title='T')]"),
        pairs.map(lambda two: f"tuple[{two}]"),
        pairs.map(lambda two: f"Union[{two}, None]"),
        inner.map(lambda t: f"{t} | int | None"),
    )


ANNOTATIONS = st.one_of(st.none(), st.recursive(LEAVES, wider, max_leaves=4))
JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text(max_size=8),
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)
DEFAULTS = st.one_of(
    st.none(),
    JSON.map(repr).filter(lambda text: "inf" not in text),
    st.sampled_from(
        [
            "LIMIT",
            "NAME",
            "PLACES",
            "SETTINGS",
            "START",
            "PAGE",
            "Tier.FREE",
            "Level.HIGH",
            "Shape.NONE",
            "()",
            "(1,2)",
            "{1,2}",
            "Path('a')",
            "Decimal('1.50')",
            "timedelta(days=1)",
            "date(2024,1,2)",
            "b'x'",
            "1j",
            "Source(name='s')",
            "SecretStr('s')",
            "Field(3)",
            "Field(3,description='said',gt=1)",
            "frozenset()",
            "int",
            "list",
        ]
    ),
)
NAMES = st.sampled_from(
    [
        "alpha",
        "beta",
        "gamma",
        "schema",
        "json",
        "copy",
        "self",
        "cls",
        "x",
        "y",
        "größe",
        "position",
        "title",
    ]
)


@st.composite
def parameters(draw: Any) -> str:
    names = draw(st.lists(NAMES, max_size=5, unique=True))
    parts = ["*"] if names else []
    for name in names:
        annotation, default = draw(ANNOTATIONS), draw(DEFAULTS)
        parts.append(
            name + (f": {annotation}" if annotation else "") + (f" = {default}" if default else "")
        )
    return ", ".join(parts)


def by_prefect(source: str) -> Any:
    """The flow `f` of a module with this source; Python's memory of unions is wiped before."""
    for forget in getattr(typing, "_cleanups", ()):
        forget()
    module = types.ModuleType("generated")
    sys.modules["generated"] = module
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(source, "generated.py", "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    return module.__dict__["f"]


def from_source(source: str) -> Any:
    """The same flow from its source; NotStatic is raised, and so fails the test."""
    module = Module.parse("generated.py", source.encode(), script=True)
    found = definition.find(module, ("f",))
    assert isinstance(found, definition.Definition)
    return static.read(found)


@pytest.fixture(scope="module", autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@MANY
@given(parameters(), st.booleans())
def test_any_signature_is_read_as_prefect_has_it(listed: str, postponed: bool) -> None:
    from prefect.utilities.callables import parameter_schema

    first = "from __future__ import annotations\n" if postponed else ""
    source = f"{first}{HEADER}\n@flow\ndef f({listed}): ...\n"
    flow = by_prefect(source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = parameter_schema(flow).model_dump(exclude_unset=True)
    found = from_source(source)
    assert isinstance(found, Flow)
    assert found.schema == expected
    assert found.unread == ()


LINES = st.lists(
    st.tuples(
        st.sampled_from(["", " ", "  ", "    ", "        ", "\t", "      "]),
        st.sampled_from(
            [
                "",
                "Args:",
                "Arguments:",
                "Parameters: titled",
                "Returns:",
                "Examples:",
                "Note:",
                "Keyword Args:",
                "Raises:",
                "x: the number",
                "y (int, optional): more: colons",
                "z (a",
                "text without a colon",
                "```",
                ">>> f(x)",
                "x : spaced",
                "*rest: star",
                ":param x: sphinx",
                "Ärger: ünï",
            ]
        ),
    ).map("".join),
    max_size=14,
)


@settings(MANY, max_examples=1500)
@given(LINES)
def test_any_docstring_is_read_as_prefect_has_it(lines: list[str]) -> None:
    from prefect.utilities.callables import parameter_docstrings

    text = inspect.cleandoc("\n".join(lines))
    assert docstring.descriptions(text) == parameter_docstrings(text)
