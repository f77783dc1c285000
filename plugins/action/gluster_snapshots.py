# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
import typing as t

from ansible_collections.glusterops.shares.plugins.plugin_utils.progress import ProgressAction


class ActionModule(ProgressAction):
    """Shows how far the module is, and gives it the control node's time: a server's own clock may be wrong."""

    def answer(self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        return super().answer({"now": time.time(), **arguments}, task_vars)
