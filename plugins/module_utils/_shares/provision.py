# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Where a share gets its volume from: a pool of volumes, or a clone of a snapshot."""

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    NotFound,
    Refused,
    raise_all,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers, snapshot
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding, pool
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import LIST, SEAL, Share
from ansible_collections.glusterops.shares.plugins.module_utils._units import format_size

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.snapshot import Snapshot

TAKEN = "volume"
CLONED = "clone of"
# Lists take effect on clients that are connected.
DYNAMIC = "server.dynamic-auth"

# Names in a message.
_FEW = 5

# What file systems keep for themselves of a brick's size, which names do not tell either: XFS a log of up to 64 MiB on
# small ones, and all of them about a percent.
_KEPT, _KEPT_PERCENT = 64 * 1024**2, 2


class Source(t.NamedTuple):
    """The volume of a share, None if there is none. Where it has to be taken first: how, and as it will be then.

    inactive: the snapshot that is cloned is not active. superfluous: volumes that runs on other servers took for the
    same share at the same time.
    """

    volume: Volume | None
    taking: Change | None = None
    inactive: bool = False
    superfluous: tuple[str, ...] = ()


def needs_clients(shares: t.Iterable[Share], volumes: t.Mapping[str, Volume]) -> bool:
    """Whether some share takes a volume of a pool, so that it has to be known which are in use."""
    present = holding.by_share(volumes)
    return any(share.pattern and share.name not in present for share in shares)


def needs_snapshots(shares: t.Iterable[Share], volumes: t.Mapping[str, Volume]) -> bool:
    """Whether some share can only be found with the help of its snapshot."""
    present = holding.by_share(volumes)
    return any(
        share.snapshot and (share.name not in present or not holding.mark_of(present[share.name])) for share in shares
    )


def sources(
    shares: t.Sequence[Share],
    volumes: t.Mapping[str, Volume],
    snapshots: t.Mapping[str, Snapshot],
    mounted: t.Collection[str] = (),
) -> dict[str, Source]:
    """Share to its volume, or the one that it gets, none twice. Raises what is wrong with any of them.

    mounted: volumes that have clients, which no pool gives away, whatever their marks say.
    """
    held = holding.holders(volumes.values())
    kept = {*mounted, *(share.name for share in shares)}
    free = {name: pool.Supply(name) for name, volume in volumes.items() if holding.is_free(volume) and name not in kept}
    busy = [name for name in sorted(mounted) if name in volumes and holding.is_free(volumes[name])]
    found: dict[str, Source] = {}
    failures: list[GlusterOpsError] = []
    for share in shares:
        try:
            source = _source(share, volumes, held, snapshots, list(free.values()), busy)
        except GlusterOpsError as exc:
            failures.append(exc)
        else:
            found[share.name] = source
            if source.volume:
                free.pop(source.volume.name, None)
    raise_all(failures, "cannot be done")
    return found


def _source(
    share: Share,
    volumes: t.Mapping[str, Volume],
    held: t.Mapping[str, list[Volume]],
    snapshots: t.Mapping[str, Snapshot],
    free: t.Sequence[pool.Supply],
    busy: t.Sequence[str],
) -> Source:
    if share.name in held:
        return present(share, held[share.name], free)
    if share.name in volumes:
        # Not the share's by any mark: a free volume, or a clone that still has its parent's mark.
        return _present(share, volumes[share.name], free)
    if share.size is None and (share.pattern or share.snapshot):
        raise BadInput(
            f"Share {share.name!r} needs a size: it gets a volume now, and a tenant gets no more than asked for."
        )
    if share.pattern:
        try:
            volume = volumes[pool.choose(share.name, share.size, share.pattern, free).name]
        except NotFound as exc:
            matching = [name for name in busy if share.pattern.regex.fullmatch(name)]
            if not matching:
                raise
            raise NotFound(
                f"{exc} Without a mark, but mounted by somebody: {', '.join(matching[:_FEW])}.", **exc.details
            ) from exc
        if volume.started and not all(map(volume.is_on, SEAL)) and not share.restart:
            raise Refused(
                f"Share {share.name!r} would get volume {volume.name!r}, which is started and not sealed. Sealing it"
                " stops and starts it: allow that with restart: true."
            )
        return Source(_taken(share, volume, holding.POOL), Change(share.name, TAKEN, None, volume.name))
    if share.snapshot:
        origin = snapshots.get(share.snapshot)
        if origin is None or origin.volume not in volumes:
            raise NotFound(f"Share {share.name!r}: snapshot {share.snapshot!r} does not exist: make it first.")
        parent = volumes[origin.volume]
        clone = parent._replace(name=share.name, status="Created", snapshots=0)
        taking = Change(share.name, CLONED, None, share.snapshot)
        return Source(_taken(share, clone, _origin(share)), taking, inactive=not origin.active)
    return Source(None)


def present(share: Share, several: t.Sequence[Volume], free: t.Sequence[pool.Supply] = ()) -> Source:
    """The source of a share that holds volumes already. Raises why it cannot be as declared."""
    others = holding.superfluous(share.name, several)
    source = _present(share, several[0], free)
    return source._replace(superfluous=tuple(volume.name for volume in others))


