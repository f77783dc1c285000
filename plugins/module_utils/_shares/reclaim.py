# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Removes the bricks of deleted clones: Gluster deletes such a volume, and leaves its logical volumes mounted."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    GlusterOpsError,
    NotFound,
    Refused,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers, snapshot
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import RunCommand
from ansible_collections.glusterops.shares.plugins.module_utils._machines import thin
from ansible_collections.glusterops.shares.plugins.module_utils._machines.mounted import read_mounts
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli


BRICK = "brick"
# What a brick's root says once its volume was wiped to be deleted: the volume's name.
_RELEASED = "user.glusterops-released"
# What its logical volume says before it is unmounted, when the brick cannot be asked any more.
_TAG = "glusterops_released"
# How deep in its file system a brick is looked for.
_DEPTH = 8
# Directories that Gluster has in the root of a brick that is empty.
_GLUSTERS = (".glusterfs", ".shard", ".trashcan")


@dataclasses.dataclass(frozen=True)
class Leftover:
    """A logical volume that held a brick of a deleted clone. mount: where it is mounted, None if it is not."""

    device: str
    mount: str | None


def mark_released(root: int, volume: str) -> None:
    """Has all bricks say that they can go once the volume is deleted. root: of an empty volume's mount."""
    os.setxattr(root, _RELEASED, volume.encode())


def reclaim(cli: GlusterCli, check_mode: bool, directory: str = snapshot.BRICKS[0]) -> list[Change]:
    """Removes what deleted clones left on this server: what was removed. Nobody else knows these logical volumes."""
    found = observe(cli, directory)
    changes = [Change(leftover.device, BRICK, leftover.mount, None) for leftover in found]
    for number, leftover in enumerate([] if check_mode else found):
        try:
            _remove(cli.run_command, leftover)
        except GlusterOpsError as exc:
            exc.details["changes"] = changes[:number]
            raise
    return changes


def observe(cli: GlusterCli, directory: str = snapshot.BRICKS[0]) -> list[Leftover]:
    """The logical volumes on this server that can go. Asks gluster only where some brick says that it was released.

    No volume and no snapshot may have it, whatever it says: a snapshot might have been taken of it meanwhile.
    """
    mounts = {path: there.source for path, there in read_mounts().items() if path.startswith(directory)}
    released = {source: path for path, source in sorted(mounts.items()) if _is_released(path)}
    if released:
        used = [os.path.realpath(brick.path) for volume in answers.volumes(cli).values() for brick in volume.bricks]
        kept = [os.path.join(directory, one.logical, "") for one in snapshot.snapshots(cli).values()]
        for source, path in list(released.items()):
            if path.startswith(tuple(kept)) or any(brick.startswith(f"{path}/") for brick in used):
                del released[source]
    where = {os.path.realpath(source): path for path, source in mounts.items()}
    rows = thin.lvs(cli.run_command, "-o", "lv_dm_path", f"@{_TAG}")
    tagged = {row["lv_dm_path"]: where.get(os.path.realpath(row["lv_dm_path"])) for row in rows}
    return [Leftover(*one) for one in {**tagged, **released}.items()]


def _is_released(path: str) -> bool:
    """Whether all bricks in this file system say so, and are empty. A tenant can have his brick say anything, and
    Gluster does not know yet of a snapshot that is only being made."""
    found = False
    for place, directories, files in os.walk(path):
        if ".glusterfs" in directories:
            if files or not all(name.startswith(_GLUSTERS) for name in directories):
                return False
            try:
                os.getxattr(place, _RELEASED)
            except OSError:
                return False
            found = True
            directories.clear()
        elif place[len(path) :].count("/") >= _DEPTH:
            directories.clear()
    return found


def _remove(run_command: RunCommand, leftover: Leftover) -> None:
    # Once it is unmounted only the tag tells that it can go.
    _run(run_command, leftover, "lvchange", "--addtag", _TAG, leftover.device)
    if leftover.mount:
        _run(run_command, leftover, "umount", leftover.mount)
        with contextlib.suppress(OSError):
            os.rmdir(leftover.mount)
            os.rmdir(os.path.dirname(leftover.mount))
    _run(run_command, leftover, "lvremove", "--yes", leftover.device)


def _run(run_command: RunCommand, leftover: Leftover, *argv: str) -> None:
    try:
        rc, out, err = run_command(list(argv), environ_update={"LC_ALL": "C.UTF-8"}, handle_exceptions=False)
    except OSError as exc:
        raise NotFound(
            f"{argv[0]} is not on this server, so {leftover.device} cannot be removed: {exc.strerror}"
        ) from exc
    if rc:
        raise Refused(
            f"{leftover.device}, which held a brick of a deleted clone, could not be removed: {argv[0]} says:"
            f" {(err or out).strip()[:300]}",
            cmd=" ".join(argv),
            rc=rc,
        )
