# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Whether Gluster ever used a brick, and what a C(volume create) leaves that was refused on another server: Gluster
undoes nothing here then, and would say of this brick ever after that it is part of a volume."""

from __future__ import annotations

import errno
import os
import typing as t

VOLUME_ID = "trusted.glusterfs.volume-id"
# A brick that ever ran has one.
_GFID = "trusted.gfid"
_GLUSTERS = ".glusterfs"


class Use(t.NamedTuple):
    """used: whether it ever ran as a brick, or anything is in it. claimed: whether it has a volume's id."""

    used: bool
    claimed: bool


def look(path: str) -> Use:
    """How the brick's directory is used. Raises OSError."""
    try:
        attributes = os.listxattr(path)
    except OSError as exc:
        if exc.errno != errno.ENOTSUP:
            raise
        attributes = []
    claimed = VOLUME_ID in attributes
    holds = set(os.listdir(path)) - ({_GLUSTERS} if claimed else set())
    ran = bool(holds) or _GFID in attributes
    return Use(ran or _has_any(os.path.join(path, _GLUSTERS)), claimed)


def _has_any(directory: str) -> bool:
    """Whether anything but empty directories is there. A link is something, be it to a directory."""
    return os.path.islink(directory) or any(
        files or any(os.path.islink(os.path.join(place, name)) for name in directories)
        for place, directories, files in os.walk(directory)
    )


def release(path: str) -> None:
    """Takes off what a refused creation left. Raises OSError, also where more than that is there by now."""
    below = os.path.join(path, _GLUSTERS)
    if os.path.islink(below):
        raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), below)
    for directory, _directories, _files in os.walk(below, topdown=False):
        os.rmdir(directory)
    os.removexattr(path, VOLUME_ID)
