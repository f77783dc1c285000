# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Which servers have to join which pool, by what all of them told. Decided on the control node."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import Conflict, few
from ansible_collections.glusterops.shares.plugins.module_utils._machines import told
from ansible_collections.glusterops.shares.plugins.module_utils._servers import plan
from ansible_collections.glusterops.shares.plugins.module_utils._servers.declared import (
    Declared,
    Server,
    storage_problems,
)
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import matches

_Looks = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Joining:
    """By the server that does the work, the addresses that have to join its pool (C(servers)) and their UUIDs
    (C(uuids)). notes: what to tell."""

    servers: t.Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    uuids: t.Mapping[str, t.Mapping[str, str]] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()


def joining(declared: Declared, looks: _Looks, lists: t.Mapping[str, t.Sequence[str]], dry: bool = False) -> Joining:
    """What has to be done. looks: by server, what gluster_info told there with peers, machine, identity and stored.
    lists: by cluster, whom every access list shall let in. dry: identities that are missing may only not be there yet.

    Raises Conflict with all that keeps servers out. One that does not answer is told about, and holds nobody up.
    """
    servers: dict[str, tuple[str, ...]] = {}
    uuids: dict[str, dict[str, str]] = {}
    problems: list[str] = []
    notes: list[str] = []
    for cluster in declared.joining:
        its = [one for one in declared.servers.values() if one.cluster == cluster]
        view = _View(its, looks, told.pools(looks))
        if not view.answering:
            continue
        worker = view.worker()
        joiners = view.outside(worker)
        notes += [*view.silent(worker), *view.renamed(worker)]
        wrong = [*view.copies(), *view.storage_problems()]
        wrong += [problem for one in joiners for problem in view.problems(one, worker, lists.get(cluster, ()), dry)]
        problems += wrong
        if joiners and not wrong:
            servers[worker.name] = tuple(one.address for one in joiners)
            uuids[worker.name] = {one.address: view.pools[one.name].uuid for one in joiners}
    if problems:
        raise Conflict(f"No server has joined a pool. {few(problems)}")
    return Joining(servers, uuids, tuple(notes))


class _View:
    """The servers of a cluster, and what they told."""

    def __init__(self, servers: t.Sequence[Server], looks: _Looks, pools: t.Mapping[str, told.Pool]) -> None:
        self._servers, self._looks, self.pools = servers, looks, pools
        self.answering = [one for one in servers if one.name in pools]

    def worker(self) -> Server:
        """The first of the pool that has most of them. One without others and volumes is in none yet."""

        def weight(one: Server) -> tuple[bool, int]:
            members = self.pools[one.name].names
            return bool(self._others(one) or self._volumes(one)), sum(
                self.pools[other.name].uuid in members for other in self.answering
            )

        return max(self.answering, key=weight)

    def outside(self, worker: Server) -> list[Server]:
        members = self.pools[worker.name].names
        return [one for one in self.answering if self.pools[one.name].uuid not in members]

    def copies(self) -> list[str]:
        """Servers that are one to glusterd."""
        names: dict[str, list[str]] = {}
        for one in self.answering:
            names.setdefault(self.pools[one.name].uuid, []).append(one.name)
        return [
            f"{' and '.join(several)} have the same UUID: they are one machine, or copies of one. Of a copy stop"
            " glusterd, remove /var/lib/glusterd/glusterd.info, and start it."
            for several in names.values()
            if len(several) > 1
        ]

    def storage_problems(self) -> list[str]:
        """Of servers that have no bricks yet. Where others have some, that is told when it comes to their storage, and
        holds nobody else up: a disk may have died."""
        return [
            f"{one.name}: {problem}"
            for one in self.answering
            if not self._volumes(one)
            for problem in storage_problems(one, self._looks.get(one.name))
        ]

    def problems(self, one: Server, worker: Server, entries: t.Sequence[str], dry: bool) -> t.Iterator[str]:
        """Why it cannot join the worker's pool."""
        others, volumes = self._others(one), self._volumes(one)
        if others:
            yield (
                f"{one.name} is in another pool than {worker.name}, with {', '.join(others)}: have it leave that one,"
                " or take it out of the inventory's group."
            )
        elif volumes:
            yield f"{one.name} has volumes of its own ({', '.join(volumes[:5])}), which no pool takes along."
        version, operating = self._machine(one, "version"), self._machine(worker, "op_version")
        if version and operating and _newest(version) < operating:
            yield (
                f"{one.name} has GlusterFS {version}, and the pool of {worker.name} works as"
                f" {operating // 10000}.{operating // 100 % 100} (op-version {operating}): install that there first."
            )
        name = told.common_name(self._looks.get(one.name))
        if self._sealed(worker) and not dry and not any(matches(name or "", entry) for entry in entries):
            yield (
                f"{one.name} has {'the identity ' + repr(name) if name else 'no identity'}, which no access list lets"
                " in as a server's: run the playbook tls first."
            )

    def silent(self, worker: Server) -> list[str]:
        """Those that did not answer and are no members."""
        known = {name.lower() for name in self.pools[worker.name].names.values()}
        return [
            f"{one.name} did not tell its pool, and has not joined: {told.why_not(self._looks.get(one.name), 'peers')}."
            for one in self._servers
            if one.name not in self.pools and one.address.lower() not in known
        ]

    def renamed(self, worker: Server) -> list[str]:
        """Members that are called otherwise than the inventory does."""
        names = self.pools[worker.name].names
        return [
            f"The pool calls {one.name} {names[uuid]}, and not {one.address}. It stays so."
            for one in self.answering
            for uuid in [self.pools[one.name].uuid]
            if names.get(uuid, told.ITSELF) != told.ITSELF and not plan.same(names[uuid], one.address)
        ]

    def _others(self, one: Server) -> list[str]:
        its = self.pools[one.name]
        return sorted(name for uuid, name in its.names.items() if uuid != its.uuid)

    def _stored(self, one: Server) -> t.Mapping[str, t.Any]:
        found = (self._looks.get(one.name) or {}).get("stored")
        return found if isinstance(found, t.Mapping) else {}

    def _volumes(self, one: Server) -> list[str]:
        return sorted(self._stored(one))

    def _sealed(self, one: Server) -> bool:
        """Whether some volume has an access list; the digest of that comes first."""
        return any(str(digests or "").partition(".")[0] for digests in self._stored(one).values())

    def _machine(self, one: Server, what: str) -> t.Any:
        return ((self._looks.get(one.name) or {}).get("machine") or {}).get(what)


def _newest(version: str) -> int:
    """The highest op-version of that GlusterFS, as far as its number tells."""
    major = version.partition(".")[0]
    return (int(major) + 1) * 10000 - 1 if major.isdigit() and len(major) < 4 else 1 << 31
