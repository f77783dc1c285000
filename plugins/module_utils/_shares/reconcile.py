# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import contextlib
import dataclasses
import functools
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    Conflict,
    GlusterOpsError,
    Refused,
    few,
    raise_all,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers, quota, snapshot
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.glusterd import (
    GLUSTERD,
    SnapshotInfo,
    snapshots_info,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.lock import DIRECTORY, held
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.plaintext import in_plaintext
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding, provision
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import is_sealed, listed
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import (
    QUOTA,
    Share,
    check_snapshots,
    plan,
    shut_out,
)
from ansible_collections.glusterops.shares.plugins.module_utils._shares.steps import (
    ACTIVE,
    Admit,
    ChangedMeanwhile,
    Close,
    Step,
    Work,
    value_of,
)
from ansible_collections.glusterops.shares.plugins.module_utils._volumes import recipe

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Limit, Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli

# How long a foreign read-modify-write that overwrites ours takes at most; after it we look again.
_SETTLE = 1.0
_ROUNDS = 6
# Held while volumes are taken from pools.
_POOL_LOCK = ".pool"


@dataclasses.dataclass
class LiveCluster:
    """The cluster through one server: its gluster, and that server's own files. known_limits: volume to bytes."""

    cli: GlusterCli
    known_limits: t.Mapping[str, int] = dataclasses.field(default_factory=dict)
    glusterd: str = GLUSTERD
    locks: str = DIRECTORY
    sleep: t.Callable[[float], None] = time.sleep
    in_plaintext: t.Callable[[str, int], bool] = in_plaintext


def reconcile(
    cluster: LiveCluster, shares: t.Sequence[Share], check_mode: bool, progress: Progress | None = None
) -> tuple[list[Change], dict[str, dict[str, t.Any]]]:
    """Makes the shares what they shall be: their changes, and by name what was observed afterwards.

    When nothing has to change that is one gluster call, however many shares there are (and one for each share whose
    limit neither this server's bricks nor known_limits tell). Who shall not be let in any more is shut out first,
    share by share, whatever is wrong with others; all else is checked before the first of it is changed. Between
    servers no lock exists: what another server's run overwrote is noticed in the look afterwards and done again.
    """
    _check(shares)
    return _Run(cluster, shares, check_mode, progress or Progress()).run()


def close(
    cluster: LiveCluster, shares: t.Sequence[Share], check_mode: bool
) -> tuple[list[Change], list[GlusterOpsError]]:
    """Shuts out of the shares whoever shall not be let in any more, and does nothing else: what was changed, and what
    went wrong, which holds none of the others back."""
    _check(shares)
    run = _Run(cluster, shares, check_mode, Progress())
    failures = run.close()
    return run.done, failures


def _check(shares: t.Sequence[Share]) -> None:
    for share in shares:
        share.check()
    check_unique((share.name for share in shares), "share")


class _Run:
    """One run over the shares. done: what was changed so far."""

    def __init__(self, cluster: LiveCluster, shares: t.Sequence[Share], check_mode: bool, progress: Progress) -> None:
        self._cluster, self._shares, self._check_mode, self._progress = cluster, shares, check_mode, progress
        self._done: list[Change] = []
        self._failures: dict[str, GlusterOpsError] = {}
        # By volume from whose list somebody was taken, how many self-heal daemons it had before.
        self._healers: dict[str, int] = {}

    def run(self) -> tuple[list[Change], dict[str, dict[str, t.Any]]]:
        try:
            volumes = answers.volumes(self._cluster.cli)
            # A dry run tells it in the order of the plan.
            if not self._check_mode and self._close_all(volumes):
                volumes = answers.volumes(self._cluster.cli)
            found = self._reconcile(volumes)
            raise_undone(self._failures.values(), len(self._shares))
            return self._done, found
        except GlusterOpsError as exc:
            exc.details["changes"] = self._done
            raise

    # ---- who shall not be let in any more ----
    def close(self) -> list[GlusterOpsError]:
        """Only shuts out who shall not be let in any more. What went wrong."""
        volumes = answers.volumes(self._cluster.cli)
        self._close_all(volumes)
        after = volumes if self._check_mode else answers.volumes(self._cluster.cli)
        holders, snapshots = holding.Holders(after), Snapshots(self._cluster)
        for share in self._shares:
            with self._failing(share.name):
                volume = holders.get(share.name)
                if volume and not self._check_mode and shut_out(share, volume) and share.name not in self._failures:
                    raise Conflict(f"Volume {volume.name!r}: somebody else changed its access list at the same time.")
                if volume and not (self._check_mode and share.deactivate):
                    check_snapshots(share, snapshots.exposing(share, volume))
        with self._failing(""):
            self._check_healers(after)
        return list(self._failures.values())

    @property
    def done(self) -> list[Change]:
        return self._done

    def _close_all(self, volumes: t.Mapping[str, Volume]) -> bool:
        """Shuts out of all volumes whoever shall not be let in any more, then proves it. Whether there was anybody."""
        holders, snapshots = holding.Holders(volumes), Snapshots(self._cluster)
        shut: list[tuple[Work, Close]] = []
        found: list[tuple[Share, Volume, bool]] = []
        for share in self._shares:
            with self._failing(share.name):
                volume = holders.get(share.name)
                if volume:
                    found.append((share, volume, bool(shut_out(share, volume))))
        self._count_healers([volume for _share, volume, closing in found if closing])
        for share, volume, closing in found:
            with self._failing(share.name):
                if closing:
                    shut += self._shut(share, volume)
                if share.deactivate:
                    self._deactivate(snapshots.exposing(share, volume))
        for work, step in shut:
            if work.share.name not in self._failures:
                with self._failing(work.share.name), held(work.volume.name, self._cluster.locks):
                    step.prove(work)
        return bool(shut)

    def _shut(self, share: Share, volume: Volume) -> list[tuple[Work, Close]]:
        """Shuts out whoever shall not be let in any more, whatever others did since it was looked at."""
        if self._check_mode:
            self._done += t.cast(Close, shut_out(share, volume)).changes
            return []
        with held(volume.name, self._cluster.locks):
            for _round in range(_ROUNDS):
                now = answers.volume(self._cluster.cli, volume.name)
                step = shut_out(share, now)
                if step is None or holding.share_of(now) != share.name:
                    return []
                work = self._work(share, now)
                if self._does(step, step.shut, work):
                    return [(work, step)]
        raise Conflict(f"Volume {volume.name!r}: somebody else changed its access list again and again.")

    def _does(self, step: Step, do: t.Callable[[Work], None], work: Work) -> bool:
        """Does it, and notes what it changes.

        False if it has to be decided anew, because somebody else changed meanwhile what it is about.
        """
        before = list(self._done)
        # Before it is done: what fails halfway has changed something. But who was not let in was not.
        if not isinstance(step, Admit):
            self._done += step.changes
        try:
            do(work)
        except ChangedMeanwhile:
            self._done[:] = before
            return False
        if isinstance(step, Admit):
            self._done += step.changes
        return True

    @contextlib.contextmanager
    def _failing(self, share: str) -> t.Iterator[None]:
        """What goes wrong with one share is told at the end, and holds no other back."""
        try:
            yield
        except GlusterOpsError as exc:
            self._failures[share] = exc

    def _deactivate(self, exposing: t.Iterable[str]) -> None:
        for name in exposing:
            self._done.append(Change(name, ACTIVE, True, False))
            if not self._check_mode:
                snapshot.deactivate(self._cluster.cli, name)

    def _work(self, share: Share, volume: Volume) -> Work:
        return Work(self._cluster, share, volume, self._progress)

    def _count_healers(self, volumes: t.Iterable[Volume]) -> None:
        """Of these, before the first of them changes. That they cannot be counted holds nobody's removal back."""
        healing = {one.name: one for one in volumes if one.started and (one.replica > 1 or one.disperse)}
        if healing and not self._check_mode:
            with self._failing(""):
                clients = answers.clients(self._cluster.cli, healing)
                self._healers = {name: clients.get(name, {}).get(answers.HEALER, 0) for name in healing}

    def _check_healers(self, volumes: t.Mapping[str, Volume]) -> None:
        """Conflict if volumes lost self-heal daemons: a server's CN was taken off their lists.

        gluster's status calls such a daemon online, but it stays disconnected, and heals nothing.
        """
        if not self._healers:
            return
        after = answers.clients(
            self._cluster.cli, {name: one for name, one in volumes.items() if name in self._healers}
        )
        lost = sorted(
            name for name, count in self._healers.items() if after.get(name, {}).get(answers.HEALER, 0) < count
        )
        if lost:
            raise Conflict(
                f"Self-heal daemons were cut off from {', '.join(lost)}: a server's identity was on the access list and"
                " is not in infrastructure. Add it, run this again, and stop and start the volume, or they stay"
                " disconnected."
            )

    # ---- all else ----
    def _reconcile(self, volumes: dict[str, Volume]) -> dict[str, dict[str, t.Any]]:
        pending: dict[str, list[Step]] = {}
        for _round in range(_ROUNDS):
            shares = [share for share in self._shares if share.name not in self._failures]
            sources = _sources(self._cluster, shares, volumes)
            present = {name: source.volume for name, source in sources.items() if source.volume}
            limits = self._limits(shares, present)
            shares = [share for share in shares if share.name not in self._failures]
            pending = self._plan_all(shares, present, limits)
            taking = [share for share in shares if sources[share.name].taking or sources[share.name].superfluous]
            if not (pending or taking):
                self._check_healers(volumes)
                return {
                    share.name: describe(share.name, present[share.name], limits.get(share.name)) for share in shares
                }
            if self._check_mode:
                for share in shares:
                    self._done += _taking(sources[share.name], share.name)
                    self._done += [change for step in pending.get(share.name, ()) for change in step.changes]
                return {}
            if taking:
                # What was taken is looked at again before anything is done with it.
                self._take(taking)
            else:
                self._progress.expect(len(pending))
                for share in shares:
                    if share.name in pending:
                        with self._failing(share.name), self._progress.of(share.name, "set"):
                            self._apply(share, present[share.name].name, limits.get(share.name))
            self._cluster.sleep(_SETTLE)
            volumes = answers.volumes(self._cluster.cli)
        raise Conflict(_unsettled(pending))

    def _plan_all(
        self, shares: t.Iterable[Share], present: t.Mapping[str, Volume], limits: t.Mapping[str, Limit | None]
    ) -> dict[str, list[Step]]:
        plans: dict[str, list[Step]] = {}
        failures: list[GlusterOpsError] = []
        snapshots = Snapshots(self._cluster)
        for share in shares:
            try:
                volume = present.get(share.name)
                exposing = snapshots.exposing(share, volume) if volume else {}
                steps = plan(share, volume, limits.get(share.name), exposing)
            except GlusterOpsError as exc:
                failures.append(exc)
            else:
                if steps:
                    plans[share.name] = steps
        raise_all([*self._failures.values(), *failures] if failures else [], "cannot be done", bool(self._done))
        return plans

    def _limits(self, shares: t.Iterable[Share], present: t.Mapping[str, Volume]) -> dict[str, Limit | None]:
        """The present limits of the shares whose size is asked for, exact where they are about to change.

        What a volume has that is only being made into a share counts for nothing: a clone has its parent's.
        """
        cluster = self._cluster
        limited = {
            share.name: (volume, share.size)
            for share in shares
            for volume in [present.get(share.name)]
            if share.size is not None and volume and volume.is_on(QUOTA) and not holding.is_preparing(volume)
        }
        local = quota.local_limits((volume for volume, _size in limited.values()), cluster.glusterd)
        limits: dict[str, Limit | None] = {}
        for name, (volume, size) in limited.items():
            known = cluster.known_limits.get(volume.name)
            limit = local.get(volume.name) if volume.name in local else answers.Limit(known, 0) if known else None
            if (limit is None or limit.size != size) and volume.started:
                with self._failing(name):
                    limit = quota.limit(cluster.cli, volume.name, cluster.sleep, restart=not self._check_mode)
            limits[name] = limit
        return limits

    def _apply(self, share: Share, name: str, limit: Limit | None) -> None:
        with held(name, self._cluster.locks):
            volume = answers.volume(self._cluster.cli, name)
            if holding.share_of(volume) != share.name:
                return  # Another server's run took it. The next round sees what that means.
            exposing = Snapshots(self._cluster).exposing(share, volume)
            work = self._work(share, volume)
            for step in plan(share, volume, limit, exposing):
                if not self._does(step, step.do, work):
                    return  # The next round sees what that means.

    def _take(self, shares: t.Sequence[Share]) -> None:
        cluster = self._cluster
        with held(_POOL_LOCK, cluster.locks):
            # Other runs may have taken some since.
            volumes = answers.volumes(cluster.cli)
            sources = _sources(cluster, shares, volumes)
            making = any(share.layout and sources[share.name].taking for share in shares)
            known = recipe.look(cluster.cli) if making else None
            for share in shares:
                with self._failing(share.name):
                    source = sources[share.name]
                    self._done += _taking(source, share.name)
                    for name in source.superfluous:
                        provision.give_up(cluster.cli, name, share.name)
                    if source.taking:
                        self._progress.expect(1)
                        with self._progress.of(share.name, provision.told(source.taking)):
                            provision.take(cluster, share, source, volumes, known)


@dataclasses.dataclass
class Snapshots:
    """The active snapshots that let in whom their volume's share does not. Read when the first volume has some."""

    cluster: LiveCluster

    @functools.cached_property
    def _known(self) -> list[SnapshotInfo]:
        return snapshots_info(self.cluster.glusterd)

    def exposing(self, share: Share, volume: Volume) -> dict[str, list[str]]:
        """Snapshot to whom it lets in that the share does not, or shall not."""
        if not volume.snapshots or not (share.exclusive or share.deny):
            return {}
        return holding.exposing(volume.name, share.access_list(listed(volume)), self._known)


def _sources(
    cluster: LiveCluster, shares: t.Sequence[Share], volumes: dict[str, Volume]
) -> dict[str, provision.Source]:
    scene, holders = holding.Scene(volumes), holding.Holders(volumes)
    if provision.needs_snapshots(shares, holders):
        scene = dataclasses.replace(scene, snapshots=snapshot.snapshots(cluster.cli))
    matching = provision.of_pools(shares, volumes) if provision.needs_supply(shares, holders) else {}
    # What is somebody's already need not be told of.
    candidates = {name: volume for name, volume in matching.items() if holding.marked(volume) is None}
    if candidates:
        scene = dataclasses.replace(
            scene,
            clients=answers.settled_clients(cluster.cli, candidates, cluster.sleep),
            status=answers.status(cluster.cli, candidates),
            away=answers.away(cluster.cli),
        )
    return provision.sources(shares, scene, cluster.glusterd)


def _taking(source: provision.Source, share: str) -> list[Change]:
    back = [Change(share, provision.TAKEN, name, None) for name in source.superfluous]
    return [*back, source.taking] if source.taking else back


def raise_undone(failures: t.Collection[GlusterOpsError], count: int, **details: t.Any) -> None:
    """Raises what went wrong with some of so many shares."""
    found = list(failures)
    if len(found) == 1:
        found[0].details.update(details)
        raise found[0]
    if found:
        raise Refused(
            f"{len(found)} of {count} shares are not as asked: {few(list(map(str, found)))}",
            failures=[str(exc) for exc in found],
            **details,
        )


def _unsettled(pending: t.Mapping[str, t.Sequence[Step]]) -> str:
    """What to say of shares that are not as asked, though all was done again and again."""
    told = [
        f"{change.subject}: {change.what} shall be {value_of(change.after)} and is {value_of(change.before)}."
        for steps in pending.values()
        for step in steps
        for change in step.changes
    ]
    return (
        f"{', '.join(sorted(pending))}: what was set {_ROUNDS} times is not there afterwards. Gluster does not keep it"
        f" as it was written, or somebody else sets it back. {few(told)}"
    )


def describe(share: str, volume: Volume, limit: Limit | None) -> dict[str, t.Any]:
    """A share as modules return it. limit in bytes, None when it was not asked for or has none."""
    return {
        "name": share,
        "volume": volume.name,
        "sealed": is_sealed(volume),
        "identities": sorted(listed(volume)),
        "started": volume.started,
        "limit": limit.size if limit else None,
        "servers": list(volume.servers),
    }
