# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import stat
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._tls import identity, installing
from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import OpenSSL
from tls_helpers import Ca, Interrupt, keep, run_command, snapshot
from tls_machine import Machine, Result


def ensure(machine: Machine, desired: t.Sequence[identity.Desired], check: bool = False) -> t.Any:
    return installing.ensure_all(desired, machine.directories, OpenSSL(run_command), check, home=machine.home)


def modes(path: str) -> set[tuple[bool, str]]:
    """Whether it is a directory, and its mode, of everything in it."""
    found = set()
    for folder, _folders, names in os.walk(path):
        for name in [".", *names]:
            status = os.lstat(os.path.join(folder, name))
            if not stat.S_ISLNK(status.st_mode):
                found.add((stat.S_ISDIR(status.st_mode), oct(stat.S_IMODE(status.st_mode))))
    return found


def test_a_tenants_identity_is_for_root_alone_and_leaves_gluster_alone(machine: Machine, ca: Ca) -> None:
    old = os.umask(0)
    try:
        changes = machine.ensure("tenant-a", scope="tenant")[0]
        assert [(change.subject, change.what) for change in changes] == [
            ("tenants/tenant-a", "key"),
            ("tenants/tenant-a", "request"),
        ]
        values = machine.certify(ca, "tenant-a", scope="tenant")[1]
    finally:
        os.umask(old)
    home = os.path.join(machine.home, "tenants", "tenant-a")
    assert values["installed"] and values["scope"] == "tenant" and values["directories"] == []
    assert values["paths"] == {
        "key": home + "/current/glusterfs.key",
        "certificate": home + "/current/glusterfs.pem",
        "bundle": home + "/current/glusterfs.ca",
    }
    assert modes(os.path.join(machine.home, "tenants")) == {(True, "0o700"), (False, "0o600")}
    assert machine.seen() == {} and os.listdir(machine.home + "/tenants") == ["tenant-a"]
    assert machine.certify(ca, "tenant-a", scope="tenant")[0] == []


def test_a_tenants_directory_that_others_can_enter_is_closed(machine: Machine, ca: Ca) -> None:
    machine.certify(ca, "tenant-a", scope="tenant")
    home = os.path.join(machine.home, "tenants", "tenant-a")
    os.chmod(home, 0o755)
    expected = [Change("tenants/tenant-a", "mode", "0755", "0700")]
    assert machine.ensure("tenant-a", True, scope="tenant")[0] == expected
    assert machine.ensure("tenant-a", scope="tenant")[0] == expected
    assert machine.ensure("tenant-a", scope="tenant")[0] == [] and stat.S_IMODE(os.stat(home).st_mode) == 0o700


def test_many_identities_of_one_machine(machine: Machine, ca: Ca) -> None:
    # The machine's may have a tenant's name: it is another key.
    wanted = [
        identity.Desired("a"),
        identity.Desired("a", scope="tenant"),
        identity.Desired("b", key_type="ed25519", scope="tenant"),
    ]
    foreseen = ensure(machine, wanted, check=True)
    assert not os.path.exists(machine.home)
    changes, found = ensure(machine, wanted)
    assert changes == foreseen[0] and len(changes) == 6
    certified = []
    for one, values in zip(wanted, found):
        certificate, bundle = ca.sign(one.common_name, values["request"]["csr"])
        certified.append(identity.Desired(one.common_name, "ed25519", certificate, bundle, scope=one.scope))
    foreseen = ensure(machine, certified, check=True)
    changes, found = ensure(machine, certified)
    assert changes == foreseen[0] and [values["installed"] for values in found] == [True] * 3
    assert len({values["certificate"]["fingerprint_sha256"] for values in found}) == 3
    assert ensure(machine, certified)[0] == [] == ensure(machine, wanted)[0]

    # One that is wrong, and nothing is changed: b's certificate is another's.
    wrong = [
        *certified[:1],
        identity.Desired("c", scope="tenant"),
        identity.Desired("b", certificate=certified[1].certificate, bundle=certified[1].bundle, scope="tenant"),
    ]
    before = snapshot(machine.root)
    with pytest.raises(BadInput, match="certificate is for the CN 'a', but common_name is 'b'"):
        ensure(machine, wrong)
    assert snapshot(machine.root) == before


