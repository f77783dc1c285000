# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Heketi's topology as it is declared, against the lab's Heketi."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import threading
import typing as t

import pytest
import requests
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    GlusterOpsError,
    OutcomeUnknown,
    Refused,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi import reading
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import HeketiClient
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.topology import (
    DesiredCluster,
    DesiredDevice,
    DesiredNode,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.topology_reconcile import reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from standin import KEY, Heketi, counted, run


@pytest.fixture(name="start")
def fixture_start(tmp_path: pathlib.Path) -> t.Iterator[t.Callable[..., Heketi]]:
    """Starts a Heketi that knows nothing."""
    started: list[Heketi] = []

    def start(**standin: t.Any) -> Heketi:
        started.append(Heketi(tmp_path, {}, standin))
        return started[-1]

    yield start
    for heketi in started:
        heketi.kill()


def want(number: int, *devices: DesiredDevice | str, **other: t.Any) -> DesiredNode:
    wanted = tuple(DesiredDevice(one) if isinstance(one, str) else one for one in devices or ("/dev/sdb",))
    return DesiredNode(f"server{number}", **{"storage": f"10.0.0.{number}", "devices": wanted, **other})


def one_cluster(*numbers: int, **other: t.Any) -> list[DesiredCluster]:
    return [DesiredCluster(None, tuple(want(number, **other) for number in numbers))]


# Something of everything.
ALL = [
    DesiredCluster(
        None,
        (
            want(1, "/dev/sdb", DesiredDevice("/dev/sdc", {"disk": "ssd"}, destroy_data=True)),
            want(2, DesiredDevice("/dev/sdb", state="offline"), zone=2, tags={"arbiter": "required"}),
            want(3, state="offline", zone=3),
        ),
    ),
    DesiredCluster(None, (want(4), want(5)), block=False),
]


def seen(client: HeketiClient) -> list[DesiredCluster]:
    """What Heketi has, as it would be declared."""
    return sorted(
        (
            DesiredCluster(
                None,
                tuple(
                    DesiredNode(
                        node.manage,
                        node.storage,
                        node.zone,
                        node.tags,
                        node.state,
                        tuple(
                            DesiredDevice(one.name, one.tags, one.state)
                            for one in sorted(node.devices, key=lambda one: one.name)
                        ),
                    )
                    for node in sorted(cluster.nodes, key=lambda node: node.manage)
                ),
                cluster.file,
                cluster.block,
            )
            for cluster in reading.clusters(client)
        ),
        key=lambda cluster: [node.manage for node in cluster.nodes],
    )


def as_seen(desired: t.Sequence[DesiredCluster]) -> list[DesiredCluster]:
    """What is declared, without what cannot be seen."""
    return [
        dataclasses.replace(
            cluster,
            nodes=tuple(
                dataclasses.replace(
                    node, devices=tuple(dataclasses.replace(one, destroy_data=False) for one in node.devices)
                )
                for node in cluster.nodes
            ),
        )
        for cluster in desired
    ]


def predicted(client: HeketiClient, desired: t.Sequence[DesiredCluster], **options: t.Any) -> list[Change]:
    """Runs in check mode, for real, and again: the first must predict the second, the third change nothing."""
    answers = counted(client)
    dry = reconcile(client, desired, check_mode=True, **options)[0]
    assert all(answer.startswith("GET ") for answer in answers)
    changes, values = reconcile(client, desired, **options)
    assert changes and changes == dry
    answers.clear()
    assert reconcile(client, desired, **options) == ([], values)
    count = [len(values["clusters"]), sum(len(one["nodes"]) for one in values["clusters"])]
    assert len(answers) == 1 + sum(count) and all(answer.startswith("GET ") for answer in answers)
    return changes


# ---- the life of a topology


def test_from_nothing(start: t.Callable[..., Heketi]) -> None:
    client = start(device_sizes={"*": "20GiB"}).client()
    changes = predicted(client, ALL)
    assert seen(client) == as_seen(ALL)
    added = [change.subject for change in changes if change.what == "present"]
    assert sorted(added) == sorted(
        ["cluster of server1", "cluster of server4"]
        + [f"server{number}" for number in range(1, 6)]
        + [f"server{number}:/dev/sdb" for number in range(1, 6)]
        + ["server1:/dev/sdc"]
    )
    values = reconcile(client, ALL)[1]
    assert {node["total"] for node in values["clusters"][0]["nodes"]} <= {20 * 1024**3, 40 * 1024**3}
    assert values["undeclared"] == {"clusters": [], "nodes": [], "devices": []}


def test_what_can_be_changed(start: t.Callable[..., Heketi]) -> None:
    client = start().client()
    reconcile(client, ALL)
    other = [
        DesiredCluster(
            None,
            (
                want(1, DesiredDevice("/dev/sdb", {"disk": "hdd"}), DesiredDevice("/dev/sdc"), tags={"a": "b"}),
                want(2, "/dev/sdb", "/dev/sdd", zone=2, state="offline"),
                want(3, zone=3),
            ),
            file=False,
        ),
        DesiredCluster(None, (want(4), want(5), want(6))),
    ]
    changes = predicted(client, other)
    assert seen(client) == other
    assert {(change.subject.split()[0], change.what) for change in changes} == {
        ("cluster", "file"),
        ("cluster", "block"),
        ("server1", "tags"),
        ("server1:/dev/sdb", "tags"),
        ("server1:/dev/sdc", "tags"),
        ("server2", "tags"),
        ("server2", "state"),
        ("server2:/dev/sdb", "state"),
        ("server2:/dev/sdd", "present"),
        ("server3", "state"),
        *(("server6", what) for what in ("present", "cluster", "zone", "storage")),
        ("server6:/dev/sdb", "present"),
    }


def test_nothing_is_removed_without_purge(start: t.Callable[..., Heketi]) -> None:
    client = start().client()
    reconcile(client, ALL)
    answers = counted(client)
    changes, values = reconcile(client, [DesiredCluster(None, (want(1),))])
    assert changes == [] and all(answer.startswith("GET ") for answer in answers)
    assert seen(client) == as_seen(ALL)
    assert sorted(values["undeclared"]["nodes"]) == ["server2", "server3", "server4", "server5"]
    assert "server1:/dev/sdc" in values["undeclared"]["devices"] and len(values["undeclared"]["devices"]) == 5
    assert len(values["undeclared"]["clusters"]) == 1


def test_purge(start: t.Callable[..., Heketi]) -> None:
    client = start().client()
    reconcile(client, ALL)
    smaller = [DesiredCluster(None, (want(1), want(6)))]
    changes = predicted(client, smaller, purge=True)
    assert seen(client) == smaller
    gone = {change.subject for change in changes if (change.what, change.after) == ("present", False)}
    assert {"server1:/dev/sdc", "server2", "server3", "server4", "server5"} < gone


def test_what_cannot_be_changed(start: t.Callable[..., Heketi]) -> None:
    client = start().client()
    reconcile(client, one_cluster(1, 2, 3))
    moved = [DesiredCluster(None, (want(1, zone=7), want(2, storage="10.9.9.9", tags={"a": "b"}), want(3), want(4)))]
    answers = counted(client)
    with pytest.raises(Refused, match="server1: its zone is 1 and shall be 7, .* server2: its storage is 10.0.0.2"):
        reconcile(client, moved)
    assert all(answer.startswith("GET ") for answer in answers)
    changes = predicted(client, moved, purge=True)
    assert seen(client) == moved
    assert Change("server1", "zone", 1, 7) in changes and Change("server1", "replaced", False, True) in changes


def test_failed_devices(start: t.Callable[..., Heketi]) -> None:
    client = start().client()
    reconcile(client, ALL)
    node = next(node for cluster in reading.clusters(client) for node in cluster.nodes if node.manage == "server1")
    for state in ("offline", "failed"):
        client.operate("POST", f"/devices/{node.devices[0].id}/state", {"state": state})
    with pytest.raises(Refused, match=f"server1:{node.devices[0].name} is failed in Heketi"):
        reconcile(client, ALL)
    predicted(client, ALL, purge=True)
    assert seen(client) == as_seen(ALL)


# ---- with volumes


def make(client: HeketiClient, name: str) -> dict[str, t.Any]:
    body = {"name": name, "size": 2, "durability": {"type": "replicate", "replicate": {"replica": 3}}}
    return client.operate("POST", "/volumes", body)


def held(client: HeketiClient) -> dict[str, int]:
    """How many bricks each server has."""
    return {
        node.manage: sum(device.bricks for device in node.devices)
        for cluster in reading.clusters(client)
        for node in cluster.nodes
    }


def test_bricks_move_before_a_server_goes(start: t.Callable[..., Heketi]) -> None:
    client = start().client()
    reconcile(client, one_cluster(1, 2, 3))
    for number in range(3):
        make(client, f"v{number}")
    assert held(client) == {"server1": 3, "server2": 3, "server3": 3}
    changes = predicted(client, one_cluster(2, 3, 4), purge=True)
    assert held(client) == {"server2": 3, "server3": 3, "server4": 3}
    assert Change("server1:/dev/sdb", "bricks", 3, 0) in changes
    assert len(client.get("/volumes")["volumes"]) == 3
    assert client.get("/db/check")["totalinconsistencies"] == 0


def test_two_servers_go_at_once(start: t.Callable[..., Heketi]) -> None:
    client = start().client()
    two = ("/dev/sdb", "/dev/sdc")
    reconcile(client, [DesiredCluster(None, tuple(want(number, *two) for number in (1, 2, 3)))])
    for number in range(4):
        make(client, f"v{number}")
    predicted(client, [DesiredCluster(None, tuple(want(number, *two) for number in (3, 4, 5)))], purge=True)
    assert held(client) == {"server3": 4, "server4": 4, "server5": 4}


def test_servers_are_replaced_in_turn(start: t.Callable[..., Heketi]) -> None:
    client = start().client()
    reconcile(client, one_cluster(1, 2, 3, 4))
    for number in range(3):
        make(client, f"v{number}")
    predicted(client, one_cluster(1, 2, 3, 4, zone=2), purge=True)
    assert seen(client) == one_cluster(1, 2, 3, 4, zone=2)
    assert sum(held(client).values()) == 9 and len(client.get("/volumes")["volumes"]) == 3


def test_bricks_that_have_no_other_place(start: t.Callable[..., Heketi]) -> None:
    client = start().client()
    reconcile(client, one_cluster(1, 2, 3))
    make(client, "v")
    with pytest.raises(GlusterOpsError) as caught:
        reconcile(client, one_cluster(2, 3), purge=True)
    assert "1 of 3 operations failed, 1 that need them were not begun" in str(caught.value)
    assert "No other server has room for its bricks, so it keeps them and stays offline." in str(caught.value)
    assert held(client) == {"server1": 1, "server2": 1, "server3": 1}
    predicted(client, one_cluster(2, 3, 4), purge=True)
    assert held(client) == {"server2": 1, "server3": 1, "server4": 1}


def test_a_cluster_with_volumes_is_not_purged(start: t.Callable[..., Heketi]) -> None:
    client = start().client()
    reconcile(client, one_cluster(1, 2, 3))
    make(client, "v")
    answers = counted(client)
    with pytest.raises(Refused, match="has 1 volume and it is not declared: declare it, or delete its volumes first"):
        reconcile(client, one_cluster(4, 5), purge=True)
    assert all(answer.startswith("GET ") for answer in answers)


# ---- interrupted, lost, and at the same time


class Killed(BaseException):
    """What a run that is killed does not survive."""


def kill_after(client: HeketiClient, changes: int) -> None:
    """Lets this client ask for so many changes, and see them through."""
    send, left = client.session.send, [None] * changes

    def limited(request: requests.PreparedRequest, **options: t.Any) -> requests.Response:
        if request.method != "GET":
            if not left:
                raise Killed
            left.pop()
        return send(request, **options)

    client.session.send = limited  # type: ignore[method-assign]


def test_killed_anywhere_and_run_again(start: t.Callable[..., Heketi]) -> None:
    heketi = start()
    client = heketi.client()
    # Up, to other servers with the bricks, and in other zones.
    for number, desired in enumerate((one_cluster(1, 2, 3), one_cluster(3, 4, 5), one_cluster(3, 4, 5, 6, zone=2))):
        for _run in range(60):
            killed = heketi.client()
            kill_after(killed, 1)
            try:
                reconcile(killed, desired, purge=True, parallel=1)
            except Killed:
                continue
            finally:
                # As the system does for a run that is killed. The stand-in takes a hundred connections.
                killed.session.close()
            break
        assert seen(client) == desired
        assert reconcile(client, desired, purge=True)[0] == []
        if number == 0:
            make(client, "v")
    assert sum(held(client).values()) == 3 and client.get("/db/check")["totalinconsistencies"] == 0


# What is asked for in one run of each: all additions, and all removals.
UP = [
    DesiredCluster(None, (want(1, DesiredDevice("/dev/sdb", state="offline"), tags={"a": "b"}), want(2)), block=False)
]
DOWN = [DesiredCluster(None, (want(1, tags={"a": "c"}, state="offline"),))]


@pytest.mark.parametrize("number", range(6))
def test_an_answer_to_an_addition_is_lost(start: t.Callable[..., Heketi], number: int) -> None:
    heketi = start(requests=[{"method": "POST", "skip": number, "times": 1, "drop": "after"}])
    reconcile(heketi.client(), UP, parallel=1)
    assert seen(heketi.client()) == UP
    # Nothing was added twice.
    added = re.findall("^POST (/[a-z]+) 20[12] ", heketi.log.read_text(), re.MULTILINE)
    assert sorted(added) == ["/clusters", "/devices", "/devices", "/nodes", "/nodes"]


@pytest.mark.parametrize("number", range(6))
def test_a_request_is_lost(start: t.Callable[..., Heketi], number: int) -> None:
    heketi = start(requests=[{"method": "POST", "skip": number, "times": 1, "drop": "before"}])
    client = heketi.client(request_timeout=1)
    try:
        reconcile(client, UP, parallel=1)
    except OutcomeUnknown as exc:
        assert "Read again, it is " in str(exc) and "run again." in str(exc)
    reconcile(client, UP)
    assert seen(client) == UP


@pytest.mark.parametrize("drop", ["after", "before"])
@pytest.mark.parametrize("number", range(8))
def test_an_answer_to_a_removal_is_lost(start: t.Callable[..., Heketi], number: int, drop: str) -> None:
    heketi = start()
    reconcile(heketi.client(), UP)
    heketi.restart(requests=[{"method": "POST|DELETE", "skip": number, "times": 1, "drop": drop}])
    client = heketi.client(request_timeout=1)
    try:
        reconcile(client, DOWN, purge=True, parallel=1)
    except OutcomeUnknown as exc:
        assert drop == "before" and "run again." in str(exc)
    reconcile(client, DOWN, purge=True)
    assert seen(client) == DOWN


def test_every_result_is_lost(start: t.Callable[..., Heketi]) -> None:
    heketi = start(requests=[{"path": "^/queue/", "status": 404, "body": "Id not found\n"}])
    client = heketi.client()
    reconcile(client, UP)
    assert seen(client) == UP
    reconcile(client, DOWN, purge=True)
    assert seen(client) == DOWN


@pytest.mark.parametrize("delay", [0, 0.2])
def test_two_runs_at_once(start: t.Callable[..., Heketi], delay: float) -> None:
    heketi = start(operation_delay=delay)
    desired = one_cluster(1, 2, 3, 4) + one_cluster(5, 6)
    failed: list[BaseException] = []
    ready = threading.Barrier(2)

    def one() -> None:
        try:
            ready.wait()
            reconcile(heketi.client(), desired)
        except BaseException as exc:
            failed.append(exc)

    runs = [threading.Thread(target=one) for _number in range(2)]
    for thread in runs:
        thread.start()
    for thread in runs:
        thread.join(60)
    assert failed == []
    client = heketi.client()
    assert reconcile(client, desired)[0] == []
    found = [{node.manage for node in cluster.nodes} for cluster in seen(client)]
    assert found == [{node.manage for node in cluster.nodes} for cluster in desired]


# ---- failures


def test_a_server_that_cannot_be_probed(start: t.Callable[..., Heketi]) -> None:
    fault = {"command": "peer probe 10.0.0.2", "error": "peer probe: failed: Probe returned with Transport endpoint"}
    heketi = start(faults=[fault])
    client = heketi.client()
    with pytest.raises(GlusterOpsError) as caught:
        reconcile(client, one_cluster(1, 2, 3))
    assert "1 of 7 operations failed, 1 that need them were not begun, the others are done. server2: " in str(
        caught.value
    )
    assert "Probe returned with Transport endpoint" in str(caught.value)
    assert seen(client) == one_cluster(1, 3)
    assert {change.subject for change in caught.value.details["changes"]} == {
        "cluster of server1",
        "server1",
        "server1:/dev/sdb",
        "server3",
        "server3:/dev/sdb",
    }
    heketi.restart()
    assert {change.subject for change in reconcile(client, one_cluster(1, 2, 3))[0]} == {"server2", "server2:/dev/sdb"}


def test_a_device_that_holds_data(start: t.Callable[..., Heketi]) -> None:
    used = "Physical volume /dev/sdb is already in volume group vg_other."
    heketi = start(faults=[{"command": "echo vg_", "error": used, "times": 1}])
    client = heketi.client()
    with pytest.raises(GlusterOpsError) as caught:
        reconcile(client, one_cluster(1), parallel=1)
    said = "server1:/dev/sdb: Heketi could not do it: Initializing device /dev/sdb failed (already initialized or"
    assert said in str(caught.value) and used in str(caught.value)
    assert str(caught.value).endswith("If what is on it may be lost, destroy_data: true has it wiped.")
    wiped = [DesiredCluster(None, (want(1, DesiredDevice("/dev/sdb", destroy_data=True)),))]
    assert "rm -f" not in heketi.log.read_text()
    changes = reconcile(client, wiped)[0]
    assert Change("server1:/dev/sdb", "destroy_data", None, True) in changes
    assert "[server1] rm -f /dev/sdb/.heketi-vg" in heketi.log.read_text()
    assert reconcile(client, wiped)[0] == []


# ---- the module


def test_module(start: t.Callable[..., Heketi]) -> None:
    heketi = start()
    options: dict[str, t.Any] = {
        "heketi_url": heketi.url,
        "heketi_key": KEY,
        "poll_interval": 0.02,
        "_ansible_diff": True,
        "clusters": [{"nodes": [{"manage": "server1", "zone": 2, "devices": [{"name": "/dev/sdb"}]}]}],
    }
    check = run("gluster_heketi_topology", **options, _ansible_check_mode=True)[1]
    code, made = run("gluster_heketi_topology", **options)
    assert code == 0 and made["changed"] and check["changed"]
    assert (made["changes"], made["diff"]) == (check["changes"], check["diff"])
    assert made["diff"]["after"]["server1"]["zone"] == 2
    (node,) = made["clusters"][0]["nodes"]
    assert (node["manage"], node["storage"], node["devices"][0]["name"]) == ("server1", "server1", "/dev/sdb")
    assert check["clusters"] == []
    again = run("gluster_heketi_topology", **options)[1]
    assert not again["changed"] and again["clusters"] == made["clusters"]

    code, refused = run("gluster_heketi_topology", **{**options, "clusters": []}, purge=True)
    assert code == 1 and refused["error"] == "bad_input" and "declare at least one cluster" in refused["msg"]
    code, refused = run("gluster_heketi_topology", **{**options, "clusters": [{"id": "0" * 32}]})
    assert code == 1 and refused["error"] == "not_found" and refused["changed"] is False
    options["clusters"] = [{"nodes": [{"manage": "-oProxyCommand=x", "zone": 0}]}]
    code, refused = run("gluster_heketi_topology", **{**options, "heketi_url": "http://127.0.0.1:1"})
    assert code == 1 and refused["error"] == "bad_input"
    assert "is not a host name or address" in refused["msg"] and "zone 0" in refused["msg"]
