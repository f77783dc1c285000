# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import functools
import hashlib
import multiprocessing
import os
import shutil
import stat
import tempfile
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict, NotFound
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._tls import identity, installed, installing
from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import KEY_TYPES, OpenSSL
from cryptography.hazmat.primitives import serialization
from tls_helpers import NOW, Ca, EveryStep, Interrupt, keep, make_csr, new_key, run_command, said, snapshot
from tls_machine import NAMES, Machine, Result


def public_of(seen: dict[str, bytes]) -> tuple[str, str]:
    """The public key of the private key, and that of the certificate."""
    key = said("pkey", "-pubout", "-passin", "pass:", data=seen["glusterfs.key"].decode())
    certificate = said("x509", "-noout", "-pubkey", data=seen["glusterfs.pem"].decode("latin-1"))
    return key, certificate


def assert_fits_or_is_absent(machine: Machine, complete: t.Container[int] = ()) -> None:
    """Gluster uses its files only when all three are there; then they must belong together."""
    for number in range(len(machine.directories)):
        seen = machine.seen(number)
        assert len(seen) == 3 or number not in complete
        if len(seen) == 3:
            key, certificate = public_of(seen)
            assert key == certificate
            pem, bundle = (seen[name].decode("ascii", "ignore") for name in ("glusterfs.pem", "glusterfs.ca"))
            OpenSSL(run_command).verify(pem, bundle)


@functools.lru_cache(maxsize=None)
def hand_made(kind: str = "rsa:2048", common_name: str = "old-name") -> dict[str, bytes]:
    """Files as people make them with openssl alone."""
    curve = [] if kind.startswith("rsa") else ["-pkeyopt", f"ec_paramgen_curve:{kind}"]
    algorithm = ["-newkey", "ec" if curve else kind, *curve]
    with tempfile.TemporaryDirectory() as directory:
        key, pem = os.path.join(directory, "key"), os.path.join(directory, "pem")
        subject = ["-subj", f"/O=x/CN={common_name}"]
        said("req", "-x509", *algorithm, "-nodes", *subject, "-keyout", key, "-out", pem, "-days", "9")
        with open(key, "rb") as file:
            private = file.read()
        with open(pem, "rb") as file:
            public = file.read()
    return {"glusterfs.key": private, "glusterfs.pem": "# von Häd\n".encode("latin-1") + public, "glusterfs.ca": public}


# ---- where Gluster reads ----


def build(root: t.Any, where: str, version: str, *strings: bytes) -> None:
    folder = root / where / "glusterfs" / version / "rpc-transport"
    folder.mkdir(parents=True)
    (folder / "socket.so").write_bytes(b"\x7fELF\0\1\0" + b"".join(string + b"\0" for string in strings) + b"\0end")


def strings(directory: str) -> list[bytes]:
    # As they stand in GlusterFS 10.3's.
    paths = [f"{directory}/glusterfs.{end}".encode() for end in ("pem", "key", "ca")]
    return [b"flags", b" aes", paths[0], b"transport.socket.ssl-enabled", *paths[1:], b"transport"]


@pytest.mark.parametrize(
    "builds, found",
    [
        ([("usr/lib/x86_64-linux-gnu", "10.3", "/usr/lib/ssl")], ["/usr/lib/ssl"]),
        ([("usr/lib64", "11.1", "/etc/pki/tls")], ["/etc/pki/tls"]),
        ([("usr/lib", "9.2", "/etc/ssl")], ["/etc/ssl"]),
        ([("usr/local/lib", "11.2", "")], ["/"]),
        ([("usr/lib64", "9.2", "/etc/ssl"), ("usr/local/lib", "11.1", "/usr/lib/ssl")], ["/etc/ssl", "/usr/lib/ssl"]),
        ([("usr/lib64", "9.2", "/etc/ssl"), ("usr/lib64", "9.6", "/etc/ssl/")], ["/etc/ssl"]),
    ],
)
def test_the_directories_are_read_out_of_every_build(tmp_path: t.Any, builds: t.Any, found: list[str]) -> None:
    for where, version, directory in builds:
        build(tmp_path, where, version, *strings(directory))
    assert installed.find_directories(str(tmp_path) + pattern for pattern in installed.LIBRARIES) == found


