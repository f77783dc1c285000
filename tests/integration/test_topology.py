# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import json
import pathlib
import re
import typing as t

import pytest
import yaml
from harness import Lab, in_order, start_glusterd, stop_glusterd

DEVICE = "/srv/bricks/sdb"
TIB = 1024**4


@pytest.fixture
def bare(as_new: t.Callable[..., Lab]) -> Lab:
    """Four servers that nobody knows, with a Heketi that knows nobody."""
    return as_new("--servers", "4", "--hosts", "1", "--no-topology")


def clusters(*numbers: int, **device: t.Any) -> list[dict[str, t.Any]]:
    devices = [{"name": DEVICE, **device}]
    return [{"nodes": [{"manage": f"server{number}", "zone": number, "devices": devices} for number in numbers]}]


def pools(lab: Lab, *numbers: int) -> list[set[str]]:
    """Whom each of these servers is connected with."""
    found = []
    for number in numbers:
        rows = lab.gluster("pool list", f"server{number}").splitlines()[1:]
        found.append({row.split()[1] for row in rows if row.split()[2] == "Connected"})
    return found


def settled(lab: Lab, *numbers: int) -> bool:
    """Whether these are one pool, and nobody else is in it. A probe returns before all know of it."""
    for _try in range(40):
        names = {f"server{number}" for number in numbers}
        if pools(lab, *numbers) == [names - {f"server{number}"} | {"localhost"} for number in numbers]:
            return True
        lab.run("server1", "sleep 0.5")
    return False


def role(bare: Lab, heketi: dict[str, t.Any]) -> None:
    """All servers of the inventory are declared, also those that the play is not run on."""
    servers = {
        f"server{number}": {
            "topology_manage": f"server{number}",
            "topology_zone": number,
            "topology_devices": [DEVICE] if number > 1 else [{"name": DEVICE, "tags": {"disk": "ssd"}}],
        }
        for number in (1, 2, 3)
    }
    declared = bare.folder / "declared.yml"
    declared.write_text(json.dumps({"gluster_servers": {"hosts": servers}}))

    nobody = bare.play("glusterops.shares.topology")
    assert nobody.rc == 0 and nobody.changed == 0, nobody.output
    first = bare.play("glusterops.shares.topology", "-i", str(declared), "--limit", "server2")
    assert first.rc == 0 and first.changed == 1, first.output
    assert re.search(r"server3:/srv/bricks/sdb added \(\d+\.\d s, \d left\)", first.output), first.output
    again = bare.play("glusterops.shares.topology", "-i", str(declared))
    assert again.rc == 0 and again.changed == 0, again.output
    assert settled(bare, 1, 2, 3)

    # A server is the same however its name is written; and what stays in the inventory wipes nothing.
    servers["server3"].update(topology_manage="SERVER3", topology_devices=[{"name": DEVICE, "destroy_data": True}])
    declared.write_text(json.dumps({"gluster_servers": {"hosts": servers}}))
    refused = bare.play("glusterops.shares.topology", "-i", str(declared))
    assert refused.rc != 0 and f"topology_devices for SERVER3:{DEVICE}" in refused.output, refused.output
    servers["server3"]["topology_devices"] = [DEVICE]
    declared.write_text(json.dumps({"gluster_servers": {"hosts": servers}}))
    named = {"topology_destroy_data": [f"server3:{DEVICE}"], "topology_purge": True}
    again = bare.play("glusterops.shares.topology", "-i", str(declared), **named)
    assert again.rc == 0 and again.changed == 0, again.output
    assert f"no effect any more for server3:{DEVICE}, which Heketi has" in " ".join(again.output.split()), again.output

    made = bare.module("localhost", "gluster_heketi_volume", name="kept", size="1G", **heketi)
    assert not made["failed"], made
    stop_glusterd(bare, "server3")
    refused = bare.play("glusterops.shares.topology", "-i", str(declared), "--limit", "server1", topology_purge=True)
    assert refused.rc != 0 and "bring back kept on server3" in refused.output, refused.output
    start_glusterd(bare, "server3")
    assert not bare.module("localhost", "gluster_heketi_volume", name="kept", state="absent", **heketi)["failed"]

    found = bare.module("localhost", "gluster_heketi_topology", clusters=[], **heketi)
    (cluster,) = found["clusters"]
    nodes = sorted(cluster["nodes"], key=lambda node: node["manage"])
    assert [(node["manage"], node["zone"]) for node in nodes] == [(f"server{number}", number) for number in (1, 2, 3)]
    assert [node["devices"][0]["tags"] for node in nodes] == [{"disk": "ssd"}, {}, {}]


