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

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Refused, few
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._tls import adoption, certificates, files, seen
from ansible_collections.glusterops.shares.plugins.module_utils._tls.certificates import Request
from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import OpenSSL, blocks
from ansible_collections.glusterops.shares.plugins.module_utils._tls.record import alone

# The module says it when it is missing.
with contextlib.suppress(ImportError):
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

BUNDLE, CRLS = "ca.pem", "crls.pem"
_CRL = re.compile(r"-----BEGIN X509 CRL-----\s[A-Za-z0-9+/=\s]+-----END X509 CRL-----")


@dataclasses.dataclass(frozen=True)
class Desired:
    requests_path: str
    certificates_path: str
    requests: tuple[Request, ...] = ()
    renew_before_days: int = 30
    # As authority.Desired has them.
    other_cas: str = adoption.REFUSE
    others: bool = False
    absent: tuple[adoption.Absent, ...] = ()
    installed_crls: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        certificates.check_days("renew_before_days", self.renew_before_days, 0)
        certificates.check_requests(self.requests)

    def request_file(self, request: Request) -> str:
        return os.path.join(self.requests_path, f"{_name(request)}.csr")

    def certificate_file(self, request: Request) -> str:
        return os.path.join(self.certificates_path, f"{_name(request)}.pem")


@dataclasses.dataclass(frozen=True)
class Chain:
    """A certificate, and those between it and the CA after it."""

    pem: str
    certificates: tuple[x509.Certificate, ...]


@dataclasses.dataclass(frozen=True)
class Observed:
    """What lies in the two directories, by path. Texts are None where there is no file."""

    requests: dict[str, str | None]
    chains: dict[str, Chain]
    bundle: Chain | None
    crls: str | None


def _name(request: Request) -> str:
    return f"{request.common_name}-{(request.public_key_sha256 or '')[:16]}"


# ---- what is there ----


def observe(desired: Desired, openssl: OpenSSL, now: datetime.datetime) -> Observed:
    """Everything is checked: BadInput when something there cannot be used."""
    bundle = _read_chain(os.path.join(desired.certificates_path, BUNDLE))
    if bundle:
        _check_bundle(os.path.join(desired.certificates_path, BUNDLE), bundle)
    requests, chains = {}, {}
    for request in desired.requests:
        if request.csr is None:
            continue
        path = desired.request_file(request)
        written = files.read(path)
        requests[path] = None if written is None else written.decode("latin-1")
        path = desired.certificate_file(request)
        chain = _read_chain(path)
        if chain:
            if bundle is None:
                raise BadInput(
                    f"{path!r} is there, but not {BUNDLE!r} beside it: put the certificates of the trusted CAs there."
                )
            _check(path, chain, bundle, request, openssl, now)
            chains[path] = chain
    crls = None
    if bundle:
        issuers = [*bundle.certificates, *(one for chain in chains.values() for one in chain.certificates[1:])]
        crls = _read_crls(os.path.join(desired.certificates_path, CRLS), issuers, desired.installed_crls, now)
    return Observed(requests, chains, bundle, crls)


def _read_chain(path: str) -> Chain | None:
    data = files.read(path)
    if data is None:
        return None
    pems = blocks(data.decode("latin-1"), repr(path))
    try:
        return Chain("\n".join(pems) + "\n", tuple(x509.load_pem_x509_certificate(pem.encode()) for pem in pems))
    except ValueError as exc:
        raise BadInput(f"{path!r} cannot be read as certificates in PEM: {exc}.") from exc


def _check_bundle(path: str, bundle: Chain) -> None:
    for certificate in bundle.certificates:
        try:
            is_ca = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        except (ValueError, x509.ExtensionNotFound):
            is_ca = False
        if not is_ca:
            subject = certificate.subject.rfc4514_string()
            raise BadInput(
                f"{path!r} holds {subject!r}, which is not a CA's certificate: only trusted CAs stand there."
            )


