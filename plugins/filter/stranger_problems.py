# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: stranger_problems
short_description: Tell which servers of Heketi must not be taken up
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - A server that Heketi has and the inventory has not gets a server's identity. What the inventory has as something
    else must not get one for that Heketi says so. The role P(glusterops.shares.topology#role) uses it.
options:
  _input:
    description: The names.
    type: list
    elements: str
    required: true
  inventory:
    description: All hosts of the inventory.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Refuse to take up whatever Heketi says
  ansible.builtin.assert:
    that: strangers | glusterops.shares.stranger_problems(groups.all) | length == 0
"""

RETURN = r"""
_value:
  description: A sentence for each that must not.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._heketi import strangers


def stranger_problems(names: list[str], inventory: list[str]) -> list[str]:
    return strangers.problems(names, inventory)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"stranger_problems": stranger_problems}
