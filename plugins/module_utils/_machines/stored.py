# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Whom a server's bricks let in, by what it has stored itself, short enough to be compared for thousands of volumes."""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._gluster.glusterd import GLUSTERD, all_stored_options

# What decides who gets in.
DECIDING = (
    "auth.ssl-allow",
    "client.ssl",
    "server.ssl",
    "server.dynamic-auth",
    "auth.allow",
    "auth.reject",
    "ssl.crl-path",
    "features.uss",
)
_DIGITS = 8


def stored(glusterd: str = GLUSTERD) -> dict[str, str | None]:
    """By volume, digests of the options that decide who gets in. None where the server's file cannot be read."""
    return {
        name: None if options is None else digests(options) for name, options in all_stored_options(glusterd).items()
    }


def digests(options: t.Mapping[str, str]) -> str:
    """One of each option, nothing for one that is not set."""
    return ".".join(_digest(options[option]) if option in options else "" for option in DECIDING)


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:_DIGITS]


def differing(one: str, other: str) -> list[str]:
    """The options that differ, of two volumes' digests."""
    pairs = zip(DECIDING, one.split("."), other.split("."))
    return [option for option, its, others in pairs if its != others]
