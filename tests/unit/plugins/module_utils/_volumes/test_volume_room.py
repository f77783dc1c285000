# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said where there is no room: that it is true, and how it reads."""

from __future__ import annotations

import dataclasses

from ansible_collections.glusterops.shares.plugins.module_utils._bricks.names import EXTENT
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.layout import Durability, Storage
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.placing import Present, Room, Wish, lay
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.room import explain, largest
from hypothesis import given
from hypothesis import strategies as st

GIB = 1024**3
DURABILITIES = ["none", "replicate-2", "replicate-3", "replicate-3-arbiter", "disperse-2+1"]
NOTHING = Present()


def room(*free: int, zones: str = "", **other: frozenset[str]) -> Room:
    return Room(
        Storage(
            server=f"server{number}",
            address=f"server{number}",
            path="/srv",
            kind="directory",
            identity="fs",
            free=size,
            zone=zones[number - 1 : number],
            **other,
        )
        for number, size in enumerate(free, 1)
    )


def wish(size: int, durability: str = "replicate-3", **other: frozenset[str]) -> Wish:
    return Wish("data", size, Durability.parse(durability), **other)


def test_how_much_is_free_where_and_what_would_fit() -> None:
    assert explain(wish(9 * GIB), room(5 * GIB, 8 * GIB + GIB // 16, 3 * GIB - 1, 6 * GIB), NOTHING) == (
        "free 8G on server2 /srv, 6G on server4 /srv, 5G on server1 /srv and less on 1 more; 7140M would fit, on"
        " server2 /srv, server4 /srv, server1 /srv and on 1 more"
    )
    assert explain(wish(GIB), room(EXTENT - 1, 9 * GIB, 9 * GIB), NOTHING) == (
        "free 9G on server2 /srv, 9G on server3 /srv, 0G on server1 /srv; nothing fits"
    )


def test_too_few_servers() -> None:
    assert explain(wish(GIB), room(9 * GIB, 9 * GIB), NOTHING) == (
        "replicate-3 needs 3 servers with storage, and there are 2 (server1, server2)"
    )
    assert explain(wish(GIB), room(), NOTHING) == "replicate-3 needs 3 servers with storage, and there are 0"
    tags = frozenset({"ssd", "new"})
    assert (
        explain(
            wish(GIB, "replicate-2", tags=frozenset({"ssd"})),
            Room(
                [
                    *room(GIB, tags=tags).storages,
                    *(dataclasses.replace(one, server="other") for one in room(GIB).storages),
                ]
            ),
            NOTHING,
        )
        == "replicate-2 needs 2 servers with storage with the tags ssd, and there is 1 (server1)"
    )


def test_too_few_zones() -> None:
    assert explain(wish(GIB), room(*[GIB] * 4, zones="1122"), NOTHING) == (
        "replicate-3 needs 3 zones with storage, and there are 2 (1, 2)"
    )
    assert explain(wish(GIB), room(*[GIB] * 4, zones="11"), NOTHING) == (
        "replicate-3 needs 3 zones with storage, and there are 2 (that of servers without one, 1)"
    )


def test_what_one_that_is_there_can_grow_to() -> None:
    where = room(4 * GIB, 4 * GIB, 4 * GIB)
    plan = lay(wish(GIB), where, NOTHING)
    assert plan
    assert explain(wish(5 * GIB), where, Present(plan.layout, 3)) == (
        "free 3G on server1 /srv, 3G on server2 /srv, 3G on server3 /srv; 4G would fit, on server1 /srv, server2 /srv,"
        " server3 /srv"
    )
    # Servers that left since do not matter.
    gone = Room(dataclasses.replace(one, free=0, takes=False) for one in where.storages)
    assert explain(wish(5 * GIB), gone, Present(plan.layout, 3)) == "free nothing; 1G would fit, which is there"


PLACES = st.lists(
    st.tuples(st.integers(1, 6), st.integers(1, 3), st.booleans(), st.integers(0, 8 * GIB)), min_size=1, max_size=12
)


def storages(places: list[tuple[int, int, bool, int]]) -> list[Storage]:
    return [
        Storage(f"s{server}", f"s{server}", f"/{path}", "device" if device else "directory", f"{path}{device}", free)
        for server, path, device, free in places
    ]


@given(PLACES, st.sampled_from(DURABILITIES), st.lists(st.integers(1, 16 * GIB), max_size=3))
def test_what_it_says_fits_and_an_extent_more_does_not(
    places: list[tuple[int, int, bool, int]], word: str, before: list[int]
) -> None:
    """For a new volume, and for one that is there and has grown already."""
    where, present = Room(storages(places)), NOTHING
    for size in [*before, 0]:
        free = [where.free(one) for one in where.storages]
        most, plan = largest(wish(GIB, word), where, present)
        assert [where.free(one) for one in where.storages] == free
        assert (plan is not None) == (most > 0)
        assert most == 0 or lay_in(storages_left(where), wish(most, word), present)
        assert not lay_in(storages_left(where), wish(most + EXTENT, word), present)
        plan = lay(wish(size, word), where, present) if size else None
        if plan:
            present = Present(plan.layout, present.last + len(plan.made))


def storages_left(where: Room) -> list[Storage]:
    return [dataclasses.replace(one, free=where.free(one)) for one in where.storages]


def lay_in(left: list[Storage], one: Wish, present: Present) -> bool:
    return lay(one, Room(left), present) is not None
