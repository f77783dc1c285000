# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.filter.fact_problems import FilterModule

(fact_problems,) = FilterModule().filters().values()


@pytest.mark.parametrize(
    "facts, told",
    [
        (None, []),
        ({}, []),
        ({"mounts": [], "tls": 1, "os_family": "Debian"}, []),
        ({"topology_devices": ["/dev/sdz"], "mounts": []}, ["server1 told topology_devices."]),
        ({"tls_ca_host": "x", "__shares_told": {}}, ["server1 told __shares_told, tls_ca_host."]),
    ],
)
def test_facts_that_are_named_like_variables_of_ours(facts: t.Any, told: list[str]) -> None:
    assert fact_problems({"server1": facts, "server2": {"distribution": "Debian"}}) == told
