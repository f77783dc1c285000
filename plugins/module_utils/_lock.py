# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import TimedOut


@contextlib.contextmanager
def locked(path: str, timeout: float) -> t.Iterator[None]:
    """One run at a time on this machine, by means of the file C(path). The kernel frees it when the process ends.

    A directory that is missing is made for root alone: in a shared one anybody could hold the lock.
    """
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        deadline = time.monotonic() + timeout
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise TimedOut(f"Another run has held {path!r} for {timeout:.0f} seconds; try again.") from None
                time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)
