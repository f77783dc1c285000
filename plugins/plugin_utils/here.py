# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import os
import sys
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator, ValidationResult
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.utils.display import Display
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile
from ansible_collections.glusterops.shares.plugins.plugin_utils.there import ThereAction

_MODULES = "ansible_collections.glusterops.shares.plugins.modules"


@dataclasses.dataclass
class _Given:
    """What a module's work() sees of an AnsibleModule."""

    params: dict[str, t.Any]
    check_mode: bool
    _diff: bool

    def warn(self, text: str) -> None:
        Display().warning(text)


class HereAction(ThereAction):
    """An action whose module works on the control node: in the process that Ansible has for the task anyway.

    Another Python would be started and compile all that it needs, which takes four times as long as the work. The
    module has its argument spec as spec() and does its work with parameters only.
    """

    def ask(self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """The module's return values: from here, where a Python of its own would be the same one on this machine."""
        module = self._module() if self._is_here(task_vars) else None
        if module is None:
            return super().ask(arguments, task_vars)
        spec, given = module.spec(), plain(arguments)
        # Where a module on this machine would run: relative paths are the playbook's.
        with _in(self._loader.get_basedir()):
            validated = ArgumentSpecValidator(spec).validate(given)
            params = validated.validated_parameters
            if validated.error_messages:
                result: dict[str, t.Any] = {"failed": True, "msg": _message(self._task.action, validated)}
            else:
                result = _reconcile.outcome(_Given(params, self._task.check_mode, self._task.diff), module.work)
        secrets = {*_reconcile.secrets(spec, given), *_reconcile.secrets(spec, params)}
        return t.cast("dict[str, t.Any]", remove_values({**result, "invocation": {"module_args": params}}, secrets))

    def _module(self) -> t.Any:
        """The module's code. None if it works with more than its parameters, as those that run programs do."""
        found = importlib.import_module(f"{_MODULES}.{self._task.action.rpartition('.')[2]}")
        return found if hasattr(found, "spec") else None

    def _is_here(self, task_vars: dict[str, t.Any]) -> bool:
        """Whether nothing that the task says makes another user, machine, Python or environment of it, or ends it."""
        delegate = self._task.delegate_to
        variables = (task_vars.get("ansible_delegated_vars") or {}).get(delegate, {}) if delegate else task_vars
        python = self._templar.template(variables.get("ansible_python_interpreter"))
        return (
            self._connection.transport == "local"
            and python == sys.executable
            and not (self._play_context.become or any(self._task.environment or ()))
            and not (self._task.async_val or self._task.timeout)
        )


@contextlib.contextmanager
def _in(directory: str) -> t.Iterator[None]:
    before = os.getcwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)


def _message(name: str, validated: ValidationResult) -> str:
    """What is wrong with the arguments, in a module's words."""
    message = "; ".join(validated.error_messages)
    unsupported = any(isinstance(one, UnsupportedError) for one in validated.errors.errors)
    return f"Unsupported parameters for ({name}) module: {message}" if unsupported else message


def plain(value: t.Any) -> t.Any:
    """A task's argument as a module gets it: without tags, and decrypted."""
    if isinstance(value, t.Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    kind = next((one for one in (int, float) if isinstance(value, one)), str)
    return kind(value)