@pytest.mark.parametrize(
    "content", [None, b"no such string", b"cannot open glusterfs.pem", b"/etc/ssl/myglusterfs.pem"]
)
def test_without_gluster_the_error_says_what_to_install(tmp_path: t.Any, content: bytes | None) -> None:
    if content is not None:
        build(tmp_path, "usr/lib64", "10.3", content)
    with pytest.raises(NotFound, match="install its client first"):
        installed.find_directories([str(tmp_path / "usr" / "lib*")])


# ---- key and request ----


@pytest.mark.parametrize("key_type", KEY_TYPES)
def test_key_and_request_are_made_once_and_installed_as_a_set(machine: Machine, ca: Ca, key_type: str) -> None:
    changes, values = machine.ensure("server_1.a-b", key_type=key_type)
    assert changes == [
        Change("server_1.a-b", "key", "absent", "made"),
        Change("server_1.a-b", "request", "absent", "made"),
    ]
    assert (values["installed"], values["certificate"], values["bundle_sha256"]) == (False, None, None)
    assert machine.ensure("server_1.a-b") == ([], values)
    assert machine.seen() == {}

    certificate, bundle = ca.sign("server_1.a-b", values["request"]["csr"])
    changes, values = machine.ensure("server_1.a-b", certificate=certificate, bundle=bundle)
    current = os.path.join(machine.home, "current")
    assert changes == [
        Change("server_1.a-b", "certificate", "absent", "installed"),
        Change("server_1.a-b", "bundle", "absent", "installed"),
        *(
            Change(os.path.join(machine.directories[0], name), "file", "absent", f"link to {current}")
            for name in ("glusterfs.key", "glusterfs.ca", "glusterfs.pem")
        ),
    ]
    before = snapshot(machine.root)
    assert machine.ensure("server_1.a-b", certificate=certificate, bundle=bundle) == ([], values)
    assert machine.ensure("server_1.a-b") == ([], values)
    assert snapshot(machine.root) == before

    assert_fits_or_is_absent(machine, complete=range(len(machine.directories)))
    assert values["installed"] is True
    assert values["directories"] == machine.directories
    assert values["paths"] == {
        "key": current + "/glusterfs.key",
        "certificate": current + "/glusterfs.pem",
        "bundle": current + "/glusterfs.ca",
        "crl": current + "/crl",
    }
    told = ca.ensure(("server_1.a-b", values["request"]["csr"]))[1]["certificates"][0]
    assert values["certificate"] == {
        "common_name": "server_1.a-b",
        "issuer": "CN=glusterops shares CA",
        **{name: told[name] for name in ("serial", "not_after", "fingerprint_sha256")},
    }
    assert values["bundle_sha256"] == hashlib.sha256(machine.seen()["glusterfs.ca"]).hexdigest()


def test_only_root_reads_the_key(machine: Machine, ca: Ca) -> None:
    old = os.umask(0)
    try:
        machine.request()
        pending = os.path.join(machine.home, "pending")
        assert stat.S_IMODE(os.stat(pending).st_mode) == 0o700
        assert stat.S_IMODE(os.stat(os.path.join(pending, "glusterfs.key")).st_mode) == 0o600
        machine.certify(ca)
    finally:
        os.umask(old)
    assert not os.path.exists(pending)
    modes = {name: stat.S_IMODE(os.stat(os.path.join(machine.directories[0], name)).st_mode) for name in NAMES}
    assert modes == {"glusterfs.key": 0o600, "glusterfs.pem": 0o644, "glusterfs.ca": 0o644}
    assert stat.S_IMODE(os.stat(os.path.join(machine.home, "current")).st_mode) == 0o755


