# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Heketi's REST interface: signing, sending, judging the answer, waiting for what goes on in Heketi's queue.

What an answer means was measured on Heketi 10.4.1; where its manual says something else, the server was believed.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import hashlib
import hmac
import json
import random
import re
import ssl
import time
import traceback
import typing as t
from urllib.parse import unquote, urlsplit

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    NotFound,
    OutcomeUnknown,
    Refused,
    TimedOut,
    Unreachable,
)
from ansible_collections.glusterops.shares.plugins.module_utils._units import check_number

try:
    import requests
    import requests.adapters
    import urllib3
except ImportError:
    _REQUESTS_ERROR: str | None = traceback.format_exc()
else:
    _REQUESTS_ERROR = None

# Seconds a token is valid. Heketi takes tokens from up to two minutes in its future, so this allows for clocks that
# differ by five minutes in the one direction and by two in the other.
_TOKEN_LIFE = 300

# How often a request that is safe to repeat is sent in all.
_TRIES = 5

# The least seconds between two questions whether an operation has ended, if nobody knows how long it takes.
_SOONEST = 0.01

# So many of the last operations of a kind tell how long the next may take.
_RECENT = 8

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

_ID = re.compile("[0-9a-f]{32}")

_WEEK = 7 * 24 * 3600

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
        for option, least in (("request_timeout", 1), ("operation_timeout", 1), ("poll_interval", 0.01)):
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
            request_timeout=params["request_timeout"],
            operation_timeout=params["operation_timeout"],
            poll_interval=params["poll_interval"],
        )


