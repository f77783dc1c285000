# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""The checks of TLS: identities, access lists, and what bricks answer with."""

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._checks.finding import (
    ERROR,
    WARNING,
    Problems,
    date,
    name_of,
    some,
)
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import DYNAMIC, matches, open_entries

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._checks.scene import (
        Cluster,
        Identity,
        Scene,
        Seen,
        ServedBrick,
    )

_DAY = 24 * 3600
# CRLs are made anew when half their life is left.
SOON, CRL_SOON = 14 * _DAY, 7 * _DAY


def certificate(scene: Scene) -> Problems:
    for machine in scene.told:
        if machine.version is None:
            continue
        if machine.identity is None:
            yield (
                ERROR,
                [machine.name],
                "it has no certificate with key and bundle where its GlusterFS looks for them",
                "Run the playbook glusterops.shares.tls.",
            )
        elif machine.identity.problem:
            yield (
                ERROR,
                [machine.name],
                machine.identity.problem.rstrip("."),
                "If it is not valid yet, set the clock. Else run the playbook glusterops.shares.tls.",
            )
        else:
            left = machine.identity.not_after - scene.now
            if left < SOON:
                yield (
                    ERROR if left <= 0 else WARNING,
                    [machine.name],
                    f"its certificate {'ended' if left <= 0 else 'ends'} on {date(machine.identity.not_after)}",
                    "Run the playbook glusterops.shares.tls. It renews what ends within tls_renew_before_days.",
                )


def authority(scene: Scene) -> Problems:
    having: dict[tuple[str, float], list[str]] = {}
    for machine in scene.told:
        for one in machine.identity.authorities if machine.identity else ():
            having.setdefault(one, []).append(machine.name)
    for (name_, end), names in having.items():
        left = end - scene.now
        if left < scene.ca_days * _DAY:
            yield (
                WARNING,
                names,
                f"the CA {name_} {'ended' if left <= 0 else 'ends'} on {date(end)}, and all that it signed with it",
                "Replace it with the playbook glusterops.shares.rotate_ca: before its end nobody is cut off by that.",
            )


def pair(scene: Scene) -> Problems:
    for machine in scene.told:
        if machine.identity and not machine.identity.matches:
            why = machine.identity.key_problem
            yield (
                ERROR,
                [machine.name],
                f"its key {why or 'and its certificate do not belong together'}, so every new connection fails",
                "Run the playbook glusterops.shares.tls.",
            )


def bundle(scene: Scene) -> Problems:
    having: dict[str, list[str]] = {}
    for machine in scene.told:
        if machine.identity and machine.identity.bundle_sha256:
            having.setdefault(machine.identity.bundle_sha256, []).append(machine.name)
    usual = max(having, key=lambda one: len(having[one]), default="")
    for sha256, names in having.items():
        if sha256 != usual:
            yield (
                ERROR,
                names,
                f"another bundle of CA certificates (SHA-256 {sha256[:8]}...) than on {some(having[usual])}"
                f" ({usual[:8]}...)",
                "Run the playbook glusterops.shares.tls on all machines together: else they refuse each other.",
            )


def name(scene: Scene) -> Problems:
    for machine in scene.told:
        has = machine.identity and machine.identity.common_name
        if not machine.identity:
            continue
        if machine.common_name is not None and has != machine.common_name:
            yield (
                ERROR,
                [machine.name],
                f"its certificate is for {has}, and access lists have {machine.common_name}",
                "Run the playbook glusterops.shares.tls, with the same prefixes as everywhere.",
            )
        elif machine.common_name is None and (has or "").startswith(scene.prefixes):
            yield (
                WARNING,
                [machine.name],
                f"its certificate is for {has}: like a server or management host, it may mount every share",
                "Put it into their group of the inventory if it is one. Else give it another tls_tenant, and run the"
                " playbook glusterops.shares.tls.",
            )


def sealed(scene: Scene) -> Problems:
    for cluster, volume in scene.seen:
        where = [name_of(scene, cluster, volume.name)]
        if not volume.started:
            continue
        if volume.off:
            yield (
                ERROR,
                where,
                f"it is started with {' and '.join(volume.off)} off: whoever reaches its servers can mount it",
                "Declare it as a share, and run the playbook glusterops.shares.shares with shares_restart=true, which"
                " stops and starts it. Or stop it.",
            )
        elif not volume.identities:
            yield ERROR, where, "its access list is not set, or empty", _MEND
        elif not volume.explicit:
            yield (
                ERROR,
                where,
                f"its access list holds {some(list(map(repr, open_entries(volume.identities))))}: whoever has a"
                " certificate of the CA can mount it",
                _MEND,
            )


_MEND = "Declare it as a share, and run the playbook glusterops.shares.shares."


def access_list(scene: Scene) -> Problems:
    for cluster, volume in scene.seen:
        declared = scene.shares.get(volume.share or "")
        # What is wrong with the others is said already.
        if volume.explicit and (volume.started or declared is not None):
            yield from _differences(scene, cluster, volume, declared)
            yield from _ways_in(scene, cluster, volume)
            if volume.lasting:
                yield (
                    WARNING,
                    [name_of(scene, cluster, volume.name)],
                    f"its {DYNAMIC} is off: whoever is taken off its access list stays connected",
                    f"gluster volume set VOLUME {DYNAMIC} on",
                )
    if len(scene.listed) == len(scene.clusters):
        held = {volume.share for _cluster, volume in scene.seen}
        for share in scene.shares:
            if share not in held:
                yield (
                    WARNING,
                    [share],
                    "it is declared, and no cluster has it",
                    "Run the playbook glusterops.shares.shares, or take it out of shares_list.",
                )


