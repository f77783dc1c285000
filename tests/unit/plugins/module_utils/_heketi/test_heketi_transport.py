# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What requests makes of real sockets that misbehave, and what is said then."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import OutcomeUnknown, Unreachable
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import HeketiClient
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.connection import Connection
from ansible_collections.glusterops.shares.tests.unit.plugins.module_utils._heketi.scripted import Clock
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@contextlib.contextmanager
def listening(behave: t.Callable[[socket.socket], None]) -> t.Iterator[int]:
    """A server on a port of its own that does this with every connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection = server.accept()[0]
                    with connection, contextlib.suppress(OSError):
                        behave(connection)

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)


def client_for(url: str, **options: t.Any) -> HeketiClient:
    return HeketiClient(Connection(url, "key", request_timeout=2, **options), clock=Clock())


def close_after_request(connection: socket.socket) -> None:
    connection.recv(65536)


def half_an_answer(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"volumes":')


@pytest.mark.parametrize("behave", [close_after_request, half_an_answer])
def test_cut_off(behave: t.Callable[[socket.socket], None]) -> None:
    with listening(behave) as port:
        client = client_for(f"http://127.0.0.1:{port}")
        with pytest.raises(Unreachable, match="broke before the answer was complete"):
            client.get("/volumes")
        with pytest.raises(OutcomeUnknown, match="broke before the answer was complete"):
            client.operate("POST", "/volumes", {})


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unreachable, match=rf"No connection to http://127.0.0.1:{port}/volumes: .*Connection refused"):
        client_for(f"http://127.0.0.1:{port}").operate("POST", "/volumes", {})


def test_unknown_host() -> None:
    with pytest.raises(Unreachable, match="No connection to http://heketi.invalid/volumes: "):
        client_for("http://heketi.invalid").get("/volumes")


def test_no_answer_in_time() -> None:
    ended = threading.Event()
    with listening(lambda connection: t.cast(None, ended.wait(30))) as port:
        client = HeketiClient(Connection(f"http://127.0.0.1:{port}", "key", request_timeout=0.2), clock=Clock())
        with pytest.raises(OutcomeUnknown, match="was not answered within 0.2 seconds"):
            client.operate("POST", "/volumes", {})
        ended.set()


def test_https_to_a_port_without_tls() -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with listening(answer) as port, pytest.raises(
        Unreachable, match="does not speak TLS: heketi_url must begin with http:"
    ):
        client_for(f"https://127.0.0.1:{port}").operate("POST", "/volumes", {})


@pytest.fixture(name="certificate")
def fixture_certificate(tmp_path: t.Any) -> str:
    """A file with a key and a self-signed certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "heketi")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "heketi.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return str(path)


def test_certificates(certificate: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(65536)
            secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")

    with listening(answer) as port:
        with pytest.raises(Unreachable, match=r"is not trusted \(self-signed certificate\): set ca_path to the CA"):
            client_for(f"https://localhost:{port}").get("/x")
        with pytest.raises(Unreachable, match="is for another address .*IP address mismatch"):
            client_for(f"https://127.0.0.1:{port}", verify=certificate).get("/x")
        assert client_for(f"https://localhost:{port}", verify=certificate).get("/x") == {}
        assert client_for(f"https://127.0.0.1:{port}", verify=False).get("/x") == {}


def test_a_ca_bundle_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(Unreachable, match="GET https://localhost:1/x was not sent: .*/nowhere/ca.pem"):
        client_for("https://localhost:1").get("/x")


def test_a_file_without_certificates(tmp_path: t.Any) -> None:
    empty = tmp_path / "ca.pem"
    empty.write_text("nothing\n")
    with listening(close_after_request) as port, pytest.raises(Unreachable, match="The TLS connection to .* failed"):
        client_for(f"https://127.0.0.1:{port}", verify=str(empty)).get("/x")
