# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._tls import pkcs8
from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import OpenSSL
from tls_helpers import Ca, Interrupt, run_command
from tls_machine import Machine


@pytest.fixture(autouse=True)
def quick_passphrase(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The work factor is tested where it matters; elsewhere it would only cost time."""
    if "real_work_factor" not in request.fixturenames:
        monkeypatch.setattr(pkcs8, "_N", 16)


@pytest.fixture
def real_work_factor() -> None:
    """Marks a test that wants the key encrypted as users get it."""


@pytest.fixture
def ca(tmp_path: t.Any) -> Ca:
    return Ca(tmp_path / "ca")


@pytest.fixture
def openssl() -> OpenSSL:
    return OpenSSL(run_command)


@pytest.fixture
def interrupt() -> Interrupt:
    return Interrupt()


@pytest.fixture
def machine(tmp_path: t.Any) -> Machine:
    return Machine(tmp_path / "machine")
