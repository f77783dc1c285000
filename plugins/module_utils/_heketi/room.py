# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Why Heketi has no room for a volume: how much is free where, and what would fit. No I/O.

Heketi splits a volume into 1, 2, 4, … sets of bricks until they fit, and takes the servers in an order that nobody
knows. What is said to fit does so in every order, and what is said not to fits in none.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._heketi.topology import Device, HeketiCluster, Node
from ansible_collections.glusterops.shares.plugins.module_utils._units import GIB

# Heketi's defaults. Its configuration may say otherwise, but cannot be read.
_MOST_BRICKS = 32
_LARGEST_BRICK = 4096  # GiB, and the smallest has one
_FILE_SIZE = 64  # KiB

# What a brick takes from its device comes in extents. In KiB, as Heketi counts.
_EXTENT = 4096
_MOST_METADATA = 16 * GIB // 1024
_SMALLEST_ARBITER = 16 * 1024

# Of clusters, and of servers in a cluster.
_NAMED = 3


@dataclasses.dataclass(frozen=True)
class _Layout:
    """A set of bricks: how many they are, and how many of them share the data. file_size is KiB."""

    bricks: int
    data: int
    arbiter: bool
    snapshot_factor: float
    file_size: int
    strict_zones: bool
    tag_rule: str

    def takes(self, device: Device, node: Node) -> bool:
        """Whether Heketi considers this device for bricks."""
        if device.state != "online":
            return False
        for sign, equal in (("!=", False), ("=", True)):
            name, found, value = self.tag_rule.partition(sign)
            if found:
                return ({**node.tags, **device.tags}.get(name) == value) is equal
        return True


@dataclasses.dataclass(frozen=True)
class _Place:
    """Room on a device. A set has at most one brick in a domain: a server, or a zone."""

    domain: str | int
    free: int
    arbiter: str


class Need(t.NamedTuple):
    """What a volume that is made or grows asks for, as explain() takes it."""

    durability: str
    snapshot_factor: float | None
    asked: int
    among: t.Collection[str] = ()
    options: t.Mapping[str, str] | None = None
    existing_bricks: int = 0


def hopeless(clusters: t.Sequence[HeketiCluster], needs: t.Iterable[Need]) -> list[bool]:
    """Of each of several that are asked for one after the other, whether it fits nowhere, whatever the order."""
    lack = []
    left = {cluster.id: _left(cluster) for cluster in clusters}
    for need in needs:
        layout = _layout(need.durability, need.snapshot_factor, need.options or {})
        among = [cluster for cluster in clusters if not need.among or cluster.id in need.among]
        fitting = [cluster.id for cluster in among if _may_fit(need, _places(cluster, layout), layout)]
        takes = _least(need, layout)
        # Of several clusters nobody knows which one is taken: together they have to have enough.
        short = not fitting or takes > sum(left[cluster] for cluster in fitting)
        lack.append(short)
        if not short and len(fitting) == 1:
            left[fitting[0]] -= takes
    return lack


def _left(cluster: HeketiCluster) -> int:
    """KiB that are free on devices which may take bricks at all."""
    online = (device for node in cluster.nodes if node.state == "online" for device in node.devices)
    return sum(device.free for device in online if device.state == "online") // 1024


