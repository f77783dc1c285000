# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import re
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput

GIB = 1024**3

_FACTORS = {"K": 1024, "M": 1024**2, "G": GIB, "T": 1024**4, "P": 1024**5}
_SIZE = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,6}))? ?([KMGTP])(?:i?B)?", re.ASCII | re.IGNORECASE)


def check_number(value: t.Any, least: float, most: float, what: str, unit: str = "") -> None:
    """BadInput unless the value is a number in this range. To Ansible, true and false are numbers, too."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise BadInput(f"{what} {value!r} must be from {least} to {most}{unit}.")


def parse_size(value: str, what: str = "size") -> int:
    """Bytes of a size such as V(100G), V(1.5T) or V(512MiB). Units are powers of 1024 and never optional.

    Raises BadInput for anything else, and for sizes below one byte.
    """
    match = _SIZE.fullmatch(value.strip(" ")) if isinstance(value, str) else None
    if not match:
        raise BadInput(f"{what} {value!r} is not a size: write a number and K, M, G, T or P, as in '100G'.")
    whole, fraction, unit = match.groups()
    factor = _FACTORS[unit.upper()]
    size = int(whole) * factor
    if fraction:
        size += int(fraction) * factor // 10 ** len(fraction)
    if size < 1:
        raise BadInput(f"{what} {value!r} must be more than nothing.")
    return size


def parse_bytes(value: t.Any, what: str = "size") -> int:
    """Bytes of a size as parse_size() has it, or of a whole number of them, as text or not. Raises BadInput."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    if isinstance(value, str) and re.fullmatch("[1-9][0-9]{0,18}", value, re.ASCII):
        return int(value)
    return parse_size(value, what)


def format_size(size: int) -> str:
    """The shortest exact way to write bytes: V(100G), or V(1000B) when no unit divides it."""
    for unit, factor in reversed(list(_FACTORS.items())):
        if size >= factor and size % factor == 0:
            return f"{size // factor}{unit}"
    return f"{size}B"
