# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What is to be done about Heketi's volumes: from what is wanted and what there is. No I/O."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    Conflict,
    GlusterOpsError,
    NotFound,
    Refused,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi import room
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.operations import Operation
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.topology import HeketiCluster, host_key
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.volumes import (
    ACCESS_LIST,
    Desired,
    InGluster,
    Observed,
)
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._units import GIB, format_size

_CLEAN_UP = "clean_up: true has Heketi clean it up."


@dataclasses.dataclass(frozen=True)
class Step:
    """What is to be done about one volume: nothing when changes are empty.

    source is the volume it is to be cloned from, None if it is made or there already, or its source is made first.
    """

    desired: Desired
    observed: Observed | None = None
    source: Observed | None = None
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    refusal: GlusterOpsError | None = None


def plan(
    desired: t.Sequence[Desired],
    observed: t.Iterable[Observed],
    taken: t.Mapping[str, InGluster] | None = None,
    unfinished: t.Mapping[str, Operation] | None = None,
) -> list[Step]:
    """What is to be done about each desired volume.

    taken are the volumes that Gluster has, unfinished the operations of Heketi that have not ended, by volume name.
    """
    known = taken or {}
    there: dict[str, list[Observed]] = {}
    for volume in observed:
        there.setdefault(volume.name, []).append(volume)
    wanted = {want.name: want for want in desired}
    left = unfinished or {}

    def one(want: Desired) -> Step:
        found = there.get(want.name, [])
        if len(found) > 1:
            return Step(want, refusal=_ambiguous(found))
        if found and want.name in known and not known[want.name].may_be(found[0]):
            return Step(want, found[0], refusal=_another(known[want.name], found[0]))
        if not want.present:
            return _plan_absent(want, found[0] if found else None, left.get(want.name), want.name in known)
        if found:
            return _plan_there(want, found[0], left.get(want.name))
        refusal: GlusterOpsError | None = None
        if want.name in left:
            refusal = _refuse_unfinished(left[want.name])
        elif want.name in known:
            refusal = Conflict(
                "Gluster has a volume of this name that Heketi does not know, and Heketi would destroy it to make its"
                " own: take another name, or remove that volume first."
            )
        if want.clone_of is None:
            return Step(want, changes=tuple(_creation(want)), refusal=refusal)
        sources = there.get(want.clone_of, [])
        source = sources[0] if sources else None
        refusal = refusal or _refuse_source(
            want, sources, wanted.get(want.clone_of), left.get(want.clone_of), known.get(want.clone_of)
        )
        return Step(want, source=source, changes=tuple(_cloning(want, source)), refusal=refusal)

    return [one(want) for want in desired]


def refuse_blind(
    steps: t.Iterable[Step], observed: t.Iterable[Observed], known: t.Mapping[str, InGluster]
) -> list[Step]:
    """The steps, refused where a volume shall be made in a cluster of which no volume is known, though Heketi has
    some there: so what is known is not what Gluster has."""
    there: dict[str, list[str]] = {}
    for volume in observed:
        there.setdefault(volume.cluster, []).append(volume.name)
    unseen = {cluster: names for cluster, names in there.items() if known.keys().isdisjoint(names)}

    def one(step: Step) -> Step:
        among = sorted(unseen.keys() & set(step.desired.clusters) if step.desired.clusters else unseen)
        if step.observed or not adds_bricks(step) or step.refusal or not among:
            return step
        names = unseen[among[0]]
        count = f"{len(names)} volume{'s' if len(names) > 1 else ''}"
        refusal = Refused(
            f"known_volumes cannot be what Gluster has: of the {count} that Heketi has in cluster {among[0]}, such as"
            f" {names[0]!r}, it has none. Give the volumes of every cluster that may be chosen, or leave it out."
        )
        return dataclasses.replace(step, refusal=refusal)

    return [one(step) for step in steps]


def refuse_unseen_removals(steps: t.Iterable[Step], known: t.Container[str]) -> list[Step]:
    """The steps, refused where Heketi shall delete a volume that Gluster does not have where it was looked at: Heketi
    deletes by name, and nobody has seen what that is."""

    def one(step: Step) -> Step:
        have = step.observed
        if have is None or step.desired.present or step.refusal or step.desired.name in known:
            return step
        refusal = Conflict(
            f"Heketi has it as {have.id} in cluster {have.cluster}, and Gluster has no volume of this name where that"
            " was looked for. Look at that cluster, too, or remove it from Heketi by hand."
        )
        return dataclasses.replace(step, refusal=refusal)

    return [one(step) for step in steps]


