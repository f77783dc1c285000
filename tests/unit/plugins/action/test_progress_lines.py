# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines that a module writes are shown, whatever comes of it, and their file is gone afterwards."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from action_plugin import action
from ansible.utils.display import Display
from ansible_collections.glusterops.shares.plugins.action.gluster_heketi_info import ActionModule
from ansible_collections.glusterops.shares.plugins.plugin_utils import progress


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("answer", [{"changed": False}, {"changed": True}, {"failed": True, "msg": "no"}])
def test_a_wait_for_heketi_is_shown(
    monkeypatch: pytest.MonkeyPatch, check_mode: bool, answer: dict[str, t.Any]
) -> None:
    shown: list[str] = []
    files: list[pathlib.Path] = []
    monkeypatch.setattr(Display, "display", lambda _self, line, **_how: shown.append(line.strip()))

    def module(module_args: dict[str, t.Any], **_other: t.Any) -> dict[str, t.Any]:
        files.append(pathlib.Path(module_args["progress_file"]))
        files[-1].write_text("Heketi answers again.\n", encoding="utf-8")
        return answer

    made = action(ActionModule)
    made._task.check_mode = check_mode
    made._execute_module = module
    made.run(task_vars={})
    assert shown == ["Heketi answers again."] and not files[0].exists()


def test_nothing_is_looked_for_where_nothing_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    made = action(ActionModule)
    made._execute_module = lambda **_arguments: {"changed": True}
    monkeypatch.setattr(made, "_low_level_execute_command", lambda *_words: pytest.fail("a command was run"))
    assert made.run(task_vars={})["changed"]


def test_a_machine_writes_no_more_than_text_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(Display, "display", lambda _self, line, **_how: shown.append(line))
    progress._Lines(None, "").show("data: 3 \x1b[2Jof 9\r\n" + "x" * 1000 + "\nnot ended")
    assert shown == ["  data: 3 ?[2Jof 9?", "  " + "x" * 500]
