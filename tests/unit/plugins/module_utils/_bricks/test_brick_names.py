# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._bricks import names
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from hypothesis import given
from hypothesis import strategies as st

_MIB, _GIB, _TIB = 1024**2, 1024**3, 1024**4

# Size of a file system in MiB, and what statvfs has of it for its users, as measured with mkfs.xfs 6.1 and names.xfs().
_FRESH = {516: 422.6, 768: 666.6, 1024: 920.8, 2048: 1937.6, 10240: 10072.1, 102400: 101589.5, 1048576: 1040722.7}
# From, to, and the same after xfs_growfs.
_GROWN = [(512, 1024, 927.2), (512, 10240, 10074.9), (512, 102400, 101551.4), (512, 1048576, 1040710.8)]
_GROWN += [(1024, 51200, 50724.7), (10240, 1048576, 1041075.6), (1048576, 4194304, 4164956.9)]


@given(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", fullmatch=True), st.integers(1, 999_999_999))
def test_a_name_tells_which_brick_it_is(volume: str, number: int) -> None:
    if volume.isascii():
        assert names.parse(names.name(volume, number)) == (volume, number)
        assert names.of_path(f"/srv/{names.name(volume, number)}/brick") == (volume, number)


@pytest.mark.parametrize("volume", ["", "-a", "a" * 65, "a b", "a/b", "ä", "a\n"])
def test_no_brick_is_called_after_such_a_volume(volume: str) -> None:
    with pytest.raises(BadInput, match="1 to 64 of"):
        names.name(volume, 1)


@pytest.mark.parametrize("number", [0, -1, 1_000_000_000])
def test_numbers_have_ends(number: int) -> None:
    with pytest.raises(BadInput, match="from 1 to"):
        names.name("a", number)


@pytest.mark.parametrize("called", ["brick_a_0", "brick_a_01", "brick_a", "brick__1x", "Brick_a_1", "brick_a_1\n", "x"])
def test_others_are_not_ours(called: str) -> None:
    assert names.parse(called) is None


def test_a_volume_may_be_called_like_a_brick() -> None:
    assert names.parse("brick_brick_a_1_2") == ("brick_a_1", 2)
    assert names.parse("brick_a_1_2") == ("a_1", 2)


@pytest.mark.parametrize(
    "path", ["brick_a_1/brick", "/srv/brick_a_1", "/srv/brick_a_1/brick/", "/srv/x/brick", "/brick"]
)
def test_other_paths_are_not_ours(path: str) -> None:
    assert names.of_path(path) is None


def test_a_volume_is_ours_if_all_its_bricks_are() -> None:
    ours = ["/srv/brick_a_1/brick", "/var/lib/glusterops/bricks/brick_a_2/brick"]
    assert names.made("a", ours)
    assert not names.made("b", ours)
    assert not names.made("a", [*ours, "/srv/a"])
    assert not names.made("a", [])


@given(st.sampled_from([names.DEVICE, names.DIRECTORY]), st.integers(1, 500 * _TIB))
def test_what_is_needed_suffices_and_is_the_least(kind: str, least: int) -> None:
    size = names.needed(kind, least)
    assert names.usable(kind, size) >= least
    if kind == names.DEVICE:
        assert size % (4 * _MIB) == 0 and size >= names.LEAST
        assert size == names.LEAST or names.usable(kind, size - 4 * _MIB) < least
    else:
        assert size == least


@pytest.mark.parametrize(("size", "there"), list(_FRESH.items()))
def test_no_more_is_promised_than_xfs_has(size: int, there: float) -> None:
    assert 0.7 * there < names.usable(names.DEVICE, size * _MIB) / _MIB < there


@pytest.mark.parametrize(("_from", "size", "there"), _GROWN)
def test_nor_than_grown_xfs_has(_from: int, size: int, there: float) -> None:
    assert names.usable(names.DEVICE, size * _MIB) / _MIB < there


def test_nothing_is_promised_of_a_brick_too_small() -> None:
    assert names.usable(names.DEVICE, 100 * _MIB) == 0
    assert names.needed(names.DEVICE, 1) == names.LEAST
    assert names.needed(names.DEVICE, 10 * _GIB) < 10.3 * _GIB
