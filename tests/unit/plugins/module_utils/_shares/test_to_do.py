# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.filter.plan_removal import FilterModule as Removal
from ansible_collections.glusterops.shares.plugins.filter.shares_to_verify import FilterModule as Verify

(verify,), (plan_removal,) = (one().filters().values() for one in (Verify, Removal))
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
        "worker": "s2",
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
        "worker": "s1",
        "volume": None,
        "sealed": False,
        "known_volumes": ["other", "x"],
    }
