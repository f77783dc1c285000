#!/usr/bin/python
# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_tls_identities
short_description: Give a Gluster server or host all its TLS identities
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Does what M(glusterops.shares.gluster_tls_identity) does for several identities of one machine. These are the one
    that Gluster itself uses there, and further ones with which it mounts on behalf of tenants.
  - All are checked before the first one is changed.
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.changes
requirements:
  - the C(openssl) program, 1.1.1 or later
options:
  identities:
    description: The identities. Others that the machine has stay as they are.
    type: list
    elements: dict
    required: true
    suboptions:
      common_name:
        description: The name, as in O(glusterops.shares.gluster_tls_identity#module:common_name).
        type: str
        required: true
      scope:
        description:
          - V(machine) for the identity that Gluster itself uses. At most one has it.
          - V(tenant) for a further one, whose files root alone can read.
        type: str
        choices: [machine, tenant]
        default: machine
      key_type:
        description: The kind of private key, if one is made.
        type: str
        choices: [ecdsa-p256, ed25519, rsa-4096]
        default: ecdsa-p256
      certificate:
        description:
          - The certificate in PEM, and after it the certificates between it and the CA, if any.
          - In check mode it may be empty, which means that it is not signed yet.
          - Without it, only key and request are made.
        type: str
  bundle:
    description:
      - The certificates of the trusted CAs in PEM. Must be the same on all servers and hosts.
      - Needed if any identity has a certificate, and only then. In check mode it may be empty.
    type: str
  crls:
    description:
      - The lists of revoked certificates in PEM, as in O(glusterops.shares.gluster_tls_identity#module:crls).
      - Installed with the identity of the scope V(machine).
    type: str
  renew_key:
    description:
      - Makes a new key for every identity without a certificate here, unless one waits for its certificate already.
    type: bool
    default: false
  trust:
    description:
      - CA certificates in PEM that are added to those which the identities trust, and nothing else is done. For an
        identity that somebody else made, and that is to be replaced by one of another CA while all works on.
      - What is not installed yet is left alone.
    type: str
seealso:
  - module: glusterops.shares.gluster_tls_identity
  - module: glusterops.shares.gluster_tls_ca
  - module: glusterops.shares.gluster_mounts
"""

EXAMPLES = r"""
- name: Make keys and requests of a host that mounts on behalf of two tenants
  glusterops.shares.gluster_tls_identities:
    identities:
      - common_name: backup-host
      - common_name: tenant-a
        scope: tenant
      - common_name: tenant-b
        scope: tenant
  register: requested

- name: Sign them
  glusterops.shares.gluster_tls_ca:
    path: /srv/gluster-ca
    passphrase: "{{ vault_gluster_ca_passphrase }}"
    sign: "{{ requested.identities | map(attribute='request') }}"
  delegate_to: localhost
  register: ca

- name: Install the certificates
  glusterops.shares.gluster_tls_identities:
    identities: >-
      {%- set found = namespace(list=[]) -%}
      {%- for one in requested.identities -%}
      {%- set signed = ca.certificates | selectattr('csr', 'eq', one.request.csr) | map(attribute='certificate') -%}
      {%- set found.list = found.list + [{
            'common_name': one.common_name, 'scope': one.scope, 'certificate': signed | first | default('', true)
          }] -%}
      {%- endfor -%}
      {{ found.list }}
    bundle: "{{ ca.bundle | default('', true) }}"
"""

RETURN = r"""
identities:
  description: Of each identity, in the order of O(identities), what is there now.
  returned: success
  type: list
  elements: dict
  contains:
    common_name:
      description: The identity that was asked for.
      type: str
    scope:
      description: Its scope.
      type: str
    request:
      description:
        - An entry for O(glusterops.shares.gluster_tls_ca#module:sign), with C(common_name) and C(csr). The latter is
          C(null) in check mode when the key would have to be made.
      type: dict
    certificate:
      description: The installed certificate, as M(glusterops.shares.gluster_tls_identity) returns it, or C(null).
      type: dict
    bundle_sha256:
      description: The SHA-256 sum of the installed bundle's file, or C(null). Must be the same on all machines.
      type: str
    crls:
      description: Issuer and end (C(issuer) and C(next_update)) of the lists of revoked certificates.
      type: list
      elements: dict
    installed:
      description: Whether everything that Gluster reads is in place, with a certificate for this name.
      type: bool
    directories:
      description: The directories in which this machine's Gluster looks for its files. Empty for a tenant's.
      type: list
      elements: str
    paths:
      description:
        - Where the files are (C(key), C(certificate), C(bundle), and C(crl) if it is not a tenant's). The paths stay
          the same when the files are renewed.
      type: dict
      sample:
        bundle: /etc/glusterfs/tls/tenants/tenant-a/current/glusterfs.ca
        certificate: /etc/glusterfs/tls/tenants/tenant-a/current/glusterfs.pem
        key: /etc/glusterfs/tls/tenants/tenant-a/current/glusterfs.key
changes:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - subject: tenants/tenant-a
      what: key
      before: absent
      after: made
error:
  description: The kind of failure.
  returned: failure
  type: str
  sample: bad_input
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._tls import identity, installing
from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import KEY_TYPES, OpenSSL


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    params = module.params
    certified = [entry for entry in params["identities"] if entry["certificate"] is not None]
    for name in ("bundle", "crls"):
        if params[name] is not None and not certified:
            raise BadInput(f"{name} was given without a certificate: they are installed together.")
    desired = [
        identity.Desired(
            common_name=entry["common_name"],
            key_type=entry["key_type"],
            certificate=entry["certificate"],
            bundle=params["bundle"] if entry in certified else None,
            crls=params["crls"] if entry in certified and entry["scope"] == "machine" else None,
            scope=entry["scope"],
            renew_key=params["renew_key"],
        )
        for entry in params["identities"]
    ]
    directories = identity.directories_for(one.scope for one in desired)
    if params["trust"] is not None:
        if certified or params["renew_key"]:
            raise BadInput("trust was given with certificates or renew_key: it comes before them, alone.")
        names = [(one.common_name, one.scope) for one in desired]
        openssl = OpenSSL(module.run_command)
        return installing.trust_all(names, params["trust"], directories, openssl, module.check_mode), {"identities": []}
    changes, found = installing.ensure_all(desired, directories, OpenSSL(module.run_command), module.check_mode)
    return changes, {"identities": found}


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "identities": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "common_name": {"type": "str", "required": True},
                    "scope": {"type": "str", "choices": list(identity.SCOPES), "default": "machine"},
                    "key_type": {"type": "str", "choices": list(KEY_TYPES), "default": "ecdsa-p256"},
                    "certificate": {"type": "str"},
                },
            },
            "bundle": {"type": "str"},
            "crls": {"type": "str"},
            "renew_key": {"type": "bool", "default": False},
            "trust": {"type": "str"},
        },
        supports_check_mode=True,
    )
    _reconcile.run(module, work)


if __name__ == "__main__":
    main()
