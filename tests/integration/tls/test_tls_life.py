# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Renewal, another CA, revocation and hand-overs, while clients are at work. The steps go on from each other."""

from __future__ import annotations

import contextlib
import functools
import pathlib
import typing as t

import pytest
from harness import FUSE, SERVERS, Lab, Play, in_order
from killing import kill_when

POOL = {"shares_provisioner": "pool", "shares_pool_pattern": "life-#{size}G-[0-9]+"}
CURRENT = "/etc/glusterfs/tls/current"
SHARES: list[dict[str, t.Any]] = [
    {
        "name": "life-a",
        "size": "1G",
        "identities": ["tenant-a"],
        "mounts": [{"host": "host1", "path": "/srv/life-a"}],
    },
    {
        "name": "life-c",
        "size": "1G",
        "identities": ["tenant-b", "tenant-c", "tenant-d"],
        "mounts": [
            {"host": "host1", "path": "/srv/life-c", "identity": "tenant-c"},
            {"host": "host2", "path": "/srv/life-c"},
        ],
    },
]


class Life:
    """The lab, and the playbooks with the same variables each time."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.variables: dict[str, t.Any] = {**POOL, "shares_list": SHARES, "tls_crl": True}

    def play(self, name: str, *options: str, **variables: t.Any) -> Play:
        return self.lab.play(f"glusterops.shares.{name}", "--diff", *options, **{**self.variables, **variables})

    def done(self, name: str, **variables: t.Any) -> Play:
        done = self.play(name, **variables)
        assert done.rc == 0, done.output
        return done

    def serial(self, node: str, files: str = CURRENT) -> str:
        return self.lab.run(node, f"openssl x509 -noout -serial -in {files}/glusterfs.pem").stdout

    def bricks(self) -> str:
        """The process of every brick."""
        return "".join(self.lab.run(f"server{number}", "pgrep -x glusterfsd").stdout for number in (1, 2, 3))

    def known(self) -> dict[str, t.Any]:
        return self.lab.module("localhost", "gluster_tls_info", path=f"{self.lab.folder}/ca")

    @contextlib.contextmanager
    def writing(self, host: str, path: str) -> t.Iterator[None]:
        """A client that writes all the time; in the end not one write may have failed."""
        script = f"""
import os, time
done = failed = 0
# What is done meanwhile may be quicker than a hundred writes.
while done <= 100 and not failed or not os.path.exists("/root/enough"):
    try:
        with open("{path}/written", "a") as file:
            file.write("line\\n")
            file.flush()
            os.fsync(file.fileno())
        done += 1
    except OSError as exc:
        failed += 1
        print(exc)
    time.sleep(0.02)
