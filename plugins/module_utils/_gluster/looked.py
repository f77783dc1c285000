# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What a machine told a moment ago, and what still has to be asked; decided on the control node."""

from __future__ import annotations

import typing as t

# Seconds for which it may be used again.
KEPT = 300.0
LOOKED = "looked"
_DEFAULT = ("version", "peers", "volumes")
# What is said of the task, and not of the machine.
_RESULT = {
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


def parts_of(gather: t.Any) -> list[str]:
    """The parts that the option asks for, as Ansible reads a list."""
    if gather is None:
        return list(_DEFAULT)
    return [part.strip() for part in gather.split(",")] if isinstance(gather, str) else list(gather)


def still_known(known: t.Mapping[str, t.Any] | None, identities: t.Sequence[t.Any], now: float) -> dict[str, t.Any]:
    """What the earlier answer told, if it is not too old. identities: those that the caller asks for."""
    if not known or not 0 <= now - known.get(LOOKED, 0) <= KEPT:
        return {}
    # What could not be told then is asked again.
    found = {part: value for part, value in known.items() if part not in _RESULT and value is not None}
    if identities and _names(found.get("identities", ())) != _names(identities):
        found.pop("identities", None)
    return found


def with_wanted(identities: t.Iterable[t.Mapping[str, t.Any]], observed: t.Sequence[t.Any] | None) -> list[t.Any]:
    """What was observed of each identity, beside what is wanted: the names are ours, not the machine's to choose."""
    wanted = [
        {
            "common_name": one["common_name"],
            "scope": one.get("scope", "machine"),
            "key_type": one.get("key_type", "ecdsa-p256"),
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
    return [(one["common_name"], one.get("scope", "machine")) for one in identities]
