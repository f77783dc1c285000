# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import pathlib
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Brick, Volume
from ansible_collections.glusterops.shares.plugins.module_utils._machines import thin
from ansible_collections.glusterops.shares.plugins.module_utils._machines.mounted import Mounted
from ansible_collections.glusterops.shares.plugins.module_utils._machines.thin import (
    Ground,
    Logical,
    Lvm,
    Pool,
    ground,
    observe,
)
from recorded import FIXTURES

RECORDED = (FIXTURES / "gluster-10.3" / "lvs-thin.json").read_text()


def test_pools_and_what_is_in_them() -> None:
    lvm = observe(lambda _argv, **_options: (0, RECORDED, ""))
    assert lvm.pools["lab/pool"] == Pool(data=0.91, metadata=10.56)
    [thin] = [one for one in lvm.volumes if one.name == "thin"]
    assert thin.pool == "lab/pool" and thin.size == 600 * 1024**2 and thin.used == int(thin.size * 0.1078)
    assert {one.name for one in lvm.volumes} & {"pool", "tiny"} == set()


def test_sizes_of_snapshots() -> None:
    lvm = observe(lambda _argv, **_options: (0, RECORDED, ""))
    size, used = lvm.sizes("9fd1cb28843c4ef488e71d38ae2631e7") or (0, 0)
    assert size == 600 * 1024**2 and 0 < used < size
    assert lvm.sizes("thin") is None and lvm.sizes("") is None
    two = Lvm(tuple(Logical(f"1a2b_{number}", "lab/pool", (253, number), 100, 7) for number in range(2)))
    assert two.sizes("1a2b") == (200, 14)


def volume(*bricks: tuple[pathlib.Path, str]) -> Volume:
    found = tuple(Brick("server1", str(path), uuid) for path, uuid in bricks)
    return Volume("v", "", "Started", "Distribute", 1, 0, 0, 0, 0, found, {})


@pytest.fixture
def glusterd(tmp_path: pathlib.Path) -> str:
    (tmp_path / "glusterd.info").write_text("UUID=uuid-1\noperating-version=100000\n")
    (tmp_path / "brick").mkdir()
    return str(tmp_path)


def device(path: pathlib.Path) -> tuple[int, int]:
    number = os.stat(path).st_dev
    return os.major(number), os.minor(number)


def test_the_ground_of_a_brick(tmp_path: pathlib.Path, glusterd: str) -> None:
    brick = tmp_path / "brick"
    lvm = Lvm((Logical("v", "lab/pool", device(brick), 100, 7),), {"lab/pool": Pool(50.0, 5.0), "lab/x": Pool(99, 99)})
    assert ground(volume((brick, "uuid-1")), lvm, glusterd) == Ground((), {"lab/pool": Pool(50.0, 5.0)})
    # It is on another server, or nowhere.
    assert ground(volume((brick, "uuid-2")), lvm, glusterd) == Ground()
    assert ground(volume((tmp_path / "gone", "uuid-1")), lvm, glusterd) == Ground()
    assert ground(volume((brick, "uuid-1")), lvm, str(tmp_path / "nowhere")) == Ground()


@pytest.mark.parametrize("kind, told", [("xfs", True), ("overlay", True), ("zfs", False), (None, False)])
def test_a_brick_that_is_not_thin(
    tmp_path: pathlib.Path, glusterd: str, monkeypatch: pytest.MonkeyPatch, kind: str | None, told: bool
) -> None:
    """Of ZFS GlusterFS 11 takes snapshots, and of what is not known it will tell itself."""
    brick = tmp_path / "brick"
    there = {str(tmp_path): Mounted(kind, "/dev/x", device(brick))} if kind else {}
    monkeypatch.setattr(thin, "read_mounts", lambda: there)
    found = ground(volume((brick, "uuid-1")), Lvm(), glusterd)
    assert found == Ground((f"server1:{brick}",) if told else ())


def test_one_call() -> None:
    calls = []

    def run(argv: list[str], **_options: t.Any) -> tuple[int, str, str]:
        calls.append(argv)
        return 0, RECORDED, ""

    assert observe(run).volumes
    index = json.loads((FIXTURES / "gluster-10.3" / "index.json").read_text())
    assert calls == [index["lvs-thin.json"]["argv"]]


def test_no_lvs() -> None:
    def missing(_argv: list[str], **_options: t.Any) -> tuple[int, str, str]:
        raise FileNotFoundError("lvs")

    assert observe(missing) == Lvm()
    with pytest.raises(GlusterOpsError, match="which logical volumes there are: Locking failed") as caught:
        observe(lambda _argv, **_options: (5, "", "Locking failed\n"))
    assert caught.value.details["rc"] == 5
