# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What is judged when requirements are checked: machines and clusters, as they told of themselves (survey.py)."""

from __future__ import annotations

import calendar
import dataclasses
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Peer
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.survey import Daemons
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique


@dataclasses.dataclass(frozen=True)
class Clock:
    ahead: float
    uncertainty: float

    def apart(self, other: Clock) -> float:
        """By how many seconds they differ at least."""
        return max(abs(self.ahead - other.ahead) - self.uncertainty - other.uncertainty, 0.0)


@dataclasses.dataclass(frozen=True)
class Identity:
    """What a machine told of its certificate. problem: why its bundle does not vouch for it."""

    common_name: str | None
    not_after: float
    bundle_sha256: str
    problem: str | None


@dataclasses.dataclass(frozen=True)
class Machine:
    """A server or host. common_name: what it must have, None for a tenant's; failure: why nothing is known of it.

    peers is None where no glusterd answered, bricks where nobody asked for them.
    """

    name: str
    common_name: str | None = None
    failure: str | None = None
    version: str | None = None
    uuid: str | None = None
    op_version: int | None = None
    clock: Clock = Clock(0.0, 0.0)
    identity: Identity | None = None
    peers: tuple[Peer, ...] | None = None
    bricks: tuple[tuple[str, str, bool | None], ...] | None = None

    @property
    def major(self) -> int | None:
        first = (self.version or "").partition(".")[0]
        return int(first) if first.isdigit() else None


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A group of servers that shall be one pool, and what the asked one told of it.

    daemons: by volume, those of self-heal and of quota (None if it needs none), and its access list.
    """

    name: str
    servers: tuple[str, ...]
    asked: str | None = None
    failure: str | None = None
    max_op_version: int | None = None
    trash_directories: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    daemons: t.Mapping[str, tuple[Daemons | None, Daemons | None, tuple[str, ...]]] = dataclasses.field(
        default_factory=dict
    )

    @property
    def told(self) -> bool:
        return self.asked is not None and self.failure is None


@dataclasses.dataclass(frozen=True)
class Scene:
    """All that is judged. prefixes: what names of servers and management hosts begin with; now: seconds since 1970."""

    machines: t.Sequence[Machine]
    clusters: t.Sequence[Cluster]
    prefixes: tuple[str, ...]
    now: float

    def __post_init__(self) -> None:
        check_unique((machine.name for machine in self.machines), "machines:")
        check_unique((cluster.name for cluster in self.clusters), "clusters:")

    @property
    def told(self) -> list[Machine]:
        return [machine for machine in self.machines if machine.failure is None]

    @property
    def servers(self) -> list[Machine]:
        """Those that told anything."""
        members = {name for cluster in self.clusters for name in cluster.servers}
        return [machine for machine in self.told if machine.name in members]

    @property
    def pooled(self) -> list[Machine]:
        """The servers whose glusterd answered."""
        return [server for server in self.servers if server.peers is not None]

    @property
    def looked_at(self) -> list[Cluster]:
        return [cluster for cluster in self.clusters if cluster.told]

    @property
    def carrying(self) -> list[Machine]:
        """The servers that told of their bricks."""
        return [server for server in self.servers if server.bricks is not None]

    def of(self, cluster: Cluster, servers: t.Sequence[Machine]) -> list[Machine]:
        return [server for server in servers if server.name in cluster.servers]


def read_machine(name: str, common_name: str | None, told: t.Mapping[str, t.Any]) -> Machine:
    """A machine from what gluster_info with C(gather=machine) and more returned there, or from its failure."""
    if not told.get("machine"):
        return Machine(name, common_name, failure=_failure(told))
    try:
        about, identity = told["machine"], told.get("identity")
        return Machine(
            name,
            common_name,
            version=about["version"],
            uuid=about["uuid"],
            op_version=about["op_version"],
            clock=Clock(float(about["clock"]["ahead"]), float(about["clock"]["uncertainty"])),
            identity=_read_identity(identity) if identity else None,
            peers=None if told.get("peers") is None else tuple(Peer(**peer) for peer in told["peers"]),
            bricks=(
                None
                if told.get("bricks") is None
                else tuple((brick["volume"], brick["path"], brick["thin"]) for brick in told["bricks"])
            ),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise BadInput(f"machines: what {name!r} told is not what gluster_info returns: {exc!r}.") from exc


def _read_identity(told: t.Mapping[str, t.Any]) -> Identity:
    end = calendar.timegm(time.strptime(told["not_after"], "%Y-%m-%dT%H:%M:%SZ"))
    return Identity(told["common_name"], end, told["bundle_sha256"], told["problem"])


def read_cluster(name: str, servers: t.Sequence[str], asked: str | None, told: t.Mapping[str, t.Any]) -> Cluster:
    """A cluster from what gluster_info with C(gather=cluster) returned on the server that was asked."""
    if not servers:
        raise BadInput(f"clusters: {name!r} has no servers: name the inventory groups that the servers are in.")
    if asked is None:
        return Cluster(name, tuple(servers))
    if not told.get("cluster"):
        return Cluster(name, tuple(servers), asked, failure=_failure(told))
    try:
        about = told["cluster"]
        return Cluster(
            name,
            tuple(servers),
            asked,
            max_op_version=about["max_op_version"],
            trash_directories=dict(about["trash_directories"]),
            daemons={
                volume: (_read_daemons(its["healers"]), _read_daemons(its["limiters"]), tuple(its["identities"]))
                for volume, its in about["daemons"].items()
            },
        )
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise BadInput(f"clusters: what {asked!r} told of {name!r} is not what gluster_info returns: {exc!r}.") from exc


def _read_daemons(told: t.Mapping[str, t.Any] | None) -> Daemons | None:
    return Daemons(tuple(told["offline"]), told["online"], told["connected"]) if told else None


def _failure(told: t.Mapping[str, t.Any]) -> str:
    return str(told.get("msg") or "it was not asked").strip().rstrip(".")
