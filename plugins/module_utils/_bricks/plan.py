# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What has to be done for a server to have the bricks that it shall have: decided on one look at it, purely."""

from __future__ import annotations

import collections
import dataclasses
import os
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._bricks import names
from ansible_collections.glusterops.shares.plugins.module_utils._bricks.storage import BLANK, READY, Brick, Place
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict, Refused, few
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._units import format_size

# What is told as changed.
STORAGE, BRICK, SIZE, WHOLE, CLAIMED = "storage", "brick", "size", "whole", "claimed"
# What is left to be done of a brick that is whole otherwise.
RELEASE = "release"


@dataclasses.dataclass(frozen=True)
class Wish:
    """A brick that shall be. storage: the path of its place. size: in bytes, at least."""

    name: str
    storage: str
    size: int


@dataclasses.dataclass(frozen=True)
class Wanted:
    """storage: paths. deleted: volumes whose bricks shall go. overcommit: how many times the room may be promised."""

    storage: tuple[str, ...] = ()
    bricks: tuple[Wish, ...] = ()
    deleted: frozenset[str] = frozenset()
    allow_root: bool = False
    overcommit: float = 1.0

    def check(self) -> None:
        """BadInput for what is wrong whatever is there."""
        check_unique(self.storage, "storage")
        check_unique((wish.name for wish in self.bricks), "brick")
        for wish in self.bricks:
            called = names.parse(wish.name)
            if not called:
                raise BadInput(f"brick {wish.name!r} is not a brick's name: brick_VOLUME_NUMBER, as in 'brick_data_1'.")
            if called.volume in self.deleted:
                raise BadInput(f"brick {wish.name!r} is of volume {called.volume!r}, which is among deleted_volumes.")


@dataclasses.dataclass(frozen=True)
class Step:
    """place: where. brick: what there is of it, None for a place that is made ready. size: what it shall have, None if
    it shall go."""

    place: Place
    brick: Brick | None
    size: int | None
    change: Change


def removable(wanted: Wanted, places: t.Iterable[Place]) -> list[tuple[Place, Brick]]:
    """The bricks that shall go."""
    return [(place, brick) for place in places for brick in place.bricks if brick.volume in wanted.deleted]


def asks_gluster(wanted: Wanted, places: t.Iterable[Place]) -> bool:
    """Whether it has to be known which bricks Gluster has."""
    wishes = {wish.name for wish in wanted.bricks}
    claimed = any(brick.claimed and brick.name in wishes for place in places for brick in place.bricks)
    return claimed or bool(removable(wanted, places))


def plan(wanted: Wanted, places: t.Sequence[Place], used: t.Mapping[str, str]) -> list[Step]:
    """The steps, in order. places: all that are known, those of C(wanted.storage) among them. used: by brick's name the
    volume that Gluster has it in; needed where it asks_gluster().

    Raises BadInput, Conflict or Refused if anything of it cannot be done.
    """
    wanted.check()
    given = [place for place in places if place.path in wanted.storage]
    _check_places(given, wanted.allow_root)
    removals = _removals(wanted, places, used)
    ready = [
        Step(place, None, place.size, Change(place.path, STORAGE, None, _ready(place)))
        for place in given
        if place.state == BLANK
    ]
    made = _wishes(wanted, places, given, used)
    _check_room(wanted, [*ready, *made])
    return [*removals, *ready, *made]


def _ready(place: Place) -> str:
    return format_size(place.size) if place.kind == names.DEVICE else "marked"


def _check_places(given: t.Sequence[Place], allow_root: bool) -> None:
    wrong = [place.problem for place in given if place.problem]
    for place in given:
        if place.kind == names.DIRECTORY and not place.problem:
            if place.root and not allow_root:
                wrong.append(
                    f"{place.path} lies on the root file system, which bricks would fill: mount a file system there, or"
                    " set allow_root."
                )
            if place.real == names.MOUNTS or _is_below(place.real, names.MOUNTS):
                wrong.append(f"{place.path} is where bricks on devices are mounted: name another directory.")
    if wrong:
        raise Refused(few(wrong))
    by: dict[str, Place] = {}
    for place in given:
        # Directories may share a file system, whose room is counted once.
        identity = place.identity if place.kind == names.DEVICE else place.real
        if identity in by:
            raise BadInput(f"storage {by[identity].path} and {place.path} are one and the same: name it once.")
        by[identity] = place
    for place in given:
        for other in given:
            if place.kind == other.kind == names.DIRECTORY and _is_below(place.real, other.real):
                raise BadInput(
                    f"storage {place.path} is in {other.path}: name directories of which none is in another."
                )


def _is_below(path: str, above: str) -> bool:
    return path != above and os.path.commonpath([path, above]) == above


