# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: purge_problems
short_description: Tell why Heketi must not move bricks now
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Heketi does not notice when the other copies of what it moves are down. Gluster does, in each cluster for itself.
    The role P(glusterops.shares.topology#role) uses it.
options:
  _input:
    description: O(glusterops.shares.gluster_heketi_topology#module:clusters).
    type: list
    elements: dict
    required: true
  told:
    description:
      - By server, what M(glusterops.shares.gluster_info) told there of its C(volumes) and C(processes).
    type: dict
    required: true
  names:
    description: By server, its manage name, as P(glusterops.shares.declared_topology#filter) returned it.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Refuse to move bricks while others are down
  ansible.builtin.assert:
    that: clusters | glusterops.shares.purge_problems(told, names) | length == 0
"""

RETURN = r"""
_value:
  description: A sentence for each reason.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._checks import copies


def purge_problems(clusters: list[dict[str, t.Any]], told: dict[str, t.Any], names: dict[str, str]) -> list[str]:
    return copies.problems(clusters, {names.get(host, host): its for host, its in told.items()})


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"purge_problems": purge_problems}
