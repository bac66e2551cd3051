"""Build and push steps: run by Prefect itself in a process of their own, each distinct once."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowlift.deployments.reading import Outputs, Reading
from flowlift.errors import InputError, StepError
from flowlift.plan.checkout import single_step
from flowlift.plan.model import Declared, Policy
from flowlift.project.project import Project
from flowlift.repo.flows import find_python
from flowlift.voice import Voice
from flowlift.workspace.endpoint import Endpoint

RUNNER = Path(__file__).with_name("step_runner.py")


async def run_builds(
    project: Project, reading: Reading, endpoint: Endpoint, voice: Voice
) -> Outputs:
    """Run the build and push steps of everything in scope; their outputs by entry.

    Deployments with the same steps share one run, where `prefect deploy` builds for each.

    Raises:
        StepError: a step failed; its output stands above.
        InputError: no interpreter with Prefect is there to run them.
    """
    python = find_python(project.repository.root, project.settings.python)
    environ = _environ(project, reading.policy, endpoint)
    outputs: dict[int, Mapping[str, Any]] = {}
    runs: dict[str, Mapping[str, Any]] = {}
    for index, resolution in reading.resolutions.items():
        declared = resolution.desired.declared
        steps = [*declared.build, *declared.push]
        if not steps:
            continue
        if python is None:
            raise InputError(
                "Build steps need Prefect, which is not installed here.",
                remedy="Install flowlift[prefect], or set `python` in [tool.flowlift] to an"
                " interpreter that has it.",
                at=declared.position("build"),
            )
        key = json.dumps([declared.root, steps], sort_keys=True, default=str)
        if key not in runs:
            for step in steps:
                voice.step(f"building: {single_step(step)[0]}")
            runs[key] = await _run(project, declared, steps, python, environ)
        outputs[index] = runs[key]
    return outputs


async def _run(
    project: Project,
    declared: Declared,
    steps: list[Mapping[str, Any]],
    python: str,
    environ: Mapping[str, str],
) -> Mapping[str, Any]:
    """One run of steps; what they print goes to standard error, as standard output may be JSON."""
    with tempfile.TemporaryDirectory(prefix="flowlift-") as folder:
        answer = Path(folder) / "outputs.json"
        process = await asyncio.create_subprocess_exec(
            python,
            str(RUNNER),
            str(answer),
            cwd=project.root / declared.root,
            env=environ,
            stdin=asyncio.subprocess.PIPE,
            stdout=sys.stderr.fileno(),
        )
        await process.communicate(json.dumps(steps, default=str).encode())
        if process.returncode != 0 or not answer.is_file():
            names = ", ".join(single_step(step)[0] for step in steps)
            raise StepError(
                f"A build step failed ({names}); nothing was written to the workspace.",
                remedy="Its own output stands above.",
                at=declared.position("build"),
            )
        outputs: Mapping[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        return outputs


def _environ(project: Project, policy: Policy, endpoint: Endpoint) -> dict[str, str]:
    """The environment of a step: this workspace for Prefect's client, and no other's secrets."""
    environ = {
        name: value for name, value in project.environ.items() if not name.startswith("FLOWLIFT_")
    }
    workspace = {
        "PREFECT_API_URL": endpoint.url,
        "PREFECT_API_KEY": endpoint.key,
        "PREFECT_API_AUTH_STRING": endpoint.auth_string,
    }
    environ.update(policy.variables)
    return {**environ, **{name: value for name, value in workspace.items() if value}}
