# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import pathlib
import threading
import typing as t

import pytest
import requests
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    Conflict,
    GlusterOpsError,
    NotFound,
    OutcomeUnknown,
    Refused,
    Unreachable,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import HeketiClient
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.topology import (
    DesiredCluster,
    DesiredDevice,
    DesiredNode,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.topology_reconcile import reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.tests.unit.plugins.module_utils._heketi.scripted import (
    CLUSTER,
    NO_ID,
    Answer,
    Clock,
    Reply,
    ScriptedHeketi,
    accepted,
    connect,
    done,
)

OTHER = "d" * 32
S1, S2, S3, SDB = "1" * 32, "2" * 32, "3" * 32, "b" * 32
LOST = requests.exceptions.ReadTimeout("timed out")
DONE = Answer(204)
HAS_DATA = (
    "Initializing device /dev/sdb failed (already initialized or contains data?): WARNING: xfs signature detected on"
    " /dev/sdb at offset 0. Wipe it? [y/n]: [n]\n  Aborted wiping of xfs."
)

Server = t.Tuple[HeketiClient, ScriptedHeketi]


@pytest.fixture(name="clock")
def fixture_clock() -> Clock:
    return Clock()


@pytest.fixture(name="server")
def fixture_server(clock: Clock) -> Server:
    return connect(clock)


def device(state: str = "online", bricks: int = 0, name: str = "/dev/sdb") -> dict[str, t.Any]:
    storage = {"total": 100, "free": 100, "used": 0}
    return {"name": name, "storage": storage, "id": SDB, "state": state, "bricks": [{}] * bricks}


def node(key: str, manage: str, *devices: dict[str, t.Any], cluster: str = CLUSTER) -> dict[str, t.Any]:
    names = {"manage": [manage], "storage": [manage]}
    info = {"zone": 1, "hostnames": names, "cluster": cluster, "id": key, "state": "online"}
    return {**info, "devices": list(devices)}


def cluster(*nodes: str, key: str = CLUSTER) -> dict[str, t.Any]:
    return {"id": key, "file": True, "block": True, "nodes": list(nodes), "volumes": [], "blockvolumes": []}


def has(heketi: ScriptedHeketi, *nodes: dict[str, t.Any]) -> None:
    """One cluster with these servers."""
    heketi.on("GET /clusters", {"clusters": [CLUSTER]})
    heketi.on(f"GET /clusters/{CLUSTER}", cluster(*(one["id"] for one in nodes)))
    for one in nodes:
        heketi.on(f"GET /nodes/{one['id']}", one)


def on(heketi: ScriptedHeketi, call: str, *results: Reply) -> None:
    """Takes these requests into its queue, and answers there in turn."""
    queues = [f"{call} {number}".encode().hex() for number in range(len(results))]
    heketi.on(call, *(accepted(queue) for queue in queues))
    for queue, result in zip(queues, results):
        heketi.on(f"GET /queue/{queue}", result)


def want(manage: str, *devices: DesiredDevice | str, **other: t.Any) -> DesiredNode:
    wanted = tuple(DesiredDevice(one) if isinstance(one, str) else one for one in devices)
    return DesiredNode(manage, **{"storage": manage, "devices": wanted, **other})


def wanted(*nodes: DesiredNode, **other: t.Any) -> list[DesiredCluster]:
    return [DesiredCluster(None, nodes, **other)]


def changing(heketi: ScriptedHeketi) -> list[str]:
    return [call for call in heketi.calls if not call.startswith("GET ")]


# ---- reading


def test_no_change_is_one_list_and_one_look_at_each_cluster_and_server(server: Server) -> None:
    client, heketi = server
    has(heketi, node(S1, "s1", device()), node(S2, "s2", device(name="/dev/other")))
    changes, values = reconcile(client, wanted(want("s1", "/dev/sdb"), want("s2")))
    assert changes == []
    assert heketi.calls == ["GET /clusters", f"GET /clusters/{CLUSTER}", *heketi.calls[2:]]
    assert sorted(heketi.calls[2:]) == [f"GET /nodes/{S1}", f"GET /nodes/{S2}"]
    assert values["undeclared"] == {"clusters": [], "nodes": [], "devices": ["s2:/dev/other"]}
    (found,) = values["clusters"]
    assert found["id"] == CLUSTER and found["nodes"][0]["devices"][0]["total"] == 102400


def test_check_mode_and_a_refusal_only_read(server: Server) -> None:
    client, heketi = server
    has(heketi, node(S1, "s1"))
    changes = reconcile(client, wanted(want("s1", "/dev/sdb")), check_mode=True)[0]
    assert changes == [Change("s1:/dev/sdb", "present", False, True)]
    with pytest.raises(Refused, match="its zone is 1 and shall be 2"):
        reconcile(client, wanted(want("s1", "/dev/sdb", zone=2)))
    assert changing(heketi) == []


# ---- servers


def joins(heketi: ScriptedHeketi, *replies: Reply) -> None:
    """Adding s2 is answered so, and it is there afterwards."""
    has(heketi, node(S1, "s1"))
    heketi.on("POST /nodes", *replies)
    heketi.on("GET /queue/q", done(f"/nodes/{S2}"))
    heketi.on(f"GET /nodes/{S2}", node(S2, "s2"))


def taken(name: str = "s2", by: str = S2) -> Answer:
    return Answer(409, f"Hostname {name} already used by node with id {by}\n")


def test_adding_a_server(server: Server) -> None:
    client, heketi = server
    joins(heketi, accepted())
    changes = reconcile(client, wanted(want("s1"), want("s2", zone=3, storage="10.0.0.2", tags={"a": "b"})))[0]
    assert len(changes) == 5
    assert heketi.bodies["POST /nodes"] == {
        "zone": 3,
        "cluster": CLUSTER,
        "hostnames": {"manage": ["s2"], "storage": ["10.0.0.2"]},
        "tags": {"a": "b"},
    }


@pytest.mark.parametrize("reply", [LOST, taken()])
def test_a_server_that_is_there_all_the_same(server: Server, clock: Clock, reply: Reply) -> None:
    client, heketi = server
    joins(heketi, reply)
    heketi.on(f"GET /clusters/{CLUSTER}", cluster(S1), cluster(S1), cluster(S1, S2))
    changes = reconcile(client, wanted(want("s1"), want("s2")))[0]
    assert Change("s2", "present", False, True) in changes
    assert changing(heketi) == ["POST /nodes"]
    # It was looked for until it was there.
    assert clock.pauses == [1.0]


@pytest.mark.parametrize("reply, kind", [(LOST, OutcomeUnknown), (taken(), Conflict)])
def test_a_server_that_does_not_appear(server: Server, clock: Clock, reply: Reply, kind: type) -> None:
    client, heketi = server
    joins(heketi, reply)
    with pytest.raises(GlusterOpsError, match=r"s2: .* Read again, it is not there: run again\.") as caught:
        reconcile(client, wanted(want("s1"), want("s2")))
    assert isinstance(caught.value, kind) and caught.value.details["changes"] == []
    assert sum(clock.pauses) == client.connection.request_timeout


def test_a_server_whose_outcome_cannot_be_read(server: Server) -> None:
    client, heketi = server
    joins(heketi, LOST)
    heketi.on("GET /clusters", {"clusters": [CLUSTER]}, Answer(401, "Invalid JWT token\n"))
    with pytest.raises(
        OutcomeUnknown, match="was not answered within 30 seconds. Reading again failed, too: "
    ) as caught:
        reconcile(client, wanted(want("s1"), want("s2")))
    assert "clusters" not in caught.value.details


def test_a_server_that_somebody_added_elsewhere(server: Server) -> None:
    client, heketi = server
    joins(heketi, taken())
    heketi.on("GET /clusters", {"clusters": [CLUSTER, OTHER]})
    heketi.on(f"GET /clusters/{OTHER}", cluster(key=OTHER), cluster(S2, key=OTHER))
    heketi.on(f"GET /nodes/{S2}", node(S2, "s2", cluster=OTHER))
    with pytest.raises(Conflict, match=f"s2: Something else added it to cluster {OTHER} at the same time: run again."):
        reconcile(client, wanted(want("s1"), want("s2")))
    assert changing(heketi) == ["POST /nodes"]


def test_two_runs_that_make_a_cluster_for_the_same_servers(server: Server) -> None:
    client, heketi = server
    heketi.on("GET /clusters", {"clusters": []}, {"clusters": [CLUSTER, OTHER]}, {"clusters": [OTHER]})
    heketi.on("POST /clusters", Answer(201, cluster()))
    heketi.on(f"GET /clusters/{CLUSTER}", cluster())
    heketi.on(f"DELETE /clusters/{CLUSTER}", Answer(200))
    heketi.on("POST /nodes", taken("s1", S1), accepted())
    heketi.on("GET /queue/q", done(f"/nodes/{S2}"))
    heketi.on(f"GET /clusters/{OTHER}", cluster(S1, key=OTHER), cluster(S1, S2, key=OTHER))
    for key, name in ((S1, "s1"), (S2, "s2")):
        heketi.on(f"GET /nodes/{key}", node(key, name, cluster=OTHER))
    changes, values = reconcile(client, wanted(want("s1"), want("s2")))
    assert changing(heketi) == ["POST /clusters", "POST /nodes", f"DELETE /clusters/{CLUSTER}", "POST /nodes"]
    assert heketi.bodies["POST /nodes"]["cluster"] == OTHER
    assert [one["id"] for one in values["clusters"]] == [OTHER] and values["undeclared"]["clusters"] == []


def test_a_cluster_whose_answer_was_lost(server: Server) -> None:
    client, heketi = server
    heketi.on("GET /clusters", {"clusters": [OTHER]}, {"clusters": [CLUSTER, OTHER]})
    heketi.on(f"GET /clusters/{OTHER}", {**cluster(key=OTHER), "volumes": ["v"]})
    heketi.on(f"GET /clusters/{CLUSTER}", cluster())
    heketi.on("POST /clusters", LOST)
    on(heketi, "POST /nodes", done(f"/nodes/{S1}"))
    heketi.on(f"GET /nodes/{S1}", node(S1, "s1"))
    reconcile(client, wanted(want("s1"), block=False))
    assert changing(heketi) == ["POST /clusters", "POST /nodes"]
    assert heketi.bodies["POST /clusters"] == {"file": True, "block": False}
    assert heketi.bodies["POST /nodes"]["cluster"] == CLUSTER


# ---- devices


def test_adding_devices(server: Server) -> None:
    client, heketi = server
    has(heketi, node(S1, "s1"))
    on(heketi, "POST /devices", DONE)
    reconcile(client, wanted(want("s1", DesiredDevice("/dev/sdb", {"a": "b"}))))
    body = {"node": S1, "name": "/dev/sdb", "tags": {"a": "b"}, "destroydata": False}
    assert heketi.bodies["POST /devices"] == body
    on(heketi, "POST /devices", DONE)
    reconcile(client, wanted(want("s1", DesiredDevice("/dev/sdb", destroy_data=True))))
    assert heketi.bodies["POST /devices"] == {**body, "tags": {}, "destroydata": True}


def test_a_device_that_another_run_has_added_is_not_added_again(server: Server) -> None:
    client, heketi = server
    has(heketi, node(S1, "s1"))
    heketi.on(f"GET /nodes/{S1}", node(S1, "s1"), node(S1, "s1", device()))
    changes = reconcile(client, wanted(want("s1", DesiredDevice("/dev/sdb", destroy_data=True))))[0]
    assert changing(heketi) == [] and changes[0] == Change("s1:/dev/sdb", "present", False, True)


def test_a_device_whose_answer_was_lost(server: Server, clock: Clock) -> None:
    client, heketi = server
    has(heketi, node(S1, "s1"))
    heketi.on(f"GET /nodes/{S1}", *[node(S1, "s1")] * 4, node(S1, "s1", device()))
    heketi.on("POST /devices", LOST)
    reconcile(client, wanted(want("s1", "/dev/sdb")))
    assert changing(heketi) == ["POST /devices"] and clock.pauses == [1.0, 1.0]


@pytest.mark.parametrize(
    "said, destroy, advice",
    [
        (HAS_DATA, False, True),
        ("Initializing device /dev/sdb failed (aleady contains Physical Volume UUID): x", False, True),
        (HAS_DATA, True, False),
        (
            "Initializing device /dev/sdb failed (already initialized or contains data?):   Device /dev/sdb not found.",
            False,
            False,
        ),
        ("ssh: handshake failed", False, False),
    ],
)
def test_a_device_that_holds_data(server: Server, said: str, destroy: bool, advice: bool) -> None:
    client, heketi = server
    has(heketi, node(S1, "s1"))
    on(heketi, "POST /devices", Answer(500, said))
    with pytest.raises(GlusterOpsError) as caught:
        reconcile(client, wanted(want("s1", DesiredDevice("/dev/sdb", destroy_data=destroy))))
    message = str(caught.value)
    assert message.startswith("s1:/dev/sdb: Heketi could not do it: ") and said.split()[0] in message
    assert message.endswith("If what is on it may be lost, destroy_data: true has it wiped.") is advice
    assert caught.value.details["http_status"] == 500 and caught.value.details["changes"] == []


def test_a_device_that_another_run_was_faster_with(server: Server) -> None:
    client, heketi = server
    has(heketi, node(S1, "s1"))
    heketi.on(f"GET /nodes/{S1}", node(S1, "s1"), node(S1, "s1"), node(S1, "s1", device()))
    on(heketi, "POST /devices", Answer(500, HAS_DATA))
    assert reconcile(client, wanted(want("s1", "/dev/sdb")))[0]


def test_a_device_of_a_server_that_is_gone(server: Server) -> None:
    client, heketi = server
    has(heketi, node(S1, "s1"))
    heketi.on(f"GET /nodes/{S1}", node(S1, "s1"), NO_ID)
    with pytest.raises(NotFound, match=f"s1:/dev/sdb: Something else removed the server {S1} at the same time"):
        reconcile(client, wanted(want("s1", "/dev/sdb")))


def test_a_new_device_is_taken_offline(server: Server) -> None:
    client, heketi = server
    has(heketi, node(S1, "s1"))
    heketi.on(f"GET /nodes/{S1}", *[node(S1, "s1")] * 2, node(S1, "s1", device()))
    on(heketi, "POST /devices", DONE)
    on(heketi, f"POST /devices/{SDB}/state", DONE)
    reconcile(client, wanted(want("s1", DesiredDevice("/dev/sdb", state="offline"))))
    assert changing(heketi) == ["POST /devices", f"POST /devices/{SDB}/state"]
    assert heketi.bodies[f"POST /devices/{SDB}/state"] == {"state": "offline"}


# ---- properties


def test_tags_whose_answer_was_lost(server: Server, clock: Clock) -> None:
    client, heketi = server
    tagged = {**node(S1, "s1"), "tags": {"a": "1"}}
    has(heketi, tagged)
    heketi.on(f"POST /nodes/{S1}/tags", LOST)
    heketi.on(f"GET /nodes/{S1}", tagged, tagged, {**tagged, "tags": {"b": "2"}})
    reconcile(client, wanted(want("s1", tags={"b": "2"})))
    assert heketi.bodies[f"POST /nodes/{S1}/tags"] == {"change_type": "set", "tags": {"b": "2"}}
    heketi.on(f"GET /nodes/{S1}", tagged, tagged, node(S1, "s1"))
    reconcile(client, wanted(want("s1")))
    assert clock.pauses == [1.0, 1.0] and heketi.count(f"POST /nodes/{S1}/tags") == 2


def test_flags_whose_request_was_lost(server: Server) -> None:
    client, heketi = server
    has(heketi, node(S1, "s1"))
    heketi.on(f"POST /clusters/{CLUSTER}/flags", LOST)
    with pytest.raises(OutcomeUnknown, match=f"cluster {CLUSTER}: .* Read again, it is as before: run again."):
        reconcile(client, wanted(want("s1"), block=False))
    assert heketi.bodies[f"POST /clusters/{CLUSTER}/flags"] == {"file": True, "block": False}


# ---- removing


def leaves(heketi: ScriptedHeketi, *moved: Reply, state: str = "online") -> None:
    """s2 with its device is not wanted any more. Moving its bricks is answered so."""
    has(heketi, node(S1, "s1"), node(S2, "s2", device(state, 2)))
    on(heketi, f"POST /devices/{SDB}/state", *([DONE] if state == "online" else []), *moved)
    on(heketi, f"DELETE /devices/{SDB}", DONE)
    on(heketi, f"DELETE /nodes/{S2}", DONE)


def test_emptying_and_removing(server: Server) -> None:
    client, heketi = server
    leaves(heketi, DONE)
    changes = reconcile(client, wanted(want("s1")), purge=True)[0]
    state = f"POST /devices/{SDB}/state"
    assert changing(heketi) == [state, state, f"DELETE /devices/{SDB}", f"DELETE /nodes/{S2}"]
    assert heketi.bodies[state] == {"state": "failed"}
    assert changes == [
        Change("s2:/dev/sdb", "state", "online", "offline"),
        Change("s2:/dev/sdb", "present", True, False),
        Change("s2:/dev/sdb", "bricks", 2, 0),
        Change("s2", "present", True, False),
    ]


def test_bricks_that_have_no_other_place(server: Server) -> None:
    client, heketi = server
    leaves(heketi, Answer(500, "No Replacement was found for resource requested to be removed\n"))
    with pytest.raises(GlusterOpsError) as caught:
        reconcile(client, wanted(want("s1")), purge=True)
    said = str(caught.value)
    assert said.startswith(
        "1 of 3 operations failed, 1 that need them were not begun, the others are done. s2:/dev/sdb"
    )
    assert said.endswith("No other server has room for its bricks, so it keeps them and stays offline.")
    assert caught.value.details["changes"] == [Change("s2:/dev/sdb", "state", "online", "offline")]
    assert caught.value.details["undeclared"] == {"clusters": [], "nodes": ["s2"], "devices": ["s2:/dev/sdb"]}


@pytest.mark.parametrize("found", [NO_ID, Answer(200, node(S2, "s2")), Answer(200, node(S2, "s2", device("failed")))])
def test_it_was_emptied_though_the_answer_was_lost(server: Server, found: Answer) -> None:
    client, heketi = server
    leaves(heketi, NO_ID, state="offline")
    heketi.on(f"GET /nodes/{S2}", node(S2, "s2", device("offline", 2)), found)
    reconcile(client, wanted(want("s1")), purge=True)
    assert changing(heketi)[1:] == [f"DELETE /devices/{SDB}", f"DELETE /nodes/{S2}"]


def test_it_is_not_known_whether_it_was_emptied(server: Server) -> None:
    client, heketi = server
    leaves(heketi, NO_ID, state="offline")
    with pytest.raises(
        OutcomeUnknown, match=r"s2:/dev/sdb: Heketi accepted .* Read again, it is not emptied: run again"
    ):
        reconcile(client, wanted(want("s1")), purge=True)
    assert changing(heketi) == [f"POST /devices/{SDB}/state"]


def test_what_somebody_else_has_removed(server: Server) -> None:
    client, heketi = server
    leaves(heketi, state="offline")
    for call in (f"POST /devices/{SDB}/state", f"DELETE /devices/{SDB}", f"DELETE /nodes/{S2}"):
        heketi.on(call, NO_ID)
    reconcile(client, wanted(want("s1")), purge=True)
    assert len(changing(heketi)) == 3


def test_a_removal_whose_answer_was_lost(server: Server) -> None:
    client, heketi = server
    leaves(heketi, DONE, state="offline")
    heketi.on(f"DELETE /nodes/{S2}", LOST)
    heketi.on(f"GET /nodes/{S2}", node(S2, "s2", device("offline", 2)), NO_ID)
    reconcile(client, wanted(want("s1")), purge=True)
    heketi.on(f"GET /nodes/{S2}", node(S2, "s2"))
    with pytest.raises(OutcomeUnknown, match=r"s2: .* Read again, it is still there: run again\."):
        reconcile(client, wanted(want("s1")), purge=True)


def test_an_empty_cluster_is_removed(server: Server) -> None:
    client, heketi = server
    has(heketi, node(S1, "s1"))
    heketi.on("GET /clusters", {"clusters": [CLUSTER, OTHER]}, {"clusters": [CLUSTER]})
    heketi.on(f"GET /clusters/{OTHER}", cluster(key=OTHER))
    heketi.on(f"DELETE /clusters/{OTHER}", LOST)
    assert reconcile(client, wanted(want("s1")), purge=True)[0] == [Change(f"cluster {OTHER}", "present", True, False)]


# ---- what goes on when something fails


def test_what_does_not_depend_on_a_failure_is_done(server: Server, tmp_path: pathlib.Path) -> None:
    client, heketi = server
    has(heketi, node(S1, "s1"))
    heketi.on("POST /nodes", Answer(400, "None of the nodes in cluster has glusterd running\n"), accepted())
    heketi.on("GET /queue/q", done(f"/nodes/{S3}"))
    heketi.on(f"GET /nodes/{S3}", node(S3, "s3"))
    on(heketi, "POST /devices", DONE)
    progress = Progress(str(tmp_path / "lines"))
    desired = wanted(want("s1"), want("s2", "/dev/sdb", state="offline"), want("s3", "/dev/sdb"))
    with pytest.raises(GlusterOpsError) as caught:
        reconcile(client, desired, parallel=1, progress=progress)
    assert str(caught.value) == (
        "1 of 5 operations failed, 2 that need them were not begun, the others are done. s2: Heketi refused POST /nodes"
        " (HTTP 400): None of the nodes in cluster has glusterd running."
    )
    assert caught.value.kind == "bad_input" and caught.value.details["http_status"] == 400
    subjects = {change.subject for change in caught.value.details["changes"]}
    assert subjects == {"s3", "s3:/dev/sdb"}
    assert [one["id"] for one in caught.value.details["clusters"]] == [CLUSTER]
    assert changing(heketi) == ["POST /nodes", "POST /nodes", "POST /devices"]
    lines = [line.split(" (")[0] for line in (tmp_path / "lines").read_text().splitlines()]
    assert lines[0].startswith("s2 failed: Heketi refused POST /nodes")
    assert lines[1:] == ["s3 added", "s3:/dev/sdb added"]


@pytest.mark.parametrize("parallel", [1, 3])
def test_no_more_at_once_than_allowed(server: Server, parallel: int) -> None:
    client, heketi = server
    has(heketi, node(S1, "s1"))
    on(heketi, "POST /devices", *[DONE] * 12)
    lock, counts = threading.Lock(), [0]
    running = 0

    class Counting(Progress):
        @contextlib.contextmanager
        def of(self, name: str, what: str) -> t.Iterator[None]:
            nonlocal running
            with lock:
                running += 1
                counts.append(running)
            yield
            with lock:
                running -= 1

    desired = wanted(want("s1", *(f"/dev/sd{letter}" for letter in "bcdefghijklm")))
    assert len(reconcile(client, desired, parallel=parallel, progress=Counting())[0]) == 12
    assert max(counts) <= parallel and len(counts) == 13


def test_several_failures_are_all_named(server: Server) -> None:
    client, heketi = server
    has(heketi, node(S1, "s1"))
    heketi.on("POST /nodes", Answer(400, "no\n"), Answer(500, "never\n"))
    with pytest.raises(GlusterOpsError) as caught:
        reconcile(client, wanted(want("s1"), want("s2"), want("s3")))
    assert caught.value.kind == GlusterOpsError.kind and "http_status" not in caught.value.details
    assert "2 of 2 operations failed, the others are done. s2: " in str(caught.value)
    assert " s3: Heketi refused POST /nodes (HTTP 500): never." in str(caught.value)


def test_what_was_done_is_told_when_reading_again_fails(server: Server) -> None:
    client, heketi = server
    joins(heketi, accepted())
    heketi.on("GET /clusters", {"clusters": [CLUSTER]}, requests.exceptions.ConnectTimeout("no"))
    with pytest.raises(Unreachable, match="All is done, but reading it again failed: No connection") as caught:
        reconcile(client, wanted(want("s1"), want("s2")))
    assert Change("s2", "present", False, True) in caught.value.details["changes"]


def test_names_are_compared_in_one_way(server: Server) -> None:
    """Nothing is made for a server and a device that Heketi has under another spelling, and nothing is wiped."""
    client, heketi = server
    has(heketi, node(S1, "server1", {**device(), "paths": ["/dev/disk/by-id/x", "/dev/sdb"]}))
    said: list[str] = []
    wanting = wanted(want("Server1", DesiredDevice("/dev/disk/by-id/x", destroy_data=True)))
    changes, values = reconcile(client, wanting, warn=said.append)
    assert changes == [] and not changing(heketi)
    assert values["undeclared"] == {"clusters": [], "nodes": [], "devices": []}
    assert len(said) == 1 and "no effect any more for server1:/dev/sdb" in said[0]


def test_a_device_that_another_run_added_under_another_name_is_not_wiped(server: Server) -> None:
    client, heketi = server
    has(heketi, node(S1, "s1"))
    added = node(S1, "s1", {**device(), "paths": ["/dev/disk/by-id/x", "/dev/sdb"]})
    heketi.on(f"GET /nodes/{S1}", node(S1, "s1"), added)
    reconcile(client, wanted(want("s1", DesiredDevice("/dev/disk/by-id/x", destroy_data=True))))
    assert not changing(heketi)
