# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What machines have of a CA, and what its record lacks of that, because it came from an older backup.

Of what machines say only that is believed which the CA's own key has signed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._tls import certificates
from ansible_collections.glusterops.shares.plugins.module_utils._tls.certificates import iso
from ansible_collections.glusterops.shares.plugins.module_utils._tls.record import RECORD, Authority, Record

# The module says it when it is missing.
with contextlib.suppress(ImportError):
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm


@dataclasses.dataclass(frozen=True)
class Seen:
    """issued: the certificates that machines have, in PEM. crls: their CRLs in PEM."""

    issued: tuple[str | None, ...] = ()
    crls: tuple[str | None, ...] = ()


@dataclasses.dataclass(frozen=True)
class MadeUp:
    """record: with what machines have of it that it lacked. older: the authorities whose CRLs are older here than on
    machines. changes: empty if it lacked nothing."""

    record: Record
    older: frozenset[str] = frozenset()
    changes: tuple[Change, ...] = ()

    @property
    def warnings(self) -> list[str]:
        return [_ADVICE.format(path=self.record.path)] if self.changes else []


_ADVICE = (
    "The record of the CA in {path!r} was behind what machines have, as if an older backup was restored. What they have"
    " was taken up again. What was handed over or revoked since that backup, and no machine of this run knows of, is"
    " lost: hand over again what was handed over, and revoke again what was revoked."
)


def make_up(record: Record, seen: Seen, now: datetime.datetime) -> MadeUp:
    entries, unseen = list(record.entries), list(record.unseen)
    known = {entry["fingerprint_sha256"] for entry in entries}
    for certificate in filter(None, map(certificates.load, dict.fromkeys(seen.issued))):
        fingerprint, issuer = certificates.fingerprint(certificate), _issuer(record, certificate)
        # What has ended was dropped from the record.
        if issuer and fingerprint not in known and certificates.end(certificate) > now:
            known.add(fingerprint)
            entries.append({**certificates.describe(certificate), "ca": issuer.name})
    number, older = record.crl_number, set()
    for authority, crl in _signed(record, seen.crls):
        its = _number(crl)
        number = max(number, its)
        if authority.crl is None or its > _number(authority.crl):
            older.add(authority.name)
        unseen += _revoked(authority, crl)
    entries, unseen = _apply(entries, unseen)
    after = dataclasses.replace(record, entries=tuple(entries), unseen=tuple(unseen), crl_number=number)
    if after == record and not older:
        return MadeUp(record)
    added, revoked = len(entries) - len(record.entries), _count(after) - _count(record)
    lacks = f"{added} certificates and {revoked} revocations behind, CRL number {record.crl_number}"
    change = Change(os.path.join(record.path, RECORD), "record", lacks, f"made up for, CRL number {number}")
    return MadeUp(after, frozenset(older), (change,))


def _count(record: Record) -> int:
    return len(record.unseen) + sum("revoked" in entry for entry in record.entries)


def _issuer(record: Record, certificate: x509.Certificate) -> Authority | None:
    for authority in record.authorities:
        if certificates.is_signed_by(certificate, authority.certificate):
            return authority
    return None


def _signed(
    record: Record, crls: t.Iterable[str | None]
) -> t.Iterator[tuple[Authority, x509.CertificateRevocationList]]:
    """Those that one of the authorities has signed, with it."""
    for authority in record.authorities:
        for crl in signed_by(authority.certificate, crls):
            yield authority, crl


def signed_by(issuer: x509.Certificate, crls: t.Iterable[str | None]) -> t.Iterator[x509.CertificateRevocationList]:
    """Those, in PEM, that it has signed."""
    for pem in dict.fromkeys(crls):
        with contextlib.suppress(ValueError, TypeError, UnsupportedAlgorithm):
            crl = x509.load_pem_x509_crl((pem or "").encode())
            if crl.issuer == issuer.subject and crl.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]
                yield crl


def _number(crl: x509.CertificateRevocationList) -> int:
    with contextlib.suppress(x509.ExtensionNotFound):
        return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    return 0


def _revoked(authority: Authority, crl: x509.CertificateRevocationList) -> list[dict[str, t.Any]]:
    found = []
    for one in crl:
        reason = "unspecified"
        with contextlib.suppress(x509.ExtensionNotFound):
            reason = one.extensions.get_extension_for_class(x509.CRLReason).value.reason.name
        found.append(
            {
                "ca": authority.name,
                "serial": certificates.serial(one.serial_number),
                "at": iso(one.revocation_date_utc),
                "reason": reason if reason in certificates.REASONS else "unspecified",
            }
        )
    return found


def _apply(
    entries: list[dict[str, t.Any]], unseen: t.Iterable[dict[str, t.Any]]
) -> tuple[list[dict[str, t.Any]], list[dict[str, t.Any]]]:
    """Revoked are the entries that are known, and what is not known stays unseen."""
    places = {(entry["ca"], entry["serial"]): number for number, entry in enumerate(entries)}
    left: dict[tuple[str, str], dict[str, t.Any]] = {}
    for one in unseen:
        place = one["ca"], one["serial"]
        if place not in places:
            left.setdefault(place, one)
        elif "revoked" not in entries[places[place]]:
            entries[places[place]] = {
                **entries[places[place]],
                "revoked": {"at": one["at"], "reason": one["reason"]},
            }
    return entries, list(left.values())
