# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from harness import SERVERS, Lab


def test_what_a_cluster_consists_of(identities: Lab, untouched: str) -> None:
    lab = identities
    found = lab.ansible("server1", "gluster_info")
    assert not found["changed"]
    assert found["version"] == lab.run("server1", "gluster --version").stdout.split()[1]
    assert sorted(peer["hostname"] for peer in found["peers"]) == ["localhost", "server2", "server3"]
    assert all(peer["connected"] for peer in found["peers"])
    [described] = [entry for entry in found["volumes"] if entry["name"] == untouched]
    assert described["type"] == "Replicate" and described["replica"] == 3 and described["status"] == "Created"
    assert [brick["server"] for brick in described["bricks"]] == ["server1", "server2", "server3"]
    assert described["bricks"][0]["path"] == f"/srv/{untouched}"
    assert not described["sealed"] and not described["started"] and described["identities"] == []


def test_query_needs_nothing_on_the_server(identities: Lab, untouched: str) -> None:
    lab = identities
    assert lab.run("server1", "python3 -c 'import jmespath'", check=False).returncode != 0
    found = lab.ansible(
        "server1", "gluster_info", gather=["volumes"], query=f"volumes[?name=='{untouched}'].bricks[].server"
    )
    assert found["result"] == ["server1", "server2", "server3"]
    bad = lab.ansible("server1", "gluster_info", query="volumes[?")
    assert bad["failed"] and "query is not a JMESPath expression" in bad["msg"]


def test_processes_and_clients(identities: Lab, volume: str) -> None:
    lab = identities
    lab.module(
        "server1", "gluster_shares", infrastructure=SERVERS, shares=[{"name": volume, "identities": ["tenant-a"]}]
    )
    assert lab.mount("host1", volume) == ""
    # Self-heal daemons connect when they have started, which is a moment later.
    connected = f"gluster volume status {volume} client-list | grep -Eq 'glustershd +3'"
    lab.run("server1", f"for n in $(seq 120); do {connected} && exit; sleep 0.5; done; exit 1")
    found = lab.module("server1", "gluster_info", gather=["processes", "clients"])
    bricks = [process for process in found["processes"][volume] if process["path"] == f"/srv/{volume}"]
    assert len(bricks) == 3 and all(process["online"] and process["port"] for process in bricks)
    assert found["clients"][volume]["fuse"] == 1 and found["clients"][volume]["glustershd"] == 3
    lab.run("host1", "umount /mnt/try")


def test_bad_input(identities: Lab) -> None:
    done = identities.ansible("server1", "gluster_info", gather=["colours"])
    assert done["failed"] and "value of gather must be one or more of" in done["msg"]


def test_where_glusterd_does_not_run(identities: Lab) -> None:
    lab = identities
    done = lab.module("host1", "gluster_info", gather=["volumes"])
    assert done["failed"] and done["error"] == "unreachable" and "is it running?" in done["msg"], done
