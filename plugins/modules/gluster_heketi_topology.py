#!/usr/bin/python
# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_heketi_topology
short_description: Tell Heketi its clusters, servers and devices
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Makes a whole Heketi know the clusters, servers (which Heketi calls nodes) and devices that are declared, in one
    task. Tags, flags and states are kept as they are declared.
  - Nothing is ever removed, unless O(purge=true).
  - If something is refused, nothing is changed. If something fails later, all that does not depend on it is done
    nevertheless, and the next run does the rest.
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.changes
  - glusterops.shares._attributes.progress
  - glusterops.shares._heketi
options:
  clusters:
    description:
      - All clusters. Heketi's clusters have no names, so it is found out which one is meant. It is the one with the
        O(clusters[].id), or the one that has the servers, or else a cluster that has neither servers nor volumes. If
        there is none it is made.
      - If the servers of one declared cluster are in several of Heketi's, or those of two in one, the task is refused.
    type: list
    elements: dict
    required: true
    suboptions:
      id:
        description: Heketi's id of the cluster. Needed only where its servers do not tell which one is meant.
        type: str
      file:
        description: Whether Heketi may put volumes on it.
        type: bool
        default: true
      block:
        description: Whether Heketi may put block volumes on it.
        type: bool
        default: true
      nodes:
        description:
          - The servers. Each runs C(glusterd) and can be logged in to by Heketi.
          - They are added one after the other, because Heketi probes each from any other of the cluster. Their devices
            and other clusters are added at the same time.
        type: list
        elements: dict
        default: []
        suboptions:
          manage:
            description: The host name or address by which Heketi logs in. It tells which server is meant.
            type: str
            required: true
          storage:
            description:
              - The host name or address by which the servers and the clients reach its bricks.
              - If not set, it is O(clusters[].nodes[].manage).
            type: str
          zone:
            description: What fails together, such as a rack. Heketi puts the copies of data into different zones.
            type: int
            default: 1
          tags:
            description:
              - All tags of the server, at most 32. Others are removed.
              - The tag C(arbiter) can be V(required), V(supported) or V(disabled).
            type: dict
            default: {}
          state:
            description: Whether Heketi may put new bricks on it.
            type: str
            choices: [online, offline]
            default: online
          devices:
            description: The devices that Heketi makes bricks on.
            type: list
            elements: dict
            default: []
            suboptions:
              name:
                description: The path. Best one that stays the same, from C(/dev/disk/by-id). A device that Heketi has
                  under another of its names is that one.
                type: str
                required: true
              tags:
                description: All tags of the device, as those of the server. For bricks, they win over the server's.
                type: dict
                default: {}
              state:
                description: Whether Heketi may put new bricks on it.
                type: str
                choices: [online, offline]
                default: online
              destroy_data:
                description:
                  - Whether what is on it may be wiped when it is added. Otherwise a device with anything on it is
                    refused.
                  - A device that Heketi has already, under whichever of its names, is never wiped; a warning says then
                    that this has no effect any more. But of two runs at the same moment, one can wipe what the other
                    is just adding.
                  - Where it stays, the device is wiped again if Heketi ever loses it. Better name the device once in
                    O(destroy_data).
                type: bool
                default: false
  purge:
    description:
      - Removes every cluster, server and device that is not declared. What is on the devices is moved to others before,
        which can take long. If Heketi finds no room elsewhere, the device keeps it, and stays offline.
      - A zone, a storage name, the cluster of a server and the state C(failed) cannot be changed. Such a server or
        device is emptied, removed and added anew, and without O(purge) the task is refused.
      - It is refused when O(clusters) is empty, and when volumes are in a cluster that is not declared or has no
        devices declared.
    type: bool
    default: false
  destroy_data:
    description:
      - Devices that may be wiped when they are added, each as its server's O(clusters[].nodes[].manage), C(:) and its
        O(clusters[].nodes[].devices[].name). Give it for one run.
    type: list
    elements: str
    default: []
  parallel:
    description: How many operations are under way at the same time, from 1 to 64.
    type: int
    default: 8
seealso:
  - module: glusterops.shares.gluster_heketi_info
  - module: glusterops.shares.gluster_heketi_volumes
"""

EXAMPLES = r"""
- name: One cluster of three servers with two devices each
  glusterops.shares.gluster_heketi_topology:
    heketi_url: https://heketi.example.com:8080
    heketi_key: "{{ vault_heketi_key }}"
    clusters:
      - nodes:
          - {manage: gluster1.example.com, storage: 10.0.0.1, zone: 1, devices: "{{ devices }}"}
          - {manage: gluster2.example.com, storage: 10.0.0.2, zone: 2, devices: "{{ devices }}"}
          - {manage: gluster3.example.com, storage: 10.0.0.3, zone: 3, devices: "{{ devices }}"}
  delegate_to: localhost
  vars:
    devices:
      - {name: /dev/disk/by-id/virtio-bricks-1}
      - {name: /dev/disk/by-id/virtio-bricks-2, tags: {disk: ssd}}

- name: Look what would be removed, and added anew
  glusterops.shares.gluster_heketi_topology:
    heketi_url: https://heketi.example.com:8080
    heketi_key: "{{ vault_heketi_key }}"
    clusters: "{{ all_clusters }}"
    purge: true
  delegate_to: localhost
  check_mode: true
  diff: true

