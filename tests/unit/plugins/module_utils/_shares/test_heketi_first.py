# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Before a share of Heketi's is touched it is known that Heketi has its volume."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.filter.clean_up_problems import FilterModule as Problems
from ansible_collections.glusterops.shares.plugins.filter.place_shares import FilterModule as Place

(place,), (in_the_way,) = (one().filters().values() for one in (Place, Problems))
SERVERS = ["server-1", "server-2"]
BY_HEKETI = {"durability": "replicate-3", "spare_factor": 1.0, "infrastructure": SERVERS}
PATH = "/var/lib/heketi/mounts/vg_1/brick_1/brick"


def share(name: str, **other: t.Any) -> dict[str, t.Any]:
    return {"name": name, "size": "1G", "identities": ["tenant-a"], **other}


def told(*names: str, **other: t.Any) -> dict[str, t.Any]:
    volumes = [
        {
            "name": name,
            "share": name,
            "state": None,
            "origin": None,
            "free": False,
            "started": True,
            "heketi_id": f"id of {name}",
            "brick": PATH,
            **other,
        }
        for name in names
    ]
    return {"volumes": volumes, "snapshots": [], "differing": list(names), "limits": []}


def in_heketi(*names: str, lacking: t.Sequence[str] = ()) -> list[dict[str, t.Any]]:
    return [*({"name": name, "id": f"id of {name}"} for name in names), *({"name": name} for name in lacking)]


def test_what_heketi_does_not_have_is_left_alone() -> None:
    """It may be half made, or being deleted: it is neither listed nor started, and that Heketi makes is sealed."""
    shares, clusters = [share("made"), share("half")], {"a": told("made", "half", "other")}
    asked = place(shares, clusters, defaults=BY_HEKETI)
    assert asked["present"] == ["made", "half"]
    known = place(shares, clusters, defaults=BY_HEKETI, in_heketi=in_heketi("made", lacking=["half"]))
    assert [one["name"] for one in asked["before"]["a"]] == ["made", "half"]
    assert [one["name"] for one in known["before"]["a"]] == ["made"] == known["present"]
    # Work on it follows when Heketi has made it; of several clusters, on whichever it chose.
    assert [one["name"] for one in known["to_do"]["a"]] == ["made", "half"]
    several = place(
        shares, {**clusters, "b": told()}, defaults=BY_HEKETI, in_heketi=in_heketi("made", lacking=["half"])
    )
    assert several["clusters"] == {"made": "a", "half": None} and several["nowhere"] == ["half"]
    dry = place(shares, clusters, "heketi", None, BY_HEKETI, True, in_heketi("made", lacking=["half"]))
    assert [one["name"] for one in dry["to_do"]["a"]] == ["made"]
    assert ["seal" in volume for volume in asked["heketi"]] == [False, False]
    assert ["seal" in volume for volume in known["heketi"]] == [False, True]
    # Where Heketi was not asked because nothing comes from it.
    pooled = [share("p", provisioner="pool", pattern="pool-.*")]
    free = {**told("pool-1", share=None), "free": ["pool-1"]}
    assert place(pooled, {"a": free}, in_heketi=[])["clusters"] == {"p": "a"}


def test_a_share_that_comes_from_elsewhere_is_not_heketis() -> None:
    clusters = {"a": told("v", share="p", state="in-use", origin="pool")}
    pooled = [share("p", provisioner="pool", pattern="v")]
    assert place(pooled, clusters, defaults=BY_HEKETI, in_heketi=[])["clusters"] == {"p": "a"}


def test_tenants_are_let_in_when_there_is_a_limit() -> None:
    (volume,) = place([share("new")], {"a": told()}, defaults=BY_HEKETI)["heketi"]
    assert volume["seal"] == SERVERS


def test_heketi_is_told_what_gluster_says_of_its_volumes() -> None:
    clusters = {"a": told("made", "other"), "b": told("more", heketi_id="")}
    known = place([share("made"), share("more")], clusters, defaults=BY_HEKETI)["known_volumes"]
    assert known == [
        {"name": "made", "heketi_id": "id of made", "bricks": [PATH]},
        "other",
        {"name": "more", "heketi_id": "", "bricks": [PATH]},
    ]


def problems(volumes: list[t.Any], clusters: dict[str, t.Any], clients: dict[str, t.Any]) -> list[str]:
    """Each cluster's worker has its name."""
    workers = {cluster: cluster for cluster in clusters}
    return in_the_way(volumes, clusters, workers, {worker: {"clients": told} for worker, told in clients.items()})


def unfinished(kind: str, *names: str) -> list[dict[str, t.Any]]:
    return [{"name": names[0], "unfinished": {"kind": kind, "volumes": list(names)}}, {"name": "whole"}]


@pytest.mark.parametrize(
    ("kinds", "problem"),
    [
        ({}, []),
        ({"glustershd": 3, "quotad": 2, "bitd": 1, "scrub": 1, "snapd": 1, "rebalance": 1}, []),
        ({"glustershd": 3, "fuse": 1}, ["half is mounted by 1 client: unmount it there first."]),
        ({"gfapi": 1, "unknown": 2}, ["half is mounted by 3 clients: unmount it there first."]),
        (None, ["Nobody can tell who has half mounted: run again when its servers answer."]),
    ],
)
def test_nothing_is_cleaned_away_under_somebody(kinds: dict[str, int] | None, problem: list[str]) -> None:
    clients = {"a": {"half": kinds, "other": {"fuse": 9}}} if kinds is not None else {"a": {"other": {}}}
    for kind in ("create-volume", "delete-volume"):
        assert problems(unfinished(kind, "half"), {"a": told("half", "other")}, clients) == problem
        # All that the operation works on.
        assert problems(unfinished(kind, "mine", "half"), {"a": told("half", "other")}, clients) == problem
    # Its volume stays, nobody can be in it, or Heketi has finished.
    assert problems(unfinished("expand-volume", "half"), {"a": told("half")}, clients) == []
    assert problems(unfinished("create-volume", "half"), {"a": told("half", started=False)}, clients) == []
    assert problems([{"name": "half", "id": "i"}], {"a": told("half")}, clients) == []


def test_a_cluster_that_cannot_tell_its_clients() -> None:
    assert problems(unfinished("create-volume", "half"), {"a": told(), "b": told("half")}, {"a": {}, "b": None})
