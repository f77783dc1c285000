# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import contextlib
import dataclasses
import glob
import hashlib
import os
import re
import shutil
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    NotFound,
)
from ansible_collections.glusterops.shares.plugins.module_utils._lock import locked
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_common_name
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._tls import files
from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import Certificate, OpenSSL, blocks

# Below this directory:
#   pending/             the key that waits for its certificate, and its request
#   sets/1, sets/2, ...  key, request, certificate and bundle that belong together; never changed once made
#   current              a link to one of the sets: what Gluster reads. Turning it changes everything at once
HOME = "/etc/glusterfs/tls"
LIBRARIES = ("/usr/lib*", "/usr/lib/*", "/usr/local/lib*", "/usr/local/lib/*")

KEY, CERTIFICATE, BUNDLE, REQUEST = "glusterfs.key", "glusterfs.pem", "glusterfs.ca", "request.pem"
# Gluster can do nothing before the certificate is there, so it comes last.
LINKS = (KEY, BUNDLE, CERTIFICATE)
_COMPILED_IN = re.compile(rb"(?<=\0)(/(?:[!-~]+/)?)glusterfs\.pem\0")


@dataclasses.dataclass(frozen=True)
class Desired:
    common_name: str
    key_type: str = "ecdsa-p256"
    # None: only the request is wanted. Empty: not signed yet (check mode).
    certificate: str | None = None
    bundle: str | None = None

    def __post_init__(self) -> None:
        check_common_name(self.common_name, "common_name")
        for name in ("certificate", "bundle"):
            text = getattr(self, name)
            if text:
                object.__setattr__(self, name, "\n".join(blocks(text, name)) + "\n")


@dataclasses.dataclass(frozen=True)
class Key:
    """A private key that lies in C(path), and the request made with it."""

    path: str
    public_key: str
    request: str | None = None
    request_name: str | None = None


@dataclasses.dataclass(frozen=True)
class KeySet:
    key: Key
    pem: str
    bundle: str
    certificate: Certificate

    @property
    def bundle_sha256(self) -> str:
        return hashlib.sha256(self.bundle.encode("latin-1")).hexdigest()


@dataclasses.dataclass(frozen=True)
class Observed:
    current: KeySet | None
    pending: Key | None
    # A key that somebody else put into Gluster's directory; only looked for before the first set is installed.
    foreign: Key | None
    # Every path that Gluster reads: V(absent), V(file) (or a link elsewhere), V(link).
    links: dict[str, str]

    def key_for(self, common_name: str) -> Key | None:
        """The key whose request waits to be signed for this name, or was."""
        if self.pending and self.pending.request_name == common_name:
            return self.pending
        if self.current and self.current.certificate.common_name == common_name:
            return self.current.key
        return None


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


# ---- what is there ----


def observe(home: str, directories: list[str], openssl: OpenSSL) -> Observed:
    pending = _observe_key(os.path.join(home, "pending"), openssl)
    current = None
    key = _observe_key(os.path.join(home, "current"), openssl)
    if key:
        current = _observe_set(os.path.join(home, "current"), key, openssl)
    links = {}
    for directory in directories:
        for name in LINKS:
            path = os.path.join(directory, name)
            if os.path.isdir(path):
                raise Conflict(f"{path!r} is a directory, but Gluster reads a file there: move it away.")
            if _points_to(path, os.path.join(home, "current", name)):
                links[path] = "link"
            else:
                links[path] = "file" if os.path.lexists(path) else "absent"
    foreign = None
    if not current:
        for directory in directories:
            path = os.path.join(directory, KEY)
            if not foreign and links[path] == "file" and os.path.exists(path):
                foreign = Key(path, openssl.public_key(path))
    return Observed(current, pending, foreign, links)


def _points_to(path: str, target: str) -> bool:
    try:
        return os.readlink(path) == target
    except OSError:
        return False


def _observe_key(directory: str, openssl: OpenSSL) -> Key | None:
    path = os.path.join(directory, KEY)
    if not os.path.exists(path):
        return None
    request = (files.read(os.path.join(directory, REQUEST)) or b"").decode("latin-1") or None
    name = openssl.request_name(request) if request else None
    return Key(path, openssl.public_key(path), request if name else None, name)


