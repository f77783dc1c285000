# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many shares from a pool on the lab, whose volumes are not started, and what is measured with them.

A volume that is not started has no quota, but it reads like any other.
"""

from __future__ import annotations

import typing as t

from benchmarks.stage import BenchError, Settings, Stage
from lab.report import say

SERVERS = ("server1", "server2", "server3")
INFRASTRUCTURE = [f"glusterfs-server-{server}" for server in SERVERS]
PATTERN = "pool-#{size}G-[0-9]+"

OURS = {
    "name": "Ours",
    "glusterops.shares.gluster_shares": {
        "infrastructure": INFRASTRUCTURE,
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
# What Ansible itself takes, and one read of the cluster.
FLOOR: list[dict[str, t.Any]] = [
    {"name": "Ping", "ansible.builtin.ping": {}},
    {"name": "Read", "ansible.builtin.command": {"cmd": "gluster --xml volume info"}, "changed_when": False},
]


def shares(count: int) -> list[dict[str, t.Any]]:
    """As they are declared."""
    return [{"name": f"bench-{at}", "identities": [f"tenant-{at}"], "pattern": PATTERN} for at in range(1, count + 1)]


def volumes(count: int) -> list[dict[str, t.Any]]:
    """Their volumes, in the same order: name and options, whose values are strings as in gluster's answers."""
    return [
        {
            "name": f"pool-1G-{at}",
            "options": {
                "client.ssl": "on",
                "server.ssl": "on",
                "cluster.lookup-optimize": "off",
                "auth.ssl-allow": ",".join(sorted([*INFRASTRUCTURE, f"tenant-{at}"])),
            },
        }
        for at in range(1, count + 1)
    ]


def make(stage: Stage, settings: Settings) -> None:
    """Makes the volumes: replicated, not started, sealed, and marked as the shares'.

    Through one gluster process, whose own start would else take most of the time.
    """
    say(f"Creating {settings.count} volumes and sealing them, which takes a while ...")
    commands = []
    made = volumes(settings.count)
    declared = shares(settings.count)
    for share, volume in zip(declared, made):
        name = volume["name"]
        options = {
            **volume["options"],
            "server.dynamic-auth": "on",
            "user.glusterops-share": f"{share['name']}@{name}",
            "user.glusterops-state": "in-use",
            "user.glusterops-origin": "pool",
        }
        bricks = " ".join(f"{server}:/srv/{name}" for server in SERVERS)
        values = " ".join(f"{option} {value}" for option, value in options.items())
        commands += [f"volume create {name} replica 3 {bricks} force\n", f"volume set {name} {values}\n"]
    said = stage.on_server("gluster --mode=script", "".join(commands))
    done = said.count(": success")
    if done != len(commands):
        raise BenchError(f"only {done} of {len(commands)} commands to make volumes succeeded:\n{said[-1000:]}")
    stage.play(*PROOF, shares=declared, volumes=[volume["name"] for volume in made]).unchanged()
