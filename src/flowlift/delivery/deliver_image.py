"""The image's part of a delivery: checked, built and proven, or released."""

from __future__ import annotations

from flowlift.delivery.deciding import Step
from flowlift.delivery.outcome import Outcome, State, said
from flowlift.errors import ForgeError
from flowlift.forge import NewRelease
from flowlift.image.access import Access
from flowlift.image.check import check
from flowlift.image.promote import Promoted
from flowlift.image.proving import prove
from flowlift.image.release import Released, build_image, promote_image, release
from flowlift.render.markup import prose
from flowlift.render.visible import cut, visible
from flowlift.repo.tags import subjects_since_release
from flowlift.words import plural

_SUBJECT_ROOM = 200
_MOST_SUBJECTS = 200


def deliver_image(state: State, step: Step) -> Outcome:
    """Check it, build and prove it, or release it."""
    access = Access(state.project, state.voice)
    if step.verb == "check":
        return _checked(access, step, offline=state.project.context.fork)
    return _built(state, access, step) if step.verb == "build" else _released(state, access, step)


def _checked(access: Access, step: Step, *, offline: bool) -> Outcome:
    done = check(access, offline=offline)
    lead = f"The image will be {done.version}, after {done.base or 'none'}."
    return said(step, lead, [*(f"'{c.path}' changed: {c.why}" for c in done.changed), *done.notes])


def _built(state: State, access: Access, step: Step) -> Outcome:
    checked = check(access)
    if not checked.needed:
        return said(step, "No input of the image changed.", quiet=True)
    built = build_image(access)
    verified = prove(access, built)
    state.image = built.pinned
    facts = [
        f"`{built.pinned}`",
        f"version {checked.version}, after {checked.base or 'none'}",
        f"{plural(len(verified.imports), 'import')} went well in it"
        if verified.imports
        else "no deployment runs in it yet, so that nothing was imported",
        *(f"{platform}: not tried: {why}" for platform, why in verified.skipped.items()),
        *checked.notes,
    ]
    how = "Built" if built.built else f"Not built anew ({built.why})"
    return said(step, f"{how}: `{built.tag}`", facts, image=built.pinned, digest=built.digest)


def _released(state: State, access: Access, step: Step) -> Outcome:
    """The tag first, as only one commit can get it; the forge's release is for people alone."""
    released = release(access)
    promoted = promote_image(access)
    state.image = promoted.pinned
    facts = [f"`{promoted.pinned}`", *([promoted.why] if promoted.why else [])]
    facts.append(_publish(state, released, promoted))
    words = {"there": "there already", "promoted": "promoted from its test", "built": "built"}
    lead = f"Released {released.version} at `{released.commit[:12]}`: {words[promoted.how]}."
    return said(
        step,
        lead,
        facts,
        image=promoted.pinned,
        digest=promoted.digest,
        quiet=not released.made and promoted.how == "there",
    )


def _publish(state: State, released: Released, promoted: Promoted) -> str:
    """Make the forge's release; the tag is the release, so that a forge that refuses is a note."""
    wanted = NewRelease(
        tag=released.tag,
        title=released.tag,
        notes=_notes(state, released, promoted),
        prerelease=any(letter in released.version for letter in "abrd"),
    )
    try:
        done = state.forge.release(wanted)
    except ForgeError as error:
        state.voice.say(f"Note: no release for the tag {released.tag}: {error}")
        return f"the tag '{released.tag}' has no release: {error.message}"
    made = "made" if done.made else "there already"
    return f"release '{released.tag}': {made}"


def _notes(state: State, released: Released, promoted: Promoted) -> str:
    """The image, and what was merged since the release before, where the forge does not tell it."""
    notes = f"Image: `{promoted.pinned}`\n"
    if state.forge.writes_notes:
        return notes
    repository = state.project.repository
    before, subjects = subjects_since_release(repository, released.tag, released.commit)
    if not before:
        return notes
    lines = [f"- {prose(cut(visible(line), _SUBJECT_ROOM))}" for line in subjects[:_MOST_SUBJECTS]]
    if more := len(subjects) - _MOST_SUBJECTS:
        lines += [f"- and {more:,} more"] if more > 0 else []
    return f"{notes}\n## Since {prose(before)}\n\n" + "\n".join(lines) + "\n"
