# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad values of every option of the modules and the inventory plugin that talk to Heketi, one row for each kind.

Each is refused with one sentence that names the option and the value, before Heketi is asked for anything, or before
anything but reading where only Heketi can know.
"""

from __future__ import annotations

import importlib
import io
import json
import pathlib
import re
import sys
import types
import typing as t

import pytest
import requests.adapters
import yaml  # type: ignore[import-untyped]
from ansible import constants
from ansible.errors import AnsibleError
from ansible.inventory.data import InventoryData
from ansible.module_utils import basic
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.doc_fragments import constructed, inventory_cache
from ansible_collections.glusterops.shares.plugins.inventory import heketi as plugin
from standin import HOSTS, KEY, MODULES, Heketi

NO_CLUSTER = "0" * 32
INVENTORY = plugin.InventoryModule.NAME

Params = t.Dict[str, t.Any]


class Bad(t.NamedTuple):
    """Parameters of a module with a bad value for option; shown is how the message must show the value.

    Where the value is of a wrong type, Ansible itself refuses it and shows only the type.

    reads: only Heketi can know, so it may be read.
    """

    module: str
    params: Params
    option: str
    shown: str
    reads: bool = False

    def __str__(self) -> str:
        return f"{self.module.replace('gluster_heketi_', '')}-{self.option}-{self.shown[:24]}".replace(" ", "_")


def shown(value: t.Any) -> str:
    return repr(value) if isinstance(value, str) else str(value)


def volume(option: str, value: t.Any, show: str | None = None, reads: bool = False, **other: t.Any) -> Bad:
    params = {"name": "v", "size": "1G", **other, option: value}
    return Bad("gluster_heketi_volume", params, option, shown(value) if show is None else show, reads)


def volumes(option: str, value: t.Any, show: str, **other: t.Any) -> Bad:
    return Bad(
        "gluster_heketi_volumes", {"volumes": [{"name": "v", "size": "1G"}], **other, option: value}, option, show
    )


def options(key: t.Any, value: t.Any, show: str | None = None, **other: t.Any) -> Bad:
    """A bad option of the volume, by its name or by its value."""
    if show is None:
        show = repr(key) if value == "on" else f"{key}={value!r}"
    return volume("volume_options", {key: value}, show, **other)


def connection(option: str, value: t.Any, show: str | None = None, reads: bool = False, **other: t.Any) -> Bad:
    params = {"gather": ["clusters"], **other, option: value}
    return Bad("gluster_heketi_info", params, option, shown(value) if show is None else show, reads)


def inventory(option: str, value: t.Any, show: str | None = None, reads: bool = False) -> Bad:
    return Bad(INVENTORY, {option: value}, option, shown(value) if show is None else show, reads)


def topology(option: str, value: t.Any, show: str | None = None, **other: t.Any) -> Bad:
    return Bad("gluster_heketi_topology", {**other, option: value}, option, shown(value) if show is None else show)


def cluster(option: str, value: t.Any, show: str | None = None, reads: bool = False) -> Bad:
    params = {"clusters": [{"nodes": [{"manage": "n"}], option: value}]}
    return Bad("gluster_heketi_topology", params, option, shown(value) if show is None else show, reads)


def node(option: str, value: t.Any, show: str | None = None) -> Bad:
    return cluster("nodes", [{"manage": "n", option: value}], shown(value) if show is None else show)._replace(
        option=option
    )


def known(option: str, value: str, clusters: list[Params], **other: t.Any) -> Bad:
    """Clusters of which Heketi knows better."""
    return topology("clusters", clusters, value, **other)._replace(option=option, reads=True)


def device(option: str, value: t.Any, show: str | None = None) -> Bad:
    row = node("devices", [{"name": "/dev/sdb", option: value}], shown(value) if show is None else show)
    # A device is known by its name.
    return row if option == "name" else row._replace(option=option)


CONNECTION = [
    # ---- heketi_url: a value is not shown, for it may hold a password
    connection("heketi_url", "", ""),
    connection("heketi_url", "heketi.example.com:8080", ""),
    connection("heketi_url", "//heketi.example.com", ""),
    connection("heketi_url", "ftp://heketi.example.com", ""),
    connection("heketi_url", "file:///etc/heketi/heketi.json", ""),
    connection("heketi_url", "https:/heketi.example.com", ""),
    connection("heketi_url", "https://:8080", ""),
    connection("heketi_url", "http://heketi:port", ""),
    connection("heketi_url", "http://heketi:0", ""),
    connection("heketi_url", "http://heketi:70000", ""),
    connection("heketi_url", "http://admin:s3cr3t@heketi", ""),
    connection("heketi_url", "http://heketi/?cluster=1", ""),
    connection("heketi_url", "http://heketi/#clusters", ""),
    connection("heketi_url", "http://heketi heketi", ""),
    connection("heketi_url", "http://heketi\r\nX-Injected: 1", ""),
    connection("heketi_url", "http://[::1", ""),
    # ---- heketi_user, heketi_key
    connection("heketi_user", "", ""),
    connection("heketi_user", "Admin", "Unknown user", reads=True),
    connection("heketi_user", "user", "", reads=True, heketi_key="key of the user"),
    connection("heketi_key", "", ""),
    connection("heketi_key", "wr0ng", "", reads=True),
    # ---- how it is reached
    connection("validate_certs", "perhaps"),
    connection("ca_path", "/not/there.pem"),
    connection("ca_path", "/etc"),
    connection("request_timeout", 0),
    connection("request_timeout", -1),
    connection("request_timeout", 604801),
    connection("request_timeout", 10**20),
    connection("request_timeout", 1.5, "int"),
    connection("request_timeout", "30s", "int"),
    connection("operation_timeout", 0),
    connection("operation_timeout", -3600),
    connection("operation_timeout", 10**9),
    connection("operation_timeout", "1h", "int"),
    connection("poll_interval", 0),
    connection("poll_interval", -0.5),
    connection("poll_interval", "nan", "nan"),
    connection("poll_interval", "inf", "inf"),
    connection("poll_interval", "often", "float"),
    # ---- what is read
    connection("gather", ["colours"], "colours"),
    connection("gather", "all", "all"),
    connection("gather", {"clusters": True}, "dict"),
]

VOLUME = [
    # ---- name
    volume("name", ""),
    volume("name", "all"),
    volume("name", "-x"),
    volume("name", "a b"),
    volume("name", "a.b"),
    volume("name", "../a"),
    volume("name", "a;reboot"),
    volume("name", "$(reboot)"),
    volume("name", "`reboot`"),
    volume("name", "a'b"),
    volume("name", 'a"b'),
    volume("name", "a\\b"),
    volume("name", "a\n"),
    volume("name", "a\0b"),
    volume("name", "größe"),
    volume("name", "v１"),  # a digit, but none of ASCII's
    volume("name", "a" * 129),
    volume("name", ["v"]),
    Bad("gluster_heketi_volume", {"size": "1G"}, "name", "missing"),
    # ---- state
    volume("state", "there", "there"),
    volume("state", "Present", "Present"),
    # ---- size
    volume("size", None, "required"),
    volume("size", ""),
    volume("size", "0G"),
    volume("size", "0.000001K"),
    volume("size", "-1G"),
    volume("size", 10, "'10'"),
    volume("size", "10 potatoes"),
    volume("size", "G"),
    volume("size", "1e3G"),
    volume("size", "0x10G"),
    volume("size", "1,5G"),
    volume("size", "1.5.2G"),
    volume("size", "1.1234567G"),
    volume("size", "1GG"),
    volume("size", "1G 2G"),
    volume("size", "1G\n"),
    volume("size", "infG"),
    volume("size", "١G"),  # an Arabic digit
    volume("size", f"{2**34 + 1}G"),
    volume("size", f"{2**44 + 1}G"),
    volume("size", "16385P"),
    volume("size", "9" * 19 + "K"),
    volume("size", "1G; reboot"),
    # ---- spare_factor
    volume("spare_factor", 0),
    volume("spare_factor", 0.99),
    volume("spare_factor", -2),
    volume("spare_factor", 100.5),
    volume("spare_factor", "nan", "nan"),
    volume("spare_factor", "half", "float"),
    volume("spare_factor", 2, "'17179869184G' with spare_factor 2", size=f"{2**34}G"),
    # ---- durability
    volume("durability", "raid5", "raid5"),
    volume("durability", "replicate-4", "replicate-4"),
    volume("durability", "Replicate-3", "Replicate-3"),
    volume("durability", "disperse-5+1", "disperse-5+1"),
    volume("durability", "", "got: "),
    # ---- clusters
    volume("clusters", ["gluster"], "'gluster'"),
    volume("clusters", [""], "''"),
    volume("clusters", ["A" * 32], repr("A" * 32)),
    volume("clusters", ["a" * 31], repr("a" * 31)),
    volume("clusters", ["a" * 33], repr("a" * 33)),
    volume("clusters", ["a" * 32 + "\n"], repr("a" * 32 + "\n")),
    volume("clusters", ["a" * 32, "a" * 32], repr("a" * 32)),
    volume("clusters", NO_CLUSTER, NO_CLUSTER, reads=True),
    volume("clusters", {"id": NO_CLUSTER}, "dict"),
    # ---- snapshot_factor
    volume("snapshot_factor", 0),
    volume("snapshot_factor", 0.99),
    volume("snapshot_factor", -1),
    volume("snapshot_factor", 100.1),
    volume("snapshot_factor", "inf", "inf"),
    volume("snapshot_factor", "nan", "nan"),
    volume("snapshot_factor", "twice", "float"),
    # ---- gid
    volume("gid", -1),
    volume("gid", 2**31 - 1),
    volume("gid", 2**63),
    volume("gid", 1.5, "int"),
    volume("gid", "users", "int"),
    # ---- volume_options: names
    options("", "on"),
    options("-x", "on"),
    options("nfs disable", "on"),
    options("nfs.disable;reboot", "on"),
    options("$(reboot)", "on"),
    options("nfs.disable\n", "on"),
    options("größe", "on"),
    options("a" * 129, "on"),
    options("user.heketi.id", "on", "user.heketi.id"),
    options("user.heketi.arbiter", "on", "user.heketi.arbiter"),
    # ---- volume_options: values, each of which a shell takes for something else
    options("nfs.disable", ""),
    options("nfs.disable", None),
    options("nfs.disable", ["on"]),
    options("nfs.disable", {"on": True}),
    options("nfs.disable", "on off"),
    options("nfs.disable", "on;reboot"),
    options("nfs.disable", "on&reboot"),
    options("nfs.disable", "on|reboot"),
    options("nfs.disable", "$HOME"),
    options("nfs.disable", "`reboot`"),
    options("nfs.disable", "on>/etc/passwd"),
    options("nfs.disable", "on</etc/passwd"),
    options("nfs.disable", "'on'"),
    options("nfs.disable", '"on"'),
    options("nfs.disable", "on\\"),
    options("nfs.disable", "on\nreboot"),
    options("nfs.disable", "on\treboot"),
    options("nfs.disable", "*"),
    options("nfs.disable", "o?"),
    options("nfs.disable", "[on]"),
    options("nfs.disable", "{on,off}"),
    options("nfs.disable", "(reboot)"),
    options("nfs.disable", "~root"),
    options("nfs.disable", "#on"),
    options("nfs.disable", "!on"),
    options("nfs.disable", "--force"),
    options("nfs.disable", "größe"),
    options("nfs.disable", "o" * 4001),
    volume("volume_options", "nfs.disable", "dict"),
    volume("volume_options", ["nfs.disable on"], "list"),
    # ---- seal
    volume("seal", [], "empty"),
    volume("seal", [""], "''"),
    volume("seal", ["*"], "'*'"),
    volume("seal", ["tenant-*"], "'tenant-*'"),
    volume("seal", ["tenant?"], "'tenant?'"),
    volume("seal", ["a,b"], "'a,b'"),
    volume("seal", ["a b"], "'a b'"),
    volume("seal", ["a\nb"], repr("a\nb")),
    volume("seal", ["$(reboot)"], "'$(reboot)'"),
    volume("seal", ["größe"], "'größe'"),
    volume("seal", ["a" * 65], repr("a" * 65)),
    volume("seal", [f"{number:064}" for number in range(62)], "4029 bytes"),
    volume("seal", {"tenant": True}, "dict"),
    volume("volume_options", {"auth.ssl-allow": "a"}, "auth.ssl-allow", seal=["a"]),
    # ---- clone_of
    volume("clone_of", ""),
    volume("clone_of", "all"),
    volume("clone_of", "v"),
    volume("clone_of", "$(reboot)"),
    volume("clone_of", "nowhere", reads=True)._replace(option="clone of"),
    volume("clone_of", "there", reads=True, size="1T")._replace(option="clone of"),
    volume("clone_of", "there", "gid", gid=1),
    volume("clone_of", "there", "seal", seal=["a"]),
    volume("clone_of", "there", "spare_factor", spare_factor=2),
    volume("clone_of", "there", "clusters", clusters=[NO_CLUSTER]),
    volume("clone_of", "there", "snapshot_factor", snapshot_factor=2),
    # ---- what is known, and what may be done
    volume("known_volumes", {"v": True}, "dict"),
    volume("known_servers", {"server1": True}, "dict"),
    volume("clean_up", "perhaps"),
]

VOLUMES = [
    Bad("gluster_heketi_volumes", {}, "volumes", "missing"),
    volumes("volumes", {"name": "v"}, "dict"),
    volumes("volumes", [None], "NoneType"),
    volumes("volumes", [{}], "name"),
    volumes("volumes", [{"name": "v", "size": "1G", "colour": "red"}], "colour"),
    volumes("volumes", [{"name": "v", "size": "1G"}, {"name": "v", "size": "2G"}], "'v'"),
    volumes("volumes", [{"name": "v", "size": "1G"}, {"name": "w", "gid": -1, "size": "1G"}], "[1] 'w': gid -1"),
    volumes("parallel", 0, "0"),
    volumes("parallel", 65, "65"),
    volumes("parallel", 2.5, "int"),
    volumes("parallel", "many", "int"),
]

TOPOLOGY = [
    Bad("gluster_heketi_topology", {}, "clusters", "missing"),
    topology("clusters", [None], "NoneType"),
    topology("clusters", [], "purge", purge=True),
    topology("clusters", [{}], "neither an id nor nodes"),
    topology("clusters", [{"nodes": [{"manage": "n"}, {"manage": "n"}]}], "'n'"),
    topology("clusters", [{"nodes": [{"manage": "n"}]}, {"nodes": [{"manage": "m", "storage": "n"}]}], "'n'"),
    topology("clusters", [{"id": "a" * 32}, {"id": "a" * 32}], repr("a" * 32)),
    topology("purge", "perhaps", clusters=[{"nodes": [{"manage": "n"}]}]),
    topology("parallel", 65, clusters=[{"nodes": [{"manage": "n"}]}]),
    cluster("id", "gluster"),
    cluster("id", "A" * 32),
    cluster("id", ""),
    cluster("id", NO_CLUSTER, NO_CLUSTER, reads=True),
    cluster("file", "perhaps"),
    cluster("block", "perhaps"),
    cluster("colour", "red", "colour"),
    cluster("nodes", {"manage": "n"}, "dict"),
    cluster("nodes", [{"zone": 1}], "manage"),
    node("manage", ""),
    node("manage", "-oProxyCommand=reboot"),
    node("manage", "server1;reboot"),
    node("manage", "server 1"),
    node("manage", "$(reboot)"),
    node("manage", "server1\n"),
    node("manage", "sérver1"),
    node("manage", "a" * 254),
    node("manage", "root@server1"),
    node("storage", ""),
    node("storage", "10.0.0.1;reboot"),
    node("storage", "10.0.0.1/24"),
    node("zone", 0),
    node("zone", -1),
    node("zone", 1.5, "int"),
    node("zone", "east", "int"),
    node("zone", 2**63),
    node("state", "failed", "failed"),
    node("state", "Online", "Online"),
    node("tags", {str(number): "x" for number in range(33)}, "33"),
    node("tags", {"": "x"}, "''"),
    node("tags", {"a" * 33: "x"}, repr("a" * 33)),
    node("tags", {"rack 1": "x"}, "'rack 1'"),
    node("tags", {"rack": "x" * 65}, "rack"),
    node("tags", {"rack": "é" * 33}, "rack"),
    node("tags", {"rack": ["a"]}, "rack=['a']"),
    node("tags", {"rack": True}, "rack=True"),
    node("tags", {"rack": None}, "rack=None"),
    node("tags", {"arbiter": "never"}, "arbiter='never'"),
    node("tags", "rack", "dict"),
    node("devices", [None], "NoneType"),
    node("devices", [{"name": "/dev/sdb"}, {"name": "/dev/sdb"}], "'/dev/sdb'"),
    node("devices", [{"destroy_data": True}], "name"),
    device("name", "sdb"),
    device("name", ""),
    device("name", "/"),
    device("name", "/dev/sdb;reboot"),
    device("name", "/dev/$(reboot)"),
    device("name", "/dev/sd b"),
    device("name", "/dev/sdb\n"),
    device("name", "/dev/größe"),
    device("state", "failed", "failed"),
    device("destroy_data", "perhaps"),
    device("tags", {"a b": "x"}, "'a b'"),
    device("tags", {"arbiter": "yes"}, "arbiter='yes'"),
    # ---- what contradicts what Heketi has
    known("storage", "10.9.9.9", [{"nodes": [{"manage": HOSTS[0], "storage": "10.9.9.9"}]}]),
    known("zone", "7", [{"nodes": [{"manage": HOSTS[0], "zone": 7}]}]),
    known("name", repr(HOSTS[0]), [{"nodes": [{"manage": "n", "storage": HOSTS[0]}]}]),
    known("cluster", HOSTS[1], [{"nodes": [{"manage": HOSTS[0]}]}, {"nodes": [{"manage": HOSTS[1]}]}]),
    known("Cluster", "1 volume", [{"nodes": [{"manage": "n"}]}], purge=True),
]

PLUGIN = [
    inventory("heketi_url", None, ""),
    inventory("heketi_url", "heketi", ""),
    inventory("heketi_url", "{{ nowhere }}", "'nowhere' is undefined"),
    inventory("heketi_url", "{{", ""),
    inventory("heketi_url", ["http://heketi"], ""),
    inventory("heketi_user", "", ""),
    inventory("heketi_user", "Admin", "Unknown user", reads=True),
    inventory("heketi_key", None, ""),
    inventory("heketi_key", "", ""),
    inventory("heketi_key", "wr0ng", "", reads=True),
    inventory("heketi_key", "{{ lookup('env', 'NOT_SET_AT_ALL') }}", "empty"),
    inventory("heketi_key", "wr0ng{{", ""),
    inventory("validate_certs", "perhaps"),
    inventory("validate_certs", "{{ false }}"),
    inventory("ca_path", "/not/there.pem"),
    inventory("request_timeout", 0),
    inventory("request_timeout", "soon"),
    inventory("request_timeout", 10**9),
    inventory("group", "", "empty"),
    inventory("hostname", "ip", "ip"),
    inventory("plugin", "glusterops.shares.other", "glusterops.shares.other"),
]

TABLE = [*CONNECTION, *VOLUME, *VOLUMES, *TOPOLOGY, *PLUGIN]


@pytest.fixture(name="heketi", scope="module")
def fixture_heketi(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Heketi]:
    """A cluster of three servers with the volume C(there), for all rows: none of them changes it."""
    heketi = Heketi(tmp_path_factory.mktemp("heketi"), {}, {})
    client = heketi.client()
    made = client.operate("POST", "/clusters", {"file": True, "block": True})["id"]
    for host in HOSTS:
        names = {"manage": [host], "storage": [host]}
        server = client.operate("POST", "/nodes", {"zone": 1, "cluster": made, "hostnames": names})
        client.operate("POST", "/devices", {"node": server["id"], "name": "/dev/sdb"})
    client.operate("POST", "/volumes", {"name": "there", "size": 2})
    yield heketi
    heketi.kill()


@pytest.fixture(name="sent")
def fixture_sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The method of every request that is sent."""
    sent: list[str] = []
    send = requests.adapters.HTTPAdapter.send

    def noted(adapter: t.Any, request: requests.PreparedRequest, *args: t.Any, **kwargs: t.Any) -> requests.Response:
        sent.append(str(request.method))
        return send(adapter, request, *args, **kwargs)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", noted)
    for name in ("SERVER", "USER", "KEY"):
        monkeypatch.delenv(f"HEKETI_CLI_{name}", raising=False)
    return sent


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, params: Params) -> str:
    """The message with which a module refuses these parameters."""
    module: types.ModuleType = importlib.import_module(f"{MODULES}.{name}")
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": params}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(SystemExit) as ended:
        module.main()
    result = json.loads(capsys.readouterr().out)
    assert ended.value.code == 1 and result["failed"] and not result.get("changed"), result
    assert "exception" not in result
    return t.cast(str, result["msg"])


