# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the dump tells is what Heketi tells of each volume. For all recorded volumes: test_heketi_standin.py."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.dump import hosts, idle, volume_infos
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.volumes import Observed
from ansible_collections.glusterops.shares.tests.unit.plugins.module_utils._heketi.scripted import NODES, dumped, info

RACES = pathlib.Path(__file__).parents[5] / "tests" / "contract" / "transcripts" / "07-inflight-races.txt"
A, B = "a" * 32, "b" * 32


def recorded(request: str) -> dict[str, t.Any]:
    """What a real Heketi answered to the last of these requests that succeeded."""
    answers = RACES.read_text(encoding="utf-8").split(f">>> {request}\n")[1:]
    bodies = [answer.split("\n\n")[0].split("<<<\n")[1] for answer in answers if answer.startswith("<<< HTTP/1.1 200")]
    return json.loads("".join(line[4:] for line in bodies[-1].splitlines()))


def test_a_recorded_dump() -> None:
    dump = recorded("GET /db/dump")
    (volume,) = dump["volumeentries"]
    told = recorded(f"GET /volumes/{volume}")
    # Its creation is under way still. An expansion has taken away the mark that says so, and its own bricks are there.
    assert not dump["volumeentries"][volume]["Pending"]["Id"] and volume_infos(dump) == [] and not idle(dump)
    dump["pendingoperations"] = {}
    assert idle(dump)
    dump["volumeentries"][volume]["Info"]["mount"]["glusterfs"] = {"hosts": ["gone"], "device": "gone:slowvol"}
    (shown,) = volume_infos(dump)
    known = {brick["id"]: brick for brick in shown["bricks"]}
    assert len(known) == 6 and all(known[brick["id"]] == brick for brick in told["bricks"])
    del told["mount"]["glusterfs"]["options"]
    assert {**shown, "size": told["size"], "bricks": told["bricks"]} == told
    assert sorted(hosts(dump).values()) == sorted(told["mount"]["glusterfs"]["hosts"])


def test_all_that_there_is_to_a_volume() -> None:
    disperse = {"type": "disperse", "disperse": {"data": 4, "redundancy": 2}}
    answers = [
        info("v", A, 3, glustervolumeoptions=["", "client.ssl on", ""], gid=500),
        info("w", B, durability=disperse, snapshot={"enable": True, "factor": 1.5}, bricks=[]),
    ]
    dump = dumped(*answers)
    dump["volumeentries"][B]["Bricks"] = None
    assert [Observed.from_info(found) for found in volume_infos(dump)] == [
        Observed.from_info(answer) for answer in answers
    ]
    assert hosts(dump) == NODES


@pytest.mark.parametrize(
    "change, shown", [(1, True), (2, False), (3, True), (4, False), (5, True), (9, True), (11, True)]
)
def test_what_is_made_or_deleted_is_not_there(change: int, shown: bool) -> None:
    operation = {"Type": 0, "Actions": [{"Change": change, "Id": A, "Delta": None}], "Status": "stale"}
    dump = dumped(info("v", A), info("w", B), operations={"1": {"Actions": None}, "2": operation})
    assert [found["id"] for found in volume_infos(dump)] == ([A, B] if shown else [B])


def test_what_has_a_mark_is_not_there() -> None:
    # Also the source of a clone, which GET /volumes names.
    dump = dumped(info("v", A), info("w", B))
    dump["volumeentries"][A]["Pending"]["Id"] = "1"
    assert [found["id"] for found in volume_infos(dump)] == [B]


@pytest.mark.parametrize("table", ["clusterentries", "volumeentries", "brickentries", "nodeentries"])
def test_a_dump_that_lacks_what_heketi_always_has(table: str) -> None:
    for damaged in ({**dumped(info("v", A)), table: None}, {**dumped(info("v", A)), table: {A: {}}}):
        with pytest.raises(GlusterOpsError, match="Heketi's answer about its database is not as expected"):
            volume_infos(damaged)
            hosts(damaged)
