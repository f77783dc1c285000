# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Whether bricks may be moved: what is moved may be the last copy, if others are down. No I/O."""

from __future__ import annotations

import typing as t

_Values = t.Mapping[str, t.Any]


def problems(clusters: t.Sequence[_Values], told: t.Mapping[str, _Values | None]) -> list[str]:
    """Why no brick of any of these clusters must be moved now, a sentence for each reason.

    clusters: as they are declared to Heketi; told: by a server's manage name, what gluster_info told there of volumes
    and processes, None if it did not answer. Bricks on servers that are not declared may be down.
    """
    found = []
    for cluster in clusters:
        answers = [told.get(node["manage"]) for node in cluster["nodes"]]
        known = [answer for answer in answers if answer]
        if not known:
            found.append(
                f"Nobody can tell whether bricks are down in the cluster of {cluster['nodes'][0]['manage']}: none of"
                " its servers answered."
            )
        staying = frozenset(node["storage"].lower() for node in cluster["nodes"])
        down = {brick: None for answer in known for brick in _down(answer) if brick[1].lower() in staying}
        if down:
            names = ", ".join(f"{volume} on {server}" for volume, server in down)
            found.append(f"Bricks are down, and what would be moved may be the last copy: bring back {names}.")
    return found


def _down(answer: _Values) -> t.Iterator[tuple[str, str]]:
    """Volume and server of each brick that is not seen to be up. Where glusterd is down, none is listed."""
    for volume in answer["volumes"]:
        running = {
            (process["server"], process["path"])
            for process in answer["processes"].get(volume["name"], ())
            if process["online"]
        }
        for brick in volume["bricks"] if volume["started"] else ():
            if (brick["server"], brick["path"]) not in running:
                yield volume["name"], brick["server"]