def _check(path: str, chain: Chain, bundle: Chain, request: Request, openssl: OpenSSL, now: datetime.datetime) -> None:
    leaf = chain.certificates[0]
    key = t.cast("x509.CertificateSigningRequest", request.csr).public_key()
    try:
        same_key = leaf.public_key() == key
    except (ValueError, UnsupportedAlgorithm):
        same_key = False
    if not same_key:
        raise BadInput(f"{path!r} begins with a certificate for another key than that of {request.common_name!r}.")
    if certificates.common_name_of(leaf) != request.common_name:
        raise BadInput(
            f"{path!r} begins with a certificate for {leaf.subject.rfc4514_string()!r}, but must be for"
            f" 'CN={request.common_name}'."
        )
    # One that has ended is as good as none, so that the others are not held up.
    if certificates.end(leaf) > now:
        for role in (None, "client", *(["server"] if request.server else [])):
            try:
                openssl.verify(chain.pem, bundle.pem, role)
            except BadInput as exc:
                use = f" by a TLS {role}, which this machine is" if role else ""
                raise BadInput(f"{path!r} cannot be used{use}: {exc}", **exc.details) from exc


def _read_crls(
    path: str, issuers: t.Iterable[x509.Certificate], installed: t.Iterable[str], now: datetime.datetime
) -> str | None:
    """The CRLs, of every CA one that has not ended: anything else would lock everybody out. installed: those that
    machines have, to whom none goes back."""
    data = files.read(path)
    if data is None:
        return None
    text = data.decode("latin-1")
    pems = _CRL.findall(text)
    if not pems or len(pems) != text.count("-----BEGIN "):
        raise BadInput(f"{path!r} must be one or more CRLs in PEM.")
    try:
        crls = [x509.load_pem_x509_crl(pem.encode()) for pem in pems]
        for issuer in issuers:
            key: t.Any = issuer.public_key()
            own = [crl for crl in crls if crl.issuer == issuer.subject and crl.is_signature_valid(key)]
            name = issuer.subject.rfc4514_string()
            if not own:
                raise BadInput(f"{path!r} has no CRL of {name!r}, without which nobody would be let in.")
            if not any(crl.last_update_utc <= now and crl.next_update_utc and now < crl.next_update_utc for crl in own):
                raise BadInput(f"{path!r} has no CRL of {name!r} that is valid now: put a new one there.")
            made = max(crl.last_update_utc for crl in own)
            if any(crl.last_update_utc > made for crl in seen.signed_by(issuer, installed)):
                raise BadInput(f"{path!r} has an older CRL of {name!r} than machines have: put the latest there.")
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise BadInput(f"{path!r} cannot be read as CRLs in PEM: {exc}.") from exc
    return "\n".join(pems) + "\n"


# ---- what must be done ----


@dataclasses.dataclass(frozen=True)
class Step:
    """Whether a request waits for a certificate, the first or the next, and what changes for that; or why it must
    not have one."""

    request: Request
    waiting: bool
    change: Change | None
    refused: str | None = None


def plan(desired: Desired, observed: Observed, now: datetime.datetime) -> list[Step]:
    limit = now + datetime.timedelta(days=desired.renew_before_days)
    steps = []
    refused = _refusals(desired, observed)
    for number, request in enumerate(desired.requests):
        if number in refused:
            steps.append(Step(request, False, None, refused[number]))
            continue
        written = observed.requests.get(desired.request_file(request))
        chain = observed.chains.get(desired.certificate_file(request))
        waiting = chain is None or certificates.end(chain.certificates[0]) <= limit
        change = None
        if waiting and (written is None or written != request.pem):
            before = "absent" if written is None else "other"
            change = Change(request.common_name, "request", before, "written")
        elif not waiting and written is not None:
            change = Change(request.common_name, "request", "written", "removed")
        steps.append(Step(request, waiting, change))
    return steps


