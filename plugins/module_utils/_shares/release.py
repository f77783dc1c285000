# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""The end of a share: its volume is wiped, and goes back to the pool, or is deleted where it is a snapshot's clone."""

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    Refused,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers, snapshot
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.lock import held
from ansible_collections.glusterops.shares.plugins.module_utils._names import (
    check_pattern,
    check_volume_name,
)
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding, provision, reclaim, wipe
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import LIST, QUOTA, split_list
from ansible_collections.glusterops.shares.plugins.module_utils._units import check_number

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster

STATE, WIPED, DELETED = "state", "data", "volume"
# Who is cut off is gone within these seconds.
_GONE_WITHIN = 15.0


def plan(
    share: str, volume: Volume | None, snapshots: t.Sequence[str], infrastructure: t.Sequence[str]
) -> list[Change]:
    """What has to be done so that the share is no more, in order. snapshots: the volume's. Raises Conflict, Refused."""
    if volume is None:
        return []
    mark = holding.mark_of(volume)
    if mark is None:
        raise Conflict(
            f"Volume {volume.name!r} is neither of a pool nor a clone made for share {share!r}: delete it with what"
            " made it."
        )
    if snapshots:
        raise Refused(
            f"Share {share!r} has snapshots, which keep what was stored in it: {', '.join(snapshots)}. Delete them"
            " first.",
            snapshots=list(snapshots),
        )
    listed, wanted = sorted(split_list(volume.options.get(LIST, ""))), sorted(set(infrastructure))
    changes = []
    if mark.state != holding.RELEASING:
        changes.append(Change(share, STATE, mark.state, holding.RELEASING))
    if listed != wanted:
        changes.append(Change(share, LIST, listed, wanted))
    changes.append(Change(share, WIPED, volume.name, None))
    if mark.origin == holding.POOL and volume.is_on(QUOTA):
        changes.append(Change(share, QUOTA, "on", "off"))
    changes.append(Change(share, DELETED, volume.name, None))
    return changes


def release(
    cluster: LiveCluster,
    share: str,
    infrastructure: t.Sequence[str],
    heal_timeout: float,
    check_mode: bool,
    progress: Progress | None = None,
) -> tuple[list[Change], dict[str, t.Any]]:
    """Ends the share: its changes, and of a wiped volume how many files and directories went in how many seconds.

    In this order an interruption leaves the share its tenant's, or nobody's; the next run finishes.
    """
    check_volume_name(share, "share")
    check_number(heal_timeout, 0, 86400, "heal_timeout", " seconds")
    if not infrastructure:
        raise BadInput("infrastructure must name at least the cluster's servers: they are clients of every volume.")
    for entry in infrastructure:
        check_pattern(entry)
    volume, changes = _observe(cluster, share, infrastructure)
    if volume is None or check_mode:
        return changes, {}
    done: list[Change] = []
    try:
        with held(volume.name, cluster.locks):
            volume, changes = _observe(cluster, share, infrastructure)
            if volume is None:
                return [], {}
            return done, _apply(cluster, volume, changes, infrastructure, done, heal_timeout, progress or Progress())
    except GlusterOpsError as exc:
        exc.details["changes"] = done
        raise


def _observe(cluster: LiveCluster, share: str, infrastructure: t.Sequence[str]) -> tuple[Volume | None, list[Change]]:
    volumes = answers.volumes(cluster.cli)
    several = holding.holders(volumes.values()).get(share, [])
    holding.superfluous(share, several)
    if not several and share in volumes and provision.is_unfinished_clone(volumes[share]):
        raise Conflict(
            f"Volume {share!r} is a clone whose making was interrupted, if it is not somebody else's: make the share"
            " with from_snapshot once more and give it back then, or delete the volume."
        )
    volume = several[0] if several else None
    snapshots = snapshot.snapshots(cluster.cli).values() if volume and volume.snapshots else ()
    of = [one.name for one in snapshots if volume and one.volume == volume.name]
    return volume, plan(share, volume, of, infrastructure)


def _apply(
    cluster: LiveCluster,
    volume: Volume,
    changes: t.Sequence[Change],
    infrastructure: t.Sequence[str],
    done: list[Change],
    heal_timeout: float,
    progress: Progress,
) -> dict[str, t.Any]:
    cli, name, what = cluster.cli, volume.name, {change.what: change for change in changes}
    mark = t.cast(holding.Mark, holding.mark_of(volume))
    if volume.started:
        # While it still is the tenant's: what cannot be wiped is not taken away.
        wipe.ready(cli, volume, heal_timeout)
    done += [change for change in changes if change.what in (STATE, LIST)]
    provision.set_options(
        cli,
        name,
        {
            **provision.closed(infrastructure),
            **holding.mark(mark.share, name, holding.RELEASING, mark.origin),
            "features.trash": "off",
        },
    )
    done.append(what[WIPED])
    pooled = mark.origin == holding.POOL
    counted = _wipe(cluster, volume, heal_timeout, progress, pooled)
    if QUOTA in what:
        done.append(what[QUOTA])
        cli.xml("volume", "quota", name, "disable")
    done.append(what[DELETED])
    if pooled:
        provision.give_up(cli, name)
    else:
        cli.xml("volume", "stop", name, "force")
        cli.xml("volume", "delete", name)
    return counted


def _wipe(
    cluster: LiveCluster, volume: Volume, heal_timeout: float, progress: Progress, pooled: bool
) -> dict[str, t.Any]:
    cli = cluster.cli
    if not volume.started:
        cli.xml("volume", "start", volume.name)
    else:
        _cut_off(cluster, volume)
    wipe.ready(cli, volume, heal_timeout)
    with wipe.mounted(cli.run_command, volume.name) as root:
        counted = wipe.wipe(root, progress, volume).told()
        if not pooled:
            reclaim.mark_released(root, volume.name)
        return counted


def _cut_off(cluster: LiveCluster, volume: Volume) -> None:
    """Waits until no tenant is connected. Stops and starts the volume if one stays: then nobody can be."""
    wipe.unmount(cluster.cli.run_command, volume.name)
    waited = 0.0
    while True:
        kinds = answers.clients(cluster.cli).get(volume.name, {})
        if not any(kinds.get(kind) for kind in answers.TENANTS):
            return
        if waited >= _GONE_WITHIN:
            break
        cluster.sleep(1.0)
        waited += 1.0
    cluster.cli.xml("volume", "stop", volume.name, "force")
    cluster.cli.xml("volume", "start", volume.name)
