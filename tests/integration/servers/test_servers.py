# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that are in no pool become one, others join while it is used, and leave. The steps go on from each other."""

from __future__ import annotations

import functools
import json
import re
import subprocess
import typing as t

import pytest
import yaml
from harness import Lab, Play, connected, in_order
from killing import kill_when

SHARE = {
    "name": "kept",
    "size": "1G",
    "provisioner": "pool",
    "pattern": "pool-#{size}G-[0-9]+",
    "identities": ["tenant-a"],
    "mounts": [{"host": "host1", "path": "/srv/kept"}],
}
# Writes files and reads them back until it is told to end. What fails is noted.
WRITER = """
cd /srv/kept; n=0
while [ ! -e /root/end ]; do
    n=$((n + 1)); its=$(seq $n $((n + 500)))
    echo "$its" > file-$n && [ "$(cat file-$n)" = "$its" ] || echo $n >> /root/failed
done
echo $n
"""
PREFIX = "glusterfs-server-"


@pytest.fixture
def bare(as_new: t.Callable[..., Lab]) -> Lab:
    """Six servers that are in no pool."""
    return as_new("--servers", "6", "--no-topology", "--no-heketi")


def among(lab: Lab, *numbers: int, **variables: t.Any) -> Lab:
    """The lab with an inventory that has these servers only."""
    with open(lab.folder / "inventory.yml", encoding="utf-8") as stream:
        inventory = yaml.safe_load(stream)
    servers = inventory["all"]["children"]["lab_nodes"]["children"]["gluster_servers"]
    servers["hosts"] = {f"server{number}": servers["hosts"][f"server{number}"] for number in numbers}
    servers["vars"] = {"servers_address": "{{ inventory_hostname }}", "servers_join": True, **variables}
    found = Lab(lab.folder, "servers.json")
    with open(found.inventory, "w", encoding="utf-8") as stream:
        json.dump(inventory, stream)
    return found


def site(lab: Lab, *options: str, **variables: t.Any) -> Play:
    return lab.play("glusterops.shares.site", "--diff", *options, **{"shares_list": [SHARE], **variables})


def pool(lab: Lab, server: str = "server1") -> set[str]:
    """By what names it knows the connected members of its pool."""
    rows = [row.split() for row in lab.gluster("pool list", server).splitlines()[1:]]
    assert all(row[2] == "Connected" for row in rows), rows
    return {row[1] for row in rows} - {"localhost"}


def names(*numbers: int) -> set[str]:
    return {f"server{number}" for number in numbers}


def all_know(lab: Lab, *numbers: int) -> None:
    for number in numbers:
        assert pool(lab, f"server{number}") == names(*numbers) - names(number)


def from_an_inventory_alone(lab: Lab) -> None:
    its = among(lab, 1, 2, 3)
    for playbook in ("servers", "site"):
        dry = its.play(f"glusterops.shares.{playbook}", "--check", "--diff", shares_list=[])
        assert dry.rc == 0 and dry.hosts["server1"]["changed"] >= 1, dry.output
        assert "server2" in dry.output and "member" in dry.output, dry.output
        assert pool(lab) == set()
    done = its.play("glusterops.shares.servers")
    assert done.rc == 0 and done.changed == 1, done.output
    all_know(lab, 1, 2, 3)
    again = its.play("glusterops.shares.servers")
    assert again.rc == 0 and again.changed == 0, again.output


def with_a_share(lab: Lab) -> None:
    """And nobody of those who are only installed gets into their pool."""
    bricks = " ".join(f"server{number}:/srv/pool-1G-1" for number in (1, 2, 3))
    lab.gluster(f"volume create pool-1G-1 replica 3 {bricks} force")
    done = site(among(lab, 1, 2, 3))
    assert done.rc == 0, done.output
    assert lab.options("pool-1G-1")["auth.ssl-allow"] == ",".join(
        [*(PREFIX + f"server{n}" for n in (1, 2, 3)), "tenant-a"]
    )
    again = site(among(lab, 1, 2, 3))
    assert again.rc == 0 and again.changed == 0, again.output
    assert pool(lab, "server4") == set()


