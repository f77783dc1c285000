# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from harness import Lab, Play

NAME = "resized"
SHARE: dict[str, t.Any] = {"name": NAME, "size": "2G", "spare_factor": 1.5, "identities": ["tenant-a"]}


def run(lab: Lab, *options: str, **share: t.Any) -> Play:
    return lab.play("glusterops.shares.shares", *options, shares_list=[{**SHARE, **share}])


def bricks(lab: Lab) -> int:
    return lab.gluster(f"volume info {NAME}").count("/brick\n")


def limit(lab: Lab) -> int:
    return lab.module("server1", "gluster_info", gather=["limits"])["limits"][NAME]


def servers(lab: Lab) -> dict[str, str]:
    """The identity of each server, by the UUID of its glusterd."""
    found = {}
    for name in ("server1", "server2", "server3"):
        told = lab.module(name, "gluster_info", gather=["peers", "identity"])
        [own] = [peer["uuid"] for peer in told["peers"] if peer["hostname"] == "localhost"]
        found[own] = told["identity"]["common_name"]
    return found


@pytest.fixture(scope="module")
def share(identities: Lab) -> t.Iterator[Lab]:
    """A share of 2G in a volume of 3G, mounted by its tenant, with 300 MiB in it."""
    lab = identities
    done = run(lab)
    assert done.rc == 0, done.output
    assert f"  {NAME} created (" in done.output and f"  {NAME} set (" in done.output
    assert "Prove that new and grown shares work" in done.output
    assert bricks(lab) == 3
    assert lab.mount("host1", NAME) == ""
    lab.run("host1", "for n in 1 2 3; do dd if=/dev/urandom of=/mnt/try/f$n bs=1M count=100 2>&1; done; sync")
    yield lab
    lab.run("host1", "umount -l /mnt/try", check=False)
    removed = lab.play("glusterops.shares.remove_share", remove_share_name=NAME)
    assert removed.rc == 0, removed.output


def test_up_and_down(share: Lab) -> None:
    lab = share
    sums = lab.run("host1", "cd /mnt/try && sha256sum *").stdout

    def resize(size: str) -> Play:
        done = run(lab, size=size)
        assert done.rc == 0 and done.changed > 0, done.output
        seen = lab.run("host1", "df --output=size -B1M /mnt/try | tail -1").stdout.strip()
        assert seen == str(int(float(size[:-1]) * 1024))
        assert lab.run("host1", "cd /mnt/try && sha256sum *").stdout == sums
        return done

    def predicted(size: str) -> Play:
        dry, done, again = run(lab, "--check", size=size), resize(size), run(lab, size=size)
        assert dry.rc == 0 and dry.changed == done.changed, dry.output + done.output
        assert again.rc == 0 and again.changed == 0 and "stays so" not in again.output, again.output
        return done

    # Within the volume: only the quota moves.
    assert "expanded" not in predicted("3G").output and bricks(lab) == 3
    # Beyond it: three more bricks, and spare room again.
    assert f"  {NAME} expanded (" in predicted("4G").output and bricks(lab) == 6
    assert "expanded" not in resize("6G").output and bricks(lab) == 6
    # Down again, but not below what is stored.
    refused = run(lab, size="0.2G")
    assert refused.rc != 0 and refused.changed == 0
    assert f"cannot be limited to {int(0.2 * 1024**3)}B: " in refused.output, refused.output
    assert "bytes are stored in it (limit now 6G)" in refused.output and limit(lab) == 6 * 1024**3
    predicted("1G")
    assert bricks(lab) == 6
    resize("2G")


