# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.filter.divide_snapshots import FilterModule as Divide
from ansible_collections.glusterops.shares.plugins.filter.snapshot_problems import FilterModule as Problems
from ansible_collections.glusterops.shares.plugins.filter.snapshot_series import FilterModule as Series

(divide,), (problems,), (declared,) = (one().filters().values() for one in (Divide, Problems, Series))

SERVERS = ["server1", "server2", "server3"]
# One share has bricks on all servers, the other on two of them.
BRICKS = {"wide": ["uuid-1", "uuid-2", "uuid-3"], "narrow": ["uuid-1", "uuid-2"]}
LOCATIONS = {share: {"servers": SERVERS} for share in BRICKS}
WIDE, NARROW = ({"name": share, "prefix": "daily"} for share in ("wide", "narrow"))


def look(number: int, *against: tuple[str, str, str]) -> dict[str, t.Any]:
    """What gluster_snapshots returns."""
    found: dict[str, t.Any] = {"snapshots": [], "server": f"uuid-{number}", "bricks": BRICKS}
    if against:
        found["failures"] = [{"share": share, "prefix": prefix, "msg": msg} for share, prefix, msg in against]
        found["msg"] = "Several things are in the way."
    return found


def looks(**others: dict[str, t.Any]) -> dict[str, dict[str, t.Any]]:
    return {**{f"server{number}": look(number) for number in (1, 2, 3)}, **others}


def test_the_first_server_renews_what_nobody_has_anything_against() -> None:
    assert divide([WIDE, NARROW], LOCATIONS, looks()) == {"todo": {"server1": [WIDE, NARROW]}, "problems": []}


def test_a_pool_that_is_full_on_one_server() -> None:
    """The other series goes on."""
    other = {"name": "wide", "prefix": "weekly"}
    full = look(3, ("wide", "daily", "The pool is full."))
    assert divide([WIDE, NARROW, other], LOCATIONS, looks(server3=full)) == {
        "todo": {"server1": [NARROW, other]},
        "problems": ["The pool is full."],
    }


def test_a_server_that_answered_and_failed_is_a_problem_for_the_shares_on_it() -> None:
    """Its thin pool may be full. One that did not answer is no better known."""
    for failed in ({"failed": True, "msg": "lvs does not tell."}, {"unreachable": True, "msg": "Connection refused"}):
        told = divide([WIDE, NARROW], LOCATIONS, looks(server3=failed))
        assert told["todo"] == {"server1": [NARROW]}
        [problem] = told["problems"]
        assert problem.startswith(f"server3: {failed['msg'].rstrip('.')}. So there are no new snapshots of wide, which")


def test_a_server_that_is_not_in_the_run() -> None:
    told = divide([WIDE, NARROW], LOCATIONS, {name: its for name, its in looks().items() if name != "server1"})
    assert told["todo"] == {}
    assert told["problems"] == [
        "server1: it is not in this run. So there are no new snapshots of narrow, wide, which may have bricks there."
    ]


def test_nobody_could_look() -> None:
    told = divide([WIDE], LOCATIONS, {name: {"failed": True, "msg": f"no LVM on {name}"} for name in SERVERS})
    assert told["todo"] == {} and [one.partition(".")[0] for one in told["problems"]] == [
        f"{name}: no LVM on {name}" for name in SERVERS
    ]


def test_bricks_on_a_server_that_is_in_no_inventory() -> None:
    told = divide([WIDE, NARROW], {share: {"servers": SERVERS[:2]} for share in BRICKS}, looks())
    assert told == {
        "todo": {"server1": [NARROW]},
        "problems": ["Share wide has bricks on servers that are not in the inventory's group of its cluster."],
    }


def test_each_cluster_has_its_own_server() -> None:
    locations = {"wide": {"servers": SERVERS}, "far": {"servers": ["server4"]}}
    far = {"name": "far", "prefix": "daily"}
    there = {"snapshots": [], "server": "uuid-4", "bricks": {"far": ["uuid-4"]}}
    told = divide([far, WIDE, NARROW], locations, looks(server4=there))
    assert told == {
        "todo": {"server4": [far], "server1": [WIDE]},
        "problems": ["Share narrow is on none of the clusters."],
    }


DEFAULT = {"prefix": "scheduled", "every": "1d", "keep": 7, "keep_for": None}


@pytest.mark.parametrize(
    "series, expected",
    [
        ({}, DEFAULT),
        ({"prefix": "daily", "every": "12h"}, {**DEFAULT, "prefix": "daily", "every": "12h"}),
        # What says how much to keep takes nothing of that from elsewhere.
        ({"keep_for": "7d"}, {"prefix": "scheduled", "every": "1d", "keep_for": "7d"}),
        ({"keep": None}, {"prefix": "scheduled", "every": "1d", "keep": None}),
    ],
)
def test_series_that_do_not_say(series: dict[str, t.Any], expected: dict[str, t.Any]) -> None:
    shares = [{"name": "x", "size": "1G", "snapshots": [series]}, {"name": "y"}]
    assert declared(shares, DEFAULT) == [{"name": "x", **expected}]


@pytest.mark.parametrize(
    "made, told",
    [
        ({"snapshots": []}, []),
        ({"failures": [{"msg": "One."}, {"msg": "Two."}], "msg": "2 failed."}, ["One.", "Two."]),
        ({"unreachable": True, "msg": "Connection refused"}, ["s1: Connection refused."]),
        # Nobody knows that it was done.
        *(
            (spoilt, ["s1: it told nothing."])
            for spoilt in (None, {}, "x", {"failures": 7}, {"failures": ["x"]}, {"failures": [{"msg": 7}]})
        ),
    ],
)
def test_what_went_wrong(made: t.Any, told: list[str]) -> None:
    decided = {"todo": {"s1": [WIDE]}, "problems": ["Before."]}
    assert problems(decided, {"s1": made, "s2": {"msg": "nobody asked it"}}) == ["Before.", *told]
