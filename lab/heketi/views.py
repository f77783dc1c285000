# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is shown of the database: info answers, /db/check, /metrics and "examine"."""

from __future__ import annotations

import typing as t

from .executor import CommandError
from .operations import ADD_VOLUME, CHANGE_NAMES, DELETE_VOLUME_ENTRY, TYPE_NAMES, Heketi
from .state import BLOCKVOLUMES, BRICKS, CLUSTERS, DEVICES, NODES, PENDING, VOLUMES, Entry, Transaction
from .volumes import mount_info

Labels = t.Dict[str, str]
DEVICE_METRICS = (
    ("device_brick_count", "Number of bricks on device", None, 1),
    ("device_count", "Number of devices on host", None, 1),
    ("device_free", "Amount of Free space available on the device", "free", 1),
    ("device_free_bytes", "Amount of Free space available on the device in bytes", "free", 1024),
    ("device_size", "Total size of the device", "total", 1),
    ("device_size_bytes", "Total size of the device in bytes", "total", 1024),
    ("device_used", "Amount of space used on the device", "used", 1),
    ("device_used_bytes", "Amount of space used on the device in bytes", "used", 1024),
)


def cluster_info(tx: Transaction, cluster: Entry) -> Entry:
    """A cluster without its pending volumes."""
    info = dict(cluster["Info"])
    hidden = _hidden(tx)
    info["volumes"] = [key for key in info["volumes"] if key not in hidden]
    return info


def volume_ids(tx: Transaction) -> list[str]:
    """The volumes that are neither being made nor being deleted. One that is being cloned is shown."""
    hidden = _hidden(tx)
    return [key for key in tx.keys(VOLUMES) if key not in hidden]


def _hidden(tx: Transaction) -> set[str]:
    changes = (action for _key, entry in tx.items(PENDING) for action in entry["Actions"])
    return {action["Id"] for action in changes if action["Change"] in (ADD_VOLUME, DELETE_VOLUME_ENTRY)}


def volume_info(tx: Transaction, volume: Entry) -> Entry:
    info = volume["Info"]
    shown: Entry = {"size": info["size"], "name": info["name"], "durability": info["durability"]}
    if info.get("gid"):
        shown["gid"] = info["gid"]
    shown["glustervolumeoptions"] = volume["GlusterVolumeOptions"]
    if info.get("block"):
        shown["block"] = True
    for name in ("snapshot", "id", "cluster"):
        shown[name] = info[name]
    shown["mount"] = mount_info(tx, volume)
    shown["blockinfo"] = info["blockinfo"]
    shown["bricks"] = [tx.get(BRICKS, key)["Info"] for key in volume["Bricks"]]
    return shown


def node_info(tx: Transaction, node: Entry) -> Entry:
    devices = [device_info(tx, tx.get(DEVICES, key)) for key in node["Devices"]]
    return {**node["Info"], "state": node["State"], "devices": devices}


def device_info(tx: Transaction, device: Entry) -> Entry:
    bricks = [tx.get(BRICKS, key)["Info"] for key in device["Bricks"]]
    return {**device["Info"], "state": device["State"], "bricks": bricks}


def operations_info(heketi: Heketi, tx: Transaction) -> dict[str, int]:
    statuses = [entry["Status"] for _key, entry in tx.items(PENDING)]
    return {
        "total": len(statuses),
        "in_flight": len(heketi.tracker.ids()),
        "stale": statuses.count("stale"),
        "failed": statuses.count("failed"),
        "new": statuses.count(""),
    }


def pending_list(heketi: Heketi, tx: Transaction) -> list[Entry]:
    running = heketi.tracker.ids()
    return [pending_info(entry, "in-flight" if key in running else "") for key, entry in tx.items(PENDING)]


def pending_info(entry: Entry, sub_status: str = "") -> Entry:
    return {
        "id": entry["Id"],
        "type_name": TYPE_NAMES.get(entry["Type"], "unknown"),
        "status": entry["Status"],
        "sub_status": sub_status,
    }


def pending_details(entry: Entry) -> Entry:
    changes = [
        {"id": action["Id"], "description": CHANGE_NAMES.get(action["Change"], "Unknown")}
        for action in entry["Actions"]
    ]
    return {**pending_info(entry), "changes": changes}


# /db/check


def db_check(tx: Transaction) -> Entry:
    """Counts, and the one inconsistency that races leave behind: bricks nobody owns."""
    volumes = dict(tx.items(VOLUMES))
    lost = []
    for key, brick in tx.items(BRICKS):
        owner = brick["Info"]["volume"]
        if owner not in volumes:
            lost.append(f"Brick {key} unknown volume {owner}")
        elif key not in volumes[owner]["Bricks"]:
            lost.append(f"Brick {key} no link back to brick from volume {owner}")
    result: Entry = {}
    tables = (("clusters", CLUSTERS), ("volumes", VOLUMES), ("bricks", BRICKS), ("nodes", NODES), ("devices", DEVICES))
    for name, table in (
        *tables,
        ("blockvolumes", BLOCKVOLUMES),
        ("dbattributes", None),
        ("pendingoperations", PENDING),
    ):
        entries = [] if table is None else [entry for _key, entry in tx.items(table)]
        bad = lost if table == BRICKS else []
        result[name] = {
            "total": len(entries),
            "pending": sum(1 for entry in entries if entry.get("Pending", {}).get("Id")),
            "ok": len(entries) - len(bad),
            "notok": len(bad),
            "inconsistencies": bad or None,
        }
    result["totalinconsistencies"] = len(lost)
    return result


