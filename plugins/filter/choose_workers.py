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
  looks:
    description: By server, what M(glusterops.shares.gluster_info) returned there, with C(gather=peers).
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
    chosen: "{{ ['site_a', 'site_b'] | glusterops.shares.choose_workers(groups, looks) }}"
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
    silent:
      description: By server that did not tell its peers, why.
      type: dict
    without_crls:
      description: The servers that answered, and of which it is not known that they have a CRL of each CA they trust.
      type: list
      elements: str
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._shares import servers


def choose_workers(
    clusters: list[str], groups: dict[str, list[str]], looks: dict[str, t.Any], joining: bool = False
) -> dict[str, t.Any]:
    told = {"silent": servers.silent(looks), "without_crls": servers.without_crls(looks)}
    try:
        return {"problem": "", "workers": servers.workers(clusters, groups, looks, joining), **told}
    except GlusterOpsError as exc:
        return {"problem": str(exc), "workers": servers.answering(clusters, groups, looks), **told}


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"choose_workers": choose_workers}
