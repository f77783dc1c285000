# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Mount options: which may stand in fstab, and what they make of a mount.

A trait is what a mount has for as long as it is there: a flag of the kernel's (ro), or an option of its client
(log-level=WARNING). Other options only say how it gets there, or when.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput

# What fstab, mount(8) and mount.glusterfs, which is a shell script, pass on as it is. Units of systemd have \x2d.
_OPTION = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*(=[!#-+\--\[\]-~]+)?", re.ASCII)
_FOR_SYSTEMD = re.compile(r"[xX]-[A-Za-z0-9._-]+(=([!#-+\--\[\]-~]|\\x[0-9a-fA-F]{2})+)?", re.ASCII)

# The kernel's flags, by which they are shown, and as mount(2) takes them. Without one for the time of access it is
# relatime.
FLAGS = {"ro": 1, "nosuid": 2, "nodev": 4, "noexec": 8, "noatime": 1024, "nodiratime": 2048, "strictatime": 1 << 24}
_RELATIME = 1 << 21
_MOUNTED_WITH = {"ro", "nosuid", "nodev", "noexec", "noatime"}
_TAKEN_BACK = {"rw": "ro", "suid": "nosuid", "dev": "nodev", "exec": "noexec", "diratime": "nodiratime"}
_ACCESS_TIMES = ("noatime", "strictatime")

# What mount(8), the start of the system or mount.glusterfs reads, and the mount does not have.
_PASSING = {
    *("_netdev", "auto", "comment", "defaults", "fail", "group", "noauto", "nofail", "nogroup", "noowner", "nouser"),
    *("nousers", "owner", "user", "users"),
    *("async", "auto_unmount", "dirsync", "iversion", "lazyatime", "loud", "mand", "noiversion", "nolazyatime"),
    *("nomand", "norelatime", "nostrictatime", "silent", "sync"),
    *("context", "defcontext", "fscontext", "fuse-mountopts", "rootcontext"),
    *("backup-volfile-servers", "backupvolfile-server", "fetch-attempts", "process-name", "server-port", "transport"),
    *("volfile-max-fetch-attempts", "volfile-server", "volfile-server-port", "volfile-server-transport"),
    *("identity", "read-only", "volfile-id", "volume-id"),
}
# These are the identity, which is looked at by itself.
_OF_IDENTITY = re.compile(r"\.transport\.socket\.ssl-(own-cert|private-key|ca-list)=")
_WITHOUT_VALUE = ("no-root-squash", "volfile-check")


def check_option(option: t.Any, what: str) -> None:
    """BadInput unless it can stand in fstab and reach the mount unchanged."""
    if not isinstance(option, str) or not (_OPTION.fullmatch(option) or _FOR_SYSTEMD.fullmatch(option)):
        raise BadInput(
            f"{what}: mount option {option!r} is not of the form name or name=value, without blanks, commas, double"
            ' quotes and backslashes. Give each option as an item of its own; a backslash is for x-systemd\'s "\\x2d".'
        )


def traits(options: t.Iterable[str]) -> frozenset[str]:
    """What a mount with these options, of which the later ones win, has."""
    flags: set[str] = set()
    words: dict[str, str] = {}
    for option in options:
        name, _equals, value = option.partition("=")
        if option in FLAGS:
            flags -= set(_ACCESS_TIMES if option in _ACCESS_TIMES else ())
            flags.add(option)
        elif option in ("atime", "relatime"):
            flags -= set(_ACCESS_TIMES)
        elif option in _TAKEN_BACK:
            flags.discard(_TAKEN_BACK[option])
        elif name in ("user", "users", "owner", "group"):
            flags |= {"nosuid", "nodev", *(("noexec",) if name.startswith("user") else ())}
        elif name not in _PASSING and not name.startswith(("x-", "X-")) and not _OF_IDENTITY.search(value):
            words.update([_word(name, value)])
    return frozenset(flags | _joined(words))


def traits_of(words: t.Iterable[str], flags: t.Container[str]) -> frozenset[str]:
    """What a mount has, by the words its client was called with, and what mountinfo shows."""
    found: dict[str, str] = {}
    given = list(words)
    for word, following in zip(given, [*given[1:], "--"]):
        name, equals, value = word[2:].partition("=")
        if not equals and not following.startswith("--"):
            value = following
        if word.startswith("--") and name not in _PASSING and not _OF_IDENTITY.search(value):
            found.update([_word(name, value)])
    shown = {flag for flag in FLAGS if flag in flags}
    if "relatime" not in flags and "noatime" not in flags:
        shown.add("strictatime")
    return frozenset(shown | _joined(found))


def only_flags(before: t.Iterable[str], after: t.Iterable[str]) -> bool:
    """Whether the kernel can make one of the other while somebody uses the mount. It could set the others, too, but
    GlusterFS's client cannot mount with them, so that the share would not be mounted at the next boot."""
    return set(before) ^ set(after) <= _MOUNTED_WITH


def flags_of(wanted: t.Iterable[str]) -> int:
    """The flags of these traits, as mount(2) takes them."""
    names = set(wanted) & set(FLAGS)
    return sum(FLAGS[name] for name in names) | (0 if names & set(_ACCESS_TIMES) else _RELATIME)


def _word(name: str, value: str) -> tuple[str, str]:
    """An option of the client's, whether it was given to mount.glusterfs or by that to the client."""
    if name == "log-level":
        value = value.upper()
    elif name == "root-squash" and value in ("no", "off", "disable", "false"):
        name = "no-root-squash"
    elif name.startswith("halo-"):
        name = f"xlator-option=*replicate*.{name}"
    elif name == "xlator-option":
        # Each is for something else.
        option, _equals, rest = value.partition("=")
        name, value = f"xlator-option={option}", rest
    elif name == "subdir-mount":
        value = "/" + value.strip("/")
    elif name == "fopen-keep-cache":
        value = value.lstrip("=") or "true"
    return name, "" if name in _WITHOUT_VALUE else value


def _joined(words: t.Mapping[str, str]) -> set[str]:
    return {f"{name}={value}" if value else name for name, value in words.items()}
