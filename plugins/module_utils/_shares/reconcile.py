# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    Conflict,
    GlusterOpsError,
    raise_all,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers, quota, snapshot
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.glusterd import GLUSTERD
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.lock import DIRECTORY, held
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding, provision
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import (
    ADMIT,
    LIST,
    QUOTA,
    Share,
    is_sealed,
    plan,
    split_list,
)

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Limit, Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli

# How long a foreign read-modify-write that overwrites ours takes at most; after it we look again.
_SETTLE = 1.0
_ROUNDS = 6
# Held while volumes are taken from pools.
_POOL_LOCK = ".pool"
_ADMISSION = (LIST, ADMIT)


@dataclasses.dataclass
class LiveCluster:
    """The cluster through one server: its gluster, and that server's own files. known_limits: volume to bytes."""

    cli: GlusterCli
    known_limits: t.Mapping[str, int] = dataclasses.field(default_factory=dict)
    glusterd: str = GLUSTERD
    locks: str = DIRECTORY
    sleep: t.Callable[[float], None] = time.sleep


def reconcile(
    cluster: LiveCluster, shares: t.Sequence[Share], check_mode: bool, progress: Progress | None = None
) -> tuple[list[Change], dict[str, dict[str, t.Any]]]:
    """Makes the shares what they shall be: their changes, and by name what was observed afterwards.

    When nothing has to change that is one gluster call, however many shares there are (and one for each share whose
    limit neither this server's bricks nor known_limits tell). All shares are checked before the first is changed.
    Between servers no lock exists: what another server's run overwrote is noticed in the look afterwards and done
    again.
    """
    for share in shares:
        share.check()
    check_unique((share.name for share in shares), "share")
    done: list[Change] = []
    try:
        return done, _reconcile(cluster, shares, check_mode, done, progress or Progress())
    except GlusterOpsError as exc:
        exc.details["changes"] = done
        raise


def _reconcile(
    cluster: LiveCluster, shares: t.Sequence[Share], check_mode: bool, done: list[Change], progress: Progress
) -> dict[str, dict[str, t.Any]]:
    helpers: dict[str, int] = {}
    for _round in range(_ROUNDS):
        volumes, sources = _observe(cluster, shares)
        present = {name: source.volume for name, source in sources.items() if source.volume}
        limits = _limits(cluster, shares, present, check_mode)
        pending = _plan_all(shares, present, limits)
        taking = [share for share in shares if sources[share.name].taking or sources[share.name].superfluous]
        if not (pending or taking):
            _check_helpers(cluster, helpers)
            return {share.name: describe(share.name, present[share.name], limits.get(share.name)) for share in shares}
        if check_mode:
            for share in shares:
                done += _taking(sources[share.name], share.name) + pending.get(share.name, [])
            return {}
        if taking:
            # What was taken is looked at again before anything is done with it.
            _take(cluster, taking, done, progress)
            cluster.sleep(_SETTLE)
            continue
        removing = {
            present[name].name
            for name, changes in pending.items()
            if any(map(_removes, changes)) and present[name].started
        }
        if removing:
            counted = answers.clients(cluster.cli)
            # What the first round saw counts: later ones may see the loss already.
            helpers = {**{name: counted.get(name, {}).get(answers.HEALER, 0) for name in removing}, **helpers}
        # Servers compile what they import, and mostly nothing has to be done.
        from ansible_collections.glusterops.shares.plugins.module_utils._shares.apply import apply

        progress.expect(len(pending))
        for share in shares:
            if share.name in pending:
                name = present[share.name].name
                with progress.of(share.name, "set"), held(name, cluster.locks):
                    volume = answers.volume(cluster.cli, name)
                    if holding.share_of(volume) != share.name:
                        continue  # Another server's run took it. The next round sees what that means.
                    changes = plan(share, volume, limits.get(share.name))
                    admission = [
                        change for change in changes if holding.is_preparing(volume) and change.what in _ADMISSION
                    ]
                    # Noted before it is done: what fails halfway has changed something.
                    done += [change for change in changes if change not in admission]
                    apply(cluster, share, volume, changes, progress)
                    done += admission
        cluster.sleep(_SETTLE)
    raise Conflict(f"Somebody else keeps changing {', '.join(sorted(pending))}: not as asked after {_ROUNDS} tries.")