def test_what_differs_is_changed_or_told(share: Lab) -> None:
    lab = share
    done = run(lab, volume_options={"performance.cache-size": "64MB"}, gid=500, durability="disperse-2+1")
    assert done.rc == 0 and lab.options(NAME)["performance.cache-size"] == "64MB", done.output
    output = " ".join(done.output.split())
    assert "durability is replicate-3 and stays so, though disperse-2+1 is asked for" in output
    assert "gid is 0 and stays so, though 500 is asked for" in output
    assert lab.options(NAME)["client.ssl"] == "on"
    refused = run(lab, volume_options={"client.ssl": False})
    assert refused.rc != 0 and "volume_options may not have client.ssl" in refused.output
    assert lab.options(NAME)["client.ssl"] == "on"


def test_no_brick_on_a_server_without_its_identity(share: Lab) -> None:
    lab = share
    tolerant = ("-e", json.dumps({"shares_tolerate": ["certificate", "self-heal", "quota"]}))
    lab.run("server3", "mv /usr/lib/ssl/glusterfs.pem /root/away.pem")
    try:
        checked = run(lab)
        assert (
            checked.rc != 0 and checked.changed == 0 and "is wrong with certificate" in checked.output
        ), checked.output
        refused = run(lab, *tolerant, name="unborn")
        assert refused.rc != 0, refused.output
        assert "Heketi may choose server3 for its bricks, and known_servers does not have" in refused.output
        assert "unborn" not in lab.gluster("volume list")
        assert run(lab, *tolerant).rc == 0, "what needs no new bricks is still done"
    finally:
        lab.run("server3", "mv /root/away.pem /usr/lib/ssl/glusterfs.pem")


def test_what_gluster_calls_a_success_is_looked_at(share: Lab) -> None:
    lab, known = share, servers(share)
    expected = {"shares": [{"name": NAME}], "servers": known, "timeout": 20}
    proof = lab.ansible("server1", "gluster_shares_verify", **expected)
    assert not proof["failed"] and not proof["changed"], proof
    [told] = proof["shares"]
    assert told["problems"] == [] and told["healers"] == 3
    assert {brick["common_name"] for brick in told["bricks"]} == set(known.values())

    expected["timeout"] = 0
    swapped = dict(zip(known, [*list(known.values())[1:], list(known.values())[0]], strict=True))
    wrong = lab.module("server1", "gluster_shares_verify", **{**expected, "servers": swapped})
    assert wrong["failed"] and wrong["error"] == "conflict" and "and its server is glusterfs-server-" in wrong["msg"]
    counted = lab.module("server1", "gluster_shares_verify", **{**expected, "shares": [{"name": NAME, "bricks": 9}]})
    assert counted["failed"] and "Heketi knows 9 bricks of it, Gluster has 6" in counted["msg"], counted

    pid = lab.run("server2", f"pgrep -f 'glusterfsd.*{NAME}' | head -1").stdout.strip()
    lab.run("server2", f"kill {pid}; while kill -0 {pid} 2> /dev/null; do sleep 0.1; done")
    down = lab.module("server1", "gluster_shares_verify", **expected)
    assert down["failed"] and "brick server2:" in down["msg"] and "is not running." in down["msg"], down
    lab.gluster(f"volume start {NAME} force")
    assert not lab.module("server1", "gluster_shares_verify", **{**expected, "timeout": 30})["failed"]


def test_a_self_heal_daemon_that_is_shut_out(share: Lab) -> None:
    """gluster's status calls it online all the same."""
    lab = share
    allowed = lab.options(NAME)["auth.ssl-allow"]
    lab.gluster(f"volume set {NAME} auth.ssl-allow {allowed.replace('glusterfs-server-server3,', '')}")
    try:
        expected = {"shares": [{"name": NAME}], "servers": servers(lab), "timeout": 0}
        found = lab.module("server1", "gluster_shares_verify", **expected)
        assert found["failed"] and "1 of 3 self-heal daemons are not connected" in found["msg"], found
    finally:
        lab.gluster(f"volume set {NAME} auth.ssl-allow {allowed}")
        # A daemon that was cut off comes back only with its brick's next start.
        lab.gluster(f"volume stop {NAME}")
        lab.gluster(f"volume start {NAME}")
