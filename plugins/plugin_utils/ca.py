# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.glusterops.shares.plugins.plugin_utils.here import HereAction


class CaAction(HereAction):
    """An action of the CA's host, to which one machine's task is delegated."""

    def ask(self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """The module's return values. That the host cannot be reached is its own failure, not the delegating one's."""
        try:
            return super().ask(arguments, task_vars)
        except AnsibleConnectionFailure as exc:
            host = self._task.delegate_to
            if not host:
                raise
            return {
                "failed": True,
                "msg": f"The CA host {host!r} (tls_ca_host) cannot be reached, so nothing was signed: {exc}",
            }
