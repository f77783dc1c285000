# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import contextlib
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    GlusterOpsError,
    NotFound,
    OutcomeUnknown,
    Refused,
    Unreachable,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import NoAnswer, is_half_done

if t.TYPE_CHECKING:  # pragma: no cover
    import xml.etree.ElementTree as ET

    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli


class Brick(t.NamedTuple):
    """A directory on a server. server_uuid is the server's glusterd UUID."""

    server: str
    path: str
    server_uuid: str
    arbiter: bool = False


class Volume(t.NamedTuple):
    """What C(gluster volume info) says of a volume. status: Created, Started or Stopped.

    options are the reconfigured ones only: what was never set is not there.
    """

    name: str
    id: str
    status: str
    type: str
    replica: int
    arbiter: int
    disperse: int
    redundancy: int
    snapshots: int
    bricks: tuple[Brick, ...]
    options: dict[str, str]

    @property
    def started(self) -> bool:
        return self.status == "Started"

    @property
    def servers(self) -> tuple[str, ...]:
        """The servers that hold its bricks, in the bricks' order, each once."""
        return tuple(dict.fromkeys(brick.server for brick in self.bricks))

    def is_on(self, option: str) -> bool:
        return is_on(self.options, option)


def is_on(options: t.Mapping[str, str], option: str) -> bool:
    return options.get(option, "off").strip().lower() in _ON


class Peer(t.NamedTuple):
    """A server of the trusted pool, this one included, whose hostname is localhost and whose state is empty.

    state in Gluster's words: MEMBER if all is well.
    """

    uuid: str
    hostname: str
    connected: bool
    state: str


class Process(t.NamedTuple):
    """A brick's process or a helper daemon of a volume, as C(gluster volume status) lists it."""

    server: str
    path: str
    online: bool
    port: int | None
    pid: int | None


class Rebalance(t.NamedTuple):
    """A volume's rebalance, over all servers: status in Gluster's words, files and bytes moved so far."""

    status: str
    files: int
    size: int
    failures: int
    seconds: int

    def __str__(self) -> str:
        failed = f", {self.failures} failures" if self.failures else ""
        return f"{self.status} ({self.files} files of {self.size} bytes moved in {self.seconds} s{failed})"


class Limit(t.NamedTuple):
    """The quota limit of a volume's root and what is used of it, in bytes."""

    size: int
    used: int


class Door(t.NamedTuple):
    """A brick's process, and its clients as HOST:PORT. A client has one such connection with every brick."""

    server: str
    path: str
    server_uuid: str
    online: bool
    port: int | None
    clients: tuple[str, ...]


# The state of a full member of the pool.
MEMBER = "Peer in Cluster"
# The kind of client that heals a volume's bricks.
HEALER = "glustershd"
_LOOKS, _PAUSE = 15, 1.0
# Kinds that mostly are gone in a moment: who has not said yet what it is, and what asks for C(heal info), which bricks
# list for seconds after it has ended.
_PASSING = frozenset({"gfapi.glfsheal", "unknown"})
# The servers' own daemons, by the names that they give themselves. A client that names itself otherwise, or not at all
# (which Gluster lists as unknown), may be anybody.
DAEMONS = frozenset({"bitd", HEALER, "quotad", "rebalance", "scrub", "snapd"})
_ON = ("on", "yes", "true", "enable", "1")


def _unexpected(what: str) -> GlusterOpsError:
    return GlusterOpsError(f"gluster's answer is not as expected: {what}.")


def _all(root: ET.Element, path: str, tag: str) -> list[ET.Element]:
    """What is listed there. The list itself has to be there, else it was no answer to what was asked."""
    listed = root.find(path)
    if listed is None:
        raise _unexpected(f"it has no {path}")
    return listed.findall(tag)


def text_of(element: ET.Element, tag: str) -> str:
    """The text that is there, which is not empty."""
    text = element.findtext(tag)
    if not text:
        raise _unexpected(f"{element.tag} has no {tag}")
    return text


def _digits(text: str) -> bool:
    return len(text) < 20 and text.isascii() and text.isdigit()


