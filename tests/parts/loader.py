"""Runs scripts as Prefect does, in processes of their own, and tells which files were imported.

Started once: it forks for each request, so that a request costs milliseconds. Each line of its
input is a JSON object with `root`, `script` or `module`, and `path`; each line of its output is
the list of files below the root that were loaded.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
from pathlib import Path


def run(request: dict[str, str]) -> list[str]:
    """Load what is asked for, with the working directory and the paths of a worker's process."""
    root = Path(request["root"])
    os.chdir(root / request["cwd"])
    sys.path[:0] = [str(root / path) for path in request["path"]]
    sys.path.insert(0, str(Path.cwd()))
    if request.get("script"):
        script = root / request["script"]
        folder = str(script.parent)
        sys.path.insert(0, folder)
        spec = importlib.util.spec_from_file_location(
            script.stem, script, submodule_search_locations=[folder, str(Path.cwd())]
        )
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[script.stem] = module
        spec.loader.exec_module(module)
    else:
        importlib.import_module(request["module"])
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    inside = [Path(file) for file in files if file and Path(file).is_relative_to(root)]
    return sorted(file.relative_to(root).as_posix() for file in inside)


def main() -> None:
    """Answer requests until the input ends."""
    for line in sys.stdin:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                answer = json.dumps(run(json.loads(line)))
            except BaseException as error:  # the parent shows whatever it was
                answer = json.dumps({"error": repr(error)})
            os.write(writing, answer.encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as answer_file:
            sys.stdout.write(answer_file.read().decode() + "\n")
        sys.stdout.flush()
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
