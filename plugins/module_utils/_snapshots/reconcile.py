# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    Conflict,
    GlusterOpsError,
    Refused,
    few,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers, snapshot
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.glusterd import server_info
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.lock import held
from ansible_collections.glusterops.shares.plugins.module_utils._machines import thin
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding
from ansible_collections.glusterops.shares.plugins.module_utils._snapshots.plan import (
    ACTIVE,
    MADE,
    RESTORE,
    RESTORED_FROM,
    START,
    Wanted,
    check_possible,
    explain,
    plan,
)
from ansible_collections.glusterops.shares.plugins.module_utils._snapshots.restore import restore
from ansible_collections.glusterops.shares.plugins.module_utils._snapshots.series import Renewal, Series, renew

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.snapshot import Allowed, Snapshot
    from ansible_collections.glusterops.shares.plugins.module_utils._machines.thin import Lvm
    from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster

_ROUNDS = 3


@dataclasses.dataclass
class _Scene:
    """The whole cluster, as it was observed, and this server's logical volumes."""

    volumes: dict[str, Volume]
    snapshots: dict[str, Snapshot]
    lvm: Lvm

    def __post_init__(self) -> None:
        self.by_share = holding.Holders(self.volumes)

    def describe(self, share: str, name: str) -> dict[str, t.Any]:
        """A snapshot as modules return it."""
        found = self.snapshots[name]
        sizes = self.lvm.sizes(found.logical)
        return {
            "name": found.name,
            "share": share,
            "volume": found.volume,
            "created": found.created,
            "description": found.description,
            "active": found.active,
            "size": sizes[0] if sizes else None,
            "used": sizes[1] if sizes else None,
        }


def _observe(cluster: LiveCluster) -> _Scene:
    found = snapshot.snapshots(cluster.cli)
    return _Scene(answers.volumes(cluster.cli), found, thin.observe(cluster.cli.run_command))


@dataclasses.dataclass
class _Room:
    """Whether snapshots can be made. What it looks at is read once, however many volumes are asked for."""

    cluster: LiveCluster
    scene: _Scene

    def __post_init__(self) -> None:
        self.allowed: dict[str, Allowed] = snapshot.allowed(self.cluster.cli)
        self.status = answers.status(self.cluster.cli, self.scene.volumes)
        self.count: dict[str, int] = {}
        for found in self.scene.snapshots.values():
            self.count[found.volume] = self.count.get(found.volume, 0) + 1

    def take(self, share: str, volume: Volume, renewal: Renewal) -> Renewal:
        """The renewal, to be done in the order that is possible. Refused if the snapshot cannot be made."""
        count, allowed = self.count.get(volume.name, 0), self.allowed[volume.name]
        if not allowed.has_room(count):
            renewal = dataclasses.replace(renewal, make_after=renewal.surplus)
            count -= renewal.surplus
        check_possible(
            share,
            volume,
            self.status[volume.name].processes if volume.name in self.status else (),
            thin.ground(volume, self.scene.lvm, self.cluster.glusterd),
            count,
            allowed,
        )
        self.count[volume.name] = self.count.get(volume.name, 0) + 1 - len(renewal.expired)
        return renewal


def reconcile_snapshot(
    cluster: LiveCluster, wanted: Wanted, check_mode: bool
) -> tuple[list[Change], dict[str, t.Any] | None]:
    """Makes one snapshot what it shall be: the changes, and what was observed afterwards; None if it is not there."""
    wanted.check()
    done: list[Change] = []
    try:
        return done, _reconcile_snapshot(cluster, wanted, check_mode, done)
    except GlusterOpsError as exc:
        exc.details["changes"] = done
        raise


def _reconcile_snapshot(
    cluster: LiveCluster, wanted: Wanted, check_mode: bool, done: list[Change]
) -> dict[str, t.Any] | None:
    for _round in range(_ROUNDS):
        scene = _observe(cluster)
        volume = scene.by_share.get(wanted.share)
        changes = plan(wanted, volume, scene.snapshots.get(wanted.name))
        if volume is None or not changes:
            return scene.describe(wanted.share, wanted.name) if wanted.name in scene.snapshots else None
        if changes[0].what == MADE and changes[0].after:
            _Room(cluster, scene).take(wanted.share, volume, Renewal(wanted.name))
        if check_mode:
            done += changes
            return None
        with held(volume.name, cluster.locks):
            _apply(cluster, wanted, volume, changes, done)
    raise Conflict(f"Somebody else keeps changing snapshot {wanted.name!r}: not as asked after {_ROUNDS} tries.")


