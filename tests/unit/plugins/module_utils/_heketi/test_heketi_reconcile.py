# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
import requests
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    OutcomeUnknown,
    Refused,
    Unreachable,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import HeketiClient
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.reconcile import reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.volumes import Desired
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.tests.unit.plugins.module_utils._heketi.scripted import (
    CLUSTER,
    NO_ID,
    NODES,
    PENDING,
    Answer,
    Clock,
    ScriptedHeketi,
    accepted,
    connect,
    done,
    dumped,
    examined,
    info,
    operation,
)

A, B, C = "a" * 32, "b" * 32, "e" * 32
CLEANUP = "POST /operations/pending/cleanup"
DUMP = "GET /db/dump"
EXAMINE = "GET /internal/state/examine/gluster"
PENDINGS = "GET /operations/pending"
LOST = requests.exceptions.ReadTimeout("timed out")
NODE_READS = [f"GET /nodes/{node}" for node in NODES]


@pytest.fixture(name="clock")
def fixture_clock() -> Clock:
    return Clock()


@pytest.fixture(name="server")
def fixture_server(clock: Clock) -> tuple[HeketiClient, ScriptedHeketi]:
    return connect(clock)


def want(name: str, size: int = 10, **other: t.Any) -> Desired:
    return Desired(name, size=size, **other)


def gone(name: str) -> Desired:
    return Desired(name, present=False)


def rows(*operations: dict[str, str]) -> dict[str, t.Any]:
    return {"pendingoperations": list(operations)}


# ---- reading


