# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Devices for bricks: a volume group with a thin pool, and in it for each brick a thin volume with XFS, mounted.

Each step is seen in what it leaves: the id of the device, the tags of the group and the volume, the line in fstab, the
mount. A thin volume that is being made has a tag of its own, and nobody's data.
"""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._bricks import lvm, names
from ansible_collections.glusterops.shares.plugins.module_utils._bricks.storage import (
    BLANK,
    FOREIGN,
    READY,
    Brick,
    Place,
)
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._machines.mounted import Mounted
from ansible_collections.glusterops.shares.plugins.module_utils._mounts import fstab

# What is left to be done until a device is ready ...
LABEL, GROUP, POOL = "label", "group", "pool"
# ... and until a brick is whole: its volume, active; XFS in it; where it is mounted, at boot and now; all of its size;
# the directory that Gluster gets; and no tag that says that it is being made.
VOLUME, ACTIVE, XFS, LINE, MOUNT, ROOM, DIRECTORY, END = (
    "volume",
    "active",
    "xfs",
    "line",
    "mount",
    "room",
    "directory",
    "end",
)
ALL = (VOLUME, XFS, LINE, MOUNT, DIRECTORY, END)
# Never by UUID: Gluster's snapshots have the same. glusterd waits for it at boot, and boots go on without it.
_OPTIONS = "defaults,noatime,nofail,x-systemd.before=glusterd.service,x-glusterops.brick"


def device_of(group: str, name: str) -> str:
    return f"/dev/{group}/{name}"


def line_of(group: str, name: str) -> str:
    """Of fstab."""
    return f"{device_of(group, name)} {names.MOUNTS}/{name} xfs {_OPTIONS} 0 0"


@dataclasses.dataclass(frozen=True)
class Seen:
    """What tells of a brick on a device, beside its thin volume: what is mounted on its mount point, and the lines of
    fstab for that; what lies in it; blocks: the bytes that XFS has, None if it is not mounted. broken: why it cannot be
    looked into."""

    mounted: Mounted | None = None
    lines: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    blocks: int | None = None
    broken: str | None = None


def judge(volume: lvm.Logical, seen: Seen) -> Brick | None:
    """What there is of the brick whose thin volume that is; None if it is none of ours."""
    called = names.parse(volume.name)
    if not called or not {lvm.BRICK, lvm.VOLUME + called.volume} <= volume.tags:
        return None
    point = f"{names.MOUNTS}/{volume.name}"
    making = lvm.MAKING in volume.tags
    expected = line_of(volume.group, volume.name).split()
    there = seen.mounted is not None and seen.mounted.device == volume.device
    lacks = [
        step
        for step, missing in (
            (ACTIVE, volume.device is None),
            (XFS, making and not there),
            (LINE, not seen.lines),
            (MOUNT, not there),
            (ROOM, there and seen.blocks is not None and seen.blocks + names.MIB <= volume.size),
            (DIRECTORY, making and not (there and names.LEAF in seen.entries)),
            (END, making),
        )
        if missing
    ]
    trouble, kept = None, True
    if seen.mounted and not there:
        trouble = f"{point} has {seen.mounted.source} mounted instead of {device_of(*_of(volume))}: unmount it."
    elif seen.broken:
        trouble, kept = f"{point} cannot be looked into: {seen.broken}", False
    elif len(seen.lines) > 1 or seen.lines and seen.lines[0].split()[:3] != expected[:3]:
        trouble = f"fstab has another line for {point}: take it out: {seen.lines[-1]}"
    elif not there and seen.entries:
        trouble = f"{point} is not mounted and has something in it ({seen.entries[0]}): move that elsewhere."
    elif there and not making and names.LEAF not in seen.entries:
        trouble = f"{point}/{names.LEAF}, which had the brick's data, is not there any more: replace the brick."
        kept = False
    path = f"{point}/{names.LEAF}"
    return Brick(volume.name, called.volume, path, volume.size, tuple(lacks), trouble, kept and bool(trouble))


def _of(volume: lvm.Logical) -> tuple[str, str]:
    return volume.group, volume.name


def place(path: str, real: str, physical: lvm.Physical, known: lvm.Lvm, bricks: t.Sequence[Brick], size: int) -> Place:
    """A device that is ours, by its id or its volume group. size: the device's, in bytes."""
    label = lvm.group_of(physical.label) or ""
    group = next((one for one in known.ours() if one.name == (physical.group or label)), None)
    name = group.name if group else label
    found = Place(path, names.DEVICE, BLANK, real=real, identity=f"group:{name}", group=name, size=lvm.shape(size).data)
    if not group:
        if not physical.group and label not in {one.name for one in known.groups}:
            return dataclasses.replace(found, free=found.size, lacks=(GROUP, POOL))
        return _foreign(found, f"{path} belongs to the volume group {physical.group or label}, which is not ours.")
    if group.lost:
        return _foreign(found, f"Volume group {name} of {path} lacks {group.lost} of its devices: replace its bricks.")
    within = known.within(name)
    pool = next((one for one in within if one.name == lvm.POOL and one.kind == "thin-pool"), None)
    if not pool:
        others = [one.name for one in within if not re.fullmatch(r"pool\w*|lvol\w+", one.name)]
        if others:
            return _foreign(found, f"Volume group {name} of {path} has no thin pool, and {others[0]} in it.")
        return dataclasses.replace(found, free=found.size, lacks=(POOL,))
    # Snapshots may share with the bricks all that they hold, and hold as much once these change.
    ours = {brick.name for brick in bricks}
    snapshots = sum(one.used for one in within if one.kind == "thin" and one.name not in ours)
    promised = sum(brick.size for brick in bricks)
    return dataclasses.replace(
        found,
        state=READY,
        size=pool.size,
        free=pool.size - promised - snapshots,
        promised=promised,
        used=pool.used,
        bricks=tuple(bricks),
    )


