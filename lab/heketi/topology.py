# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clusters, nodes and devices: what the requests about them do."""

from __future__ import annotations

import typing as t

from .executor import CommandError, DeviceFacts
from .operations import CONFLICT, Heketi, OperationError
from .state import BRICKS, CLUSTERS, DEVICES, NODES, NOT_FOUND, PENDING, Entry, Transaction
from .wire import HttpError


def find(tx: Transaction, table: str, key: str, text: str = NOT_FOUND) -> Entry:
    entry = tx.find(table, key)
    if entry is None:
        raise HttpError(404, text)
    return entry


def manage_name(node: Entry) -> str:
    return node["Info"]["hostnames"]["manage"][0]


# Clusters


def create_cluster(heketi: Heketi, file: bool, block: bool) -> Entry:
    key = heketi.chance.new_id("cluster")
    info = {"id": key, "nodes": [], "volumes": [], "block": block, "file": file, "blockvolumes": []}
    with heketi.store.update() as tx:
        tx.put(CLUSTERS, key, {"Info": info})
    return info


def delete_cluster(heketi: Heketi, key: str) -> None:
    with heketi.store.update() as tx:
        info = find(tx, CLUSTERS, key)["Info"]
        if info["nodes"] or info["volumes"] or info["blockvolumes"]:
            raise HttpError(409, f"Unable to delete cluster [{key}] because it contains volumes and/or nodes")
        tx.delete(CLUSTERS, key)


# Nodes


def start_node_add(heketi: Heketi, request: dict[str, t.Any]) -> str:
    """Check the request against the cluster, then probe and enter the node; the queue id."""
    key = heketi.chance.new_id("node")
    names = request["hostnames"]["manage"] + request["hostnames"]["storage"]
    with heketi.store.view() as tx:
        cluster = find(tx, CLUSTERS, request["cluster"], "Cluster id does not exist")
        taken = dict(heketi.joining)
        for other, node in tx.items(NODES):
            hostnames = node["Info"]["hostnames"]
            taken.update(dict.fromkeys(hostnames["manage"] + hostnames["storage"], other))
        for name in names:
            if name in taken:
                raise HttpError(409, f"Hostname {name} already used by node with id {taken[name]}\n")
        others = [manage_name(tx.get(NODES, other)) for other in cluster["Info"]["nodes"]]
        heketi.joining.update(dict.fromkeys(names, key))

    def leave() -> None:
        for name in names:
            heketi.joining.pop(name, None)

    def work() -> str:
        try:
            if helper is not None:
                heketi.executor.peer_probe(helper, request["hostnames"]["storage"][0])
            _enter_node(heketi, key, request)
            return f"/nodes/{key}"
        finally:
            leave()

    try:
        helper = _helper(heketi, request["hostnames"]["manage"][0], others)
        return heketi.start(work)
    except BaseException:
        leave()
        raise


def _helper(heketi: Heketi, newcomer: str, others: list[str]) -> str | None:
    """A node that can probe the new one: None for the first of a cluster, which must run glusterd itself."""
    for host in others or [newcomer]:
        try:
            heketi.executor.glusterd_check(host)
            return host if others else None
        except CommandError:
            continue
    raise HttpError(
        400,
        ("None of the nodes in cluster has glusterd running" if others else "New Node doesn't have glusterd running"),
    )


def _enter_node(heketi: Heketi, key: str, request: dict[str, t.Any]) -> None:
    info: Entry = {"zone": request["zone"], "hostnames": request["hostnames"], "cluster": request["cluster"]}
    if request["tags"]:
        info["tags"] = request["tags"]
    info["id"] = key
    with heketi.store.update() as tx:
        cluster = tx.get(CLUSTERS, request["cluster"])
        cluster["Info"]["nodes"] = sorted([*cluster["Info"]["nodes"], key])
        tx.put(CLUSTERS, request["cluster"], cluster)
        tx.put(NODES, key, {"State": "online", "Info": info, "Devices": []})


