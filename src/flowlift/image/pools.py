"""The image and the workspaces: handed over to their pools, and pruned where none uses it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta, timezone

from flowlift.errors import ConfigError
from flowlift.image.access import Access
from flowlift.image.check import closed_pull_requests
from flowlift.image.prune import Pruning, plan_pruning, prune
from flowlift.image.reference import DevTag, is_inputs_tag, read_dev_tag
from flowlift.workspace.client import Client
from flowlift.workspace.pools import HandedOver, hand_over, images_in_use


def check_environments(access: Access, environments: Iterable[str]) -> None:
    """Make sure that the image can be handed over later, before a build that takes long.

    Raises:
        ConfigError: an environment or its pools are not known.
        EndpointError: its workspace's address is not known.
    """
    for environment in environments:
        _pools(access, environment)
        access.project.endpoint(environment)


def hand_to_pools(access: Access, environment: str, pinned: str) -> list[HandedOver]:
    """Let the pools of `environment` start with the image `pinned`; written only where it differs.

    Raises:
        ConfigError: no pools are configured for the environment.
        WorkspaceError: a pool is missing, has no image, or does not take it.
    """
    pools = _pools(access, environment)

    async def work(client: Client) -> list[HandedOver]:
        return [await hand_over(client, pool, pinned) for pool in pools]

    return access.project.ask(environment, work)


def prune_images(
    access: Access,
    *,
    older_than: timedelta,
    closed: Collection[str] = (),
    dry_run: bool = False,
) -> Pruning:
    """Remove the images of closed pull requests that nothing refers to; `closed` names some more.

    Every environment's workspace is asked what it runs: what cannot be asked could be running any
    of them.

    Raises:
        EndpointError, WorkspaceError: a workspace cannot be asked.
        RegistryError: the registry cannot be read, or cannot delete.
    """
    in_use: set[str] = set()
    for environment in access.project.settings.env:
        in_use |= access.project.ask(environment, images_in_use)
    if access.release_name.name != access.name.name:
        in_use |= _released(access)
    known = {*closed, *_closed_now(access)}
    with access.repository(access.name) as repository:
        said = [read for tag in repository.tags() if (read := read_dev_tag(tag))]
        remote = closed_pull_requests(access, said)

        def is_closed(tag: DevTag) -> bool | None:
            return True if tag.pull_request in known else remote.get(tag)

        now = datetime.now(timezone.utc)
        pruning = plan_pruning(repository, in_use, is_closed, older_than, now)
        if not dry_run:
            prune(repository, pruning)
    return pruning


def _pools(access: Access, environment: str) -> Sequence[str]:
    access.project.settings.environment(environment)
    pools = access.image.pools.get(environment, ())
    if not pools:
        raise ConfigError(
            f"No pools of {environment} are known to run the image.",
            remedy=f'Add {environment} = ["POOL"] to [tool.flowlift.image.pools].',
        )
    return pools


def _closed_now(access: Access) -> tuple[str, ...]:
    """The pull request whose end this very event is."""
    context = access.project.context
    return (str(context.pull_request),) if context.gone and context.pull_request else ()


def _released(access: Access) -> set[str]:
    with access.repository(access.release_name) as repository:
        tags = [tag for tag in repository.tags() if not (read_dev_tag(tag) or is_inputs_tag(tag))]
        digests = (repository.find(tag) for tag in tags)
        return {str(access.release_name.pinned(digest)) for digest in digests if digest}
