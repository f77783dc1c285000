# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What openssl says, spoilt: each gives a result that could be, or a GlusterOpsError. See `make fuzz`."""

from __future__ import annotations

import datetime
import functools
import os
import re
import subprocess
import tempfile
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import Certificate, Crl, OpenSSL
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from fuzzing import more, spoilt
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime.datetime.now(datetime.timezone.utc)
NAME = x509.Name(
    [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Some, one"), x509.NameAttribute(NameOID.COMMON_NAME, "tenant-a")]
)
PEM = serialization.Encoding.PEM
KEYS = {"ec": ec.generate_private_key(ec.SECP256R1()), "rsa": rsa.generate_private_key(65537, 2048)}


def _private(kind: str) -> bytes:
    return KEYS[kind].private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _certificate() -> str:
    builder = x509.CertificateBuilder(
        NAME, NAME, KEYS["ec"].public_key(), 0x1234, NOW, NOW + datetime.timedelta(days=9)
    )
    return builder.sign(KEYS["ec"], hashes.SHA256()).public_bytes(PEM).decode()


def _request() -> str:
    return x509.CertificateSigningRequestBuilder(NAME).sign(KEYS["ec"], hashes.SHA256()).public_bytes(PEM).decode()


def _crl() -> str:
    builder = x509.CertificateRevocationListBuilder(NAME, NOW, NOW + datetime.timedelta(days=9))
    return builder.sign(KEYS["ec"], hashes.SHA256()).public_bytes(PEM).decode()


def _public_key(openssl: OpenSSL, kind: str) -> str:
    with tempfile.NamedTemporaryFile() as file:
        file.write(_private(kind))
        file.flush()
        return openssl.public_key(file.name)


CERTIFICATE, REQUEST, CRL = _certificate(), _request(), _crl()
READERS: list[t.Callable[[OpenSSL], t.Any]] = [
    lambda openssl: openssl.certificate(CERTIFICATE, "it"),
    lambda openssl: openssl.crl(CRL, "it"),
    lambda openssl: openssl.request_name(REQUEST),
    lambda openssl: openssl.verify(CERTIFICATE, CERTIFICATE),
    lambda openssl: openssl.signed_crl(CERTIFICATE, CRL),
    lambda openssl: _public_key(openssl, "ec"),
    lambda openssl: _public_key(openssl, "rsa"),
]


@functools.lru_cache(maxsize=None)
def said(number: int) -> tuple[int, str, str]:
    """What the real one says."""
    answers = []

    def run_command(args: list[str], data: str | None = None, **options: t.Any) -> tuple[int, str, str]:
        environ = {**os.environ, **options["environ_update"]}
        done = subprocess.run(args, input=data or "", env=environ, capture_output=True, text=True, check=False)
        answers.append((done.returncode, done.stdout, done.stderr))
        return answers[-1]

    READERS[number](OpenSSL(run_command))
    (answer,) = answers
    return answer


def read(number: int, rc: int, out: str, err: str) -> t.Any:
    """What the reader makes of it; the error if it refuses it."""
    try:
        return READERS[number](OpenSSL(lambda _args, **_options: (rc, out, err)))
    except GlusterOpsError as exc:
        return exc


NUMBERS = st.integers(0, len(READERS) - 1)


@given(number=NUMBERS, data=st.data(), failed=st.sampled_from([0, 0, 1]))
@more
def test_odd_bytes(number: int, data: st.DataObject, failed: int) -> None:
    rc, out, err = said(number)
    found = read(number, rc or failed, data.draw(spoilt(out)), data.draw(st.just(err) | spoilt(err)))
    if isinstance(found, Certificate):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found.not_after) and found.public_key
    elif isinstance(found, Crl):
        assert re.fullmatch("[0-9a-f]{8}", found.name_hash), found
    elif isinstance(found, str) and number >= len(READERS) - 2:
        assert found.startswith("-----BEGIN PUBLIC KEY-----")


@given(number=NUMBERS, data=st.data())
@more
def test_what_breaks_off(number: int, data: st.DataObject) -> None:
    rc, out, err = said(number)
    whole = read(number, rc, out, err)
    assert not isinstance(whole, GlusterOpsError)
    found = read(number, rc, out[: data.draw(st.integers(0, len(out)))], err)
    assert found == whole or not found or isinstance(found, GlusterOpsError), (found, whole)
