# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: tls_identities
short_description: The identities that a machine shall have
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Names a machine by its kind, and adds those of tenants as whom it mounts. The role
    P(glusterops.shares.tls#role) uses it.
extends_documentation_fragment:
  - glusterops.shares._infrastructure
options:
  _input:
    description: The machine's name in the inventory.
    type: str
    required: true
  tenant:
    description: The name of a host that is neither server nor management host. It does nothing for these.
    type: str
    required: true
  tenants:
    description: Further tenants as whom it mounts.
    type: list
    elements: str
    default: []
  key_type:
    description: The kind of keys.
    type: str
    default: ecdsa-p256
"""

EXAMPLES = r"""
- name: See what this machine is called
  ansible.builtin.debug:
    msg: >-
      {{ inventory_hostname | glusterops.shares.tls_identities(
           [['glusterfs-server-', groups['gluster_servers']], ['manila-host-', []]], 'tenant-a') }}
"""

RETURN = r"""
_value:
  description: As O(glusterops.shares.gluster_info#module:identities).
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._tls import names


def tls_identities(
    machine: str,
    infrastructure: list[tuple[str, list[str]]],
    tenant: str,
    tenants: t.Sequence[str] = (),
    key_type: str = "ecdsa-p256",
) -> list[dict[str, str]]:
    its = names.Infrastructure.read(infrastructure)
    warning = names.without_effect(machine, its, tenant)
    if warning:
        Display().warning(warning)
    try:
        return names.identities(machine, its, tenant, tenants, key_type)
    except GlusterOpsError as exc:
        # It would be said twice.
        raise AnsibleFilterError(str(exc)) from None


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"tls_identities": tls_identities}
