# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import dataclasses
import time
import typing as t

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._checks.scene import Cluster, Machine, Scene

# error: what comes next could do harm or cannot be done; warning: it can, and somebody should see to it.
ERROR, WARNING = "error", "warning"

_MOST = 6


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something to be done. what is one of the checks; where: machines, clusters, volumes or bricks."""

    severity: str
    what: str
    where: tuple[str, ...]
    found: str
    advice: str


# What a check yields: severity, where, what was found, advice.
Problems = t.Iterator[t.Tuple[str, t.Sequence[str], str, str]]


def some(names: t.Sequence[str]) -> str:
    rest = len(names) - _MOST
    return ", ".join(names[:_MOST]) + (f" and {rest} more" if rest > 0 else "")


def values_of(machines: t.Sequence[Machine], attribute: str) -> str:
    return some([f"{machine.name} {getattr(machine, attribute)}" for machine in machines])


def name_of(scene: Scene, cluster: Cluster, volume: str) -> str:
    """The volume's name, with that of its cluster where there are several."""
    return volume if len(scene.clusters) == 1 else f"{cluster.name}/{volume}"


def date(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(moment))
