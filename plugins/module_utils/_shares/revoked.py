# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What a revocation on all clusters has come to; decided on the control node."""

from __future__ import annotations

import typing as t

_Values = t.Mapping[str, t.Any]


def outcome(
    clusters: t.Sequence[str],
    groups: t.Mapping[str, t.Sequence[str]],
    looks: t.Mapping[str, _Values],
    chosen: _Values,
    said: t.Mapping[str, _Values],
) -> dict[str, list[str]]:
    """Why the identities must not be revoked at all (C(refused)), and what could not be done, or is not known
    (C(problems)), in sentences.

    looks: by server in the run, what it told of itself. chosen: what the filter C(choose_workers) returned. said: by
    server that worked, what gluster_revoke returned there.
    """
    refused, problems = [], []
    for host in dict.fromkeys(host for cluster in clusters for host in groups.get(cluster, ())):
        # Through the others of its cluster all lists were changed, but nobody has seen what its own bricks go by.
        if not (looks.get(host) or {}).get("peers"):
            problems.append(f"{host} was not reached, so nobody knows whom its bricks let in: {_why(looks.get(host))}.")
    for cluster, worker in chosen["workers"].items():
        its = said.get(worker) or {}
        if its.get("error") == "bad_input":
            refused.append(str(its["msg"]))
        elif its.get("msg"):
            problems.append(f"{cluster}: {_sentence(its['msg'])}")
        elif "shares" not in its:
            problems.append(f"{cluster}: {worker} was to deny them, and said nothing.")
    problems += [chosen["problem"]] if chosen["problem"] else []
    return {"refused": list(dict.fromkeys(refused)), "problems": problems}


def _why(look: _Values | None) -> str:
    if look is None:
        return "it is not in this run"
    why = look.get("msg") or (look.get("problems") or {}).get("peers") or "it told nothing"
    return str(why).strip().rstrip(".?")


def _sentence(text: t.Any) -> str:
    return f"{str(text).strip().rstrip('.')}."
