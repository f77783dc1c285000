# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import os
import pathlib
import stat
import subprocess
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._tls import certificates, external
from ansible_collections.glusterops.shares.plugins.module_utils._tls.adoption import Absent
from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import OpenSSL
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from tls_helpers import NOW, Ca, certificates_in, make_csr, new_key, snapshot

DAY = datetime.timedelta(days=1)


class Company:
    """Somebody else's CA: it takes requests from one directory and puts certificates into the other."""

    def __init__(self, ca: Ca, openssl: OpenSSL, home: pathlib.Path) -> None:
        self.ca = ca
        self.openssl = openssl
        self.requests = home / "exchange" / "out"
        self.certificates = home / "in"
        self.certificates.mkdir()

    def ensure(
        self,
        *pairs: tuple[str, str | None],
        now: datetime.datetime = NOW,
        check: bool = False,
        has: dict[str, t.Any] | None = None,
        **options: t.Any,
    ) -> tuple[list[Change], dict[str, t.Any]]:
        requests = tuple(
            dataclasses.replace(certificates.parse_request(name, csr, csr_optional=check), **has or {})
            for name, csr in pairs
        )
        desired = external.Desired(str(self.requests), str(self.certificates), requests, **options)
        return external.ensure(desired, self.openssl, now, check)

    def put(self, name: str, text: str) -> None:
        (self.certificates / name).write_text(text)

    def sign_all(self, **options: t.Any) -> None:
        for file in self.requests.iterdir():
            name = file.name.rpartition("-")[0]
            pem, bundle = self.ca.sign(name, file.read_text(), **options)
            self.put(file.stem + ".pem", pem)
            self.put("ca.pem", bundle)


@pytest.fixture
def company(ca: Ca, openssl: OpenSSL, tmp_path: pathlib.Path) -> Company:
    return Company(ca, openssl, tmp_path)


def stem(name: str, key: t.Any) -> str:
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return f"{name}-{hashlib.sha256(spki).hexdigest()[:16]}"


def test_requests_go_out_and_certificates_come_in(company: Company) -> None:
    keys = {name: new_key() for name in ("a", "b")}
    pairs = [(name, make_csr(key, name)) for name, key in keys.items()]
    changes, values = company.ensure(*pairs)
    assert changes == [Change(name, "request", "absent", "written") for name in keys]
    assert sorted(file.name for file in company.requests.iterdir()) == sorted(
        f"{stem(name, key)}.csr" for name, key in keys.items()
    )
    assert (company.requests / f"{stem('a', keys['a'])}.csr").read_text() == pairs[0][1]
    assert {stat.S_IMODE(file.stat().st_mode) for file in company.requests.iterdir()} == {0o644}
    unknown = {"certificate": None, "fingerprint_sha256": None, "not_after": None}
    assert values == {
        "ca": {**unknown, "common_name": None},
        "bundle": None,
        "crls": None,
        "coming": [],
        "certificates": [
            {"common_name": name, "csr": csr, "changed": True, "revoked": False, "refused": None, "serial": None}
            | unknown
            for name, csr in pairs
        ],
        "waiting": ["a", "b"],
    }
    before = snapshot(company.requests)
    changes, again = company.ensure(*pairs)
    assert changes == [] and snapshot(company.requests) == before and again["waiting"] == ["a", "b"]

    company.sign_all()
    expected = company.ca.ensure(*pairs)[1]
    changes, values = company.ensure(*pairs)
    assert changes == [Change(name, "request", "written", "removed") for name in keys]
    assert values == {
        "ca": expected["ca"],
        "bundle": expected["bundle"],
        "crls": None,
        "coming": [],
        "certificates": [{**told, "changed": True} for told in expected["certificates"]],
        "waiting": [],
    }
    assert not list(company.requests.iterdir())
    changes, values = company.ensure(*pairs)
    assert changes == [] and [told["changed"] for told in values["certificates"]] == [False, False]


def test_some_may_still_wait(company: Company) -> None:
    pairs = [(name, make_csr(new_key(), name)) for name in ("a", "b")]
    company.ensure(pairs[0])
    company.sign_all()
    values = company.ensure(*pairs)[1]
    assert values["waiting"] == ["b"]
    assert [told["certificate"] is None for told in values["certificates"]] == [False, True]
    # Those of machines that are not in this run are left alone.
    assert company.ensure(pairs[0])[0] == [] and len(list(company.requests.iterdir())) == 1


