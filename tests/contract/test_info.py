# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module gluster_heketi_info and the inventory plugin against the stand-in, started as users start them."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils import _heketi
from ansible_collections.glusterops.shares.plugins.module_utils._errors import TimedOut
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.info import PARTS, gather
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.reconcile import reconcile
from standin import HOSTS, KEY, Heketi, counted, run, slow, want

COLLECTIONS = pathlib.Path(_heketi.__file__).parents[6]


def ansible(*words: str, **environment: str) -> str:
    """What a program of Ansible's prints, its warnings too."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEKETI_")}
    kept.update(ANSIBLE_COLLECTIONS_PATH=str(COLLECTIONS), ANSIBLE_LOCALHOST_WARNING="0", LC_ALL="C.UTF-8")
    done = subprocess.run(
        words,
        env={**kept, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout


# ---- what is read


def test_all_of_it_and_with_how_many_requests(start: t.Callable[..., Heketi]) -> None:
    client = start(foreign_volumes=["precious"]).client()
    reconcile(client, [want("a"), want("b", 3, gid=500, options={"client.ssl": "on"})], [])
    for parts, requests in {
        ("clusters",): 1 + 1 + 3,
        ("volumes",): 1,
        ("clusters", "volumes"): 1 + 1 + 3 + 1,
        ("operations",): 1,
        ("gluster",): 1 + 1 + 1,
    }.items():
        answers = counted(client)
        assert set(gather(client, parts)) == set(parts)
        assert len(answers) == requests and all(answer.startswith("GET ") for answer in answers)
    found = gather(client, PARTS)
    (cluster,) = found["clusters"]
    devices = [device for node in cluster["nodes"] for device in node["devices"]]
    volumes = {volume["name"]: volume for volume in found["volumes"]}
    assert cluster["file"] and sorted(cluster["volumes"]) == sorted(volume["id"] for volume in found["volumes"])
    assert sorted(node["storage"] for node in cluster["nodes"]) == sorted(HOSTS)
    assert {device["bricks"] for device in devices} == {2}
    assert cluster["free"] == sum(device["free"] for device in devices) == cluster["total"] - cluster["used"]
    assert (volumes["b"]["size"], volumes["b"]["size_bytes"], volumes["b"]["gid"]) == ("3G", 3 * 2**30, 500)
    assert (
        volumes["b"]["volume_options"] == {"client.ssl": "on", "cluster.lookup-optimize": "off"}
        and volumes["b"]["cluster"] == cluster["id"]
    )
    assert sorted(brick["host"] for brick in volumes["a"]["bricks"]) == sorted(HOSTS)
    assert found["operations"] == []
    assert found["gluster"]["foreign"] == ["precious"]
    assert set(volumes) <= set(found["gluster"]["volumes"])


def test_what_is_under_way_and_what_is_left(start: t.Callable[..., Heketi]) -> None:
    heketi = start(faults=[slow("v", 1000)])
    client = heketi.client()
    with pytest.raises(TimedOut):
        heketi.client(operation_timeout=0.1).operate("POST", "/volumes", want("v").request())
    answers = counted(client)
    (operation,) = gather(client, ["operations"])["operations"]
    assert (operation["kind"], operation["status"], operation["volumes"]) == ("create-volume", "under way", ["v"])
    assert len(answers) == 2
    assert gather(client, ["volumes", "gluster"]) == {"volumes": [], "gluster": {"volumes": [], "foreign": []}}
    heketi.kill()
    heketi.start()
    (left,) = gather(client, ["operations"])["operations"]
    assert left == {**operation, "status": "stale"}


# ---- the module, and the query on the control node


def test_the_module(start: t.Callable[..., Heketi]) -> None:
    heketi = start()
    connection = {"heketi_url": heketi.url, "heketi_key": KEY}
    code, found = run("gluster_heketi_info", **connection, _ansible_check_mode=True)
    assert code == 0 and not found["changed"]
    assert len(found["clusters"][0]["nodes"]) == 3 and found["volumes"] == found["operations"] == []
    assert "gluster" not in found
    code, refused = run("gluster_heketi_info", **{**connection, "heketi_key": "wr0ng"})
    assert code == 1 and refused["error"] == "refused" and refused["http_status"] == 401
    assert "heketi_key is not the key" in refused["msg"] and "wr0ng" not in json.dumps(refused["msg"])


def playbook(heketi: Heketi, path: pathlib.Path, **arguments: t.Any) -> str:
    """What a play with this one task prints. The connection options come as defaults of the action group."""
    connection = {"heketi_url": heketi.url, "heketi_key": KEY}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "module_defaults": {"group/glusterops.shares.heketi": connection},
        "tasks": [
            {"glusterops.shares.gluster_heketi_info": arguments, "register": "found"},
            {"ansible.builtin.debug": {"msg": "{{ found | to_json }}"}},
        ],
    }
    path.write_text(json.dumps([play]))
    environment = {"ANSIBLE_STDOUT_CALLBACK": "oneline"}
    return ansible("ansible-playbook", str(path), ANSIBLE_INVENTORY_UNPARSED_WARNING="0", **environment)


def test_a_query(start: t.Callable[..., Heketi], tmp_path: pathlib.Path) -> None:
    heketi = start()
    client = heketi.client()
    away = client.get(f"/clusters/{client.get('/clusters')['clusters'][0]}")["nodes"][0]
    client.operate("POST", f"/nodes/{away}/state", {"state": "offline"})
    (name,) = client.get(f"/nodes/{away}")["hostnames"]["manage"]
    query = "clusters[].nodes[] | [?state == 'offline'].manage"
    output = playbook(heketi, tmp_path / "play.yml", gather=["clusters"], query=query)
    assert {"changed": False, "failed": False, "result": [name]} == json.loads(printed(output)), output
    query = "length(clusters[].nodes[].devices[] | [?free > `1073741824`])"
    assert json.loads(printed(playbook(heketi, tmp_path / "play.yml", query=query)))["result"] == 3
    # Without a query everything is there.
    found = json.loads(printed(playbook(heketi, tmp_path / "play.yml")))
    assert [found[part] for part in ("volumes", "operations")] == [[], []] and len(found["clusters"]) == 1


@pytest.mark.parametrize(
    "query, message",
    [
        ("clusters[?", "query is not a JMESPath expression"),
        ("length(`1`)", "query cannot be evaluated"),
    ],
)
def test_a_wrong_query(start: t.Callable[..., Heketi], tmp_path: pathlib.Path, query: str, message: str) -> None:
    output = playbook(start(), tmp_path / "play.yml", gather=["operations"], query=query)
    assert message in output and KEY not in output


def printed(output: str) -> str:
    """The message that the last task printed."""
    line = next(line for line in output.splitlines() if '"msg":' in line)
    return t.cast(str, json.loads(line[line.index("{") :])["msg"])


# ---- the inventory plugin


def inventory(path: pathlib.Path, *options: str, **environment: str) -> dict[str, t.Any]:
    return t.cast(
        "dict[str, t.Any]", json.loads(ansible("ansible-inventory", "-i", str(path), *options, **environment))
    )


def test_as_an_inventory_source_of_awx(start: t.Callable[..., Heketi], tmp_path: pathlib.Path) -> None:
    """A file without options, the connection from a credential's environment, the program as AWX calls it."""
    heketi = start()
    source = tmp_path / "heketi.yml"
    source.write_text("plugin: glusterops.shares.heketi\n")
    environment = {"HEKETI_CLI_SERVER": heketi.url, "HEKETI_CLI_KEY": KEY, "ANSIBLE_INVENTORY_UNPARSED_FAILED": "1"}
    found = inventory(source, "--list", "--export", **environment)
    assert sorted(found["gluster_servers"]["hosts"]) == ["server0", "server1", "server2"]
    assert KEY not in json.dumps(found)
    graph = ansible("ansible-inventory", "-i", str(source), "--graph", **environment)
    assert "@gluster_servers:" in graph and "@heketi_zone_1:" in graph and "--server1" in graph
    assert inventory(source, "--host", "server1", **environment)["heketi_storage"] == "10.0.0.2"


