# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
import xml.etree.ElementTree as ET

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._checks.proof import Expected, Prover
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from recorded import VERSIONS, Alone, with_options

LOOK = ("volume-info-all.xml", "volume-status-all.xml", "volume-status-client-list.txt")


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def uuids(run: Alone) -> dict[str, str]:
    """The identity of each server of the recorded pool."""
    volumes = answers.read_volumes(ET.fromstring(run.text("volume-info-all.xml").encode()))
    return {brick.server_uuid: f"glusterfs-{brick.server}" for brick in volumes["sealed"].bricks}


def prover(run: Alone, answer: t.Callable[[str, int], str] = lambda host, _port: f"glusterfs-{host}") -> Prover:
    return Prover(GlusterCli(run), uuids(run), answer, Clock())


@pytest.mark.parametrize("version", VERSIONS)
def test_a_share_that_works(version: str) -> None:
    run = Alone(version, *LOOK)
    (proof,) = prover(run).prove([Expected("sealed", bricks=3)], 30, 30)
    assert proof.problems == () and proof.healers == 3 and proof.rebalance is None
    assert [brick["common_name"] for brick in proof.bricks] == [f"glusterfs-server{number}" for number in (1, 2, 3)]
    assert [call[2:] for call in run.calls] == [
        ["--xml", "volume", "info"],
        ["--xml", "volume", "status", "all"],
        ["volume", "status", "all", "client-list"],
    ]


def test_nothing_to_look_at_asks_nothing() -> None:
    run = Alone("10.3")
    assert Prover(GlusterCli(run), {}, lambda _host, _port: "", Clock()).prove([], 30, 30) == [] and run.calls == []


def test_bricks_that_answer_wrong() -> None:
    def answer(host: str, _port: int) -> str:
        if host == "server2":
            raise GlusterOpsError("no answer (refused)")
        return {"server1": "glusterfs-server1", "server3": "glusterfs-server1"}[host]

    run = Alone("10.3", *LOOK)
    (proof,) = prover(run, answer).prove([Expected("sealed")], 0, 0)
    assert len(proof.problems) == 2
    assert "brick server2:" in proof.problems[0] and "gives no answer (refused): has its server" in proof.problems[0]
    assert "answers as glusterfs-server1, and its server is glusterfs-server3" in proof.problems[1]


def test_a_server_that_is_not_ours() -> None:
    run = Alone("10.3", *LOOK)
    looking = prover(run)
    looking.servers = dict(list(looking.servers.items())[:2])
    (proof,) = looking.prove([Expected("sealed")], 0, 0)
    assert [problem.partition(" is on ")[2] for problem in proof.problems] == [
        "a server that is none of those given, and answers as glusterfs-server3."
    ]


def test_daemons_are_given_time() -> None:
    class Late(Alone):
        """At first no daemon has connected."""

        def __call__(self, argv: list[str], **options: t.Any) -> tuple[int, str, str]:
            rc, out, err = super().__call__(argv, **options)
            early = argv[-1] == "client-list" and len(self.calls) == len(LOOK)
            return rc, out.replace("glustershd ", "otherwise ") if early else out, err

    looking = prover(Late("10.3", *LOOK, *LOOK))
    assert looking.prove([Expected("sealed")], 30, 0)[0].problems == ()
    assert looking.clock.now == 2
    (proof,) = prover(Late("10.3", *LOOK)).prove([Expected("sealed")], 0, 0)
    assert "3 of 3 self-heal daemons are not connected" in proof.problems[0]


@pytest.mark.parametrize(
    "share, problem",
    [
        (Expected("nosuch"), "it does not exist."),
        (Expected("made"), "it is not started (Created)."),
        (Expected("options"), "it is not sealed: client.ssl is off, server.ssl is off, its access list is empty."),
        (Expected("sealed", bricks=6), "Heketi knows 6 bricks of it, Gluster has 3"),
        (Expected("sealed", grown=True), "start 'gluster volume rebalance sealed start'"),
    ],
)
def test_what_else_may_be_wrong(share: Expected, problem: str) -> None:
    (proof,) = prover(Alone("10.3", *LOOK)).prove([share], 0, 0)
    assert any(problem in one for one in proof.problems)


def grown(status: str) -> tuple[str, str, str]:
    return LOOK[0], status, LOOK[2]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_rebalance_is_waited_for(version: str) -> None:
    running = [*grown("volume-status-rebalancing.xml"), "volume-rebalance-running.xml"]
    done = [*grown("volume-status-rebalanced.xml"), "volume-rebalance-done.xml"]
    looking = prover(Alone(version, *running, *running, *done))
    (proof,) = looking.prove([Expected("grown", grown=True)], 0, 60)
    assert proof.rebalance and proof.rebalance.status == "completed" and proof.rebalance.files > 1000
    assert looking.clock.now == 4
    (proof,) = prover(Alone(version, *running)).prove([Expected("grown", grown=True)], 0, 0)
    assert proof.rebalance and str(proof.rebalance).startswith("in progress (")
    assert not any("rebalance" in problem for problem in proof.problems)


def test_a_rebalance_that_failed() -> None:
    recorded = Alone("10.3", LOOK[0], "volume-status-rebalanced.xml", LOOK[2], "volume-rebalance-done.xml")

    def run(argv: list[str], **options: t.Any) -> tuple[int, str, str]:
        rc, out, err = recorded(argv, **options)
        # The rebalanced volume under the name of one whose info is recorded.
        return rc, out.replace("grown", "sealed").replace("<failures>0<", "<failures>7<"), err

    looking = Prover(GlusterCli(run), uuids(recorded), lambda host, _port: f"glusterfs-{host}", Clock())
    (proof,) = looking.prove([Expected("sealed")], 0, 0)
    assert any("7 failures): see /var/log/glusterfs/sealed-rebalance.log" in problem for problem in proof.problems)


def test_a_share_that_two_volumes_hold() -> None:
    def run(argv: list[str], **options: t.Any) -> tuple[int, str, str]:
        rc, out, err = recorded(argv, **options)
        return (
            rc,
            with_options(
                out, "arbiter", {"user.glusterops-share": "sealed@arbiter", "user.glusterops-state": "in-use"}
            ),
            err,
        )

    recorded = Alone("10.3", *LOOK)
    looking = Prover(GlusterCli(run), uuids(recorded), lambda host, _port: f"glusterfs-{host}", Clock())
    (proof,) = looking.prove([Expected("sealed")], 0, 0)
    assert any("both hold share 'sealed'" in problem for problem in proof.problems)


def test_a_list_that_is_not_proven() -> None:
    def run(argv: list[str], **options: t.Any) -> tuple[int, str, str]:
        rc, out, err = recorded(argv, **options)
        return rc, with_options(out, "sealed", {"user.glusterops-unproven": "sealed", "nfs.disable": "off"}), err

    recorded = Alone("10.3", *LOOK)
    looking = Prover(GlusterCli(run), uuids(recorded), lambda host, _port: f"glusterfs-{host}", Clock())
    (proof,) = looking.prove([Expected("sealed")], 0, 0)
    assert (
        "its access list was changed, and is not proven on all its bricks: run the role shares again." in proof.problems
    )
    assert any("not sealed: nfs.disable=off (it is exported by NFS" in problem for problem in proof.problems)
