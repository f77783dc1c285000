# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    Refused,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.operations import Operation
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.volumes import (
    DURABILITIES,
    MAX_SIZE,
    Brick,
    Desired,
    Observed,
    plan,
    read_all_desired,
    read_desired,
)
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._units import GIB, format_size
from ansible_collections.glusterops.shares.tests.unit.plugins.module_utils._heketi.scripted import info

CLUSTER = "a" * 32
TRANSCRIPTS = pathlib.Path(__file__).parents[5] / "tests" / "contract" / "transcripts"
DEFAULTS: dict[str, t.Any] = {
    "name": "v",
    "state": "present",
    "size": "10G",
    "durability": "replicate-3",
    "clusters": [],
    "snapshot_factor": None,
    "gid": None,
    "volume_options": {},
    "seal": None,
}

# ---- what is wanted


@pytest.mark.parametrize(
    "option, value, message",
    [
        ("name", "", "name '' is not a volume name"),
        ("name", "-x", "name '-x' is not a volume name"),
        ("name", "all", "name 'all' is not a volume name"),
        ("name", "a b", "name 'a b' is not a volume name"),
        ("name", "a;reboot", "is not a volume name"),
        ("name", "a\n", "is not a volume name"),
        ("name", "n" * 129, "is not a volume name"),
        ("name", "é", "is not a volume name"),
        ("size", None, "size is required when state=present."),
        ("size", "", "size '' is not a size"),
        ("size", "100", "size '100' is not a size: write a number and K, M, G, T or P, as in '100G'."),
        ("size", "0G", "size '0G' must be more than nothing."),
        ("size", "-1G", "size '-1G' is not a size"),
        ("size", "1e3G", "is not a size"),
        ("size", "16777217T", "size '16777217T' is more than 17179869184 GiB"),
        ("size", "17592186044417G", "is more than 17179869184 GiB, where Heketi stops to count right."),
        ("clusters", ["abc"], "clusters: 'abc' is not a cluster's id"),
        ("clusters", [CLUSTER.upper()], "is not a cluster's id"),
        ("clusters", [CLUSTER, CLUSTER], "stands more than once"),
        ("snapshot_factor", 0.99, "snapshot_factor 0.99 must be from 1 to 100."),
        ("snapshot_factor", 100.5, "snapshot_factor 100.5 must be from 1 to 100."),
        ("snapshot_factor", float("nan"), "snapshot_factor nan must be from 1 to 100."),
        ("gid", -1, "gid -1 must be from 0 to 2147483646."),
        ("gid", 2**31 - 1, "gid 2147483647 must be from 0 to 2147483646."),
        ("volume_options", {"a b": "c"}, "volume_options: 'a b' is not an option's name"),
        ("volume_options", {"": "c"}, "volume_options: '' is not an option's name"),
        ("volume_options", {"-x": "c"}, "volume_options: '-x' is not an option's name"),
        ("volume_options", {1: "c"}, "volume_options: 1 is not an option's name"),
        ("volume_options", {"a": "b; reboot"}, "volume_options: a='b; reboot' cannot be handed to Heketi"),
        ("volume_options", {"a": "$(reboot)"}, "cannot be handed to Heketi"),
        ("volume_options", {"a": "`reboot`"}, "cannot be handed to Heketi"),
        ("volume_options", {"a": "b\nc"}, "cannot be handed to Heketi"),
        ("volume_options", {"a": "b\n"}, "cannot be handed to Heketi"),
        ("volume_options", {"auth.allow": "10.0.0.*"}, "cannot be handed to Heketi"),
        ("volume_options", {"a": "~root"}, "cannot be handed to Heketi"),
        ("volume_options", {"a": "!1"}, "cannot be handed to Heketi"),
        ("volume_options", {"a": "'b'"}, "cannot be handed to Heketi"),
        ("volume_options", {"a": "b c"}, "cannot be handed to Heketi"),
        ("volume_options", {"a": "--mode=x"}, "cannot be handed to Heketi"),
        ("volume_options", {"a": ""}, "a='' cannot be handed to Heketi"),
        ("volume_options", {"a": None}, "a=None cannot be handed to Heketi"),
        ("volume_options", {"a": ["b"]}, r"a=['b'] cannot be handed to Heketi"),
        ("volume_options", {"a": "b" * 4001}, "cannot be handed to Heketi"),
        ("volume_options", {"user.heketi.id": "1"}, "user.heketi.id cannot be given: Heketi sets it itself."),
        ("volume_options", {"user.heketi.arbiter": True}, "cannot be given: say durability=replicate-3-arbiter."),
        ("seal", [], "seal is empty: name every server"),
        ("seal", ["*"], "seal: identity '*' is not a valid name"),
        ("seal", ["a*"], "seal: identity 'a*' is not a valid name"),
        ("seal", ["a,b"], "seal: identity 'a,b' is not a valid name"),
        ("seal", ["a b"], "seal: identity 'a b' is not a valid name"),
        ("seal", [""], "seal: identity '' is not a valid name"),
        ("seal", ["x" * 65], "is not a valid name"),
        ("seal", [f"{number:064}" for number in range(62)], "seal has 4029 bytes of names, and more than 4000 crash"),
    ],
)
def test_bad_value(option: str, value: t.Any, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_desired({**DEFAULTS, option: value})
    assert message in str(caught.value)


@pytest.mark.parametrize("option", ["auth.ssl-allow", "client.ssl", "server.ssl"])
def test_seal_and_tls_options_exclude_each_other(option: str) -> None:
    with pytest.raises(BadInput, match=f"volume_options may not have {option} when seal is given: seal sets it."):
        read_desired({**DEFAULTS, "seal": ["a"], "volume_options": {option: "x"}})
    assert read_desired({**DEFAULTS, "volume_options": {option: "x"}}).options == {option: "x"}


def test_one_bad_entry_is_named_and_refuses_the_whole_list() -> None:
    entries = [{**DEFAULTS, "name": f"v{number}"} for number in range(1000)]
    entries[417] = {**entries[417], "size": "10"}
    entries[900] = {**entries[900], "gid": -5}
    with pytest.raises(BadInput) as caught:
        read_all_desired(entries)
    assert str(caught.value) == (
        "volumes[417] 'v417': size '10' is not a size: write a number and K, M, G, T or P, as in '100G'."
        " volumes[900] 'v900': gid -5 must be from 0 to 2147483646."
    )


def test_many_bad_entries_are_counted() -> None:
    with pytest.raises(BadInput, match=r"And 15 more\.$"):
        read_all_desired([{**DEFAULTS, "name": f"v{number}", "size": None} for number in range(20)])


def test_no_name_twice() -> None:
    with pytest.raises(BadInput, match="volumes: name 'v' stands more than once in the list."):
        read_all_desired([DEFAULTS, {**DEFAULTS, "state": "absent"}])


@pytest.mark.parametrize(
    "size, gib",
    [("1G", 1), ("1K", 1), ("1025M", 2), ("1T", 1024), ("1.5T", 1536), ("10.0001G", 11), ("16777216T", MAX_SIZE)],
)
def test_size_is_rounded_up(size: str, gib: int) -> None:
    assert read_desired({**DEFAULTS, "size": size}).size == gib


@given(st.integers(min_value=1, max_value=MAX_SIZE * GIB))
def test_size_is_never_less_than_asked_for_nor_a_gib_more(size: int) -> None:
    if format_size(size).endswith("B"):
        size = -(-size // 1024) * 1024
    desired = read_desired({**DEFAULTS, "size": format_size(size)})
    assert 0 <= desired.size * GIB - size < GIB


def test_absent_needs_no_size() -> None:
    assert read_desired({**DEFAULTS, "state": "absent", "size": None}).present is False


def test_request_of_the_defaults() -> None:
    assert read_desired(DEFAULTS).request() == {
        "name": "v",
        "size": 10,
        "durability": {"type": "replicate", "replicate": {"replica": 3}},
        "clusters": [],
        "glustervolumeoptions": [],
    }


def test_request_of_everything() -> None:
    desired = read_desired(
        {
            **DEFAULTS,
            "durability": "replicate-3-arbiter",
            "clusters": [CLUSTER],
            "snapshot_factor": 1.25,
            "gid": 590,
            "volume_options": {"nfs.disable": True, "a.b": False, "c.d": 5, "e.f": -1.5, "g": "1:2/3,4@5%6+7=8"},
            "seal": ["b", "a", "b", "server-1.example.com"],
        }
    )
    assert desired.request() == {
        "name": "v",
        "size": 10,
        "durability": {"type": "replicate", "replicate": {"replica": 3}},
        "clusters": [CLUSTER],
        "snapshot": {"enable": True, "factor": 1.25},
        "gid": 590,
        "glustervolumeoptions": [
            "a.b off",
            "auth.ssl-allow a,b,server-1.example.com",
            "c.d 5",
            "client.ssl on",
            "e.f -1.5",
            "g 1:2/3,4@5%6+7=8",
            "nfs.disable on",
            "server.ssl on",
            "user.heketi.arbiter true",
        ],
    }


SHELL = re.compile(r"[\s;&|<>()$`\\\"'*?\[\]#~!{}^]")


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=8) | st.booleans() | st.integers() | st.floats()))
def test_no_option_can_say_anything_to_a_shell(options: dict[str, t.Any]) -> None:
    try:
        desired = read_desired({**DEFAULTS, "volume_options": options})
    except BadInput:
        return
    for line in desired.request()["glustervolumeoptions"]:
        option, _space, value = line.partition(" ")
        assert option and value and not SHELL.search(option + value)


