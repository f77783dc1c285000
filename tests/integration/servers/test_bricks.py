# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bricks in directories of a real XFS, and devices that are not taken. Devices that are need LVM: vm/test_bricks.py."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._bricks import names
from harness import Lab
from killing import Program, killed, timed

MIB, GIB = 1024**2, 1024**3
MODULE, SERVER = "gluster_bricks", "server1"
# A file system with room for bricks, and directories of it.
XFS = "/srv/xfs"
BASE = f"{XFS}/bricks"
# A free loop device for a sparse file. Which there are in a container was decided when it began.
LOOP = "for n in $(seq 0 40); do [ -e /dev/loop$n ] || mknod /dev/loop$n b 7 $n; done; losetup --find --show"


def sh(lab: Lab, command: str, check: bool = True) -> str:
    return lab.run(SERVER, command, check).stdout


@pytest.fixture(scope="module")
def xfs(lab: Lab) -> t.Iterator[Lab]:
    """The lab, whose first server has XFS on a device."""
    sh(
        lab,
        f"truncate -s 4G /srv/xfs.img && mkfs.xfs -q -i size=512 /srv/xfs.img && mkdir -p {XFS} &&"
        f" mount $({LOOP} /srv/xfs.img) {XFS}",
    )
    yield lab
    sh(lab, f"umount -l {XFS}; losetup -j /srv/xfs.img | cut -d: -f1 | xargs -r losetup -d; rm -f /srv/xfs.img", False)


@pytest.fixture
def base(xfs: Lab) -> t.Iterator[str]:
    """A directory that is not there yet."""
    yield BASE
    sh(xfs, f"rm -rf {BASE}")


@pytest.fixture
def disk(lab: Lab) -> t.Iterator[str]:
    """An empty device."""
    device = sh(lab, f"truncate -s 2G /srv/disk.img && {LOOP} /srv/disk.img").strip()
    yield device
    sh(lab, f"umount {device}; swapoff {device}; losetup -d {device}; rm -f /srv/disk.img", check=False)


def bricks(count: int, size: str = "100M", volume: str = "data", storage: str = BASE) -> list[dict[str, str]]:
    numbers = range(1, count + 1)
    return [{"name": names.name(volume, number), "storage": storage, "size": size} for number in numbers]


def look(lab: Lab, *storage: str) -> list[dict[str, t.Any]]:
    return lab.module(SERVER, "gluster_info", gather=["storage"], storage=list(storage))["storage"]


def states(place: dict[str, t.Any]) -> dict[str, str]:
    return {brick["name"]: brick["state"] for brick in place["bricks"]}


def test_made_grown_used_and_removed(xfs: Lab, base: str) -> None:
    lab = xfs
    [before] = look(lab, base)
    assert before["state"] == "blank" and not before["bricks"] and before["free"] > 3 * GIB
    done = lab.predicted(SERVER, MODULE, by=lab.ansible, storage=[base], bricks=bricks(2))
    assert [change["what"] for change in done["changes"]] == ["storage", "brick", "brick"]
    path = f"{base}/brick_data_1/brick"
    assert [brick["path"] for brick in done["bricks"]] == [path, f"{base}/brick_data_2/brick"]
    [place] = look(lab, base)
    assert place == done["storage"][0] and states(place) == {"brick_data_1": "whole", "brick_data_2": "whole"}
    assert place["promised"] == 200 * MIB and abs(before["free"] - place["free"] - 200 * MIB) < MIB
    assert [brick["used"] for brick in place["bricks"]] == [False, False]
    # Of another directory of that file system no more is free.
    assert abs(look(lab, base, f"{XFS}/other")[1]["free"] - place["free"]) < MIB

    grown = lab.predicted(SERVER, MODULE, bricks=bricks(1, "1G"), storage=[base])
    change = {"subject": path, "what": "size", "before": "100M", "after": "1G"}
    assert grown["changes"] == [change]
    assert not lab.module(SERVER, MODULE, bricks=bricks(1, "1M"), storage=[base])["changed"]
    much = lab.module(SERVER, MODULE, bricks=bricks(1, "20G"), storage=[base])
    assert much["failed"] and f"{base} has room for" in much["msg"] and not much["changed"], much

    # Gluster takes it without force, and what quota counts in it is not taken off twice.
    lab.gluster(f"volume create data {SERVER}:{path}")
    lab.gluster("volume start data")
    lab.gluster("volume quota data enable")
    sh(lab, "for n in $(seq 60); do gluster volume quota data limit-usage / 1GB && exit; sleep 1; done; exit 1")
    sh(lab, f"mkdir -p /mnt/own && mount -t glusterfs {SERVER}:/data /mnt/own")
    sh(lab, "dd if=/dev/urandom of=/mnt/own/file bs=1M count=200 conv=fsync 2>/dev/null; umount /mnt/own")
    [place] = look(lab)
    assert place["path"] == base and 190 * MIB < place["used"] < 210 * MIB, place
    assert abs(grown["storage"][0]["free"] - place["free"]) < 30 * MIB
    assert [brick["used"] for brick in place["bricks"]] == [True, False]

    # Neither of them goes while Gluster has one.
    gone = {"storage": [base], "deleted_volumes": ["data"]}
    for state in ("started", "stopped"):
        refused = lab.module(SERVER, MODULE, **gone)
        assert refused["failed"] and f"Brick {path} is in volume 'data' of Gluster" in refused["msg"], (state, refused)
        sh(lab, "gluster --mode=script volume stop data", check=False)
    assert len(look(lab, base)[0]["bricks"]) == 2
    lab.gluster("volume delete data")
    assert sh(lab, f"ls {path}") == "file\n"
    removed = lab.predicted(SERVER, MODULE, **gone)
    assert [(change["subject"], change["after"]) for change in removed["changes"]] == [
        (path, None),
        (f"{base}/brick_data_2/brick", None),
    ]
    [after] = look(lab, base)
    assert sh(lab, f"ls -A {base}") == "" and after["state"] == "ready" and after["promised"] == 0


