# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: server_packages
short_description: Name the packages with what a machine lacks
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes what a machine lacks, and names the packages of its operating system that have it. It is an error if these are
    not known. The role P(glusterops.shares.servers#role) uses it.
options:
  _input:
    description: Any of C(server), C(client), C(devices) and C(identity).
    type: list
    elements: str
    required: true
  family:
    description: Ansible's fact C(os_family).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Install a server
  ansible.builtin.package:
    name: "{{ ['server'] | glusterops.shares.server_packages(ansible_facts.os_family) }}"
"""

RETURN = r"""
_value:
  description: The packages.
  type: list
  elements: str
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._servers.programs import packages


def server_packages(needs: list[str], family: str) -> list[str]:
    try:
        return packages(needs, family)
    except BadInput as exc:
        raise AnsibleFilterError(str(exc)) from exc


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"server_packages": server_packages}
