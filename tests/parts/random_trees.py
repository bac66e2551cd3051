"""Random trees of packages and scripts that import each other in many ways."""

from __future__ import annotations

import random


class Tree:
    """A random tree of packages below `src`, and scripts with modules beside them.

    With `certain`, every import is one that runs, no name means two things, and files import only
    those that were made before them: within a circle Python may give up half-way.
    """

    def __init__(self, seed: int, *, certain: bool) -> None:
        self.random = random.Random(seed)  # noqa: S311 (no secret)
        self.certain = certain
        self.modules: list[str] = []
        self.files: dict[str, str] = {}
        for number in range(self.random.randint(1, 3)):
            self._package("src/", f"p{number}", 0)
        self.scripts = ["jobs/daily/flow.py", "jobs/daily/side.py"]
        if self.random.random() < 0.5:
            self._package("jobs/daily/", "local", 1)
        if not certain and self.random.random() < 0.5:
            self.files["jobs/daily/p0.py"] = ""
        if self.random.random() < 0.3:
            self.files["top.py"] = ""
        for path in [*self.files, *self.scripts]:
            count = self.random.randint(0, 4)
            self.files[path] = "".join(self._import(path) for _ in range(count))

    def _package(self, folder: str, name: str, depth: int) -> None:
        here = f"{folder}{name}/"
        if self.random.random() < 0.75:
            self.files[f"{here}__init__.py"] = ""
        # What a package imports hides its own module of that name from `from package import`.
        unique = len(self.files) if self.certain else ""
        for number in range(self.random.randint(1, 3)):
            self.files[f"{here}m{unique}{number}.py"] = ""
        if depth < 2 and self.random.random() < 0.6:
            self._package(here, f"q{unique}{depth}", depth + 1)

    def _import(self, path: str) -> str:
        files = list(self.files)
        known = files[: files.index(path)] if self.certain and path in files else files
        target = self.random.choice([*known, "src/p0/missing.py"])
        name = target.removesuffix(".py").removesuffix("/__init__")
        for root in ("src/", "jobs/daily/"):
            name = name.removeprefix(root)
        parts = name.split("/")
        dotted, last, package = ".".join(parts), parts[-1], ".".join(parts[:-1])
        forms = [f"import {dotted}", f"import {dotted} as x, os", f"from {dotted} import nothing"]
        forms.append(f"import importlib; importlib.import_module('{dotted}')")
        if package:
            forms += [f"from {package} import {last}", f"from {package} import (nothing,\n {last})"]
        folder = path.split("/")[:-1]
        if self.certain and package and target.split("/")[:-1] == folder:
            forms += [f"from . import {last}", f"from .{last} import nothing"]
            if len(parts) > 2:
                forms += [f"from ..{parts[-2]} import {last}"]
        elif not self.certain:
            dots = "." * self.random.randint(1, 3)
            near = self.random.choice(["m0", "m1", "q0", "q0.m0", "side"])
            forms += [f"from {dots}{near} import nothing", f"from {dots} import m0"]
        form = self.random.choice(forms)
        block = form.replace("\n", "\n ")
        wrapped = [f"try:\n {block}\nexcept ImportError:\n pass\n"]
        if not self.certain:
            wrapped += [
                f"def late():\n {block}\n",
                f"if x_is_unset := False:\n {block}\n",
                f"TYPE_CHECKING = False\nif TYPE_CHECKING:\n {block}\n",
            ]
        return self.random.choice(wrapped)
