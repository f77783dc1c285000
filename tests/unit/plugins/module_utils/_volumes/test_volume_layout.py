# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.volumes import DURABILITIES
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.layout import (
    Brick,
    Durability,
    Layout,
    Storage,
)

SSD = Storage("server1", "10.0.0.1", "/dev/sdb", "device", "8:16", 1 << 40)
DISK = Storage("server2", "server2.lab", "/srv/", "directory", "fs", 1 << 40)


@pytest.mark.parametrize(
    ("word", "width", "full", "data"),
    [
        ("none", 1, 1, 1),
        ("replicate-2", 2, 2, 1),
        ("replicate-9", 9, 9, 1),
        ("replicate-3-arbiter", 3, 2, 1),
        ("disperse-2+1", 3, 3, 2),
        ("disperse-16+15", 31, 31, 16),
    ],
)
def test_a_durability_by_its_name(word: str, width: int, full: int, data: int) -> None:
    durability = Durability.parse(word)
    assert (durability.width, durability.full, durability.data, str(durability)) == (width, full, data, word)


def test_all_durabilities_of_heketi_have_the_same_names() -> None:
    assert [str(Durability.parse(word)) for word in DURABILITIES] == list(DURABILITIES)


@pytest.mark.parametrize(
    "word",
    ["", None, 3, "arbiter", "replica-3", "replicate-1", "replicate-10", "replicate-2-arbiter", "replicate-３", "None"],
)
def test_no_durability(word: object) -> None:
    with pytest.raises(BadInput) as info:
        Durability.parse(word)
    assert str(info.value) == (
        f"durability {word!r} is none of none, replicate-2 to replicate-9, replicate-3-arbiter and"
        " disperse-DATA+REDUNDANCY."
    )


@pytest.mark.parametrize(
    "word", ["disperse-4+0", "disperse-2+2", "disperse-1+1", "disperse-17+3", "disperse-2+3", "disperse-0+0"]
)
def test_what_gluster_refuses(word: str) -> None:
    with pytest.raises(BadInput) as info:
        Durability.parse(word)
    assert str(info.value) == (
        f"durability {word!r} is none that Gluster has: DATA must be at most 16, and REDUNDANCY at least 1 and less"
        " than DATA."
    )


def test_where_bricks_lie() -> None:
    assert str(SSD.brick("brick_data_1", 1)) == "10.0.0.1:/var/lib/glusterops/bricks/brick_data_1/brick"
    assert str(DISK.brick("brick_data_2", 1)) == "server2.lab:/srv/brick_data_2/brick"


def test_a_name_that_is_too_long_for_the_kernel() -> None:
    name = f"brick_a{'-' * 60}_1"
    assert DISK.new_brick(name, 1).name == SSD.brick(name, 1).name == name
    with pytest.raises(BadInput) as info:
        SSD.new_brick(name, 1)
    assert str(info.value) == (
        f"{name} on server1 /dev/sdb would have a name that is too long for the kernel, which takes each - for two"
        " letters: shorten the share's name."
    )


def test_what_a_brick_holds() -> None:
    assert SSD.brick("brick_data_1", 1 << 40).holds == (1 << 40) - (1 << 33) - (1 << 27)
    assert DISK.brick("brick_data_1", 1 << 40).holds == 1 << 40
    assert Brick(None, "10.0.0.3", "/srv/brick_data_3/brick", "brick_data_3", 0).holds == 0


def test_a_layout_as_gluster_takes_it() -> None:
    first, second = SSD.brick("brick_data_1", 1), DISK.brick("brick_data_2", 1)
    layout = Layout("data", Durability(2), ((first, second), (second, first)))
    assert layout.as_json() == {
        "bricks": list(map(str, [first, second, second, first])),
        "replica": 2,
        "arbiter": 0,
        "disperse": 0,
        "redundancy": 0,
    }
    assert Durability.parse("replicate-3-arbiter") == Durability(replica=3, arbiter=1)
    assert Durability.parse("disperse-4+2") == Durability(disperse=6, redundancy=2)
