# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Whether a device is blank. What is not known of it makes it somebody's."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import re
import stat
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._machines.mounted import (
    MOUNTINFO,
    read_mounts,
    unescaped,
)

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._bricks.lvm import RunCommand

SWAPS = "/proc/swaps"
# What lsblk calls devices that may be bricks'.
_KINDS = re.compile(r"disk|part|loop|mpath|crypt|md|raid\d+|linear", re.ASCII)


class Unknown(Exception):
    """It cannot be told, and why."""


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What is known of a device: what it is, what is written on it, and who uses it, each in words. size in bytes."""

    size: int = 0
    kind: str = "disk"
    read_only: bool = False
    written: tuple[str, ...] = ()
    users: tuple[str, ...] = ()


def problem(path: str, evidence: Evidence, least: int) -> str | None:
    """Why the device cannot be taken, as a sentence; None if it is blank. least: bytes that it has to have."""
    if evidence.users:
        return f"{path} is used already: {', '.join(evidence.users)}."
    if evidence.written:
        return (
            f"{path} holds {', '.join(evidence.written)}: if nobody needs that, take it off with 'wipefs -a', else name"
            " another device."
        )
    if not _KINDS.fullmatch(evidence.kind):
        return f"{path} is of kind {evidence.kind!r}, which is none for bricks: name a disk or a partition."
    if evidence.read_only:
        return f"{path} can only be read."
    if evidence.size < least:
        return f"{path} has {evidence.size} bytes, and {least} is the least for one brick."
    return None


def gather(
    run_command: RunCommand, real: str, fstab: t.Iterable[str], mountinfo: str = MOUNTINFO, swaps: str = SWAPS
) -> Evidence:
    """What is known of the device. real: its own path. fstab: lines. Raises Unknown."""
    number = os.stat(real).st_rdev
    block = read_lsblk(*_run(run_command, "lsblk", "-J", "-b", "-o", "NAME,TYPE,SIZE,RO,MOUNTPOINT", real)[:2])
    users = [*block.users]
    for point, there in read_mounts(mountinfo).items():
        by_name = there.source.startswith("/") and same(there.source, number)
        if by_name or there.device == (os.major(number), os.minor(number)):
            users.append(f"mounted on {point}")
    with open(swaps, encoding="utf-8", errors="surrogateescape") as handle:
        users += ["swap" for line in list(handle)[1:] if same(unescaped(line.split()[0]), number)]
    users += [f"in the line {line!r} of fstab" for line in named_in(fstab, number)]
    if not users and _is_held(real):
        users.append("something has it open for itself alone")
    if users:
        # Nor would wipefs look at it.
        return dataclasses.replace(block, users=tuple(dict.fromkeys(users)))
    written = {
        *read_blkid(*_run(run_command, "blkid", "-p", "-o", "export", real)[:2]),
        *read_wipefs(*_run(run_command, "wipefs", "-n", "-J", real)[:2]),
    }
    return dataclasses.replace(block, written=tuple(sorted(written)))


def same(path: str, number: int) -> bool:
    """Whether that is the block device of that number."""
    try:
        there = os.stat(path)
    except (OSError, ValueError):
        return False
    return stat.S_ISBLK(there.st_mode) and there.st_rdev == number


# How a line of fstab names what it does not name by a path, and where that is a path.
_BY = {"UUID": "uuid", "LABEL": "label", "PARTUUID": "partuuid", "PARTLABEL": "partlabel", "ID": "id"}


def named_in(fstab: t.Iterable[str], number: int) -> list[str]:
    """The lines of fstab that name the block device of that number, by whatever name."""
    found = []
    for line in fstab:
        first = unescaped(line.split()[0]) if line.strip() and not line.lstrip().startswith("#") else ""
        by, equals, value = first.partition("=")
        path = f"/dev/disk/by-{_BY[by]}/{value.strip(chr(34))}" if equals and by in _BY else first
        if path.startswith("/") and same(path, number):
            found.append(line.strip())
    return found


def _is_held(real: str) -> bool:
    """Whether the kernel has it for somebody: mounts, swap, RAID, LVM, ZFS and the like open it so. Raises Unknown."""
    try:
        os.close(os.open(real, os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC))
    except OSError as exc:
        if exc.errno == errno.EBUSY:
            return True
        raise Unknown(f"it cannot be opened: {exc.strerror}") from exc
    return False


def read_blkid(rc: int, out: str) -> list[str]:
    """What C(blkid -p -o export) found. Raises Unknown."""
    if rc == 2 and not out.strip():
        return []
    if rc == 8:
        return ["several things at once, says blkid"]
    pairs = dict(line.partition("=")[::2] for line in out.splitlines())
    if rc or not pairs:
        raise Unknown(f"blkid ends with {rc}: {out.strip()[:200]}")
    said = [f"{what} {pairs[key]}" for key, what in _SAID.items() if pairs.get(key)]
    # Of a partition it tells what its disk has of it, with nothing on it.
    if not said and all(key == "DEVNAME" or key.startswith("PART_ENTRY_") for key in pairs):
        return []
    return said or ["something that blkid knows"]


_SAID = {"PTTYPE": "partition table", "TYPE": "signature"}


def read_wipefs(rc: int, out: str) -> list[str]:
    """What C(wipefs -n -J) found. Raises Unknown."""
    try:
        found = json.loads(out)["signatures"] if out.strip() else []
        kinds = [str(one["type"]) for one in found]
    except (ValueError, KeyError, TypeError) as exc:
        raise Unknown(f"wipefs ends with {rc}: {out.strip()[:200]}") from exc
    if rc:
        raise Unknown(f"wipefs ends with {rc}")
    tables = ("dos", "gpt", "PMBR", "sun", "bsd", "mac", "atari", "sgi")
    return [f"{'partition table' if kind in tables else 'signature'} {kind}" for kind in kinds]


def read_lsblk(rc: int, out: str) -> Evidence:
    """What C(lsblk -J -b) tells of one device. Raises Unknown."""
    try:
        (device,) = json.loads(out)["blockdevices"]
        below = [f"{child['type']} {child['name']} on it" for child in device.get("children", ())]
        mounted = [f"mounted on {device['mountpoint']}"] if device["mountpoint"] else []
        kind, size, read_only = str(device["type"]), int(device["size"]), device["ro"] in (True, "1", 1)
    except (ValueError, KeyError, TypeError) as exc:
        raise Unknown(f"lsblk ends with {rc}: {out.strip()[:200]}") from exc
    if rc:
        raise Unknown(f"lsblk ends with {rc}")
    return Evidence(size, kind, read_only, users=(*below, *mounted))


def _run(run_command: RunCommand, *argv: str) -> tuple[int, str, str]:
    try:
        return run_command(list(argv), environ_update={"LC_ALL": "C.UTF-8"}, handle_exceptions=False)
    except OSError as exc:
        raise Unknown(f"the program {argv[0]} is not on this server: install util-linux") from exc
