# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._machines import looked

NOW = 1_800_000_000.0


def told(age: float = 1.0, **parts: t.Any) -> dict[str, t.Any]:
    """What a machine told so many seconds ago."""
    return {"changed": False, "looked": NOW - age, **parts}


@pytest.mark.parametrize(
    "ages, ahead, uncertainty",
    [
        # The module needed 0.2 s, the way to it 0.5 s and the way back 0.3 s.
        ((100.0, 100.5, 100.7, 101.0), 0.1, 0.4),
        ((100.0, 163.5, 163.7, 101.0), 63.1, 0.4),
        ((100.0, 90.5, 90.7, 101.0), -9.9, 0.4),
        # A clock that ran faster than ours cannot make us more than certain.
        ((100.0, 100.5, 102.5, 101.0), 1.0, 0.0),
    ],
)
def test_clocks(ages: tuple[float, float, float, float], ahead: float, uncertainty: float) -> None:
    assert looked.clock(*ages) == {"ahead": ahead, "uncertainty": uncertainty}


@pytest.mark.parametrize(
    "age, known", [(0, True), (looked.KEPT, True), (looked.KEPT + 0.001, False), (-0.001, False), (-looked.KEPT, False)]
)
def test_only_what_was_told_a_moment_ago_is_known(age: float, known: bool) -> None:
    assert ("peers" in looked.still_known(told(age, peers=[]), [], NOW)) == known


@pytest.mark.parametrize("nothing", [None, {}, {"peers": []}, {"skipped": True, "changed": False}])
def test_what_has_no_time_is_not_known(nothing: dict[str, t.Any] | None) -> None:
    assert looked.still_known(nothing, [], NOW) == {}


def test_what_is_known_keeps_its_time_and_nothing_that_was_said_of_the_task() -> None:
    of_the_task = {
        "ansible_facts": {"tls_ca_path": "/elsewhere"},
        "changed": True,
        "changes": [],
        "diff": {},
        "failed": True,
        "failed_when_result": False,
        "invocation": {},
        "msg": "no",
        "unreachable": True,
    }
    # Null is what could not be told; empty and zero were told.
    parts = {"peers": None, "limits": {}, "volumes": [], "version": "10.3"}
    assert looked.still_known(told(9, **parts, **of_the_task), [], NOW) == {
        "looked": NOW - 9,
        "limits": {},
        "volumes": [],
        "version": "10.3",
    }


A, B = {"common_name": "a"}, {"common_name": "b", "scope": "tenant", "key_type": "ed25519"}
TOLD_A = {"common_name": "a", "scope": "machine", "key_type": "ecdsa-p256", "observed": {"current": None}}
TOLD_B = {**B, "observed": {"current": None}}


@pytest.mark.parametrize(
    "wanted, known",
    [
        ([A, B], True),
        ([dict(A, scope="machine"), B], True),
        # Whoever asks for none takes what there is.
        ([], True),
        ([A], False),
        ([B, A], False),
        ([A, B, B], False),
        ([A, {"common_name": "b"}], False),
        ([{"common_name": "c"}, B], False),
    ],
)
def test_other_identities_are_asked_again(wanted: list[dict[str, t.Any]], known: bool) -> None:
    found = looked.still_known(told(identities=[TOLD_A, TOLD_B], peers=[]), wanted, NOW)
    assert ("identities" in found) == known and found["peers"] == []


@pytest.mark.parametrize("wanted, known", [([], True), (["/a"], True), (["/b", "/a"], True), (["/a", "/c"], False)])
def test_other_storage_is_asked_again(wanted: list[str], known: bool) -> None:
    found = looked.still_known(told(storage=[{"path": "/a"}, {"path": "/b"}], peers=[]), [], NOW, storage=wanted)
    assert ("storage" in found) == known and found["peers"] == []


def test_names_are_what_was_asked_for() -> None:
    observed = [{"current": None, "common_name": "glusterfs-server-1", "scope": "machine"}, {"current": 1}]
    assert looked.with_wanted([A, B], observed) == [
        {"common_name": "a", "scope": "machine", "key_type": "ecdsa-p256", "observed": observed[0]},
        {"common_name": "b", "scope": "tenant", "key_type": "ed25519", "observed": observed[1]},
    ]


@pytest.mark.parametrize("observed", [None, [], [{"current": None}], [{"current": None}] * 3])
def test_answers_to_another_question_tell_nothing(observed: list[dict[str, t.Any]] | None) -> None:
    found = looked.with_wanted([A, B], observed)
    assert [(one["common_name"], one["observed"]) for one in found] == [("a", None), ("b", None)]
    assert looked.with_wanted([], observed) == []


def test_a_comparison_is_about_what_was_declared() -> None:
    declared = {"shares": [{"name": "a", "size": "1G"}], "restart": False}
    same, other = looked.digest(declared), looked.digest({**declared, "restart": True})
    assert same and other and same != other == looked.digest({"restart": True, "shares": declared["shares"]})
    assert looked.digest({}) is None and looked.digest(None) is None
    known = told(differing=[], peers=[], **{looked.DECLARED: same})
    assert looked.still_known(known, [], NOW, same)["differing"] == []
    for digest in (other, None):
        assert not {"differing", looked.DECLARED} & set(looked.still_known(known, [], NOW, digest))


def test_names_are_text() -> None:
    """YAML makes a number of a tenant that is called so."""
    [wanted] = looked.with_wanted([{"common_name": 1001}], None)
    assert wanted["common_name"] == "1001"
    known = told(identities=[wanted])
    assert "identities" in looked.still_known(known, [{"common_name": 1001}], NOW)
