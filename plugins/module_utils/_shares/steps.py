# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.
"""What is done to a share's volume: each step says what it changes, and does it."""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import functools
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import Conflict, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import is_half_done
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import LIST

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
    from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
    from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster
    from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import Share

# Whether a snapshot's bricks run.
ACTIVE = "active"
# Seconds for the bricks of a volume that was just started.
_READY_WITHIN = 120.0
# Of a list that may not have reached all bricks.
PROOF = "proof"
_LOOKS = 3


# Whose a volume is, and whom it lets in: what is decided on that is not done once it is another's.
GUARDED = (LIST, holding.SHARE, holding.STATE)


class ChangedMeanwhile(Conflict):
    """Somebody else changed what this was decided on, before it was done or proven."""


@dataclasses.dataclass
class Work:
    """On what a step works. volume: as it was when the steps were planned."""

    cluster: LiveCluster
    share: Share
    volume: Volume
    progress: Progress

    def __post_init__(self) -> None:
        self._seen = guarded(self.volume)

    def sees(self, volume: Volume) -> None:
        """The volume as it is now."""
        self._seen = guarded(volume)

    def set(self, options: t.Mapping[str, str]) -> None:
        """Sets them. ChangedMeanwhile if somebody else changed the list or the mark while gluster was busy."""
        set_options(self.cluster.cli, self.volume.name, options, self._seen)
        self._seen.update({option: value for option, value in options.items() if option in GUARDED})


def guarded(volume: Volume, options: t.Iterable[str] = GUARDED) -> dict[str, str | None]:
    """What set_options() compares."""
    return {option: volume.options.get(option) for option in options}


@dataclasses.dataclass(frozen=True)
class Step(abc.ABC):
    """changes: what it changes, as is told."""

    changes: tuple[Change, ...]

    @abc.abstractmethod
    def do(self, work: Work) -> None:
        """Does it. Raises what gluster, or what is seen, makes impossible."""


def value_of(value: t.Any) -> str:
    """An option's value as gluster takes it."""
    return ",".join(value) if isinstance(value, (list, tuple)) else str(value)


def start(cli: GlusterCli, volume: Volume) -> None:
    """Starts the volume, whose bricks wait for nothing any more then."""
    _start(cli, volume.name)
    if holding.waiting(volume):
        set_options(cli, volume.name, {holding.WAITING: "-"})


def _start(cli: GlusterCli, name: str) -> None:
    """If somebody else did not."""
    try:
        cli.xml("volume", "start", name)
    except Refused as exc:
        if "already started" not in str(exc):
            raise


def restart(cli: GlusterCli, name: str, *force: str, meanwhile: t.Callable[[], None] = lambda: None) -> None:
    """Stops and starts the volume, so that its bricks go by what is set, or is set C(meanwhile). Whatever Gluster
    refuses, it is not left stopped; and if this is killed, whoever comes next starts it."""
    set_options(cli, name, {holding.WAITING: name})
    try:
        cli.xml("volume", "stop", name, *force)
        meanwhile()
    finally:
        _start(cli, name)
        set_options(cli, name, {holding.WAITING: "-"})


def set_options(
    cli: GlusterCli, volume: str, options: t.Mapping[str, str], seen: t.Mapping[str, str | None] | None = None
) -> None:
    """Sets them in one transaction. What some server could not keep the next run sets again: the volume says so.

    seen: options on which that was decided. Where it has to wait for another transaction, and they are others then, it
    raises ChangedMeanwhile instead.
    """
    again = None if seen is None else functools.partial(_check_same, cli, volume, seen)
    words = [word for option in options.items() for word in option]
    try:
        cli.xml("volume", "set", volume, *words, again=again)
    except Refused as exc:
        if is_half_done(exc):
            with contextlib.suppress(Refused):
                cli.xml("volume", "set", volume, holding.UNPROVEN, volume)
        raise


def _check_same(cli: GlusterCli, volume: str, seen: t.Mapping[str, str | None]) -> None:
    now = guarded(answers.volume(cli, volume), seen)
    others = sorted(option for option, value in now.items() if value != seen[option])
    if others:
        raise ChangedMeanwhile(
            f"Volume {volume!r}: somebody else changed {', '.join(others)} while this waited for another transaction."
            " Run this again."
        )


@dataclasses.dataclass(frozen=True)
class Set(Step):
    """Sets the options that its changes name, in one transaction. others: what belongs to one of them."""

    others: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    def do(self, work: Work) -> None:
        options = {change.what: value_of(change.after) for change in self.changes}
        work.set({**options, **self.others})


