# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
import typing as t

import pytest
from harness import SERVERS, Lab, make_by_hand, remove

TENANTS = ("red", "green", "blue")
HELPER = "/sbin/mount.glusterfs-tenant"
HOME = "/etc/glusterfs/tls/tenants"


def sign(lab: Lab, *requests: dict[str, t.Any]) -> dict[str, t.Any]:
    """The lab's CA, as the role tls asks it."""
    passphrase = (lab.folder / "ca-passphrase").read_text().strip()
    path = str(lab.folder / "ca")
    signed = lab.ansible("localhost", "gluster_tls_ca", path=path, passphrase=passphrase, sign=list(requests))
    assert not signed["failed"], signed
    return signed


def give(lab: Lab, host: str, *names: str) -> dict[str, t.Any]:
    """Further identities for a host, in one task each for the requests and the certificates."""
    wanted = [{"common_name": name, "scope": "tenant"} for name in names]
    requested = lab.predicted(host, "gluster_tls_identities", by=lab.ansible, identities=wanted)
    signed = sign(lab, *(one["request"] for one in requested["identities"]))
    certified = [
        {**one, "certificate": certificate["certificate"]} for one, certificate in zip(wanted, signed["certificates"])
    ]
    return lab.predicted(host, "gluster_tls_identities", identities=certified, bundle=signed["bundle"])


def path_of(tenant: str) -> str:
    return f"/srv/tenants/{tenant}"


def mount_of(tenant: str, **more: t.Any) -> dict[str, t.Any]:
    return {
        "share": f"of-{tenant}",
        "path": path_of(tenant),
        "servers": ["server1", "server2"],
        "identity": tenant,
        **more,
    }


def clients(lab: Lab, host: str, path: str) -> list[list[str]]:
    """The command lines of what has mounted there."""
    words = f"for pid in $(pgrep -x glusterfs); do tr '\\0' ' ' < /proc/$pid/cmdline; echo; done | grep ' {path} $'"
    return [line.split() for line in lab.run(host, words, check=False).stdout.splitlines()]


@pytest.fixture(scope="module")
def lab(either: Lab) -> t.Iterator[Lab]:
    """Three tenants' shares, and host1 with an identity of each."""
    names = [f"of-{tenant}" for tenant in TENANTS]
    for name in names:
        make_by_hand(either, name)
    shares = [{"name": f"of-{tenant}", "identities": [tenant]} for tenant in TENANTS]
    made = either.module("server1", "gluster_shares", infrastructure=SERVERS, shares=shares)
    assert not made["failed"], made
    machine = either.run("host1", "cat /etc/glusterfs/tls/current/glusterfs.pem").stdout
    done = give(either, "host1", *TENANTS)
    assert all(one["installed"] for one in done["identities"])
    assert either.run("host1", "cat /etc/glusterfs/tls/current/glusterfs.pem").stdout == machine
    yield either
    for host in ("host1", "host3"):
        either.module(host, "gluster_mounts", mounts=[{"share": name, "state": "absent"} for name in names])
        either.run(host, f"rm -rf {HOME}")
    for name in names:
        remove(either, name)


@pytest.fixture(scope="module")
def mounted(lab: Lab) -> Lab:
    """host1 with the three shares mounted, predicted by check mode before."""
    lab.run("host1", f"rm -f {HELPER}")
    done = lab.predicted("host1", "gluster_mounts", mounts=[mount_of(tenant) for tenant in TENANTS])
    assert done["changes"][0] == {"subject": HELPER, "what": "file", "before": "absent", "after": "installed"}
    assert done["mounts"] == [
        {"share": f"of-{tenant}", "path": path_of(tenant), "mounted": True, "guarded": True, "identity": tenant}
        for tenant in TENANTS
    ]
    for tenant in TENANTS:
        lab.run("host1", f"echo {tenant} > {path_of(tenant)}/whose && sync {path_of(tenant)}/whose")
    return lab


