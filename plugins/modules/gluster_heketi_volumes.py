#!/usr/bin/python
# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_heketi_volumes
short_description: Create, grow and delete many Gluster volumes through Heketi
version_added: "0.1.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Does for a list of volumes what M(glusterops.shares.gluster_heketi_volume) does for one, in one task.
    Heketi is read once for all of them, and several are worked on at the same time.
  - If one of the volumes is refused, nothing is changed. If something fails later, all other volumes are done
    nevertheless, and the task fails with a result for each volume.
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.changes
  - glusterops.shares._attributes.progress
  - glusterops.shares._heketi
  - glusterops.shares._heketi_volume
  - glusterops.shares._heketi_volume.volumes
options:
  parallel:
    description:
      - How many volumes are worked on at the same time, from 1 to 64.
      - Heketi does eight operations at a time, unless its configuration says otherwise. Further ones wait until it is
        not busy any more.
    type: int
    default: 8
seealso:
  - module: glusterops.shares.gluster_heketi_volume
  - module: glusterops.shares.gluster_shares
"""

EXAMPLES = r"""
- name: Volumes for all shares, and none for those that are gone
  glusterops.shares.gluster_heketi_volumes:
    heketi_url: https://heketi.example.com:8080
    heketi_key: "{{ vault_heketi_key }}"
    volumes:
      - name: projects
        size: 100G
      - name: archive
        size: 4T
        durability: disperse-4+2
      - name: scratch
        state: absent
  delegate_to: localhost
  register: made

- name: Where they can be mounted from
  ansible.builtin.debug:
    msg: "{{ dict(made.volumes | selectattr('state', 'eq', 'present') | map(attribute='name')
          | zip(made.volumes | selectattr('state', 'eq', 'present') | map(attribute='mount.source'))) }}"

- name: What Gluster has already, read once
  glusterops.shares.gluster_info:
  delegate_to: gluster1.example.com
  register: gluster

- name: Many sealed volumes, without Heketi having to look on its servers first
  glusterops.shares.gluster_heketi_volumes:
    heketi_url: https://heketi.example.com:8080
    heketi_key: "{{ vault_heketi_key }}"
    known_volumes: "{{ gluster.volumes | map(attribute='name') }}"
    volumes: "{{ shares | map('combine', {'seal': servers + [tenant]}) }}"
  delegate_to: localhost
  vars:
    tenant: tenant-hr
    servers: [glusterfs-server-gluster1, glusterfs-server-gluster2, glusterfs-server-gluster3]
    shares:
      - {name: hr-payroll, size: 20G}
      - {name: hr-applications, size: 50G}
"""

RETURN = r"""
volumes:
  description:
    - A result for each of O(volumes), in their order.
    - Each is what M(glusterops.shares.gluster_heketi_volume) returns as
      RV(glusterops.shares.gluster_heketi_volume#module:volume).
  type: list
  elements: dict
  returned: when the parameters are right and Heketi could be read
  sample:
    - name: projects
      state: present
      changed: true
      failed: false
      notes: []
      id: d28898ff93dcdfcda8f53c5242b878d8
      size: 100G
      cluster: 672519f5d02e9260f87f47f689e66394
      durability: replicate-3
      bricks:
        - host: 10.0.0.1
          path: /var/lib/heketi/mounts/vg_d3852e06/brick_d14ac850/brick
          node: b876135ad7a41350f81679874febfc68
          device: d3852e069c77e1afe1e7ced68a19a8b9
          size: 100G
      mount:
        source: 10.0.0.1:projects
        hosts: [10.0.0.1, 10.0.0.2, 10.0.0.3]
        options: backup-volfile-servers=10.0.0.2:10.0.0.3
    - name: archive
      state: null
      changed: false
      failed: true
      notes: []
      msg: "Heketi refused POST /volumes (HTTP 500): Failed to allocate new volume: No space."
      error: refused
      http_status: 500
    - name: scratch
      state: absent
      changed: false
      failed: false
      notes: []
changes:
  description: What was changed, or in check mode would be. Each has a C(subject), C(what), C(before) and C(after).
  type: list
  elements: dict
  returned: always
  sample:
    - {subject: projects, what: size, before: 50G, after: 100G}
error:
  description:
    - The kind of failure, one of V(bad_input), V(not_found), V(conflict), V(refused), V(unreachable), V(timed_out),
      V(outcome_unknown) and V(error). If volumes failed in different ways it is V(error).
  type: str
  returned: failure
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.argspec import (
    connection_spec,
    making_spec,
    volume_spec,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import HeketiClient
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.connection import Connection
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.reconcile import reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.volumes import read_all_desired
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change, Module, run
from ansible_collections.glusterops.shares.plugins.module_utils._units import check_number


def work(module: AnsibleModule) -> tuple[list[Change], dict[str, t.Any]]:
    parallel = module.params["parallel"]
    check_number(parallel, 1, 64, "parallel")
    desired = read_all_desired(module.params["volumes"])
    progress = Progress(module.params["progress_file"])
    client = HeketiClient(Connection.from_params(module.params), pool=max(8, parallel), say=progress.say)
    changes, items = reconcile(
        client,
        desired,
        known_volumes=module.params["known_volumes"],
        known_servers=module.params["known_servers"],
        clean_up=module.params["clean_up"],
        parallel=parallel,
        check_mode=module.check_mode,
        check_room=module.params["check_room"],
        warn=module.warn,
        progress=progress,
    )
    return changes, {"volumes": items}


def spec() -> dict[str, t.Any]:
    return {
        **connection_spec(),
        **making_spec(),
        "volumes": {"type": "list", "elements": "dict", "required": True, "options": volume_spec()},
        "parallel": {"type": "int", "default": 8},
        "progress_file": {"type": "path"},
    }


def main() -> t.NoReturn:
    run(Module(argument_spec=spec(), supports_check_mode=True), work)


if __name__ == "__main__":
    main()
