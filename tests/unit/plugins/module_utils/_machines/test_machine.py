# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._machines.machine import machine
from recorded import VERSIONS, Recorded


def said(text: str) -> t.Callable[..., tuple[int, str, str]]:
    return lambda _argv, **_options: (0, text, "")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server(version: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "glusterd.info").write_text("UUID=49f68488-47ff-40c9-927f-3972154a461b\noperating-version=100000\n")
    assert machine(said(Recorded(version).text("version.txt")), str(tmp_path)) == {
        "version": version,
        "uuid": "49f68488-47ff-40c9-927f-3972154a461b",
        "op_version": 100000,
    }


def test_a_machine_without_glusterfs(tmp_path: pathlib.Path) -> None:
    def missing(argv: list[str], **_options: t.Any) -> tuple[int, str, str]:
        raise FileNotFoundError(argv[0])

    assert machine(missing, str(tmp_path)) == {"version": None, "uuid": None, "op_version": None}
    assert machine(said("sh: glusterfs: broken"), str(tmp_path))["version"] is None
