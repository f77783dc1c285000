# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import pathlib
import shutil
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.filter.tls_certificates import tls_certificates
from ansible_collections.glusterops.shares.plugins.filter.tls_keys import tls_keys
from ansible_collections.glusterops.shares.plugins.filter.tls_requests import tls_requests
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._tls import argspec, identity, installing, signing
from ansible_collections.glusterops.shares.plugins.module_utils._tls.names import Infrastructure
from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import OpenSSL
from ansible_collections.glusterops.shares.plugins.module_utils._tls.revocation import Revocation
from ansible_collections.glusterops.shares.plugins.module_utils._tls.seen import Seen
from hypothesis import given
from hypothesis import strategies as st
from tls_helpers import Ca, keep, make_csr, new_key, run_command
from tls_machine import Machine

Told = t.Dict[str, t.Any]
_CRLS: dict[str, str] = {}
_REMEMBERED: dict[t.Any, tuple[int, str, str]] = {}


def remember(args: list[str], data: str | None = None, **options: t.Any) -> tuple[int, str, str]:
    """The real program, asked once about the same files: one test asks it a thousand times."""
    if args[1] == "genpkey" or "-new" in args:
        return run_command(args, data, **options)
    key = (data, *(pathlib.Path(word).read_bytes() if os.path.isfile(word) else word for word in args))
    if key not in _REMEMBERED:
        _REMEMBERED[key] = run_command(args, data, **options)
    return _REMEMBERED[key]


OPENSSL = OpenSSL(remember)
NOBODY: list[tuple[str, list[str]]] = []
# A server that mounts for a tenant, too.
WANTED = (identity.Desired("a"), identity.Desired("t", scope="tenant"))


def ensure(machine: Machine, desired: t.Sequence[identity.Desired], check: bool = False) -> t.Any:
    return installing.ensure_all(desired, machine.directories, OPENSSL, check, home=machine.home)


def does_nothing(machine: Machine, desired: t.Sequence[identity.Desired]) -> bool:
    """Whether the machine itself would neither change anything nor complain."""
    try:
        return not ensure(machine, desired, check=True)[0]
    except GlusterOpsError:
        return False


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., Told]:
    """What a machine tells of its identities, as it arrives."""

    def look(machine: Machine, *wanted: identity.Desired) -> Told:
        monkeypatch.setattr(identity, "find_directories", lambda: machine.directories)
        names = [(one.common_name, one.scope) for one in wanted or WANTED]
        observed = json.loads(json.dumps(identity.look(names, OPENSSL, machine.home)))
        parameters = [
            {"common_name": one.common_name, "scope": one.scope, "key_type": one.key_type} for one in wanted or WANTED
        ]
        return {"identities": [dict(one, observed=its) for one, its in zip(parameters, observed)]}

    return look


def unknown(*names: str, scope: str = "machine") -> Told:
    return {
        "identities": [
            {"common_name": name, "scope": scope, "key_type": "ecdsa-p256", "observed": None} for name in names
        ]
    }


def sign(ca: Ca, requests: t.Sequence[Told], **options: t.Any) -> Told:
    """As gluster_tls_ca returns it, with CRLs."""
    answer = ca.ensure(*((one["common_name"], one["csr"]) for one in requests), **options)[1]
    # Another with the same content would be another CRL: its signature differs.
    return {**answer, "crls": _CRLS.setdefault(ca.path, ca.crl())}


def desired(answer: Told, dry: bool = False, crl: bool = False) -> list[identity.Desired]:
    """What gluster_tls_identities is given for the answer, decided from what the CA said alone."""
    found = []
    for one, its in zip(WANTED, answer["certificates"]):
        if its["certificate"] or (dry and not its["revoked"]):
            crls = answer["crls"] or ("" if dry and crl else None)
            found.append(
                identity.Desired(
                    one.common_name,
                    certificate=its["certificate"] or "",
                    bundle=answer["bundle"] or "",
                    crls=crls if one.scope == "machine" else None,
                    scope=one.scope,
                )
            )
    return found


# ---- what a machine does and what is decided for it are the same ----


def current(machine: Machine, name: str = "") -> str:
    return os.path.join(machine.home, "current", name)


def tenant(machine: Machine, name: str = "") -> str:
    return os.path.join(machine.home, "tenants", "t", name)


def gluster(machine: Machine, name: str) -> str:
    return os.path.join(machine.directories[0], name)


