"""Removes the images of closed pull requests, and never one that something still refers to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from flowlift.errors import InputError, UnsupportedByRegistryError
from flowlift.image.reference import DevTag, Reference, is_inputs_tag, parse, read_dev_tag
from flowlift.image.registry import ImageManifest, ImageRepository

CREATED = "org.opencontainers.image.created"

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class KeptTag:
    """A DEV tag that stays, and why."""

    tag: str
    why: str


@dataclass(frozen=True, slots=True)
class Pruning:
    """What is to be removed: `digests` wholly, with all their tags, and `tags` alone."""

    digests: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    kept: tuple[KeptTag, ...] = ()

    @property
    def removed(self) -> tuple[str, ...]:
        """Every tag that goes."""
        return tuple(sorted([*self.tags, *(tag for tags in self.digests.values() for tag in tags)]))


def plan_pruning(
    repository: ImageRepository,
    in_use: Collection[str],
    is_closed: Callable[[DevTag], bool | None],
    older_than: timedelta,
    now: datetime,
) -> Pruning:
    """Decide what goes. Nothing is written.

    A DEV tag goes when its pull request is closed and its image older than the limit. Its image
    goes too where no other tag and nothing of `in_use` (references of live pools, deployments and
    releases) names it. `is_closed` answers None where it cannot tell; then the tag stays.

    Raises:
        RegistryError: the registry cannot be read.
    """
    digests = _digests(repository, repository.tags())
    used = _used(repository.reference, in_use)
    protected = {reference.digest or digests.get(reference.at) for reference in used}
    named = {reference.tag for reference in used if reference.name == repository.reference.name}
    by_digest: dict[str, list[str]] = {}
    for tag, digest in digests.items():
        by_digest.setdefault(digest, []).append(tag)
    kept: list[KeptTag] = []
    going: list[str] = []
    read: dict[str, ImageManifest | None] = {}
    for tag in digests:
        said = read_dev_tag(tag)
        if said is None:
            continue
        why = "it is in use" if tag in named else _stays(said, is_closed)
        if not why:
            digest = digests[tag]
            if digest not in read:
                read[digest] = repository.read(digest)
            why = _young(_age(repository, read[digest], now), older_than)
        if why:
            kept.append(KeptTag(tag, why))
        else:
            going.append(tag)
    whole, alone = {}, []
    for digest in {digests[tag] for tag in going}:
        names = by_digest[digest]
        others = [name for name in names if name not in going and not is_inputs_tag(name)]
        if not others and protected.isdisjoint(_parts(digest, read[digest])):
            whole[digest] = tuple(sorted(names))
            continue
        alone += [name for name in names if name in going]
    return Pruning(whole, tuple(sorted(alone)), tuple(kept))


def prune(repository: ImageRepository, pruning: Pruning) -> None:
    """Do what was decided.

    Raises:
        UnsupportedByRegistryError: the registry cannot delete by its API; nothing was removed.
        RegistryError: a removal fails. Running again goes on from there.
    """
    try:
        for digest in pruning.digests:
            repository.delete(digest)
        for tag in pruning.tags:
            repository.untag(tag)
    except UnsupportedByRegistryError as error:
        raise UnsupportedByRegistryError(
            f"{repository.reference.registry} cannot delete images by the distribution API.",
            remedy="Use its own means: on GitHub the packages' page or API, on GitLab the cleanup"
            " policy, on Amazon a lifecycle policy; or turn deleting on in an own registry.",
        ) from error


def parse_age(text: str) -> timedelta:
    """An age as people write it: `14d`, `12h`, `4w`.

    Raises:
        InputError: it is none.
    """
    units = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
    number, unit = text[:-1], text[-1:]
    if not number.isdecimal() or unit not in units:
        raise InputError(f"{text!r} is no age.", remedy="Write hours, days or weeks: 12h, 14d, 4w.")
    return int(number) * units[unit]


def _digests(repository: ImageRepository, tags: Iterable[str]) -> dict[str, str]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        listed = list(tags)
        found = zip(listed, pool.map(repository.find, listed), strict=True)
        return {tag: digest for tag, digest in found if digest}


def _used(own: Reference, in_use: Collection[str]) -> list[Reference]:
    """The images in use that may be in this repository.

    A digest counts whatever repository it is written with: an image may have been copied.
    """
    found = []
    for text in in_use:
        try:
            reference = parse(text)
        except InputError:
            continue  # a template or a slip: it names no image that could be here
        if reference.digest or reference.name == own.name:
            found.append(reference)
    return found


def _stays(tag: DevTag, is_closed: Callable[[DevTag], bool | None]) -> str:
    closed = is_closed(tag)
    if closed is None:
        return "could not tell whether its pull request is closed"
    if closed:
        return ""
    return "its branch is still there" if tag.branch else "its pull request is open"


def _young(age: timedelta | None, limit: timedelta) -> str:
    if age is None:
        return "could not tell its age"
    return f"only {age.days} days old" if age < limit else ""


def _parts(digest: str, manifest: ImageManifest | None) -> set[str]:
    """The digests by which an image may be named: its own, and that of each of its platforms."""
    return {digest, *(manifest.platforms.values() if manifest else ())}


def _age(
    repository: ImageRepository, manifest: ImageManifest | None, now: datetime
) -> timedelta | None:
    """How old an image is: by its annotation, else by its configuration; None where neither says.

    Both are the commit's time, of the commit that it was first built for.
    """
    if manifest is None:
        return None
    text = manifest.annotations.get(CREATED) or _configured(repository, manifest)
    try:
        created = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    if created.tzinfo is None:
        created = created.replace(tzinfo=timezone.utc)
    return now - created


def _configured(repository: ImageRepository, manifest: ImageManifest) -> str:
    if manifest.is_index or "config" not in manifest.data:
        return ""
    config = repository.config(manifest)
    labels = (config.get("config") or {}).get("Labels") or {}
    return str(labels.get(CREATED) or "")
