# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._bricks import names
from ansible_collections.glusterops.shares.plugins.module_utils._bricks.plan import (
    Step,
    Wanted,
    Wish,
    asks_gluster,
    plan,
    removable,
)
from ansible_collections.glusterops.shares.plugins.module_utils._bricks.storage import Brick, Place
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    Refused,
)
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from hypothesis import given
from hypothesis import strategies as st

GIB = 1024**3
MOUNTED = f"{names.MOUNTS}/brick_data_1/brick"
LISTED = "/srv/gluster/brick_data_1/brick"
ONE = Brick("brick_data_1", "data", MOUNTED, GIB)
DEVICE = Place(
    "/dev/sdb", "device", "ready", real="/dev/sdb", identity="group:a", group="a", size=9 * GIB, free=8 * GIB
)
BLANK = dataclasses.replace(
    DEVICE, state="blank", identity="device:8:16", group="", free=9 * GIB, lacks=("label", "group", "pool")
)
DIRECTORY = Place(
    "/srv/gluster", "directory", "ready", real="/srv/gluster", identity="fs:8:1", size=9 * GIB, free=8 * GIB
)


def place(base: Place, *bricks: Brick, **more: t.Any) -> Place:
    return dataclasses.replace(base, bricks=bricks, **more)


def steps(places: t.Sequence[Place], used: t.Mapping[str, str] | None = None, **wanted: t.Any) -> list[Step]:
    wanted.setdefault("storage", tuple(one.path for one in places))
    return plan(Wanted(**wanted), places, used or {})


def changes(places: t.Sequence[Place], used: t.Mapping[str, str] | None = None, **wanted: t.Any) -> list[Change]:
    return [step.change for step in steps(places, used, **wanted)]


def wish(size: int = GIB, storage: str = "/dev/sdb", name: str = "brick_data_1") -> tuple[Wish, ...]:
    return (Wish(name, storage, size),)


def test_nothing_is_done_where_all_is_there() -> None:
    assert not steps([place(DEVICE, ONE), DIRECTORY], bricks=wish())


def test_a_blank_device_is_made_ready_and_gets_its_brick() -> None:
    found = steps([BLANK], bricks=wish())
    assert [step.change for step in found] == [
        Change("/dev/sdb", "storage", None, "9G"),
        Change(MOUNTED, "brick", None, "1G"),
    ]
    assert found[0].brick is None and found[1].size == GIB and found[1].brick and not found[1].brick.whole


def test_a_blank_directory_is_marked() -> None:
    blank = dataclasses.replace(DIRECTORY, state="blank", lacks=("mark",))
    assert changes([blank], bricks=wish(5, "/srv/gluster")) == [
        Change("/srv/gluster", "storage", None, "marked"),
        Change(LISTED, "brick", None, "5B"),
    ]


@pytest.mark.parametrize("state", ["foreign", "missing"])
def test_what_has_a_problem_is_never_taken(state: str) -> None:
    wrong = dataclasses.replace(BLANK, state=state, problem="/dev/sdb holds signature xfs.", lacks=())
    with pytest.raises(Refused, match="/dev/sdb holds signature xfs"):
        steps([wrong, DIRECTORY])
    # One of ours that was not asked for holds nothing back.
    assert not steps([DIRECTORY, wrong], storage=("/srv/gluster",))


def test_nothing_is_put_on_what_is_neither_given_nor_ready() -> None:
    wrong = dataclasses.replace(BLANK, state="foreign", problem="no")
    for there in ([], [BLANK], [wrong]):
        with pytest.raises(BadInput, match="is no storage of this server"):
            plan(Wanted(bricks=wish()), there, {})
    assert plan(Wanted(bricks=wish()), [DEVICE], {})


def test_the_root_file_system_only_with_permission() -> None:
    root = dataclasses.replace(DIRECTORY, root=True)
    with pytest.raises(Refused, match="lies on the root file system"):
        steps([root])
    assert not steps([root], allow_root=True)


def test_two_names_of_a_device() -> None:
    other = dataclasses.replace(BLANK, path="/dev/disk/by-id/x")
    with pytest.raises(BadInput, match="/dev/sdb and /dev/disk/by-id/x are one and the same"):
        steps([BLANK, other])
    with pytest.raises(BadInput, match="'/dev/sdb' stands more than once"):
        steps([BLANK], storage=("/dev/sdb", "/dev/sdb"))


def test_directories_are_apart() -> None:
    beside = dataclasses.replace(DIRECTORY, path="/srv/gluster2", real="/srv/gluster2")
    assert not steps([DIRECTORY, beside])
    within = dataclasses.replace(DIRECTORY, path="/srv/gluster/a", real="/srv/gluster/a")
    with pytest.raises(BadInput, match="/srv/gluster/a is in /srv/gluster"):
        steps([DIRECTORY, within])
    link = dataclasses.replace(DIRECTORY, path="/link")
    with pytest.raises(BadInput, match="one and the same"):
        steps([DIRECTORY, link])
    for real in (names.MOUNTS, f"{names.MOUNTS}/a"):
        with pytest.raises(Refused, match="where bricks on devices are mounted"):
            steps([dataclasses.replace(DIRECTORY, path=real, real=real)])


