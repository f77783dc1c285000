# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import base64
import dataclasses
import datetime
import hashlib
import json
import os
import re
import textwrap
import traceback
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict
from ansible_collections.glusterops.shares.plugins.module_utils._lock import locked
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_common_name, check_unique
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._tls import files, pkcs8

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError:
    CRYPTOGRAPHY_ERROR: str | None = traceback.format_exc()
else:
    CRYPTOGRAPHY_ERROR = None

if t.TYPE_CHECKING:  # pragma: no cover
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

KEY_TYPES = ("ecdsa-p256", "ed25519", "rsa-4096")
KEY, CERTIFICATE, RECORD = "ca.key", "ca.pem", "issued.json"

# So much may a machine's clock be behind the CA host's.
_SKEW = datetime.timedelta(minutes=5)
_MAX_DAYS = 36500
_CA_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9._-])?", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Request:
    """Somebody's wish for a certificate. C(csr) is None when the machine has not made its key yet (check mode).

    Several machines may have the same name, each with a key of its own.
    """

    common_name: str
    csr: x509.CertificateSigningRequest | None
    pem: str | None = None

    @property
    def public_key_sha256(self) -> str | None:
        return _public_key_sha256(self.csr) if self.csr else None


@dataclasses.dataclass(frozen=True)
class Desired:
    path: str
    common_name: str = "glusterops shares CA"
    key_type: str = "ecdsa-p256"
    ca_valid_days: int = 3650
    valid_days: int = 365
    renew_before_days: int = 30
    requests: tuple[Request, ...] = ()

    def __post_init__(self) -> None:
        if not _CA_NAME.fullmatch(self.common_name):
            raise BadInput(
                f"common_name {self.common_name!r} is not a CA's name: 1 to 64 of A-Z a-z 0-9 . _ - and spaces inside."
            )
        for name, low in (("ca_valid_days", 1), ("valid_days", 1), ("renew_before_days", 0)):
            value = getattr(self, name)
            if not low <= value <= _MAX_DAYS:
                raise BadInput(f"{name} {value} is out of range: {low} to {_MAX_DAYS}.")
        if self.renew_before_days >= self.valid_days:
            raise BadInput(
                f"renew_before_days {self.renew_before_days} must be less than valid_days {self.valid_days}:"
                " otherwise every run would sign everything again."
            )
        check_unique(
            (f"{request.common_name} {request.public_key_sha256}" for request in self.requests if request.csr),
            "sign: the name and key",
        )


@dataclasses.dataclass(frozen=True)
class Authority:
    path: str
    key: CertificateIssuerPrivateKeyTypes
    certificate: x509.Certificate
    # Entries of the record, oldest first. Keys of an entry that are not known here are kept.
    issued: tuple[dict[str, t.Any], ...]


# ---- what is asked ----


def check_passphrase(passphrase: str) -> bytes:
    if len(passphrase) < 8:
        raise BadInput("passphrase must have at least 8 characters.")
    return passphrase.encode()


def parse_request(common_name: t.Any, csr: str | None, csr_optional: bool = False) -> Request:
    """A request whose name, signature and key are good, else BadInput."""
    check_common_name(common_name, "sign: common_name")
    what = f"sign: the csr of {common_name!r}"
    if not csr:
        if csr_optional:
            return Request(common_name, None)
        raise BadInput(f"{what} is missing: only check mode can do without.")
    try:
        parsed = x509.load_pem_x509_csr(csr.encode())
        signed = parsed.is_signature_valid
        key = parsed.public_key()
        subject = [(part.oid, part.value) for part in parsed.subject]
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise BadInput(f"{what} cannot be read as a certificate request in PEM: {exc}.") from exc
    if not signed:
        raise BadInput(f"{what} is not signed with the key that it carries.")
    if subject != [(NameOID.COMMON_NAME, common_name)]:
        raise BadInput(
            f"{what} is for the subject {parsed.subject.rfc4514_string()!r}, but must be for 'CN={common_name}' alone."
        )
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < 2048:
            raise BadInput(f"{what} has an RSA key of {key.key_size} bits: 2048 at least, or use ECDSA.")
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in ("secp256r1", "secp384r1", "secp521r1"):
            raise BadInput(f"{what} has a key on the curve {key.curve.name}: use P-256, P-384 or P-521.")
    elif not isinstance(key, ed25519.Ed25519PublicKey):
        raise BadInput(f"{what} has a key of a kind that Gluster is not known to take: use ECDSA, Ed25519 or RSA.")
    return Request(common_name, parsed, csr)


