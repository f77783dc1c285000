# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict
from ansible_collections.glusterops.shares.plugins.module_utils._lock import locked
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_common_name, check_unique
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._tls import crls, files
from ansible_collections.glusterops.shares.plugins.module_utils._tls.installed import (
    BUNDLE,
    CERTIFICATE,
    CRLS,
    HOME,
    KEY,
    REQUEST,
    Key,
    KeySet,
    find_directories,
    installed,
    read_key,
    read_set,
)
from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import Certificate, OpenSSL, blocks

# Below HOME:
#   pending/             the key that waits for its certificate, and its request
#   sets/1, sets/2, ...  key, request, certificate, bundle and CRLs that belong together; never changed once made
#   current              a link to one of the sets: what Gluster reads. Turning it changes everything at once
#   tenants/NAME/        the same again for a further identity, with which this machine mounts on behalf of a tenant
SCOPES = ("machine", "tenant")
# Gluster can do nothing before the certificate is there, so it comes last.
LINKS = (KEY, BUNDLE, CERTIFICATE)


@dataclasses.dataclass(frozen=True)
class Desired:
    """An identity. scope: V(machine) for the one that Gluster itself uses here, V(tenant) for a further one.

    certificate: None if only the request is wanted. Empty, as bundle and crls: not signed yet (check mode).
    crls: None to leave them as they are. renew_key: a new key is made if none waits for its certificate.
    """

    common_name: str
    key_type: str = "ecdsa-p256"
    certificate: str | None = None
    bundle: str | None = None
    crls: str | None = None
    scope: str = "machine"
    renew_key: bool = False

    def __post_init__(self) -> None:
        check_common_name(self.common_name, "common_name")
        if self.scope == "tenant" and self.common_name in (".", ".."):
            raise BadInput(f"common_name {self.common_name!r} cannot be a tenant's: it gets a directory of its name.")
        for name in ("certificate", "bundle"):
            text = getattr(self, name)
            if text:
                object.__setattr__(self, name, "\n".join(blocks(text, name)) + "\n")

    @property
    def subject(self) -> str:
        """What its changes are told of: a machine may have an identity of a tenant's name, too."""
        return self.common_name if self.scope == "machine" else f"tenants/{self.common_name}"

    @property
    def revoked(self) -> tuple[str, ...]:
        """The CRLs that were given."""
        return crls.split(self.crls) if self.crls else ()

    def check(self, check_mode: bool) -> None:
        """BadInput unless what belongs together was given together."""
        if self.certificate is None:
            for name in ("bundle", "crls"):
                if getattr(self, name) is not None:
                    raise BadInput(f"{name} was given without certificate: they are installed together.")
        elif self.crls is not None and self.scope != "machine":
            raise BadInput("crls are for the machine's own identity: only servers look at them.")
        elif not check_mode:
            for name in ("certificate", "bundle", "crls"):
                if getattr(self, name) == "" or (name == "bundle" and self.bundle is None):
                    raise BadInput(f"{name} is empty: only check mode can do without, where nothing is signed yet.")


class Place(t.NamedTuple):
    """Where an identity lies, and the directories in which Gluster looks for it. private: nobody else looks in."""

    home: str
    directories: tuple[str, ...]
    private: bool = False

    @property
    def current(self) -> str:
        return os.path.join(self.home, "current")

    def mode(self, mode: int) -> int:
        return mode & 0o700 if self.private else mode


class Observed(t.NamedTuple):
    current: KeySet | None
    pending: Key | None
    # A key that somebody else put into Gluster's directory; only looked for before the first set is installed.
    foreign: Key | None
    # Every path that Gluster reads: V(absent), V(file) (or a link elsewhere), V(link).
    links: dict[str, str]
    # The mode of a private place, if it lets others in.
    open_mode: str | None = None

    def key_for(self, common_name: str) -> Key | None:
        """The key whose request waits to be signed for this name, or was."""
        if self.pending and self.pending.request_name == common_name:
            return self.pending
        if self.current and self.current.certificate.common_name == common_name:
            return self.current.key
        return None

    def told(self) -> dict[str, t.Any]:
        """In a form that can travel."""
        current = self.current
        return {
            **self._asdict(),
            "current": current
            and {
                **current._asdict(),
                "key": current.key._asdict(),
                "certificate": current.certificate._asdict(),
            },
            "pending": self.pending and self.pending._asdict(),
            "foreign": self.foreign and self.foreign._asdict(),
        }

    @classmethod
    def read(cls, told: t.Mapping[str, t.Any]) -> Observed:
        """What told() gave on another machine."""
        current = told["current"]
        return cls(
            current=current
            and KeySet(
                key=Key(**current["key"]),
                pem=current["pem"],
                bundle=current["bundle"],
                certificate=Certificate(**current["certificate"]),
                revoked=tuple(current["revoked"]),
            ),
            pending=told["pending"] and Key(**told["pending"]),
            foreign=told["foreign"] and Key(**told["foreign"]),
            links=told["links"],
            open_mode=told["open_mode"],
        )

    def waits(self, common_name: str) -> bool:
        """Whether a key that is not the present one waits for its certificate."""
        waiting = self.pending if self.pending and self.pending.request_name == common_name else None
        return bool(waiting and not (self.current and self.current.key.public_key == waiting.public_key))


# ---- what is there ----


