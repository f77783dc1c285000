# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading
import typing as t
import xml.etree.ElementTree as ET

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._management import management, turning
from ansible_collections.glusterops.shares.plugins.module_utils._management.management import ManagementPath
from ansible_collections.glusterops.shares.plugins.module_utils._management.waiting import Waiter
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from recorded import VERSIONS, Alone, Recorded

# What glusterd and a glusterd with TLS say to a call in plain text: the beginning of a reply, and nothing or an alert.
REPLY = bytes.fromhex("80000188000000010000000100000000")
ALERT = bytes.fromhex("15030300020246")


@pytest.fixture
def machine(tmp_path: pathlib.Path) -> ManagementPath:
    """One where no glusterd runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "glusterd.vol").write_text("    option transport.socket.bind-address 127.0.0.1\n")
    for name in ("glusterd", "run"):
        (tmp_path / name).mkdir()
    return ManagementPath(
        str(tmp_path / "glusterd"), str(tmp_path / "run"), str(tmp_path / "glusterd.vol"), "/proc", port
    )


@pytest.fixture
def listen(machine: ManagementPath) -> t.Iterator[t.Callable[[bytes], None]]:
    """Something that answers so on the machine's port."""
    sockets: list[socket.socket] = []

    def start(answer: bytes) -> None:
        listener = socket.create_server(("127.0.0.1", machine.port))
        sockets.append(listener)

        def serve() -> None:
            while True:
                try:
                    connection, _address = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1024)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()

    yield start
    for listener in sockets:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.mark.parametrize("answer, serves", [(REPLY, "plain"), (ALERT, "tls"), (b"", "tls")])
def test_what_is_served(machine: ManagementPath, listen: t.Callable[[bytes], None], answer: bytes, serves: str) -> None:
    assert machine.serves() is None
    listen(answer)
    assert machine.serves() == serves


def test_where_glusterd_listens(machine: ManagementPath) -> None:
    assert machine.address() == "127.0.0.1"
    pathlib.Path(machine.configuration).write_text("    #option transport.socket.bind-address 10.0.0.1\n")
    assert machine.address() == "localhost"
    os.unlink(machine.configuration)
    assert machine.address() == "localhost"


def test_the_files(machine: ManagementPath) -> None:
    for work, name in ((turning.begin, "secure-access.begun"), (turn, "secure-access")):
        path = os.path.join(machine.glusterd, name)
        change = Change(path, "file", "absent", "present")
        assert work(machine, True) == [change] and not os.path.exists(path)
        assert work(machine, False) == [change] and os.path.exists(path)
        assert work(machine, False) == []
    assert machine.switch and machine.begun
    begun = os.path.join(machine.glusterd, "secure-access.begun")
    assert turning.end(machine, False) == [Change(begun, "file", "present", "absent")]
    assert turning.end(machine, False) == [] and not machine.begun
    assert turning.turn(machine, False, False)[0][0].after == "absent" and not machine.switch


def turn(machine: ManagementPath, check_mode: bool) -> list[Change]:
    return turning.turn(machine, True, check_mode)[0]


def test_a_host_that_never_had_glusterd(machine: ManagementPath) -> None:
    os.rmdir(machine.glusterd)
    assert turning.turn(machine, False, False) == ([], [])
    turning.turn(machine, True, False)
    assert machine.switch


def test_not_while_glusterd_runs(machine: ManagementPath, listen: t.Callable[[bytes], None]) -> None:
    listen(REPLY)
    with pytest.raises(Refused, match="glusterd runs on this server: stop it first"):
        turning.turn(machine, True, False)
    assert not machine.switch
    assert turning.turn(machine, True, True)[0], "a dry run has not stopped it"
    assert turning.turn(machine, False, False) == ([], [])


