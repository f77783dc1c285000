# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Has servers join a trusted pool or leave it, and waits until all of it knows."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    Conflict,
    GlusterOpsError,
    NotFound,
    Refused,
    TimedOut,
    Unreachable,
    few,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import MEMBER, Peer
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import NoAnswer
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.lock import DIRECTORY, held
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_pattern
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._servers import plan
from ansible_collections.glusterops.shares.plugins.module_utils._servers.plan import ABSENT, JOINED, PEER, Pool
from ansible_collections.glusterops.shares.plugins.module_utils._shares import steps

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli

_LOCK = ".servers"
_PAUSE, _ROUNDS = 0.5, 6


@dataclasses.dataclass(frozen=True)
class Wanted:
    """servers: by which addresses they shall be in the pool, or none of whom shall. infrastructure: whom every access
    list shall let in before. uuids: by address, which server is meant."""

    servers: tuple[str, ...]
    present: bool = True
    infrastructure: tuple[str, ...] = ()
    uuids: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    timeout: float = 120.0

    def check(self) -> Wanted:
        """Itself, if every value may be used; else BadInput."""
        plan.check_addresses(self.servers)
        for entry in self.infrastructure:
            check_pattern(entry)
        return self


def reconcile(
    cli: GlusterCli,
    wanted: Wanted,
    check_mode: bool,
    locks: str = DIRECTORY,
    clock: t.Callable[[], float] = time.monotonic,
) -> tuple[list[Change], dict[str, t.Any]]:
    """Its changes; the pool afterwards as C(servers), and who of them has another name there as C(known_as).

    Where every server is a member by its name already that is one call of gluster.
    """
    wanted.check()
    run = _Run(cli, wanted, check_mode, locks, clock)
    try:
        pool = run.run()
    except GlusterOpsError as exc:
        exc.details["changes"] = run.done
        raise
    servers = [{"uuid": one.uuid, "hostname": one.hostname, "connected": one.connected} for one in pool.peers]
    return run.done, {"servers": servers, "known_as": run.known_as}


