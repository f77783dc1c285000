#!/usr/bin/python

# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_revoke
short_description: Take identities off every access list of a GlusterFS cluster
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Denies all shares of a cluster to identities, whoever declared them, in one pass. Who has a share mounted as one of
    them is cut off, and told about.
  - Where C(server.dynamic-auth) is off, which would let them stay, it is set on along with the access list.
  - What was set is proven on every server that has bricks of the volume, and active snapshots are looked at, which keep
    the access list of their time. Every run looks for bricks that nobody could tell, whether or not it changes a list.
  - Runs on any one server of the cluster. Run it on one of each.
  - It is about this cluster's access lists only. Take the identities out of C(shares_list) as well, or the next run of
    the role P(glusterops.shares.shares#role) lets them in again. That a certificate is good for nothing any more is
    recorded by the CA, see M(glusterops.shares.gluster_tls_ca).
  - Fails, after it has done all it can, if one of them may get in or stay in all the same. Its message then says on
    which volumes and why, and the return values are there nonetheless.
options:
  identities:
    description: The identities to revoke.
    type: list
    elements: str
    required: true
  infrastructure:
    description:
      - The identities of the servers, gateways and management hosts, as in
        O(glusterops.shares.gluster_share_access#module:infrastructure). They stay on every access list, so none of
        O(identities) may be among them.
    type: list
    elements: str
    required: true
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.changes
  - glusterops.shares._snapshots
seealso:
  - module: glusterops.shares.gluster_share_access
  - module: glusterops.shares.gluster_tls_ca
"""

EXAMPLES = r"""
- name: Lock a tenant out of all shares
  glusterops.shares.gluster_revoke:
    identities: [tenant-b]
    infrastructure: [glusterfs-server-*]
  register: revoked

- name: Tell who was cut off
  ansible.builtin.debug:
    var: revoked.cut
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode, in order.
  returned: success, and with conflicts
  type: list
  elements: dict
  sample: [{"subject": "tenant-a-data", "what": "auth.ssl-allow", "before": ["glusterfs-server-*", "tenant-b"],
            "after": ["glusterfs-server-*"]}]
shares:
  description: The shares whose access lists named any of O(identities).
  returned: success, and with conflicts
  type: list
  elements: dict
  contains:
    name:
      description: The share.
      type: str
    volume:
      description: Its volume.
      type: str
    removed:
      description: Those of O(identities) that were taken off its list.
      type: list
      elements: str
cut:
  description:
    - The sessions that ended within ten seconds. A session is told once, with the address and port of its connection to
      one of the bricks. Empty in check mode.
    - Whoever unmounted a share in these seconds is among them, too, since Gluster tells nobody's identity. The servers'
      own daemons are not.
  returned: success, and with conflicts
  type: list
  elements: dict
  contains:
    volume:
      description: The volume.
      type: str
    client:
      description: C(HOST:PORT).
      type: str
kept:
  description:
    - Sessions of volumes whose bricks speak no TLS, although their options say so. Access lists do not end them, so the
      module fails.
  returned: success, and with conflicts
  type: list
  elements: dict
  contains:
    volume:
      description: The volume.
      type: str
    client:
      description: C(HOST:PORT).
      type: str
error:
  description: The kind of failure.
  returned: failure
  type: str
  sample: conflict
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster
from ansible_collections.glusterops.shares.plugins.module_utils._shares.revoke import revoke


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    return revoke(
        LiveCluster(GlusterCli(module.run_command)),
        module.params["identities"],
        module.params["infrastructure"],
        module.check_mode,
        deactivate=module.params["deactivate_snapshots"],
    )


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "identities": {"type": "list", "elements": "str", "required": True},
            "infrastructure": {"type": "list", "elements": "str", "required": True},
            "deactivate_snapshots": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    _reconcile.run(module, work)


if __name__ == "__main__":
    main()
