# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Makes Heketi's volumes what they shall be: reads, plans (plan.py), does it, and tells what is there then."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    Conflict,
    GlusterOpsError,
    OutcomeUnknown,
    Refused,
    few,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi import changing, operations, reading
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import HeketiClient, understood
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.describe import (
    describe_operation,
    describe_volume,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.plan import (
    Step,
    adds_bricks,
    plan,
    refuse_blind,
    refuse_hopeless,
    refuse_strangers,
    refuse_unknown_clusters,
    refuse_unseen_removals,
    room_for,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.room import explain
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.volumes import (
    Desired,
    InGluster,
    Observed,
    read_known,
)
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress, reason
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change

# What Heketi says when there is not enough room, whatever is meant by it.
_NO_ROOM = re.compile("No space|Out of space|Maximum number of bricks|No online storage devices|No nodes in cluster")

# How many volumes are named that have the same reason to fail.
_NAMED = 5

Item = t.Dict[str, t.Any]


@dataclasses.dataclass
class _Result:
    step: Step
    observed: Observed | None
    changed: bool = False
    error: GlusterOpsError | None = None
    # The id of what this run made: only looking tells how it became.
    made: str = ""

    @property
    def id(self) -> str:
        return self.observed.id if self.observed else self.made


def reconcile(
    client: HeketiClient,
    desired: t.Sequence[Desired],
    known_volumes: t.Sequence[t.Any] | None = None,
    known_servers: t.Collection[str] | None = None,
    clean_up: bool = False,
    parallel: int = 8,
    check_mode: bool = False,
    check_room: bool = True,
    warn: t.Callable[[str], None] = lambda sentence: None,
    progress: Progress | None = None,
) -> tuple[list[Change], list[Item]]:
    """Makes the volumes what they shall be, at most parallel of them at once: the changes, and an item for each volume.

    known_volumes are those that Gluster has (see volumes.read_known); if None, Heketi is asked for them before
    something is created.
    known_servers are the names of those that may get bricks; if None, all.
    clean_up: what Heketi began with these volumes and did not finish is cleaned up first.
    check_room: check mode refuses what Heketi has no room for.
    When nothing has to change that is one request. Where Heketi does not show its database: that one, the list of
    volumes, one for each volume, and one for each server of the volumes asked for.
    If one of the volumes is refused, nothing is changed. If some fail on the way, the others are done nevertheless.
    The error then has the return keys C(volumes) (the items) and C(changes).
    """
    telling = progress or Progress()
    permit = _Permit(read_known(known_volumes), known_servers, clean_up, check_mode and check_room)
    changes: list[Change] = []
    found = _look_and_plan(client, desired, permit, telling)
    cleaned = operations.by_volume(found.rubbish)
    if found.rubbish and not found.refused:
        changes += [Change(name, "unfinished", str(one), None) for one in found.rubbish for name in sorted(one.volumes)]
        if not check_mode:
            _clean_up(client, found.rubbish, changes)
            # Gluster has changed by that, so what was known of it is not known any more.
            permit = dataclasses.replace(permit, known_volumes=None)
            try:
                found = _look_and_plan(client, desired, permit, telling)
            except GlusterOpsError as exc:
                exc.details["changes"] = changes
                raise
    steps, before = found.steps, found.before
    for step in steps:
        for note in step.notes:
            warn(f"Volume {step.desired.name!r}: {note}")
    hosts = before.hosts
    if found.refused:
        results = [_Result(step, step.observed, error=step.refusal) for step in steps]
    elif check_mode:
        results = [_Result(step, step.observed, bool(step.changes)) for step in steps]
    else:
        seen = frozenset(volume.id for volume in before.volumes)
        results = _apply(client, steps, seen, parallel, telling)
        hosts = {**hosts, **_look(client, results, seen)}
        _tell_room(client, results)
    hosts = _hosts(client, results, hosts, warn)
    changes += [change for result in results if result.changed for change in result.step.changes]
    items = [_item(result, hosts, cleaned) for result in results]
    if any(result.error for result in results):
        _fold(items, results)
        raise _summary(results, changes, items)
    return changes, items


# ---- deciding --------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Permit:
    """What is known of Gluster, and what may be done."""

    known_volumes: t.Mapping[str, InGluster] | None
    known_servers: t.Collection[str] | None
    clean_up: bool
    # The real run is told by Heketi, which knows better.
    foresee_room: bool


@dataclasses.dataclass(frozen=True)
class _Found:
    """The plan, the picture that it was made for, and the operations that are to be cleaned up before."""

    steps: list[Step]
    before: reading.Picture
    rubbish: list[operations.Operation]

    @property
    def refused(self) -> bool:
        return any(step.refusal for step in self.steps)


def _look_and_plan(client: HeketiClient, desired: t.Sequence[Desired], permit: _Permit, progress: Progress) -> _Found:
    before = reading.picture(client)
    known = permit.known_volumes
    steps = plan(desired, before.volumes, known)
    concerned = {step.desired.name for step in steps if step.changes or not step.observed}
    concerned |= {step.desired.clone_of for step in steps if step.changes and step.desired.clone_of}
    rubbish: list[operations.Operation] = []
    if concerned:
        # A volume that is being made or deleted is in no list, so "not there" is not the truth yet.
        unfinished = operations.Unfinished(client, before.tables)
        waited, left = (False, []) if before.idle else operations.wait_for(client, concerned, unfinished, progress.say)
        if waited:
            before, known = reading.picture(client), None
        unwanted = {want.name for want in desired if not want.present}
        rubbish = [
            operation
            for operation in left
            # A deletion that was wanted, and still is, needs no further permission.
            if operation.status
            and (permit.clean_up or operation.kind == "delete-volume" and operation.volumes <= unwanted)
        ]
        by_name = operations.by_volume(operation for operation in left if operation not in rubbish)
        steps = plan(desired, before.volumes, known, by_name)
        if known is None and any(step.changes and not step.observed for step in steps):
            remedy = "No volume was created: pass known_volumes, the names of the volumes that Gluster has."
            known = {name: InGluster(name) for name in reading.gluster_volumes(client, remedy)}
            steps = plan(desired, before.volumes, known, by_name)
        elif known is not None:
            steps = refuse_unseen_removals(refuse_blind(steps, before.volumes, known), known)
        steps = [_undecided(step) if _is_unfinished(step, rubbish) else step for step in steps]
    return _Found(_refuse_places(client, steps, permit), before, rubbish)


def _is_unfinished(step: Step, rubbish: t.Iterable[operations.Operation]) -> bool:
    names = {step.desired.name, step.desired.clone_of}
    return any(not operation.volumes.isdisjoint(names) for operation in rubbish)


def _undecided(step: Step) -> Step:
    """Whether it can be had is seen afterwards: what is half made has the name, or more bricks than size."""
    return dataclasses.replace(step, refusal=None)


def _refuse_places(client: HeketiClient, steps: list[Step], permit: _Permit) -> list[Step]:
    """The steps, refused where Heketi would, or could, not put their bricks where they may be."""
    adding = [step for step in steps if adds_bricks(step) and not step.refusal]
    if any(step.desired.clusters for step in adding):
        steps = refuse_unknown_clusters(steps, reading.cluster_ids(client))
    if adding and (permit.known_servers is not None or permit.foresee_room):
        clusters = reading.clusters(client)
        if permit.known_servers is not None:
            steps = refuse_strangers(steps, clusters, frozenset(permit.known_servers))
        if permit.foresee_room:
            steps = refuse_hopeless(steps, clusters)
    return steps


def _clean_up(client: HeketiClient, rubbish: t.Sequence[operations.Operation], changes: t.Sequence[Change]) -> None:
    """Has it cleaned up, and looks: Heketi does not tell what it could not clean up."""
    operations.clean_up(client, rubbish)
    ids = {operation.id for operation in rubbish}
    stuck = [operation for operation in operations.Unfinished(client).look() if operation.id in ids]
    if stuck:
        grown = [brick for operation in stuck if not operation.destroys for brick in operation.bricks]
        advice = (
            " An expansion cannot be undone while Gluster has its bricks: take those that it added out first, with"
            f" 'gluster volume remove-brick': {', '.join(grown)}."
            if grown
            else ""
        )
        cleaned = [change for change in changes if not any(str(operation) == change.before for operation in stuck)]
        raise Refused(
            f"Heketi could not clean up {', '.join(map(str, stuck))}: its log says why. Are all servers of these"
            f" volumes up?{advice}",
            changes=cleaned,
        )


def _hosts(
    client: HeketiClient, results: t.Iterable[_Result], known: t.Mapping[str, str], warn: t.Callable[[str], None]
) -> t.Mapping[str, str]:
    """The storage host name of every server of these volumes, by Heketi's id. What is not known is asked for."""
    used = {brick.node for result in results if result.observed for brick in result.observed.bricks}
    nodes = sorted(used.difference(known))

    def host(node: str) -> str:
        answer = client.get(f"/nodes/{node}")
        with understood("a server"):
            return answer["hostnames"]["storage"][0]

    try:
        return {**known, **dict(zip(nodes, reading.at_once(host, nodes)))}
    except GlusterOpsError as exc:
        # Changes have been made by now and must be told.
        warn(f"The servers' host names are unknown: {exc}")
        return known


# ---- changing --------------------------------------------------------------------------------------------------------


def _apply(
    client: HeketiClient, steps: t.Sequence[Step], seen: frozenset[str], parallel: int, progress: Progress
) -> list[_Result]:
    """Does what is to be done, in three waves: deletions make room, and clones need their sources."""
    done = {step.desired.name: _Result(step, step.observed) for step in steps}
    waves: tuple[list[Step], list[Step], list[Step]] = ([], [], [])
    for step in steps:
        if step.changes:
            clone = step.desired.clone_of and not step.observed
            waves[2 if clone else 1 if step.desired.present else 0].append(step)

    def one(step: Step) -> _Result:
        try:
            return _change(client, step, done, seen, progress)
        except GlusterOpsError as exc:
            return _Result(step, step.observed, error=exc)

    progress.expect(sum(map(len, waves)))
    for wave in waves:
        done.update((result.step.desired.name, result) for result in reading.at_once(one, wave, parallel))
    return list(done.values())


def _change(
    client: HeketiClient, step: Step, done: t.Mapping[str, _Result], seen: frozenset[str], progress: Progress
) -> _Result:
    want, have = step.desired, step.observed
    if not want.present:
        with progress.of(want.name, "deleted"):
            changing.delete(client, t.cast(Observed, have))
            return _Result(step, None, changed=True)
    if have:
        with progress.of(want.name, "expanded"):
            return _Result(step, changing.expand(client, want, have), changed=True)
    if want.clone_of is None:
        with progress.of(want.name, "created"):
            return _Result(step, None, changed=True, made=changing.create(client, want, seen))
    with progress.of(want.name, "cloned"):
        source = done[want.clone_of].id if want.clone_of in done else step.source and step.source.id
        if not source:
            raise Refused(f"It shall be a clone of {want.clone_of!r}, which could not be made.")
        return _Result(step, None, changed=True, made=changing.clone(client, want, source, seen))


def _look(client: HeketiClient, results: t.Iterable[_Result], seen: frozenset[str]) -> t.Mapping[str, str]:
    """Looks at all that was made, at once, and makes it an error if it is not as it shall be. The servers' host names.

    Another run may have made a volume of the same name meanwhile: Heketi takes a name several times.
    """
    made = {result.made: result for result in results if result.made}
    if not made:
        return {}
    try:
        after = reading.picture(client, seen)
    except GlusterOpsError as exc:
        for key, result in made.items():
            result.error = OutcomeUnknown(f"It was made as {key}, but cannot be looked at: {exc}", **exc.details)
        return {}
    volumes = {volume.id: volume for volume in after.volumes}
    twins = {volume.name: volume for volume in after.volumes if volume.id not in made}
    for key, result in made.items():
        result.observed = volumes.get(key)
        result.error = _wrong(result, twins.get(result.step.desired.name))
    return after.hosts


def _wrong(result: _Result, twin: Observed | None) -> GlusterOpsError | None:
    """What is wrong with a volume that was made."""
    want, have = result.step.desired, result.observed
    if twin:
        return Conflict(
            f"It was made as {result.made}, but another run made {twin.id} in cluster {twin.cluster} of the same name"
            " at the same time: delete the one that nobody uses, by its id."
        )
    if not have:
        return OutcomeUnknown(f"It was made as {result.made}, and is gone or in use when looked at: run again.")
    if want.clone_of is None and have.size != want.allocated:
        return Conflict(f"It has {have.size} GiB instead of {want.allocated}: something else made it at the same time.")
    return None


def _tell_room(client: HeketiClient, results: t.Iterable[_Result]) -> None:
    """Adds to the errors for want of room how much there is, from one look at the clusters."""
    short = [result for result in results if result.error and _NO_ROOM.search(str(result.error))]
    if not short:
        return
    try:
        clusters = reading.clusters(client)
    except GlusterOpsError:
        return  # Heketi's own words must do.
    for result in short:
        error = t.cast(GlusterOpsError, result.error)
        room = explain(clusters, *room_for(result.step))
        result.error = type(error)(f"{error} {room}", **error.details)


# ---- telling ---------------------------------------------------------------------------------------------------------


def _item(result: _Result, hosts: t.Mapping[str, str], cleaned: t.Mapping[str, operations.Operation]) -> Item:
    """What the modules return about one volume: as it was seen last, which in check mode is before the change.

    cleaned are the operations that are cleaned up, by volume.
    """
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
        item.update(describe_volume(volume, hosts))
    if item["name"] in cleaned:
        item["unfinished"] = describe_operation(cleaned[item["name"]])
    if result.error:
        item.update(result.error.details, msg=str(result.error), error=result.error.kind)
    return item


def _fold(items: t.Iterable[Item], results: t.Iterable[_Result]) -> None:
    """Leaves of volumes that failed for the same reason the details of the first one only."""
    first = {name: names[0] for names in _reasons(results).values() for name in names[1:]}
    for item in items:
        if item["name"] in first:
            item.pop("body", None)
            item["msg"] = f"It failed like {first[item['name']]!r}."


def _reasons(results: t.Iterable[_Result]) -> dict[str, list[str]]:
    """The names of the volumes that failed, by what was said of each."""
    found: dict[str, list[str]] = {}
    for result in results:
        if result.error:
            name = result.step.desired.name
            found.setdefault(reason(str(result.error), name), []).append(name)
    return found


def _summary(results: t.Sequence[_Result], changes: list[Change], items: list[Item]) -> GlusterOpsError:
    """One error for all: of the kind of its only cause, if it has only one, and each reason told once."""
    errors = {result.step.desired.name: result.error for result in results if result.error}
    reasons = _reasons(results)
    kinds = {type(error) for error in errors.values()}
    message = few(
        [
            f"Volumes {_named(names)}: {why}" if len(names) > 1 else f"Volume {names[0]!r}: {errors[names[0]]}"
            for why, names in reasons.items()
        ]
    )
    if len(results) > 1:
        refused = any(result.step.refusal for result in results)
        # Some may have been cleaned up before.
        nothing = "nothing else" if changes else "nothing"
        what = f"are refused, so {nothing} was changed" if refused else "failed, the others are done"
        message = f"{len(errors)} of {len(results)} volumes {what}. {message}"
    kind = kinds.pop() if len(kinds) == 1 else GlusterOpsError
    return kind(message, volumes=items, changes=changes)


def _named(names: t.Sequence[str]) -> str:
    """The names of the volumes, as many as can be read."""
    rest = len(names) - _NAMED
    return ", ".join(map(repr, names[:_NAMED])) + (f" and {rest} more" if rest > 0 else "")
