# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Of which bricks a volume of servers' storage consists. No I/O.

Sizes are bytes.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._bricks import names
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput

_REPLICATE = re.compile(r"replicate-([2-9])(-arbiter)?", re.ASCII)
_DISPERSE = re.compile(r"disperse-([0-9]{1,3})\+([0-9]{1,3})", re.ASCII)
_WORDS = "none, replicate-2 to replicate-9, replicate-3-arbiter and disperse-DATA+REDUNDANCY"
# More fragments Gluster does not compute.
_MOST_DATA = 16


@dataclasses.dataclass(frozen=True)
class Durability:
    """What each set of bricks is, in Gluster's own numbers: replica counts the arbiter, disperse the redundancy."""

    replica: int = 1
    arbiter: int = 0
    disperse: int = 0
    redundancy: int = 0

    @classmethod
    def parse(cls, word: t.Any) -> Durability:
        """By the name that it has with Heketi, too, or BadInput."""
        text = word if isinstance(word, str) else ""
        replicate, disperse = _REPLICATE.fullmatch(text), _DISPERSE.fullmatch(text)
        if text == "none":
            return cls()
        if replicate and (not replicate[2] or replicate[1] == "3"):
            return cls(replica=int(replicate[1]), arbiter=1 if replicate[2] else 0)
        if not disperse:
            raise BadInput(f"durability {word!r} is none of {_WORDS}.")
        data, redundancy = int(disperse[1]), int(disperse[2])
        if not 1 <= redundancy < data <= _MOST_DATA:
            raise BadInput(
                f"durability {word!r} is none that Gluster has: DATA must be at most {_MOST_DATA}, and REDUNDANCY at"
                " least 1 and less than DATA."
            )
        return cls(disperse=data + redundancy, redundancy=redundancy)

    def __str__(self) -> str:
        if self.disperse:
            return f"disperse-{self.data}+{self.redundancy}"
        if self.replica == 1:
            return "none"
        return f"replicate-{self.replica}{'-arbiter' if self.arbiter else ''}"

    @property
    def width(self) -> int:
        """How many bricks a set has."""
        return self.disperse or self.replica

    @property
    def full(self) -> int:
        """How many of these are no arbiters."""
        return self.width - self.arbiter

    @property
    def data(self) -> int:
        """How many bricks' worth of files a set holds."""
        return self.disperse - self.redundancy if self.disperse else 1


@dataclasses.dataclass(frozen=True)
class Storage:
    """What a server gives to bricks. free: what it may still promise; of all storage of a server with one identity it
    is the same. capacity: what it may promise in all. takes: whether new bricks may be put there.
    """

    server: str
    address: str
    path: str
    kind: str
    identity: str
    free: int
    capacity: int = 0
    zone: str = ""
    tags: frozenset[str] = frozenset()
    takes: bool = True

    @property
    def key(self) -> tuple[str, str]:
        """What it is, whatever it is called."""
        return self.server, self.identity

    def new_brick(self, name: str, size: int) -> Brick:
        """One that shall be made there. BadInput if it cannot be called so."""
        if self.kind == names.DEVICE and names.device_mapper(name) > names.DEVICE_MAPPER:
            raise BadInput(
                f"{name} on {self.server} {self.path} would have a name that is too long for the kernel, which takes"
                " each - for two letters: shorten the share's name."
            )
        return self.brick(name, size)

    def brick(self, name: str, size: int) -> Brick:
        """One that is there."""
        above = names.MOUNTS if self.kind == names.DEVICE else self.path.rstrip("/")
        return Brick(self, self.address, f"{above}/{name}/{names.LEAF}", name, size)


class Brick(t.NamedTuple):
    """One of a volume's. storage: None, and size 0, where its server did not tell of it. path: as Gluster gets it."""

    storage: Storage | None
    address: str
    path: str
    name: str
    size: int

    def __str__(self) -> str:
        return f"{self.address}:{self.path}"

    @property
    def holds(self) -> int:
        """What can surely be stored in it."""
        return names.usable(self.storage.kind, self.size) if self.storage else 0


@dataclasses.dataclass(frozen=True)
class Layout:
    """A volume's bricks, set by set, in Gluster's order: an arbiter is the last of its set."""

    volume: str
    durability: Durability
    sets: tuple[tuple[Brick, ...], ...]

    @property
    def bricks(self) -> t.Iterator[Brick]:
        return (brick for one in self.sets for brick in one)

    def as_json(self) -> dict[str, t.Any]:
        """As gluster_volumes takes it."""
        return {"bricks": list(map(str, self.bricks)), **dataclasses.asdict(self.durability)}
