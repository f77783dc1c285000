# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What is mounted on this machine."""

from __future__ import annotations

import re
import typing as t

MOUNTINFO = "/proc/self/mountinfo"


class Mounted(t.NamedTuple):
    """What is mounted on a path. kind: of file system. device: its numbers, major and minor. options: of this mount and
    of its file system."""

    kind: str
    source: str
    device: tuple[int, int]
    options: frozenset[str] = frozenset()


def unescaped(word: str) -> str:
    """A word of fstab or mountinfo, which write blanks, backslashes and the like as octal numbers."""
    return re.sub(r"\\([0-3][0-7]{2})", lambda found: chr(int(found[1], 8)), word)


def read_mounts(mountinfo: str = MOUNTINFO) -> dict[str, Mounted]:
    """Mount point to what is mounted there; of several mounts on a point the topmost."""
    return {point: there for _this, _parent, point, there in _lines(mountinfo)}


def read_reachable(mountinfo: str = MOUNTINFO) -> dict[str, Mounted]:
    """The like, without what is hidden below a mount on a directory above it."""
    lines = list(_lines(mountinfo))
    on = {(parent, point): this for this, parent, point, _there in lines}
    known = {this for this, _parent, _point, _there in lines}
    roots = [this for this, parent, point, _there in lines if point == "/" and parent not in known - {this}]

    def leads_to(point: str) -> str | None:
        here, path = roots[0], ""
        for part in ["", *filter(None, point.split("/"))]:
            path = path.rstrip("/") + "/" + part
            passed = set()
            while (here, path) in on and here not in passed:
                passed.add(here)
                here = on[here, path]
        return here

    if not roots:
        return {point: there for _this, _parent, point, there in lines}
    return {point: there for this, _parent, point, there in lines if leads_to(point) == this}


def points_of(kind: str, mountinfo: str = MOUNTINFO) -> set[str]:
    """Where anything of that kind is mounted, be it under something else."""
    return {point for _this, _parent, point, there in _lines(mountinfo) if there.kind == kind}


def _lines(mountinfo: str) -> t.Iterator[tuple[str, str, str, Mounted]]:
    """Each mount: its number, that of the mount it is on, its point, and what it is."""
    with open(mountinfo, encoding="utf-8", errors="surrogateescape") as handle:
        for line in handle:
            left, _dash, right = (part.split(" ") for part in line.rstrip("\n").partition(" - "))
            major, _colon, minor = left[2].partition(":")
            options = frozenset([*left[5].split(","), *right[-1].split(",")])
            there = Mounted(right[0], unescaped(right[1]), (int(major), int(minor)), options)
            yield left[0], left[1], unescaped(left[4]), there