def one_joins_while_it_is_used(lab: Lab) -> None:
    """It is on every list before it is in the pool, and whoever writes notices nothing."""
    its = among(lab, 1, 2, 3, 4)
    refused = its.play("glusterops.shares.servers")
    assert refused.rc != 0 and refused.changed == 0, refused.output
    assert "server4 has no identity, which no access list lets in" in " ".join(refused.output.split()), refused.output
    writer = lab.popen("host1", WRITER)
    dry = site(its, "--check")
    assert dry.rc == 0 and pool(lab) == names(2, 3), dry.output
    done = site(its, "-v")
    assert done.rc == 0, done.output
    [told] = re.findall(r'Have servers join the pool\] .*?"changes": (\[.*?\]), "known_as"', done.output, re.DOTALL)
    assert [change["what"] for change in json.loads(told)] == ["auth.ssl-allow", "peer"], told
    assert PREFIX + "server4" in lab.options("pool-1G-1")["auth.ssl-allow"]
    all_know(lab, 1, 2, 3, 4)
    lab.run("host1", "touch /root/end")
    count, errors = writer.communicate(timeout=120)
    assert int(count) > 20 and lab.run("host1", "cat /root/failed", check=False).stdout == "", (count, errors)
    again = site(its)
    assert again.rc == 0 and again.changed == 0, again.output


def one_of_another_pool_is_refused(lab: Lab) -> None:
    lab.gluster("peer probe server6", "server5")
    connected(lab, ["server5", "server6"])
    refused = site(among(lab, 1, 2, 3, 4, 5))
    said = " ".join(refused.output.split())
    assert refused.rc != 0 and refused.changed == 0, refused.output
    assert "server5 is in another pool than server1, with server6: have it leave" in said, refused.output
    by_module = lab.module("server1", "gluster_servers", servers=["server2", "server5"])
    assert by_module["failed"] and by_module["msg"].startswith("server5 is in another pool, with server6:"), by_module
    assert pool(lab) == names(2, 3, 4) and pool(lab, "server5") == names(6)
    lab.gluster("peer detach server6", "server5")


def one_with_volumes_is_refused(lab: Lab) -> None:
    lab.gluster("volume create theirs server5:/srv/theirs force", "server5")
    refused = lab.module("server1", "gluster_servers", servers=["server5"])
    assert refused["failed"] and "server5 has volumes of its own (theirs)" in refused["msg"], refused
    lab.gluster("volume delete theirs", "server5")
    lab.run("server5", "rm -rf /srv/theirs")


def a_member_is_not_probed_by_another_name(lab: Lab) -> None:
    address = lab.run("server2", "hostname -I").stdout.split()[0]
    before = lab.run("server1", "cat /var/lib/glusterd/peers/*").stdout
    for server, name in ((address, "server2"), ("SERVER2", None)):
        done = lab.module("server1", "gluster_servers", servers=[server])
        assert not done["changed"] and done["known_as"] == ({server: name} if name else {}), done
    assert lab.run("server1", "cat /var/lib/glusterd/peers/*").stdout == before
    # Whoever is meant is another server.
    other = lab.module("server1", "gluster_servers", servers=["server5"], uuids={"server5": "0000"})
    assert other["failed"] and "and shall be 0000" in other["msg"], other


def nobody_joins_while_one_is_down(lab: Lab) -> None:
    lab.run("server3", "service glusterd stop")
    try:
        gone = "gluster pool list | grep -q 'server3.*Disconnected'"
        lab.run("server1", f"for n in $(seq 60); do {gone} && exit; sleep 0.5; done; exit 1")
        refused = lab.module("server1", "gluster_servers", servers=["server5"], infrastructure=[PREFIX + "server5"])
        assert refused["failed"] and refused["msg"] == "No server can join while server3 is not connected.", refused
        same = lab.module("server1", "gluster_servers", servers=["server2", "server3"])
        assert not same["failed"] and not same["changed"], same
    finally:
        lab.run("server3", "service glusterd start")
        connected(lab, ["server1", "server2", "server3", "server4"])
    assert PREFIX + "server5" not in lab.options("pool-1G-1")["auth.ssl-allow"]


def one_leaves_that_has_no_bricks(lab: Lab) -> None:
    refused = lab.module("server1", "gluster_servers", servers=["server3", "server4"], state="absent")
    assert refused["failed"] and refused["msg"].startswith("server3 has bricks of pool-1G-1: move or remove"), refused
    itself = lab.module("server4", "gluster_servers", servers=["server4"], state="absent")
    assert itself["failed"] and "server4 is this server" in itself["msg"], itself
    assert pool(lab) == names(2, 3, 4)
    done = lab.predicted("server1", "gluster_servers", by=lab.ansible, servers=["server4"], state="absent")
    assert [one["hostname"] for one in done["servers"] if not one["connected"]] == []
    all_know(lab, 1, 2, 3)
    assert pool(lab, "server4") == set()


