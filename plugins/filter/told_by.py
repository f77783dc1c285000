# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: told_by
short_description: What each machine of a play told, by its name
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Collects a variable that a task registered on each machine. Fails with the names of those that have none, because
    they skipped the task.
options:
  _input:
    description: The machines' names.
    type: list
    elements: str
    required: true
  hostvars:
    description: The variables of all machines.
    type: dict
    required: true
  variable:
    description: The name of the variable.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Collect what was told
  ansible.builtin.set_fact:
    told: "{{ ansible_play_hosts | glusterops.shares.told_by(hostvars, 'look_machine') }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: By machine, what it told.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError


def told_by(
    machines: t.Sequence[str], hostvars: t.Mapping[str, t.Mapping[str, t.Any]], variable: str
) -> dict[str, t.Any]:
    told = {name: hostvars[name][variable] for name in machines if variable in hostvars[name]}
    without = [name for name in machines if not _tells(told.get(name), variable)]
    if without:
        raise AnsibleFilterError(
            f"{', '.join(without)} skipped this, but all machines of the play are needed together, because they must"
            " trust each other. Play the role without a 'when' that is not the same on all machines, or take them out"
            " of the play."
        )
    return told


def _tells(told: t.Any, variable: str) -> bool:
    """A look that was skipped has told nothing; to make keys may be skipped."""
    return told is not None and (variable != "look_machine" or not (isinstance(told, dict) and told.get("skipped")))


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"told_by": told_by}
