# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""CRLs. A brick that is told to look at them lets nobody in whose CA's is missing."""

from __future__ import annotations

import collections
import contextlib
import os
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._tls import files
from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import OpenSSL, blocks


def split(text: str) -> tuple[str, ...]:
    """The CRLs of a PEM text in a fixed order, each once; else BadInput."""
    return tuple(sorted(set(blocks(text, "crls", "X509 CRL"))))


def read(directory: str) -> tuple[str, ...]:
    """The CRLs in the directory, in the same order. What cannot be read as such is none."""
    found: set[str] = set()
    for name in os.listdir(directory) if os.path.isdir(directory) else ():
        text = (files.read(os.path.join(directory, name)) or b"").decode("latin-1")
        found.update([text.rstrip("\n")] if text else [])
    return tuple(sorted(found))


def fill(directory: str, crls: t.Sequence[str], openssl: OpenSSL) -> None:
    """Puts them into the empty directory by the names under which OpenSSL looks for them."""
    taken: collections.Counter[str] = collections.Counter()
    for crl in crls:
        name_hash = openssl.crl(crl, "crls").name_hash
        path = os.path.join(directory, f"{name_hash}.r{taken[name_hash]}")
        files.fill(path, (crl + "\n").encode("latin-1"), 0o644)
        taken[name_hash] += 1


def check(crls: t.Sequence[str], authorities: t.Sequence[str], openssl: OpenSSL) -> None:
    """BadInput unless every CA has signed one that is good now, and nobody else has signed any."""
    without = lacking(crls, authorities, openssl)
    if without:
        raise BadInput(
            f"crls has none of the CA {without[0]!r} that is valid now: where bricks look at CRLs, nobody with its"
            " certificates would get in. Have every CA of the bundle make one."
        )
    signed = {crl for its in _signed(crls, authorities, openssl).values() for crl in its}
    for crl in crls:
        if crl not in signed:
            raise BadInput(f"crls has one of {openssl.crl(crl, 'crls').issuer!r} that no CA of the bundle has signed.")


def lacking(crls: t.Sequence[str], authorities: t.Sequence[str], openssl: OpenSSL) -> list[str]:
    """The names of the CAs of which there is none that is good now."""
    now = time.time()
    return [
        name
        for name, signed in _signed(crls, authorities, openssl).items()
        if not any(told.last_update <= now < told.next_update for told in (openssl.crl(crl, "crls") for crl in signed))
    ]


def uncovered(crls: t.Sequence[str], authorities: t.Sequence[str], openssl: OpenSSL) -> list[str]:
    """The names of the CAs of which there is none, whether good now or not."""
    return [name for name, signed in _signed(crls, authorities, openssl).items() if not signed]


def _signed(crls: t.Sequence[str], authorities: t.Sequence[str], openssl: OpenSSL) -> dict[str, list[str]]:
    """By the CA's name and fingerprint, since two may share a name, what it has signed."""
    found = {}
    for authority in authorities:
        certificate = openssl.certificate(authority, "bundle")
        name = f"{certificate.common_name} ({certificate.fingerprint_sha256[:23]}...)"
        found[name] = [crl for crl in crls if openssl.signed_crl(authority, crl)]
    return found


def told(crls: t.Sequence[str], openssl: OpenSSL) -> list[dict[str, str]]:
    """Issuer and end of each that can be read."""
    found = []
    for crl in crls:
        with contextlib.suppress(BadInput):
            found.append(openssl.crl(crl, "crls").told())
    return sorted(found, key=lambda crl: (crl["issuer"], crl["next_update"]))