def test_no_change_is_one_read(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    heketi.on(DUMP, dumped(info("v", A), info("w", B), info("other", C)))
    changes, items = reconcile(client, [want("v"), want("w")])
    assert changes == []
    assert heketi.calls == [DUMP]
    heketi.has(info("v", A), info("w", B), info("other", C))
    heketi.on(DUMP, Answer(404, "Invalid path or request\n"))
    assert reconcile(client, [want("v"), want("w")]) == (changes, items)


@pytest.mark.parametrize(
    "refusal",
    [
        Answer(404, "Invalid path or request\n"),
        Answer(401, "Administrator access required\n"),
        Answer(403, "<html>Forbidden</html>"),
        Answer(405),
        Answer(500, "Id not found\n"),
        Answer(504, "<html>Gateway Time-out</html>"),
        Answer(200, '{"clusterentries": {'),
        LOST,
        {"kind": "Status"},
        {**dumped(info("v", A)), "pendingoperations": None},
        {**dumped(info("v", A)), "brickentries": {}},
        {**dumped(info("v", A)), "clusterentries": {CLUSTER: {"Info": {"nodes": []}}}},
    ],
)
def test_without_the_dump_it_is_one_list_an_info_each_and_the_servers(
    server: tuple[HeketiClient, ScriptedHeketi], refusal: t.Any
) -> None:
    client, heketi = server
    heketi.has(info("v", A), info("w", B), info("other", C))
    heketi.on(DUMP, refusal)
    changes, items = reconcile(client, [want("v"), want("w")])
    assert changes == []
    assert heketi.calls[:2] == [DUMP, "GET /volumes"]
    assert sorted(heketi.calls[2:5]) == [f"GET /volumes/{volume}" for volume in (A, B, C)]
    assert sorted(heketi.calls[5:]) == NODE_READS
    assert items[0] == {
        "name": "v",
        "state": "present",
        "changed": False,
        "failed": False,
        "notes": [],
        "id": A,
        "size": "10G",
        "size_bytes": 10 * 1024**3,
        "cluster": CLUSTER,
        "snapshot_factor": None,
        "gid": 0,
        "volume_options": {},
        "cloned": False,
        "durability": "replicate-3",
        "bricks": [
            {
                "host": host,
                "path": f"/var/lib/heketi/mounts/vg_{number}/brick_{number}/brick",
                "node": node,
                "device": f"{number}d" * 16,
                "size": "10G",
            }
            for number, (node, host) in enumerate(NODES.items())
        ],
        "mount": {
            "source": "10.0.0.1:v",
            "hosts": ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
            "options": "backup-volfile-servers=10.0.0.2:10.0.0.3",
        },
    }


def test_absent_already_asks_only_what_is_under_way_if_anything_is(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    heketi.has(info("other", A))
    changes, items = reconcile(client, [gone("v")])
    assert changes == []
    assert items == [{"name": "v", "state": "absent", "changed": False, "failed": False, "notes": []}]
    assert heketi.calls == [DUMP, "GET /volumes", f"GET /volumes/{A}", PENDINGS]
    heketi.calls.clear()
    heketi.on(DUMP, dumped(info("other", A)))
    assert reconcile(client, [gone("v")])[1] == items
    assert heketi.calls == [DUMP]
    heketi.calls.clear()
    row, _dump = operation("v", "delete-volume", "stale")
    begun = {"Actions": [{"Change": 4, "Id": B, "Delta": None}], "Status": "stale"}
    heketi.on(DUMP, dumped(info("other", A), info("v", B), operations={row["id"]: begun}))
    heketi.on(PENDINGS, rows(row), rows())
    heketi.on(CLEANUP, accepted("c"))
    heketi.on("GET /queue/c", Answer(204))
    # Not in the list, and not gone: what was begun is finished.
    assert [change.what for change in reconcile(client, [gone("v")])[0]] == ["unfinished"]
    assert heketi.calls == [DUMP, PENDINGS, CLEANUP, "GET /queue/c", PENDINGS, DUMP, PENDINGS]


def test_a_volume_that_goes_between_list_and_read_is_not_there(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    heketi.has(info("v", A), info("w", B))
    heketi.on(f"GET /volumes/{B}", NO_ID)
    assert reconcile(client, [want("v"), gone("w")])[0] == []


def test_no_volumes_at_all_may_be_null(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    heketi.has()
    heketi.on("GET /volumes", {"volumes": None})
    assert reconcile(client, [gone("v")])[0] == []


def test_another_service_is_not_taken_for_heketi(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    heketi.on("GET /volumes", {"kind": "Status"})
    with pytest.raises(
        GlusterOpsError, match="Heketi's answer about its volumes is not as expected .*: is it a Heketi"
    ):
        reconcile(client, [want("v")])


def test_unreadable_servers_are_a_warning(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    heketi.has(info("v", A))
    heketi.on(NODE_READS[1], NO_ID)
    warnings: list[str] = []
    _changes, items = reconcile(client, [want("v")], warn=warnings.append)
    assert [brick["host"] for brick in items[0]["bricks"]] == [None] * 3
    assert warnings == [
        f"The servers' host names are unknown: Heketi refused {NODE_READS[1]} (HTTP 404): Id not found."
    ]


def test_notes_are_warnings(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    heketi.has(info("v", A, size=20, gid=5))
    warnings: list[str] = []
    _changes, items = reconcile(client, [want("v", gid=6)], warn=warnings.append)
    note = "gid is 5 and stays so, though 6 is asked for."
    assert items[0]["notes"] == [note] and items[0]["size"] == "20G"
    assert warnings == [f"Volume 'v': {note}"]


# ---- creating


def creating(heketi: ScriptedHeketi, *queue: Answer | Exception) -> None:
    """An empty Heketi that makes v with the id A."""
    heketi.has()
    heketi.on("GET /volumes", {"volumes": []}, {"volumes": [A]})
    heketi.on(EXAMINE, examined("other"))
    heketi.on("POST /volumes", accepted())
    heketi.on("GET /queue/q", *(queue or (PENDING, done(f"/volumes/{A}"))))
    heketi.on(f"GET /volumes/{A}", info("v", A))


def test_create(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    creating(heketi)
    changes, items = reconcile(client, [want("v", options={"client.ssl": "on"})])
    before = [DUMP, "GET /volumes", PENDINGS, EXAMINE, "POST /volumes", "GET /queue/q", "GET /queue/q"]
    assert heketi.calls[:7] == before
    # How it became, whether another made one of that name, too, and where the bricks are.
    assert heketi.calls[7:10] == [DUMP, "GET /volumes", f"GET /volumes/{A}"]
    assert sorted(heketi.calls[10:]) == NODE_READS
    assert heketi.bodies["POST /volumes"]["glustervolumeoptions"] == ["client.ssl on", "cluster.lookup-optimize off"]
    assert [change.what for change in changes] == ["state", "size", "durability", "volume_options"]
    assert (items[0]["changed"], items[0]["id"], items[0]["bricks"][2]["host"]) == (True, A, "10.0.0.3")


def test_many_that_are_made_are_looked_at_once(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    creating(heketi)
    heketi.on("POST /volumes", accepted("p"), accepted("q"))
    heketi.on("GET /queue/p", done(f"/volumes/{A}"))
    heketi.on("GET /queue/q", done(f"/volumes/{B}"))
    infos = [info("v", A), info("w", B)]
    heketi.on(DUMP, dumped(info("other", C)), dumped(info("other", C), *infos))
    _changes, items = reconcile(client, [want("v"), want("w")])
    assert {(item["name"], item["id"]) for item in items} in ({("v", A), ("w", B)}, {("v", B), ("w", A)})
    assert items[0]["bricks"][2]["host"] == "10.0.0.3"
    assert heketi.calls[:2] == [DUMP, EXAMINE] and heketi.calls[-1] == DUMP
    assert sorted(heketi.calls[2:-1]) == ["GET /queue/p", "GET /queue/q", "POST /volumes", "POST /volumes"]


@pytest.mark.parametrize("shown", ["dump", "one by one"])
def test_a_volume_that_vanished_after_it_was_made(server: tuple[HeketiClient, ScriptedHeketi], shown: str) -> None:
    client, heketi = server
    creating(heketi)
    if shown == "dump":
        heketi.on(DUMP, dumped())
    else:
        heketi.on(f"GET /volumes/{A}", NO_ID)
    with pytest.raises(OutcomeUnknown, match=f"It was made as {A}, and is gone or in use when looked at") as caught:
        reconcile(client, [want("v")])
    (item,) = caught.value.details["volumes"]
    assert (item["state"], item["changed"], item["failed"]) == (None, True, True)
    assert [change.what for change in caught.value.details["changes"]] == ["state", "size", "durability"]


def test_what_was_made_and_cannot_be_looked_at_is_no_success(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    creating(heketi)
    heketi.on(DUMP, dumped(), LOST)
    heketi.on("GET /volumes", LOST)
    with pytest.raises(OutcomeUnknown, match=f"It was made as {A}, but cannot be looked at: GET .*/volumes was not"):
        reconcile(client, [want("v")])


def test_another_of_the_same_name_made_meanwhile(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    creating(heketi)
    heketi.on(DUMP, dumped(info("w", C)), dumped(info("v", A), info("v", B), info("w", C)))
    with pytest.raises(Conflict, match=f"It was made as {A}, but another run made {B} in cluster {CLUSTER} of the"):
        reconcile(client, [want("v")])


def test_check_mode_reads_only_and_predicts_exactly(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    creating(heketi)
    heketi.on("GET /volumes", {"volumes": [B, C]}, {"volumes": [B, C]}, {"volumes": [A, B]})
    heketi.on(f"GET /volumes/{B}", info("w", B, size=4))
    heketi.on(f"GET /volumes/{C}", info("x", C))
    heketi.on(f"POST /volumes/{B}/expand", accepted("expand"))
    heketi.on("GET /queue/expand", done(f"/volumes/{B}"))
    heketi.on(f"DELETE /volumes/{C}", accepted("delete"))
    heketi.on("GET /queue/delete", Answer(204))
    wanted = [want("v"), want("w"), gone("x"), gone("y")]
    heketi.has_room(30)
    predicted, items = reconcile(client, wanted, check_mode=True)
    assert all(call.startswith("GET ") for call in heketi.calls)
    assert [item["changed"] for item in items] == [True, True, True, False]
    assert [item["state"] for item in items] == ["absent", "present", "present", "absent"]
    heketi.on(f"GET /volumes/{B}", info("w", B, size=4), info("w", B, size=4), info("w", B, size=10))
    changes, items = reconcile(client, wanted)
    assert changes == predicted
    assert [item["changed"] for item in items] == [True, True, True, False]
    assert [item["state"] for item in items] == ["present", "present", "absent", "absent"]


def test_gluster_is_looked_at_once_for_many(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    creating(heketi)
    heketi.has_room(60)
    reconcile(client, [want(f"v{number}") for number in range(5)], check_mode=True)
    assert heketi.count(EXAMINE) == 1


def test_known_volumes_spare_the_look(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    creating(heketi)
    reconcile(client, [want("v")], known_volumes=[])
    assert heketi.count(EXAMINE) == 0


@pytest.mark.parametrize("known", [None, ["x", "v"]])
def test_a_name_of_glusters_is_refused_before_anything_is_changed(
    server: tuple[HeketiClient, ScriptedHeketi], known: list[str] | None
) -> None:
    client, heketi = server
    creating(heketi)
    heketi.on(EXAMINE, examined("v"))
    with pytest.raises(Conflict) as caught:
        reconcile(client, [want("u"), want("v"), want("w")], known)
    assert str(caught.value).startswith(
        "1 of 3 volumes are refused, so nothing was changed. Volume 'v': Gluster has a volume of this name that Heketi"
    )
    assert caught.value.details["changes"] == []
    assert [item["failed"] for item in caught.value.details["volumes"]] == [False, True, False]
    assert caught.value.details["volumes"][1]["error"] == "conflict"
    assert not any(call.startswith(("POST", "DELETE")) for call in heketi.calls)


@pytest.mark.parametrize(
    "reply",
    [
        Answer(404, "Invalid path or request\n"),
        Answer(500, "oops"),
        {"clusters": [{"ClusterHeketiID": A, "NodesData": [{}]}]},
    ],
)
def test_without_a_look_at_gluster_nothing_is_created(
    server: tuple[HeketiClient, ScriptedHeketi], reply: t.Any
) -> None:
    client, heketi = server
    creating(heketi)
    heketi.on(EXAMINE, reply)
    with pytest.raises(
        Refused, match="No volume was created: pass known_volumes, the names of the volumes that Gluster"
    ):
        reconcile(client, [want("v")])
    assert heketi.count("POST /volumes") == 0


def test_clusters_without_servers_have_no_volumes(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    creating(heketi)
    heketi.on(EXAMINE, {"clusters": [{"ClusterHeketiID": A, "NodesData": None}]})
    assert reconcile(client, [want("v")])[0]


def test_a_refusing_heketi_is_asked_once(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    creating(heketi)
    heketi.on("POST /volumes", Answer(500, "Failed to allocate new volume: Volume name 'v' already in use\n"))
    with pytest.raises(Refused, match="Volume 'v': Heketi refused POST /volumes .*: Volume name 'v'") as caught:
        reconcile(client, [want("v")])
    assert heketi.count("POST /volumes") == 1
    assert caught.value.details["changes"] == []
    (item,) = caught.value.details["volumes"]
    assert (item["http_status"], item["error"], item["failed"], item["changed"]) == (500, "refused", True, False)
    assert item["body"] == "Failed to allocate new volume: Volume name 'v' already in use"


def short_of_room(heketi: ScriptedHeketi) -> None:
    """One cluster with one server, and no room there."""
    heketi.on("GET /clusters", {"clusters": [CLUSTER]})
    cluster = {"id": CLUSTER, "file": True, "block": True, "nodes": ["n"], "volumes": [], "blockvolumes": []}
    heketi.on(f"GET /clusters/{CLUSTER}", cluster)
    storage = {"total": 20 * 1024**2, "free": 12 * 1024**2, "used": 8 * 1024**2}
    device = {"id": "d", "name": "/dev/sdb", "state": "online", "storage": storage, "bricks": []}
    names = {"manage": ["server1"], "storage": ["server1"]}
    node = {"id": "n", "cluster": CLUSTER, "hostnames": names, "zone": 1, "state": "online", "devices": [device]}
    heketi.on("GET /nodes/n", node)


def test_want_of_room_is_told_with_figures(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    creating(heketi)
    short_of_room(heketi)
    heketi.on("POST /volumes", Answer(500, "Failed to allocate new volume: No space\n"))
    with pytest.raises(Refused, match="No space.*replicate-3 needs 3") as caught:
        reconcile(client, [want("v"), want("w")])
    assert [item["error"] for item in caught.value.details["volumes"]] == ["refused", "refused"]
    assert "replicate-3 needs 3" in caught.value.details["volumes"][0]["msg"]
    assert heketi.count("GET /clusters") == 1


def test_figures_that_cannot_be_read_hide_nothing(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    creating(heketi)
    heketi.on("GET /clusters", Answer(500, "no"))
    heketi.on("POST /volumes", Answer(500, "Failed to allocate new volume: No space\n"))
    with pytest.raises(Refused, match="No space"):
        reconcile(client, [want("v")])


def test_what_is_under_way_is_waited_for(server: tuple[HeketiClient, ScriptedHeketi], clock: Clock) -> None:
    client, heketi = server
    creating(heketi)
    row, dump = operation("v")
    heketi.on(PENDINGS, rows(row), rows(row), rows())
    heketi.on("GET /db/dump", dump)
    changes, items = reconcile(client, [want("v")])
    assert changes == [] and items[0]["id"] == A
    assert heketi.count("POST /volumes") == 0 and heketi.count(EXAMINE) == 0
    assert clock.pauses == [1.0, 1.0]


def test_what_is_under_way_elsewhere_is_not_waited_for(
    server: tuple[HeketiClient, ScriptedHeketi], clock: Clock
) -> None:
    client, heketi = server
    creating(heketi, done(f"/volumes/{A}"))
    row, dump = operation("other")
    heketi.on(PENDINGS, rows(row))
    heketi.on("GET /db/dump", dump)
    assert reconcile(client, [want("v")])[0]
    assert max(clock.pauses) < 1


def test_what_does_not_end_is_refused(server: tuple[HeketiClient, ScriptedHeketi], clock: Clock) -> None:
    client, heketi = server
    creating(heketi)
    row, dump = operation("v")
    heketi.on(PENDINGS, rows(row))
    heketi.on("GET /db/dump", dump)
    heketi.on("GET /volumes", {"volumes": []})
    start = clock.now
    with pytest.raises(Refused, match=r"Heketi is still busy with it: create-volume .* \(under way\)"):
        reconcile(client, [want("v")])
    assert clock.now - start == 3600


@pytest.mark.parametrize("status", ["stale", "failed"])
def test_leftovers_of_heketis_own_are_named(server: tuple[HeketiClient, ScriptedHeketi], status: str) -> None:
    client, heketi = server
    creating(heketi)
    row, dump = operation("v", status=status)
    heketi.on(PENDINGS, rows(row))
    heketi.on("GET /db/dump", dump)
    heketi.on(EXAMINE, examined("v"))
    with pytest.raises(
        Refused, match=rf"did not finish: create-volume {row['id']} \({status}\)\. clean_up: true has Heketi clean"
    ):
        reconcile(client, [want("v")])
    assert heketi.count("POST /volumes") == 0


def test_leftovers_are_cleaned_up_if_allowed(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    creating(heketi)
    row, dump = operation("v", status="stale")
    heketi.on("GET /volumes", {"volumes": []}, {"volumes": []}, {"volumes": [A]})
    heketi.on(PENDINGS, rows(row), rows())
    heketi.on("GET /db/dump", dump)
    heketi.on(CLEANUP, accepted("c"))
    heketi.on("GET /queue/c", Answer(204))
    cleaned = Change("v", "unfinished", f"create-volume {row['id']} (stale)", None)
    changes, _items = reconcile(client, [want("v")], known_volumes=[], clean_up=True)
    assert changes[:2] == [cleaned, Change("v", "state", "absent", "present")]
    assert heketi.bodies[CLEANUP] == {"operations": [row["id"]]}


def test_check_mode_cleans_up_nothing(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    heketi.has()
    row, dump = operation("v", status="stale")
    heketi.on(PENDINGS, rows(row))
    heketi.on("GET /db/dump", dump)
    heketi.has_room(20)
    changes, (item,) = reconcile(client, [want("v")], known_volumes=[], clean_up=True, check_mode=True)
    assert [change.what for change in changes][:2] == ["unfinished", "state"]
    assert item["unfinished"] == {"id": row["id"], "kind": "create-volume", "status": "stale", "volumes": ["v"]}
    assert all(call.startswith("GET ") for call in heketi.calls)


def test_leftovers_that_cannot_be_cleaned_up(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    creating(heketi)
    row, dump = operation("v", status="failed")
    heketi.on(PENDINGS, rows(row))
    heketi.on("GET /db/dump", dump)
    heketi.on(CLEANUP, accepted("c"))
    heketi.on("GET /queue/c", Answer(204))
    with pytest.raises(Refused, match=rf"could not clean up create-volume {row['id']} \(failed\): its log says why"):
        reconcile(client, [want("v")], known_volumes=[], clean_up=True)
    assert heketi.count("POST /volumes") == 0


@pytest.mark.parametrize("kind, finished", [("delete-volume", True), ("create-volume", False)])
def test_a_deletion_that_is_still_wanted_is_finished(
    server: tuple[HeketiClient, ScriptedHeketi], kind: str, finished: bool
) -> None:
    client, heketi = server
    heketi.has()
    row, dump = operation("v", kind, status="stale")
    heketi.on(PENDINGS, rows(row), *[rows()] * finished)
    heketi.on("GET /db/dump", dump)
    heketi.on(CLEANUP, accepted("c"))
    heketi.on("GET /queue/c", Answer(204))
    changes, (item,) = reconcile(client, [gone("v")])
    assert heketi.count(CLEANUP) == len(changes) == int(finished)
    assert item["state"] == "absent" and bool(item["notes"]) is not finished


def test_a_server_that_cannot_tell_operations(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    creating(heketi)
    heketi.on(PENDINGS, Answer(404, "Invalid path or request\n"))
    assert reconcile(client, [want("v")], known_volumes=[])[0]


# ---- creating, with an answer that is lost


@pytest.mark.parametrize("when", ["at the request", "in the queue"])
def test_lost_but_done(server: tuple[HeketiClient, ScriptedHeketi], when: str) -> None:
    client, heketi = server
    creating(heketi, NO_ID)
    heketi.on("GET /volumes", {"volumes": [B]}, {"volumes": [B, A]})
    heketi.on(f"GET /volumes/{B}", info("w", B))
    if when == "at the request":
        heketi.on("POST /volumes", LOST)
    changes, items = reconcile(client, [want("v")])
    assert changes and items[0]["id"] == A
    assert heketi.count("POST /volumes") == 1
    # Never those that were there before.
    assert heketi.count(f"GET /volumes/{B}") == 1


def test_lost_and_still_under_way(server: tuple[HeketiClient, ScriptedHeketi], clock: Clock) -> None:
    client, heketi = server
    creating(heketi, NO_ID)
    row, dump = operation("v")
    heketi.on(PENDINGS, rows(), rows(row), rows(row), rows())
    heketi.on("GET /db/dump", dump)
    _changes, items = reconcile(client, [want("v")])
    assert items[0]["changed"] and clock.pauses[-2:] == [1.0, 1.0]
    assert heketi.count("POST /volumes") == 1


def test_lost_and_not_done(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    creating(heketi, NO_ID)
    heketi.on("GET /volumes", {"volumes": []})
    with pytest.raises(OutcomeUnknown, match=r"but not its result: .* Read again, it is not there: run again\.$"):
        reconcile(client, [want("v")])
    assert heketi.count("POST /volumes") == 1


def test_lost_and_left_behind(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    creating(heketi, NO_ID)
    row, dump = operation("v", status="stale")
    heketi.on("GET /volumes", {"volumes": []})
    heketi.on(PENDINGS, rows(), rows(row))
    heketi.on("GET /db/dump", dump)
    with pytest.raises(OutcomeUnknown, match=r"Heketi has not ended create-volume .* \(stale\)\.$"):
        reconcile(client, [want("v")])


def test_lost_and_nothing_can_be_read(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    creating(heketi, LOST)
    heketi.on(PENDINGS, rows(), LOST)
    with pytest.raises(OutcomeUnknown, match="Reading again failed, too: GET .*/operations/pending was not answered"):
        reconcile(client, [want("v")])


def test_made_by_somebody_else_in_another_size(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    creating(heketi, NO_ID)
    heketi.on(f"GET /volumes/{A}", info("v", A, size=3))
    with pytest.raises(Conflict, match="It has 3 GiB instead of 10: something else made it at the same time."):
        reconcile(client, [want("v")])


# ---- expanding


def expanding(heketi: ScriptedHeketi, *after: Answer | dict[str, t.Any]) -> None:
    """A volume v with 4 GiB, seen twice; then what is answered about it."""
    heketi.has(info("v", A, size=4))
    heketi.on(f"GET /volumes/{A}", info("v", A, size=4), info("v", A, size=4), *after)
    heketi.on(f"POST /volumes/{A}/expand", accepted())
    heketi.on("GET /queue/q", PENDING, done(f"/volumes/{A}"))


def test_expand_adds_what_is_missing(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    expanding(heketi, info("v", A, size=10))
    changes, items = reconcile(client, [want("v")])
    assert changes == [Change("v", "size", "4G", "10G")]
    assert heketi.bodies[f"POST /volumes/{A}/expand"] == {"expand_size": 6}
    assert items[0]["size"] == "10G"
    read, expand = f"GET /volumes/{A}", f"POST /volumes/{A}/expand"
    assert heketi.calls[:6] == [DUMP, "GET /volumes", read, PENDINGS, read, PENDINGS]
    assert heketi.calls[6:11] == [expand, "GET /queue/q", "GET /queue/q", read, PENDINGS]
    assert heketi.count(EXAMINE) == 0


@pytest.mark.parametrize("now, has", [(info("v", A, size=7), "has 7 GiB"), (NO_ID, "is gone")])
def test_a_size_that_changed_meanwhile(server: tuple[HeketiClient, ScriptedHeketi], now: t.Any, has: str) -> None:
    client, heketi = server
    expanding(heketi)
    heketi.on(f"GET /volumes/{A}", info("v", A, size=4), now)
    with pytest.raises(Conflict, match=f"It had 4 GiB and {has} now: something else changes it at the same time"):
        reconcile(client, [want("v")])
    assert heketi.count(f"POST /volumes/{A}/expand") == 0


def test_an_expand_that_lost_to_another(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    expanding(heketi, info("v", A, size=9))
    with pytest.raises(
        Conflict, match="Something else changed it while it was expanded.* of the 10G asked for it says 9G"
    ):
        reconcile(client, [want("v")])


@pytest.mark.parametrize("when", ["before", "after"])
def test_two_expansions_at_once_are_noticed(server: tuple[HeketiClient, ScriptedHeketi], when: str) -> None:
    client, heketi = server
    expanding(heketi, info("v", A, size=10))
    row, _dump = operation("w", "expand-volume")
    heketi.on(PENDINGS, *[rows()] * (1 if when == "before" else 2), rows(row))
    heketi.on(f"{PENDINGS}/{row['id']}", {"changes": [{"id": A, "description": "Expand volume"}]})
    message = {"before": f"changes it at the same time .operation {row['id']}", "after": "Compare its bricks in Heketi"}
    with pytest.raises(Conflict, match=message[when]):
        reconcile(client, [want("v")])
    assert heketi.count(f"POST /volumes/{A}/expand") == (when == "after")


@pytest.mark.parametrize("lost", ["request", "result"])
def test_expand_lost_but_done(server: tuple[HeketiClient, ScriptedHeketi], lost: str) -> None:
    client, heketi = server
    expanding(heketi, info("v", A, size=10))
    heketi.on(f"POST /volumes/{A}/expand", LOST if lost == "request" else accepted())
    heketi.on("GET /queue/q", NO_ID)
    row, dump = operation("v", "expand-volume")
    heketi.on(PENDINGS, rows(), rows(), rows(row), rows())
    heketi.on("GET /db/dump", dump)
    assert reconcile(client, [want("v")])[1][0]["size"] == "10G"
    assert heketi.count(f"POST /volumes/{A}/expand") == 1


def test_expand_lost_and_not_done(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    expanding(heketi)
    heketi.on(f"POST /volumes/{A}/expand", LOST)
    with pytest.raises(OutcomeUnknown, match=r"Read again, it has not grown: run again\.$"):
        reconcile(client, [want("v")])
    assert heketi.count(f"POST /volumes/{A}/expand") == 1


# ---- deleting


def deleting(heketi: ScriptedHeketi) -> None:
    heketi.has(info("v", A))
    heketi.on(f"DELETE /volumes/{A}", accepted())
    heketi.on("GET /queue/q", PENDING, Answer(204))


def test_delete(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    deleting(heketi)
    changes, items = reconcile(client, [gone("v")])
    assert changes == [Change("v", "state", "present", "absent"), Change("v", "size", "10G", None)]
    assert items == [{"name": "v", "state": "absent", "changed": True, "failed": False, "notes": []}]
    read, asked = [DUMP, "GET /volumes", f"GET /volumes/{A}", PENDINGS], "GET /queue/q"
    assert heketi.calls == [*read, f"DELETE /volumes/{A}", asked, asked]


def test_deleted_by_somebody_else(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    deleting(heketi)
    heketi.on(f"DELETE /volumes/{A}", NO_ID)
    assert reconcile(client, [gone("v")])[1][0]["state"] == "absent"


def test_a_failed_delete_may_leave_it_stopped(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    deleting(heketi)
    heketi.on("GET /queue/q", Answer(500, "All 3 hosts: Unable to delete volume v: it has 1 snapshots.\n"))
    with pytest.raises(
        GlusterOpsError, match=r"it has 1 snapshots\. Heketi stops a volume before .* may be stopped now"
    ):
        reconcile(client, [gone("v")])
    assert heketi.count(f"DELETE /volumes/{A}") == 1


def test_delete_lost_but_done(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    deleting(heketi)
    heketi.on(f"DELETE /volumes/{A}", LOST)
    heketi.on(f"GET /volumes/{A}", info("v", A), NO_ID)
    assert reconcile(client, [gone("v")])[0]


def test_delete_lost_and_not_done(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    deleting(heketi)
    heketi.on("GET /queue/q", NO_ID)
    with pytest.raises(OutcomeUnknown, match=r"Read again, it is still there: run again\.$"):
        reconcile(client, [gone("v")])


# ---- many


def test_some_fail_and_the_others_are_done(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    heketi.has(info("grow", A, size=4), info("go", B), info("stay", C))
    heketi.on(f"GET /volumes/{A}", info("grow", A, size=4), info("grow", A, size=4), info("grow", A, size=10))
    heketi.on(f"POST /volumes/{A}/expand", accepted("expand"))
    heketi.on("GET /queue/expand", done(f"/volumes/{A}"))
    heketi.on(f"DELETE /volumes/{B}", accepted("delete"))
    heketi.on("GET /queue/delete", Answer(500, "umount: target is busy.\n"))
    heketi.on("POST /volumes", Answer(400, "validation failed: x\n"))
    with pytest.raises(GlusterOpsError) as caught:
        reconcile(client, [want("new"), want("grow"), gone("go"), want("stay")], known_volumes=["stay", "grow", "go"])
    assert str(caught.value).startswith(
        "2 of 4 volumes failed, the others are done. Volume 'new': Heketi refused POST /volumes (HTTP 400): validation"
        " failed: x. Volume 'go': Heketi could not do it: umount: target is busy."
    )
    assert caught.value.kind == "error"
    assert caught.value.details["changes"] == [Change("grow", "size", "4G", "10G")]
    items = caught.value.details["volumes"]
    assert [(item["name"], item["changed"], item["failed"]) for item in items] == [
        ("new", False, True),
        ("grow", True, False),
        ("go", False, True),
        ("stay", False, False),
    ]
    assert [item.get("error") for item in items] == ["bad_input", None, "error", None]
    assert [item["state"] for item in items] == [None, "present", "present", "present"]


def test_failures_of_one_kind_are_of_that_kind(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    heketi.has()
    heketi.on("POST /volumes", Answer(400, "validation failed: x\n"))
    with pytest.raises(BadInput, match="2 of 2 volumes failed"):
        reconcile(client, [want("v"), want("w")], known_volumes=[])


def test_deletions_come_first(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    creating(heketi, done(f"/volumes/{A}"))
    heketi.on("GET /volumes", {"volumes": [B]}, {"volumes": [A]})
    heketi.on(f"GET /volumes/{B}", info("w", B))
    heketi.on(f"DELETE /volumes/{B}", accepted("delete"))
    heketi.on("GET /queue/delete", Answer(204))
    reconcile(client, [want("v"), gone("w")])
    assert heketi.calls.index("GET /queue/delete") < heketi.calls.index("POST /volumes")


def test_an_unreachable_heketi_is_one_error(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    heketi.on(DUMP, LOST)
    heketi.on("GET /volumes", LOST)
    with pytest.raises(Unreachable, match="was not answered within 30 seconds") as caught:
        reconcile(client, [want("v")])
    assert "volumes" not in caught.value.details
    assert heketi.count(DUMP) == 1


def stale(heketi: ScriptedHeketi, name: str, kind: str = "create-volume") -> dict[str, str]:
    """An operation that was left, and that is gone when it was cleaned up."""
    row, dump = operation(name, kind, status="stale")
    heketi.on(PENDINGS, rows(row), rows())
    heketi.on(DUMP, dump)
    heketi.on(CLEANUP, accepted("c"))
    heketi.on("GET /queue/c", Answer(204))
    return row


def test_after_a_clean_up_gluster_is_looked_at_again(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    """What was half made stood in the way, and Heketi has taken it away."""
    client, heketi = server
    creating(heketi)
    heketi.on("GET /volumes", {"volumes": []}, {"volumes": []}, {"volumes": [A]})
    row = stale(heketi, "v")
    changes, (item,) = reconcile(client, [want("v")], known_volumes=["v"], clean_up=True)
    assert heketi.calls.index(CLEANUP) < heketi.calls.index(EXAMINE) < heketi.calls.index("POST /volumes")
    assert (item["id"], item["unfinished"]["id"], changes[1].after) == (A, row["id"], "present")


def test_what_a_clean_up_has_not_taken_away_is_not_destroyed(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    creating(heketi)
    heketi.on("GET /volumes", {"volumes": []})
    heketi.on(EXAMINE, examined("v"))
    stale(heketi, "v")
    with pytest.raises(Conflict, match="so nothing else was changed.*Gluster has a volume of this name that") as caught:
        reconcile(client, [want("v"), want("w")], known_volumes=[], clean_up=True)
    assert [change.what for change in caught.value.details["changes"]] == ["unfinished"]
    assert heketi.count("POST /volumes") == 0


@pytest.mark.parametrize("failure", [Answer(404, "Invalid path or request"), Answer(200, {"clusters": None})])
def test_what_was_cleaned_up_is_told_however_it_ends(
    server: tuple[HeketiClient, ScriptedHeketi], failure: Answer
) -> None:
    client, heketi = server
    creating(heketi)
    heketi.on("GET /volumes", {"volumes": []})
    heketi.on("POST /volumes", Answer(500, "Failed to allocate new volume: Nothing goes."))
    heketi.on(EXAMINE, failure)
    stale(heketi, "v")
    with pytest.raises(Refused) as caught:
        reconcile(client, [want("v"), want("w")], known_volumes=[], clean_up=True)
    assert [change.what for change in caught.value.details["changes"]] == ["unfinished"]
    assert "nothing was changed" not in str(caught.value)


def test_nothing_is_cleaned_up_beside_what_is_refused(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    creating(heketi)
    heketi.on("GET /volumes", {"volumes": []})
    stale(heketi, "v")
    with pytest.raises(Conflict, match="1 of 2 volumes are refused, so nothing was changed. Volume 'w': Gluster has"):
        reconcile(client, [want("v"), want("w")], known_volumes=["w"], clean_up=True)
    assert heketi.count(CLEANUP) == 0


def test_after_waiting_gluster_is_looked_at_again(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    """Another run was deleting it."""
    client, heketi = server
    creating(heketi)
    heketi.on("GET /volumes", {"volumes": []}, {"volumes": []}, {"volumes": [A]})
    row, dump = operation("v", "delete-volume")
    heketi.on(PENDINGS, rows(row), rows())
    heketi.on(DUMP, dump)
    assert reconcile(client, [want("v")], known_volumes=["v"])[0][0].after == "present"
    assert heketi.count(EXAMINE) == 1


def test_bricks_of_an_expansion_that_cannot_be_undone_are_named(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    heketi.has(info("v", A, size=4))
    row, _dump = operation("v", "expand-volume", status="stale")
    begun = {"Actions": [{"Change": 5, "Id": A, "Delta": 1}], "Status": "stale"}
    dump = dumped(info("v", A, size=4), operations={row["id"]: begun})
    node = next(iter(NODES))
    for number, pending in enumerate([row["id"], row["id"], "another"]):
        brick = {"id": f"n{number}", "path": f"/new/{number}", "node": node, "device": "d", "volume": A, "size": 1}
        dump["brickentries"][f"n{number}"] = {"Info": brick, "Pending": {"Id": pending}}
    heketi.on(PENDINGS, rows(row))
    heketi.on(DUMP, dump)
    heketi.on(CLEANUP, accepted("c"))
    heketi.on("GET /queue/c", Answer(204))
    named = r"with 'gluster volume remove-brick': 10.0.0.1:/new/0, 10.0.0.1:/new/1\.$"
    with pytest.raises(Refused, match=f"could not clean up expand-volume {row['id']} .*{named}") as caught:
        reconcile(client, [want("v")], clean_up=True)
    assert caught.value.details["changes"] == []


def test_bricks_are_named_of_expansions_only(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    heketi.has()
    row, _dump = operation("v", status="failed")
    begun = {"Actions": [{"Change": 2, "Id": A, "Delta": None}], "Status": "failed"}
    dump = dumped(info("v", A), operations={row["id"]: begun})
    for brick in dump["brickentries"].values():
        brick["Pending"]["Id"] = row["id"]
    heketi.on(PENDINGS, rows(row))
    heketi.on(DUMP, dump)
    heketi.on(CLEANUP, accepted("c"))
    heketi.on("GET /queue/c", Answer(204))
    with pytest.raises(Refused, match=r"could not clean up create-volume .* Are all servers of these volumes up\?$"):
        reconcile(client, [want("v")], known_volumes=[], clean_up=True)


def test_what_is_to_be_cleaned_up_refuses_nothing(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    """An expansion that was not finished has more bricks than size, which is another's fault otherwise."""
    client, heketi = server
    grown = info("v", A, size=4)
    grown["bricks"] = [{**brick, "id": f"{brick['id']}{at}"} for at in (1, 2) for brick in grown["bricks"]]
    row, _dump = operation("v", "expand-volume", status="stale")
    begun = {"Actions": [{"Change": 5, "Id": A, "Delta": 1}], "Status": "stale"}
    heketi.on(DUMP, dumped(grown, operations={row["id"]: begun}), dumped(info("v", A, size=4)))
    heketi.on(PENDINGS, rows(row), rows())
    heketi.on(CLEANUP, accepted("c"))
    heketi.on("GET /queue/c", Answer(204))
    heketi.on(f"GET /volumes/{A}", info("v", A, size=4))
    heketi.on(f"POST /volumes/{A}/expand", accepted("expand"))
    heketi.on("GET /queue/expand", done(f"/volumes/{A}"))
    heketi.on(f"GET /volumes/{A}", info("v", A, size=4), info("v", A, size=10))
    assert [change.what for change in reconcile(client, [want("v")], clean_up=True)[0]] == ["unfinished", "size"]


def test_volumes_that_cannot_be_all_are_refused(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    heketi.has(info("w", A))
    with pytest.raises(Refused, match="known_volumes cannot be what Gluster has"):
        reconcile(client, [want("v")], known_volumes=[])
    assert heketi.count("POST /volumes") == 0
    # What is there needs nobody to know it.
    assert reconcile(client, [want("w")], known_volumes=[])[0] == []


def test_check_mode_sees_that_there_is_no_room(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    heketi.has(info("v", A, size=4))
    heketi.on(EXAMINE, examined("v"))
    heketi.has_room(25)
    assert reconcile(client, [want("v", 18), want("w", 10)], check_mode=True)[0]
    for wanted, why in (([want("w", 25)], "Cluster .* is 24 GiB"), ([want("v", 18), want("w", 12)], "Together with")):
        with pytest.raises(Refused, match=f"Volume 'w': Heketi has no room. {why}"):
            reconcile(client, wanted, check_mode=True)
        assert reconcile(client, wanted, check_mode=True, check_room=False)[0]


def test_the_same_reason_is_told_once(server: tuple[HeketiClient, ScriptedHeketi]) -> None:
    client, heketi = server
    heketi.has()
    body = "\n".join(f"line {number} " + "x" * 60 for number in range(40))
    names = [f"v{number}" for number in range(52)]
    heketi.on("POST /volumes", *[Answer(500, f"volume create: v{number}: failed: {body}\n") for number in range(52)])
    with pytest.raises(Refused) as caught:
        reconcile(client, [want(name) for name in names], known_volumes=[], parallel=1)
    message, details = str(caught.value), caught.value.details
    assert message.startswith(
        "52 of 52 volumes failed, the others are done. Volumes 'v0', 'v1', 'v2', 'v3', 'v4' and 47 more:"
    )
    assert message.count("line 3 ") == 1 and "volume create: …: failed" in message
    first, *others = details["volumes"]
    assert "line 39" in first["body"]
    for item in others:
        assert (item["msg"], item["http_status"], item["error"]) == ("It failed like 'v0'.", 500, "refused")
        assert "body" not in item
    assert len(json.dumps(others)) < 51 * 260
