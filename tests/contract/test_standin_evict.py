# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in moves bricks: one alone, those of a device, those of a node."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
from heketi.allocate import Device, Layout, NoSpace, place_again
from program import R3, Program
from replay import Answer

GIB = 1024 * 1024
ARBITER = {"size": 2, "durability": R3, "glustervolumeoptions": ["user.heketi.arbiter true"]}
DISPERSE = {"size": 2, "durability": {"type": "disperse", "disperse": {"data": 2, "redundancy": 1}}}
NO_REPLACEMENT = "No Replacement was found for resource requested to be removed\n"


def make(server: Program, name: str, **body: t.Any) -> dict[str, t.Any]:
    done = server.finish(server.ask("POST", "/volumes", {"size": 1, "durability": R3, **body, "name": name}))
    assert done.status == 303, done
    return server.get(done.headers["Location"])


def to_state(server: Program, path: str, *states: str, **body: t.Any) -> Answer:
    for state in states:
        answer = server.finish(server.ask("POST", f"{path}/state", {"state": state, **body}))
    return answer


def evict(server: Program, brick: str, **body: t.Any) -> Answer:
    return server.finish(server.ask("POST", f"/bricks/to-evict/{brick}", body))


def in_gluster(server: Program) -> dict[str, list[str]]:
    """Gluster's bricks of each volume, in its order."""
    nodes = server.get("/internal/state/examine/gluster")["clusters"][0]["NodesData"]
    volumes = nodes[0]["VolumeInfo"]["Volumes"]["VolumeList"]
    return {one["VolumeName"]: [brick["Name"] for brick in one["Bricks"]["BrickList"]] for one in volumes}


def in_heketi(server: Program, volume: str) -> set[str]:
    bricks = server.get(f"/volumes/{volume}")["bricks"]
    return {f"{server.get('/nodes/' + one['node'])['hostnames']['storage'][0]}:{one['path']}" for one in bricks}


def no_traces(server: Program) -> None:
    assert server.get("/operations")["total"] == 0
    assert server.get("/db/check")["totalinconsistencies"] == 0
    assert server.get("/db/check")["bricks"]["pending"] == 0


@pytest.mark.parametrize("body", [{}, ARBITER, DISPERSE], ids=["replica", "arbiter", "disperse"])
def test_every_brick_of_a_volume_in_turn(program: t.Callable[..., Program], body: dict[str, t.Any]) -> None:
    server = program()
    server.add_cluster(nodes=4)
    volume = make(server, "v", **body)
    for old in volume["bricks"]:
        before, kinds = in_gluster(server)["v"], brick_kinds(server)
        used = server.get(f"/devices/{old['device']}")["storage"]["used"]
        assert used > old["size"]
        assert evict(server, old["id"]).status == 204
        now = server.get(f"/volumes/{volume['id']}")
        assert {**now, "bricks": []} == {**volume, "bricks": []}
        assert old["id"] not in [brick["id"] for brick in now["bricks"]]
        assert len({brick["node"] for brick in now["bricks"]}) == 3
        # Nothing but that brick has changed, in its place; the space it took is free.
        after = in_gluster(server)["v"]
        assert set(after) == in_heketi(server, volume["id"])
        assert [one == other for one, other in zip(before, after)].count(False) == 1
        assert brick_kinds(server) == kinds
        assert server.get(f"/devices/{old['device']}")["storage"]["used"] == 0
    no_traces(server)


def brick_kinds(server: Program) -> list[tuple[int, int, int]]:
    """Size, kind and all the space of each brick."""
    bricks = server.get("/db/dump")["brickentries"].values()
    return sorted((one["Info"]["size"], one["SubType"], one["TpSize"] + one["PoolMetadataSize"]) for one in bricks)


