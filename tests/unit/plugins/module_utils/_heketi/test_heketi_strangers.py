# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.filter.stranger_problems import FilterModule

(problems,) = FilterModule().filters().values()
INVENTORY = ["server1", "host1", "10.0.0.9"]


@pytest.mark.parametrize("name", ["server2", "server2.example.com", "10.0.0.2", "fd00::2"])
def test_a_server_that_nobody_has(name: str) -> None:
    assert problems([name], INVENTORY) == []


@pytest.mark.parametrize(
    "name, said",
    [
        ("host1", "and the inventory as something else"),
        ("HOST1", "and the inventory as something else"),
        ("10.0.0.9", "and the inventory as something else"),
        ("localhost", "whatever machine one is on"),
        ("127.0.0.1", "whatever machine one is on"),
        ("::1", "whatever machine one is on"),
        # Ansible would take the part before the port, and each of a range.
        ("host1:22", "neither a host name nor an address"),
        ("host[1:9]", "neither a host name nor an address"),
        ("", "neither a host name nor an address"),
        (None, "neither a host name nor an address"),
    ],
)
def test_what_must_not_get_a_servers_identity(name: t.Any, said: str) -> None:
    [problem] = problems(["server2", name], INVENTORY)
    assert said in problem
