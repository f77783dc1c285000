# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import collections
import textwrap
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._checks.checks import CHECKS, checked
from ansible_collections.glusterops.shares.plugins.module_utils._checks.finding import ERROR, WARNING, some

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._checks.finding import Finding
    from ansible_collections.glusterops.shares.plugins.module_utils._checks.scene import Scene

# Columns: of all, of the names' column, and of that where names are long.
_WIDTH, _WHERE, _LONGEST = 100, 24, 60


def table(scene: Scene, found: t.Sequence[Finding]) -> list[str]:
    """The findings as lines of plain text, and what was checked."""
    lines = []
    # Names that are longer than that are broken.
    names = [len(name) + 1 for finding in found for name in finding.where]
    across = max(_WHERE, min(max(names, default=0), _LONGEST))
    if found:
        lines = [_row("SEVERITY", "CHECK", "WHERE", across, "WHAT WAS FOUND, AND WHAT TO DO"), ""]
    for finding in found:
        where = textwrap.wrap(some(finding.where), across, break_on_hyphens=False)
        width = _WIDTH - len(_row("", "", "", _WHERE, "."))
        text = _wrap(finding.found + ".", width) + _wrap(finding.advice, width, "-> ")
        for number in range(max(len(where), len(text))):
            first = number == 0
            lines.append(
                _row(
                    finding.severity.upper() if first else "",
                    finding.what if first else "",
                    where[number] if number < len(where) else "",
                    across,
                    text[number] if number < len(text) else "",
                )
            )
        lines.append("")
    made = checked(scene)
    lines.append(_verdict(scene, found))
    lines += _wrap(f"Checked: {', '.join(made)}.", _WIDTH)
    left: dict[str, list[str]] = {}
    for what, check in CHECKS.items():
        if what not in made:
            left.setdefault(check.otherwise, []).append(what)
    reasons = "; ".join(f"{', '.join(those)} ({why})" for why, those in left.items())
    return lines + (_wrap(f"Not checked: {reasons}.", _WIDTH) if left else [])


def _row(severity: str, what: str, where: str, across: int, text: str) -> str:
    return f"{severity:8} {what:11} {where:{across}} {text}".rstrip()


def _wrap(text: str, width: int, mark: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=mark,
        subsequent_indent=" " * len(mark),
        break_on_hyphens=False,
        break_long_words=False,
    )


def _verdict(scene: Scene, found: t.Sequence[Finding]) -> str:
    counts = collections.Counter(finding.severity for finding in found)
    errors, warnings = (f"{counts[one]} {one}{'' if counts[one] == 1 else 's'}" for one in (ERROR, WARNING))
    asked = f"{len(scene.machines)} machines, {len(scene.servers)} of them servers"
    return f"{errors} and {warnings} on {asked}." if found else f"All is well on {asked}."
