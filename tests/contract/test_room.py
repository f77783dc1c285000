# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said to fit, put to the stand-in's allocator."""

from __future__ import annotations

import dataclasses
import random
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._heketi.room import Need, hopeless, largest
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.topology import Device, HeketiCluster, Node
from heketi import allocate
from heketi.config import GIB
from hypothesis import given, settings
from hypothesis import strategies as st

LIMITS = allocate.Limits(brick_min=GIB, brick_max=4096 * GIB, max_bricks=32)
LAYOUTS = {
    "none": allocate.Layout(1),
    "replicate-2": allocate.Layout(2),
    "replicate-3": allocate.Layout(3),
    "replicate-3-arbiter": allocate.Layout(3, arbiter=True),
    "disperse-2+1": allocate.Layout(3, data=2),
    "disperse-4+2": allocate.Layout(6, data=4),
    "disperse-8+3": allocate.Layout(11, data=8),
    "disperse-8+4": allocate.Layout(12, data=8),
}


def exactly(gib: int) -> int:
    """What a brick of this size takes."""
    return sum(allocate.space_for(gib * GIB, 1, 4096))


# Where it is close, or a device larger than any brick.
FREE = st.one_of(
    st.integers(0, 40 * GIB),
    st.integers(0, 6).map(lambda gib: exactly(gib) + 1),
    st.integers(0, 40).map(exactly),
    st.just(9000 * GIB),
)
# The free space of a server's devices.
DEVICES = st.one_of(
    st.tuples(FREE),
    st.tuples(FREE, FREE),
    st.builds(lambda gib, count: (exactly(gib) + 1,) * count, st.integers(1, 3), st.integers(2, 5)),
)
ARBITER = st.sampled_from(["supported", "required", "disabled"])


@dataclasses.dataclass
class Scene:
    """A cluster, once as the client reads it and once as the stand-in does, and what is asked for."""

    durability: str
    layout: allocate.Layout
    chance: random.Random
    existing: int = 0
    nodes: list[Node] = dataclasses.field(default_factory=list)
    devices: list[allocate.Device] = dataclasses.field(default_factory=list)

    def add(self, free: t.Iterable[int], zone: int = 1, arbiter: str = "supported") -> None:
        """Another server, with so many KiB free on each of its devices."""
        node, found = f"node{len(self.nodes)}", []
        for number, size in enumerate(free):
            key = f"{node}-{number}"
            found.append(Device(key, "/dev/sdb", "online", size * 1024, size * 1024, 0, {}, 0))
            self.devices.append(allocate.Device(key, node, zone, size, arbiter=arbiter))
        tags = {"arbiter": arbiter}
        self.nodes.append(Node(node, "c", f"server{node}", "10.0.0.1", zone, "online", tags, tuple(found)))

    @property
    def cluster(self) -> HeketiCluster:
        return HeketiCluster("c", True, True, tuple(self.nodes), ())

    @property
    def options(self) -> dict[str, str]:
        zones = {"user.heketi.zone-checking": "strict"} if self.layout.strict_zones else {}
        return {"user.heketi.average-file-size": str(self.layout.average_file_size), **zones}

    def largest(self) -> int:
        return largest(self.cluster, self.durability, self.layout.snapshot_factor, self.options, self.existing)

    def hopeless(self, gib: int) -> bool:
        need = Need(self.durability, self.layout.snapshot_factor, gib, (), self.options, self.existing)
        return hopeless([self.cluster], [need])[0]

    def accepted(self, gib: int) -> bool:
        """Whether the stand-in's allocator takes it, with the devices in an order that is drawn for every set."""

        def order(devices: t.Sequence[allocate.Device]) -> list[allocate.Device]:
            return self.chance.sample(list(devices), len(devices))

        try:
            allocate.allocate(gib * GIB, self.layout, self.existing, self.devices, LIMITS, order)
        except allocate.AllocationError:
            return False
        return True

    def check_exact(self, more: int) -> None:
        most = self.largest()
        assert most == 0 or self.accepted(most)
        assert not self.hopeless(most) or most == 0
        assert not self.accepted(most + 1)
        assert not self.accepted(most + more)


