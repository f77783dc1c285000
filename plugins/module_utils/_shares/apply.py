# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What is done to a share's volume, where something has to be done."""

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import quota
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding, provision, wipe
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import (
    ADMIT,
    LIMIT,
    LIST,
    PROMPT,
    QUOTA,
    RESTART,
    SEAL,
    START,
    Share,
    check_used,
)

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
    from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
    from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster


def apply(cluster: LiveCluster, share: Share, volume: Volume, changes: t.Sequence[Change], progress: Progress) -> None:
    """Makes these changes, in order."""
    cli, name, what = cluster.cli, volume.name, {change.what: change.after for change in changes}
    options = {key: what[key] for key in (*SEAL, *PROMPT, *share.options) if key in what}
    if LIST in what:
        # Tenants come last where a share is only being made.
        options[LIST] = ",".join(sorted(set(share.infrastructure)) if ADMIT in what else what[LIST])
    options = {key: value for key, value in options.items() if volume.options.get(key) != value}
    if RESTART in what:
        cli.xml("volume", "stop", name)
    if options:
        # One transaction: the list is never without TLS, nor TLS without the list.
        provision.set_options(cli, name, options)
    if RESTART in what or START in what:
        cli.xml("volume", "start", name)
    if LIMIT in what:
        _set_limit(cluster, share, volume, QUOTA in what, progress)
    if ADMIT in what:
        _admit(cluster, share, volume, what.get(LIST))


def _set_limit(cluster: LiveCluster, share: Share, volume: Volume, enable: bool, progress: Progress) -> None:
    """Limits the volume to the share's size. What a volume that is only being made into the share holds must fit."""
    cli, name, mark = cluster.cli, volume.name, holding.mark_of(volume)
    size = t.cast(int, share.size)
    if mark:
        provision.check_room(cli, share, volume)
    counting = mark is not None and mark.state == holding.COUNTING
    if enable:
        if mark and mark.origin.startswith(holding.SNAPSHOT) and holding.is_preparing(volume):
            counting = True
            provision.set_options(cli, name, holding.mark(mark.share, name, holding.COUNTING, mark.origin))
        cli.xml("volume", "quota", name, "enable")
    elif holding.is_preparing(volume):
        before = quota.limit(cli, name, cluster.sleep, restart=True)
        if before:
            check_used(share, before)
    quota.set_limit(cli, name, size, cluster.sleep)
    if counting:
        # What a clone came with was never counted, where its parent had no quota.
        with wipe.mounted(cli.run_command, name) as root:
            counted = quota.count(cli, name, root, progress.say, cluster.sleep)
        if counted:
            check_used(share, counted)


def _admit(cluster: LiveCluster, share: Share, volume: Volume, entries: t.Sequence[str] | None) -> None:
    """Lets the tenants in. A volume of a pool must be empty: what is in it is somebody else's."""
    mark = t.cast(holding.Mark, holding.mark_of(volume))
    if mark.origin == holding.POOL:
        with wipe.mounted(cluster.cli.run_command, volume.name) as root:
            left = wipe.left(root)
        if left:
            provision.set_aside(cluster.cli, volume.name)
            raise Refused(
                f"Volume {volume.name!r}, which share {share.name!r} would have got from the pool, is not empty: it"
                f" holds {', '.join(left)}. Nobody was let in. It was set aside, so the next run takes another one."
                f" Once it is empty, 'gluster volume set {volume.name} {holding.SHARE} -' gives it back to the pool.",
                left=left,
            )
    options = holding.mark(share.name, volume.name, holding.IN_USE, mark.origin)
    if entries is not None:
        options[LIST] = ",".join(entries)
    provision.set_options(cluster.cli, volume.name, options)
