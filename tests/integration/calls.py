# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The other end of resident.py: its processes, on machines of a lab and here, and what their calls come to."""

from __future__ import annotations

import atexit
import dataclasses
import functools
import io
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import threading
import typing as t
from concurrent.futures import Future

from ansible import module_utils

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(__file__).with_name("resident.py")


@dataclasses.dataclass(frozen=True)
class Said:
    """How a process ended: its exit code, negative for a signal, and what it printed."""

    rc: int
    out: str
    err: str


class Resident:
    """One process. Begun with the first call; ended with the test run, or by end()."""

    def __init__(self, words: t.Sequence[str]) -> None:
        self._calls: dict[int, Future[Said]] = {}
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        threading.Thread(target=self._read, daemon=True).start()
        atexit.register(self.end)

    def call(self, **call: t.Any) -> Future[Said]:
        """Begins a call; any number may go on at the same time."""
        future: Future[Said] = Future()
        assert self._process.stdin
        with self._lock:
            number = next(self._numbers)
            self._calls[number] = future
            self._process.stdin.write(json.dumps({"id": number, **call}) + "\n")
            self._process.stdin.flush()
        return future

    def _read(self) -> None:
        assert self._process.stdout and self._process.stderr
        for line in self._process.stdout:
            said = json.loads(line)
            self._calls.pop(said.pop("id")).set_result(Said(**said))
        why = self._process.stderr.read()
        for future in self._calls.values():
            future.set_exception(EOFError(f"what ran it has ended: {why}"))

    def end(self) -> None:
        """Ends it, and what it still runs."""
        atexit.unregister(self.end)
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        self._process.wait(60)


@functools.cache
def package() -> bytes:
    """What a machine needs to run modules: this checkout's, and what they use of Ansible."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:

        def add(path: pathlib.Path, name: str) -> None:
            archive.add(path, name, filter=lambda entry: None if entry.name.endswith("__pycache__") else entry)

        add(PROGRAM, PROGRAM.name)
        archive.addfile(tarfile.TarInfo("ansible/__init__.py"))
        add(pathlib.Path(module_utils.__file__).parent, "ansible/module_utils")
        for folder in ("modules", "module_utils"):
            add(ROOT / "plugins" / folder, f"ansible_collections/glusterops/shares/plugins/{folder}")
    return packed.getvalue()


def on_a_machine(ssh: t.Sequence[str]) -> Resident:
    """For modules on the machine that this command logs in to. Its files there go when it ends."""
    unpack = "folder=$(mktemp -d) && tar -x -C $folder && echo $folder"
    done = subprocess.run([*ssh, unpack], input=package(), capture_output=True, timeout=300, check=True)
    folder = done.stdout.decode().strip()
    return Resident([*ssh, f"python3 {folder}/{PROGRAM.name} modules; rm -rf {folder}"])


def here(what: str) -> Resident:
    return Resident([sys.executable, str(PROGRAM), what])


_of_ansible: dict[frozenset[tuple[str, str]], Resident] = {}


def ansible(*words: str) -> Future[Said]:
    """One of Ansible's programs. It reads its environment when it is imported, so each environment has a process."""
    environment = frozenset(item for item in os.environ.items() if item[0].startswith("ANSIBLE_"))
    if environment not in _of_ansible:
        _of_ansible[environment] = here("ansible")
    return _of_ansible[environment].call(words=words)