def refuse_hopeless(steps: t.Sequence[Step], clusters: t.Sequence[HeketiCluster]) -> list[Step]:
    """The steps, refused where Heketi surely has no room for what shall be made or grow."""
    asking = {step.desired.name: room_for(step) for step in steps if adds_bricks(step) and not step.refusal}
    short = {name for name, lacks in zip(asking, room.hopeless(clusters, asking.values())) if lacks}

    def one(step: Step) -> Step:
        if step.desired.name not in short:
            return step
        need = asking[step.desired.name]
        alone = room.hopeless(clusters, [need])[0]
        why = (
            room.explain(clusters, *need) if alone else "Together with the others that are asked for it takes too much."
        )
        return dataclasses.replace(step, refusal=Refused(f"Heketi has no room. {why}"))

    return [one(step) for step in steps]


def room_for(step: Step) -> room.Need:
    """What a volume that shall be made or grow asks for."""
    want, have = step.desired, step.observed
    return room.Need(
        have.durability if have else want.durability,
        have.snapshot_factor if have else want.snapshot_factor,
        want.allocated - (have.size if have else 0),
        [have.cluster] if have else want.clusters,
        have.options if have else want.options,
        len(have.bricks) if have else 0,
    )


def refuse_unknown_clusters(steps: t.Iterable[Step], known: t.AbstractSet[str]) -> list[Step]:
    """The steps, refused where a volume shall be made in a cluster that Heketi does not have."""

    def one(step: Step) -> Step:
        unknown = sorted(set(step.desired.clusters) - known)
        if step.observed or not adds_bricks(step) or step.refusal or not unknown:
            return step
        return dataclasses.replace(step, refusal=NotFound(f"clusters: Heketi has no cluster {', '.join(unknown)}."))

    return [one(step) for step in steps]


def refuse_strangers(
    steps: t.Iterable[Step], clusters: t.Iterable[HeketiCluster], known: t.AbstractSet[str]
) -> list[Step]:
    """The steps, refused where Heketi could put new bricks on a server of which neither name is known."""
    strangers: dict[str, list[str]] = {}
    names = frozenset(map(host_key, known))
    for cluster in clusters:
        strangers[cluster.id] = sorted(
            node.manage
            for node in cluster.nodes
            if node.state == "online"
            and any(device.state == "online" for device in node.devices)
            and names.isdisjoint(map(host_key, (node.manage, node.storage)))
        )

    def one(step: Step) -> Step:
        if not adds_bricks(step) or step.refusal:
            return step
        among = [step.observed.cluster] if step.observed else step.desired.clusters or strangers
        found = sorted({name for cluster in among for name in strangers.get(cluster, ())})
        if not found:
            return step
        refusal = Refused(
            f"Heketi may choose {', '.join(found)} for its bricks, and known_servers does not have that name: give the"
            " server its identity first, or take it offline in Heketi."
        )
        return dataclasses.replace(step, refusal=refusal)

    return [one(step) for step in steps]


def adds_bricks(step: Step) -> bool:
    """Whether Heketi will choose servers for it. A clone is where its source is."""
    return bool(step.changes) and step.desired.present and (bool(step.observed) or step.desired.clone_of is None)


def _plan_absent(want: Desired, have: Observed | None, unfinished: Operation | None, in_gluster: bool) -> Step:
    if have:
        size = format_size(have.size * GIB)
        changes = (Change(want.name, "state", "present", "absent"), Change(want.name, "size", size, None))
        return Step(want, have, changes=changes, refusal=_refuse_unfinished(unfinished) if unfinished else None)
    if not unfinished and in_gluster:
        # Made by hand; or a server that was away while it was deleted brought it back.
        return Step(
            want,
            refusal=Conflict(
                "Gluster has a volume of this name that Heketi does not know, so Heketi cannot delete it: remove it by"
                " hand, if it is not needed."
            ),
        )
    if not unfinished:
        return Step(want)
    left = f"It is not there, but Heketi has not finished with it: {unfinished}."
    return Step(want, notes=(f"{left} {_CLEAN_UP}" if unfinished.status else left,))


def _plan_there(want: Desired, have: Observed, unfinished: Operation | None) -> Step:
    notes = tuple(_differences(want, have))
    if have.size >= want.size:
        return Step(want, have, notes=notes)
    size = format_size(have.size * GIB)
    refusal: GlusterOpsError | None = None
    if have.cloned:
        refusal = Refused(f"It is a clone, and trying to expand one harms Heketi: ask for {size}, which it has.")
    elif unfinished:
        refusal = _refuse_unfinished(unfinished)
    elif have.capacity != have.size:
        refusal = Conflict(f"{_lost_track(have)} Do not grow it before an administrator has compared both.")
    change = Change(want.name, "size", size, format_size(want.allocated * GIB))
    return Step(want, have, changes=(change,), notes=notes, refusal=refusal)


def _lost_track(have: Observed) -> str:
    return (
        f"Heketi says that it has {have.size}G, and its bricks hold {have.capacity}G: it loses track when two change a"
        f" volume at once. Compare its bricks in Heketi with those of 'gluster volume info {have.name}'."
    )


