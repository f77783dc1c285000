# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import json
import multiprocessing
import os
import shutil
import stat
import subprocess
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._tls import certificates
from ansible_collections.glusterops.shares.plugins.module_utils._tls import record as records
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tls_helpers import NOW, PASSPHRASE, Ca, Interrupt, make_csr, new_key, snapshot

DAY = datetime.timedelta(days=1)


def parse(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def record(ca: Ca) -> list[dict[str, t.Any]]:
    with open(os.path.join(ca.path, "issued.json"), encoding="utf-8") as file:
        return json.load(file)["certificates"]


# ---- making the CA ----


@pytest.mark.parametrize("key_type", certificates.KEY_TYPES)
def test_a_ca_is_made_once_with_the_profile_of_a_private_ca(ca: Ca, key_type: str) -> None:
    changes, values = ca.ensure(key_type=key_type, common_name="Our CA", ca_valid_days=100)
    assert changes == [Change(ca.path, "certificate authority", "absent", "made")]
    assert ca.ensure(key_type="ed25519", common_name="Other") == ([], values)
    certificate = parse(values["ca"]["certificate"])
    assert values["bundle"] == values["ca"]["certificate"]
    assert values["ca"]["common_name"] == "Our CA"
    assert values["ca"]["not_after"] == (NOW + 100 * DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
    certificate.verify_directly_issued_by(certificate)
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical and usage.value.key_cert_sign and usage.value.crl_sign
    assert not usage.value.digital_signature and not usage.value.key_encipherment
    identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    issuer = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert identifier == issuer
    assert certificate.serial_number.bit_length() > 100


def test_the_directory_is_its_owners_alone(ca: Ca) -> None:
    ca.ensure()
    assert stat.S_IMODE(os.stat(ca.path).st_mode) == 0o700
    modes = {name: stat.S_IMODE(os.stat(os.path.join(ca.path, name)).st_mode) for name in os.listdir(ca.path)}
    assert modes == {"ca.key": 0o600, "ca.pem": 0o644, "issued.json": 0o644}


def test_an_empty_directory_is_taken_and_a_missing_parent_made(tmp_path: t.Any) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "deep" / "down"):
        assert len(Ca(path).ensure()[0]) == 1
        assert Ca(path).ensure()[0] == []


def test_the_key_is_encrypted_with_a_current_work_factor_and_opens_with_openssl(ca: Ca, real_work_factor: None) -> None:
    ca.ensure()
    key = os.path.join(ca.path, "ca.key")
    told = subprocess.run(["openssl", "asn1parse", "-in", key], capture_output=True, text=True, check=True).stdout
    assert "PBES2" in told and "scrypt" in told and "aes-256-cbc" in told
    # N, r and p
    assert [line.split(":")[-1] for line in told.splitlines() if "INTEGER" in line] == ["4000", "08", "05"]
    public = subprocess.run(
        ["openssl", "pkey", "-in", key, "-passin", "stdin", "-pubout"],
        input=PASSPHRASE.decode() + "\n",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    certificate = parse(ca.ensure()[1]["bundle"])
    assert public.encode() == certificate.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


# ---- signing ----


@pytest.mark.parametrize(
    "key, encipher",
    [(new_key(), False), (ed25519.Ed25519PrivateKey.generate(), False), (rsa.generate_private_key(65537, 2048), True)],
    ids=["ecdsa", "ed25519", "rsa"],
)
@pytest.mark.parametrize("key_type", ["ecdsa-p256", "ed25519"])
def test_a_certificate_is_for_the_name_alone(ca: Ca, key: t.Any, encipher: bool, key_type: str) -> None:
    csr = make_csr(key, "server_1.example-a")
    changes, values = ca.ensure(("server_1.example-a", csr), key_type=key_type)
    assert changes[1:] == [Change("server_1.example-a", "certificate", "missing", "signed")]
    told = values["certificates"][0]
    certificate = parse(told["certificate"])
    certificate.verify_directly_issued_by(parse(values["bundle"]))
    assert certificate.subject.rfc4514_string() == "CN=server_1.example-a"
    extensions = certificate.extensions
    assert extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical and usage.value.digital_signature and usage.value.key_encipherment is encipher
    assert not usage.value.key_cert_sign and not usage.value.crl_sign
    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.CLIENT_AUTH,
    ]
    assert certificate.not_valid_before_utc == NOW - datetime.timedelta(minutes=5)
    assert certificate.not_valid_after_utc == NOW + 365 * DAY
    assert told["changed"] is True
    text = subprocess.run(
        ["openssl", "x509", "-noout", "-serial", "-fingerprint", "-sha256"],
        input=told["certificate"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert f"serial={told['serial']}\n" in text and told["fingerprint_sha256"] in text


def test_nothing_but_the_key_is_taken_over_from_the_request(ca: Ca) -> None:
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a")]))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("elsewhere.example")]), critical=False)
    )
    csr = builder.sign(new_key(), x509.load_pem_x509_csr(make_csr(new_key(), "a").encode()).signature_hash_algorithm)
    pem = ca.sign("a", csr.public_bytes(serialization.Encoding.PEM).decode())[0]
    assert parse(pem).extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    with pytest.raises(x509.ExtensionNotFound):
        parse(pem).extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_the_same_request_gets_the_recorded_certificate(ca: Ca) -> None:
    pairs = [(f"host{number}", make_csr(new_key(), f"host{number}")) for number in range(30)]
    first = ca.ensure(*pairs)[1]
    before = snapshot(ca.path)
    changes, second = ca.ensure(*pairs, now=NOW + 10 * DAY)
    assert changes == [] and snapshot(ca.path) == before
    assert [told["common_name"] for told in second["certificates"]] == [name for name, _csr in pairs]
    assert second["certificates"] == [{**told, "changed": False} for told in first["certificates"]]


def test_another_request_with_the_same_key_is_no_reason_to_sign(ca: Ca) -> None:
    key = new_key()
    first = ca.sign("a", make_csr(key, "a"))
    assert make_csr(key, "a") != make_csr(key, "a")
    assert ca.sign("a", make_csr(key, "a")) == first


def test_another_key_is_signed_and_both_stay_recorded(ca: Ca) -> None:
    ca.sign("a", make_csr(new_key(), "a"))
    changes, values = ca.ensure(("a", make_csr(new_key(), "a")))
    assert changes == [Change("a", "certificate", "for another key", "signed")]
    assert [entry["common_name"] for entry in record(ca)] == ["a", "a"]
    assert record(ca)[1]["certificate"] == values["certificates"][0]["certificate"]


def test_machines_of_one_name_have_a_certificate_each(ca: Ca) -> None:
    """Several hosts of a tenant: none is signed again because another was."""
    pairs = [("tenant", make_csr(new_key(), "tenant")) for _host in range(3)]
    changes, values = ca.ensure(*pairs)
    assert [change.subject for change in changes[1:]] == ["tenant"] * 3 and ca.ensure(*pairs)[0] == []
    for (_name, csr), told in zip(pairs, values["certificates"]):
        assert told["csr"] == csr
        assert parse(told["certificate"]).public_key() == x509.load_pem_x509_csr(csr.encode()).public_key()
    assert [told["changed"] for told in ca.ensure(*pairs[::-1], check=True)[1]["certificates"]] == [False] * 3


def test_a_certificate_of_another_ca_is_signed_again(ca: Ca, tmp_path: t.Any) -> None:
    other = Ca(tmp_path / "other")
    csr = make_csr(new_key(), "a")
    other.sign("a", csr)
    ca.ensure()
    shutil.copy(os.path.join(other.path, "issued.json"), os.path.join(ca.path, "issued.json"))
    changes, values = ca.ensure(("a", csr))
    assert changes == [Change("a", "certificate", "of another CA", "signed")]
    parse(values["certificates"][0]["certificate"]).verify_directly_issued_by(parse(values["bundle"]))
    assert ca.ensure(("a", csr))[0] == []


@pytest.mark.parametrize(
    "days, renewed", [(0, False), (334, False), (335, True), (364, True), (365, True), (400, True)]
)
def test_renewal_begins_with_the_window(ca: Ca, days: int, renewed: bool) -> None:
    csr = make_csr(new_key(), "a")
    first = ca.sign("a", csr)[0]
    changes, values = ca.ensure(("a", csr), now=NOW + days * DAY, renew_before_days=30)
    end = (NOW + 365 * DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert changes == ([Change("a", "certificate", f"valid to {end}", "signed")] if renewed else [])
    assert (values["certificates"][0]["certificate"] != first) is renewed
    assert ca.ensure(("a", csr), now=NOW + days * DAY)[0] == []


def test_the_record_keeps_what_is_still_valid(ca: Ca) -> None:
    ca.sign("short", make_csr(new_key(), "short"), valid_days=10, renew_before_days=1)
    ca.sign("long", make_csr(new_key(), "long"))
    ca.sign("new", make_csr(new_key(), "new"), now=NOW + 11 * DAY)
    assert [entry["common_name"] for entry in record(ca)] == ["long", "new"]


def test_unknown_keys_of_an_entry_are_kept(ca: Ca) -> None:
    ca.sign("a", make_csr(new_key(), "a"))
    entries = record(ca)
    entries[0]["note"] = "for tenant a"
    change_record(lambda data: data.update(certificates=entries))(ca.path, "")
    ca.sign("b", make_csr(new_key(), "b"))
    assert record(ca)[0]["note"] == "for tenant a"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    valid=st.integers(1, 500),
    window=st.integers(0, 499),
    ca_days=st.integers(1, 600),
    ages=st.lists(st.integers(0, 599), min_size=1, max_size=4),
)
def test_what_is_returned_never_outlives_the_ca_and_a_second_run_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, valid: int, window: int, ca_days: int, ages: list[int]
) -> None:
    window = min(window, valid - 1)
    ca = Ca(tmp_path_factory.mktemp("ca"), ca_valid_days=ca_days, valid_days=valid, renew_before_days=window)
    csr = make_csr(new_key(), "a")
    ca.ensure()
    for age in sorted(age % ca_days for age in ages):
        now = NOW + age * DAY
        end = parse(ca.sign("a", csr, now=now)[0]).not_valid_after_utc
        assert now < end <= NOW + ca_days * DAY
        assert end - now > window * DAY or end == NOW + ca_days * DAY
        assert ca.ensure(("a", csr), now=now)[0] == []


@pytest.mark.parametrize("days", [-1, 50, 51], ids=["before", "at the end", "after"])
def test_an_expired_ca_signs_nothing(ca: Ca, days: int) -> None:
    ca.ensure(ca_valid_days=50)
    before = snapshot(ca.path)
    with pytest.raises(Conflict, match="nothing that it signed counts now"):
        ca.ensure(("a", make_csr(new_key(), "a")), now=NOW + days * DAY)
    assert snapshot(ca.path) == before


# ---- bad input ----


def broken_signature() -> str:
    der = bytearray(x509.load_pem_x509_csr(make_csr(new_key(), "a").encode()).public_bytes(serialization.Encoding.DER))
    at = der.index(b"a", der.index(b"\x55\x04\x03"))
    der[at] = ord("b")
    return x509.load_der_x509_csr(bytes(der)).public_bytes(serialization.Encoding.PEM).decode()


def weak_rsa() -> str:
    made = subprocess.run(
        ["openssl", "req", "-new", "-newkey", "rsa:1024", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=a"],
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout


@pytest.mark.parametrize(
    "name, csr, message",
    [
        ("a", "", "is missing: only check mode"),
        ("a", None, "is missing: only check mode"),
        ("a", "no PEM", "cannot be read as a certificate request"),
        ("a", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "cannot be read"),
        ("b", make_csr(new_key(), "a"), "is for the subject 'CN=a', but must be for 'CN=b' alone"),
        ("a", make_csr(new_key(), "A"), "is for the subject 'CN=A'"),
        ("a", make_csr(new_key(), "a", "b"), "must be for 'CN=a' alone"),
        ("a", make_csr(new_key(), "a", ORGANIZATION_NAME="o"), "must be for 'CN=a' alone"),
        ("a", make_csr(new_key()), "is for the subject ''"),
        ("b", broken_signature(), "is not signed with the key that it carries"),
        ("a", weak_rsa(), "RSA key of 1024 bits"),
        ("a", make_csr(ec.generate_private_key(ec.SECP256K1()), "a"), "key on the curve secp256k1"),
        ("a", make_csr(dsa.generate_private_key(2048), "a"), "key of a kind that Gluster is not known to take"),
        ("", make_csr(new_key(), "a"), "common_name '' is not a valid name"),
        ("a b", make_csr(new_key(), "a b"), "common_name 'a b' is not a valid name"),
        ("*", make_csr(new_key(), "*"), "is not a valid name"),
        ("a[b]", make_csr(new_key(), "a[b]"), "is not a valid name"),
        ("a,b", make_csr(new_key(), "a,b"), "is not a valid name"),
        ("ä", make_csr(new_key(), "ä"), "is not a valid name"),
        ("a\n", make_csr(new_key(), "a\n"), "is not a valid name"),
        ("a" * 65, make_csr(new_key(), "a"), "is not a valid name"),
    ],
)
def test_one_bad_request_signs_nothing(ca: Ca, name: t.Any, csr: str | None, message: str) -> None:
    good = [(f"good{number}", make_csr(new_key(), f"good{number}")) for number in range(3)]
    with pytest.raises(BadInput, match=message):
        ca.ensure(*good, (name, csr))
    assert not os.path.exists(ca.path)


def test_a_name_with_a_key_may_stand_only_once(ca: Ca) -> None:
    pair = ("a", make_csr(new_key(), "a"))
    with pytest.raises(BadInput, match="sign: the name and key 'a [0-9a-f]{64}' stands more than once"):
        ca.ensure(pair, pair)


# ---- a damaged directory ----


def damage(name: str, data: bytes | None) -> t.Callable[[str, str], None]:
    def do(path: str, _other: str) -> None:
        if data is None:
            os.unlink(os.path.join(path, name))
        else:
            with open(os.path.join(path, name), "wb") as file:
                file.write(data)

    return do


def truncate(name: str) -> t.Callable[[str, str], None]:
    def do(path: str, _other: str) -> None:
        full = os.path.join(path, name)
        os.truncate(full, os.path.getsize(full) // 2)

    return do


def swap(name: str) -> t.Callable[[str, str], None]:
    return lambda path, other: (shutil.copy(os.path.join(other, name), os.path.join(path, name)), None)[1]


def change_record(change: t.Callable[[dict[str, t.Any]], t.Any]) -> t.Callable[[str, str], None]:
    def do(path: str, _other: str) -> None:
        full = os.path.join(path, "issued.json")
        with open(full, encoding="utf-8") as file:
            data = json.load(file)
        change(data)
        with open(full, "w", encoding="utf-8") as file:
            json.dump(data, file)

    return do


def decrypt(path: str, _other: str) -> None:
    full = os.path.join(path, "ca.key")
    with open(full, "rb") as file:
        key = serialization.load_pem_private_key(file.read(), PASSPHRASE)
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    damage("ca.key", plain)(path, _other)


def leaf_as_ca(path: str, _other: str) -> None:
    with open(os.path.join(path, "issued.json"), encoding="utf-8") as file:
        damage("ca.pem", json.load(file)["certificates"][0]["certificate"].encode())(path, _other)


def only_foreign(path: str, _other: str) -> None:
    shutil.rmtree(path)
    os.mkdir(path)
    damage("notes.txt", b"mine")(path, _other)


@pytest.mark.parametrize(
    "do, message",
    [
        (damage("ca.key", None), "ca.key' is missing"),
        (damage("ca.pem", None), "ca.pem' is missing"),
        (damage("issued.json", None), "issued.json' is missing"),
        (damage("ca.key", b"x"), "ca.key' cannot be read as a private key"),
        (truncate("ca.key"), "ca.key' cannot be read as a private key"),
        (swap("ca.key"), "does not open .*ca.key"),
        (decrypt, "ca.key' is not encrypted"),
        (damage("ca.pem", b""), "ca.pem' cannot be read as a CA's certificate"),
        (truncate("ca.pem"), "ca.pem' cannot be read"),
        (swap("ca.pem"), "ca.pem' does not belong to 'ca.key'"),
        (leaf_as_ca, "ca.pem' is not a CA's certificate"),
        (damage("issued.json", b""), "issued.json' cannot be read as the record"),
        (damage("issued.json", b"{"), "issued.json' cannot be read as the record"),
        (damage("issued.json", b"[]"), "issued.json' cannot be read as the record"),
        (damage("issued.json", b"\xff"), "issued.json' cannot be read as the record"),
        (truncate("issued.json"), "issued.json' cannot be read as the record"),
        (change_record(lambda data: data.update(version=3)), "not of the version that this module knows"),
        (change_record(lambda data: data.update(certificates={})), "not of the version that this module knows"),
        (change_record(lambda data: data["certificates"].append(1)), "cannot be read as the record"),
        (change_record(lambda data: data["certificates"][0].update(certificate="x")), "cannot be read as the record"),
        (change_record(lambda data: data["certificates"][0].update(serial="00")), "contradicts itself in entry 1"),
        (change_record(lambda data: data["certificates"][0].pop("not_after")), "contradicts itself in entry 1"),
        (only_foreign, "is neither empty nor a CA"),
    ],
)
@pytest.mark.parametrize("check", [False, True], ids=["run", "check"])
def test_a_damaged_directory_is_an_error_and_stays_as_it_is(
    ca: Ca, tmp_path: t.Any, do: t.Callable[[str, str], None], message: str, check: bool
) -> None:
    ca.sign("a", make_csr(new_key(), "a"))
    other = Ca(tmp_path / "other")
    other.ensure(passphrases=(b"another passphrase",))
    do(ca.path, other.path)
    before = snapshot(ca.path)
    with pytest.raises(Conflict, match=message) as caught:
        ca.ensure(("b", make_csr(new_key(), "b")), check=check)
    assert ca.path in str(caught.value)
    assert snapshot(ca.path) == before


def test_a_wrong_passphrase_is_an_error_also_when_there_is_nothing_to_sign(ca: Ca) -> None:
    csr = make_csr(new_key(), "a")
    ca.sign("a", csr)
    before = snapshot(ca.path)
    with pytest.raises(Conflict, match="The passphrase does not open") as caught:
        ca.ensure(("a", csr), passphrases=(b"wrong horse",))
    assert "wrong horse" not in str(caught.value)
    assert snapshot(ca.path) == before


def test_a_file_in_the_place_of_the_directory_is_an_error(ca: Ca) -> None:
    with open(ca.path, "w", encoding="ascii") as file:
        file.write("x")
    with pytest.raises(Conflict, match="is not a directory"):
        ca.ensure()


# ---- check mode ----


def test_check_mode_predicts_every_kind_of_change_and_writes_nothing(ca: Ca, tmp_path: t.Any) -> None:
    kept, renewed = new_key(), new_key()
    pairs: list[tuple[str, str | None]] = [
        ("kept", make_csr(kept, "kept")),
        ("new", make_csr(new_key(), "new")),
        ("another", make_csr(new_key(), "another")),
        ("renewed", make_csr(renewed, "renewed")),
    ]

    def both(*pairs: tuple[str, str | None], unmade: tuple[str, ...] = ()) -> list[Change]:
        """The changes of check mode, where some machines have no request yet, and of the real run after it."""
        before = snapshot(tmp_path)
        in_check = [(name, None if name in unmade else csr) for name, csr in pairs]
        predicted, told = ca.ensure(*in_check, check=True)
        assert snapshot(tmp_path) == before
        changes, values = ca.ensure(*pairs)
        assert predicted == changes
        for foreseen, value in zip(told["certificates"], values["certificates"]):
            known = {"common_name": value["common_name"], "csr": foreseen["csr"], "changed": True, "revoked": False}
            assert foreseen == ({**dict.fromkeys(value), **known} if value["changed"] else value)
        return changes

    assert [change.before for change in both()] == ["absent"]
    shutil.rmtree(ca.path)
    assert [change.before for change in both(*pairs, unmade=("new", "kept"))] == ["absent"] + ["missing"] * 4
    shutil.rmtree(ca.path)
    ca.sign("kept", make_csr(kept, "kept"))
    ca.sign("another", make_csr(new_key(), "another"))
    ca.sign("renewed", make_csr(renewed, "renewed"), valid_days=20, renew_before_days=1)
    reasons = [change.before for change in both(*pairs, unmade=("another", "new"))]
    assert reasons[:2] == ["missing", "for another key"] and reasons[2].startswith("valid to ")
    assert both(*pairs) == []


def test_check_mode_without_a_ca_tells_nothing_that_is_not_known(ca: Ca) -> None:
    values = ca.ensure(("a", None), check=True)[1]
    name = "glusterops shares CA"
    unknown = {"fingerprint_sha256": None, "not_after": None}
    assert values == {
        "authorities": [{"name": "ca", "state": "signing", "common_name": name, **unknown}],
        "crls": None,
        "coming": [],
        "revoked": [],
        "rotation": None,
        "ca": {
            "certificate": None,
            "fingerprint_sha256": None,
            "not_after": None,
            "common_name": "glusterops shares CA",
        },
        "bundle": None,
        "certificates": [
            {
                "common_name": "a",
                "csr": None,
                "certificate": None,
                "fingerprint_sha256": None,
                "not_after": None,
                "serial": None,
                "changed": True,
                "revoked": False,
                "refused": None,
            }
        ],
        "warnings": [],
    }


# ---- interrupted, and at the same time ----


def test_killed_at_any_step_of_making_and_signing(tmp_path: t.Any, interrupt: Interrupt) -> None:
    csr = make_csr(new_key(), "a")
    number = 0
    while True:
        number += 1
        ca = Ca(tmp_path / str(number) / "ca")
        killed = interrupt.at(number, lambda ca=ca: ca.sign("a", csr))  # type: ignore[misc]
        # Whatever is there is whole; and the next run ends the work.
        found = records.read(ca.path, PASSPHRASE)
        changes, values = ca.ensure(("a", csr))
        assert bool(changes) is (found is None or not found.entries)
        assert ca.ensure(("a", csr)) == (
            [],
            {**values, "certificates": [{**values["certificates"][0], "changed": False}]},
        )
        assert sorted(os.listdir(os.path.dirname(ca.path))) == [".ca.lock", "ca"]
        assert sorted(os.listdir(ca.path)) == ["ca.key", "ca.pem", "issued.json"]
        if not killed:
            break
    assert number > 3


def test_killed_while_signing_loses_no_record(tmp_path: t.Any, interrupt: Interrupt) -> None:
    first = Ca(tmp_path / "0")
    first.ensure(*[(f"old{number}", make_csr(new_key(), f"old{number}")) for number in range(5)])
    old = record(first)
    csr = make_csr(new_key(), "a")
    number, killed = 0, True
    while killed:
        number += 1
        ca = Ca(tmp_path / str(number))
        shutil.copytree(first.path, ca.path)
        killed = interrupt.at(number, lambda ca=ca: ca.sign("a", csr))  # type: ignore[misc]
        ca.sign("a", csr)
        assert record(ca)[:5] == old and [entry["common_name"] for entry in record(ca)[5:]] == ["a"]
    assert number > 1


def sign_many(path: str, prefix: str, csr_of: dict[str, str]) -> None:
    for name, csr in csr_of.items():
        if name.startswith(prefix):
            Ca(path).sign(name, csr)


def test_many_at_once_lose_no_record_and_share_no_serial(ca: Ca) -> None:
    csr_of = {f"{side}{number}": make_csr(new_key(), f"{side}{number}") for side in "abcdefgh" for number in range(8)}
    context = multiprocessing.get_context("fork")
    # The CA itself is made in the race, too.
    workers = [context.Process(target=sign_many, args=(ca.path, side, csr_of)) for side in "abcdefgh"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 8
    assert sorted(entry["common_name"] for entry in record(ca)) == sorted(csr_of)
    assert len({entry["serial"] for entry in record(ca)}) == 64
    assert ca.ensure(*csr_of.items())[0] == []
