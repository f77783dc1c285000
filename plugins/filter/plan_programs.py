# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_programs
short_description: Decide which machines lack programs
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes what machines told of their programs, and tells what they lack. The role P(glusterops.shares.servers#role)
    uses it.
options:
  _input:
    description: By machine, what M(glusterops.shares.gluster_info) told there with C(programs).
    type: dict
    required: true
  declared:
    description: What P(glusterops.shares.declared_servers#filter) has read.
    type: dict
    required: true
  dry:
    description: Whether this is a dry run, which installs nothing and cannot see what would be there then.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Tell what is missing
  ansible.builtin.debug:
    msg: "{{ (looks | glusterops.shares.plan_programs(declared)).install }}"
"""

RETURN = r"""
_value:
  description: What was decided.
  type: dict
  contains:
    problem:
      description: Why it cannot be done, empty if it can.
      type: str
    install:
      description: By machine, what it lacks, for P(glusterops.shares.server_packages#filter).
      type: dict
    start:
      description: The servers whose C(glusterd) is not running, or not enabled.
      type: list
      elements: str
    unseen:
      description: The machines that a dry run can tell nothing more about.
      type: list
      elements: str
    lines:
      description: What a dry run says of all that.
      type: list
      elements: str
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._servers.declared import plain, read
from ansible_collections.glusterops.shares.plugins.module_utils._servers.programs import Programs, plan


def plan_programs(looks: dict[str, t.Any], declared: dict[str, t.Any], dry: bool = False) -> dict[str, t.Any]:
    try:
        found, problem = plan(read(declared), looks, dry), ""
    except GlusterOpsError as exc:
        found, problem = Programs(), str(exc)
    return {"problem": problem, **plain(found)}


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"plan_programs": plan_programs}
