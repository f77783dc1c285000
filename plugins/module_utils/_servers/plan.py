# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Who joins or leaves a trusted pool: decided on one look at it, and at those who are to."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    Refused,
    Unreachable,
    few,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import MEMBER, Peer
from ansible_collections.glusterops.shares.plugins.module_utils._machines.told import ITSELF
from ansible_collections.glusterops.shares.plugins.module_utils._names import MAX_ACCESS_LIST, check_unique
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import (
    LIST,
    listed,
    matches,
    open_entries,
)

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume

PEER, ABSENT, JOINED = "peer", "absent", "member"
# A name or an address, as gluster takes it.
_ADDRESS = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._:-]{0,253}[A-Za-z0-9])?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*", re.ASCII)
_LOOPBACK = re.compile(r"localhost(\..*)?|127\..*|::1|0\.0\.0\.0|::", re.IGNORECASE)
# What glusterd calls a server that joins or leaves, until it has.
_LASTING = (MEMBER, "Peer Rejected")


@dataclasses.dataclass(frozen=True)
class Asked:
    """What the server at an address told. names: by UUID the members of its own pool, itself as ITSELF. volumes: those
    that it has."""

    uuid: str
    names: t.Mapping[str, str]
    volumes: tuple[str, ...] = ()

    @property
    def others(self) -> list[str]:
        """The names of the other members of its pool."""
        return sorted(name for uuid, name in self.names.items() if uuid != self.uuid)


# By address. None where nobody answers.
Answers = t.Mapping[str, t.Optional[Asked]]


@dataclasses.dataclass(frozen=True)
class Pool:
    """The pool of the server that does the work, as it tells of it."""

    peers: t.Sequence[Peer]

    @property
    def own(self) -> Peer:
        (found,) = (peer for peer in self.peers if peer.hostname == ITSELF)
        return found

    @property
    def others(self) -> list[Peer]:
        return [peer for peer in self.peers if peer.hostname != ITSELF]

    def named(self, address: str) -> Peer | None:
        return next((peer for peer in self.others if same(peer.hostname, address)), None)

    def having(self, uuid: str) -> Peer | None:
        return next((peer for peer in self.peers if peer.uuid == uuid), None)

    @property
    def passing(self) -> list[Peer]:
        """Those that are connected, and just joining or leaving."""
        return [peer for peer in self.others if peer.connected and peer.state not in _LASTING]

    @property
    def troubled(self) -> list[Peer]:
        """Those that are no connected members."""
        return [peer for peer in self.others if not peer.connected or peer.state != MEMBER]


def check_addresses(addresses: t.Sequence[str]) -> None:
    """BadInput if one of them cannot be that of a server for all others."""
    for address in addresses:
        if not _ADDRESS.fullmatch(address):
            raise BadInput(f"server {address!r} is neither a name nor an address: A-Z a-z 0-9 . : and -.")
        if _LOOPBACK.fullmatch(address):
            raise BadInput(f"server {address!r} is another machine for each: give the name or address that others use.")
    check_unique(map(str.lower, addresses), "server")


def same(name: str, address: str) -> bool:
    return name.lower() == address.lower()


def known_as(pool: Pool, answers: Answers) -> dict[str, str]:
    """By address of a member, the name by which the pool has it, if that is another. One that is probed again by
    another name would get it, too, and might be called by it from then on."""
    found = {}
    for address, its in answers.items():
        peer = pool.having(its.uuid) if its else None
        if peer and peer.hostname != ITSELF and not same(peer.hostname, address):
            found[address] = peer.hostname
    return found


# ---- joining ----
def joining(
    pool: Pool, addresses: t.Iterable[str], answers: Answers, uuids: t.Mapping[str, str] | None = None
) -> list[str]:
    """Those of the addresses that have to be probed. uuids: by address, which server is meant.

    answers: of all that the pool has nobody by that name. Raises what keeps any of them out.
    """
    uuids = uuids or {}
    members = [(address, pool.named(address)) for address in addresses]
    failures = [one for address, peer in members if peer for one in _of_member(address, peer, uuids.get(address))]
    found: dict[str, str] = {}
    for address, its in answers.items():
        try:
            if its is None:
                raise Unreachable(
                    f"{address} does not answer: see whether glusterd runs there, port 24007 is open, and TLS on the"
                    " management path is on there if it is here."
                )
            _check_meant(address, its.uuid, uuids)
            if pool.having(its.uuid):
                continue
            if its.uuid in found:
                raise BadInput(f"{found[its.uuid]} and {address} are one server: name it once.")
            _check_free(address, its)
            found[its.uuid] = address
        except GlusterOpsError as exc:
            failures.append(exc)
    if found and pool.troubled:
        failures.append(Refused(f"No server can join while {_troubles(pool.troubled)}."))
    _raise(failures, "join")
    return list(found.values())


