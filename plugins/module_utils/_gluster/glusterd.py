# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What glusterd keeps in files on its own server."""

from __future__ import annotations

import os
import re
import typing as t

GLUSTERD = "/var/lib/glusterd"
CONFIGURATION = "/etc/glusterfs/glusterd.vol"
_BOUND = re.compile(r"^\s*option\s+transport\.socket\.bind-address\s+(\S+)", re.MULTILINE)


def server_info(glusterd: str = GLUSTERD) -> dict[str, str]:
    """What the server knows of itself, as C(UUID) and C(operating-version); empty where glusterd never ran."""
    return _read(os.path.join(glusterd, "glusterd.info"))


def volume_info(name: str, glusterd: str = GLUSTERD) -> dict[str, str]:
    """What the server knows of a volume beyond what gluster tells, as C(quota-version)."""
    return _read(os.path.join(glusterd, "vols", name, "info"))


def stored_options(name: str, glusterd: str = GLUSTERD) -> dict[str, str] | None:
    """The options of a volume as this server has stored them. One that could not store, or was down, has others than
    gluster tells, and its bricks go by them. None where they cannot be read, or the file breaks off."""
    known = volume_info(name, glusterd)
    # The bricks come last.
    count = known.get("count", "")
    if not count.isdigit() or f"brick-{int(count) - 1}" not in known:
        return None
    return {key: value for key, value in known.items() if "." in key}


def all_stored_options(glusterd: str = GLUSTERD) -> dict[str, dict[str, str] | None]:
    """The same of every volume of the server."""
    directory = os.path.join(glusterd, "vols")
    names = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
    found = {name: stored_options(name, glusterd) for name in names}
    # What was deleted meanwhile is none.
    return {name: its for name, its in found.items() if its or os.path.isdir(os.path.join(directory, name))}


def peers_info(glusterd: str = GLUSTERD) -> list[dict[str, str]]:
    """UUID and hostname of each other server that the server counts to its pool, as it knows without its glusterd."""
    directory = os.path.join(glusterd, "peers")
    names = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
    known = [_read(os.path.join(directory, name)) for name in names]
    return [{"uuid": peer["uuid"], "hostname": peer.get("hostname1", "")} for peer in known if peer.get("uuid")]


def address(configuration: str = CONFIGURATION) -> str:
    """Where the local glusterd listens: by that name it is reached from this server."""
    try:
        with open(configuration, encoding="utf-8", errors="replace") as handle:
            bound = _BOUND.search(handle.read())
    except OSError:
        return "localhost"
    return bound.group(1) if bound else "localhost"


def _read(path: str) -> dict[str, str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            pairs = [line.strip().partition("=") for line in handle]
    except OSError:
        return {}
    return {key: value for key, _equals, value in pairs}


class SnapshotInfo(t.NamedTuple):
    """A snapshot of one volume, as the server itself keeps it. options: as they were when it was made."""

    name: str
    parent: str
    active: bool
    options: dict[str, str]


def snapshots_info(glusterd: str = GLUSTERD) -> list[SnapshotInfo]:
    """Every snapshot that the server knows. Raises OSError."""
    directory = os.path.join(glusterd, "snaps")
    found = []
    for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else []:
        for volume in sorted(os.listdir(os.path.join(directory, name))):
            info = _read(os.path.join(directory, name, volume, "info"))
            if "parent_volname" in info:
                found.append(SnapshotInfo(name, info["parent_volname"], info.get("status") == "1", info))
    return found
