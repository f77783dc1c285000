# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Where the bricks of volumes are put, and how volumes grow. No I/O: the same storage and wishes, the same plan.

A set never has two bricks in one domain: a server, or a zone where any server has one; servers without one are in one
zone then. The storage with most room is taken first, among equals by server and path. A volume has the fewest sets that
fit, all as large as each other. One that grows does so in place, evenly. Only when its storage is full it gets new
sets, the fewest that fit, and all of its sets are made as equal as they can be. What is there neither shrinks nor
moves.

Sizes are bytes.
"""

from __future__ import annotations

import bisect
import contextlib
import dataclasses
import itertools
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._bricks import names
from ansible_collections.glusterops.shares.plugins.module_utils._errors import Unreachable
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.layout import (
    Brick,
    Durability,
    Layout,
    Storage,
)

# An arbiter has a file's name and attributes, of 4 KiB at most, for each file of 64 KiB: what Heketi takes for usual.
ARBITER_PART = 16
# Of a volume: more make each mount slow.
MOST_BRICKS = 512

_EXTENT = names.EXTENT


@dataclasses.dataclass(frozen=True)
class Wish:
    """A volume as it is declared. size: what it shall hold. sets: how many it has at least when it is made. tags: its
    bricks are only put on storage with all of these."""

    name: str
    size: int
    durability: Durability
    sets: int = 1
    tags: frozenset[str] = frozenset()

    def takes(self, spare: Brick) -> bool:
        """Whether the brick is where a new one might be."""
        return bool(spare.storage and spare.storage.takes and self.tags <= spare.storage.tags)


@dataclasses.dataclass(frozen=True)
class Present:
    """What there is of a volume. layout: None if it does not exist. last: the largest number that a brick of it has.

    spare: bricks that an interrupted run made for it, and nothing is in. unknown: why the sizes of some of its bricks
    are not known, as a sentence.
    """

    layout: Layout | None = None
    last: int = 0
    spare: tuple[Brick, ...] = ()
    unknown: str = ""


@dataclasses.dataclass(frozen=True)
class Plan:
    """A volume as it will be. made: its new bricks. grown: bricks as they are, with what they become."""

    layout: Layout
    made: tuple[Brick, ...] = ()
    grown: tuple[tuple[Brick, Brick], ...] = ()


class _Shelf:
    """Storage for bricks, each once whatever its names, most free first."""

    def __init__(self, storages: t.Iterable[Storage], free: t.Mapping[tuple[str, str], int]) -> None:
        self._rank: dict[tuple[str, str], int] = {}
        self.storages: list[Storage] = []
        for storage in storages:
            if storage.key not in self._rank:
                self._rank[storage.key] = len(self.storages)
                self.storages.append(storage)
        self._order = sorted((-free[key], rank) for key, rank in self._rank.items())

    def move(self, key: tuple[str, str], before: int, after: int) -> None:
        rank = self._rank.get(key)
        if rank is not None:
            del self._order[bisect.bisect_left(self._order, (-before, rank))]
            bisect.insort(self._order, (-after, rank))

    def with_free(self, least: int) -> t.Iterator[Storage]:
        for free, rank in self._order:
            if -free < least:
                return
            yield self.storages[rank]


class Room:
    """What is free on the storage of a cluster, less what was planned already."""

    def __init__(self, storages: t.Iterable[Storage]) -> None:
        self.storages = sorted(storages, key=lambda one: (one.server, one.path))
        self.zoned = any(one.zone for one in self.storages)
        self._free: dict[tuple[str, str], int] = {}
        for one in self.storages:
            self._free[one.key] = min(one.free, self._free.get(one.key, one.free))
        self._shelves: dict[frozenset[str], _Shelf] = {}
        self._taken: list[tuple[tuple[str, str], int]] = []

    def domain(self, storage: Storage) -> str:
        """Of all storage with the same, a set has one brick."""
        return storage.zone if self.zoned else storage.server

    def free(self, storage: Storage) -> int:
        return self._free[storage.key]

    def shelf(self, tags: frozenset[str]) -> _Shelf:
        """The storage that takes new bricks, and has all of these tags."""
        if tags not in self._shelves:
            self._shelves[tags] = _Shelf((one for one in self.storages if one.takes and tags <= one.tags), self._free)
        return self._shelves[tags]

    def take(self, storage: Storage, size: int) -> None:
        self._taken.append((storage.key, size))
        self._change(storage.key, -size)

    @contextlib.contextmanager
    def trial(self) -> t.Iterator[t.Callable[[], None]]:
        """Gives back what was taken in it, unless that was kept by a call of what it gives."""
        start: int | None = len(self._taken)

        def keep() -> None:
            nonlocal start
            start = None

        try:
            yield keep
        finally:
            while start is not None and len(self._taken) > start:
                self._change(*self._taken.pop())

    def _change(self, key: tuple[str, str], by: int) -> None:
        before = self._free[key]
        self._free[key] = before + by
        for shelf in self._shelves.values():
            shelf.move(key, before, before + by)


def lay_out(wishes: t.Iterable[Wish], room: Room, present: t.Mapping[str, Present]) -> list[Plan | None]:
    """Of each wish, one after the other, its plan; None if there is no room."""
    return [lay(wish, room, present.get(wish.name, Present())) for wish in wishes]


def lay(wish: Wish, room: Room, present: Present) -> Plan | None:
    """Takes the room for the wish; None if there is not enough, and nothing is taken then.

    Unreachable if the volume has to grow, and its size is not known.
    """
    layout = present.layout or Layout(wish.name, wish.durability, ())
    kind = layout.durability
    have = [_holds(kind, one) for one in layout.sets]
    each = -(-wish.size // kind.data)
    if sum(have) >= each:
        return _grow(layout, room, 0) or Plan(layout)
    if present.unknown:
        raise Unreachable(present.unknown)
    cap = -1
    if have:
        # In place: to the level that all need, else as far as their storage goes.
        level = _level(have, 0, each, each + _EXTENT)
        plan = _grow(layout, room, level)
        if plan:
            return plan
        cap = _highest(layout, room, level)
    lacking = kind.full * (each - sum(max(its, cap) for its in have))
    if lacking > _total(room, wish) + sum(brick.size for brick in present.spare):
        return None
    for sets in range(1 if have else wish.sets, MOST_BRICKS // kind.width - len(have) + 1):
        level = _level(have, sets, each, cap)
        with room.trial() as keep:
            grown = _grow(layout, room, min(level, cap)) if cap >= 0 else Plan(layout)
            made = _make(wish, room, present, kind, sets, level) if grown else None
            if grown and made:
                keep()
                bricks = tuple(brick for one in made for brick in one)
                return Plan(dataclasses.replace(layout, sets=grown.layout.sets + made), bricks, grown.grown)
    return None


def arbiter(holds: int) -> int:
    """What the arbiter of a set with so much has to hold."""
    return _whole(-(-holds // ARBITER_PART))


def _whole(size: int) -> int:
    """Rounded up, for sizes that can be read."""
    return -(-size // _EXTENT) * _EXTENT


def _total(room: Room, wish: Wish) -> int:
    return sum(max(0, room.free(one)) for one in room.shelf(wish.tags).storages)


# ---- in place --------------------------------------------------------------------------------------------------------


def _holds(kind: Durability, one: t.Sequence[Brick]) -> int:
    """What surely can be stored on each full brick of the set. One whose server did not tell is as its others."""
    return min((brick.holds for brick in one[: kind.full] if brick.storage), default=0)


def _level(have: t.Sequence[int], more: int, each: int, cap: int) -> int:
    """The least that so many new sets must hold, if the others hold as much, up to the cap, or what they do now."""
    if not have:
        return _whole(-(-each // more))
    low, high = 0, -(-each // _EXTENT)
    while low < high:
        middle = (low + high) // 2
        level = middle * _EXTENT
        if sum(max(its, min(level, cap)) for its in have) + more * level >= each:
            high = middle
        else:
            low = middle + 1
    return high * _EXTENT


def _grow(layout: Layout, room: Room, level: int) -> Plan | None:
    """Every set raised to hold as much, and its arbiter with it; None if there is no room. The room is taken."""
    sets = tuple(tuple(_raise(layout.durability, one, level)) for one in layout.sets)
    grown = tuple(
        (before, after)
        for old, new in zip(layout.sets, sets)
        for before, after in zip(old, new)
        if before.size != after.size
    )
    with room.trial() as keep:
        for before, after in grown:
            if after.storage:
                room.take(after.storage, after.size - before.size)
        if any(after.storage and room.free(after.storage) < 0 for _before, after in grown):
            return None
        keep()
    return Plan(dataclasses.replace(layout, sets=sets), (), grown)


def _raise(kind: Durability, one: t.Sequence[Brick], level: int) -> t.Iterator[Brick]:
    full = [_raised(brick, max(level, _holds(kind, one))) for brick in one[: kind.full]]
    yield from full
    for brick in one[kind.full :]:
        yield _raised(brick, arbiter(_holds(kind, full)))


def _raised(brick: Brick, holds: int) -> Brick:
    if not brick.storage or brick.holds >= holds:
        return brick
    return brick._replace(size=names.needed(brick.storage.kind, holds))


def _highest(layout: Layout, room: Room, level: int) -> int:
    """The highest level below this one for which there is room, -1 if there is none even for what is there."""
    low, high = -1, level // _EXTENT - 1
    while low < high:
        middle = (low + high + 1) // 2
        with room.trial():
            if _grow(layout, room, middle * _EXTENT):
                low = middle
            else:
                high = middle - 1
    return low * _EXTENT if low >= 0 else -1


# ---- new sets --------------------------------------------------------------------------------------------------------

# Where a brick is put, its size, and the spare brick that it is.
_Place = t.Tuple[Storage, int, t.Optional[Brick]]
_Set = t.Tuple[Brick, ...]


def _make(wish: Wish, room: Room, present: Present, kind: Durability, sets: int, level: int) -> tuple[_Set, ...] | None:
    """So many sets, each of which holds as much; None if there is no room. The room is taken."""
    placed = _place(wish, room, present, kind, sets, level, packed=False)
    if placed is None and _may_fit(wish, room, kind, sets, level):
        placed = _place(wish, room, present, kind, sets, level, packed=True)
    if placed is None:
        return None
    numbers = itertools.count(present.last + 1)
    return tuple(
        tuple(
            spare._replace(size=size) if spare else storage.brick(names.name(wish.name, next(numbers)), size)
            for storage, size, spare in one
        )
        for one in placed
    )


def _may_fit(wish: Wish, room: Room, kind: Durability, sets: int, level: int) -> bool:
    """Whether the full bricks of so many sets find their places. Exact, where there are no others."""
    slots: dict[str, int] = {}
    for storage in room.shelf(wish.tags).storages:
        domain = room.domain(storage)
        slots[domain] = slots.get(domain, 0) + max(0, room.free(storage)) // names.needed(storage.kind, level)
    return sum(min(number, sets) for number in slots.values()) >= sets * kind.full


def _place(
    wish: Wish, room: Room, present: Present, kind: Durability, sets: int, level: int, packed: bool
) -> list[list[_Place]] | None:
    """packed: the domains that have room for most of such bricks come first, not the storage with most room. That finds
    places for as many as there are."""
    # Arbiters are last, and get the smallest.
    spare = sorted(filter(wish.takes, present.spare), key=lambda brick: (-brick.size, brick.name))
    placed = []
    with room.trial() as keep:
        for _number in range(sets):
            chosen = _choose(wish, room, kind, level, spare, packed)
            if chosen is None:
                return None
            for storage, size, its in chosen:
                room.take(storage, size - (its.size if its else 0))
                if its:
                    spare.remove(its)
            placed.append(chosen)
        keep()
    return placed


def _choose(
    wish: Wish, room: Room, kind: Durability, level: int, spare: t.Sequence[Brick], packed: bool
) -> list[_Place] | None:
    """The places of one set."""
    chosen: list[_Place] = []
    domains: set[str] = set()

    def choose(number: int, holds: int, order: t.Iterable[Storage], spares: t.Iterable[Brick]) -> bool:
        sizes = {one: names.needed(one, holds) for one in (names.DEVICE, names.DIRECTORY)}
        its_own = ((brick.storage, brick) for brick in spares if brick.storage)
        places: t.Iterator[tuple[Storage, Brick | None]] = itertools.chain(its_own, ((one, None) for one in order))
        while number:
            storage, its = next(places, (None, None))
            if storage is None:
                return False
            has = its.size if its else 0
            size = max(has, sizes[storage.kind])
            domain = room.domain(storage)
            if domain not in domains and size - has <= max(0, room.free(storage)):
                domains.add(domain)
                chosen.append((storage, size, its))
                number -= 1
        return True

    shelf = room.shelf(wish.tags)
    order = list(_most_slots(room, shelf, level)) if packed else shelf.with_free(level)
    if not choose(kind.full, level, order, spare):
        return None
    if kind.arbiter:
        # The smaller ones first, of those left over; never a brick that the set has already.
        small = arbiter(min(names.usable(storage.kind, size) for storage, size, _its in chosen))
        order = shelf.with_free(small)
        if packed:
            order = reversed(list(order))
        if not choose(kind.arbiter, small, order, spare[::-1]):
            return None
    return chosen


def _most_slots(room: Room, shelf: _Shelf, level: int) -> list[Storage]:
    storages = list(shelf.with_free(level))
    slots: dict[str, int] = {}
    for one in storages:
        domain = room.domain(one)
        slots[domain] = slots.get(domain, 0) + room.free(one) // names.needed(one.kind, level)
    return sorted(storages, key=lambda one: -slots[room.domain(one)])