def test_the_key_is_in_no_command_and_no_answer(machine: Machine, ca: Ca) -> None:
    calls: list[str] = []

    def spy(args: list[str], data: str | None = None, **options: t.Any) -> tuple[int, str, str]:
        answer = run_command(args, data=data, **options)
        calls.extend([*args, data or "", *answer[1:]])
        return answer

    def ensure(**options: t.Any) -> Result:
        desired = identity.Desired("a", **options)
        return installing.ensure(desired, machine.directories, OpenSSL(spy), False, home=machine.home)

    csr = ensure()[1]["request"]["csr"]
    certificate, bundle = ca.sign("a", csr)
    values = ensure(certificate=certificate, bundle=bundle)[1]
    secret = machine.seen()["glusterfs.key"].decode().splitlines()[1]
    assert calls and secret not in "\n".join(calls) + str(values)


def test_without_openssl_the_error_says_so(machine: Machine) -> None:
    def missing(args: list[str], **_options: t.Any) -> tuple[int, str, str]:
        raise FileNotFoundError(2, "No such file or directory", args[0])

    with pytest.raises(NotFound, match="'openssl' is not on this machine"):
        installing.ensure(identity.Desired("a"), machine.directories, OpenSSL(missing), False, home=machine.home)


def test_two_runs_at_once_agree_on_one_key(machine: Machine) -> None:
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    workers = [context.Process(target=lambda: answers.put(machine.request())) for _number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len({answers.get() for _worker in workers}) == 1


# ---- renewal and other names ----


def test_what_is_in_place_is_looked_at_once(machine: Machine, ca: Ca) -> None:
    """And what openssl has said of a text is not asked again; what is done is looked at."""
    certificate, bundle = ca.sign("a", machine.request())
    machine.ensure(certificate=certificate, bundle=bundle)
    asked: list[str] = []

    def run(argv: list[str], **options: t.Any) -> tuple[int, str, str]:
        asked.append(argv[1])
        return run_command(argv, **options)

    def ensure(**options: t.Any) -> Result:
        asked.clear()
        desired = identity.Desired("a", **options)
        return installing.ensure(desired, machine.directories, OpenSSL(run), False, home=machine.home)

    observing = ["req", "pkey", "x509"]
    assert ensure()[0] == [] and asked == observing
    assert ensure(certificate=certificate, bundle=bundle)[0] == [] and asked == [*observing, "x509", "verify"]
    changes, told = ensure(renew_key=True)
    assert [change.what for change in changes] == ["key", "request"]
    assert asked == [*observing, "genpkey", "req", "req", "pkey"]
    # The certificate of the key before: the one that waited goes, and is not told of any more.
    changes, found = ensure(certificate=certificate, bundle=bundle)
    assert changes == [] and not os.path.exists(os.path.join(machine.home, "pending"))
    assert found["request"]["csr"] not in (None, told["request"]["csr"])


def test_renewal_keeps_key_and_request_and_the_set_before(machine: Machine, ca: Ca) -> None:
    ca.ensure(now=NOW - datetime.timedelta(days=10))
    first = machine.certify(ca, now=NOW - datetime.timedelta(days=9))[1]
    key = machine.seen()["glusterfs.key"]
    seen = [machine.seen()]
    for step in range(1, 4):
        now = NOW - datetime.timedelta(days=8 - step)
        changes, values = machine.certify(ca, valid_days=400, now=now, renew_before_days=399)
        assert changes == [Change("a", "certificate", "other", "installed")]
        assert values["request"]["csr"] == first["request"]["csr"]
        assert machine.seen()["glusterfs.key"] == key
        seen.append(machine.seen())
    sets = os.path.join(machine.home, "sets")
    assert sorted(os.listdir(sets)) == ["3", "4"]
    with open(os.path.join(sets, "3", "glusterfs.pem"), "rb") as file:
        assert file.read() == seen[-2]["glusterfs.pem"]


def test_a_longer_bundle_is_a_set_of_its_own_and_text_around_certificates_does_not_count(
    machine: Machine, ca: Ca, tmp_path: t.Any
) -> None:
    certificate, bundle = ca.sign("a", machine.request())
    machine.ensure(certificate=certificate, bundle=bundle)
    decorated = "subject=CN = x\r\n" + bundle + "\n\n# end\n"
    assert machine.ensure(certificate="text\n" + certificate.rstrip(), bundle=decorated)[0] == []
    both = bundle + Ca(tmp_path / "next").ensure(common_name="Next")[1]["bundle"]
    assert machine.ensure(certificate=certificate, bundle=both)[0] == [Change("a", "bundle", "other", "installed")]
    assert machine.seen()["glusterfs.ca"].decode() == both


def test_another_name_gets_a_new_key_and_the_old_identity_stays_until_it_is_certified(machine: Machine, ca: Ca) -> None:
    machine.certify(ca, "old")
    before = machine.seen()
    changes, values = machine.ensure("new")
    assert [change.what for change in changes] == ["key", "request"]
    assert machine.seen() == before and values["installed"] is False
    assert values["certificate"]["common_name"] == "old"
    # The old one can still be renewed meanwhile.
    assert machine.ensure("old")[0] == []
    machine.certify(ca, "new")
    assert_fits_or_is_absent(machine, complete=range(len(machine.directories)))
    assert public_of(machine.seen())[0] != public_of(before)[0]


def test_a_mistyped_name_costs_nothing(machine: Machine, ca: Ca) -> None:
    machine.request("tpyo")
    assert machine.certify(ca, "typo")[1]["installed"]


# ---- what others put there ----


@pytest.mark.parametrize("kind", ["rsa:2048", "P-256", "P-384"])
def test_a_key_that_is_there_is_adopted_and_its_files_stay_until_the_new_ones_come(
    machine: Machine, ca: Ca, kind: str
) -> None:
    old = hand_made(kind)
    machine.put(old)
    changes, values = machine.ensure("new-name", key_type="ed25519")
    assert changes == [
        Change("new-name", "key", "found", "adopted"),
        Change("new-name", "request", "absent", "made"),
    ]
    assert machine.seen() == old
    assert machine.ensure("new-name")[1]["request"]["csr"] == values["request"]["csr"]
    changes, values = machine.certify(ca, "new-name")
    assert [change.before for change in changes] == ["absent", "absent", "file", "file", "file"]
    assert machine.seen()["glusterfs.key"] == old["glusterfs.key"]
    assert_fits_or_is_absent(machine, complete=range(len(machine.directories)))
    # What was in use before can be gone back to.
    with open(os.path.join(machine.home, "sets", "1", "glusterfs.pem"), "rb") as file:
        assert file.read() == old["glusterfs.pem"]
    assert sorted(os.listdir(machine.directories[0])) == sorted(NAMES)
    assert machine.certify(ca, "new-name")[0] == []


def test_links_to_files_elsewhere_are_followed_and_their_targets_left_alone(
    machine: Machine, ca: Ca, tmp_path: t.Any
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    old = hand_made()
    for name, data in old.items():
        (elsewhere / name).write_bytes(data)
        os.symlink(elsewhere / name, os.path.join(machine.directories[0], name))
    before = snapshot(elsewhere)
    machine.certify(ca)
    assert machine.seen()["glusterfs.key"] == old["glusterfs.key"]
    assert_fits_or_is_absent(machine, complete=range(len(machine.directories)))
    assert snapshot(elsewhere) == before


def test_files_that_do_not_belong_together_are_kept_aside(machine: Machine, ca: Ca) -> None:
    odd = {**hand_made(), "glusterfs.key": hand_made(common_name="another")["glusterfs.key"]}
    machine.put(odd)
    machine.certify(ca)
    assert_fits_or_is_absent(machine, complete=range(len(machine.directories)))
    for name in NAMES:
        with open(os.path.join(machine.directories[0], name + ".replaced"), "rb") as file:
            assert file.read() == odd[name]


def test_every_directory_of_every_version_is_served(tmp_path: t.Any, ca: Ca) -> None:
    machine = Machine(tmp_path / "machine", directories=3)
    machine.put(hand_made(common_name="one"), 1)
    machine.put(hand_made(common_name="two"), 2)
    os.rmdir(machine.directories[0])
    machine.certify(ca)
    assert machine.seen(0) == machine.seen(1) == machine.seen(2)
    assert_fits_or_is_absent(machine, complete=range(len(machine.directories)))
    assert machine.certify(ca)[0] == []


def test_an_upgrade_that_moves_the_directory_is_followed(machine: Machine, ca: Ca) -> None:
    machine.certify(ca)
    machine.directories = [os.path.join(machine.root, "elsewhere")]
    changes, values = machine.ensure("a")
    assert (changes, values["installed"]) == ([], False)
    changes, values = machine.certify(ca)
    assert [change.before for change in changes] == ["absent"] * 3 and values["installed"]
    assert_fits_or_is_absent(machine, complete=range(len(machine.directories)))


@pytest.mark.parametrize("name", NAMES)
def test_a_link_that_somebody_replaced_is_put_back(machine: Machine, ca: Ca, name: str) -> None:
    machine.certify(ca)
    before = machine.seen()
    path = os.path.join(machine.directories[0], name)
    os.unlink(path)
    machine.put({name: hand_made()[name]})
    assert machine.ensure()[1]["installed"] is False
    changes, values = machine.certify(ca)
    assert changes == [Change(path, "file", "file", f"link to {machine.home}/current")] and values["installed"]
    assert machine.seen() == before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda current: os.unlink(current + "/glusterfs.pem"),
        lambda current: os.unlink(current + "/glusterfs.key"),
        lambda current: os.unlink(current + "/request.pem"),
        lambda current: os.truncate(current + "/glusterfs.pem", 10),
        lambda current: os.truncate(current + "/request.pem", 10),
        lambda current: shutil.rmtree(os.path.realpath(current)),
        os.unlink,
    ],
    ids=["no pem", "no key", "no request", "short pem", "short request", "no set", "no link"],
)
def test_a_spoilt_set_is_made_good(machine: Machine, ca: Ca, spoil: t.Callable[[str], None]) -> None:
    machine.certify(ca)
    spoil(os.path.join(machine.home, "current"))
    assert machine.certify(ca)[1]["installed"]
    assert_fits_or_is_absent(machine, complete=range(len(machine.directories)))
    assert machine.certify(ca)[0] == []


