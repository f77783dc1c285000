# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.filter.stranger_problems import FilterModule

(problems,) = FilterModule().filters().values()
INVENTORY = ["server1", "host1", "10.0.0.9"]


@pytest.mark.parametrize(
    "name", ["server2", "server2.example.com", "10.0.0.2", "fd00::2", "fe80::2%eth0", "server_2", "4u.rack-3"]
)
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
        ("::ffff:127.0.0.1", "whatever machine one is on"),
        ("0.0.0.0", "whatever machine one is on"),
        ("::", "whatever machine one is on"),
        ("ip6-localhost", "whatever machine one is on"),
        ("localhost4.localdomain4", "whatever machine one is on"),
        ("server.localhost", "whatever machine one is on"),
        # Addresses, in other ways to write them.
        ("127.1", "neither a host name nor an address"),
        ("0x7f000001", "neither a host name nor an address"),
        ("2130706433", "neither a host name nor an address"),
        # Ansible would take the part before the port, and each of a range.
        ("host1:22", "neither a host name nor an address"),
        ("host[1:9]", "neither a host name nor an address"),
        # Programs would take these for an option, and for a template.
        ("-server2", "neither a host name nor an address"),
        ("fe80::2%{{ 7 * 191 }}", "neither a host name nor an address"),
        ("", "neither a host name nor an address"),
        (None, "neither a host name nor an address"),
    ],
)
def test_what_must_not_get_a_servers_identity(name: t.Any, said: str) -> None:
    [problem] = problems(["server2", name], INVENTORY)
    assert said in problem
