# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import dataclasses
import fnmatch
import re
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
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import (
    IN_USE,
    POOL,
    is_preparing,
    mark_of,
)
from ansible_collections.glusterops.shares.plugins.module_utils._units import format_size

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Limit, Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._shares.pool import Pattern

LIST = "auth.ssl-allow"
SEAL = ("client.ssl", "server.ssl")
CRL_PATH = "ssl.crl-path"
# Whether a client that was taken off the list is cut off at once. It is on unless set otherwise.
DYNAMIC = "server.dynamic-auth"
LIMIT = "size"
RESTART = "restart"
START = "started"
ADMIT = "state"
QUOTA = "features.quota"
_NAME, _BRACKETS, _NAMING = re.compile(r"[A-Za-z0-9._-]+"), re.compile(r"\[[^]]*\]"), re.compile(r"[A-Za-z0-9]")
# What bricks read once, when they start.
TLS = "ssl."
# Gluster counts what is stored anew only after these seconds, below 80 % of the limit and above. By its own defaults
# (60 and 5) a tenant could write for a minute past the limit.
PROMPT = {"features.soft-timeout": "5", "features.hard-timeout": "1"}
# What follows from other parameters of a share.
_OWN = {LIST, "auth.allow", "auth.reject", *SEAL, *PROMPT, QUOTA, "features.inode-quota"}


@dataclasses.dataclass(frozen=True)
class Share:
    """What a share shall be.

    infrastructure and allow shall be on the access list, deny shall not; exclusive: nobody else shall.
    size: bytes its tenant can store, None to leave the limit as it is. options: of its volume, besides.
    seal: may be sealed if it is not; start: shall be started; restart: a started volume may be stopped for that.
    If it has no volume yet, it gets one from the pool of those whose names match pattern, or a clone of snapshot.
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
    options: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    pattern: Pattern | None = None
    snapshot: str | None = None

    def check(self) -> Share:
        """Itself, if every value may be used; else BadInput."""
        check_volume_name(self.name, "share")
        if self.snapshot is not None:
            check_snapshot_name(self.snapshot, f"{self.name}: from_snapshot")
            if self.pattern:
                raise BadInput(f"{self.name}: pattern and from_snapshot exclude each other: where is it to come from?")
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
        own = sorted(option for option in self.options if option in _OWN)
        if own:
            raise BadInput(
                f"{self.name}: volume_options may not have {', '.join(own)}: the share's own options say that."
            )
        self._check_length({*self.infrastructure, *self.allow})
        return self

    def access_list(self, current: t.Collection[str]) -> set[str]:
        """The access list it shall have, now that it has C(current)."""
        wanted = {*self.infrastructure, *self.allow}
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


def matches(name: str, entry: str) -> bool:
    """Whether the access list's entry lets the CN in, as Gluster decides it."""
    return fnmatch.fnmatchcase(name, entry)


def split_list(value: str) -> list[str]:
    """The entries of an auth.ssl-allow value. Gluster separates by commas and by spaces."""
    return value.replace(",", " ").split()


def open_entries(entries: t.Iterable[str]) -> list[str]:
    """Those of an access list's entries that name nobody, and so let in whoever has a certificate.

    They are patterns without a letter or digit outside of brackets, such as V(*). Two quotation marks are no list at
    all for Gluster.
    """
    return [entry for entry in entries if not (_NAME.fullmatch(entry) or _NAMING.search(_BRACKETS.sub("", entry)))]


def is_sealed(volume: Volume) -> bool:
    """TLS on both sides, and an explicit list that is neither empty nor open to everybody."""
    entries = split_list(volume.options.get(LIST, ""))
    return all(map(volume.is_on, SEAL)) and bool(entries) and not open_entries(entries)


