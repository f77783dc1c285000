# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""The servers that are declared, and what they told of their storage and volumes. Decided on the control node."""

from __future__ import annotations

import contextlib
import dataclasses
import posixpath
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._bricks import names
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    Refused,
    Unreachable,
    few,
)
from ansible_collections.glusterops.shares.plugins.module_utils._machines import told
from ansible_collections.glusterops.shares.plugins.module_utils._units import check_number
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.layout import (
    Brick,
    Durability,
    Layout,
    Storage,
)
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.placing import Present, Room, Wish

_Values = t.Mapping[str, t.Any]

# What can hold bricks; blank will be made ready first.
_TAKING = ("ready", "blank")


# ---- servers ---------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Server:
    """A server that is declared. storage: by path, its tags."""

    name: str
    address: str
    cluster: str
    zone: str
    storage: t.Mapping[str, frozenset[str]]
    overcommit: float

    @classmethod
    def read(cls, name: str, declared: _Values) -> Server:
        """What the inventory says of it, or BadInput."""
        tags = words(declared.get("tags"), f"{name}: servers_tags")
        overcommit = declared.get("overcommit", 1.0)
        check_number(overcommit, 1, 100, f"{name}: servers_overcommit")
        storage: dict[str, frozenset[str]] = {}
        seen: dict[str, str] = {}
        for entry in declared.get("storage") or ():
            its: t.Any = {"path": entry} if isinstance(entry, str) else entry
            path = its.get("path") if isinstance(its, t.Mapping) else None
            if not isinstance(path, str) or not path.startswith("/"):
                raise BadInput(f"{name}: servers_storage: {entry!r} is neither a path nor a dictionary with one.")
            same = seen.setdefault(posixpath.normpath(path), path)
            if path in storage or same != path:
                raise BadInput(f"{name}: servers_storage: {path} stands twice in the list: take one away.")
            storage[path] = tags | words(its.get("tags"), f"{name}: servers_storage: tags of {path}")
        zone = declared.get("zone")
        return cls(
            name=name,
            address=str(declared.get("address") or name),
            cluster=str(declared.get("cluster") or ""),
            zone="" if zone is None else str(zone),
            storage=storage,
            overcommit=overcommit,
        )


def words(value: t.Any, what: str) -> frozenset[str]:
    """A list of words as Ansible reads it, or BadInput."""
    given = value.split(",") if isinstance(value, str) else [] if value is None else value
    if not isinstance(given, (list, tuple)) or not all(isinstance(word, str) for word in given):
        raise BadInput(f"{what} {value!r} is not a list of words.")
    return frozenset(word.strip() for word in given if word.strip())


def read_servers(declared: t.Mapping[str, _Values], looks: _Values) -> list[Server]:
    """All of them, or what is wrong with any."""
    wrong, servers = [], []
    for name in sorted(declared):
        try:
            servers.append(Server.read(name, declared[name]))
        except BadInput as exc:
            wrong.append(str(exc))
    if wrong:
        raise BadInput(few(wrong))
    twice = told.twice({server.name: looks.get(server.name) for server in servers})
    of = {server.name: server for server in servers}
    _check_one([of[name] for name in sorted(twice)], "are one server: its glusterd answers to both names")
    addresses: dict[str, list[Server]] = {}
    for server in servers:
        addresses.setdefault(server.address.lower(), []).append(server)
    for several in addresses.values():
        if len(several) > 1:
            _check_one(several, f"are one server: both have the address {several[0].address}")
    return servers


def _check_one(several: t.Sequence[Server], why: str) -> None:
    if several:
        clusters = sorted({server.cluster for server in several})
        where = f" in the clusters {' and '.join(clusters)}" if len(clusters) > 1 else ""
        raise BadInput(
            f"{' and '.join(server.name for server in several)}{where} {why}. Let the inventory have a server once, in"
            " one cluster."
        )


# ---- what is there ---------------------------------------------------------------------------------------------------


class Found(t.NamedTuple):
    """A brick that a server told of. used: whether something is in it, None if that is not known."""

    brick: Brick
    used: bool | None