# /metrics


def metrics(heketi: Heketi, tx: Transaction) -> str:
    families: dict[str, tuple[str, list[tuple[Labels, float]]]] = {
        "up": ("Is heketi running?", [({}, 1)]),
        "cluster_count": ("Number of clusters", [({}, len(tx.keys(CLUSTERS)))]),
    }

    def add(name: str, text: str, labels: Labels, value: float) -> None:
        families.setdefault(name, (text, []))[1].append((labels, value))

    counts = operations_info(heketi, tx)
    for name, key, text in (
        ("operations_failed_count", "failed", "Number of Failed Operations"),
        ("operations_inFlight_count", "in_flight", "Number of in flight Operations"),
        ("operations_new_count", "new", "Number of New Operations"),
        ("operations_stale_count", "stale", "Number of Stale Operations"),
        ("operations_total_count", "total", "Total Number of Operations"),
    ):
        add(name, text, {}, counts[key])
    for key, cluster in tx.items(CLUSTERS):
        info = cluster["Info"]
        add("block_volumes_count", "Number of block volumes on cluster", {"cluster": key}, len(info["blockvolumes"]))
        add("nodes_count", "Number of nodes on cluster", {"cluster": key}, len(info["nodes"]))
        add("volumes_count", "Number of volumes on cluster", {"cluster": key}, len(info["volumes"]))
        for node_id in info["nodes"]:
            _add_devices(tx, tx.get(NODES, node_id), key, add)
    lines = []
    for name in sorted(families):
        text, samples = families[name]
        lines += [f"# HELP heketi_{name} {text}", f"# TYPE heketi_{name} gauge"]
        for labels, value in sorted(samples, key=lambda sample: list(sample[0].values())):
            inner = ",".join(f'{label}="{labels[label]}"' for label in labels)
            lines.append(f"heketi_{name}{'{' + inner + '}' if inner else ''} {go_float(value)}")
    return "\n".join(lines) + "\n"


def _add_devices(tx: Transaction, node: Entry, cluster: str, add: t.Callable[[str, str, Labels, float], None]) -> None:
    names = node["Info"]["hostnames"]
    storage = {"storage_hostname": names["storage"][0]}
    for name, text, field, factor in DEVICE_METRICS:
        host = {"cluster": cluster, "hostname": names["manage"][0]}
        if name == "device_count":
            add(name, text, {**host, **storage}, len(node["Devices"]))
            continue
        for key in node["Devices"]:
            device = tx.get(DEVICES, key)
            uuid = {"pv_uuid": device["Info"].get("pv_uuid", "")}
            labels = {"cluster": cluster, "device": device["Info"]["name"], "hostname": host["hostname"], "id": key}
            value = len(device["Bricks"]) if field is None else device["Info"]["storage"][field] * factor
            add(name, text, {**labels, **uuid, **storage}, value)


def go_float(value: float) -> str:
    """A number as Go's %g writes it in the fewest digits: 5.24288e+08."""
    digits, exponent = f"{value:.16e}".split("e")
    for precision in range(17):
        digits, exponent = f"{value:.{precision}e}".split("e")
        if float(f"{digits}e{exponent}") == value:
            break
    power = int(exponent)
    if -4 <= power < 21 and (power < 6 or value != int(value)):
        return repr(int(value)) if value == int(value) else repr(value)
    return f"{digits}e{'-' if power < 0 else '+'}{abs(power):02d}"


# GET /internal/state/examine/gluster


def examine(heketi: Heketi) -> Entry:
    """Heketi's database beside what Gluster says on every node."""
    with heketi.store.view() as tx:
        dump = tx.dump()
    report = [f"OnDemand Examiner invoked while {len(heketi.tracker.ids())} ops are in flight"]
    clusters = []
    for key, cluster in dump[CLUSTERS].items():
        nodes = []
        for node_id in cluster["Info"]["nodes"]:
            host = dump[NODES][node_id]["Info"]["hostnames"]["manage"][0]
            try:
                seen = heketi.executor.volumes_info(host)
            except CommandError:
                seen = None
                report.append(f"could not fetch data from node {host}")
            nodes.append(_node_data(node_id, seen))
        clusters.append({"ClusterHeketiID": key, "NodesData": nodes})
        report += _differences(dump, key, nodes)
    return {"heketidb": dump, "report": report, "clusters": clusters}


def _node_data(node_id: str, seen: Entry | None) -> Entry:
    # There is no LVM below directories, so these stay empty.
    empty = {name: None for name in ("LVMPVInfo", "LVMVGInfo", "LVMLVInfo", "BricksMountStatus", "BlockVolumeNames")}
    return {"NodeHeketiID": node_id, "VolumeInfo": seen, **empty}


def _differences(dump: dict[str, dict[str, Entry]], cluster: str, nodes: list[Entry]) -> list[str]:
    ids = dump[CLUSTERS][cluster]["Info"]["volumes"]
    ours = sorted(dump[VOLUMES][key]["Info"]["name"] for key in ids if key in dump[VOLUMES])
    texts = []
    for node in nodes:
        if node["VolumeInfo"] is None:
            texts.append(
                f"heketi volume list could not be compared with volume list of node {node['NodeHeketiID']}"
                " due to missing info"
            )
        elif sorted(volume["VolumeName"] for volume in node["VolumeInfo"]["Volumes"]["VolumeList"]) != ours:
            texts.append(f"heketi volume list does not match with volume list of node {node['NodeHeketiID']}")
    return texts or ["heketi volume list matches with volume list of all nodes"]
