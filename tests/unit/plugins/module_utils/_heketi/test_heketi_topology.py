# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
import yaml  # type: ignore[import-untyped]
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.topology import (
    DesiredCluster,
    DesiredDevice,
    DesiredNode,
    Device,
    HeketiCluster,
    Node,
    host_key,
    read_desired,
)
from ansible_collections.glusterops.shares.plugins.modules import gluster_heketi_topology

ID = "c" * 32


def options(monkeypatch: pytest.MonkeyPatch) -> dict[str, t.Any]:
    """The argument spec of the module."""
    seen: list[dict[str, t.Any]] = []
    monkeypatch.setattr(gluster_heketi_topology, "Module", lambda argument_spec, **_other: seen.append(argument_spec))
    monkeypatch.setattr(gluster_heketi_topology, "run", lambda *_arguments: None)
    gluster_heketi_topology.main()
    return seen[0]


@pytest.fixture(name="read")
def fixture_read(monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., list[DesiredCluster]]:
    """Reads clusters as the module does, with what Ansible makes of them first."""
    spec = {name: option for name, option in options(monkeypatch).items() if name in ("clusters", "purge")}

    def read(*clusters: dict[str, t.Any], purge: bool = False) -> list[DesiredCluster]:
        result = ArgumentSpecValidator(spec).validate({"clusters": list(clusters), "purge": purge})
        assert not result.error_messages
        return read_desired(result.validated_parameters["clusters"], result.validated_parameters["purge"])

    return read


def cluster(**node: t.Any) -> dict[str, t.Any]:
    return {"nodes": [{"manage": "server1", **node}]}


def device(**other: t.Any) -> dict[str, t.Any]:
    return cluster(devices=[{"name": "/dev/sdb", **other}])


# ---- what Heketi has


def test_reading_heketis_answers() -> None:
    node = Node.from_info(
        {
            "zone": 2,
            "hostnames": {"manage": ["server1"], "storage": ["10.0.0.1"]},
            "cluster": ID,
            "id": "1" * 32,
            "state": "offline",
            "devices": [
                {
                    "name": "/dev/sdb",
                    "tags": {"disk": "ssd"},
                    "storage": {"total": 100, "free": 60, "used": 40},
                    "id": "2" * 32,
                    "state": "online",
                    "bricks": [{}, {}],
                }
            ],
        }
    )
    found = Device("2" * 32, "/dev/sdb", "online", 102400, 61440, 40960, {"disk": "ssd"}, 2)
    assert node == Node("1" * 32, ID, "server1", "10.0.0.1", 2, "offline", {}, (found,))
    info = {"id": ID, "nodes": [node.id], "volumes": ["a"], "block": False, "file": True, "blockvolumes": ["b"]}
    assert HeketiCluster.from_info(info, [node]) == HeketiCluster(ID, True, False, (node,), ("a", "b"))
    with pytest.raises(GlusterOpsError, match="is it a Heketi"):
        HeketiCluster.from_info({"id": ID}, [])


# ---- what is wanted


def test_defaults(read: t.Callable[..., list[DesiredCluster]]) -> None:
    wanted = read(device(), {"id": ID, "file": False, "block": False})
    node = DesiredNode("server1", "server1", 1, {}, "online", (DesiredDevice("/dev/sdb", {}, "online", False),))
    assert wanted == [DesiredCluster(None, (node,), True, True), DesiredCluster(ID, (), False, False)]
    assert [str(one) for one in wanted] == ["cluster of server1", f"cluster {ID}"]
    assert read() == []


def test_all_of_it(read: t.Callable[..., list[DesiredCluster]]) -> None:
    found = read(
        cluster(
            storage="10.0.0.1",
            zone=7,
            tags={"rack": 12, "arbiter": "disabled"},
            state="offline",
            devices=[{"name": "/dev/disk/by-id/x:1", "tags": {"t": ""}, "state": "offline", "destroy_data": True}],
        )
    )
    wanted = DesiredDevice("/dev/disk/by-id/x:1", {"t": ""}, "offline", True)
    assert found[0].nodes == (
        DesiredNode("server1", "10.0.0.1", 7, {"rack": "12", "arbiter": "disabled"}, "offline", (wanted,)),
    )


BAD_HOSTS = [
    "",
    "-x",
    "a b",
    "a;reboot",
    "a\n",
    "$(id)",
    "a`b",
    "a'b",
    'a"b',
    "h" * 254,
    "é",
    "a/b",
    "a|b",
    "[::1]",
    ".",
    "..",
    "::",
    ".a",
]
BAD_PATHS = [
    "",
    "sdb",
    "/",
    "/dev/sd b",
    "/dev/sdb;id",
    "/dev/$(id)",
    "/dev/sdb\n",
    "/dev/é",
    "/dev/'",
    "/dev/*",
    "/a&b",
]
BAD_TAGS = [
    ({"": "v"}, "tags: '' is not a tag's name"),
    ({"a b": "v"}, "tags: 'a b' is not a tag's name"),
    ({"k" * 33: "v"}, "is not a tag's name: 1 to 32 of A-Z a-z 0-9 _ . and -."),
    ({"é": "v"}, "is not a tag's name"),
    ({"k\n": "v"}, "is not a tag's name"),
    ({1: "v"}, "tags: 1 is not a tag's name"),
    ({"k": "v" * 65}, "tags: k has more than 64 bytes."),
    ({"k": "é" * 33}, "tags: k has more than 64 bytes."),
    ({"k": True}, "tags: k=True is not a text: write it in quotes."),
    ({"k": None}, "tags: k=None is not a text: write it in quotes."),
    ({"k": ["v"]}, "tags: k=['v'] is not a text: write it in quotes."),
    ({"arbiter": "yes"}, "tags: arbiter='yes' must be one of required, supported, disabled."),
    ({"arbiter": ""}, "tags: arbiter='' must be one of required, supported, disabled."),
    ({f"k{number}": "v" for number in range(33)}, "tags has 33 tags, and Heketi takes 32."),
]


