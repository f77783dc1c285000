# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shares from a snapshot, of a share from a pool. It is a slow machine, so the steps go on from each other."""

from __future__ import annotations

import pathlib
import re
import time
import typing as t

import attackers
import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding
from attackers import IN, Attacker, Signer
from harness import FUSE, Lab, in_order, thin_volume
from killing import Program, killed, timed
from siege import Siege

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
DELETE = "gluster --mode=script volume stop copy force; gluster --mode=script volume delete copy"
CLONE_GONE: dict[str, t.Any] = {"name": "copy", "infrastructure": [SERVER], "state": "absent"}


def identities(volume: Volume) -> set[str]:
    return set(volume.options["auth.ssl-allow"].split(","))


def issue(vm: Lab, *names: str) -> None:
    """Identities beside the server's own, as /root/NAME.key and /root/NAME.pem."""
    made = (
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /root/{0}.key -subj /CN={0}"
        " 2>/dev/null"
    )
    said = vm.run("server1", ";".join(map(made.format, names))).stdout
    requests = re.findall("-----BEGIN.*?-----END[^\n]*", said, re.DOTALL)
    passphrase = pathlib.Path(vm.inventory).with_name("ca-passphrase").read_text(encoding="utf-8").split()[0]
    path = str(pathlib.Path(vm.inventory).with_name("ca"))
    sign = [{"common_name": name, "csr": f"{csr}\n"} for name, csr in zip(names, requests)]
    signed = vm.ansible("localhost", "gluster_tls_ca", path=path, passphrase=passphrase, sign=sign)
    assert not signed["failed"], signed
    certificates = zip(names, signed["certificates"])
    vm.run(
        "server1", "\n".join(f"cat > /root/{name}.pem <<'END'\n{one['certificate']}\nEND" for name, one in certificates)
    )


