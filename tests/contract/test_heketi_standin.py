# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in answers what the real Heketi 10.4.1 answered: every recorded exchange is replayed.

And the dump of the database tells of every volume what was recorded of it at that time.
"""

from __future__ import annotations

import difflib
import json
import re
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.dump import volume_infos
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.volumes import Observed
from heketi.config import Fault
from heketi.executor import DeviceFacts
from replay import Answer, Foresight, LoadedDice, Server, poll, resigned, send, token
from transcript import Exchange, read

# How many exchanges each transcript has. All of them are compared.
RECORDED = {
    "01-topology-and-basics.txt": 76,
    "02-volumes-happy.txt": 99,
    "03-volume-errors.txt": 193,
    "04-jwt.txt": 66,
    "07-inflight-races.txt": 132,
    "08-failures.txt": 156,
}

# Tokens in 04-jwt.txt that were signed with another key than their issuer's.
OTHER_KEYS = {"wrong key": b"some other key", "user iss signed with admin key": b"key of the admin"}

NOT_IN_CLUSTER = "volume create: labvol: failed: Host 10.0.0.3 is not in 'Peer in Cluster' state"
SNAPSHOTS = (
    "volume delete: labvol: failed: Cannot delete Volume labvol ,as it has 1 snapshots. "
    "To delete the volume, first delete all the snapshots under it."
)
# What went wrong on the nodes while 08-failures.txt was recorded, from the labelled exchange to the next label.
FAULTS: dict[str, list[tuple[str, str]]] = {
    "executor fails on gluster volume create": [("volume create", NOT_IN_CLUSTER)],
    "bad gluster option": [("volume set .* bogus.key", "volume set: failed: option : bogus.key does not exist")],
    "mkfs fails on every brick": [("^mkdir .*/brick$", "mkfs.xfs: cannot open device: Device or resource busy")],
    "create fails AND rollback fails": [("volume create", NOT_IN_CLUSTER), ("^rm -rf", "target is busy")],
    "gluster refuses delete (snapshots)": [("volume delete", SNAPSHOTS)],
    "gluster says volume does not exist": [("volume delete", "volume delete: delme: failed: Volume does not exist")],
    "add-brick fails": [
        ("add-brick", "volume add-brick: failed: Commit failed on 10.0.0.2. Please check log file for details.")
    ],
}


@dataclass
class Step:
    """A POST that was sent but not recorded, and what was drawn for it."""

    path: str
    body: dict[str, t.Any]
    ids: dict[str, list[str]]
    on_devices: list[str] = field(default_factory=list)


def _cluster(cluster: str) -> Step:
    return Step("/clusters", {"file": True, "block": True}, {"cluster": [cluster]})


def _node(cluster: str, number: int, node: str) -> Step:
    hostnames = {"manage": [f"n{number}"], "storage": [f"10.0.0.{number}"]}
    return Step("/nodes", {"zone": number, "cluster": cluster, "hostnames": hostnames}, {"node": [node]})


def _device(node: str, device: str) -> Step:
    return Step("/devices", {"node": node, "name": "/dev/sdb"}, {"device": [device]})


CLUSTER = "35854b80998c6b186bc40017f3055927"
# Steps that were taken but not recorded, before the exchange they are named for.
UNRECORDED: dict[str, list[Step]] = {
    "USER role: POST /volumes": [_cluster("c" * 32), _node("c" * 32, 1, "d" * 32), _device("d" * 32, "e" * 32)],
    "SLOW CREATE starts (6 s in gluster volume create)": [
        _cluster(CLUSTER),
        _node(CLUSTER, 1, "9db9a21818fcedb2d216db5220e2c08e"),
        _node(CLUSTER, 2, "bad2c57f212a8a797032505141c54f19"),
        _node(CLUSTER, 3, "c9a00a75f46f461dc8c7672bcec609ed"),
        _node(CLUSTER, 4, "0086a8f8501888974c0f133a2cc28e86"),
        _device("9db9a21818fcedb2d216db5220e2c08e", "69f03df757dc5ca6bf1e0c6811c6a879"),
        _device("bad2c57f212a8a797032505141c54f19", "ad5c36429e65f2797ae6c4cfe2f7d493"),
        _device("c9a00a75f46f461dc8c7672bcec609ed", "7962fe4eec0a378740e4f5fe2db80af2"),
        _device("0086a8f8501888974c0f133a2cc28e86", "201b1ceaf26ad4ff90ae255c6f2f85bb"),
    ],
    "same name with two clusters": [
        Step(
            "/volumes",
            {"size": 1, "name": "samename", "durability": {"type": "replicate", "replicate": {"replica": 3}}},
            {
                "volume": ["4c9d87ea5efeff62c36d360d8dc81219"],
                "brick": [
                    "1b189a6f968e741bd27dc3f82651cc20",
                    "e8e49e2ae78ec17d2ac05b9d8a5868c1",
                    "eb8ff8082c13db4943f6e3a5b30caa19",
                ],
            },
            [
                "7962fe4eec0a378740e4f5fe2db80af2",
                "ad5c36429e65f2797ae6c4cfe2f7d493",
                "69f03df757dc5ca6bf1e0c6811c6a879",
            ],
        )
    ],
}
# The server of 07 and 08 had devices of 100 GiB, with what LVM and udev say about a device.
BY_PATH = ("/dev/disk/by-id/x", "/dev/disk/by-path/y", "/dev/sdb")
DEVICE_07 = DeviceFacts(total=104857600, free=104857600, used=0, paths=BY_PATH, pv_uuid="AAAAAA-bbbb")


# What is allowed to differ


def _same_metrics(body: str) -> str:
    """Heketi's own figures; the others are about the Go runtime."""
    return "\n".join(line for line in body.split("\n") if re.match(r"(# (HELP|TYPE) )?heketi_", line))


