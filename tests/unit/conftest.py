# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from hypothesis import settings

# How long an example takes says more of what else the machine does.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