def as_a_file(path: str) -> None:
    """The same content, and no link."""
    shutil.copy(path, path + ".new")
    os.replace(path + ".new", path)


def elsewhere(path: str) -> None:
    target = os.path.realpath(path)
    os.unlink(path)
    os.symlink(target, path)


def append(path: str, text: str) -> None:
    with open(path, "a", encoding="ascii") as file:
        file.write(text)


def upgraded(machine: Machine) -> None:
    machine.directories.append(machine.root + "/elsewhere")


def of_another_ca(machine: Machine, name: str) -> None:
    # Its CRLs would be missing.
    shutil.rmtree(current(machine, "crl"))
    machine.certify(Ca(machine.root + "/ca"), name)


def with_a_foreign_key(machine: Machine) -> None:
    key = machine.seen()["glusterfs.key"]
    shutil.rmtree(machine.home)
    os.unlink(gluster(machine, "glusterfs.key"))
    machine.put({"glusterfs.key": key})


STATES: dict[str, t.Callable[[Machine], t.Any]] = {
    "all in place": lambda _machine: None,
    "nothing": lambda machine: (shutil.rmtree(machine.root), os.makedirs(machine.directories[0])),
    "a foreign key": with_a_foreign_key,
    "no tenant": lambda machine: shutil.rmtree(tenant(machine)),
    "another name": lambda machine: of_another_ca(machine, "b"),
    "of another CA": lambda machine: of_another_ca(machine, "a"),
    "a key waits": lambda machine: machine.request(renew_key=True),
    "a tenant's key waits": lambda machine: machine.request("t", scope="tenant", renew_key=True),
    "a key waits for another name": lambda machine: machine.request("b"),
    "no link": lambda machine: os.unlink(gluster(machine, "glusterfs.ca")),
    "a file": lambda machine: as_a_file(gluster(machine, "glusterfs.pem")),
    "a link elsewhere": lambda machine: elsewhere(gluster(machine, "glusterfs.key")),
    "another directory": upgraded,
    "no current set": lambda machine: os.unlink(machine.home + "/current"),
    "no key": lambda machine: os.unlink(current(machine, "glusterfs.key")),
    "a key of another": lambda machine: OPENSSL.make_key(current(machine, "glusterfs.key"), "ecdsa-p256"),
    "no request": lambda machine: os.unlink(current(machine, "request.pem")),
    "a short request": lambda machine: os.truncate(tenant(machine, "current/request.pem"), 10),
    "a short certificate": lambda machine: os.truncate(current(machine, "glusterfs.pem"), 10),
    "more in the certificate": lambda machine: append(current(machine, "glusterfs.pem"), "x\n"),
    "more in the bundle": lambda machine: append(tenant(machine, "current/glusterfs.ca"), "\n"),
    "no bundle": lambda machine: os.unlink(current(machine, "glusterfs.ca")),
    "no CRLs": lambda machine: shutil.rmtree(current(machine, "crl")),
    "an open tenant": lambda machine: os.chmod(tenant(machine), 0o710),
}


def answers(
    ca: Ca, first: Told, requests: t.Sequence[Told], other: Ca
) -> t.Iterator[tuple[str, Told, dict[str, bool]]]:
    """What a CA may answer, and whether that is to a dry run, and with CRLs to come."""
    ours, theirs = first["certificates"]
    not_yet = {"certificate": None, "revoked": False}
    yield "as before", first, {}
    yield "as before, in a dry run", first, {"check_mode": True, "crl": True}
    yield "text around it", {**first, "bundle": "x\n" + first["bundle"] + "\n", "crls": "x\n" + first["crls"]}, {}
    yield "renewed", sign(ca, requests, valid_days=400, renew_before_days=399), {}
    yield "a longer bundle", {**first, "bundle": first["bundle"] + other.ensure()[1]["bundle"]}, {}
    longer = first["bundle"] + other.ensure()[1]["bundle"]
    yield "a longer bundle, with its CRL", {**first, "bundle": longer, "crls": first["crls"] + other.crl()}, {}
    yield "another CRL", {**first, "crls": ca.crl(7)}, {}
    yield "no CRLs", {**first, "crls": None}, {}
    yield "no CRLs, in a dry run", {**first, "crls": None}, {"check_mode": True}
    yield "CRLs to come", {**first, "crls": None}, {"check_mode": True, "crl": True}
    yield "no bundle yet", {**first, "bundle": None}, {"check_mode": True}
    yield "one not yet", {**first, "certificates": [{**ours, **not_yet}, theirs]}, {}
    yield "one not yet, in a dry run", {**first, "certificates": [ours, {**theirs, **not_yet}]}, {"check_mode": True}
    yield "one revoked", {**first, "certificates": [ours, {**theirs, **not_yet, "revoked": True}]}, {}
    yield (
        "one revoked, in a dry run",
        {**first, "certificates": [{**ours, **not_yet, "revoked": True}, theirs]},
        {"check_mode": True},
    )
    yield "none", {**first, "certificates": [{**ours, **not_yet}, {**theirs, **not_yet}]}, {}


