# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Options of a volume that the collection does not set for itself, and that decide who gets into a share, or whether
it works: what each means for a share."""

from __future__ import annotations

import enum
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import is_on

_Options = t.Mapping[str, str]


class Kept(enum.Enum):
    """What becomes of it where a share has it already. SET: it is put right. REFUSED: somebody must decide. TOLD: it
    is told by verify, and may be what somebody wants of his share."""

    SET = "set"
    REFUSED = "refused"
    TOLD = "told"


class Rule(t.NamedTuple):
    """An option, and why its value is bad for a share.

    good: the value that a volume gets when it becomes a share's, and when it is wiped; empty to reset it; None if a
    volume that has it cannot become a share's.
    """

    option: str
    is_bad: t.Callable[[str], bool]
    good: str | None
    kept: Kept
    why: str

    @property
    def opens(self) -> bool:
        """Whether it lets somebody in, or shows what is stored, past the access list."""
        return self.kept is not Kept.TOLD


def _on(value: str) -> bool:
    return is_on({"": value}, "")


def _off(value: str) -> bool:
    return not _on(value)


TRASH = "features.trash"

RULES = (
    Rule("features.uss", _on, "off", Kept.REFUSED, "whoever is in sees all snapshots, by lists of their own"),
    Rule("nfs.disable", _off, "on", Kept.SET, "it is exported by NFS, which asks for no certificate"),
    Rule("user.smb", _on, "disable", Kept.SET, "a hook of Gluster exports it by SMB, which asks for no certificate"),
    Rule("user.cifs", _on, "disable", Kept.SET, "a hook of Gluster exports it by SMB, which asks for no certificate"),
    Rule("ssl.ca-list", bool, None, Kept.REFUSED, "other CAs than those of the bundle say who anybody is"),
    Rule("features.read-only", _on, "off", Kept.TOLD, "nobody can write"),
    Rule("features.worm", _on, None, Kept.TOLD, "what was written can neither be changed nor removed"),
    Rule("features.worm-file-level", _on, None, Kept.TOLD, "what was written may neither be changed nor removed"),
    Rule("server.root-squash", _on, "off", Kept.TOLD, "root is nobody, so it can be neither set up nor wiped"),
    Rule("server.all-squash", _on, "off", Kept.TOLD, "everybody is nobody"),
    Rule("auth.allow", lambda value: value.strip() != "*", "*", Kept.TOLD, "other addresses are kept out"),
    Rule("auth.reject", bool, "", Kept.TOLD, "some addresses are kept out"),
    Rule(TRASH, _on, "off", Kept.TOLD, "what is removed is kept, and counts"),
)
_BY_OPTION = {rule.option: rule for rule in RULES}


def contradictions(options: _Options, declared: t.Container[str] = ()) -> list[Rule]:
    """The rules that a volume with these options breaks. declared: options that are meant to be so."""
    return [rule for rule in RULES if rule.option in options and rule.option not in declared and _is_bad(rule, options)]


def _is_bad(rule: Rule, options: _Options) -> bool:
    return rule.is_bad(options[rule.option])


def told(options: _Options, rule: Rule) -> str:
    """As V(features.uss=on (whoever is in sees ...))."""
    return f"{rule.option}={options[rule.option]} ({rule.why})"


def put_right(options: _Options, declared: t.Container[str] = ()) -> tuple[dict[str, str], list[str]]:
    """What has to be set, and what to be reset, so that a volume with these options can become a share's."""
    broken = contradictions(options, declared)
    return (
        {rule.option: rule.good for rule in broken if rule.good},
        [rule.option for rule in broken if rule.good == ""],
    )


def impossible(options: _Options) -> list[str]:
    """Why a volume with these options cannot become a share's, nor be wiped."""
    return [told(options, rule) for rule in contradictions(options) if rule.good is None]


# What follows from other parameters of a share, and what says whose a volume is.
_OWN = frozenset(
    {
        "auth.allow",
        "auth.reject",
        "auth.ssl-allow",
        "client.ssl",
        "cluster.lookup-optimize",
        "features.hard-timeout",
        "features.inode-quota",
        "features.quota",
        "features.quota-deem-statfs",
        "features.soft-timeout",
        "server.dynamic-auth",
        "server.ssl",
        "user.manila-cloned-from",
        "user.manila-share",
    }
)
_OWN_PREFIXES = ("user.glusterops-", "user.heketi.")


def check_given(options: _Options, what: str) -> None:
    """BadInput if a caller may not have these set on a volume. what: they are, in words."""
    undotted = sorted(option for option in options if "." not in option)
    if undotted:
        raise BadInput(
            f"{what} may not have {', '.join(undotted)}: an option's whole name has a dot in it, as in"
            " performance.cache-size. Gluster would complete it, or set a group of options; name each of them."
        )
    own = sorted(option for option in options if option in _OWN or option.startswith(_OWN_PREFIXES))
    if own:
        raise BadInput(f"{what} may not have {', '.join(own)}: the share's own options say that.")
    opening = [rule for rule in contradictions(options) if rule.opens]
    if opening:
        raise BadInput(f"{what} may not have {' or '.join(told(options, rule) for rule in opening)}.")
