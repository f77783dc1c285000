# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from action_plugin import Asked
from ansible_collections.glusterops.shares.plugins.action.gluster_heketi_info import ActionModule


@pytest.mark.parametrize(
    "arguments", [{}, {"url": "http://h", "key": "k"}, {"gather": ["clusters", "nodes"]}, {"gather": "clusters"}]
)
def test_only_the_query_is_evaluated_here(arguments: dict[str, t.Any]) -> None:
    # Whoever names the file reads its lines.
    arguments = {**arguments, "progress_file": "/nowhere/lines"}
    asked = Asked(clusters=[{"id": "c", "nodes": []}], volumes=[{"name": "v", "id": "1"}])
    found = asked.run(ActionModule, **arguments)
    assert asked.calls == [arguments] and found["clusters"] == [{"id": "c", "nodes": []}]
    found = asked.run(ActionModule, query="volumes[].name", **arguments)
    assert asked.calls == [arguments] * 2 and found == {"changed": False, "result": ["v"]}
