# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Brick, Volume
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.recipe import Place
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.reshaping import (
    UNFINISHED,
    Replacing,
    Wanted,
    plan,
    read_wanted,
    unfinished,
)
from hypothesis import given
from hypothesis import strategies as st

KEPT = {"cluster.lookup-optimize": "off"}
SETS = tuple(
    tuple(Place(f"s{server}", f"/brick_v_{3 * number + server}") for server in (1, 2, 3)) for number in range(3)
)
NEW = Place("s9", "/brick_v_99")
ONE, TWO, THREE = SETS


def volume(*sets: tuple[Place, ...], **changed: t.Any) -> Volume:
    bricks = tuple(Brick(brick.server, brick.path, "") for bricks in sets for brick in bricks)
    return Volume("v", "", "Started", "", 3, 0, 0, 0, 0, bricks, dict(KEPT))._replace(**changed)


def wanted(*sets: tuple[Place, ...], **changed: t.Any) -> Wanted:
    given: dict[str, t.Any] = {"name": "v", "replica": 3, **changed}
    return read_wanted({**given, "bricks": [str(brick) for bricks in sets for brick in bricks]})


def replaced(bricks: tuple[Place, ...], at: int, by: Place = NEW) -> tuple[Place, ...]:
    return (*bricks[:at], by, *bricks[at + 1 :])


def test_nothing_to_do() -> None:
    assert not plan(wanted(ONE, TWO), volume(ONE, TWO))
    # In which order its sets are Gluster decides, and the order within a set tells nothing.
    assert not plan(wanted(TWO, ONE), volume(ONE, TWO))
    assert not plan(wanted(ONE[::-1]), volume(ONE))
    assert not plan(wanted(ONE, started=True), volume(ONE))
    assert not plan(wanted(ONE, started=False), volume(ONE, status="Created"))
    assert not plan(wanted(ONE, options={"a.b": True}), volume(ONE, options={**KEPT, "a.b": "on", "c.d": "1"}))


def test_sets_and_bricks() -> None:
    assert plan(wanted(ONE, TWO, THREE), volume(ONE)).added == (*TWO, *THREE)
    assert plan(wanted(THREE), volume(ONE, TWO, THREE)).removed == (*ONE, *TWO)
    todo = plan(wanted(replaced(ONE, 1), THREE), volume(ONE, TWO))
    assert (todo.replaced, todo.added, todo.removed) == ((Replacing(ONE[1], NEW),), THREE, TWO)
    other = Place("s8", "/x")
    todo = plan(wanted(replaced(replaced(ONE, 0), 2, other)), volume(ONE))
    assert todo.replaced == (Replacing(ONE[0], NEW), Replacing(ONE[2], other))
    # Of another set nothing stays: it comes, and then the first one goes.
    assert (plan(wanted(TWO), volume(ONE)).added, plan(wanted(TWO), volume(ONE)).removed) == (TWO, ONE)


def test_changes_are_told_in_order() -> None:
    todo = plan(
        wanted(replaced(ONE, 1), THREE, started=True, options={"a.b": 1}),
        volume(ONE, TWO, status="Stopped", options={UNFINISHED: "heal@v"}),
    )
    assert [(one.what, one.before, one.after) for one in todo.changes] == [
        ("a.b", None, "1"),
        ("cluster.lookup-optimize", None, "off"),
        ("started", False, True),
        ("heal", "unfinished", "done"),
        ("bricks", None, [str(brick) for brick in THREE]),
        ("bricks", [str(ONE[1])], [str(NEW)]),
        ("bricks", [str(brick) for brick in TWO], None),
    ]


@given(
    present=st.lists(st.sampled_from(SETS), min_size=1, max_size=3, unique=True),
    asked=st.lists(st.sampled_from(SETS), min_size=1, max_size=3, unique=True),
    swaps=st.dictionaries(st.integers(0, 2), st.integers(0, 2)),
)
def test_what_is_done_makes_it_as_asked(
    present: list[tuple[Place, ...]], asked: list[tuple[Place, ...]], swaps: dict[int, int]
) -> None:
    sets = [
        replaced(bricks, swaps[number], Place("s9", f"/new-{number}")) if number in swaps else bricks
        for number, bricks in enumerate(asked)
    ]
    before = volume(*present)
    todo = plan(wanted(*sets), before)
    bricks = [Place(brick.server, brick.path) for brick in before.bricks] + list(todo.added)
    for one in todo.replaced:
        bricks[bricks.index(one.old)] = one.new
    bricks = [brick for brick in bricks if brick not in todo.removed]
    after = volume(*[tuple(bricks[at : at + 3]) for at in range(0, len(bricks), 3)])
    assert not plan(wanted(*sets), after)
    # A set from which nothing was taken is not touched, and no set loses more than was asked for.
    kept = [bricks for bricks in present if any(brick in one for one in sets for brick in bricks)]
    assert {brick for bricks in kept for brick in bricks if brick in todo.removed} == set()
    assert all(one.old not in {brick for bricks in sets for brick in bricks} for one in todo.replaced)