def test_a_brick_is_grown_and_never_shrunk() -> None:
    there = [place(DEVICE, ONE)]
    assert changes(there, bricks=wish(2 * GIB)) == [Change(MOUNTED, "size", "1G", "2G")]
    assert changes(there, bricks=wish(GIB + 1)) == [Change(MOUNTED, "size", "1G", "1028M")]
    assert not steps(there, bricks=wish(names.LEAST))


def test_what_was_interrupted_is_finished() -> None:
    begun = dataclasses.replace(ONE, lacks=("xfs", "line", "mount", "directory", "end"))
    found = steps([place(DEVICE, begun)], bricks=wish(2 * GIB))
    assert [step.change for step in found] == [
        Change(MOUNTED, "whole", False, True),
        Change(MOUNTED, "size", "1G", "2G"),
    ]
    assert [bool(step.brick and step.brick.lacks) for step in found] == [True, False]
    # Nobody asks for it: it is left alone, and told as partial.
    assert not steps([place(DEVICE, begun)]) and begun.told()["state"] == "partial"


def test_a_directory_that_was_never_whole_gets_the_size_of_today() -> None:
    begun = Brick("brick_data_1", "data", LISTED, 0, ("make",))
    [step] = steps([place(DIRECTORY, begun)], bricks=wish(7, "/srv/gluster"))
    assert step.size == 7 and step.change == Change(LISTED, "whole", False, True)


def test_a_number_is_used_once() -> None:
    going = Brick("brick_data_1", "data", LISTED, 7, ("remove",))
    with pytest.raises(Conflict, match="is being removed: take another number"):
        steps([place(DIRECTORY, going)], bricks=wish(7, "/srv/gluster"))
    with pytest.raises(Conflict, match="is on /srv/gluster already, not on /dev/sdb"):
        steps([DEVICE, place(DIRECTORY, dataclasses.replace(ONE, path=LISTED))], bricks=wish())
    with pytest.raises(BadInput, match="'brick_data_1' stands more than once"):
        steps([DEVICE], bricks=(*wish(), *wish()))


def test_trouble_is_told_and_not_mended() -> None:
    lost = dataclasses.replace(ONE, trouble="It is not there any more.")
    strange = dataclasses.replace(lost, kept=True)
    for brick in (lost, strange):
        with pytest.raises(Refused, match="not there any more"):
            steps([place(DEVICE, brick)], bricks=wish())
    assert changes([place(DEVICE, lost)], deleted=frozenset(["data"])) == [Change(MOUNTED, "brick", "1G", None)]
    with pytest.raises(Refused, match="not there any more"):
        steps([place(DEVICE, strange)], deleted=frozenset(["data"]))


def test_bricks_of_deleted_volumes_go_unless_gluster_has_them() -> None:
    other = dataclasses.replace(ONE, name="brick_data-2_1", volume="data-2")
    half = dataclasses.replace(ONE, name="brick_data_2", lacks=("xfs",))
    there = [place(DEVICE, ONE, other, half)]
    wanted = Wanted(storage=("/dev/sdb",), deleted=frozenset(["data"]))
    assert [brick.name for _place, brick in removable(wanted, there)] == ["brick_data_1", "brick_data_2"]
    assert [step.size for step in plan(wanted, there, {"brick_data-2_1": "data-2"})] == [None, None]
    with pytest.raises(Refused, match="is in volume 'data' of Gluster: delete that first"):
        plan(wanted, there, {"brick_data_2": "data"})
    with pytest.raises(BadInput, match="which is among deleted_volumes"):
        steps(there, bricks=wish(), deleted=frozenset(["data"]))


def test_what_a_refused_creation_left_is_taken_off_where_no_volume_has_the_brick() -> None:
    there = [place(DEVICE, dataclasses.replace(ONE, used=False, claimed=True))]
    wanted = Wanted(storage=("/dev/sdb",), bricks=wish())
    assert asks_gluster(wanted, there) and not asks_gluster(dataclasses.replace(wanted, bricks=()), there)
    [step] = plan(wanted, there, {})
    assert step.change == Change(MOUNTED, "claimed", True, False) and step.brick and step.brick.lacks == ("release",)
    assert not plan(wanted, there, {"brick_data_1": "data"})
    # It is grown along with that.
    assert [change.what for change in changes(there, bricks=wish(2 * GIB))] == ["size", "claimed"]


def test_removals_come_first() -> None:
    old = dataclasses.replace(ONE, name="brick_old_1", volume="old")
    found = changes([place(DEVICE, old), BLANK_2], bricks=wish(storage="/dev/sdc"), deleted=frozenset(["old"]))
    assert [(change.what, change.after) for change in found] == [("brick", None), ("storage", "9G"), ("brick", "1G")]


