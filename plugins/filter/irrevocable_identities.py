# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: irrevocable_identities
short_description: Find servers and management hosts among what is to be revoked
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Those of which no certificate would be left. The role P(glusterops.shares.tls#role) uses it.
extends_documentation_fragment:
  - glusterops.shares._infrastructure
options:
  _input:
    description: As O(glusterops.shares.gluster_tls_ca#module:revoke).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Check that no server is shut out
  ansible.builtin.assert:
    that: >-
      tls_revoke | glusterops.shares.irrevocable_identities([['glusterfs-server-', groups['gluster_servers']],
      ['manila-host-', []]]) | length == 0
"""

RETURN = r"""
_value:
  description: Their names.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._tls.names import Infrastructure


def irrevocable_identities(
    revocations: list[dict[str, t.Any]], infrastructure: list[tuple[str, list[str]]]
) -> list[str]:
    return Infrastructure.read(infrastructure).irrevocable(revocations)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"irrevocable_identities": irrevocable_identities}
