# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._bricks import lvm, names, thin
from ansible_collections.glusterops.shares.plugins.module_utils._bricks.thin import Seen
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError, NotFound, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._machines.mounted import Mounted
from hypothesis import given
from hypothesis import strategies as st

MIB, GIB = 1024**2, 1024**3
LABEL = "GLUOPS-0123-4567-89ab-cdef-0123-456789"
GROUP = "glusterops_01234567"
POINT = f"{names.MOUNTS}/brick_data_1"
TAGS = frozenset(["glusterops.brick", "glusterops.volume=data"])
MAKING = TAGS | {"glusterops.making"}
VOLUME = lvm.Logical("brick_data_1", GROUP, TAGS, "thin", GIB, 0, (253, 5))
HERE = Mounted("xfs", f"/dev/mapper/{GROUP}-brick_data_1", (253, 5))
LINE = thin.line_of(GROUP, "brick_data_1")
WHOLE = Seen(HERE, (LINE,), ("brick",), GIB)


def test_a_label_says_which_group_it_will_be() -> None:
    assert lvm.group_of(LABEL) == GROUP
    mine = lvm.new_label()
    assert lvm.group_of(mine) and mine != lvm.new_label()
    for other in ("", "RcXyZ1-0123-4567-89ab-cdef-0123-456789", LABEL + "0", LABEL.lower(), LABEL.replace("a", "g")):
        assert lvm.group_of(other) is None


@given(st.integers(0, 10**15))
def test_the_pool_leaves_room_for_metadata_and_its_spare(device: int) -> None:
    shape = lvm.shape(device)
    assert shape.data % names.EXTENT == shape.metadata % names.EXTENT == 0
    assert 32 * MIB <= shape.metadata <= 15 * GIB
    if shape.data:
        extents = (device - 4 * MIB) // names.EXTENT
        left = extents * names.EXTENT - shape.data - 2 * shape.metadata
        assert left >= 0.04 * device - 12 * MIB
        # Every chunk of 256 KiB needs 64 bytes, once for each snapshot that shares none of them.
        assert shape.metadata >= 3 * shape.data // (names.CHUNK // 64) or shape.metadata == 15 * GIB
    if device >= lvm.LEAST_DEVICE:
        assert shape.data >= names.LEAST


@pytest.mark.parametrize(
    "volume, seen, lacks",
    [
        ({}, WHOLE, ()),
        ({}, Seen(), ("line", "mount")),
        ({}, Seen(lines=(LINE,)), ("mount",)),
        ({"device": None}, Seen(lines=(LINE,)), ("active", "mount")),
        ({"size": 2 * GIB}, WHOLE, ("room",)),
        ({"tags": MAKING}, Seen(), ("xfs", "line", "mount", "directory", "end")),
        ({"tags": MAKING}, Seen(lines=(LINE,)), ("xfs", "mount", "directory", "end")),
        ({"tags": MAKING}, Seen(HERE, (LINE,), (), GIB), ("directory", "end")),
        ({"tags": MAKING}, WHOLE, ("end",)),
    ],
)
def test_what_a_brick_lacks(volume: dict[str, t.Any], seen: Seen, lacks: tuple[str, ...]) -> None:
    brick = thin.judge(dataclasses.replace(VOLUME, **volume), seen)
    assert brick and brick.lacks == lacks and not brick.trouble and brick.whole == (not lacks)
    assert brick.path == f"{POINT}/brick" and brick.volume == "data"


@pytest.mark.parametrize(
    "volume, seen, message, kept",
    [
        (
            {},
            dataclasses.replace(WHOLE, mounted=HERE._replace(device=(253, 6))),
            "instead of /dev/glusterops_0123",
            True,
        ),
        ({}, Seen(None, (LINE,), ("brick",)), "is not mounted and has something in it (brick)", True),
        ({}, dataclasses.replace(WHOLE, lines=(f"/dev/sda1 {POINT} ext4 defaults 0 0",)), "another line for", True),
        ({}, dataclasses.replace(WHOLE, lines=(LINE, LINE)), "another line for", True),
        ({}, dataclasses.replace(WHOLE, entries=()), "is not there any more", False),
        ({}, Seen(HERE, (LINE,), broken="Input/output error"), "cannot be looked into: Input/output", False),
        ({"tags": MAKING}, Seen(HERE._replace(device=(8, 1))), "unmount it", True),
    ],
)
def test_what_cannot_be_finished(volume: dict[str, t.Any], seen: Seen, message: str, kept: bool) -> None:
    brick = thin.judge(dataclasses.replace(VOLUME, **volume), seen)
    assert brick and message in (brick.trouble or "") and brick.kept == kept and not brick.whole


