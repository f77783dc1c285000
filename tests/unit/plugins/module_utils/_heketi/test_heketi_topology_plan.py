# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    Conflict,
    GlusterOpsError,
    NotFound,
    Refused,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.topology import (
    DesiredCluster,
    DesiredDevice,
    DesiredNode,
    Device,
    HeketiCluster,
    Node,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.topology_plan import (
    AddCluster,
    AddDevice,
    AddNode,
    Plan,
    Put,
    RemoveCluster,
    RemoveDevice,
    RemoveNode,
    Step,
    TakeOffline,
    aligned,
    match,
    plan,
    undeclared,
)
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from hypothesis import given
from hypothesis import strategies as st

A, B, C = "a" * 32, "b" * 32, "c" * 32
GIB = 1024**3


def have(manage: str, *devices: Device, cluster: str = A, **other: t.Any) -> Node:
    values = {"storage": manage, "zone": 1, "state": "online", "tags": {}, **other}
    return Node(id=f"id of {manage}", cluster=cluster, manage=manage, devices=devices, **values)


def disk(name: str = "/dev/sdb", state: str = "online", bricks: int = 0, of: str = "s1", **tags: str) -> Device:
    return Device(f"id of {of}:{name}", name, state, 100 * GIB, 90 * GIB, 10 * GIB, tags, bricks)


def cluster(*nodes: Node, key: str = A, volumes: t.Sequence[str] = (), **flags: bool) -> HeketiCluster:
    return HeketiCluster(key, flags.get("file", True), flags.get("block", True), nodes, tuple(volumes))


def want(manage: str, *devices: DesiredDevice | str, **other: t.Any) -> DesiredNode:
    wanted = tuple(DesiredDevice(device) if isinstance(device, str) else device for device in devices)
    return DesiredNode(manage, **{"storage": manage, "devices": wanted, **other})


def wanted(*nodes: DesiredNode, key: str | None = None, **flags: bool) -> DesiredCluster:
    return DesiredCluster(key, nodes, **flags)


def told(todo: Plan) -> list[str]:
    return [f"{step.subject} {step.done}" for step in todo.steps]


def place(todo: Plan, line: str) -> int:
    return told(todo).index(line)


# ---- which cluster is meant


def test_by_id() -> None:
    found = match([wanted(want("s1"), key=B)], [cluster(key=A), cluster(key=B)])
    assert [one and one.id for one in found] == [B]


def test_an_unknown_id() -> None:
    with pytest.raises(NotFound, match=f"Heketi has no cluster {C}: leave out its id to have one made."):
        plan([wanted(want("s1"), key=C)], [cluster(key=A)])


def test_by_the_servers() -> None:
    observed = [cluster(have("s1")), cluster(have("s2", cluster=B), key=B), cluster(key=C)]
    found = match([wanted(want("new"), want("s2")), wanted(want("other")), wanted(want("last"))], observed)
    assert [one and one.id for one in found] == [B, C, None]


def test_servers_of_one_in_two() -> None:
    observed = [cluster(have("s1")), cluster(have("s2", cluster=B), key=B)]
    with pytest.raises(Conflict, match=f"servers of the cluster of s2 are in 2 clusters of Heketi's, {A}, {B}: give"):
        plan([wanted(want("s2"), want("s1"))], observed)


@pytest.mark.parametrize("key", [None, A])
def test_servers_of_two_in_one(key: str | None) -> None:
    with pytest.raises(Conflict, match=f"are declared as two, and in Heketi both are cluster {A}"):
        plan([wanted(want("s1"), key=key), wanted(want("s2"))], [cluster(have("s1"), have("s2"))], purge=True)


def test_a_cluster_that_an_interrupted_run_began_is_taken() -> None:
    todo = plan([wanted(want("s1"), block=False)], [cluster(key=A, volumes=["v"]), cluster(key=B), cluster(key=C)])
    assert told(todo) == [f"cluster {B} flags set", "s1 added"]
    assert todo.ids == {0: B}


# ---- additions


def test_all_from_nothing() -> None:
    sdb = DesiredDevice("/dev/sdb", {"disk": "ssd"}, "offline", destroy_data=True)
    todo = plan(
        [wanted(want("s1", sdb, "/dev/sdc"), want("s2", zone=2, storage="10.0.0.2", tags={"a": "b"}), block=False)], []
    )
    assert todo.changes == [
        Change("cluster of s1", "present", False, True),
        Change("cluster of s1", "file", None, True),
        Change("cluster of s1", "block", None, False),
        Change("s1", "present", False, True),
        Change("s1", "cluster", None, "cluster of s1"),
        Change("s1", "zone", None, 1),
        Change("s1", "storage", None, "s1"),
        Change("s2", "present", False, True),
        Change("s2", "cluster", None, "cluster of s1"),
        Change("s2", "zone", None, 2),
        Change("s2", "storage", None, "10.0.0.2"),
        Change("s2", "tags", None, {"a": "b"}),
        Change("s1:/dev/sdb", "present", False, True),
        Change("s1:/dev/sdb", "tags", None, {"disk": "ssd"}),
        Change("s1:/dev/sdb", "destroy_data", None, True),
        Change("s1:/dev/sdb", "state", "online", "offline"),
        Change("s1:/dev/sdc", "present", False, True),
    ]
    assert [type(step.action) for step in todo.steps] == [
        AddCluster,
        AddNode,
        AddNode,
        AddDevice,
        TakeOffline,
        AddDevice,
    ]
    assert [(set(step.needs), set(step.after)) for step in todo.steps] == [
        (set(), set()),
        ({0}, set()),
        ({0}, {1}),
        ({1}, set()),
        ({3}, set()),
        ({1}, set()),
    ]


def test_a_server_that_shall_be_offline_is_taken_offline() -> None:
    todo = plan([wanted(want("s1"), want("s2", state="offline"))], [cluster(have("s1"))])
    assert told(todo) == ["s2 added", "s2 taken offline"]
    assert todo.changes[-1] == Change("s2", "state", "online", "offline")
    assert todo.steps[1].needs == {0}


def test_clusters_do_not_wait_for_each_other() -> None:
    todo = plan([wanted(want("s1"), want("s2")), wanted(want("s3"), want("s4"))], [])
    assert todo.steps[place(todo, "s4 added")].after == {place(todo, "s3 added")}
    assert todo.steps[place(todo, "s3 added")].after == frozenset()
    assert todo.steps[place(todo, "s3 added")].needs == {place(todo, "cluster of s3 made")}


def test_what_is_there_is_not_added_again() -> None:
    observed = [cluster(have("s1", disk(), disk("/dev/extra"), storage="10.0.0.1"), have("extra"))]
    assert plan([wanted(want("s1", "/dev/sdb", storage="10.0.0.1"))], observed) == Plan((), {0: A})


# ---- what can be changed


def test_flags() -> None:
    (step,) = plan([wanted(want("s1"), file=False)], [cluster(have("s1"), block=False)]).steps
    assert step.action == Put("clusters", A, "flags", {"file": False, "block": True})
    assert step.changes == (
        Change(f"cluster {A}", "file", True, False),
        Change(f"cluster {A}", "block", False, True),
    )


def test_tags() -> None:
    observed = [cluster(have("s1", disk(disk="hdd"), tags={"old": "1"}))]
    todo = plan([wanted(want("s1", DesiredDevice("/dev/sdb", {"disk": "ssd"})))], observed)
    assert [step.action for step in todo.steps] == [
        Put("nodes", "id of s1", "tags", {"change_type": "set", "tags": {}}),
        Put("devices", "id of s1:/dev/sdb", "tags", {"change_type": "set", "tags": {"disk": "ssd"}}),
    ]
    assert todo.changes == [
        Change("s1", "tags", {"old": "1"}, {}),
        Change("s1:/dev/sdb", "tags", {"disk": "hdd"}, {"disk": "ssd"}),
    ]


def test_states() -> None:
    observed = [cluster(have("s1", disk(state="offline")))]
    todo = plan([wanted(want("s1", "/dev/sdb", state="offline"))], observed)
    assert [step.action for step in todo.steps] == [
        Put("nodes", "id of s1", "state", {"state": "offline"}),
        Put("devices", "id of s1:/dev/sdb", "state", {"state": "online"}),
    ]
    assert todo.changes == [
        Change("s1", "state", "online", "offline"),
        Change("s1:/dev/sdb", "state", "offline", "online"),
    ]


# ---- what cannot be changed


@pytest.mark.parametrize(
    "node, message",
    [
        (want("s1", zone=2), "s1: its zone is 1 and shall be 2, and Heketi cannot change that: purge: true has it"),
        (want("s1", storage="new"), "s1: its storage is s1 and shall be new, and Heketi cannot change that"),
        (want("s2"), "s2: its state is failed and shall be online, and Heketi cannot change that"),
        (want("s3"), f"s3: its cluster is {B} and shall be {A}, and Heketi cannot change that"),
        (want("s4", "/dev/sdb"), "s4:/dev/sdb is failed in Heketi, and cannot be used again as it is: purge: true"),
    ],
)
def test_what_cannot_be_changed_is_refused_without_purge(node: DesiredNode, message: str) -> None:
    observed = [
        cluster(have("s1"), have("s2", state="failed"), have("s4", disk(state="failed"))),
        cluster(have("s3", cluster=B), key=B),
    ]
    with pytest.raises(Refused) as caught:
        plan([wanted(node, want("new"), key=A)], observed)
    assert message in str(caught.value)


@pytest.mark.parametrize("purge", [False, True])
@pytest.mark.parametrize(
    "node, message",
    [
        (want("s2", storage="10.0.0.1"), "s2: its name '10.0.0.1' is one of the server s1 in Heketi"),
        (want("10.0.0.1"), "10.0.0.1: its name '10.0.0.1' is one of the server s1 in Heketi"),
        (want("s2", storage="s1"), "s2: its name 's1' is one of the server s1 in Heketi"),
    ],
)
def test_names_that_others_have(node: DesiredNode, message: str, purge: bool) -> None:
    with pytest.raises(Conflict) as caught:
        plan([wanted(node, key=A)], [cluster(have("s1", storage="10.0.0.1"))], purge)
    assert message in str(caught.value)


def test_everything_that_is_refused_is_named() -> None:
    observed = [cluster(have("s1", disk(state="failed")), have("s2"))]
    with pytest.raises(Refused, match="s1:/dev/sdb is failed .* s2: its zone is 1 and shall be 9.* s2: its storage is"):
        plan([wanted(want("s1", "/dev/sdb"), want("s2", zone=9, storage="x"))], observed)


# ---- purge


def test_nothing_is_removed_without_purge() -> None:
    observed = [cluster(have("s1", disk()), have("s2", disk(of="s2"))), cluster(key=B)]
    assert plan([wanted(want("s1"))], observed).steps == ()
    assert undeclared([wanted(want("s1"))], observed, [A]) == {
        "clusters": [B],
        "nodes": ["s2"],
        "devices": ["s1:/dev/sdb", "s2:/dev/sdb"],
    }


def test_a_device_goes_after_the_new_ones_are_in() -> None:
    observed = [cluster(have("s1", disk(bricks=3), disk("/dev/off", "offline"), disk("/dev/dead", "failed")))]
    todo = plan([wanted(want("s1", "/dev/sdc", tags={"a": "b"}))], observed, purge=True)
    assert told(todo) == [
        "s1 tags set",
        "s1:/dev/sdc added",
        "s1:/dev/sdb taken offline",
        "s1:/dev/sdb removed",
        "s1:/dev/off removed",
        "s1:/dev/dead removed",
    ]
    assert [set(step.needs) for step in todo.steps] == [set(), set(), {0, 1}, {0, 1, 2}, {0, 1, 2}, {0, 1, 2}]
    assert todo.steps[3].changes == (
        Change("s1:/dev/sdb", "present", True, False),
        Change("s1:/dev/sdb", "bricks", 3, 0),
    )


def test_bricks_are_moved_from_one_device_after_the_other() -> None:
    observed = [
        cluster(
            have("s1", disk(bricks=1), disk("/dev/sdc", bricks=1), disk("/dev/sdd")), have("s2", disk()), volumes=["v"]
        )
    ]
    todo = plan([wanted(want("s1"), want("s2", "/dev/sdb"))], observed, purge=True)
    first, second, third = (place(todo, f"s1:/dev/{name} removed") for name in ("sdb", "sdc", "sdd"))
    assert todo.steps[second].after == {first} and not todo.steps[first].after | todo.steps[third].after
    offline = {place(todo, f"s1:/dev/{name} taken offline") for name in ("sdb", "sdc", "sdd")}
    assert all(todo.steps[one].needs == offline for one in (first, second, third))


def test_a_server_and_a_cluster_go_when_they_are_empty() -> None:
    observed = [
        cluster(have("s1"), have("s2", disk(of="s2")), have("s3")),
        cluster(have("s4", disk(of="s4"), cluster=B), key=B),
        cluster(key=C),
    ]
    todo = plan([wanted(want("s1"))], observed, purge=True)
    assert told(todo) == [
        "s2:/dev/sdb taken offline",
        "s4:/dev/sdb taken offline",
        "s2:/dev/sdb removed",
        "s2 removed",
        "s3 removed",
        "s4:/dev/sdb removed",
        "s4 removed",
        f"cluster {B} removed",
        f"cluster {C} removed",
    ]
    assert todo.steps[3].needs == {0, 2} and todo.steps[4].after == {3}
    assert todo.steps[6].needs == {1, 5} and todo.steps[7].needs >= {5, 6}
    assert todo.steps[6].after == frozenset()
    assert todo.changes[-1] == Change(f"cluster {C}", "present", True, False)


@pytest.mark.parametrize(
    "desired, message",
    [
        (wanted(want("new")), f"Cluster {A} has 2 volumes and it is not declared: declare it, or delete its volumes"),
        (wanted(want("s1")), f"Cluster {A} has 2 volumes and no devices are declared for it"),
        (wanted(key=A), f"Cluster {A} has 2 volumes and no devices are declared for it"),
    ],
)
def test_volumes_that_would_have_no_place_to_go(desired: DesiredCluster, message: str) -> None:
    observed = [cluster(have("s1", disk(bricks=2)), volumes=["v", "w"])]
    with pytest.raises(Refused) as caught:
        plan([desired], observed, purge=True)
    assert message in str(caught.value)


def test_a_failed_device_is_removed_and_added_anew() -> None:
    observed = [cluster(have("s1", disk(state="failed", disk="ssd"), disk("/dev/sdc", bricks=1)))]
    sdb = DesiredDevice("/dev/sdb", destroy_data=True)
    todo = plan([wanted(want("s1", sdb, "/dev/sdc"))], observed, purge=True)
    assert told(todo) == ["s1:/dev/sdb removed", "s1:/dev/sdb added"]
    assert todo.steps[1].needs == {0}
    assert todo.changes == [
        Change("s1:/dev/sdb", "replaced", False, True),
        Change("s1:/dev/sdb", "tags", {"disk": "ssd"}, {}),
        Change("s1:/dev/sdb", "state", "failed", "online"),
        Change("s1:/dev/sdb", "destroy_data", None, True),
    ]


def test_a_server_in_another_zone_is_emptied_and_added_anew() -> None:
    observed = [cluster(have("s1", disk(bricks=1), disk("/dev/sdx"), tags={"a": "1"}), have("s2", disk(of="s2")))]
    desired = [wanted(want("s1", "/dev/sdb", zone=2), want("s2", "/dev/sdb"), want("s3", "/dev/sdb"))]
    todo = plan(desired, observed, purge=True)
    assert told(todo) == [
        "s3 added",
        "s3:/dev/sdb added",
        "s1:/dev/sdx taken offline",
        "s1:/dev/sdb taken offline",
        "s1:/dev/sdx removed",
        "s1:/dev/sdb removed",
        "s1 removed",
        "s1 added",
        "s1:/dev/sdb added",
    ]
    assert [set(step.needs) for step in todo.steps[2:]] == [
        {0, 1},
        {0, 1, 2},
        {0, 1, 2, 3},
        {0, 1, 2, 3},
        {0, 1, 2, 3, 4, 5},
        {6},
        {7},
    ]
    assert todo.changes[5:] == [
        Change("s1:/dev/sdx", "state", "online", "offline"),
        Change("s1:/dev/sdx", "present", True, False),
        Change("s1:/dev/sdb", "replaced", False, True),
        Change("s1:/dev/sdb", "bricks", 1, 0),
        Change("s1", "replaced", False, True),
        Change("s1", "zone", 1, 2),
        Change("s1", "tags", {"a": "1"}, {}),
    ]


def test_servers_are_replaced_one_after_the_other_and_before_others_go() -> None:
    nodes = [have(f"s{number}", disk(of=f"s{number}")) for number in (1, 2, 3)]
    desired = [wanted(want("s1", "/dev/sdb", zone=2), want("s2", "/dev/sdb", zone=2))]
    todo = plan(desired, [cluster(*nodes)], purge=True)
    assert told(todo) == [
        "s3:/dev/sdb taken offline",
        "s1:/dev/sdb taken offline",
        "s1:/dev/sdb removed",
        "s1 removed",
        "s1 added",
        "s1:/dev/sdb added",
        "s2:/dev/sdb taken offline",
        "s2:/dev/sdb removed",
        "s2 removed",
        "s2 added",
        "s2:/dev/sdb added",
        "s3:/dev/sdb removed",
        "s3 removed",
    ]
    for name in ("s2:/dev/sdb taken offline", "s2:/dev/sdb removed", "s3:/dev/sdb removed"):
        assert place(todo, "s1:/dev/sdb added") in todo.steps[place(todo, name)].needs


def test_a_server_moves_to_another_cluster() -> None:
    observed = [cluster(have("s1", disk(bricks=1)), have("s2", disk(of="s2")), volumes=["v"]), cluster(key=B)]
    desired = [wanted(want("s1", "/dev/sdb"), key=B), wanted(want("s2", "/dev/sdb"))]
    todo = plan(desired, observed, purge=True)
    assert told(todo) == [
        "s1:/dev/sdb taken offline",
        "s1:/dev/sdb removed",
        "s1 removed",
        "s1 added",
        "s1:/dev/sdb added",
    ]
    assert Change("s1", "cluster", A, B) in todo.changes
    action = todo.steps[3].action
    assert isinstance(action, AddNode) and todo.ids[action.place] == B


# ---- all rules at once


class Model:
    """What Heketi would make of each step, with its own refusals."""

    def __init__(self, desired: t.Sequence[DesiredCluster], observed: t.Sequence[HeketiCluster]) -> None:
        self._desired = desired
        self._clusters = {one.id: dataclasses.replace(one, nodes=()) for one in observed}
        self._nodes = {node.id: node for one in observed for node in one.nodes}
        self._count = 0

    def observed(self) -> list[HeketiCluster]:
        found = []
        for one in self._clusters.values():
            nodes = tuple(node for node in self._nodes.values() if node.cluster == one.id)
            found.append(dataclasses.replace(one, nodes=nodes))
        return sorted(found, key=lambda one: one.id)

    def begin(self, todo: Plan) -> None:
        self._ids = dict(todo.ids)

    def _new(self, what: str) -> str:
        self._count += 1
        return f"{what}{self._count}"

    def _by_name(self, manage: str) -> Node:
        return next(node for node in self._nodes.values() if node.manage == manage)

    def _change_device(self, device_id: str, **values: t.Any) -> None:
        for node in self._nodes.values():
            devices = tuple(dataclasses.replace(one, **values) if one.id == device_id else one for one in node.devices)
            self._nodes[node.id] = dataclasses.replace(node, devices=devices)

    def do(self, step: Step) -> None:
        action = step.action
        if isinstance(action, AddCluster):
            want = self._desired[action.place]
            self._ids[action.place] = self._new("cluster")
            self._clusters[self._ids[action.place]] = HeketiCluster(
                self._ids[action.place], want.file, want.block, (), ()
            )
        elif isinstance(action, AddNode):
            node, names = action.node, {action.node.manage, action.node.storage}
            assert not any(names & {other.manage, other.storage} for other in self._nodes.values())
            made = Node(
                self._new("node"),
                self._ids[action.place],
                node.manage,
                node.storage,
                node.zone,
                "online",
                node.tags,
                (),
            )
            assert made.cluster in self._clusters
            self._nodes[made.id] = made
        elif isinstance(action, AddDevice):
            have = self._by_name(action.node.manage)
            assert action.device.name not in {device.name for device in have.devices}
            device = Device(self._new("device"), action.device.name, "online", 1, 1, 0, action.device.tags, 0)
            self._nodes[have.id] = dataclasses.replace(have, devices=(*have.devices, device))
        elif isinstance(action, TakeOffline):
            have = self._by_name(action.node.manage)
            if action.device:
                name = action.device.name
                self._change_device(next(one.id for one in have.devices if one.name == name), state="offline")
            else:
                self._nodes[have.id] = dataclasses.replace(have, state="offline")
        elif isinstance(action, Put):
            value = action.body if action.what == "flags" else {action.what: action.body[action.what]}
            if action.kind == "clusters":
                self._clusters[action.id] = dataclasses.replace(self._clusters[action.id], **value)
            elif action.kind == "nodes":
                assert self._nodes[action.id].state != "failed"
                self._nodes[action.id] = dataclasses.replace(self._nodes[action.id], **value)
            else:
                self._change_device(action.id, **value)
        elif isinstance(action, RemoveDevice):
            have = self._nodes[action.node.id]
            assert all(one.state != "online" for one in have.devices if one.id == action.device.id)
            left = tuple(one for one in have.devices if one.id != action.device.id)
            assert len(left) == len(have.devices) - 1
            self._nodes[have.id] = dataclasses.replace(have, devices=left)
        elif isinstance(action, RemoveNode):
            assert not self._nodes.pop(action.node.id).devices
        else:
            assert isinstance(action, RemoveCluster)
            gone = self._clusters.pop(action.cluster.id)
            assert not gone.volumes and not any(node.cluster == gone.id for node in self._nodes.values())


NAMES = ("s1", "s2", "s3", "s4", "s5")
PATHS = ("/dev/sdb", "/dev/sdc")
tags_of = st.sampled_from([{}, {"disk": "ssd"}, {"disk": "hdd", "rack": "1"}])
zones = st.sampled_from([1, 1, 1, 2])
stores = st.sampled_from(["", "", "", "-storage"])
states = st.sampled_from(["online", "online", "offline"])
all_states = st.sampled_from(["online", "online", "online", "offline", "failed"])


@st.composite
def observed_clusters(draw: st.DrawFn) -> list[HeketiCluster]:
    found = []
    names = draw(st.permutations(NAMES))
    for number, one in enumerate(draw(st.sampled_from([(), (A,), (A, B), (A, B, C)]))):
        nodes = []
        for manage in names[number * 2 : number * 2 + draw(st.integers(0, 2))]:
            devices = [
                disk(path, draw(all_states), draw(st.integers(0, 2)), of=manage, **draw(tags_of))
                for path in draw(st.lists(st.sampled_from(PATHS), unique=True))
            ]
            values = {"zone": draw(zones), "storage": manage + draw(stores), "tags": draw(tags_of)}
            nodes.append(have(manage, *devices, cluster=one, state=draw(all_states), **values))
        volumes = draw(st.sampled_from([(), (), ("v",)])) if nodes else ()
        found.append(cluster(*nodes, key=one, volumes=volumes, file=draw(st.booleans())))
    return found


@st.composite
def desired_clusters(draw: st.DrawFn) -> list[DesiredCluster]:
    names = list(draw(st.permutations(NAMES)))
    found = []
    for key in draw(st.sampled_from([(None,), (None, None), (A,), (A, None), (B, A), (None, B)])):
        count = draw(st.integers(0 if key else 1, 2))
        nodes = []
        for manage in [names.pop() for _number in range(count)]:
            devices = [
                DesiredDevice(path, draw(tags_of), draw(states), draw(st.booleans()))
                for path in draw(st.lists(st.sampled_from(PATHS), unique=True))
            ]
            values = {"zone": draw(zones), "storage": manage + draw(stores), "tags": draw(tags_of)}
            nodes.append(want(manage, *devices, state=draw(states), **values))
        found.append(wanted(*nodes, key=key, block=draw(st.booleans())))
    return found


@given(desired_clusters(), observed_clusters(), st.booleans(), st.data())
def test_what_is_planned_leads_to_what_is_wanted(
    desired: list[DesiredCluster], observed: list[HeketiCluster], purge: bool, data: st.DataObject
) -> None:
    """In any order that the plan allows, and also when it is broken off anywhere and planned again."""
    model = Model(desired, observed)
    try:
        todo = plan(desired, observed, purge)
    except GlusterOpsError:
        return
    assert bool(todo.steps) == bool(todo.changes)
    assert all(one < number for number, step in enumerate(todo.steps) for one in step.needs | step.after)
    broken_off = data.draw(st.integers(0, len(todo.steps)))
    for rounds in range(2):
        model.begin(todo)
        done: set[int] = set()
        while len(done) < len(todo.steps) and (rounds or len(done) < broken_off):
            ready = [
                number
                for number, step in enumerate(todo.steps)
                if number not in done and step.needs | step.after <= done
            ]
            number = data.draw(st.sampled_from(ready))
            model.do(todo.steps[number])
            done.add(number)
        todo = plan(desired, model.observed(), purge)
    assert todo.steps == ()
    left = undeclared(desired, model.observed(), frozenset(todo.ids.values()))
    if purge:
        assert left == {"clusters": [], "nodes": [], "devices": []}
    else:
        ids = {one.id for one in observed}
        assert ids <= {one.id for one in model.observed()}
        kept = {device.id for one in model.observed() for node in one.nodes for device in (node, *node.devices)}
        assert {device.id for one in observed for node in one.nodes for device in (node, *node.devices)} <= kept


# ---- one thing under several names


def paths(device: Device, *names: str) -> Device:
    return dataclasses.replace(device, paths=names)


BY_ID = "/dev/disk/by-id/x"


def test_what_is_the_same_is_called_as_heketi_calls_it() -> None:
    old = [cluster(have("s1.example.com", paths(disk(), BY_ID, "/dev/sdb"), storage="fd00::1"))]
    spelt = wanted(want("S1.Example.COM.", DesiredDevice(BY_ID, destroy_data=True), storage="FD00:0::1"))
    (found,) = aligned([spelt], old)
    (node,) = found.nodes
    assert (node.manage, node.storage, node.devices[0].name) == ("s1.example.com", "fd00::1", "/dev/sdb")
    # A second cluster of the same machines, and the device wiped, otherwise.
    assert told(plan([found], old)) == [] and undeclared([found], old, {A}) == {
        "clusters": [],
        "nodes": [],
        "devices": [],
    }
    other = wanted(want("s1.example.com", "/dev/sdc", storage="10.0.0.9"), want("s2", BY_ID))
    (found,) = aligned([other], old)
    assert (found.nodes[0].storage, found.nodes[0].devices[0].name) == ("10.0.0.9", "/dev/sdc")
    assert found.nodes[1] == other.nodes[1]


def test_two_names_of_one_device() -> None:
    old = [cluster(have("s1", paths(disk(), BY_ID, "/dev/sdb")))]
    with pytest.raises(
        Conflict, match="s1: /dev/sdb and /dev/disk/by-id/x are one device, which Heketi has as /dev/sdb"
    ):
        aligned([wanted(want("s1", "/dev/sdb", BY_ID))], old)


def test_a_name_of_another_server_is_found_however_it_is_written() -> None:
    old = [cluster(have("s1", disk(), storage="Store1"))]
    with pytest.raises(Conflict, match="s2: its name 'store1.' is one of the server s1 in Heketi"):
        plan([wanted(want("s1", "/dev/sdb", storage="Store1"), want("s2", storage="store1."))], old)


def test_it_is_said_that_destroy_data_has_no_effect_any_more() -> None:
    old = [cluster(have("s1", disk(), disk("/dev/sdc", "failed")))]
    devices = [DesiredDevice(name, destroy_data=True) for name in ("/dev/sdb", "/dev/sdc", "/dev/sdd")]
    (note,) = plan([wanted(want("s1", *devices))], old, purge=True).notes
    assert note.startswith("destroy_data has no effect any more for s1:/dev/sdb, which Heketi has: take it out")
    assert plan([wanted(want("s1", "/dev/sdb", "/dev/sdd"))], [cluster(have("s1", disk()))]).notes == ()
