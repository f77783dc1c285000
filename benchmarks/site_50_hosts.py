# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A site of three servers and fifty hosts, each with a mount, where there is nothing to do.

ping is a play that pings all machines twice.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t
from functools import partial

from benchmarks import site
from benchmarks.row import Goal, Row
from benchmarks.stage import Settings, Stage
from benchmarks.turns import both, in_turn, ratios
from lab.report import say
from lab.state import tenant

HOSTS = 50
# A run takes minutes.
RUNS = 2
PINGS: list[dict[str, t.Any]] = [{"name": f"Ping {time}", "ansible.builtin.ping": {}} for time in (1, 2)]
SHARE = {
    "name": "everybodys",
    "size": "2G",
    "identities": [tenant(at) for at in range(HOSTS)],
    "mounts": [{"host": f"host{at}", "path": "/srv/data"} for at in range(1, HOSTS + 1)],
}
OPTIONS = ("-e", json.dumps({"shares_list": [SHARE]}))


def make(stage: Stage, _settings: Settings) -> None:
    say(f"Making a site of {HOSTS} hosts ...")
    site.run(stage, "site", *OPTIONS)


def measure(stage: Stage, settings: Settings) -> Row:
    times = min(settings.runs, RUNS)
    everywhere = dataclasses.replace(stage, host="gluster_servers:gluster_hosts")
    ways = {
        "ping": partial(everywhere.play, *PINGS),
        **{build: partial(site.unchanged, one, "site", *OPTIONS) for build, one in both(stage).items()},
    }
    everywhere.play(*PINGS)  # Opens the ssh connections.
    say(f"Running site on {HOSTS} hosts with both builds, {times} times in turn ...")
    return Row(
        name="site_50_hosts",
        title="site where nothing is to be done, by the number of hosts",
        n=HOSTS,
        runs=in_turn(ways, times),
        ratios={**ratios("site", "ours", "before"), **ratios("ping", "ours", "ping")},
        goals={"site wall": Goal(most=0.35), "ping wall": Goal(most=2.5)},
    )
