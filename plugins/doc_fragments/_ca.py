# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # What signs with the CA.
    DOCUMENTATION = r"""
options:
  path:
    description:
      - The CA's directory, which holds the encrypted private key, the CA's certificate, and the record of what was
        signed. Only its owner can enter it.
    type: path
    required: true
  passphrase:
    description:
      - Opens the CA's private key. At least 8 characters.
      - It is needed in every run, also when there is nothing to sign.
      - If not set, the environment variable E(GLUSTEROPS_CA_PASSPHRASE) is used. It is looked for where the module
        runs, which with C(delegate_to=localhost) is the environment of Ansible itself.
    type: str
    required: true
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
requirements:
  - cryptography >= 42
"""

    # What answers the requests of machines.
    SIGN = r"""
options:
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
          - The certificate request in PEM. Its subject must be CN=O(sign[].common_name) and nothing else.
          - The key must be ECDSA (P-256, P-384 or P-521), Ed25519, or RSA with 2048 bits or more.
          - May be missing or empty in check mode only, for a machine that has not made its key yet. Then the name
            counts as one that would be signed.
        type: str
      bundle:
        description:
          - The CA certificates, in PEM, that the machine trusts now, whoever put them there.
          - What becomes of others among them than this CA, O(other_cas) says.
        type: str
        version_added: "0.2.0"
      certificate:
        description: The certificate, in PEM, that the machine has now.
        type: str
        version_added: "0.2.0"
      server:
        description:
          - Whether it is a GlusterFS server, so that a certificate from elsewhere must be one for TLS servers, too.
            Every machine is a TLS client.
        type: bool
        default: false
        version_added: "0.2.0"
  other_cas:
    description:
      - What becomes of other CAs that machines trust (O(sign[].bundle)). Whoever has a certificate of those only is cut
        off where they are not trusted any more.
      - V(refuse) signs nothing for such machines, and makes no CA where one of them has an identity.
      - V(keep) has all machines trust those that servers trust, beside this CA, from then on. That goes only without
        CRLs. M(glusterops.shares.gluster_tls_external) takes its bundle from a file, so they are put there instead.
      - V(drop) trusts them no more.
    type: str
    choices: [refuse, keep, drop]
    default: refuse
    version_added: "0.2.0"
  sign_others:
    description:
      - Whether a request that cannot be signed is told in its answer and holds no other back. Otherwise it is an error,
        and nothing is signed.
      - With it, requests with the same key are not signed.
    type: bool
    default: false
    version_added: "0.2.0"
  absent:
    description:
      - The machines that have to trust the CA, too, and of which nothing is known.
      - As long as there are some, nothing is signed for a machine that trusts none but other CAs, because they would
        not trust that one any more. As long as there is a server among them, M(glusterops.shares.gluster_tls_ca) makes
        no CA with O(other_cas=refuse).
    type: list
    elements: dict
    default: []
    version_added: "0.2.0"
    suboptions:
      name:
        description: The machine.
        type: str
        required: true
      server:
        description: Whether it is a GlusterFS server.
        type: bool
        default: false
  installed_crls:
    description:
      - The CRLs, in PEM, that machines have. No CRL goes back to an older one. Only what the CA has signed counts,
        whoever says it.
      - If they are later than those of M(glusterops.shares.gluster_tls_ca), or revoke what its record does not, its
        directory came from an older backup. Then what they say is recorded again; the same goes for
        O(sign[].certificate).
    type: list
    elements: str
    default: []
    version_added: "0.2.0"
"""