- name: A server for arbiter bricks, on a disk that may be wiped
  glusterops.shares.gluster_heketi_topology:
    heketi_url: https://heketi.example.com:8080
    heketi_key: "{{ vault_heketi_key }}"
    clusters:
      - id: 672519f5d02e9260f87f47f689e66394
        nodes:
          - manage: gluster4.example.com
            tags: {arbiter: required}
            devices:
              - {name: /dev/sdb, destroy_data: true}
  delegate_to: localhost
"""

RETURN = r"""
clusters:
  description:
    - All of Heketi's clusters as they were seen last, which in check mode is before the change. Sizes are bytes.
    - Each is what M(glusterops.shares.gluster_heketi_info) returns as
      RV(glusterops.shares.gluster_heketi_info#module:clusters).
  type: list
  elements: dict
  returned: when Heketi could be read
  sample:
    - id: 672519f5d02e9260f87f47f689e66394
      file: true
      block: true
      volumes: [d28898ff93dcdfcda8f53c5242b878d8]
      total: 536870912000
      free: 526080737280
      used: 10790174720
      nodes:
        - id: b876135ad7a41350f81679874febfc68
          cluster: 672519f5d02e9260f87f47f689e66394
          manage: gluster1.example.com
          storage: 10.0.0.1
          zone: 1
          state: online
          tags: {}
          total: 536870912000
          free: 526080737280
          used: 10790174720
          devices:
            - id: d3852e069c77e1afe1e7ced68a19a8b9
              name: /dev/sdb
              state: online
              tags: {disk: ssd}
              total: 536870912000
              free: 526080737280
              used: 10790174720
              bricks: 1
              paths: [/dev/disk/by-id/virtio-bricks-1, /dev/sdb]
              node: b876135ad7a41350f81679874febfc68
              manage: gluster1.example.com
undeclared:
  description: What Heketi has and O(clusters) has not, as it was seen last.
  type: dict
  returned: when Heketi could be read
  contains:
    clusters:
      description: Ids of clusters.
      type: list
      elements: str
    nodes:
      description: Manage names of servers.
      type: list
      elements: str
    devices:
      description: Devices, each with its server's manage name before it.
      type: list
      elements: str
  sample:
    clusters: []
    nodes: []
    devices: ["gluster1.example.com:/dev/sdz"]
changes:
  description: What was changed, or in check mode would be. Each has a C(subject), C(what), C(before) and C(after).
  type: list
  elements: dict
  returned: always
  sample:
    - {subject: gluster4.example.com, what: present, before: false, after: true}
    - {subject: "gluster4.example.com:/dev/sdb", what: present, before: false, after: true}
    - {subject: gluster1.example.com, what: tags, before: {}, after: {rack: a1}}
error:
  description:
    - The kind of failure, one of V(bad_input), V(not_found), V(conflict), V(refused), V(unreachable), V(timed_out),
      V(outcome_unknown) and V(error). If operations failed in different ways it is V(error).
  type: str
  returned: failure
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.argspec import connection_spec
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import HeketiClient
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.connection import Connection
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.topology import read_desired
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.topology_reconcile import reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change, Module, run
from ansible_collections.glusterops.shares.plugins.module_utils._units import check_number


def work(module: AnsibleModule) -> tuple[list[Change], dict[str, t.Any]]:
    parallel = module.params["parallel"]
    check_number(parallel, 1, 64, "parallel")
    purge = module.params["purge"]
    desired = read_desired(module.params["clusters"], purge, module.params["destroy_data"])
    progress = Progress(module.params["progress_file"])
    return reconcile(
        HeketiClient(Connection.from_params(module.params), pool=max(8, parallel), say=progress.say),
        desired,
        purge=purge,
        parallel=parallel,
        check_mode=module.check_mode,
        warn=module.warn,
        progress=progress,
    )


def spec() -> dict[str, t.Any]:
    tags_and_state = {
        "tags": {"type": "dict", "default": {}},
        "state": {"type": "str", "choices": ["online", "offline"], "default": "online"},
    }
    device = {
        "name": {"type": "str", "required": True},
        **tags_and_state,
        "destroy_data": {"type": "bool", "default": False},
    }
    node = {
        "manage": {"type": "str", "required": True},
        "storage": {"type": "str"},
        "zone": {"type": "int", "default": 1},
        **tags_and_state,
        "devices": {"type": "list", "elements": "dict", "default": [], "options": device},
    }
    cluster = {
        "id": {"type": "str"},
        "file": {"type": "bool", "default": True},
        "block": {"type": "bool", "default": True},
        "nodes": {"type": "list", "elements": "dict", "default": [], "options": node},
    }
    return {
        **connection_spec(),
        "clusters": {"type": "list", "elements": "dict", "required": True, "options": cluster},
        "purge": {"type": "bool", "default": False},
        "destroy_data": {"type": "list", "elements": "str", "default": []},
        "parallel": {"type": "int", "default": 8},
        "progress_file": {"type": "path"},
    }


def main() -> t.NoReturn:
    run(Module(argument_spec=spec(), supports_check_mode=True), work)


if __name__ == "__main__":
    main()
