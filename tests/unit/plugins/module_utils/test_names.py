# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._names import (
    check_common_name,
    check_pattern,
    check_unique,
    check_volume_name,
)
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import matches
from hypothesis import given
from hypothesis import strategies as st

BAD_NAMES = ["", " ", "a b", "a,b", "a\n", "a\x00", "ä", "a*", "a?", "[a]", "$(id)", "a;b", "a" * 65, None, 1, "*"]


@pytest.mark.parametrize("value", BAD_NAMES)
def test_bad_common_names(value: object) -> None:
    with pytest.raises(BadInput, match="is not a valid name"):
        check_common_name(value)


@pytest.mark.parametrize("value", [name for name in BAD_NAMES if name != "a*"] + ["**", ".*", "-*-", "*" * 64])
def test_bad_patterns(value: object) -> None:
    with pytest.raises(BadInput, match="is not a valid name"):
        check_pattern(value)


@pytest.mark.parametrize("value", ["glusterfs-server-*", "*.example.com", "a*b", "server1"])
def test_patterns(value: str) -> None:
    assert check_pattern(value) == value


@given(st.text(max_size=70))
def test_a_name_that_passes_matches_itself_only(value: str) -> None:
    try:
        check_common_name(value)
    except BadInput:
        return
    assert matches(value, value)
    assert not matches(value + "x", value)
    assert not any(character in value for character in "*?[], \n")


@pytest.mark.parametrize("value", ["", "all", "-x", "a b", "a/b", "a.b", "$(id)", "a'", 'a"', "a\n", "x" * 129, None])
def test_bad_volume_names(value: object) -> None:
    with pytest.raises(BadInput, match="is not a volume name"):
        check_volume_name(value)


def test_volume_names() -> None:
    assert [check_volume_name(name) for name in ("tenant-a-data", "V_1", "allx", "x" * 128)]


def test_what_stands_twice_is_named() -> None:
    with pytest.raises(BadInput, match="share 'b' stands more than once"):
        check_unique(["a", "b", "c", "b"], "share")
    check_unique(["a", "b"], "share")