def _observe_set(directory: str, key: Key, openssl: OpenSSL) -> KeySet | None:
    """The set, or None when it is incomplete, unreadable or does not belong together."""
    pem, bundle = (
        (files.read(os.path.join(directory, name)) or b"").decode("latin-1") for name in (CERTIFICATE, BUNDLE)
    )
    if not pem or not bundle:
        return None
    try:
        certificate = openssl.certificate(pem, os.path.join(directory, CERTIFICATE))
    except GlusterOpsError:
        return None
    return KeySet(key, pem, bundle, certificate) if certificate.public_key == key.public_key else None


# ---- what must be done ----


def plan(desired: Desired, observed: Observed, home: str) -> list[Change]:
    if desired.certificate is None:
        key = observed.key_for(desired.common_name)
        changes = []
        if not key:
            what = ("found", "adopted") if observed.foreign else ("absent", "made")
            changes.append(Change(desired.common_name, "key", *what))
        if not key or not key.request:
            changes.append(Change(desired.common_name, "request", "absent", "made"))
        return changes
    current = observed.current
    changes = [
        Change(desired.common_name, what, "other" if current else "absent", "installed")
        for what, is_so in (
            ("certificate", current and current.pem == desired.certificate),
            ("bundle", current and current.bundle == desired.bundle),
        )
        if not is_so
    ]
    for path, state in observed.links.items():
        if state != "link":
            changes.append(Change(path, "file", state, f"link to {os.path.join(home, 'current')}"))
    return changes


def check_certificate(desired: Desired, observed: Observed, openssl: OpenSSL) -> Key:
    """The key here that the certificate is for; BadInput when it must not be installed."""
    pem, bundle = desired.certificate or "", desired.bundle or ""
    certificate = openssl.certificate(pem, "certificate")
    if certificate.common_name != desired.common_name:
        raise BadInput(
            f"certificate is for the CN {certificate.common_name!r}, but common_name is {desired.common_name!r}."
        )
    for block in blocks(bundle, "bundle"):
        openssl.certificate(block, "bundle")
    for key in (observed.pending, observed.current and observed.current.key):
        if key and key.public_key == certificate.public_key:
            openssl.verify(pem, bundle)
            return key
    raise BadInput(
        f"certificate is for another key than the one of {desired.common_name!r} on this machine:"
        " have the request that the module returns without certificate signed."
    )


# ---- doing it ----


def ensure(
    desired: Desired, directories: list[str], openssl: OpenSSL, check_mode: bool, home: str = HOME
) -> tuple[list[Change], dict[str, t.Any]]:
    """Makes key and request, or installs the certificate, as far as needed; returns changes and return values."""
    _check_given(desired, check_mode)
    with files.explained("keep the identity's files"), contextlib.ExitStack() as stack:
        if not check_mode:
            stack.enter_context(locked(os.path.join(home, ".lock"), timeout=60.0))
        observed = observe(home, directories, openssl)
        changes = plan(desired, observed, home)
        key = check_certificate(desired, observed, openssl) if desired.certificate else None
        if not check_mode:
            if not key and changes:
                _make_pending(desired, observed, home, openssl)
            elif key:
                _install(desired, observed, key, directories, home, openssl)
            observed = observe(home, directories, openssl)
    return changes, _values(desired, observed, directories, home)


def _check_given(desired: Desired, check_mode: bool) -> None:
    if desired.certificate is None:
        if desired.bundle is not None:
            raise BadInput("bundle was given without certificate: they are installed together.")
    elif not check_mode:
        for name in ("certificate", "bundle"):
            if not getattr(desired, name):
                raise BadInput(f"{name} is empty: only check mode can do without, where nothing is signed yet.")


def _make_pending(desired: Desired, observed: Observed, home: str, openssl: OpenSSL) -> None:
    key = observed.key_for(desired.common_name) or observed.foreign
    pending = os.path.join(home, "pending")
    _remove(pending)
    with files.directory(pending, 0o700) as directory:
        path = os.path.join(directory, KEY)
        if key:
            files.copy(key.path, path, 0o600)
        else:
            openssl.make_key(path, desired.key_type)
            files.settle(path, 0o600)
        request = openssl.make_request(path, desired.common_name)
        files.fill(os.path.join(directory, REQUEST), request.encode(), 0o644)


