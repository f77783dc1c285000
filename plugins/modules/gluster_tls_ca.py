#!/usr/bin/python
# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_tls_ca
short_description: Make a certificate authority for Gluster's identities, and sign their requests
version_added: "0.1.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Keeps a small private certificate authority (CA) in a directory of its own on the machine where it runs, and signs
    certificate requests with it. Gluster knows a machine by nothing but the common name (CN) of its certificate.
  - The requests come from M(glusterops.shares.gluster_tls_identity), which also installs what this module returns.
  - Any number of requests is answered in one task. Each is signed only when it must be, namely when nothing was signed
    for its name and key by this CA, or what was signed ends within O(renew_before_days). Otherwise the certificate
    that was recorded is returned again.
  - All input is checked before anything is written, so one bad request among a thousand signs nothing.
  - The CA is made in a temporary directory beside O(path) and renamed, and its record is replaced as a whole, so an
    interrupted run leaves nothing half made. Runs at the same time on one machine wait for each other, by means of a
    lock file beside O(path).
  - Nothing removes a CA, or replaces a damaged one. Keep a backup of the directory.
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.changes
requirements:
  - cryptography >= 42
options:
  path:
    description:
      - The CA's directory. It must be absent or empty where the CA is to be made, or hold one that this module made.
      - It will hold the private key, encrypted with O(passphrase), the CA's certificate, and the record of what was
        signed. Only its owner can enter it.
    type: path
    required: true
  passphrase:
    description:
      - Opens the CA's private key. At least 8 characters.
      - It is needed in every run, also when there is nothing to sign.
    type: str
    required: true
  common_name:
    description:
      - The CA's own name.
      - Only used when the CA is made.
    type: str
    default: glusterops shares CA
  key_type:
    description:
      - The kind of the CA's key.
      - Only used when the CA is made. Identities choose the kind of their keys themselves.
    type: str
    choices:
      - ecdsa-p256
      - ed25519
      - rsa-4096
    default: ecdsa-p256
  ca_valid_days:
    description:
      - How long the CA's certificate is valid.
      - Only used when the CA is made.
    type: int
    default: 3650
  valid_days:
    description: How long certificates are valid from the moment they are signed; never longer than the CA itself.
    type: int
    default: 365
  renew_before_days:
    description:
      - A certificate that ends within so many days is signed anew. Must be less than O(valid_days).
      - A certificate that ends together with the CA is not, because a new one would not last longer.
    type: int
    default: 30
  sign:
    description:
      - The requests.
      - Machines that shall have the same identity, such as several hosts of one tenant, have a request each.
    type: list
    elements: dict
    default: []
    suboptions:
      common_name:
        description:
          - The identity. 1 to 64 of letters, digits, dots, underscores and hyphens, because Gluster takes names as
            patterns and as parts of a list.
        type: str
        required: true
      csr:
        description:
          - The certificate request in PEM. Its subject must be CN=O(sign[].common_name) and nothing else. Of the
            request only the key is used.
          - The key must be ECDSA (P-256, P-384 or P-521), Ed25519, or RSA with 2048 bits or more.
          - May be missing or empty in check mode only, for a machine that has not made its key yet. Then the name
            counts as one that would be signed.
        type: str
seealso:
  - module: glusterops.shares.gluster_tls_identity
"""

EXAMPLES = r"""
- name: Make the CA
  glusterops.shares.gluster_tls_ca:
    path: /srv/gluster-ca
    passphrase: "{{ vault_gluster_ca_passphrase }}"
  delegate_to: localhost
  run_once: true

- name: Make a key and a request on every machine
  glusterops.shares.gluster_tls_identity:
    common_name: "glusterfs-server-{{ inventory_hostname }}"
  register: identity

- name: Sign all requests in one task
  glusterops.shares.gluster_tls_ca:
    path: /srv/gluster-ca
    passphrase: "{{ vault_gluster_ca_passphrase }}"
    sign: "{{ ansible_play_hosts | map('extract', hostvars, ['identity', 'request']) }}"
  delegate_to: localhost
  run_once: true
  register: ca

- name: Install the certificate on every machine
  glusterops.shares.gluster_tls_identity:
    common_name: "{{ identity.common_name }}"
    certificate: >-
      {{ ca.certificates | selectattr('csr', 'eq', identity.request.csr) | map(attribute='certificate') | first or '' }}
    bundle: "{{ ca.bundle or '' }}"
"""

RETURN = r"""
ca:
  description: The CA. In check mode, all but the name is null while it would have to be made.
  returned: success
  type: dict
  contains:
    certificate:
      description: Its certificate in PEM.
      type: str
    common_name:
      description: Its name.
      type: str
    fingerprint_sha256:
      description: The fingerprint of its certificate, as C(openssl) prints it.
      type: str
    not_after:
      description: The end of its validity, in UTC.
      type: str
      sample: "2036-11-18T07:00:00Z"
bundle:
  description: The certificates, in PEM, of the CAs that every server and host has to trust. Null as in RV(ca).
  returned: success
  type: str
certificates:
  description:
    - An answer to each of O(sign), in their order.
    - In check mode, RV(certificates[].certificate) and what follows from it are null where one would be signed.
  returned: success
  type: list
  elements: dict
  contains:
    common_name:
      description: The identity.
      type: str
    csr:
      description: The request that this answers.
      type: str
    certificate:
      description: The certificate in PEM.
      type: str
    changed:
      description: Whether it was signed now.
      type: bool
    fingerprint_sha256:
      description: Its fingerprint, as C(openssl) prints it.
      type: str
      sample: "5D:1B:..."
    not_after:
      description: The end of its validity, in UTC.
      type: str
      sample: "2027-11-21T07:00:00Z"
    serial:
      description: Its serial number, as C(openssl) prints it.
      type: str
changes:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - subject: glusterfs-server-gluster1
      what: certificate
      before: missing
      after: signed
error:
  description: The kind of failure.
  returned: failure
  type: str
  sample: bad_input
"""

import datetime
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._tls import authority


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    params = module.params
    passphrase = authority.check_passphrase(params["passphrase"])
    desired = authority.Desired(
        path=params["path"],
        common_name=params["common_name"],
        key_type=params["key_type"],
        ca_valid_days=params["ca_valid_days"],
        valid_days=params["valid_days"],
        renew_before_days=params["renew_before_days"],
        requests=tuple(
            authority.parse_request(item["common_name"], item["csr"], csr_optional=module.check_mode)
            for item in params["sign"]
        ),
    )
    return authority.ensure(desired, passphrase, datetime.datetime.now(datetime.timezone.utc), module.check_mode)


def main() -> t.NoReturn:
    module = _reconcile.Module(
        argument_spec={
            "path": {"type": "path", "required": True},
            "passphrase": {"type": "str", "required": True, "no_log": True},
            "common_name": {"type": "str", "default": "glusterops shares CA"},
            "key_type": {"type": "str", "choices": list(authority.KEY_TYPES), "default": "ecdsa-p256"},
            "ca_valid_days": {"type": "int", "default": 3650},
            "valid_days": {"type": "int", "default": 365},
            "renew_before_days": {"type": "int", "default": 30},
            "sign": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {"common_name": {"type": "str", "required": True}, "csr": {"type": "str"}},
            },
        },
        supports_check_mode=True,
    )
    if authority.CRYPTOGRAPHY_ERROR:
        module.fail_json(msg=missing_required_lib("cryptography >= 42"), exception=authority.CRYPTOGRAPHY_ERROR)
    _reconcile.run(module, work)


if __name__ == "__main__":
    main()
