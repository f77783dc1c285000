# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing to do for many shares from a pool: one task of ours, the floor of Ansible itself, the usual module in a loop.

The goals are for a thousand.
"""

from __future__ import annotations

import dataclasses
import typing as t
from functools import partial

from benchmarks import pool
from benchmarks.peer import gluster_collection
from benchmarks.row import Goal, Row
from benchmarks.stage import BenchError, Play, Settings, Stage
from benchmarks.turns import both, in_turn, ratios
from lab.report import say

LOOP = {
    "name": "Loop",
    # No cluster and no bricks, so that it has the least to compare.
    "gluster.gluster.gluster_volume": {
        "name": "{{ item.name }}",
        "state": "present",
        "start_on_create": False,
        # Strings, because booleans make this module fail.
        "options": "{{ item.options }}",
    },
    "loop": "{{ volumes }}",
    "loop_control": {"label": "{{ item.name }}"},
}


def measure(stage: Stage, settings: Settings) -> Row:
    stage.collections.append(str(gluster_collection()))
    shares = pool.shares(settings.count)

    def ours(one: Stage) -> Play:
        return one.play(pool.OURS, shares=shares).unchanged()

    ways = {
        "floor": partial(stage.play, *pool.FLOOR),
        **{build: partial(ours, one) for build, one in both(stage).items()},
    }
    stage.play(*pool.FLOOR)  # Opens the ssh connection.
    say(f"Measuring both builds and the floor, {settings.runs} times in turn ...")
    runs = in_turn(ways, settings.runs)
    say(f"Measuring the loop over {settings.loop_count} volumes, once ...")
    runs["loop"] = [_loop(stage, pool.volumes(settings.loop_count))]
    # Before and after it, because the machine may get busier or quieter during the minutes that the loop takes.
    say("And both builds and the floor again ...")
    for key, more in in_turn(ways, settings.runs).items():
        runs[key] += more
    row = Row(
        name="shares_no_change",
        title="shares from a pool that are already as declared",
        n=settings.count,
        runs=runs,
        ratios={"loop": ("loop", "ours"), "floor": ("ours", "floor"), **ratios("builds", "ours", "before")},
        goals={"loop": Goal(least=450), "floor": Goal(most=1.05)},
    )
    if settings.loop_count == settings.count:
        return row
    # The floor stands for what does not grow with the volumes. It is more than that, so this is in the loop's favour.
    fixed = row.middle("floor")
    scaled = fixed + max(row.middle("loop") - fixed, 0) * settings.count / settings.loop_count
    return dataclasses.replace(row, scaled={"loop": (settings.loop_count, scaled)})


def _loop(stage: Stage, volumes: list[dict[str, t.Any]]) -> float:
    play = stage.play(LOOP, volumes=volumes).unchanged()
    looked = play.output.count("ok: [")
    if looked != len(volumes):
        raise BenchError(f"the loop looked at {looked} volumes, not at {len(volumes)}:\n{play.output[-1000:]}")
    return play.seconds
