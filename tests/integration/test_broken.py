# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Heketi or a server dies while real volumes are made, grown or deleted: nothing is lost, the next run finishes."""

from __future__ import annotations

import time
import typing as t

import pytest
from harness import KILL_HEKETI, SERVERS, Lab, lab_command, restart_heketi, start_glusterd, stop_glusterd

NAME = "broken"
# Heketi counts an operation that has not ended.
BEGUN = (
    'python3 -c "import re, sys, urllib.request as r; '
    "said = r.urlopen('http://127.0.0.1:8080/metrics').read(); "
    "sys.exit(not re.search(rb'operations_total_count [1-9]', said))\""
)


class Heketi:
    """One volume's module, and a Heketi that can be killed meanwhile."""

    def __init__(self, lab: Lab, options: dict[str, t.Any]) -> None:
        self.lab = lab
        self.options = {**options, "name": NAME}

    def run(self, **arguments: t.Any) -> dict[str, t.Any]:
        return self.lab.module("localhost", "gluster_heketi_volume", **{**self.options, **arguments})

    def killed(self, until: str, node: str, standin: dict[str, t.Any], **arguments: t.Any) -> dict[str, t.Any]:
        """Runs the module, kills Heketi with -9 as soon as the condition holds on the node, and starts it again.

        standin says where Heketi is slow, so that it is killed in time.
        """
        restart_heketi(self.lab, **standin)
        running = self.lab.start("localhost", "gluster_heketi_volume", **{**self.options, **arguments})
        end = time.monotonic() + 120
        while self.lab.run(node, until, check=False).returncode:
            assert time.monotonic() < end and not running.done(), self.lab.result(running)
        self.lab.run("heketi", KILL_HEKETI)
        # What it began on the servers goes on without it.
        for server in ("server1", "server2", "server3"):
            self.lab.run(
                server, "for n in $(seq 600); do pgrep -x gluster > /dev/null || exit 0; sleep 0.1; done; exit 1"
            )
        lab_command("up")
        return self.lab.result(running)

    def killed_at_once(self, **arguments: t.Any) -> dict[str, t.Any]:
        """The same, when Heketi has noted what it is about to do, and not begun with it."""
        return self.killed(BEGUN, "heketi", {"operation_delay": 30}, **arguments)

    def bricks(self) -> int:
        return self.lab.gluster(f"volume info {NAME} 2>/dev/null || true").count("/brick\n")


@pytest.fixture
def heketi_that_dies(identities: Lab, heketi: dict[str, t.Any]) -> t.Iterator[Heketi]:
    found = Heketi(identities, heketi)
    yield found
    gone = found.run(state="absent", clean_up=True)
    assert not gone["failed"], gone


def test_killed_while_creating(heketi_that_dies: Heketi) -> None:
    heketi, wanted = heketi_that_dies, {"size": "2G", "seal": SERVERS}
    first = heketi.killed_at_once(**wanted)
    assert first["failed"] and first["error"] == "outcome_unknown" and "(stale)" in first["msg"], first
    second = heketi.run(**wanted)
    assert second["failed"] and second["error"] == "refused" and not second["changed"], second
    assert "create-volume" in second["msg"] and "clean_up: true has Heketi clean it up" in second["msg"]
    third = heketi.run(**wanted, clean_up=True)
    assert not third["failed"] and third["volume"]["size"] == "2G", third
    assert heketi.bricks() == 3 and heketi.lab.gluster("volume list").split().count(NAME) == 1
    again = heketi.run(**wanted, clean_up=True)
    assert not again["failed"] and not again["changed"], again


def test_killed_while_expanding(heketi_that_dies: Heketi) -> None:
    heketi, wanted = heketi_that_dies, {"size": "2G", "seal": [*SERVERS, "tenant-a"]}
    assert not heketi.run(**wanted)["failed"]
    assert heketi.lab.mount("host1", NAME) == ""
    heketi.lab.run("host1", "echo precious > /mnt/try/data; sync")
    wanted["size"] = "3G"
    first = heketi.killed_at_once(**wanted)
    assert first["failed"] and first["error"] == "outcome_unknown", first
    second = heketi.run(**wanted)
    assert second["failed"] and "expand-volume" in second["msg"] and "clean_up: true" in second["msg"], second
    third = heketi.run(**wanted, clean_up=True)
    assert not third["failed"] and third["volume"]["size"] == "3G", third
    assert not heketi.run(**wanted)["changed"]
    assert heketi.lab.run("host1", "cat /mnt/try/data").stdout == "precious\n"
    heketi.lab.run("host1", "umount /mnt/try")


