# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Whether all bricks of a volume are up and hold the same."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import Refused, few
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import (
    number_of,
    read_processes,
    text_of,
)

if t.TYPE_CHECKING:  # pragma: no cover
    import xml.etree.ElementTree as ET

    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli

# Seconds between two looks at a volume that is not ready.
_PAUSE = 2.0
# Problems that a message names.
_FEW = 5
# What is told of a brick whose state is known. Without one of them it is not.
_COUNTERS = (
    "totalNumberOfEntries",
    "numberOfEntriesInHealPending",
    "numberOfEntriesInSplitBrain",
    "numberOfEntriesPossiblyHealing",
)


@dataclasses.dataclass(frozen=True)
class Healing:
    """A brick. waiting: entries of it that other bricks lack, those in split-brain among them."""

    brick: str
    connected: bool
    waiting: int
    split_brain: int


def read_heals(root: ET.Element) -> list[Healing]:
    """Each brick, from the answer of C(volume heal NAME info summary). Of one that is not connected no number is."""
    found = []
    for brick in root.iterfind("healInfo/bricks/brick"):
        connected = brick.findtext("status") == "Connected"
        counters = {name: number_of(brick, name) if connected else 0 for name in _COUNTERS}
        found.append(
            Healing(
                brick=text_of(brick, "name"),
                connected=connected,
                waiting=counters["totalNumberOfEntries"],
                split_brain=counters["numberOfEntriesInSplitBrain"],
            )
        )
    return found


def heals(cli: GlusterCli, name: str) -> list[Healing]:
    """What waits to be healed on each brick of a volume with copies, as this server's own client finds it."""
    return read_heals(cli.xml("volume", "heal", name, "info", "summary"))


def has_copies(volume: Volume) -> bool:
    return volume.replica > 1 or bool(volume.disperse)


def ready(
    cli: GlusterCli,
    volume: Volume,
    what: str,
    timeout: float,
    sleep: t.Callable[[float], None] = time.sleep,
    say: t.Callable[[str], None] = lambda _line: None,
) -> None:
    """Returns once all bricks are up and hold the same, waited for up to C(timeout) seconds. Else raises Refused: the
    volume cannot C(what), as V(be wiped).

    What some brick lacks is healed at once, and asked for again whenever what waits does not get less: of itself
    Gluster looks for that every ten minutes, and what it began it may leave half done.
    """
    waited, least = 0.0, None
    while True:
        look = _look(cli, volume)
        if not look.problems:
            return
        if waited >= timeout:
            raise Refused(
                f"Volume {volume.name!r} cannot {what}: {few(look.problems, _FEW)}", problems=list(look.problems)
            )
        if look.waiting:
            say(f"{volume.name}: {look.waiting} entries wait to be healed")
        if has_copies(volume) and (least is None or look.waiting is None or look.waiting >= least):
            # What keeps it from healing is among the problems.
            with contextlib.suppress(Refused):
                cli.text("volume", "heal", volume.name)
        least = look.waiting
        sleep(_PAUSE)
        waited += _PAUSE


class _Look(t.NamedTuple):
    """What is wrong, a sentence each, and how many entries wait on all bricks; None if that is not known."""

    problems: tuple[str, ...]
    waiting: int | None = None


def _look(cli: GlusterCli, volume: Volume) -> _Look:
    rows = read_processes(cli.xml("volume", "status", volume.name)).get(volume.name, [])
    online = {(row.server, row.path) for row in rows if row.online}
    down = [brick for brick in volume.bricks if (brick.server, brick.path) not in online]
    if down:
        start = f"start it with 'gluster volume start {volume.name} force'."
        return _Look(tuple(f"{brick.server}:{brick.path} is down: {start}" for brick in down))
    if not has_copies(volume):
        return _Look(())
    try:
        found = heals(cli, volume.name)
    except Refused as exc:
        return _Look((f"{exc}: {_LISTED}",))
    waiting = sum(one.waiting for one in found) if all(one.connected for one in found) else None
    return _Look(tuple(_problems(volume, found)), waiting)


_LISTED = "is this server's identity on the volume's access list?"


def _problems(volume: Volume, found: t.Sequence[Healing]) -> t.Iterator[str]:
    see = f"see 'gluster volume heal {volume.name} info"
    told = {one.brick for one in found}
    for brick in volume.bricks:
        if f"{brick.server}:{brick.path}" not in told:
            yield f"{brick.server}:{brick.path} is not among those that gluster tells of: {see}'."
    for one in found:
        if not one.connected:
            yield f"{one.brick} is not connected: {_LISTED}"
        elif one.split_brain:
            yield f"{one.brick} has entries in split-brain ({one.split_brain}): {see} split-brain'."
        elif one.waiting:
            yield f"{one.brick} has entries that other bricks lack ({one.waiting}): {see}'."
