# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._machines import mounted

LINES = """\
1 0 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
2 1 0:2 / /srv/with\\040blank\\134 ro,nosuid - nfs4 server:/a\\040b rw,vers=4
3 1 0:3 / /srv/twice rw - autofs systemd-1 rw
4 3 0:4 / /srv/twice rw - fuse.glusterfs server:/v ro
5 1 0:5 / /srv/above/hidden rw - tmpfs tmpfs rw
6 1 0:6 / /srv/above rw - tmpfs tmpfs rw
7 6 0:7 / /srv/above/seen rw - tmpfs  rw
"""


@pytest.fixture
def mountinfo(tmp_path: pathlib.Path) -> str:
    (tmp_path / "mountinfo").write_text(LINES)
    return str(tmp_path / "mountinfo")


def test_what_is_mounted(mountinfo: str) -> None:
    found = mounted.read_mounts(mountinfo)
    assert list(found) == ["/", "/srv/with blank\\", "/srv/twice", "/srv/above/hidden", "/srv/above", "/srv/above/seen"]
    assert found["/srv/with blank\\"] == mounted.Mounted(
        "nfs4", "server:/a b", (0, 2), frozenset({"ro", "nosuid", "rw", "vers=4"})
    )
    assert found["/srv/twice"].kind == "fuse.glusterfs" and "ro" in found["/srv/twice"].options
    assert found["/srv/above/seen"].source == ""
    assert mounted.points_of("autofs", mountinfo) == {"/srv/twice"}


def test_what_can_be_reached(mountinfo: str, tmp_path: pathlib.Path) -> None:
    everything = mounted.read_mounts(mountinfo)
    del everything["/srv/above/hidden"]
    assert mounted.read_reachable(mountinfo) == everything
    # A root that is mounted twice, and one that a container does not see the mount of.
    (tmp_path / "roots").write_text("1 1 0:1 / / rw - rootfs rootfs rw\n9 1 8:1 / / rw - ext4 /dev/sda1 rw\n")
    assert {path: there.kind for path, there in mounted.read_reachable(str(tmp_path / "roots")).items()} == {
        "/": "ext4"
    }
    (tmp_path / "none").write_text("4 3 0:4 / /srv rw - tmpfs tmpfs rw\n")
    assert list(mounted.read_reachable(str(tmp_path / "none"))) == ["/srv"]
