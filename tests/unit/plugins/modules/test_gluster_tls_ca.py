# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._tls import certificates, pkcs8
from ansible_collections.glusterops.shares.plugins.modules.gluster_tls_ca import main
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tls_module import TlsModule

PASSPHRASE = "correct horse"


def make_csr(common_name: str) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    csr = x509.CertificateSigningRequestBuilder().subject_name(name)
    signed = csr.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
def run_module(capsys: pytest.CaptureFixture[str]) -> TlsModule:
    return TlsModule(capsys)


@pytest.fixture(autouse=True)
def quick_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pkcs8, "_N", 16)


def test_sign_check_and_sign_again(run_module: TlsModule, tmp_path: t.Any) -> None:
    options = {
        "path": str(tmp_path / "ca"),
        "passphrase": PASSPHRASE,
        "sign": [{"common_name": name, "csr": make_csr(name)} for name in ("a", "b")],
    }
    expected = [
        {"subject": str(tmp_path / "ca"), "what": "certificate authority", "before": "absent", "after": "made"},
        {"subject": "a", "what": "certificate", "before": "missing", "after": "signed"},
        {"subject": "b", "what": "certificate", "before": "missing", "after": "signed"},
    ]
    unmade = {**options, "sign": [{"common_name": "a"}, {"common_name": "b", "csr": ""}]}
    check = run_module(main, check=True, diff=True, **unmade)
    assert (check["changed"], check["changes"], check["bundle"]) == (True, expected, None)
    assert not os.listdir(tmp_path)
    done = run_module(main, diff=True, **options)
    assert (done["changed"], done["changes"], done["diff"]) == (True, expected, check["diff"])
    assert done["diff"]["after"]["a"] == {"certificate": "signed"}
    assert PASSPHRASE not in run_module.printed
    for again in (run_module(main, **options), run_module(main, check=True, **options)):
        assert (again["changed"], again["changes"]) == (False, [])
        assert set(again) == {
            "authorities",
            "bundle",
            "ca",
            "certificates",
            "changed",
            "changes",
            "coming",
            "crls",
            "revoked",
            "rotation",
        }
        assert set(again["ca"]) == {"certificate", "common_name", "fingerprint_sha256", "not_after"}
        for told in again["certificates"]:
            assert set(told) == {
                "certificate",
                "changed",
                "common_name",
                "csr",
                "fingerprint_sha256",
                "not_after",
                "refused",
                "revoked",
                "serial",
            }
            assert "BEGIN CERTIFICATE" in told["certificate"] and told["changed"] is False


@pytest.mark.parametrize(
    "options, message",
    [
        ({"path": None}, "missing required arguments: path"),
        ({"passphrase": None}, "missing required arguments: passphrase"),
        ({"passphrase": ""}, "passphrase must have at least 8 characters: there is none. For the role, set tls_ca_p"),
        ({"passphrase": "1234567"}, "passphrase must have at least 8 characters"),
        ({"common_name": ""}, "common_name '' is not a CA's name"),
        ({"common_name": " x"}, "common_name ' x' is not a CA's name"),
        ({"common_name": "x/y"}, "common_name 'x/y' is not a CA's name"),
        ({"common_name": "x" * 65}, "is not a CA's name: 1 to 64"),
        ({"key_type": "rsa-1024"}, "value of key_type must be one of: ecdsa-p256, ed25519, rsa-4096"),
        ({"ca_valid_days": 0}, "ca_valid_days 0 is out of range: 1 to 36500"),
        ({"ca_valid_days": 36501}, "ca_valid_days 36501 is out of range"),
        ({"ca_valid_days": "ten"}, "cannot be converted to an int"),
        ({"valid_days": 0}, "valid_days 0 is out of range"),
        ({"valid_days": -1}, "valid_days -1 is out of range"),
        ({"valid_days": 30}, "renew_before_days 30 must be less than valid_days 30"),
        ({"renew_before_days": -1}, "renew_before_days -1 is out of range: 0 to 36500"),
        ({"renew_before_days": 365}, "renew_before_days 365 must be less than valid_days 365"),
        ({"sign": "x"}, "dictionary requested, could not parse JSON or key=value"),
        ({"sign": [{"csr": "x"}]}, "missing required arguments: common_name found in sign"),
        ({"sign": [{"common_name": "a", "key": "x"}]}, "Unsupported parameters .* sign.key"),
        ({"sign": [{"common_name": "a*", "csr": "x"}]}, r"sign: common_name 'a\*' is not a valid name"),
        ({"sign": [{"common_name": "a"}]}, "sign: the csr of 'a' is missing: only check mode can do without"),
        ({"sign": [{"common_name": "a", "csr": "x"}]}, "sign: the csr of 'a' cannot be read"),
        ({"sign": [{"common_name": "b", "csr": make_csr("a")}]}, "must be for 'CN=b' alone"),
        (
            {"sign": [{"common_name": "a", "csr": make_csr("a")}] * 2},
            "sign: the name and key 'a [0-9a-f]+' stands more than once",
        ),
        ({"rotation": "done"}, "value of rotation must be one of: made, trusted, issuing, finished"),
        ({"revoke": [{"serial": "1"}]}, "missing required arguments: common_name found in revoke"),
        ({"revoke": [{"common_name": "a*"}]}, r"revoke: common_name 'a\*' is not a valid name"),
        ({"revoke": [{"common_name": "a", "serial": "g"}]}, "the serial 'g' of 'a' is not a number"),
        ({"revoke": [{"common_name": "a", "reason": "bored"}]}, "value of reason must be one of: unspecified, key_c"),
        ({"crl_valid_days": 0}, "crl_valid_days 0 is out of range: 1 to 3650"),
        ({"path": "/proc/nothing/ca"}, "Could not keep the CA: .*'/proc/nothing'"),
        ({"path": "/dev/null"}, "path '/dev/null' is not a directory"),
    ],
)
def test_bad_input(run_module: TlsModule, tmp_path: t.Any, options: dict[str, t.Any], message: str) -> None:
    good = {"path": str(tmp_path / "ca"), "passphrase": PASSPHRASE}
    given = {name: value for name, value in {**good, **options}.items() if value is not None}
    answer = run_module(main, **given)
    assert answer["failed"] is True
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(answer["msg"])
    if options.get("sign") != "x":
        # There ansible-core itself fails before it has learnt what must not be printed.
        assert PASSPHRASE not in run_module.printed
    assert not os.listdir(tmp_path)


