# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""How Heketi is reached, and what its answers and failures mean."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
import re
import ssl
import traceback
import typing as t
from urllib.parse import unquote, urlsplit

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    NotFound,
    Refused,
)
from ansible_collections.glusterops.shares.plugins.module_utils._units import check_number

try:
    import requests
    import requests.adapters
    import urllib3
except ImportError:
    REQUESTS_ERROR: str | None = traceback.format_exc()
else:
    REQUESTS_ERROR = None

# Seconds a token is valid. Heketi takes tokens from up to two minutes in its future, so this allows for clocks that
# differ by five minutes in the one direction and by two in the other.
_TOKEN_LIFE = 300
# Characters of an answer's body: in a message, where it is one of several, and as a return key.
_SAID = 500
_BODY = 4000
# What Heketi says, and what its words do not tell.
_HINTS = (
    ("Token used before issued", "the clock here is ahead of Heketi's: set both by NTP"),
    ("Token is expired", "the clock here is behind Heketi's: set both by NTP"),
    ("signature is invalid", "heketi_key is not the key that Heketi has for heketi_user"),
    ("Unknown user", "heketi_user must be 'admin'"),
    (
        "Administrator access required",
        "Heketi lets only its user 'admin' do this: set heketi_user and heketi_key to admin's",
    ),
    ("Invalid qsh claim", "a proxy in between rewrites the path, or heketi_url has a path that is passed on to Heketi"),
    ("Client sent an HTTP request to an HTTPS server", "this port speaks TLS: heketi_url must begin with https://"),
    ("plain HTTP request was sent to HTTPS port", "this port speaks TLS: heketi_url must begin with https://"),
    ("Service disabled for maintenance", "Heketi is in read-only state"),
    ("The target exists, contains other items", "another operation on it is under way or was left unfinished"),
)
_WEEK = 7 * 24 * 3600
# What OpenSSL says of a certificate, and what is wrong with it. The first may be said of a CA's, too.
_CERTIFICATES = (
    ("expired", "has expired, or its CA's has ({why}): have it renewed, unless the clock here is wrong"),
    ("not yet valid", "is not valid yet ({why}): compare the clock here with that of the CA"),
    ("ostname mismatch", "is for another name ({why}): heketi_url must have a name that stands in it"),
    ("address mismatch", "is for another address ({why}): heketi_url must have a name or address that stands in it"),
)
_UNTRUSTED = "is not trusted ({why}): set ca_path to the CA that signed it"
# The options that are seconds, and the least of each.
_TIMES = {"request_timeout": 1, "operation_timeout": 1, "poll_interval": 0.01, "unreachable_timeout": 0}
_NOT_TLS = re.compile(
    "WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|record layer failure|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST"
)


@dataclasses.dataclass(frozen=True)
class Connection:
    """How to reach Heketi. Times are seconds; verify is True, False or a file of CA certificates."""

    url: str
    key: str = dataclasses.field(repr=False)
    user: str = "admin"
    verify: bool | str = True
    request_timeout: float = 30
    operation_timeout: float = 3600
    poll_interval: float = 1.0
    unreachable_timeout: float = 120

    @classmethod
    def from_params(cls, params: t.Mapping[str, t.Any]) -> Connection:
        """The connection of a module's parameters (see argspec.connection_spec); BadInput for a wrong value."""
        url = params["heketi_url"].rstrip("/")
        try:
            parts = urlsplit(url)
            sound = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
        except ValueError:
            sound = False
        if not sound or parts.username is not None or parts.query or parts.fragment or re.search(r"[\s\x00-\x1f]", url):
            raise BadInput(
                "heketi_url must look like 'https://heketi.example.com:8080', without user, query or fragment."
            )
        for option in ("heketi_user", "heketi_key"):
            if not params[option]:
                raise BadInput(f"{option} is empty: is the variable that it comes from defined?")
        for option, least in _TIMES.items():
            check_number(params[option], least, _WEEK, option, " seconds")
        ca_path = params["ca_path"]
        if ca_path:
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(ca_path)
            except (OSError, ValueError):
                raise BadInput(f"ca_path {ca_path!r} is not a file with certificates in PEM.") from None
        return cls(
            url=url,
            key=params["heketi_key"],
            user=params["heketi_user"],
            verify=(ca_path or True) if params["validate_certs"] else False,
            **{option: params[option] for option in _TIMES},
        )


