# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything in the stand-in that is drawn by lot, in one place, so that a replay can load the dice."""

from __future__ import annotations

import random
import secrets
import typing as t

if t.TYPE_CHECKING:
    from .allocate import Device


class Chance:
    """Draws ids and the order in which devices are tried."""

    def new_id(self, kind: str) -> str:
        """An id as Heketi makes them; ``kind`` only says what it is for."""
        return secrets.token_hex(16)

    def device_order(self, devices: t.Sequence[Device]) -> list[Device]:
        """Zones in turn, in them nodes in turn, as Heketi's ring does it, from a random start."""
        zones: dict[int, dict[str, list[Device]]] = {}
        for device in random.sample(list(devices), len(devices)):
            zones.setdefault(device.zone, {}).setdefault(device.node, []).append(device)
        return _in_turn([_in_turn(list(nodes.values())) for nodes in zones.values()])


def _in_turn(lists: list[list[Device]]) -> list[Device]:
    longest = max((len(one) for one in lists), default=0)
    return [one[place] for place in range(longest) for one in lists if place < len(one)]