def killed_and_run_again(lab: Lab) -> None:
    """Once when the list has who joins, once when the first has joined."""
    its = among(lab, 1, 2, 3, 4, 5, 6)
    words = its.playing("glusterops.shares.site", shares_list=[SHARE])
    kill_when(lab, words, lambda: PREFIX + "server6" in lab.options("pool-1G-1")["auth.ssl-allow"])
    lab.module("server1", "gluster_servers", servers=["server4", "server5", "server6"], state="absent")
    kill_when(lab, words, lambda: "server4" in lab.gluster("pool list"))
    done = site(its)
    assert done.rc == 0, done.output
    all_know(lab, 1, 2, 3, 4, 5, 6)
    again = site(its)
    assert again.rc == 0 and again.changed == 0, again.output


def two_control_nodes_at_once(lab: Lab) -> None:
    left = lab.module("server1", "gluster_servers", servers=["server4", "server5", "server6"], state="absent")
    assert not left["failed"], left
    its = among(lab, 1, 2, 3, 4, 5, 6)
    words = its.playing("glusterops.shares.servers")
    both = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _number in range(2)
    ]
    for said, process in [(process.communicate(timeout=300)[0], process) for process in both]:
        assert process.returncode == 0, said
    all_know(lab, 1, 2, 3, 4, 5, 6)
    assert lab.run("server1", "grep -h hostname /var/lib/glusterd/peers/*").stdout.count("hostname1") == 5
    assert "hostname2" not in lab.run("server1", "cat /var/lib/glusterd/peers/*").stdout


def what_a_dry_run_cannot_see(lab: Lab) -> None:
    """A server without programs, a host without any, and no server at all that has them."""
    its = among(lab, 1, 2, 3, 4, 5, 6)
    away = "service glusterd stop; mv /usr/sbin/glusterd /usr/sbin/glusterd.away"
    back = "mv /usr/sbin/glusterd.away /usr/sbin/glusterd; service glusterd start"
    lab.run("server6", away)
    lab.run("host2", "mv /sbin/mount.glusterfs /root/")
    try:
        dry = site(its, "--check")
        assert dry.rc == 0, dry.output
        said = " ".join(dry.output.split())
        assert (
            "server6 would get the GlusterFS server." in said and "host2 would get the GlusterFS client." in said
        ), dry.output
        assert "What follows leaves out server6, host2." in said, dry.output
        assert "Mount the shares of this host" in dry.output and dry.hosts["host1"]["failed"] == 0, dry.output
        for number in range(1, 6):
            lab.run(f"server{number}", away)
        nothing = site(its, "--check")
        assert nothing.rc == 0 and nothing.output.count("skipping: no hosts matched") == 7, nothing.output
        none = site(among(lab, 1, 2, 3, servers_install=False))
        assert (
            none.rc != 0
            and none.changed == 0
            and "server1 lacks the GlusterFS server." in " ".join(none.output.split())
        ), none.output
    finally:
        lab.run("host2", "mv /root/mount.glusterfs /sbin/")
        for number in range(1, 7):
            lab.run(f"server{number}", back)
        connected(lab, sorted(names(1, 2, 3, 4, 5, 6)))


def one_that_is_not_running_is_started(lab: Lab) -> None:
    lab.run("server4", "service glusterd stop")
    its = among(lab, 1, 2, 3, 4, 5, 6)
    done = site(its)
    assert done.rc == 0 and done.hosts["server4"]["changed"] == 1, done.output
    connected(lab, sorted(names(1, 2, 3, 4, 5, 6)))
    again = site(its)
    assert again.rc == 0 and again.changed == 0, again.output


