#!/usr/bin/python

# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_snapshot
short_description: Make, delete, activate and restore a snapshot of a GlusterFS share
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Keeps one snapshot of a share. It has exactly the name that is asked for.
  - Gluster takes snapshots of volumes each of whose bricks is on an LVM thin logical volume of its own. What is stored
    is as after a power failure at that moment.
  - Before a snapshot is made the module looks whether the volume is started and all its bricks run, whether this
    server's bricks are on thin logical volumes whose pool has room (less than 90 % of data and 80 % of metadata used,
    because a full pool stops all bricks in it), and whether the volume may have another snapshot. Each has an error of
    its own, and nothing was changed then. Pools of other servers are not seen from here.
  - Runs on any one server of the cluster that has bricks of the share.
options:
  name:
    description:
      - The snapshot. Snapshots of all volumes of a cluster share one set of names.
      - Up to 254 letters, digits, C(_) and C(-).
    type: str
    required: true
  share:
    description: The share. A snapshot of that name of another volume is an error, also with O(state=absent).
    type: str
    required: true
  state:
    description:
      - V(present) makes the snapshot unless it is there.
      - V(absent) deletes it. Clones of it stay.
      - V(restored) puts back what was stored in the share then. All that was written after it is lost to the share, and
        the snapshot is used up. The share's access list, options and size stay as they are now, although Gluster would
        bring back the old ones, with who was denied meanwhile.
      - A volume notes what it was restored from last, so that with V(restored) the second run changes nothing as long
        as there is no new snapshot of that name. When the first was killed just after Gluster restored and before the
        access list was put back, the volume is left stopped, and the second run fails and says what to do.
      - After V(restored) the bricks are where the snapshot's were, and their old logical volumes are left over. Heketi
        goes on knowing the old ones, so do not restore volumes that Heketi made.
    type: str
    choices: [present, absent, restored]
    default: present
  description:
    description: A line about it. It can be given when the snapshot is made only. Another one later is an error.
    type: str
  active:
    description:
      - Whether the snapshot's bricks run, so that it can be mounted and cloned. Left as it is unless given. A new one
        is inactive unless the cluster is configured otherwise.
    type: bool
  restart:
    description:
      - Whether a started volume may be stopped for O(state=restored). It is started afterwards. Its clients must mount
        it again.
      - Without this permission such a volume makes the task fail before anything is changed. One that is not started is
        restored and left so. Its size limit is then that of the snapshot's time until
        M(glusterops.shares.gluster_shares) sets it.
    type: bool
    default: false
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.changes
seealso:
  - module: glusterops.shares.gluster_snapshots
  - module: glusterops.shares.gluster_shares
    description: Makes a share of a snapshot.
"""

EXAMPLES = r"""
- name: A snapshot before the upgrade
  glusterops.shares.gluster_snapshot:
    name: tenant-a-data-before-upgrade
    share: tenant-a-data
    description: Before the upgrade to 7.2

- name: Go back to it
  glusterops.shares.gluster_snapshot:
    name: tenant-a-data-before-upgrade
    share: tenant-a-data
    state: restored
    restart: true
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode, in order.
  returned: always
  type: list
  elements: dict
  sample: [{"subject": "tenant-a-data-before-upgrade", "what": "snapshot", "before": null, "after": "tenant-a-data"}]
snapshot:
  description: The snapshot as it was observed afterwards, C(null) if there is none.
  returned: success, except in check mode with changes
  type: dict
  contains:
    name:
      description: The snapshot.
      type: str
    share:
      description: The share.
      type: str
    volume:
      description: The volume that it was made of.
      type: str
    created:
      description: When it was made, in UTC.
      type: str
      sample: "2026-11-21T02:00:04Z"
    description:
      description: The line about it.
      type: str
    active:
      description: Whether its bricks run.
      type: bool
    size:
      description: Bytes of its bricks on this server, C(null) if it has none here.
      type: int
    used:
      description: Bytes stored in them, most of which it shares with the volume, C(null) if it has none here.
      type: int
error:
  description: The kind of failure.
  returned: failure
  type: str
  sample: refused
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster
from ansible_collections.glusterops.shares.plugins.module_utils._snapshots.plan import Wanted
from ansible_collections.glusterops.shares.plugins.module_utils._snapshots.reconcile import reconcile_snapshot


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    cluster = LiveCluster(GlusterCli(module.run_command))
    changes, found = reconcile_snapshot(cluster, Wanted(**module.params), module.check_mode)
    return changes, {} if module.check_mode and changes else {"snapshot": found}


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "share": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent", "restored"], "default": "present"},
            "description": {"type": "str"},
            "active": {"type": "bool"},
            "restart": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    _reconcile.run(module, work)


if __name__ == "__main__":
    main()
