# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Heketi whose every answer is written down in the test, and which writes down every request."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import threading
import typing as t

import requests
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import HeketiClient
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.connection import Connection
from requests.adapters import BaseAdapter

KEY = "a key of the tests"
CLUSTER = "c" * 32
NODES = {"1" * 32: "10.0.0.1", "2" * 32: "10.0.0.2", "3" * 32: "10.0.0.3"}

Reply = t.Union["Answer", Exception]


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.pauses: list[float] = []

    def time(self) -> float:
        return self.now

    monotonic = time

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


class Answer:
    def __init__(self, status: int = 200, body: t.Any = "", **headers: str) -> None:
        self.status = status
        self.body = body if isinstance(body, str) else json.dumps(body) + "\n"
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


PENDING = Answer(200, X_Pending="true")
NO_ID = Answer(404, "Id not found\n")


def accepted(queue: str = "q") -> Answer:
    return Answer(202, Location=f"/queue/{queue}")


def done(path: str) -> Answer:
    return Answer(303, '<a href="/x">See Other</a>.\n', Location=path)


class ScriptedHeketi(BaseAdapter):
    """Answers from a list for each method and path; the last one of a list for ever. Checks every signature."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.calls: list[str] = []
        self.bodies: dict[str, t.Any] = {}
        # As if it were too old for that: tests that want it say so, see dumped().
        self._replies: dict[str, list[Reply]] = {"GET /db/dump": [Answer(404, "Invalid path or request\n")]}
        self._lock = threading.Lock()

    def on(self, call: str, *replies: Reply | dict[str, t.Any]) -> None:
        self._replies[call] = [Answer(200, reply) if isinstance(reply, dict) else reply for reply in replies]

    def has(self, *infos: dict[str, t.Any], pending: t.Sequence[dict[str, str]] = ()) -> None:
        """These volumes on three servers, and these rows of pending operations."""
        self.on("GET /volumes", {"volumes": [info["id"] for info in infos]})
        for info in infos:
            self.on(f"GET /volumes/{info['id']}", info)
        for node, host in NODES.items():
            self.on(f"GET /nodes/{node}", {"id": node, "hostnames": {"manage": ["m"], "storage": [host]}})
        self.on("GET /operations/pending", {"pendingoperations": list(pending)})

    def has_room(self, gib: int) -> None:
        """So much on a device of each of the three servers."""
        cluster = {"id": CLUSTER, "file": True, "block": True, "nodes": list(NODES), "volumes": [], "blockvolumes": []}
        self.on("GET /clusters", {"clusters": [CLUSTER]})
        self.on(f"GET /clusters/{CLUSTER}", cluster)
        storage = {"total": gib * 1024**2, "free": gib * 1024**2, "used": 0}
        for node, host in NODES.items():
            device = {"id": node, "name": "/dev/sdb", "state": "online", "storage": storage, "bricks": []}
            hostnames = {"manage": [f"m{host}"], "storage": [host]}
            its = {"cluster": CLUSTER, "zone": 1, "state": "online", "hostnames": hostnames, "devices": [device]}
            self.on(f"GET /nodes/{node}", {"id": node, **its})

    def count(self, call: str) -> int:
        return self.calls.count(call)

    def send(self, request: requests.PreparedRequest, *args: t.Any, **kwargs: t.Any) -> requests.Response:
        call = f"{request.method} {request.path_url}"
        with self._lock:
            self.calls.append(call)
            self.bodies[call] = json.loads(request.body) if request.body else None
            replies = self._replies.get(call)
            assert replies, f"the test has no answer to {call}"
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
        self._check_signature(request)
        if isinstance(reply, Exception):
            raise reply
        response = requests.Response()
        response.status_code = reply.status
        response.headers.update(reply.headers)
        response.raw = io.BytesIO(reply.body.encode())
        response.encoding = "utf-8"
        response.url = request.url or ""
        response.request = request
        return response

    def close(self) -> None:
        pass

    def _check_signature(self, request: requests.PreparedRequest) -> None:
        scheme, token = str(request.headers["Authorization"]).split(" ")
        signed, _dot, signature = token.rpartition(".")
        expected = hmac.new(KEY.encode(), signed.encode(), hashlib.sha256).digest()
        claims = json.loads(_decode(signed.partition(".")[2]))
        assert scheme == "bearer"
        assert _decode(signature) == expected
        assert claims["iss"] == "admin"
        assert claims["iat"] == int(self.clock.now)
        assert claims["exp"] == int(self.clock.now) + 300
        assert claims["qsh"] == hashlib.sha256(f"{request.method}&{request.path_url}".encode()).hexdigest()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def connect(clock: Clock, **options: t.Any) -> tuple[HeketiClient, ScriptedHeketi]:
    client = HeketiClient(Connection("http://heketi.test:8080", KEY, **options), clock=clock)
    heketi = ScriptedHeketi(clock)
    client.session.mount("http://", heketi)
    return client, heketi


def info(name: str, volume_id: str, size: int = 10, **other: t.Any) -> dict[str, t.Any]:
    """What GET /volumes/ID answers for a replica 3 volume."""
    hosts = list(NODES.values())
    answer = {
        "size": size,
        "name": name,
        "durability": {"type": "replicate", "replicate": {"replica": 3}, "disperse": {}},
        "glustervolumeoptions": ["", ""],
        "snapshot": {"enable": False, "factor": 1},
        "id": volume_id,
        "cluster": CLUSTER,
        "mount": {
            "glusterfs": {
                "hosts": hosts,
                "device": f"{hosts[0]}:{name}",
                "options": {"backup-volfile-servers": ",".join(hosts[1:])},
            }
        },
        "blockinfo": {},
        "bricks": [
            {
                "id": f"{number}" * 32,
                "path": f"/var/lib/heketi/mounts/vg_{number}/brick_{number}/brick",
                "device": f"{number}d" * 16,
                "node": node,
                "volume": volume_id,
                "size": size * 1024 * 1024,
            }
            for number, node in enumerate(NODES)
        ],
    }
    answer.update(other)
    return answer


def dumped(*infos: dict[str, t.Any], operations: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
    """What GET /db/dump answers for these volumes on three servers; operations are entries by their ids."""
    bricks = {f"{info['id']} {brick['id']}": brick for info in infos for brick in info["bricks"]}
    volumes = {
        info["id"]: {
            "Info": {
                **{key: value for key, value in info.items() if key not in ("glustervolumeoptions", "bricks")},
                # As it was when the volume was made: servers have come and gone since.
                "mount": {"glusterfs": {"hosts": ["10.9.9.9"], "device": f"10.9.9.9:{info['name']}", "options": {}}},
            },
            "Bricks": [key for key in bricks if key.startswith(info["id"])],
            "GlusterVolumeOptions": info["glustervolumeoptions"],
            "Pending": {"Id": ""},
        }
        for info in infos
    }
    cluster = {"id": CLUSTER, "nodes": list(NODES), "volumes": list(volumes), "file": True, "block": True}
    return {
        "clusterentries": {CLUSTER: {"Info": {**cluster, "blockvolumes": []}}},
        "volumeentries": volumes,
        "brickentries": {key: {"Info": brick, "Pending": {"Id": ""}} for key, brick in bricks.items()},
        "nodeentries": {
            node: {"State": "online", "Info": {"hostnames": {"manage": ["m"], "storage": [host]}, "id": node}}
            for node, host in NODES.items()
        },
        "deviceentries": {},
        "blockvolumeentries": {},
        "dbattributeentries": {},
        "pendingoperations": operations or {},
    }


def operation(name: str, kind: str = "create-volume", status: str = "") -> tuple[dict[str, str], dict[str, t.Any]]:
    """A row of GET /operations/pending, and the dump that goes with it."""
    row = {"id": "0" * 31 + "9", "type_name": kind, "status": status, "sub_status": "" if status else "in-flight"}
    volume = "f" * 32
    dump = {
        "volumeentries": {volume: {"Info": {"name": name}, "Pending": {"Id": row["id"]}}},
        "pendingoperations": {row["id"]: {"Actions": [{"Change": 2, "Id": volume, "Delta": None}], "Status": status}},
    }
    return row, dump


def examined(*names: str) -> dict[str, t.Any]:
    """What GET /internal/state/examine/gluster answers on a cluster with these volumes."""
    listed = {"Volumes": {"Count": len(names), "VolumeList": [{"VolumeName": name} for name in names]}}
    server = {"NodeHeketiID": "1" * 32, "VolumeInfo": listed}
    return {"heketidb": {}, "report": [], "clusters": [{"ClusterHeketiID": CLUSTER, "NodesData": [server]}]}