@pytest.mark.parametrize("state", STATES)
def test_nothing_is_left_out_that_a_machine_would_do_and_nothing_done_that_it_would_not(
    machine: Machine, ca: Ca, tmp_path: t.Any, look: t.Callable[..., Told], state: str
) -> None:
    ensure(machine, desired(sign(ca, [one["request"] for one in ensure(machine, WANTED)[1]])))
    STATES[state](machine)

    # What arrives is what was seen.
    observed = [
        identity.observe(identity.place_of(one.common_name, one.scope, machine.directories, machine.home), OPENSSL)
        for one in WANTED
    ]
    told = {"m": look(machine)}
    assert [one.observed for one in signing.Known(Infrastructure.read(NOBODY)).machines(told)[0].identities] == observed

    keys = [identity.Desired(one.common_name, scope=one.scope) for one in WANTED]
    assert tls_keys(told, [])["missing"] == ([] if does_nothing(machine, keys) else ["m"])

    # As the role goes on: once there are keys, what is decided about certificates is exact, too.
    ensure(machine, WANTED)
    told = {"m": look(machine)}
    requests = tls_requests(told, {}, {}, NOBODY)["sign"]
    settled = set()
    for name, answer, how in answers(ca, sign(ca, requests), requests, Ca(tmp_path / "other", common_name="Other")):
        decided = tls_certificates(told, {}, {}, NOBODY, answer, **how)["install"]
        dry, crl = how.get("check_mode", False), how.get("crl", False)
        assert (decided == {}) == does_nothing(machine, desired(answer, dry, crl)), name
        settled |= set() if decided else {name}
    assert ("as before" in settled) == ("text around it" in settled) and "renewed" not in settled
    assert state != "all in place" or "as before" in settled

    # What is installed then is found to be in place.
    answer = sign(ca, requests)
    installed = ensure(machine, desired(answer))[1]
    again = tls_certificates({"m": look(machine)}, {}, {}, NOBODY, answer)
    assert again["install"] == {} and {one["bundle_sha256"] for one in installed} == {again["bundle_sha256"]}


# ---- who makes a key ----

SERVERS, MANAGERS = ("server-", ["s1", "s2"]), ("manager-", ["m1"])


@pytest.mark.parametrize(
    "infrastructure, host, names, usurped",
    [
        ([SERVERS, MANAGERS], "s1", ["server-s1", "tenant"], []),
        ([SERVERS, MANAGERS], "m1", ["manager-m1"], []),
        ([SERVERS, MANAGERS], "h", ["tenant", "servers-s1", "s1", "xserver-s1"], []),
        # Another's, nobody's, and a management host's on a server.
        ([SERVERS, MANAGERS], "s1", ["server-s2"], ["server-s2"]),
        ([SERVERS, MANAGERS], "h", ["server-h", "tenant", "manager-"], ["server-h", "manager-"]),
        ([SERVERS, MANAGERS], "s1", ["server-s1", "manager-s1"], ["manager-s1"]),
        ([SERVERS, MANAGERS], "m1", ["server-m1"], ["server-m1"]),
        # Without a prefix only whole names can be told from tenants'.
        ([("", ["s1", "s2"]), MANAGERS], "h", ["s1", "s10", "s"], ["s1"]),
        ([("", ["s1", "s2"]), MANAGERS], "s1", ["s1", "s2"], ["s2"]),
        ([("", ["s1"]), ("", ["m1"])], "m1", ["m1", "s1"], ["s1"]),
        ([("", ["s1"]), MANAGERS], "h", ["manager-h"], ["manager-h"]),
        ([], "h", ["server-s1"], []),
    ],
)
def test_nobody_passes_for_a_server_or_management_host(
    infrastructure: list[tuple[str, list[str]]], host: str, names: list[str], usurped: list[str]
) -> None:
    for scope in ("machine", "tenant"):
        decided = tls_keys({host: unknown(*names, scope=scope), "other": unknown("tenant")}, infrastructure)
        assert decided == {
            "missing": ["other"] if usurped else [host, "other"],
            "barred": {host: {"usurped": usurped}} if usurped else {},
        }


