# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import shutil
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._tls import files, record, revocation, rotation
from tls_helpers import (
    NOW,
    PASSPHRASE,
    Ca,
    EveryStep,
    certificates_in,
    make_csr,
    new_key,
    read_record,
    snapshot,
    write_record,
)

CSR = make_csr(new_key(), "a")


def make_old(path: str) -> None:
    """What the version before wrote."""
    told = read_record(path)
    for entry in told["certificates"]:
        del entry["ca"]
    write_record(path, {"version": 1, "certificates": told["certificates"]})


def issuer(pem: str) -> str:
    return certificates_in(pem)[0].issuer.rfc4514_string()


def states(values: dict[str, t.Any]) -> list[tuple[str, str, str]]:
    return [(ca["name"], ca["state"], ca["common_name"]) for ca in values["authorities"]]


def hand_over(path: str, common_name: str, **more: t.Any) -> None:
    """Makes the record's entries of the name those of a tenant that nobody manages."""
    told = read_record(path)
    for entry in told["certificates"]:
        if entry["common_name"] == common_name:
            entry.update({"tenant": "t", "delivered": True, **more})
    write_record(path, told)


def revoke(common_name: str, **more: str) -> t.Any:
    return revocation.Revocation(common_name, **more)


# ---- the record ----


def test_a_directory_of_version_1_stays_as_it_is_until_something_changes(ca: Ca) -> None:
    values = ca.ensure(("a", CSR))[1]
    make_old(ca.path)
    before = snapshot(ca.path)
    changes, again = ca.ensure(("a", CSR))
    assert changes == [] and snapshot(ca.path) == before
    assert again == {**values, "certificates": [{**values["certificates"][0], "changed": False}]}
    ca.sign("b", make_csr(new_key(), "b"))
    told = read_record(ca.path)
    assert (told["version"], told["authorities"]) == (2, [{"name": "ca", "state": "signing"}])
    assert [(entry["common_name"], entry["ca"]) for entry in told["certificates"]] == [("a", "ca"), ("b", "ca")]


def test_a_directory_of_version_1_can_rotate_at_once(ca: Ca) -> None:
    ca.ensure(("a", CSR))
    make_old(ca.path)
    assert [name for name, _state, _cn in states(ca.ensure(rotation="made")[1])] == ["ca", "ca-2"]


@pytest.mark.parametrize(
    "change, message",
    [
        ({"authorities": []}, "contradicts itself about the authorities"),
        ({"authorities": [{"name": "ca", "state": "next"}]}, "contradicts itself about the authorities"),
        ({"authorities": [{"name": "../ca", "state": "signing"}]}, "contradicts itself about the authorities"),
        (
            {"authorities": [{"name": "ca", "state": "previous"}, {"name": "ca", "state": "signing"}]},
            "contradicts itself about the authorities",
        ),
        ({"authorities": [{"name": "ca-7", "state": "signing"}]}, "ca-7.key' is missing"),
        ({"authorities": {"name": "ca"}}, "cannot be read as the record"),
        ({"crl_number": "1"}, "contradicts itself about the authorities"),
        ({"unseen": [{"ca": "ca", "serial": "1", "reason": "superseded"}]}, "cannot be read as the record"),
        (
            {"unseen": [{"ca": "ca", "serial": "1", "reason": "superseded", "at": "now"}]},
            "cannot be read as the record",
        ),
    ],
)
def test_a_damaged_record_is_an_error(ca: Ca, change: dict[str, t.Any], message: str) -> None:
    ca.ensure(("a", CSR))
    write_record(ca.path, {**read_record(ca.path), **change})
    before = snapshot(ca.path)
    with pytest.raises(Conflict, match=message):
        ca.ensure(("b", make_csr(new_key(), "b")))
    assert snapshot(ca.path) == before


@pytest.mark.parametrize("missing", ["version", "authorities", "crl_number"])
def test_a_record_without_a_part_is_damaged(ca: Ca, missing: str) -> None:
    ca.ensure()
    told = read_record(ca.path)
    del told[missing]
    write_record(ca.path, told)
    with pytest.raises(Conflict, match="cannot be read as the record"):
        ca.ensure()


