# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._machines.answer import Misshapen
from ansible_collections.glusterops.shares.plugins.module_utils._tls import signing
from ansible_collections.glusterops.shares.plugins.plugin_utils.there import ThereAction


class ActionModule(ThereAction):
    """Lets a machine tell of no identities but those that it was asked for, with the bundle that it was given."""

    def answer(self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        found = super().answer(arguments, task_vars)
        wrong = None if found.get("failed") else signing.unlike(arguments, found, self._task.check_mode)
        if wrong:
            raise Misshapen(wrong)
        return found
