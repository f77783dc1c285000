# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS before the HTTP server, which has none: a thread for each connection passes on what it decrypts.

And what either says to a client that speaks the other's language.
"""

from __future__ import annotations

import select
import socket
import ssl
import sys
import threading

from waitress.parser import HTTPRequestParser

HANDSHAKE = b"\x16"  # how a TLS connection begins
PATIENCE = 30
PLAIN = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"  # what Go's server says


class Parser(HTTPRequestParser):
    """Sees at once that a handshake is no request, as Go's server; waitress would wait for an empty line."""

    def received(self, data: bytes) -> int:
        if data.startswith(HANDSHAKE) and self.body_rcv is None and not self.header_plus:
            super().received(b"?\r\n\r\n")
            return len(data)
        return super().received(data)


class TlsFront:
    """Listens on a port, and speaks plain HTTP with the server behind it."""

    def __init__(self, port: int, cert_file: str, key_file: str, behind: tuple[str, int]) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(cert_file, key_file)
        self._behind = behind
        self._listener = socket.create_server(("", port))

    def start(self) -> None:
        threading.Thread(target=self._listen, name="tls", daemon=True).start()

    def _listen(self) -> None:
        while True:
            client, _address = self._listener.accept()
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            client.settimeout(PATIENCE)
            first = client.recv(1, socket.MSG_PEEK)
            if first and first != HANDSHAKE:
                client.recv(65536)
                client.sendall(PLAIN)
            elif first:
                client = self._context.wrap_socket(client, server_side=True)
                client.settimeout(None)
                with socket.create_connection(self._behind) as server:
                    _relay(client, server)
        except OSError as error:  # what ssl raises is one, too
            sys.stderr.write(f"TLS connection ended: {error}\n")
        finally:
            client.close()


def _relay(client: ssl.SSLSocket, server: socket.socket) -> None:
    """Pass on what comes from either side until one of them closes."""
    while True:
        # What is decrypted already does not make the socket readable.
        ready = [client] if client.pending() else select.select([client, server], [], [])[0]
        for source in ready:
            data = source.recv(65536)
            if not data:
                return
            (server if source is client else client).sendall(data)
