# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""How return values show clusters and volumes: the same everywhere. No I/O."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._heketi.operations import Operation
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.topology import Device, HeketiCluster, Node
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.volumes import Observed
from ansible_collections.glusterops.shares.plugins.module_utils._units import GIB, format_size

Description = t.Dict[str, t.Any]


def describe_volume(volume: Observed, hosts: t.Mapping[str, str]) -> Description:
    """A volume; hosts are the servers' storage host names by id, as far as they are known."""
    backups = ":".join(host for host in volume.hosts if host != volume.source.partition(":")[0])
    return {
        "name": volume.name,
        "id": volume.id,
        "size": format_size(volume.size * GIB),
        "size_bytes": volume.size * GIB,
        "cluster": volume.cluster,
        "durability": volume.durability,
        "snapshot_factor": volume.snapshot_factor,
        "gid": volume.gid,
        "volume_options": dict(volume.options),
        "cloned": volume.cloned,
        "bricks": [
            {
                "host": hosts.get(brick.node),
                "path": brick.path,
                "node": brick.node,
                "device": brick.device,
                "size": format_size(brick.size),
            }
            for brick in volume.bricks
        ],
        "mount": {
            "source": volume.source,
            "hosts": list(volume.hosts),
            "options": f"backup-volfile-servers={backups}" if backups else "",
        },
    }


def describe_cluster(cluster: HeketiCluster) -> Description:
    """A cluster with its servers and their devices, and the sum of their space at each level."""
    return {
        "id": cluster.id,
        "file": cluster.file,
        "block": cluster.block,
        "volumes": list(cluster.volumes),
        **_space(device for node in cluster.nodes for device in node.devices),
        "nodes": [_describe_node(node) for node in cluster.nodes],
    }


def _describe_node(node: Node) -> Description:
    # JMESPath cannot look upwards from a device, so each says whose it is.
    devices = [
        {**dataclasses.asdict(device), "paths": list(device.paths), "node": node.id, "manage": node.manage}
        for device in node.devices
    ]
    return dict(dataclasses.asdict(node), **_space(node.devices), devices=devices)


def _space(devices: t.Iterable[Device]) -> dict[str, int]:
    known = list(devices)
    return {what: sum(getattr(device, what) for device in known) for what in ("total", "free", "used")}


def describe_operation(operation: Operation) -> Description:
    """What Heketi has begun and not ended."""
    return {
        "id": operation.id,
        "kind": operation.kind,
        "status": operation.status or "under way",
        "volumes": sorted(operation.volumes),
    }
