# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import re
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    NotFound,
    Refused,
    few,
)
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._tls import (
    adoption,
    certificates,
    files,
    record,
    revocation,
    rotation,
    seen,
)
from ansible_collections.glusterops.shares.plugins.module_utils._tls.certificates import Request, Validity, iso
from ansible_collections.glusterops.shares.plugins.module_utils._tls.record import Authority, Record

# The module says it when it is missing.
with contextlib.suppress(ImportError):
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

_CA_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9._-])?", re.ASCII)
_MAX_CRL_DAYS = 3650
NONE = (
    "There is no CA in {path!r}, and none is made here: give the path of the CA that signed before, or restore its"
    " directory from a backup. Where there never was one, the playbook tls makes it."
)


@dataclasses.dataclass(frozen=True)
class Desired:
    """make: whether a CA is made if there is none. other_cas: what becomes of those that machines trust besides.

    others: whether a request that must not be signed holds the others back no more than by what its answer says.
    absent: who has to trust the CA, and has no request here.
    """

    path: str
    common_name: str = "glusterops shares CA"
    key_type: str = "ecdsa-p256"
    ca_valid_days: int = 3650
    validity: Validity = Validity()
    requests: tuple[Request, ...] = ()
    # The stage that is to be reached, one of rotation.STAGES.
    rotation: str | None = None
    force: bool = False
    revocations: tuple[revocation.Revocation, ...] = ()
    crl: bool = False
    crl_valid_days: int = 30
    make: bool = True
    other_cas: str = adoption.REFUSE
    others: bool = False
    absent: tuple[adoption.Absent, ...] = ()
    # What machines have besides what they ask with.
    seen: seen.Seen = seen.Seen()

    def __post_init__(self) -> None:
        if not _CA_NAME.fullmatch(self.common_name):
            raise BadInput(
                f"common_name {self.common_name!r} is not a CA's name: 1 to 64 of A-Z a-z 0-9 . _ - and spaces inside."
            )
        certificates.check_days("ca_valid_days", self.ca_valid_days, 1)
        certificates.check_days("crl_valid_days", self.crl_valid_days, 1, _MAX_CRL_DAYS)
        certificates.check_requests(self.requests)


@dataclasses.dataclass(frozen=True)
class Plan:
    changes: list[Change]
    # As it shall be, but for what is still to be made: an authority, certificates and CRLs.
    record: Record
    new: rotation.New | None
    to_sign: list[Request]
    # The authorities whose CRL is made.
    crls: list[str]
    # By number of the request, why it is not signed.
    refused: dict[int, str] = dataclasses.field(default_factory=dict)
    # The authorities whose key gets the first passphrase.
    seal: list[str] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)
    # Who comes from another CA.
    coming: list[str] = dataclasses.field(default_factory=list)


# ---- what must be done ----


def plan(desired: Desired, found: Record | None, now: datetime.datetime) -> Plan:
    if found is None:
        _check_make(desired)
    made_up = seen.make_up(found, desired.seen, now) if found else None
    after = made_up.record if made_up else None
    changes = list(made_up.changes) if made_up else []
    more, entries = revocation.revoke(after.entries if after else (), desired.revocations, desired.path, now)
    changes += more
    after = dataclasses.replace(after, entries=entries) if after else None
    new = None
    if desired.rotation:
        more, after, new = rotation.plan(after, desired.path, desired.rotation, desired.common_name, desired.force, now)
        changes += more
    if after is None:
        after = Record(desired.path)
        new = rotation.New(record.next_name(after), "signing", desired.common_name)
        changes.append(Change(desired.path, "certificate authority", "absent", "made"))
    more, after, refused = _plan_trust(desired, after)
    changes += more
    coming = _check_everybody(desired, after, refused)
    more, to_sign = _plan_requests(desired, after, refused, now)
    changes += more
    seal = [authority.name for authority in after.authorities if not authority.sealed]
    changes += [Change(record.file_of(desired.path, name, "key"), "passphrase", "old", "new") for name in seal]
    crls: list[str] = []
    older = made_up.older if made_up else frozenset()
    # Once there are some they are kept up to date: where bricks look at them and they end, nobody gets in.
    if desired.crl or older or any(authority.crl is not None for authority in after.authorities):
        if after.adopted:
            raise Conflict(
                f"The CA in {desired.path!r} can have no CRLs while other CAs are trusted: there is none of theirs, so"
                " they would be refused. Drop them first (other_cas=drop). Nothing was changed."
            )
        more, crls = revocation.plan_crls(after, older, now)
        changes += more
        if new:
            changes.append(Change(record.file_of(desired.path, new.name, "crl"), "crl", "absent", "signed"))
            crls.append(new.name)
    warnings = [*(made_up.warnings if made_up else []), *map(_renamed, filter(_is_renamed, to_sign))]
    return Plan(changes, after, new, to_sign, crls, refused, seal, warnings, coming)


