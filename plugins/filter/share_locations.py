# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: share_locations
short_description: Tell from where shares are mounted
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes shares that existed when clusters were asked, and those that a run has made since, and tells the servers of
    each. The role P(glusterops.shares.shares#role) uses it.
options:
  _input:
    description: By share, its C(cluster) and C(volume), as P(glusterops.shares.locate_shares#filter) returned them.
    type: dict
    required: true
  workers:
    description: Server by cluster, as P(glusterops.shares.choose_workers#filter) returned them.
    type: dict
    required: true
  groups:
    description: Ansible's variable of that name.
    type: dict
    required: true
  looks:
    description: By server, what M(glusterops.shares.gluster_info) returned there, with C(gather=peers).
    type: dict
    required: true
  addresses:
    description: By server, its C(ansible_host), empty if it has none.
    type: dict
    required: true
  placed:
    description:
      - By share, the cluster on which it was to be made, as P(glusterops.shares.place_shares#filter) returned it as
        C(clusters).
    type: dict
    default: {}
  results:
    description: By server, what M(glusterops.shares.gluster_shares) returned there.
    type: dict
    default: {}
  check_mode:
    description: Whether shares count that would get a volume of a pool, or of bricks.
    type: bool
    default: false
  declared:
    description:
      - By server, what P(glusterops.shares.declared_servers#filter) read of it. Hosts find it by its C(address), any
        other server by its name in the inventory.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Tell from where a share is mounted
  ansible.builtin.debug:
    msg: "{{ (shares | glusterops.shares.share_locations(workers, groups, looks, {}))['tenant-a-data'].servers }}"
"""

RETURN = r"""
_value:
  description:
    - By share, its C(cluster), C(volume), and C(servers). Where volumes of several clusters may have the same name,
      also all names of those servers (C(known_as)).
  type: dict
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._shares import locations


def share_locations(
    shares: dict[str, t.Any],
    workers: dict[str, str],
    groups: dict[str, list[str]],
    looks: dict[str, t.Any],
    addresses: dict[str, str],
    placed: dict[str, str | None] | None = None,
    results: dict[str, t.Any] | None = None,
    check_mode: bool = False,
    declared: dict[str, t.Any] | None = None,
) -> dict[str, t.Any]:
    got = locations.got(workers, placed or {}, results or {}, check_mode)
    return locations.locations({**shares, **got}, workers, groups, looks, addresses, declared or {})


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"share_locations": share_locations}
