# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lab as tests use it. Fixtures are in conftest.py."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time
import typing as t
from concurrent.futures import Future
from xml.etree import ElementTree

import pytest
import yaml
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
from calls import ROOT, Resident, Said, ansible, here, on_a_machine

# Tests that run at the same time have labs of their own.
NAME = os.environ.get("LAB_NAME", "test")
SERVERS = [f"glusterfs-server-server{number}" for number in (1, 2, 3)]
# The type of what is mounted by FUSE, as stat -f gives it.
FUSE = "65735546"
KILL_HEKETI = "pkill -9 -f 'm [h]eketi'"
# As users are advised to have it. One test of a whole site does without.
os.environ.setdefault("ANSIBLE_PIPELINING", "1")

# On which GlusterFS a test runs that tests nothing of the version.
MOSTLY_ONCE = pytest.mark.parametrize(
    "either",
    [
        pytest.param("identities", id="10.3"),
        pytest.param("newer", id="11.1", marks=pytest.mark.all_versions),
    ],
    indirect=True,
    scope="module",
)

# One of the two ways to run a module: Lab.module or Lab.ansible.
Run = t.Callable[..., "dict[str, t.Any]"]


@dataclasses.dataclass
class Play:
    """How a playbook run ended: its exit code, what it printed, and by host its counts."""

    rc: int
    output: str
    hosts: dict[str, dict[str, int]]

    @property
    def changed(self) -> int:
        return sum(counts["changed"] for counts in self.hosts.values())