def test_a_device_is_emptied_and_goes(program: t.Callable[..., Program]) -> None:
    server = program()
    server.add_cluster(nodes=4)
    volumes = [make(server, f"v{number}", size=number) for number in (1, 2, 3)]
    node = server.get(f"/nodes/{volumes[0]['bricks'][0]['node']}")
    (device,) = node["devices"]
    path = f"/devices/{device['id']}"
    assert len(device["bricks"]) >= 1
    refused = server.finish(server.ask("POST", f"{path}/state", {"state": "failed"}))
    assert "must be offline" in refused.body
    assert to_state(server, path, "offline", "failed").status == 204
    now = server.get(path)
    assert (now["state"], now["bricks"], now["storage"]["used"]) == ("failed", [], 0)
    for volume in volumes:
        assert set(in_gluster(server)[volume["name"]]) == in_heketi(server, volume["id"])
        assert node["id"] not in [brick["node"] for brick in server.get(f"/volumes/{volume['id']}")["bricks"]]
    assert server.finish(server.ask("DELETE", path)).status == 204
    assert server.finish(server.ask("DELETE", f"/nodes/{node['id']}")).status == 204
    no_traces(server)


def test_a_node_is_emptied_with_all_its_devices(program: t.Callable[..., Program]) -> None:
    server = program()
    server.add_cluster(nodes=4)
    volume = make(server, "v")
    key = volume["bricks"][0]["node"]
    assert server.finish(server.ask("POST", "/devices", {"node": key, "name": "/srv/b"})).status == 204
    assert to_state(server, f"/nodes/{key}", "offline", "failed").status == 204
    node = server.get(f"/nodes/{key}")
    assert node["state"] == "failed" and [device["state"] for device in node["devices"]] == ["failed", "failed"]
    assert key not in [brick["node"] for brick in server.get(f"/volumes/{volume['id']}")["bricks"]]
    for device in node["devices"]:
        assert server.finish(server.ask("DELETE", f"/devices/{device['id']}")).status == 204
    assert server.finish(server.ask("DELETE", f"/nodes/{key}")).status == 204
    no_traces(server)


def test_no_place(program: t.Callable[..., Program]) -> None:
    server = program()
    server.add_cluster(nodes=3)
    volume = make(server, "v")
    before = server.get("/db/dump")
    path = f"/devices/{volume['bricks'][0]['device']}"
    failed = to_state(server, path, "offline", "failed")
    assert (failed.status, failed.body) == (500, NO_REPLACEMENT)
    assert server.get(path)["state"] == "offline"
    failed = evict(server, volume["bricks"][0]["id"])
    assert (failed.status, failed.body) == (500, NO_REPLACEMENT)
    assert to_state(server, path, "online").status == 204
    assert server.get("/db/dump") == before


def test_another_device_of_the_same_node_will_do(program: t.Callable[..., Program]) -> None:
    server = program()
    server.add_cluster(nodes=3)
    old = make(server, "v")["bricks"][0]
    assert server.finish(server.ask("POST", "/devices", {"node": old["node"], "name": "/srv/b"})).status == 204
    assert evict(server, old["id"]).status == 204
    assert server.get(f"/devices/{old['device']}")["bricks"] == []
    assert [len(one["bricks"]) for one in server.get(f"/nodes/{old['node']}")["devices"]].count(1) == 1


def test_without_durability_nothing_is_moved(program: t.Callable[..., Program]) -> None:
    server = program()
    server.add_cluster(nodes=2)
    (brick,) = make(server, "v", durability={})["bricks"]
    text = "replace brick is not supported for volume durability type none\n"
    assert evict(server, brick["id"]).body == text
    failed = to_state(server, f"/devices/{brick['device']}", "offline", "failed")
    assert (failed.status, failed.body) == (500, text)
    no_traces(server)


