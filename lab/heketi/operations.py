# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asynchronous work: the queue with its one-shot answers, the limit of eight, and retry with rollback."""

from __future__ import annotations

import abc
import sys
import threading
import time
import traceback
import typing as t
from dataclasses import dataclass, field

from .chance import Chance
from .config import Config
from .executor import CommandError, Executor
from .state import NODES, PENDING, Lost, Store, Transaction
from .wire import HttpError

CREATE_VOLUME, DELETE_VOLUME, EXPAND_VOLUME, REMOVE_DEVICE, CLONE_VOLUME, EVICT_BRICK = 1, 2, 3, 6, 7, 8
TYPE_NAMES = {
    CREATE_VOLUME: "create-volume",
    DELETE_VOLUME: "delete-volume",
    EXPAND_VOLUME: "expand-volume",
    REMOVE_DEVICE: "remove-device",
    CLONE_VOLUME: "clone-volume",
    EVICT_BRICK: "evict-brick",
}
ADD_BRICK, ADD_VOLUME, DELETE_BRICK, DELETE_VOLUME_ENTRY, CHANGE_SIZE = 1, 2, 3, 4, 5
REMOVE_DEVICE_ENTRY, CLONE_FROM, ADD_CLONE, CHILD, PARENT = 8, 9, 11, 12, 13
CHANGE_NAMES = {
    ADD_BRICK: "Add brick",
    ADD_VOLUME: "Add volume",
    DELETE_BRICK: "Delete brick",
    DELETE_VOLUME_ENTRY: "Delete volume",
    CHANGE_SIZE: "Expand volume",
    REMOVE_DEVICE_ENTRY: "Remove device",
    CLONE_FROM: "Clone volume from",
    ADD_CLONE: "Expand volume to",
}
CONFLICT = "The target exists, contains other items, or is in use."


class OperationError(Exception):
    """An operation failed; the text is what the queue answers."""


class Busy(Exception):
    """As many operations as allowed are in flight."""


class Panic(Exception):
    """What makes Heketi's Go code panic: a stack as the answer, and nothing cleared up behind it."""


@dataclass
class Result:
    """What became of an operation: a place to go, nothing, or an error."""

    location: str = ""
    error: str | None = None


class Queue:
    """Runs functions in threads. Whoever first fetches a result takes it away."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._lock = threading.Lock()
        self._results: dict[str, Result | None] = {}

    def start(self, work: t.Callable[[str], str]) -> str:
        """Start ``work(queue id)``, which returns the location of its result."""
        key = self._chance.new_id("queue")
        with self._lock:
            self._results[key] = None
        threading.Thread(target=self._run, args=(key, work), name=f"operation {key}", daemon=True).start()
        return key

    def _run(self, key: str, work: t.Callable[[str], str]) -> None:
        try:
            result = Result(location=work(key))
        except (OperationError, CommandError, HttpError, Lost) as error:
            result = Result(error=str(error))
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            result = Result(error=f"PANIC: {error!r}")
        with self._lock:
            self._results[key] = result

    def take(self, key: str) -> Result | None:
        """The result, None while there is none yet; KeyError when unknown, or taken before."""
        with self._lock:
            result = self._results[key]
            if result is not None:
                del self._results[key]
            return result


class Tracker:
    """Counts what is in flight."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._ids: set[str] = set()
        self._cleaning = False

    def add(self, key: str) -> None:
        with self._lock:
            if len(self._ids) >= self._limit:
                raise Busy
            self._ids.add(key)

    def remove(self, key: str) -> None:
        with self._lock:
            self._ids.discard(key)

    def ids(self) -> set[str]:
        with self._lock:
            return set(self._ids)

    def start_cleaning(self) -> None:
        with self._lock:
            if self._cleaning or len(self._ids) >= self._limit:
                raise Busy
            self._cleaning = True

    def stop_cleaning(self) -> None:
        with self._lock:
            self._cleaning = False