def _apply(
    cluster: LiveCluster, wanted: Wanted, volume: Volume, changes: t.Sequence[Change], done: list[Change]
) -> None:
    what = {change.what for change in changes}
    if RESTORE in what:
        # Noted before it is done: what fails halfway has changed something.
        done += changes
        restore(cluster, volume.name, wanted.name, {RESTORED_FROM: wanted.restored_from}, wanted.restart)
        return
    for change in changes:
        if change.what == START:
            cluster.cli.xml("volume", "start", volume.name)
        elif change.what == ACTIVE:
            (snapshot.activate if change.after else snapshot.deactivate)(cluster.cli, wanted.name)
        elif not _make_or_delete(cluster.cli, change, wanted.share, volume, wanted.description):
            return
        done.append(change)


def _make_or_delete(
    cli: GlusterCli, change: Change, share: str, volume: Volume, description: str | None = None
) -> bool:
    """Whether it was done. If not, somebody was faster."""
    if change.before:
        return snapshot.delete(cli, change.subject)
    try:
        return snapshot.create(cli, change.subject, volume.name, description)
    except Refused as exc:
        raise explain(exc, share, volume) from exc


def reconcile_series(
    cluster: LiveCluster, series: t.Sequence[Series], now: float, check_mode: bool, progress: Progress | None = None
) -> tuple[list[Change], dict[str, t.Any]]:
    """Makes what the series need now, and deletes what has expired: the changes, and all their snapshots afterwards,
    with which server this is and which ones have bricks of each share, by UUID.

    When nothing has to be done that is two gluster calls, however many shares there are. A series that cannot get its
    next snapshot keeps the earlier ones, and does not stop the others; what was in the way is raised at the end.
    """
    for one in series:
        one.check()
    check_unique((f"{one.prefix}-{one.share}" for one in series), "series")
    if not series:
        return [], {"snapshots": []}
    done: list[Change] = []
    failures: list[tuple[Series, GlusterOpsError]] = []
    try:
        scene = _observe(cluster)
        renewals = _renewals(cluster, series, scene, now, failures)
        if check_mode:
            done += [change for one, renewal in renewals for change in renewal.changes(one.share)]
        elif renewals:
            _renew_all(cluster, scene, renewals, done, failures, progress or Progress())
            scene = _observe(cluster)
    except GlusterOpsError as exc:
        exc.details["changes"] = done
        raise
    there = _volumes(series, scene)
    values = {
        "snapshots": [
            scene.describe(one.share, member.name)
            for one in series
            if one.share in there
            for member in one.members(there[one.share].name, scene.snapshots.values())
        ],
        "server": server_info(cluster.glusterd).get("UUID"),
        "bricks": {share: sorted({brick.server_uuid for brick in volume.bricks}) for share, volume in there.items()},
    }
    if failures:
        raise _failed(failures, changes=done, **values)
    return done, values


def _volumes(series: t.Iterable[Series], scene: _Scene) -> dict[str, Volume]:
    """By share its volume, where it is known which that is."""
    found = {}
    for one in series:
        with contextlib.suppress(Conflict):
            volume = scene.by_share.get(one.share)
            if volume:
                found[one.share] = volume
    return found


def _renewals(
    cluster: LiveCluster,
    series: t.Iterable[Series],
    scene: _Scene,
    now: float,
    failures: list[tuple[Series, GlusterOpsError]],
) -> list[tuple[Series, Renewal]]:
    """What has to be done, as far as it can be."""
    wanted: list[tuple[Series, Renewal]] = []
    for one in series:
        try:
            wanted.append((one, renew(one, scene.by_share.get(one.share), scene.snapshots, now)))
        except GlusterOpsError as exc:
            failures.append((one, exc))
    room = _Room(cluster, scene) if any(renewal.make for _one, renewal in wanted) else None
    found: list[tuple[Series, Renewal]] = []
    for one, renewal in wanted:
        try:
            if room and renewal.make:
                renewal = room.take(one.share, scene.by_share[one.share], renewal)
        except GlusterOpsError as exc:
            failures.append((one, exc))
        else:
            if renewal.make or renewal.expired:
                found.append((one, renewal))
    return found


def _renew_all(
    cluster: LiveCluster,
    scene: _Scene,
    renewals: t.Sequence[tuple[Series, Renewal]],
    done: list[Change],
    failures: list[tuple[Series, GlusterOpsError]],
    progress: Progress,
) -> None:
    progress.expect(len(renewals))
    for one, renewal in renewals:
        volume = scene.by_share[one.share]
        try:
            with progress.of(one.share, "renewed"), held(volume.name, cluster.locks):
                for change in renewal.changes(one.share):
                    if _make_or_delete(cluster.cli, change, one.share, volume):
                        done.append(change)
        except GlusterOpsError as exc:
            failures.append((one, exc))


def _failed(failures: t.Sequence[tuple[Series, GlusterOpsError]], **details: t.Any) -> GlusterOpsError:
    told = [{"share": one.share, "prefix": one.prefix, "msg": str(exc)} for one, exc in failures]
    if len(failures) == 1:
        failures[0][1].details.update(details, failures=told)
        return failures[0][1]
    sentences = few([str(exc) for _one, exc in failures])
    return Refused(f"{len(failures)} series of snapshots could not be renewed: {sentences}", failures=told, **details)
