#!/usr/bin/python
# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_tls_identity
short_description: Give a Gluster server or host its TLS identity
version_added: "0.1.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Makes a private key and a certificate request on a machine that runs Gluster, and installs the certificate that was
    signed for it, together with the bundle of the trusted CAs. The private key never leaves the machine.
  - "It is used twice: without O(certificate), to make key and request and to return the request, and with
    O(certificate) and O(bundle), to install them. In between the request is signed, usually by
    M(glusterops.shares.gluster_tls_ca)."
  - Finds out where this machine's Gluster looks for its files. That is compiled into Gluster and differs between
    distributions and versions.
  - Key, certificate and bundle lie in C(/etc/glusterfs/tls). The files that Gluster reads are links through one common
    link, so that they all change in one step and match at every moment. The set that was installed before is kept.
  - Gluster 7 and later read the files again for every new connection, so nothing has to be restarted.
  - A key that is already in Gluster's directory is adopted, and certificate and bundle beside it stay in use until the
    new ones are installed. Other files that are in the way are kept with the suffix C(.replaced).
  - An existing key is used again as long as the name stays the same. Another O(common_name) gets a new key.
  - A host that mounts on behalf of several tenants has further identities (O(scope=tenant)), which
    M(glusterops.shares.gluster_mounts) names. M(glusterops.shares.gluster_tls_identities) takes several at once.
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.changes
requirements:
  - the C(openssl) program, 1.1.1 or later
options:
  common_name:
    description:
      - The identity. 1 to 64 of letters, digits, dots, underscores and hyphens, because Gluster takes names as
        patterns and as parts of a list.
    type: str
    required: true
  scope:
    description:
      - V(machine) for the identity that Gluster itself uses on this machine.
      - V(tenant) for a further one, with which this machine mounts on behalf of a tenant. It lies in
        C(/etc/glusterfs/tls/tenants/), in a directory of its O(common_name) that root alone can enter.
    type: str
    choices: [machine, tenant]
    default: machine
    version_added: "0.2.0"
  key_type:
    description:
      - The kind of private key.
      - Only used when a key is made.
    type: str
    choices:
      - ecdsa-p256
      - ed25519
      - rsa-4096
    default: ecdsa-p256
  certificate:
    description:
      - The certificate in PEM, and after it the certificates between it and the CA, if any.
      - It must be for the key on this machine, for O(common_name), and vouched for by O(bundle).
      - In check mode it may be empty, which means that it is not signed yet.
      - Without this option, only key and request are made.
    type: str
  bundle:
    description:
      - The certificates of the trusted CAs in PEM. Must be the same on all servers and hosts.
      - Needed together with O(certificate). In check mode it may be empty.
    type: str
  crls:
    description:
      - The lists of revoked certificates (CRLs) in PEM, of every CA in O(bundle) and every one between it and the
        certificate. They must be valid now. Where a volume's bricks look at CRLs, nobody gets in with a certificate of
        a CA whose list is missing or has ended.
      - They are installed in the same step as O(bundle), in RV(paths.crl).
      - Without this option those that are installed stay, and a bundle with a CA that has none among them is refused.
      - Only with O(certificate) and O(scope=machine). In check mode it may be empty, which means that they are not
        made yet.
    type: str
    version_added: "0.2.0"
  renew_key:
    description:
      - Makes a new key although the present one is good, unless a new one waits for its certificate already. The
        present one stays in use until that is installed.
      - Only used without O(certificate). Once the new key's certificate is installed, the next run with this option
        makes another key.
    type: bool
    default: false
    version_added: "0.2.0"
seealso:
  - module: glusterops.shares.gluster_tls_ca
  - module: glusterops.shares.gluster_tls_identities
"""

EXAMPLES = r"""
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

- name: Make key and request of a further identity, for mounts of another tenant
  glusterops.shares.gluster_tls_identity:
    common_name: tenant-b
    scope: tenant
  register: identity_of_tenant_b
"""

RETURN = r"""
common_name:
  description: The identity that was asked for.
  returned: success
  type: str
request:
  description: An entry for O(glusterops.shares.gluster_tls_ca#module:sign).
  returned: success
  type: dict
  contains:
    common_name:
      description: The identity.
      type: str
    csr:
      description:
        - The certificate request in PEM. It stays the same as long as key and name do.
        - Null in check mode when the key would have to be made.
      type: str
certificate:
  description: The installed certificate, or null. In check mode the one that is installed now.
  returned: success
  type: dict
  contains:
    common_name:
      description: The name that Gluster takes from it.
      type: str
    fingerprint_sha256:
      description: Its fingerprint, as C(openssl) prints it.
      type: str
    issuer:
      description: The name of the CA that signed it.
      type: str
      sample: CN=glusterops shares CA
    not_after:
      description: The end of its validity, in UTC.
      type: str
      sample: "2027-11-21T07:00:00Z"
    serial:
      description: Its serial number, in hexadecimal digits.
      type: str
bundle_sha256:
  description: The SHA-256 sum of the installed bundle's file, or null. Must be the same on all machines.
  returned: success
  type: str
scope:
  description: The scope that was asked for.
  returned: success
  type: str
  version_added: "0.2.0"
crls:
  description: The lists of revoked certificates that are installed.
  returned: success
  type: list
  elements: dict
  version_added: "0.2.0"
  contains:
    issuer:
      description: The name of the CA that signed it.
      type: str
    next_update:
      description: When it ends, in UTC.
      type: str
      sample: "2026-12-21T07:00:00Z"
installed:
  description: Whether everything that Gluster reads is in place, with a certificate for O(common_name).
  returned: success
  type: bool
directories:
  description: The directories in which this machine's Gluster looks for its files. Empty with O(scope=tenant).
  returned: success
  type: list
  elements: str
  sample:
    - /usr/lib/ssl
paths:
  description: Where the files are. The paths stay the same when the files are renewed.
  returned: success
  type: dict
  contains:
    bundle:
      description: The CA certificates.
      type: str
      sample: /etc/glusterfs/tls/current/glusterfs.ca
    certificate:
      description: The certificate.
      type: str
      sample: /etc/glusterfs/tls/current/glusterfs.pem
    crl:
      description:
        - The directory of the lists of revoked certificates, for a volume's option C(ssl.crl-path), whether there are
          any or not. Not with O(scope=tenant).
      type: str
      version_added: "0.2.0"
      sample: /etc/glusterfs/tls/current/crl
    key:
      description: The private key.
      type: str
      sample: /etc/glusterfs/tls/current/glusterfs.key
changes:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - subject: glusterfs-server-gluster1
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
from ansible_collections.glusterops.shares.plugins.module_utils._tls import identity, installing
from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import KEY_TYPES, OpenSSL


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    desired = identity.Desired(
        common_name=module.params["common_name"],
        key_type=module.params["key_type"],
        certificate=module.params["certificate"],
        bundle=module.params["bundle"],
        crls=module.params["crls"],
        scope=module.params["scope"],
        renew_key=module.params["renew_key"],
    )
    directories = identity.directories_for([desired.scope])
    return installing.ensure(desired, directories, OpenSSL(module.run_command), module.check_mode)


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "common_name": {"type": "str", "required": True},
            "key_type": {"type": "str", "choices": list(KEY_TYPES), "default": "ecdsa-p256"},
            "certificate": {"type": "str"},
            "bundle": {"type": "str"},
            "crls": {"type": "str"},
            "scope": {"type": "str", "choices": list(identity.SCOPES), "default": "machine"},
            "renew_key": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    _reconcile.run(module, work)


if __name__ == "__main__":
    main()
