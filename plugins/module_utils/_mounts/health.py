# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Whether what is mounted answers, and if not, why."""

from __future__ import annotations

import errno
import os
import re
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._mounts.asking import Answer
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.client import Client


def questions(path: str) -> dict[str, t.Callable[[], t.Any]]:
    """What is asked of a mount: how much is free, which needs the bricks and their quota daemon, and what its root is,
    which needs the bricks only."""
    return {f"space {path}": lambda: os.statvfs(path).f_bsize, f"root {path}": lambda: os.stat(path).st_mode}


def health(
    path: str, answers: t.Mapping[str, Answer], client: Client | None, patience: float
) -> tuple[bool, str | None]:
    """Whether the client of a mount is connected, and why it does not answer, if it has not just died; by what was
    answered to questions()."""
    space, root = answers[f"space {path}"], answers[f"root {path}"]
    if not space.failure:
        return True, None
    if space.errno == errno.ENOTCONN:
        if client is None:
            return False, None
        return False, f"its client (process {client.pid}) reaches too few bricks" + _lately(path, client)
    if not space.silent:
        return True, f"it says {space.failure!r}"
    waited = f"nothing was heard for {patience:.0f} seconds"
    if client and client.stopped:
        return True, f"{waited}, as its client (process {client.pid}) is stopped"
    if not root.failure:
        return True, (
            f"{waited} when it was asked for its free space, though its bricks answer: see with 'gluster volume status'"
            " whether the quota daemons run"
        )
    return True, f"{waited}, so a brick or its server hangs, or the network"


def log_of(path: str, options: t.Iterable[str] = ()) -> str:
    """The client's log of a mount."""
    named = [option.partition("=")[2] for option in options if option.startswith("log-file=")]
    return named[-1] if named else "/var/log/glusterfs/" + path.strip("/").replace("/", "-") + ".log"


def _lately(path: str, client: Client | None) -> str:
    """What the client said last of a connection, in brackets."""
    options = [word[2:] for word in client.words] if client else []
    try:
        with open(log_of(path, options), "rb") as handle:
            handle.seek(max(0, os.fstat(handle.fileno()).st_size - 65536))
            lines = handle.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    telling = re.compile(r" [EC] \[.*(has not responded|failed to get the port|connection to|All subvolumes are down)")
    last = [line for line in lines if telling.search(line)]
    return f" ({said_in(last[-1])})" if last else ""


def said_in(line: str) -> str:
    """A line of Gluster's log without its time, source and volume's part."""
    return re.sub(r"^\[[^]]*\] [A-Z] (\[[^]]*\] )+\S+: ", "", line).strip()[:300].rstrip(" .")
