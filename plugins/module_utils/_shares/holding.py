# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""One picture of a volume: whose it is, who made it, whom it lets in, who is in, and what stands in a share's way.

Built from one observation. What was not asked for, or could not be told, is None, and None refuses.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import re
import typing as t
import uuid

from ansible_collections.glusterops.shares.plugins.module_utils._bricks import names
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    Conflict,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers, snapshot
from ansible_collections.glusterops.shares.plugins.module_utils._shares import options as rules

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Status, Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.glusterd import SnapshotInfo
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.snapshot import Snapshot

# A volume's own options say whose it is. Gluster can set such options, but not reset a single one.
SHARE, STATE, ORIGIN = "user.glusterops-share", "user.glusterops-state", "user.glusterops-origin"
# Its name, while it is not proven that all its bricks let in no more than its access list says. Clones inherit it.
UNPROVEN = "user.glusterops-unproven"
# Its name, while its bricks run with what they read when they started, and something else is set.
WAITING = "user.glusterops-waiting"

PREPARING, COUNTING, IN_USE, RELEASING, FREE = "preparing", "counting", "in-use", "releasing", "free"
# Until it is the tenants'.
MAKING = (PREPARING, COUNTING)

# Where its volume came from. MADE: of bricks that the collection made. ADOPTED: somebody made it by hand, and declared
# it as a share.
POOL, SNAPSHOT, MADE, ADOPTED = "pool", "snapshot:", "made", "adopted"
_NOBODY, NOT_EMPTY = "-", "not-empty"
_MANILA = "user.manila-share"
_UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)

_HEKETI_BRICKS, _HEKETI_ID = "/var/lib/heketi/", "user.heketi.id"
_GEO_REPLICATION = "geo-replication.indexing"

LIST = "auth.ssl-allow"
SEAL = ("client.ssl", "server.ssl")
# Whether a client that was taken off the list is cut off at once. It is on unless set otherwise.
DYNAMIC = "server.dynamic-auth"
# What has bricks go by the list, for those who are in, too.
SEALED = {**dict.fromkeys(SEAL, "on"), DYNAMIC: "on"}

_NAME, _PATTERN = re.compile(r"[A-Za-z0-9._-]+", re.ASCII), re.compile(r"[A-Za-z0-9._*-]+", re.ASCII)
_BRACKETS, _NAMING = re.compile(r"\[[^]]*\]"), re.compile(r"[A-Za-z0-9]")


# ---- whom it lets in ----
def matches(name: str, entry: str) -> bool:
    """Whether the access list's entry lets the CN in, as Gluster decides it."""
    return fnmatch.fnmatchcase(name, entry)


def split_list(value: str) -> list[str]:
    """The entries of an auth.ssl-allow value. Gluster separates by commas and by spaces."""
    return value.replace(",", " ").split()


def listed(volume: Volume) -> list[str]:
    """Its access list's entries."""
    return split_list(volume.options.get(LIST, ""))


def open_entries(entries: t.Iterable[str]) -> list[str]:
    """Those of an access list's entries that name nobody, and so let in whoever has a certificate.

    They are patterns without a letter or digit outside of brackets, such as V(*). Two quotation marks are no list at
    all for Gluster.
    """
    return [entry for entry in entries if not (_NAME.fullmatch(entry) or _NAMING.search(_BRACKETS.sub("", entry)))]


def strange_entries(entries: t.Iterable[str]) -> list[str]:
    """Those that are neither names nor patterns as the collection writes them: nobody can be sure whom they let in."""
    return [
        entry
        for entry in entries
        if not (_NAME.fullmatch(entry) or _PATTERN.fullmatch(entry) and _NAMING.search(entry))
    ]


def unsealed(volume: Volume) -> list[str]:
    """Why nothing keeps strangers out of it, in words; empty if something does."""
    found = [f"{option} is off" for option in SEAL if not volume.is_on(option)]
    if not listed(volume):
        found.append("its access list is empty")
    opened = open_entries(listed(volume))
    if opened:
        found.append(f"its access list holds {opened[0]!r}")
    return found


def lasting(volume: Volume) -> bool:
    """Whether who is taken off its list stays in."""
    return DYNAMIC in volume.options and not volume.is_on(DYNAMIC)


def why_not_sealed(volume: Volume) -> list[str]:
    """Why it is no sealed share, in words: nothing keeps strangers out, or those who are in stay in when they are taken
    off the list, or there is another way in."""
    found = unsealed(volume)
    if lasting(volume):
        found.append(f"{DYNAMIC} is off")
    return found + [rules.told(volume.options, rule) for rule in rules.contradictions(volume.options) if rule.opens]