def encrypted() -> bytes:
    key = hand_made()["glusterfs.key"]
    return said("pkcs8", "-topk8", "-passout", "pass:12345678", data=key.decode()).encode()


def traditionally_encrypted() -> bytes:
    return new_key().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.BestAvailableEncryption(b"12345678"),
    )


def in_der() -> bytes:
    """The program openssl reads it, and Gluster does not."""
    return new_key().private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.mark.parametrize(
    "make, message",
    [
        (in_der, "is not in PEM, which is all that Gluster reads"),
        (encrypted, "is encrypted, and Gluster cannot read it"),
        (traditionally_encrypted, "is encrypted, and Gluster cannot read it"),
        (lambda: b"", "cannot be read as a private key"),
        (lambda: b"\xff\x00garbage", "cannot be read as a private key"),
        (lambda: hand_made()["glusterfs.key"][:300], "cannot be read as a private key"),
        (lambda: hand_made()["glusterfs.ca"], "cannot be read as a private key"),
        (lambda: hand_made("rsa:1024")["glusterfs.key"], "is an RSA key of 1024 bits"),
        (lambda: hand_made("secp256k1")["glusterfs.key"], "is neither RSA, nor ECDSA on P-256"),
    ],
)
def test_a_key_that_is_no_use_is_an_error_and_stays(
    machine: Machine, make: t.Callable[[], bytes], message: str
) -> None:
    machine.put({"glusterfs.key": make()})
    before = snapshot(machine.directories[0])
    for check in (True, False):
        with pytest.raises(Conflict, match=message) as caught:
            machine.ensure(check=check)
        assert os.path.join(machine.directories[0], "glusterfs.key") in str(caught.value)
    assert snapshot(machine.directories[0]) == before
    assert not os.path.exists(os.path.join(machine.home, "pending"))


