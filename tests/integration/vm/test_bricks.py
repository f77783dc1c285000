# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bricks on a device, with LVM. It is a slow machine, so the steps go on from each other."""

from __future__ import annotations

import functools
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._bricks import names
from harness import Lab, in_order
from killing import Program

MIB, GIB = 1024**2, 1024**3
MODULE, SERVER = "gluster_bricks", "server1"
DISK = "/dev/vdc"
ONE, TWO = "brick_data_1", "brick_data_2"
POINT = f"{names.MOUNTS}/{ONE}"
PATH = f"{POINT}/brick"


def wanted(size: str = "700M", name: str = ONE) -> dict[str, t.Any]:
    return {"storage": [DISK], "bricks": [{"name": name, "storage": DISK, "size": size}]}


GONE = {"storage": [DISK], "deleted_volumes": ["data"]}


def sh(vm: Lab, command: str, check: bool = True) -> str:
    return vm.run(SERVER, command, check).stdout


def look(vm: Lab, *storage: str) -> list[dict[str, t.Any]]:
    return vm.module(SERVER, "gluster_info", gather=["storage"], storage=list(storage or [DISK]))["storage"]


def group(vm: Lab) -> str:
    return sh(vm, "vgs --noheadings -o vg_name @glusterops.storage").strip()


def left(vm: Lab, name: str = ONE) -> str:
    """What there is of a brick: its logical volume, mount, line and directory."""
    return sh(
        vm,
        f"lvs --noheadings -o lv_name | grep -w {name}; findmnt -rno SOURCE {names.MOUNTS}/{name};"
        f" grep {name} /etc/fstab; ls -d {names.MOUNTS}/{name}",
        check=False,
    )


def what_is_not_taken(vm: Lab) -> None:
    other = "/dev/disk-2"
    sh(vm, f"ln -sf {DISK} {other}")
    for prepare, path, message in (
        ("true", "/dev/vda", "is used already: "),
        ("true", "/dev/vdb", "mounted on /lab"),
        ("true", "/dev/nvme0n1", "mounted on /"),
        ("true", "/dev/lab/pool", "/dev/lab/pool"),
        (f"mkfs.xfs -q {DISK}", DISK, "holds signature xfs"),
        (f"wipefs -qa {DISK}; pvcreate -q {DISK}", DISK, "/dev/vdc"),
        (f"vgcreate -q somebodys {DISK}", DISK, "/dev/vdc"),
    ):
        sh(vm, prepare)
        done = vm.module(SERVER, MODULE, storage=[path])
        assert done["failed"] and message in done["msg"] and not done["changed"], done
    sh(vm, f"vgremove -q somebodys; pvremove -q {DISK}")
    twice = vm.module(SERVER, MODULE, storage=[DISK, other])
    assert twice["failed"] and f"{DISK} and {other} are one and the same" in twice["msg"], twice
    sh(vm, f"rm {other}")
    assert sh(vm, f"blkid -p {DISK}; pvs --noheadings -o pv_name | grep {DISK}", check=False) == ""


def made(vm: Lab) -> None:
    """What a blank device will have for bricks is told to the byte."""
    [blank] = look(vm)
    assert blank["state"] == "blank" and 10 * GIB < blank["size"] == blank["free"] < 12 * GIB
    done = vm.predicted(SERVER, MODULE, by=vm.ansible, **wanted())
    assert [(one["subject"], one["what"]) for one in done["changes"]] == [(DISK, "storage"), (PATH, "brick")]
    assert done["bricks"] == [{"name": ONE, "path": PATH}]
    [place] = look(vm)
    assert place["state"] == "ready" and place["size"] == blank["size"], (blank, place)
    assert place["promised"] == 700 * MIB and place["free"] == place["size"] - 700 * MIB
    assert [(one["name"], one["state"], one["used"]) for one in place["bricks"]] == [(ONE, "whole", False)]
    assert sh(vm, f"findmnt -no FSTYPE,SOURCE {POINT}").split() == ["xfs", f"/dev/mapper/{group(vm)}-{ONE}"]
    assert f"/dev/{group(vm)}/{ONE} {POINT} xfs " in sh(vm, "cat /etc/fstab")
    room = int(sh(vm, f"df -B1 --output=avail {POINT} | tail -1"))
    assert names.usable(names.DEVICE, 700 * MIB) < room
    # Metadata can grow, and the pool has a spare.
    assert float(sh(vm, f"vgs --noheadings --units m --nosuffix -o vg_free {group(vm)}")) > 400


