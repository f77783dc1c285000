# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: divide_snapshots
short_description: Choose the server that renews each series of snapshots
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes series of snapshots, and what each server said when it looked whether the next can be made.
  - A series is renewed where all servers with bricks of the share have looked, and none has anything against it. Each
    sees its own thin pools only.
options:
  _input:
    description: The series, as in O(glusterops.shares.gluster_snapshots#module:shares).
    type: list
    elements: dict
    required: true
  locations:
    description: By share, the C(servers) of its cluster.
    type: dict
    required: true
  looks:
    description: By server, what M(glusterops.shares.gluster_snapshots) returned there in check mode.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Choose who makes them
  ansible.builtin.set_fact:
    chosen: "{{ series | glusterops.shares.divide_snapshots(shares_locations, looks) }}"
"""

RETURN = r"""
_value:
  description: What was decided.
  type: dict
  contains:
    todo:
      description: By server, the series that it renews.
      type: dict
    problems:
      description: Why others are not renewed, a sentence each.
      type: list
      elements: str
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._snapshots import to_do


def divide_snapshots(
    series: list[dict[str, t.Any]], locations: dict[str, t.Any], looks: dict[str, t.Any]
) -> dict[str, t.Any]:
    return to_do.divide(series, locations, looks)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"divide_snapshots": divide_snapshots}
