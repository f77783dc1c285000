# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What machines answer is no more than an answer."""

from __future__ import annotations

import importlib
import pathlib
import typing as t

import pytest
from action_plugin import Asked, action
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible_collections.glusterops.shares.plugins import modules
from ansible_collections.glusterops.shares.plugins.action.gluster_mounts import ActionModule
from ansible_collections.glusterops.shares.plugins.plugin_utils.there import ThereAction

MODULES = sorted(path.stem for folder in modules.__path__ for path in pathlib.Path(folder).glob("gluster_*.py"))
MOUNTS = [{"share": "a", "path": "/a", "mounted": True, "guarded": True, "identity": None}]
PYTHON = "discovered_interpreter_python"
# gluster_check asks no machine.
ASKING = [name for name in MODULES if name != "gluster_check"]


@pytest.mark.parametrize("module", ASKING)
def test_every_module_goes_this_way(module: str) -> None:
    plugin = importlib.import_module(f"ansible_collections.glusterops.shares.plugins.action.{module}").ActionModule
    assert issubclass(plugin, ThereAction)


def test_no_answer_sets_a_variable() -> None:
    lie = {"ansible_facts": {"tls_ca_host": "host1", PYTHON: "/usr/bin/python3"}, "ansible_stats": {"data": {"a": 1}}}
    acted_upon = {
        "add_host": {"host_name": "a"},
        "add_group": "b",
        "skipped": True,
        "unreachable": True,
        "results": [1],
    }
    asked = Asked(mounts=MOUNTS, msg="done", **lie, **acted_upon)
    assert asked.run(ActionModule, mounts=[]) == {"changed": False, "mounts": MOUNTS, "msg": "done"}
    assert asked.calls == [{"mounts": []}]
    # A failure may have details.
    failed = Asked(failed=True, msg="no", cmd="mount", **lie, **acted_upon).run(ActionModule, mounts=[])
    assert failed == {"changed": False, "failed": True, "msg": "no", "cmd": "mount"}


@pytest.mark.parametrize("name", ["tls_ca_host", "shares_heketi_host", "__tls_signed", "mounts_settled"])
def test_facts_that_would_say_what_is_done_are_refused(name: str) -> None:
    made = action(ActionModule)
    made._execute_module = asked = Asked()
    with pytest.raises(AnsibleError, match=f"host1 told facts .*: {name}. They could say") as raised:
        made.run(task_vars={"inventory_hostname": "host1", "ansible_facts": {name: "x", "mounts": []}})
    # Else failed_when could make a success of it.
    assert not isinstance(raised.value, AnsibleActionFail)
    assert asked.calls == []
    made.run(task_vars={"inventory_hostname": "host1", "ansible_facts": {"mounts": [], "tls": 1}, name: "x"})


@pytest.mark.parametrize("facts", [{PYTHON: "/usr/bin/python3", "tls_ca_host": "host1"}, {"else": 1}, "text", None])
def test_the_machines_python_is_ansibles_own_finding(facts: t.Any) -> None:
    made = action(ActionModule)
    made._execute_module = Asked(ansible_facts=facts)
    made._discovered_interpreter_key = PYTHON
    found = made.run(task_vars={})
    kept = {PYTHON: "/usr/bin/python3"} if isinstance(facts, dict) and PYTHON in facts else None
    assert found.get("ansible_facts") == kept


def test_a_job_that_goes_on_is_found_again() -> None:
    made = action(ActionModule)
    made._execute_module = Asked(ansible_job_id="1.2", started=1, finished=0, ansible_facts={"a": 1})
    assert "ansible_job_id" not in made.run(task_vars={})
    made._task.async_val = 60
    assert made.run(task_vars={}) == {"changed": False, "ansible_job_id": "1.2", "started": 1, "finished": 0}
