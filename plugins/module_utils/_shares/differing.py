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


class Comparison:
    """Declared shares beside the volumes of a cluster.

    declared: C(shares) as the role takes them, C(infrastructure), C(provisioner), C(pattern) and C(restart).
    """

    def __init__(self, declared: t.Mapping[str, t.Any], volumes: _Told) -> None:
        self._infrastructure = declared["infrastructure"]
        self._volumes = _read(volumes)
        self._holders = holding.Holders(self._volumes)
        self._exposing = [volume["share"] for volume in volumes if volume.get("exposing")]
        self._shares: list[Share] | None = None
        # Whoever places them says what is wrong.
        with contextlib.suppress(GlusterOpsError):
            self._shares = placement.read_shares(**declared)

    def differing(self) -> list[str] | None:
        """The names of the shares that have a volume here and need something done, or cannot be what they shall be;
        None if what is declared cannot be read.

        Limits are taken to be right: one server does not know all of them.
        """
        if self._shares is None:
            return None
        return [
            share.name
            for share in self._shares
            if share.name in self._holders and (share.name in self._exposing or _differs(share, self._holders))
        ]

    def denied(self) -> dict[str, t.Any]:
        """The shares that have somebody on their list whom they shall not let in, or a list that is not proven, with
        their name and identities: those of a pool and clones, by their mark, as C(shares). By name and Heketi's id, as
        C(heketi), those that are the share's if Heketi has a volume of that name and id."""
        shares: list[dict[str, t.Any]] = []
        by_heketi: dict[str, dict[str, t.Any]] = {}
        for share in self._shares or ():
            with contextlib.suppress(GlusterOpsError):
                volume = self._holders.get(share.name)
                if not (volume and volume.started and shut_out(share, volume)):
                    continue
                entry = {"name": share.name, "identities": list(share.allow)}
                made = holding.heketi_id(volume)
                if share.pattern or share.snapshot:
                    shares += [entry] if holding.mark_of(volume) else []
                elif made and volume.name == share.name:
                    by_heketi[f"{share.name} {made}"] = entry
        return {"shares": shares, "heketi": by_heketi}

    def needs_supply(self) -> bool:
        """Whether some share may get a volume of a pool here, so that it has to be known which are in use."""
        return provision.needs_supply(self._shares or (), self._holders)

    def free(
        self,
        clients: t.Mapping[str, t.Mapping[str, int]] | None,
        tasks: t.Mapping[str, t.Sequence[str]] | None,
        peers: _Told | None,
    ) -> list[str]:
        """The volumes that a pool may give away here, as gluster_shares will decide it."""
        status = None if tasks is None else {name: Status([], None, tuple(its)) for name, its in tasks.items()}
        away = None if peers is None else {peer["uuid"] for peer in peers if not peer["connected"]}
        scene = holding.Scene(self._volumes, clients=clients, status=status, away=away)
        return [
            name
            for name in scene.volumes
            if holding.why_not_free(holding.picture(scene, name), self._infrastructure) is None
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
