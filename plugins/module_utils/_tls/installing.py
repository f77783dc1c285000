# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Makes keys and requests, and installs identities: the work that identity.py plans."""

from __future__ import annotations

import contextlib
import os
import shutil
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._lock import locked
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._tls import crls, files
from ansible_collections.glusterops.shares.plugins.module_utils._tls.identity import (
    LINKS,
    Desired,
    Observed,
    Place,
    check_certificate,
    observe,
    place_of,
    plan,
    points_to,
)
from ansible_collections.glusterops.shares.plugins.module_utils._tls.installed import (
    BUNDLE,
    CERTIFICATE,
    CRLS,
    HOME,
    KEY,
    REQUEST,
    Key,
    KeySet,
    installed,
)
from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import OpenSSL, blocks


def ensure(
    desired: Desired, directories: list[str], openssl: OpenSSL, check_mode: bool, home: str = HOME
) -> tuple[list[Change], dict[str, t.Any]]:
    """Makes key and request, or installs the certificate, as far as needed; returns changes and return values."""
    changes, values = ensure_all([desired], directories, openssl, check_mode, home=home)
    return changes, values[0]


def ensure_all(
    desired: t.Sequence[Desired], directories: list[str], openssl: OpenSSL, check_mode: bool, home: str = HOME
) -> tuple[list[Change], list[dict[str, t.Any]]]:
    """The same for several identities of one machine: all are checked before the first is changed."""
    for one in desired:
        one.check(check_mode)
    if sum(one.scope == "machine" for one in desired) > 1:
        raise BadInput("More than one of the identities has the scope machine: Gluster itself uses only one.")
    check_unique((one.common_name for one in desired if one.scope == "tenant"), "common_name")
    done: list[Change] = []
    with files.explained("keep the identity's files"), contextlib.ExitStack() as stack:
        if not check_mode:
            stack.enter_context(locked(os.path.join(home, ".lock"), timeout=60.0))
        works = [_Work(one, place_of(one.common_name, one.scope, directories, home), openssl) for one in desired]
        for work in works:
            done += work.changes
            if not check_mode:
                work.do()
    return done, [work.told() for work in works]


def trust_all(
    wanted: t.Sequence[tuple[str, str]],
    bundle: str,
    directories: list[str],
    openssl: OpenSSL,
    check_mode: bool,
    home: str = HOME,
) -> list[Change]:
    """Adds the CAs of the bundle to those that the identities, given as common_name and scope, trust.

    So that this machine takes others with certificates of theirs before it has one itself. What is not there yet is
    left alone.
    """
    changes = []
    authorities = blocks(bundle, "trust")
    for block in authorities:
        openssl.certificate(block, "trust")
    with files.explained("add to the trusted CAs"), contextlib.ExitStack() as stack:
        if not check_mode:
            stack.enter_context(locked(os.path.join(home, ".lock"), timeout=60.0))
        for name, scope in wanted:
            place = place_of(name, scope, directories, home)
            found = observe(place, openssl).current or installed(place.directories, openssl)
            missing = [one for one in authorities if found and one not in found.bundle]
            if found and missing:
                subject = Desired(name, scope=scope).subject
                changes.append(Change(subject, "bundle", "without the new CA", "with it"))
                if not check_mode:
                    more = found.bundle.rstrip("\n") + "\n" + "\n".join(missing) + "\n"
                    _put(found._replace(bundle=more), place, openssl)
    return changes


class _Work:
    """What has to be done for one identity. Raises if it must not be done."""

    def __init__(self, desired: Desired, place: Place, openssl: OpenSSL) -> None:
        self._desired = desired
        self._place = place
        self._openssl = openssl
        self._observed = observe(place, openssl)
        self.changes = plan(desired, self._observed, place)
        self._key = check_certificate(desired, self._observed, openssl) if desired.certificate else None
        self._makes_key = any(change.what == "key" for change in self.changes)

    def do(self) -> None:
        if self._place.private:
            _close(self._place.home)
        if self._key:
            _install(self._desired, self._observed, self._key, self._place, self._openssl)
        elif any(change.what in ("key", "request") for change in self.changes):
            _make_pending(self._desired, self._observed, self._place, self._openssl)
        # To install removes a key that waited, too.
        if self.changes or (self._key and self._observed.pending):
            self._observed = observe(self._place, self._openssl)
        self._makes_key = False

    def told(self) -> dict[str, t.Any]:
        return _values(self._desired, self._observed, self._place, self._openssl, self._makes_key)


def _close(home: str) -> None:
    """A tenant's directory, and the one that it lies in, is for root alone."""
    for path in (os.path.dirname(home), home):
        os.makedirs(path, mode=0o700, exist_ok=True)
        os.chmod(path, 0o700)


