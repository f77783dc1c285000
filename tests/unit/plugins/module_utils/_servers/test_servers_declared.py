# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.filter.declared_servers import declared_servers
from ansible_collections.glusterops.shares.plugins.filter.unready_storage import unready_storage
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._servers.declared import (
    Declared,
    Server,
    Storage,
    declared,
    plain,
    read,
)

GROUPS = {"site_a": ["s1", "s2", "s3"], "site_b": ["s4"], "gluster_hosts": ["h1", "h2"]}
CLUSTERS, HOSTS = ("site_a", "site_b"), ["h1", "h2"]
Variables = t.Dict[str, t.Dict[str, t.Any]]


def of(variables: Variables, clusters: t.Sequence[str] = CLUSTERS) -> Declared:
    everybody = {name: variables.get(name, {}) for names in GROUPS.values() for name in names}
    return declared(clusters, GROUPS, HOSTS, everybody)


@pytest.mark.parametrize("its", [{}, {"servers_storage": []}, {"servers_join": False}, {"servers_zone": "a"}])
def test_inventories_that_say_nothing_of_it_are_left_alone(its: dict[str, t.Any]) -> None:
    assert of({"s1": its}) == Declared()


def test_one_that_declares_storage_is_enough() -> None:
    found = of({"s2": {"servers_storage": ["/dev/sdb"]}, "h2": {"servers_install": "no"}})
    assert found.joining == ("site_a",)
    assert found.machines == ("s1", "s2", "s3", "h1", "h2") and found.installed == ("s1", "s2", "s3", "h1")


@pytest.mark.parametrize(
    "variables, joining",
    [
        ({"s1": {"servers_join": True}}, ("site_a",)),
        ({"s1": {"servers_join": "yes"}, "s4": {"servers_storage": ["/srv/a"]}}, ("site_a", "site_b")),
        ({"s1": {"servers_storage": ["/srv/a"], "servers_join": False}}, ()),
        ({"s1": {"servers_storage": ["/srv/a"], "servers_join": ""}}, ("site_a",)),
    ],
)
def test_which_clusters_are_made_one_pool(variables: Variables, joining: tuple[str, ...]) -> None:
    assert of(variables).joining == joining


def test_all_that_a_server_says() -> None:
    its = {
        "ansible_host": "10.0.0.1",
        "servers_storage": ["/dev/disk/by-id/wwn-0x5", {"path": "/srv/gluster", "tags": ["ssd"]}],
        "servers_zone": 1,
        "servers_tags": ["fast"],
        "servers_allow_root": "yes",
        "servers_overcommit": "1.5",
        "servers_install": False,
    }
    found = of({"s1": its, "s2": {"ansible_host": "10.0.0.2", "servers_address": "s2.example.org"}})
    assert found.servers["s1"] == Server(
        name="s1",
        cluster="site_a",
        address="10.0.0.1",
        storage=(Storage("/dev/disk/by-id/wwn-0x5"), Storage("/srv/gluster", ("ssd",))),
        zone="1",
        tags=("fast",),
        allow_root=True,
        overcommit=1.5,
        install=False,
    )
    assert [one.is_device for one in found.servers["s1"].storage] == [True, False]
    assert [found.servers[name].address for name in ("s2", "s3")] == ["s2.example.org", "s3"]
    assert found.servers["s3"] == Server("s3", "site_a", "s3")
    assert "s1" not in found.installed
    assert read(plain(found)) == found


@pytest.mark.parametrize(
    "its, said",
    [
        ({"servers_storage": "/dev/sdb"}, "s1: servers_storage '/dev/sdb' is no list."),
        ({"servers_storage": ["sdb"]}, "s1: servers_storage: 'sdb' is no absolute path"),
        ({"servers_storage": ["/srv/../etc"]}, "s1: servers_storage: '/srv/../etc' is no absolute path"),
        ({"servers_storage": ["/srv/a b"]}, "s1: servers_storage: '/srv/a b' is no absolute path"),
        ({"servers_storage": ["/dev"]}, "s1: servers_storage: '/dev' is no absolute path"),
        ({"servers_storage": ["/"]}, "s1: servers_storage: '/' is no absolute path"),
        ({"servers_storage": [{"name": "/dev/sdb"}]}, "s1: servers_storage: {'name': '/dev/sdb'} is neither a path"),
        ({"servers_storage": [{"path": "/srv/a", "tags": "x"}]}, "s1: servers_storage: tags 'x' are no list"),
        ({"servers_storage": ["/srv/a", "/srv/a"]}, "s1: servers_storage '/srv/a' stands more than once"),
        ({"servers_tags": ["a b"]}, "s1: servers_tags: tags ['a b'] are no list"),
        ({"servers_overcommit": 0}, "s1: servers_overcommit 0 is no number from 0.1"),
        ({"servers_overcommit": "lots"}, "s1: servers_overcommit 'lots' is no number"),
        ({"servers_overcommit": "nan"}, "s1: servers_overcommit 'nan' is no number"),
        ({"servers_join": "perhaps"}, "s1: servers_join 'perhaps' is neither true nor false."),
        ({"servers_join": True, "servers_address": "a b"}, "server 'a b' is neither a name nor an address"),
        ({"servers_join": True, "servers_address": "127.0.0.1"}, "server '127.0.0.1' is another machine for each"),
        ({"servers_join": True, "servers_address": "s2"}, "server 's2' stands more than once"),
        ({"ansible_facts": {"servers_address": "s9"}}, "s1 told facts that are named like variables"),
    ],
)
def test_bad_input(its: dict[str, t.Any], said: str) -> None:
    with pytest.raises(BadInput) as caught:
        of({"s1": its})
    assert str(caught.value).startswith(said)


def test_all_that_is_wrong_is_said_at_once() -> None:
    hostvars = {"s1": {"servers_storage": ["a"]}, "s2": {"servers_tags": 1}, "s3": {}}
    found = declared_servers(["site_a"], GROUPS, hostvars)
    assert "s1: servers_storage" in found["problem"] and "s2: servers_tags" in found["problem"]
    assert found["servers"] == {} and found["joining"] == []


def test_a_server_has_one_cluster() -> None:
    with pytest.raises(BadInput, match="s1 is in the groups site_a and site_a: a server has one."):
        of({}, ["site_a", "site_a"])


def test_storage_that_is_not_ready() -> None:
    its = plain(
        of({"s1": {"servers_storage": ["/dev/sdb", "/srv/a", "/srv/b"]}, "s2": {"servers_storage": ["/srv/a"]}})
    )
    looks = {
        "s1": {"storage": [{"path": "/dev/sdb", "state": "blank"}, {"path": "/srv/a", "state": "ready"}]},
        "s2": {"storage": [{"path": "/srv/a", "state": "ready"}]},
        "s3": {"storage": None},
        "h1": {},
    }
    assert unready_storage(looks, its) == {"s1": ["/dev/sdb", "/srv/b"]}
