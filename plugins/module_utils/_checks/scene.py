# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What is judged when requirements are checked: machines and clusters, as they told of themselves (machine.py and
survey.py)."""

from __future__ import annotations

import calendar
import dataclasses
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._checks.survey import Daemons
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Peer, is_on, tenants
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique
from ansible_collections.glusterops.shares.plugins.module_utils._shares import options as rules
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import (
    DYNAMIC,
    SEAL,
    UNPROVEN,
    open_entries,
)
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import CRL_PATH


@dataclasses.dataclass(frozen=True)
class Clock:
    ahead: float
    uncertainty: float

    def apart(self, other: Clock) -> float:
        """By how many seconds they differ at least."""
        return max(abs(self.ahead - other.ahead) - self.uncertainty - other.uncertainty, 0.0)


@dataclasses.dataclass(frozen=True)
class Identity:
    """What a machine told of its certificate. problem: why its bundle does not vouch for it.

    bundle_sha256 is None where there is no bundle. matches: whether its key belongs to it; key_problem:
    why nobody can tell. authorities: the CAs of its bundle, and when they end. crls: of which CAs it has
    CRLs, and until when; lacks_crl: the CAs of its bundle of which it has none that is good.
    """

    common_name: str | None
    not_after: float
    bundle_sha256: str | None
    problem: str | None
    serial: str
    matches: bool = True
    key_problem: str | None = None
    authorities: tuple[tuple[str, float], ...] = ()
    crls: tuple[tuple[str, float], ...] = ()
    lacks_crl: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Machine:
    """A server or host. common_name: what it must have, None for a tenant's; failure: why nothing is known of it.

    peers is None where no glusterd answered, bricks where nobody asked for them. stored: by volume, digests of the
    options that decide who gets in, as they are in the server's own file (None where that cannot be read); None where
    nobody asked. instance: the same for a machine that stands in the inventory twice.
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
    stored: t.Mapping[str, str | None] | None = None
    instance: str | None = None

    @property
    def major(self) -> int | None:
        first = (self.version or "").partition(".")[0]
        return int(first) if first.isdigit() else None


@dataclasses.dataclass(frozen=True)
class Seen:
    """A volume as TLS is concerned. off: the options of TLS that are not on; share: the one it holds.

    lasting: whoever is taken off its access list stays connected. unproven: a change of its list may not have reached
    all bricks. exposing: its active snapshots that let in others. broken: what its options mean for a share, where they
    speak against it, and whether they let somebody in.
    """

    name: str
    share: str | None
    started: bool
    off: tuple[str, ...]
    identities: tuple[str, ...]
    crl_path: str | None
    lasting: bool
    unproven: bool = False
    exposing: tuple[str, ...] = ()
    broken: tuple[tuple[str, bool], ...] = ()

    @property
    def explicit(self) -> bool:
        """Whether it has an access list that says anything."""
        return not self.off and bool(self.identities) and not open_entries(self.identities)


