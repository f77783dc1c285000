# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What is to be done about Heketi's clusters, servers and devices, and in which order. No I/O."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import Conflict, NotFound, Refused, few
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.topology import (
    DesiredCluster,
    DesiredDevice,
    DesiredNode,
    Device,
    HeketiCluster,
    Node,
    host_key,
)
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change


@dataclasses.dataclass(frozen=True)
class AddCluster:
    """place is the cluster's in the list of those wanted, here and below: its id is not known yet."""

    place: int


@dataclasses.dataclass(frozen=True)
class AddNode:
    node: DesiredNode
    place: int


@dataclasses.dataclass(frozen=True)
class AddDevice:
    device: DesiredDevice
    node: DesiredNode


@dataclasses.dataclass(frozen=True)
class TakeOffline:
    """Of something that was just added: the server, or one device of it."""

    node: DesiredNode
    device: DesiredDevice | None = None


@dataclasses.dataclass(frozen=True)
class Put:
    """A property of something that Heketi has: POST /KIND/ID/WHAT."""

    kind: str
    id: str
    what: str
    body: t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class RemoveDevice:
    """It is offline by then, or failed."""

    device: Device
    node: Node


@dataclasses.dataclass(frozen=True)
class RemoveNode:
    node: Node


@dataclasses.dataclass(frozen=True)
class RemoveCluster:
    cluster: HeketiCluster


Action = t.Union[AddCluster, AddNode, AddDevice, TakeOffline, Put, RemoveDevice, RemoveNode, RemoveCluster]


@dataclasses.dataclass(frozen=True)
class Step:
    """One thing to do to subject, and what is said when it is done.

    needs are the steps (by their place in the plan, always before this one) that must have succeeded, after those that
    must have ended.
    """

    subject: str
    done: str
    action: Action
    changes: tuple[Change, ...]
    needs: frozenset[int]
    after: frozenset[int]


@dataclasses.dataclass(frozen=True)
class Plan:
    """The steps, the ids of those wanted clusters that Heketi has, by their place, and what should be told."""

    steps: tuple[Step, ...]
    ids: t.Mapping[int, str]
    notes: tuple[str, ...] = ()

    @property
    def changes(self) -> list[Change]:
        return [change for step in self.steps for change in step.changes]


def plan(desired: t.Sequence[DesiredCluster], observed: t.Sequence[HeketiCluster], purge: bool = False) -> Plan:
    """What is to be done. NotFound, Conflict or Refused if it cannot be, or not without purge."""
    found = match(desired, observed)
    conflicts = list(_conflicts(desired, observed))
    if conflicts:
        raise Conflict(few(conflicts))
    refusals = list(_refusals_of_purge(desired, found, observed) if purge else _refusals(desired, found, observed))
    if refusals:
        raise Refused(few(refusals))
    planner = _Planner(desired, found, observed)
    planner.grow()
    if purge:
        planner.shrink()
    ids = {place: cluster.id for place, cluster in enumerate(found) if cluster}
    return Plan(tuple(planner.steps), ids, tuple(_notes(desired, observed, planner.steps)))


def aligned(desired: t.Iterable[DesiredCluster], observed: t.Iterable[HeketiCluster]) -> list[DesiredCluster]:
    """The clusters, with their servers and devices called as Heketi calls them: so the same is the same from here on.

    Conflict if two of them are one.
    """
    known = {host_key(node.manage): node for cluster in observed for node in cluster.nodes}

    def device(want: DesiredDevice, have: Node) -> DesiredDevice:
        name = next((one.name for one in have.devices if one.is_called(want.name)), want.name)
        return dataclasses.replace(want, name=name)

    def node(want: DesiredNode) -> DesiredNode:
        have = known.get(host_key(want.manage))
        if not have:
            return want
        devices = tuple(device(one, have) for one in want.devices)
        for name, count in collections.Counter(one.name for one in devices).items():
            if count > 1:
                names = [old.name for old, new in zip(want.devices, devices) if new.name == name]
                raise Conflict(f"{want.manage}: {' and '.join(names)} are one device, which Heketi has as {name}.")
        same = host_key(want.storage) == host_key(have.storage)
        storage = have.storage if same else want.storage
        return dataclasses.replace(want, manage=have.manage, storage=storage, devices=devices)

    return [dataclasses.replace(cluster, nodes=tuple(map(node, cluster.nodes))) for cluster in desired]


