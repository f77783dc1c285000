# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import string
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict, NotFound, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding, pool
from ansible_collections.glusterops.shares.plugins.module_utils._units import GIB
from hypothesis import given
from hypothesis import strategies as st

PATTERN = "pool-#{size}G-[0-9]+"
MANILA_ID = "0f4b5c1e-7d6a-4a55-9d35-6f0c2d6b8a11"


def volume(name: str, **options: str) -> Volume:
    return Volume(
        name=name,
        id="",
        status="Started",
        type="Distribute",
        replica=1,
        arbiter=0,
        disperse=0,
        redundancy=0,
        snapshots=0,
        bricks=(),
        options={key.replace("__", ".").replace("_", "-"): value for key, value in options.items()},
    )


def marked(name: str, share: str, state: str = holding.IN_USE, origin: str = holding.POOL) -> Volume:
    found = volume(name)
    found.options.update(holding.mark(share, name, state, origin))
    return found


def choose(size: int | None, *names: str, pattern: str = PATTERN) -> str:
    return pool.choose("s", size, pool.compile_pattern(pattern), [pool.Supply(name) for name in names], names).name


@pytest.mark.parametrize(
    ("pattern", "name", "size"),
    [
        (PATTERN, "pool-20G-1", 20 * GIB),
        (PATTERN, "pool-020G-1", 20 * GIB),
        (PATTERN, "pool-20G-1x", None),
        (PATTERN, "xpool-20G-1", None),
        ("manila-glusterfs-native-vol-#{size}G-\\d+$", "manila-glusterfs-native-vol-20G-7", 20 * GIB),
        ("pool-#size-a", "pool-5-a", 5 * GIB),
        (r"pool-(?P<size>\d+)-a", "pool-5-a", 5 * GIB),
        (r"pool-(?P<size>.*)-a", "pool-big-a", None),
        ("pool-(#{size}G|any)-a", "pool-any-a", None),
        ("pool-(#{size}G|any)-a", "pool-7G-a", 7 * GIB),
        ("pool-.*", "pool-7G-a", None),
    ],
)
def test_sizes_in_names(pattern: str, name: str, size: int | None) -> None:
    assert pool.compile_pattern(pattern).size_of(name) == size


def test_a_doubled_hash_is_one() -> None:
    assert pool.compile_pattern("a##b").regex.fullmatch("a#b")


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("pool-(#{size}G", "is not a regular expression: missing \\)"),
        ("pool-#{size}G-#{size}", "has #{size} 2 times: a volume has one size"),
        ("pool-#{size}-(?P<size>.)", "is not a regular expression: redefinition"),
        ("pool-#{name}", "has '#{name}': only #{size} has a meaning"),
        ("pool-#", "has '#': only #{size} has a meaning"),
        ("pool-#{}", "has '#': only #{size} has a meaning"),
        ("", "is not a pattern: give"),
        ("x" * 501, "is not a pattern: give"),
        (20, "20 is not a pattern"),
        ("pool-{9999999999999}", "is not a regular expression"),
        ("*", "is not a regular expression: nothing to repeat"),
    ],
)
def test_patterns_that_cannot_be(pattern: t.Any, said: str) -> None:
    with pytest.raises(BadInput, match=said.replace("{", "\\{").replace("}", "\\}")):
        pool.compile_pattern(pattern)


def test_the_smallest_that_suffices() -> None:
    names = ["pool-100G-1", "pool-20G-2", "pool-30G-1", "pool-20G-10", "other-20G-1"]
    assert choose(20 * GIB, *names) == "pool-20G-2"
    assert choose(20 * GIB + 1, *names) == "pool-30G-1"
    assert choose(1, *names) == "pool-20G-2"
    assert choose(GIB, "pool-20G-10", "pool-20G-9") == "pool-20G-9"
    with pytest.raises(NotFound, match="share 's' of 101G: of the volumes that match .* the largest free one has 100G"):
        choose(101 * GIB, *names)
    with pytest.raises(NotFound, match="there is none whose whole name matches 'pool-.*Correct the pattern"):
        choose(GIB)
    with pytest.raises(NotFound, match="of the volumes that match .* none is free. Give volumes back, or make more."):
        pool.choose("s", GIB, pool.compile_pattern(PATTERN), [], ["pool-1G-1"])


def test_without_a_size_as_a_last_resort() -> None:
    pattern = "pool-(#{size}G|any)-.*"
    assert choose(20 * GIB, "pool-any-a", "pool-100G-a", pattern=pattern) == "pool-100G-a"
    assert choose(200 * GIB, "pool-any-a", "pool-100G-a", pattern=pattern) == "pool-any-a"
    assert choose(200 * GIB, "pool-2", "pool-1", pattern="pool-.*") == "pool-1"
    assert choose(None, "pool-2G-1", "pool-1G-1") == "pool-1G-1"


def test_the_cluster_with_most_of_them() -> None:
    supplies = [pool.Supply("pool-1G-1", "a"), pool.Supply("pool-1G-1", "b"), pool.Supply("pool-1G-2", "b")]
    pattern = pool.compile_pattern(PATTERN)
    assert pool.choose("s", GIB, pattern, supplies, ()) == pool.Supply("pool-1G-1", "b")
    supplies.remove(pool.Supply("pool-1G-1", "b"))
    assert pool.choose("s", GIB, pattern, supplies, ()).cluster == "a"


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(0, 5)), max_size=20, unique=True),
    st.integers(1, 50 * GIB),
)
def test_never_too_small_and_never_larger_than_needed(made: list[tuple[int, int]], size: int) -> None:
    names = [f"pool-{gib}G-{number}" for gib, number in made]
    fitting = [gib for gib, _number in made if gib * GIB >= size]
    if not fitting:
        with pytest.raises(NotFound):
            choose(size, *names)
    else:
        assert choose(size, *names).startswith(f"pool-{min(fitting)}G-")


