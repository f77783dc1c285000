# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.filter.purge_problems import FilterModule

(purge_problems,) = FilterModule().filters().values()


def problems(clusters: list[t.Any], told: dict[str, t.Any]) -> list[str]:
    """The inventory has other names than Heketi."""
    return purge_problems(clusters, {name[2:]: its for name, its in told.items()}, {n[2:]: n for n in told})


def cluster(*names: str) -> dict[str, t.Any]:
    return {"nodes": [{"manage": f"m-{name}", "storage": name.upper()} for name in names]}


def answer(*servers: str, up: t.Collection[str] | None = None, started: bool = True) -> dict[str, t.Any]:
    """One volume with a brick on each of the servers; those that are up are listed, others may be."""
    bricks = [{"server": server, "path": f"/{server}"} for server in servers]
    processes = [
        {**brick, "online": up is None or brick["server"] in up} for brick in bricks if brick["server"] != "away"
    ]
    return {"volumes": [{"name": "v", "started": started, "bricks": bricks}], "processes": {"v": processes}}


def test_bricks_that_are_down_anywhere() -> None:
    whole, two = answer("a", "b", "c"), answer("d", "e", up=["d"])
    clusters = [cluster("a", "b", "c"), cluster("d", "e")]
    assert problems(clusters, {"m-a": whole, "m-d": answer("d", "e")}) == []
    assert problems(clusters, {"m-a": whole, "m-d": two}) == [
        "Bricks are down, and what would be moved may be the last copy: bring back v on e."
    ]
    # Not of a volume that is stopped, nor on a server that shall leave.
    assert problems(clusters, {"m-a": whole, "m-d": answer("d", "e", up=[], started=False)}) == []
    assert problems([clusters[0], cluster("d")], {"m-a": whole, "m-d": two}) == []


def test_bricks_of_which_nothing_is_listed_are_down() -> None:
    (problem,) = problems([cluster("a", "away")], {"m-a": answer("a", "away"), "m-away": None})
    assert problem.endswith("bring back v on away.")


def test_a_cluster_that_nobody_tells_of() -> None:
    clusters = [cluster("a"), cluster("d", "e")]
    spoilt: list[dict[str, t.Any]] = [
        {"m-a": answer("a"), "m-d": its}
        for its in (
            None,
            {},
            "x",
            {"skipped": True},
            {"volumes": [7], "processes": {}},
            {**answer("d"), "processes": None},
            {**answer("d"), "processes": {"v": [{"server": "d"}]}},
            {"volumes": [{"name": ["v"], "started": True, "bricks": []}], "processes": {}},
        )
    ]
    for told in ({"m-a": answer("a")}, {"m-a": answer("a"), "m-d": None, "m-e": {}}, *spoilt):
        (problem,) = problems(clusters, told)
        assert problem == "Nobody can tell whether bricks are down in the cluster of m-d: none of its servers answered."