def read(directory: pathlib.Path, params: Params) -> str:
    """The message with which the inventory plugin refuses these options."""
    documented: Params = {}
    fragments = (constructed.ModuleDocFragment.DOCUMENTATION, inventory_cache.ModuleDocFragment.DOCUMENTATION)
    for text in (*fragments, plugin.DOCUMENTATION):
        documented.update(yaml.safe_load(text)["options"])
    constants.config.initialize_plugin_configuration_definitions("inventory", INVENTORY, documented)
    loaded = plugin.InventoryModule()
    loaded._load_name = loaded.ansible_name = INVENTORY
    loaded._redirected_names = [INVENTORY]
    config = directory / "heketi.yml"
    config.write_text(json.dumps({name: value for name, value in params.items() if value is not None}))
    with pytest.raises(AnsibleError) as caught:
        loaded.parse(InventoryData(), DataLoader(), str(config))
    return str(caught.value)


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_refused(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: pathlib.Path,
    heketi: Heketi,
    sent: list[str],
    row: Bad,
) -> None:
    params = {"heketi_url": heketi.url, "heketi_key": KEY, **row.params}
    if row.module == INVENTORY:
        message = read(tmp_path, {"plugin": INVENTORY, **params})
    else:
        params.setdefault("poll_interval", 0.02)
        message = run(monkeypatch, capsys, row.module, params)
    assert re.search(rf"\b{re.escape(row.option)}\b", message) and row.shown in message
    for secret in (KEY, "key of the user", "wr0ng", "s3cr3t"):
        assert secret not in message
    if row.reads:
        assert set(sent) == {"GET"}
    else:
        assert sent == []


def test_no_two_rows_are_the_same() -> None:
    assert len({json.dumps([row.module, row.params]) for row in TABLE}) == len(TABLE) >= 150


def test_one_bad_entry_among_a_thousand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], heketi: Heketi, sent: list[str]
) -> None:
    entries = [{"name": f"v{number}", "size": "1G"} for number in range(1000)]
    entries[777]["size"] = "0G"
    params = {"heketi_url": heketi.url, "heketi_key": KEY, "volumes": entries}
    message = run(monkeypatch, capsys, "gluster_heketi_volumes", params)
    assert "volumes[777] 'v777': size '0G'" in message and sent == []
