# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said about room; what fits is put to the stand-in in tests/contract/test_room.py."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.room import (
    Need,
    explain,
    hopeless,
    largest,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.topology import Device, HeketiCluster, Node

GIB = 1024**3
# The thin pool of a brick of 1 GiB, and its metadata.
ONE_GIB = GIB + 8 * 1024**2


def node(number: int, *free: int, state: str = "online", devices: str = "online", **other: t.Any) -> Node:
    found = [Device(f"d{number}-{at}", "/dev/sdb", devices, size, size, 0, {}, 0) for at, size in enumerate(free)]
    values: dict[str, t.Any] = {"zone": 1, "tags": {}, **other}
    return Node(
        id=f"n{number}",
        cluster="c",
        manage=f"server{number}",
        storage=f"10.0.0.{number}",
        state=state,
        devices=tuple(found),
        **values,
    )


def cluster(*nodes: Node, key: str = "c", file: bool = True) -> HeketiCluster:
    return HeketiCluster(key, file, True, nodes, ())


def three(*free: int) -> HeketiCluster:
    return cluster(*(node(number, size) for number, size in enumerate(free, 1)))


def test_how_much_is_free_where_and_what_would_fit() -> None:
    assert explain([three(12 * GIB, 8 * GIB, 40 * GIB)], "replicate-3", None, 10) == (
        "Cluster c: 3 of 3 servers can take bricks; free 40G on server3, 12G on server1, 8G on server2; the largest"
        " volume sure to fit with replicate-3 is 7 GiB."
    )
    assert explain([three(12 * GIB, 8 * GIB, 40 * GIB)], "replicate-3", 2.0, 10, existing_bricks=3).endswith(
        "the largest growth sure to fit with replicate-3 and snapshot_factor 2 is 3 GiB."
    )


def test_what_is_free_is_rounded_down_and_a_brick_must_fit_on_one_device() -> None:
    devices = node(1, 5 * GIB, 2 * GIB, 123456 * GIB - 1)
    assert explain([cluster(devices, node(2, GIB - 1))], "replicate-2", None, 1) == (
        "Cluster c: 2 of 2 servers can take bricks; free 123462.9G on server1 (at most 123455.9G on one of 3 devices),"
        " 0.9G on server2; nothing is sure to fit with replicate-2."
    )


def test_too_few_servers() -> None:
    nodes = [node(1, 50 * GIB), node(2, 50 * GIB, devices="failed"), node(3, 50 * GIB, state="offline"), node(4)]
    assert explain([cluster(*nodes)], "replicate-2", None, 1) == (
        "Cluster c: 1 of 4 servers can take bricks (server2 has no device for them, server3 is offline, server4 has no"
        " device for them), and replicate-2 needs 2."
    )
    assert explain([cluster()], "none", None, 1) == "Cluster c: 0 of 0 servers can take bricks, and none needs 1."
    assert explain([cluster(*nodes[1:], *nodes[1:])], "none", None, 1).startswith(
        "Cluster c: 0 of 6 servers can take bricks (server2 has no device for them, server3 is offline, server4 has no"
        " device for them and 3 more), and"
    )


def test_strict_zones() -> None:
    zones = cluster(node(1, 9 * GIB), node(2, 9 * GIB), node(3, 9 * GIB, zone=2))
    strict = {"user.heketi.zone-checking": "strict"}
    assert explain([zones], "replicate-3", None, 1, options=strict) == (
        "Cluster c: 3 of 3 servers can take bricks, in 2 zones, and replicate-3 needs 3."
    )
    assert largest(zones, "replicate-2", options=strict) == 8


def test_only_devices_with_a_tag() -> None:
    fast = cluster(node(1, 9 * GIB, tags={"disk": "ssd"}), node(2, 50 * GIB), node(3, 50 * GIB))
    assert largest(fast, "none", options={"user.heketi.device-tag-match": "disk=ssd"}) == 8
    assert largest(fast, "none", options={"user.heketi.device-tag-match": "disk!=ssd"}) == 99
    assert explain([fast], "replicate-2", None, 1, options={"user.heketi.device-tag-match": "disk=ssd"}) == (
        "Cluster c: 1 of 3 servers can take bricks (server2 has no device for them, server3 has no device for them),"
        " and replicate-2 needs 2."
    )


def test_many_servers_and_many_clusters() -> None:
    large = cluster(*(node(number, number * GIB) for number in range(1, 9)), key="large")
    clusters = [cluster(key="empty"), three(2 * GIB, 2 * GIB, 2 * GIB), large, cluster(key="blocks", file=False)]
    assert explain(clusters, "replicate-3", None, 900) == (
        "Cluster large: 8 of 8 servers can take bricks; free 8G on server8, 7G on server7, 6G on server6 and less on 5"
        " more; the largest volume sure to fit with replicate-3 is 6 GiB."
        " Cluster c: 3 of 3 servers can take bricks; free 2G on server1, 2G on server2, 2G on server3; the largest"
        " volume sure to fit with replicate-3 is 1 GiB."
        " Cluster empty: 0 of 0 servers can take bricks, and replicate-3 needs 3."
        " And 1 more."
    )
    assert (
        explain(clusters, "replicate-3", None, 900, among=["blocks"]) == "Cluster blocks: it is not for file volumes."
    )


