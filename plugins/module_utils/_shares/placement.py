# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""On which cluster each share of a list is, or shall be."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    Unreachable,
    raise_all,
)
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique, check_volume_name
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding, pool
from ansible_collections.glusterops.shares.plugins.module_utils._shares.argspec import read_share
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import Share

_Found = t.Mapping[str, t.Any]

HEKETI, POOL, SERVERS, SNAPSHOT = "heketi", "pool", "servers", "snapshot"
# How the volume of one is made that comes from SERVERS.
MAKING = ("durability", "sets", "spare_factor", "tags")
# What an entry may have besides, by its provisioner.
_COMMON = {"name", "size", "identities", "mounts", "snapshots", "volume_options", "provisioner"}
_OWN = {
    HEKETI: {"clone_of", "clusters", "durability", "gid", "snapshot_factor", "spare_factor"},
    POOL: {"cluster", "pattern"},
    SERVERS: {"cluster", *MAKING},
    SNAPSHOT: {"cluster", "from_snapshot"},
}
_ORIGIN = {
    HEKETI: "neither of a pool nor cloned, nor made on servers' storage",
    POOL: "of a pool",
    SERVERS: "made on the servers' storage",
    SNAPSHOT: "a clone of a snapshot",
}


_NOT_LAID: _Found = {"clusters": {}, "layouts": {}}


@dataclasses.dataclass(frozen=True)
class Declared:
    """An entry of the list. share: as the modules take it, without the pattern or snapshot that it comes from."""

    provisioner: str
    wanted: pool.Wanted
    share: dict[str, t.Any]
    source: dict[str, t.Any]


def place(
    entries: t.Sequence[t.Any],
    clusters: t.Mapping[str, _Found | None],
    provisioner: str = HEKETI,
    pattern: str | None = None,
    in_heketi: t.Collection[str] | None = None,
    laid: _Found | None = None,
) -> list[dict[str, t.Any]]:
    """Each share with its C(provisioner), its C(cluster) (None if Heketi will choose it, or who lays it out), its
    C(volume) (None if it has none yet), and the C(share) as the modules take it.

    clusters: what each told of its volumes, snapshots and free volumes, None if it could not. Where it also told which
    shares are C(differing), and its servers their C(limits) (None for one that could not tell), each share has
    C(differs): whether it may need something done. C(unfinished) is what its volume is made of, where a run was
    interrupted that gave it bricks. provisioner and pattern: of entries that have none. in_heketi: the volumes that
    Heketi has, if it was asked; what Gluster has of a share that shall come from Heketi is not the share's as long as
    Heketi does not have it. Raises what is wrong with any of them.
    """
    declared = _read_all(entries, provisioner, pattern)
    names = {one.wanted.name for one in declared if one.provisioner == HEKETI}
    foreign = names.difference(names if in_heketi is None else in_heketi)
    held = {cluster: _Holders(found, foreign) for cluster, found in _told(clusters).items()}
    stocks = {
        cluster: pool.Stock(
            shares=set(held[cluster]),
            volumes=[volume["name"] for volume in found["volumes"]],
            free=found.get("free") or (),
            snapshots=found.get("snapshots") or (),
        )
        for cluster, found in _told(clusters).items()
    }
    placed = pool.place([one.wanted for one in declared], stocks)
    laid = {**_NOT_LAID, **(laid or {})}
    failures: list[GlusterOpsError] = []
    shares = []
    for one in declared:
        cluster = placed[one.wanted.name] or laid["clusters"].get(one.wanted.name)
        layout = laid["layouts"].get(one.wanted.name) if one.provisioner == SERVERS else None
        volume = None
        try:
            volume = held[cluster].get(one.wanted.name) if cluster else None
            _check_origin(one, volume)
        except GlusterOpsError as exc:
            failures.append(exc)
        shares.append(
            {
                "name": one.wanted.name,
                "provisioner": one.provisioner,
                "cluster": cluster,
                "volume": volume["name"] if volume else None,
                "share": {**one.share, **one.source, **({"layout": layout} if layout else {})},
                "differs": not (cluster and volume and _is_as_declared(one.wanted, volume["name"], clusters[cluster])),
                **({"unfinished": volume["made_of"]} if volume and _is_unfinished(volume) else {}),
            }
        )
    raise_all(failures, "cannot be placed")
    return shares


def _is_unfinished(volume: _Found) -> bool:
    """Whether a run was interrupted while it gave the volume, which is made of bricks, other ones."""
    return bool(volume.get("made_of") and volume["made_of"]["unfinished"])


def _is_as_declared(wanted: pool.Wanted, volume: str, told: _Found | None) -> bool:
    differing = (told or {}).get("differing")
    if differing is None or wanted.name in differing:
        return False
    known = (told or {}).get("limits", ())
    limits = {its[volume] for its in known if its is not None and volume in its}
    # A server that could not tell may have bricks of it.
    return wanted.size is None or (None not in known and limits == {wanted.size})


def read_shares(
    shares: t.Sequence[t.Any],
    infrastructure: t.Sequence[str],
    provisioner: str = HEKETI,
    pattern: str | None = None,
    restart: bool = False,
) -> list[Share]:
    """What the entries declare, as gluster_shares will be told. Raises what is wrong with any of them."""
    how: dict[str, t.Any] = {"exclusive": True, "start": True, "restart": restart}
    return [
        read_share(
            {"pattern": None, "from_snapshot": None, "layout": None, **one.share, **one.source}, infrastructure, **how
        ).check()
        for one in _read_all(shares, provisioner, pattern)
    ]


