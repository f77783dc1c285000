# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m benchmarks`: how fast the collection is, as ratios measured in one run.

Shares are on real GlusterFS in a lab, Heketi is its stand-in. Prints tables and writes benchmarks/latest.json. It
judges nothing: its exit code does not depend on the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import platform
import signal
import sys
import tempfile
import typing as t

import ansible.release

from benchmarks import heketi_create, heketi_no_change, shares_no_change, wipe
from benchmarks.row import Row, table
from benchmarks.stage import BenchError, Settings, Stage, lab
from lab.report import say

Benchmark = t.Callable[[Stage, Settings], Row]

# By the names of their rows: those that need a lab, and those that need only this machine.
ON_LAB: dict[str, Benchmark] = {"shares_no_change": shares_no_change.measure, "wipe": wipe.measure}
HERE: dict[str, Benchmark] = {"heketi_create": heketi_create.measure, "heketi_no_change": heketi_no_change.measure}
LATEST = pathlib.Path(__file__).with_name("latest.json")


def main(argv: list[str]) -> int:
    settings, names = parse(argv)
    signal.signal(signal.SIGTERM, _terminated)
    try:
        rows = []
        for name in names:
            rows.append(on_lab(ON_LAB[name], settings) if name in ON_LAB else here(HERE[name], settings))
            print(f"\n{table(rows[-1])}\n", flush=True)
    except BenchError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("benchmarks: interrupted", file=sys.stderr)
        return 130
    print(f"{machine()}\nThe same connection settings for all, with pipelining; seconds are the median of the runs.")
    write(rows)
    print(f"Written to {os.path.relpath(LATEST)}.")
    return 0


def on_lab(benchmark: Benchmark, settings: Settings) -> Row:
    """A row, measured on a lab that is made for it and removed afterwards whatever happens."""
    try:
        say("Bringing up a lab of three servers ...")
        # Whatever an earlier run left, killed half-way, would be measured too.
        lab("down")
        lab("up", "--servers", "3", "--hosts", "1", "--no-heketi")
        with tempfile.TemporaryDirectory(prefix="glusterops-bench-") as scratch:
            return benchmark(Stage.on_lab(pathlib.Path(scratch)), settings)
    finally:
        lab("down")


def here(benchmark: Benchmark, settings: Settings) -> Row:
    with tempfile.TemporaryDirectory(prefix="glusterops-bench-") as scratch:
        return benchmark(Stage.on_this_machine(pathlib.Path(scratch)), settings)


def write(rows: t.Sequence[Row]) -> None:
    """Writes them down; those of an earlier run that were not measured now stay."""
    found = json.loads(LATEST.read_text(encoding="utf-8")) if LATEST.exists() else []
    latest = {row["name"]: row for row in found}
    latest.update((row.name, row.as_json()) for row in rows)
    LATEST.write_text(json.dumps(list(latest.values()), indent=2) + "\n", encoding="utf-8")


def machine() -> str:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    core = f"ansible-core {ansible.release.__version__} on Python {platform.python_version()}"
    return f"{core}; {os.cpu_count()} cores, load averages {load}."


def parse(argv: list[str]) -> tuple[Settings, list[str]]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        action="append",
        choices=[*ON_LAB, *HERE],
        metavar="NAME",
        help=f"this benchmark only, of {', '.join([*ON_LAB, *HERE])}; may be given several times",
    )
    parser.add_argument("--count", type=_positive, default=1000, metavar="N", help="how many shares (1000)")
    parser.add_argument(
        "--loop-count",
        type=_positive,
        default=100,
        metavar="N",
        help="measure the loop over the first N only, and scale (100)",
    )
    parser.add_argument(
        "--runs",
        type=_positive,
        default=3,
        metavar="N",
        help="runs of what takes seconds, before the loop and after it (3)",
    )
    arguments = parser.parse_args(argv)
    loop_count = min(arguments.loop_count, arguments.count)
    settings = Settings(count=arguments.count, loop_count=loop_count, runs=arguments.runs)
    return settings, arguments.only or [*ON_LAB, *HERE]


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is not a positive whole number")
    return int(text)


def _terminated(_signal: int, _frame: object) -> t.NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
