# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Which declared shares are not as they shall be, decided on the control node for thousands at once."""

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Brick, Limit, Volume
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding, placement, provision
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import Share, plan

_FIELDS = [name for name in Volume._fields if name != "bricks"]


def read_volume(told: t.Mapping[str, t.Any]) -> Volume:
    """The volume of which RV(gluster_info.volumes) tells."""
    return Volume(**{name: told[name] for name in _FIELDS}, bricks=tuple(Brick(**brick) for brick in told["bricks"]))


def compare(declared: t.Mapping[str, t.Any], volumes: t.Sequence[t.Mapping[str, t.Any]]) -> list[str] | None:
    """The names of the declared shares that differ from their volumes here; None if what is declared cannot be read.

    declared: C(shares) as the role takes them, C(infrastructure), C(provisioner), C(pattern) and C(restart).
    """
    try:
        shares = placement.read_shares(**declared)
        return differing(shares, [read_volume(volume) for volume in volumes])
    except GlusterOpsError:
        # Whoever places them says what is wrong.
        return None


def differing(shares: t.Iterable[Share], volumes: t.Sequence[Volume]) -> list[str]:
    """The names of those that have a volume here and need something done, or cannot be what they shall be.

    Limits are taken to be right: one server does not know all of them.
    """
    held = holding.holders(volumes)
    return [share.name for share in shares if share.name in held and _differs(share, held[share.name])]


def _differs(share: Share, several: t.Sequence[Volume]) -> bool:
    limit = None if share.size is None else Limit(share.size, 0)
    try:
        source = provision.present(share, several)
        return bool(source.taking or source.superfluous or plan(share, source.volume, limit))
    except GlusterOpsError:
        # gluster_shares says what is wrong.
        return True
