# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read, with which requests, and what it looks like; what vanishes meanwhile; and the module around it."""

from __future__ import annotations

import io
import json
import sys
import typing as t

import pytest
import yaml  # type: ignore[import-untyped]
from ansible.module_utils import basic
from ansible_collections.glusterops.shares.plugins.module_utils._errors import Unreachable
from ansible_collections.glusterops.shares.plugins.module_utils._heketi import info
from ansible_collections.glusterops.shares.plugins.modules import gluster_heketi_info
from ansible_collections.glusterops.shares.tests.unit.plugins.module_utils._heketi import scripted
from ansible_collections.glusterops.shares.tests.unit.plugins.module_utils._heketi.scripted import (
    CLUSTER,
    NO_ID,
    NODES,
    Clock,
    ScriptedHeketi,
)

KIB = 1024
VOLUME = "a" * 32
PENDING = "GET /operations/pending"
EXAMINE = "GET /internal/state/examine/gluster"


def device(number: str, free: int = 60, state: str = "online") -> dict[str, t.Any]:
    brick = {"id": "b" * 32, "path": "/b", "device": number, "node": "n", "volume": VOLUME, "size": 40}
    return {
        "id": number * 32,
        "name": f"/dev/sd{number}",
        "state": state,
        "storage": {"total": 100, "free": free, "used": 100 - free},
        "bricks": [brick] if free < 100 else None,
        "paths": [f"/dev/disk/by-id/{number}"],
    }


def server(node: str, *devices: dict[str, t.Any], **other: t.Any) -> dict[str, t.Any]:
    names = {"manage": [f"server{node[0]}"], "storage": [f"10.0.0.{node[0]}"]}
    answer = {"id": node, "cluster": CLUSTER, "hostnames": names, "zone": int(node[0]), "state": "online"}
    return {**answer, "devices": list(devices), **other}


@pytest.fixture(name="heketi")
def fixture_heketi() -> ScriptedHeketi:
    """A cluster of three servers with one volume."""
    heketi = ScriptedHeketi(Clock())
    heketi.on("GET /clusters", {"clusters": [CLUSTER]})
    cluster = {"id": CLUSTER, "file": True, "block": False, "volumes": [VOLUME], "blockvolumes": ["b" * 32]}
    heketi.on(f"GET /clusters/{CLUSTER}", {**cluster, "nodes": list(NODES)})
    heketi.on("GET /volumes", {"volumes": [VOLUME]})
    heketi.on(f"GET /volumes/{VOLUME}", scripted.info("v", VOLUME, 1))
    for node in NODES:
        heketi.on(f"GET /nodes/{node}", server(node, device("d")))
    heketi.on(PENDING, {"pendingoperations": None})
    heketi.on(EXAMINE, scripted.examined("v", "precious"))
    return heketi


def gather(heketi: ScriptedHeketi, *parts: str) -> dict[str, t.Any]:
    client = scripted.connect(heketi.clock)[0]
    client.session.mount("http://", heketi)
    return info.gather(client, parts)


# ---- what is read


def test_clusters(heketi: ScriptedHeketi) -> None:
    first, second, third = NODES
    heketi.on(f"GET /nodes/{first}", server(first, device("d", 10), device("e", 100, "offline"), tags={"rack": "a"}))
    heketi.on(f"GET /nodes/{third}", server(third, state="offline"))
    found = gather(heketi, "clusters")
    assert list(found) == ["clusters"]
    (cluster,) = found["clusters"]
    nodes = cluster.pop("nodes")
    assert cluster == {
        "id": CLUSTER,
        "file": True,
        "block": False,
        "volumes": [VOLUME, "b" * 32],
        "total": 300 * KIB,
        "free": 170 * KIB,
        "used": 130 * KIB,
    }
    assert nodes[0] == {
        "id": first,
        "cluster": CLUSTER,
        "manage": "server1",
        "storage": "10.0.0.1",
        "zone": 1,
        "state": "online",
        "tags": {"rack": "a"},
        "total": 200 * KIB,
        "free": 110 * KIB,
        "used": 90 * KIB,
        "devices": [
            {
                "id": "d" * 32,
                "node": first,
                "manage": "server1",
                "name": "/dev/sdd",
                "state": "online",
                "tags": {},
                "total": 100 * KIB,
                "free": 10 * KIB,
                "used": 90 * KIB,
                "bricks": 1,
                "paths": ["/dev/disk/by-id/d"],
            },
            {
                "id": "e" * 32,
                "node": first,
                "manage": "server1",
                "name": "/dev/sde",
                "state": "offline",
                "tags": {},
                "total": 100 * KIB,
                "free": 100 * KIB,
                "used": 0,
                "bricks": 0,
                "paths": ["/dev/disk/by-id/e"],
            },
        ],
    }
    assert [(node["id"], node["state"], node["total"]) for node in nodes[1:]] == [
        (second, "online", 100 * KIB),
        (third, "offline", 0),
    ]


