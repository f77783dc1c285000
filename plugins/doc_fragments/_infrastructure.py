# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # What filters are given that decide about identities.
    DOCUMENTATION = r"""
options:
  infrastructure:
    description:
      - Who may mount every share. Two pairs, of servers and of management hosts, each of what their identities begin
        with, and the machines whose names follow.
    type: list
    elements: list
    required: true
"""
