# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin as Ansible loads it, fed by a Heketi whose answers are written down here."""

from __future__ import annotations

import pathlib
import typing as t

import certifi
import pytest
import yaml  # type: ignore[import-untyped]
from ansible import constants
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.doc_fragments import constructed, inventory_cache
from ansible.template import Templar
from ansible_collections.glusterops.shares.plugins.inventory import heketi as plugin
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.argspec import connection_spec
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import HeketiClient
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.connection import Connection
from ansible_collections.glusterops.shares.tests.unit.plugins.module_utils._heketi.scripted import (
    KEY,
    NO_ID,
    Answer,
    Clock,
    ScriptedHeketi,
)

URL = "http://heketi.test:8080"
CLUSTERS = ("a" * 32, "b" * 32)
ALL = "gluster_servers"


NAME = plugin.InventoryModule.NAME


@pytest.fixture(autouse=True, scope="module")
def fixture_options() -> None:
    """Makes the plugin's options known to Ansible, as loading it from a collection does."""
    options: dict[str, t.Any] = {}
    for text in (constructed.ModuleDocFragment.DOCUMENTATION, inventory_cache.ModuleDocFragment.DOCUMENTATION):
        options.update(yaml.safe_load(text)["options"])
    options.update(yaml.safe_load(plugin.DOCUMENTATION)["options"])
    constants.config.initialize_plugin_configuration_definitions("inventory", NAME, options)


@pytest.fixture(autouse=True)
def fixture_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SERVER", "USER", "KEY"):
        monkeypatch.delenv(f"HEKETI_CLI_{name}", raising=False)


