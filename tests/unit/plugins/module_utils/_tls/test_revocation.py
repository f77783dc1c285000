# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import os
import re
import shutil
import subprocess
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict, NotFound
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._tls.revocation import Revocation, parse_revocation
from cryptography import x509
from tls_helpers import NOW, Ca, EveryStep, certificates_in, make_csr, new_key, read_record, snapshot

DAY = datetime.timedelta(days=1)
CSR = make_csr(new_key(), "a")


def crls_in(pem: str) -> list[x509.CertificateRevocationList]:
    blocks = re.findall(r"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----\n", pem, re.DOTALL)
    assert "".join(blocks) == pem
    return [x509.load_pem_x509_crl(block.encode()) for block in blocks]


def numbers(values: dict[str, t.Any]) -> list[int]:
    return [crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number for crl in crls_in(values["crls"])]


def verify(tmp_path: t.Any, certificate: str, values: dict[str, t.Any]) -> str:
    """What openssl says where CRLs of the whole chain are wanted, as Gluster wants them."""
    for name, text in (("one.pem", certificate), ("all.pem", values["bundle"] + values["crls"])):
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["openssl", "verify", "-no-CApath", "-crl_check_all", "-CAfile", tmp_path / "all.pem", tmp_path / "one.pem"],
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout + done.stderr).strip()


# ---- revoking ----


