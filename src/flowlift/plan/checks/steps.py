"""Build, push and pull steps that cannot run as they are written."""

from __future__ import annotations

from collections.abc import Mapping

from flowlift.findings import Json
from flowlift.plan.checkout import single_step
from flowlift.plan.checks.report import Report
from flowlift.plan.model import Declared
from flowlift.words import meant

ALWAYS_TAKEN = frozenset({"id", "requires"})
"""Keys that Prefect itself reads in a step's inputs."""

INPUTS: Mapping[str, frozenset[str]] = {
    "git_clone": frozenset(
        {
            "repository",
            "branch",
            "commit_sha",
            "include_submodules",
            "access_token",
            "credentials",
            "directories",
            "clone_directory_name",
        }
    ),
    "set_working_directory": frozenset({"directory"}),
    "pull_with_block": frozenset({"block_document_name", "block_type_slug"}),
    "run_shell_script": frozenset(
        {"script", "directory", "env", "stream_output", "expand_env_vars", "shell"}
    ),
    "pip_install_requirements": frozenset({"directory", "requirements_file", "stream_output"}),
}
"""What Prefect's own steps take (`prefect.deployments.steps`, 3.4 to 3.8), by their name."""

OLD = "prefect.projects."
"""Where Prefect 2 had its steps; no worker of Prefect 3 can import them."""


def check_steps(declared: Declared, report: Report) -> None:
    """Look at every step that the entry would run, here or on the worker."""
    for section, steps in (
        ("build", declared.build),
        ("push", declared.push),
        ("pull", declared.pull or ()),
    ):
        ids: set[str] = set()
        for index, step in enumerate(steps):
            if isinstance(step, Mapping):
                _check_step(declared, (section, index), step, ids, report)


def _check_step(
    declared: Declared,
    path: tuple[str, int],
    step: Mapping[str, Json],
    ids: set[str],
    report: Report,
) -> None:
    function, inputs = single_step(step)

    def add(check: str, message: str, remedy: str, *below: str) -> None:
        report.add(
            check,
            message,
            remedy=remedy,
            at=declared.position(*path, *below),
            declared=declared,
        )

    if len(step) > 1:
        add(
            "step",
            f"A step is one function with its inputs below it; this has the keys"
            f" {', '.join(map(str, step))}.",
            "Indent the inputs below the function, or begin each step with a dash.",
        )
        return
    if function.startswith(OLD):
        add(
            "doubtful-step",
            f"{function} is of Prefect 2: a worker of Prefect 3 cannot import it.",
            f"Write prefect.deployments.steps.{function.rpartition('.')[2]}.",
        )
    if not isinstance(inputs, Mapping):
        return
    known = INPUTS.get(function.rpartition(".")[2])
    if known and function.startswith("prefect."):
        for key in inputs:
            if key not in known | ALWAYS_TAKEN:
                add(
                    "step",
                    f"{function} takes no input `{key}`" + meant(str(key), known, cutoff=0.5),
                    f"It takes: {', '.join(sorted(known))}.",
                    function,
                    str(key),
                )
    name = str(inputs.get("id") or "")
    if name and name in ids:
        add(
            "doubtful-step",
            f"Two steps have the id {name!r}, so the outputs of the first are lost.",
            "Give each its own id.",
        )
    ids.add(name)
