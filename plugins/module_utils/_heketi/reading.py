# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What Heketi has: its clusters with servers and devices, its volumes, and what it sees of Gluster.

Apart from the dump of its database, Heketi answers one thing at a time, so lists are read id by id, several at once.
What vanishes between the list and the look at it is left out.
"""

from __future__ import annotations

import dataclasses
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    GlusterOpsError,
    NotFound,
    Refused,
    Unreachable,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi import dump
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import HeketiClient, understood
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.topology import HeketiCluster, Node
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.volumes import Observed

# Reads under way at once; Heketi limits only changes.
_READERS = 8

_In = t.TypeVar("_In")
_Out = t.TypeVar("_Out")


def at_once(work: t.Callable[[_In], _Out], things: t.Iterable[_In], limit: int = _READERS) -> list[_Out]:
    """What work makes of each thing, in their order, at most limit at a time."""
    with ThreadPoolExecutor(max_workers=limit) as pool:
        return list(pool.map(work, things))


@dataclasses.dataclass(frozen=True)
class Picture:
    """All volumes, and what was seen along with them.

    hosts are servers' storage host names by id; tables are the whole database, None where Heketi does not show it.
    """

    volumes: list[Observed]
    hosts: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    tables: dump.Tables | None = None

    @property
    def idle(self) -> bool:
        """Whether no operation was under way or left unfinished, as far as that was seen."""
        return self.tables is not None and dump.idle(self.tables)


def picture(client: HeketiClient, seen: t.Collection[str] = frozenset(), tables: dump.Tables | None = None) -> Picture:
    """All volumes of Heketi's except those seen: one request if it shows its database, else volumes() after it; none
    if whoever asks has just read that (tables)."""
    try:
        tables = tables or client.get("/db/dump", patient=False)
        infos = [info for info in dump.volume_infos(tables) if info["id"] not in seen]
        return Picture([Observed.from_info(info) for info in infos], dump.hosts(tables), tables)
    except GlusterOpsError:
        # An older Heketi, a proxy that keeps it back, damage: whatever it is, asking for each volume tells more.
        return Picture(volumes(client, seen))


def volumes(client: HeketiClient, seen: t.Collection[str] = frozenset()) -> list[Observed]:
    """All volumes of Heketi's except those seen, one by one: there is no way to ask for a name."""
    answer = client.get("/volumes")
    with understood("its volumes"):
        ids = [one for one in answer["volumes"] or [] if one not in seen]
    return [found for found in at_once(lambda one: volume(client, one), ids) if found]


def volume(client: HeketiClient, volume_id: str) -> Observed | None:
    """One volume; None if it is gone, or just being made, deleted or cloned."""
    try:
        return Observed.from_info(client.get(f"/volumes/{volume_id}"))
    except NotFound:
        return None


def clusters(client: HeketiClient) -> list[HeketiCluster]:
    """All clusters with their servers and devices: one request, one for each cluster and one for each server."""

    def cluster(cluster_id: str) -> tuple[dict[str, t.Any], list[str]] | None:
        try:
            info = client.get(f"/clusters/{cluster_id}")
        except NotFound:
            return None
        with understood("a cluster"):
            return info, list(info["nodes"] or [])

    found = [one for one in at_once(cluster, sorted(cluster_ids(client))) if one]
    nodes = {
        node.id: node
        for node in at_once(lambda one: node_of(client, one), [one for _info, ids in found for one in ids])
        if node
    }
    return [HeketiCluster.from_info(info, [nodes[one] for one in ids if one in nodes]) for info, ids in found]


def cluster_ids(client: HeketiClient) -> frozenset[str]:
    """The ids of all clusters."""
    answer = client.get("/clusters")
    with understood("its clusters"):
        return frozenset(answer["clusters"] or [])


def node_of(client: HeketiClient, node_id: str) -> Node | None:
    """One server; None if it is gone."""
    try:
        return Node.from_info(client.get(f"/nodes/{node_id}"))
    except NotFound:
        return None


def gluster_volumes(client: HeketiClient, remedy: str = "") -> frozenset[str]:
    """The names of all volumes that Gluster has, in every cluster: what Heketi sees when it looks on its servers.

    Refused, with the remedy in its message, if Heketi cannot tell.
    """
    try:
        # Heketi runs commands on every server for it, so this takes long.
        answer = client.get("/internal/state/examine/gluster", timeout=client.connection.operation_timeout)
    except Unreachable:
        raise
    except GlusterOpsError as exc:
        raise Refused(
            f"Heketi cannot tell which volumes Gluster has ({exc}). {remedy}".rstrip(), **exc.details
        ) from None
    names: set[str] = set()
    with understood("Gluster's volumes"):
        for cluster in answer["clusters"] or []:
            servers = cluster["NodesData"] or []
            lists = [server["VolumeInfo"]["Volumes"] for server in servers if server.get("VolumeInfo")]
            if servers and not lists:
                raise Refused(
                    f"No server of cluster {cluster['ClusterHeketiID']} told Heketi its volumes. {remedy}".rstrip()
                )
            names.update(one["VolumeName"] for of in lists for one in of["VolumeList"] or [])
    return frozenset(names)
