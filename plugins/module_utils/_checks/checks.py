# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Whether machines and clusters are as shares need them: each check is a function of the scene."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._checks import tls
from ansible_collections.glusterops.shares.plugins.module_utils._checks.finding import (
    ERROR,
    WARNING,
    Finding,
    Problems,
    name_of,
    some,
    values_of,
)
from ansible_collections.glusterops.shares.plugins.module_utils._checks.scene import Clock
from ansible_collections.glusterops.shares.plugins.module_utils._checks.survey import LOOKUP, TRASH_DEFAULT
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import MEMBER
from ansible_collections.glusterops.shares.plugins.module_utils._machines.stored import differing
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import matches

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._checks.scene import Cluster, Machine, Scene
    from ansible_collections.glusterops.shares.plugins.module_utils._checks.survey import Daemons

CONTROL_NODE = "control node"

OLDEST, NEWEST = 9, 11
# How glusterd is restarted: Debian's unit ends all bricks and daemons of the server with it.
GENTLY = (
    "one server at a time, and only while 'gluster volume heal VOLUME info' tells 0 entries for every volume: with"
    " Debian's unit its bricks stop, too"
)
# Seconds that clocks may differ.
SLIGHTLY, BADLY = 5.0, 60.0


def _reachable(scene: Scene) -> Problems:
    for machine in scene.machines:
        if machine.failure is not None:
            yield (
                ERROR,
                [machine.name],
                f"nothing is known of it: {machine.failure}",
                "See that it runs, and that ssh, sudo and Python work there.",
            )
    asked = {machine.name for machine in scene.machines}
    for cluster in scene.clusters:
        absent = [name for name in cluster.servers if name not in asked]
        if absent:
            yield WARNING, absent, "not asked in this run", "Run this on all machines, without --limit."
        if cluster.failure is not None:
            yield (
                ERROR,
                [cluster.name],
                f"its volumes could not be looked at: {cluster.failure}",
                f"See glusterd.log in /var/log/glusterfs on {cluster.asked}.",
            )
    for server in scene.servers:
        if server.peers is None and server.version is not None:
            yield (
                ERROR,
                [server.name],
                "its glusterd does not answer",
                "Start it there: systemctl start glusterd. Its log is /var/log/glusterfs/glusterd.log.",
            )


def _twins(scene: Scene) -> Problems:
    by_instance: dict[str, list[str]] = {}
    for machine in scene.told:
        if machine.instance:
            by_instance.setdefault(machine.instance, []).append(machine.name)
    for names in by_instance.values():
        if len(names) > 1:
            yield (
                ERROR,
                names,
                "one machine under several names: it can have one identity only",
                "Keep one of its names in the inventory.",
            )


def _version(scene: Scene) -> Problems:
    servers = scene.servers
    for machine in scene.told:
        if machine.version is None:
            what = "GlusterFS's server" if machine in servers else "GlusterFS's client"
            yield ERROR, [machine.name], "GlusterFS is not installed", f"Install {what}."
        elif machine.major is None or machine.major > NEWEST:
            yield (
                WARNING,
                [machine.name],
                f"GlusterFS {machine.version} is none of the versions that this was tried with",
                f"GlusterFS {OLDEST} to {NEWEST} are known to work.",
            )
        elif machine.major < OLDEST:
            yield (
                ERROR,
                [machine.name],
                f"GlusterFS {machine.version} is too old",
                f"Upgrade it to {OLDEST} or later: servers first, one after the other, then hosts.",
            )
    for cluster in scene.clusters:
        its = [server for server in scene.of(cluster, servers) if server.major is not None]
        if len({server.major for server in its}) > 1:
            yield (
                WARNING,
                [cluster.name],
                f"its servers have different versions of GlusterFS: {values_of(its, 'version')}",
                f"Upgrade the older ones, {GENTLY}.",
            )
    majors = {server.major for server in servers if server.major is not None}
    for machine in scene.told:
        if machine.major is None or machine in servers or not majors or machine.major in majors:
            continue
        versions = ", ".join(sorted({str(server.version) for server in servers}))
        yield (
            WARNING,
            [machine.name],
            f"its GlusterFS is {machine.version}, and no server's is: {versions}",
            "Have the same on servers and hosts. Upgrade servers before hosts.",
        )