def test_what_is_moved_stays_moved_when_the_next_one_fails(program: t.Callable[..., Program]) -> None:
    refuse = {"command": "replace-brick b ", "error": "not now", "times": 1}
    server = program(faults=[refuse])
    server.add_cluster(nodes=4)
    server.finish(server.ask("POST", "/devices", {"node": (key := nodes(server)[3]), "name": "/srv/b"}))
    to_state(server, f"/nodes/{key}", "offline")
    a, b = make(server, "a"), make(server, "b")
    to_state(server, f"/nodes/{key}", "online")
    device = server.get(f"/nodes/{nodes(server)[0]}")["devices"][0]
    path = f"/devices/{device['id']}"
    assert {brick["volume"] for brick in device["bricks"]} == {a["id"], b["id"]}
    failed = to_state(server, path, "offline", "failed")
    assert failed.status == 500
    assert re.match(r"Unable to replace brick s\d:/.* with s\d:/.* for volume b\n", failed.body)
    left = server.get(path)
    assert left["state"] == "offline" and b["id"] in [brick["volume"] for brick in left["bricks"]]
    no_traces(server)
    assert to_state(server, path, "failed").status == 204
    assert server.get(path)["bricks"] == []
    for volume in (a, b):
        assert set(in_gluster(server)[volume["name"]]) == in_heketi(server, volume["id"])


def nodes(server: Program) -> list[str]:
    (cluster,) = server.get("/clusters")["clusters"]
    return server.get(f"/clusters/{cluster}")["nodes"]


def heals(*states: tuple[str, str]) -> dict[str, t.Any]:
    """Makes Gluster say this once of a volume's bricks: the name and the entries to heal of each."""
    bricks = "".join(
        f"<brick><name>{name}</name><numberOfEntries>{count}</numberOfEntries></brick>" for name, count in states
    )
    output = f"<cliOutput><healInfo><bricks>{bricks}</bricks></healInfo><opRet>0</opRet></cliOutput>"
    return {"command": "volume heal v info --xml", "output": output, "times": 1}


def test_not_while_it_is_needed_for_healing(program: t.Callable[..., Program]) -> None:
    server = program()
    server.add_cluster(nodes=4)
    volume = make(server, "v")
    one, two, three = in_gluster(server)["v"]
    old = next(brick["id"] for brick in volume["bricks"] if one.endswith(brick["path"]))
    down = ("information not available", "-")
    server.kill()
    server = program(
        faults=[
            heals((one, "3"), (two, "0"), (three, "0")),
            heals((one, "0"), (two, "0"), down),
            heals((one, "0"), ("s9:/other", "0"), (three, "0")),
            heals(down, (two, "1"), (three, "0")),
        ]
    )
    assert evict(server, old).body == f"Cannot replace brick {old} as it is source brick for data to be healed\n"
    assert evict(server, old).body == f"Cannot replace brick {old} as only 1 of 2 required peer bricks are online\n"
    assert evict(server, old).body == "Unable to determine heal status of brick\n"
    # One that is down itself, and so the source of nothing, may go.
    assert evict(server, old).status == 204


def test_unless_nobody_shall_look(program: t.Callable[..., Program]) -> None:
    server = program(faults=[{"command": "volume heal", "error": "no"}])
    server.add_cluster(nodes=4)
    brick = make(server, "v")["bricks"][0]
    assert evict(server, brick["id"]).body == "Unable to get heal info of volume : v\n"
    path = f"/devices/{brick['device']}"
    assert to_state(server, path, "offline", "failed").body == "Unable to get heal info of volume : v\n"
    assert to_state(server, path, "failed", healcheck="disable").status == 204


