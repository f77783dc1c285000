# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._shares import revoke
from ansible_collections.glusterops.shares.plugins.plugin_utils.here import plain
from ansible_collections.glusterops.shares.plugins.plugin_utils.there import ThereAction


class ActionModule(ThereAction):
    """Says here who must not be revoked at all. If a server says so, it is alone with that, and holds no others up."""

    def answer(self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        given = [plain(arguments.get(name)) for name in ("identities", "infrastructure")]
        # What is no list of text the module says, in Ansible's words.
        if all(isinstance(names, list) for names in given):
            try:
                revoke.check(*given)
            except BadInput as exc:
                return {"failed": True, "changed": False, "msg": str(exc), "error": exc.kind}
        found = super().answer(arguments, task_vars)
        if found.get("error") == BadInput.kind:
            found["error"] = Refused.kind
        return found
