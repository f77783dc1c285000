#!/usr/bin/python

# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_bricks
short_description: Make, grow and remove the bricks of a GlusterFS server
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Prepares devices and directories of a server for bricks of GlusterFS, and makes, grows and removes bricks there.
  - A device gets a volume group with a thin pool, and in it each brick a thin volume with XFS, which is mounted, also
    at boot. So Gluster can take snapshots. A directory gets a directory for each brick. Its size is accounted, and what
    is stored in it is limited by nothing but quota.
  - A device or directory that holds anything, is mounted, or is named in C(/etc/fstab) is never taken. Nor is one of
    which that cannot be told. It is looked at right before.
  - All is checked before anything is changed. A run that was interrupted is finished, or undone, by the next one, which
    knows by tags and extended attributes what is its own.
  - Runs on the server that shall have the bricks. Run by one control node at a time; another waits up to five minutes.
options:
  storage:
    description:
      - Devices and directories. A path below C(/dev) is a device, any other a directory, which is made if there is
        none.
      - Bricks in directories that are not named here are only known as long as Gluster has them.
    type: list
    elements: str
    default: []
  allow_root:
    description: Whether a directory may lie on the root file system.
    type: bool
    default: false
  overcommit:
    description: How many times as much may be promised to bricks as there is room.
    type: float
    default: 1.0
  bricks:
    description:
      - Bricks that shall be there. One that is smaller is grown, while it is used. None is ever made smaller.
      - Where a volume's creation was refused on another server, Gluster leaves a mark on a brick, and would not take it
        again. That is taken off if no volume has the brick, and it was never used.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - C(brick_), the name of the volume, of at most 64 characters, C(_), and a number that no other brick of the
            volume ever had, on no server.
        type: str
        required: true
      storage:
        description: The device or directory that it shall be on.
        type: str
        required: true
      size:
        description:
          - Its size in bytes, or as in V(10G), at least V(516M) on a device. There it is rounded up to V(4M), and some
            of it is what XFS needs.
        type: raw
        required: true
  deleted_volumes:
    description:
      - Volumes that were deleted. Their bricks are removed, with all that is stored in them, also those that were never
        whole.
      - Refused if Gluster has one of these bricks in any volume, or does not answer.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.changes
seealso:
  - module: glusterops.shares.gluster_info
"""

EXAMPLES = r"""
- name: A disk for bricks, and two bricks on it
  glusterops.shares.gluster_bricks:
    storage: [/dev/sdb]
    bricks:
      - name: brick_data_1
        storage: /dev/sdb
        size: 100G
      - name: brick_home_1
        storage: /dev/sdb
        size: 1.5T

- name: Remove what a deleted volume left
  glusterops.shares.gluster_bricks:
    storage: [/dev/sdb, /srv/gluster]
    deleted_volumes: [data]
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode, in order.
  returned: success
  type: list
  elements: dict
  sample:
    - subject: /var/lib/glusterops/bricks/brick_data_1/brick
      what: size
      before: 100G
      after: 200G
bricks:
  description: The bricks of O(bricks), in that order.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: As in O(bricks[].name).
      type: str
    path:
      description: The directory that Gluster gets.
      type: str
      sample: /var/lib/glusterops/bricks/brick_data_1/brick
storage:
  description:
    - What was observed afterwards, or in check mode is there now, as in
      RV(glusterops.shares.gluster_info#module:storage).
  returned: success
  type: list
  elements: dict
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._bricks.plan import Wanted, Wish
from ansible_collections.glusterops.shares.plugins.module_utils._bricks.reconcile import reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_volume_name
from ansible_collections.glusterops.shares.plugins.module_utils._units import check_number, parse_bytes


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    params = module.params
    check_number(params["overcommit"], 1, 1000, "overcommit")
    wanted = Wanted(
        storage=tuple(params["storage"]),
        bricks=tuple(
            Wish(one["name"], one["storage"], parse_bytes(one["size"], f"size of {one['name']}"))
            for one in params["bricks"]
        ),
        deleted=frozenset(check_volume_name(name, "deleted volume") for name in params["deleted_volumes"]),
        allow_root=params["allow_root"],
        overcommit=params["overcommit"],
    )
    cli = GlusterCli(module.run_command)
    return reconcile(module.run_command, lambda: answers.volumes(cli).values(), wanted, module.check_mode)


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "storage": {"type": "list", "elements": "str", "default": []},
            "allow_root": {"type": "bool", "default": False},
            "overcommit": {"type": "float", "default": 1.0},
            "bricks": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "storage": {"type": "str", "required": True},
                    "size": {"type": "raw", "required": True},
                },
            },
            "deleted_volumes": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    _reconcile.run(module, work)


if __name__ == "__main__":
    main()
