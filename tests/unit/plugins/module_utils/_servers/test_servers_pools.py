# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.filter.plan_pools import plan_pools
from ansible_collections.glusterops.shares.plugins.module_utils._errors import Conflict
from ansible_collections.glusterops.shares.plugins.module_utils._servers.declared import (
    Declared,
    Server,
    Storage,
    plain,
)
from ansible_collections.glusterops.shares.plugins.module_utils._servers.pools import Joining, joining

LISTS = {"a": ["server-s1", "server-s2", "server-s3", "server-s4"], "b": ["server-s5"]}
SEALED, OPEN = {"data": "1a2b.3c.4d...."}, {"data": "......."}


def declared(*names: str, cluster: str = "a", **addresses: str) -> Declared:
    return Declared({name: Server(name, cluster, addresses.get(name, name)) for name in names}, (cluster,))


def look(name: str, *others: str, volumes: dict[str, t.Any] | None = None, **machine: t.Any) -> dict[str, t.Any]:
    """What a server tells whose pool has these others, as UUID=name where that is not the same."""
    members = {one.partition("=")[0]: one.rpartition("=")[2] for one in others}
    peers = [{"uuid": f"u-{uuid}", "hostname": its} for uuid, its in {**members, name: "localhost"}.items()]
    its = {"version": "10.3", "op_version": 100000, **machine}
    return {"peers": peers, "stored": volumes or {}, "machine": its, "identity": {"common_name": f"server-{name}"}}


def of(its: Declared, *looks: dict[str, t.Any], dry: bool = False, **more: t.Any) -> Joining:
    named = {next(peer["uuid"] for peer in one["peers"] if peer["hostname"] == "localhost")[2:]: one for one in looks}
    return joining(its, {**named, **more}, LISTS, dry)


def test_three_that_are_in_no_pool_become_one() -> None:
    found = of(declared("s1", "s2", "s3", s3="10.0.0.3"), look("s1"), look("s2"), look("s3"))
    assert found.servers == {"s1": ("s2", "10.0.0.3")}
    assert found.uuids == {"s1": {"s2": "u-s2", "10.0.0.3": "u-s3"}} and found.notes == ()


def test_who_is_a_member_by_whatever_name_stays() -> None:
    found = of(
        declared("s1", "s2", s2="10.0.0.2"),
        look("s1", "s2", "s9"),
        look("s2", "s1", "s9"),
    )
    assert found == Joining(notes=("The pool calls s2 s2, and not 10.0.0.2. It stays so.",))


@pytest.mark.parametrize(
    "looks, worker",
    [
        # The pool that is there is the one to join.
        ([look("s1"), look("s2", "s3"), look("s3", "s2")], "s2"),
        ([look("s1"), look("s2"), look("s3", volumes=OPEN)], "s3"),
        ([look("s1"), look("s2"), look("s3", "s9")], "s3"),
    ],
)
def test_whose_pool_it_is(looks: list[dict[str, t.Any]], worker: str) -> None:
    found = of(declared("s1", "s2", "s3"), *looks)
    assert list(found.servers) == [worker] and "s1" in found.servers[worker]


@pytest.mark.parametrize(
    "looks, said",
    [
        (
            [look("s1", "s2"), look("s2", "s1"), look("s3", "s8", "s9")],
            "No server has joined a pool. s3 is in another pool than s1, with s8, s9: have it leave",
        ),
        (
            [look("s1", "s8"), look("s2", "s3"), look("s3", "s2")],
            "No server has joined a pool. s1 is in another pool than s2, with s8:",
        ),
        (
            [look("s1", "s2"), look("s2", "s1"), look("s3", volumes=OPEN)],
            "No server has joined a pool. s3 has volumes of its own (data)",
        ),
        (
            [look("s1", op_version=110000), look("s2", version="10.3"), look("s3", version="11.1")],
            "No server has joined a pool. s2 has GlusterFS 10.3, and the pool of s1 works as 11.0 (op-version 110000)",
        ),
        (
            [look("s1"), look("s2"), {**look("s2"), "peers": [{"uuid": "u-s2", "hostname": "localhost"}]}],
            None,
        ),
    ],
)
def test_who_cannot_join(looks: list[dict[str, t.Any]], said: str | None) -> None:
    if said is None:
        with pytest.raises(Conflict, match="s2 and s3 have the same UUID: they are one machine, or copies of one"):
            of(declared("s1", "s2", "s3"), *looks[:2], s3=looks[2])
        return
    with pytest.raises(Conflict) as caught:
        of(declared("s1", "s2", "s3"), *looks)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("version", ["10.3", "10.0rc1", "11.1", "12dev"])
