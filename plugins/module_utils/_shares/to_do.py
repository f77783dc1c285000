# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What has to be done for shares whose places are known, and by whom; decided once for all of them."""

from __future__ import annotations

import math
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import tenants
from ansible_collections.glusterops.shares.plugins.module_utils._machines import told
from ansible_collections.glusterops.shares.plugins.module_utils._shares.placement import (
    HEKETI,
    MAKING,
    SERVERS,
    provisioner_of,
)
from ansible_collections.glusterops.shares.plugins.module_utils._units import parse_size

_Values = t.Mapping[str, t.Any]

# The clean-up of this leaves the volume where it is.
_EXPANSION = "expand-volume"
# What a share says of its volume to Heketi; the last only when the volume is made.
_HEKETI_OPTIONS = ("clusters", "snapshot_factor", "gid", "volume_options")
# The changes of gluster_shares after which a share is proven.
_PROVEN = ("features.quota", "size", "state", "volume")


def divide(
    entries: t.Sequence[_Values],
    placed: t.Sequence[_Values],
    defaults: _Values,
    check_mode: bool,
    laid: _Values | None = None,
) -> dict[str, t.Any]:
    """The work on the shares, as the filter C(place_shares) returns it.

    entries: as they were declared; placed: what placement.place made of them. defaults: C(durability), C(spare_factor)
    and C(sets) of those that do not say, and who is on each access list (C(infrastructure)).
    laid: what lay_out_shares made of those that are made on servers' storage.
    """
    here: dict[str, list[_Values]] = {}
    for share in placed:
        if share["cluster"] is not None:
            here.setdefault(share["cluster"], []).append(share)
    work = {cluster: _to_do(shares, check_mode) for cluster, shares in here.items()}
    made_by_heketi = {share["name"]: share for share in placed if share["provisioner"] == HEKETI}
    return {
        "clusters": {share["name"]: share["cluster"] for share in placed},
        "to_do": {cluster: [share["share"] for share in shares] for cluster, shares in work.items() if shares},
        "before": {
            cluster: before
            for cluster, shares in work.items()
            if (before := list(map(_list_alone, filter(_is_there, shares))))
        },
        "heketi": [
            heketi_volume(entry, bool(made_by_heketi[entry["name"]]["volume"]), defaults)
            for entry in entries
            if entry["name"] in made_by_heketi
        ],
        "growing": _growing(placed, laid),
        "servers": [
            _wish(entry, share, defaults)
            for entry, share in zip(entries, placed)
            if share["provisioner"] == SERVERS and (share["differs"] or not share["volume"] or share.get("unfinished"))
        ],
        "present": [name for name, share in made_by_heketi.items() if share["volume"]],
        "nowhere": [name for name, share in made_by_heketi.items() if share["cluster"] is None],
    }


def _to_do(shares: t.Sequence[_Values], check_mode: bool) -> list[_Values]:
    """Those of a cluster's shares that are not as they shall be; all, where one gets a volume, which must be no
    other's. A dry run can only look at what Heketi made already."""
    takes = any(share["provisioner"] != HEKETI and not share["volume"] for share in shares)
    return [
        share
        for share in shares
        if (takes or share["differs"]) and not (check_mode and share["provisioner"] == HEKETI and not share["volume"])
    ]


def _growing(placed: t.Iterable[_Values], laid: _Values | None) -> dict[str, list[dict[str, t.Any]]]:
    """By cluster, the volumes that get further bricks, or were left halfway when they got some, as gluster_volumes
    takes them."""
    found: dict[str, list[dict[str, t.Any]]] = {}
    grown = (laid or {}).get("grown", {})
    for share in placed:
        layout = grown.get(share["name"]) or share.get("unfinished")
        if layout:
            its = {name: value for name, value in layout.items() if name != "unfinished"}
            found.setdefault(share["cluster"], []).append({"name": share["volume"], **its})
    return found


def _wish(entry: _Values, share: _Values, defaults: _Values) -> dict[str, t.Any]:
    """What lay_out_shares takes."""
    said = {name: entry[name] if entry.get(name) is not None else defaults.get(name) for name in MAKING}
    # What is there keeps its own.
    said["durability"] = entry.get("durability")
    size = math.ceil(parse_size(share["share"]["size"]) * (said.pop("spare_factor") or 1.0) / 1024)
    return {**{key: share[key] for key in ("name", "cluster", "volume")}, "size": f"{size}K", **said}


def _is_there(share: _Values) -> bool:
    """Whether it may get further bricks on other servers."""
    return share["provisioner"] in (HEKETI, SERVERS) and bool(share["volume"])


def _list_alone(share: _Values) -> dict[str, t.Any]:
    """The share with nothing but its access list to be kept."""
    return {**share["share"], "size": None, "volume_options": {}}


