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
    few,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique
from ansible_collections.glusterops.shares.plugins.module_utils._shares import closing, holding
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

_Doors = t.Mapping[str, t.Sequence["Door"]]


@dataclasses.dataclass(frozen=True)
class Plan:
    """shares: what the lists of volumes shall lose, by volume; problems: how identities can get in all the same."""

    shares: t.Mapping[str, Share]
    problems: tuple[str, ...]


def plan(
    identities: t.Sequence[str],
    infrastructure: t.Sequence[str],
    volumes: t.Mapping[str, Volume],
    exposing: t.Callable[[Share, Volume], t.Mapping[str, t.Sequence[str]]],
    deactivate: bool = False,
) -> Plan:
    """What to do. exposing: a volume's active snapshots that let in others than the share does. Raises BadInput."""
    if not identities:
        raise BadInput("identities is empty: name whom to revoke.")
    check_unique(identities, "identity")
    # The rules that hold for each of them.
    Share("shares", tuple(infrastructure), deny=tuple(identities)).check()
    holders, shares, problems = holding.Holders(volumes), {}, []
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
        share = _share_of(volume, holders)
        names = share or holding.share_of(volume) or volume.name
        wanted = Share(names, tuple(infrastructure), deny=tuple(identities), deactivate=deactivate)
        snapshots = exposing(wanted, volume)
        closing = None
        if named or snapshots or holding.unproven(volume):
            if share is None:
                problems.append(
                    f"{volume.name}: it is only being made into a share, or no share's any more. Run the role shares."
                )
            else:
                shares[volume.name] = wanted
                closing = shut_out(wanted, volume)
        why = why_not_sealed(volume._replace(options={**volume.options, **(closing.options if closing else {})}))
        if why and (volume.started or named):
            problems.append(f"{volume.name}: it is not sealed ({', '.join(why)}), so it keeps nobody out. Seal it.")
    return Plan(shares, tuple(problems))


def _share_of(volume: Volume, holders: holding.Holders) -> str | None:
    """The share that the volume holds for its tenants, None if it does not."""
    share = holding.share_of(volume)
    if share is None or holding.is_preparing(volume):
        return None
    try:
        return share if holders.get(share) is volume else None
    except Conflict:
        return None


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
    before = {} if check_mode or not todo.shares else answers.doors(cluster.cli, volumes)
    problems = list(todo.problems)
    changes, failures = close(cluster, list(todo.shares.values()), check_mode) if todo.shares else ([], [])
    problems += map(str, failures)
    values: dict[str, t.Any] = {
        "shares": [
            {"name": share.name, "volume": name, "removed": removed}
            for name, share in todo.shares.items()
            for removed in [[one for one in share.deny if one in listed(volumes[name])]]
            if removed
        ],
        "cut": [],
        "kept": [],
    }
    if before:
        touched = [volumes[name] for name in todo.shares]
        views = {volume.name: view for volume in touched for view in [_view(before.get(volume.name, ()))] if view}
        own = _addresses(before)
        left = _wait(cluster, views, volumes, own, clock)
        for name, view in views.items():
            sessions = [one for one in view.clients if not _of(one, own)]
            values["cut"] += [{"volume": name, "client": one} for one in sessions if one not in left[name]]
            kept = [{"volume": name, "client": one} for one in sessions if one in left[name]]
            if kept and view.port and cluster.in_plaintext(view.server, view.port):
                values["kept"] += kept
                problems.append(
                    f"{name}: its bricks speak no TLS, although it says that it is sealed, so nobody knows whose its"
                    f" {len(kept)} sessions are. Stop and start it."
                )
    # Whether or not there was anything to take off a list in this run.
    away = answers.away(cluster.cli)
    problems += [one for volume in volumes.values() for one in closing.unreached(volume, away)]
    if problems:
        who = ", ".join(identities)
        raise Conflict(
            f"{who} may get in or stay in all the same. {few(problems)}", changes=changes, problems=problems, **values
        )
    return changes, values


def _view(doors: t.Sequence[Door]) -> Door | None:
    """The brick that most clients are connected to: each is to all, from other ports."""
    return max((door for door in doors if door.online), key=lambda door: len(door.clients), default=None)


def _wait(
    cluster: LiveCluster, views: t.Mapping[str, Door], volumes: t.Mapping[str, Volume], own: set[str], clock: t.Any
) -> dict[str, set[str]]:
    """By volume, who is still connected, once on each somebody is gone or nobody could be, or when patience ends."""
    end, before = clock.monotonic() + _PATIENCE, None
    while True:
        now = answers.doors(cluster.cli, volumes)
        left = {
            name: {one for door in now.get(name, ()) if _same(door, view) for one in door.clients}
            for name, view in views.items()
        }
        settled = all(
            any(one not in left[name] for one in view.clients) or all(_of(one, own) for one in left[name])
            for name, view in views.items()
        )
        if settled and left == before or clock.monotonic() >= end:
            return left
        before = left
        clock.sleep(_PAUSE)


def _same(door: Door, other: Door) -> bool:
    return (door.server, door.path) == (other.server, other.path)


def _of(client: str, addresses: t.Container[str]) -> bool:
    return client.rpartition(":")[0] in addresses


def _addresses(doors: _Doors) -> set[str]:
    """Those of the servers, whose daemons are clients, too."""
    found: set[str] = set()
    for server in {door.server for its in doors.values() for door in its}:
        with contextlib.suppress(OSError):
            found.update(str(one[4][0]) for one in socket.getaddrinfo(server, None))
    return found
