# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What clusters tell of themselves when their requirements are checked."""

from __future__ import annotations

import dataclasses
import functools
import os
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import LIST, split_list
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import QUOTA

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Door, Process, Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
    from ansible_collections.glusterops.shares.plugins.module_utils._machines.thin import Lvm

# What a brick's certificate says.
SERVED = ("common_name", "issuer", "serial", "not_after", "fingerprint_sha256")

# How gluster's status calls a kind of helper daemon, and how its list of clients does.
HEALERS = ("Self-heal Daemon", answers.HEALER)
LIMITERS = ("Quota Daemon", "quotad")

TRASH, TRASH_DEFAULT = "features.trash-dir", ".trashcan"
LOOKUP = "cluster.lookup-optimize"
PARALLEL = 16  # Handshakes at once.
_MAX_OP_VERSION = "cluster.max-op-version"


@dataclasses.dataclass(frozen=True)
class Daemons:
    """A volume's helper daemons of one kind. offline: the servers where it does not run, the asked one as localhost.

    connected is how many the bricks have as clients: gluster calls a daemon online that the bricks have refused.
    """

    offline: tuple[str, ...]
    online: int
    connected: int


def daemons(kind: tuple[str, str], rows: t.Iterable[Process], clients: t.Mapping[str, int]) -> Daemons:
    """The daemons of this kind, from the volume's rows in gluster's status and its clients by kind."""
    row_name, client_name = kind
    its = [row for row in rows if row.server == row_name]
    offline = tuple(row.path for row in its if not row.online)
    return Daemons(offline, len(its) - len(offline), clients.get(client_name, 0))


def bricks(volumes: t.Iterable[Volume], server_uuid: str | None, lvm: Lvm) -> list[dict[str, t.Any]]:
    """The bricks on this server. thin: whether on a thin logical volume, None if the directory is not there."""
    thin = {logical.device for logical in lvm.volumes}
    return [
        {"volume": volume.name, "path": brick.path, "thin": _is_on(brick.path, thin)}
        for volume in volumes
        for brick in volume.bricks
        if brick.server_uuid == server_uuid
    ]


def _is_on(path: str, devices: t.Container[tuple[int, int]]) -> bool | None:
    try:
        device = os.stat(path).st_dev
    except OSError:
        return None
    return (os.major(device), os.minor(device)) in devices


@dataclasses.dataclass
class Once:
    """What gluster tells of all volumes, each asked for when it is needed first."""

    cli: GlusterCli

    @functools.cached_property
    def volumes(self) -> dict[str, Volume]:
        return answers.volumes(self.cli)

    @functools.cached_property
    def _status(self) -> dict[str, answers.Status]:
        return answers.status(self.cli, self.volumes)

    @property
    def processes(self) -> dict[str, list[Process]]:
        return {name: one.processes for name, one in self._status.items()}

    @property
    def rebalances(self) -> dict[str, str]:
        """Of those that were ever started."""
        return {name: one.rebalance for name, one in self._status.items() if one.rebalance}

    @property
    def tasks(self) -> dict[str, tuple[str, ...]]:
        return {name: one.tasks for name, one in self._status.items()}

    @functools.cached_property
    def clients(self) -> dict[str, dict[str, int]]:
        return answers.clients(self.cli, self.volumes)


def served(
    doors: t.Mapping[str, t.Sequence[Door]],
    handshake: t.Callable[[str, int], t.Any],
    in_plaintext: t.Callable[[str, int], bool],
) -> list[dict[str, t.Any]]:
    """What each brick that runs answers with. handshake gives a named tuple or raises why there is none."""

    def ask(one: tuple[str, Door]) -> dict[str, t.Any]:
        volume, door = one
        told: dict[str, t.Any] = {**dict.fromkeys(SERVED), "plaintext": False, "problem": None}
        port = t.cast(int, door.port)
        try:
            told.update(handshake(door.server, port)._asdict())
        except GlusterOpsError as exc:
            told["plaintext"] = in_plaintext(door.server, port)
            told["problem"] = "it answers in plaintext" if told["plaintext"] else str(exc)
        where = {"volume": volume, "server": door.server, "server_uuid": door.server_uuid, "path": door.path}
        return {**where, "port": port, **told, "clients": len(door.clients)}

    running = [(volume, door) for volume, its in doors.items() for door in its if door.online and door.port]
    with ThreadPoolExecutor(max_workers=PARALLEL) as executor:
        return list(executor.map(ask, running))


def cluster(once: Once) -> dict[str, t.Any]:
    """What concerns all servers. At most four calls of gluster, however many volumes there are."""
    volumes = once.volumes
    started = [volume for volume in volumes.values() if volume.started]
    processes, clients = (once.processes, once.clients) if started else ({}, {})
    return {
        "max_op_version": _max_op_version(once.cli),
        "trash_directories": {
            volume.name: volume.options[TRASH]
            for volume in volumes.values()
            if volume.options.get(TRASH, TRASH_DEFAULT) != TRASH_DEFAULT
        },
        "vanishing": [volume.name for volume in volumes.values() if _vanishing(volume)],
        "daemons": {
            volume.name: _daemons_of(volume, processes.get(volume.name, []), clients.get(volume.name, {}))
            for volume in started
        },
    }


def _vanishing(volume: Volume) -> bool:
    """Whether its files vanish for clients while it is rebalanced: they are on several sets of bricks, and LOOKUP is
    on, as it is by default."""
    spread = volume.type.startswith("Distribute") and len(volume.bricks) > 1
    return spread and (LOOKUP not in volume.options or volume.is_on(LOOKUP))


def _daemons_of(volume: Volume, rows: t.Sequence[Process], clients: t.Mapping[str, int]) -> dict[str, t.Any]:
    heals = any(row.server == HEALERS[0] for row in rows)
    return {
        "healers": dataclasses.asdict(daemons(HEALERS, rows, clients)) if heals else None,
        "limiters": dataclasses.asdict(daemons(LIMITERS, rows, clients)) if volume.is_on(QUOTA) else None,
        "identities": split_list(volume.options.get(LIST, "")),
    }


def _max_op_version(cli: GlusterCli) -> int | None:
    """The highest op-version that all servers of the cluster know."""
    root = cli.xml("volume", "get", "all", _MAX_OP_VERSION)
    value = (root.findtext("volGetopts/Opt/Value") or "").split(" ")[0]
    return int(value) if value.isdigit() else None
