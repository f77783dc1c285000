# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import re
import string
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput

# glusterd's store crashes on an option value of about 4085 bytes.
MAX_ACCESS_LIST = 4000

COMMON_NAME = frozenset(f"{string.ascii_letters}{string.digits}._-")
_COMMON_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_PATTERN = re.compile(r"[A-Za-z0-9._*-]{2,64}", re.ASCII)
# Heketi puts both into a shell command on a server, unquoted: nothing that a shell takes for more than a letter.
_OPTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_VALUE = re.compile(r"-?[A-Za-z0-9@%+=:,./_][A-Za-z0-9@%+=:,./_-]*", re.ASCII)
_VOLUME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,127}", re.ASCII)


def check_common_name(value: t.Any, what: str = "identity") -> str:
    """The value if it may be a certificate's CN, else BadInput. Gluster matches CNs as globs, so no * ? [ ]."""
    if not isinstance(value, str) or not _COMMON_NAME.fullmatch(value):
        raise BadInput(f"{what} {value!r} is not a valid name: 1 to 64 of A-Z a-z 0-9 . _ and -.")
    return value


def check_pattern(value: t.Any, what: str = "infrastructure identity") -> str:
    """The value if it is a CN or a CN with * in it (not * alone, nor nothing but * and punctuation)."""
    if isinstance(value, str) and "*" not in value:
        return check_common_name(value, what)
    if not isinstance(value, str) or not _PATTERN.fullmatch(value) or not re.search("[A-Za-z0-9]", value):
        raise BadInput(
            f"{what} {value!r} is not a valid name or pattern: letters, digits, . _ - and *, but not * alone."
        )
    return value


def check_volume_name(value: t.Any, what: str = "name") -> str:
    """The value if Heketi and Gluster both take it as a volume's name, else BadInput."""
    if not isinstance(value, str) or not _VOLUME.fullmatch(value) or value == "all":
        raise BadInput(
            f"{what} {value!r} is not a volume name: 1 to 128 of A-Z a-z 0-9 _ and -, not beginning with -, nor 'all'."
        )
    return value


def read_options(values: t.Mapping[t.Any, t.Any], what: str = "volume_options") -> dict[str, str]:
    """A volume's options as Gluster takes them (booleans as V(on) and V(off)), or BadInput."""
    options = {}
    for option, value in values.items():
        if not isinstance(option, str) or not _OPTION.fullmatch(option):
            raise BadInput(f"{what}: {option!r} is not an option's name: A-Z a-z 0-9 . _ and -.")
        if isinstance(value, bool):
            value = "on" if value else "off"
        elif isinstance(value, (int, float)):
            value = str(value)
        if not isinstance(value, str) or not _VALUE.fullmatch(value) or len(value) > MAX_ACCESS_LIST:
            raise BadInput(
                f"{what}: {option}={value!r} cannot be set: a value is 1 to {MAX_ACCESS_LIST} of"
                " A-Z a-z 0-9 @ % + = : , . / _ and -."
            )
        options[option] = value
    return options


def check_unique(values: t.Iterable[str], what: str) -> None:
    """BadInput naming the values that stand more than once."""
    seen: set[str] = set()
    twice = sorted({value for value in values if value in seen or seen.add(value)})  # type: ignore[func-returns-value]
    if twice:
        raise BadInput(f"{what} {', '.join(map(repr, twice))} stands more than once in the list.")