def test_each_tenant_has_its_own_share_and_the_machine_its_identity(mounted: Lab) -> None:
    lab = mounted
    found = lab.run("host1", "cat /srv/tenants/*/whose; stat -c %a " + HELPER).stdout.split()
    assert found == [*sorted(TENANTS), "755"]
    lines = [line for line in lab.run("host1", "cat /etc/fstab").stdout.splitlines() if "/srv/tenants/red " in line]
    options = "identity=red,_netdev,nofail,backup-volfile-servers=server2"
    assert lines == [f"server1:/of-red /srv/tenants/red glusterfs-tenant {options} 0 0"]
    # A share of the machine's own tenant beside them, mounted as ever.
    lab.module("server1", "gluster_share_access", name="of-red", identities=["tenant-a"], infrastructure=SERVERS)
    own = {"share": "of-red", "path": "/srv/own", "servers": ["server1"]}
    done = lab.predicted("host1", "gluster_mounts", mounts=[own])
    assert done["mounts"][0]["identity"] is None
    assert lab.run("host1", "cat /srv/own/whose").stdout == "red\n"
    # The other identity of the two is a change, there and back.
    done = lab.predicted("host1", "gluster_mounts", mounts=[{**own, "identity": "red"}])
    assert [(change["what"], change["before"], change["after"]) for change in done["changes"][1:]] == [
        ("identity", None, "red")
    ]
    done = lab.predicted("host1", "gluster_mounts", mounts=[own])
    assert done["changes"][-1] == {"subject": "/srv/own", "what": "identity", "before": "red", "after": None}
    lab.predicted("host1", "gluster_mounts", mounts=[{**own, "state": "absent"}])
    lab.module(
        "server1",
        "gluster_share_access",
        name="of-red",
        identities=["tenant-a"],
        infrastructure=SERVERS,
        state="absent",
    )


def test_root_alone_reads_a_tenants_files(mounted: Lab) -> None:
    lab = mounted
    modes = f"find {HOME} -type d -printf '%m %u\\n' -o -type f -printf '%m %u\\n' | sort -u"
    assert lab.run("host1", modes).stdout.splitlines() == ["600 root", "700 root"]
    for tenant in TENANTS:
        path = f"{HOME}/{tenant}/current/glusterfs.key"
        assert "PRIVATE KEY" in lab.run("host1", f"cat {path}").stdout
        done = lab.run("host1", f"setpriv --reuid nobody --regid nogroup --clear-groups cat {path}", check=False)
        assert done.returncode != 0 and done.stdout == "" and "Permission denied" in done.stderr


def test_a_wrong_identity_is_refused_and_leaves_nothing_mounted(mounted: Lab) -> None:
    lab = mounted
    wrong = mount_of("red", path="/srv/wrong", identity="green")
    done = lab.module("host1", "gluster_mounts", mounts=[wrong])
    assert done["failed"] and done["error"] == "refused", done
    cause = "Authentication failed, the servers refuse the identity 'green': is it on the share's access list?"
    assert cause in done["msg"], done
    # By hand, and as at boot.
    lab.run("host1", "mkdir -p /srv/by-hand")
    for words in (
        "mount -t glusterfs-tenant -o identity=green server1:/of-red /srv/by-hand",
        "mount /srv/wrong",
        # Its client goes a moment later.
        "mount -t glusterfs server1:/of-red /srv/by-hand; for n in $(seq 100); do"
        " findmnt /srv/by-hand || pgrep -f '^/usr/sbin/glusterfs .*/srv/by-hand$' || exit 0; sleep 0.1; done",
    ):
        tried = lab.run("host1", words, check=False)
        if "glusterfs server1" not in words:
            said = [line for line in tried.stderr.splitlines() if line.startswith("mount.glusterfs-tenant: ")]
            assert tried.returncode == 32 and len(said) == 1, tried
            assert "could not be mounted on" in said[0] and "with the identity 'green': see /var/log/" in said[0]
        for path in ("/srv/wrong", "/srv/by-hand"):
            assert lab.run("host1", f"findmnt {path}", check=False).stdout == "" and clients(lab, "host1", path) == []
    assert lab.run("host1", "touch /srv/wrong/local", check=False).returncode != 0
    lab.predicted("host1", "gluster_mounts", mounts=[{**wrong, "state": "absent"}])
    # One that the machine does not have: nothing is changed, though the others could be.
    before = lab.run("host1", "cat /etc/fstab; ls /srv").stdout
    nobody = [mount_of("blue", path="/srv/new"), mount_of("red", path="/srv/none", identity="nobody")]
    done = lab.module("host1", "gluster_mounts", mounts=nobody)
    assert done["failed"] and "The identity 'nobody' is not on this machine" in done["msg"], done
    assert lab.run("host1", "cat /etc/fstab; ls /srv").stdout == before