def test_killed_when_gluster_has_the_new_bricks(heketi_that_dies: Heketi) -> None:
    """Heketi cannot undo that alone, and says nothing about it: the way out is told."""
    heketi, wanted = heketi_that_dies, {"size": "2G", "seal": SERVERS}
    made = heketi.run(**wanted)
    wanted["size"] = "3G"
    first = heketi.killed(
        f"[ $(gluster volume info {NAME} | grep -c /brick$) = 6 ]",
        "server1",
        {"faults": [{"command": f"volume rebalance {NAME}", "delay": 30}]},
        **wanted,
    )
    assert first["failed"] and first["error"] == "outcome_unknown", first
    second = heketi.run(**wanted, clean_up=True)
    assert second["failed"] and "could not clean up expand-volume" in second["msg"], second
    assert "with 'gluster volume remove-brick': " in second["msg"] and heketi.bricks() == 6
    known = {brick["path"] for brick in made["volume"]["bricks"]}
    lines = heketi.lab.gluster(f"volume info {NAME}").splitlines()
    bricks = [line.partition(": ")[2] for line in lines if line.startswith("Brick") and line.endswith("/brick")]
    new = " ".join(brick for brick in bricks if brick.partition(":")[2] not in known)
    named = second["msg"].rpartition(": ")[2].rstrip(".").split(", ")
    assert {brick.partition(":")[2] for brick in named} == {brick.partition(":")[2] for brick in new.split()}
    heketi.lab.gluster(f"volume remove-brick {NAME} replica 3 {new} start")
    moved = f"gluster volume remove-brick {NAME} replica 3 {new} status | grep -q completed"
    heketi.lab.run("server1", f"for n in $(seq 120); do {moved} && exit; sleep 0.5; done; exit 1")
    heketi.lab.gluster(f"volume remove-brick {NAME} replica 3 {new} commit")
    third = heketi.run(**wanted, clean_up=True)
    assert not third["failed"] and third["volume"]["size"] == "3G" and heketi.bricks() == 6, third


def test_killed_while_deleting(heketi_that_dies: Heketi) -> None:
    heketi = heketi_that_dies
    assert not heketi.run(size="2G", seal=SERVERS)["failed"]
    first = heketi.killed_at_once(state="absent")
    assert first["failed"] and first["error"] == "outcome_unknown", first
    # What was wanted is finished without a further permission.
    second = heketi.run(state="absent")
    assert not second["failed"] and second["changed"] and heketi.bricks() == 0, second
    again = heketi.run(state="absent")
    assert not again["failed"] and not again["changed"] and again["volume"]["notes"] == [], again


def test_the_role_leaves_alone_what_is_half_made(heketi_that_dies: Heketi) -> None:
    """Neither started, nor listed, nor mounted; and nothing is destroyed under somebody."""
    heketi, lab = heketi_that_dies, heketi_that_dies.lab
    faults = {"faults": [{"command": f"volume start {NAME}", "delay": 60}]}
    sealed = f"gluster volume info {NAME} 2>/dev/null | grep -q user.heketi.id"
    first = heketi.killed(sealed, "server1", faults, size="2G", seal=[*SERVERS, "tenant-b"])
    assert first["failed"] and first["error"] == "outcome_unknown", first
    before = lab.gluster(f"volume info {NAME}")
    assert "Status: Created" in before
    shares = {"shares_list": [{"name": NAME, "size": "2G", "identities": ["tenant-a"]}]}
    refused = lab.play("glusterops.shares.shares", **shares)
    assert refused.rc != 0 and refused.changed == 0, refused.output
    assert "did not finish: create-volume" in refused.output and "clean_up: true has Heketi clean" in refused.output
    assert lab.gluster(f"volume info {NAME}") == before

    lab.gluster(f"volume start {NAME}")
    assert lab.mount("host2", NAME) == ""
    started = lab.gluster(f"volume info {NAME}")
    refused = lab.play("glusterops.shares.shares", shares_clean_up=True, **shares)
    assert refused.rc != 0 and refused.changed == 0, refused.output
    assert f"{NAME} is mounted by 1 client: unmount it there first." in refused.output, refused.output
    assert lab.gluster(f"volume info {NAME}") == started
    lab.run("host2", "umount /mnt/try")

    done = lab.play("glusterops.shares.shares", shares_clean_up=True, **shares)
    assert done.rc == 0, done.output
    made = lab.options(NAME)
    assert made["auth.ssl-allow"] == ",".join(sorted([*SERVERS, "tenant-a"])) and made["client.ssl"] == "on", made
    assert made["cluster.lookup-optimize"] == "off" and made["features.quota"] == "on", made
    assert heketi.run(size="2G", known_volumes=[NAME])["volume"]["id"] == made["user.heketi.id"]
    # Sealed before it first started, with nobody in who is no server; tenants only when it had its limit.
    commands = lab.run("server1", "cat /var/log/glusterfs/cmd_history.log").stdout
    assert commands.rfind(f"volume set {NAME} client.ssl on") < commands.rfind(f"volume start {NAME} : SUCCESS")


def test_deleted_with_a_server_down(heketi_that_dies: Heketi) -> None:
    heketi = heketi_that_dies
    assert not heketi.run(size="2G", seal=SERVERS)["failed"]
    stop_glusterd(heketi.lab, "server3")
    try:
        first = heketi.run(state="absent")
        assert first["failed"] and "it may be stopped now" in first["msg"], first
        assert heketi.run(size="2G", seal=SERVERS)["volume"]["size"] == "2G"
    finally:
        start_glusterd(heketi.lab, "server3")
    second = heketi.run(state="absent")
    assert not second["failed"] and heketi.bricks() == 0, second


def test_two_runs_make_one_volume(heketi_that_dies: Heketi) -> None:
    heketi = heketi_that_dies
    arguments = {**heketi.options, "size": "2G", "seal": SERVERS}
    both = [heketi.lab.start("localhost", "gluster_heketi_volume", **arguments) for _run in range(2)]
    results = [heketi.lab.result(one) for one in both]
    assert any(not one["failed"] for one in results), results
    assert heketi.lab.gluster("volume list").split().count(NAME) == 1 and heketi.bricks() == 3, results
    for loser in results:
        assert not loser["failed"] or loser["error"] in ("conflict", "refused"), loser
    assert not heketi.run(size="2G", seal=SERVERS)["changed"]