def _same_check(body: str) -> str:
    """Heketi lists inconsistencies in the random order of a Go map."""
    return "\n".join(sorted(re.sub(r'",$', '"', line) for line in body.split("\n")))


NORMALISERS: dict[str, t.Callable[[str], str]] = {"/metrics": _same_metrics, "/db/check": _same_check}
# Date: the clock. Connection: waitress closes after a 204. Transfer-Encoding: Go sends long bodies in pieces,
# and then there is no length to compare.
IGNORED_HEADERS = ("Date", "Connection", "Transfer-Encoding")


def differences(exchange: Exchange, answer: Answer) -> list[str]:
    """What the stand-in answered otherwise than Heketi."""
    found = []
    if answer.status != exchange.status:
        found.append(f"status {answer.status}, recorded {exchange.status}")
    ignored = IGNORED_HEADERS + (("Content-Length",) if "Content-Length" not in exchange.headers else ())
    ours = {name: value for name, value in answer.headers.items() if name not in ignored}
    theirs = {name: value for name, value in exchange.headers.items() if name not in ignored}
    if ours != theirs:
        found.append(f"headers {ours}, recorded {theirs}")
    normalise = NORMALISERS.get(exchange.path, str)
    if normalise(answer.body) != normalise(exchange.body):
        theirs_split, ours_split = (
            re.sub("([,{])", r"\1\n", normalise(body)).split("\n") for body in (exchange.body, answer.body)
        )
        diff = list(difflib.unified_diff(theirs_split, ours_split, "recorded", "stand-in", lineterm="", n=1))
        found.append("body:\n" + "\n".join(diff[:40]))
    return found


