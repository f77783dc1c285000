# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What a machine told a moment ago, and what still has to be asked; decided on the control node."""

from __future__ import annotations

import hashlib
import json
import typing as t

# Seconds for which it may be used again.
KEPT = 300.0
LOOKED = "looked"
# Of what was declared when it was compared.
DECLARED = "compared"
# What is said of the task, and not of the machine.
_RESULT = {
    "ansible_facts",
    "changed",
    "changes",
    "diff",
    "error",
    "failed",
    "failed_when_result",
    "invocation",
    "msg",
    "problems",
    "unreachable",
}


def still_known(
    known: t.Mapping[str, t.Any] | None,
    identities: t.Sequence[t.Any],
    now: float,
    declared: str | None = None,
    storage: t.Collection[str] = (),
) -> dict[str, t.Any]:
    """What the earlier answer told, if it is not too old. identities, declared, storage: what the caller asks for,
    declared as its digest."""
    if not known or not 0 <= now - known.get(LOOKED, 0) <= KEPT:
        return {}
    # What could not be told then is asked again.
    found = {part: value for part, value in known.items() if part not in _RESULT and value is not None}
    if identities and _names(found.get("identities", ())) != _names(identities):
        found.pop("identities", None)
    if not {*storage} <= {place["path"] for place in found.get("storage", ())}:
        found.pop("storage", None)
    if found.get(DECLARED) != declared:
        found.pop("differing", None)
        found.pop("free", None)
        found.pop("denied", None)
        found.pop(DECLARED, None)
    return found


def digest(declared: t.Any) -> str | None:
    """Says whether shares were compared with the same declaration. None if nothing is declared."""
    if not declared:
        return None
    return hashlib.sha256(json.dumps(declared, sort_keys=True, default=str).encode()).hexdigest()


def with_wanted(identities: t.Iterable[t.Mapping[str, t.Any]], observed: t.Sequence[t.Any] | None) -> list[t.Any]:
    """What was observed of each identity, beside what is wanted: the names are ours, not the machine's to choose."""
    wanted = [
        {
            "common_name": str(one["common_name"]),
            "scope": str(one.get("scope", "machine")),
            "key_type": str(one.get("key_type", "ecdsa-p256")),
        }
        for one in identities
    ]
    seen = list(observed or ())
    return [dict(one, observed=seen[at] if len(seen) == len(wanted) else None) for at, one in enumerate(wanted)]


def clock(before: float, began: float, ended: float, after: float) -> dict[str, float]:
    """By how many seconds a machine's clock is ahead of ours, and how uncertain that is.

    It looked at its own clock at began and ended; before and after that we looked at ours.
    """
    most, least = began - before, ended - after
    return {"ahead": round((most + least) / 2, 3), "uncertainty": round(max(most - least, 0.0) / 2, 3)}


def _names(identities: t.Iterable[t.Mapping[str, t.Any]]) -> list[tuple[str, str]]:
    return [(str(one["common_name"]), str(one.get("scope", "machine"))) for one in identities]
