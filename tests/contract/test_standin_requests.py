# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in behind a bad line, and behind TLS."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
import typing as t

import pytest
from heketi.config import ConfigError, parse
from pki import Pki
from program import Program

RAW = {"jwt": {"admin": {"key": "a"}, "user": {"key": "u"}}}


def test_an_answer_of_somebody_else(program: t.Callable[..., Program]) -> None:
    proxy = {"status": 502, "body": "<html>Bad Gateway</html>", "headers": {"Content-Type": "text/html"}}
    busy = {"status": 429, "body": "Server busy."}
    moved = {"status": 301, "headers": {"Location": "https://elsewhere/"}}
    server = program(
        requests=[
            {"method": "POST", "path": "/clusters$", "times": 1, **proxy},
            {"method": "GET", "path": "^/volumes", "times": 2, "skip": 1, **busy},
            {"path": "/metrics", **moved},
        ]
    )
    answer = server.ask("POST", "/clusters", {"file": True, "block": True})
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (502, proxy["body"], "text/html")
    assert server.get("/clusters") == {"clusters": []}
    assert [server.ask("GET", "/volumes").status for _time in range(5)] == [200, 429, 429, 200, 200]
    for _time in range(3):
        answer = server.ask("GET", "/metrics")
        assert (answer.status, answer.headers["Location"]) == (301, "https://elsewhere/")


def test_a_lost_answer(program: t.Callable[..., Program]) -> None:
    server = program(
        requests=[
            {"method": "POST", "path": "^/clusters$", "times": 1, "drop": "before"},
            {"method": "POST", "path": "^/clusters$", "times": 1, "drop": "after"},
        ]
    )
    for there in (0, 1):
        with pytest.raises(http.client.RemoteDisconnected):
            server.ask("POST", "/clusters", {"file": True, "block": True})
        assert len(server.get("/clusters")["clusters"]) == there
    assert server.ask("POST", "/clusters", {"file": True, "block": True}).status == 201


def test_half_an_answer(program: t.Callable[..., Program]) -> None:
    server = program(requests=[{"method": "GET", "path": "^/clusters$", "truncate": 5, "times": 1}])
    with pytest.raises(http.client.IncompleteRead) as caught:
        server.ask("GET", "/clusters")
    assert (caught.value.partial, caught.value.expected) == (b'{"clu', len('{"clusters":[]}\n') - 5)
    assert server.get("/clusters") == {"clusters": []}


def test_a_late_answer(program: t.Callable[..., Program]) -> None:
    server = program(requests=[{"path": "^/clusters$", "delay": 0.3, "times": 1}])
    begun = time.monotonic()
    assert server.get("/clusters") == {"clusters": []}
    assert time.monotonic() - begun > 0.3


@pytest.mark.parametrize(
    "fault",
    [{}, {"status": 502, "drop": "after"}, {"drop": "sometimes"}, {"delay": 1, "truncate": 1}, {"status": 1, "x": 1}],
)
def test_faults_that_are_none(fault: dict[str, t.Any]) -> None:
    with pytest.raises((ConfigError, TypeError)):
        parse({**RAW, "standin": {"requests": [fault]}}, {})


# TLS


def test_tls(program: t.Callable[..., Program], pki: Pki) -> None:
    server = program(tls=pki.files, requests=[{"path": "/metrics", "drop": "before"}])
    context = ssl.create_default_context(cafile=pki.ca)
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=10)
    for _time in range(2):  # one connection, kept open
        connection.request("GET", "/hello")
        assert connection.getresponse().read() == b"Hello from Heketi"
    assert connection.sock.version() == "TLSv1.3"
    connection.request("GET", "/metrics")
    with pytest.raises((http.client.RemoteDisconnected, ssl.SSLEOFError)):
        connection.getresponse()
    stranger = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=10)
    with pytest.raises(ssl.SSLCertVerificationError):
        stranger.request("GET", "/hello")


