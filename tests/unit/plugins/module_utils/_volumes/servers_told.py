# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pool whose servers tell of volumes that they were told of: for what depends on the order of calls, and on where a
run ends. What real servers answer and do is tested in the lab."""

from __future__ import annotations

import hashlib
import typing as t
import xml.etree.ElementTree as ET

from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Brick, Peer, Volume
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from recorded import OK, Remembering, _as_element


def uuid(name: str) -> str:
    text = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


class Killed(BaseException):
    """The run ends here."""


# What changes nothing.
_LOOKS = ("info", "list", "status")


class Servers(Remembering):
    """hidden, only: by server, volumes that it alone lacks, or has. refusals: how the next calls that begin so are
    refused. lives: how many more changes are made before the run is killed. asked, changed: the calls so far."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.names = names
        self.peers = {
            name: Peer(uuid(name), "localhost" if name == names[0] else name, True, "Peer in Cluster" if number else "")
            for number, name in enumerate(names)
        }
        self.hidden: dict[str, set[str]] = {}
        self.only: dict[str, set[str]] = {}
        self.refusals: list[tuple[str, str]] = []
        self.meanwhile: t.Callable[[], object] = lambda: None
        self.asked: list[tuple[str, list[str]]] = []
        self.changed: list[list[str]] = []
        self.lives = -1
        # Volume to what is said of its rebalance: status and failures, one after the other.
        self.rebalances: dict[str, list[tuple[str, int]]] = {}
        self.leaving: dict[str, list[str]] = {}
        self.heals: list[int] = []
        self.down: set[str] = set()
        self.cli = GlusterCli(self, sleep=lambda _seconds: None)

    def make(self, name: str, *bricks: str, status: str = "Created", **numbers: t.Any) -> Volume:
        of = {"replica": 1, "arbiter": 0, "disperse": 0, "redundancy": 0, **numbers}
        volume = Volume(
            name, uuid(name), status, "", of["replica"], of["arbiter"], of["disperse"], of["redundancy"], 0, (), {}
        )
        self.volumes[name] = volume._replace(bricks=tuple(map(self._brick, bricks)))
        return self.volumes[name]

    @staticmethod
    def _brick(text: str) -> Brick:
        server, _colon, path = text.partition(":")
        return Brick(server, path, uuid(server))

    def bricks(self, name: str) -> list[str]:
        return [f"{brick.server}:{brick.path}" for brick in self.volumes[name].bricks]

    def __call__(self, argv: list[str], **_options: t.Any) -> tuple[int, str, str]:
        at = next((word.partition("=")[2] for word in argv if word.startswith("--remote-host=")), self.names[0])
        words = [word for word in argv[1:] if not word.startswith("--")]
        self.asked.append((at, words))
        if words[:2] == ["pool", "list"]:
            return 0, self._pool(at), ""
        if words[:2] == ["volume", "list"]:
            names = (set(self.volumes) - self.hidden.get(at, set())) | self.only.get(at, set())
            return 0, _listed(sorted(names)), ""
        if words[1] not in _LOOKS and words[-1] not in (*_LOOKS, "summary"):
            return self._change(words)
        return 0, self._look(words), ""

    def _pool(self, at: str) -> str:
        root = ET.fromstring(OK)
        status = ET.SubElement(root, "peerStatus")
        for name, peer in self.peers.items():
            one = ET.SubElement(status, "peer")
            ET.SubElement(one, "uuid").text = peer.uuid
            ET.SubElement(one, "hostname").text = "localhost" if name == at else name
            ET.SubElement(one, "connected").text = str(int(peer.connected))
            ET.SubElement(one, "stateStr").text = peer.state
        return _text(root)

    def _look(self, words: list[str]) -> str:
        name = words[2] if len(words) > 2 else ""
        if words[1] == "info":
            if name and name not in self.volumes:
                return _refused(30806, f"Volume {name} does not exist")
            root = ET.fromstring(OK)
            volumes = ET.SubElement(ET.SubElement(root, "volInfo"), "volumes")
            volumes.extend(_as_element(one) for one in self.volumes.values() if name in ("", one.name))
            return _text(root)
        if words[1] == "heal":
            return self._heal_info(name)
        if words[1] in ("rebalance", "remove-brick"):
            return self._moving(name, "volRebalance" if words[1] == "rebalance" else "volRemoveBrick")
        return self._status(name)

    def _status(self, name: str) -> str:
        root = ET.fromstring(OK)
        volume = ET.SubElement(ET.SubElement(ET.SubElement(root, "volStatus"), "volumes"), "volume")
        ET.SubElement(volume, "volName").text = name
        for brick in self.volumes[name].bricks:
            node = ET.SubElement(volume, "node")
            ET.SubElement(node, "hostname").text = brick.server
            ET.SubElement(node, "path").text = brick.path
            ET.SubElement(node, "status").text = str(int(brick.server not in self.down))
        if self.leaving.get(name):
            task = ET.SubElement(ET.SubElement(volume, "tasks"), "task")
            ET.SubElement(task, "type").text, ET.SubElement(task, "statusStr").text = "Remove brick", "in progress"
            params = ET.SubElement(task, "params")
            for one in self.leaving[name]:
                ET.SubElement(params, "brick").text = one
        return _text(root)

    def _heal_info(self, name: str) -> str:
        root = ET.fromstring(OK)
        bricks = ET.SubElement(ET.SubElement(root, "healInfo"), "bricks")
        waiting = self.heals.pop(0) if self.heals else 0
        for number, brick in enumerate(self.volumes[name].bricks):
            one = ET.SubElement(bricks, "brick")
            ET.SubElement(one, "name").text = f"{brick.server}:{brick.path}"
            ET.SubElement(one, "status").text = "Connected"
            for counter in ("totalNumberOfEntries", "numberOfEntriesInHealPending"):
                ET.SubElement(one, counter).text = str(0 if number else waiting)
            for counter in ("numberOfEntriesInSplitBrain", "numberOfEntriesPossiblyHealing"):
                ET.SubElement(one, counter).text = "0"
        return _text(root)

    def _moving(self, name: str, tag: str) -> str:
        if name not in self.rebalances:
            return _refused(30800, f"Rebalance not started for volume {name}.")
        told = self.rebalances[name]
        status, failures = told.pop(0) if len(told) > 1 else told[0]
        root = ET.fromstring(OK)
        whole = ET.SubElement(ET.SubElement(root, tag), "aggregate")
        numbers = {"files": 1, "size": 1, "failures": failures, "runtime": "1.00", "statusStr": status}
        for key, value in numbers.items():
            ET.SubElement(whole, key).text = str(value)
        return _text(root)

    def _change(self, words: list[str]) -> tuple[int, str, str]:
        """Killed before it, or after it: with each life one of both is over."""
        if self.lives == 0:
            raise Killed
        self.lives -= 1
        self.changed.append(words)
        for number, (begin, said) in enumerate(self.refusals):
            if " ".join(words).startswith(begin):
                del self.refusals[number]
                self.meanwhile()
                return 0, _refused(30800, said), ""
        self._do(words[1], words[2], words[3:])
        if self.lives == 0:
            raise Killed
        self.lives -= 1
        return 0, OK, ""

    def _do(self, what: str, name: str, rest: list[str]) -> None:
        if what == "create":
            numbers = {key: int(value) for key, value in zip(rest, rest[1:]) if value.isdigit()}
            self.make(name, *[word for word in rest if ":/" in word], **numbers)
        elif what == "delete":
            del self.volumes[name]
        elif what in ("start", "stop"):
            self._update(name, status="Started" if what == "start" else "Stopped")
        elif what == "set":
            self._update(name, options={**self.volumes[name].options, **dict(zip(rest[::2], rest[1::2]))})
        elif what == "add-brick":
            self._update(name, bricks=(*self.volumes[name].bricks, *map(self._brick, rest)))
        elif what == "replace-brick":
            old, new = map(self._brick, rest[:2])
            assert old in self.volumes[name].bricks
            self._update(name, bricks=tuple(new if one == old else one for one in self.volumes[name].bricks))
        elif what == "remove-brick":
            self._remove(name, rest[:-1], rest[-1])
        elif what == "rebalance":
            self.rebalances.setdefault(name, [("in progress", 0), ("completed", 0)])

    def _remove(self, name: str, bricks: list[str], what: str) -> None:
        if what == "start":
            assert not self.leaving.get(name)
            self.leaving[name] = bricks
            self.rebalances.setdefault(name, [("in progress", 0), ("completed", 0)])
        else:
            assert self.leaving.pop(name) == bricks
        if what in ("commit", "force"):
            left = [one for one in self.volumes[name].bricks if f"{one.server}:{one.path}" not in bricks]
            self._update(name, bricks=tuple(left))

    def _update(self, name: str, **changed: t.Any) -> None:
        self.volumes[name] = self.volumes[name]._replace(**changed)


def _listed(names: t.Sequence[str]) -> str:
    root = ET.fromstring(OK)
    listed = ET.SubElement(root, "volList")
    for name in names:
        ET.SubElement(listed, "volume").text = name
    return _text(root)


def _refused(errno: int, said: str) -> str:
    root = ET.fromstring("<cliOutput/>")
    for tag, text in (("opRet", "-1"), ("opErrno", str(errno)), ("opErrstr", said)):
        ET.SubElement(root, tag).text = text
    return _text(root)


def _text(root: ET.Element) -> str:
    return ET.tostring(root, encoding="unicode", xml_declaration=True)
