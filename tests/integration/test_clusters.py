# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two clusters in one run. The second one has a single server, which is reached as a user with sudo.

The steps go on from each other.
"""

from __future__ import annotations

import functools
import json
import pathlib
import typing as t

import pytest
import yaml
from harness import Lab, Play, in_order, start_glusterd, stop_glusterd

DEVICE = "/srv/bricks/sdb"
GROUPS = {"site_a": ["server1", "server2", "server3"], "site_b": ["server4"]}
INFRASTRUCTURE = {group: [f"glusterfs-server-{server}" for server in servers] for group, servers in GROUPS.items()}


def pooled(name: str, tenant: str, host: str, **others: t.Any) -> dict[str, t.Any]:
    mounts = [{"host": host, "path": f"/srv/{name}"}]
    return {"name": name, "size": "1G", "provisioner": "pool", "identities": [tenant], "mounts": mounts, **others}


# Volumes of 1G are two on the first cluster, and one of the same name on the second.
SHARES = [
    pooled("first", "tenant-a", "host1"),
    pooled("second", "tenant-b", "host2"),
    pooled("third", "tenant-a", "host1"),
    pooled("fourth", "tenant-b", "host2", size="2G", cluster="site_b"),
    {"name": "made", "size": "1G", "durability": "none", "identities": ["tenant-a"]},
]


def play(
    lab: Lab,
    playbook: str,
    shares: list[dict[str, t.Any]] | None = None,
    options: t.Sequence[str] = (),
    **variables: t.Any,
) -> Play:
    declared = {"shares_pool_pattern": "pool-#{size}G-[0-9]+", "shares_clusters": list(GROUPS)}
    return lab.play(
        f"glusterops.shares.{playbook}",
        *options,
        **{**declared, "shares_list": SHARES if shares is None else shares, **variables},
    )


def on(lab: Lab, server: str) -> dict[str, dict[str, t.Any]]:
    """Share to its volume, on that server's cluster."""
    found = lab.module(server, "gluster_info", gather=["volumes"])
    names = [share["name"] for share in SHARES]
    return {volume["share"]: volume for volume in found["volumes"] if volume["share"] in names}


@pytest.fixture
def clusters(as_new: t.Callable[..., Lab]) -> Lab:
    """Servers that are in no pool yet; Heketi makes two of them."""
    lab = as_new("--servers", "4", "--no-topology")
    lab.run(
        "server4",
        # That password is nobody's, and does not lock the account.
        "useradd --create-home --password '*' deploy"
        " && echo 'deploy ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/deploy"
        " && cp -r /root/.ssh /home/deploy/ && chown -R deploy: /home/deploy/.ssh",
    )
    with open(lab.inventory, encoding="utf-8") as stream:
        inventory = yaml.safe_load(stream)
    for group, servers in GROUPS.items():
        inventory[group] = {
            "hosts": dict.fromkeys(servers),
            "vars": {"topology_cluster": group, "topology_devices": [DEVICE], "topology_zone": 1},
        }
    for server in GROUPS["site_a"]:
        inventory["site_a"]["hosts"][server] = {"topology_manage": server, "topology_zone": int(server[-1])}
    inventory["site_b"]["hosts"]["server4"] = {"topology_manage": "server4", "ansible_user": "deploy"}
    clusters = Lab(lab.folder, "clusters.yml")
    with open(clusters.inventory, "w", encoding="utf-8") as stream:
        json.dump(inventory, stream)
    return clusters


def made_as_predicted(lab: Lab) -> None:
    first = play(lab, "topology")
    assert first.rc == 0, first.output
    for name in ("pool-1G-1", "pool-1G-2"):
        lab.gluster(f"volume create {name} replica 3 server1:/srv/{name} server2:/srv/{name} server3:/srv/{name} force")
    for name in ("pool-1G-1", "pool-2G-1"):
        lab.gluster(f"volume create {name} server4:/srv/{name} force", "server4")
    dry = play(lab, "site", options=["--check", "--diff"])
    assert dry.rc == 0, dry.output
    done = play(lab, "site")
    assert done.rc == 0, done.output
    for host, server, volume, path in (
        ("host1", "server1", "pool-1G-1", "first"),
        ("host2", "server1", "pool-1G-2", "second"),
        ("host1", "server4", "pool-1G-1", "third"),
        ("host2", "server4", "pool-2G-1", "fourth"),
    ):
        entry = f"{server}:/{volume} /srv/{path} glusterfs"
        assert entry in dry.output and entry in lab.run(host, "cat /etc/fstab").stdout, dry.output


def shares_are_spread(lab: Lab) -> None:
    here, there = on(lab, "server1"), on(lab, "server4")
    assert ("made" in here) != ("made" in there)
    assert [{name: its["name"] for name, its in found.items() if name != "made"} for found in (here, there)] == [
        {"first": "pool-1G-1", "second": "pool-1G-2"},
        {"third": "pool-1G-1", "fourth": "pool-2G-1"},
    ]
    for found, servers in ((here, INFRASTRUCTURE["site_a"]), (there, INFRASTRUCTURE["site_b"])):
        for share in SHARES:
            its = found.get(share["name"])
            assert not its or (its["sealed"] and its["started"])
            assert not its or sorted(its["identities"]) == sorted([*servers, *share["identities"]])


def tenants_get_their_own_although_volumes_have_the_same_name(lab: Lab) -> None:
    lab.run("host1", "echo a > /srv/first/file && echo b > /srv/third/file && sync")
    assert lab.run("server1", "cat /srv/pool-1G-1/file").stdout == "a\n"
    assert lab.run("server4", "cat /srv/pool-1G-1/file").stdout == "b\n"
    assert lab.run("host2", "df --output=size -B1G /srv/fourth | tail -1").stdout.split() == ["2"]
    assert "Authentication failed" in lab.mount("host2", "pool-1G-1")


