# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules that are killed (kill -9) at random points and playbooks that are at certain ones, and run again."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import random
import signal
import subprocess
import tempfile
import time
import typing as t

import pytest

if t.TYPE_CHECKING:
    from harness import Lab

POINTS = 10


class Program:
    """A module with its arguments, as Ansible sends it to a server, to be run there again without Ansible.

    It is unpacked there, or Python would have to compile it again for each run.
    """

    def __init__(self, lab: Lab, node: str, module: str, **arguments: t.Any) -> None:
        """Runs it for the first time."""
        self._lab, self._node = lab, node
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ANSIBLE_KEEP_REMOTE_FILES", "1")
            done = lab.ansible(node, module, **arguments)
        assert not done["failed"] and done["changed"], done
        self.first = done
        self.path = lab.run(node, f"ls -t ~/.ansible/tmp/*/AnsiballZ_{module}.py | head -1").stdout.strip()
        lab.run(node, f"python3 {self.path} explode && python3 -m compileall -q $(dirname {self.path})")

    def run(self) -> dict[str, t.Any]:
        """Its return values."""
        done = self._lab.run(self._node, f"python3 {self.path} execute", check=False)
        return json.loads(done.stdout[done.stdout.index("{") :])

    def at_once(self, name: str, others: t.Sequence[str]) -> list[dict[str, t.Any]]:
        """The return values of runs at the same time, one for each of C(others) instead of the name it was given."""
        folder = self.path.rpartition("/")[0]
        done = self._lab.run(
            self._node,
            f"cd {folder}; for other in {' '.join(others)}; do mkdir $other; cp -r {self.path} debug_dir $other;"
            f" sed -i s/{name}/$other/ $other/debug_dir/args; done;"
            f" for other in {' '.join(others)}; do python3 $other/Ansi*.py execute > $other/said 2>&1 & done; wait;"
            " tail -qn1 */said",
        )
        return [json.loads(line) for line in done.stdout.splitlines() if line]

    def kill(self, after: float) -> bool:
        """Runs it, with all that it started, for so many seconds. Whether it was still at work then."""
        command = f"timeout --signal=KILL {after:.2f} python3 {self.path} execute > /dev/null 2>&1"
        return self._lab.run(self._node, command, check=False).returncode == 137


def timed(program: Program) -> float:
    """Seconds of a run that nobody kills."""
    began = time.monotonic()
    done = program.run()
    assert not done.get("failed") and done["changed"], done
    return time.monotonic() - began


def killed(program: Program, seconds: float, look: t.Callable[[], bool], undo: t.Callable[[], object]) -> None:
    """Kills it at ten random points of its C(seconds), by twos: late in a run, then early in the one that goes on.

    look tells whether it had ended its work, and asserts what must be true at any time; undo makes it begin again.
    """
    dice = random.Random(len(program.path))
    parts = [(number + dice.random()) / POINTS for number in range(POINTS)]
    hits, late_ones = 0, []

    def strike(part: float) -> float:
        """How long it ran before it ended by itself; nothing if it was killed."""
        nonlocal hits
        began = time.monotonic()
        alive = program.kill(seconds * part)
        took = time.monotonic() - began
        done = look()
        assert done or alive, "a run that was not killed did not do its work"
        hits += alive
        return 0.0 if alive else took

    for late, early in zip(reversed(parts[POINTS // 2 :]), parts):
        # Machines get faster, too: once more, then, by what it took. A run that goes on says nothing of a whole one.
        for _try in range(3):
            undo()
            took = strike(late)
            if not took:
                break
            late_ones.append(took)
            seconds = min(seconds, took)
        strike(early)
    assert hits >= POINTS // 2, f"only {hits} kills came in time; whole runs took {late_ones}"


def kill_when(lab: Lab, words: t.Sequence[str], reached: t.Callable[[], object]) -> None:
    """Runs the command, in a process of its own, and kills it with all that it started once it has come that far. What
    it had begun on the machines has ended afterwards."""
    assert not reached()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        try:
            while not reached():
                if process.poll() is not None:
                    said.seek(0)
                    raise AssertionError(f"it ended before it came that far: {said.read()}")
                time.sleep(0.05)
        finally:
            kill(process)
    assert process.returncode == -signal.SIGKILL
    gone(lab)


def kill(process: subprocess.Popen[t.Any]) -> None:
    """Kills it with all that it started here."""
    others = started_by(process.pid)
    process.kill()
    process.wait()
    for pid in others:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def gone(lab: Lab) -> None:
    """Waits until what a killed run had begun on the machines has ended. One of them may wait two minutes for another
    transaction of gluster's."""
    running = "pgrep -af '^[/]usr/bin/python3'"
    for node in lab.nodes():
        lab.run(node, f"for n in $(seq 1800); do {running} > /dev/null || exit 0; sleep 0.1; done; {running}; exit 1")


def started_by(process: int) -> list[int]:
    """Its children, and theirs."""
    parents = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(") ")[2].split()[1])
    found = [process]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]
