# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes that are made, grown, moved and shrunk while a client writes and reads, and what is left of what fails."""

from __future__ import annotations

import shlex
import subprocess
import time
import typing as t
from xml.etree import ElementTree

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import healing
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.reshaping import UNFINISHED
from harness import MOSTLY_ONCE, SERVERS, Lab, in_order
from killing import Program

pytestmark = MOSTLY_ONCE
NUMBERS = (1, 2, 3)
# On a file system of its own, on every server.
TOP = "/bricks"
ID = "trusted.glusterfs.volume-id"
LIMIT = 300 * 1024**2

# Runs on a host, in the mount: writes, reads and removes files until it is told to stop; then all that it knows of is
# there, and nothing else. When a set leaves, what a client is doing with it in that moment fails once (ENOTCONN), and
# the file is elsewhere by then: Gluster ends the bricks before its clients know.
CLIENT = r"""
import errno, hashlib, os, random, time

dice, known, serial, read, cut = random.Random(7), {}, 0, 0, 0

def once(name, mode, work):
    global cut
    try:
        with open(name, mode) as file:
            return work(file)
    except OSError as exc:
        if exc.errno != errno.ENOTCONN or cut:
            raise
        cut += 1
        time.sleep(2)
        with open(name, mode) as file:
            return work(file)

def check(name):
    assert hashlib.sha256(once(name, "rb", lambda file: file.read())).hexdigest() == known[name], name

while not os.path.exists("/root/stop"):
    what = dice.random()
    if what < 0.5 or len(known) < 20:
        serial += 1
        name = f"./d{serial % 9}/f{serial}"
        os.makedirs(os.path.dirname(name), exist_ok=True)
        data = dice.randbytes(dice.randrange(1, 20000))
        once(name, "wb", lambda file: file.write(data))
        known[name] = hashlib.sha256(data).hexdigest()
    elif what < 0.6:
        name = dice.choice(sorted(known))
        check(name)
        os.unlink(name)
        del known[name]
    else:
        check(dice.choice(sorted(known)))
        read += 1
    time.sleep(0.05)
for name in known:
    check(name)
assert {os.path.join(top, name) for top, _names, files in os.walk(".") for name in files} == set(known)
print(serial, read, len(known))
"""


def brick(server: int, volume: str, number: int) -> str:
    return f"server{server}:{TOP}/brick_{volume}_{number}/brick"


def bricks(volume: str, first: int = 1) -> list[str]:
    """A set, one on each server."""
    return [brick(server, volume, first + server - 1) for server in NUMBERS]


def path(text: str) -> tuple[str, str]:
    server, _colon, where = text.partition(":")
    return server, where


@pytest.fixture(scope="module")
def lab(either: Lab) -> t.Iterator[Lab]:
    """With a file system for bricks on each server, which is not the root's."""
    lab = either
    for server in NUMBERS:
        lab.run(f"server{server}", f"mkdir -p {TOP}; mount -t tmpfs -o size=600m,mode=755 tmpfs {TOP}")
    yield lab
    lab.run("host1", "touch /root/stop; umount -l /mnt/try", check=False)
    for name in lab.volumes():
        if "brick_" in lab.volumes()[name].bricks[0].path:
            lab.run("server1", f"gluster --mode=script volume stop {name} force", check=False)
            lab.run("server1", f"gluster --mode=script volume delete {name}", check=False)
    for server in NUMBERS:
        lab.run(f"server{server}", f"umount -l {TOP}", check=False)


def make_room(lab: Lab, *places: str) -> None:
    """The bricks' directories, as they are before they are any volume's."""
    for one in places:
        server, where = path(one)
        lab.run(server, f"rm -rf {where}; mkdir -p {where}")


def volumes(lab: Lab, *asked: dict[str, t.Any], server: str = "server1", **how: t.Any) -> dict[str, t.Any]:
    return lab.module(server, "gluster_volumes", volumes=[{"replica": 3, **one} for one in asked], **how)


