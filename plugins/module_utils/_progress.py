# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Lines that tell how far work on many things is, for the action plugin that shows them while the module runs."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError

# Characters of an error's message in a line.
_SAID = 300


# The ids of Heketi's things, which differ where nothing else does.
_ID = re.compile("[0-9a-f]{32}")


def reason(message: str, name: str) -> str:
    """What an error says first, without what it says of this one thing only: the same for all that failed alike."""
    return _ID.sub("…", re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", "…", " ".join(message.split())))[:_SAID]


class Progress:
    """A line for each thing that is done or fails: its name, what, seconds, how many are left; and lines in between.

    Lines go to a new file at C(path), made with the first of them, which whoever may log in may read; without path
    nowhere. Telling never fails the work. May be used by several threads at once.
    """

    def __init__(self, path: str | None = None) -> None:
        self._path = path
        self._left = 0
        # By reason, who failed first for it.
        self._failed: dict[str, str] = {}
        self._made = False
        self._lock = threading.Lock()

    def expect(self, count: int) -> None:
        """So many more things are to be done."""
        with self._lock:
            self._left += count

    @contextlib.contextmanager
    def of(self, name: str, what: str) -> t.Iterator[None]:
        """Around the work on one thing; what is said when it succeeded, for example C(created)."""
        began = time.monotonic()
        outcome = what
        try:
            yield
        # Whatever it is: what did not come to its end was not done. Only the text of our own has no secrets for sure.
        except BaseException as exc:
            why = str(exc) if isinstance(exc, GlusterOpsError) else type(exc).__name__
            outcome = f"failed: {self._why(name, why)}"
            raise
        finally:
            with self._lock:
                self._left -= 1
                self._write(f"{name} {outcome} ({time.monotonic() - began:.1f} s, {self._left} left)")

    def _why(self, name: str, message: str) -> str:
        """Each reason is told once."""
        why = reason(message, name)
        with self._lock:
            first = self._failed.setdefault(why, name)
        return " ".join(message.split())[:_SAID] if first == name else f"like {first}"

    def say(self, line: str) -> None:
        """A line about how far the work on one thing is."""
        with self._lock:
            self._write(line)

    def _write(self, line: str) -> None:
        if not self._path:
            return
        # The directory is everybody's, so the first line makes the file, and none goes to a file of somebody else.
        how = os.O_APPEND if self._made else os.O_CREAT | os.O_EXCL
        with contextlib.suppress(OSError):
            handle = os.open(self._path, os.O_WRONLY | os.O_NOFOLLOW | how, 0o644)
            self._made = True
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(line + "\n")