WRITER = (
    "n=0; while [ $n -lt 6000 ] && [ ! -e /tmp/stop ]; do n=$((n+1));"
    " echo $n >> {path}/log || {{ echo failed at $n; exit 1; }}; sleep 0.05; done; echo wrote $n"
)


def test_a_denied_tenant_is_cut_off_and_the_others_go_on(mounted: Lab) -> None:
    lab = mounted
    lab.run("host1", "rm -f /tmp/stop /srv/tenants/*/log")
    writers = {tenant: lab.popen("host1", WRITER.format(path=path_of(tenant))) for tenant in TENANTS}
    lab.run(
        "host1", "for n in $(seq 100); do [ $(ls /srv/tenants/*/log | wc -l) = 3 ] && exit; sleep 0.1; done; exit 1"
    )
    deny = {"name": "of-red", "identities": ["red"], "infrastructure": SERVERS}
    assert lab.module("server1", "gluster_share_access", **deny, state="absent")["changed"]
    denied = time.monotonic()
    out, _err = writers["red"].communicate(timeout=60)
    assert time.monotonic() - denied < 10 and "failed at" in out, out
    # What would write again, and as root, writes nothing to the local disk underneath.
    assert lab.run("host1", f"echo x > {path_of('red')}/local", check=False).returncode != 0
    hidden = f"umount -l {path_of('red')} 2> /dev/null; ls -A {path_of('red')}"
    assert lab.run("host1", hidden).stdout == ""
    tried = lab.run("host1", f"mount {path_of('red')}", check=False)
    assert tried.returncode == 32 and "with the identity 'red'" in tried.stderr
    lab.run("host1", "touch /tmp/stop")
    for tenant in ("green", "blue"):
        out, err = writers[tenant].communicate(timeout=60)
        count = int(out.split("wrote ")[1])
        assert writers[tenant].returncode == 0 and err == "" and count > 20, out + err
        lines = lab.run("host1", f"cat {path_of(tenant)}/log").stdout.split()
        assert lines == [str(number) for number in range(1, count + 1)]

    assert lab.module("server1", "gluster_share_access", **deny)["changed"]
    # As at boot.
    lab.run("host1", "umount -a -t fuse.glusterfs", check=False)
    assert lab.run("host1", "findmnt -t fuse.glusterfs", check=False).stdout == ""
    lab.run("host1", "mount -a -t glusterfs-tenant")
    assert lab.run("host1", "cat /srv/tenants/*/whose").stdout.split() == sorted(TENANTS)
    lab.run("host1", "mount -a -t glusterfs-tenant")
    again = lab.module("host1", "gluster_mounts", mounts=[mount_of(tenant) for tenant in TENANTS])
    assert not again["changed"] and all(mount["mounted"] for mount in again["mounts"]), again


def test_a_dead_client_and_a_spoilt_helper_are_made_good(mounted: Lab) -> None:
    lab = mounted
    lab.run("host1", f"pkill -9 -f 'volfile-id=.?of-blue {path_of('blue')}'; echo >> {HELPER}; chmod 700 {HELPER}")
    done = lab.predicted("host1", "gluster_mounts", mounts=[mount_of(tenant) for tenant in TENANTS])
    assert [(change["subject"], change["what"], change["before"]) for change in done["changes"]] == [
        (HELPER, "file", "other"),
        (path_of("blue"), "mounted", "disconnected"),
    ]
    assert lab.run("host1", f"stat -c %a {HELPER}").stdout == "755\n"


