# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: locate_shares
short_description: Find shares that exist
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes names of shares and tells on which cluster and volume each is.
options:
  _input:
    description: The names.
    type: list
    elements: str
    required: true
  clusters:
    description: By cluster, what it told, as in O(glusterops.shares.place_shares#filter:clusters).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Tell the volume of a share
  ansible.builtin.debug:
    msg: "{{ (['tenant-a-data'] | glusterops.shares.locate_shares(clusters)).shares['tenant-a-data'].volume }}"
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
        - By name, those that exist, none if there is a problem. Each has its C(cluster), its C(volume), and whatever
          else its cluster told of it.
      type: dict
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._shares import placement


def locate_shares(names: list[str], clusters: dict[str, t.Any]) -> dict[str, t.Any]:
    try:
        return {"problem": "", "shares": placement.locate(names, clusters)}
    except GlusterOpsError as exc:
        return {"problem": str(exc), "shares": {}}


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"locate_shares": locate_shares}
