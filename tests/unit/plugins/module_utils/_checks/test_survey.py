# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import re
import typing as t
import xml.etree.ElementTree as ET

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._checks import survey
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._machines.thin import Logical, Lvm
from ansible_collections.glusterops.shares.plugins.module_utils._tls.handshake import Served
from recorded import VERSIONS, Recorded

INFO = "volume-info-daemons.xml"
LOOK = ("volume-status-daemons.xml", "volume-status-client-list-daemons.txt", "volume-get-max-op-version.xml")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_cluster_with_daemons_down_on_one_server(version: str) -> None:
    run = Recorded(version, INFO, *LOOK)
    found = survey.cluster(survey.Once(GlusterCli(run)))
    assert found == {
        "max_op_version": {"9.2": 90000, "10.3": 100000, "11.1": 110000}[version],
        "trash_directories": {},
        "vanishing": [],
        "daemons": {
            "halved": {
                "healers": {"offline": ("server3",), "online": 2, "connected": 2},
                "limiters": {"offline": ("server3",), "online": 2, "connected": 2},
                "identities": [],
            }
        },
    }
    assert [call[2:] for call in run.calls] == [
        ["--xml", "volume", "info"],
        ["--xml", "volume", "status", "all"],
        ["volume", "status", "all", "client-list"],
        ["--xml", "volume", "get", "all", "cluster.max-op-version"],
    ]


def test_volumes_of_all_kinds() -> None:
    """With the kinds of daemons that each needs, and its access list."""
    recorded = Recorded(
        "10.3", "volume-info-all.xml", "volume-status-all.xml", "volume-status-client-list.txt", LOOK[2]
    )

    def run(argv: list[str], **options: t.Any) -> tuple[int, str, str]:
        rc, out, err = recorded(argv, **options)
        others = ("arbiter", "disperse", "options") if argv[-1] == "client-list" else ()
        return rc, "".join([out, *(out.replace("volume sealed", f"volume {name}") for name in others)]), err

    found = survey.cluster(survey.Once(GlusterCli(run)))["daemons"]
    assert set(found) == {"arbiter", "disperse", "options", "sealed"}
    assert found["sealed"]["healers"] == found["sealed"]["limiters"]
    assert found["sealed"]["healers"] == {"offline": (), "online": 3, "connected": 3}
    servers = [f"glusterfs-server{number}" for number in (1, 2, 3)]
    assert sorted(found["sealed"]["identities"]) == [*servers, "tenant-a"]
    assert found["disperse"]["healers"] and found["arbiter"]["healers"]
    assert found["options"]["healers"] is None


def test_nothing_is_started() -> None:
    run = Recorded("10.3", "volume-info-sealed-created.xml", LOOK[2])
    assert survey.cluster(survey.Once(GlusterCli(run)))["daemons"] == {} and len(run.calls) == 2


def test_another_directory_for_trash() -> None:
    recorded = Recorded("10.3", "volume-info-sealed-created.xml", LOOK[2])

    def run(argv: list[str], **options: t.Any) -> tuple[int, str, str]:
        rc, out, err = recorded(argv, **options)
        return rc, re.sub(r"client\.ssl(</name>\s*<value>)on<", r"features.trash-dir\1bin<", out), err

    assert survey.cluster(survey.Once(GlusterCli(run)))["trash_directories"] == {"sealed": "bin"}


@pytest.mark.parametrize(
    "kind, bricks, option, vanishing",
    [
        ("Distribute", 2, None, True),
        ("Distributed-Replicate", 6, None, True),
        ("Distributed-Replicate", 6, "on", True),
        ("Distributed-Disperse", 6, "off", False),
        ("Distribute", 2, "disable", False),
        # One set of bricks: there is nothing to look up elsewhere.
        ("Distribute", 1, None, False),
        ("Replicate", 3, None, False),
    ],
)
def test_files_that_vanish_while_they_are_rebalanced(
    kind: str, bricks: int, option: str | None, vanishing: bool
) -> None:
    sealed = answers.read_volumes(ET.fromstring(Recorded("10.3").text("volume-info-one.xml").encode()))["sealed"]
    options = {**sealed.options, **({} if option is None else {survey.LOOKUP: option})}
    once = survey.Once(GlusterCli(Recorded("10.3", LOOK[2])))
    once.volumes = {
        "sealed": sealed._replace(status="Stopped", type=kind, bricks=sealed.bricks[:1] * bricks, options=options)
    }
    assert survey.cluster(once)["vanishing"] == (["sealed"] if vanishing else [])


@pytest.mark.parametrize("offset, thin", [(0, True), (1, False)])
def test_thin_bricks(tmp_path: pathlib.Path, offset: int, thin: bool) -> None:
    """Two bricks of this server, of which one has its directory, and two of others."""
    sealed = answers.read_volumes(ET.fromstring(Recorded("10.3").text("volume-info-one.xml").encode()))["sealed"]
    (mine, *others), gone = sealed.bricks, str(tmp_path / "gone")
    paths = [mine._replace(path=str(tmp_path)), *others, mine._replace(path=gone)]
    volume = sealed._replace(bricks=tuple(paths))
    device = os.stat(tmp_path).st_dev
    logical = Logical("brick", "group/pool", (os.major(device), os.minor(device) + offset), 1024, 0)
    assert survey.bricks([volume], mine.server_uuid, Lvm((logical,))) == [
        {"volume": "sealed", "path": str(tmp_path), "thin": thin},
        {"volume": "sealed", "path": gone, "thin": None},
    ]
    assert survey.bricks([volume], None, Lvm()) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_what_bricks_answer_with(version: str) -> None:
    """One answers, one does so in plaintext, one not at all; that is one call of gluster."""
    run = Recorded(version, "volume-status-clients.xml")
    doors = answers.doors(GlusterCli(run), {})
    assert [call[2:] for call in run.calls] == [["--xml", "volume", "status", "all", "clients"]]
    [first, second, third] = doors["sealed"]
    certificate = Served("glusterfs-server1", "CN=CA", "0A", "2027-01-01T00:00:00Z", "AA:BB")

    def handshake(host: str, port: int) -> Served:
        assert port == {door.server: door.port for door in doors["sealed"]}[host]
        if host == "server1":
            return certificate
        raise GlusterOpsError("no answer (refused)")

    found = survey.served(doors, handshake, lambda host, _port: host == "server2")
    assert [one["server_uuid"] for one in found] == [first.server_uuid, second.server_uuid, third.server_uuid]
    assert found[0] == {
        "volume": "sealed",
        "server": "server1",
        "server_uuid": first.server_uuid,
        "path": first.path,
        "port": first.port,
        **certificate._asdict(),
        "plaintext": False,
        "problem": None,
        "clients": len(first.clients),
    }
    assert len(first.clients) > 3 and all(re.fullmatch(r"[0-9.]+:\d+", client) for client in first.clients)
    assert (found[1]["plaintext"], found[1]["problem"]) == (True, "it answers in plaintext")
    assert (found[2]["plaintext"], found[2]["problem"]) == (False, "no answer (refused)")
    assert [found[2][key] for key in survey.SERVED] == [None] * 5
    down = {"sealed": [first._replace(online=False), second._replace(port=None)]}
    assert survey.served(down, handshake, lambda _host, _port: False) == []
