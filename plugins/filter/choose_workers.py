# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: choose_workers
short_description: Choose the server that works for each cluster
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes the inventory groups that are clusters, and chooses from each the first server that answered.
  - It is a problem if a group has none, if two groups are one cluster, if the servers of one are not in one pool, or
    if a server is not in exactly one of the groups.
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
  peers:
    description: By server that answered, RV(glusterops.shares.gluster_info#module:peers).
    type: dict
    required: true
  joining:
    description: Whether servers may be in another pool, because they are going to join.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Choose the servers that do the work
  ansible.builtin.set_fact:
    chosen: "{{ ['site_a', 'site_b'] | glusterops.shares.choose_workers(groups, peers) }}"
"""

RETURN = r"""
_value:
  description: What was found.
  type: dict
  contains:
    problem:
      description: What is wrong, empty if nothing.
      type: str
    workers:
      description: Server by group. If there is a problem, for what may be done all the same.
      type: dict
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._shares import placement


def choose_workers(
    clusters: list[str], groups: dict[str, list[str]], peers: dict[str, t.Any], joining: bool = False
) -> dict[str, t.Any]:
    try:
        return {"problem": "", "workers": placement.workers(clusters, groups, peers, joining)}
    except GlusterOpsError as exc:
        return {"problem": str(exc), "workers": placement.answering(clusters, groups, peers)}


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"choose_workers": choose_workers}
