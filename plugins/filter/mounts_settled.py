# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mounts_settled
short_description: Tell whether mounts are known to be as they shall be
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes mounts and what a machine told of its own. If this is not true, M(glusterops.shares.gluster_mounts) looks
    again, and does what is to be done.
options:
  _input:
    description: The mounts, as in O(glusterops.shares.gluster_mounts#module:mounts).
    type: list
    elements: dict
    required: true
  looked:
    description:
      - What M(glusterops.shares.gluster_info) told of the machine, with C(gather=mounts). Nothing is known if that is
        empty, or older than five minutes.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Mount the shares, where that is not known to be so
  glusterops.shares.gluster_mounts:
    mounts: "{{ mounts }}"
  when: not mounts | glusterops.shares.mounts_settled(looked)
"""

RETURN = r"""
_value:
  description: Whether nothing has to be done.
  type: bool
"""

import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._machines.looked import still_known
from ansible_collections.glusterops.shares.plugins.module_utils._mounts import mount as planner


def mounts_settled(mounts: list[dict[str, t.Any]], looked: dict[str, t.Any] | None) -> bool:
    known = still_known(looked, (), time.time()).get("mounts")
    return planner.settled(mounts, known) if known else False


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"mounts_settled": mounts_settled}
