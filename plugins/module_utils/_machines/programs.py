# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What a machine has of the programs that servers and hosts need. Where none of them is, that is what it tells."""

from __future__ import annotations

import glob
import os
import shutil
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import with_administration

# There where systemd is in charge.
BOOTED = "/run/systemd/system"
PROC = "/proc"


def programs(
    run_command: t.Callable[..., tuple[int, str, str]], booted: str = BOOTED, proc: str = PROC
) -> dict[str, t.Any]:
    """glusterd: its version. enabled: whether it starts at boot; None where systemd is not in charge or does not know
    it. running: whether it does. The others: whether what mounts volumes, LVM, what makes XFS, and openssl are there.
    """
    path = with_administration(os.environ.get("PATH", ""))

    def has(program: str) -> bool:
        return shutil.which(program, path=path) is not None

    return {
        "glusterd": _version(run_command),
        "enabled": _is_enabled(run_command) if os.path.isdir(booted) else None,
        "running": _runs(proc),
        "client": has("mount.glusterfs"),
        "lvm": has("lvs"),
        "xfs": has("mkfs.xfs"),
        "openssl": has("openssl"),
    }


def _version(run_command: t.Callable[..., tuple[int, str, str]]) -> str | None:
    try:
        words = run_command(["glusterd", "--version"], handle_exceptions=False)[1].split()
    except OSError:
        return None
    return words[1] if len(words) > 1 and words[0] == "glusterfs" else None


def _is_enabled(run_command: t.Callable[..., tuple[int, str, str]]) -> bool | None:
    try:
        said = run_command(["systemctl", "is-enabled", "glusterd.service"], handle_exceptions=False)[1].strip()
    except OSError:
        return None
    return {"enabled": True, "enabled-runtime": False, "disabled": False, "masked": False}.get(said)


def _runs(proc: str) -> bool:
    for path in glob.glob(os.path.join(proc, "[0-9]*", "comm")):
        try:
            with open(path, encoding="utf-8", errors="replace") as handle:
                if handle.read().strip() == "glusterd" and _is_ours(os.path.dirname(path), proc):
                    return True
        except OSError:
            continue  # It has ended.
    return False


def _is_ours(process: str, proc: str) -> bool:
    """Whether it is this machine's, and not that of a container on it."""
    return os.readlink(os.path.join(process, "ns/pid")) == os.readlink(os.path.join(proc, "self/ns/pid"))