def test_volumes(heketi: ScriptedHeketi) -> None:
    other = {
        "durability": {"type": "disperse", "disperse": {"data": 4, "redundancy": 2}},
        "glustervolumeoptions": ["", "client.ssl on", ""],
        "snapshot": {"enable": True, "factor": 1.5},
        "gid": 500,
    }
    clone = scripted.info("clone", "c1", 3)
    for brick in clone["bricks"]:
        brick["path"] = f"/run/gluster/snaps/{brick['id']}/brick1/brick"
    heketi.on("GET /volumes", {"volumes": [VOLUME, "c1"]})
    heketi.on(f"GET /volumes/{VOLUME}", scripted.info("v", VOLUME, 1, **other))
    heketi.on("GET /volumes/c1", clone)
    first, second = gather(heketi, "volumes")["volumes"]
    assert {name: value for name, value in first.items() if name not in ("bricks", "mount")} == {
        "name": "v",
        "id": VOLUME,
        "size": "1G",
        "size_bytes": 2**30,
        "cluster": CLUSTER,
        "durability": "disperse-4+2",
        "snapshot_factor": 1.5,
        "gid": 500,
        "volume_options": {"client.ssl": "on"},
        "cloned": False,
    }
    assert [(brick["host"], brick["node"], brick["size"]) for brick in first["bricks"]] == [
        (host, node, "1G") for node, host in NODES.items()
    ]
    assert first["mount"] == {
        "source": "10.0.0.1:v",
        "hosts": ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
        "options": "backup-volfile-servers=10.0.0.2:10.0.0.3",
    }
    assert (second["cloned"], second["gid"], second["snapshot_factor"], second["size"]) == (True, 0, None, "3G")


@pytest.mark.parametrize("status, told", [("", "under way"), ("stale", "stale"), ("failed", "failed")])
def test_operations(heketi: ScriptedHeketi, status: str, told: str) -> None:
    row, dump = scripted.operation("w", "delete-volume", status)
    heketi.on(PENDING, {"pendingoperations": [row]})
    heketi.on("GET /db/dump", dump)
    assert gather(heketi, "operations") == {
        "operations": [{"id": row["id"], "kind": "delete-volume", "status": told, "volumes": ["w"]}]
    }


def test_what_heketi_works_on_is_not_foreign(heketi: ScriptedHeketi) -> None:
    row, dump = scripted.operation("begun")
    heketi.on(PENDING, {"pendingoperations": [row]})
    heketi.on("GET /db/dump", dump)
    heketi.on(EXAMINE, scripted.examined("v", "precious", "begun"))
    assert gather(heketi, "gluster") == {"gluster": {"volumes": ["begun", "precious", "v"], "foreign": ["precious"]}}
    # What Gluster has comes first: a volume that is made meanwhile is in one of the others by then.
    assert [heketi.calls.index(call) for call in (EXAMINE, PENDING)] == [0, 1]


# ---- with which requests

CLUSTERS = ["GET /clusters", f"GET /clusters/{CLUSTER}", *(f"GET /nodes/{node}" for node in NODES)]
DUMP = "GET /db/dump"
VOLUMES = [DUMP, "GET /volumes", f"GET /volumes/{VOLUME}"]


@pytest.mark.parametrize(
    "parts, requests",
    [
        ("clusters", CLUSTERS),
        ("volumes", [*VOLUMES, *CLUSTERS[2:]]),
        ("clusters volumes", [*CLUSTERS, *VOLUMES]),
        ("operations", [PENDING]),
        ("gluster", [EXAMINE, PENDING, *VOLUMES]),
        ("clusters volumes operations gluster", [*CLUSTERS, *VOLUMES, PENDING, EXAMINE]),
        ("", []),
    ],
)
def test_requests(heketi: ScriptedHeketi, parts: str, requests: list[str]) -> None:
    found = gather(heketi, *parts.split())
    assert sorted(heketi.calls) == sorted(requests)
    assert set(found) == set(parts.split())


@pytest.mark.parametrize(
    "parts, requests",
    [
        ("volumes", [DUMP]),
        ("clusters volumes", [*CLUSTERS, DUMP]),
        ("gluster", [EXAMINE, PENDING, DUMP]),
        ("clusters volumes operations gluster", [*CLUSTERS, DUMP, PENDING, EXAMINE]),
    ],
)
def test_requests_where_heketi_shows_its_database(heketi: ScriptedHeketi, parts: str, requests: list[str]) -> None:
    one_by_one = gather(heketi, *parts.split())
    heketi.on(DUMP, scripted.dumped(scripted.info("v", VOLUME, 1)))
    heketi.calls.clear()
    assert gather(heketi, *parts.split()) == one_by_one
    assert sorted(heketi.calls) == sorted(requests)


