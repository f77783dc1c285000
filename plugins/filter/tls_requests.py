# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: tls_requests
short_description: Collect the certificate requests of many machines
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes what machines told of their identities, and gives what a CA is asked to sign. The names are those that were
    asked for, never what a machine says of itself. The role P(glusterops.shares.tls#role) uses it.
extends_documentation_fragment:
  - glusterops.shares._infrastructure
options:
  _input:
    description:
      - By machine, what M(glusterops.shares.gluster_info) returned there with its C(identities).
    type: dict
    required: true
  made:
    description: By machine that made keys or requests, what M(glusterops.shares.gluster_tls_identities) returned.
    type: dict
    required: true
  barred:
    description: As P(glusterops.shares.tls_keys#filter) returned it.
    type: dict
    required: true
  everybody:
    description: The machines that have to trust the CA, in this run or not.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Collect the requests
  ansible.builtin.set_fact:
    requests: "{{ looked | glusterops.shares.tls_requests(made, keys.barred, infrastructure) }}"
"""

RETURN = r"""
_value:
  description: What M(glusterops.shares.gluster_tls_ca) is given.
  type: dict
  contains:
    sign:
      description:
        - The requests, as O(glusterops.shares.gluster_tls_ca#module:sign) takes them. In a dry run, C(csr) is C(null)
          where one would be made.
      type: list
      elements: dict
    installed_crls:
      description: As O(glusterops.shares.gluster_tls_ca#module:installed_crls) takes them.
      type: list
      elements: str
    absent:
      description: As O(glusterops.shares.gluster_tls_ca#module:absent) takes them.
      type: list
      elements: dict
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._tls import signing
from ansible_collections.glusterops.shares.plugins.module_utils._tls.names import Infrastructure


def tls_requests(
    looked: dict[str, t.Any],
    made: dict[str, t.Any],
    barred: dict[str, t.Any],
    infrastructure: list[tuple[str, list[str]]],
    everybody: t.Sequence[str] = (),
) -> dict[str, t.Any]:
    known = signing.Known(Infrastructure.read(infrastructure), barred)
    return signing.requests(known, looked, made, everybody)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"tls_requests": tls_requests}
