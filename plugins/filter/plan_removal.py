# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_removal
short_description: Tell how a share is removed
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes the name of a share, and tells who removes it. The role P(glusterops.shares.shares#role) uses it.
options:
  _input:
    description: The name.
    type: str
    required: true
  shares:
    description: The shares that exist, as P(glusterops.shares.locate_shares#filter) returned them.
    type: dict
    required: true
  workers:
    description: Server by cluster, as P(glusterops.shares.choose_workers#filter) returned them.
    type: dict
    required: true
  clusters:
    description: By cluster, what it told, as in O(glusterops.shares.place_shares#filter:clusters).
    type: dict
    required: true
  heketi:
    description: Whether there is a Heketi, which is asked for volumes that are not marked as another's.
    type: bool
    required: true
"""

EXAMPLES = r"""
- name: Tell who removes the share
  ansible.builtin.debug:
    msg: "{{ ('tenant-a-data' | glusterops.shares.plan_removal(shares, workers, clusters, true)).worker }}"
"""

RETURN = r"""
_value:
  description: What was decided.
  type: dict
  contains:
    problem:
      description: Why it must not be removed, empty if nothing.
      type: str
    by_heketi:
      description: Whether Heketi deletes its volume. Else it is given back to its pool, or deleted if it is a clone.
      type: bool
    made:
      description: Whether its volume is made of bricks of the servers' storage, which are removed after it.
      type: bool
    worker:
      description: The server that works on it.
      type: str
    cluster:
      description: Its cluster, V(null) if there is none.
      type: str
    volume:
      description: Its volume, V(null) if there is none.
      type: str
    sealed:
      description: Whether that is sealed.
      type: bool
    known_volumes:
      description: O(glusterops.shares.gluster_heketi_volume#module:known_volumes), if Heketi deletes it.
      type: list
      elements: raw
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._shares import to_do


def plan_removal(
    name: str, shares: dict[str, t.Any], workers: dict[str, str], clusters: dict[str, t.Any], heketi: bool
) -> dict[str, t.Any]:
    return to_do.removal(name, shares, workers, clusters, heketi)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"plan_removal": plan_removal}