PROGRAM = """
import signal, socket, sys, time
if sys.argv[1] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
connection = socket.create_connection(("127.0.0.1", int(sys.argv[2]))) if int(sys.argv[2]) else None
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture
def running(machine: ManagementPath, tmp_path: pathlib.Path) -> t.Iterator[t.Callable[..., subprocess.Popen[str]]]:
    """Starts a process that looks like one of glusterd's, with its pid file."""
    started: list[subprocess.Popen[str]] = []

    def start(volfile: str, port: int = 0, name: str = "glusterfsd", manner: str = "") -> subprocess.Popen[str]:
        path = os.path.join(machine.runtime, "vols", volfile.replace("/", "-") + ".pid")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        words = [name, "-c", PROGRAM, manner, str(port), "--volfile-id", volfile, "-p", path]
        process = subprocess.Popen(words, executable=sys.executable, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout and process.stdout.readline() == "ready\n"
        # It is our child, so somebody has to take note of its end.
        threading.Thread(target=process.wait, daemon=True).start()
        pathlib.Path(path).write_text(f"{process.pid}\n")
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_bricks_and_daemons(
    machine: ManagementPath, listen: t.Callable[[bytes], None], running: t.Callable[..., subprocess.Popen[str]]
) -> None:
    with socket.create_server(("127.0.0.1", machine.port)):
        running("data.a.srv-data", machine.port)
        running("rebalance/data")
        running("other", name="python3")
        pathlib.Path(machine.runtime, "gone.pid").write_text("4194305")
        pathlib.Path(machine.runtime, "empty.pid").write_text("")
        found = [(process.volfile, process.connected) for process in machine.processes()]
        assert found == [("data.a.srv-data", True), ("rebalance/data", False)]
        assert machine.apart(0.0) == ["rebalance/data"]
    assert management.told(machine) == {
        "switch": False,
        "begun": False,
        "serves": None,
        "address": "127.0.0.1",
        "servers": [],
        "apart": ["data.a.srv-data", "rebalance/data"],
        "rebalances": ["data"],
    }


def test_what_glusterd_started_is_ended(
    machine: ManagementPath, running: t.Callable[..., subprocess.Popen[str]]
) -> None:
    mine, stubborn, other = running("shd/data"), running("stubborn", manner="stubborn"), running("x", name="python3")
    assert machine.end_processes(patience=0.5) == ["shd/data", "stubborn"]
    assert mine.wait() == -15 and stubborn.wait() == -9 and other.poll() is None
    assert machine.end_processes() == []


def test_what_waits_to_be_healed(tmp_path: pathlib.Path) -> None:
    sealed = answers.read_volumes(ET.fromstring(Recorded("10.3").text("volume-info-one.xml").encode()))["sealed"]
    mine, *others = sealed.bricks
    index = tmp_path / ".glusterfs" / "indices" / "xattrop"
    index.mkdir(parents=True)
    volume = sealed._replace(bricks=(mine._replace(path=str(tmp_path)), *others))
    (index / "xattrop-1d0b2c8a").touch()
    assert management.pending_heals([volume], mine.server_uuid) == {}
    for name in ("0a1b", "2c3d"):
        (index / name).touch()
    assert management.pending_heals([volume], mine.server_uuid) == {"sealed": 2}
    assert management.pending_heals([volume], others[0].server_uuid) == {}
    shutil.rmtree(index)
    assert management.pending_heals([volume], mine.server_uuid) == {}


# ---- waiting ----


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def waiter(machine: ManagementPath, run: t.Callable[..., tuple[int, str, str]], name: str = "server-a") -> Waiter:
    return Waiter(GlusterCli(run), machine, lambda _address: name, Clock())


@pytest.mark.parametrize("version", VERSIONS)
def test_the_other_servers(version: str, machine: ManagementPath, listen: t.Callable[[bytes], None]) -> None:
    listen(ALERT)
    run = Recorded(version, "pool-list-one-down.xml", "pool-list-one-down.xml", "pool-list.xml")
    looking = waiter(machine, run)
    assert looking.server(True, "server-a", 10.0) == [] and looking.clock.now == 2.0
    [wrong] = waiter(machine, Recorded(version, "pool-list-one-down.xml")).server(True, "server-a", 0.0)
    assert wrong == "server3 is not connected (Peer in Cluster)."


def test_the_other_identity(machine: ManagementPath, listen: t.Callable[[bytes], None]) -> None:
    listen(ALERT)
    [wrong] = waiter(machine, Recorded("10.3", "pool-list.xml"), "old").server(True, "server-a", 0.0)
    assert wrong == "glusterd answers as old, and the server is server-a: run the role tls."


def test_the_other_mode(machine: ManagementPath, listen: t.Callable[[bytes], None]) -> None:
    run = Recorded("10.3")
    assert waiter(machine, run).server(False, None, 0.0)[0].startswith("glusterd does not answer: see /var/log")
    listen(ALERT)
    [wrong] = waiter(machine, run).server(False, None, 0.0)
    assert wrong == "glusterd serves tls on port 24007 and not plain: run the role management_tls again."
    assert run.calls == []


def test_what_has_not_reached_glusterd(
    machine: ManagementPath, listen: t.Callable[[bytes], None], running: t.Callable[..., subprocess.Popen[str]]
) -> None:
    listen(REPLY)
    running("shd/data")
    [wrong] = waiter(machine, Recorded("10.3", "pool-list.xml")).server(False, None, 0.0)
    assert wrong == "shd/data has not reached glusterd: see its log in /var/log/glusterfs."


DAEMONS = ("volume-info-daemons.xml", "volume-status-daemons.xml", "volume-status-client-list-daemons.txt")
ALL = ("volume-info-all.xml", "volume-status-all.xml", "volume-status-client-list.txt")


@pytest.mark.parametrize("version", VERSIONS)
def test_bricks_and_daemons_of_a_cluster(version: str, machine: ManagementPath) -> None:
    wrong, forced = waiter(machine, Recorded(version, *DAEMONS)).cluster(0.0)
    assert "halved: no Self-heal Daemon on server3: see its log in /var/log/glusterfs." in wrong and forced == []
    assert "halved: no Quota Daemon on server3: see its log in /var/log/glusterfs." in wrong
    wrong, forced = waiter(machine, Alone(version, *ALL)).cluster(0.0)
    assert not [words for words in wrong if words.startswith("sealed: ")], wrong


def test_no_volume_is_started(machine: ManagementPath) -> None:
    """And first glusterd does not answer."""
    looking = waiter(machine, Recorded("10.3", "glusterd-down.txt", "volume-info-sealed-created.xml"))
    assert looking.cluster(5.0) == ([], []) and looking.clock.now == 1.0
    [wrong], _forced = waiter(machine, Recorded("10.3", "glusterd-down.txt")).cluster(0.0)
    assert "glusterd does not answer on this server" in wrong


def test_refused_daemons(machine: ManagementPath) -> None:
    recorded = Alone("10.3", *ALL)

    def run(argv: list[str], **options: t.Any) -> tuple[int, str, str]:
        rc, out, err = recorded(argv, **options)
        return rc, out.replace("glustershd                                                     3", "glustershd 2"), err

    wrong, forced = waiter(machine, run).cluster(0.0)
    assert forced == []
    assert any(words.startswith("sealed: 2 of 3 Self-heal Daemons have reached its bricks") for words in wrong), wrong


def test_what_glusterd_failed_to_start(machine: ManagementPath) -> None:
    """It is started by force every 15 seconds."""
    recorded = Recorded("10.3")
    calls: list[list[str]] = []

    def run(argv: list[str], **_options: t.Any) -> tuple[int, str, str]:
        calls.append(argv)
        told = [name for name in DAEMONS if ("info" in name, "list" in name) == ("info" in argv, "client-list" in argv)]
        return 0, recorded.text(told[0]), ""

    looking = waiter(machine, run)
    wrong, forced = looking.cluster(40.0)
    assert wrong and forced == ["halved"] and looking.clock.now == 40.0
    assert [argv[-4:] for argv in calls if "force" in argv] == [["volume", "start", "halved", "force"]] * 2


def test_what_does_not_end_is_told(machine: ManagementPath, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ManagementPath, "processes", lambda _self: [management.Process(4194305, "shd/data", True)])
    with pytest.raises(GlusterOpsError, match="shd/data did not end when killed"):
        machine.end_processes(patience=0.05)
