# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What the machines of a run need of each other: who makes a key, what the CA is asked, who installs its answer.

Decided on the control node, on what each machine told of itself.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._machines import told as told_of
from ansible_collections.glusterops.shares.plugins.module_utils._tls.identity import (
    Desired,
    Observed,
    place_of,
    plan,
)
from ansible_collections.glusterops.shares.plugins.module_utils._tls.installed import sha256
from ansible_collections.glusterops.shares.plugins.module_utils._tls.names import Infrastructure
from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import blocks

_Told = t.Mapping[str, t.Any]
# More CRLs than a machine of ours has: of each CA of the bundle one.
_MANY = 10


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
        with told_of.whatever_it_told():
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

    barred: why nothing is signed for it, and the names that this is about. server: whether it is one.
    """

    name: str
    identities: tuple[Wanted, ...]
    requested: t.Sequence[_Told] | None = None
    barred: t.Mapping[str, t.Sequence[str]] = dataclasses.field(default_factory=dict)
    server: bool = False

    def requests(self) -> list[dict[str, t.Any]]:
        """What is to be signed for it, in the order of its identities, and what it has now."""
        if self.barred:
            return []
        made = dict(map(_request_of, self.requested or ()))
        return [
            {
                "common_name": one.common_name,
                "csr": one.request if self.requested is None else made.get((one.common_name, one.scope)),
                "bundle": _text(one.observed and one.observed.bundle),
                "certificate": _text(one.observed and one.observed.certificate),
                "server": self.server,
            }
            for one in self.identities
        ]

    @property
    def crls(self) -> list[str]:
        """Those that it has. However many it tells of, there is room for those of others."""
        found: list[str] = []
        for one in self.identities:
            with told_of.whatever_it_told():
                found += [crl for crl in one.observed.current.crls if isinstance(crl, str)]  # type: ignore[union-attr]
        return found[:_MANY]


def _text(told: t.Any) -> str | None:
    return told if isinstance(told, str) else None


@dataclasses.dataclass(frozen=True)
class Known:
    """What is known of all machines before anything is signed. barred: by machine, see Applicant."""

    infrastructure: Infrastructure
    barred: t.Mapping[str, t.Mapping[str, t.Sequence[str]]] = dataclasses.field(default_factory=dict)

    def machines(self, looked: t.Mapping[str, _Told], made: t.Mapping[str, _Told] | None = None) -> list[Applicant]:
        """looked, made: by machine, what gluster_info and gluster_tls_identities returned."""
        return [
            Applicant(
                name,
                tuple(map(_read_wanted, told["identities"])),
                _made((made or {}).get(name)),
                self.barred.get(name, {}),
                self.infrastructure.is_server(name),
            )
            for name, told in looked.items()
        ]

    def absent(self, everybody: t.Iterable[str], machines: t.Iterable[Applicant]) -> list[dict[str, t.Any]]:
        """Who of everybody has not told what it trusts, or gets nothing of this run."""
        present = {machine.name for machine in machines if not machine.barred}
        return [
            {"name": name, "server": self.infrastructure.is_server(name)} for name in everybody if name not in present
        ]


def _made(told: t.Any) -> list[t.Any] | None:
    found = told.get("identities") if isinstance(told, dict) else None
    return found if isinstance(found, list) else None


def _read_wanted(told: _Told) -> Wanted:
    """The names are ours (looked.with_wanted). What else a machine told, and cannot be read, is not known."""
    observed = None
    with told_of.whatever_it_told():
        observed = Observed.read(told["observed"]) if told["observed"] else None
    return Wanted(told["common_name"], told["scope"], told["key_type"], observed)


def learn(looked: t.Mapping[str, _Told], infrastructure: Infrastructure) -> Known:
    """Which machines must not have what they are to ask for."""
    barred: dict[str, dict[str, list[str]]] = {}
    for machine, others in twins(looked).items():
        barred.setdefault(machine, {})["twin"] = others
    for machine, told in looked.items():
        names = [one["common_name"] for one in told["identities"]]
        usurped = [name for name in names if infrastructure.reserves(name) and infrastructure.name_of(machine) != name]
        if usurped:
            barred.setdefault(machine, {})["usurped"] = usurped
    return Known(infrastructure, barred)


def twins(looked: t.Mapping[str, _Told]) -> dict[str, list[str]]:
    """By machine that is one with others, though they have names of their own, these."""
    same: dict[str, list[str]] = {}
    for name, told in looked.items():
        if isinstance(told.get("instance"), str) and told["instance"]:
            same.setdefault(told["instance"], []).append(name)
    return {name: [other for other in names if other != name] for names in same.values() if names[1:] for name in names}


def without_keys(machines: t.Iterable[Applicant]) -> list[str]:
    """The machines that have to make a key or a request, or of which nobody knows whether they have to."""
    return [
        machine.name for machine in machines if not (machine.barred or all(one.settled() for one in machine.identities))
    ]


def requests(
    known: Known, looked: t.Mapping[str, _Told], made: t.Mapping[str, _Told], everybody: t.Iterable[str]
) -> dict[str, t.Any]:
    """What the CA is asked to sign for all of them, and what it is to be shown. everybody: who has to trust it."""
    machines = known.machines(looked, made)
    return {
        "sign": [request for machine in machines for request in machine.requests()],
        "installed_crls": sorted({crl for machine in machines for crl in machine.crls}),
        "absent": known.absent(everybody, machines),
    }


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
    if asked.get("trust"):
        # That is told in changes alone.
        wanted = []
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
    none. coming: the names of those that come from another CA."""

    certificates: t.Mapping[tuple[str, str | None], _Told]
    bundle: str
    crls: str | None
    check_mode: bool
    coming: t.Sequence[str] = ()

    @classmethod
    def read(cls, told: _Told, check_mode: bool, with_crls: bool) -> Answers:
        """As gluster_tls_ca or gluster_tls_external returned it. with_crls: whether a dry run would make CRLs."""
        by_request = {(one["common_name"], one["csr"]): one for one in told["certificates"]}
        crls = told.get("crls") or ("" if check_mode and with_crls else None)
        return cls(by_request, told.get("bundle") or "", crls, check_mode, told.get("coming") or ())

    @property
    def bundle_sha256(self) -> str | None:
        """Of the bundle as it is installed."""
        return _as_installed(self.bundle) if self.bundle else None

    def to(self, machine: Applicant) -> list[_Told]:
        """The answer for each of its identities, in their order."""
        return [
            self.certificates.get((request["common_name"], request["csr"]), _UNANSWERED)
            for request in machine.requests()
        ]

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

    def refusals(self, machine: Applicant) -> list[str]:
        """Why it does not get all of its identities, in sentences."""
        told = self.to(machine)
        answers = [one for one in told if not one.get("refused")]
        why = {
            **machine.barred,
            "unusable": [one["refused"] for one in told if one.get("refused")],
            "revoked": [one["common_name"] for one in answers if one["revoked"]],
            "waiting": [
                one["common_name"] for one in answers if not (one["certificate"] or one["revoked"] or self.check_mode)
            ],
        }
        return [
            _REFUSALS[reason].format(machine=machine.name, about=(" " if reason == "unusable" else ", ").join(about))
            for reason, about in why.items()
            if about
        ]

    def trusting(self, machines: t.Sequence[Applicant]) -> list[str]:
        """The machines that have to trust more, before any shows a certificate that it has not shown yet."""
        signed = [
            (one, *pair) for one in machines for pair in zip(one.requests(), self.to(one)) if pair[1]["certificate"]
        ]
        if not self.bundle or not any(_lacks(has["certificate"], gets["certificate"]) for _one, has, gets in signed):
            return []
        behind = (one.name for one, has, _gets in signed if has["bundle"] and _lacks(has["bundle"], self.bundle))
        return list(dict.fromkeys(behind))


_UNANSWERED = {"certificate": None, "revoked": False, "refused": "The CA host did not answer this request."}


def _lacks(has: str | None, pem: str) -> bool:
    return any(block not in (has or "") for block in blocks(pem, "bundle"))


_REFUSALS = {
    "twin": (
        "{machine} and {about} are one machine under several names: it can have one identity only. Take all names but"
        " one out of the inventory."
    ),
    "usurped": (
        "The identity {about} of {machine} begins like a server's or management host's, or is one, and these may mount"
        " every share: give it another tls_tenant, or put the host into the group of these (tls_servers_group,"
        " tls_managers_group)."
    ),
    "unusable": "What {machine} asks for is not signed. {about}",
    "revoked": (
        "The certificate of {about} for the key on {machine} was revoked, and is not signed again. Take the host, or"
        " its tenant, out of the inventory; or, if it shall be let in again, have a new key made with tls_renew_key."
    ),
    "waiting": (
        "The certificate of {about} for {machine} is not there yet: have the requests in tls_requests_path signed, put"
        " the certificates into tls_certificates_path, and run this again."
    ),
}
