# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What is mounted, in all the ways in which it is written: SERVER:volume, ::1:/volume.tcp, and so on."""

from __future__ import annotations

import re
import typing as t


class Source(t.NamedTuple):
    """servers: whom to ask for the volume's layout. below: the directory of the volume, if it is not all of it."""

    servers: tuple[str, ...]
    volume: str
    below: str = ""


def read_source(text: str) -> Source:
    """What is before the device in mountinfo, or the first word of a line of fstab."""
    servers, _colon, path = text.rpartition(":")
    volume, below = _divided(path)
    return Source(tuple(server_name(server) for server in servers.split(",")), volume, below)


def server_name(server: str) -> str:
    """A server's name or address as it is compared with others."""
    return server.strip("[]").rstrip(".").lower()


def volume_of(path: str) -> str:
    """The volume of what a client was told to fetch."""
    return _divided(path)[0]


def _divided(path: str) -> tuple[str, str]:
    parts = path.strip("/").split("/")
    # snaps/SNAPSHOT/VOLUME is one thing.
    count = 3 if parts[0] == "snaps" else 1
    # Where the transport was given, it is a part of the name: volume.tcp.
    volume = re.sub(r"\.(tcp|rdma)$", "", "/".join(parts[:count]))
    return volume, "/".join(parts[count:])
