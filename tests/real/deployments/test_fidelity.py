"""flowlift registers what `prefect deploy --all` registers, and refuses what it is to refuse.

The corpus is registered once a version of Prefect, and each case is a test of its own.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.parts import corpus, differential, servers
from tests.parts.accepted import ACCEPTED, accepted
from tests.parts.corpus import Case, Expected
from tests.parts.differential import FIRST, THEN, Difference, Finished, Run
from tests.parts.given import MissingPartError, given, missing

CASES = corpus.load()

QUIET = {
    f"PREFECT_SERVER_SERVICES_{service}_ENABLED": "false"
    for service in ("SCHEDULER", "LATE_RUNS", "CANCELLATION_CLEANUP", "PAUSE_EXPIRATIONS")
}
"""Services that would only write runs that nobody looks at."""


class Registered:
    """A run of the corpus, sorted by case."""

    def __init__(self, run: Run) -> None:
        self.run = run
        owners = {key: case.name for case in CASES for key in case.deployments}
        flows = {key.rpartition("/")[0]: name for key, name in owners.items()}
        by_kind = {"deployments": owners, "flows": flows}
        self.differences: dict[str, list[Difference]] = {}
        for difference in run.differences():
            owner = by_kind.get(difference.kind, {}).get(difference.key, "")
            self.differences.setdefault(owner, []).append(difference)

    def unaccepted(self, owner: str) -> list[Difference]:
        """What differs for a case ("" is the rest of the workspace) and should not."""
        return [d for d in self.differences.get(owner, ()) if accepted(d) is None]


# A group each, so that one process of pytest-xdist registers the corpus for all tests of a version.
VERSIONS = [
    pytest.param(name, marks=pytest.mark.xdist_group(f"fidelity-{name}"))
    for name in ("newest", "oldest")
]


@pytest.fixture(scope="module", params=VERSIONS)
def registered(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Registered]:
    """The corpus, registered by Prefect and by flowlift into two servers of one version."""
    scratch = tmp_path_factory.mktemp(request.param)
    try:
        old = request.param == "oldest"
        python = given("FLOWLIFT_TEST_PREFECT_OLD", "prefect-old") if old else sys.executable
        one, other = (
            servers.start_server(scratch / name, python=python, env=QUIET)
            for name in ("prefect", "flowlift")
        )
    except MissingPartError as reason:
        missing(str(reason))
    try:
        run = differential.run(_wanted(request.session), (one, other), scratch / "cases")
        if folder := os.environ.get("FLOWLIFT_TEST_KEEP"):
            _keep(run, Path(folder) / f"differential-{run.version}.json")
        yield Registered(run)
    finally:
        one.stop()
        other.stop()


def _wanted(session: pytest.Session) -> list[Case]:
    """The cases that the chosen tests (`-k`) are about; a test of the whole wants all."""
    tests = [item for item in session.items if isinstance(item, pytest.Function)]
    params = [test.callspec.params for test in tests if "registered" in test.fixturenames]
    chosen = [one.get("case") for one in params]
    return CASES if None in chosen else [case for case in CASES if case in chosen]


def _keep(run: Run, file: Path) -> None:
    """Write down what happened, for whoever looks into a difference."""
    programs = {
        f"{program} {turn} {case}": [str(one) for one in ended]
        for program, results in (("prefect", run.prefect), ("flowlift", run.flowlift))
        for (turn, case), ended in results.items()
    }
    document = {"seconds": run.seconds, "programs": programs, "held": run.held}
    file.write_text(json.dumps(document, indent=1), encoding="utf-8")


def _findings(text: str) -> list[dict[str, Any]]:
    """The findings in flowlift's JSON; none where it stopped before it had any."""
    try:
        document = json.loads(text)
    except ValueError:
        return []
    plan = document.get("plan", document)
    findings: list[dict[str, Any]] = plan.get("findings", [])
    return findings


OF_THE_SERVER = {"slow-server", "clone-directory", "grace-period"}
"""Checks whose outcome depends on the server, and not on the case."""


def _said(ended: list[Finished], level: str) -> set[Expected]:
    """What the runs of one case found in the case itself."""
    findings = (finding for one in ended for finding in _findings(one.output))
    return {
        Expected(finding["check"], finding["file"], finding["line"])
        for finding in findings
        if finding["level"] == level and finding["check"] not in OF_THE_SERVER
    }


def _name(case: Case) -> str:
    return case.name


@pytest.mark.real
@pytest.mark.parametrize("case", [case for case in CASES if case.registers], ids=_name)
def test_registers_what_prefect_registers(registered: Registered, case: Case) -> None:
    run = registered.run
    if not case.taken_by(run.version):
        pytest.skip(f"Prefect {run.version} does not take this")
    expected = {FIRST: case.deployments, THEN: case.then.deployments if case.then else ()}
    for turn, keys in expected.items():
        for ours in run.flowlift.get((turn, case.name), ()):
            assert ours.code == 0, str(ours)
            assert set(keys) <= set(run.held[turn][1]["deployments"])
        for theirs in run.prefect.get((turn, case.name), ()):
            assert theirs.code == 0, str(theirs)
    if case.compared:
        unaccepted = registered.unaccepted(case.name)
        assert not unaccepted, "\n".join(map(str, unaccepted))


@pytest.mark.real
@pytest.mark.parametrize("case", [case for case in CASES if case.refuses], ids=_name)
def test_refuses_before_the_first_write(registered: Registered, case: Case) -> None:
    ended = registered.run.flowlift[FIRST, case.name]
    assert ended[0].code == 2, str(ended[0])
    assert _said(ended, "error") == set(case.refuses), "\n".join(map(str, ended))


@pytest.mark.real
@pytest.mark.parametrize("case", [case for case in CASES if case.stops], ids=_name)
def test_stops_with_a_reason(registered: Registered, case: Case) -> None:
    (ours,) = registered.run.flowlift[FIRST, case.name]
    assert case.stops is not None
    assert ours.code == case.stops.code, str(ours)
    assert case.stops.says in ours.errors, str(ours)


@pytest.mark.real
@pytest.mark.parametrize("case", [case for case in CASES if not case.stops], ids=_name)
def test_warns_of_what_is_doubtful(registered: Registered, case: Case) -> None:
    ended = registered.run.flowlift[FIRST, case.name]
    assert _said(ended, "warning") == set(case.warns), "\n".join(map(str, ended))


@pytest.mark.real
def test_nothing_else_of_the_workspace_differs(registered: Registered) -> None:
    unaccepted = registered.unaccepted("")
    assert not unaccepted, "\n".join(map(str, unaccepted))


@pytest.mark.real
def test_every_accepted_difference_occurs(registered: Registered) -> None:
    if registered.run.version.startswith("3.4."):
        pytest.skip("the list is held against the newest Prefect")
    found = [accepted(d) for group in registered.differences.values() for d in group]
    idle = [entry.field for entry in ACCEPTED if entry not in found and "before" not in entry.when]
    assert not idle
