#!/usr/bin/python
# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_tls_external
short_description: Have the requests of Gluster's identities signed by a certificate authority elsewhere
version_added: "0.2.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Takes the place of M(glusterops.shares.gluster_tls_ca) where a company's CA or a hardware security module (HSM)
    signs. Requests are written to one directory, and certificates are read from another. What is between the two is up
    to you.
  - A request lies in O(requests_path) as long as a certificate is wanted for it, and is removed after that. Its name is
    C(COMMON_NAME-KEY.csr), where C(KEY) are the first 16 hexadecimal digits of its public key's SHA-256 sum (of the
    DER-encoded SubjectPublicKeyInfo).
  - The certificate is looked for under the same name with C(.pem) in O(certificates_path). It must be for the request's
    key, for its CN and for TLS clients (on servers also for TLS servers), and vouched for by C(ca.pem). CAs between it
    and those in C(ca.pem) follow it in its file.
  - C(ca.pem) in O(certificates_path) holds the certificates of the CAs that every server and host has to trust.
  - C(crls.pem) there, if it exists, holds the lists of revoked certificates (CRL). There must be one that has not ended
    of every CA in C(ca.pem) and in the files of certificates, and none that is older than what machines have.
  - What cannot be used is an error before anything is changed. A certificate that has ended counts as missing.
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.changes
  - glusterops.shares._ca.sign
requirements:
  - cryptography >= 42
  - the C(openssl) program, 1.1.1 or later
options:
  requests_path:
    description: The directory to which requests are written. It is made when it is missing.
    type: path
    required: true
  certificates_path:
    description: The directory from which certificates are read. This module writes nothing there.
    type: path
    required: true
  renew_before_days:
    description:
      - The request of a certificate that ends within so many days is written again, and its name is in RV(waiting).
        The certificate is returned as before until there is another.
    type: int
    default: 30
seealso:
  - module: glusterops.shares.gluster_tls_ca
  - module: glusterops.shares.gluster_tls_identity
"""

EXAMPLES = r"""
- name: Make a key and a request on every machine
  glusterops.shares.gluster_tls_identity:
    common_name: "glusterfs-server-{{ inventory_hostname }}"
  register: identity

- name: Write the requests, and read the certificates that are there
  glusterops.shares.gluster_tls_external:
    requests_path: /srv/gluster-requests
    certificates_path: /srv/gluster-certificates
    sign: "{{ ansible_play_hosts | map('extract', hostvars, ['identity', 'request']) }}"
  delegate_to: localhost
  run_once: true
  register: ca

- name: Stop until all are signed
  ansible.builtin.fail:
    msg: "Have these signed, then run this again: {{ ca.waiting | join(', ') }}"
  when: ca.certificates | selectattr('certificate', 'none') | length > 0
  run_once: true
"""

RETURN = r"""
ca:
  description: The first of RV(bundle). All is null while C(ca.pem) is not there.
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
  description:
    - The certificates, in PEM, of the CAs that every server and host has to trust, in the order of C(ca.pem).
    - Null while that is not there, which is an error as soon as there are certificates.
  returned: success
  type: str
coming:
  description: The identities whose machines trust none but other CAs. All machines have to trust these first.
  returned: success
  type: list
  elements: str
  version_added: "0.2.0"
crls:
  description: The CRLs in PEM, or null when there is no C(crls.pem).
  returned: success
  type: str
certificates:
  description: An answer to each of O(sign), in their order.
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
      description: The certificate in PEM, and after it those between it and the CA. Null while there is none.
      type: str
    changed:
      description: Whether its request was written or removed now.
      type: bool
    fingerprint_sha256:
      description: Its fingerprint, as C(openssl) prints it.
      type: str
    not_after:
      description: The end of its validity, in UTC.
      type: str
      sample: "2027-11-21T07:00:00Z"
    serial:
      description: Its serial number, as C(openssl) prints it.
      type: str
    refused:
      description: Why it does not get one, with O(sign_others), else null.
      type: str
      version_added: "0.2.0"
    revoked:
      description: Always V(false). What the other CA revoked stands in its CRLs only.
      type: bool
waiting:
  description: The names of requests that wait to be signed, because there is no certificate or it ends soon.
  returned: success
  type: list
  elements: str
  sample:
    - glusterfs-server-gluster1
changes:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - subject: glusterfs-server-gluster1
      what: request
      before: absent
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
from ansible_collections.glusterops.shares.plugins.module_utils._tls import argspec, certificates, external
from ansible_collections.glusterops.shares.plugins.module_utils._tls.openssl import OpenSSL


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    certificates.check_library()
    requests = argspec.Requests(module.params, module.check_mode)
    desired = external.Desired(
        requests_path=module.params["requests_path"],
        certificates_path=module.params["certificates_path"],
        requests=requests.good,
        renew_before_days=module.params["renew_before_days"],
        other_cas=module.params["other_cas"],
        others=module.params["sign_others"],
        absent=requests.absent,
        installed_crls=tuple(module.params["installed_crls"]),
    )
    now = datetime.datetime.now(datetime.timezone.utc)
    changes, values = external.ensure(desired, OpenSSL(module.run_command), now, module.check_mode)
    return changes, {**values, "certificates": requests.answers(values["certificates"])}


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "requests_path": {"type": "path", "required": True},
            "certificates_path": {"type": "path", "required": True},
            "renew_before_days": {"type": "int", "default": 30},
            **argspec.sign_spec(),
        },
        supports_check_mode=True,
    )
    _reconcile.run(module, work)


if __name__ == "__main__":
    main()
