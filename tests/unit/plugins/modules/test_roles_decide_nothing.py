# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

ROLES = pathlib.Path(__file__).parents[4] / "roles"
# shares has a reason, which stands at its top.
LONGEST = {"shares": 100}


def test_no_role_has_a_program_in_jinja() -> None:
    """YAML fans out, passes on and merges. What decides is Python, with tests."""
    files = sorted(ROLES.glob("*/*/*.yml"))
    assert len(files) > 40
    assert [str(file) for file in files if "{%" in file.read_text(encoding="utf-8")] == []


def test_variables_of_roles_are_few() -> None:
    lengths = {file.parts[-3]: len(file.read_text().splitlines()) for file in ROLES.glob("*/vars/main.yml")}
    assert len(lengths) > 5
    assert {role: length for role, length in lengths.items() if length > LONGEST.get(role, 60)} == {}
