#!/usr/bin/python

# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_share
short_description: Make one GlusterFS share from a pool of volumes, a snapshot or bricks, or end it
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Does for one share what M(glusterops.shares.gluster_shares) does for many, and the opposite.
  - Giving back a volume of a pool locks out all tenants, wipes the volume through a mount of its own, proves it empty,
    removes the quota and frees the volume for the next share. A clone of a snapshot is wiped, too, and deleted. Gluster
    leaves its bricks behind, and M(glusterops.shares.gluster_reclaim) removes them.
  - Whenever it is interrupted, the share is still its tenant's, or nobody can reach it. Run it again, and it finishes.
  - Runs on any one server of the cluster. Use the same server for all changes, see
    M(glusterops.shares.gluster_share_access).
options:
  name:
    description: The share. Its volume is the one that is marked as the share's, or else the one of the same name.
    type: str
    required: true
  state:
    description:
      - V(absent) ends the share, with all that is stored in it, whether it is mounted or not. The bricks must be up and
        healed, and there may be no snapshots.
      - A volume that was made for the share is deleted. Its bricks stay for
        M(glusterops.shares.gluster_bricks), which removes them.
      - A volume that is neither of a pool, nor was made or cloned for the share is not deleted. That is for what made
        it.
    type: str
    choices: [present, absent]
    default: present
  pattern:
    description:
      - If the share has no volume yet, it gets a free one whose whole name this regular expression matches. See
        M(glusterops.shares.gluster_shares).
    type: str
  from_snapshot:
    description: If the share has no volume yet, it gets a clone of this snapshot.
    type: str
  layout:
    description:
      - If the share has no volume yet, it gets one that is made of these bricks, sealed before it is first started.
      - Each brick has to be there, empty and never used, as M(glusterops.shares.gluster_bricks) makes it.
    type: dict
    suboptions:
      bricks:
        description: C(HOST:/PATH) of each, set by set, in Gluster's order.
        type: list
        elements: str
        required: true
      replica:
        description: How many copies a set keeps, an arbiter among them.
        type: int
        default: 1
      arbiter:
        description: Whether the last brick of each set of three is an arbiter, V(1) or V(0).
        type: int
        default: 0
      disperse:
        description: How many bricks a dispersed set has, redundant ones among them.
        type: int
        default: 0
      redundancy:
        description: How many bricks of a dispersed set may be lost.
        type: int
        default: 0
  size:
    description:
      - What the tenants can store, for example V(100G). Units are powers of 1024.
      - Without it the limit is left as it is. Required where the share has no volume yet.
    type: str
  identities:
    description: The identities of the tenants who may mount it. All others are taken off the list.
    type: list
    elements: str
    default: []
  infrastructure:
    description:
      - The identities of the servers, gateways and management hosts, which are on every list always. Every server of
        the cluster must be among them, because its helper daemons are clients of every volume.
      - An entry may hold C(*), as in V(glusterfs-server-*), but not be V(*).
    type: list
    elements: str
    required: true
  volume_options:
    description: Gluster options of its volume, by name. See M(glusterops.shares.gluster_shares).
    type: dict
    default: {}
  allow_root:
    description: Whether bricks of a new volume may lie on the root file systems of their servers.
    type: bool
    default: false
  restart:
    description: Whether a started volume that is not sealed may be stopped and started to seal it.
    type: bool
    default: false
  heal_timeout:
    description: How many seconds the volume's self-heal may take before it is wiped.
    type: int
    default: 300
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.changes
  - glusterops.shares._attributes.progress
seealso:
  - module: glusterops.shares.gluster_shares
  - module: glusterops.shares.gluster_snapshot
"""

EXAMPLES = r"""
- name: A share from a pool of volumes with names like pool-100G-7
  glusterops.shares.gluster_share:
    name: tenant-c-data
    identities: [tenant-c]
    size: 80G
    pattern: pool-#{size}G-[0-9]+
    infrastructure: [glusterfs-server-*]

- name: Wipe it and give it back
  glusterops.shares.gluster_share:
    name: tenant-c-data
    infrastructure: [glusterfs-server-*]
    state: absent
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode, in order.
  returned: success
  type: list
  elements: dict
  sample: [{"subject": "tenant-c-data", "what": "volume", "before": null, "after": "pool-100G-7"}]
share:
  description: The share as it was observed afterwards.
  returned: with O(state=present), except in check mode with changes
  type: dict
  contains:
    name:
      description: The share.
      type: str
    volume:
      description: Its volume.
      type: str
    sealed:
      description: Whether TLS is on and the access list explicit.
      type: bool
    identities:
      description: The access list.
      type: list
      elements: str
    started:
      description: Whether the volume is started.
      type: bool
    limit:
      description: The limit in bytes, C(null) if no size was given.
      type: int
    servers:
      description: The servers that hold the volume's bricks.
      type: list
      elements: str
wiped:
  description: What was removed from the volume.
  returned: when a volume was wiped
  type: dict
  contains:
    files:
      description: How many files, links and other things that are no directories.
      type: int
    directories:
      description: How many directories.
      type: int
    seconds:
      description: How long that took.
      type: float
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
from ansible_collections.glusterops.shares.plugins.module_utils._shares.argspec import read_share, share_spec
from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster, reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._shares.release import release


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    params, progress = module.params, Progress(module.params["progress_file"])
    cluster = LiveCluster(GlusterCli(module.run_command))
    if params["state"] == "absent":
        timeout = params["heal_timeout"]
        changes, wiped = release(
            cluster, params["name"], params["infrastructure"], timeout, module.check_mode, progress
        )
        return changes, {"wiped": wiped} if wiped else {}
    share = read_share(
        params,
        params["infrastructure"],
        exclusive=True,
        start=True,
        restart=params["restart"],
        root=params["allow_root"],
    )
    changes, shares = reconcile(cluster, [share], module.check_mode, progress)
    return changes, {"share": shares[share.name]} if shares else {}


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            **share_spec(),
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "infrastructure": {"type": "list", "elements": "str", "required": True},
            "allow_root": {"type": "bool", "default": False},
            "restart": {"type": "bool", "default": False},
            "heal_timeout": {"type": "int", "default": 300},
            "progress_file": {"type": "path"},
        },
        mutually_exclusive=[("pattern", "from_snapshot", "layout")],
        supports_check_mode=True,
    )
    _reconcile.run(module, work)


if __name__ == "__main__":
    main()
