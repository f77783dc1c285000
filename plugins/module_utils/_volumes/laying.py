# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""From the shares that are declared, and what is there, to where their bricks are put. Decided on the control node, for
all shares and clusters at once."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._bricks import names
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    Refused,
    raise_all,
)
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique, check_volume_name
from ansible_collections.glusterops.shares.plugins.module_utils._units import check_number, format_size, parse_size
from ansible_collections.glusterops.shares.plugins.module_utils._volumes import room
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.layout import Durability, Storage
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.placing import (
    MOST_BRICKS,
    Plan,
    Present,
    Wish,
    lay,
)
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.there import Cluster, read_servers, words

_Values = t.Mapping[str, t.Any]

# A volume with more letters has no room in its bricks' names.
_LONGEST = 64
# Of what may be promised: from so many per cent on it is told.
_NEARLY = 80
# Only so many failures are told in whole, and to find what would fit takes its time.
_TOLD = 5


# ---- what is wanted --------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Declared:
    """A share that is declared. cluster: None if any will do. durable: whether it says its durability itself."""

    wish: Wish
    cluster: str | None
    durable: bool


def read_share(entry: t.Any, durability: str) -> Declared:
    """One share, or BadInput."""
    if not isinstance(entry, t.Mapping):
        raise BadInput(f"share {entry!r} is not a dictionary.")
    name = check_volume_name(entry.get("name"), "share")
    if len(name) > _LONGEST:
        raise BadInput(
            f"share {name!r} has a name of {len(name)} letters, and a volume on servers' storage at most {_LONGEST}:"
            " shorten it."
        )
    if entry.get("size") is None:
        raise BadInput(f"{name}: size is missing.")
    try:
        kind = Durability.parse(durability if entry.get("durability") is None else entry["durability"])
        sets = 1 if entry.get("sets") is None else entry["sets"]
        check_number(sets, 1, MOST_BRICKS // kind.width, "sets")
        if sets != int(sets):
            raise BadInput(f"sets {sets!r} is not a whole number.")
        wish = Wish(name, parse_size(entry["size"]), kind, int(sets), words(entry.get("tags"), "tags"))
    except BadInput as exc:
        raise BadInput(f"{name}: {exc}") from None
    return Declared(wish, entry.get("cluster"), entry.get("durability") is not None)


def _read_all(entries: t.Sequence[t.Any], durability: str) -> list[Declared]:
    failures: list[GlusterOpsError] = []
    declared = []
    for entry in entries:
        try:
            declared.append(read_share(entry, durability))
        except BadInput as exc:
            failures.append(exc)
    raise_all(failures, "cannot be laid out")
    check_unique((one.wish.name for one in declared), "share")
    return declared


# ---- what is done ----------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Laid:
    """Plans, each with its share's cluster, and what is to be told beside them. problem: why there are none."""

    problem: str = ""
    plans: dict[str, tuple[Cluster, Plan, Present]] = dataclasses.field(default_factory=dict)
    warnings: list[str] = dataclasses.field(default_factory=list)

    def as_json(self) -> dict[str, t.Any]:
        """As the filter C(lay_out_shares) returns it."""
        bricks: dict[str, list[dict[str, t.Any]]] = {}
        lines = []
        for name, (_cluster, plan, _present) in self.plans.items():
            for before, brick in [*((None, made) for made in plan.made), *plan.grown]:
                storage = t.cast(Storage, brick.storage)
                entry = {"name": brick.name, "storage": storage.path, "size": brick.size}
                bricks.setdefault(storage.server, []).append(entry)
                size = f"{format_size(before.size)} -> " if before else ""
                where = f" on {storage.path}" if storage.kind == names.DEVICE else ""
                lines.append(f"{name}: {storage.server}:{brick.path} {size}{format_size(brick.size)}{where}")
        plans = {name: (plan, present) for name, (_cluster, plan, present) in self.plans.items()}
        return {
            "problem": self.problem,
            "bricks": bricks,
            "layouts": {name: plan.layout.as_json() for name, (plan, its) in plans.items() if not its.layout},
            "grown": {
                name: plan.layout.as_json()
                for name, (plan, its) in plans.items()
                if its.layout and (plan.made or plan.grown)
            },
            "clusters": {name: cluster.name for name, (cluster, _plan, _present) in self.plans.items()},
            "lines": lines,
            "warnings": self.warnings,
        }


def lay_out(
    entries: t.Sequence[t.Any],
    servers: t.Mapping[str, _Values],
    looks: _Values,
    clusters: t.Mapping[str, _Values | None],
    durability: str,
) -> Laid:
    """Where the bricks of all these shares are put, one share after the other. Raises what is wrong with what is
    declared.

    servers: what is declared of each. looks: by server, what gluster_info told of its storage. clusters: as
    placement.place takes them, each volume with what it is C(made_of). durability: of shares that do not say.
    """
    declared = _read_all(entries, durability)
    its_servers = read_servers(servers, looks)
    found = {
        name: Cluster(name, clusters[name], [one for one in its_servers if one.cluster == name], looks)
        for name in sorted(clusters)
    }
    failures: list[GlusterOpsError] = []
    laid = Laid()
    for one in declared:
        try:
            laid.plans[one.wish.name] = _lay(one, found, whole=len(failures) < _TOLD)
        except GlusterOpsError as exc:
            failures.append(exc)
    for cluster in found.values():
        laid.warnings += cluster.warnings
    try:
        raise_all(failures, "cannot be laid out")
    except GlusterOpsError as exc:
        return Laid(str(exc), {}, laid.warnings)
    for cluster in found.values():
        laid.warnings += _nearly_full(cluster)
    laid.warnings += _left_over(laid)
    return laid


def _lay(declared: Declared, clusters: t.Mapping[str, Cluster], whole: bool) -> tuple[Cluster, Plan, Present]:
    """whole: whether to tell what would fit, where there is no room."""
    wish = declared.wish
    among = _clusters(declared, clusters)
    no_room = []
    for cluster in among:
        present = cluster.present(wish)
        if present.layout and declared.durable and present.layout.durability != wish.durability:
            raise Conflict(
                f"share {wish.name!r} is declared with durability {wish.durability}, and its volume has"
                f" {present.layout.durability}, which cannot be changed: declare that, or make another share."
            )
        plan = lay(wish, cluster.room, present)
        if plan:
            return cluster, plan, present
        no_room.append((cluster, present))
    kind = next((present.layout.durability for _cluster, present in no_room if present.layout), wish.durability)
    text = f"share {wish.name!r}: there is no room for {format_size(wish.size)} with {kind}"
    if not whole:
        raise Refused(f"{text}.")
    why = [
        f"{f'{cluster.name}: ' if len(clusters) > 1 else ''}{room.explain(wish, cluster.room, present)}."
        for cluster, present in no_room[:3]
    ]
    raise Refused(f"{text}: {' '.join(why)}")


def _clusters(declared: Declared, clusters: t.Mapping[str, Cluster]) -> list[Cluster]:
    """Where the share is, or those where it may be, most room first."""
    name = declared.wish.name
    has = [cluster for cluster in clusters.values() if name in cluster.volumes]
    if len(has) > 1:
        there = " and ".join(cluster.name for cluster in has)
        raise Conflict(f"share {name!r}: there is a volume {name!r} on the clusters {there}: rename one by hand.")
    if declared.cluster is not None and declared.cluster not in clusters:
        raise BadInput(f"share {name!r}: cluster {declared.cluster!r} is none of {', '.join(clusters)}.")
    if has and declared.cluster not in (None, has[0].name):
        raise Conflict(f"share {name!r} is declared on the cluster {declared.cluster}, and is on {has[0].name}.")
    if has or declared.cluster is not None:
        return has or [clusters[t.cast(str, declared.cluster)]]
    return sorted(clusters.values(), key=lambda one: (-one.room.shelf(declared.wish.tags).total, one.name))


# ---- what is told beside that ----------------------------------------------------------------------------------------


def _nearly_full(cluster: Cluster) -> t.Iterator[str]:
    """A sentence for each storage of which most is promised, by these plans, too."""
    once = {one.key: one for one in reversed(cluster.room.storages) if one.takes and one.capacity > 0}
    for one in sorted(once.values(), key=lambda its: (its.server, its.path)):
        promised = one.capacity - cluster.room.free(one)
        percent = promised * 100 // one.capacity
        overcommit = cluster.servers[one.server].overcommit
        what = f"{one.server}: {one.path}"
        if promised > one.capacity:
            yield (
                f"{what} has promised {percent} % of what it may (servers_overcommit {overcommit:g}), so nothing more"
                " is put there: give the server more storage, or allow more."
            )
        elif percent >= _NEARLY:
            yield f"{what} has promised {percent} % of what it may (servers_overcommit {overcommit:g})."


def _left_over(laid: Laid) -> t.Iterator[str]:
    """A sentence for each brick that was made for a share, and that it does not need."""
    for cluster, plan, _present in laid.plans.values():
        for brick, _used in cluster.left(plan.layout):
            if brick.storage:
                size = format_size(brick.size)
                yield f"{brick.storage.server}: {brick.name} is in no volume, and takes {size} of {brick.storage.path}."
