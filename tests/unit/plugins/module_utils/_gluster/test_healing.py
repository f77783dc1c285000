# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
import xml.etree.ElementTree as ET

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers, healing
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from recorded import VERSIONS, Recorded


def twofold(run: Recorded) -> answers.Volume:
    root = ET.fromstring(run.text("volume-info-twofold.xml").encode())
    return answers.read_volumes(root)["twofold"]


@pytest.mark.parametrize("version", VERSIONS)
def test_heals(version: str) -> None:
    run = Recorded(version)

    def read(name: str) -> list[healing.Healing]:
        return healing.read_heals(ET.fromstring(run.text(f"volume-heal-{name}.xml").encode()))

    first, second = "server1:/srv/bricks/twofold", "server2:/srv/bricks/twofold"
    assert read("none") == [healing.Healing(first, True, 0, 0), healing.Healing(second, True, 0, 0)]
    assert read("brick-down") == [healing.Healing(first, False, 0, 0), healing.Healing(second, True, 0, 0)]
    assert read("waiting") == [healing.Healing(first, True, 0, 0), healing.Healing(second, True, 1, 0)]
    assert read("split-brain") == [healing.Healing(first, True, 1, 1), healing.Healing(second, True, 1, 1)]


@pytest.mark.parametrize("version", VERSIONS)
def test_ready(version: str) -> None:
    run = Recorded(version, "volume-status-twofold.xml", "volume-heal-none.xml")
    healing.ready(GlusterCli(run), twofold(run), "be wiped", 0)
    assert [call[3:] for call in run.calls] == [
        ["volume", "status", "twofold"],
        ["volume", "heal", "twofold", "info", "summary"],
    ]


@pytest.mark.parametrize(
    "answered, problem",
    [
        (["volume-status-brick-down.xml"], "server1:/srv/bricks/twofold is down: start it with"),
        (["volume-status-stopped.xml"], "is not started"),
        (
            ["volume-status-twofold.xml", "volume-heal-brick-down.xml"],
            "server1:/srv/bricks/twofold is not connected: is",
        ),
        (
            ["volume-status-twofold.xml", "volume-heal-waiting.xml"],
            r"server2:/srv/bricks/twofold has entries that other bricks lack \(1\): see",
        ),
        (
            ["volume-status-twofold.xml", "volume-heal-split-brain.xml"],
            r"server1:/srv/bricks/twofold has entries in split-brain \(1\): see",
        ),
        (["volume-status-twofold.xml", "volume-heal-closed.xml"], "Not able to fetch volfile from glusterd: is this"),
    ],
)
@pytest.mark.parametrize("version", VERSIONS)
def test_not_ready(version: str, answered: list[str], problem: str) -> None:
    run = Recorded(version, *answered)
    with pytest.raises(Refused, match=problem):
        healing.ready(GlusterCli(run), twofold(run), "be wiped", 0)


class Told(Recorded):
    """That takes the order to heal besides, or refuses it."""

    refuses = False

    def __call__(self, argv: list[str], **options: t.Any) -> tuple[int, str, str]:
        if argv[-2:] != ["heal", "twofold"]:
            return super().__call__(argv, **options)
        self.calls.append(argv)
        return int(self.refuses), "Launching heal operation", ""


def test_ready_in_the_end() -> None:
    waited: list[float] = []
    status = "volume-status-twofold.xml"
    run = Told(
        "10.3", "volume-status-brick-down.xml", status, "volume-heal-waiting.xml", status, "volume-heal-none.xml"
    )
    healing.ready(GlusterCli(run), twofold(run), "be wiped", 10, waited.append)
    assert len(waited) == 2 and not run._names
    # It is not waited until Gluster heals of itself, which may be ten minutes.
    assert [call[-1] for call in run.calls].count("twofold") == 5 and run.calls[1][-2] == "heal"
    run = Told("10.3", *[status, "volume-heal-waiting.xml"] * 6)
    run.refuses = True
    waited.clear()
    with pytest.raises(Refused, match="Volume 'twofold' cannot be wiped: server2:"):
        healing.ready(GlusterCli(run), twofold(run), "be wiped", 10, waited.append)
    assert sum(waited) == 10


def test_a_volume_without_copies_has_nothing_to_heal() -> None:
    run = Recorded("10.3", "volume-status-all.xml")
    volumes = answers.read_volumes(ET.fromstring(run.text("volume-info-all.xml").encode()))
    healing.ready(GlusterCli(run), volumes["options"], "be wiped", 0)
    assert len(run.calls) == 1


@pytest.mark.parametrize("counter", healing._COUNTERS)
def test_a_counter_that_is_not_told_is_not_nought(counter: str) -> None:
    root = ET.fromstring(Recorded("10.3").text("volume-heal-none.xml").encode())
    for brick in root.iterfind("healInfo/bricks/brick"):
        brick.remove(t.cast(ET.Element, brick.find(counter)))
    with pytest.raises(GlusterOpsError, match=counter):
        healing.read_heals(root)


def test_a_brick_that_is_not_told_of_is_not_healed() -> None:
    run = Recorded("10.3", "volume-status-twofold.xml")
    root = ET.fromstring(run.text("volume-heal-none.xml").encode())
    bricks = t.cast(ET.Element, root.find("healInfo/bricks"))
    bricks.remove(bricks[1])

    def answer(argv: list[str], **options: t.Any) -> tuple[int, str, str]:
        if argv[-1] == "summary":
            return 0, ET.tostring(root, encoding="unicode", xml_declaration=True), ""
        return run(argv, **options)

    with pytest.raises(Refused, match="server2:/srv/bricks/twofold is not among those that gluster tells of"):
        healing.ready(GlusterCli(answer), twofold(run), "be wiped", 0)


def test_a_heal_that_stands_still_is_asked_for_again() -> None:
    status, waiting = "volume-status-twofold.xml", "volume-heal-waiting.xml"
    run = Told("10.3", *[status, waiting] * 3, status, "volume-heal-none.xml")
    said: list[str] = []
    healing.ready(GlusterCli(run), twofold(run), "be wiped", 60, lambda _seconds: None, said.append)
    assert [call[-2:] for call in run.calls].count(["heal", "twofold"]) == 3
    assert said == ["twofold: 1 entries wait to be healed"] * 3
