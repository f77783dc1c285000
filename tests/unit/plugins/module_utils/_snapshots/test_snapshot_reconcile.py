# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import Conflict, NotFound, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster
from ansible_collections.glusterops.shares.plugins.module_utils._snapshots.plan import Wanted
from ansible_collections.glusterops.shares.plugins.module_utils._snapshots.reconcile import (
    reconcile_series,
    reconcile_snapshot,
)
from ansible_collections.glusterops.shares.plugins.module_utils._snapshots.restore import restore
from ansible_collections.glusterops.shares.plugins.module_utils._snapshots.series import Series
from recorded import Recorded

# 21 November 2026, 15:00 UTC.
NOW = 1795273200
DAY = 86400
NONE = ("snapshot-info-none.xml", "volume-info-thin.xml", "lvs-thin.json")
TWO = ("snapshot-info-two.xml", "volume-info-thin.xml", "lvs-thin.json")
ROOM = ("snapshot-config.xml", "volume-status-thin.xml")
MONDAY = {"name": "monday", "share": "thin"}


class Lab:
    """A cluster whose gluster gives recorded answers."""

    def __init__(self, path: pathlib.Path, *names: str) -> None:
        self.run = Recorded("10.3", *names)
        self.cluster = LiveCluster(GlusterCli(self.run), {}, str(path / "glusterd"), str(path / "locks"))

    @property
    def asked(self) -> list[str]:
        return [" ".join(call[3:]) if call[0] == "gluster" else call[0] for call in self.run.calls]


OBSERVED = ["snapshot info", "volume info", "lvs"]
LOOKED = ["snapshot config", "volume status all"]


def test_two_calls_when_it_is_there(tmp_path: pathlib.Path) -> None:
    lab = Lab(tmp_path, *TWO)
    changes, found = reconcile_snapshot(lab.cluster, Wanted(**MONDAY, active=False), check_mode=False)
    assert changes == [] and lab.asked == OBSERVED
    assert found == {
        "name": "monday",
        "share": "thin",
        "volume": "thin",
        "created": "2026-11-21T14:34:43Z",
        "description": 'As it was, <b> & "q"',
        "active": False,
        "size": 600 * 1024**2,
        "used": int(600 * 1024**2 * 0.1078),
    }
    assert not (tmp_path / "locks").exists()


def test_made_and_looked_at(tmp_path: pathlib.Path) -> None:
    lab = Lab(tmp_path, *NONE, *ROOM, "snapshot-create-ok.xml", *TWO)
    changes, found = reconcile_snapshot(lab.cluster, Wanted(**MONDAY), check_mode=False)
    assert lab.asked == [*OBSERVED, *LOOKED, "snapshot create monday thin no-timestamp", *OBSERVED]
    assert [(change.subject, change.after) for change in changes] == [("monday", "thin")]
    assert found and found["name"] == "monday"


def test_check_mode_looks_only(tmp_path: pathlib.Path) -> None:
    lab = Lab(tmp_path, *NONE, *ROOM)
    changes, found = reconcile_snapshot(lab.cluster, Wanted(**MONDAY, active=True), check_mode=True)
    assert lab.asked == [*OBSERVED, *LOOKED] and found is None
    assert [change.what for change in changes] == ["snapshot", "active"]


def test_somebody_was_faster(tmp_path: pathlib.Path) -> None:
    """Another run made it between our look and our try: it is there, and we changed nothing."""
    lab = Lab(tmp_path, *NONE, *ROOM, "snapshot-create-exists.xml", *TWO)
    changes, found = reconcile_snapshot(lab.cluster, Wanted(**MONDAY), check_mode=False)
    assert changes == [] and found and found["name"] == "monday"


def test_gluster_knows_better(tmp_path: pathlib.Path) -> None:
    lab = Lab(tmp_path, *NONE, *ROOM, "snapshot-create-not-thin.xml")
    with pytest.raises(Refused, match="Gluster needs each brick on a thin logical volume of its own") as caught:
        reconcile_snapshot(lab.cluster, Wanted(**MONDAY), check_mode=False)
    assert caught.value.details["op_errno"] == 30815 and caught.value.details["changes"] == []


def test_somebody_keeps_deleting_it(tmp_path: pathlib.Path) -> None:
    lab = Lab(tmp_path, *[*NONE, *ROOM, "snapshot-create-ok.xml"] * 3)
    with pytest.raises(Conflict, match="Somebody else keeps changing snapshot 'monday'") as caught:
        reconcile_snapshot(lab.cluster, Wanted(**MONDAY), check_mode=False)
    assert len(caught.value.details["changes"]) == 3


RESTORE = ("volume-info-thin-before.xml", "volume-stop-ok.xml")


def test_restored_without_its_old_options(tmp_path: pathlib.Path) -> None:
    """Gluster brought back alice on the access list; she was denied since."""
    lab = Lab(
        tmp_path,
        *TWO,
        *RESTORE,
        "snapshot-restore-ok.xml",
        "volume-info-thin-restored.xml",
        "volume-set-ok.xml",
        "volume-start-ok.xml",
        *NONE,
    )
    wanted = Wanted(**MONDAY, state="restored", restart=True)
    with pytest.raises(NotFound):  # What was recorded afterwards is a volume without the note.
        reconcile_snapshot(lab.cluster, wanted, check_mode=False)
    assert lab.asked[3:9] == [
        "volume info thin",
        "volume stop thin",
        "snapshot restore monday",
        "volume info thin",
        "volume set thin performance.readdir-ahead on user.department research auth.ssl-allow server1,bob"
        " user.glusterops-restored monday@thin",
        "volume start thin",
    ]


