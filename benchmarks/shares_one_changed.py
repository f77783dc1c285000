# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many shares from a pool, of which the access list of one changes with each run: time and memory.

The goals are for a thousand.
"""

from __future__ import annotations

import itertools
from functools import partial

from benchmarks import pool
from benchmarks.row import MIB, Goal, Row
from benchmarks.stage import BenchError, Play, Settings, Stage
from benchmarks.turns import CONTROL, CPU, WALL, both, in_turn, ratios
from lab.report import say


def measure(stage: Stage, settings: Settings) -> Row:
    shares = pool.shares(settings.count)
    guests = itertools.cycle([["guest"], []])

    def change(one: Stage) -> Play:
        first = {**shares[0], "identities": [*shares[0]["identities"], *next(guests)]}
        play = one.play(pool.OURS, shares=[first, *shares[1:]])
        if not play.changed:
            raise BenchError("gluster_shares changed nothing where one access list had to be changed")
        return play

    ways = {
        "floor": partial(stage.play, *pool.FLOOR),
        **{build: partial(change, one) for build, one in both(stage).items()},
    }
    stage.play(*pool.FLOOR)  # Opens the ssh connection.
    say(f"Changing one share of {settings.count} with both builds, {settings.runs} times in turn ...")
    runs = in_turn(ways, settings.runs, (WALL, CPU, CONTROL, MIB))
    # As it was, for what is measured next: where the number of changes is odd, the guest is still there.
    stage.play(pool.OURS, shares=shares)
    return Row(
        name="shares_one_changed",
        title="shares from a pool of which one changes",
        n=settings.count,
        runs=runs,
        ratios={
            **ratios("floor", "ours", "floor"),
            "floor memory": ("ours" + MIB, "floor" + MIB),
            **ratios("builds", "ours", "before"),
        },
        goals={"floor wall": Goal(most=1.6), "floor memory": Goal(most=1.3)},
    )
