# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  heketi_url:
    description:
      - Where Heketi answers, for example V(https://heketi.example.com:8080).
      - If not set, the environment variable E(HEKETI_CLI_SERVER) is used.
    type: str
    required: true
  heketi_user:
    description:
      - Heketi's user. Only V(admin) can do what the modules need.
      - If not set, the environment variable E(HEKETI_CLI_USER) is used.
    type: str
    default: admin
  heketi_key:
    description:
      - The secret of O(heketi_user) (Heketi's C(jwt.admin.key)).
      - If not set, the environment variable E(HEKETI_CLI_KEY) is used.
    type: str
    required: true
  validate_certs:
    description: Whether Heketi's certificate is verified when O(heketi_url) is an C(https) one.
    type: bool
    default: true
  ca_path:
    description: A file with the CA certificates to verify Heketi's certificate with, instead of the system's.
    type: path
  request_timeout:
    description: How long a single request may take, in seconds.
    type: int
    default: 30
  operation_timeout:
    description:
      - How long an operation (create, expand, delete) may take, in seconds.
      - Heketi itself tries a failing create five times.
    type: int
    default: 3600
  poll_interval:
    description:
      - The longest pause between two questions whether an operation has ended, in seconds.
        While an operation has not taken long yet, pauses are shorter.
    type: float
    default: 1.0
  unreachable_timeout:
    description:
      - How long Heketi is waited for while it cannot be reached, in seconds. A line on stderr says so meanwhile.
      - Only what surely changed nothing is sent again. With V(0) nothing is.
    type: int
    default: 120
    version_added: "0.2.0"
requirements:
  - requests
attributes:
  action_group:
    description: Use C(group/glusterops.shares.heketi) in C(module_defaults) to set the connection options once.
    support: full
    membership:
      - glusterops.shares.heketi
"""