@pytest.mark.parametrize(
    "sets",
    [
        ((ONE[0], ONE[1], TWO[2]), (TWO[0], TWO[1], ONE[2])),
        ((ONE[0], TWO[1], NEW),),
        ((ONE[0], NEW, THREE[2]), (ONE[1], THREE[0], Place("s8", "/y"))),
    ],
)
def test_bricks_stay_in_their_sets(sets: tuple[tuple[Place, ...], ...]) -> None:
    with pytest.raises(Conflict, match="shall be one set, and a brick stays in the set that it is in"):
        plan(wanted(*sets), volume(ONE, TWO))


def test_arbiters() -> None:
    before = volume(ONE, arbiter=1)
    assert plan(wanted(replaced(ONE, 2), arbiter=1), before).replaced == (Replacing(ONE[2], NEW),)
    assert plan(wanted(replaced(ONE, 0), arbiter=1), before).replaced == (Replacing(ONE[0], NEW),)
    assert not plan(wanted((ONE[1], ONE[0], ONE[2]), arbiter=1), before)
    for bricks in ((ONE[0], ONE[2], ONE[1]), (ONE[0], ONE[2], NEW), (ONE[0], NEW, ONE[1])):
        with pytest.raises(Conflict, match="is its arbiter, which holds no files, and stays that"):
            plan(wanted(bricks, arbiter=1), before)


@pytest.mark.parametrize(
    "changed, said",
    [
        ({"replica": 2}, "is replica 2, and shall be replica 3"),
        ({"arbiter": 1}, "is replica 3 with an arbiter, and shall be replica 3"),
        ({"replica": 1, "disperse": 3, "redundancy": 1}, "is disperse 3 with redundancy 1, and shall be replica 3"),
        ({"replica": 1}, "is without copies, and shall be"),
    ],
)
def test_durability_stays(changed: dict[str, t.Any], said: str) -> None:
    with pytest.raises(Conflict, match=said):
        plan(wanted(ONE), volume(ONE, **changed))


def test_what_others_began() -> None:
    todo = plan(wanted(ONE), volume(ONE, TWO, THREE), leaving=TWO)
    assert (todo.leaving, todo.removed) == (TWO, THREE)
    with pytest.raises(Conflict, match="began to remove s1:/brick_v_4, .* which shall stay. Stop that with"):
        plan(wanted(ONE, TWO), volume(ONE, TWO, THREE), leaving=TWO)
    # It is nobody's business where nothing else is done to its bricks.
    assert not plan(wanted(ONE, TWO), volume(ONE, TWO), leaving=TWO)


def test_what_was_interrupted() -> None:
    before = volume(ONE, options={**KEPT, UNFINISHED: "rebalance@v"})
    todo = plan(wanted(ONE), before)
    assert todo.unfinished == "rebalance" and [one.what for one in todo.changes] == ["rebalance"]
    for value in ("rebalance@parent", "-", "", "nonsense@v", "rebalance"):
        assert unfinished(volume(ONE, options={UNFINISHED: value})) is None


def test_a_volume_that_is_not_started() -> None:
    stopped = volume(ONE, status="Stopped")
    with pytest.raises(Refused, match="is not started, so nothing can be moved between its bricks"):
        plan(wanted(ONE, TWO), stopped)
    assert plan(wanted(ONE, TWO, started=True), stopped).start
    assert plan(wanted(ONE, started=False), volume(ONE)).stop


SHARE = {**KEPT, **holding.mark("data", "v", holding.IN_USE, holding.ADOPTED)}


def test_a_share() -> None:
    assert plan(wanted(ONE, TWO), volume(ONE, options=SHARE)).added == TWO
    with pytest.raises(BadInput, match="holds a share, and its options may not have auth.ssl-allow"):
        plan(wanted(ONE, options={"auth.ssl-allow": "me"}), volume(ONE, options=SHARE))
    for started, status in ((True, "Created"), (False, "Started")):
        with pytest.raises(Refused, match="holds a share: it is started by gluster_shares"):
            plan(wanted(ONE, started=started), volume(ONE, options=SHARE, status=status))
    with pytest.raises(Refused, match="holds share 'data': remove the share first"):
        plan(wanted(state="absent"), volume(ONE, options=SHARE))
    # A clone has its parent's mark.
    assert plan(wanted(state="absent"), volume(ONE, options=holding.mark("data", "parent", "in-use", "x"))).delete
    assert plan(wanted(state="absent"), volume(ONE, options=holding.unmark())).delete
    with pytest.raises(Refused, match="has 2 snapshots: delete them first"):
        plan(wanted(state="absent"), volume(ONE, snapshots=2))


@pytest.mark.parametrize(
    "given, said",
    [
        ({"options": {"cluster.lookup-optimize": "on"}}, "may not have cluster.lookup-optimize=on"),
        ({"options": {UNFINISHED: "heal@v"}}, "is what this module itself notes"),
        ({"options": {"a b": "c"}}, "Volume 'v': options: 'a b' is not an option's name"),
        ({"bricks": ["nonsense"]}, "brick 'nonsense' must be HOST:/PATH"),
        ({"bricks": ["a:/b"]}, "cannot have 1 bricks"),
        ({"name": "a/b", "state": "absent"}, "is not a volume name"),
    ],
)
def test_bad_input(given: dict[str, t.Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_wanted({"name": "v", "replica": 3, "bricks": [str(brick) for brick in ONE], **given})
