# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What the inventory says of Heketi's clusters, beside those that Heketi has. Decided on the control node."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible.module_utils.parsing.convert_bool import boolean

_Values = t.Mapping[str, t.Any]
# The variables that name a server, besides the inventory.
_MANAGE, _STORAGE, _ADDRESS = "topology_manage", "topology_storage", "ansible_host"


@dataclasses.dataclass(frozen=True)
class Server:
    """A server of the inventory, with its variables. What they do not say has its default here, because a role's
    defaults are no variables of other hosts."""

    name: str
    variables: _Values

    def says(self, name: str, otherwise: t.Any) -> t.Any:
        return self.variables.get(name, otherwise)

    @property
    def manage(self) -> str:
        return t.cast(str, self.says(_MANAGE, self.says(_ADDRESS, self.name)))

    @property
    def names(self) -> set[str]:
        """All that Heketi may call it, however that is written."""
        return {_key(self.says(variable, self.name)) for variable in (_MANAGE, _STORAGE, _ADDRESS)} | {_key(self.name)}

    @property
    def devices(self) -> list[t.Any] | None:
        """None if it is not declared to Heketi."""
        given = self.variables.get("topology_devices")
        return None if given is None else [{"name": one} if isinstance(one, str) else one for one in given]

    @property
    def node(self) -> dict[str, t.Any]:
        return {
            "manage": self.manage,
            "storage": self.says(_STORAGE, self.manage),
            "zone": self.says("topology_zone", 1),
            "tags": self.says("topology_tags", {}),
            "state": self.says("topology_state", "online"),
            "devices": self.devices,
        }


def _key(name: t.Any) -> str:
    return str(name).lower()


def _names(node: _Values) -> set[str]:
    """Of a server of Heketi's."""
    return {_key(node[kind]) for kind in ("manage", "storage") if kind in node}


def clusters(servers: t.Iterable[Server]) -> list[dict[str, t.Any]]:
    """Those that are declared, as gluster_heketi_topology takes them. One is for what all of its servers are for."""
    found: dict[str, dict[str, t.Any]] = {}
    for server in servers:
        if server.devices is None:
            continue
        its = found.setdefault(server.says("topology_cluster", ""), {"file": True, "block": True, "nodes": []})
        for kind in ("file", "block"):
            its[kind] = its[kind] and boolean(server.says(f"topology_cluster_{kind}", True), strict=False)
        its["nodes"].append(server.node)
    return list(found.values())


def wiped(servers: t.Iterable[Server]) -> list[str]:
    """The devices that would be wiped whenever Heketi does not have them."""
    return [
        f"{server.manage}:{device.get('name')}"
        for server in servers
        for device in server.devices or ()
        if isinstance(device, t.Mapping) and boolean(device.get("destroy_data", False), strict=False)
    ]


def strangers(servers: t.Iterable[Server], heketi: t.Iterable[t.Iterable[_Values]]) -> list[str]:
    """Servers that the inventory has under none of their names, in clusters of which it has others. heketi: the nodes
    of each cluster."""
    names = {name for server in servers for name in server.names}
    found = []
    for nodes in map(list, heketi):
        unknown = [node["manage"] for node in nodes if not names & _names(node)]
        found += unknown if len(unknown) < len(nodes) else []
    return found


def size(server: Server, heketi: t.Iterable[t.Iterable[_Values]]) -> int:
    """How many servers Heketi has in the cluster of this one, 0 if this one is in none."""
    return max((len(nodes) for nodes in map(list, heketi) if any(server.names & _names(n) for n in nodes)), default=0)