def is_sealed(volume: Volume) -> bool:
    """TLS on both sides, and an explicit list that is neither empty nor open to everybody, for those who are in, too;
    and no other way in."""
    return not why_not_sealed(volume)


def exposing(volume: str, entries: t.Collection[str], known: t.Iterable[SnapshotInfo]) -> dict[str, list[str]]:
    """The volume's active snapshots that let in somebody who is not on this list, and whom.

    A snapshot keeps the list that its volume had when it was made.
    """
    found: dict[str, list[str]] = {}
    for one in known:
        if one.parent != volume or not one.active:
            continue
        strangers = [
            entry
            for entry in split_list(one.options.get(LIST, "*"))
            if entry not in entries and not any(matches(entry, known_entry) for known_entry in entries)
        ]
        if not all(answers.is_on(one.options, option) for option in SEAL):
            found[one.name] = ["whoever comes, as it is not sealed"]
        elif strangers:
            found[one.name] = sorted(strangers)
    return found


# ---- whose it is ----
class Mark(t.NamedTuple):
    """That a volume is a share's. state: PREPARING (no tenant was let in yet), COUNTING (nor was all that is in it
    counted by quota), IN_USE, RELEASING (no tenant is let in any more). origin: POOL, MADE, ADOPTED, or SNAPSHOT and
    its name.
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


def unproven(volume: Volume) -> bool:
    """Whether a change of its list was interrupted, or did not reach all of its servers."""
    return volume.options.get(UNPROVEN) == volume.name


def waiting(volume: Volume) -> bool:
    """Whether its bricks have to be started again, and a run that was to do that was interrupted."""
    return volume.options.get(WAITING) == volume.name


def share_of(volume: Volume) -> str | None:
    """The share that the volume holds: that of its mark; without any mark that of its own name."""
    mine = mark_of(volume)
    if mine:
        return mine.share
    return None if SHARE in volume.options else volume.name


def is_preparing(volume: Volume) -> bool:
    """Whether it is only being made into a share."""
    mine = mark_of(volume)
    return mine is not None and mine.state in MAKING


def is_made(volume: Volume) -> bool:
    """Whether all its bricks are such as the collection makes for this volume."""
    return names.made(volume.name, [brick.path for brick in volume.bricks])


def is_clone(volume: Volume) -> bool:
    """Whether it is a snapshot's clone: it has its bricks where Gluster mounts snapshots."""
    return bool(volume.bricks) and all(brick.path.startswith(snapshot.BRICKS) for brick in volume.bricks)


# ---- the picture ----
@dataclasses.dataclass(frozen=True)
class Holding:
    """What is known of a volume.

    clients: how many there are that are no daemons of the servers. tasks: rebalance and remove-brick. snapshots: of it.
    away: servers of its bricks whose glusterd is not connected. Each is None if that is not known.
    """

    volume: Volume
    clients: int | None = None
    tasks: tuple[str, ...] | None = None
    snapshots: tuple[Snapshot, ...] | None = None
    away: tuple[str, ...] | None = None

    def tenants(self, infrastructure: t.Collection[str]) -> list[str]:
        """Who is on its list besides the infrastructure."""
        return sorted(
            entry
            for entry in set(listed(self.volume)) - set(infrastructure)
            if not any(matches(entry, pattern) for pattern in infrastructure)
        )


@dataclasses.dataclass(frozen=True)
class Scene:
    """One observation of a cluster. What was not asked for is None. away: UUIDs of servers that are not connected."""

    volumes: t.Mapping[str, Volume]
    clients: t.Mapping[str, t.Mapping[str, int]] | None = None
    status: t.Mapping[str, Status] | None = None
    snapshots: t.Mapping[str, Snapshot] | None = None
    away: t.Collection[str] | None = None


def picture(scene: Scene, name: str) -> Holding:
    """What the observation tells of the volume."""
    volume = scene.volumes[name]
    clients: int | None = 0 if not volume.started else None
    tasks: tuple[str, ...] | None = () if not volume.started else None
    if scene.clients is not None and name in scene.clients:
        clients = answers.tenants(scene.clients[name])
    if scene.status is not None and name in scene.status:
        tasks = scene.status[name].tasks
    snapshots: tuple[Snapshot, ...] | None = () if not volume.snapshots else None
    if scene.snapshots is not None:
        of = tuple(one for one in scene.snapshots.values() if one.volume == name)
        # One that was just made, or deleted, makes the two answers differ.
        snapshots = of if len(of) == volume.snapshots else None
    away = None
    if scene.away is not None:
        away = tuple(sorted({brick.server for brick in volume.bricks if brick.server_uuid in scene.away}))
    return Holding(volume, clients, tasks, snapshots, away)