def test_one_machine_has_one_identity() -> None:
    """Under two names it would make its key and request anew for each, and have certificates that nobody installs."""
    looked = {name: {**unknown(name), "instance": "same"} for name in ("a", "b")}
    looked |= {"c": {**unknown("c"), "instance": "other"}, "d": unknown("d"), "e": unknown("e")}
    looked |= {"f": {**unknown("f"), "instance": None}, "g": {**unknown("g"), "instance": ["same"]}}
    decided = tls_keys(looked, NOBODY)
    assert decided == {"missing": list("cdefg"), "barred": {"a": {"twin": ["b"]}, "b": {"twin": ["a"]}}}
    sign = tls_requests(looked, {}, decided["barred"], NOBODY)["sign"]
    assert [one["common_name"] for one in sign] == list("cdefg")
    answer = answer_to(*((name, None, None, False) for name in "cdefg"))
    refused = tls_certificates(looked, {}, decided["barred"], NOBODY, answer, True)["refused"]
    assert list(refused) == ["a", "b"] and "a and b are one machine under several names" in refused["a"][0]


def test_what_is_not_known_is_missing(machine: Machine, look: t.Callable[..., Told]) -> None:
    ensure(machine, WANTED)
    told = look(machine)
    half = {"identities": [told["identities"][0], *unknown("t", scope="tenant")["identities"]]}
    assert tls_keys({"known": told, "half": half, "not": unknown("a")}, [])["missing"] == ["half", "not"]


# ---- what the CA is asked ----


def made(**requests: str | None) -> Told:
    """As gluster_tls_identities returns it, of machines' identities."""
    return {
        "identities": [
            {"common_name": name, "scope": "machine", "request": {"common_name": name, "csr": csr}}
            for name, csr in requests.items()
        ]
    }


def asked(looked: Told, its: Told, **usurped: list[str]) -> list[tuple[str, str | None]]:
    barred = {name: {"usurped": names} for name, names in usurped.items()}
    return [(one["common_name"], one["csr"]) for one in tls_requests(looked, its, barred, NOBODY)["sign"]]


def test_requests_are_for_the_names_that_are_wanted(machine: Machine, look: t.Callable[..., Told]) -> None:
    values = ensure(machine, WANTED)[1]
    own, tenants = (one["request"]["csr"] for one in values)
    looked = {"m": look(machine)}
    assert asked(looked, {"m": {"skipped": True}}) == [("a", own), ("t", tenants)]
    assert asked(looked, {}) == asked(looked, {"m": {"identities": values[::-1]}}) == [("a", own), ("t", tenants)]
    # What a machine says besides, or calls them, is not signed.
    renamed = [dict(values[0], common_name="server-s1"), dict(values[1], scope="machine"), *values]
    assert asked(looked, {"m": {"identities": renamed}}) == [("a", own), ("t", tenants)]
    assert asked(looked, {"m": {"identities": renamed[:2]}}) == [("a", None), ("t", None)]
    assert asked(looked, {}, m=["t"]) == []


def test_the_requests_of_all_machines() -> None:
    looked = {"x": unknown("a", "b"), "y": unknown("a"), "z": unknown("server-s1", "c")}
    # A dry run makes none.
    its = {"x": made(b="2", a="1"), "y": made(a=None), "z": made(**{"server-s1": "3", "c": "4"})}
    assert asked(looked, its, z=["server-s1"]) == [("a", "1"), ("b", "2"), ("a", None)]


def test_the_ca_is_shown_what_machines_have(machine: Machine, ca: Ca, look: t.Callable[..., Told]) -> None:
    answer = sign(ca, [one["request"] for one in ensure(machine, WANTED)[1]])
    ensure(machine, desired(answer))
    infrastructure = [("", ["m"]), ("", [])]
    told = tls_requests({"m": look(machine), "h": look(machine)}, {}, {}, infrastructure)
    assert told["installed_crls"] == [answer["crls"].strip()]
    pems = [one["certificate"] for one in answer["certificates"]]
    assert [one["certificate"] for one in told["sign"]] == pems * 2
    assert {one["bundle"] for one in told["sign"]} == {answer["bundle"]}
    assert [one["server"] for one in told["sign"]] == [True, True, False, False]


