# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Machines that trust other CAs than the one that is to sign for them.

They would not trust those any more, and who has a certificate of these would be cut off: that needs a permission.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import Refused
from ansible_collections.glusterops.shares.plugins.module_utils._tls import certificates
from ansible_collections.glusterops.shares.plugins.module_utils._tls.certificates import Request

# The module says it when it is missing.
with contextlib.suppress(ImportError):
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

_PERMISSION = "set replace (the role's tls_new_ca)"


def others(request: Request, known: t.Container[str]) -> list[str]:
    """The CAs that the machine of the request trusts and are not known by their fingerprints."""
    # With its beginning, because two may have the same name.
    return [f"{name} ({one[:23]}...)" for one, name in _names(request.bundle).items() if one not in known]


def _names(bundle: str | None) -> dict[str, str]:
    """The names of a bundle's CAs, by their fingerprints. What cannot be read is one that nobody knows."""
    if not (bundle or "").strip():
        return {}
    try:
        found = x509.load_pem_x509_certificates((bundle or "").encode())
    except (ValueError, UnsupportedAlgorithm):
        return {"unreadable": "what cannot be read"}
    return {certificates.fingerprint(one): one.subject.rfc4514_string() for one in found}


def _present_name(request: Request) -> str | None:
    with contextlib.suppress(ValueError, UnsupportedAlgorithm):
        return certificates.common_name_of(x509.load_pem_x509_certificate((request.certificate or "").encode()))
    return None


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
            name = _present_name(request)
            called = f", and is called {name!r} by them" if name and name != request.common_name else ""
            found[number] = (
                f"sign: the machine of {request.common_name!r} trusts {', '.join(names)}{called}. That is not the CA in"
                f" {path!r}: whoever has a certificate of those only would be cut off. Give the right CA, or the latest"
                f" backup of it; or {_PERMISSION}, after all of them trust this CA."
            )
    return found


def check_new(requests: t.Sequence[Request], path: str) -> None:
    """Refused if a machine has an identity already, so that there must be a CA somewhere."""
    trusting = {request.common_name: others(request, ()) for request in requests if others(request, ())}
    if trusting:
        cas = sorted({name for names in trusting.values() for name in names})
        raise Refused(
            f"There is no CA in {path!r}, but {', '.join(sorted(trusting))} trust {', '.join(cas)}. With another CA,"
            " whoever has a certificate of those only would be cut off. Give the path of that CA, or restore its"
            f" directory from a backup; or {_PERMISSION} to have a new CA made. Nothing was changed.",
            common_names=sorted(trusting),
        )
