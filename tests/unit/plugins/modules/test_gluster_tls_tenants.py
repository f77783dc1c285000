# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import re
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._tls import certificates, pkcs8
from ansible_collections.glusterops.shares.plugins.modules import gluster_tls_ca, gluster_tls_info, gluster_tls_tenants
from tls_module import TlsModule

PASSPHRASE = "correct horse"
SECRET = "staple battery"


@pytest.fixture
def run_module(capsys: pytest.CaptureFixture[str]) -> TlsModule:
    return TlsModule(capsys)


@pytest.fixture(autouse=True)
def quick_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pkcs8, "_N", 16)


@pytest.fixture
def options(run_module: TlsModule, tmp_path: t.Any) -> dict[str, t.Any]:
    ca = {"path": str(tmp_path / "ca"), "passphrase": PASSPHRASE}
    run_module(gluster_tls_ca.main, **ca)
    return {**ca, "directory": str(tmp_path / "out")}


def test_issue_and_show(run_module: TlsModule, options: dict[str, t.Any]) -> None:
    tenants = [{"tenant": "a"}, {"tenant": "b", "share": "s", "format": "pkcs12", "passphrase": SECRET}]
    check = run_module(gluster_tls_tenants.main, check=True, diff=True, tenants=tenants, **options)
    assert check["changed"] and not os.path.exists(options["directory"])
    done = run_module(gluster_tls_tenants.main, diff=True, tenants=tenants, **options)
    assert (done["changes"], done["diff"]) == (check["changes"], check["diff"])
    assert done["diff"]["after"] == {"a": {"hand-over": "written"}, "b.s": {"hand-over": "written"}}
    assert not any(word in run_module.printed for word in (PASSPHRASE, SECRET, "PRIVATE KEY"))
    again = run_module(gluster_tls_tenants.main, tenants=tenants, **options)
    assert not again["changed"] and [one["changed"] for one in again["identities"]] == [False, False]
    shown = run_module(gluster_tls_info.main, path=options["path"])
    assert set(shown) == {"authorities", "bundle", "changed", "changes", "crls", "identities", "rotation"}
    assert not shown["changed"] and shown["bundle"] == done["bundle"] and shown["crls"] == []
    assert [one["serial"] for one in shown["identities"]] == [one["serial"] for one in done["identities"]]
    assert set(shown["identities"][0]) == {
        *("ca", "common_name", "delivered", "managed", "not_after", "not_before"),
        *("revoked", "serial", "share", "tenant"),
    }
    assert [(one["name"], one["state"]) for one in shown["authorities"]] == [("ca", "signing")]


def test_what_was_revoked_is_shown_with_the_crls(run_module: TlsModule, options: dict[str, t.Any]) -> None:
    run_module(gluster_tls_tenants.main, tenants=[{"tenant": "a"}], **options)
    del options["directory"]
    run_module(gluster_tls_ca.main, revoke=[{"common_name": "a", "reason": "superseded"}], crl=True, **options)
    shown = run_module(gluster_tls_info.main, path=options["path"])
    assert shown["identities"][0]["revoked"]["reason"] == "superseded"
    assert [one["ca"] for one in shown["crls"]] == ["ca"] and re.match("20..-", shown["crls"][0]["next_update"])


@pytest.mark.parametrize(
    "tenants, message",
    [
        ([{"share": "s"}], "missing required arguments: tenant found in tenants"),
        ([{"tenant": "a", "format": "pfx"}], "value of format must be one of: pem, pkcs12"),
        ([{"tenant": "manila-host-1"}], "begins with 'manila-host-', which is kept"),
        ([{"tenant": "a"}, {"tenant": "b", "passphrase": SECRET}], "'b' has a passphrase, but only format=pkcs12"),
        ([{"tenant": "b", "passphrase": SECRET}, "a"], "dictionary requested, could not parse"),
        ([{"tenant": "a"}, {"tenant": "a"}], "tenants: the identity 'a' stands more than once"),
    ],
)
def test_bad_input(run_module: TlsModule, options: dict[str, t.Any], tenants: list[t.Any], message: str) -> None:
    answer = run_module(gluster_tls_tenants.main, tenants=tenants, **options)
    assert answer["failed"] and message in answer["msg"]
    assert SECRET not in run_module.printed and PASSPHRASE not in run_module.printed
    assert not os.path.exists(options["directory"])


def test_a_ca_that_is_not_there(run_module: TlsModule, tmp_path: t.Any) -> None:
    for answer in (
        run_module(gluster_tls_info.main, path=str(tmp_path / "none")),
        run_module(
            gluster_tls_tenants.main,
            path=str(tmp_path / "none"),
            passphrase=PASSPHRASE,
            directory=str(tmp_path / "out"),
            tenants=[{"tenant": "a"}],
        ),
    ):
        assert answer["error"] == "not_found" and "There is no CA in" in answer["msg"]
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("module", [gluster_tls_info, gluster_tls_tenants])
def test_missing_cryptography_is_named(
    run_module: TlsModule, options: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch, module: t.Any
) -> None:
    monkeypatch.setattr(certificates, "CRYPTOGRAPHY_ERROR", "Traceback")
    given = {"path": options["path"]} if module is gluster_tls_info else {**options, "tenants": []}
    assert "(cryptography" in run_module(module.main, **given)["msg"]
