# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import pathlib
import socket
import ssl
import threading
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError, NotFound
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.plaintext import in_plaintext
from ansible_collections.glusterops.shares.plugins.module_utils._tls.handshake import (
    _rfc2253,
    context,
    served,
)
from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import OpenSSL
from ansible_collections.glusterops.shares.tests.unit.plugins.module_utils._tls.tls_helpers import (
    Ca,
    make_csr,
    new_key,
    run_command,
)
from cryptography.hazmat.primitives import serialization


def identity(ca: Ca, folder: pathlib.Path, name: str) -> pathlib.Path:
    """Key, certificate and bundle as Gluster finds them."""
    folder.mkdir()
    key = new_key()
    certificate, bundle = ca.sign(name, make_csr(key, name))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "glusterfs.key").write_bytes(pem)
    (folder / "glusterfs.pem").write_text(certificate)
    (folder / "glusterfs.ca").write_text(bundle)
    return folder


# Gluster's answer to a call of an empty procedure, as a brick of 10.3 gave it.
ANSWER = bytes.fromhex("80000018 00000001 00000001 00000000 00000000 00000000 00000003")


@contextlib.contextmanager
def brick(folder: pathlib.Path | None, says: bytes = b"this is no TLS, nor will it ever be") -> t.Iterator[int]:
    """The port of something that speaks TLS with the identity in this folder, or just says something."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            plain, _address = server.accept()
            with plain, contextlib.suppress(OSError):
                if not folder:
                    plain.sendall(says)
                    return
                tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                tls.load_cert_chain(folder / "glusterfs.pem", folder / "glusterfs.key")
                tls.load_verify_locations(folder / "glusterfs.ca")
                tls.verify_mode = ssl.CERT_REQUIRED
                tls.wrap_socket(plain, server_side=True).close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)


def test_what_answers(ca: Ca, tmp_path: pathlib.Path) -> None:
    """Told in openssl's own words."""
    own = identity(ca, tmp_path / "own", "glusterfs-server-a")
    other = identity(ca, tmp_path / "other", "glusterfs-server-b")
    with brick(other) as port:
        found = served(context(str(own)), "127.0.0.1", port)
    assert found.common_name == "glusterfs-server-b"
    installed = OpenSSL(run_command).certificate((other / "glusterfs.pem").read_text(), "it")
    assert found._asdict() == installed.told()


@pytest.mark.parametrize(
    "name, told",
    [
        (((("countryName", "DE"),), (("commonName", "one"),)), "CN=one,C=DE"),
        (((("commonName", "a, b+c"),),), r"CN=a\, b\+c"),
        (((("organizationName", "#1 "), ("userId", "x")),), r"O=\#1\ +userId=x"),
    ],
)
def test_names_as_openssl_prints_them(name: t.Any, told: str) -> None:
    assert _rfc2253(name) == told


def test_another_ca(ca: Ca, tmp_path: pathlib.Path) -> None:
    own = identity(ca, tmp_path / "own", "glusterfs-server-a")
    stranger = identity(Ca(tmp_path / "ca2"), tmp_path / "other", "glusterfs-server-b")
    with brick(stranger) as port, pytest.raises(GlusterOpsError, match="no TLS that is trusted here .*certificate"):
        served(context(str(own)), "127.0.0.1", port)


def test_no_tls(ca: Ca, tmp_path: pathlib.Path) -> None:
    own = identity(ca, tmp_path / "own", "glusterfs-server-a")
    with brick(None) as port, pytest.raises(GlusterOpsError, match="no TLS that is trusted here"):
        served(context(str(own)), "127.0.0.1", port)


def test_plaintext(ca: Ca, tmp_path: pathlib.Path) -> None:
    with brick(None, ANSWER) as port:
        assert in_plaintext("127.0.0.1", port)
    with brick(None) as port:
        assert not in_plaintext("127.0.0.1", port)
    with brick(None, ANSWER[:8]) as port:
        assert not in_plaintext("127.0.0.1", port)
    with brick(identity(ca, tmp_path / "other", "glusterfs-server-b")) as port:
        assert not in_plaintext("127.0.0.1", port)
    assert not in_plaintext("127.0.0.1", port)


def test_nobody_there(ca: Ca, tmp_path: pathlib.Path) -> None:
    own = identity(ca, tmp_path / "own", "glusterfs-server-a")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(GlusterOpsError, match=r"no answer \(.*refused"):
        served(context(str(own)), "127.0.0.1", port)


def test_no_identity_of_its_own(tmp_path: pathlib.Path) -> None:
    with pytest.raises(NotFound, match="This server has no TLS identity in .*: run the tls role first"):
        context(str(tmp_path))
