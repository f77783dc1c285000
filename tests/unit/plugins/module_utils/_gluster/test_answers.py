# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import is_sealed
from recorded import VERSIONS, Recorded

pytestmark = pytest.mark.parametrize("version", VERSIONS)


def root(version: str, name: str) -> ET.Element:
    return ET.fromstring(Recorded(version).text(name).encode())


def test_volumes(version: str) -> None:
    found = answers.read_volumes(root(version, "volume-info-all.xml"))
    assert {"arbiter", "disperse", "made", "options", "sealed"} <= set(found)
    assert found["made"].status == "Created" and not found["made"].started and found["sealed"].started
    arbiter = found["arbiter"]
    assert (arbiter.replica, arbiter.arbiter) == (3, 1)
    assert [brick.arbiter for brick in arbiter.bricks] == [False, False, True]
    assert (found["disperse"].disperse, found["disperse"].redundancy) == (3, 1)
    assert found["disperse"].type == "Disperse" and found["sealed"].type == "Replicate"
    options = found["options"].options
    assert options["user.note"] == "a < b & c" and options["performance.cache-size"] == "64MB"
    sealed = found["sealed"]
    assert is_sealed(sealed) and not is_sealed(arbiter)
    assert sealed.is_on("features.quota") and not found["made"].is_on("features.quota")
    assert sealed.servers == ("server1", "server2", "server3")
    assert len({brick.server_uuid for brick in sealed.bricks}) == 3
    assert all(brick.path.startswith("/") and ":" not in brick.path for brick in sealed.bricks)


def test_no_volumes(version: str) -> None:
    assert answers.read_volumes(root(version, "volume-info-none.xml")) == {}
    assert answers.read_processes(root(version, "volume-status-none.xml")) == {}


def test_peers(version: str) -> None:
    found = answers.read_peers(root(version, "pool-list.xml"))
    assert sorted(peer.hostname for peer in found) == ["localhost", "server2", "server3"]
    assert all(peer.connected and len(peer.uuid) == 36 for peer in found)
    down = answers.read_peers(root(version, "pool-list-one-down.xml"))
    assert [peer.connected for peer in down].count(False) == 1


def test_processes(version: str) -> None:
    found = answers.read_processes(root(version, "volume-status-all.xml"))["sealed"]
    bricks = [process for process in found if process.path.startswith("/")]
    assert len(bricks) == 3 and all(brick.online and brick.port and brick.pid for brick in bricks)
    helpers = [process for process in found if not process.path.startswith("/")]
    assert {"Self-heal Daemon", "Quota Daemon"} == {helper.server for helper in helpers}
    assert all(helper.online and helper.port is None for helper in helpers)


def test_limits(version: str) -> None:
    assert answers.read_limit(root(version, "quota-list.xml")) == answers.Limit(size=1024**3, used=5 * 1024**2)


def test_clients(version: str) -> None:
    found = answers.read_clients(Recorded(version).text("volume-status-client-list.txt"))
    assert found["sealed"]["fuse"] == 1 and found["sealed"]["glustershd"] == 3
    assert answers.read_clients("") == {}


def test_rebalances(version: str) -> None:
    running = answers.read_rebalance(root(version, "volume-rebalance-running.xml"))
    assert running.status == "in progress" and running.failures == 0
    done = answers.read_rebalance(root(version, "volume-rebalance-done.xml"))
    assert done.status == "completed" and done.files > 1000 and done.size > 1000 and done.seconds > 0
    assert answers.read_rebalances(root(version, "volume-status-rebalancing.xml")) == {"grown": "in progress"}
    assert answers.read_rebalances(root(version, "volume-status-rebalanced.xml")) == {"grown": "completed"}
    assert answers.read_rebalances(root(version, "volume-status-all.xml")) == {}
