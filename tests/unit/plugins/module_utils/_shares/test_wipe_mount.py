# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import glusterd
from ansible_collections.glusterops.shares.plugins.module_utils._shares import wipe


def test_where_glusterd_listens(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "glusterd.vol"
    assert glusterd.address(str(path)) == "localhost"
    path.write_text("volume management\n    #option transport.socket.bind-address 10.0.0.1\n")
    assert glusterd.address(str(path)) == "localhost"
    path.write_text("volume management\n    option transport.socket.bind-address 10.0.0.2\n")
    assert glusterd.address(str(path)) == "10.0.0.2"


def test_a_volume_is_mounted_from_where_glusterd_listens(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def attach(mount: t.Any, words: list[str]) -> None:
        asked.extend([mount.source, *words])

    monkeypatch.setattr(wipe, "address", lambda: "10.0.0.2")
    monkeypatch.setattr(wipe, "attach", attach)
    path = os.path.join(tmp_path, "v.mount")
    # Nothing is mounted, and that is seen.
    with pytest.raises(Refused, match="it is not mounted any more"), wipe.mounted(
        lambda *_: (0, "", ""), "v", str(tmp_path)
    ):
        raise AssertionError("not reached")
    assert asked == ["10.0.0.2:/v", "-t", "glusterfs", "10.0.0.2:/v", path]
