# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What the inventory says of servers: what they give, where they are found, and which pools are to be made of them.
Decided on the control node."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, few
from ansible_collections.glusterops.shares.plugins.module_utils._machines import facts
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique
from ansible_collections.glusterops.shares.plugins.module_utils._servers.plan import check_addresses

_Values = t.Mapping[str, t.Any]
_Groups = t.Mapping[str, t.Sequence[str]]
# As fstab, LVM and brick paths take it.
_PATH = re.compile(r"(/[A-Za-z0-9_][A-Za-z0-9._+:-]*)+", re.ASCII)
_TAG = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_DEVICES = "/dev/"


@dataclasses.dataclass(frozen=True)
class Storage:
    """A device, or a directory, that a server gives to bricks."""

    path: str
    tags: tuple[str, ...] = ()

    @property
    def is_device(self) -> bool:
        return self.path.startswith(_DEVICES)


@dataclasses.dataclass(frozen=True)
class Server:
    """A server as the inventory has it. overcommit: how many times its storage may be promised. install: whether its
    programs are ours to install and start. join: whether it asks for a pool to be made, None if it does not say."""

    name: str
    cluster: str
    address: str
    storage: tuple[Storage, ...] = ()
    zone: str = ""
    tags: tuple[str, ...] = ()
    allow_root: bool = False
    overcommit: float = 1.0
    install: bool = True
    join: bool | None = None


@dataclasses.dataclass(frozen=True)
class Declared:
    """servers: by name. joining: the clusters whose servers are to be one pool. machines: those whose programs are
    looked at. installed: those of them where they are ours to install."""

    servers: t.Mapping[str, Server] = dataclasses.field(default_factory=dict)
    joining: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    installed: tuple[str, ...] = ()


def declared(
    clusters: t.Sequence[str], groups: _Groups, others: t.Iterable[str], variables: t.Mapping[str, _Values]
) -> Declared:
    """What is declared of the servers of these groups. others: machines that are no servers.

    A cluster none of whose servers declares storage, or says servers_join, is none of ours: nothing is done there. If
    all are, nothing is declared at all. Raises BadInput with all that is wrong.
    """
    failures: list[str] = []
    servers: dict[str, Server] = {}
    for cluster in clusters:
        for name in groups.get(cluster, ()):
            try:
                if name in servers:
                    raise BadInput(f"{name} is in the groups {servers[name].cluster} and {cluster}: a server has one.")
                servers[name] = _server(name, cluster, variables[name])
            except BadInput as exc:
                failures.append(str(exc))
    if failures:
        raise BadInput(few(failures))
    of = {cluster: [one for one in servers.values() if one.cluster == cluster] for cluster in clusters}
    joining = tuple(cluster for cluster, its in of.items() if _joins(its))
    for cluster in joining:
        addresses = {one.name: one.address for one in of[cluster]}
        check_addresses(list(addresses.values()))
    ours = {cluster for cluster, its in of.items() if cluster in joining or any(one.storage for one in its)}
    machines = [one.name for one in servers.values() if one.cluster in ours]
    guests = [name for name in others if name not in servers] if ours else []
    installed = [name for name in machines if servers[name].install]
    installed += [name for name in guests if _flag(name, variables[name], "servers_install", True)]
    return Declared(servers if ours else {}, joining, (*machines, *guests), tuple(installed))


def plain(found: t.Any) -> dict[str, t.Any]:
    """A dataclass of such, as variables take it."""
    return t.cast("dict[str, t.Any]", json.loads(json.dumps(dataclasses.asdict(found))))


def read(its: _Values) -> Declared:
    """What plain() has made of it."""
    servers = {}
    for name, one in its["servers"].items():
        storage = tuple(Storage(part["path"], tuple(part["tags"])) for part in one["storage"])
        servers[name] = Server(**{**one, "storage": storage, "tags": tuple(one["tags"])})
    return Declared(servers, *(tuple(its[name]) for name in ("joining", "machines", "installed")))


