# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import contextlib
import hashlib
import os

# The module says it when it is missing.
with contextlib.suppress(ImportError):
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

# scrypt as strong as memory-hard key derivation is asked to be today, and the most that the
# openssl program still opens (it stops at 32 MiB, so p is raised instead of N).
_N, _R, _P = 2**14, 8, 5

_PBES2 = bytes.fromhex("06092a864886f70d01050d")
_SCRYPT = bytes.fromhex("06092b06010401da47040b")
_AES_256_CBC = bytes.fromhex("060960864801650304012a")


def der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        return bytes([tag, size]) + body
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + body


def integer(value: int) -> bytes:
    return der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def encrypt(plain: bytes, passphrase: bytes) -> bytes:
    """The DER of an EncryptedPrivateKeyInfo (RFC 5958, 8018 and 7914) around the DER of a PKCS#8 key.

    C(cryptography) writes PKCS#8 with 2048 rounds of PBKDF2 only, which is too little for a CA's key.
    """
    salt, iv = os.urandom(16), os.urandom(16)
    key = hashlib.scrypt(passphrase, salt=salt, n=_N, r=_R, p=_P, maxmem=64 * 1024**2, dklen=32)
    padding = 16 - len(plain) % 16
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    sealed = encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()
    derivation = der(0x30, _SCRYPT, der(0x30, der(0x04, salt), integer(_N), integer(_R), integer(_P)))
    cipher = der(0x30, _AES_256_CBC, der(0x04, iv))
    return der(0x30, der(0x30, _PBES2, der(0x30, derivation, cipher)), der(0x04, sealed))
