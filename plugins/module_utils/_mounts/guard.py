# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""The directory under a mount point, where nothing may be written while nothing is mounted."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import struct
import typing as t

# A local file below a mount point would be hidden, and what is written while nothing is mounted lands on the local
# disk. Mode 0 stops everybody but root, the immutable flag stops root too.
_GETFLAGS, _SETFLAGS, _IMMUTABLE = 0x80086601, 0x40086602, 0x10
_CLONE_NEWNS, _MS_REMOUNT, _MS_REC, _MS_PRIVATE, _MNT_DETACH = 0x20000, 0x20, 0x4000, 0x40000, 2

# Here, so that no thread of a child has to load it.
_libc = ctypes.CDLL(None, use_errno=True)

GUARDED, EMPTY, IN_USE, NO_DIRECTORY = "guarded", "empty", "in use", "no directory"
# The beginning of what is said of one that could not be looked at.
UNKNOWN = "unknown: "


def look(path: str) -> str | None:
    """What the directory at C(path) is: None (there is none), GUARDED, EMPTY, IN_USE, or NO_DIRECTORY."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        return NO_DIRECTORY
    try:
        if os.listdir(descriptor):
            return IN_USE
        flags = _flags(descriptor)
        closed = os.fstat(descriptor).st_mode & 0o7777 == 0
        return GUARDED if closed and (flags is None or flags & _IMMUTABLE) else EMPTY
    finally:
        os.close(descriptor)


def guard(path: str) -> str:
    """Makes the directory if it is missing, and lets nobody write to it. Where a file system has no immutable
    flag, root still could."""
    os.makedirs(path, exist_ok=True)
    with _directory(path) as (_above, descriptor):
        flags = _flags(descriptor)
        if flags is not None and flags & _IMMUTABLE:
            _set_flags(descriptor, flags & ~_IMMUTABLE)
        os.fchmod(descriptor, 0)
        if flags is not None:
            _set_flags(descriptor, flags | _IMMUTABLE)
    return GUARDED


def release(path: str) -> None:
    """Takes the guard away, and the directory with it."""
    with _directory(path) as (above, descriptor):
        flags = _flags(descriptor)
        immutable = flags if flags is not None and flags & _IMMUTABLE else None
        if immutable is not None:
            _set_flags(descriptor, immutable & ~_IMMUTABLE)
        try:
            os.rmdir(os.path.basename(path), dir_fd=above)
        except OSError:
            if immutable is not None:
                _set_flags(descriptor, immutable)
            raise


@contextlib.contextmanager
def _directory(path: str) -> t.Iterator[tuple[int, int]]:
    """Descriptors of the directory above and of the directory itself, which is never what is mounted on it: to change
    that would change the root of what is mounted."""
    above = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY)
    try:
        # So it is opened without asking what is mounted there.
        point = os.open(os.path.basename(path), os.O_PATH | os.O_NOFOLLOW, dir_fd=above)
        try:
            if _mount_of(point) != _mount_of(above):
                raise OSError(errno.EBUSY, "something is mounted on it")
            descriptor = os.open(f"/proc/self/fd/{point}", os.O_RDONLY | os.O_DIRECTORY)
        finally:
            os.close(point)
        try:
            yield above, descriptor
        finally:
            os.close(descriptor)
    finally:
        os.close(above)


def _mount_of(descriptor: int) -> str:
    """The number of the mount that it is in. A bind mount has its directory's device, but not this."""
    with open(f"/proc/self/fdinfo/{descriptor}", encoding="ascii") as handle:
        return next(line.split()[1] for line in handle if line.startswith("mnt_id:"))


def _flags(descriptor: int) -> int | None:
    """The inode flags, None where the file system has none."""
    try:
        return struct.unpack("i", fcntl.ioctl(descriptor, _GETFLAGS, struct.pack("i", 0)))[0]
    except OSError as exc:
        if exc.errno in (errno.ENOTTY, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
            return None
        raise


def _set_flags(descriptor: int, flags: int) -> None:
    fcntl.ioctl(descriptor, _SETFLAGS, struct.pack("i", flags))


def underneath(action: t.Callable[[str], str | None], path: str) -> str | None:
    """What C(action) says of the directory under the mounts at C(path), which stay mounted. For a thread or process
    that ends then: it gets a mount namespace of its own, where the mounts are taken off."""
    point = os.fsencode(path)
    if _libc.unshare(_CLONE_NEWNS) or _libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None):
        code = ctypes.get_errno()
        raise OSError(code, "the mount cannot be taken off in a namespace: " + os.strerror(code))
    while _libc.umount2(point, _MNT_DETACH) == 0:
        pass
    return action(path)


def remount(path: str, flags: int) -> None:
    """Gives the mount the kernel's flags, those and no others."""
    if _libc.mount(None, os.fsencode(path), None, _MS_REMOUNT | flags, None):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
