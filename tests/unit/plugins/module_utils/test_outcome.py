# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import types
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile


@pytest.mark.parametrize(
    "path, expected",
    [
        ("/opt/bin:/usr/bin:/bin", "/opt/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"),
        ("", "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"),
        ("/sbin:/usr/sbin:/usr/local/sbin:/bin:/usr/bin", "/sbin:/usr/sbin:/usr/local/sbin:/bin:/usr/bin"),
    ],
)
def test_programs_are_found_with_a_users_path(monkeypatch: pytest.MonkeyPatch, path: str, expected: str) -> None:
    monkeypatch.setenv("PATH", path)

    def work(_module: t.Any) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
        return [], {"path": os.environ["PATH"]}

    assert _reconcile.outcome(types.SimpleNamespace(_diff=False), work)["path"] == expected
