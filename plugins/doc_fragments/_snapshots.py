# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Of modules that take identities off access lists.
    DOCUMENTATION = r"""
options:
  deactivate_snapshots:
    description:
      - Whether active snapshots that let in others than the share does may be deactivated, which ends their clients'
        sessions. A snapshot keeps the access list that its volume had when it was made.
      - Without it that is an error with their names, once all access lists are as they shall be.
    type: bool
    default: false
    version_added: "0.2.0"
"""
