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
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import read_processes
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.lock import DIRECTORY
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.mounts import Mount, attach, read_mounts

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
# Directories in one directory that are known at a time, and how deep below the top work is done: what is deeper is
# moved up first, so neither the length of a path nor the number of open directories has to be thought of.
_BATCH = 512
_DEEPEST = 24
# Tries in a row that remove nothing of what is listed, and what cannot be removed, after which it makes no sense.
_TRIES = 3
_FAILURES = 20

# Names and characters of a path in a message.
_FEW = 5
_SAID = 200

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CHANGED = (errno.ENOENT, errno.ESTALE, errno.ENOTDIR, errno.EISDIR)
# What there is where trash was ever on, even if nothing was ever removed.
_TRASH = (".trashcan", ".trashcan/internal_op")
# The server's label of whatever is mounted, and Gluster's own.
_OWN_ATTRIBUTES = ("security.selinux", "trusted.glusterfs.")


@dataclasses.dataclass(frozen=True)
class Healing:
    """A brick as the self-heal daemons' answer tells. waiting: entries that are healed, wait to be, or cannot be."""

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
    return [
        Healing(
            brick=brick.findtext("name") or "",
            connected=brick.findtext("status") == "Connected",
            waiting=_count(brick.findtext("totalNumberOfEntries")),
            split_brain=_count(brick.findtext("numberOfEntriesInSplitBrain")),
        )
        for brick in root.iterfind("healInfo/bricks/brick")
    ]


def _count(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0


def heals(cli: GlusterCli, name: str) -> list[Healing]:
    """What waits to be healed on each brick of a volume with copies, as this server's own client finds it."""
    return read_heals(cli.xml("volume", "heal", name, "info", "summary"))


def ready(cli: GlusterCli, volume: Volume, timeout: float, sleep: t.Callable[[float], None] = time.sleep) -> None:
    """Returns once all bricks are up and hold the same, waited for up to C(timeout) seconds. Else raises Refused.

    Where a brick lacks what the others have removed, or cannot be told, what is removed comes back.
    """
    waited = 0.0
    while True:
        wrong, for_good = _wrong(cli, volume)
        if not wrong:
            return
        if for_good or waited >= timeout:
            raise Refused(f"Volume {volume.name!r} cannot be wiped: {few(wrong)}")
        sleep(_PAUSE)
        waited += _PAUSE


def _wrong(cli: GlusterCli, volume: Volume) -> tuple[list[str], bool]:
    """What is wrong, a sentence each, and whether waiting is of no use."""
    rows = read_processes(cli.xml("volume", "status", volume.name)).get(volume.name, [])
    online = {(row.server, row.path) for row in rows if row.online}
    down = [f"{brick.server}:{brick.path}" for brick in volume.bricks if (brick.server, brick.path) not in online]
    if down:
        start = f"Start its server, or 'gluster volume start {volume.name} force'."
        return [f"brick {brick} is down. {start}" for brick in down], False
    if volume.replica < 2 and not volume.disperse:
        return [], False
    bricks = heals(cli, volume.name)
    wrong = [
        (
            f"brick {brick.brick} does not let this server in. Is this server's identity on the volume's access list?"
            if not brick.connected
            else (
                f"{brick.split_brain} entries of brick {brick.brick} are in split-brain. See 'gluster volume heal"
                f" {volume.name} info split-brain', and resolve them."
                if brick.split_brain
                else f"{brick.waiting} entries wait to be healed by brick {brick.brick}. See 'gluster volume heal"
                f" {volume.name} info', and try again when they are."
            )
        )
        for brick in bricks
        if not brick.connected or brick.waiting or brick.split_brain
    ]
    return wrong, any(brick.split_brain for brick in bricks)


@contextlib.contextmanager
def mounted(run_command: _RunCommand, volume: str, directory: str = DIRECTORY) -> t.Iterator[int]:
    """The volume's root, as a descriptor, mounted for nobody else to see. The caller holds the volume's lock.

    All work goes through the descriptor: if the mount goes away, it fails, and never touches this machine's files.
    """
    path = os.path.join(directory, f"{volume}.mount")
    # An interrupted run may have left it, dead or alive.
    _unmount(run_command, path)
    os.makedirs(directory, mode=0o700, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, mode=0o700)
    here = os.stat(path).st_dev
    try:
        mount = Mount(volume, volume, path, ("localhost",))
        attach(run_command, mount, ["-t", "glusterfs", mount.source, path])
        root = os.open(path, _OPEN)
        try:
            if os.fstat(root).st_dev == here:
                raise Refused(f"Volume {volume!r} was unmounted from {path} while it was to be used: try again.")
            yield root
        except OSError as exc:
            raise Refused(f"Volume {volume!r}, mounted on {path}, does not answer: {exc.strerror}.") from exc
        finally:
            os.close(root)
    finally:
        _unmount(run_command, path)
        os.rmdir(path)


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
                    yield repr(path)
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
        raise Refused(f"Volume {volume.name!r} could not be wiped: {few(rest, _FEW)}", left=rest)
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


@dataclasses.dataclass(eq=False)
class _Directory:
    """A directory that is being emptied. above: None for the root; descriptor: -1 until it is opened.

    waiting: so many directories in it have to be emptied first. entries: how many the last listing showed, to the
    directory's end if whole. gain: something was removed since; futile: so many listings in a row were without gain.
    stuck: something in it cannot be removed.
    """

    name: str = ""
    above: _Directory | None = None
    depth: int = 0
    descriptor: int = -1
    waiting: int = 0
    entries: int = 0
    whole: bool = False
    gain: bool = True
    futile: int = 0
    stuck: bool = False

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
        directory.above.gain = True
        return True

    def _list(self, directory: _Directory) -> bool:
        """Removes the files in it. Whether it has directories, which have to be emptied first."""
        directory.futile = 0 if directory.gain else directory.futile + 1
        if directory.futile >= _TRIES:
            return self._stick(directory, directory.path, "what is listed in it is not there to be removed")
        self._open(directory)
        directory.entries, directory.whole, directory.gain = 0, True, False
        inner: list[str] = []
        with os.scandir(directory.descriptor) as entries:
            for entry in entries:
                directory.entries += 1
                if entry.is_dir(follow_symlinks=False):
                    inner.append(entry.name)
                else:
                    self._unlink(directory, entry.name)
                if len(inner) >= _BATCH or len(self.failures) >= _FAILURES:
                    directory.whole = False
                    break
        if directory.depth >= _DEEPEST:
            self._lift(directory, inner)
            return False
        with self._changed:
            directory.waiting = len(inner)
            self._found += [_Directory(name, above=directory, depth=directory.depth + 1) for name in inner]
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
        directory.gain = True

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
            else:
                directory.gain = self._root.gain = True

    def _failed(self, directory: _Directory, path: str, exc: OSError) -> None:
        """What is gone meanwhile, or something else, shows in the next listing."""
        if exc.errno not in _CHANGED:
            self._stick(directory, path, str(exc.strerror))

    def _stick(self, directory: _Directory, path: str, why: str) -> bool:
        directory.stuck = True
        with self._changed:
            self.failures.append(f"{path[:_SAID] or '/'!r}: {why}.")
        return False

    def _leave(self, directory: _Directory) -> _Directory | None:
        """The directory above it, if that waited for this one last."""
        if directory.descriptor >= 0:
            os.close(directory.descriptor)
        above = t.cast(_Directory, directory.above)
        with self._changed:
            above.stuck |= directory.stuck
            above.waiting -= 1
            return None if above.waiting else above