@pytest.mark.parametrize(
    "revoked", [{}, {"at": "yesterday", "reason": "unspecified"}, {"at": "2026-01-01T00:00:00Z"}, 1]
)
def test_a_damaged_revocation_is_an_error(ca: Ca, revoked: t.Any) -> None:
    ca.ensure(("a", CSR))
    hand_over(ca.path, "a", revoked=revoked)
    with pytest.raises(Conflict, match="cannot be read as the record"):
        ca.ensure()


def test_who_reads_while_a_rotation_ends_reads_again(ca: Ca, monkeypatch: pytest.MonkeyPatch) -> None:
    ca.ensure()
    for stage in rotation.STAGES[:-1]:
        ca.ensure(rotation=stage)
    real = files.read

    def read(path: str) -> bytes | None:
        data = real(path)
        monkeypatch.setattr(files, "read", real)
        ca.ensure(rotation="finished")
        return data

    monkeypatch.setattr(files, "read", read)
    found = record.read(ca.path)
    assert found and [authority.name for authority in found.authorities] == ["ca-2"]


# ---- the stages ----


def test_a_rotation_from_beginning_to_end(ca: Ca) -> None:
    first = ca.ensure(("a", CSR))[1]
    old = first["bundle"]
    name = "glusterops shares CA"

    changes, made = ca.ensure(("a", CSR), rotation="made")
    assert changes == [Change(ca.path, "rotation", "none", "made")]
    assert states(made) == [("ca", "signing", name), ("ca-2", "next", f"{name} 2")] and made["rotation"] == "made"
    assert made["bundle"].startswith(old) and len(certificates_in(made["bundle"])) == 2
    assert made["ca"] == first["ca"]

    changes, trusted = ca.ensure(("a", CSR), ("b", make_csr(new_key(), "b")), rotation="trusted")
    assert changes[0] == Change(ca.path, "rotation", "made", "trusted")
    assert states(trusted)[1][1] == "trusted" and trusted["bundle"] == made["bundle"]
    assert [issuer(told["certificate"]) for told in trusted["certificates"]] == [f"CN={name}"] * 2

    changes, issuing = ca.ensure(("a", CSR), rotation="issuing")
    assert changes == [
        Change(ca.path, "rotation", "trusted", "issuing"),
        Change("a", "certificate", "of another CA", "signed"),
    ]
    assert states(issuing) == [("ca", "previous", name), ("ca-2", "signing", f"{name} 2")]
    assert issuing["bundle"] == made["bundle"] and issuing["ca"]["common_name"] == f"{name} 2"
    assert issuer(issuing["certificates"][0]["certificate"]) == f"CN={name} 2"

    changes, finished = ca.ensure(("a", CSR), rotation="finished")
    assert changes == [Change(ca.path, "rotation", "issuing", "finished")]
    assert states(finished) == [("ca-2", "signing", f"{name} 2")] and finished["rotation"] is None
    assert made["bundle"] == old + finished["bundle"]
    assert sorted(os.listdir(ca.path)) == ["ca-2.key", "ca-2.pem", "issued.json"]
    assert {entry["ca"] for entry in read_record(ca.path)["certificates"]} == {"ca-2"}
    assert ca.ensure(("a", CSR))[0] == [] == ca.ensure(("a", CSR), rotation="finished")[0]

    again = ca.ensure(rotation="made")[1]
    assert states(again)[1] == ("ca-3", "next", f"{name} 3")


def test_a_stage_that_is_reached_is_not_reached_again(ca: Ca) -> None:
    ca.ensure(("a", CSR))
    for number, stage in enumerate(rotation.STAGES[:-1], 1):
        ca.ensure(("a", CSR), rotation=stage)
        before = snapshot(ca.path)
        for reached in rotation.STAGES[:number]:
            assert ca.ensure(("a", CSR), rotation=reached)[0] == []
        assert snapshot(ca.path) == before


