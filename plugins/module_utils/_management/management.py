# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""The management path, which is port 24007 of every glusterd: whether this machine uses TLS on it, and turning that."""

from __future__ import annotations

import contextlib
import dataclasses
import glob
import os
import signal
import socket
import struct
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.glusterd import (
    CONFIGURATION,
    GLUSTERD,
    address,
    peers_info,
)

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume

PORT = 24007
TLS, PLAIN = "tls", "plain"
# Every process of Gluster looks at its start, and only then, whether this file is there.
SWITCH = "secure-access"
# Ours, on servers: a run has begun to turn the path and has not ended it, so a glusterd that is down is no surprise.
BEGUN = "secure-access.begun"
STATES = ("enabled", "disabled")

_RUNTIME = "/var/run/gluster"
# ONC RPC: a call of "dump" of the program with which Gluster asks what a server can.
_DUMP = struct.pack(">11I", 0x80000000 | 40, 1, 0, 2, 123451501, 1, 1, 0, 0, 0, 0)
_ESTABLISHED = "01"
_PAUSE = 1.0


@dataclasses.dataclass(frozen=True)
class Process:
    """A brick's process or a helper daemon that glusterd started here. volfile: Gluster's name for what it does.

    connected: whether it has a connection with a glusterd, as each that begun in glusterd's mode has.
    """

    pid: int
    volfile: str
    connected: bool


@dataclasses.dataclass(frozen=True)
class ManagementPath:
    """Where this machine keeps what counts here, so that tests may put it elsewhere."""

    glusterd: str = GLUSTERD
    runtime: str = _RUNTIME
    configuration: str = CONFIGURATION
    proc: str = "/proc"
    port: int = PORT

    @property
    def switch(self) -> bool:
        return os.path.exists(os.path.join(self.glusterd, SWITCH))

    @property
    def begun(self) -> bool:
        return os.path.exists(os.path.join(self.glusterd, BEGUN))

    def address(self) -> str:
        """Where the local glusterd listens."""
        return address(self.configuration)

    def serves(self) -> str | None:
        """TLS or PLAIN, as the local glusterd does; None if none answers. Needs no certificate."""
        try:
            connection = socket.create_connection((self.address(), self.port), timeout=5.0)
        except OSError:
            return None
        with connection:
            try:
                connection.sendall(_DUMP)
                return PLAIN if connection.recv(1) == b"\x80" else TLS
            except socket.timeout:
                return None
            except OSError:
                return TLS

    def processes(self) -> list[Process]:
        """What glusterd started here and still runs."""
        connections = self._connections()
        found: dict[int, Process] = {}
        for path in glob.glob(os.path.join(self.runtime, "**", "*.pid"), recursive=True):
            with contextlib.suppress(OSError, ValueError):
                with open(path, encoding="ascii") as handle:
                    pid = int(handle.read())
                with open(os.path.join(self.proc, str(pid), "cmdline"), "rb") as handle:
                    words = [os.fsdecode(word) for word in handle.read().split(b"\0")]
                # A pid may be another's by now.
                if os.path.basename(words[0]) not in ("glusterfs", "glusterfsd") or "-p" not in words:
                    continue
                volfile = words[words.index("--volfile-id") + 1]
                found[pid] = Process(pid, volfile, bool(self._sockets(pid) & connections))
        return sorted(found.values(), key=lambda process: process.volfile)

    def apart(self, patience: float = 10.0) -> list[str]:
        """What has no connection with glusterd, after so many seconds: it tries every few."""
        end = time.monotonic() + patience
        while True:
            found = [process.volfile for process in self.processes() if not process.connected]
            if not found or time.monotonic() > end:
                return found
            time.sleep(_PAUSE)

    def _connections(self) -> set[str]:
        """The sockets that are connected with a glusterd, as /proc names them."""
        found = set()
        for family in ("tcp", "tcp6"):
            with contextlib.suppress(OSError), open(os.path.join(self.proc, "net", family), encoding="ascii") as lines:
                for words in map(str.split, lines):
                    if words[3] == _ESTABLISHED and words[2].endswith(f":{self.port:04X}"):
                        found.add(f"socket:[{words[9]}]")
        return found

    def _sockets(self, pid: int) -> set[str]:
        directory = os.path.join(self.proc, str(pid), "fd")
        found = set()
        for name in os.listdir(directory):
            with contextlib.suppress(OSError):
                found.add(os.readlink(os.path.join(directory, name)))
        return found

    def end_processes(self, patience: float = 10.0) -> list[str]:
        """Ends what glusterd started here; what that was."""
        ended: set[str] = set()
        began = time.monotonic()
        asked: set[int] = set()
        while True:
            left = self.processes()
            if not left:
                return sorted(ended)
            waited = time.monotonic() - began
            if waited > 3 * patience:
                raise GlusterOpsError(f"{', '.join(process.volfile for process in left)} did not end when killed.")
            for process in left:
                ended.add(process.volfile)
                if process.pid not in asked or waited > patience:
                    asked.add(process.pid)
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process.pid, signal.SIGKILL if waited > patience else signal.SIGTERM)
            time.sleep(0.1)


def told(machine: ManagementPath) -> dict[str, t.Any]:
    """What the machine tells of its management path, but for the identity that is served."""
    serves = machine.serves()
    running = [process.volfile for process in machine.processes()]
    return {
        "switch": machine.switch,
        "begun": machine.begun,
        "serves": serves,
        "address": machine.address(),
        "servers": peers_info(machine.glusterd),
        # Without a glusterd nothing can be connected with it.
        "apart": machine.apart() if serves else running,
        "rebalances": sorted(name[len("rebalance/") :] for name in running if name.startswith("rebalance/")),
    }


def pending_heals(volumes: t.Iterable[Volume], server_uuid: str | None) -> dict[str, int]:
    """By volume, how many files wait to be healed by what its bricks on this server note; only those with some."""
    found: dict[str, int] = {}
    for volume in volumes:
        for brick in volume.bricks:
            if brick.server_uuid != server_uuid:
                continue
            with contextlib.suppress(OSError):
                noted = os.listdir(os.path.join(brick.path, ".glusterfs", "indices", "xattrop"))
                waiting = sum(not name.startswith("xattrop-") for name in noted)
                if waiting:
                    found[volume.name] = found.get(volume.name, 0) + waiting
    return found


# ---- waiting ----
