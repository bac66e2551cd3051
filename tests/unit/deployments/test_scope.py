"""Which of the declared deployments a command looks at, and why. Git is a stand-in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flowlift.deployments.scope import Options, Scoped, find_scope
from flowlift.errors import GitError, InputError
from flowlift.plan.checks.report import Report
from flowlift.plan.model import Reason
from flowlift.repo.entrypoint import Unreadable
from tests.parts import plans
from tests.parts.small_platform import SHARED, SmallPlatform


def scope(platform: SmallPlatform, branch: str = "main", **options: Any) -> Scoped:
    project = platform.project
    return find_scope(project, plans.policy(branch=branch), Options(**options), Report())


def in_scope(scoped: Scoped) -> dict[str, list[str]]:
    """The reasons by the deployment's own name."""
    return {
        scoped.declared[index].name: [reason.kind for reason in reasons]
        for index, reasons in scoped.reasons.items()
    }


def test_on_the_default_branch_all_that_is_declared_is_in_scope(platform: SmallPlatform):
    scoped = scope(platform)
    assert in_scope(scoped) == {"hourly": [], "nightly": [], "weekly": []}
    assert (scoped.kind, scoped.complete) == ("all", True)
    assert scoped.keys == {"ingest/hourly", "ingest/nightly", "report/weekly"}


def test_on_a_branch_what_it_changes_is_in_scope_with_the_reason(platform: SmallPlatform):
    platform.named("weekly")["parameters"] = {"day": "monday"}
    platform.propose("feat/rows", {"src/shared/rows.py": SHARED + "# more\n"})
    scoped = scope(platform, "feat/rows")
    assert in_scope(scoped) == {"hourly": ["source"], "nightly": ["source"], "weekly": ["manifest"]}
    assert (scoped.kind, scoped.complete) == ("changed", False)


def test_a_branch_that_changes_nothing_of_the_flows_has_an_empty_scope(platform: SmallPlatform):
    platform.propose("docs", {"README.md": "new\n"})
    assert in_scope(scope(platform, "docs")) == {}


def test_the_scope_that_was_asked_for_wins(platform: SmallPlatform):
    platform.propose("docs", {"README.md": "new\n"})
    assert len(in_scope(scope(platform, "docs", scope="all"))) == 3
    platform.repository.switch("main")
    assert in_scope(scope(platform, scope="changed")) == {}


def test_a_branch_is_compared_with_the_base_of_its_pull_request(platform: SmallPlatform):
    platform.named("weekly")["parameters"] = {"day": "monday"}
    platform.propose("release")
    platform.named("hourly")["parameters"] = {"rows": 7}
    platform.propose("feat/rows")
    assert set(in_scope(scope(platform, "feat/rows"))) == {"hourly", "weekly"}
    platform.context = replace(platform.context, base="release")
    assert set(in_scope(scope(platform, "feat/rows"))) == {"hourly"}


def test_a_base_that_is_not_there_ends_it(platform: SmallPlatform):
    platform.propose("feat/rows")
    platform.context = replace(platform.context, base="gone")
    with pytest.raises(GitError, match="'gone'"):
        scope(platform, "feat/rows")


# Removed and renamed ---------------------------------------------------------------------


def test_what_a_branch_removes_is_named_with_its_place_at_the_base(platform: SmallPlatform):
    platform.deployments.remove(platform.named("weekly"))
    platform.propose("feat/tidy")
    scoped = scope(platform, "feat/tidy")
    assert list(scoped.removed) == ["report/weekly"]
    reason = scoped.removed["report/weekly"]
    assert reason.kind == "removed"
    assert reason.detail.startswith("prefect.yaml:")


def test_what_a_branch_renames_is_known_by_both_names(platform: SmallPlatform):
    platform.named("hourly")["name"] = "each-hour"
    platform.propose("feat/names")
    scoped = scope(platform, "feat/names")
    assert dict(scoped.renamed) == {"ingest/each-hour": "ingest/hourly"}
    assert list(scoped.removed) == ["ingest/hourly"]
    assert in_scope(scoped)["each-hour"] == ["renamed"]


def test_what_moves_to_another_file_is_still_declared(platform: SmallPlatform):
    moved = {"src/flows/load.py": (platform.repository.root / "src/flows/ingest.py").read_text()}
    for name in ("hourly", "nightly"):
        platform.named(name)["entrypoint"] = "src/flows/load.py:ingest"
    platform.propose("feat/move", moved)
    assert dict(scope(platform, "feat/move").removed) == {}


def test_whose_flow_cannot_be_read_any_more_has_no_key(platform: SmallPlatform):
    platform.named("weekly")["entrypoint"] = "src/flows/gone.py:report"
    platform.commit()
    scoped = scope(platform)
    assert isinstance(scoped.flows[2], Unreadable)
    assert scoped.key(2) is None
    assert "report/weekly" not in scoped.keys


# By name ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (("hourly",), {"hourly"}),
        (("ingest/*",), {"hourly", "nightly"}),
        (("*ly",), {"hourly", "nightly", "weekly"}),
        (("report/weekly", "hourly"), {"hourly", "weekly"}),
        (("Hourly",), set()),
        (("ingest",), set()),
    ],
)
def test_a_name_is_the_deployment_s_or_has_its_flow_before_it(
    platform: SmallPlatform, patterns: tuple[str, ...], names: set[str]
):
    scoped = scope(platform, names=patterns)
    assert set(in_scope(scoped)) == names
    assert all(reasons == ["named"] for reasons in in_scope(scoped).values())
    assert not scoped.complete


def test_a_name_that_matches_nothing_is_an_error(platform: SmallPlatform):
    report = Report()
    options = Options(names=("hourly", "daily"))
    find_scope(platform.project, plans.policy(), options, report)
    (found,) = report.findings
    assert "'daily'" in found.message


def test_a_named_deployment_that_is_removed_is_in_scope(platform: SmallPlatform):
    platform.deployments.remove(platform.named("weekly"))
    platform.propose("feat/tidy")
    scoped = scope(platform, "feat/tidy", scope="changed", names=("report/*",))
    assert list(scoped.removed) == ["report/weekly"]
    assert dict(scope(platform, "feat/tidy", scope="changed", names=("ingest/*",)).removed) == {}


def test_a_name_on_a_branch_is_looked_for_in_all_that_is_declared(platform: SmallPlatform):
    platform.propose("docs", {"README.md": "new\n"})
    scoped = scope(platform, "docs", names=("hourly",))
    assert (scoped.kind, in_scope(scoped)) == ("all", {"hourly": ["named"]})


def test_a_reason_that_is_known_is_kept_for_what_is_named(platform: SmallPlatform):
    platform.named("weekly")["parameters"] = {"day": "monday"}
    platform.propose("feat/day")
    scoped = scope(platform, "feat/day", scope="changed", names=("weekly",))
    assert scoped.reasons[2] == (Reason(kind="manifest", detail="parameters"),)


def test_a_repository_without_a_manifest_ends_it(platform: SmallPlatform):
    platform.repository.commit(without=("prefect.yaml",))
    with pytest.raises(InputError, match="No manifest"):
        scope(platform)
