# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Whether bricks may be moved: what is moved may be the last copy, if others are down. No I/O."""

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._machines.told import whatever_it_told, word

_Values = t.Mapping[str, t.Any]


def problems(clusters: t.Sequence[_Values], told: t.Mapping[str, t.Any]) -> list[str]:
    """Why no brick of any of these clusters must be moved now, a sentence for each reason.

    clusters: as they are declared to Heketi; told: by a server's manage name, what gluster_info told there of volumes
    and processes. Bricks on servers that are not declared may be down.
    """
    found = []
    for cluster in clusters:
        answers = [_down(told.get(node["manage"])) for node in cluster["nodes"]]
        known = [answer for answer in answers if answer is not None]
        if not known:
            found.append(
                f"Nobody can tell whether bricks are down in the cluster of {cluster['nodes'][0]['manage']}: none of"
                " its servers answered."
            )
        staying = frozenset(node["storage"].lower() for node in cluster["nodes"])
        down = {brick: None for answer in known for brick in answer if brick[1].lower() in staying}
        if down:
            names = ", ".join(f"{volume} on {server}" for volume, server in down)
            found.append(f"Bricks are down, and what would be moved may be the last copy: bring back {names}.")
    return found


def _down(answer: t.Any) -> list[tuple[str, str]] | None:
    """Volume and server of each brick that is not seen to be up, None if that is not known. Where glusterd is down,
    none is listed."""
    with whatever_it_told():
        return [
            (word(volume["name"]), word(brick["server"]))
            for volume in answer["volumes"]
            for running in [_running(answer["processes"].get(volume["name"], ()))]
            for brick in (volume["bricks"] if volume["started"] else ())
            if (brick["server"], brick["path"]) not in running
        ]
    return None


def _running(processes: t.Iterable[_Values]) -> set[tuple[str, str]]:
    return {(process["server"], process["path"]) for process in processes if process["online"]}
