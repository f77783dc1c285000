# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attackers who sit on a host of the lab and try to get into a volume."""

from __future__ import annotations

import contextlib
import io
import json
import pathlib
import tarfile
import time
import typing as t
from xml.etree import ElementTree

from attackers import IN, Attacker

if t.TYPE_CHECKING:
    from harness import Lab

DRIVER = pathlib.Path(__file__).with_name("attack_driver.py")
HOME = "/root/siege"
FOLDER, STOP = f"{HOME}/attackers", f"{HOME}/stop"
METHODS = ("fuse", "gfapi")

# What was tried so far, for the end of the run: volume, when, method, and what became of each attempt.
TABLE: list[tuple[str, str, str, list[bool | None]]] = []


def table() -> list[str]:
    lines = [f"{'volume':<16}{'when':<24}{'by':<8}{'tried':>8}{'refused':>10}{'let in':>8}{'cut short':>12}"]
    for volume, moment, method, ends in TABLE:
        counts = f"{len(ends):>8}{ends.count(False):>10}{ends.count(True):>8}{ends.count(None):>12}"
        lines.append(f"{volume:<16}{moment:<24}{method:<8}{counts}")
    return lines


def wait(what: str, look: t.Callable[[], t.Any], seconds: float = 120.0) -> t.Any:
    """What look finds, once that is something."""
    until = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.3)


class Siege:
    """label is how the table calls the volume. node: where the attackers are. seconds: for a try of those in a loop."""

    def __init__(self, lab: Lab, label: str, volume: str, node: str, seconds: int = 10) -> None:
        self.lab, self.label, self.volume, self.node, self.seconds = lab, label, volume, node, seconds
        self.attackers: dict[str, Attacker] = {}

    def camp(self, attackers: t.Iterable[Attacker]) -> None:
        """Brings these there, instead of those who were there."""
        self.attackers = {one.name: one for one in attackers}
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            archive.add(DRIVER, "driver.py")
            for one in self.attackers.values():
                for name, data in one.files.items():
                    entry = tarfile.TarInfo(f"attackers/{one.name}/{name}")
                    entry.size, entry.mode = len(data), 0o600
                    archive.addfile(entry, io.BytesIO(data))
        self.lab.send(self.node, packed.getvalue(), f"rm -rf {HOME}; mkdir -m 700 {HOME}; tar -xf - -C {HOME}")

    def drive(self, words: str) -> str:
        return f"python3 {HOME}/driver.py {words}"

    def bricks(self) -> list[str]:
        """HOST:PORT of every brick, once all are up."""

        def look() -> list[str]:
            status = ElementTree.fromstring(self.lab.gluster(f"--xml volume status {self.volume}"))
            found = [one for one in status.iter("node") if (one.findtext("path") or "").startswith("/")]
            up = [
                f"{one.findtext('hostname')}:{one.findtext('port')}" for one in found if one.findtext("status") == "1"
            ]
            return up if len(up) == len(self.lab.volumes()[self.volume].bricks) else []

        return t.cast("list[str]", wait(f"the bricks of {self.volume}", look))

    def attack(self, moment: str, methods: t.Sequence[str] = METHODS) -> None:
        """Everybody tries by each method. Only those who may are in, and all others were refused for their reason."""
        bricks = ",".join(self.bricks())
        done = self.lab.run(
            self.node, self.drive(f"try {FOLDER} {self.volume} server1 {moment} {bricks} {' '.join(methods)}")
        )
        results = json.loads(done.stdout)
        wrong = []
        for one in results:
            expected = self.attackers[one["attacker"]].expected
            came = IN if one["in"] else "unclear" if one["in"] is None else one["reason"]
            if came != expected or one["written"]:
                wrong.append(f"{one['attacker']} by {one['method']}: {came} instead of {expected}: {one}")
        wrong += [f"{name} is on a brick" for name in self.traces(moment) - self.allowed(moment, methods)]
        wrong += [f"{name} is on no brick" for name in self.allowed(moment, methods) - self.traces(moment)]
        for method in methods:
            mine = [one for one in results if one["method"] == method]
            TABLE.append((self.label, f"after {moment}", method, [one["in"] for one in mine]))
            assert {one["attacker"] for one in mine} >= {
                name for name, one in self.attackers.items() if method == "fuse" or "volfile" not in one.files
            }
        assert not wrong, "\n".join(wrong)

    def allowed(self, moment: str, methods: t.Sequence[str]) -> set[str]:
        """The files that there must be after the moment's attack."""
        names = [one.name for one in self.attackers.values() if one.expected == IN]
        return {f"{name}.{moment}{'.img' if method == 'gfapi' else ''}" for name in names for method in methods}

    def traces(self, moment: str) -> set[str]:
        """The files of that attack on the bricks, whoever made them."""
        found = set()
        for brick in self.lab.volumes()[self.volume].bricks:
            listed = self.lab.run(brick.server, f"ls -A {brick.path}").stdout.split("\n")
            found |= {name for name in listed if name.removesuffix(".img").endswith(f".{moment}")}
        return found

    @contextlib.contextmanager
    def looping(self, moment: str, *names: str) -> t.Iterator[list[dict[str, t.Any]]]:
        """While the body runs, these try again and again, at least once before and once after it. What came of it is in
        the list then. A volume that is stopped leaves attempts that nobody answered, and that were cut short."""
        attempts: list[dict[str, t.Any]] = []
        output = f"{HOME}/loop"
        self.lab.run(self.node, f"rm -f {STOP} {output}; touch {output}")
        words = f"loop {STOP} {FOLDER} {self.volume} server1 {self.seconds} {' '.join(names)}"
        process = self.lab.popen(self.node, f"exec {self.drive(words)} > {output}")

        def each(since: float = 0.0) -> bool:
            """Whether each of them has tried since then."""
            told = self.lab.run(self.node, f"cat {output}").stdout
            attempts[:] = [json.loads(line) for line in told.split("\n")[:-1]]
            return {one["attacker"] for one in attempts if one["began"] > since} == set(names)

        try:
            wait("everybody's first try", each)
            yield attempts
            now = time.time()
            wait("everybody's next try", lambda: each(now))
        finally:
            self.lab.run(self.node, f"touch {STOP}")
            said = process.communicate(timeout=120)
        assert process.returncode == 0, said
        TABLE.append((self.label, f"during {moment}", "fuse", [one["in"] for one in attempts]))
