# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError, NotFound, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Brick, Volume
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.snapshot import Snapshot
from ansible_collections.glusterops.shares.plugins.module_utils._machines.mounted import Mounted
from ansible_collections.glusterops.shares.plugins.module_utils._shares import reclaim


class Machine:
    """Where bricks of snapshots and clones are mounted, which say that they were released; and what is run."""

    def __init__(self, root: pathlib.Path, patch: pytest.MonkeyPatch) -> None:
        self.root = f"{root}/"
        self.mounts = {"/": Mounted("ext4", "/dev/sda1", (8, 1))}
        self.released: set[str] = set()
        self.tagged: list[str] = []
        self.used: list[str] = []
        self.snapshots: list[str] = []
        self.run: list[list[str]] = []
        self.fails: dict[str, tuple[int, str, str] | OSError] = {}
        patch.setattr(reclaim, "read_mounts", lambda: self.mounts)
        patch.setattr(reclaim, "_is_released", lambda path: path in self.released)
        patch.setattr(reclaim.answers, "volumes", self._volumes)
        patch.setattr(reclaim.snapshot, "snapshots", self._snapshots)

    def mount(self, logical: str, released: bool = True) -> str:
        path = f"{self.root}{logical}/brick1"
        self.mounts[path] = Mounted("xfs", f"/dev/mapper/data-{logical}_0", (254, 7))
        if released:
            self.released.add(path)
        return path

    def _volumes(self, _cli: GlusterCli) -> dict[str, Volume]:
        bricks = tuple(Brick("server1", path, "u1") for path in self.used)
        return {"v": Volume("v", "", "Started", "Distribute", 1, 0, 0, 0, 0, bricks, {})}

    def _snapshots(self, _cli: GlusterCli) -> dict[str, Snapshot]:
        return {name: Snapshot(name, "u2", "", "", "v", True, name) for name in self.snapshots}

    def __call__(self, argv: list[str], **_options: t.Any) -> tuple[int, str, str]:
        self.run.append(argv)
        end = self.fails.get(argv[0])
        if isinstance(end, OSError):
            raise end
        if argv[0] == "lvs":
            rows = [{"lv_dm_path": device} for device in self.tagged]
            return end or (0, json.dumps({"report": [{"lv": rows}]}), "")
        return end or (0, "", "")

    def reclaim(self, check_mode: bool = False) -> list[tuple[str, str | None]]:
        changes = reclaim.reclaim(GlusterCli(self), check_mode, self.root)
        return [(change.subject, change.before) for change in changes]


@pytest.fixture
def machine(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_only_what_was_released_and_nobody_has(machine: Machine) -> None:
    gone = machine.mount("aa")
    machine.mount("bb", released=False)
    machine.used = [machine.mount("cc") + "/brick"]
    machine.mount("dd")
    machine.snapshots = ["dd"]
    assert machine.reclaim(check_mode=True) == [("/dev/mapper/data-aa_0", gone)]
    assert [argv[0] for argv in machine.run] == ["lvs"]
    assert machine.reclaim() == [("/dev/mapper/data-aa_0", gone)]
    assert machine.run[-3:] == [
        ["lvchange", "--addtag", "glusterops_released", "/dev/mapper/data-aa_0"],
        ["umount", gone],
        ["lvremove", "--yes", "/dev/mapper/data-aa_0"],
    ]


def test_interrupted_before(machine: Machine) -> None:
    """Tagged, and unmounted or not."""
    half = machine.mount("aa")
    machine.tagged = ["/dev/mapper/data-bb_0", "/dev/mapper/data-aa_0"]
    found = machine.reclaim()
    assert sorted(found, key=str) == [("/dev/mapper/data-aa_0", half), ("/dev/mapper/data-bb_0", None)]
    assert [argv for argv in machine.run if argv[0] == "umount"] == [["umount", half]]


def test_nothing_there(machine: Machine) -> None:
    assert machine.reclaim() == []
    machine.fails["lvs"] = FileNotFoundError(2, "No such file or directory")
    assert machine.reclaim() == []
    machine.fails["lvs"] = (5, "", "Locking failed")
    with pytest.raises(GlusterOpsError, match="lvs does not tell which logical volumes there are: Locking failed"):
        machine.reclaim()


def test_what_cannot_be_removed(machine: Machine) -> None:
    path = machine.mount("aa")
    machine.fails["umount"] = (32, "", f"umount: {path}: target is busy.")
    with pytest.raises(Refused, match="held a brick of a deleted clone, could not be removed: umount says: .* busy"):
        machine.reclaim()
    machine.fails["lvchange"] = FileNotFoundError(2, "No such file or directory")
    with pytest.raises(NotFound, match="lvchange is not on this server"):
        machine.reclaim()


def test_whether_a_brick_was_released(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what its root says, if it is empty: a tenant can have the root of his share say the same."""
    brick = tmp_path / "a" / "brick"
    for name in (".glusterfs", ".glusterfs-anonymous-inode-5", ".trashcan"):
        (brick / name).mkdir(parents=True)
    said: set[str] = set()

    def getxattr(path: str, name: str) -> bytes:
        if path in said and name == "user.glusterops-released":
            return b"copy"
        raise OSError

    monkeypatch.setattr(reclaim.os, "getxattr", getxattr)
    assert not reclaim._is_released(str(tmp_path))
    said.add(str(brick))
    assert reclaim._is_released(str(tmp_path))
    assert not reclaim._is_released(str(tmp_path / "nowhere"))
    (brick / "directory").mkdir()
    assert not reclaim._is_released(str(tmp_path))
    (brick / "directory").rmdir()
    (brick / "file").touch()
    assert not reclaim._is_released(str(tmp_path))
    (brick / "file").unlink()
    # Another volume's brick in the same file system.
    other = tmp_path / "b" / ".glusterfs"
    other.mkdir(parents=True)
    assert not reclaim._is_released(str(tmp_path))
    said.add(str(other.parent))
    assert reclaim._is_released(str(tmp_path))


def test_how_deep_a_brick_is_looked_for(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reclaim.os, "getxattr", lambda _path, _name: b"copy")
    (tmp_path / "1/2/3/4/5/6/7/8/9/.glusterfs").mkdir(parents=True)
    assert reclaim._is_released(str(tmp_path / "1"))
    assert not reclaim._is_released(str(tmp_path))
