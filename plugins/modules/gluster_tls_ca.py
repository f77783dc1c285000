#!/usr/bin/python
# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gluster_tls_ca
short_description: Make a certificate authority for Gluster's identities, sign their requests, rotate it, and revoke
version_added: "0.1.0"
author:
  - glusterops.shares contributors (@glusterops)
description:
  - Keeps a small private certificate authority (CA) in a directory of its own on the machine where it runs, and signs
    certificate requests with it. Gluster knows a machine by nothing but the common name (CN) of its certificate.
  - The requests come from M(glusterops.shares.gluster_tls_identity), which also installs what this module returns.
  - Any number of requests is answered in one task. Each is signed only when it must be, namely when nothing was signed
    for its name and key by this CA, or what was signed ends within O(renew_before_days). Otherwise the certificate
    that was recorded is returned again. Of a request only the key is used.
  - A CA is replaced by a new one in stages, with O(rotation), while everybody stays connected.
  - All input is checked before anything is written, so one bad request among a thousand signs nothing.
  - The CA is made in a temporary directory beside O(path) and renamed, and its record is replaced as a whole, so an
    interrupted run leaves nothing half made. Runs at the same time on one machine wait for each other, by means of a
    lock file beside O(path).
  - Nothing removes a CA but the end of a rotation, and nothing replaces a damaged one. Keep a backup of the directory.
extends_documentation_fragment:
  - glusterops.shares._attributes
  - glusterops.shares._attributes.changes
  - glusterops.shares._ca
  - glusterops.shares._ca.sign
options:
  path:
    description:
      - The CA's directory. It must be absent or empty where the CA is to be made, or hold one that this module made.
      - It will hold the private key, encrypted with O(passphrase), the CA's certificate, and the record of what was
        signed. Only its owner can enter it.
  common_name:
    description:
      - The CA's own name. 1 to 64 characters.
      - Only used when a CA is made. One that is made by a rotation gets a number after this name where it would have
        the name of the present one.
    type: str
    default: glusterops shares CA
  key_type:
    description:
      - The kind of the CA's key.
      - Only used when a CA is made. Identities choose the kind of their keys themselves.
    type: str
    choices:
      - ecdsa-p256
      - ed25519
      - rsa-4096
    default: ecdsa-p256
  ca_valid_days:
    description:
      - How long the CA's certificate is valid.
      - Only used when a CA is made.
    type: int
    default: 3650
  rotation:
    description:
      - Brings the replacement of the CA by a new one to this stage, if it is not there yet. A stage is only reached
        from the one before. Go on to the next when RV(bundle) is on all servers and hosts, and after V(issuing) also
        their new certificates.
      - V(made) makes the new CA, unless a rotation is under way. From then on it is in RV(bundle).
      - V(trusted) says that everybody trusts it. M(glusterops.shares.gluster_tls_tenants) signs with it from then on.
      - V(issuing) signs requests with the new CA. Every certificate of the old one is signed again when it is asked
        for.
      - V(finished) takes the old CA out of RV(bundle) and removes its files. It changes nothing when no rotation is
        under way.
    type: str
    choices:
      - made
      - trusted
      - issuing
      - finished
    version_added: "0.2.0"
  force:
    description:
      - Goes on with O(rotation=issuing) or O(rotation=finished) although tenants have nothing but hand-overs of the old
        CA (see M(glusterops.shares.gluster_tls_tenants)), and would be locked out.
    type: bool
    default: false
    version_added: "0.2.0"
  revoke:
    description:
      - Identities whose certificates are recorded as revoked. It takes no effect on servers by itself; see O(crl), and
        take the name off the access lists.
      - What was never signed by this CA is an error.
      - A request that asks with the key of a revoked certificate under the same name is not signed from then on. The
        identity gets a certificate again for a new key.
    type: list
    elements: dict
    default: []
    version_added: "0.2.0"
    suboptions:
      common_name:
        description: The identity.
        type: str
        required: true
      serial:
        description: Only the certificate of this serial number, in hexadecimal digits. If not set, all that are valid.
        type: str
      reason:
        description: Why, in the words of RFC 5280. It stays as it was for what is revoked already.
        type: str
        choices:
          - unspecified
          - key_compromise
          - affiliation_changed
          - superseded
          - cessation_of_operation
          - privilege_withdrawn
        default: unspecified
  crl:
    description:
      - Keeps a list of revoked certificates (CRL) for every CA of RV(bundle), and returns them.
      - They are made anew when something was revoked, or less than half of their time is left. So run this more often
        than every O(crl_valid_days) / 2 days. When a server's CRLs have ended, it refuses everybody.
      - Therefore they are kept from then on, whatever this option says. To do without, first take C(ssl.crl-path) off
        all volumes, then remove the files C(*.crl) from O(path).
    type: bool
    default: false
    version_added: "0.2.0"
  crl_valid_days:
    description: How long CRLs that are made are valid.
    type: int
    default: 30
    version_added: "0.2.0"
  make:
    description:
      - Whether a CA is made if there is none. Without it, that is an error.
      - It is an error, too, if one of O(sign) says that its machine trusts a CA already, with O(other_cas=refuse).
    type: bool
    default: true
    version_added: "0.2.0"
  new_passphrase:
    description:
      - Another passphrase for the CA's private keys, also for one that is made with O(rotation). At least 8 characters.
      - O(passphrase) is the present one. If a run was interrupted, some of the keys have the new one already, and the
        next run with both goes on.
      - If not set, the environment variable E(GLUSTEROPS_CA_NEW_PASSPHRASE) is used.
    type: str
    version_added: "0.2.0"
