# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What gluster tells of all volumes at once, and may leave out."""

from __future__ import annotations

import typing as t
import xml.etree.ElementTree as ET

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import OutcomeUnknown, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli, GlusterSilent
from recorded import VERSIONS, Alone, Recorded


class Busy(Alone):
    """A cluster in which another transaction held the volume when all were asked about."""

    def __init__(self, version: str, *names: str, later: t.Sequence[str] = ()) -> None:
        super().__init__(version, *names)
        self.later = list(later)

    def __call__(self, argv: list[str], **options: t.Any) -> tuple[int, str, str]:
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


def test_gluster_that_says_nothing_is_asked_again() -> None:
    """As it does while quota daemons are being started."""
    silent = [3]
    waited: list[float] = []
    cli = GlusterCli(Recorded("10.3", "volume-info-all.xml"), sleep=waited.append)
    present = {"sealed": answers.volumes(cli)["sealed"]}

    def ask(which: str) -> dict[str, int]:
        if silent[0]:
            silent[0] -= 1
            raise GlusterSilent("nothing")
        return {which: 1}

    assert answers._of_all(cli, present, ask) == {"sealed": 1} and waited == [1.0] * 2
    silent[0] = 100
    with pytest.raises(GlusterSilent):
        answers._of_all(cli, present, ask)
    failing = [Refused("Commit failed on server3."), Refused("Commit failed on server3.")]

    def fail(which: str) -> dict[str, int]:
        if failing and which != "all":
            raise failing.pop()
        return {} if which == "all" else {which: 1}

    assert answers._of_all(cli, present, fail) == {"sealed": 1} and not failing


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


@pytest.mark.parametrize("version", VERSIONS)
def test_a_remove_brick_is_a_task_until_it_is_committed(version: str) -> None:
    recorded = Recorded(version)

    def tasks(text: str) -> dict[str, tuple[str, ...]]:
        return answers.read_tasks(ET.fromstring(text.encode()))

    assert tasks(recorded.text("volume-status-rebalancing.xml")) == {"grown": ("Rebalance: in progress",)}
    assert tasks(recorded.text("volume-status-rebalanced.xml")) == {}
    text = recorded.text("volume-status-rebalanced.xml").replace(">Rebalance<", ">Remove brick<")
    assert tasks(text) == {"grown": ("Remove brick: completed",)}
