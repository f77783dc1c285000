# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Which programs machines lack, and what a dry run cannot see because of that. Decided on the control node."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, NotFound, few
from ansible_collections.glusterops.shares.plugins.module_utils._servers.declared import Declared

# What a machine may need.
SERVER, CLIENT, DEVICES, IDENTITY = "server", "client", "devices", "identity"
_WORDS = {
    SERVER: "the GlusterFS server",
    CLIENT: "the GlusterFS client",
    DEVICES: "the programs of LVM and XFS",
    IDENTITY: "openssl",
}
# By Ansible's family of operating systems, the packages with it. A server's brings the client.
PACKAGES = {
    "Debian": {
        SERVER: ("glusterfs-server",),
        CLIENT: ("glusterfs-client",),
        DEVICES: ("lvm2", "thin-provisioning-tools", "xfsprogs"),
        IDENTITY: ("openssl",),
    },
    "RedHat": {
        SERVER: ("glusterfs-server",),
        CLIENT: ("glusterfs-fuse",),
        DEVICES: ("lvm2", "device-mapper-persistent-data", "xfsprogs"),
        IDENTITY: ("openssl",),
    },
}


def packages(needs: t.Iterable[str], family: str) -> list[str]:
    """The packages with what is needed. Raises BadInput for another family."""
    if family not in PACKAGES:
        raise BadInput(
            f"Which packages have GlusterFS on {family or 'this system'} is not known: install it, and say"
            " servers_install: false."
        )
    return [package for need in needs for package in PACKAGES[family][need]]


@dataclasses.dataclass(frozen=True)
class Programs:
    """install: by machine, what it lacks. start: the servers whose glusterd has to be enabled or started. unseen: the
    machines that a dry run can tell nothing more about. lines: what to say of all that."""

    install: t.Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    start: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


def plan(declared: Declared, looks: t.Mapping[str, t.Any], dry: bool) -> Programs:
    """What machines lack. looks: by machine, what it told of its programs; those that did not answer are left out.

    Raises NotFound where they are not ours to install.
    """
    told = {name: its for name, its in ((one, _programs(looks.get(one))) for one in declared.machines) if its}
    lacking = {name: needs for name, needs in ((one, _lacks(declared, one, its)) for one, its in told.items()) if needs}
    idle = [name for name, its in told.items() if name in declared.servers and _idle(its)]
    foreign = [
        f"{name} lacks {_told(lacking[name])}" if name in lacking else f"glusterd is not running on {name}"
        for name in told
        if name not in declared.installed
        and (name in lacking or name in declared.servers and not told[name]["running"])
    ]
    if foreign:
        raise NotFound(f"{few([f'{one}.' for one in foreign])} See to that, or say servers_install: true.")
    start = tuple(name for name in idle if name in declared.installed)
    unseen: tuple[str, ...] = ()
    if dry:
        unseen = _unseen(declared, told, {*lacking, *(name for name in start if not told[name]["running"])})
    lines = [f"{name} would get {_told(needs)}." for name, needs in lacking.items()]
    lines += [
        f"{name} would have glusterd enabled and started." for name in start if SERVER not in lacking.get(name, ())
    ]
    return Programs(lacking, start, unseen, tuple(lines))


def _told(needs: t.Iterable[str]) -> str:
    return ", ".join(_WORDS[need] for need in needs)


def _programs(look: t.Any) -> t.Mapping[str, t.Any] | None:
    return look.get("programs") if isinstance(look, t.Mapping) else None


def _lacks(declared: Declared, name: str, its: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    server = declared.servers.get(name)
    needs = {
        SERVER: server is not None and its["glusterd"] is None,
        CLIENT: server is None and not its["client"],
        DEVICES: server is not None
        and any(one.is_device for one in server.storage)
        and not (its["lvm"] and its["xfs"]),
        IDENTITY: not its["openssl"],
    }
    return tuple(need for need, lacks in needs.items() if lacks)


def _idle(its: t.Mapping[str, t.Any]) -> bool:
    """Whether glusterd does not run, or would not after a boot. Where nothing can tell that, it is left alone."""
    return not its["running"] or its["enabled"] is False


def _unseen(declared: Declared, told: t.Mapping[str, t.Any], waiting: set[str]) -> tuple[str, ...]:
    """All machines, if some cluster has no server that can be seen: nothing can be said of its shares then."""
    for cluster in {one.cluster for one in declared.servers.values()}:
        its = [one.name for one in declared.servers.values() if one.cluster == cluster]
        if waiting.intersection(its) and not [name for name in its if name in told and name not in waiting]:
            return tuple(dict.fromkeys([*declared.servers, *declared.machines]))
    return tuple(name for name in declared.machines if name in waiting)
