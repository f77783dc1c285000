# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from harness import NAME, Lab, lab_up


@pytest.fixture(scope="session")
def lab() -> t.Iterator[Lab]:
    """Three servers in a pool, and three hosts. Nobody has an identity."""
    with lab_up(NAME, "--no-heketi") as lab:
        yield lab
