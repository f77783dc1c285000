# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in Heketi as a process of its own, with nodes that are not there: what is measured is Heketi's clients."""

from __future__ import annotations

import http.client
import importlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

from benchmarks.stage import COLLECTIONS, BenchError
from lab.state import ROOT

KEY = "key of the benchmark"
SERVERS = 3
DEVICES = ("/dev/sdb", "/dev/sdc")
# Where its database is, so that no disk is measured.
MEMORY = "/dev/shm"
# Heketi's own limit of changes at a time.
AT_ONCE = 8
VOLUME: dict[str, t.Any] = {"size": 1, "durability": {"type": "replicate", "replicate": {"replica": 3}}}


class Answer(t.NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Standin:
    """One with a cluster of three servers, each operation taking so many seconds; removed with all it made."""

    def __init__(self, delay: float) -> None:
        memory = MEMORY if os.path.isdir(MEMORY) else None
        self._scratch = tempfile.TemporaryDirectory(prefix="glusterops-bench-heketi-", dir=memory)
        self._folder = pathlib.Path(self._scratch.name)
        self._log = self._folder / "heketi.log"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self.parameters = {"heketi_url": self.url, "heketi_key": KEY}
        config = {
            "port": self._port,
            "jwt": {"admin": {"key": KEY}, "user": {"key": f"{KEY}'s user"}},
            "glusterfs": {"executor": "mock", "db": str(self._folder / "heketi.db"), "max_volumes_per_cluster": 5000},
            "standin": {"operation_delay": delay, "device_sizes": {"*": "100TiB"}},
        }
        (self._folder / "heketi.json").write_text(json.dumps(config), encoding="utf-8")

    def __enter__(self) -> Standin:
        words = [sys.executable, "-m", "heketi", "--config", str(self._folder / "heketi.json")]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("HEKETI_")}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                words, cwd=os.path.join(ROOT, "lab"), env=environment, stdout=log, stderr=log
            )
        try:
            self._wait()
            self._fill()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.wait()
        self._scratch.cleanup()

    def _wait(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                Bare(self).ask("GET", "/hello")
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise BenchError(f"the stand-in Heketi does not start:\n{self._log.read_text()[-1000:]}") from None
                time.sleep(0.05)

    def _fill(self) -> None:
        bare = Bare(self)
        cluster = json.loads(bare.ask("POST", "/clusters", {"file": True, "block": True}).body)["id"]
        for number in range(SERVERS):
            names = {"manage": [f"server{number}"], "storage": [f"192.0.2.{number + 1}"]}
            node = bare.operate("/nodes", {"zone": 1, "cluster": cluster, "hostnames": names})
            for device in DEVICES:
                bare.operate("/devices", {"node": node.rpartition("/")[2], "name": device})

    def requests(self) -> int:
        """How many requests it has answered so far."""
        lines = self._log.read_text(encoding="utf-8").splitlines()
        return sum(line.startswith(("GET ", "POST ", "DELETE ")) for line in lines)

    def operations(self) -> list[float]:
        """For each operation that has ended, how many seconds it was one of those that Heketi does at a time."""
        lines = self._log.read_text(encoding="utf-8").splitlines()
        return [float(line.split()[2]) / 1000 for line in lines if line.startswith("operation ")]

    def seconds(self) -> float:
        """How long it has kept a processor busy so far."""
        fields = pathlib.Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Bare:
    """A client that does no more than it must: one connection, and no more than a look at the status."""

    def __init__(self, standin: Standin) -> None:
        self._connection = http.client.HTTPConnection(standin.url.partition("//")[2], timeout=60)
        if COLLECTIONS not in sys.path:
            sys.path.append(COLLECTIONS)
        client = importlib.import_module("ansible_collections.glusterops.shares.plugins.module_utils._heketi.client")
        self._sign = client.sign

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        headers = {"Authorization": f"bearer {self._sign('admin', KEY, method, path, time.time())}"}
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = self._connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        if answer.status >= 400:
            raise BenchError(f"{method} {path}: {answer.status} {answer.body.decode()}")
        return answer

    def operate(self, path: str, body: object, expected: float = 0) -> str:
        """Where Heketi has what it made. expected: seconds after which it makes sense to ask."""
        queue = self.ask("POST", path, body).headers["Location"]
        time.sleep(expected)
        while True:
            answer = self.ask("GET", queue)
            if answer.headers.get("X-Pending") != "true":
                return answer.headers.get("Location") or ""
            time.sleep(0.002)

    def volumes(self) -> list[str]:
        return json.loads(self.ask("GET", "/volumes").body)["volumes"]

    def nodes(self) -> list[str]:
        (cluster,) = json.loads(self.ask("GET", "/clusters").body)["clusters"]
        return json.loads(self.ask("GET", f"/clusters/{cluster}").body)["nodes"]


def bare_loop(standin: Standin, work: t.Callable[[Bare, t.Any], object], things: t.Iterable[t.Any]) -> float:
    """The seconds that a bare client takes for all these things, eight at a time, each on a connection of its own."""
    mine = threading.local()

    def connect() -> None:
        mine.bare = Bare(standin)

    with ThreadPoolExecutor(AT_ONCE, initializer=connect) as pool:
        began = time.monotonic()
        for _result in pool.map(lambda thing: work(mine.bare, thing), things):
            pass
        return time.monotonic() - began


class ModuleRun(t.NamedTuple):
    """seconds: of the module's own work, without the start of Python and the imports; memory: the most it had, MiB."""

    seconds: float
    memory: float
    changed: bool


def run_module(name: str, collections: str = COLLECTIONS, **parameters: t.Any) -> ModuleRun:
    """Runs a module of these collections as Ansible does: a process, parameters on its stdin."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.one_module", name],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([ROOT, collections])},
        input=json.dumps({"ANSIBLE_MODULE_ARGS": parameters}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"{name} failed:\n{(done.stdout + done.stderr)[-2000:]}")
    took = json.loads(done.stderr.splitlines()[-1])
    return ModuleRun(took["seconds"], took["memory"], json.loads(done.stdout)["changed"])
