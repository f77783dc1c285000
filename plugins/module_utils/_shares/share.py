# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict, NotFound, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.snapshot import check_snapshot_name
from ansible_collections.glusterops.shares.plugins.module_utils._names import (
    MAX_ACCESS_LIST,
    check_common_name,
    check_pattern,
    check_unique,
    check_volume_name,
)
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding, steps
from ansible_collections.glusterops.shares.plugins.module_utils._shares import options as rules
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import (
    DYNAMIC,
    LIST,
    SEAL,
    SEALED,
    listed,
    matches,
    open_entries,
    strange_entries,
)
from ansible_collections.glusterops.shares.plugins.module_utils._units import format_size
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.recipe import LOOKUP

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Limit, Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._shares.pool import Pattern
    from ansible_collections.glusterops.shares.plugins.module_utils._shares.steps import Step
    from ansible_collections.glusterops.shares.plugins.module_utils._volumes.recipe import Recipe

CRL_PATH = "ssl.crl-path"
LIMIT = "size"
RESTART = "restart"
START = "started"
STATE = "state"
QUOTA = "features.quota"
# What bricks read once, when they start.
TLS = "ssl."
# Gluster counts what is stored anew only after these seconds, below 80 % of the limit and above. By its own defaults
# (60 and 5) a tenant could write for a minute past the limit.
PROMPT = {"features.soft-timeout": "5", "features.hard-timeout": "1"}


@dataclasses.dataclass(frozen=True)
class Share:
    """What a share shall be.

    infrastructure and allow shall be on the access list, deny shall not; exclusive: nobody else shall.
    size: bytes its tenant can store, None to leave the limit as it is. options: of its volume, besides.
    seal: may be sealed if it is not; start: shall be started; restart: a started volume may be stopped for that.
    deactivate: active snapshots that let in others may be. admit: who is not on the list yet may be let in.
    If it has no volume yet, it gets one from the pool of those whose names match pattern, a clone of snapshot, or one
    that is made by the recipe layout (root: of directories on root file systems, too).
    """

    name: str
    infrastructure: tuple[str, ...]
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    exclusive: bool = False
    size: int | None = None
    seal: bool = False
    start: bool = False
    restart: bool = False
    deactivate: bool = False
    admit: bool = True
    options: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    pattern: Pattern | None = None
    snapshot: str | None = None
    layout: Recipe | None = None
    root: bool = False

    def check(self) -> Share:
        """Itself, if every value may be used; else BadInput."""
        check_volume_name(self.name, "share")
        if self.snapshot is not None:
            check_snapshot_name(self.snapshot, f"{self.name}: from_snapshot")
            if self.pattern:
                raise BadInput(f"{self.name}: pattern and from_snapshot exclude each other: where is it to come from?")
        if self.layout:
            self.layout.check()
            if self.pattern or self.snapshot:
                raise BadInput(f"{self.name}: layout excludes pattern and from_snapshot: where is it to come from?")
        if not self.infrastructure:
            raise BadInput("infrastructure must name at least the cluster's servers: they are clients of every volume.")
        for entry in self.infrastructure:
            check_pattern(entry)
        for entry in (*self.allow, *self.deny):
            check_common_name(entry, f"{self.name}: identity")
        check_unique(self.allow, f"{self.name}: identity")
        for entry in self.deny:
            covering = [pattern for pattern in self.infrastructure if matches(entry, pattern)]
            if covering:
                raise BadInput(
                    f"{self.name}: {entry!r} is infrastructure ({covering[0]}) and stays on every access list."
                )
        rules.check_given(self.options, f"{self.name}: volume_options")
        self._check_length({*self.infrastructure, *self.allow})
        return self

    def access_list(self, current: t.Collection[str]) -> set[str]:
        """The access list it shall have, now that it has C(current)."""
        wanted = {*self.infrastructure, *(name for name in self.allow if self.admit or name in current)}
        if not self.exclusive:
            wanted |= set(current) - set(self.deny)
        self._check_length(wanted)
        return wanted

    def _check_length(self, entries: t.Collection[str]) -> None:
        length = len(",".join(entries))
        if length > MAX_ACCESS_LIST:
            raise BadInput(
                f"{self.name}: an access list of {len(entries)} identities is {length} bytes, more than the"
                f" {MAX_ACCESS_LIST} that Gluster can take: name the infrastructure by a pattern such as"
                " 'glusterfs-server-*'."
            )


