# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._machines.answer import of_volumes
from ansible_collections.glusterops.shares.plugins.plugin_utils.progress import ProgressAction


class ActionModule(ProgressAction):
    """Shows how far the module is, and lets a server tell of no volumes but those that it was to work on."""

    def answer(self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        volumes = arguments.get("volumes") or []
        found = super().answer(arguments, task_vars)
        of_volumes({volume["name"] for volume in volumes if isinstance(volume, dict) and "name" in volume}, found)
        return found
