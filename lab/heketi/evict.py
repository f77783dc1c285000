# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moving bricks elsewhere: one alone, or all of a device or node that is given up. And the states they are in."""

from __future__ import annotations

from . import allocate
from .executor import Brick, CommandError
from .operations import (
    ADD_BRICK,
    CHILD,
    CONFLICT,
    DELETE_BRICK,
    EVICT_BRICK,
    PARENT,
    REMOVE_DEVICE,
    REMOVE_DEVICE_ENTRY,
    Heketi,
    Operation,
    OperationError,
    run_after_build,
)
from .state import BRICKS, CLUSTERS, DEVICES, NODES, NOT_FOUND, PENDING, VOLUMES, Entry, Transaction
from .topology import find, manage_name
from .volumes import bricks_on_nodes, device_of, devices_of, drop_brick, enter_brick, layout_of, settle_bricks

NO_REPLACEMENT = "No Replacement was found for resource requested to be removed"
DOWN = "information not available"  # how Gluster names a brick that does not answer


class BrickEvict(Operation):
    """Replaces a brick by one elsewhere. Where can only be told once Gluster has said which bricks are a set."""

    type = EVICT_BRICK

    def __init__(self, heketi: Heketi, brick: str, check_heals: bool = True, parent: str = "") -> None:
        super().__init__(heketi)
        self.old = brick
        self.new = ""
        self.check_heals = check_heals
        self.parent = parent

    @classmethod
    def load(cls, heketi: Heketi, entry: Entry) -> BrickEvict:
        """The operation of a record that was left behind."""
        ids = {action["Change"]: action["Id"] for action in entry["Actions"]}
        operation = cls(heketi, ids[DELETE_BRICK], parent=ids.get(PARENT, ""))
        operation.id = entry["Id"]
        operation.new = ids.get(ADD_BRICK, "")
        return operation

    def build(self) -> None:
        with self.heketi.store.update() as tx:
            brick, volume = self._old(tx)
            if brick["Pending"]["Id"]:
                raise OperationError(f"Can not evict brick {self.old}: brick is pending")
            if any(tx.get(BRICKS, key)["Pending"]["Id"] for key in volume["Bricks"]):
                raise OperationError(
                    f"Can not evict brick {self.old} from volume {volume['Info']['id']}: volume has pending bricks"
                )
            tx.put(BRICKS, self.old, {**brick, "Pending": {"Id": self.id}})
            self._note(tx)
            if self.parent:
                _set_child(tx, self.parent, self.id)

    def execute(self) -> None:
        with self.heketi.store.view() as tx:
            brick, volume = self._old(tx)
            (old,) = bricks_on_nodes(tx, [self.old])
        name = volume["Info"]["name"]
        if volume["Info"]["durability"]["type"] == "none":
            raise OperationError("replace brick is not supported for volume durability type none")
        host = self._working_host(brick["Info"]["node"])
        place, peers = self._brick_set(host, volume)
        if self.check_heals:
            self._check_heals(host, volume, peers)
        self._choose(volume, place, peers)
        with self.heketi.store.view() as tx:
            (new,) = bricks_on_nodes(tx, [self.new], volume["Info"].get("gid", 0))
            node = tx.get(BRICKS, self.new)["Info"]["node"]
        self.heketi.executor.brick_create(new)
        self.heketi.executor.brick_replace(self._working_host(node), name, old, new)
        self._destroy(old)

    def finalize(self) -> None:
        with self.heketi.store.update() as tx:
            _brick, volume = self._old(tx)
            volume["Bricks"] = sorted({*volume["Bricks"], self.new} - {self.old})
            tx.put(VOLUMES, volume["Info"]["id"], volume)
            drop_brick(tx, self.old)
            settle_bricks(tx, [self.new])
            self._close(tx)

    def rollback(self) -> None:
        """Back or forward: what Gluster has accepted cannot be undone."""
        with self.heketi.store.view() as tx:
            brick, volume = self._old(tx)
            old, *new = bricks_on_nodes(tx, [key for key in (self.old, self.new) if key])
        if new and self._in_gluster(brick["Info"]["node"], volume, new[0]):
            self._destroy(old)
            self.finalize()
            return
        for one in new:
            self._destroy(one)
        with self.heketi.store.update() as tx:
            drop_brick(tx, self.new)
            settle_bricks(tx, [self.old])
            self._close(tx)

    def _old(self, tx: Transaction) -> tuple[Entry, Entry]:
        """The brick's entry, and its volume's."""
        brick = tx.get(BRICKS, self.old)
        return brick, tx.get(VOLUMES, brick["Info"]["volume"])

    def _note(self, tx: Transaction) -> None:
        actions: list[tuple[int, str, int | None]] = [(DELETE_BRICK, self.old, None)]
        if self.new:
            actions.append((ADD_BRICK, self.new, None))
        if self.parent:
            actions.append((PARENT, self.parent, None))
        self.record(tx, actions)

    def _close(self, tx: Transaction) -> None:
        tx.delete(PENDING, self.id)
        if self.parent:
            _set_child(tx, self.parent, None)

    def _working_host(self, node: str) -> str:
        """The node itself if its glusterd runs, or else any other of the cluster that is online."""
        with self.heketi.store.view() as tx:
            own = tx.get(NODES, node)
            others = [tx.get(NODES, key) for key in tx.get(CLUSTERS, own["Info"]["cluster"])["Info"]["nodes"]]
        for one in [own, *(other for other in others if other["State"] == "online")]:
            try:
                self.heketi.executor.glusterd_check(manage_name(one))
                return manage_name(one)
            except CommandError:
                continue
        raise OperationError(NOT_FOUND)

    def _names(self, volume: Entry) -> dict[str, str]:
        """The ids of a volume's bricks by the name they have in Gluster."""
        with self.heketi.store.view() as tx:
            return {f"{brick.storage}:{brick.path}": brick.id for brick in bricks_on_nodes(tx, volume["Bricks"])}

    def _brick_set(self, host: str, volume: Entry) -> tuple[int, list[str]]:
        """Which brick of its set it is, and the others: only Gluster knows the order."""
        names = self._names(volume)
        info = self.heketi.executor.volume_info(host, volume["Info"]["name"])
        bricks = [names.get(brick["Name"]) for brick in info["Bricks"]["BrickList"]]
        size = layout_of(volume, self.heketi.config).set_size
        for start in range(0, len(bricks), size):
            one_set = bricks[start : start + size]
            if self.old in one_set and None not in one_set:
                return one_set.index(self.old), [key for key in one_set if key and key != self.old]
        raise OperationError(NOT_FOUND)

    def _check_heals(self, host: str, volume: Entry, peers: list[str]) -> None:
        """No other brick may need it for healing, and enough of the others must be there."""
        names = self._names(volume)
        online = 0
        for name, entries in self.heketi.executor.heal_info(host, volume["Info"]["name"]):
            if name == DOWN:
                continue
            if name not in names:
                raise OperationError("Unable to determine heal status of brick")
            if names[name] == self.old and entries not in ("0", "-"):
                raise OperationError(f"Cannot replace brick {self.old} as it is source brick for data to be healed")
            online += names[name] in peers
        needed = self._quorum(volume)
        if online < needed:
            raise OperationError(
                f"Cannot replace brick {self.old} as only {online} of {needed} required peer bricks are online"
            )

    def _quorum(self, volume: Entry) -> int:
        layout = layout_of(volume, self.heketi.config)
        if volume["Info"]["durability"]["type"] == "disperse":
            return layout.data
        return layout.set_size // 2 + 1 if layout.set_size > 2 else 1

    def _choose(self, volume: Entry, place: int, peers: list[str]) -> None:
        """Find a place for the new brick, and enter it."""
        layout = layout_of(volume, self.heketi.config)
        with self.heketi.store.update() as tx:
            old = tx.get(BRICKS, self.old)["Info"]
            cluster = tx.get(CLUSTERS, volume["Info"]["cluster"])
            others = [device_of(tx, tx.get(BRICKS, key)["Info"]["device"]) for key in peers]
            arbiter = layout.arbiter and place == allocate.ARBITER_PLACE
            devices = [device for device in devices_of(self.heketi, tx, cluster) if device.id != old["device"]]
            order = self.heketi.chance.device_order
            try:
                placed = allocate.place_again(old["size"], layout, arbiter, others, devices, order)
            except allocate.NoSpace:
                raise OperationError(NO_REPLACEMENT) from None
            self.new = self.heketi.chance.new_id("brick")
            enter_brick(tx, self.new, self.new, placed, volume["Info"]["id"], self.id)
            self._note(tx)

    def _in_gluster(self, node: str, volume: Entry, brick: Brick) -> bool:
        info = self.heketi.executor.volume_info(self._working_host(node), volume["Info"]["name"])
        return f"{brick.storage}:{brick.path}" in [one["Name"] for one in info["Bricks"]["BrickList"]]

    def _destroy(self, brick: Brick) -> None:
        """Remove a brick that is in no volume any more; on a node that is down it is left."""
        try:
            self.heketi.executor.brick_destroy(brick)
        except CommandError as error:
            try:
                self.heketi.executor.glusterd_check(brick.manage)
            except CommandError:
                return
            raise CommandError(f"Error destroying brick [{brick.id}]: {error}") from error


