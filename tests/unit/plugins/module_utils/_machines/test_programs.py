# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._machines.programs import programs


def run(enabled: str) -> t.Callable[..., tuple[int, str, str]]:
    said = {
        "glusterd": "glusterfs 10.3\nRepository revision: git://git.gluster.org/glusterfs.git\n",
        "systemctl": enabled,
    }
    return lambda argv, **_options: (0, said[argv[0]], "")


def missing(_argv: list[str], **_options: t.Any) -> tuple[int, str, str]:
    raise FileNotFoundError(2, "No such file or directory")


def test_a_bare_machine(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _program, path: None)
    found = programs(missing, booted=str(tmp_path), proc=str(tmp_path))
    assert found == {"glusterd": None, "enabled": None, "running": False} | dict.fromkeys(
        ("client", "lvm", "xfs", "openssl"), False
    )


@pytest.mark.parametrize(
    "said, enabled",
    [("enabled\n", True), ("disabled\n", False), ("masked\n", False), ("", None), ("static\n", None)],
)
def test_whether_it_starts_at_boot(tmp_path: pathlib.Path, said: str, enabled: bool | None) -> None:
    found = programs(run(said), booted=str(tmp_path), proc=str(tmp_path))
    assert found["enabled"] is enabled and found["glusterd"] == "10.3"
    # Where systemd is not in charge, nobody knows.
    assert programs(run(said), booted=str(tmp_path / "none"), proc=str(tmp_path))["enabled"] is None


def test_whether_it_runs(tmp_path: pathlib.Path) -> None:
    """A container's is another machine's."""
    here, container = "pid:[4026531836]", "pid:[4026532001]"
    for process, name, space in (("self", "python3", here), ("1", "glusterfsd", here), ("20", "glusterd", container)):
        process_of(tmp_path, process, name, space)
    assert not programs(missing, booted="/no/such", proc=str(tmp_path))["running"]
    process_of(tmp_path, "22", "glusterd", here)
    assert programs(missing, booted="/no/such", proc=str(tmp_path))["running"]


def process_of(proc: pathlib.Path, process: str, name: str, space: str) -> None:
    (proc / process / "ns").mkdir(parents=True)
    (proc / process / "comm").write_text(f"{name}\n")
    (proc / process / "ns" / "pid").symlink_to(space)