def plan(share: Share, volume: Volume | None, limit: Limit | None) -> list[Change]:
    """What has to be done, in order. limit: the volume's present quota limit, None if it has none.

    Raises NotFound, Conflict and Refused with nothing changed.
    """
    name = share.name
    if volume is None:
        raise NotFound(f"Volume {name!r} does not exist on this cluster: create it first.")
    mark = mark_of(volume)
    preparing = is_preparing(volume)
    if preparing and not share.seal:
        raise Conflict(f"Share {name!r} is not ready for its tenants yet: finish it with gluster_shares first.")
    if preparing and mark and mark.origin == POOL and not (share.start or volume.started):
        raise Conflict(f"Share {name!r} is from a pool, so its volume has to be proven empty: allow start.")
    changes: list[Change] = []
    listed = split_list(volume.options.get(LIST, ""))
    unsealed = [option for option in SEAL if not volume.is_on(option)]
    if unsealed and not share.seal:
        raise Conflict(
            f"Volume {name!r} is not sealed ({', '.join(unsealed)} off), so an access list would protect nothing:"
            " seal it with gluster_shares first."
        )
    changes += [Change(name, option, volume.options.get(option, "off"), "on") for option in unsealed]
    options = [
        Change(name, option, volume.options.get(option), value)
        for option, value in sorted(share.options.items())
        if volume.options.get(option) != value
    ]
    if volume.started:
        changes += _plan_restart(share, unsealed, [change.what for change in options if change.what.startswith(TLS)])
    if not share.exclusive and open_entries(listed):
        raise Conflict(
            f"The access list of volume {name!r} holds {open_entries(listed)[0]!r}: whoever has a certificate of the CA"
            " can mount it."
            " Replace the whole list with exclusive: true."
        )
    wanted = share.access_list(listed)
    admission = [Change(name, LIST, sorted(listed), sorted(wanted))] if set(listed) != wanted else []
    if not preparing:
        changes += admission
    changes += options
    if share.start and not volume.started:
        changes.append(Change(name, START, False, True))
    if share.size is not None:
        changes += _plan_limit(share, volume, limit)
    if preparing:
        # Nobody is let in before it is limited, and was proven empty if it is from a pool.
        changes += [*admission, Change(name, ADMIT, mark.state if mark else None, IN_USE)]
    return changes


def _plan_restart(share: Share, unsealed: t.Sequence[str], tls: t.Sequence[str]) -> list[Change]:
    """The restart of a started volume that these options need. Raises Refused if it is not allowed."""
    if not (unsealed or tls):
        return []
    if not share.restart:
        what, means = (
            (f"not sealed ({', '.join(unsealed)} off)", "Sealing it")
            if unsealed
            else (f"its bricks take {', '.join(tls)} only when they start", "Setting that")
        )
        raise Refused(
            f"Volume {share.name!r} is started and {what}. {means} stops and starts it, and every client must mount"
            " again: allow that with restart: true."
        )
    return [Change(share.name, RESTART, False, True)]


def _plan_limit(share: Share, volume: Volume, limit: Limit | None) -> list[Change]:
    size = t.cast(int, share.size)
    if not (volume.started or share.start):
        raise Conflict(f"Volume {share.name!r} is not started, so it can have no limit: allow start, or give no size.")
    quota = volume.is_on(QUOTA)
    present = limit.size if limit and quota else None
    changes = [
        Change(share.name, option, volume.options.get(option), seconds)
        for option, seconds in PROMPT.items()
        if volume.options.get(option) != seconds
    ]
    if present == size:
        return changes
    if limit and quota:
        check_used(share, limit)
    if not quota:
        changes.append(Change(share.name, QUOTA, "off", "on"))
    changes.append(Change(share.name, LIMIT, format_size(present) if present else None, format_size(size)))
    return changes


def check_used(share: Share, limit: Limit) -> None:
    """Refused if more is stored in the share than it shall hold."""
    if share.size is not None and limit.used > share.size:
        raise Refused(
            f"Share {share.name!r} cannot be limited to {format_size(share.size)}: {limit.used} bytes are stored in it"
            f" (limit now {format_size(limit.size)}).",
            used=limit.used,
            limit=limit.size,
        )