@pytest.mark.parametrize(
    "reached, wanted, message",
    [
        (0, "trusted", "because no rotation is under way"),
        (0, "issuing", "because no rotation is under way"),
        (1, "issuing", "because it is only 'made' yet: 'trusted' comes first"),
        (1, "finished", "'trusted' comes first"),
        (2, "finished", "because it is only 'trusted' yet: 'issuing' comes first"),
    ],
)
def test_no_stage_is_left_out(ca: Ca, reached: int, wanted: str, message: str) -> None:
    ca.ensure()
    for stage in rotation.STAGES[:reached]:
        ca.ensure(rotation=stage)
    before = snapshot(ca.path)
    with pytest.raises(Conflict, match=message):
        ca.ensure(rotation=wanted, force=True)
    assert snapshot(ca.path) == before


@pytest.mark.parametrize("stage", rotation.STAGES[:-1])
def test_where_there_is_no_ca_there_is_nothing_to_rotate(ca: Ca, stage: str) -> None:
    with pytest.raises(Conflict, match="because there is no CA yet"):
        ca.ensure(rotation=stage)
    assert not os.path.exists(ca.path)


@pytest.mark.parametrize(
    "first, second, name",
    [
        ("CA", "CA", "CA 2"),
        ("CA", "Other", "Other"),
        ("CA 1", "CA", "CA 2"),
        ("CA 2", "CA", "CA 3"),
        ("CA 2", "CA 2", "CA 2 2"),
        ("x" * 62, "x" * 62, "x" * 62 + " 2"),
    ],
)
def test_the_new_ca_has_a_name_of_its_own(ca: Ca, first: str, second: str, name: str) -> None:
    ca.ensure(common_name=first)
    values = ca.ensure(common_name=second, key_type="ed25519", ca_valid_days=50, rotation="made")[1]
    new = certificates_in(values["bundle"])[1]
    assert new.subject.rfc4514_string() == f"CN={name}"
    assert type(new.public_key()).__name__ == "Ed25519PublicKey" and (new.not_valid_after_utc - NOW).days == 50


def test_a_name_without_room_for_a_number_is_refused(ca: Ca) -> None:
    ca.ensure(common_name="x" * 63)
    with pytest.raises(BadInput, match="has no room for the new CA's number 2"):
        ca.ensure(common_name="x" * 63, rotation="made")


def test_check_mode_predicts_every_stage(ca: Ca, tmp_path: t.Any) -> None:
    ca.ensure(("a", CSR), crl=True)
    for stage in rotation.STAGES:
        before = snapshot(tmp_path)
        predicted, told = ca.ensure(("a", CSR), rotation=stage, crl=True, check=True)
        assert snapshot(tmp_path) == before
        changes, values = ca.ensure(("a", CSR), rotation=stage, crl=True)
        assert predicted == changes and changes
        assert told["rotation"] == values["rotation"] and states(told) == states(values)
        assert told["bundle"] == (None if stage == "made" else values["bundle"])
        assert told["crls"] == (None if stage == "made" else values["crls"])
        assert ca.ensure(("a", CSR), rotation=stage, crl=True)[0] == []


def test_the_new_key_is_encrypted_and_needs_the_same_passphrase(ca: Ca) -> None:
    ca.ensure()
    ca.ensure(rotation="made")
    with open(os.path.join(ca.path, "ca-2.key"), encoding="ascii") as file:
        assert file.readline() == "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    with pytest.raises(Conflict, match="does not open"):
        ca.ensure(passphrases=(b"wrong horse",))
    os.unlink(os.path.join(ca.path, "ca-2.key"))
    with pytest.raises(Conflict, match="ca-2.key' is missing"):
        ca.ensure()


# ---- nobody is locked out ----


