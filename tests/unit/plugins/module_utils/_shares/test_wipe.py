# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
import pathlib
import socket
import stat
import time
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
from ansible_collections.glusterops.shares.plugins.module_utils._shares import removal, wipe

OPEN = os.O_RDONLY | os.O_DIRECTORY
# Whoever runs the tests can give its own files only to itself.
OWNER = {"storage.owner-uid": str(os.getuid()), "storage.owner-gid": str(os.getgid())}
VOLUME = answers.Volume("v", "", "Started", "", 1, 0, 0, 0, 0, (), OWNER)


@pytest.fixture
def root(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "root"
    path.mkdir()
    return path


def wipe_it(root: pathlib.Path, progress: Progress | None = None) -> wipe.Wiped:
    before = set(os.listdir("/proc/self/fd"))
    descriptor = os.open(root, OPEN)
    try:
        return wipe.wipe(descriptor, progress or Progress(), VOLUME)
    finally:
        os.close(descriptor)
        assert set(os.listdir("/proc/self/fd")) <= before


def left(root: pathlib.Path) -> list[str]:
    descriptor = os.open(root, OPEN)
    try:
        return wipe.left(descriptor)
    finally:
        os.close(descriptor)


def nest(path: pathlib.Path, name: str, depth: int) -> None:
    """A chain of directories, one in the other, deeper than any path can tell."""
    descriptor = os.open(path, OPEN)
    for _level in range(depth):
        os.mkdir(name, dir_fd=descriptor)
        inner = os.open(name, OPEN, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(os.open("bottom", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
    os.close(descriptor)


def test_everything_goes_and_nothing_else(root: pathlib.Path) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "file").write_text("theirs")
    (root / "a").mkdir()
    os.link(outside / "file", root / "a" / "hard")
    for name, target in (("up", "../outside"), ("absolute", str(outside)), ("loop", "loop"), ("dangling", "nowhere")):
        (root / "a" / name).symlink_to(target)
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(root / "socket"))
    names = [b"\xff\xfe", b"-rf", b"new\nline", b" ", b"*", "ü".encode(), b"x" * 255, b"..."]
    for name in names:
        os.close(os.open(os.fsencode(root) + b"/" + name, os.O_CREAT, 0))
        os.mkdir(os.fsencode(root) + b"/a/" + name, 0o300)
    root.chmod(0o2777)
    wiped = wipe_it(root)
    assert (wiped.files, wiped.directories) == (1 + 4 + 2 + len(names), 1 + len(names))
    assert os.listdir(root) == [] and left(root) == []
    assert (outside / "file").read_text() == "theirs" and (outside / "file").stat().st_nlink == 1
    assert stat.S_IMODE(root.stat().st_mode) == 0o755
    assert wiped.told() == {"files": wiped.files, "directories": wiped.directories, "seconds": round(wiped.seconds, 1)}


@pytest.mark.parametrize("name, depth", [("d", 3000), ("d" * 255, 60), ("\xe9" * 120, 40)])
def test_deeper_than_any_path(root: pathlib.Path, name: str, depth: int) -> None:
    nest(root, name, depth)
    assert wipe_it(root).directories == depth
    assert os.listdir(root) == []


def test_many_nests_beside_each_other(root: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "_DEEPEST", 3 * removal._SHORT)
    monkeypatch.setattr(removal, "_BATCH", 2)
    for number in range(7):
        (root / str(number)).mkdir()
        nest(root / str(number), "d", 20)
        nest(root / str(number), "e", 9)
    wiped = wipe_it(root)
    assert (wiped.files, wiped.directories) == (14, 7 * 30)
    assert os.listdir(root) == []


def test_more_directories_than_are_known_at_a_time(root: pathlib.Path) -> None:
    for number in range(removal._BATCH * 2 + 1):
        (root / f"d{number}").mkdir()
        (root / f"d{number}" / "file").touch()
    wiped = wipe_it(root)
    assert (wiped.files, wiped.directories) == (removal._BATCH * 2 + 1, removal._BATCH * 2 + 1)
    assert os.listdir(root) == []


def test_an_empty_one(root: pathlib.Path) -> None:
    wiped = wipe_it(root)
    assert (wiped.files, wiped.directories) == (0, 0)


def test_what_is_gone_meanwhile(root: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else removes the same, each a moment before."""
    (root / "a" / "b").mkdir(parents=True)
    for path in (root / "file", root / "a" / "file"):
        path.touch()
    for name in ("unlink", "rmdir"):
        monkeypatch.setattr(os, name, twice(getattr(os, name)))
    wiped = wipe_it(root)
    assert (wiped.files, wiped.directories) == (0, 0) and os.listdir(root) == []


def twice(remove: t.Callable[..., None]) -> t.Callable[..., None]:
    def both(name: str, *, dir_fd: int | None = None) -> None:
        remove(name, dir_fd=dir_fd)
        remove(name, dir_fd=dir_fd)

    return both


@pytest.mark.parametrize("code", [errno.EPERM, errno.EROFS, errno.EIO, errno.ENOTCONN])
def test_what_cannot_be_removed_is_named(root: pathlib.Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    (root / "a" / "b").mkdir(parents=True)
    for path in (root / "fine", root / "a" / "fine", root / "a" / "b" / "kept\n"):
        path.touch()
    unlink = os.unlink

    def refuse(name: str, *, dir_fd: int | None = None) -> None:
        if name == "kept\n":
            raise OSError(code, os.strerror(code))
        unlink(name, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(Refused) as raised:
        wipe_it(root)
    assert raised.value.details["left"] == [f"'a/b/kept\\n': {os.strerror(code)}."]
    assert "Volume 'v' could not be wiped: 'a/b/kept" in str(raised.value) and "\n" not in str(raised.value)
    # The rest is gone, and the next run does what could not be done now.
    assert [path.name for path in root.rglob("*")] == ["a", "b", "kept\n"]
    monkeypatch.setattr(os, "unlink", unlink)
    assert wipe_it(root).files == 1


@pytest.mark.parametrize("call", ["unlink", "rmdir"])
def test_success_is_not_believed(root: pathlib.Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    (root / "a").mkdir()
    if call == "unlink":
        (root / "a" / "file").touch()
    monkeypatch.setattr(os, call, lambda name, dir_fd=None: None)
    with pytest.raises(Refused, match="'a.*is listed still, after it was removed"):
        wipe_it(root)


def test_it_gives_up_when_nothing_works(root: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1000):
        (root / f"f{number}").touch()
    tries: list[str] = []

    def refuse(name: str, *, dir_fd: int | None = None) -> None:
        tries.append(name)
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(Refused) as raised:
        wipe_it(root)
    assert len(tries) == removal._FAILURES and "And 15 more." in str(raised.value)


def test_another_file_system_is_not_entered(root: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "a" / "other").mkdir(parents=True)
    (root / "a" / "other" / "file").touch()
    other = (root / "a" / "other").stat().st_ino
    fstat = os.fstat

    def mounted(descriptor: int) -> os.stat_result:
        found = fstat(descriptor)
        return os.stat_result([*found[:2], found.st_dev + 1, *found[3:10]]) if found.st_ino == other else found

    monkeypatch.setattr(os, "fstat", mounted)
    with pytest.raises(Refused, match="'a/other/': another file system is mounted there"):
        wipe_it(root)
    assert (root / "a" / "other" / "file").exists()


def test_a_directory_that_becomes_a_link(root: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the listing and the opening, by a client that was not cut off."""
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "file").touch()
    (root / "a").mkdir()
    opening = os.open

    def swap(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if path == "a":
            os.rmdir("a", dir_fd=dir_fd)
            os.symlink(outside, "a", dir_fd=dir_fd)
            monkeypatch.setattr(os, "open", opening)
        return opening(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", swap)
    wiped = wipe_it(root)
    assert (wiped.files, wiped.directories) == (1, 0) and os.listdir(root) == []
    assert (outside / "file").exists()


def test_lines_while_a_removal_blocks(root: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = root.parent / "lines"
    (root / "file").touch()
    unlink = os.unlink

    def block(name: str, *, dir_fd: int | None = None) -> None:
        while not lines.exists() or len(lines.read_text().splitlines()) < 3:
            time.sleep(0.01)
        unlink(name, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", block)
    monkeypatch.setattr(removal, "_EVERY", 0.01)
    wipe_it(root, Progress(str(lines)))
    first, *_rest, last = lines.read_text().splitlines()
    assert first == "v: 0 files removed (0/s)"
    assert last.startswith("v: empty, 1 files removed in ")


def test_a_broken_thread_is_told(root: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "file").touch()

    def break_down(name: str, *, dir_fd: int | None = None) -> None:
        raise MemoryError(name)

    monkeypatch.setattr(os, "unlink", break_down)
    with pytest.raises(MemoryError):
        wipe_it(root)


def test_what_is_left(root: pathlib.Path) -> None:
    trash = root / ".trashcan"
    (trash / "internal_op").mkdir(parents=True)
    # What Gluster keeps of trash that once was on is nobody's.
    assert left(root) == []
    (trash / "internal_op" / "f").touch()
    assert left(root) == ["'.trashcan/internal_op/f'"]
    (trash / "d").mkdir()
    os.mkdir(os.fsencode(root) + b"/\xff\n")
    assert sorted(left(root)) == ["'.trashcan/d'", "'.trashcan/internal_op/f'", r"'\udcff\n'"]
    for number in range(100):
        (root / str(number)).touch()
    assert len(left(root)) == 5


def test_a_link_in_the_place_of_the_trash(root: pathlib.Path) -> None:
    (root / ".trashcan").symlink_to(root.parent)
    assert left(root) == ["'.trashcan'"]
    wipe_it(root)
    assert root.exists() and left(root) == []


def test_trash_that_is_on_still(root: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".trashcan" / "internal_op").mkdir(parents=True)

    def refuse(name: str, *, dir_fd: int | None = None) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "rmdir", refuse)
    with pytest.raises(Refused, match="Trash is off only once the volume was stopped and started"):
        wipe_it(root)
