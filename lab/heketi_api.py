# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A few words with Heketi's REST API: enough to tell it about the lab's servers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import typing as t
import urllib.error
import urllib.parse
import urllib.request

from lab.report import LabError
from lab.state import DEVICE, HEKETI_PORT, Lab, Node


class Heketi:
    """The API as its administrator sees it."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = key

    def token(self, method: str, path: str) -> str:
        now = int(time.time())
        digest = hashlib.sha256(f"{method}&{path}".encode()).hexdigest()
        claims = {"iss": "admin", "iat": now, "exp": now + 300, "qsh": digest}
        parts = [_b64(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
        signature = hmac.new(self.key.encode(), ".".join(parts).encode(), hashlib.sha256).digest()
        return ".".join([*parts, _b64(signature)])

    def call(self, method: str, path: str, body: dict[str, t.Any] | None = None) -> t.Any:
        """Send a request; wait for the end when Heketi queues it."""
        answer, location = self._send(method, path, body)
        for _try in range(1200):
            if not location:
                return answer
            time.sleep(0.1)
            answer, location = self._send("GET", location, None)
        raise LabError(f"Heketi did not finish {method} {path} within two minutes")

    def _send(self, method: str, path: str, body: dict[str, t.Any] | None) -> tuple[t.Any, str]:
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"bearer {self.token(method, path)}", "Content-Type": "application/json"},
        )
        try:
            with _OPENER.open(request, timeout=60) as response:
                text = response.read()
                status, headers = response.status, response.headers
        except urllib.error.HTTPError as error:
            if error.code != 303:
                said = error.read().decode(errors="replace").strip()
                raise LabError(f"Heketi answered {method} {path} with {error.code}: {said}") from None
            return None, _path(error.headers["Location"])
        except OSError as error:
            raise LabError(f"Heketi at {self.url} does not answer: {error}") from None
        if status == 202:
            return None, _path(headers["Location"])
        if headers.get("X-Pending") == "true":
            return None, path
        return (json.loads(text) if text.strip() else None), ""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token is valid for one path: a redirection needs a new one."""

    def redirect_request(self, *_arguments: t.Any, **_more: t.Any) -> None:
        return None


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


def _path(location: str) -> str:
    """Heketi gives a path; an old werkzeug below the stand-in makes it a URL."""
    return urllib.parse.urlsplit(location).path


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _of(lab: Lab) -> Heketi:
    address = next(node.address for node in lab.nodes() if node.role == "heketi")
    return Heketi(f"http://{address}:{HEKETI_PORT}", lab.settings.heketi_key)


def volumes(lab: Lab) -> list[str]:
    """The ids of what Heketi has made."""
    return list(_of(lab).call("GET", "/volumes")["volumes"])


def load_topology(lab: Lab, settle: t.Callable[[t.Sequence[Node]], None]) -> int:
    """Make Heketi know one cluster with every server; what it knows already stays. Gives the number of additions.

    ``settle`` waits until these servers are one pool: Heketi probes the next server from any of them at once, and a
    probe from a server whose own joining has not ended leaves the pool in halves.
    """
    heketi = _of(lab)
    clusters = heketi.call("GET", "/clusters")["clusters"]
    if not clusters:
        clusters = [heketi.call("POST", "/clusters", {"file": True, "block": True})["id"]]
    known = {}
    for one in heketi.call("GET", f"/clusters/{clusters[0]}")["nodes"]:
        node = heketi.call("GET", f"/nodes/{one}")
        known[node["hostnames"]["manage"][0]] = node
    added = 0
    servers = [node for node in lab.nodes() if node.role == "server"]
    for zone, server in enumerate(servers, start=1):
        node = known.get(server.name)
        if node is None:
            names = {"manage": [server.name], "storage": [server.name]}
            node = heketi.call("POST", "/nodes", {"zone": zone, "hostnames": names, "cluster": clusters[0]})
            settle(servers[:zone])
            added += 1
        if not any(device["name"] == DEVICE for device in node.get("devices") or []):
            heketi.call("POST", "/devices", {"node": node["id"], "name": DEVICE})
            added += 1
    return added
