# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Directories for bricks: whether one may be taken, the bricks in it, and how these are made, grown and removed.

Each step leaves something that says what it is: what is not whole has a name of its own, and a mark comes before what
it marks is called by its name.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import json
import os
import re
import shutil
import stat
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._bricks import claimed, names
from ansible_collections.glusterops.shares.plugins.module_utils._bricks.storage import (
    BLANK,
    FOREIGN,
    READY,
    Brick,
    Place,
)
from ansible_collections.glusterops.shares.plugins.module_utils._errors import Conflict, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._machines.mounted import Mounted

# What says that a directory is for bricks, and what a brick's own is: its volume and how many bytes it was promised.
_STORAGE, _BRICK = "trusted.glusterops.storage", "trusted.glusterops.brick"
_QUOTA = "trusted.glusterfs.quota.size"
# Of a brick that is being made, and of one that is being removed: .NAME.new, .NAME.gone
_NEW, _GONE = ".new", ".gone"
# What is left to be done.
MARK, MAKE, REMOVE = "mark", "make", "remove"
# Local file systems that keep Gluster's attributes. The root of a container is an overlay.
_KINDS = ("btrfs", "ext3", "ext4", "overlay", "xfs", "zfs")


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What is known of a directory that is not marked yet. kind: of its file system. holds: the names in it. brick: the
    brick of Gluster that it is or is in. there: whether there is such a directory."""

    kind: str = "xfs"
    there: bool = True
    directory: bool = True
    holds: tuple[str, ...] = ()
    brick: str | None = None
    read_only: bool = False


def problem(path: str, evidence: Evidence) -> str | None:
    """Why the directory cannot be taken, as a sentence; None if it can."""
    if not evidence.directory:
        return f"{path} is no directory."
    if evidence.brick:
        return f"{path} belongs to a brick of Gluster, {evidence.brick}: name another directory."
    if evidence.kind not in _KINDS:
        return f"{path} lies on {evidence.kind}, where no bricks can be: it takes {', '.join(_KINDS)}."
    if evidence.read_only:
        return f"{path} lies on a file system that can only be read."
    if evidence.holds:
        shown = ", ".join(evidence.holds[:3]) + (", ..." if len(evidence.holds) > 3 else "")
        return f"{path} is not empty ({shown}): name an empty directory, or one that is not there yet."
    return None


def observe(path: str, mounts: t.Mapping[str, Mounted]) -> Place:
    """What the directory is and has. mounts: by mount point."""
    real = os.path.realpath(path)
    above = real
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    point = _point(above, mounts)
    there = mounts.get(point)
    number = os.stat(above).st_dev
    identity = _identity(number, there)
    root = identity == _identity(os.stat("/").st_dev, mounts.get("/"))
    place = Place(path, names.DIRECTORY, BLANK, real=real, identity=identity, root=root)
    if above == real and _get(real, _STORAGE) is not None:
        place = dataclasses.replace(place, state=READY, bricks=_bricks(real, mounts))
    else:
        why = problem(path, _evidence(real, above, there))
        place = dataclasses.replace(place, state=FOREIGN if why else BLANK, problem=why, lacks=() if why else (MARK,))
    held = sum(_held(brick.path, brick.size) for brick in place.bricks)
    room = os.statvfs(above)
    promised = sum(brick.size for brick in place.bricks)
    return dataclasses.replace(
        place,
        size=room.f_blocks * room.f_frsize,
        free=room.f_bavail * room.f_frsize - promised + held,
        promised=promised,
        used=held,
    )


def is_ours(path: str) -> bool:
    """Whether the directory is marked as one for bricks."""
    try:
        return os.path.isdir(path) and _get(path, _STORAGE) is not None
    except OSError:
        return False


def with_use(brick: Brick) -> Brick:
    """The brick, and whether it is used."""
    try:
        its = claimed.look(brick.path)
    except FileNotFoundError:
        its = claimed.Use(used=False, claimed=False)
    except OSError:
        return brick
    return dataclasses.replace(brick, used=its.used, claimed=its.claimed and not its.used)


def one_room(places: t.Sequence[Place]) -> list[Place]:
    """The places, with what is free in a file system the same for all its directories, whichever has the bricks."""
    owed: dict[str, dict[str, int]] = {}
    for place in places:
        if place.kind == names.DIRECTORY:
            owed.setdefault(place.identity, {})[place.real] = place.promised - place.used
    return [
        (
            dataclasses.replace(
                place,
                free=place.free - sum(own for real, own in owed[place.identity].items() if real != place.real),
            )
            if place.kind == names.DIRECTORY
            else place
        )
        for place in places
    ]


def _identity(number: int, there: Mounted | None) -> str:
    # Data sets of a pool, and subvolumes, share its room and have numbers of their own.
    if there and there.kind == "zfs":
        return f"zfs:{there.source.partition('/')[0]}"
    if there and there.kind == "btrfs":
        return f"btrfs:{there.source}"
    return f"fs:{os.major(number)}:{os.minor(number)}"


def _evidence(real: str, above: str, there: Mounted | None) -> Evidence:
    directory = stat.S_ISDIR(os.lstat(above).st_mode)
    present = above == real
    holds = sorted(os.listdir(real)) if present and directory else []
    # mkfs makes one.
    if "lost+found" in holds and not os.listdir(os.path.join(real, "lost+found")):
        holds.remove("lost+found")
    return Evidence(
        kind=there.kind if there else "nothing known",
        there=present,
        directory=directory,
        holds=tuple(holds),
        brick=_brick_above(above),
        read_only=bool(os.statvfs(above).f_flag & os.ST_RDONLY),
    )


def _brick_above(path: str) -> str | None:
    """The brick of Gluster's that the directory is or is in, or one of ours."""
    while True:
        if _get(path, claimed.VOLUME_ID) is not None or _get(path, _BRICK) is not None:
            return path
        if path == "/":
            return None
        path = os.path.dirname(path)


