# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.filter.choose_workers import FilterModule as Workers
from ansible_collections.glusterops.shares.plugins.filter.infrastructures import FilterModule as Infrastructures
from ansible_collections.glusterops.shares.plugins.filter.listed_servers import FilterModule as Listed
from ansible_collections.glusterops.shares.plugins.filter.read_clusters import FilterModule as Read
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    Unreachable,
)
from ansible_collections.glusterops.shares.plugins.module_utils._shares.servers import workers

(choose,), (infrastructures,), (listed,), (read,) = (
    one().filters().values() for one in (Workers, Infrastructures, Listed, Read)
)
GROUPS = {"a": ["s1", "s2", "s3"], "b": ["s4", "s5"], "all": ["s1", "s2", "s3", "s4", "s5"]}
# What no module returns.
SPOILT: list[t.Any] = [None, 7, "x", [], ["x"], [7], [{}], [{"uuid": ["x"], "hostname": 7}], {"x": {}}]


def pool_of(*members: str, asked: str) -> list[dict[str, str]]:
    return [{"uuid": f"u-{host}", "hostname": "localhost" if host == asked else host} for host in members]


def answers(*pools: tuple[str, ...]) -> dict[str, dict[str, t.Any]]:
    return {host: {"peers": pool_of(*members, asked=host)} for members in pools for host in members}


A, B = ("s1", "s2", "s3"), ("s4", "s5")


def test_the_first_server_that_answers_works() -> None:
    looks = answers(A, B)
    assert workers(["a", "b"], GROUPS, looks) == {"a": "s1", "b": "s4"}
    assert workers(["all"], GROUPS, answers((*A, *B))) == {"all": "s1"}
    del looks["s1"], looks["s4"]
    assert workers(["a", "b"], GROUPS, looks) == {"a": "s2", "b": "s5"}


@pytest.mark.parametrize(
    "clusters, looks, error, message",
    [
        (["a", "b"], answers(A), Unreachable, "No server of b answers"),
        (["a", "c"], answers(A), Unreachable, "No server of c answers"),
        ([], answers(A), Unreachable, "No server of any cluster answers"),
        (["a", "a"], answers(A), BadInput, "cluster 'a' stands more than once"),
        (["a"], answers(A, B), BadInput, "s4 is in none of the groups a: put it"),
        (["a", "all"], answers((*A, *B)), BadInput, "s1 is in a and all of the groups"),
        (["a", "b"], answers((*A, *B)), Conflict, "The groups a and b are one cluster: s1 and s4 are in one pool"),
        (["all"], answers(A, B), Conflict, "s1 would do the work, and s4, s5 are in another pool"),
        (["a"], answers(("s1",), ("s2", "s3")), Conflict, "s1 would do the work, and s2, s3 are in another pool"),
        (["a"], answers(("s1",), ("s2",)), Conflict, "s1 would do the work, and s2 are in another pool"),
    ],
)
def test_groups_that_are_no_clusters(
    clusters: list[str], looks: dict[str, t.Any], error: type[GlusterOpsError], message: str
) -> None:
    with pytest.raises(error, match=message):
        workers(clusters, GROUPS, looks)


def test_servers_that_are_going_to_join() -> None:
    assert workers(["a"], GROUPS, answers(("s1", "s2"), ("s3",))) == {"a": "s1"}
    assert workers(["a"], GROUPS, answers(("s1",), ("s2", "s3")), joining=True) == {"a": "s1"}


def test_the_filter_tells_problems() -> None:
    """A role shows them as they are, without the words in which Ansible wraps a filter's exception."""
    assert choose(["a"], GROUPS, answers(A)) == {
        "problem": "",
        "workers": {"a": "s1"},
        "silent": {},
        "without_crls": ["s1", "s2", "s3"],
    }
    assert choose(["a"], GROUPS, {})["workers"] == {}


def test_who_can_do_what_does_not_depend_on_a_problem() -> None:
    """An identity is denied on the clusters that answer."""
    told = choose(["b", "a"], GROUPS, answers(("s2", "s3")))
    assert "No server of b answers" in told["problem"] and told["workers"] == {"a": "s2"}
    told = choose(["a", "b"], GROUPS, answers((*A, *B)))
    assert "are one cluster" in told["problem"] and told["workers"] == {"a": "s1", "b": "s4"}


@pytest.mark.parametrize("spoilt", [{"peers": peers} for peers in SPOILT] + SPOILT)
def test_a_server_that_tells_what_cannot_be_understood_is_as_one_that_tells_nothing(spoilt: t.Any) -> None:
    told = choose(["a", "b"], GROUPS, {**answers(A, B), "s1": spoilt})
    assert (told["problem"], told["workers"]) == ("", {"a": "s2", "b": "s4"})
    assert told["silent"] == {"s1": "it told nothing"}


