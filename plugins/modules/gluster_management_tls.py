#!/usr/bin/python

# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_management_tls
short_description: Turn TLS on a machine's GlusterFS management path on or off
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Puts the file C(/var/lib/glusterd/secure-access), with which GlusterFS uses TLS for what its servers and clients
    tell each other on port 24007, or takes it away.
  - On a server it ends the bricks and helper daemons first. C(glusterd) must be stopped, and starts them again when it
    is started. Every process keeps the mode in which it began, and reaches nobody of the other mode.
  - Useful only together with all other machines of the cluster and in the right order, which is what the role
    P(glusterops.shares.management_tls#role) is for.
options:
  state:
    description: Whether the management path shall have TLS.
    type: str
    choices: [enabled, disabled]
    required: true
  stage:
    description:
      - Which part of the work is done.
      - V(begun) notes on a server that its cluster is being turned, so that a run that finds C(glusterd) stopped knows
        why. V(ended) removes that note.
      - V(turned) does what the module is for.
    type: str
    choices: [begun, turned, ended]
    default: turned
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.changes
seealso:
  - module: glusterops.shares.gluster_management_wait
"""

EXAMPLES = r"""
- name: Let a host mount from servers whose management path has TLS
  glusterops.shares.gluster_management_tls:
    state: enabled
"""

RETURN = r"""
ended:
  description: The bricks and helper daemons that were ended, by Gluster's names for their volume files.
  returned: success
  type: list
  elements: str
  sample: [gluster/quotad, data.server1.srv-data, shd/data]
changes:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - subject: /var/lib/glusterd/secure-access
      what: file
      before: absent
      after: present
error:
  description: The kind of failure.
  returned: failure
  type: str
  sample: refused
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._management import management, turning


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    machine = management.ManagementPath()
    ended: list[str] = []
    if module.params["stage"] == "begun":
        changes = turning.begin(machine, module.check_mode)
    elif module.params["stage"] == "ended":
        changes = turning.end(machine, module.check_mode)
    else:
        changes, ended = turning.turn(machine, module.params["state"] == "enabled", module.check_mode)
    return changes, {"ended": ended}


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": list(management.STATES), "required": True},
            "stage": {"type": "str", "choices": ["begun", "turned", "ended"], "default": "turned"},
        },
        supports_check_mode=True,
    )
    _reconcile.run(module, work)


if __name__ == "__main__":
    main()
