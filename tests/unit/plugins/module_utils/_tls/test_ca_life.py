# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of a CA, in any order, broken off anywhere and restored from any backup. See `make fuzz`."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import shutil
import tempfile
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._tls import (
    authority,
    certificates,
    record,
    rotation,
    tenants,
)
from ansible_collections.glusterops.shares.plugins.module_utils._tls.certificates import Validity
from ansible_collections.glusterops.shares.plugins.module_utils._tls.revocation import Revocation
from ansible_collections.glusterops.shares.plugins.module_utils._tls.seen import Seen
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from fuzzing import more
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tls_helpers import NOW, PASSPHRASE, make_csr, new_key

DAY = datetime.timedelta(days=1)
NAMES = ("server", "host", "other")
REASONS = ("key_compromise", "superseded")
NEW = b"another passphrase"


class Broken(BaseException):
    """The run ends here, as if it was killed."""


class Refusing(Exception):
    """Some machine trusts another CA."""


@contextlib.contextmanager
def broken_off(after: int | None) -> t.Iterator[None]:
    """Whatever changes files is broken off before that many steps."""
    if after is None:
        yield
        return
    left = after

    def counted(real: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
        def step(*arguments: t.Any, **options: t.Any) -> t.Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise Broken
            return real(*arguments, **options)

        return step

    with pytest.MonkeyPatch.context() as patch:
        for name in ("replace", "mkdir", "unlink"):
            patch.setattr(os, name, counted(getattr(os, name)))
        yield


@dataclasses.dataclass
class Machine:
    """What it has. certificate, bundle and crls are PEM."""

    key: ec.EllipticCurvePrivateKey = dataclasses.field(default_factory=new_key)
    certificate: str | None = None
    bundle: str | None = None
    crls: str | None = None


def read(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def trusts(bundle: str | None, pem: str) -> bool:
    """Whether one of the CAs in the bundle has signed the certificate."""
    for ca in x509.load_pem_x509_certificates((bundle or "").encode()):
        with contextlib.suppress(InvalidSignature, ValueError):
            read(pem).verify_directly_issued_by(ca)
            return True
    return False


def cas(bundle: str | None) -> set[str]:
    return set(map(certificates.fingerprint, x509.load_pem_x509_certificates(bundle.encode()))) if bundle else set()


def crls_in(pem: str | None) -> list[x509.CertificateRevocationList]:
    end = "-----END X509 CRL-----\n"
    return [x509.load_pem_x509_crl((part + end).encode()) for part in (pem or "").split(end)[:-1]]


def number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


class CaLife(RuleBasedStateMachine):
    """One CA that keeps CRLs, and its machines. All of them come to each run, but some may not get to install."""

    @initialize()
    def begin(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._path = os.path.join(os.path.realpath(self._folder.name), "ca")
        self._handovers = os.path.join(self._folder.name, "handovers")
        self._machines = {name: Machine() for name in NAMES}
        self._now = NOW
        self._stage: str | None = None
        # Whether all machines have installed what the last run answered.
        self._settled = True
        # By fingerprint of the key and name, what was reported as revoked; and the serials of it.
        self._revoked: set[tuple[str, str]] = set()
        self._serials: set[int] = set()
        # The CAs that a machine was told to trust no more.
        self._gone: set[str] = set()
        self._passphrases: tuple[bytes, ...] = (PASSPHRASE,)
        self._backups: list[str] = []
        self._run()

    # ---- what is done ----

    def _run(
        self,
        after: int | None = None,
        install: t.Collection[str] = NAMES,
        revocations: tuple[Revocation, ...] = (),
        stage: str | None = None,
    ) -> dict[str, t.Any] | None:
        """The role: None if it was broken off."""
        requests = tuple(
            dataclasses.replace(
                certificates.parse_request(name, make_csr(machine.key, name)),
                bundle=machine.bundle,
                certificate=machine.certificate,
                server=name == "server",
            )
            for name, machine in self._machines.items()
        )
        desired = authority.Desired(
            self._path,
            requests=requests,
            validity=Validity(90, 30),
            rotation=stage,
            revocations=revocations,
            crl=True,
            others=True,
            force=True,
            seen=Seen(
                tuple(machine.certificate for machine in self._machines.values()),
                tuple(machine.crls for machine in self._machines.values()),
            ),
        )
        try:
            with broken_off(after):
                values = authority.ensure(desired, self._passphrases, self._now, False)[1]
        except Broken:
            return None
        if any(one["refused"] for one in values["certificates"]):
            raise Refusing(values["certificates"])
        self._is_true(values)
        self._settled = True
        for one in values["certificates"]:
            if one["common_name"] in install:
                self._install(one, values)
            else:
                self._settled = False
        return values

    def _install(self, one: dict[str, t.Any], values: dict[str, t.Any]) -> None:
        machine = self._machines[one["common_name"]]
        if one["certificate"] is None:
            return
        # As a machine checks it.
        assert read(one["certificate"]).public_key() == machine.key.public_key()
        before = {crl.issuer.rfc4514_string(): number(crl) for crl in crls_in(machine.crls)}
        for crl in crls_in(values["crls"]):
            assert number(crl) >= before.get(crl.issuer.rfc4514_string(), 0)
        trusted = cas(values["bundle"])
        self._gone |= cas(machine.bundle) - trusted
        assert not self._gone & trusted
        machine.certificate, machine.bundle, machine.crls = one["certificate"], values["bundle"], values["crls"]

    def _is_true(self, values: dict[str, t.Any]) -> None:
        assert len(crls_in(values["crls"])) == len(values["authorities"])
        for one in values["certificates"]:
            key = certificates.public_key_sha256(self._machines[one["common_name"]].key.public_key())
            if one["certificate"]:
                assert (key, one["common_name"]) not in self._revoked
                assert trusts(values["bundle"], one["certificate"])
                assert certificates.end(read(one["certificate"])) > self._now
            else:
                assert one["revoked"]
        listed = {revoked.serial_number for crl in crls_in(values["crls"]) for revoked in crl}
        found = record.read(self._path)
        assert found is not None
        names = {ca.name for ca in found.authorities}
        now = certificates.iso(self._now)
        present = {int(one["serial"], 16) for one in found.entries if one["ca"] in names and one["not_after"] > now}
        present |= {int(entry["serial"], 16) for entry in found.unseen}
        assert self._serials & present <= listed

    @rule(after=st.integers(0, 12), install=st.sets(st.sampled_from(NAMES)))
    def a_run_is_broken_off(self, after: int, install: set[str]) -> None:
        self._run(after, install)

    @rule(days=st.sampled_from((0, 20, 70)))
    def a_run(self, days: int) -> None:
        self._now += days * DAY
        self._run()

    @rule(name=st.sampled_from(NAMES))
    def a_key_is_renewed(self, name: str) -> None:
        self._machines[name].key = new_key()
        self._run()

    @rule(name=st.sampled_from(NAMES), reason=st.sampled_from(REASONS))
    def a_machine_is_revoked(self, name: str, reason: str) -> None:
        self._run()
        machine = self._machines[name]
        if machine.certificate is None or not trusts(machine.bundle, machine.certificate):
            return
        self._run(revocations=(Revocation(name, reason=reason),))
        found = record.read(self._path)
        assert found is not None
        entries = [entry for entry in found.entries if entry["common_name"] == name]
        assert all("revoked" in entry for entry in entries if entry["not_after"] > certificates.iso(self._now))
        self._revoked |= {(entry["public_key_sha256"], name) for entry in entries if "revoked" in entry}
        self._serials |= {int(entry["serial"], 16) for entry in entries if "revoked" in entry}
        # The old key gets nothing. Then its keeper has a new one made.
        self._run()
        machine.key = new_key()
        self._run()

    @rule(name=st.sampled_from(("ada", "bob")), after=st.none() | st.integers(0, 12))
    def a_tenant_is_handed_its_identity(self, name: str, after: int | None) -> None:
        desired = tenants.Desired(self._path, self._handovers, (tenants.Tenant(name, name),), validity=Validity(90, 30))
        with contextlib.suppress(Broken), broken_off(after):
            values = tenants.ensure(desired, self._passphrases[0], self._now, False)[1]
            (told,) = values["identities"]
            assert trusts(values["bundle"], told["certificate"]) and all(map(os.path.exists, told["files"]))

    @precondition(lambda self: self._settled)
    @rule(after=st.none() | st.integers(0, 12))
    def the_rotation_goes_on(self, after: int | None) -> None:
        """One stage, once all machines have what the one before gave."""
        found = record.read(self._path)
        assert found is not None
        stages = [None, *rotation.STAGES]
        following = stages[stages.index(found.stage) + 1]
        if self._run(after, stage=following) is None:
            self._settled = False

    @rule(after=st.none() | st.integers(0, 8))
    def the_passphrase_changes(self, after: int | None) -> None:
        old = self._passphrases[0]
        new = NEW if old == PASSPHRASE else PASSPHRASE
        self._passphrases = (new, old)
        if self._run(after) is None:
            self._run()
        self._passphrases = (new,)
        self._run()

    @rule()
    def a_backup_is_made(self) -> None:
        kept = os.path.join(self._folder.name, f"backup{len(self._backups)}")
        shutil.copytree(self._path, kept)
        self._backups.append(kept)

    @precondition(lambda self: self._backups)
    @rule(data=st.data())
    def a_backup_is_restored(self, data: st.DataObject) -> None:
        """An older CA, or one that another passphrase opens, is refused; then there is nothing but the present one."""
        kept = data.draw(st.sampled_from(self._backups))
        present = self._path + ".present"
        os.rename(self._path, present)
        shutil.copytree(kept, self._path)
        before = {name: dataclasses.replace(machine) for name, machine in self._machines.items()}
        try:
            self._run()
        except (GlusterOpsError, Refusing):
            pass
        else:
            shutil.rmtree(present)
            return
        assert before == self._machines
        shutil.rmtree(self._path)
        os.rename(present, self._path)

    # ---- what is always so ----

    @invariant()
    def nobody_is_cut_off(self) -> None:
        """While a rotation goes on, too: each trusts all others."""
        for machine in self._machines.values():
            for other in self._machines.values():
                if machine.bundle and other.certificate:
                    assert trusts(machine.bundle, other.certificate)

    @invariant()
    def it_is_whole(self) -> None:
        found = record.read(self._path, *self._passphrases)
        assert found is not None and found.signing is not None
        serials = [entry["serial"] for entry in found.entries]
        assert len(serials) == len(set(serials))

    def teardown(self) -> None:
        try:
            self._run()
            values = self._run()
            assert values is not None and not any(one["changed"] for one in values["certificates"])
            for name, machine in self._machines.items():
                assert machine.certificate and machine.crls == values["crls"], name
        finally:
            self._folder.cleanup()


TestCaLife = CaLife.TestCase
TestCaLife.settings = settings(
    more,
    max_examples=max(1, more.max_examples // 3),
    stateful_step_count=20,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
)
