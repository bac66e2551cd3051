"""Deliver: what the event of a CI asks for, decided, done in order, and reported.

The order is that of `project.workflows`: image, worker, deployments. What fails ends the delivery,
so that nothing ever points to an image or a pool that is not there yet; the report is written all
the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flowlift.delivery.deciding import Decision, Request, Step, decide
from flowlift.delivery.deliver_deployments import deliver_deployments
from flowlift.delivery.deliver_image import deliver_image
from flowlift.delivery.deliver_worker import deliver_worker
from flowlift.delivery.outcome import Outcome, State, failed
from flowlift.delivery.report import Published, publish
from flowlift.delivery.voice import DeliveryVoice
from flowlift.errors import FlowliftError
from flowlift.forge import Forge, find_forge
from flowlift.project.project import Project
from flowlift.project.workflows import Workflow
from flowlift.repo.command import has_login, logged_in


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivery that is over: what was decided, how each step ended, and what was published."""

    decision: Decision
    outcomes: tuple[Outcome, ...] = ()
    not_begun: tuple[Step, ...] = ()
    published: Published = field(default_factory=Published)

    @property
    def code(self) -> int:
        """The exit code: that of the first step that did not go well."""
        return next((outcome.code for outcome in self.outcomes if outcome.code), 0)

    @property
    def error(self) -> FlowliftError | None:
        """What ended it, None where nothing did."""
        return next((outcome.error for outcome in self.outcomes if outcome.error), None)


def deliver(
    project: Project, request: Request, voice: DeliveryVoice, forge: Forge | None = None
) -> Delivered:
    """Do what the event in `project.context` asks for.

    A step that fails is in the result, with the steps that were not begun. That a comment could
    not be written never fails a delivery: `published` says so.

    Raises:
        FlowliftError: nothing could be decided; nothing was done.
    """
    forge = forge or find_forge(project.environ)
    own = has_login(project.repository.root)
    with logged_in(None if own else forge.git_login()):
        decision = decide(project, request)
        voice.decided(decision)
        if request.dry_run or not decision.steps:
            return Delivered(decision)
        state = State(project, request, forge, voice, image=request.image)
        outcomes: list[Outcome] = []
        for step in decision.steps:
            voice.begun(step)
            try:
                outcome = _DELIVERERS[step.workflow](state, step)
            except FlowliftError as error:
                outcome = failed(step, error)
            outcomes.append(outcome)
            if outcome.code:
                break
        begun = len(outcomes)
        published = publish(project, decision, outcomes, forge)
    return Delivered(decision, tuple(outcomes), decision.steps[begun:], published)


_DELIVERERS: Mapping[Workflow, Callable[[State, Step], Outcome]] = {
    "image": deliver_image,
    "worker": deliver_worker,
    "deployments": deliver_deployments,
}
