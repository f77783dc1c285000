# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, NotFound, Refused, few
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_common_name
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._tls import certificates
from ansible_collections.glusterops.shares.plugins.module_utils._tls.certificates import Request, iso
from ansible_collections.glusterops.shares.plugins.module_utils._tls.record import Authority, Record, file_of

if t.TYPE_CHECKING:  # pragma: no cover
    from cryptography import x509


@dataclasses.dataclass(frozen=True)
class Revocation:
    """Of one certificate, or without a serial of all that are valid, of an identity."""

    common_name: str
    serial: str | None = None
    reason: str = "unspecified"


def parse_revocation(common_name: t.Any, serial: str | None, reason: str) -> Revocation:
    check_common_name(common_name, "revoke: common_name")
    if serial is not None:
        digits = serial.replace(":", "").upper()
        if not re.fullmatch("[0-9A-F]{1,40}", digits):
            raise BadInput(f"revoke: the serial {serial!r} of {common_name!r} is not a number in hexadecimal digits.")
        serial = digits.zfill(len(digits) + len(digits) % 2)
    return Revocation(common_name, serial, reason)


# ---- what is revoked ----


def revoke(
    entries: t.Sequence[dict[str, t.Any]], revocations: t.Iterable[Revocation], path: str, now: datetime.datetime
) -> tuple[list[Change], tuple[dict[str, t.Any], ...]]:
    """The changes, and the entries with what is revoked now. NotFound for what was never signed here."""
    changes = []
    after = list(entries)
    for revocation in revocations:
        found = [
            number
            for number, entry in enumerate(after)
            if entry["common_name"] == revocation.common_name and revocation.serial in (None, entry["serial"])
        ]
        if not found:
            serial = f" with the serial {revocation.serial}" if revocation.serial else ""
            raise NotFound(
                f"revoke: the CA in {path!r} has no certificate of {revocation.common_name!r}{serial} in its record:"
                " compare with what gluster_tls_info shows. If it came from an older backup, run the playbook tls"
                " first, which takes up what machines have. The CA was not changed."
            )
        for number in found:
            entry = after[number]
            if "revoked" not in entry and entry["not_after"] > iso(now):
                after[number] = {**entry, "revoked": {"at": iso(now), "reason": revocation.reason}}
                changes.append(Change(revocation.common_name, "revoked", f"{entry['serial']} valid", revocation.reason))
    return changes, tuple(after)


class Revoked:
    """The keys that were revoked: under the names that they had, and under all if somebody else may have them."""

    def __init__(self, entries: t.Iterable[dict[str, t.Any]]) -> None:
        self._keys: set[tuple[str | None, str | None]] = set()
        for entry in entries:
            if "revoked" in entry:
                compromised = entry["revoked"]["reason"] == "key_compromise"
                self._keys.add((None if compromised else entry["common_name"], entry["public_key_sha256"]))

    def has(self, common_name: str, public_key_sha256: str | None) -> bool:
        return bool(self._keys & {(common_name, public_key_sha256), (None, public_key_sha256)})


def check_not_revoked(entries: t.Iterable[dict[str, t.Any]], requests: t.Iterable[Request], option: str) -> None:
    """Refused when a key was revoked under the name that asks with it."""
    revoked = Revoked(entries)
    names = [request.common_name for request in requests if revoked.has(request.common_name, request.public_key_sha256)]
    if names:
        sentences = [f"{option}: the key of {name!r} was revoked: ask with a new key." for name in names]
        raise Refused(f"{few(sentences)} The CA was not changed.", revoked=names)


def told(entries: t.Iterable[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    return [
        {**{name: entry[name] for name in ("common_name", "serial", "ca")}, **entry["revoked"]}
        for entry in entries
        if "revoked" in entry
    ]


# ---- CRLs ----


def plan_crls(record: Record, older: t.Container[str], now: datetime.datetime) -> tuple[list[Change], list[str]]:
    """The changes, and the names of the authorities whose CRL must be made. older: those of which machines have later
    ones."""
    due = [
        (authority.name, "older than what machines have" if authority.name in older else _why(record, authority, now))
        for authority in record.authorities
    ]
    changes = [Change(file_of(record.path, name, "crl"), "crl", why, "signed") for name, why in due if why]
    return changes, [name for name, why in due if why]


def _why(record: Record, authority: Authority, now: datetime.datetime) -> str | None:
    """What is wrong with the authority's CRL, or None."""
    crl = authority.crl
    # An empty CRL counts as false.
    last = None if crl is None else crl.next_update_utc
    if crl is None or last is None:
        return "absent"
    # Serials that the record has dropped with their certificates' end are no reason.
    known = {_serial(entry): "revoked" in entry for entry in _valid(record, authority, now)}
    known.update(dict.fromkeys(map(_serial, _unseen(record, authority)), True))
    listed = {revoked.serial_number for revoked in crl}
    if any((serial in listed) is not revoked for serial, revoked in known.items()):
        return "other certificates are revoked"
    if last - now < (last - crl.last_update_utc) / 2:
        return f"valid to {iso(last)}"
    return None


def make_crl(record: Record, authority: Authority, now: datetime.datetime, days: int) -> x509.CertificateRevocationList:
    """With the record's number; C(authority) has its key."""
    revoked = [
        (_serial(entry), certificates.from_iso(entry["revoked"]["at"]), entry["revoked"]["reason"])
        for entry in _valid(record, authority, now)
        if "revoked" in entry
    ]
    revoked += [(_serial(one), certificates.from_iso(one["at"]), one["reason"]) for one in _unseen(record, authority)]
    return certificates.make_crl(
        authority.certificate, t.cast(t.Any, authority.key), revoked, record.crl_number, now, days
    )


def _valid(record: Record, authority: Authority, now: datetime.datetime) -> list[dict[str, t.Any]]:
    # A machine's clock may be behind.
    last = iso(now - certificates.SKEW)
    return [entry for entry in record.entries if entry["ca"] == authority.name and entry["not_after"] > last]


def _unseen(record: Record, authority: Authority) -> list[dict[str, t.Any]]:
    return [one for one in record.unseen if one["ca"] == authority.name]


def _serial(entry: dict[str, t.Any]) -> int:
    return int(entry["serial"], 16)


def crls_of(record: Record) -> str | None:
    """The CRLs of all of the bundle's CAs in PEM; None when one is missing, because that would lock everybody out."""
    crls = [authority.crl for authority in record.authorities]
    if not crls or None in crls:
        return None
    return "".join(certificates.pem(t.cast("x509.CertificateRevocationList", crl)) for crl in crls)
