# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import stat
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    NotFound,
    Refused,
    few,
)
from ansible_collections.glusterops.shares.plugins.module_utils._names import (
    check_common_name,
    check_unique,
    check_volume_name,
)
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._tls import (
    authority,
    certificates,
    files,
    pkcs12,
    record,
    revocation,
)
from ansible_collections.glusterops.shares.plugins.module_utils._tls.certificates import Request, Validity, iso
from ansible_collections.glusterops.shares.plugins.module_utils._tls.record import Authority, Record

# The module says it when it is missing.
with contextlib.suppress(ImportError):
    from cryptography import x509

KEY, CERTIFICATE, BUNDLE, PKCS12 = "glusterfs.key", "glusterfs.pem", "glusterfs.ca", "identity.p12"
_FILES = {"pem": (KEY, CERTIFICATE, BUNDLE), "pkcs12": (PKCS12, BUNDLE), "request": (CERTIFICATE, BUNDLE)}


@dataclasses.dataclass(frozen=True)
class Tenant:
    """An identity of a tenant, for all that it may mount or for one share."""

    tenant: str
    common_name: str
    share: str | None = None
    # The tenant's own key; None where the key is made here.
    request: Request | None = None
    passphrase: bytes | None = dataclasses.field(default=None, repr=False)
    reissue: bool = False

    @property
    def files(self) -> tuple[str, ...]:
        return _FILES["request" if self.request else "pkcs12" if self.passphrase else "pem"]

    @property
    def of(self) -> str:
        return f"tenant {self.tenant!r}" + (f", share {self.share!r}" if self.share else "")


@dataclasses.dataclass(frozen=True)
class Desired:
    path: str
    directory: str
    tenants: tuple[Tenant, ...]
    key_type: str = "ecdsa-p256"
    validity: Validity = Validity()

    def __post_init__(self) -> None:
        check_unique((tenant.common_name for tenant in self.tenants), "tenants: the identity")
        path, directory = (os.path.join(os.path.realpath(name), "") for name in (self.path, self.directory))
        if directory.startswith(path):
            raise BadInput(f"directory {self.directory!r} is in the CA's own directory: give another one.")


# ---- what is asked ----


def parse_tenant(
    item: t.Mapping[str, t.Any], reserved_prefixes: t.Iterable[str], reserved_names: t.Container[str] = ()
) -> Tenant:
    """The tenant of an entry of the option tenants, else BadInput."""
    tenant = check_common_name(item["tenant"], "tenants: tenant")
    share = item["share"]
    if share is not None:
        check_volume_name(share, f"tenants: the share of {tenant!r}")
    default = f"{tenant}.{share}" if share else tenant
    name = check_common_name(item["common_name"] or default, f"tenants: the common_name of {tenant!r}")
    if name in (".", ".."):
        raise BadInput(f"tenants: the common_name {name!r} cannot be the name of a directory.")
    prefix = next((prefix for prefix in reserved_prefixes if prefix and name.startswith(prefix)), None)
    if prefix:
        raise BadInput(
            f"tenants: the common_name {name!r} begins with {prefix!r}, which is kept for machines that may mount every"
            " share."
        )
    if name in reserved_names:
        raise BadInput(f"tenants: the common_name {name!r} is that of a machine that may mount every share.")
    what = f"tenants: {name!r}"
    request = passphrase = None
    if item["csr"]:
        request = certificates.parse_request(name, item["csr"], option="tenants")
    if item["format"] == "pkcs12":
        if request:
            raise BadInput(f"{what} cannot have both csr and format=pkcs12: the key is the tenant's own.")
        if not item["passphrase"]:
            raise BadInput(f"{what} needs a passphrase, because of format=pkcs12.")
        passphrase = certificates.check_passphrase(item["passphrase"], f"{what}: passphrase")
    elif item["passphrase"]:
        raise BadInput(
            f"{what} has a passphrase, but only format=pkcs12 is encrypted: Gluster reads no encrypted keys."
        )
    return Tenant(tenant, name, share, request, passphrase, item["reissue"])


# ---- what must be done ----