@dataclasses.dataclass(frozen=True)
class ServedBrick:
    """What a brick answered with. problem: why it did not, plaintext: without TLS."""

    volume: str
    server: str
    server_uuid: str
    path: str
    common_name: str | None
    serial: str | None
    not_after: float
    problem: str | None
    plaintext: bool


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A group of servers that shall be one pool, and what the asked one told of it.

    infrastructure: the identities that are on every access list.
    vanishing: the volumes whose files vanish for clients while they are rebalanced.
    daemons: by volume, those of self-heal and of quota (None if it needs none), and its access list.
    volumes and bricks are None where nobody asked for them; tenants: by volume, how many mounts and gateways.
    """

    name: str
    servers: tuple[str, ...]
    asked: str | None = None
    infrastructure: tuple[str, ...] = ()
    failure: str | None = None
    max_op_version: int | None = None
    trash_directories: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    vanishing: tuple[str, ...] = ()
    daemons: t.Mapping[str, tuple[Daemons | None, Daemons | None, tuple[str, ...]]] = dataclasses.field(
        default_factory=dict
    )
    volumes: tuple[Seen, ...] | None = None
    bricks: tuple[ServedBrick, ...] | None = None
    tenants: t.Mapping[str, int] = dataclasses.field(default_factory=dict)

    @property
    def told(self) -> bool:
        return self.asked is not None and self.failure is None


@dataclasses.dataclass(frozen=True)
class Scene:
    """All that is judged. prefixes: what names of servers and management hosts begin with; now: seconds since 1970.

    shares: the declared ones, with the identities that may mount them. ca_days: how long before its end a CA is to be
    replaced.
    """

    machines: t.Sequence[Machine]
    clusters: t.Sequence[Cluster]
    prefixes: tuple[str, ...]
    now: float
    shares: t.Mapping[str, t.Sequence[str]] = dataclasses.field(default_factory=dict)
    ca_days: int = 730

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
    def listed(self) -> list[Cluster]:
        """The clusters that told of their volumes."""
        return [cluster for cluster in self.looked_at if cluster.volumes is not None]

    @property
    def seen(self) -> list[tuple[Cluster, Seen]]:
        return [(cluster, volume) for cluster in self.listed for volume in cluster.volumes or ()]

    @property
    def answered(self) -> list[Cluster]:
        """The clusters whose bricks were asked."""
        return [cluster for cluster in self.looked_at if cluster.bricks is not None]

    @property
    def carrying(self) -> list[Machine]:
        """The servers that told of their bricks."""
        return [server for server in self.servers if server.bricks is not None]

    @property
    def storing(self) -> list[Machine]:
        """The servers that told what they have stored."""
        return [server for server in self.servers if server.stored is not None]

    def of(self, cluster: Cluster, servers: t.Sequence[Machine]) -> list[Machine]:
        return [server for server in servers if server.name in cluster.servers]


# One machine's trouble, and no other's.
_UNREADABLE = "what it told is not what gluster_info returns ({!r})"


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
            stored=None if told.get("stored") is None else dict(told["stored"]),
            instance=told.get("instance"),
        )
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as exc:
        return Machine(name, common_name, failure=_UNREADABLE.format(exc))


def _read_identity(told: t.Mapping[str, t.Any]) -> Identity:
    return Identity(
        common_name=told["common_name"],
        not_after=_moment(told["not_after"]),
        bundle_sha256=told["bundle_sha256"],
        problem=told["problem"],
        serial=told["serial"],
        matches=told["matches"],
        key_problem=told["key_problem"],
        authorities=tuple((str(ca["common_name"]), _moment(ca["not_after"])) for ca in told["authorities"]),
        crls=tuple((crl["issuer"], _moment(crl["next_update"])) for crl in told["crls"]),
        lacks_crl=tuple(told["lacks_crl"]),
    )


def _moment(text: str) -> float:
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def read_cluster(
    name: str,
    servers: t.Sequence[str],
    asked: str | None,
    told: t.Mapping[str, t.Any],
    infrastructure: t.Sequence[str] = (),
) -> Cluster:
    """A cluster from what gluster_info with C(gather=cluster) and more returned on the server that was asked."""
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
            tuple(infrastructure),
            max_op_version=about["max_op_version"],
            trash_directories=dict(about["trash_directories"]),
            vanishing=tuple(about["vanishing"]),
            daemons={
                volume: (_read_daemons(its["healers"]), _read_daemons(its["limiters"]), tuple(its["identities"]))
                for volume, its in about["daemons"].items()
            },
            volumes=None if told.get("volumes") is None else tuple(map(_read_volume, told["volumes"])),
            bricks=None if told.get("served") is None else tuple(map(_read_brick, told["served"])),
            tenants={volume: tenants(kinds) for volume, kinds in told.get("clients", {}).items()},
        )
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as exc:
        return Cluster(name, tuple(servers), asked, failure=_UNREADABLE.format(exc))


def _read_daemons(told: t.Mapping[str, t.Any] | None) -> Daemons | None:
    return Daemons(tuple(told["offline"]), told["online"], told["connected"]) if told else None


def _read_volume(told: t.Mapping[str, t.Any]) -> Seen:
    path = told["options"].get(CRL_PATH)
    options = told["options"]
    lasting = DYNAMIC in options and not is_on(options, DYNAMIC)
    return Seen(
        told["name"],
        told["share"],
        told["started"],
        off=tuple(option for option in SEAL if not is_on(told["options"], option)),
        identities=tuple(told["identities"]),
        # The latter is how it is said to gluster that there is none.
        crl_path=None if path in ("", "NULL") else path,
        lasting=lasting,
        unproven=options.get(UNPROVEN) == told["name"],
        exposing=tuple(told.get("exposing") or ()),
        broken=tuple((rules.told(options, rule), rule.opens) for rule in rules.contradictions(options)),
    )


def _read_brick(told: t.Mapping[str, t.Any]) -> ServedBrick:
    where = {key: told[key] for key in ("volume", "server", "server_uuid", "path", "common_name", "serial")}
    end = _moment(told["not_after"]) if told["not_after"] else 0.0
    return ServedBrick(**where, not_after=end, problem=told["problem"], plaintext=told["plaintext"])


def _failure(told: t.Mapping[str, t.Any]) -> str:
    return str(told.get("msg") or "it was not asked").strip().rstrip(".")