def locate(names: t.Iterable[str], clusters: t.Mapping[str, _Found | None]) -> dict[str, dict[str, t.Any]]:
    """Those of the shares that exist, by name, with their C(cluster) and what it told of their volume. Raises Conflict
    for one that is on several."""
    wanted = set(names)
    found: dict[str, dict[str, t.Any]] = {}
    for cluster, told in _told(clusters).items():
        holders = _Holders(told)
        for share in wanted.intersection(holders):
            if share in found:
                raise Conflict(
                    f"Share {share!r} is on clusters {found[share]['cluster']} and {cluster}: rename one by hand."
                )
            volume = t.cast(_Found, holders.get(share))
            found[share] = {**volume, "cluster": cluster, "volume": volume["name"]}
    return found


def _told(clusters: t.Mapping[str, _Found | None]) -> dict[str, _Found]:
    silent = [cluster for cluster, found in clusters.items() if not found]
    if silent:
        raise Unreachable(f"{' and '.join(silent)} could not tell what is there, so no share can be placed.")
    return {cluster: found for cluster, found in clusters.items() if found}


class _Holders:
    """Which volumes of a cluster hold which shares, as it told of them. foreign: shares that none of them is."""

    def __init__(self, found: _Found, foreign: t.Container[str] = ()) -> None:
        self._volumes = {volume["name"]: volume for volume in found["volumes"]}
        self._held = holding.held(
            holding.Claim(name, one["share"], one["state"] in holding.MAKING and one["origin"] == holding.POOL)
            for name, one in self._volumes.items()
            if one["share"] is not None and one["share"] not in foreign
        )

    def __iter__(self) -> t.Iterator[str]:
        return iter(self._held)

    def get(self, share: str) -> _Found | None:
        """The volume of a share, None if there is none. Conflict if there are several."""
        several = self._held.get(share)
        return self._volumes[holding.counting(share, several).volume] if several else None


def _read_all(entries: t.Sequence[t.Any], provisioner: str, pattern: str | None) -> list[Declared]:
    declared: list[Declared] = []
    failures: list[GlusterOpsError] = []
    for entry in entries:
        try:
            declared.append(_read(entry, provisioner, pattern))
        except GlusterOpsError as exc:
            failures.append(exc)
    raise_all(failures, "cannot be placed")
    check_unique((one.wanted.name for one in declared), "share")
    return declared


def _read(entry: t.Any, provisioner: str, pattern: str | None) -> Declared:
    if not isinstance(entry, t.Mapping):
        raise BadInput(f"share {entry!r} is not a dictionary.")
    given = {key: value for key, value in entry.items() if value is not None}
    name = check_volume_name(given.get("name"), "share")
    provisioner = given.get("provisioner", provisioner)
    if provisioner not in _OWN:
        raise BadInput(f"{name}: provisioner {provisioner!r} is none of {', '.join(_OWN)}.")
    for option in sorted(given.keys() - _COMMON - _OWN[provisioner]):
        owners = " or ".join(owner for owner in _OWN if option in _OWN[owner])
        what = f"only goes with provisioner: {owners}" if owners else "is no option of a share"
        raise BadInput(f"{name}: {option} {what}, and this share has provisioner: {provisioner}.")
    source = {POOL: {"pattern": given.get("pattern", pattern)}, SNAPSHOT: {"from_snapshot": given.get("from_snapshot")}}
    origin = source.get(provisioner, {})
    if provisioner == POOL and not origin["pattern"]:
        raise BadInput(f"{name}: pattern is missing: say which volumes are the pool's, here or in shares_pool_pattern.")
    if provisioner == SNAPSHOT and not origin["from_snapshot"]:
        raise BadInput(f"{name}: from_snapshot is missing: say which snapshot it is a clone of.")
    if "size" not in given:
        raise BadInput(f"{name}: size is missing.")
    share = {
        "name": name,
        "identities": words(given.get("identities", [])),
        "size": given["size"],
        "volume_options": given.get("volume_options", {}),
    }
    # The infrastructure differs from cluster to cluster. The modules check each list as a whole.
    read = read_share({"pattern": None, "from_snapshot": None, "layout": None, **share, **origin}, ["any"]).check()
    wanted = pool.Wanted(name, read.size, read.pattern, read.snapshot, given.get("cluster"))
    return Declared(provisioner, wanted, share, origin)


def words(value: t.Any) -> list[t.Any]:
    """A list as Ansible reads it."""
    return [word.strip() for word in value.split(",")] if isinstance(value, str) else list(value)


def _check_origin(declared: Declared, volume: _Found | None) -> None:
    """Conflict if the share's volume came from somewhere else."""
    if volume is None:
        return
    has = provisioner_of(volume)
    # A clone has no mark yet when the run that made it was interrupted.
    if has != declared.provisioner and (has, declared.provisioner) != (HEKETI, SNAPSHOT):
        raise Conflict(
            f"Share {declared.wanted.name!r} is declared with provisioner: {declared.provisioner}, and its volume"
            f" {volume['name']!r} is {_ORIGIN[has]}: say provisioner: {has}, or rename the share."
        )


def provisioner_of(volume: _Found) -> str:
    """Where a share's volume came from, by what its cluster told of it. HEKETI, too, where nothing says so."""
    origin = volume["origin"]
    if origin in (None, holding.ADOPTED):
        return SERVERS if volume.get("made_of") else HEKETI
    return {holding.POOL: POOL, holding.MADE: SERVERS}.get(origin, SNAPSHOT)