seealso:
  - module: glusterops.shares.gluster_tls_identity
  - module: glusterops.shares.gluster_tls_info
  - module: glusterops.shares.gluster_tls_tenants
  - module: glusterops.shares.gluster_tls_external
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

- name: Revoke an identity
  glusterops.shares.gluster_tls_ca:
    path: /srv/gluster-ca
    passphrase: "{{ vault_gluster_ca_passphrase }}"
    revoke:
      - common_name: tenant-a
        reason: key_compromise
    crl: true
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
ca:
  description:
    - The CA that signs requests. In check mode, all but the name is null while it would have to be made.
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
      description:
        - V(signing) signs requests. V(next) and V(trusted) are to follow it, and V(previous) is on its way out.
      type: str
    common_name:
      description: Its name.
      type: str
    fingerprint_sha256:
      description: The fingerprint of its certificate. Null as in RV(ca).
      type: str
    not_after:
      description: The end of its validity, in UTC. Null as in RV(ca).
      type: str
rotation:
  description: The stage of the rotation that is under way, or null.
  returned: success
  type: str
  sample: made
bundle:
  description:
    - The certificates, in PEM, of the CAs that every server and host has to trust, oldest first.
    - In check mode, null when one of them would have to be made.
  returned: success
  type: str
crls:
  description:
    - The CRLs, in PEM, of all CAs of RV(bundle) in the same order. Null if none are kept.
    - In check mode, null when one of them would have to be made.
  returned: success
  type: str
coming:
  description: The identities whose machines trust none but other CAs. All machines have to trust this one first.
  returned: success
  type: list
  elements: str
  version_added: "0.2.0"
revoked:
  description: What is recorded as revoked.
  returned: success
  type: list
  elements: dict
  sample:
    - common_name: tenant-a
      serial: 5DB1
      ca: ca
      at: "2026-11-21T07:00:00Z"
      reason: key_compromise
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
    refused:
      description: Why it is not signed, with O(sign_others), else null.
      type: str
      version_added: "0.2.0"
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
    revoked:
      description: Whether the key was revoked under this name. Then all but the name and the request is null.
      type: bool
      version_added: "0.2.0"
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

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible_collections.glusterops.shares.plugins.module_utils import _reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._tls import (
    argspec,
    authority,
    certificates,
    revocation,
    rotation,
    seen,
)


def work(module: AnsibleModule) -> tuple[list[_reconcile.Change], dict[str, t.Any]]:
    certificates.check_library()
    params = module.params
    passphrase = certificates.check_passphrase(params["passphrase"])
    new = params["new_passphrase"]
    passphrases = (*([certificates.check_passphrase(new, "new_passphrase")] if new else []), passphrase)
    options = ("path", "common_name", "key_type", "ca_valid_days", "rotation", "force", "crl", "crl_valid_days")
    requests = argspec.Requests(params, module.check_mode)
    desired = authority.Desired(
        **{name: params[name] for name in (*options, "make", "other_cas")},
        validity=certificates.Validity(params["valid_days"], params["renew_before_days"]),
        requests=requests.good,
        revocations=tuple(revocation.parse_revocation(**item) for item in params["revoke"]),
        others=params["sign_others"],
        absent=requests.absent,
        seen=seen.Seen(tuple(item["certificate"] for item in params["sign"]), tuple(params["installed_crls"])),
    )
    now = datetime.datetime.now(datetime.timezone.utc)
    changes, values = authority.ensure(desired, passphrases, now, module.check_mode)
    for warning in values.pop("warnings"):
        module.warn(warning)
    return changes, {**values, "certificates": requests.answers(values["certificates"])}


def spec() -> dict[str, t.Any]:
    return {
        **argspec.ca_spec(),
        **argspec.sign_spec(),
        "common_name": {"type": "str", "default": "glusterops shares CA"},
        "key_type": {"type": "str", "choices": list(certificates.KEY_TYPES), "default": "ecdsa-p256"},
        "ca_valid_days": {"type": "int", "default": 3650},
        "rotation": {"type": "str", "choices": list(rotation.STAGES)},
        "force": {"type": "bool", "default": False},
        "revoke": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "common_name": {"type": "str", "required": True},
                "serial": {"type": "str"},
                "reason": {"type": "str", "choices": list(certificates.REASONS), "default": "unspecified"},
            },
        },
        "crl": {"type": "bool", "default": False},
        "crl_valid_days": {"type": "int", "default": 30},
        "make": {"type": "bool", "default": True},
        "new_passphrase": {"type": "str", "no_log": True, "fallback": (env_fallback, ["GLUSTEROPS_CA_NEW_PASSPHRASE"])},
    }


def main() -> t.NoReturn:
    _reconcile.run(_reconcile.Module(argument_spec=spec(), supports_check_mode=True), work)


if __name__ == "__main__":
    main()