def test_a_key_from_a_vault(start: t.Callable[..., Heketi], tmp_path: pathlib.Path) -> None:
    heketi = start()
    (tmp_path / "password").write_text("of the vault")
    vault = ("--vault-password-file", str(tmp_path / "password"))
    key = ansible("ansible-vault", "encrypt_string", *vault, "--name", "heketi_key", KEY)
    source = tmp_path / "production.heketi.yaml"
    source.write_text("plugin: glusterops.shares.heketi\nheketi_url: '{{ address }}'\n" + key.partition("\nEncrypt")[0])
    found = inventory(source, "--list", *vault, "-e", f"address={heketi.url}")
    assert len(found["gluster_servers"]["hosts"]) == 3


def test_the_cache_in_use(start: t.Callable[..., Heketi], tmp_path: pathlib.Path) -> None:
    heketi = start()
    source = tmp_path / "heketi.yml"
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    options = {"plugin": "glusterops.shares.heketi", "heketi_url": heketi.url, "heketi_key": KEY, **cache}
    source.write_text(json.dumps(options))
    assert len(inventory(source, "--list")["gluster_servers"]["hosts"]) == 3
    heketi.kill()
    assert len(inventory(source, "--list")["gluster_servers"]["hosts"]) == 3
    output = ansible("ansible", "all", "-i", str(source), "--flush-cache", "--list-hosts")
    assert f"No connection to {heketi.url}/clusters" in output and "hosts (0)" in output
    assert [KEY in file.read_text() for file in (tmp_path / "cache").iterdir()] == [False]


def test_a_wrong_key_for_the_inventory(start: t.Callable[..., Heketi], tmp_path: pathlib.Path) -> None:
    source = tmp_path / "heketi.yml"
    source.write_text(json.dumps({"plugin": "glusterops.shares.heketi", "heketi_url": start().url}))
    output = ansible("ansible-inventory", "-i", str(source), "--list", HEKETI_CLI_KEY="wr0ng")
    assert "heketi_key is not the key that Heketi has for heketi_user." in output and "wr0ng" not in output