def _check_make(desired: Desired) -> None:
    """Refuses to make a CA where there should be one."""
    if not desired.make:
        raise NotFound(NONE.format(path=desired.path))
    if files.is_thrown_away(desired.path):
        raise Refused(
            f"{desired.path!r} is in a container (an execution environment) that is thrown away with this job, and the"
            " CA would be with it. Give the CA host, a real machine, as tls_ca_host. Nothing was changed."
        )
    if desired.other_cas == adoption.REFUSE:
        adoption.check_new(desired.requests, desired.absent, desired.path)


def _plan_trust(desired: Desired, after: Record) -> tuple[list[Change], Record, dict[int, str]]:
    """The changes, the record with the other CAs that are to be trusted, and whose requests must not be signed."""
    ours = [(authority.name, certificates.fingerprint(authority.certificate)) for authority in after.authorities]
    refused = adoption.outdated(desired.requests, ours, desired.path)
    _check_refused(desired, refused)
    if desired.other_cas == adoption.DROP:
        changes = [Change(desired.path, "other CAs", "trusted", "dropped")] if after.adopted else []
        return changes, dataclasses.replace(after, adopted=()), refused
    changes = []
    # What this CA has signed is no CA, wherever it stands.
    known = {*after.fingerprints, *(entry["fingerprint_sha256"] for entry in after.entries)}
    if desired.other_cas == adoption.KEEP:
        adopted = adoption.adopted(desired.requests, known)
        if adopted and (desired.crl or any(authority.crl is not None for authority in after.authorities)):
            raise Conflict(
                "Other CAs cannot be kept (other_cas=keep) where CRLs are: there is none of theirs, so whoever has a"
                " certificate of theirs would be refused all the same. Nothing was changed."
            )
        if adopted:
            changes.append(Change(desired.path, "other CAs", "only on servers", "trusted"))
            after = dataclasses.replace(after, adopted=(*after.adopted, *adopted))
    known |= after.fingerprints
    refused = {**adoption.refusals(desired.requests, known, desired.path), **refused}
    _check_refused(desired, refused)
    return changes, after, refused


def _check_refused(desired: Desired, refused: t.Mapping[int, str]) -> None:
    """Refuses all if one is, unless the others are not to be held up."""
    if refused and not desired.others:
        raise Refused(f"{few(list(refused.values()))} The CA was not changed.")


def _is_renamed(request: Request) -> bool:
    """Whether a server is to have another name than it has."""
    present = certificates.load(request.certificate) if request.server else None
    return bool(present and certificates.common_name_of(present) != request.common_name)


def _renamed(request: Request) -> str:
    before = certificates.common_name_of(t.cast(x509.Certificate, certificates.load(request.certificate)))
    return (
        f"The server that was called {before!r} is {request.common_name!r} from now on. Shares that do not list that"
        " name keep it out, and its self-heal daemon, until the playbook shares has put it on their lists."
    )


def _check_everybody(desired: Desired, after: Record, refused: t.Mapping[int, str]) -> list[str]:
    """Who comes from another CA. Refused as long as not all are told to trust this one."""
    ours = {*after.retired, *(certificates.fingerprint(authority.certificate) for authority in after.authorities)}
    signed = [request for number, request in enumerate(desired.requests) if number not in refused]
    coming = [request.common_name for request in signed if adoption.comes(request, ours)]
    unsigned = [adoption.Absent(desired.requests[number].common_name, why=why) for number, why in refused.items()]
    adoption.check_everybody(coming, (*desired.absent, *unsigned), desired.path)
    return coming


