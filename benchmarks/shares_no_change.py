# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing to do for many shares from a pool: one task of ours, the floor of Ansible itself, the usual module in a loop.

The goals are for a thousand.
"""

from __future__ import annotations

import dataclasses
import typing as t

from benchmarks.peer import gluster_collection
from benchmarks.row import Goal, Row
from benchmarks.stage import BenchError, Settings, Stage
from lab.report import say

SERVERS = ("server1", "server2", "server3")
INFRASTRUCTURE = [f"glusterfs-server-{server}" for server in SERVERS]
PATTERN = "pool-#{size}G-[0-9]+"

OURS = {
    "name": "Ours",
    "glusterops.shares.gluster_shares": {
        "infrastructure": INFRASTRUCTURE,
        # A volume that is not started has no quota, but it reads like any other.
        "start": False,
        "shares": "{{ shares }}",
    },
}
# That they are those volumes' shares, by their marks: no share has a volume's name.
PROOF: list[dict[str, t.Any]] = [
    {**OURS, "register": "found"},
    {
        "name": "Theirs",
        "ansible.builtin.assert": {"that": ["found.shares | map(attribute='volume') | list == volumes"], "quiet": True},
    },
]
FLOOR: list[dict[str, t.Any]] = [
    {"name": "Ping", "ansible.builtin.ping": {}},
    {"name": "Read", "ansible.builtin.command": {"cmd": "gluster --xml volume info"}, "changed_when": False},
]
LOOP = {
    "name": "Loop",
    # No cluster and no bricks, so that it has the least to compare.
    "gluster.gluster.gluster_volume": {
        "name": "{{ item.name }}",
        "state": "present",
        "start_on_create": False,
        "options": "{{ item.options }}",
    },
    "loop": "{{ volumes }}",
    "loop_control": {"label": "{{ item.name }}"},
}


def measure(stage: Stage, settings: Settings) -> Row:
    stage.add_collections(gluster_collection())
    numbers = range(1, settings.count + 1)
    shares = [{"name": f"bench-{at}", "identities": [f"tenant-{at}"], "pattern": PATTERN} for at in numbers]
    volumes = [
        {
            "name": f"pool-1G-{at}",
            # Strings, because booleans make the usual module fail.
            "options": {
                "client.ssl": "on",
                "server.ssl": "on",
                "auth.ssl-allow": ",".join(sorted([*INFRASTRUCTURE, f"tenant-{at}"])),
            },
        }
        for at in numbers
    ]
    _create(stage, shares, volumes)
    stage.play(*PROOF, shares=shares, volumes=[volume["name"] for volume in volumes]).unchanged()
    runs: dict[str, list[float]] = {"ours": [], "floor": [], "loop": []}
    _quick(stage, shares, settings.runs, runs)
    say(f"Measuring the loop over {settings.loop_count} volumes, once ...")
    runs["loop"].append(_loop(stage, volumes[: settings.loop_count]))
    # Before and after it, because the machine may get busier or quieter during the minutes that the loop takes.
    _quick(stage, shares, settings.runs, runs)
    row = Row(
        name="shares_no_change",
        title="shares from a pool that are already as declared",
        n=settings.count,
        runs=runs,
        ratios={"loop": ("loop", "ours"), "floor": ("ours", "floor")},
        goals={"loop": Goal(least=250), "floor": Goal(most=1.5)},
    )
    if settings.loop_count == settings.count:
        return row
    # The floor stands for what does not grow with the volumes. It is more than that, so this is in the loop's favour.
    fixed = row.seconds("floor")
    scaled = fixed + max(row.seconds("loop") - fixed, 0) * settings.count / settings.loop_count
    return dataclasses.replace(row, scaled={"loop": (settings.loop_count, scaled)})


def _create(stage: Stage, shares: list[dict[str, t.Any]], volumes: list[dict[str, t.Any]]) -> None:
    """Replicated volumes, not started, sealed, and marked as the shares'.

    Through one gluster process, whose own start would else take most of the time.
    """
    say(f"Creating {len(volumes)} volumes and sealing them, which takes a while ...")
    commands = []
    for share, volume in zip(shares, volumes):
        name = volume["name"]
        options = {
            **volume["options"],
            "server.dynamic-auth": "on",
            "user.glusterops-share": f"{share['name']}@{name}",
            "user.glusterops-state": "in-use",
            "user.glusterops-origin": "pool",
        }
        bricks = " ".join(f"{server}:/srv/{name}" for server in SERVERS)
        settings = " ".join(f"{option} {value}" for option, value in options.items())
        commands += [f"volume create {name} replica 3 {bricks} force\n", f"volume set {name} {settings}\n"]
    said = stage.on_server("gluster --mode=script", "".join(commands))
    done = said.count(": success")
    if done != len(commands):
        raise BenchError(f"only {done} of {len(commands)} commands to make volumes succeeded:\n{said[-1000:]}")


def _quick(stage: Stage, shares: list[dict[str, t.Any]], times: int, runs: dict[str, list[float]]) -> None:
    say(f"Measuring ours and the floor, {times} times in turn ...")
    stage.play(*FLOOR)  # Opens the ssh connection.
    for _run in range(times):
        runs["floor"].append(stage.play(*FLOOR).unchanged().seconds)
        runs["ours"].append(stage.play(OURS, shares=shares).unchanged().seconds)


def _loop(stage: Stage, volumes: list[dict[str, t.Any]]) -> float:
    play = stage.play(LOOP, volumes=volumes).unchanged()
    looked = play.output.count("ok: [")
    if looked != len(volumes):
        raise BenchError(f"the loop looked at {looked} volumes, not at {len(volumes)}:\n{play.output[-1000:]}")
    return play.seconds
