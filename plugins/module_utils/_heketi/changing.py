# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Single changes to Heketi's volumes, and finding out what became of those whose answer was lost."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    Conflict,
    GlusterOpsError,
    NotFound,
    OutcomeUnknown,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi import reading
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import HeketiClient
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.operations import (
    Operation,
    by_volume,
    on_volume,
    wait_for,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.volumes import Desired, Observed


def create(client: HeketiClient, want: Desired, seen: frozenset[str]) -> str:
    """Makes a volume: its id. seen are the ids of all volumes that were there before."""
    return _make(client, want.name, "/volumes", want.request(), seen)


def clone(client: HeketiClient, want: Desired, source: str, seen: frozenset[str]) -> str:
    """Makes a volume from a snapshot that Heketi takes for it of another, whose id is source: its id."""
    # As long as it is not finished, the operation shows its source only.
    return _make(client, want.name, f"/volumes/{source}/clone", {"name": want.name}, seen, t.cast(str, want.clone_of))


def _make(
    client: HeketiClient, name: str, path: str, request: dict[str, t.Any], seen: frozenset[str], *more_names: str
) -> str:
    try:
        return client.make(path, request).rpartition("/")[2]
    except OutcomeUnknown as why:
        with _reading_again(why):
            left = _left(client, name, *more_names)
            found = [volume for volume in reading.volumes(client, seen) if volume.name == name]
        if len(found) != 1:
            ids = ", ".join(volume.id for volume in found)
            raise _still_unknown(
                why, left, f"{ids} have this name now" if found else "it is not there: run again"
            ) from None
        return found[0].id


def expand(client: HeketiClient, want: Desired, planned: Observed) -> Observed:
    """Grows a volume to what is wanted. Heketi can only add, and loses track of two additions at once."""
    now = reading.volume(client, planned.id)
    if not now or now.size != planned.size:
        has = f"has {now.size} GiB" if now else "is gone"
        raise Conflict(
            f"It had {planned.size} GiB and {has} now: something else changes it at the same time. Run again."
        )
    others = on_volume(client, planned.id)
    if others:
        raise Conflict(f"Something else changes it at the same time (operation {others[0]}). Run again later.")
    try:
        adding = {"expand_size": want.allocated - now.size}
        volume = Observed.from_info(client.operate("POST", f"/volumes/{planned.id}/expand", adding))
    except OutcomeUnknown as why:
        with _reading_again(why):
            left = _left(client, want.name)
            found = reading.volume(client, planned.id)
        if left or not found or found.size == now.size:
            raise _still_unknown(why, left, "it has not grown: run again") from None
        volume = found
    others = on_volume(client, planned.id)
    if others or not volume.size == volume.capacity == want.allocated:
        with_what = f" (operation {others[0]})" if others else ""
        raise Conflict(
            f"Something else changed it while it was expanded{with_what}, and Heketi loses track of that: of the"
            f" {want.allocated}G asked for it says {volume.size}G, and its bricks hold {volume.capacity}G. Compare its"
            f" bricks in Heketi with those of 'gluster volume info {want.name}' before anything changes it again."
        )
    return volume


def delete(client: HeketiClient, planned: Observed) -> None:
    """Deletes a volume. That it is gone already is as good."""
    try:
        client.operate("DELETE", f"/volumes/{planned.id}")
    except NotFound:
        pass
    except OutcomeUnknown as why:
        with _reading_again(why):
            left = _left(client, planned.name)
            found = reading.volume(client, planned.id)
        if left or found:
            raise _still_unknown(why, left, "it is still there: run again") from None
    except GlusterOpsError as exc:
        if exc.kind != GlusterOpsError.kind:
            raise
        raise GlusterOpsError(
            f"{exc} Heketi stops a volume before it deletes it: it may be stopped now.", **exc.details
        ) from None


def _left(client: HeketiClient, *names: str) -> Operation | None:
    """What has still not ended on the volumes of these names, after waiting for it."""
    left = by_volume(wait_for(client, names)[1])
    return next((left[name] for name in names if name in left), None)


@contextlib.contextmanager
def _reading_again(why: OutcomeUnknown) -> t.Iterator[None]:
    """Around the reading that shall tell the outcome."""
    try:
        yield
    except GlusterOpsError as exc:
        raise OutcomeUnknown(f"{why} Reading again failed, too: {exc}", **why.details) from None


def _still_unknown(why: OutcomeUnknown, left: Operation | None, found: str) -> OutcomeUnknown:
    """What to say when reading again has not shown it done."""
    seen = f"Heketi has not ended {left}" if left else f"Read again, {found}"
    return OutcomeUnknown(f"{why} {seen}.", **why.details)
