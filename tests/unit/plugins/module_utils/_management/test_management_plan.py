# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.filter.plan_management import plan_management
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._management.plan import Participant, Plan, plan

GOOD = {"problem": None, "bundle_sha256": "aa"}


def uuid(name: str) -> str:
    return f"uuid-{name}"


def server(name: str, others: t.Sequence[str], enabled: bool = False, **management: t.Any) -> Participant:
    """A server of a healthy cluster. management: what differs."""
    told = {
        "machine": {"uuid": uuid(name)},
        "identity": {**GOOD, "common_name": f"server-{name}"},
        "peers": [{"uuid": uuid(name), "hostname": "localhost", "connected": True, "state": ""}]
        + [{"uuid": uuid(o), "hostname": o, "connected": True, "state": "Peer in Cluster"} for o in others],
        "management": {
            "switch": enabled,
            "begun": False,
            "serves": "tls" if enabled else "plain",
            "common_name": f"server-{name}" if enabled else None,
            "servers": [{"uuid": uuid(other), "hostname": other} for other in others],
            "apart": [],
            "rebalances": [],
            **management,
        },
    }
    return Participant(name, True, told)


def cluster(*names: str, enabled: bool = False) -> list[Participant]:
    return [server(name, [other for other in names if other != name], enabled) for name in names]


def host(name: str, enabled: bool = False, **identity: t.Any) -> Participant:
    told = {
        "machine": {"uuid": None},
        "identity": {**GOOD, "common_name": name, **identity},
        "management": {"switch": enabled},
    }
    return Participant(name, False, told)


def but(machine: Participant, **management: t.Any) -> Participant:
    told = {**machine.told, "management": {**machine.management, **management}}
    return dataclasses.replace(machine, told=told)


def without(machine: Participant, *parts: str) -> Participant:
    return dataclasses.replace(machine, told={key: value for key, value in machine.told.items() if key not in parts})


def test_all_of_a_cluster_or_none() -> None:
    machines = [*cluster("a", "b"), *cluster("c", "d", enabled=True), host("x"), host("y", True)]
    assert plan(machines, True, True) == Plan(("a", "b"), ("a", "b"), ("a",), ("x",))
    assert plan(machines, False, True) == Plan(("c", "d"), ("c", "d"), ("c",), ("y",))


@pytest.mark.parametrize("enabled", [True, False])
def test_nothing_to_do(enabled: bool) -> None:
    """Which needs no permission."""
    assert plan([*cluster("a", "b", enabled=enabled), host("x", enabled)], enabled, False) == Plan()


def test_a_host_alone_needs_no_permission() -> None:
    assert plan([*cluster("a", enabled=True), host("x")], True, False) == Plan(hosts=("x",))


@pytest.mark.parametrize(
    "different",
    [
        {"switch": False},
        {"serves": "plain", "common_name": None},
        {"serves": "tls", "common_name": None},
        {"common_name": "somebody"},
        {"apart": ["data.b.srv-data"]},
    ],
)
def test_one_server_that_is_not_as_it_should_be(different: dict[str, t.Any]) -> None:
    first, second = cluster("a", "b", enabled=True)
    assert plan([first, but(second, **different)], True, True).stop == ("a", "b")


def test_without_tls_no_identity_is_needed() -> None:
    first, second = cluster("a", "b", enabled=True)
    machines = [without(first, "identity"), second, host("x", True, bundle_sha256="bb")]
    assert plan(machines, False, True) == Plan(("a", "b"), ("a", "b"), ("a",), ("x",))


def test_an_interrupted_run_is_finished() -> None:
    """It had stopped a server, and the other is apart from it."""
    first, second = cluster("a", "b")
    lonely = {"peers": [{"uuid": uuid("b"), "hostname": "b", "connected": False, "state": "Peer in Cluster"}]}
    first = dataclasses.replace(but(first, begun=True), told={**but(first, begun=True).told, **lonely})
    second = without(but(second, serves=None, apart=["data.b.srv-data"]), "peers")
    assert plan([first, second], True, True).stop == ("a", "b")


