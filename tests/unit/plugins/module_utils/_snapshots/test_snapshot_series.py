# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import calendar
import time
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict, NotFound, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.snapshot import Snapshot, check_snapshot_name
from ansible_collections.glusterops.shares.plugins.module_utils._snapshots.series import (
    Series,
    check_clock,
    parse_duration,
    renew,
)
from hypothesis import given
from hypothesis import strategies as st

HOUR, DAY, WEEK = 3600, 86400, 7 * 86400
VOLUME = Volume("data", "", "Started", "Distribute", 1, 0, 0, 0, 0, (), {})


def at(text: str) -> int:
    return calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M:%S"))


def series(**values: t.Any) -> Series:
    return Series(**{"share": "data", "prefix": "daily", "every": DAY, "keep": 3, **values})


class Cluster:
    """Its snapshots, and a clock. What a renewal says is done at once."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.snapshots: dict[str, Snapshot] = {}

    def make(self, name: str, volume: str = "data") -> None:
        created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.now))
        self.snapshots[name] = Snapshot(name, "", "", created, volume, active=False, logical="")

    def run(self, one: Series) -> list[str]:
        """What was done: names made with a plus, names deleted with a minus."""
        changes = renew(one, VOLUME, self.snapshots, self.now).changes(one.share)
        for change in changes:
            if change.after:
                self.make(change.subject)
            else:
                del self.snapshots[change.subject]
        return [("+" if change.after else "-") + change.subject for change in changes]


@pytest.mark.parametrize(
    "every, now, name",
    [
        (DAY, "2026-11-21 00:00:00", "daily-data-20261121T000000Z"),
        (DAY, "2026-11-21 23:59:59", "daily-data-20261121T000000Z"),
        (6 * HOUR, "2026-11-21 17:59:59", "daily-data-20261121T120000Z"),
        (15 * 60, "2026-11-21 17:59:59", "daily-data-20261121T174500Z"),
        # 21 November 2026 is a Saturday.
        (WEEK, "2026-11-21 12:00:00", "daily-data-20261116T000000Z"),
        (WEEK, "2026-11-23 00:00:00", "daily-data-20261123T000000Z"),
    ],
)
def test_names_say_when_the_period_began(every: int, now: str, name: str) -> None:
    assert series(every=every).name_at(at(now)) == name


def test_once_a_day_and_three_are_kept() -> None:
    cluster = Cluster(at("2026-11-21 02:00:07"))
    cluster.make("by-hand")
    done = []
    for _day in range(5):
        done += cluster.run(series())
        cluster.now += HOUR
        assert cluster.run(series()) == []
        cluster.now += DAY - HOUR - 4
    name = "daily-data-202611{}T000000Z".format
    assert done == [f"+{name(21)}", f"+{name(22)}", f"+{name(23)}", f"+{name(24)}", f"-{name(21)}", f"+{name(25)}"] + [
        f"-{name(22)}"
    ]
    assert sorted(cluster.snapshots) == ["by-hand", name(23), name(24), name(25)]


def test_an_interrupted_run_is_finished() -> None:
    """It made the next one, and did not come to delete the oldest."""
    cluster = Cluster(at("2026-11-21 02:00:00"))
    for _day in range(3):
        cluster.run(series())
        cluster.now += DAY
    cluster.make(series().name_at(cluster.now))
    assert cluster.run(series()) == ["-daily-data-20261121T000000Z"]
    assert cluster.run(series()) == []


def test_age() -> None:
    cluster, aged = Cluster(at("2026-11-01 02:00:00")), series(keep=None, keep_for=3 * DAY)
    for _day in range(7):
        cluster.run(aged)
        cluster.now += DAY
    # Those of the last three days, and today's.
    assert len(cluster.snapshots) == 4
    # Nobody ran it for long: the newest stays until there is another one.
    cluster.now += 30 * DAY
    today = aged.name_at(cluster.now)
    renewal = renew(aged, VOLUME, cluster.snapshots, cluster.now)
    assert renewal.make == today and len(renewal.expired) == 4 and renewal.surplus == 3
    cluster.run(aged)
    assert list(cluster.snapshots) == [today]


def test_both_limits_count() -> None:
    cluster, both = Cluster(at("2026-11-01 02:00:00")), series(keep=2, keep_for=10 * DAY)
    for _day in range(5):
        cluster.run(both)
        cluster.now += DAY
    assert len(cluster.snapshots) == 2
    cluster.now += 10 * DAY
    cluster.run(both)
    assert len(cluster.snapshots) == 1


def test_others_are_never_touched() -> None:
    cluster = Cluster(at("2026-11-01 02:00:00"))
    others = {
        "daily-data": "data",
        "daily-data-20260101": "data",
        "daily-data-20260101T000000Z-kept": "data",
        "xdaily-data-20260101T000000Z": "data",
        "weekly-data-20260101T000000Z": "data",
        "daily-other-20260101T000000Z": "other",
        # A share of that name had another volume once.
        "daily-data-20260101T000000Z": "other",
    }
    for name, volume in others.items():
        cluster.make(name, volume)
    cluster.now += WEEK
    done = cluster.run(series(keep=1, keep_for=DAY))
    assert [name[0] for name in done] == ["+"] and set(others) < set(cluster.snapshots)


def test_in_the_order_that_there_is_room_for() -> None:
    cluster = Cluster(at("2026-11-01 02:00:00"))
    for _day in range(4):
        cluster.run(series(keep=9))
        cluster.now += DAY
    renewal = renew(series(keep=2), VOLUME, cluster.snapshots, cluster.now)
    assert len(renewal.expired) == 3 and renewal.surplus == 2
    changes = renewal.changes("data")
    assert [bool(change.after) for change in changes] == [True, False, False, False]


def test_what_cannot_be_renewed() -> None:
    cluster = Cluster(at("2026-11-21 02:00:00"))
    with pytest.raises(NotFound, match="Share 'data' does not exist"):
        renew(series(), None, {}, cluster.now)
    cluster.make("daily-data-20261121T000000Z", "other")
    with pytest.raises(Conflict, match="is of volume 'other', not of share 'data'"):
        renew(series(), VOLUME, cluster.snapshots, cluster.now)


@pytest.mark.parametrize(
    "values, message",
    [
        ({"share": "a b"}, "share 'a b' is not a volume name"),
        ({"prefix": ""}, "prefix '' cannot begin a snapshot's name"),
        ({"prefix": "-a"}, "cannot begin"),
        ({"prefix": "a.b"}, "cannot begin"),
        ({"prefix": "a" * 65}, "cannot begin"),
        ({"keep": None}, "say how many to keep, or how long"),
        ({"keep": 0}, "data: keep 0 must be from 1 to 256"),
        ({"keep": 257}, "data: keep 257 must be from 1 to 256"),
    ],
)
def test_bad_input(values: dict[str, t.Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        series(**values).check()


@given(st.integers(60, 9999 * WEEK), st.integers(0, 4 * 10**9), st.integers(1, 64), st.integers(1, 128))
def test_names_are_names(every: int, now: int, prefix: int, share: int) -> None:
    one = series(share="s" * share, prefix="p" * prefix, every=every)
    one.check()
    name = one.name_at(now)
    assert check_snapshot_name(name) == name
    made = Snapshot(name, "", "", "2026-11-21T00:00:00Z", "data", active=False, logical="")
    assert one.members("data", [made]) == [made]


@given(
    st.lists(st.integers(0, 60), max_size=30, unique=True),
    st.none() | st.integers(1, 10),
    st.none() | st.integers(1, 20),
    st.integers(0, 60),
)
def test_there_is_never_less_than_asked_for(days: list[int], keep: int | None, age: int | None, today: int) -> None:
    """Whatever there is: afterwards the newest, as many as asked for, nothing too old but the newest; then no more."""
    cluster = Cluster(0)
    one = series(keep=keep if keep or age else 1, keep_for=age * DAY if age else None)
    for day in sorted(day for day in days if day <= today):
        cluster.now = day * DAY
        cluster.make(one.name_at(cluster.now))
    before = len(cluster.snapshots)
    cluster.now = today * DAY + HOUR
    done = cluster.run(one)
    left = one.members("data", cluster.snapshots.values())
    assert one.name_at(cluster.now) == left[-1].name
    assert len(left) <= (one.keep or 99)
    if age is None:
        assert len(left) == min(before + ("+" in "".join(done)), one.keep or 99)
    assert cluster.run(one) == []


@pytest.mark.parametrize("text, seconds", [("15m", 900), ("6h", 6 * HOUR), ("1d", DAY), ("2 w", 2 * WEEK)])
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text, "every") == seconds


@pytest.mark.parametrize("text", ["", "1", "d", "0d", "-1d", "1.5d", "1y", "10000d", "1D", "1d\n", "１d", None, 7])
def test_no_durations(text: t.Any) -> None:
    with pytest.raises(BadInput, match="is not a duration: write a number and m, h, d or w"):
        parse_duration(text, "data: every")


def test_a_clock_that_is_wrong() -> None:
    """By it all snapshots but the newest would be too old, or none would ever be."""
    now = float(at("2026-11-21 12:00:00"))
    for here in (now, now + 119, now - 119):
        check_clock(now, here)
    with pytest.raises(Refused, match="is 121 s ahead of the control node's, and Gluster would stamp"):
        check_clock(now, now + 121)
    with pytest.raises(Refused, match="is 7776000 s behind the control node's"):
        check_clock(now, now - 90 * DAY)