def the_smallest(vm: Lab) -> None:
    small = {"name": "brick_small_1", "storage": DISK, "size": names.LEAST}
    done = vm.module(SERVER, MODULE, storage=[DISK], bricks=[small])
    assert not done["failed"] and done["changed"], done
    room = int(sh(vm, f"df -B1 --output=avail {names.MOUNTS}/brick_small_1 | tail -1"))
    assert names.usable(names.DEVICE, names.LEAST) < room
    assert vm.module(SERVER, MODULE, storage=[DISK], deleted_volumes=["small"])["changed"]
    assert left(vm, "brick_small_1") == ""


def after_a_boot_that_mounted_nothing(vm: Lab) -> None:
    sh(vm, f"umount {POINT} && vgchange -qan {group(vm)}")
    [place] = look(vm)
    assert place["bricks"][0]["state"] == "partial" and place["bricks"][0]["used"] is None, place
    vm.predicted(SERVER, MODULE, **wanted())
    # A file below the mount point may be anybody's.
    sh(vm, f"umount {POINT} && touch {POINT}/file")
    refused = vm.module(SERVER, MODULE, **wanted())
    assert refused["failed"] and "is not mounted and has something in it (file)" in refused["msg"], refused
    sh(vm, f"rm {POINT}/file && mount {POINT}")
    assert not vm.module(SERVER, MODULE, **wanted())["changed"]
    # Something else is mounted there.
    sh(vm, f"mount -t tmpfs none {POINT}")
    for run in (wanted(), GONE):
        refused = vm.module(SERVER, MODULE, **run)
        assert refused["failed"] and f"{POINT} has none mounted instead of" in refused["msg"], refused
    sh(vm, f"umount {POINT}")


def grown(vm: Lab) -> None:
    assert vm.predicted(SERVER, MODULE, **wanted("900M"))["changes"] == [
        {"subject": PATH, "what": "size", "before": "700M", "after": "900M"}
    ]
    assert int(sh(vm, f"df -B1 --output=avail {POINT} | tail -1")) > names.usable(names.DEVICE, 900 * MIB)
    # Killed between the two.
    sh(vm, f"lvextend -q -L 1g {group(vm)}/{ONE}")
    assert look(vm)[0]["bricks"][0]["state"] == "partial"
    assert vm.predicted(SERVER, MODULE, **wanted("900M"))["changes"][0]["what"] == "whole"
    assert int(sh(vm, f"df -B1 --output=avail {POINT} | tail -1")) > names.usable(names.DEVICE, GIB)
    much = vm.module(SERVER, MODULE, **wanted("20G"))
    assert much["failed"] and f"{DISK} has room for" in much["msg"] and not much["changed"], much
    assert vm.module(SERVER, MODULE, True, **wanted("20G"), overcommit=2.0)["changed"]


def a_volume_on_it(vm: Lab) -> None:
    """With a snapshot of Gluster's, whose logical volume has the brick's tags."""
    vm.gluster(f"volume create data {SERVER}:{PATH}")
    vm.gluster("volume start data")
    sh(vm, f"mkdir -p /mnt/own && mount -t glusterfs {SERVER}:/data /mnt/own && echo precious > /mnt/own/kept; sync")
    vm.gluster("snapshot create monday data no-timestamp")
    [place] = look(vm)
    assert [(one["name"], one["state"], one["used"]) for one in place["bricks"]] == [(ONE, "whole", True)], place
    assert place["promised"] == GIB and place["free"] < place["size"] - GIB
    assert vm.predicted(SERVER, MODULE, **wanted("1100M"))["changed"]
    assert sh(vm, "cat /mnt/own/kept") == "precious\n"
    assert int(sh(vm, "df -B1 --output=size /mnt/own | tail -1")) > GIB
    refused = vm.module(SERVER, MODULE, **GONE)
    assert refused["failed"] and f"Brick {PATH} is in volume 'data' of Gluster" in refused["msg"], refused
    sh(vm, "umount /mnt/own")
    for words in ("snapshot delete monday", "volume stop data", "volume delete data"):
        vm.gluster(words)


