# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail

# With these, and others named after them, each machine goes its own way, and what is to be done once is done by each.
_APART = ("free", "host_pinned")


def check_whole(task: t.Any, task_vars: t.Mapping[str, t.Any]) -> None:
    """AnsibleActionFail unless all machines of the play do the task together."""
    strategy = _strategy(task)
    if strategy.endswith(_APART):
        raise AnsibleActionFail(
            f"This cannot be played with 'strategy: {strategy}': what one machine does depends on what all have told."
            " Say 'strategy: ansible.builtin.linear' in the play. Nothing was changed."
        )
    batch = set(task_vars.get("ansible_play_batch") or ())
    missing = sorted(set(task_vars.get("ansible_play_hosts") or ()) - batch) if batch else []
    if missing:
        raise AnsibleActionFail(
            f"{', '.join(missing)} are not in this batch ('serial'), but all machines of the play are needed together,"
            " because they must trust each other. Play it without 'serial'. Nothing was changed."
        )


def _strategy(task: t.Any) -> str:
    """The play's, which the blocks around the task know."""
    around = getattr(task, "_parent", None)
    while around is not None:
        play = getattr(around, "_play", None)
        if play is not None:
            return str(play.strategy)
        around = getattr(around, "_parent", None)
    return ""
