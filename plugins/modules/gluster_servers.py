#!/usr/bin/python

# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_servers
short_description: Have servers join a GlusterFS pool, or leave it
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Runs on a server of the pool, or on one that is alone and the others shall join. All servers must run C(glusterd).
  - Looks at all of O(servers) first, and changes nothing if one of them cannot join or leave. That is so if one does
    not answer, is in another pool or has volumes of its own, or if a member is not connected.
  - A server is known by its UUID. One that is a member under another name than the given one stays as it is, because
    probing it again would add that name, by which it may then be called everywhere.
  - Servers are clients of every volume, so access lists let them in before they join.
  - Then waits until all servers of the pool know each other. Where a run was interrupted, the next one finishes.
  - Nothing is ever forced.
options:
  servers:
    description:
      - The names or addresses by which all others find them. That is how the pool calls each, and its bricks' volumes.
      - Servers that are not named stay as they are.
    type: list
    elements: str
    required: true
  state:
    description:
      - Whether they shall be in the pool or not.
      - None leaves that has bricks, and none by itself. Have another server take it out.
      - Whoever has left stays on the access lists. The role P(glusterops.shares.shares#role) takes it off those of its
        shares when it is not in the inventory any more.
    type: str
    choices: [present, absent]
    default: present
  infrastructure:
    description:
      - The identities, or patterns, that each access list of the pool shall let in before a server joins. They are
        added where they are missing, and only if one joins.
      - Volumes without an access list, and those that let in everybody, stay as they are.
    type: list
    elements: str
    default: []
  uuids:
    description:
      - By address, the UUID of the server that is meant. One that turns out to be another from here, as by an entry of
        C(/etc/hosts), is refused.
    type: dict
    default: {}
  timeout:
    description: How many seconds it may take until all servers of the pool know each other.
    type: int
    default: 120
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.changes
seealso:
  - module: glusterops.shares.gluster_info
"""

EXAMPLES = r"""
- name: Make one pool of three servers
  glusterops.shares.gluster_servers:
    servers: [server2, server3]
    infrastructure: [glusterfs-server-*]

- name: Take one out that has no bricks any more
  glusterops.shares.gluster_servers:
    servers: [server3]
    state: absent
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode, in order.
  returned: always
  type: list
  elements: dict
  sample: [{"subject": "server2", "what": "peer", "before": "absent", "after": "member"}]
servers:
  description: The pool as it is afterwards. The server that was asked calls itself C(localhost).
  returned: success
  type: list
  elements: dict
  contains:
    uuid:
      description: The server's glusterd UUID.
      type: str
    hostname:
      description: Its name in the pool.
      type: str
    connected:
      description: Whether its glusterd is connected.
      type: bool
known_as:
  description: By address of O(servers), the name by which the pool has that member, if it has it by another one.
  returned: success
  type: dict
  sample: {"10.0.0.2": "server2"}
error:
  description: The kind of failure.
  returned: failure
  type: str
  sample: conflict
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._servers.reconcile import Wanted, reconcile


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    params = module.params
    if params["timeout"] < 0:
        raise BadInput(f"timeout {params['timeout']} must not be less than 0 seconds.")
    wanted = Wanted(
        servers=tuple(params["servers"]),
        present=params["state"] == "present",
        infrastructure=tuple(params["infrastructure"]),
        uuids={str(address): str(uuid) for address, uuid in params["uuids"].items()},
        timeout=params["timeout"],
    )
    return reconcile(GlusterCli(module.run_command), wanted, module.check_mode)


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "servers": {"type": "list", "elements": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "infrastructure": {"type": "list", "elements": "str", "default": []},
            "uuids": {"type": "dict", "default": {}},
            "timeout": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    _reconcile.run(module, work)


if __name__ == "__main__":
    main()
