# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._tls import certificates, pkcs8
from ansible_collections.glusterops.shares.plugins.modules import gluster_tls_ca, gluster_tls_external
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tls_module import TlsModule


def make_csr(common_name: str) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    csr = x509.CertificateSigningRequestBuilder().subject_name(name)
    signed = csr.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
def run_module(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> TlsModule:
    monkeypatch.setattr(pkcs8, "_N", 16)
    return TlsModule(capsys)


def test_it_answers_as_the_ca_does(run_module: TlsModule, tmp_path: t.Any) -> None:
    options = {
        "requests_path": str(tmp_path / "out"),
        "certificates_path": str(tmp_path / "in"),
        "sign": [{"common_name": "a", "csr": make_csr("a")}],
    }
    check = run_module(gluster_tls_external.main, check=True, diff=True, **{**options, "sign": [{"common_name": "a"}]})
    done = run_module(gluster_tls_external.main, diff=True, **options)
    assert check["changed"] and (check["changes"], check["diff"]) == (done["changes"], done["diff"])
    assert done["waiting"] == check["waiting"] == ["a"] and done["certificates"][0]["certificate"] is None
    (name,) = os.listdir(options["requests_path"])
    ca = {"path": str(tmp_path / "ca"), "passphrase": "correct horse", "sign": options["sign"]}
    signed = run_module(gluster_tls_ca.main, **ca)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name.replace(".csr", ".pem")).write_text(signed["certificates"][0]["certificate"])
    (tmp_path / "in" / "ca.pem").write_text(signed["bundle"])
    taken = run_module(gluster_tls_external.main, **options)
    assert taken["changed"] and taken["certificates"] == signed["certificates"]
    again = run_module(gluster_tls_external.main, **options)
    assert not again["changed"] and (again["ca"], again["bundle"]) == (signed["ca"], signed["bundle"])
    assert set(again) == {"bundle", "ca", "certificates", "changed", "changes", "coming", "crls", "waiting"}


@pytest.mark.parametrize(
    "options, message",
    [
        ({"requests_path": None}, "missing required arguments: requests_path"),
        ({"certificates_path": None}, "missing required arguments: certificates_path"),
        ({"renew_before_days": -1}, "renew_before_days -1 is out of range: 0 to 36500"),
        ({"sign": [{"common_name": "a"}]}, "sign: the csr of 'a' is missing: only check mode can do without"),
        ({"sign": [{"common_name": "a*"}]}, "sign: common_name 'a*' is not a valid name"),
        (
            {"requests_path": "/dev/null/out", "sign": [{"common_name": "a", "csr": make_csr("a")}]},
            "Could not exchange requests and certificates: Not a directory",
        ),
    ],
)
def test_bad_input(run_module: TlsModule, tmp_path: t.Any, options: dict[str, t.Any], message: str) -> None:
    good = {"requests_path": str(tmp_path / "out"), "certificates_path": str(tmp_path / "in")}
    given = {name: value for name, value in {**good, **options}.items() if value is not None}
    answer = run_module(gluster_tls_external.main, **given)
    assert answer["failed"] and message in answer["msg"] and not os.listdir(tmp_path)


def test_missing_cryptography_is_named(run_module: TlsModule, tmp_path: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "CRYPTOGRAPHY_ERROR", "Traceback")
    answer = run_module(gluster_tls_external.main, requests_path=str(tmp_path), certificates_path=str(tmp_path))
    assert "(cryptography" in answer["msg"]
