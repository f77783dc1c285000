# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Why there is no room for a volume on servers' storage: how much is free where, and what would fit there. No I/O.

What would fit is found with the planner itself: that much fits, and an extent more does not.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._bricks.names import EXTENT
from ansible_collections.glusterops.shares.plugins.module_utils._units import GIB, format_size
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.layout import Storage
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.placing import (
    Plan,
    Present,
    Room,
    Wish,
    lay,
)

# Of servers, of zones, of storage.
_NAMED = 3


def explain(wish: Wish, room: Room, present: Present) -> str:
    """Why there is no room for it, without a full stop."""
    if not present.layout:
        lacking = _too_few(wish, room)
        if lacking:
            return lacking
    free = sorted(room.shelf(wish.tags).storages, key=lambda one: (-room.free(one), one.server, one.path))
    texts = [f"{_about(room.free(one))} on {one.server} {one.path}" for one in free]
    size, plan = largest(wish, room, present)
    verdict = f"{format_size(size)} would fit, {_where(plan)}" if plan else "nothing fits"
    return f"free {_some(texts, ' and less on {} more') if texts else 'nothing'}; {verdict}"


def largest(wish: Wish, room: Room, present: Present) -> tuple[int, Plan | None]:
    """The size that would fit instead, in whole extents, and where; 0 and None if nothing does."""
    low, found = 0, None
    layout = present.layout
    kind = layout.durability if layout else wish.durability
    there = sum(brick.size for brick in [*(layout.bricks if layout else ()), *present.spare])
    high = (there + room.total) * kind.data // kind.full // EXTENT + 1
    while low < high:
        middle = (low + high + 1) // 2
        with room.trial():
            plan = lay(dataclasses.replace(wish, size=middle * EXTENT), room, present)
        if plan:
            low, found = middle, plan
        else:
            high = middle - 1
    return low * EXTENT, found


def _too_few(wish: Wish, room: Room) -> str:
    """That there are fewer servers, or zones, than a set has bricks; empty if there are enough."""
    takers = room.shelf(wish.tags).storages
    domains = sorted({room.domain(one) for one in takers})
    if len(domains) >= wish.durability.width:
        return ""
    what = "zones" if room.zoned else "servers"
    tags = f" with the tags {', '.join(sorted(wish.tags))}" if wish.tags else ""
    who = f" ({_some([name or 'that of servers without one' for name in domains], ' and {} more')})" if domains else ""
    return (
        f"{wish.durability} needs {wish.durability.width} {what} with storage{tags}, and there"
        f" {'is' if len(domains) == 1 else 'are'} {len(domains)}{who}"
    )


def _where(plan: Plan) -> str:
    """New bricks, and those that grow."""
    bricks = [*plan.made, *(after for _before, after in plan.grown)]
    if not bricks:
        return "which is there"
    places: t.Iterable[Storage] = (brick.storage for brick in bricks if brick.storage)
    texts = list(dict.fromkeys(f"{one.server} {one.path}" for one in places))
    return f"on {_some(texts, ' and on {} more')}"


def _about(size: int) -> str:
    """Rounded down, so that it does not look like more than it is."""
    return f"{max(0, size) * 10 // GIB / 10:.1f}G".replace(".0G", "G")


def _some(texts: t.Sequence[str], more: str) -> str:
    rest = len(texts) - _NAMED
    return ", ".join(texts[:_NAMED]) + (more.format(rest) if rest > 0 else "")
