# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_pools
short_description: Decide which servers have to join which pool
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes what servers told of themselves, and tells which of them have to join the pool of their cluster. The role
    P(glusterops.shares.servers#role) uses it.
options:
  _input:
    description:
      - By server, what M(glusterops.shares.gluster_info) told there with C(peers), C(machine), C(identity) and
        C(stored).
    type: dict
    required: true
  declared:
    description: What P(glusterops.shares.declared_servers#filter) has read.
    type: dict
    required: true
  lists:
    description: By cluster, who is on every access list of it.
    type: dict
    required: true
  dry:
    description: Whether this is a dry run, in which servers may only be going to get their identities.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Tell who has to join
  ansible.builtin.debug:
    msg: "{{ (looks | glusterops.shares.plan_pools(declared, lists)).servers }}"
"""

RETURN = r"""
_value:
  description: What was decided.
  type: dict
  contains:
    problem:
      description: Why it must not be done, empty if it may.
      type: str
    servers:
      description: By the server that does the work, the addresses that have to join its pool.
      type: dict
    uuids:
      description: By the same, the UUID of the server at each of these.
      type: dict
    notes:
      description: What else to tell.
      type: list
      elements: str
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._servers.declared import plain, read
from ansible_collections.glusterops.shares.plugins.module_utils._servers.pools import Joining, joining


def plan_pools(
    looks: dict[str, t.Any], declared: dict[str, t.Any], lists: dict[str, list[str]], dry: bool = False
) -> dict[str, t.Any]:
    try:
        found, problem = joining(read(declared), looks, lists, dry), ""
    except GlusterOpsError as exc:
        found, problem = Joining(), str(exc)
    return {"problem": problem, **plain(found)}


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"plan_pools": plan_pools}