def issuing(found: Record) -> Authority:
    """Who signs for tenants: they get their new certificate before the CA that signs for machines changes."""
    order = ("trusted", "signing")
    return next(one for state in order for one in found.authorities if one.state == state)


def plan(desired: Desired, found: Record, now: datetime.datetime) -> tuple[list[Change], list[Tenant]]:
    """The changes, and the tenants that get a hand-over. Conflict where the record says that a name is another's."""
    _check_mapping(desired, found, now)
    requests = [tenant.request for tenant in desired.tenants if tenant.request]
    revocation.check_not_revoked(found.entries, requests, "tenants")
    signing = issuing(found)
    last = latest(found)
    _check_not_revoked(desired, last)
    changes, due = [], []
    for tenant in desired.tenants:
        why = _why(desired, tenant, last.get(tenant.common_name), signing, now)
        if why:
            changes.append(Change(tenant.common_name, "hand-over", why, "written"))
            due.append(tenant)
    if desired.tenants:
        authority.check_valid_now(desired.path, signing, now)
    return changes, due


def latest(found: Record) -> dict[str, dict[str, t.Any]]:
    """Of every tenant's identity the entry that was signed last."""
    return {entry["common_name"]: entry for entry in found.entries if "tenant" in entry}


def _why(
    desired: Desired, tenant: Tenant, entry: dict[str, t.Any] | None, signing: Authority, now: datetime.datetime
) -> str | None:
    """What is wrong with what the tenant has, or None."""
    if entry is None:
        return "missing"
    if tenant.reissue:
        return "to be issued again"
    if not entry["delivered"]:
        return "not finished"
    if tenant.request and entry["public_key_sha256"] != tenant.request.public_key_sha256:
        return "for another key"
    return authority.why_sign(entry, signing, desired.validity, now)


def _check_mapping(desired: Desired, found: Record, now: datetime.datetime) -> None:
    wanted = {tenant.common_name: tenant for tenant in desired.tenants}
    for entry in found.entries:
        tenant = wanted.get(entry["common_name"])
        if not tenant or "tenant" not in entry or "revoked" in entry or entry["not_after"] <= iso(now):
            continue
        theirs = Tenant(entry["tenant"], entry["common_name"], entry.get("share"))
        if theirs.of != tenant.of:
            raise Conflict(
                f"tenants: the identity {tenant.common_name!r} is that of {theirs.of}, and cannot be that of"
                f" {tenant.of} too: give another common_name, or revoke it first. Nothing was changed."
            )


def _check_not_revoked(desired: Desired, last: t.Mapping[str, dict[str, t.Any]]) -> None:
    """Where the key is made here, a new one must not undo a revocation silently."""
    names = [
        tenant.common_name
        for tenant in desired.tenants
        if not tenant.request and not tenant.reissue and "revoked" in last.get(tenant.common_name, ())
    ]
    if names:
        sentences = [
            f"tenants: {name!r} was revoked: take it off the list, or set reissue to give it a new identity."
            for name in names
        ]
        raise Refused(f"{few(sentences)} Nothing was changed.", revoked=names)


# ---- doing it ----


def ensure(
    desired: Desired, passphrase: bytes, now: datetime.datetime, check_mode: bool
) -> tuple[list[Change], dict[str, t.Any]]:
    """Issues what has to be, and writes it for hand-over. Returns the changes and the module's return values."""
    desired = dataclasses.replace(
        desired, path=os.path.realpath(desired.path), directory=os.path.abspath(desired.directory)
    )
    now = now.replace(microsecond=0)
    with files.explained("issue to tenants"):
        # Nothing is made beside a CA that is not there.
        found = _read(desired.path, passphrase)
        changes, due = plan(desired, found, now)
        for tenant in due:
            _check_directory(os.path.join(desired.directory, tenant.common_name))
        if changes and not check_mode:
            with record.alone(desired.path):
                found = _read(desired.path, passphrase)
                changes, due = plan(desired, found, now)
                found = _hand_over(desired, found, due, now)
    return changes, _values(desired, found, due, check_mode, now)


def _read(path: str, passphrase: bytes) -> Record:
    found = record.read(path, passphrase)
    if found is None:
        raise NotFound(authority.NONE.format(path=path))
    return found


