# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    Refused,
    TimedOut,
    Unreachable,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers, quota
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Limit
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._volumes import recipe as recipes
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.moving import Pool
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.reconcile import reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.reshaping import (
    UNFINISHED,
    Wanted,
    plan,
    read_wanted,
)
from servers_told import Killed, Servers, uuid

FIRST = [f"s{server}:/brick_v_{server}/brick" for server in (1, 2, 3)]
SECOND = [f"s{server}:/brick_v_{server + 3}/brick" for server in (1, 2, 3)]
OTHER = "s4:/brick_v_7/brick"


def wanted(*bricks: str, name: str = "v", **given: t.Any) -> Wanted:
    return read_wanted({"name": name, "replica": 3, "bricks": bricks, **given})


class Run:
    """Runs on one pool."""

    def __init__(self, path: pathlib.Path) -> None:
        self.servers = Servers("s1", "s2", "s3", "s4")
        self.slept = 0.0
        self.pool = Pool(self.servers.cli, timeout=20, locks=str(path), sleep=self._sleep)
        self.limits: list[tuple[str, int, list[str]]] = []

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds

    def __call__(self, *asked: Wanted, check_mode: bool = False) -> list[Change]:
        return reconcile(self.pool, asked, check_mode)[0]

    def sequence(self) -> list[str]:
        """What was changed, shortly."""
        return [
            " ".join([words[1], *(word for word in words[3:] if ":/" not in word and word != "v")]).strip()
            for words in self.servers.changed
        ]


