# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules answer on honest machines, and what a liar makes of it."""

from __future__ import annotations

import copy
import importlib
import json
import os
import pathlib
import subprocess
import sys
import time
import typing as t

from action_plugin import action
from ansible_collections.glusterops.shares.plugins import plugin_utils
from ansible_collections.glusterops.shares.plugins.action.gluster_info import ActionModule as GlusterInfo
from hypothesis import strategies as st

ROOT = pathlib.Path(plugin_utils.__path__[0]).parents[1]
SERVERS, HOSTS = ["server1", "server2"], ["host1", "host2"]
GROUPS = {"gluster_servers": SERVERS, "gluster_hosts": HOSTS}
END = "2027-11-21T07:00:00Z"
_CERTIFICATE = {"common_name": "a", "issuer": "CN=CA", "serial": "1F", "not_after": END, "fingerprint_sha256": "AA:BB"}


def uuid(server: str) -> str:
    return f"0000-{server}"


def _peers(name: str) -> list[dict[str, t.Any]]:
    return [
        {
            "uuid": uuid(server),
            "hostname": "localhost" if server == name else server,
            "connected": True,
            "state": "" if server == name else "Peer in Cluster",
        }
        for server in SERVERS
    ]


_BRICKS = [{"server": one, "path": "/srv/data", "server_uuid": uuid(one), "arbiter": False} for one in SERVERS]
_WHOSE = {"share": "data", "state": None, "origin": None, "free": True, "started": True, "sealed": True}
_DAEMON = {"offline": [], "online": 2, "connected": 2}
_KEY = {"path": "/k", "public_key": "P", "request": "CSR", "request_name": None}


def parts(name: str, common_name: str) -> dict[str, t.Any]:
    """What gluster_info answers on a machine of a healthy cluster with one share, by what it is asked for."""
    server = name in SERVERS
    found = {**_CERTIFICATE, "common_name": common_name}
    key = {**_KEY, "request": f"CSR of {common_name}", "request_name": common_name}
    return {
        "version": "10.3",
        "peers": _peers(name) if server else None,
        "volumes": [
            {
                **_WHOSE,
                "name": "data",
                "id": "12-34",
                "status": "Started",
                "type": "Replicate",
                "replica": 2,
                "arbiter": 0,
                "disperse": 0,
                "redundancy": 0,
                "snapshots": 0,
                "bricks": _BRICKS,
                "options": {"client.ssl": "on", "server.ssl": "on", "auth.ssl-allow": "glusterfs-server-*,tenant-a"},
                "identities": ["glusterfs-server-*", "tenant-a"],
                "exposing": [],
            }
        ],
        "holdings": [{**_WHOSE, "name": "data", "heketi_id": "0a1b", "brick": "/srv/data"}],
        "snapshots": [
            {"name": "kept", "uuid": "1", "description": "", "created": END, "volume": "data"}
            | {"active": False, "size": None, "used": None}
        ],
        "processes": {
            "data": [{"server": one, "path": "/srv/data", "online": True, "port": 49152, "pid": 7} for one in SERVERS]
        },
        "rebalances": {},
        "clients": {"data": {"fuse": 1, "glustershd": 2}},
        "mounted": {"data": 1},
        "tasks": {"data": []},
        "limits": {"data": 1 << 30},
        "bricks": [{"volume": "data", "path": "/srv/data", "thin": True}],
        "stored": {"data": "a.b.c.d.e.f.a.b"},
        "cluster": {
            "max_op_version": 100000,
            "trash_directories": {},
            "vanishing": [],
            "daemons": {"data": {"healers": _DAEMON, "limiters": None, "identities": ["tenant-a"]}},
        },
        "served": [
            {"volume": "data", "server": one, "server_uuid": uuid(one), "path": "/srv/data", "port": 49152}
            | {**_CERTIFICATE, "common_name": f"glusterfs-server-{one}", "plaintext": False, "problem": None}
            | {"clients": 3}
            for one in SERVERS
        ],
        "identity": {
            **found,
            "bundle_sha256": "ab",
            "problem": None,
            "matches": True,
            "key_problem": None,
            "authorities": [{"common_name": "CA", "not_after": "2036-12-31T08:00:00Z", "fingerprint_sha256": "AA"}],
            "crls": [{"issuer": "CN=CA", "next_update": END}],
            "lacks_crl": [],
        },
        "identities": [
            {
                "current": None,
                "pending": key,
                "foreign": None,
                "links": {"/usr/lib/ssl/glusterfs.pem": "absent"},
                "open_mode": None,
                "foreign_bundle": None,
                "foreign_certificate": None,
            }
        ],
        "mounts": {
            "places": {
                "/srv/a": {
                    "mounted": "server1:/data",
                    "line": "server1:/data /srv/a glusterfs defaults,_netdev,nofail,backup-volfile-servers=server2 0 0",
                    "directory": "guarded",
                    "alive": True,
                    "foreign": None,
                    "identity": None,
                    "traits": [],
                    "trouble": None,
                    "automount": False,
                }
            },
            "helper": True,
            "tenants": ["tenant-b"],
        },
        "machine": {
            "version": "10.3",
            "uuid": uuid(name) if server else None,
            "op_version": 100000 if server else None,
            "clock": {"began": time.time(), "ended": time.time()},
        },
        "storage": _storage() if server else [],
        "programs": {"glusterd": "10.3" if server else None, "enabled": True if server else None, "running": server}
        | dict.fromkeys(("client", "lvm", "xfs", "openssl"), True),
        "management": {
            "switch": False,
            "begun": False,
            "serves": "plain" if server else None,
            "address": "127.0.0.1",
            "common_name": None,
            "problem": None,
            "servers": [{"uuid": uuid(one), "hostname": one} for one in SERVERS if server and one != name],
            "apart": [],
            "rebalances": [],
            "heals": {},
        },
    }


