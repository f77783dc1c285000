# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.filter.host_mounts import FilterModule as HostMounts
from ansible_collections.glusterops.shares.plugins.filter.mounts_nowhere import FilterModule as Nowhere

(host_mounts,), (nowhere,) = (one().filters().values() for one in (HostMounts, Nowhere))
DEFAULT = {"servers": ["s1", "s2"], "options": ["ro"]}
LOCATIONS = {"pooled": {"volume": "pool-1", "servers": ["s3"]}}


def share(name: str, *mounts: dict[str, t.Any], **others: t.Any) -> dict[str, t.Any]:
    return {"name": name, "mounts": list(mounts), **others}


def mount(host: str, path: str = "/srv", **others: t.Any) -> dict[str, t.Any]:
    return {"host": host, "path": path, **others}


def test_the_mounts_of_a_host() -> None:
    shares = [
        share("x", mount("h1", "/x", options=[], identity="tenant-a"), mount("h2"), mount("h1", "/y", state="absent")),
        share("pooled", mount("h1", "/p")),
        {"name": "alone"},
    ]
    assert host_mounts(shares, "h1", LOCATIONS, [], DEFAULT) == [
        {
            "share": "x",
            "volume": "x",
            "path": "/x",
            "servers": ["s1", "s2"],
            "options": [],
            "identity": "tenant-a",
            "state": "mounted",
        },
        {
            "share": "x",
            "volume": "x",
            "path": "/y",
            "servers": ["s1", "s2"],
            "options": ["ro"],
            "identity": None,
            "state": "absent",
        },
        {
            "share": "pooled",
            "volume": "pool-1",
            "path": "/p",
            "servers": ["s3"],
            "options": ["ro"],
            "identity": None,
            "state": "mounted",
        },
    ]
    assert [one["servers"] for one in host_mounts(shares, "h1", LOCATIONS, ["given"], DEFAULT)] == [["given"]] * 3
    assert host_mounts(shares, "h3", LOCATIONS, [], DEFAULT) == []


@pytest.mark.parametrize(
    "one, provisioner, unknown",
    [
        (share("x", mount("h1"), mount("h2"), provisioner="pool"), "heketi", True),
        (share("x", mount("h1")), "pool", True),
        # Its volume has its name.
        (share("x", mount("h1")), "heketi", False),
        (share("x", mount("h1"), provisioner="snapshot"), "pool", False),
        (share("pooled", mount("h1")), "pool", False),
        (share("x", mount("h1", state="absent")), "pool", False),
        (share("x", mount("h9")), "pool", False),
        ({"name": "x"}, "pool", False),
    ],
)
def test_shares_that_are_nowhere(one: dict[str, t.Any], provisioner: str, unknown: bool) -> None:
    assert nowhere([one], ["h1", "h2"], LOCATIONS, provisioner) == (["x"] if unknown else [])
