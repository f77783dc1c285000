# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""The client processes behind mounts, and what they were told when they began."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import sys
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._mounts.source import volume_of
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.tenant_mount import TENANTS

# Of --xlator-option, in the same word or, as mount.glusterfs does it, in the next.
_OWN_CERTIFICATE = "*-client-*.transport.socket.ssl-own-cert="
_STOPPED = "Tt"


class Client(t.NamedTuple):
    """A client. path: where it has mounted its volume, as it was told. began: in clock ticks since the machine did."""

    pid: int
    path: str
    volume: str
    words: tuple[str, ...]
    began: int
    stopped: bool = False

    @property
    def identity(self) -> str | None:
        """Whose certificate it shows, None for the machine's own."""
        for word in self.words:
            option, certificate, path = word.partition(_OWN_CERTIFICATE)
            if certificate and option in ("", "--xlator-option="):
                found = re.fullmatch(re.escape(TENANTS) + r"/([^/]+)/current/glusterfs\.pem", path)
                return found[1] if found else path
        return None


def clients(proc: str = "/proc") -> list[Client]:
    """All of them, the latest first: one that was unmounted while somebody had files open lives on."""
    found = filter(None, (_client(proc, name) for name in os.listdir(proc) if name.isdigit()))
    return sorted(found, key=lambda one: -one.began)


def behind(everybody: t.Iterable[Client], path: str, volume: str, mounted: t.Container[str]) -> Client | None:
    """The client that has mounted the volume there. It may have been told the path in another way than the kernel tells
    it, so one that belongs to no mount may be the one. mounted: where anything is mounted."""
    of_volume = [one for one in everybody if one.volume == volume]
    here = [one for one in of_volume if one.path == path]
    return next(iter([*here, *(one for one in of_volume if one.path not in mounted)]), None)


def peers(pid: int, proc: str = "/proc") -> set[str]:
    """The addresses to which the process has connections."""
    sockets = set()
    folder = os.path.join(proc, str(pid), "fd")
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        with contextlib.suppress(OSError):
            sockets.add(os.readlink(os.path.join(folder, name)))
    found = set()
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        with contextlib.suppress(OSError), open(os.path.join(proc, str(pid), "net", table), encoding="ascii") as handle:
            for words in map(str.split, list(handle)[1:]):
                if f"socket:[{words[9]}]" in sockets:
                    address = bytes.fromhex(words[2].partition(":")[0])
                    # The kernel writes each four bytes in its own order.
                    parts = [address[at : at + 4] for at in range(0, len(address), 4)]
                    ordered = b"".join(part[::-1] if sys.byteorder == "little" else part for part in parts)
                    found.add(socket.inet_ntop(family, ordered))
    return found


def _client(proc: str, name: str) -> Client | None:
    words = _words(proc, name)
    volumes = [volume_of(word.partition("=")[2]) for word in words if word.startswith("--volfile-id=")]
    if len(words) < 3 or os.path.basename(words[0]) != "glusterfs" or not volumes:
        return None
    state, began = _state(proc, name)
    return Client(int(name), os.path.normpath(words[-1]), volumes[-1], tuple(words[1:-1]), began, state in _STOPPED)


def _words(proc: str, pid: str) -> list[str]:
    try:
        with open(os.path.join(proc, pid, "cmdline"), "rb") as handle:
            return [os.fsdecode(word) for word in handle.read().rstrip(b"\0").split(b"\0")]
    except OSError:
        return []


def _state(proc: str, pid: str) -> tuple[str, int]:
    """The process's state, and when it began."""
    try:
        with open(os.path.join(proc, pid, "stat"), encoding="utf-8", errors="replace") as handle:
            fields = handle.read().rpartition(")")[2].split()
            return fields[0], int(fields[19])
    except (OSError, IndexError, ValueError):
        return "?", -1
