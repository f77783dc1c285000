# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What a server has for bricks, and the bricks that are there: as it was seen, without a look at anything."""

from __future__ import annotations

import dataclasses
import typing as t

READY, BLANK, FOREIGN, MISSING = "ready", "blank", "foreign", "missing"


@dataclasses.dataclass(frozen=True)
class Brick:
    """A brick of ours. name: its own. path: the directory that Gluster gets. size: in bytes.

    lacks: what is left to be done until it is whole, in order. trouble: why that cannot be done, as a sentence. kept:
    whether it cannot go for that either. used: whether Gluster ever had it, or anything is in it; None if that cannot
    be told. claimed: whether it is not, and has the mark of a volume that was never made.
    """

    name: str
    volume: str
    path: str
    size: int
    lacks: tuple[str, ...] = ()
    trouble: str | None = None
    kept: bool = False
    used: bool | None = None
    claimed: bool = False

    @property
    def whole(self) -> bool:
        return not self.lacks and not self.trouble

    def told(self) -> dict[str, t.Any]:
        found = {name: getattr(self, name) for name in ("name", "volume", "path", "size", "used")}
        return {**found, "state": "whole" if self.whole else "partial"}


@dataclasses.dataclass(frozen=True)
class Place:
    """A device, or a directory. real: its own path, where path is a link. identity: the same for two names of a device
    and for all directories of a file system. group: the volume group of a device of ours. lacks: what is left to be
    done until it is ready, in order. Sizes in bytes: for a device of its thin pool, for a directory of its file system.
    """

    path: str
    kind: str
    state: str
    problem: str | None = None
    real: str = ""
    identity: str = ""
    root: bool = False
    size: int = 0
    free: int = 0
    promised: int = 0
    used: int = 0
    bricks: tuple[Brick, ...] = ()
    group: str = ""
    lacks: tuple[str, ...] = ()

    def told(self) -> dict[str, t.Any]:
        """As gluster_info and gluster_bricks tell it."""
        names = ("path", "kind", "state", "problem", "identity", "root", "size", "free", "promised", "used")
        return {**{name: getattr(self, name) for name in names}, "bricks": [brick.told() for brick in self.bricks]}