def test_a_directory_where_gluster_reads_a_file_is_an_error(machine: Machine) -> None:
    os.mkdir(os.path.join(machine.directories[0], "glusterfs.ca"))
    with pytest.raises(Conflict, match="glusterfs.ca' is a directory"):
        machine.ensure()


# ---- bad input ----


@pytest.mark.parametrize("name", ["", "a b", "*", "a?", "a[b]", "a,b", "a/b", "a=b", "ä", "a\n", "x" * 65])
def test_a_name_that_gluster_would_misread_is_refused(machine: Machine, name: str) -> None:
    with pytest.raises(BadInput, match="common_name .* is not a valid name"):
        machine.ensure(name)
    assert not os.path.exists(machine.home)


def test_what_may_not_be_installed(machine: Machine, ca: Ca, tmp_path: t.Any) -> None:
    csr = machine.request()
    certificate, bundle = ca.sign("a", csr)
    other = Ca(tmp_path / "other", common_name="Other")
    stranger = other.ensure()[1]["bundle"]
    key = hand_made()["glusterfs.key"].decode()
    named = ca.sign("b", make_csr(new_key(), "b"))[0]
    of_another_key = ca.sign("a", make_csr(new_key(), "a"))[0]
    old = Ca(tmp_path / "old", valid_days=10, renew_before_days=1)
    expired, old_bundle = old.sign("a", csr, now=NOW - datetime.timedelta(days=20))
    early, early_bundle = Ca(tmp_path / "early").sign("a", csr, now=NOW + datetime.timedelta(days=1))
    broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    before = snapshot(machine.root)
    for given, message in (
        ({"certificate": certificate}, "bundle is empty: only check mode"),
        ({"certificate": certificate, "bundle": ""}, "bundle is empty: only check mode"),
        ({"certificate": "", "bundle": bundle}, "certificate is empty: only check mode"),
        ({"bundle": bundle}, "bundle was given without certificate"),
        ({"certificate": "x", "bundle": bundle}, "certificate must be one or more certificates in PEM"),
        ({"certificate": csr, "bundle": bundle}, "certificate must be one or more certificates in PEM"),
        ({"certificate": certificate + csr, "bundle": bundle}, "certificate must be one or more certificates"),
        ({"certificate": certificate + key, "bundle": bundle}, "certificate contains a private key"),
        ({"certificate": certificate, "bundle": bundle + key}, "bundle contains a private key"),
        ({"certificate": certificate, "bundle": "x"}, "bundle must be one or more certificates in PEM"),
        ({"certificate": broken, "bundle": bundle}, "certificate cannot be read as a certificate"),
        ({"certificate": certificate, "bundle": bundle + broken}, "bundle cannot be read as a certificate"),
        ({"certificate": named, "bundle": bundle}, "certificate is for the CN 'b', but common_name is 'a'"),
        ({"certificate": bundle, "bundle": bundle}, "is for the CN 'glusterops shares CA', but common_name is 'a'"),
        ({"certificate": of_another_key, "bundle": bundle}, "certificate is for another key than the one of 'a'"),
        ({"certificate": certificate, "bundle": stranger}, "does not vouch for the certificate: unable to get"),
        ({"certificate": expired, "bundle": old_bundle}, "does not vouch for the certificate: certificate has expired"),
        ({"certificate": early, "bundle": early_bundle}, "does not vouch for the certificate: certificate is not yet"),
    ):
        with pytest.raises(BadInput, match=message):
            machine.ensure(**given)
        if "only check mode" not in message:
            with pytest.raises(BadInput, match=message):
                machine.ensure(check=True, **given)
        assert snapshot(machine.root) == before, message


