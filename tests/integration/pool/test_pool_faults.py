# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import is_sealed
from harness import SERVERS, Lab, start_glusterd
from killing import Program, killed, timed
from test_pool import GONE, SHARE, make, on_bricks, remove

VOLUMES = ("pool-1G-8", "pool-1G-9")


@pytest.fixture(scope="module")
def programs(identities: Lab) -> t.Iterator[tuple[Program, Program]]:
    """What makes the share, and what gives it back."""
    for name in VOLUMES:
        make(identities, name)
    yield (
        Program(identities, "server1", "gluster_share", **SHARE),
        Program(identities, "server1", "gluster_share", **GONE),
    )
    identities.run("host1", "umount -l /mnt/try", check=False)
    remove(identities, *VOLUMES)


def look(lab: Lab) -> str | None:
    """The share's state. At any time no stranger is on a list, and no tenant where the share is not ready."""
    found = [volume for name, volume in lab.volumes().items() if name in VOLUMES]
    marks = list(filter(None, map(holding.mark_of, found)))
    assert [mark.share for mark in marks] in ([], ["data"])
    for volume in found:
        mark = holding.mark_of(volume)
        tenants = set(volume.options.get("auth.ssl-allow", SERVERS[0]).split(",")) - set(SERVERS)
        assert tenants <= {"tenant-a"}
        assert is_sealed(volume) or not (volume.started and mark)
        assert not tenants or (mark and mark.state == holding.IN_USE), volume
    return marks[0].state if marks else None


def test_making(programs: tuple[Program, Program], identities: Lab) -> None:
    lab, (make_it, end_it) = identities, programs
    seconds = timed(make_it)
    killed(make_it, seconds, lambda: look(lab) == "in-use", end_it.run)
    done = make_it.run()
    assert not done.get("failed"), done
    assert look(lab) == "in-use" and done["share"]["limit"] == 1024**3
    assert not make_it.run()["changed"]
    assert lab.mount("host1", done["share"]["volume"]) == ""
    # Of a killed run nothing stays mounted, nor running.
    assert "glusterops" not in lab.run("server1", "cat /proc/mounts; pgrep -af volfile-server", check=False).stdout


def test_giving_back(programs: tuple[Program, Program], identities: Lab) -> None:
    lab, (make_it, end_it) = identities, programs

    def fill() -> None:
        end_it.run()
        done = make_it.run()
        assert lab.mount("host1", done["share"]["volume"]) == ""
        lab.run("host1", "cd /mnt/try && mkdir d && for n in $(seq 300); do echo $n > d/$n; done; cd; umount /mnt/try")

    fill()
    seconds = timed(end_it)
    killed(end_it, seconds, lambda: look(lab) is None, fill)
    done = end_it.run()
    assert not done.get("failed") and look(lab) is None, done
    assert not end_it.run()["changed"]
    assert [path for name in VOLUMES for path in on_bricks(lab, name)] == []


def test_a_server_goes_away_in_between(programs: tuple[Program, Program], identities: Lab) -> None:
    lab, (make_it, end_it) = identities, programs
    volume = VOLUMES[0]
    # As a run leaves it that was killed right after it had taken the volume.
    lab.gluster(
        f"volume set {volume} client.ssl on server.ssl on auth.ssl-allow {','.join(SERVERS)}"
        f" user.glusterops-share data@{volume} user.glusterops-state preparing user.glusterops-origin pool"
    )
    lab.run("server3", "pkill -9 glusterd; pkill -9 glusterfsd; true")
    try:
        done = make_it.run()
        assert look(lab) in ("in-use", "preparing")
        assert done.get("failed") or look(lab) == "in-use", done
    finally:
        start_glusterd(lab, "server3")
    done = make_it.run()
    assert not done.get("failed") and look(lab) == "in-use", done
    # It learns what it has missed a moment after it is connected.
    missed = f"gluster volume info {done['share']['volume']} | grep auth.ssl-allow.*tenant-a"
    lab.run("server3", f"for n in $(seq 30); do {missed} && exit; sleep 1; done; exit 1")
    assert not end_it.run().get("failed")
    assert look(lab) is None


def test_twenty_at_once(identities: Lab) -> None:
    lab = identities
    names = [f"many-1G-{number}" for number in range(21)]
    try:
        for name in names:
            lab.gluster(f"volume create {name} server1:/srv/{name} force")
        asked = {"size": "1G", "pattern": "many-#{size}G-[0-9]+", "identities": ["tenant-a"], "infrastructure": SERVERS}
        first = Program(lab, "server1", "gluster_share", name="the-first", **asked)
        others = [f"share-{number}" for number in range(20)]
        taken = first.at_once("the-first", others)
        assert len(taken) == 20 and not any(one.get("failed") for one in taken), [one.get("msg") for one in taken]
        assert sorted(one["share"]["volume"] for one in (first.first, *taken)) == sorted(names)
        found = lab.volumes()
        assert {holding.share_of(found[name]) for name in names} == {"the-first", *others}
        empty = lab.module("server1", "gluster_share", name="one-more", **asked)
        assert empty["failed"] and "No volume for share 'one-more'" in empty["msg"]
    finally:
        remove(lab, *names)
