# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""As whom machines are known to Gluster."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._names import COMMON_NAME, check_common_name


@dataclasses.dataclass(frozen=True)
class Infrastructure:
    """Servers and management hosts, who may mount every share: of both what their identities begin with, and the
    machines whose names follow."""

    servers: tuple[str, frozenset[str]] = ("", frozenset())
    managers: tuple[str, frozenset[str]] = ("", frozenset())

    @classmethod
    def read(cls, kinds: t.Sequence[tuple[str, t.Iterable[str]]]) -> Infrastructure:
        """The two pairs, as a role gives them."""
        return cls(*((str(prefix), frozenset(map(str, machines))) for prefix, machines in kinds))

    def name_of(self, machine: str) -> str | None:
        """The name of a server or management host, None for a tenant's host."""
        for prefix, machines in (self.servers, self.managers):
            if machine in machines:
                return prefix + machine
        return None

    def is_server(self, machine: str) -> bool:
        return machine in self.servers[1]

    @property
    def names(self) -> set[str]:
        return {prefix + machine for prefix, machines in (self.servers, self.managers) for machine in machines}

    @property
    def prefixes(self) -> tuple[str, ...]:
        return tuple(prefix for prefix, _machines in (self.servers, self.managers) if prefix)

    def reserves(self, name: str) -> bool:
        """Whether somebody with this name would pass for a server or management host, of now or later."""
        return name.startswith(self.prefixes) or name in self.names

    def irrevocable(self, revocations: t.Iterable[t.Mapping[str, t.Any]]) -> list[str]:
        """The names of servers and management hosts of which no certificate would be left: no serial was given."""
        names = [str(one["common_name"]) for one in revocations if one.get("serial") is None]
        return [name for name in names if self.reserves(name)]


def identities(
    machine: str, infrastructure: Infrastructure, tenant: str, tenants: t.Iterable[str], key_type: str
) -> list[dict[str, str]]:
    """The identities that a machine shall have: its own, and those of tenants as whom it mounts.

    BadInput, with the variable that is to be changed, if one cannot be a certificate's name.
    """
    own = infrastructure.name_of(machine)
    if own is None:
        variable = "tls_tenant"
    else:
        variable = "tls_server_prefix" if infrastructure.is_server(machine) else "tls_manager_prefix"
        _check_inventory(machine)
    found = [{"common_name": _checked(own or tenant, machine, variable), "scope": "machine", "key_type": key_type}]
    for name in tenants:
        checked = _checked(name, machine, "tls_tenants, or of the mounts here that name it")
        found.append({"common_name": checked, "scope": "tenant", "key_type": key_type})
    return found


def _check_inventory(machine: str) -> None:
    """No prefix makes up for what a server's or management host's name in the inventory has."""
    if not set(machine) <= COMMON_NAME:
        raise BadInput(
            f"The identity of {machine!r} follows its name in the inventory, and may have A-Z a-z 0-9 . _ and - only:"
            " give it another name there, and the present one, if that is its address, as ansible_host."
        )


def _checked(name: str, machine: str, variable: str) -> str:
    try:
        return check_common_name(name, f"The identity of {machine!r}:")
    except BadInput as exc:
        raise BadInput(f"{exc} It has {len(str(name))}. Give another value of {variable}.") from None


def mounting(machine: str, shares: t.Iterable[t.Mapping[str, t.Any]]) -> list[str]:
    """As whom shares are mounted on a machine that are not mounted as the machine itself."""
    found = [
        str(mount["identity"])
        for share in shares
        for mount in share.get("mounts") or ()
        if mount.get("host") == machine and mount.get("identity") and mount.get("state", "mounted") == "mounted"
    ]
    return list(dict.fromkeys(found))


def without_effect(machine: str, infrastructure: Infrastructure, tenant: str) -> str | None:
    """What is to be said if a server or management host was given a tenant's name, else None."""
    own = infrastructure.name_of(machine)
    if own is None or tenant in (machine, own):
        return None
    return (
        f"tls_tenant {tenant!r} of {machine!r} does nothing: it is a server or management host, is called {own!r}, and"
        " may mount every share. To mount a share there as that tenant, give the mount an identity."
    )