def mounted_as(vm: Lab, name: str, volume: str, command: str) -> str | None:
    """What the command says in the volume's root, to this tenant; None if he cannot mount it."""
    option = "--xlator-option '*-client-*.transport.socket.ssl"
    options = f"{option}-own-cert=/root/{name}.pem' {option}-private-key=/root/{name}.key'"
    done = vm.run(
        "server1",
        f"umount -l /mnt/as 2>/dev/null; mkdir -p /mnt/as;"
        f" glusterfs --volfile-server=localhost --volfile-id={volume} {options} /mnt/as;"
        f' test "$(timeout 60 stat -f -c %t /mnt/as)" = {FUSE} || exit 9;'
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
    issue(vm, "tenant-a", "tenant-b")
    thin_volume(vm, "pool-1G-1", "600m")
    vm.gluster("volume stop pool-1G-1")
    made = vm.module("server1", "gluster_share", **PARENT)
    assert not made["failed"] and made["share"]["volume"] == "pool-1G-1", made
    written = mounted_as(
        vm, "tenant-a", "pool-1G-1", "echo precious > kept && dd if=/dev/zero of=big bs=1M count=20 2>&1; sync; ls"
    )
    assert written and written.split()[-2:] == ["big", "kept"], written
    vm.gluster("snapshot create monday pool-1G-1 no-timestamp")
    return vm


@pytest.fixture(scope="module")
def siege(parent: Lab) -> Siege:
    """On the server itself, some who have no business in the clone. The parent's tenant is one of them."""
    path = pathlib.Path(parent.inventory).with_name("ca")
    ca = Signer.of(path, path.with_name("ca-passphrase").read_text(encoding="utf-8").split()[0])
    bundle = (path / "ca.pem").read_bytes()
    strangers = {"no-certificate", "other-ca", "unlisted", "star", "plain"}
    found = [one for one in attackers.muster(ca, bundle) if one.name in strangers]
    for name, expected in (("tenant-a", "not listed"), ("tenant-b", IN)):
        key = attackers.new_key()
        files = {"glusterfs.key": attackers.private(key), "glusterfs.pem": ca.sign(attackers.subject(name), key)}
        found.append(Attacker(name, expected, {**files, "glusterfs.ca": bundle}))
    made = Siege(parent, "GlusterFS 10.3", "copy", "server1", seconds=60)
    made.camp(found)
    return made


@pytest.fixture(scope="module")
def make(parent: Lab, siege: Siege) -> Program:
    """Makes the clone, and did once, as it was predicted. Meanwhile the parent's tenant tries to get in again and
    again, and the clone's."""
    dry = parent.module("server1", "gluster_share", check=True, **CLONE)
    with siege.looping("clone", "tenant-a", "tenant-b") as attempts:
        began = time.time()
        made = Program(parent, "server1", "gluster_share", **CLONE)
        ended = time.time()
    assert dry["changes"] == made.first["changes"] and dry["diff"] == made.first["diff"], dry
    before = [one for one in attempts if one["ended"] < began]
    assert {(one["attacker"], one["reason"]) for one in before} == {
        ("tenant-a", "no such volume"),
        ("tenant-b", "no such volume"),
    }
    tries = [one for one in attempts if one["attacker"] == "tenant-a"]
    assert not [one for one in tries if one["in"] or one["written"]]
    assert [one for one in attempts if one["attacker"] == "tenant-b" and one["in"]]
    last = tries[-1]
    assert last["began"] > ended and last["reason"] == "not listed", last
    return made


def nobody_else_gets_in(siege: Siege) -> None:
    siege.attack("clone", ["fuse"])


def look(vm: Lab) -> str | None:
    """The clone's state. At no time can the parent's tenants mount it, nor its own before it is ready."""
    found = vm.volumes()
    parent, clone = found["pool-1G-1"], found.get("copy")
    assert holding.share_of(parent) == "origin" and "tenant-a" in identities(parent)
    if not clone:
        return None
    mark = holding.mark_of(clone)
    if not mark:
        assert clone.status == "Created", clone
        return None
    assert clone.options["client.ssl"] == clone.options["server.ssl"] == "on"
    assert mark.share == "copy" and identities(clone) <= {SERVER, "tenant-b"}, clone
    assert mark.state == "in-use" or "tenant-b" not in identities(clone), clone
    return mark.state


def left(vm: Lab) -> list[str]:
    """What there is of snapshots and clones: where a brick is mounted, and names of logical volumes."""
    found = vm.run("server1", "findmnt -rno TARGET | grep ^/run/gluster/snaps; lvs --noheadings -o lv_name | grep _0")
    return found.stdout.split()


def a_share_from_an_inactive_snapshot(parent: Lab, make: Program) -> None:
    vm, done = parent, make.first
    assert [change["what"] for change in done["changes"]] == [
        "clone of",
        "proof",
        "started",
        "size",
        "auth.ssl-allow",
        "state",
    ]
    assert done["share"]["identities"] == [SERVER, "tenant-b"] and done["share"]["limit"] == 100 * 1024**2
    assert holding.mark_of(vm.volumes()["copy"]) == holding.Mark("copy", "in-use", "snapshot:monday")
    [snapshot] = vm.module("server1", "gluster_info", gather=["snapshots"])["snapshots"]
    assert snapshot["name"] == "monday" and not snapshot["active"]
    assert mounted_as(vm, "tenant-b", "copy", "cat kept && df --output=size -BM . | tail -1") == "precious\n     100M\n"
    assert mounted_as(vm, "tenant-a", "copy", "ls") is None
    assert mounted_as(vm, "tenant-b", "pool-1G-1", "ls") is None


def a_denied_tenant_and_an_active_snapshot(parent: Lab) -> None:
    """It keeps the list of its time, and no command changes that."""
    vm, kept = parent, "/snaps/monday/pool-1G-1"
    deny = {"name": "origin", "identities": ["tenant-a"], "infrastructure": [SERVER]}
    vm.gluster("snapshot activate monday")
    assert mounted_as(vm, "tenant-a", kept, "cat kept") == "precious\n"
    for _run in range(2):
        denied = vm.module("server1", "gluster_share_access", state="absent", **deny)
        assert denied["failed"] and "let in others than the share does: monday (tenant-a)" in denied["msg"], denied
        assert mounted_as(vm, "tenant-a", "pool-1G-1", "ls") is None
    revoke = {"identities": ["tenant-a"], "infrastructure": [SERVER]}
    revoked = vm.module("server1", "gluster_revoke", **revoke)
    assert revoked["failed"] and "monday (tenant-a)" in revoked["msg"], revoked
    revoked = vm.predicted("server1", "gluster_revoke", deactivate_snapshots=True, **revoke)
    assert [(change["subject"], change["what"]) for change in revoked["changes"]] == [("monday", "active")]
    assert mounted_as(vm, "tenant-a", kept, "ls") is None
    # For a clone it would be active again.
    refused = vm.module("server1", "gluster_share", **{**CLONE, "name": "again"})
    assert refused["failed"] and "does not any more: tenant-a" in refused["msg"], refused
    assert mounted_as(vm, "tenant-a", kept, "ls") is None and "again" not in vm.volumes()
    assert not vm.module("server1", "gluster_share_access", **deny)["failed"]


def what_gluster_has_not_counted(parent: Lab) -> None:
    """The parent has no quota, and Gluster's own crawl misses files of the clone."""
    vm = parent
    thin_volume(vm, "plain", "300m")
    vm.run(
        "server1",
        "mount --mkdir -t glusterfs localhost:/plain /mnt/plain && cd /mnt/plain && for n in 1 2 3 4 5 6; do"
        " mkdir d$n && dd if=/dev/zero of=d$n/file bs=1M count=5 2>/dev/null; done; sync; cd /; umount /mnt/plain",
    )
    vm.gluster("snapshot create tuesday plain no-timestamp")
    asked = {**CLONE, "name": "small", "size": "29M", "from_snapshot": "tuesday"}
    refused = vm.module("server1", "gluster_share", **asked)
    assert refused["failed"] and 30 <= refused["used"] / 1024**2 < 31, refused
    assert f"Share 'small' cannot be limited to 29M: {refused['used']} bytes are stored in it" in refused["msg"]
    small = vm.volumes()["small"]
    assert identities(small) == {SERVER} and holding.mark_of(small) == holding.Mark(
        "small", "counting", "snapshot:tuesday"
    )
    enough = vm.module("server1", "gluster_share", **{**asked, "size": "31M"})
    assert not enough["failed"] and enough["share"]["identities"] == [SERVER, "tenant-b"], enough


def killed_again_and_again(parent: Lab, make: Program) -> None:
    vm = parent
    vm.run("server1", DELETE)
    seconds = timed(make)
    killed(make, seconds, lambda: look(vm) == "in-use", lambda: vm.run("server1", DELETE, check=False))
    done = make.run()
    assert not done.get("failed") and look(vm) == "in-use", done
    assert not make.run()["changed"]
    assert mounted_as(vm, "tenant-b", "copy", "cat kept") == "precious\n"


def deleted_in_either_order(parent: Lab) -> None:
    vm = parent
    parent_gone = {"name": "origin", "infrastructure": [SERVER], "state": "absent"}
    refused = vm.module("server1", "gluster_share", **parent_gone)
    assert refused["failed"] and "has snapshots, which keep what was stored in it: monday" in refused["msg"]
    # The clone needs neither its snapshot nor its parent.
    vm.gluster("snapshot delete monday")
    given_back = vm.module("server1", "gluster_share", **parent_gone)
    assert not given_back["failed"] and given_back["wiped"]["files"] == 2, given_back
    assert mounted_as(vm, "tenant-b", "copy", "cat kept") == "precious\n"
    assert not vm.module("server1", "gluster_share", **CLONE_GONE)["failed"]
    assert "copy" not in vm.volumes() and holding.marked(vm.volumes()["pool-1G-1"]) is None


def what_deleted_clones_leave(parent: Lab) -> None:
    """Of clones that were given back, not of those that were deleted by hand, of which there are many by now."""
    vm = parent
    gone = vm.module("server1", "gluster_share", name="small", infrastructure=[SERVER], state="absent")
    assert not gone["failed"] and gone["wiped"]["files"] == 6 and "small" not in vm.volumes(), gone
    before = left(vm)
    dry = vm.module("server1", "gluster_reclaim", check=True)
    leftovers = {change["subject"]: change["before"] for change in dry["changes"]}
    assert len(leftovers) == 2 and left(vm) == before and set(leftovers.values()) < set(before), dry
    # One was unmounted already: the module was killed then, or the server started anew.
    device, path = leftovers.popitem()
    vm.run("server1", f"lvchange -q --addtag glusterops_released {device} && umount {path}")
    done = vm.ansible("server1", "gluster_reclaim")
    assert {change["subject"]: change["before"] for change in done["changes"]} == {**leftovers, device: None}, done
    names = {one.rpartition("-")[2] for one in (*leftovers, device)}
    assert set(before) - set(left(vm)) == {path, *leftovers.values(), *names}
    vm.gluster("snapshot delete tuesday")


def test_clones(parent: Lab, siege: Siege, make: Program, subtests: pytest.Subtests) -> None:
    steps: dict[str, t.Callable[[], None]] = {
        "nobody else gets in": lambda: nobody_else_gets_in(siege),
        "a share from an inactive snapshot": lambda: a_share_from_an_inactive_snapshot(parent, make),
        "a denied tenant and an active snapshot": lambda: a_denied_tenant_and_an_active_snapshot(parent),
        "what gluster has not counted": lambda: what_gluster_has_not_counted(parent),
        "killed again and again": lambda: killed_again_and_again(parent, make),
        "deleted in either order": lambda: deleted_in_either_order(parent),
        "what deleted clones leave": lambda: what_deleted_clones_leave(parent),
    }
    in_order(subtests, steps)
