# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: shares_to_verify
short_description: Tell which shares have to be proven
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes a cluster, and tells which of its shares have to be tried on every brick. That is what Heketi has made or
    grown, and what M(glusterops.shares.gluster_shares) has taken or limited. The role P(glusterops.shares.shares#role)
    uses it.
options:
  _input:
    description: The cluster.
    type: str
    required: true
  placed:
    description: By share, its cluster, as P(glusterops.shares.place_shares#filter) returns it as C(clusters).
    type: dict
    required: true
  result:
    description: What M(glusterops.shares.gluster_shares) returned on the cluster.
    type: dict
    required: true
  made:
    description: What M(glusterops.shares.gluster_heketi_volumes) returned. Empty if it was not used.
    type: dict
    required: true
  volumes:
    description: The RV(glusterops.shares.gluster_heketi_volumes#module:volumes), as they were known last.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Prove that new and grown shares work on every brick
  glusterops.shares.gluster_shares_verify:
    shares: "{{ 'site_a' | glusterops.shares.shares_to_verify(placed.clusters, result, made, made.volumes) }}"
"""

RETURN = r"""
_value:
  description: O(glusterops.shares.gluster_shares_verify#module:shares).
  type: list
  elements: dict
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._shares import to_do


def shares_to_verify(
    cluster: str,
    placed: dict[str, str | None],
    result: dict[str, t.Any],
    made: dict[str, t.Any],
    volumes: list[dict[str, t.Any]],
) -> list[dict[str, t.Any]]:
    return to_do.to_verify(cluster, placed, result, made, volumes)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"shares_to_verify": shares_to_verify}
