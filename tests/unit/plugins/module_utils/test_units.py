# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._units import GIB, format_size, parse_bytes, parse_size
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "text, size",
    [
        ("1K", 1024),
        ("100G", 100 * GIB),
        ("100 GiB", 100 * GIB),
        ("1gb", GIB),
        ("1.5T", 1536 * GIB),
        ("0.5G", GIB // 2),
        (" 2M ", 2 * 1024**2),
        ("16384P", 16384 * 1024**5),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "G",
        "100",
        "-1G",
        "1,5G",
        "10 potatoes",
        "1GG",
        "1 G B",
        "1e3G",
        "0x10G",
        "G1",
        "1.G",
        ".5G",
        "１G",
        "1G\n",
        None,
        5,
    ],
)
def test_what_is_not_a_size(text: object) -> None:
    with pytest.raises(BadInput, match=r"is not a size: write a number and K, M, G, T or P, as in '100G'"):
        parse_size(text)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["0G", "0.0T", "0.000001K"])
def test_nothing_is_no_size(text: str) -> None:
    with pytest.raises(BadInput, match="must be more than nothing"):
        parse_size(text)


@given(st.integers(min_value=1, max_value=2**59))
def test_writing_and_reading_whole_kibibytes_agree(size: int) -> None:
    assert parse_size(format_size(size * 1024)) == size * 1024


def test_sizes_that_no_unit_divides_are_written_in_bytes() -> None:
    assert format_size(1000) == "1000B"


@pytest.mark.parametrize("value, size", [(1, 1), (GIB, GIB), ("1073741824", GIB), ("1G", GIB)])
def test_sizes_may_be_bytes(value: object, size: int) -> None:
    assert parse_bytes(value) == size


@pytest.mark.parametrize("value", [0, -1, True, 1.5, None, "", "0", "-1", "1e3", "\u0661", [1]])
def test_what_is_no_size_in_bytes(value: object) -> None:
    with pytest.raises(BadInput, match="is not a size"):
        parse_bytes(value, "size of x")