def _foreign(found: Place, why: str) -> Place:
    return dataclasses.replace(found, state=FOREIGN, problem=why, size=0)


class Thin:
    """What makes, grows and removes what lies on devices. files: of the machine, by their paths."""

    def __init__(self, run_command: lvm.RunCommand, table: str = fstab.FSTAB, booted: str = "/run/systemd/system"):
        self._run_command = run_command
        self._fstab, self._booted = table, booted

    def _run(self, *argv: str) -> str:
        return lvm.run(self._run_command, *argv)

    def seen(self, volume: lvm.Logical, mounts: t.Mapping[str, Mounted], lines: t.Sequence[fstab.Line]) -> Seen:
        """What tells of the brick whose thin volume that is."""
        point = f"{names.MOUNTS}/{volume.name}"
        mounted = mounts.get(point)
        there = mounted is not None and mounted.device == volume.device
        found = Seen(mounted, _texts(lines, point))
        try:
            entries = tuple(sorted(os.listdir(point)))
            blocks = _blocks(self._run("xfs_growfs", "-n", point)) if there else None
        except FileNotFoundError:
            return found
        except (OSError, Refused) as exc:
            # A device may have died. The others' bricks are seen all the same.
            return dataclasses.replace(found, broken=str(exc))
        return dataclasses.replace(found, entries=entries, blocks=blocks)

    # ---- a device ----

    def prepare(self, one: Place, step: str) -> None:
        """One step until the device is ready."""
        if step == LABEL:
            # Without a yes to any question: where something is found on it after all, LVM asks.
            self._run("pvcreate", "--norestorefile", "--uuid", lvm.new_label(), "--dataalignment", "1m", one.real)
        elif step == GROUP:
            self._run("vgcreate", "--addtag", lvm.STORAGE, "--physicalextentsize", "4m", one.group, one.real)
        else:
            for left in lvm.observe(self._run_command).within(one.group):
                self._run("lvremove", "--yes", f"{left.group}/{left.name}")
            self._pool(one.group, one.size)

    def _pool(self, group: str, data: int) -> None:
        (its,) = (one for one in lvm.observe(self._run_command).groups if one.name == group)
        # As it was told before there was a group; a group that an earlier version of LVM made may be smaller.
        shape = lvm.shape((its.extents + 1) * names.EXTENT)
        self._run(
            *(
                "lvcreate",
                "--type",
                "thin-pool",
                "--name",
                lvm.POOL,
                "--extents",
                str(min(data, shape.data) // names.EXTENT),
            ),
            *("--chunksize", f"{names.CHUNK // 1024}k", "--poolmetadatasize", f"{shape.metadata}b", "-Zn", group),
        )

    # ---- a brick ----

    def make(self, group: str, name: str, size: int, steps: t.Iterable[str] = ALL) -> None:
        """The steps, until the brick is whole. size: of its thin volume."""
        point, device = f"{names.MOUNTS}/{name}", device_of(group, name)
        for step in steps:
            if step == VOLUME:
                self._create(group, name, size)
            elif step == ACTIVE:
                self._run("lvchange", "--activate", "y", f"{group}/{name}")
            elif step == XFS:
                # Over what an earlier run left, or what the pool's blocks had before: by its tag it is nobody's.
                version = read_version(self._run("mkfs.xfs", "-V"))
                self._run("mkfs.xfs", "-q", "-K", "-f", *names.xfs(version), device)
            elif step == LINE:
                self._line({}, line_of(group, name))
            elif step == MOUNT:
                os.makedirs(point, mode=0o755, exist_ok=True)
                self._run("mount", "-t", "xfs", "-o", "noatime", device, point)
            elif step == ROOM:
                self._run("xfs_growfs", point)
            elif step == DIRECTORY:
                self._directory(point)
            else:
                self._run("lvchange", "--deltag", lvm.MAKING, f"{group}/{name}")

    def _create(self, group: str, name: str, size: int) -> None:
        called = t.cast(names.Called, names.parse(name))
        tags = [word for tag in (lvm.BRICK, lvm.VOLUME + called.volume, lvm.MAKING) for word in ("--addtag", tag)]
        self._run(
            *("lvcreate", "--type", "thin", "--virtualsize", f"{size}b", "--thinpool", lvm.POOL, "--name", name),
            *("--wipesignatures", "n", *tags, group),
        )

    @staticmethod
    def _directory(point: str) -> None:
        if not os.path.ismount(point):
            raise Refused(f"{point} is not mounted any more: does systemd, or somebody else, unmount it?")
        path = os.path.join(point, names.LEAF)
        os.makedirs(path, mode=0o755, exist_ok=True)
        # It must be there before the tag that says that it need not is gone.
        for directory in (path, point):
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            os.fsync(descriptor)
            os.close(descriptor)

    def grow(self, group: str, name: str, size: int) -> None:
        """Volume and file system, which may be in use."""
        self._run("lvextend", "--size", f"{size}b", f"{group}/{name}")
        self._run("xfs_growfs", f"{names.MOUNTS}/{name}")

    def remove(self, group: str, brick: Brick, mounts: t.Mapping[str, Mounted]) -> None:
        """The brick with all that is in it. What says what it was goes last."""
        point = f"{names.MOUNTS}/{brick.name}"
        if point in mounts:
            self._run("umount", point)
        texts = _texts([line for line in map(fstab.read_line, fstab.read_lines(self._fstab)) if line], point)
        if texts:
            self._line(dict.fromkeys(texts), None)
        try:
            os.rmdir(point)
        except FileNotFoundError:
            pass  # It was killed before there was one, or after it was gone.
        except OSError as exc:
            raise Refused(f"{point} cannot be removed: {exc.strerror}.") from exc
        self._run("lvremove", "--yes", f"{group}/{brick.name}")

    def _line(self, old: t.Container[str], new: str | None) -> None:
        fstab.replace_lines(self._fstab, old, new)
        if os.path.isdir(self._booted):
            self._run("systemctl", "daemon-reload")


def _texts(lines: t.Iterable[fstab.Line], point: str) -> tuple[str, ...]:
    return tuple(line.text for line in lines if line.path.rstrip("/") == point)


def _blocks(geometry: str) -> int:
    """Bytes of a file system, by what C(xfs_growfs -n) says."""
    found = re.search(r"^data\s+=\s+bsize=(\d+)\s+blocks=(\d+)", geometry, re.MULTILINE)
    if not found:
        raise GlusterOpsError(f"xfs_growfs does not tell how large a file system is: {geometry.strip()[:200]}")
    return int(found[1]) * int(found[2])


def read_version(said: str) -> tuple[int, int]:
    """Of xfsprogs, by what C(mkfs.xfs -V) says; 0.0 if it does not."""
    found = re.search(r"version (\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)
