#!/usr/bin/python

# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_shares_verify
short_description: Prove that shares work, brick by brick
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Asks every brick of the shares by TLS and compares the identity with which it answers, counts the self-heal daemons
    that are connected, looks whether each volume is started and sealed, and how rebalances are. Changes nothing.
  - Gluster calls a volume healthy when a brick was added whose server has no certificate, and a daemon online that was
    refused. So run this after volumes were made or grown.
  - Costs three calls of C(gluster), one more for each share with a rebalance, and a handshake with each brick.
  - Fails if anything is wrong, with all that is wrong. A rebalance that has not ended is a warning.
options:
  shares:
    description: The shares to look at.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The share, and its volume.
        type: str
        required: true
      bricks:
        description:
          - How many bricks Heketi says it has (the number of
            RV(glusterops.shares.gluster_heketi_volumes#module:volumes)), to be compared.
        type: int
      grown:
        description: Whether it was expanded just now, so that a rebalance must have been started.
        type: bool
        default: false
  servers:
    description:
      - The identity that each server shall answer with, by the UUID of its C(glusterd).
      - On a server M(glusterops.shares.gluster_info) tells both, as
        RV(glusterops.shares.gluster_info#module:peers) (the one called C(localhost)) and
        RV(glusterops.shares.gluster_info#module:identity).
    type: dict
    required: true
  timeout:
    description: How many seconds bricks and daemons are given to be there.
    type: int
    default: 30
  rebalance_timeout:
    description: How many seconds rebalances are waited for. They may take days.
    type: int
    default: 0
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.info
seealso:
  - module: glusterops.shares.gluster_shares
  - module: glusterops.shares.gluster_info
"""

EXAMPLES = r"""
- name: Ask each server who it is
  glusterops.shares.gluster_info:
    gather: [peers, identity]
  register: server

- name: Prove that a share works
  glusterops.shares.gluster_shares_verify:
    shares:
      - name: tenant-a-data
    servers: "{{ dict(uuids | zip(names)) }}"
  vars:
    all: "{{ ansible_play_hosts | map('extract', hostvars, 'server') }}"
    peers: "{{ all | map(attribute='peers') | flatten }}"
    uuids: "{{ peers | selectattr('hostname', 'eq', 'localhost') | map(attribute='uuid') }}"
    names: "{{ all | map(attribute='identity.common_name') }}"
  run_once: true
"""

RETURN = r"""
shares:
  description: What was seen of each of O(shares), in their order.
  returned: when the servers could be asked
  type: list
  elements: dict
  contains:
    name:
      description: The share.
      type: str
    bricks:
      description:
        - Its bricks. Each has its C(server), its C(path), the C(common_name) it answered with, and its C(problem) or
          null.
      type: list
      elements: dict
    healers:
      description: How many self-heal daemons are connected to it.
      type: int
    rebalance:
      description:
        - Its last rebalance, null if it had none. Its C(status) in Gluster's words, C(files) and bytes (C(size)) that
          were moved, C(failures), and C(seconds) it has run.
      type: dict
    problems:
      description: What is wrong with it, a sentence each.
      type: list
      elements: str
error:
  description: The kind of failure.
  returned: failure
  type: str
  sample: conflict
"""

import dataclasses
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._checks.proof import RUNNING, Expected, Prover
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict, few
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_common_name, check_volume_name
from ansible_collections.glusterops.shares.plugins.module_utils._tls import handshake
from ansible_collections.glusterops.shares.plugins.module_utils._tls.installed import find_directories


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    params = module.params
    for share in params["shares"]:
        check_volume_name(share["name"])
    for server, name in params["servers"].items():
        check_common_name(name, f"servers: {server}")
    for option in ("timeout", "rebalance_timeout"):
        if params[option] < 0:
            raise BadInput(f"{option} {params[option]} must not be less than 0 seconds.")
    if not params["shares"]:
        return [], {"shares": []}
    tls = handshake.context(find_directories()[0])
    prover = Prover(
        GlusterCli(module.run_command),
        params["servers"],
        lambda host, port: handshake.served(tls, host, port).common_name,
    )
    proofs = prover.prove(
        [Expected(**share) for share in params["shares"]], params["timeout"], params["rebalance_timeout"]
    )
    values = {"shares": [dataclasses.asdict(proof) for proof in proofs]}
    for proof in proofs:
        if proof.rebalance and proof.rebalance.status == RUNNING:
            module.warn(f"Share {proof.name!r}: its rebalance is {proof.rebalance}.")
    wrong = [f"Share {proof.name!r}: {problem}" for proof in proofs for problem in proof.problems]
    if wrong:
        raise Conflict(few(wrong), **values)
    return [], values


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "shares": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "bricks": {"type": "int"},
                    "grown": {"type": "bool", "default": False},
                },
            },
            "servers": {"type": "dict", "required": True},
            "timeout": {"type": "int", "default": 30},
            "rebalance_timeout": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    _reconcile.run(module, work)


if __name__ == "__main__":
    main()
