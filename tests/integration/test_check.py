# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is broken in reality is found, and mended by what the check advises."""

from __future__ import annotations

import json
import pathlib
import re
import time
import typing as t

import pytest
from checking import check
from harness import MOSTLY_ONCE, SERVERS, Lab, make_by_hand, remove, start_glusterd, stop_glusterd


def restart(lab: Lab, server: str) -> None:
    stop_glusterd(lab, server)
    start_glusterd(lab, server)


def until(lab: Lab, node: str, command: str) -> None:
    end = time.monotonic() + 120
    while lab.run(node, command, check=False).returncode:
        assert time.monotonic() < end, f"{node}: {command}"
        time.sleep(0.5)


@MOSTLY_ONCE
def test_all_is_well(either: Lab) -> None:
    told = check(either)
    assert told.play.rc == 0 and told.rows == [], told.play.output
    assert "All is well on 5 machines, 3 of them servers." in told.words
    assert (
        "clock, trash, rebalance, stored, self-heal, quota. Not checked: sealed, list, crl, served, plaintext (nobody"
        in told.words
    )
    assert "asked for TLS); thin-bricks (nobody asked for snapshots)." in told.words


def test_machines_tell_what_they_can(identities: Lab) -> None:
    found = identities.ansible("host1", "gluster_info", gather=["machine", "identity", "peers"])
    assert found["peers"] is None and found["machine"]["uuid"] is None
    clock = found["machine"]["clock"]
    assert abs(clock["ahead"]) <= clock["uncertainty"] + 0.1, clock
    assert found["identity"]["problem"] is None and len(found["identity"]["bundle_sha256"]) == 64
    found = identities.module("server1", "gluster_info", gather=["machine", "peers"])
    [itself] = [peer["uuid"] for peer in found["peers"] if peer["hostname"] == "localhost"]
    assert found["machine"]["uuid"] == itself
    cluster = identities.module("server2", "gluster_info", gather=["cluster"])["cluster"]
    assert found["machine"]["op_version"] == cluster["max_op_version"]


def test_identities(identities: Lab) -> None:
    """Another bundle, another name, no certificate."""
    lab = identities
    files = lab.module("host1", "gluster_tls_identity", common_name="tenant-a")["directories"][0]
    lab.run("host2", f"cat {files}/glusterfs.pem >> $(readlink -f {files}/glusterfs.ca)")
    lab.run("host1", f"mv {files}/glusterfs.pem /root/put-away")
    lab.play("glusterops.shares.tls", "--limit", "server2", tls_server_prefix="other-")
    told = check(lab)
    assert told.play.rc == 2 and "something is wrong with certificate, bundle, name" in told.play.output
    assert told.rows == [
        ("ERROR", "certificate", "host1"),
        ("ERROR", "bundle", "host2"),
        ("ERROR", "name", "server2"),
    ]
    assert "than on server1, server2, server3" in told.words
    assert "its certificate is for other-server2, and access lists have glusterfs-server-server2" in told.words
    assert told.words.count("-> Run the playbook glusterops.shares.tls") == 3
    assert lab.play("glusterops.shares.tls").rc == 0
    assert check(lab).rows == []


@pytest.fixture
def started(either: Lab) -> t.Iterator[str]:
    """A volume made by hand."""
    yield make_by_hand(either, "started")
    remove(either, "started")


@MOSTLY_ONCE
def test_volumes(either: Lab, started: str) -> None:
    """Daemons that are shut out while Gluster calls them online, a daemon that died, another directory for trash."""
    lab, volume = either, started
    wanted = {"infrastructure": SERVERS, "shares": [{"name": volume, "size": "1G"}]}
    assert not lab.module("server1", "gluster_shares", **wanted)["failed"]
    lab.gluster(f"volume set {volume} features.trash on")
    lab.gluster(f"volume set {volume} features.trash-dir bin")
    lab.gluster(f"volume set {volume} auth.ssl-allow {','.join(SERVERS[:2])}")
    lab.run("server2", "kill -9 $(cat /var/run/gluster/quotad/quotad.pid)")
    until(lab, "server1", f"gluster volume status {volume} client-list | grep -Eq 'glustershd +2'")
    told = check(lab)
    assert told.play.rc == 2
    assert told.rows == [
        ("ERROR", "self-heal", volume),
        ("ERROR", "quota", volume),
        ("ERROR", "quota", volume),
        ("WARNING", "trash", volume),
    ], told.play.output
    assert "2 of 3 self-heal daemons are connected, though gluster calls all of them online" in told.words
    assert "its access list lacks glusterfs-server-server3" in told.words
    assert "its quota daemon does not run on server2." in told.words
    assert "its trash directory is 'bin'" in told.words
    tolerated = check(lab, check_tolerate=["self-heal", "quota"])
    assert tolerated.play.rc == 0 and {row[0] for row in tolerated.rows} == {"WARNING"}

    # What it advises for each.
    lab.gluster(f"volume reset {volume} features.trash-dir")
    assert lab.module("server1", "gluster_shares", **wanted)["changed"]
    lab.gluster(f"volume start {volume} force")
    for process in re.findall(r"pkill -f ('volfile-id \S+')", told.words):
        lab.run("server3", f"pkill -f {process}", check=False)
    lab.gluster(f"volume start {volume} force", "server3")
    until(lab, "server1", f"gluster volume status {volume} client-list | grep -Ec '(shd|quotad) +3' | grep -qx 2")
    assert check(lab).rows == []


