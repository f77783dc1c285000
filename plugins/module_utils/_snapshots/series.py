# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""The rules for snapshots that are made regularly: when a share gets its next, and which have expired."""

from __future__ import annotations

import dataclasses
import re
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict, NotFound, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_volume_name
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._snapshots.plan import MADE
from ansible_collections.glusterops.shares.plugins.module_utils._units import check_number

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.snapshot import Snapshot

_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_DURATION = re.compile(r"([1-9][0-9]{0,3}) ?([mhdw])", re.ASCII)
# Periods are counted from a Monday, 00:00 UTC.
_MONDAY = 4 * 86400
_STAMP = "%Y%m%dT%H%M%SZ"
_PREFIX = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", re.ASCII)
_MAX_KEEP = 256  # as many as Gluster lets a volume have
# Seconds by which the server's clock may differ from the control node's.
MAX_APART = 120.0


def check_clock(now: float, here: float) -> None:
    """Refused if the server's clock (C(here)) is wrong by the control node's (C(now)): Gluster stamps snapshots with
    the clock of the server that makes them, and by that they are kept or deleted."""
    ahead = here - now
    if abs(ahead) > MAX_APART:
        raise Refused(
            f"The clock of this server is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the control"
            " node's, and Gluster would stamp snapshots with it, by which they are kept or deleted: set the one that is"
            " wrong, and keep both right with chrony or systemd-timesyncd."
        )


def parse_duration(value: t.Any, what: str) -> int:
    """Seconds of a duration such as V(12h), V(7d) or V(2w)."""
    match = _DURATION.fullmatch(value.strip(" ")) if isinstance(value, str) else None
    if not match:
        raise BadInput(f"{what} {value!r} is not a duration: write a number and m, h, d or w, as in '7d'.")
    return int(match.group(1)) * _UNITS[match.group(2)]


@dataclasses.dataclass(frozen=True)
class Series:
    """Snapshots of a share that are made regularly. keep: at most so many; keep_for and every: seconds."""

    share: str
    prefix: str
    every: int
    keep: int | None = None
    keep_for: int | None = None

    def check(self) -> None:
        check_volume_name(self.share, "share")
        if not _PREFIX.fullmatch(self.prefix):
            raise BadInput(
                f"{self.share}: prefix {self.prefix!r} cannot begin a snapshot's name: 1 to 64 of A-Z a-z 0-9 _ and -,"
                " not beginning with -."
            )
        if self.keep is None and self.keep_for is None:
            raise BadInput(f"{self.share}: keep and keep_for are both missing: say how many to keep, or how long.")
        if self.keep is not None:
            check_number(self.keep, 1, _MAX_KEEP, f"{self.share}: keep")

    def name_at(self, now: float) -> str:
        """The name of the snapshot of the period that C(now) is in. It holds the time when the period began."""
        began = _MONDAY + (int(now) - _MONDAY) // self.every * self.every
        return f"{self.prefix}-{self.share}-{time.strftime(_STAMP, time.gmtime(began))}"

    def members(self, volume: str, snapshots: t.Iterable[Snapshot]) -> list[Snapshot]:
        """Those of the series, oldest first."""
        name = re.compile(re.escape(f"{self.prefix}-{self.share}-") + r"[0-9]{8}T[0-9]{6}Z", re.ASCII)
        found = [one for one in snapshots if one.volume == volume and name.fullmatch(one.name)]
        return sorted(found, key=lambda one: (one.created, one.name))


@dataclasses.dataclass(frozen=True)
class Renewal:
    """What a series needs now. make: the name of its next snapshot; expired: those to be deleted, oldest first.

    surplus: how many of these would go even without the next. make_after: how many of them have to go first, as there
    is no room for it.
    """

    make: str | None
    expired: tuple[str, ...] = ()
    surplus: int = 0
    make_after: int = 0

    def changes(self, share: str) -> list[Change]:
        """In order. The series never has fewer snapshots than it shall."""
        changes = [Change(name, MADE, share, None) for name in self.expired]
        if self.make:
            changes.insert(self.make_after, Change(self.make, MADE, None, share))
        return changes


def renew(series: Series, volume: Volume | None, snapshots: t.Mapping[str, Snapshot], now: float) -> Renewal:
    """What the series needs. Raises NotFound and Conflict."""
    if volume is None:
        raise NotFound(f"Share {series.share!r} does not exist on this cluster.")
    name = series.name_at(now)
    present = snapshots.get(name)
    if present and present.volume != volume.name:
        raise Conflict(
            f"Snapshot {name!r} exists, and is of volume {present.volume!r}, not of share {series.share!r}: delete it,"
            " or take another prefix."
        )
    members = [(one.name, one.created) for one in series.members(volume.name, snapshots.values())]
    surplus = _expired(series, members, now)
    if present:
        return Renewal(None, surplus)
    return Renewal(name, _expired(series, [*members, (name, _iso(now))], now), len(surplus))


def _expired(series: Series, members: t.Sequence[tuple[str, str]], now: float) -> tuple[str, ...]:
    """Those that are too many or too old, but the newest is never too old."""
    many = 0 if series.keep is None else len(members) - series.keep
    oldest = "" if series.keep_for is None else _iso(now - series.keep_for)
    newest = len(members) - 1
    return tuple(
        name
        for number, (name, created) in enumerate(members)
        if number < many or (created < oldest and number < newest)
    )


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
