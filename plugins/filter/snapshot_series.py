# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: snapshot_series
short_description: Tell which series of snapshots shares have
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes shares, and gives the series of snapshots that they declare. The role P(glusterops.shares.snapshots#role) uses
    it.
options:
  _input:
    description: The declared shares, as in O(glusterops.shares.shares#role:main:shares_list).
    type: list
    elements: dict
    required: true
  default:
    description:
      - The C(prefix) and C(every) of series that do not say, and C(keep) and C(keep_for) of those that say neither.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Make the next snapshots
  glusterops.shares.gluster_snapshots:
    shares: "{{ shares_list | glusterops.shares.snapshot_series({'prefix': 'daily', 'every': '1d', 'keep': 7}) }}"
"""

RETURN = r"""
_value:
  description: O(glusterops.shares.gluster_snapshots#module:shares).
  type: list
  elements: dict
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._snapshots import to_do


def snapshot_series(shares: list[dict[str, t.Any]], default: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    return to_do.declared(shares, default)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"snapshot_series": snapshot_series}
