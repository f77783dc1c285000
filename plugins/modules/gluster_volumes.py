#!/usr/bin/python

# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_volumes
short_description: Make, grow, shrink, move and delete GlusterFS volumes
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Gives volumes the bricks that are listed, and moves what is stored in them while their clients go on. New sets of
    bricks get the quota limit and their part of the files, by a rebalance that is waited for. Where one brick of a set
    is another, it is replaced, one of a set after the other, with nothing left to heal in between. Sets that are not
    listed any more are emptied before they leave.
  - C(cluster.lookup-optimize) is off in every volume of this module. While it is on, existing files vanish for clients
    during a rebalance.
  - When nothing has to change that is one call of C(gluster), however many volumes there are. Otherwise all servers of
    the pool must be connected, and all volumes are checked before the first one is changed.
  - In the moment when a set leaves, Gluster ends its bricks before all clients know. What a client is doing with a file
    that it still believes there may fail once (C(ENOTCONN)), though the file is on another set already.
  - Every file that clients delete while a set is emptied counts for Gluster as one that could not be moved. Then this
    looks at the bricks itself, if it runs on a server that has one of the set, and else begins anew.
  - What runs is not remembered elsewhere but in the volumes. Interrupted at any point, the next run with the same
    parameters goes on.
  - C(gluster volume create) takes a directory with files in it without a word, and what it refuses it does not undo on
    the servers that had agreed. So nothing is asked of it that is known to be refused, and what it marked on this
    server is undone. Look at the directories first, or let M(glusterops.shares.gluster_bricks) make them.
  - Nothing is removed from bricks that leave a volume, nor from those of a deleted one. Gluster does not take them
    again.
  - Runs on any one server of the pool.
options:
  volumes:
    description: The volumes. One that is not in the list is left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The volume.
        type: str
        required: true
      state:
        description:
          - Whether it shall be there.
          - One that holds a share, has snapshots, or has clients connected to it is not deleted.
        type: str
        choices: [present, absent]
        default: present
      bricks:
        description:
          - All bricks, as V(HOST:/PATH), set by set in Gluster's order, for example three for each set of
            O(volumes[].replica) 3. HOST is a name or an address by which all servers and clients find the server.
          - A set of which one brick stays is the same set. Bricks never change their set.
          - Required if it shall be there.
        type: list
        elements: str
      replica:
        description: How many copies there are, an arbiter's included. It cannot be changed later.
        type: int
        default: 1
      arbiter:
        description: V(1) if the last brick of each set of O(volumes[].replica) 3 holds names only.
        type: int
        default: 0
      disperse:
        description: How many bricks a dispersed set has, with its O(volumes[].redundancy). It cannot be changed later.
        type: int
        default: 0
      redundancy:
        description: How many bricks of a dispersed set may be lost.
        type: int
        default: 0
      options:
        description:
          - Gluster options of the volume, by name. Booleans become V(on) and V(off). Options that are set and not named
            here stay. A new volume has all of them before it can be started.
          - Where a volume holds a share, those that say who may mount it are its share's.
        type: dict
        default: {}
      started:
        description:
          - Whether it shall be started, or stopped, which cuts its clients off. Without it that stays as it is, and a
            new volume is not started.
          - A volume that holds a share is started by M(glusterops.shares.gluster_shares), once it is sealed.
        type: bool
  timeout:
    description:
      - How many seconds each rebalance, each heal and each removal of bricks is waited for. It may take days.
      - Whatever has begun goes on after that, and the next run waits for it.
    type: int
    default: 3600
  allow_root:
    description:
      - Whether new bricks may lie on the root file system of their servers.
      - Gluster refuses that without C(force), which is given then, and hides from it that a directory was a brick
        before. So whoever allows it has looked.
    type: bool
    default: false
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.changes
  - glusterops.shares._attributes.progress
seealso:
  - module: glusterops.shares.gluster_bricks
  - module: glusterops.shares.gluster_shares
"""

EXAMPLES = r"""
- name: A volume with three copies
  glusterops.shares.gluster_volumes:
    volumes:
      - name: data
        replica: 3
        bricks:
          - server1:/bricks/brick_data_1/brick
          - server2:/bricks/brick_data_2/brick
          - server3:/bricks/brick_data_3/brick
        started: true

- name: It gets a second set, and the first another server
  glusterops.shares.gluster_volumes:
    volumes:
      - name: data
        replica: 3
        bricks:
          - server4:/bricks/brick_data_7/brick
          - server2:/bricks/brick_data_2/brick
          - server3:/bricks/brick_data_3/brick
          - server1:/bricks/brick_data_4/brick
          - server2:/bricks/brick_data_5/brick
          - server4:/bricks/brick_data_6/brick
    timeout: 86400

- name: It is not there any more
  glusterops.shares.gluster_volumes:
    volumes:
      - name: data
        state: absent
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode, in order.
  returned: success
  type: list
  elements: dict
  sample: [{"subject": "data", "what": "bricks", "before": ["server1:/a"], "after": ["server4:/b"]}]
volumes:
  description: The volumes as they were observed afterwards, in the order of the list, without those that are absent.
  returned: success, except in check mode with changes
  type: list
  elements: dict
  contains:
    name:
      description: The volume.
      type: str
    id:
      description: Gluster's id of it.
      type: str
    started:
      description: Whether it is started.
      type: bool
    replica:
      description: How many copies there are, an arbiter's included.
      type: int
    arbiter:
      description: How many of them are arbiters.
      type: int
    disperse:
      description: How many bricks a dispersed set has, or 0.
      type: int
    redundancy:
      description: How many of them may be lost.
      type: int
    bricks:
      description: Its bricks, in Gluster's order.
      type: list
      elements: str
left:
  description: Bricks on other servers that Gluster may have marked as a volume's before it refused them.
  returned: failure, where there may be some
  type: list
  elements: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.moving import Pool
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.reconcile import reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.reshaping import read_wanted


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    params = module.params
    if params["timeout"] < 0:
        raise BadInput(f"timeout {params['timeout']} must not be less than 0 seconds.")
    wanted = [read_wanted(one) for one in params["volumes"]]
    pool = Pool(
        GlusterCli(module.run_command),
        timeout=params["timeout"],
        root=params["allow_root"],
        progress=Progress(params["progress_file"]),
    )
    changes, volumes = reconcile(pool, wanted, module.check_mode)
    return changes, {} if module.check_mode and changes else {"volumes": volumes}


def main() -> t.NoReturn:
    volume = {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "bricks": {"type": "list", "elements": "str"},
        "replica": {"type": "int", "default": 1},
        "arbiter": {"type": "int", "default": 0},
        "disperse": {"type": "int", "default": 0},
        "redundancy": {"type": "int", "default": 0},
        "options": {"type": "dict", "default": {}},
        "started": {"type": "bool"},
    }
    module = AnsibleModule(
        argument_spec={
            "volumes": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": volume,
                "required_if": [("state", "present", ["bricks"])],
            },
            "timeout": {"type": "int", "default": 3600},
            "allow_root": {"type": "bool", "default": False},
            "progress_file": {"type": "path"},
        },
        supports_check_mode=True,
    )
    _reconcile.run(module, work)


if __name__ == "__main__":
    main()
