# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.filter.locate_shares import FilterModule as Locate
from ansible_collections.glusterops.shares.plugins.filter.place_shares import FilterModule as Place
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    NotFound,
    Refused,
    Unreachable,
)
from ansible_collections.glusterops.shares.plugins.module_utils._shares.placement import locate, place

PATTERN = "pool-#{size}G-[0-9]+"


def volume(name: str, share: str | None = "", **others: t.Any) -> dict[str, t.Any]:
    """As a server tells it; without more a volume that nobody marked."""
    found = {"name": name, "share": name if share == "" else share, "state": None, "origin": None, "free": share != ""}
    return {**found, **({"state": "in-use", "origin": "pool", "free": False} if share else {"free": True}), **others}


def cluster(*volumes: dict[str, t.Any], snapshots: t.Sequence[str] = ()) -> dict[str, t.Any]:
    free = [volume["name"] for volume in volumes if volume["free"]]
    return {"volumes": list(volumes), "snapshots": list(snapshots), "free": free}


def share(name: str, **others: t.Any) -> dict[str, t.Any]:
    return {"name": name, "size": "1G", **others}


def clusters_of(shares: list[dict[str, t.Any]]) -> dict[str, str | None]:
    return {one["name"]: one["cluster"] for one in shares}


def test_each_share_gets_what_its_provisioner_needs() -> None:
    told = {"a": cluster(volume("old"), volume("pool-2G-1"), snapshots=["monday"])}
    placed = place(
        [
            share("old", identities=["t1"], durability="replicate-2", mounts=[], pattern=None),
            share("new", volume_options={"performance.quick-read": True}),
            share("pooled", provisioner="pool", pattern=PATTERN, identities="t1, t2"),
            share("cloned", provisioner="snapshot", from_snapshot="monday", cluster="a"),
        ],
        told,
    )
    assert [(one["name"], one["provisioner"], one["cluster"], one["volume"]) for one in placed] == [
        ("old", "heketi", "a", "old"),
        ("new", "heketi", "a", None),
        ("pooled", "pool", "a", None),
        ("cloned", "snapshot", "a", None),
    ]
    assert [one["share"] for one in placed] == [
        {"name": "old", "identities": ["t1"], "size": "1G", "volume_options": {}},
        {"name": "new", "identities": [], "size": "1G", "volume_options": {"performance.quick-read": True}},
        {"name": "pooled", "identities": ["t1", "t2"], "size": "1G", "volume_options": {}, "pattern": PATTERN},
        {"name": "cloned", "identities": [], "size": "1G", "volume_options": {}, "from_snapshot": "monday"},
    ]


def test_defaults_of_the_whole_list() -> None:
    told = {"a": cluster(volume("pool-2G-1"), volume("x-1"))}
    first, second = place([share("one"), share("two", pattern="x-.*")], told, "pool", PATTERN)
    assert (first["provisioner"], first["share"]["pattern"]) == ("pool", PATTERN)
    assert second["share"]["pattern"] == "x-.*"
    assert place([], told) == []


def test_shares_are_spread_and_stay() -> None:
    told = {
        "a": cluster(volume("pool-2G-1"), volume("pool-2G-2", "here")),
        "b": cluster(volume("pool-2G-1"), volume("pool-2G-2"), volume("pool-2G-3")),
    }
    names = ["here", "one", "two", "three", "four"]
    placed = place([share(name, provisioner="pool", pattern=PATTERN) for name in names], told)
    assert clusters_of(placed) == {"here": "a", "one": "b", "two": "b", "three": "a", "four": "b"}
    assert placed[0]["volume"] == "pool-2G-2"
    assert clusters_of(place([share("one", provisioner="pool", pattern=PATTERN, cluster="a")], told)) == {"one": "a"}


def test_heketi_chooses_the_cluster_where_there_are_several() -> None:
    told = {"a": cluster(volume("x")), "b": cluster()}
    assert clusters_of(place([share("x"), share("y")], told)) == {"x": "a", "y": None}


