# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's playbooks where there is nothing to do, on the demo's lab: three servers, two hosts, a share.

ours is the checkout's build, before the one that it is compared with.
"""

from __future__ import annotations

import typing as t
from functools import partial

from benchmarks.row import Row
from benchmarks.stage import Play, Settings, Stage
from benchmarks.turns import both, goals, in_turn, ratios
from lab.report import say
from lab.state import ROOT

MACHINES = 5
OPTIONS = ("-e", f"@{ROOT}/lab/vars.yml", "-e", f"@{ROOT}/lab/demo.yml")


def make(stage: Stage, _settings: Settings) -> None:
    """Makes the site, and sees that neither build finds anything to do afterwards."""
    say("Making the demo's site ...")
    run(stage, "site")
    for one in both(stage).values():
        run(one, "site").unchanged()


def run(stage: Stage, playbook: str, *options: str) -> Play:
    return stage.playbook(f"glusterops.shares.{playbook}", *OPTIONS, *options)


def unchanged(stage: Stage, playbook: str, *options: str) -> Play:
    return run(stage, playbook, *options).unchanged()


def site(stage: Stage, settings: Settings) -> Row:
    return compared(stage, settings, "site_no_change", ["site"], 0.40)


def shares(stage: Stage, settings: Settings) -> Row:
    return compared(stage, settings, "shares_no_change_one", ["shares"], 0.45)


def tls(stage: Stage, settings: Settings) -> Row:
    return compared(stage, settings, "tls_no_change", ["tls"], 0.50)


def check_verify(stage: Stage, settings: Settings) -> Row:
    return compared(stage, settings, "check_verify", ["check", "verify"], 0.6)


def compared(stage: Stage, settings: Settings, name: str, playbooks: t.Sequence[str], most: float) -> Row:
    """Both builds, in turn; of each playbook the ratios shall be at most that."""
    builds = both(stage)
    ways = {
        f"{playbook} {build}": partial(unchanged, one, playbook)
        for playbook in playbooks
        for build, one in builds.items()
    }
    say(f"Running {' and '.join(playbooks)} with both builds, {settings.runs} times in turn ...")
    return Row(
        name=name,
        title=f"{' and '.join(playbooks)} where nothing is to be done, by the number of machines",
        n=MACHINES,
        runs=in_turn(ways, settings.runs),
        ratios={key: value for one in playbooks for key, value in ratios(one, f"{one} ours", f"{one} before").items()},
        goals={key: goal for one in playbooks for key, goal in goals(one, most).items()},
    )
