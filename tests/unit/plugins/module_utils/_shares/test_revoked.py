# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.filter.revoke_left import FilterModule as Left
from ansible_collections.glusterops.shares.plugins.filter.revoke_outcome import FilterModule as Outcome

(outcome,), (left,) = (one().filters().values() for one in (Outcome, Left))

GROUPS = {"a": ["s1", "s2"], "b": ["s3"]}
CHOSEN: dict[str, t.Any] = {"problem": "", "workers": {"a": "s1", "b": "s3"}}
LOOKS: dict[str, t.Any] = {host: {"peers": [{"uuid": host, "hostname": "localhost"}]} for host in ("s1", "s2", "s3")}
SAID: dict[str, t.Any] = {"s1": {"shares": [], "cut": []}, "s3": {"shares": [], "cut": []}}


def test_all_was_done() -> None:
    assert outcome(["a", "b"], GROUPS, LOOKS, CHOSEN, SAID) == {"refused": [], "problems": []}


@pytest.mark.parametrize(
    "look, why",
    [
        ({"unreachable": True, "msg": "Connection refused."}, "Connection refused"),
        ({"peers": None, "problems": {"peers": "glusterd does not answer: is it running?"}}, "is it running"),
        ({"failed": True, "msg": "No Python"}, "No Python"),
        (None, "it is not in this run"),
    ],
)
def test_a_server_that_was_not_reached_is_named(look: t.Any, why: str) -> None:
    """Although another one of its cluster did the work."""
    looks = {host: its for host, its in {**LOOKS, "s2": look}.items() if its is not None}
    [problem] = outcome(["a", "b"], GROUPS, looks, CHOSEN, SAID)["problems"]
    assert problem.startswith("s2 was not reached, so nobody knows whom") and problem.endswith(f"{why}.")


def test_a_cluster_that_does_not_answer() -> None:
    """The other one's identity is denied, and what is wrong is told besides."""
    chosen = {"problem": "No server of b answers.", "workers": {"a": "s1"}}
    told = outcome(["a", "b"], GROUPS, {**LOOKS, "s3": {"unreachable": True}}, chosen, SAID)
    assert told["problems"] == [
        "s3 was not reached, so nobody knows whom its bricks let in: it told nothing.",
        "No server of b answers.",
    ]


def test_what_could_not_be_done_is_told_with_its_cluster() -> None:
    said = {**SAID, "s3": {"msg": "x may get in all the same", "error": "conflict", "shares": []}}
    assert outcome(["a", "b"], GROUPS, LOOKS, CHOSEN, said)["problems"] == ["b: x may get in all the same."]
    gone = {**SAID, "s1": {"unreachable": True, "msg": "Connection reset."}}
    assert outcome(["a", "b"], GROUPS, LOOKS, CHOSEN, gone)["problems"] == ["a: Connection reset."]
    assert outcome(["a", "b"], GROUPS, LOOKS, CHOSEN, {"s1": SAID["s1"]})["problems"] == [
        "b: s3 was to deny them, and said nothing."
    ]


def test_who_must_not_be_revoked() -> None:
    """That is no problem of one cluster, and ends the run before the CA is told."""
    bad = {"msg": "s1 is infrastructure.", "error": "bad_input"}
    assert outcome(["a", "b"], GROUPS, LOOKS, CHOSEN, {"s1": bad, "s3": bad}) == {
        "refused": ["s1 is infrastructure."],
        "problems": [],
    }


@pytest.mark.parametrize("identities", [["x"], ["y", "x"], "y, x"])
def test_who_would_let_it_in_again(identities: t.Any) -> None:
    shares = [{"name": "one", "identities": identities}, {"name": "two", "identities": ["z"]}, {"name": "three"}]
    told = left(["x"], shares, ["s3 was not reached."])
    assert told == [
        "one in shares_list still names it, so the next run would let it in again: take it out there.",
        "s3 was not reached.",
        "Run this again then.",
    ]
    assert left(["x"], [*shares[1:], {"name": "four", "identities": None}], []) == []
