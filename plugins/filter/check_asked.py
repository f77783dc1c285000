# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: check_asked
short_description: Choose the server that is asked about each cluster
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes the inventory groups that are clusters, and chooses from each the first server that answered, best one whose
    identity others trust. The role P(glusterops.shares.check#role) uses it.
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
    description:
      - By machine, what M(glusterops.shares.gluster_info) returned there, with C(gather=identity), and C(gather=peers)
        on servers.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Choose the servers to ask
  ansible.builtin.set_fact:
    asked: "{{ ['site_a', 'site_b'] | glusterops.shares.check_asked(groups, looks) }}"
"""

RETURN = r"""
_value:
  description: Server by group, without groups of which none answered.
  type: dict
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._checks.asked import asked


def check_asked(clusters: list[str], groups: dict[str, list[str]], looks: dict[str, t.Any]) -> dict[str, str]:
    return asked(clusters, groups, looks)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"check_asked": check_asked}
