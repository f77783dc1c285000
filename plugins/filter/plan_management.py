# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_management
short_description: Decide how the management path of clusters is turned
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes what machines told of themselves, and tells which of them have to do what so that their management path has
    TLS, or has it no longer. The role P(glusterops.shares.management_tls#role) uses it.
options:
  _input:
    description:
      - By machine, what M(glusterops.shares.gluster_info) told there with C(machine), C(identity), C(management) and,
        on servers, C(peers).
    type: dict
    required: true
  servers:
    description: Which of them, or of others, are servers.
    type: list
    elements: str
    required: true
  state:
    description: What the management path shall be.
    type: str
    choices: [enabled, disabled]
    required: true
  restart:
    description: Whether servers may be stopped and started.
    type: bool
    required: true
"""

EXAMPLES = r"""
- name: Tell which servers would be stopped
  ansible.builtin.debug:
    msg: "{{ (told | glusterops.shares.plan_management(groups.gluster_servers, 'enabled', true)).stop }}"
"""

RETURN = r"""
_value:
  description: What was decided.
  type: dict
  contains:
    problem:
      description: Why it must not be done, empty if it may. Then nothing has to be done.
      type: str
    stop:
      description: The servers that have to be stopped, turned and started, all of a cluster or none.
      type: list
      elements: str
    prove:
      description: The servers to wait for afterwards. Those, and all that an earlier run began with and did not end.
      type: list
      elements: str
    ask:
      description: One server of each of their clusters.
      type: list
      elements: str
    hosts:
      description: The machines that are no servers and whose file has to change.
      type: list
      elements: str
    heals:
      description: By volume, how many files at most wait to be healed on servers that have to be stopped.
      type: dict
"""

import dataclasses
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._management.plan import Participant, Plan, heals, plan


def plan_management(told: dict[str, t.Any], servers: list[str], state: str, restart: bool) -> dict[str, t.Any]:
    machines = [Participant(name, name in servers, its) for name, its in told.items()]
    try:
        found, problem = plan(machines, state == "enabled", restart), ""
    except GlusterOpsError as exc:
        found, problem = Plan(), str(exc)
    todo = {name: list(value) for name, value in dataclasses.asdict(found).items()}
    return {"problem": problem, **todo, "heals": heals(machines, found.stop)}


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"plan_management": plan_management}
