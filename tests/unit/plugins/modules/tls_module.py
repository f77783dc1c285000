# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from unittest import mock

import pytest
from ansible.module_utils import basic


class TlsModule:
    """Runs a module's main() as Ansible does, and reads what it prints."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.printed = ""

    def __call__(
        self, main: t.Callable[[], t.Any], check: bool = False, diff: bool = False, **options: t.Any
    ) -> dict[str, t.Any]:
        arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": diff}
        given = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
        with mock.patch.object(basic, "_ANSIBLE_ARGS", given), mock.patch.object(
            basic, "_ANSIBLE_PROFILE", "legacy", create=True
        ), pytest.raises(SystemExit):
            main()
        self.printed = "".join(self._capsys.readouterr())
        answer: dict[str, t.Any] = json.loads(self.printed.strip().splitlines()[-1])
        # Ansible adds the first for its own checks, and keeps warnings of other tests in the same process.
        for name in ("invocation", "warnings"):
            answer.pop(name, None)
        return answer
