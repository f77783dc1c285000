# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Where a share gets its volume from: a pool of volumes, a clone of a snapshot, or bricks that it is made of."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    NotFound,
    Refused,
    few,
    raise_all,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers, snapshot
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.glusterd import (
    GLUSTERD,
    snapshots_info,
    volume_info,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.lock import held
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding, pool, steps
from ansible_collections.glusterops.shares.plugins.module_utils._shares import options as rules
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import LIST, SEAL
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import Share
from ansible_collections.glusterops.shares.plugins.module_utils._units import format_size
from ansible_collections.glusterops.shares.plugins.module_utils._volumes import recipe

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
    from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster
    from ansible_collections.glusterops.shares.plugins.module_utils._volumes.recipe import Known, Recipe

TAKEN = "volume"
CLONED = "clone of"
MADE_OF = "bricks"
# In glusterd's own file of a volume: the UUID of the snapshot that it was cloned of.
_RESTORED_FROM = "restored_from_snap"

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


def needs_supply(shares: t.Iterable[Share], holders: holding.Holders) -> bool:
    """Whether some share takes a volume of a pool, or cannot have what it asks for of its own, so that it has to be
    known which are in use."""
    return any(share.pattern and (share.name not in holders or _is_too_small(share, holders)) for share in shares)


def _is_too_small(share: Share, holders: holding.Holders) -> bool:
    with contextlib.suppress(Conflict):
        volume = holders.get(share.name)
        size = share.pattern.size_of(volume.name) if volume and share.pattern else None
        return size is not None and share.size is not None and share.size > size
    return False


def needs_snapshots(shares: t.Iterable[Share], holders: holding.Holders) -> bool:
    """Whether some share can only be found with the help of its snapshot."""
    return any(share.snapshot and not _is_marked(share, holders) for share in shares)


def _is_marked(share: Share, holders: holding.Holders) -> bool:
    with contextlib.suppress(Conflict):
        volume = holders.get(share.name)
        return bool(volume and holding.mark_of(volume))
    return True


def of_pools(shares: t.Iterable[Share], volumes: t.Mapping[str, Volume]) -> dict[str, Volume]:
    """The volumes that the pattern of some share matches."""
    patterns = {share.pattern for share in shares if share.pattern}
    return {name: one for name, one in volumes.items() if any(its.regex.fullmatch(name) for its in patterns)}


class _Supplies:
    """The volumes that a pool may give away, each once, and why it may not give others."""

    def __init__(self, shares: t.Sequence[Share], scene: holding.Scene) -> None:
        infrastructure = {entry for share in shares for entry in share.infrastructure}
        declared = {share.name for share in shares}
        matching = of_pools(shares, scene.volumes)
        whys = {name: holding.why_not_free(holding.picture(scene, name), infrastructure) for name in matching}
        whys.update({name: "a share is declared with its name" for name in matching if name in declared})
        self._volumes = list(scene.volumes)
        self.free = {name: pool.Supply(name) for name, why in whys.items() if why is None}
        # Of those that are shares there may be hundreds.
        self._busy = {name: why for name, why in whys.items() if why and not holding.mark_of(scene.volumes[name])}

    def choose(self, share: Share) -> str:
        """The volume that the share gets. Raises NotFound."""
        pattern = t.cast(pool.Pattern, share.pattern)
        try:
            return pool.choose(share.name, share.size, pattern, self.free.values(), self._volumes).name
        except NotFound as exc:
            busy = [f"{name} ({why})" for name, why in self._busy.items() if pattern.regex.fullmatch(name)]
            if not busy:
                raise
            told = few([f"{one}." for one in sorted(busy)], _FEW)
            raise NotFound(f"{exc} These match, and are not free: {told}", **exc.details) from exc

    def taken(self, volume: str) -> None:
        self.free.pop(volume, None)


def sources(shares: t.Sequence[Share], scene: holding.Scene, glusterd: str = GLUSTERD) -> dict[str, Source]:
    """Share to its volume, or the one that it gets, none twice. Raises what is wrong with any of them."""
    holders, supplies = holding.Holders(scene.volumes), _Supplies(shares, scene)
    found: dict[str, Source] = {}
    failures: list[GlusterOpsError] = []
    for share in shares:
        try:
            source = _source(share, scene, holders, supplies, glusterd)
        except GlusterOpsError as exc:
            failures.append(exc)
        else:
            found[share.name] = source
            if source.volume:
                supplies.taken(source.volume.name)
    raise_all(failures, "cannot be done")
    return found


def _source(share: Share, scene: holding.Scene, holders: holding.Holders, supplies: _Supplies, glusterd: str) -> Source:
    volume = holders.get(share.name)
    if volume is None:
        # Not the share's by any mark: a free volume, or a clone that still has its parent's mark.
        volume = scene.volumes.get(share.name)
    if volume is not None:
        unfinished = bool(share.snapshot) and is_unfinished_clone(volume, scene, t.cast(str, share.snapshot), glusterd)
        found = present(share, volume, list(supplies.free.values()), unfinished)
        return found._replace(superfluous=holders.superfluous(share.name))
    if share.size is None and (share.pattern or share.snapshot or share.layout):
        raise BadInput(
            f"Share {share.name!r} needs a size: it gets a volume now, and a tenant gets no more than asked for."
        )
    if share.pattern:
        volume = scene.volumes[supplies.choose(share)]
        if volume.started and not all(map(volume.is_on, SEAL)) and not share.restart:
            raise Refused(
                f"Share {share.name!r} would get volume {volume.name!r}, which is started and not sealed. Sealing it"
                " stops and starts it: allow that with restart: true."
            )
        return Source(_taken(share, volume, holding.POOL), Change(share.name, TAKEN, None, volume.name))
    if share.snapshot:
        return _cloned(share, share.snapshot, scene, glusterd)
    if share.layout:
        made = _to_be_made(share.layout)
        return Source(_taken(share, made, holding.MADE), _making(share, made))
    return Source(None)


def told(taking: Change) -> str:
    """What is said of a share that has got its volume."""
    if taking.what == MADE_OF:
        return f"is made of {len(taking.after)} brick{'' if len(taking.after) == 1 else 's'}"
    return f"is {taking.what} {taking.after}"


def _to_be_made(layout: Recipe) -> Volume:
    """The volume as Gluster will tell of it."""
    bricks = tuple(answers.Brick(place.server, place.path, "") for place in layout.bricks)
    numbers = layout.replica, layout.arbiter, layout.disperse, layout.redundancy
    return answers.Volume(layout.name, "", "Created", "", *numbers, 0, bricks, {})


def _making(share: Share, volume: Volume) -> Change:
    return Change(share.name, MADE_OF, None, [f"{brick.server}:{brick.path}" for brick in volume.bricks])


def is_unfinished(volume: Volume) -> bool:
    """Whether a run was interrupted after it made the volume, and before it marked it."""
    return volume.status == "Created" and holding.SHARE not in volume.options and holding.is_made(volume)


def _cloned(share: Share, name: str, scene: holding.Scene, glusterd: str) -> Source:
    origin = (scene.snapshots or {}).get(name)
    if origin is None or origin.volume not in scene.volumes:
        raise NotFound(f"Share {share.name!r}: snapshot {name!r} does not exist: make it first.")
    parent = scene.volumes[origin.volume]
    if not origin.active:
        _check_activation(share, name, parent, glusterd)
    clone = parent._replace(name=share.name, status="Created", snapshots=0)
    taking = Change(share.name, CLONED, None, name)
    return Source(_taken(share, clone, holding.SNAPSHOT + name), taking, inactive=not origin.active)


def _check_activation(share: Share, name: str, parent: Volume, glusterd: str) -> None:
    """Refused if the snapshot, which has to be active to be cloned, would let in meanwhile whom its volume does not."""
    if holding.unsealed(parent):
        # Who may come to the snapshot may come to its volume.
        return
    active = [one._replace(active=True) for one in snapshots_info(glusterd) if one.name == name]
    if not active:
        raise Refused(
            f"Share {share.name!r}: snapshot {name!r} is not active, and would be for as long as it is cloned. This"
            " server has nothing stored that tells whom it lets in then. Run it on another server, or activate the"
            " snapshot yourself with gluster_snapshot."
        )
    whom = holding.exposing(parent.name, holding.listed(parent), active).get(name)
    if whom:
        raise Refused(
            f"Share {share.name!r}: snapshot {name!r} is not active, and would be for as long as it is cloned. It keeps"
            f" the access list of its time, and lets in whom its volume {parent.name!r} does not any more:"
            f" {', '.join(whom)}. Activate it yourself with gluster_snapshot if they may see it.",
            exposing=list(whom),
        )


def present(share: Share, volume: Volume, free: t.Sequence[pool.Supply] = (), unfinished: bool = False) -> Source:
    """The source of a share that has a volume already. unfinished: it is an unmarked clone of the share's snapshot.

    Raises why it cannot be as declared.
    """
    mark = holding.mark_of(volume)
    if mark is None and unfinished:
        return Source(
            _taken(share, volume, t.cast(str, _origin(share))), Change(share.name, CLONED, None, share.snapshot)
        )
    if is_unfinished(volume) and not (share.pattern or share.snapshot):
        return Source(_taken(share, volume, holding.MADE), _making(share, volume))
    if _is_another(share, volume, mark):
        raise Conflict(
            f"Volume {volume.name!r} exists, and is not what was taken from a pool, cloned or made for share"
            f" {share.name!r}: rename the share. If it is to become that volume, declare it without pattern,"
            " from_snapshot and layout."
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


def _is_another(share: Share, volume: Volume, mark: holding.Mark | None) -> bool:
    """Whether the volume came from somewhere else than the share is declared to."""
    origin = _origin(share)
    if mark is None:
        return bool(origin or holding.SHARE in volume.options or holding.is_clone(volume))
    return origin is not None and mark.origin != origin


def is_unfinished_clone(volume: Volume, scene: holding.Scene, name: str, glusterd: str) -> bool:
    """Whether a run was interrupted after it cloned the volume of this snapshot, and before it marked it.

    That a volume was cloned, and of which snapshot, only glusterd's own files tell.
    """
    origin = (scene.snapshots or {}).get(name)
    return (
        origin is not None
        and volume.status == "Created"
        and holding.is_clone(volume)
        and volume_info(volume.name, glusterd).get(_RESTORED_FROM) == origin.uuid
    )


def _taken(share: Share, volume: Volume, origin: str) -> Volume:
    """The volume as it is once it was taken."""
    sealed = all(map(volume.is_on, SEAL))
    status = volume.status if sealed or not volume.started else "Stopped"
    changed, reset = rules.put_right(volume.options)
    options = {**volume.options, **changed, **taking_options(share, volume.name, origin)}
    return volume._replace(status=status, options={key: value for key, value in options.items() if key not in reset})


def _origin(share: Share) -> str | None:
    """Where its volume comes from, None if that is not said."""
    if share.snapshot:
        return holding.SNAPSHOT + share.snapshot
    return holding.POOL if share.pattern else holding.MADE if share.layout else None


def taking_options(share: Share, volume: str, origin: str) -> dict[str, str]:
    """What makes it the share's: a mark, and a seal that lets nobody in but the infrastructure."""
    marks = holding.mark(share.name, volume, holding.PREPARING, origin)
    return {**closed(share.infrastructure), **recipe.LOOKUP, **marks, holding.UNPROVEN: volume}


def closed(infrastructure: t.Iterable[str]) -> dict[str, str]:
    """The options that let nobody in but the infrastructure, and cut off who is in."""
    return {**holding.SEALED, LIST: ",".join(sorted(set(infrastructure)))}


def take(
    cluster: LiveCluster, share: Share, source: Source, volumes: t.Mapping[str, Volume], known: Known | None = None
) -> None:
    """Makes the volume the share's. volumes: as they were when it was chosen. known: where volumes are made, what
    recipe.look() told. Raises Conflict if it is another now."""
    cli = cluster.cli
    taken = t.cast("Volume", source.volume)
    mark = t.cast(holding.Mark, holding.mark_of(taken))
    if taken.name not in volumes and share.layout:
        # One transaction marks and closes it, and nobody has started it before that.
        options = taking_options(share, taken.name, mark.origin)
        with held(taken.name, cluster.locks):
            recipe.create(cli, share.layout._replace(options=options), known, share.root)
        return
    if taken.name not in volumes:
        _clone(cluster, t.cast(str, share.snapshot), taken.name, source.inactive)
    now = answers.volume(cli, taken.name)
    if taken.name in volumes and now.options != volumes[taken.name].options:
        raise Conflict(f"Volume {taken.name!r} was changed by somebody while share {share.name!r} was getting it.")
    changed, reset = rules.put_right(now.options)
    for option in reset:
        cli.xml("volume", "reset", taken.name, option)
    stopping = now.started and not taken.started
    if stopping:
        cli.xml("volume", "stop", taken.name)
    try:
        # One transaction, so that it is never the share's and open.
        options = {**changed, **taking_options(share, taken.name, mark.origin)}
        steps.set_options(cli, taken.name, options, steps.guarded(now))
    except (Conflict, Refused):
        if stopping:
            # It is not ours, as it was.
            steps.start(cli, now)
        raise


def _clone(cluster: LiveCluster, origin: str, name: str, inactive: bool) -> None:
    """Clones the snapshot. An inactive one cannot be cloned, so it is active meanwhile."""
    cli = cluster.cli
    if inactive:
        snapshot.activate(cli, origin)
    try:
        cli.xml("snapshot", "clone", name, origin)
    except Refused:
        # A run that was killed may have begun with it. Nobody else's volume is gone on with.
        scene = holding.Scene(answers.volumes(cli), snapshots=snapshot.snapshots(cli))
        if name not in scene.volumes or not is_unfinished_clone(scene.volumes[name], scene, origin, cluster.glusterd):
            raise
    finally:
        if inactive:
            snapshot.deactivate(cli, origin)


def give_up(cli: GlusterCli, volume: str, share: str) -> None:
    """The pool may have the volume again. It was nobody's but the infrastructure's, and is nobody else's meanwhile."""
    now = answers.volume(cli, volume)
    mark = holding.mark_of(now)
    if mark and mark.share == share and mark.state != holding.IN_USE:
        steps.set_options(cli, volume, holding.unmark(), steps.guarded(now))


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
            give_up(cli, volume.name, share.name)
        raise Refused(
            f"Share {share.name!r} cannot have {format_size(share.size)}: its volume {volume.name!r} holds"
            f" {room} bytes, by the file systems of its bricks.",
            capacity=room,
        )