def test_no_machine_crowds_out_what_others_show(machine: Machine, ca: Ca, look: t.Callable[..., Told]) -> None:
    """After an older backup a CRL would go back, if it was the only one that is looked at."""
    ca.ensure(("b", make_csr(new_key(), "b")), crl=True)
    older = keep(ca.path)
    last = ca.ensure(revocations=(Revocation("b"),))[1]["crls"]
    older()
    ensure(machine, desired(sign(ca, [one["request"] for one in ensure(machine, WANTED)[1]])))
    looked = {"liar": look(machine), "server": look(machine)}
    for name, crls in (("liar", [f"{number:04}" for number in range(1000)]), ("server", [last])):
        looked[name]["identities"][0]["observed"]["current"]["crls"] = crls
    shown = tls_requests(looked, {}, {}, NOBODY)["installed_crls"]
    assert last in shown and len(shown) < 100
    changes = ca.ensure(seen=Seen((), (*(f"{number:04}" for number in range(1000)), *shown)))[0]
    assert [change.before for change in changes[1:]] == ["older than what machines have"]


def test_who_is_away_or_gets_nothing_is_told_to_the_ca() -> None:
    looked = {"server1": unknown("a"), "twin": unknown("b")}
    infrastructure = [("", ["server1", "server2"]), ("", [])]
    everybody = ["server1", "server2", "twin", "host"]
    told = tls_requests(looked, {}, {"twin": {"twin": ["again"]}}, infrastructure, everybody)
    assert told["absent"] == [
        {"name": "server2", "server": True},
        {"name": "twin", "server": False},
        {"name": "host", "server": False},
    ]
    assert tls_requests(looked, {}, {}, infrastructure)["absent"] == []


def test_what_somebody_else_put_there_is_shown(machine: Machine, ca: Ca, look: t.Callable[..., Told]) -> None:
    pem, bundle = ca.sign("old", make_csr(new_key(), "old"))
    machine.put({"glusterfs.pem": pem.encode(), "glusterfs.ca": bundle.encode()})
    own, _tenant = tls_requests({"m": look(machine)}, {}, {}, NOBODY)["sign"]
    assert (own["bundle"], own["certificate"]) == (bundle, pem)


# ---- who installs what ----


def test_who_has_another_cas_identity_trusts_this_one_first(
    machine: Machine, ca: Ca, tmp_path: pathlib.Path, look: t.Callable[..., Told]
) -> None:
    ensure(machine, desired(sign(ca, [one["request"] for one in ensure(machine, WANTED)[1]])))
    told = {"m": look(machine), "new": unknown("new")}
    its = {"new": made(new=make_csr(new_key(), "new"))}
    requests = tls_requests(told, its, {}, NOBODY)["sign"]
    for authority, trusting in ((ca, []), (Ca(tmp_path / "other", common_name="Other"), ["m"])):
        answer = {**sign(authority, requests), "crls": None}
        assert tls_certificates(told, its, {}, NOBODY, answer)["trusting"] == trusting
    refused = {**answer, "certificates": [{**one, "certificate": None} for one in answer["certificates"]]}
    assert tls_certificates(told, its, {}, NOBODY, refused)["trusting"] == []


def test_who_trusts_another_ca_trusts_this_one_first_where_both_are_kept(
    machine: Machine, ca: Ca, tmp_path: pathlib.Path, look: t.Callable[..., Told]
) -> None:
    """Whoever installs first would be cut off from the others meanwhile, and for good from one that is lost then."""
    first = sign(ca, [one["request"] for one in ensure(machine, WANTED)[1]])
    ensure(machine, desired(first))
    told = {"m": look(machine)}
    requests = tls_requests(told, {}, {}, [("", ["m"]), ("", [])])["sign"]
    other = Ca(tmp_path / "other", common_name="Other", other_cas="keep")
    answer = sign(other, requests, has={"bundle": requests[0]["bundle"], "server": True})
    assert answer["bundle"].endswith(first["bundle"]) and answer["coming"] == ["a", "t"]
    decided = tls_certificates(told, {}, {}, NOBODY, answer)
    assert (decided["trusting"], decided["together"]) == (["m"], ["m"])
    # In a rotation nobody shows a certificate of the new one before all trust it.
    made = {**first, "bundle": answer["bundle"]}
    assert tls_certificates(told, {}, {}, NOBODY, made)["trusting"] == []
    # A machine of ours that missed a CA holds nobody up.
    decided = tls_certificates(told, {}, {}, NOBODY, {**answer, "coming": []})
    assert (decided["trusting"], decided["together"]) == (["m"], [])


