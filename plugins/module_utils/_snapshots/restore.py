# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers, quota
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import QUOTA

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Limit, Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster

# Switched by the command for quota, and by Gluster itself while it makes a snapshot.
_SWITCHED = (QUOTA, "features.inode-quota", "features.quota-deem-statfs", "features.barrier")


def restore(cluster: LiveCluster, name: str, origin: str, mark: t.Mapping[str, str], start: bool) -> None:
    """Restores what is stored in the volume from the snapshot C(origin), and nothing else. mark: options it gets then.

    Gluster also brings back the options that the volume had then: its access list, marks and size limit among them.
    They are put back to what they are now before the volume is started, so that nobody who was denied meanwhile can
    mount it.
    """
    cli = cluster.cli
    before = answers.volume(cli, name)
    limit = _limit(cluster, before)
    if before.started:
        cli.xml("volume", "stop", name)
    try:
        cli.xml("snapshot", "restore", origin)
    except Refused:
        if before.started and answers.volume(cli, name).options == before.options:
            cli.xml("volume", "start", name)
        raise
    after = answers.volume(cli, name)
    options = {**_settable(before), **mark}
    changed = [item for item in options.items() if item not in after.options.items()]
    # A snapshot that was made again under its name, of a volume restored from it before, has all of them.
    if changed:
        cli.xml("volume", "set", name, *(word for item in changed for word in item))
    for option in sorted(set(_settable(after)) - set(options)):
        # Gluster cannot take back those of the user.
        if not option.startswith("user."):
            cli.xml("volume", "reset", name, option)
    if start:
        cli.xml("volume", "start", name)
        if before.is_on(QUOTA) != after.is_on(QUOTA):
            cli.xml("volume", "quota", name, "enable" if before.is_on(QUOTA) else "disable")
        if limit:
            quota.set_limit(cli, name, limit.size, cluster.sleep)


def _settable(volume: Volume) -> dict[str, str]:
    """Its options. Those of the cluster's snapshots, which a restored volume shows as its own, have no dot."""
    return {option: value for option, value in volume.options.items() if "." in option and option not in _SWITCHED}


def _limit(cluster: LiveCluster, volume: Volume) -> Limit | None:
    """The volume's present limit. Of a stopped one only this server's bricks can tell it."""
    if not volume.is_on(QUOTA):
        return None
    local = quota.local_limits([volume], cluster.glusterd).get(volume.name)
    if local is None and volume.started:
        return quota.limit(cluster.cli, volume.name, cluster.sleep, restart=True)
    return local
