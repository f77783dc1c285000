# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""The check of requirements, from what was told to what is returned."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._checks import (
    checks as check,
)
from ansible_collections.glusterops.shares.plugins.module_utils._checks import (
    scene,
)
from ansible_collections.glusterops.shares.plugins.module_utils._checks import (
    table as check_table,
)
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique

SPEC: dict[str, t.Any] = {
    "machines": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "common_name": {"type": "str"},
            "told": {"type": "dict", "default": {}},
        },
    },
    "clusters": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "servers": {"type": "list", "elements": "str", "required": True},
            "asked": {"type": "str"},
            "told": {"type": "dict", "default": {}},
            "infrastructure": {"type": "list", "elements": "str", "default": []},
        },
    },
    "shares": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "identities": {"type": "list", "elements": "str", "default": []},
        },
    },
    "ca_days": {"type": "int", "default": 730},
    "reserved_prefixes": {"type": "list", "elements": "str", "default": []},
    "tolerate": {"type": "list", "elements": "str", "choices": list(check.CHECKS), "default": []},
}


def report(params: t.Mapping[str, t.Any], now: float) -> dict[str, t.Any]:
    """The return values of gluster_check, from parameters as SPEC has them. Raises BadInput."""
    check_unique((share["name"] for share in params["shares"]), "shares:")
    seen = scene.Scene(
        machines=[scene.read_machine(**machine) for machine in params["machines"]],
        clusters=[scene.read_cluster(**cluster) for cluster in params["clusters"]],
        prefixes=tuple(filter(None, params["reserved_prefixes"])),
        now=now,
        shares={share["name"]: share["identities"] for share in params["shares"]},
        ca_days=params["ca_days"],
    )
    found = check.findings(seen, params["tolerate"])
    return {
        "findings": [dict(dataclasses.asdict(finding), where=list(finding.where)) for finding in found],
        "checked": check.checked(seen),
        "table": check_table.table(seen, found),
    }
