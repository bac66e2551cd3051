"""The one comment of a pull request, with many writers. The forge is a stand-in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flowlift.delivery.comment import ROUNDS, SETTLE, CommentPage, write_comment
from flowlift.errors import ForgeError
from flowlift.forge import Comment
from flowlift.render.comment import read_sections
from tests.parts.standin_forge import StandInForge

DEV, PROD = "01/dev/deployments", "02/prod/deployments"


def page(*, start: bool = True, **sections: str) -> CommentPage:
    """Our sections, by environment."""
    keys = {"dev": DEV, "prod": PROD}
    written = {keys[name]: lambda limit, text=text: text for name, text in sections.items()}
    return CommentPage("proposal", "## flowlift", written, start=start)


def write(
    forge: StandInForge,
    wanted: CommentPage,
    between: Callable[[int], None] = lambda looks: None,
) -> tuple[Comment | None, list[float]]:
    """Write, while `between` happens at each pause; the comment and the pauses."""
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        between(len(pauses))

    return write_comment(forge, 7, wanted, sleep), pauses


def test_a_new_comment_is_written_once_and_looked_at_again():
    forge = StandInForge()
    comment, pauses = write(forge, page(dev="one"))
    assert comment is not None
    assert read_sections(comment.body) == {DEV: "one"}
    assert comment.body.splitlines()[0].startswith("<!--")
    assert "## flowlift" in comment.body
    assert forge.wrote == ["create"]
    (pause,) = pauses
    assert SETTLE <= pause < SETTLE * 2


def test_what_is_there_already_is_not_written_again():
    forge = StandInForge()
    write(forge, page(dev="one"))
    forge.wrote.clear()
    assert write(forge, page(dev="one"))[1] == []
    assert forge.wrote == []


def test_line_ends_that_the_forge_has_changed_are_no_difference():
    forge = StandInForge()
    comment, _ = write(forge, page(dev="one\ntwo"))
    assert comment is not None
    forge.edit_comment(7, comment, comment.body.replace("\n", "\r\n") + "\r\n")
    forge.wrote.clear()
    write(forge, page(dev="one\ntwo"))
    assert forge.wrote == []


def test_sections_of_others_stay_as_they_are():
    forge = StandInForge()
    write(forge, page(dev="one"))
    write(forge, page(prod="two"))
    write(forge, page(dev="three"))
    (body,) = forge.bodies
    assert read_sections(body) == {DEV: "three", PROD: "two"}


def test_whoever_was_overwritten_writes_once_more():
    forge = StandInForge()
    write(forge, page(prod="theirs"))
    theirs = forge.bodies[0]

    def overwrite(looks: int) -> None:
        if looks == 1:
            forge.by_id[1] = Comment(1, theirs, own=True)

    _, pauses = write(forge, page(dev="ours"), overwrite)
    assert read_sections(forge.bodies[0]) == {DEV: "ours", PROD: "theirs"}
    assert len(pauses) == 2


def test_of_two_comments_after_a_race_the_first_keeps_what_both_say():
    forge = StandInForge()

    def race(looks: int) -> None:
        if looks == 1:
            other = StandInForge()
            write(other, page(prod="theirs"))
            forge.write("create", other.bodies[0])

    write(forge, page(dev="ours"), race)
    (body,) = forge.bodies
    assert read_sections(body) == {DEV: "ours", PROD: "theirs"}
    assert list(forge.by_id) == [1]


def test_a_comment_of_somebody_else_or_that_only_quotes_ours_is_left_alone():
    forge = StandInForge()
    write(forge, page(dev="one"))
    ours = forge.bodies[0]
    forge.write("create", ours, own=False)
    forge.write("create", "> " + ours)
    write(forge, page(dev="two"))
    assert "two" in forge.bodies[0]
    assert forge.bodies[1:] == [ours, "> " + ours]


def test_another_kind_of_comment_is_another_comment():
    forge = StandInForge()
    write(forge, page(dev="one"))
    merged = CommentPage("merge", "## flowlift, after the merge", {PROD: lambda limit: "two"})
    write(forge, merged)
    assert [read_sections(body) for body in forge.bodies] == [{DEV: "one"}, {PROD: "two"}]


def test_no_comment_is_begun_for_no_news_but_one_that_is_there_is_brought_up_to_date():
    forge = StandInForge()
    quiet = page(start=False, dev="nothing")
    assert write(forge, quiet) == (None, [])
    assert forge.bodies == []
    write(forge, page(dev="one"))
    write(forge, quiet)
    assert read_sections(forge.bodies[0]) == {DEV: "nothing"}


def test_a_section_is_written_within_the_room_that_the_others_leave():
    forge = StandInForge()
    rooms: list[int] = []

    def section(limit: int) -> str:
        rooms.append(limit)
        return "x"

    alone = CommentPage("proposal", "## flowlift", {DEV: section})
    write(forge, alone)
    write(forge, page(prod="y" * 50_000))
    write(forge, alone)
    assert 0 < rooms[-1] < rooms[0]


def test_others_who_never_stop_writing_end_it():
    forge = StandInForge()

    def disturb(looks: int) -> None:
        forge.by_id.clear()

    with pytest.raises(ForgeError, match="Others keep writing to the comment of 7"):
        write(forge, page(dev="one"), disturb)
    assert len(forge.wrote) == ROUNDS


def test_a_forge_that_refuses_ends_it():
    with pytest.raises(ForgeError, match=r"No right\."):
        write(StandInForge(refuses="No right."), page(dev="one"))