def start_node_delete(heketi: Heketi, key: str) -> str:
    with heketi.store.view() as tx:
        node = find(tx, NODES, key)
        if node["Devices"]:
            raise HttpError(409, f"Unable to delete node [{key}] because it contains devices")
        cluster = tx.get(CLUSTERS, node["Info"]["cluster"])
        others = [manage_name(tx.get(NODES, other)) for other in cluster["Info"]["nodes"] if other != key]

    def work() -> str:
        if others:
            heketi.executor.peer_detach(others[0], node["Info"]["hostnames"]["storage"][0])
        with heketi.store.update() as tx:
            now = tx.get(CLUSTERS, node["Info"]["cluster"])
            now["Info"]["nodes"] = [other for other in now["Info"]["nodes"] if other != key]
            tx.put(CLUSTERS, now["Info"]["id"], now)
            tx.delete(NODES, key)
        heketi.nodes_up.pop(key, None)
        return ""

    return heketi.start(work)


# Devices


def start_device_add(heketi: Heketi, request: dict[str, t.Any]) -> str:
    with heketi.store.view() as tx:
        host = manage_name(find(tx, NODES, request["node"], "Node id does not exist"))

    def work() -> str:
        key = heketi.chance.new_id("device")
        facts = heketi.executor.device_setup(host, request["name"], key, request["destroydata"])
        info: Entry = {"name": request["name"]}
        if request["tags"]:
            info["tags"] = request["tags"]
        info["storage"] = _storage(facts)
        info["id"] = key
        if facts.paths:
            info["paths"] = list(facts.paths)
        if facts.pv_uuid:
            info["pv_uuid"] = facts.pv_uuid
        entry = {"State": "online", "Info": info, "Bricks": [], "NodeId": request["node"], "ExtentSize": facts.extent}
        with heketi.store.update() as tx:
            node = tx.get(NODES, request["node"])
            node["Devices"] = sorted([*node["Devices"], key])
            tx.put(NODES, request["node"], node)
            tx.put(DEVICES, key, entry)
        return ""

    return heketi.start(work)


def _storage(facts: DeviceFacts) -> dict[str, int]:
    return {"total": facts.total, "free": facts.free, "used": facts.used}


def start_device_delete(heketi: Heketi, key: str, forget: bool) -> str:
    with heketi.store.view() as tx:
        device = find(tx, DEVICES, key)
        if device["State"] != "failed":
            raise HttpError(400, f"device: {key} is not in failed state")
        if device["Bricks"]:
            raise HttpError(409, f"Unable to delete device [{key}] because it contains bricks")
        host = manage_name(tx.get(NODES, device["NodeId"]))

    def work() -> str:
        try:
            heketi.executor.device_teardown(host, device["Info"]["name"], key)
        except CommandError:
            if not forget:
                raise
        with heketi.store.update() as tx:
            node = tx.get(NODES, device["NodeId"])
            node["Devices"] = [other for other in node["Devices"] if other != key]
            tx.put(NODES, device["NodeId"], node)
            tx.delete(DEVICES, key)
        return ""

    return heketi.start(work)


def start_device_resync(heketi: Heketi, key: str) -> str:
    """Read the size of a device again; what bricks take is known."""
    with heketi.store.view() as tx:
        device = find(tx, DEVICES, key)
        host = manage_name(tx.get(NODES, device["NodeId"]))

    def work() -> str:
        with heketi.store.view() as tx:
            bricks = [tx.get(BRICKS, brick) for brick in tx.get(DEVICES, key)["Bricks"]]
            pending = {brick["Pending"]["Id"] for brick in bricks} & set(tx.keys(PENDING))
        if pending:
            raise OperationError(CONFLICT)
        facts = heketi.executor.device_facts(host, device["Info"]["name"], key)
        with heketi.store.update() as tx:
            now = tx.get(DEVICES, key)
            used = now["Info"]["storage"]["used"]
            now["Info"]["storage"] = {"total": facts.total, "free": facts.total - used, "used": used}
            tx.put(DEVICES, key, now)
        return ""

    return heketi.start(work)


# Tags


def change_tags(heketi: Heketi, table: str, key: str, change: str, tags: dict[str, str]) -> dict[str, str]:
    with heketi.store.update() as tx:
        entry = find(tx, table, key)
        old = entry["Info"].pop("tags", {})
        if change == "delete":
            new = {name: value for name, value in old.items() if name not in tags}
        else:
            new = {**old, **tags} if change == "update" else tags
        if new:
            entry["Info"]["tags"] = dict(sorted(new.items()))
        tx.put(table, key, entry)
    return dict(sorted(new.items()))
