# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import multiprocessing
import os
import shutil
import stat
import subprocess
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict, NotFound, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._tls import pkcs12, tenants
from ansible_collections.glusterops.shares.plugins.module_utils._tls.certificates import Validity
from ansible_collections.glusterops.shares.plugins.module_utils._tls.info import info
from ansible_collections.glusterops.shares.plugins.module_utils._tls.revocation import Revocation
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12 as reader
from tls_helpers import (
    NOW,
    PASSPHRASE,
    Ca,
    EveryStep,
    certificates_in,
    make_csr,
    new_key,
    read_record,
    said,
    snapshot,
)

DAY = datetime.timedelta(days=1)
PREFIXES = ("glusterfs-server-", "")
CSR_KEY = new_key()
CSR = make_csr(CSR_KEY, "c")


def tenant(name: str, **more: t.Any) -> tenants.Tenant:
    item: dict[str, t.Any] = dict.fromkeys(("share", "common_name", "csr", "passphrase"))
    return tenants.parse_tenant({**item, "tenant": name, "format": "pem", "reissue": False, **more}, PREFIXES)


class Desk:
    """Where hand-overs are written."""

    def __init__(self, ca: Ca, directory: str) -> None:
        self.ca = ca
        self.directory = directory

    def issue(
        self, *wanted: tenants.Tenant, now: datetime.datetime = NOW, check: bool = False, **days: int
    ) -> tuple[list[Change], list[dict[str, t.Any]]]:
        desired = tenants.Desired(self.ca.path, self.directory, wanted, validity=Validity(**days))
        changes, values = tenants.ensure(desired, PASSPHRASE, now, check)
        assert values["bundle"] == self.ca.ensure(now=now)[1]["bundle"]
        return changes, values["identities"]

    def path(self, *names: str) -> str:
        return os.path.join(self.directory, *names)

    def files(self, name: str) -> list[str]:
        return sorted(os.listdir(self.path(name)))

    def read(self, *names: str) -> str:
        with open(self.path(*names), encoding="ascii") as file:
            return file.read()


@pytest.fixture
def desk(ca: Ca, tmp_path: t.Any) -> Desk:
    ca.ensure()
    return Desk(ca, str(tmp_path / "deep" / "hand-over"))


def public_of(pem: str) -> str:
    return said("x509", "-noout", "-pubkey", data=pem)


# ---- what is written ----


def test_a_set_of_files_is_written_as_gluster_reads_it(desk: Desk) -> None:
    changes, told = desk.issue(tenant("a"))
    assert changes == [Change("a", "hand-over", "missing", "written")]
    assert desk.files("a") == ["glusterfs.ca", "glusterfs.key", "glusterfs.pem"]
    for path, mode in ((desk.directory, 0o700), (desk.path("a"), 0o700)):
        assert stat.S_IMODE(os.stat(path).st_mode) == mode
    assert {stat.S_IMODE(os.stat(path).st_mode) for path in told[0]["files"]} == {0o600}
    assert sorted(map(os.path.basename, told[0]["files"])) == desk.files("a")
    bundle, pem = desk.path("a", "glusterfs.ca"), desk.path("a", "glusterfs.pem")
    assert said("verify", "-no-CApath", "-purpose", "sslclient", "-CAfile", bundle, pem).endswith(": OK\n")
    assert said("pkey", "-in", desk.path("a", "glusterfs.key"), "-pubout") == public_of(desk.read("a", "glusterfs.pem"))
    assert said("x509", "-noout", "-subject", "-nameopt", "RFC2253", "-in", pem) == "subject=CN=a\n"
    assert told[0]["certificate"] == desk.read("a", "glusterfs.pem") and told[0]["changed"]
    assert "PRIVATE" not in repr(told)


