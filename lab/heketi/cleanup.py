# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clearing up after operations that did not end."""

from __future__ import annotations

import contextlib
import typing as t

from .evict import BrickEvict, DeviceRemove
from .executor import CommandError
from .operations import (
    ADD_BRICK,
    CREATE_VOLUME,
    DELETE_BRICK,
    DELETE_VOLUME,
    EVICT_BRICK,
    EXPAND_VOLUME,
    REMOVE_DEVICE,
    Busy,
    Heketi,
    OperationError,
)
from .state import PENDING, Entry, Lost
from .volumes import undo_expand, undo_volume


def clean(heketi: Heketi, wanted: t.Collection[str] = ()) -> None:
    """Undo stale and failed operations (finish it, for a delete). What fails is left, and nobody is told."""
    heketi.tracker.start_cleaning()
    try:
        with heketi.store.view() as tx:
            left = [key for key, entry in tx.items(PENDING) if entry["Status"] in ("stale", "failed")]
        for key in left:
            with heketi.store.view() as tx:
                entry = tx.find(PENDING, key)
            # None when it went with the operation it was part of.
            if entry is not None and (not wanted or key in wanted):
                with contextlib.suppress(CommandError, OperationError, Lost):
                    _clean_one(heketi, entry)
    finally:
        heketi.tracker.stop_cleaning()


def clean_in_background(heketi: Heketi) -> None:
    with contextlib.suppress(Busy):  # somebody else is at it, or there is too much to do: the next round comes
        clean(heketi)


def _clean_one(heketi: Heketi, entry: Entry) -> None:
    """Clones are left: they cannot be loaded from their records."""
    if entry["Type"] == EVICT_BRICK:
        BrickEvict.load(heketi, entry).rollback()
    elif entry["Type"] == REMOVE_DEVICE:
        DeviceRemove.load(heketi, entry).rollback()
    elif entry["Type"] in (CREATE_VOLUME, DELETE_VOLUME, EXPAND_VOLUME):
        bricks = [action["Id"] for action in entry["Actions"] if action["Change"] in (ADD_BRICK, DELETE_BRICK)]
        volume = next(a["Id"] for a in entry["Actions"] if a["Change"] not in (ADD_BRICK, DELETE_BRICK))
        undo = undo_expand if entry["Type"] == EXPAND_VOLUME else undo_volume
        undo(heketi, entry["Id"], volume, bricks)