def _ways_in(scene: Scene, cluster: Cluster, volume: Seen) -> Problems:
    """What lets somebody in past the list, or makes it useless."""
    where = [name_of(scene, cluster, volume.name)]
    if volume.unproven:
        yield (
            ERROR,
            where,
            "its access list was changed, and it is not proven that all its bricks go by it",
            "Run the playbook glusterops.shares.shares, which goes on with that, or says what is in the way.",
        )
    if volume.exposing:
        yield (
            ERROR,
            where,
            f"its active snapshots {some(volume.exposing)} let in others than it does, by the list of their time",
            "Deactivate them: gluster snapshot deactivate NAME.",
        )
    opening = [told for told, opens in volume.broken if opens]
    if opening:
        yield ERROR, where, f"it has {some(opening)}", _MEND
    useless = [told for told, opens in volume.broken if not opens]
    if useless:
        yield (
            WARNING,
            where,
            f"it has {some(useless)}",
            "Unless that is meant (volume_options): gluster volume reset VOLUME OPTION.",
        )


def _differences(scene: Scene, cluster: Cluster, volume: Seen, declared: t.Sequence[str] | None) -> Problems:
    where = [name_of(scene, cluster, volume.name)]
    wanted = [*cluster.infrastructure, *(declared or ())]
    missing = [name for name in wanted if not any(matches(name, entry) for entry in volume.identities)]
    more = [
        entry
        for entry in volume.identities
        if entry not in wanted and not any(matches(entry, pattern) for pattern in cluster.infrastructure)
    ]
    if missing:
        yield ERROR, where, f"its access list lacks {some(missing)}", _MEND
    if more and declared is not None:
        yield (
            ERROR,
            where,
            f"its access list lets in {some(more)}, and nobody declared that",
            "Run the playbook glusterops.shares.shares, which takes off who is not declared.",
        )
    elif more and scene.shares:
        yield (
            WARNING,
            where,
            f"it is no declared share, and its access list lets in {some(more)}",
            "Declare it as a share, or remove it: playbook glusterops.shares.remove_share.",
        )


def crl(scene: Scene) -> Problems:
    for cluster in scene.listed:
        volumes = [name_of(scene, cluster, volume.name) for volume in cluster.volumes or () if volume.crl_path]
        for server in scene.of(cluster, scene.servers) if volumes else ():
            if server.identity:
                yield from _crls(scene, server.name, server.identity, volumes)


def _crls(scene: Scene, server: str, identity: Identity, volumes: t.Sequence[str]) -> Problems:
    advice = "Run the playbook glusterops.shares.tls on all servers, with tls_crl=true."
    if identity.lacks_crl or not identity.crls:
        yield (
            ERROR,
            [server],
            f"it has no CRL of {some(identity.lacks_crl) or 'any CA'} that is valid now, and {some(volumes)} has"
            " ssl.crl-path: nobody with a certificate of that CA gets in",
            advice,
        )
    for issuer in dict(identity.crls):
        end = max(end for ca, end in identity.crls if ca == issuer)
        if 0 < end - scene.now < CRL_SOON:
            yield (
                WARNING,
                [server],
                f"its CRL of {issuer} ends on {date(end)}, and {some(volumes)} has ssl.crl-path",
                advice,
            )


def served(scene: Scene) -> Problems:
    machines = {server.uuid: server for server in scene.servers if server.uuid}
    for cluster in scene.answered:
        for brick in cluster.bricks or ():
            if brick.plaintext:
                continue
            where = [f"{brick.server}:{brick.path}"]
            server = machines.get(brick.server_uuid)
            installed = server.identity if server else None
            if brick.problem:
                yield (
                    ERROR,
                    where,
                    f"{cluster.asked} gets {brick.problem.rstrip('.')}",
                    "Run the playbook glusterops.shares.tls. The log in /var/log/glusterfs/bricks there says more.",
                )
            elif (
                server and installed and (brick.common_name, brick.serial) != (installed.common_name, installed.serial)
            ):
                yield (
                    ERROR,
                    where,
                    f"it serves the certificate {brick.serial} of {brick.common_name}, and {server.name} has"
                    f" {installed.serial} of {installed.common_name}",
                    f"If ssl.own-cert is set: gluster volume reset {brick.volume} ssl.own-cert, and the same for"
                    " ssl.private-key. Then stop and start it.",
                )
            # That of what its server has installed is said already.
            elif not installed and brick.not_after - scene.now < SOON:
                yield (
                    ERROR if brick.not_after <= scene.now else WARNING,
                    where,
                    f"the certificate that it serves ends on {date(brick.not_after)}",
                    "Run the playbook glusterops.shares.tls.",
                )


def plaintext(scene: Scene) -> Problems:
    for cluster in scene.answered:
        plain: dict[str, list[ServedBrick]] = {}
        for brick in cluster.bricks or ():
            if brick.plaintext:
                plain.setdefault(brick.volume, []).append(brick)
        off = {volume.name for volume in cluster.volumes or () if volume.off}
        for volume, bricks in plain.items():
            where, clients = [name_of(scene, cluster, volume)], cluster.tenants.get(volume, 0)
            if volume not in off:
                yield (
                    ERROR,
                    where,
                    f"it says that it is sealed, and {some([f'{one.server}:{one.path}' for one in bricks])} answer in"
                    f" plaintext: {clients} mounts and gateways go on in plaintext, and new ones fail",
                    f"Unmount it, then: gluster volume stop {volume}; gluster volume start {volume}. Mount it again.",
                )
            elif clients:
                yield (
                    ERROR,
                    where,
                    f"{clients} mounts and gateways are connected to it in plaintext",
                    "Unmount it there until it is sealed.",
                )