def _removals(wanted: Wanted, places: t.Sequence[Place], used: t.Mapping[str, str]) -> list[Step]:
    found, wrong = [], []
    for place, brick in removable(wanted, places):
        if brick.name in used:
            wrong.append(f"Brick {brick.path} is in volume {used[brick.name]!r} of Gluster: delete that first.")
        elif brick.trouble and brick.kept:
            wrong.append(brick.trouble)
        found.append(Step(place, brick, None, Change(brick.path, BRICK, format_size(max(brick.size, 0)), None)))
    if wrong:
        raise Refused(few(wrong))
    return found


def _wishes(
    wanted: Wanted, places: t.Sequence[Place], given: t.Sequence[Place], used: t.Mapping[str, str]
) -> list[Step]:
    there: dict[str, tuple[Place, Brick]] = {}
    for place in places:
        for brick in place.bricks:
            # What is whole has its name; what is not may be what another run left.
            if brick.name not in there or brick.whole:
                there[brick.name] = place, brick
    homes = {place.path: place for place in places if place.state == READY or place in given}
    found: list[Step] = []
    for wish in wanted.bricks:
        home = homes.get(wish.storage)
        if not home:
            raise BadInput(
                f"brick {wish.name!r} shall be on {wish.storage!r}, which is no storage of this server: name it in"
                " storage."
            )
        size = _rounded(home, wish)
        its = there.get(wish.name)
        found += _of_one(home, wish, size, its)
        if its and its[1].claimed and wish.name not in used:
            # No volume has it: a creation was refused on another server, and was not undone here.
            left = dataclasses.replace(its[1], lacks=(RELEASE,))
            found.append(Step(its[0], left, max(size, left.size), Change(left.path, CLAIMED, True, False)))
    return found


def _rounded(home: Place, wish: Wish) -> int:
    if wish.size < 1:
        raise BadInput(f"brick {wish.name!r} must have a size of at least one byte, not {wish.size}.")
    if home.kind == names.DIRECTORY:
        return wish.size
    if names.device_mapper(wish.name) > names.DEVICE_MAPPER:
        raise BadInput(
            f"brick {wish.name!r} cannot be on a device: with so many '-' its name is too long for the kernel."
        )
    if wish.size < names.LEAST:
        raise BadInput(
            f"brick {wish.name!r} must have at least {format_size(names.LEAST)} on a device, not"
            f" {format_size(wish.size)}."
        )
    return -(-wish.size // names.EXTENT) * names.EXTENT


def _of_one(home: Place, wish: Wish, size: int, its: tuple[Place, Brick] | None) -> list[Step]:
    if not its:
        path = os.path.join(names.MOUNTS if home.kind == names.DEVICE else home.real, wish.name, names.LEAF)
        called = t.cast(names.Called, names.parse(wish.name))
        new = Brick(wish.name, called.volume, path, 0, ("all",))
        return [Step(home, new, size, Change(path, BRICK, None, format_size(size)))]
    place, brick = its
    if place.identity != home.identity or place.real != home.real and home.kind == names.DIRECTORY:
        raise Conflict(f"Brick {wish.name!r} is on {place.path} already, not on {wish.storage}: each is made once.")
    if brick.trouble:
        raise Refused(brick.trouble)
    if "remove" in brick.lacks:
        raise Conflict(f"Brick {brick.path} is being removed: take another number, each is used once.")
    found = []
    if brick.lacks:
        # What was to be made, and never was, gets the size that is wanted now.
        making = max(brick.size, size) if "make" in brick.lacks else brick.size
        found.append(Step(place, brick, making, Change(brick.path, WHOLE, False, True)))
        brick = dataclasses.replace(brick, size=making)
    if size > brick.size:
        whole = dataclasses.replace(brick, lacks=())
        change = Change(brick.path, SIZE, format_size(brick.size), format_size(size))
        found.append(Step(place, whole, size, change))
    return found


def _check_room(wanted: Wanted, steps: t.Sequence[Step]) -> None:
    """Refused if more would be promised than there is; a file system's room is one, whatever directories are on it."""
    asked: dict[str, int] = collections.Counter()
    by: dict[str, Place] = {}
    for step in steps:
        if step.brick and step.size is not None and step.brick.lacks != (RELEASE,):
            asked[step.place.identity] += step.size - step.brick.size
            by.setdefault(step.place.identity, step.place)
    for identity, more in asked.items():
        place = by[identity]
        room = place.free + int((wanted.overcommit - 1) * place.size)
        if more > room and more > 0:
            raise Refused(
                f"{place.path} has room for {max(0, room)} bytes of bricks, and {more} are asked for: choose other"
                " storage, or smaller bricks.",
                room=max(0, room),
                asked=more,
            )