# ---- what is there ----


def observe(path: str, passphrase: bytes) -> Authority | None:
    """The CA in the directory; None when the directory is absent or empty; Conflict when it is damaged."""
    try:
        names = os.listdir(path)
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        raise Conflict(f"path {path!r} is not a directory.") from None
    if not names:
        return None
    data = {name: files.read(os.path.join(path, name)) for name in (KEY, CERTIFICATE, RECORD)}
    if not any(value is not None for value in data.values()):
        raise Conflict(f"path {path!r} is neither empty nor a CA made by this module: give a directory of its own.")
    for name, value in data.items():
        if value is None:
            raise _damaged(path, name, "is missing")
    certificate = _read_certificate(path, data[CERTIFICATE] or b"")
    key = _read_key(path, data[KEY] or b"", passphrase)
    if _spki(key.public_key()) != _spki(certificate.public_key()):
        raise _damaged(path, CERTIFICATE, f"does not belong to {KEY!r}")
    return Authority(path, key, certificate, _read_record(path, data[RECORD] or b""))


def _damaged(path: str, name: str, why: str) -> Conflict:
    return Conflict(
        f"The CA's file {os.path.join(path, name)!r} {why}. Nothing was changed: restore the directory from a backup."
    )


def _read_certificate(path: str, data: bytes) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(data)
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (ValueError, x509.ExtensionNotFound) as exc:
        raise _damaged(path, CERTIFICATE, "cannot be read as a CA's certificate") from exc
    if not constraints.ca:
        raise _damaged(path, CERTIFICATE, "is not a CA's certificate")
    return certificate


def _read_key(path: str, data: bytes, passphrase: bytes) -> CertificateIssuerPrivateKeyTypes:
    try:
        key = serialization.load_pem_private_key(data, passphrase)
    except TypeError as exc:
        raise _damaged(path, KEY, "is not encrypted") from exc
    except (ValueError, UnsupportedAlgorithm) as exc:
        if b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in data and b"-----END ENCRYPTED PRIVATE KEY-----" in data:
            raise Conflict(
                f"The passphrase does not open {os.path.join(path, KEY)!r}, or it is damaged. Nothing was changed."
            ) from exc
        raise _damaged(path, KEY, "cannot be read as a private key") from exc
    return t.cast("CertificateIssuerPrivateKeyTypes", key)


def _read_record(path: str, data: bytes) -> tuple[dict[str, t.Any], ...]:
    try:
        record = json.loads(data)
        entries = record["certificates"]
        if record["version"] != 1 or not isinstance(entries, list):
            raise _damaged(path, RECORD, "is not of the version that this module knows")
        for number, entry in enumerate(entries, 1):
            told = _entry(x509.load_pem_x509_certificate(entry["certificate"].encode()))
            if {name: entry.get(name) for name in told} != told:
                raise _damaged(path, RECORD, f"contradicts itself in entry {number}")
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as exc:
        raise _damaged(path, RECORD, "cannot be read as the record of what was signed") from exc
    return tuple(entries)


# ---- what must be done ----


