# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.operations import (
    Operation,
    Unfinished,
    by_volume,
    clean_up,
    on_volume,
    wait_for,
)
from ansible_collections.glusterops.shares.tests.unit.plugins.module_utils._heketi.scripted import (
    NO_ID,
    Answer,
    Clock,
    connect,
    operation,
)

PENDINGS = "GET /operations/pending"


def test_nothing_under_way_is_one_request() -> None:
    client, heketi = connect(Clock())
    heketi.on(PENDINGS, {"pendingoperations": None})
    assert Unfinished(client).look() == []
    assert heketi.calls == [PENDINGS]


def test_names_come_from_the_dump() -> None:
    client, heketi = connect(Clock())
    row, dump = operation("v", "expand-volume")
    # An expand marks its bricks, not the volume; a delete marks the volume; a removal of a device names none.
    dump["volumeentries"]["f" * 32]["Pending"]["Id"] = ""
    dump["volumeentries"]["e" * 32] = {"Info": {"name": "w"}, "Pending": {"Id": "2"}}
    dump["volumeentries"]["d" * 32] = {"Info": {"name": "x"}, "Pending": {"Id": ""}}
    others = [
        {"id": "2", "type_name": "delete-volume", "status": "stale", "sub_status": ""},
        {"id": "3", "type_name": "remove-device", "status": "", "sub_status": "in-flight"},
    ]
    dump["pendingoperations"]["3"] = {"Actions": [{"Change": 9, "Id": "c" * 32}], "Status": ""}
    dump.update(brickentries={}, nodeentries={})
    for brick, (node, path, pending) in enumerate(
        [("n2", "/b/1", row["id"]), ("n1", "/b/2", row["id"]), ("n1", "/b/3", ""), ("n1", "/b/4", "2")]
    ):
        dump["brickentries"][f"{brick}"] = {"Info": {"node": node, "path": path}, "Pending": {"Id": pending}}
    for number in (1, 2):
        hostnames = {"manage": ["m"], "storage": [f"10.0.0.{number}"]}
        dump["nodeentries"][f"n{number}"] = {"Info": {"hostnames": hostnames}}
    heketi.on(PENDINGS, {"pendingoperations": [row, *others]})
    heketi.on("GET /db/dump", dump)
    assert Unfinished(client).look() == [
        Operation(row["id"], "expand-volume", "", frozenset(["v"]), ("10.0.0.2:/b/1", "10.0.0.1:/b/2")),
        Operation("2", "delete-volume", "stale", frozenset(["w"]), ("10.0.0.1:/b/4",)),
        Operation("3", "remove-device", "", frozenset()),
    ]


def test_servers_too_old_to_tell() -> None:
    client, heketi = connect(Clock())
    heketi.on(PENDINGS, NO_ID)
    assert Unfinished(client).look() == []


def test_servers_that_do_not_tell_what_they_work_on() -> None:
    client, heketi = connect(Clock())
    row, _dump = operation("v")
    heketi.on(PENDINGS, {"pendingoperations": [row]})
    with pytest.raises(
        Refused, match="Heketi has not finished 1 operation, and does not tell on which volumes: Heketi"
    ):
        Unfinished(client).look()


@pytest.mark.parametrize(
    "pending, dump, about",
    [
        ({}, {}, "its operations"),
        ({"pendingoperations": [{"id": "1"}]}, {}, "its database"),
        ({"pendingoperations": [{"id": "1"}]}, {"volumeentries": {"2": {}}}, "its database"),
    ],
)
def test_answers_that_are_not_heketis(pending: dict[str, t.Any], dump: dict[str, t.Any], about: str) -> None:
    client, heketi = connect(Clock())
    heketi.on(PENDINGS, pending)
    heketi.on("GET /db/dump", dump)
    with pytest.raises(GlusterOpsError, match=f"Heketi's answer about {about} is not as expected"):
        Unfinished(client).look()


def test_waits_for_what_is_under_way_and_returns_what_is_left() -> None:
    clock = Clock()
    client, heketi = connect(clock, poll_interval=2.5)
    row, dump = operation("v")
    left = {"id": "2", "type_name": "create-volume", "status": "failed", "sub_status": ""}
    dump["volumeentries"]["e" * 32] = {"Info": {"name": "v"}, "Pending": {"Id": "2"}}
    heketi.on(PENDINGS, {"pendingoperations": [row, left]}, {"pendingoperations": [left]})
    heketi.on("GET /db/dump", dump)
    waited, operations = wait_for(client, ["v", "w"])
    assert waited and clock.pauses == [2.5]
    assert operations == [Operation("2", "create-volume", "failed", frozenset(["v"]))]
    assert wait_for(client, ["w"]) == (False, [])


def test_the_database_is_read_once_however_long_it_takes() -> None:
    client, heketi = connect(Clock())
    row, dump = operation("v")
    heketi.on(PENDINGS, *[{"pendingoperations": [row]}] * 20, {"pendingoperations": []})
    heketi.on("GET /db/dump", dump)
    said: list[str] = []
    assert wait_for(client, ["v"], say=said.append) == (True, [])
    assert (heketi.count(PENDINGS), heketi.count("GET /db/dump")) == (21, 1)
    assert said == [f"Waiting for Heketi to end create-volume {row['id']} (under way)"]
    # Not at all, where whoever asks has it already; again, where something began that it does not have.
    heketi.calls.clear()
    later, after = operation("w", "delete-volume")
    later["id"], after = "8" * 32, {**dump, "pendingoperations": {**dump["pendingoperations"], "8" * 32: {}}}
    heketi.on(PENDINGS, {"pendingoperations": [row]}, {"pendingoperations": [row, later]}, {"pendingoperations": []})
    heketi.on("GET /db/dump", after)
    assert wait_for(client, ["v"], Unfinished(client, dump)) == (True, [])
    assert heketi.calls == [PENDINGS, PENDINGS, "GET /db/dump", PENDINGS]


def test_of_several_on_a_volume_the_one_under_way_counts() -> None:
    stale = Operation("1", "expand-volume", "stale", frozenset(["v", "w"]))
    under_way = Operation("2", "delete-volume", "", frozenset(["v"]))
    for order in ([stale, under_way], [under_way, stale]):
        assert by_volume(order) == {"v": under_way, "w": stale}


def test_operations_on_a_volume_are_found_without_the_dump() -> None:
    client, heketi = connect(Clock())
    rows = [{"id": one, "type_name": "expand-volume", "status": "", "sub_status": ""} for one in ("1", "2", "3")]
    heketi.on(PENDINGS, {"pendingoperations": rows})
    heketi.on(f"{PENDINGS}/1", {"changes": [{"id": "a", "description": "Add brick"}]})
    heketi.on(f"{PENDINGS}/2", NO_ID)
    heketi.on(f"{PENDINGS}/3", {"changes": [{"id": "b", "description": "Add brick"}, {"id": "v", "description": "E"}]})
    assert on_volume(client, "v") == ["3"]
    assert heketi.calls == [PENDINGS, *(f"{PENDINGS}/{one}" for one in "123")]


def test_clean_up_asks_for_no_more_than_heketi_takes() -> None:
    client, heketi = connect(Clock())
    heketi.on("POST /operations/pending/cleanup", Answer(204, ""))
    clean_up(client, [Operation(f"{one:032x}", "create-volume", "stale", frozenset()) for one in range(33)])
    assert heketi.count("POST /operations/pending/cleanup") == 2
    assert heketi.bodies["POST /operations/pending/cleanup"] == {"operations": [f"{32:032x}"]}
