# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes: create, expand, delete."""

from __future__ import annotations

import copy
import typing as t
from concurrent.futures import ThreadPoolExecutor

from . import allocate
from .config import Config
from .executor import Brick, CommandError, VolumeGone, VolumeSpec, brick_path
from .operations import (
    ADD_BRICK,
    ADD_VOLUME,
    CHANGE_SIZE,
    CONFLICT,
    CREATE_VOLUME,
    DELETE_BRICK,
    DELETE_VOLUME,
    DELETE_VOLUME_ENTRY,
    EXPAND_VOLUME,
    Heketi,
    Operation,
    OperationError,
    Panic,
)
from .state import BRICKS, CLUSTERS, DEVICES, NODES, PENDING, VOLUMES, Entry, Transaction
from .wire import HttpError, go_float32

ARBITER_OPTION = "user.heketi.arbiter"
FILE_SIZE_OPTION = "user.heketi.average-file-size"
ZONE_OPTION = "user.heketi.zone-checking"
TAG_OPTION = "user.heketi.device-tag-match"
TRUE_WORDS = ("1", "t", "T", "TRUE", "true", "True")
DISPERSIONS = ((2, 1), (4, 2), (8, 3), (8, 4))
CLONES = "/run/gluster/snaps/"  # where Gluster puts the bricks of clones

# For the bricks of all operations at once: to start threads for each takes longer than a mock's commands.
_POOL = ThreadPoolExecutor(max_workers=256)


# Requests


