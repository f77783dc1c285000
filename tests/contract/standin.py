# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's Heketi as a process of its own, and what is asked of it."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time
import typing as t
import warnings

import pytest
import requests
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import HeketiClient
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.connection import Connection
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.volumes import Desired
from program import free_port, serve

MODULES = "ansible_collections.glusterops.shares.plugins.modules"
KEY = "key of the admin"
HOSTS = ("10.0.0.1", "10.0.0.2", "10.0.0.3")


class Heketi:
    """The stand-in as a process, whose settings may be changed while it does not run. tls is a certificate's files."""

    def __init__(
        self,
        directory: pathlib.Path,
        gluster: dict[str, t.Any],
        standin: dict[str, t.Any],
        tls: tuple[str, str] | None = None,
    ) -> None:
        port = free_port()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        self.settings = {
            "port": port,
            "jwt": {"admin": {"key": KEY}, "user": {"key": "key of the user"}},
            "glusterfs": {"executor": "mock", "db": str(directory / "heketi.db"), **gluster},
            "standin": standin,
        }
        if tls:
            self.settings.update(enable_tls=True, cert_file=tls[0], key_file=tls[1])
        self._config = directory / "heketi.json"
        self.log = directory / "heketi.log"
        self.start()

    def start(self) -> None:
        self._config.write_text(json.dumps(self.settings))
        self._process = serve(self._config, self.log)
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(requests.exceptions.ConnectionError), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # whoever speaks TLS here is not looked at
                assert requests.get(f"{self.url}/hello", timeout=5, verify=False).text == "Hello from Heketi"
                return
            assert self._process.is_alive() and time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.01)

    def restart(self, **standin: t.Any) -> None:
        """Killed with -9 and started again, with nothing else staged than this."""
        self.kill()
        self.settings["standin"] = standin
        self.start()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    def client(
        self, clock: t.Any = time, say: t.Callable[[str], None] = lambda line: None, **options: t.Any
    ) -> HeketiClient:
        """A client that asks often."""
        settings: dict[str, t.Any] = {"poll_interval": 0.02, "operation_timeout": 60, "key": KEY}
        settings = {"unreachable_timeout": 10, **settings, **options}
        return HeketiClient(Connection(self.url, **settings), pool=32, clock=clock, say=say)


def counted(client: HeketiClient) -> list[str]:
    """The list into which every further answer to this client is written."""
    answers: list[str] = []

    def write(response: requests.Response, *_args: t.Any, **_kwargs: t.Any) -> None:
        path = "/queue" if "/queue/" in response.url else response.request.path_url
        answers.append(f"{response.request.method} {path} {response.status_code}")

    client.session.hooks["response"].append(write)
    return answers


@pytest.fixture(name="start")
def fixture_start(tmp_path: pathlib.Path) -> t.Iterator[t.Callable[..., Heketi]]:
    started: list[Heketi] = []

    def start(gluster: dict[str, t.Any] | None = None, tls: tuple[str, str] | None = None, **standin: t.Any) -> Heketi:
        heketi = Heketi(tmp_path, gluster or {}, standin, tls)
        started.append(heketi)
        client = heketi.client(verify=False)
        cluster = client.operate("POST", "/clusters", {"file": True, "block": True})["id"]
        for number, host in enumerate(HOSTS):
            names = {"manage": [f"server{number}"], "storage": [host]}
            node = client.operate("POST", "/nodes", {"zone": 1, "cluster": cluster, "hostnames": names})
            assert client.operate("POST", "/devices", {"node": node["id"], "name": "/dev/sdb"}) is None
        return heketi

    yield start
    for heketi in started:
        heketi.kill()


def slow(name: str, seconds: float) -> dict[str, t.Any]:
    """Makes gluster take long to create this volume."""
    return {"command": f"volume create {name} ", "delay": seconds}


def want(name: str, size: int = 2, **other: t.Any) -> Desired:
    return Desired(name, size=size, **other)


def gone(name: str) -> Desired:
    return Desired(name, present=False)


def launch(module: str, **params: t.Any) -> subprocess.Popen[str]:
    """Starts a module as Ansible does: a program, its parameters on stdin."""
    code = f"""
import sys, {MODULES}.{module} as module
from ansible.module_utils import basic
basic._ANSIBLE_PROFILE = "legacy"
module.main()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    stdin = t.cast(t.TextIO, process.stdin)
    stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": params}))
    stdin.flush()
    stdin.close()
    process.stdin = None
    return process


def run(module: str, **params: t.Any) -> tuple[int, dict[str, t.Any]]:
    """Runs a module to its end: its exit status, and what it returned."""
    process = launch(module, **params)
    out, _err = process.communicate(timeout=120)
    return process.returncode, json.loads(out)
