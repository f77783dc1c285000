# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What settings of ansible.cfg gain for a site where nothing is to be done, on five machines.

advised is what the documentation advises; the others lack one of it each, and plain is what Ansible does by itself.
"""

from __future__ import annotations

import dataclasses
from functools import partial

from benchmarks import site
from benchmarks.row import Row
from benchmarks.stage import Settings, Stage
from benchmarks.turns import in_turn, ratios
from lab.report import say

PIPELINING = "[connection]\npipelining = true\n"
FORKS = "[defaults]\nforks = 20\n"
# Ansible keeps a connection by itself; the lab's inventory says so too, and what comes first counts.
NOT_KEPT = "[ssh_connection]\nssh_args = -o ControlMaster=no -o ControlPath=none\n"
CONFIGS = {
    "advised": PIPELINING + FORKS,
    "no pipelining": FORKS,
    "5 forks": PIPELINING,
    "not kept": PIPELINING + FORKS + NOT_KEPT,
    "plain": "",
}


def measure(stage: Stage, settings: Settings) -> Row:
    stages = {name: dataclasses.replace(stage, config=config) for name, config in CONFIGS.items()}
    say(f"Running site with {len(CONFIGS)} configurations, {settings.runs} times in turn ...")
    ways = {name: partial(site.unchanged, one, "site") for name, one in stages.items()}
    return Row(
        name="settings",
        title="site where nothing is to be done, by ansible.cfg",
        n=site.MACHINES,
        runs=in_turn(ways, settings.runs),
        ratios={
            key: value for name in CONFIGS if name != "advised" for key, value in ratios(name, "advised", name).items()
        },
        goals={},
    )
