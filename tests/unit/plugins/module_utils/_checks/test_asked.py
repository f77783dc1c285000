# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.filter.check_asked import FilterModule as Asked
from ansible_collections.glusterops.shares.plugins.filter.check_parameters import FilterModule as Parameters

(asked,), (parameters,) = (one().filters().values() for one in (Asked, Parameters))
GROUPS = {"a": ["s1", "s2"], "b": ["s3"], "managers": ["m"]}
SHARES = [{"name": "x", "size": "1G", "identities": ["t"]}, {"name": "y", "identities": None}]
TRUSTED = {"matches": True, "problem": None}


def look(host: str, identity: t.Any = None) -> dict[str, t.Any]:
    return {"peers": [{"uuid": host, "hostname": "localhost"}], "identity": identity}


LOOKS: dict[str, t.Any] = {host: look(host) for host in ("s1", "s2", "s3")}


def test_the_first_server_that_answers() -> None:
    assert asked(["a", "b"], GROUPS, LOOKS) == {"a": "s1", "b": "s3"}
    assert asked(["a", "b", "c"], GROUPS, {"s2": LOOKS["s2"], "s3": {"peers": None}}) == {"a": "s2"}


@pytest.mark.parametrize(
    "others", [None, {**TRUSTED, "matches": False}, {**TRUSTED, "problem": "It has ended."}, "x", {}]
)
def test_best_one_that_bricks_trust(others: t.Any) -> None:
    looks = {host: look(host, others) for host in ("s1", "s3")}
    assert asked(["a", "b"], GROUPS, {**looks, "s2": look("s2", TRUSTED)}) == {"a": "s2", "b": "s3"}


def test_what_is_judged() -> None:
    looks = {**LOOKS, "m": {}, "host": {"msg": "gone"}}
    answers = {"s1": {"cluster": {}}, "s2": {"cluster": "other"}}
    lists = {"a": ["x"], "b": ["y"], "c": []}
    found = parameters(["a", "b", "c"], GROUPS, looks, answers, lists, ["m"], ["server-", "manager-"], SHARES)
    assert [(one["name"], one["common_name"], one["told"]) for one in found["machines"]] == [
        ("s1", "server-s1", LOOKS["s1"]),
        ("s2", "server-s2", LOOKS["s2"]),
        ("s3", "server-s3", LOOKS["s3"]),
        ("m", "manager-m", {}),
        ("host", None, {"msg": "gone"}),
    ]
    assert found["clusters"] == [
        {"name": "a", "servers": ["s1", "s2"], "asked": "s1", "told": {"cluster": {}}, "infrastructure": ["x"]},
        {"name": "b", "servers": ["s3"], "asked": "s3", "told": {}, "infrastructure": ["y"]},
        {"name": "c", "servers": [], "asked": None, "told": {}, "infrastructure": []},
    ]
    assert found["shares"] == [{"name": "x", "identities": ["t"]}, {"name": "y", "identities": []}]


def test_a_server_that_is_a_management_host_too_is_a_server() -> None:
    found = parameters(["a"], GROUPS, LOOKS, {}, {"a": []}, ["s1"], ["server-", "manager-"], [])
    assert found["machines"][0]["common_name"] == "server-s1"
