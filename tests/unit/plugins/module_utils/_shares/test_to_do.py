# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.filter.place_shares import FilterModule as Place
from ansible_collections.glusterops.shares.plugins.filter.plan_removal import FilterModule as Removal
from ansible_collections.glusterops.shares.plugins.filter.shares_to_verify import FilterModule as Verify

(verify,), (plan_removal,), (place_shares,) = (one().filters().values() for one in (Verify, Removal, Place))
LAYOUT = {"bricks": ["s1:/srv/brick_x_1/brick"], "replica": 1, "arbiter": 0, "disperse": 0, "redundancy": 0}
MADE_OF = {**LAYOUT, "unfinished": False}
PLACED = {"made": "a", "grown": "a", "taken": "a", "there": "b", "nowhere": None}


def change(subject: str, what: str, before: t.Any = None, after: t.Any = None) -> dict[str, t.Any]:
    return {"subject": subject, "what": what, "before": before, "after": after}


def volume(name: str, changed: bool = False, bricks: int = 3) -> dict[str, t.Any]:
    return {"name": name, "changed": changed, "bricks": [{}] * bricks}


def test_what_is_new_or_grown_is_proven() -> None:
    volumes = [volume("made", True), volume("grown", True, 6), volume("there", True), volume("same")]
    made = {"changes": [change("grown", "size", "1G", "2G"), change("made", "size", None, "1G")]}
    result = {"changes": [change("taken", "volume", None, "pool-1")]}
    assert verify("a", PLACED, result, made, volumes) == [
        {"name": "taken", "grown": False},
        {"name": "made", "grown": False, "bricks": 3},
        {"name": "grown", "grown": True, "bricks": 6},
    ]
    assert verify("b", PLACED, result, made, volumes) == [{"name": "there", "grown": False, "bricks": 3}]
    assert verify("", PLACED, result, made, volumes) == []


@pytest.mark.parametrize(
    "what, proven", [("features.quota", True), ("size", True), ("state", True), ("volume", True), ("identities", False)]
)
def test_a_run_that_was_interrupted_may_have_left_it_unproven(what: str, proven: bool) -> None:
    found = verify("a", PLACED, {"changes": [change("made", what)]}, {}, [volume("made", bricks=2)])
    assert found == ([{"name": "made", "grown": False, "bricks": 2}] if proven else [])


@pytest.mark.parametrize(
    "spoilt",
    [None, "x", [], {}, *({"changes": changes} for changes in (7, "x", [7], [{}], [change(t.cast(str, []), "size")]))],
)
def test_an_answer_that_cannot_be_understood_changes_nothing_of_heketis(spoilt: t.Any) -> None:
    assert verify("a", PLACED, spoilt, {}, [volume("made", True)]) == [{"name": "made", "grown": False, "bricks": 3}]


WORKERS = {"a": "s1", "b": "s2"}
TOLD: dict[str, t.Any] = {
    "a": {"volumes": [{"name": "other", "heketi_id": "o", "brick": "/o"}]},
    "b": {"volumes": [{"name": "x", "heketi_id": "i", "brick": "/b"}]},
}


def found(origin: str | None) -> dict[str, t.Any]:
    return {"x": {"cluster": "b", "volume": "x", "sealed": True, "origin": origin}}


@pytest.mark.parametrize(
    "origin, heketi, by_heketi",
    [
        (None, True, True),
        ("adopted", True, True),
        ("pool", True, False),
        ("snapshot:s", True, False),
        (None, False, False),
        ("pool", False, False),
    ],
)
def test_who_removes_a_share(origin: str | None, heketi: bool, by_heketi: bool) -> None:
    """Heketi deletes by name, so it has to know what else there is."""
    known = ["other", {"name": "x", "heketi_id": "i", "bricks": ["/b"]}]
    assert plan_removal("x", found(origin), WORKERS, TOLD, heketi) == {
        "problem": "",
        "by_heketi": by_heketi,
        "made": False,
        "worker": "s2",
        "cluster": "b",
        "volume": "x",
        "sealed": True,
        "known_volumes": known if by_heketi else [],
    }


