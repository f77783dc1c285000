# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Heketi's whole database, as GET /db/dump shows it: one state of everything. No I/O.

What it has is told as Heketi's other answers tell it, so that there is one reader for both.
"""

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import understood

Tables = t.Mapping[str, t.Mapping[str, t.Any]]

# Changes of an operation by which its volume is in no list: it is added, or deleted.
_HIDING = (2, 4)


def volume_infos(dump: Tables) -> list[dict[str, t.Any]]:
    """What GET /volumes/ID would answer for each volume of GET /volumes that it does not refuse."""
    with understood("its database"):
        actions = (action for operation in dump["pendingoperations"].values() for action in operation["Actions"] or [])
        hidden = {action["Id"] for action in actions if action["Change"] in _HIDING}
        return [
            _volume_info(dump, entry)
            for volume, entry in dump["volumeentries"].items()
            # One that is being made, deleted or cloned has a mark. An expansion that comes in between takes it away, so
            # the operations count, too.
            if not entry["Pending"]["Id"] and volume not in hidden
        ]


def _volume_info(dump: Tables, entry: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    info, bricks = entry["Info"], dump["brickentries"]
    # What the dump says of the mount is what was true when the volume was made.
    names = [_host(dump["nodeentries"][node]) for node in dump["clusterentries"][info["cluster"]]["Info"]["nodes"]]
    return {
        **info,
        "glustervolumeoptions": entry["GlusterVolumeOptions"],
        "mount": {"glusterfs": {"hosts": names, "device": f"{names[0]}:{info['name']}"}},
        "bricks": [bricks[brick]["Info"] for brick in entry["Bricks"] or []],
    }


def touched(dump: Tables, operation: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The names of the volumes that an operation works on, and the bricks that it adds or removes, C(host:path)."""
    with understood("its database"):
        volumes, bricks = dump["volumeentries"], dump.get("brickentries") or {}
        actions = dump["pendingoperations"].get(operation, {}).get("Actions") or []
        ids = {action["Id"] for action in actions}
        ids |= {volume for volume, entry in volumes.items() if entry["Pending"]["Id"] == operation}
        infos = [bricks[brick]["Info"] for brick in sorted(bricks) if bricks[brick]["Pending"]["Id"] == operation]
        return (
            frozenset(volumes[volume]["Info"]["name"] for volume in ids if volume in volumes),
            tuple(f"{_host(dump['nodeentries'][brick['node']])}:{brick['path']}" for brick in infos),
        )


def idle(dump: Tables) -> bool:
    """Whether no operation was under way or left unfinished."""
    with understood("its database"):
        return not dump["pendingoperations"]


def hosts(dump: Tables) -> dict[str, str]:
    """The storage host name of every server, by its id."""
    with understood("its database"):
        return {node: _host(entry) for node, entry in dump["nodeentries"].items()}


def _host(node: t.Mapping[str, t.Any]) -> str:
    return node["Info"]["hostnames"]["storage"][0]
