# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: servers_twice
short_description: Tell which servers the inventory has under several names
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes what servers told of themselves, and finds those that are one. The role P(glusterops.shares.topology#role)
    uses it.
options:
  _input:
    description: By server, what M(glusterops.shares.gluster_info) returned there, with C(gather=peers).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Refuse two names of one server
  ansible.builtin.assert:
    that: looks | glusterops.shares.servers_twice | length == 0
"""

RETURN = r"""
_value:
  description: All names of servers that have more than one.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._machines.told import twice


def servers_twice(looks: dict[str, t.Any]) -> list[str]:
    return twice(looks)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"servers_twice": servers_twice}
