# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in clones volumes, and does as much harm with it as Heketi."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
from program import R3, Program
from replay import Answer

CLONED = re.compile(r"/run/gluster/snaps/[0-9a-f]{32}/brick\d/brick")


def make(server: Program, name: str = "v") -> dict[str, t.Any]:
    body = {"size": 2, "name": name, "durability": R3, "snapshot": {"enable": True, "factor": 1.5}, "gid": 7}
    body["glustervolumeoptions"] = ["nfs.disable on"]
    return server.get(server.finish(server.ask("POST", "/volumes", body)).headers["Location"])


def clone(server: Program, volume: dict[str, t.Any], **body: t.Any) -> Answer:
    return server.ask("POST", f"/volumes/{volume['id']}/clone", body)


def cloned(server: Program, volume: dict[str, t.Any], **body: t.Any) -> dict[str, t.Any]:
    return server.get(server.finish(clone(server, volume, **body)).headers["Location"])


def test_a_clone_is_as_its_source(program: t.Callable[..., Program]) -> None:
    server = program()
    server.add_cluster()
    source = make(server)
    space = [server.get(f"/devices/{brick['device']}")["storage"] for brick in source["bricks"]]
    copy = cloned(server, source, name="copy")
    for name in ("size", "durability", "snapshot", "gid", "glustervolumeoptions", "cluster", "blockinfo"):
        assert copy[name] == source[name]
    assert copy["name"] == "copy" and copy["mount"]["glusterfs"]["device"].endswith(":copy")
    places = [sorted((brick["node"], brick["device"], brick["size"]) for brick in v["bricks"]) for v in (source, copy)]
    assert places[0] == places[1]
    assert not {brick["id"] for brick in copy["bricks"]} & {brick["id"] for brick in source["bricks"]}
    assert all(CLONED.fullmatch(brick["path"]) for brick in copy["bricks"])
    assert {brick["volume"] for brick in copy["bricks"]} == {copy["id"]}
    assert server.get(f"/volumes/{source['id']}") == source
    assert server.get("/volumes")["volumes"] == sorted([source["id"], copy["id"]])
    assert server.get("/operations")["total"] == 0 and server.get("/db/check")["totalinconsistencies"] == 0
    log = server.log.read_text()
    snapshot = re.search(r"snapshot create (tmpsnap_[0-9a-f]{32}) v no-timestamp", log)
    assert snapshot
    steps = ["snapshot activate {}", "snapshot clone copy {}", "volume start copy", "volume info copy --xml"]
    steps += ["snapshot deactivate {}", "snapshot delete {}"]
    order = [log.index(step.format(snapshot[1])) for step in steps]
    assert order == sorted(order)
    # They share the thin pools: the last one gives the space back.
    assert [server.get(f"/devices/{brick['device']}")["storage"] for brick in source["bricks"]] == space
    for volume, used in ((source, space[0]["used"]), (copy, 0)):
        assert server.finish(server.ask("DELETE", f"/volumes/{volume['id']}")).status == 204
        assert server.get(f"/devices/{source['bricks'][0]['device']}")["storage"]["used"] == used


def test_no_name_is_looked_at(program: t.Callable[..., Program]) -> None:
    server = program()
    server.add_cluster()
    source = make(server)
    unnamed = cloned(server, source)
    assert unnamed["name"] == f"vol_{unnamed['id']}"
    twin = cloned(server, source, name="v")
    assert (twin["name"], twin["cluster"]) == (source["name"], source["cluster"]) and twin["id"] != source["id"]
    assert clone(server, source, name="a.b").body == "validation failed: name: must be in a valid format.\n"
    assert server.ask("POST", f"/volumes/{source['id']}/clone").status == 422
    assert server.ask("POST", f"/volumes/{'0' * 32}/clone", {}).status == 404


