# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Which of the servers that only Heketi knows may be taken up as servers, for they get a server's identity."""

from __future__ import annotations

import ipaddress
import re
import typing as t

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?", re.ASCII)


def problems(names: t.Iterable[t.Any], inventory: t.Iterable[str]) -> list[str]:
    """Why some must not be, a sentence each. inventory: all that it has."""
    known = {name.lower() for name in inventory}
    return [sentence for name in names if (sentence := _problem(name, known))]


def _problem(name: t.Any, known: t.Container[str]) -> str | None:
    address = _address(name)
    if address is None and not (isinstance(name, str) and _NAME.fullmatch(name)):
        return f"Heketi has a server {str(name)[:80]!r}, which is neither a host name nor an address."
    if name.lower() in ("localhost", "localhost.localdomain") or address and address.is_loopback:
        return f"Heketi has a server {name!r}, which is whatever machine one is on."
    if name.lower() in known:
        return f"Heketi has {name!r} as a server, and the inventory as something else."
    return None


def _address(name: t.Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name) if isinstance(name, str) else None
    except ValueError:
        return None