def sign(user: str, key: str, method: str, path: str, now: float) -> str:
    """The JWT for one request. path is what Heketi sees: decoded, without query, without a proxy's prefix."""
    qsh = hashlib.sha256(f"{method}&{unquote(path.partition('?')[0])}".encode()).hexdigest()
    claims = {"iss": user, "iat": int(now), "exp": int(now) + _TOKEN_LIFE, "qsh": qsh}
    signed = ".".join(_base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{_base64url(hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest())}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Failure(Exception):
    """No answer of Heketi's. sent: Heketi may have received the request; passing: it may go better the next time."""

    def __init__(self, message: str, sent: bool, passing: bool, **details: t.Any) -> None:
        super().__init__(message)
        self.sent = sent
        self.passing = passing
        self.details = details


def failure(exc: OSError, method: str, url: str, timeout: float) -> Failure:
    """What requests says, in one sentence."""
    if not isinstance(exc, requests.exceptions.RequestException):
        return Failure(f"{method} {url} was not sent: {exc}.", False, False, request=f"{method} {url}")
    cause = exc.args[0] if exc.args else exc
    reason = getattr(cause, "reason", None) or cause
    if isinstance(reason, urllib3.exceptions.ProtocolError) and reason.args:
        reason = reason.args[-1]
    text = str(reason)
    request = f"{method} {url}"
    if isinstance(exc, requests.exceptions.SSLError):
        if _NOT_TLS.search(text):
            message = f"{url} does not speak TLS: heketi_url must begin with http://, or name the TLS port."
        elif "CERTIFICATE_VERIFY_FAILED" in text:
            why = text.rpartition("certificate verify failed: ")[2].partition(" (_ssl")[0] or text
            remedy = next((remedy for words, remedy in _CERTIFICATES if words in why), _UNTRUSTED)
            message = f"Heketi's certificate at {url} {remedy.format(why=why)}."
        else:
            # Also a connection that was cut: no telling at what moment.
            return Failure(f"The TLS connection to {url} failed: {text}.", True, True, request=request)
        return Failure(message, False, False, request=request)
    if isinstance(exc, requests.exceptions.ConnectTimeout):
        return Failure(f"No connection to {url} within {timeout:g} seconds.", False, True, request=request)
    if isinstance(exc, requests.exceptions.ProxyError) or isinstance(reason, urllib3.exceptions.NewConnectionError):
        why = text.rpartition(": ")[2]
        return Failure(f"No connection to {url}: {why}.", False, True, request=request)
    if isinstance(exc, requests.exceptions.Timeout):
        return Failure(f"{request} was not answered within {timeout:g} seconds.", True, True, request=request)
    return Failure(
        f"The connection to {url} broke before the answer was complete: {text}.", True, True, request=request
    )


def judge(method: str, path: str, response: requests.Response) -> t.Any:
    """The one place that decides what a status means: the answer's JSON (None if it is empty), or raises."""
    status = response.status_code
    body = response.content.decode("utf-8", "replace").strip()
    asked = f"{method} {path}"
    head = body[:_BODY]
    details = {"request": f"{method} {response.url}", "http_status": status, "body": head}
    queued = path.startswith("/queue/")
    if status == 202 or (status == 303 and queued and "Location" in response.headers):
        return None
    if 300 <= status < 400:
        target = response.headers.get("Location", "nowhere")
        message = f"{asked} was redirected to {target}: heketi_url must be the address at which Heketi itself answers."
        raise Refused(message, **details)
    if status in (502, 503, 504) and "Service disabled" not in body:
        raise Failure(
            f"{asked} was answered by a proxy that has no Heketi behind it (HTTP {status}).", True, True, **details
        )
    hint = next((f"; {hint}" for words, hint in _HINTS if words in head), "")
    if body.startswith("<") and not hint:
        message = f"{asked} was answered with HTML (HTTP {status}), so not by Heketi: is heketi_url right?"
        raise Failure(message, True, False, **details)
    if status < 300:
        try:
            return json.loads(body) if body else None
        except ValueError:
            message = f"The answer to {asked} is not the JSON that Heketi sends: {body[:60]!r}."
            raise Failure(message, True, True, **details) from None
    said = " ".join(body.split())[:_SAID].rstrip(".") or response.reason or "no reason given"
    if status == 500 and queued:
        raise GlusterOpsError(f"Heketi could not do it: {said}{hint}.", **details)
    kind = {400: BadInput, 422: BadInput, 404: NotFound, 409: Conflict}.get(status, Refused)
    raise kind(f"Heketi refused {asked} (HTTP {status}): {said}{hint}.", **details)
