# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real snapshots of one volume. It is a slow machine, so the steps go on from each other."""

from __future__ import annotations

import functools
import time
import typing as t

import pytest
from harness import Lab, in_order, thin_volume

SHARE = "data"
SNAPSHOT = "before-upgrade"
ONE = {"name": SNAPSHOT, "share": SHARE}


class Snapshots:
    """The share, mounted on its server, and the modules."""

    def __init__(self, vm: Lab) -> None:
        self.vm = vm

    def one(self, check: bool = False, **arguments: t.Any) -> dict[str, t.Any]:
        return self.vm.module("server1", "gluster_snapshot", check, **{**ONE, **arguments})

    def many(self, *shares: dict[str, t.Any], check: bool = False) -> dict[str, t.Any]:
        return self.vm.module("server1", "gluster_snapshots", check, shares=list(shares))

    def names(self) -> list[str]:
        listed = self.vm.gluster("snapshot list").strip()
        return [] if listed == "No snapshots present" else sorted(listed.split())

    def sh(self, command: str) -> str:
        return self.vm.run("server1", command).stdout

    def mount(self) -> None:
        self.sh(f"umount -l /mnt/data 2>/dev/null; mkdir -p /mnt/data; mount -t glusterfs server1:/{SHARE} /mnt/data")


@pytest.fixture(scope="module")
def snapshots(vm: Lab) -> Snapshots:
    thin_volume(vm, SHARE)
    vm.gluster(f"volume set {SHARE} auth.ssl-allow glusterfs-server-server1,alice user.department sales")
    vm.gluster(f"volume quota {SHARE} enable")
    found = Snapshots(vm)
    # The quota daemon needs a moment.
    found.sh(f"for n in $(seq 60); do gluster volume quota {SHARE} limit-usage / 100MB && exit; sleep 1; done; exit 1")
    found.mount()
    found.sh("echo precious > /mnt/data/kept; sync")
    return found


def made_once(snapshots: Snapshots) -> None:
    real = snapshots.vm.predicted(
        "server1", "gluster_snapshot", by=snapshots.vm.ansible, **ONE, description='Before 7.2 & "more"', active=True
    )
    found = real["snapshot"]
    assert found["name"] == SNAPSHOT and found["volume"] == SHARE and found["active"]
    assert found["description"] == 'Before 7.2 & "more"'
    assert abs(time.time() - time.mktime(time.strptime(found["created"], "%Y-%m-%dT%H:%M:%SZ")) + time.timezone) < 600
    assert found["size"] == 600 * 1024**2 and 0 < found["used"] < found["size"]
    assert snapshots.names() == [SNAPSHOT]
    stopped = snapshots.one(active=False)
    assert stopped["changes"] == [{"subject": SNAPSHOT, "what": "active", "before": True, "after": False}]
    assert not stopped["snapshot"]["active"]


def restored_with_the_access_list_of_today(snapshots: Snapshots) -> None:
    """Gluster would let alice in again, and go back to the smaller size."""
    vm = snapshots.vm
    vm.gluster(f"volume set {SHARE} auth.ssl-allow glusterfs-server-server1,bob user.department research")
    vm.gluster(f"volume set {SHARE} performance.readdir-ahead on")
    vm.gluster(f"volume quota {SHARE} limit-usage / 200MB")
    snapshots.sh("echo late > /mnt/data/late; rm /mnt/data/kept; sync")
    refused = snapshots.one(state="restored")
    assert refused["failed"] and refused["error"] == "refused" and "allow that with restart: true" in refused["msg"]
    assert "Status: Started" in vm.gluster(f"volume info {SHARE}")
    snapshots.sh("umount /mnt/data")
    before = vm.options(SHARE)
    before.pop("features.barrier")  # Gluster's own, while it makes a snapshot.
    real = vm.predicted("server1", "gluster_snapshot", **ONE, state="restored", restart=True)
    assert [(change["what"], change["after"]) for change in real["changes"]] == [
        ("restart", True),
        ("restored", SNAPSHOT),
    ]
    assert real["snapshot"] is None and snapshots.names() == []
    after = vm.options(SHARE)
    assert after.pop("user.glusterops-restored") == f"{SNAPSHOT}@{SHARE}"
    assert {option: after.get(option) for option in before} == before
    assert before["auth.ssl-allow"] == "glusterfs-server-server1,bob" and before["user.department"] == "research"
    snapshots.mount()
    assert snapshots.sh("cd /mnt/data && ls && cat kept").split() == ["kept", "precious"]
    assert "200.0MB" in vm.gluster(f"volume quota {SHARE} list")


