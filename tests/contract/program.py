# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in as a process of its own."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import shutil
import socket
import sys
import time
import typing as t
from pathlib import Path

from replay import KEYS, LAB, Answer, poll, send, token

R3 = {"type": "replicate", "replicate": {"replica": 3}}

# Forks of a process that has loaded the stand-in: to start one takes no time, and kill -9 is the real one.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["heketi.__main__"])


def serve(config: Path, log: Path, alone: Path | None = None) -> multiprocessing.process.BaseProcess:
    """Starts the stand-in; alone is a folder with a copy of it, to be run there as in a container."""
    # What is loaded beforehand is not found by sys.path.
    os.environ["PYTHONPATH"] = os.pathsep.join([str(LAB), *filter(None, [os.environ.get("PYTHONPATH")])])
    process = _FORKS.Process(target=_main, args=(str(config), str(log), alone and str(alone)), daemon=True)
    process.start()
    return process


def _main(config: str, log: str, alone: str | None) -> None:
    with open(log, "ab") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    for name in [name for name in os.environ if name.startswith("HEKETI_")]:
        del os.environ[name]
    if alone:
        os.chdir(alone)
        os.environ["PYTHONPATH"] = ""
        os.execv(sys.executable, [sys.executable, "-m", "heketi", "--config", config])
    from heketi.__main__ import main

    sys.argv = ["heketi", "--config", config]
    sys.exit(main())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class Program:
    """The stand-in in a folder, where a second one finds what the first has left."""

    def __init__(
        self,
        home: Path,
        gluster: dict[str, t.Any] | None = None,
        tls: tuple[str, str] | None = None,
        alone: bool = False,
        **standin: t.Any,
    ) -> None:
        self.port = free_port()
        config = {
            "port": str(self.port),
            "jwt": {name: {"key": key.decode()} for name, key in KEYS.items()},
            "glusterfs": {"executor": "mock", "db": str(home / "heketi.json"), **(gluster or {})},
            "standin": standin,
        }
        if tls:
            config.update(enable_tls=True, cert_file=tls[0], key_file=tls[1])
        (home / "config.json").write_text(json.dumps(config))
        if alone and not (home / "heketi").exists():
            shutil.copytree(LAB / "heketi", home / "heketi", ignore=shutil.ignore_patterns("__pycache__"))
        self.log = home / "log"
        self.process = serve(home / "config.json", self.log, home if alone else None)
        end = time.monotonic() + 10
        while True:
            try:
                assert self.ask("GET", "/hello").status == (400 if tls else 200)
                break
            except OSError:
                assert time.monotonic() < end, self.log.read_text()
                time.sleep(0.01)

    def ask(self, method: str, path: str, body: t.Any = None) -> Answer:
        headers = [("Authorization", f"bearer {token(method, path, int(time.time()))}")]
        return send(self.port, method, path, headers, None if body is None else json.dumps(body))

    def get(self, path: str) -> t.Any:
        answer = self.ask("GET", path)
        assert answer.status == 200, answer
        return json.loads(answer.body)

    def finish(self, answer: Answer) -> Answer:
        assert answer.status == 202, answer
        queue = answer.headers["Location"]
        return poll(self.port, "GET", queue, [("Authorization", f"bearer {token('GET', queue, int(time.time()))}")])

    def add_cluster(self, nodes: int = 3) -> None:
        cluster = json.loads(self.ask("POST", "/clusters", {"file": True, "block": True}).body)["id"]
        for number in range(nodes):
            hostnames = {"manage": [f"n{number}"], "storage": [f"s{number}"]}
            body = {"zone": 1, "cluster": cluster, "hostnames": hostnames}
            node = self.finish(self.ask("POST", "/nodes", body)).headers["Location"].rpartition("/")[2]
            assert self.finish(self.ask("POST", "/devices", {"node": node, "name": "/srv/a"})).status == 204

    def create(self, name: str) -> Answer:
        return self.ask("POST", "/volumes", {"size": 1, "name": name, "durability": R3})

    def wait_for(self, command: str) -> None:
        """Until a node command of this kind has ended."""
        end = time.monotonic() + 10
        while not re.search(rf"^\[.*{command}.*s\)$", self.log.read_text(), re.MULTILINE):
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.02)

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
