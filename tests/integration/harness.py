# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t
from xml.etree import ElementTree

import pytest
import siege
import yaml
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Tests that run at the same time have labs of their own.
NAME = os.environ.get("LAB_NAME", "test")


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
    """The lab as tests use it: programs over ssh, modules and playbooks through Ansible, as a user would run them."""

    def __init__(self, folder: pathlib.Path, scratch: pathlib.Path) -> None:
        self.folder = folder
        self.inventory = str(folder / "inventory.yml")
        self._scratch = scratch

    def popen(self, node: str, command: str) -> subprocess.Popen[str]:
        words = ["ssh", "-F", str(self.folder / "ssh_config"), node, command]
        return subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, node: str, command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        process = self.popen(node, command)
        out, err = process.communicate(timeout=300)
        done = subprocess.CompletedProcess(command, process.returncode, out, err)
        assert not check or done.returncode == 0, f"{node}: {command}: {done.stdout}{done.stderr}"
        return done

    def send(self, node: str, data: bytes, command: str) -> None:
        """Runs the command with that as its input."""
        words = ["ssh", "-F", str(self.folder / "ssh_config"), node, command]
        subprocess.run(words, input=data, capture_output=True, timeout=300, check=True)

    def module(self, host: str, module: str, check: bool = False, **arguments: t.Any) -> dict[str, t.Any]:
        """The module's return values, with a diff."""
        process = self.start(host, module, check, **arguments)
        return self.result(process)

    def start(self, host: str, module: str, check: bool = False, **arguments: t.Any) -> subprocess.Popen[str]:
        words = ["ansible", host, "-i", self.inventory, "-m", f"glusterops.shares.{module}"]
        words += ["-a", json.dumps(arguments)] if arguments else []
        # Verbosely, or the callback leaves the diff out.
        words += ["-vvv", "--diff", *(["--check"] if check else [])]
        environment = dict(os.environ, ANSIBLE_LOAD_CALLBACK_PLUGINS="1", ANSIBLE_STDOUT_CALLBACK="oneline")
        return subprocess.Popen(
            words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    @staticmethod
    def result(process: subprocess.Popen[str]) -> dict[str, t.Any]:
        out, err = process.communicate(timeout=600)
        found = re.search(r"^\S+ \| ([A-Z]+)!? => (\{.*\})$", out, re.MULTILINE)
        assert found, out + err
        return {**json.loads(found.group(2)), "failed": found.group(1) == "FAILED"}

    def predicted(self, host: str, module: str, **arguments: t.Any) -> dict[str, t.Any]:
        """Runs the module in check mode, for real, and again: the first must predict the second, the third change
        nothing. What the real run returned."""
        dry = self.module(host, module, check=True, **arguments)
        real = self.module(host, module, **arguments)
        assert not dry.get("failed") and not real.get("failed"), (dry, real)
        assert dry["changed"] and real["changed"]
        assert dry["changes"] == real["changes"]
        assert dry["diff"] == real["diff"] and real["diff"]["before"] != real["diff"]["after"]
        again = self.module(host, module, **arguments)
        assert not again["changed"] and again["changes"] == [], again
        return real

    def play(self, playbook: str, *options: str, **variables: t.Any) -> Play:
        words = ["ansible-playbook", playbook, "-i", self.inventory, "-e", f"@{ROOT}/lab/vars.yml"]
        words += ["-e", json.dumps(variables), *options]
        done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=900, check=False)
        output = done.stdout + done.stderr
        hosts = {
            host: {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", counts)}
            for host, counts in re.findall(r"^(\S+) +: (ok=.*)$", output, re.MULTILINE)
        }
        return Play(done.returncode, output, hosts)

    def mount(self, node: str, share: str, path: str = "/mnt/try") -> str:
        """Mounts the share on the node; what the client complained about, or nothing if it is mounted and answers."""
        log = "/var/log/glusterfs/" + path.strip("/").replace("/", "-") + ".log"
        self.run(node, f"umount -l {path}; mkdir -p {path}; rm -f {log}", check=False)
        self.run(node, f"timeout 30 mount -t glusterfs server1:/{share} {path}", check=False)
        found = self.run(
            node, f"sleep 1; timeout 10 stat -f {path} && findmnt -n -t fuse.glusterfs {path}", check=False
        )
        if found.returncode == 0:
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


def lab_command(*words: str, name: str = NAME) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lab", *words, "--name", name], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def lab_up(scratch: pathlib.Path, name: str, *options: str) -> t.Iterator[Lab]:
    if not os.environ.get("KEEP_LAB"):
        lab_command("down", name=name)
    lab_command("up", *options, name=name)
    home = pathlib.Path(os.environ.get("GLUSTEROPS_LAB_DIR", ROOT / ".lab"))
    yield Lab(home / name, scratch)
    if not os.environ.get("KEEP_LAB"):
        lab_command("down", name=name)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Lab]:
    """Three bare servers with Heketi, and three hosts."""
    yield from lab_up(tmp_path_factory.mktemp("lab"), NAME)


@pytest.fixture(scope="session")
def newer_lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Lab]:
    """The like with GlusterFS 11.1, and without Heketi."""
    yield from lab_up(tmp_path_factory.mktemp("newer"), f"{NAME}-11", "--suite", "trixie", "--no-heketi")


def with_identities(lab: Lab) -> Lab:
    done = lab.play("glusterops.shares.tls")
    assert done.rc == 0, done.output
    return lab


@pytest.fixture(scope="session")
def identities(lab: Lab) -> Lab:
    """The lab with the tls playbook run on it."""
    return with_identities(lab)


@pytest.fixture(scope="session")
def newer(newer_lab: Lab) -> Lab:
    return with_identities(newer_lab)


@pytest.fixture(scope="module", params=["identities", "newer"], ids=["10.3", "11.1"])
def either(request: pytest.FixtureRequest) -> Lab:
    """Each in turn."""
    return t.cast(Lab, request.getfixturevalue(request.param))


@pytest.fixture(scope="session")
def heketi(lab: Lab) -> dict[str, t.Any]:
    return lab.heketi()


def connected(lab: Lab, servers: t.Sequence[str] = ("server1", "server2", "server3")) -> None:
    """Waits until each of them knows all others as peers. What is asked of a glusterd that is only learning what it
    has missed may hang it for ever."""
    asked = f"[ $(gluster peer status | grep -c 'Peer in Cluster (Connected)') = {len(servers) - 1} ]"
    for server in servers:
        lab.run(server, f"for n in $(seq 120); do {asked} && exit; sleep 0.5; done; gluster peer status; exit 1")


SERVERS = [f"glusterfs-server-server{number}" for number in (1, 2, 3)]


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


@pytest.fixture
def volume(identities: Lab, request: pytest.FixtureRequest) -> t.Iterator[str]:
    """A volume made by hand for one test."""
    name = "v-" + re.sub("[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:60]
    yield make_by_hand(identities, name)
    remove(identities, name)


@pytest.fixture(scope="module")
def untouched(identities: Lab) -> t.Iterator[str]:
    """A volume made by hand for all tests that must not change it."""
    yield make_by_hand(identities, "untouched")
    remove(identities, "untouched")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the attacks came to."""
    if siege.TABLE:
        terminalreporter.section("attacks")
        terminalreporter.write_line("\n".join(siege.table()))