def number_of(element: ET.Element, tag: str) -> int:
    """The number that is there; none is not nought."""
    text = element.findtext(tag) or ""
    if not _digits(text):
        raise _unexpected(f"{element.tag} has {text[:50]!r} as {tag}")
    return int(text)


def read_volumes(root: ET.Element) -> dict[str, Volume]:
    """Name to Volume, from the answer of C(volume info)."""
    return {volume.name: volume for volume in map(_read_volume, _all(root, "volInfo/volumes", "volume"))}


def _read_volume(element: ET.Element) -> Volume:
    bricks = []
    for brick in element.iterfind("bricks/brick"):
        server, colon, path = (brick.findtext("name") or brick.text or "").strip().partition(":/")
        if not (server and colon):
            raise _unexpected("a brick has no server or no path")
        bricks.append(
            Brick(
                server=server,
                path="/" + path,
                server_uuid=brick.findtext("hostUuid") or "",
                arbiter=brick.findtext("isArbiter") == "1",
            )
        )
    return Volume(
        name=text_of(element, "name"),
        id=element.findtext("id") or "",
        status=text_of(element, "statusStr"),
        type=element.findtext("typeStr") or "",
        replica=number_of(element, "replicaCount"),
        arbiter=number_of(element, "arbiterCount"),
        disperse=number_of(element, "disperseCount"),
        redundancy=number_of(element, "redundancyCount"),
        snapshots=number_of(element, "snapshotCount"),
        bricks=tuple(bricks),
        options={
            text_of(option, "name"): option.findtext("value") or "" for option in element.iterfind("options/option")
        },
    )


def read_peers(root: ET.Element) -> list[Peer]:
    """The servers of the pool, from the answer of C(pool list)."""
    return [
        Peer(
            uuid=text_of(peer, "uuid"),
            hostname=text_of(peer, "hostname"),
            connected=peer.findtext("connected") == "1",
            state=peer.findtext("stateStr") or "",
        )
        for peer in _all(root, "peerStatus", "peer")
    ]


def read_processes(root: ET.Element) -> dict[str, list[Process]]:
    """Volume to its bricks and helper daemons, from the answer of C(volume status)."""
    found: dict[str, list[Process]] = {}
    for volume in _all(root, "volStatus/volumes", "volume"):
        found[text_of(volume, "volName")] = [
            Process(
                server=text_of(node, "hostname"),
                path=node.findtext("path") or "",
                online=node.findtext("status") == "1",
                port=_positive(node.findtext("port")),
                pid=_positive(node.findtext("pid")),
            )
            for node in volume.iterfind("node")
            if node.find("hostname") is not None
        ]
    return found


def read_doors(root: ET.Element) -> dict[str, list[Door]]:
    """Volume to its bricks' processes, from the answer of C(volume status NAME clients)."""
    return {
        text_of(volume, "volName"): [
            Door(
                server=text_of(node, "hostname"),
                path=node.findtext("path") or "",
                server_uuid=node.findtext("peerid") or "",
                online=node.findtext("status") == "1",
                port=_positive(node.findtext("port")),
                clients=tuple(text_of(one, "hostname") for one in node.iterfind("clientsStatus/client")),
            )
            for node in volume.iterfind("node")
            if (node.findtext("path") or "").startswith("/")
        ]
        for volume in _all(root, "volStatus/volumes", "volume")
    }


def _tasks_of(volume: ET.Element) -> list[tuple[str, str]]:
    """The type and the status of each of its tasks."""
    return [(text_of(task, "type"), text_of(task, "statusStr")) for task in volume.iterfind("tasks/task")]


def read_rebalances(root: ET.Element) -> dict[str, str]:
    """Volume to the status of its rebalance, from the answer of C(volume status)."""
    return {
        text_of(volume, "volName"): status
        for volume in _all(root, "volStatus/volumes", "volume")
        for kind, status in _tasks_of(volume)
        if kind == "Rebalance"
    }


