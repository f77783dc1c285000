# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""The work on one volume: what is stored in it is moved while its clients go on."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import Conflict, NotFound, Refused, TimedOut
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers, healing, quota
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.lock import DIRECTORY, held
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._volumes import recipe as recipes
from ansible_collections.glusterops.shares.plugins.module_utils._volumes import reshaping
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.recipe import LOOKUP, Place
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.reshaping import (
    DONE,
    HEALING,
    SPREADING,
    Bricks,
    Reshaping,
    Wanted,
    mark,
)

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Rebalance, Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli

RUNNING, COMPLETED = "in progress", "completed"
# Seconds between two looks at what moves, and how often it is begun again where some files could not be moved.
_PAUSE = 2.0
_TRIES = 5
# Seconds between two looks, both of which must find nothing to heal.
_SETTLE = 3.0


# What gluster says where a volume was never rebalanced, cannot be, or has moved no file of those that it should have.
_NEVER, _NO_REBALANCE, _SKIPPED = "not started", "not a distribute volume", "might have been skipped"


@dataclasses.dataclass
class Pool:
    """The servers' pool through one of them. timeout: seconds that each heal, rebalance or removal is waited for. root:
    whether new bricks may lie on root file systems."""

    cli: GlusterCli
    timeout: float = 3600.0
    root: bool = False
    progress: Progress = dataclasses.field(default_factory=Progress)
    locks: str = DIRECTORY
    sleep: t.Callable[[float], None] = time.sleep


def plan_of(cli: GlusterCli, one: Wanted, volume: Volume) -> Reshaping:
    """What there is to do. What others do to the volume is only asked for where that matters."""
    todo = reshaping.plan(one, volume)
    if todo.moves and volume.started:
        leaving = [_place(brick) for brick in answers.leaving(cli, one.name)]
        todo = reshaping.plan(one, volume, tuple(leaving))
    if todo.delete and volume.started:
        _check_idle(cli, volume)
    return todo


def _check_idle(cli: GlusterCli, volume: Volume) -> None:
    """Refused if somebody would lose what he works with."""
    if answers.leaving(cli, volume.name):
        raise Refused(f"Volume {volume.name!r} is not deleted: bricks of it are being removed. End that first.")
    clients = answers.tenants(answers.settled_clients(cli, {volume.name: volume}, cli.sleep).get(volume.name, {}))
    if clients:
        raise Refused(
            f"Volume {volume.name!r} is not deleted: {clients} clients are connected to it. Unmount it everywhere"
            " first."
        )


def _is_whole(how: Rebalance) -> bool:
    return how.status == COMPLETED and not how.failures


def _place(text: str) -> Place:
    server, _colon, path = text.partition(":")
    return Place(server, path)


