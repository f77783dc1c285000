# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What a revocation on all clusters has come to; decided on the control node."""

from __future__ import annotations

import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._machines import told
from ansible_collections.glusterops.shares.plugins.module_utils._shares.placement import words

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
        if not told.pool(looks.get(host)):
            problems.append(f"{host} was not reached, so nobody knows whom its bricks let in: {_why(looks, host)}.")
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


def left(identities: t.Sequence[str], shares: t.Iterable[t.Any], problems: t.Sequence[str]) -> list[str]:
    """What is to be done after a revocation, in sentences; none if nothing is. shares: the declared ones."""
    again = [
        str(share.get("name"))
        for share in shares
        if isinstance(share, t.Mapping) and set(identities).intersection(words(share.get("identities") or ()))
    ]
    readmitting = (
        [
            f"{', '.join(again)} in shares_list still names it, so the next run would let it in again: take it out"
            " there."
        ]
        if again
        else []
    )
    found = [*readmitting, *problems]
    return [*found, "Run this again then."] if found else []


def _why(looks: t.Mapping[str, t.Any], host: str) -> str:
    return told.why_not(looks[host], "peers") if host in looks else "it is not in this run"


def _sentence(text: t.Any) -> str:
    return f"{str(text).strip().rstrip('.')}."
