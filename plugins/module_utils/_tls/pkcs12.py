# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._tls.pkcs8 import der, integer

# The module says it when it is missing.
with contextlib.suppress(ImportError):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

_ROUNDS = 100_000
_SHA256 = bytes.fromhex("300d06096086480165030402010500")
_BLOCK = 64


def encrypt(
    name: str, key: t.Any, certificate: x509.Certificate, bundle: list[x509.Certificate], passphrase: bytes
) -> bytes:
    """A PKCS#12 file with an identity and the CAs that it trusts."""
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(_ROUNDS)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(passphrase)
    )
    data = pkcs12.serialize_key_and_certificates(name.encode(), key, certificate, bundle, encryption)
    return _authenticate(data, passphrase)


def _authenticate(data: bytes, passphrase: bytes) -> bytes:
    """The file with a new MAC (RFC 7292). C(cryptography) makes one of 2048 rounds, by which to guess passphrases."""
    pfx, _rest = _split(data)
    version, rest = _split_whole(pfx)
    content, _mac = _split_whole(rest)
    _type, explicit = _split_whole(_split(content)[0])
    covered = _split(_split(explicit)[0])[0]
    salt = os.urandom(16)
    digest = hmac.digest(_mac_key(passphrase, salt), covered, "sha256")
    mac = der(0x30, der(0x30, _SHA256, der(0x04, digest)), der(0x04, salt), integer(_ROUNDS))
    return der(0x30, version, content, mac)


def _mac_key(passphrase: bytes, salt: bytes) -> bytes:
    text = (passphrase.decode() + "\0").encode("utf-16-be")
    block = b"\3" * _BLOCK + _repeated(salt) + _repeated(text)
    for _round in range(_ROUNDS):
        block = hashlib.sha256(block).digest()
    return block


def _repeated(data: bytes) -> bytes:
    size = -(-len(data) // _BLOCK) * _BLOCK
    return (data * size)[:size]


def _split(data: bytes) -> tuple[bytes, bytes]:
    """The content of the first element, and what follows it."""
    start, size = 2, data[1]
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[2:start], "big")
    return data[start : start + size], data[start + size :]


def _split_whole(data: bytes) -> tuple[bytes, bytes]:
    """The first element, and what follows it."""
    rest = _split(data)[1]
    return data[: len(data) - len(rest)], rest
