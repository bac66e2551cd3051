"""A command's output, without what was shown a moment ago."""

import pytest

from flowlift.demo.folding import Fold, plain

PLAN = ["Plan for dev", "", "+ create ingest/hourly", "    because new", "", "Plan: 1 to create."]
TEXT = "".join(f"{line}\n" for line in PLAN)


def shown(fold: Fold, *pieces: str) -> str:
    return "".join([*map(fold.feed, pieces), fold.end()])


def test_what_repeats_the_last_command_is_one_line():
    assert shown(Fold(PLAN), TEXT, "✓ created\n") == "  ... the same 6 lines as above\n✓ created\n"


def test_it_does_not_matter_how_the_output_comes_in_pieces():
    whole = shown(Fold(PLAN), TEXT + "✓ created\n")
    assert shown(Fold(PLAN), *(TEXT + "✓ created\n")) == whole


def test_colours_and_the_line_ends_of_a_terminal_do_not_count():
    coloured = TEXT.replace("+ create", "\x1b[32m+ create\x1b[0m").replace("\n", "\r\n")
    folded = shown(Fold(PLAN), coloured, "\x1b[32m✓\x1b[0m created\r\n")
    assert folded == "  ... the same 6 lines as above\n\x1b[32m✓\x1b[0m created\r\n"


@pytest.mark.parametrize("lines", [0, 1, 3])
def test_a_few_lines_are_shown_again(lines: int):
    beginning = "".join(f"{line}\n" for line in PLAN[:lines])
    assert shown(Fold(PLAN), beginning + "something else\n") == beginning + "something else\n"


def test_another_output_is_shown_as_it_is():
    assert shown(Fold(PLAN), "No changes.\n") == "No changes.\n"
    assert shown(Fold(), TEXT) == TEXT


def test_an_output_that_ends_early_loses_nothing():
    assert shown(Fold(PLAN), "Plan for dev\n", "\n", "+ crea") == "Plan for dev\n\n+ crea"


def test_nothing_is_held_back_that_cannot_be_the_same():
    fold = Fold(PLAN)
    assert fold.feed("reading DEV") == "reading DEV"


def test_a_whole_output_that_is_the_same():
    assert shown(Fold(PLAN), TEXT) == "  ... the same 6 lines as above\n"


def test_plain_has_neither_colours_nor_progress():
    output = (
        "\x1b[1mPlan\x1b[0m\r\n\r\x1b[Krunning: 1 of 3\r\x1b[Krunning: 2 of 3\r\x1b[K3 runs\r\n"
    )
    assert plain(output) == "Plan\n3 runs\n"