def test_while_it_is_made(program: t.Callable[..., Program]) -> None:
    server = program(faults=[{"command": "snapshot create", "delay": 60}])
    server.add_cluster()
    source, other = make(server), make(server, "other")
    key = clone(server, source, name="copy").headers["Location"]
    assert server.get("/volumes")["volumes"] == sorted([source["id"], other["id"]])
    assert server.ask("GET", f"/volumes/{source['id']}").status == 404
    (operation,) = server.get("/operations/pending")["pendingoperations"]
    assert (operation["type_name"], operation["sub_status"]) == ("clone-volume", "in-flight")
    changes = server.get(f"/operations/pending/{operation['id']}")["changes"]
    assert [change["description"] for change in changes] == [
        "Clone volume from",
        "Expand volume to",
        *["Add brick"] * 3,
    ]
    # Its name is nowhere, and its cluster has an id that nothing is behind.
    assert "copy" not in json.dumps(server.get("/db/dump"))
    assert changes[1]["id"] in server.get(f"/clusters/{source['cluster']}")["volumes"]
    refused = server.create("more")
    assert (refused.status, refused.body) == (500, "Failed to allocate new volume: Id not found\n")
    in_use = "The target exists, contains other items, or is in use.\n"
    assert clone(server, source).body == f"Failed clone volume {source['id']}: {in_use}"
    assert server.ask("DELETE", f"/volumes/{source['id']}").body == f"Failed to set up volume delete: {in_use}"
    assert server.ask("GET", key).headers["X-Pending"] == "true"


def test_killed_meanwhile_it_stays_so_for_ever(program: t.Callable[..., Program]) -> None:
    server = program(faults=[{"command": "snapshot create", "delay": 60}])
    server.add_cluster()
    source = make(server)
    clone(server, source, name="copy")
    server.kill()
    server = program()
    (operation,) = server.get("/operations/pending")["pendingoperations"]
    assert (operation["type_name"], operation["status"]) == ("clone-volume", "stale")
    for body in ({}, {"operations": [operation["id"]]}):
        assert server.finish(server.ask("POST", "/operations/pending/cleanup", body)).status == 204
        assert server.get("/operations")["stale"] == 1
    assert server.get("/volumes") == {"volumes": [source["id"]]}
    assert server.ask("GET", f"/volumes/{source['id']}").status == 404
    assert server.ask("DELETE", f"/volumes/{source['id']}").status == 500
    assert server.create("more").body == "Failed to allocate new volume: Id not found\n"


def test_what_gluster_says_of_directories(program: t.Callable[..., Program]) -> None:
    reason = "Snapshot is supported only for thin provisioned LV."
    answer = f"<cliOutput><opRet>-1</opRet><opErrno>30815</opErrno><opErrstr>{reason}</opErrstr></cliOutput>"
    server = program(faults=[{"command": "snapshot create", "output": answer}])
    server.add_cluster()
    source = make(server)
    before = server.get("/db/dump")
    failed = server.finish(clone(server, source))
    assert (failed.status, failed.body) == (500, f"Failed to create snapshot of volume v: {reason}\n")
    assert server.get("/db/dump") == before


def test_a_snapshot_is_not_left_behind(program: t.Callable[..., Program]) -> None:
    server = program(faults=[{"command": "snapshot clone", "error": "no such luck"}])
    server.add_cluster()
    source = make(server)
    failed = server.finish(clone(server, source))
    assert re.fullmatch(r"Unable to clone snapshot tmpsnap_\w+: no such luck\n", failed.body)
    assert re.search(r"snapshot deactivate tmpsnap_.*\n.*snapshot delete tmpsnap_", server.log.read_text())
    assert server.get(f"/volumes/{source['id']}") == source


@pytest.mark.parametrize("limit", [2])
def test_expanding_a_clone_costs_an_operation_for_good(program: t.Callable[..., Program], limit: int) -> None:
    server = program(gluster={"max_inflight_operations": limit})
    server.add_cluster()
    copy = cloned(server, make(server), name="copy")
    for leaked in range(1, limit + 1):
        panic = server.ask("POST", f"/volumes/{copy['id']}/expand", {"expand_size": 1})
        assert panic.status == 500 and panic.body.startswith("PANIC: runtime error: ") and len(panic.body) > 300
        assert server.get("/operations") == {"total": 0, "in_flight": leaked, "stale": 0, "failed": 0, "new": 0}
    assert server.create("more").status == 429
    assert server.get(f"/volumes/{copy['id']}") == copy
