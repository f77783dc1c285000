# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several ways to the same, measured side by side.

The name of a way stands for its seconds on the clock, with what of MEASURES behind it for those.
"""

from __future__ import annotations

import dataclasses
import typing as t

from benchmarks.before import before
from benchmarks.row import MIB, Goal
from benchmarks.stage import Play, Stage

Ways = t.Mapping[str, t.Callable[[], Play]]
Runs = dict[str, list[float]]

WALL, CPU, CONTROL = "", " cpu", " control"
MEASURES: dict[str, t.Callable[[Play], float]] = {
    WALL: lambda play: play.seconds,
    CPU: lambda play: play.cpu,
    CONTROL: lambda play: play.control,
    MIB: lambda play: play.memory,
}


def in_turn(ways: Ways, times: int, measures: t.Sequence[str] = (WALL, CPU, CONTROL)) -> Runs:
    """Runs all ways in turn, every other time backwards, because the machine may get busier or quieter meanwhile."""
    found: Runs = {way + measure: [] for way in ways for measure in measures}
    for run in range(times):
        for way in list(ways)[:: -1 if run % 2 else 1]:
            play = ways[way]()
            for measure in measures:
                found[way + measure].append(MEASURES[measure](play))
    return found


def both(stage: Stage) -> dict[str, Stage]:
    """The checkout's build and the one before, on the same stage."""
    return {"ours": stage, "before": dataclasses.replace(stage, build=str(before()))}


def ratios(what: str, above: str, below: str) -> dict[str, tuple[str, str]]:
    """Those of two ways, named after what they compare."""
    return {
        f"{what} {measure}": (above + key, below + key)
        for measure, key in (("wall", WALL), ("cpu", CPU), ("control", CONTROL))
    }


def goals(what: str, most: float) -> dict[str, Goal]:
    """The same for the clock and for the processors, of what C(ratios) names."""
    return {f"{what} wall": Goal(most=most), f"{what} cpu": Goal(most=most)}