def test_restored_where_no_option_differs(tmp_path: pathlib.Path) -> None:
    """As when a volume goes back a second time to a snapshot of one name."""
    same = "volume-info-thin-before.xml"
    lab = Lab(tmp_path, *RESTORE, "snapshot-restore-ok.xml", same, "volume-start-ok.xml")
    restore(lab.cluster, "thin", "monday", {}, start=True)
    assert lab.asked == [
        "volume info thin",
        "volume stop thin",
        "snapshot restore monday",
        "volume info thin",
        "volume start thin",
    ]


def test_started_again_if_it_cannot_be_restored(tmp_path: pathlib.Path) -> None:
    lab = Lab(
        tmp_path,
        *TWO,
        *RESTORE,
        "snapshot-restore-missing.xml",
        "volume-info-thin-before.xml",
        "volume-start-ok.xml",
    )
    wanted = Wanted(**MONDAY, state="restored", restart=True)
    with pytest.raises(Refused, match="does not exist") as caught:
        reconcile_snapshot(lab.cluster, wanted, check_mode=False)
    assert lab.asked[-1] == "volume start thin" and len(caught.value.details["changes"]) == 2


def test_not_started_with_old_options(tmp_path: pathlib.Path) -> None:
    """It failed, but has the options of then: who was denied since would get in."""
    lab = Lab(tmp_path, *TWO, *RESTORE, "snapshot-restore-missing.xml", "volume-info-thin-restored.xml")
    with pytest.raises(Refused):
        reconcile_snapshot(lab.cluster, Wanted(**MONDAY, state="restored", restart=True), check_mode=False)
    assert lab.asked[-1] == "volume info thin"


def series(share: str = "thin", prefix: str = "daily", **values: t.Any) -> Series:
    return Series(**{"share": share, "prefix": prefix, "every": DAY, "keep": 7, **values})


def test_many_shares_are_observed_at_once(tmp_path: pathlib.Path) -> None:
    lab = Lab(tmp_path, *NONE, *ROOM)
    here = "87aba606-c64a-4894-a7d2-f79d8562fe04"
    (tmp_path / "glusterd").mkdir()
    (tmp_path / "glusterd/glusterd.info").write_text(f"UUID={here}\n")
    many = [series(prefix=f"p{number}") for number in range(250)]
    changes, found = reconcile_series(lab.cluster, many, NOW, check_mode=True)
    assert len(changes) == 250 and lab.asked == [*OBSERVED, *LOOKED]
    # And who has to look, as each server sees its own pools only.
    assert found == {"snapshots": [], "server": here, "bricks": {"thin": [here]}}
    assert not (tmp_path / "locks").exists()


def test_one_more_than_there_may_be(tmp_path: pathlib.Path) -> None:
    lab = Lab(tmp_path, *NONE, *ROOM)
    with pytest.raises(Refused, match="it has 256 of at most 256") as caught:
        reconcile_series(lab.cluster, [series(prefix=f"p{number}") for number in range(257)], NOW, check_mode=True)
    assert caught.value.details["failures"][0]["prefix"] == "p256"
    assert len(caught.value.details["changes"]) == 256


def test_one_failure_does_not_stop_the_others(tmp_path: pathlib.Path) -> None:
    many = [series("nowhere"), series("thick"), series("idle"), series()]
    lab = Lab(tmp_path, *NONE, *ROOM, "snapshot-create-not-thin.xml", "snapshot-create-ok.xml", *TWO)
    with pytest.raises(Refused, match="3 series of snapshots could not be renewed") as caught:
        reconcile_series(lab.cluster, many, NOW, check_mode=False)
    details = caught.value.details
    assert [failure["share"] for failure in details["failures"]] == ["nowhere", "idle", "thick"]
    assert "each brick on a thin logical volume" in details["failures"][2]["msg"]
    assert [change.subject for change in details["changes"]] == ["daily-thin-20261121T000000Z"]
    # Those that were recorded are none of the series.
    assert details["snapshots"] == [] and list(details["bricks"]) == ["thick", "idle", "thin"]


def test_a_share_that_gets_no_next_one_keeps_all(tmp_path: pathlib.Path) -> None:
    lab = Lab(tmp_path, *NONE, *ROOM, "snapshot-create-not-thin.xml", *NONE)
    with pytest.raises(Refused) as caught:
        reconcile_series(lab.cluster, [series()], NOW, check_mode=False)
    assert not [words for words in lab.asked if words.startswith("snapshot delete")]
    assert caught.value.details["changes"] == [] and len(caught.value.details["failures"]) == 1


def test_nothing_asked_nothing_done(tmp_path: pathlib.Path) -> None:
    lab = Lab(tmp_path)
    assert reconcile_series(lab.cluster, [], NOW, check_mode=False) == ([], {"snapshots": []})
    assert lab.asked == []
