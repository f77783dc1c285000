# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import os
import re
import textwrap
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import Conflict
from ansible_collections.glusterops.shares.plugins.module_utils._lock import locked
from ansible_collections.glusterops.shares.plugins.module_utils._tls import certificates, files, pkcs8

# The module says it when it is missing.
with contextlib.suppress(ImportError):
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

if t.TYPE_CHECKING:  # pragma: no cover
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

# The one truth about the CA: its authorities (oldest first), what they signed and what of it was revoked. Version 1 had
# no authorities, because there was one; it is written as version 2 at the first change.
RECORD = "issued.json"
FIRST = "ca"
_FILE = re.compile(r"(ca(?:-([1-9][0-9]{0,8}))?)\.(?:key|pem|crl)(\.new)?", re.ASCII)

# What the authorities' states, oldest first, say about the rotation.
STAGES: dict[tuple[str, ...], str | None] = {
    ("signing",): None,
    ("signing", "next"): "made",
    ("signing", "trusted"): "trusted",
    ("previous", "signing"): "issuing",
}


@dataclasses.dataclass(frozen=True)
class Authority:
    """One CA. C(key) is None when it was read without a passphrase, C(crl) when there is none.

    sealed: whether its key's passphrase is the one that keys shall have.
    """

    name: str
    state: str
    certificate: x509.Certificate
    key: CertificateIssuerPrivateKeyTypes | None = None
    crl: x509.CertificateRevocationList | None = None
    sealed: bool = True

    @property
    def number(self) -> int:
        return _number(self.name)


@dataclasses.dataclass(frozen=True)
class Record:
    path: str
    authorities: tuple[Authority, ...] = ()
    # Oldest first. Keys of an entry that are not known here are kept.
    entries: tuple[dict[str, t.Any], ...] = ()
    # The last that was used for a CRL.
    crl_number: int = 0
    # The fingerprints of CAs that were replaced.
    retired: tuple[str, ...] = ()
    # What CRLs say is revoked that is not among the entries: of an authority a serial, when and why.
    unseen: tuple[dict[str, t.Any], ...] = ()
    # Somebody else's CAs, in PEM, that are trusted as well.
    adopted: tuple[str, ...] = ()

    @property
    def stage(self) -> str | None:
        """The rotation's, None when there is none under way."""
        return STAGES.get(tuple(authority.state for authority in self.authorities))

    @property
    def signing(self) -> Authority | None:
        """Who signs for machines; None when no CA was made yet."""
        return next((authority for authority in self.authorities if authority.state == "signing"), None)

    @property
    def bundle(self) -> str:
        ours = [certificates.pem(authority.certificate) for authority in self.authorities]
        return "".join((*ours, *self.adopted))

    @property
    def fingerprints(self) -> set[str]:
        """Of every CA that is, or was, this one, or is trusted beside it."""
        present = [authority.certificate for authority in self.authorities]
        present += [x509.load_pem_x509_certificate(pem.encode()) for pem in self.adopted]
        return {*self.retired, *map(certificates.fingerprint, present)}


def file_of(path: str, name: str, kind: str) -> str:
    return os.path.join(path, f"{name}.{kind}")


def alone(path: str) -> t.ContextManager[None]:
    """One run at a time in the directory."""
    parent, name = os.path.split(path)
    return locked(os.path.join(parent, f".{name}.lock"), timeout=60.0)


# ---- reading ----


def read(path: str, *passphrases: bytes) -> Record | None:
    """The CA in the directory; None when the directory is absent or empty; Conflict when it is damaged.

    passphrases: each may open a key, and the first is the one that keys shall have. Without any the keys are not
    looked at.
    """
    while True:
        try:
            names = os.listdir(path)
        except FileNotFoundError:
            return None
        except NotADirectoryError:
            raise Conflict(f"path {path!r} is not a directory.") from None
        if not names:
            return None
        data = files.read(os.path.join(path, RECORD))
        if data is None:
            if not any(_FILE.fullmatch(name) for name in names):
                raise Conflict(
                    f"path {path!r} is neither empty nor a CA made by this module: give a directory of its own."
                )
            raise _damaged(path, RECORD, "is missing")
        try:
            return _read(path, data, passphrases)
        except Conflict:
            # Who reads without the lock may meet a run that just ends a rotation.
            if files.read(os.path.join(path, RECORD)) == data:
                raise


