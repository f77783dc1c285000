# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Removes everything that tenants left in a volume, through a mount of it."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import itertools
import os
import threading
import time
import typing as t
import uuid
from concurrent.futures import ThreadPoolExecutor, wait

from ansible_collections.glusterops.shares.plugins.module_utils._errors import Refused, few
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import (
    number_of,
    read_processes,
    text_of,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.lock import DIRECTORY
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.mountinfo import read_mounts
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.mounts import Mount, attach

if t.TYPE_CHECKING:  # pragma: no cover
    import xml.etree.ElementTree as ET

    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
    from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress

_RunCommand = t.Callable[..., "tuple[int, str, str]"]

# Removing waits for the bricks' answers, and the kernel lets one at a time remove from a directory: measured with
# benchmarks/wipe.py.
THREADS = 8
# Seconds between two lines about how far it is.
_EVERY = 5.0
# Seconds between two looks at a volume that is not ready.
_PAUSE = 2.0
# Directories in one directory that are known at a time.
_BATCH = 512
# How deep below the root work is done, in bytes of the path, where no name counts less than _SHORT. What is deeper is
# moved up first: Gluster's client fails beyond 4096, and each level takes a descriptor.
_DEEPEST, _SHORT = 2000, 80
# Listings in a row that show again what was removed, and things that cannot be removed, until it is given up.
_TRIES = 3
_FAILURES = 20

# Names and characters of a path in a message.
_FEW = 5
_SAID = 100

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CHANGED = (errno.ENOENT, errno.ESTALE, errno.ENOTDIR, errno.EISDIR)
# What there is where trash was ever on, even if nothing was ever removed.
_TRASH = (".trashcan", ".trashcan/internal_op")
# The server's label of whatever is mounted, and Gluster's own.
_OWN_ATTRIBUTES = ("security.selinux", "trusted.glusterfs.")


@dataclasses.dataclass(frozen=True)
class Healing:
    """A brick. waiting: entries of it that other bricks lack, those in split-brain among them."""

    brick: str
    connected: bool
    waiting: int
    split_brain: int


@dataclasses.dataclass(frozen=True)
class Wiped:
    """What was removed, and how long that took."""

    files: int
    directories: int
    seconds: float

    def told(self) -> dict[str, t.Any]:
        return {"files": self.files, "directories": self.directories, "seconds": round(self.seconds, 1)}


def read_heals(root: ET.Element) -> list[Healing]:
    """Each brick, from the answer of C(volume heal NAME info summary). Of one that is not connected no number is."""
    found = []
    for brick in root.iterfind("healInfo/bricks/brick"):
        connected = brick.findtext("status") == "Connected"
        found.append(
            Healing(
                brick=text_of(brick, "name"),
                connected=connected,
                waiting=number_of(brick, "totalNumberOfEntries") if connected else 0,
                split_brain=number_of(brick, "numberOfEntriesInSplitBrain") if connected else 0,
            )
        )
    return found


def heals(cli: GlusterCli, name: str) -> list[Healing]:
    """What waits to be healed on each brick of a volume with copies, as this server's own client finds it."""
    return read_heals(cli.xml("volume", "heal", name, "info", "summary"))


def ready(cli: GlusterCli, volume: Volume, timeout: float, sleep: t.Callable[[float], None] = time.sleep) -> None:
    """Returns once all bricks are up and hold the same, waited for up to C(timeout) seconds. Else raises Refused.

    What is removed while a brick lacks it, or is down, may stay or come back.
    """
    waited = 0.0
    while True:
        problems = list(_problems(cli, volume))
        if not problems:
            return
        if waited >= timeout:
            raise Refused(f"Volume {volume.name!r} cannot be wiped: {few(problems, _FEW)}", problems=problems)
        sleep(_PAUSE)
        waited += _PAUSE


def _problems(cli: GlusterCli, volume: Volume) -> t.Iterator[str]:
    rows = read_processes(cli.xml("volume", "status", volume.name)).get(volume.name, [])
    online = {(row.server, row.path) for row in rows if row.online}
    down = [brick for brick in volume.bricks if (brick.server, brick.path) not in online]
    for brick in down:
        yield f"{brick.server}:{brick.path} is down: start it with 'gluster volume start {volume.name} force'."
    if down or volume.replica < 2 and not volume.disperse:
        return
    listed = "is this server's identity on the volume's access list?"
    see = f"see 'gluster volume heal {volume.name} info"
    try:
        for healing in heals(cli, volume.name):
            if not healing.connected:
                yield f"{healing.brick} is not connected: {listed}"
            elif healing.split_brain:
                yield f"{healing.brick} has entries in split-brain ({healing.split_brain}): {see} split-brain'."
            elif healing.waiting:
                yield f"{healing.brick} has entries that other bricks lack ({healing.waiting}): {see}'."
    except Refused as exc:
        yield f"{exc}: {listed}"


@contextlib.contextmanager
def mounted(run_command: _RunCommand, volume: str, directory: str = DIRECTORY) -> t.Iterator[int]:
    """The volume's root, as a descriptor, mounted for nobody else to see. The caller holds the volume's lock.

    All work goes through the descriptor: if the mount goes away, it fails, and never touches this machine's files.
    """
    unmount(run_command, volume, directory)
    path = _path(volume, directory)
    os.makedirs(directory, mode=0o700, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, mode=0o700)
    here = os.stat(path).st_dev
    mount = Mount(volume, volume, path, ("localhost",))
    try:
        attach(run_command, mount, ["-t", "glusterfs", mount.source, path])
        root = os.open(path, _OPEN)
        try:
            if os.fstat(root).st_dev == here:
                raise OSError(errno.ENOTCONN, "it is not mounted any more")
            yield root
        finally:
            os.close(root)
    except OSError as exc:
        raise Refused(f"Volume {volume!r}, mounted on {path}, failed: {exc.strerror}.") from exc
    finally:
        _unmount(run_command, path)
        with contextlib.suppress(OSError):
            os.rmdir(path)


def _path(volume: str, directory: str) -> str:
    return os.path.join(directory, f"{volume}.mount")


def unmount(run_command: _RunCommand, volume: str, directory: str = DIRECTORY) -> None:
    """Ends a mount that an interrupted run may have left, dead or alive. The caller holds the volume's lock."""
    _unmount(run_command, _path(volume, directory))


def _unmount(run_command: _RunCommand, path: str) -> None:
    for _try in range(5):
        if path not in read_mounts():
            return
        if run_command(["timeout", "60", "umount", path])[0]:
            run_command(["umount", "-l", path])
    raise Refused(f"{path} could not be unmounted: see what uses it, and try again.")


def left(root: int) -> list[str]:
    """The first few things that a tenant left, as they may be printed; none if there are none."""
    found = [f"attribute {name!r}" for name in _attributes(root)]
    return [*found, *itertools.islice(_entries(root, ".", ""), _FEW)][:_FEW]


def _entries(above: int, name: str, where: str) -> t.Iterator[str]:
    descriptor = os.open(name, _OPEN, dir_fd=above)
    try:
        with os.scandir(descriptor) as entries:
            for entry in entries:
                path = where + entry.name
                if path in _TRASH and entry.is_dir(follow_symlinks=False):
                    yield from _entries(descriptor, entry.name, path + "/")
                else:
                    yield _shown(path)
    finally:
        os.close(descriptor)


def _attributes(root: int) -> list[str]:
    return [name for name in os.listxattr(root) if not name.startswith(_OWN_ATTRIBUTES)]


def wipe(root: int, progress: Progress, volume: Volume) -> Wiped:
    """Removes everything below C(root) and proves that nothing is left. Raises Refused, naming what cannot be removed.

    The root itself, whose owner, mode and attributes tenants may have changed, becomes as it is in a new volume. If
    trash was ever on, the volume must have been stopped and started since it was switched off: until then bricks move
    there what is removed, and do not let go of the trash itself.
    """
    began = time.monotonic()
    removal = _Removal(root)
    removal.run(lambda line: progress.say(f"{volume.name}: {line}"))
    rest = removal.failures
    if not rest:
        _renew(root, volume)
        rest = [f"{one} is there." for one in left(root)]
    if rest:
        trash = any(one.startswith(f"'{_TRASH[0]}") for one in rest)
        raise Refused(
            f"Volume {volume.name!r} could not be wiped: {few(rest, _FEW)}"
            + (" Trash is off only once the volume was stopped and started after that." if trash else ""),
            left=rest,
        )
    seconds = time.monotonic() - began
    progress.say(f"{volume.name}: empty, {removal} removed in {seconds:.1f} s ({removal.total / seconds:,.0f}/s)")
    return Wiped(removal.files, removal.directories, seconds)


def _renew(root: int, volume: Volume) -> None:
    """Gives the root the attributes, owner and mode of a new one."""
    for name in _attributes(root):
        os.removexattr(root, name)
    user, group = (int(volume.options.get(f"storage.owner-{kind}", 0)) for kind in ("uid", "gid"))
    os.fchown(root, user, group)
    os.fchmod(root, 0o755)


def _shown(path: str) -> str:
    """The path as it may be printed, of a long one its beginning and end."""
    path = path or "/"
    return repr(path if len(path) <= 2 * _SAID else f"{path[:_SAID]}[...]{path[-_SAID:]}")


@dataclasses.dataclass(eq=False)
class _Directory:
    """A directory that is being emptied. above: None for the root; descriptor: -1 until it is opened.

    waiting: so many directories in it have to be emptied first. entries: how many the last listing showed, to the
    directory's end if whole. seen: the names it showed first; futile: so many listings in a row showed some of those
    again. stuck: something in it cannot be removed.
    """

    name: str = ""
    above: _Directory | None = None
    descriptor: int = -1
    waiting: int = 0
    entries: int = 0
    whole: bool = False
    seen: t.AbstractSet[str] = frozenset()
    futile: int = 0
    stuck: bool = False

    def __post_init__(self) -> None:
        self.depth: int = self.above.depth + max(_SHORT, len(os.fsencode(self.name)) + 1) if self.above else 0

    @property
    def path(self) -> str:
        return f"{self.above.path}{self.name}/" if self.above else ""


class _Removal:
    """Threads that empty directories: files at once, directories last found first, and each once it is empty.

    They follow no symbolic link, enter no other file system, and believe that something is gone when it is not listed.
    """

    def __init__(self, root: int) -> None:
        self.files = 0
        self.directories = 0
        self.failures: list[str] = []
        self._device = os.fstat(root).st_dev
        self._root = _Directory(descriptor=os.dup(root))
        self._found = [self._root]
        self._changed = threading.Condition()
        self._ended = False

    def __str__(self) -> str:
        directories = f" and {self.directories:,} directories" if self.directories else ""
        return f"{self.files:,} files{directories}"

    @property
    def total(self) -> int:
        return self.files + self.directories

    def run(self, say: t.Callable[[str], None]) -> None:
        """Removes what can be removed; and says every few seconds how far it is, also while nothing moves."""
        with ThreadPoolExecutor(THREADS) as pool:
            running = [pool.submit(self._work) for _thread in range(THREADS)]
            try:
                before, then = 0, time.monotonic()
                while wait(running, timeout=_EVERY).not_done:
                    total, now = self.total, time.monotonic()
                    say(f"{self} removed ({(total - before) / (now - then):,.0f}/s)")
                    before, then = total, now
            finally:
                self._end()
        os.close(self._root.descriptor)
        for thread in running:
            thread.result()

    def _end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _work(self) -> None:
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._found or self._ended)
                    if self._ended:
                        return
                    directory: _Directory | None = self._found.pop()
                while directory and self._emptied(directory):
                    if directory is self._root:
                        return
                    directory = self._leave(directory)
        finally:
            # The root is done with, or this thread is broken.
            self._end()

    def _emptied(self, directory: _Directory) -> bool:
        """Empties it as far as can be now, and removes it. False if directories in it have to be emptied first."""
        try:
            while not self._done(directory):
                if self._list(directory):
                    return False
        except OSError as exc:
            self._failed(directory, directory.path, exc)
        return True

    def _done(self, directory: _Directory) -> bool:
        if directory.stuck or len(self.failures) >= _FAILURES:
            return True
        if not directory.whole:
            return False
        if directory.above is None:
            return not directory.entries
        try:
            os.rmdir(directory.name, dir_fd=directory.above.descriptor)
        except OSError as exc:
            if exc.errno in (errno.ENOTEMPTY, errno.EEXIST):
                return False
            self._failed(directory, directory.path, exc)
            return True
        with self._changed:
            self.directories += 1
        return True

    def _list(self, directory: _Directory) -> bool:
        """Removes the files in it. Whether it has directories, which have to be emptied first."""
        self._open(directory)
        directory.entries, directory.whole = 0, True
        inner: list[str] = []
        seen: set[str] = set()
        with os.scandir(directory.descriptor) as entries:
            for entry in entries:
                directory.entries += 1
                if len(seen) < _BATCH:
                    seen.add(entry.name)
                if entry.is_dir(follow_symlinks=False):
                    inner.append(entry.name)
                else:
                    self._unlink(directory, entry.name)
                if len(inner) >= _BATCH or len(self.failures) >= _FAILURES:
                    directory.whole = False
                    break
        again = seen & directory.seen
        directory.seen = seen
        directory.futile = directory.futile + 1 if again else 0
        if directory.futile >= _TRIES:
            self._stick(directory, directory.path + min(again), "is listed still, after it was removed")
            return False
        if directory.depth >= _DEEPEST:
            self._lift(directory, inner)
            return False
        with self._changed:
            directory.waiting = len(inner)
            self._found += [_Directory(name, directory) for name in inner]
            self._changed.notify(len(inner))
        return bool(inner)

    def _open(self, directory: _Directory) -> None:
        """Opens it, anew if it is open, so that its listing is read from the beginning."""
        old, above = directory.descriptor, directory.above
        if above and old < 0:
            directory.descriptor = os.open(directory.name, _OPEN, dir_fd=above.descriptor)
        else:
            directory.descriptor = os.open(".", _OPEN, dir_fd=old)
            os.close(old)
        if os.fstat(directory.descriptor).st_dev != self._device:
            raise OSError(errno.EXDEV, "another file system is mounted there")

    def _unlink(self, directory: _Directory, name: str) -> None:
        try:
            os.unlink(name, dir_fd=directory.descriptor)
        except OSError as exc:
            self._failed(directory, directory.path + name, exc)
            return
        with self._changed:
            self.files += 1

    def _lift(self, directory: _Directory, names: t.Iterable[str]) -> None:
        """Moves directories in it up to the root, where the next listing finds them."""
        for name in names:
            try:
                os.rename(
                    name,
                    f".wipe-{uuid.uuid4().hex}",
                    src_dir_fd=directory.descriptor,
                    dst_dir_fd=self._root.descriptor,
                )
            except OSError as exc:
                self._failed(directory, directory.path + name, exc)

    def _failed(self, directory: _Directory, path: str, exc: OSError) -> None:
        """What is gone meanwhile, or something else, shows in the next listing."""
        if exc.errno not in _CHANGED:
            self._stick(directory, path, str(exc.strerror))

    def _stick(self, directory: _Directory, path: str, why: str) -> None:
        directory.stuck = True
        with self._changed:
            self.failures.append(f"{_shown(path)}: {why}.")

    def _leave(self, directory: _Directory) -> _Directory | None:
        """The directory above it, if that waited for this one last."""
        if directory.descriptor >= 0:
            os.close(directory.descriptor)
        above = t.cast(_Directory, directory.above)
        with self._changed:
            above.stuck |= directory.stuck
            above.waiting -= 1
            return None if above.waiting else above
