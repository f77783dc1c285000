# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What gluster tells of all volumes at once, and may leave out."""

from __future__ import annotations

import typing as t
import xml.etree.ElementTree as ET

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    OutcomeUnknown,
    Refused,
    Unreachable,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli, NoAnswer
from recorded import VERSIONS, Alone, Recorded


class Busy(Alone):
    """A cluster in which another transaction held the volume when all were asked about."""

    def __init__(self, version: str, *names: str, later: t.Sequence[str] = ()) -> None:
        super().__init__(version, *names)
        self.later = list(later)
        self.of_all = 0, "", ""

    def __call__(self, argv: list[str], **options: t.Any) -> tuple[int, str, str]:
        if argv[-2:] == ["pool", "list"]:
            return 0, self.text("pool-list.xml"), ""
        if "all" in argv and argv[2].startswith("--remote-host"):
            return self.of_all
        self.of_all = self._tell(argv, **options)
        return self.of_all

    def _tell(self, argv: list[str], **options: t.Any) -> tuple[int, str, str]:
        rc, out, err = super().__call__(argv, **options)
        if "all" in argv and argv[-1] == "client-list":
            return rc, "", err
        if "all" in argv:
            return rc, out.replace("<volName>sealed<", "<volName>other<"), err
        if self.later and argv[-2:] != ["volume", "info"]:
            return 1, self.later.pop(0), ""
        return rc, out, err


LIST, ALL = "volume-status-client-list.txt", "volume-status-all.xml"
DOORS = "volume-status-clients.xml"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "ask, answer, last",
    [(answers.clients, LIST, "client-list"), (answers.doors, DOORS, "clients"), (answers.status, ALL, "sealed")],
)
def test_a_volume_that_is_left_out_is_asked_for_alone(ask: t.Any, answer: str, last: str, version: str) -> None:
    run = Busy(version, "volume-info-all.xml", answer, answer)
    cli = GlusterCli(run)
    present = answers.volumes(cli)
    assert "sealed" in ask(cli, present)
    assert run.calls[-1][-1] == last and "sealed" in run.calls[-1]


def test_a_volume_that_is_not_told_of_is_unknown() -> None:
    cli = GlusterCli(Busy("10.3", "volume-info-all.xml", LIST, "volume-status-client-list.txt"))
    present = answers.volumes(cli)
    present = {**present, "sealed-2": present["sealed"]._replace(name="sealed-2")}
    del present["sealed"]
    with pytest.raises(OutcomeUnknown, match="does not tell who uses volume 'sealed-2'"):
        answers.clients(cli, present)


def test_a_volume_that_is_locked_is_waited_for() -> None:
    busy = ["Another transaction is in progress for sealed. Please try again after some time."] * 3
    run = Busy("10.3", "volume-info-all.xml", LIST, LIST, LIST, LIST, LIST, later=busy)
    waited: list[float] = []
    cli = GlusterCli(run, sleep=waited.append)
    assert answers.clients(cli, answers.volumes(cli))["sealed"]["fuse"] == 1 and len(waited) == 3


class Asked:
    """Who was asked about what, and the peers that this server knows."""

    def __init__(self, answer: t.Callable[[str, str], dict[str, int]], peers: str = "pool-list.xml") -> None:
        self.calls: list[tuple[str, str]] = []
        self.waited: list[float] = []
        self.answer = answer
        recorded = Recorded("10.3")
        self.cli = GlusterCli(lambda _argv, **_options: (0, recorded.text(peers), ""), sleep=self.waited.append)

    def __call__(self, cli: GlusterCli, which: str) -> dict[str, int]:
        self.calls.append((cli.server, which))
        return self.answer(cli.server, which)


def two(*on: str) -> dict[str, answers.Volume]:
    """Started volumes, each with bricks on these servers."""
    sealed = answers.volumes(GlusterCli(Recorded("10.3", "volume-info-all.xml")))["sealed"]
    bricks = [brick for brick in sealed.bricks if brick.server in on]
    assert len(bricks) == len(on)
    return {name: sealed._replace(name=name, bricks=tuple(bricks)) for name in ("a", "b")}


FAILED = "Commit failed on server2. Please check log file for details."


def test_gluster_that_says_nothing_is_asked_again() -> None:
    """As it does while quota daemons are being started."""
    silent = [5]

    def answer(_server: str, which: str) -> dict[str, int]:
        if silent[0]:
            silent[0] -= 1
            raise NoAnswer("nothing")
        return {which: 1}

    present = {"a": two("server1")["a"]}
    asked = Asked(answer)
    # By all that may know: this server and the volume's, about all and about it alone, and then again.
    assert answers._of_all(asked.cli, present, asked) == {"a": 1} and asked.waited == [1.0] * 2
    assert asked.calls == [("", "all"), ("server1", "all"), ("", "a"), *[("server1", "a")] * 3]
    silent[0] = 100
    with pytest.raises(NoAnswer):
        answers._of_all(asked.cli, present, asked)


