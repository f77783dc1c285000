# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Which declared shares are not as they shall be, decided on the control node for thousands at once."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Brick, Limit, Status, Volume
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding, placement, provision
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import Share, plan, shut_out

_Told = t.Sequence[t.Mapping[str, t.Any]]

_FIELDS = [name for name in Volume._fields if name != "bricks"]


def read_volume(told: t.Mapping[str, t.Any]) -> Volume:
    """The volume of which RV(gluster_info.volumes) tells."""
    return Volume(**{name: told[name] for name in _FIELDS}, bricks=tuple(Brick(**brick) for brick in told["bricks"]))


def _read(volumes: _Told) -> dict[str, Volume]:
    return {volume["name"]: read_volume(volume) for volume in volumes}


def compare(declared: t.Mapping[str, t.Any], volumes: _Told) -> list[str] | None:
    """The names of the declared shares that differ from their volumes here; None if what is declared cannot be read.

    declared: C(shares) as the role takes them, C(infrastructure), C(provisioner), C(pattern) and C(restart).
    """
    shares = _declared(declared)
    exposing = [volume["share"] for volume in volumes if volume.get("exposing")]
    return None if shares is None else differing(shares, _read(volumes), exposing)


def denied(declared: t.Mapping[str, t.Any], volumes: _Told) -> list[dict[str, t.Any]]:
    """The declared shares that have somebody on their list whom they shall not let in, or a list that is not proven,
    with their name and identities. Only those of a pool and clones, by their mark: of the others Heketi knows whose
    they are, and was not asked yet."""
    holders = holding.Holders(_read(volumes))
    found = []
    for share in _declared(declared) or ():
        with contextlib.suppress(GlusterOpsError):
            volume = holders.get(share.name) if share.pattern or share.snapshot else None
            if volume and volume.started and holding.mark_of(volume) and shut_out(share, volume):
                found.append({"name": share.name, "identities": list(share.allow)})
    return found


def _declared(declared: t.Mapping[str, t.Any]) -> list[Share] | None:
    try:
        return placement.read_shares(**declared)
    except GlusterOpsError:
        # Whoever places them says what is wrong.
        return None


def needs_supply(declared: t.Mapping[str, t.Any], volumes: _Told) -> bool:
    """Whether some declared share may get a volume of a pool here, so that it has to be known which are in use."""
    return provision.needs_supply(_declared(declared) or (), _read(volumes))


def free(
    declared: t.Mapping[str, t.Any],
    volumes: _Told,
    clients: t.Mapping[str, t.Mapping[str, int]] | None,
    tasks: t.Mapping[str, t.Sequence[str]] | None,
    peers: _Told | None,
) -> list[str]:
    """The volumes that a pool may give away here, as gluster_shares will decide it."""
    status = None if tasks is None else {name: Status([], None, tuple(its)) for name, its in tasks.items()}
    away = None if peers is None else {peer["uuid"] for peer in peers if not peer["connected"]}
    scene = holding.Scene(_read(volumes), clients=clients, status=status, away=away)
    return [
        name
        for name in scene.volumes
        if holding.why_not_free(holding.picture(scene, name), declared["infrastructure"]) is None
    ]


def differing(
    shares: t.Iterable[Share], volumes: t.Mapping[str, Volume], exposing: t.Collection[str] = ()
) -> list[str]:
    """The names of those that have a volume here and need something done, or cannot be what they shall be.

    exposing: those with snapshots that let in others. Limits are taken to be right: one server does not know all of
    them.
    """
    holders = holding.Holders(volumes)
    return [
        share.name for share in shares if share.name in holders and (share.name in exposing or _differs(share, holders))
    ]


def _differs(share: Share, holders: holding.Holders) -> bool:
    limit = None if share.size is None else Limit(share.size, 0)
    try:
        volume = t.cast(Volume, holders.get(share.name))
        return bool(
            holders.superfluous(share.name) or provision.present(share, volume).taking or plan(share, volume, limit)
        )
    except GlusterOpsError:
        # gluster_shares says what is wrong.
        return True