# How a task ended. A C(remove-brick) goes on after that: its bricks wait for the commit.
_ENDED = ("completed", "failed", "stopped")


def read_tasks(root: ET.Element) -> dict[str, tuple[str, ...]]:
    """Volume to the tasks that have not ended, as V(Remove brick: completed), from the answer of C(volume status)."""
    found: dict[str, tuple[str, ...]] = {}
    for volume in _all(root, "volStatus/volumes", "volume"):
        lasting = [f"{kind}: {how}" for kind, how in _tasks_of(volume) if kind != "Rebalance" or how not in _ENDED]
        if lasting:
            found[text_of(volume, "volName")] = tuple(lasting)
    return found


def read_leaving(root: ET.Element) -> dict[str, tuple[str, ...]]:
    """Volume to its bricks, as V(server:/path), of which a C(remove-brick) goes on or waits for its commit, from the
    answer of C(volume status)."""
    return {
        text_of(volume, "volName"): tuple(
            (brick.text or "").strip()
            for task in volume.iterfind("tasks/task")
            if text_of(task, "type") == "Remove brick"
            for brick in task.iterfind("params/brick")
        )
        for volume in _all(root, "volStatus/volumes", "volume")
    }


def read_rebalance(root: ET.Element) -> Rebalance:
    """The whole of a rebalance, from the answer of C(volume rebalance NAME status), or of C(remove-brick)'s."""
    whole = root.find("volRebalance/aggregate")
    if whole is None:
        whole = root.find("volRemoveBrick/aggregate")
    if whole is None:
        raise _unexpected("it tells nothing of a rebalance")
    seconds = (whole.findtext("runtime") or "0").partition(".")[0]
    if not _digits(seconds):
        raise _unexpected(f"runtime is {seconds[:50]!r}")
    return Rebalance(
        status=text_of(whole, "statusStr"),
        files=number_of(whole, "files"),
        size=number_of(whole, "size"),
        failures=number_of(whole, "failures"),
        seconds=int(seconds),
    )


def read_clients(text: str) -> dict[str, dict[str, int]]:
    """Volume to kind of client to number, from the text of C(volume status NAME client-list)."""
    found: dict[str, dict[str, int]] = {}
    whole = set()
    for line in text.splitlines():
        words = line.split()
        if line.startswith("Client connections for volume ") and len(words) == 5:
            kinds = found.setdefault(words[4], {})
        elif line.startswith("total clients for volume ") and len(words) > 4:
            whole.add(words[4])
        elif found and len(words) == 2 and _digits(words[1]):
            # Those that do not say what they are may stand there more than once.
            kinds[words[0]] = kinds.get(words[0], 0) + int(words[1])
    if whole != set(found):
        raise _unexpected("the list of clients breaks off")
    return found


def _positive(text: str | None) -> int | None:
    return int(text) or None if text and _digits(text) else None


def read_limit(root: ET.Element) -> Limit | None:
    """The limit of the root directory, from the answer of C(volume quota NAME list)."""
    for limit in root.iterfind("volQuota/limit"):
        if limit.findtext("path") == "/":
            size, used = limit.findtext("hard_limit") or "", limit.findtext("used_space") or ""
            return Limit(size=int(size), used=int(used) if _digits(used) else 0) if _digits(size) else None
    return None


def read_capacity(volume: Volume, root: ET.Element) -> int | None:
    """Bytes that the volume can hold, from the answer of C(volume status NAME detail); None if a brick is down.

    Of several bricks on one file system each counts the whole of it.
    """
    sizes = {
        (node.findtext("hostname"), node.findtext("path")): _positive(node.findtext("sizeTotal")) or 0
        for node in root.iterfind("volStatus/volumes/volume/node")
    }
    of = [0 if brick.arbiter else sizes.get((brick.server, brick.path), 0) for brick in volume.bricks]
    width = volume.disperse or volume.replica or 1
    copies = volume.disperse - volume.redundancy if volume.disperse else 1
    total = 0
    for start in range(0, len(of), width):
        known = [size for size, brick in zip(of[start : start + width], volume.bricks[start:]) if not brick.arbiter]
        if not all(known):
            return None
        total += min(known) * copies
    return total


