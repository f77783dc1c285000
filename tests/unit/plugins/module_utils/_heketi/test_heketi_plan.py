# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import Conflict, NotFound, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.operations import Operation
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.plan import (
    Step,
    plan,
    refuse_blind,
    refuse_strangers,
    refuse_unknown_clusters,
    refuse_unseen_removals,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.topology import (
    Device,
    HeketiCluster,
    Node,
    host_key,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.volumes import (
    DURABILITIES,
    MAX_SIZE,
    Desired,
    HeketiBrick,
    InGluster,
    Observed,
)
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._units import GIB, format_size
from ansible_collections.glusterops.shares.tests.unit.plugins.module_utils._heketi.scripted import info
from hypothesis import given
from hypothesis import strategies as st

CLUSTER = "a" * 32

NAMES = st.text(alphabet="abc", min_size=1, max_size=2)
DESIRED = st.builds(
    Desired,
    name=NAMES,
    present=st.booleans(),
    size=st.integers(min_value=1, max_value=MAX_SIZE),
    durability=st.sampled_from(list(DURABILITIES)),
    clusters=st.sampled_from([(), (CLUSTER,)]),
    snapshot_factor=st.sampled_from([None, 1.0, 1.5]),
    gid=st.sampled_from([None, 0, 500]),
    options=st.dictionaries(st.sampled_from(["a.b", "auth.ssl-allow"]), st.sampled_from(["x", "x,y"])),
)


def bricks_of(
    durability: str, size: int, place: str = "/var/lib/heketi/mounts/vg_2/brick_3"
) -> tuple[HeketiBrick, ...]:
    """One set of bricks that hold so many GiB."""
    sizes = {
        "none": [size],
        "replicate-2": [size] * 2,
        "replicate-3": [size] * 3,
        "replicate-3-arbiter": [size, size / 64, size],
    }.get(durability)
    if sizes is None:
        data, redundancy = map(int, durability.partition("-")[2].split("+"))
        sizes = [size / data] * (data + redundancy)
    return tuple(HeketiBrick("1" * 32, "2" * 32, f"{place}/brick", int(one * GIB)) for one in sizes)


def made(want: Desired, **other: t.Any) -> Observed:
    """The volume that creating it gives."""
    size = other.get("size", want.size)
    volume = Observed(
        id="f" * 32,
        name=want.name,
        size=want.size,
        cluster=CLUSTER,
        durability=want.durability,
        snapshot_factor=want.snapshot_factor,
        gid=want.gid or 0,
        options=want.options,
        bricks=bricks_of(other.get("durability", want.durability), size),
        hosts=("h",),
        source=f"h:{want.name}",
    )
    return dataclasses.replace(volume, **other)


@given(DESIRED)
def test_nothing_follows_when_all_is_as_wanted(want: Desired) -> None:
    observed = [made(want)] if want.present else []
    (step,) = plan([want], observed, taken={want.name: InGluster(want.name)} if want.present else {})
    assert (step.changes, step.notes, step.refusal) == ((), (), None)


@given(DESIRED)
def test_what_is_made_is_what_was_wanted(want: Desired) -> None:
    want = dataclasses.replace(want, present=True)
    assert plan([want], [])[0].changes[0] == Change(want.name, "state", "absent", "present")
    body = want.request()
    answer = info(want.name, "1", want.size, durability=body["durability"], gid=body.get("gid", 0), cluster=CLUSTER)
    answer["glustervolumeoptions"] = ["", *body["glustervolumeoptions"], ""]
    answer["bricks"] = [
        {"path": brick.path, "node": brick.node, "device": brick.device, "size": brick.size // 1024}
        for brick in bricks_of(want.durability, want.size)
    ]
    answer["snapshot"] = body.get("snapshot", {"enable": False, "factor": 1})
    (step,) = plan([want], [Observed.from_info(answer)])
    assert (step.changes, step.notes) == ((), ())


@given(DESIRED, st.integers(min_value=1, max_value=MAX_SIZE))
def test_size_only_grows(want: Desired, size: int) -> None:
    want = dataclasses.replace(want, present=True)
    (step,) = plan([want], [made(want, size=size)])
    assert step.refusal is None
    if size < want.size:
        grown = Change(want.name, "size", format_size(size * GIB), format_size(want.size * GIB))
        assert (step.changes, step.notes) == ((grown,), ())
    else:
        assert (step.changes, step.notes) == ((), ())


@given(st.lists(DESIRED, unique_by=lambda want: want.name), st.sets(NAMES), st.sets(NAMES))
def test_every_volume_is_planned_by_itself(wanted: list[Desired], there: set[str], taken: set[str]) -> None:
    observed = [made(want) for want in wanted if want.name in there]
    known = {name: InGluster(name) for name in taken}
    together = plan(wanted, observed, known)
    alone = [plan([want], observed, known)[0] for want in wanted]
    assert [(one.desired, one.changes, str(one.refusal)) for one in together] == [
        (one.desired, one.changes, str(one.refusal)) for one in alone
    ]


WANT = Desired("v", size=10)


def test_creation_tells_all_that_was_asked_for() -> None:
    want = Desired("v", True, 2048, 1.0, "disperse-4+2", (CLUSTER,), 1.5, 500, {"a": "b"})
    assert plan([want], [])[0].changes == (
        Change("v", "state", "absent", "present"),
        Change("v", "size", None, "2T"),
        Change("v", "durability", None, "disperse-4+2"),
        Change("v", "clusters", None, [CLUSTER]),
        Change("v", "snapshot_factor", None, 1.5),
        Change("v", "gid", None, 500),
        Change("v", "volume_options", None, {"a": "b"}),
    )


def test_deletion() -> None:
    (step,) = plan([Desired("v", present=False)], [made(WANT)], taken={"v": InGluster("v")})
    assert step.changes == (Change("v", "state", "present", "absent"), Change("v", "size", "10G", None))


@pytest.mark.parametrize(
    "wanted, created, note",
    [
        ({}, {"durability": "none"}, "durability is none and stays so, though replicate-3 is asked for."),
        ({"snapshot_factor": 2.0}, {"snapshot_factor": None}, "snapshot_factor is not set and stays so, though 2.0 is"),
        (
            {"snapshot_factor": 2.0},
            {"snapshot_factor": 1.5},
            "snapshot_factor is 1.5 and stays so, though 2.0 is asked",
        ),
        ({"gid": 5}, {"gid": 0}, "gid is 0 and stays so, though 5 is asked for."),
        ({"gid": 0}, {"gid": 5}, "gid is 5 and stays so, though 0 is asked for."),
        ({"clusters": ("b" * 32,)}, {}, f"cluster is {CLUSTER} and stays so, though {'b' * 32} is asked for."),
        (
            {"options": {"a": "b"}},
            {"options": {}},
            "a was not set when it was created, and b is asked for: Heketi sets",
        ),
        ({"options": {"a": "b"}}, {"options": {"a": "c"}}, "a was c when it was created, and b is asked for"),
        (
            {"options": {"auth.ssl-allow": "a,b"}},
            {"options": {}},
            "auth.ssl-allow was not set when it was created, and a,b is asked for",
        ),
    ],
)
def test_what_stays_different_is_told(wanted: dict[str, t.Any], created: dict[str, t.Any], note: str) -> None:
    want = dataclasses.replace(WANT, **wanted)
    (step,) = plan([want], [made(want, **created)])
    assert step.changes == () and step.refusal is None
    assert len(step.notes) == 1 and note in step.notes[0]


def test_what_was_not_asked_for_is_no_difference() -> None:
    created = {"snapshot_factor": 1.5, "gid": 7, "options": {"x": "y"}}
    assert plan([WANT], [made(WANT, **created)])[0].notes == ()


def test_an_access_list_may_have_changed_since() -> None:
    want = dataclasses.replace(WANT, options={"auth.ssl-allow": "a,b"})
    assert plan([want], [made(want, options={"auth.ssl-allow": "b,c"})])[0].notes == ()


@pytest.mark.parametrize("present", [True, False])
def test_several_of_one_name_are_refused(present: bool) -> None:
    want = dataclasses.replace(WANT, present=present)
    others = [made(WANT, id="1" * 32), made(WANT, id="2" * 32, cluster="b" * 32)]
    (step,) = plan([want], others)
    assert isinstance(step.refusal, Conflict) and not step.changes
    assert f"{'1' * 32} in cluster {CLUSTER}, {'2' * 32} in cluster {'b' * 32}" in str(step.refusal)


def test_a_name_that_gluster_has_is_refused() -> None:
    (step,) = plan([WANT], [], taken={"v": InGluster("v")})
    assert isinstance(step.refusal, Conflict)
    assert "Gluster has a volume of this name that Heketi does not know, and Heketi would destroy it" in str(
        step.refusal
    )


def test_a_clone_is_not_expanded() -> None:
    (step,) = plan([dataclasses.replace(WANT, size=11)], [made(WANT, bricks=THIN)])
    assert isinstance(step.refusal, Refused) and "It is a clone" in str(step.refusal)
    assert plan([WANT], [made(WANT, bricks=THIN)])[0].refusal is None
    assert plan([dataclasses.replace(WANT, present=False)], [made(WANT, bricks=THIN)])[0].refusal is None


def test_a_volume_that_heketi_lost_track_of() -> None:
    """Two expansions at once: the bricks of both are there, and the size is that of the last."""
    lost = made(WANT, size=12, bricks=bricks_of("replicate-3", 15))
    (step,) = plan([WANT], [lost])
    assert step.changes == () and "says that it has 12G, and its bricks hold 15G" in step.notes[0]
    (step,) = plan([dataclasses.replace(WANT, size=20)], [lost])
    assert isinstance(step.refusal, Conflict) and "Do not grow it before" in str(step.refusal)
    assert plan([dataclasses.replace(WANT, present=False)], [lost])[0].refusal is None


@pytest.mark.parametrize(
    "status, message",
    [
        ("", "still busy with it: create-volume 9 (under way)"),
        ("stale", "create-volume 9 (stale). clean_up: true has Heketi clean it up."),
    ],
)
@pytest.mark.parametrize("there", [True, False])
def test_unfinished_operations_refuse_a_change(there: bool, status: str, message: str) -> None:
    left = {"v": Operation("9", "create-volume", status, frozenset(["v"]))}
    (step,) = plan([WANT], [made(WANT, size=1)] if there else [], taken={"v": InGluster("v")}, unfinished=left)
    assert isinstance(step.refusal, Refused) and message in str(step.refusal)


def test_unfinished_operations_are_told_when_it_shall_be_absent() -> None:
    left = {"v": Operation("9", "create-volume", "failed", frozenset(["v"]))}
    (step,) = plan([dataclasses.replace(WANT, present=False)], [], unfinished=left)
    assert step.refusal is None and step.changes == ()
    (note,) = step.notes
    assert note.startswith("It is not there, but Heketi has not finished with it: create-volume 9 (failed). clean_up: ")


# ---- spare room


@pytest.mark.parametrize("size, factor, allocated", [(100, 1.1, 110), (10, 1.01, 11), (7, 1.0, 7), (3, 2.5, 8)])
def test_spare_room_in_whole_gibs(size: int, factor: float, allocated: int) -> None:
    assert Desired("v", size=size, spare_factor=factor).allocated == allocated


@pytest.mark.parametrize(
    "has, wanted, grown",
    [(None, 100, 150), (150, 150, None), (150, 151, 227), (100, 120, 180), (400, 100, None), (None, 1, 2)],
)
def test_spare_room_is_allocated_when_bricks_are_added_anyway(has: int | None, wanted: int, grown: int | None) -> None:
    want = Desired("v", size=wanted, spare_factor=1.5)
    (step,) = plan([want], [made(want, size=has)] if has else [])
    sizes = {change.after for change in step.changes if change.what == "size"}
    assert sizes == ({format_size(grown * GIB)} if grown else set())
    assert not step.notes and (has is not None or want.request()["size"] == grown)


# ---- clones

THIN = bricks_of("replicate-3", 10, "/run/gluster/snaps/abc/brick1")
CLONE = Desired("c", clone_of="v")


def test_a_clone_is_made_from_its_source() -> None:
    source = made(WANT)
    (step,) = plan([CLONE], [source])
    assert step.refusal is None and step.source == source
    assert [(change.what, change.after) for change in step.changes] == [
        ("state", "present"),
        ("clone_of", "v"),
        ("size", "10G"),
    ]
    (step,) = plan([CLONE], [source, made(WANT, name="c", bricks=THIN)])
    assert (step.changes, step.notes, step.refusal) == ((), (), None)


def test_a_clone_may_follow_its_source_in_one_list() -> None:
    first, second = plan([WANT, CLONE], [])
    assert first.refusal is None and second.refusal is None and second.source is None and second.changes


def test_what_is_there_already_and_no_clone_is_told() -> None:
    (step,) = plan([CLONE], [made(WANT), made(WANT, name="c")])
    assert step.changes == () and step.notes == ("it is no clone and stays so, though a clone of v is asked for.",)


@pytest.mark.parametrize(
    "others, there, unfinished, kind, message",
    [
        ([], [], {}, NotFound, "a clone of 'v', which is not there"),
        ([Desired("v", present=False)], [WANT], {}, Conflict, "which the same list deletes"),
        ([Desired("v", clone_of="w")], [], {}, Conflict, "itself a clone that is not there yet"),
        ([], [WANT, WANT], {}, Conflict, "2 volumes have this name"),
        ([], [dataclasses.replace(WANT, size=5)], {}, Refused, "size 6G is asked for, and as a clone of 'v' it has 5G"),
        (
            [],
            [],
            {"v": Operation("9", "clone-volume", "stale", frozenset("v"))},
            Refused,
            "It cannot clean up a clone by itself",
        ),
        ([], [WANT], {"v": Operation("9", "expand-volume", "", frozenset("v"))}, Refused, "still busy with it"),
    ],
)
def test_what_cannot_be_cloned(
    others: list[Desired],
    there: list[Desired],
    unfinished: dict[str, Operation],
    kind: type[Exception],
    message: str,
) -> None:
    want = dataclasses.replace(CLONE, size=6)
    step = plan([*others, want], [made(one) for one in there], unfinished=unfinished)[-1]
    assert isinstance(step.refusal, kind) and message in str(step.refusal)


def test_a_name_that_gluster_has_is_not_cloned_to() -> None:
    (step,) = plan([CLONE], [made(WANT)], taken={"c": InGluster("c")})
    assert isinstance(step.refusal, Conflict) and "that Heketi does not know" in str(step.refusal)


# ---- servers that are not known


def server(name: str, cluster: str = CLUSTER, state: str = "online", device: str = "online") -> Node:
    devices = (Device("d", "/dev/sdb", device, GIB, GIB, 0, {}, 0),)
    return Node(name, cluster, name, f"{name}-storage", 1, state, {}, devices)


def cluster(*nodes: Node, cluster_id: str = CLUSTER) -> HeketiCluster:
    return HeketiCluster(cluster_id, True, True, nodes, ())


@pytest.mark.parametrize(
    "want, there, servers, refused",
    [
        (WANT, [], [server("a"), server("b")], True),
        (WANT, [], [server("a")], False),
        (WANT, [], [server("a"), server("b", state="offline")], False),
        (WANT, [], [server("a"), server("b", device="offline")], False),
        (WANT, [WANT], [server("a"), server("b")], False),
        (dataclasses.replace(WANT, size=20), [WANT], [server("a"), server("b")], True),
        (dataclasses.replace(WANT, present=False), [WANT], [server("b")], False),
        (dataclasses.replace(WANT, clusters=("b" * 32,)), [], [server("b")], False),
        (Desired("c", clone_of="v"), [WANT], [server("b")], False),
    ],
)
def test_bricks_only_on_servers_that_are_known(
    want: Desired, there: list[Desired], servers: list[Node], refused: bool
) -> None:
    steps = plan([want], [made(one) for one in there])
    for known in ({"a"}, {"a-storage"}):
        (step,) = refuse_strangers(steps, [cluster(*servers)], known)
        assert bool(step.refusal) is refused
        if refused:
            assert "Heketi may choose b for its bricks, and known_servers does not have" in str(step.refusal)
    (step,) = refuse_strangers(steps, [cluster(*servers)], {"a", "b-storage"})
    assert step.refusal is None


def test_another_refusal_stays() -> None:
    (step,) = refuse_strangers(plan([WANT], [], taken={"v": InGluster("v")}), [cluster(server("b"))], set())
    assert "Gluster has a volume of this name" in str(step.refusal)


def test_a_cluster_that_heketi_does_not_have() -> None:
    want = dataclasses.replace(WANT, clusters=(CLUSTER, "b" * 32))
    (step,) = refuse_unknown_clusters(plan([want], []), frozenset([CLUSTER]))
    assert isinstance(step.refusal, NotFound) and f"Heketi has no cluster {'b' * 32}." in str(step.refusal)
    for there, known in (([], [CLUSTER, "b" * 32]), ([made(want, size=1)], [CLUSTER])):
        (step,) = refuse_unknown_clusters(plan([want], there), frozenset(known))
        assert step.refusal is None


# ---- whose a volume is


OWN = "a" * 32
PATHS = frozenset(brick["path"] for brick in info("v", OWN)["bricks"])


@pytest.mark.parametrize(
    ("taken", "same"),
    [
        # Nothing but the name was told.
        (InGluster("v"), True),
        (InGluster("v", OWN), True),
        # A clone says the id of its source.
        (InGluster("v", "b" * 32, PATHS), True),
        # A snapshot was restored: the bricks are elsewhere.
        (InGluster("v", OWN, frozenset(["/run/gluster/snaps/1/brick1/brick"])), True),
        (InGluster("v", ""), False),
        (InGluster("v", "", frozenset(["/srv/v"])), False),
        (InGluster("v", "b" * 32), False),
        (InGluster("v", "b" * 32, frozenset(["/srv/v"])), False),
    ],
)
@pytest.mark.parametrize("wanted", [{}, {"present": False}, {"size": 20}, {"name": "c", "clone_of": "v", "size": 0}])
def test_a_namesake_in_gluster_is_not_heketis_volume(taken: InGluster, same: bool, wanted: dict[str, t.Any]) -> None:
    have = Observed.from_info(info("v", OWN))
    (step,) = plan([dataclasses.replace(WANT, **wanted)], [have], {"v": taken})
    assert (step.refusal is None) == same
    if not same:
        assert isinstance(step.refusal, Conflict) and f"Heketi's volume of this name is {OWN}" in str(step.refusal)


def test_only_what_both_have_is_removed_where_it_is_known_what_gluster_has() -> None:
    want = dataclasses.replace(WANT, present=False)
    steps = plan([want], [made(WANT)], {})
    assert refuse_unseen_removals(steps, {"v"}) == steps and steps[0].changes
    [step] = refuse_unseen_removals(steps, {"other"})
    assert isinstance(step.refusal, Conflict) and "Gluster has no volume of this name where that" in str(step.refusal)
    there = plan([WANT], [made(WANT)], {})
    assert refuse_unseen_removals(there, {"other"}) == there
    nothing = plan([want], [], {})
    assert refuse_unseen_removals(nothing, {"other"}) == nothing


def test_what_only_gluster_has_is_not_absent() -> None:
    gone, taken = dataclasses.replace(WANT, present=False), {"v": InGluster("v")}
    (step,) = plan([gone], [], taken)
    assert isinstance(step.refusal, Conflict) and "Heketi cannot delete it" in str(step.refusal)
    assert plan([gone], [], {"w": InGluster("w")})[0] == Step(gone)
    # Heketi may still be at it, or did not finish: that is said instead.
    left = {"v": Operation("1", "delete-volume", "stale", frozenset(["v"]))}
    (step,) = plan([gone], [], taken, left)
    assert step.refusal is None and step.notes


def test_known_volumes_that_have_none_of_heketis() -> None:
    there = [made(WANT, name=name, id=f"{number}" * 32) for number, name in enumerate("abc")]

    def refusals(known: t.Iterable[str], want: Desired = WANT, observed: t.Sequence[Observed] = there) -> list[t.Any]:
        names = {name: InGluster(name) for name in known}
        return [step.refusal for step in refuse_blind(plan([want], observed, names), observed, names)]

    (refusal,) = refusals([])
    assert isinstance(refusal, Refused)
    assert str(refusal).startswith(
        f"known_volumes cannot be what Gluster has: of the 3 volumes that Heketi has in cluster {CLUSTER}, such as 'a',"
    )
    assert refusals(["x"])[0]
    # One may have gone from Gluster behind Heketi; and where there is none, none is known.
    assert refusals(["a"]) == refusals([], observed=[]) == [None]
    # Where nothing is made, and in clusters that cannot be chosen, it does not matter.
    assert refusals([], dataclasses.replace(WANT, name="a")) == [None]
    assert refusals([], dataclasses.replace(WANT, clusters=("d" * 32,))) == [None]
    assert refusals([], dataclasses.replace(WANT, clusters=(CLUSTER, "d" * 32)))[0]


def test_servers_are_compared_in_one_way() -> None:
    steps = plan([WANT], [])
    for known in ({"B.Example.com"}, {"b.example.com."}, {"fd00:0:0::1"}):
        for name in ("b.example.com", "FD00::1"):
            (step,) = refuse_strangers(steps, [cluster(server(name))], known)
            assert (step.refusal is None) == (host_key(name) in set(map(host_key, known)))
