# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A site of three servers and fifty hosts where there is nothing to do.

The fifty are names of the lab's two hosts, in turn, each with an ssh connection of its own. ping is a play that pings
all machines twice.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import shlex
import typing as t
from functools import partial

import yaml  # type: ignore[import-untyped]

from benchmarks import site
from benchmarks.row import Goal, Row
from benchmarks.stage import NAME, Settings, Stage
from benchmarks.turns import both, in_turn, ratios
from lab.report import say
from lab.state import Lab

HOSTS = 50
PATH = "/srv/data"
PINGS: list[dict[str, t.Any]] = [{"name": f"Ping {time}", "ansible.builtin.ping": {}} for time in (1, 2)]


def measure(stage: Stage, settings: Settings) -> Row:
    say("Mounting the share on both hosts ...")
    two = ("-e", json.dumps(_share(["host1", "host2"])))
    site.run(stage, "site", *two)
    many = dataclasses.replace(stage, inventory=_inventory(), host="gluster_servers:gluster_hosts")
    all_of_them = ("-e", json.dumps(_share([f"host{at}" for at in range(1, HOSTS + 1)])))
    say(f"Running site on {HOSTS} hosts with both builds, {settings.runs} times in turn ...")
    ways = {
        **{build: partial(site.nothing, one, "site", *all_of_them) for build, one in both(many).items()},
        "ping": partial(many.play, *PINGS),
    }
    many.play(*PINGS)  # Opens the ssh connections.
    runs = in_turn(ways, settings.runs)
    return Row(
        name="site_50_hosts",
        title="hosts of a site where nothing is to be done",
        n=HOSTS,
        runs=runs,
        ratios={**ratios("site", "ours", "before"), **ratios("ping", "ours", "ping")},
        goals={"site wall": Goal(most=0.35), "ping wall": Goal(most=2.5)},
    )


def _share(hosts: t.Sequence[str]) -> dict[str, t.Any]:
    """The demo's share, for both tenants, mounted on these hosts."""
    mounts = [{"host": host, "path": PATH} for host in hosts]
    share = {"name": "tenant-a-data", "size": "2G", "identities": ["tenant-a", "tenant-b"], "mounts": mounts}
    return {"shares_list": [share]}


def _inventory() -> str:
    """Written beside the lab's, where its CA is."""
    lab = Lab(NAME)
    inventory = yaml.safe_load(pathlib.Path(lab.path("inventory.yml")).read_text("utf-8"))
    groups = inventory["all"]["children"]["lab_nodes"]["children"]
    del groups["lab_nobody"]
    real = list(groups["gluster_hosts"]["hosts"].values())
    groups["gluster_hosts"]["hosts"] = {
        name: {**real[at % len(real)], "ansible_ssh_common_args": _ssh(lab, name)}
        for at, name in enumerate(f"host{number}" for number in range(1, HOSTS + 1))
    }
    path = pathlib.Path(lab.path(f"inventory-{HOSTS}-hosts.yml"))
    path.write_text(json.dumps(inventory), "utf-8")
    return str(path)


def _ssh(lab: Lab, name: str) -> str:
    options = [option for option in lab.ssh_options() if not option.startswith("ControlPath=")]
    return " ".join(f"-o {shlex.quote(option)}" for option in [*options, f"ControlPath={lab.sockets}/{name}"])
