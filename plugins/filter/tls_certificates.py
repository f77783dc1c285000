# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: tls_certificates
short_description: Decide which machines have to install certificates
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes what machines told of their identities and what the CA answered, and tells who has to install what. The role
    P(glusterops.shares.tls#role) uses it.
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
  answer:
    description: What M(glusterops.shares.gluster_tls_ca) or M(glusterops.shares.gluster_tls_external) returned.
    type: dict
    required: true
  check_mode:
    description: Whether this is a dry run, in which not everything was made.
    type: bool
    default: false
  crl:
    description: Whether the CA keeps CRLs.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Decide who has to install something
  ansible.builtin.set_fact:
    certificates: >-
      {{ looked | glusterops.shares.tls_certificates(made, keys.barred, infrastructure, signed, ansible_check_mode) }}
"""

RETURN = r"""
_value:
  description: What was decided.
  type: dict
  contains:
    install:
      description:
        - By machine that has to install something, O(glusterops.shares.gluster_tls_identities#module:identities).
      type: dict
    bundle:
      description: The bundle for all of them. Empty in a dry run that does not know it.
      type: str
    bundle_sha256:
      description: The checksum of its file, C(null) if the bundle is not known.
      type: str
    crls:
      description: Their CRLs. Empty in a dry run that does not know them, C(null) if there are none.
      type: str
    trusting:
      description: The machines that must trust more before any shows a new certificate.
      type: list
      elements: str
    together:
      description: Those of them without which none may show one, because machines come from another CA.
      type: list
      elements: str
    refused:
      description: By machine that gets not all of its identities, why, in sentences.
      type: dict
"""

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._tls import signing
from ansible_collections.glusterops.shares.plugins.module_utils._tls.names import Infrastructure


def tls_certificates(
    looked: dict[str, t.Any],
    made: dict[str, t.Any],
    barred: dict[str, t.Any],
    infrastructure: list[tuple[str, list[str]]],
    answer: dict[str, t.Any],
    check_mode: bool = False,
    crl: bool = False,
) -> dict[str, t.Any]:
    answers = signing.Answers.read(answer, check_mode, crl)
    machines = signing.Known(Infrastructure.read(infrastructure), barred).machines(looked, made)
    install = {machine.name: answers.installations(machine) for machine in machines}
    refused = {machine.name: refusals for machine in machines for refusals in [answers.refusals(machine)] if refusals}
    trusting = answers.trusting(machines)
    return {
        "install": {name: identities for name, identities in install.items() if identities},
        "bundle": answers.bundle,
        "bundle_sha256": answers.bundle_sha256,
        "crls": answers.crls,
        "trusting": trusting,
        "together": trusting if answers.coming else [],
        "refused": refused,
    }


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"tls_certificates": tls_certificates}