def plan(
    share: Share, volume: Volume | None, limit: Limit | None, exposing: t.Mapping[str, t.Sequence[str]] | None = None
) -> list[Step]:
    """What has to be done, in the order in which it is done. limit: the present one of its root, None if there is none.
    exposing: its active snapshots that let in others, and whom.

    Who shall not be let in any more is shut out first, and nobody is let in before the share is limited, and its volume
    proven empty if it is from a pool. Raises NotFound, Conflict and Refused with nothing changed.
    """
    if volume is None:
        raise NotFound(f"Volume {share.name!r} does not exist on this cluster: create it first.")
    exposing = exposing or {}
    _check_state(share, volume)
    check_snapshots(share, exposing)
    mark = holding.mark_of(volume)
    making = mark if holding.is_preparing(volume) else None
    closing = close(share, volume)
    adopting = share.seal and holding.marked(volume) is None
    restart = [] if closing and closing.restart else _plan_restart(share, volume)
    # A server whose identity is new is a client of every volume, and comes before tenants do.
    setting = _plan_options(share, volume, closing is None and not making, bool(restart), adopting)
    if adopting and closing is None:
        # Whoever sealed it may not have started its bricks since.
        setting.insert(0, steps.Close((), tuple(sorted(_staying(share, volume))), SEALED, again=True))
    # Nothing is stopped before Gluster has taken all options.
    deactivating = [steps.Deactivate((Change(name, steps.ACTIVE, True, False),)) for name in exposing]
    found: list[Step] = []
    if closing and closing.restart:
        found += [*setting, closing, *deactivating]
    else:
        found += [*([closing] if closing else []), *deactivating, *setting, *restart]
    # Whoever stopped it to start it again was interrupted.
    if (share.start or share.seal and holding.waiting(volume)) and not volume.started:
        found.append(steps.Start((Change(share.name, START, False, True),)))
    if share.size is not None:
        found += _plan_limit(share, volume, limit)
    if making and share.admit:
        found += _admit(share, volume, making)
    elif not making:
        found += _welcome(share, volume)
    return found


def _check_state(share: Share, volume: Volume) -> None:
    name, mark, preparing = share.name, holding.mark_of(volume), holding.is_preparing(volume)
    if mark and mark.state == holding.RELEASING:
        raise Conflict(
            f"Share {name!r} is being given back (volume {volume.name!r}): finish that first, with gluster_share and"
            " state: absent, or with the playbook remove_share."
        )
    if preparing and not share.seal:
        raise Conflict(f"Share {name!r} is not ready for its tenants yet: finish it with gluster_shares first.")
    if preparing and mark and mark.origin == holding.POOL and not (share.start or volume.started):
        raise Conflict(f"Share {name!r} is from a pool, so its volume has to be proven empty: allow start.")
    off = [option for option in SEAL if not volume.is_on(option)]
    if off and not share.seal:
        raise Conflict(
            f"Volume {name!r} is not sealed ({', '.join(off)} off), so an access list would protect nothing: seal it"
            " with gluster_shares first."
        )
    # Who only lets in or shuts out does not say that it is a good share.
    refused = [
        rules.told(volume.options, rule)
        for rule in rules.contradictions(volume.options, share.options)
        if share.seal and rule.kept is rules.Kept.REFUSED
    ]
    if refused:
        raise Conflict(
            f"Volume {volume.name!r} cannot be a sealed share: it has {', '.join(refused)}. Reset that with 'gluster"
            f" volume reset {volume.name} OPTION' if nobody needs it."
        )
    if not share.exclusive:
        _check_entries(share, volume)


def _check_entries(share: Share, volume: Volume) -> None:
    """Conflict if what stays on the list lets in somebody who is not named on it."""
    entries = listed(volume)
    for entry in open_entries(entries):
        raise Conflict(
            f"The access list of volume {volume.name!r} holds {entry!r}: whoever has a certificate of the CA can mount"
            " it. Replace the whole list with exclusive: true."
        )
    for entry in strange_entries(entries):
        raise Conflict(
            f"The access list of volume {volume.name!r} holds {entry!r}, and nobody can be sure whom that lets in."
            " Replace the whole list with exclusive: true."
        )
    for name in share.deny:
        by = sorted(entry for entry in entries if entry != name and matches(name, entry))
        if by:
            raise Conflict(
                f"Volume {volume.name!r} lets in {name!r} by {', '.join(by)} on its access list, whether it is named"
                " there or not. Replace the whole list with exclusive: true, and name who is meant."
            )


