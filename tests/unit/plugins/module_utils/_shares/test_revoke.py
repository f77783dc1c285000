# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import typing as t
import xml.etree.ElementTree as ET

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._shares import revoke
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import LIST, UNPROVEN
from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster
from recorded import Recorded, Remembering

SERVERS = ["glusterfs-server1", "glusterfs-server2", "glusterfs-server3"]
INFO = "volume-info-all.xml"
OWN = {"10.89.6.11", "10.89.6.12", "10.89.6.13"}


def volumes(**options: dict[str, str]) -> dict[str, Volume]:
    """Those of the recorded cluster, of which only C(sealed) is sealed and started, with other options."""
    found = answers.read_volumes(ET.fromstring(Recorded("10.3").text(INFO).encode()))
    found = {name: one if name == "sealed" else one._replace(status="Stopped") for name, one in found.items()}
    for name, its in options.items():
        found[name] = found[name]._replace(options={**found[name].options, **its})
    return found


def plan(*arguments: t.Any, **more: t.Any) -> revoke.Plan:
    """With no snapshots that let in others."""
    return revoke.plan(*arguments, **{"exposing": lambda _share, _volume: {}, **more})


def with_list(*entries: str, **more: str) -> dict[str, str]:
    return {LIST: ",".join([*SERVERS, *entries]), **more}


def test_it_is_taken_off_every_list_that_names_it() -> None:
    both = {"client.ssl": "on", "server.ssl": "on"}
    found = plan(
        ["tenant-a", "tenant-b"],
        SERVERS,
        volumes(arbiter=with_list("tenant-b", "tenant-a", "other", **both), disperse=with_list("other", **both)),
    )
    assert {name: (share.name, share.deny) for name, share in found.shares.items()} == {
        "arbiter": ("arbiter", ("tenant-a", "tenant-b")),
        "sealed": ("sealed", ("tenant-a", "tenant-b")),
    }
    assert found.problems == ()


def test_what_was_not_proven_is_done_again() -> None:
    found = plan(["tenant-z"], SERVERS, volumes(sealed={UNPROVEN: "sealed"}))
    assert list(found.shares) == ["sealed"]


def test_what_is_put_right_with_the_list_is_no_problem() -> None:
    found = plan(["tenant-a"], SERVERS, volumes(sealed=with_list("tenant-a", **{"server.dynamic-auth": "off"})))
    assert list(found.shares) == ["sealed"] and found.problems == ()


def test_snapshots_that_let_them_in() -> None:
    found = plan(
        ["tenant-z"],
        SERVERS,
        volumes(),
        exposing=lambda _share, volume: {"monday": ["tenant-z"]} if volume.name == "sealed" else {},
        deactivate=True,
    )
    assert found.shares["sealed"].deactivate and found.problems == ()


MARK = {"user.glusterops-share": "mine@sealed", "user.glusterops-state": "preparing"}
FREED = {"user.glusterops-share": "-"}


@pytest.mark.parametrize(
    "options, shares, problem",
    [
        (with_list("tenant-a", "tenant-?"), ["sealed"], "sealed: its access list lets them in by tenant-?."),
        (with_list("tenant-z", "t[b]"), [], "sealed: nobody can be sure whom t[b] on its access list lets in."),
        (with_list("tenant-a", **{"server.ssl": "off"}), ["sealed"], "sealed: it is not sealed (server.ssl is off)"),
        (with_list("tenant-a", "*"), ["sealed"], "sealed: its access list lets them in by *"),
        (
            with_list("tenant-z", **{"server.dynamic-auth": "off"}),
            [],
            "sealed: it is not sealed (server.dynamic-auth is off)",
        ),
        (with_list("tenant-z", **{"nfs.disable": "off"}), [], "sealed: it is not sealed (nfs.disable=off"),
        # Nor has it to be named there.
        (with_list("tenant-z", **{"client.ssl": "off"}), [], "sealed: it is not sealed (client.ssl is off)"),
        ({LIST: ""}, [], "sealed: it is not sealed (its access list is empty)"),
        (with_list("tenant-a", **MARK), [], "sealed: it is only being made into a share"),
        (with_list("tenant-a", **FREED), [], "sealed: it is only being made into a share, or no share's any more."),
    ],
)
def test_what_remains_is_told(options: dict[str, str], shares: list[str], problem: str) -> None:
    found = plan(["tenant-a"], SERVERS, volumes(sealed=options))
    assert list(found.shares) == shares
    assert found.problems[0].startswith(problem)


@pytest.mark.parametrize(
    "identities, infrastructure, message",
    [
        ([], SERVERS, "identities is empty"),
        (["tenant-a", "tenant-a"], SERVERS, "identity 'tenant-a' stands more than once"),
        (["tenant-*"], SERVERS, "'tenant-*' is not a valid name"),
        (["tenant-a"], [], "infrastructure must name at least the cluster's servers"),
        (["tenant-a"], ["*"], "'*' is not a valid name or pattern"),
        (["glusterfs-server2"], SERVERS, "'glusterfs-server2' is infrastructure (glusterfs-server2) and stays"),
        (["glusterfs-server2"], ["glusterfs-*"], "'glusterfs-server2' is infrastructure (glusterfs-*) and stays"),
    ],
)
def test_bad_input(identities: list[str], infrastructure: list[str], message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)):
        plan(identities, infrastructure, volumes())


