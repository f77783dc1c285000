# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""The end of a share: its volume is wiped and goes back to the pool; or it is deleted if it was made for the share, and
after it was wiped if it is a snapshot's clone."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    Refused,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers, healing, quota, snapshot
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.lock import held
from ansible_collections.glusterops.shares.plugins.module_utils._names import (
    check_pattern,
    check_volume_name,
)
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._shares import (
    closing,
    holding,
    provision,
    reclaim,
    steps,
    wipe,
)
from ansible_collections.glusterops.shares.plugins.module_utils._shares import options as rules
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import LIST, listed
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import LIMIT, QUOTA
from ansible_collections.glusterops.shares.plugins.module_utils._units import check_number

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster

STATE, WIPED, DELETED, RESTART = "state", "data", "volume", "restart"
# Whose it is. Its list is closed whatever is on it.
_MARK = (holding.SHARE, holding.STATE)
# Who is cut off is gone within these seconds.
_GONE_WITHIN = 15.0


@dataclasses.dataclass
class _Work:
    """On what the steps work, and what they found: how much was wiped."""

    cluster: LiveCluster
    volume: Volume
    infrastructure: t.Sequence[str]
    heal_timeout: float
    progress: Progress
    wiped: dict[str, t.Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class _Step:
    changes: tuple[Change, ...]
    do: t.Callable[[_Work], None]


def plan(share: str, volume: Volume | None, snapshots: t.Sequence[str], infrastructure: t.Sequence[str]) -> list[_Step]:
    """What has to be done so that the share is no more, in the order in which it is done. snapshots: the volume's.

    In this order an interruption leaves the share its tenant's, or nobody's. Raises Conflict and Refused.
    """
    if volume is None:
        return []
    mark = holding.mark_of(volume)
    if mark is None and provision.is_unfinished(volume):
        # It was never started: nobody was in.
        return [_Step((Change(share, DELETED, volume.name, None),), _delete)]
    if mark is None or mark.origin == holding.ADOPTED:
        raise Conflict(
            f"Volume {volume.name!r} is neither of a pool, nor was it made or cloned for share {share!r}: delete it"
            " with what made it."
        )
    if snapshots:
        raise Refused(
            f"Share {share!r} has snapshots, which keep what was stored in it: {', '.join(snapshots)}. Delete them"
            " first.",
            snapshots=list(snapshots),
        )
    closing_ = _Step(tuple(_closing(share, volume, mark, infrastructure)), _close)
    deleting = _Step((Change(share, DELETED, volume.name, None),), _delete)
    if mark.origin == holding.MADE:
        # Its bricks are removed after it.
        return [closing_, deleting]
    impossible = rules.impossible(volume.options)
    if impossible:
        raise Refused(
            f"Share {share!r} cannot be given back, because its volume {volume.name!r} cannot be wiped: it has"
            f" {', '.join(impossible)}. Reset that with 'gluster volume reset {volume.name} OPTION'."
        )
    pooled = mark.origin == holding.POOL
    starting = any(rule.option == rules.TRASH for rule in rules.contradictions(volume.options))
    # An earlier run may have switched it off, and not come to the restart.
    starting = starting or mark.state == holding.RELEASING and rules.TRASH in volume.options
    found = [closing_]
    if not volume.started:
        found.append(_Step((), _start))
    elif starting or holding.waiting(volume):
        # Bricks take what is set only when they start, and nobody is in any more.
        found.append(_Step((Change(share, RESTART, False, True),), _restart))
    if volume.is_on(QUOTA):
        # Over its limit a volume with shards lets nobody remove anything.
        found.append(_Step((Change(share, LIMIT, "limited", None),), _lift))
    found.append(_Step((Change(share, WIPED, volume.name, None),), _wipe))
    if pooled and volume.is_on(QUOTA):
        found.append(_Step((Change(share, QUOTA, "on", "off"),), _count_no_more))
    found.append(dataclasses.replace(deleting, do=_give_up) if pooled else deleting)
    return found


def _closing(share: str, volume: Volume, mark: holding.Mark, infrastructure: t.Sequence[str]) -> t.Iterator[Change]:
    entries, wanted = sorted(listed(volume)), sorted(set(infrastructure))
    if mark.state != holding.RELEASING:
        yield Change(share, STATE, mark.state, holding.RELEASING)
    if entries != wanted:
        yield Change(share, LIST, entries, wanted)
    changed, reset = rules.put_right(volume.options)
    for option in sorted([*changed, *reset]):
        yield Change(share, option, volume.options[option], changed.get(option))


def release(
    cluster: LiveCluster,
    share: str,
    infrastructure: t.Sequence[str],
    heal_timeout: float,
    check_mode: bool,
    progress: Progress | None = None,
) -> tuple[list[Change], dict[str, t.Any]]:
    """Ends the share: its changes, and of a wiped volume how many files and directories went in how many seconds.

    What was interrupted the next run finishes.
    """
    check_volume_name(share, "share")
    check_number(heal_timeout, 0, 86400, "heal_timeout", " seconds")
    if not infrastructure:
        raise BadInput("infrastructure must name at least the cluster's servers: they are clients of every volume.")
    for entry in infrastructure:
        check_pattern(entry)
    volume, plan_ = _observe(cluster, share, infrastructure)
    if volume is None or check_mode:
        return [change for step in plan_ for change in step.changes], {}
    done: list[Change] = []
    try:
        with held(volume.name, cluster.locks):
            volume, plan_ = _observe(cluster, share, infrastructure)
            if volume is None:
                return [], {}
            work = _Work(cluster, volume, infrastructure, heal_timeout, progress or Progress())
            if volume.started and any(step.do is _wipe for step in plan_):
                # While it still is the tenant's: what cannot be wiped is not taken away.
                healing.ready(cluster.cli, volume, "be wiped", heal_timeout)
            for step in plan_:
                # Noted before it is done: what fails halfway has changed something.
                done += step.changes
                step.do(work)
            return done, work.wiped
    except GlusterOpsError as exc:
        exc.details["changes"] = done
        raise


def _observe(cluster: LiveCluster, share: str, infrastructure: t.Sequence[str]) -> tuple[Volume | None, list[_Step]]:
    volumes = answers.volumes(cluster.cli)
    volume = holding.Holders(volumes).get(share)
    if volume is None and share in volumes and holding.is_clone(volumes[share]):
        raise Conflict(
            f"Volume {share!r} is a clone whose making was interrupted, if it is not somebody else's: make the share"
            " with from_snapshot once more and give it back then, or delete the volume."
        )
    if volume is None:
        return None, []
    held_by = snapshot.snapshots(cluster.cli) if volume.snapshots else {}
    of = holding.picture(holding.Scene(volumes, snapshots=held_by), volume.name).snapshots
    names = ["some that gluster does not name"] if of is None else [one.name for one in of]
    return volume, plan(share, volume, names, infrastructure)


def _close(work: _Work) -> None:
    """Lets nobody in any more, proves that on every server, and that nobody is in."""
    cli, volume = work.cluster.cli, work.volume
    mark = t.cast(holding.Mark, holding.mark_of(volume))
    changed, reset = rules.put_right(volume.options)
    steps.set_options(
        cli,
        volume.name,
        {
            **changed,
            **provision.closed(work.infrastructure),
            **holding.mark(mark.share, volume.name, holding.RELEASING, mark.origin),
            holding.UNPROVEN: volume.name,
        },
        steps.guarded(volume, _MARK),
    )
    for option in reset:
        cli.xml("volume", "reset", volume.name, option)
    closing.check(work.cluster, volume, sorted(set(work.infrastructure)), restart=True)
    if volume.started:
        _cut_off(work)


def _cut_off(work: _Work) -> None:
    """Waits until no tenant is connected. Stops and starts the volume if one stays: then nobody can be."""
    cluster, volume = work.cluster, work.volume
    wipe.unmount(volume.name)
    if _are_gone(work):
        return
    steps.restart(cluster.cli, volume.name, "force")
    if not _are_gone(work):
        raise Refused(
            f"Volume {volume.name!r} still has clients that are none of its servers' daemons, though its list lets in"
            " nobody else: does one of the servers mount it? See 'gluster volume status"
            f" {volume.name} clients'."
        )


def _are_gone(work: _Work) -> bool:
    cluster, volume = work.cluster, work.volume
    waited = 0.0
    while True:
        kinds = answers.clients_of(cluster.cli, volume)
        if kinds is not None and not answers.tenants(kinds):
            return True
        if waited >= _GONE_WITHIN:
            return False
        cluster.sleep(1.0)
        waited += 1.0


def _start(work: _Work) -> None:
    steps.start(work.cluster.cli, work.volume)


def _restart(work: _Work) -> None:
    steps.restart(work.cluster.cli, work.volume.name, "force")


def _lift(work: _Work) -> None:
    quota.lift(work.cluster.cli, work.volume.name, work.cluster.sleep)


def _wipe(work: _Work) -> None:
    cli, volume = work.cluster.cli, work.volume
    healing.ready(cli, volume, "be wiped", work.heal_timeout)
    with wipe.mounted(cli, volume.name) as root:
        work.wiped = wipe.wipe(root, work.progress, volume).told()
        if t.cast(holding.Mark, holding.mark_of(volume)).origin != holding.POOL:
            reclaim.mark_released(root, volume.name)


def _count_no_more(work: _Work) -> None:
    work.cluster.cli.xml("volume", "quota", work.volume.name, "disable")


def _give_up(work: _Work) -> None:
    """The list once more with the mark: whoever changed it meanwhile gets nobody into what the next tenant gets."""
    cli, name = work.cluster.cli, work.volume.name
    now = answers.volume(cli, name)
    mark = holding.mark_of(now)
    if (
        mark is None
        or mark.state != holding.RELEASING
        or mark.share != t.cast(t.Any, holding.mark_of(work.volume)).share
    ):
        raise Conflict(f"Volume {name!r} was given to somebody else while it was wiped.")
    closed = provision.closed(work.infrastructure)
    options = {**closed, **holding.unmark(), holding.UNPROVEN: "-"}
    steps.set_options(cli, name, options, steps.guarded(now, _MARK))


def _delete(work: _Work) -> None:
    cli, name = work.cluster.cli, work.volume.name
    if answers.volume(cli, name).started:
        cli.xml("volume", "stop", name, "force")
    cli.xml("volume", "delete", name)