def check_snapshots(share: Share, exposing: t.Mapping[str, t.Sequence[str]]) -> None:
    """Conflict if active snapshots let in others than the share does, and may not be deactivated."""
    if exposing and not share.deactivate:
        told = [f"{name} ({', '.join(whom)})" for name, whom in sorted(exposing.items())]
        raise Conflict(
            f"Share {share.name!r} has active snapshots, which keep the access list of their time, and let in others"
            f" than the share does: {', '.join(told)}. Deactivate them with gluster_snapshot and active: false, or"
            " allow deactivate_snapshots.",
            exposing=dict(exposing),
        )


def shut_out(share: Share, volume: Volume) -> steps.Close | None:
    """As close(), where that can be done whatever else is wrong with the share, and cuts off nobody else.

    Where TLS is off that keeps nobody out. But whoever shall be denied is not let in by the list once it is on.
    """
    if all(map(volume.is_on, SEAL)):
        return close(share, volume)
    entries = set(listed(volume))
    # Bricks go by the list if only their own side is on.
    staying = _staying(share, volume) if volume.is_on("server.ssl") else entries - set(share.deny)
    if entries <= staying or holding.is_preparing(volume):
        return None
    staying = staying or set(share.infrastructure)
    changes = (Change(share.name, LIST, sorted(entries), sorted(staying)),)
    return steps.Close(changes, tuple(sorted(staying)), {DYNAMIC: "on"} if holding.lasting(volume) else {})


def close(share: Share, volume: Volume) -> steps.Close | None:
    """What shuts out of the volume whoever shall not be let in any more, None if there is nothing to do.

    Whatever kept an earlier change from some server is done again, whatever this server shows.
    """
    if holding.is_preparing(volume):
        # Nobody is in yet. What a clone holds is shown to nobody before it is proven that it is closed.
        again = holding.unproven(volume) and not _is_pooled(volume)
        return _closed(share, (Change(share.name, steps.PROOF, None, share.name),), again=True) if again else None
    entries, staying = set(listed(volume)), _staying(share, volume)
    off = [option for option in SEAL if not volume.is_on(option)]
    changes = [Change(share.name, option, volume.options.get(option, "off"), "on") for option in off]
    if entries - staying or not entries or off and entries != staying:
        changes.append(Change(share.name, LIST, sorted(entries), sorted(staying)))
    if holding.lasting(volume):
        changes.append(Change(share.name, DYNAMIC, volume.options[DYNAMIC], "on"))
    if not changes and not holding.unproven(volume):
        return None
    options = {**dict.fromkeys(off, "on"), **({DYNAMIC: "on"} if holding.lasting(volume) else {})}
    restart = bool(off) and volume.started
    if restart:
        _check_restart(share, off, ())
        changes.append(Change(share.name, RESTART, False, True))
    if not changes:
        changes.append(Change(share.name, steps.PROOF, None, sorted(staying)))
        # Any of it may be what some server could not keep.
        return steps.Close(tuple(changes), tuple(sorted(staying)), SEALED, again=True)
    return steps.Close(tuple(changes), tuple(sorted(staying)), options, restart)


def _staying(share: Share, volume: Volume) -> set[str]:
    """Who is on its list and shall stay there, and the infrastructure."""
    entries = set(listed(volume))
    return entries & share.access_list(entries) | set(share.infrastructure)


def _closed(share: Share, changes: tuple[Change, ...] = (), again: bool = False) -> steps.Close:
    """The volume of a share that is only being made lets in the infrastructure alone."""
    return steps.Close(changes, tuple(sorted(set(share.infrastructure))), SEALED, again=again)


def _is_pooled(volume: Volume) -> bool:
    mark = holding.mark_of(volume)
    return mark is not None and mark.origin == holding.POOL


