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
