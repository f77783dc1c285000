# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m benchmarks`: how fast the collection is, as ratios measured in one run.

Shares are on real GlusterFS in a lab, Heketi is its stand-in. cpu is the processor time of the control node's processes
and of the lab's machines, control that of the former only. Prints tables and writes benchmarks/latest.json. It
judges nothing: its exit code does not depend on the figures.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import pathlib
import platform
import signal
import sys
import tempfile
import typing as t

import ansible.release

from benchmarks import (
    ansible_cfg,
    heketi_create,
    heketi_no_change,
    lay_out_shares,
    pool,
    server_cpu,
    shares_no_change,
    shares_one_changed,
    site,
    site_50_hosts,
    wipe,
)
from benchmarks.row import Row, table
from benchmarks.stage import BenchError, Settings, Stage, lab
from lab.report import say

Benchmark = t.Callable[[Stage, Settings], Row]


@dataclasses.dataclass(frozen=True)
class OnLab:
    """Benchmarks, by the names of their rows, that share a lab. up: what it has. make: what is made there first."""

    up: tuple[str, ...]
    rows: dict[str, Benchmark]
    make: t.Callable[[Stage, Settings], None] = lambda _stage, _settings: None


LABS = [
    OnLab(
        up=("--hosts", "3"),
        make=site.make,
        rows={
            "site_no_change": site.site,
            "shares_no_change_one": site.shares,
            "tls_no_change": site.tls,
            "check_verify": site.check_verify,
            "settings": ansible_cfg.measure,
        },
    ),
    OnLab(
        # The last is nobody's.
        up=("--hosts", str(site_50_hosts.HOSTS + 1)),
        make=site_50_hosts.make,
        rows={"site_50_hosts": site_50_hosts.measure},
    ),
    OnLab(
        up=("--hosts", "1", "--no-heketi"),
        make=pool.make,
        rows={
            "shares_no_change": shares_no_change.measure,
            "shares_one_changed": shares_one_changed.measure,
            "server_cpu": server_cpu.measure,
        },
    ),
    OnLab(up=("--hosts", "1", "--no-heketi"), rows={"wipe": wipe.measure}),
]
# Those that need only this machine.
HERE: dict[str, Benchmark] = {
    "heketi_create": heketi_create.measure,
    "heketi_no_change": heketi_no_change.measure,
    "lay_out_shares": lay_out_shares.measure,
}
NAMES = [*(name for lab in LABS for name in lab.rows), *HERE]
LATEST = pathlib.Path(__file__).with_name("latest.json")


def main(argv: list[str]) -> int:
    settings, names = parse(argv)
    signal.signal(signal.SIGTERM, _terminated)
    try:
        rows = []
        for row in measured(settings, names):
            rows.append(row)
            print(f"\n{table(row)}\n", flush=True)
    except BenchError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("benchmarks: interrupted", file=sys.stderr)
        return 130
    print(f"{machine()}\nThe same settings for all, with pipelining, unless a row tells; seconds are medians.")
    write(rows)
    print(f"Written to {os.path.relpath(LATEST)}.")
    return 0


def measured(settings: Settings, names: t.Sequence[str]) -> t.Iterator[Row]:
    for one in LABS:
        chosen = [measure for name, measure in one.rows.items() if name in names]
        if chosen:
            yield from on_lab(one, chosen, settings)
    for name, measure in HERE.items():
        if name in names:
            with tempfile.TemporaryDirectory(prefix="glusterops-bench-") as scratch:
                yield measure(Stage.on_this_machine(pathlib.Path(scratch)), settings)


def on_lab(one: OnLab, chosen: t.Sequence[Benchmark], settings: Settings) -> t.Iterator[Row]:
    """Rows, measured on a lab that is made for them and removed afterwards whatever happens."""
    try:
        say("Bringing up a lab of three servers ...")
        # Whatever an earlier run left, killed half-way, would be measured too.
        lab("down")
        lab("up", "--servers", "3", *one.up)
        with tempfile.TemporaryDirectory(prefix="glusterops-bench-") as scratch:
            stage = Stage.on_lab(pathlib.Path(scratch))
            one.make(stage, settings)
            for measure in chosen:
                yield measure(stage, settings)
    finally:
        lab("down")


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
        choices=NAMES,
        metavar="NAME",
        help=f"this benchmark only, of {', '.join(NAMES)}; may be given several times",
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
        help="how often each way is run, and where there is a loop, before and after it (3)",
    )
    arguments = parser.parse_args(argv)
    loop_count = min(arguments.loop_count, arguments.count)
    settings = Settings(count=arguments.count, loop_count=loop_count, runs=arguments.runs)
    return settings, arguments.only or NAMES


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is not a positive whole number")
    return int(text)


def _terminated(_signal: int, _frame: object) -> t.NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