def _least(need: Need, layout: _Layout) -> int:
    """KiB that its bricks take at least; what an arbiter takes is next to nothing."""
    large = layout.bricks - layout.arbiter
    return min(
        (
            sets * large * _takes(need.asked * GIB // 1024 // sets // layout.data, layout)
            for sets in _sets_of(need, layout)
        ),
        default=0,
    )


def _sets_of(need: Need, layout: _Layout) -> list[int]:
    """In how many sets it may be split."""
    numbers = _numbers_of_sets(layout, need.existing_bricks)
    return [sets for sets in numbers if 1 <= need.asked / sets / layout.data <= _LARGEST_BRICK]


def _may_fit(need: Need, places: t.Sequence[_Place], layout: _Layout) -> bool:
    """Whether there is an order in which its bricks find their places, each of a set in another domain."""
    large = layout.bricks - layout.arbiter
    if len({place.domain for place in places}) < layout.bricks:
        return False
    for sets in _sets_of(need, layout):
        takes = _takes(need.asked * GIB // 1024 // sets // layout.data, layout)
        slots: dict[str | int, int] = {}
        for place in places:
            slots[place.domain] = slots.get(place.domain, 0) + _bricks_in(place.free, takes)
        if sum(min(number, sets) for number in slots.values()) >= sets * large:
            return True
    return False


def explain(
    clusters: t.Sequence[HeketiCluster],
    durability: str,
    snapshot_factor: float | None,
    asked: int,
    among: t.Collection[str] = (),
    options: t.Mapping[str, str] | None = None,
    existing_bricks: int = 0,
) -> str:
    """Why there is no room for asked GiB, a sentence for each of at most three clusters.

    among are the ids of the clusters that are allowed, empty for all. options are those of the volume.
    existing_bricks is 0 for a new volume, and how many it has for one that grows.
    """
    layout = _layout(durability, snapshot_factor, options or {})
    if existing_bricks + layout.bricks > _MOST_BRICKS:
        return (
            f"It has {existing_bricks} bricks, {durability} adds {layout.bricks} at a time, and Heketi takes no more"
            f" than {_MOST_BRICKS}: it cannot grow any more."
        )
    if asked < layout.data:
        return f"With {durability} it takes at least {layout.data} GiB at a time."
    with_what = durability
    if layout.snapshot_factor > 1:
        with_what += f" and snapshot_factor {layout.snapshot_factor:g}"
    told = []
    for cluster in clusters:
        if not among or cluster.id in among:
            places = _places(cluster, layout)
            most = _largest(places, layout, existing_bricks)
            if not most:
                verdict = f"nothing is sure to fit with {with_what}"
            elif _fits(asked, places, layout, existing_bricks):
                verdict = f"{asked} GiB should fit, if all of them answer Heketi: run again in a few minutes"
            else:
                what = "growth" if existing_bricks else "volume"
                verdict = f"the largest {what} sure to fit with {with_what} is {most} GiB"
            told.append((most, f"Cluster {cluster.id}: {_servers(cluster, layout, durability, verdict)}."))
    told.sort(key=lambda one: -one[0])
    return " ".join([*(sentence for _most, sentence in told[:_NAMED]), *_rest(told, "And {} more.")])


def largest(
    cluster: HeketiCluster,
    durability: str,
    snapshot_factor: float | None = None,
    options: t.Mapping[str, str] | None = None,
    existing_bricks: int = 0,
) -> int:
    """GiB of the largest volume, or growth, that surely fits; 0 if none does.

    Where a set has one brick, or a brick on every server, nothing larger fits. Elsewhere Heketi may be lucky with its
    order and place up to four times as much, or still more where tags say which devices may have arbiters.
    """
    layout = _layout(durability, snapshot_factor, options or {})
    return _largest(_places(cluster, layout), layout, existing_bricks)


def _layout(durability: str, snapshot_factor: float | None, options: t.Mapping[str, str]) -> _Layout:
    kind, *numbers = re.split("[-+]", durability)
    disperse = kind == "disperse"
    file_size = options.get("user.heketi.average-file-size", "")
    return _Layout(
        bricks=int(numbers[0]) + (int(numbers[1]) if disperse else 0) if numbers else 1,
        data=int(numbers[0]) if disperse else 1,
        arbiter=durability.endswith("-arbiter"),
        snapshot_factor=snapshot_factor or 1,
        file_size=int(file_size) if re.fullmatch("[1-9][0-9]*", file_size, re.ASCII) else _FILE_SIZE,
        strict_zones=options.get("user.heketi.zone-checking") == "strict",
        tag_rule=options.get("user.heketi.device-tag-match", ""),
    )


# ---- what there is ---------------------------------------------------------------------------------------------------


def _places(cluster: HeketiCluster, layout: _Layout) -> list[_Place]:
    return [
        _Place(
            domain=node.zone if layout.strict_zones else node.id,
            free=device.free // 1024,
            arbiter={**node.tags, **device.tags}.get("arbiter", "supported"),
        )
        for node in cluster.nodes
        for device in _devices(cluster, node, layout)
    ]


def _devices(cluster: HeketiCluster, node: Node, layout: _Layout) -> list[Device]:
    """The devices of a server on which Heketi may put bricks."""
    if not cluster.file or node.state != "online":
        return []
    return [device for device in node.devices if layout.takes(device, node)]


def _servers(cluster: HeketiCluster, layout: _Layout, durability: str, verdict: str) -> str:
    """How many servers there are for bricks; if they are enough, what is free on them, and the verdict."""
    if not cluster.file:
        return "it is not for file volumes"
    devices = {node.id: _devices(cluster, node, layout) for node in cluster.nodes}
    takers = sorted((node for node in cluster.nodes if devices[node.id]), key=lambda node: -_free(devices[node.id]))
    others = [
        f"{node.manage} is {node.state}" if node.state != "online" else f"{node.manage} has no device for them"
        for node in cluster.nodes
        if not devices[node.id]
    ]
    text = f"{len(takers)} of {len(cluster.nodes)} servers can take bricks"
    if others:
        text += f" ({_some(others, ' and {} more')})"
    domains = len({node.zone if layout.strict_zones else node.id for node in takers})
    if domains < layout.bricks:
        zones = f", in {domains} zones" if layout.strict_zones else ""
        return f"{text}{zones}, and {durability} needs {layout.bricks}"
    free = [f"{_gib(_free(devices[node.id]))} on {node.manage}{_spread(devices[node.id])}" for node in takers]
    return f"{text}; free {_some(free, ' and less on {} more')}; {verdict}"


def _free(devices: t.Iterable[Device]) -> int:
    return sum(device.free for device in devices)


def _spread(devices: t.Sequence[Device]) -> str:
    """A brick has to fit on one device."""
    if len(devices) == 1:
        return ""
    return f" (at most {_gib(max(device.free for device in devices))} on one of {len(devices)} devices)"


def _gib(size: int) -> str:
    """Rounded down, so that it does not look like more than it is."""
    return f"{size * 10 // GIB / 10:.1f}G".replace(".0G", "G")


def _some(texts: t.Sequence[str], more: str) -> str:
    return "".join([", ".join(texts[:_NAMED]), *_rest(texts, more)])


def _rest(things: t.Sequence[t.Any], more: str) -> list[str]:
    """What to say of those that are not named, if any."""
    return [more.format(len(things) - _NAMED)] if len(things) > _NAMED else []


# ---- what fits -------------------------------------------------------------------------------------------------------


def _largest(places: t.Sequence[_Place], layout: _Layout, existing_bricks: int) -> int:
    # Not one search over all sizes: a size may fit, and a smaller one not, because its bricks would be too small.
    return max((_largest_in(sets, places, layout) for sets in _numbers_of_sets(layout, existing_bricks)), default=0)


def _largest_in(sets: int, places: t.Sequence[_Place], layout: _Layout) -> int:
    """The largest size that surely fits in so many sets, 0 if none does."""
    low = sets * layout.data
    if not _sure(low, sets, places, layout):
        return 0
    high = low * _LARGEST_BRICK
    while low < high:
        middle = (low + high + 1) // 2
        if _sure(middle, sets, places, layout):
            low = middle
        else:
            high = middle - 1
    return low


def _fits(gib: int, places: t.Sequence[_Place], layout: _Layout, existing_bricks: int) -> bool:
    return any(
        1 <= gib / sets / layout.data <= _LARGEST_BRICK and _sure(gib, sets, places, layout)
        for sets in _numbers_of_sets(layout, existing_bricks)
    )


def _numbers_of_sets(layout: _Layout, existing_bricks: int) -> t.Iterator[int]:
    sets = 1
    while existing_bricks + sets * layout.bricks <= _MOST_BRICKS:
        yield sets
        sets *= 2


def _sure(gib: int, sets: int, places: t.Sequence[_Place], layout: _Layout) -> bool:
    """Whether a volume surely fits in so many sets, whatever the order.

    A domain's slots are how many bricks it takes. Placing a set costs at most as many domains as it has bricks a slot
    each, and it fails only when so many domains are used up that too few are left.
    """
    brick = gib * GIB // 1024 // sets // layout.data
    need = _takes(brick, layout)
    slots = {place.domain: 0 for place in places}
    for place in places:
        if not layout.arbiter or place.arbiter != "required":
            slots[place.domain] += _bricks_in(place.free, need)
    if not layout.arbiter:
        return _lasting(slots.values(), layout.bricks - 1, layout.bricks) >= sets
    small = _takes(max(brick // layout.file_size, _SMALLEST_ARBITER), layout)
    spare = {place.domain: 0 for place in places}
    for place in places:
        if place.arbiter == "required":
            spare[place.domain] += _bricks_in(place.free, small)
        elif place.arbiter != "disabled":
            # Either kind of brick costs one of these at most: first those that a data brick can take, then the rest.
            large = _bricks_in(place.free, need)
            spare[place.domain] += large + _bricks_in(place.free - large * need, small)
    # The two data bricks of a set may be wherever there are slots for them, and its arbiter is elsewhere.
    both = sorted((spare[domain] for domain in slots if slots[domain]), reverse=True)
    only = [spare[domain] for domain in slots if not slots[domain]]
    arbiters = max(_lasting([*both[2:], *only], 0, layout.bricks), sum(only))
    return min(_lasting(slots.values(), 1, layout.bricks), arbiters) >= sets


def _takes(brick: int, layout: _Layout) -> int:
    """KiB that a brick takes from its device: its thin pool, and the pool's metadata."""
    pool = -(-int(brick * layout.snapshot_factor) // _EXTENT) * _EXTENT
    return pool + -(-min(int(pool * 0.005), _MOST_METADATA) // _EXTENT) * _EXTENT


def _bricks_in(free: int, need: int) -> int:
    """Heketi never fills a device to the last byte."""
    return max(free - 1, 0) // need


def _lasting(slots: t.Iterable[int], left: int, per_set: int) -> int:
    """How many sets at least are placed before only so many domains have slots left, at one slot a domain and set."""
    used = sorted(slots, reverse=True)[left:]
    most = max(used, default=0)
    return max(most, -(-sum(used) // per_set))
