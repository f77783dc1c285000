# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where benchmarks run: the lab's first server, reached as a user's playbook would reach it, or this machine."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import typing as t

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
    """A play that succeeded: how long ansible-playbook took, how many tasks changed something, what it printed."""

    seconds: float
    changed: int
    output: str

    def unchanged(self) -> Play:
        """Itself; a play that changed something is no measurement of nothing to do."""
        if self.changed:
            raise BenchError(f"{self.changed} tasks changed something, and nothing had to be changed:\n{self.output}")
        return self


class Stage:
    """A host: timed plays on it; and if it is the lab's first server, also commands."""

    def __init__(self, scratch: pathlib.Path, inventory: str, host: str) -> None:
        self._scratch = scratch
        self._inventory = inventory
        self._host = host
        self._config = scratch / "ansible.cfg"
        self._config.write_text(CONFIG, encoding="utf-8")
        self._collections = [COLLECTIONS]

    @classmethod
    def on_lab(cls, scratch: pathlib.Path) -> Stage:
        return cls(scratch, Lab(NAME).path("inventory.yml"), SERVER)

    @classmethod
    def on_this_machine(cls, scratch: pathlib.Path) -> Stage:
        inventory = scratch / "inventory"
        inventory.write_text(
            f"localhost ansible_connection=local ansible_python_interpreter={sys.executable}\n", encoding="utf-8"
        )
        return cls(scratch, str(inventory), "localhost")

    def add_collections(self, folder: pathlib.Path) -> None:
        """Make a folder's collections available to every play from now on."""
        self._collections.append(str(folder))

    def add_module(self, path: pathlib.Path) -> None:
        """Make a module of the benchmarks' own available to every play from now on."""
        library = self._scratch / "library"
        library.mkdir(exist_ok=True)
        shutil.copy(path, library)

    def on_server(self, command: str, stdin: str = "") -> str:
        words = [sys.executable, "-m", "lab", "shell", SERVER, "--name", NAME, "--", command]
        return _run(words, dict(os.environ), stdin)

    def play(self, *tasks: dict[str, t.Any], **variables: t.Any) -> Play:
        """Run a play of these tasks on the host, without gathering facts."""
        playbook = self._scratch / "play.yml"
        play = {"hosts": self._host, "gather_facts": False, "vars": variables, "tasks": tasks}
        playbook.write_text(json.dumps([play]), encoding="utf-8")
        started = time.monotonic()
        output = self.playbook(str(playbook))
        seconds = time.monotonic() - started
        recap = re.search(rf"^{self._host} +: ok=\d+ +changed=(\d+)", output, re.MULTILINE)
        if not recap:
            raise BenchError(f"ansible-playbook printed no recap:\n{output}")
        return Play(seconds=seconds, changed=int(recap.group(1)), output=output)

    def playbook(self, playbook: str, *options: str) -> str:
        """Run a playbook, a file or one of the collection's; what was printed."""
        # Nothing of the caller's own configuration may favour or hinder anybody.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
        environment.update(
            ANSIBLE_CONFIG=str(self._config),
            ANSIBLE_COLLECTIONS_PATH=":".join(self._collections),
            ANSIBLE_HOME=os.environ.get("ANSIBLE_HOME") or os.path.join(ROOT, "build", "ansible"),
        )
        program = os.path.join(os.path.dirname(sys.executable), "ansible-playbook")
        return _run([program, "-i", self._inventory, playbook, *options], environment)


def lab(*words: str) -> None:
    """One of the lab's own commands, on the benchmarks' lab."""
    _run([sys.executable, "-m", "lab", *words, "--name", NAME], dict(os.environ))


def _run(words: t.Sequence[str], environment: dict[str, str], stdin: str = "") -> str:
    done = subprocess.run(words, env=environment, cwd=ROOT, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-20:])
        raise BenchError(f"{' '.join(words)[:300]} failed:\n{said}")
    return done.stdout
