# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import datetime
import os
import re
import tempfile
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    NotFound,
)

KEY_TYPES = {
    "ecdsa-p256": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:named_curve"],
    "ed25519": ["ED25519"],
    "rsa-4096": ["RSA", "-pkeyopt", "rsa_keygen_bits:4096"],
}

# The machine's own trusted CAs must not vouch for anybody here.
_ENVIRONMENT = {"LC_ALL": "C", "SSL_CERT_DIR": "/nonexistent", "SSL_CERT_FILE": "/nonexistent"}
_BLOCK = r"-----BEGIN {0}-----\s[A-Za-z0-9+/=\s]+-----END {0}-----"
# Without its end: keys are compared.
_PUBLIC_KEY = re.compile(r"(-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----")
_PRIVATE_KEY = re.compile(r"^-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s", re.MULTILINE)
_KINDS = {"CERTIFICATE": "certificates", "X509 CRL": "CRLs"}
# Names are printed backwards (RFC 2253), so the last CN is the certificate's first, the one that Gluster takes.
_NAMES = ["-nameopt", "RFC2253"]
_NAME_PART = re.compile(r"([^=,+]+)=((?:\\.|[^,+\\])*)(?:[,+]|$)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Certificate(t.NamedTuple):
    common_name: str | None
    issuer: str
    serial: str
    not_after: str
    fingerprint_sha256: str
    public_key: str

    def told(self) -> dict[str, t.Any]:
        told = self._asdict()
        del told["public_key"]
        return told


class Crl(t.NamedTuple):
    """A list of revoked certificates. name_hash: under which OpenSSL looks for its issuer's. Times are UNIX times."""

    issuer: str
    name_hash: str
    last_update: float
    next_update: float

    def told(self) -> dict[str, str]:
        return {"issuer": self.issuer, "next_update": _utc(self.next_update)}


def _moment(text: str) -> float:
    """The UNIX time of C(Nov 28 07:41:48 2026 GMT), else ValueError. Python's ssl could tell, but is slow to load."""
    month, day, clock, year, zone = text.split()
    if zone != "GMT":
        raise ValueError(f"{text!r} is not a time in GMT")
    hour, minute, second = map(int, clock.split(":"))
    date = datetime.datetime(int(year), _MONTHS.index(month) + 1, int(day), hour, minute, second)
    return date.replace(tzinfo=datetime.timezone.utc).timestamp()


def _utc(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def blocks(pem: str, what: str, kind: str = "CERTIFICATE") -> list[str]:
    """The certificates (or CRLs) of a PEM text that holds nothing else of weight, else BadInput."""
    if "PRIVATE KEY" in pem:
        raise BadInput(f"{what} contains a private key: only {_KINDS[kind]} may travel.")
    found = re.findall(_BLOCK.format(kind), pem)
    if not found or len(found) != pem.count("-----BEGIN "):
        raise BadInput(f"{what} must be one or more {_KINDS[kind]} in PEM.")
    return found


def _common_name(subject: str) -> str | None:
    found = [value for name, value in _NAME_PART.findall(subject) if name == "CN"]
    return found[-1] if found else None


def _fields(out: str) -> dict[str, str]:
    """What openssl printed as name=value, by name in small letters."""
    told: dict[str, str] = {}
    for line in out.splitlines():
        name, _equals, value = line.partition("=")
        told.setdefault(name.lower().strip(), value.strip())
    return told


class OpenSSL:
    """The one place that composes an openssl command line.

    C(run_command) has the shape of AnsibleModule.run_command.
    """

    def __init__(self, run_command: t.Callable[..., tuple[int, str, str]]) -> None:
        self._run_command = run_command
        self._said: dict[tuple[str, str], tuple[int, str, str]] = {}

    def _try(self, *words: str, data: str | None = None) -> tuple[int, str, str]:
        try:
            # An empty input would not be given to it, and it would wait for the terminal.
            return self._run_command(
                ["openssl", *words],
                data="\n" if data == "" else data,
                environ_update=_ENVIRONMENT,
                handle_exceptions=False,
            )
        except FileNotFoundError as exc:
            raise NotFound("The program 'openssl' is not on this machine: install it first.") from exc

    def _ask(self, text: str, *words: str, data: str | None = None) -> tuple[int, str, str]:
        """What openssl says of the text, which is the same each time."""
        question = (words[0], text)
        if question not in self._said:
            self._said[question] = self._try(*words, data=data)
        return self._said[question]

    def _run(self, *words: str, data: str | None = None) -> str:
        rc, out, err = self._try(*words, data=data)
        if rc:
            raise GlusterOpsError(
                f"'openssl {words[0]}' failed: {(err or out).strip()[:500]}", cmd=" ".join(["openssl", *words]), rc=rc
            )
        return out

    def make_key(self, path: str, key_type: str) -> None:
        """A new private key in a file that is nobody else's to read: its directory must be 0700."""
        self._run("genpkey", "-algorithm", *KEY_TYPES[key_type], "-out", path)

    def public_key(self, path: str) -> str:
        """The public half of a key that Gluster and the CA can use, else Conflict."""
        with open(path, encoding="latin-1") as file:
            text = file.read()
        why, rc, err, public = None, 0, "", None
        if "ENCRYPTED" in text:
            why = "is encrypted, and Gluster cannot read it"
        else:
            # An empty passphrase, so that openssl never asks the terminal for one.
            rc, out, err = self._ask(text, "pkey", "-in", path, "-passin", "pass:", "-pubout", "-text_pub")
            bits = re.search(r"\(([0-9]{1,6}) bit\)", out)
            public = _PUBLIC_KEY.search(out)
            if rc or not public:
                why = "cannot be read as a private key in PEM"
            elif not _PRIVATE_KEY.search(text):
                # The program reads other forms, too.
                why = "is not in PEM, which is all that Gluster reads ('openssl pkey -in KEY -out OTHER' writes it so)"
            elif "Modulus" in out and bits and int(bits.group(1)) < 2048:
                why = f"is an RSA key of {bits.group(1)} bits, which is too weak"
            elif not re.search("Modulus|ED25519|prime256v1|secp384r1|secp521r1", out):
                why = "is neither RSA, nor ECDSA on P-256, P-384 or P-521, nor Ed25519"
        if why or not public:
            raise Conflict(
                f"The key {path!r} {why}: move it away to have a new one made. Nothing was changed.",
                why=why,
                rc=rc,
                stderr=err.strip()[:500],
            )
        return public[1]

    def make_request(self, key: str, common_name: str) -> str:
        with tempfile.NamedTemporaryFile("w", suffix=".cnf") as configuration:
            # Whatever the machine's own configuration adds to requests, the CA refuses.
            configuration.write("[req]\ndistinguished_name = name\n[name]\n")
            configuration.flush()
            words = ["req", "-new", "-key", key, "-subj", f"/CN={common_name}", "-config", configuration.name]
            return self._run(*words)

    def request_name(self, request: str) -> str | None:
        """The CN in a certificate request, None when there is none or the text is no request."""
        rc, out, err = self._ask(request, "req", "-noout", "-subject", *_NAMES, data=request)
        # A line without its end may lack half of the name.
        return None if rc or not out.endswith("\n") else _common_name(out.strip().partition("=")[2])

    def _certificate(self, pem: str) -> tuple[int, str, str]:
        words = ["-noout", "-subject", "-issuer", "-serial", "-enddate", "-fingerprint", "-sha256", "-pubkey"]
        return self._ask(pem, "x509", *words, *_NAMES, data=pem)

    def is_root(self, pem: str) -> bool:
        """Whether the certificate is its own issuer's: what others are trusted by."""
        told = _fields(self._certificate(pem)[1])
        return bool(told.get("subject")) and told["subject"] == told.get("issuer")

    def certificate(self, pem: str, what: str) -> Certificate:
        """What the first certificate in the text says."""
        rc, out, err = self._certificate(pem)
        told = _fields(out)
        try:
            public = _PUBLIC_KEY.search(out)
            if not public:
                raise KeyError("public key")
            return Certificate(
                common_name=_common_name(told["subject"]),
                issuer=told["issuer"],
                serial=told["serial"],
                not_after=_utc(_moment(told["notafter"])),
                fingerprint_sha256=told["sha256 fingerprint"],
                public_key=public[1],
            )
        except (KeyError, ValueError):
            raise BadInput(f"{what} cannot be read as a certificate in PEM.", stderr=err.strip()[:500]) from None

    def verify(self, certificate: str, bundle: str, role: str | None = None) -> None:
        """BadInput when the bundle does not vouch for the certificate, as that of a TLS C(client) or C(server).

        Further certificates in it may stand between.
        """
        with tempfile.TemporaryDirectory() as directory:
            paths = [os.path.join(directory, name) for name in ("bundle", "chain")]
            for path, text in zip(paths, (bundle, certificate)):
                with open(path, "w", encoding="ascii") as file:
                    file.write(text)
            words = ["-no-CApath", "-CAfile", paths[0], "-untrusted", paths[1]]
            words += [*(["-purpose", f"ssl{role}"] if role else []), paths[1]]
            rc, out, err = self._try("verify", *words)
        if rc:
            found = re.search(r"error \d+ at \d+ depth lookup: ?(.+)", out + err)
            why = found.group(1).strip() if found else (err or out).strip()[:200]
            raise BadInput(f"The bundle does not vouch for the certificate: {why}.", stderr=(out + err).strip()[:500])

    def crl(self, pem: str, what: str) -> Crl:
        """What a CRL says; BadInput when it says nothing or not how long it is good."""
        words = ["-noout", "-hash", "-issuer", "-lastupdate", "-nextupdate"]
        _rc, out, err = self._ask(pem, "crl", *words, *_NAMES, data=pem)
        told = _fields(out)
        # OpenSSL 1.1.1 prints the hash alone.
        found = re.search(r"^(?:issuer name hash=)?([0-9a-f]{8})$", out, re.MULTILINE)
        try:
            return Crl(
                issuer=told["issuer"],
                name_hash=found[1] if found else told["hash"],
                last_update=_moment(told["lastupdate"]),
                next_update=_moment(told["nextupdate"]),
            )
        except (KeyError, ValueError):
            raise BadInput(
                f"{what} cannot be read as a CRL in PEM that says when it ends.", stderr=err.strip()[:500]
            ) from None

    def signed_crl(self, authority: str, crl: str) -> bool:
        """Whether the CA of this certificate signed the CRL."""
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(authority)
            file.flush()
            # Some versions end well even if the signature is wrong.
            rc, out, err = self._try("crl", "-noout", "-no-CApath", "-CAfile", file.name, data=crl)
        return not rc and "verify OK" in out + err
