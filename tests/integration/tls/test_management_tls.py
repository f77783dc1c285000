# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS on the management path, turned on and off with a share that is mounted."""

from __future__ import annotations

import re
import typing as t

import pytest
from harness import SERVERS, Lab, Play, connected, make_by_hand, remove
from killing import kill_when

TURN = "glusterops.shares.management_tls"
PATH = "/srv/managed-mount"
MACHINES = ("server1", "server2", "server3", "host1", "host2")
SHARE = {"name": "managed", "identities": ["tenant-a"], "size": "1G", "mounts": [{"host": "host1", "path": PATH}]}
SWITCH = "/var/lib/glusterd/secure-access"


def variables(state: str, restart: bool = True) -> dict[str, t.Any]:
    allowed = {"management_tls_restart": restart, "management_tls_timeout": 300}
    return {"management_tls_state": state, "shares_list": [SHARE], **allowed}


def turn(lab: Lab, state: str, *options: str, restart: bool = True) -> Play:
    return lab.play(TURN, *options, **variables(state, restart))


def turned(lab: Lab, state: str) -> Play:
    play = turn(lab, state)
    assert play.rc == 0, play.output
    return play


def refused(lab: Lab, words: str, *options: str, restart: bool = True) -> None:
    play = turn(lab, "enabled", *options, restart=restart)
    assert play.rc == 2 and play.changed == 0, play.output
    assert f"Nothing was changed. {words}" in play.output, play.output


def is_so(lab: Lab, state: str) -> None:
    """By what every server shows to a client with a certificate, and the files; and the share is mounted and works."""
    directory = lab.module("server1", "gluster_tls_identity", common_name=SERVERS[0])["directories"][0]
    show = "openssl s_client -cert glusterfs.pem -key glusterfs.key -CAfile glusterfs.ca -connect $server:24007"
    shown = lab.run(
        "server1",
        f"cd {directory}; for server in {' '.join(MACHINES[:3])}; do"
        f" echo | timeout 20 {show} 2>/dev/null | openssl x509 -noout -subject 2>/dev/null || echo none; done",
    ).stdout
    found = [line.split("=")[-1].strip() for line in shown.splitlines()]
    assert found == (SERVERS if state == "enabled" else ["none"] * 3), shown
    files = {machine: lab.run(machine, "ls /var/lib/glusterd").stdout.split() for machine in MACHINES}
    names = {machine: [name for name in names if name.startswith("secure")] for machine, names in files.items()}
    assert names == dict.fromkeys(MACHINES, ["secure-access"] if state == "enabled" else [])
    connected(lab)
    lab.run("host1", f"findmnt -t fuse.glusterfs {PATH} && date > {PATH}/file && cat {PATH}/file")


def begin_with(lab: Lab, state: str) -> None:
    there = lab.run("server1", f"test -e {SWITCH}", check=False).returncode == 0
    if there != (state == "enabled"):
        turned(lab, state)


# What does not depend on the version, since each run takes its time.
ONCE = pytest.mark.parametrize("either", ["identities"], ids=["10.3"], indirect=True, scope="module")


@pytest.fixture(scope="module")
def managed(either: Lab) -> t.Iterator[Lab]:
    """With a share of three copies and a quota, mounted on its tenant's host."""
    make_by_hand(either, "managed")
    share = {key: SHARE[key] for key in ("name", "identities", "size")}
    assert not either.module("server1", "gluster_shares", infrastructure=SERVERS, shares=[share])["failed"]
    play = either.play("glusterops.shares.mounts", shares_list=[SHARE])
    assert play.rc == 0, play.output
    yield either
    turned(either, "disabled")
    either.module("host1", "gluster_mounts", mounts=[{"share": "managed", "state": "absent"}])
    remove(either, "managed")


@ONCE
def test_refused(managed: Lab) -> None:
    """Before anything is changed: not allowed, a server missing in the play, a host without identity, a peer down."""
    lab = managed
    refused(lab, "GlusterFS on server1, server2, server3 has to be stopped and started again", restart=False)
    refused(lab, "server3 is a server of server1's cluster and not", "--limit", "server1,server2,host1")
    directory = lab.module("host2", "gluster_tls_identity", common_name="tenant-b")["directories"][0]
    lab.run("host2", f"mv {directory}/glusterfs.pem /root/put-away")
    refused(lab, "host2 has no TLS identity: run the role tls on it first.")
    lab.run("host2", f"mv /root/put-away {directory}/glusterfs.pem")
    lab.run("server3", "service glusterd stop")
    refused(lab, "glusterd does not answer on server3: start it first.")
    lab.run("server3", "service glusterd start")
    connected(lab)
    is_so(lab, "disabled")


