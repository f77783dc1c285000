# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: host_mounts
short_description: Tell which shares are mounted on a host
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes shares, and gives their mounts on one host. The role P(glusterops.shares.mounts#role) uses it.
options:
  _input:
    description: The declared shares, as in O(glusterops.shares.shares#role:main:shares_list).
    type: list
    elements: dict
    required: true
  host:
    description: The host's name in the inventory.
    type: str
    required: true
  locations:
    description: By share, its C(volume) and C(servers), as P(glusterops.shares.share_locations#filter) returned them.
    type: dict
    required: true
  servers:
    description: The servers of all shares, whatever O(locations) says. Empty if that is right.
    type: list
    elements: str
    required: true
  default:
    description: The C(servers) of shares of which nothing is known, and the C(options) of mounts that have none.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Mount the shares of this host
  glusterops.shares.gluster_mounts:
    mounts: "{{ shares_list | glusterops.shares.host_mounts(inventory_hostname, shares_locations, [], default) }}"
"""

RETURN = r"""
_value:
  description: O(glusterops.shares.gluster_mounts#module:mounts).
  type: list
  elements: dict
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._mounts.declared import here


def host_mounts(
    shares: list[dict[str, t.Any]],
    host: str,
    locations: dict[str, t.Any],
    servers: list[str],
    default: dict[str, t.Any],
) -> list[dict[str, t.Any]]:
    return here(shares, host, locations, servers, default)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"host_mounts": host_mounts}
