# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What is mounted on this machine."""

from __future__ import annotations

import typing as t

MOUNTINFO = "/proc/self/mountinfo"


class Mounted(t.NamedTuple):
    """What is mounted on a path. kind: of file system. device: its numbers, major and minor."""

    kind: str
    source: str
    device: tuple[int, int]


def read_mounts(mountinfo: str = MOUNTINFO) -> dict[str, Mounted]:
    """Mount point to what is mounted there; of several mounts on a point the topmost."""
    found: dict[str, Mounted] = {}
    with open(mountinfo, encoding="utf-8", errors="surrogateescape") as handle:
        for line in handle:
            left, _dash, right = (part.split() for part in line.partition(" - "))
            major, _colon, minor = left[2].partition(":")
            found[left[4].replace("\\040", " ")] = Mounted(right[0], right[1], (int(major), int(minor)))
    return found