def _plan_requests(
    desired: Desired, after: Record, refused: t.Container[int], now: datetime.datetime
) -> tuple[list[Change], list[Request]]:
    """The changes, and what is to be signed."""
    changes, to_sign = [], []
    revoked = revocation.Revoked(after.entries)
    by_key = latest(entry for entry in after.entries if "tenant" not in entry)
    names = {name for name, _key in by_key}
    for number, request in enumerate(desired.requests):
        # Never signed again: that would undo it.
        if number in refused or revoked.has(request.common_name, request.public_key_sha256):
            continue
        entry = by_key.get((request.common_name, request.public_key_sha256))
        why: str | None = "for another key" if request.common_name in names else "missing"
        if entry and after.signing:
            why = why_sign(entry, after.signing, desired.validity, now)
        if why:
            changes.append(Change(request.common_name, "certificate", why, "signed"))
            to_sign.append(request)
    if after.signing and desired.requests:
        check_valid_now(desired.path, after.signing, now)
    return changes, to_sign


def why_sign(entry: dict[str, t.Any], signing: Authority, validity: Validity, now: datetime.datetime) -> str | None:
    """What is wrong with what was signed, or None."""
    certificate = x509.load_pem_x509_certificate(entry["certificate"].encode())
    try:
        certificate.verify_directly_issued_by(signing.certificate)
    except (InvalidSignature, ValueError, TypeError):
        return "of another CA"
    # Shortly before the CA's own end a new certificate would not last longer: then it is no use.
    end = certificates.end(certificate)
    if end - now <= datetime.timedelta(days=validity.renew_before_days) and end < validity.end(
        signing.certificate, now
    ):
        return f"valid to {iso(end)}"
    return None


def latest(entries: t.Iterable[dict[str, t.Any]]) -> dict[tuple[str, str | None], dict[str, t.Any]]:
    """Of every name and key the entry that was signed last. One pass over the record: it may hold thousands."""
    return {(entry["common_name"], entry["public_key_sha256"]): entry for entry in entries}


def check_valid_now(path: str, signing: Authority, now: datetime.datetime) -> None:
    begin, end = certificates.begin(signing.certificate), certificates.end(signing.certificate)
    if not begin <= now < end:
        raise Conflict(
            f"The CA in {path!r} is valid from {iso(begin)} to {iso(end)} only: nothing that it signed counts now."
            " Replace it with rotation (the playbook rotate_ca), which does so at once where it has ended."
        )


def ending(path: str, signing: Authority | None, validity: Validity, now: datetime.datetime) -> list[str]:
    """What is to be said of a CA that ends before long: what it signs will not last as long as it should."""
    end = certificates.end(signing.certificate) if signing else None
    if end is None or end - now > datetime.timedelta(days=2 * validity.valid_days):
        return []
    return [f"The CA in {path!r} ends on {iso(end)}, and all that it signed: replace it before, with rotate_ca."]


# ---- doing it ----


def ensure(
    desired: Desired, passphrases: tuple[bytes, ...], now: datetime.datetime, check_mode: bool
) -> tuple[list[Change], dict[str, t.Any]]:
    """Makes the CA, rotates, revokes and signs, as far as needed: the changes and the module's return values.

    passphrases: those that may open the keys. The first is the one that they shall have.
    """
    desired = dataclasses.replace(desired, path=os.path.realpath(desired.path))
    now = now.replace(microsecond=0)
    with files.explained("keep the CA"):
        if check_mode:
            planned = plan(desired, record.read(desired.path, *passphrases), now)
            return planned.changes, _values(desired, planned, now)
        with record.alone(desired.path):
            found = record.read(desired.path, *passphrases)
            planned = plan(desired, found, now)
            if planned.changes:
                _apply(desired, planned, found, passphrases[0], now)
                found = record.read(desired.path, *passphrases)
            after = t.cast(Record, found)
            record.sweep(after)
    done = dataclasses.replace(planned, record=after, new=None, crls=[])
    return planned.changes, _values(desired, done, now, signed=True)


