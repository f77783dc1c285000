# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program that has imported what takes its time, and forks another process for each call.

    python3 resident.py modules   on a machine of the lab, or here: calls are a module's name and its arguments
    python3 resident.py ansible   here: calls are the words of a command line of Ansible

Calls come as lines of JSON and go to processes of their own at once, many at the same time. Each answers with a line:
the call's number, the exit code, and what was said. The program ends with its input, and takes what still runs with it.
Python 3.8 and the standard library, for the machines.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import functools
import importlib
import json
import os
import pkgutil
import runpy
import signal
import sys
import tempfile
import traceback
import typing as t

COLLECTION = "ansible_collections.glusterops.shares.plugins"
PROGRAMS = {"ansible": "adhoc.AdHocCLI", "ansible-playbook": "playbook.PlaybookCLI"}


def import_modules() -> None:
    """What modules import. The modules themselves are run as Ansible does it, and so not imported."""
    importlib.import_module("ansible.module_utils.basic")
    package = importlib.import_module(f"{COLLECTION}.module_utils")
    for found in pkgutil.walk_packages(package.__path__, f"{COLLECTION}.module_utils."):
        importlib.import_module(found.name)


def run_module(call: dict[str, t.Any]) -> None:
    """As Ansible's own wrapper does on the machine."""
    given = json.dumps({"ANSIBLE_MODULE_ARGS": call["arguments"]}).encode()
    vars(sys.modules["ansible.module_utils.basic"]).update(_ANSIBLE_ARGS=given, _ANSIBLE_PROFILE="legacy")
    runpy.run_module(f"{COLLECTION}.modules.{call['module']}", run_name="__main__", alter_sys=True)


def import_ansible() -> None:
    for program in PROGRAMS.values():
        importlib.import_module(f"ansible.cli.{program.partition('.')[0]}")
    for name in (
        "executor.task_queue_manager",
        "plugins.strategy.linear",
        "plugins.connection.ssh",
        "plugins.connection.local",
        "plugins.shell.sh",
        "plugins.inventory.yaml",
        "plugins.action.normal",
        "plugins.callback.default",
        "plugins.callback.minimal",
    ):
        importlib.import_module(f"ansible.{name}")


def run_ansible(call: dict[str, t.Any]) -> None:
    module, _dot, name = PROGRAMS[call["words"][0]].partition(".")
    sys.argv = call["words"]
    getattr(sys.modules[f"ansible.cli.{module}"], name).cli_executor(call["words"])


WORK: dict[str, tuple[t.Callable[[], None], t.Callable[[dict[str, t.Any]], None]]] = {
    "modules": (import_modules, run_module),
    "ansible": (import_ansible, run_ansible),
}


def forked(work: t.Callable[[], None]) -> int:
    """A process that does that, and ends as a program of its own would."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    atexit._clear()
    try:
        work()
        code = 0
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def answer(work: t.Callable[[dict[str, t.Any]], None], call: dict[str, t.Any], lock: t.IO[str]) -> None:
    """Runs the call in a process and tells what came of it, however that ended."""
    os.setpgid(0, 0)
    answers = os.dup(1)
    # Files, since what a call leaves running would hold a pipe open.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, open(os.devnull) as nothing:
        for number, file in enumerate((nothing, out, err)):
            os.dup2(file.fileno(), number)
        _pid, status = os.waitpid(forked(lambda: work(call)), 0)
        said = {}
        for name, file in (("out", out), ("err", err)):
            file.seek(0)
            said[name] = file.read().decode(errors="replace")
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
    line = memoryview((json.dumps({"id": call["id"], "rc": code, **said}) + "\n").encode())
    fcntl.lockf(lock, fcntl.LOCK_EX)
    while line:
        line = line[os.write(answers, line) :]


def ended(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG)[0] == pid


def serve(prepare: t.Callable[[], None], work: t.Callable[[dict[str, t.Any]], None]) -> None:
    prepare()
    running: list[int] = []
    try:
        with tempfile.TemporaryFile("w") as lock:
            for line in sys.stdin:
                running = [pid for pid in running if not ended(pid)]
                call = json.loads(line)
                running.append(forked(functools.partial(answer, work, call, lock)))
    finally:
        for pid in running:
            if not ended(pid):
                os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    serve(*WORK[sys.argv[1]])
