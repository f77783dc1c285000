# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Block volumes: bookkeeping only, as far as the recorded answers go. There is no gluster-block here."""

from __future__ import annotations

import typing as t

from .executor import CommandError
from .mock import MockExecutor
from .operations import Heketi, OperationError
from .state import BLOCKVOLUMES, BRICKS, CLUSTERS, NODES, VOLUMES, Entry, Transaction
from .topology import find
from .wire import HttpError


def start_create(heketi: Heketi, request: dict[str, t.Any]) -> str:
    key = heketi.chance.new_id("blockvolume")
    with heketi.store.view() as tx:
        hosting = _hosting_volume(tx, request["size"], request["clusters"])

    def work() -> str:
        _needs_mock(heketi)
        with heketi.store.update() as tx:
            volume = tx.get(VOLUMES, hosting)
            nodes = {tx.get(BRICKS, brick)["Info"]["node"] for brick in volume["Bricks"]}
            hosts = sorted(tx.get(NODES, node)["Info"]["hostnames"]["storage"][0] for node in nodes)
            info: Entry = {"size": request["size"], "name": request["name"] or f"blockvol_{key}"}
            if request["hacount"]:
                info["hacount"] = request["hacount"]
            info["id"] = key
            info["blockvolume"] = {
                "hosts": hosts[: request["hacount"] or len(hosts)],
                "iqn": "fakeIQN",
                "lun": 0,
                "username": "heketi-user" if request["auth"] else "",
                "password": "secret" if request["auth"] else "",
            }
            info["cluster"] = volume["Info"]["cluster"]
            info["blockhostingvolume"] = hosting
            info["usablesize"] = request["size"]
            tx.put(BLOCKVOLUMES, key, {"Info": info, "Pending": {"Id": ""}})
            _move(tx, volume, key, -request["size"])
        return f"/blockvolumes/{key}"

    return heketi.start_tracked(work)


def start_delete(heketi: Heketi, key: str) -> str:
    with heketi.store.view() as tx:
        find(tx, BLOCKVOLUMES, key)

    def work() -> str:
        with heketi.store.update() as tx:
            info = tx.get(BLOCKVOLUMES, key)["Info"]
            tx.delete(BLOCKVOLUMES, key)
            _move(tx, tx.get(VOLUMES, info["blockhostingvolume"]), key, info["size"])
        return ""

    return heketi.start_tracked(work)


def start_expand(heketi: Heketi, key: str, size: int) -> str:
    with heketi.store.view() as tx:
        old = find(tx, BLOCKVOLUMES, key)["Info"]["size"]
    if size <= old:
        how = "same as" if size == old else "less than"
        tail = "." if size == old else ", shrinking is not allowed."
        raise HttpError(
            500,
            "Failed to allocate block volume expansion: "
            f"Requested new-size {size} is {how} current block volume size {old}{tail}",
        )

    def work() -> str:
        raise CommandError("gluster-block: command not found")

    return heketi.start_tracked(work)


def start_restriction(heketi: Heketi, key: str, restriction: str) -> str:
    with heketi.store.view() as tx:
        volume = find(tx, VOLUMES, key)
    if not volume["Info"].get("block"):
        raise HttpError(
            500, "Failed to set block restriction: Block restrictions can only be set on block hosting volumes"
        )

    def work() -> str:
        with heketi.store.update() as tx:
            now = tx.get(VOLUMES, key)
            now["Info"]["blockinfo"].pop("restriction", None)
            if restriction:
                now["Info"]["blockinfo"]["restriction"] = restriction
            tx.put(VOLUMES, key, now)
        return f"/volumes/{key}"

    return heketi.start_tracked(work)


def _hosting_volume(tx: Transaction, size: int, clusters: t.Sequence[str]) -> str:
    """A volume with room for it. Heketi would make one when there is none."""
    for key, volume in tx.items(VOLUMES):
        info = volume["Info"]
        if clusters and info["cluster"] not in clusters:
            continue
        block = info["blockinfo"]
        if info.get("block") and not block.get("restriction") and block.get("freesize", 0) >= size:
            return key
    raise HttpError(500, "Failed to allocate new block volume: No space")


def _move(tx: Transaction, hosting: Entry, key: str, freed: int) -> None:
    """Take or give back space of the hosting volume, and keep its list and its cluster's."""
    old = hosting["Info"]["blockinfo"]
    members = set(old.get("blockvolume", [])) ^ {key}
    block = {"freesize": old.get("freesize", 0) + freed, "reservedsize": old.get("reservedsize", 0)}
    block["blockvolume"] = sorted(members)
    block["restriction"] = old.get("restriction", "")
    hosting["Info"]["blockinfo"] = {name: value for name, value in block.items() if value}
    tx.put(VOLUMES, hosting["Info"]["id"], hosting)
    cluster = tx.get(CLUSTERS, hosting["Info"]["cluster"])
    cluster["Info"]["blockvolumes"] = sorted(set(cluster["Info"]["blockvolumes"]) ^ {key})
    tx.put(CLUSTERS, cluster["Info"]["id"], cluster)


def _needs_mock(heketi: Heketi) -> None:
    if not isinstance(heketi.executor, MockExecutor):
        raise OperationError("gluster-block: command not found")
