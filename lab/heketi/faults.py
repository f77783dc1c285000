# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong on the way from a client to Heketi and back, as the configuration stages it."""

from __future__ import annotations

import http.client
import re
import sys
import threading
import time
import typing as t

from waitress.channel import ClientDisconnected

from .config import RequestFault

Environ = t.Dict[str, t.Any]
StartResponse = t.Callable[..., t.Any]
Application = t.Callable[[Environ, StartResponse], t.Iterable[bytes]]


class RequestFaults:
    """Stands before the application. The first fault that fits a request is what happens to it."""

    def __init__(self, application: Application, faults: t.Sequence[RequestFault]) -> None:
        self._application = application
        self._faults = faults
        self._lock = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> t.Iterable[bytes]:
        fault = self._next(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if fault is None:
            return self._application(environ, start_response)
        sys.stderr.write(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} meets {fault}\n")
        if fault.delay is not None:
            time.sleep(fault.delay)
            return self._application(environ, start_response)
        if fault.status is not None:
            reason = http.client.responses.get(fault.status, "")
            start_response(f"{fault.status} {reason}", list(fault.headers.items()))
            return [fault.body.encode()]
        if fault.drop == "before":
            raise ClientDisconnected  # so waitress closes the connection, and says nothing
        status, headers, body = self._answer(environ)
        if fault.drop == "after":
            raise ClientDisconnected
        # Less than the Content-Length announces: waitress closes the connection behind it.
        start_response(status, headers)
        return [body[: fault.truncate]]

    def _next(self, method: str, path: str) -> RequestFault | None:
        with self._lock:
            for fault in self._faults:
                if fault.times == 0 or not (re.search(fault.method, method) and re.search(fault.path, path)):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None

    def _answer(self, environ: Environ) -> tuple[str, list[tuple[str, str]], bytes]:
        """What the application would have said."""
        started: list[t.Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _error: t.Any = None) -> None:
            started[:] = [status, headers]

        answer = self._application(environ, start_response)
        try:
            body = b"".join(answer)
        finally:
            close = getattr(answer, "close", None)
            if close:
                close()
        return started[0], started[1], body
