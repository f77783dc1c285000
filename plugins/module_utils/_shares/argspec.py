# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._names import read_options
from ansible_collections.glusterops.shares.plugins.module_utils._shares.pool import compile_pattern
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import Share
from ansible_collections.glusterops.shares.plugins.module_utils._units import parse_size


def share_spec() -> dict[str, t.Any]:
    """The options that say what a share shall be."""
    return {
        "name": {"type": "str", "required": True},
        "identities": {"type": "list", "elements": "str", "default": []},
        "size": {"type": "str"},
        "volume_options": {"type": "dict", "default": {}},
        "pattern": {"type": "str"},
        "from_snapshot": {"type": "str"},
    }


def read_share(values: t.Mapping[str, t.Any], infrastructure: t.Iterable[str], **others: t.Any) -> Share:
    """The share that these options ask for. Raises BadInput."""
    name = values["name"]
    return Share(
        name=name,
        infrastructure=tuple(infrastructure),
        allow=tuple(values["identities"] or ()),
        size=None if values["size"] is None else parse_size(values["size"], f"{name}: size"),
        seal=True,
        options=read_options(values["volume_options"] or {}, f"{name}: volume_options"),
        pattern=None if values["pattern"] is None else compile_pattern(values["pattern"], f"{name}: pattern"),
        snapshot=values["from_snapshot"],
        **others,
    )
