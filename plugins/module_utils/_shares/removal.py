# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Removes all that is below a directory, with many hands, and tells what did not go."""

from __future__ import annotations

import dataclasses
import errno
import os
import threading
import time
import typing as t
import uuid
from concurrent.futures import ThreadPoolExecutor, wait

# Removing waits for the bricks' answers, and the kernel lets one at a time remove from a directory: measured with
# benchmarks/wipe.py.
THREADS = 8
# Seconds between two lines about how far it is.
_EVERY = 5.0
# Directories in one directory that are known at a time.
_BATCH = 512
# How deep below the root work is done, in bytes of the path, where no name counts less than _SHORT. What is deeper is
# moved up first: Gluster's client fails beyond 4096, and each level takes a descriptor.
_DEEPEST, _SHORT = 2000, 80
# Listings in a row that show again what was removed, and things that cannot be removed, until it is given up.
_TRIES = 3
_FAILURES = 20
# Names and characters of a path in a message.
FEW = 5
_SAID = 100
OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CHANGED = (errno.ENOENT, errno.ESTALE, errno.ENOTDIR, errno.EISDIR)


def shown(path: str) -> str:
    """The path as it may be printed, of a long one its beginning and end."""
    path = path or "/"
    return repr(path if len(path) <= 2 * _SAID else f"{path[:_SAID]}[...]{path[-_SAID:]}")


@dataclasses.dataclass(eq=False)
class _Directory:
    """A directory that is being emptied. above: None for the root; descriptor: -1 until it is opened.

    waiting: so many directories in it have to be emptied first. entries: how many the last listing showed, to the
    directory's end if whole. seen: the names it showed first; futile: so many listings in a row showed some of those
    again. stuck: something in it cannot be removed.
    """

    name: str = ""
    above: _Directory | None = None
    descriptor: int = -1
    waiting: int = 0
    entries: int = 0
    whole: bool = False
    seen: t.AbstractSet[str] = frozenset()
    futile: int = 0
    stuck: bool = False

    def __post_init__(self) -> None:
        self.depth: int = self.above.depth + max(_SHORT, len(os.fsencode(self.name)) + 1) if self.above else 0

    @property
    def path(self) -> str:
        return f"{self.above.path}{self.name}/" if self.above else ""