def sign(user: str, key: str, method: str, path: str, now: float) -> str:
    """The JWT for one request. path is what Heketi sees: decoded, without query, without a proxy's prefix."""
    qsh = hashlib.sha256(f"{method}&{unquote(path.partition('?')[0])}".encode()).hexdigest()
    claims = {"iss": user, "iat": int(now), "exp": int(now) + _TOKEN_LIFE, "qsh": qsh}
    signed = ".".join(_base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{_base64url(hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest())}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def pauses(first: float = 0.5, most: float = 30.0) -> t.Iterator[float]:
    """Growing seconds to wait between tries, each shortened by chance so that many clients do not come back at once."""
    while True:
        yield random.uniform(first / 2, first)
        first = min(first * 2, most)


@contextlib.contextmanager
def understood(what: str) -> t.Iterator[None]:
    """Around the reading of an answer: GlusterOpsError if it lacks what Heketi always sends."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as exc:
        raise GlusterOpsError(f"Heketi's answer about {what} is not as expected ({exc!r}): is it a Heketi?") from None


class HeketiClient:
    """One Heketi server. May be used by several threads at once; connections are kept open between requests.

    All methods raise Unreachable (no answer, or none of Heketi's), Refused, NotFound, Conflict or BadInput as Heketi's
    status says, with the return keys C(request), C(http_status) and C(body).
    clock is the time module or something with its time, monotonic and sleep.
    """

    def __init__(self, connection: Connection, pool: int = 8, clock: t.Any = time) -> None:
        if _REQUESTS_ERROR:
            raise GlusterOpsError(missing_required_lib("requests"), exception=_REQUESTS_ERROR)
        self.connection = connection
        self.clock = clock
        self.session = requests.Session()
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=pool))
        # What the environment says of proxies and CAs is the same for every request, and takes long to find out.
        settings = self.session.merge_environment_settings(connection.url, {}, None, connection.verify, None)
        self.session.proxies, self.session.verify = settings["proxies"], settings["verify"]
        self.session.trust_env = False
        # By kind of operation, the seconds that the last ones have taken.
        self._took: dict[str, tuple[float, ...]] = {}
        if connection.verify is False:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def get(self, path: str, timeout: float | None = None, tries: int = _TRIES) -> t.Any:
        """The JSON at a path. timeout replaces request_timeout for an answer that takes Heketi long."""
        return self._request("GET", path, None, self.deadline(), timeout, tries)[1]

    def operate(self, method: str, path: str, body: t.Any = None) -> t.Any:
        """Sends a change and waits until Heketi has made it: the JSON of what it made or changed, None if that is gone.

        Nothing was changed when it raises Refused, NotFound, Conflict, BadInput or Unreachable. A plain GlusterOpsError
        says that Heketi tried and failed, TimedOut that it is still at it, OutcomeUnknown that only reading can tell.
        """
        made, answer = self._finish(method, path, body)
        if not made:
            return answer
        with self._accepted(method, path):
            # A request of its own: Heketi refuses the token that was signed for the queue's path.
            return self.get(made)

    def make(self, path: str, body: t.Any) -> str:
        """Like operate, for what is looked at later along with other things: only the path of what Heketi made."""
        made, _answer = self._finish("POST", path, body)
        if not made:
            raise OutcomeUnknown(
                f"Heketi accepted POST {path} without saying what it made.", request=f"POST {self.connection.url}{path}"
            )
        return made

    def _finish(self, method: str, path: str, body: t.Any) -> tuple[str, t.Any]:
        """Sends a change and waits until it is made: the path of what was made, or "" and the JSON that came for it."""
        asked = f"{method} {path}"
        request = f"{method} {self.connection.url}{path}"
        deadline = self.deadline()
        response, answer = self._request(method, path, body, deadline)
        if response.status_code != 202:
            return "", answer
        queue = self._location(response)
        if not queue:
            raise OutcomeUnknown(
                f"Heketi accepted {asked} without saying where to ask for its result.", request=request
            )
        kind = _ID.sub("ID", asked)
        began = self.clock.monotonic()
        # First when the quickest of the last ones was about to end; then soon again, and the later it is the seldomer.
        expected = 0.97 * min(self._took.get(kind, ()), default=0)
        pause = expected or _SOONEST
        with self._accepted(method, path):
            while True:
                pause = min(pause, self.connection.poll_interval)
                self.clock.sleep(pause)
                took = self.clock.monotonic() - began
                response, answer = self._request("GET", queue, None, deadline)
                if response.headers.get("X-Pending") != "true":
                    # Where nobody knew how long, it ended at some time during the last pause.
                    took -= 0 if expected else pause / 2
                    self._took[kind] = (*self._took.get(kind, ())[1 - _RECENT :], took)
                    return self._location(response) if response.status_code == 303 else "", answer
                if self.clock.monotonic() >= deadline:
                    raise TimedOut(
                        f"{asked} has not ended within the operation_timeout of {self.connection.operation_timeout:g}"
                        " seconds. Heketi goes on with it: run again later.",
                        request=request,
                    )
                late = took - expected
                pause = max(-late, took / 50, min(late, took / 10), 0 if expected else _SOONEST)

    @contextlib.contextmanager
    def _accepted(self, method: str, path: str) -> t.Iterator[None]:
        """Around asking for the result of a change that Heketi has accepted."""
        try:
            yield
        except (NotFound, Refused, Unreachable) as exc:
            # Heketi tells a result only once, so an answer lost on the way, or a restart, looks like this.
            details = {**exc.details, "request": f"{method} {self.connection.url}{path}"}
            raise OutcomeUnknown(f"Heketi accepted {method} {path}, but not its result: {exc}", **details) from None

    def deadline(self) -> float:
        """When an operation that begins now must have ended, on the monotonic clock."""
        return self.clock.monotonic() + self.connection.operation_timeout

    def _request(
        self, method: str, path: str, body: t.Any, deadline: float, timeout: float | None = None, tries: int = _TRIES
    ) -> tuple[requests.Response, t.Any]:
        """An answer that is neither an error nor "busy", and its JSON. Repeats only what surely changed nothing."""
        waiting = pauses()
        # Silence is not asked five times.
        enough = self.clock.monotonic() + 2 * (timeout or self.connection.request_timeout)
        while True:
            pause = next(waiting)
            in_time = self.clock.monotonic() + pause < deadline
            try:
                response = self._send(method, path, body, timeout or self.connection.request_timeout)
                if response.status_code != 429:
                    return response, _judge(method, path, response)
                if not in_time:
                    raise TimedOut(
                        f"Heketi was too busy for {method} {path} all the time: run again later.", http_status=429
                    )
            except _Failure as exc:
                tries -= 1
                harmless = method == "GET" or not exc.sent
                in_time = in_time and self.clock.monotonic() < enough
                if not (harmless and exc.passing and in_time and tries):
                    raise (Unreachable if harmless else OutcomeUnknown)(str(exc), **exc.details) from None
            self.clock.sleep(pause)

    def _send(self, method: str, path: str, body: t.Any, timeout: float) -> requests.Response:
        """The one place that sends: one signed request, one answer of any status, or a _Failure."""

        def authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
            # As an auth callable, so that a ~/.netrc does not replace it.
            token = sign(self.connection.user, self.connection.key, method, path, self.clock.time())
            request.headers["Authorization"] = f"bearer {token}"
            return request

        url = self.connection.url + path
        try:
            return self.session.request(
                method,
                url,
                json=body,
                auth=authorize,
                timeout=timeout,
                allow_redirects=False,
            )
        except OSError as exc:  # what requests raises is one, too
            raise _failure(exc, method, url, timeout) from None

    def _location(self, response: requests.Response) -> str:
        """The path an answer points to, as Heketi knows it: without host, and without a proxy's prefix."""
        path = urlsplit(response.headers.get("Location", "")).path
        prefix = urlsplit(self.connection.url).path
        return path[len(prefix) :] if prefix and path.startswith(prefix + "/") else path


class _Failure(Exception):
    """No answer of Heketi's. sent: Heketi may have received the request; passing: it may go better the next time."""

    def __init__(self, message: str, sent: bool, passing: bool, **details: t.Any) -> None:
        super().__init__(message)
        self.sent = sent
        self.passing = passing
        self.details = details


def _failure(exc: OSError, method: str, url: str, timeout: float) -> _Failure:
    """What requests says, in one sentence."""
    if not isinstance(exc, requests.exceptions.RequestException):
        return _Failure(f"{method} {url} was not sent: {exc}.", False, False, request=f"{method} {url}")
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
            message = f"Heketi's certificate at {url} is not trusted ({why}): set ca_path to the CA that signed it."
        else:
            # Also a connection that was cut: no telling at what moment.
            return _Failure(f"The TLS connection to {url} failed: {text}.", True, True, request=request)
        return _Failure(message, False, False, request=request)
    if isinstance(exc, requests.exceptions.ConnectTimeout):
        return _Failure(f"No connection to {url} within {timeout:g} seconds.", False, True, request=request)
    if isinstance(exc, requests.exceptions.ProxyError) or isinstance(reason, urllib3.exceptions.NewConnectionError):
        why = text.rpartition(": ")[2]
        return _Failure(f"No connection to {url}: {why}.", False, True, request=request)
    if isinstance(exc, requests.exceptions.Timeout):
        return _Failure(f"{request} was not answered within {timeout:g} seconds.", True, True, request=request)
    return _Failure(
        f"The connection to {url} broke before the answer was complete: {text}.", True, True, request=request
    )


def _judge(method: str, path: str, response: requests.Response) -> t.Any:
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
        raise _Failure(
            f"{asked} was answered by a proxy that has no Heketi behind it (HTTP {status}).", True, True, **details
        )
    hint = next((f"; {hint}" for words, hint in _HINTS if words in head), "")
    if body.startswith("<") and not hint:
        message = f"{asked} was answered with HTML (HTTP {status}), so not by Heketi: is heketi_url right?"
        raise _Failure(message, True, False, **details)
    if status < 300:
        try:
            return json.loads(body) if body else None
        except ValueError:
            message = f"The answer to {asked} is not the JSON that Heketi sends: {body[:60]!r}."
            raise _Failure(message, True, True, **details) from None
    said = " ".join(body.split())[:_SAID].rstrip(".") or response.reason or "no reason given"
    if status == 500 and queued:
        raise GlusterOpsError(f"Heketi could not do it: {said}{hint}.", **details)
    kind = {400: BadInput, 422: BadInput, 404: NotFound, 409: Conflict}.get(status, Refused)
    raise kind(f"Heketi refused {asked} (HTTP {status}): {said}{hint}.", **details)
