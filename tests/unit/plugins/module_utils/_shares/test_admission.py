# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When tenants get onto the list of a volume that is being made into a share. Its root is a directory here."""

from __future__ import annotations

import contextlib
import os
import pathlib
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import Conflict, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import healing
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Brick, Volume
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
from ansible_collections.glusterops.shares.plugins.module_utils._shares import closing, holding, reconcile, steps, wipe
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import LIST
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import LOOKUP, Share, plan
from recorded import Remembering

SERVERS = ("glusterfs-server1", "glusterfs-server2")
SHARE = Share("data", SERVERS, ("tenant-a", "tenant-b"), exclusive=True, seal=True, start=True)


# How often it was waited for all bricks.
ready: list[int] = []


@pytest.fixture
def root(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """The root of the volume, as its server finds it."""
    path = tmp_path / "root"
    path.mkdir()

    @contextlib.contextmanager
    def mounted(_cli: object, volume: str) -> t.Iterator[int]:
        assert volume == "pool-1G-1"
        descriptor = os.open(path, os.O_RDONLY)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    monkeypatch.setattr(wipe, "mounted", mounted)
    monkeypatch.setattr(healing, "ready", lambda *_arguments: ready.append(1))
    ready.clear()
    return path


class Making:
    """A volume that was taken for the share, or cloned for it, and what gluster is told until it is the share."""

    def __init__(self, path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, origin: str = holding.POOL) -> None:
        marks = holding.mark("data", "pool-1G-1", holding.PREPARING, origin)
        options = {**marks, **LOOKUP, "client.ssl": "on", "server.ssl": "on", LIST: ",".join(SERVERS)}
        bricks = (Brick("server1", "/srv/pool-1G-1", "u1"),)
        self.volume = Volume("pool-1G-1", "", "Created", "Distribute", 1, 0, 0, 0, 0, bricks, options)
        self.run = Remembering(self.volume)
        self.cluster = reconcile.LiveCluster(GlusterCli(self.run), {}, str(path), str(path), lambda _seconds: None)
        self.proven: list[t.Any] = []
        # By default every proof succeeds.
        self.proofs: list[str] = []
        monkeypatch.setattr(closing, "check", self._check)

    def _check(self, _cluster: object, _volume: object, entries: t.Sequence[str], restart: bool) -> None:
        # Nobody is in whom that would cut off.
        assert restart
        self.proven.append((list(entries), len(self.run.calls)))
        if self.proofs:
            raise Conflict(self.proofs.pop(0))

    def apply(self) -> None:
        work = steps.Work(self.cluster, SHARE, self.volume, Progress())
        for step in plan(SHARE, self.volume, None):
            step.do(work)


def test_tenants_come_last_and_with_the_mark(root: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for origin in (holding.POOL, f"{holding.SNAPSHOT}daily"):
        making = Making(root.parent, monkeypatch, origin)
        making.apply()
        assert making.run.calls[0] == ["volume", "start", "pool-1G-1"]
        # It was proven that nobody else is let in, and looked again whose it is, before anybody is.
        assert making.proven == [(sorted(SERVERS), 2)]
        assert making.run.calls[1] == making.run.calls[2] == ["volume", "info", "pool-1G-1"]
        [admitted] = making.run.told
        assert admitted == {
            LIST: ",".join(sorted((*SERVERS, "tenant-a", "tenant-b"))),
            **holding.mark("data", "pool-1G-1", holding.IN_USE, origin),
            holding.UNPROVEN: "-",
        }


def test_what_some_brick_did_not_keep_is_set_again(root: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    making = Making(root.parent, monkeypatch)
    making.proofs = ["server2 has it go by the list '*'."]
    making.apply()
    closed, admitted = making.run.told
    assert closed[LIST] == ",".join(SERVERS) and closed["server.ssl"] == "on" and closed[holding.UNPROVEN]
    assert "tenant-a" in admitted[LIST]
    making = Making(root.parent, monkeypatch)
    making.proofs = ["server2 has it go by the list '*'."] * 2
    with pytest.raises(Conflict, match="server2 has it go by"):
        making.apply()
    assert all("tenant-a" not in options[LIST] for options in making.run.told)


def test_a_clone_is_proven_before_it_is_started(root: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it holds would be shown by a brick that kept its parent's list."""
    making = Making(root.parent, monkeypatch, f"{holding.SNAPSHOT}daily")
    making.volume.options[holding.UNPROVEN] = "pool-1G-1"
    making.apply()
    assert making.proven[0] == (sorted(SERVERS), 1)
    assert making.run.calls[0][:2] == ["volume", "info"] and making.run.told[0] == {holding.UNPROVEN: "-"}
    # Looked again, whether that mark was of another list.
    assert making.run.calls[2][:2] == ["volume", "info"]
    assert making.run.calls[3] == ["volume", "start", "pool-1G-1"]


@pytest.mark.parametrize("what", ["file", ".hidden", "folder"])
def test_nobody_gets_into_a_volume_of_a_pool_that_is_not_empty(
    what: str, root: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / what).mkdir() if what == "folder" else (root / what).touch()
    making = Making(root.parent, monkeypatch)
    with pytest.raises(
        Refused, match=f"is not empty: it holds '{what}'. Nobody was let in. It was set aside"
    ) as caught:
        making.apply()
    assert caught.value.details["left"] == [repr(what)]
    # With a brick down not all of it would be seen.
    assert ready
    [aside] = making.run.told
    assert aside == {**holding.set_aside(), holding.UNPROVEN: "-"}


def test_a_clone_keeps_what_it_was_made_of(root: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "file").touch()
    making = Making(root.parent, monkeypatch, f"{holding.SNAPSHOT}daily")
    making.apply()
    assert "tenant-a" in making.run.told[-1][LIST]


@pytest.mark.parametrize("state, share", [(holding.IN_USE, "other"), (holding.PREPARING, "other"), (None, "")])
def test_what_another_worker_took_is_left(
    state: str | None, share: str, root: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    making = Making(root.parent, monkeypatch)
    now = holding.mark(share, "pool-1G-1", state, holding.POOL) if state else holding.unmark()
    making.run.volumes["pool-1G-1"] = making.volume._replace(options={**making.volume.options, **now})
    with pytest.raises(Conflict, match="was given to somebody else while it was made into share 'data'"):
        making.apply()
    assert making.run.told == []


def test_what_another_server_has_admitted_is_done(root: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is put off the list again, whether that was before this one looked at it or while it did."""
    making = Making(root.parent, monkeypatch)
    options = {**holding.mark("data", "pool-1G-1", holding.IN_USE, holding.POOL), LIST: "tenant-a"}

    def admit(*_arguments: object) -> None:
        making.run.volumes["pool-1G-1"] = making.volume._replace(options={**making.volume.options, **options})
        raise steps.ChangedMeanwhile("somebody else changed it")

    monkeypatch.setattr(closing, "check", admit)
    making.apply()
    making.apply()
    assert making.run.told == []
