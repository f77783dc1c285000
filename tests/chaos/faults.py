# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Breaks what the schedule says, and mends it."""

from __future__ import annotations

import time
import typing as t
from xml.etree import ElementTree

from harness import KILL_HEKETI, Lab, connected, restart_heketi

from chaos.schedule import SERVERS, Fault

PATIENCE = 240  # seconds: glusterd keeps the lock of one that died for 180


class Broken(Exception):
    """What was broken does not mend."""


class Faults:
    """What is broken now: each fault, with when it is to be mended."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._open: list[tuple[float, Fault]] = []
        self.done: dict[str, int] = {}
        with open(lab.folder / "ssh_config", encoding="utf-8") as stream:
            words = stream.read().split()
        self._addresses = {
            words[at + 1]: words[at + 3] for at, word in enumerate(words) if word == "Host" and words[at + 1] != "*"
        }

    def living(self) -> list[str]:
        """The servers of which nothing is broken."""
        touched = {node for _when, fault in self._open for node in fault.where}
        return [server for server in SERVERS if server not in touched]

    def inject(self, fault: Fault) -> None:
        one = fault.where[0]
        if fault.kind == "glusterd killed":
            self._lab.run(one, "pkill -9 -x glusterd", check=False)
        elif fault.kind == "bricks killed":
            self._lab.run(one, "pkill -9 -x glusterfsd", check=False)
        elif fault.kind == "heketi killed":
            self._lab.run(one, KILL_HEKETI, check=False)
        else:
            self._route("add", fault)
        self.done[fault.kind] = self.done.get(fault.kind, 0) + 1
        self._open.append((time.monotonic() + fault.lasts, fault))

    def mend_due(self) -> None:
        for entry in [entry for entry in self._open if entry[0] <= time.monotonic()]:
            self._mend(entry[1])
            self._open.remove(entry)

    def _mend(self, fault: Fault) -> None:
        one = fault.where[0]
        if fault.kind == "glusterd killed":
            self._lab.run(one, "service glusterd start")
        elif fault.kind == "bricks killed":
            self._start_bricks(one)
        elif fault.kind == "heketi killed":
            restart_heketi(self._lab)
        else:
            self._route("del", fault)

    def _route(self, act: str, fault: Fault) -> None:
        for here, there in (fault.where, fault.where[::-1]):
            self._lab.run(here, f"ip route {act} blackhole {self._addresses[there]}", check=False)

    def _start_bricks(self, server: str) -> None:
        """As an administrator does it."""
        started = "gluster volume info | awk '/^Volume Name/ {name = $3} /^Status: Started/ {print name}'"
        self._lab.run(server, f"for name in $({started}); do gluster volume start $name force; done", check=False)

    def mend_all(self) -> None:
        """Mends all, and waits until Gluster and Heketi have noticed."""
        for _when, fault in self._open:
            if fault.kind == "network cut":
                self._route("del", fault)
        self._open.clear()
        for server in SERVERS:
            self._lab.run(server, "service glusterd start")
        connected(self._lab)
        restart_heketi(self._lab)
        end = time.monotonic() + PATIENCE
        while why := self._unsettled():
            if time.monotonic() > end:
                raise Broken(f"Gluster does not come to rest: {why}")
            time.sleep(1)

    def _unsettled(self) -> str:
        """What is not as it is where nothing was broken."""
        for server in SERVERS:
            self._start_bricks(server)
            said = self._lab.run(server, "gluster --mode=script --xml volume status all", check=False).stdout
            try:
                root = ElementTree.fromstring(said)
            except ElementTree.ParseError:
                return f"{server}: {said}"
            if root.findtext("opRet") != "0" or root.findtext("opErrstr"):
                return f"{server}: {root.findtext('opErrstr')}"
            down = [node.findtext("path") for node in root.iter("node") if node.findtext("status") != "1"]
            if down:
                return f"{server}: {down} are down"
        for name, volume in self._lab.volumes().items():
            if volume.started and (left := self._to_heal(name)):
                return f"{name}: {left} entries are to be healed"
        return ""

    def _to_heal(self, volume: str) -> str:
        self._lab.run("server1", f"gluster volume heal {volume}", check=False)
        said = self._lab.run("server1", f"gluster --xml volume heal {volume} info summary", check=False).stdout
        try:
            counts = [one.text or "" for one in ElementTree.fromstring(said).iter("totalNumberOfEntries")]
        except ElementTree.ParseError:
            return said
        return ", ".join(count for count in counts if count != "0")


def count(done: t.Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {number}" for kind, number in sorted(done.items())) or "none"