@pytest.mark.parametrize(
    "entry, message",
    [
        ("x", "share 'x' is not a dictionary"),
        ({"size": "1G"}, "share None is not a volume name"),
        (share("a b"), "share 'a b' is not a volume name"),
        ({"name": "x"}, "x: size is missing"),
        (share("x", size="lots"), "x: size 'lots' is not a size"),
        (share("x", identities=["a b"]), "x: identity 'a b' is not a valid name"),
        (share("x", identities=["a", "a"]), "x: identity 'a' stands more than once"),
        (share("x", volume_options={"a b": 1}), "x: volume_options: 'a b' is not an option's name"),
        (share("x", volume_options={"auth.ssl-allow": "me"}), "x: volume_options may not have auth.ssl-allow"),
        (share("x", provisioner="nfs"), "x: provisioner 'nfs' is none of heketi, pool, servers, snapshot"),
        (share("x", provisioner="pool"), "x: pattern is missing"),
        (share("x", provisioner="pool", pattern="("), "x: pattern '\\(' is not a regular expression"),
        (share("x", provisioner="pool", pattern="#{size}#{size}"), "x: pattern .* has #{size} 2 times"),
        (share("x", provisioner="snapshot"), "x: from_snapshot is missing"),
        (share("x", provisioner="snapshot", from_snapshot="a b"), "x: from_snapshot 'a b'"),
        (
            share("x", pattern="x"),
            "x: pattern only goes with provisioner: pool, and this share has provisioner: heketi",
        ),
        (share("x", from_snapshot="s"), "x: from_snapshot only goes with provisioner: snapshot"),
        (share("x", cluster="a"), "x: cluster only goes with provisioner: pool or servers or snapshot"),
        (share("x", provisioner="pool", pattern="x", from_snapshot="s"), "from_snapshot only goes with .*: snapshot"),
        (share("x", provisioner="snapshot", from_snapshot="s", pattern="x"), "pattern only goes with .*: pool"),
        (share("x", typo=1), "x: typo is no option of a share"),
        *(
            (share("x", provisioner="pool", pattern="x", **{key: 1}), f"x: {key} only goes with provisioner: heketi")
            for key in ("clone_of", "clusters", "durability", "gid", "snapshot_factor", "spare_factor")
        ),
    ],
)
def test_bad_entries(entry: t.Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        place([entry], {"a": cluster()})


def test_the_whole_list_is_judged_at_once() -> None:
    with pytest.raises(Refused, match="2 shares cannot be placed, so nothing was changed: x: pattern .* y: size"):
        place([share("x", provisioner="pool"), {"name": "y"}, share("z")], {"a": cluster()})
    with pytest.raises(BadInput, match="share 'x' stands more than once"):
        place([share("x"), share("x")], {"a": cluster()})


@pytest.mark.parametrize(
    "entry, found, message",
    [
        (share("x"), volume("v", "x"), "provisioner: heketi, and its volume 'v' is of a pool: say provisioner: pool"),
        (share("x"), volume("x", "x", origin="snapshot:s"), "is a clone of a snapshot: say provisioner: snapshot"),
        (
            share("x", provisioner="pool", pattern="x"),
            volume("x"),
            "is neither of a pool nor cloned, nor made on servers",
        ),
        (share("x", provisioner="servers"), volume("x"), "is neither of a pool nor cloned, nor made on servers"),
        (
            share("x"),
            volume("x", made_of={"unfinished": False}),
            "is made on the servers' storage: say provisioner: servers",
        ),
        (share("x"), volume("x", "x", origin="made"), "is made on the servers' storage: say provisioner: servers"),
        (share("x", provisioner="pool", pattern="x"), volume("x", "x", origin="snapshot:s"), "a clone of a snapshot"),
    ],
)
def test_a_share_keeps_its_origin(entry: t.Any, found: t.Any, message: str) -> None:
    with pytest.raises(Conflict, match=message):
        place([entry], {"a": cluster(found)})


def test_what_is_made_on_servers_storage() -> None:
    """It is recognised by its bricks where a run was killed before it was marked. Who lays new ones out finds room."""
    layout = {"bricks": ["s1:/srv/brick_x_1/brick"], "unfinished": False}
    told = {"a": cluster(volume("x", made_of=layout)), "b": cluster()}
    asked = [share(name, provisioner="servers", durability="none", sets=2, tags=["ssd"]) for name in ("x", "y")]
    asked.append(share("z", provisioner="servers", cluster="a"))
    assert clusters_of(place(asked, told)) == {"x": "a", "y": None, "z": "a"}
    laid = {"clusters": {"x": "a", "y": "b", "z": "a"}, "layouts": {"y": layout}}
    placed = place(asked, told, laid=laid)
    assert clusters_of(placed) == {"x": "a", "y": "b", "z": "a"}
    assert [one["share"].get("layout") for one in placed] == [None, layout, None]


def test_a_clone_that_was_not_marked_yet() -> None:
    entry = share("x", provisioner="snapshot", from_snapshot="s")
    assert clusters_of(place([entry], {"a": cluster(volume("x"), snapshots=["s"]), "b": cluster()})) == {"x": "a"}


def test_a_cluster_that_told_nothing() -> None:
    with pytest.raises(Unreachable, match="b could not tell what is there"):
        place([share("x")], {"a": cluster(), "b": None})
    with pytest.raises(Unreachable, match="a could not tell"):
        locate(["x"], {"a": {}})


def test_where_shares_are() -> None:
    told = {
        "a": cluster(volume("v1", "x"), volume("v2", None), volume("v3", "y", state="preparing"), volume("v4", "y")),
        "c": cluster(volume("v5", "twice"), volume("v6", "twice")),
        "b": cluster(volume("v1"), volume("v2", "z", state="releasing")),
    }
    found = locate(["x", "y", "z", "missing"], told)
    assert {name: (its["cluster"], its["volume"]) for name, its in found.items()} == {
        "x": ("a", "v1"),
        "y": ("a", "v4"),
        "z": ("b", "v2"),
    }
    # Of two that really hold it nobody knows which is meant.
    with pytest.raises(Conflict, match="'v5' and 'v6' both hold share 'twice'"):
        locate(["twice"], told)
    with pytest.raises(Conflict, match="'v5' and 'v6' both hold share 'twice'"):
        place([share("twice", provisioner="pool", pattern=PATTERN)], told)
    told["b"]["volumes"].append(volume("x"))
    with pytest.raises(Conflict, match="Share 'x' is on clusters a and b"):
        locate(["x"], told)


def test_filters_tell_problems() -> None:
    """A role shows them as they are, without the words in which Ansible wraps a filter's exception."""
    (place_,), (locate_,) = (one().filters().values() for one in (Place, Locate))
    told = {"a": cluster(volume("v", "x"), volume("pool-2G-1"))}
    good = place_([share("y")], told, "pool", PATTERN)
    assert good["problem"] == "" and good["clusters"] == {"y": "a"}
    assert place_([share("y", size="3G")], told, "pool", PATTERN) == {
        "problem": "No volume for share 'y' of 3G: of the volumes that match 'pool-#{size}G-[0-9]+' the largest free"
        " one has 2G. Give volumes back, or make more.",
        "clusters": {},
        "to_do": {},
        "before": {},
        "heketi": [],
        "growing": {},
        "servers": [],
        "known_volumes": [],
        "present": [],
        "nowhere": [],
    }
    assert locate_(["x"], told)["shares"]["x"]["volume"] == "v"
    assert locate_(["x"], {"a": None})["problem"] == "a could not tell what is there, so no share can be placed."


def test_a_snapshot_that_is_nowhere() -> None:
    with pytest.raises(NotFound, match="snapshot 's' is on no cluster"):
        place([share("x", provisioner="snapshot", from_snapshot="s")], {"a": cluster(), "b": cluster()})