def test_what_a_refused_creation_leaves(xfs: Lab, base: str) -> None:
    lab = xfs
    path = lab.module(SERVER, MODULE, storage=[base], bricks=bricks(1))["bricks"][0]["path"]
    # The other server has no such directory.
    create = f"gluster --mode=script volume create data {SERVER}:{path}"
    assert lab.run("server2", f"{create} server2:/none/such/brick", check=False).returncode
    if not sh(lab, f"getfattr -n trusted.glusterfs.volume-id {path} 2>/dev/null", check=False):
        # It is for the server that was asked to choose who looks first.
        sh(lab, f"setfattr -n trusted.glusterfs.volume-id -v 0x{'ab' * 16} {path} && mkdir {path}/.glusterfs")
    assert "is already part of a volume" in lab.run("server2", create, check=False).stderr
    [place] = look(lab, base)
    assert place["bricks"][0]["used"] is False
    done = lab.predicted(SERVER, MODULE, storage=[base], bricks=bricks(1))
    assert done["changes"] == [{"subject": path, "what": "claimed", "before": True, "after": False}]
    lab.gluster(create.partition("script ")[2])
    # Now a volume has it.
    assert not lab.module(SERVER, MODULE, storage=[base], bricks=bricks(1))["changed"]
    assert lab.gluster("volume delete data")


def test_what_cannot_be_asked_is_not_removed(xfs: Lab, base: str) -> None:
    lab = xfs
    lab.module(SERVER, MODULE, storage=[base], bricks=bricks(1))
    gone = {"storage": [base], "deleted_volumes": ["data"]}
    sh(lab, "service glusterd stop")
    try:
        refused = lab.module(SERVER, MODULE, **gone)
    finally:
        sh(lab, "service glusterd start")
    assert refused["failed"] and refused["error"] == "unreachable", refused
    assert states(look(lab, base)[0]) == {"brick_data_1": "whole"}


@pytest.mark.parametrize(
    "prepare, path, message",
    [
        (f"mkdir {BASE} && touch {BASE}/.hidden", BASE, "is not empty (.hidden)"),
        (f"mkdir -p {BASE}/lost+found/a", BASE, "is not empty (lost+found)"),
        (f"touch {BASE}", BASE, "is no directory"),
        (f"touch {BASE}", f"{BASE}/below", "is no directory"),
        (f"mkdir {BASE} && setfattr -n trusted.glusterfs.volume-id -v 0x00 {BASE}", BASE, f"of Gluster, {BASE}"),
        (f"mkdir {BASE} && setfattr -n trusted.glusterfs.volume-id -v 0x00 {BASE}", f"{BASE}/a/b", f"Gluster, {BASE}"),
        (f"mkdir {BASE} && mount -t tmpfs none {BASE}", BASE, "lies on tmpfs"),
        ("true", "/srv/elsewhere", "lies on the root file system"),
        ("true", "/var/lib/glusterops/bricks/x", "root file system"),
        ("true", "/", "'/' is not the path"),
        ("true", "/srv/../srv/x", "is not the path"),
        ("true", "/dev/sdnone", "/dev/sdnone is not on this server"),
        ("true", "/dev/null", "/dev/null is no block device"),
    ],
)
def test_what_is_not_taken(xfs: Lab, base: str, prepare: str, path: str, message: str) -> None:
    sh(xfs, prepare)
    try:
        done = xfs.module(SERVER, MODULE, storage=[path], bricks=bricks(1, storage=path))
        assert done["failed"] and message in done["msg"] and not done["changed"], done
        assert sh(xfs, "ls -d /srv/elsewhere /var/lib/glusterops", check=False) == ""
    finally:
        sh(xfs, f"umount {base}", check=False)


