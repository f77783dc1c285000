# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A machine whose interpreter answers what it likes: it gets nothing that is not its own, and holds nobody else up."""

from __future__ import annotations

import typing as t

import pytest
from checking import check
from harness import SERVERS, Lab, Play, make_by_hand, remove
from lying import FACTS, GARBAGE, LIES, failed, lying, told

HOST = "host2"
# Another's request, for a key that is at hand here, wherever the answer has one.
ANOTHERS = """
key = "/root/lie.key"
curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
subprocess.run(["openssl", "genpkey", *curve, "-out", key], check=True)
made = subprocess.run(
    ["openssl", "req", "-new", "-key", key, "-subj", "/CN={name}"], check=True, capture_output=True, text=True
).stdout
for one in answer.get("identities") or []:
    if {renaming}:
        one["common_name"] = "{name}"
    if "request" in one:
        one["request"] = {{"common_name": "{name}", "csr": made}}
    if one.get("observed"):
        one["observed"] = None
"""
PATH = "/srv/liars"
SHARE = {
    "name": "liars",
    "identities": ["tenant-a", "tenant-b"],
    "mounts": [{"host": host, "path": PATH} for host in ("host1", HOST)],
}
DECLARED = {"shares_list": [SHARE]}


@pytest.fixture
def liar(identities: Lab) -> t.Iterator[Lab]:
    with lying(identities, HOST) as lab:
        yield lab


@pytest.fixture(scope="module")
def lying_host(share: Lab) -> t.Iterator[Lab]:
    with lying(share, HOST) as lab:
        yield lab


@pytest.fixture(scope="module")
def share(identities: Lab) -> t.Iterator[Lab]:
    """With a share that two tenants have."""
    lab = identities
    make_by_hand(lab, "liars")
    wanted = [{"name": "liars", "identities": SHARE["identities"]}]
    assert not lab.module("server1", "gluster_shares", infrastructure=SERVERS, shares=wanted)["failed"]
    yield lab
    for host in ("host1", HOST):
        lab.module(host, "gluster_mounts", mounts=[{"share": "liars", "state": "absent"}])
    remove(lab, "liars")


def lie(lab: Lab, program: str, **variables: t.Any) -> Play:
    """The playbook tls while host2 needs a new key, and answers so."""
    lab.send(HOST, program.encode(), "cat > /root/lie.py")
    return lab.play("glusterops.shares.tls", tls_renew_key=True, **variables)


def signed(lab: Lab) -> list[str]:
    """The names of all that the CA ever signed."""
    known = lab.module("localhost", "gluster_tls_info", path=f"{lab.folder}/ca")
    return sorted(one["common_name"] for one in known["identities"])


@pytest.mark.parametrize(
    "renaming, said",
    [
        (True, "it is not of tenant-b, which it was asked for"),
        (False, f"is for the subject 'CN={SERVERS[0]}', but must be for 'CN=tenant-b' alone"),
    ],
)
def test_names_are_not_what_a_machine_says(renaming: bool, said: str, liar: Lab) -> None:
    before = signed(liar)
    done = lie(liar, ANOTHERS.format(name=SERVERS[0], renaming=renaming))
    assert {host for host, counts in done.hosts.items() if counts["failed"]} == {HOST}, done.output
    assert said in " ".join(done.output.split()), done.output
    # All others have their new keys, and nothing was signed for this one.
    assert len(signed(liar)) == len(before) + len(done.hosts) - 1
    assert signed(liar).count(SERVERS[0]) == before.count(SERVERS[0]) + 1


def test_answers_set_no_variables(liar: Lab) -> None:
    done = lie(liar, FACTS)
    assert done.rc == 0 and "host9" not in done.hosts, done.output
    assert liar.run(HOST, "test -e /root/theirs", check=False).returncode != 0
    first = liar.play("glusterops.shares.tls", "--limit", HOST)
    assert first.rc == 0 and liar.run(HOST, "test -e /root/theirs", check=False).returncode != 0, first.output


def test_garbage_is_its_own_trouble(liar: Lab) -> None:
    done = lie(liar, GARBAGE)
    assert {host for host, counts in done.hosts.items() if counts["failed"]} == {HOST}, done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("name", LIES)
def test_a_tenants_host_holds_no_other_up(lying_host: Lab, name: str) -> None:
    """The others get their identities and their mounts; and what is found is found of it alone."""
    lab, program = lying_host, LIES[name]
    lab.run("host1", f"umount -l {PATH}", check=False)
    done = told(lab, HOST, program, "mounts", **DECLARED)
    assert failed(done) <= {HOST}, done.output
    assert lab.run("host1", f"findmnt -t fuse.glusterfs {PATH}").returncode == 0
    done = told(lab, HOST, program, "tls", **DECLARED)
    assert failed(done) <= {HOST} and lab.run(HOST, "test -e /root/theirs", check=False).returncode, done.output
    found = check(lab, playbook="verify", shares_list=[{key: SHARE[key] for key in ("name", "identities")}])
    assert {row[2] for row in found.rows if row[0] == "ERROR"} <= {HOST}, found.play.output
    # All or nobody, so it is told who is in the way.
    done = told(lab, HOST, program, "management_tls", management_tls_state="enabled", **DECLARED)
    assert done.rc != 0 and done.changed == 0, done.output


@pytest.mark.parametrize("server, name", list(zip(["server1", "server3"] * 2, LIES)))
def test_a_server_is_left_out_of_what_others_do(share: Lab, server: str, name: str) -> None:
    """Who is revoked is denied through the others, and the run tells that one server is not known to be."""
    wanted = [{"name": "liars", "identities": [*SHARE["identities"], "tenant-x"]}]
    assert not share.module("server2", "gluster_shares", infrastructure=SERVERS, shares=wanted)["failed"]
    with lying(share, server) as lab:
        done = told(lab, server, LIES[name], "revoke", revoke_name="tenant-x", **DECLARED)
        said = " ".join(done.output.split())
        assert done.rc != 0 and "tenant-x was revoked as far as possible" in said and server in said, done.output
        assert set(lab.options("liars")["auth.ssl-allow"].split(",")) == {*SERVERS, *SHARE["identities"]}
        for playbook in ("tls", "mounts"):
            done = told(lab, server, LIES[name], playbook, **DECLARED)
            assert failed(done) <= {server}, done.output
