# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from harness import SERVERS, Lab

GIB = 1024**3


@pytest.fixture
def clean(identities: Lab, heketi: dict[str, t.Any]) -> t.Iterator[None]:
    yield
    names = identities.gluster("volume list").split()
    gone = [{"name": name, "state": "absent"} for name in names if name.startswith("made-")]
    assert not identities.module("localhost", "gluster_heketi_volumes", volumes=gone, **heketi)["failed"]


def test_born_sealed_grown_and_deleted(identities: Lab, heketi: dict[str, t.Any], clean: None) -> None:
    lab = identities
    wanted = {**heketi, "name": "made-one", "size": "1.5G", "seal": [*SERVERS, "tenant-a"]}
    made = lab.predicted("localhost", "gluster_heketi_volume", by=lab.ansible, **wanted)["volume"]
    assert made["size"] == "2G" and len({brick["host"] for brick in made["bricks"]}) == 3
    options = lab.options("made-one")
    assert options["client.ssl"] == options["server.ssl"] == "on"
    assert options["auth.ssl-allow"] == ",".join([*SERVERS, "tenant-a"])
    # Sealed before it first started, as the servers' own records say.
    records = "".join(lab.run(f"server{n}", "cat /var/log/glusterfs/cmd_history.log").stdout for n in (1, 2, 3))
    commands = [line.split(" : ")[1] for line in sorted(records.splitlines()) if " made-one" in line]
    started = commands.index("volume start made-one")
    for option in ("client.ssl on", "server.ssl on", f"auth.ssl-allow {','.join([*SERVERS, 'tenant-a'])}"):
        assert commands.index(f"volume set made-one {option}") < started, commands
    assert lab.mount("host1", "made-one") == ""
    lab.run("host1", "echo kept > /mnt/try/file && sync")
    assert "Authentication failed" in lab.mount("host2", "made-one")

    grown = lab.predicted("localhost", "gluster_heketi_volume", **{**wanted, "size": "3G"})["volume"]
    assert grown["size"] == "3G" and len(grown["bricks"]) == 6 and grown["id"] == made["id"]
    assert lab.run("host1", "cat /mnt/try/file").stdout == "kept\n"
    smaller = lab.module("localhost", "gluster_heketi_volume", **{**wanted, "size": "1G"})
    assert not smaller["changed"] and smaller["volume"]["size"] == "3G", smaller
    lab.run("host1", "umount /mnt/try")
    lab.predicted("localhost", "gluster_heketi_volume", **heketi, name="made-one", state="absent")
    assert "made-one" not in lab.gluster("volume list")


def test_many_at_once(identities: Lab, heketi: dict[str, t.Any], clean: None) -> None:
    lab = identities
    layouts = ["none", "replicate-2", "replicate-3", "disperse-2+1"]
    volumes = [
        {"name": f"made-{number}", "size": "2G", "durability": layout, "seal": SERVERS}
        for number, layout in enumerate(layouts)
    ]
    wanted = {"volumes": volumes, "known_volumes": [], **heketi}
    done = lab.predicted("localhost", "gluster_heketi_volumes", by=lab.ansible, **wanted)
    assert [entry["name"] for entry in done["volumes"]] == [volume["name"] for volume in volumes]
    found = lab.module("server1", "gluster_info", gather=["volumes"])["volumes"]
    types = {entry["name"]: entry["type"] for entry in found if entry["name"].startswith("made-")}
    assert types == {"made-0": "Distribute", "made-1": "Replicate", "made-2": "Replicate", "made-3": "Disperse"}
    assert all(entry["sealed"] for entry in found if entry["name"].startswith("made-"))


def test_a_name_that_gluster_has_is_refused(identities: Lab, heketi: dict[str, t.Any], volume: str) -> None:
    """Heketi would destroy the volume, with its data, and make its own."""
    lab = identities
    lab.module(
        "server1", "gluster_shares", infrastructure=SERVERS, shares=[{"name": volume, "identities": ["tenant-a"]}]
    )
    assert lab.mount("host1", volume) == ""
    lab.run("host1", "echo precious > /mnt/try/data && sync")
    for known in ({}, {"known_volumes": lab.gluster("volume list").split()}):
        done = lab.module("localhost", "gluster_heketi_volume", name=volume, size="1G", **known, **heketi)
        assert done["failed"] and not done["changed"] and volume in done["msg"], done
        assert done["error"] in ("conflict", "refused")
    # The role touches it before that neither: its list, and who has it mounted, are as they were.
    before = lab.gluster(f"volume info {volume}")
    shares = [{"name": volume, "size": "1G", "identities": ["tenant-b"]}]
    done = lab.play("glusterops.shares.shares", shares_list=shares, shares_restart=True)
    assert done.rc != 0 and done.changed == 0, done.output
    assert "Gluster has a volume of this name that Heketi does not know" in done.output, done.output
    assert lab.gluster(f"volume info {volume}") == before
    assert lab.run("host1", "cat /mnt/try/data").stdout == "precious\n"
    lab.run("host1", "umount /mnt/try")


def test_no_space_is_said_and_changes_nothing(identities: Lab, heketi: dict[str, t.Any]) -> None:
    done = identities.module("localhost", "gluster_heketi_volume", name="made-huge", size="500T", **heketi)
    assert done["failed"] and "No space" in done["msg"] and not done["changed"], done
    assert "3 of 3 servers can take bricks; free " in done["msg"] and "the largest volume" in done["msg"], done
    assert "made-huge" not in identities.gluster("volume list")
    foreseen = identities.module(
        "localhost", "gluster_heketi_volume", check=True, name="made-huge", size="500T", **heketi
    )
    assert foreseen["failed"] and foreseen["error"] == done["error"] == "refused", foreseen
    assert "Heketi has no room" in foreseen["msg"] and "3 of 3 servers can take bricks" in foreseen["msg"], foreseen


def test_a_wrong_key(identities: Lab, heketi: dict[str, t.Any]) -> None:
    done = identities.ansible(
        "localhost", "gluster_heketi_volume", name="v", size="1G", **{**heketi, "heketi_key": "wr0ng-key"}
    )
    assert done["failed"] and "signature is invalid" in done["msg"] and "wr0ng-key" not in str(done), done