def _install(
    desired: Desired, observed: Observed, key: Key, directories: list[str], home: str, openssl: OpenSSL
) -> None:
    current = os.path.join(home, "current")
    _prune(home)
    if not observed.current:
        # So that Gluster's files can become links one by one without a moment in which they do not match.
        adopted = installed(directories, openssl)
        if adopted:
            _turn(current, _make_set(home, adopted.key, adopted.pem, adopted.bundle))
    new = None
    was = observed.current
    if not was or (was.pem, was.bundle) != (desired.certificate, desired.bundle):
        new = _make_set(home, key, desired.certificate or "", desired.bundle or "")
    if new and not os.path.lexists(current):
        _turn(current, new)
    for directory in directories:
        _link(directory, current)
    if new:
        _turn(current, new)
    _remove(os.path.join(home, "pending"))
    _prune(home)


def installed(directories: list[str], openssl: OpenSSL) -> KeySet | None:
    """The first complete set of files in Gluster's directories, whoever put it there."""
    for directory in directories:
        with contextlib.suppress(GlusterOpsError):
            key = _observe_key(directory, openssl)
            found = _observe_set(directory, key, openssl) if key else None
            if found:
                return found
    return None


def distrust(found: KeySet, openssl: OpenSSL) -> str | None:
    """Why its own bundle does not vouch for the certificate now, None if it does."""
    try:
        openssl.verify(found.pem, found.bundle)
    except BadInput as exc:
        return str(exc)
    return None


def _make_set(home: str, key: Key, pem: str, bundle: str) -> str:
    sets = os.path.join(home, "sets")
    os.makedirs(sets, mode=0o755, exist_ok=True)
    number = max([0] + [int(name) for name in os.listdir(sets) if name.isdigit()]) + 1
    path = os.path.join(sets, str(number))
    with files.directory(path, 0o755) as directory:
        files.copy(key.path, os.path.join(directory, KEY), 0o600)
        if key.request:
            files.fill(os.path.join(directory, REQUEST), key.request.encode(), 0o644)
        files.fill(os.path.join(directory, CERTIFICATE), pem.encode("latin-1"), 0o644)
        files.fill(os.path.join(directory, BUNDLE), bundle.encode("latin-1"), 0o644)
    return path


def _turn(current: str, new: str) -> None:
    target = os.path.relpath(new, os.path.dirname(current))
    if not _points_to(current, target):
        files.link(current, target)


def _link(directory: str, current: str) -> None:
    """Makes Gluster's files links to the current set, so that what it sees always matches or is absent."""
    os.makedirs(directory, mode=0o755, exist_ok=True)
    paths = {name: os.path.join(directory, name) for name in LINKS}

    def linked(name: str) -> bool:
        return _points_to(paths[name], os.path.join(current, name))

    if all(linked(name) for name in LINKS):
        return
    if any(files.read(paths[name]) != files.read(os.path.join(current, name)) for name in LINKS):
        # Without its certificate Gluster loads nothing, so the others may change.
        for name in (CERTIFICATE, KEY, BUNDLE):
            if os.path.lexists(paths[name]):
                if linked(name):
                    os.unlink(paths[name])
                else:
                    files.replace(paths[name], paths[name] + ".replaced")
    for name in LINKS:
        if not linked(name):
            files.link(paths[name], os.path.join(current, name))


def _prune(home: str) -> None:
    """Keeps the current set and the one before it."""
    sets = os.path.join(home, "sets")
    if not os.path.isdir(sets):
        return
    current = os.path.basename(os.path.realpath(os.path.join(home, "current")))
    numbers = sorted(int(name) for name in os.listdir(sets) if name.isdigit())
    before = [number for number in numbers if current.isdigit() and number <= int(current)]
    for name in os.listdir(sets):
        if name not in map(str, before[-2:]):
            _remove(os.path.join(sets, name))


def _remove(directory: str) -> None:
    shutil.rmtree(directory, ignore_errors=True)


# ---- what is told ----


def _values(desired: Desired, observed: Observed, directories: list[str], home: str) -> dict[str, t.Any]:
    current = observed.current
    key = observed.key_for(desired.common_name)
    linked = all(state == "link" for state in observed.links.values())
    return {
        "common_name": desired.common_name,
        "directories": directories,
        "paths": {
            what: os.path.join(home, "current", name)
            for what, name in (("key", KEY), ("certificate", CERTIFICATE), ("bundle", BUNDLE))
        },
        "request": {"common_name": desired.common_name, "csr": key.request if key else None},
        "certificate": current.certificate.told() if current else None,
        "bundle_sha256": current.bundle_sha256 if current else None,
        "installed": bool(current and linked and current.certificate.common_name == desired.common_name),
    }
