# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster, reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import Share
from recorded import VERSIONS, Kept, Recorded

SERVERS = ("glusterfs-server1", "glusterfs-server2", "glusterfs-server3")
INFO = ["gluster", "--mode=script", "--xml", "volume", "info"]


def cluster(run: Recorded, path: pathlib.Path, **known_limits: int) -> LiveCluster:
    return LiveCluster(
        GlusterCli(run), known_limits, str(path / "glusterd"), str(path / "locks"), lambda _seconds: None
    )


def share(name: str = "sealed", **values: object) -> Share:
    return Share(name, SERVERS, ("tenant-a",), exclusive=True, seal=True, start=True, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("version", VERSIONS)
def test_one_call_when_nothing_changes(version: str, tmp_path: pathlib.Path) -> None:
    run = Kept(version, "volume-info-all.xml")
    changes, found = reconcile(cluster(run, tmp_path), [share()], check_mode=False)
    assert changes == [] and run.calls == [INFO]
    assert found["sealed"]["sealed"] and found["sealed"]["identities"] == sorted([*SERVERS, "tenant-a"])


@pytest.mark.parametrize("version", VERSIONS)
def test_check_mode_reads_only(version: str, tmp_path: pathlib.Path) -> None:
    run = Kept(version, "volume-info-all.xml")
    changes, found = reconcile(cluster(run, tmp_path), [share(), share("made")], check_mode=True)
    assert run.calls == [INFO] and found == {}
    assert {change.subject for change in changes} == {"made"}
    assert [change.what for change in changes if not change.what.startswith("user.")] == [
        "client.ssl",
        "server.ssl",
        "auth.ssl-allow",
        "cluster.lookup-optimize",
        "started",
        "auth.ssl-allow",
    ]
    assert not (tmp_path / "locks").exists()


def test_all_that_cannot_be_done_is_named_at_once(tmp_path: pathlib.Path) -> None:
    run = Kept("10.3", "volume-info-all.xml")
    shares = [share("made"), share("arbiter"), share("no-such"), share("disperse")]
    with pytest.raises(Refused, match="3 shares cannot be done, so nothing was changed") as caught:
        reconcile(cluster(run, tmp_path), shares, check_mode=False)
    assert len(caught.value.details["failures"]) == 3 and caught.value.details["changes"] == []
    assert run.calls == [INFO]


def test_bad_input_asks_nothing(tmp_path: pathlib.Path) -> None:
    run = Recorded("10.3")
    with pytest.raises(BadInput, match="share 'sealed' stands more than once"):
        reconcile(cluster(run, tmp_path), [share(), share()], check_mode=False)
    assert run.calls == []


def test_a_known_limit_saves_the_question(tmp_path: pathlib.Path) -> None:
    """Timeouts aside, which the recorded volume has not."""
    run = Kept("10.3", "volume-info-all.xml")
    changes, _found = reconcile(cluster(run, tmp_path, sealed=1024**3), [share(size=1024**3)], check_mode=True)
    assert [change.what for change in changes] == ["features.hard-timeout", "features.soft-timeout"]
    run = Kept("10.3", "volume-info-all.xml", "volume-status-all.xml", "quota-list.xml")
    changes, _found = reconcile(cluster(run, tmp_path), [share(size=2 * 1024**3)], check_mode=True)
    assert changes[-1].before == "1G" and changes[-1].after == "2G"
    assert run.calls[2][3:] == ["volume", "quota", "sealed", "list"]
