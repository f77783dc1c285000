# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Identities of those who try to get in: keys and certificates, also such as the collection refuses to sign."""

from __future__ import annotations

import datetime
import pathlib
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

KEY, CERTIFICATE, BUNDLE, PLAIN = "glusterfs.key", "glusterfs.pem", "glusterfs.ca", "plain"
DAY = datetime.timedelta(days=1)


class Signer:
    """Who signs: a key, with the name and the certificates that go with what it signed."""

    def __init__(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, chain: bytes = b"") -> None:
        self.name, self.key, self.chain = name, key, chain

    @classmethod
    def of(cls, folder: pathlib.Path, passphrase: str, authority: str = "ca") -> Signer:
        """The collection's CA, from its directory."""
        key = serialization.load_pem_private_key((folder / f"{authority}.key").read_bytes(), passphrase.encode())
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return cls(x509.load_pem_x509_certificate((folder / f"{authority}.pem").read_bytes()).subject, key)

    @classmethod
    def new(cls, common_name: str) -> Signer:
        return cls(name(common_name), new_key())

    def sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, begin: int = -1, end: int = 1, also: str = ""
    ) -> bytes:
        """A certificate in PEM, valid from and to so many days from now, with one more name as its DNS name."""
        now = datetime.datetime.now(datetime.timezone.utc)
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + begin * DAY)
            .not_valid_after(now + end * DAY)
        )
        if also:
            built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName(also)]), critical=False)
        return built.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM) + self.chain


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def name(*common_names: str) -> x509.Name:
    # Not validated: an empty name is an attacker's, too.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one, _validate=False) for one in common_names])


def private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