def test_a_version_that_may_join(version: str) -> None:
    assert of(declared("s1", "s2"), look("s1"), look("s2", version=version)).servers == {"s1": ("s2",)}


def test_a_pool_with_access_lists_takes_nobody_without_an_identity() -> None:
    its = declared("s1", "s4")
    bare = {**look("s4"), "identity": None}
    for volumes, dry in ((OPEN, False), ({"data": None}, False), (SEALED, True)):
        assert of(its, look("s1", volumes=volumes), bare, dry=dry).servers == {"s1": ("s4",)}
    with pytest.raises(Conflict, match="s4 has no identity, which no access list lets in as a server's: run"):
        of(its, look("s1", volumes=SEALED), bare)
    with pytest.raises(Conflict, match="s4 has the identity 'tenant-a', which no access list"):
        of(its, look("s1", volumes=SEALED), {**look("s4"), "identity": {"common_name": "tenant-a"}})
    assert of(its, look("s1", volumes=SEALED), look("s4")).servers == {"s1": ("s4",)}


def test_who_does_not_answer_holds_nobody_up() -> None:
    silent = {"msg": "No route to host.", "unreachable": True}
    found = of(declared("s1", "s2", "s3", "s4"), look("s1", "s3"), look("s2"), s3=silent, s4=silent)
    assert found.servers == {"s1": ("s2",)}
    assert found.notes == ("s4 did not tell its pool, and has not joined: No route to host.",)
    assert of(declared("s1", "s2"), s1=silent) == Joining()


def test_clusters_that_are_none_of_ours_are_not_looked_at() -> None:
    its = declared("s1", "s2")
    assert joining(Declared(its.servers, ()), {"s1": look("s1"), "s2": look("s2")}, LISTS) == Joining()


def test_as_the_role_gets_it() -> None:
    its = plain(declared("s1", "s2"))
    assert plan_pools({"s1": look("s1"), "s2": look("s2")}, its, LISTS) == {
        "problem": "",
        "servers": {"s1": ["s2"]},
        "uuids": {"s1": {"s2": "u-s2"}},
        "notes": [],
    }
    refused = plan_pools({"s1": look("s1", "s9"), "s2": look("s2", "s8")}, its, LISTS)
    assert refused["problem"].startswith("No server has joined a pool. s2 is in another pool")
    assert refused["servers"] == {}


def place(path: str, problem: str | None = None, root: bool = False) -> dict[str, t.Any]:
    return {"path": path, "problem": problem, "root": root, "state": "foreign" if problem else "blank"}


def test_storage_that_cannot_be_used_holds_up_servers_without_bricks() -> None:
    its = declared("s1", "s2")
    storage = (Storage("/dev/sdb"), Storage("/srv/a"))
    its = Declared({**its.servers, "s2": Server("s2", "a", "s2", storage)}, its.joining)
    told = [place("/dev/sdb", "/dev/sdb has a file system."), place("/srv/a", root=True), place("/other", "Not ours.")]
    with pytest.raises(Conflict) as caught:
        of(its, look("s1"), {**look("s2"), "storage": told})
    assert str(caught.value).startswith(
        "No server has joined a pool. s2: /dev/sdb has a file system. s2: /srv/a lies on the root file system, which"
    )
    assert "Not ours" not in str(caught.value)
    # Elsewhere a disk may have died.
    member = {**look("s2", "s1", volumes=OPEN), "storage": told}
    assert of(its, look("s1", "s2", volumes=OPEN), member) == Joining()
