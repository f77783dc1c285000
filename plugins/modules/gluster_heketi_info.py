#!/usr/bin/python
# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_heketi_info
short_description: Tell what Heketi has and what it is doing
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Reads clusters with their servers and devices, volumes, and operations that have not ended from Heketi, changing
    nothing.
  - Apart from the dump of its database, which has all volumes, Heketi tells one thing at a time, so there is a request
    for each of them, several at once. What vanishes while it is being read is left out.
options:
  gather:
    description:
      - What to read.
      - V(clusters) takes one request, one for each cluster and one for each server.
      - V(volumes) takes one request. Where Heketi does not show its database, it takes another and one for each volume.
        Then without V(clusters) also one for each server with a brick.
      - V(operations) takes one request, a second when there are any.
      - V(gluster) has Heketi look on its servers, which takes seconds. It takes one request, and those of V(operations)
        and V(volumes), without those for servers.
    type: list
    elements: str
    choices: [clusters, volumes, operations, gluster]
    default: [clusters, volumes, operations]
  query:
    description:
      - A JMESPath expression. What it selects from the return values is returned as RV(result), instead of them.
      - Evaluated on the control node, which needs C(jmespath) for it.
    type: str
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.info
  - glusterops.shares._attributes.progress
  - glusterops.shares._heketi
seealso:
  - module: glusterops.shares.gluster_info
    description: What Gluster itself tells.
  - plugin: glusterops.shares.heketi
    plugin_type: inventory
    description: Heketi's servers as an inventory.
"""

EXAMPLES = r"""
- name: Read clusters, volumes and operations that have not ended
  glusterops.shares.gluster_heketi_info:
    heketi_url: https://heketi.example.com:8080
    heketi_key: "{{ vault_heketi_key }}"
  delegate_to: localhost
  register: heketi

# The following take the connection options from the environment.

- name: Servers that are not online
  glusterops.shares.gluster_heketi_info:
    gather: [clusters]
    query: "clusters[].nodes[] | [?state != 'online'].manage"
  delegate_to: localhost
  register: away

- name: Devices with at least 100 GiB of free space, and where they are
  glusterops.shares.gluster_heketi_info:
    gather: [clusters]
    query: "clusters[].nodes[].devices[] | [?state == 'online' && free >= `107374182400`].[manage, name, free]"
  delegate_to: localhost
  register: room

- name: Volumes that are not sealed when they are created
  glusterops.shares.gluster_heketi_info:
    gather: [volumes]
    query: "volumes[?volume_options.\"auth.ssl-allow\" == null].name"
  delegate_to: localhost
  register: unsealed

- name: What Heketi began and never finished
  glusterops.shares.gluster_heketi_info:
    gather: [operations]
    query: "operations[?status != 'under way'].volumes[]"
  delegate_to: localhost
  register: left

- name: Names that Heketi must not be asked to create
  glusterops.shares.gluster_heketi_info:
    gather: [gluster]
    query: gluster.foreign
  delegate_to: localhost
  register: foreign
"""

RETURN = r"""
clusters:
  description: The clusters. Space is counted in bytes, and of a cluster or server it is the sum of its devices.
  returned: when gathered
  type: list
  elements: dict
  contains:
    id:
      description: Heketi's id of it.
      type: str
    file:
      description: Whether Heketi may make file volumes on it.
      type: bool
    block:
      description: Whether Heketi may make block volumes on it.
      type: bool
    volumes:
      description: The ids of its volumes and block volumes.
      type: list
      elements: str
    total:
      description: Space in all.
      type: int
    free:
      description: Free space, also of what is not online.
      type: int
    used:
      description: Used space.
      type: int
    nodes:
      description: Its servers, which Heketi calls nodes.
      type: list
      elements: dict
      contains:
        id:
          description: Heketi's id of it.
          type: str
        cluster:
          description: The id of its cluster.
          type: str
        manage:
          description: The name by which Heketi logs in to it.
          type: str
        storage:
          description: The name or address by which its bricks are reached.
          type: str
        zone:
          description: Its failure domain.
          type: int
        state:
          description: C(online), C(offline) or C(failed).
          type: str
        tags:
          description: Its tags.
          type: dict
        total:
          description: Space in all.
          type: int
        free:
          description: Free space, also of devices that are not online.
          type: int
        used:
          description: Used space.
          type: int
        devices:
          description: Its devices.
          type: list
          elements: dict
          contains:
            id:
              description: Heketi's id of it.
              type: str
            node:
              description: The id of its server.
              type: str
            manage:
              description: The name by which Heketi logs in to its server.
              type: str
            name:
              description: Its path.
              type: str
            state:
              description: C(online), C(offline) or C(failed).
              type: str
            tags:
              description: Its tags.
              type: dict
            total:
              description: Space in all.
              type: int
            free:
              description: Free space.
              type: int
            used:
              description: Used space.
              type: int
            bricks:
              description: How many bricks it holds.
              type: int
            paths:
              description: Its names on the server, as far as Heketi knows them.
              type: list
              elements: str
  sample:
    - id: 672519f5d02e9260f87f47f689e66394
      file: true
      block: true
      volumes: [d28898ff93dcdfcda8f53c5242b878d8]
      total: 536737742848
      free: 428825640960
      used: 107912101888
      nodes:
        - id: b876135ad7a41350f81679874febfc68
          cluster: 672519f5d02e9260f87f47f689e66394
          manage: gluster1.example.com
          storage: 10.0.0.1
          zone: 1
          state: online
          tags: {rack: a}
          total: 536737742848
          free: 428825640960
          used: 107912101888
          devices:
            - id: d3852e069c77e1afe1e7ced68a19a8b9
              node: b876135ad7a41350f81679874febfc68
              manage: gluster1.example.com
              name: /dev/sdb
              state: online
              tags: {}
              total: 536737742848
              free: 428825640960
              used: 107912101888
              bricks: 1
              paths: [/dev/disk/by-id/virtio-bricks-1, /dev/sdb]