def test_why_a_server_is_silent() -> None:
    looks = {
        **answers(A),
        "s1": {"unreachable": True, "msg": "Connection refused.\n"},
        "s2": {"peers": None, "problems": {"peers": "glusterd does not answer: is it running?"}},
    }
    assert choose(["a"], GROUPS, looks)["silent"] == {
        "s1": "Connection refused",
        "s2": "glusterd does not answer: is it running",
    }


@pytest.mark.parametrize(
    "identity, lacks",
    [
        ({"crls": [{"issuer": "ca"}], "lacks_crl": []}, False),
        ({"crls": [{"issuer": "ca"}], "lacks_crl": ["other"]}, True),
        ({"crls": [], "lacks_crl": []}, True),
        ({"crls": [{"issuer": "ca"}]}, True),
        *((spoilt, True) for spoilt in SPOILT),
    ],
)
def test_servers_without_crls(identity: t.Any, lacks: bool) -> None:
    """One that could not be reached has no brick that anybody can reach."""
    looks = {**answers(A), "s1": {"peers": [], "identity": identity}, "s2": {"unreachable": True}, "s3": {}}
    assert choose(["a"], GROUPS, looks)["without_crls"] == ([*(["s1"] if lacks else []), "s3"])


def test_who_is_on_every_list() -> None:
    groups = {"a": ["s1"], "b": ["s2"], "managers": ["m"]}
    assert infrastructures(["a", "b", "c"], groups, "managers", "server-", "manager-") == {
        "a": ["server-s1", "manager-m"],
        "b": ["server-s2", "manager-m"],
        "c": ["manager-m"],
    }
    assert infrastructures(["a"], {"a": ["s1"]}, "managers", "", "manager-") == {"a": ["s1"]}


def shown(looks: dict[str, dict[str, t.Any]], **names: t.Any) -> dict[str, dict[str, t.Any]]:
    """Each server with the identity of its name, or another."""
    return {
        host: {**its, "identity": {"common_name": names.get(host, f"server-{host}")}} for host, its in looks.items()
    }


LISTS = {"a": ["server-s1", "server-s2", "server-s3"], "b": ["server-s*"]}


def test_the_servers_that_every_list_lets_in() -> None:
    found = listed(LISTS, GROUPS, shown(answers(A, B)), {"s1": "10.0.0.1", "s2": ""})
    assert found["identities"] == {f"u-{host}": f"server-{host}" for host in (*A, *B)}
    assert found["names"] == [*A, *B, "10.0.0.1"]
    # By whatever name the others know it.
    looks = shown(answers(A))
    looks["s1"]["peers"][1]["hostname"] = "s2.example"
    assert listed(LISTS, GROUPS, looks, {})["names"] == [*A, "s2.example"]


@pytest.mark.parametrize("name", ["server-s9", "xserver-s2", "server-s2x", "server-s2\n", "", *SPOILT])
def test_a_server_that_is_on_no_list(name: t.Any) -> None:
    looks = shown(answers(A), s2=name)
    found = listed(LISTS, GROUPS, looks, {})
    assert found == {"identities": {"u-s1": "server-s1", "u-s3": "server-s3"}, "names": ["s1", "s3"]}
    # A dry run cannot see the identity that it would be given.
    assert listed(LISTS, GROUPS, looks, {}, joining=True)["names"] == [*A]
    assert listed({**LISTS, "a": []}, GROUPS, looks, {})["names"] == []


VOLUME = {
    "name": "v",
    "share": "v",
    "state": None,
    "origin": None,
    "free": False,
    "started": True,
    "sealed": True,
    "heketi_id": "",
    "brick": "/b",
}


def test_what_a_cluster_told() -> None:
    looks = {**answers(A, B), "s2": {}}
    looks["s1"]["limits"] = {"v": 7, "w": None}
    reads = {"s1": {"holdings": [VOLUME], "snapshots": [{"name": "monday"}], "differing": ["v"], "free": ["w"]}}
    assert read({"a": "s1", "b": "s4"}, GROUPS, reads, looks) == {
        "a": {
            "volumes": [VOLUME],
            "snapshots": ["monday"],
            "differing": ["v"],
            "free": ["w"],
            # Of the two servers that answered one knows.
            "limits": [{"v": 7, "w": None}, None],
        },
        "b": {},
    }
    few = read({"a": "s1"}, GROUPS, {"s1": {"holdings": []}}, looks)["a"]
    assert (few["volumes"], few["snapshots"], few["differing"], few["free"]) == ([], [], None, [])


@pytest.mark.parametrize("silent", [None, {}, {"skipped": True}, {"holdings": None, "msg": "gone"}, {"msg": "gone"}])
def test_a_cluster_that_could_not_tell_told_nothing(silent: t.Any) -> None:
    assert read({"a": "s1"}, GROUPS, {"s1": silent}, answers(A)) == {"a": {}}
