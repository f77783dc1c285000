# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which parts gluster_info tells without another one that it could not find out."""

from __future__ import annotations

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import NotFound, Refused
from ansible_collections.glusterops.shares.plugins.modules.gluster_info import _may_lack


@pytest.mark.parametrize(
    "part, exc, gather, lacks",
    [
        # A mount of somebody else's that cannot be looked under.
        ("mounts", Refused("not permitted"), {"identities", "mounts"}, True),
        ("mounts", OSError("not connected"), {"identities", "mounts"}, True),
        ("mounts", Refused("not permitted"), {"mounts"}, False),
        ("peers", NotFound("no gluster"), {"machine", "peers"}, True),
        ("peers", NotFound("no gluster"), {"peers"}, False),
        ("identities", Refused("no"), {"machine", "identities"}, False),
        ("identities", OSError("no"), {"machine", "identities"}, False),
        ("volumes", OSError("no"), {"machine", "volumes"}, False),
    ],
)
def test_what_may_be_missing(part: str, exc: Exception, gather: set[str], lacks: bool) -> None:
    assert _may_lack(part, exc, gather) is lacks
