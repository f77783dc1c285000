# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

from ansible_collections.glusterops.shares.plugins.module_utils._gluster import glusterd


def test_where_glusterd_listens(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "glusterd.vol"
    assert glusterd.address(str(path)) == "localhost"
    path.write_text("volume management\n    #option transport.socket.bind-address 10.0.0.1\n")
    assert glusterd.address(str(path)) == "localhost"
    path.write_text("volume management\n    option transport.socket.bind-address 10.0.0.2\n")
    assert glusterd.address(str(path)) == "10.0.0.2"
