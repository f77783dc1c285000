# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What the machines of a run need of each other: who makes a key, what the CA is asked, who installs its answer.

Decided on the control node, on what each machine told of itself.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._tls.identity import (
    Desired,
    Observed,
    place_of,
    plan,
)
from ansible_collections.glusterops.shares.plugins.module_utils._tls.installed import sha256
from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import blocks

_Told = t.Mapping[str, t.Any]


def _whatever_it_told() -> contextlib.suppress:
    """What a machine told may be anything: what cannot be understood is not known, and no other machine's trouble."""
    return contextlib.suppress(ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


@dataclasses.dataclass(frozen=True)
class Wanted:
    """An identity that a machine shall have. observed: what is there of it, None if that is not known."""

    common_name: str
    scope: str
    key_type: str
    observed: Observed | None

    @property
    def parameters(self) -> dict[str, t.Any]:
        return {"common_name": self.common_name, "scope": self.scope, "key_type": self.key_type}

    @property
    def request(self) -> str | None:
        key = self.observed.key_for(self.common_name) if self.observed else None
        return key.request if key and isinstance(key.request, str) else None

    def settled(self, **given: t.Any) -> bool:
        """Whether it is known that the machine has nothing to do for it."""
        desired = Desired(**self.parameters, **given)
        with _whatever_it_told():
            return self.observed is not None and not plan(
                desired, self.observed, place_of(self.common_name, self.scope)
            )
        return False


def _request_of(told: t.Any) -> tuple[tuple[str, str], str | None]:
    """Name and scope, and the request that a machine made for them; None for what is no request."""
    told = told if isinstance(told, dict) else {}
    request = told.get("request")
    csr = request.get("csr") if isinstance(request, dict) else None
    return (str(told.get("common_name")), str(told.get("scope"))), csr if isinstance(csr, str) else None


@dataclasses.dataclass(frozen=True)
class Applicant:
    """A server or host. requested: what it told when it made keys and requests, None if it had not to.

    usurped: the names that it must not have. Nothing is signed for it.
    """

    name: str
    identities: tuple[Wanted, ...]
    requested: t.Sequence[_Told] | None = None
    usurped: tuple[str, ...] = ()

    def requests(self) -> list[dict[str, t.Any]]:
        """What is to be signed for it, in the order of its identities."""
        if self.usurped:
            return []
        made = dict(map(_request_of, self.requested or ()))
        return [
            {
                "common_name": one.common_name,
                "csr": one.request if self.requested is None else made.get((one.common_name, one.scope)),
            }
            for one in self.identities
        ]


def read_machines(
    looked: t.Mapping[str, _Told],
    made: t.Mapping[str, _Told] | None = None,
    usurped: t.Mapping[str, t.Sequence[str]] | None = None,
) -> list[Applicant]:
    """The machines of a run. looked, made: by machine, what gluster_info and gluster_tls_identities returned."""
    return [
        Applicant(
            name,
            tuple(map(_read_wanted, told["identities"])),
            _made((made or {}).get(name)),
            tuple((usurped or {}).get(name, ())),
        )
        for name, told in looked.items()
    ]


def _made(told: t.Any) -> list[t.Any] | None:
    found = told.get("identities") if isinstance(told, dict) else None
    return found if isinstance(found, list) else None


def _read_wanted(told: _Told) -> Wanted:
    """The names are ours (looked.with_wanted). What else a machine told, and cannot be read, is not known."""
    observed = None
    with _whatever_it_told():
        observed = Observed.read(told["observed"]) if told["observed"] else None
    return Wanted(told["common_name"], told["scope"], told["key_type"], observed)


def usurped(machine: Applicant, infrastructure: t.Iterable[tuple[str, t.Collection[str]]]) -> list[str]:
    """Those of its names that would pass for a server's or management host's, who may mount every share.

    infrastructure: what their names begin with, and the machines that are such.
    """
    groups = list(infrastructure)
    theirs = {prefix + host: host for prefix, hosts in groups for host in hosts}
    prefixes = tuple(prefix for prefix, _hosts in groups if prefix)
    return [
        one.common_name
        for one in machine.identities
        if (one.common_name.startswith(prefixes) or one.common_name in theirs)
        and theirs.get(one.common_name) != machine.name
    ]


def without_keys(machines: t.Iterable[Applicant]) -> list[str]:
    """The machines that have to make a key or a request, or of which nobody knows whether they have to."""
    return [
        machine.name
        for machine in machines
        if not (machine.usurped or all(one.settled() for one in machine.identities))
    ]


def requests(machines: t.Iterable[Applicant]) -> list[dict[str, t.Any]]:
    """What the CA is asked to sign for all of them."""
    return [request for machine in machines for request in machine.requests()]


def _as_installed(bundle: str) -> str:
    """The checksum of the bundle's file."""
    return sha256("\n".join(blocks(bundle, "bundle")) + "\n")


def unlike(asked: t.Mapping[str, t.Any], told: _Told, check_mode: bool) -> str | None:
    """What is wrong with the answer of gluster_tls_identities to these arguments: it is of other identities, or with
    another bundle, which would look as if the machines differed."""
    wanted = [one for one in asked.get("identities") or () if isinstance(one, dict)]
    found = told.get("identities")
    if found is None:
        return "identities is missing"
    names = [(str(one.get("common_name")), str(one.get("scope") or "machine")) for one in wanted]
    if [(one["common_name"], one["scope"]) for one in found] != names:
        return f"it is not of {' and '.join(name for name, _scope in names)}, which it was asked for"
    bundle = asked.get("bundle")
    for one, its in zip(wanted, found):
        if bundle and one.get("certificate") and not check_mode and its["bundle_sha256"] != _as_installed(bundle):
            return f"it has not installed the bundle of {its['common_name']!r} that it was given"
    return None


@dataclasses.dataclass(frozen=True)
class Answers:
    """What the CA answered. bundle and crls are empty in a dry run that does not know them, crls None if there are
    none."""

    certificates: t.Mapping[tuple[str, str | None], _Told]
    bundle: str
    crls: str | None
    check_mode: bool

    @classmethod
    def read(cls, told: _Told, check_mode: bool, with_crls: bool) -> Answers:
        """As gluster_tls_ca or gluster_tls_external returned it. with_crls: whether a dry run would make CRLs."""
        by_request = {(one["common_name"], one["csr"]): one for one in told["certificates"]}
        crls = told.get("crls") or ("" if check_mode and with_crls else None)
        return cls(by_request, told.get("bundle") or "", crls, check_mode)

    @property
    def bundle_sha256(self) -> str | None:
        """Of the bundle as it is installed."""
        return _as_installed(self.bundle) if self.bundle else None

    def to(self, machine: Applicant) -> list[_Told]:
        """The answer for each of its identities, in their order."""
        return [self.certificates[request["common_name"], request["csr"]] for request in machine.requests()]

    def installations(self, machine: Applicant) -> list[dict[str, t.Any]]:
        """Its identities with their certificates, none if all of them are known to be installed."""
        signed = [
            (one, answer["certificate"])
            for one, answer in zip(machine.identities, self.to(machine))
            if answer["certificate"] or (self.check_mode and not answer["revoked"])
        ]
        if machine.requested is None and all(self._is_installed(one, certificate) for one, certificate in signed):
            return []
        return [{**one.parameters, "certificate": certificate or ""} for one, certificate in signed]

    def _is_installed(self, one: Wanted, certificate: str | None) -> bool:
        crls = self.crls if one.scope == "machine" else None
        return bool(certificate and self.bundle) and one.settled(certificate=certificate, bundle=self.bundle, crls=crls)

    def refusals(self, machine: Applicant) -> dict[str, list[str]]:
        """The names that it does not get: usurped ones, those revoked for its key, those that wait to be signed; and in
        sentences why its requests cannot be signed."""
        told = self.to(machine)
        answers = [one for one in told if not one.get("refused")]
        found: dict[str, list[str]] = {
            "usurped": list(machine.usurped),
            "unusable": [one["refused"] for one in told if one.get("refused")],
            "revoked": [one["common_name"] for one in answers if one["revoked"]],
            "waiting": [
                one["common_name"] for one in answers if not (one["certificate"] or one["revoked"] or self.check_mode)
            ],
        }
        return {why: names for why, names in found.items() if names}