@pytest.mark.parametrize("origin, heketi", [(None, True), ("adopted", True), ("pool", True), (None, False)])
def test_another_volume_is_none_of_heketis(origin: str | None, heketi: bool) -> None:
    """A server may say so; and the volume of the share's name would be deleted, or another one seem to be left."""
    shares = {"x": {**found(origin)["x"], "volume": "other"}}
    said = "s2 tells that share 'x' is in the volume 'other', and Heketi would delete the one"
    problem = plan_removal("x", shares, WORKERS, TOLD, heketi)["problem"]
    assert problem.startswith(said) if heketi and origin != "pool" else problem == ""


def test_a_share_that_gluster_does_not_have() -> None:
    """Heketi may still have it."""
    assert plan_removal("gone", {}, WORKERS, TOLD, True) == {
        "problem": "",
        "by_heketi": True,
        "made": False,
        "worker": "s1",
        "cluster": None,
        "volume": None,
        "sealed": False,
        "known_volumes": ["other", "x"],
    }


@pytest.mark.parametrize("origin", [None, "made", "adopted"])
def test_what_was_made_of_bricks_is_none_of_heketis(origin: str | None) -> None:
    """Not even where it was not marked yet when a run was killed."""
    shares = {"x": {**found(origin)["x"], "made_of": MADE_OF}}
    removal = plan_removal("x", shares, WORKERS, TOLD, True)
    assert (removal["by_heketi"], removal["made"], removal["known_volumes"]) == (False, True, [])


def test_what_may_have_to_be_laid_out() -> None:
    """What is new, and what differs: it may have to grow. Bricks on other servers come after the access list."""
    volumes = [
        {"name": name, "share": name, "state": "in-use", "origin": "made", "free": False, "made_of": MADE_OF}
        for name in ("same", "grown")
    ]
    clusters = {"a": {"volumes": volumes, "differing": [], "limits": [{"same": 1 << 30, "grown": 1 << 30}]}}
    shares = [
        {"name": "same", "size": "1G"},
        {"name": "grown", "size": "2G", "sets": 2, "tags": ["ssd"]},
        {"name": "new", "size": "3G", "durability": "none", "spare_factor": 1.5},
    ]
    defaults = {"durability": "replicate-3", "spare_factor": 1.0, "sets": 1, "infrastructure": []}
    placed = place_shares(shares, clusters, "servers", "", defaults)
    assert placed["problem"] == ""
    assert placed["servers"] == [
        {
            **{"name": "grown", "cluster": "a", "volume": "grown", "size": "2097152K"},
            **{"durability": None, "sets": 2, "tags": ["ssd"]},
        },
        {
            **{"name": "new", "cluster": "a", "volume": None, "size": "4718592K"},
            **{"durability": "none", "sets": 1, "tags": None},
        },
    ]
    assert [one["name"] for one in placed["before"]["a"]] == ["same", "grown"]
    assert placed["heketi"] == placed["nowhere"] == []
    assert placed["growing"] == {}
    laid = {"clusters": {}, "layouts": {"new": LAYOUT}, "grown": {"grown": LAYOUT}}
    placed = place_shares(shares, clusters, "servers", "", defaults, laid=laid)
    assert placed["growing"] == {"a": [{"name": "grown", **LAYOUT}]}
    assert [one.get("layout") for one in placed["to_do"]["a"]] == [None, None, LAYOUT]


def test_what_was_left_halfway_is_gone_on_with() -> None:
    """Bricks were given to it, and its size is as declared already: nothing else shows it."""
    made_of = {**LAYOUT, "unfinished": True}
    volume = {"name": "x", "share": "x", "state": "in-use", "origin": "made", "free": False, "made_of": made_of}
    clusters = {"a": {"volumes": [volume], "differing": [], "limits": [{"x": 1 << 30}]}}
    placed = place_shares([{"name": "x", "size": "1G"}], clusters, "servers")
    assert placed["growing"] == {"a": [{"name": "x", **LAYOUT}]}
    assert [one["name"] for one in placed["servers"]] == ["x"] and placed["to_do"] == {}
