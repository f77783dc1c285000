# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where benchmarks run: a lab, reached as a user's playbook would reach it, or this machine."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t

from benchmarks import cpu
from lab.state import ROOT, Lab

NAME = "bench"
SERVER = "server1"
# The best case for everybody: one ssh connection is kept by the lab's inventory, and modules go through it directly.
CONFIG = "[connection]\npipelining = true\n"
COLLECTIONS = os.environ.get("ANSIBLE_COLLECTIONS_PATH") or os.path.join(ROOT, "build", "tree")


class BenchError(Exception):
    """What went wrong, so that there is nothing to measure."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the caller chose: how many shares, how many of them the loop goes over, how often the quick ones run."""

    count: int
    loop_count: int
    runs: int


@dataclasses.dataclass(frozen=True)
class Play:
    """A run of ansible-playbook that succeeded.

    seconds: how long it took. control: the processor seconds of the control node's processes; cpu: with those of the
    lab's machines. memory: the most that one process had, MiB. changed: how many tasks changed something on a machine.
    """

    seconds: float
    control: float
    cpu: float
    memory: float
    changed: int
    output: str

    def unchanged(self) -> Play:
        """Itself; a play that changed something is no measurement of nothing to do."""
        if self.changed:
            raise BenchError(f"{self.changed} tasks changed something, and nothing had to be changed:\n{self.output}")
        return self


@dataclasses.dataclass
class Stage:
    """An inventory, and one of its hosts for plays of tasks; if that is the lab's first server, also for commands.

    build: the folder of the collection that is measured. config: ansible.cfg.
    """

    scratch: pathlib.Path
    inventory: str
    host: str
    build: str = COLLECTIONS
    config: str = CONFIG
    used: t.Callable[[], float] = lambda: 0.0
    collections: list[str] = dataclasses.field(default_factory=list)

    @classmethod
    def on_lab(cls, scratch: pathlib.Path) -> Stage:
        return cls(scratch, Lab(NAME).path("inventory.yml"), SERVER, used=cpu.meter(NAME))

    @classmethod
    def on_this_machine(cls, scratch: pathlib.Path) -> Stage:
        inventory = scratch / "inventory"
        inventory.write_text(
            f"localhost ansible_connection=local ansible_python_interpreter={sys.executable}\n", encoding="utf-8"
        )
        return cls(scratch, str(inventory), "localhost")

    def add_module(self, path: pathlib.Path) -> None:
        """Make a module of the benchmarks' own available to every play from now on."""
        library = self.scratch / "library"
        library.mkdir(exist_ok=True)
        shutil.copy(path, library)

    def on_server(self, command: str, stdin: str = "") -> str:
        words = [sys.executable, "-m", "lab", "shell", SERVER, "--name", NAME, "--", command]
        return _run(words, dict(os.environ), stdin)

    def play(self, *tasks: dict[str, t.Any], **variables: t.Any) -> Play:
        """Run a play of these tasks on the host, without gathering facts."""
        playbook = self.scratch / "play.yml"
        play = {"hosts": self.host, "gather_facts": False, "vars": variables, "tasks": tasks}
        playbook.write_text(json.dumps([play]), encoding="utf-8")
        return self.playbook(str(playbook))

    def playbook(self, playbook: str, *options: str) -> Play:
        """Run a playbook, a file or one of the collection's."""
        config = self.scratch / "ansible.cfg"
        config.write_text(self.config, encoding="utf-8")
        # Nothing of the caller's own configuration may favour or hinder anybody.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
        environment.update(
            ANSIBLE_CONFIG=str(config),
            ANSIBLE_COLLECTIONS_PATH=":".join([self.build, *self.collections]),
            ANSIBLE_HOME=os.environ.get("ANSIBLE_HOME") or os.path.join(ROOT, "build", "ansible"),
        )
        program = os.path.join(os.path.dirname(sys.executable), "ansible-playbook")
        words = [program, "-i", self.inventory, playbook, *options]
        with tempfile.TemporaryFile("w+", encoding="utf-8") as stream:
            used, began = self.used(), time.monotonic()
            process = subprocess.Popen(
                words, env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT
            )
            try:
                _pid, status, usage = os.wait4(process.pid, 0)
            except BaseException:
                process.terminate()
                raise
            seconds, used = time.monotonic() - began, self.used() - used
            process.returncode = os.waitstatus_to_exitcode(status)
            stream.seek(0)
            output = stream.read()
        _check(words, process.returncode, output)
        recap = re.findall(r"^\S+ +: ok=\d+ +changed=(\d+)", output, re.MULTILINE)
        if not recap:
            raise BenchError(f"ansible-playbook printed no recap:\n{output}")
        control = usage.ru_utime + usage.ru_stime
        changed = sum(int(count) for count in recap)
        return Play(seconds, control, control + used, usage.ru_maxrss / 1024, changed, output)


def lab(*words: str) -> None:
    """One of the lab's own commands, on the benchmarks' lab."""
    _run([sys.executable, "-m", "lab", *words, "--name", NAME], dict(os.environ))


def _run(words: t.Sequence[str], environment: dict[str, str], stdin: str = "") -> str:
    done = subprocess.run(words, env=environment, cwd=ROOT, input=stdin, capture_output=True, text=True, check=False)
    _check(words, done.returncode, done.stdout + done.stderr)
    return done.stdout


def _check(words: t.Sequence[str], status: int, output: str) -> None:
    if status:
        # What ansible-playbook ends with tells nothing.
        said = "\n".join(output.partition("PLAY RECAP")[0].strip().splitlines()[-20:])
        raise BenchError(f"{' '.join(words)[:300]} failed:\n{said}")
