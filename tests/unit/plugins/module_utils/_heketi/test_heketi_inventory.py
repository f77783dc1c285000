# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.filter.declared_topology import FilterModule as Declared
from ansible_collections.glusterops.shares.plugins.filter.servers_twice import FilterModule as Twice

(declared,), (twice,) = (one().filters().values() for one in (Declared, Twice))


def declare(heketi: t.Iterable[list[dict[str, str]]] = (), **hosts: dict[str, t.Any]) -> dict[str, t.Any]:
    return declared(list(hosts), hosts, heketi)


def node(manage: str, **others: t.Any) -> dict[str, t.Any]:
    default = {"storage": manage, "zone": 1, "tags": {}, "state": "online", "devices": [{"name": "/dev/sdb"}]}
    return {"manage": manage, **default, **others}


def test_what_a_server_does_not_say_has_its_default() -> None:
    found = declare(s1={"topology_devices": ["/dev/sdb"]}, s2={"topology_devices": []}, s3={})
    assert found["clusters"] == [{"file": True, "block": True, "nodes": [node("s1"), node("s2", devices=[])]}]
    assert found["names"] == {"s1": "s1", "s2": "s2", "s3": "s3"} and found["wiped"] == []


def test_what_a_server_says() -> None:
    its = {
        "ansible_host": "10.0.0.1",
        "topology_zone": 2,
        "topology_tags": {"a": "b"},
        "topology_state": "offline",
        "topology_devices": [{"name": "/dev/sdc", "tags": {"x": "y"}}],
    }
    given = {"zone": 2, "tags": {"a": "b"}, "state": "offline", "devices": [{"name": "/dev/sdc", "tags": {"x": "y"}}]}
    assert declare(s1=its)["clusters"][0]["nodes"] == [node("10.0.0.1", **given)]
    named = declare(s1={**its, "topology_manage": "s1.example"})
    assert named["clusters"][0]["nodes"] == [node("s1.example", **given)] and named["names"] == {"s1": "s1.example"}
    both = declare(s1={**its, "topology_manage": "s1.example", "topology_storage": "10.1.0.1"})
    assert both["clusters"][0]["nodes"] == [node("s1.example", **{**given, "storage": "10.1.0.1"})]


@pytest.mark.parametrize("no", [False, "no", "false", 0])
def test_a_cluster_is_for_what_all_of_its_servers_are_for(no: t.Any) -> None:
    one: dict[str, t.Any] = {"topology_devices": []}
    found = declare(
        s1={**one, "topology_cluster": "a"},
        s2={**one, "topology_cluster": "b", "topology_cluster_file": no},
        s3={**one, "topology_cluster": "a", "topology_cluster_block": no},
    )
    assert [(its["file"], its["block"], len(its["nodes"])) for its in found["clusters"]] == [
        (True, False, 2),
        (False, True, 1),
    ]


def test_devices_that_would_be_wiped_for_good() -> None:
    devices = ["/dev/sdb", *({"name": f"/dev/{value}", "destroy_data": value} for value in (True, "yes", False, "no"))]
    found = declare(s1={"topology_devices": devices, "topology_manage": "m1"}, s2={"topology_devices": []})
    assert found["wiped"] == ["m1:/dev/True", "m1:/dev/yes"]


HEKETI = [[{"manage": "S1", "storage": "x"}, {"manage": "new", "storage": "y"}, {"manage": "z", "storage": "10.0.0.2"}]]


def test_servers_that_the_inventory_does_not_have() -> None:
    """However their names are written, and of clusters of which it has others."""
    other = [{"manage": "foreign", "storage": "foreign"}]
    hosts: dict[str, dict[str, t.Any]] = {"s1": {}, "s2": {"ansible_host": "10.0.0.2"}}
    assert declare([*HEKETI, other], **hosts)["strangers"] == ["new"]
    assert declare([*HEKETI, other], **hosts, s3={"topology_storage": "Y"})["strangers"] == []
    assert declare([*HEKETI, other], s9={"topology_manage": "foreign"})["strangers"] == []
    assert declare(**hosts)["strangers"] == []


def test_how_many_servers_a_pool_has() -> None:
    hosts: dict[str, dict[str, t.Any]] = {"s1": {}, "s2": {"ansible_host": "NEW"}, "s3": {"topology_manage": "w"}}
    assert declare([[{"manage": "w"}], *HEKETI], **hosts)["sizes"] == {"s1": 3, "s2": 3, "s3": 1}
    assert declare(s4={})["sizes"] == {"s4": 0}


def test_servers_under_two_names() -> None:
    looks = {
        host: {"peers": [{"uuid": uuid, "hostname": "localhost"}]}
        for host, uuid in (("a", "1"), ("b", "2"), ("c", "1"))
    }
    assert twice({**looks, "d": {"peers": None}, "e": {}}) == ["a", "c"]