def _plan_options(share: Share, volume: Volume, enlist: bool, waiting: bool, adopting: bool) -> list[Step]:
    """The share's own options, and what else has to be put right. enlist: the infrastructure, too. waiting: bricks are
    started again for that, by whoever comes after an interruption, too. adopting: the volume becomes the share's."""
    changes = _differing(share, volume)
    entries, staying = set(listed(volume)), _staying(share, volume)
    if enlist and entries != staying:
        changes.insert(0, Change(share.name, LIST, sorted(entries), sorted(staying)))
    mark = {}
    if waiting:
        mark[holding.WAITING] = volume.name
    if adopting:
        mark.update(holding.mark(share.name, volume.name, holding.IN_USE, holding.ADOPTED))
        changes.append(Change(share.name, holding.SHARE, volume.options.get(holding.SHARE), mark[holding.SHARE]))
    return [steps.Set(tuple(changes), mark)] if changes else []


def _differing(share: Share, volume: Volume) -> list[Change]:
    if not share.seal:
        return []
    wanted = dict(share.options, **LOOKUP)
    if share.size is not None:
        wanted.update(PROMPT)
    wanted.update(
        (rule.option, rule.good)
        for rule in rules.contradictions(volume.options, share.options)
        if rule.kept is rules.Kept.SET and rule.good
    )
    return [
        Change(share.name, option, volume.options.get(option), value)
        for option, value in sorted(wanted.items())
        if volume.options.get(option) != value
    ]


def _plan_restart(share: Share, volume: Volume) -> list[Step]:
    """What bricks read only when they start makes them start."""
    waiting = [change.what for change in _differing(share, volume) if change.what.startswith(TLS)]
    if share.seal and holding.waiting(volume):
        kept = [option for option in sorted(volume.options) if option.startswith(TLS)]
        waiting = waiting or kept or ["what was set"]
    if not (waiting and volume.started):
        return []
    # While it is made into a share nobody is in whom that would cut off.
    if not holding.is_preparing(volume):
        _check_restart(share, (), waiting)
    return [steps.Restart((Change(share.name, RESTART, False, True),))]


def _check_restart(share: Share, off: t.Sequence[str], waiting: t.Sequence[str]) -> None:
    """Refused if the volume may not be stopped and started for these options."""
    if share.restart:
        return
    what, means = (
        (f"not sealed ({', '.join(off)} off)", "Sealing it")
        if off
        else (f"its bricks take {', '.join(waiting)} only when they start", "Setting that")
    )
    raise Refused(
        f"Volume {share.name!r} is started and {what}. {means} stops and starts it, and every client must mount again:"
        " allow that with restart: true."
    )


def _plan_limit(share: Share, volume: Volume, limit: Limit | None) -> list[Step]:
    size = t.cast(int, share.size)
    if not (volume.started or share.start):
        raise Conflict(f"Volume {share.name!r} is not started, so it can have no limit: allow start, or give no size.")
    quota = volume.is_on(QUOTA)
    present = limit.size if limit and quota else None
    if present == size:
        return []
    if limit and quota:
        check_used(share, limit)
    changes = [] if quota else [Change(share.name, QUOTA, volume.options.get(QUOTA, "off"), "on")]
    changes.append(Change(share.name, LIMIT, format_size(present) if present else None, format_size(size)))
    return [steps.Limit(tuple(changes), enable=not quota)]


def _admit(share: Share, volume: Volume, mark: holding.Mark) -> list[Step]:
    """The tenants of a share that is only being made."""
    entries, wanted = set(listed(volume)), share.access_list(listed(volume))
    changes = [Change(share.name, LIST, sorted(entries), sorted(wanted))] if entries != wanted else []
    changes.append(Change(share.name, STATE, mark.state, holding.IN_USE))
    return [steps.Admit(tuple(changes), tuple(sorted(wanted)), _closed(share))]


def _welcome(share: Share, volume: Volume) -> list[Step]:
    """Further tenants of a share."""
    staying = _staying(share, volume)
    wanted = share.access_list(listed(volume))
    if wanted <= staying:
        return []
    return [steps.Set((Change(share.name, LIST, sorted(staying), sorted(wanted)),))]


def check_used(share: Share, limit: Limit) -> None:
    """Refused if more is stored in the share than it shall hold."""
    if share.size is not None and limit.used > share.size:
        raise Refused(
            f"Share {share.name!r} cannot be limited to {format_size(share.size)}: {limit.used} bytes are stored in it"
            f" (limit now {format_size(limit.size)}).",
            used=limit.used,
            limit=limit.size,
        )
