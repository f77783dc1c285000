# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: fact_problems
short_description: Tell which machines told facts that would say what is done
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Facts take precedence over the inventory's variables. What concerns all servers is decided by the variables of each,
    so none of these may be what a server told. The role P(glusterops.shares.topology#role) uses it.
options:
  _input:
    description: By machine, its C(ansible_facts).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Refuse facts that are named like variables of this collection
  ansible.builtin.assert:
    that: dict(hosts | zip(hosts | map('extract', hostvars, 'ansible_facts'))) | glusterops.shares.fact_problems == []
"""

RETURN = r"""
_value:
  description: A sentence for each machine that did.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._machines.facts import like_ours


def fact_problems(told: dict[str, t.Any]) -> list[str]:
    named = {name: like_ours(facts) for name, facts in told.items()}
    return [f"{name} told {', '.join(those)}." for name, those in named.items() if those]


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"fact_problems": fact_problems}