class Work:
    """The work on one volume. It is noted before it is done: what fails halfway has changed something."""

    def __init__(self, pool: Pool, wanted: Wanted, known: recipes.Known, done: list[Change]) -> None:
        self._pool, self._wanted, self._known, self._done = pool, wanted, known, done
        self._cli, self._name = pool.cli, wanted.name

    def do(self) -> None:
        # Not the volume's own lock, which whoever is shut out must not wait for: this may take days.
        with held(f"{self._name}.bricks", self._pool.locks):
            try:
                volume = answers.volume(self._cli, self._name)
            except NotFound:
                if self._wanted.absent:
                    return
                self._create()
                volume = answers.volume(self._cli, self._name)
            todo = plan_of(self._cli, self._wanted, volume)
            if todo.delete:
                self._delete(todo)
            else:
                self._reshape(todo)

    def _volume(self) -> Volume:
        return answers.volume(self._cli, self._name)

    def _say(self, line: str) -> None:
        self._pool.progress.say(line)

    # ---- there or not ----
    def _create(self) -> None:
        self._done += reshaping.creation(self._wanted)[:1]
        with held(self._name, self._pool.locks):
            recipes.create(self._cli, self._wanted.recipe, self._known, self._pool.root)

    def _delete(self, todo: Reshaping) -> None:
        with held(self._name, self._pool.locks):
            now = self._volume()
            # Whose it is may have changed.
            plan_of(self._cli, self._wanted, now)
            self._done += todo.changes
            if now.started:
                self._cli.xml("volume", "stop", self._name)
            self._cli.xml("volume", "delete", self._name)

    # ---- what it is like ----
    def _reshape(self, todo: Reshaping) -> None:
        if todo.options or todo.start:
            self._set(todo)
        if todo.start:
            self._done.append(Change(self._name, reshaping.STARTED, False, True))
            with held(self._name, self._pool.locks):
                self._cli.xml("volume", "start", self._name)
        if todo.leaving:
            self._done.append(reshaping.removing(self._name, todo.leaving))
            self._end_removal(todo.leaving)
        if todo.unfinished and not (todo.added and todo.unfinished == SPREADING):
            self._finish(todo.unfinished)
        if todo.added:
            self._add(todo.added)
        for one in todo.replaced:
            self._replace(one)
        if todo.removed:
            self._remove(todo.removed)
        if todo.stop:
            self._done.append(Change(self._name, reshaping.STARTED, True, False))
            with held(self._name, self._pool.locks):
                self._cli.xml("volume", "stop", self._name)

    def _set(self, todo: Reshaping) -> None:
        before = todo.volume.options
        self._done += [
            Change(self._name, option, before.get(option), value) for option, value in sorted(todo.options.items())
        ]
        # Before it starts all of them again: what some server could not keep another does not show.
        self._note({**self._wanted.options} if todo.start else todo.options)

    def _note(self, options: t.Mapping[str, str]) -> None:
        """Sets them in one transaction. What some server could not keep is set once more."""
        with held(self._name, self._pool.locks):
            recipes.set_options(self._cli, self._name, options)

    def _ready(self, what: str) -> None:
        """Once all bricks are up and hold the same."""
        healing.ready(self._cli, self._volume(), what, self._pool.timeout, self._pool.sleep, self._say)

    # ---- sets that come ----
    def _add(self, bricks: Bricks) -> None:
        self._await_rebalance()
        self._ready("be given bricks")
        self._done.append(Change(self._name, reshaping.BRICKS, None, [str(brick) for brick in bricks]))
        self._give(SPREADING, ["add-brick", self._name, *map(str, bricks)], bricks)
        self._spread()

    def _give(self, what: str, words: t.Sequence[str], bricks: Bricks) -> None:
        """New bricks, after which C(what) is to be done: noted before, so that it is known whoever ends this."""
        self._note({**LOOKUP, **mark(what, self._name)})
        try:
            recipes.submit(self._cli, words, bricks, self._known, self._pool.root)
        except Refused:
            if not set(bricks) & set(recipes.places(self._volume())):
                self._note(DONE)
            raise

    def _finish(self, what: str) -> None:
        """What an interrupted run began."""
        self._done.append(Change(self._name, what, "unfinished", "done"))
        if what == SPREADING:
            self._await_rebalance()
            self._spread()
        else:
            self._heal()

    def _spread(self) -> None:
        """Gives new bricks the limit and their part of what is stored."""
        self._limit()
        self._note(LOOKUP)
        if len(self._volume().bricks) > self._wanted.recipe.width:
            self._rebalance()
        self._note(DONE)

    def _rebalance(self) -> None:
        for _try in range(_TRIES):
            self._cli.xml("volume", "rebalance", self._name, "start")
            how = self._await_rebalance()
            self._ready("be called whole")
            # A server that could not be asked then may still be at it.
            how = self._await_rebalance()
            if how and _is_whole(how):
                return
        raise Conflict(
            f"Volume {self._name!r}: its rebalance is {how or 'not told of'}, {_TRIES} times: see /var/log/glusterfs/"
            f"{self._name}-rebalance.log on each server, and run this again."
        )

    def _limit(self) -> None:
        """New bricks know no limit before somebody looks at the volume's root, or it is set again."""
        if not self._volume().is_on("features.quota"):
            return
        limit = quota.limit(self._cli, self._name, self._pool.sleep, restart=True)
        if limit:
            quota.set_limit(self._cli, self._name, limit.size, self._pool.sleep)

    def _await_rebalance(self) -> Rebalance | None:
        """How its last rebalance ended, None if there was none."""
        try:
            return self._await(lambda: answers.rebalance(self._cli, self._name), "rebalance")
        except Refused as exc:
            if _NEVER in str(exc) or _NO_REBALANCE in str(exc):
                return None
            raise

    def _await(self, ask: t.Callable[[], Rebalance], what: str) -> Rebalance:
        waited = 0.0
        while True:
            how = ask()
            if RUNNING not in how.status:
                return how
            if waited >= self._pool.timeout:
                raise TimedOut(
                    f"Volume {self._name!r}: its {what} is {how} after {waited:.0f} seconds, and goes on. Run this"
                    " again to wait for it, or allow a longer timeout."
                )
            self._say(f"{self._name}: {what} {how}")
            self._pool.sleep(_PAUSE)
            waited += _PAUSE

    # ---- bricks that are replaced ----
    def _replace(self, one: reshaping.Replacing) -> None:
        self._await_rebalance()
        self._ready("have a brick replaced")
        self._done.append(reshaping.replacing(self._name, one))
        # Gluster takes no other way.
        self._give(HEALING, ["replace-brick", self._name, str(one.old), str(one.new), "commit", "force"], (one.new,))
        self._heal()

    def _heal(self) -> None:
        """Until the new brick has all: Gluster stops in the middle, and is asked again."""
        for _look in range(2):
            self._pool.sleep(_SETTLE)
            # What keeps it from healing is told then.
            with contextlib.suppress(Refused):
                self._cli.text("volume", "heal", self._name)
            self._ready("be called healed")
        self._limit()
        self._note(DONE)

    # ---- sets that go ----
    def _remove(self, bricks: Bricks) -> None:
        self._await_rebalance()
        self._ready("lose bricks")
        self._done.append(reshaping.removing(self._name, bricks))
        self._note(LOOKUP)
        self._removal(bricks, "start")
        self._end_removal(bricks)

    def _end_removal(self, bricks: Bricks) -> None:
        """Waits until all is moved, and commits. Where some files could not be, as such that a client deleted
        meanwhile, Gluster refuses that: then only if the bricks are seen to hold none, else it is begun anew."""
        if LOOKUP.items() - self._volume().options.items():
            self._note(LOOKUP)
        for _try in range(_TRIES):
            self._await_removal(bricks)
            self._ready("lose bricks")
            how = self._await_removal(bricks)
            if _is_whole(how):
                try:
                    self._removal(bricks, "commit")
                    return
                # A file was left out.
                except Refused as exc:
                    if _SKIPPED not in str(exc):
                        raise
            if how.status == COMPLETED and self._hold_nothing(bricks):
                self._removal(bricks, "force")
                return
            self._removal(bricks, "stop")
            self._removal(bricks, "start")
        raise Conflict(
            f"Volume {self._name!r}: not all files could be moved from {', '.join(map(str, bricks))} (the last removal"
            f" is {how}, {_TRIES} times): see /var/log/glusterfs/{self._name}-rebalance.log on their servers. It goes"
            " on: run this again, on a server that has a brick of each of these sets, which can see what is left."
        )

    def _hold_nothing(self, bricks: Bricks) -> bool:
        """Whether this server sees a brick with files of each of their sets, and none holds any. No brick lacks what
        others of its set have, and nobody makes new files there."""
        volume = self._volume()
        whole = self._wanted.recipe._replace(bricks=recipes.places(volume))
        for its in whole.sets:
            if not set(its) & set(bricks):
                continue
            # The arbiter is the last, and has no contents, but all names.
            here = [brick.path for brick in its if self._known.is_here(brick.server)]
            if not here or not all(recipes.holds_nothing(path, volume) for path in here):
                return False
        return True

    def _await_removal(self, bricks: Bricks) -> Rebalance:
        return self._await(lambda: answers.read_rebalance(self._removal(bricks, "status")), "removal of bricks")

    def _removal(self, bricks: Bricks, what: str) -> t.Any:
        return self._cli.xml("volume", "remove-brick", self._name, *map(str, bricks), what)
