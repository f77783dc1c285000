# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machines of a lab whose interpreter answers what it likes."""

from __future__ import annotations

import contextlib
import typing as t

import yaml
from harness import Lab, Play

LIAR = "/usr/local/bin/liar"
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
MACHINES = {"server1", "server2", "server3", "host1", "host2", "host3", "localhost"}


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


def told(lab: Lab, liar: str, program: str, playbook: str, *options: str, **variables: t.Any) -> Play:
    """A playbook while the machine answers so to every module. No text of it is a program, and nobody comes in."""
    lab.send(liar, program.encode(), "cat > /root/lie.py")
    done = lab.play(f"glusterops.shares.{playbook}", *options, **variables)
    assert MADE not in done.output and "Traceback" not in done.output, done.output
    assert set(done.hosts) <= MACHINES, done.output
    return done


def failed(done: Play) -> set[str]:
    return {host for host, counts in done.hosts.items() if counts["failed"] or counts["unreachable"]}
