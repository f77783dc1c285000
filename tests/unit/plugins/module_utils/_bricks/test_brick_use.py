# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._bricks import claimed


def test_a_fresh_brick(tmp_path: pathlib.Path) -> None:
    assert claimed.look(str(tmp_path)) == claimed.Use(used=False, claimed=False)
    (tmp_path / "file").touch()
    assert claimed.look(str(tmp_path)).used
    with pytest.raises(FileNotFoundError):
        claimed.look(str(tmp_path / "none"))


@pytest.fixture
def refused(tmp_path: pathlib.Path) -> pathlib.Path:
    """What a refused creation leaves. Only root may set its mark, on some file systems."""
    try:
        os.setxattr(tmp_path, claimed.VOLUME_ID, b"0123456789abcdef")
    except OSError as exc:
        pytest.skip(f"no such attribute here: {exc.strerror}")
    (tmp_path / ".glusterfs" / "00").mkdir(parents=True)
    return tmp_path


def test_what_a_refused_creation_left_goes(refused: pathlib.Path) -> None:
    assert claimed.look(str(refused)) == claimed.Use(used=False, claimed=True)
    claimed.release(str(refused))
    assert claimed.look(str(refused)) == claimed.Use(used=False, claimed=False) and not list(refused.iterdir())


@pytest.mark.parametrize("what", ["file", ".glusterfs/file", ".glusterfs/00/file", ".glusterfs/00/link"])
def test_what_was_used_is_not_released(refused: pathlib.Path, what: str) -> None:
    if what.endswith("link"):
        (refused / what).symlink_to("/")
    else:
        (refused / what).touch()
    assert claimed.look(str(refused)) == claimed.Use(used=True, claimed=True)


def test_a_link_leads_nowhere(refused: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "empty").mkdir()
    (refused / ".glusterfs" / "00").rmdir()
    (refused / ".glusterfs").rmdir()
    (refused / ".glusterfs").symlink_to(elsewhere)
    assert claimed.look(str(refused)).used
    with pytest.raises(OSError):
        claimed.release(str(refused))
    assert (elsewhere / "empty").is_dir()


def test_what_ever_ran_is_used(refused: pathlib.Path) -> None:
    os.setxattr(refused, "trusted.gfid", b"0" * 16)
    assert claimed.look(str(refused)) == claimed.Use(used=True, claimed=True)
