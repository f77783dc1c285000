# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""The directory under a mount point, where nothing may be written while nothing is mounted."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import Refused

# A local file below a mount point would be hidden, and what is written while nothing is mounted lands on the local
# disk. Mode 0 stops everybody but root, the immutable flag stops root too.
_GETFLAGS, _SETFLAGS, _IMMUTABLE = 0x80086601, 0x40086602, 0x10
_CLONE_NEWNS, _MS_REC, _MS_PRIVATE, _MNT_DETACH = 0x20000, 0x4000, 0x40000, 2

GUARDED = "guarded"


def look(path: str) -> str | None:
    """What the directory at C(path) is: None (there is none), GUARDED, V(empty) or V(in use)."""
    try:
        if os.listdir(path):
            return "in use"
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        return "in use"
    flags = _flags(path)
    closed = os.stat(path).st_mode & 0o7777 == 0
    return GUARDED if closed and (flags is None or flags & _IMMUTABLE) else "empty"


def guard(path: str) -> str:
    """Makes the directory if it is missing, and lets nobody write to it. Where a file system has no immutable
    flag, root still could."""
    os.makedirs(path, exist_ok=True)
    flags = _flags(path)
    if flags is not None and flags & _IMMUTABLE:
        _set_flags(path, flags & ~_IMMUTABLE)
    os.chmod(path, 0)
    if flags is not None:
        _set_flags(path, flags | _IMMUTABLE)
    return GUARDED


def release(path: str) -> None:
    """Takes the guard away, and the directory with it."""
    flags = _flags(path)
    if flags is not None and flags & _IMMUTABLE:
        _set_flags(path, flags & ~_IMMUTABLE)
    os.rmdir(path)


def _flags(path: str) -> int | None:
    """The inode flags, None where the file system has none."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return struct.unpack("i", fcntl.ioctl(descriptor, _GETFLAGS, struct.pack("i", 0)))[0]
    except OSError as exc:
        if exc.errno in (errno.ENOTTY, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
            return None
        raise
    finally:
        os.close(descriptor)


def _set_flags(path: str, flags: int) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.ioctl(descriptor, _SETFLAGS, struct.pack("i", flags))
    finally:
        os.close(descriptor)


def underneath(action: t.Callable[[str], str | None], path: str) -> str | None:
    """What C(action) says of the directory under the mounts at C(path), which stay mounted.

    It runs in a mount namespace of its own, where the mounts are taken off.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        answer = "!could not look under the mount"
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            point = os.fsencode(path)
            if libc.unshare(_CLONE_NEWNS) or libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            while libc.umount2(point, _MNT_DETACH) == 0:
                pass
            answer = action(path) or ""
        except BaseException as exc:  # pylint: disable=broad-except
            answer = f"!{exc}"
        finally:
            os.write(writing, answer.encode(errors="replace"))
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8", errors="replace") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    if answer.startswith("!"):
        raise Refused(f"The directory under the mount at {path} cannot be read: {answer[1:]}.")
    return answer or None
