# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: lay_out_shares
short_description: Find places for the bricks of shares on servers' storage
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes shares whose volumes are made on the servers' own storage, and tells which bricks each server has to make or
    to grow for them, and what the volumes then consist of. The role P(glusterops.shares.shares#role) uses it.
  - Bricks of one set are on different servers. If any server of a cluster has a zone, they are in different zones, and
    the servers without one are a zone together.
  - The storage with most room is taken first, and a volume gets as few sets of bricks as fit, all of one size.
  - A volume that is too small grows in place, all its sets alike. When its storage has no room for that, it gets
    further sets, as few as fit, and all sets are made as equal as they can be. No brick shrinks or moves.
  - The arbiter of a set gets a sixteenth of its data bricks' size, which is enough for files of 64 KiB on average.
  - Shares are laid out one after the other, in the order of the list. The same input gives the same places.
  - Checks the whole list first. With anything wrong no share is laid out.
options:
  _input:
    description:
      - The shares, of each its C(name) and C(size), and if they are not left out its C(durability), the C(sets) of
        bricks that its volume has at least when it is made (V(1)), the C(tags) that storage must have to get bricks of
        it, and its C(cluster).
    type: list
    elements: dict
    required: true
  servers:
    description:
      - By server, what is declared of it. C(address), its C(cluster), C(zone), C(tags) and C(overcommit) (V(1.0)), and
        a list C(storage) of paths, or of dictionaries of a C(path) and further C(tags).
    type: dict
    required: true
  looks:
    description:
      - By server, what M(glusterops.shares.gluster_info) told of its C(storage) there, and if it was asked for them, of
        its C(peers).
    type: dict
    required: true
  clusters:
    description:
      - By cluster, what M(glusterops.shares.gluster_info) told on one of its servers of its C(volumes), of each its
        C(name) and what it is C(made_of). V(null) if it could not tell.
    type: dict
    required: true
  durability:
    description:
      - The durability of volumes of shares that do not say. V(none), V(replicate-2) to V(replicate-9),
        V(replicate-3-arbiter), or V(disperse-DATA+REDUNDANCY) as Gluster allows it, V(disperse-4+2) for example.
    type: str
    default: replicate-3
"""

EXAMPLES = r"""
- name: Show where bricks would be put
  ansible.builtin.debug:
    msg: "{{ (shares_list | glusterops.shares.lay_out_shares(servers, looks, clusters)).lines }}"
"""

RETURN = r"""
_value:
  description: What was found.
  type: dict
  contains:
    problem:
      description: What is wrong, empty if nothing.
      type: str
    warnings:
      description: Which storage gets no bricks, and of which most is promised, a sentence each.
      type: list
      elements: str
    bricks:
      description: By server, the bricks that it has to make or grow, of each C(name), C(storage) and C(size) in bytes.
      type: dict
    layouts:
      description:
        - By share that has no volume yet, its C(bricks) as Gluster takes them, and C(replica), C(arbiter), C(disperse)
          and C(redundancy).
      type: dict
    grown:
      description: The same, by share whose volume grows. Those of its bricks that are there come first.
      type: dict
    clusters:
      description: By share, its cluster.
      type: dict
    lines:
      description: By brick that is made or grows, a line that says so.
      type: list
      elements: str
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._volumes import laying


def lay_out_shares(
    shares: list[t.Any],
    servers: dict[str, t.Any],
    looks: dict[str, t.Any],
    clusters: dict[str, t.Any],
    durability: str = "replicate-3",
) -> dict[str, t.Any]:
    try:
        return laying.lay_out(shares, servers, looks, clusters, durability).as_json()
    except GlusterOpsError as exc:
        return laying.Laid(str(exc)).as_json()


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"lay_out_shares": lay_out_shares}