def a_server_that_only_heketi_has(bare: Lab, heketi: dict[str, t.Any]) -> None:
    """Somebody else gave it to Heketi after the others had their identities: no brick comes there before it has its."""
    with open(bare.inventory, encoding="utf-8") as stream:
        inventory = yaml.safe_load(stream)
    servers = inventory["all"]["children"]["lab_nodes"]["children"]["gluster_servers"]
    del servers["hosts"]["server4"]
    servers["vars"] = {"ansible_ssh_common_args": f"-F {bare.folder / 'ssh_config'}"}
    lab = Lab(bare.folder, "three.yml")
    pathlib.Path(lab.inventory).write_text(json.dumps(inventory))

    def share(size: str) -> list[dict[str, t.Any]]:
        return [{"name": "followed", "size": size, "identities": ["tenant-a"]}]

    assert not bare.module("localhost", "gluster_heketi_topology", clusters=clusters(1, 2, 3), **heketi)["failed"]
    first = lab.play("glusterops.shares.site", shares_list=share("1G"))
    assert first.rc == 0 and "server4" not in first.hosts, first.output

    wanted = clusters(1, 2, 3, 4)
    wanted[0]["nodes"][0]["state"] = "offline"  # so that new bricks need the fourth
    assert not bare.module("localhost", "gluster_heketi_topology", clusters=wanted, **heketi)["failed"]
    refused = lab.play("glusterops.shares.shares", shares_list=share("3G"))
    assert refused.rc != 0 and "Heketi may choose server4 for its bricks" in refused.output, refused.output
    assert lab.gluster("volume info followed").count("/brick\n") == 3

    done = lab.play("glusterops.shares.site", shares_list=share("3G"))
    assert done.rc == 0 and "Heketi has servers that the inventory does not have" in done.output, done.output
    assert re.findall(r"^Brick\d+: (server4):", lab.gluster("volume info followed"), re.MULTILINE) == ["server4"]
    identity = bare.module("server4", "gluster_info", gather=["identity"])["identity"]
    assert identity["common_name"] == "glusterfs-server-server4"
    assert "glusterfs-server-server4" in lab.options("followed")["auth.ssl-allow"]
    again = lab.play("glusterops.shares.site", shares_list=share("3G"))
    assert again.rc == 0 and again.changed == 0, again.output

    gone = bare.module("localhost", "gluster_heketi_volume", name="followed", state="absent", **heketi)
    assert not gone["failed"], gone
    back = bare.module("localhost", "gluster_heketi_topology", clusters=clusters(1, 2, 3), purge=True, **heketi)
    assert not back["failed"] and settled(bare, 1, 2, 3), back


def a_fourth_server_comes_and_the_first_goes(bare: Lab, heketi: dict[str, t.Any]) -> None:
    lab = bare
    lab.module("localhost", "gluster_heketi_topology", clusters=clusters(1, 2, 3), **heketi)
    made = lab.module("localhost", "gluster_heketi_volume", name="kept", size="1G", **heketi)
    assert not made["failed"], made

    lab.run("server4", f"echo vg_of_somebody > {DEVICE}/.heketi-vg")
    refused = lab.module("localhost", "gluster_heketi_topology", clusters=clusters(1, 2, 3, 4), **heketi)
    assert refused["failed"] and f"server4:{DEVICE}" in refused["msg"] and "vg_of_somebody" in refused["msg"], refused
    assert "destroy_data: true has it wiped" in refused["msg"]
    wanted = clusters(1, 2, 3, 4, destroy_data=True)
    grown = lab.predicted("localhost", "gluster_heketi_topology", by=lab.ansible, clusters=wanted, **heketi)
    assert {change["subject"] for change in grown["changes"]} == {f"server4:{DEVICE}"}
    assert settled(lab, 1, 2, 3, 4)
    node = next(node for node in grown["clusters"][0]["nodes"] if node["manage"] == "server4")
    assert node["devices"][0]["total"] == 4 * TIB

    left = lab.predicted("localhost", "gluster_heketi_topology", clusters=clusters(2, 3, 4), purge=True, **heketi)
    assert {"subject": f"server1:{DEVICE}", "what": "bricks", "before": 1, "after": 0} in left["changes"]
    assert settled(lab, 2, 3, 4)
    assert pools(lab, 1) == [{"localhost"}]
    bricks = re.findall(r"^Brick\d+: (\w+):", lab.gluster("volume info kept", "server2"), re.MULTILINE)
    assert sorted(bricks) == ["server2", "server3", "server4"]
    gone = lab.module("localhost", "gluster_heketi_volume", name="kept", state="absent", **heketi)
    assert not gone["failed"], gone

    alone = lab.predicted("localhost", "gluster_heketi_topology", clusters=clusters(2), purge=True, **heketi)
    assert alone["undeclared"] == {"clusters": [], "nodes": [], "devices": []}
    assert pools(lab, 2, 3, 4) == [{"localhost"}] * 3


STEPS = (role, a_server_that_only_heketi_has, a_fourth_server_comes_and_the_first_goes)


def test_servers_come_and_go(bare: Lab, subtests: pytest.Subtests) -> None:
    """The steps go on from each other."""
    in_order(subtests, {act.__name__: functools.partial(act, bare, bare.heketi()) for act in STEPS})
