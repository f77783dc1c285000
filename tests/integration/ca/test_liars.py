# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A machine whose interpreter answers what it likes: it gets nothing that is not its own, and holds nobody else up."""

from __future__ import annotations

import contextlib
import typing as t

import pytest
import yaml
from checking import check
from harness import SERVERS, Lab, Play, make_by_hand, remove

LIAR, HOST = "/usr/local/bin/liar", "host2"
# Runs a module, as Ansible has it run, and changes the answer as /root/lie.py says.
INTERPRETER = """#!/usr/bin/python3
import json, subprocess, sys
done = subprocess.run(["/usr/bin/python3", *sys.argv[1:]], stdin=sys.stdin.buffer, stdout=subprocess.PIPE)
text = done.stdout
try:
    before, brace, rest = text.partition(b"{")
    answer = json.loads(brace + rest)
except ValueError:
    pass
else:
    names = {"answer": answer, "json": json, "subprocess": subprocess, "text": None}
    exec(open("/root/lie.py").read(), names)
    text = names["text"] or before + json.dumps(names["answer"]).encode()
sys.stdout.buffer.write(text)
sys.exit(done.returncode)
"""
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
FACTS = """
answer["ansible_facts"] = {
    "tls_ca_host": "host2", "tls_ca_path": "/root/theirs", "tls_tenant": "tenant-a", "tls_renew_key": True
}
answer["add_host"] = {"host_name": "host9", "groups": ["glusterfs_servers"]}
"""
GARBAGE = """
answer = {key: {"surprise": [1, None, "x"]} for key in answer}
answer.update(changed=False, identities=[None, {"request": 7}, "x"])
"""
# A text in Jinja, wherever the answer has any.
MARK, MADE = "{{ 7 * 191 }}", "1337"
PROGRAMS = f"""
def lie(told):
    if isinstance(told, dict):
        return {{key: lie(one) for key, one in told.items()}}
    return [lie(one) for one in told] if isinstance(told, list) else {MARK!r} if isinstance(told, str) else told
answer = lie(answer)
answer["msg"] = {MARK!r}
"""
MORE = FACTS + """
answer.update(changed=False, failed=False, skipped=True, unreachable=True, results=[{"item": "server1"}])
answer.update(invocation=7, warnings=7, deprecations=["x"], denied={"shares": [7]}, free=7, looked=9e18)
for key, told in list(answer.items()):
    if isinstance(told, list) and told and isinstance(told[0], dict):
        told[0] = None
"""
# Another one each time: no JSON, no dictionary, and more than anybody wants to know.
NOTHING = """
with open("/root/lies", "a+") as stream:
    stream.write(".")
    number = stream.tell()
huge = json.dumps({**answer, "msg": "x" * 3000000, "peers": ["x" * 3000000]}).encode()
text = [b"no answer at all", b"[1, 2]", huge][number % 3]
"""
LIES = {
    "garbage": GARBAGE,
    "no answer": NOTHING,
    "programs": PROGRAMS,
    "more": MORE,
}
WORKED = ["server1", "server2", "server3", "host1"]
PATH = "/srv/liars"
SHARE = {
    "name": "liars",
    "identities": ["tenant-a", "tenant-b"],
    "mounts": [{"host": host, "path": PATH} for host in ("host1", HOST)],
}


@contextlib.contextmanager
def lying(lab: Lab, liar: str) -> t.Iterator[Lab]:
    """The lab with that machine on the other side."""
    with open(lab.inventory, encoding="utf-8") as stream:
        inventory = yaml.safe_load(stream)
    inventory["liars"] = {"hosts": {liar: {"ansible_python_interpreter": LIAR}}}
    other = Lab(lab.folder, "liars.yml")
    with open(other.inventory, "w", encoding="utf-8") as stream:
        yaml.safe_dump(inventory, stream)
    lab.send(liar, INTERPRETER.encode(), f"cat > {LIAR}; chmod +x {LIAR}")
    try:
        yield other
    finally:
        lab.run(liar, f"rm -f {LIAR} /root/lie.py /root/lie.key /root/lies")
        again = lab.play("glusterops.shares.tls")
        assert again.rc == 0, again.output


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


def told(lab: Lab, liar: str, program: str, playbook: str, **variables: t.Any) -> Play:
    """A playbook while the machine answers so to every module. No text of it is a program, and nobody comes in."""
    lab.send(liar, program.encode(), "cat > /root/lie.py")
    done = lab.play(f"glusterops.shares.{playbook}", shares_list=[SHARE], **variables)
    assert MADE not in done.output and "Traceback" not in done.output, done.output
    assert set(done.hosts) <= {*WORKED, HOST, "host3", "localhost"}, done.output
    return done


def failed(done: Play) -> set[str]:
    return {host for host, counts in done.hosts.items() if counts["failed"] or counts["unreachable"]}


@pytest.mark.parametrize("name", LIES)
def test_a_tenants_host_holds_no_other_up(lying_host: Lab, name: str) -> None:
    """The others get their identities and their mounts; and what is found is found of it alone."""
    lab, program = lying_host, LIES[name]
    lab.run("host1", f"umount -l {PATH}", check=False)
    done = told(lab, HOST, program, "mounts")
    assert failed(done) <= {HOST}, done.output
    assert lab.run("host1", f"findmnt -t fuse.glusterfs {PATH}").returncode == 0
    done = told(lab, HOST, program, "tls")
    assert failed(done) <= {HOST} and lab.run(HOST, "test -e /root/theirs", check=False).returncode, done.output
    found = check(lab, playbook="verify", shares_list=[{key: SHARE[key] for key in ("name", "identities")}])
    assert {row[2] for row in found.rows if row[0] == "ERROR"} <= {HOST}, found.play.output
    # All or nobody, so it is told who is in the way.
    done = told(lab, HOST, program, "management_tls", management_tls_state="enabled")
    assert done.rc != 0 and done.changed == 0, done.output


@pytest.mark.parametrize("server, name", list(zip(["server1", "server3"] * 2, LIES)))
def test_a_server_is_left_out_of_what_others_do(share: Lab, server: str, name: str) -> None:
    """Who is revoked is denied through the others, and the run tells that one server is not known to be."""
    wanted = [{"name": "liars", "identities": [*SHARE["identities"], "tenant-x"]}]
    assert not share.module("server2", "gluster_shares", infrastructure=SERVERS, shares=wanted)["failed"]
    with lying(share, server) as lab:
        done = told(lab, server, LIES[name], "revoke", revoke_name="tenant-x")
        said = " ".join(done.output.split())
        assert done.rc != 0 and "tenant-x was revoked as far as possible" in said and server in said, done.output
        assert set(lab.options("liars")["auth.ssl-allow"].split(",")) == {*SERVERS, *SHARE["identities"]}
        for playbook in ("tls", "mounts"):
            done = told(lab, server, LIES[name], playbook)
            assert failed(done) <= {server}, done.output