class Cluster(Remembering):
    """The recorded volumes of which only C(sealed) is sealed and started; servers are connected but for C(away)."""

    def __init__(self, away: bool = False, **options: dict[str, str]) -> None:
        super().__init__(*volumes(**options).values())
        peers = Recorded("10.3").text("pool-list-one-down.xml" if away else "pool-list.xml")
        self.instead["pool list"] = lambda _words: peers


def run(gluster: t.Any, identity: str, check_mode: bool = True) -> tuple[list[t.Any], dict[str, t.Any]]:
    return revoke.revoke(LiveCluster(GlusterCli(gluster)), [identity], SERVERS, check_mode)


def test_check_mode_predicts() -> None:
    gluster = Cluster()
    [change], values = run(gluster, "tenant-a")
    assert (change.subject, change.what, change.after) == ("sealed", LIST, SERVERS)
    assert values["shares"] == [{"name": "sealed", "volume": "sealed", "removed": ["tenant-a"]}]
    assert values["cut"] == values["kept"] == [] and gluster.told == []


@pytest.mark.parametrize("check_mode", [True, False])
def test_whom_nobody_lets_in_costs_two_calls(check_mode: bool) -> None:
    gluster = Cluster()
    assert run(gluster, "tenant-z", check_mode) == ([], {"shares": [], "cut": [], "kept": []})
    assert gluster.calls == [["volume", "info"], ["pool", "list"]]


def test_what_cannot_be_done_fails_with_what_was_done() -> None:
    gluster = Cluster(arbiter=with_list("tenant-?", **{"client.ssl": "on", "server.ssl": "on"}))
    with pytest.raises(Conflict, match=r"tenant-a may get in or stay in all the same\. arbiter: its") as caught:
        run(gluster, "tenant-a")
    assert [change.what for change in caught.value.details["changes"]] == [LIST]
    assert caught.value.details["shares"][0]["removed"] == ["tenant-a"]


@pytest.mark.parametrize("identity", ["tenant-a", "tenant-z"])
def test_a_server_that_does_not_hear_of_it(identity: str) -> None:
    """On every run: the list that this server shows may be right, and a brick that nobody reaches has the old one."""
    gluster = Cluster(away=True)
    [gone] = [peer for peer in answers.peers(GlusterCli(gluster)) if not peer.connected]
    its = gluster.volumes["sealed"]
    gluster.volumes["sealed"] = its._replace(
        bricks=tuple(one._replace(server="away", server_uuid=gone.uuid) for one in its.bricks[:1])
    )
    with pytest.raises(Conflict, match="sealed: the glusterd of away is not connected, so its bricks go by the old"):
        run(gluster, identity)


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


CONNECTED, GONE = "volume-status-clients.xml", "volume-status-clients-unmounted.xml"


@pytest.mark.parametrize(
    "looks, seconds, cut",
    [
        # Two looks that are the same, the first of which is recorded with a tenant's mount.
        ([CONNECTED, GONE, GONE], 2.0, True),
        ([GONE, GONE], 1.0, True),
        # Others are connected, and nobody goes: perhaps the one whom it is about needs time.
        ([CONNECTED] * 11, 10.0, False),
    ],
)
def test_sessions_are_given_time_to_end(looks: list[str], seconds: float, cut: bool) -> None:
    doors = answers.read_doors(ET.fromstring(Recorded("10.3").text(CONNECTED).encode()))
    view = doors["sealed"][0]
    tenant = [client for client in view.clients if client.startswith("10.89.6.101:")]
    clock, recorded = Clock(), Recorded("10.3", *looks)
    sessions = revoke._Sessions(LiveCluster(GlusterCli(recorded)), {"sealed": volumes()["sealed"]}, OWN, clock)
    sessions._views = {"sealed": view}
    left = sessions._wait()
    assert clock.now == seconds and len(tenant) == 1
    assert set(tenant).isdisjoint(left["sealed"]) == cut


def test_nobody_connected_is_not_waited_for() -> None:
    doors = answers.read_doors(ET.fromstring(Recorded("10.3").text(GONE).encode()))
    clock = Clock()
    cluster = LiveCluster(GlusterCli(Recorded("10.3", GONE, GONE)))
    sessions = revoke._Sessions(cluster, {"sealed": volumes()["sealed"]}, OWN, clock)
    sessions._views = {"sealed": doors["sealed"][0]}
    sessions._wait()
    assert clock.now == 1.0


def test_a_share_that_two_volumes_hold_is_told_as_that() -> None:
    mine = {"user.glusterops-share": "mine@sealed", "user.glusterops-state": "in-use", LIST: "tenant-a"}
    both = volumes(sealed=with_list("tenant-a", **mine))
    other = both["sealed"]._replace(name="other", options={**both["sealed"].options, **mine})
    other.options["user.glusterops-share"] = "mine@other"
    found = plan(["tenant-a"], SERVERS, {"sealed": both["sealed"], "other": other})
    assert any("both hold share 'mine'" in problem for problem in found.problems) and not found.shares
