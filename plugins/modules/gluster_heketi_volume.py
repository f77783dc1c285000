#!/usr/bin/python
# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_heketi_volume
short_description: Create, grow and delete a Gluster volume through Heketi
version_added: "0.1.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Makes sure that a volume exists in Heketi with at least a given size, or that it does not exist.
  - For more than one volume use M(glusterops.shares.gluster_heketi_volumes), which reads Heketi once for all of them
    and creates several at the same time.
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.changes
  - glusterops.shares._attributes.progress
  - glusterops.shares._heketi
  - glusterops.shares._heketi_volume
  - glusterops.shares._heketi_volume.volume
seealso:
  - module: glusterops.shares.gluster_heketi_volumes
  - module: glusterops.shares.gluster_shares
  - module: glusterops.shares.gluster_share_access
"""

EXAMPLES = r"""
- name: A volume of 100 GiB on three servers
  glusterops.shares.gluster_heketi_volume:
    heketi_url: https://heketi.example.com:8080
    heketi_key: "{{ vault_heketi_key }}"
    name: projects
    size: 100G
  delegate_to: localhost
  register: projects

- name: Where it can be mounted from
  ansible.builtin.debug:
    msg: "{{ projects.volume.mount.source }} with {{ projects.volume.mount.options }}"

- name: A volume that only its servers and one tenant can ever mount
  glusterops.shares.gluster_heketi_volume:
    heketi_url: https://heketi.example.com:8080
    heketi_key: "{{ vault_heketi_key }}"
    name: secrets
    size: 1T
    durability: disperse-4+2
    volume_options:
      performance.cache-size: 256MB
      nfs.disable: true
    seal:
      - glusterfs-server-gluster1
      - glusterfs-server-gluster2
      - glusterfs-server-gluster3
      - tenant-hr
  delegate_to: localhost

- name: No volume of this name
  glusterops.shares.gluster_heketi_volume:
    heketi_url: https://heketi.example.com:8080
    heketi_key: "{{ vault_heketi_key }}"
    name: scratch
    state: absent
  delegate_to: localhost
"""

RETURN = r"""
volume:
  description:
    - The volume as Heketi told it after the change, or in check mode before it.
    - Without RV(volume.id) and what follows it when there is no such volume.
  type: dict
  returned: when the parameters are right and Heketi could be read
  sample:
    name: projects
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
  contains:
    name:
      description: Its name.
      type: str
    state:
      description: Whether it is there, V(present) or V(absent). Null if creating it failed, or several have its name.
      type: str
    changed:
      description: Whether it was (in check mode, would be) created, expanded or deleted.
      type: bool
    failed:
      description:
        - Whether that failed or was refused.
        - If so, C(msg) and C(error) tell why, and if Heketi answered, C(request), C(http_status) and C(body).
        - Of several volumes that failed for the same reason only the first tells it. The others name that one.
      type: bool
    notes:
      description: What is not as asked for and stays so, a sentence each. These are the task's warnings, too.
      type: list
      elements: str
    unfinished:
      description:
        - What Heketi had begun with it and not finished, and was (in check mode, would be) cleaned up, as in
          RV(glusterops.shares.gluster_heketi_info#module:operations). Not there if there was nothing.
      type: dict
    id:
      description: Heketi's id of it.
      type: str
    size:
      description: Its size, in Heketi's count of whole GiB.
      type: str
    size_bytes:
      description: The same in bytes.
      type: int
    cluster:
      description: Heketi's id of the cluster that it is in.
      type: str
    durability:
      description: How its data is kept, in the words of the option O(durability).
      type: str
    snapshot_factor:
      description: How many times its size is set aside for it and its snapshots, null if snapshots are not enabled.
      type: float
    gid:
      description: The group that may write to its root directory, V(0) for none.
      type: int
    volume_options:
      description: The options it was created with, in Gluster they may have changed since.
      type: dict
    cloned:
      description: Whether it was cloned from another.
      type: bool
    bricks:
      description:
        - Its bricks in Heketi's order.
        - Each has its server's storage C(host) name, C(path), C(size), and Heketi's ids of its C(node) and C(device).
      type: list
      elements: dict
    mount:
      description:
        - What a client needs, the C(source), the mount C(options) that name the other servers, and all C(hosts).
        - The source changes when servers come and go, so do not compare it.
      type: dict
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
      V(outcome_unknown) and V(error).
    - Nothing was changed unless it is one of the last three.
  type: str
  returned: failure
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.argspec import (
    connection_spec,
    making_spec,
    volume_spec,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import HeketiClient
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.connection import Connection
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.reconcile import reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.volumes import read_desired
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change, Module, run


def work(module: AnsibleModule) -> tuple[list[Change], dict[str, t.Any]]:
    desired = read_desired(module.params)
    progress = Progress(module.params["progress_file"])
    client = HeketiClient(Connection.from_params(module.params), say=progress.say)
    try:
        changes, items = reconcile(
            client,
            [desired],
            known_volumes=module.params["known_volumes"],
            known_servers=module.params["known_servers"],
            clean_up=module.params["clean_up"],
            check_mode=module.check_mode,
            check_room=module.params["check_room"],
            warn=module.warn,
            progress=progress,
        )
    except GlusterOpsError as exc:
        if "volumes" in exc.details:
            exc.details["volume"] = exc.details.pop("volumes")[0]
        raise
    return changes, {"volume": items[0]}


def spec() -> dict[str, t.Any]:
    return {**connection_spec(), **making_spec(), **volume_spec(), "progress_file": {"type": "path"}}


def main() -> t.NoReturn:
    run(Module(argument_spec=spec(), supports_check_mode=True), work)


if __name__ == "__main__":
    main()
