# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: revoke_outcome
short_description: Tell what a revocation on several clusters has come to
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes the inventory groups that are clusters, and what their servers said, and tells who was not reached, and what
    could not be done.
options:
  _input:
    description: The groups.
    type: list
    elements: str
    required: true
  groups:
    description: Ansible's variable of that name.
    type: dict
    required: true
  looks:
    description: By server in the run, what M(glusterops.shares.gluster_info) returned there.
    type: dict
    required: true
  chosen:
    description: What P(glusterops.shares.choose_workers#filter) returned.
    type: dict
    required: true
  said:
    description: By server that worked, what M(glusterops.shares.gluster_revoke) returned there.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Tell what is left to do
  ansible.builtin.debug:
    msg: "{{ (['site_a', 'site_b'] | glusterops.shares.revoke_outcome(groups, looks, chosen, said)).problems }}"
"""

RETURN = r"""
_value:
  description: What it has come to.
  type: dict
  contains:
    refused:
      description: Why the identities must not be revoked at all, a sentence each.
      type: list
      elements: str
    problems:
      description: What could not be done, or is not known, a sentence each.
      type: list
      elements: str
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._shares.revoked import outcome


def revoke_outcome(
    clusters: list[str],
    groups: dict[str, list[str]],
    looks: dict[str, t.Any],
    chosen: dict[str, t.Any],
    said: dict[str, t.Any],
) -> dict[str, list[str]]:
    return outcome(clusters, groups, looks, chosen, said)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"revoke_outcome": revoke_outcome}
