# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.filter.share_locations import FilterModule

(locations,) = FilterModule().filters().values()
WORKERS = {"a": "s1", "b": "s3"}
GROUPS = {"a": ["s1", "s2"], "b": ["s3"]}
OLD = {"old": {"cluster": "a", "volume": "old"}}
PLACED = {"old": "a", "new": "b", "nowhere": None}


def gave(*shares: tuple[str, str]) -> dict[str, t.Any]:
    return {"changes": [], "shares": [{"name": name, "volume": volume} for name, volume in shares]}


def where(results: dict[str, t.Any], check_mode: bool = False) -> dict[str, tuple[str, str]]:
    found = locations(OLD, WORKERS, GROUPS, {}, {}, PLACED, results, check_mode)
    return {name: (its["cluster"], its["volume"]) for name, its in found.items()}


def test_what_a_run_has_made_is_where_it_made_it() -> None:
    results = {"s1": gave(("old", "old")), "s3": gave(("new", "pool-1"))}
    assert where(results) == {"old": ("a", "old"), "new": ("b", "pool-1")}
    assert where({}) == {"old": ("a", "old")}


def test_a_dry_run_tells_what_would_be_taken_from_a_pool() -> None:
    change = {"subject": "new", "before": None}
    result = {
        "changes": [{**change, "what": "volume", "after": "pool-1"}, {**change, "what": "size", "after": "2G"}],
        "shares": [],
    }
    assert where({"s3": result}, True) == {"old": ("a", "old"), "new": ("b", "pool-1")}
    assert where({"s3": result}) == {"old": ("a", "old")}
    # What a share gives up is nowhere.
    result["changes"][0]["after"] = None
    assert where({"s3": result}, True) == {"old": ("a", "old")}


def test_a_server_has_no_share_of_another_cluster() -> None:
    """Or whoever mounts that would mount its volume instead."""
    results = {"s3": gave(("old", "mine"), ("nowhere", "mine"), ("unknown", "mine"))}
    assert where(results) == {"old": ("a", "old")}


@pytest.mark.parametrize(
    "spoilt",
    [
        None,
        "x",
        [],
        {},
        {"skipped": True},
        {"shares": 7},
        {"shares": [7]},
        {"shares": [{"name": "new", "volume": ["x"]}]},
        {"shares": [{"name": {}, "volume": "x"}]},
        {"changes": {"x": 1}, "shares": []},
    ],
)
def test_an_answer_that_cannot_be_understood(spoilt: t.Any) -> None:
    results = {"s1": gave(("old", "other")), "s3": spoilt}
    assert where(results, True) == {"old": ("a", "other")}


def test_from_which_servers_it_is_mounted() -> None:
    shares = {"x": {"cluster": "a", "volume": "v", "origin": "pool"}}
    looks = {
        "s1": {"peers": [{"uuid": "1", "hostname": "localhost"}, {"uuid": "2", "hostname": "s2.example"}]},
        "s3": {"peers": "spoilt"},
    }
    addresses = {"s1": "10.0.0.1", "s2": "", "s3": ""}
    assert locations(shares, {"a": "s1"}, GROUPS, looks, addresses) == {
        "x": {"cluster": "a", "volume": "v", "servers": ["s1", "s2"], "known_as": []}
    }
    # A volume of the same name may be on the other cluster.
    shares["y"] = {"cluster": "b", "volume": "v"}
    found = locations(shares, WORKERS, GROUPS, looks, addresses)
    assert found["x"]["known_as"] == ["s1", "s2", "10.0.0.1", "s2.example"] and found["y"]["known_as"] == ["s3"]
    # Whose pool the inventory declares is found by the address that all others in it use.
    declared = {"s2": {"address": "10.0.0.2"}}
    assert locations(shares, WORKERS, GROUPS, looks, addresses, declared=declared)["x"]["servers"] == ["s1", "10.0.0.2"]


def test_a_dry_run_tells_what_would_be_made_of_bricks() -> None:
    changes = [{"subject": "new", "what": "bricks", "before": None, "after": ["s3:/srv/brick_new_1/brick"]}]
    assert where({"s3": {"changes": changes, "shares": []}}, True)["new"] == ("b", "new")
    assert "new" not in where({"s3": {"changes": changes, "shares": []}})
