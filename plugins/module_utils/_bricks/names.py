# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What the bricks that this collection makes are called, where they lie, and what each size of them can hold."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput

DEVICE, DIRECTORY = "device", "directory"
# The directory that Gluster gets. The one that it is in is the brick's own.
LEAF = "brick"
# Where bricks on devices are mounted.
MOUNTS = "/var/lib/glusterops/bricks"

_NAME = re.compile(r"brick_([A-Za-z0-9_][A-Za-z0-9_-]{0,63})_([1-9][0-9]{0,8})", re.ASCII)
_VOLUME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", re.ASCII)

# Characters that the kernel takes as the name of a logical volume with its group's. LVM doubles each "-" in them.
DEVICE_MAPPER = 127
_GROUP_AND_DASH = len("glusterops_01234567-")

MIB = 1024**2
EXTENT = 4 * MIB
# mkfs.xfs has no room for its log on less, where it lies on stripes.
LEAST = 516 * MIB
CHUNK = 256 * 1024
# What XFS keeps for itself, at most: log and reserve, and of each size a part. Grown from 512 MiB to 1 TiB it keeps no
# more.
_KEPT, _PART = 128 * MIB, 128


class Called(t.NamedTuple):
    """Which brick it is: the volume it was made for, and its number, which no other brick of that volume ever had."""

    volume: str
    number: int


def name(volume: str, number: int) -> str:
    """What the brick is called. BadInput if no brick can be called after such a volume."""
    if not _VOLUME.fullmatch(volume):
        raise BadInput(
            f"volume {volume!r} cannot have bricks on servers' storage: its name must be 1 to 64 of A-Z a-z 0-9 _ and"
            " -, not beginning with -."
        )
    if not 1 <= number <= 999_999_999:
        raise BadInput(f"number {number!r} of a brick must be from 1 to 999999999.")
    return f"brick_{volume}_{number}"


def device_mapper(called: str) -> int:
    """How long the kernel's name of such a brick's logical volume would be."""
    return _GROUP_AND_DASH + len(called) + called.count("-")


def parse(called: str) -> Called | None:
    """Which brick is called so, None if none of ours is."""
    found = _NAME.fullmatch(called)
    return Called(found[1], int(found[2])) if found else None


def of_path(path: str) -> Called | None:
    """Which brick that is, by the path that Gluster has of it, None if it is none of ours."""
    above, _slash, leaf = path.rpartition("/")
    return parse(above.rpartition("/")[2]) if leaf == LEAF and path.startswith("/") else None


def made(volume: str, paths: t.Iterable[str]) -> bool:
    """Whether we made the volume: all of its bricks, of which there are some, are ours and for it."""
    found = [of_path(path) for path in paths]
    return bool(found) and all(one is not None and one.volume == volume for one in found)


def xfs(version: tuple[int, int]) -> tuple[str, ...]:
    """How that version of mkfs.xfs is told to make what the kernel of Debian 12 reads and usable() is true of. Stripes
    are of the size of the pool's chunks, whatever is below it."""
    inodes = "size=512,nrext64=0" if version >= (5, 19) else "size=512"
    return ("-i", inodes, "-m", "rmapbt=0", "-d", "su=256k,sw=1")


def usable(kind: str, size: int) -> int:
    """Bytes that surely can be stored in a brick of so many. kind: DEVICE or DIRECTORY."""
    return size if kind == DIRECTORY else max(0, size - size // _PART - _KEPT)


def needed(kind: str, least: int) -> int:
    """The bytes of the smallest brick in which so many can be stored."""
    if kind == DIRECTORY:
        return max(1, least)
    extents = max(LEAST, (least + _KEPT) * _PART // (_PART - 1)) // EXTENT
    while usable(kind, extents * EXTENT) < least:
        extents += 1
    return extents * EXTENT