@given(st.text(string.ascii_letters + "#{}()*+?.\\-|size0", max_size=40))
def test_any_text_is_a_pattern_or_bad_input(text: str) -> None:
    try:
        size = pool.compile_pattern(text).size_of("pool-20G-1")
    except BadInput:
        size = None
    assert size is None or size % GIB == 0


def is_free(of: Volume) -> bool:
    return holding.why_not_free(holding.Holding(of, clients=0, tasks=(), away=()), ()) is None


def test_whose_a_volume_is() -> None:
    mine = marked("pool-1", "data")
    assert holding.share_of(mine) == "data" and not is_free(mine)
    assert holding.mark_of(mine) == holding.Mark("data", "in-use", "pool")
    # A clone inherits its parent's options.
    clone = volume("clone")
    clone.options.update(mine.options)
    assert holding.mark_of(clone) is None and holding.share_of(clone) is None and not is_free(clone)
    returned = marked("pool-1", "data")
    returned.options.update(holding.unmark())
    assert is_free(returned) and holding.share_of(returned) is None and holding.mark_of(returned) is None
    untouched = volume("pool-1")
    assert is_free(untouched) and holding.share_of(untouched) == "pool-1"


@pytest.mark.parametrize(
    ("value", "free"),
    [(MANILA_ID, False), (MANILA_ID.upper(), False), (MANILA_ID.replace("-", ""), False), ("NONE", True)],
)
def test_manilas_mark(value: str, free: bool) -> None:
    assert is_free(volume("pool-1", user__manila_share=value)) is free


def holders(*volumes: Volume) -> holding.Holders:
    return holding.Holders({one.name: one for one in volumes})


def test_two_volumes_of_one_share() -> None:
    used, claim = marked("pool-2", "data"), marked("pool-1", "data", holding.PREPARING)
    found = holders(claim, used)
    assert found.get("data") is used and found.superfluous("data") == ("pool-1",)
    assert "data" in found and list(found) == ["data"] and found.get("other") is None
    claims = holders(marked("pool-10", "data", holding.PREPARING), marked("pool-9", "data", holding.PREPARING))
    assert claims["data"].name == "pool-9" and claims.superfluous("data") == ("pool-10",)
    twice = holders(used, marked("pool-3", "data"), claim)
    assert "data" in twice
    with pytest.raises(Conflict, match="'pool-2' and 'pool-3' both hold share 'data'"):
        twice.get("data")
    # A clone is no claim of a pool: it holds data.
    with pytest.raises(Conflict):
        holders(used, marked("data", "data", holding.PREPARING, "snapshot:s")).get("data")


def place(clusters: dict[str, pool.Stock], *wanted: pool.Wanted, pattern: str = PATTERN) -> dict[str, str | None]:
    return pool.place(wanted, clusters)


def wanted(name: str, gib: int = 1, **values: t.Any) -> pool.Wanted:
    return pool.Wanted(name, gib * GIB, **{"pattern": pool.compile_pattern(PATTERN), **values})


def test_places() -> None:
    clusters = {
        "east": pool.Stock({"old"}, (), ["pool-1G-1", "pool-2G-1"], ["monday"]),
        "west": pool.Stock({"made"}, (), ["pool-1G-1"], []),
    }
    heketi = pool.Wanted("new-by-heketi")
    found = place(
        clusters,
        wanted("old"),
        wanted("a"),
        wanted("b"),
        wanted("c"),
        heketi,
        pool.Wanted("made"),
        pool.Wanted("copy", snapshot="monday"),
    )
    assert found == {
        "old": "east",
        "a": "east",
        "b": "west",
        "c": "east",
        "new-by-heketi": None,
        "made": "west",
        "copy": "east",
    }
    assert place(clusters, wanted("a", cluster="west")) == {"a": "west"}
    assert place({"only": clusters["east"]}, heketi) == {"new-by-heketi": "only"}


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        (wanted("old", cluster="west"), Conflict, "is on cluster east, not on west: a share does not move"),
        (wanted("both"), Conflict, "is on clusters east and west"),
        (wanted("a", cluster="north"), BadInput, "cluster 'north' is none of east, west"),
        (wanted("a", 3), NotFound, "of 3G: of the volumes that match .* the largest free one has 2G"),
        (pool.Wanted("copy", snapshot="tuesday"), NotFound, "snapshot 'tuesday' is on no cluster. Make it first"),
        (pool.Wanted("copy", snapshot="both"), NotFound, "is on east and west. Say on which with cluster"),
    ],
)
def test_places_that_cannot_be(asked: pool.Wanted, error: type[Exception], said: str) -> None:
    clusters = {
        "east": pool.Stock({"old", "both"}, ["pool-1G-1", "pool-2G-9"], ["pool-1G-1"], ["both"]),
        "west": pool.Stock({"both"}, ["pool-2G-1"], ["pool-2G-1"], ["both"]),
    }
    with pytest.raises(error, match=said):
        place(clusters, wanted("fine"), asked)


def test_all_that_cannot_be_placed_is_named_at_once() -> None:
    with pytest.raises(Refused, match="2 shares cannot be placed, so nothing was changed"):
        place({"east": pool.Stock(())}, wanted("a"), wanted("b"))