def _notes(
    desired: t.Iterable[DesiredCluster], observed: t.Iterable[HeketiCluster], steps: t.Iterable[Step]
) -> t.Iterator[str]:
    """What is said in vain."""
    wiped = {step.subject for step in steps if isinstance(step.action, AddDevice)}
    names = [
        _name(node, device)
        for cluster in desired
        for node in cluster.nodes
        for device in node.devices
        if device.destroy_data and _name(node, device) not in wiped
    ]
    if names:
        yield (
            f"destroy_data has no effect any more for {', '.join(names)}, which Heketi has: take it out, or the device"
            " is wiped again if Heketi ever loses it."
        )


def undeclared(
    desired: t.Iterable[DesiredCluster], observed: t.Iterable[HeketiCluster], ids: t.Collection[str]
) -> dict[str, list[str]]:
    """What Heketi has and nobody declared. ids are those of the declared clusters."""
    wanted = _nodes_by_name(desired)
    left: dict[str, list[str]] = {"clusters": [], "nodes": [], "devices": []}
    for cluster in observed:
        if cluster.id not in ids:
            left["clusters"].append(cluster.id)
        for node in cluster.nodes:
            if node.manage not in wanted:
                left["nodes"].append(node.manage)
            left["devices"] += [_name(node, device) for device in _leaving(node, wanted.get(node.manage))]
    return left


# ---- which is which --------------------------------------------------------------------------------------------------


def match(desired: t.Sequence[DesiredCluster], observed: t.Sequence[HeketiCluster]) -> list[HeketiCluster | None]:
    """Heketi's cluster for each that is wanted, None where it is to be made.

    Clusters have no names. It is the one of that id, or that has the servers, or else one that is empty: an interrupted
    run began that.
    """
    by_id = {cluster.id: cluster for cluster in observed}
    home = {node.manage: node.cluster for cluster in observed for node in cluster.nodes}
    found: list[HeketiCluster | None] = []
    claims: dict[str, DesiredCluster] = {}
    for want in desired:
        homes = [want.id] if want.id else sorted({home[node.manage] for node in want.nodes if node.manage in home})
        if want.id and want.id not in by_id:
            raise NotFound(f"Heketi has no cluster {want.id}: leave out its id to have one made.")
        if len(homes) > 1:
            raise Conflict(
                f"The servers of the {want} are in {len(homes)} clusters of Heketi's, {', '.join(homes)}: give the id"
                " of the one that is meant."
            )
        if homes and homes[0] in claims:
            raise Conflict(
                f"The {claims[homes[0]]} and the {want} are declared as two, and in Heketi both are cluster"
                f" {homes[0]}: declare them as one, or give the id of the other cluster."
            )
        if homes:
            claims[homes[0]] = want
        found.append(by_id[homes[0]] if homes else None)
    empty = (one for one in observed if not one.nodes and not one.volumes and one.id not in claims)
    return [one or next(empty, None) for one in found]


def _nodes_by_name(desired: t.Iterable[DesiredCluster]) -> dict[str, DesiredNode]:
    return {node.manage: node for cluster in desired for node in cluster.nodes}


def _known(observed: t.Iterable[HeketiCluster]) -> dict[str, Node]:
    return {node.manage: node for cluster in observed for node in cluster.nodes}


def _leaving(node: Node, want: DesiredNode | None) -> list[Device]:
    """The devices of a server that nobody declared."""
    names = {device.name for device in want.devices} if want else set()
    return [device for device in node.devices if device.name not in names]


def _name(node: Node | DesiredNode, device: Device | DesiredDevice) -> str:
    return f"{node.manage}:{device.name}"


# ---- what cannot be --------------------------------------------------------------------------------------------------


def _conflicts(desired: t.Iterable[DesiredCluster], observed: t.Iterable[HeketiCluster]) -> t.Iterator[str]:
    """Names that other servers have in Heketi."""
    known = _known(observed)
    owners = {host_key(name): node for node in known.values() for name in (node.manage, node.storage)}
    for want in _nodes_by_name(desired).values():
        for name in sorted({want.manage, want.storage}):
            owner = owners.get(host_key(name))
            if owner and owner.manage != want.manage:
                yield (
                    f"{want.manage}: its name {name!r} is one of the server {owner.manage} in Heketi: declare that one,"
                    " or remove it first."
                )


