# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""The rules for a snapshot: what has to be done with it, and whether one can be made."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict, NotFound, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.snapshot import (
    check_description,
    check_snapshot_name,
)
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_volume_name
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Process, Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.snapshot import Allowed, Snapshot
    from ansible_collections.glusterops.shares.plugins.module_utils._machines.thin import Ground

PRESENT, ABSENT, RESTORED = "present", "absent", "restored"
# What a change changes.
MADE, ACTIVE, RESTORE, RESTART, START = "snapshot", "active", "restored", "restart", "started"
# On the volume: from which snapshot which share was restored last. The snapshot itself is gone then. With the share, as
# a clone inherits the option.
RESTORED_FROM = "user.glusterops-restored"

# In percent. Gluster and LVM make snapshots in a thin pool that is full but for one percent without a word. With 100 of
# data the bricks' file systems shut down a minute later, with 100 of metadata the pool needs to be repaired offline.
MAX_DATA, MAX_METADATA = 90.0, 80.0


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a snapshot of a share shall be. active and description: None to leave them. restart: the volume may be
    stopped to restore it, and is started afterwards."""

    name: str
    share: str
    state: str = PRESENT
    description: str | None = None
    active: bool | None = None
    restart: bool = False

    @property
    def restored_from(self) -> str:
        """What the volume says once it is restored."""
        return f"{self.name}@{self.share}"

    def check(self) -> None:
        check_snapshot_name(self.name, "name")
        check_volume_name(self.share, "share")
        if self.state != PRESENT and (self.description, self.active) != (None, None):
            raise BadInput("description and active go with state: present only.")
        if self.description is not None:
            check_description(self.description)


def plan(wanted: Wanted, volume: Volume | None, found: Snapshot | None) -> list[Change]:
    """What has to be done, in order. volume: the share's; found: the snapshot of that name, whosever it is.

    Raises NotFound, Conflict and Refused with nothing changed.
    """
    if found and (volume is None or found.volume != volume.name):
        raise Conflict(
            f"Snapshot {wanted.name!r} exists, and is of volume {found.volume!r}, not of share {wanted.share!r}: take"
            " another name."
        )
    if wanted.state == ABSENT:
        return [Change(wanted.name, MADE, wanted.share, None)] if found else []
    if volume is None:
        raise NotFound(f"Share {wanted.share!r} does not exist on this cluster.")
    if wanted.state == RESTORED:
        return _plan_restore(wanted, volume, found)
    if not found:
        made = Change(wanted.name, MADE, None, wanted.share)
        return [made, Change(wanted.name, ACTIVE, False, True)] if wanted.active else [made]
    if wanted.description not in (None, found.description):
        raise Conflict(
            f"Snapshot {wanted.name!r} exists with the description {found.description!r}, which Gluster cannot change:"
            " declare that one, or take another name."
        )
    if wanted.active not in (None, found.active):
        return [Change(wanted.name, ACTIVE, found.active, wanted.active)]
    return []


def _plan_restore(wanted: Wanted, volume: Volume, found: Snapshot | None) -> list[Change]:
    start = [] if volume.started or not wanted.restart else [Change(wanted.share, START, False, True)]
    if found is None:
        if volume.options.get(RESTORED_FROM) == wanted.restored_from:
            return start
        raise NotFound(
            f"Snapshot {wanted.name!r} does not exist, and share {wanted.share!r} was not restored from it. If that was"
            " interrupted, the volume is stopped, and has the access list and size of the snapshot's time: have"
            " gluster_shares set both before it is started."
        )
    if volume.started and not wanted.restart:
        raise Refused(
            f"Restoring share {wanted.share!r} stops its volume, and what was stored after {found.created} is lost to"
            " its clients, which must mount it again: allow that with restart: true."
        )
    restored = Change(wanted.share, RESTORE, None, wanted.name)
    return [Change(wanted.share, RESTART, False, True), restored] if volume.started else [restored, *start]


def check_possible(
    share: str, volume: Volume, processes: t.Sequence[Process], ground: Ground, count: int, allowed: Allowed
) -> None:
    """Refused if a snapshot of the volume cannot be made, or would do harm. count: how many it has already."""
    title = _title(share, volume)
    running = {(process.server, process.path) for process in processes if process.online}
    down = [f"{brick.server}:{brick.path}" for brick in volume.bricks if (brick.server, brick.path) not in running]
    if not volume.started:
        raise Refused(_not_started(title))
    if down:
        raise Refused(_down(title, volume.name, f" ({', '.join(down)})"))
    if ground.thick:
        raise Refused(_thick(title, f" ({', '.join(ground.thick)})"))
    for name, pool in ground.pools.items():
        if pool.data >= MAX_DATA or pool.metadata >= MAX_METADATA:
            raise Refused(
                f"No snapshot of {title} can be made: the thin pool {name} of its bricks is {pool.data:.1f} % full of"
                f" data and {pool.metadata:.1f} % of metadata, and a snapshot has to leave {100 - MAX_DATA:.0f} % and"
                f" {100 - MAX_METADATA:.0f} % free, because a full pool stops its bricks. Delete snapshots, or extend"
                f" it with 'lvextend --size +SIZE {name}' or '--poolmetadatasize +SIZE'."
            )
    if count >= allowed.hard:
        raise Refused(_too_many(title, volume.name, f"it has {count} of at most {allowed.hard}"))
    if allowed.auto_delete and count >= allowed.soft:
        raise Refused(
            f"No snapshot of {title} can be made: it has {count}, and Gluster's auto-delete would delete its oldest,"
            f" whosever that is, when there are more than {allowed.soft}. Delete some, or switch it off with 'gluster"
            " snapshot config auto-delete disable'."
        )


def explain(refused: Refused, share: str, volume: Volume) -> Refused:
    """Gluster's refusal to make a snapshot, as check_possible would have said it."""
    title = _title(share, volume)
    sentences = {
        _VOLUME_STOPPED: _not_started(title),
        _BRICK_DOWN: _down(title, volume.name, ""),
        _NOT_THIN: _thick(title, ""),
        _HARD_LIMIT: _too_many(title, volume.name, "it has as many as it may have"),
    }
    # GlusterFS 11 has no number for that.
    errno = _NOT_THIN if "Snapshots not supported" in str(refused) else refused.details["op_errno"]
    return Refused(sentences[errno], **refused.details) if errno in sentences else refused


# opErrno of the gluster CLI.
_BRICK_DOWN, _HARD_LIMIT, _VOLUME_STOPPED, _NOT_THIN = 30803, 30805, 30810, 30815


def _title(share: str, volume: Volume) -> str:
    return f"share {share!r}" + ("" if volume.name == share else f" (volume {volume.name!r})")


def _not_started(title: str) -> str:
    return f"No snapshot of {title} can be made: it is not started. Start it first."


def _down(title: str, volume: str, which: str) -> str:
    return (
        f"No snapshot of {title} can be made: not all of its bricks run{which}. Start them with 'gluster volume start"
        f" {volume} force', or see why their servers are down."
    )


def _thick(title: str, which: str) -> str:
    return (
        f"No snapshot of {title} can be made: Gluster needs each brick on a thin logical volume of its own, and there"
        f" are bricks that are not{which}. Make such volumes with 'lvcreate --thin', and move the bricks there with"
        " 'gluster volume replace-brick'."
    )


def _too_many(title: str, volume: str, how_many: str) -> str:
    return (
        f"No snapshot of {title} can be made: {how_many}. Delete some, keep fewer, or allow more with 'gluster snapshot"
        f" config {volume} snap-max-hard-limit NUMBER'."
    )
