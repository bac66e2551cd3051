"""A module whose import fails, run statement by statement: what is left out, and what is said.

Prefect is a stand-in; the real one takes part in `tests/real/repo/flows/test_pieces.py`.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowlift.repo.flows.pieces import NoFlowError, Pieces, words
from tests.parts import stand_in_prefect, trees

ABSENT = "not_there is not installed here"


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Prefect's stand-in, and `sys` as it was afterwards."""
    stand_in_prefect.install(monkeypatch)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def pieces(root: Path, source: str, *parts: str, module: str | None = None) -> Pieces:
    file = "pkg/a.py" if module else "a.py"
    head = "from prefect import flow\nimport not_there as nt\n"
    future, _, rest = textwrap.dedent(source).partition("# then\n")
    trees.write(root, {file: (future + head + rest) if rest else head + future})
    return Pieces(str(root / file), module, list(parts or ("f",)))


def told(found: Pieces) -> list[str]:
    """What was left out, without why."""
    return [sentence.partition(" could not be read: ")[0] for sentence in found.unread]


def refused(root: Path, source: str, *parts: str) -> NoFlowError:
    with pytest.raises(NoFlowError) as caught:
        pieces(root, source, *parts).flow()
    return caught.value


def parameters(flow: Any) -> dict[str, tuple[Any, Any]]:
    return {
        name: (parameter.annotation, parameter.default)
        for name, parameter in inspect.signature(flow.fn).parameters.items()
    }


def test_a_flow_that_needs_nothing_of_what_is_missing_is_whole(tmp_path: Path) -> None:
    found = pieces(tmp_path, "N = 1 + 1\nX = nt.X\n@flow(name='n')\ndef f(x: int = N): ...\n")
    flow = found.flow()
    assert (flow.name, parameters(flow), found.unread) == ("n", {"x": (int, 2)}, [])
    assert found.absent == {"not_there"}


def test_types_and_defaults_that_are_missing_are_left_out_and_said(tmp_path: Path) -> None:
    found = pieces(
        tmp_path,
        "@flow\ndef f(a: nt.A, b: 'nt.B', c: int = nt.C, *d: nt.D, e: str = nt.E, g: int = 3): ...",
    )
    empty = inspect.Parameter.empty
    assert parameters(found.flow()) == {
        "a": (empty, empty),
        "b": (empty, empty),
        "c": (int, None),
        "d": (empty, empty),
        "e": (str, None),
        "g": (int, 3),
    }
    assert told(found) == [
        "parameter `a`: `nt.A`",
        "parameter `b`: `'nt.B'`",
        "parameter `d`: `nt.D`",
        "parameter `c`: default `nt.C`",
        "parameter `e`: default `nt.E`",
    ]
    assert all(sentence.endswith(ABSENT) for sentence in found.unread)


def test_annotations_that_are_texts_until_asked_for_are_tried_too(tmp_path: Path) -> None:
    source = (
        "from __future__ import annotations\n# then\n@flow\ndef f(a: nt.A, b: int) -> nt.R: ...\n"
    )
    found = pieces(tmp_path, source)
    flow = found.flow()
    assert [annotation for annotation, _ in parameters(flow).values()] == [
        inspect.Parameter.empty,
        "int",
    ]
    assert inspect.signature(flow.fn).return_annotation is inspect.Signature.empty
    assert told(found) == ["parameter `a`: `nt.A`"]


def test_of_several_imports_each_fails_alone(tmp_path: Path) -> None:
    found = pieces(
        tmp_path,
        "import json, also_missing, math\nfrom os import nope, sep\n"
        "@flow\ndef f(x: str = sep, y: float = math.pi, z: int = nope): ...\n",
    )
    assert [default for _, default in parameters(found.flow()).values()][:2] == [
        "/",
        3.141592653589793,
    ]
    assert found.absent == {"not_there", "also_missing"}
    assert "cannot import name 'nope'" in found.unread[0]


