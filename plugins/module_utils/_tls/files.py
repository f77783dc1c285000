# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import contextlib
import os
import shutil
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError

# The word that ends the name of what is not finished yet. Under the lock there is only one writer,
# so the name is fixed, and what a killed run left is cleared by the next.
NEW = ".new"


@contextlib.contextmanager
def explained(what: str) -> t.Iterator[None]:
    """A file system's refusal as a sentence that says what was being done."""
    try:
        yield
    except OSError as exc:
        raise GlusterOpsError(f"Could not {what}: {exc.strerror or exc}: {exc.filename or ''!r}.") from exc


# A container engine leaves one of the marks, and an execution environment of Ansible has its work in the directory.
_CONTAINER, _RUNNER = ("/run/.containerenv", "/.dockerenv"), "/runner"


def is_thrown_away(path: str, marks: t.Sequence[str] = _CONTAINER, runner: str = _RUNNER, root: str = "/") -> bool:
    """Whether what is written there ends with the job: on the own file system of an execution environment."""
    if not (any(map(os.path.exists, marks)) and os.path.isdir(runner)):
        return False
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return os.stat(path).st_dev == os.stat(root).st_dev


def read(path: str) -> bytes | None:
    """The file's bytes, or None when there is no such file."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def fill(path: str, data: bytes, mode: int) -> None:
    """Makes a file that must not exist yet, never readable by more than C(mode), and on the disk before it returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def copy(source: str, path: str, mode: int) -> None:
    with open(source, "rb") as file:
        fill(path, file.read(), mode)


def settle(path: str, mode: int) -> None:
    """Gives a file that another program made its mode, and has it on the disk before it returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(source: str, target: str) -> None:
    """Moves into place, and makes the move durable."""
    os.replace(source, target)
    _sync(os.path.dirname(target))


def write(path: str, data: bytes, mode: int) -> None:
    """The whole file at once: readers see the old one or the new one."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path + NEW)
    fill(path + NEW, data, mode)
    replace(path + NEW, path)


def link(path: str, target: str) -> None:
    """A symbolic link, in one step also where something else was."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path + NEW)
    os.symlink(target, path + NEW)
    replace(path + NEW, path)


@contextlib.contextmanager
def directory(path: str, mode: int) -> t.Iterator[str]:
    """Gives a directory to fill, that becomes C(path) when the block ends well. C(path) is absent or empty."""
    unfinished = path + NEW
    shutil.rmtree(unfinished, ignore_errors=True)
    os.mkdir(unfinished, 0o700)
    try:
        yield unfinished
        os.chmod(unfinished, mode)
        _sync(unfinished)
        replace(unfinished, path)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
