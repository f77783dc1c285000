# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import os
import shutil
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._tls import installed
from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import OpenSSL
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from tls_helpers import NOW, Ca, Interrupt, keep, run_command, snapshot
from tls_machine import Machine, Result


@pytest.fixture
def ca(ca: Ca) -> Ca:
    """One that has its key."""
    ca.ensure()
    return ca


@pytest.fixture
def second(tmp_path: t.Any) -> Ca:
    """Another CA of the same name, so that OpenSSL looks for both CRLs under one hash."""
    other = Ca(tmp_path / "second")
    other.ensure()
    return other


def bundle_of(*cas: Ca) -> str:
    return "".join(ca.ensure()[1]["bundle"] for ca in cas)


def install(machine: Machine, ca: Ca, bundle: str | None = None, check: bool = False, **options: t.Any) -> Result:
    certificate, own = ca.sign("a", machine.request())
    return machine.ensure(check=check, certificate=certificate, bundle=own if bundle is None else bundle, **options)


def verify(machine: Machine) -> str:
    """What a brick does: it looks at the CRLs of all CAs, in the directory."""
    current = os.path.join(machine.home, "current")
    words = ["openssl", "verify", "-crl_check_all", "-CAfile", current + "/glusterfs.ca", "-CApath", current + "/crl"]
    _rc, out, err = run_command([*words, current + "/glusterfs.pem"])
    return out + err


