#!/usr/bin/python
# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_tls_tenants
short_description: Issue identities to tenants whose machines Ansible does not manage
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Signs with the CA of M(glusterops.shares.gluster_tls_ca), and writes what each tenant needs to a directory, from
    which it is handed over by whatever way is safe. Only the user who runs this can read it.
  - The CA's record keeps which tenant and share an identity is for. M(glusterops.shares.gluster_tls_info) shows it.
  - An identity is issued again, with a new key unless O(tenants[].csr) is given, when its certificate ends within
    O(renew_before_days), or a rotation of the CA has reached the stage V(trusted).
  - What was written is not looked at again. So it can be removed once it was handed over, and should be.
  - When a run is interrupted, the next one issues again what that run did not finish.
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.changes
  - glusterops.shares._ca
attributes:
  idempotent:
    support: partial
    details: O(tenants[].reissue) issues in every run.
options:
  directory:
    description:
      - Where the hand-overs are written, each to a directory with the name of the identity. It is made when it is
        missing.
      - These are C(glusterfs.key), C(glusterfs.pem) and C(glusterfs.ca), as Gluster reads them, unless
        O(tenants[].csr) or O(tenants[].format) says otherwise.
    type: path
    required: true
  key_type:
    description: The kind of private keys that are made.
    type: str
    choices:
      - ecdsa-p256
      - ed25519
      - rsa-4096
    default: ecdsa-p256
  reserved_prefixes:
    description:
      - No tenant's identity may begin like these, because the identities of servers and management hosts do, who may
        mount every share.
    type: list
    elements: str
    default:
      - glusterfs-server-
      - manila-host-
  reserved_names:
    description:
      - No tenant's identity may be one of these either, for infrastructure whose names begin with nothing in common.
    type: list
    elements: str
    default: []
    version_added: "0.2.0"
  tenants:
    description: The identities.
    type: list
    elements: dict
    required: true
    suboptions:
      tenant:
        description: Whose it is. 1 to 64 of letters, digits, dots, underscores and hyphens.
        type: str
        required: true
      share:
        description:
          - The one share that it is for. It is recorded, and part of the default of O(tenants[].common_name); who may
            mount is said by the share's access list.
        type: str
      common_name:
        description:
          - The identity, which stands on access lists. The same characters as for O(tenants[].tenant).
          - If not set, it is the tenant's name, or with O(tenants[].share) C(TENANT.SHARE).
        type: str
      csr:
        description:
          - The tenant's certificate request in PEM, for CN=O(tenants[].common_name) alone. Then the key stays with the
            tenant, and only C(glusterfs.pem) and C(glusterfs.ca) are written.
        type: str
      format:
        description:
          - V(pkcs12) writes key, certificate and bundle to one encrypted file C(identity.p12), and C(glusterfs.ca).
          - A hand-over that was finished is written in another format only with O(tenants[].reissue).
        type: str
        choices:
          - pem
          - pkcs12
        default: pem
      passphrase:
        description:
          - Encrypts C(identity.p12). At least 8 characters; take a long random one, because whoever gets the file can
            try as many as they like.
          - Needed with O(tenants[].format=pkcs12), and only there.
        type: str
      reissue:
        description:
          - Issues the identity again in any case, also when it was revoked. The certificates that it had before stay
            valid unless they are revoked.
        type: bool
        default: false
seealso:
  - module: glusterops.shares.gluster_tls_ca
  - module: glusterops.shares.gluster_tls_info
"""

EXAMPLES = r"""
- name: Issue the identities of tenants that are not in the inventory
  glusterops.shares.gluster_tls_tenants:
    path: /srv/gluster-ca
    passphrase: "{{ vault_gluster_ca_passphrase }}"
    directory: /srv/gluster-hand-over
    tenants:
      - tenant: tenant-a
      - tenant: tenant-b
        share: backups
        format: pkcs12
        passphrase: "{{ vault_tenant_b_passphrase }}"
      - tenant: tenant-c
        csr: "{{ lookup('ansible.builtin.file', 'tenant-c.csr') }}"
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
identities:
  description:
    - An entry for each of O(tenants), in their order.
    - In check mode, RV(identities[].certificate) and what follows from it are null where one would be issued.
  returned: success
  type: list
  elements: dict
  contains:
    common_name:
      description: The identity.
      type: str
    tenant:
      description: Whose it is.
      type: str
    share:
      description: The one share that it is for, or null.
      type: str
    changed:
      description: Whether it was issued now.
      type: bool
    files:
      description: The files of the hand-over. They are only there until somebody removes them.
      type: list
      elements: str
      sample:
        - /srv/gluster-hand-over/tenant-a/glusterfs.key
    certificate:
      description: The certificate in PEM.
      type: str
    ca:
      description: The CA that signed it, as in RV(glusterops.shares.gluster_tls_ca#module:authorities[].name).
      type: str
    fingerprint_sha256:
      description: The certificate's fingerprint, as C(openssl) prints it.
      type: str
    not_after:
      description: The end of its validity, in UTC.
      type: str
      sample: "2027-11-21T07:00:00Z"
    serial:
      description: Its serial number, as C(openssl) prints it.
      type: str
lines:
  description: The same for people, a line for each. What was issued now, and until when what was issued before is good.
  returned: success
  type: list
  elements: str
  version_added: "0.2.0"
bundle:
  description: The certificates, in PEM, of the CAs that servers and tenants have to trust, oldest first.
  returned: success
  type: str
changes:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - subject: tenant-a
      what: hand-over
      before: missing
      after: written
error:
  description: The kind of failure.
  returned: failure
  type: str
  sample: bad_input
"""

import datetime
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._tls import argspec, certificates, tenants


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    certificates.check_library()
    params = module.params
    passphrase = certificates.check_passphrase(params["passphrase"])
    desired = tenants.Desired(
        path=params["path"],
        directory=params["directory"],
        tenants=tuple(
            tenants.parse_tenant(item, params["reserved_prefixes"], params["reserved_names"])
            for item in params["tenants"]
        ),
        key_type=params["key_type"],
        validity=certificates.Validity(params["valid_days"], params["renew_before_days"]),
    )
    now = datetime.datetime.now(datetime.timezone.utc)
    changes, values = tenants.ensure(desired, passphrase, now, module.check_mode)
    for warning in values.pop("warnings"):
        module.warn(warning)
    return changes, values


def spec() -> dict[str, t.Any]:
    return {
        **argspec.ca_spec(),
        "directory": {"type": "path", "required": True},
        "key_type": {"type": "str", "choices": list(certificates.KEY_TYPES), "default": "ecdsa-p256"},
        "reserved_prefixes": {
            "type": "list",
            "elements": "str",
            "default": ["glusterfs-server-", "manila-host-"],
        },
        "reserved_names": {"type": "list", "elements": "str", "default": []},
        "tenants": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "tenant": {"type": "str", "required": True},
                "share": {"type": "str"},
                "common_name": {"type": "str"},
                "csr": {"type": "str"},
                "format": {"type": "str", "choices": ["pem", "pkcs12"], "default": "pem"},
                "passphrase": {"type": "str", "no_log": True},
                "reissue": {"type": "bool", "default": False},
            },
        },
    }


def main() -> t.NoReturn:
    _reconcile.run(_reconcile.Module(argument_spec=spec(), supports_check_mode=True), work)


if __name__ == "__main__":
    main()