def test_one_at_a_time(program: t.Callable[..., Program]) -> None:
    server = program(faults=[{"command": "replace-brick v", "delay": 60}])
    server.add_cluster(nodes=4)
    old, other, _third = make(server, "v")["bricks"]
    key = server.ask("POST", f"/bricks/to-evict/{old['id']}", {}).headers["Location"]
    (operation,) = server.get("/operations/pending")["pendingoperations"]
    assert (operation["type_name"], operation["sub_status"]) == ("evict-brick", "in-flight")
    assert server.ask("POST", f"/bricks/to-evict/{old['id']}", {}).body == (
        f"Can not evict brick {old['id']}: brick is pending\n"
    )
    refused = server.ask("POST", f"/bricks/to-evict/{other['id']}", {})
    assert (refused.status, refused.body) == (
        500,
        f"Can not evict brick {other['id']} from volume {old['volume']}: volume has pending bricks\n",
    )
    in_use = "The target exists, contains other items, or is in use.\n"
    assert to_state(server, f"/devices/{old['device']}", "offline", "failed").body == in_use
    assert server.ask("DELETE", f"/volumes/{old['volume']}").body == f"Failed to set up volume delete: {in_use}"
    assert server.ask("GET", key).headers["X-Pending"] == "true"
    assert server.ask("POST", f"/bricks/to-evict/{'0' * 32}", {}).status == 404
    assert server.ask("POST", f"/bricks/to-evict/{old['id']}").status == 422


@pytest.mark.parametrize("accepted", [False, True])
@pytest.mark.parametrize("alone", [False, True])
def test_killed_in_the_middle(program: t.Callable[..., Program], accepted: bool, alone: bool) -> None:
    """Before or after Gluster took the new brick; one brick, or one of a device."""
    server = program(faults=[{"command": "pgrep" if accepted else "replace-brick", "delay": 60}])
    server.add_cluster(nodes=4)
    volume = make(server, "v")
    before = server.get("/db/dump")
    old = volume["bricks"][0]
    path = f"/devices/{old['device']}"
    if alone:
        assert server.ask("POST", f"/bricks/to-evict/{old['id']}", {}).status == 202
    else:
        to_state(server, path, "offline")
        assert server.ask("POST", f"{path}/state", {"state": "failed"}).status == 202
    server.wait_for("replace-brick" if accepted else "volume heal v info")
    server.kill()
    server = program()
    kinds = sorted(one["type_name"] for one in server.get("/operations/pending")["pendingoperations"])
    assert kinds == (["evict-brick"] if alone else ["evict-brick", "remove-device"])
    assert server.get(f"/volumes/{volume['id']}")["bricks"] == volume["bricks"]
    assert server.finish(server.ask("POST", "/operations/pending/cleanup", {})).status == 204
    no_traces(server)
    assert set(in_gluster(server)["v"]) == in_heketi(server, volume["id"])
    assert (old["id"] in [one["id"] for one in server.get(f"/volumes/{volume['id']}")["bricks"]]) is not accepted
    if not alone:
        assert to_state(server, path, "failed").status == 204
        assert server.get(path)["bricks"] == []
    elif not accepted:
        assert json.dumps(server.get("/db/dump"), sort_keys=True) == json.dumps(before, sort_keys=True)


# The allocator


def devices(*where: tuple[str, int, str]) -> list[Device]:
    return [Device(f"d{at}", node, zone, 9 * GIB, arbiter=tag) for at, (node, zone, tag) in enumerate(where)]


@pytest.mark.parametrize(
    ("layout", "arbiter", "expected"),
    [
        (Layout(3), False, ["d2", "d3", "d4"]),
        (Layout(3, strict_zones=True), False, ["d4"]),
        (Layout(3, arbiter=True), False, ["d2", "d4"]),
        (Layout(3, arbiter=True), True, ["d3", "d4"]),
        (Layout(3, tag_rule=lambda tags: False), False, []),
    ],
)
def test_where_a_brick_may_go(layout: Layout, arbiter: bool, expected: list[str]) -> None:
    supported = "supported"
    row = devices(
        ("n0", 1, supported), ("n1", 2, supported), ("n2", 1, "disabled"), ("n3", 2, "required"), ("n4", 3, supported)
    )
    found = []
    try:
        while True:
            placed = place_again(GIB, layout, arbiter, row[:2], [one for one in row if one.id not in found], list)
            found.append(placed.device.id)
    except NoSpace:
        pass
    assert found == expected
