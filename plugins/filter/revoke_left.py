# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: revoke_left
short_description: Tell what is to be done after a revocation
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes identities that were revoked, and tells which declared shares would let them in again, and what went wrong.
    The role P(glusterops.shares.shares#role) uses it.
options:
  _input:
    description: The identities.
    type: list
    elements: str
    required: true
  shares:
    description: The declared shares, as in O(glusterops.shares.shares#role:main:shares_list).
    type: list
    elements: dict
    required: true
  problems:
    description: What could not be done, a sentence each.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Stop if anything is left to do
  ansible.builtin.assert:
    that: revoked | glusterops.shares.revoke_left(shares_list, problems) | length == 0
"""

RETURN = r"""
_value:
  description: A sentence for each thing. Empty if nothing is left to do.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._shares.revoked import left


def revoke_left(identities: list[str], shares: list[dict[str, t.Any]], problems: list[str]) -> list[str]:
    return left(identities, shares, problems)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"revoke_left": revoke_left}
