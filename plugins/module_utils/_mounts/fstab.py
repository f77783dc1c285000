# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What is mounted when the machine begins."""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import Refused
from ansible_collections.glusterops.shares.plugins.module_utils._machines.mounted import unescaped

FSTAB = "/etc/fstab"


class Line(t.NamedTuple):
    """A line, as it stands there; and the source, path and type it means, without the escapes."""

    text: str
    source: str
    path: str
    kind: str


def read_line(text: str) -> Line | None:
    """None for a comment, an empty line, or one that is not for a path."""
    words = text.split()
    if len(words) < 3 or words[0].startswith("#") or not words[1].startswith("/"):
        return None
    source, path, kind = map(unescaped, words[:3])
    return Line(text.strip(), source, path, kind)


def read_lines(path: str) -> list[str]:
    """The file's lines, as they are; none if there is none."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as handle:
            return handle.read().splitlines(keepends=True)
    except FileNotFoundError:
        return []


def replace_lines(path: str, old: t.Container[str], new: str | None) -> None:
    """Takes lines out and puts one at the end, in one step."""
    lines = [line for line in read_lines(path) if line.strip() not in old]
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    write(path, [*lines, *([new + "\n"] if new else [])])


def write(path: str, lines: t.Iterable[str], mode: int | None = None) -> None:
    """The file with that content, in one step. mode: that of what is there, unless given; it keeps its owner and its
    label, too. Raises Refused."""
    # What a link points to, and not the link.
    path = os.path.realpath(path)
    temporary = f"{path}.{os.getpid()}"
    try:
        with open(temporary, "w", encoding="utf-8", errors="surrogateescape") as handle:
            handle.writelines(lines)
            handle.flush()
            os.fsync(handle.fileno())
            if os.path.exists(path):
                there = os.stat(path)
                os.fchown(handle.fileno(), there.st_uid, there.st_gid)
                with contextlib.suppress(OSError):
                    os.setxattr(handle.fileno(), "security.selinux", os.getxattr(path, "security.selinux"))
                mode = there.st_mode & 0o7777 if mode is None else mode
            os.fchmod(handle.fileno(), 0o644 if mode is None else mode)
        os.replace(temporary, path)
    except OSError as exc:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise Refused(f"{path} could not be written: {exc.strerror}.") from exc