def test_bundle_and_crls_change_in_one_step(machine: Machine, ca: Ca, second: Ca) -> None:
    both = bundle_of(ca, second)
    one, other = ca.crl(), second.crl()
    crls = one + other
    foreseen = install(machine, ca, both, check=True, crls=crls)[0]
    changes, values = install(machine, ca, both, crls=crls)
    assert changes == foreseen and changes[2] == Change("a", "crls", "absent", "installed")
    names = os.listdir(values["paths"]["crl"])
    assert (
        len(names) == 2 and {name[-3:] for name in names} == {".r0", ".r1"} and len({name[:8] for name in names}) == 1
    )
    assert verify(machine).endswith(": OK\n")
    end = (NOW + datetime.timedelta(days=30, hours=-1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert values["crls"] == [{"issuer": "CN=glusterops shares CA", "next_update": end}] * 2
    # Their order, and text around them, is nothing.
    assert install(machine, ca, both, crls="x\n" + other + "\n" + one)[0] == []
    # Not asked about, they stay, also when the certificate changes.
    assert install(machine, ca, both)[0] == []
    certificate = ca.sign("a", machine.request(), valid_days=400, renew_before_days=399)[0]
    changes, after = machine.ensure(certificate=certificate, bundle=both)
    assert [change.what for change in changes] == ["certificate"] and after["crls"] == values["crls"]


def test_a_revoked_certificate_is_told_from_others(machine: Machine, ca: Ca) -> None:
    serial = int(install(machine, ca)[1]["certificate"]["serial"], 16)
    changes = install(machine, ca, crls=ca.crl(serial + 1))[0]
    assert [change.what for change in changes] == ["crls"] and verify(machine).endswith(": OK\n")
    changes = install(machine, ca, crls=ca.crl(serial))[0]
    assert changes == [Change("a", "crls", "other", "installed")] and "certificate revoked" in verify(machine)


def test_what_would_lock_somebody_out_is_refused(machine: Machine, ca: Ca, second: Ca, tmp_path: t.Any) -> None:
    both = bundle_of(ca, second)
    stranger = Ca(tmp_path / "stranger", common_name="Stranger")
    stranger.ensure()
    old = NOW - datetime.timedelta(days=40)
    later = NOW + datetime.timedelta(days=1)
    key = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"
    broken = "-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n"
    machine.request()
    before = snapshot(machine.root)
    for bundle, crls, message in (
        (both, ca.crl(), "crls has none of the CA 'glusterops shares CA"),
        (bundle_of(ca), second.crl(), "crls has none of the CA 'glusterops shares CA"),
        (bundle_of(ca), ca.crl(now=old), "that is valid now"),
        (bundle_of(ca), ca.crl(now=later), "that is valid now"),
        (bundle_of(ca), ca.crl() + second.crl(), "that no CA of the bundle has signed"),
        (bundle_of(ca), ca.crl() + stranger.crl(), "crls has one of 'CN=Stranger' that no CA"),
        (bundle_of(ca), "x", "crls must be one or more CRLs in PEM"),
        (bundle_of(ca), bundle_of(ca), "crls must be one or more CRLs in PEM"),
        (bundle_of(ca), ca.crl() + key, "crls contains a private key: only CRLs may travel"),
        (bundle_of(ca), ca.crl() + broken, "cannot be read as a CRL"),
    ):
        for check in (True, False):
            with pytest.raises(BadInput, match=message):
                install(machine, ca, bundle, check, crls=crls)
        assert snapshot(machine.root) == before, message
    with pytest.raises(BadInput, match="crls is empty: only check mode"):
        install(machine, ca, crls="")


def test_installed_ones_must_cover_a_longer_bundle(machine: Machine, ca: Ca, second: Ca) -> None:
    install(machine, ca, crls=ca.crl())
    with pytest.raises(BadInput, match="CRLs are installed here, but none of the CA 'glusterops shares CA"):
        install(machine, ca, bundle_of(ca, second))
    changes = install(machine, ca, bundle_of(ca, second), crls=ca.crl() + second.crl())[0]
    assert [change.what for change in changes] == ["bundle", "crls"]


def test_check_mode_before_they_are_made(machine: Machine, ca: Ca) -> None:
    foreseen = machine.ensure(check=True, certificate="", bundle="", crls="")[0]
    assert install(machine, ca, crls=ca.crl())[0] == foreseen
    foreseen = install(machine, ca, check=True, crls="")[0]
    assert install(machine, ca, crls=ca.crl(days=20))[0] == foreseen == [Change("a", "crls", "other", "installed")]


@pytest.mark.parametrize("spoil", [shutil.rmtree, lambda path: os.truncate(os.path.join(path, *os.listdir(path)), 9)])
def test_spoilt_ones_are_installed_again(machine: Machine, ca: Ca, spoil: t.Callable[[str], None]) -> None:
    crls = ca.crl()
    values = install(machine, ca, crls=crls)[1]
    spoil(values["paths"]["crl"])
    assert [change.what for change in install(machine, ca, crls=crls)[0]] == ["crls"]
    assert install(machine, ca, crls=crls)[0] == [] and verify(machine).endswith(": OK\n")


def test_killed_at_any_step_bundle_and_crls_match(machine: Machine, ca: Ca, second: Ca, interrupt: Interrupt) -> None:
    both = bundle_of(ca, second)
    crls = ca.crl() + second.crl()
    install(machine, ca, crls=ca.crl())
    put_back = keep(machine.root)

    def work() -> Result:
        return install(machine, ca, both, crls=crls)

    number, killed = 0, True
    while killed:
        number += 1
        put_back()
        killed = interrupt.at(number, work)
        seen = machine.seen()["glusterfs.ca"].decode()
        count = len(x509.load_pem_x509_certificates(seen.encode()))
        assert len(os.listdir(os.path.join(machine.home, "current", "crl"))) == count
        assert verify(machine).endswith(": OK\n")
        assert work()[1]["installed"] and work()[0] == []
    assert number > 4


# ---- what gluster_info tells ----


def test_what_is_told_of_a_machine(machine: Machine, ca: Ca, openssl: OpenSSL, tmp_path: t.Any) -> None:
    def told() -> dict[str, t.Any]:
        found = installed.describe(machine.directories, openssl, machine.home)
        assert found is not None
        return found

    assert installed.describe(machine.directories, openssl, machine.home) is None
    values = install(machine, ca, crls=ca.crl())[1]
    authority = ca.ensure()[1]["ca"]
    assert told() == {
        **values["certificate"],
        "bundle_sha256": values["bundle_sha256"],
        "authorities": [{name: authority[name] for name in ("common_name", "not_after", "fingerprint_sha256")}],
        "problem": None,
        "matches": True,
        "key_problem": None,
        "crls": values["crls"],
        "lacks_crl": [],
    }
    # What stands there and is no CA is not told as one.
    bundle = os.path.realpath(os.path.join(machine.directories[0], "glusterfs.ca"))
    with open(bundle, "a", encoding="ascii") as file:
        file.write(machine.seen()["glusterfs.pem"].decode())
    assert [one["common_name"] for one in told()["authorities"]] == ["glusterops shares CA"]
    machine.certify(ca)
    # Files that somebody else put there.
    seen = machine.seen()
    for name in seen:
        os.unlink(os.path.join(machine.directories[0], name))
    other = Machine(tmp_path / "other")
    other.certify(ca)
    machine.put({**seen, "glusterfs.key": other.seen()["glusterfs.key"]})
    assert (told()["matches"], told()["problem"], told()["key_problem"]) == (False, None, None)
    # It is the certificate's, and openssl can read it.
    key = serialization.load_pem_private_key(seen["glusterfs.key"], None)
    raw = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    machine.put({"glusterfs.key": key.private_bytes(*raw)})
    assert told()["matches"] is False and told()["key_problem"].startswith("is not in PEM, which is all that Gluster")
    for name in ("glusterfs.key", "glusterfs.ca"):
        os.unlink(os.path.join(machine.directories[0], name))
    assert (told()["matches"], told()["bundle_sha256"]) == (False, None)
    assert told()["problem"] == "There is no bundle of CA certificates beside it."
    # One directory is good, and Gluster's other version has none.
    machine.directories = [*machine.directories, *other.directories]
    assert told()["matches"] is True
