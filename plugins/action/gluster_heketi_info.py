# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.plugin_utils.progress import ProgressAction
from ansible_collections.glusterops.shares.plugins.plugin_utils.query import compiled


class ActionModule(ProgressAction):
    """Runs the query on the control node, and shows how long Heketi is waited for."""

    _supports_async = False

    def answer(self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        search = compiled(arguments.pop("query", None))
        found = super().answer(arguments, task_vars)
        if search and not found.get("failed"):
            return {"changed": False, "result": search(found)}
        return found
