# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: clean_up_problems
short_description: Tell why Heketi must not clean up now
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Heketi destroys a volume that it began to make, or to delete, when it cleans up, and does not see who has it
    mounted. Gluster's servers do. The role P(glusterops.shares.shares#role) uses it.
options:
  _input:
    description: The volumes, as M(glusterops.shares.gluster_heketi_volumes) returns them, of a dry run.
    type: list
    elements: dict
    required: true
  clusters:
    description: By cluster, what it told, as in O(glusterops.shares.place_shares#filter:clusters).
    type: dict
    required: true
  workers:
    description: Server by cluster, as P(glusterops.shares.choose_workers#filter) returned them.
    type: dict
    required: true
  answers:
    description: By server, what M(glusterops.shares.gluster_info) returned there with C(gather=clients).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Refuse while somebody uses what would be destroyed
  ansible.builtin.assert:
    that: made.volumes | glusterops.shares.clean_up_problems(clusters, workers, answers) | length == 0
"""

RETURN = r"""
_value:
  description: A sentence for each volume in which somebody is, or may be.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._shares import to_do


def clean_up_problems(
    volumes: list[dict[str, t.Any]], clusters: dict[str, t.Any], workers: dict[str, str], answers: dict[str, t.Any]
) -> list[str]:
    return to_do.in_the_way(volumes, clusters, workers, answers)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"clean_up_problems": clean_up_problems}
