# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Whether the management path of whole clusters may be turned, and which machines have to do what."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import Conflict, NotFound, Refused, Unreachable
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._management.management import PLAIN, TLS
from ansible_collections.glusterops.shares.plugins.module_utils._management.waiting import lost


@dataclasses.dataclass(frozen=True)
class Participant:
    """A machine of the play. told: what gluster_info returned with machine, identity, management and, on servers,
    peers; without C(management) if it could not be asked."""

    name: str
    server: bool
    told: t.Mapping[str, t.Any]

    @property
    def management(self) -> t.Mapping[str, t.Any]:
        return self.told.get("management") or {}

    @property
    def identity(self) -> t.Mapping[str, t.Any]:
        return self.told.get("identity") or {}

    @property
    def uuid(self) -> str | None:
        return (self.told.get("machine") or {}).get("uuid")

    @property
    def peers(self) -> list[answers.Peer]:
        return [answers.Peer(**peer) for peer in self.told.get("peers") or []]

    def is_right(self, enabled: bool) -> bool:
        """Whether glusterd, its processes and the file are all in the wanted mode."""
        found = self.management
        if found["switch"] != enabled:
            return False
        if not self.server:
            return True
        if found["serves"] != (TLS if enabled else PLAIN) or found["apart"]:
            return False
        return not enabled or found["common_name"] == self.identity["common_name"]


@dataclasses.dataclass(frozen=True)
class Plan:
    """What has to be done. stop: the servers to be stopped, turned and started. prove: those to be waited for, as a run
    before may not have come that far; ask: one of each of their clusters. hosts: whose file has to change."""

    stop: tuple[str, ...] = ()
    prove: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


def plan(machines: t.Sequence[Participant], enabled: bool, restart: bool) -> Plan:
    """Raises NotFound, Conflict, Unreachable or Refused if it may not be done."""
    _check_asked(machines)
    servers = [machine for machine in machines if machine.server]
    clusters = _clusters(servers)
    if enabled:
        _check_identities(machines)
    stop: list[str] = []
    prove: list[str] = []
    ask: list[str] = []
    for cluster in clusters:
        names = [server.name for server in cluster]
        begun = any(server.management["begun"] for server in cluster)
        right = all(server.is_right(enabled) for server in cluster)
        # A run that was interrupted has left servers stopped, or apart from each other.
        if not begun:
            _check_peers(cluster, enabled)
        if not right:
            _check_rebalances(cluster)
            stop += names
        if begun or not right:
            prove += names
            ask.append(names[0])
    if stop and not restart:
        mode = "with" if enabled else "without"
        raise Refused(
            f"GlusterFS on {', '.join(stop)} has to be stopped and started again {mode} TLS on the management path:"
            " meanwhile nobody reaches a share, and whoever has one mounted must mount it again. Allow it with"
            " management_tls_restart: true."
        )
    hosts = [machine.name for machine in machines if not machine.server and not machine.is_right(enabled)]
    return Plan(tuple(stop), tuple(prove), tuple(ask), tuple(hosts))


def heals(machines: t.Iterable[Participant], stop: t.Container[str]) -> dict[str, int]:
    """By volume, how many files at most wait to be healed on the servers that are stopped."""
    found: dict[str, int] = {}
    for machine in machines:
        for volume, files in machine.management.get("heals", {}).items() if machine.name in stop else ():
            found[volume] = max(files, found.get(volume, 0))
    return found


def _check_asked(machines: t.Sequence[Participant]) -> None:
    if not any(machine.server for machine in machines):
        raise NotFound("None of these machines is a server: run this on all servers of the cluster, and on the hosts.")
    silent = [machine for machine in machines if not machine.management]
    if silent:
        said = silent[0].told.get("msg") or "it was not asked"
        raise Unreachable(f"{_names(silent)} could not be asked ({said.strip()}): all must answer before this begins.")
    bare = [machine for machine in machines if machine.server and not machine.uuid]
    if bare:
        raise NotFound(f"glusterd never ran on {_names(bare)}, so it belongs to no cluster: add it to one first.")


def _clusters(servers: t.Sequence[Participant]) -> list[list[Participant]]:
    """The servers by cluster. Raises NotFound if one of a cluster is none of them."""
    by_uuid = {server.uuid: server for server in servers}
    clusters: list[set[str | None]] = []
    for server in servers:
        known = {peer["uuid"]: peer["hostname"] for peer in server.management["servers"]}
        for uuid, hostname in known.items():
            if uuid not in by_uuid:
                raise NotFound(
                    f"{hostname or uuid} is a server of {server.name}'s cluster and not among these machines: a server"
                    " in the other mode would be apart from all others. Run this on all servers of the cluster."
                )
        united: set[str | None] = {server.uuid, *known}
        apart = [cluster for cluster in clusters if not cluster & united]
        clusters = [*apart, united.union(*(cluster for cluster in clusters if cluster & united))]
    return [[server for server in servers if server.uuid in cluster] for cluster in clusters]


def _check_identities(machines: t.Sequence[Participant]) -> None:
    for machine in machines:
        if not machine.identity:
            raise NotFound(f"{machine.name} has no TLS identity: run the role tls on it first.")
        if machine.identity["problem"]:
            problem = machine.identity["problem"].rstrip(".")
            raise Conflict(f"The TLS identity of {machine.name} is not good ({problem}): run the role tls on it first.")
    bundles = {machine.identity["bundle_sha256"]: machine.name for machine in machines}
    if len(bundles) > 1:
        raise Conflict(
            f"The bundles of CA certificates differ between {' and '.join(sorted(bundles.values()))}, so some would"
            " refuse others: run the role tls on all first."
        )


def _check_peers(cluster: t.Sequence[Participant], enabled: bool) -> None:
    for server in cluster:
        if not server.management["serves"] or not server.told.get("peers"):
            raise Unreachable(f"glusterd does not answer on {server.name}: start it first.")
    served = {server.management["serves"] for server in cluster}
    # Servers of different modes, or whose certificates have expired, are apart because of what shall be changed.
    if len(served) > 1 or TLS in served and not enabled:
        return
    for server in cluster:
        for peer in server.peers:
            if lost(peer):
                raise Conflict(f"To {server.name}, {lost(peer)}: all servers must be connected before this begins.")


def _check_rebalances(cluster: t.Sequence[Participant]) -> None:
    for server in cluster:
        if server.management["rebalances"]:
            volumes = ", ".join(server.management["rebalances"])
            raise Refused(f"A rebalance of {volumes} runs on {server.name}, and would be broken off: wait for its end.")


def _names(machines: t.Iterable[Participant]) -> str:
    return ", ".join(machine.name for machine in machines)
