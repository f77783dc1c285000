# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib
import re
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    GlusterOpsError,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.volumes import (
    MAX_SIZE,
    InGluster,
    Observed,
    read_all_desired,
    read_desired,
    read_known,
)
from ansible_collections.glusterops.shares.plugins.module_utils._units import GIB, format_size
from ansible_collections.glusterops.shares.tests.unit.plugins.module_utils._heketi.scripted import info
from hypothesis import given
from hypothesis import strategies as st

CLUSTER = "a" * 32
TRANSCRIPTS = pathlib.Path(__file__).parents[5] / "tests" / "contract" / "transcripts"
DEFAULTS: dict[str, t.Any] = {
    "name": "v",
    "state": "present",
    "size": "10G",
    "spare_factor": 1.0,
    "clone_of": None,
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
        ("volume_options", {"a": "b; reboot"}, "volume_options: a='b; reboot' cannot be set"),
        ("volume_options", {"a": "$(reboot)"}, "cannot be set"),
        ("volume_options", {"a": "`reboot`"}, "cannot be set"),
        ("volume_options", {"a": "b\nc"}, "cannot be set"),
        ("volume_options", {"a": "b\n"}, "cannot be set"),
        ("volume_options", {"auth.allow": "10.0.0.*"}, "cannot be set"),
        ("volume_options", {"a": "~root"}, "cannot be set"),
        ("volume_options", {"a": "!1"}, "cannot be set"),
        ("volume_options", {"a": "'b'"}, "cannot be set"),
        ("volume_options", {"a": "b c"}, "cannot be set"),
        ("volume_options", {"a": "--mode=x"}, "cannot be set"),
        ("volume_options", {"a": ""}, "a='' cannot be set"),
        ("volume_options", {"a": None}, "a=None cannot be set"),
        ("volume_options", {"a": ["b"]}, r"a=['b'] cannot be set"),
        ("volume_options", {"a": "b" * 4001}, "cannot be set"),
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
        "glustervolumeoptions": ["cluster.lookup-optimize off"],
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
            "cluster.lookup-optimize off",
            "e.f -1.5",
            "g 1:2/3,4@5%6+7=8",
            "nfs.disable on",
            "server.ssl on",
            "user.heketi.arbiter true",
        ],
    }


def test_files_do_not_vanish_while_an_expansion_is_rebalanced() -> None:
    option = "cluster.lookup-optimize"
    with pytest.raises(BadInput, match=f"{option} 'on' must be off: with it existing files vanish"):
        read_desired({**DEFAULTS, "volume_options": {option: True}})
    assert read_desired({**DEFAULTS, "volume_options": {option: False}}).request()["glustervolumeoptions"] == [
        f"{option} off"
    ]


@pytest.mark.parametrize("wrong", [1, None, {}, {"name": 1}, {"name": "v", "id": "x"}, ["v"]])
def test_known_volumes_that_are_none(wrong: t.Any) -> None:
    with pytest.raises(BadInput, match="is neither a name nor a dictionary of name, heketi_id, bricks"):
        read_known(["w", wrong])


def test_known_volumes() -> None:
    assert read_known(None) is None
    assert read_known(["v", {"name": "w", "heketi_id": "", "bricks": ["/b"]}]) == {
        "v": InGluster("v"),
        "w": InGluster("w", "", frozenset(["/b"])),
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
    # Two expansions at once, a size beyond 2^44 GiB, and minus one copy: Heketi took them all.
    odd = {"exp", "ovf1", "vol_917a6d7d07b09647c2241e92ee291735"}
    assert {volume.name for volume in volumes if volume.capacity != volume.size} == odd


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
