# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import Refused, TimedOut
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import quota
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Limit
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from recorded import VERSIONS, Recorded

# The recorded status has all processes of all volumes, the quota daemons among them.
READY = "volume-status-all.xml"


@pytest.mark.parametrize("version", VERSIONS)
def test_no_limit_is_no_failure(version: str) -> None:
    assert quota.limit(GlusterCli(Recorded(version, READY, "quota-list-nolimit.xml")), "sealed") is None
    assert quota.limit(GlusterCli(Recorded(version, READY, "quota-list.xml")), "sealed") == Limit(1024**3, 5 * 1024**2)


class Stuck:
    """Gluster whose quota daemons are online and do not work: it is silent until they were restarted, if then."""

    def __init__(self, start: str = "volume-start-ok.xml", helps: bool = True) -> None:
        self._start, self._helps = start, helps
        self.starts: list[list[str]] = []
        self.quota_calls = 0

    def __call__(self, argv: list[str], **_options: t.Any) -> tuple[int, str, str]:
        if "status" in argv:
            return 0, Recorded("10.3").text(READY), ""
        if "start" in argv:
            self.starts.append(argv[-4:])
            return 0, Recorded("10.3").text(self._start), ""
        self.quota_calls += 1
        working = self.starts and self._helps
        return (0, Recorded("10.3").text("quota-limit-usage-ok.xml"), "") if working else (1, "", "")


@pytest.mark.parametrize("said", ["", "/    N/A    N/A    N/A    N/A    N/A    N/A\n"])
def test_what_is_no_answer_means_not_yet(said: str) -> None:
    """As gluster answers right after bricks were added, or a server came back."""
    recorded = Recorded("10.3", READY, "silence", READY, "quota-list.xml")

    def run(argv: list[str], **options: t.Any) -> tuple[int, str, str]:
        if recorded.next == "silence":
            recorded.skip(argv)
            return 1, said, ""
        return recorded(argv, **options)

    pauses: list[float] = []
    assert quota.limit(GlusterCli(run), "sealed", pauses.append) == Limit(1024**3, 5 * 1024**2)
    assert len(pauses) == 1 and len(recorded.calls) == 4


def test_daemons_that_are_online_and_do_not_work_are_restarted() -> None:
    run = Stuck()
    pauses: list[float] = []
    quota.set_limit(GlusterCli(run), "sealed", 1024**3, pauses.append)
    assert run.starts == [["volume", "start", "sealed", "force"]]
    assert run.quota_calls == len(pauses) + 1 and 60 < sum(pauses) < 62


@pytest.mark.parametrize("start", ["volume-start-ok.xml", "volume-start-again.xml"])
def test_they_are_restarted_once(start: str) -> None:
    """And whether Gluster does it or refuses, the waiting goes on."""
    run = Stuck(start, helps=False)
    with pytest.raises(TimedOut, match="do not work after 120 seconds"):
        quota.set_limit(GlusterCli(run), "sealed", 1024**3, lambda _seconds: None)
    assert len(run.starts) == 1


def test_reading_alone_restarts_nothing() -> None:
    run = Stuck()
    with pytest.raises(TimedOut, match="do not work after 120 seconds"):
        quota.limit(GlusterCli(run), "sealed", lambda _seconds: None)
    assert not run.starts


def test_daemons_that_never_come() -> None:
    run = Recorded("10.3", *["volume-status-none.xml"] * 200)
    with pytest.raises(TimedOut, match="The quota daemons of volume 'sealed' do not work after 120 seconds"):
        quota.set_limit(GlusterCli(run), "sealed", 1024**3, lambda _seconds: None)


def test_what_will_not_get_better_is_said_at_once() -> None:
    run = Recorded("10.3", READY, "quota-limit-missing-path.xml")
    with pytest.raises(Refused, match="Failed to get trusted.gfid attribute on path /nowhere"):
        quota.set_limit(GlusterCli(run), "sealed", 1024**3, lambda _seconds: None)
    assert len(run.calls) == 2