@pytest.mark.parametrize(
    "volume",
    [
        {"tags": frozenset()},
        {"tags": frozenset(["glusterops.brick"])},
        {"tags": frozenset(["glusterops.brick", "glusterops.volume=other"])},
        {"name": "9fd1cb28843c4ef488e71d38ae2631e7_0"},
        {"name": "home"},
    ],
)
def test_volumes_of_others_are_not_ours(volume: dict[str, t.Any]) -> None:
    assert thin.judge(dataclasses.replace(VOLUME, **volume), WHOLE) is None


OURS = lvm.Group(GROUP, frozenset(["glusterops.storage"]), 500, 0)
PHYSICAL = lvm.Physical("/dev/sdb", LABEL, GROUP)
POOL = lvm.Logical("pool", GROUP, frozenset(), "thin-pool", 20 * GIB, 3 * GIB, (253, 1))
SIZE = 25 * GIB


def of_device(
    physical: lvm.Physical = PHYSICAL, *volumes: lvm.Logical, groups: t.Any = (OURS,), bricks: t.Any = ()
) -> t.Any:
    return thin.place("/dev/sdb", "/dev/sdb", physical, lvm.Lvm((physical,), groups, volumes), bricks, SIZE)


def test_a_device_with_its_pool_is_ready() -> None:
    [brick] = [thin.judge(VOLUME, WHOLE)]
    snapshot = dataclasses.replace(VOLUME, name="9fd1cb28843c4ef488e71d38ae2631e7_0", tags=TAGS, used=GIB // 2)
    found = of_device(PHYSICAL, POOL, VOLUME, snapshot, bricks=[brick])
    assert found.state == "ready" and found.group == GROUP and found.identity == f"group:{GROUP}"
    assert (found.size, found.promised, found.used) == (20 * GIB, GIB, 3 * GIB)
    assert found.free == 20 * GIB - GIB - GIB // 2


def test_a_device_that_was_begun_is_finished() -> None:
    alone = dataclasses.replace(PHYSICAL, group="")
    labelled = of_device(alone, groups=())
    assert labelled.state == "blank" and labelled.lacks == ("group", "pool") and labelled.group == GROUP
    grouped = of_device()
    assert grouped.state == "blank" and grouped.lacks == ("pool",)
    left = dataclasses.replace(POOL, name="pool_tmeta", kind="linear")
    assert of_device(PHYSICAL, left).lacks == ("pool",)
    assert {one.size for one in (labelled, grouped)} == {lvm.shape(SIZE).data}


def test_what_is_in_our_group_and_not_ours_is_kept() -> None:
    stranger = dataclasses.replace(POOL, name="home", kind="linear")
    found = of_device(PHYSICAL, stranger)
    assert found.state == "foreign" and "has no thin pool, and home in it" in found.problem
    brick = dataclasses.replace(VOLUME, kind="linear")
    assert of_device(PHYSICAL, brick).state == "foreign"


@pytest.mark.parametrize(
    "group, message",
    [
        (dataclasses.replace(OURS, lost=1), "lacks 1 of its devices"),
        (dataclasses.replace(OURS, tags=frozenset()), "which is not ours"),
    ],
)
def test_groups_that_are_not_to_be_used(group: lvm.Group, message: str) -> None:
    found = of_device(groups=(group,))
    assert found.state == "foreign" and message in found.problem


def report(kind: str, *rows: dict[str, str]) -> str:
    return json.dumps({"report": [{kind: list(rows)}]})


def test_lvm_is_read() -> None:
    said = {
        "pvs": report("pv", {"pv_name": "/dev/sdb", "pv_uuid": LABEL, "vg_name": GROUP}),
        "vgs": report(
            "vg",
            {"vg_name": GROUP, "vg_tags": "a,glusterops.storage", "vg_extent_count": "500", "vg_missing_pv_count": "0"},
        ),
        "lvs": report(
            "lv",
            {"lv_name": "brick_data_1", "vg_name": GROUP, "lv_tags": ",".join(MAKING), "segtype": "thin"}
            | {"lv_size": str(GIB), "data_percent": "50.00", "lv_kernel_major": "253", "lv_kernel_minor": "5"},
            {"lv_name": "off", "vg_name": "x", "lv_tags": "", "segtype": "linear", "lv_size": "4194304"}
            | {"data_percent": "", "lv_kernel_major": "-1", "lv_kernel_minor": "-1"},
        ),
    }
    asked: list[str] = []

    def run(argv: list[str], **_options: t.Any) -> tuple[int, str, str]:
        asked.append(argv[0])
        return 0, said[argv[0]], ""

    found = lvm.observe(run)
    assert asked == ["pvs", "vgs", "lvs"]
    assert found.devices == (PHYSICAL,) and found.ours() == [dataclasses.replace(OURS, tags=OURS.tags | {"a"})]
    [brick, off] = found.volumes
    assert brick == dataclasses.replace(VOLUME, tags=MAKING, used=GIB // 2) and off.device is None
    said["vgs"] = report("vg", {"vg_name": GROUP})
    with pytest.raises(GlusterOpsError, match="as it should"):
        lvm.observe(run)
    said["pvs"] = "{"
    with pytest.raises(GlusterOpsError, match="pvs does not tell"):
        lvm.observe(run)


def test_without_lvm_there_is_nothing_of_it() -> None:
    def missing(_argv: list[str], **_options: t.Any) -> tuple[int, str, str]:
        raise FileNotFoundError(2, "No such file or directory")

    assert lvm.observe(missing) == lvm.Lvm()
    with pytest.raises(NotFound, match="install lvm2"):
        lvm.run(missing, "lvcreate")
    with pytest.raises(NotFound, match="install xfsprogs"):
        lvm.run(missing, "mkfs.xfs")


def test_lvm_that_fails_is_not_lvm_without_anything() -> None:
    with pytest.raises(Refused, match="'pvs .* failed: locked"):
        lvm.observe(lambda _argv, **_options: (5, "", "locked"))


def test_steps_until_a_brick_is_whole() -> None:
    """mkfs.xfs overwrites nothing but what has the tag that it is being made."""
    ran: list[list[str]] = []

    def run(argv: list[str], **_options: t.Any) -> tuple[int, str, str]:
        ran.append(argv)
        return 0, "mkfs.xfs version 6.1.0\n", ""

    thin.Thin(run).make(GROUP, "brick_data_1", GIB, (thin.VOLUME, thin.XFS, thin.END))
    create, _version, make, end = ran
    assert create[0] == "lvcreate" and create[-1] == GROUP and {"glusterops.making", f"{GIB}b", "pool"} <= set(create)
    assert make[0] == "mkfs.xfs" and "size=512,nrext64=0" in make and make[-1] == f"/dev/{GROUP}/brick_data_1"
    assert end == ["lvchange", "--deltag", "glusterops.making", f"{GROUP}/brick_data_1"]
    [whole] = [thin.judge(VOLUME, Seen())]
    assert whole and thin.XFS not in whole.lacks


def test_no_line_goes_by_uuid() -> None:
    assert LINE.startswith(f"/dev/{GROUP}/brick_data_1 {POINT} xfs ") and "nofail" in LINE and "UUID" not in LINE


@pytest.mark.parametrize(
    "said, version, inodes",
    [
        ("mkfs.xfs version 6.1.0\n", (6, 1), "size=512,nrext64=0"),
        ("mkfs.xfs version 5.19.0\n", (5, 19), "size=512,nrext64=0"),
        ("mkfs.xfs version 5.10.0\n", (5, 10), "size=512"),
        ("what?", (0, 0), "size=512"),
    ],
)
def test_older_programs_are_told_nothing_that_they_do_not_know(
    said: str, version: tuple[int, int], inodes: str
) -> None:
    assert thin.read_version(said) == version and names.xfs(version)[1] == inodes