def test_no_more_bricks() -> None:
    assert explain([three(9 * GIB, 9 * GIB, 9 * GIB)], "replicate-3", None, 1, existing_bricks=30) == (
        "It has 30 bricks, replicate-3 adds 3 at a time, and Heketi takes no more than 32: it cannot grow any more."
    )


def test_too_little_at_a_time() -> None:
    assert explain([three(9 * GIB, 9 * GIB, 9 * GIB)], "disperse-2+1", None, 1, existing_bricks=3) == (
        "With disperse-2+1 it takes at least 2 GiB at a time."
    )


def test_what_should_fit() -> None:
    assert explain([three(9 * GIB, 9 * GIB, 9 * GIB)], "replicate-3", None, 4).endswith(
        "; 4 GiB should fit, if all of them answer Heketi: run again in a few minutes."
    )


@pytest.mark.parametrize(
    ("durability", "free", "expected"),
    [
        ("none", [ONE_GIB], 0),  # never to the last byte
        ("none", [ONE_GIB + 1024], 1),
        ("none", [9000 * 1024 * GIB], 32 * 4096),
        ("replicate-3", [9000 * 1024 * GIB] * 3, 8 * 4096),
        ("disperse-4+2", [10 * GIB] * 6, 39),
        ("disperse-4+2", [10 * GIB] * 5, 0),
        ("replicate-3-arbiter", [10 * GIB, 10 * GIB, GIB], 9),
        ("replicate-3-arbiter", [10 * GIB, 10 * GIB, 0], 0),
    ],
)
def test_largest(durability: str, free: list[int], expected: int) -> None:
    assert largest(three(*free), durability) == expected


def test_more_and_smaller_bricks_fit_where_fewer_do_not() -> None:
    four = cluster(node(1, *[ONE_GIB + 1024] * 4))
    assert largest(four, "none") == 4
    assert explain([four], "none", None, 3).endswith("the largest volume sure to fit with none is 4 GiB.")


def test_a_data_brick_may_take_the_only_room_for_arbiters() -> None:
    nodes = [node(number, *[ONE_GIB + 1024] * count) for number, count in ((1, 4), (2, 4), (3, 1))]
    assert largest(cluster(*nodes), "replicate-3-arbiter") == 1
    # Nowhere but on this server are arbiters allowed, and the data may come there first.
    only = [node(number, 9 * GIB, tags={"arbiter": "disabled"}) for number in (1, 2)]
    assert largest(cluster(*only, node(3, 9 * GIB)), "replicate-3-arbiter") == 0
    assert largest(cluster(*only, node(3, 9 * GIB, tags={"arbiter": "required"})), "replicate-3-arbiter") == 8


@pytest.mark.parametrize(("file_size", "expected"), [("1", 1), ("64", 8), ("0", 8), ("much", 8)])
def test_small_files_need_large_arbiters(file_size: str, expected: int) -> None:
    arbiters = cluster(node(1, 9 * GIB), node(2, 9 * GIB), node(3, 2 * GIB, tags={"arbiter": "required"}))
    options = {"user.heketi.average-file-size": file_size}
    assert largest(arbiters, "replicate-3-arbiter", options=options) == expected


# ---- what surely fits nowhere; whether it does is put to the stand-in in tests/contract/test_room.py


def test_what_is_asked_for_together_has_to_fit_together() -> None:
    needs = [Need("replicate-3", None, 4)] * 3
    assert hopeless([three(9 * GIB, 9 * GIB, 9 * GIB)], needs) == [False, False, True]
    assert hopeless([three(9 * GIB, 9 * GIB, 9 * GIB)], [Need("replicate-3", 2.0, 4)] * 2) == [False, True]
    # Another cluster may have the third, unless it is not allowed.
    two = [three(9 * GIB, 9 * GIB, 9 * GIB), cluster(*three(5 * GIB, 5 * GIB, 5 * GIB).nodes, key="d")]
    assert hopeless(two, needs) == [False, False, False]
    assert hopeless(two, [Need("replicate-3", None, 4, ["d"])] * 2) == [False, True]


def test_what_fits_nowhere() -> None:
    room = [three(9 * GIB, 9 * GIB, 9 * GIB)]
    assert hopeless([], [Need("none", None, 1)]) == [True]
    assert hopeless(room, [Need("replicate-3", None, 9), Need("replicate-3", None, 8)]) == [True, False]
    # Too few servers; too many bricks already; on the way to being too small.
    assert hopeless(room, [Need("disperse-4+2", None, 4)]) == [True]
    assert hopeless(room, [Need("replicate-3", None, 1, (), {}, 30), Need("replicate-3", None, 1, (), {}, 29)]) == [
        True,
        False,
    ]
    assert hopeless(room, [Need("disperse-2+1", None, 1)]) == [True]
    offline = cluster(*(node(number, 9 * GIB, devices="offline") for number in range(3)))
    assert hopeless([offline], [Need("none", None, 1)]) == [True]
