# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail

try:
    import jmespath
except ImportError:
    jmespath = None


def compiled(query: t.Any) -> t.Callable[[t.Any], t.Any] | None:
    """What selects a JMESPath expression's values, on the control node, so that servers need no jmespath."""
    if query is None:
        return None
    if jmespath is None:
        raise AnsibleActionFail("query needs the Python library jmespath on the control node.")
    try:
        expression = jmespath.compile(str(query))
    except jmespath.exceptions.JMESPathError as exc:
        raise AnsibleActionFail(f"query is not a JMESPath expression: {exc}") from exc

    def search(found: t.Any) -> t.Any:
        try:
            return expression.search(found)
        except jmespath.exceptions.JMESPathError as exc:
            raise AnsibleActionFail(f"query cannot be evaluated: {exc}") from exc

    return search
