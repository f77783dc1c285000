# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: place_shares
short_description: Find the cluster of each share
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes a list of shares, as in O(glusterops.shares.shares#role:main:shares_list), finds the cluster of each, and
    tells what has to be done there. The role P(glusterops.shares.shares#role) uses it.
  - A share that does not exist yet is put where its pool has the smallest free volume that fits, or its snapshot is.
    Among equal volumes the cluster with most of them gets it.
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
        C(name), C(share), C(state), C(origin), C(made_of) and C(free)) and the names of its C(snapshots). V(null) if it
        could not tell.
      - Beside that, the RV(glusterops.shares.gluster_info#module:differing) shares, and a list of what its servers told
        of C(limits), V(null) for one that could not. Without these, each share may need something done.
    type: dict
    required: true
  provisioner:
    description: Where shares come from that do not say.
    type: str
    choices: [heketi, pool, servers, snapshot]
    default: heketi
  pattern:
    description: Which volumes are the pool of shares that do not say.
    type: str
  defaults:
    description:
      - C(durability), C(spare_factor) and C(sets) of shares that do not say, and C(infrastructure), the identities that
        are on the access list of each volume that Heketi makes.
    type: dict
    default: {}
  check_mode:
    description: Whether this is a dry run, in which Heketi makes nothing.
    type: bool
    default: false
  in_heketi:
    description:
      - What Heketi told of the volumes of its shares, as M(glusterops.shares.gluster_heketi_volumes) returns it. What
        Gluster has of a share of which Heketi has no volume is then left alone.
      - Without it, Heketi has not been asked yet.
    type: list
    elements: dict
  laid:
    description:
      - What P(glusterops.shares.lay_out_shares#filter) made of RV(_value.servers).
      - Without it, these have not been laid out yet.
    type: dict
"""

EXAMPLES = r"""
- name: Place the shares
  ansible.builtin.set_fact:
    placed: "{{ shares_list | glusterops.shares.place_shares(clusters, pattern='manila-pool-#{size}G-.*') }}"
"""

RETURN = r"""
_value:
  description: What was found.
  type: dict
  contains:
    problem:
      description: What is wrong, empty if nothing.
      type: str
    clusters:
      description: By share, its cluster. C(null) if Heketi is going to choose, or it is not laid out yet.
      type: dict
    to_do:
      description:
        - By cluster, O(glusterops.shares.gluster_shares#module:shares) that may not be as declared. All of the cluster,
          if one gets a volume.
      type: dict
    before:
      description: By cluster, those that Heketi has already, for their access lists alone.
      type: dict
    heketi:
      description: O(glusterops.shares.gluster_heketi_volumes#module:volumes).
      type: list
      elements: dict
    growing:
      description: By cluster, the O(glusterops.shares.gluster_volumes#module:volumes) that get further bricks.
      type: dict
    servers:
      description:
        - The shares that are made, or may have to grow, on storage of their servers, as
          P(glusterops.shares.lay_out_shares#filter) takes them.
      type: list
      elements: dict
    known_volumes:
      description: O(glusterops.shares.gluster_heketi_volumes#module:known_volumes).
      type: list
      elements: raw
    present:
      description: The names of the shares of Heketi's that have a volume.
      type: list
      elements: str
    nowhere:
      description: The names of those of which Heketi has not chosen the cluster yet.
      type: list
      elements: str
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._shares import placement, to_do

_DEFAULTS: dict[str, t.Any] = {"durability": None, "spare_factor": None, "sets": 1, "infrastructure": []}


def place_shares(
    shares: list[t.Any],
    clusters: dict[str, t.Any],
    provisioner: str = "heketi",
    pattern: str | None = None,
    defaults: dict[str, t.Any] | None = None,
    check_mode: bool = False,
    in_heketi: list[dict[str, t.Any]] | None = None,
    laid: dict[str, t.Any] | None = None,
) -> dict[str, t.Any]:
    problem, placed, entries = "", [], shares
    try:
        had = None if in_heketi is None else {volume["name"] for volume in in_heketi if volume.get("id")}
        placed = placement.place(shares, clusters, provisioner, pattern, had, laid)
    except GlusterOpsError as exc:
        problem, entries = str(exc), []
    work = to_do.divide(entries, placed, {**_DEFAULTS, **(defaults or {})}, check_mode, laid)
    known = to_do.known_volumes({volume["name"] for volume in work["heketi"]}, clusters) if work["heketi"] else []
    return {"problem": problem, **work, "known_volumes": known}


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"place_shares": place_shares}
