# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Looks at what this server has for bricks, once."""

from __future__ import annotations

import dataclasses
import glob
import os
import re
import stat
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._bricks import devices, directories, lvm, names, thin
from ansible_collections.glusterops.shares.plugins.module_utils._bricks.storage import (
    BLANK,
    FOREIGN,
    MISSING,
    Place,
)
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.glusterd import GLUSTERD
from ansible_collections.glusterops.shares.plugins.module_utils._machines.mounted import Mounted, read_mounts
from ansible_collections.glusterops.shares.plugins.module_utils._mounts import fstab

# A shell, fstab and Gluster all take it as it is.
_PATH = re.compile(r"(/[A-Za-z0-9._:@+=-]+)+", re.ASCII)


def check_path(path: t.Any) -> str:
    """The path of a device or directory, or BadInput."""
    if not isinstance(path, str) or not _PATH.fullmatch(path) or os.path.normpath(path) != path or len(path) > 255:
        raise BadInput(
            f"storage {path!r} is not the path of a device or directory: write it whole, without '..', of A-Z a-z 0-9"
            " . _ : @ + = - and /, as in '/dev/sdb' or '/srv/gluster'."
        )
    return path


def kind_of(path: str) -> str:
    return names.DEVICE if path.startswith("/dev/") else names.DIRECTORY


@dataclasses.dataclass(frozen=True)
class Look:
    """What is there. places: those that were asked for, in that order, and then those of ours that were not."""

    places: tuple[Place, ...]
    mounts: t.Mapping[str, Mounted]

    def told(self) -> list[dict[str, t.Any]]:
        return [place.told() for place in self.places]


def observe(run_command: lvm.RunCommand, paths: t.Sequence[str], glusterd: str = GLUSTERD) -> Look:
    """paths: of devices and directories. Needs neither Gluster nor, where no device is ours, LVM."""
    mounts = read_mounts()
    texts = fstab.read_lines(fstab.FSTAB)
    known = lvm.observe(run_command)
    tool = thin.Thin(run_command)
    lines = [line for line in map(fstab.read_line, texts) if line]
    bricks = {
        group.name: [
            # What is not mounted now cannot be told.
            brick if thin.MOUNT in brick.lacks else directories.with_use(brick)
            for volume in sorted(known.within(group.name), key=lambda one: one.name)
            for brick in [thin.judge(volume, tool.seen(volume, mounts, lines)) if volume.kind == "thin" else None]
            if brick
        ]
        for group in known.ours()
    }
    groups = {group.name for group in known.ours()}
    # LVM also names what it lacks.
    there = [one for one in known.devices if one.path.startswith("/")]
    mine = {os.path.realpath(one.path): one for one in there if one.group in groups or _is_begun(one)}

    def device(path: str) -> Place:
        real = os.path.realpath(path)
        found = Place(path, names.DEVICE, MISSING, f"{path} is not on this server.", real)
        try:
            status = os.stat(real)
        except OSError:
            return found
        if real in mine:
            one = mine[real]
            group = one.group or lvm.group_of(one.label) or ""
            try:
                size = _size(real)
            except OSError as exc:
                said = f"{path} cannot be opened: {exc.strerror}."
                return dataclasses.replace(found, state=FOREIGN, problem=said, identity=f"group:{group}")
            return thin.place(path, real, one, known, bricks.get(group, []), size)
        number = status.st_rdev
        found = dataclasses.replace(found, state=FOREIGN, identity=f"device:{os.major(number)}:{os.minor(number)}")
        if not stat.S_ISBLK(status.st_mode):
            return dataclasses.replace(found, problem=f"{path} is no block device.", identity="")
        try:
            evidence = devices.gather(run_command, real, texts)
        except (devices.Unknown, OSError) as exc:
            return dataclasses.replace(found, problem=f"What is on {path} cannot be told: {exc}.")
        used = [f"LVM's in {one.group or 'no group'}" for one in there if os.path.realpath(one.path) == real]
        evidence = dataclasses.replace(evidence, users=(*evidence.users, *used))
        data = lvm.shape(evidence.size).data
        why = devices.problem(path, evidence, lvm.LEAST_DEVICE)
        if why:
            return dataclasses.replace(found, problem=why)
        return dataclasses.replace(
            found, state=BLANK, problem=None, size=data, free=data, lacks=(thin.LABEL, thin.GROUP, thin.POOL)
        )

    def directory(path: str) -> Place:
        try:
            return directories.observe(path, mounts)
        except OSError as exc:
            return Place(path, names.DIRECTORY, FOREIGN, f"{path} cannot be looked at: {exc.strerror}.")

    places = [device(path) if kind_of(path) == names.DEVICE else directory(path) for path in paths]
    reals, seen = {place.real for place in places}, {place.identity for place in places}
    # Of several devices in a group one is enough.
    for real, one in sorted(mine.items()):
        found = device(one.path)
        if real not in reals and found.identity not in seen:
            places.append(found)
            seen.add(found.identity)
    places += [directory(path) for path in sorted(_known(glusterd) - reals)]
    return Look(tuple(directories.one_room(places)), mounts)


def _is_begun(one: lvm.Physical) -> bool:
    return not one.group and lvm.group_of(one.label) is not None


def _size(real: str) -> int:
    with open(real, "rb") as handle:
        return handle.seek(0, os.SEEK_END)


def _known(glusterd: str) -> set[str]:
    """The directories of ours in which Gluster has bricks of this server."""
    found = set()
    for path in glob.glob(os.path.join(glob.escape(glusterd), "vols", "*", "bricks", "*")):
        try:
            with open(path, encoding="utf-8", errors="replace") as handle:
                pairs = dict(line.rstrip("\n").partition("=")[::2] for line in handle)
        except OSError:
            continue
        brick = pairs.get("path", "")
        base = os.path.dirname(os.path.dirname(os.path.realpath(brick)))
        if names.of_path(brick) and base != names.MOUNTS and directories.is_ours(base):
            found.add(base)
    return found


def used_by(volumes: t.Iterable[t.Any]) -> dict[str, str]:
    """By name of a brick of ours, the volume that has it. volumes: all that Gluster has."""
    found = {}
    for volume in volumes:
        for brick in volume.bricks:
            called = names.of_path(brick.path)
            if called:
                found[names.name(*called)] = volume.name
    return found
