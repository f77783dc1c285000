# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import subprocess

import pytest
from harness import NAME, Lab, lab_command


@pytest.mark.parametrize("name", [[], ["-name", "somebodys"]])
def test_somebodys_machine_beside_ours(vm: Lab, tmp_path: pathlib.Path, name: list[str]) -> None:
    """The lab's commands neither stumble over it nor take it for their own."""
    words = ["qemu-system-x86_64", *name, "-pidfile", str(tmp_path / "pid"), "-machine", "none", "-nodefaults"]
    with subprocess.Popen([*words, "-display", "none", "-S"]) as other:
        try:
            lab_command("status", name=f"{NAME}-vm")
            assert other.poll() is None and "up already" in lab_command("up", "--vm", name=f"{NAME}-vm")
        finally:
            other.terminate()
