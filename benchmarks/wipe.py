# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Removing many small files from a sealed volume with three copies: as a share is wiped, and with C(rm -rf).

Both on the same mount, in turn, with the files in many directories and in one. From one directory the kernel lets only
one at a time remove, so there both take the same time.
"""

from __future__ import annotations

import pathlib
import re

from benchmarks.row import Goal, Row
from benchmarks.stage import BenchError, Settings, Stage
from lab.report import say
from lab.state import ROOT

COUNT = 3000
DIRECTORIES = {"many": 60, "one": 1}
SERVERS = ("server1", "server2", "server3")
VOLUME = "bench"
MOUNT = "/mnt/bench"
TREE = f"{MOUNT}/tree"

SEAL = {
    "name": "Seal and start",
    "glusterops.shares.gluster_shares": {
        "infrastructure": [f"glusterfs-server-{server}" for server in SERVERS],
        "shares": [{"name": VOLUME}],
    },
}
OURS = {"name": "Ours", "wipe_tree": {"path": TREE, "volume": VOLUME}, "register": "done"}
TOLD = {"name": "Told", "ansible.builtin.debug": {"msg": "{{ done.files }} files in {{ done.wiped_in }} seconds"}}

MAKE = f"""
import concurrent.futures, os
def make(number):
    path = "{TREE}/" + str(number)
    os.makedirs(path)
    for at in range({COUNT} // count):
        os.close(os.open(path + "/" + str(at), os.O_CREAT))
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    list(pool.map(make, range(count)))
"""
REMOVE = f"""
import os, subprocess, time
began = time.monotonic()
subprocess.run(["rm", "-rf", "{TREE}"], check=True)
print(time.monotonic() - began)
"""


def measure(stage: Stage, settings: Settings) -> Row:
    say("Making a sealed volume ...")
    stage.playbook("glusterops.shares.tls", "-e", f"@{ROOT}/lab/vars.yml")
    stage.add_module(pathlib.Path(__file__).with_name("wipe_tree.py"))
    bricks = " ".join(f"{server}:/srv/{VOLUME}" for server in SERVERS)
    stage.on_server(f"gluster --mode=script volume create {VOLUME} replica 3 {bricks} force")
    stage.play(SEAL)
    stage.on_server(f"mkdir -p {MOUNT} && mount -t glusterfs localhost:/{VOLUME} {MOUNT} && findmnt {MOUNT}")
    runs: dict[str, list[float]] = {}
    for run in range(settings.runs):
        for where, directories in DIRECTORIES.items():
            say(f"Removing {COUNT} files from {where}, in both ways, run {run + 1} of {settings.runs} ...")
            for what, remove in WAYS[:: -1 if run % 2 else 1]:
                stage.on_server("python3 -", f"count = {directories}\n{MAKE}")
                runs.setdefault(f"{what} {where}", []).append(remove(stage))
    stage.on_server(f"umount {MOUNT}")
    row = Row(
        name="wipe",
        title="small files removed from a sealed volume with three copies, of many directories and of one",
        n=COUNT,
        runs=runs,
        ratios={where: (f"rm {where}", f"ours {where}") for where in DIRECTORIES},
        goals={"many": Goal(least=1), "one": Goal(least=0.9)},
    )
    for what in runs:
        say(f"{what}: {COUNT / row.middle(what):.0f} files a second")
    return row


def _rm(stage: Stage) -> float:
    return float(stage.on_server("python3 -", REMOVE))


def _ours(stage: Stage) -> float:
    output = stage.play(OURS, TOLD).output
    told = re.search(r"(\d+) files in ([\d.]+) seconds", output)
    if not told or int(told.group(1)) != COUNT:
        raise BenchError(f"not all {COUNT} files were wiped:\n{output}")
    return float(told.group(2))


WAYS = (("rm", _rm), ("ours", _ours))