@dataclass
class Session:
    """Transcripts that belong to one database, replayed one after the other."""

    database: Path
    files: tuple[str, ...]
    facts: DeviceFacts | None = None
    wrong: list[str] = field(default_factory=list)
    compared: dict[str, int] = field(default_factory=dict)
    volumes_in_dump: int = 0

    def run(self) -> None:
        exchanges = [exchange for name in self.files for exchange in read(name)]
        self.foresight = Foresight(exchanges)
        self.dice = LoadedDice()
        dumps = [exchange.json for exchange in exchanges if exchange.path == "/db/dump"]
        self.dice.feed("generation", *[dump["dbattributeentries"]["DB_GENERATION_ID"]["Value"] for dump in dumps[:1]])
        for name in self.files:
            self.compared[name] = 0
            # A new server each time, as when it was recorded: the database is all that stays.
            self.server = Server(self.database, self.dice, self.facts)
            try:
                for at, exchange in enumerate(exchanges):
                    if exchange.file == name:
                        self._replay(at, exchange)
            finally:
                self.server.close()

    def _replay(self, at: int, exchange: Exchange) -> None:
        self.server.now = exchange.time
        for step in UNRECORDED.get(exchange.label, []):
            self._do(step)
        if exchange.label:
            faults = FAULTS.get(exchange.label, [])
            self.server.set_faults([Fault(command, error=error) for command, error in faults])
        self.foresight.before(at, self.dice)
        headers = [
            (name, resigned(value, OTHER_KEYS.get(exchange.label)) if name == "Authorization" else value)
            for name, value in exchange.sent_headers
        ]
        if exchange.file != "04-jwt.txt":
            headers.append(("Authorization", f"bearer {token(exchange.method, exchange.path, exchange.time)}"))
        if exchange.path.startswith("/queue/") and exchange.method == "GET" and exchange.status in (303, 204, 500):
            self.server.gate(exchange.path.rpartition("/")[2]).set()
            answer = poll(self.server.port, exchange.method, exchange.path, headers)
        else:
            answer = send(self.server.port, exchange.method, exchange.path, headers, exchange.sent_body)
        self.compared[exchange.file] += 1
        for difference in differences(exchange, answer):
            self.wrong.append(f"{exchange}\n  {difference}")
        if exchange.method == "GET" and re.fullmatch("/volumes(/[0-9a-f]{32})?", exchange.path):
            self._compare_dump(exchange)

    def _compare_dump(self, exchange: Exchange) -> None:
        """What the dump says of volumes has to be what the recording says of them, also that one is not there."""
        headers = [("Authorization", f"bearer {token('GET', '/db/dump', exchange.time)}")]
        dump = json.loads(send(self.server.port, "GET", "/db/dump", headers, None).body)
        shown = {volume.id: volume for volume in map(Observed.from_info, volume_infos(dump))}
        if exchange.path == "/volumes" and exchange.status == 200:
            same = list(shown) == exchange.json["volumes"]
        elif exchange.path == "/volumes":
            return
        else:
            told = Observed.from_info(exchange.json) if exchange.status == 200 else None
            same = shown.get(exchange.path.rpartition("/")[2]) == told
            self.volumes_in_dump += same and told is not None
        if not same:
            self.wrong.append(f"{exchange}\n  the dump tells otherwise")

    def _do(self, step: Step) -> None:
        """Take an unrecorded step, to its end."""
        for kind, ids in step.ids.items():
            self.dice.feed(kind, *ids)
        self.dice.preferred = step.on_devices
        headers = [("Authorization", f"bearer {token('POST', step.path, self.server.now)}")]
        answer = send(self.server.port, "POST", step.path, headers, json.dumps(step.body))
        if answer.status == 202:
            queue = answer.headers["Location"]
            self.server.gate(queue.rpartition("/")[2]).set()
            headers = [("Authorization", f"bearer {token('GET', queue, self.server.now)}")]
            answer = poll(self.server.port, "GET", queue, headers)
        assert answer.status in (201, 204, 303), answer


@pytest.mark.parametrize(
    ("files", "facts", "volumes"),
    [
        (("01-topology-and-basics.txt", "02-volumes-happy.txt", "03-volume-errors.txt"), None, 73),
        (("04-jwt.txt",), None, 0),
        (("07-inflight-races.txt", "08-failures.txt"), DEVICE_07, 30),
    ],
    ids=["01-02-03", "04", "07-08"],
)
def test_every_recorded_exchange(
    tmp_path: Path, files: tuple[str, ...], facts: DeviceFacts | None, volumes: int
) -> None:
    session = Session(tmp_path / "heketi.json", files, facts)
    session.run()
    assert not session.wrong, f"{len(session.wrong)} differences:\n" + "\n\n".join(session.wrong[:8])
    assert session.compared == {name: RECORDED[name] for name in files}
    assert session.volumes_in_dump == volumes


def test_the_whole_recording_is_replayed() -> None:
    assert {name: len(read(name)) for name in RECORDED} == RECORDED
    assert sum(RECORDED.values()) == 722
