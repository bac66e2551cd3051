"""Which files a change touches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Changed:
    """What differs between a commit and the work tree. Paths are relative to the root.

    `renames` holds (old, new); neither of the two is in the other sets.
    """

    added: frozenset[str] = frozenset()
    modified: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()
    renames: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, compared: Iterable[str], untracked: Iterable[str]) -> Changed:
        """What `git diff --name-status -z` and `git ls-files --others -z` listed."""
        fields = iter(compared)
        added, modified, deleted = set[str](), set[str](), set[str]()
        renames = []
        for status in fields:
            path = next(fields)
            if status.startswith("R"):
                renames.append((path, next(fields)))
            elif status.startswith("C"):
                added.add(next(fields))
            elif status == "A":
                added.add(path)
            elif status == "D":
                deleted.add(path)
            else:
                modified.add(path)
        # A name that ends in a slash is a repository within the repository. What was only taken
        # out of the index, or renamed there, is still in the work tree.
        present = {path for path in untracked if not path.endswith("/")}
        back = [pair for pair in renames if pair[0] in present]
        return cls(
            added=frozenset((added | present | {new for _, new in back}) - deleted)
            - {old for old, _ in back},
            modified=frozenset(modified | (deleted & present) | {old for old, _ in back}),
            deleted=frozenset(deleted - present),
            renames=tuple(pair for pair in renames if pair not in back),
        )

    @property
    def gone(self) -> frozenset[str]:
        """Paths that do not exist any more."""
        return self.deleted | {old for old, _ in self.renames}

    @property
    def paths(self) -> frozenset[str]:
        """Every path that is touched, old and new."""
        return self.gone | self.added | self.modified | {new for _, new in self.renames}

    def without(self, paths: Iterable[str]) -> Changed:
        """The same, but for `paths`, which are accounted for elsewhere."""
        left = frozenset(paths)
        renames = tuple((old, new) for old, new in self.renames if not left & {old, new})
        split = [pair for pair in self.renames if pair not in renames]
        return Changed(
            added=(self.added | {new for _, new in split}) - left,
            modified=self.modified - left,
            deleted=(self.deleted | {old for old, _ in split}) - left,
            renames=renames,
        )
