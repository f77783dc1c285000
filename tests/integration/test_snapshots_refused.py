# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers without LVM, as the lab's containers are. What snapshots are like is tried on the virtual machine (vm/)."""

from __future__ import annotations

import time
import typing as t

import pytest
from harness import Lab, make_by_hand, remove

ONE = {"name": "monday", "share": "data"}
MANY = {"shares": [{"name": "data", "prefix": "daily", "keep": 7}]}


@pytest.fixture(scope="module")
def volume(either: Lab) -> t.Iterator[Lab]:
    make_by_hand(either, "data")
    either.gluster("volume start data")
    yield either
    remove(either, "data")


@pytest.mark.parametrize("module, arguments", [("gluster_snapshot", ONE), ("gluster_snapshots", MANY)])
@pytest.mark.parametrize("check", [True, False])
def test_refused(volume: Lab, module: str, arguments: dict[str, t.Any], check: bool) -> None:
    """GlusterFS 10 tells nothing of snapshots without LVM. 11 does, and says only that it is not possible."""
    done = volume.module("server1", module, check, **arguments)
    assert done["failed"] and done["error"] == "refused" and not done["changed"], done
    if volume.run("server1", "gluster --version").stdout.startswith("glusterfs 10"):
        assert "Gluster finds no LVM on this server" in done["msg"] and "install lvm2 on every server" in done["msg"]
    else:
        assert "each brick on a thin logical volume of its own" in done["msg"] and "server1:/srv/data" in done["msg"]


@pytest.mark.parametrize(
    "module, arguments, message",
    [
        ("gluster_snapshot", {**ONE, "name": "a.b"}, "name 'a.b' is not a snapshot's name"),
        ("gluster_snapshot", {**ONE, "name": ""}, "name '' is not a snapshot's name"),
        ("gluster_snapshot", {**ONE, "share": "a b"}, "share 'a b' is not a volume name"),
        ("gluster_snapshot", {**ONE, "description": "a\nb=c"}, "one line of 1 to 1024 bytes"),
        ("gluster_snapshot", {**ONE, "state": "restored", "active": True}, "go with state: present only"),
        ("gluster_snapshots", {"shares": [{"name": "data", "prefix": "daily"}]}, "say how many to keep, or how long"),
        (
            "gluster_snapshots",
            {"shares": [{"name": "data", "prefix": "daily", "keep_for": "7 years"}]},
            "data: keep_for '7 years' is not a duration",
        ),
        ("gluster_snapshots", {"shares": MANY["shares"] * 2}, "series 'daily-data' stands more than once"),
    ],
)
def test_bad_input(identities: Lab, module: str, arguments: dict[str, t.Any], message: str) -> None:
    done = identities.module("server1", module, **arguments)
    assert done["failed"] and done["error"] == "bad_input" and message in done["msg"], done
    assert done["changes"] == []


def test_nothing_to_do_asks_nothing_of_lvm(identities: Lab) -> None:
    done = identities.ansible("server1", "gluster_snapshots", shares=[])
    assert not done["failed"] and not done["changed"] and done["snapshots"] == [], done


def test_a_clock_that_is_wrong(identities: Lab) -> None:
    """The control node's is an hour behind it."""
    done = identities.module("server1", "gluster_snapshots", **MANY, now=time.time() - 3600)
    assert done["failed"] and done["error"] == "refused" and done["changes"] == [], done
    assert " s ahead of the control node's, and Gluster would stamp snapshots with it" in done["msg"]


def test_the_playbook_says_why(identities: Lab, untouched: str) -> None:
    done = identities.play(
        "glusterops.shares.snapshots", shares_list=[{"name": untouched, "size": "1G", "snapshots": [{"keep": 3}]}]
    )
    assert done.rc != 0 and done.changed == 0
    for server in ("server1", "server2", "server3"):
        assert f"{server}: Gluster finds no LVM on this server" in done.output, done.output
