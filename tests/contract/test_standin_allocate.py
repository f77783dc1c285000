# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the stand-in puts bricks, without a server."""

from __future__ import annotations

import pytest
from heketi.allocate import (
    ARBITER,
    NORMAL,
    BricksTooSmall,
    Device,
    Layout,
    Limits,
    NoSpace,
    TooManyBricks,
    allocate,
    brick_sizes,
    space_for,
    wrapped_kib,
)
from heketi.chance import Chance

GIB = 1024 * 1024
LIMITS = Limits(brick_min=GIB, brick_max=4096 * GIB, max_bricks=32)


def devices(*free_gib: int, per_node: int = 1, zones: int = 99) -> list[Device]:
    return [
        Device(f"d{at}", f"n{at // per_node}", at // per_node % zones, free * GIB) for at, free in enumerate(free_gib)
    ]


@pytest.mark.parametrize(
    ("brick", "factor", "expected"),
    [
        (10 * GIB, 1, (10485760, 53248)),
        (10 * GIB, 1.25, (13107200, 65536)),
        (GIB, 1, (1048576, 8192)),
        (GIB, 100, (104857600, 524288)),
        (32768, 1, (32768, 4096)),
        (4096 * GIB, 1, (4096 * GIB, 16 * GIB)),
    ],
)
def test_space_for_a_brick(brick: int, factor: float, expected: tuple[int, int]) -> None:
    assert space_for(brick, factor, 4096) == expected


def test_sets_double_until_bricks_are_too_small() -> None:
    assert next(brick_sizes(6 * GIB, 2, LIMITS)) == (1, 3 * GIB)
    sizes = []
    with pytest.raises(BricksTooSmall):
        for size in brick_sizes(8192 * GIB, 1, LIMITS):
            sizes.append(size)
    assert sizes[0] == (2, 4096 * GIB)
    assert sizes[-1] == (8192, GIB)


def test_a_brick_takes_less_than_all_that_is_free() -> None:
    needed = sum(space_for(GIB, 1, 4096))
    full = Device("d", "n", 1, needed)
    with pytest.raises(BricksTooSmall):
        allocate(GIB, Layout(1), 0, [full], LIMITS, list)
    assert allocate(GIB, Layout(1), 0, [Device("d", "n", 1, needed + 1)], LIMITS, list)[0][0].size == GIB


def test_bricks_of_a_set_are_on_different_nodes() -> None:
    six = devices(9, 9, 9, 9, 9, 9, per_node=2)
    for _try in range(50):
        (bricks,) = allocate(GIB, Layout(3), 0, six, LIMITS, Chance().device_order)
        assert len({brick.device.node for brick in bricks}) == 3
    with pytest.raises(BricksTooSmall):
        allocate(GIB, Layout(3), 0, six[:4], LIMITS, Chance().device_order)


def test_strict_zones() -> None:
    with pytest.raises(BricksTooSmall):
        allocate(GIB, Layout(3, strict_zones=True), 0, devices(9, 9, 9, zones=2), LIMITS, list)


def test_the_third_brick_is_the_arbiter() -> None:
    first, *others = devices(9, 9, 9)
    only_arbiters = Device(first.id, first.node, first.zone, first.free, arbiter="required")
    (bricks,) = allocate(2 * GIB, Layout(3, arbiter=True), 0, [only_arbiters, *others], LIMITS, list)
    assert [brick.subtype for brick in bricks] == [NORMAL, NORMAL, ARBITER]
    assert [brick.size for brick in bricks] == [2 * GIB, 2 * GIB, 32768]
    assert bricks[2].device.id == "d0"


def test_smaller_bricks_when_there_is_no_room_for_large_ones() -> None:
    sets = allocate(6 * GIB, Layout(1), 0, devices(4, 4, 4), LIMITS, Chance().device_order)
    assert [[brick.size for brick in one] for one in sets] == [[3 * GIB], [3 * GIB]]


def test_limits() -> None:
    with pytest.raises(TooManyBricks):
        allocate(4096 * 33 * GIB, Layout(1), 0, devices(1), LIMITS, list)
    with pytest.raises(TooManyBricks):
        allocate(GIB, Layout(3), 30, devices(9, 9, 9), LIMITS, list)
    assert allocate(GIB, Layout(-1), 0, devices(1), LIMITS, list) == [[]]  # Heketi's volume without bricks


def test_sizes_wrap_around_as_in_heketi() -> None:
    assert wrapped_kib(2**44 + 1) == GIB
    assert wrapped_kib(2**44) == 0


def test_every_device_is_tried_once() -> None:
    order = Chance().device_order(devices(1, 2, 3, 4, 5, 6, per_node=2))
    assert sorted(device.id for device in order) == ["d0", "d1", "d2", "d3", "d4", "d5"]
    assert len({device.node for device in order[:3]}) == 3  # nodes in turn


def test_no_space_says_so() -> None:
    assert str(NoSpace()) == "No space"
