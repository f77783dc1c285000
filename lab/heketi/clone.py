# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clones: volumes made from a snapshot of another."""

from __future__ import annotations

import copy

from .operations import ADD_BRICK, ADD_CLONE, CLONE_FROM, CLONE_VOLUME, CONFLICT, Heketi, Operation, OperationError
from .state import BRICKS, CLUSTERS, PENDING, VOLUMES, Entry
from .volumes import any_host, book, drop_brick, settle_bricks


class VolumeClone(Operation):
    """Nobody looks whether the name is taken.

    The new volume's entry is written at the very end, and its name is nowhere until then, but its cluster lists its
    id from the beginning. Such an operation cannot be cleared up: if it does not end, that stays so.
    """

    type = CLONE_VOLUME

    def __init__(self, heketi: Heketi, source: str, name: str) -> None:
        super().__init__(heketi)
        self.source = source
        self.key = heketi.chance.new_id("volume")
        self.name = name or f"vol_{self.key}"
        self.clone: Entry = {}
        self.location = f"/volumes/{self.key}"

    def build(self) -> None:
        with self.heketi.store.update() as tx:
            source = tx.get(VOLUMES, self.source)
            if source["Pending"]["Id"]:
                raise OperationError(CONFLICT)
            self.clone = copy.deepcopy(source)
            self.clone["Info"].update(id=self.key, name=self.name)
            self.clone["Bricks"] = []
            for old in source["Bricks"]:
                key = self.heketi.chance.new_id("brick")
                brick = tx.get(BRICKS, old)
                brick["Info"].update(id=key, volume=self.key)
                tx.put(BRICKS, key, {**brick, "Pending": {"Id": self.id}})
                book(tx, brick["Info"]["device"], key, 0)  # it lies in the thin pool of the old one
                self.clone["Bricks"].append(key)
            cluster = tx.get(CLUSTERS, source["Info"]["cluster"])
            cluster["Info"]["volumes"] = sorted([*cluster["Info"]["volumes"], self.key])
            tx.put(CLUSTERS, cluster["Info"]["id"], cluster)
            tx.put(VOLUMES, self.source, {**source, "Pending": {"Id": self.id}})
            added: list[tuple[int, str, int | None]] = [(ADD_BRICK, key, None) for key in self.clone["Bricks"]]
            self.record(tx, [(CLONE_FROM, self.source, None), (ADD_CLONE, self.key, None), *added])

    def execute(self) -> None:
        with self.heketi.store.view() as tx:
            host = any_host(tx, self.clone)
            name = tx.get(VOLUMES, self.source)["Info"]["name"]
        executor = self.heketi.executor
        before = executor.volume_info(host, name)["Bricks"]["BrickList"]
        snapshot = f"tmpsnap_{self.heketi.chance.new_id('snapshot')}"
        after = executor.volume_clone(host, name, self.name, snapshot)["Bricks"]["BrickList"]
        paths = {old["Name"].partition(":")[2]: new["Name"].partition(":")[2] for old, new in zip(before, after)}
        with self.heketi.store.update() as tx:
            for key in self.clone["Bricks"]:
                brick = tx.get(BRICKS, key)
                brick["Info"]["path"] = paths[brick["Info"]["path"]]
                tx.put(BRICKS, key, brick)

    def finalize(self) -> None:
        with self.heketi.store.update() as tx:
            settle_bricks(tx, self.clone["Bricks"])
            tx.put(VOLUMES, self.key, {**self.clone, "Bricks": sorted(self.clone["Bricks"]), "Pending": {"Id": ""}})
            tx.put(VOLUMES, self.source, {**tx.get(VOLUMES, self.source), "Pending": {"Id": ""}})
            tx.delete(PENDING, self.id)

    def rollback(self) -> None:
        # Kinder than Heketi, which leaves the new bricks and the id in its database.
        with self.heketi.store.update() as tx:
            for key in self.clone["Bricks"]:
                drop_brick(tx, key)
            cluster = tx.get(CLUSTERS, self.clone["Info"]["cluster"])
            cluster["Info"]["volumes"] = [key for key in cluster["Info"]["volumes"] if key != self.key]
            tx.put(CLUSTERS, cluster["Info"]["id"], cluster)
            tx.put(VOLUMES, self.source, {**tx.get(VOLUMES, self.source), "Pending": {"Id": ""}})
            tx.delete(PENDING, self.id)
