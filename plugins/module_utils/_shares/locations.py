# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Where shares are once a run has worked on them, and from which servers they are mounted."""

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._machines import told
from ansible_collections.glusterops.shares.plugins.module_utils._shares.provision import MADE_OF


def got(
    workers: t.Mapping[str, str], placed: t.Mapping[str, str | None], results: t.Mapping[str, t.Any], check_mode: bool
) -> dict[str, dict[str, str]]:
    """The shares that have got a volume in this run, or in a dry run would get one of a pool, or of bricks, by name,
    with their C(cluster) and C(volume).

    placed: by share, the cluster that was to give it. results: by worker, what gluster_shares returned there.
    """
    return {
        share: {"cluster": cluster, "volume": volume}
        for cluster, worker in workers.items()
        for share, volume in _given(results.get(worker), check_mode)
        if placed.get(share) == cluster
    }


def _given(result: t.Any, check_mode: bool) -> list[tuple[str, str]]:
    with told.whatever_it_told():
        changes = (result.get("changes") or ()) if check_mode else ()
        planned = [(change["subject"], change["after"]) for change in changes if change["what"] == "volume"]
        planned += [(change["subject"], change["subject"]) for change in changes if change["what"] == MADE_OF]
        given = [*planned, *((share["name"], share["volume"]) for share in result.get("shares") or ())]
        return [(told.word(share), told.word(volume)) for share, volume in given if volume]
    return []


def locations(
    shares: t.Mapping[str, t.Mapping[str, t.Any]],
    workers: t.Mapping[str, str],
    groups: t.Mapping[str, t.Sequence[str]],
    looks: t.Mapping[str, t.Any],
    addresses: t.Mapping[str, str],
    declared: t.Mapping[str, t.Mapping[str, t.Any]],
) -> dict[str, dict[str, t.Any]]:
    """By share, its C(cluster) and C(volume), and the C(servers) to mount it from. Where volumes of other clusters may
    have the same name, it is C(known_as) from all names of those servers, by the inventory and among themselves.

    looks: by server, what gluster_info told there with its peers. addresses: by server, where Ansible finds it.
    declared: by server whose pool is declared, too, the C(address) by which all find it.
    """
    known_as = {}
    for cluster, worker in workers.items() if len(workers) > 1 else ():
        hosts, its = groups[cluster], told.pool(looks.get(worker))
        names = dict.fromkeys([*hosts, *(addresses.get(host) for host in hosts), *(its.names.values() if its else ())])
        known_as[cluster] = [name for name in names if name and name != told.ITSELF]
    return {
        name: {
            "cluster": its["cluster"],
            "volume": its["volume"],
            "servers": [declared[host]["address"] if host in declared else host for host in groups[its["cluster"]]],
            "known_as": known_as.get(its["cluster"], []),
        }
        for name, its in shares.items()
    }