print("written", done, "failed", failed)
"""
        self.lab.run(host, f"rm -f /root/enough {path}/written; cat > /root/writer.py <<'END'\n{script}\nEND")
        writer = self.lab.popen(host, "python3 /root/writer.py")
        try:
            yield
        finally:
            self.lab.run(host, "touch /root/enough")
            said = writer.communicate(timeout=60)[0].split()
        assert said[0] == "written" and int(said[1]) > 100 and said[2:] == ["failed", "0"], said
        assert int(self.lab.run(host, f"wc -l < {path}/written").stdout) == int(said[1])

    def mounts_with(self, node: str, files: str, volume: str) -> bool:
        """Whether a client with the files in this folder gets in."""
        options = " ".join(
            f"--xlator-option '*-client-*.transport.socket.ssl-{option}={files}/glusterfs.{suffix}'"
            for option, suffix in (("own-cert", "pem"), ("private-key", "key"), ("ca-list", "ca"))
        )
        command = f"glusterfs --volfile-server=server1 --volfile-id={volume} {options} /mnt/with"
        self.lab.run(node, f"mkdir -p /mnt/with; timeout 20 {command}", check=False)
        answered = f'test "$(timeout 60 stat -f -c %t /mnt/with)" = {FUSE}'
        inside = self.lab.run(node, f"{answered} && timeout 60 touch /mnt/with/inside", check=False)
        self.lab.run(node, "umount -l /mnt/with; rm -f /mnt/with/inside", check=False)
        return inside.returncode == 0


@pytest.fixture
def life(as_new: t.Callable[..., Lab]) -> Life:
    lab = as_new("--no-heketi")
    for number in (1, 2):
        bricks = " ".join(f"server{server}:/srv/life-1G-{number}" for server in (1, 2, 3))
        lab.gluster(f"volume create life-1G-{number} replica 3 {bricks} force")
    life = Life(lab)
    life.done("site")
    return life


def nothing_to_renew(life: Life) -> None:
    done = life.done("renew")
    assert done.changed == 0, done.output


def renewal_restarts_nothing(life: Life) -> None:
    nodes = ("server1", "server2", "server3", "host1", "host2")
    before, bricks = {node: life.serial(node) for node in nodes}, life.bricks()
    everything = {"tls_valid_days": 400, "tls_renew_before_days": 370}
    dry = life.play("renew", "--check", **everything)
    with life.writing("host1", "/srv/life-a"):
        done = life.done("renew", **everything)
    assert dry.rc == 0 and dry.changed == done.changed > 0, dry.output + done.output
    after = {node: life.serial(node) for node in nodes}
    assert not set(before.values()) & set(after.values()) and life.bricks() == bricks
    assert life.done("renew").changed == 0


def new_keys(life: Life) -> None:
    key = life.lab.run("host1", f"sha256sum {CURRENT}/glusterfs.key").stdout
    with life.writing("host1", "/srv/life-c"):
        life.done("renew", tls_renew_key=True)
    assert life.lab.run("host1", f"sha256sum {CURRENT}/glusterfs.key").stdout != key
    assert life.done("renew").changed == 0


def another_ca_while_a_client_writes(life: Life) -> None:
    """Killed at several stages, and with a tenant whose machine is not ours."""
    lab = life.lab
    [old] = lab.ansible("localhost", "gluster_tls_info", path=f"{lab.folder}/ca")["authorities"]
    before = life.serial("server1")
    lab.run("host1", f"rm -rf /root/before; cp -rL {CURRENT} /root/before")
    handover = {
        "tls_handover_path": f"{lab.folder}/handover",
        "tls_handovers": [{"tenant": "tenant-d", "share": "life-c", "common_name": "tenant-d"}],
    }
    issued = life.done("issue", **handover)
    assert f"{lab.folder}/handover/tenant-d/glusterfs.key" in issued.output, issued.output
    send(life, "tenant-d", "host3")
    assert life.mounts_with("host3", "/root/tenant-d", "life-1G-2")
    with life.writing("host1", "/srv/life-a"), life.writing("host2", "/srv/life-c"):
        words = lab.playing("glusterops.shares.rotate_ca", **life.variables)
        for stage in ("made", "trusted"):
            kill_when(lab, words, lambda stage=stage: life.known()["rotation"] == stage)
        stopped = life.play("rotate_ca")
        assert stopped.rc != 0 and "tenant-d" in stopped.output, stopped.output
        life.done("issue", **handover)
        kill_when(lab, words, lambda: life.known()["rotation"] == "issuing")
        life.done("rotate_ca")
    known = life.known()
    [new] = known["authorities"]
    assert known["rotation"] is None and new["fingerprint_sha256"] != old["fingerprint_sha256"]
    assert life.serial("server1") != before
    bundles = {lab.run(node, f"cat {CURRENT}/glusterfs.ca").stdout for node in ("server1", "server3", "host1", "host2")}
    assert len(bundles) == 1 and bundles.pop().count("BEGIN CERTIFICATE") == 1
    assert life.done("site").changed == 0
    # What the old CA signed counts nowhere, although its name is on the list; what was handed over does.
    lab.run("host1", f"cp {CURRENT}/glusterfs.ca /root/before/")
    assert not life.mounts_with("host1", "/root/before", "life-1G-1")
    send(life, "tenant-d", "host3")
    assert life.mounts_with("host3", "/root/tenant-d", "life-1G-2")
    # Connections that begin now, and the servers' own daemons.
    for number in (1, 2, 3):
        lab.run(f"server{number}", "pkill -x glusterfsd")
        for volume in ("life-1G-1", "life-1G-2"):
            lab.gluster(f"volume start {volume} force")
        # Under load glusterd forgets a daemon that it starts anew while the old one still ends.
        waited = lab.module("server1", "gluster_management_wait", state="disabled", daemons=True)
        assert not waited["failed"], waited
    assert life.done("verify").rc == 0
    lab.run("host1", "echo again > /srv/life-a/again; cat /srv/life-a/again")


def send(life: Life, tenant: str, node: str) -> None:
    """Hands over what was written for the tenant."""
    folder = pathlib.Path(life.lab.folder) / "handover" / tenant
    assert {oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == {"0o600"}
    life.lab.run(node, f"rm -rf /root/{tenant}; mkdir -m 700 /root/{tenant}")
    for path in folder.iterdir():
        life.lab.run(node, f"cat > /root/{tenant}/{path.name} <<'END'\n{path.read_text()}END")


def revoked(life: Life) -> None:
    """A tenant is cut off, and stays out even if somebody puts its name on the list again."""
    lab = life.lab
    lab.run("host1", "cp -rL /etc/glusterfs/tls/tenants/tenant-c/current /root/tenant-c")
    assert life.mounts_with("host1", "/root/tenant-c", "life-1G-2")
    without = [SHARES[0], {**SHARES[1], "identities": ["tenant-b", "tenant-d"], "mounts": SHARES[1]["mounts"][1:]}]
    # It does all, and says what would undo it.
    named = life.play("revoke", revoke_name="tenant-c")
    assert named.rc != 0 and "What is left: life-c in shares_list still names it" in " ".join(
        named.output.split()
    ), named.output
    lab.run("host1", "for n in $(seq 20); do timeout 5 test -e /srv/life-c/written || exit 0; sleep 0.5; done; exit 1")
    assert not life.mounts_with("host1", "/root/tenant-c", "life-1G-2")
    allow = {"name": "life-c", "identities": ["tenant-c"]}
    assert lab.module("server1", "gluster_share_access", **allow, infrastructure=SERVERS)["changed"]
    assert not life.mounts_with("host1", "/root/tenant-c", "life-1G-2")
    assert life.mounts_with("host3", "/root/tenant-d", "life-1G-2")
    life.variables["shares_list"] = without
    life.done("site")
    assert life.done("verify").changed == 0
    [entry] = [one for one in life.known()["identities"] if one["common_name"] == "tenant-c" and one["revoked"]]
    assert entry["revoked"]


BAD_INPUT: list[tuple[str, dict[str, t.Any], str]] = [
    ("rotate_ca", {"tls_authority": "external"}, "Another CA signs here"),
    ("renew", {"tls_authority": "another"}, "must be one of"),
    ("revoke", {"revoke_name": "a b"}, "'a b' is not a valid name"),
    ("revoke", {"revoke_name": "glusterfs-server-server1"}, "is infrastructure"),
    ("tls", {"tls_revoke": [{"common_name": "glusterfs-server-server1"}]}, "must not be revoked"),
    ("issue", {"tls_handovers": [{"tenant": "glusterfs-server-x"}]}, "glusterfs-server-"),
    ("issue", {"tls_handovers": [{"tenant": "x", "format": "pkcs12"}]}, "passphrase"),
    ("tls", {"tls_renew_key": True, "tls_ca_passphrase": "of somebody else"}, "The passphrase does not open"),
    ("tls", {"tls_tenants": ["manila-host-x"]}, "begins like a server's or management host's"),
]


def bad_input_changes_nothing(life: Life, playbook: str, variables: dict[str, t.Any], message: str) -> None:
    """Neither at the CA, nor on a volume, nor a key that waits on a machine."""

    def seen() -> tuple[bytes, str, str]:
        record = (pathlib.Path(life.lab.folder) / "ca" / "issued.json").read_bytes()
        return record, life.lab.gluster("volume info"), life.lab.run("server1", "find /etc/glusterfs/tls | sort").stdout

    before = seen()
    done = life.play(playbook, **variables)
    assert done.rc != 0 and message in " ".join(done.output.split()), done.output
    assert seen() == before


def a_machine_that_is_missing_stops_the_rotation(life: Life) -> None:
    """It is left out, or it does not answer, which is noticed before there is another CA."""
    (life.lab.folder / "silent.yml").write_text("gluster_servers: {hosts: {server1: {ansible_port: 9}}}")
    for options, missing in (
        (("--limit", "gluster_servers"), "host1"),
        (("-i", str(life.lab.folder / "silent.yml")), "server1"),
    ):
        done = life.play("rotate_ca", *options)
        said = " ".join(done.output.split())
        assert done.rc != 0 and "Nothing was changed" in said and f"not in this run: {missing}" in said, said
        assert life.known()["rotation"] is None


def a_ca_elsewhere(life: Life) -> None:
    """Requests go out, certificates come in; while both CAs count, nobody is interrupted."""
    lab = life.lab
    requests, certificates = (pathlib.Path(lab.folder) / name for name in ("requests", "certificates"))
    external = {
        "tls_authority": "external",
        "tls_requests_path": str(requests),
        "tls_certificates_path": str(certificates),
    }
    waiting = life.play("tls", **external)
    assert waiting.rc != 0 and "is not there yet" in waiting.output, waiting.output
    csrs = {path.stem: path.read_text() for path in requests.glob("*.csr")}
    names = [stem.rpartition("-")[0] for stem in csrs]
    assert set(names) >= {*SERVERS, "tenant-a", "tenant-b"}
    signed = lab.ansible(
        "localhost",
        "gluster_tls_ca",
        path=f"{lab.folder}/elsewhere",
        passphrase="of somebody else",
        common_name="elsewhere",
        crl=True,
        sign=[{"common_name": name, "csr": csr} for name, csr in zip(names, csrs.values())],
    )
    [ours] = (pathlib.Path(lab.folder) / "ca").glob("*.crl")
    certificates.mkdir(exist_ok=True)
    (certificates / "ca.pem").write_text(life.known()["bundle"] + signed["bundle"])
    (certificates / "crls.pem").write_text(ours.read_text() + signed["crls"])
    for stem, answer in zip(csrs, signed["certificates"]):
        (certificates / f"{stem}.pem").write_text(answer["certificate"])
    with life.writing("host1", "/srv/life-a"):
        life.done("tls", **external)
    issuer = lab.run("server1", f"openssl x509 -noout -issuer -in {CURRENT}/glusterfs.pem").stdout
    assert issuer.split()[-1] == "elsewhere"
    assert life.done("tls", **external).changed == 0
    life.done("verify")


def test_life(life: Life, subtests: pytest.Subtests) -> None:
    steps: dict[str, t.Callable[[], None]] = {
        "nothing to renew": lambda: nothing_to_renew(life),
        "renewal restarts nothing": lambda: renewal_restarts_nothing(life),
        "new keys": lambda: new_keys(life),
        "another CA while a client writes": lambda: another_ca_while_a_client_writes(life),
        "revoked": lambda: revoked(life),
        **{f"bad input: {bad[-1]}": functools.partial(bad_input_changes_nothing, life, *bad) for bad in BAD_INPUT},
        "a machine is missing": lambda: a_machine_that_is_missing_stops_the_rotation(life),
        "a CA elsewhere": lambda: a_ca_elsewhere(life),
    }
    in_order(subtests, steps)
