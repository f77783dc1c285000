# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import signal
import time

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._mounts import asking
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.asking import Answer, ask, run


def fail() -> None:
    raise FileNotFoundError(2, "No such file or directory")


def test_what_is_answered_in_time_is_told() -> None:
    began = time.monotonic()
    answers = ask({"one": lambda: 1, "none": lambda: None, "fails": fail, "hangs": lambda: time.sleep(60)}, 0.5)
    assert time.monotonic() - began < 20
    assert answers == {
        "one": Answer(1),
        "none": Answer(None),
        "fails": Answer(errno=2, failure="No such file or directory"),
        "hangs": Answer(failure=asking.SILENT),
    }
    assert answers["hangs"].silent and not answers["fails"].silent
    assert ask({}, 1) == {}


def test_nobody_waits_for_a_child_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    # One that can neither end nor be killed, as a file system owes it an answer.
    originals, kill, children = vars(os).copy(), os.kill, []
    monkeypatch.setattr(os, "_exit", lambda code: (time.sleep(30), originals["_exit"](code)))
    monkeypatch.setattr(os, "kill", lambda child, _signal: children.append(child))
    reading, writing = os.pipe()
    began = time.monotonic()
    assert ask({"hangs": lambda: time.sleep(60)}, 0.2)["hangs"].silent
    # Nor for what it had open.
    os.close(writing)
    assert os.read(reading, 1) == b""
    os.close(reading)
    assert time.monotonic() - began < 20
    kill(children[0], signal.SIGKILL)
    os.waitpid(children[0], 0)


def test_a_question_that_fails_otherwise_is_no_silence() -> None:
    answer = ask({"wrong": lambda: 1 / 0}, 5)["wrong"]
    assert answer.failure == "division by zero" and not answer.silent


def test_programs_end_or_are_left_behind() -> None:
    assert run(["sh", "-c", "echo out; echo err >&2; exit 3"], 10) == (3, "out\n", "err\n")
    began = time.monotonic()
    assert run(["sh", "-c", "echo begun; trap '' TERM; sleep 60"], 0.5) == (None, "begun\n", "")
    assert time.monotonic() - began < 30
    assert run(["/nothing/of/the/kind"], 1) == (127, "", "/nothing/of/the/kind: No such file or directory")
