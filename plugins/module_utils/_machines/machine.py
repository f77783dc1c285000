# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What a machine tells of itself when its requirements are checked. It is asked often, so it needs little."""

from __future__ import annotations

import hashlib
import os
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._gluster.glusterd import GLUSTERD, server_info


def machine(run_command: t.Callable[..., tuple[int, str, str]], glusterd: str = GLUSTERD) -> dict[str, t.Any]:
    """What a server or host tells whether glusterd runs there or not."""
    known = server_info(glusterd)
    op_version = known.get("operating-version", "")
    return {
        "version": _version(run_command),
        "uuid": known.get("UUID"),
        "op_version": int(op_version) if op_version.isdigit() else None,
    }


# What copies of a machine differ in: virtual ones have a kernel each, containers a file system each.
_TELLING = ("/etc/machine-id", "/proc/sys/kernel/random/boot_id")


def instance(telling: t.Iterable[str] = _TELLING, spaces: str = "/proc/self/ns/mnt") -> str | None:
    """The same as long as this machine runs, and on no other one; None if it cannot tell."""
    try:
        parts = [os.readlink(spaces)]
        for path in telling:
            with open(path, encoding="ascii") as file:
                parts.append(file.read())
    except (OSError, ValueError):
        return None
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _version(run_command: t.Callable[..., tuple[int, str, str]]) -> str | None:
    """The version of the client program, which servers have, too."""
    try:
        words = run_command(["glusterfs", "--version"], handle_exceptions=False)[1].split()
    except OSError:
        return None
    return words[1] if len(words) > 1 and words[0] == "glusterfs" else None
