# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where bricks go: pure functions from sizes and devices to placements. Sizes are in KiB."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from .config import GIB

METADATA_MAX = 16 * GIB
ARBITER_PLACE = 2  # the third brick of a set is the arbiter
ARBITER_MIN = 16 * 1024
NORMAL, ARBITER = 1, 2  # Heketi's SubType of a brick


class AllocationError(Exception):
    """The bricks cannot be placed; the text is Heketi's."""


class NoSpace(AllocationError):
    def __init__(self) -> None:
        super().__init__("No space")


class TooManyBricks(AllocationError):
    def __init__(self) -> None:
        super().__init__("Maximum number of bricks reached.")


class BricksTooSmall(AllocationError):
    def __init__(self) -> None:
        super().__init__("Minimum brick size limit reached.  Out of space.")


@dataclass(frozen=True)
class Limits:
    brick_min: int
    brick_max: int
    max_bricks: int


@dataclass(frozen=True)
class Device:
    """A device that is online, on a node that is."""

    id: str
    node: str
    zone: int
    free: int
    extent: int = 4096
    arbiter: str = "supported"
    tags: t.Mapping[str, str] | None = None


@dataclass(frozen=True)
class Layout:
    """What a set of bricks looks like."""

    set_size: int
    data: int = 1  # bricks a set's size is divided by (disperse)
    arbiter: bool = False
    average_file_size: int = 64
    snapshot_factor: float = 1.0
    strict_zones: bool = False
    tag_rule: t.Callable[[t.Mapping[str, str]], bool] | None = None


@dataclass(frozen=True)
class Placed:
    """One brick on one device."""

    device: Device
    size: int
    tp_size: int
    metadata: int
    subtype: int = NORMAL


Order = t.Callable[[t.Sequence[Device]], t.Sequence[Device]]


def wrapped_kib(gib: int) -> int:
    """GiB to KiB in 64 unsigned bits: Heketi lets a huge size wrap around."""
    return (gib * GIB) % 2**64


def brick_sizes(size: int, data: int, limits: Limits) -> t.Iterator[tuple[int, int]]:
    """1, 2, 4, … sets and the size of their bricks, until the bricks get too small."""
    sets = 1
    while True:
        brick = size // sets // data
        if brick < limits.brick_min:
            raise BricksTooSmall
        if brick <= limits.brick_max:
            yield sets, brick
        sets *= 2


def space_for(brick: int, factor: float, extent: int) -> tuple[int, int]:
    """What a brick takes from its device: thin pool and the pool's metadata, in whole extents."""
    tp_size = _round_up(int(brick * factor), extent)
    return tp_size, _round_up(min(int(tp_size * 0.005), METADATA_MAX), extent)


def allocate(
    size: int, layout: Layout, present: int, devices: t.Sequence[Device], limits: Limits, order: Order
) -> list[list[Placed]]:
    """Place the bricks for ``size`` KiB of volume, in sets; ``present`` bricks are there already."""
    for sets, brick in brick_sizes(size, layout.data, limits):
        if sets * layout.set_size + present > limits.max_bricks:
            raise TooManyBricks
        try:
            return place(sets, brick, layout, devices, order)
        except NoSpace:
            continue  # more and smaller bricks may fit
    raise NoSpace


def place(sets: int, brick: int, layout: Layout, devices: t.Sequence[Device], order: Order) -> list[list[Placed]]:
    """Place ``sets`` sets of bricks of one size, or raise NoSpace."""
    free = {device.id: device.free for device in devices}
    return [_place_set(brick, layout, devices, free, order) for _number in range(sets)]


def place_again(
    brick: int, layout: Layout, arbiter: bool, others: t.Sequence[Device], devices: t.Sequence[Device], order: Order
) -> Placed:
    """Another place for one brick of a set, whose other bricks are on these devices, or raise NoSpace."""
    free = {device.id: device.free for device in devices}
    return _place_brick(brick, layout, iter(_row(layout, arbiter, order(devices))), free, others, arbiter)


def _place_set(
    brick: int, layout: Layout, devices: t.Sequence[Device], free: dict[str, int], order: Order
) -> list[Placed]:
    ordered = order(devices)
    # Each device is tried once a set. An arbiter volume has two rows: devices for data and for arbiters.
    data_row, arbiter_row = (iter(_row(layout, arbiter, ordered)) for arbiter in (False, True))
    placed: list[Placed] = []
    for number in range(layout.set_size):
        arbiter = layout.arbiter and number == ARBITER_PLACE
        wanted = max(brick // layout.average_file_size, ARBITER_MIN) if arbiter else brick
        others = [one.device for one in placed]
        placed.append(_place_brick(wanted, layout, arbiter_row if arbiter else data_row, free, others, arbiter))
    return placed


def _row(layout: Layout, arbiter: bool, ordered: t.Sequence[Device]) -> list[Device]:
    """The devices on which a brick may be placed, as far as tags tell."""
    fitting = [device for device in ordered if layout.tag_rule is None or layout.tag_rule(device.tags or {})]
    if arbiter:
        return [device for device in fitting if device.arbiter != "disabled"]
    return [device for device in fitting if not layout.arbiter or device.arbiter != "required"]


def _place_brick(
    brick: int,
    layout: Layout,
    row: t.Iterator[Device],
    free: dict[str, int],
    others: t.Sequence[Device],
    arbiter: bool,
) -> Placed:
    for device in row:
        if any(device.node == other.node for other in others):
            continue
        if layout.strict_zones and any(device.zone == other.zone for other in others):
            continue
        tp_size, metadata = space_for(brick, layout.snapshot_factor, device.extent)
        if free[device.id] > tp_size + metadata:  # strictly: Heketi never fills a device to the last byte
            free[device.id] -= tp_size + metadata
            return Placed(replace(device), brick, tp_size, metadata, ARBITER if arbiter else NORMAL)
    raise NoSpace


def _round_up(size: int, extent: int) -> int:
    return -(-size // extent) * extent
