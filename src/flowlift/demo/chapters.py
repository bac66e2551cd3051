"""The chapters of the story: a change on its way from a pull request to PROD, and what follows.

Every command is the real one, and after every step Prefect's API is asked whether it is so.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from flowlift.config import own_variable
from flowlift.demo.image import tell_image
from flowlift.demo.prompt import Prompt
from flowlift.demo.stage import DEFAULT_BRANCH, DemoStage
from flowlift.demo.teller import Storyteller
from flowlift.demo.witness import Held, Witness, expect

CHANGE = "feat/every-third-hour"
MOVE = "feat/quarter-past"
REMOVAL = "chore/no-weekly-report"

SHARED = "src/shared/readings.py"
MANIFEST = "prefect.yaml"

ALL = {"daily", "hourly", "weekly"}
LEFT = {"daily", "hourly"}

SCHEDULING = 90.0
"""Seconds until Prefect has planned the runs of a schedule; it looks each five seconds."""


@dataclass(frozen=True)
class _Scene:
    """What every chapter works with: the stage, who tells, and Asha's prompt."""

    stage: DemoStage
    teller: Storyteller
    prompt: Prompt

    def enter(self, environment: str) -> Witness:
        """Await an environment, and tell flowlift where it is."""
        awaited = {"dev": self.stage.dev, "prod": self.stage.prod}[environment]
        place = environment.upper()
        witness = self.teller.await_(awaited, f"waiting for Prefect in {place}")
        [url] = [each.url for each in self.stage.servers if each.environment == environment]
        self.prompt.export(own_variable(environment, "API_URL"), url)
        return witness

    def edit(self, file: str, before: str, after: str) -> None:
        """Change a file of the repository, and show what changed."""
        path = self.prompt.folder / file
        text = path.read_text(encoding="utf-8")
        expect(f"{file} says {before!r} once", 1, text.count(before))
        path.write_text(text.replace(before, after), encoding="utf-8")
        self.prompt.git("diff", "--unified=0", file)

    def be_patient(self) -> None:
        """Let the test runs begin later: a process takes its time on a busy machine."""
        path = self.prompt.folder / "pyproject.toml"
        text = path.read_text(encoding="utf-8")
        setting = "start-timeout = 60 "
        expect(f"pyproject.toml says {setting!r} once", 1, text.count(setting))
        path.write_text(text.replace(setting, "start-timeout = 300 "), encoding="utf-8")

    def push(self, message: str, branch: str) -> None:
        """Commit all that changed, and push the branch."""
        self.prompt.git("commit", "-qam", message)
        self.prompt.git("push", "-q", "-u", "origin", branch)

    def merge(self, branch: str) -> str:
        """Merge a branch as a forge does; the new commit of the default branch."""
        self.prompt.git("switch", "-q", DEFAULT_BRANCH)
        self.prompt.git("merge", "-q", "--no-ff", "-m", f"Merge {branch}", branch)
        self.prompt.git("push", "-q")
        return self.prompt.ask_git("rev-parse", "HEAD")


def tell_all(stage: DemoStage, teller: Storyteller) -> None:
    """Tell the chapters, one after the other.

    Raises:
        FlowliftError: a step is not as it should be.
    """
    scene = _Scene(stage, teller, stage.prompt())
    with teller.chapter(
        "A platform repository",
        "`flowlift init` writes one: two flows that share a module, and three deployments with"
        " schedules.",
    ):
        _a_platform(scene)
    with teller.chapter(
        "Asha opens a pull request",
        "Every third hour is enough, she finds, and changes the module that both flows share.",
    ):
        dev = _a_pull_request(scene)
    with teller.chapter("DEV runs her branch", "Unscheduled, so that she can try it there."):
        _dev_runs_the_branch(scene, dev)
    with teller.chapter("The merge", "PROD gets what is on main, with its schedules on."):
        prod = _the_merge(scene)
    with teller.chapter(
        "Ben pauses a schedule",
        "The station in the north is being mended. He switches the schedule off in Prefect's UI,"
        " which sends a PATCH to the API.",
    ):
        _a_pause(scene, prod)
    with teller.chapter(
        "The next merge keeps the pause",
        "Asha does not know of it. She moves the hourly run to a quarter past.",
    ):
        _the_pause_is_kept(scene, prod)
    with teller.chapter("A deployment is removed", "Nobody reads the weekly report any more."):
        _a_removal(scene, prod)
    with teller.chapter(
        "The branch goes", "Her pull request is merged, and DEV still runs its branch."
    ):
        _dev_follows(scene, dev)
    with teller.chapter(
        "Nothing left to do", "Whoever runs it again, changes nothing: not a single write."
    ):
        _nothing_left(scene, dev, prod)
    tell_image(scene.prompt, teller, scene.merge)


