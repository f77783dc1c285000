# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from harness import SERVERS, Lab, Run

PATH = "/srv/mounted"


@pytest.fixture
def share(identities: Lab, volume: str) -> t.Iterator[str]:
    identities.module(
        "server1", "gluster_shares", infrastructure=SERVERS, shares=[{"name": volume, "identities": ["tenant-a"]}]
    )
    yield volume
    for host in ("host1", "host2"):
        identities.module(host, "gluster_mounts", mounts=[{"share": volume, "state": "absent"}])


def test_mount_and_unmount(identities: Lab, share: str) -> None:
    lab = identities
    mount = {"share": share, "path": PATH, "servers": ["server1", "server2"]}
    done = lab.predicted("host1", "gluster_mounts", by=lab.ansible, mounts=[mount])
    assert done["mounts"] == [{"share": share, "path": PATH, "mounted": True, "guarded": True, "identity": None}]
    lab.run("host1", f"echo kept > {PATH}/file")
    # As at boot.
    lab.run("host1", f"umount {PATH} && mount -a && cat {PATH}/file")
    lab.run("host1", f"umount {PATH}")
    assert lab.run("host1", f"touch {PATH}/local", check=False).returncode != 0, "root writes under the mount"
    done = lab.module("host1", "gluster_mounts", mounts=[mount])
    assert [change["what"] for change in done["changes"]] == ["mounted"]
    assert lab.run("host1", f"cat {PATH}/file").stdout == "kept\n"

    lab.predicted("host1", "gluster_mounts", mounts=[{"share": share, "state": "absent"}])
    assert lab.run("host1", f"test -e {PATH}", check=False).returncode != 0
    assert share not in lab.run("host1", "cat /etc/fstab /proc/mounts").stdout


def test_a_mount_made_by_hand_is_guarded_underneath(identities: Lab, share: str) -> None:
    lab = identities
    lab.run("host1", f"mkdir -p {PATH} && mount -t glusterfs server1:/{share} {PATH}")
    done = lab.predicted("host1", "gluster_mounts", mounts=[{"share": share, "path": PATH, "servers": ["server1"]}])
    assert [change["what"] for change in done["changes"]] == ["directory", "fstab"]
    lab.run("host1", f"umount {PATH}")
    assert lab.run("host1", f"touch {PATH}/local", check=False).returncode != 0


def test_a_denied_host_is_told(identities: Lab, share: str) -> None:
    lab = identities
    mount = {"share": share, "path": PATH, "servers": ["server1"]}
    done = lab.module("host2", "gluster_mounts", mounts=[mount])
    assert done["failed"] and done["error"] == "refused", done
    assert "could not be mounted" in done["msg"] and "Authentication failed" in done["msg"]
    assert lab.run("host2", f"findmnt {PATH}", check=False).stdout == ""
    assert lab.run("host2", f"touch {PATH}/local", check=False).returncode != 0


def test_a_dead_mount_is_mounted_again(identities: Lab, share: str) -> None:
    lab = identities
    mount = {"share": share, "path": PATH, "servers": ["server1"]}
    lab.module("host1", "gluster_mounts", mounts=[mount])
    lab.run("host1", f"pkill -9 -f 'volfile-id=.?{share} {PATH}'")
    assert lab.run("host1", f"ls {PATH}", check=False).returncode != 0
    done = lab.predicted("host1", "gluster_mounts", mounts=[mount])
    assert done["changes"] == [{"subject": PATH, "what": "mounted", "before": "disconnected", "after": share}]


def test_local_files_are_not_hidden(identities: Lab, share: str) -> None:
    lab = identities
    lab.run("host1", "mkdir -p /srv/mine && touch /srv/mine/file")
    done = lab.module("host1", "gluster_mounts", mounts=[{"share": share, "path": "/srv/mine", "servers": ["server1"]}])
    assert done["failed"] and "/srv/mine is not an empty directory" in done["msg"], done
    assert (
        lab.run("host1", "ls /srv/mine").stdout == "file\n"
        and "/srv/mine" not in lab.run("host1", "cat /etc/fstab").stdout
    )


@pytest.mark.parametrize(
    "run, entry, message",
    [
        (Lab.module, {"path": None}, "path is missing"),
        (Lab.module, {"path": "srv"}, "is not an absolute path"),
        (Lab.module, {"path": "/srv/$(id)"}, "is not an absolute path"),
        (Lab.module, {"servers": []}, "servers is empty"),
        (Lab.module, {"servers": ["a;b"]}, "server 'a;b' is not a host name"),
        (Lab.module, {"share": "a b"}, "share 'a b' is not a volume name"),
        (Lab.module, {"options": ["rw,exec"]}, "mount option 'rw,exec' is not of the form"),
        (Lab.ansible, {"state": "gone"}, "value of state must be one of: mounted, absent"),
    ],
)
def test_bad_input_changes_nothing(lab: Lab, run: Run, entry: dict[str, object], message: str) -> None:
    before = lab.run("host1", "cat /etc/fstab; ls /srv").stdout
    mount = {"share": "v", "path": "/srv/bad", "servers": ["server1"], **entry}
    done = run(lab, "host1", "gluster_mounts", mounts=[mount])
    assert done["failed"] and message in done["msg"], done
    assert lab.run("host1", "cat /etc/fstab; ls /srv").stdout == before