def volumes(cli: GlusterCli) -> dict[str, Volume]:
    """Every volume of the cluster, in one call."""
    return read_volumes(cli.xml("volume", "info"))


def volume_names(cli: GlusterCli) -> list[str]:
    """The names of the volumes that the asked server knows, in one call that takes no lock."""
    return [(one.text or "").strip() for one in _all(cli.xml("volume", "list"), "volList", "volume")]


def volume(cli: GlusterCli, name: str) -> Volume:
    """One volume. Raises NotFound."""
    found = read_volumes(cli.xml("volume", "info", name))
    if name not in found:
        raise _unexpected(f"it tells nothing of the volume {name!r}")
    return found[name]


def peers(cli: GlusterCli) -> list[Peer]:
    """Every server of the pool, in one call."""
    return read_peers(cli.xml("pool", "list"))


_Told = t.TypeVar("_Told")
_Ask = t.Callable[["GlusterCli", str], "dict[str, _Told]"]


def _of_all(cli: GlusterCli, present: t.Mapping[str, Volume], ask: _Ask[_Told]) -> dict[str, _Told]:
    """By started volume, what C(ask) tells of all of them in one call.

    Gluster leaves out a volume on which somebody else's transaction runs, without a word, and a volume that nobody is
    connected to, where the server that is asked has no brick of it; or it says nothing at all. C(volume info), which
    takes no lock, names them all: what is missing is asked of servers that have bricks of it, at last alone, with
    patience. Raises OutcomeUnknown.
    """
    started = {name: one for name, one in present.items() if one.started}
    found: dict[str, _Told] = {}
    try:
        found = ask(cli, "all")
    except (NoAnswer, Refused) as exc:
        if not (started and _is_passing(exc)):
            raise
    for server in _having(cli, [one for name, one in started.items() if name not in found]):
        if any(name not in found and server in one.servers for name, one in started.items()):
            with contextlib.suppress(NoAnswer, Refused, Unreachable):
                found.update((name, its) for name, its in ask(cli.at(server), "all").items() if name not in found)
    for name, one in started.items():
        if name in found:
            continue
        try:
            found.update(_told(cli, ask, one))
        except (NotFound, Refused):
            if _is_started(cli, name):
                raise
            continue
        if name not in found:
            raise OutcomeUnknown(
                f"gluster does not tell who uses volume {name!r}, or what runs of it, though it is started: see"
                f" 'gluster volume status {name}', and run this again."
            )
    return found


def _having(cli: GlusterCli, missing: t.Sequence[Volume]) -> list[str]:
    """The servers that have bricks of the volumes, and are connected: those of their first bricks first."""
    if not missing:
        return []
    gone = away(cli)
    bricks = [[brick for brick in one.bricks if brick.server_uuid not in gone] for one in missing]
    first, others = [its[:1] for its in bricks], [its[1:] for its in bricks]
    return list(dict.fromkeys(brick.server for its in (*first, *others) for brick in its))


def _told(cli: GlusterCli, ask: _Ask[_Told], of: Volume) -> dict[str, _Told]:
    """What C(ask) tells of one volume, if not by this server, then by one that has a brick of it. While its daemons or
    bricks are being started gluster may say nothing, or that a server failed."""
    try:
        return ask(cli, of.name)
    except (NoAnswer, Refused) as exc:
        if not _is_passing(exc):
            raise
    servers = _having(cli, [of])
    for look in range(_LOOKS if servers else 0):
        try:
            return ask(cli.at(servers[look % len(servers)]), of.name)
        except (NoAnswer, Refused, Unreachable) as exc:
            if not _is_passing(exc):
                raise
        cli.sleep(_PAUSE)
    return ask(cli, of.name)


def _is_passing(exc: GlusterOpsError) -> bool:
    """Whether another server, or the same one a second later, may tell what was asked for."""
    return not isinstance(exc, Refused) or is_half_done(exc)