def _point(path: str, mounts: t.Mapping[str, Mounted]) -> str:
    while path not in mounts and path != "/":
        path = os.path.dirname(path)
    return path


def _get(path: str, attribute: str) -> bytes | None:
    try:
        return os.getxattr(path, attribute)
    except OSError as exc:
        if exc.errno in (errno.ENODATA, errno.ENOTSUP):
            return None
        raise


def read_mark(name: str, value: bytes | None) -> tuple[str, int] | None:
    """Volume and size of a brick, by what its mark says; None if that is not ours, or not that brick's."""
    called = names.parse(name)
    try:
        told = json.loads(value or b"")
        volume, size = told["volume"], told["size"]
    except (ValueError, KeyError, TypeError):
        return None
    right = called and called.volume == volume and isinstance(size, int) and not isinstance(size, bool) and size > 0
    return (volume, size) if right else None


def _bricks(real: str, mounts: t.Mapping[str, Mounted]) -> tuple[Brick, ...]:
    found = []
    for entry in sorted(os.listdir(real)):
        own = os.path.join(real, entry)
        name, lacks = entry, t.cast("tuple[str, ...]", ())
        for ending, step in ((_NEW, MAKE), (_GONE, REMOVE)):
            if entry.startswith(".") and entry.endswith(ending):
                name, lacks = entry[1 : -len(ending)], (step,)
        called = names.parse(name)
        if not called:
            continue
        path = os.path.join(real, name, names.LEAF)
        mark = read_mark(name, _get(own, _BRICK)) if stat.S_ISDIR(os.lstat(own).st_mode) else None
        if lacks == (MAKE,):
            found.append(Brick(name, called.volume, path, mark[1] if mark else 0, lacks))
            continue
        trouble, kept = None, True
        if not mark:
            trouble = f"{own} is there, and does not say that it is this brick: whoever made it must say what it is."
        elif not lacks and not os.path.isdir(path):
            trouble = f"{path}, which had the brick's data, is not there any more: put it back, or replace the brick."
            kept = False
        elif any(point == own or point.startswith(f"{own}/") for point in mounts):
            trouble = f"Something else is mounted on {own} or below it: unmount that."
        found.append(Brick(name, called.volume, path, mark[1] if mark else 0, lacks, trouble, kept and bool(trouble)))
    # What is whole hides no remnant of the same name.
    return tuple(map(with_use, found))


