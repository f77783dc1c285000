# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shares from a snapshot, of a share from a pool. It is a slow machine, so the tests go on from each other."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from conftest import Lab, thin_volume
from killing import Program, killed, timed

SERVER = "glusterfs-server-server1"
PARENT: dict[str, t.Any] = {
    "name": "origin",
    "identities": ["tenant-a"],
    "size": "200M",
    "pattern": "pool-#{size}G-[0-9]+",
    "infrastructure": [SERVER],
}
CLONE: dict[str, t.Any] = {
    "name": "copy",
    "identities": ["tenant-b"],
    "size": "100M",
    "from_snapshot": "monday",
    "infrastructure": [SERVER],
}
CLONE_GONE: dict[str, t.Any] = {"name": "copy", "infrastructure": [SERVER], "state": "absent"}


def volumes(vm: Lab) -> dict[str, dict[str, t.Any]]:
    return {one["name"]: one for one in vm.module("server1", "gluster_info", gather=["volumes"])["volumes"]}


def issue(vm: Lab, name: str) -> None:
    """An identity beside the server's own, as /root/NAME.key and /root/NAME.pem."""
    made = f"openssl req -new -newkey rsa:2048 -nodes -keyout /root/{name}.key -subj /CN={name} 2>/dev/null"
    csr = vm.run("server1", made).stdout
    passphrase = pathlib.Path(vm.inventory).with_name("ca-passphrase").read_text(encoding="utf-8").split()[0]
    path = str(pathlib.Path(vm.inventory).with_name("ca"))
    signed = vm.module(
        "localhost", "gluster_tls_ca", path=path, passphrase=passphrase, sign=[{"common_name": name, "csr": csr}]
    )
    assert not signed["failed"], signed
    vm.run("server1", f"cat > /root/{name}.pem <<'END'\n{signed['certificates'][0]['certificate']}\nEND")


def mounted_as(vm: Lab, name: str, volume: str, command: str) -> str | None:
    """What the command says in the volume's root, to this tenant; None if he cannot mount it."""
    option = "--xlator-option '*-client-*.transport.socket.ssl"
    options = f"{option}-own-cert=/root/{name}.pem' {option}-private-key=/root/{name}.key'"
    done = vm.run(
        "server1",
        f"umount -l /mnt/as 2>/dev/null; mkdir -p /mnt/as;"
        f" glusterfs --volfile-server=localhost --volfile-id={volume} {options} /mnt/as;"
        " sleep 2; timeout 20 stat -f /mnt/as > /dev/null && findmnt -n -t fuse.glusterfs /mnt/as > /dev/null"
        " || exit 9;"
        f" cd /mnt/as && {command}; cd /; umount /mnt/as",
        check=False,
    )
    assert done.returncode in (0, 9), done.stderr
    return None if done.returncode else done.stdout


@pytest.fixture(scope="module")
def parent(vm: Lab) -> Lab:
    """A share with a snapshot, which is not active."""
    done = vm.play("glusterops.shares.tls")
    assert done.rc == 0, done.output
    for name in ("tenant-a", "tenant-b"):
        issue(vm, name)
    thin_volume(vm, "pool-1G-1", "600m")
    vm.gluster("volume stop pool-1G-1")
    made = vm.module("server1", "gluster_share", **PARENT)
    assert not made["failed"] and made["share"]["volume"] == "pool-1G-1", made
    written = mounted_as(
        vm, "tenant-a", "pool-1G-1", "echo precious > kept && dd if=/dev/zero of=big bs=1M count=20 2>&1; sync; ls"
    )
    assert written and written.split()[-2:] == ["big", "kept"], written
    assert not vm.module("server1", "gluster_snapshot", name="monday", share="origin")["failed"]
    return vm


