# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin and gluster_heketi_info on the lab's Heketi, which sees real Gluster."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import typing as t

import pytest
import yaml
from harness import SERVERS, Lab

NAMES = ["server1", "server2", "server3"]


@pytest.fixture(scope="module")
def heketi(lab: Lab) -> dict[str, str]:
    """How to reach Heketi."""
    with open(lab.inventory, encoding="utf-8") as stream:
        variables = yaml.safe_load(stream)["all"]["vars"]
    return {"heketi_url": variables["lab_heketi_url"], "heketi_key": variables["lab_heketi_key"]}


@pytest.fixture
def source(heketi: dict[str, str], tmp_path: pathlib.Path) -> str:
    """A configuration that has the address; the key comes from the environment."""
    path = tmp_path / "lab.heketi.yml"
    options = {
        "plugin": "glusterops.shares.heketi",
        "heketi_url": heketi["heketi_url"],
        "keyed_groups": [{"key": "heketi_state", "prefix": "now"}],
        "compose": {"room": "heketi_devices | map(attribute='free') | sum"},
    }
    path.write_text(yaml.safe_dump(options))
    return str(path)


def run(heketi: dict[str, str], *words: str) -> str:
    environment = {**os.environ, "HEKETI_CLI_KEY": heketi["heketi_key"], "ANSIBLE_INVENTORY_UNPARSED_FAILED": "1"}
    done = subprocess.run(
        words, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert heketi["heketi_key"] not in done.stdout + done.stderr
    return done.stdout


def test_graph(heketi: dict[str, str], source: str) -> None:
    graph = run(heketi, "ansible-inventory", "-i", source, "--graph")
    groups = [line.strip("|- :@") for line in graph.splitlines() if "@" in line]
    assert {"gluster_servers", "now_online"} <= set(groups)
    assert [group[:15] for group in groups].count("heketi_cluster_") == 1
    for name in NAMES:
        assert f"--{name}\n" in graph


def test_list(heketi: dict[str, str], source: str) -> None:
    listed = json.loads(run(heketi, "ansible-inventory", "-i", source, "--list"))
    assert listed["gluster_servers"]["hosts"] == listed["now_online"]["hosts"] == NAMES
    for name in NAMES:
        variables = json.loads(run(heketi, "ansible-inventory", "-i", source, "--host", name))
        assert variables["ansible_host"] == variables["heketi_manage"] == name
        assert variables["heketi_state"] == "online" and variables["heketi_zone"] >= 1
        (device,) = variables["heketi_devices"]
        assert device["state"] == "online" and 0 < int(variables["room"]) == device["free"] <= device["size"]


def test_its_hosts_can_be_worked_on(lab: Lab, heketi: dict[str, str], source: str) -> None:
    """With the lab's own inventory after it, which tells how to log in."""
    words = ("-m", "ansible.builtin.command", "-a", "gluster --mode=script pool list")
    done = run(heketi, "ansible", "now_online", "-i", source, "-i", lab.inventory, *words)
    assert done.count("| CHANGED |") == 3 and done.count("Connected") == 9


def test_what_heketi_tells(identities: Lab, heketi: dict[str, str], untouched: str) -> None:
    lab = identities
    made = {**heketi, "name": "made-seen", "poll_interval": 0.2}
    done = lab.module("localhost", "gluster_heketi_volume", **made, size="1G", seal=SERVERS, known_volumes=[])
    assert not done["failed"], done
    try:
        found = lab.ansible(
            "localhost", "gluster_heketi_info", gather=["clusters", "volumes", "operations", "gluster"], **heketi
        )
        assert not found["failed"] and not found["changed"], found
        (cluster,) = found["clusters"]
        assert sorted(node["manage"] for node in cluster["nodes"]) == NAMES
        assert cluster["used"] >= 3 * 2**30 and cluster["total"] == cluster["used"] + cluster["free"]
        (volume,) = [volume for volume in found["volumes"] if volume["name"] == "made-seen"]
        assert volume["volume_options"]["auth.ssl-allow"] == ",".join(SERVERS) and not volume["cloned"]
        assert {brick["host"] for brick in volume["bricks"]} == {node["storage"] for node in cluster["nodes"]}
        assert found["operations"] == []
        assert {"made-seen", untouched} <= set(found["gluster"]["volumes"])
        assert untouched in found["gluster"]["foreign"] and "made-seen" not in found["gluster"]["foreign"]
        query = "volumes[?size_bytes >= `1073741824`].name"
        asked: dict[str, t.Any] = {"gather": ["volumes"], "query": query, **heketi}
        assert "made-seen" in lab.ansible("localhost", "gluster_heketi_info", **asked)["result"]
    finally:
        lab.module("localhost", "gluster_heketi_volume", **made, state="absent")
