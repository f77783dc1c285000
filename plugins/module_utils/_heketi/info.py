# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What Heketi has, and what it is doing, as one description."""

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._heketi import reading
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import HeketiClient
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.describe import (
    describe_cluster,
    describe_operation,
    describe_volume,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.operations import Unfinished
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.volumes import Observed

PARTS = ("clusters", "volumes", "operations", "gluster")


def gather(client: HeketiClient, parts: t.Collection[str]) -> dict[str, t.Any]:
    """These of PARTS, changing nothing.

    Requests for C(clusters): one, one for each cluster and one for each server. For C(volumes): one; where Heketi does
    not show its database another, one for each volume and, without C(clusters), one for each server that has a brick.
    For C(operations): one, and that for C(volumes) when there are any. For C(gluster): one, and those for C(volumes)
    and C(operations) if they are not asked for.
    """
    wanted = set(parts)
    found: dict[str, t.Any] = {}
    # In this order a volume that is being made is among the operations when Gluster has it, or in the list after them.
    names = reading.gluster_volumes(client) if "gluster" in wanted else frozenset()
    unfinished = Unfinished(client)
    operations = unfinished.look() if wanted & {"operations", "gluster"} else []
    seen = reading.picture(client, tables=unfinished.tables) if wanted & {"volumes", "gluster"} else reading.Picture([])
    clusters = reading.clusters(client) if "clusters" in wanted else []
    if "clusters" in wanted:
        found["clusters"] = [describe_cluster(cluster) for cluster in clusters]
    if "volumes" in wanted:
        hosts = {**seen.hosts, **{node.id: node.storage for cluster in clusters for node in cluster.nodes}}
        hosts.update(_hosts(client, seen.volumes, hosts))
        found["volumes"] = [describe_volume(volume, hosts) for volume in seen.volumes]
    if "operations" in wanted:
        found["operations"] = [describe_operation(operation) for operation in operations]
    if "gluster" in wanted:
        known = {volume.name for volume in seen.volumes}.union(*(operation.volumes for operation in operations))
        found["gluster"] = {"volumes": sorted(names), "foreign": sorted(names - known)}
    return found


def _hosts(client: HeketiClient, volumes: t.Iterable[Observed], known: t.Collection[str]) -> dict[str, str]:
    """The storage host name of every server that has a brick and is not known."""
    ids = sorted({brick.node for volume in volumes for brick in volume.bricks}.difference(known))
    nodes = reading.at_once(lambda one: reading.node_of(client, one), ids)
    return {node.id: node.storage for node in nodes if node}
