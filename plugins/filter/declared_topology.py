# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: declared_topology
short_description: Tell which clusters the inventory declares to Heketi
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes servers of the inventory, and puts together what their variables declare to Heketi, beside what Heketi has.
    The role P(glusterops.shares.topology#role) uses it.
options:
  _input:
    description: The servers.
    type: list
    elements: str
    required: true
  hostvars:
    description: Ansible's variable of that name.
    type: dict
    required: true
  heketi:
    description:
      - Of each cluster that Heketi has, its servers with C(manage) and C(storage).
    type: list
    elements: list
    default: []
"""

EXAMPLES = r"""
- name: Tell which devices would be wiped
  ansible.builtin.debug:
    msg: "{{ (groups.gluster_servers | glusterops.shares.declared_topology(hostvars)).wiped }}"
"""

RETURN = r"""
_value:
  description: What was found.
  type: dict
  contains:
    clusters:
      description: O(glusterops.shares.gluster_heketi_topology#module:clusters).
      type: list
      elements: dict
    names:
      description: By server, its name for Heketi.
      type: dict
    wiped:
      description: The devices that would be wiped whenever Heketi does not have them, after their server.
      type: list
      elements: str
    strangers:
      description:
        - Servers of O(heketi) that the inventory has under none of their names, in clusters of which it has others.
      type: list
      elements: str
    sizes:
      description: By server, how many servers O(heketi) has in its cluster, 0 if it is in none.
      type: dict
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._heketi import inventory


def declared_topology(
    hosts: list[str], hostvars: t.Mapping[str, t.Any], heketi: t.Iterable[list[dict[str, t.Any]]] = ()
) -> dict[str, t.Any]:
    servers = [inventory.Server(host, hostvars[host]) for host in hosts]
    has = list(map(list, heketi))
    return {
        "clusters": inventory.clusters(servers),
        "names": {server.name: server.manage for server in servers},
        "wiped": inventory.wiped(servers),
        "strangers": inventory.strangers(servers, has),
        "sizes": {server.name: inventory.size(server, has) for server in servers},
    }


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"declared_topology": declared_topology}
