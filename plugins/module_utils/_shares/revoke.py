# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Takes identities off every access list of a cluster, and tells whose sessions ended by that."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    few,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.lock import held
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique
from ansible_collections.glusterops.shares.plugins.module_utils._shares import closing, holding, steps
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import (
    listed,
    matches,
    strange_entries,
    why_not_sealed,
)
from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import (
    LiveCluster,
    Snapshots,
    close,
)
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import Share, shut_out

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Door, Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change

# Bricks let go of whom they do not know any more within a second.
_PATIENCE, _PAUSE = 10.0, 1.0


@dataclasses.dataclass(frozen=True)
class Plan:
    """shares: what the lists of volumes shall lose, by volume; problems: how identities can get in all the same.

    freed: volumes that are nobody's, and whose bricks are not proven to go by their lists.
    """

    shares: t.Mapping[str, Share]
    problems: tuple[str, ...]
    freed: tuple[str, ...] = ()


def check(identities: t.Sequence[str], infrastructure: t.Sequence[str]) -> None:
    """BadInput if one of the identities must not be revoked, or is none."""
    if not identities:
        raise BadInput("identities is empty: name whom to revoke.")
    check_unique(identities, "identity")
    # The rules that hold for each of them.
    Share("shares", tuple(infrastructure), deny=tuple(identities)).check()


def plan(
    identities: t.Sequence[str],
    infrastructure: t.Sequence[str],
    volumes: t.Mapping[str, Volume],
    exposing: t.Callable[[Share, Volume], t.Mapping[str, t.Sequence[str]]],
    deactivate: bool = False,
) -> Plan:
    """What to do. exposing: a volume's active snapshots that let in others than the share does. Raises BadInput."""
    check(identities, infrastructure)
    holders, shares, problems, freed = holding.Holders(volumes), {}, [], []
    for volume in volumes.values():
        entries = listed(volume)
        named = tuple(name for name in identities if name in entries)
        patterns = {entry for entry in entries for name in identities if entry != name and matches(name, entry)}
        if patterns:
            problems.append(
                f"{volume.name}: its access list lets them in by {', '.join(sorted(patterns))}. Name who is meant"
                " instead."
            )
        strange = [entry for entry in strange_entries(entries) if entry not in patterns]
        if strange:
            problems.append(f"{volume.name}: nobody can be sure whom {', '.join(strange)} on its access list lets in.")
        share, conflict = _share_of(volume, holders)
        names = share or holding.share_of(volume) or volume.name
        wanted = Share(names, tuple(infrastructure), deny=tuple(identities), deactivate=deactivate)
        snapshots = exposing(wanted, volume)
        closing = None
        if named or snapshots or holding.unproven(volume):
            if share is None and not (named or snapshots) and holding.share_of(volume) is None:
                freed.append(volume.name)
            elif share is None:
                problems.append(
                    conflict
                    or f"{volume.name}: it is only being made into a share, or no share's any more. Run the role"
                    " shares."
                )
            else:
                shares[volume.name] = wanted
                closing = shut_out(wanted, volume)
        why = why_not_sealed(volume._replace(options={**volume.options, **(closing.options if closing else {})}))
        if why and (volume.started or named):
            problems.append(f"{volume.name}: it is not sealed ({', '.join(why)}), so it keeps nobody out. Seal it.")
    return Plan(shares, tuple(problems), tuple(freed))


def _share_of(volume: Volume, holders: holding.Holders) -> tuple[str | None, str]:
    """The share that the volume holds for its tenants, None if it does not, or if others hold it, too; and that, in
    words."""
    share = holding.share_of(volume)
    if share is None or holding.is_preparing(volume):
        return None, ""
    try:
        return (share if holders.get(share) is volume else None), ""
    except Conflict as exc:
        return None, f"{volume.name}: {exc}"


def revoke(
    cluster: LiveCluster,
    identities: t.Sequence[str],
    infrastructure: t.Sequence[str],
    check_mode: bool,
    clock: t.Any = time,
    deactivate: bool = False,
) -> tuple[list[Change], dict[str, t.Any]]:
    """Changes and return values. Conflict, with both as details, if one of the identities can get in all the same."""
    volumes = answers.volumes(cluster.cli)
    todo = plan(identities, infrastructure, volumes, Snapshots(cluster).exposing, deactivate)
    problems = list(todo.problems)
    sessions = _Sessions(cluster, {name: volumes[name] for name in todo.shares}, _addresses(volumes.values()), clock)
    # Whatever is not known of them, nobody stays on a list for that.
    with _told(problems):
        if not check_mode:
            sessions.look()
    changes, failures = close(cluster, list(todo.shares.values()), check_mode) if todo.shares else ([], [])
    problems += map(str, failures)
    if not check_mode:
        problems += _prove(cluster, todo.freed)
    if not check_mode:
        problems += _prove(cluster, todo.freed)
    with _told(problems):
        problems += sessions.wait()
    values: dict[str, t.Any] = {
        "shares": [
            {"name": share.name, "volume": name, "removed": removed}
            for name, share in todo.shares.items()
            for removed in [[one for one in share.deny if one in listed(volumes[name])]]
            if removed
        ],
        "cut": sessions.cut,
        "kept": sessions.kept,
    }
    # Whether or not there was anything to take off a list in this run.
    away = answers.away(cluster.cli)
    problems += [one for volume in volumes.values() for one in closing.unreached(volume, away)]
    if problems:
        who = ", ".join(identities)
        raise Conflict(
            f"{who} may get in or stay in all the same. {few(problems)}", changes=changes, problems=problems, **values
        )
    return changes, values


