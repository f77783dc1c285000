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
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import Refused, few
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import volfile
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.lock import DIRECTORY
from ansible_collections.glusterops.shares.plugins.module_utils._machines.mounted import read_mounts
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.asking import run
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.attach import attach
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.mount import Mount
from ansible_collections.glusterops.shares.plugins.module_utils._shares.removal import FEW, OPEN, Removal, shown

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
    from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress

# The translator that shows files in pieces as whole ones.
_SHARDS = "features/shard"
# What there is where trash was ever on, even if nothing was ever removed.
_TRASH = (".trashcan", ".trashcan/internal_op")
# The server's label of whatever is mounted, and Gluster's own.
_OWN_ATTRIBUTES = ("security.selinux", "trusted.glusterfs.")


@dataclasses.dataclass(frozen=True)
class Wiped:
    """What was removed, and how long that took."""

    files: int
    directories: int
    seconds: float

    def told(self) -> dict[str, t.Any]:
        return {"files": self.files, "directories": self.directories, "seconds": round(self.seconds, 1)}


class _Bare(Mount):
    """A mount by a volfile of ours. What is mounted tells no source, and nobody else can mount there."""

    def is_of(self, source: str | None) -> bool:
        return True


@contextlib.contextmanager
def mounted(cli: GlusterCli, volume: str, directory: str = DIRECTORY) -> t.Iterator[int]:
    """The volume's root, as a descriptor, mounted for nobody else to see. The caller holds the volume's lock.

    What bricks hold is seen as it is: files in pieces (features.shard) and what is left of such as were deleted, too.
    All work goes through the descriptor: if the mount goes away, it fails, and never touches this machine's files.
    """
    unmount(volume, directory)
    path = _path(volume, directory)
    os.makedirs(directory, mode=0o700, exist_ok=True)
    recipe = _recipe(volume, directory)
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, mode=0o700)
    here = os.stat(path).st_dev
    mount = _Bare(volume, volume, path, ("localhost",))
    try:
        _write(recipe, volfile.without(volfile.client(cli, volume), _SHARDS))
        attach(mount, ["-t", "glusterfs", recipe, path])
        root = os.open(path, OPEN)
        try:
            if os.fstat(root).st_dev == here:
                raise OSError(errno.ENOTCONN, "it is not mounted any more")
            yield root
        finally:
            os.close(root)
    except OSError as exc:
        raise Refused(f"Volume {volume!r}, mounted on {path}, failed: {exc.strerror}.") from exc
    finally:
        _unmount(path)
        with contextlib.suppress(OSError):
            os.unlink(recipe)
        with contextlib.suppress(OSError):
            os.rmdir(path)


def _write(path: str, text: str) -> None:
    """It holds what opens an unsealed volume."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as handle:
        handle.write(text)


def _recipe(volume: str, directory: str) -> str:
    return os.path.join(directory, f"{volume}.vol")


def _path(volume: str, directory: str) -> str:
    return os.path.join(directory, f"{volume}.mount")


def unmount(volume: str, directory: str = DIRECTORY) -> None:
    """Ends a mount that an interrupted run may have left, dead or alive. The caller holds the volume's lock."""
    _unmount(_path(volume, directory))


def _unmount(path: str) -> None:
    for _try in range(5):
        if path not in read_mounts():
            return
        # One that hangs is left behind.
        if run(["umount", path], 60.0)[0] != 0:
            run(["umount", "-l", path], 60.0)
    raise Refused(f"{path} could not be unmounted: see what uses it, and try again.")


def left(root: int) -> list[str]:
    """The first few things that a tenant left, as they may be printed; none if there are none."""
    found = [f"attribute {name!r}" for name in _attributes(root)]
    return [*found, *itertools.islice(_entries(root, ".", ""), FEW)][:FEW]


def _entries(above: int, name: str, where: str) -> t.Iterator[str]:
    descriptor = os.open(name, OPEN, dir_fd=above)
    try:
        with os.scandir(descriptor) as entries:
            for entry in entries:
                path = where + entry.name
                if path in _TRASH and entry.is_dir(follow_symlinks=False):
                    yield from _entries(descriptor, entry.name, path + "/")
                else:
                    yield shown(path)
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
    removal = Removal(root)
    removal.run(lambda line: progress.say(f"{volume.name}: {line}"))
    rest = removal.failures
    if not rest:
        _renew(root, volume)
        rest = [f"{one} is there." for one in left(root)]
    if rest:
        trash = any(one.startswith(f"'{_TRASH[0]}") for one in rest)
        raise Refused(
            f"Volume {volume.name!r} could not be wiped: {few(rest, FEW)}"
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
