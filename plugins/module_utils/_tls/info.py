# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import os
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import NotFound
from ansible_collections.glusterops.shares.plugins.module_utils._tls import authority, files, record
from ansible_collections.glusterops.shares.plugins.module_utils._tls.certificates import iso


def info(path: str) -> dict[str, t.Any]:
    """What gluster_tls_info returns of the CA in the directory; NotFound when there is none."""
    path = os.path.realpath(path)
    with files.explained("read the CA"):
        found = record.read(path)
    if found is None:
        raise NotFound(authority.NONE.format(path=path))
    return {
        "authorities": authority.tell_authorities(found),
        "rotation": found.stage,
        "bundle": found.bundle,
        "crls": [
            {"ca": one.name, "next_update": iso(one.crl.next_update_utc)}
            for one in found.authorities
            if one.crl is not None and one.crl.next_update_utc
        ],
        "identities": [_identity(entry) for entry in found.entries],
    }


def _identity(entry: dict[str, t.Any]) -> dict[str, t.Any]:
    names = ("common_name", "serial", "ca", "not_before", "not_after")
    optional = ("tenant", "share", "delivered", "revoked")
    return {
        **{name: entry[name] for name in names},
        **{name: entry.get(name) for name in optional},
        "managed": "tenant" not in entry,
    }
