# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.glusterops.shares.plugins.filter.plan_programs import plan_programs
from ansible_collections.glusterops.shares.plugins.filter.server_packages import server_packages
from ansible_collections.glusterops.shares.plugins.module_utils._errors import NotFound
from ansible_collections.glusterops.shares.plugins.module_utils._servers.declared import (
    Declared,
    Server,
    Storage,
    plain,
)
from ansible_collections.glusterops.shares.plugins.module_utils._servers.programs import Programs, plan

BARE = {"glusterd": None, "enabled": False, "running": False, "client": False, "lvm": False, "xfs": False}
BARE["openssl"] = False
WELL = {"glusterd": "10.3", "enabled": True, "running": True, "client": True, "lvm": True, "xfs": True, "openssl": True}
DEVICE, DIRECTORY = Storage("/dev/sdb"), Storage("/srv/a")


def declared(*storage: Storage, install: bool = True) -> Declared:
    servers = {
        name: Server(name, cluster, name, storage, install=install)
        for name, cluster in (("s1", "a"), ("s2", "a"), ("s3", "b"))
    }
    names = ("s1", "s2", "s3", "h1")
    return Declared(servers, ("a", "b"), names, names if install else ())


def told(**machines: t.Any) -> dict[str, t.Any]:
    return {**{name: {"programs": WELL} for name in ("s1", "s2", "s3", "h1")}, **machines}


def test_where_nothing_is_missing_nothing_is_done() -> None:
    for dry in (False, True):
        assert plan(declared(DEVICE), told(), dry) == Programs()


@pytest.mark.parametrize(
    "storage, programs, needs, starts",
    [
        ((DIRECTORY,), BARE, ("server", "identity"), True),
        ((DEVICE,), BARE, ("server", "devices", "identity"), True),
        ((DEVICE,), {**WELL, "xfs": False}, ("devices",), False),
        ((DIRECTORY,), {**WELL, "lvm": False, "xfs": False}, (), False),
        ((), {**WELL, "enabled": False}, (), True),
        ((), {**WELL, "running": False}, (), True),
        # Where nothing can tell whether it is.
        ((), {**WELL, "enabled": None}, (), False),
    ],
)
def test_what_a_server_lacks(
    storage: tuple[Storage, ...], programs: dict[str, t.Any], needs: tuple[str, ...], starts: bool
) -> None:
    found = plan(declared(*storage), told(s1={"programs": programs}), False)
    assert found.install == ({"s1": needs} if needs else {})
    assert found.start == (("s1",) if starts else ()) and found.unseen == ()


def test_what_a_host_lacks() -> None:
    found = plan(declared(DEVICE), told(h1={"programs": BARE}), False)
    assert found.install == {"h1": ("client", "identity")} and found.start == ()


def test_who_does_not_answer_is_left_out() -> None:
    assert plan(declared(), told(s1={"unreachable": True}, s2={}, h1=None), True) == Programs()


@pytest.mark.parametrize(
    "machines, unseen",
    [
        ({"s1": BARE}, ("s1",)),
        ({"h1": BARE}, ("h1",)),
        ({"s2": {**WELL, "running": False}}, ("s2",)),
        ({"s2": {**WELL, "enabled": False}}, ()),
        # Of a cluster without any server nothing is known, nor, then, of shares.
        ({"s3": BARE}, ("s1", "s2", "s3", "h1")),
        ({"s1": BARE, "s2": BARE}, ("s1", "s2", "s3", "h1")),
        ({"s1": BARE, "s2": None}, ("s1", "s2", "s3", "h1")),
    ],
)
def test_what_a_dry_run_cannot_see(machines: dict[str, t.Any], unseen: tuple[str, ...]) -> None:
    looks = told(**{name: {"programs": its} for name, its in machines.items()})
    found = plan(declared(), looks, True)
    assert found.unseen == unseen
    assert all(any(line.startswith(f"{name} would ") for line in found.lines) for name, its in machines.items() if its)


@pytest.mark.parametrize(
    "machines, said",
    [
        ({"s1": BARE}, "s1 lacks the GlusterFS server, openssl. See to that"),
        (
            {"h1": BARE, "s2": {**WELL, "running": False}},
            "glusterd is not running on s2. h1 lacks the GlusterFS client, openssl.",
        ),
    ],
)
def test_what_is_not_ours_to_install(machines: dict[str, t.Any], said: str) -> None:
    looks = told(**{name: {"programs": its} for name, its in machines.items()})
    with pytest.raises(NotFound) as caught:
        plan(declared(install=False), looks, False)
    assert str(caught.value).startswith(said)
    assert plan_programs(looks, plain(declared(install=False)))["problem"].startswith(said)
    # Whoever starts it at boot is not ours to judge, either.
    assert plan(declared(install=False), told(s1={"programs": {**WELL, "enabled": False}}), False) == Programs()


def test_packages() -> None:
    assert server_packages(["server", "identity"], "Debian") == ["glusterfs-server", "openssl"]
    assert server_packages(["client"], "RedHat") == ["glusterfs-fuse"]
    with pytest.raises(AnsibleFilterError, match="Which packages have GlusterFS on Suse is not known"):
        server_packages(["client"], "Suse")


def test_as_the_role_gets_it() -> None:
    found = plan_programs(told(s1={"programs": BARE}), plain(declared()), True)
    assert found == {
        "problem": "",
        "install": {"s1": ["server", "identity"]},
        "start": ["s1"],
        "unseen": ["s1"],
        "lines": ["s1 would get the GlusterFS server, openssl."],
    }
