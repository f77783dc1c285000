# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes that are not there: commands do nothing and say that it worked, as Heketi's own mock."""

from __future__ import annotations

import json
import os
import threading
import typing as t
import uuid

from .config import Config
from .executor import GLUSTER, CommandError, Executor

DEVICE_KIB = 500 * 1024 * 1024  # what Heketi's own mock says of every device
STATUSES = {0: "Created", 1: "Started", 2: "Stopped"}
DONE = "<cliOutput><opRet>0</opRet></cliOutput>"

Volume = t.Dict[str, t.Any]


class MockExecutor(Executor):
    """Remembers volumes and their bricks, beside the database: Gluster does not forget when Heketi is killed."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._journal = f"{config.db}.gluster"
        self._lock = threading.Lock()
        self._volumes: dict[str, Volume | None] = {}
        self._snapshots: dict[str, str] = {}
        self._verbs: dict[tuple[str, ...], t.Callable[..., str]] = {
            ("volume", "info"): self._info,
            ("volume", "heal"): self._heal,
            ("volume", "create"): self._create,
            ("volume", "add-brick"): self._add_brick,
            ("volume", "replace-brick"): self._replace_brick,
            ("volume", "start"): self._start,
            ("volume", "stop"): self._stop,
            ("volume", "delete"): self._delete,
            ("snapshot", "create"): self._snapshot,
            ("snapshot", "clone"): self._clone,
        }
        if os.path.exists(self._journal):
            with open(self._journal, encoding="utf-8") as stream:
                self._volumes.update(json.loads(line) for line in stream)
        for name in config.foreign_volumes:
            if name not in self._volumes:
                self._keep(name, {**_volume([], 1), "foreign": True})

    def _run(self, host: str, command: str, timeout: float) -> str:
        with self._lock:
            if command.startswith(GLUSTER):
                words = [word for word in command[len(GLUSTER) :].split() if word != "--xml"]
                verb = self._verbs.get(tuple(words[:2]))
                return verb(*words[2:]) if verb else DONE
            self._umount(command)
            return ""

    def _device_size(self, host: str, name: str) -> int:
        sizes = self.config.device_sizes
        return sizes.get(f"{host}:{name}", sizes.get(name, sizes.get("*", DEVICE_KIB)))

    def _keep(self, name: str, volume: Volume | None) -> None:
        self._volumes[name] = volume
        with open(self._journal, "a", encoding="utf-8") as stream:
            stream.write(json.dumps([name, volume]) + "\n")

    def _umount(self, command: str) -> None:
        """A brick's mount is busy as long as it belongs to a volume that runs."""
        if "pgrep" not in command:
            return
        for volume in self._volumes.values():
            for brick in volume["bricks"] if volume and volume["status"] == 1 else ():
                path = brick.partition(":")[2]
                if f"]{path} " in command:
                    raise CommandError(f"umount: {path.rpartition('/')[0]}: target is busy.")

    # What Gluster does

    def _info(self, *names: str) -> str:
        volumes = {name: one for name, one in sorted(self._volumes.items()) if one and (not names or name in names)}
        listed = "".join(_xml(name, one) for name, one in volumes.items())
        return (
            f"<cliOutput><opRet>0</opRet><volInfo><volumes>{listed}<count>{len(volumes)}</count>"
            "</volumes></volInfo></cliOutput>"
        )

    def _heal(self, name: str, *_rest: str) -> str:
        volume = self._volumes.get(name) or _volume([])
        bricks = "".join(
            f"<brick><name>{brick}</name><status>Connected</status><numberOfEntries>0</numberOfEntries></brick>"
            for brick in volume["bricks"]
        )
        return f"<cliOutput><healInfo><bricks>{bricks}</bricks></healInfo><opRet>0</opRet></cliOutput>"

    def _create(self, name: str, *words: str) -> str:
        # Clusters are not told apart here, and in two of them Heketi may have the same name.
        if (self._volumes.get(name) or {}).get("foreign"):
            raise CommandError(f"volume create: {name}: failed: Volume {name} already exists")
        self._keep(name, _volume(_bricks(words)))
        return ""

    def _add_brick(self, name: str, *words: str) -> str:
        volume = self._volumes.get(name)
        if volume:
            self._keep(name, {**volume, "bricks": volume["bricks"] + _bricks(words)})
        return ""

    def _replace_brick(self, name: str, old: str, new: str, *_words: str) -> str:
        volume = self._volumes.get(name)
        if not volume or old not in volume["bricks"]:
            raise CommandError(f"volume replace-brick: failed: brick: {old} does not exist in volume: {name}")
        self._keep(name, {**volume, "bricks": [new if brick == old else brick for brick in volume["bricks"]]})
        return ""

    def _start(self, name: str, *_force: str) -> str:
        return self._set_status(name, 1)

    def _stop(self, name: str, *_force: str) -> str:
        return self._set_status(name, 2)

    def _set_status(self, name: str, status: int) -> str:
        volume = self._volumes.get(name)
        if volume and volume["status"] != status:
            self._keep(name, {**volume, "status": status})
        return DONE

    def _delete(self, name: str) -> str:
        if self._volumes.get(name):
            self._keep(name, None)
        return ""

    def _snapshot(self, snapshot: str, name: str, *_words: str) -> str:
        self._snapshots[snapshot] = name
        return DONE

    def _clone(self, name: str, snapshot: str) -> str:
        # Gluster would refuse a name it has. Heketi's mock does not, and so two volumes of one name can be had.
        source = self._volumes.get(self._snapshots[snapshot]) or _volume([])
        clone = _volume([])
        folder = f"/run/gluster/snaps/{clone['id'].replace('-', '')}"
        hosts = [brick.partition(":")[0] for brick in source["bricks"]]
        clone["bricks"] = [f"{host}:{folder}/brick{number}/brick" for number, host in enumerate(hosts, start=1)]
        self._keep(name, clone)
        return DONE


def _volume(bricks: list[str], status: int = 0) -> Volume:
    return {"id": str(uuid.uuid4()), "status": status, "bricks": bricks}


def _bricks(words: t.Iterable[str]) -> list[str]:
    return [word for word in words if ":/" in word]


def _xml(name: str, volume: Volume) -> str:
    status = volume["status"]
    bricks = "".join(f"<brick><name>{brick}</name></brick>" for brick in volume["bricks"])
    return (
        f"<volume><name>{name}</name><id>{volume['id']}</id><status>{status}</status>"
        f"<statusStr>{STATUSES[status]}</statusStr><bricks>{bricks}</bricks></volume>"
    )