def _clusters(scene: Scene) -> Problems:
    groups = collections.Counter(name for cluster in scene.clusters for name in cluster.servers)
    twice = [name for name, count in groups.items() if count > 1]
    if twice:
        yield ERROR, twice, "in the groups of two clusters", "Take it out of one of the inventory's groups."
    by_uuid: dict[str, list[str]] = {}
    for server in scene.servers:
        if server.uuid:
            by_uuid.setdefault(server.uuid, []).append(server.name)
    for uuid, names in by_uuid.items():
        if len(names) > 1:
            yield (
                ERROR,
                names,
                f"all have the glusterd UUID {uuid}",
                "If this is one server, keep one of its names in the inventory. If one was copied from the other, stop"
                " the copy's glusterd and delete its /var/lib/glusterd before it starts again.",
            )
    pools = _pools(scene.pooled)
    for pool in pools:
        names = [cluster.name for cluster in scene.clusters if any(s in pool for s in scene.of(cluster, scene.pooled))]
        if len(names) > 1 and not twice:
            yield (
                ERROR,
                names,
                "servers of one pool, but declared as several clusters",
                "Put the servers of a pool into one group of the inventory, and name that group once.",
            )
    for cluster in scene.clusters:
        yield from _members(scene, cluster, pools)


def _pools(servers: t.Sequence[Machine]) -> list[list[Machine]]:
    """The servers by the pool that they are in, by what each knows of it."""
    pools: list[tuple[set[str], list[Machine]]] = []
    for server in servers:
        known, members = {peer.uuid for peer in server.peers or ()}, [server]
        apart = []
        for uuids, others in pools:
            if uuids & known:
                known, members = known | uuids, [*others, *members]
            else:
                apart.append((uuids, others))
        pools = [*apart, (known, members)]
    return [members for _uuids, members in pools]


def _members(scene: Scene, cluster: Cluster, pools: t.Sequence[t.Sequence[Machine]]) -> Problems:
    its = scene.of(cluster, scene.pooled)
    parts = [part for part in ([server for server in pool if server in its] for pool in pools) if part]
    if not parts:
        return
    # The cluster is where most of its servers are, or else where there is more than one at all.
    main = max(parts, key=lambda part: (len(part), len(part[0].peers or ())))
    for part in parts:
        if part is main:
            continue
        if len(part) == 1 and len(part[0].peers or ()) == 1:
            yield (
                WARNING,
                [part[0].name],
                f"not in the pool of {main[0].name}",
                f"On {main[0].name}: gluster peer probe {part[0].name}. Or take it out of the group {cluster.name}.",
            )
        else:
            yield (
                ERROR,
                [server.name for server in part],
                f"in another pool than {main[0].name}",
                f"Make a group of the inventory for their own cluster, and take them out of {cluster.name}.",
            )
    known = {server.uuid for server in scene.servers}
    silent = {name for name in cluster.servers if name not in {server.name for server in scene.servers}}
    strangers = {peer.uuid: peer.hostname for server in main for peer in server.peers or () if peer.uuid not in known}
    unnamed = sorted(name for name in strangers.values() if name not in silent)
    # Servers that told nothing may be in the pool by another name than in the inventory.
    if len(strangers) > len(silent):
        yield (
            WARNING,
            unnamed,
            f"in the pool of {main[0].name}, and not in the inventory's group {cluster.name}",
            "Put it into that group, so that it gets its identity. Or detach it: gluster peer detach.",
        )


def _connected(scene: Scene) -> Problems:
    names = {server.uuid: server.name for server in scene.servers}
    # What is wrong with these is said already.
    known = {server.name for server in scene.pooled}
    silent = {name for cluster in scene.clusters for name in cluster.servers if name not in known}
    missed: dict[str, list[str]] = {}
    strange: dict[tuple[str, str], list[str]] = {}
    for server in scene.pooled:
        for peer in server.peers or ():
            name = names.get(peer.uuid, peer.hostname)
            if not peer.connected and name not in silent:
                missed.setdefault(name, []).append(server.name)
            if peer.connected and peer.state not in ("", MEMBER):
                strange.setdefault((name, peer.state), []).append(server.name)
    for name, by in missed.items():
        yield (
            ERROR,
            [name],
            f"its glusterd is not connected to that of {some(by)}",
            "See that both run, that port 24007 is open between them, and that names resolve: gluster peer status.",
        )
    against: dict[str, int] = {}
    for (name, _state), by in strange.items():
        against[name] = against.get(name, 0) + len(by)
    for (name, state), by in strange.items():
        # Whom the others reject rejects all of them.
        by = [server for server in by if against.get(server, 0) <= against[name]]
        if by:
            yield (
                ERROR,
                [name],
                f"to {some(by)} it is no full member of the pool: {state}",
                "If it was rejected, it knows the volumes differently than the others: glusterd.log names the first"
                f" that differs. Mend what it has in /var/lib/glusterd/vols, and restart glusterd there, {GENTLY}.",
            )