class _Run:
    """done: what was changed so far."""

    def __init__(
        self, cli: GlusterCli, wanted: Wanted, check_mode: bool, locks: str, clock: t.Callable[[], float]
    ) -> None:
        self._cli, self._wanted, self._check_mode, self._locks, self._clock = cli, wanted, check_mode, locks, clock
        self.done: list[Change] = []
        self.known_as: dict[str, str] = {}
        # By address that the pool has nobody by, who answers there.
        self._asked: dict[str, plan.Asked | None] = {}
        self._gone: list[str] = []

    def run(self) -> Pool:
        pool = self._settled()
        todo = self._todo(pool)
        if not todo or self._check_mode:
            self.done += self._changes(todo)
            return pool
        # Another run may have done it meanwhile.
        with held(_LOCK, self._locks):
            todo = self._todo(self._settled())
            if self._wanted.present:
                self._widen(todo)
                for address in todo:
                    self._probe(address)
            else:
                for name in todo:
                    self._detach(name)
        return self._agreed()

    # ---- looking ----
    def _pool(self) -> Pool:
        return Pool(answers.peers(self._cli))

    def _settled(self) -> Pool:
        """The pool, once nobody whom it concerns is just joining or leaving: an interrupted run may have begun that."""
        end = self._clock() + self._wanted.timeout
        while True:
            pool = self._pool()
            if not pool.passing or self._clock() >= end:
                return pool
            self._cli.sleep(_PAUSE)

    def _todo(self, pool: Pool) -> list[str]:
        """The addresses to probe, or the names to detach."""
        servers = self._wanted.servers
        self._asked = {address: self._ask(address) for address in servers if not pool.named(address)}
        if self._wanted.present:
            self.known_as = plan.known_as(pool, self._asked)
            return plan.joining(pool, servers, self._asked, self._wanted.uuids)
        volumes = answers.volumes(self._cli).values()
        return [peer.hostname for peer in plan.leaving(pool, servers, self._asked, volumes)]

    def _ask(self, address: str) -> plan.Asked | None:
        its = self._cli.at(address)
        try:
            pool = Pool(answers.peers(its))
            # Only of one that is alone it matters.
            volumes = () if pool.others else tuple(sorted(answers.volumes(its)))
        except (NoAnswer, Unreachable):
            return None
        return plan.Asked(pool.own.uuid, {peer.uuid: peer.hostname for peer in pool.peers}, volumes)

    def _changes(self, todo: t.Sequence[str]) -> list[Change]:
        if not self._wanted.present:
            return [Change(name, PEER, JOINED, ABSENT) for name in todo]
        return [*(self._lacking() if todo else []), *(Change(address, PEER, ABSENT, JOINED) for address in todo)]

    def _lacking(self) -> list[Change]:
        if not self._wanted.infrastructure:
            return []
        return plan.widened(answers.volumes(self._cli).values(), self._wanted.infrastructure)

    # ---- joining ----
    def _widen(self, todo: t.Sequence[str]) -> None:
        """A server is a client of every volume as soon as it is a member."""
        for change in self._lacking() if todo else []:
            with held(change.subject, self._locks):
                self._widen_one(change.subject)

    def _widen_one(self, name: str) -> None:
        for _round in range(_ROUNDS):
            try:
                volume = answers.volume(self._cli, name)
            except NotFound:
                return
            changes = plan.widened([volume], self._wanted.infrastructure)
            if not changes:
                return
            with contextlib.suppress(steps.ChangedMeanwhile):
                self._set(volume, changes[0])
        raise Conflict(f"Volume {name!r}: somebody else changed its access list again and again.")

    def _set(self, volume: Volume, change: Change) -> None:
        options = {change.what: steps.value_of(change.after)}
        steps.set_options(self._cli, volume.name, options, steps.guarded(volume))
        self.done.append(change)

    def _probe(self, address: str) -> None:
        uuid = t.cast(plan.Asked, self._asked[address]).uuid
        try:
            self._cli.xml("peer", "probe", address)
        except Refused as exc:
            # A run on another server may have been first.
            if not self._pool().having(uuid):
                raise _why_not(address, exc) from exc
        else:
            self.done.append(Change(address, PEER, ABSENT, JOINED))
        # The next one is told of all others.
        self._wait(lambda: _not_yet(self._pool().having(uuid), address))

    # ---- leaving ----
    def _detach(self, name: str) -> None:
        try:
            self._cli.xml("peer", "detach", name)
        except Refused as exc:
            if self._pool().named(name):
                raise Conflict(f"{name} cannot leave the pool: {exc}", **exc.details) from exc
        else:
            self.done.append(Change(name, PEER, JOINED, ABSENT))
        self._gone.append(name)

    # ---- afterwards ----
    def _agreed(self) -> Pool:
        """The pool, once every member that answers knows all others, and nobody else."""
        self._wait(lambda: self._disagreeing(self._pool()))
        return self._pool()

    def _disagreeing(self, pool: Pool) -> list[str]:
        found = []
        if self._wanted.present:
            found = [f"{peer.hostname} is {peer.state!r}." for peer in pool.troubled]
        members = {peer.uuid for peer in pool.peers}
        for peer in pool.others:
            if peer.connected:
                found += _other_view(peer, self._view(peer), members)
        for name in self._gone:
            its = self._ask(name)
            found += [f"{name} still has {', '.join(its.others)}."] if its and its.others else []
        return found

    def _view(self, peer: Peer) -> Pool | None:
        with contextlib.suppress(NoAnswer, Unreachable):
            return Pool(answers.peers(self._cli.at(peer.hostname)))
        return None

    def _wait(self, missing: t.Callable[[], t.Sequence[str]]) -> None:
        end = self._clock() + self._wanted.timeout
        while True:
            left = missing()
            if not left:
                return
            if self._clock() >= end:
                raise TimedOut(
                    f"After {self._wanted.timeout:.0f} seconds the servers of the pool do not all know each other:"
                    f" {few(left)} See glusterd.log there, and run this again."
                )
            self._cli.sleep(_PAUSE)


def _not_yet(peer: Peer | None, address: str) -> list[str]:
    if peer is None:
        return [f"{address} is not among them."]
    return [] if peer.connected and peer.state == MEMBER else [f"{address} is {peer.state!r}."]


def _other_view(peer: Peer, view: Pool | None, members: t.AbstractSet[str]) -> list[str]:
    """What is wrong with what a member tells of the pool."""
    if view is None:
        return [f"{peer.hostname} does not tell."]
    its = {one.uuid for one in view.peers}
    if its != members:
        return [f"{peer.hostname} has {len(its)} servers, and not these {len(members)}."]
    return [f"For {peer.hostname}, {one.hostname} is {one.state!r}." for one in view.others if one.state != MEMBER]


def _why_not(address: str, exc: Refused) -> GlusterOpsError:
    """What gluster's refusal means."""
    said = str(exc)
    if "op-version" in said:
        return Conflict(
            f"{address} has an older GlusterFS than the pool has agreed on, so it cannot join: install the pool's"
            f" version there. ({said})",
            **exc.details,
        )
    if "another cluster" in said:
        return Conflict(f"{address} is in another pool, or has volumes: have it leave that first. ({said})")
    return Conflict(f"{address} cannot join: {said}", **exc.details)