def good(done: dict[str, t.Any]) -> dict[str, t.Any]:
    assert not done["failed"], done
    return done


def attribute(lab: Lab, place: str, name: str) -> str:
    """Its value in hexadecimal, or nothing."""
    server, where = path(place)
    return lab.run(server, f"getfattr --only-values -n {name} {where} | od -An -v -tx1 | tr -d ' \\n'", False).stdout


def files(lab: Lab, place: str) -> str:
    """The names and checksums of what a brick has, but for Gluster's own and for what only says where a file is."""
    server, where = path(place)
    find = "find . -path ./.glusterfs -prune -o -type f ! -perm 1000 -exec sha256sum {} + | sort -k2"
    return lab.run(server, f"cd {where} && {find}").stdout


def healed(lab: Lab, name: str) -> None:
    """What a client wrote last may have missed a brick for a moment."""
    end = time.monotonic() + 60
    while True:
        told = healing.read_heals(ElementTree.fromstring(lab.gluster(f"--xml volume heal {name} info summary")))
        if all(one.connected and not one.waiting for one in told):
            return
        assert time.monotonic() < end, told
        time.sleep(1)


# ---- made and deleted ----
def test_made_and_deleted(lab: Lab) -> None:
    places = bricks("made")
    make_room(lab, *places)
    asked = {
        "name": "made",
        "replica": 3,
        "bricks": places,
        "started": True,
        "options": {"performance.cache-size": "8MB"},
    }
    done = lab.predicted("server1", "gluster_volumes", by=lab.ansible, volumes=[asked])
    assert done["volumes"][0]["bricks"] == places and done["volumes"][0]["started"]
    found = lab.volumes()["made"]
    assert (found.status, found.options["cluster.lookup-optimize"], found.options["performance.cache-size"]) == (
        *("Started", "off"),
        "8MB",
    )
    # What exists is not made again, nor anything beside it.
    before = lab.gluster("volume info")
    for other, said in (
        ({**asked, "name": "second"}, "is, holds or lies in a brick of volume 'made'"),
        ({**asked, "name": "few", "bricks": bricks("few")[:2]}, "cannot have 2 bricks: a set has 3"),
        ({**asked, "name": "near", "bricks": [brick(1, "near", n) for n in NUMBERS]}, "two bricks of one set"),
        ({**asked, "replica": 1}, "is replica 3, and shall be without copies"),
    ):
        refused = volumes(lab, other)
        assert refused["failed"] and said in refused["msg"] and not refused["changed"], refused
    assert lab.gluster("volume info") == before
    assert lab.run("server1", "ls /var/lib/glusterd/vols").stdout.split() == sorted(lab.volumes())

    assert lab.mount("host3", "made") == ""
    gone = {"name": "made", "state": "absent"}
    refused = volumes(lab, gone)
    assert refused["failed"] and "clients are connected to it. Unmount it everywhere first" in refused["msg"]
    lab.run("host3", "echo kept > /mnt/try/file; umount /mnt/try")
    lab.predicted("server1", "gluster_volumes", volumes=[gone])
    assert "made" not in lab.volumes()
    for place in places:
        server, where = path(place)
        assert lab.run(server, f"cat {where}/file").stdout == "kept\n"
    # What was a brick is not taken again.
    refused = volumes(lab, asked)
    assert refused["failed"] and "already part of a volume" in refused["msg"]


def test_a_refused_one_is_undone(lab: Lab) -> None:
    places = bricks("undone")
    make_room(lab, *places)
    lab.run("server3", f"rm -r {TOP}/brick_undone_3")
    asked = {"name": "undone", "bricks": places}
    refused = volumes(lab, asked)
    assert refused["failed"] and "No such file or directory" in refused["msg"], refused
    assert refused["left"] == places[1:]
    assert attribute(lab, places[0], ID) == "" and attribute(lab, places[1], ID) != ""
    assert "undone" not in lab.volumes()
    lab.run("server3", f"mkdir {TOP}/brick_undone_3")
    # On the server where it was left it is undone by the next run.
    done = good(volumes(lab, asked, server="server2"))
    assert done["volumes"][0]["bricks"] == places
    good(volumes(lab, {"name": "undone", "state": "absent"}))