def removed(vm: Lab) -> None:
    done = vm.predicted(SERVER, MODULE, by=vm.ansible, **GONE)
    assert done["changes"] == [{"subject": PATH, "what": "brick", "before": "1100M", "after": None}]
    assert left(vm) == ""
    [place] = look(vm)
    assert place["promised"] == 0 and place["free"] == place["size"] and not place["bricks"]


# What stands in for a program: kills whoever runs it, before or after it has done its work. Only the first time.
KILLER = """#!/bin/sh
rm -f "$0"
{before}
{program} "$@"
kill -9 $PPID
"""


def killed_at(vm: Lab, run: Program, program: str, moment: str, through: str = "") -> None:
    """through: what runs the program."""
    real = f"{through} {sh(vm, f'command -v {program}').strip()}"
    text = KILLER.format(before="kill -9 $PPID; exit 1" if moment == "before" else "", program=real)
    vm.send(SERVER, text.encode(), f"cat > /usr/local/sbin/{program}; chmod 755 /usr/local/sbin/{program}")
    try:
        vm.run(SERVER, f"python3 {run.path} execute > /dev/null 2>&1", check=False)
        assert sh(vm, f"ls /usr/local/sbin/{program}", check=False) == "", f"{program} was not run"
    finally:
        sh(vm, f"rm -f /usr/local/sbin/{program}")


def nothing_else(vm: Lab) -> None:
    """Whatever is there is ours, and says so."""
    for place in look(vm):
        assert place["state"] in ("ready", "blank") and not place["problem"], place


def killed_while_it_is_made(vm: Lab) -> None:
    """At each program that it runs, before and after that has done its work; from a blank device on."""
    groups = "vgs --noheadings -o vg_name @glusterops.storage"
    clear = f"{groups} | xargs -r vgremove -qy; pvremove -q {DISK}; wipefs -qa {DISK}"
    sh(vm, clear)
    run = Program(vm, SERVER, MODULE, **wanted())
    steps = ("pvcreate", "vgcreate", "lvcreate", "mkfs.xfs", "mount", "lvchange")
    for moment in ("before", "after"):
        assert vm.module(SERVER, MODULE, **GONE)["changed"]
        sh(vm, clear)
        for program in steps:
            killed_at(vm, run, program, moment)
            nothing_else(vm)
        done = run.run()
        assert not done.get("failed"), done
        assert not run.run()["changed"] and sh(vm, f"ls {POINT}") == "brick\n"
    # The pool was there: a brick's own volume.
    assert vm.module(SERVER, MODULE, **GONE)["changed"]
    killed_at(vm, run, "lvcreate", "after")
    [place] = look(vm)
    assert place["bricks"][0]["state"] == "partial", place
    # Nobody wants it any more.
    assert vm.module(SERVER, MODULE, **GONE)["changed"] and left(vm) == ""


def killed_while_a_pool_is_made(vm: Lab) -> None:
    """LVM itself is, at any moment."""
    clear = f"vgremove -qy $(vgs --noheadings -o vg_name @glusterops.storage); pvremove -q {DISK}"
    sh(vm, clear)
    run = Program(vm, SERVER, MODULE, storage=[DISK])
    for hundredths in (25, 30, 40, 50):
        sh(vm, clear)
        killed_at(vm, run, "lvcreate", "during", f"timeout -s KILL 0.{hundredths}")
        nothing_else(vm)
        done = run.run()
        assert not done.get("failed") and look(vm)[0]["state"] == "ready", done


def killed_while_it_is_removed(vm: Lab) -> None:
    assert vm.module(SERVER, MODULE, **wanted())["changed"]
    run = Program(vm, SERVER, MODULE, **GONE)
    for moment in ("before", "after"):
        assert vm.module(SERVER, MODULE, **wanted())["changed"]
        for program in ("umount", "lvremove"):
            killed_at(vm, run, program, moment)
            nothing_else(vm)
        done = run.run()
        assert not done.get("failed") and left(vm) == "", done
        assert not run.run()["changed"]


STEPS = (
    what_is_not_taken,
    made,
    the_smallest,
    after_a_boot_that_mounted_nothing,
    grown,
    a_volume_on_it,
    removed,
    killed_while_it_is_made,
    killed_while_it_is_removed,
    killed_while_a_pool_is_made,
)


def test_bricks_on_a_device(vm: Lab, subtests: pytest.Subtests) -> None:
    in_order(subtests, {step.__name__.replace("_", " "): functools.partial(step, vm) for step in STEPS})
