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
from ansible_collections.glusterops.shares.plugins.modules.gluster_tls_identities import main
from tls_module import TlsModule

NAMES: list[dict[str, t.Any]] = [{"common_name": "host"}, {"common_name": "tenant", "scope": "tenant"}]


@pytest.fixture
def run_module(capsys: pytest.CaptureFixture[str]) -> TlsModule:
    return TlsModule(capsys)


@pytest.fixture(autouse=True)
def machine(tmp_path: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine that runs the tests is touched."""
    (tmp_path / "ssl").mkdir()
    monkeypatch.setattr(identity, "find_directories", lambda: [str(tmp_path / "ssl")])
    monkeypatch.setattr(installing, "ensure_all", functools.partial(installing.ensure_all, home=str(tmp_path / "home")))
    monkeypatch.setattr(pkcs8, "_N", 16)


def test_requests_certificates_and_again(run_module: TlsModule, tmp_path: t.Any) -> None:
    foreseen = run_module(main, check=True, diff=True, identities=NAMES)
    assert [one["request"]["csr"] for one in foreseen["identities"]] == [None, None]
    requested = run_module(main, diff=True, identities=NAMES)
    assert requested["changes"] == foreseen["changes"] and requested["diff"] == foreseen["diff"]
    assert set(requested["diff"]["after"]) == {"host", "tenants/tenant"}
    given = {"path": str(tmp_path / "ca"), "passphrase": "correct horse"}
    sign = [one["request"] for one in requested["identities"]]
    signed = run_module(gluster_tls_ca.main, sign=sign, **given)
    certified = [{**one, "certificate": answer["certificate"]} for one, answer in zip(NAMES, signed["certificates"])]
    # One of them may still wait.
    first = run_module(main, identities=[certified[0], NAMES[1]], bundle=signed["bundle"])
    assert [one["installed"] for one in first["identities"]] == [True, False]
    done = run_module(main, identities=certified, bundle=signed["bundle"])
    assert [one["installed"] for one in done["identities"]] == [True, True] and done["changed"]
    for one in done["identities"]:
        with open(one["paths"]["key"], encoding="ascii") as file:
            assert file.read().splitlines()[1] not in run_module.printed
    again = run_module(main, identities=certified, bundle=signed["bundle"])
    assert again == {**done, "changed": False, "changes": []}


@pytest.mark.parametrize(
    "options, message",
    [
        ({"identities": [{}]}, "missing required arguments: common_name found in identities"),
        ({"identities": [*NAMES, NAMES[1]]}, "common_name 'tenant' stands more than once in the list"),
        ({"identities": [{"common_name": "a"}, {"common_name": "b"}]}, "More than one of the identities has the scope"),
        ({"identities": [*NAMES, {"common_name": "a*", "scope": "tenant"}]}, "common_name 'a*' is not a valid name"),
        ({"identities": [{"common_name": "a", "scope": "host"}]}, "value of scope must be one of: machine, tenant"),
        ({"identities": NAMES, "bundle": "x"}, "bundle was given without a certificate"),
        ({"identities": NAMES, "crls": "x"}, "crls was given without a certificate"),
        ({"identities": [{**NAMES[1], "certificate": "x"}], "bundle": "y"}, "certificate must be one or more"),
        ({"identities": [{**NAMES[1], "certificate": ""}], "bundle": ""}, "certificate is empty: only check mode"),
    ],
)
def test_bad_input(run_module: TlsModule, tmp_path: t.Any, options: dict[str, t.Any], message: str) -> None:
    answer = run_module(main, **options)
    assert answer["failed"] and message in answer["msg"], answer
    assert os.listdir(tmp_path) == ["ssl"]


def test_a_tenants_identity_needs_no_gluster(run_module: TlsModule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "find_directories", functools.partial(pytest.fail, "Gluster is looked for"))
    assert run_module(main, identities=NAMES[1:])["identities"][0]["directories"] == []
    assert run_module(main, identities=[])["identities"] == []
