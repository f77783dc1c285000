# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Breaks what the schedule says, and mends it."""

from __future__ import annotations

import collections
import re
import time
import typing as t
from xml.etree import ElementTree

from harness import KILL_HEKETI, Lab, connected, restart_heketi
from killing import gone

from chaos.schedule import BRICKS, GLUSTERD, HEKETI, NETWORK, SERVERS, Fault

PATIENCE = 240  # seconds: glusterd keeps the lock of one that died for 180


class Broken(Exception):
    """What was broken does not mend."""


class Faults:
    """What is broken now: each fault, with when it is to be mended."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._open: list[tuple[float, Fault]] = []
        self._touched: set[str] = set()
        self.done: dict[str, int] = collections.Counter()
        hosts = re.findall(r"^Host (\w+)\n +HostName (\S+)$", (lab.folder / "ssh_config").read_text(), re.MULTILINE)
        self._addresses = dict(hosts)

    def run_begins(self) -> None:
        """What was mended before counts no more."""
        self._touched = {node for _when, fault in self._open for node in fault.where}

    def untouched(self) -> str | None:
        """A server that nothing has happened to since the run began."""
        return next((server for server in SERVERS if server not in self._touched), None)

    def inject(self, fault: Fault) -> None:
        if fault.kind == GLUSTERD:
            self._lab.run(fault.where[0], "pkill -9 -x glusterd", check=False)
        elif fault.kind == BRICKS:
            self._lab.run(fault.where[0], "pkill -9 -x glusterfsd", check=False)
        elif fault.kind == HEKETI:
            self._lab.run("heketi", KILL_HEKETI, check=False)
        else:
            self._route("add", fault)
        self.done[fault.kind] += 1
        self._touched.update(fault.where)
        self._open.append((time.monotonic() + fault.lasts, fault))

    def mend_due(self) -> None:
        for entry in [entry for entry in self._open if entry[0] <= time.monotonic()]:
            self._mend(entry[1])
            self._open.remove(entry)

    def _mend(self, fault: Fault) -> None:
        if fault.kind == GLUSTERD:
            self._lab.run(fault.where[0], "service glusterd start")
        elif fault.kind == BRICKS:
            self._start_bricks(fault.where[0])
        elif fault.kind == HEKETI:
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
        gone(self._lab)
        for _when, fault in self._open:
            if fault.kind == NETWORK:
                self._route("del", fault)
        self._open.clear()
        for server in SERVERS:
            self._lab.run(server, "service glusterd start")
        connected(self._lab)
        restart_heketi(self._lab)
        began, restarted = time.monotonic(), False
        while why := self._unsettled():
            waited = time.monotonic() - began
            if waited > PATIENCE:
                there = {
                    server: self._lab.run(server, "ps -o pid,etime,args -C glusterfs").stdout for server in SERVERS
                }
                raise Broken(f"Gluster does not come to rest: {why}; its daemons: {there}")
            if waited > PATIENCE / 2 and not restarted:
                # Now and then glusterd does not start a helper daemon again, however often it is told to: one that it
                # has lost may still be there.
                restarted = True
                for server in SERVERS:
                    self._lab.run(server, "service glusterd stop; pkill -9 -x glusterfs; service glusterd start")
                connected(self._lab)
            time.sleep(1)

    def _unsettled(self) -> str:
        """What is not as it is where nothing was broken."""
        for server in SERVERS:
            said = self._lab.run(server, "gluster --mode=script --xml volume status all", check=False).stdout
            try:
                root = ElementTree.fromstring(said)
            except ElementTree.ParseError:
                return f"{server}: {said}"
            if root.findtext("opRet") != "0" or root.findtext("opErrstr"):
                return f"{server}: {root.findtext('opErrstr')}"
            down = [node.findtext("path") for node in root.iter("node") if node.findtext("status") != "1"]
            if down:
                self._start_bricks(server)
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