def _of_member(address: str, peer: Peer, uuid: str | None) -> t.Iterator[GlusterOpsError]:
    """What is wrong with a server that the pool has by that name. That it is down is no news."""
    if uuid is not None and uuid != peer.uuid:
        yield Conflict(
            f"The pool has {address} as {peer.uuid}, and that server is {uuid} now: it was set up anew. Give it its"
            " old UUID back, or replace it."
        )
    elif peer.state != MEMBER:
        yield Conflict(
            f"{address} is in the pool as {peer.state!r}, and no member: see glusterd.log on both, and whether a"
            " restart of its glusterd mends it."
        )


def _check_meant(address: str, uuid: str, uuids: t.Mapping[str, str]) -> None:
    if address in uuids and uuids[address] != uuid:
        raise Conflict(
            f"{address} is {uuid} when this server asks, and shall be {uuids[address]}: the name or address leads to"
            " another machine from here. See DNS and /etc/hosts."
        )


def _check_free(address: str, its: Asked) -> None:
    """Conflict if it is in another pool, even alone."""
    if its.others:
        raise Conflict(
            f"{address} is in another pool, with {', '.join(its.others)}: have it leave that one first, or take it out"
            " of the list."
        )
    if its.volumes:
        raise Conflict(
            f"{address} has volumes of its own ({', '.join(its.volumes[:5])}), which no pool takes along: delete these"
            " first, or take it out of the list."
        )


def _troubles(peers: t.Iterable[Peer]) -> str:
    """As the end of a sentence."""
    told = [f"{one.hostname} is {'not connected' if not one.connected else repr(one.state)}" for one in peers]
    return " and ".join(told)


def widened(volumes: t.Iterable[Volume], infrastructure: t.Iterable[str]) -> list[Change]:
    """The access lists that lack some of the infrastructure. Who lets in everybody lacks nobody. Raises BadInput."""
    wanted = list(infrastructure)
    found = []
    for volume in volumes:
        entries = listed(volume)
        if not entries or open_entries(entries):
            continue
        missing = [name for name in wanted if not any(matches(name, entry) for entry in entries)]
        if missing:
            after = sorted({*entries, *missing})
            if len(",".join(after)) > MAX_ACCESS_LIST:
                raise BadInput(
                    f"The access list of volume {volume.name!r} has no room for {', '.join(missing)}: Gluster takes"
                    f" {MAX_ACCESS_LIST} bytes. Name the infrastructure by a pattern such as 'glusterfs-server-*'."
                )
            found.append(Change(volume.name, LIST, sorted(entries), after))
    return found


# ---- leaving ----
def leaving(pool: Pool, addresses: t.Iterable[str], answers: Answers, volumes: t.Iterable[Volume]) -> list[Peer]:
    """The members that the addresses are. answers: of all that the pool has nobody by that name. Raises what keeps any
    of them in."""
    bricks: dict[str, set[str]] = {}
    for volume in volumes:
        for brick in volume.bricks:
            bricks.setdefault(brick.server_uuid, set()).add(volume.name)
    failures: list[GlusterOpsError] = []
    found: dict[str, Peer] = {}
    for address in addresses:
        try:
            peer = pool.named(address) or _answering(pool, address, answers.get(address))
            if peer:
                _check_empty(address, peer, bricks.get(peer.uuid, ()))
                found[peer.uuid] = peer
        except GlusterOpsError as exc:
            failures.append(exc)
    staying = [peer for peer in pool.troubled if peer.uuid not in found]
    if found and staying:
        failures.append(Refused(f"No server can leave while {_troubles(staying)}."))
    _raise(failures, "leave")
    return list(found.values())


def _answering(pool: Pool, address: str, its: Asked | None) -> Peer | None:
    """The member that answers by the address, which the pool does not call it."""
    if its:
        return pool.having(its.uuid)
    silent = [one.hostname for one in pool.others if not one.connected]
    if silent:
        # Whoever is connected would answer by that address, too.
        raise Unreachable(
            f"{address} does not answer, nor does {', '.join(silent)}, which may be the same: give the name by which"
            " the pool has it."
        )
    return None


def _check_empty(address: str, peer: Peer, volumes: t.Collection[str]) -> None:
    if peer.hostname == ITSELF:
        raise Refused(f"{address} is this server: have another one of the pool take it out.")
    if volumes:
        raise Conflict(f"{address} has bricks of {', '.join(sorted(volumes))}: move or remove these before it leaves.")


def _raise(failures: t.Sequence[GlusterOpsError], what: str) -> None:
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise Refused(f"These servers cannot {what}, so nothing was changed: {few(list(map(str, failures)))}")
