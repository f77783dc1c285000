# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Who is asked when requirements are checked, and what of it is judged."""

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._machines import told

_Groups = t.Mapping[str, t.Sequence[str]]
_Values = t.Mapping[str, t.Any]


def asked(clusters: t.Iterable[str], groups: _Groups, looks: _Values) -> dict[str, str]:
    """Cluster to the first of its servers whose glusterd answers: best one that bricks trust, so that it can ask them.

    looks: by machine, what gluster_info returned there.
    """
    of = {cluster: [host for host in groups.get(cluster, ()) if told.pool(looks.get(host))] for cluster in clusters}
    return {
        cluster: next((host for host in hosts if _is_trusted(told.identity(looks[host]))), hosts[0])
        for cluster, hosts in of.items()
        if hosts
    }


def _is_trusted(identity: _Values) -> bool:
    return identity.get("matches") is True and identity.get("problem", "") is None


def parameters(
    clusters: t.Sequence[str],
    groups: _Groups,
    looks: _Values,
    answers: _Values,
    infrastructures: t.Mapping[str, t.Sequence[str]],
    managers: t.Collection[str],
    prefixes: tuple[str, str],
    shares: t.Iterable[_Values],
) -> dict[str, t.Any]:
    """The machines, clusters and shares for gluster_check.

    answers: by server that was asked about its cluster, what it told. infrastructures: by cluster, who is on every
    access list. prefixes: what the names of servers and of management hosts begin with. shares: as they are declared.
    """
    servers = {host for cluster in clusters for host in groups.get(cluster, ())}
    server_prefix, manager_prefix = prefixes
    at = asked(clusters, groups, looks)

    def name(host: str) -> str | None:
        """What its identity must be. A tenant's may be any."""
        return server_prefix + host if host in servers else manager_prefix + host if host in managers else None

    return {
        "machines": [{"name": host, "common_name": name(host), "told": its} for host, its in looks.items()],
        "clusters": [
            {
                "name": cluster,
                "servers": list(groups.get(cluster, ())),
                "asked": at.get(cluster),
                "told": answers.get(at.get(cluster, ""), {}),
                "infrastructure": list(infrastructures[cluster]),
            }
            for cluster in clusters
        ],
        "shares": [{"name": share.get("name"), "identities": share.get("identities") or []} for share in shares],
    }