def away(cli: GlusterCli) -> set[str]:
    """The UUIDs of the servers whose glusterd is not connected."""
    return {peer.uuid for peer in peers(cli) if not peer.connected}


def _is_started(cli: GlusterCli, name: str) -> bool:
    try:
        return volume(cli, name).started
    except NotFound:
        return False


class Status(t.NamedTuple):
    """What runs of a started volume. rebalance: the status of it in Gluster's words, None if there was none. tasks: as
    V(Rebalance: in progress); a C(remove-brick) stays one until it is committed or stopped."""

    processes: list[Process]
    rebalance: str | None
    tasks: tuple[str, ...]


def status(cli: GlusterCli, present: t.Mapping[str, Volume]) -> dict[str, Status]:
    """Of every started volume of C(present), in one call."""

    def ask(at: GlusterCli, which: str) -> dict[str, Status]:
        root = at.xml("volume", "status", which)
        tasks, rebalances = read_tasks(root), read_rebalances(root)
        return {
            name: Status(processes, rebalances.get(name), tasks.get(name, ()))
            for name, processes in read_processes(root).items()
        }

    return _of_all(cli, present, ask)


def rebalance(cli: GlusterCli, name: str) -> Rebalance:
    """How far a volume's rebalance is. Refused if none was ever started."""
    return read_rebalance(cli.xml("volume", "rebalance", name, "status"))


def leaving(cli: GlusterCli, name: str) -> tuple[str, ...]:
    """The bricks of a started volume, as V(server:/path), that somebody began to remove."""
    found = read_leaving(cli.xml("volume", "status", name, "tasks"))
    if name not in found:
        raise _unexpected(f"it tells nothing of the tasks of volume {name!r}")
    return found[name]


def clients(cli: GlusterCli, present: t.Mapping[str, Volume]) -> dict[str, dict[str, int]]:
    """Volume to kind of client to their number, of every started volume of C(present).

    fuse is a mount and gfapi a gateway or virtual machine; DAEMONS are the servers' own.
    """
    return _of_all(cli, present, _ask_clients)


def _ask_clients(cli: GlusterCli, which: str) -> dict[str, dict[str, int]]:
    return read_clients(cli.text("volume", "status", which, "client-list"))


def clients_of(cli: GlusterCli, of: Volume) -> dict[str, int] | None:
    """The same of one volume; None if it is not told."""
    return _told(cli, _ask_clients, of).get(of.name)


def settled_clients(
    cli: GlusterCli, present: t.Mapping[str, Volume], sleep: t.Callable[[float], None] = time.sleep
) -> dict[str, dict[str, int]]:
    """As clients() tells them, once there is nobody of a kind that passes, or after a few seconds all the same.

    Who does not say what he is stays unknown. Whoever connects is it for a moment, and so are Gluster's own crawlers,
    which run for some seconds after quota was switched on.
    """
    for _look in range(_LOOKS):
        found = clients(cli, present)
        if not any(_PASSING & kinds.keys() for kinds in found.values()):
            break
        sleep(_PAUSE)
    return found


def tenants(kinds: t.Mapping[str, int]) -> int:
    """How many clients there are that are no daemons of the servers."""
    return sum(count for kind, count in kinds.items() if kind not in DAEMONS)


def doors(cli: GlusterCli, present: t.Mapping[str, Volume]) -> dict[str, list[Door]]:
    """Volume to its bricks' processes with who is connected to them, of every started volume of C(present)."""
    return _of_all(cli, present, _ask_doors)


def _ask_doors(cli: GlusterCli, which: str) -> dict[str, list[Door]]:
    return read_doors(cli.xml("volume", "status", which, "clients"))


def doors_of(cli: GlusterCli, of: Volume) -> list[Door]:
    """The same of one started volume."""
    return _told(cli, _ask_doors, of).get(of.name, [])


def capacity(cli: GlusterCli, of: Volume) -> int | None:
    """Bytes that a started volume can hold, by the file systems of its bricks; None if a brick is down."""
    return read_capacity(of, cli.xml("volume", "status", of.name, "detail"))
