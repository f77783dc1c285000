#!/usr/bin/python

# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_management_wait
short_description: Wait until a GlusterFS cluster works after its management path was turned
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Waits until C(glusterd) on this server serves what it should on port 24007, with this server's identity, all its
    peers are connected, and its bricks and helper daemons have reached it.
  - With O(daemons), what C(glusterd) has failed to start by then is started by C(gluster volume start NAME force),
    which changes nothing else. Where all servers of a cluster start at once, that happens now and then. Otherwise the
    module changes nothing.
  - Fails with all that is wrong if that takes too long.
options:
  state:
    description: Whether the management path shall have TLS.
    type: str
    choices: [enabled, disabled]
    required: true
  daemons:
    description:
      - Whether to wait for all bricks, self-heal and quota daemons of the cluster, too, and until bricks have these
        daemons as clients.
      - Do that on one server, after all have seen their peers. A C(glusterd) that is asked while it learns what it has
        missed may hang.
    type: bool
    default: false
  timeout:
    description: How many seconds each of both may take. After 15, what does not run is started by force.
    type: int
    default: 120
extends_documentation_fragment:
  - glusterops.shares._attributes
attributes:
  check_mode:
    support: none
    details: There is nothing to wait for.
  diff_mode:
    support: none
    details: It reports no changes.
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
seealso:
  - module: glusterops.shares.gluster_management_tls
"""

EXAMPLES = r"""
- name: Wait for this server
  glusterops.shares.gluster_management_wait:
    state: enabled
"""

RETURN = r"""
forced:
  description: The volumes that were started by force.
  returned: success
  type: list
  elements: str
error:
  description: The kind of failure.
  returned: failure
  type: str
  sample: timed_out
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, NotFound, TimedOut, few
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._management import management, waiting
from ansible_collections.glusterops.shares.plugins.module_utils._tls import handshake
from ansible_collections.glusterops.shares.plugins.module_utils._tls.installed import find_directories, installed
from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import OpenSSL


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    params = module.params
    enabled, timeout = params["state"] == "enabled", params["timeout"]
    if timeout < 0:
        raise BadInput(f"timeout {timeout} must not be less than 0 seconds.")
    common_name = _common_name(module) if enabled else None
    waiter = waiting.Waiter(GlusterCli(module.run_command), management.ManagementPath(), _answering)
    wrong = waiter.server(enabled, common_name, timeout)
    forced: list[str] = []
    if params["daemons"] and not wrong:
        wrong, forced = waiter.cluster(timeout)
    if wrong:
        raise TimedOut(few(wrong), forced=forced)
    return [], {"forced": forced}


def _common_name(module: AnsibleModule) -> str | None:
    found = installed(find_directories(), OpenSSL(module.run_command))
    if not found:
        raise NotFound("This server has no TLS identity: run the role tls on it first.")
    return found.certificate.common_name


def _answering(address: str) -> str:
    return handshake.served(handshake.context(find_directories()[0]), address, management.PORT).common_name


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": list(management.STATES), "required": True},
            "daemons": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 120},
        },
    )
    _reconcile.run(module, work)


if __name__ == "__main__":
    main()
