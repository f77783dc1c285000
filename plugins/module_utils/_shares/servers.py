# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""The servers of a run: which of them works for each cluster, who is on the access lists, and what they told."""

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict, Unreachable
from ansible_collections.glusterops.shares.plugins.module_utils._machines import told
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import matches

_Groups = t.Mapping[str, t.Sequence[str]]
_Told = t.Mapping[str, t.Any]
# By server, what gluster_info returned there.
_Looks = t.Mapping[str, _Told]


def answering(clusters: t.Sequence[str], groups: _Groups, looks: _Looks) -> dict[str, str]:
    """Cluster to the first server of its group that answered, without those that have none."""
    pools = told.pools(looks)
    of = {cluster: [host for host in groups.get(cluster, ()) if host in pools] for cluster in clusters}
    return {cluster: hosts[0] for cluster, hosts in of.items() if hosts}


def workers(clusters: t.Sequence[str], groups: _Groups, looks: _Looks, joining: bool = False) -> dict[str, str]:
    """Cluster to the server that does the work there: the first of its group that answered.

    joining: servers may be in no pool yet. Raises what is wrong with the groups.
    """
    check_unique(clusters, "cluster")
    pools = told.pools(looks)
    of = {cluster: [host for host in groups.get(cluster, []) if host in pools] for cluster in clusters}
    silent = [cluster for cluster in clusters if not of[cluster]]
    if silent or not of:
        raise Unreachable(
            f"No server of {' and '.join(silent) or 'any cluster'} answers, so what is there is not known: each entry"
            " of shares_clusters must be an inventory group with a server that is up and not left out by --limit."
        )
    for host in pools:
        member = [cluster for cluster in clusters if host in of[cluster]]
        if len(member) != 1:
            raise BadInput(
                f"{host} is in {' and '.join(member) or 'none'} of the groups {', '.join(clusters)}: put it into the"
                " one of its cluster (shares_clusters)."
            )
    found: dict[str, str] = {}
    for cluster in clusters:
        worker = of[cluster][0]
        members = pools[worker].names
        for other, its_worker in found.items():
            if pools[its_worker].uuid in members:
                raise Conflict(
                    f"The groups {other} and {cluster} are one cluster: {its_worker} and {worker} are in one pool. Let"
                    " shares_clusters name one group for each cluster."
                )
        # A server that is alone is only not in its pool yet.
        alone = len(members) == 1
        outside = [
            host
            for host in of[cluster]
            if pools[host].uuid not in members and (alone or len(pools[host].names) > 1) and not joining
        ]
        if outside:
            raise Conflict(
                f"{worker} would do the work, and {', '.join(outside)} are in another pool. Let Heketi add the new"
                " servers first (role topology), or give each pool a group of its own in shares_clusters."
            )
        found[cluster] = worker
    return found


def silent(looks: _Looks) -> dict[str, str]:
    """By server that did not tell its pool, why."""
    return {host: told.why_not(its, "peers") for host, its in looks.items() if not told.pool(its)}


def without_crls(looks: _Looks) -> list[str]:
    """The servers that lack a CRL of some CA in their bundle, or have one that has ended, or answered and could not
    tell."""
    answered = {host: its for host, its in looks.items() if not (isinstance(its, t.Mapping) and its.get("unreachable"))}
    return [host for host, its in answered.items() if not _has_crls(told.identity(its))]


def _has_crls(identity: t.Mapping[str, t.Any]) -> bool:
    return bool(identity.get("crls")) and identity.get("lacks_crl") == []


def infrastructures(
    clusters: t.Iterable[str], groups: _Groups, managers_group: str, server_prefix: str, manager_prefix: str
) -> dict[str, list[str]]:
    """By cluster, who is on every access list of it: its servers, and the management hosts. Named one by one: who is on
    a list can be read there, and Heketi takes no patterns."""
    managers = [manager_prefix + host for host in groups.get(managers_group, ())]
    return {cluster: [server_prefix + host for host in groups.get(cluster, ())] + managers for cluster in clusters}


def listed(
    lists: t.Mapping[str, t.Sequence[str]],
    groups: _Groups,
    looks: _Looks,
    addresses: t.Mapping[str, str],
    joining: bool,
) -> dict[str, t.Any]:
    """The servers that every access list of their cluster lets in: by glusterd's UUID, the identity that each answers
    with (C(identities)), and all names that Heketi may have for them (C(names)).

    lists: by cluster, who is on every list, patterns too. addresses: by server, where Ansible finds it. joining:
    whether they may get their identities only now, as in a dry run.
    """
    pools = told.pools(looks)
    known = [
        host
        for cluster, entries in lists.items()
        for host in groups.get(cluster, ())
        if host in pools and (joining or _lets_in(entries, told.common_name(looks[host])))
    ]
    uuids = {pools[host].uuid for host in known}
    theirs = [name for its in pools.values() for uuid, name in its.names.items() if uuid in uuids]
    names = dict.fromkeys([*known, *(addresses.get(host) for host in known), *theirs])
    return {
        "identities": {pools[host].uuid: told.common_name(looks[host]) for host in known},
        "names": [name for name in names if name and name != told.ITSELF],
    }


def _lets_in(entries: t.Iterable[str], name: str | None) -> bool:
    return name is not None and any(matches(name, entry) for entry in entries)


def read(workers: t.Mapping[str, str], groups: _Groups, reads: _Looks, looks: _Looks) -> dict[str, dict[str, t.Any]]:
    """By cluster, what its worker told of its volumes, as placement.place takes it, and the limits that its servers
    know. Nothing if the worker could not tell.

    reads: by worker, what gluster_info returned there with its holdings.
    """
    pools = told.pools(looks)
    return {
        cluster: _volumes(reads.get(worker), [looks[host] for host in groups.get(cluster, ()) if host in pools])
        for cluster, worker in workers.items()
    }


def _volumes(its: _Told | None, looks: t.Iterable[_Told]) -> dict[str, t.Any]:
    if not its or its.get("holdings") is None:
        return {}
    return {
        "volumes": its["holdings"],
        "snapshots": [snapshot["name"] for snapshot in its.get("snapshots") or ()],
        "differing": its.get("differing"),
        "free": its.get("free") or [],
        # None for one that could not tell.
        "limits": [look.get("limits") for look in looks],
    }
