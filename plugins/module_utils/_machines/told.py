# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What a machine told, read for those who decide on the control node for all of them.

It may be anything: what cannot be understood is not known, and no other machine's trouble.
"""

from __future__ import annotations

import contextlib
import typing as t

# How a server calls itself.
ITSELF = "localhost"


def whatever_it_told() -> contextlib.suppress:
    """Around what reads an answer."""
    return contextlib.suppress(ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def word(value: t.Any) -> str:
    """The value, or ValueError."""
    if not isinstance(value, str):
        raise ValueError(value)
    return value


class Pool(t.NamedTuple):
    """The trusted pool of a server. names: by UUID, by which name it knows each member, itself as ITSELF."""

    uuid: str
    names: t.Mapping[str, str]


def pool(told: t.Any) -> Pool | None:
    """The pool that it told of as C(peers), None if it did not."""
    with whatever_it_told():
        names = {word(peer["uuid"]): word(peer["hostname"]) for peer in told["peers"]}
        (own,) = (uuid for uuid, name in names.items() if name == ITSELF)
        return Pool(own, names)
    return None


def pools(looks: t.Mapping[str, t.Any]) -> dict[str, Pool]:
    """By server that told of it."""
    return {host: its for host, its in ((host, pool(told)) for host, told in looks.items()) if its}


def identity(told: t.Any) -> t.Mapping[str, t.Any]:
    """What it told of its certificate, nothing if it has none."""
    found = told.get("identity") if isinstance(told, t.Mapping) else None
    return found if isinstance(found, t.Mapping) else {}


def common_name(told: t.Any) -> str | None:
    """Of its certificate."""
    name = identity(told).get("common_name")
    return name if isinstance(name, str) else None


def why_not(told: t.Any, part: str) -> str:
    """Why it did not tell that, as the end of a sentence."""
    with whatever_it_told():
        why = told.get("msg") or (told.get("problems") or {}).get(part)
        return word(why).strip().rstrip(".?")
    return "it told nothing"


def twice(looks: t.Mapping[str, t.Any]) -> list[str]:
    """All names under which a run has servers that it has under several."""
    names: dict[str, list[str]] = {}
    for host, its in pools(looks).items():
        names.setdefault(its.uuid, []).append(host)
    return [host for hosts in names.values() if len(hosts) > 1 for host in hosts]
