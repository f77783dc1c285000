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
from ansible_collections.glusterops.shares.plugins.module_utils._errors import Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Brick, Volume
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
from ansible_collections.glusterops.shares.plugins.module_utils._shares import apply, holding, reconcile, wipe
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import LIST, Share, plan
from recorded import VERSIONS, Recorded

SERVERS = ("glusterfs-server1", "glusterfs-server2")
SHARE = Share("data", SERVERS, ("tenant-a", "tenant-b"), exclusive=True, seal=True, start=True)
SET = ["gluster", "--mode=script", "--xml", "volume", "set", "pool-1G-1"]


@pytest.fixture
def root(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """The root of the volume, as its server finds it."""
    path = tmp_path / "root"
    path.mkdir()

    @contextlib.contextmanager
    def mounted(_run_command: object, volume: str) -> t.Iterator[int]:
        assert volume == "pool-1G-1"
        descriptor = os.open(path, os.O_RDONLY)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    monkeypatch.setattr(wipe, "mounted", mounted)
    return path


class Making:
    """A volume that was taken for the share, or cloned for it, and what gluster is told until it is the share."""

    def __init__(self, version: str, path: pathlib.Path, origin: str = holding.POOL) -> None:
        marks = holding.mark("data", "pool-1G-1", holding.PREPARING, origin)
        bricks = (Brick("server1", "/srv/pool-1G-1", "u1"),)
        self.volume = Volume("pool-1G-1", "", "Created", "Distribute", 1, 0, 0, 0, 0, bricks, marks)
        self.run = Recorded(version, "volume-set-ok.xml", "volume-start-ok.xml", "volume-set-ok.xml")
        self.cluster = reconcile.LiveCluster(GlusterCli(self.run), {}, str(path), str(path), lambda _seconds: None)

    def apply(self) -> None:
        apply.apply(self.cluster, SHARE, self.volume, plan(SHARE, self.volume, None), Progress())

    @property
    def told(self) -> list[dict[str, str]]:
        """The options of each transaction."""
        words = [call[len(SET) :] for call in self.run.calls if call[: len(SET)] == SET]
        return [dict(zip(one[::2], one[1::2])) for one in words]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("origin", [holding.POOL, f"{holding.SNAPSHOT}daily"])
def test_tenants_come_last_and_with_the_mark(version: str, origin: str, root: pathlib.Path) -> None:
    making = Making(version, root.parent, origin)
    making.apply()
    sealed, admitted = making.told
    assert sealed[LIST] == ",".join(SERVERS) and sealed["client.ssl"] == sealed["server.ssl"] == "on"
    assert making.run.calls[1][3:] == ["volume", "start", "pool-1G-1"]
    assert admitted == {
        LIST: ",".join(sorted((*SERVERS, "tenant-a", "tenant-b"))),
        **holding.mark("data", "pool-1G-1", holding.IN_USE, origin),
    }


@pytest.mark.parametrize("what", ["file", ".hidden", "folder"])
def test_nobody_gets_into_a_volume_of_a_pool_that_is_not_empty(what: str, root: pathlib.Path) -> None:
    (root / what).mkdir() if what == "folder" else (root / what).touch()
    making = Making("10.3", root.parent)
    with pytest.raises(
        Refused, match=f"is not empty: it holds '{what}'. Nobody was let in. It was set aside"
    ) as caught:
        making.apply()
    assert caught.value.details["left"] == [repr(what)]
    sealed, aside = making.told
    assert sealed[LIST] == ",".join(SERVERS)
    assert aside == holding.set_aside()


def test_a_clone_keeps_what_it_was_made_of(root: pathlib.Path) -> None:
    (root / "file").touch()
    making = Making("10.3", root.parent, f"{holding.SNAPSHOT}daily")
    making.apply()
    assert "tenant-a" in making.told[-1][LIST]
