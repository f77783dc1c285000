# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Whose a volume is, as its own options say."""

from __future__ import annotations

import re
import typing as t
import uuid

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    Conflict,
)

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume

# A volume's own options say whose it is. Gluster can set such options, but not reset a single one.
SHARE, STATE, ORIGIN = "user.glusterops-share", "user.glusterops-state", "user.glusterops-origin"


PREPARING, COUNTING, IN_USE, RELEASING, FREE = "preparing", "counting", "in-use", "releasing", "free"


# Until it is the tenants'.
MAKING = (PREPARING, COUNTING)


POOL, SNAPSHOT = "pool", "snapshot:"


_NOBODY, NOT_EMPTY = "-", "not-empty"


_MANILA = "user.manila-share"


_UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


_HEKETI_BRICKS = "/var/lib/heketi/"


class Mark(t.NamedTuple):
    """That a volume is a share's. state: PREPARING (no tenant was let in yet), COUNTING (nor was all that is in it
    counted by quota), IN_USE, RELEASING (no tenant is let in any more). origin: POOL, or SNAPSHOT and its name.
    """

    share: str
    state: str
    origin: str


def mark_of(volume: Volume) -> Mark | None:
    """The volume's mark, None if it is nobody's. One that names another volume was inherited by a snapshot's clone."""
    share, _at, name = volume.options.get(SHARE, "").partition("@")
    if name != volume.name or not share:
        return None
    return Mark(share, volume.options.get(STATE, PREPARING), volume.options.get(ORIGIN, POOL))


def mark(share: str, volume: str, state: str, origin: str) -> dict[str, str]:
    """The options that mark the volume as the share's, and keep a Manila with the same pool from taking it."""
    whose = f"{share}@{volume}"
    return {SHARE: whose, STATE: state, ORIGIN: origin, _MANILA: str(uuid.uuid5(uuid.NAMESPACE_URL, whose))}


def unmark() -> dict[str, str]:
    """The options of a volume that a pool may take again. The last is what Manila writes."""
    return {SHARE: _NOBODY, STATE: FREE, _MANILA: "NONE"}


def set_aside() -> dict[str, str]:
    """The options of a volume that no pool may take, because something is in it."""
    return {SHARE: NOT_EMPTY, STATE: FREE, _MANILA: "NONE"}


def is_free(volume: Volume) -> bool:
    """Whether a pool may take it. What has a foreign mark, Manila's or a parent's, is in use, and so is what Heketi
    made."""
    return (
        volume.options.get(SHARE, _NOBODY) == _NOBODY
        and not _UUID.fullmatch(volume.options.get(_MANILA, ""))
        and not any(brick.path.startswith(_HEKETI_BRICKS) for brick in volume.bricks)
    )


def share_of(volume: Volume) -> str | None:
    """The share that the volume holds: that of its mark; without any mark that of its own name."""
    mine = mark_of(volume)
    if mine:
        return mine.share
    return None if SHARE in volume.options else volume.name


def holders(volumes: t.Iterable[Volume]) -> dict[str, list[Volume]]:
    """Share to the volumes that hold it. More than one are claims of two runs at once: the first of them counts."""
    found: dict[str, list[Volume]] = {}
    for volume in volumes:
        share = share_of(volume)
        if share is not None:
            found.setdefault(share, []).append(volume)
    for several in found.values():
        if len(several) > 1:
            several.sort(key=lambda volume: (_is_claim(volume), natural(volume.name)))
    return found


def by_share(volumes: t.Mapping[str, Volume]) -> dict[str, Volume]:
    """Share to its volume."""
    return {share: several[0] for share, several in holders(volumes.values()).items()}


def superfluous(share: str, several: t.Sequence[Volume]) -> list[Volume]:
    """The claims of other runs that can be taken back. Conflict if more than one volume really holds the share."""
    if len(several) > 1 and not _is_claim(several[1]):
        names = " and ".join(repr(volume.name) for volume in several if not _is_claim(volume))
        raise Conflict(
            f"Volumes {names} both hold share {share!r}: see their option {SHARE}. Rename the share, or give one back."
        )
    return list(several[1:])


def is_preparing(volume: Volume) -> bool:
    """Whether it is only being made into a share."""
    mine = mark_of(volume)
    return mine is not None and mine.state in MAKING


def _is_claim(volume: Volume) -> bool:
    mine = mark_of(volume)
    return is_preparing(volume) and mine is not None and mine.origin == POOL


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """Its order among names: numbers by value."""
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in re.split(r"([0-9]+)", name))
