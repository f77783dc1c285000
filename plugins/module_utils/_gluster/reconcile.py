# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import Conflict, GlusterOpsError, Refused, few
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers, quota
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.lock import DIRECTORY, held
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.share import (
    LIMIT,
    LIST,
    PROMPT,
    QUOTA,
    RESTART,
    SEAL,
    START,
    Share,
    is_sealed,
    plan,
    split_list,
)
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Limit, Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli

# How long a foreign read-modify-write that overwrites ours takes at most; after it we look again.
_SETTLE = 1.0
_ROUNDS = 5


@dataclasses.dataclass
class Cluster:
    """The cluster through one server: its gluster, and that server's own files. known_limits: volume to bytes."""

    cli: GlusterCli
    known_limits: t.Mapping[str, int] = dataclasses.field(default_factory=dict)
    glusterd: str = quota.GLUSTERD
    locks: str = DIRECTORY
    sleep: t.Callable[[float], None] = time.sleep


def reconcile(
    cluster: Cluster, shares: t.Sequence[Share], check_mode: bool, progress: Progress | None = None
) -> tuple[list[Change], dict[str, dict[str, t.Any]]]:
    """Makes the shares what they shall be: their changes, and by name what was observed afterwards.

    When nothing has to change that is one gluster call, however many shares there are (and one for each share whose
    limit neither this server's bricks nor known_limits tell). All shares are checked before the first is changed.
    Between servers no lock exists: what another server's run overwrote is noticed in the look afterwards and done
    again.
    """
    for share in shares:
        share.check()
    check_unique((share.name for share in shares), "share")
    done: list[Change] = []
    try:
        return done, _reconcile(cluster, shares, check_mode, done, progress or Progress())
    except GlusterOpsError as exc:
        exc.details["changes"] = done
        raise


def _reconcile(
    cluster: Cluster, shares: t.Sequence[Share], check_mode: bool, done: list[Change], progress: Progress
) -> dict[str, dict[str, t.Any]]:
    helpers: dict[str, int] = {}
    for _round in range(_ROUNDS):
        volumes = answers.volumes(cluster.cli)
        limits = _limits(cluster, shares, volumes)
        pending = _plan_all(shares, volumes, limits)
        if not pending:
            _check_helpers(cluster, helpers)
            return {share.name: describe(volumes[share.name], limits.get(share.name)) for share in shares}
        if check_mode:
            done += [change for changes in pending.values() for change in changes]
            return {}
        removing = [name for name, changes in pending.items() if any(map(_removes, changes)) and volumes[name].started]
        if removing:
            counted = answers.clients(cluster.cli)
            # What the first round saw counts: later ones may see the loss already.
            helpers = {**{name: counted.get(name, {}).get(answers.HEALER, 0) for name in removing}, **helpers}
        progress.expect(len(pending))
        for share in shares:
            if share.name in pending:
                with progress.of(share.name, "set"), held(share.name, cluster.locks):
                    present = answers.volume(cluster.cli, share.name)
                    changes = plan(share, present, limits.get(share.name))
                    # Noted before it is done: what fails halfway has changed something.
                    done += changes
                    _apply(cluster, share, changes)
        cluster.sleep(_SETTLE)
    raise Conflict(f"Somebody else keeps changing {', '.join(sorted(pending))}: not as asked after {_ROUNDS} tries.")


def _removes(change: Change) -> bool:
    return change.what == LIST and not set(change.before) <= set(change.after)


def _check_helpers(cluster: Cluster, before: t.Mapping[str, int]) -> None:
    """Conflict if volumes lost self-heal daemons since C(before): a server's CN was taken off their lists.

    gluster's status calls such a daemon online, but it stays disconnected, and heals nothing.
    """
    if not before:
        return
    after = answers.clients(cluster.cli)
    lost = sorted(name for name, count in before.items() if after.get(name, {}).get(answers.HEALER, 0) < count)
    if lost:
        raise Conflict(
            f"Self-heal daemons were cut off from {', '.join(lost)}: a server's identity was on the access list and is"
            " not in infrastructure. Add it, run this again, and stop and start the volume, or they stay disconnected."
        )


def _plan_all(
    shares: t.Iterable[Share], volumes: t.Mapping[str, Volume], limits: t.Mapping[str, Limit | None]
) -> dict[str, list[Change]]:
    plans: dict[str, list[Change]] = {}
    failures: list[GlusterOpsError] = []
    for share in shares:
        try:
            changes = plan(share, volumes.get(share.name), limits.get(share.name))
        except GlusterOpsError as exc:
            failures.append(exc)
        else:
            if changes:
                plans[share.name] = changes
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise Refused(
            f"{len(failures)} shares cannot be done, so nothing was changed: {few(list(map(str, failures)))}",
            failures=[str(exc) for exc in failures],
        )
    return plans


def _limits(cluster: Cluster, shares: t.Iterable[Share], volumes: t.Mapping[str, Volume]) -> dict[str, Limit | None]:
    """The present limits of the shares whose size is asked for, exact where they are about to change."""
    limited = {
        share.name: share.size
        for share in shares
        if share.size is not None and share.name in volumes and volumes[share.name].is_on(QUOTA)
    }
    local = quota.local_limits((volumes[name] for name in limited), cluster.glusterd)
    limits: dict[str, Limit | None] = {}
    for name, size in limited.items():
        known = cluster.known_limits.get(name)
        limit = local.get(name) if name in local else answers.Limit(known, 0) if known else None
        if (limit is None or limit.size != size) and volumes[name].started:
            limit = quota.limit(cluster.cli, name, cluster.sleep)
        limits[name] = limit
    return limits


def _apply(cluster: Cluster, share: Share, changes: t.Sequence[Change]) -> None:
    cli, name, what = cluster.cli, share.name, {change.what: change.after for change in changes}
    options = [word for key in (*SEAL, *PROMPT, *share.options) if key in what for word in (key, what[key])]
    if LIST in what:
        options += [LIST, ",".join(what[LIST])]
    if RESTART in what:
        cli.xml("volume", "stop", name)
    if options:
        # One transaction: the list is never without TLS, nor TLS without the list.
        cli.xml("volume", "set", name, *options)
    if RESTART in what or START in what:
        cli.xml("volume", "start", name)
    if QUOTA in what:
        cli.xml("volume", "quota", name, "enable")
    if LIMIT in what:
        quota.set_limit(cli, name, t.cast(int, share.size), cluster.sleep)


def describe(volume: Volume, limit: Limit | None) -> dict[str, t.Any]:
    """A share as modules return it. limit and used in bytes, None when it was not asked for or has none."""
    return {
        "name": volume.name,
        "sealed": is_sealed(volume),
        "identities": sorted(split_list(volume.options.get(LIST, ""))),
        "started": volume.started,
        "limit": limit.size if limit else None,
        "servers": list(volume.servers),
    }
