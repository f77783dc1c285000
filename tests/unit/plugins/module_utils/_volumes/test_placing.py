# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where bricks are put: the rules by example, and what must be so whatever there is."""

from __future__ import annotations

import dataclasses
import math
import random
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._bricks import names
from ansible_collections.glusterops.shares.plugins.module_utils._errors import Unreachable
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.layout import (
    Durability,
    Storage,
)
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.placing import (
    MOST_BRICKS,
    Plan,
    Present,
    Room,
    Wish,
    lay,
    lay_out,
)
from hypothesis import given
from hypothesis import strategies as st

EXTENT = names.EXTENT
GIB = 1024**3
NOTHING = Present()


def directory(server: str, free: int, path: str = "/srv", **other: t.Any) -> Storage:
    values: dict[str, t.Any] = {"identity": path, "kind": names.DIRECTORY, **other}
    return Storage(server=server, address=f"{server}.lab", path=path, free=free, capacity=free, **values)


def device(server: str, free: int, path: str = "/dev/sdb", **other: t.Any) -> Storage:
    return directory(server, free, path, kind=names.DEVICE, **other)


def room(*free: int, **other: t.Any) -> Room:
    """A directory on each of some servers."""
    return Room(directory(f"server{number}", size, **other) for number, size in enumerate(free, 1))


def wish(size: int, durability: str = "replicate-3", name: str = "data", **other: t.Any) -> Wish:
    return Wish(name, size, Durability.parse(durability), **other)


def planned(one: Wish, where: Room, present: Present = NOTHING) -> Plan:
    plan = lay(one, where, present)
    assert plan is not None
    return plan


def there(plan: Plan, last: int | None = None, **other: t.Any) -> Present:
    """What is there when the plan was carried out."""
    numbers = [its.number for its in (names.parse(brick.name) for brick in plan.layout.bricks) if its]
    return Present(plan.layout, max(numbers) if last is None else last, **other)


def servers(plan: Plan) -> list[list[str]]:
    return [[brick.storage.server for brick in one if brick.storage] for one in plan.layout.sets]


# ---- new volumes -----------------------------------------------------------------------------------------------------


def test_most_room_first_then_by_name() -> None:
    where = room(5 * GIB, 9 * GIB, 7 * GIB, 7 * GIB, 7 * GIB)
    assert servers(planned(wish(GIB), where)) == [["server2", "server3", "server4"]]
    assert servers(planned(wish(GIB, name="more"), where)) == [["server2", "server5", "server3"]]


def test_names_and_sizes_of_bricks() -> None:
    plan = planned(wish(GIB, "replicate-2"), Room([device("a", 9 * GIB), directory("b", 8 * GIB)]), Present(last=7))
    assert list(plan.layout.bricks) == list(plan.made)
    assert [(brick.name, brick.size) for brick in plan.made] == [
        ("brick_data_8", names.needed(names.DEVICE, GIB)),
        ("brick_data_9", GIB),
    ]


