# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import os
import pathlib
import typing as t
import xml.etree.ElementTree as ET

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._shares.pool import compile_pattern
from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster, reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import LOOKUP, PROMPT, Share
from recorded import VERSIONS, Recorded

COUNT = 60
GIB = 1024**3
SERVERS = ("glusterfs-server1", "glusterfs-server2", "glusterfs-server3")
INFO = ["gluster", "--mode=script", "--xml", "volume", "info"]
PATTERN = compile_pattern("pool-#{size}G-[0-9]+")


class Pool(Recorded):
    """First a recorded answer about all volumes, with COUNT volumes like its sealed one instead, which are shares' by
    their marks; then recorded answers."""

    def __init__(self, version: str, *names: str) -> None:
        super().__init__(version, "volume-info-all.xml", *names)
        root = ET.fromstring(self.text(self.next))
        volumes = t.cast(ET.Element, root.find("volInfo/volumes"))
        found = list(volumes.iterfind("volume"))
        for volume in found:
            volumes.remove(volume)
        (like,) = (volume for volume in found if volume.findtext("name") == "sealed")
        self.bricks = [(brick.findtext("hostUuid") or "", brick.text or "") for brick in like.iterfind("bricks/brick")]
        volumes.extend(_taken(like, number) for number in range(COUNT))
        self.first = ET.tostring(root, encoding="unicode", xml_declaration=True)

    def __call__(self, argv: list[str], **options: t.Any) -> tuple[int, str, str]:
        rc, out, err = super().__call__(argv, **options)
        return rc, self.first if len(self.calls) == 1 else out, err


def _taken(like: ET.Element, number: int) -> ET.Element:
    volume, name = copy.deepcopy(like), f"pool-1G-{number}"
    t.cast(ET.Element, volume.find("name")).text = name
    for brick in volume.iterfind("bricks/brick"):
        t.cast(ET.Element, brick.find("name")).text = f"{(brick.text or '').rpartition('/')[0]}/{name}"
    marks = {"share": f"data-{number}@{name}", "state": "in-use", "origin": "pool"}
    for option, value in {
        **{f"user.glusterops-{key}": value for key, value in marks.items()},
        **PROMPT,
        **LOOKUP,
    }.items():
        element = ET.SubElement(t.cast(ET.Element, volume.find("options")), "option")
        ET.SubElement(element, "name").text, ET.SubElement(element, "value").text = option, value
    return volume


def shares(size: int | None) -> list[Share]:
    return [
        Share(
            f"data-{number}", SERVERS, ("tenant-a",), exclusive=True, size=size, seal=True, start=True, pattern=PATTERN
        )
        for number in range(COUNT)
    ]


def cluster(run: Pool, path: pathlib.Path, known_limits: t.Mapping[str, int]) -> LiveCluster:
    return LiveCluster(
        GlusterCli(run), known_limits, str(path / "glusterd"), str(path / "locks"), lambda _seconds: None
    )


def names(numbers: t.Iterable[int]) -> list[str]:
    return [f"pool-1G-{number}" for number in numbers]


@pytest.mark.parametrize("version", VERSIONS)
def test_shares_of_a_pool_cost_one_call(version: str, tmp_path: pathlib.Path) -> None:
    run = Pool(version)
    changes, found = reconcile(cluster(run, tmp_path, {}), shares(None), check_mode=False)
    assert changes == [] and run.calls == [INFO]
    assert [one["volume"] for one in found.values()] == names(range(COUNT))
    assert list(found) == [f"data-{number}" for number in range(COUNT)]


@pytest.mark.parametrize("version", VERSIONS)
def test_limits_that_other_servers_read_cost_none(version: str, tmp_path: pathlib.Path) -> None:
    run = Pool(version)
    known = dict.fromkeys(names(range(COUNT)), GIB)
    changes, found = reconcile(cluster(run, tmp_path, known), shares(GIB), check_mode=False)
    assert changes == [] and run.calls == [INFO]
    assert {one["limit"] for one in found.values()} == {GIB}


def test_this_servers_bricks_tell_their_limits(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even against what the caller knows, which may be old."""
    run = Pool("10.3")
    (tmp_path / "glusterd").mkdir()
    (tmp_path / "glusterd" / "glusterd.info").write_text(f"UUID={run.bricks[0][0]}\n")
    for name in names(range(COUNT)):
        info = tmp_path / "glusterd" / "vols" / name / "info"
        info.parent.mkdir(parents=True)
        info.write_text("quota-version=2\n")
    folder = run.bricks[0][1].partition(":")[2].rpartition("/")[0]
    asked = []

    def getxattr(path: str, attribute: str) -> bytes:
        asked.append(path)
        return {
            "trusted.glusterfs.quota.limit-set.1": (7 * GIB).to_bytes(8, "big") + b"\xff" * 8,
            "trusted.glusterfs.quota.limit-set.2": GIB.to_bytes(8, "big") + b"\xff" * 8,
        }.get(attribute, b"")

    monkeypatch.setattr(os, "getxattr", getxattr)
    stale = dict.fromkeys(names(range(COUNT)), 2 * GIB)
    changes, found = reconcile(cluster(run, tmp_path, stale), shares(GIB), check_mode=False)
    assert changes == [] and run.calls == [INFO]
    assert {one["limit"] for one in found.values()} == {GIB}
    assert set(asked) == {f"{folder}/{name}" for name in names(range(COUNT))}


def test_a_limit_that_nobody_knows_is_asked_for(tmp_path: pathlib.Path) -> None:
    run = Pool("10.3", "volume-status-all.xml", "quota-list.xml")
    # Only of a volume of that name the recorded status tells that its quota daemons are there.
    run.first = run.first.replace("<name>pool-1G-5<", "<name>sealed<").replace("data-5@pool-1G-5<", "data-5@sealed<")
    known = dict.fromkeys(names(range(COUNT)), GIB)
    changes, found = reconcile(cluster(run, tmp_path, known), shares(GIB), check_mode=False)
    assert changes == [] and found["data-5"]["limit"] == GIB
    assert run.calls[0] == INFO
    assert [call[3:] for call in run.calls[1:]] == [
        ["volume", "status", "sealed", "quotad"],
        ["volume", "quota", "sealed", "list"],
    ]