def _hand_over(desired: Desired, found: Record, due: list[Tenant], now: datetime.datetime) -> Record:
    """Records first, and again when all files are written: what was not delivered is issued anew by the next run."""
    for tenant in due:
        _prepare(desired.directory, tenant.common_name)
    signing = issuing(found)
    issued = []
    for tenant in due:
        key = None if tenant.request else certificates.new_key(desired.key_type)
        holder: t.Any = tenant.request.csr if tenant.request else key
        entry = authority.sign(signing, tenant.common_name, holder.public_key(), desired.validity, now)
        entry.update({"tenant": tenant.tenant, "delivered": False})
        if tenant.share:
            entry["share"] = tenant.share
        issued.append((tenant, key, entry))
    before = authority.kept(found.entries, now)
    found = dataclasses.replace(found, entries=(*before, *(entry for _tenant, _key, entry in issued)))
    record.write(found)
    for tenant, key, entry in issued:
        _write(os.path.join(desired.directory, tenant.common_name), _contents(found, tenant, key, entry))
    delivered = ({**entry, "delivered": True} for _tenant, _key, entry in issued)
    found = dataclasses.replace(found, entries=(*before, *delivered))
    record.write(found)
    return found


def _prepare(parent: str, name: str) -> None:
    """A directory that nobody else can enter."""
    os.makedirs(parent, mode=0o700, exist_ok=True)
    path = os.path.join(parent, name)
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o700)
    _check_directory(path)
    os.chmod(path, 0o700)


def _check_directory(path: str) -> None:
    """Conflict when somebody else put something there."""
    with contextlib.suppress(FileNotFoundError):
        found = os.lstat(path)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise Conflict(f"{path!r} is not a directory of this user, so no key is written there: move it away.")


def _contents(found: Record, tenant: Tenant, key: t.Any, entry: dict[str, t.Any]) -> dict[str, bytes]:
    """What Tenant.files names, by name; C(key) is None where it is the tenant's own."""
    contents = {BUNDLE: found.bundle.encode()}
    if tenant.passphrase:
        certificate = x509.load_pem_x509_certificate(entry["certificate"].encode())
        cas = [one.certificate for one in found.authorities]
        contents[PKCS12] = pkcs12.encrypt(tenant.common_name, key, certificate, cas, tenant.passphrase)
    else:
        contents[CERTIFICATE] = entry["certificate"].encode()
        if key:
            contents[KEY] = certificates.private_bytes(key, "PEM")
    return contents


def _write(directory: str, contents: dict[str, bytes]) -> None:
    """Nothing of an older hand-over stays beside the new one."""
    for name in (KEY, CERTIFICATE, BUNDLE, PKCS12):
        for left in (name, name + files.NEW):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(directory, left))
    for name, data in contents.items():
        files.write(os.path.join(directory, name), data, 0o600)


# ---- what is told ----


def _values(
    desired: Desired, found: Record, due: list[Tenant], check_mode: bool, now: datetime.datetime
) -> dict[str, t.Any]:
    last = latest(found)
    waiting = {tenant.common_name for tenant in due}
    names = ("serial", "ca", "not_after", "fingerprint_sha256", "certificate")
    identities = []
    for tenant in desired.tenants:
        changed = tenant.common_name in waiting
        entry = {} if check_mode and changed else last[tenant.common_name]
        directory = os.path.join(desired.directory, tenant.common_name)
        told = {"common_name": tenant.common_name, "tenant": tenant.tenant, "share": tenant.share, "changed": changed}
        paths = [os.path.join(directory, name) for name in tenant.files]
        identities.append({**told, "files": paths, **{name: entry.get(name) for name in names}})
    return {
        "identities": identities,
        "lines": list(map(_line, identities)),
        "bundle": found.bundle,
        "warnings": authority.ending(desired.path, issuing(found), desired.validity, now),
    }


def _line(told: t.Mapping[str, t.Any]) -> str:
    what = ", ".join(told["files"]) if told["changed"] else "issued before"
    return f"{told['common_name']} (until {told['not_after'] or 'its end'}): {what}"
