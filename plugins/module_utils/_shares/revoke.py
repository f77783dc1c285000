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

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict, few
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding
from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster, reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import (
    DYNAMIC,
    LIST,
    SEAL,
    Share,
    matches,
    open_entries,
    split_list,
)

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


def plan(identities: t.Sequence[str], infrastructure: t.Sequence[str], volumes: t.Mapping[str, Volume]) -> Plan:
    """What to do. Raises BadInput."""
    if not identities:
        raise BadInput("identities is empty: name whom to revoke.")
    check_unique(identities, "identity")
    # The rules that hold for each of them.
    Share("shares", tuple(infrastructure), deny=tuple(identities)).check()
    by_share, shares, problems = holding.by_share(volumes), {}, []
    for volume in volumes.values():
        entries = split_list(volume.options.get(LIST, ""))
        named = tuple(name for name in identities if name in entries)
        off = [option for option in SEAL if not volume.is_on(option)]
        patterns = {entry for entry in entries for name in identities if entry != name and matches(name, entry)}
        share = holding.share_of(volume)
        if patterns:
            problems.append(
                f"{volume.name}: its access list lets them in by {', '.join(sorted(patterns))}. Name who is meant"
                " instead."
            )
        if named and off:
            problems.append(
                f"{volume.name}: it is not sealed ({', '.join(off)} off), so its access list keeps nobody out. Seal it."
            )
        elif named and not open_entries(entries):
            if share is None or by_share[share] is not volume or holding.is_preparing(volume):
                problems.append(
                    f"{volume.name}: it is only being made into a share, or no share's any more. Run the role"
                    " shares."
                )
            else:
                lasting = DYNAMIC in volume.options and not volume.is_on(DYNAMIC)
                options = {DYNAMIC: "on"} if lasting else {}
                shares[volume.name] = Share(share, tuple(infrastructure), deny=named, options=options)
    return Plan(shares, tuple(problems))


def revoke(
    cluster: LiveCluster,
    identities: t.Sequence[str],
    infrastructure: t.Sequence[str],
    check_mode: bool,
    in_plaintext: t.Callable[[str, int], bool],
    clock: t.Any = time,
) -> tuple[list[Change], dict[str, t.Any]]:
    """Changes and return values. Conflict, with both as details, if one of the identities can get in all the same."""
    volumes = answers.volumes(cluster.cli)
    todo = plan(identities, infrastructure, volumes)
    before = {} if check_mode or not todo.shares else answers.doors(cluster.cli)
    changes = reconcile(cluster, list(todo.shares.values()), check_mode)[0] if todo.shares else []
    problems = list(todo.problems)
    values: dict[str, t.Any] = {
        "shares": [
            {"name": share.name, "volume": name, "removed": list(share.deny)} for name, share in todo.shares.items()
        ],
        "cut": [],
        "kept": [],
    }
    if before:
        touched = [volumes[name] for name in todo.shares]
        views = {volume.name: view for volume in touched for view in [_view(before.get(volume.name, ()))] if view}
        own = _addresses(before)
        left = _wait(cluster, views, own, clock)
        for name, view in views.items():
            sessions = [one for one in view.clients if not _of(one, own)]
            values["cut"] += [{"volume": name, "client": one} for one in sessions if one not in left[name]]
            kept = [{"volume": name, "client": one} for one in sessions if one in left[name]]
            if kept and view.port and in_plaintext(view.server, view.port):
                values["kept"] += kept
                problems.append(
                    f"{name}: its bricks speak no TLS, although it says that it is sealed, so nobody knows whose its"
                    f" {len(kept)} sessions are. Stop and start it."
                )
        problems += _unreached(cluster, touched)
    if problems:
        who = ", ".join(identities)
        raise Conflict(f"{who} may get in or stay in all the same. {few(problems)}", changes=changes, **values)
    return changes, values


def _view(doors: t.Sequence[Door]) -> Door | None:
    """The brick that most clients are connected to: each is to all, from other ports."""
    return max((door for door in doors if door.online), key=lambda door: len(door.clients), default=None)


def _wait(cluster: LiveCluster, views: t.Mapping[str, Door], own: set[str], clock: t.Any) -> dict[str, set[str]]:
    """By volume, who is still connected, once on each somebody is gone or nobody could be, or when patience ends."""
    end, before = clock.monotonic() + _PATIENCE, None
    while True:
        now = answers.doors(cluster.cli)
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


def _unreached(cluster: LiveCluster, volumes: t.Sequence[Volume]) -> t.Iterator[str]:
    """Bricks learn of a new list from their server's glusterd."""
    away = {peer.uuid for peer in answers.peers(cluster.cli) if not peer.connected}
    for volume in volumes:
        servers = sorted({brick.server for brick in volume.bricks if brick.server_uuid in away})
        if servers:
            yield (
                f"{volume.name}: the glusterd of {', '.join(servers)} is not connected, so its bricks go by the old"
                " list until it is."
            )
