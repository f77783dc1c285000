# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Which series of snapshots are renewed, and by which servers, once all have looked; decided on the control node."""

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._machines.told import whatever_it_told, why_not, word

_Values = t.Mapping[str, t.Any]


def declared(shares: t.Iterable[_Values], default: _Values) -> list[dict[str, t.Any]]:
    """The series of the shares. default: what one is that does not say; that says how many to keep, or how long, takes
    neither from there."""
    return [
        {"name": share["name"], **{key: value for key, value in default.items() if key not in _said(one)}, **one}
        for share in shares
        for one in share.get("snapshots") or ()
    ]


_KEPT = {"keep", "keep_for"}


def _said(series: _Values) -> set[str]:
    return {*series, *(_KEPT if _KEPT & set(series) else ())}


def divide(
    series: t.Sequence[_Values], locations: t.Mapping[str, _Values], looks: t.Mapping[str, _Values]
) -> dict[str, t.Any]:
    """By server, the series that it has to renew (C(todo)), and why others are not renewed (C(problems)).

    locations: by share, the C(servers) of its cluster. looks: by server what gluster_snapshots returned there in check
    mode. Each server sees its own thin pools only, so a series is renewed where all that have bricks of the share have
    looked and found nothing against it.
    """
    todo: dict[str, list[_Values]] = {}
    problems: list[str] = []
    unseen: dict[str, list[str]] = {}
    for one in series:
        share = one["name"]
        if share not in locations:
            problems.append(f"Share {share} is on none of the clusters.")
            continue
        servers = locations[share]["servers"]
        lookers = [name for name in servers if _looked(looks.get(name))]
        reasons = [reason for name in lookers for reason in _against(one, looks[name])]
        missing = _missing(share, [looks[name] for name in lookers])
        if missing:
            for name in servers:
                if name not in lookers:
                    unseen.setdefault(name, []).append(share)
        if lookers and not reasons and not missing:
            todo.setdefault(lookers[0], []).append(one)
        if missing and len(lookers) == len(servers):
            reasons.append(f"Share {share} has bricks on servers that are not in the inventory's group of its cluster.")
        problems += reasons
    problems += [
        f"{name}: {_why(looks.get(name))}. So there are no new snapshots of {_some(sorted(set(shares)))}, which may"
        " have bricks there."
        for name, shares in unseen.items()
    ]
    return {"todo": todo, "problems": list(dict.fromkeys(problems))}


def problems(decided: _Values, made: t.Mapping[str, t.Any]) -> list[str]:
    """What went wrong, in sentences. decided: what divide() returned; made: by server, what gluster_snapshots did."""
    found = [*decided["problems"], *(problem for host in decided["todo"] for problem in _failed(host, made.get(host)))]
    return list(dict.fromkeys(found))


def _failed(host: str, its: t.Any) -> list[str]:
    with whatever_it_told():
        if "failures" in its:
            return [word(failure["msg"]) for failure in its["failures"]]
        if "snapshots" in its and "msg" not in its:
            return []
    return [f"{host}: {why_not(its, 'snapshots')}."]


_MOST = 6


def _some(names: t.Sequence[str]) -> str:
    """The first of many names, and how many more there are."""
    rest = len(names) - _MOST
    return ", ".join(names[:_MOST]) + (f" and {rest} more" if rest > 0 else "")


def _looked(look: _Values | None) -> bool:
    return look is not None and "snapshots" in look


def _against(series: _Values, look: _Values) -> list[str]:
    """What the server has against it."""
    return [
        str(failure["msg"])
        for failure in look.get("failures") or ()
        if (failure["share"], failure["prefix"]) == (series["name"], series["prefix"])
    ]


def _missing(share: str, looks: t.Sequence[_Values]) -> bool:
    """Whether a server with bricks of the share has not looked. Without any that has, nobody knows."""
    seen = {look.get("server") for look in looks}
    return not looks or any(not seen.issuperset(look.get("bricks", {}).get(share, ())) for look in looks)


def _why(look: _Values | None) -> str:
    return str((look or {}).get("msg") or "it is not in this run").strip().rstrip(".?")
