# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Which mounts the declared shares have on a host. Decided on the control node."""

from __future__ import annotations

import typing as t

_Values = t.Mapping[str, t.Any]
MOUNTED = "mounted"


def here(
    shares: t.Iterable[_Values],
    host: str,
    locations: t.Mapping[str, _Values],
    servers: t.Sequence[str],
    default: _Values,
) -> list[dict[str, t.Any]]:
    """The mounts of the host, as gluster_mounts takes them.

    locations: by share, its C(volume) and C(servers), where they are known. servers: those of all shares, empty unless
    they were given. default: C(servers) of shares that are nowhere, and C(options) of mounts that have none.
    """
    return [
        {
            "share": share["name"],
            "volume": where.get("volume", share["name"]),
            "path": mount["path"],
            "servers": servers or where.get("servers", default["servers"]),
            "options": mount.get("options", default["options"]),
            "identity": mount.get("identity"),
            "state": mount.get("state", MOUNTED),
        }
        for share, mount in _mounts(shares)
        if mount["host"] == host
        for where in [locations.get(share["name"], {})]
    ]


def nowhere(
    shares: t.Iterable[_Values], hosts: t.Container[str], locations: t.Container[str], provisioner: str
) -> list[str]:
    """The shares to be mounted on some of the hosts that are not on a volume of their own name, and nobody has told
    where. provisioner: of shares that do not say."""
    wanted = [
        share["name"]
        for share, mount in _mounts(shares)
        if mount["host"] in hosts
        and mount.get("state", MOUNTED) == MOUNTED
        and share.get("provisioner", provisioner) == "pool"
        and share["name"] not in locations
    ]
    return list(dict.fromkeys(wanted))


def _mounts(shares: t.Iterable[_Values]) -> t.Iterator[tuple[_Values, _Values]]:
    return ((share, mount) for share in shares for mount in share.get("mounts") or ())