def _joins(servers: t.Sequence[Server]) -> bool:
    """Whether they are to be one pool: one says so, or one declares storage and none says not."""
    said = [one.join for one in servers if one.join is not None]
    return any(said) if said else any(one.storage for one in servers)


def _server(name: str, cluster: str, variables: _Values) -> Server:
    named = facts.like_ours(variables.get("ansible_facts"))
    if named:
        raise BadInput(
            f"{name} told facts that are named like variables of this collection: {', '.join(named)}. They could say"
            " where and how things are done: find out what on that machine, or what cacheable set_fact, made them."
        )
    join = variables.get("servers_join")
    storage = variables.get("servers_storage") or ()
    if not isinstance(storage, (list, tuple)):
        raise BadInput(f"{name}: servers_storage {storage!r} is no list.")
    found = tuple(_storage(name, entry) for entry in storage)
    check_unique((one.path for one in found), f"{name}: servers_storage")
    return Server(
        name=name,
        cluster=cluster,
        address=str(variables.get("servers_address") or variables.get("ansible_host") or name),
        storage=found,
        zone=str(variables.get("servers_zone", "")),
        tags=_tags(f"{name}: servers_tags", variables.get("servers_tags")),
        allow_root=_flag(name, variables, "servers_allow_root", False),
        overcommit=_overcommit(name, variables.get("servers_overcommit", 1.0)),
        install=_flag(name, variables, "servers_install", True),
        join=None if join is None or join == "" else _flag(name, variables, "servers_join", False),
    )


def _storage(name: str, entry: t.Any) -> Storage:
    what = f"{name}: servers_storage"
    given = {"path": entry} if isinstance(entry, str) else entry
    if not isinstance(given, t.Mapping) or not set(given) <= {"path", "tags"} or "path" not in given:
        raise BadInput(f"{what}: {entry!r} is neither a path nor a dictionary of path and tags.")
    path = given["path"]
    if not isinstance(path, str) or not _PATH.fullmatch(path) or path == _DEVICES.rstrip("/"):
        raise BadInput(f"{what}: {path!r} is no absolute path of A-Z a-z 0-9 . _ + : and -, without . at a beginning.")
    return Storage(path, _tags(what, given.get("tags")))


def _tags(what: str, value: t.Any) -> tuple[str, ...]:
    tags = value or ()
    if not isinstance(tags, (list, tuple)) or not all(isinstance(one, str) and _TAG.fullmatch(one) for one in tags):
        raise BadInput(f"{what}: tags {value!r} are no list of names of A-Z a-z 0-9 . _ and -.")
    return tuple(tags)


def _overcommit(name: str, value: t.Any) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = 0.0
    if not 0.1 <= found <= 100:
        raise BadInput(
            f"{name}: servers_overcommit {value!r} is no number from 0.1 to 100: 1.0 promises what is there."
        )
    return found


def _flag(name: str, variables: _Values, variable: str, otherwise: bool) -> bool:
    value = variables.get(variable, otherwise)
    try:
        return boolean(value)
    except TypeError:
        raise BadInput(f"{name}: {variable} {value!r} is neither true nor false.") from None


def storage_problems(server: Server, look: t.Any) -> list[str]:
    """Why some of its storage cannot be used, as far as gluster_info told."""
    given = {one.path for one in server.storage}
    its = [place for place in _storage_told(look) if place["path"] in given]
    found = [place["problem"] for place in its if place["problem"]]
    if not server.allow_root:
        found += [
            f"{place['path']} lies on the root file system, which bricks would fill: mount a file system there, or say"
            " servers_allow_root: true."
            for place in its
            if place["root"] and not place["problem"]
        ]
    return found


def _storage_told(look: t.Any) -> t.Sequence[t.Any]:
    return (look.get("storage") if isinstance(look, t.Mapping) else None) or ()


def unready(server: Server, look: t.Any) -> list[str]:
    """The paths of its storage that are not ready for bricks, as far as gluster_info told, or that it did not tell
    of."""
    ready = {place["path"] for place in _storage_told(look) if place["state"] == "ready"}
    return [one.path for one in server.storage if one.path not in ready]
