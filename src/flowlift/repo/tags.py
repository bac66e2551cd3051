"""Tags of the remote: read, and pushed such that two who push the same one both succeed.

And the time of a commit, which is the time of what is released from it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from flowlift.errors import GitError
from flowlift.repo.command import run
from flowlift.repo.git import REMOTE_TIMEOUT, Repository

_PUSH_TIMEOUT = 120.0


def remote_refs(repository: Repository, *patterns: str) -> dict[str, str]:
    """What the remote has for full names of references, or globs of them: one round trip.

    An annotated tag stands there twice: with `^{}` behind its name the commit is meant.

    Raises:
        GitError: there is no remote, or it cannot be reached.
    """
    remote = repository.remote_name()
    done = run(repository.root, "ls-remote", "--", remote, *patterns, timeout=REMOTE_TIMEOUT)
    found = {}
    for line in done.stdout.decode(errors="surrogateescape").splitlines():
        sha, _, name = line.partition("\t")
        found[name] = sha
    return found


def tag_patterns(name: str) -> tuple[str, str]:
    """What to ask `remote_refs` for a tag: the tag, and the commit behind it."""
    return f"refs/tags/{name}", f"refs/tags/{name}^{{}}"


def tagged_commit(refs: dict[str, str], name: str) -> str | None:
    """The commit of a tag among what `remote_refs` found, None where there is no such tag."""
    plain, behind = tag_patterns(name)
    return refs.get(behind) or refs.get(plain)


def push_tag(repository: Repository, name: str, commit: str, message: str) -> bool:
    """Push an annotated tag; whether it was this call that made it.

    The tag is the same object whoever makes it (its date and author are those of the commit), so
    that of two who push it at once both are right. This clone's own tags are left alone.

    Raises:
        GitError: the remote refuses, or has the tag at another commit.
    """
    remote = repository.remote_name()
    made = _write(repository, name, commit, message)
    target = f"refs/tags/{name}"
    try:
        done = run(
            repository.root,
            "push",
            "--porcelain",
            "--no-follow-tags",
            "--",
            remote,
            f"{made}:{target}",
            timeout=_PUSH_TIMEOUT,
        )
    except GitError:
        # Somebody was quicker, perhaps: what the remote has now decides.
        at = tagged_commit(remote_refs(repository, *tag_patterns(name)), name)
        if at == commit:
            return False
        if at is None:
            raise
        raise GitError(
            f"The remote has the tag {name} at {at[:12]}, not at {commit[:12]}.",
            remedy="Take the next version. A tag that others may have fetched is never moved.",
        ) from None
    return not any(line.startswith(b"=\t") for line in done.stdout.splitlines())


def fetch_tag(repository: Repository, name: str) -> None:
    """Get the commit of a remote tag into this clone, without making the tag here.

    Raises:
        GitError: the remote cannot be reached, or has no such tag.
    """
    remote = repository.remote_name()
    run(
        repository.root,
        "fetch",
        "--quiet",
        "--no-tags",
        "--",
        remote,
        f"refs/tags/{name}",
        timeout=_PUSH_TIMEOUT,
    )


def commit_time(repository: Repository, commit: str) -> int:
    """When a commit was made, in seconds since 1970."""
    return int(run(repository.root, "show", "--no-patch", "--format=%ct", commit).stdout)


def subjects_since_release(repository: Repository, tag: str, commit: str) -> tuple[str, list[str]]:
    """The release before `commit` that this clone knows, and the subjects of what came since.

    Only what was merged or pushed to the branch itself, the newest first. "" and nothing where no
    earlier release is known.
    """
    pattern = ["--match", "v[0-9]*", "--exclude", tag]
    done = run(repository.root, "describe", "--tags", "--abbrev=0", *pattern, commit, ok=(0, 128))
    before = done.stdout.decode(errors="replace").strip()
    if done.returncode or not before:
        return "", []
    since = [f"refs/tags/{before}..{commit}", "--"]
    log = run(repository.root, "log", "--first-parent", "--format=%s", "-z", *since)
    return before, [line for line in log.stdout.decode(errors="replace").split("\0") if line]


def _write(repository: Repository, name: str, commit: str, message: str) -> str:
    """Write the tag's object, and nothing that refers to it; its sha."""
    shown = run(repository.root, "show", "--no-patch", "--format=%cn <%ce> %ct", commit)
    author = shown.stdout.decode(errors="surrogateescape").strip()
    text = f"object {commit}\ntype commit\ntag {name}\ntagger {author} +0000\n\n{message}\n"
    with tempfile.TemporaryDirectory(prefix="flowlift-") as folder:
        file = Path(folder) / "tag"
        file.write_bytes(text.encode(errors="surrogateescape"))
        done = run(repository.root, "hash-object", "-t", "tag", "-w", "--", str(file))
    return done.stdout.decode().strip()
