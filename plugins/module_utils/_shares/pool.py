# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Which free volume of a pool a share gets."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    NotFound,
    raise_all,
)
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import natural
from ansible_collections.glusterops.shares.plugins.module_utils._units import GIB, format_size

_PLACEHOLDER = re.compile(r"#(#|\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*)|)")
_MAX_PATTERN = 500


class Pattern(t.NamedTuple):
    """Which volumes are a pool's. text as the caller wrote it."""

    text: str
    regex: t.Pattern[str]

    @property
    def sized(self) -> bool:
        return "size" in self.regex.groupindex

    def size_of(self, name: str) -> int | None:
        """Bytes that the volume's name says it has, None if it says nothing."""
        match = self.regex.fullmatch(name)
        size = match.group("size") if match and self.sized else None
        return int(size) * GIB if size and size.isdecimal() else None


def compile_pattern(text: t.Any, what: str = "pattern") -> Pattern:
    """A regular expression of volume names, in which C(#{size}) stands for the volume's size in GiB, as in Manila's
    glusterfs_volume_pattern; matched against whole names. Raises BadInput."""
    if not isinstance(text, str) or not 0 < len(text) <= _MAX_PATTERN:
        raise BadInput(
            f"{what} {text!r} is not a pattern: give a regular expression of 1 to {_MAX_PATTERN} characters."
        )
    seen = []

    def placeholder(match: t.Match[str]) -> str:
        name = match.group(2) or match.group(3)
        if match.group(1) == "#":
            return "#"
        if name != "size":
            raise BadInput(
                f"{what} {text!r} has {match.group(0)!r}: only #{{size}} has a meaning, and ## stands for a #."
            )
        seen.append(name)
        return r"(?P<size>\d+)"

    expression = _PLACEHOLDER.sub(placeholder, text)
    if len(seen) > 1:
        raise BadInput(f"{what} {text!r} has #{{size}} {len(seen)} times: a volume has one size.")
    try:
        return Pattern(text, re.compile(expression, re.ASCII))
    except (re.error, RecursionError, OverflowError) as exc:
        raise BadInput(f"{what} {text!r} is not a regular expression: {exc}.") from exc


class Supply(t.NamedTuple):
    """A volume that could be taken. cluster: the one it is on, where there are several."""

    name: str
    cluster: str = ""


def choose(
    share: str, size: int | None, pattern: Pattern, supplies: t.Iterable[Supply], volumes: t.Iterable[str]
) -> Supply:
    """The volume that the share of C(size) bytes gets: the smallest that suffices.

    Those without a size in their name are a last resort. Among equal ones the cluster with most of them is taken, then
    the first name. volumes: the names of all, free or not. Raises NotFound.
    """
    matching = [supply for supply in supplies if pattern.regex.fullmatch(supply.name)]
    if pattern.sized and size is not None:
        sizes = {supply: pattern.size_of(supply.name) for supply in matching}
        best = min((found for found in sizes.values() if found is not None and found >= size), default=None)
        fitting = [supply for supply in matching if sizes[supply] == best]
    else:
        best, sizes, fitting = None, {}, matching
    if not fitting:
        matches = any(map(pattern.regex.fullmatch, volumes))
        raise NotFound(_nothing(share, size, pattern, sizes if matches else None), pattern=pattern.text)
    count = {supply.cluster: sum(1 for other in fitting if other.cluster == supply.cluster) for supply in fitting}
    return min(fitting, key=lambda supply: (-count[supply.cluster], supply.cluster, natural(supply.name)))


def larger(size: int, pattern: Pattern, supplies: t.Iterable[Supply]) -> list[Supply]:
    """The free volumes whose names say that they hold C(size) bytes, smallest first."""
    found = [(pattern.size_of(supply.name), supply) for supply in supplies]
    fitting = [(has, supply) for has, supply in found if has is not None and has >= size]
    return [supply for _has, supply in sorted(fitting, key=lambda one: (one[0], natural(one[1].name)))]


def _nothing(share: str, size: int | None, pattern: Pattern, sizes: t.Mapping[Supply, int | None] | None) -> str:
    """sizes: of those that match and are free; None if none matches, whosever it is."""
    if sizes is None:
        return (
            f"No volume for share {share!r}: there is none whose whole name matches {pattern.text!r}. Correct the"
            " pattern, or make volumes."
        )
    found = sorted(has for has in sizes.values() if has is not None)
    free = f"the largest free one has {format_size(found[-1])}" if found else "none is free"
    asked = f" of {format_size(size)}" if size is not None else ""
    return (
        f"No volume for share {share!r}{asked}: of the volumes that match {pattern.text!r} {free}. Give volumes back,"
        " or make more."
    )


class Wanted(t.NamedTuple):
    """A share that shall be somewhere: from a pool (pattern), from a snapshot, or, with neither, where another
    provisioner puts it. cluster: the only one that it may be on."""

    name: str
    size: int | None = None
    pattern: Pattern | None = None
    snapshot: str | None = None
    cluster: str | None = None


class Stock(t.NamedTuple):
    """What a cluster has: the shares on it, the names of its volumes, of the free ones, and of snapshots."""

    shares: t.Collection[str]
    volumes: t.Collection[str] = ()
    free: t.Collection[str] = ()
    snapshots: t.Collection[str] = ()


def place(wanted: t.Iterable[Wanted], clusters: t.Mapping[str, Stock]) -> dict[str, str | None]:
    """Share to its cluster: the one that it is on, or that it shall get its volume on; None if that is not known.

    Raises what is wrong with any of them.
    """
    supplies = {Supply(name, cluster) for cluster, stock in clusters.items() for name in stock.free}
    found: dict[str, str | None] = {}
    failures: list[GlusterOpsError] = []
    for share in wanted:
        try:
            found[share.name] = _place(share, clusters, supplies)
        except GlusterOpsError as exc:
            failures.append(exc)
    raise_all(failures, "cannot be placed")
    return found


def _place(share: Wanted, clusters: t.Mapping[str, Stock], supplies: set[Supply]) -> str | None:
    if share.cluster is not None and share.cluster not in clusters:
        raise BadInput(f"{share.name}: cluster {share.cluster!r} is none of {', '.join(sorted(clusters))}.")
    here = sorted(cluster for cluster, stock in clusters.items() if share.name in stock.shares)
    if len(here) > 1:
        raise Conflict(f"Share {share.name!r} is on clusters {' and '.join(here)}: rename one, or give it back.")
    if here:
        if share.cluster not in (None, here[0]):
            raise Conflict(
                f"Share {share.name!r} is on cluster {here[0]}, not on {share.cluster}: a share does not move. Make a"
                " new one there, and copy."
            )
        return here[0]
    may = [cluster for cluster in clusters if share.cluster in (None, cluster)]
    if share.pattern:
        volumes = [name for cluster in may for name in clusters[cluster].volumes]
        free = [one for one in supplies if one.cluster in may]
        taken = choose(share.name, share.size, share.pattern, free, volumes)
        supplies.remove(taken)
        return taken.cluster
    if share.snapshot:
        having = [cluster for cluster in may if share.snapshot in clusters[cluster].snapshots]
        if len(having) != 1:
            raise NotFound(
                f"Share {share.name!r}: snapshot {share.snapshot!r} is on {' and '.join(having) or 'no cluster'}."
                + (" Say on which with cluster." if having else " Make it first.")
            )
        return having[0]
    return share.cluster if share.cluster or len(clusters) > 1 else next(iter(clusters))
