# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import looked
from ansible_collections.glusterops.shares.plugins.plugin_utils.query import compiled


class ActionModule(ActionBase):
    """Runs the module on the server, and does here what servers lack libraries or other machines' facts for.

    Asks only for what is not known already; looks at the control node's clock before and after; compares declared
    shares with their volumes; evaluates the query.
    """

    _supports_check_mode = True
    _requires_connection = True

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        search = compiled(arguments.pop("query", None))
        declared, identities = arguments.pop("declared", None), arguments.get("identities") or []
        parts, began = looked.parts_of(arguments.get("gather")), time.time()
        known = looked.still_known(arguments.pop("known", None), identities, began)
        missing = [part for part in parts if part not in known]
        compares = bool(declared) and "differing" not in known
        found: dict[str, t.Any] = {"changed": False, looked.LOOKED: began, **known}
        if missing or compares:
            if compares or len(missing) < len(parts):
                # Of the volumes only what they are compared for travels on.
                arguments["gather"] = [*missing, *(["volumes"] if compares and "volumes" not in missing else [])]
            found.update(self._execute_module(module_args=arguments, task_vars=task_vars))
            if "clock" in (found.get("machine") or {}) and "machine" in missing:
                its = found["machine"]["clock"]
                found["machine"]["clock"] = looked.clock(began, its["began"], its["ended"], time.time())
            if "identities" in missing:
                found["identities"] = looked.with_wanted(identities, found.get("identities"))
            if compares and found.get("volumes") is not None:
                found["differing"] = _differing(declared, found["volumes"])
            if "volumes" not in parts:
                found.pop("volumes", None)
        if search and not found.get("failed"):
            # Of thousands of volumes nobody wants to see more than was asked for.
            found = {"changed": False, "result": search(found)}
        result.update(found)
        return result


def _differing(declared: dict[str, t.Any], volumes: list[dict[str, t.Any]]) -> list[str] | None:
    # Only one server of a cluster is asked.
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster import differing

    return differing.compare(declared, volumes)
