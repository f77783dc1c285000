# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the lab says, and how long it took to get there."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
import time
import typing as t

STARTED = time.monotonic()


class LabError(Exception):
    """One sentence: what is missing or went wrong, and what to do about it."""


class Inconsistent(Exception):
    """The lab cannot be repaired as it stands; it has to be made again. The text says why."""


def say(text: str) -> None:
    """One line for the person who waits, with the seconds since the command began."""
    print(f"[{time.monotonic() - STARTED:5.1f} s] {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def locked(path: str, what: str) -> t.Iterator[None]:
    """Hold a lock file. The kernel drops the lock with its holder, so a file left behind means nothing."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another command that works on {what}")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
