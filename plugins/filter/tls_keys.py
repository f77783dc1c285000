# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: tls_keys
short_description: Decide which machines have to make keys or certificate requests
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes what machines told of their identities. The role P(glusterops.shares.tls#role) uses it.
extends_documentation_fragment:
  - glusterops.shares._infrastructure
options:
  _input:
    description:
      - By machine, what M(glusterops.shares.gluster_info) returned there with its C(identities).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Decide who has to make keys
  ansible.builtin.set_fact:
    keys: "{{ looked | glusterops.shares.tls_keys(infrastructure) }}"
"""

RETURN = r"""
_value:
  description: What was decided.
  type: dict
  contains:
    missing:
      description: The machines that have to make something, new keys apart, or of which that is not known.
      type: list
      elements: str
    barred:
      description:
        - By machine for which nothing is signed, why, and what that is about. V(usurped) are names that it must not
          have, because servers or management hosts are called so. V(twin) are other names in the inventory of the same
          machine.
      type: dict
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._tls import signing
from ansible_collections.glusterops.shares.plugins.module_utils._tls.names import Infrastructure


def tls_keys(looked: dict[str, t.Any], infrastructure: list[tuple[str, list[str]]]) -> dict[str, t.Any]:
    known = signing.learn(looked, Infrastructure.read(infrastructure))
    return {"missing": signing.without_keys(known.machines(looked)), "barred": known.barred}


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"tls_keys": tls_keys}