def _storage() -> list[dict[str, t.Any]]:
    brick = {"name": "brick_data_1", "volume": "data", "path": "/srv/gluster/brick_data_1/brick", "size": 1 << 30}
    place = {"path": "/srv/gluster", "kind": "directory", "state": "ready", "problem": None, "identity": "fs:8:1"}
    sizes = {"size": 9 << 30, "free": 5 << 30, "promised": 1 << 30, "used": 0}
    return [{**place, **sizes, "root": False, "bricks": [{**brick, "used": True, "state": "whole"}]}]


_CHANGES = [{"subject": "data", "what": "volume", "before": None, "after": "data"}]
_SHARE = {"name": "data", "volume": "data", "sealed": True, "identities": ["tenant-a"], "started": True}
_SHARE.update(limit=None, servers=SERVERS)
_IDENTITY = {
    "common_name": "tenant-a",
    "scope": "machine",
    "request": {"common_name": "tenant-a", "csr": "CSR"},
    "certificate": None,
    "bundle_sha256": None,
    "crls": [],
    "installed": False,
    "directories": ["/usr/lib/ssl"],
    "paths": {"key": "/etc/glusterfs/tls/current/glusterfs.key"},
}
_CA = {"common_name": "CA", "fingerprint_sha256": "AA", "not_after": "2036-12-31T08:00:00Z"}
_AUTHORITY = {"name": "ca", "state": "signing", **_CA}
_SIGN = [{"common_name": "tenant-a", "csr": "CSR", "bundle": None, "certificate": None, "server": False}]
_SIGNED = {
    **{"common_name": "tenant-a", "csr": "CSR", "changed": True, "revoked": False, "refused": None},
    **{"certificate": "PEM", "fingerprint_sha256": "BB", "not_after": END, "serial": "1F"},
}
_OF_A_CA = {"ca": {**_CA, "certificate": "PEM"}, "bundle": "PEM", "crls": None, "certificates": [_SIGNED]}
_HEKETI = {"heketi_url": "http://heketi:8080", "heketi_key": "k"}
_HEKETI_CLUSTER = {
    **{"id": "c" * 32, "file": True, "block": True, "volumes": ["0a1b"], "total": 3, "free": 2, "used": 1},
    "nodes": [
        {"id": "d" * 32, "cluster": "c" * 32, "manage": one, "storage": one, "zone": 1, "state": "online"}
        | {"tags": {}, "total": 3, "free": 2, "used": 1, "devices": []}
        for one in SERVERS
    ],
}
_OPERATION = {"id": "0", "kind": "create-volume", "status": "stale", "volumes": ["data"]}
_HEKETI_VOLUME = {
    **{"name": "data", "state": "present", "changed": True, "failed": False, "notes": [], "id": "0a1b", "size": "1G"},
    **{"bricks": [{"host": "server1", "path": "/srv/data"}], "unfinished": _OPERATION},
}
_SNAPSHOT = {"name": "kept", "share": "data", "volume": "data", "created": END, "active": False}
# By module, arguments and the answer of an honest machine to them.
ANSWERS: dict[str, tuple[dict[str, t.Any], dict[str, t.Any]]] = {
    "gluster_info": (
        {"gather": ["peers", "machine"]},
        {part: parts("server1", "a")[part] for part in ("peers", "machine")},
    ),
    "gluster_bricks": (
        {"storage": ["/srv/gluster"]},
        {
            "storage": _storage(),
            "bricks": [{"name": "brick_data_1", "path": "/srv/gluster/brick_data_1/brick"}],
        },
    ),
    "gluster_heketi_info": (
        {**_HEKETI},
        {
            "clusters": [_HEKETI_CLUSTER],
            "volumes": [{"name": "data", "id": "0a1b", "size": "1G"}],
            "operations": [_OPERATION],
            "gluster": {"volumes": ["data"], "foreign": []},
        },
    ),
    "gluster_heketi_topology": (
        {**_HEKETI, "clusters": []},
        {"clusters": [_HEKETI_CLUSTER], "undeclared": {"clusters": ["c" * 32], "nodes": SERVERS, "devices": []}},
    ),
    "gluster_heketi_volume": ({**_HEKETI, "name": "data", "size": "1G"}, {"volume": _HEKETI_VOLUME}),
    "gluster_heketi_volumes": ({**_HEKETI, "volumes": [{"name": "data"}]}, {"volumes": [_HEKETI_VOLUME]}),
    "gluster_management_tls": ({"state": "enabled"}, {"ended": ["gluster/quotad"]}),
    "gluster_management_wait": ({"state": "enabled"}, {"forced": []}),
    "gluster_mounts": (
        {"mounts": [{"share": "data", "path": "/srv/a"}]},
        {"mounts": [{"share": "data", "path": "/srv/a", "mounted": True, "guarded": True, "identity": None}]},
    ),
    "gluster_reclaim": ({}, {}),
    "gluster_revoke": (
        {"identities": ["tenant-b"], "infrastructure": ["glusterfs-server-server1"]},
        {
            "shares": [{"name": "data", "volume": "data", "removed": ["tenant-b"]}],
            "cut": [{"volume": "data", "client": "10.0.0.1:1"}],
            "kept": [],
        },
    ),
    "gluster_servers": (
        {"servers": ["server2"]},
        {
            "servers": [{"uuid": uuid(one), "hostname": one, "connected": True} for one in SERVERS],
            "known_as": {"10.0.0.2": "server2"},
        },
    ),
    "gluster_share": (
        {"name": "data", "infrastructure": ["a"]},
        {"share": _SHARE, "wiped": {"files": 1, "directories": 2, "seconds": 0.5}},
    ),
    "gluster_share_access": ({"name": "data", "identities": [], "infrastructure": ["a"]}, {"share": _SHARE}),
    "gluster_shares": ({"shares": [{"name": "data"}], "infrastructure": ["a"]}, {"shares": [_SHARE]}),
    "gluster_shares_verify": (
        {"shares": [{"name": "data"}], "servers": {}},
        {"shares": [{"name": "data", "bricks": [{"problem": None}], "healers": 2, "rebalance": None, "problems": []}]},
    ),
    "gluster_snapshot": ({"name": "kept", "share": "data"}, {"snapshot": _SNAPSHOT}),
    "gluster_snapshots": (
        {"shares": [{"name": "data", "prefix": "daily"}]},
        {
            "snapshots": [_SNAPSHOT],
            "server": uuid("server1"),
            "bricks": {"data": [uuid(one) for one in SERVERS]},
            "failures": [{"share": "data", "prefix": "daily", "msg": "No room."}],
        },
    ),
    "gluster_tls_ca": (
        {"path": "/ca", "passphrase": "p", "sign": _SIGN},
        {**_OF_A_CA, "authorities": [_AUTHORITY], "rotation": None, "revoked": []},
    ),
    "gluster_tls_external": ({"requests_path": "/r", "sign": _SIGN}, {**_OF_A_CA, "waiting": ["tenant-a"]}),
    "gluster_tls_identities": ({"identities": [{"common_name": "tenant-a"}]}, {"identities": [_IDENTITY]}),
    "gluster_tls_identity": ({"common_name": "tenant-a"}, {**_IDENTITY}),
    "gluster_tls_info": (
        {"path": "/ca"},
        {
            "authorities": [{**_AUTHORITY, "certificate": "PEM"}],
            "rotation": None,
            "bundle": "PEM",
            "crls": [{"ca": "ca", "next_update": END}],
            "identities": [{"common_name": "tenant-a", "serial": "1F"}],
        },
    ),
    "gluster_tls_tenants": (
        {"path": "/ca", "passphrase": "p", "directory": "/d", "tenants": [{"tenant": "tenant-d"}]},
        {"identities": [{"common_name": "tenant-d", "changed": True}], "lines": ["tenant-d: issued"], "bundle": "PEM"},
    ),
}
for _arguments, _answer in ANSWERS.values():
    _answer.update(changed=True, changes=_CHANGES)
