# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Turns TLS on the management path of a stopped machine."""

from __future__ import annotations

import os

from ansible_collections.glusterops.shares.plugins.module_utils._errors import Refused
from ansible_collections.glusterops.shares.plugins.module_utils._management.management import (
    BEGUN,
    SWITCH,
    ManagementPath,
)
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change


def begin(machine: ManagementPath, check_mode: bool) -> list[Change]:
    return _file(machine, BEGUN, True, check_mode)


def turn(machine: ManagementPath, enabled: bool, check_mode: bool) -> tuple[list[Change], list[str]]:
    """Puts the switch, or takes it away, once nothing that glusterd started runs here; the changes, and what was ended.

    Raises Refused while glusterd runs: a process keeps the mode in which it began.
    """
    if check_mode or machine.switch == enabled and machine.serves():
        return _file(machine, SWITCH, enabled, check_mode), []
    if machine.serves():
        raise Refused("glusterd runs on this server: stop it first, on all servers of the cluster.")
    ended = machine.end_processes()
    return _file(machine, SWITCH, enabled, check_mode), ended


def end(machine: ManagementPath, check_mode: bool) -> list[Change]:
    return _file(machine, BEGUN, False, check_mode)


def _file(machine: ManagementPath, name: str, wanted: bool, check_mode: bool) -> list[Change]:
    path = os.path.join(machine.glusterd, name)
    there = os.path.exists(path)
    if there == wanted:
        return []
    if not check_mode:
        os.makedirs(machine.glusterd, mode=0o755, exist_ok=True)
        if wanted:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o644))
        else:
            os.unlink(path)
        # A server that crashes now must not come up in another mode than the others.
        descriptor = os.open(machine.glusterd, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    words = ("absent", "present")
    return [Change(path, "file", words[there], words[wanted])]
