# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Places for the bricks of many shares on many servers: processor time and memory of the filter, without Ansible's.

new: none of the shares is there. grown: all are, and each gets half as much again. there: all are as declared.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t

from benchmarks.row import Figure, Goal, Row
from benchmarks.stage import COLLECTIONS, BenchError, Settings, Stage
from lab.report import say
from lab.state import ROOT

FILTER = "lay_out_shares"
SHARES, SERVERS, ZONES = 10_000, 300, 3
DEVICES = ("/dev/sdb", "/dev/sdc", "/dev/sdd", "/dev/sde")
TIB = 1024**4
DURABILITIES = ("replicate-3", "replicate-3-arbiter", "disperse-2+1")


class Run(t.NamedTuple):
    """What the filter gave; its processor's seconds, and the most memory that its process had, MiB."""

    found: dict[str, t.Any]
    seconds: float
    memory: float


def measure(_stage: Stage, settings: Settings) -> Row:
    say(f"Placing the bricks of {SHARES} shares on {SERVERS} servers, {settings.runs} times ...")
    runs: dict[str, list[float]] = {"new": [], "grown": [], "there": []}
    memory = []
    for _run in range(settings.runs):
        new = _lay_out(100, {}, {})
        there = _looks(new.found["bricks"])
        ways = {"new": new, "grown": _lay_out(150, new.found, there), "there": _lay_out(100, new.found, there)}
        for way, bricks in {"new": 3 * SHARES, "grown": 3 * SHARES, "there": 0}.items():
            if len(ways[way].found["lines"]) != bricks:
                raise BenchError(f"{way}: not {bricks} bricks were planned: {ways[way].found['problem'][:500]}")
            runs[way].append(ways[way].seconds)
            memory.append(ways[way].memory)
    return Row(
        name=FILTER,
        title=f"shares whose bricks are placed on {SERVERS} servers, {len(DEVICES)} devices each: processor seconds",
        n=SHARES,
        runs=runs,
        ratios={},
        goals={},
        figures={
            "slowest": Figure(max(map(max, runs.values())), "s", Goal(most=5)),
            "memory": Figure(max(memory), "MiB", Goal(most=300)),
        },
    )


def _lay_out(size: int, made: t.Mapping[str, t.Any], bricks: t.Mapping[str, t.Any]) -> Run:
    """made: what the filter gave when the shares were new; bricks: of those there are by now, by server and device."""
    arguments = {
        "shares": [
            {"name": f"share{number}", "size": f"{size}G", "durability": DURABILITIES[number % len(DURABILITIES)]}
            for number in range(SHARES)
        ],
        "servers": {
            name: {"address": name, "cluster": "c", "zone": str(number % ZONES), "storage": DEVICES}
            for number, name in enumerate(_servers())
        },
        "looks": {
            name: {"storage": [_storage(one, bricks.get(name, {}).get(one, [])) for one in DEVICES]}
            for name in _servers()
        },
        "clusters": {
            "c": {"volumes": [{"name": name, "made_of": one} for name, one in made.get("layouts", {}).items()]}
        },
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.one_filter", FILTER],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([ROOT, COLLECTIONS])},
        input=json.dumps(arguments),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"{FILTER} failed:\n{done.stderr[-2000:]}")
    return Run(json.loads(done.stdout), **json.loads(done.stderr.splitlines()[-1]))


def _servers() -> list[str]:
    return [f"server{number:03}" for number in range(SERVERS)]


def _storage(path: str, bricks: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    """As gluster_info tells of it."""
    promised = sum(brick["size"] for brick in bricks)
    return {
        "path": path,
        "kind": "device",
        "state": "ready",
        "problem": None,
        "identity": path,
        "root": False,
        "size": 10 * TIB,
        "free": 10 * TIB - promised,
        "promised": promised,
        "used": 0,
        "bricks": bricks,
    }


def _looks(made: t.Mapping[str, list[dict[str, t.Any]]]) -> dict[str, dict[str, list[dict[str, t.Any]]]]:
    """The bricks as their servers tell of them when they are made."""
    found: dict[str, dict[str, list[dict[str, t.Any]]]] = {}
    for server, bricks in made.items():
        for brick in bricks:
            path = f"/var/lib/glusterops/bricks/{brick['name']}/brick"
            one = {"name": brick["name"], "path": path, "size": brick["size"], "state": "whole", "used": True}
            found.setdefault(server, {}).setdefault(brick["storage"], []).append(one)
    return found