def answer_to(*answers: tuple[str, str | None, str | None, bool]) -> Told:
    """Name, request, certificate, and whether it was revoked."""
    fields = ("common_name", "csr", "certificate", "revoked")
    return {"certificates": [dict(zip(fields, answer)) for answer in answers], "bundle": None, "crls": None}


def test_what_was_made_in_this_run_is_installed(machine: Machine, ca: Ca, look: t.Callable[..., Told]) -> None:
    """Even if all seems to be in place: what was seen is older than the key."""
    values = ensure(machine, WANTED)[1]
    answer = sign(ca, [one["request"] for one in values])
    ensure(machine, desired(answer))
    looked = {"m": look(machine)}
    assert tls_certificates(looked, {"m": {"skipped": True}}, {}, NOBODY, answer)["install"] == {}
    pems = [one["certificate"] for one in answer["certificates"]]
    expected = [
        {"common_name": name, "scope": scope, "key_type": "ecdsa-p256", "certificate": pem}
        for name, scope, pem in zip("at", ("machine", "tenant"), pems)
    ]
    for told in (
        looked,
        {"m": dict(looked["m"], identities=[{**one, "observed": None} for one in looked["m"]["identities"]])},
    ):
        decided = tls_certificates(told, {"m": {"identities": values}}, {}, NOBODY, answer)
        assert decided["install"] == {"m": expected} and decided["refused"] == {}
        assert (decided["bundle"], decided["crls"]) == (answer["bundle"], answer["crls"])


def test_each_gets_the_certificate_for_its_own_key(ca: Ca) -> None:
    """Machines may have one name, as those of one tenant do."""
    requests = [{"common_name": "t", "csr": make_csr(new_key(), "t")} for _machine in range(2)]
    answer = sign(ca, requests)
    its = {name: made(t=one["csr"]) for name, one in zip("xy", requests)}
    for order in ("xy", "yx"):
        install = tls_certificates({name: unknown("t") for name in order}, its, {}, NOBODY, answer)["install"]
        assert [install[name][0]["certificate"] for name in "xy"] == [
            one["certificate"] for one in answer["certificates"]
        ]
    assert install["x"][0]["certificate"] != install["y"][0]["certificate"]


@pytest.mark.parametrize(
    "answer, dry, installed, refused",
    [
        (("t", "1", "PEM", False), False, ["PEM"], None),
        (("t", "1", None, False), False, [], "The certificate of t for m is not there yet"),
        (("t", "1", None, True), False, [], "The certificate of t for the key on m was revoked"),
        # A dry run does not wait: the real one would have it signed.
        (("t", "1", None, False), True, [""], None),
        (("t", "1", None, True), True, [], "The certificate of t for the key on m was revoked"),
        (("t", None, None, False), True, [""], None),
    ],
)
def test_who_gets_nothing(
    answer: tuple[str, str | None, str | None, bool], dry: bool, installed: list[str], refused: str | None
) -> None:
    decided = tls_certificates({"m": unknown("t")}, {"m": made(t=answer[1])}, {}, NOBODY, answer_to(answer), dry)
    assert [one["certificate"] for one in decided["install"].get("m", [])] == installed
    assert list(decided["refused"]) == (["m"] if refused else [])
    if refused:
        (sentence,) = decided["refused"]["m"]
        assert sentence.startswith(refused)


def test_one_that_is_refused_leaves_the_others() -> None:
    answer = answer_to(("a", "1", "PEM", False), ("b", "2", None, True), ("c", "3", None, False))
    looked = {"m": unknown("a", "b", "c"), "u": unknown("server-s1", "c")}
    its = {"m": made(a="1", b="2", c="3"), "u": made(**{"server-s1": "4", "c": "5"})}
    decided = tls_certificates(looked, its, {"u": {"usurped": ["server-s1"]}}, NOBODY, answer)
    assert [one["common_name"] for one in decided["install"]["m"]] == ["a"] and "u" not in decided["install"]
    assert [sentence.partition(" for ")[0] for sentence in decided["refused"]["m"]] == [
        "The certificate of b",
        "The certificate of c",
    ]
    (sentence,) = decided["refused"]["u"]
    assert sentence.startswith("The identity server-s1 of u begins like a server's or management host's")


