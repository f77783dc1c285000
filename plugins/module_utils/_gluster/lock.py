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

DIRECTORY = "/run/glusterops-shares"


@contextlib.contextmanager
def locked(name: str, directory: str = DIRECTORY, timeout: float = 300.0) -> t.Iterator[None]:
    """Keeps other runs on this machine from changing the thing of that name. Freed by the kernel with the process.

    The directory is root's own: in a shared one anybody could hold the lock.
    """
    os.makedirs(directory, mode=0o700, exist_ok=True)
    descriptor = os.open(os.path.join(directory, name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + timeout
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise TimedOut(
                        f"Another run has been changing {name!r} for {timeout:.0f} seconds; try again."
                    ) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)