def a_second_run_changes_nothing(lab: Lab) -> None:
    again = play(lab, "site")
    assert again.rc == 0 and again.changed == 0, again.output


def bad_input_changes_nothing(lab: Lab) -> None:
    """The whole list is looked at before Heketi makes anything of it."""
    wrong = [
        *SHARES,
        {"name": "new", "size": "1G"},
        pooled("elsewhere", "tenant-a", "host1", cluster="site_c"),
        pooled("large", "tenant-a", "host1", size="5G"),
        {**SHARES[0], "name": "second-of-it", "cluster": "site_b"},
    ]
    done = play(lab, "shares", wrong)
    said = " ".join(done.output.split())
    assert done.rc != 0 and done.changed == 0, done.output
    assert "3 shares cannot be placed, so nothing was changed:" in said
    assert "elsewhere: cluster 'site_c' is none of site_a, site_b." in said
    assert "No volume for share 'large' of 5G" in said
    # Without LVM there are no snapshots, and nobody can tell which there are.
    copy = {"name": "copy", "size": "1G", "provisioner": "snapshot", "from_snapshot": "monday"}
    cloned = play(lab, "shares", [*SHARES, copy])
    assert cloned.rc != 0 and cloned.changed == 0 and "no LVM on this server" in cloned.output, cloned.output
    moved = play(lab, "shares", [{**SHARES[0], "cluster": "site_b"}])
    assert moved.rc != 0 and "is on cluster site_a, not on site_b: a share does not move" in moved.output
    one = play(lab, "shares", shares_clusters=["site_a"])
    assert one.rc != 0 and "server4 is in none of the groups site_a" in " ".join(one.output.split()), one.output


def another_server_does_the_work(lab: Lab) -> None:
    """First glusterd is down on the first one, then nothing of it answers. The share that Heketi made may have its only
    brick there, so it is left out."""
    pooled_only = SHARES[:-1]
    wider = [{**SHARES[0], "identities": ["tenant-a", "tenant-b"]}, *pooled_only[1:]]
    try:
        stop_glusterd(lab, "server1")
        done = play(lab, "shares", wider)
        assert done.rc == 0 and "server1 does not answer, so another server of its cluster" in done.output, done.output
        assert {host for host, counts in done.hosts.items() if counts["changed"]} == {"server2"}
        assert "tenant-b" in on(lab, "server2")["first"]["identities"]

        silent = Lab(lab.folder, "silent.yml")
        inventory = json.loads(pathlib.Path(lab.inventory).read_text())
        inventory["site_a"]["hosts"]["server1"]["ansible_port"] = 9
        pathlib.Path(silent.inventory).write_text(json.dumps(inventory))
        # Who is denied may get in by the bricks of a server that hears of nothing: that is said, run after run.
        for _run in range(2):
            back = play(silent, "shares", pooled_only)
            assert back.rc != 0 and "the glusterd of server1 is not connected" in back.output, back.output
            assert "server1 does not answer" in back.output
            assert "tenant-b" not in on(lab, "server2")["first"]["identities"]
        assert lab.run("host1", "cat /srv/first/file").stdout == "a\n"
    finally:
        start_glusterd(lab, "server1")
    mended = play(lab, "shares")
    assert mended.rc == 0 and mended.changed == 1, mended.output
    assert play(lab, "shares").changed == 0
    assert "tenant-b" not in on(lab, "server1")["first"]["identities"]


def a_cluster_that_is_down_altogether(lab: Lab) -> None:
    """Whether a share is there already cannot be known, so none is made on the other one."""
    done = lab.play(
        "glusterops.shares.shares",
        "--limit",
        "site_a",
        shares_clusters=list(GROUPS),
        shares_pool_pattern="pool-.*",
        shares_list=SHARES,
    )
    assert done.rc != 0 and "No server of site_b answers" in done.output and done.changed == 0, done.output


def a_share_is_removed_from_its_cluster_only(lab: Lab) -> None:
    refused = play(lab, "remove_share", remove_share_name="third")
    assert refused.rc != 0 and "third is mounted by 1 client. Unmount it first" in refused.output, refused.output
    removed = play(lab, "remove_share", remove_share_name="third", remove_share_force=True)
    assert removed.rc == 0, removed.output
    assert "third" not in on(lab, "server4") and lab.run("server4", "ls /srv/pool-1G-1").stdout == ""
    assert lab.run("host1", "cat /srv/first/file").stdout == "a\n"
    assert lab.run("host1", "ls -d /srv/third", check=False).returncode != 0
    made = play(lab, "remove_share", remove_share_name="made")
    assert made.rc == 0 and made.changed > 0 and "made" not in {**on(lab, "server1"), **on(lab, "server4")}, made.output
    left = play(lab, "site", [SHARES[0], SHARES[1], SHARES[3]])
    assert left.rc == 0 and left.changed == 0, left.output


STEPS = (
    made_as_predicted,
    shares_are_spread,
    tenants_get_their_own_although_volumes_have_the_same_name,
    a_second_run_changes_nothing,
    bad_input_changes_nothing,
    another_server_does_the_work,
    a_cluster_that_is_down_altogether,
    a_share_is_removed_from_its_cluster_only,
)


def test_two_clusters(clusters: Lab, subtests: pytest.Subtests) -> None:
    in_order(subtests, {act.__name__: functools.partial(act, clusters) for act in STEPS})
