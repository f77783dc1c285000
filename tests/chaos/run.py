# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does what the schedule says, breaks what it says meanwhile, and lets the witness look."""

from __future__ import annotations

import collections
import dataclasses
import pathlib
import re
import subprocess
import time
import typing as t

from harness import Lab
from killing import gone, kill

from chaos.faults import Broken, Faults, count
from chaos.schedule import KILLS, POOL, SERVERS, Fault, Round, Schedule, Share
from chaos.witness import Violation, Witness

LONGEST = 900  # seconds of a run
USUAL = 15.0  # seconds of a playbook that was not run yet
# What a user gives where a message asks for it.
PERMISSIONS = {"shares_clean_up": True}
RENEWAL = {"renew": {"tls_renew_key": True}}
# What came of it, for the end of a test run.
TOLD: list[str] = []


@dataclasses.dataclass
class Report:
    """shares: what is declared in the end."""

    well: bool
    text: str
    shares: tuple[Share, ...]


class Chaos:
    def __init__(self, lab: Lab, seed: int, minutes: float) -> None:
        self._lab, self._seed, self._minutes = lab, seed, minutes
        self._schedule = Schedule(seed)
        self._faults = Faults(lab)
        self._logs = pathlib.Path(lab.folder) / "chaos"
        self._logs.mkdir(exist_ok=True)
        self._usual: dict[str, float] = {}
        self._ends: dict[str, int] = collections.Counter()
        self._actions: dict[str, int] = collections.Counter()
        self._number = self._quiet = 0
        # What a user has not finished yet.
        self._to_remove: list[str] = []
        self._rotating = False
        self._witness: Witness | None = None

    @property
    def shares(self) -> tuple[Share, ...]:
        return tuple(self._schedule.shares.values())

    # ---- the whole ----
    def whole(self) -> None:
        for volume in POOL:
            bricks = " ".join(f"{server}:/srv/{volume}" for server in SERVERS)
            self._lab.gluster(f"volume create {volume} replica 3 {bricks} force")
        shares = self.shares
        self._well("site", shares)
        self._witness = Witness(self._lab)
        self._witness.begins(shares, "")
        self._witness.has_done("site", shares, "", SERVERS[0])
        self._witness.all_is_so(shares)
        end = time.monotonic() + 60 * self._minutes
        for one in self._schedule:
            self._round(one)
            over = time.monotonic() > end
            if one.quiet or over:
                self._converge(one.shares)
            if over:
                break
        again = self._well("site", one.shares)
        changed = sum(map(int, re.findall(r"changed=(\d+)", again)))
        if changed:
            raise Violation(f"the second run of the site changed something: {again}")
        self._well("verify", one.shares)

    @property
    def witness(self) -> Witness:
        assert self._witness
        return self._witness

    def _round(self, one: Round) -> None:
        self._say(
            f"round {one.number}: {one.action} {one.removed}; {', '.join(map(str, one.faults)) or 'nothing breaks'}"
        )
        self._actions[one.action] += 1
        if one.removed:
            self._to_remove.append(one.removed)
        self._rotating |= one.playbook == "rotate_ca"
        stop = self.witness.write(f"round{one.number}", one.shares)
        try:
            self._run(one.playbook, one.shares, one.removed, one.faults)
        finally:
            stop()
        server = self._faults.untouched()
        if server:
            self.witness.nobody_else_is_in(server, quiet=False)

    def _converge(self, shares: tuple[Share, ...]) -> None:
        """Mends all, ends what was begun, and looks at everything."""
        self._say("all is mended")
        self._faults.mend_all()
        for name in list(self._to_remove):
            self._well("remove_share", shares, name)
        if self._rotating:
            self._well("rotate_ca", shares)
        self._well("site", shares)
        self.witness.all_is_so(shares)
        self._quiet += 1

    # ---- one run ----
    def _well(self, playbook: str, shares: tuple[Share, ...], removed: str = "") -> str:
        rc, said = self._run(playbook, shares, removed)
        if rc:
            raise Violation(f"nothing is broken, and {playbook} fails: {said}")
        return said

    def _run(
        self, playbook: str, shares: tuple[Share, ...], removed: str = "", faults: tuple[Fault, ...] = ()
    ) -> tuple[int, str]:
        """How it ended, and what it said; the code is negative if it was killed."""
        self._number += 1
        variables: dict[str, t.Any] = {
            "shares_list": [share.declared() for share in shares],
            **RENEWAL.get(playbook, {}),
        }
        if not faults:
            variables.update(PERMISSIONS)
        if removed:
            variables.update(remove_share_name=removed, remove_share_force=True)
        words = self._lab.playing(f"glusterops.shares.{playbook}", **variables)
        if self._witness:
            self.witness.begins(shares if playbook in ("site", "shares") else (), removed)
        log = self._logs / f"{self._number:03}-{playbook}.log"
        self._faults.run_begins()
        began = time.monotonic()
        with open(log, "w", encoding="utf-8") as stream:
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT)
            try:
                self._meanwhile(process, began, self._usual.get(playbook, USUAL), faults)
            finally:
                if process.poll() is None:
                    kill(process)
        took = time.monotonic() - began
        rc, said = process.returncode, log.read_text(encoding="utf-8")
        self._say(f"  {playbook} {removed} ended with {rc} after {took:.0f} s, in {log.name}")
        self._ends["killed" if rc < 0 else "failed" if rc else "succeeded"] += 1
        if any(fault.kind == KILLS[0] for fault in faults):
            gone(self._lab)
        if rc == 0 and not faults:
            self._usual[playbook] = min(took, self._usual.get(playbook, took))
        if rc == 0 and self._witness:
            if removed:
                self._to_remove.remove(removed)
            if playbook == "rotate_ca":
                self._rotating = False
            self.witness.has_done(playbook, shares, removed, self._faults.untouched())
        return rc, said

    def _meanwhile(
        self, process: subprocess.Popen[bytes], began: float, usual: float, faults: tuple[Fault, ...]
    ) -> None:
        """Until it has ended, or was killed."""
        to_come = sorted(faults, key=lambda fault: fault.moment)
        while process.poll() is None:
            passed = time.monotonic() - began
            self._faults.mend_due()
            if to_come and passed > to_come[0].moment * usual:
                fault = to_come.pop(0)
                self._say(f"  {fault} after {passed:.1f} s")
                if fault.kind in KILLS:
                    self._faults.done[fault.kind] += 1
                    return kill(process)
                self._faults.inject(fault)
            if passed > LONGEST:
                raise Violation(f"a run has not ended after {LONGEST} s")
            time.sleep(0.05)
        return None

    @staticmethod
    def _say(line: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)

    def figures(self, seconds: float) -> list[str]:
        runs = " + ".join(f"{number} {end}" for end, number in sorted(self._ends.items()))
        lines = [
            f"seed {self._seed}, {seconds / 60:.1f} minutes",
            f"actions: {count(self._actions)}",
            f"runs: {self._number} = {runs}",
            f"faults: {count(self._faults.done)}",
            f"looked at with all mended: {self._quiet} times",
        ]
        if self._witness:
            lines.append(f"checked: {count(self._witness.checked)}")
        return lines


def chaos(lab: Lab, seed: int, minutes: float) -> Report:
    """The same seed has the same decided; when things really happen differs, and so may what comes of them."""
    began = time.monotonic()
    print(f"seed {seed}", flush=True)
    one = Chaos(lab, seed, minutes)
    why = ""
    try:
        one.whole()
    except (Violation, Broken, AssertionError, subprocess.SubprocessError) as exc:
        why = f"{type(exc).__name__}: {exc}"
    lines = [*one.figures(time.monotonic() - began), f"repeat: make chaos MINUTES={minutes:g} SEED={seed}"]
    return Report(not why, "\n".join([*([why] if why else []), *lines]), one.shares)