@dataclass
class Heketi:
    """What every part of the server works with."""

    config: Config
    store: Store
    executor: Executor
    chance: Chance
    queue: Queue = field(init=False)
    tracker: Tracker = field(init=False)
    clock: t.Callable[[], float] = time.time
    admin_state: str = "normal"
    loglevel: str = "info"
    nodes_up: dict[str, bool] = field(default_factory=dict)
    joining: dict[str, str] = field(default_factory=dict)  # host names of nodes that are being added
    # Called when an operation is about to touch the nodes, with its queue id.
    hold: t.Callable[[str], None] | None = None

    def __post_init__(self) -> None:
        self.queue = Queue(self.chance)
        self.tracker = Tracker(self.config.max_inflight_operations)
        self.admin_state = self.config.default_state
        self.loglevel = self.config.loglevel
        if self.hold is None:
            self.hold = lambda _key: time.sleep(self.config.operation_delay)
        with self.store.update() as tx:
            # Whoever was working on these is gone.
            for key, entry in tx.items(PENDING):
                if entry["Status"] == "":
                    tx.put(PENDING, key, {**entry, "Status": "stale"})

    def start(self, work: t.Callable[[], str]) -> str:
        """Queue work that is no tracked operation."""

        def run(key: str) -> str:
            t.cast(t.Callable[[str], None], self.hold)(key)
            return work()

        return self.queue.start(run)

    def start_tracked(self, work: t.Callable[[], str]) -> str:
        """Queue work that counts against the limit."""
        token = self.chance.new_id("token")
        self.tracker.add(token)

        def run() -> str:
            try:
                return work()
            finally:
                self.tracker.remove(token)

        return self.start(run)

    def start_operation(self, operation: Operation) -> str:
        """Build an operation now, so that conflicts are answered at once; queue the rest."""
        self.tracker.add(operation.id)
        began = time.monotonic()
        try:
            operation.build()
        except Panic:
            raise  # Heketi never gives this slot back
        except BaseException:
            self.tracker.remove(operation.id)
            raise

        def run() -> str:
            try:
                run_after_build(operation)
                return operation.location
            finally:
                self.tracker.remove(operation.id)
                spent = (time.monotonic() - began) * 1000
                sys.stderr.write(f"operation {operation.id} {spent:.1f} ms\n")

        return self.start(run)

    def check_nodes(self) -> None:
        """Ask every node for its glusterd: the ones that do not answer get no bricks."""
        with self.store.view() as tx:
            nodes = {key: node["Info"]["hostnames"]["manage"][0] for key, node in tx.items(NODES)}
        for key, host in nodes.items():
            try:
                self.executor.glusterd_check(host)
                self.nodes_up[key] = True
            except CommandError:
                self.nodes_up[key] = False


class Operation(abc.ABC):
    """A change with a record in the database, so that a crash in the middle is seen afterwards."""

    type = 0
    retries = 0
    location = ""

    def __init__(self, heketi: Heketi) -> None:
        self.heketi = heketi
        self.id = heketi.chance.new_id("operation")

    @abc.abstractmethod
    def build(self) -> None:
        """Reserve what is needed in the database; nothing is done on the nodes."""

    @abc.abstractmethod
    def execute(self) -> None:
        """Do it on the nodes."""

    @abc.abstractmethod
    def finalize(self) -> None:
        """Make it final in the database."""

    @abc.abstractmethod
    def rollback(self) -> None:
        """Undo it on the nodes and in the database."""

    def record(self, tx: Transaction, actions: list[tuple[int, str, int | None]]) -> None:
        tx.put(
            PENDING,
            self.id,
            {
                "Id": self.id,
                "Timestamp": int(self.heketi.clock()),
                "Type": self.type,
                "Actions": [{"Change": change, "Id": key, "Delta": delta} for change, key, delta in actions],
                "Status": "",
            },
        )

    def mark_failed(self) -> None:
        with self.heketi.store.update() as tx:
            entry = tx.find(PENDING, self.id)
            if entry is not None:
                tx.put(PENDING, self.id, {**entry, "Status": "failed"})


def run_after_build(operation: Operation) -> None:
    """Execute; on failure roll back, and try again as often as the operation wants to."""
    attempt = 0
    while True:
        try:
            operation.execute()
            break
        except (CommandError, OperationError) as error:
            try:
                operation.rollback()
            except (CommandError, OperationError) as second:
                sys.stderr.write(f"rollback failed: {second}\n")
                operation.mark_failed()
                raise error from second
            if attempt >= operation.retries:
                raise
            attempt += 1
            operation.build()
    operation.finalize()


def repeat(start: float, every: float, work: t.Callable[[], t.Any]) -> None:
    """Call ``work`` in the background, first after ``start`` seconds and then every ``every``."""

    def run() -> None:
        time.sleep(start)
        while True:
            try:
                work()
            except Exception:
                traceback.print_exc(file=sys.stderr)
            time.sleep(every)

    threading.Thread(target=run, daemon=True).start()
