# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import os
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._tls import identity, installing, pkcs8
from ansible_collections.glusterops.shares.plugins.modules import gluster_tls_ca
from ansible_collections.glusterops.shares.plugins.modules.gluster_tls_identity import main
from tls_module import TlsModule


@pytest.fixture
def run_module(capsys: pytest.CaptureFixture[str]) -> TlsModule:
    return TlsModule(capsys)


@pytest.fixture(autouse=True)
def machine(tmp_path: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine that runs the tests is touched."""
    (tmp_path / "ssl").mkdir()
    monkeypatch.setattr(identity, "find_directories", lambda: [str(tmp_path / "ssl")])
    for name in ("ensure", "ensure_all"):
        monkeypatch.setattr(installing, name, functools.partial(getattr(installing, name), home=str(tmp_path / "home")))
    monkeypatch.setattr(pkcs8, "_N", 16)


def sign(run: TlsModule, tmp_path: t.Any, common_name: str, csr: str | None, check: bool = False) -> dict[str, str]:
    """What the role hands on to the machine."""
    given = {"path": str(tmp_path / "ca"), "passphrase": "correct horse"}
    answer = run(gluster_tls_ca.main, check=check, sign=[{"common_name": common_name, "csr": csr}], **given)
    return {
        "certificate": answer["certificates"][0]["certificate"] or "",
        "bundle": answer["bundle"] or "",
    }


def test_request_install_and_again(run_module: TlsModule, tmp_path: t.Any) -> None:
    foreseen = run_module(main, check=True, common_name="a")
    assert foreseen["request"]["csr"] is None
    given = sign(run_module, tmp_path, "a", foreseen["request"]["csr"], check=True)
    assert given == {"certificate": "", "bundle": ""}
    also_foreseen = run_module(main, check=True, diff=True, common_name="a", **given)
    assert os.listdir(tmp_path) == ["ssl"]

    requested = run_module(main, common_name="a")
    assert requested["changes"] == foreseen["changes"]
    given = sign(run_module, tmp_path, "a", requested["request"]["csr"])
    installed = run_module(main, diff=True, common_name="a", **given)
    assert installed["changes"] == also_foreseen["changes"] and installed["diff"] == also_foreseen["diff"]
    assert (installed["changed"], installed["installed"]) == (True, True)
    with open(installed["paths"]["key"], encoding="ascii") as file:
        assert file.read().splitlines()[1] not in run_module.printed

    for options in ({}, given):
        for check in (False, True):
            again = run_module(main, check=check, common_name="a", **options)
            told = {name: installed[name] for name in again if name not in ("changed", "changes")}
            assert again == {**told, "changed": False, "changes": []}
            assert set(again) == {
                "bundle_sha256",
                "certificate",
                "changed",
                "changes",
                "common_name",
                "crls",
                "request",
                "directories",
                "installed",
                "paths",
                "scope",
            }
    assert set(again["certificate"]) == {"common_name", "fingerprint_sha256", "issuer", "not_after", "serial"}
    assert again["request"]["csr"] == requested["request"]["csr"]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"common_name": None}, "missing required arguments: common_name"),
        ({"common_name": ""}, "common_name '' is not a valid name"),
        ({"common_name": "a*"}, r"common_name 'a\*' is not a valid name"),
        ({"common_name": "a,b"}, "common_name 'a,b' is not a valid name"),
        ({"common_name": "x" * 65}, "is not a valid name: 1 to 64"),
        ({"key_type": "dsa"}, "value of key_type must be one of: ecdsa-p256, ed25519, rsa-4096"),
        ({"certificate": ""}, "certificate is empty: only check mode can do without"),
        ({"certificate": "x", "bundle": "y"}, "certificate must be one or more certificates in PEM"),
        ({"certificate": "-----BEGIN PRIVATE KEY-----"}, "certificate contains a private key"),
        ({"bundle": ""}, "bundle was given without certificate"),
        ({"bundle": "y"}, "bundle must be one or more certificates in PEM"),
    ],
)
def test_bad_input(run_module: TlsModule, tmp_path: t.Any, options: dict[str, t.Any], message: str) -> None:
    given = {name: value for name, value in {"common_name": "a", **options}.items() if value is not None}
    answer = run_module(main, **given)
    assert answer["failed"] is True
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(answer["msg"])
    assert os.listdir(tmp_path) == ["ssl"]


def test_without_gluster_it_says_what_to_install(run_module: TlsModule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(identity, "find_directories", functools.partial(identity.find_directories, ()))
    answer = run_module(main, common_name="a")
    assert answer["error"] == "not_found" and "install its client first" in answer["msg"]