class Inventory:
    """An inventory from a configuration; heketi is what answers, connections what was connected to."""

    def __init__(self, directory: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.heketi = ScriptedHeketi(Clock())
        self.connections: list[Connection] = []
        self.config = directory / "test.heketi.yml"
        self.loader = DataLoader()
        self.data = InventoryData()

        def client(connection: Connection) -> HeketiClient:
            self.connections.append(connection)
            made = HeketiClient(connection, clock=self.heketi.clock)
            made.session.mount("http://", self.heketi)
            return made

        monkeypatch.setattr(plugin, "HeketiClient", client)

    def has(self, **clusters: list[dict[str, t.Any]]) -> None:
        """Clusters by a letter, with what they answer about their servers."""
        self.heketi.on("GET /clusters", {"clusters": [letter * 32 for letter in clusters]})
        for letter, servers in clusters.items():
            cluster = {"id": letter * 32, "file": True, "block": True, "volumes": [], "blockvolumes": []}
            self.heketi.on(f"GET /clusters/{letter * 32}", {**cluster, "nodes": [one["id"] for one in servers]})
            for one in servers:
                self.heketi.on(f"GET /nodes/{one['id']}", {**one, "cluster": letter * 32})

    def read(self, flush: bool = False, **options: t.Any) -> None:
        """Reads the inventory of these options, as --flush-cache does or not."""
        given = {"plugin": NAME, "heketi_url": URL, "heketi_key": KEY, **options}
        self.config.write_text(yaml.safe_dump({key: value for key, value in given.items() if value is not None}))
        self.data = InventoryData()
        loaded = plugin.InventoryModule()
        loaded._load_name = loaded.ansible_name = NAME
        loaded._redirected_names = [NAME]
        assert loaded.verify_file(str(self.config))
        loaded.parse(self.data, self.loader, str(self.config), cache=not flush)
        if options.get("cache"):
            loaded.update_cache_if_changed()
        self.data.reconcile_inventory()

    def groups(self) -> dict[str, list[str]]:
        groups = {name: sorted(host.name for host in group.hosts) for name, group in self.data.groups.items()}
        return {name: hosts for name, hosts in groups.items() if name not in ("all", "ungrouped")}

    def variables(self, host: str) -> dict[str, t.Any]:
        found = self.data.get_host(host)
        assert found
        return {name: value for name, value in found.vars.items() if not name.startswith("inventory_")}

    def refused(self, **options: t.Any) -> str:
        with pytest.raises(AnsibleError) as caught:
            self.read(**options)
        assert KEY not in str(caught.value)
        return str(caught.value)


@pytest.fixture(name="inventory")
def fixture_inventory(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Inventory:
    """Three servers in two clusters."""
    inventory = Inventory(tmp_path, monkeypatch)
    inventory.has(
        a=[server("1", zone=1, tags={"rack": "r-1", "arbiter": "disabled"}), server("2", zone=2)],
        b=[server("3", zone=1, state="offline", tags={"rack": "r-2"})],
    )
    return inventory


def server(number: str, **other: t.Any) -> dict[str, t.Any]:
    device = {
        "id": "d" * 32,
        "name": "/dev/sdb",
        "state": "online",
        "storage": {"total": 300, "free": 200, "used": 100},
        "bricks": None,
        "tags": {"disk": "ssd"},
    }
    names = {"manage": [f"server{number}"], "storage": [f"10.0.0.{number}"]}
    return {"id": number * 32, "hostnames": names, "zone": 1, "state": "online", "devices": [device], **other}


# ---- what there is


def test_groups(inventory: Inventory) -> None:
    inventory.read()
    assert inventory.groups() == {
        "gluster_servers": ["server1", "server2", "server3"],
        f"heketi_cluster_{CLUSTERS[0]}": ["server1", "server2"],
        f"heketi_cluster_{CLUSTERS[1]}": ["server3"],
        "heketi_zone_1": ["server1", "server3"],
        "heketi_zone_2": ["server2"],
        "heketi_tag_rack_r_1": ["server1"],
        "heketi_tag_rack_r_2": ["server3"],
        "heketi_tag_arbiter_disabled": ["server1"],
    }
    assert len(inventory.heketi.calls) == 1 + 2 + 3


def test_variables(inventory: Inventory) -> None:
    inventory.read()
    assert inventory.variables("server1") == {
        "ansible_host": "server1",
        "heketi_id": "1" * 32,
        "heketi_cluster": CLUSTERS[0],
        "heketi_manage": "server1",
        "heketi_storage": "10.0.0.1",
        "heketi_zone": 1,
        "heketi_state": "online",
        "heketi_tags": {"rack": "r-1", "arbiter": "disabled"},
        "heketi_devices": [
            {"name": "/dev/sdb", "state": "online", "size": 300 * 1024, "free": 200 * 1024, "tags": {"disk": "ssd"}}
        ],
    }
    assert inventory.variables("server3")["heketi_state"] == "offline"


def test_other_names(inventory: Inventory) -> None:
    inventory.read(hostname="storage", group="bricks of ours")
    assert inventory.groups()["bricks_of_ours"] == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    assert "gluster_servers" not in inventory.groups()
    assert inventory.variables("10.0.0.1")["ansible_host"] == "server1"


def test_constructed(inventory: Inventory) -> None:
    inventory.read(
        compose={"free_kib": "heketi_devices | map(attribute='free') | sum // 1024", "called": "inventory_hostname"},
        groups={"away": "heketi_state != 'online'"},
        keyed_groups=[{"key": "heketi_tags.rack | default('none')", "prefix": "in"}],
    )
    groups = inventory.groups()
    assert groups["away"] == ["server3"]
    assert (groups["in_r_1"], groups["in_none"], groups["in_r_2"]) == (["server1"], ["server2"], ["server3"])
    variables = inventory.variables("server2")
    assert (int(variables["free_kib"]), variables["called"]) == (200, "server2")


def test_strict(inventory: Inventory) -> None:
    inventory.read(compose={"x": "heketi_tags.rack"})
    assert "x" in inventory.variables("server1") and "x" not in inventory.variables("server2")
    assert "Could not set x for host server2" in inventory.refused(compose={"x": "heketi_tags.rack"}, strict=True)


def test_a_tag_is_no_template(inventory: Inventory) -> None:
    inventory.has(a=[server("1", tags={"x": "{{ 1 + 1 }}"})])
    inventory.read(compose={"composed": "heketi_tags.x"})
    variables = inventory.variables("server1")
    templar = Templar(loader=inventory.loader, variables=variables)
    assert templar.template(variables["heketi_tags"]) == {"x": "{{ 1 + 1 }}"}
    assert templar.template(variables["composed"]) == "{{ 1 + 1 }}"
    assert inventory.groups()["heketi_tag_x____1___1___"] == ["server1"]


@pytest.mark.parametrize("name", ["-server1", "{{ 1 + 1 }}", "fe80::2%{{ 1 + 1 }}"])
@pytest.mark.parametrize("hostname", ["manage", "storage"])
def test_what_is_no_name_is_nobodys(inventory: Inventory, name: str, hostname: str) -> None:
    """Not its name in the inventory, nor that by which Ansible logs in."""
    other = server("2")
    other["hostnames"] = {"manage": [name], "storage": other["hostnames"]["storage"]}
    inventory.has(a=[server("1"), other])
    said = inventory.refused(hostname=hostname)
    assert f"Heketi has a server {name!r}, which is neither a host name nor an address. Take it out" in said


def test_nothing_there(inventory: Inventory) -> None:
    inventory.heketi.on("GET /clusters", {"clusters": None})
    inventory.read()
    assert inventory.groups() == {} and not inventory.data.hosts


def test_what_vanishes_is_left_out(inventory: Inventory) -> None:
    inventory.heketi.on(f"GET /clusters/{CLUSTERS[1]}", NO_ID)
    inventory.heketi.on(f"GET /nodes/{'1' * 32}", NO_ID)
    inventory.read()
    assert inventory.groups()[ALL] == ["server2"]


def test_two_servers_of_one_name(inventory: Inventory) -> None:
    twin = {"manage": ["server9"], "storage": ["10.0.0.1"]}
    inventory.has(a=[server("1")], b=[server("2", hostnames=twin)])
    inventory.read()
    assert inventory.groups()[ALL] == ["server1", "server9"]
    message = inventory.refused(hostname="storage")
    assert "Two servers have the storage name '10.0.0.1', " + "1" * 32 + " in cluster " + "a" * 32 in message


# ---- how to reach it


def test_options_are_those_of_the_modules(inventory: Inventory) -> None:
    documented = yaml.safe_load(plugin.DOCUMENTATION)["options"]
    for name, option in connection_spec().items():
        if name in ("operation_timeout", "poll_interval", "unreachable_timeout"):
            assert name not in documented
            continue
        for what in ("type", "default", "required"):
            assert documented[name].get(what) == option.get(what), (name, what)
        _how, variables = option.get("fallback", (None, []))
        assert [entry["name"] for entry in documented[name].get("env", [])] == variables


def test_the_environment_stands_in(inventory: Inventory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEKETI_CLI_SERVER", URL)
    monkeypatch.setenv("HEKETI_CLI_KEY", KEY)
    inventory.read(heketi_url=None, heketi_key=None)
    (connection,) = inventory.connections
    assert (connection.url, connection.key, connection.user, connection.verify) == (URL, KEY, "admin", True)


def test_a_template(inventory: Inventory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY_OF_MINE", KEY)
    inventory.read(heketi_key="{{ lookup('env', 'A_KEY_OF_MINE') }}", heketi_user="{{ 'ad' ~ 'min' }}")
    assert (inventory.connections[0].key, inventory.connections[0].user) == (KEY, "admin")


@pytest.mark.parametrize("key", [12345678, "12345678", "{{ 12345678 }}"])
def test_a_key_that_looks_like_a_number(inventory: Inventory, key: t.Any) -> None:
    with pytest.raises(AssertionError):
        # The signature is not that of the tests' key.
        inventory.read(heketi_key=key)
    assert inventory.connections[0].key == "12345678"


def test_certificates(inventory: Inventory) -> None:
    inventory.read(ca_path=certifi.where(), request_timeout=7)
    inventory.read(validate_certs=False)
    assert inventory.connections[0].verify == certifi.where()
    assert inventory.connections[0].request_timeout == 7
    assert inventory.connections[1].verify is False


# ---- what goes wrong


@pytest.mark.parametrize(
    "options, message",
    [
        ({"heketi_url": "heketi"}, "heketi_url must look like 'https://heketi.example.com:8080'"),
        ({"heketi_key": ""}, "heketi_key is empty: is the variable that it comes from defined?"),
        ({"heketi_key": "{{ lookup('env', 'NOT_SET_AT_ALL') }}"}, "heketi_key is empty: is the variable"),
        ({"heketi_key": KEY + "{{"}, "heketi_key is a template that cannot be evaluated: "),
        ({"heketi_url": "{{ nowhere }}"}, "heketi_url is a template that cannot be evaluated: 'nowhere' is undefined"),
        ({"heketi_url": None}, "heketi_url"),
        ({"request_timeout": 0}, "request_timeout 0 must be from 1 to"),
        ({"request_timeout": "soon"}, "request_timeout"),
        ({"validate_certs": "perhaps"}, "validate_certs 'perhaps' is neither true nor false."),
        ({"ca_path": "/not/there.pem"}, "ca_path '/not/there.pem' is not a file with certificates"),
        ({"hostname": "other"}, "hostname"),
        ({"plugin": "glusterops.shares.else"}, "Incorrect plugin name in file"),
    ],
)
def test_wrong_options(inventory: Inventory, options: dict[str, t.Any], message: str) -> None:
    assert message in inventory.refused(**options)
    assert inventory.heketi.calls == []


@pytest.mark.parametrize(
    "answer, message",
    [
        (
            Answer(401, "Invalid JWT token: signature is invalid (client and server secrets may not match)\n"),
            "heketi_key is not the key that Heketi has for heketi_user.",
        ),
        (ConnectionRefusedError("refused"), f"GET {URL}/clusters was not sent: refused."),
        (
            Answer(200, "<html>hello</html>"),
            "was answered with HTML (HTTP 200), so not by Heketi: is heketi_url right?",
        ),
        (Answer(301, "", Location="https://x/"), "was redirected to https://x/"),
        (Answer(200, {"things": []}), "Heketi's answer about its clusters is not as expected"),
    ],
)
def test_wrong_answers(inventory: Inventory, answer: t.Any, message: str) -> None:
    inventory.heketi.on("GET /clusters", answer)
    refused = inventory.refused()
    assert message in refused and refused.count("\n") == 0


@pytest.mark.parametrize("name", ["hosts.yml", "heketi.json", "heketi.yml.old"])
def test_other_files_are_left_alone(tmp_path: pathlib.Path, name: str) -> None:
    (tmp_path / name).write_text("plugin: glusterops.shares.heketi\n")
    assert not plugin.InventoryModule().verify_file(str(tmp_path / name))
    assert not plugin.InventoryModule().verify_file(str(tmp_path / "not-there.heketi.yml"))


# ---- the cache


@pytest.fixture(name="cached")
def fixture_cached(inventory: Inventory) -> dict[str, t.Any]:
    directory = inventory.config.parent / "cache"
    return {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(directory)}


def test_without_a_cache_each_run_asks(inventory: Inventory) -> None:
    for _run in range(2):
        inventory.read()
    assert inventory.heketi.count("GET /clusters") == 2


def test_a_cache_saves_the_requests(inventory: Inventory, cached: dict[str, t.Any]) -> None:
    inventory.read(**cached)
    groups, variables, asked = inventory.groups(), inventory.variables("server1"), len(inventory.heketi.calls)
    inventory.read(**cached)
    assert (inventory.groups(), inventory.variables("server1")) == (groups, variables)
    assert len(inventory.heketi.calls) == asked
    # Groups and variables are composed anew.
    inventory.read(**cached, group="other", compose={"x": "heketi_zone"})
    assert inventory.groups()["other"] == ["server1", "server2", "server3"]
    assert len(inventory.heketi.calls) == asked


def test_a_cache_is_refreshed(inventory: Inventory, cached: dict[str, t.Any]) -> None:
    inventory.read(**cached)
    inventory.has(a=[server("4")])
    inventory.read(**cached)
    assert inventory.groups()[ALL] == ["server1", "server2", "server3"]
    inventory.read(flush=True, **cached)
    assert inventory.groups()[ALL] == ["server4"]
    inventory.read(**cached)
    assert inventory.groups()[ALL] == ["server4"]


def test_a_cache_is_of_one_heketi(inventory: Inventory, cached: dict[str, t.Any]) -> None:
    inventory.read(**cached)
    inventory.has(a=[server("4")])
    inventory.read(**cached, heketi_url="http://other.test:8080")
    assert inventory.groups()[ALL] == ["server4"]
    inventory.read(**cached, heketi_url=URL + "/")
    assert inventory.groups()[ALL] == ["server1", "server2", "server3"]


def test_the_key_is_not_in_the_cache(inventory: Inventory, cached: dict[str, t.Any]) -> None:
    inventory.read(**cached)
    files = list(pathlib.Path(cached["cache_connection"]).iterdir())
    assert files
    for file in files:
        assert KEY not in file.read_text() and "server1" in file.read_text()


def test_a_failure_is_not_cached(inventory: Inventory, cached: dict[str, t.Any]) -> None:
    inventory.heketi.on("GET /clusters", Answer(401, "Invalid JWT token\n"), {"clusters": ["a" * 32]})
    with pytest.raises(AnsibleParserError):
        inventory.read(**cached)
    inventory.read(**cached)
    assert inventory.groups()[ALL] == ["server1", "server2"]