def test_a_run_that_was_interrupted_while_it_waited_stops_nobody() -> None:
    first, second = cluster("a", "b", enabled=True)
    assert plan([first, but(second, begun=True)], True, False) == Plan((), ("a", "b"), ("a",))


A, B = cluster("a", "b")


@pytest.mark.parametrize(
    "machines, kind, words",
    [
        ([host("x")], "not_found", "None of these machines is a server"),
        (
            [A, B, Participant("x", False, {"msg": "ssh: no route"})],
            "unreachable",
            "x could not be asked (ssh: no route)",
        ),
        ([Participant("a", True, {})], "unreachable", "a could not be asked (it was not asked)"),
        ([A, B, Participant("c", True, {**A.told, "machine": {"uuid": None}})], "not_found", "glusterd never ran on c"),
        ([A], "not_found", "b is a server of a's cluster and not among these machines"),
        ([A, without(B, "identity")], "not_found", "b has no TLS identity: run the role tls on it first."),
        ([A, B, host("x", problem="expired.")], "conflict", "The TLS identity of x is not good (expired): run"),
        ([A, B, host("x", bundle_sha256="bb")], "conflict", "CA certificates differ between b and x"),
        ([A, without(but(B, serves=None), "peers")], "unreachable", "glusterd does not answer on b: start it first."),
        ([but(A, rebalances=["data"]), B], "refused", "A rebalance of data runs on a"),
    ],
)
def test_what_is_refused(machines: list[Participant], kind: str, words: str) -> None:
    with pytest.raises(GlusterOpsError) as caught:
        plan(machines, True, True)
    assert caught.value.kind == kind and words in str(caught.value)


@pytest.mark.parametrize(
    "peer, words",
    [
        ({"connected": False}, "To a, b is not connected (Peer in Cluster): all servers must be connected"),
        ({"state": "Peer Rejected"}, "To a, b is connected (Peer Rejected): all servers must be connected"),
    ],
)
def test_a_peer_is_lost(peer: dict[str, t.Any], words: str) -> None:
    told = {**A.told, "peers": [{**A.told["peers"][1], **peer}]}
    with pytest.raises(GlusterOpsError) as caught:
        plan([dataclasses.replace(A, told=told), B], True, True)
    assert words in str(caught.value)


def apart(machine: Participant) -> Participant:
    return dataclasses.replace(
        machine, told={**machine.told, "peers": [{**machine.told["peers"][1], "connected": False}]}
    )


def test_servers_that_are_apart_because_of_it() -> None:
    """Somebody turned one of them by hand; or certificates have expired."""
    first, second = [apart(machine) for machine in cluster("a", "b", enabled=True)]
    for enabled in (True, False):
        assert plan([first, but(second, switch=False, serves="plain")], enabled, True).stop == ("a", "b")
    assert plan([first, second], False, True).stop == ("a", "b")
    with pytest.raises(GlusterOpsError, match="To a, b is not connected"):
        plan([first, second], True, True)


def told(*machines: Participant) -> dict[str, t.Any]:
    return {machine.name: machine.told for machine in machines}


def test_a_restart_must_be_allowed() -> None:
    looks = told(but(A, heals={"data": 3, "more": 1}), but(B, heals={"data": 7}))
    refused = plan_management(looks, ["a", "b", "c"], "enabled", False)
    assert "GlusterFS on a, b has to be stopped and started again with TLS" in refused.pop("problem")
    assert refused == {"stop": [], "prove": [], "ask": [], "hosts": [], "heals": {}}
    assert plan_management(looks, ["a", "b", "c"], "enabled", True) == {
        "problem": "",
        "stop": ["a", "b"],
        "prove": ["a", "b"],
        "ask": ["a"],
        "hosts": [],
        # As many as the server that knows most.
        "heals": {"data": 7, "more": 1},
    }


def test_who_is_no_server_is_a_host() -> None:
    found = plan_management(told(*cluster("a", enabled=True), host("x")), ["a"], "enabled", False)
    assert found["hosts"] == ["x"] and found["stop"] == []
