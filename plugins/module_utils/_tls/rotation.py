# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import dataclasses
import datetime

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._tls.certificates import (
    common_name_of,
    end,
    fingerprint,
    iso,
)
from ansible_collections.glusterops.shares.plugins.module_utils._tls.record import Record, next_name

# In the order in which they are reached. FINISHED leaves no trace: then there is one CA again.
MADE, TRUSTED, ISSUING, FINISHED = STAGES = ("made", "trusted", "issuing", "finished")
_STATES = {TRUSTED: ("signing", "trusted"), ISSUING: ("previous", "signing")}


@dataclasses.dataclass(frozen=True)
class New:
    """An authority that is still to be made."""

    name: str
    state: str
    common_name: str


def plan(
    record: Record | None, path: str, wanted: str, common_name: str, force: bool, now: datetime.datetime
) -> tuple[list[Change], Record | None, New | None]:
    """The changes, the record at the wanted stage but for an authority that is still to be made, and that."""
    stage = record.stage if record else None
    if record and wanted != FINISHED and stage != ISSUING and _has_ended(record, now):
        return _replace_ended(record, path, common_name, stage)
    if record is None or stage is None:
        if wanted == FINISHED:
            return [], record, None
        if record is None or wanted != MADE:
            before = "there is no CA yet" if record is None else "no rotation is under way"
            raise Conflict(f"rotation {wanted!r} cannot be reached in {path!r}, because {before}.")
        new = New(next_name(record), "next", _free_name(record, common_name))
        return [Change(path, "rotation", "none", MADE)], record, new
    if STAGES.index(wanted) <= STAGES.index(stage):
        return [], record, None
    if STAGES.index(wanted) > STAGES.index(stage) + 1:
        raise Conflict(
            f"rotation {wanted!r} cannot be reached in {path!r}, because it is only {stage!r} yet:"
            f" {STAGES[STAGES.index(stage) + 1]!r} comes first."
        )
    old, new_one = record.authorities
    if wanted != TRUSTED and not force:
        _check_handed_over(record, old.name, new_one.name, wanted, now)
    if wanted == FINISHED:
        # What the old CA signed counts no more; only what was revoked must never be forgotten.
        entries = tuple(entry for entry in record.entries if entry["ca"] != old.name or "revoked" in entry)
        unseen = tuple(one for one in record.unseen if one["ca"] != old.name)
        retired = (*record.retired, fingerprint(old.certificate))
        after = dataclasses.replace(record, authorities=(new_one,), entries=entries, unseen=unseen, retired=retired)
    else:
        states = zip(record.authorities, _STATES[wanted])
        authorities = tuple(dataclasses.replace(authority, state=state) for authority, state in states)
        after = dataclasses.replace(record, authorities=authorities)
    return [Change(path, "rotation", stage, wanted)], after, None


def _has_ended(record: Record, now: datetime.datetime) -> bool:
    return bool(record.signing and end(record.signing.certificate) <= now)


def _replace_ended(
    record: Record, path: str, common_name: str, stage: str | None
) -> tuple[list[Change], Record, New | None]:
    """Nobody is connected with what it signed, so the new CA signs at once."""
    changes = [Change(path, "rotation", stage or "none", ISSUING)]
    old = dataclasses.replace(record.authorities[0], state="previous")
    if stage is None:
        new = New(next_name(record), "signing", _free_name(record, common_name))
        return changes, dataclasses.replace(record, authorities=(old,)), new
    new_one = dataclasses.replace(record.authorities[1], state="signing")
    return changes, dataclasses.replace(record, authorities=(old, new_one)), None


def _free_name(record: Record, common_name: str) -> str:
    """A name that tells the new CA from the present one, and in general from those before."""
    number = int(next_name(record).rpartition("-")[2])
    name = common_name
    present = [common_name_of(authority.certificate) for authority in record.authorities]
    if any(other == common_name or _numbered(other, common_name) for other in present):
        while (name := f"{common_name} {number}") in present:
            number += 1
    if len(name) > 64:
        raise BadInput(f"common_name {common_name!r} has no room for the new CA's number {number}: give a shorter one.")
    return name


def _numbered(name: str, common_name: str) -> bool:
    head, space, number = name.rpartition(" ")
    return head == common_name and number.isdigit()


def _check_handed_over(record: Record, old: str, new: str, wanted: str, now: datetime.datetime) -> None:
    """Refused while a tenant that nobody manages has nothing but certificates of the old CA."""
    names: dict[str, set[str]] = {old: set(), new: set()}
    for entry in record.entries:
        if entry.get("delivered") and "revoked" not in entry and entry["not_after"] > iso(now):
            names.setdefault(entry["ca"], set()).add(entry["common_name"])
    left = sorted(names[old] - names[new])
    if left:
        raise Refused(
            f"rotation {wanted!r} would lock out {', '.join(left)}, who have nothing but certificates of the old CA:"
            " issue new ones with gluster_tls_tenants and hand them over, revoke them, or set force.",
            locked_out=left,
        )


def told(record: Record, new: New | None) -> str | None:
    """The stage that is told; a CA that is still to be made counts."""
    if new and record.authorities:
        return MADE if new.state == "next" else ISSUING
    return record.stage
