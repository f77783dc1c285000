# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""The TLS files that are on a machine, whoever put them there."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import re
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, GlusterOpsError, NotFound
from ansible_collections.glusterops.shares.plugins.module_utils._tls import crls, files
from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import Certificate, OpenSSL, blocks

HOME = "/etc/glusterfs/tls"
LIBRARIES = ("/usr/lib*", "/usr/lib/*", "/usr/local/lib*", "/usr/local/lib/*")
KEY, CERTIFICATE, BUNDLE, REQUEST, CRLS = "glusterfs.key", "glusterfs.pem", "glusterfs.ca", "request.pem", "crl"

_COMPILED_IN = re.compile(rb"(?<=\0)(/(?:[!-~]+/)?)glusterfs\.pem\0")


class Key(t.NamedTuple):
    """A private key that lies in C(path), and the request made with it."""

    path: str
    public_key: str
    request: str | None = None
    request_name: str | None = None


class KeySet(t.NamedTuple):
    key: Key
    pem: str
    bundle: str
    certificate: Certificate
    # CRLs in PEM.
    crls: tuple[str, ...] = ()

    @property
    def bundle_sha256(self) -> str:
        return sha256(self.bundle)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode("latin-1")).hexdigest()


def _text(directory: str, name: str) -> str:
    return (files.read(os.path.join(directory, name)) or b"").decode("latin-1")


def find_directories(libraries: t.Iterable[str] = LIBRARIES) -> list[str]:
    """Where this machine's Gluster looks for its TLS files: it is compiled into every version's transport."""
    found = set()
    for library in libraries:
        for path in glob.glob(os.path.join(library, "glusterfs", "*", "rpc-transport", "socket.so")):
            with open(path, "rb") as file:
                found.update(_COMPILED_IN.findall(file.read()))
    if not found:
        raise NotFound("GlusterFS is not on this machine (no rpc-transport/socket.so): install its client first.")
    return sorted({os.path.normpath(os.fsdecode(directory)) for directory in found})


def read_key(directory: str, openssl: OpenSSL) -> Key | None:
    path = os.path.join(directory, KEY)
    if not os.path.exists(path):
        return None
    request = _text(directory, REQUEST) or None
    name = openssl.request_name(request) if request else None
    return Key(path, openssl.public_key(path), request if name else None, name)


def read_set(directory: str, key: Key, openssl: OpenSSL) -> KeySet | None:
    """The set, or None when it is incomplete, unreadable or does not belong together."""
    pem, bundle = (_text(directory, name) for name in (CERTIFICATE, BUNDLE))
    if not pem or not bundle:
        return None
    try:
        certificate = openssl.certificate(pem, os.path.join(directory, CERTIFICATE))
    except GlusterOpsError:
        return None
    if certificate.public_key != key.public_key:
        return None
    return KeySet(key, pem, bundle, certificate)


def installed(directories: t.Iterable[str], openssl: OpenSSL) -> KeySet | None:
    """The first complete set of files in Gluster's directories, whoever put it there."""
    for directory in directories:
        with contextlib.suppress(GlusterOpsError):
            key = read_key(directory, openssl)
            found = read_set(directory, key, openssl) if key else None
            if found:
                return found
    return None


def describe(directories: t.Iterable[str], openssl: OpenSSL, home: str = HOME) -> dict[str, t.Any] | None:
    """What Gluster finds there, whether it can use it or not; None without a certificate."""
    found = []
    for directory in directories:
        pem, bundle = (_text(directory, name) for name in (CERTIFICATE, BUNDLE))
        key, useless = None, None
        with contextlib.suppress(GlusterOpsError):
            certificate = openssl.certificate(pem, CERTIFICATE)
            try:
                key = read_key(directory, openssl)
            except GlusterOpsError as exc:
                useless = exc.details.get("why", str(exc))
            found.append(
                dict(
                    certificate.told(),
                    bundle_sha256=sha256(bundle) if bundle else None,
                    authorities=_authorities(bundle, openssl),
                    problem=_distrust(pem, bundle, openssl),
                    key_problem=useless,
                    matches=bool(key and key.public_key == certificate.public_key),
                )
            )
    if not found:
        return None
    told = max(found, key=lambda one: bool(one["matches"] and one["bundle_sha256"]))
    lists = crls.read(os.path.join(home, "current", CRLS))
    without: list[str] = []
    with contextlib.suppress(GlusterOpsError):
        without = crls.lacking(lists, blocks(_text(os.path.join(home, "current"), BUNDLE), BUNDLE), openssl)
    return dict(told, crls=crls.told(lists, openssl), lacks_crl=without)


def _authorities(bundle: str, openssl: OpenSSL) -> list[dict[str, t.Any]]:
    """The CAs of a bundle; none if it cannot be read, which is a problem of its own."""
    found = []
    with contextlib.suppress(BadInput):
        for block in filter(openssl.is_root, blocks(bundle, BUNDLE)):
            told = openssl.certificate(block, BUNDLE).told()
            found.append({name: told[name] for name in ("common_name", "not_after", "fingerprint_sha256")})
    return found


def _distrust(pem: str, bundle: str, openssl: OpenSSL) -> str | None:
    """Why its own bundle does not vouch for the certificate now, None if it does."""
    if not bundle:
        return "There is no bundle of CA certificates beside it."
    try:
        openssl.verify(pem, bundle)
    except BadInput as exc:
        return str(exc)
    return None
