# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: check_parameters
short_description: Put together what requirements are checked on
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes what machines and clusters told, and makes of it what M(glusterops.shares.gluster_check) judges. The role
    P(glusterops.shares.check#role) uses it.
options:
  _input:
    description: The inventory groups that are clusters.
    type: list
    elements: str
    required: true
  groups:
    description: Ansible's variable of that name.
    type: dict
    required: true
  looks:
    description: As in O(glusterops.shares.check_asked#filter:looks).
    type: dict
    required: true
  answers:
    description: By server that was asked about its cluster, what M(glusterops.shares.gluster_info) returned there.
    type: dict
    required: true
  infrastructures:
    description: By group, who is on every access list of it.
    type: dict
    required: true
  managers:
    description: The management hosts.
    type: list
    elements: str
    required: true
  prefixes:
    description: What the names of servers, and of management hosts, begin with.
    type: list
    elements: str
    required: true
  shares:
    description: The declared shares, as in O(glusterops.shares.shares#role:main:shares_list).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Judge what they said
  glusterops.shares.gluster_check:
    machines: "{{ said.machines }}"
    clusters: "{{ said.clusters }}"
  vars:
    lists: "{{ ['site_a'] | glusterops.shares.infrastructures(groups, 'managers', 'server-', 'manager-') }}"
    said: "{{ ['site_a'] | glusterops.shares.check_parameters(groups, looks, answers, lists, [], ['server-', ''],
      []) }}"
"""

RETURN = r"""
_value:
  description: What was told.
  type: dict
  contains:
    machines:
      description: O(glusterops.shares.gluster_check#module:machines).
      type: list
      elements: dict
    clusters:
      description: O(glusterops.shares.gluster_check#module:clusters).
      type: list
      elements: dict
    shares:
      description: O(glusterops.shares.gluster_check#module:shares).
      type: list
      elements: dict
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._checks.asked import parameters


def check_parameters(
    clusters: list[str],
    groups: dict[str, list[str]],
    looks: dict[str, t.Any],
    answers: dict[str, t.Any],
    infrastructures: dict[str, list[str]],
    managers: list[str],
    prefixes: tuple[str, str],
    shares: list[dict[str, t.Any]],
) -> dict[str, t.Any]:
    return parameters(clusters, groups, looks, answers, infrastructures, managers, prefixes, shares)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"check_parameters": check_parameters}