BLANK_2 = dataclasses.replace(BLANK, path="/dev/sdc", real="/dev/sdc", identity="device:8:32")


def test_no_more_is_promised_than_there_is() -> None:
    small = dataclasses.replace(DEVICE, free=GIB)
    assert steps([small], bricks=wish())
    with pytest.raises(Refused, match="/dev/sdb has room for 1073741824 bytes of bricks, and 1077936128 are asked"):
        steps([small], bricks=wish(GIB + 1))
    assert steps([small], bricks=wish(5 * GIB), overcommit=1.5)
    with pytest.raises(Refused, match="room for 0 bytes"):
        steps([dataclasses.replace(small, free=-GIB)], bricks=wish())
    # Growing needs the difference.
    assert steps([place(small, ONE)], bricks=wish(2 * GIB))
    with pytest.raises(Refused, match="1077936128 are asked"):
        steps([place(small, ONE)], bricks=wish(2 * GIB + 1))


def test_a_file_system_is_one_room() -> None:
    there = [dataclasses.replace(DIRECTORY, path=path, real=path, free=10) for path in ("/srv/a", "/srv/b")]
    two = (Wish("brick_data_1", "/srv/a", 6), Wish("brick_data_2", "/srv/b", 4))
    assert len(steps(there, bricks=two)) == 2
    with pytest.raises(Refused, match="room for 10 bytes of bricks, and 11 are asked"):
        steps(there, bricks=(two[0], Wish("brick_data_2", "/srv/b", 5)))


def test_being_over_promised_holds_back_nothing_that_needs_no_more() -> None:
    over = dataclasses.replace(DEVICE, free=-GIB)
    assert not steps([place(over, ONE)], bricks=wish())
    begun = dataclasses.replace(ONE, lacks=("mount",))
    assert len(steps([place(over, begun)], bricks=wish())) == 1


@pytest.mark.parametrize(
    "wishes, message",
    [
        (wish(name="brick_data"), "'brick_data' is not a brick's name"),
        (wish(name="../x"), "is not a brick's name"),
        (wish(size=0), "at least one byte"),
        (wish(size=512 * 1024**2), "at least 516M on a device, not 512M"),
        (wish(name=f"brick_a{'-' * 63}_1"), "too long for the kernel"),
        (wish(storage="/dev/sdx"), "'/dev/sdx', which is no storage"),
    ],
)
def test_bad_input(wishes: tuple[Wish, ...], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        steps([DEVICE], bricks=wishes)


_BRICKS = st.builds(
    Brick,
    st.sampled_from(["brick_a_1", "brick_a_2", "brick_b_1"]),
    st.just("?"),
    st.just("/x"),
    st.sampled_from([names.LEAST, GIB]),
    st.sampled_from([(), ("make",), ("remove",), ("xfs", "end"), ("mount",)]),
    st.sampled_from([None, None, None, "Trouble."]),
    st.booleans(),
)


@given(st.data())
def test_whatever_is_there_no_used_brick_goes_and_no_foreign_place_is_touched(data: st.DataObject) -> None:
    bricks = data.draw(st.lists(_BRICKS, unique_by=lambda brick: brick.name))
    bricks = [
        dataclasses.replace(one, volume=one.name.split("_")[1], kept=one.kept and bool(one.trouble)) for one in bricks
    ]
    bases = data.draw(st.lists(st.sampled_from([DEVICE, DIRECTORY, BLANK_2]), unique_by=lambda base: base.path))
    spoilt = data.draw(st.sets(st.sampled_from(["/dev/sdb", "/dev/sdc", "/srv/gluster"])))
    places = [
        dataclasses.replace(
            place(base, *(bricks if base == bases[0] and base.state == "ready" else ())),
            **({"state": "foreign", "problem": "Foreign."} if base.path in spoilt else {}),
        )
        for base in bases
    ]
    used = {brick.name: "v" for brick in bricks if data.draw(st.booleans())}
    wanted = Wanted(
        storage=tuple(data.draw(st.sets(st.sampled_from([base.path for base in bases])) if bases else st.just(set()))),
        bricks=tuple(
            Wish(name, data.draw(st.sampled_from(["/dev/sdb", "/dev/sdc", "/srv/gluster"])), 2 * GIB)
            for name in data.draw(st.sets(st.sampled_from(["brick_a_1", "brick_a_2", "brick_b_1", "brick_c_1"])))
        ),
        deleted=frozenset(data.draw(st.sets(st.sampled_from(["a", "b"])))),
    )
    try:
        found = plan(wanted, places, used)
    except GlusterOpsError as exc:
        assert str(exc).endswith(".")
        return
    for step in found:
        if step.size is None:
            assert step.brick and step.brick.name not in used and step.brick.volume in wanted.deleted
            assert not step.brick.kept
        elif step.brick:
            assert step.size >= step.brick.size and not step.brick.trouble
            assert step.place.state == "ready" or step.place.path in wanted.storage
        if not step.brick or step.size is not None and not step.place.bricks:
            assert not step.place.problem
