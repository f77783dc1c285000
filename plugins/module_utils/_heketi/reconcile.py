# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Makes Heketi's volumes what they shall be: reads, plans (volumes.plan), does it, and tells what is there then."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    Conflict,
    GlusterOpsError,
    NotFound,
    OutcomeUnknown,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi import reading
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import HeketiClient, understood
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.operations import Operation, wait_for
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.volumes import (
    Desired,
    Observed,
    Step,
    few,
    plan,
)
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._units import GIB, format_size

Item = t.Dict[str, t.Any]


@dataclasses.dataclass
class _Result:
    step: Step
    observed: Observed | None
    changed: bool = False
    error: GlusterOpsError | None = None


def reconcile(
    client: HeketiClient,
    desired: t.Sequence[Desired],
    known_volumes: t.Collection[str] | None = None,
    parallel: int = 8,
    check_mode: bool = False,
    warn: t.Callable[[str], None] = lambda sentence: None,
) -> tuple[list[Change], list[Item]]:
    """Makes the volumes what they shall be, at most parallel of them at once: the changes, and an item for each volume.

    known_volumes are the names that Gluster has; if None, Heketi is asked for them before something is created.
    When nothing has to change the requests are: the list of volumes, one for each volume, and one for each server of
    the volumes asked for.
    If one of the volumes is refused, nothing is changed. If some fail on the way, the others are done nevertheless.
    The error then has the return keys C(volumes) (the items) and C(changes).
    """
    steps, seen = _decide(client, desired, known_volumes)
    for step in steps:
        for note in step.notes:
            warn(f"Volume {step.desired.name!r}: {note}")
    if any(step.refusal for step in steps):
        results = [_Result(step, step.observed, error=step.refusal) for step in steps]
    elif check_mode:
        results = [_Result(step, step.observed, bool(step.changes)) for step in steps]
    else:
        results = _apply(client, steps, seen, parallel)
    hosts = _hosts(client, results, warn)
    changes = [change for result in results if result.changed for change in result.step.changes]
    items = [_item(result, hosts) for result in results]
    if any(result.error for result in results):
        raise _summary(results, changes, items)
    return changes, items


def _decide(
    client: HeketiClient, desired: t.Sequence[Desired], known_volumes: t.Collection[str] | None
) -> tuple[list[Step], frozenset[str]]:
    """The plan, and the ids of all volumes that were looked at for it."""
    observed = reading.volumes(client)
    steps = plan(desired, observed)
    concerned = {step.desired.name for step in steps if step.changes or not step.observed}
    if concerned:
        # A volume that is being made or deleted is in no list, so "not there" is not the truth yet.
        waited, left = wait_for(client, concerned)
        if waited:
            observed = reading.volumes(client)
        steps = plan(desired, observed, (), left)
        if any(step.changes and not step.observed for step in steps):
            taken = reading.gluster_volumes(client) if known_volumes is None else known_volumes
            steps = plan(desired, observed, taken, left)
    return steps, frozenset(volume.id for volume in observed)


def _hosts(client: HeketiClient, results: t.Iterable[_Result], warn: t.Callable[[str], None]) -> dict[str, str]:
    """The storage host name of every server of these volumes, by Heketi's id."""
    nodes = sorted({brick.node for result in results if result.observed for brick in result.observed.bricks})

    def host(node: str) -> str:
        answer = client.get(f"/nodes/{node}")
        with understood("a server"):
            return answer["hostnames"]["storage"][0]

    try:
        return dict(zip(nodes, reading.at_once(host, nodes)))
    except GlusterOpsError as exc:
        # Changes have been made by now and must be told.
        warn(f"The servers' host names are unknown: {exc}")
        return {}


# ---- changing --------------------------------------------------------------------------------------------------------


def _apply(client: HeketiClient, steps: t.Sequence[Step], seen: frozenset[str], parallel: int) -> list[_Result]:
    """Does what is to be done. Deletions come first: they make room."""

    def one(step: Step) -> _Result:
        try:
            if not step.observed:
                return _Result(step, _create(client, step.desired, seen), changed=True)
            if step.desired.present:
                return _Result(step, _expand(client, step.desired, step.observed), changed=True)
            _delete(client, step.observed)
            return _Result(step, None, changed=True)
        except GlusterOpsError as exc:
            return _Result(step, step.observed, error=exc)

    done = {step.desired.name: _Result(step, step.observed) for step in steps}
    for present in (False, True):
        wave = [step for step in steps if step.changes and step.desired.present is present]
        done.update((result.step.desired.name, result) for result in reading.at_once(one, wave, parallel))
    return list(done.values())


