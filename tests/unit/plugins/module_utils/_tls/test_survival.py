# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A CA that was lost, restored, forgotten, mistaken for another, or has come to its end."""

from __future__ import annotations

import dataclasses
import datetime
import os
import pathlib
import subprocess
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import Conflict, NotFound, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._tls import (
    authority,
    certificates,
    files,
    record,
    rotation,
)
from ansible_collections.glusterops.shares.plugins.module_utils._tls.adoption import Absent
from ansible_collections.glusterops.shares.plugins.module_utils._tls.revocation import Revocation
from ansible_collections.glusterops.shares.plugins.module_utils._tls.seen import Seen
from cryptography import x509
from tls_helpers import NOW, PASSPHRASE, Ca, EveryStep, keep, make_csr, new_key, snapshot

DAY = datetime.timedelta(days=1)
KEY = new_key()
CSR = make_csr(KEY, "a")
NEW = b"another passphrase"


def crl_of(values: dict[str, t.Any]) -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl(values["crls"].encode())


def number_of(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


# ---- a CA that is not there ----


@pytest.mark.parametrize("check", [True, False])
def test_no_second_ca_where_machines_have_one(ca: Ca, tmp_path: pathlib.Path, check: bool) -> None:
    bundle = ca.sign("a", CSR)[1]
    fingerprint = ca.ensure()[1]["ca"]["fingerprint_sha256"]
    empty = Ca(tmp_path / "empty")
    for options in ({}, {"others": True}):
        with pytest.raises(Refused) as caught:
            empty.ensure(("a", CSR), has={"bundle": bundle}, check=check, **options)
        assert f"There is no CA in '{empty.path}', but a trust CN=glusterops shares CA ({fingerprint[:23]}...)." in str(
            caught.value
        )
        assert caught.value.details == {"common_names": ["a"]} and not os.path.exists(empty.path)
    changes, _values = empty.ensure(("a", CSR), has={"bundle": bundle, "server": True}, check=check, other_cas="keep")
    assert [change.after for change in changes] == ["made", "trusted", "signed"]


def test_none_is_made_while_a_server_may_have_an_identity(ca: Ca) -> None:
    away = (Absent("host"), Absent("server2", True), Absent("server1", True))
    with pytest.raises(Refused, match="none is made before server1, server2 told that they have no identity"):
        ca.ensure(("a", CSR), absent=away, others=True)
    assert not os.path.exists(ca.path)
    # Once there is one, a machine more or less makes no difference.
    assert ca.ensure(("a", CSR), absent=away[:1])[0] and ca.ensure(("b", make_csr(KEY, "b")), absent=away)[0]


def test_one_is_made_while_a_server_is_away_with_a_permission(ca: Ca) -> None:
    assert ca.ensure(("a", CSR), absent=(Absent("server", True),), other_cas="keep")[0]


def test_none_is_made_by_who_only_uses_one(ca: Ca) -> None:
    for options in ({}, {"other_cas": "keep"}, {"rotation": "made"}, {"crl": True}):
        with pytest.raises(NotFound, match="There is no CA in .*, and none is made here"):
            ca.ensure(make=False, **options)
    assert not os.path.exists(ca.path)
    ca.ensure()
    assert ca.ensure(("a", CSR), make=False)[0] == [Change("a", "certificate", "missing", "signed")]


def test_a_directory_that_goes_with_the_job(tmp_path: pathlib.Path) -> None:
    mark, runner = tmp_path / "mark", tmp_path / "runner"
    path = str(tmp_path / "not" / "there" / "yet")

    def thrown_away(at: str = path) -> bool:
        return files.is_thrown_away(at, ["/nothing", str(mark)], str(runner), str(tmp_path))

    assert not thrown_away()
    runner.mkdir()
    assert not thrown_away()
    mark.touch()
    assert thrown_away() and not thrown_away("/proc")
    runner.rmdir()
    assert not thrown_away()


def test_no_ca_goes_with_the_job(ca: Ca, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "is_thrown_away", lambda path: path == ca.path)
    with pytest.raises(Refused, match="thrown away with this job.*Give the CA host, a real machine"):
        ca.ensure()
    assert not os.path.exists(ca.path)


# ---- machines that trust another CA ----


def test_another_ca_signs_only_with_a_permission(ca: Ca, tmp_path: pathlib.Path) -> None:
    other = Ca(tmp_path / "other", common_name="Another CA")
    pem, bundle = other.sign("old-name", make_csr(KEY, "old-name"))
    has = {"bundle": bundle, "certificate": pem}
    ca.ensure()
    before = snapshot(ca.path)
    sentence = r"the machine of 'a' trusts CN=Another CA \([0-9A-F:]{23}\.\.\.\), and is called 'old-name' by them\."
    with pytest.raises(Refused, match=sentence):
        ca.ensure(("a", CSR), has=has)
    # Who must not hold others up is told so by itself.
    changes, values = ca.ensure(("a", CSR), has=has, others=True)
    (answer,) = values["certificates"]
    assert changes == [] and snapshot(ca.path) == before
    assert answer["certificate"] is None and not answer["revoked"] and "trusts CN=Another CA" in answer["refused"]
    # One more CA that somebody put beside ours would go, too.
    both = bundle + values["bundle"]
    assert ca.ensure(("a", CSR), has={"bundle": both}, others=True)[1]["certificates"][0]["refused"]
    assert ca.ensure(("a", CSR), has={"bundle": "-----BEGIN"}, others=True)[1]["certificates"][0]["refused"]
    assert ca.ensure(("a", CSR), has=has, other_cas="drop")[1]["certificates"][0]["certificate"]
    # From then on it is ours.
    assert not ca.ensure(("a", CSR), has={"bundle": values["bundle"]})[0]


@pytest.mark.parametrize("other_cas", ["keep", "drop"])
def test_who_comes_from_another_ca_comes_with_all_others(ca: Ca, tmp_path: pathlib.Path, other_cas: str) -> None:
    """Who is left behind would not trust those any more."""
    has = {"bundle": Ca(tmp_path / "theirs", common_name="Theirs").sign("a", CSR)[1], "server": True}
    away = (Absent("server2", True), Absent("host", why="Its csr is broken."))
    sentence = "a come from another CA .*: host, server2 did not answer, .* inventory. Its csr is broken. Nothing was"
    with pytest.raises(Refused, match=sentence):
        ca.ensure(("a", CSR), has=has, absent=away, other_cas=other_cas, others=True)
    assert not os.path.exists(ca.path)
    ca.ensure(("a", CSR), has=has, other_cas=other_cas)
    # Broken off before it was installed, the next run goes on, and with all of them, too.
    with pytest.raises(Refused, match="server2 did not answer"):
        ca.ensure(("a", CSR), has=has, absent=away[:1], other_cas=other_cas)
    bundle = ca.ensure(("a", CSR), has=has, other_cas=other_cas)[1]["bundle"]
    assert ca.ensure(("a", CSR), has={"bundle": bundle}, absent=away)[0] == []


def test_who_would_be_left_behind_with_a_ca_of_its_own(ca: Ca, tmp_path: pathlib.Path) -> None:
    theirs, more = (Ca(tmp_path / name, common_name=name).sign("a", CSR)[1] for name in ("Theirs", "More"))
    requests = tuple(
        dataclasses.replace(certificates.parse_request(name, make_csr(new_key(), name)), bundle=bundle, server=server)
        for name, bundle, server in (("server", theirs, True), ("host", theirs + more, False))
    )
    desired = authority.Desired(ca.path, requests=requests, other_cas="keep", others=True)
    with pytest.raises(Refused, match="server come from another CA .*: host did not .* 'host' trusts CN=More"):
        authority.ensure(desired, (PASSPHRASE,), NOW, False)
    assert not os.path.exists(ca.path)


def test_what_servers_trust_is_kept_until_it_is_dropped(ca: Ca, tmp_path: pathlib.Path) -> None:
    theirs = [Ca(tmp_path / name, common_name=name).sign("a", CSR)[1] for name in ("one", "two", "tenants")]
    servers = {"bundle": theirs[0] + theirs[1], "server": True}
    host = {"bundle": theirs[0] + theirs[2]}
    changes, values = ca.ensure(("a", CSR), has=servers, other_cas="keep")
    assert [change.what for change in changes] == ["certificate authority", "other CAs", "certificate"]
    assert values["bundle"].endswith(theirs[0] + theirs[1]) and "CN=one, CN=two" in values["warnings"][0]
    # From then on they are no strangers, and stay.
    later = ca.ensure(("a", CSR), has=servers)
    assert later[0] == [] and later[1]["bundle"] == values["bundle"]
    # A tenant's host adds none.
    csr = make_csr(KEY, "host")
    refused = ca.ensure(("host", csr), has=host, other_cas="keep", others=True)[1]
    assert refused["bundle"] == values["bundle"] and "CN=tenants" in refused["certificates"][0]["refused"]
    assert "CN=one" not in refused["certificates"][0]["refused"]
    before = snapshot(ca.path)
    with pytest.raises(Conflict, match="can have no CRLs while other CAs are trusted"):
        ca.ensure(crl=True)
    assert snapshot(ca.path) == before
    changes, values = ca.ensure(("a", CSR), has=servers, other_cas="drop")
    assert changes == [Change(ca.path, "other CAs", "trusted", "dropped")]
    assert len(values["bundle"]) < 1000 and values["warnings"] == []
    assert ca.ensure(("a", CSR), crl=True, other_cas="drop")[0] != []
    with pytest.raises(Conflict, match="cannot be kept .* where CRLs are"):
        ca.ensure(("a", CSR), has=servers, other_cas="keep")


def test_another_name_of_a_server_is_told(ca: Ca) -> None:
    pem, bundle = ca.sign("old", make_csr(KEY, "old"))
    has = {"bundle": bundle, "certificate": pem, "server": True}
    (warning,) = ca.ensure(("a", CSR), has=has, check=True)[1]["warnings"]
    assert "called 'old' is 'a' from now on. Shares that do not list that name keep it out" in warning
    assert ca.ensure(("a", CSR), has={**has, "server": False}, check=True)[1]["warnings"] == []
    assert ca.ensure(("a", CSR), has=has)[1]["warnings"] == [warning]
    assert ca.ensure(("a", CSR), has=has)[1]["warnings"] == []


def test_what_the_ca_signed_is_no_stranger(ca: Ca) -> None:
    """Somebody put a machine's own certificate into its bundle."""
    pem, bundle = ca.sign("a", CSR)
    assert ca.ensure(("a", CSR), has={"bundle": bundle + pem})[1]["certificates"][0]["certificate"]


def test_a_ca_that_was_replaced_is_no_stranger(ca: Ca) -> None:
    bundle = ca.sign("a", CSR)[1]
    for stage in rotation.STAGES:
        ca.ensure(rotation=stage)
    assert ca.ensure(("a", CSR), has={"bundle": bundle})[1]["certificates"][0]["certificate"]


# ---- an older backup ----


def test_what_machines_have_makes_up_for_an_older_backup(ca: Ca) -> None:
    ca.ensure(("a", CSR), crl=True)
    restore = keep(ca.path)
    csrs = {name: make_csr(new_key(), name) for name in ("b", "c")}
    last = ca.ensure(*csrs.items())[1]
    issued = [one["certificate"] for one in last["certificates"]]
    ca.ensure(revocations=(Revocation("a", reason="key_compromise"), Revocation("b")))
    last = ca.ensure()[1]
    restore()
    # A certificate that nobody has shown is on the list all the same.
    restored = ca.ensure(seen=Seen((issued[1],), (last["crls"], "no crl", None)))
    changes, values = restored
    assert changes[0] == Change(
        os.path.join(ca.path, "issued.json"),
        "record",
        "1 certificates and 2 revocations behind, CRL number 1",
        "made up for, CRL number 2",
    )
    assert [change.before for change in changes[1:]] == ["older than what machines have"]
    assert "was behind what machines have" in values["warnings"][0]
    assert {one.serial_number for one in crl_of(values)} == {one.serial_number for one in crl_of(last)}
    assert number_of(crl_of(values)) == 3
    assert ca.ensure(("a", CSR))[1]["certificates"][0]["revoked"]
    # Whose certificate was revoked, its machine tells.
    assert [one["common_name"] for one in ca.ensure()[1]["revoked"]] == ["a"]
    ca.ensure(seen=Seen((issued[0],)))
    assert [one["common_name"] for one in ca.ensure()[1]["revoked"]] == ["a", "b"]
    assert ca.ensure(("b", csrs["b"]))[1]["certificates"][0]["revoked"]
    assert ca.ensure(seen=Seen(tuple(issued), (last["crls"], values["crls"])))[0] == []


def test_what_is_taken_up_again_is_revoked_with_the_rest(ca: Ca) -> None:
    ca.ensure(("a", CSR))
    restore = keep(ca.path)
    pem = ca.sign("a", make_csr(new_key(), "a"))[0]
    restore()
    values = ca.ensure(seen=Seen((pem,)), revocations=(Revocation("a"),))[1]
    assert [one["common_name"] for one in values["revoked"]] == ["a", "a"]


def test_killed_while_it_is_made_up_for(ca: Ca) -> None:
    """What was taken up again is on the lists, whether machines show it once more or not."""
    ca.ensure(("a", CSR), crl=True)
    older = keep(ca.path)
    ca.ensure(("b", make_csr(new_key(), "b")))
    last = ca.ensure(revocations=(Revocation("b"),))[1]
    number = 0
    while True:
        number += 1
        older()
        shown = Seen((), (last["crls"],))
        killed = EveryStep().at(number, lambda shown=shown: ca.ensure(seen=shown))  # type: ignore[misc]
        if record.read(ca.path).unseen:  # type: ignore[union-attr]
            assert len(crl_of(ca.ensure()[1])) == 1
        assert len(crl_of(ca.ensure(seen=shown)[1])) == 1
        if not killed:
            break
    assert number > 5


def test_crls_are_kept_again_after_a_backup_from_before_them(ca: Ca) -> None:
    ca.ensure(("a", CSR))
    restore = keep(ca.path)
    last = ca.ensure(crl=True, revocations=(Revocation("a"),))[1]
    restore()
    changes, values = ca.ensure(seen=Seen((), (last["crls"],)))
    assert [change.what for change in changes] == ["record", "crl"]
    assert number_of(crl_of(values)) == 2 and len(crl_of(values)) == 1


def test_nobody_else_can_make_up_anything(ca: Ca, tmp_path: pathlib.Path) -> None:
    """A CA of the same name, a certificate that has ended, and what the CA never signed."""
    pem, _bundle = ca.sign("a", CSR, valid_days=2, renew_before_days=1)
    other = Ca(tmp_path / "other")
    theirs = other.ensure(("a", CSR), crl=True)[1]
    theirs = other.ensure(crl=True, revocations=(Revocation("a"),))[1]
    ca.ensure(("a", CSR), now=NOW + 3 * DAY)
    seen = Seen((pem, other.sign("b", make_csr(KEY, "b"))[0], "", None, "words"), (theirs["crls"],))
    before = snapshot(ca.path)
    changes, values = ca.ensure(seen=seen, now=NOW + 3 * DAY)
    assert changes == [] and values["warnings"] == [] and snapshot(ca.path) == before


def test_what_nobody_could_show_goes_with_its_ca(ca: Ca) -> None:
    ca.ensure(("a", CSR), crl=True)
    restore = keep(ca.path)
    ca.ensure(("b", make_csr(new_key(), "b")))
    last = ca.ensure(revocations=(Revocation("b"),))[1]
    restore()
    ca.ensure(seen=Seen((), (last["crls"],)))
    assert len(record.read(ca.path).unseen) == 1  # type: ignore[union-attr]
    for stage in rotation.STAGES:
        ca.ensure(rotation=stage)
    assert record.read(ca.path).unseen == ()  # type: ignore[union-attr]


@pytest.mark.parametrize("stage", ["made", "trusted", "issuing"])
@pytest.mark.parametrize("options", [{}, {"other_cas": "keep"}, {"other_cas": "drop"}])
def test_a_backup_from_a_rotation_brings_no_ca_back(ca: Ca, stage: str, options: dict[str, t.Any]) -> None:
    old = ca.sign("a", CSR)[1]
    last: dict[str, t.Any] = {}
    backups = {}
    for reached in rotation.STAGES:
        last = ca.ensure(("a", CSR), rotation=reached)[1]
        backups[reached] = keep(ca.path) if reached == stage else None
    backups[stage]()  # type: ignore[misc]
    before = snapshot(ca.path)
    has = {"bundle": last["bundle"], "server": True}
    sentence = "the machine of 'a' trusts the new CA, and no more ca, which a rotation took out.*from an older backup"
    with pytest.raises(Refused, match=sentence):
        ca.ensure(("a", CSR), has=has, **options)
    (answer,) = ca.ensure(("a", CSR), has=has, others=True, **options)[1]["certificates"]
    assert answer["certificate"] is None and answer["refused"] and snapshot(ca.path) == before
    # Whoever has not got the new bundle yet trusts both, or the old one alone.
    for bundle in (old, old + last["bundle"]):
        assert ca.ensure(("a", CSR), has={"bundle": bundle})[1]["certificates"][0]["certificate"]
    for reached in rotation.STAGES[rotation.STAGES.index(stage) + 1 :]:
        ca.ensure(rotation=reached)
    assert ca.ensure(("a", CSR), has=has, **options)[1]["bundle"] == last["bundle"]


# ---- its own end ----


def test_its_end_is_told_in_time(ca: Ca) -> None:
    assert ca.ensure(ca_valid_days=1000)[1]["warnings"] == []
    assert ca.ensure(now=NOW + 269 * DAY)[1]["warnings"] == []
    (warning,) = ca.ensure(now=NOW + 270 * DAY)[1]["warnings"]
    assert f"The CA in {ca.path!r} ends on {certificates.iso(NOW + 1000 * DAY)}" in warning
    assert ca.ensure(now=NOW + 270 * DAY, valid_days=100)[1]["warnings"] == []


@pytest.mark.parametrize("before", [None, "made", "trusted"])
def test_a_ca_that_has_ended_is_replaced_at_once(ca: Ca, before: str | None) -> None:
    ca.ensure(("a", CSR), ca_valid_days=10)
    for stage in rotation.STAGES[: rotation.STAGES.index(before) + 1] if before else ():
        ca.ensure(rotation=stage)
    later = NOW + 11 * DAY
    with pytest.raises(Conflict, match="nothing that it signed counts now. Replace it with rotation"):
        ca.ensure(("a", CSR), now=later)
    told = ca.ensure(("a", CSR), now=later, rotation="made", check=True)[1]
    assert told["rotation"] == "issuing"
    changes, values = ca.ensure(("a", CSR), now=later, rotation="made")
    assert changes[0] == Change(ca.path, "rotation", before or "none", "issuing") and values["rotation"] == "issuing"
    assert values["certificates"][0]["not_after"] > certificates.iso(later)
    for stage in ("trusted", "issuing"):
        assert ca.ensure(("a", CSR), now=later, rotation=stage)[0] == []
    assert ca.ensure(("a", CSR), now=later, rotation="finished")[0] == [
        Change(ca.path, "rotation", "issuing", "finished")
    ]
    assert len(ca.ensure(now=later)[1]["authorities"]) == 1


# ---- its passphrase ----


def test_the_passphrase_is_changed(ca: Ca) -> None:
    ca.ensure(rotation=None)
    ca.ensure(rotation="made")
    both = (NEW, PASSPHRASE)
    changes = [Change(os.path.join(ca.path, name), "passphrase", "old", "new") for name in ("ca.key", "ca-2.key")]
    assert ca.ensure(passphrases=both, check=True)[0] == changes and ca.ensure()[0] == []
    assert ca.ensure(passphrases=both)[0] == changes
    assert ca.ensure(passphrases=both)[0] == [] and ca.ensure(passphrases=(NEW,))[0] == []
    before = snapshot(ca.path)
    with pytest.raises(Conflict, match="The passphrase does not open"):
        ca.ensure()
    with pytest.raises(Conflict, match="The passphrase does not open"):
        ca.ensure(passphrases=(b"a third one", PASSPHRASE))
    assert snapshot(ca.path) == before


def test_a_rotation_takes_a_new_passphrase(ca: Ca) -> None:
    ca.ensure(("a", CSR))
    for stage in rotation.STAGES:
        ca.ensure(("a", CSR), rotation=stage, passphrases=(NEW, PASSPHRASE))
    with pytest.raises(Conflict, match="The passphrase does not open"):
        ca.ensure()
    assert ca.ensure(("a", CSR), passphrases=(NEW,))[0] == []


def test_killed_at_any_step_one_of_both_opens_every_key(tmp_path: pathlib.Path) -> None:
    number = 0
    while True:
        number += 1
        ca = Ca(tmp_path / str(number) / "ca")
        ca.ensure()
        ca.ensure(rotation="made")
        killed = EveryStep().at(number, lambda ca=ca: ca.ensure(passphrases=(NEW, PASSPHRASE)))  # type: ignore[misc]
        ca.ensure(passphrases=(NEW, PASSPHRASE))
        assert ca.ensure(passphrases=(NEW,))[0] == []
        if not killed:
            break
    assert number > 8


# ---- a key that somebody else may have ----


@pytest.mark.parametrize("reason, refused", [("key_compromise", True), ("superseded", False)])
def test_a_key_that_somebody_else_has_is_signed_under_no_name(ca: Ca, reason: str, refused: bool) -> None:
    ca.sign("a", CSR)
    ca.ensure(revocations=(Revocation("a", reason=reason),))
    assert ca.ensure(("a", CSR))[1]["certificates"][0]["revoked"]
    (answer,) = ca.ensure(("b", make_csr(KEY, "b")))[1]["certificates"]
    assert answer["revoked"] is refused and bool(answer["certificate"]) is not refused


def test_nor_in_another_spelling(ca: Ca, tmp_path: pathlib.Path) -> None:
    """The same point, compressed, as openssl writes it on demand."""
    ca.sign("a", CSR)
    ca.ensure(revocations=(Revocation("a", reason="key_compromise"),))
    path = tmp_path / "key"
    path.write_bytes(certificates.private_bytes(KEY, "PEM"))
    told = subprocess.run(
        ["openssl", "ec", "-in", path, "-conv_form", "compressed"], capture_output=True, text=True, check=True
    )
    path.write_text(told.stdout)
    csr = subprocess.run(
        ["openssl", "req", "-new", "-key", path, "-subj", "/CN=b"], capture_output=True, text=True, check=True
    ).stdout
    assert len(csr) < len(make_csr(KEY, "b")) - 30
    (answer,) = ca.ensure(("b", csr))[1]["certificates"]
    assert answer["revoked"] and answer["certificate"] is None
