# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.
"""Limits a share to its size."""

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._gluster import quota
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding, provision, steps, wipe
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import check_used


def limit(work: steps.Work, enable: bool) -> None:
    """Limits the volume to the share's size. What a volume that is only being made into the share holds must fit.

    enable: quota is off.
    """
    cluster, share, volume = work.cluster, work.share, work.volume
    cli, name, mark = cluster.cli, volume.name, holding.mark_of(volume)
    size = t.cast(int, share.size)
    if mark:
        provision.check_room(cli, share, volume)
    counting = mark is not None and mark.state == holding.COUNTING
    if enable:
        if mark and mark.origin.startswith(holding.SNAPSHOT) and holding.is_preparing(volume):
            counting = True
            work.set(holding.mark(mark.share, name, holding.COUNTING, mark.origin))
        cli.xml("volume", "quota", name, "enable")
    elif holding.is_preparing(volume):
        before = quota.limit(cli, name, cluster.sleep, restart=True)
        if before:
            check_used(share, before)
    quota.set_limit(cli, name, size, cluster.sleep)
    if counting:
        # What a clone came with was never counted, where its parent had no quota.
        with wipe.mounted(cli, name) as root:
            counted = quota.count(cli, name, root, work.progress.say, cluster.sleep)
        if counted:
            check_used(share, counted)