def _make_pending(desired: Desired, observed: Observed, place: Place, openssl: OpenSSL) -> None:
    key = None if desired.renew_key else observed.key_for(desired.common_name) or observed.foreign
    pending = os.path.join(place.home, "pending")
    _remove(pending)
    with files.directory(pending, 0o700) as directory:
        path = os.path.join(directory, KEY)
        if key:
            files.copy(key.path, path, 0o600)
        else:
            openssl.make_key(path, desired.key_type)
            files.settle(path, 0o600)
        request = openssl.make_request(path, desired.common_name)
        files.fill(os.path.join(directory, REQUEST), request.encode(), place.mode(0o644))


def _install(desired: Desired, observed: Observed, key: Key, place: Place, openssl: OpenSSL) -> None:
    current = place.current
    _prune(place.home)
    if not observed.current:
        # So that Gluster's files can become links one by one without a moment in which they do not match.
        adopted = installed(place.directories, openssl)
        if adopted:
            _turn(current, _make_set(place, adopted, openssl))
    new = None
    was = observed.current
    lists = desired.crl_list if desired.crls else was.crls if was else ()
    if not was or (was.pem, was.bundle, was.crls) != (desired.certificate, desired.bundle, lists):
        pem = desired.certificate or ""
        wanted = KeySet(key, pem, desired.bundle or "", openssl.certificate(pem, "certificate"), lists)
        new = _make_set(place, wanted, openssl)
    _put_set(new, place)
    _remove(os.path.join(place.home, "pending"))


def _put(wanted: KeySet, place: Place, openssl: OpenSSL) -> None:
    _prune(place.home)
    adopted = None if os.path.lexists(place.current) else installed(place.directories, openssl)
    if adopted:
        _turn(place.current, _make_set(place, adopted, openssl))
    _put_set(_make_set(place, wanted, openssl), place)


def _put_set(new: str | None, place: Place) -> None:
    """Has Gluster read the new set, or the current one."""
    if new and not os.path.lexists(place.current):
        _turn(place.current, new)
    for directory in place.directories:
        _link(directory, place.current)
    if new:
        _turn(place.current, new)
    _prune(place.home)


def _make_set(place: Place, wanted: KeySet, openssl: OpenSSL) -> str:
    sets = os.path.join(place.home, "sets")
    os.makedirs(sets, mode=place.mode(0o755), exist_ok=True)
    number = max([0] + [int(name) for name in os.listdir(sets) if name.isdigit()]) + 1
    path = os.path.join(sets, str(number))
    mode = place.mode(0o644)
    with files.directory(path, place.mode(0o755)) as directory:
        files.copy(wanted.key.path, os.path.join(directory, KEY), 0o600)
        if wanted.key.request:
            files.fill(os.path.join(directory, REQUEST), wanted.key.request.encode(), mode)
        files.fill(os.path.join(directory, CERTIFICATE), wanted.pem.encode("latin-1"), mode)
        files.fill(os.path.join(directory, BUNDLE), wanted.bundle.encode("latin-1"), mode)
        if wanted.crls:
            with files.directory(os.path.join(directory, CRLS), 0o755) as inner:
                crls.fill(inner, wanted.crls, openssl)
    return path


def _turn(current: str, new: str) -> None:
    target = os.path.relpath(new, os.path.dirname(current))
    if not points_to(current, target):
        files.link(current, target)


def _link(directory: str, current: str) -> None:
    """Makes Gluster's files links to the current set, so that what it sees always matches or is absent."""
    os.makedirs(directory, mode=0o755, exist_ok=True)
    paths = {name: os.path.join(directory, name) for name in LINKS}

    def linked(name: str) -> bool:
        return points_to(paths[name], os.path.join(current, name))

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


def _values(desired: Desired, observed: Observed, place: Place, openssl: OpenSSL, makes_key: bool) -> dict[str, t.Any]:
    current = observed.current
    key = None if makes_key else observed.key_for(desired.common_name)
    linked = all(state == "link" for state in observed.links.values())
    named = {"key": KEY, "certificate": CERTIFICATE, "bundle": BUNDLE}
    if desired.scope == "machine":
        named["crl"] = CRLS
    return {
        "common_name": desired.common_name,
        "scope": desired.scope,
        "directories": list(place.directories),
        "paths": {what: os.path.join(place.current, name) for what, name in named.items()},
        "request": {"common_name": desired.common_name, "csr": key.request if key else None},
        "certificate": current.certificate.told() if current else None,
        "bundle_sha256": current.bundle_sha256 if current else None,
        "crls": crls.told(current.crls, openssl) if current else [],
        "installed": bool(current and linked and current.certificate.common_name == desired.common_name),
    }
