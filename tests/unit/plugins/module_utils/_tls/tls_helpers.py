# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import shutil
import subprocess
import traceback
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._tls import authority, certificates
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
PASSPHRASE = b"correct horse"


Answer = t.Tuple[int, str, str]
# openssl commands that only look: what they say depends on their input alone. (On the time, too, but a run is short.)
_LOOKING = ("crl", "pkey", "req -noout", "verify", "x509")
_answers: dict[t.Hashable, Answer] = {}


def run_command(
    args: list[str], data: str | None = None, environ_update: dict[str, str] | None = None, **_unused: t.Any
) -> Answer:
    """As AnsibleModule.run_command: the real program. What it has said of an input, it is not asked again."""
    assert data != "", "AnsibleModule would not give it to the program, and that would read from the terminal"
    environ = {**os.environ, **(environ_update or {})}
    environ.pop("PYTEST_CURRENT_TEST", None)
    if "-out" in args or not " ".join(args[1:]).startswith(_LOOKING):
        return _run(args, data, environ)
    names = {word: f"<{number}>" for number, word in enumerate(args) if os.path.isabs(word)}
    contents = tuple(map(_content, names))
    key = tuple(names.get(word, word) for word in args), data, contents, frozenset(environ.items())
    if key not in _answers:
        _answers[key] = _renamed(_run(args, data, environ), names)
    return _renamed(_answers[key], {name: word for word, name in names.items()})


def _run(args: list[str], data: str | None, environ: dict[str, str]) -> Answer:
    done = subprocess.run(args, input=data or "", env=environ, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def _content(path: str) -> t.Hashable:
    """What is in a file, or in the files of a directory."""
    if os.path.isdir(path):
        return tuple((name, _content(os.path.join(path, name))) for name in sorted(os.listdir(path)))
    if not os.path.exists(path):
        return None
    with open(path, "rb") as file:
        return file.read()


def _renamed(answer: Answer, names: dict[str, str]) -> Answer:
    out, err = answer[1:]
    for old, new in sorted(names.items(), reverse=True):  # the longer first
        out, err = out.replace(old, new), err.replace(old, new)
    return answer[0], out, err


def said(*words: str, data: str | None = None) -> str:
    """What openssl prints; it must end well."""
    rc, out, err = run_command(["openssl", *words], data=data)
    assert rc == 0, err
    return out


def make_csr(key: t.Any, *common_names: str, **more: str) -> str:
    names = [x509.NameAttribute(NameOID.COMMON_NAME, name) for name in common_names]
    names += [x509.NameAttribute(getattr(NameOID, name), value) for name, value in more.items()]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(serialization.Encoding.PEM).decode()


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def snapshot(path: t.Any) -> dict[str, t.Any]:
    """Everything below a directory: name, mode, and bytes or link."""
    found = {}
    for folder, folders, names in os.walk(path):
        for name in folders + names:
            full = os.path.join(folder, name)
            content: t.Any = None
            if os.path.islink(full):
                content = os.readlink(full)
            elif os.path.isfile(full):
                with open(full, "rb") as file:
                    content = file.read()
            found[os.path.relpath(full, path)] = (oct(os.lstat(full).st_mode), content)
    return found


def certificates_in(pem: str) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(pem.encode())


def read_record(path: str) -> dict[str, t.Any]:
    with open(os.path.join(path, "issued.json"), encoding="utf-8") as file:
        return json.load(file)


def write_record(path: str, told: dict[str, t.Any]) -> None:
    with open(os.path.join(path, "issued.json"), "w", encoding="utf-8") as file:
        json.dump(told, file)


def keep(path: t.Any) -> t.Callable[[], None]:
    """Puts a directory back as it is now, as often as it is called."""
    kept = f"{path}.kept"
    shutil.copytree(path, kept, symlinks=True)

    def put_back() -> None:
        shutil.rmtree(path)
        shutil.copytree(kept, path, symlinks=True)

    return put_back


class Ca:
    """A CA in a directory, as the module drives it."""

    def __init__(self, path: t.Any, **options: t.Any) -> None:
        self.path = str(path)
        self.options = options

    def ensure(
        self,
        *pairs: tuple[str, str | None],
        now: datetime.datetime = NOW,
        passphrases: tuple[bytes, ...] = (PASSPHRASE,),
        check: bool = False,
        **options: t.Any,
    ) -> tuple[list[t.Any], dict[str, t.Any]]:
        given = {**self.options, **options}
        has = given.pop("has", {})
        requests = tuple(
            dataclasses.replace(certificates.parse_request(name, csr, csr_optional=check), **has) for name, csr in pairs
        )
        days = {name: given.pop(name) for name in ("valid_days", "renew_before_days") if name in given}
        validity = certificates.Validity(**days)
        desired = authority.Desired(path=self.path, requests=requests, validity=validity, **given)
        return authority.ensure(desired, passphrases, now, check)

    def sign(self, common_name: str, csr: str | None, **options: t.Any) -> tuple[str, str]:
        """Certificate and bundle."""
        values = self.ensure((common_name, csr), **options)[1]
        return values["certificates"][0]["certificate"], values["bundle"]

    def crl(self, *serials: int, days: float = 30, now: datetime.datetime = NOW) -> str:
        """A list of revoked certificates, valid from an hour before C(now)."""
        with open(os.path.join(self.path, "ca.key"), "rb") as file:
            key = t.cast(ec.EllipticCurvePrivateKey, serialization.load_pem_private_key(file.read(), PASSPHRASE))
        with open(os.path.join(self.path, "ca.pem"), "rb") as file:
            issuer = x509.load_pem_x509_certificate(file.read()).subject
        # By it OpenSSL tells the CRLs of two CAs of one name apart.
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
        begin = now - datetime.timedelta(hours=1)
        builder = x509.CertificateRevocationListBuilder().issuer_name(issuer).last_update(begin)
        builder = builder.next_update(begin + datetime.timedelta(days=days)).add_extension(identifier, False)
        for serial in serials:
            revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(begin).build()
            builder = builder.add_revoked_certificate(revoked)
        return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


class Interrupt:
    """Runs work in a process of its own that is killed at its n-th step that changes files."""

    STEPS = ("replace", "symlink", "mkdir", "unlink", "rmdir")

    def at(self, number: int, work: t.Callable[[], t.Any]) -> bool:
        """Whether it was killed; False when it ended before."""
        child = os.fork()
        if child == 0:
            left = number

            def counted(real: t.Any) -> t.Any:
                def step(*args: t.Any, **options: t.Any) -> t.Any:
                    nonlocal left
                    left -= 1
                    if left == 0:
                        os._exit(9)
                    return real(*args, **options)

                return step

            for name in self.STEPS:
                setattr(os, name, counted(getattr(os, name)))
            try:
                work()
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        code = os.WEXITSTATUS(os.waitpid(child, 0)[1])
        assert code in (0, 9), f"step {number}: exit code {code}"
        return code == 9


class EveryStep(Interrupt):
    """Also before a file is opened, and before it is safe on the disk."""

    STEPS = (*Interrupt.STEPS, "open", "fsync", "fchmod", "chmod")
