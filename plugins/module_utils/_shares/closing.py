# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.
"""Whether a volume lets in nobody but those on its list: asked of every server that has a brick of it."""

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import Conflict, GlusterOpsError, few
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers, volfile
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding, steps
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import LIST, split_list

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Brick, Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster


def check(cluster: LiveCluster, volume: Volume, entries: t.Collection[str], restart: bool) -> None:
    """Conflict if some brick of the volume may let in somebody else, or that cannot be seen. entries: its list.

    restart: where bricks speak no TLS, because they have not been started since that was set, they are.
    """
    gone = answers.away(cluster.cli)
    # It may have been started since.
    told = _unchanged(cluster, volume, entries)
    problems = list(_problems(cluster, told, entries, gone))
    if restart and any(isinstance(one, _Plain) for one in problems):
        steps.restart(cluster.cli, volume.name)
        problems = list(_problems(cluster, told, entries, gone))
    if problems:
        # What a brick has that nobody asked for may be what somebody else asked for meanwhile.
        _unchanged(cluster, volume, entries)
        raise Conflict(
            f"The access list of volume {volume.name!r} was set, and is not proven: {few(problems)} Run this again"
            " then.",
            unproven=problems,
        )


class _Plain(str):
    """What to say of a brick that speaks no TLS."""


def _unchanged(cluster: LiveCluster, volume: Volume, entries: t.Collection[str]) -> Volume:
    """The volume as it is now, if its list still is that."""
    now = answers.volume(cluster.cli, volume.name)
    if set(holding.listed(now)) != set(entries):
        raise steps.ChangedMeanwhile(
            f"The access list of volume {volume.name!r} was set, and is not proven: somebody else changed it at the"
            f" same time to {now.options.get(LIST, 'nothing')!r}. Run this again then."
        )
    return now


def unreached(volume: Volume, uuids: t.Container[str]) -> t.Iterator[str]:
    """What to say of bricks whose glusterd is not connected: they learn of a new list from nobody else."""
    servers = sorted({brick.server for brick in volume.bricks if brick.server_uuid in uuids})
    if servers:
        yield (
            f"{volume.name}: the glusterd of {', '.join(servers)} is not connected, so its bricks go by the old list"
            " until it is."
        )


def _problems(
    cluster: LiveCluster, volume: Volume, entries: t.Collection[str], gone: t.Container[str]
) -> t.Iterator[str]:
    yield from unreached(volume, gone)
    for brick in volume.bricks:
        if brick.server_uuid not in gone:
            problem = _of_brick(cluster, volume, brick, entries)
            if problem:
                yield problem
    if volume.started:
        yield from _unheard(cluster, volume, gone)


def _of_brick(cluster: LiveCluster, volume: Volume, brick: Brick, entries: t.Collection[str]) -> str | None:
    where = f"{brick.server} has brick {brick.path}"
    try:
        rules = volfile.rules(cluster.cli, volume, brick)
    except GlusterOpsError as exc:
        return f"{brick.server} does not tell what its brick {brick.path} goes by: {exc}"
    if rules.value is None or set(split_list(rules.value)) != set(entries):
        return (
            f"{where} go by the list {rules.value or ''!r}, as it could not keep the new one: see whether its"
            " /var/lib/glusterd is full, and glusterd.log."
        )
    if volume.is_on("server.ssl") and not rules.tls:
        return f"{where} speak no TLS, as it could not keep that: see whether its /var/lib/glusterd is full."
    if not rules.dynamic:
        return f"{where} leave in who was let in once (server.dynamic-auth is off)."
    return None


def _unheard(cluster: LiveCluster, volume: Volume, gone: t.Container[str]) -> t.Iterator[str]:
    """Bricks that do not answer their glusterd, as it could tell them nothing either, and those that need no TLS."""
    doors = answers.doors_of(cluster.cli, volume)
    sealed = volume.is_on("server.ssl")
    heard = {(door.server_uuid, door.path) for door in doors}
    for door in doors:
        if sealed and door.online and door.port and cluster.in_plaintext(door.server, door.port):
            yield _Plain(
                f"{door.server} has brick {door.path} speak no TLS: it has not been started since that was set. Stop"
                f" and start volume {volume.name!r}, or allow restart."
            )
    for brick in volume.bricks:
        if brick.server_uuid not in gone and (brick.server_uuid, brick.path) not in heard:
            yield f"{brick.server} does not tell of its brick {brick.path}: see 'gluster volume status {volume.name}'."