@pytest.fixture
def run(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    run = Run(tmp_path)
    monkeypatch.setattr(quota, "limit", lambda *_arguments, **_named: Limit(1000, 10))

    def set_limit(_cli: object, name: str, size: int, _sleep: object) -> None:
        run.limits.append((name, size, run.servers.bricks(name)))

    monkeypatch.setattr(quota, "set_limit", set_limit)
    return run


def started(run: Run, *bricks: str, **options: str) -> None:
    run.servers.make("v", *bricks, replica=3, status="Started")
    run.servers.volumes["v"].options.update({"cluster.lookup-optimize": "off", "features.quota": "on", **options})


LOOKUP_OFF = "cluster.lookup-optimize off"


def test_made_once(run: Run) -> None:
    asked = wanted(*FIRST, started=True, options={"client.ssl": True})
    predicted = run(asked, check_mode=True)
    assert run.servers.changed == []
    assert run(asked) == predicted == [Change("v", "volume", None, FIRST), Change("v", "started", False, True)]
    assert run.sequence() == [
        "create replica 3",
        f"set client.ssl on {LOOKUP_OFF}",
        f"set client.ssl on {LOOKUP_OFF}",
        "start",
    ]
    run.servers.asked.clear()
    assert run(asked) == []
    assert [words for _at, words in run.servers.asked] == [["volume", "info"]]


def test_what_is_told(run: Run) -> None:
    changes, told = reconcile(run.pool, [wanted(*FIRST), read_wanted({"name": "gone", "state": "absent"})], False)
    assert len(changes) == 1
    assert [(one["name"], one["started"], one["replica"], one["bricks"]) for one in told] == [("v", False, 3, FIRST)]


def test_grown(run: Run) -> None:
    started(run, *FIRST)
    asked = wanted(*FIRST, *SECOND)
    predicted = run(asked, check_mode=True)
    assert run.servers.changed == []
    assert run(asked) == predicted == [Change("v", "bricks", None, SECOND)]
    assert run.sequence() == [
        f"set {LOOKUP_OFF} {UNFINISHED} rebalance@v",
        "add-brick",
        f"set {LOOKUP_OFF}",
        "rebalance start",
        f"set {UNFINISHED} -",
    ]
    # New bricks lack it.
    assert run.limits == [("v", 1000, [*FIRST, *SECOND])]
    assert run(asked) == []


def test_without_quota_there_is_no_limit(run: Run) -> None:
    started(run, *FIRST)
    run.servers.volumes["v"].options["features.quota"] = "off"
    run(wanted(*FIRST, *SECOND))
    assert run.limits == []


def test_a_rebalance_with_failures_is_begun_again(run: Run) -> None:
    started(run, *FIRST)
    run.servers.rebalances["v"] = [("completed", 0), ("completed", 3), ("completed", 3), ("completed", 0)]
    run(wanted(*FIRST, *SECOND))
    assert run.sequence().count("rebalance start") == 2
    started(run, *FIRST)
    run.servers.rebalances["v"] = [("failed", 0)]
    with pytest.raises(Conflict, match=r"its rebalance is failed .*, 5 times: see /var/log/glusterfs/v-rebalance.log"):
        run(wanted(*FIRST, *SECOND))
    assert run.servers.volumes["v"].options[UNFINISHED] == "rebalance@v"


def test_a_rebalance_that_takes_too_long_is_waited_for_by_the_next_run(run: Run) -> None:
    started(run, *FIRST)
    run.servers.rebalances["v"] = [("completed", 0), ("in progress", 0)]
    asked = wanted(*FIRST, *SECOND)
    with pytest.raises(TimedOut, match="its rebalance is in progress .* after 20 seconds, and goes on") as caught:
        run(asked)
    assert caught.value.details["changes"] == [Change("v", "bricks", None, SECOND)]
    assert run.slept == 20
    run.servers.changed.clear()
    run.servers.rebalances["v"] = [("in progress", 0), ("completed", 0)]
    assert run(asked) == [Change("v", "rebalance", "unfinished", "done")]
    assert run.sequence() == [f"set {LOOKUP_OFF}", "rebalance start", f"set {UNFINISHED} -"]


def test_bricks_that_are_refused(run: Run) -> None:
    started(run, *FIRST)
    run.servers.refusals.append(("volume add-brick", "Staging failed on s3. Error: whatever"))
    with pytest.raises(Refused, match="Staging failed on s3.* It may have marked s2:.*, s3:"):
        run(wanted(*FIRST, *SECOND))
    # Nothing is left to be done.
    assert run.sequence()[-1] == f"set {UNFINISHED} -"


def test_one_of_a_set_after_the_other(run: Run) -> None:
    started(run, *FIRST)
    five = "s5:/brick_v_8/brick"
    asked = wanted(OTHER, five, FIRST[2])
    assert run(asked) == [Change("v", "bricks", FIRST[:1], [OTHER]), Change("v", "bricks", FIRST[1:2], [five])]
    once = [
        f"set {LOOKUP_OFF} {UNFINISHED} heal@v",
        "replace-brick commit force",
        "heal",
        "heal",
        f"set {UNFINISHED} -",
    ]
    assert run.sequence() == [*once, *once]
    # Before, and twice after each.
    assert sum(words[1] == "heal" and words[-1] == "summary" for _at, words in run.servers.asked) == 6


def test_nothing_is_replaced_before_all_is_healed(run: Run) -> None:
    started(run, *FIRST)
    run.servers.heals = [1] * 100
    with pytest.raises(Refused, match=r"'v' cannot have a brick replaced: .* entries that other bricks lack \(1\)"):
        run(wanted(OTHER, *FIRST[1:]))
    assert run.servers.bricks("v") == FIRST and UNFINISHED not in run.servers.volumes["v"].options
    run.servers.heals = [0] + [7] * 100
    with pytest.raises(Refused, match="'v' cannot be called healed"):
        run(wanted(OTHER, *FIRST[1:]))
    # What is not healed is not forgotten, and nothing else begins meanwhile.
    with pytest.raises(Refused, match="'v' cannot be called healed"):
        run(wanted(OTHER, "s5:/brick_v_8/brick", FIRST[2]))
    assert run.servers.bricks("v") == [OTHER, *FIRST[1:]]
    run.servers.heals = []
    assert [change.what for change in run(wanted(OTHER, *FIRST[1:]))] == ["heal"]


@pytest.mark.parametrize("asked", [[OTHER, *FIRST[1:], *SECOND], FIRST, [*FIRST, *SECOND, OTHER, "s2:/x", "s3:/x"]])
def test_nothing_is_moved_while_a_brick_is_down(run: Run, asked: list[str]) -> None:
    started(run, *FIRST, *SECOND)
    run.servers.down.add("s2")
    with pytest.raises(Refused, match="s2:/brick_v_2/brick is down: start it with 'gluster volume start v force'"):
        run(wanted(*asked))
    assert run.servers.bricks("v") == [*FIRST, *SECOND] and run.servers.leaving == {}


def test_a_set_goes(run: Run) -> None:
    started(run, *FIRST, *SECOND)
    asked = wanted(*FIRST)
    assert run(asked, check_mode=True) == run(asked) == [Change("v", "bricks", SECOND, None)]
    assert run.sequence() == [f"set {LOOKUP_OFF}", "remove-brick start", "remove-brick commit"]


@pytest.mark.parametrize("by", ["count", "commit"])
def test_files_that_could_not_be_moved_are_moved_again(run: Run, by: str) -> None:
    started(run, *FIRST, *SECOND)
    if by == "count":
        run.servers.rebalances["v"] = [("completed", 0), ("completed", 11), ("completed", 11), ("completed", 0)]
    else:
        said = "use 'force' option as migration of some files might have been skipped or has failed"
        run.servers.refusals.append((f"volume remove-brick v {' '.join(SECOND)} commit", said))
    run(wanted(*FIRST))
    again = [one for one in run.sequence() if one.startswith("remove-brick")]
    commit = ["remove-brick commit"] if by == "commit" else []
    assert again == ["remove-brick start", *commit, "remove-brick stop", "remove-brick start", "remove-brick commit"]
    started(run, *FIRST, *SECOND)
    run.servers.rebalances["v"] = [("completed", 11)]
    with pytest.raises(Conflict, match="not all files could be moved from s1:/brick_v_4/brick, .* It goes on"):
        run(wanted(*FIRST))
    assert run.servers.bricks("v") == [*FIRST, *SECOND]


def test_what_is_seen_to_hold_nothing_may_go(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file that a client deletes meanwhile counts as one that could not be moved."""
    looked: list[str] = []

    def holds_nothing(path: str, _volume: object) -> bool:
        looked.append(path)
        return len(looked) > 1

    monkeypatch.setattr(recipes, "holds_nothing", holds_nothing)
    started(run, *FIRST, *SECOND)
    run.servers.rebalances["v"] = [("completed", 11)]
    run(wanted(*FIRST))
    # The first time something was left.
    assert [one for one in run.sequence() if one.startswith("remove-brick")] == [
        *("remove-brick start", "remove-brick stop", "remove-brick start"),
        "remove-brick force",
    ]
    assert looked == ["/brick_v_4/brick"] * 2
    # Of a set that has no brick here it is not known.
    looked.clear()
    run.servers.changed.clear()
    away = ["s2:/brick_v_8/brick", "s3:/brick_v_9/brick", "s4:/brick_v_10/brick"]
    started(run, *FIRST, *away)
    with pytest.raises(Conflict, match="on a server that has a brick of each of these sets"):
        run(wanted(*FIRST))
    assert looked == [] and "remove-brick force" not in run.sequence()


def test_a_removal_that_somebody_began_is_gone_on_with(run: Run) -> None:
    started(run, *FIRST, *SECOND)
    run.servers.leaving["v"] = SECOND
    run.servers.rebalances["v"] = [("in progress", 0), ("completed", 0)]
    assert run(wanted(*FIRST)) == [Change("v", "bricks", SECOND, None)]
    assert run.sequence() == ["remove-brick commit"]


def test_deleted(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    started(run, *FIRST)
    absent = read_wanted({"name": "v", "state": "absent"})
    kinds = {"fuse": 2, "glustershd": 3}
    monkeypatch.setattr(answers, "settled_clients", lambda *_arguments: {"v": kinds})
    for check_mode in (True, False):
        with pytest.raises(Refused, match="is not deleted: 2 clients are connected to it"):
            run(absent, check_mode=check_mode)
    kinds = {"glustershd": 3, "quotad": 3}
    run.servers.leaving["v"] = FIRST
    with pytest.raises(Refused, match="bricks of it are being removed"):
        run(absent)
    run.servers.leaving.clear()
    assert run.servers.changed == []
    assert run(absent, check_mode=True) == run(absent) == [Change("v", "volume", FIRST, None)]
    assert run.sequence() == ["stop", "delete"] and run(absent) == []


def test_all_are_checked_before_the_first_is_changed(run: Run) -> None:
    good = wanted(*[brick.replace("_v_", "_w_") for brick in FIRST], name="w")
    started(run, *FIRST)
    for bad, error, said in (
        (wanted(*FIRST[:2], OTHER, replica=3, arbiter=1), Conflict, "'v' is replica 3, and shall be"),
        (wanted(FIRST[0], *SECOND[1:], name="x"), Conflict, "brick s1:/brick_v_1/brick is, holds or lies in"),
        (wanted(*good_bricks(good), name="x"), BadInput, "is asked for by volumes 'w' and 'x'"),
    ):
        with pytest.raises(error, match=said):
            run(good, bad)
    assert run.servers.changed == []
    with pytest.raises(BadInput, match="volume 'w' stands more than once"):
        run(good, good)
    run.servers.peers["s4"] = run.servers.peers["s4"]._replace(connected=False)
    with pytest.raises(Unreachable, match="No volume is made or changed while servers"):
        run(good, check_mode=True)


def test_two_names_of_one_server_in_a_set_that_grows(run: Run) -> None:
    started(run, *FIRST)
    # As 10.0.0.4 the server is known from another volume.
    volume = run.servers.make("other", "10.0.0.4:/other")
    run.servers.volumes["other"] = volume._replace(bricks=(volume.bricks[0]._replace(server_uuid=uuid("s3")),))
    for asked in ([*FIRST, SECOND[0], "10.0.0.4:/a", SECOND[2]], ["10.0.0.4:/a", *FIRST[1:]]):
        with pytest.raises(BadInput, match="10.0.0.4:/a and s3:.* would be of one set, and are on one server"):
            run(wanted(*asked), check_mode=True)


def good_bricks(one: Wanted) -> list[str]:
    return [str(brick) for brick in one.recipe.bricks]


def test_what_fails_holds_no_other_back(run: Run) -> None:
    names = ("a", "b", "c")
    asked = [wanted(*[brick.replace("_v_", f"_{name}_") for brick in FIRST], name=name) for name in names]
    run.servers.refusals.append(("volume create b", "whatever"))
    with pytest.raises(Refused, match="whatever"):
        run(*asked)
    assert set(run.servers.volumes) == {"a", "c"}
    assert [change.subject for change in run(*asked)] == ["b"]


def test_what_is_not_there_afterwards_is_no_success(run: Run) -> None:
    asked = wanted(*FIRST, options={"a.b": "1"})
    run.servers.make("v", *FIRST, replica=3)
    update = run.servers._update
    run.servers._update = lambda *_arguments, **_named: None  # type: ignore[method-assign]
    with pytest.raises(Conflict, match="v: what was done is not there afterwards.* v: a.b is None and shall be 1"):
        run(asked)
    run.servers._update = update  # type: ignore[method-assign]
    run(asked)


# What is there, what is asked for, and what has to be done in this order, whoever does which part of it.
SITUATIONS: dict[str, tuple[list[str], dict[str, t.Any], list[str]]] = {
    "made": ([], {"bricks": FIRST, "started": True}, ["create", "set", "start"]),
    "grown": (FIRST, {"bricks": [*FIRST, *SECOND]}, ["add-brick", "limit", "rebalance"]),
    "replaced": (
        FIRST,
        {"bricks": [OTHER, "s5:/brick_v_8/brick", FIRST[2]]},
        ["replace-brick", "heal", "heal", "replace-brick", "heal", "heal"],
    ),
    "shrunk": ([*FIRST, *SECOND], {"bricks": FIRST}, ["remove-brick start", "remove-brick commit"]),
    "all": (
        [*FIRST, *SECOND],
        {"bricks": [OTHER, *FIRST[1:], "s1:/c", "s2:/c", "s3:/c"], "options": {"a.b": "1"}},
        ["set", "add-brick", "limit", "rebalance", "replace-brick", "heal", "heal"]
        + ["remove-brick start", "remove-brick commit"],
    ),
    "deleted": (FIRST, {"state": "absent"}, ["stop", "delete"]),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_killed_anywhere_the_next_run_finishes(
    situation: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bricks, asked, order = SITUATIONS[situation]
    one = read_wanted({"name": "v", "replica": 3, **asked})
    monkeypatch.setattr(answers, "settled_clients", lambda *_arguments: {"v": {}})
    monkeypatch.setattr(quota, "limit", lambda *_arguments, **_named: Limit(1000, 10))
    kills, ended = 0, False
    while not ended:
        run = Run(tmp_path)
        done = run.servers.changed
        monkeypatch.setattr(quota, "set_limit", lambda *_told, done=done: done.append(["volume", "limit"]))
        if bricks:
            started(run, *bricks)
        run.servers.lives = kills
        try:
            run(one)
            ended = True
        except Killed:
            kills += 1
            run.servers.lives = -1
            run(one)
        said = iter(" ".join([words[1], *words[-1:]]) for words in done)
        assert all(any(told.startswith(what) for told in said) for what in order), (kills, done)
        assert run(one) == [] and run.servers.leaving.get("v") is None
        volume = run.servers.volumes.get("v")
        if one.absent:
            assert volume is None
        else:
            assert volume and not plan(one, volume) and volume.options["cluster.lookup-optimize"] == "off"
    # Before and after each of what was changed.
    assert kills == 2 * len([words for words in done if words[1] != "limit"])