def a_bare_one_gets_its_programs(lab: Lab) -> None:
    """And joins, and has a place for bricks. The lab's packages come from where its image does."""
    left = lab.module("server1", "gluster_servers", servers=["server6"], state="absent")
    assert not left["failed"], left
    packages = " ".join(f"glusterfs-{one}" for one in ("server", "client", "common", "cli"))
    purge = f"DEBIAN_FRONTEND=noninteractive apt-get -qq purge -y {packages}"
    lab.run("server6", f"service glusterd stop; {purge}; rm -rf /var/lib/glusterd")
    lab.run("host2", purge)
    its = among(lab, 1, 2, 3, 4, 5, 6, servers_join=None, servers_storage=["/srv/gluster"], servers_allow_root=True)
    dry = its.play("glusterops.shares.servers", "--check")
    assert dry.rc == 0 and "server6 would get the GlusterFS server." in " ".join(dry.output.split()), dry.output
    done = its.play("glusterops.shares.servers")
    assert done.rc == 0, done.output
    all_know(lab, 1, 2, 3, 4, 5, 6)
    for number in range(1, 7):
        told = lab.module(f"server{number}", "gluster_info", gather=["storage", "programs"], storage=["/srv/gluster"])
        assert [place["state"] for place in told["storage"]] == ["ready"] and told["programs"]["running"], told
    assert lab.module("host2", "gluster_info", gather=["programs"])["programs"]["client"]
    again = its.play("glusterops.shares.servers")
    assert again.rc == 0 and again.changed == 0, again.output


def storage_that_holds_something_keeps_its_server_out(lab: Lab) -> None:
    """Before anything is changed, where it has no bricks yet."""
    left = lab.module("server1", "gluster_servers", servers=["server6"], state="absent")
    assert not left["failed"], left
    lab.run("server6", "mkdir /srv/theirs && touch /srv/theirs/file")
    storage = {"servers_join": None, "servers_storage": ["/srv/theirs"], "servers_allow_root": True}
    refused = site(among(lab, 1, 2, 3, 6, **storage))
    said = " ".join(refused.output.split())
    assert refused.rc != 0 and refused.changed == 0, refused.output
    assert "No server has joined a pool. server6: /srv/theirs" in said, refused.output
    assert lab.run("server6", "ls -A /srv/theirs").stdout == "file\n"


def inventories_that_say_nothing_are_left_alone(lab: Lab) -> None:
    """Even if a server could join, or lacks what it would be given."""
    lab.run("host2", "mv /sbin/mount.glusterfs /root/")
    its = among(lab, 1, 2, 3, 4, 5, servers_join=None)
    done = site(its)
    lab.run("host2", "mv /root/mount.glusterfs /sbin/")
    assert done.rc == 0, done.output
    assert "glusterops.shares.gluster_servers" not in done.output and pool(lab, "server6") == set()
    assert site(its).changed == 0


def test_servers_come_and_go(bare: Lab, subtests: pytest.Subtests) -> None:
    steps = [
        from_an_inventory_alone,
        with_a_share,
        one_joins_while_it_is_used,
        one_of_another_pool_is_refused,
        one_with_volumes_is_refused,
        a_member_is_not_probed_by_another_name,
        nobody_joins_while_one_is_down,
        one_leaves_that_has_no_bricks,
        killed_and_run_again,
        two_control_nodes_at_once,
        what_a_dry_run_cannot_see,
        one_that_is_not_running_is_started,
        a_bare_one_gets_its_programs,
        storage_that_holds_something_keeps_its_server_out,
        inventories_that_say_nothing_are_left_alone,
    ]
    in_order(subtests, {step.__name__: functools.partial(step, bare) for step in steps})


@pytest.mark.parametrize(
    "arguments, said",
    [
        ({"servers": ["a b"]}, "server 'a b' is neither a name nor an address"),
        ({"servers": ["127.0.0.1"]}, "server '127.0.0.1' is another machine for each"),
        ({"servers": ["server2", "server2"]}, "server 'server2' stands more than once in the list."),
        ({"servers": ["server2"], "infrastructure": ["*"]}, "infrastructure identity '*' is not a valid name"),
        ({"servers": ["server2"], "timeout": -1}, "timeout -1 must not be less than 0 seconds."),
        ({"servers": ["nowhere"]}, "nowhere does not answer: see whether glusterd runs there"),
    ],
)
def test_bad_input_changes_nothing(lab: Lab, arguments: dict[str, t.Any], said: str) -> None:
    before = lab.gluster("pool list")
    done = lab.module("server1", "gluster_servers", **arguments)
    assert done["failed"] and not done["changed"] and done["msg"].startswith(said), done
    assert lab.gluster("pool list") == before
