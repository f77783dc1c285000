#!/usr/bin/python

# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_share_access
short_description: Allow and deny identities on a sealed GlusterFS volume
version_added: "0.1.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Keeps the access list (C(auth.ssl-allow)) of one sealed volume. An identity is a certificate's common name (CN).
  - Infrastructure identities stay on the list whatever else is asked.
  - A change takes effect at once. A denied client that has the share mounted is cut off within seconds.
  - Runs on any one server of the cluster. Use the same server for all changes, because runs on one server wait for
    each other and lose nothing. Between servers Gluster has no such lock. What a run on another server overwrote is
    noticed about a second later and done again; what is overwritten later than that is put right by the next run only.
options:
  name:
    description: The volume.
    type: str
    required: true
  identities:
    description:
      - The identities to allow or to deny.
      - May be empty with O(exclusive=true), which leaves nobody but the infrastructure.
    type: list
    elements: str
    required: true
  infrastructure:
    description:
      - The identities of the servers, gateways and management hosts, which are on the list always. Every server of the
        cluster must be among them, because its helper daemons are clients of the volume.
      - An entry may hold C(*), as in V(glusterfs-server-*), but not be V(*).
    type: list
    elements: str
    required: true
  exclusive:
    description: Whether all who are neither in O(identities) nor in O(infrastructure) are taken off the list.
    type: bool
    default: false
  level:
    description: The access level. Gluster's access lists know only reading and writing.
    type: str
    choices: [rw]
    default: rw
  state:
    description: V(present) allows O(identities), V(absent) denies them.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.changes
  - glusterops.shares._snapshots
seealso:
  - module: glusterops.shares.gluster_shares
"""

EXAMPLES = r"""
- name: Let tenant-b mount the share of tenant-a
  glusterops.shares.gluster_share_access:
    name: tenant-a-data
    identities: [tenant-b]
    infrastructure: [glusterfs-server-*]

- name: Cut tenant-b off again
  glusterops.shares.gluster_share_access:
    name: tenant-a-data
    identities: [tenant-b]
    infrastructure: [glusterfs-server-*]
    state: absent
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode, in order.
  returned: success
  type: list
  elements: dict
  sample: [{"subject": "tenant-a-data", "what": "auth.ssl-allow", "before": ["glusterfs-server-*"],
            "after": ["glusterfs-server-*", "tenant-b"]}]
share:
  description: The volume as it was observed afterwards.
  returned: success, except in check mode with changes
  type: dict
  contains:
    name:
      description: The volume.
      type: str
    sealed:
      description: Whether TLS is on and the access list explicit.
      type: bool
    identities:
      description: The access list.
      type: list
      elements: str
    started:
      description: Whether the volume is started.
      type: bool
    limit:
      description: Always C(null) here. M(glusterops.shares.gluster_shares) tells it.
      type: int
    servers:
      description: The servers that hold the volume's bricks.
      type: list
      elements: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster, reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import Share


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    params = module.params
    present = params["state"] == "present"
    if params["exclusive"] and not present:
        raise BadInput("exclusive says who stays on the list, so it goes with state: present only.")
    if not params["identities"] and not params["exclusive"]:
        raise BadInput("identities is empty: name whom to allow or to deny.")
    share = Share(
        name=params["name"],
        infrastructure=tuple(params["infrastructure"]),
        allow=tuple(params["identities"]) if present else (),
        deny=() if present else tuple(params["identities"]),
        exclusive=params["exclusive"],
        deactivate=params["deactivate_snapshots"],
    )
    changes, shares = reconcile(LiveCluster(GlusterCli(module.run_command)), [share], module.check_mode)
    return changes, {"share": shares[share.name]} if shares else {}


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "identities": {"type": "list", "elements": "str", "required": True},
            "infrastructure": {"type": "list", "elements": "str", "required": True},
            "exclusive": {"type": "bool", "default": False},
            "deactivate_snapshots": {"type": "bool", "default": False},
            "level": {"type": "str", "choices": ["rw"], "default": "rw"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    _reconcile.run(module, work)


if __name__ == "__main__":
    main()
