# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Machines that trust other CAs than the one that is to sign for them, as where a cluster was sealed by hand.

Who has a certificate of those only is cut off when they are not trusted any more: that needs a permission.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import Refused, few
from ansible_collections.glusterops.shares.plugins.module_utils._tls import certificates
from ansible_collections.glusterops.shares.plugins.module_utils._tls.certificates import Request

# The module says it when it is missing.
with contextlib.suppress(ImportError):
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

# What becomes of the other CAs.
REFUSE, KEEP, DROP = CHOICES = ("refuse", "keep", "drop")


def others(request: Request, known: t.Container[str]) -> list[str]:
    """The CAs that the machine of the request trusts and are not known by their fingerprints."""
    # With its beginning, because two may have the same name.
    return [f"{name} ({one[:23]}...)" for one, name in _names(request.bundle).items() if one not in known]


def _names(bundle: str | None) -> dict[str, str]:
    """The names of a bundle's CAs, by their fingerprints. What cannot be read is one that nobody knows."""
    try:
        return {certificates.fingerprint(one): one.subject.rfc4514_string() for one in _read(bundle)}
    except (ValueError, UnsupportedAlgorithm):
        return {"unreadable": "what cannot be read"}


def _read(bundle: str | None) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates((bundle or "").encode()) if (bundle or "").strip() else []


_ADVICE = (
    "Give the path of the CA that signed before, or restore its directory from the latest backup. If it was another's,"
    " or is lost: with other_cas=keep (the role's tls_new_ca=true) all machines trust both, and with other_cas=drop"
    " (the role's tls_other_cas=drop), once nobody needs the others, they go."
)


def refusals(
    requests: t.Sequence[Request], known: t.Container[str], path: str, one_is_enough: bool = False
) -> dict[int, str]:
    """By number of the request, why it is not signed without a permission: its machine trusts more than what is known.

    one_is_enough: more is no reason if it trusts one of those.
    """
    found = {}
    for number, request in enumerate(requests):
        names = others(request, known)
        if names and not (one_is_enough and len(names) < len(_names(request.bundle))):
            present = certificates.load(request.certificate)
            name = certificates.common_name_of(present) if present else None
            called = f", and is called {name!r} by them" if name and name != request.common_name else ""
            found[number] = (
                f"sign: the machine of {request.common_name!r} trusts {', '.join(names)}{called}. That is not the CA in"
                f" {path!r}, so whoever has a certificate of those only would be cut off. {_ADVICE}"
            )
    return found


def outdated(requests: t.Sequence[Request], authorities: t.Sequence[tuple[str, str]], path: str) -> dict[int, str]:
    """By number of the request, why it is not signed: its machine has done with a rotation that goes on here.

    authorities: name and fingerprint of ours, oldest first. What a rotation takes out is trusted by nobody again.
    """
    found = {}
    for number, request in enumerate(requests):
        trusted = _names(request.bundle)
        has = [fingerprint in trusted for _name, fingerprint in authorities]
        gone = [name for at, (name, _fingerprint) in enumerate(authorities) if not has[at] and any(has[at + 1 :])]
        if gone:
            found[number] = (
                f"sign: the machine of {request.common_name!r} trusts the new CA, and no more {', '.join(gone)}, which"
                f" a rotation took out. In {path!r} that rotation still goes on, so it came from an older backup, and"
                " would bring the old CA back. Restore a later one; or, if there is none, bring the rotation to its end"
                " with gluster_tls_ca (rotation=trusted, then issuing, then finished, as far as it is not there)."
            )
    return found


class Absent(t.NamedTuple):
    """A machine that has to trust the CA, and of which it is not known what it trusts, or that gets nothing. why: in a
    sentence, None if it was not reached."""

    name: str
    server: bool = False
    why: str | None = None


def check_new(requests: t.Sequence[Request], absent: t.Iterable[Absent], path: str) -> None:
    """Refused if a machine has an identity already, so that there must be a CA somewhere, or a server may have one.

    As long as no server has, nobody else can use one.
    """
    trusting = {request.common_name: others(request, ()) for request in requests if others(request, ())}
    if trusting:
        cas = sorted({name for names in trusting.values() for name in names})
        raise Refused(
            f"There is no CA in {path!r}, but {', '.join(sorted(trusting))} trust {', '.join(cas)}. With another CA"
            f" alone, whoever has a certificate of those only would be cut off. {_ADVICE} Nothing was changed.",
            common_names=sorted(trusting),
        )
    unknown = sorted(one.name for one in absent if one.server)
    if unknown:
        raise Refused(
            f"There is no CA in {path!r}, and none is made before {', '.join(unknown)} told that they have no identity"
            " of another one: they did not answer, or are not in this run. Run this for all servers, without --limit,"
            " and take what is gone for good out of the inventory; other_cas=keep (the role's tls_new_ca=true) makes"
            " one all the same. Nothing was changed."
        )


def comes(request: Request, known: t.Container[str]) -> bool:
    """Whether its machine trusts CAs, and none of those that are known by their fingerprints."""
    names = _names(request.bundle)
    return bool(names) and not any(one in known for one in names)


def check_everybody(coming: t.Sequence[str], absent: t.Collection[Absent], path: str) -> None:
    """Refused if some come to the CA from another one while others cannot be told to trust it."""
    if coming and absent:
        reasons = [one.why for one in absent if one.why]
        raise Refused(
            f"{', '.join(coming)} come from another CA to that in {path!r}, and whoever does not trust it before is cut"
            f" off from them: {', '.join(sorted(one.name for one in absent))} did not answer, are not in this run, or"
            " get nothing in it. Run this for all machines, without --limit, and take what is gone for good out of the"
            f" inventory. {f'{few(reasons)} ' if reasons else ''}Nothing was changed."
        )


def adopted(requests: t.Iterable[Request], known: t.Container[str]) -> list[str]:
    """The other CAs, in PEM, that are to be trusted beside ours: those that servers trust.

    What a tenant's host trusts is trusted by nobody else.
    """
    found = {}
    for request in requests:
        with contextlib.suppress(ValueError, UnsupportedAlgorithm):
            for one in _read(request.bundle) if request.server else ():
                if certificates.fingerprint(one) not in known:
                    found[certificates.fingerprint(one)] = certificates.pem(one)
    return list(found.values())