def test_a_volume_that_nobody_is_connected_to_is_told_of_by_a_server_that_has_it() -> None:
    """Others leave it out of what they tell of all, and fail when they are asked about it alone."""

    def answer(server: str, which: str) -> dict[str, int]:
        known = {"server2": {"a": 0, "b": 0}}.get(server, {})
        if which not in ("all", *known):
            raise Refused(FAILED)
        return known if which == "all" else {which: known[which]}

    present = two("server2", "server3")
    asked = Asked(answer)
    assert answers._of_all(asked.cli, present, asked) == {"a": 0, "b": 0}
    assert asked.calls == [("", "all"), ("server2", "all")] and not asked.waited
    assert answers._told(asked.cli, asked, present["b"]) == {"b": 0}
    assert asked.calls[2:] == [("", "b"), ("server2", "b")] and not asked.waited


def test_a_server_that_is_not_connected_is_not_asked() -> None:
    def answer(server: str, which: str) -> dict[str, int]:
        if server:
            return {"a": 0, "b": 0}
        raise Refused(FAILED)

    present = two("server1", "server2", "server3")
    asked = Asked(answer, "pool-list-one-down.xml")
    down = {peer.hostname for peer in answers.peers(asked.cli) if not peer.connected}
    assert len(down) == 1 and answers._of_all(asked.cli, present, asked) == {"a": 0, "b": 0}
    answers._told(asked.cli, asked, present["a"])
    assert not down & {server for server, _which in asked.calls}
    # None of them is left to be asked: what this one says counts.
    alone = Asked(answer, "pool-list-one-down.xml")
    with pytest.raises(Refused, match="Commit failed on server2"):
        answers._told(alone.cli, alone, two(*down)["a"])


def test_what_a_server_answers_last_counts() -> None:
    def answer(server: str, _which: str) -> dict[str, int]:
        raise Refused("Volume a is not what it was") if server else Refused(FAILED)

    asked = Asked(answer)
    with pytest.raises(Refused, match="not what it was"):
        answers._told(asked.cli, asked, two("server1")["a"])
    assert not asked.waited
    unreachable = Asked(lambda server, which: {which: 1} if server == "server3" else _raise(Unreachable("gone")))
    with pytest.raises(Unreachable):
        # This server itself.
        answers._told(unreachable.cli, unreachable, two("server1")["a"])


def _raise(exc: Exception) -> t.Any:
    raise exc


def test_a_volume_that_was_stopped_meanwhile_has_nobody() -> None:
    run = Busy("10.3", "volume-info-all.xml", LIST, LIST, "volume-info-sealed-created.xml", later=["not started"])
    cli = GlusterCli(run)
    assert answers.clients(cli, answers.volumes(cli)) == {}
    run = Busy("10.3", "volume-info-all.xml", LIST, LIST, "volume-info-all.xml", later=["not started"])
    cli = GlusterCli(run)
    with pytest.raises(Refused, match="not started"):
        answers.clients(cli, answers.volumes(cli))


def test_whoever_is_no_daemon_is_a_client() -> None:
    kinds = {"glustershd": 3, "quotad": 3, "bitd": 1, "scrub": 1, "snapd": 1, "rebalance": 2}
    assert answers.tenants(kinds) == 0
    for kind in ("fuse", "gfapi", "unknown", "whatever"):
        assert answers.tenants({**kinds, kind: 2}) == 2


def test_who_does_not_say_what_he_is_is_asked_again() -> None:
    waited: list[float] = []
    cli = GlusterCli(Alone("10.3", "volume-info-all.xml", *[LIST] * answers._LOOKS))
    found = answers.settled_clients(cli, answers.volumes(cli), waited.append)
    assert found["sealed"]["unknown"] > 0 and waited == [1.0] * answers._LOOKS
    both = answers.read_clients(Recorded("10.3").text(LIST).replace("quotad ", "unknown "))
    assert both["sealed"]["unknown"] == 6


@pytest.mark.parametrize("kind", ["unknown", "gfapi.glfsheal"])
def test_who_is_only_passing_is_waited_for(kind: str) -> None:
    """And counts if he stays."""
    recorded = Recorded("10.3")
    lists = [recorded.text(LIST).replace("unknown ", f"{kind} "), recorded.text(LIST).replace("unknown ", "quotad ")]

    def run(argv: list[str], **_options: t.Any) -> tuple[int, str, str]:
        return 0, lists[0] if len(lists) == 1 else lists.pop(0), ""

    waited: list[float] = []
    present = {"sealed": two("server1")["a"]._replace(name="sealed")}
    found = answers.settled_clients(GlusterCli(run), present, waited.append)
    assert kind not in found["sealed"] and waited == [1.0]
    assert answers.tenants({"glustershd": 1, kind: 1}) == 1


@pytest.mark.parametrize("version", VERSIONS)
def test_a_remove_brick_is_a_task_until_it_is_committed(version: str) -> None:
    recorded = Recorded(version)

    def tasks(text: str) -> dict[str, tuple[str, ...]]:
        return answers.read_tasks(ET.fromstring(text.encode()))

    assert tasks(recorded.text("volume-status-rebalancing.xml")) == {"grown": ("Rebalance: in progress",)}
    assert tasks(recorded.text("volume-status-rebalanced.xml")) == {}
    text = recorded.text("volume-status-rebalanced.xml").replace(">Rebalance<", ">Remove brick<")
    assert tasks(text) == {"grown": ("Remove brick: completed",)}