volumes:
  description:
    - The volumes that Heketi has finished. Others, that are being made or deleted or were not finished, are in
      RV(operations).
  returned: when gathered
  type: list
  elements: dict
  contains:
    name:
      description: Name.
      type: str
    id:
      description: Heketi's id of it.
      type: str
    size:
      description: Size, for example V(100G).
      type: str
    size_bytes:
      description: Size in bytes.
      type: int
    cluster:
      description: The id of its cluster.
      type: str
    durability:
      description: Its layout, as O(glusterops.shares.gluster_heketi_volume#module:durability).
      type: str
    snapshot_factor:
      description: How much more is allocated for its snapshots, C(null) if nothing is.
      type: float
    gid:
      description: The group that may write to it, C(0) if only root may.
      type: int
    volume_options:
      description: The options it was created with. Gluster's own may differ by now.
      type: dict
    cloned:
      description: Whether it is a clone. Heketi cannot expand a clone.
      type: bool
    bricks:
      description: The bricks.
      type: list
      elements: dict
      contains:
        host:
          description: Storage host name of its server, C(null) if that is unknown.
          type: str
        path:
          description: The directory.
          type: str
        node:
          description: Heketi's id of the server.
          type: str
        device:
          description: Heketi's id of the device.
          type: str
        size:
          description: Size, for example V(100G).
          type: str
    mount:
      description: How to mount it.
      type: dict
      contains:
        source:
          description: What to mount.
          type: str
        hosts:
          description: All servers of the cluster.
          type: list
          elements: str
        options:
          description: Mount options that name the other servers.
          type: str
  sample:
    - name: projects
      id: d28898ff93dcdfcda8f53c5242b878d8
      size: 100G
      size_bytes: 107374182400
      cluster: 672519f5d02e9260f87f47f689e66394
      durability: replicate-3
      snapshot_factor: null
      gid: 0
      volume_options: {client.ssl: "on", server.ssl: "on", auth.ssl-allow: "gluster1,tenant-a"}
      cloned: false
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
operations:
  description:
    - What Heketi has begun and not ended.
    - What is C(stale) or C(failed) keeps its volumes' names and space until it is cleaned up. Heketi's own cleaner does
      so within the hour, O(glusterops.shares.gluster_heketi_volumes#module:clean_up=true) at once.
  returned: when gathered
  type: list
  elements: dict
  contains:
    id:
      description: Heketi's id of it.
      type: str
    kind:
      description: C(create-volume), C(delete-volume), C(expand-volume), C(clone-volume), C(remove-device) and so on.
      type: str
    status:
      description: C(under way), C(stale) if Heketi was restarted meanwhile, or C(failed) if its rollback failed.
      type: str
    volumes:
      description: The names of the volumes it works on.
      type: list
      elements: str
  sample:
    - id: 5e8b0f5ce2dd4d8d8f3bd0e5d8f1c5ab
      kind: create-volume
      status: stale
      volumes: [archive]
gluster:
  description: What Heketi sees of Gluster on its servers.
  returned: when gathered
  type: dict
  contains:
    volumes:
      description: The names of all volumes that Gluster has.
      type: list
      elements: str
    foreign:
      description: The names of those that Heketi does not know. Asked to create one of these, Heketi would destroy it.
      type: list
      elements: str
  sample:
    volumes: [precious, projects]
    foreign: [precious]
result:
  description: What O(query) selected.
  returned: when O(query) is given
  type: raw
error:
  description:
    - The kind of failure, one of V(bad_input), V(not_found), V(refused), V(unreachable), V(timed_out) and V(error).
  type: str
  returned: failure
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.argspec import connection_spec
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import HeketiClient
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.connection import Connection
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.info import PARTS, gather
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change, Module, run


def work(module: AnsibleModule) -> tuple[list[Change], dict[str, t.Any]]:
    progress = Progress(module.params["progress_file"])
    client = HeketiClient(Connection.from_params(module.params), say=progress.say)
    return [], gather(client, module.params["gather"])


def spec() -> dict[str, t.Any]:
    return {
        **connection_spec(),
        "gather": {
            "type": "list",
            "elements": "str",
            "choices": list(PARTS),
            "default": ["clusters", "volumes", "operations"],
        },
        # Evaluated by the action plugin of gluster_info, which does not pass it on.
        "query": {"type": "str"},
        "progress_file": {"type": "path"},
    }


def main() -> t.NoReturn:
    run(Module(argument_spec=spec(), supports_check_mode=True), work)


if __name__ == "__main__":
    main()
