# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replays transcripts against the stand-in, with its dice loaded.

The stand-in draws ids and the order in which it tries devices. The replay looks ahead in the transcript,
and lets it draw what Heketi drew. So nothing has to be translated or sorted: answers are compared byte for
byte, lengths included. A recorded brick is only placed where it was recorded if the stand-in finds, by its
own rules, that it fits there.

Operations wait at a gate, which opens when the transcript first shows an operation as ended. So "pending"
is compared, too, poll by poll.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import re
import threading
import time
import typing as t
from collections import defaultdict
from pathlib import Path

import waitress
from heketi.__main__ import build
from heketi.allocate import Device
from heketi.app import create_app
from heketi.chance import Chance
from heketi.config import Config, Fault
from heketi.executor import DeviceFacts
from heketi.mock import MockExecutor
from heketi.operations import Heketi
from transcript import Exchange

LAB = Path(__file__).parents[2] / "lab"
KEYS = {"admin": b"key of the admin", "user": b"key of the user"}
HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
Json = t.Dict[str, t.Any]


class LoadedDice(Chance):
    """Draws what it was fed, and otherwise at random."""

    def __init__(self) -> None:
        self.fed: dict[str, list[str]] = defaultdict(list)
        self.preferred: list[str] = []

    def feed(self, kind: str, *ids: str) -> None:
        self.fed[kind] += ids

    def new_id(self, kind: str) -> str:
        return self.fed[kind].pop(0) if self.fed[kind] else super().new_id(kind)

    def device_order(self, devices: t.Sequence[Device]) -> list[Device]:
        wanted = [device for key in self.preferred for device in devices if device.id == key]
        return wanted + [device for device in super().device_order(devices) if device not in wanted]


class RecordedDevices(MockExecutor):
    """The mock, with the devices the recording server's executor reported."""

    facts: DeviceFacts | None = None

    def device_facts(self, host: str, name: str, device: str) -> DeviceFacts:
        return self.facts or super().device_facts(host, name, device)