def test_on(managed: Lab) -> None:
    lab = managed
    dry = turn(lab, "enabled", "--check")
    assert dry.rc == 0, dry.output
    is_so(lab, "disabled")
    real = turned(lab, "enabled")
    is_so(lab, "enabled")
    assert {name: dry.hosts[name]["changed"] for name in MACHINES[:3]} == dict.fromkeys(MACHINES[:3], 3)
    # A dry run cannot know that the mount of host1 will be dead.
    dry.hosts["host1"]["changed"] += 1
    assert [dry.hosts[name]["changed"] for name in MACHINES] == [real.hosts[name]["changed"] for name in MACHINES]
    again = turn(lab, "enabled", restart=False)
    assert again.rc == 0 and again.changed == 0, again.output


@ONCE
def test_what_it_means(managed: Lab) -> None:
    """Who has no certificate learns nothing, who has no file cannot mount, and volumes are made as ever."""
    lab = managed
    begin_with(lab, "enabled")
    assert "Number of Peers: 2" in lab.run("host2", "gluster --remote-host=server1 peer status").stdout
    for asked in ("peer status", "volume info"):
        told = lab.run("host3", f"timeout 20 gluster --remote-host=server1 {asked}", check=False)
        assert told.returncode != 0 and "managed" not in told.stdout + told.stderr, told
    assert lab.mount("host1", "managed") == ""
    lab.run("host1", f"umount /mnt/try; mv {SWITCH} /root/put-away")
    assert "Exhausted all volfile servers" in lab.mount("host1", "managed")
    lab.run("host1", f"mv /root/put-away {SWITCH}")
    make_by_hand(lab, "another")
    wanted = {"infrastructure": SERVERS, "shares": [{"name": "another", "identities": ["tenant-a"], "size": "1G"}]}
    assert lab.predicted("server2", "gluster_shares", **wanted)
    assert lab.mount("host1", "another") == ""
    lab.run("host1", "umount /mnt/try")
    remove(lab, "another")


# How far a run is on the first server. Each on one of the two versions, as a run takes its time.
STOPPED = "! pgrep -f '^glusterd' > /dev/null"
ENDED = "! pgrep gluster > /dev/null"
# The file comes while glusterd is stopped.
STARTED = f"test -e {SWITCH} && pgrep -f '^glusterd' > /dev/null"
KILLED = {
    "10.3": [("disabled", STOPPED), ("enabled", STARTED)],
    "11.1": [("disabled", ENDED), ("enabled", f"{STARTED} && pgrep -x glusterfsd > /dev/null")],
}


def test_interrupted(managed: Lab) -> None:
    """The next run finishes."""
    lab = managed
    version = lab.run("server1", "gluster --version").stdout.split()[1]
    begin_with(lab, "enabled")
    for state, stage in KILLED[version]:
        kill_when(
            lab,
            lab.playing(TURN, **variables(state)),
            lambda stage=stage: lab.run("server1", stage, check=False).returncode == 0,
        )
        turned(lab, state)
        is_so(lab, state)


@ONCE
def test_half_done_by_hand(managed: Lab) -> None:
    """Only glusterd was restarted, so bricks and daemons are in the other mode: Gluster calls them online."""
    lab = managed
    begin_with(lab, "disabled")
    for server in MACHINES[:3]:
        lab.run(server, f"touch {SWITCH}; service glusterd stop")
    for server in MACHINES[:3]:
        lab.run(server, "service glusterd start")
    connected(lab)
    assert re.search(r"Brick server1:/srv/managed +\d+ +0 +Y ", lab.gluster("volume status managed"))
    found = lab.module("server1", "gluster_info", gather=["machine", "management"])["management"]
    assert found["serves"] == "tls" and "managed.server1.srv-managed" in found["apart"], found
    turned(lab, "enabled")
    is_so(lab, "enabled")
    found = lab.module("server1", "gluster_info", gather=["machine", "management"])["management"]
    assert found["common_name"] == SERVERS[0] and len(found["servers"]) == 2
    assert (found["switch"], found["begun"], found["apart"], found["problem"]) == (True, False, [], None)