def plan(desired: Desired, authority: Authority | None, now: datetime.datetime) -> tuple[list[Change], list[Request]]:
    """The changes, and the requests that must be signed."""
    changes = []
    if authority is None:
        changes.append(Change(desired.path, "certificate authority", "absent", "made"))
    to_sign = []
    by_name: dict[str, list[dict[str, t.Any]]] = {}
    for entry in authority.issued if authority else ():
        by_name.setdefault(entry["common_name"], []).append(entry)
    for request in desired.requests:
        why = _why_sign(desired, authority, by_name.get(request.common_name, []), request, now)
        if why:
            changes.append(Change(request.common_name, "certificate", why, "signed"))
            to_sign.append(request)
    if authority and desired.requests and not _begin(authority.certificate) <= now < _end(authority.certificate):
        raise Conflict(
            f"The CA in {desired.path!r} is valid from {_iso(_begin(authority.certificate))} to"
            f" {_iso(_end(authority.certificate))} only: nothing that it signed counts now."
        )
    return changes, to_sign


def _why_sign(
    desired: Desired,
    authority: Authority | None,
    entries: list[dict[str, t.Any]],
    request: Request,
    now: datetime.datetime,
) -> str | None:
    """What is wrong with what was signed for this name, or None."""
    if authority is None or not entries:
        return "missing"
    entry = _latest(entries, request)
    if entry is None:
        return "for another key"
    certificate = x509.load_pem_x509_certificate(entry["certificate"].encode())
    try:
        certificate.verify_directly_issued_by(authority.certificate)
    except (InvalidSignature, ValueError, TypeError):
        return "of another CA"
    # Shortly before the CA's own end a new certificate would not last longer: then it is no use.
    if _end(certificate) - now <= datetime.timedelta(days=desired.renew_before_days) and _end(certificate) < _leaf_end(
        desired, authority, now
    ):
        return f"valid to {_iso(_end(certificate))}"
    return None


def _latest(entries: t.Iterable[dict[str, t.Any]], request: Request) -> dict[str, t.Any] | None:
    """The entry for the request's name and key that was signed last."""
    wanted = (request.common_name, request.public_key_sha256)
    found = [entry for entry in entries if (entry["common_name"], entry["public_key_sha256"]) == wanted]
    return found[-1] if found else None


# ---- doing it ----


def ensure(
    desired: Desired, passphrase: bytes, now: datetime.datetime, check_mode: bool
) -> tuple[list[Change], dict[str, t.Any]]:
    """Makes the CA and signs, as far as needed. Returns the changes and the module's return values."""
    desired = dataclasses.replace(desired, path=os.path.realpath(desired.path))
    now = now.replace(microsecond=0)
    with files.explained("keep the CA"):
        if check_mode:
            authority = observe(desired.path, passphrase)
            changes, to_sign = plan(desired, authority, now)
        else:
            parent, name = os.path.split(desired.path)
            with locked(os.path.join(parent, f".{name}.lock"), timeout=60.0):
                authority = observe(desired.path, passphrase)
                changes, to_sign = plan(desired, authority, now)
                if changes:
                    if authority is None:
                        _make(desired, passphrase, now)
                        authority = observe(desired.path, passphrase)
                    authority = _sign(desired, t.cast(Authority, authority), to_sign, now)
    return changes, _values(desired, authority, to_sign, check_mode)