def test_a_second_request_when_something_is_under_way(heketi: ScriptedHeketi) -> None:
    row, dump = scripted.operation("w")
    heketi.on(PENDING, {"pendingoperations": [row]})
    heketi.on("GET /db/dump", dump)
    gather(heketi, "operations")
    assert heketi.calls == [PENDING, "GET /db/dump"]


# ---- what vanishes


def test_what_vanishes_is_left_out(heketi: ScriptedHeketi) -> None:
    gone = "2" * 32
    heketi.on("GET /clusters", {"clusters": ["e" * 32, CLUSTER]})
    heketi.on(f"GET /clusters/{'e' * 32}", NO_ID)
    heketi.on(f"GET /nodes/{gone}", NO_ID)
    heketi.on("GET /volumes", {"volumes": [VOLUME, "f" * 32]})
    heketi.on(f"GET /volumes/{'f' * 32}", NO_ID)
    for parts in (["clusters", "volumes"], ["volumes"]):
        found = gather(heketi, *parts)
        (volume,) = found["volumes"]
        assert [brick["host"] for brick in volume["bricks"]] == ["10.0.0.1", None, "10.0.0.3"]
        for cluster in found.get("clusters", []):
            assert [node["id"] for node in cluster["nodes"]] == ["1" * 32, "3" * 32]
            assert cluster["total"] == 200 * KIB


def test_operations_that_end_meanwhile(heketi: ScriptedHeketi) -> None:
    row, _dump = scripted.operation("w")
    heketi.on(PENDING, {"pendingoperations": [row]})
    heketi.on("GET /db/dump", {"volumeentries": {}, "pendingoperations": {}})
    assert gather(heketi, "operations")["operations"] == [
        {"id": row["id"], "kind": "create-volume", "status": "under way", "volumes": []}
    ]


def test_nothing_there(heketi: ScriptedHeketi) -> None:
    heketi.on("GET /clusters", {"clusters": None})
    heketi.on("GET /volumes", {"volumes": None})
    heketi.on(EXAMINE, {"clusters": None})
    assert gather(heketi, *info.PARTS) == {
        "clusters": [],
        "volumes": [],
        "operations": [],
        "gluster": {"volumes": [], "foreign": []},
    }


# ---- the module


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **params: t.Any
) -> tuple[int, dict[str, t.Any]]:
    arguments = {"heketi_url": "http://heketi.test:8080", "heketi_key": scripted.KEY, **params}
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(SystemExit) as caught:
        gluster_heketi_info.main()
    return t.cast(int, caught.value.code), json.loads(capsys.readouterr().out)


@pytest.fixture(name="asked")
def fixture_asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str]]]:
    asked: list[tuple[str, list[str]]] = []

    def pretend(client: t.Any, parts: list[str]) -> dict[str, t.Any]:
        asked.append((client.connection.url, parts))
        if "gluster" in parts:
            raise Unreachable("no answer", request="GET x")
        return {part: [] for part in parts}

    monkeypatch.setattr(gluster_heketi_info, "gather", pretend)
    return asked


def test_the_module(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], asked: list[tuple[str, list[str]]]
) -> None:
    code, result = run(monkeypatch, capsys, _ansible_check_mode=True)
    assert code == 0 and result["changed"] is False
    assert asked == [("http://heketi.test:8080", ["clusters", "volumes", "operations"])]
    assert [result[part] for part in ("clusters", "volumes", "operations")] == [[], [], []]
    assert scripted.KEY not in json.dumps(result)


def test_failing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], asked: list[tuple[str, list[str]]]
) -> None:
    code, result = run(monkeypatch, capsys, gather=["gluster"])
    assert code == 1 and (result["msg"], result["error"], result["request"]) == ("no answer", "unreachable", "GET x")
    code, result = run(monkeypatch, capsys, gather=["colours"])
    assert code == 1 and "value of gather must be one or more of: clusters, volumes" in result["msg"]
    assert len(asked) == 1


def test_every_return_value_is_documented(heketi: ScriptedHeketi) -> None:
    returned = yaml.safe_load(gluster_heketi_info.RETURN)
    row, dump = scripted.operation("w")
    heketi.on(PENDING, {"pendingoperations": [row]})
    heketi.on("GET /db/dump", dump)
    found = gather(heketi, *info.PARTS)

    def compare(values: t.Any, documented: dict[str, t.Any]) -> None:
        value = values[0] if isinstance(values, list) else values
        if "contains" in documented:
            assert set(value) == set(documented["contains"])
            for name, entry in documented["contains"].items():
                compare(value[name], entry)

    for part in info.PARTS:
        compare(found[part], returned[part])
        compare(returned[part]["sample"], returned[part])
