"""What one file imports: compared with Python's own parser, on its standard library too."""

from __future__ import annotations

import ast
import json
import logging
import xml
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlift.repo.imports import ANYTHING, Import, Imports, read

PACKAGES = [json, logging, xml]


def by_parser(source: bytes) -> set[Import]:
    found: set[Import] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {Import(0, alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            found.add(Import(node.level, node.module or "", names))
    return found


HERE_X = "spec_from_file_location('x', HERE / 'x.py')"
PREFECT = "from prefect.flows import load_flow_from_entrypoint as load\n"


def test_the_standard_library_as_the_parser_reads_it():
    folders = {Path(str(package.__file__)).parent for package in PACKAGES}
    files = [file for folder in sorted(folders) for file in sorted(folder.rglob("*.py"))]
    files += sorted(Path(ast.__file__).parent.glob("[bc]*.py"))
    assert len(files) > 30
    for file in files:
        source = file.read_bytes()
        assert set(read(source, loader=False).statements) == by_parser(source), file


FORMS = [
    "import a",
    "import a.b as c, d",
    "import a;import b",
    "x = 1; from a import b",
    "if x: import a",
    "if x:\n    import a\nelse:import b",
    "try:\n\timport a\nexcept ImportError:\n\tfrom b import c as a",
    "from . import a",
    "from .a import b",
    "from..a.b import(c)",
    "from ... import a",
    "from . . a import b",
    "import a . b",
    "from a import *",
    "from a import (\n    b,  # (why)\n    c as d,\n)",
    "from a import (b, c,)",
    "from a \\\n    import b, \\\n    c",
    "import a, \\\n    b",
    "def f():\n    from a import b\n    return b",
    "class A: from a import b",
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a import b",
    '"""import a\nfrom b import c\n"""\nimport d',
    "x = '''\nimport a\n'''\nimport b",
    'x = """a\\"""\nimport b\n"""\nimport c',
    "x = r'\\''\nimport a",
    "x = 'import a'; y = \"# not\"; import b  # import c",
    "# import a\nimport b",
    "# it's a comment\nimport a\n# isn't it\nimport b",
    "x = 'a\\\nimport b'\nimport c",
    "raise_ = 1\ndef f():\n    raise ValueError('x') \\\n        from None\nimport a",
    "def f():\n    x = yield (\n        1)\n    yield \\\n    from g()\nimport a",
    "important = 1\nimport_x = 2\nfrom_x = 3\nimport a",
    "from importance import a",
    "x = {1: 'a'}\nimport a\ny = x[0:1]",
    "import a\r\nfrom b import (\r\n    c,\r\n)\r\n",
    "import a\rimport b\r",
    "\f\nimport a\n\f",
    "\ufeffimport a",
    "import größe\nfrom ünter import über",
    "f'{x}'; import a",
    "f\"{x['a']}\"\nimport a",
    "match = 1\nimport a",
    "lambda: 0; import a",
    "",
    "x = 1",
    "import a\n" + "x = '''unfinished? no'''\n" * 3,
    "async def f():\n    import a\n    async with x: from b import c",
    "from a import b as c, d as e\nprint(f'''\nimport z\n''')",
]


@pytest.mark.parametrize("source", FORMS)
def test_every_form_of_a_statement(source: str):
    assert set(read(source.encode()).statements) == by_parser(source.encode())


@given(st.lists(st.sampled_from(FORMS), max_size=6), st.sampled_from(["\n", "\n\n", "\n# '''\n"]))
def test_forms_after_each_other(parts: list[str], between: str):
    source = between.join(part.replace("\r\n", "\n").replace("\ufeff", "") for part in parts)
    assert set(read(source.encode()).statements) == by_parser(source.encode())


@pytest.mark.parametrize(
    ("source", "statement"),
    [
        ("import importlib\nimportlib.import_module('a.b')", Import(0, "a.b")),
        ("from importlib import import_module as im\nim('a.b')", Import(0, "a.b")),
        (
            "from importlib import import_module\nimport_module('.b', package='a.c')",
            Import(0, "a.c.b"),
        ),
        ("from importlib import import_module\nimport_module('..b', 'a.c')", Import(0, "a.b")),
        ("from importlib import import_module\nimport_module('.b', __package__)", Import(1, "b")),
        ("__import__('a.b')", Import(0, "a.b")),
        ("__import__('a', fromlist=['b'])", Import(0, "a", ("b",))),
        ("import runpy\nrunpy.run_module('a.b')", Import(0, "a.b.__main__")),
        (
            "from prefect.utilities.importtools import import_object\nimport_object('a:b')",
            Import(0, "a", ("b",)),
        ),
        ("exec('from a import b')", Import(0, "a", ("b",))),
    ],
)
def test_calls_that_import_by_a_written_name(source: str, statement: Import):
    found = read(source.encode())
    assert statement in found.statements
    assert found.computed == ()


@pytest.mark.parametrize(
    ("source", "prefix"),
    [
        ("import importlib\nimportlib.import_module(name)", ANYTHING),
        ("from importlib import import_module\nimport_module(f'a.b.{name}')", "a.b."),
        ("from importlib import import_module\nimport_module('a.b.' + name)", "a.b."),
        ("from importlib import import_module\nimport_module('a.b.%s' % name)", "a.b."),
        ("from importlib import import_module\nimport_module('a.b.{}'.format(name))", "a.b."),
        ("from importlib import import_module\nimport_module(f'a.b_{name}')", "a."),
        ("from importlib import import_module\nimport_module(f'{name}.a')", ANYTHING),
        ("from importlib import import_module\nimport_module('.' + name, 'a')", ANYTHING),
        ("from importlib import import_module\nfound = map(import_module, names)", ANYTHING),
        ("import importlib\nload = importlib.import_module", ANYTHING),
        ("__import__(name)", ANYTHING),
        ("import runpy\nrunpy.run_path(path)", ANYTHING),
        ("exec(open('x').read())", ANYTHING),
        ("from importlib.util import spec_from_file_location as s\ns(name, path)", ANYTHING),
    ],
)
def test_calls_that_import_by_a_computed_name(source: str, prefix: str):
    assert read(source.encode()).computed == (prefix,)


@pytest.mark.parametrize(
    ("source", "file"),
    [
        ("import runpy\nrunpy.run_path('scripts/x.py')", "scripts/x.py"),
        ("from runpy import run_path\nrun_path(str(HERE / 'x.py'))", "x.py"),
        ("from importlib.util import spec_from_file_location\n" + HERE_X, "x.py"),
        (PREFECT + "load('a/x.py:f')", "a/x.py"),
    ],
)
def test_calls_that_load_a_file(source: str, file: str):
    assert read(source.encode()) == Imports(read(source.encode()).statements, (file,))


@pytest.mark.parametrize(
    "source",
    ["cursor.exec(query)", "def import_orders(): pass", "x = 'import_module'", "executor(1)"],
)
def test_what_only_looks_like_such_a_call(source: str):
    assert read(source.encode()) == Imports()


def test_what_is_not_python_says_so_and_gives_what_it_can():
    found = read(b"x = '''unfinished\nfrom a import b\n")
    assert found.broken == "not Python line 1"
    found = read(b"import a\nfrom b import (c\n")
    assert found.broken


def test_newer_python_than_the_one_that_reads():
    source = b"import a\ntype X[T] = list[T]\nx = f'{y['k']}'\ndef f[T](x: T): from b import c\n"
    assert set(read(source).statements) == {Import(0, "a"), Import(0, "b", ("c",))}


@pytest.mark.parametrize(
    "tail", ["(" * 5000, "# " * 5000, "import (" * 2000, "\\\n" * 5000, '"' * 4999]
)
def test_hostile_text_takes_no_time(tail: str):
    read(b"import a\nimport " + tail.encode())