class Cluster:
    """A cluster as it is. found: C(volumes) with what they are C(made_of). silent: by server that did not tell its
    storage, why not, as the end of a sentence. Raises what is wrong with any server's storage."""

    def __init__(self, name: str, found: _Values | None, servers: t.Sequence[Server], looks: _Values) -> None:
        if not found or found.get("volumes") is None:
            raise Unreachable(f"{name} could not tell what is there, so no bricks can be placed.")
        self.name = name
        self.volumes: dict[str, _Values] = {volume["name"]: volume for volume in found["volumes"]}
        self.servers = {server.name: server for server in servers}
        self.silent: dict[str, str] = {}
        self.warnings: list[str] = []
        # By server and name, and by volume.
        self._found: dict[tuple[str, str], Found] = {}
        self._of: dict[str, list[Found]] = {}
        self._at = {server.address: server.name for server in servers}
        storages: list[Storage] = []
        for server in servers:
            storages += self._read(server, looks.get(server.name))
        self.room = Room(storages)

    def _read(self, server: Server, look: t.Any) -> list[Storage]:
        its = _Look(server)
        try:
            its.read(look)
        except Unreachable as exc:
            self.silent[server.name] = str(exc)
            if server.storage:
                self.warnings.append(f"{server.name} did not tell its storage, so it gets no bricks: {exc}.")
            return []
        self.warnings += its.warnings
        for found in its.bricks:
            self._found[server.name, found.brick.name] = found
            called = names.parse(found.brick.name)
            if called:
                self._of.setdefault(called.volume, []).append(found)
        return its.storages

    def left(self, layout: Layout) -> list[Found]:
        """The bricks that were made for the volume, and are in none."""
        of_it = {(self._at.get(brick.address), brick.name) for brick in layout.bricks}
        return [
            one
            for one in self._of.get(layout.volume, ())
            if one.brick.storage and (one.brick.storage.server, one.brick.name) not in of_it
        ]

    def present(self, wish: Wish) -> Present:
        """What there is of a volume. Raises what stands in its way."""
        name, volume = wish.name, self.volumes.get(wish.name)
        layout, unknown = self._layout(name, volume) if volume else (None, "")
        left = self.left(layout or Layout(name, wish.durability, ()))
        used = [one.brick for one in left if one.used]
        if used and not layout:
            raise Refused(
                f"share {name!r} has no volume, and something is in {used[0]}, which was made for it: get its volume"
                " back, or have what is left of it removed (gluster_bricks, deleted_volumes)."
            )
        bricks = [one.brick for one in self._of.get(name, ())] + list(layout.bricks if layout else ())
        called = [names.parse(brick.name) for brick in bricks]
        return Present(
            layout=layout,
            last=max((its.number for its in called if its), default=0),
            spare=tuple(one.brick for one in left if one.used is False),
            unknown=unknown and f"share {name!r} has to grow, and {unknown}",
        )

    def _layout(self, name: str, volume: _Values) -> tuple[Layout, str]:
        """A volume's bricks; and why the sizes of some are not known, empty if they all are."""
        made = volume.get("made_of")
        if made is None:
            raise Conflict(
                f"share {name!r} is declared with provisioner: servers, and there is a volume {name!r} that was not"
                " made on servers' storage: rename the share, or say where its volume is from."
            )
        places: list[tuple[str, str]] = []
        durability = Durability()
        with told.whatever_it_told(), contextlib.suppress(BadInput):
            counts = {key: _number(made[key]) for key in ("replica", "arbiter", "disperse", "redundancy")}
            durability = Durability.parse(str(Durability(**counts)))
            understood = durability == Durability(**counts)
            split = [told.word(one).partition(":/") for one in made["bricks"]]
            whole = understood and len(split) % durability.width == 0
            if whole and names.made(name, [f"/{path}" for _at, _colon, path in split]):
                places = [(address, f"/{path}") for address, _colon, path in split]
        if not places:
            raise Unreachable(f"What {self.name} told of the bricks of {name!r} cannot be understood.")
        bricks, unknown = [], []
        for address, path in places:
            called = posixpath.basename(posixpath.dirname(path))
            server = self._at.get(address)
            its = self._found.get((server or "", called))
            bricks.append(
                Brick(its.brick.storage if its else None, address, path, called, its.brick.size if its else 0)
            )
            if not its:
                unknown.append(self._why_unknown(server, address, called))
        width = durability.width
        sets = tuple(tuple(bricks[at : at + width]) for at in range(0, len(bricks), width))
        return Layout(name, durability, sets), unknown[0] if unknown else ""

    def _why_unknown(self, server: str | None, address: str, brick: str) -> str:
        if server is None:
            return f"no server of {self.name} in the inventory has its brick's address {address}: see servers_address."
        if server in self.silent:
            why = self.silent[server]
            return f"{server}, which has a brick of it, did not tell its storage ({why}): run again when it does."
        return f"{server} tells of no {brick} on its storage: mend that first."


class _Look:
    """What a server told of its storage, beside what is declared of it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._refused: set[str] = set()
        self.storages: list[Storage] = []
        self.bricks: list[Found] = []
        self.warnings: list[str] = []

    def read(self, look: t.Any) -> None:
        """Unreachable, with why as the end of a sentence, if it told nothing that can be understood."""
        understood = False
        with told.whatever_it_told():
            for one in look["storage"]:
                self._read(one)
            understood = True
        if not understood:
            raise Unreachable(told.why_not(look, "storage"))
        self._check_twice()
        for path in sorted(self._server.storage.keys() - {one.path for one in self.storages} - self._refused):
            self.warnings.append(f"{self._server.name} did not tell of {path}, so it gets no bricks.")

    def _read(self, one: _Values) -> None:
        server, path, state = self._server, told.word(one["path"]), told.word(one["state"])
        if state not in _TAKING or one["problem"]:
            if path in server.storage:
                self._refused.add(path)
                why = told.word(one["problem"] or state).rstrip(".")
                self.warnings.append(f"{server.name}: {path} gets no bricks: {why}.")
            return
        size, free = (_number(one[key]) for key in ("size", "free"))
        more = int(size * (server.overcommit - 1))
        storage = Storage(
            server=server.name,
            address=server.address,
            path=path,
            kind=told.word(one["kind"]),
            identity=told.word(one["identity"]),
            free=free + more,
            capacity=size + more,
            zone=server.zone,
            tags=server.storage.get(path, frozenset()),
            takes=path in server.storage,
        )
        self.storages.append(storage)
        for brick in one["bricks"]:
            used = brick.get("used")
            found = storage.brick(told.word(brick["name"]), _number(brick["size"]))
            # Nobody got a brick that is only half made.
            if told.word(brick["state"]) == "partial":
                used = False
            self.bricks.append(Found(found, used if isinstance(used, bool) else None))

    def _check_twice(self) -> None:
        seen: dict[str, str] = {}
        for one in self.storages:
            if one.takes and one.kind == names.DEVICE and seen.setdefault(one.identity, one.path) != one.path:
                raise BadInput(
                    f"{one.server}: servers_storage: {seen[one.identity]} and {one.path} are one device: take one away."
                )


def _number(value: t.Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(value)
    return value