def test_killed_after_it_was_made(lab: Lab) -> None:
    places = bricks("half")
    make_room(lab, *places)
    # As a run leaves it that was killed before it had set anything.
    lab.gluster(f"volume create half replica 3 {' '.join(places)}")
    asked = {"name": "half", "bricks": places, "options": {"server.ssl": True, "client.ssl": True}, "started": True}
    done = good(volumes(lab, asked))
    assert [change["what"] for change in done["changes"]] == [
        "client.ssl",
        "cluster.lookup-optimize",
        "server.ssl",
        "started",
    ]
    assert not volumes(lab, asked)["changed"]
    found = lab.volumes()["half"]
    assert found.started and found.options["cluster.lookup-optimize"] == "off"
    good(volumes(lab, {"name": "half", "state": "absent"}))


# ---- moved while a client works ----
class Moved:
    """A share whose volume gets a set, another brick, and loses a set, while a tenant works in it."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.client: subprocess.Popen[str] | None = None
        self.first, self.second, self.other = bricks("moved"), bricks("moved", 4), brick(3, "moved", 7)

    def ask(self, *places: str, **how: t.Any) -> dict[str, t.Any]:
        asked = {"name": "moved", "replica": 3, "bricks": list(places)}
        return self.lab.predicted("server1", "gluster_volumes", volumes=[asked], timeout=300, **how)

    def make(self) -> None:
        make_room(self.lab, *self.first, *self.second, self.other)
        self.ask(*self.first)
        share = {"name": "moved", "identities": ["tenant-a"], "size": "300M"}
        good(self.lab.module("server1", "gluster_shares", shares=[share], infrastructure=SERVERS))
        assert self.lab.mount("host1", "moved") == ""
        self.lab.run("host1", "rm -f /root/stop")
        self.client = self.lab.popen("host1", f"cd /mnt/try && python3 -c {shlex.quote(CLIENT)}")
        self.lab.run(
            "host1",
            "for n in $(seq 200); do [ $(ls /mnt/try/*/f* 2>/dev/null | wc -l) -ge 60 ] && exit;"
            " sleep 0.3; done; exit 1",
        )

    def goes_on(self) -> None:
        assert self.client and self.client.poll() is None, self.client and self.client.communicate()

    def grow(self) -> None:
        # Whoever set it before.
        self.lab.gluster("volume set moved cluster.lookup-optimize on")
        done = self.ask(*self.first, *self.second)
        assert [change["what"] for change in done["changes"]] == ["cluster.lookup-optimize", "bricks"]
        self.goes_on()
        options = self.lab.volumes()["moved"].options
        assert options["cluster.lookup-optimize"] == "off" and options[UNFINISHED] == "-"
        status = self.lab.gluster("volume rebalance moved status")
        assert "completed" in status and "in progress" not in status and "failed:" not in status, status
        for new in self.second:
            assert attribute(self.lab, new, "trusted.glusterfs.quota.limit-set.1")[:16] == f"{LIMIT:016x}", new
            assert files(self.lab, new) != ""

    def verify(self) -> None:
        """What is made so works, brick by brick."""
        known = {}
        for server in NUMBERS:
            told = good(self.lab.module(f"server{server}", "gluster_info", gather=["peers", "identity"]))
            (uuid,) = [peer["uuid"] for peer in told["peers"] if peer["hostname"] == "localhost"]
            known[uuid] = told["identity"]["common_name"]
        assert sorted(known.values()) == SERVERS
        share = {"name": "moved", "bricks": 6, "grown": True}
        done = self.lab.module("server1", "gluster_shares_verify", shares=[share], servers=known)
        assert not done["failed"], done
        assert [one["common_name"] for one in done["shares"][0]["bricks"]] == SERVERS * 2

    def replace(self) -> None:
        done = self.ask(*self.first[:2], self.other, *self.second)
        assert [(one["before"], one["after"]) for one in done["changes"]] == [([self.first[2]], [self.other])]
        self.goes_on()
        assert done["volumes"][0]["bricks"] == [*self.first[:2], self.other, *self.second]
        assert self.lab.volumes()["moved"].options[UNFINISHED] == "-"
        assert attribute(self.lab, self.other, "trusted.glusterfs.quota.limit-set.1")[:16] == f"{LIMIT:016x}"

    def shrink(self) -> None:
        done = self.ask(*self.first[:2], self.other)
        assert [(one["before"], one["after"]) for one in done["changes"]] == [(self.second, None)]
        self.goes_on()

    def look(self) -> None:
        """Nothing was lost, nor read wrongly, and all copies are the same."""
        self.lab.run("host1", "touch /root/stop")
        client = t.cast("subprocess.Popen[str]", self.client)
        out, err = client.communicate(timeout=120)
        assert client.returncode == 0, err
        serial, read, left = map(int, out.split())
        assert serial > 100 and read > 50 and left > 20
        good(
            self.lab.module(
                "server1",
                "gluster_volumes",
                volumes=[{"name": "moved", "replica": 3, "bricks": [*self.first[:2], self.other]}],
            )
        )
        healed(self.lab, "moved")
        copies = {files(self.lab, one) for one in (*self.first[:2], self.other)}
        assert len(copies) == 1 and len(copies.pop().splitlines()) == left
        for one in self.second:
            server, where = path(one)
            assert self.lab.run(server, f"ls -A {where}").stdout != ""

    def end(self) -> None:
        self.lab.run("host1", "umount /mnt/try")
        refused = volumes(self.lab, {"name": "moved", "state": "absent"})
        assert refused["failed"] and "holds share 'moved': remove the share first" in refused["msg"]


def test_moved_while_a_client_works(lab: Lab, subtests: pytest.Subtests) -> None:
    moved = Moved(lab)
    in_order(
        subtests,
        {
            "made": moved.make,
            "grown": moved.grow,
            "verified": moved.verify,
            "replaced": moved.replace,
            "shrunk": moved.shrink,
            "looked at": moved.look,
            "kept": moved.end,
        },
    )


def test_killed_while_it_grows(lab: Lab) -> None:
    first, second, third = bricks("killed"), bricks("killed", 4), bricks("killed", 7)
    make_room(lab, *first, *second, *third)
    good(volumes(lab, {"name": "killed", "bricks": first, "started": True}))
    assert lab.mount("host3", "killed") == ""
    lab.run("host3", "cd /mnt/try && for n in $(seq 200); do echo $n > f$n; done; cd; umount /mnt/try")
    asked: dict[str, t.Any] = {"name": "killed", "replica": 3}
    grow = Program(lab, "server1", "gluster_volumes", volumes=[{**asked, "bricks": [*first, *second]}], timeout=300)
    for after in (1.0, 2.5, 6.0):
        good(volumes(lab, {**asked, "bricks": first}))
        make_room(lab, *second)
        grow.kill(after)
        done = grow.run()
        assert not done.get("failed") and not grow.run()["changed"], done
        found = lab.volumes()["killed"]
        assert len(found.bricks) == 6 and found.options[UNFINISHED] == "-"
        names = [line.split()[1] for place in (first[0], second[0]) for line in files(lab, place).splitlines()]
        assert sorted(names) == sorted(f"./f{number}" for number in range(1, 201))
        assert files(lab, second[0]) != ""
    good(volumes(lab, {"name": "killed", "state": "absent"}))