def volume_from_request(heketi: Heketi, request: dict[str, t.Any]) -> Entry:
    """The database entry for a checked POST /volumes."""
    config = heketi.config
    key = heketi.chance.new_id("volume")
    durability = request["durability"]
    info: Entry = {
        "size": request["size"],
        "name": request["name"] or f"vol_{key}",
        "durability": {
            "type": durability["type"] or "none",
            "replicate": _without_zeros(durability["replicate"]),
            "disperse": _without_zeros(durability["disperse"]),
        },
        "snapshot": {
            "enable": request["snapshot"]["enable"],
            "factor": go_float32(request["snapshot"]["factor"]) if request["snapshot"]["enable"] else 1,
        },
        "id": key,
        "cluster": "",
        "mount": {"glusterfs": {"hosts": [], "device": "", "options": {}}},
        "blockinfo": {},
    }
    options = list(request["glustervolumeoptions"])
    if request["gid"]:
        info["gid"] = request["gid"]
    if request["block"]:
        info["block"] = True
        info["blockinfo"] = {"freesize": info["size"] * 98 // 100}
        info["blockinfo"]["reservedsize"] = info["size"] - info["blockinfo"]["freesize"]
        options += config.block_options.split(",")
    options = config.pre_options.split(",") + options + config.post_options.split(",")
    return {"Info": info, "Bricks": [], "GlusterVolumeOptions": options, "Pending": {"Id": ""}}


def check_request(request: dict[str, t.Any]) -> None:
    """The rules for POST /volumes that do not need the database."""
    if request["gid"] < 0:
        raise HttpError(400, "Bad group id less than zero")
    if request["gid"] >= 2**31 - 1:
        raise HttpError(400, "Bad group id equal or greater than 2**32")
    durability = request["durability"]
    data, redundancy = durability["disperse"]["data"], durability["disperse"]["redundancy"]
    if durability["type"] not in ("", "none", "replicate", "disperse"):
        raise HttpError(400, "Unknown durability type")
    if durability["type"] == "replicate" and durability["replicate"]["replica"] > 3:
        raise HttpError(400, "Invalid replica value")
    if durability["type"] == "disperse" and (data, redundancy) not in DISPERSIONS:
        raise HttpError(400, f"Invalid dispersion combination: {data}+{redundancy}")
    if request["snapshot"]["enable"] and not 1 <= request["snapshot"]["factor"] <= 100:
        raise HttpError(400, "Invalid snapshot factor")


def check_least_size(request: dict[str, t.Any], config: Config) -> None:
    size = request["size"]
    disperse = request["durability"]["type"] == "disperse"
    least = config.brick_min * (request["durability"]["disperse"]["data"] if disperse else 1)
    if allocate.wrapped_kib(size) < least:
        raise HttpError(
            400, f"Requested volume size ({size} GB) is smaller than the minimum supported volume size ({least})"
        )


def _without_zeros(values: dict[str, int]) -> dict[str, int]:
    return {name: value for name, value in values.items() if value}


# Allocation


def _option(options: t.Iterable[str], name: str) -> str | None:
    """The last value of a pseudo-option among the volume options."""
    value = None
    for option in options:
        words = option.split(" ")
        if len(words) == 2 and words[0] == name:
            value = words[1]
    return value


def _tag_rule(options: t.Iterable[str]) -> t.Callable[[t.Mapping[str, str]], bool] | None:
    rule = _option(options, TAG_OPTION)
    if rule is None:
        return None
    for sign, equal in (("!=", False), ("=", True)):
        name, found, value = rule.partition(sign)
        if found and name and value:
            return lambda tags: (tags.get(name) == value) is equal
    raise OperationError(f"Invalid tag matching rule: Invalid tag match rule: {rule}")


def layout_of(volume: Entry, config: Config) -> allocate.Layout:
    durability = volume["Info"]["durability"]
    options = volume["GlusterVolumeOptions"]
    kind = durability["type"]
    replica = durability["replicate"].get("replica", 2)
    data = durability["disperse"].get("data", 1)
    file_size = _option(options, FILE_SIZE_OPTION) or ""
    zones = _option(options, ZONE_OPTION) or config.zone_checking
    set_size = {"none": 1, "replicate": replica, "disperse": data + durability["disperse"].get("redundancy", 0)}[kind]
    return allocate.Layout(
        set_size=set_size,
        data=data if kind == "disperse" else 1,
        arbiter=kind == "replicate" and replica == 3 and _option(options, ARBITER_OPTION) in TRUE_WORDS,
        average_file_size=int(file_size) if file_size.isdigit() and int(file_size) else config.average_file_size,
        snapshot_factor=volume["Info"]["snapshot"]["factor"],
        strict_zones=zones == "strict",
        tag_rule=_tag_rule(options),
    )


def devices_of(heketi: Heketi, tx: Transaction, cluster: Entry) -> list[allocate.Device]:
    """The devices of a cluster that may get bricks."""
    nodes = [tx.get(NODES, key) for key in cluster["Info"]["nodes"]]
    if not nodes:
        raise OperationError("No nodes in cluster")
    devices = []
    for node in nodes:
        if node["State"] == "online" and heketi.nodes_up.get(node["Info"]["id"], True):
            devices += [device_of(tx, key) for key in node["Devices"] if tx.get(DEVICES, key)["State"] == "online"]
    if not devices:
        raise OperationError("No online storage devices in cluster")
    return devices


def device_of(tx: Transaction, key: str) -> allocate.Device:
    """A device as the allocator sees it."""
    device = tx.get(DEVICES, key)
    node = tx.get(NODES, device["NodeId"])
    tags = {**node["Info"].get("tags", {}), **device["Info"].get("tags", {})}
    return allocate.Device(
        id=key,
        node=device["NodeId"],
        zone=node["Info"]["zone"],
        free=device["Info"]["storage"]["free"],
        extent=device["ExtentSize"],
        arbiter=tags.get("arbiter", "supported"),
        tags=tags,
    )


def _allocate(heketi: Heketi, tx: Transaction, volume: Entry, cluster: Entry, gib: int) -> list[list[allocate.Placed]]:
    config = heketi.config
    return allocate.allocate(
        allocate.wrapped_kib(gib),
        layout_of(volume, config),
        len(volume["Bricks"]),
        devices_of(heketi, tx, cluster),
        allocate.Limits(config.brick_min, config.brick_max, config.max_bricks),
        heketi.chance.device_order,
    )


def _add_bricks(
    heketi: Heketi, tx: Transaction, volume: Entry, sets: list[list[allocate.Placed]], operation: str
) -> list[str]:
    """Enter placed bricks into the database, pending; the ids in Gluster's order."""
    ids = []
    for one_set in sets:
        for number, placed in enumerate(one_set):
            key = heketi.chance.new_id("brick")
            # Only the first brick of a set has a thin pool named otherwise than itself.
            pool = heketi.chance.new_id("pool") if number == 0 else key
            enter_brick(tx, key, pool, placed, volume["Info"]["id"], operation)
            ids.append(key)
    volume["Bricks"] = sorted(volume["Bricks"] + ids)
    return ids


def enter_brick(tx: Transaction, key: str, pool: str, placed: allocate.Placed, volume: str, operation: str) -> None:
    """Enter one placed brick into the database, pending."""
    tx.put(
        BRICKS,
        key,
        {
            "Info": {
                "id": key,
                "path": brick_path(placed.device.id, key),
                "device": placed.device.id,
                "node": placed.device.node,
                "volume": volume,
                "size": placed.size,
            },
            "TpSize": placed.tp_size,
            "PoolMetadataSize": placed.metadata,
            "Pending": {"Id": operation},
            "LvmThinPool": f"tp_{pool}",
            "LvmLv": "",
            "SubType": placed.subtype,
        },
    )
    book(tx, placed.device.id, key, placed.tp_size + placed.metadata)


def book(tx: Transaction, device_id: str, brick: str, size: int) -> None:
    """Enter a brick on its device, with the space it takes (none for a clone's brick)."""
    device = tx.get(DEVICES, device_id)
    device["Bricks"] = sorted({*device["Bricks"], brick})
    _take(device, size)
    tx.put(DEVICES, device_id, device)


def drop_brick(tx: Transaction, key: str) -> None:
    """Forget a brick. Its space is free again when no clone of it (or no origin) is left in its thin pool."""
    brick = tx.find(BRICKS, key)
    if brick is None:
        return
    device = tx.get(DEVICES, brick["Info"]["device"])
    device["Bricks"] = [other for other in device["Bricks"] if other != key]
    if all(tx.get(BRICKS, other)["LvmThinPool"] != brick["LvmThinPool"] for other in device["Bricks"]):
        _take(device, -(brick["TpSize"] + brick["PoolMetadataSize"]))
    tx.put(DEVICES, brick["Info"]["device"], device)
    tx.delete(BRICKS, key)


def _take(device: Entry, size: int) -> None:
    device["Info"]["storage"]["free"] -= size
    device["Info"]["storage"]["used"] += size


def is_clone(tx: Transaction, volume: Entry) -> bool:
    return any(tx.get(BRICKS, key)["Info"]["path"].startswith(CLONES) for key in volume["Bricks"])


def mount_info(tx: Transaction, volume: Entry) -> Entry:
    """How to mount a volume: every node of its cluster, by id. It changes when nodes come and go."""
    cluster = tx.get(CLUSTERS, volume["Info"]["cluster"])
    hosts = [tx.get(NODES, key)["Info"]["hostnames"]["storage"][0] for key in cluster["Info"]["nodes"]]
    return {
        "glusterfs": {
            "hosts": hosts,
            "device": f"{hosts[0]}:{volume['Info']['name']}",
            "options": {"backup-volfile-servers": ",".join(hosts[1:])},
        }
    }


def _ineligible(heketi: Heketi, tx: Transaction, cluster: Entry, volume: Entry) -> str | None:
    """Why a cluster must not have this volume."""
    info, limit = cluster["Info"], heketi.config.max_volumes_per_cluster
    if not info["file"] and not info["block"]:
        return "Cluster has disabled all volume types"
    if not info["block" if volume["Info"].get("block") else "file"]:
        return "Cluster does not support requested volume type"
    if len(info["volumes"]) >= limit:
        return f"Cluster has {len(info['volumes'])} volumes and limit is {limit}"
    name = volume["Info"]["name"]
    for key in info["volumes"]:
        # Pending volumes are not shown anywhere, but their names are taken. What is being cloned has no entry yet,
        # and as long as that is so (for ever, after a crash) this fails.
        text = tx.text(VOLUMES, key)
        if (text is None or f'"{name}"' in text) and tx.get(VOLUMES, key)["Info"]["name"] == name:
            return f"Volume name '{name}' already in use"
    return None


def _joined(headline: str, errors: dict[str, str]) -> str:
    if len(errors) == 1:
        return next(iter(errors.values()))
    return "\n".join([headline, *(f"Cluster {key}: {error}" for key, error in errors.items())])


# On the nodes


def bricks_on_nodes(tx: Transaction, ids: t.Iterable[str], gid: int = 0) -> list[Brick]:
    bricks = []
    for key in ids:
        brick = tx.get(BRICKS, key)["Info"]
        names = tx.get(NODES, brick["node"])["Info"]["hostnames"]
        bricks.append(Brick(names["manage"][0], names["storage"][0], brick["device"], key, brick["path"], gid))
    return bricks


def _spec(volume: Entry, bricks: list[Brick], config: Config) -> VolumeSpec:
    layout = layout_of(volume, config)
    durability = volume["Info"]["durability"]
    options = [*volume["GlusterVolumeOptions"], f"user.heketi.id {volume['Info']['id']}"]
    return VolumeSpec(
        name=volume["Info"]["name"],
        kind=durability["type"],
        set_size=layout.set_size,
        bricks=bricks,
        arbiter=layout.arbiter,
        data=durability["disperse"].get("data", 0),
        redundancy=durability["disperse"].get("redundancy", 0),
        options=options,
    )


def _for_each(work: t.Callable[[Brick], None], bricks: list[Brick]) -> None:
    """All bricks at once, as Heketi; the first error counts, when all are done."""
    futures = [_POOL.submit(work, brick) for brick in bricks]
    errors = [error for error in (future.exception() for future in futures) if error is not None]
    if errors:
        raise errors[0]


def _destroy_on_nodes(heketi: Heketi, cluster: str, name: str, bricks: list[Brick]) -> None:
    """Delete the Gluster volume of this NAME, then the bricks. Each node is asked until one can."""
    with heketi.store.view() as tx:
        nodes = tx.get(CLUSTERS, cluster)["Info"]["nodes"]
        hosts = [tx.get(NODES, key)["Info"]["hostnames"]["manage"][0] for key in nodes]
    errors: dict[str, str] = {}
    for host in hosts:
        try:
            heketi.executor.volume_destroy(host, name)
        except VolumeGone:
            pass
        except CommandError as error:
            errors[host] = str(error)
            continue
        break
    else:
        raise CommandError(_hosts_text(errors))
    _for_each(heketi.executor.brick_destroy, bricks)


def _hosts_text(errors: dict[str, str]) -> str:
    texts = list(errors.values())
    if len(texts) == 1:
        return texts[0]
    if len(set(texts)) == 1:
        return f"All {len(texts)} hosts: {texts[0]}"
    return "\n".join(f"Host {host}: {text}" for host, text in errors.items())


# Operations


class VolumeCreate(Operation):
    """Tried five times, each time rolled back by name: that destroys a volume Heketi does not know."""

    type = CREATE_VOLUME

    def __init__(self, heketi: Heketi, volume: Entry, clusters: list[str]) -> None:
        super().__init__(heketi)
        self.volume = volume
        self.clusters = clusters
        self.bricks: list[str] = []
        self.retries = heketi.config.create_retries
        self.location = f"/volumes/{volume['Info']['id']}"

    def build(self) -> None:
        volume = copy.deepcopy(self.volume)
        key = volume["Info"]["id"]
        volume["Bricks"] = []
        with self.heketi.store.update() as tx:
            cluster, sets = self._choose(tx, volume)
            self.bricks = _add_bricks(self.heketi, tx, volume, sets, self.id)
            volume["Info"]["cluster"] = cluster["Info"]["id"]
            volume["Info"]["mount"] = mount_info(tx, volume)
            volume["Pending"]["Id"] = self.id
            cluster["Info"]["volumes"] = sorted([*cluster["Info"]["volumes"], key])
            tx.put(CLUSTERS, cluster["Info"]["id"], cluster)
            tx.put(VOLUMES, key, volume)
            self.record(tx, [(ADD_BRICK, brick, None) for brick in self.bricks] + [(ADD_VOLUME, key, None)])
        self.volume = volume

    def _choose(self, tx: Transaction, volume: Entry) -> tuple[Entry, list[list[allocate.Placed]]]:
        clusters = [tx.get(CLUSTERS, key) for key in self.clusters or tx.keys(CLUSTERS)]
        reasons = {one["Info"]["id"]: _ineligible(self.heketi, tx, one, volume) for one in clusters}
        eligible = [one for one in clusters if reasons[one["Info"]["id"]] is None]
        if not eligible:
            raise OperationError(_joined("No eligible cluster for volume", t.cast(t.Dict[str, str], reasons)))
        errors = {}
        for cluster in eligible:
            try:
                return cluster, _allocate(self.heketi, tx, volume, cluster, volume["Info"]["size"])
            except allocate.AllocationError:
                errors[cluster["Info"]["id"]] = "No space"  # whatever the reason was
            except OperationError as error:
                errors[cluster["Info"]["id"]] = str(error)
        raise OperationError(_joined("Unable to create volume on any cluster:", errors))

    def execute(self) -> None:
        with self.heketi.store.view() as tx:
            bricks = bricks_on_nodes(tx, self.bricks, self.volume["Info"].get("gid", 0))
            first = bricks[0].manage if bricks else any_host(tx, self.volume)
        _for_each(self.heketi.executor.brick_create, bricks)
        self.heketi.executor.volume_create(first, _spec(self.volume, bricks, self.heketi.config))

    def finalize(self) -> None:
        with self.heketi.store.update() as tx:
            settle_bricks(tx, self.bricks)
            self.volume["Pending"]["Id"] = ""
            # The copy from the beginning: what happened to the volume meanwhile is lost.
            tx.put(VOLUMES, self.volume["Info"]["id"], self.volume)
            tx.delete(PENDING, self.id)

    def rollback(self) -> None:
        undo_volume(self.heketi, self.id, self.volume["Info"]["id"], self.bricks)


class VolumeExpand(Operation):
    """Adds bricks. It does not look whether the volume is pending, and saves its own copy at the end."""

    type = EXPAND_VOLUME

    def __init__(self, heketi: Heketi, volume: Entry, gib: int) -> None:
        super().__init__(heketi)
        self.volume = volume
        self.gib = gib
        self.bricks: list[str] = []
        self.location = f"/volumes/{volume['Info']['id']}"

    def build(self) -> None:
        volume = copy.deepcopy(self.volume)
        with self.heketi.store.update() as tx:
            if is_clone(tx, volume):
                raise Panic("runtime error: invalid memory address or nil pointer dereference")
            cluster = tx.get(CLUSTERS, volume["Info"]["cluster"])
            sets = _allocate(self.heketi, tx, volume, cluster, self.gib)
            self.bricks = _add_bricks(self.heketi, tx, volume, sets, self.id)
            tx.put(VOLUMES, volume["Info"]["id"], volume)
            actions: list[tuple[int, str, int | None]] = [(ADD_BRICK, brick, None) for brick in self.bricks]
            self.record(tx, [*actions, (CHANGE_SIZE, volume["Info"]["id"], self.gib)])
        self.volume = volume

    def execute(self) -> None:
        with self.heketi.store.view() as tx:
            bricks = bricks_on_nodes(tx, self.bricks, self.volume["Info"].get("gid", 0))
            first = bricks[0].manage if bricks else any_host(tx, self.volume)
        _for_each(self.heketi.executor.brick_create, bricks)
        self.heketi.executor.volume_expand(first, _spec(self.volume, bricks, self.heketi.config))

    def finalize(self) -> None:
        with self.heketi.store.update() as tx:
            settle_bricks(tx, self.bricks)
            info = self.volume["Info"]
            info["size"] += self.gib
            if info.get("block"):
                free = self.gib * 98 // 100
                info["blockinfo"]["freesize"] = info["blockinfo"].get("freesize", 0) + free
                info["blockinfo"]["reservedsize"] = info["blockinfo"].get("reservedsize", 0) + self.gib - free
            self.volume["Pending"]["Id"] = ""
            tx.put(VOLUMES, info["id"], self.volume)
            tx.delete(PENDING, self.id)

    def rollback(self) -> None:
        undo_expand(self.heketi, self.id, self.volume["Info"]["id"], self.bricks)


class VolumeDelete(Operation):
    """Stops by force and deletes. When deleting fails the volume stays, stopped."""

    type = DELETE_VOLUME

    def __init__(self, heketi: Heketi, volume: Entry) -> None:
        super().__init__(heketi)
        self.volume = volume

    def build(self) -> None:
        key = self.volume["Info"]["id"]
        with self.heketi.store.update() as tx:
            volume = tx.get(VOLUMES, key)
            if volume["Pending"]["Id"]:
                raise OperationError(CONFLICT)
            for brick_id in volume["Bricks"]:
                brick = tx.get(BRICKS, brick_id)
                if brick["Pending"]["Id"]:
                    raise OperationError(CONFLICT)
                tx.put(BRICKS, brick_id, {**brick, "Pending": {"Id": self.id}})
            volume["Pending"]["Id"] = self.id
            tx.put(VOLUMES, key, volume)
            actions: list[tuple[int, str, int | None]] = [(DELETE_BRICK, brick, None) for brick in volume["Bricks"]]
            self.record(tx, [*actions, (DELETE_VOLUME_ENTRY, key, None)])
        self.volume = volume

    def execute(self) -> None:
        with self.heketi.store.view() as tx:
            bricks = bricks_on_nodes(tx, self.volume["Bricks"])
        _destroy_on_nodes(self.heketi, self.volume["Info"]["cluster"], self.volume["Info"]["name"], bricks)

    def finalize(self) -> None:
        _expunge(self.heketi, self.id, self.volume["Info"]["id"], self.volume["Bricks"])

    def rollback(self) -> None:
        with self.heketi.store.update() as tx:
            settle_bricks(tx, self.volume["Bricks"])
            self.volume["Pending"]["Id"] = ""
            tx.put(VOLUMES, self.volume["Info"]["id"], self.volume)
            tx.delete(PENDING, self.id)


def any_host(tx: Transaction, volume: Entry) -> str:
    node = tx.get(CLUSTERS, volume["Info"]["cluster"])["Info"]["nodes"][0]
    return tx.get(NODES, node)["Info"]["hostnames"]["manage"][0]


def settle_bricks(tx: Transaction, ids: t.Iterable[str]) -> None:
    for key in ids:
        brick = tx.find(BRICKS, key)
        if brick is not None:
            tx.put(BRICKS, key, {**brick, "Pending": {"Id": ""}})


def undo_volume(heketi: Heketi, operation: str, volume_id: str, bricks: list[str]) -> None:
    with heketi.store.view() as tx:
        volume = tx.get(VOLUMES, volume_id)["Info"]
        on_nodes = bricks_on_nodes(tx, bricks)
    _destroy_on_nodes(heketi, volume["cluster"], volume["name"], on_nodes)
    _expunge(heketi, operation, volume_id, bricks)


def undo_expand(heketi: Heketi, operation: str, volume_id: str, bricks: list[str]) -> None:
    with heketi.store.view() as tx:
        on_nodes = bricks_on_nodes(tx, bricks)
    _for_each(heketi.executor.brick_destroy, on_nodes)
    with heketi.store.update() as tx:
        volume = tx.find(VOLUMES, volume_id)
        for brick in bricks:
            drop_brick(tx, brick)
        if volume is not None:
            volume["Bricks"] = [brick for brick in volume["Bricks"] if brick not in bricks]
            tx.put(VOLUMES, volume_id, volume)
        tx.delete(PENDING, operation)


def _expunge(heketi: Heketi, operation: str, volume_id: str, bricks: list[str]) -> None:
    """Forget a volume with the bricks the operation knew of; bricks added meanwhile are orphaned."""
    if not bricks:
        raise OperationError("brick reclaim map is empty (was Exec called?)")
    with heketi.store.update() as tx:
        for brick in bricks:
            drop_brick(tx, brick)
        volume = tx.find(VOLUMES, volume_id)
        if volume is not None:
            cluster = tx.get(CLUSTERS, volume["Info"]["cluster"])
            cluster["Info"]["volumes"] = [key for key in cluster["Info"]["volumes"] if key != volume_id]
            tx.put(CLUSTERS, cluster["Info"]["id"], cluster)
            tx.delete(VOLUMES, volume_id)
        tx.delete(PENDING, operation)
