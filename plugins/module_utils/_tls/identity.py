# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import contextlib
import dataclasses
import os
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_common_name
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._tls import crls, files
from ansible_collections.glusterops.shares.plugins.module_utils._tls.installed import (
    BUNDLE,
    CERTIFICATE,
    CRLS,
    HOME,
    KEY,
    Key,
    KeySet,
    find_directories,
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
    def crl_list(self) -> tuple[str, ...]:
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
    # The bundle and the certificate, in PEM, that somebody else put there.
    foreign_bundle: str | None = None
    foreign_certificate: str | None = None

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
                crls=tuple(current["crls"]),
            ),
            pending=told["pending"] and Key(**told["pending"]),
            foreign=told["foreign"] and Key(**told["foreign"]),
            links=told["links"],
            open_mode=told["open_mode"],
            foreign_bundle=told["foreign_bundle"],
            foreign_certificate=told["foreign_certificate"],
        )

    @property
    def bundle(self) -> str | None:
        """What Gluster trusts here."""
        return self.current.bundle if self.current else self.foreign_bundle

    @property
    def certificate(self) -> str | None:
        return self.current.pem if self.current else self.foreign_certificate

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
            current = current._replace(crls=crls.read(os.path.join(place.current, CRLS)))
    links = {}
    for directory in place.directories:
        for name in LINKS:
            path = os.path.join(directory, name)
            if os.path.isdir(path):
                raise Conflict(f"{path!r} is a directory, but Gluster reads a file there: move it away.")
            if points_to(path, os.path.join(place.current, name)):
                links[path] = "link"
            else:
                links[path] = "file" if os.path.lexists(path) else "absent"
    foreign: Key | None = None
    theirs: dict[str, str] = {}
    if not current:
        for directory in place.directories:
            path = os.path.join(directory, KEY)
            if not foreign and links[path] == "file" and os.path.exists(path):
                foreign = Key(path, openssl.public_key(path))
            theirs = theirs or _foreign(directory)
    return Observed(current, pending, foreign, links, _open_mode(place), theirs.get(BUNDLE), theirs.get(CERTIFICATE))


def _foreign(directory: str) -> dict[str, str]:
    """What Gluster finds in the directory."""
    found = ((name, files.read(os.path.join(directory, name))) for name in (BUNDLE, CERTIFICATE))
    return {name: data.decode("latin-1") for name, data in found if data}


def _open_mode(place: Place) -> str | None:
    with contextlib.suppress(FileNotFoundError):
        mode = os.stat(place.home).st_mode & 0o7777
        if place.private and mode & 0o077:
            return f"{mode:04o}"
    return None


def points_to(path: str, target: str) -> bool:
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
    found = current.crls if current else ()
    # Empty in check mode: nobody knows them yet.
    if desired.crls == "" or (desired.crls and found != desired.crl_list):
        changes.append(Change(subject, "crls", "other" if found else "absent", "installed"))
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
        crls.check(desired.crl_list, authorities, openssl)
    elif desired.crls is None and observed.current and observed.current.crls:
        without = crls.uncovered(observed.current.crls, authorities, openssl)
        if without:
            raise BadInput(
                f"CRLs are installed here, but none of the CA {without[0]!r}: where bricks look at CRLs, nobody with"
                " its certificates would get in. Give crls, with one of every CA of the bundle."
            )


# ---- where it is ----


def directories_for(scopes: t.Iterable[str]) -> list[str]:
    """Where this machine's Gluster looks; nowhere for tenants' identities, which only mounts name."""
    return find_directories() if "machine" in scopes else []


def place_of(common_name: str, scope: str, directories: t.Iterable[str] = (), home: str = HOME) -> Place:
    if scope == "machine":
        return Place(home, tuple(directories))
    return Place(os.path.join(home, "tenants", common_name), (), private=True)
