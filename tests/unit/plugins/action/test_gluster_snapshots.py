# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time

from action_plugin import Asked
from ansible_collections.glusterops.shares.plugins.action.gluster_snapshots import ActionModule


def test_the_time_is_the_control_nodes() -> None:
    asked, before = Asked(), time.time()
    asked.run(ActionModule, shares=[])
    [sent] = asked.calls
    assert before <= sent["now"] <= time.time() and sent["shares"] == []