# ---- what there is


def recorded() -> t.Iterator[dict[str, t.Any]]:
    """Every answer to GET /volumes/ID that a real Heketi gave."""
    for path in sorted(TRANSCRIPTS.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith('<<< {"size":') and '"mount":' in line:
                yield json.loads(line[4:])


def test_every_recorded_volume_is_understood() -> None:
    volumes = [Observed.from_info(answer) for answer in recorded()]
    assert len(volumes) > 50
    assert {volume.durability for volume in volumes} >= {"none", "replicate-1", "replicate-2", "replicate-3"}
    assert {"disperse-2+1", "disperse-4+2", "disperse-8+3", "disperse-8+4"} & {volume.durability for volume in volumes}
    full = next(volume for volume in volumes if volume.name == "full")
    assert (full.size, full.durability, full.snapshot_factor, full.gid) == (10, "replicate-2", 1.25, 590)
    assert full.options == {"performance.cache-size": "512MB", "nfs.disable": "on"}
    assert full.hosts == ("10.0.0.4", "10.0.0.1", "10.0.0.3", "10.0.0.2")
    assert full.source == "10.0.0.4:full"
    assert [brick.size for brick in full.bricks] == [10 * GIB, 10 * GIB]
    assert not any(volume.cloned for volume in volumes)


def test_a_replica_without_a_number_is_two() -> None:
    answer = info("v", "1", durability={"type": "replicate", "replicate": {}, "disperse": {}})
    assert Observed.from_info(answer).durability == "replicate-2"


def test_arbiter_is_told_by_its_option() -> None:
    volume = Observed.from_info(info("v", "1", glustervolumeoptions=["", "user.heketi.arbiter true", "a b", ""]))
    assert (volume.durability, volume.options) == ("replicate-3-arbiter", {"a": "b"})


@pytest.mark.parametrize(
    "damage", [{"size": None}, {"durability": None}, {"bricks": [{}]}, {"mount": {}}, {"id": None}]
)
def test_an_answer_without_what_heketi_always_sends(damage: dict[str, t.Any]) -> None:
    answer = {option: value for option, value in info("v", "1").items() if damage.get(option, value) is not None}
    answer.update({option: value for option, value in damage.items() if value is not None})
    with pytest.raises(GlusterOpsError, match="Heketi's answer about a volume is not as expected"):
        Observed.from_info(answer)


# ---- what follows

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


def made(want: Desired, **other: t.Any) -> Observed:
    """The volume that creating it gives."""
    brick = Brick("1" * 32, "2" * 32, "/var/lib/heketi/mounts/vg_2/brick_3/brick", want.size * GIB)
    volume = Observed(
        id="f" * 32,
        name=want.name,
        size=want.size,
        cluster=CLUSTER,
        durability=want.durability,
        snapshot_factor=want.snapshot_factor,
        gid=want.gid or 0,
        options=want.options,
        bricks=(brick,),
        hosts=("h",),
        source=f"h:{want.name}",
    )
    return dataclasses.replace(volume, **other)


@given(DESIRED)
def test_nothing_follows_when_all_is_as_wanted(want: Desired) -> None:
    observed = [made(want)] if want.present else []
    (step,) = plan([want], observed, taken=[want.name])
    assert (step.changes, step.notes, step.refusal) == ((), (), None)


@given(DESIRED)
def test_what_is_made_is_what_was_wanted(want: Desired) -> None:
    want = dataclasses.replace(want, present=True)
    assert plan([want], [])[0].changes[0] == Change(want.name, "state", "absent", "present")
    body = want.request()
    answer = info(want.name, "1", want.size, durability=body["durability"], gid=body.get("gid", 0), cluster=CLUSTER)
    answer["glustervolumeoptions"] = ["", *body["glustervolumeoptions"], ""]
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
        assert step.changes == ()
        assert len(step.notes) == (size > want.size)


@given(st.lists(DESIRED, unique_by=lambda want: want.name), st.sets(NAMES), st.sets(NAMES))
def test_every_volume_is_planned_by_itself(wanted: list[Desired], there: set[str], taken: set[str]) -> None:
    observed = [made(want) for want in wanted if want.name in there]
    together = plan(wanted, observed, taken)
    alone = [plan([want], observed, taken)[0] for want in wanted]
    assert [(one.desired, one.changes, str(one.refusal)) for one in together] == [
        (one.desired, one.changes, str(one.refusal)) for one in alone
    ]


WANT = Desired("v", size=10)


def test_creation_tells_all_that_was_asked_for() -> None:
    want = Desired("v", True, 2048, "disperse-4+2", (CLUSTER,), 1.5, 500, {"a": "b"})
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
    (step,) = plan([Desired("v", present=False)], [made(WANT)], taken=["v"])
    assert step.changes == (Change("v", "state", "present", "absent"), Change("v", "size", "10G", None))


@pytest.mark.parametrize(
    "wanted, created, note",
    [
        ({}, {"size": 11}, "size is 11G and stays so, though 10G is asked for: volumes do not shrink."),
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
    (step,) = plan([WANT], [], taken=["v"])
    assert isinstance(step.refusal, Conflict)
    assert "Gluster has a volume of this name that Heketi does not know, and Heketi would destroy it" in str(
        step.refusal
    )


def test_a_clone_is_not_expanded() -> None:
    bricks = (Brick("1", "2", "/run/gluster/snaps/abc/brick1/brick", GIB),)
    (step,) = plan([WANT], [made(WANT, size=1, bricks=bricks)])
    assert isinstance(step.refusal, Refused) and "It is a clone" in str(step.refusal)
    assert plan([WANT], [made(WANT, bricks=bricks)])[0].refusal is None
    assert plan([dataclasses.replace(WANT, present=False)], [made(WANT, bricks=bricks)])[0].refusal is None


@pytest.mark.parametrize(
    "status, message",
    [
        ("", "still busy with it: create-volume 9 (under way)"),
        ("stale", "create-volume 9 (stale). Have Heketi clean up"),
    ],
)
@pytest.mark.parametrize("there", [True, False])
def test_unfinished_operations_refuse_a_change(there: bool, status: str, message: str) -> None:
    left = {"v": Operation("9", "create-volume", status, frozenset(["v"]))}
    (step,) = plan([WANT], [made(WANT, size=1)] if there else [], taken=["v"], unfinished=left)
    assert isinstance(step.refusal, Refused) and message in str(step.refusal)


def test_unfinished_operations_are_told_when_it_shall_be_absent() -> None:
    left = {"v": Operation("9", "create-volume", "failed", frozenset(["v"]))}
    (step,) = plan([dataclasses.replace(WANT, present=False)], [], unfinished=left)
    assert step.refusal is None and step.changes == ()
    assert step.notes == ("It is not there, but Heketi has not finished with it: create-volume 9 (failed).",)
