# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.survey import clock

try:
    import jmespath
except ImportError:
    jmespath = None


class ActionModule(ActionBase):
    """Runs the module on the server and the query here, so that servers need no jmespath.

    Compares the machine's clock with that of the control node, too.
    """

    _supports_check_mode = True
    _requires_connection = True

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        query = arguments.pop("query", None)
        expression = None
        if query is not None:
            if jmespath is None:
                raise AnsibleActionFail("query needs the Python library jmespath on the control node.")
            try:
                expression = jmespath.compile(str(query))
            except jmespath.exceptions.JMESPathError as exc:
                raise AnsibleActionFail(f"query is not a JMESPath expression: {exc}") from exc
        before = time.time()
        found = self._execute_module(module_args=arguments, task_vars=task_vars)
        after = time.time()
        looked = (found.get("machine") or {}).get("clock")
        if looked:
            found["machine"]["clock"] = clock(before, looked["began"], looked["ended"], after)
        if expression is not None and not found.get("failed"):
            try:
                selected = expression.search(found)
            except jmespath.exceptions.JMESPathError as exc:
                raise AnsibleActionFail(f"query cannot be evaluated: {exc}") from exc
            # Of thousands of volumes nobody wants to see more than was asked for.
            found = {"changed": False, "result": selected}
        result.update(found)
        return result
