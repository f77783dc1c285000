# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: place
short_description: Find the cluster of each share
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes a list of shares, as in O(glusterops.shares.shares#role:main:shares_list), and tells which cluster each is on.
    One that does not exist yet is put where its pool has the smallest free volume that fits, or its snapshot is. Among
    equal volumes the cluster with most of them gets it.
  - Checks the whole list first. With anything wrong no share is placed.
options:
  _input:
    description: The shares.
    type: list
    elements: dict
    required: true
  clusters:
    description:
      - By cluster, what M(glusterops.shares.gluster_info) told on one of its servers of its C(volumes) (of each
        C(name), C(share), C(state), C(origin) and C(free)) and the names of its C(snapshots). V(null) if it could not
        tell.
    type: dict
    required: true
  provisioner:
    description: Where shares come from that do not say.
    type: str
    choices: [heketi, pool, snapshot]
    default: heketi
  pattern:
    description: Which volumes are the pool of shares that do not say.
    type: str
"""

EXAMPLES = r"""
- name: Place the shares
  ansible.builtin.set_fact:
    placed: "{{ shares_list | glusterops.shares.place(clusters, pattern='manila-pool-#{size}G-.*') }}"
"""

RETURN = r"""
_value:
  description: What was found.
  type: dict
  contains:
    problem:
      description: What is wrong, empty if nothing.
      type: str
    shares:
      description:
        - The shares in the order of the list, none if there is a problem. Each has its C(name), its C(provisioner), its
          C(cluster) (C(null) if Heketi is going to choose), its C(volume) (C(null) if it does not exist yet), and the
          C(share) for M(glusterops.shares.gluster_shares).
      type: list
      elements: dict
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import placement


def place(
    shares: list[t.Any], clusters: dict[str, t.Any], provisioner: str = "heketi", pattern: str | None = None
) -> dict[str, t.Any]:
    try:
        return {"problem": "", "shares": placement.place(shares, clusters, provisioner, pattern)}
    except GlusterOpsError as exc:
        return {"problem": str(exc), "shares": []}


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"place": place}