@pytest.mark.parametrize(
    "desired, message",
    [
        ([identity.Desired("a"), identity.Desired("b")], "More than one of the identities has the scope machine"),
        ([identity.Desired("a", scope="tenant")] * 2, "common_name 'a' stands more than once"),
        ([identity.Desired("a", crls="")], "crls was given without certificate"),
        ([identity.Desired("a", certificate="", bundle="", crls="", scope="tenant")], "only servers look at them"),
    ],
)
def test_what_cannot_be(machine: Machine, desired: list[identity.Desired], message: str) -> None:
    for check in (True, False):
        with pytest.raises(BadInput, match=message):
            ensure(machine, desired, check)
    assert not os.path.exists(machine.home)


@pytest.mark.parametrize("name", [".", ".."])
def test_a_name_that_is_another_directory(name: str) -> None:
    with pytest.raises(BadInput, match="cannot be a tenant's"):
        identity.Desired(name, scope="tenant")


# ---- a new key ----


def renew(machine: Machine, scope: str, check: bool = False) -> Result:
    return machine.ensure("a", check, renew_key=True, scope=scope)


@pytest.mark.parametrize("scope", identity.SCOPES)
def test_a_new_key_is_made_once_and_the_old_one_stays_until_it_is_certified(
    machine: Machine, ca: Ca, scope: str
) -> None:
    first = machine.certify(ca, scope=scope)[1]
    before = snapshot(os.path.join(machine.home, "sets")), machine.seen()
    foreseen, values = renew(machine, scope, check=True)
    assert values["request"]["csr"] is None
    changes, values = renew(machine, scope)
    assert changes == foreseen
    assert [(change.what, change.before, change.after) for change in changes] == [
        ("key", "present", "renewed"),
        ("request", "present", "made"),
    ]
    assert values["request"]["csr"] != first["request"]["csr"] and values["certificate"] == first["certificate"]
    # The one that waits is kept, whether another is asked for or not.
    assert renew(machine, scope) == machine.ensure("a", scope=scope) == ([], values)
    assert (snapshot(os.path.join(machine.home, "sets")), machine.seen()) == before
    changes, values = machine.certify(ca, scope=scope)
    assert [change.what for change in changes] == ["certificate"] and values["installed"]
    assert values["certificate"]["serial"] != first["certificate"]["serial"]
    assert machine.certify(ca, scope=scope)[0] == []


def test_the_first_key_is_made_and_not_a_second(machine: Machine) -> None:
    changes, values = renew(machine, "machine")
    assert [(change.what, change.before, change.after) for change in changes] == [
        ("key", "absent", "made"),
        ("request", "absent", "made"),
    ]
    assert renew(machine, "machine") == ([], values)


def test_a_key_that_somebody_put_there_is_not_adopted(machine: Machine, ca: Ca) -> None:
    machine.certify(ca, "other")
    seen = machine.seen()
    for name in seen:
        os.unlink(os.path.join(machine.directories[0], name))
    machine.put(seen)
    os.rename(machine.home, machine.home + ".gone")
    assert renew(machine, "machine")[0][0].before == "found"
    machine.certify(ca)
    assert machine.seen()["glusterfs.key"] != seen["glusterfs.key"]


def test_killed_while_making_the_new_key(machine: Machine, ca: Ca, interrupt: Interrupt) -> None:
    first = machine.certify(ca, scope="tenant")[1]
    put_back = keep(machine.root)
    number, killed = 0, True
    while killed:
        number += 1
        put_back()
        killed = interrupt.at(number, lambda: renew(machine, "tenant"))
        assert machine.ensure("a", scope="tenant")[1]["certificate"] == first["certificate"]
        csr = renew(machine, "tenant")[1]["request"]["csr"]
        assert csr != first["request"]["csr"]
        assert machine.certify(ca, scope="tenant")[1]["request"]["csr"] == csr
    assert number > 3
