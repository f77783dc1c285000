# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What modules answer that run on other machines: on servers, hosts, the CA's and Heketi's. An answer of another shape
is none, and only its machine's trouble: whoever reads answers on the control node may rely on it. Decided there."""

from __future__ import annotations

import dataclasses
import math
import re
import typing as t

# More has nothing that our modules tell of. The text is a bundle of CA certificates, or their CRLs.
_DEPTH, _TEXT = 12, 1 << 20


class Misshapen(Exception):
    """What is wrong with an answer, after its place in it."""


@dataclasses.dataclass(frozen=True)
class Maybe:
    """That, or null."""

    of: t.Any


@dataclasses.dataclass(frozen=True)
class By:
    """A dictionary of such values, by any names."""

    of: t.Any


@dataclasses.dataclass(frozen=True)
class Has:
    """A dictionary with these. may: those that it need not have, else whatever."""

    of: t.Mapping[str, t.Any]
    may: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Words:
    """Text that is nothing but what matches. what: how that is called."""

    regex: t.Pattern[str]
    what: str


# Whatever JSON has.
ANY = object()
NAME = Words(re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}", re.ASCII), "name")
# Of a server: a name or an address.
HOST = Words(re.compile(r"([A-Za-z0-9._:%\[\]][A-Za-z0-9._:%\[\]-]{0,254})?", re.ASCII), "host name")
UUID = Words(re.compile(r"[A-Za-z0-9-]{0,64}", re.ASCII), "UUID")
VERSION = Words(re.compile(r"[A-Za-z0-9.+~_-]{1,64}", re.ASCII), "version")
BRICK = Words(
    re.compile(r"[A-Za-z0-9._:%\[\]][A-Za-z0-9._:%\[\]-]{0,254}:/[^\x00-\x20\x7f]{0,4095}", re.ASCII), "brick"
)
TIME = Words(re.compile(r"[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII), "time")

_CHANGES = [{"subject": str, "what": str, "before": ANY, "after": ANY}]
# What any of them may say.
_ALWAYS = {
    "changed": bool,
    "changes": _CHANGES,
    "diff": ANY,
    "error": str,
    "failed": bool,
    "invocation": ANY,
    "msg": str,
}

_PEERS = [{"uuid": UUID, "hostname": HOST, "connected": bool, "state": str}]
_BRICKS = [{"server": HOST, "path": str, "server_uuid": UUID, "arbiter": bool}]
_WHOSE = {"name": NAME, "share": Maybe(str), "state": Maybe(str), "origin": Maybe(str), "free": bool}
_VOLUME = {
    **_WHOSE,
    "id": UUID,
    "status": str,
    "type": str,
    **dict.fromkeys(("replica", "arbiter", "disperse", "redundancy", "snapshots"), int),
    "bricks": _BRICKS,
    "options": By(str),
    "started": bool,
    "sealed": bool,
    "identities": [str],
    "exposing": [str],
}
_SHAPE = dict.fromkeys(("replica", "arbiter", "disperse", "redundancy"), int)
_LAYOUT = {"bricks": [BRICK], **_SHAPE, "unfinished": bool}
_DAEMONS = Maybe({"offline": [str], "online": int, "connected": int})
_CERTIFICATE = {
    "common_name": Maybe(str),
    "issuer": str,
    "serial": str,
    "not_after": TIME,
    "fingerprint_sha256": str,
}
_PLACE = {
    "mounted": Maybe(str),
    "line": Maybe(str),
    "directory": Maybe(str),
    "alive": bool,
    "foreign": Maybe(str),
    "identity": Maybe(str),
    "traits": Maybe([str]),
    "trouble": Maybe(str),
    "automount": bool,
}
_SHARE = {
    "name": NAME,
    "volume": NAME,
    "sealed": bool,
    "identities": [str],
    "started": bool,
    "limit": Maybe(int),
    "servers": [HOST],
}
_STORAGE = [
    {
        "path": str,
        "kind": Words(re.compile("device|directory"), "kind of storage"),
        "state": Words(re.compile("ready|blank|foreign|missing"), "state of storage"),
        "problem": Maybe(str),
        "identity": str,
        "root": bool,
        **dict.fromkeys(("size", "free", "promised", "used"), int),
        "bricks": [
            {
                "name": NAME,
                "volume": NAME,
                "path": str,
                "size": int,
                "used": Maybe(bool),
                "state": Words(re.compile("whole|partial"), "state of a brick"),
            }
        ],
    }
]
# What gluster_info tells, by what it is asked for.
PARTS: dict[str, t.Any] = {
    "version": str,
    "peers": _PEERS,
    "volumes": [_VOLUME],
    "holdings": [
        {**_WHOSE, "started": bool, "sealed": bool, "heketi_id": str, "brick": str, "made_of": Maybe(_LAYOUT)}
    ],
    "snapshots": [
        {
            **dict.fromkeys(("name", "uuid", "description", "created", "volume"), str),
            "active": bool,
            "size": Maybe(int),
            "used": Maybe(int),
        }
    ],
    "processes": By([{"server": str, "path": str, "online": bool, "port": Maybe(int), "pid": Maybe(int)}]),
    "rebalances": By(str),
    "clients": By(By(int)),
    "mounted": By(int),
    "tasks": By([str]),
    "limits": By(Maybe(int)),
    "bricks": [{"volume": NAME, "path": str, "thin": Maybe(bool)}],
    "stored": By(Maybe(str)),
    "cluster": {
        "max_op_version": Maybe(int),
        "trash_directories": By(str),
        "vanishing": [str],
        "daemons": By({"healers": _DAEMONS, "limiters": _DAEMONS, "identities": [str]}),
    },
    "served": [
        {
            "volume": NAME,
            "server": HOST,
            "server_uuid": UUID,
            "path": str,
            "port": int,
            **{name: Maybe(shape) for name, shape in _CERTIFICATE.items()},
            "plaintext": bool,
            "problem": Maybe(str),
            "clients": int,
        }
    ],
    "identity": Maybe(
        {
            **_CERTIFICATE,
            "bundle_sha256": Maybe(str),
            "authorities": [{"common_name": Maybe(str), "not_after": TIME, "fingerprint_sha256": str}],
            "problem": Maybe(str),
            "matches": bool,
            "key_problem": Maybe(str),
            "crls": [{"issuer": str, "next_update": TIME}],
            "lacks_crl": [str],
        }
    ),
    # Who signs reads them one by one.
    "identities": [ANY],
    "mounts": {"places": By(_PLACE), "helper": bool, "tenants": [str]},
    "machine": {
        "version": Maybe(VERSION),
        "uuid": Maybe(UUID),
        "op_version": Maybe(int),
        "clock": {"began": float, "ended": float},
    },
    "storage": _STORAGE,
    "programs": {
        "glusterd": Maybe(VERSION),
        "enabled": Maybe(bool),
        **dict.fromkeys(("running", "client", "lvm", "xfs", "openssl"), bool),
    },
    "management": {
        "switch": bool,
        "begun": bool,
        "serves": Maybe(str),
        "address": str,
        "common_name": Maybe(str),
        "problem": Maybe(str),
        "servers": [{"uuid": UUID, "hostname": HOST}],
        "apart": [str],
        "rebalances": [str],
        "heals": By(int),
    },
}
# What cannot be told is null, and here stands why.
_PROBLEMS = "problems"
# What the control node finds out from it.
_FOUND_HERE = ("compared", "denied", "differing", "free", "looked", "result")
# With which part another comes.
_ALONG = {"processes": "rebalances"}

_IDENTITY = {
    "common_name": str,
    "scope": str,
    "request": {"common_name": str, "csr": Maybe(str)},
    "certificate": Maybe(_CERTIFICATE),
    "bundle_sha256": Maybe(str),
    "crls": [{"issuer": str, "next_update": str}],
    "installed": bool,
    "directories": [str],
    "paths": By(str),
}
_SESSIONS = [{"volume": NAME, "client": str}]
# Null where it would have to be made.
_CA = {name: Maybe(str) for name in ("common_name", "fingerprint_sha256", "not_after")}
_AUTHORITY = {"name": str, "state": str, **_CA}
_SIGNED = {
    "common_name": str,
    "csr": Maybe(str),
    "changed": bool,
    "revoked": bool,
    **{name: Maybe(str) for name in ("certificate", "fingerprint_sha256", "not_after", "refused", "serial")},
}
_OF_A_CA = {
    "ca": {**_CA, "certificate": Maybe(str)},
    "bundle": Maybe(str),
    "crls": Maybe(str),
    "certificates": [_SIGNED],
    "coming": [str],
}
_HEKETI_CLUSTERS = [Has({"id": str, "nodes": [Has({"manage": str, "storage": str, "state": str})]})]
_HEKETI_VOLUME = Has(
    {"name": str, "state": Maybe(str), "changed": bool, "failed": bool, "notes": [str]},
    {"id": str, "bricks": [ANY], "unfinished": {"id": str, "kind": str, "status": str, "volumes": [str]}},
)
# What the others tell when they succeed, and may tell when they fail.
ANSWERS: dict[str, dict[str, t.Any]] = {
    "gluster_info": {
        **{part: Maybe(shape) for part, shape in PARTS.items()},
        "instance": Maybe(str),
        _PROBLEMS: By(str),
    },
    "gluster_bricks": {"storage": _STORAGE, "bricks": [{"name": NAME, "path": str}]},
    "gluster_heketi_info": {
        "clusters": _HEKETI_CLUSTERS,
        "volumes": [Has({"name": str, "id": str})],
        "operations": [ANY],
        "gluster": {"volumes": [str], "foreign": [str]},
    },
    "gluster_heketi_topology": {
        "clusters": _HEKETI_CLUSTERS,
        "undeclared": {"clusters": [str], "nodes": [str], "devices": [str]},
    },
    "gluster_heketi_volume": {"volume": _HEKETI_VOLUME},
    "gluster_heketi_volumes": {"volumes": [_HEKETI_VOLUME]},
    "gluster_management_tls": {"ended": [str]},
    "gluster_management_wait": {"forced": [str]},
    "gluster_mounts": {
        "mounts": [{"share": str, "path": str, "mounted": bool, "guarded": bool, "identity": Maybe(str)}]
    },
    "gluster_reclaim": {},
    "gluster_revoke": {
        "shares": [{"name": NAME, "volume": NAME, "removed": [str]}],
        "cut": _SESSIONS,
        "kept": _SESSIONS,
        _PROBLEMS: [str],
    },
    "gluster_servers": {
        "servers": [{"uuid": UUID, "hostname": HOST, "connected": bool}],
        "known_as": By(HOST),
    },
    "gluster_share": {"share": _SHARE, "wiped": {"files": int, "directories": int, "seconds": float}},
    "gluster_share_access": {"share": _SHARE},
    "gluster_shares": {"shares": [_SHARE]},
    "gluster_shares_verify": {
        "shares": [{"name": NAME, "bricks": [ANY], "healers": int, "rebalance": ANY, _PROBLEMS: [str]}]
    },
    "gluster_snapshot": {"snapshot": ANY},
    "gluster_snapshots": {
        "snapshots": [ANY],
        "server": Maybe(UUID),
        "bricks": By([UUID]),
        "failures": [{"share": str, "prefix": str, "msg": str}],
    },
    "gluster_tls_ca": {**_OF_A_CA, "authorities": [_AUTHORITY], "rotation": Maybe(str), "revoked": [ANY]},
    "gluster_tls_external": {**_OF_A_CA, "waiting": [str]},
    "gluster_tls_identities": {"identities": [_IDENTITY]},
    "gluster_tls_identity": {**_IDENTITY, "common_name": str},
    "gluster_tls_info": {
        "authorities": [{**_AUTHORITY, "certificate": str}],
        "rotation": Maybe(str),
        "bundle": str,
        "crls": [{"ca": str, "next_update": str}],
        "identities": [ANY],
    },
    "gluster_tls_tenants": {"identities": [ANY], "lines": [str], "bundle": str},
    "gluster_volumes": {
        "volumes": [
            {
                "name": NAME,
                "id": UUID,
                "started": bool,
                **_SHAPE,
                "bricks": [BRICK],
            }
        ],
        "left": [BRICK],
    },
}


def read(module: str, told: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What the module told, without whatever it does not tell of. Misshapen says what is not as it tells it."""
    shapes = {**_ALWAYS, **ANSWERS[module]}
    found = {name: _read(shape, told[name], name) for name, shape in shapes.items() if name in told}
    if found.get("failed") and not found.get("msg"):
        raise Misshapen("msg is missing")
    # Details of a failure are for who mends it.
    more = {name: _any(value, name, _DEPTH) for name, value in told.items() if found.get("failed")}
    return {**more, **found}


def asked_for(parts: t.Collection[str], told: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Of what gluster_info told, nothing but the parts that it was asked for. Misshapen if one is missing."""
    expected = {*parts, *(also for part, also in _ALONG.items() if part in parts)}
    problems = {part: why for part, why in told.get(_PROBLEMS, {}).items() if part in expected}
    if not told.get("failed"):
        for part in sorted(expected):
            if part not in told or told[part] is None and not (part in problems or part == "identity"):
                raise Misshapen(f"{part} is missing")
    if told.get("peers") is not None and [peer["hostname"] for peer in told["peers"]].count("localhost") != 1:
        raise Misshapen("peers has not the asked server as localhost, once")
    found = {name: value for name, value in told.items() if name in expected or name not in {*PARTS, *_FOUND_HERE}}
    found.pop(_PROBLEMS, None)
    return {**found, _PROBLEMS: problems} if problems else found


def of_volumes(names: t.Collection[str], told: t.Mapping[str, t.Any]) -> None:
    """Misshapen if what gluster_volumes told is of other volumes than those that it was to work on."""
    others = [volume["name"] for volume in told.get("volumes", ()) if volume["name"] not in names]
    if others:
        raise Misshapen(f"it tells of volume {others[0]!r}, which it was not asked for")


def of_shares(names: t.Collection[str], told: t.Mapping[str, t.Any]) -> None:
    """Misshapen if what gluster_shares told is of other shares than those that it was to work on."""
    volumes = [change for change in told.get("changes", ()) if change["what"] == "volume"]
    told_of = [share["name"] for share in told.get("shares", ())] + [change["subject"] for change in volumes]
    others = [name for name in told_of if name not in names]
    if others:
        raise Misshapen(f"it tells of share {others[0]!r}, which it was not asked for")
    for change in volumes:
        _read(Maybe(NAME), change["after"], "changes.after")


def _read(shape: t.Any, told: t.Any, where: str) -> t.Any:
    if shape is ANY:
        return _any(told, where, _DEPTH)
    if isinstance(shape, Maybe):
        return None if told is None else _read(shape.of, told, where)
    if isinstance(shape, list):
        _check(isinstance(told, list), where, "list")
        return [_read(shape[0], one, f"{where}[{number}]") for number, one in enumerate(told)]
    if isinstance(shape, By):
        _check(isinstance(told, dict), where, "dictionary")
        return {_text(name, where): _read(shape.of, one, f"{where}.{name}"[:_LONGEST]) for name, one in told.items()}
    if isinstance(shape, Has):
        whole = _any(told, where, _DEPTH)
        _check(isinstance(whole, dict), where, "dictionary")
        also = {name: of for name, of in shape.may.items() if name in whole}
        return {**whole, **_read({**shape.of, **also}, whole, where)}
    if isinstance(shape, dict):
        _check(isinstance(told, dict), where, "dictionary")
        missing = [name for name in shape if name not in told]
        if missing:
            raise Misshapen(f"{where}.{missing[0]} is missing")
        return {name: _read(of, told[name], f"{where}.{name}") for name, of in shape.items()}
    if isinstance(shape, Words):
        _check(isinstance(told, str) and bool(shape.regex.fullmatch(told)), where, shape.what)
        return told
    return _scalar(shape, told, where)


# Of a place in an answer, as it is told.
_LONGEST = 200


def _scalar(kind: type, told: t.Any, where: str) -> t.Any:
    if kind is str:
        return _text(told, where)
    if kind is bool:
        _check(isinstance(told, bool), where, "true or false")
        return told
    number = isinstance(told, (int, float) if kind is float else int) and not isinstance(told, bool)
    _check(number and math.isfinite(told) and abs(told) < 1 << 63, where, "number")
    return told


def _text(told: t.Any, where: str) -> str:
    # One half of a pair of surrogates can be written to nobody.
    _check(isinstance(told, str) and len(told) <= _TEXT and not _SURROGATE.search(told), where, "text")
    return t.cast(str, told)


_SURROGATE = re.compile("[\ud800-\udfff]")


def _any(told: t.Any, where: str, depth: int) -> t.Any:
    _check(depth > 0, where, "value that any module tells")
    if isinstance(told, dict):
        return {_text(name, where): _any(one, where, depth - 1) for name, one in told.items()}
    if isinstance(told, list):
        return [_any(one, where, depth - 1) for one in told]
    if told is None or isinstance(told, bool):
        return told
    return _scalar(float if isinstance(told, (int, float)) else str, told, where)


def _check(right: bool, where: str, what: str) -> None:
    if not right:
        raise Misshapen(f"{where} is no {what}")