@pytest.mark.parametrize("stage", ["issuing", "finished"])
def test_tenants_that_nobody_manages_are_not_locked_out(ca: Ca, stage: str) -> None:
    ca.ensure(*[(name, make_csr(new_key(), name)) for name in ("machine", "t1", "t2", "gone", "short", "lost")])
    for name in ("t1", "t2", "gone", "short"):
        hand_over(ca.path, name)
    hand_over(ca.path, "lost", delivered=False)
    ca.ensure(revocations=(revoke("gone"),))
    for reached in rotation.STAGES[: rotation.STAGES.index(stage)]:
        ca.ensure(rotation=reached, force=True)
    before = snapshot(ca.path)
    with pytest.raises(Refused, match=f"rotation '{stage}' would lock out short, t1, t2, who have") as caught:
        ca.ensure(rotation=stage)
    assert caught.value.details == {"locked_out": ["short", "t1", "t2"]} and snapshot(ca.path) == before
    assert ca.ensure(rotation=stage, force=True)[0] == [
        Change(ca.path, "rotation", rotation.STAGES[rotation.STAGES.index(stage) - 1], stage)
    ]


def test_what_was_revoked_is_remembered_after_its_ca_is_gone(ca: Ca) -> None:
    ca.ensure(("a", CSR), ("b", make_csr(new_key(), "b")))
    ca.ensure(revocations=(revoke("a"),))
    for stage in rotation.STAGES:
        ca.ensure(rotation=stage)
    assert [(entry["common_name"], entry["ca"]) for entry in read_record(ca.path)["certificates"]] == [("a", "ca")]
    assert [answer["revoked"] for answer in ca.ensure(("a", CSR))[1]["certificates"]] == [True]


# ---- interrupted ----


@pytest.mark.parametrize("stage", rotation.STAGES)
def test_killed_at_any_step_of_a_rotation(tmp_path: t.Any, stage: str) -> None:
    start = Ca(tmp_path / "0" / "ca")
    start.ensure(("a", CSR), ("gone", make_csr(new_key(), "gone")), crl=True)
    for reached in rotation.STAGES[: rotation.STAGES.index(stage)]:
        start.ensure(("a", CSR), rotation=reached, crl=True)
    number, killed = 0, True
    while killed:
        number += 1
        ca = Ca(tmp_path / str(number) / "ca")
        shutil.copytree(start.path, ca.path)

        def work(ca: Ca = ca) -> None:
            ca.ensure(("a", CSR), rotation=stage, crl=True)

        killed = EveryStep().at(number, work)
        # Whatever is there is whole and usable without going on, and no old run's CRL number comes again.
        assert record.read(ca.path, PASSPHRASE)
        between = ca.ensure(("a", CSR), crl=True)[1]
        assert len(certificates_in(between["bundle"])) == between["crls"].count("BEGIN")
        values = ca.ensure(("a", CSR), rotation=stage, crl=True)[1]
        assert values["rotation"] == (None if stage == "finished" else stage)
        assert ca.ensure(("a", CSR), rotation=stage, crl=True)[0] == []
        names = [authority["name"] for authority in values["authorities"]]
        expected = [f"{name}.{kind}" for name in names for kind in ("crl", "key", "pem")]
        assert sorted(os.listdir(ca.path)) == sorted([*expected, "issued.json"])
        assert sorted(os.listdir(os.path.dirname(ca.path))) == [".ca.lock", "ca"]
        assert read_record(ca.path)["version"] == 2
    assert number > 5


def test_only_what_is_older_than_the_record_is_removed(ca: Ca) -> None:
    """A record from a backup: the CA that it does not know yet is not lost."""
    ca.ensure()
    with open(os.path.join(ca.path, "issued.json"), "rb") as file:
        backup = file.read()
    ca.ensure(rotation="made")
    with open(os.path.join(ca.path, "issued.json"), "wb") as file:
        file.write(backup)
    for name in ("ca.key.new", "ca-1x.key", "notes.txt"):
        with open(os.path.join(ca.path, name), "w", encoding="ascii") as file:
            json.dump({}, file)
    ca.ensure()
    assert sorted(os.listdir(ca.path)) == [
        *("ca-1x.key", "ca-2.key", "ca-2.pem", "ca.key", "ca.pem", "issued.json", "notes.txt")
    ]
