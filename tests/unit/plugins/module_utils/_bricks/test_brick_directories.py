# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._bricks import directories, observe
from ansible_collections.glusterops.shares.plugins.module_utils._bricks.directories import Evidence
from ansible_collections.glusterops.shares.plugins.module_utils._bricks.storage import Place
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Brick, Volume


@pytest.mark.parametrize(
    "evidence, message",
    [
        (Evidence(directory=False), "/srv/g is no directory"),
        (Evidence(brick="/srv"), "belongs to a brick of Gluster, /srv"),
        (Evidence(kind="tmpfs"), "lies on tmpfs"),
        (Evidence(kind="nfs4"), "lies on nfs4"),
        (Evidence(kind="fuse.glusterfs"), "lies on fuse.glusterfs"),
        (Evidence(kind="nothing known"), "lies on nothing known"),
        (Evidence(read_only=True), "can only be read"),
        (Evidence(holds=("a",)), "is not empty (a)"),
        (Evidence(holds=("a", "b", "c", "d")), "is not empty (a, b, c, ...)"),
    ],
)
def test_what_is_not_taken(evidence: Evidence, message: str) -> None:
    assert message in (directories.problem("/srv/g", evidence) or "")


@pytest.mark.parametrize("kind", ["xfs", "ext4", "zfs", "btrfs"])
@pytest.mark.parametrize("there", [True, False])
def test_what_is_taken(kind: str, there: bool) -> None:
    assert directories.problem("/srv/g", Evidence(kind=kind, there=there)) is None


@pytest.mark.parametrize(
    "name, value, found",
    [
        ("brick_a_1", b'{"volume": "a", "size": 5}', ("a", 5)),
        ("brick_b_1", b'{"volume": "a", "size": 5}', None),
        ("brick_a_1", b'{"volume": "a", "size": 0}', None),
        ("brick_a_1", b'{"volume": "a", "size": true}', None),
        ("brick_a_1", b'{"volume": "a", "size": "5"}', None),
        ("brick_a_1", b'{"volume": "a"}', None),
        ("brick_a_1", b"[]", None),
        ("brick_a_1", b"\xff", None),
        ("brick_a_1", b"", None),
        ("brick_a_1", None, None),
        ("a", b'{"volume": "a", "size": 5}', None),
    ],
)
def test_marks(name: str, value: bytes | None, found: tuple[str, int] | None) -> None:
    assert directories.read_mark(name, value) == found


def test_a_file_system_is_one_room() -> None:
    base = Place("/a", "directory", "ready", real="/a", identity="fs:1", size=100, free=70, promised=40, used=10)
    beside = dataclasses.replace(base, path="/b", real="/b", free=95, promised=5, used=0)
    link = dataclasses.replace(base, path="/link")
    other = dataclasses.replace(base, path="/c", real="/c", identity="fs:2")
    device = dataclasses.replace(base, path="/dev/sdb", kind="device")
    free = {one.path: one.free for one in directories.one_room([base, beside, link, other, device])}
    assert free == {"/a": 65, "/b": 65, "/link": 65, "/c": 70, "/dev/sdb": 70}


@pytest.mark.parametrize(
    "path", ["", "srv", "/", "/srv/", "/srv/../etc", "//srv", "/a b", "/a\n", "/a;b", "/ä", "/" + "a" * 255, None, 7]
)
def test_paths_that_are_none(path: t.Any) -> None:
    with pytest.raises(BadInput, match="is not the path of a device or directory"):
        observe.check_path(path)


@pytest.mark.parametrize(
    "path, kind",
    [
        ("/dev/sdb", "device"),
        ("/dev/disk/by-path/pci-0000:00:1f.2-ata-1.0", "device"),
        ("/srv/gluster", "directory"),
        ("/devices", "directory"),
    ],
)
def test_kinds(path: str, kind: str) -> None:
    assert observe.kind_of(observe.check_path(path)) == kind


def test_whose_bricks_are() -> None:
    paths = ["/srv/data", "/srv/brick_data_1/brick", "/var/lib/glusterops/bricks/brick_data_2/brick"]
    bricks = tuple(Brick("server1", path, "uuid") for path in paths)
    # Whatever the volume is called by now.
    volume = Volume("renamed", "", "Started", "Distribute", 1, 0, 0, 0, 0, bricks, {})
    assert observe.used_by([volume]) == {"brick_data_1": "renamed", "brick_data_2": "renamed"}