def each_hindrance_has_its_sentence(snapshots: Snapshots) -> None:
    """All at once: what is in the way of one share does not stop the others."""
    vm = snapshots.vm
    vm.gluster("volume create thick server1:/srv/thick force")
    vm.gluster("volume create idle server1:/srv/idle force")
    vm.gluster("volume start thick")
    vm.run("server1", "lvcreate -q -T -L 100m --poolmetadatasize 4m lab/tiny")
    thin_volume(vm, "crowded", "600m", "tiny")
    vm.run("server1", "dd if=/dev/zero of=/srv/thin/crowded/fill bs=1M count=35 conv=fsync 2>/dev/null")
    hindered = ("nowhere", "thick", "idle", "crowded")
    done = snapshots.many(
        *({"name": name, "prefix": "hourly", "every": "1h", "keep": 2} for name in (*hindered, SHARE))
    )
    assert done["failed"] and done["changed"] and len(done["changes"]) == 1, done
    told = {failure["share"]: failure["msg"] for failure in done["failures"]}
    assert tuple(told) == hindered
    assert "does not exist on this cluster" in told["nowhere"]
    assert "each brick on a thin logical volume" in told["thick"] and "server1:/srv/thick" in told["thick"]
    assert "it is not started" in told["idle"]
    assert "the thin pool lab/tiny of its bricks is 9" in told["crowded"] and "lvextend" in told["crowded"]
    assert all(sentence in done["msg"] for sentence in told.values())
    [made] = snapshots.names()
    assert made.startswith(f"hourly-{SHARE}-") and done["snapshots"][0]["name"] == made


def the_last_ones_are_kept(snapshots: Snapshots) -> None:
    """Of two, one is four days old. As there may be no more, it goes first."""
    vm = snapshots.vm
    [other] = snapshots.names()
    old, young = (f"daily-{SHARE}-202001{day}T000000Z" for day in ("01", "02"))
    snapshots.sh("date -s '4 days ago' > /dev/null")
    vm.gluster(f"snapshot create {old} {SHARE} no-timestamp")
    snapshots.sh("date -s '4 days' > /dev/null")
    vm.gluster(f"snapshot create {young} {SHARE} no-timestamp")
    vm.gluster(f"snapshot config {SHARE} snap-max-hard-limit 3")
    series = [{"name": SHARE, "prefix": "daily", "keep": 5, "keep_for": "3d"}]
    done = vm.predicted("server1", "gluster_snapshots", shares=series)
    gone, made = done["changes"]
    assert (gone["subject"], gone["after"]) == (old, None) and made["after"] == SHARE
    assert [found["name"] for found in done["snapshots"]] == [young, made["subject"]]
    assert snapshots.names() == sorted([young, made["subject"], other])
    full = snapshots.one()
    assert full["failed"] and full["error"] == "refused" and not full["changed"], full
    assert f"No snapshot of share '{SHARE}' can be made: it has 3 of at most 3." in full["msg"]


def the_playbook(snapshots: Snapshots) -> None:
    vm = snapshots.vm
    vm.gluster(f"snapshot config {SHARE} snap-max-hard-limit 10")
    weekly = {"prefix": "weekly", "every": "1w", "keep_for": "4w"}
    shares = [
        {"name": SHARE, "size": "200M", "snapshots": [weekly]},
        {"name": "thick", "size": "1G"},
        {"name": "idle", "size": "1G", "snapshots": [{}]},
        {"name": "nowhere", "size": "1G", "snapshots": [{}]},
    ]
    done = vm.play("glusterops.shares.snapshots", shares_list=shares)
    assert done.rc != 0 and done.changed == 1, done.output
    assert "share 'idle' can be made: it is not started" in done.output, done.output
    assert "Share nowhere is on none of the clusters" in done.output and "'thick'" not in done.output, done.output
    [made] = [name for name in snapshots.names() if name.startswith(f"weekly-{SHARE}-")]
    gone = snapshots.one(name=made, state="absent")
    assert gone["changes"] == [{"subject": made, "what": "snapshot", "before": SHARE, "after": None}], gone
    assert gone["snapshot"] is None and made not in snapshots.names()


STEPS = (
    made_once,
    restored_with_the_access_list_of_today,
    each_hindrance_has_its_sentence,
    the_last_ones_are_kept,
    the_playbook,
)


def test_snapshots(snapshots: Snapshots, subtests: pytest.Subtests) -> None:
    in_order(subtests, {act.__name__: functools.partial(act, snapshots) for act in STEPS})
