# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import types
import typing as t

import pytest
from action_plugin import Asked, action
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible_collections.glusterops.shares.plugins.action.gluster_info import ActionModule
from ansible_collections.glusterops.shares.plugins.action.gluster_tls_ca import ActionModule as CaModule
from ansible_collections.glusterops.shares.plugins.plugin_utils.batch import check_whole

ALL = {"ansible_play_hosts": ["a", "b", "c"], "ansible_play_batch": ["a", "b", "c"]}


def task_of(strategy: str) -> t.Any:
    """In a block of a block of the play."""
    play = types.SimpleNamespace(strategy=strategy)
    outer = types.SimpleNamespace(_play=play, _parent=None)
    return types.SimpleNamespace(_parent=types.SimpleNamespace(_play=None, _parent=outer))


@pytest.mark.parametrize("strategy", ["linear", "ansible.builtin.linear", "debug", ""])
def test_all_together(strategy: str) -> None:
    check_whole(task_of(strategy), ALL)
    check_whole(task_of(strategy), {**ALL, "ansible_play_hosts": ["a", "c"]})
    check_whole(types.SimpleNamespace(), {})


@pytest.mark.parametrize("strategy", ["free", "ansible.builtin.free", "host_pinned", "mitogen_free"])
def test_none_on_its_own(strategy: str) -> None:
    with pytest.raises(AnsibleActionFail, match=f"cannot be played with 'strategy: {strategy}'"):
        check_whole(task_of(strategy), ALL)


def test_no_part_of_them() -> None:
    with pytest.raises(AnsibleActionFail, match="^b, c are not in this batch .'serial'."):
        check_whole(task_of("linear"), {**ALL, "ansible_play_batch": ["a"]})


def test_it_is_checked_where_all_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(version="10.3")
    for whole, calls in (({}, 1), ({"whole": "no"}, 1), ({"whole": True}, 0), ({"whole": "yes"}, 0)):
        made = action(ActionModule, gather=["version"], **whole)
        asked.calls.clear()
        made._execute_module = asked
        variables = {**ALL, "ansible_play_batch": ["a"]}
        if calls:
            assert made.run(task_vars=variables)["version"] == "10.3" and "whole" not in asked.calls[0]
        else:
            with pytest.raises(AnsibleActionFail):
                made.run(task_vars=variables)
        assert len(asked.calls) == calls


def test_a_ca_host_that_cannot_be_reached_is_told_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(**_arguments: t.Any) -> t.NoReturn:
        raise AnsibleConnectionFailure("no route")

    made = action(CaModule, path="/x", passphrase="12345678")
    made._execute_module = unreachable
    with pytest.raises(AnsibleConnectionFailure):
        made.ask({}, {})
    made._task.delegate_to = "vault"
    assert made.ask({}, {}) == {
        "failed": True,
        "msg": "The CA host 'vault' (tls_ca_host) cannot be reached, so nothing was signed: no route",
    }
