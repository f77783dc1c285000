# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mounts_nowhere
short_description: Tell which shares cannot be mounted yet
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes shares, and finds those that are to be mounted, come from a pool, and of which it is not known which volume
    holds them. The role P(glusterops.shares.mounts#role) uses it.
options:
  _input:
    description: The declared shares, as in O(glusterops.shares.shares#role:main:shares_list).
    type: list
    elements: dict
    required: true
  hosts:
    description: The hosts on which they may be mounted.
    type: list
    elements: str
    required: true
  locations:
    description: As in O(glusterops.shares.host_mounts#filter:locations).
    type: dict
    required: true
  provisioner:
    description: Where shares come from that do not say.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Refuse to mount what is not there yet
  ansible.builtin.assert:
    that: shares_list | glusterops.shares.mounts_nowhere(ansible_play_hosts, shares_locations, 'pool') | length == 0
"""

RETURN = r"""
_value:
  description: The names of the shares.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._mounts.declared import nowhere


def mounts_nowhere(
    shares: list[dict[str, t.Any]], hosts: list[str], locations: dict[str, t.Any], provisioner: str
) -> list[str]:
    return nowhere(shares, hosts, locations, provisioner)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"mounts_nowhere": mounts_nowhere}