@dataclasses.dataclass(frozen=True)
class Close(Step):
    """Lets nobody in but C(entries), and proves it on all bricks.

    options: what else is set with the list. restart: bricks take these only when they start. again: all is set already,
    and only not proven. Until it is, the volume says so, and whoever comes after an interruption goes on here.
    """

    entries: tuple[str, ...] = ()
    options: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    restart: bool = False
    again: bool = False

    def do(self, work: Work) -> None:
        self.shut(work)
        self.prove(work)

    def shut(self, work: Work) -> None:
        """The first half. Many volumes are shut before the first is proven to be."""
        if not self.again:
            self._set(work)

    def _set(self, work: Work) -> None:
        cli, name = work.cluster.cli, work.volume.name
        options = {**self.options, LIST: ",".join(self.entries), holding.UNPROVEN: name}
        if self.restart and work.volume.started:
            restart(cli, name, meanwhile=lambda: work.set(options))
        else:
            work.set(options)

    def prove(self, work: Work) -> None:
        """The second half, by the list that is there now: somebody else may have been let in since. Raises Conflict."""
        cli, name = work.cluster.cli, work.volume.name
        now = answers.volume(cli, name)
        for _look in range(_LOOKS):
            before, proven = now, False
            work.sees(now)
            with contextlib.suppress(ChangedMeanwhile):
                entries = tuple(holding.listed(now))
                dataclasses.replace(self, entries=entries, restart=False).check(work)
                work.set({holding.UNPROVEN: "-"})
                proven = True
            # Between servers there is no lock: that mark may have been of another run, and about its list.
            now = answers.volume(cli, name)
            if proven and set(holding.listed(now)) == set(holding.listed(before)):
                return
        raise Conflict(f"Volume {name!r}: somebody else changed its access list again and again.")

    def check(self, work: Work) -> None:
        """Whether all bricks go by C(entries). What some server could not keep is set once more, whatever this one
        shows. Raises Conflict."""
        # Servers compile what they import, and mostly nothing has to be done.
        from ansible_collections.glusterops.shares.plugins.module_utils._shares import closing

        # While it is made into a share nobody is in whom that would cut off.
        restart = work.share.restart or holding.is_preparing(work.volume)
        try:
            closing.check(work.cluster, work.volume, self.entries, restart)
        except ChangedMeanwhile:
            # What somebody else has taken off is not put on it again.
            raise
        except Conflict:
            self._set(work)
            closing.check(work.cluster, work.volume, self.entries, restart)


@dataclasses.dataclass(frozen=True)
class Deactivate(Step):
    """Stops the bricks of snapshots, so that nobody can mount them."""

    def do(self, work: Work) -> None:
        from ansible_collections.glusterops.shares.plugins.module_utils._gluster import snapshot

        for change in self.changes:
            snapshot.deactivate(work.cluster.cli, change.subject)


@dataclasses.dataclass(frozen=True)
class Restart(Step):
    """Stops and starts the volume, whose bricks wait for that."""

    def do(self, work: Work) -> None:
        restart(work.cluster.cli, work.volume.name)


@dataclasses.dataclass(frozen=True)
class Start(Step):
    """Starts the volume."""

    def do(self, work: Work) -> None:
        start(work.cluster.cli, work.volume)


@dataclasses.dataclass(frozen=True)
class Limit(Step):
    """Limits the volume to the share's size. What a volume that is only being made into the share holds must fit.

    enable: quota is off.
    """

    enable: bool = False

    def do(self, work: Work) -> None:
        from ansible_collections.glusterops.shares.plugins.module_utils._shares import limiting

        limiting.limit(work, self.enable)


@dataclasses.dataclass(frozen=True)
class Admit(Step):
    """Lets the tenants into a volume that was being made into a share, and let in C(closed) alone. One of a pool must
    be empty: what is in it is somebody else's."""

    entries: tuple[str, ...] = ()
    closed: Close = dataclasses.field(default=Close(()))

    def do(self, work: Work) -> None:
        cli, name = work.cluster.cli, work.volume.name
        mark = holding.mark_of(work.volume)
        if mark is None:
            raise Conflict(f"Volume {name!r} is not share {work.share.name!r} any more.")
        # By another server's run: the next round sees what is left to do.
        if _is_admitted(work, mark):
            return
        try:
            self.closed.check(work)
        except ChangedMeanwhile:
            if _is_admitted(work, mark):
                return
            raise
        if mark.origin == holding.POOL:
            _check_empty(work)
        # Another worker of the same pool may have given it up meanwhile.
        present = answers.volume(cli, name)
        now = holding.mark_of(present)
        if now is None or (now.share, now.origin) != (mark.share, mark.origin) or now.state not in holding.MAKING:
            raise Conflict(f"Volume {name!r} was given to somebody else while it was made into share {mark.share!r}.")
        work.sees(present)
        marks = holding.mark(mark.share, name, holding.IN_USE, mark.origin)
        work.set({**marks, LIST: ",".join(self.entries), holding.UNPROVEN: "-"})


def _is_admitted(work: Work, mark: holding.Mark) -> bool:
    return holding.mark_of(answers.volume(work.cluster.cli, work.volume.name)) == mark._replace(state=holding.IN_USE)


def _check_empty(work: Work) -> None:
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster import healing
    from ansible_collections.glusterops.shares.plugins.module_utils._shares import wipe

    cli, name = work.cluster.cli, work.volume.name
    # What a brick holds that is down nobody sees.
    healing.ready(cli, work.volume, "be proven empty", _READY_WITHIN, work.cluster.sleep)
    with wipe.mounted(cli, name) as root:
        left = wipe.left(root)
    if left:
        # That it lets in nobody else is proven.
        work.set({**holding.set_aside(), holding.UNPROVEN: "-"})
        raise Refused(
            f"Volume {name!r}, which share {work.share.name!r} would have got from the pool, is not empty: it holds"
            f" {', '.join(left)}. Nobody was let in. It was set aside, so the next run takes another one. Once it is"
            f" empty, 'gluster volume set {name} {holding.SHARE} -' gives it back to the pool.",
            left=left,
        )
