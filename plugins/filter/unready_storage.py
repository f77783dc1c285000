# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: unready_storage
short_description: Tell which storage of servers is not ready for bricks
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes what servers told of their storage, and tells what is declared and not ready. The role
    P(glusterops.shares.servers#role) uses it.
options:
  _input:
    description: By server, what M(glusterops.shares.gluster_info) told there with C(storage).
    type: dict
    required: true
  declared:
    description: What P(glusterops.shares.declared_servers#filter) has read.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Tell what is to be prepared
  ansible.builtin.debug:
    msg: "{{ looks | glusterops.shares.unready_storage(declared) }}"
"""

RETURN = r"""
_value:
  description: By server that has any, the paths that are not ready.
  type: dict
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._servers.declared import read, unready


def unready_storage(looks: dict[str, t.Any], declared: dict[str, t.Any]) -> dict[str, list[str]]:
    servers = read(declared).servers
    found = {name: unready(servers[name], look) for name, look in looks.items() if name in servers}
    return {name: paths for name, paths in found.items() if paths}


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"unready_storage": unready_storage}
