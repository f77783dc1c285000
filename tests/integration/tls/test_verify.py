# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with TLS in reality is found: in the table, in JSON, and by the exit code."""

from __future__ import annotations

import datetime
import json
import pathlib
import typing as t

import pytest
from checking import Told, check
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from harness import SERVERS, Lab, make_by_hand, remove

LIST = "auth.ssl-allow"
CURRENT = "/etc/glusterfs/tls/current"
DECLARED = [{"name": "data", "identities": ["tenant-a"]}]


@pytest.fixture(scope="module")
def data(identities: Lab) -> t.Iterator[str]:
    """A share as it should be, mounted by its tenant."""
    lab, name = identities, make_by_hand(identities, "data")
    made = lab.module("server1", "gluster_shares", infrastructure=SERVERS, shares=DECLARED)
    assert not made["failed"], made
    assert lab.mount("host1", name, "/mnt/data") == ""
    yield name
    lab.run("host1", "umount -l /mnt/data", check=False)
    remove(lab, name)


@pytest.fixture
def verify(identities: Lab, tmp_path: pathlib.Path) -> t.Callable[..., tuple[Told, dict[str, t.Any]]]:
    """Runs the playbook: the table, and what it wrote, which must be the same."""

    def run(*options: str, **variables: t.Any) -> tuple[Told, dict[str, t.Any]]:
        path = tmp_path / "report.json"
        variables = {"shares_list": DECLARED, "check_json": str(path), **variables}
        told = check(identities, *options, playbook="verify", **variables)
        report = json.loads(path.read_text())
        path.unlink()
        found = [(one["severity"].upper(), one["what"], one["where"][0]) for one in report["findings"]]
        assert found == told.rows
        assert report["errors"] == sum(severity == "ERROR" for severity, *_rest in found)
        return told, report

    return run


def test_all_is_well(verify: t.Any, data: str) -> None:
    told, report = verify("--check", check_fail_on="warning")
    assert told.play.rc == 0 and told.rows == [], told.play.output
    assert "trash, rebalance, stored, self-heal, quota, sealed, list, crl, served, plaintext." in told.words
    assert report["findings"] == [] and {"served", "plaintext", "pair"} <= set(report["checked"])
    installed = {
        machine["told"]["machine"]["uuid"]: machine["told"]["identity"]["serial"] for machine in report["machines"]
    }
    served = report["clusters"][0]["told"]["served"]
    assert [(one["volume"], one["server"]) for one in served] == [(data, f"server{number}") for number in (1, 2, 3)]
    assert all(one["serial"] == installed[one["server_uuid"]] and one["clients"] >= 4 for one in served)

    told, report = verify(shares_list=[*DECLARED, {"name": "gone"}], check_fail_on="warning")
    assert told.play.rc == 2 and told.rows == [("WARNING", "list", "gone")], told.play.output
    assert report["warnings"] == 1