def coming(desired: Desired, observed: Observed, steps: t.Sequence[Step], now: datetime.datetime) -> list[str]:
    """Who comes from another CA. Refused as long as not all are told to trust those of the bundle."""
    found = []
    for step in steps:
        chain = observed.chains.get(desired.certificate_file(step.request))
        if step.refused or not (chain and observed.bundle) or certificates.end(chain.certificates[0]) <= now:
            continue
        if adoption.comes(step.request, _vouching(chain, observed.bundle)):
            found.append(step.request.common_name)
    unsigned = [adoption.Absent(step.request.common_name, why=step.refused) for step in steps if step.refused]
    adoption.check_everybody(found, (*desired.absent, *unsigned), desired.certificates_path)
    return found


def _vouching(chain: Chain, bundle: Chain) -> set[str]:
    """The fingerprints of the bundle's CAs that have signed one of the chain."""
    return {
        certificates.fingerprint(ca)
        for ca in bundle.certificates
        if any(certificates.is_signed_by(one, ca) for one in chain.certificates)
    }


def _refusals(desired: Desired, observed: Observed) -> dict[int, str]:
    """Why machines that trust none of the bundle's CAs do not get it: which are kept, the bundle itself says.

    Before there is one, nothing is installed.
    """
    if desired.other_cas == adoption.DROP or not observed.bundle:
        return {}
    known = set(map(certificates.fingerprint, observed.bundle.certificates))
    found = adoption.refusals(desired.requests, known, desired.certificates_path, one_is_enough=True)
    if found and not desired.others:
        raise Refused(f"{few(list(found.values()))} Nothing was changed.")
    return found


# ---- doing it ----


def ensure(
    desired: Desired, openssl: OpenSSL, now: datetime.datetime, check_mode: bool
) -> tuple[list[Change], dict[str, t.Any]]:
    """Writes what waits, and reads what came. Returns the changes and the module's return values."""
    desired = dataclasses.replace(desired, requests_path=os.path.realpath(desired.requests_path))
    with files.explained("exchange requests and certificates"):
        observed = observe(desired, openssl, now)
        steps = plan(desired, observed, now)
        strangers = coming(desired, observed, steps, now)
        changes = [step.change for step in steps if step.change]
        if changes and not check_mode:
            with alone(desired.requests_path):
                os.makedirs(desired.requests_path, exist_ok=True)
                for step in steps:
                    if step.change:
                        _apply(desired.request_file(step.request), step)
    return changes, {**_values(desired, observed, steps, now), "coming": strangers}


def _apply(path: str, step: Step) -> None:
    if step.waiting:
        files.write(path, (step.request.pem or "").encode(), 0o644)
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


# ---- what is told ----


def _values(desired: Desired, observed: Observed, steps: list[Step], now: datetime.datetime) -> dict[str, t.Any]:
    first = certificates.describe(observed.bundle.certificates[0]) if observed.bundle else {}
    names = ("certificate", "fingerprint_sha256", "not_after", "serial")
    answers = []
    for step in steps:
        request = step.request
        chain = observed.chains.get(desired.certificate_file(request))
        entry: dict[str, t.Any] = {}
        if not step.refused and chain and certificates.end(chain.certificates[0]) > now:
            entry = {**certificates.describe(chain.certificates[0]), "certificate": chain.pem}
        # What the other CA revoked stands in its CRLs only.
        answer = {"common_name": request.common_name, "csr": request.pem, "revoked": False, "refused": step.refused}
        told = {name: entry.get(name) for name in names}
        answers.append({**answer, **told, "changed": step.change is not None})
    return {
        "ca": {name: first.get(name) for name in ("certificate", "fingerprint_sha256", "not_after", "common_name")},
        "bundle": observed.bundle.pem if observed.bundle else None,
        "crls": observed.crls,
        "certificates": answers,
        "waiting": [step.request.common_name for step in steps if step.waiting],
    }