class Removal:
    """Threads that empty directories: files at once, directories last found first, and each once it is empty.

    They follow no symbolic link, enter no other file system, and believe that something is gone when it is not listed.
    """

    def __init__(self, root: int) -> None:
        self.files = 0
        self.directories = 0
        self.failures: list[str] = []
        self._device = os.fstat(root).st_dev
        self._root = _Directory(descriptor=os.dup(root))
        self._found = [self._root]
        self._changed = threading.Condition()
        self._ended = False

    def __str__(self) -> str:
        directories = f" and {self.directories:,} directories" if self.directories else ""
        return f"{self.files:,} files{directories}"

    @property
    def total(self) -> int:
        return self.files + self.directories

    def run(self, say: t.Callable[[str], None]) -> None:
        """Removes what can be removed; and says every few seconds how far it is, also while nothing moves."""
        with ThreadPoolExecutor(THREADS) as pool:
            running = [pool.submit(self._work) for _thread in range(THREADS)]
            try:
                before, then = 0, time.monotonic()
                while wait(running, timeout=_EVERY).not_done:
                    total, now = self.total, time.monotonic()
                    say(f"{self} removed ({(total - before) / (now - then):,.0f}/s)")
                    before, then = total, now
            finally:
                self._end()
        os.close(self._root.descriptor)
        for thread in running:
            thread.result()

    def _end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _work(self) -> None:
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._found or self._ended)
                    if self._ended:
                        return
                    directory: _Directory | None = self._found.pop()
                while directory and self._emptied(directory):
                    if directory is self._root:
                        return
                    directory = self._leave(directory)
        finally:
            # The root is done with, or this thread is broken.
            self._end()

    def _emptied(self, directory: _Directory) -> bool:
        """Empties it as far as can be now, and removes it. False if directories in it have to be emptied first."""
        try:
            while not self._done(directory):
                if self._list(directory):
                    return False
        except OSError as exc:
            self._failed(directory, directory.path, exc)
        return True

    def _done(self, directory: _Directory) -> bool:
        if directory.stuck or len(self.failures) >= _FAILURES:
            return True
        if not directory.whole:
            return False
        if directory.above is None:
            return not directory.entries
        try:
            os.rmdir(directory.name, dir_fd=directory.above.descriptor)
        except OSError as exc:
            if exc.errno in (errno.ENOTEMPTY, errno.EEXIST):
                return False
            self._failed(directory, directory.path, exc)
            return True
        with self._changed:
            self.directories += 1
        return True

    def _list(self, directory: _Directory) -> bool:
        """Removes the files in it. Whether it has directories, which have to be emptied first."""
        self._open(directory)
        directory.entries, directory.whole = 0, True
        inner: list[str] = []
        seen: set[str] = set()
        with os.scandir(directory.descriptor) as entries:
            for entry in entries:
                directory.entries += 1
                if len(seen) < _BATCH:
                    seen.add(entry.name)
                if entry.is_dir(follow_symlinks=False):
                    inner.append(entry.name)
                else:
                    self._unlink(directory, entry.name)
                if len(inner) >= _BATCH or len(self.failures) >= _FAILURES:
                    directory.whole = False
                    break
        again = seen & directory.seen
        directory.seen = seen
        directory.futile = directory.futile + 1 if again else 0
        if directory.futile >= _TRIES:
            self._stick(directory, directory.path + min(again), "is listed still, after it was removed")
            return False
        if directory.depth >= _DEEPEST:
            self._lift(directory, inner)
            return False
        with self._changed:
            directory.waiting = len(inner)
            self._found += [_Directory(name, directory) for name in inner]
            self._changed.notify(len(inner))
        return bool(inner)

    def _open(self, directory: _Directory) -> None:
        """Opens it, anew if it is open, so that its listing is read from the beginning."""
        old, above = directory.descriptor, directory.above
        if above and old < 0:
            directory.descriptor = os.open(directory.name, OPEN, dir_fd=above.descriptor)
        else:
            directory.descriptor = os.open(".", OPEN, dir_fd=old)
            os.close(old)
        if os.fstat(directory.descriptor).st_dev != self._device:
            raise OSError(errno.EXDEV, "another file system is mounted there")

    def _unlink(self, directory: _Directory, name: str) -> None:
        try:
            os.unlink(name, dir_fd=directory.descriptor)
        except OSError as exc:
            self._failed(directory, directory.path + name, exc)
            return
        with self._changed:
            self.files += 1

    def _lift(self, directory: _Directory, names: t.Iterable[str]) -> None:
        """Moves directories in it up to the root, where the next listing finds them."""
        for name in names:
            try:
                os.rename(
                    name,
                    f".wipe-{uuid.uuid4().hex}",
                    src_dir_fd=directory.descriptor,
                    dst_dir_fd=self._root.descriptor,
                )
            except OSError as exc:
                self._failed(directory, directory.path + name, exc)

    def _failed(self, directory: _Directory, path: str, exc: OSError) -> None:
        """What is gone meanwhile, or something else, shows in the next listing."""
        if exc.errno not in _CHANGED:
            self._stick(directory, path, str(exc.strerror))

    def _stick(self, directory: _Directory, path: str, why: str) -> None:
        directory.stuck = True
        with self._changed:
            self.failures.append(f"{shown(path)}: {why}.")

    def _leave(self, directory: _Directory) -> _Directory | None:
        """The directory above it, if that waited for this one last."""
        if directory.descriptor >= 0:
            os.close(directory.descriptor)
        above = t.cast(_Directory, directory.above)
        with self._changed:
            above.stuck |= directory.stuck
            above.waiting -= 1
            return None if above.waiting else above
