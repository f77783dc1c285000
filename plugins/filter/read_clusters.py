# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: read_clusters
short_description: Read what clusters told of their volumes
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes the servers that were asked, and reads what they told, and what their neighbours did. It is for
    P(glusterops.shares.place_shares#filter) and P(glusterops.shares.locate_shares#filter).
options:
  _input:
    description: By inventory group that is a cluster, the server that was asked about all of it.
    type: dict
    required: true
  groups:
    description: Ansible's variable of that name.
    type: dict
    required: true
  reads:
    description:
      - By server that was asked, what M(glusterops.shares.gluster_info) returned there with C(gather=holdings), and,
        if shares are made of snapshots, C(gather=snapshots).
    type: dict
    required: true
  looks:
    description:
      - By server, what M(glusterops.shares.gluster_info) returned there, with C(gather=peers) and C(gather=limits).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Find the shares
  ansible.builtin.set_fact:
    found: "{{ names | glusterops.shares.locate_shares(told) }}"
  vars:
    told: "{{ workers | glusterops.shares.read_clusters(groups, reads, looks) }}"
"""

RETURN = r"""
_value:
  description:
    - By group, what it told, as O(glusterops.shares.place_shares#filter:clusters). Empty if it could not tell.
  type: dict
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._shares import servers


def read_clusters(
    workers: dict[str, str], groups: dict[str, list[str]], reads: dict[str, t.Any], looks: dict[str, t.Any]
) -> dict[str, t.Any]:
    return servers.read(workers, groups, reads, looks)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"read_clusters": read_clusters}
