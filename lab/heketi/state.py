# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The database: tables of JSON entries, copied in and out, in a file with a line for each change.

An entry that was read is a copy, as in Heketi: whoever saves a stale copy overwrites what happened
meanwhile. Heketi loses updates that way (two expansions at once), and the stand-in has to as well.
"""

from __future__ import annotations

import functools
import json
import os
import threading
import typing as t
from contextlib import contextmanager

from .wire import encode

CLUSTERS = "clusterentries"
VOLUMES = "volumeentries"
BRICKS = "brickentries"
NODES = "nodeentries"
DEVICES = "deviceentries"
BLOCKVOLUMES = "blockvolumeentries"
ATTRIBUTES = "dbattributeentries"
PENDING = "pendingoperations"
TABLES = (CLUSTERS, VOLUMES, BRICKS, NODES, DEVICES, BLOCKVOLUMES, ATTRIBUTES, PENDING)

Entry = t.Dict[str, t.Any]
Texts = t.Dict[str, t.Dict[str, t.Optional[str]]]
NOT_FOUND = "Id not found"


class Lost(Exception):
    """An entry names one that is not there: the database is damaged."""

    def __init__(self) -> None:
        super().__init__(NOT_FOUND)


class Transaction:
    """A view of the tables with this transaction's own changes on top."""

    def __init__(self, tables: dict[str, dict[str, str]]) -> None:
        self._tables = tables
        self._new: Texts = {}

    def find(self, table: str, key: str) -> Entry | None:
        """A copy of an entry, or None."""
        text = self.text(table, key)
        return None if text is None else json.loads(text)

    def text(self, table: str, key: str) -> str | None:
        """An entry as JSON: to look for something in many of them takes much less time than with find."""
        text = self._new.get(table, {}).get(key, "")
        return self._tables[table].get(key) if text == "" else text

    def get(self, table: str, key: str) -> Entry:
        """A copy of an entry that is known to exist."""
        entry = self.find(table, key)
        if entry is None:
            raise Lost
        return entry

    def put(self, table: str, key: str, entry: Entry) -> None:
        self._new.setdefault(table, {})[key] = json.dumps(entry)

    def delete(self, table: str, key: str) -> None:
        self._new.setdefault(table, {})[key] = None

    def keys(self, table: str) -> list[str]:
        """All ids of a table, sorted: the order in which Heketi shows everything."""
        changed = self._new.get(table, {})
        ids = {key for key in self._tables[table] if key not in changed}
        return sorted(ids | {key for key, text in changed.items() if text is not None})

    def items(self, table: str) -> t.Iterator[tuple[str, Entry]]:
        for key in self.keys(table):
            yield key, self.get(table, key)

    def dump(self) -> dict[str, dict[str, Entry]]:
        """The whole database, as GET /db/dump shows it."""
        return {table: dict(self.items(table)) for table in TABLES}

    def dump_text(self) -> str:
        """The same, written as Heketi writes it."""
        tables = []
        for table in TABLES:
            entries = [f'        "{key}": {_indented(self.text(table, key) or "")}' for key in self.keys(table)]
            joined = ",\n".join(entries)
            tables.append(f'    "{table}": ' + (f"{{\n{joined}\n    }}" if entries else "{}"))
        return "{\n" + ",\n".join(tables) + "\n}"

    def changes(self) -> Texts:
        """What is new, by table and key; None where an entry is gone."""
        return self._new


class Store:
    """The tables, one lock around them, and the file that outlives a kill -9."""

    def __init__(self, path: str, generation: t.Callable[[], str]) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._tables: dict[str, dict[str, str]] = {table: {} for table in TABLES}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as stream:
                for line in stream:
                    if line.endswith("\n"):  # not what was being written when the server was killed
                        self._apply(
                            {
                                table: {key: entry and json.dumps(entry) for key, entry in entries.items()}
                                for table, entries in json.loads(line).items()
                            }
                        )
            aside = f"{path}.new"
            with open(aside, "w", encoding="utf-8") as stream:
                stream.write(_line(self._tables))
            os.replace(aside, path)
        else:
            with self.update() as tx:
                for name in ("BRICK_HAS_SUBTYPE_FIELD", "CLUSTER_HAS_FILE_BLOCK_FLAG", "DEVICE_HAS_ID_META"):
                    _put_attribute(tx, f"DB_{name}", "yes")
                _put_attribute(tx, "DB_GENERATION_ID", generation())
                _put_attribute(tx, "DB_HAS_PENDING_OPS_BUCKET", "yes")

    @contextmanager
    def view(self) -> t.Iterator[Transaction]:
        """Look at one consistent state."""
        with self._lock:
            yield Transaction(self._tables)

    @contextmanager
    def update(self) -> t.Iterator[Transaction]:
        """Change it: all or, on any exception, nothing."""
        with self._lock:
            tx = Transaction(self._tables)
            yield tx
            changes = tx.changes()
            if changes:
                with open(self.path, "a", encoding="utf-8") as stream:
                    stream.write(_line(changes))
                self._apply(changes)

    def _apply(self, changes: Texts) -> None:
        for table, entries in changes.items():
            for key, text in entries.items():
                if text is None:
                    self._tables[table].pop(key, None)
                else:
                    self._tables[table][key] = text


@functools.lru_cache(maxsize=2**14)
def _indented(text: str) -> str:
    """An entry in a dump. Kept, because most do not change between two dumps and Python takes long for this."""
    return encode(json.loads(text), indent=4).replace("\n", "\n        ")


def _line(tables: t.Mapping[str, t.Mapping[str, str | None]]) -> str:
    return (
        "{"
        + ", ".join(
            f'"{table}": {{' + ", ".join(f'"{key}": {text or "null"}' for key, text in entries.items()) + "}"
            for table, entries in tables.items()
        )
        + "}\n"
    )


def _put_attribute(tx: Transaction, key: str, value: str) -> None:
    tx.put(ATTRIBUTES, key, {"Key": key, "Value": value})