ANSWERS["gluster_info"][1].update(changed=False, changes=[])

TOLD = ["holdings", "identity", "machine"]
# What stands in an answer in another's place. A program in Jinja would make a number of it.
MARK, MADE = "{{ 7 * 191 }}", "1337"
_JUNK = [
    *(None, True, 0, -1, 1.5, float("nan"), float("inf"), 10**30, [], [None], {}, {"a": {"b": [1]}}),
    *("", MARK, "\u00b2", "\ud800", "../../x", "a b", "\0", "2026-99-99T99:99:99Z", "x" * (2 << 20)),
    *(*SERVERS, *HOSTS, uuid("server2"), "localhost", "glusterfs-server-server1", "tenant-a", "tenant-b", "data", "*"),
]
# What Ansible or a role could do something with.
_MORE = {
    "ansible_facts": {"tls_ca_host": "host1"},
    "add_host": {"host_name": "host9", "groups": ["gluster_servers"]},
    "add_group": "gluster_servers",
    "invocation": {"module_args": MARK},
    "warnings": [{"msg": MARK}],
    "deprecations": {"msg": 1},
    "results": [{"item": "server2", "changed": True}],
    "skipped": True,
    "unreachable": True,
    "changed": False,
    "failed": True,
    "msg": MARK,
    "rc": 1,
    "differing": [],
    "denied": {"shares": [{"name": "data", "identities": ["tenant-b"]}], "heketi": {}},
    "free": ["data"],
    "looked": 9e18,
    "compared": "x",
    "_ansible_no_log": True,
    "ansible_job_id": "../../x",
}