def test_options_reach_the_client(mounted: Lab) -> None:
    lab = mounted
    options = ["ro", "acl", "log-level=WARNING", "attribute-timeout=5", "noatime", "nosuid", "server-port=24007"]
    mount = mount_of("green", path="/srv/read", options=options)
    lab.predicted("host1", "gluster_mounts", mounts=[mount])
    words = clients(lab, "host1", "/srv/read")
    assert len(words) == 1
    expected = {"--read-only", "--acl", "--log-level=WARNING", "--attribute-timeout=5", "--volfile-server-port=24007"}
    assert set(words[0]) >= {*expected, "--volfile-server=server1", "--volfile-server=server2"}
    there = lab.run("host1", "findmnt -n -o OPTIONS /srv/read").stdout
    assert {"ro", "noatime", "nosuid"} <= set(there.strip().split(","))
    assert lab.run("host1", "cat /srv/read/whose").stdout == "green\n"
    assert lab.run("host1", "touch /srv/read/x", check=False).returncode != 0
    lab.predicted("host1", "gluster_mounts", mounts=[{**mount, "state": "absent"}])
    assert clients(lab, "host1", "/srv/read") == []


def test_a_machine_without_an_identity_of_its_own(lab: Lab) -> None:
    before = "ls /usr/lib/ssl/glusterfs.* /etc/ssl/glusterfs.* 2> /dev/null"
    assert lab.run("host3", before, check=False).stdout == ""
    give(lab, "host3", "blue")
    done = lab.predicted("host3", "gluster_mounts", mounts=[mount_of("blue")])
    assert done["mounts"][0]["mounted"] and done["mounts"][0]["identity"] == "blue"
    assert lab.run("host3", before, check=False).stdout == ""
    assert "could not load our cert" in lab.mount("host3", "of-blue")


IDENTITY = "identity=red"


@pytest.mark.parametrize(
    "words, message",
    [
        ("", "called as mount.glusterfs-tenant SERVER:/VOLUME DIRECTORY -o identity=NAME"),
        (f"server1 /mnt -o {IDENTITY}", "source 'server1' is not of the form SERVER:/VOLUME"),
        (f"ser.ver1:/v/sub /mnt -o {IDENTITY}", "volume 'v/sub' is not a volume's name"),
        (f"'a b:/v' /mnt -o {IDENTITY}", "server 'a b' is not a host name or address"),
        (f"-s:/v /mnt -o {IDENTITY}", "server '-s' is not a host name or address"),
        (f"server1:/of-red mnt -o {IDENTITY}", "directory 'mnt' is not an absolute path"),
        (f"server1:/of-red / -o {IDENTITY}", "nothing can be mounted on the root directory"),
        (f"server1:/of-red /none -o {IDENTITY}", "directory '/none' does not exist"),
        (f"server1:/of-red '/tmp/a b' -o {IDENTITY}", "directory '/tmp/a b' is not of A-Z"),
        ("server1:/of-red /mnt", "identity=NAME is missing"),
        ("server1:/of-red /mnt -o identity=", "identity=NAME is missing"),
        ("server1:/of-red /mnt -o identity=..", "identity '..' is not a name"),
        ("server1:/of-red /mnt -o identity=a/b", "identity 'a/b' is not a name"),
        ("server1:/of-red /mnt -o identity=none", f"identity 'none' is not on this machine: {HOME}/none/current/"),
        (f"server1:/of-red /mnt -o {IDENTITY},subdir-mount=/x", "option 'subdir-mount=/x' is unknown"),
        (f"server1:/of-red /mnt -o {IDENTITY},xlator-option=a.b=c", "option 'xlator-option=a.b=c' is unknown"),
        (f"server1:/of-red /mnt -o {IDENTITY},remount", "option 'remount' is unknown"),
        (f"server1:/of-red /mnt -o {IDENTITY},transport=rdma", "option 'transport=rdma' is unknown"),
        (f"server1:/of-red /mnt -o '{IDENTITY},log-level=$(id)'", "option 'log-level=$(id)' has a character"),
        (f"server1:/of-red /mnt -o {IDENTITY},backup-volfile-servers=a:-b", "server '-b' is not a host name"),
        (f"server1:/of-red /mnt -z -o {IDENTITY}", "option -z is unknown or lacks its value"),
        (f"server1:/of-red /mnt -o {IDENTITY} more", "'more' is one argument too many"),
    ],
)
def test_the_helper_refuses_what_it_does_not_know(mounted: Lab, words: str, message: str) -> None:
    done = mounted.run("host1", f"mkdir -p '/tmp/a b'; {HELPER} {words}", check=False)
    assert done.returncode == 1 and done.stdout == "" and done.stderr.count("\n") == 1, done
    assert done.stderr.startswith("mount.glusterfs-tenant: ") and message in done.stderr