def _prove(cluster: LiveCluster, freed: t.Iterable[str]) -> list[str]:
    """Proves that the bricks of volumes that are nobody's go by their lists; the problems with that."""
    problems = []
    for name in freed:
        try:
            with held(name, cluster.locks):
                now = answers.volume(cluster.cli, name)
                if holding.share_of(now) is None and holding.unproven(now):
                    closing.check(cluster, now, listed(now), restart=False)
                    steps.set_options(cluster.cli, name, {holding.UNPROVEN: "-"}, steps.guarded(now))
        except GlusterOpsError as exc:
            problems.append(str(exc))
    return problems


@contextlib.contextmanager
def _told(problems: list[str]) -> t.Iterator[None]:
    try:
        yield
    except GlusterOpsError as exc:
        problems.append(f"Whose sessions ended nobody knows: {exc}")


class _Sessions:
    """Who is connected to the volumes, before their lists change and after. own: the addresses of the servers.

    cut: whose sessions ended; kept: whose went on, where nobody is asked for a certificate.
    """

    def __init__(self, cluster: LiveCluster, volumes: t.Mapping[str, Volume], own: set[str], clock: t.Any) -> None:
        self._cluster, self._volumes, self._own, self._clock = cluster, volumes, own, clock
        self._views: dict[str, Door] = {}
        self.cut: list[dict[str, str]] = []
        self.kept: list[dict[str, str]] = []

    def look(self) -> None:
        if self._volumes:
            doors = answers.doors(self._cluster.cli, self._volumes)
            views = {name: _view(doors.get(name, ())) for name in self._volumes}
            self._views = {name: view for name, view in views.items() if view}

    def wait(self) -> list[str]:
        """Until they are settled. What is wrong with those that went on."""
        left, problems = self._wait() if self._views else {}, []
        for name, view in self._views.items():
            sessions = [one for one in view.clients if not _of(one, self._own)]
            self.cut += [{"volume": name, "client": one} for one in sessions if one not in left[name]]
            kept = [{"volume": name, "client": one} for one in sessions if one in left[name]]
            if kept and view.port and self._cluster.in_plaintext(view.server, view.port):
                self.kept += kept
                problems.append(
                    f"{name}: its bricks speak no TLS, although it says that it is sealed, so nobody knows whose its"
                    f" {len(kept)} sessions are. Stop and start it."
                )
        return problems

    def _wait(self) -> dict[str, set[str]]:
        """By volume, who is still connected: once on each somebody is gone or nobody could be, or patience ends."""
        end, before = self._clock.monotonic() + _PATIENCE, None
        while True:
            now = answers.doors(self._cluster.cli, self._volumes)
            left = {
                name: {one for door in now.get(name, ()) if _same(door, view) for one in door.clients}
                for name, view in self._views.items()
            }
            settled = all(
                any(one not in left[name] for one in view.clients) or all(_of(one, self._own) for one in left[name])
                for name, view in self._views.items()
            )
            if settled and left == before or self._clock.monotonic() >= end:
                return left
            before = left
            self._clock.sleep(_PAUSE)


def _view(doors: t.Sequence[Door]) -> Door | None:
    """The brick that most clients are connected to: each is to all, from other ports."""
    return max((door for door in doors if door.online), key=lambda door: len(door.clients), default=None)


def _same(door: Door, other: Door) -> bool:
    return (door.server, door.path) == (other.server, other.path)


def _of(client: str, addresses: t.Container[str]) -> bool:
    return client.rpartition(":")[0] in addresses


def _addresses(volumes: t.Iterable[Volume]) -> set[str]:
    """Those of the servers, whose daemons are clients, too."""
    found: set[str] = set()
    for server in {server for volume in volumes for server in volume.servers}:
        with contextlib.suppress(OSError):
            found.update(str(one[4][0]) for one in socket.getaddrinfo(server, None))
    return found
