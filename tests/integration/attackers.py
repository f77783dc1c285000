# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Identities of those who try to get in, also such as the collection refuses to sign."""

from __future__ import annotations

import dataclasses
import datetime
import json
import pathlib
import typing as t
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

IN = "in"
LISTED = "tenant-a"
DAY = datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class Attacker:
    """Somebody with the files of his folder (see driver.py), and what must come of it: IN, or why he is refused."""

    name: str
    expected: str
    files: dict[str, bytes]


class Signer:
    """Who signs: his name and key, and the certificates to be shown together with what he signed."""

    def __init__(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, chain: bytes = b"") -> None:
        self.name, self.key, self.chain = name, key, chain

    @classmethod
    def of(cls, folder: pathlib.Path, passphrase: str) -> Signer:
        """The CA in the collection's directory."""
        record = json.loads((folder / "issued.json").read_text(encoding="utf-8"))
        [signing] = [one["name"] for one in record["authorities"] if one["state"] == "signing"]
        key = serialization.load_pem_private_key((folder / f"{signing}.key").read_bytes(), passphrase.encode())
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return cls(x509.load_pem_x509_certificate((folder / f"{signing}.pem").read_bytes()).subject, key)

    @classmethod
    def new(cls, common_name: str) -> Signer:
        return cls(subject(common_name), new_key())

    def sign(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, begin: int = -1, end: int = 1, also: str = ""
    ) -> bytes:
        """A certificate in PEM, valid from and to so many days from now, with one more name as that of a host."""
        now = datetime.datetime.now(datetime.timezone.utc)
        built = (
            x509.CertificateBuilder()
            .subject_name(name)
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


def subject(*common_names: str) -> x509.Name:
    # Not checked, and not warned of: an empty name is an attacker's, too.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one, _validate=False) for one in common_names])


def private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def request(common_name: str, key: ec.EllipticCurvePrivateKey) -> str:
    built = x509.CertificateSigningRequestBuilder().subject_name(subject(common_name)).sign(key, hashes.SHA256())
    return built.public_bytes(serialization.Encoding.PEM).decode()


def muster(ca: Signer, bundle: bytes) -> list[Attacker]:
    """Everybody who has no business in a volume whose only tenant is LISTED."""
    found: list[Attacker] = []

    def add(name: str, expected: str, signer: Signer, whom: x509.Name, **more: t.Any) -> ec.EllipticCurvePrivateKey:
        key = new_key()
        extra = {file: more.pop(file) for file in ("plain", "volfile") if file in more}
        files = {"glusterfs.key": private(key), "glusterfs.pem": signer.sign(whom, key, **more)}
        found.append(Attacker(name, expected, {**files, "glusterfs.ca": bundle, **extra}))
        return key

    found.append(Attacker("no-certificate", "no certificate", {"glusterfs.ca": bundle}))
    key = new_key()
    own = {"glusterfs.key": private(key), "glusterfs.pem": Signer(subject(LISTED), key).sign(subject(LISTED), key)}
    found.append(Attacker("self-signed", "unknown ca", {**own, "glusterfs.ca": bundle}))
    add("other-ca", "unknown ca", Signer.new("other CA"), subject(LISTED))
    add("ca-of-that-name", "bad signature", Signer(ca.name, new_key()), subject(LISTED))
    key = add("unlisted", "not listed", ca, subject("tenant-z"))
    # A tenant is no CA.
    chain = found[-1].files["glusterfs.pem"]
    add("by-a-tenant", "unknown ca", Signer(subject("tenant-z"), key, chain), subject(LISTED))
    # With what the servers' own daemons log in with, which everybody can ask glusterd for.
    add("credentials", "not listed", ca, subject("tenant-z"), volfile=b"shd/{volume}")
    for name, common_name in (
        ("prefix", LISTED[:-1]),
        ("longer", f"{LISTED}.b"),
        ("suffix", LISTED[1:]),
        ("other-case", LISTED.title()),
        ("star", "*"),
        ("name-star", "tenant-*"),
        ("server-star", "glusterfs-server-*"),
        ("question-mark", "tenant-?"),
        ("bracket", "tenant-[a]"),
        ("comma", f"tenant-z,{LISTED}"),
        ("empty", ""),
    ):
        add(name, "not listed", ca, subject(common_name))
    add("other-tenant", "not listed", ca, subject("tenant-b"))
    add("second-name", "not listed", ca, subject("tenant-z", LISTED))
    add("host-name", "not listed", ca, subject("tenant-z"), also=LISTED)
    add("nameless", "not listed", ca, x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, LISTED)]))
    add("expired", "expired", ca, subject(LISTED), begin=-3, end=-1)
    add("not-yet", "bad certificate", ca, subject(LISTED), begin=1, end=3)
    add("plain", "no plaintext", ca, subject(LISTED), plain=b"")
    return found
