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
import re
import signal
import socket
import struct
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers, survey
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.glusterd import GLUSTERD, peers_info
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.share import QUOTA
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Peer, Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli

PORT = 24007
TLS, PLAIN = "tls", "plain"
# Every process of Gluster looks at its start, and only then, whether this file is there.
SWITCH = "secure-access"
# Ours, on servers: a run has begun to turn the path and has not ended it, so a glusterd that is down is no surprise.
BEGUN = "secure-access.begun"
STATES = ("enabled", "disabled")

_RUNTIME = "/var/run/gluster"
_CONFIGURATION = "/etc/glusterfs/glusterd.vol"
_BOUND = re.compile(r"^\s*option\s+transport\.socket\.bind-address\s+(\S+)", re.MULTILINE)
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
class Machine:
    """Where this machine keeps what counts here, so that tests may put it elsewhere."""

    glusterd: str = GLUSTERD
    runtime: str = _RUNTIME
    configuration: str = _CONFIGURATION
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
        try:
            with open(self.configuration, encoding="utf-8", errors="replace") as handle:
                bound = _BOUND.search(handle.read())
        except OSError:
            return "localhost"
        return bound.group(1) if bound else "localhost"

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


def told(machine: Machine) -> dict[str, t.Any]:
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


# ---- turning ----


def begin(machine: Machine, check_mode: bool) -> list[Change]:
    return _file(machine, BEGUN, True, check_mode)


def turn(machine: Machine, enabled: bool, check_mode: bool) -> tuple[list[Change], list[str]]:
    """Puts the switch, or takes it away, once nothing that glusterd started runs here; the changes, and what was ended.

    Raises Refused while glusterd runs: a process keeps the mode in which it began.
    """
    if check_mode or machine.switch == enabled and machine.serves():
        return _file(machine, SWITCH, enabled, check_mode), []
    if machine.serves():
        raise Refused("glusterd runs on this server: stop it first, on all servers of the cluster.")
    ended = machine.end_processes()
    return _file(machine, SWITCH, enabled, check_mode), ended


def end(machine: Machine, check_mode: bool) -> list[Change]:
    return _file(machine, BEGUN, False, check_mode)


def _file(machine: Machine, name: str, wanted: bool, check_mode: bool) -> list[Change]:
    path = os.path.join(machine.glusterd, name)
    there = os.path.exists(path)
    if there == wanted:
        return []
    if not check_mode:
        os.makedirs(machine.glusterd, mode=0o755, exist_ok=True)
        if wanted:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o644))
        else:
            os.unlink(path)
        # A server that crashes now must not come up in another mode than the others.
        descriptor = os.open(machine.glusterd, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    words = ("absent", "present")
    return [Change(path, "file", words[there], words[wanted])]


# ---- waiting ----


@dataclasses.dataclass
class Waiter:
    """Waits until all is as it should be after glusterd was started. identity: the CN that the local one answers with,
    or raises GlusterOpsError."""

    cli: GlusterCli
    machine: Machine
    identity: t.Callable[[str], str]
    clock: t.Any = time

    def server(self, enabled: bool, common_name: str | None, timeout: float) -> list[str]:
        """What is wrong with the local glusterd, its peers and its processes after C(timeout) seconds at most."""
        return self._wait(lambda: self._server(enabled, common_name), timeout)

    def cluster(self, timeout: float) -> list[str]:
        """What is wrong with bricks and helper daemons of the cluster. Only to be asked once all peers are connected on
        all servers: a glusterd that is only learning what it has missed may hang for ever."""
        return self._wait(self._cluster, timeout)

    def _wait(self, look: t.Callable[[], list[str]], timeout: float) -> list[str]:
        began = self.clock.monotonic()
        while True:
            try:
                wrong = look()
            except GlusterOpsError as exc:
                # As long as servers come up gluster fails in many ways.
                wrong = [str(exc)]
            if not wrong or self.clock.monotonic() - began >= timeout:
                return wrong
            self.clock.sleep(_PAUSE)

    def _server(self, enabled: bool, common_name: str | None) -> list[str]:
        serves, wanted = self.machine.serves(), TLS if enabled else PLAIN
        if serves is None:
            return ["glusterd does not answer: see /var/log/glusterfs/glusterd.log."]
        if serves != wanted:
            return [f"glusterd serves {serves} on port {PORT} and not {wanted}: run the role management_tls again."]
        wrong = []
        if enabled:
            name = self.identity(self.machine.address())
            if name != common_name:
                wrong.append(f"glusterd answers as {name}, and the server is {common_name}: run the role tls.")
        wrong += [f"{lost(peer)}." for peer in answers.peers(self.cli) if lost(peer)]
        apart = self.machine.apart(0.0)
        if apart:
            wrong.append(f"{', '.join(apart)} has not reached glusterd: see its log in /var/log/glusterfs.")
        return wrong

    def _cluster(self) -> list[str]:
        started = [volume for volume in answers.volumes(self.cli).values() if volume.started]
        if not started:
            return []
        (processes, _tasks), clients = answers.status(self.cli), answers.clients(self.cli)
        wrong = []
        for volume in started:
            rows = processes.get(volume.name, [])
            online = {(row.server, row.path) for row in rows if row.online}
            down = [f"{b.server}:{b.path}" for b in volume.bricks if (b.server, b.path) not in online]
            if down:
                wrong.append(
                    f"{volume.name}: {', '.join(down)} does not run: gluster volume start {volume.name} force."
                )
            for kind, needed in ((survey.HEALERS, True), (survey.LIMITERS, volume.is_on(QUOTA))):
                daemons = survey.daemons(kind, rows, clients.get(volume.name, {}))
                if needed and daemons.offline:
                    where = ", ".join(daemons.offline)
                    wrong.append(f"{volume.name}: no {kind[0]} on {where}: gluster volume start {volume.name} force.")
                elif needed and daemons.connected < daemons.online:
                    wrong.append(
                        f"{volume.name}: {daemons.connected} of {daemons.online} {kind[0]}s have reached its bricks: is"
                        " every server's identity on its access list?"
                    )
        return wrong


def lost(peer: Peer) -> str:
    """What is wrong with a peer, empty if nothing."""
    if peer.connected and peer.state in ("", answers.MEMBER):
        return ""
    return f"{peer.hostname} is {'connected' if peer.connected else 'not connected'} ({peer.state or 'no state'})"
