# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import contextlib
import os

from ansible_collections.glusterops.shares.plugins.module_utils._lock import locked

DIRECTORY = "/run/glusterops-shares"


def held(name: str, directory: str = DIRECTORY) -> contextlib.AbstractContextManager[None]:
    """Keeps other runs on this machine from changing the volume or file of that name."""
    return locked(os.path.join(directory, name + ".lock"), timeout=300.0)