def _damaged(path: str, name: str, why: str) -> Conflict:
    return Conflict(
        f"The CA's file {os.path.join(path, name)!r} {why}. The CA was not changed: restore its directory from"
        " a backup."
    )


def _read(path: str, data: bytes, passphrases: tuple[bytes, ...]) -> Record:
    try:
        told = json.loads(data)
        entries = told["certificates"]
        version = told["version"]
        if version not in (1, 2) or not isinstance(entries, list):
            raise _damaged(path, RECORD, "is not of the version that this module knows")
        for number, entry in enumerate(entries, 1):
            if version == 1:
                entry["ca"] = FIRST
            if not _consistent(entry):
                raise _damaged(path, RECORD, f"contradicts itself in entry {number}")
        heads = told["authorities"] if version == 2 else [{"name": FIRST, "state": "signing"}]
        names = [head["name"] for head in heads]
        crl_number = told["crl_number"] if version == 2 else 0
        retired, unseen, adopted = (tuple(told.get(name, ())) for name in ("retired", "unseen", "adopted"))
        if (
            tuple(head["state"] for head in heads) not in STAGES
            or len(set(names)) != len(names)
            or not all(_FILE.fullmatch(f"{name}.pem") for name in names)
            or not isinstance(crl_number, int)
            or not all(isinstance(one, str) for one in retired)
            or not all(x509.load_pem_x509_certificate(pem.encode()) for pem in adopted)
            or not all(map(_is_revoked, unseen))
        ):
            raise _damaged(path, RECORD, "contradicts itself about the authorities")
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as exc:
        raise _damaged(path, RECORD, "cannot be read as the record of what was signed") from exc
    authorities = tuple(_read_authority(path, head["name"], head["state"], passphrases) for head in heads)
    return Record(path, authorities, tuple(entries), crl_number, retired, unseen, adopted)


def _is_revoked(one: dict[str, t.Any]) -> bool:
    certificates.from_iso(one["at"])
    return isinstance(one["ca"], str) and int(one["serial"], 16) > 0 and one["reason"] in certificates.REASONS


def _consistent(entry: dict[str, t.Any]) -> bool:
    told = certificates.describe(x509.load_pem_x509_certificate(entry["certificate"].encode()))
    revoked = entry.get("revoked")
    if revoked is not None:
        certificates.from_iso(revoked["at"])
    return (
        {name: entry.get(name) for name in told} == told
        and isinstance(entry["ca"], str)
        and (revoked is None or revoked["reason"] in certificates.REASONS)
    )


def _read_authority(path: str, name: str, state: str, passphrases: tuple[bytes, ...]) -> Authority:
    wanted = ("key", "pem") if passphrases else ("pem",)
    data = {kind: files.read(file_of(path, name, kind)) for kind in wanted}
    for kind in wanted:
        if data[kind] is None:
            raise _damaged(path, f"{name}.{kind}", "is missing")
    certificate = _read_certificate(path, name, data["pem"] or b"")
    key, sealed = None, True
    if passphrases:
        key, sealed = _read_key(path, name, data["key"] or b"", passphrases)
        if key.public_key() != certificate.public_key():
            raise _damaged(path, f"{name}.pem", f"does not belong to '{name}.key'")
    return Authority(name, state, certificate, key, _read_crl(path, name, certificate), sealed)


def _read_certificate(path: str, name: str, data: bytes) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(data)
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (ValueError, x509.ExtensionNotFound) as exc:
        raise _damaged(path, f"{name}.pem", "cannot be read as a CA's certificate") from exc
    if not constraints.ca:
        raise _damaged(path, f"{name}.pem", "is not a CA's certificate")
    return certificate