def _observe(cluster: LiveCluster, shares: t.Sequence[Share]) -> tuple[dict[str, Volume], dict[str, provision.Source]]:
    volumes = answers.volumes(cluster.cli)
    snapshots = snapshot.snapshots(cluster.cli) if provision.needs_snapshots(shares, volumes) else {}
    clients = answers.clients(cluster.cli) if provision.needs_clients(shares, volumes) else {}
    mounted = [name for name, kinds in clients.items() if any(map(kinds.get, answers.TENANTS))]
    return volumes, provision.sources(shares, volumes, snapshots, mounted)


def _taking(source: provision.Source, share: str) -> list[Change]:
    back = [Change(share, provision.TAKEN, name, None) for name in source.superfluous]
    return [*back, source.taking] if source.taking else back


def _take(cluster: LiveCluster, shares: t.Sequence[Share], done: list[Change], progress: Progress) -> None:
    with held(_POOL_LOCK, cluster.locks):
        # Other runs may have taken some since.
        volumes, sources = _observe(cluster, shares)
        for share in shares:
            source = sources[share.name]
            changes = _taking(source, share.name)
            done += changes
            for name in source.superfluous:
                provision.give_up(cluster.cli, name)
            if source.taking:
                progress.expect(1)
                with progress.of(share.name, f"is {source.taking.what} {source.taking.after}"):
                    provision.take(cluster.cli, share, source, volumes)


def _removes(change: Change) -> bool:
    return change.what == LIST and not set(change.before) <= set(change.after)


def _check_helpers(cluster: LiveCluster, before: t.Mapping[str, int]) -> None:
    """Conflict if volumes lost self-heal daemons since C(before): a server's CN was taken off their lists.

    gluster's status calls such a daemon online, but it stays disconnected, and heals nothing.
    """
    if not before:
        return
    after = answers.clients(cluster.cli)
    lost = sorted(name for name, count in before.items() if after.get(name, {}).get(answers.HEALER, 0) < count)
    if lost:
        raise Conflict(
            f"Self-heal daemons were cut off from {', '.join(lost)}: a server's identity was on the access list and is"
            " not in infrastructure. Add it, run this again, and stop and start the volume, or they stay disconnected."
        )


def _plan_all(
    shares: t.Iterable[Share], present: t.Mapping[str, Volume], limits: t.Mapping[str, Limit | None]
) -> dict[str, list[Change]]:
    plans: dict[str, list[Change]] = {}
    failures: list[GlusterOpsError] = []
    for share in shares:
        try:
            changes = plan(share, present.get(share.name), limits.get(share.name))
        except GlusterOpsError as exc:
            failures.append(exc)
        else:
            if changes:
                plans[share.name] = changes
    raise_all(failures, "cannot be done")
    return plans


def _limits(
    cluster: LiveCluster, shares: t.Iterable[Share], present: t.Mapping[str, Volume], check_mode: bool
) -> dict[str, Limit | None]:
    """The present limits of the shares whose size is asked for, exact where they are about to change.

    What a volume has that is only being made into a share counts for nothing: a clone has its parent's.
    """
    limited = {
        share.name: (volume, share.size)
        for share in shares
        for volume in [present.get(share.name)]
        if share.size is not None and volume and volume.is_on(QUOTA) and not holding.is_preparing(volume)
    }
    local = quota.local_limits((volume for volume, _size in limited.values()), cluster.glusterd)
    limits: dict[str, Limit | None] = {}
    for share_name, (volume, size) in limited.items():
        known = cluster.known_limits.get(volume.name)
        limit = local.get(volume.name) if volume.name in local else answers.Limit(known, 0) if known else None
        if (limit is None or limit.size != size) and volume.started:
            limit = quota.limit(cluster.cli, volume.name, cluster.sleep, restart=not check_mode)
        limits[share_name] = limit
    return limits


def describe(share: str, volume: Volume, limit: Limit | None) -> dict[str, t.Any]:
    """A share as modules return it. limit in bytes, None when it was not asked for or has none."""
    return {
        "name": share,
        "volume": volume.name,
        "sealed": is_sealed(volume),
        "identities": sorted(split_list(volume.options.get(LIST, ""))),
        "started": volume.started,
        "limit": limit.size if limit else None,
        "servers": list(volume.servers),
    }