def test_a_server_is_down(identities: Lab) -> None:
    """And it is the one that would have been asked."""
    lab = identities
    stop_glusterd(lab, "server1")
    try:
        told = check(lab)
        assert told.play.rc == 2 and told.rows == [("ERROR", "reachable", "server1")]
        assert "its glusterd does not answer. -> Start it there: systemctl start glusterd." in told.words
        assert "trash, rebalance, stored, self-heal, quota." in told.words
    finally:
        start_glusterd(lab, "server1")


def test_a_server_goes_while_it_is_asked(identities: Lab, tmp_path: pathlib.Path) -> None:
    """It told of itself, and is asked about the cluster because the first cannot tell."""
    lab = identities
    role = "ansible.builtin.import_role"
    play = [
        {
            "hosts": "gluster_servers:gluster_hosts",
            "gather_facts": False,
            "vars": {"look_shared": True},
            "tasks": [
                {role: {"name": "glusterops.shares.look"}},
                {
                    "ansible.builtin.set_fact": {"ansible_port": 9},
                    "when": "inventory_hostname == 'server2'",
                },
                {"ansible.builtin.meta": "reset_connection"},
                {
                    "ansible.builtin.import_role": {"name": "glusterops.shares.check"},
                    "vars": {"check_fail_on": "never"},
                },
            ],
        },
        {"hosts": "localhost", "gather_facts": False, "tasks": [{"ansible.builtin.debug": {"msg": "and it goes on"}}]},
    ]
    (tmp_path / "play.yml").write_text(json.dumps(play))
    stop_glusterd(lab, "server1")
    try:
        done = lab.play(str(tmp_path / "play.yml"))
    finally:
        start_glusterd(lab, "server1")
    assert done.rc == 0 and "and it goes on" in done.output, done.output
    assert "ERROR" in done.output and "server2" in done.output.partition("SEVERITY")[2], done.output


def test_a_server_is_rejected(identities: Lab, untouched: str) -> None:
    """It knows a volume differently than the others: its brick would let in somebody else."""
    lab, info = identities, f"/var/lib/glusterd/vols/{untouched}/info"
    stop_glusterd(lab, "server3")
    lab.run("server3", f"cp {info} /root/info; echo auth.ssl-allow=strange >> {info}; service glusterd start")
    try:
        until(lab, "server1", "gluster peer status | grep -q 'Peer Rejected'")
        told = check(lab)
        assert told.play.rc == 2, told.play.output
        assert told.rows == [("ERROR", "connected", "server3"), ("ERROR", "stored", untouched)], told.play.output
        assert "to server1, server2 it is no full member of the pool: Peer Rejected." in told.words
        assert "server3 stored another auth.ssl-allow of it than server1, server2" in told.words
        lab.run("server3", f"grep -q 'Cksums {untouched} differ' /var/log/glusterfs/glusterd.log")
    finally:
        lab.run("server3", f"cp /root/info {info}")
        restart(lab, "server3")
    assert check(lab).rows == []


@pytest.fixture
def more_inventory(tmp_path: pathlib.Path) -> t.Callable[[str], tuple[str, str]]:
    """The options for an inventory besides the lab's."""

    def make(text: str) -> tuple[str, str]:
        (tmp_path / "more.yml").write_text(text)
        return "-i", str(tmp_path / "more.yml")

    return make


def test_machines_that_do_not_answer(identities: Lab, more_inventory: t.Callable[[str], tuple[str, str]]) -> None:
    wrong_ports = (
        "gluster_servers: {hosts: {server1: {ansible_port: 9}}}\ngluster_hosts: {hosts: {host2: {ansible_port: 9}}}"
    )
    told = check(identities, *more_inventory(wrong_ports))
    assert told.play.rc == 2
    assert told.rows == [("ERROR", "reachable", "server1"), ("ERROR", "reachable", "host2")]
    assert "nothing is known of it: " in told.words and "Connection refused" in told.words
    assert "3 of them servers" not in told.words and "trash, rebalance, stored, self-heal, quota." in told.words


def test_one_pool_as_two_clusters(identities: Lab, more_inventory: t.Callable[[str], tuple[str, str]]) -> None:
    groups = "left: {hosts: {server1: {}, server2: {}}}\nright: {hosts: {server3: {}}}"
    told = check(identities, *more_inventory(groups), check_clusters=["left", "right"])
    assert told.play.rc == 2 and told.rows == [("ERROR", "clusters", "left")]
    assert "servers of one pool, but declared as several clusters" in told.words
    told = check(identities, "--limit", "server1,host1")
    assert told.play.rc == 0 and told.rows == [("WARNING", "reachable", "server2")]


def test_bricks_for_snapshots(identities: Lab, untouched: str) -> None:
    told = check(identities, "--check", check_snapshots=True, check_fail_on="warning")
    assert told.play.rc == 2 and told.rows == [("WARNING", "thin-bricks", f"server1:/srv/{untouched}")]
    assert f"no snapshots of {untouched}" in told.words
