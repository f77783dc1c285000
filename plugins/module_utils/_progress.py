# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Lines that tell how far work on many things is, for the action plugin that shows them while the module runs."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import typing as t


class Progress:
    """A line for each thing that is done or fails: its name, what, seconds, how many are left.

    Lines go to a new file at C(path), which whoever may log in may read; without path nowhere. Telling never fails the
    work. May be used by several threads at once.
    """

    def __init__(self, path: str | None = None) -> None:
        self._left = 0
        self._lock = threading.Lock()
        self._file: t.TextIO | None = None
        if path:
            with contextlib.suppress(OSError):
                # Only a file of our own: the directory is everybody's.
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
                self._file = os.fdopen(handle, "w", encoding="utf-8", buffering=1)

    def expect(self, count: int) -> None:
        """So many more things are to be done."""
        with self._lock:
            self._left += count

    @contextlib.contextmanager
    def of(self, name: str, what: str) -> t.Iterator[None]:
        """Around the work on one thing; what is said when it succeeded (C(created))."""
        began = time.monotonic()
        outcome = what
        try:
            yield
        except Exception as exc:
            outcome = f"failed: {' '.join(str(exc).split())[:300]}"
            raise
        finally:
            with self._lock, contextlib.suppress(OSError, ValueError):
                self._left -= 1
                if self._file:
                    seconds = time.monotonic() - began
                    self._file.write(f"{name} {outcome} ({seconds:.1f} s, {self._left} left)\n")
