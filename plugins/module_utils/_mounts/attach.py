# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Mounting, and whether a mount answers."""

from __future__ import annotations

import os
import re
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    NotFound,
    Refused,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import RunCommand
from ansible_collections.glusterops.shares.plugins.module_utils._machines.mounted import (
    MOUNTINFO,
    read_mounts,
)
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.mount import KIND, Mount


def answers(run_command: RunCommand, path: str, patience: int = 20) -> bool:
    """Whether the mounted file system is alive. A dead client fails at once, a cut-off one may hang."""
    return run_command(["timeout", str(patience), "stat", "--file-system", "--", path])[0] == 0


def attach(run_command: RunCommand, mount: Mount, words: t.Sequence[str], mountinfo: str = MOUNTINFO) -> None:
    """Mounts it with C(mount WORDS). Raises Refused, with what the client's log says."""
    if not os.path.exists("/sbin/mount.glusterfs"):
        raise NotFound("mount.glusterfs is not on this machine: install the GlusterFS client (glusterfs-client).")
    path = mount.path
    log = "/var/log/glusterfs/" + path.strip("/").replace("/", "-") + ".log"
    logged = os.path.getsize(log) if os.path.exists(log) else 0
    _rc, out, err = run_command(["timeout", "60", "mount", *words])
    # mount.glusterfs may succeed and the client go away a moment later, when the bricks have refused it.
    for _try in range(5):
        there = read_mounts(mountinfo).get(path)
        # On a busy server a new client needs long until it has reached the bricks.
        if there is None or there.kind != KIND or not mount.is_from(there.source) or not answers(run_command, path, 60):
            break
        time.sleep(0.2)
    else:
        return
    run_command(["umount", "-l", path])
    reason = _reason(log, logged)
    whose = f"the identity {mount.identity!r}" if mount.identity else "this machine's identity"
    raise Refused(
        f"Share {mount.share!r} could not be mounted on {path}: {reason or (err or out).strip() or 'no reason given'}."
        f" Is {whose} on the share's access list, and signed by the CA that the servers trust?",
        stderr=err.strip(),
        log=log,
    )


def _reason(log: str, start: int) -> str:
    """The last thing the client's log complained about since C(start)."""
    try:
        with open(log, encoding="utf-8", errors="replace") as handle:
            handle.seek(start)
            complaints = [line.strip() for line in handle if " E [" in line or " C [" in line]
    except OSError:
        return ""
    # A client that was refused complains of its files, too, while it ends.
    for words in ("Authentication", "authentication", "ssl", "SSL", "cert"):
        for line in reversed(complaints):
            if words in line:
                return _said(line)
    return _said(complaints[-1]) if complaints else ""


def _said(line: str) -> str:
    """A line of Gluster's log without its time, source and volume's part."""
    return re.sub(r"^\[[^]]*\] [A-Z] (\[[^]]*\] )+\S+: ", "", line)[:300]