def test_pkcs12_opens_with_its_passphrase_only(desk: Desk, tmp_path: t.Any) -> None:
    secret = tenant("b", share="s1", format="pkcs12", passphrase="long and random")
    assert "long and random" not in repr(secret)
    desk.issue(secret)
    assert desk.files("b.s1") == ["glusterfs.ca", "identity.p12"]
    path = desk.path("b.s1", "identity.p12")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    opened = said("pkcs12", "-in", path, "-nodes", "-passin", "stdin", data="long and random\n")
    key = opened[opened.index("-----BEGIN PRIVATE KEY") :]
    leaf = said("pkcs12", "-in", path, "-nokeys", "-clcerts", "-passin", "stdin", data="long and random\n")
    assert said("pkey", "-pubout", data=key) == public_of(leaf)
    (tmp_path / "leaf.pem").write_text(leaf)
    done = said("verify", "-no-CApath", "-CAfile", desk.path("b.s1", "glusterfs.ca"), str(tmp_path / "leaf.pem"))
    assert done.endswith(": OK\n")
    cas = said("pkcs12", "-in", path, "-nokeys", "-cacerts", "-passin", "stdin", data="long and random\n")
    assert certificates_in(cas) == certificates_in(desk.read("b.s1", "glusterfs.ca"))
    wrong = subprocess.run(
        ["openssl", "pkcs12", "-in", path, "-noout", "-passin", "stdin"],
        input="long and randon\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert wrong.returncode and "invalid password" in wrong.stderr
    told = subprocess.run(
        ["openssl", "pkcs12", "-in", path, "-info", "-noout", "-passin", "stdin"],
        input="long and random\n",
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    assert told.count("AES-256-CBC, Iteration 100000") == 2 and "MAC: sha256, Iteration 100000\n" in told


@pytest.mark.parametrize("passphrase", ["12345678", "x" * 300, "mit Umläuten", "mit 😀😀😀😀"])
def test_any_passphrase_opens_pkcs12(desk: Desk, passphrase: str) -> None:
    desk.issue(tenant("a", format="pkcs12", passphrase=passphrase))
    with open(desk.path("a", "identity.p12"), "rb") as file:
        data = file.read()
    key, certificate, cas = reader.load_key_and_certificates(data, passphrase.encode())
    assert certificate and key and certificate.public_key() == key.public_key() and len(cas) == 1
    with pytest.raises(ValueError, match="Invalid password"):
        reader.load_key_and_certificates(data, passphrase.encode() + b"+")
    opened = said("pkcs12", "-in", desk.path("a", "identity.p12"), "-noout", "-passin", "stdin", data=passphrase)
    assert opened == ""


def test_from_a_request_no_key_is_written(desk: Desk) -> None:
    desk.issue(tenant("c", csr=CSR))
    assert desk.files("c") == ["glusterfs.ca", "glusterfs.pem"]
    assert certificates_in(desk.read("c", "glusterfs.pem"))[0].public_key() == CSR_KEY.public_key()
    assert desk.issue(tenant("c", csr=make_csr(CSR_KEY, "c")))[0] == []
    other = tenant("c", csr=make_csr(new_key(), "c"))
    assert desk.issue(other)[0] == [Change("c", "hand-over", "for another key", "written")]


@pytest.mark.parametrize("key_type, name", [("ecdsa-p256", "EC"), ("ed25519", "ED25519"), ("rsa-4096", "RSA")])
@pytest.mark.parametrize("form", ["pem", "pkcs12"])
def test_every_kind_of_key(desk: Desk, key_type: str, name: str, form: str) -> None:
    wanted = tenant("a", format=form, passphrase="12345678" if form == "pkcs12" else None)
    desired = tenants.Desired(desk.ca.path, desk.directory, (wanted,), key_type=key_type)
    tenants.ensure(desired, PASSPHRASE, NOW, False)
    if form == "pkcs12":
        key = said("pkcs12", "-in", desk.path("a", "identity.p12"), "-nodes", "-passin", "stdin", data="12345678\n")
        key = key[key.index("-----BEGIN PRIVATE KEY") :]
    else:
        key = desk.read("a", "glusterfs.key")
    assert {"EC": "NIST CURVE: P-256", "ED25519": "ED25519 ", "RSA": "(4096 bit"}[name] in said(
        "pkey", "-noout", "-text", data=key
    )


# ---- when it is written ----


def test_the_mapping_is_recorded_and_shown(desk: Desk) -> None:
    desk.ca.sign("machine", make_csr(new_key(), "machine"))
    wanted = [tenant("a"), tenant("a", share="s1"), tenant("b", share="s1", common_name="bee")]
    changes, told = desk.issue(*wanted)
    assert [change.subject for change in changes] == ["a", "a.s1", "bee"]
    shown = info(desk.ca.path)["identities"]
    mapping = [(one["tenant"], one["share"], one["common_name"], one["managed"], one["delivered"]) for one in shown]
    assert mapping == [
        (None, None, "machine", True, None),
        ("a", None, "a", False, True),
        ("a", "s1", "a.s1", False, True),
        ("b", "s1", "bee", False, True),
    ]
    assert [one["serial"] for one in shown[1:]] == [one["serial"] for one in told]
    before = snapshot(os.path.dirname(desk.ca.path))
    changes, again = desk.issue(*wanted)
    assert changes == [] and again == [{**one, "changed": False} for one in told]
    shutil.rmtree(desk.directory)
    assert desk.issue(*wanted)[0] == [] and not os.path.exists(desk.directory)
    assert before != snapshot(os.path.dirname(desk.ca.path))


@pytest.mark.parametrize("days, due", [(0, False), (334, False), (335, True), (400, True)])
def test_it_is_issued_again_with_a_new_key_before_its_end(desk: Desk, days: int, due: bool) -> None:
    desk.issue(tenant("a"))
    first = desk.read("a", "glusterfs.key")
    changes, _told = desk.issue(tenant("a"), now=NOW + days * DAY)
    end = (NOW + 365 * DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert changes == ([Change("a", "hand-over", f"valid to {end}", "written")] if due else [])
    assert (desk.read("a", "glusterfs.key") != first) is due


def test_reissue_always_issues_and_leaves_nothing_of_the_old(desk: Desk) -> None:
    desk.issue(tenant("a"))
    again = tenant("a", format="pkcs12", passphrase="12345678", reissue=True)
    assert desk.issue(again)[0] == [Change("a", "hand-over", "to be issued again", "written")]
    assert desk.files("a") == ["glusterfs.ca", "identity.p12"]
    assert len(desk.issue(again)[0]) == 1
    assert len(read_record(desk.ca.path)["certificates"]) == 3


def test_what_was_revoked_is_not_issued_again_silently(desk: Desk) -> None:
    desk.issue(tenant("a"), tenant("b"), tenant("c", csr=CSR))
    desk.ca.ensure(revocations=(Revocation("a"), Revocation("c")))
    before = snapshot(os.path.dirname(desk.ca.path))
    with pytest.raises(Refused, match="tenants: 'a' was revoked: take it off the list, or set reissue") as caught:
        desk.issue(tenant("a"), tenant("b", reissue=True))
    assert caught.value.details == {"revoked": ["a"]}
    with pytest.raises(Refused, match="tenants: the key of 'c' was revoked: ask with a new key"):
        desk.issue(tenant("c", csr=CSR, reissue=True), tenant("b", reissue=True))
    assert snapshot(os.path.dirname(desk.ca.path)) == before
    desk.issue(tenant("a", reissue=True), tenant("c", csr=make_csr(new_key(), "c")))
    assert desk.issue(tenant("a"))[0] == []


def test_a_rotation_reaches_tenants_first(desk: Desk) -> None:
    desk.issue(tenant("a"), tenant("c", csr=CSR))
    pair = (tenant("a"), tenant("c", csr=CSR))
    assert desk.ca.ensure(rotation="made")[0] and desk.issue(*pair)[0] == []
    desk.ca.ensure(rotation="trusted")
    with pytest.raises(Refused, match="would lock out a, c, who"):
        desk.ca.ensure(rotation="issuing")
    changes, told = desk.issue(*pair)
    assert [change.before for change in changes] == ["of another CA"] * 2
    assert [one["ca"] for one in told] == ["ca-2"] * 2
    assert len(certificates_in(desk.read("a", "glusterfs.ca"))) == 2
    for stage in ("issuing", "finished"):
        desk.ca.ensure(rotation=stage)
        assert desk.issue(*pair)[0] == []
    assert [one["common_name"] for one in info(desk.ca.path)["identities"]] == ["a", "c"]


def test_a_machine_and_a_hand_over_of_one_name_do_not_disturb_each_other(desk: Desk) -> None:
    csr = make_csr(new_key(), "a")
    desk.ca.sign("a", csr)
    desk.issue(tenant("a"))
    assert desk.ca.ensure(("a", csr))[0] == [] == desk.issue(tenant("a"))[0]


# ---- what is refused ----


@pytest.mark.parametrize(
    "options, message",
    [
        ({"tenant": "a*"}, r"tenants: tenant 'a\*' is not a valid name"),
        ({"share": "a/b"}, "tenants: the share of 'a' 'a/b' is not a volume name"),
        ({"share": ""}, "tenants: the share of 'a' '' is not a volume name"),
        ({"common_name": "b b"}, "tenants: the common_name of 'a' 'b b' is not a valid name"),
        ({"share": "s" * 63}, "tenants: the common_name of 'a' 'a.s+' is not a valid name: 1 to 64"),
        ({"common_name": ".."}, "tenants: the common_name '..' cannot be the name of a directory"),
        ({"tenant": "."}, "tenants: the common_name '.' cannot be the name of a directory"),
        ({"tenant": "glusterfs-server-9"}, "begins with 'glusterfs-server-', which is kept for machines"),
        ({"common_name": "glusterfs-server-9"}, "begins with 'glusterfs-server-'"),
        ({"csr": CSR}, "tenants: the csr of 'a' is for the subject 'CN=c'"),
        ({"csr": "x"}, "tenants: the csr of 'a' cannot be read"),
        ({"tenant": "c", "csr": CSR, "format": "pkcs12", "passphrase": "12345678"}, "both csr and format=pkcs12"),
        ({"format": "pkcs12"}, "tenants: 'a' needs a passphrase, because of format=pkcs12"),
        ({"format": "pkcs12", "passphrase": "1234567"}, "tenants: 'a': passphrase must have at least 8 characters"),
        ({"passphrase": "12345678"}, "tenants: 'a' has a passphrase, but only format=pkcs12 is encrypted"),
    ],
)
def test_bad_entries(options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        tenant(**{"name": options.pop("tenant", "a"), **options})


def test_an_identity_may_stand_only_once(desk: Desk) -> None:
    with pytest.raises(BadInput, match=r"tenants: the identity 'a.s' stands more than once"):
        desk.issue(tenant("a", share="s"), tenant("a.s"))


def test_an_identity_has_one_tenant_and_share(desk: Desk) -> None:
    desk.issue(tenant("a", share="s"))
    before = snapshot(os.path.dirname(desk.ca.path))
    for other in (tenant("a.s"), tenant("a", common_name="a.s"), tenant("b", share="s", common_name="a.s")):
        with pytest.raises(
            Conflict, match="the identity 'a.s' is that of tenant 'a', share 's', and cannot be that of"
        ):
            desk.issue(other)
    assert snapshot(os.path.dirname(desk.ca.path)) == before
    desk.ca.ensure(revocations=(Revocation("a.s"),))
    desk.issue(tenant("b", common_name="a.s", reissue=True))
    assert info(desk.ca.path)["identities"][-1]["tenant"] == "b"


def test_without_a_ca_nothing_is_issued(tmp_path: t.Any) -> None:
    desired = tenants.Desired(str(tmp_path / "none" / "ca"), str(tmp_path / "out"), (tenant("a"),))
    with pytest.raises(NotFound, match="There is no CA in .*, and none is made here: give the path"):
        tenants.ensure(desired, PASSPHRASE, NOW, False)
    assert not os.listdir(tmp_path)


def test_the_directory_is_not_the_cas_own(ca: Ca) -> None:
    for directory in (ca.path, os.path.join(ca.path, "out"), os.path.join(ca.path, "..", "ca", "out")):
        with pytest.raises(BadInput, match="is in the CA's own directory"):
            tenants.Desired(ca.path, directory, ())
    tenants.Desired(ca.path, ca.path + "-out", ())


@pytest.mark.parametrize("check", [False, True], ids=["run", "check"])
@pytest.mark.parametrize("kind", ["link", "file"])
def test_keys_are_not_written_where_somebody_else_waits(desk: Desk, tmp_path: t.Any, kind: str, check: bool) -> None:
    os.makedirs(desk.directory)
    (tmp_path / "theirs").mkdir()
    if kind == "link":
        os.symlink(tmp_path / "theirs", desk.path("a"))
    else:
        (tmp_path / "deep" / "hand-over" / "a").write_text("")
    before = snapshot(tmp_path)
    with pytest.raises(Conflict, match="is not a directory of this user, so no key is written there"):
        desk.issue(tenant("b"), tenant("a"), check=check)
    assert snapshot(tmp_path) == before


def test_keys_are_not_written_into_a_directory_of_somebody_else(
    desk: Desk, tmp_path: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who could read them, or exchange them."""
    os.makedirs(desk.path("a"))
    before = snapshot(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(Conflict, match="is not a directory of this user, so no key is written there"):
        desk.issue(tenant("a"))
    monkeypatch.undo()
    assert snapshot(tmp_path) == before


def test_an_expired_ca_issues_nothing(desk: Desk) -> None:
    with pytest.raises(Conflict, match="nothing that it signed counts now"):
        desk.issue(tenant("a"), now=NOW + 3650 * DAY)


# ---- check mode, and interrupted ----


def test_check_mode_predicts_and_writes_nothing(desk: Desk, tmp_path: t.Any) -> None:
    desk.issue(tenant("kept"))
    wanted = [tenant("kept"), tenant("new", share="s"), tenant("c", csr=CSR)]
    before = snapshot(tmp_path)
    predicted, told = desk.issue(*wanted, check=True)
    assert snapshot(tmp_path) == before
    changes, values = desk.issue(*wanted)
    assert predicted == changes and len(changes) == 2
    unknown = dict.fromkeys(("serial", "ca", "not_after", "fingerprint_sha256", "certificate"))
    assert told == [{**value, **(unknown if value["changed"] else {})} for value in values]
    assert desk.issue(*wanted, check=True)[0] == []


def test_machines_and_tenants_at_once_lose_no_record(desk: Desk) -> None:
    context = multiprocessing.get_context("fork")
    works: list[t.Callable[[], t.Any]] = []
    for number in range(4):
        csr = make_csr(new_key(), f"machine{number}")
        works.append(lambda number=number, csr=csr: desk.ca.sign(f"machine{number}", csr))  # type: ignore[misc]
        works.append(lambda number=number: desk.issue(tenant(f"tenant{number}")))  # type: ignore[misc]
    workers = [context.Process(target=work) for work in works]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 8
    entries = read_record(desk.ca.path)["certificates"]
    assert len({entry["serial"] for entry in entries}) == len(entries) == 8
    assert {entry["common_name"]: entry.get("delivered") for entry in entries} == {
        **{f"machine{number}": None for number in range(4)},
        **{f"tenant{number}": True for number in range(4)},
    }


def test_killed_at_any_step_the_next_run_hands_over(tmp_path: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pkcs12, "_ROUNDS", 10)
    start = Ca(tmp_path / "0" / "ca")
    start.sign("machine", make_csr(new_key(), "machine"))
    wanted = [tenant("a"), tenant("b", share="s", format="pkcs12", passphrase="12345678"), tenant("c", csr=CSR)]
    number, killed = 0, True
    while killed:
        number += 1
        ca = Ca(tmp_path / str(number) / "ca")
        shutil.copytree(start.path, ca.path)
        desk = Desk(ca, str(tmp_path / str(number) / "out"))

        def work(desk: Desk = desk) -> None:
            desk.issue(*wanted)

        killed = EveryStep().at(number, work)
        left = info(ca.path)["identities"]
        assert left[0]["common_name"] == "machine"
        done = len(left) > 1 and all(one["delivered"] for one in left[1:])
        changes, told = desk.issue(*wanted)
        assert [change.before for change in changes] == (
            [] if done else ["not finished" if len(left) > 1 else "missing"] * 3
        )
        assert desk.issue(*wanted)[0] == []
        for one in told:
            assert sorted(map(os.path.basename, one["files"])) == desk.files(one["common_name"])
            entry = [known for known in info(ca.path)["identities"] if known["common_name"] == one["common_name"]][-1]
            assert entry["delivered"] and entry["serial"] == one["serial"]
        assert desk.read("a", "glusterfs.pem") == told[0]["certificate"]
        key = serialization.load_pem_private_key(desk.read("a", "glusterfs.key").encode(), None)
        assert key.public_key() == certificates_in(told[0]["certificate"])[0].public_key()
    assert number > 20


def test_the_names_of_servers_without_a_prefix_are_kept_for_them() -> None:
    item = {"share": None, "common_name": None, "csr": None, "format": "pem", "passphrase": None, "reissue": False}
    for wanted in ({"tenant": "server1"}, {"tenant": "a", "common_name": "server1"}):
        with pytest.raises(BadInput, match="the common_name 'server1' is that of a machine that may mount every share"):
            tenants.parse_tenant({**item, **wanted}, ["", "manila-host-"], ["server1"])
    assert tenants.parse_tenant({**item, "tenant": "server10"}, ["", "manila-host-"], ["server1"]).tenant == "server10"
