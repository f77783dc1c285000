# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Clusters, servers (which Heketi calls nodes) and devices: as Heketi knows them, and as they shall be. No I/O.

Sizes in here are bytes.
"""

from __future__ import annotations

import collections
import dataclasses
import ipaddress
import posixpath
import re
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, few
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import understood
from ansible_collections.glusterops.shares.plugins.module_utils._units import check_number

_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)

# Both reach a shell on the servers.
_HOST = re.compile(r"(?=.*[A-Za-z0-9])[A-Za-z0-9_:][A-Za-z0-9._:-]{0,252}", re.ASCII)
_DEVICE = re.compile(r"/[A-Za-z0-9_.:/-]+", re.ASCII)

_MAX_ZONE = 2**31 - 1
_MAX_TAGS = 32
_MAX_TAG = 64
_TAG = re.compile(r"[A-Za-z0-9_.-]{1,32}", re.ASCII)
_ARBITER = ("required", "supported", "disabled")


def host_key(name: str) -> str:
    """The same for all ways to write a host's name or address."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.lower().rstrip(".")


@dataclasses.dataclass(frozen=True)
class Device:
    """A device of a server: state is C(online), C(offline) or C(failed); bricks is how many volume bricks it holds;
    paths are its other names, such as those in C(/dev/disk/by-id), as far as Heketi knows them."""

    id: str
    name: str
    state: str
    total: int
    free: int
    used: int
    tags: t.Mapping[str, str]
    bricks: int
    paths: tuple[str, ...] = ()

    def is_called(self, name: str) -> bool:
        return name == self.name or name in self.paths


@dataclasses.dataclass(frozen=True)
class Node:
    """A server: by which name Heketi logs in (manage), and by which its bricks are reached (storage)."""

    id: str
    cluster: str
    manage: str
    storage: str
    zone: int
    state: str
    tags: t.Mapping[str, str]
    devices: tuple[Device, ...]

    @classmethod
    def from_info(cls, info: t.Mapping[str, t.Any]) -> Node:
        """Reads the answer to GET /nodes/ID."""
        with understood("a server"):
            return cls(
                id=info["id"],
                cluster=info["cluster"],
                manage=info["hostnames"]["manage"][0],
                storage=info["hostnames"]["storage"][0],
                zone=info["zone"],
                state=info["state"],
                tags=info.get("tags") or {},
                devices=tuple(
                    Device(
                        id=device["id"],
                        name=device["name"],
                        state=device["state"],
                        total=device["storage"]["total"] * 1024,
                        free=device["storage"]["free"] * 1024,
                        used=device["storage"]["used"] * 1024,
                        tags=device.get("tags") or {},
                        bricks=len(device["bricks"] or []),
                        paths=tuple(device.get("paths") or ()),
                    )
                    for device in info["devices"] or []
                ),
            )


@dataclasses.dataclass(frozen=True)
class HeketiCluster:
    """A trusted pool. file and block say which kinds of volumes Heketi may put on it; volumes are ids."""

    id: str
    file: bool
    block: bool
    nodes: tuple[Node, ...]
    volumes: tuple[str, ...]

    @classmethod
    def from_info(cls, info: t.Mapping[str, t.Any], nodes: t.Iterable[Node]) -> HeketiCluster:
        """Reads the answer to GET /clusters/ID, with the servers read one by one."""
        with understood("a cluster"):
            return cls(
                id=info["id"],
                file=info["file"],
                block=info["block"],
                nodes=tuple(nodes),
                volumes=tuple([*(info["volumes"] or []), *(info["blockvolumes"] or [])]),
            )


# ---- what is wanted --------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class DesiredDevice:
    """A device as it shall be. destroy_data: what is on it may be wiped when it is added."""

    name: str
    tags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    state: str = "online"
    destroy_data: bool = False


@dataclasses.dataclass(frozen=True)
class DesiredNode:
    """A server as it shall be, with all its devices."""

    manage: str
    storage: str
    zone: int = 1
    tags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    state: str = "online"
    devices: tuple[DesiredDevice, ...] = ()


@dataclasses.dataclass(frozen=True)
class DesiredCluster:
    """A cluster as it shall be, with all its servers. It has an id or at least one server."""

    id: str | None
    nodes: tuple[DesiredNode, ...]
    file: bool = True
    block: bool = True

    def __str__(self) -> str:
        return f"cluster {self.id}" if self.id else f"cluster of {self.nodes[0].manage}"


def read_desired(
    entries: t.Sequence[t.Mapping[str, t.Any]], purge: bool = False, destroy_data: t.Sequence[str] = ()
) -> list[DesiredCluster]:
    """The clusters of the parameters, or one BadInput that names all that is wrong with them.

    destroy_data: devices that may be wiped when they are added, C(manage:path) each.
    """
    wrong = list(_wrong(entries))
    named = {_full_name(node, device) for entry in entries for node in entry["nodes"] for device in node["devices"]}
    wrong += [
        f"destroy_data: {name!r} is no device of clusters: give the server's manage name, ':' and the device's path."
        for name in destroy_data
        if _key(name) not in named
    ]
    if purge and not entries:
        wrong.append("clusters is empty, and with purge that would empty all of Heketi: declare at least one cluster.")
    if wrong:
        raise BadInput(few(wrong))
    return [
        DesiredCluster(
            id=entry["id"],
            nodes=tuple(_read_node(node, frozenset(map(_key, destroy_data))) for node in entry["nodes"]),
            file=entry["file"],
            block=entry["block"],
        )
        for entry in entries
    ]


