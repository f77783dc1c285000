# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Questions that may never be answered.

What asks a file system whose server is silent can neither be ended nor waited for, not even by timeout(1). So a child
asks, and is left behind if need be.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import tempfile
import threading
import time
import typing as t

# What stands for an answer that did not come in time.
SILENT = "silent"
# Seconds that a mount has, unless somebody says otherwise: more than the 42 after which Gluster gives up a brick.
PATIENCE = 60.0
_PAUSE = 0.02


class Answer(t.NamedTuple):
    """What was answered, of JSON's kinds; or why it failed: an errno and what that means, or SILENT."""

    value: t.Any = None
    errno: int = 0
    failure: str = ""

    @property
    def silent(self) -> bool:
        return self.failure == SILENT


def ask(questions: t.Mapping[str, t.Callable[[], t.Any]], patience: float) -> dict[str, Answer]:
    """Asks them all at once, for C(patience) seconds at most. The questions share nothing with the caller: they are
    asked by threads of a child."""
    if not questions:
        return {}
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(questions, writing, patience)
    os.close(writing)
    try:
        found = _read(reading, len(questions), time.monotonic() + patience)
    finally:
        os.close(reading)
        _end(child)
    return {name: found.get(name, Answer(failure=SILENT)) for name in questions}


def _answer(questions: t.Mapping[str, t.Callable[[], t.Any]], writing: int, patience: float) -> t.NoReturn:
    """The child. It lets go of whatever the caller has open, or who waits for the end of that would wait for it."""
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        os.dup2(writing, 3)
        for descriptor in [int(name) for name in os.listdir("/proc/self/fd")]:
            if descriptor > 3:
                with contextlib.suppress(OSError):
                    os.close(descriptor)

        def one(name: str) -> None:
            try:
                answer = Answer(questions[name]())
            except OSError as exc:
                answer = Answer(errno=exc.errno or 0, failure=exc.strerror or str(exc))
            except Exception as exc:  # pylint: disable=broad-except
                answer = Answer(failure=str(exc) or type(exc).__name__)
            # Less than the pipe takes at once, so that lines do not mix.
            os.write(3, json.dumps([name, *answer]).encode() + b"\n")

        threads = [threading.Thread(target=one, args=(name,), daemon=True) for name in questions]
        for thread in threads:
            thread.start()
        end = time.monotonic() + patience
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
    finally:
        os._exit(0)


def _read(reading: int, count: int, end: float) -> dict[str, Answer]:
    said = b""
    while said.count(b"\n") < count:
        ready, _write, _error = select.select([reading], [], [], max(0.0, end - time.monotonic()))
        piece = os.read(reading, 65536) if ready else b""
        if not piece:
            break
        said += piece
    lines = said[: said.rfind(b"\n") + 1].splitlines()
    return {name: Answer(*answer) for name, *answer in map(json.loads, lines)}


def _end(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    # One that hangs ends when its question is answered.
    for _try in range(50):
        if os.waitpid(child, os.WNOHANG)[0]:
            return
        time.sleep(0.002)


def run(argv: t.Sequence[str], patience: float) -> tuple[int | None, str, str]:
    """Exit code (None if it did not end in time, and was left behind), stdout and stderr of a program."""
    # Files, as whoever it leaves behind would keep pipes open.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, "LC_ALL": "C"},
                start_new_session=True,
            )
        except OSError as exc:
            return 127, "", f"{argv[0]}: {exc.strerror}"
        end = time.monotonic() + patience
        while process.poll() is None and time.monotonic() < end:
            time.sleep(_PAUSE)
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            return None, _text(out), _text(err)
        return process.returncode, _text(out), _text(err)


def _text(handle: t.IO[bytes]) -> str:
    handle.seek(0)
    return handle.read().decode(errors="replace")