def heketi_id(volume: Volume) -> str | None:
    """The id by which Heketi knows it, if it says so. So does a clone of its snapshot, with another name."""
    return volume.options.get(_HEKETI_ID)


def marked(volume: Volume) -> str | None:
    """Whose it is, in words, if it cannot be a pool's to give, for all that its own options say."""
    if volume.options.get(SHARE, _NOBODY) != _NOBODY:
        mine = mark_of(volume)
        return f"it is share {mine.share!r}" if mine else f"its option {SHARE} is {volume.options[SHARE]!r}"
    if _UUID.fullmatch(volume.options.get(_MANILA, "")):
        return "it is a share of Manila"
    if _HEKETI_ID in volume.options or any(brick.path.startswith(_HEKETI_BRICKS) for brick in volume.bricks):
        return "Heketi made it"
    if is_clone(volume):
        return "it is a clone of a snapshot"
    return None


def why_not_free(holding: Holding, infrastructure: t.Collection[str]) -> str | None:
    """Why a pool may not give the volume away, in words; None if it may. This is the only place that decides it."""
    volume = holding.volume
    whose = marked(volume)
    if whose:
        return whose
    if holding.clients is None or holding.tasks is None:
        return "gluster does not tell who is connected to it, or what is done to it"
    if holding.clients:
        return "somebody is connected to it"
    tenants = holding.tenants(infrastructure)
    if volume.is_on("server.ssl") and tenants:
        return f"its access list lets in {', '.join(tenants)}"
    if volume.snapshots:
        return "it has snapshots"
    if holding.tasks:
        return f"something is being done to it ({', '.join(holding.tasks)})"
    if volume.is_on(_GEO_REPLICATION):
        return "it is replicated to another cluster (geo-replication)"
    if holding.away is None:
        return "gluster does not tell which servers are connected"
    if holding.away:
        return f"the glusterd of {', '.join(holding.away)} is not connected"
    impossible = rules.impossible(volume.options)
    return f"it has {', '.join(impossible)}" if impossible else None


# ---- which volume holds a share ----
class Claim(t.NamedTuple):
    """That a volume holds a share. taking: it is only being taken for it from a pool."""

    volume: str
    share: str
    taking: bool


def claim_of(volume: Volume) -> Claim | None:
    """What the volume says of itself; None if it holds no share."""
    share, mine = share_of(volume), mark_of(volume)
    taking = mine is not None and mine.state in MAKING and mine.origin == POOL
    return Claim(volume.name, share, taking) if share is not None else None


def held(claims: t.Iterable[Claim]) -> dict[str, list[Claim]]:
    """Share to the claims on it. More than one are of two runs at once: the first of them counts."""
    found: dict[str, list[Claim]] = {}
    for claim in claims:
        found.setdefault(claim.share, []).append(claim)
    for several in found.values():
        several.sort(key=lambda claim: (claim.taking, natural(claim.volume)))
    return found


def counting(share: str, several: t.Sequence[Claim]) -> Claim:
    """The claim that counts. Conflict if more than one volume really holds the share."""
    if len(several) > 1 and not several[1].taking:
        names = " and ".join(repr(claim.volume) for claim in several if not claim.taking)
        raise Conflict(
            f"Volumes {names} both hold share {share!r}: see their option {SHARE}. Rename the share, or give one back."
        )
    return several[0]


class Holders:
    """Which volume holds which share."""

    def __init__(self, volumes: t.Mapping[str, Volume]) -> None:
        self._volumes = volumes
        self._held = held(claim for claim in map(claim_of, volumes.values()) if claim)

    def __contains__(self, share: str) -> bool:
        return share in self._held

    def __iter__(self) -> t.Iterator[str]:
        return iter(self._held)

    def get(self, share: str) -> Volume | None:
        """The volume of a share, None if there is none. Conflict if there are several."""
        several = self._held.get(share)
        return self._volumes[counting(share, several).volume] if several else None

    def __getitem__(self, share: str) -> Volume:
        volume = self.get(share)
        if volume is None:
            raise KeyError(share)
        return volume

    def superfluous(self, share: str) -> tuple[str, ...]:
        """The volumes that runs on other servers took for the same share at the same time."""
        return tuple(claim.volume for claim in self._held.get(share, ())[1:])


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """Its order among names: numbers by value."""
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in re.split(r"([0-9]+)", name))
