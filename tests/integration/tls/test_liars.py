# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A machine whose interpreter answers what it likes: it gets nothing that is not its own, and holds nobody else up."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from harness import SERVERS, Lab, Play

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
    names = {"answer": answer, "subprocess": subprocess}
    exec(open("/root/lie.py").read(), names)
    text = before + json.dumps(names["answer"]).encode()
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


@pytest.fixture
def liar(identities: Lab) -> t.Iterator[Lab]:
    """The lab with its host2 on the other side."""
    lab = identities
    with open(lab.inventory, encoding="utf-8") as stream:
        inventory = yaml.safe_load(stream)
    inventory["liars"] = {"hosts": {HOST: {"ansible_python_interpreter": LIAR}}}
    lying = Lab(lab.folder, "liars.yml")
    with open(lying.inventory, "w", encoding="utf-8") as stream:
        yaml.safe_dump(inventory, stream)
    lab.send(HOST, INTERPRETER.encode(), f"cat > {LIAR}; chmod +x {LIAR}")
    yield lying
    lab.run(HOST, f"rm -f {LIAR} /root/lie.py /root/lie.key")
    again = lab.play("glusterops.shares.tls")
    assert again.rc == 0, again.output


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
        (True, "sign: what was answered has no request for 'tenant-b'"),
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