def _a_platform(scene: _Scene) -> None:
    prompt = scene.prompt
    prompt.flowlift("init")
    scene.be_patient()
    prompt.git("add", "--all")
    prompt.git("commit", "-qm", "Begin")
    prompt.git("push", "-q", "-u", "origin", DEFAULT_BRANCH)
    prompt.flowlift("check")
    commit = prompt.ask_git("rev-parse", "HEAD")
    remote = prompt.ask_git("ls-remote", "origin", DEFAULT_BRANCH)
    expect("main is pushed", f"{commit}\trefs/heads/{DEFAULT_BRANCH}", remote)
    scene.teller.checked("main is pushed, and the check finds nothing wrong")


def _a_pull_request(scene: _Scene) -> Witness:
    prompt = scene.prompt
    prompt.git("switch", "-qc", CHANGE)
    scene.edit(SHARED, "range(HOURS)", "range(0, HOURS, 3)")
    scene.push("Read every third hour", CHANGE)
    dev = scene.enter("dev")
    plan = prompt.flowlift("plan", "dev")
    for flow in ("ingest", "report"):
        expect(
            f"the plan says why {flow} changes", True, f"{SHARED} -> src/flows/{flow}.py" in plan
        )
    expect("a plan writes nothing", set(), set(dev.deployments()))
    scene.teller.checked("the plan follows the import to all three deployments, and writes nothing")
    return dev


def _dev_runs_the_branch(scene: _Scene, dev: Witness) -> None:
    scene.prompt.flowlift("apply", "dev", "--yes")
    held = dev.deployments()
    expect("what DEV holds", ALL, set(held))
    expect("the branch that DEV clones", {CHANGE}, {each.code for each in held.values()})
    for name, each in held.items():
        expect(f"{name} is tagged with its branch", True, CHANGE in each.tags)
    expect("the schedules that are on in DEV", set(), _scheduled(held))
    expect("the schedules that DEV knows", 3, sum(len(each.active) for each in held.values()))
    scene.teller.checked(f"all three clone {CHANGE}, and are tagged so")
    scene.teller.checked("their schedules are registered, and off")

    scene.prompt.flowlift("verify", "dev")
    runs = dev.runs("COMPLETED")
    expect("what ran in DEV", {each.id for each in held.values()}, set(runs.values()))
    hourly = {deployment: run for run, deployment in runs.items()}[held["hourly"].id]
    expect("the run read every third hour", True, dev.has_logged(hourly, "north: 8 readings"))
    scene.teller.checked('all three ran; one logged "north: 8 readings": the branch\'s code')


def _the_merge(scene: _Scene) -> Witness:
    commit = scene.merge(CHANGE)
    prod = scene.enter("prod")
    scene.prompt.flowlift("apply", "prod", "--yes")
    held = prod.deployments()
    expect("what PROD holds", ALL, set(held))
    expect("the commit that PROD clones", {commit}, {each.code for each in held.values()})
    expect("the schedules that are on in PROD", ALL, _scheduled(held))
    commits = {each.labels.get("flowlift.commit") for each in held.values()}
    expect("the commit that PROD is stamped with", {commit}, commits)
    for name, each in held.items():
        expect(f"{name} is not tagged with a branch", False, CHANGE in each.tags)
    scene.teller.checked("all three clone the merge's commit, which their labels name")
    scene.teller.checked("their schedules are on")
    return prod


