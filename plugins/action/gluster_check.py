# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.glusterops.shares.plugins.module_utils._checks import report
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError


class ActionModule(ActionBase):
    """Judges on the control node what machines told: no machine is asked."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        _validated, params = self.validate_argument_spec(argument_spec=report.SPEC)
        try:
            values = report.report(params, time.time())
        except GlusterOpsError as exc:
            values = dict(exc.details, failed=True, msg=str(exc), error=exc.kind)
        result.update(values, changed=False, changes=[])
        return result
