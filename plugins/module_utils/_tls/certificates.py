# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import hashlib
import traceback
import typing as t

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_common_name, check_unique

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
# The words of RFC 5280 that suit an identity.
REASONS = (
    "unspecified",
    "key_compromise",
    "affiliation_changed",
    "superseded",
    "cessation_of_operation",
    "privilege_withdrawn",
)
MAX_DAYS = 36500
# So much may a machine's clock be behind the CA host's.
SKEW = datetime.timedelta(minutes=5)


# ---- what is asked ----


@dataclasses.dataclass(frozen=True)
class Validity:
    """How long certificates are valid, and how long before their end they are signed anew; in days."""

    valid_days: int = 365
    renew_before_days: int = 30

    def __post_init__(self) -> None:
        check_days("valid_days", self.valid_days, 1)
        check_days("renew_before_days", self.renew_before_days, 0)
        if self.renew_before_days >= self.valid_days:
            raise BadInput(
                f"renew_before_days {self.renew_before_days} must be less than valid_days {self.valid_days}:"
                " otherwise every run would sign everything again."
            )

    def end(self, issuer: x509.Certificate, now: datetime.datetime) -> datetime.datetime:
        """The end of a certificate that is signed now."""
        return min(now + datetime.timedelta(days=self.valid_days), end(issuer))


def check_days(name: str, value: int, low: int, high: int = MAX_DAYS) -> None:
    if not low <= value <= high:
        raise BadInput(f"{name} {value} is out of range: {low} to {high}.")


def check_library() -> None:
    if CRYPTOGRAPHY_ERROR:
        raise GlusterOpsError(missing_required_lib("cryptography >= 42"), exception=CRYPTOGRAPHY_ERROR)


def check_passphrase(passphrase: str, what: str = "passphrase") -> bytes:
    if len(passphrase) < 8:
        # It is the role's that most forget.
        hint = ": there is none. For the role, set tls_ca_passphrase or GLUSTEROPS_CA_PASSPHRASE"
        raise BadInput(f"{what} must have at least 8 characters{'' if passphrase else hint}.")
    return passphrase.encode()


@dataclasses.dataclass(frozen=True)
class Request:
    """Somebody's wish for a certificate. C(csr) is None when the machine has not made its key yet (check mode).

    Several machines may have the same name, each with a key of its own.
    bundle, certificate: those that the machine has, in PEM. server: whether it is a TLS server, too.
    """

    common_name: str
    csr: x509.CertificateSigningRequest | None
    pem: str | None = None
    bundle: str | None = None
    certificate: str | None = None
    server: bool = False

    @property
    def public_key_sha256(self) -> str | None:
        return public_key_sha256(self.csr.public_key()) if self.csr else None


def parse_request(common_name: t.Any, csr: str | None, csr_optional: bool = False, option: str = "sign") -> Request:
    """A request whose name, signature and key are good, else BadInput."""
    check_common_name(common_name, f"{option}: common_name")
    what = f"{option}: the csr of {common_name!r}"
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


def check_requests(requests: t.Iterable[Request]) -> None:
    check_unique(
        (f"{request.common_name} {request.public_key_sha256}" for request in requests if request.csr),
        "sign: the name and key",
    )


# ---- what is made ----


def new_key(key_type: str) -> CertificateIssuerPrivateKeyTypes:
    if key_type == "ecdsa-p256":
        return ec.generate_private_key(ec.SECP256R1())
    if key_type == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, 4096)


def make_authority(
    key: CertificateIssuerPrivateKeyTypes, common_name: str, now: datetime.datetime, days: int
) -> x509.Certificate:
    """A CA's own certificate. It vouches for identities only, never for another CA."""
    name = _name(common_name)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        _builder(name, name, key.public_key(), now, now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(sign_certificates=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(key, _hash(key))
    )


def make_certificate(
    issuer: x509.Certificate,
    issuer_key: CertificateIssuerPrivateKeyTypes,
    common_name: str,
    key: t.Any,
    now: datetime.datetime,
    validity: Validity,
) -> x509.Certificate:
    """An identity's certificate for the public key."""
    return (
        _builder(_name(common_name), issuer.subject, key, now, validity.end(issuer, now))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(encipher=isinstance(key, rsa.RSAPublicKey)), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
            critical=False,
        )
        .add_extension(_issuer_key(issuer), critical=False)
        .sign(issuer_key, _hash(issuer_key))
    )


def make_crl(
    issuer: x509.Certificate,
    issuer_key: CertificateIssuerPrivateKeyTypes,
    revoked: t.Iterable[tuple[int, datetime.datetime, str]],
    number: int,
    now: datetime.datetime,
    days: int,
) -> x509.CertificateRevocationList:
    """The list of revoked certificates: serial, when and one of REASONS."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(now - SKEW)
        .next_update(now + datetime.timedelta(days=days))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(_issuer_key(issuer), critical=False)
    )
    for serial, at, reason in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
        # RFC 5280 wants no reason rather than an unspecified one.
        if reason != "unspecified":
            entry = entry.add_extension(x509.CRLReason(getattr(x509.ReasonFlags, reason)), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer_key, _hash(issuer_key))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: t.Any, now: datetime.datetime, last: datetime.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(last)
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


def _issuer_key(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())  # type: ignore[arg-type]


def _hash(key: t.Any) -> hashes.SHA256 | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


# ---- how it is written down ----


def describe(certificate: x509.Certificate) -> dict[str, t.Any]:
    """What is recorded and told of a certificate; serial and fingerprint as the openssl program prints them."""
    return {
        "common_name": common_name_of(certificate),
        "serial": serial(certificate.serial_number),
        "not_before": iso(begin(certificate)),
        "not_after": iso(end(certificate)),
        "fingerprint_sha256": fingerprint(certificate),
        "public_key_sha256": public_key_sha256(certificate.public_key()),
        "certificate": pem(certificate),
    }


def load(pem: str | None) -> x509.Certificate | None:
    """The first certificate of a text that may be anything; None if it is none."""
    with contextlib.suppress(ValueError, UnsupportedAlgorithm):
        return x509.load_pem_x509_certificate((pem or "").encode())
    return None


def is_signed_by(certificate: x509.Certificate, ca: x509.Certificate) -> bool:
    with contextlib.suppress(InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        certificate.verify_directly_issued_by(ca)
        return True
    return False


def serial(number: int) -> str:
    """As the openssl program prints it."""
    digits = f"{number:X}"
    return digits.zfill(len(digits) + len(digits) % 2)


def fingerprint(certificate: x509.Certificate) -> str:
    """As the openssl program prints it."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def common_name_of(certificate: x509.Certificate) -> str:
    """The first, which is the one that Gluster takes; empty when there is none."""
    names = [str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return names[0] if names else ""


def public_key_sha256(key: t.Any) -> str:
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()


def private_bytes(key: t.Any, encoding: str = "DER") -> bytes:
    """The key in PKCS#8, not encrypted."""
    return key.private_bytes(
        getattr(serialization.Encoding, encoding), serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def pem(thing: x509.Certificate | x509.CertificateRevocationList) -> str:
    return thing.public_bytes(serialization.Encoding.PEM).decode()


def begin(certificate: x509.Certificate) -> datetime.datetime:
    return certificate.not_valid_before_utc


def end(certificate: x509.Certificate) -> datetime.datetime:
    return certificate.not_valid_after_utc


def iso(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def from_iso(text: str) -> datetime.datetime:
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