def test_the_root_file_system_with_permission(lab: Lab) -> None:
    path = "/srv/on-root"
    wanted = {"storage": [path], "bricks": bricks(1, storage=path), "allow_root": True}
    lab.predicted(SERVER, MODULE, **wanted)
    refused = lab.module(SERVER, MODULE, **{**wanted, "allow_root": False})
    assert refused["failed"] and "lies on the root file system" in refused["msg"]
    lab.predicted(SERVER, MODULE, storage=[path], deleted_volumes=["data"], allow_root=True)
    sh(lab, f"rmdir {path}")


@pytest.mark.parametrize(
    "prepare, message",
    [
        ("mkfs.xfs -q -f {disk}", "holds signature xfs"),
        ("mkfs.ext4 -q -F {disk}", "holds signature ext4"),
        ("mkswap {disk}", "holds signature swap"),
        ("mkswap {disk} && swapon {disk}", "is used already"),
        ("mkfs.xfs -q -f {disk} && mkdir -p /mnt/disk && mount {disk} /mnt/disk", "mounted on /mnt/disk"),
        # A partition of 512 MiB in the table of a disk.
        (
            r"printf '\0\0\0\0\203\0\0\0\0\010\0\0\0\0\020\0' | dd of={disk} bs=1 seek=446 conv=notrunc 2>/dev/null;"
            r" printf '\125\252' | dd of={disk} bs=1 seek=510 conv=notrunc 2>/dev/null",
            "holds partition table dos",
        ),
        # Where LVM's and ZFS's labels say what they are.
        (
            r"printf 'LABELONE\1\0\0\0\0\0\0\0\120\130\164\116\40\0\0\0LVM2 001' | dd of={disk} bs=512 seek=1"
            " conv=notrunc 2>/dev/null",
            "holds",
        ),
        ("echo '{disk} /mnt/later xfs defaults,noauto 0 0' >> /etc/fstab", "in the line '{disk} /mnt/later xfs"),
        ("ln -sf {disk} /srv/link && echo '/srv/link none swap noauto 0 0' >> /etc/fstab", "in the line '/srv/link"),
    ],
)
def test_a_device_with_anything_is_not_taken(lab: Lab, disk: str, prepare: str, message: str) -> None:
    sh(lab, "cp /etc/fstab /srv/fstab; " + prepare.replace("{disk}", disk))
    try:
        written = f"head -c 8M {disk} | md5sum"
        before = sh(lab, written)
        done = lab.module(SERVER, MODULE, storage=[disk])
        assert done["failed"] and message.replace("{disk}", disk) in done["msg"] and not done["changed"], done
        assert look(lab, disk)[0]["state"] == "foreign"
        assert sh(lab, written) == before
    finally:
        sh(lab, f"cat /srv/fstab > /etc/fstab; umount /mnt/disk; swapoff {disk}; rm -f /srv/link", check=False)


def test_a_blank_device_where_there_is_no_lvm(lab: Lab, disk: str) -> None:
    """It can be told, and planned with, before anything is installed."""
    [place] = look(lab, disk)
    assert place["state"] == "blank" and 0.9 * 2 * GIB < place["free"] + 64 * MIB < 2 * GIB, place
    other = f"/dev/./{disk[5:]}"
    assert lab.module(SERVER, MODULE, storage=[other])["failed"]
    sh(lab, f"mkdir -p /dev/mapper && ln -sf {disk} /dev/mapper/other")
    twice = lab.module(SERVER, MODULE, storage=[disk, "/dev/mapper/other"])
    assert twice["failed"] and f"{disk} and /dev/mapper/other are one and the same" in twice["msg"], twice
    dry = lab.module(SERVER, MODULE, check=True, storage=[disk], bricks=bricks(1, "600M", storage=disk))
    assert [change["what"] for change in dry["changes"]] == ["storage", "brick"], dry
    assert dry["bricks"] == [{"name": "brick_data_1", "path": f"{names.MOUNTS}/brick_data_1/brick"}]
    real = lab.module(SERVER, MODULE, storage=[disk])
    assert real["failed"] and "install lvm2" in real["msg"] and not real["changed"], real
    assert look(lab, disk) == [place]