def test_machines_that_are_absent(run_module: TlsModule, tmp_path: t.Any) -> None:
    absent = [{"name": "server1", "server": True}, {"name": "host"}]
    answer = run_module(main, path=str(tmp_path / "ca"), passphrase=PASSPHRASE, absent=absent)
    assert answer["error"] == "refused" and "none is made before server1 told" in answer["msg"]


def test_the_passphrase_may_come_from_the_environment(
    run_module: TlsModule, tmp_path: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLUSTEROPS_CA_PASSPHRASE", PASSPHRASE)
    assert run_module(main, path=str(tmp_path / "ca"))["changed"]
    assert PASSPHRASE not in run_module.printed
    assert run_module(main, path=str(tmp_path / "ca"), passphrase="wrong horse")["error"] == "conflict"
    assert not run_module(main, path=str(tmp_path / "ca"), passphrase=PASSPHRASE)["changed"]


def test_rotate_and_revoke(run_module: TlsModule, tmp_path: t.Any) -> None:
    path = str(tmp_path / "ca")
    options = {"path": path, "passphrase": PASSPHRASE, "crl": True}
    signed = run_module(main, sign=[{"common_name": "a", "csr": make_csr("a")}], **options)
    for stage in ("made", "trusted", "issuing"):
        check = run_module(main, rotation=stage, check=True, diff=True, **options)
        done = run_module(main, rotation=stage, diff=True, **options)
        assert (check["changed"], check["diff"], check["rotation"]) == (True, done["diff"], stage)
        assert done["diff"]["after"][path] == {"rotation": stage}
        assert not run_module(main, rotation=stage, **options)["changed"]
    serial = signed["certificates"][0]["serial"]
    revoke = [{"common_name": "a", "reason": "superseded"}]
    done = run_module(main, revoke=revoke, diff=True, **options)
    assert done["diff"]["before"]["a"] == {"revoked": f"{serial} valid"}
    assert done["diff"]["after"]["a"] == {"revoked": "superseded"}
    assert [(told["common_name"], told["serial"], told["ca"]) for told in done["revoked"]] == [("a", serial, "ca")]
    assert [told["state"] for told in done["authorities"]] == ["previous", "signing"]
    assert done["crls"].count("BEGIN X509 CRL") == done["bundle"].count("BEGIN CERTIFICATE") == 2
    assert PASSPHRASE not in run_module.printed and "PRIVATE KEY" not in run_module.printed
    assert not run_module(main, revoke=revoke, **options)["changed"]


def test_a_wrong_passphrase_is_not_printed(run_module: TlsModule, tmp_path: t.Any) -> None:
    run_module(main, path=str(tmp_path / "ca"), passphrase=PASSPHRASE)
    answer = run_module(main, path=str(tmp_path / "ca"), passphrase="wrong horse")
    assert answer["error"] == "conflict" and "does not open" in answer["msg"]
    assert "wrong horse" not in run_module.printed


def test_missing_cryptography_is_named(run_module: TlsModule, tmp_path: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "CRYPTOGRAPHY_ERROR", "Traceback")
    answer = run_module(main, path=str(tmp_path / "ca"), passphrase=PASSPHRASE)
    assert "Failed to import the required Python library (cryptography" in answer["msg"]