def _read_key(
    path: str, name: str, data: bytes, passphrases: tuple[bytes, ...]
) -> tuple[CertificateIssuerPrivateKeyTypes, bool]:
    """The key, and whether the first passphrase opens it."""
    file = f"{name}.key"
    for passphrase in passphrases:
        try:
            key = serialization.load_pem_private_key(data, passphrase)
        except TypeError as exc:
            raise _damaged(path, file, "is not encrypted") from exc
        except (ValueError, UnsupportedAlgorithm) as exc:
            if (
                b"-----BEGIN ENCRYPTED PRIVATE KEY-----" not in data
                or b"-----END ENCRYPTED PRIVATE KEY-----" not in data
            ):
                raise _damaged(path, file, "cannot be read as a private key") from exc
        else:
            return t.cast("CertificateIssuerPrivateKeyTypes", key), passphrase == passphrases[0]
    raise Conflict(
        f"The passphrase does not open {os.path.join(path, file)!r}, or it is damaged. The CA was not changed."
    )


def _read_crl(path: str, name: str, issuer: x509.Certificate) -> x509.CertificateRevocationList | None:
    data = files.read(file_of(path, name, "crl"))
    if data is None:
        return None
    try:
        crl = x509.load_pem_x509_crl(data)
        good = crl.issuer == issuer.subject and crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except (ValueError, TypeError, UnsupportedAlgorithm):
        good = False
    if not (good and crl.next_update_utc):
        raise _damaged(path, f"{name}.crl", "is not a CRL of this CA")
    return crl


# ---- writing ----


def make(record: Record, authority: Authority, passphrase: bytes) -> None:
    """A whole new directory, for the record's first authority."""
    with files.directory(record.path, 0o700) as directory:
        _write_authority(directory, authority, passphrase, files.fill)
        files.fill(os.path.join(directory, RECORD), _encode(record), 0o644)


def add(path: str, authority: Authority, passphrase: bytes) -> None:
    """The files of one more authority, before the record has it; an interrupted run may have left some."""
    _write_authority(path, authority, passphrase, files.write)


def write(record: Record) -> None:
    files.write(os.path.join(record.path, RECORD), _encode(record), 0o644)


def seal(path: str, authority: Authority, passphrase: bytes) -> None:
    """Gives its key another passphrase."""
    files.write(file_of(path, authority.name, "key"), _sealed(authority, passphrase), 0o600)


def write_crl(path: str, name: str, crl: x509.CertificateRevocationList) -> None:
    files.write(file_of(path, name, "crl"), certificates.pem(crl).encode(), 0o644)


def sweep(record: Record) -> None:
    """Removes the files of authorities that the record has no more, and what interrupted runs left.

    Those of a newer authority stay: they would be needed if only the record had been restored from a backup.
    """
    names = {authority.name for authority in record.authorities}
    newest = max(authority.number for authority in record.authorities)
    for file in os.listdir(record.path):
        found = _FILE.fullmatch(file)
        if found and (found[3] or (found[1] not in names and _number(found[1]) < newest)):
            os.unlink(os.path.join(record.path, file))


def _write_authority(
    path: str, authority: Authority, passphrase: bytes, write: t.Callable[[str, bytes, int], None]
) -> None:
    write(file_of(path, authority.name, "key"), _sealed(authority, passphrase), 0o600)
    write(file_of(path, authority.name, "pem"), certificates.pem(authority.certificate).encode(), 0o644)


def _sealed(authority: Authority, passphrase: bytes) -> bytes:
    """Its key in PEM, encrypted."""
    sealed = pkcs8.encrypt(certificates.private_bytes(authority.key), passphrase)
    body = "\n".join(textwrap.wrap(base64.b64encode(sealed).decode(), 64))
    return f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{body}\n-----END ENCRYPTED PRIVATE KEY-----\n".encode()


def _encode(record: Record) -> bytes:
    told = {
        "version": 2,
        "authorities": [{"name": authority.name, "state": authority.state} for authority in record.authorities],
        "certificates": record.entries,
        "crl_number": record.crl_number,
        "retired": record.retired,
        "unseen": record.unseen,
        "adopted": record.adopted,
    }
    return (json.dumps(told, indent=1) + "\n").encode()


def _number(name: str) -> int:
    return int(name.partition("-")[2] or 1)


def next_name(record: Record) -> str:
    """The name of the files of one more authority."""
    return f"{FIRST}-{max(authority.number for authority in record.authorities) + 1}" if record.authorities else FIRST
