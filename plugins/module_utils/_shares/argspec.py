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
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.recipe import Recipe, read_place


def share_spec() -> dict[str, t.Any]:
    """The options that say what a share shall be."""
    return {
        "name": {"type": "str", "required": True},
        "identities": {"type": "list", "elements": "str", "default": []},
        "size": {"type": "str"},
        "volume_options": {"type": "dict", "default": {}},
        "pattern": {"type": "str"},
        "from_snapshot": {"type": "str"},
        "layout": {"type": "dict", "options": layout_spec()},
    }


def layout_spec() -> dict[str, t.Any]:
    """The options that say of which bricks a volume is made."""
    return {
        "bricks": {"type": "list", "elements": "str", "required": True},
        "replica": {"type": "int", "default": 1},
        "arbiter": {"type": "int", "default": 0},
        "disperse": {"type": "int", "default": 0},
        "redundancy": {"type": "int", "default": 0},
    }


def _read_layout(name: str, values: t.Mapping[str, t.Any] | None) -> Recipe | None:
    if not values:
        return None
    bricks = tuple(read_place(brick, f"{name}: layout") for brick in values["bricks"])
    return Recipe(name, bricks, *(values[number] for number in ("replica", "arbiter", "disperse", "redundancy")))


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
        layout=_read_layout(name, values["layout"]),
        **others,
    )
