# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who shall not be let in any more: while a server cannot store that, or its glusterd is down, and after that."""

from __future__ import annotations

import shlex
import typing as t

import pytest
from harness import MOSTLY_ONCE, SERVERS, Lab, make_by_hand, remove, start_glusterd, stop_glusterd
from siege import TABLE

DENY = {"identities": ["tenant-a"], "infrastructure": SERVERS, "state": "absent"}
# A file system of its own for what glusterd keeps of the volume, with no room left on it.
FULL = """
set -e
mkdir -p /root/kept && cp -a {0} /root/kept/
mount -t tmpfs -o size=500k tmpfs {0}
cp -a /root/kept/{1}/. {0}/
dd if=/dev/zero of={0}/filler bs=1k 2>/dev/null || df {0}
"""
ROOM = "rm -f {0}/filler; cp -a {0}/. /root/kept/{1}/; umount -l {0}; cp -a /root/kept/{1}/. {0}/; rm -rf /root/kept"


def store(lab: Lab, server: str, script: str, volume: str) -> None:
    lab.run(server, f"sh -c {shlex.quote(script.format(f'/var/lib/glusterd/vols/{volume}', volume))}")


def lists(lab: Lab, volume: str) -> set[str]:
    """The access lists by which the volume's bricks go, as the servers' own files have them."""
    found = set()
    for server in ("server1", "server2", "server3"):
        files = f"/var/lib/glusterd/vols/{volume}/{volume}.{server}.*.vol"
        found |= set(lab.run(server, f"sed -n 's/.*ssl-allow //p' {files}").stdout.split())
    return found


@pytest.fixture
def share(either: Lab) -> t.Iterator[str]:
    lab = either
    name = make_by_hand(lab, "closing")
    wanted = {"shares": [{"name": name, "identities": ["tenant-a", "tenant-b"]}], "infrastructure": SERVERS}
    assert not lab.module("server1", "gluster_shares", **wanted)["failed"]
    yield name
    remove(lab, name)


def tried(lab: Lab, moment: str, volume: str, expected: bool) -> None:
    """That the tenant gets in, or does not; for the table of attacks."""
    came = lab.mount("host1", volume) == ""
    lab.run("host1", "umount -l /mnt/try", check=False)
    TABLE.append((volume, moment, "fuse", [came]))
    assert came == expected


@MOSTLY_ONCE
def test_a_server_that_cannot_store_is_no_success(either: Lab, share: str) -> None:
    lab = either
    tried(lab, "before deny", share, True)
    store(lab, "server2", FULL, share)
    try:
        for _run in range(2):
            done = lab.module("server1", "gluster_share_access", name=share, **DENY)
            assert done["failed"] and "Commit failed on" in done["msg"], done
            # server1 shows what was asked for, and a brick goes by something else.
            assert "tenant-a" not in lab.options(share)["auth.ssl-allow"]
            assert len(lists(lab, share)) == 2
        revoked = lab.module("server1", "gluster_revoke", identities=["tenant-a"], infrastructure=SERVERS)
        assert revoked["failed"] and "Commit failed on" in revoked["msg"], revoked
    finally:
        store(lab, "server2", ROOM, share)
    done = lab.module("server1", "gluster_share_access", name=share, **DENY)
    assert not done["failed"] and [change["what"] for change in done["changes"]] == ["proof"], done
    [now] = lists(lab, share)
    assert "tenant-a" not in now and "tenant-b" in now
    assert not lab.module("server1", "gluster_share_access", name=share, **DENY)["changed"]
    tried(lab, "after deny", share, False)


@MOSTLY_ONCE
def test_a_brick_that_no_glusterd_reaches_is_no_success(either: Lab, share: str) -> None:
    lab = either
    tried(lab, "before deny", share, True)
    stop_glusterd(lab, "server3")
    try:
        for _run in range(2):
            done = lab.module("server1", "gluster_share_access", name=share, **DENY)
            assert done["failed"] and "the glusterd of server3 is not connected" in done["msg"], done
        wanted = {"shares": [{"name": share, "identities": ["tenant-b"]}], "infrastructure": SERVERS}
        done = lab.module("server1", "gluster_shares", **wanted)
        assert done["failed"] and "the glusterd of server3 is not connected" in done["msg"], done
        done = lab.module("server1", "gluster_revoke", identities=["tenant-a"], infrastructure=SERVERS)
        assert done["failed"] and "the glusterd of server3 is not connected" in done["msg"], done
    finally:
        start_glusterd(lab, "server3")
    done = lab.module("server1", "gluster_share_access", name=share, **DENY)
    assert not done["failed"] and [change["what"] for change in done["changes"]] == ["proof"], done
    [now] = lists(lab, share)
    assert "tenant-a" not in now
    assert not lab.module("server1", "gluster_revoke", identities=["tenant-a"], infrastructure=SERVERS)["failed"]
    tried(lab, "after deny", share, False)


