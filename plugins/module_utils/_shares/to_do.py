# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What has to be done for shares whose places are known, and by whom; decided once for all of them."""

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._shares.placement import HEKETI

_Values = t.Mapping[str, t.Any]

# What a share says of its volume to Heketi; the last only when the volume is made.
_HEKETI_OPTIONS = ("clusters", "snapshot_factor", "gid", "volume_options")


def divide(
    entries: t.Sequence[_Values],
    placed: t.Sequence[_Values],
    heketi: _Values,
    check_mode: bool,
) -> dict[str, t.Any]:
    """The work on the shares, as the filter C(place_shares) returns it.

    entries: as they were declared; placed: what placement.place made of them. heketi: C(durability) and
    C(spare_factor) of those that do not say, and who is on each access list (C(infrastructure)).
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
            heketi_volume(entry, bool(made_by_heketi[entry["name"]]["volume"]), heketi)
            for entry in entries
            if entry["name"] in made_by_heketi
        ],
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


def _is_there(share: _Values) -> bool:
    """Whether Heketi may put further bricks of it on other servers."""
    return share["provisioner"] == HEKETI and bool(share["volume"])


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
        identities = entry.get("identities") or []
        names = identities.split(",") if isinstance(identities, str) else identities
        volume["seal"] = list(dict.fromkeys([*heketi["infrastructure"], *(name.strip() for name in names)]))
    return volume