def _full_name(node: t.Mapping[str, t.Any], device: t.Mapping[str, t.Any]) -> str:
    return _key(f"{node['manage']}:{device['name']}")


def _key(name: str) -> str:
    host, slash, path = name.partition(":/")
    return host_key(host) + slash + path


def _read_node(entry: t.Mapping[str, t.Any], destroy_data: t.Collection[str]) -> DesiredNode:
    return DesiredNode(
        manage=entry["manage"],
        storage=_storage(entry),
        zone=entry["zone"],
        tags=_read_tags(entry["tags"]),
        state=entry["state"],
        devices=tuple(
            DesiredDevice(
                device["name"],
                _read_tags(device["tags"]),
                device["state"],
                device["destroy_data"] or _full_name(entry, device) in destroy_data,
            )
            for device in entry["devices"]
        ),
    )


def _storage(entry: t.Mapping[str, t.Any]) -> str:
    return entry["manage"] if entry["storage"] is None else entry["storage"]


def _read_tags(tags: t.Mapping[str, t.Any]) -> dict[str, str]:
    return {tag: str(value) for tag, value in tags.items()}


def _wrong(entries: t.Sequence[t.Mapping[str, t.Any]]) -> t.Iterator[str]:
    """What is wrong with the parameters, a sentence each."""
    ids = [entry["id"] for entry in entries if entry["id"] is not None]
    for number, entry in enumerate(entries):
        where = f"clusters[{number}]"
        if entry["id"] is None and not entry["nodes"]:
            yield f"{where} has neither an id nor nodes, so nobody can tell which cluster is meant."
        if entry["id"] is not None and not _ID.fullmatch(entry["id"]):
            yield f"{where}: id {entry['id']!r} is not a cluster's id: 32 of 0-9 and a-f."
        for node in entry["nodes"]:
            for sentence in _wrong_node(node):
                yield f"{where}.nodes {node['manage']!r}: {sentence}"
    for cluster_id in _twice(ids):
        yield f"clusters: id {cluster_id!r} stands more than once."
    nodes = [node for entry in entries for node in entry["nodes"]]
    # Heketi keeps both kinds in one list. A server may have one name for both.
    for name in _twice(name for node in nodes for name in sorted({host_key(node["manage"]), host_key(_storage(node))})):
        yield f"clusters: {name!r} is the manage or storage name of more than one server."


def _wrong_node(node: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    for option, name in (("manage", node["manage"]), ("storage", _storage(node))):
        if not _HOST.fullmatch(name):
            yield (
                f"{option} {name!r} is not a host name or address:"
                " 1 to 253 of A-Z a-z 0-9 . _ : and -, not beginning with . or -, nor : alone."
            )
    try:
        check_number(node["zone"], 1, _MAX_ZONE, "zone")
    except BadInput as exc:
        yield str(exc)
    yield from _wrong_tags(node["tags"])
    for device in node["devices"]:
        if not _DEVICE.fullmatch(device["name"]):
            yield f"devices: {device['name']!r} is not a device's path: / and then A-Z a-z 0-9 _ . : / and -."
        elif posixpath.normpath(device["name"]) != device["name"] or device["name"].startswith("//"):
            # Under two names Heketi would take a device twice, and wipe it the second time.
            yield f"devices: {device['name']!r} is not a plain path: leave out '//', '.', '..' and a '/' at the end."
        for sentence in _wrong_tags(device["tags"]):
            yield f"devices {device['name']!r}: {sentence}"
    for name in _twice(device["name"] for device in node["devices"]):
        yield f"devices: {name!r} stands more than once."


def _wrong_tags(tags: t.Mapping[t.Any, t.Any]) -> t.Iterator[str]:
    if len(tags) > _MAX_TAGS:
        yield f"tags has {len(tags)} tags, and Heketi takes {_MAX_TAGS}."
    for tag, value in tags.items():
        if not isinstance(tag, str) or not _TAG.fullmatch(tag):
            yield f"tags: {tag!r} is not a tag's name: 1 to 32 of A-Z a-z 0-9 _ . and -."
        elif isinstance(value, bool) or not isinstance(value, (str, int)):
            yield f"tags: {tag}={value!r} is not a text: write it in quotes."
        elif len(str(value).encode()) > _MAX_TAG:
            yield f"tags: {tag} has more than {_MAX_TAG} bytes."
        elif tag == "arbiter" and value not in _ARBITER:
            yield f"tags: arbiter={value!r} must be one of {', '.join(_ARBITER)}."


def _twice(values: t.Iterable[str]) -> list[str]:
    """The values that are there more than once."""
    return sorted(value for value, count in collections.Counter(values).items() if count > 1)
