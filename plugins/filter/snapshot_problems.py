# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: snapshot_problems
short_description: Tell why snapshots were not made
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes what P(glusterops.shares.divide_snapshots#filter) decided, and tells what went wrong until all of it was done.
    The role P(glusterops.shares.snapshots#role) uses it.
options:
  _input:
    description: What was decided.
    type: dict
    required: true
  made:
    description: By server, what M(glusterops.shares.gluster_snapshots) returned there.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Stop if anything could not be done
  ansible.builtin.assert:
    that: decided | glusterops.shares.snapshot_problems(made) | length == 0
"""

RETURN = r"""
_value:
  description: A sentence for each problem.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._snapshots import to_do


def snapshot_problems(decided: dict[str, t.Any], made: dict[str, t.Any]) -> list[str]:
    return to_do.problems(decided, made)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"snapshot_problems": snapshot_problems}
