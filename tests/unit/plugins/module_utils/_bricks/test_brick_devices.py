# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import stat
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._bricks import devices
from ansible_collections.glusterops.shares.plugins.module_utils._bricks.devices import Evidence, Unknown

GIB = 1024**3

# As util-linux 2.38 says it.
XFS = "DEVNAME=/dev/loop0\nUUID=1018abf8-8c81-43bf-a2d2-46f9b02a4982\nBLOCK_SIZE=512\nTYPE=xfs\nUSAGE=filesystem\n"
TABLE = "DEVNAME=/dev/loop0\nPTUUID=38e0e5d6\nPTTYPE=dos\n"
PARTITION = "DEVNAME=/dev/sda1\nPART_ENTRY_SCHEME=dos\nPART_ENTRY_UUID=38e0e5d6-01\nPART_ENTRY_TYPE=0x83\n"


def lsblk(**more: t.Any) -> str:
    device = {"name": "sdb", "type": "disk", "size": 2 * GIB, "ro": False, "mountpoint": None, **more}
    return json.dumps({"blockdevices": [device]})


def wipefs(*kinds: str) -> str:
    return json.dumps({"signatures": [{"device": "sdb", "offset": "0x0", "type": kind} for kind in kinds]})


@pytest.mark.parametrize(
    "evidence, message",
    [
        (Evidence(GIB, users=("mounted on /srv",)), "/dev/sdb is used already: mounted on /srv."),
        (Evidence(GIB, written=("signature xfs", "signature dos")), "/dev/sdb holds signature xfs, signature dos: if"),
        (Evidence(GIB, "rom"), "of kind 'rom'"),
        (Evidence(GIB, "lvm"), "of kind 'lvm'"),
        (Evidence(GIB, "new"), "of kind 'new'"),
        (Evidence(GIB, read_only=True), "/dev/sdb can only be read."),
        (Evidence(1023), "has 1023 bytes, and 1024 is the least"),
    ],
)
def test_what_is_not_taken(evidence: Evidence, message: str) -> None:
    assert message in (devices.problem("/dev/sdb", evidence, 1024) or "")


@pytest.mark.parametrize("kind", ["disk", "part", "loop", "mpath", "crypt", "raid1", "raid10", "md", "linear"])
def test_what_is_blank(kind: str) -> None:
    assert devices.problem("/dev/sdb", Evidence(1024, kind), 1024) is None


@pytest.mark.parametrize(
    "rc, out, found",
    [
        (2, "", []),
        (0, XFS, ["signature xfs"]),
        (0, TABLE, ["partition table dos"]),
        (0, PARTITION, []),
        (0, PARTITION + "TYPE=zfs_member\n", ["signature zfs_member"]),
        (0, "DEVNAME=/dev/sdb\nLABEL=mine\n", ["something that blkid knows"]),
        (8, "", ["several things at once, says blkid"]),
    ],
)
def test_blkid(rc: int, out: str, found: list[str]) -> None:
    assert devices.read_blkid(rc, out) == found


@pytest.mark.parametrize("rc, out", [(0, ""), (4, ""), (1, XFS), (2, "blkid: error"), (127, "")])
def test_blkid_does_not_tell(rc: int, out: str) -> None:
    with pytest.raises(Unknown):
        devices.read_blkid(rc, out)


@pytest.mark.parametrize(
    "out, found",
    [
        ("", []),
        (wipefs(), []),
        (wipefs("gpt", "PMBR"), ["partition table gpt", "partition table PMBR"]),
        (wipefs("LVM2_member"), ["signature LVM2_member"]),
    ],
)
def test_wipefs(out: str, found: list[str]) -> None:
    assert devices.read_wipefs(0, out) == found


@pytest.mark.parametrize("rc, out", [(1, ""), (0, "{}"), (0, "x"), (0, '{"signatures": [1]}'), (1, wipefs())])
def test_wipefs_does_not_tell(rc: int, out: str) -> None:
    with pytest.raises(Unknown):
        devices.read_wipefs(rc, out)


def test_lsblk() -> None:
    assert devices.read_lsblk(0, lsblk()) == Evidence(2 * GIB)
    # Before 2.37 it wrote figures as text.
    assert devices.read_lsblk(0, lsblk(size="1024", ro="1")) == Evidence(1024, read_only=True)
    child = {"name": "sdb1", "type": "part"}
    assert devices.read_lsblk(0, lsblk(children=[child])).users == ("part sdb1 on it",)
    assert devices.read_lsblk(0, lsblk(mountpoint="[SWAP]")).users == ("mounted on [SWAP]",)


@pytest.mark.parametrize(
    "rc, out", [(1, lsblk()), (0, ""), (0, '{"blockdevices": []}'), (0, lsblk(size=None)), (32, '{"blockdevices": []}')]
)
def test_lsblk_does_not_tell(rc: int, out: str) -> None:
    with pytest.raises(Unknown):
        devices.read_lsblk(rc, out)


def test_a_missing_program_is_no_sign_of_a_blank_device() -> None:
    def missing(_argv: list[str], **_options: t.Any) -> tuple[int, str, str]:
        raise FileNotFoundError(2, "No such file or directory")

    with pytest.raises(Unknown, match="lsblk is not on this server"):
        devices.gather(missing, "/dev/null", [])


def _block_device() -> str:
    for name in sorted(os.listdir("/dev")):
        path = f"/dev/{name}"
        if stat.S_ISBLK(os.stat(path, follow_symlinks=False).st_mode):
            return path
    pytest.skip("no block device here")


def test_a_line_of_fstab_names_it_by_any_name(tmp_path: t.Any) -> None:
    path = _block_device()
    link = tmp_path / "a b"
    link.symlink_to(path)
    number = os.stat(path).st_rdev
    named = [f"{path} /srv xfs defaults 0 0\n", f"{tmp_path}/a\\040b none swap sw 0 0\n"]
    others = [f"# {path} /srv xfs\n", "\n", "/dev/null /x xfs\n", "UUID=no-such /y xfs\n", "server:/v /z glusterfs\n"]
    assert devices.named_in([*others, *named], number) == [line.strip() for line in named]
    assert not devices.same("/dev/null", number) and not devices.same("/no/such", number)