def sign(lab: Lab, name: str, days: int, public_key: t.Any = None) -> tuple[str, str]:
    """A certificate of the lab's CA, begun two days ago and valid for so many, and its new key unless one is given."""
    passphrase = (lab.folder / "ca-passphrase").read_text().split()[0].encode()
    ca_key = serialization.load_pem_private_key((lab.folder / "ca" / "ca.key").read_bytes(), passphrase)
    ca = x509.load_pem_x509_certificate((lab.folder / "ca" / "ca.pem").read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    began = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=2)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(ca.subject)
        .public_key(public_key or key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(began + datetime.timedelta(days=days))
        .sign(t.cast(ec.EllipticCurvePrivateKey, ca_key), hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), pem.decode()


@pytest.fixture
def broken(identities: Lab) -> t.Iterator[Lab]:
    """The identities of host2, server2 and server3 may be spoilt."""
    lab, spoilt = identities, ("host2", "server2", "server3")
    for node in spoilt:
        lab.run(node, f"rm -rf /root/kept; cp -aL {CURRENT} /root/kept")
    yield lab
    for node in spoilt:
        lab.run(node, f"cp -a /root/kept/. {CURRENT}/; rm -rf /root/kept")


def test_identities(verify: t.Any, data: str, broken: Lab) -> None:
    """Another bundle, a key of another certificate, and a certificate that has ended: bricks serve the last two."""
    lab = broken
    lab.run("host2", f"cat {CURRENT}/glusterfs.pem >> {CURRENT}/glusterfs.ca")
    lab.run("server2", f"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {CURRENT}/glusterfs.key")
    has = x509.load_pem_x509_certificate(lab.run("server3", f"cat {CURRENT}/glusterfs.pem").stdout.encode())
    ended, _key = sign(lab, "glusterfs-server-server3", days=1, public_key=has.public_key())
    lab.run("server3", f"cat > {CURRENT}/glusterfs.pem <<'END'\n{ended}END")

    told, report = verify()
    assert told.play.rc == 2 and "something is wrong with " in told.play.output
    assert ("ERROR", "bundle", "host2") in told.rows
    assert ("ERROR", "certificate", "server3") in told.rows
    assert "certificate has expired" in told.words
    assert ("ERROR", "pair", "server2") in told.rows
    served = {where: one["found"] for one in report["findings"] if one["what"] == "served" for where in one["where"]}
    assert set(served) == {f"server2:/srv/{data}", f"server3:/srv/{data}"}
    assert "server1 gets no TLS that is trusted here (certificate has expired)" in served[f"server3:/srv/{data}"]
    assert {where for one in report["findings"] for where in one["where"]} == {"host2", "server2", "server3", *served}


@pytest.fixture
def volumes(identities: Lab, data: str) -> t.Iterator[Lab]:
    """An open volume and one that was sealed too late, both mounted; and one with an identity of its own."""
    lab, names = identities, ("open", "late", "own")
    for name in names:
        make_by_hand(lab, name)
    for name, host in (("open", "host1"), ("late", "host2")):
        lab.gluster(f"volume start {name}")
        assert lab.mount(host, name, f"/mnt/{name}") == ""
    yield lab
    lab.run("host1", "umount -l /mnt/open", check=False)
    lab.run("host2", "umount -l /mnt/late", check=False)
    for name in names:
        remove(lab, name)
    for number in (1, 2, 3):
        lab.run(f"server{number}", "rm -rf /root/own")
    lab.gluster(f"volume set {data} {LIST} {','.join(SERVERS)},tenant-a")


def test_volumes(verify: t.Any, data: str, volumes: Lab) -> None:
    """Open, sealed too late, open to everybody, with a certificate of its own; a stranger let in, a server shut out."""
    lab = volumes
    sealed = "client.ssl on server.ssl on"
    lab.gluster(f"volume set late {sealed} {LIST} {','.join(SERVERS)},tenant-b")
    certificate, key = sign(lab, SERVERS[0], days=30)
    for number in (1, 2, 3):
        lab.run(f"server{number}", f"mkdir -m 700 /root/own; cat > /root/own/pem <<'END'\n{certificate}END")
        lab.run(f"server{number}", f"cat > /root/own/key <<'END'\n{key}END")
    own = "ssl.own-cert /root/own/pem ssl.private-key /root/own/key"
    lab.gluster(f"volume set own {sealed} {own} {LIST} '{','.join(SERVERS)},*'")
    lab.gluster("volume start own")
    lab.gluster(f"volume set {data} {LIST} {','.join(SERVERS[:2])},tenant-a,stranger server.dynamic-auth on")
    cut_off = f"gluster volume status {data} client-list | grep -Eq 'glustershd +2'"
    lab.run("server1", f"for n in $(seq 60); do {cut_off} && exit; sleep 0.5; done; exit 1")
    healing = "gluster volume status all client-list | grep -Ec 'glustershd +3' | grep -qx 3"
    lab.run("server1", f"for n in $(seq 120); do {healing} && exit; sleep 0.5; done; exit 1")

    told, report = verify()
    assert told.play.rc == 2
    found = {(one["what"], where): one["found"] for one in report["findings"] for where in one["where"]}
    own_bricks = [f"server{number}:/srv/own" for number in (1, 2, 3)]
    assert set(found) == {
        ("self-heal", data),
        ("sealed", "open"),
        ("sealed", "own"),
        ("list", data),
        ("list", "late"),
        *(("served", brick) for brick in own_bricks),
        ("plaintext", "open"),
        ("plaintext", "late"),
    }, told.play.output
    assert [one["severity"] for one in report["findings"] if one["where"] == ["late"]] == ["error", "warning"]
    lists = {one["found"] for one in report["findings"] if one["what"] == "list" and one["where"] == [data]}
    assert lists == {
        f"its access list lacks {SERVERS[2]}",
        "its access list lets in stranger, and nobody declared that",
    }
    assert found["list", "late"] == "it is no declared share, and its access list lets in tenant-b"
    assert found["self-heal", data].startswith("2 of 3 self-heal daemons are connected")
    assert "client.ssl and server.ssl off: whoever" in found["sealed", "open"]
    assert "holds '*'" in found["sealed", "own"]
    assert found["served", own_bricks[1]].startswith("it serves the certificate ")
    assert f"of {SERVERS[0]}, and server2 has " in found["served", own_bricks[1]]
    assert found["plaintext", "open"] == "1 mounts and gateways are connected to it in plaintext"
    assert "answer in plaintext: 1 mounts and gateways go on in plaintext" in found["plaintext", "late"]
    assert "it says that it is sealed, and server1:/srv/late, server2:/srv/late, server3:/srv/late" in told.words
