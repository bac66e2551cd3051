"""What a project declares: its manifests, and the flow behind each entry. Git is a stand-in."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlift.deployments.declared import read_declared_flows, read_manifests, report_unreadable
from flowlift.errors import InputError, ManifestError, Position
from flowlift.findings import Level
from flowlift.plan.checks.report import Report
from flowlift.plan.model import Declared, Flow
from flowlift.repo.entrypoint import Unreadable
from tests.parts import plans
from tests.parts.small_platform import SmallPlatform

ONE = "deployments: [{name: daily, entrypoint: 'flows/a.py:a'}]\n"


def read(platform: SmallPlatform, report: Report | None = None) -> list[Declared]:
    files = platform.repository.files()
    return read_manifests(platform.project, files, report or Report())


def without_one(platform: SmallPlatform, **files: str) -> InputError:
    """The error of a repository that has these files, none of which is a manifest as configured."""
    platform.repository.commit(
        {path.replace("__", "/") + ".yaml": text for path, text in files.items()},
        without=("prefect.yaml",),
    )
    with pytest.raises(InputError) as raised:
        read(platform)
    return raised.value


def test_entries_are_read_in_their_order_with_their_places(platform: SmallPlatform):
    entries = read(platform)
    assert [entry.name for entry in entries] == ["hourly", "nightly", "weekly"]
    assert [str(entry.at) for entry in entries] == [
        "prefect.yaml:7",
        "prefect.yaml:15",
        "prefect.yaml:22",
    ]
    assert {entry.root for entry in entries} == {""}


def test_all_manifests_that_the_globs_match_are_read(platform: SmallPlatform):
    config = 'manifests = ["prefect.yaml", "teams/*/prefect.yaml"]\n'
    platform.repository.commit(
        {"flowlift.toml": config, "teams/a/prefect.yaml": ONE, "teams/a/flows/a.py": "a = 1\n"}
    )
    assert [(entry.name, entry.root) for entry in read(platform)][-1] == ("daily", "teams/a")
    assert len(read(platform)) == 4


def test_what_is_wrong_with_a_manifest_as_a_whole_is_reported(platform: SmallPlatform):
    platform.manifest["deploments"] = []
    platform.commit()
    report = Report()
    assert len(read(platform, report)) == 3
    assert [finding.check for finding in report.findings] == ["unknown-key"]


# What is missing -------------------------------------------------------------------------


def test_without_any_manifest_init_is_the_remedy(platform: SmallPlatform):
    error = without_one(platform)
    assert "nothing matches prefect.yaml" in error.message
    assert "flowlift init" in error.remedy


def test_one_manifest_elsewhere_is_named_as_it_is(platform: SmallPlatform):
    remedy = without_one(platform, teams__prefect=ONE).remedy
    assert "There is teams/prefect.yaml. In [tool.flowlift] of pyproject.toml:" in remedy
    assert remedy.endswith('manifests = ["teams/prefect.yaml"]')


def test_of_many_manifests_elsewhere_three_are_named_and_a_glob_for_all(platform: SmallPlatform):
    files = {f"{team}__prefect": ONE for team in ("a", "b", "c", "d")}
    remedy = without_one(platform, **files).remedy
    assert "There is a/prefect.yaml, b/prefect.yaml, c/prefect.yaml and 1 more." in remedy
    assert remedy.endswith('manifests = ["**/prefect.yaml"]')


# What cannot be read ---------------------------------------------------------------------


def test_broken_yaml_names_its_line(platform: SmallPlatform):
    platform.repository.commit({"prefect.yaml": "deployments:\n- name: [\n"})
    with pytest.raises(ManifestError) as raised:
        read(platform)
    assert raised.value.at is not None
    assert raised.value.at.file == "prefect.yaml"
    assert raised.value.at.line > 0


def test_a_link_that_leads_out_of_the_repository_shows_nothing(
    platform: SmallPlatform, tmp_path: Path
):
    (tmp_path / "secret").write_text("password: geheim\n")
    manifest = platform.repository.root / "prefect.yaml"
    manifest.unlink()
    manifest.symlink_to(tmp_path / "secret")
    with pytest.raises(InputError, match="leads out of the repository") as raised:
        read_manifests(platform.project, ["prefect.yaml"], Report())
    assert "geheim" not in str(raised.value)


def test_a_link_to_itself_cannot_be_read(platform: SmallPlatform):
    manifest = platform.repository.root / "prefect.yaml"
    manifest.unlink()
    manifest.symlink_to(manifest)
    with pytest.raises(ManifestError, match="It cannot be read"):
        read_manifests(platform.project, ["prefect.yaml"], Report())


def test_a_folder_is_no_manifest(platform: SmallPlatform):
    manifest = platform.repository.root / "prefect.yaml"
    manifest.unlink()
    manifest.mkdir()
    with pytest.raises(ManifestError, match="not a file") as raised:
        read_manifests(platform.project, ["other.yaml", "prefect.yaml"], Report())
    assert raised.value.at == Position("prefect.yaml")


def test_an_export_is_read_from_its_own_folder(platform: SmallPlatform, tmp_path: Path):
    commit = platform.repository.head()
    platform.named("hourly")["name"] = "each-hour"
    platform.commit()
    platform.repository.export(commit, tmp_path / "export")
    project = platform.project.at(tmp_path / "export", "main", commit)
    entries = read_manifests(project, platform.repository.files(commit), Report())
    assert entries[0].name == "hourly"


# The flows behind them -------------------------------------------------------------------


def test_the_flow_behind_each_entry_stands_in_its_place(platform: SmallPlatform):
    flows = read_declared_flows(platform.project, read(platform))
    assert [flow.name for flow in flows if isinstance(flow, Flow)] == ["ingest", "ingest", "report"]


def test_an_entrypoint_that_the_environment_completes_is_found(platform: SmallPlatform):
    platform.named("weekly")["entrypoint"] = "src/{{ $FOLDER }}/report.py:report"
    platform.commit()
    platform.environ["FOLDER"] = "flows"
    entries = read(platform)
    assert entries[2].entrypoint == "src/flows/report.py:report"
    assert isinstance(read_declared_flows(platform.project, entries)[2], Flow)


def test_code_that_cannot_be_read_is_a_word_of_its_own_and_no_exception(platform: SmallPlatform):
    platform.commit({"src/flows/report.py": "def report(:\n"})
    flows = read_declared_flows(platform.project, read(platform))
    assert isinstance(flows[0], Flow)
    assert isinstance(flows[2], Unreadable)


def reported(trouble: Unreadable) -> tuple[str, str, int]:
    report = Report()
    report_unreadable(plans.declared(), trouble, report)
    (finding,) = report.findings
    assert finding.level is Level.ERROR
    return finding.check, finding.file, finding.line


def test_what_is_wrong_in_the_code_is_reported_at_its_line():
    trouble = Unreadable("syntax-error", "It breaks.", "Mend it.", Position("src/a.py", 7))
    assert reported(trouble) == ("syntax-error", "src/a.py", 7)


@pytest.mark.parametrize("at", [None, Position("src/a.py")])
def test_what_has_no_line_in_the_code_is_reported_at_the_manifest_s(at: Position | None):
    trouble = Unreadable("missing-file", "It is not there.", "Make it.", at)
    assert reported(trouble) == ("missing-file", "prefect.yaml", 10)


def test_an_entrypoint_that_names_no_code_has_a_check_of_its_own():
    assert reported(Unreadable("malformed", "No colon.", "", None))[0] == "no-entrypoint"
