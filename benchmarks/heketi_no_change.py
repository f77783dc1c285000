# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing to do for many volumes of Heketi: requests, time and memory.

bare asks for each volume, with eight connections that are kept open and nothing done with the answers, as who does not
read Heketi's database has to. ours is the module's work, before that of the build to compare with. server is how long
ours kept the stand-in's processor busy. task is a whole run of ansible-playbook.
"""

from __future__ import annotations

from benchmarks.before import before
from benchmarks.heketi_create import TASK
from benchmarks.row import Figure, Goal, Row
from benchmarks.stage import BenchError, Settings, Stage
from benchmarks.standin import Bare, Standin, bare_loop, run_module
from lab.report import say

COUNT = 1000


def measure(stage: Stage, settings: Settings) -> Row:
    volumes = [{"name": f"bench{number}", "size": "1G"} for number in range(1, COUNT + 1)]
    runs: dict[str, list[float]] = {"bare": [], "server": [], "ours": [], "before": [], "task": []}
    requests = []
    with Standin(0) as standin:
        say(f"Creating {COUNT} volumes ...")
        made = run_module("gluster_heketi_volumes", volumes=volumes, poll_interval=0.05, **standin.parameters)
        memory = [made.memory]
        if not made.changed:
            raise BenchError("gluster_heketi_volumes did not create the volumes")
        say(f"Measuring {COUNT} volumes that are there, {settings.runs} times ...")
        for _run in range(settings.runs):
            bare = Bare(standin)
            paths = [
                "/volumes",
                *(f"/volumes/{one}" for one in bare.volumes()),
                *(f"/nodes/{one}" for one in bare.nodes()),
            ]
            runs["bare"].append(bare_loop(standin, lambda one, path: one.ask("GET", path), paths))
            asked, busy = standin.requests(), standin.seconds()
            done = run_module("gluster_heketi_volumes", volumes=volumes, **standin.parameters)
            requests.append(standin.requests() - asked)
            runs["server"].append(standin.seconds() - busy)
            runs["ours"].append(done.seconds)
            memory.append(done.memory)
            earlier = run_module("gluster_heketi_volumes", str(before()), volumes=volumes, **standin.parameters)
            runs["before"].append(earlier.seconds)
            if done.changed or earlier.changed:
                raise BenchError("gluster_heketi_volumes changed something where nothing had to be changed")
            runs["task"].append(stage.play(TASK, volumes=volumes, **standin.parameters).unchanged().seconds)
    return Row(
        name="heketi_no_change",
        title="volumes of Heketi that are already as declared",
        n=COUNT,
        runs=runs,
        ratios={"bare": ("ours", "bare"), "before": ("ours", "before")},
        goals={"bare": Goal(most=0.6)},
        figures={
            "requests": Figure(max(requests), "", Goal(most=20)),
            "memory": Figure(max(memory), "MiB", Goal(most=150)),
        },
    )