def _refusals(
    desired: t.Sequence[DesiredCluster], found: t.Sequence[HeketiCluster | None], observed: t.Sequence[HeketiCluster]
) -> t.Iterator[str]:
    """What can only be had by removing and adding anew."""
    known = _known(observed)
    unlike = _unlike(desired, found, observed)
    remedy = "purge: true has it emptied, removed and added anew"
    for node in _nodes_by_name(desired).values():
        for change in unlike.get(node.manage, []):
            yield (
                f"{node.manage}: its {change.what} is {change.before} and shall be {change.after}, and Heketi cannot"
                f" change that: {remedy}."
            )
        if node.manage in known and node.manage not in unlike:
            for device in _failed(node, known[node.manage]):
                yield f"{_name(node, device)} is failed in Heketi, and cannot be used again as it is: {remedy}."


def _refusals_of_purge(
    desired: t.Sequence[DesiredCluster], found: t.Sequence[HeketiCluster | None], observed: t.Sequence[HeketiCluster]
) -> t.Iterator[str]:
    """Volumes that would have no place to go."""
    wanted = {cluster.id: want for want, cluster in zip(desired, found) if cluster}
    for cluster in observed:
        want = wanted.get(cluster.id)
        if cluster.volumes and not (want and any(node.devices for node in want.nodes)):
            count = f"{len(cluster.volumes)} volume{'s' if len(cluster.volumes) > 1 else ''}"
            lacks = "no devices are declared for it" if want else "it is not declared"
            yield f"Cluster {cluster.id} has {count} and {lacks}: declare it, or delete its volumes first."


def _unlike(
    desired: t.Sequence[DesiredCluster], found: t.Sequence[HeketiCluster | None], observed: t.Sequence[HeketiCluster]
) -> dict[str, list[Change]]:
    """The servers that differ in what cannot be changed, by name, and in what."""
    known = _known(observed)
    unlike = {}
    for want, cluster in zip(desired, found):
        for node in want.nodes:
            have = known.get(node.manage)
            if have and cluster:
                differences = _differ(node.manage, "cluster", have.cluster, cluster.id)
                differences += _differ(node.manage, "zone", have.zone, node.zone)
                differences += _differ(node.manage, "storage", have.storage, node.storage)
                # From being failed there is no way back.
                differences += _differ(node.manage, "state", have.state, node.state) if have.state == "failed" else []
                if differences:
                    unlike[node.manage] = differences
    return unlike


def _failed(want: DesiredNode, have: Node) -> list[DesiredDevice]:
    """The declared devices that are failed."""
    failed = {device.name for device in have.devices if device.state == "failed"}
    return [device for device in want.devices if device.name in failed]


# ---- what follows ----------------------------------------------------------------------------------------------------


