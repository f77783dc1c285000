# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.glusterops.shares.plugins.filter.by_host import by_host
from ansible_collections.glusterops.shares.plugins.filter.irrevocable_identities import irrevocable_identities
from ansible_collections.glusterops.shares.plugins.filter.mounting_identities import mounting_identities
from ansible_collections.glusterops.shares.plugins.filter.tls_identities import tls_identities
from ansible_collections.glusterops.shares.plugins.module_utils._machines.machine import instance
from ansible_collections.glusterops.shares.plugins.module_utils._tls import names

INFRASTRUCTURE = [("server-", ["s1", "s2"]), ("manager-", ["m1", "s2"])]
BARE = [("", ["s1"]), ("", ["m1"])]


@pytest.mark.parametrize(
    "machine, infrastructure, name",
    [
        ("s1", INFRASTRUCTURE, "server-s1"),
        ("s2", INFRASTRUCTURE, "server-s2"),
        ("m1", INFRASTRUCTURE, "manager-m1"),
        ("h", INFRASTRUCTURE, "tenant"),
        ("s1", BARE, "s1"),
        ("m1", BARE, "m1"),
        ("h", BARE, "tenant"),
    ],
)
def test_a_machine_is_called_by_its_kind(machine: str, infrastructure: t.Any, name: str) -> None:
    assert tls_identities(machine, infrastructure, "tenant", ["x"], "ed25519") == [
        {"common_name": name, "scope": "machine", "key_type": "ed25519"},
        {"common_name": "x", "scope": "tenant", "key_type": "ed25519"},
    ]


@pytest.mark.parametrize(
    "machine, tenant, tenants, variable",
    [
        ("s" * 60, "t", [], "tls_server_prefix"),
        ("m" * 60, "t", [], "tls_manager_prefix"),
        ("h", "t" * 65, [], "tls_tenant"),
        ("h", "t", ["x" * 65], "tls_tenants, or of the mounts here that name it"),
    ],
)
def test_a_name_too_long_says_what_shortens_it(machine: str, tenant: str, tenants: list[str], variable: str) -> None:
    infrastructure = [("server-", ["s" * 60]), ("manager-", ["m" * 60])]
    with pytest.raises(AnsibleFilterError, match=rf"It has 6\d. Give another value of {variable}\.$"):
        tls_identities(machine, infrastructure, tenant, tenants)


def test_no_prefix_makes_up_for_a_name_in_the_inventory() -> None:
    for kinds in ([("server-", ["2001:db8::1"]), ("", [])], [("", []), ("", ["2001:db8::1"])]):
        with pytest.raises(AnsibleFilterError, match="'2001:db8::1' follows its name .*, as ansible_host"):
            tls_identities("2001:db8::1", kinds, "t")


def test_a_tenants_name_for_a_server_does_nothing_and_is_told() -> None:
    its = names.Infrastructure.read(INFRASTRUCTURE)
    told = names.without_effect("s1", its, "tenant-a")
    assert told and "is called 'server-s1', and may mount every share" in told
    assert [names.without_effect(*one) for one in (("s1", its, "s1"), ("s1", its, "server-s1"), ("h", its, "x"))] == [
        None
    ] * 3


@pytest.mark.parametrize(
    "infrastructure, name, reserved",
    [
        (INFRASTRUCTURE, "server-new", True),
        (INFRASTRUCTURE, "manager-m1", True),
        (INFRASTRUCTURE, "s1", False),
        (BARE, "s1", True),
        (BARE, "s10", False),
        ([], "s1", False),
    ],
)
@pytest.mark.parametrize(
    "serial, spared", [({}, False), ({"serial": None}, False), ({"serial": "00"}, True), ({"serial": "5DB1"}, True)]
)
def test_servers_are_not_revoked_whole(
    infrastructure: t.Any, name: str, reserved: bool, serial: dict[str, t.Any], spared: bool
) -> None:
    found = irrevocable_identities([{"common_name": name, **serial}, {"common_name": "tenant"}], infrastructure)
    assert found == ([name] if reserved and not spared else [])


def test_as_whom_a_host_mounts() -> None:
    mounts = [
        {"host": "h", "identity": "b"},
        {"host": "h"},
        {"host": "other", "identity": "c"},
        {"host": "h", "identity": "gone", "state": "absent"},
        {"host": "h", "identity": None},
        {"host": "h", "identity": "a", "state": "mounted"},
        {"host": "h", "identity": "b"},
    ]
    shares = [{"name": "1", "mounts": mounts}, {"name": "2"}, {"name": "3", "mounts": None}]
    assert mounting_identities("h", shares) == ["b", "a"]


def test_who_skipped_the_role_is_named() -> None:
    skipped = {"skipped": True, "changed": False}
    hostvars = {"a": {"look_machine": {"x": 1}, "made": skipped}, "b": {"look_machine": skipped}, "c": {}}
    assert by_host(["a"], hostvars, "look_machine", required=True) == {"a": {"x": 1}}
    assert by_host(["a", "c"], hostvars, "made") == {"a": skipped, "c": {}}
    with pytest.raises(AnsibleFilterError, match="^b, c skipped this, but all machines"):
        by_host(["a", "b", "c"], hostvars, "look_machine", required=True)


def test_an_instance_is_told_by_more_than_one_thing(tmp_path: pathlib.Path) -> None:
    """Copies share the machine's id, and containers the kernel."""
    paths = [str(tmp_path / name) for name in ("id", "boot")]
    seen = set()
    for number in range(3):
        for name, path in zip("ab", paths):
            pathlib.Path(path).write_text(name + str(number if (name == "b") == (number == 1) else 0), encoding="ascii")
        space = tmp_path / "space"
        space.unlink(missing_ok=True)
        space.symlink_to("mnt:[1]")
        seen.add(instance(paths, str(space)))
        assert instance(paths, str(space)) in seen
    space.unlink()
    space.symlink_to("mnt:[2]")
    seen.add(instance(paths, str(space)))
    assert len(seen) == 4 and None not in seen
    assert instance([*paths, str(tmp_path / "nothing")], str(space)) is None
    assert instance() is not None and instance() == instance()