@MOSTLY_ONCE
def test_a_mistyped_option_leaves_nothing_stopped(either: Lab) -> None:
    """Whatever has to be restarted besides."""
    lab = either
    name = make_by_hand(lab, "mistyped")
    try:
        lab.gluster(f"volume start {name}")
        wanted: dict[str, t.Any] = {"name": name, "volume_options": {"performance.cache-sice": "64MB"}}
        done = lab.module("server1", "gluster_shares", shares=[wanted], infrastructure=SERVERS, restart=True)
        assert done["failed"] and "performance.cache-sice" in done["msg"], done
        assert lab.volumes()[name].started
        wanted["volume_options"] = {"performance.cache-size": "64MB"}
        done = lab.module("server1", "gluster_shares", shares=[wanted], infrastructure=SERVERS, restart=True)
        assert not done["failed"] and done["shares"][0]["sealed"], done
        # Mistyped beside an option that bricks read only when they start.
        wanted["volume_options"] = {"ssl.certificate-depth": "2", "performance.cache-sice": "64MB"}
        done = lab.module("server1", "gluster_shares", shares=[wanted], infrastructure=SERVERS, restart=True)
        assert done["failed"] and lab.volumes()[name].started
    finally:
        remove(lab, name)


POOLED = {"infrastructure": SERVERS, "pattern": "pieces-#{size}G-.*", "name": "data", "size": "1G"}


@MOSTLY_ONCE
def test_files_in_pieces_are_wiped_and_proven_gone(either: Lab) -> None:
    """What is left of such as were deleted is in no directory that a tenant sees."""
    lab = either
    name = make_by_hand(lab, "pieces-1G-1")
    lab.gluster(f"volume set {name} features.shard on features.shard-block-size 4MB")
    gone = {"name": "data", "infrastructure": SERVERS, "state": "absent", "heal_timeout": 60}

    def pieces() -> int:
        found = [f"find /srv/{name}/.shard -type f ! -path '*/.remove_me/*' 2>/dev/null | wc -l"]
        return sum(int(lab.run(server, found[0]).stdout) for server in ("server1", "server2", "server3"))

    try:
        done = lab.module("server1", "gluster_share", identities=["tenant-a"], **{**POOLED, "size": "200M"})
        assert not done["failed"], done
        assert lab.mount("host1", name) == ""
        lab.run(
            "host1", "cd /mnt/try && dd if=/dev/zero of=large bs=1M count=100 2>/dev/null && mkdir d && echo x > d/x"
        )
        # Over its limit, in which nothing could be removed.
        lab.run("host1", "dd if=/dev/zero of=/mnt/try/more bs=1M count=400 2>/dev/null", check=False)
        assert pieces() > 50
        done = lab.module("server1", "gluster_share", **gone)
        lab.run("host1", "umount -l /mnt/try", check=False)
        assert not done["failed"] and pieces() == 0, done
        # Pieces without the file that they were of: nobody gets such a volume.
        folder = f"/srv/{name}/.shard"
        lab.run("server1", f"mkdir -p {folder}; echo secret > {folder}/b0b0b0b0-0000-4000-8000-000000000001.1")
        done = lab.module("server1", "gluster_share", identities=["tenant-b"], **POOLED)
        assert done["failed"] and "is not empty: it holds '.shard'" in done["msg"], done
    finally:
        remove(lab, name)


@MOSTLY_ONCE
def test_what_is_not_free(either: Lab) -> None:
    """With nothing but gluster's own answers, and while others ask it, too."""
    lab = either
    name = make_by_hand(lab, "pieces-1G-1")
    try:
        lab.gluster(f"volume set {name} client.ssl on server.ssl on auth.ssl-allow {','.join(SERVERS)},tenant-a")
        lab.gluster(f"volume start {name}")
        done = lab.module("server1", "gluster_share", identities=["tenant-b"], **POOLED)
        assert done["failed"] and "its access list lets in tenant-a" in done["msg"], done
        # A client that does not say what it is.
        lab.run("host1", "umount -l /mnt/try; mkdir -p /mnt/try", check=False)
        lab.run("host1", f"glusterfs --volfile-server=server1 --volfile-id={name} /mnt/try")
        monitoring = "while [ ! -e /tmp/enough ]; do gluster volume status all detail >/dev/null; done"
        lab.run("server2", f"rm -f /tmp/enough; setsid sh -c '{monitoring}' >/dev/null 2>&1 &")
        try:
            for _look in range(2):
                told = lab.module("server1", "gluster_info", gather=["mounted"])
                assert told["mounted"].get(name), told
        finally:
            lab.run("server2", "touch /tmp/enough; sleep 1")
        done = lab.module("server1", "gluster_share", identities=["tenant-b"], **POOLED)
        assert done["failed"] and "somebody is connected to it" in done["msg"], done
        lab.run("host1", "umount /mnt/try")
    finally:
        lab.run("host1", "umount -l /mnt/try", check=False)
        remove(lab, name)