def heketi_volume(entry: _Values, present: bool, heketi: _Values) -> dict[str, t.Any]:
    """The entry of C(volumes) of gluster_heketi_volumes.

    What Heketi sets only when it makes a volume (seal, options) is kept by gluster_shares afterwards.
    """
    volume: dict[str, t.Any] = {"name": entry["name"], "size": entry["size"]}
    if entry.get("clone_of") is not None:
        return {**volume, "clone_of": entry["clone_of"]}
    for name in ("durability", "spare_factor"):
        volume[name] = entry[name] if entry.get(name) is not None else heketi[name]
    for name in _HEKETI_OPTIONS[:-1] if present else _HEKETI_OPTIONS:
        if name in entry:
            volume[name] = entry[name]
    if not present:
        # Heketi starts it, and without a limit. So gluster_shares lets the tenants in, when it has that.
        volume["seal"] = list(heketi["infrastructure"])
    return volume


def known_volumes(names: t.Collection[str], clusters: t.Mapping[str, _Values | None]) -> list[t.Any]:
    """What gluster_heketi_volumes is told of Gluster's volumes: their names, and of these what they say of Heketi."""
    volumes = {volume["name"]: volume for found in clusters.values() for volume in (found or {}).get("volumes", ())}
    return [
        {"name": name, "heketi_id": volume["heketi_id"], "bricks": [volume["brick"]]} if name in names else name
        for name, volume in volumes.items()
    ]


def to_verify(
    cluster: str, placed: t.Mapping[str, str | None], result: t.Any, made: t.Any, volumes: t.Iterable[_Values]
) -> list[dict[str, t.Any]]:
    """The shares of the cluster that have to be proven, as gluster_shares_verify takes them: what Heketi made or grew,
    and what gluster_shares took or limited anew, as a run that was interrupted may have left it unproven.

    result, made: what gluster_shares returned on the cluster's worker, and gluster_heketi_volumes. volumes: Heketi's.
    """
    changed = [change["subject"] for change in _changes(result) if change["what"] in _PROVEN]
    grown = {
        change["subject"]
        for change in _changes(made)
        if change["what"] == "size" and change["before"] and change["after"]
    }
    by_heketi = {one["name"]: one for one in volumes if one.get("changed") or one["name"] in changed}
    return [
        {
            "name": name,
            "grown": name in grown,
            **({"bricks": len(by_heketi[name]["bricks"])} if name in by_heketi else {}),
        }
        for name in dict.fromkeys([*changed, *by_heketi])
        if placed.get(name) == cluster
    ]


def _changes(result: t.Any) -> list[_Values]:
    """None where the answer cannot be understood."""
    with told.whatever_it_told():
        return [
            {
                **{key: change[key] for key in ("before", "after")},
                "what": told.word(change["what"]),
                "subject": told.word(change["subject"]),
            }
            for change in result.get("changes") or ()
        ]
    return []


def removal(
    name: str,
    located: t.Mapping[str, _Values],
    workers: t.Mapping[str, str],
    clusters: t.Mapping[str, _Values | None],
    heketi: bool,
) -> dict[str, t.Any]:
    """How a share is removed: by Heketi, if there is one (heketi), unless it is marked as taken from a pool or cloned.
    C(problem) is why it must not be, empty if nothing.

    located: as placement.locate found it, or not.
    """
    its = located.get(name) or {}
    by_heketi = heketi and (not its or provisioner_of(its) == HEKETI)
    worker = workers[its["cluster"]] if its else next(iter(workers.values()))
    problem = ""
    if by_heketi and its and its["volume"] != name:
        problem = (
            f"{worker} tells that share {name!r} is in the volume {its['volume']!r}, and Heketi would delete the one"
            " that has the share's name. Nothing was removed: look at both by hand, on another server, too."
        )
    return {
        "problem": problem,
        "by_heketi": by_heketi,
        "made": bool(its) and provisioner_of(its) == SERVERS,
        "worker": worker,
        "cluster": its.get("cluster"),
        "volume": its.get("volume"),
        "sealed": bool(its.get("sealed")),
        # Heketi deletes by name, so it is told what Gluster has, and deletes only what is the same there and here.
        "known_volumes": known_volumes({name}, clusters) if by_heketi else [],
    }


def in_the_way(
    volumes: t.Iterable[_Values],
    clusters: t.Mapping[str, _Values | None],
    workers: t.Mapping[str, str],
    answers: t.Mapping[str, t.Any],
) -> list[str]:
    """Why what Heketi did not finish must not be cleaned up now, a sentence for each volume that somebody has mounted.

    volumes: as gluster_heketi_volumes returns them; by cluster, what it told of its volumes, and who works there;
    answers: by worker, what gluster_info returned there with the clients of each volume.
    """
    doomed = {
        name
        for volume in volumes
        if (volume.get("unfinished") or {}).get("kind") not in (None, _EXPANSION)
        for name in volume["unfinished"]["volumes"]
    }
    return [
        sentence
        for cluster, found in clusters.items()
        for volume in (found or {}).get("volumes", ())
        if volume["name"] in doomed and volume["started"]
        for sentence in _mounted(volume["name"], answers.get(workers[cluster]))
    ]


def _mounted(name: str, answer: t.Any) -> t.Iterator[str]:
    count = None
    with told.whatever_it_told():
        count = tenants(answer["clients"][name])
    if count is None:
        yield f"Nobody can tell who has {name} mounted: run again when its servers answer."
    elif count:
        yield f"{name} is mounted by {count} client{'s' if count > 1 else ''}: unmount it there first."