@pytest.mark.parametrize(
    "clusters, message",
    [
        *[([cluster(manage=host)], f"manage {host!r} is not a host name or address") for host in BAD_HOSTS],
        *[([cluster(storage=host)], f"storage {host!r} is not a host name or address") for host in BAD_HOSTS],
        *[([device(name=path)], f"devices: {path!r} is not a device's path") for path in BAD_PATHS],
        *[([cluster(tags=tags)], message) for tags, message in BAD_TAGS],
        *[([device(tags=tags)], f"devices '/dev/sdb': {message}") for tags, message in BAD_TAGS[:1]],
        *[
            ([device(name=path)], f"devices: {path!r} is not a plain path")
            for path in ("//dev/sdb", "/dev//sdb", "/dev/sdb/", "/dev/../sdb", "/dev/./sdb")
        ],
        ([cluster(zone=True)], "zone True must be from 1 to 2147483647."),
        ([cluster(), cluster(manage="SERVER1")], "clusters: 'server1' is the manage or storage name of more than one"),
        ([cluster(zone=0)], "zone 0 must be from 1 to 2147483647."),
        ([cluster(zone=-1)], "zone -1 must be from 1 to 2147483647."),
        ([cluster(zone=2**31)], "zone 2147483648 must be from 1 to 2147483647."),
        ([{}], "clusters[0] has neither an id nor nodes, so nobody can tell which cluster is meant."),
        ([{"id": ""}], "clusters[0]: id '' is not a cluster's id: 32 of 0-9 and a-f."),
        ([{"id": ID.upper()}], "is not a cluster's id"),
        ([{"id": "main"}], "id 'main' is not a cluster's id"),
        ([{"id": ID}, {"id": ID}], f"clusters: id '{ID}' stands more than once."),
        ([cluster(), cluster()], "clusters: 'server1' is the manage or storage name of more than one server."),
        ([cluster(), cluster(manage="server2", storage="server1")], "clusters: 'server1' is the manage or storage"),
        (
            [cluster(storage="10.0.0.1"), cluster(manage="server2", storage="10.0.0.1")],
            "clusters: '10.0.0.1' is the manage or storage name of more than one server.",
        ),
        ([cluster(devices=[{"name": "/dev/sdb"}] * 2)], "devices: '/dev/sdb' stands more than once."),
    ],
)
def test_bad_values(
    read: t.Callable[..., list[DesiredCluster]], clusters: list[dict[str, t.Any]], message: str
) -> None:
    with pytest.raises(BadInput) as caught:
        read(*clusters)
    assert message in str(caught.value)


def test_all_that_is_wrong_is_named_at_once(read: t.Callable[..., list[DesiredCluster]]) -> None:
    with pytest.raises(BadInput) as caught:
        read({"id": "x"}, cluster(zone=0, storage="-"), device(name="sdb", tags={"arbiter": "maybe"}))
    said = str(caught.value)
    assert said.startswith("clusters[0]: id 'x' is not a cluster's id")
    assert "clusters[1].nodes 'server1': storage '-' is not a host name" in said
    assert "clusters[1].nodes 'server1': zone 0 must be" in said
    assert "clusters[2].nodes 'server1': devices: 'sdb' is not a device's path" in said
    assert said.endswith(" And 1 more.")


def test_purge_needs_something_declared(read: t.Callable[..., list[DesiredCluster]]) -> None:
    with pytest.raises(BadInput, match="clusters is empty, and with purge that would empty all of Heketi"):
        read(purge=True)
    assert read({"id": ID}, purge=True)


def test_what_may_be_wiped_is_named_once(read: t.Callable[..., list[DesiredCluster]]) -> None:
    entries = [
        {
            "id": None,
            "file": True,
            "block": True,
            "nodes": [
                {
                    "manage": "Server1",
                    "storage": None,
                    "zone": 1,
                    "tags": {},
                    "state": "online",
                    "devices": [
                        {"name": name, "tags": {}, "state": "online", "destroy_data": False}
                        for name in ("/dev/sdb", "/dev/sdc")
                    ],
                }
            ],
        }
    ]
    (found,) = read_desired(entries, destroy_data=["server1.:/dev/sdc"])
    assert [device.destroy_data for device in found.nodes[0].devices] == [False, True]
    for wrong in ("server1:/dev/sdd", "server2:/dev/sdb", "/dev/sdb", "server1", ""):
        with pytest.raises(BadInput, match=f"destroy_data: '{wrong}' is no device of clusters: give"):
            read_desired(entries, destroy_data=["server1:/dev/sdb", wrong])


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Server1.Example.COM.", "server1.example.com"),
        ("10.0.0.1", "10.0.0.1"),
        ("FD00:0:0::01", "fd00::1"),
        ("server-1", "server-1"),
    ],
)
def test_one_comparison_of_hosts(name: str, key: str) -> None:
    assert host_key(name) == key == host_key(key)


def test_options_are_documented_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def same(spec: dict[str, t.Any], documented: dict[str, t.Any]) -> None:
        assert set(documented) <= set(spec)
        for name, text in documented.items():
            for what in ("type", "elements", "choices", "default", "required"):
                assert text.get(what) == spec[name].get(what), (name, what)
            same(spec[name].get("options", {}), text.get("suboptions", {}))

    documented = yaml.safe_load(gluster_heketi_topology.DOCUMENTATION)["options"]
    assert set(documented) == {"clusters", "purge", "destroy_data", "parallel"}
    same(options(monkeypatch), documented)
