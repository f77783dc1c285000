# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: infrastructures
short_description: Tell who is on every access list of each cluster
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes the inventory groups that are clusters, and names the identities of their servers, and of the management
    hosts.
options:
  _input:
    description: The groups.
    type: list
    elements: str
    required: true
  groups:
    description: Ansible's variable of that name.
    type: dict
    required: true
  managers_group:
    description: The group of the management hosts. There need not be one.
    type: str
    required: true
  server_prefix:
    description: What a server's identity begins with, before its name in the inventory.
    type: str
    required: true
  manager_prefix:
    description: Likewise, of a management host's.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Tell who is on every access list
  ansible.builtin.debug:
    msg: "{{ ['site_a'] | glusterops.shares.infrastructures(groups, 'gluster_managers', 'server-', 'manager-') }}"
"""

RETURN = r"""
_value:
  description: By group, the identities.
  type: dict
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._shares import servers


def infrastructures(
    clusters: list[str], groups: dict[str, list[str]], managers_group: str, server_prefix: str, manager_prefix: str
) -> dict[str, list[str]]:
    return servers.infrastructures(clusters, groups, managers_group, server_prefix, manager_prefix)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"infrastructures": infrastructures}
