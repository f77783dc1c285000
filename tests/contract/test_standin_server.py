# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in as a program of its own: crashes, clearing up, and what a volume's name can cost."""

from __future__ import annotations

import os
import re
import signal
import time
import typing as t

from program import R3, Program
from replay import KEYS


def test_killed_in_the_middle_of_a_create(program: t.Callable[..., Program]) -> None:
    server = program(alone=True, faults=[{"command": "volume create slow", "delay": 60}])
    server.add_cluster()
    kept = server.finish(server.create("kept")).headers["Location"]
    before = server.get(kept)
    queue = server.create("slow").headers["Location"]
    server.kill()

    server = program(alone=True)
    assert server.ask("GET", queue).status == 404
    assert server.get(kept) == before
    assert server.get("/volumes") == {"volumes": [before["id"]]}
    assert server.get("/operations") == {"total": 1, "in_flight": 0, "stale": 1, "failed": 0, "new": 0}
    (operation,) = server.get("/operations/pending")["pendingoperations"]
    assert operation["type_name"] == "create-volume"
    assert operation["status"] == "stale"
    refused = server.create("slow")
    assert (refused.status, refused.body) == (500, "Failed to allocate new volume: Volume name 'slow' already in use\n")
    dump = server.get("/db/dump")["volumeentries"].values()
    assert {entry["Info"]["name"]: entry["Pending"]["Id"] for entry in dump} == {"kept": "", "slow": operation["id"]}

    assert server.finish(server.ask("POST", "/operations/pending/cleanup", {})).status == 204
    assert server.get("/operations")["total"] == 0
    assert server.finish(server.create("slow")).status == 303


def test_the_cleaner_frees_the_name(program: t.Callable[..., Program]) -> None:
    server = program(faults=[{"command": "volume create slow", "delay": 60}])
    server.add_cluster()
    server.create("slow")
    server.kill()
    server = program(gluster={"start_time_background_cleaner": 0.5})
    end = time.monotonic() + 10
    while server.get("/operations")["total"] and time.monotonic() < end:
        time.sleep(0.05)
    assert server.finish(server.create("slow")).status == 303


def test_killed_in_the_middle_of_delete_and_expand(program: t.Callable[..., Program]) -> None:
    server = program(faults=[{"command": "volume (delete one|add-brick two)", "delay": 60}])
    server.add_cluster()
    one, two = (server.finish(server.create(name)).headers["Location"] for name in ("one", "two"))
    assert server.ask("DELETE", one).status == 202
    assert server.ask("POST", f"{two}/expand", {"expand_size": 1}).status == 202
    server.kill()
    server = program()
    assert server.ask("GET", one).status == 404
    assert len(server.get(two)["bricks"]) == 6  # with those that are pending
    assert server.finish(server.ask("POST", "/operations/pending/cleanup", {"operations": []})).status == 204
    assert server.get("/volumes") == {"volumes": [two.rpartition("/")[2]]}
    assert (server.get(two)["size"], len(server.get(two)["bricks"])) == (1, 3)
    assert server.get("/db/check")["bricks"]["total"] == 3


def test_a_volume_heketi_does_not_know_is_destroyed(program: t.Callable[..., Program]) -> None:
    server = program(foreign_volumes=["precious"])
    server.add_cluster()

    def names() -> list[str]:
        nodes = server.get("/internal/state/examine/gluster")["clusters"][0]["NodesData"]
        return [volume["VolumeName"] for volume in nodes[0]["VolumeInfo"]["Volumes"]["VolumeList"]]

    assert names() == ["precious"]
    made = server.finish(server.create("precious"))
    assert made.status == 303
    log = server.log.read_text()
    # The rollback, then the retry.
    assert (
        log.index("volume create precious") < log.index("volume delete precious") < log.rindex("volume create precious")
    )
    assert names() == ["precious"]
    assert server.finish(server.ask("DELETE", made.headers["Location"])).status == 204
    assert names() == []


def test_a_create_is_tried_five_times_and_leaves_nothing(program: t.Callable[..., Program]) -> None:
    server = program(faults=[{"command": "volume set v bad", "error": "no such option"}])
    server.add_cluster()
    body = {"size": 1, "name": "v", "durability": R3, "glustervolumeoptions": ["bad option"]}
    failed = server.finish(server.ask("POST", "/volumes", body))
    assert (failed.status, failed.body) == (500, "no such option\n")
    assert server.log.read_text().count("volume create v ") == 5
    assert server.log.read_text().count("volume delete v ") == 5
    assert server.get("/operations")["total"] == 0
    check = server.get("/db/check")
    assert (check["volumes"]["total"], check["bricks"]["total"], check["totalinconsistencies"]) == (0, 0, 0)


def test_operation_delay_and_maintenance(program: t.Callable[..., Program]) -> None:
    server = program(operation_delay=0.4)
    begun = time.monotonic()
    server.add_cluster(nodes=1)
    assert time.monotonic() - begun > 0.8
    assert server.ask("POST", "/admin", {"state": "read-only"}).status == 204
    assert server.ask("POST", "/admin", {"state": "normal"}).status == 503
    os.kill(server.process.pid, signal.SIGUSR2)
    end = time.monotonic() + 5
    while server.get("/admin") != {"state": "normal"}:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_device_and_a_node_go(program: t.Callable[..., Program]) -> None:
    server = program()
    server.add_cluster(nodes=2)
    (cluster,) = server.get("/clusters")["clusters"]
    node = server.get(f"/clusters/{cluster}")["nodes"][0]
    (device,) = server.get(f"/nodes/{node}")["devices"]
    path = f"/devices/{device['id']}"
    assert server.ask("DELETE", path).status == 400
    for state in ("offline", "failed"):
        assert server.finish(server.ask("POST", f"{path}/state", {"state": state})).status == 204
    back = server.finish(server.ask("POST", f"{path}/state", {"state": "online"}))
    assert (back.status, back.body) == (500, "Cannot move a failed/removed device to online state\n")
    assert server.finish(server.ask("DELETE", path)).status == 204
    assert server.finish(server.ask("DELETE", f"/nodes/{node}")).status == 204
    assert len(server.get(f"/clusters/{cluster}")["nodes"]) == 1


def test_the_log_has_no_secrets(program: t.Callable[..., Program]) -> None:
    server = program()
    server.add_cluster(nodes=1)
    log = server.log.read_text()
    assert "POST /nodes 202" in log
    assert "[n0] " in log
    for secret in (*(key.decode() for key in KEYS.values()), "bearer", "eyJ", "Authorization"):
        assert secret not in log


def test_it_logs_how_long_each_operation_was_one_of_those_at_a_time(program: t.Callable[..., Program]) -> None:
    server = program(operation_delay=0.05)
    server.add_cluster()
    server.finish(server.create("v"))
    (held,) = re.findall(r"^operation [0-9a-f]{32} ([0-9.]+) ms$", server.log.read_text(), re.MULTILINE)
    # A sleep never ends early.
    assert float(held) >= 50
