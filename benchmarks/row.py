# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a benchmark found, and how it is shown."""

from __future__ import annotations

import dataclasses
import statistics
import typing as t

MIB = " MiB"


@dataclasses.dataclass(frozen=True)
class Goal:
    """What a ratio shall at least or at most be."""

    least: float | None = None
    most: float | None = None

    def __str__(self) -> str:
        return f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"

    def met(self, value: float) -> bool:
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


@dataclasses.dataclass(frozen=True)
class Figure:
    """What is no time: the worst of the runs."""

    value: float
    unit: str
    goal: Goal


@dataclasses.dataclass(frozen=True)
class Row:
    """One benchmark's figures.

    runs: what was measured, to what each run gave: seconds, or MiB if its name ends so. ratios: name to the two of them
    whose quotient it is. goals: of the ratios that have one. scaled: for what was measured over fewer than n, that
    number and the seconds it comes to for n.
    """

    name: str
    title: str
    n: int
    runs: t.Mapping[str, t.Sequence[float]]
    ratios: t.Mapping[str, tuple[str, str]]
    goals: t.Mapping[str, Goal]
    scaled: t.Mapping[str, tuple[int, float]] = dataclasses.field(default_factory=dict)
    figures: t.Mapping[str, Figure] = dataclasses.field(default_factory=dict)

    def middle(self, what: str) -> float:
        return self.scaled[what][1] if what in self.scaled else statistics.median(self.runs[what])

    def ratio(self, name: str) -> float:
        above, below = self.ratios[name]
        return self.middle(above) / self.middle(below)

    def as_json(self) -> dict[str, t.Any]:
        found: dict[str, t.Any] = {
            "name": self.name,
            "n": self.n,
            "seconds": {what: round(self.middle(what), 3) for what in self.runs if not what.endswith(MIB)},
            "ratios": {name: round(self.ratio(name), 3) for name in self.ratios},
        }
        memory = {what.removesuffix(MIB): round(self.middle(what), 1) for what in self.runs if what.endswith(MIB)}
        if memory:
            found["mib"] = memory
        if self.figures:
            found["figures"] = {name: round(figure.value, 1) for name, figure in self.figures.items()}
        if self.scaled:
            found["scaled_from"] = {f"{what}_count": count for what, (count, _seconds) in self.scaled.items()}
        return found


def table(row: Row) -> str:
    width = max(8, *(len(name) for name in [*row.runs, *row.ratios, *row.figures]))
    lines = [f"{row.name}: {row.title}, n = {row.n}", f"  {'':{width}}{'seconds':>10}   runs"]
    for what, runs in row.runs.items():
        spread = f"{min(runs):.2f} to {max(runs):.2f}" if len(runs) > 1 else f"{runs[0]:.2f}"
        if what in row.scaled:
            spread += f" with {what}_count {row.scaled[what][0]}: SCALED to {row.n}"
        lines.append(f"  {what:{width}}{row.middle(what):>10.2f}   {len(runs)}: {spread}")
    lines.append(f"  {'ratio':{width}}{'':>10}   goal")
    for name, (above, below) in row.ratios.items():
        value, goal = row.ratio(name), row.goals.get(name)
        verdict = f"{goal}: {_verdict(goal, value)}" if goal else "none"
        lines.append(f"  {name:{width}}{value:>10.2f}   {verdict} ({above} / {below})")
    for name, figure in row.figures.items():
        least_or_most = f"{figure.goal} {figure.unit}".rstrip()
        lines.append(f"  {name:{width}}{figure.value:>10.0f}   {least_or_most}: {_verdict(figure.goal, figure.value)}")
    return "\n".join(lines)


def _verdict(goal: Goal, value: float) -> str:
    return "met" if goal.met(value) else "NOT MET"
