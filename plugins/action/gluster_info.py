# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.glusterops.shares.plugins.module_utils._machines import answer, looked
from ansible_collections.glusterops.shares.plugins.modules import gluster_info
from ansible_collections.glusterops.shares.plugins.plugin_utils.batch import check_whole
from ansible_collections.glusterops.shares.plugins.plugin_utils.here import plain
from ansible_collections.glusterops.shares.plugins.plugin_utils.query import compiled
from ansible_collections.glusterops.shares.plugins.plugin_utils.there import ThereAction

# What tells whether a volume is in use.
_USE = ("clients", "tasks", "peers")


class ActionModule(ThereAction):
    """Runs the module on the server, and does here what servers lack libraries or other machines' facts for.

    Asks only for what is not known already; looks at the control node's clock before and after; compares declared
    shares with their volumes; evaluates the query.
    """

    # What is looked for is compared here with what is known.
    _supports_async = False

    def answer(self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        if boolean(arguments.pop("whole", False)):
            check_whole(self._task, task_vars)
        search = compiled(arguments.pop("query", None))
        known, declared = self._dictionary(arguments, "known"), self._dictionary(arguments, "declared")
        validated = ArgumentSpecValidator(gluster_info.spec()).validate(plain(arguments))
        if validated.error_messages:
            # The module says it in its own words.
            return self.ask(arguments, task_vars)
        parts, identities = validated.validated_parameters["gather"], validated.validated_parameters["identities"]
        began, digest = time.time(), looked.digest(declared)
        known = looked.still_known(known, identities, began, digest, validated.validated_parameters["storage"])
        missing = [part for part in parts if part not in known]
        compares = bool(declared and not {"differing", "free", "denied"} <= known.keys())
        found: dict[str, t.Any] = {"changed": False, looked.LOOKED: began, **known}
        if missing or compares:
            if compares or len(missing) < len(parts):
                # Of the volumes only what they are compared for travels on.
                arguments["gather"] = [*missing, *(["volumes"] if compares and "volumes" not in missing else [])]
            asked = [*missing, "volumes"] if compares else missing
            found.update(answer.asked_for(asked, self.ask(arguments, task_vars)))
            if "clock" in (found.get("machine") or {}) and "machine" in missing:
                its = found["machine"]["clock"]
                found["machine"]["clock"] = looked.clock(began, its["began"], its["ended"], time.time())
            if "identities" in missing:
                found["identities"] = looked.with_wanted(identities, found.get("identities"))
            if declared and compares and found.get("volumes") is not None:
                found.update({**self._compared(declared, found["volumes"], task_vars), looked.DECLARED: digest})
            if "volumes" not in parts:
                found.pop("volumes", None)
        if search and not found.get("failed"):
            # Of thousands of volumes nobody wants to see more than was asked for.
            found = {"changed": False, "result": search(found)}
        return found

    def _compared(
        self, declared: dict[str, t.Any], volumes: list[dict[str, t.Any]], task_vars: dict[str, t.Any]
    ) -> dict[str, t.Any]:
        """How what is declared compares with the volumes. Who uses them is asked only if somebody is to get one."""
        # Only one server of a cluster is asked.
        from ansible_collections.glusterops.shares.plugins.module_utils._shares.differing import Comparison

        its = Comparison(declared, volumes)
        free: list[str] = []
        if its.needs_supply():
            told = answer.asked_for(_USE, self.ask({"gather": list(_USE)}, task_vars))
            free = its.free(*map(told.get, _USE))
        return {"differing": its.differing(), "free": free, "denied": its.denied()}

    @staticmethod
    def _dictionary(arguments: dict[str, t.Any], name: str) -> dict[str, t.Any] | None:
        """Takes it out of the arguments."""
        value = arguments.pop(name, None)
        if value is not None and not isinstance(value, dict):
            raise AnsibleActionFail(f"{name} must be a dictionary, not {value!r}.")
        return value