def _make(desired: Desired, passphrase: bytes, now: datetime.datetime) -> None:
    key: CertificateIssuerPrivateKeyTypes
    if desired.key_type == "ecdsa-p256":
        key = ec.generate_private_key(ec.SECP256R1())
    elif desired.key_type == "ed25519":
        key = ed25519.Ed25519PrivateKey.generate()
    else:
        key = rsa.generate_private_key(65537, 4096)
    name = _name(desired.common_name)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        _certificate(name, name, key.public_key(), now - _SKEW, now + datetime.timedelta(days=desired.ca_valid_days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(sign_certificates=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(key, _hash(key))
    )
    plain = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with files.directory(desired.path, 0o700) as directory:
        files.fill(os.path.join(directory, KEY), _pem("ENCRYPTED PRIVATE KEY", pkcs8.encrypt(plain, passphrase)), 0o600)
        files.fill(os.path.join(directory, CERTIFICATE), certificate.public_bytes(serialization.Encoding.PEM), 0o644)
        files.fill(os.path.join(directory, RECORD), _record([]), 0o644)


def _sign(desired: Desired, authority: Authority, requests: list[Request], now: datetime.datetime) -> Authority:
    """Signs all, then writes the record once: a certificate that nobody recorded was given to nobody."""
    if not requests:
        return authority
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.certificate.public_key())  # type: ignore[arg-type]
    entries = [entry for entry in authority.issued if entry["not_after"] > _iso(now)]
    for request in requests:
        key = t.cast(x509.CertificateSigningRequest, request.csr).public_key()
        certificate = (
            _certificate(
                _name(request.common_name),
                authority.certificate.subject,
                key,
                now - _SKEW,
                _leaf_end(desired, authority, now),
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(encipher=isinstance(key, rsa.RSAPublicKey)), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            .add_extension(issuer_key, critical=False)
            .sign(authority.key, _hash(authority.key))
        )
        entries.append(_entry(certificate))
    path = os.path.join(authority.path, RECORD)
    files.write(path, _record(entries), 0o644)
    return dataclasses.replace(authority, issued=_read_record(authority.path, files.read(path) or b""))


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: t.Any, begin: datetime.datetime, end: datetime.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(sign_certificates: bool = False, encipher: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        key_encipherment=encipher,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _leaf_end(desired: Desired, authority: Authority, now: datetime.datetime) -> datetime.datetime:
    return min(now + datetime.timedelta(days=desired.valid_days), _end(authority.certificate))


def _hash(key: t.Any) -> hashes.SHA256 | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


# ---- how it is written down ----


def _values(
    desired: Desired, authority: Authority | None, to_sign: list[Request], check_mode: bool
) -> dict[str, t.Any]:
    names = ("certificate", "fingerprint_sha256", "not_after", "common_name")
    ca: dict[str, t.Any] = dict.fromkeys(names)
    ca["common_name"] = desired.common_name
    if authority:
        entry = _entry(authority.certificate)
        ca = {name: entry[name] for name in names}
    signed = {id(request) for request in to_sign}
    certificates = []
    names = ("certificate", "fingerprint_sha256", "not_after", "serial")
    # One pass over the record: it may hold thousands.
    last = {
        (entry["common_name"], entry["public_key_sha256"]): entry for entry in (authority.issued if authority else ())
    }
    for request in desired.requests:
        changed = id(request) in signed
        entry = {} if check_mode and changed else last[request.common_name, request.public_key_sha256]
        certificates.append(
            {
                "common_name": request.common_name,
                "csr": request.pem,
                "changed": changed,
                **{name: entry.get(name) for name in names},
            }
        )
    return {"ca": ca, "bundle": ca["certificate"], "certificates": certificates}


def _entry(certificate: x509.Certificate) -> dict[str, t.Any]:
    """What is recorded and told of a certificate; serial and fingerprint as the openssl program prints them."""
    serial = f"{certificate.serial_number:X}"
    return {
        "common_name": str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value),
        "serial": serial.zfill(len(serial) + len(serial) % 2),
        "not_before": _iso(_begin(certificate)),
        "not_after": _iso(_end(certificate)),
        "fingerprint_sha256": certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        "public_key_sha256": _public_key_sha256(certificate),
        "certificate": certificate.public_bytes(serialization.Encoding.PEM).decode(),
    }


def _record(entries: list[dict[str, t.Any]]) -> bytes:
    return (json.dumps({"version": 1, "certificates": entries}, indent=1) + "\n").encode()


def _spki(key: t.Any) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _public_key_sha256(holder: x509.Certificate | x509.CertificateSigningRequest) -> str:
    return hashlib.sha256(_spki(holder.public_key())).hexdigest()


def _pem(label: str, der: bytes) -> bytes:
    body = "\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n".encode()


def _begin(certificate: x509.Certificate) -> datetime.datetime:
    return certificate.not_valid_before_utc


def _end(certificate: x509.Certificate) -> datetime.datetime:
    return certificate.not_valid_after_utc


def _iso(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
