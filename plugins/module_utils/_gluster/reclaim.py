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
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.mounts import read_mounts
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli

_RunCommand = t.Callable[..., "tuple[int, str, str]"]

BRICK = "brick"
# Where Gluster mounts the bricks of snapshots and clones, each in a directory of its snapshot or clone.
DIRECTORY = "/run/gluster/snaps"
# What a brick's root says once its volume was wiped to be deleted: the volume's name.
_RELEASED = "user.glusterops-released"
# What its logical volume says before it is unmounted, when the brick cannot be asked any more.
_TAG = "glusterops_released"
# How deep in its file system a brick is looked for.
_DEPTH = 8


@dataclasses.dataclass(frozen=True)
class Leftover:
    """A logical volume that held a brick of a deleted clone. mount: where it is mounted, None if it is not."""

    device: str
    mount: str | None


def mark_released(root: int, volume: str) -> None:
    """Has all bricks say that they can go once the volume is deleted. root: of an empty volume's mount."""
    os.setxattr(root, _RELEASED, volume.encode())


def reclaim(cli: GlusterCli, check_mode: bool, directory: str = DIRECTORY) -> list[Change]:
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


def observe(cli: GlusterCli, directory: str = DIRECTORY) -> list[Leftover]:
    """The logical volumes on this server that can go. Asks gluster only where some brick says that it was released.

    No volume and no snapshot may have it, whatever it says: a snapshot might have been taken of it meanwhile.
    """
    mounts = {path: source for path, (_kind, source) in read_mounts().items() if path.startswith(f"{directory}/")}
    released = {source: path for path, source in sorted(mounts.items()) if _is_released(path)}
    if released:
        used = [os.path.realpath(brick.path) for volume in answers.volumes(cli).values() for brick in volume.bricks]
        kept = [os.path.join(directory, one.logical, "") for one in snapshot.snapshots(cli).values()]
        for source, path in list(released.items()):
            if path.startswith(tuple(kept)) or any(brick.startswith(f"{path}/") for brick in used):
                del released[source]
    where = {os.path.realpath(source): path for path, source in mounts.items()}
    tagged = {device: where.get(os.path.realpath(device)) for device in _tagged(cli.run_command)}
    return [Leftover(*one) for one in {**tagged, **released}.items()]


def _is_released(path: str) -> bool:
    """Whether a brick in this file system says so."""
    for place, directories, _files in os.walk(path):
        if ".glusterfs" in directories:
            directories.clear()
            with contextlib.suppress(OSError):
                os.getxattr(place, _RELEASED)
                return True
        elif place[len(path) :].count("/") >= _DEPTH:
            directories.clear()
    return False


def _tagged(run_command: _RunCommand) -> list[str]:
    argv = ["lvs", "--noheadings", "-o", "lv_dm_path", f"@{_TAG}"]
    try:
        rc, out, err = run_command(argv, environ_update={"LC_ALL": "C.UTF-8"}, handle_exceptions=False)
    except OSError:
        return []
    if rc:
        raise GlusterOpsError(f"lvs does not list logical volumes: {err.strip()[:300]}", cmd=" ".join(argv), rc=rc)
    return out.split()


def _remove(run_command: _RunCommand, leftover: Leftover) -> None:
    # Once it is unmounted only the tag tells that it can go.
    _run(run_command, leftover, "lvchange", "--addtag", _TAG, leftover.device)
    if leftover.mount:
        _run(run_command, leftover, "umount", leftover.mount)
        with contextlib.suppress(OSError):
            os.rmdir(leftover.mount)
            os.rmdir(os.path.dirname(leftover.mount))
    _run(run_command, leftover, "lvremove", "--yes", leftover.device)


def _run(run_command: _RunCommand, leftover: Leftover, *argv: str) -> None:
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
