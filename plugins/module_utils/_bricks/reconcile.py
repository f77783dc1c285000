# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Has a server have the bricks that it shall have."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._bricks import claimed, directories, lvm, names, thin
from ansible_collections.glusterops.shares.plugins.module_utils._bricks.observe import (
    Look,
    check_path,
    observe,
    used_by,
)
from ansible_collections.glusterops.shares.plugins.module_utils._bricks.plan import (
    RELEASE,
    Step,
    Wanted,
    asks_gluster,
    plan,
)
from ansible_collections.glusterops.shares.plugins.module_utils._bricks.storage import READY, Brick, Place
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    Conflict,
    GlusterOpsError,
    OutcomeUnknown,
    Refused,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.lock import held
from ansible_collections.glusterops.shares.plugins.module_utils._machines.mounted import read_mounts
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change

# What keeps two runs on this server from the same device.
_LOCK = "storage"
# More steps than a place needs until it is ready.
_STEPS = 5


def reconcile(
    run_command: lvm.RunCommand, volumes: t.Callable[[], t.Iterable[t.Any]], wanted: Wanted, check_mode: bool
) -> tuple[list[Change], dict[str, t.Any]]:
    """The changes, and what the module tells. volumes: asks Gluster for all of its; only where bricks shall go.

    Raises BadInput, Conflict and Refused before anything is changed; what is raised later has the changes as a detail.
    """
    for path in (*wanted.storage, *(wish.storage for wish in wanted.bricks)):
        check_path(path)
    wanted.check()
    with contextlib.nullcontext() if check_mode else held(_LOCK):
        look = observe(run_command, wanted.storage)
        used = used_by(volumes()) if asks_gluster(wanted, look.places) else {}
        steps = plan(wanted, look.places, used)
        if steps and not check_mode:
            _do(run_command, steps)
            look = observe(run_command, wanted.storage)
            _prove(wanted, look, used, steps)
    changes = [step.change for step in steps]
    paths = {brick.name: brick.path for place in look.places for brick in place.bricks}
    paths.update((step.brick.name, step.brick.path) for step in steps if step.brick and step.size is not None)
    bricks = [{"name": wish.name, "path": paths[wish.name]} for wish in wanted.bricks]
    return changes, {"storage": look.told(), "bricks": bricks}


def _do(run_command: lvm.RunCommand, steps: t.Sequence[Step]) -> None:
    doing = _Doing(run_command)
    for number, step in enumerate(steps):
        try:
            doing.step(step)
        except GlusterOpsError as exc:
            exc.details["changes"] = [one.change for one in steps[:number]]
            raise


def _prove(wanted: Wanted, look: Look, used: t.Mapping[str, str], steps: t.Sequence[Step]) -> None:
    """OutcomeUnknown if it is not as it was to be, although every program said that it was done."""
    changes = [step.change for step in steps]
    try:
        left = [step.change for step in plan(wanted, look.places, used)]
    except GlusterOpsError as exc:
        raise OutcomeUnknown(
            f"After all was done this server's storage is not as it was to be: {exc}", changes=changes
        ) from exc
    if left:
        raise OutcomeUnknown(
            f"All was done, and {left[0].subject} still has not its {left[0].what}: what else changes it?",
            changes=changes,
        )


def _release(brick: Brick) -> None:
    try:
        claimed.release(brick.path)
    except OSError as exc:
        raise Refused(f"Brick {brick.path} has a volume's mark that cannot be taken off: {exc.strerror}.") from exc


class _Doing:
    def __init__(self, run_command: lvm.RunCommand) -> None:
        self._run_command = run_command
        self._thin = thin.Thin(run_command)
        # By path, those that were made ready just now.
        self._ready: dict[str, Place] = {}

    def step(self, step: Step) -> None:
        place, brick, size = self._ready.get(step.place.path, step.place), step.brick, step.size
        if not brick:
            self._ready[place.path] = self._prepare(place)
        elif brick.lacks == (RELEASE,):
            _release(brick)
        elif place.kind == names.DIRECTORY:
            if size is None:
                directories.remove(place, brick)
            elif brick.lacks:
                directories.make(place, brick.name, size)
            else:
                directories.grow(place, brick, size)
        elif size is None:
            self._thin.remove(place.group, brick, read_mounts())
        elif brick.lacks:
            lacks = thin.ALL if brick.lacks == ("all",) else brick.lacks
            self._thin.make(place.group, brick.name, size, lacks)
        else:
            self._thin.grow(place.group, brick.name, size)

    def _prepare(self, place: Place) -> Place:
        """The place once it is ready. Looked at before each step: what is somebody's by now is not taken."""
        for _step in range(_STEPS):
            (place,) = observe(self._run_command, [place.path]).places[:1]
            if place.problem:
                raise Conflict(place.problem)
            if place.state == READY:
                return place
            if place.kind == names.DIRECTORY:
                directories.mark(place)
            else:
                self._thin.prepare(place, place.lacks[0])
        raise OutcomeUnknown(f"{place.path} is not ready for bricks, although every program said that it is.")
