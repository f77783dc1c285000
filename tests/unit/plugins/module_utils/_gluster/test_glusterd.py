# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import glusterd

# As GlusterFS 10.3 writes it.
INFO = """\
type=2
count=3
status=1
sub_count=3
replica_count=3
disperse_count=0
redundancy_count=0
version=2
transport-type=0
volume-id=4a6bff36-ac2d-4e12-98e7-c0a74d69e571
username=8dd59fa3-0bdb-49b8-99c9-ebe8c567deba
password=da9a2620-504a-4927-90a4-7e03da82b0ee
op-version=40000
client-op-version=30800
quota-version=0
tier-enabled=0
parent_volname=N/A
restored_from_snap=00000000-0000-0000-0000-000000000000
snap-max-hard-limit=256
auth.ssl-allow=server-a,tenant-b
server.ssl=on
client.ssl=on
user.note=a=b
nfs.disable=on
brick-0=server1:-srv-vv
brick-1=server2:-srv-vv
brick-2=server3:-srv-vv
"""
OPTIONS = {
    "auth.ssl-allow": "server-a,tenant-b",
    "server.ssl": "on",
    "client.ssl": "on",
    "user.note": "a=b",
    "nfs.disable": "on",
}


def stored(directory: pathlib.Path, name: str, text: str) -> None:
    (directory / "vols" / name).mkdir(parents=True)
    (directory / "vols" / name / "info").write_text(text)


def test_options_as_they_are_stored(tmp_path: pathlib.Path) -> None:
    """And nothing else: the file has what clients' password is."""
    stored(tmp_path, "one", INFO)
    stored(tmp_path, "two", INFO.replace("server.ssl=on", "server.ssl=off"))
    assert glusterd.all_stored_options(str(tmp_path)) == {"one": OPTIONS, "two": {**OPTIONS, "server.ssl": "off"}}


@pytest.mark.parametrize("text", ["", INFO[: INFO.index("auth.")], INFO[: INFO.index("brick-2")]])
def test_a_file_that_breaks_off_tells_nothing(tmp_path: pathlib.Path, text: str) -> None:
    """Such as a power cut or a full disk leaves."""
    stored(tmp_path, "one", text)
    assert glusterd.stored_options("one", str(tmp_path)) is None
    assert glusterd.all_stored_options(str(tmp_path)) == {"one": None}


def test_a_volume_without_a_file(tmp_path: pathlib.Path) -> None:
    (tmp_path / "vols" / "one").mkdir(parents=True)
    assert glusterd.all_stored_options(str(tmp_path)) == {"one": None}
    assert glusterd.stored_options("none", str(tmp_path)) is None


def test_a_machine_without_volumes(tmp_path: pathlib.Path) -> None:
    assert glusterd.all_stored_options(str(tmp_path)) == {}