def test_the_machines_own_trusted_cas_vouch_for_nobody(
    machine: Machine, ca: Ca, tmp_path: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, bundle = ca.sign("a", machine.request())
    (tmp_path / "trusted.pem").write_text(bundle)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    stranger = Ca(tmp_path / "other", common_name="Other").ensure()[1]["bundle"]
    with pytest.raises(BadInput, match="does not vouch"):
        machine.ensure(certificate=certificate, bundle=stranger)


def test_a_certificate_before_any_request_is_refused(machine: Machine, ca: Ca) -> None:
    certificate, bundle = ca.sign("a", make_csr(new_key(), "a"))
    with pytest.raises(BadInput, match="have the request that the module returns without certificate signed"):
        machine.ensure(certificate=certificate, bundle=bundle)


@pytest.mark.parametrize(
    "subject, name",
    [
        ("/CN=a", "a"),
        ("/CN=first/CN=second", "first"),
        ("/O=o/CN=a/OU=u", "a"),
        ("/O=x,CN=wrong/CN=right", "right"),
        ("/O=only", None),
        ("/CN=a b", "a b"),
        ("/O=x\\\\/CN=right/OU=y", "right"),
        ("/CN=a+O=b", "a"),
    ],
)
def test_the_name_is_the_one_that_gluster_takes(
    openssl: OpenSSL, tmp_path: t.Any, subject: str, name: str | None
) -> None:
    out = str(tmp_path / "c.pem")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{out}.key"]
    said("req", "-x509", *key, "-multivalue-rdn", "-subj", subject, "-out", out)
    with open(out, encoding="ascii") as file:
        assert openssl.certificate(file.read(), "c").common_name == name


# ---- check mode ----


def nothing(_machine: Machine, _ca: Ca, _path: t.Any) -> None:
    pass


def with_hand_made(machine: Machine, _ca: Ca, _path: t.Any) -> None:
    machine.put(hand_made("P-256"))


def with_an_identity(machine: Machine, ca: Ca, _path: t.Any) -> None:
    machine.certify(ca)


def with_another_name(machine: Machine, ca: Ca, _path: t.Any) -> None:
    machine.certify(ca, "other")


def with_a_request(machine: Machine, _ca: Ca, _path: t.Any) -> None:
    machine.request()


def with_another_ca(machine: Machine, _ca: Ca, path: t.Any) -> None:
    machine.certify(Ca(path / "another"))


def with_a_lost_link(machine: Machine, ca: Ca, _path: t.Any) -> None:
    machine.certify(ca)
    os.unlink(os.path.join(machine.directories[0], "glusterfs.ca"))


STATES = [
    nothing,
    with_hand_made,
    with_an_identity,
    with_another_name,
    with_a_request,
    with_another_ca,
    with_a_lost_link,
]


@pytest.mark.parametrize("state", STATES)
def test_check_mode_predicts_the_changes_and_writes_nothing(
    machine: Machine, ca: Ca, tmp_path: t.Any, state: t.Callable[[Machine, Ca, t.Any], None]
) -> None:
    state(machine, ca, tmp_path)
    before = snapshot(machine.root)
    requested, values = machine.ensure(check=True)
    # What a whole play does in check mode: nothing is signed before there is a request.
    signed, ca_values = ca.ensure(("a", values["request"]["csr"]), check=True)
    certificate = ca_values["certificates"][0]["certificate"] or ""
    to_install = machine.ensure(check=True, certificate=certificate, bundle=ca_values["bundle"] or "")[0]
    assert snapshot(machine.root) == before

    changes, values = machine.ensure()
    assert changes == requested
    changes, ca_values = ca.ensure(("a", values["request"]["csr"]))
    assert changes == signed
    given = {"certificate": ca_values["certificates"][0]["certificate"], "bundle": ca_values["bundle"]}
    foreseen = machine.ensure(check=True, **given)[0]
    changes, values = machine.ensure(**given)
    assert changes == to_install == foreseen
    assert values["installed"]


# ---- interrupted ----


@pytest.mark.parametrize(
    "state, directories",
    [
        (nothing, 1),
        (with_hand_made, 1),
        (with_hand_made, 2),
        (with_an_identity, 2),
        (with_another_name, 1),
        (with_a_lost_link, 1),
    ],
)
def test_killed_at_any_step_gluster_never_sees_what_does_not_match(
    tmp_path: t.Any, ca: Ca, interrupt: Interrupt, state: t.Callable[[Machine, Ca, t.Any], None], directories: int
) -> None:
    machine = Machine(tmp_path / "machine", directories)
    state(machine, ca, tmp_path)
    complete = [each for each in range(directories) if len(machine.seen(each)) == 3]
    # A renewal, where there is something to renew.
    certificate, bundle = ca.sign("a", machine.request(), valid_days=500, renew_before_days=499)
    put_back = keep(machine.root)

    def install() -> Result:
        return machine.ensure(certificate=certificate, bundle=bundle)

    number, killed = 0, True
    while killed:
        number += 1
        put_back()
        killed = interrupt.at(number, install)
        # What was complete before is complete at every moment.
        assert_fits_or_is_absent(machine, complete)
        assert machine.request() and install()[1]["installed"]
        assert_fits_or_is_absent(machine, range(directories))
        assert sorted(os.listdir(machine.home)) == [".lock", "current", "sets"]
        assert len(os.listdir(os.path.join(machine.home, "sets"))) <= 2
        for directory in machine.directories:
            assert not [name for name in os.listdir(directory) if name.endswith(".new")]
        assert install()[0] == []
    assert number > 4


def test_killed_while_making_the_key(machine: Machine, ca: Ca, interrupt: Interrupt) -> None:
    machine.certify(ca, "other")
    before = machine.seen()
    put_back = keep(machine.root)
    number, killed = 0, True
    while killed:
        number += 1
        put_back()
        killed = interrupt.at(number, machine.request)
        assert machine.seen() == before
        csr = machine.request()
        assert machine.request() == csr
        assert sorted(os.listdir(os.path.join(machine.home, "pending"))) == ["glusterfs.key", "request.pem"]
        assert not os.path.exists(os.path.join(machine.home, "pending.new"))
    assert number > 3


# ---- another CA is trusted before it signs ----


def trust(machine: Machine, bundle: str, check: bool = False) -> list[Change]:
    names = [("a", "machine"), ("t", "tenant")]
    return installing.trust_all(names, bundle, machine.directories, OpenSSL(run_command), check, machine.home)


@pytest.mark.parametrize("hand_made", [True, False])
def test_another_ca_is_trusted_besides(machine: Machine, ca: Ca, tmp_path: t.Any, hand_made: bool) -> None:
    other = Ca(tmp_path / "other", common_name="Other").ensure()[1]["bundle"]
    machine.certify(ca)
    machine.certify(ca, "t", scope="tenant")
    seen = machine.seen()
    if hand_made:
        shutil.rmtree(machine.home)
        for name in seen:
            os.unlink(os.path.join(machine.directories[0], name))
        machine.put(seen)
    expected = [Change("a", "bundle", "without the new CA", "with it")]
    expected += [] if hand_made else [Change("tenants/t", "bundle", "without the new CA", "with it")]
    assert trust(machine, other, check=True) == expected and machine.seen() == seen
    assert trust(machine, other) == expected
    after = machine.seen()
    assert after == {**seen, "glusterfs.ca": seen["glusterfs.ca"] + other.encode()}
    assert trust(machine, other) == [] and machine.seen() == after
    # Its own CA signs for it as before, and its key stays.
    assert machine.certify(ca)[0] == [Change("a", "bundle", "other", "installed")] or hand_made
    assert machine.seen()["glusterfs.key"] == seen["glusterfs.key"]


def test_who_has_nothing_trusts_nobody_yet(machine: Machine, ca: Ca) -> None:
    bundle = ca.ensure()[1]["bundle"]
    assert trust(machine, bundle) == [] and machine.seen() == {}
    with pytest.raises(BadInput, match="trust must be one or more certificates"):
        trust(machine, "")


def test_killed_while_another_ca_is_added(tmp_path: t.Any, ca: Ca) -> None:
    """What Gluster sees matches at any moment."""
    other = Ca(tmp_path / "other", common_name="Other").ensure()[1]["bundle"]
    pem, bundle = ca.sign("a", (machine := Machine(tmp_path / "first")).request())
    machine.ensure(certificate=pem, bundle=bundle)
    seen = machine.seen()
    number = 0
    while True:
        number += 1
        machine = Machine(tmp_path / f"machine{number}")
        machine.put(seen)
        killed = EveryStep().at(number, lambda machine=machine: trust(machine, other))  # type: ignore[misc]
        now = machine.seen()
        # Without its certificate Gluster loads nothing.
        assert "glusterfs.pem" not in now or now in (seen, {**seen, "glusterfs.ca": (bundle + other).encode()})
        trust(machine, other)
        assert machine.seen() == {**seen, "glusterfs.ca": (bundle + other).encode()}
        if not killed:
            break
    assert number > 10