def _held(path: str, size: int) -> int:
    """Bytes that quota counts in the brick, at most its size; 0 if it does not count."""
    try:
        # Each time that quota is switched on there is another one.
        found = [one for one in os.listxattr(path) if re.fullmatch(rf"{re.escape(_QUOTA)}(\.\d+)?", one)]
        found.sort(key=lambda one: (len(one), one))
        value = os.getxattr(path, found[-1]) if found else b""
    except OSError:
        return 0
    return min(max(int.from_bytes(value[:8], "big", signed=True), 0), size) if len(value) >= 8 else 0


# ---- changing ----


def mark(place: Place) -> None:
    """Makes the directory one for bricks. Raises Refused, also if it holds anything by now."""
    try:
        os.makedirs(place.real, mode=0o755, exist_ok=True)
        os.setxattr(place.real, _STORAGE, b"1")
    except OSError as exc:
        raise Refused(f"{place.path} cannot be made one for bricks: {exc.strerror}.") from exc
    _flush(place.real)


def make(place: Place, name: str, size: int) -> None:
    """Makes the brick; it has its name once it is whole. What an earlier run left of it was empty."""
    own, new = os.path.join(place.real, name), os.path.join(place.real, f".{name}{_NEW}")
    volume = t.cast(names.Called, names.parse(name)).volume
    try:
        unmake(place, name)
        os.mkdir(new, 0o755)
        os.setxattr(new, _BRICK, _mark(volume, size))
        os.mkdir(os.path.join(new, names.LEAF), 0o755)
        _flush(new)
        if os.path.lexists(own):
            raise Conflict(f"{own} is there by now: is another run making bricks?")
        os.rename(new, own)
    except OSError as exc:
        raise Refused(f"Brick {own} cannot be made: {exc.strerror}.") from exc
    _flush(place.real)


def unmake(place: Place, name: str) -> None:
    """Takes away what is left of a brick that was never whole, which is empty. Raises OSError if it is not."""
    new = os.path.join(place.real, f".{name}{_NEW}")
    for path in (os.path.join(new, names.LEAF), new):
        with contextlib.suppress(FileNotFoundError):
            os.rmdir(path)


def grow(place: Place, brick: Brick, size: int) -> None:
    """Promises it more."""
    own = os.path.join(place.real, brick.name)
    try:
        os.setxattr(own, _BRICK, _mark(brick.volume, size), os.XATTR_REPLACE)
    except OSError as exc:
        raise Refused(f"Brick {own} cannot be grown: {exc.strerror}.") from exc


def remove(place: Place, brick: Brick) -> None:
    """Removes the brick with all that is in it."""
    own, gone = os.path.join(place.real, brick.name), os.path.join(place.real, f".{brick.name}{_GONE}")
    try:
        if MAKE in brick.lacks:
            unmake(place, brick.name)
            return
        if REMOVE not in brick.lacks:
            os.rename(own, gone)
            _flush(place.real)
        # Its mark goes with it, last of all.
        for entry in os.listdir(gone):
            shutil.rmtree(os.path.join(gone, entry))
        os.rmdir(gone)
    except OSError as exc:
        raise Refused(f"Brick {own} cannot be removed: {exc.filename or own}: {exc.strerror}.") from exc
    _flush(place.real)


def _mark(volume: str, size: int) -> bytes:
    return json.dumps({"volume": volume, "size": size}).encode()


def _flush(directory: str) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
