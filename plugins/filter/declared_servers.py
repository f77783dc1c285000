# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: declared_servers
short_description: Read what the inventory says of servers
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes the inventory groups that are clusters, and reads the variables of the role
    P(glusterops.shares.servers#role) of their servers.
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
  hostvars:
    description: Ansible's variable of that name.
    type: dict
    required: true
  others:
    description: Machines that are no servers and need the client.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Show what servers give to bricks
  ansible.builtin.debug:
    msg: "{{ (['gluster_servers'] | glusterops.shares.declared_servers(groups, hostvars)).servers }}"
"""

RETURN = r"""
_value:
  description: What is declared. Where no server declares storage or asks for a pool, everything in it is empty.
  type: dict
  contains:
    problem:
      description: What is wrong with it, empty if nothing.
      type: str
    servers:
      description: By server, its variables, with the defaults of those that it does not have.
      type: dict
    joining:
      description: The groups whose servers are to be one pool.
      type: list
      elements: str
    machines:
      description: The machines whose programs are looked at.
      type: list
      elements: str
    installed:
      description: Those of them whose programs may be installed.
      type: list
      elements: str
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._servers.declared import Declared, declared, plain


def declared_servers(
    clusters: list[str], groups: dict[str, list[str]], hostvars: t.Mapping[str, t.Any], others: t.Sequence[str] = ()
) -> dict[str, t.Any]:
    try:
        found, problem = declared(clusters, groups, others, hostvars), ""
    except GlusterOpsError as exc:
        found, problem = Declared(), str(exc)
    return {"problem": problem, **plain(found)}


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"declared_servers": declared_servers}
