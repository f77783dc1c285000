# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What gluster_shares costs the server it runs on where nothing is to be done, in processor seconds.

That is its Python with its children, without glusterd, which does the same for all. info is C(gluster volume info).
"""

from __future__ import annotations

import dataclasses
import json
import shlex

from benchmarks import pool
from benchmarks.row import Goal, Row
from benchmarks.stage import BenchError, Settings, Stage
from benchmarks.turns import both
from lab.report import say

# Ansible leaves what it sends to the server there, to be run again.
CONFIG = "[defaults]\nkeep_remote_files = true\n"
INFO = ["gluster", "--xml", "volume", "info"]
MEASURE = """
import json, resource, subprocess, sys
def seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
ways, times = json.loads(sys.argv[1]), int(sys.argv[2])
found = {way: [] for way in ways}
for run in range(times):
    for way in list(ways)[:: -1 if run % 2 else 1]:
        used = seconds()
        said = subprocess.run(ways[way], check=True, stdout=subprocess.PIPE).stdout
        found[way].append(seconds() - used)
        if way != "info" and json.loads(said)["changed"]:
            sys.exit(way + " changed something")
print(json.dumps(found))
"""


def measure(stage: Stage, settings: Settings) -> Row:
    shares = pool.shares(settings.count)
    ways = {"info": INFO, **{build: ["python3", _payload(one, build, shares)] for build, one in both(stage).items()}}
    say(f"Measuring what both builds cost the server, {settings.runs} times in turn ...")
    words = f"python3 - {shlex.quote(json.dumps(ways))} {settings.runs}"
    return Row(
        name="server_cpu",
        title="shares from a pool that are already as declared: processor seconds on the server",
        n=settings.count,
        runs=json.loads(stage.on_server(words, MEASURE)),
        ratios={"info": ("ours", "info"), "builds": ("ours", "before")},
        goals={"info": Goal(most=1.5)},
    )


def _payload(stage: Stage, build: str, shares: list[dict[str, object]]) -> str:
    """Where on the server the module is, with these shares as its parameters."""
    folder = f"/root/bench-{build}"
    stage.on_server(f"rm -rf {folder}")
    kept = dataclasses.replace(stage, config=CONFIG)
    kept.play(pool.OURS, shares=shares, ansible_remote_tmp=folder).unchanged()
    files = stage.on_server(f"find {folder} -name 'AnsiballZ_*'").split()
    if len(files) != 1:
        raise BenchError(f"{len(files)} modules were sent to the server, not one: {', '.join(files)}")
    return files[0]
