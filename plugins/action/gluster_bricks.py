# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.glusterops.shares.plugins.plugin_utils.there import ThereAction


class ActionModule(ThereAction):
    """Takes from the answer what would be more than an answer."""