def _apply(desired: Desired, planned: Plan, found: Record | None, passphrase: bytes, now: datetime.datetime) -> None:
    """Signs all, then writes the record once: a certificate that nobody recorded was given to nobody."""
    after = planned.record
    for authority in after.authorities:
        if authority.name in planned.seal:
            record.seal(desired.path, authority, passphrase)
    made = None
    if planned.new:
        key = certificates.new_key(desired.key_type)
        certificate = certificates.make_authority(key, planned.new.common_name, now, desired.ca_valid_days)
        made = Authority(planned.new.name, planned.new.state, certificate, key)
        after = dataclasses.replace(after, authorities=(*after.authorities, made))
    if made and not found:
        record.make(after, made, passphrase)
    elif made:
        record.add(desired.path, made, passphrase)
    if planned.to_sign:
        signing = t.cast(Authority, after.signing)
        pairs = [(item.common_name, t.cast(t.Any, item.csr).public_key()) for item in planned.to_sign]
        signed = [sign(signing, name, key, desired.validity, now) for name, key in pairs]
        after = dataclasses.replace(after, entries=(*kept(after.entries, now), *signed))
    if planned.crls:
        # Before the CRL is written, so that no number is ever used twice.
        after = dataclasses.replace(after, crl_number=after.crl_number + 1)
    record.write(after)
    for authority in after.authorities:
        if authority.name in planned.crls:
            crl = revocation.make_crl(after, authority, now, desired.crl_valid_days)
            record.write_crl(desired.path, authority.name, crl)


def sign(
    signing: Authority, common_name: str, key: t.Any, validity: Validity, now: datetime.datetime
) -> dict[str, t.Any]:
    """The record's entry of a new certificate for the public key."""
    issuer_key = t.cast(t.Any, signing.key)
    certificate = certificates.make_certificate(signing.certificate, issuer_key, common_name, key, now, validity)
    return {**certificates.describe(certificate), "ca": signing.name}


def kept(entries: t.Iterable[dict[str, t.Any]], now: datetime.datetime) -> list[dict[str, t.Any]]:
    """The entries that still count: what is revoked stays, so that its key is never signed again."""
    return [entry for entry in entries if entry["not_after"] > iso(now) or "revoked" in entry]


# ---- what is told ----


def _values(desired: Desired, planned: Plan, now: datetime.datetime, signed: bool = False) -> dict[str, t.Any]:
    """C(signed) says that the record has the answers to all requests."""
    after, new = planned.record, planned.new
    authorities = tell_authorities(after)
    if new:
        unknown = dict.fromkeys(("certificate", "fingerprint_sha256", "not_after"))
        authorities.append({"name": new.name, "state": new.state, "common_name": new.common_name, **unknown})
    ca = next(authority for authority in authorities if authority["state"] == "signing")
    by_key = latest(entry for entry in after.entries if "tenant" not in entry)
    waiting = {id(request) for request in planned.to_sign}
    revoked = revocation.Revoked(after.entries)
    names = ("certificate", "fingerprint_sha256", "not_after", "serial")
    answers = []
    for number, request in enumerate(desired.requests):
        changed, key = id(request) in waiting, (request.common_name, request.public_key_sha256)
        why = planned.refused.get(number)
        gone = not why and revoked.has(*key)
        entry = by_key[key] if not (why or gone) and (signed or not changed) else {}
        answer = {"common_name": request.common_name, "csr": request.pem, "changed": changed, "revoked": gone}
        answers.append({**answer, "refused": why, **{name: entry.get(name) for name in names}})
    return {
        "ca": {name: ca[name] for name in ("certificate", "fingerprint_sha256", "not_after", "common_name")},
        "authorities": [
            {name: value for name, value in authority.items() if name != "certificate"} for authority in authorities
        ],
        "rotation": rotation.told(after, new),
        "bundle": None if new else after.bundle,
        "crls": None if planned.crls else revocation.crls_of(after),
        "certificates": answers,
        "coming": planned.coming,
        "revoked": revocation.told(after.entries),
        "warnings": planned.warnings + _kept(after) + ending(desired.path, after.signing, desired.validity, now),
    }


def _kept(record: Record) -> list[str]:
    """What is to be said of other CAs that are trusted: whoever has a certificate of theirs may get in, too."""
    if not record.adopted:
        return []
    names = [x509.load_pem_x509_certificate(pem.encode()).subject.rfc4514_string() for pem in record.adopted]
    return [
        f"Beside the CA in {record.path!r} these are trusted: {', '.join(names)}. When nobody needs them any more, drop"
        " them with other_cas=drop (the role's tls_other_cas)."
    ]


def tell_authorities(found: Record) -> list[dict[str, t.Any]]:
    names = ("common_name", "not_after", "fingerprint_sha256", "certificate")
    return [
        {"name": authority.name, "state": authority.state, **{name: described[name] for name in names}}
        for authority in found.authorities
        for described in (certificates.describe(authority.certificate),)
    ]