def _a_pause(scene: _Scene, prod: Witness) -> None:
    request = prod.pause("hourly", "hourly")
    scene.teller.lines(f"  {request}")
    expect("the schedules that are on in PROD", ALL - {"hourly"}, _scheduled(prod.deployments()))
    scene.teller.checked("the hourly schedule is off, the others are on")


def _the_pause_is_kept(scene: _Scene, prod: Witness) -> None:
    scene.prompt.git("switch", "-qc", MOVE)
    scene.edit(MANIFEST, 'cron: "5 * * * *"', 'cron: "15 * * * *"')
    scene.push("Take in at a quarter past", MOVE)
    plan = scene.prompt.flowlift("plan", "prod")
    expect("the plan says that the pause stays", True, "stays paused" in plan)
    scene.teller.checked("before the merge, the plan shows what it will change, and the pause")
    scene.merge(MOVE)
    scene.prompt.flowlift("apply", "prod", "--yes")
    held = prod.deployments()
    expect("the time of the hourly run", "15 * * * *", held["hourly"].crons["hourly"])
    expect("the schedules that are on in PROD", ALL - {"hourly"}, _scheduled(held))
    scene.teller.checked("the hourly schedule has its new time, and is off still")


def _a_removal(scene: _Scene, prod: Witness) -> None:
    scene.prompt.git("switch", "-qc", REMOVAL)
    text = (scene.prompt.folder / MANIFEST).read_text(encoding="utf-8")
    scene.edit(MANIFEST, text[text.index("\n  - name: weekly") :], "")
    scene.push("Remove the weekly report", REMOVAL)
    scene.merge(REMOVAL)
    scene.prompt.flowlift("apply", "prod", "--yes")
    held = prod.deployments()
    expect("what PROD holds", LEFT, set(held))
    expect("the schedules that are on in PROD", {"daily"}, _scheduled(held))
    scene.teller.checked("PROD holds the other two, as they were")


def _dev_follows(scene: _Scene, dev: Witness) -> None:
    scene.prompt.git("push", "-q", "origin", "--delete", CHANGE)
    scene.prompt.flowlift("sync", "dev", "--yes")
    held = dev.deployments()
    expect("what DEV holds", LEFT, set(held))
    expect("the branch that DEV clones", {DEFAULT_BRANCH}, {each.code for each in held.values()})
    for name, each in held.items():
        expect(f"{name} is not tagged with a branch", False, CHANGE in each.tags)
    expect("the schedules that are on in DEV", set(), _scheduled(held))
    scene.teller.checked("DEV holds what main declares, clones main, and schedules nothing")


def _nothing_left(scene: _Scene, dev: Witness, prod: Witness) -> None:
    planned = _await_planned_runs(prod)
    before = dev.state(), prod.state()
    scene.prompt.flowlift("apply", "prod", "--yes")
    scene.prompt.flowlift("sync", "dev", "--yes")
    after = dev.state(), prod.state()
    for place, was, now in zip(("DEV", "PROD"), before, after, strict=True):
        expect(f"the deployments of {place}", was, now)
    expect("planned runs that PROD has lost", set(), planned - set(prod.runs()))
    scene.teller.checked(
        f"no write: every deployment and schedule is as it was, and the {len(planned)} runs that"
        " PROD plans, which a write would have deleted"
    )


def _await_planned_runs(workspace: Witness) -> set[str]:
    """The runs that Prefect plans by the schedules that are on, as soon as there are any."""
    deadline = time.monotonic() + SCHEDULING
    while not (planned := set(workspace.runs("SCHEDULED"))) and time.monotonic() < deadline:
        time.sleep(0.5)
    expect("Prefect plans runs by the schedules that are on", True, bool(planned))
    return planned


def _scheduled(held: Mapping[str, Held]) -> set[str]:
    """The deployments with a schedule that is on."""
    return {name for name, each in held.items() if any(each.active.values())}
