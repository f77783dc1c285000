# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.glusterops.shares.plugins.module_utils._machines import answer, facts

# What Ansible does something with, if an answer has it. Its own for a job that goes on has a name like that.
_ACTED_UPON = ("add_group", "add_host", "results", "skipped", "unreachable")
_PREFIX, _JOB = "ansible_", "ansible_job_id"
# What Ansible itself makes of an answer, for whoever reads it.
_REMARKS = ("deprecations", "exception", "warnings")


class ThereAction(ActionBase):
    """An action whose module works on a managed machine, whose answer is what it says and nothing else.

    The machine may be a tenant's. No answer sets a variable, for that machine or others, or says that it was skipped,
    and one that the module would not give fails.
    """

    _supports_check_mode = True
    _supports_async = True
    _requires_connection = True

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        _check_facts(task_vars or {})
        try:
            result.update(self.answer(dict(self._task.args), task_vars or {}))
        except answer.Misshapen as exc:
            # Like a failure of the module: the task says whether that is one.
            msg = (
                f"What was answered is none of the module's answers: {exc}. Nothing of it was used. See what answers on"
                " that machine instead of its Python."
            )
            result.update(failed=True, changed=False, msg=msg)
        return t.cast("dict[str, t.Any]", result)

    def answer(self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """What the task returns: the module's return values, unless an action adds something."""
        return self.ask(arguments, task_vars)

    def ask(self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """The machine's answer."""
        goes_on = bool(self._task.async_val) and not self._connection.has_native_async
        told: dict[str, t.Any] = self._execute_module(module_args=arguments, task_vars=task_vars, wrap_async=goes_on)
        its = told.get("ansible_facts")
        kept = (_JOB,) if goes_on else ()
        found = {
            key: value
            for key, value in told.items()
            if key in kept or not (key in _ACTED_UPON or key.startswith((_PREFIX, f"_{_PREFIX}")))
        }
        if not goes_on:
            found = self._read(found)
        # Ansible's own, where it had to find the machine's Python.
        python = self._discovered_interpreter_key
        if python and isinstance(its, dict) and python in its:
            found["ansible_facts"] = {python: its[python]}
        return found

    def _read(self, told: dict[str, t.Any]) -> dict[str, t.Any]:
        """The answer as the module gives it, with Ansible's remarks. Raises Misshapen."""
        module = type(self).__module__.rpartition(".")[2]
        if module not in answer.ANSWERS:
            return told
        remarks = {name: told.pop(name) for name in _REMARKS if name in told}
        return {
            **answer.read(module, told),
            **{name: value for name, value in remarks.items() if _is_remark(value)},
        }


def _is_remark(value: t.Any) -> bool:
    """Whether it is text or an object of Ansible's, or a list of such, and no dictionary that would be taken apart."""
    return not any(isinstance(one, (dict, list)) for one in (value if isinstance(value, list) else [value]))


def _check_facts(task_vars: t.Mapping[str, t.Any]) -> None:
    """AnsibleError if the machine told facts, as those of C(setup), that would say what our roles do."""
    named = facts.like_ours(task_vars.get("ansible_facts"))
    if named:
        # Of an AnsibleActionFail some versions have the task decide whether it has failed.
        raise AnsibleError(
            f"{task_vars.get('inventory_hostname')} told facts that are named like variables of this collection:"
            f" {', '.join(named)}. They could say where and how things are done, so nothing is done: find out what on"
            " that machine, or what cacheable set_fact, made them."
        )