# ---- machines that answer what they like ----
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(("identities", "common_name", "scope", "request", "csr", "current", "pending", "key", "links")),
        inner,
        max_size=5,
    ),
    max_leaves=12,
)


@given(observed=anything, answer=anything)
def test_what_one_machine_answers_is_its_own_trouble(observed: t.Any, answer: t.Any) -> None:
    """It gets nothing, or what is its own; the other one gets what it would get without it."""
    looked = {"liar": unknown("liar"), "m": unknown("t")}
    looked["liar"]["identities"][0]["observed"] = observed
    its = {"liar": answer, "m": made(t="1")}
    assert "m" in tls_keys(looked, [])["missing"]
    asked = tls_requests(looked, its, {}, NOBODY)["sign"]
    assert [one["common_name"] for one in asked] == ["liar", "t"] and asked[1]["csr"] == "1"
    signed = answer_to(("t", "1", "PEM", False))
    refusal = {**asked[0], "certificate": None, "revoked": False, "refused": "Broken."}
    signed["certificates"].append(refusal)
    decided = tls_certificates(looked, its, {}, NOBODY, signed)
    assert decided["refused"] == {"liar": ["What liar asks for is not signed. Broken."]}
    assert list(decided["install"]) == ["m"] and decided["trusting"] == []


def request(name: str, csr: str) -> Told:
    return {"common_name": name, "csr": csr}


def read_requests(items: list[Told], check_mode: bool = False, others: bool = True) -> argspec.Requests:
    return argspec.Requests({"sign": items, "sign_others": others, "absent": []}, check_mode)


def test_a_request_that_cannot_be_signed_holds_no_other_back(ca: Ca) -> None:
    shared, mine = new_key(), make_csr(new_key(), "mine")
    items = [
        request("broken", "no request"),
        request("mine", mine),
        request("other", make_csr(new_key(), "server1")),
        request("copy", make_csr(shared, "copy")),
        request("original", make_csr(shared, "original")),
        request("twice", make_csr(new_key(), "twice", ORGANIZATION_NAME="x")),
        {"common_name": "nothing", "csr": None},
    ]
    read = read_requests(items)
    assert [one.common_name for one in read.good] == ["mine"]
    others = ["broken", "other", "twice", "nothing", "copy", "original"]
    assert [one.name for one in read.absent] == others and all(one.why for one in read.absent)
    answers = read.answers(sign(ca, [items[1]])["certificates"])
    assert [one["common_name"] for one in answers] == [one["common_name"] for one in items]
    assert [one["csr"] for one in answers] == [one["csr"] for one in items]
    assert answers[1]["certificate"] and answers[1]["refused"] is None
    said = [one["refused"] for one in answers]
    assert "csr of 'broken' cannot be read as a certificate request" in said[0]
    assert "csr of 'other' is for the subject 'CN=server1', but must be for 'CN=other' alone" in said[2]
    assert all("has the same key as another one" in why for why in said[3:5]) and "'twice' is for" in said[5]
    assert said[6] == "sign: what was answered has no request for 'nothing'."
    assert not any(one["certificate"] or one["changed"] for one in (answers[0], *answers[2:]))
    with pytest.raises(BadInput, match="csr of 'broken' cannot be read"):
        read_requests(items, others=False)
    with pytest.raises(BadInput, match="is missing: only check mode"):
        read_requests([request("a", "")], others=False)
    assert len(read_requests([request("a", ""), request("b", "")], check_mode=True).good) == 2
    # The names are not what a machine says.
    with pytest.raises(BadInput, match="not a valid name"):
        read_requests([request("*", mine)])


@pytest.mark.parametrize(
    "crls, dry, crl, told",
    [("CRL", False, True, "CRL"), ("CRL", True, True, "CRL"), (None, True, True, ""), (None, True, False, None)],
)
def test_what_a_dry_run_does_not_know(crls: str | None, dry: bool, crl: bool, told: str | None) -> None:
    decided = tls_certificates({}, {}, {}, NOBODY, {**answer_to(), "crls": crls}, dry, crl)
    assert (decided["bundle"], decided["bundle_sha256"], decided["crls"]) == ("", None, told)