def _places(value: t.Any, path: tuple[t.Any, ...] = ()) -> t.Iterator[tuple[t.Any, ...]]:
    yield path
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _places(item, (*path, key))


@st.composite
def lies(draw: st.DrawFn, answer: dict[str, t.Any]) -> dict[str, t.Any]:
    """The answer with some of it gone, or something else in its place, and with more than was asked for."""
    told = copy.deepcopy(answer)
    for _number in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from([path for path in _places(told) if path] or [("msg",)]))
        inner = told
        for key in path[:-1]:
            inner = inner[key]
        if draw(st.booleans()) and len(path) > 1:
            del inner[path[-1]]
        else:
            inner[path[-1]] = copy.deepcopy(draw(st.sampled_from(_JUNK)))
    more = draw(st.lists(st.sampled_from(sorted(_MORE)), max_size=3))
    return {**told, **{name: copy.deepcopy(_MORE[name]) for name in more}}


def ran(module: str, arguments: dict[str, t.Any], answer: dict[str, t.Any], **task: t.Any) -> dict[str, t.Any]:
    """What the task returns when the machine answers so."""
    plugin = importlib.import_module(f"ansible_collections.glusterops.shares.plugins.action.{module}").ActionModule
    made = action(plugin, **copy.deepcopy(arguments))
    for name, value in task.items():
        setattr(made._task, name, value)
    made._execute_module = lambda **_how: copy.deepcopy(answer)
    return made.run(task_vars={"inventory_hostname": "host1"})


def look(
    name: str, gather: t.Sequence[str], identities: t.Sequence[t.Any] = (), answer: dict[str, t.Any] | None = None
) -> dict[str, t.Any]:
    """What gluster_info returns of a machine, an honest one unless its answer is given."""
    arguments = {"gather": list(gather), "identities": list(identities)}
    if answer is None:
        answer = honest(name, gather)
    made = action(GlusterInfo, **arguments)
    made._execute_module = lambda **_how: copy.deepcopy(answer)
    return t.cast("dict[str, t.Any]", made.run(task_vars={}))


def common_name(name: str) -> str:
    return f"glusterfs-server-{name}" if name in SERVERS else f"tenant-{name}"


def honest(name: str, gather: t.Iterable[str]) -> dict[str, t.Any]:
    told = parts(name, common_name(name))
    found = {part: told[part] for part in gather}
    silent = {part: "no glusterd" for part, value in found.items() if value is None}
    return {"changed": False, **found, **({"problems": silent} if silent else {})}


def play(
    folder: pathlib.Path, playbook: list[dict[str, t.Any]], inventory: dict[str, t.Any]
) -> subprocess.CompletedProcess[str]:
    """The playbook, by the Ansible that is here."""
    for name, content in (("playbook.json", playbook), ("inventory.json", inventory)):
        (folder / name).write_text(json.dumps(content))
    ours = {"ANSIBLE_COLLECTIONS_PATH": str(ROOT.parents[2]), "ANSIBLE_HOME": str(folder / "home"), "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", "-i", "inventory.json", "playbook.json"],
        env={**os.environ, **ours},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
