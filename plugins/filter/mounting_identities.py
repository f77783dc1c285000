# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mounting_identities
short_description: As whom shares are mounted on a machine
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - The identities of mounts that are not made as the machine itself. The role P(glusterops.shares.tls#role) uses it.
options:
  _input:
    description: The machine's name in the inventory.
    type: str
    required: true
  shares:
    description: The shares, as O(glusterops.shares.shares#role:main:shares_list).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: See as whom this host mounts
  ansible.builtin.debug:
    msg: "{{ inventory_hostname | glusterops.shares.mounting_identities(shares_list) }}"
"""

RETURN = r"""
_value:
  description: The identities.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._tls import names


def mounting_identities(machine: str, shares: list[dict[str, t.Any]]) -> list[str]:
    return names.mounting(machine, shares)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"mounting_identities": mounting_identities}
