# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Clusters, servers (which Heketi calls nodes) and devices, as Heketi knows them. Sizes in here are bytes. No I/O."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import understood


@dataclasses.dataclass(frozen=True)
class Device:
    """A device of a server: state is C(online), C(offline) or C(failed); bricks is how many volume bricks it holds."""

    id: str
    name: str
    state: str
    total: int
    free: int
    used: int
    tags: t.Mapping[str, str]
    bricks: int


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
                    )
                    for device in info["devices"] or []
                ),
            )


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A trusted pool. file and block say which kinds of volumes Heketi may put on it; volumes are ids."""

    id: str
    file: bool
    block: bool
    nodes: tuple[Node, ...]
    volumes: tuple[str, ...]

    @classmethod
    def from_info(cls, info: t.Mapping[str, t.Any], nodes: t.Iterable[Node]) -> Cluster:
        """Reads the answer to GET /clusters/ID, with the servers read one by one."""
        with understood("a cluster"):
            return cls(
                id=info["id"],
                file=info["file"],
                block=info["block"],
                nodes=tuple(nodes),
                volumes=tuple([*(info["volumes"] or []), *(info["blockvolumes"] or [])]),
            )