def test_strangers_in_a_directory_of_ours(xfs: Lab, base: str) -> None:
    """They hold nothing back, and stay; unless one has the name of a brick that is wanted."""
    lab = xfs
    lab.module(SERVER, MODULE, storage=[base])
    sh(lab, f"mkdir -p {base}/mine {base}/brick_data_1/brick; echo precious > {base}/brick_data_1/brick/file")
    done = lab.module(SERVER, MODULE, storage=[base], bricks=bricks(1, volume="other"))
    assert not done["failed"], done
    for wanted in ({"bricks": bricks(1)}, {"deleted_volumes": ["data"]}):
        refused = lab.module(SERVER, MODULE, storage=[base], **wanted)
        assert refused["failed"] and "does not say that it is this brick" in refused["msg"], refused
    assert sh(lab, f"cat {base}/brick_data_1/brick/file") == "precious\n"


def test_nothing_is_removed_across_a_mount(xfs: Lab, base: str) -> None:
    lab = xfs
    lab.module(SERVER, MODULE, storage=[base], bricks=bricks(1))
    inside = f"{base}/brick_data_1/brick/inside"
    sh(lab, f"mkdir {inside} && mount -t tmpfs none {inside} && echo precious > {inside}/file")
    try:
        refused = lab.module(SERVER, MODULE, storage=[base], deleted_volumes=["data"])
        assert refused["failed"] and "Something else is mounted" in refused["msg"], refused
        assert sh(lab, f"cat {inside}/file") == "precious\n"
    finally:
        sh(lab, f"umount {inside}")


def test_killed_while_it_makes_and_while_it_removes(xfs: Lab, base: str) -> None:
    lab, count = xfs, 200
    make = Program(lab, SERVER, MODULE, storage=[base], bricks=bricks(count, "1M"))

    def told() -> dict[str, t.Any]:
        [place] = look(lab, base)
        assert place["state"] in ("ready", "blank") and not place["problem"], place
        # Whatever is there says what it is.
        assert (
            sh(
                lab,
                f"mkdir -p {base}; ls -A {base} | grep -cvE '^(brick_data_[0-9]+|[.]brick_data_[0-9]+[.](new|gone))$'",
                False,
            )
            == "0\n"
        )
        return place

    def all_there() -> bool:
        return list(states(told()).values()) == ["whole"] * count

    def none_there() -> bool:
        return not told()["bricks"]

    begin = f"rm -rf {base}"
    sh(lab, begin)
    killed(make, timed(make), all_there, lambda: sh(lab, begin))
    done = make.run()
    assert not done.get("failed") and all_there() and not make.run()["changed"], done

    touch = "mkdir -p $brick/.glusterfs/00; touch $brick/a $brick/.glusterfs/00/b"
    fill = f"for brick in {base}/brick_*/brick; do {touch}; done"
    sh(lab, fill)
    remove = Program(lab, SERVER, MODULE, storage=[base], deleted_volumes=["data"])

    def again() -> None:
        # What is being removed is not made again.
        sh(lab, begin)
        make.run()
        sh(lab, fill)

    again()
    seconds = timed(remove)
    killed(remove, seconds, none_there, again)
    done = remove.run()
    assert not done.get("failed") and none_there() and not remove.run()["changed"], done


def test_a_number_is_used_once(xfs: Lab, base: str) -> None:
    lab = xfs
    lab.module(SERVER, MODULE, storage=[base], bricks=bricks(1))
    # As a run leaves it that is killed while it removes.
    sh(lab, f"mv {base}/brick_data_1 {base}/.brick_data_1.gone")
    refused = lab.module(SERVER, MODULE, storage=[base], bricks=bricks(1))
    assert refused["failed"] and "is being removed: take another number" in refused["msg"], refused
    lab.predicted(SERVER, MODULE, storage=[base], deleted_volumes=["data"])


def test_two_at_once(xfs: Lab, base: str) -> None:
    """One waits; and then there is not room for both."""
    lab = xfs
    free = look(lab, base)[0]["free"]
    one = Program(lab, SERVER, MODULE, storage=[base], bricks=bricks(1, str(free * 2 // 3)))
    sh(lab, f"rm -rf {base}")
    said = one.at_once("brick_data_1", ["brick_one_1", "brick_two_1"])
    assert sorted(bool(answer.get("failed")) for answer in said) == [False, True], said
    assert ["has room for" in answer["msg"] for answer in said if answer.get("failed")] == [True]
    assert len(look(lab, base)[0]["bricks"]) == 1


def test_programs(lab: Lab) -> None:
    found = {node: lab.ansible(node, "gluster_info", gather=["programs"])["programs"] for node in (SERVER, "host1")}
    assert found[SERVER]["glusterd"].startswith("10.") and found[SERVER]["running"]
    assert not found["host1"]["running"] and found["host1"]["client"]
    # No systemd is in charge of a container, and there is no LVM.
    assert {one["enabled"] for one in found.values()} == {None} and not found[SERVER]["lvm"] and found[SERVER]["xfs"]