def test_all_valid_certificates_of_a_name_are_revoked_once(ca: Ca) -> None:
    ca.sign("a", make_csr(new_key(), "a"), valid_days=10, renew_before_days=1)
    ca.ensure(*[(name, make_csr(new_key(), name)) for name in ("a", "a", "b")], now=NOW + 9 * DAY)
    serials = [entry["serial"] for entry in read_record(ca.path)["certificates"]]
    wanted = (Revocation("a", reason="key_compromise"),)
    changes, values = ca.ensure(revocations=wanted, now=NOW + 10 * DAY)
    # The first had ended.
    assert changes == [Change("a", "revoked", f"{serial} valid", "key_compromise") for serial in serials[1:3]]
    at = (NOW + 10 * DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
    expected = [
        {"common_name": "a", "serial": serial, "ca": "ca", "at": at, "reason": "key_compromise"}
        for serial in serials[1:3]
    ]
    assert values["revoked"] == expected and values["crls"] is None
    before = snapshot(ca.path)
    assert ca.ensure(revocations=(Revocation("a"),), now=NOW + 11 * DAY)[0] == []
    assert snapshot(ca.path) == before


def test_one_certificate_is_revoked_by_its_serial(ca: Ca) -> None:
    ca.ensure(*[("a", make_csr(new_key(), "a")) for _host in range(2)])
    serial = read_record(ca.path)["certificates"][1]["serial"]
    written = ":".join(re.findall("..", serial.lower()))
    assert ca.ensure(revocations=(parse_revocation("a", written, "superseded"),))[0] == [
        Change("a", "revoked", f"{serial} valid", "superseded")
    ]
    assert ["revoked" in entry for entry in read_record(ca.path)["certificates"]] == [False, True]


@pytest.mark.parametrize("made", [False, True])
@pytest.mark.parametrize("serial", [None, "AB"])
def test_what_was_never_signed_cannot_be_revoked(ca: Ca, made: bool, serial: str | None) -> None:
    if made:
        ca.ensure(("a", CSR))
    name = "a" if serial else "b"
    before = snapshot(os.path.dirname(ca.path))
    with pytest.raises(NotFound, match=f"no certificate of '{name}'{' with the serial AB' if serial else ''} in its"):
        ca.ensure(revocations=(Revocation(name, serial),))
    after = snapshot(os.path.dirname(ca.path))
    after.pop(".ca.lock")
    before.pop(".ca.lock", None)
    assert after == before


def test_a_bad_entry_is_refused() -> None:
    with pytest.raises(BadInput, match=r"revoke: common_name 'a\*' is not a valid name"):
        parse_revocation("a*", None, "unspecified")
    for serial in ("", "0x1", "1g", "A" * 41):
        with pytest.raises(BadInput, match=f"revoke: the serial '{serial}' of 'a' is not a number in hexadecimal"):
            parse_revocation("a", serial, "unspecified")


def test_a_revoked_key_is_not_signed_again_under_its_name(ca: Ca) -> None:
    key = new_key()
    ca.sign("a", make_csr(key, "a"))
    ca.ensure(revocations=(Revocation("a"),))
    # Not even when the record has dropped everything else that had ended.
    for days in (0, 400):
        now = NOW + days * DAY
        before = snapshot(ca.path)
        changes, values = ca.ensure(("a", make_csr(key, "a")), now=now)
        [answer] = values["certificates"]
        assert changes == [] and answer["revoked"] and answer["certificate"] is None and not answer["changed"]
        assert snapshot(ca.path) == before
        answers = ca.ensure(
            ("a", make_csr(key, "a")), ("b", make_csr(key, "b")), ("a", make_csr(new_key(), "a")), now=now
        )[1]["certificates"]
        assert [(answer["revoked"], bool(answer["certificate"])) for answer in answers] == [
            (True, False),
            (False, True),
            (False, True),
        ]


def test_what_is_revoked_in_the_same_run_is_not_signed(ca: Ca) -> None:
    ca.ensure(("a", CSR))
    [answer] = ca.ensure(("a", CSR), revocations=(Revocation("a"),))[1]["certificates"]
    assert answer["revoked"] and answer["certificate"] is None
    assert len(read_record(ca.path)["certificates"]) == 1


# ---- CRLs ----


def test_crls_are_kept_once_there_are_some(ca: Ca) -> None:
    first = ca.ensure(crl=True)[1]["crls"]
    assert first and ca.ensure() == ([], {**ca.ensure()[1], "crls": first})
    ca.sign("a", CSR)
    changes, values = ca.ensure(revocations=(Revocation("a"),))
    assert [change.what for change in changes] == ["revoked", "crl"] and values["crls"] not in (None, first)
    assert ca.ensure(now=NOW + 16 * DAY)[0][0].what == "crl"


@pytest.mark.parametrize("key_type", ["ecdsa-p256", "ed25519"])
def test_a_crl_shuts_out_who_was_revoked_and_nobody_else(ca: Ca, tmp_path: t.Any, key_type: str) -> None:
    pairs = [(name, make_csr(new_key(), name)) for name in ("a", "b", "c")]
    changes, values = ca.ensure(*pairs, crl=True, key_type=key_type)
    crl_file = os.path.join(ca.path, "ca.crl")
    assert changes[-1] == Change(crl_file, "crl", "absent", "signed")
    pems = [told["certificate"] for told in values["certificates"]]
    assert all(verify(tmp_path, pem, values).endswith("OK") for pem in pems)
    changes, values = ca.ensure(crl=True, revocations=(Revocation("a", reason="key_compromise"), Revocation("c")))
    assert changes[-1] == Change(crl_file, "crl", "other certificates are revoked", "signed")
    assert "certificate revoked" in verify(tmp_path, pems[0], values)
    assert verify(tmp_path, pems[1], values).endswith("OK")
    (crl,) = crls_in(values["crls"])
    assert crl.last_update_utc == NOW - datetime.timedelta(minutes=5) and crl.next_update_utc == NOW + 30 * DAY
    assert [revoked.revocation_date_utc for revoked in crl] == [NOW] * 2
    first, second = crl
    assert first.extensions.get_extension_for_class(x509.CRLReason).value.reason == x509.ReasonFlags.key_compromise
    assert len(second.extensions) == 0
    assert numbers(values) == [2]
    with open(crl_file, encoding="ascii") as file:
        assert file.read() == values["crls"]


@pytest.mark.parametrize("days, due", [(0, False), (14, False), (16, True), (29, True), (30, True), (90, True)])
def test_a_crl_is_made_anew_at_half_its_life(ca: Ca, days: int, due: bool) -> None:
    first = ca.ensure(crl=True)[1]
    changes, values = ca.ensure(crl=True, now=NOW + days * DAY)
    last = (NOW + 30 * DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
    expected = [Change(os.path.join(ca.path, "ca.crl"), "crl", f"valid to {last}", "signed")]
    assert changes == (expected if due else [])
    assert (values["crls"] != first["crls"]) is due and numbers(values) == [2 if due else 1]
    assert ca.ensure(crl=True, now=NOW + days * DAY)[0] == []


@pytest.mark.parametrize("damage", ["", "x", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "other"])
def test_a_crl_that_is_damaged_is_an_error(ca: Ca, tmp_path: t.Any, damage: str) -> None:
    """To take it for none would let CRLs end that bricks look at."""
    ca.ensure(crl=True)
    if damage == "other":
        damage = Ca(tmp_path / "other").ensure(crl=True)[1]["crls"]
    with open(os.path.join(ca.path, "ca.crl"), "w", encoding="ascii") as file:
        file.write(damage)
    before = snapshot(ca.path)
    for crl in (True, False):
        with pytest.raises(Conflict, match="'.*/ca.crl' is not a CRL of this CA.*restore its directory from a backup"):
            ca.ensure(crl=crl)
    assert snapshot(ca.path) == before


def test_what_was_revoked_leaves_the_crl_with_its_end(ca: Ca) -> None:
    ca.sign("a", CSR, valid_days=10, renew_before_days=1)
    values = ca.ensure(crl=True, revocations=(Revocation("a"),))[1]
    assert len(crls_in(values["crls"])[0]) == 1
    assert ca.ensure(crl=True, now=NOW + 11 * DAY)[0] == []
    assert len(crls_in(ca.ensure(crl=True, now=NOW + 20 * DAY)[1]["crls"])[0]) == 0


@pytest.mark.parametrize("minutes, left", [(4, 1), (6, 0)])
def test_a_machine_whose_clock_is_behind_still_refuses_what_has_just_ended(ca: Ca, minutes: int, left: int) -> None:
    ca.sign("a", CSR, valid_days=10, renew_before_days=1)
    ca.ensure(crl=True, crl_valid_days=2, revocations=(Revocation("a"),))
    ended = NOW + 10 * DAY + datetime.timedelta(minutes=minutes)
    assert len(crls_in(ca.ensure(crl=True, crl_valid_days=2, now=ended)[1]["crls"])[0]) == left


def test_every_ca_of_the_bundle_has_a_crl(ca: Ca, tmp_path: t.Any) -> None:
    b = make_csr(new_key(), "b")
    ca.ensure(("a", CSR), ("b", b), crl=True)
    made = ca.ensure(crl=True, rotation="made")[1]
    # The one that is good already stays.
    assert numbers(made) == [1, 2]
    ca.ensure(rotation="trusted", crl=True)
    values = ca.ensure(("b", b), rotation="issuing", crl=True)[1]
    assert ca.ensure(crl=True, revocations=(Revocation("b"),))[0][-1].before == "other certificates are revoked"
    crls = ca.ensure(crl=True)[1]
    assert [len(crl) for crl in crls_in(crls["crls"])] == [1, 1] and numbers(crls) == [3, 3]
    issuers = [crl.issuer for crl in crls_in(crls["crls"])]
    assert issuers == [certificate.subject for certificate in certificates_in(crls["bundle"])]
    assert "certificate revoked" in verify(tmp_path, values["certificates"][0]["certificate"], crls)
    done = ca.ensure(crl=True, rotation="finished")[1]
    assert [crl.issuer for crl in crls_in(done["crls"])] == issuers[1:]


def test_check_mode_predicts(ca: Ca) -> None:
    for options in ({}, {"revocations": (Revocation("a"),)}):
        ca.ensure(("a", CSR)) if not options else None
        before = snapshot(ca.path)
        predicted, told = ca.ensure(crl=True, check=True, **options)  # type: ignore[arg-type]
        assert snapshot(ca.path) == before and told["crls"] is None
        changes, values = ca.ensure(crl=True, **options)  # type: ignore[arg-type]
        assert predicted == changes and changes and told["revoked"] == values["revoked"]
    assert ca.ensure(crl=True, check=True)[1]["crls"] == values["crls"]


def test_killed_at_any_step_of_a_revocation(tmp_path: t.Any) -> None:
    start = Ca(tmp_path / "0" / "ca")
    start.ensure(("a", CSR), crl=True)
    number, killed = 0, True
    while killed:
        number += 1
        ca = Ca(tmp_path / str(number) / "ca")
        shutil.copytree(start.path, ca.path)

        def work(ca: Ca = ca) -> None:
            ca.ensure(revocations=(Revocation("a"),), crl=True)

        killed = EveryStep().at(number, work)
        used = read_record(ca.path)["crl_number"]
        with open(os.path.join(ca.path, "ca.crl"), encoding="ascii") as file:
            left = file.read()
        values = ca.ensure(revocations=(Revocation("a"),), crl=True)[1]
        assert values["crls"] == left or numbers(values)[0] > used >= numbers({"crls": left})[0]
        assert len(crls_in(values["crls"])[0]) == 1 == len(values["revoked"])
        assert ca.ensure(revocations=(Revocation("a"),), crl=True)[0] == []
    assert number > 5