def _present(share: Share, volume: Volume, free: t.Sequence[pool.Supply]) -> Source:
    mark = holding.mark_of(volume)
    if mark is None and share.snapshot and is_unfinished_clone(volume):
        return Source(_taken(share, volume, _origin(share)), Change(share.name, CLONED, None, share.snapshot))
    if mark is None and (share.pattern or share.snapshot or holding.SHARE in volume.options):
        raise Conflict(
            f"Volume {volume.name!r} exists, and is not what was taken from a pool or cloned for share {share.name!r}:"
            " rename the share. If it is to become that volume, declare it without pattern and from_snapshot."
        )
    if mark and mark.state == holding.RELEASING:
        raise Conflict(
            f"Share {share.name!r} is being given back (volume {volume.name!r}): finish that first, with gluster_share"
            " and state: absent, or with the playbook remove_share."
        )
    size = share.pattern.size_of(volume.name) if share.pattern else None
    if share.pattern and share.size is not None and size is not None and share.size > size:
        bigger = pool.larger(share.size, share.pattern, free)
        raise Refused(
            f"Share {share.name!r} cannot have {format_size(share.size)}: its volume {volume.name!r} has"
            f" {format_size(size)}, and a volume of a pool does not grow. "
            + (
                f"Free and large enough: {', '.join(supply.name for supply in bigger[:5])}. Make a new share and copy."
                if bigger
                else "No free volume is large enough either."
            ),
            larger=[supply.name for supply in bigger],
        )
    return Source(volume)


def is_unfinished_clone(volume: Volume) -> bool:
    """Whether a run was interrupted after it cloned the volume and before it marked it."""
    return (
        volume.status == "Created"
        and bool(volume.bricks)
        and all(brick.path.startswith(snapshot.BRICKS) for brick in volume.bricks)
    )


def _taken(share: Share, volume: Volume, origin: str) -> Volume:
    """The volume as it is once it was taken."""
    sealed = all(map(volume.is_on, SEAL))
    status = volume.status if sealed or not volume.started else "Stopped"
    options = {**volume.options, **taking_options(share, volume.name, origin)}
    return volume._replace(status=status, options=options)


def _origin(share: Share) -> str:
    return holding.SNAPSHOT + t.cast(str, share.snapshot)


def taking_options(share: Share, volume: str, origin: str) -> dict[str, str]:
    """What makes it the share's: a mark, and a seal that lets nobody in but the infrastructure."""
    return {**closed(share.infrastructure), **holding.mark(share.name, volume, holding.PREPARING, origin)}


def closed(infrastructure: t.Iterable[str]) -> dict[str, str]:
    """The options that let nobody in but the infrastructure, and cut off who is in."""
    return {**dict.fromkeys(SEAL, "on"), DYNAMIC: "on", LIST: ",".join(sorted(set(infrastructure)))}


def take(cli: GlusterCli, share: Share, source: Source, volumes: t.Mapping[str, Volume]) -> None:
    """Makes the volume the share's. volumes: as they are now."""
    taken = t.cast("Volume", source.volume)
    now = volumes.get(taken.name)
    mark = t.cast(holding.Mark, holding.mark_of(taken))
    if now is None:
        _clone(cli, t.cast(str, share.snapshot), taken.name, source.inactive)
    elif now.started and not taken.started:
        cli.xml("volume", "stop", taken.name)
    # One transaction, so that it is never the share's and open.
    set_options(cli, taken.name, taking_options(share, taken.name, mark.origin))


def _clone(cli: GlusterCli, origin: str, name: str, inactive: bool) -> None:
    """Clones the snapshot. An inactive one cannot be cloned, so it is active meanwhile."""
    if inactive:
        snapshot.activate(cli, origin)
    try:
        cli.xml("snapshot", "clone", name, origin)
    except Refused:
        # A run that was killed may have begun with it.
        if name not in answers.volumes(cli):
            raise
    finally:
        if inactive:
            snapshot.deactivate(cli, origin)


def give_up(cli: GlusterCli, volume: str) -> None:
    """The pool may have the volume again. It was nobody's but the infrastructure's."""
    set_options(cli, volume, holding.unmark())


def set_aside(cli: GlusterCli, volume: str) -> None:
    """No pool gives the volume away until somebody frees it."""
    set_options(cli, volume, holding.set_aside())


def set_options(cli: GlusterCli, volume: str, options: t.Mapping[str, str]) -> None:
    """Sets them in one transaction."""
    cli.xml("volume", "set", volume, *(word for option in options.items() for word in option))


def check_room(cli: GlusterCli, share: Share, volume: Volume) -> None:
    """Refused if a volume whose name does not say its size cannot hold the share.

    It may be as large as the bricks' devices, as on a volume whose name says its size.
    """
    if share.size is None or (share.pattern and share.pattern.size_of(volume.name) is not None):
        return
    room = answers.capacity(cli, volume)
    if room is not None and room + max(_KEPT, share.size * _KEPT_PERCENT // 100) < share.size:
        mark = holding.mark_of(volume)
        if mark and holding.is_preparing(volume) and mark.origin == holding.POOL:
            give_up(cli, volume.name)
        raise Refused(
            f"Share {share.name!r} cannot have {format_size(share.size)}: its volume {volume.name!r} holds"
            f" {room} bytes, by the file systems of its bricks.",
            capacity=room,
        )
