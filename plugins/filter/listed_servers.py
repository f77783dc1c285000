# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: listed_servers
short_description: Tell which servers every access list lets in
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes who is on the access lists, and finds the servers that show such an identity. Only they may get bricks. The
    role P(glusterops.shares.shares#role) uses it.
options:
  _input:
    description: By inventory group that is a cluster, who is on every access list of it, patterns too.
    type: dict
    required: true
  groups:
    description: Ansible's variable of that name.
    type: dict
    required: true
  looks:
    description:
      - By server, what M(glusterops.shares.gluster_info) returned there, with C(gather=peers) and C(gather=identity).
    type: dict
    required: true
  addresses:
    description: By server, its C(ansible_host), empty if it has none.
    type: dict
    required: true
  joining:
    description: Whether servers may get their identities only now.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Tell Heketi's servers
  ansible.builtin.debug:
    msg: "{{ (lists | glusterops.shares.listed_servers(groups, looks, addresses)).names }}"
"""

RETURN = r"""
_value:
  description: What was found.
  type: dict
  contains:
    identities:
      description: By UUID of its glusterd, the identity that a server answers with.
      type: dict
    names:
      description: All names of these servers, of the inventory and those by which servers know each other.
      type: list
      elements: str
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._shares import servers


def listed_servers(
    lists: dict[str, list[str]],
    groups: dict[str, list[str]],
    looks: dict[str, t.Any],
    addresses: dict[str, str],
    joining: bool = False,
) -> dict[str, t.Any]:
    return servers.listed(lists, groups, looks, addresses, joining)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"listed_servers": listed_servers}
