"""`[tool.flowlift.ci]`: the workflows that `flowlift ci write` writes."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from msgspec import Meta, field
from msgspec.structs import force_setattr

from flowlift.config.section import Section, WrongValueError

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FORGES_OWN = ("GITHUB_", "GITEA_", "CI_", "RUNNER_", "ACTIONS_")


class Ci(Section, frozen=True):
    """Where the jobs of the workflows run, and what they get."""

    runner: Annotated[
        str, Meta(description="The label of the runner for jobs that need no environment.")
    ] = "ubuntu-latest"
    runners: Annotated[
        dict[str, str],
        Meta(
            description="The label of the runner of an environment's worker jobs: its own machine."
        ),
    ] = field(default_factory=dict)
    python: Annotated[str, Meta(description="The Python that the jobs use.")] = "3.12"
    install: Annotated[
        Literal["lock", "index"] | None,
        Meta(
            description="Where the jobs get flowlift from: uv.lock, or the package index. By "
            "default the lock, where it has flowlift."
        ),
    ] = None
    requirement: Annotated[
        str | None,
        Meta(
            description="What is installed from the index: by default the version that writes the "
            "workflows, as in `flowlift==1.2.0`."
        ),
    ] = None
    variables: Annotated[
        tuple[str, ...],
        Meta(description="Variables of the forge that manifests use, as in `{{ $REGION }}`."),
    ] = ()
    secrets: Annotated[tuple[str, ...], Meta(description="The same for secrets of the forge.")] = ()
    preview: Annotated[
        bool,
        Meta(
            description="Whether a pull request shows what the merge will change in the "
            "environments of the default branch. Its jobs then need to read them."
        ),
    ] = True
    timeout: Annotated[int, Meta(gt=0, description="Minutes until a job is ended.")] = 60
    queue: Annotated[
        Literal["all", "newest"],
        Meta(
            description="Whether all runs wait for their turn at an environment, or only the "
            "newest of each pull request, for forges that know no queue: Gitea, GitHub"
            " Enterprise Server."
        ),
    ] = "all"

    def __post_init__(self) -> None:
        for key, names in (("variables", self.variables), ("secrets", self.secrets)):
            for name in names:
                if not _VARIABLE.fullmatch(name) or name.upper().startswith(_FORGES_OWN):
                    raise WrongValueError(f"no variable of yours can be called {name!r}", key)
        _check_plain(self.runner, "runner")
        _check_plain(self.python, "python")
        if self.requirement is not None:
            _check_plain(self.requirement, "requirement")
        for environment, label in self.runners.items():
            _check_plain(label, "runners", environment)
        force_setattr(self, "variables", tuple(dict.fromkeys(self.variables)))
        force_setattr(self, "secrets", tuple(dict.fromkeys(self.secrets)))


def _check_plain(value: str, *path: str) -> None:
    """Refuse what a forge would not read as it stands: a line break, an expression of its own."""
    if not value.strip() or not value.isprintable() or "${{" in value or "$[[" in value:
        raise WrongValueError(
            f"{value!r} is empty, or a forge would read it as an expression", *path
        )