@MOSTLY_ONCE
def test_a_volume_that_only_another_server_has(either: Lab) -> None:
    """Who is connected to it gluster does not tell here while nobody is."""
    lab, name = either, "afar-1G-1"
    of_it = {"name": "afar", "infrastructure": SERVERS}
    wanted = {**of_it, "size": "1G", "pattern": "afar-#{size}G-[0-9]+", "identities": ["tenant-a"], "restart": True}
    lab.gluster(f"volume create {name} server2:/srv/{name} force")
    lab.gluster(f"volume start {name}")
    try:
        told = lab.module("server1", "gluster_info", gather=["clients"])
        assert told["clients"][name] == {}, told
        done = lab.module("server1", "gluster_share", **wanted)
        assert not done["failed"] and lab.options(name)["user.glusterops-share"] == f"afar@{name}", done
        assert lab.mount("host1", name) == ""
        assert lab.module("server1", "gluster_info", gather=["clients"])["clients"][name]["fuse"]
        done = lab.module("server1", "gluster_share", **of_it, state="absent", heal_timeout=60)
        assert not done["failed"], done
    finally:
        lab.run("host1", "umount -l /mnt/try", check=False)
        remove(lab, name)


@MOSTLY_ONCE
def test_bricks_that_run_on_in_plaintext(either: Lab) -> None:
    """TLS that somebody set on a started volume keeps nobody out before it is started again."""
    lab = either
    name = make_by_hand(lab, "plain")
    try:
        lab.gluster(f"volume start {name}")
        lab.gluster(f"volume set {name} client.ssl on server.ssl on auth.ssl-allow {','.join(SERVERS)},tenant-a")
        wanted = {"shares": [{"name": name, "identities": ["tenant-b"]}], "infrastructure": SERVERS}
        for _run in range(2):
            done = lab.module("server1", "gluster_shares", **wanted)
            assert done["failed"] and "speak no TLS: it has not been started since that was set" in done["msg"], done
        done = lab.module("server1", "gluster_shares", **wanted, restart=True)
        assert not done["failed"], done
        served = lab.module("server1", "gluster_info", gather=["served"])["served"]
        assert [brick["plaintext"] for brick in served if brick["volume"] == name] == [False] * 3, served
    finally:
        remove(lab, name)


@MOSTLY_ONCE
def test_options_that_would_keep_it_from_being_given_back(either: Lab) -> None:
    lab = either
    name = make_by_hand(lab, "pieces-1G-1")
    gone = {"name": "data", "infrastructure": SERVERS, "state": "absent", "heal_timeout": 60}
    try:
        lab.gluster(f"volume set {name} features.read-only on server.root-squash on auth.reject 10.254.0.1")
        done = lab.module("server1", "gluster_share", identities=["tenant-a"], **POOLED)
        assert not done["failed"], done
        options = lab.options(name)
        assert options["features.read-only"] == "off" and options["server.root-squash"] == "off"
        assert "auth.reject" not in options
        assert lab.mount("host1", name) == ""
        lab.run("host1", "echo x > /mnt/try/x")
        # Set since by somebody.
        lab.gluster(f"volume set {name} server.root-squash on features.trash on features.worm on")
        done = lab.module("server1", "gluster_share", **gone)
        assert done["failed"] and "cannot be wiped: it has features.worm=on" in done["msg"] and not done["changed"]
        lab.run("host1", "ls /mnt/try/x")
        lab.gluster(f"volume set {name} features.worm off")
        done = lab.module("server1", "gluster_share", **gone)
        assert not done["failed"], done
        lab.run("host1", "umount -l /mnt/try", check=False)
        done = lab.module("server1", "gluster_share", identities=["tenant-a"], **POOLED)
        assert not done["failed"], done
    finally:
        remove(lab, name)
