# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Creating many volumes through Heketi, where each takes it 50 ms.

best is what eight at a time take if nothing else took any time. full is what the stand-in could do with its eight
places always full: the same with the time that an operation really held one, on average, by its own record of the run
that is ours. bare is a loop that knows the 50 ms and does as little as can be done, so what it takes beyond best is the
stand-in's. ours is the module's work, before that of the build to compare with; task and loop are whole runs of
ansible-playbook, with one task for all volumes, and with one for each.
"""

from __future__ import annotations

import math
import statistics
import typing as t

from benchmarks.before import before
from benchmarks.row import Goal, Row
from benchmarks.stage import BenchError, Settings, Stage
from benchmarks.standin import AT_ONCE, VOLUME, Bare, Standin, bare_loop, run_module
from lab.report import say

COUNT = 100
DELAY = 0.05

NAMES = [f"bench{number}" for number in range(1, COUNT + 1)]
TASK = {
    "name": "All",
    "glusterops.shares.gluster_heketi_volumes": {
        "heketi_url": "{{ heketi_url }}",
        "heketi_key": "{{ heketi_key }}",
        "volumes": "{{ volumes }}",
    },
}
LOOP = {
    "name": "Each",
    "glusterops.shares.gluster_heketi_volume": {
        "heketi_url": "{{ heketi_url }}",
        "heketi_key": "{{ heketi_key }}",
        "name": "{{ item.name }}",
        "size": "{{ item.size }}",
    },
    "loop": "{{ volumes }}",
    "loop_control": {"label": "{{ item.name }}"},
}


def measure(stage: Stage, settings: Settings) -> Row:
    best = math.ceil(COUNT / AT_ONCE) * DELAY
    runs: dict[str, list[float]] = {"best": [best], "full": [], "bare": [], "ours": [], "before": [], "task": []}
    say(f"Creating {COUNT} volumes, {settings.runs} times each way ...")
    # Before and after it, because the machine may get busier or quieter during the minute that the loop takes.
    _quick(stage, settings.runs, runs)
    say(f"Creating {COUNT} volumes with a task for each, once ...")
    runs["loop"] = [_play(stage, LOOP)]
    _quick(stage, settings.runs, runs)
    return Row(
        name="heketi_create",
        title=f"volumes created through Heketi, {DELAY * 1000:g} ms each and {AT_ONCE} at a time",
        n=COUNT,
        runs=runs,
        ratios={
            "best": ("best", "ours"),
            "full": ("full", "ours"),
            "before": ("ours", "before"),
            "bare": ("bare", "ours"),
            "loop": ("loop", "task"),
        },
        goals={"best": Goal(least=0.9), "bare": Goal(least=0.9), "loop": Goal(least=20)},
    )


def _quick(stage: Stage, times: int, runs: dict[str, list[float]]) -> None:
    for _run in range(times):
        with Standin(DELAY) as standin:
            runs["bare"].append(bare_loop(standin, _create, NAMES))
        with Standin(DELAY) as standin:
            done = run_module("gluster_heketi_volumes", volumes=_volumes(), **standin.parameters)
            _check(standin, done.changed)
            runs["ours"].append(done.seconds)
            runs["full"].append(math.ceil(COUNT / AT_ONCE) * statistics.mean(standin.operations()))
        with Standin(DELAY) as standin:
            done = run_module("gluster_heketi_volumes", str(before()), volumes=_volumes(), **standin.parameters)
            _check(standin, done.changed)
            runs["before"].append(done.seconds)
        runs["task"].append(_play(stage, TASK))


def _create(bare: Bare, name: str) -> None:
    bare.ask("GET", bare.operate("/volumes", {"name": name, **VOLUME}, DELAY))


def _play(stage: Stage, task: dict[str, t.Any]) -> float:
    with Standin(DELAY) as standin:
        play = stage.play(task, volumes=_volumes(), **standin.parameters)
        _check(standin, bool(play.changed))
        return play.seconds


def _check(standin: Standin, changed: bool) -> None:
    made = Bare(standin).volumes()
    if not changed or len(made) != COUNT:
        raise BenchError(f"{len(made)} volumes were created, not {COUNT}")


def _volumes() -> list[dict[str, str]]:
    return [{"name": name, "size": "1G"} for name in NAMES]
