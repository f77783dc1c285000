#!/usr/bin/python
# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_tls_info
short_description: Show what the certificate authority of Gluster's identities has signed
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Reads the directory of M(glusterops.shares.gluster_tls_ca) and tells its CAs, and every identity in its record with
    its tenant, share and end. No passphrase is needed.
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.info
requirements:
  - cryptography >= 42
options:
  path:
    description: The CA's directory.
    type: path
    required: true
seealso:
  - module: glusterops.shares.gluster_tls_ca
  - module: glusterops.shares.gluster_tls_tenants
"""

EXAMPLES = r"""
- name: Read the CA's record
  glusterops.shares.gluster_tls_info:
    path: /srv/gluster-ca
  delegate_to: localhost
  run_once: true
  register: tls

- name: Show the identities of a tenant
  ansible.builtin.debug:
    msg: "{{ tls.identities | selectattr('tenant', 'eq', 'tenant-a') }}"
"""

RETURN = r"""
authorities:
  description: All CAs of RV(bundle), oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of its files in O(path).
      type: str
      sample: ca-2
    state:
      description: As in RV(glusterops.shares.gluster_tls_ca#module:authorities[].state).
      type: str
      sample: signing
    common_name:
      description: Its name.
      type: str
    certificate:
      description: Its certificate in PEM.
      type: str
    fingerprint_sha256:
      description: The fingerprint of its certificate, as C(openssl) prints it.
      type: str
    not_after:
      description: The end of its validity, in UTC.
      type: str
      sample: "2036-11-18T07:00:00Z"
rotation:
  description: The stage of the rotation that is under way, or null.
  returned: success
  type: str
  sample: made
bundle:
  description: The certificates, in PEM, of the CAs that every server and host has to trust, oldest first.
  returned: success
  type: str
crls:
  description: The CAs that have a list of revoked certificates (CRL).
  returned: success
  type: list
  elements: dict
  contains:
    ca:
      description: The CA, as in RV(authorities[].name).
      type: str
    next_update:
      description: The end of the CRL, in UTC.
      type: str
      sample: "2026-12-21T07:00:00Z"
identities:
  description:
    - An entry for each certificate in the record, in the order in which they were signed. An identity has several when
      it was renewed, or when several machines have it.
    - Certificates leave the record after their end, except revoked ones.
  returned: success
  type: list
  elements: dict
  contains:
    common_name:
      description: The identity.
      type: str
    tenant:
      description: Whose it is, where M(glusterops.shares.gluster_tls_tenants) issued it. Otherwise null.
      type: str
    share:
      description: The one share that it is for, or null.
      type: str
    serial:
      description: The certificate's serial number, as C(openssl) prints it.
      type: str
    ca:
      description: The CA that signed it, as in RV(authorities[].name). It may be one that is no more there.
      type: str
    not_before:
      description: The beginning of its validity, in UTC.
      type: str
    not_after:
      description: The end of its validity, in UTC.
      type: str
      sample: "2027-11-21T07:00:00Z"
    managed:
      description: Whether it is the answer to a machine's request, and no hand-over.
      type: bool
    delivered:
      description: Whether all files of the hand-over were written. Null when it is none.
      type: bool
    revoked:
      description: When and why it was revoked, or null.
      type: dict
      sample:
        at: "2026-11-21T07:00:00Z"
        reason: key_compromise
error:
  description: The kind of failure.
  returned: failure
  type: str
  sample: not_found
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._tls import certificates
from ansible_collections.glusterops.shares.plugins.module_utils._tls.info import info


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    certificates.check_library()
    return [], info(module.params["path"])


def spec() -> dict[str, t.Any]:
    return {"path": {"type": "path", "required": True}}


def main() -> t.NoReturn:
    _reconcile.run(AnsibleModule(argument_spec=spec(), supports_check_mode=True), work)


if __name__ == "__main__":
    main()