def test_machines_of_one_name_have_a_file_each(company: Company) -> None:
    pairs = [("tenant", make_csr(new_key(), "tenant")) for _host in range(2)]
    company.ensure(*pairs)
    company.sign_all()
    values = company.ensure(*pairs)[1]
    for told in values["certificates"]:
        certificate = x509.load_pem_x509_certificate(told["certificate"].encode())
        assert certificate.public_key() == x509.load_pem_x509_csr(told["csr"].encode()).public_key()


@pytest.mark.parametrize(
    "days, due, told", [(0, False, True), (334, False, True), (335, True, True), (365, True, False)]
)
def test_what_ends_soon_goes_out_again(company: Company, days: int, due: bool, told: bool) -> None:
    pair = ("a", make_csr(new_key(), "a"))
    company.ensure(pair)
    company.sign_all()
    company.ensure(pair)
    changes, values = company.ensure(pair, now=NOW + days * DAY)
    assert changes == ([Change("a", "request", "absent", "written")] if due else [])
    assert values["waiting"] == (["a"] if due else [])
    assert (values["certificates"][0]["certificate"] is not None) is told


def test_another_request_for_the_same_key_replaces_the_file(company: Company) -> None:
    key = new_key()
    company.ensure(("a", make_csr(key, "a")))
    csr = make_csr(key, "a")
    assert company.ensure(("a", csr))[0] == [Change("a", "request", "other", "written")]
    assert [file.read_text() for file in company.requests.iterdir()] == [csr]


def test_a_ca_between_is_handed_on(company: Company) -> None:
    root_key, middle_key, key = new_key(), new_key(), new_key()
    root = certificates.make_authority(root_key, "root", NOW, 100)
    root = resign(root, root_key, root, path_length=1)
    middle = resign(certificates.make_authority(middle_key, "middle", NOW, 100), root_key, root, path_length=0)
    leaf = certificates.make_certificate(
        middle, middle_key, "a", key.public_key(), NOW, certificates.Validity(valid_days=60)
    )
    company.put("ca.pem", certificates.pem(root))
    company.put(f"{stem('a', key)}.pem", "Somebody's words\n" + certificates.pem(leaf) + certificates.pem(middle))
    values = company.ensure(("a", make_csr(key, "a")))[1]
    assert values["certificates"][0]["certificate"] == certificates.pem(leaf) + certificates.pem(middle)
    # Then its CRL is needed, too.
    crls = [
        certificates.pem(certificates.make_crl(ca, ca_key, [], 1, NOW, 30))
        for ca, ca_key in ((root, root_key), (middle, middle_key))
    ]
    company.put("crls.pem", crls[0])
    with pytest.raises(BadInput, match="has no CRL of 'CN=middle', without which nobody would be let in"):
        company.ensure(("a", make_csr(key, "a")))
    company.put("crls.pem", "".join(crls))
    assert company.ensure(("a", make_csr(key, "a")))[1]["crls"] == "".join(crls)