@st.composite
def empty(draw: st.DrawFn, durabilities: t.Sequence[str], zones: bool) -> Scene:
    """No server yet. zones: zone checking may be strict."""
    durability = draw(st.sampled_from(durabilities))
    layout = dataclasses.replace(
        LAYOUTS[durability],
        average_file_size=draw(st.sampled_from([1, 64, 4096])),
        snapshot_factor=draw(st.sampled_from([1, 1, 1, 1.25, 3])),
        strict_zones=zones and draw(st.booleans()),
    )
    existing = draw(st.one_of(st.just(0), st.integers(0, 32)))
    return Scene(durability, layout, draw(st.randoms(use_true_random=False)), existing)


@st.composite
def filled(
    draw: st.DrawFn, durabilities: t.Sequence[str] = tuple(LAYOUTS), arbiter: st.SearchStrategy[str] = ARBITER
) -> Scene:
    """Too few servers, or a few more than are needed."""
    scene = draw(empty(durabilities, zones=True))
    for _server in range(draw(st.integers(0, scene.layout.set_size + 4))):
        scene.add(draw(DEVICES), zone=draw(st.integers(1, 4)), arbiter=draw(arbiter))
    return scene


@settings(deadline=None, max_examples=200)
@given(filled())
def test_what_is_said_to_fit_is_accepted_in_whatever_order(scene: Scene) -> None:
    most = scene.largest()
    assert most == 0 or all(scene.accepted(most) for _try in range(5))


@settings(deadline=None, max_examples=400)
@given(filled(["replicate-3-arbiter"], st.sampled_from(["supported", "supported", "required", "disabled"])))
def test_what_is_said_to_fit_with_arbiters_is_accepted_in_whatever_order(scene: Scene) -> None:
    most = scene.largest()
    assert most == 0 or all(scene.accepted(most) for _try in range(5))


@settings(deadline=None, max_examples=150)
@given(empty([name for name in LAYOUTS if "arbiter" not in name], zones=False), st.data(), st.integers(1, 50))
def test_nothing_larger_is_accepted_where_a_set_has_a_brick_on_every_server(
    scene: Scene, data: st.DataObject, more: int
) -> None:
    for _server in range(scene.layout.set_size):
        scene.add(data.draw(DEVICES))
    scene.check_exact(more)


@settings(deadline=None, max_examples=100)
@given(filled(["none"]), st.integers(1, 50))
def test_nothing_larger_is_accepted_where_a_set_is_one_brick(scene: Scene, more: int) -> None:
    scene.check_exact(more)


@settings(deadline=None, max_examples=150)
@given(
    empty(["replicate-3-arbiter"], zones=False),
    st.tuples(DEVICES, DEVICES),
    # A place for a small arbiter or a few of them, or for large ones.
    st.lists(st.one_of(st.integers(0, 5).map(lambda few: few * 20480 + 1), FREE), min_size=1, max_size=3),
    st.integers(1, 50),
)
def test_nothing_larger_is_accepted_where_arbiters_have_their_own_servers(
    scene: Scene, data: t.Iterable[t.Iterable[int]], arbiters: t.Iterable[int], more: int
) -> None:
    for free in data:
        scene.add(free, arbiter="disabled")
    for free in arbiters:
        scene.add([free], arbiter="required")
    scene.check_exact(more)


@settings(deadline=None, max_examples=300)
@given(filled(arbiter=st.just("supported")), st.integers(1, 300))
def test_a_lucky_order_takes_at_most_four_times_as_much(scene: Scene, asked: int) -> None:
    if any(scene.accepted(asked) for _try in range(5)):
        assert 4 * scene.largest() >= asked


@settings(deadline=None, max_examples=150)
@given(filled(), st.integers(1, 300))
def test_what_is_said_to_be_hopeless_is_accepted_in_no_order(scene: Scene, asked: int) -> None:
    if scene.hopeless(asked):
        assert not any(scene.accepted(asked) for _try in range(10))


@settings(deadline=None, max_examples=80)
@given(empty(["none", "replicate-2", "replicate-3"], zones=False), st.data())
def test_where_a_set_has_a_brick_on_every_server_it_is_known_what_is_hopeless(
    scene: Scene, data: st.DataObject
) -> None:
    for _server in range(scene.layout.set_size):
        scene.add(data.draw(DEVICES))
    assert scene.hopeless(scene.largest() + 1) or scene.accepted(scene.largest() + 1)
