# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Makes Heketi's topology what it shall be: reads, plans (topology_plan.py), does it, and tells what is there then."""

from __future__ import annotations

import contextlib
import re
import threading
import typing as t
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    Conflict,
    GlusterOpsError,
    NotFound,
    OutcomeUnknown,
    few,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi import reading
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import HeketiClient, understood
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.describe import describe_cluster
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.topology import (
    DesiredCluster,
    Device,
    HeketiCluster,
    Node,
    host_key,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.topology_plan import (
    AddCluster,
    AddDevice,
    AddNode,
    Plan,
    Put,
    RemoveCluster,
    RemoveDevice,
    RemoveNode,
    Step,
    TakeOffline,
    aligned,
    plan,
    undeclared,
)
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change

# What Heketi says of a device that has something on it. It says the first for others, too, such as a missing one.
_HOLDS_DATA = re.compile(r"already initialized or contains data\?\)(?!.*not found)|contains Physical Volume", re.DOTALL)

_NO_PLACE = "No Replacement was found"

_Found = t.TypeVar("_Found")


def reconcile(
    client: HeketiClient,
    desired: t.Sequence[DesiredCluster],
    purge: bool = False,
    parallel: int = 8,
    check_mode: bool = False,
    warn: t.Callable[[str], None] = lambda sentence: None,
    progress: Progress | None = None,
) -> tuple[list[Change], dict[str, t.Any]]:
    """Makes the topology what it shall be, with at most parallel operations at once: the changes, and what is returned.

    When nothing has to change the requests are those of reading.clusters(). If something is refused, nothing is
    changed. If something fails on the way, all that does not depend on it is done nevertheless. The error then has the
    return keys C(clusters), C(undeclared) and C(changes).
    """
    observed = reading.clusters(client)
    desired = aligned(desired, observed)
    todo = plan(desired, observed, purge)
    for note in todo.notes:
        warn(note)
    if check_mode or not todo.steps:
        return todo.changes, _values(desired, observed, todo.ids)
    operations = _Operations(client, desired, observed, todo, progress or Progress())
    done, errors = _run(todo.steps, operations, parallel)
    changes = [change for number in sorted(done) for change in todo.steps[number].changes]
    values = {}
    try:
        values = _values(desired, reading.clusters(client), operations.ids)
    except GlusterOpsError as exc:
        if not errors:
            raise type(exc)(
                f"All is done, but reading it again failed: {exc}", **exc.details, changes=changes
            ) from None
    if errors:
        raise _summary(todo.steps, done, errors, changes=changes, **values)
    return changes, values


def _values(
    desired: t.Sequence[DesiredCluster], observed: t.Sequence[HeketiCluster], ids: t.Mapping[int, str]
) -> dict[str, t.Any]:
    return {
        "clusters": [describe_cluster(cluster) for cluster in observed],
        "undeclared": undeclared(desired, observed, frozenset(ids.values())),
    }


def _summary(
    steps: t.Sequence[Step],
    done: t.Collection[int],
    errors: t.Mapping[int, GlusterOpsError],
    **values: t.Any,
) -> GlusterOpsError:
    """One error for all: of the kind of its only cause, if it has only one."""
    message = few([f"{steps[number].subject}: {error}" for number, error in sorted(errors.items())])
    if len(steps) > 1:
        skipped = len(steps) - len(done) - len(errors)
        not_begun = f", {skipped} that need them were not begun" if skipped else ""
        message = f"{len(errors)} of {len(steps)} operations failed{not_begun}, the others are done. {message}"
    kinds = {type(error) for error in errors.values()}
    kind = kinds.pop() if len(kinds) == 1 else GlusterOpsError
    details = next(iter(errors.values())).details if len(errors) == 1 else {}
    return kind(message, **{**details, **values})


# ---- in which order --------------------------------------------------------------------------------------------------


def _run(
    steps: t.Sequence[Step], work: t.Callable[[Step], GlusterOpsError | None], parallel: int
) -> tuple[set[int], dict[int, GlusterOpsError]]:
    """Does each step as soon as those before it allow it: which are done, and the errors of those that failed."""
    waiting = dict(enumerate(steps))
    running: dict[Future[GlusterOpsError | None], int] = {}
    done: set[int] = set()
    lost: set[int] = set()  # failed, or needs one of these
    errors: dict[int, GlusterOpsError] = {}
    with ThreadPoolExecutor(max_workers=parallel) as pool:
        while True:
            for number, step in list(waiting.items()):
                if step.needs & lost:
                    lost.add(number)
                    del waiting[number]
                elif step.needs <= done and step.after <= done | lost:
                    running[pool.submit(work, step)] = number
                    del waiting[number]
            if not running:
                return done, errors
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                number = running.pop(future)
                error = future.result()
                if error:
                    errors[number] = error
                (lost if error else done).add(number)


# ---- changing --------------------------------------------------------------------------------------------------------


class _Operations:
    """Does single steps, several at once, and finds out what became of those whose answer was lost."""

    def __init__(
        self,
        client: HeketiClient,
        desired: t.Sequence[DesiredCluster],
        observed: t.Sequence[HeketiCluster],
        todo: Plan,
        progress: Progress,
    ) -> None:
        self.ids = dict(todo.ids)
        self._client = client
        self._desired = desired
        self._nodes = {node.manage: node.id for cluster in observed for node in cluster.nodes}
        self._seen = {cluster.id for cluster in observed}
        self._made: set[str] = set()
        self._making = threading.Lock()
        self._progress = progress
        progress.expect(len(todo.steps))
        self._how: dict[type, t.Callable[[t.Any], None]] = {
            AddCluster: self._add_cluster,
            AddNode: self._add_node,
            AddDevice: self._add_device,
            TakeOffline: self._take_offline,
            Put: self._put,
            RemoveDevice: self._remove_device,
            RemoveNode: self._remove_node,
            RemoveCluster: self._remove_cluster,
        }

    def __call__(self, step: Step) -> GlusterOpsError | None:
        try:
            with self._progress.of(step.subject, step.done):
                self._how[type(step.action)](step.action)
        except GlusterOpsError as exc:
            return exc
        return None

    def _add_cluster(self, action: AddCluster) -> None:
        want = self._desired[action.place]
        # One at a time, so that one whose answer was lost is not taken for another.
        with self._making:
            try:
                info = self._client.operate("POST", "/clusters", {"file": want.file, "block": want.block})
                with understood("a cluster"):
                    made = info["id"]
            except OutcomeUnknown as why:
                made = self._find(why, self._new_cluster)
            self._made.add(made)
        self.ids[action.place] = made

    def _new_cluster(self) -> str | None:
        known = self._seen | self._made
        new = [one for one in reading.clusters(self._client) if not one.nodes and not one.volumes]
        return next((one.id for one in new if one.id not in known), None)

    def _add_node(self, action: AddNode) -> None:
        want = action.node
        request = {
            "zone": want.zone,
            "cluster": self.ids[action.place],
            "hostnames": {"manage": [want.manage], "storage": [want.storage]},
            "tags": dict(want.tags),
        }
        try:
            node = Node.from_info(self._client.operate("POST", "/nodes", request))
        except (Conflict, OutcomeUnknown) as why:
            # Done all the same, or by another run.
            node = self._find(why, lambda: self._node(want.manage))
            if node.cluster != self.ids[action.place]:
                self._join(action.place, node)
        self._nodes[want.manage] = node.id

    def _node(self, manage: str) -> Node | None:
        nodes = (node for cluster in reading.clusters(self._client) for node in cluster.nodes)
        return next((node for node in nodes if host_key(node.manage) == host_key(manage)), None)

    def _join(self, place: int, node: Node) -> None:
        """When another run made a cluster for the same servers at the same time, it is that, and ours goes again."""
        ours = self.ids[place]
        if ours not in self._made or node.cluster in self._seen:
            raise Conflict(f"Something else added it to cluster {node.cluster} at the same time: run again.")
        self._client.operate("DELETE", f"/clusters/{ours}")
        self.ids[place] = node.cluster

    def _add_device(self, action: AddDevice) -> None:
        want = action.device
        node_id = self._nodes[action.node.manage]

        def look() -> Device | None:
            return self._device(node_id, want.name)

        # Right before: with destroy_data, adding it twice would wipe it twice.
        if look():
            return
        request = {
            "node": node_id,
            "name": want.name,
            "tags": dict(want.tags),
            "destroydata": want.destroy_data,
        }
        try:
            self._client.operate("POST", "/devices", request)
        except OutcomeUnknown as why:
            self._find(why, look)
        except GlusterOpsError as exc:
            if want.destroy_data or not _HOLDS_DATA.search(str(exc)):
                raise
            if not look():
                raise type(exc)(
                    f"{exc} If what is on it may be lost, destroy_data: true has it wiped.", **exc.details
                ) from None

    def _device(self, node_id: str, name: str) -> Device | None:
        node = reading.node_of(self._client, node_id)
        if not node:
            raise NotFound(f"Something else removed the server {node_id} at the same time: run again.")
        return next((device for device in node.devices if device.is_called(name)), None)

    def _take_offline(self, action: TakeOffline) -> None:
        kind, one = "nodes", self._nodes[action.node.manage]
        if action.device:
            device = self._device(one, action.device.name)
            if not device:
                raise NotFound("Something else removed it at the same time: run again.")
            kind, one = "devices", device.id
        self._put(Put(kind, one, "state", {"state": "offline"}))

    def _put(self, action: Put) -> None:
        path = f"/{action.kind}/{action.id}"
        wanted = {name: value for name, value in action.body.items() if name != "change_type"}

        def look() -> bool:
            info = self._client.get(path)
            # Heketi shows no tags where there are none.
            return all(info.get(name, {}) == value for name, value in wanted.items())

        try:
            self._client.operate("POST", f"{path}/{action.what}", action.body)
        except OutcomeUnknown as why:
            self._find(why, look, "it is as before")

    def _remove_device(self, action: RemoveDevice) -> None:
        device = action.device

        def look() -> Device | None:
            node = reading.node_of(self._client, action.node.id)
            return next((one for one in node.devices if one.id == device.id), None) if node else None

        with contextlib.suppress(NotFound):
            if device.state != "failed":
                self._empty(device, look)
        self._delete(f"/devices/{device.id}", lambda: look() is None)

    def _empty(self, device: Device, look: t.Callable[[], Device | None]) -> None:
        """Has Heketi move its bricks to other servers."""

        def emptied() -> bool:
            found = look()
            return found is None or found.state == "failed"

        try:
            self._client.operate("POST", f"/devices/{device.id}/state", {"state": "failed"})
        except OutcomeUnknown as why:
            self._find(why, emptied, "it is not emptied")
        except GlusterOpsError as exc:
            if _NO_PLACE not in str(exc):
                raise
            raise type(exc)(
                f"{exc} No other server has room for its bricks, so it keeps them and stays offline.", **exc.details
            ) from None

    def _remove_node(self, action: RemoveNode) -> None:
        self._delete(f"/nodes/{action.node.id}", lambda: reading.node_of(self._client, action.node.id) is None)

    def _remove_cluster(self, action: RemoveCluster) -> None:
        cluster_id = action.cluster.id
        self._delete(
            f"/clusters/{cluster_id}", lambda: cluster_id not in {one.id for one in reading.clusters(self._client)}
        )

    def _delete(self, path: str, gone: t.Callable[[], bool]) -> None:
        try:
            self._client.operate("DELETE", path)
        except NotFound:
            pass
        except OutcomeUnknown as why:
            self._find(why, gone, "it is still there")

    def _find(
        self, why: GlusterOpsError, look: t.Callable[[], _Found | None], otherwise: str = "it is not there"
    ) -> _Found:
        """What is there after all, looked for as long as an answer may take: what was begun may still be going on."""
        deadline = self._client.clock.monotonic() + self._client.connection.request_timeout
        while True:
            try:
                found = look()
            except GlusterOpsError as exc:
                raise type(why)(f"{why} Reading again failed, too: {exc}", **why.details) from None
            if found:
                return found
            if self._client.clock.monotonic() >= deadline:
                raise type(why)(f"{why} Read again, {otherwise}: run again.", **why.details)
            self._client.clock.sleep(self._client.connection.poll_interval)