class Lab:
    """The lab as tests use it: programs over ssh, modules and playbooks.

    A module is run in two ways. module() hands it its arguments on the machine, without Ansible: fast, and without what
    an action plugin adds (a query, the clock, lines of progress). ansible() has Ansible do it, as a user would: so runs
    whatever has secrets, what Ansible itself refuses, action plugins, and each module at least once.
    """

    def __init__(self, folder: pathlib.Path, inventory: str = "inventory.yml") -> None:
        self.folder = folder
        self.inventory = str(folder / inventory)
        self._residents: dict[str, Resident] = {}

    def end(self) -> None:
        """Ends what runs on its machines for the tests."""
        while self._residents:
            self._residents.popitem()[1].end()

    def reset(self, *options: str) -> None:
        self.end()
        lab_command("reset", *options, name=self.folder.name)

    def _ssh(self, node: str) -> list[str]:
        return ["ssh", "-F", str(self.folder / "ssh_config"), node]

    def popen(self, node: str, command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self._ssh(node), command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, node: str, command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        process = self.popen(node, command)
        out, err = process.communicate(timeout=300)
        done = subprocess.CompletedProcess(command, process.returncode, out, err)
        assert not check or done.returncode == 0, f"{node}: {command}: {done.stdout}{done.stderr}"
        return done

    def send(self, node: str, data: bytes, command: str) -> None:
        """Runs the command with that as its input."""
        subprocess.run([*self._ssh(node), command], input=data, capture_output=True, timeout=300, check=True)

    def nodes(self) -> list[str]:
        return re.findall(r"^Host (\w+)$", (self.folder / "ssh_config").read_text(), re.MULTILINE)

    def start(self, host: str, module: str, check: bool = False, **arguments: t.Any) -> Future[Said]:
        """Begins to run the module there, without Ansible."""
        if host not in self._residents:
            self._residents[host] = here("modules") if host == "localhost" else on_a_machine(self._ssh(host))
        internal = {"_ansible_check_mode": check, "_ansible_diff": True, "_ansible_module_name": module}
        given = {**arguments, **internal, "_ansible_remote_tmp": "~/.ansible/tmp"}
        return self._residents[host].call(module=module, arguments=given)

    @staticmethod
    def result(running: Future[Said]) -> dict[str, t.Any]:
        """The return values of what start() began, with a diff."""
        said = running.result(600)
        assert "{" in said.out, said
        return {"failed": False, **json.loads(said.out[said.out.index("{") :])}

    def module(self, host: str, module: str, check: bool = False, **arguments: t.Any) -> dict[str, t.Any]:
        """The module's return values, without Ansible."""
        return self.result(self.start(host, module, check, **arguments))

    def asking(self, host: str, module: str, check: bool = False, **arguments: t.Any) -> list[str]:
        """The words that have Ansible run the module."""
        words = ["ansible", host, "-i", self.inventory, "-m", f"glusterops.shares.{module}"]
        words += ["-a", json.dumps(arguments)] if arguments else []
        # Verbosely, or the callback leaves the diff out.
        return [*words, "-vvv", "--diff", *(["--check"] if check else [])]

    def ansible(self, host: str, module: str, check: bool = False, **arguments: t.Any) -> dict[str, t.Any]:
        """The module's return values, as Ansible shows them."""
        said = ansible(*self.asking(host, module, check, **arguments)).result(600)
        found = re.search(r"^\S+ \| ([A-Z]+)!? => (\{.*?^\})$", said.out, re.MULTILINE | re.DOTALL)
        assert found, said
        return {**json.loads(found.group(2)), "failed": found.group(1) == "FAILED"}

    def predicted(self, host: str, module: str, by: Run | None = None, **arguments: t.Any) -> dict[str, t.Any]:
        """Runs the module in check mode, for real, and again: the first must predict the second, the third change
        nothing. What the real run returned. by: module(), or ansible()."""
        run = by or self.module
        dry = run(host, module, check=True, **arguments)
        real = run(host, module, **arguments)
        assert not dry.get("failed") and not real.get("failed"), (dry, real)
        assert dry["changed"] and real["changed"]
        assert dry["changes"] == real["changes"]
        assert dry["diff"] == real["diff"] and real["diff"]["before"] != real["diff"]["after"]
        again = run(host, module, **arguments)
        assert not again["changed"] and again["changes"] == [], again
        return real

    def playing(self, playbook: str, *options: str, **variables: t.Any) -> list[str]:
        """The words that run a playbook."""
        words = ["ansible-playbook", playbook, "-i", self.inventory, "-e", f"@{ROOT}/lab/vars.yml"]
        return [*words, "-e", json.dumps(variables), *options]

    def play(self, playbook: str, *options: str, **variables: t.Any) -> Play:
        said = ansible(*self.playing(playbook, *options, **variables)).result(900)
        output = said.out + said.err
        hosts = {
            host: {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", counts)}
            for host, counts in re.findall(r"^(\S+) +: (ok=.*)$", output, re.MULTILINE)
        }
        return Play(said.rc, output, hosts)

    def mount(self, node: str, share: str, path: str = "/mnt/try") -> str:
        """Mounts the share on the node; what the client complained about, or nothing if it is mounted and answers."""
        log = "/var/log/glusterfs/" + path.strip("/").replace("/", "-") + ".log"
        self.run(node, f"umount -l {path}; mkdir -p {path}; rm -f {log}", check=False)
        self.run(node, f"timeout 60 mount -t glusterfs server1:/{share} {path}", check=False)
        # Who is let in gets an answer from the bricks; all others a failure, or one from the directory underneath.
        found = self.run(node, f"timeout 60 stat -f -c %t {path}", check=False)
        if found.stdout == f"{FUSE}\n":
            return ""
        self.run(node, f"umount -l {path}", check=False)
        return self.run(node, f"cat {log}", check=False).stdout or "not mounted"

    def heketi(self) -> dict[str, t.Any]:
        """The connection options of modules that talk to Heketi."""
        with open(self.inventory, encoding="utf-8") as stream:
            variables = yaml.safe_load(stream)["all"]["vars"]
        return {
            "heketi_url": variables["lab_heketi_url"],
            "heketi_key": variables["lab_heketi_key"],
            "poll_interval": 0.2,
        }

    def gluster(self, words: str, server: str = "server1") -> str:
        return self.run(server, f"gluster --mode=script {words}").stdout

    def volumes(self) -> dict[str, Volume]:
        return answers.read_volumes(ElementTree.fromstring(self.gluster("--xml volume info")))

    def options(self, volume: str) -> dict[str, str]:
        found = self.run("server1", f"gluster volume info {volume}").stdout
        return dict(re.findall(r"^([a-z.-]+): (.*)$", found, re.MULTILINE))


def lab_command(*words: str, name: str = NAME) -> str:
    """What the command said."""
    done = subprocess.run(
        [sys.executable, "-m", "lab", *words, "--name", name], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@contextlib.contextmanager
def lab_up(name: str, *options: str) -> t.Iterator[Lab]:
    """A lab of that name, for as long as the body runs."""
    if not os.environ.get("KEEP_LAB"):
        lab_command("down", name=name)
    lab_command("up", *options, name=name)
    home = pathlib.Path(os.environ.get("GLUSTEROPS_LAB_DIR", ROOT / ".lab"))
    lab = Lab(home / name)
    try:
        yield lab
    finally:
        lab.end()
        if not os.environ.get("KEEP_LAB"):
            lab_command("down", name=name)


def with_identities(lab: Lab) -> Lab:
    done = lab.play("glusterops.shares.tls")
    assert done.rc == 0, done.output
    return lab


def connected(lab: Lab, servers: t.Sequence[str] = ("server1", "server2", "server3")) -> None:
    """Waits until each of them knows all others as peers, and has the volumes as they have them. What is asked of a
    glusterd that is only learning what it has missed may hang it for ever, and what is deleted meanwhile comes back on
    its server."""
    asked = f"[ $(gluster peer status | grep -c 'Peer in Cluster (Connected)') = {len(servers) - 1} ]"
    for server in servers:
        lab.run(server, f"for n in $(seq 120); do {asked} && exit; sleep 0.5; done; gluster peer status; exit 1")
    end = time.monotonic() + 60
    while (
        len(
            known := {lab.run(server, "cd /var/lib/glusterd/vols; grep . */cksum || true").stdout for server in servers}
        )
        > 1
    ):
        assert time.monotonic() < end, known
        time.sleep(0.3)


def stop_glusterd(lab: Lab, server: str) -> None:
    """Its bricks and daemons go on."""
    lab.run(server, "service glusterd stop")


def start_glusterd(lab: Lab, server: str) -> None:
    lab.run(server, "service glusterd start")
    connected(lab)
    # It looks every two minutes which servers run, and puts nothing on one that did not.
    if "heketi" in lab.nodes():
        restart_heketi(lab)


def restart_heketi(lab: Lab, **standin: t.Any) -> None:
    """Ends Heketi with -9 and starts it again. standin: what of the stand-in's configuration shall differ."""
    edit = (
        "import json; config = json.load(open('/etc/heketi/heketi.json'));"
        f" config['standin'].update({standin!r}); json.dump(config, open('/etc/heketi/other.json', 'w'))"
    )
    hello = "python3 -c \"import urllib.request as r; r.urlopen('http://127.0.0.1:8080/hello')\""
    lab.run("heketi", KILL_HEKETI, check=False)
    lab.run(
        "heketi",
        f"python3 -c {shlex.quote(edit)} && cd /opt/heketi-standin &&"
        " setsid -f python3 -m heketi --config /etc/heketi/other.json >> /var/log/lab/heketi.log 2>&1 < /dev/null;"
        f" for n in $(seq 100); do {hello} 2>/dev/null && exit; sleep 0.2; done; exit 1",
    )


def in_order(subtests: pytest.Subtests, steps: t.Mapping[str, t.Callable[[], object]]) -> None:
    """A test's steps, which go on from each other: the report names the one that fails, and none is run after it."""
    for name, act in steps.items():
        done = False
        with subtests.test(name):
            act()
            done = True
        if not done:
            break


def make_by_hand(lab: Lab, name: str) -> str:
    """A replica 3 volume, not started, not sealed."""
    bricks = " ".join(f"server{number}:/srv/{name}" for number in (1, 2, 3))
    lab.gluster(f"volume create {name} replica 3 {bricks} force")
    return name


def remove(lab: Lab, name: str) -> None:
    for command in ("stop", "delete"):
        lab.run("server1", f"gluster --mode=script volume {command} {name}", check=False)
    for number in (1, 2, 3):
        lab.run(f"server{number}", f"rm -rf /srv/{name}")


def thin_volume(vm: Lab, name: str, size: str = "600m", pool: str = "pool") -> str:
    """A started volume of one brick, on a thin logical volume of that name. The virtual machine has those."""
    vm.run(
        "server1",
        f"set -e; brick=$(thin-brick {name} {size} {pool} 2>/dev/null);"
        f" gluster --mode=script volume create {name} server1:$brick; gluster volume start {name}",
    )
    return name
