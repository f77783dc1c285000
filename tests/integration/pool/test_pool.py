# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from harness import SERVERS, Lab

LIST = "auth.ssl-allow"
GIB = 1024**3
PATTERN = "pool-#{size}G-[0-9]+"
SHARE: dict[str, t.Any] = {
    "name": "data",
    "identities": ["tenant-a"],
    "size": "1G",
    "pattern": PATTERN,
    "infrastructure": SERVERS,
}
GONE: dict[str, t.Any] = {"name": "data", "infrastructure": SERVERS, "state": "absent"}


def make(lab: Lab, name: str, *options: str) -> None:
    """A volume of the pool with three copies, and not even started."""
    bricks = " ".join(f"server{number}:/srv/{name}" for number in (1, 2, 3))
    lab.gluster(f"volume create {name} replica 3 {bricks} force")
    for option in options:
        lab.gluster(f"volume set {name} {option}")


def remove(lab: Lab, *names: str) -> None:
    for name in names:
        for command in ("stop", "delete"):
            lab.run("server1", f"gluster --mode=script volume {command} {name} force", check=False)
            lab.run("server1", f"gluster --mode=script volume {command} {name}", check=False)
        for number in (1, 2, 3):
            lab.run(f"server{number}", f"rm -rf /srv/{name}")


def seen(lab: Lab) -> dict[str, dict[str, t.Any]]:
    """Volume to what gluster_info says of it."""
    return {one["name"]: one for one in lab.module("server1", "gluster_info", gather=["volumes"])["volumes"]}


def on_bricks(lab: Lab, name: str) -> list[str]:
    """What is in the volume's bricks, but for Gluster's own."""
    find = f"find /srv/{name} -mindepth 1 -maxdepth 1 ! -name '.glusterfs*'"
    return [path for number in (1, 2, 3) for path in lab.run(f"server{number}", find).stdout.split()]


@pytest.fixture(scope="module")
def pool(either: Lab) -> t.Iterator[Lab]:
    """Two volumes of 1G, one of 2G, and one that Manila uses; the second one is started and open to everybody."""
    lab = either
    make(lab, "pool-1G-1", "user.manila-share 0f4b5c1e-7d6a-4a55-9d35-6f0c2d6b8a11")
    make(lab, "pool-1G-2")
    lab.gluster("volume start pool-1G-2")
    make(lab, "pool-1G-3")
    make(lab, "pool-2G-1")
    yield lab
    remove(lab, "pool-1G-1", "pool-1G-2", "pool-1G-3", "pool-2G-1")


def test_taken_used_and_given_back(pool: Lab) -> None:
    lab = pool
    # The smallest, and it may be stopped: nobody uses it.
    refused = lab.module("server1", "gluster_share", **SHARE)
    assert refused["failed"] and "pool-1G-2', which is started and not sealed" in refused["msg"]
    assert not refused["changed"] and seen(lab)["pool-1G-2"]["free"]
    done = lab.predicted("server1", "gluster_share", by=lab.ansible, restart=True, **SHARE)
    assert [change["what"] for change in done["changes"]] == [
        "volume",
        "features.hard-timeout",
        "features.soft-timeout",
        "started",
        "features.quota",
        "size",
        "auth.ssl-allow",
        "state",
    ]
    assert done["share"] == {
        "name": "data",
        "volume": "pool-1G-2",
        "sealed": True,
        "identities": sorted([*SERVERS, "tenant-a"]),
        "started": True,
        "limit": GIB,
        "servers": ["server1", "server2", "server3"],
    }
    found = seen(lab)["pool-1G-2"]
    assert (found["share"], found["state"], found["origin"], found["free"]) == ("data", "in-use", "pool", False)
    assert lab.mount("host1", "pool-1G-2") == "" and lab.mount("host2", "pool-1G-2") != ""
    lab.run("host1", "cd /mnt/try && mkdir -p a/b && for n in $(seq 300); do echo $n > a/b/$n; done && ln -s / a/root")

    # Beyond its volume it does not go, and says where it could.
    refused = lab.module("server1", "gluster_share", **{**SHARE, "size": "2G"})
    assert refused["failed"] and refused["larger"] == ["pool-2G-1"]
    assert "volume 'pool-1G-2' has 1G" in refused["msg"] and "pool-2G-1" in refused["msg"]
    lab.predicted("server1", "gluster_share", **{**SHARE, "size": "0.5G"})
    assert lab.run("host1", "df --output=size -B1M /mnt/try | tail -1").stdout.strip() == "512"

    dry = lab.module("server1", "gluster_share", check=True, **GONE)
    done = lab.module("server1", "gluster_share", **GONE)
    assert not done["failed"] and dry["changes"] == done["changes"], (dry, done)
    assert [change["what"] for change in done["changes"]] == [
        "state",
        "auth.ssl-allow",
        "size",
        "data",
        "features.quota",
        "volume",
    ]
    assert done["wiped"]["files"] == 301 and done["wiped"]["directories"] == 2
    assert not lab.module("server1", "gluster_share", **GONE)["changed"]
    lab.run("host1", "umount -l /mnt/try", check=False)
    found = seen(lab)["pool-1G-2"]
    assert found["free"] and found["share"] is None and found["sealed"] and found["identities"] == SERVERS
    assert lab.mount("host1", "pool-1G-2") != ""
    assert on_bricks(lab, "pool-1G-2") == []

    # The next one finds it empty.
    other = {**SHARE, "name": "next", "identities": ["tenant-b"]}
    assert lab.module("server1", "gluster_share", **other)["share"]["volume"] == "pool-1G-2"
    assert lab.mount("host2", "pool-1G-2") == ""
    assert lab.run("host2", "ls -A /mnt/try; umount /mnt/try").stdout == ""
    assert not lab.module("server1", "gluster_share", **{**GONE, "name": "next"})["failed"]
    assert seen(lab)["pool-1G-1"]["options"] == {
        **seen(lab)["pool-1G-1"]["options"],
        "user.manila-share": "0f4b5c1e-7d6a-4a55-9d35-6f0c2d6b8a11",
    }
    assert "user.glusterops-share" not in seen(lab)["pool-1G-1"]["options"]


