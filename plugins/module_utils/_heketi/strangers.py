# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Which of the servers that only Heketi knows may be taken up as servers, for they get a server's identity."""

from __future__ import annotations

import ipaddress
import re
import typing as t

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,252}[A-Za-z0-9])?", re.ASCII)
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]{1,15})?", re.ASCII)
# A name whose last part is a number is an address to those who look it up, however it is written.
_NUMBER = re.compile(r"(.*\.)?([0-9]+|0[xX][0-9A-Fa-f]*)", re.ASCII)
_HERE = re.compile(r"(.*[.-])?(localhost|loopback)[0-9]*(\.localdomain[0-9]*)?", re.ASCII | re.IGNORECASE)

_NEITHER = "Heketi has a server {!r}, which is neither a host name nor an address."


def problems(names: t.Iterable[t.Any], inventory: t.Iterable[str]) -> list[str]:
    """Why some must not be, a sentence each. inventory: all that it has."""
    known = {name.lower() for name in inventory}
    return [sentence for name in names if (sentence := _problem(name, known))]


def no_name(name: t.Any) -> str | None:
    """What is wrong with how Heketi calls a server, for those who log in to it: ssh, or a template, would take some
    texts for more than a name."""
    good = _address(name) or isinstance(name, str) and _NAME.fullmatch(name)
    return None if good else _NEITHER.format(str(name)[:80])


def _problem(name: t.Any, known: t.Container[str]) -> str | None:
    address = _address(name)
    if no_name(name) or not address and _NUMBER.fullmatch(name):
        return _NEITHER.format(str(name)[:80])
    if _is_here(address) if address else _HERE.fullmatch(name):
        return f"Heketi has a server {name!r}, which is whatever machine one is on."
    if name.lower() in known:
        return f"Heketi has {name!r} as a server, and the inventory as something else."
    return None


def _is_here(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    found = getattr(address, "ipv4_mapped", None) or address
    return found.is_loopback or found.is_unspecified


def _address(name: t.Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    # In the zone of an address Python allows any text.
    if not (isinstance(name, str) and _ADDRESS.fullmatch(name)):
        return None
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
