# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What Heketi is doing, or began and never finished. Volumes in such an operation are in no list of Heketi's."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import NotFound
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import HeketiClient, understood


@dataclasses.dataclass(frozen=True)
class Operation:
    """An operation that has not ended: its id, its kind (C(create-volume), ...), and its volumes' names.

    status is Heketi's: empty while it is under way, C(stale) after a restart, C(failed) when its rollback failed.
    """

    id: str
    kind: str
    status: str
    volumes: frozenset[str]

    def __str__(self) -> str:
        return f"{self.kind} {self.id} ({self.status or 'under way'})"


def unfinished(client: HeketiClient) -> list[Operation]:
    """All operations that have not ended: one request, a second when there are any. None on servers too old to tell."""
    try:
        pending = client.get("/operations/pending")
        with understood("its operations"):
            rows = pending["pendingoperations"] or []
        # Only the dump has the names of volumes that are not finished, and what each operation works on.
        dump = client.get("/db/dump") if rows else {}
    except NotFound:
        return []
    with understood("its database"):
        entries = dump.get("volumeentries") or {}
        details = dump.get("pendingoperations") or {}
        operations = []
        for row in rows:
            actions = (details.get(row["id"]) or {}).get("Actions") or []
            touched = {action["Id"] for action in actions}
            touched |= {volume for volume, entry in entries.items() if entry["Pending"]["Id"] == row["id"]}
            names = frozenset(entries[volume]["Info"]["name"] for volume in touched if volume in entries)
            operations.append(Operation(row["id"], row["type_name"], row["status"], names))
        return operations


def wait_for(client: HeketiClient, names: t.Collection[str]) -> tuple[bool, dict[str, Operation]]:
    """Waits (at most operation_timeout) for what is under way on these volumes.

    Whether there was anything to wait for, and what has still not ended, by volume name.
    """
    deadline = client.deadline()
    waited = False
    while True:
        # Where a volume is in several, the one under way counts.
        operations = sorted(unfinished(client), key=lambda operation: not operation.status)
        left = {name: operation for operation in operations for name in operation.volumes if name in names}
        if all(operation.status for operation in left.values()) or client.clock.monotonic() >= deadline:
            return waited, left
        waited = True
        client.clock.sleep(client.connection.poll_interval)
