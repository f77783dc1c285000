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
_Key = t.Tuple[str, str]
_Domain = t.Tuple[str, t.Iterable[Storage]]


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
    """Storage for bricks, each once whatever its names, by domain, most free first. total: what is free on all."""

    def __init__(self, room: Room, tags: frozenset[str]) -> None:
        self.storages: list[Storage] = []
        self._rank: dict[_Key, int] = {}
        for storage in room.storages:
            if storage.takes and tags <= storage.tags and storage.key not in self._rank:
                self._rank[storage.key] = len(self.storages)
                self.storages.append(storage)
        self._domain = [room.domain(storage) for storage in self.storages]
        self._kind = [storage.kind for storage in self.storages]
        # What is free, negative, and which it is; those of each domain, and the first of each.
        self._of: dict[str, list[tuple[int, int]]] = {}
        for rank, storage in enumerate(self.storages):
            self._of.setdefault(self._domain[rank], []).append((-room.free(storage), rank))
        for its in self._of.values():
            its.sort()
        self._first = sorted(its[0] for its in self._of.values())
        self.total = sum(max(0, room.free(storage)) for storage in self.storages)

    def move(self, key: _Key, before: int, after: int) -> None:
        rank = self._rank.get(key)
        if rank is None:
            return
        self.total += max(0, after) - max(0, before)
        its = self._of[self._domain[rank]]
        first = its[0]
        _remove(its, (-before, rank))
        bisect.insort(its, (-after, rank))
        if its[0] != first:
            _remove(self._first, first)
            bisect.insort(self._first, its[0])

    def domains(self, least: int = 0) -> t.Iterator[_Domain]:
        """The domains with so much free on one of their storages, and these."""
        for free, rank in self._first:
            if -free < least:
                return
            yield self._domain[rank], self._with(self._domain[rank], least)

    def slots(self, level: int) -> dict[str, int]:
        """By domain, how many bricks that hold so much fit there."""
        sizes = _sizes(level)
        return {
            domain: sum(-free // sizes[self._kind[rank]] for free, rank in its if free <= -level)
            for domain, its in self._of.items()
            if its[0][0] <= -level
        }

    def _with(self, domain: str, least: int) -> t.Iterator[Storage]:
        return (self.storages[rank] for free, rank in self._of[domain] if -free >= least)


def _remove(entries: list[tuple[int, int]], entry: tuple[int, int]) -> None:
    del entries[bisect.bisect_left(entries, entry)]


class Room:
    """What is free on the storage of a cluster, less what was planned already."""

    def __init__(self, storages: t.Iterable[Storage]) -> None:
        self.storages = sorted(storages, key=lambda one: (one.server, one.path))
        self.zoned = any(one.zone for one in self.storages)
        self._free: dict[_Key, int] = {}
        for one in self.storages:
            self._free[one.key] = min(one.free, self._free.get(one.key, one.free))
        self._shelves: dict[frozenset[str], _Shelf] = {}
        self._taken: list[tuple[_Key, int]] = []

    def domain(self, storage: Storage) -> str:
        """Of all storage with the same, a set has one brick."""
        return storage.zone if self.zoned else storage.server

    def free(self, storage: Storage) -> int:
        return self._free[storage.key]

    @property
    def total(self) -> int:
        return sum(max(0, free) for free in self._free.values())

    def shelf(self, tags: frozenset[str] = frozenset()) -> _Shelf:
        """The storage that takes new bricks, and has all of these tags."""
        if tags not in self._shelves:
            self._shelves[tags] = _Shelf(self, tags)
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

    def _change(self, key: _Key, by: int) -> None:
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
    lacking = each - sum(max(its, cap) for its in have)
    shelf = room.shelf(wish.tags)
    if kind.full * lacking > shelf.total + sum(brick.size for brick in present.spare):
        return None
    for sets in range(1 if have else wish.sets, MOST_BRICKS // kind.width - len(have) + 1):
        level = _level(have, sets, each, cap)
        # To see this takes less time than to try. One set finds its places, if there are any.
        if sets > 1 and not present.spare and not _may_fit(shelf.slots(level), kind, sets):
            continue
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


# ---- in place --------------------------------------------------------------------------------------------------------


def _holds(kind: Durability, one: t.Sequence[Brick]) -> int:
    """What surely can be stored on each full brick of the set. One whose server did not tell is as its others."""
    return min((brick.holds for brick in one[: kind.full] if brick.storage), default=0)


def _level(have: t.Sequence[int], more: int, each: int, cap: int) -> int:
    """The least that so many new sets must hold, if the others hold as much, up to the cap, or what they do now."""
    there = sum(max(its, cap) for its in have)
    if more and each - there >= more * cap:
        # All others are at the cap, or above it.
        return _whole(-(-(each - there) // more))
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
    full = [_raised(brick, level) for brick in one[: kind.full]]
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
    if placed is None and sets > 1:
        placed = _place(wish, room, present, kind, sets, level, packed=True)
    if placed is None:
        return None
    numbers = itertools.count(present.last + 1)
    return tuple(
        tuple(
            spare._replace(size=size) if spare else storage.new_brick(names.name(wish.name, next(numbers)), size)
            for storage, size, spare in one
        )
        for one in placed
    )


def _may_fit(slots: t.Mapping[str, int], kind: Durability, sets: int) -> bool:
    """Whether the full bricks of so many sets find their places. Exact, where there are no others."""
    return sum(min(number, sets) for number in slots.values()) >= sets * kind.full


def _sizes(level: int) -> dict[str, int]:
    """By kind of storage, of bricks that hold so much."""
    return {kind: names.needed(kind, level) for kind in (names.DEVICE, names.DIRECTORY)}


def _place(
    wish: Wish, room: Room, present: Present, kind: Durability, sets: int, level: int, packed: bool
) -> list[list[_Place]] | None:
    """packed: the domains that have room for most of such bricks come first, not the storage with most room. That finds
    places for as many as there are."""
    spare = _spare(wish, present, kind)
    # Made by the second of two runs that were interrupted: they may be of any set.
    stray = [one for number in sorted(spare) if number >= sets for one in spare[number]]
    placed = []
    with room.trial() as keep:
        for number in range(sets):
            chosen = _choose(wish, room, kind, level, [*spare.get(number, ()), *stray], packed)
            if chosen is None:
                return None
            for storage, size, its in chosen:
                room.take(storage, size - (its.size if its else 0))
                stray = [one for one in stray if one[1] != its]
            placed.append(chosen)
        keep()
    return placed


def _spare(wish: Wish, present: Present, kind: Durability) -> dict[int, list[tuple[int, Brick]]]:
    """By new set, the spare bricks that were made for it, each with its place in the set: their numbers say it."""
    there = [names.parse(brick.name) for brick in present.layout.bricks] if present.layout else []
    first = 1 + max((its.number for its in there if its), default=0)
    found: dict[int, list[tuple[int, Brick]]] = {}
    for brick in filter(wish.takes, present.spare):
        its = names.parse(brick.name)
        if its:
            number, place = divmod(its.number - first, kind.width)
            found.setdefault(number, []).append((place, brick))
    return found


def _choose(
    wish: Wish, room: Room, kind: Durability, level: int, spare: t.Collection[tuple[int, Brick]], packed: bool
) -> list[_Place] | None:
    """The places of one set."""
    shelf = room.shelf(wish.tags)
    chosen: dict[str, _Place] = {}
    order: t.Iterable[_Domain] = shelf.domains(level)
    if packed:
        slots = shelf.slots(level)
        order = sorted(order, key=lambda one: -slots[one[0]])
    _add(room, chosen, kind.full, level, order, [brick for place, brick in spare if place < kind.full])
    if len(chosen) == kind.full and kind.arbiter:
        small = arbiter(min(names.usable(storage.kind, size) for storage, size, _its in chosen.values()))
        order = shelf.domains(small)
        order = reversed(list(order)) if packed else order
        _add(room, chosen, kind.arbiter, small, order, [brick for place, brick in spare if place >= kind.full])
    return list(chosen.values()) if len(chosen) == kind.width else None


def _add(
    room: Room,
    chosen: dict[str, _Place],
    number: int,
    holds: int,
    order: t.Iterable[_Domain],
    spare: t.Iterable[Brick],
) -> None:
    """So many more, by domain, each in a domain that the set has no brick in."""
    sizes = _sizes(holds)
    places = itertools.chain(
        ((room.domain(brick.storage), [(brick.storage, brick)]) for brick in spare if brick.storage),
        ((domain, ((storage, None) for storage in storages)) for domain, storages in order),
    )
    wanted = len(chosen) + number
    for domain, candidates in places:
        if domain in chosen:
            continue
        for storage, its in candidates:
            has = its.size if its else 0
            size = max(has, sizes[storage.kind])
            if size - has <= max(0, room.free(storage)):
                chosen[domain] = storage, size, its
                break
        if len(chosen) == wanted:
            return