def test_what_is_in_it_is_somebody_elses(pool: Lab) -> None:
    lab = pool
    lab.module("server1", "gluster_share", **{**SHARE, "size": "2G", "restart": True})
    assert lab.mount("host1", "pool-2G-1") == ""
    lab.run("host1", "echo secret > /mnt/try/letter; umount /mnt/try")
    # Quota's crawlers do not say what they are, and under load run for longer than the product waits for them.
    gone = "! gluster volume status pool-2G-1 client-list | grep -qE 'fuse|unknown'"
    lab.run("server1", f"for n in $(seq 120); do {gone} && exit; sleep 0.5; done; exit 1")
    # As an administrator would, who thinks that it is free.
    freed = f"user.glusterops-share - user.glusterops-state free user.manila-share NONE {LIST} {','.join(SERVERS)}"
    lab.gluster(f"volume set pool-2G-1 {freed}")
    asked = {**SHARE, "name": "new", "size": "2G", "identities": ["tenant-b"]}
    refused = lab.module("server1", "gluster_share", **asked)
    assert refused["failed"] and "is not empty: it holds 'letter'. Nobody was let in" in refused["msg"], refused
    assert "state" not in [change["what"] for change in refused["changes"]]
    found = seen(lab)["pool-2G-1"]
    assert found["share"] is None and not found["free"] and found["identities"] == SERVERS
    # The next run would take another one, if there was any of this size.
    refused = lab.module("server1", "gluster_share", **asked)
    assert refused["failed"] and "No volume for share 'new' of 2G" in refused["msg"]
    lab.gluster("volume set pool-2G-1 user.glusterops-share data@pool-2G-1 user.glusterops-state in-use")
    assert lab.module("server1", "gluster_share", **GONE)["wiped"]["files"] == 1
    assert lab.module("server1", "gluster_share", **asked)["share"]["volume"] == "pool-2G-1"
    assert not lab.module("server1", "gluster_share", **{**GONE, "name": "new"})["failed"]


def test_what_somebody_has_mounted_is_not_taken(pool: Lab) -> None:
    """Whatever its marks say. Here it is open to all tenants, with no mark."""
    lab = pool
    make(lab, "mine-1G-1", "client.ssl on", "server.ssl on", f"auth.ssl-allow tenant-a,{','.join(SERVERS)}")
    lab.gluster("volume start mine-1G-1")
    try:
        assert lab.mount("host1", "mine-1G-1") == ""
        refused = lab.module("server1", "gluster_share", **{**SHARE, "pattern": "mine-#{size}G-.*"})
        assert refused["failed"] and not refused["changed"] and "none is free" in refused["msg"], refused
        assert lab.run("host1", "ls /mnt/try && umount /mnt/try").returncode == 0
    finally:
        remove(lab, "mine-1G-1")


def test_what_cannot_be_wiped_stays_its_tenants(pool: Lab) -> None:
    lab = pool
    assert not lab.module("server1", "gluster_share", restart=True, **SHARE)["failed"]
    volume = "pool-1G-2"
    pid = lab.run("server3", f"pgrep -f 'glusterfsd.*{volume}'").stdout.split()[0]
    lab.run("server3", f"kill -9 {pid}")
    refused = lab.module("server1", "gluster_share", heal_timeout=2, **GONE)
    assert refused["failed"] and "server3:/srv/pool-1G-2" in refused["msg"] and not refused["changed"], refused
    assert seen(lab)[volume]["state"] == "in-use" and "tenant-a" in seen(lab)[volume]["identities"]
    lab.gluster(f"volume start {volume} force")
    waited = lab.module("server1", "gluster_management_wait", state="disabled", daemons=True)
    assert not waited["failed"], waited
    # A share that nobody may delete this way: no mark says that it is ours.
    refused = lab.module("server1", "gluster_share", **{**GONE, "name": "pool-1G-3"})
    assert refused["failed"] and "neither of a pool, nor was it made or cloned" in refused["msg"]
    gone = lab.module("server1", "gluster_share", **GONE)
    assert not gone["failed"], gone
