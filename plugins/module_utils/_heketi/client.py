# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Heketi's REST interface: signing, sending, judging the answer, waiting for what goes on in Heketi's queue.

What an answer means was measured on Heketi 10.4.1; where its manual says something else, the server was believed.
"""

from __future__ import annotations

import contextlib
import random
import re
import threading
import time
import typing as t
from urllib.parse import urlsplit

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    GlusterOpsError,
    NotFound,
    OutcomeUnknown,
    Refused,
    TimedOut,
    Unreachable,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.connection import (
    REQUESTS_ERROR,
    Connection,
    Failure,
    failure,
    judge,
    sign,
)

try:
    import requests
    import requests.adapters
    import urllib3
except ImportError:
    pass  # Whoever makes a client is told.


# The longest pause between two tries to reach a Heketi that does not answer.
_SELDOMEST = 5.0

# The least seconds between two questions whether an operation has ended, if nobody knows how long it takes.
_SOONEST = 0.01

# So many of the last operations of a kind tell how long the next may take.
_RECENT = 8


_ID = re.compile("[0-9a-f]{32}")


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
    A request that surely changed nothing is sent again for as long as unreachable_timeout while nothing answers. That
    is told with say, once until Heketi answers again.
    clock is the time module or something with its time, monotonic and sleep.
    """

    def __init__(
        self,
        connection: Connection,
        pool: int = 8,
        clock: t.Any = time,
        say: t.Callable[[str], None] = lambda line: None,
    ) -> None:
        if REQUESTS_ERROR:
            raise GlusterOpsError(missing_required_lib("requests"), exception=REQUESTS_ERROR)
        self.connection = connection
        self.clock = clock
        self.session = requests.Session()
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=pool))
        # What the environment says of proxies and CAs is the same for every request, and takes long to find out.
        settings = self.session.merge_environment_settings(connection.url, {}, None, connection.verify, None)
        self.session.proxies, self.session.verify = settings["proxies"], settings["verify"]
        self.session.trust_env = False
        self._say = say
        # Since when Heketi has been away, as far as that was told.
        self._away: float | None = None
        self._telling = threading.Lock()
        # By kind of operation, the seconds that the last ones have taken.
        self._took: dict[str, tuple[float, ...]] = {}
        if connection.verify is False:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def get(self, path: str, timeout: float | None = None, patient: bool = True) -> t.Any:
        """The JSON at a path. timeout replaces request_timeout for an answer that takes Heketi long; what there are
        other ways to find out need not be patient."""
        return self._request("GET", path, None, self.deadline(), timeout, patient)[1]

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
        self,
        method: str,
        path: str,
        body: t.Any,
        deadline: float,
        timeout: float | None = None,
        patient: bool = True,
    ) -> tuple[requests.Response, t.Any]:
        """An answer that is neither an error nor "busy", and its JSON. Repeats only what surely changed nothing."""
        busy, away = pauses(), pauses(most=_SELDOMEST)
        since: float | None = None
        while True:
            try:
                response = self._send(method, path, body, timeout or self.connection.request_timeout)
                answer = None if response.status_code == 429 else judge(method, path, response)
            except Failure as exc:
                now, pause = self.clock.monotonic(), next(away)
                since = now if since is None else since
                harmless = method == "GET" or not exc.sent
                waited = now - since
                in_time = waited < self.connection.unreachable_timeout and now + pause < deadline
                if not (harmless and exc.passing and patient and in_time):
                    how_long = f" It was waited for, {waited:.0f} seconds (unreachable_timeout)." if waited else ""
                    kind = Unreachable if harmless else OutcomeUnknown
                    raise kind(f"{exc}{how_long}", **exc.details) from None
                self._tell_away(exc, now)
                self.clock.sleep(pause)
                continue
            self._tell_back()
            if response.status_code != 429:
                return response, answer
            pause = next(busy)
            if self.clock.monotonic() + pause >= deadline:
                raise TimedOut(
                    f"Heketi was too busy for {method} {path} all the time: run again later.", http_status=429
                )
            self.clock.sleep(pause)

    def _tell_away(self, why: Failure, now: float) -> None:
        with self._telling:
            if self._away is None:
                self._away = now
                patience = self.connection.unreachable_timeout
                self._say(f"{why} Waiting for Heketi, {patience:g} seconds at most (unreachable_timeout).")

    def _tell_back(self) -> None:
        with self._telling:
            if self._away is not None:
                self._say(f"Heketi answers again, {self.clock.monotonic() - self._away:.0f} seconds later.")
                self._away = None

    def _send(self, method: str, path: str, body: t.Any, timeout: float) -> requests.Response:
        """The one place that sends: one signed request, one answer of any status, or a Failure."""

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
            raise failure(exc, method, url, timeout) from None

    def _location(self, response: requests.Response) -> str:
        """The path an answer points to, as Heketi knows it: without host, and without a proxy's prefix."""
        path = urlsplit(response.headers.get("Location", "")).path
        prefix = urlsplit(self.connection.url).path
        return path[len(prefix) :] if prefix and path.startswith(prefix + "/") else path
