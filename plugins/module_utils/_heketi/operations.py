# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What Heketi is doing, or began and never finished. Volumes in such an operation are in no list of Heketi's."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import NotFound, Refused, few
from ansible_collections.glusterops.shares.plugins.module_utils._heketi import dump
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import HeketiClient, understood

# More ids in one request are refused.
_CLEANED_AT_ONCE = 32


@dataclasses.dataclass(frozen=True)
class Operation:
    """An operation that has not ended: its id, its kind (C(create-volume), ...), its volumes' names, and the bricks
    that it adds or removes, C(host:path) each.

    status is Heketi's: empty while it is under way, C(stale) after a restart, C(failed) when its rollback failed.
    """

    id: str
    kind: str
    status: str
    volumes: frozenset[str]
    bricks: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.id} ({self.status or 'under way'})"

    @property
    def destroys(self) -> bool:
        """Whether to clean it up takes its volumes away."""
        return self.kind != "expand-volume"


class Unfinished:
    """Looks for operations that have not ended: one request each time, and one more for the whole database where that
    has to tell what an operation works on, which is once for each that is new."""

    def __init__(self, client: HeketiClient, tables: dump.Tables | None = None) -> None:
        self._client = client
        self.tables = tables

    def look(self) -> list[Operation]:
        """All of them. None on servers too old to tell; Refused if there are some, and nobody can tell on which
        volumes."""
        try:
            pending = self._client.get("/operations/pending")
        except NotFound:
            return []
        with understood("its operations"):
            rows = pending["pendingoperations"] or []
            known = self.tables["pendingoperations"].keys() if self.tables else frozenset()
            new = not known >= {row["id"] for row in rows}
        if new:
            # Only the database has the names of volumes that are not finished, and what each operation works on.
            try:
                self.tables = self._client.get("/db/dump")
            except NotFound as exc:
                raise Refused(
                    f"Heketi has not finished {len(rows)} operation{'s' if len(rows) > 1 else ''}, and does not tell on"
                    f" which volumes: {exc} Run again when it has.",
                    **exc.details,
                ) from None
        return [self._operation(row) for row in rows]

    def _operation(self, row: t.Mapping[str, str]) -> Operation:
        names, bricks = dump.touched(self.tables or {}, row["id"])
        with understood("its operations"):
            return Operation(row["id"], row["type_name"], row["status"], names, bricks)


def wait_for(
    client: HeketiClient,
    names: t.Collection[str],
    unfinished: Unfinished | None = None,
    say: t.Callable[[str], None] = lambda line: None,
) -> tuple[bool, list[Operation]]:
    """Waits (at most operation_timeout) for what is under way on these volumes, and says so.

    Whether there was anything to wait for, and the operations on them that have still not ended.
    """
    looking = unfinished or Unfinished(client)
    deadline = client.deadline()
    waited = False
    while True:
        left = [operation for operation in looking.look() if not operation.volumes.isdisjoint(names)]
        if all(operation.status for operation in left) or client.clock.monotonic() >= deadline:
            return waited, left
        if not waited:
            running = [operation for operation in left if not operation.status]
            say(f"Waiting for Heketi to end {few(list(map(str, running)))}")
        waited = True
        client.clock.sleep(client.connection.poll_interval)


def by_volume(operations: t.Iterable[Operation]) -> dict[str, Operation]:
    """An operation for each volume's name. Where a volume is in several, the one under way counts."""
    ordered = sorted(operations, key=lambda operation: not operation.status)
    return {name: operation for operation in ordered for name in operation.volumes}


def on_volume(client: HeketiClient, volume_id: str) -> list[str]:
    """The ids of unfinished operations on this volume: one request, and one for each operation on whatever."""
    found = []
    try:
        pending = client.get("/operations/pending")
    except NotFound:
        return []
    with understood("its operations"):
        for row in pending["pendingoperations"] or []:
            try:
                changes = client.get(f"/operations/pending/{row['id']}")["changes"] or []
            except NotFound:
                continue
            if any(change["id"] == volume_id for change in changes):
                found.append(row["id"])
    return found


def clean_up(client: HeketiClient, operations: t.Sequence[Operation]) -> None:
    """Has Heketi undo what it did not finish (a deletion it finishes). Of what it cannot it says nothing."""
    ids = [operation.id for operation in operations]
    for first in range(0, len(ids), _CLEANED_AT_ONCE):
        client.operate("POST", "/operations/pending/cleanup", {"operations": ids[first : first + _CLEANED_AT_ONCE]})