def _create(client: HeketiClient, want: Desired, seen: frozenset[str]) -> Observed:
    try:
        volume = Observed.from_info(client.operate("POST", "/volumes", want.request()))
    except OutcomeUnknown as why:
        with _reading_again(why):
            left = wait_for(client, [want.name])[1].get(want.name)
            found = [volume for volume in reading.volumes(client, seen) if volume.name == want.name]
        if len(found) != 1:
            ids = ", ".join(volume.id for volume in found)
            raise _still_unknown(
                why, left, f"{ids} have this name now" if found else "it is not there: run again"
            ) from None
        volume = found[0]
    if volume.size != want.size:
        raise Conflict(f"It has {volume.size} GiB instead of {want.size}: something else made it at the same time.")
    return volume


def _expand(client: HeketiClient, want: Desired, planned: Observed) -> Observed:
    # Heketi adds, whatever the size is by now, and damages a volume that is being made or deleted: look right before.
    now = reading.volume(client, planned.id)
    if not now or now.size != planned.size:
        has = f"has {now.size} GiB" if now else "is gone"
        raise Conflict(
            f"It had {planned.size} GiB and {has} now: something else changes it at the same time. Run again."
        )
    path = f"/volumes/{planned.id}"
    try:
        volume = Observed.from_info(client.operate("POST", f"{path}/expand", {"expand_size": want.size - now.size}))
    except OutcomeUnknown as why:
        with _reading_again(why):
            left = wait_for(client, [want.name])[1].get(want.name)
            found = reading.volume(client, planned.id)
        if left or not found or found.size == now.size:
            raise _still_unknown(why, left, "it has not grown: run again") from None
        volume = found
    if volume.size != want.size:
        raise Conflict(f"It has {volume.size} GiB instead of {want.size}: something else changed it at the same time.")
    return volume


def _delete(client: HeketiClient, planned: Observed) -> None:
    try:
        client.operate("DELETE", f"/volumes/{planned.id}")
    except NotFound:
        pass  # Something else deleted it.
    except OutcomeUnknown as why:
        with _reading_again(why):
            left = wait_for(client, [planned.name])[1].get(planned.name)
            found = reading.volume(client, planned.id)
        if left or found:
            raise _still_unknown(why, left, "it is still there: run again") from None
    except GlusterOpsError as exc:
        if exc.kind != GlusterOpsError.kind:
            raise
        raise GlusterOpsError(
            f"{exc} Heketi stops a volume before it deletes it: it may be stopped now.", **exc.details
        ) from None


@contextlib.contextmanager
def _reading_again(why: OutcomeUnknown) -> t.Iterator[None]:
    """Around the reading that shall tell the outcome."""
    try:
        yield
    except GlusterOpsError as exc:
        raise OutcomeUnknown(f"{why} Reading again failed, too: {exc}", **why.details) from None


def _still_unknown(why: OutcomeUnknown, left: Operation | None, found: str) -> OutcomeUnknown:
    """What to say when reading again has not shown it done."""
    seen = f"Heketi has not ended {left}" if left else f"Read again, {found}"
    return OutcomeUnknown(f"{why} {seen}.", **why.details)


# ---- telling ---------------------------------------------------------------------------------------------------------


def _item(result: _Result, hosts: t.Mapping[str, str]) -> Item:
    """What the modules return about one volume: as it was seen last, which in check mode is before the change."""
    volume = result.observed
    state = "present" if volume else None if result.error else "absent"
    item: Item = {
        "name": result.step.desired.name,
        "state": state,
        "changed": result.changed,
        "failed": bool(result.error),
        "notes": list(result.step.notes),
    }
    if volume:
        backups = ":".join(host for host in volume.hosts if host != volume.source.partition(":")[0])
        item.update(
            id=volume.id,
            size=format_size(volume.size * GIB),
            cluster=volume.cluster,
            durability=volume.durability,
            bricks=[
                {
                    "host": hosts.get(brick.node),
                    "path": brick.path,
                    "node": brick.node,
                    "device": brick.device,
                    "size": format_size(brick.size),
                }
                for brick in volume.bricks
            ],
            mount={
                "source": volume.source,
                "hosts": list(volume.hosts),
                "options": f"backup-volfile-servers={backups}" if backups else "",
            },
        )
    if result.error:
        item.update(result.error.details, msg=str(result.error), error=result.error.kind)
    return item


def _summary(results: t.Sequence[_Result], changes: list[Change], items: list[Item]) -> GlusterOpsError:
    """One error for all: of the kind of its only cause, if it has only one."""
    errors = {result.step.desired.name: result.error for result in results if result.error}
    kinds = {type(error) for error in errors.values()}
    message = few([f"Volume {name!r}: {error}" for name, error in errors.items()])
    if len(results) > 1:
        refused = any(result.step.refusal for result in results)
        what = "are refused, so nothing was changed" if refused else "failed, the others are done"
        message = f"{len(errors)} of {len(results)} volumes {what}. {message}"
    kind = kinds.pop() if len(kinds) == 1 else GlusterOpsError
    return kind(message, volumes=items, changes=changes)
