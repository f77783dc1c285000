# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import connection_loader
from ansible.template import Templar


def action(plugin: type[ActionBase], **arguments: t.Any) -> ActionBase:
    """The plugin as Ansible makes it for a task."""
    task, context, loader = Task(), PlayContext(), DataLoader()
    task.args = arguments
    connection = connection_loader.get("local", context)
    made = plugin(task, connection, context, loader, Templar(loader), None)
    # By which Ansible's loader found it; older ones name it in their errors.
    made._load_name = plugin.__module__.rpartition(".")[2]
    return made


class Asked:
    """The way to the machine: what its module is asked, and what it answers."""

    def __init__(self, **answer: t.Any) -> None:
        self.calls: list[dict[str, t.Any]] = []
        self.answer = answer

    def __call__(self, module_args: dict[str, t.Any], task_vars: t.Any, wrap_async: bool = False) -> dict[str, t.Any]:
        self.calls.append(module_args)
        return {"changed": False, **self.answer}

    def run(self, plugin: type[ActionBase], **arguments: t.Any) -> dict[str, t.Any]:
        made = action(plugin, **arguments)
        made._execute_module = self
        return made.run(task_vars={})