def _op_version(scene: Scene) -> Problems:
    for cluster in scene.clusters:
        its = [server for server in scene.of(cluster, scene.pooled) if server.op_version]
        # One that has not joined yet takes the op-version of the others when it does.
        its = [server for server in its if len(server.peers or ()) > 1] or its
        versions = {server.op_version or 0 for server in its}
        if len(versions) > 1:
            yield (
                ERROR,
                [cluster.name],
                f"its servers have different op-versions: {values_of(its, 'op_version')}",
                "Restart glusterd where it is lower, so that it takes the cluster's (systemctl restart glusterd),"
                f" {GENTLY}.",
            )
        elif versions and cluster.max_op_version and cluster.max_op_version > max(versions):
            yield (
                WARNING,
                [cluster.name],
                f"its op-version is {max(versions)}, and its servers could have {cluster.max_op_version}",
                "When its hosts have GlusterFS of that version, too:"
                f" gluster volume set all cluster.op-version {cluster.max_op_version}",
            )


def _clock(scene: Scene) -> Problems:
    clocks = {CONTROL_NODE: Clock(0.0, 0.0), **{machine.name: machine.clock for machine in scene.told}}
    all_clocks = list(clocks.values())
    # The right time is what most agree on, and if none do, the control node's.
    right = max(all_clocks, key=lambda one: sum(abs(one.ahead - other.ahead) <= SLIGHTLY for other in all_clocks))
    for name, its in clocks.items():
        apart = its.apart(right)
        if apart > SLIGHTLY:
            yield (
                ERROR if apart > BADLY else WARNING,
                [name],
                f"its clock is {abs(its.ahead - right.ahead):.0f} s {'fast' if its.ahead > right.ahead else 'slow'}"
                f" (+- {its.uncertainty + right.uncertainty:.1f} s)",
                "Set it, and keep it right with chrony or systemd-timesyncd: certificates are valid by the clock.",
            )


def _trash(scene: Scene) -> Problems:
    for cluster in scene.looked_at:
        for volume, directory in cluster.trash_directories.items():
            yield (
                WARNING,
                [name_of(scene, cluster, volume)],
                f"its trash directory is {directory!r}, and only {TRASH_DEFAULT!r} is left alone when a share is wiped",
                "gluster volume reset VOLUME features.trash-dir",
            )


def _rebalance(scene: Scene) -> Problems:
    for cluster in scene.looked_at:
        if cluster.vanishing:
            yield (
                WARNING,
                [name_of(scene, cluster, volume) for volume in cluster.vanishing],
                f"its {LOOKUP} is on: while it is rebalanced, files that are there vanish for clients, some until their"
                " directory is listed",
                f"gluster volume set VOLUME {LOOKUP} off",
            )


def _stored(scene: Scene) -> Problems:
    for cluster in scene.clusters:
        # One that has not joined yet may have what it had in another pool.
        its = [server for server in scene.of(cluster, scene.storing) if len(server.peers or "ab") > 1]
        for volume in sorted({volume for server in its for volume in server.stored or ()}):
            yield from _stored_differently(name_of(scene, cluster, volume), volume, its)


def _stored_differently(where: str, volume: str, servers: t.Sequence[Machine]) -> Problems:
    """Bricks go by the file of their own server."""
    having: dict[str | None, list[str]] = {}
    for server in servers:
        if volume in (server.stored or {}):
            having.setdefault((server.stored or {})[volume], []).append(server.name)
    unread = having.pop(None, [])
    if unread:
        yield (
            ERROR,
            [where],
            f"{some(unread)} cannot read what it has stored of it in /var/lib/glusterd/vols/VOLUME/info",
            "If the file is empty or breaks off: stop glusterd there, remove the directory of the volume, and start"
            f" glusterd, which takes it over from the others; {GENTLY}.",
        )
    usual = max(having, key=lambda one: len(having[one]), default=None)
    for other, names in having.items():
        if other is not None and usual is not None and other != usual:
            yield (
                ERROR,
                [where],
                f"{some(names)} stored another {' and '.join(differing(other, usual))} of it than"
                f" {some(having[usual])}, and its bricks may go by that, whatever gluster tells",
                "If somebody was just changing it, check again. Make room where /var/lib/glusterd is full, start"
                " glusterd where it is down, and run the playbook glusterops.shares.shares. If it stays so, restart"
                f" glusterd there, {GENTLY}.",
            )


def _self_heal(scene: Scene) -> Problems:
    for cluster in scene.looked_at:
        for volume, (healers, _limiters, identities) in cluster.daemons.items():
            if healers:
                yield from _daemons(scene, cluster, volume, healers, identities, "self-heal", "[s]hd/")


def _quota(scene: Scene) -> Problems:
    for cluster in scene.looked_at:
        for volume, (_healers, limiters, identities) in cluster.daemons.items():
            if limiters:
                yield from _daemons(scene, cluster, volume, limiters, identities, "quota", "gluster/[q]uotad")


