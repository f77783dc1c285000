# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.filter.by_host import FilterModule as ByHost
from ansible_collections.glusterops.shares.plugins.module_utils._machines import told

(by_host,) = ByHost().filters().values()
SELF, OTHER = {"uuid": "1", "hostname": "localhost"}, {"uuid": "2", "hostname": "s2"}


def test_a_pool() -> None:
    assert told.pool({"peers": [OTHER, SELF]}) == told.Pool("1", {"2": "s2", "1": "localhost"})


@pytest.mark.parametrize(
    "spoilt",
    [
        None,
        {},
        "x",
        *(
            {"peers": peers}
            for peers in (
                None,
                7,
                [],
                "x",
                {"1": SELF},
                [7],
                [OTHER],
                [SELF, {**OTHER, "hostname": "localhost"}],
                [SELF, {"uuid": "2"}],
                [SELF, {"uuid": ["2"], "hostname": "s2"}],
                [SELF, {"uuid": "2", "hostname": None}],
            )
        ),
    ],
)
def test_no_pool(spoilt: t.Any) -> None:
    assert told.pool(spoilt) is None and told.pools({"s1": spoilt}) == {}


@pytest.mark.parametrize(
    "answer, why",
    [
        ({"msg": " No Python. "}, "No Python"),
        ({"problems": {"peers": "is glusterd running?"}}, "is glusterd running"),
        *((spoilt, "it told nothing") for spoilt in (None, {}, [], {"msg": 7}, {"problems": "x"}, {"problems": [1]})),
    ],
)
def test_why_it_told_nothing(answer: t.Any, why: str) -> None:
    assert told.why_not(answer, "peers") == why


@pytest.mark.parametrize("spoilt", [None, 7, {"identity": "x"}, {"identity": {"common_name": ["x"]}}])
def test_no_identity(spoilt: t.Any) -> None:
    assert told.common_name(spoilt) is None
    assert told.common_name({"identity": {"common_name": "x"}}) == "x"


def test_servers_under_two_names() -> None:
    looks = {"a": {"peers": [SELF]}, "b": {"peers": [{**SELF, "uuid": "2"}]}, "c": {"peers": [SELF]}, "d": {}}
    assert told.twice(looks) == ["a", "c"]


def test_a_variable_of_many_hosts() -> None:
    hostvars = {"a": {"x": 1}, "b": {}, "c": {"x": None}}
    assert by_host(["a", "b", "c"], hostvars, "x") == {"a": 1, "b": {}, "c": None}
    assert by_host(["b", "a"], hostvars, "x", "") == {"b": "", "a": 1}
