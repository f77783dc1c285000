#!/usr/bin/python

# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_reclaim
short_description: Remove the bricks that deleted GlusterFS clones left on a server
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - When a clone of a snapshot is deleted, Gluster leaves the logical volumes of its bricks behind on every server,
    mounted, and their thin pools as full as they were. This removes those on this server.
  - A brick is removed when M(glusterops.shares.gluster_share) has wiped the clone and noted that on each of its bricks,
    the brick is still empty, and no volume and no snapshot of the cluster has it. All else stays, also what clones left
    that were deleted without the module.
  - Run it on all servers after a share that is a clone was removed. The playbook C(glusterops.shares.remove_share) does
    that.
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.changes
seealso:
  - module: glusterops.shares.gluster_share
"""

EXAMPLES = r"""
- name: Remove what deleted clones left
  glusterops.shares.gluster_reclaim:
"""

RETURN = r"""
changes:
  description: What was removed, or would be in check mode. The subject is a logical volume's device.
  returned: success
  type: list
  elements: dict
  sample:
    - subject: /dev/mapper/data-f14c1d8bd58b4ff4a1ef9e0bcf2ba5f0_0
      what: brick
      before: /run/gluster/snaps/f14c1d8bd58b4ff4a1ef9e0bcf2ba5f0/brick1
      after: null
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._shares.reclaim import reclaim


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    return reclaim(GlusterCli(module.run_command), module.check_mode), {}


def main() -> t.NoReturn:
    _reconcile.run(AnsibleModule(argument_spec={}, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