def resign(
    certificate: x509.Certificate,
    issuer_key: t.Any,
    issuer: x509.Certificate,
    path_length: int | None = None,
    usage: t.Any = None,
) -> x509.Certificate:
    """The same certificate from another CA."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(certificate.subject)
        .issuer_name(issuer.subject)
        .public_key(certificate.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(certificate.not_valid_before_utc)
        .not_valid_after(certificate.not_valid_after_utc)
    )
    if path_length is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


# ---- what is refused ----


def test_what_cannot_be_used_is_refused_before_anything_is_written(company: Company, tmp_path: pathlib.Path) -> None:
    key, ca_key = new_key(), new_key()
    root = certificates.make_authority(ca_key, "root", NOW, 100)
    good = certificates.make_certificate(root, ca_key, "a", key.public_key(), NOW, certificates.Validity(valid_days=60))
    other_key = certificates.make_certificate(
        root, ca_key, "a", new_key().public_key(), NOW, certificates.Validity(valid_days=60)
    )
    other_name = certificates.make_certificate(
        root, ca_key, "A", key.public_key(), NOW, certificates.Validity(valid_days=60)
    )
    later = certificates.make_certificate(
        root, ca_key, "a", key.public_key(), NOW + 30 * DAY, certificates.Validity(valid_days=60)
    )
    stranger_key = new_key()
    stranger = resign(good, stranger_key, certificates.make_authority(stranger_key, "root", NOW, 100))
    server_only = resign(good, ca_key, root, usage=ExtendedKeyUsageOID.SERVER_AUTH)
    private = certificates.private_bytes(key, "PEM").decode()
    ended = certificates.make_crl(root, ca_key, [], 1, NOW - 50 * DAY, 30)
    forged = certificates.make_crl(root, stranger_key, [], 1, NOW, 30)
    bundle, pem = certificates.pem(root), certificates.pem
    file = f"{stem('a', key)}.pem"
    for texts, message in (
        ({file: pem(good)}, f"{file}' is there, but not 'ca.pem' beside it"),
        ({file: pem(good), "ca.pem": ""}, "ca.pem' must be one or more certificates in PEM"),
        ({file: pem(good), "ca.pem": pem(good)}, "ca.pem' holds 'CN=a', which is not a CA's certificate"),
        ({"ca.pem": bundle + private}, "ca.pem' contains a private key"),
        ({file: pem(good) + private, "ca.pem": bundle}, f"{file}' contains a private key"),
        ({file: "", "ca.pem": bundle}, f"{file}' must be one or more certificates"),
        ({file: bundle.replace("M", "A"), "ca.pem": bundle}, f"{file}' cannot be read as certificates"),
        ({file: pem(other_key), "ca.pem": bundle}, "certificate for another key than that of 'a'"),
        ({file: pem(other_name), "ca.pem": bundle}, "certificate for 'CN=A', but must be for 'CN=a'"),
        ({file: bundle, "ca.pem": bundle}, "certificate for another key"),
        ({file: pem(stranger), "ca.pem": bundle}, f"{file}' cannot be used: The bundle does not vouch"),
        ({file: pem(later), "ca.pem": bundle}, "does not vouch for the certificate: certificate is not yet valid"),
        ({file: pem(server_only), "ca.pem": bundle}, "by a TLS client, which this machine is: .* purpose"),
        ({"ca.pem": bundle, "crls.pem": "x"}, "crls.pem' must be one or more CRLs in PEM"),
        ({"ca.pem": bundle, "crls.pem": pem(forged)}, "crls.pem' has no CRL of 'CN=root', without which nobody"),
        ({"ca.pem": bundle, "crls.pem": pem(ended)}, "crls.pem' has no CRL of 'CN=root' that is valid now"),
        ({"ca.pem": bundle, "crls.pem": pem(ended).replace("M", "A")}, "crls.pem' cannot be read as CRLs"),
    ):
        for name in list(company.certificates.iterdir()):
            name.unlink()
        for name, text in texts.items():
            company.put(name, text)
        for check in (True, False):
            with pytest.raises(BadInput, match=message):
                company.ensure(("b", make_csr(new_key(), "b")), ("a", make_csr(key, "a")), check=check)
    assert not company.requests.exists()


def test_a_name_with_a_key_may_stand_only_once(company: Company) -> None:
    pair = ("a", make_csr(new_key(), "a"))
    with pytest.raises(BadInput, match="sign: the name and key 'a [0-9a-f]{64}' stands more than once"):
        company.ensure(pair, pair)


def test_crls_are_handed_on(company: Company) -> None:
    pair = ("a", make_csr(new_key(), "a"))
    company.ensure(pair)
    company.sign_all(crl=True)
    crls = company.ca.ensure(crl=True)[1]["crls"]
    company.put("crls.pem", "A comment\n" + crls)
    assert company.ensure(pair)[1]["crls"] == crls


def test_no_crl_goes_back(company: Company) -> None:
    pair = ("a", make_csr(new_key(), "a"))
    company.ensure(pair)
    company.sign_all()
    company.put("crls.pem", company.ca.crl())
    later, theirs = company.ca.crl(7, now=NOW + DAY), "no CRL"
    assert company.ensure(pair, now=NOW + 2 * DAY, installed_crls=(theirs, company.ca.crl()))[1]["crls"]
    with pytest.raises(BadInput, match="crls.pem' has an older CRL of 'CN=glusterops shares CA' than machines have"):
        company.ensure(pair, now=NOW + 2 * DAY, installed_crls=(theirs, later))
    company.put("crls.pem", later)
    assert company.ensure(pair, now=NOW + 2 * DAY, installed_crls=(theirs, later))[1]["crls"]


def test_who_comes_from_another_ca_comes_with_all_others(company: Company, tmp_path: pathlib.Path) -> None:
    pair = ("a", make_csr(new_key(), "a"))
    theirs = Ca(tmp_path / "theirs", common_name="Theirs").sign(*pair)[1]
    away = {"absent": (Absent("server2"),)}
    company.ensure(pair, has={"bundle": theirs}, **away)
    company.sign_all()
    # To trust more is no step that cuts anybody off. To show a certificate that others do not trust yet is.
    ours = (company.certificates / "ca.pem").read_text()
    company.put("ca.pem", ours + theirs)
    with pytest.raises(Refused, match="a come from another CA .*: server2 did not answer"):
        company.ensure(pair, has={"bundle": theirs}, **away)
    assert company.ensure(pair, has={"bundle": theirs})[1]["coming"] == ["a"]
    for bundle in (ours, ours + theirs, None):
        values = company.ensure(pair, has={"bundle": bundle}, **away)[1]
        assert values["certificates"][0]["certificate"] and values["coming"] == []


def test_a_subject_with_more_than_a_name(company: Company) -> None:
    """Companies sign what they like around the CN."""
    key, ca_key = new_key(), new_key()
    names = [(NameOID.ORGANIZATION_NAME, "Company"), (NameOID.COMMON_NAME, "a")]
    root = certificates.make_authority(ca_key, "root", NOW, 100)
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(oid, value) for oid, value in names]))
        .issuer_name(root.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW + 60 * DAY)
        .sign(ca_key, hashes.SHA256())
    )
    company.put("ca.pem", certificates.pem(root))
    company.put(f"{stem('a', key)}.pem", certificates.pem(leaf))
    values = company.ensure(("a", make_csr(key, "a")))[1]
    assert certificates_in(values["certificates"][0]["certificate"]) == [leaf]
    assert values["certificates"][0]["serial"] == "07"


# ---- check mode ----


def test_check_mode_predicts_and_writes_nothing(company: Company, tmp_path: pathlib.Path) -> None:
    pairs = [(name, make_csr(new_key(), name)) for name in ("kept", "signed", "new")]
    company.ensure(pairs[0])
    company.sign_all()
    company.ensure(*pairs[:2])
    company.sign_all()
    before = snapshot(tmp_path)
    unmade: list[tuple[str, str | None]] = [*pairs[:2], ("new", None)]
    predicted, told = company.ensure(*unmade, check=True)
    assert snapshot(tmp_path) == before
    changes, values = company.ensure(*pairs)
    assert predicted == changes and [change.subject for change in changes] == ["signed", "new"]
    assert told["waiting"] == values["waiting"] == ["new"]
    assert told["certificates"][:2] == values["certificates"][:2]
    assert company.ensure(*pairs, check=True)[0] == []
    assert sorted(os.listdir(company.requests.parent)) == [".out.lock", "out"]


def test_the_program_sees_the_same_key_sum(company: Company) -> None:
    key = new_key()
    company.ensure(("a", make_csr(key, "a")))
    (file,) = company.requests.iterdir()
    public = subprocess.run(
        f"openssl req -in {file} -noout -pubkey | openssl pkey -pubin -outform DER | openssl sha256 -r",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert file.stem == f"a-{public[:16]}"


def test_a_server_needs_a_certificate_for_servers(company: Company) -> None:
    key, ca_key = new_key(), new_key()
    root = certificates.make_authority(ca_key, "root", NOW, 100)
    good = certificates.make_certificate(root, ca_key, "a", key.public_key(), NOW, certificates.Validity(valid_days=60))
    company.put("ca.pem", certificates.pem(root))
    company.put(
        f"{stem('a', key)}.pem", certificates.pem(resign(good, ca_key, root, usage=ExtendedKeyUsageOID.CLIENT_AUTH))
    )
    pair = ("a", make_csr(key, "a"))
    assert company.ensure(pair)[1]["certificates"][0]["certificate"]
    with pytest.raises(BadInput, match="cannot be used by a TLS server, which this machine is: .* purpose"):
        company.ensure(pair, has={"server": True})
    company.put(f"{stem('a', key)}.pem", certificates.pem(good))
    assert company.ensure(pair, has={"server": True})[1]["certificates"][0]["certificate"]


def test_who_trusts_none_of_the_bundle_needs_a_permission(company: Company, tmp_path: pathlib.Path) -> None:
    pair = ("a", make_csr(new_key(), "a"))
    _pem, theirs = Ca(tmp_path / "theirs", common_name="Theirs").sign(*pair)
    # Before there is a bundle, nothing can be installed.
    company.ensure(pair, has={"bundle": theirs})
    company.sign_all()
    with pytest.raises(Refused, match="the machine of 'a' trusts CN=Theirs"):
        company.ensure(pair, has={"bundle": theirs})
    changes, values = company.ensure(pair, has={"bundle": theirs}, others=True)
    (answer,) = values["certificates"]
    assert changes == [] and answer["certificate"] is None and "trusts CN=Theirs" in answer["refused"]
    assert values["waiting"] == []
    # Its bundles change in steps of the user's: where one stays, nobody is cut off.
    for has, more in (({"bundle": theirs + values["bundle"]}, {}), ({"bundle": theirs}, {"other_cas": "drop"})):
        assert company.ensure(pair, has=has, **more)[1]["certificates"][0]["certificate"]
