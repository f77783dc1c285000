# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
import yaml
from harness import SERVERS, Lab, make_by_hand, remove

LIST = "auth.ssl-allow"
SHARES = ("one", "two")
REVOKE: dict[str, t.Any] = {"identities": ["tenant-b"], "infrastructure": SERVERS}


@pytest.fixture
def shares(either: Lab) -> t.Iterator[tuple[str, str]]:
    """Two shares of both tenants, mounted by tenant-b; the first by tenant-a, too."""
    for name in SHARES:
        make_by_hand(either, name)
    wanted = [{"name": name, "identities": ["tenant-a", "tenant-b"]} for name in SHARES]
    assert not either.module("server1", "gluster_shares", infrastructure=SERVERS, shares=wanted)["failed"]
    for node, name in (("host1", "one"), ("host2", "one"), ("host2", "two")):
        assert either.mount(node, name, f"/mnt/{name}") == ""
    either.run("host1", "echo there > /mnt/one/file")
    yield SHARES
    for node in ("host1", "host2"):
        either.run(node, "umount -l /mnt/one /mnt/two", check=False)
    for name in SHARES:
        remove(either, name)


def test_a_tenant_is_revoked(either: Lab, shares: tuple[str, str]) -> None:
    """Off both lists and out of both mounts within ten seconds, and the other tenant notices nothing."""
    lab, (first, second) = either, shares
    lab.gluster(f"volume set {second} server.dynamic-auth off")
    reading = lab.popen("host2", "while cat /mnt/one/file; do sleep 0.2; done >/dev/null")
    done = lab.predicted("server1", "gluster_revoke", by=lab.ansible, **REVOKE)
    assert done["shares"] == [{"name": name, "volume": name, "removed": ["tenant-b"]} for name in shares]
    assert {(change["subject"], change["what"]) for change in done["changes"]} == {
        (first, LIST),
        (second, LIST),
        (second, "server.dynamic-auth"),
    }
    cut = [(one["volume"], one["client"].rpartition(":")[0]) for one in done["cut"]]
    [address] = lab.run("host2", "hostname -i").stdout.split()
    assert cut == [(first, address), (second, address)] and done["kept"] == []
    reading.communicate(timeout=10)
    for name in shares:
        assert set(lab.options(name)[LIST].split(",")) == {*SERVERS, "tenant-a"}
        assert lab.run("host2", f"timeout 10 ls /mnt/{name}/file", check=False).returncode != 0
        assert "Authentication failed" in lab.mount("host2", name, f"/mnt/{name}")
    assert lab.run("host1", "cat /mnt/one/file").stdout == "there\n"
    clients = lab.module("server2", "gluster_info", gather=["clients"])["clients"]
    assert {name: clients[name]["glustershd"] for name in shares} == dict.fromkeys(shares, 3)


def test_a_session_in_plaintext_is_not_ended(either: Lab, shares: tuple[str, str]) -> None:
    """And a pattern lets in as before: both are told after all the rest was done."""
    lab, (first, second) = either, shares
    lab.gluster(f"volume set {second} {LIST} {','.join(SERVERS)},tenant-?,tenant-b")
    plain = make_by_hand(lab, "plain")
    try:
        lab.gluster(f"volume start {plain}")
        assert lab.mount("host2", plain, "/mnt/plain") == ""
        lab.gluster(f"volume set {plain} client.ssl on server.ssl on {LIST} {','.join(SERVERS)},tenant-b")
        done = lab.module("server1", "gluster_revoke", **REVOKE)
        assert done["failed"] and done["error"] == "conflict", done
        assert "tenant-b may get in or stay in all the same." in done["msg"]
        assert f"{second}: its access list lets them in by tenant-?." in done["msg"]
        assert f"{plain}: its bricks speak no TLS, although" in done["msg"] and "its 1 sessions are" in done["msg"]
        assert {one["name"] for one in done["shares"]} == {first, second, plain}
        assert [one["volume"] for one in done["kept"]] == [plain]
        assert first in {one["volume"] for one in done["cut"]}
        assert lab.run("host2", "touch /mnt/plain/written").returncode == 0
        for name in (first, plain):
            assert "tenant-b" not in lab.options(name)[LIST]
    finally:
        lab.run("host2", "umount -l /mnt/plain", check=False)
        remove(lab, plain)


def test_infrastructure_is_refused(either: Lab) -> None:
    done = either.module("server1", "gluster_revoke", identities=[SERVERS[0]], infrastructure=SERVERS)
    assert done["failed"] and done["error"] == "bad_input" and "is infrastructure" in done["msg"], done


def test_no_server_is_in_the_run(either: Lab) -> None:
    done = either.play("glusterops.shares.revoke", "--limit", "gluster_hosts", revoke_name="tenant-x")
    assert done.rc != 0 and "Nothing was done, on no list and not at the CA" in " ".join(
        done.output.split()
    ), done.output


def test_a_server_that_does_not_answer(either: Lab, shares: tuple[str, str]) -> None:
    """Whoever is revoked is denied all the same, through the others, and the CA is told; the run names who was not
    reached."""
    lab = either
    for silent in ("server3", "server1"):
        inventory = yaml.safe_load(pathlib.Path(lab.inventory).read_text())
        inventory["gluster_servers"] = {"hosts": {silent: {"ansible_port": 9}}}
        (lab.folder / "silent.yml").write_text(json.dumps(inventory))
        wanted = [{"name": name, "identities": ["tenant-a", "tenant-x"]} for name in shares]
        assert not lab.module("server1", "gluster_shares", infrastructure=SERVERS, shares=wanted)["failed"]
        done = Lab(lab.folder, "silent.yml").play("glusterops.shares.revoke", revoke_name="tenant-x")
        said = " ".join(done.output.split())
        assert (
            done.rc != 0 and f"tenant-x was revoked as far as possible. What is left: {silent} was not reached" in said
        ), said
        assert "has no certificate of 'tenant-x' in its record" in said, said
        for name in shares:
            assert set(lab.options(name)[LIST].split(",")) == {*SERVERS, "tenant-a"}, said