def _daemons(
    scene: Scene,
    cluster: Cluster,
    volume: str,
    its: Daemons,
    identities: t.Sequence[str],
    kind: str,
    process: str,
) -> Problems:
    where = [name_of(scene, cluster, volume)]
    if its.offline or not its.online:
        offline = [str(cluster.asked) if name == "localhost" else name for name in its.offline]
        yield (
            ERROR,
            where,
            f"its {kind} daemon does not run on {some(offline) if offline else 'any server'}",
            "gluster volume start VOLUME force",
        )
    if its.connected < its.online:
        names = [
            server.identity.common_name
            for server in scene.of(cluster, scene.servers)
            if server.identity and server.identity.common_name
        ]
        shut_out = [name for name in names if identities and not any(matches(name, entry) for entry in identities)]
        yield (
            ERROR,
            where,
            f"{its.connected} of {its.online} {kind} daemons are connected, though gluster calls all of them online"
            + (f": its access list lacks {some(shut_out)}" if shut_out else ""),
            # Not by glusterd, which may take bricks along.
            ("Run the playbook glusterops.shares.shares for the list, then on" if shut_out else "On")
            + f" each server: pkill -f 'volfile-id {process}'. Then of every volume: gluster volume start NAME force",
        )


def _thin(scene: Scene) -> Problems:
    thick: dict[str, list[str]] = {}
    for server in scene.carrying:
        for volume, path, thin in server.bricks or ():
            if thin is None:
                yield (
                    WARNING,
                    [f"{server.name}:{path}"],
                    "there is no such directory, and it is a brick",
                    "Mount the file system of the brick.",
                )
            elif not thin:
                thick.setdefault(volume, []).append(f"{server.name}:{path}")
    if thick:
        yield (
            WARNING,
            [brick for its in thick.values() for brick in its],
            f"not on a thin logical volume of LVM, so no snapshots of {some(list(thick))}",
            "Make volumes that shall have snapshots on such logical volumes, or on ZFS with GlusterFS 11.",
        )


class Check(t.NamedTuple):
    """How to look, and by what it is judged: nothing of that means that it was not checked, and why."""

    look: t.Callable[[Scene], Problems]
    basis: t.Callable[[Scene], t.Sequence[t.Any]]
    otherwise: str = "nobody could tell"


_NO_TLS = "nobody asked for TLS"

CHECKS = {
    "reachable": Check(_reachable, lambda scene: scene.machines),
    "twins": Check(_twins, lambda scene: scene.told),
    "version": Check(_version, lambda scene: scene.told),
    "clusters": Check(_clusters, lambda scene: scene.pooled),
    "connected": Check(_connected, lambda scene: scene.pooled),
    "op-version": Check(_op_version, lambda scene: scene.pooled),
    "certificate": Check(tls.certificate, lambda scene: scene.told),
    "authority": Check(tls.authority, lambda scene: scene.told),
    "pair": Check(tls.pair, lambda scene: scene.told),
    "bundle": Check(tls.bundle, lambda scene: scene.told),
    "name": Check(tls.name, lambda scene: scene.told),
    "clock": Check(_clock, lambda scene: scene.told),
    "trash": Check(_trash, lambda scene: scene.looked_at),
    "rebalance": Check(_rebalance, lambda scene: scene.looked_at),
    "stored": Check(_stored, lambda scene: scene.storing),
    "self-heal": Check(_self_heal, lambda scene: scene.looked_at),
    "quota": Check(_quota, lambda scene: scene.looked_at),
    "sealed": Check(tls.sealed, lambda scene: scene.listed, _NO_TLS),
    "list": Check(tls.access_list, lambda scene: scene.listed, _NO_TLS),
    "crl": Check(tls.crl, lambda scene: scene.listed, _NO_TLS),
    "served": Check(tls.served, lambda scene: scene.answered, _NO_TLS),
    "plaintext": Check(tls.plaintext, lambda scene: scene.answered, _NO_TLS),
    "thin-bricks": Check(_thin, lambda scene: scene.carrying, "nobody asked for snapshots"),
}


def findings(scene: Scene, tolerate: t.Collection[str] = ()) -> list[Finding]:
    """All there is to do, errors first. What is found alike in several places stands once.

    tolerate: the checks whose errors are warnings.
    """
    where: dict[tuple[str, str, str, str], list[str]] = {}
    for what, check in CHECKS.items():
        for severity, places, found, advice in check.look(scene):
            severity = WARNING if what in tolerate else severity
            where.setdefault((severity, what, found, advice), []).extend(places)
    found_all = [
        Finding(severity, what, tuple(places), found, advice)
        for (severity, what, found, advice), places in where.items()
    ]
    return sorted(found_all, key=lambda finding: finding.severity)


def checked(scene: Scene) -> list[str]:
    """The checks that could be made."""
    return [what for what, check in CHECKS.items() if check.basis(scene)]