def test_what_the_helper_would_do(mounted: Lab) -> None:
    lab = mounted
    dry = lab.run("host1", f"{HELPER} server1:/of-red /mnt -sfnv -o rw,{IDENTITY} -o nofail,x-systemd.automount,ro")
    files = f"{HOME}/red/current/glusterfs"
    option = "--xlator-option=*-client-*.transport.socket.ssl-"
    assert dry.stdout.split() == [
        "glusterfs",
        "--read-only",
        "--volfile-server=server1",
        f"{option}own-cert={files}.pem",
        f"{option}private-key={files}.key",
        f"{option}ca-list={files}.ca",
        *("--process-name", "fuse", "--volfile-id=/of-red", "/mnt"),
    ]
    assert lab.run("host1", "findmnt /mnt", check=False).stdout == ""
    taken = lab.run("host1", f"{HELPER} server1:/of-red {path_of('red')} -o {IDENTITY}", check=False)
    assert taken.returncode == 32 and f"something is mounted on {path_of('red')} already" in taken.stderr


def test_what_systemd_makes_of_the_line(mounted: Lab) -> None:
    """Its own generator makes a unit that calls the helper, after the network and without holding up the boot."""
    lab = mounted
    lab.run("host1", "rm -rf /tmp/units; mkdir /tmp/units")
    lab.run("host1", "cd /tmp/units && /usr/lib/systemd/system-generators/systemd-fstab-generator $PWD $PWD $PWD")
    unit = lab.run("host1", "cat /tmp/units/srv-tenants-red.mount").stdout.splitlines()
    options = "identity=red,_netdev,nofail,backup-volfile-servers=server2"
    assert {"What=server1:/of-red", "Where=/srv/tenants/red", "Type=glusterfs-tenant", f"Options={options}"} <= set(
        unit
    )
    assert not [line for line in unit if line.startswith("Before=")]
    wants = lab.run("host1", "ls /tmp/units/remote-fs.target.wants").stdout.split()
    assert {f"srv-tenants-{tenant}.mount" for tenant in TENANTS} <= set(wants)


@pytest.mark.parametrize(
    "entry, message",
    [
        ({"identity": ".."}, "identity '..' cannot be mounted with"),
        ({"identity": "a b"}, "identity 'a b' is not a valid name"),
        ({"identity": ""}, "identity '' is not a valid name"),
        ({"options": ["xlator-option=x"]}, "mount option 'xlator-option=x' is unknown together with identity"),
        ({"options": ["acl=yes"]}, "mount option 'acl=yes' is unknown together with identity"),
    ],
)
def test_bad_input_changes_nothing(lab: Lab, entry: dict[str, t.Any], message: str) -> None:
    before = lab.run("host1", "cat /etc/fstab; ls /srv").stdout
    done = lab.module("host1", "gluster_mounts", mounts=[mount_of("red", path="/srv/bad", **entry)])
    assert done["failed"] and message in done["msg"], done
    assert lab.run("host1", "cat /etc/fstab; ls /srv").stdout == before
