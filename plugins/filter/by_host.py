# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: by_host
short_description: Collect a variable of many hosts
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes hosts, and gives what a variable is on each, as what a task has registered there.
options:
  _input:
    description: The hosts.
    type: list
    elements: str
    required: true
  hostvars:
    description: Ansible's variable of that name.
    type: dict
    required: true
  name:
    description: The variable.
    type: str
    required: true
  default:
    description: What it is where it is not defined. An empty dictionary if this is not given.
    type: raw
  required:
    description:
      - Whether it is an error, with the names of the hosts, where it is not defined or what was registered is that the
        task was skipped.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show what each host told
  ansible.builtin.debug:
    msg: "{{ ansible_play_hosts | glusterops.shares.by_host(hostvars, 'gluster') }}"
"""

RETURN = r"""
_value:
  description: By host, its value.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError


def by_host(
    hosts: list[str], hostvars: t.Mapping[str, t.Any], name: str, default: t.Any = None, required: bool = False
) -> dict[str, t.Any]:
    # A host's variables are put together each time that they are asked for.
    its = {host: hostvars[host] for host in hosts}
    missing = {} if default is None else default
    told = {host: variables.get(name, missing) for host, variables in its.items()}
    without = [host for host, one in told.items() if name not in its[host] or _skipped(one)] if required else []
    if without:
        raise AnsibleFilterError(
            f"{', '.join(without)} skipped this, but all machines of the play are needed together, because they must"
            " trust each other. Play the role without a 'when' that is not the same on all machines, or take them out"
            " of the play."
        )
    return told


def _skipped(told: t.Any) -> bool:
    return isinstance(told, dict) and bool(told.get("skipped"))


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"by_host": by_host}