def look(vm: Lab) -> str | None:
    """The clone's state. At no time can the parent's tenants mount it, nor its own before it is ready."""
    found = volumes(vm)
    assert found["pool-1G-1"]["share"] == "origin" and "tenant-a" in found["pool-1G-1"]["identities"]
    clone = found.get("copy")
    if not clone:
        return None
    if clone["share"] != "copy":
        assert clone["status"] == "Created", clone
        return None
    assert clone["sealed"] and set(clone["identities"]) <= {SERVER, "tenant-b"}, clone
    assert clone["state"] == "in-use" or "tenant-b" not in clone["identities"], clone
    return str(clone["state"])


def test_a_share_from_an_inactive_snapshot(parent: Lab) -> None:
    vm = parent
    done = vm.predicted("server1", "gluster_share", **CLONE)
    assert [change["what"] for change in done["changes"]] == ["clone of", "started", "size", "auth.ssl-allow", "state"]
    assert done["share"]["identities"] == [SERVER, "tenant-b"] and done["share"]["limit"] == 100 * 1024**2
    found = volumes(vm)["copy"]
    assert (found["share"], found["origin"]) == ("copy", "snapshot:monday")
    [snapshot] = vm.module("server1", "gluster_info", gather=["snapshots"])["snapshots"]
    assert snapshot["name"] == "monday" and not snapshot["active"]
    assert mounted_as(vm, "tenant-b", "copy", "cat kept && df --output=size -BM . | tail -1") == "precious\n     100M\n"
    assert mounted_as(vm, "tenant-a", "copy", "ls") is None
    assert mounted_as(vm, "tenant-b", "pool-1G-1", "ls") is None


def test_smaller_than_what_is_in_it(parent: Lab) -> None:
    asked = {**CLONE, "name": "small", "size": "10M"}
    refused = parent.module("server1", "gluster_share", **asked)
    assert refused["failed"] and "Share 'small' cannot be limited to 10M: 2" in refused["msg"], refused
    assert volumes(parent)["small"]["identities"] == [SERVER]
    assert not parent.module("server1", "gluster_share", **{**CLONE_GONE, "name": "small"})["failed"]


def test_killed_again_and_again(parent: Lab) -> None:
    vm = parent
    gone = Program(vm, "server1", "gluster_share", **CLONE_GONE)
    make = Program(vm, "server1", "gluster_share", **CLONE)
    assert not gone.run().get("failed")
    seconds = timed(make)
    assert not gone.run().get("failed")
    print(killed(make, seconds, lambda: look(vm) == "in-use"))
    done = make.run()
    assert not done.get("failed") and look(vm) == "in-use", done
    assert not make.run()["changed"]
    assert mounted_as(vm, "tenant-b", "copy", "cat kept") == "precious\n"


def test_deleted_in_either_order(parent: Lab) -> None:
    vm = parent
    parent_gone = {"name": "origin", "infrastructure": [SERVER], "state": "absent"}
    refused = vm.module("server1", "gluster_share", **parent_gone)
    assert refused["failed"] and "has snapshots, which keep what was stored in it: monday" in refused["msg"]
    # The clone needs neither its snapshot nor its parent.
    assert not vm.module("server1", "gluster_snapshot", name="monday", share="origin", state="absent")["failed"]
    given_back = vm.module("server1", "gluster_share", **parent_gone)
    assert not given_back["failed"] and given_back["wiped"]["files"] == 2, given_back
    assert mounted_as(vm, "tenant-b", "copy", "cat kept") == "precious\n"
    assert not vm.module("server1", "gluster_snapshot", name="of-copy", share="copy")["failed"]
    refused = vm.module("server1", "gluster_share", **CLONE_GONE)
    assert refused["failed"] and "has snapshots, which keep what was stored in it: of-copy" in refused["msg"]
    assert not vm.module("server1", "gluster_snapshot", name="of-copy", share="copy", state="absent")["failed"]
    assert not vm.module("server1", "gluster_share", **CLONE_GONE)["failed"]
    assert "copy" not in volumes(vm) and volumes(vm)["pool-1G-1"]["free"]