def look(wanted: t.Sequence[tuple[str, str]], openssl: OpenSSL, home: str = HOME) -> list[dict[str, t.Any]]:
    """What is there of each identity, given as common_name and scope, in a form that can travel."""
    directories = directories_for(scope for _name, scope in wanted)
    return [observe(place_of(name, scope, directories, home), openssl).told() for name, scope in wanted]


def observe(place: Place, openssl: OpenSSL) -> Observed:
    pending = read_key(os.path.join(place.home, "pending"), openssl)
    current = None
    key = read_key(place.current, openssl)
    if key:
        current = read_set(place.current, key, openssl)
        if current:
            current = current._replace(revoked=crls.read(os.path.join(place.current, CRLS)))
    links = {}
    for directory in place.directories:
        for name in LINKS:
            path = os.path.join(directory, name)
            if os.path.isdir(path):
                raise Conflict(f"{path!r} is a directory, but Gluster reads a file there: move it away.")
            if _points_to(path, os.path.join(place.current, name)):
                links[path] = "link"
            else:
                links[path] = "file" if os.path.lexists(path) else "absent"
    foreign = None
    if not current:
        for directory in place.directories:
            path = os.path.join(directory, KEY)
            if not foreign and links[path] == "file" and os.path.exists(path):
                foreign = Key(path, openssl.public_key(path))
    return Observed(current, pending, foreign, links, _open_mode(place))


def _open_mode(place: Place) -> str | None:
    with contextlib.suppress(FileNotFoundError):
        mode = os.stat(place.home).st_mode & 0o7777
        if place.private and mode & 0o077:
            return f"{mode:04o}"
    return None


def _points_to(path: str, target: str) -> bool:
    try:
        return os.readlink(path) == target
    except OSError:
        return False


# ---- what must be done ----


def plan(desired: Desired, observed: Observed, place: Place) -> list[Change]:
    subject = desired.subject
    changes = []
    if observed.open_mode:
        changes.append(Change(subject, "mode", observed.open_mode, "0700"))
    if desired.certificate is None:
        key = observed.key_for(desired.common_name)
        if desired.renew_key and not observed.waits(desired.common_name):
            before = "present" if key else "found" if observed.foreign else "absent"
            changes.append(Change(subject, "key", before, "made" if before == "absent" else "renewed"))
            changes.append(Change(subject, "request", "present" if key and key.request else "absent", "made"))
            return changes
        if not key:
            what = ("found", "adopted") if observed.foreign else ("absent", "made")
            changes.append(Change(subject, "key", *what))
        if not key or not key.request:
            changes.append(Change(subject, "request", "absent", "made"))
        return changes
    current = observed.current
    for name, is_so in (
        ("certificate", current and current.pem == desired.certificate),
        ("bundle", current and current.bundle == desired.bundle),
    ):
        if not is_so:
            changes.append(Change(subject, name, "other" if current else "absent", "installed"))
    revoked = current.revoked if current else ()
    # Empty in check mode: nobody knows them yet.
    if desired.crls == "" or (desired.crls and revoked != desired.revoked):
        changes.append(Change(subject, "crls", "other" if revoked else "absent", "installed"))
    for path, state in observed.links.items():
        if state != "link":
            changes.append(Change(path, "file", state, f"link to {place.current}"))
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
            _check_crls(desired, observed, openssl)
            return key
    raise BadInput(
        f"certificate is for another key than the one of {desired.common_name!r} on this machine:"
        " have the request that the module returns without certificate signed."
    )


def _check_crls(desired: Desired, observed: Observed, openssl: OpenSSL) -> None:
    # The first of the certificate's is this machine's own; what follows stands between it and the bundle.
    authorities = blocks(desired.bundle or "", "bundle") + blocks(desired.certificate or "", "certificate")[1:]
    if desired.crls:
        crls.check(desired.revoked, authorities, openssl)
    elif desired.crls is None and observed.current and observed.current.revoked:
        without = crls.uncovered(observed.current.revoked, authorities, openssl)
        if without:
            raise BadInput(
                f"CRLs are installed here, but none of the CA {without[0]!r}: where bricks look at CRLs, nobody with"
                " its certificates would get in. Give crls, with one of every CA of the bundle."
            )


# ---- doing it ----


def directories_for(scopes: t.Iterable[str]) -> list[str]:
    """Where this machine's Gluster looks; nowhere for tenants' identities, which only mounts name."""
    return find_directories() if "machine" in scopes else []


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


def place_of(common_name: str, scope: str, directories: t.Iterable[str] = (), home: str = HOME) -> Place:
    if scope == "machine":
        return Place(home, tuple(directories))
    return Place(os.path.join(home, "tenants", common_name), (), private=True)


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
    revoked = desired.revoked if desired.crls else was.revoked if was else ()
    if not was or (was.pem, was.bundle, was.revoked) != (desired.certificate, desired.bundle, revoked):
        pem = desired.certificate or ""
        wanted = KeySet(key, pem, desired.bundle or "", openssl.certificate(pem, "certificate"), revoked)
        new = _make_set(place, wanted, openssl)
    if new and not os.path.lexists(current):
        _turn(current, new)
    for directory in place.directories:
        _link(directory, current)
    if new:
        _turn(current, new)
    _remove(os.path.join(place.home, "pending"))
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
        if wanted.revoked:
            with files.directory(os.path.join(directory, CRLS), 0o755) as inner:
                crls.fill(inner, wanted.revoked, openssl)
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
        "crls": crls.told(current.revoked, openssl) if current else [],
        "installed": bool(current and linked and current.certificate.common_name == desired.common_name),
    }