class Foresight:
    """What a transcript says about ids that are drawn before they are shown."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self.exchanges = exchanges
        self.used: set[str] = set()
        self.set_sizes: dict[str, int] = {}
        self.devices = self._devices()
        self.pools = self._pools()

    def before(self, at: int, dice: LoadedDice) -> None:
        """Load the dice for the exchange at this place."""
        exchange = self.exchanges[at]
        dice.preferred = []
        if exchange.method == "POST" and exchange.path == "/clusters" and exchange.status == 201:
            dice.feed("cluster", exchange.json["id"])
        queue = exchange.headers.get("Location", "")
        if exchange.status != 202 or not queue:
            return
        dice.feed("queue", queue.rpartition("/")[2])
        made = self._result(at, queue)
        if exchange.path == "/nodes":
            dice.feed("node", made)
        elif exchange.path == "/devices":
            dice.feed("device", self._device(exchange.sent_json))
        elif exchange.path == "/blockvolumes":
            dice.feed("blockvolume", made)
        elif exchange.path == "/volumes":
            dice.feed("operation", *self._operation(at))
            if made:
                dice.feed("volume", made)
                self._bricks(at, dice, self._first_bricks(at, made))
        elif exchange.path.endswith("/expand") and made:
            self._bricks(at, dice, self._added_bricks(at, made, exchange.sent_json["expand_size"] * 1024 * 1024))

    def _result(self, at: int, queue: str) -> str:
        """The id behind the location an operation ended with, if it did."""
        for exchange in self.exchanges[at:]:
            if exchange.path == queue and exchange.status == 303:
                return exchange.headers["Location"].rpartition("/")[2]
        return ""

    def _operation(self, at: int) -> list[str]:
        """The operation a list of pending ones shows before the next change."""
        for exchange in self.exchanges[at + 1 :]:
            if exchange.method != "GET":
                break
            if exchange.path == "/operations/pending" and exchange.json["pendingoperations"]:
                return [exchange.json["pendingoperations"][0]["id"]]
        return []

    def _bricks(self, at: int, dice: LoadedDice, bricks: list[Json]) -> None:
        dice.preferred = [brick["device"] for brick in bricks]
        dice.feed("brick", *[brick["id"] for brick in bricks])
        dice.feed("pool", *[self.pools[brick["id"]] for brick in bricks[:1] if brick["id"] in self.pools])
        self.used.update(brick["id"] for brick in bricks)

    def _first_bricks(self, at: int, volume: str) -> list[Json]:
        shown: list[Json] = []
        for exchange in self.exchanges[at:]:
            if exchange.path == f"/volumes/{volume}" and exchange.status == 200:
                shown = exchange.json["bricks"]
                break
        self.set_sizes[volume] = len(shown)
        return self._in_order(at, shown)

    def _added_bricks(self, at: int, volume: str, size: int) -> list[Json]:
        found: dict[str, Json] = {}
        for exchange in self.exchanges[at:]:
            for brick in bricks_in(exchange):
                if brick["volume"] == volume and brick["size"] == size and brick["id"] not in self.used:
                    found[brick["id"]] = brick
            if len(found) >= self.set_sizes[volume]:
                break
        return self._in_order(at, list(found.values()))

    def _in_order(self, at: int, bricks: list[Json]) -> list[Json]:
        """The order in which they were placed: as pending changes tell it, and the arbiter last."""
        order: list[str] = []
        for exchange in self.exchanges[at:]:
            if exchange.path.startswith("/operations/pending/") and exchange.status == 200:
                order = [change["id"] for change in exchange.json["changes"]]
                break
        places = {key: place for place, key in enumerate(order)}
        return sorted(
            bricks, key=lambda brick: (-brick["size"], brick["id"] not in self.pools, places.get(brick["id"], 0))
        )

    def _pools(self) -> dict[str, str]:
        """Thin pools named otherwise than their brick: the first of a set."""
        pools: dict[str, str] = {}
        for exchange in self.exchanges:
            if exchange.path == "/db/dump":
                for key, brick in exchange.json["brickentries"].items():
                    if brick["LvmThinPool"] != f"tp_{key}":
                        pools[key] = brick["LvmThinPool"][3:]
        return pools

    def _devices(self) -> dict[str, tuple[str, str]]:
        """Device id to node and name, as far as each is shown ("" otherwise)."""
        hosts: dict[str, str] = {}
        found: dict[str, tuple[str, str]] = {}
        for exchange in self.exchanges:
            if re.fullmatch("/nodes/[0-9a-f]{32}", exchange.path) and exchange.status == 200 and exchange.body:
                hosts[exchange.json["hostnames"]["manage"][0]] = exchange.json["id"]
        for exchange in self.exchanges:
            for brick in bricks_in(exchange):
                found.setdefault(brick["device"], (brick["node"], ""))
        for exchange in self.exchanges:
            pattern = r'^heketi_device_brick_count\{.*device="(.*)",hostname="(.*)",id="(.*)",pv'
            for name, host, key in re.findall(pattern, exchange.body, re.MULTILINE):
                found[key] = (hosts[host], name)
        return found

    def _device(self, wanted: Json) -> str:
        for key in sorted(self.devices):
            node, name = self.devices[key]
            if key not in self.used and node == wanted["node"] and name in ("", wanted["name"]):
                self.used.add(key)
                return key
        raise AssertionError(f"the transcript never shows device {wanted}")


def bricks_in(exchange: Exchange) -> list[Json]:
    """Every brick an answer shows."""
    if exchange.status != 200 or exchange.method != "GET":
        return []
    if exchange.path == "/db/dump":
        return [brick["Info"] for brick in exchange.json["brickentries"].values()]
    if not re.fullmatch("/(volumes|nodes|devices)/[0-9a-f]{32}", exchange.path):
        return []
    body = exchange.json
    return body.get("bricks", []) + [brick for device in body.get("devices", []) for brick in device["bricks"]]


class Server:
    """The stand-in behind a real HTTP server in this process."""

    def __init__(self, database: Path, dice: LoadedDice, facts: DeviceFacts | None) -> None:
        config = Config(KEYS["admin"].decode(), KEYS["user"].decode(), db=str(database), loglevel="debug")
        self.heketi: Heketi = build(config, dice)
        executor = RecordedDevices(config)
        executor.facts = facts
        self.heketi.executor = executor
        self.heketi.hold = self._wait
        self.heketi.clock = lambda: self.now
        self.now = 0
        self._gates: dict[str, threading.Event] = {}
        self._server = waitress.create_server(
            create_app(self.heketi), host="127.0.0.1", port=0, threads=4, ident=None, clear_untrusted_proxy_headers=True
        )
        self.port = self._server.effective_port
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()

    def gate(self, key: str) -> threading.Event:
        """What the operation with this queue id waits for."""
        return self._gates.setdefault(key, threading.Event())

    def _wait(self, key: str) -> None:
        assert self.gate(key).wait(60), f"nobody ended {key}"

    def set_faults(self, faults: list[Fault]) -> None:
        self.heketi.executor.faults = faults

    def close(self) -> None:
        self._server.trigger.pull_trigger(self._server.close)  # in the server's own thread
        self._thread.join(5)
        for thread in threading.enumerate():
            kind, _space, key = thread.name.partition(" ")
            if kind == "operation":
                self.gate(key).set()
                thread.join(5)


class Answer(t.NamedTuple):
    status: int
    headers: dict[str, str]
    body: str


def send(port: int, method: str, path: str, headers: list[tuple[str, str]], body: str | None) -> Answer:
    """One request exactly as given: http.client adds nothing to it but Host and the length."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        data = None if body is None else body.encode()
        if data is not None:
            connection.putheader("Content-Length", str(len(data)))
        connection.endheaders(data)
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read().decode())
    finally:
        connection.close()


def poll(port: int, method: str, path: str, headers: list[tuple[str, str]]) -> Answer:
    """Ask until there is an answer that is not "pending"."""
    end = time.monotonic() + 30
    while True:
        answer = send(port, method, path, headers, None)
        if answer.headers.get("X-Pending") != "true":
            return answer
        assert time.monotonic() < end, f"{path} never ended"
        time.sleep(0.002)


# Tokens


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> Json:
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def token(method: str, path: str, now: int, issuer: str = "admin") -> str:
    qsh = hashlib.sha256(f"{method}&{path}".encode()).hexdigest()
    claims = {"iss": issuer, "iat": now, "exp": now + 300, "qsh": qsh}
    signed = f'{_encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())}.{_encode(json.dumps(claims).encode())}'
    return f"{signed}.{_encode(hmac.new(KEYS[issuer], signed.encode(), hashlib.sha256).digest())}"


def resigned(value: str, key: bytes | None) -> str:
    """A recorded Authorization header, its token signed with our keys: the recording's are not known."""
    scheme, _space, old = value.partition(" ")
    parts = old.split(".")
    if len(parts) != 3 or parts == ["a", "b", "c"]:
        return value
    algorithm, issuer = _decode(parts[0])["alg"], _decode(parts[1]).get("iss")
    if algorithm not in HASHES:
        return value
    key = key or KEYS["user" if issuer == "user" else "admin"]
    signature = _encode(hmac.new(key, ".".join(parts[:2]).encode(), HASHES[algorithm]).digest())
    return f"{scheme} {parts[0]}.{parts[1]}.{signature}{'=' if parts[2].endswith('=') else ''}"
