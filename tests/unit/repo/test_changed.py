"""Which files a change touches, of what git lists."""

from __future__ import annotations

from flowlift.repo.changed import Changed


def of(*compared: str, untracked: tuple[str, ...] = ()) -> Changed:
    return Changed.of(compared, untracked)


def test_each_status_of_git_has_its_kind() -> None:
    found = of("A", "new.py", "M", "changed.py", "D", "gone.py", "R087", "old.py", "renamed.py")
    assert found == Changed(
        added=frozenset({"new.py"}),
        modified=frozenset({"changed.py"}),
        deleted=frozenset({"gone.py"}),
        renames=(("old.py", "renamed.py"),),
    )


def test_a_copy_is_a_new_file_and_another_type_is_a_change() -> None:
    found = of("C100", "a.py", "copy.py", "T", "link.py")
    assert found == Changed(added=frozenset({"copy.py"}), modified=frozenset({"link.py"}))


def test_what_git_does_not_know_yet_is_added_but_not_a_repository_within() -> None:
    found = of(untracked=("new.py", "vendor/other/"))
    assert found == Changed(added=frozenset({"new.py"}))


def test_what_was_only_taken_out_of_the_index_is_still_there() -> None:
    found = of("D", "a.py", untracked=("a.py",))
    assert found == Changed(modified=frozenset({"a.py"}))
    assert found.gone == set()


def test_a_rename_in_the_index_alone_leaves_the_old_file_and_adds_one() -> None:
    found = of("R100", "old.py", "new.py", untracked=("old.py",))
    assert found == Changed(added=frozenset({"new.py"}), modified=frozenset({"old.py"}))


def test_nothing_listed_is_nothing_changed() -> None:
    assert of() == Changed()
    assert of().paths == set()


def test_old_names_are_gone_and_every_path_is_touched() -> None:
    found = Changed(frozenset("a"), frozenset("m"), frozenset("d"), (("o", "n"),))
    assert found.gone == {"d", "o"}
    assert found.paths == {"a", "m", "d", "o", "n"}


def test_without_splits_a_rename_that_is_accounted_for_in_part() -> None:
    changed = Changed(renames=(("a", "b"), ("c", "d")), modified=frozenset({"e"}))
    assert changed.without(["b", "e"]) == Changed(deleted=frozenset({"a"}), renames=(("c", "d"),))
    assert changed.without(["a"]).added == {"b"}
    assert changed.without(["a", "b", "c", "d"]) == Changed(modified=frozenset({"e"}))
    assert changed.without([]) == changed