def _another(taken: InGluster, have: Observed) -> Conflict:
    says = f"says that it is {taken.heketi_id}" if taken.heketi_id else "does not say that it is Heketi's"
    return Conflict(
        f"Heketi's volume of this name is {have.id}, and Gluster's {says} and has none of its bricks. Heketi works on"
        " volumes by their names: rename one of them, or remove it by hand."
    )


def _ambiguous(found: t.Sequence[Observed]) -> Conflict:
    where = ", ".join(f"{volume.id} in cluster {volume.cluster}" for volume in found)
    return Conflict(f"{len(found)} volumes have this name, and none can be told to be meant: {where}.")


def _refuse_unfinished(operation: Operation) -> Refused:
    if not operation.status:
        return Refused(f"Heketi is still busy with it: {operation}. Run again when that has ended.")
    if operation.kind == "clone-volume":
        return Refused(
            f"Heketi began with it and did not finish: {operation}. It cannot clean up a clone by itself: its"
            " administrator must take the operation out of its database (heketi db export and import)."
        )
    return Refused(f"Heketi began with it and did not finish: {operation}. {_CLEAN_UP}")


def _refuse_source(
    want: Desired,
    sources: t.Sequence[Observed],
    also_wanted: Desired | None,
    unfinished: Operation | None,
    taken: InGluster | None,
) -> GlusterOpsError | None:
    """Why a volume cannot be cloned from the one it shall be cloned from."""
    name = want.clone_of
    if len(sources) > 1:
        return _ambiguous(sources)
    if sources and taken and not taken.may_be(sources[0]):
        return Conflict(f"It shall be a clone of {name!r}: {_another(taken, sources[0])}")
    if also_wanted and not also_wanted.present:
        return Conflict(f"It shall be a clone of {name!r}, which the same list deletes.")
    if unfinished:
        return Refused(f"It shall be a clone of {name!r}: {_refuse_unfinished(unfinished)}")
    if not sources and not also_wanted:
        return NotFound(f"It shall be a clone of {name!r}, which is not there.")
    if not sources and also_wanted and also_wanted.clone_of is not None:
        return Conflict(f"It shall be a clone of {name!r}, which is itself a clone that is not there yet: run again.")
    size = max(sources[0].size if sources else 0, also_wanted.allocated if also_wanted else 0)
    if size < want.size:
        return Refused(
            f"size {want.size}G is asked for, and as a clone of {name!r} it has {size}G. Clones cannot be expanded: ask"
            " for no more, or grow the source first."
        )
    return None


def _creation(want: Desired) -> t.Iterator[Change]:
    yield Change(want.name, "state", "absent", "present")
    yield Change(want.name, "size", None, format_size(want.allocated * GIB))
    yield Change(want.name, "durability", None, want.durability)
    if want.clusters:
        yield Change(want.name, "clusters", None, list(want.clusters))
    if want.snapshot_factor is not None:
        yield Change(want.name, "snapshot_factor", None, want.snapshot_factor)
    if want.gid is not None:
        yield Change(want.name, "gid", None, want.gid)
    if want.options:
        yield Change(want.name, "volume_options", None, dict(want.options))


def _cloning(want: Desired, source: Observed | None) -> t.Iterator[Change]:
    yield Change(want.name, "state", "absent", "present")
    yield Change(want.name, "clone_of", None, want.clone_of)
    if source:
        yield Change(want.name, "size", None, format_size(source.size * GIB))


def _differences(want: Desired, have: Observed) -> t.Iterator[str]:
    """What is not as wanted and stays so, a sentence each."""
    if have.capacity != have.size:
        yield _lost_track(have)
    if want.clone_of is not None:
        if not have.cloned:
            yield f"it is no clone and stays so, though a clone of {want.clone_of} is asked for."
        return
    fixed: list[tuple[str, t.Any, t.Any]] = [("durability", have.durability, want.durability)]
    if want.snapshot_factor is not None:
        fixed.append(("snapshot_factor", have.snapshot_factor, want.snapshot_factor))
    if want.gid is not None:
        fixed.append(("gid", have.gid, want.gid))
    if want.clusters and have.cluster not in want.clusters:
        fixed.append(("cluster", have.cluster, " or ".join(want.clusters)))
    for what, is_now, shall_be in fixed:
        if is_now != shall_be:
            yield f"{what} is {'not set' if is_now is None else is_now} and stays so, though {shall_be} is asked for."
    for option, value in sorted(want.options.items()):
        created = have.options.get(option)
        if option == ACCESS_LIST and created:
            # It changes with the share's tenants afterwards, in Gluster only.
            continue
        if created != value:
            yield (
                f"{option} was {created or 'not set'} when it was created, and {value} is asked for:"
                " Heketi sets options only then, so change it in Gluster."
            )
