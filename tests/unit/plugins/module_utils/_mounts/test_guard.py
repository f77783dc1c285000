# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._mounts import guard


def test_the_kinds_of_directories(tmp_path: pathlib.Path) -> None:
    assert guard.look(str(tmp_path / "missing")) is None
    assert guard.look(str(tmp_path)) == "empty"
    (tmp_path / "file").touch()
    assert guard.look(str(tmp_path)) == "in use"
    assert guard.look(str(tmp_path / "file")) == guard.look(str(tmp_path / "file" / "below")) == "no directory"


def test_guarded_and_released(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Only root may set them.
    flags: list[int] = [0x80000]
    monkeypatch.setattr(guard, "_flags", lambda _descriptor: flags[-1])
    monkeypatch.setattr(guard, "_set_flags", lambda _descriptor, value: flags.append(value))
    path = tmp_path / "a" / "b"
    assert guard.guard(str(path)) == guard.GUARDED
    assert os.stat(path).st_mode & 0o7777 == 0 and flags == [0x80000, 0x80010]
    # Who is not root cannot open it otherwise.
    path.chmod(0o700)
    assert guard.look(str(path)) == "empty"
    guard.release(str(path))
    assert not path.exists() and flags[2:] == [0x80000]


def test_what_is_not_empty_stays_and_stays_guarded(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a"
    path.mkdir()
    (path / "file").touch()
    before = os.stat(path).st_mode
    with pytest.raises(OSError, match="not empty"):
        guard.release(str(path))
    assert os.stat(path).st_mode == before


@pytest.mark.parametrize("action", [guard.guard, guard.release])
def test_what_is_mounted_is_never_touched(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, action: t.Callable[[str], object]
) -> None:
    (tmp_path / "a").mkdir(mode=0o750)
    # As it is while something is mounted there.
    monkeypatch.setattr(guard, "_mount_of", str)
    with pytest.raises(OSError, match="something is mounted on it"):
        action(str(tmp_path / "a"))
    assert os.stat(tmp_path / "a").st_mode & 0o7777 == 0o750


def test_the_mount_that_a_directory_is_in(tmp_path: pathlib.Path) -> None:
    found = {}
    for path in (str(tmp_path), "/", "/proc"):
        descriptor = os.open(path, os.O_PATH)
        found[path] = guard._mount_of(descriptor)
        os.close(descriptor)
    with open("/proc/self/mountinfo", encoding="utf-8") as handle:
        numbers = {line.split()[4]: line.split()[0] for line in handle}
    assert found["/proc"] == numbers["/proc"] != found["/"]


@pytest.mark.parametrize("action", [guard.guard, guard.release])
def test_a_link_is_no_directory(tmp_path: pathlib.Path, action: t.Callable[[str], object]) -> None:
    (tmp_path / "real").mkdir(mode=0o750)
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(OSError):
        action(str(tmp_path / "link"))
    assert (tmp_path / "real").stat().st_mode & 0o7777 == 0o750
