# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Facts of machines that would say what our roles do: they take precedence over the inventory's variables."""

from __future__ import annotations

import re
import typing as t

# How the variables of our roles begin.
_OURS = re.compile(
    "__|(check|glusterops|look|management_tls|mounts|remove_share|revoke|servers|shares|snapshots|tls|topology)_"
)


def like_ours(facts: t.Any) -> list[str]:
    """The names of those facts that are named like a variable of ours."""
    return sorted(name for name in map(str, facts or ()) if _OURS.match(name))