def test_what_others_took_is_gone() -> None:
    where = room(GIB, GIB, GIB)
    plans = lay_out([wish(GIB // 2, name="a"), wish(GIB, name="b"), wish(GIB // 2, name="c")], where, {})
    assert [plan is not None for plan in plans] == [True, False, True]
    assert lay(wish(EXTENT, name="d"), where, Present()) is None


def test_the_fewest_sets_that_fit_all_alike() -> None:
    two = Room([directory(f"server{number}", 4 * GIB, path) for number in (1, 2, 3) for path in ("/a", "/b")])
    plan = planned(wish(6 * GIB), two)
    assert [[brick.size for brick in one] for one in plan.layout.sets] == [[3 * GIB] * 3] * 2
    assert lay(wish(3 * GIB, name="more"), two, Present()) is None


def test_more_sets_if_asked_for() -> None:
    plan = planned(wish(9 * GIB, sets=3), room(9 * GIB, 9 * GIB, 9 * GIB))
    assert [brick.size for brick in plan.made] == [3 * GIB] * 9
    assert lay(wish(GIB, sets=MOST_BRICKS // 3 + 1), room(9 * GIB, 9 * GIB, 9 * GIB), Present()) is None


def test_disperse_divides_the_size() -> None:
    plan = planned(wish(8 * GIB, "disperse-4+2"), room(*[3 * GIB] * 6))
    assert [brick.size for brick in plan.made] == [2 * GIB] * 6
    assert lay(wish(8 * GIB, "disperse-4+2"), room(*[3 * GIB] * 5), Present()) is None


def test_zones_where_any_server_has_one() -> None:
    zones = [directory("a", 9 * GIB, zone="1"), directory("b", 9 * GIB, zone="1"), directory("c", GIB, zone="2")]
    assert servers(planned(wish(GIB, "replicate-2"), Room(zones))) == [["a", "c"]]
    # The servers without one are one zone.
    without = [directory("d", 8 * GIB), directory("e", 8 * GIB)]
    assert servers(planned(wish(GIB), Room([*zones, *without]))) == [["a", "d", "c"]]
    assert lay(wish(GIB), Room(zones), Present()) is None


def test_only_storage_with_all_of_the_tags() -> None:
    fast = frozenset({"ssd", "new"})
    where = Room([directory("a", GIB, tags=fast), directory("b", 9 * GIB), directory("c", 2 * GIB, tags=fast)])
    tags = frozenset({"ssd"})
    assert servers(planned(wish(GIB, "replicate-2", tags=tags), where)) == [["c", "a"]]
    assert lay(wish(GIB, "none", tags=frozenset({"ssd", "old"})), where, Present()) is None


def test_storage_that_is_not_declared_gets_nothing() -> None:
    assert lay(wish(GIB, "none"), Room([directory("a", 9 * GIB, takes=False)]), Present()) is None


def test_one_file_system_counts_once() -> None:
    twice = Room([directory("a", 3 * GIB, "/srv/a", identity="fs"), directory("a", 3 * GIB, "/srv/b", identity="fs")])
    plan = planned(wish(2 * GIB, "none"), twice)
    assert plan.made[0].path == "/srv/a/brick_data_1/brick"
    assert lay(wish(2 * GIB, "none", name="more"), twice, Present()) is None


def test_the_arbiter_is_small_and_last_and_not_always_on_the_same_server() -> None:
    where = room(*[64 * GIB] * 3)
    plan = planned(wish(48 * GIB, "replicate-3-arbiter", sets=3), where)
    assert [[brick.size for brick in one] for one in plan.layout.sets] == [[16 * GIB, 16 * GIB, GIB]] * 3
    assert sorted(one[-1] for one in servers(plan)) == ["server1", "server2", "server3"]
    small = planned(wish(GIB, "replicate-3-arbiter", name="small"), Room([device(at, 9 * GIB) for at in "abc"]))
    assert small.made[-1].size == names.LEAST


def test_an_arbiter_fits_where_data_does_not() -> None:
    assert servers(planned(wish(16 * GIB, "replicate-3-arbiter"), room(16 * GIB, GIB, 16 * GIB))) == [
        ["server1", "server3", "server2"]
    ]


def test_bricks_are_packed_where_taking_the_largest_first_finds_no_places() -> None:
    # The sets must all have a brick on a. Those on b and c first would use these up.
    storages = [directory("a", 10 * GIB, f"/{number}") for number in range(4)]
    where = Room([*storages, directory("b", 15 * GIB), directory("c", 15 * GIB)])
    plan = planned(wish(30 * GIB, "replicate-2", sets=6), where)
    assert sorted(map(sorted, servers(plan))) == [["a", "b"]] * 3 + [["a", "c"]] * 3


# ---- what is there ---------------------------------------------------------------------------------------------------


def test_what_is_large_enough_stays() -> None:
    where = room(9 * GIB, 9 * GIB, 9 * GIB)
    plan = planned(wish(2 * GIB), where)
    for size in (GIB, 2 * GIB):
        assert planned(wish(size, sets=2), where, there(plan)) == Plan(plan.layout)


def test_it_grows_in_place_first() -> None:
    where = room(9 * GIB, 9 * GIB, 9 * GIB, 99 * GIB, 99 * GIB, 99 * GIB)
    storages = where.storages[:3]
    first = planned(wish(2 * GIB), Room(storages))
    more = planned(wish(8 * GIB), where, there(first))
    assert not more.made
    assert [(before.size, after.size) for before, after in more.grown] == [(2 * GIB, 8 * GIB)] * 3
    assert [one._replace(size=2 * GIB) for one in more.layout.bricks] == list(first.layout.bricks)
    assert [where.free(one) for one in storages] == [3 * GIB] * 3


def test_it_grows_evenly_over_its_sets() -> None:
    where = room(9 * GIB, 9 * GIB, 9 * GIB)
    first = planned(wish(2 * GIB, sets=2), where)
    more = planned(wish(6 * GIB), where, there(first))
    assert [brick.size for brick in more.layout.bricks] == [3 * GIB] * 6


def test_a_full_place_means_further_sets_as_equal_as_can_be() -> None:
    where = Room([directory(server, 4 * GIB, path) for server in "abc" for path in ("/1", "/2")])
    first = planned(wish(4 * GIB), where)
    more = planned(wish(6 * GIB), where, there(first))
    # 4 are there; the new set needs no more than 2.
    assert [[brick.size for brick in one] for one in more.layout.sets] == [[4 * GIB] * 3, [2 * GIB] * 3]
    assert not more.grown
    assert [brick.name for brick in more.made] == ["brick_data_4", "brick_data_5", "brick_data_6"]
    last = planned(wish(8 * GIB), where, there(more))
    assert [[brick.size for brick in one] for one in last.layout.sets] == [[4 * GIB] * 3] * 2
    assert [after.name for _before, after in last.grown] == ["brick_data_4", "brick_data_5", "brick_data_6"]
    assert lay(wish(8 * GIB + EXTENT), where, there(last)) is None


def test_the_old_set_takes_what_its_place_has_left() -> None:
    old = [directory(server, 2 * GIB, "/1") for server in "abc"]
    first = planned(wish(GIB), Room(old))
    left = [dataclasses.replace(one, free=GIB) for one in old]
    where = Room([*left, *(directory(server, 20 * GIB, "/2") for server in "abc")])
    more = planned(wish(8 * GIB), where, there(first))
    assert [[brick.size for brick in one] for one in more.layout.sets] == [[2 * GIB] * 3, [6 * GIB] * 3]


def test_arbiters_grow_with_their_data() -> None:
    where = room(*[64 * GIB] * 3)
    first = planned(wish(16 * GIB, "replicate-3-arbiter"), where)
    more = planned(wish(32 * GIB), where, there(first))
    assert [brick.size for brick in more.layout.bricks] == [32 * GIB, 32 * GIB, 2 * GIB]


def test_an_interrupted_growth_is_finished() -> None:
    where = room(*[64 * GIB] * 3)
    first = planned(wish(16 * GIB, "replicate-3-arbiter"), where)
    one, two, small = first.layout.sets[0]
    for grown in ((one._replace(size=32 * GIB), two), (one._replace(size=32 * GIB), two._replace(size=32 * GIB))):
        half = dataclasses.replace(first.layout, sets=((*grown, small),))
        plan = planned(wish(32 * GIB), where, Present(half, 3))
        assert [brick.size for brick in plan.layout.bricks] == [32 * GIB, 32 * GIB, 2 * GIB]


def test_a_brick_whose_server_is_silent() -> None:
    where = room(*[9 * GIB] * 3)
    first = planned(wish(2 * GIB), where)
    one, two, three = first.layout.sets[0]
    gone = dataclasses.replace(first.layout, sets=((one, three._replace(storage=None, size=0), two),))
    present = Present(gone, 3, unknown="Nobody knows.")
    assert planned(wish(2 * GIB), where, present) == Plan(gone)
    with pytest.raises(Unreachable, match="Nobody knows."):
        lay(wish(3 * GIB), where, present)


def test_bricks_of_an_interrupted_run_are_used() -> None:
    made = planned(wish(GIB), room(*[4 * GIB] * 3)).made
    # What is there is not free any more, and other storage has more room.
    where = room(4 * GIB, 3 * GIB, 3 * GIB, 9 * GIB)
    plan = planned(wish(GIB), where, Present(last=3, spare=made[1:]))
    assert [brick.name for brick in plan.made] == ["brick_data_2", "brick_data_3", "brick_data_4"]
    assert servers(plan) == [["server2", "server3", "server4"]]
    assert [where.free(one) for one in where.storages] == [4 * GIB, 3 * GIB, 3 * GIB, 8 * GIB]
    # They grow if they are too small, and stay where nobody puts bricks any more.
    plan = planned(wish(3 * GIB), where, Present(last=3, spare=made[1:]))
    assert [brick.size for brick in plan.made] == [3 * GIB] * 3
    assert where.free(where.storages[1]) == GIB
    # None shrinks.
    plan = planned(wish(GIB // 2), room(4 * GIB, 3 * GIB, 3 * GIB, 9 * GIB), Present(last=3, spare=made[1:]))
    assert [brick.size for brick in plan.made] == [GIB, GIB, GIB // 2]
    elsewhere = dataclasses.replace(made[0].storage or where.storages[0], takes=False)
    plan = planned(wish(EXTENT, "none"), room(GIB), Present(last=3, spare=(made[0]._replace(storage=elsewhere),)))
    assert plan.made[0].name == "brick_data_4"


# ---- whatever there is -----------------------------------------------------------------------------------------------

DURABILITIES = ["none", "replicate-2", "replicate-3", "replicate-3-arbiter", "disperse-2+1", "disperse-4+2"]
SIZES = st.integers(1, 4096).map(lambda extents: extents * EXTENT) | st.integers(1, 16 * GIB)


@st.composite
def storage(
    draw: t.Callable[[t.Any], t.Any], kinds: t.Sequence[str] = (names.DEVICE, names.DIRECTORY)
) -> list[Storage]:
    found = []
    zoned = draw(st.booleans())
    for number in range(draw(st.integers(1, 7))):
        zone = draw(st.sampled_from(["", "1", "2", "3"])) if zoned else ""
        for at in range(draw(st.integers(1, 3))):
            kind = draw(st.sampled_from(kinds))
            # Some directories are on one file system.
            identity = draw(st.sampled_from(["fs", f"fs{at}"])) if kind == names.DIRECTORY else f"8:{at}"
            one = directory(f"s{number}", draw(SIZES) - GIB, f"/{at}", kind=kind, identity=identity, zone=zone)
            found.append(dataclasses.replace(one, tags=draw(st.frozensets(st.sampled_from(["ssd", "new"])))))
    return found


WISHES = st.lists(
    st.builds(
        Wish,
        name=st.just("data"),
        size=SIZES,
        durability=st.sampled_from(DURABILITIES).map(Durability.parse),
        sets=st.integers(1, 4),
        tags=st.frozensets(st.sampled_from(["ssd", "new"]), max_size=1),
    ),
    max_size=6,
).map(lambda wishes: [dataclasses.replace(one, name=f"v{number}") for number, one in enumerate(wishes)])


def free_of(storages: t.Iterable[Storage]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for one in storages:
        found[one.key] = min(one.free, found.get(one.key, one.free))
    return found


def check(one: Wish, plan: Plan, zoned: bool) -> None:
    kind = plan.layout.durability
    holds = 0
    for bricks in plan.layout.sets:
        assert len(bricks) == kind.width
        places = [brick.storage for brick in bricks if brick.storage]
        assert len({place.zone if zoned else place.server for place in places}) == kind.width
        full = min(brick.holds for brick in bricks[: kind.full])
        assert all(brick.holds * 16 >= full for brick in bricks)
        holds += full * kind.data
    assert holds >= one.size
    assert all(brick.storage and one.tags <= brick.storage.tags for brick in plan.made)
    assert len({(brick.address, brick.path) for brick in plan.layout.bricks}) == len(list(plan.layout.bricks))


@given(storage(), WISHES, st.randoms())
def test_what_must_be_so(storages: list[Storage], wishes: list[Wish], order: random.Random) -> None:
    where = Room(storages)
    plans = lay_out(wishes, where, {})
    free = free_of(storages)
    for one, plan in zip(wishes, plans):
        if plan:
            check(one, plan, where.zoned)
            assert len(plan.layout.sets) >= one.sets
            assert not plan.grown
            for brick in plan.made:
                assert brick.storage
                free[brick.storage.key] -= brick.size
            touched = {brick.storage.key for brick in plan.made if brick.storage}
            assert all(free[key] >= 0 for key in touched)
    assert all(where.free(one) == free[one.key] for one in storages)
    order.shuffle(storages)
    assert lay_out(wishes, Room(storages), {}) == plans


@given(storage(), st.lists(SIZES, min_size=2, max_size=5), st.sampled_from(DURABILITIES), st.integers(1, 3))
def test_growing(storages: list[Storage], sizes: list[int], word: str, sets: int) -> None:
    where, present, used = Room(storages), Present(), set()
    for size in sizes:
        one = wish(size, word, sets=sets)
        plan = lay(one, where, present)
        if not plan:
            continue
        check(dataclasses.replace(one, tags=frozenset()), plan, where.zoned)
        new = {brick.name for brick in plan.made}
        assert len(new) == len(plan.made) and not new & used
        used |= new
        if present.layout:
            old = list(present.layout.bricks)
            same = list(plan.layout.bricks)[: len(old)]
            assert [brick._replace(size=0) for brick in same] == [brick._replace(size=0) for brick in old]
            assert all(now.size >= before.size for before, now in zip(old, same))
            assert list(plan.grown) == [(before, now) for before, now in zip(old, same) if before != now]
        present = there(plan)
        free = [where.free(place) for place in storages]
        assert lay(one, where, present) == Plan(plan.layout)
        assert [where.free(place) for place in storages] == free
    start = free_of(storages)
    promised: dict[tuple[str, str], int] = {}
    for brick in present.layout.bricks if present.layout else ():
        assert brick.storage
        promised[brick.storage.key] = promised.get(brick.storage.key, 0) + brick.size
    assert all(size <= start[key] for key, size in promised.items())


@given(storage(), st.sampled_from(DURABILITIES), SIZES, st.data())
def test_any_part_of_what_was_interrupted_is_used(
    storages: list[Storage], word: str, size: int, data: st.DataObject
) -> None:
    plan = lay(wish(size, word), Room(storages), Present())
    if not plan:
        return
    made = data.draw(st.lists(st.sampled_from(plan.made), unique=True))
    by_key: dict[tuple[str, str], int] = {}
    for brick in made:
        assert brick.storage
        by_key[brick.storage.key] = by_key.get(brick.storage.key, 0) + brick.size
    free = free_of(storages)
    where = Room([dataclasses.replace(one, free=free[one.key] - by_key.get(one.key, 0)) for one in storages])
    again = lay(wish(size, word), where, Present(last=plan_last(plan), spare=tuple(made)))
    assert again is not None
    check(wish(size, word), again, where.zoned)
    assert all(where.free(one) >= min(0, free[one.key]) for one in storages)
    old = {brick.name for brick in plan.made}
    assert {brick.name for brick in again.made} & old <= {brick.name for brick in made}


def plan_last(plan: Plan) -> int:
    return there(plan).last


@given(storage([names.DIRECTORY]), st.sampled_from(["none", "replicate-2", "replicate-3", "disperse-2+1"]), SIZES)
def test_no_room_is_true(storages: list[Storage], word: str, size: int) -> None:
    """Bricks of one size find their places if and only if the domains, each for one of a set, have so many together."""
    where, kind = Room(storages), Durability.parse(word)
    domains: dict[tuple[str, str], str] = {one.key: where.domain(one) for one in storages}
    free = free_of(storages)
    fewest = None
    for sets in range(1, MOST_BRICKS // kind.width + 1):
        brick = math.ceil(math.ceil(size / kind.data) / sets / EXTENT) * EXTENT
        slots: dict[str, int] = {}
        for key, domain in domains.items():
            slots[domain] = slots.get(domain, 0) + max(0, free[key]) // brick
        if sum(min(number, sets) for number in slots.values()) >= sets * kind.width:
            fewest = sets
            break
    plan = lay(wish(size, word), where, Present())
    assert (len(plan.layout.sets) if plan else None) == fewest