class _Planner:
    """Writes down the steps in an order in which they could be done one after the other."""

    def __init__(
        self,
        desired: t.Sequence[DesiredCluster],
        found: t.Sequence[HeketiCluster | None],
        observed: t.Sequence[HeketiCluster],
    ) -> None:
        self.steps: list[Step] = []
        self._desired = desired
        self._found = found
        self._observed = observed
        self._known = _known(observed)
        self._wanted = _nodes_by_name(desired)
        self._unlike = _unlike(desired, found, observed)
        # By cluster: what must be done before anything is removed from it, the last step that changes who is in its
        # pool, and the last one that moves bricks.
        self._before: dict[str, set[int]] = collections.defaultdict(set)
        self._pool: dict[str, int] = {}
        self._moving: dict[str, int] = {}

    def _step(
        self,
        subject: str,
        done: str,
        action: Action,
        changes: t.Iterable[Change],
        needs: t.Iterable[int] = (),
        after: int | None = None,
    ) -> int:
        afters = frozenset() if after is None else frozenset({after})
        self.steps.append(Step(subject, done, action, tuple(changes), frozenset(needs), afters))
        return len(self.steps) - 1

    def _label(self, place: int) -> str:
        """What stands for a cluster's id as long as it has none."""
        cluster = self._found[place]
        return cluster.id if cluster else str(self._desired[place])

    # Additions, and what can be changed

    def grow(self) -> None:
        for place, want in enumerate(self._desired):
            first = len(self.steps)
            made = self._cluster(place, want)
            new = [node for node in want.nodes if node.manage not in self._known]
            joined = [self._join(place, node, made) for node in new]
            for node, join in zip(new, joined):
                self._fill(node, join)
            for node in want.nodes:
                if node.manage in self._known and node.manage not in self._unlike:
                    self._settle(node, self._known[node.manage])
            self._before[self._label(place)].update(range(first, len(self.steps)))

    def _cluster(self, place: int, want: DesiredCluster) -> set[int]:
        have = self._found[place]
        flags = {"file": want.file, "block": want.block}
        if not have:
            subject = str(want)
            changes = [Change(subject, "present", False, True)]
            changes += [Change(subject, flag, None, value) for flag, value in flags.items()]
            return {self._step(subject, "made", AddCluster(place), changes)}
        subject = f"cluster {have.id}"
        changes = _differ(subject, "file", have.file, want.file) + _differ(subject, "block", have.block, want.block)
        if changes:
            self._step(subject, "flags set", Put("clusters", have.id, "flags", flags), changes)
        return set()

    def _join(self, place: int, node: DesiredNode, needs: t.Iterable[int], changes: list[Change] | None = None) -> int:
        """Adds a server. changes are given when it is one that was removed for it."""
        if changes is None:
            changes = [
                Change(node.manage, "present", False, True),
                Change(node.manage, "cluster", None, self._label(place)),
                Change(node.manage, "zone", None, node.zone),
                Change(node.manage, "storage", None, node.storage),
            ]
            changes += [Change(node.manage, "tags", None, dict(node.tags))] if node.tags else []
        # One after the other: Heketi has any server of the cluster probe the newcomer. Where two probed at once,
        # Gluster's pool was in parts for up to ten seconds afterwards, else for about one. The first is alone anyway.
        label = self._label(place)
        self._pool[label] = self._step(
            node.manage, "added", AddNode(node, place), changes, needs, self._pool.get(label)
        )
        return self._pool[label]

    def _fill(self, node: DesiredNode, join: int, old: Node | None = None) -> None:
        """What follows when a server was added. old is how it was, if it was removed for that."""
        if node.state == "offline":
            changes = _differ(node.manage, "state", old.state if old else "online", "offline")
            self._step(node.manage, "taken offline", TakeOffline(node), changes, {join})
        before = {device.name: device for device in old.devices} if old else {}
        for device in node.devices:
            self._add_device(node, device, {join}, before.get(device.name))

    def _add_device(
        self, node: DesiredNode, device: DesiredDevice, needs: t.Iterable[int] = (), old: Device | None = None
    ) -> None:
        name = _name(node, device)
        changes = _again(name, device, old) if old else [Change(name, "present", False, True)]
        if device.tags and not old:
            changes.append(Change(name, "tags", None, dict(device.tags)))
        if device.destroy_data:
            changes.append(Change(name, "destroy_data", None, True))
        added = self._step(name, "added", AddDevice(device, node), changes, needs)
        if device.state == "offline":
            changes = _differ(name, "state", old.state if old else "online", "offline")
            self._step(name, "taken offline", TakeOffline(node, device), changes, {added})

    def _settle(self, node: DesiredNode, old: Node) -> None:
        """What can be changed about a server and its devices, and the devices that it lacks."""
        self._put("nodes", node.manage, node, old)
        devices = {device.name: device for device in old.devices}
        for device in node.devices:
            have = devices.get(device.name)
            if not have:
                self._add_device(node, device)
            elif have.state != "failed":
                self._put("devices", _name(node, device), device, have)

    def _put(self, kind: str, subject: str, want: DesiredNode | DesiredDevice, have: Node | Device) -> None:
        tags = _differ(subject, "tags", dict(have.tags), dict(want.tags))
        if tags:
            body = {"change_type": "set", "tags": dict(want.tags)}
            self._step(subject, "tags set", Put(kind, have.id, "tags", body), tags)
        state = _differ(subject, "state", have.state, want.state)
        if state:
            self._step(subject, f"taken {want.state}", Put(kind, have.id, "state", {"state": want.state}), state)

    # Removals, after all additions to the same cluster, because what is emptied needs their room

    def shrink(self) -> None:
        for cluster in self._observed:
            self._close(cluster)
        for place, want in enumerate(self._desired):
            for node in want.nodes:
                old = self._known.get(node.manage)
                if old and node.manage in self._unlike:
                    self._replace(place, node, old)
                elif old:
                    for device in _failed(node, old):
                        self._replace_device(node, device, old)
        kept = {cluster.id for cluster in self._found if cluster}
        for cluster in self._observed:
            gone = self._drain(cluster)
            if cluster.id not in kept:
                subject = f"cluster {cluster.id}"
                needs = self._before[cluster.id] | gone
                self._step(subject, "removed", RemoveCluster(cluster), [_gone(subject)], needs)

    def _close(self, cluster: HeketiCluster) -> None:
        """Takes all offline that shall leave, so that bricks do not move from one of them to the next."""
        needs = frozenset(self._before[cluster.id])
        for node in cluster.nodes:
            for device in _leaving(node, self._wanted.get(node.manage)):
                change = Change(_name(node, device), "state", "online", "offline")
                self._before[cluster.id] |= self._take_offline(node, device, needs, change)

    def _take_offline(self, node: Node, device: Device, needs: t.Iterable[int], *changes: Change) -> set[int]:
        if device.state != "online":
            return set()
        put = Put("devices", device.id, "state", {"state": "offline"})
        return {self._step(_name(node, device), "taken offline", put, changes, needs)}

    def _replace(self, place: int, node: DesiredNode, old: Node) -> None:
        """One after the other in a cluster: each finds the room of those before it, and a failure stops it."""
        first = len(self.steps)
        here, there = self._before[old.cluster], self._before[self._label(place)]
        leaving = _leaving(old, node)
        staying = [device for device in old.devices if device not in leaving]
        needs = (here | there).union(*(self._take_offline(old, device, here | there) for device in staying))
        gone = {self._remove_device(old, device, _gone, needs) for device in leaving}
        gone |= {self._remove_device(old, device, _replaced, needs) for device in staying}
        left = self._leave(old, _replaced, needs | gone)
        changes = [change for change in self._unlike[node.manage] if change.what != "state"]
        changes += _again(node.manage, node, old)
        self._fill(node, self._join(place, node, {left}, changes), old)
        for cluster in (here, there):
            cluster.update(range(first, len(self.steps)))

    def _replace_device(self, node: DesiredNode, device: DesiredDevice, old: Node) -> None:
        first = len(self.steps)
        before = self._before[old.cluster]
        have = next(one for one in old.devices if one.name == device.name)
        removed = self._remove_device(old, have, _replaced, before)
        self._add_device(node, device, {removed}, have)
        before.update(range(first, len(self.steps)))

    def _drain(self, cluster: HeketiCluster) -> set[int]:
        """Removes what nobody declared: the steps."""
        first = len(self.steps)
        before = frozenset(self._before[cluster.id])
        for node in cluster.nodes:
            if node.manage in self._unlike:
                continue
            want = self._wanted.get(node.manage)
            gone = {self._remove_device(node, device, _gone, before) for device in _leaving(node, want)}
            if not want:
                self._leave(node, _gone, before | gone)
        return set(range(first, len(self.steps)))

    def _remove_device(
        self, node: Node, device: Device, change: t.Callable[[str], Change], needs: t.Iterable[int]
    ) -> int:
        name = _name(node, device)
        changes = [change(name)]
        after = None
        if device.bricks:
            changes.append(Change(name, "bricks", device.bricks, 0))
            # Heketi does not move two bricks of a volume at once.
            after = self._moving.get(node.cluster)
        step = self._step(name, "removed", RemoveDevice(device, node), changes, needs, after)
        if device.bricks:
            self._moving[node.cluster] = step
        return step

    def _leave(self, node: Node, change: t.Callable[[str], Change], needs: t.Iterable[int]) -> int:
        action, after = RemoveNode(node), self._pool.get(node.cluster)
        self._pool[node.cluster] = self._step(node.manage, "removed", action, [change(node.manage)], needs, after)
        return self._pool[node.cluster]


def _differ(subject: str, what: str, before: t.Any, after: t.Any) -> list[Change]:
    return [Change(subject, what, before, after)] if before != after else []


def _again(subject: str, want: DesiredNode | DesiredDevice, have: Node | Device) -> list[Change]:
    """What else changes when something is removed and added anew. To be offline takes a step of its own."""
    changes = _differ(subject, "tags", dict(have.tags), dict(want.tags))
    return changes + (_differ(subject, "state", have.state, want.state) if want.state == "online" else [])


def _gone(subject: str) -> Change:
    return Change(subject, "present", True, False)


def _replaced(subject: str) -> Change:
    return Change(subject, "replaced", False, True)