def _set_child(tx: Transaction, parent: str, child: str | None) -> None:
    """Note in an operation's record which other works for it now."""
    entry = tx.find(PENDING, parent)
    if entry is not None:
        actions = [action for action in entry["Actions"] if action["Change"] != CHILD]
        actions += [{"Change": CHILD, "Id": child, "Delta": None}] if child else []
        tx.put(PENDING, parent, {**entry, "Actions": actions})


class DeviceRemove(Operation):
    """Evicts every brick of a device, one after the other. Those that are gone stay gone when a later one fails."""

    type = REMOVE_DEVICE

    def __init__(self, heketi: Heketi, device: str, check_heals: bool = True) -> None:
        super().__init__(heketi)
        self.device = device
        self.check_heals = check_heals

    @classmethod
    def load(cls, heketi: Heketi, entry: Entry) -> DeviceRemove:
        operation = cls(heketi, entry["Actions"][0]["Id"])
        operation.id = entry["Id"]
        return operation

    def build(self) -> None:
        with self.heketi.store.update() as tx:
            bricks = set(tx.get(DEVICES, self.device)["Bricks"])
            touched = {action["Id"] for _key, entry in tx.items(PENDING) for action in entry["Actions"]}
            if touched & {self.device, *bricks}:
                raise OperationError(CONFLICT)
            if bricks:
                self.record(tx, [(REMOVE_DEVICE_ENTRY, self.device, None)])

    def execute(self) -> None:
        with self.heketi.store.view() as tx:
            bricks = tx.get(DEVICES, self.device)["Bricks"]
        for brick in bricks:
            evict = BrickEvict(self.heketi, brick, self.check_heals, self.id)
            evict.build()
            run_after_build(evict)

    def finalize(self) -> None:
        with self.heketi.store.update() as tx:
            tx.put(DEVICES, self.device, {**tx.get(DEVICES, self.device), "State": "failed"})
            tx.delete(PENDING, self.id)

    def rollback(self) -> None:
        with self.heketi.store.view() as tx:
            actions = tx.get(PENDING, self.id)["Actions"]
            children = [tx.get(PENDING, action["Id"]) for action in actions if action["Change"] == CHILD]
        for child in children:
            BrickEvict.load(self.heketi, child).rollback()
        with self.heketi.store.update() as tx:
            tx.delete(PENDING, self.id)


# States: online, offline, failed


def start_state(heketi: Heketi, table: str, key: str, state: str, check_heals: bool) -> str:
    with heketi.store.view() as tx:
        find(tx, table, key)

    def work() -> str:
        with heketi.store.view() as tx:
            entry = tx.get(table, key)
        kind = "node" if table == NODES else "device"
        if entry["State"] == "failed" and state != "failed":
            raise OperationError(f"Cannot move a failed/removed {kind} to {state} state")
        if entry["State"] == "online" and state == "failed":
            raise OperationError(f"{kind.title()} must be offline before remove operation is performed, {kind}:{key}")
        if state == "failed":
            for device in entry["Devices"] if table == NODES else [key]:
                remove = DeviceRemove(heketi, device, check_heals)
                remove.build()
                run_after_build(remove)
        with heketi.store.update() as tx:
            tx.put(table, key, {**tx.get(table, key), "State": state})
        return ""

    return heketi.start_tracked(work) if state == "failed" else heketi.start(work)