def test_a_decorator_that_is_missing_is_left_out_beside_flow(tmp_path: Path) -> None:
    found = pieces(tmp_path, "@flow(name='n')\n@nt.audited(level=3)\ndef f(): ...\n")
    assert found.flow().name == "n"
    assert found.unread == [f"decorator `@nt.audited(level=3)` could not be read: {ABSENT}"]


def test_options_that_are_missing_are_left_out_and_said_where_a_deployment_takes_them(
    tmp_path: Path,
) -> None:
    found = pieces(tmp_path, "@flow(version='1', description=nt.D, retries=nt.R)\ndef f(): ...\n")
    assert found.flow().options == {"version": "1"}
    assert told(found) == ["description: `nt.D`"]


def test_a_method_is_found_in_its_class(tmp_path: Path) -> None:
    found = pieces(tmp_path, "class A:\n    @flow\n    def f(self, x: nt.X): ...\n", "A", "f")
    assert found.flow().name == "f"
    assert told(found) == ["parameter `x`: `nt.X`"]


def test_imports_beside_a_script_and_within_a_package_are_found(tmp_path: Path) -> None:
    trees.write(tmp_path, {"beside.py": "N = 1\n", "pkg/__init__.py": "", "pkg/near.py": "N = 2\n"})
    script = pieces(tmp_path, "from beside import N\n@flow\ndef f(x: int = N): ...\n")
    assert parameters(script.flow()) == {"x": (int, 1)}
    within = pieces(
        tmp_path, "from .near import N\n@flow\ndef f(x: int = N): ...\n", module="pkg.a"
    )
    assert parameters(within.flow()) == {"x": (int, 2)}


def test_whoever_imports_it_next_does_not_find_this_one(tmp_path: Path) -> None:
    found = pieces(tmp_path, "@flow\ndef f(): ...\n", module="pkg.a")
    assert "pkg.a" in sys.modules
    found.forget()
    assert "pkg.a" not in sys.modules
    # A module of that name that was loaded before stays what it is.
    kept = sys.modules["json"]
    trees.write(tmp_path, {"json.py": "from prefect import flow\n@flow\ndef f(): ...\n"})
    Pieces(str(tmp_path / "json.py"), None, ["f"]).forget()
    assert sys.modules["json"] is kept


# No flow ---------------------------------------------------------------------------------


def test_a_name_that_is_missing_is_refused_as_it_would_register_a_second_flow(
    tmp_path: Path,
) -> None:
    error = refused(tmp_path, "@flow(name=nt.NAME)\ndef f(): ...\n")
    assert (error.kind, error.line) == ("malformed", 4)
    assert error.why == f"`nt.NAME`: {ABSENT}"


def test_without_flow_itself_nobody_knows_whether_it_is_one(tmp_path: Path) -> None:
    error = refused(tmp_path, "@nt.job\ndef f(): ...\n")
    assert (error.kind, error.line) == ("not-a-flow", 4)
    assert ABSENT in error.why


@pytest.mark.parametrize(
    ("source", "kind", "why"),
    [
        ("def g(): ...\n", "missing-function", "there is nothing of that name"),
        ("f = 3\n", "not-a-flow", "it is not a flow"),
        ("f = nt.make()\n", "malformed", ABSENT),
        ("f = 1 / 0\n", "malformed", "ZeroDivisionError: division by zero"),
        ("import sys\nif True:\n    f = sys.exit(3)\n", "malformed", "the code ends its process"),
    ],
)
def test_what_is_there_instead_is_told(tmp_path: Path, source: str, kind: str, why: str) -> None:
    error = refused(tmp_path, source)
    assert (error.kind, error.why) == (kind, why)


def test_a_file_that_is_not_python_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SyntaxError):
        pieces(tmp_path, "def f(:\n")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModuleNotFoundError("No module", name="a.b"), "a.b is not installed here"),
        (ModuleNotFoundError("odd"), "ModuleNotFoundError: odd"),
        (SystemExit(3), "the code ends its process"),
        (ValueError("one\ntwo"), "ValueError: one"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
    ],
)
def test_an_error_is_the_end_of_a_sentence(error: BaseException, said: str) -> None:
    assert words(error) == said