def test_plain_http_where_tls_is_spoken(program: t.Callable[..., Program], pki: Pki) -> None:
    server = program(tls=pki.files)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"GET /hello HTTP/1.1\r\nHost: heketi\r\n\r\n")
        answer = b""
        while data := connection.recv(4096):
            answer += data
    head, _empty, body = answer.partition(b"\r\n\r\n")
    assert head == b"HTTP/1.0 400 Bad Request"
    assert body == b"Client sent an HTTP request to an HTTPS server.\n"


def test_tls_needs_its_files(tmp_path: t.Any) -> None:
    for files in ({}, {"cert_file": "/c"}, {"key_file": "/k"}):
        with pytest.raises(ConfigError, match="enable_tls needs cert_file and key_file"):
            parse({**RAW, "enable_tls": True, **files}, {})
    config = parse({**RAW, "enable_tls": True, "cert_file": "/c", "key_file": "/k"}, {})
    assert (config.tls, config.cert_file, config.key_file) == (True, "/c", "/k")


# What Heketi says of requests that are wrong, beyond the recorded


def _made(server: Program) -> tuple[str, dict[str, t.Any]]:
    """A cluster, and one of its servers, with a device that has a brick."""
    server.add_cluster()
    assert server.finish(server.create("one")).status == 303
    cluster = server.get("/clusters")["clusters"][0]
    return cluster, server.get(f"/nodes/{server.get(f'/clusters/{cluster}')['nodes'][0]}")


def test_what_is_wrong_with_a_request(program: t.Callable[..., Program]) -> None:
    server = program()
    cluster, node = _made(server)
    device = node["devices"][0]["id"]

    def said(method: str, path: str, body: t.Any = None) -> tuple[int, str]:
        answer = server.ask(method, path, body)
        return answer.status, answer.body.strip()

    def add(manage: list[str], storage: list[str]) -> tuple[int, str]:
        return said(
            "POST", "/nodes", {"zone": 1, "cluster": cluster, "hostnames": {"manage": manage, "storage": storage}}
        )

    hosts = "validation failed: hostnames: "
    assert add(["a b"], ["s"]) == (400, f"{hosts}(manage: [a b] is not a valid manage hostname.).")
    assert add(["a"], ["-s"]) == (400, f"{hosts}(storage: [-s] is not a valid storage hostname.).")
    assert add([""], ["::1"]) == (400, f"{hosts}(manage: [] is not a valid manage hostname.).")
    assert add([], ["s_1.example."]) == (400, f"{hosts}(manage: cannot be blank.).")

    def clean(*operations: str) -> tuple[int, str]:
        return said("POST", "/operations/pending/cleanup", {"operations": operations})

    ids = "validation failed: operations: "
    assert clean("f" * 32, "stale") == (400, f"{ids}stale is not a valid UUID.")
    assert clean(*["f" * 32] * 33) == (400, f"{ids}too many ids specified (33), up to 32 supported.")
    assert clean("")[0] == clean("F" * 32)[0] == 202

    # Whether it holds bricks, or not.
    assert said("DELETE", f"/devices/{device}") == (400, f"device: {device} is not in failed state")

    def tag(**tags: str) -> tuple[int, str]:
        return said("POST", f"/devices/{device}/tags", {"change_type": "set", "tags": tags})

    tags = "validation failed: tags: "
    assert tag(**{f"t{number}": "" for number in range(33)}) == (
        400,
        f"{tags}too many tags specified (33), up to 32 supported.",
    )
    assert tag(**{"": "x"}) == (400, f"{tags}tag names may not be empty.")
    assert tag(**{"t" * 33: "x"}) == (400, f"{tags}tag name {'t' * 33}: the length must be between 1 and 32.")
    assert tag(rack="x" * 65) == (400, f"{tags}value of tag rack: the length must be no more than 64.")
    assert tag(**{"a b": "x"}) == (400, f"{tags}invalid characters in tag name a b.")
    assert tag(**{"t" * 32: "x" * 64})[0] == 200
