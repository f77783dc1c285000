# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What a brick's server has it do: its volfile, asked for through gluster as the brick asks for it.

C(volume info) is what a glusterd remembers. What it could not write down, bricks never learn.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import is_on

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Brick, Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli

_OPTION = re.compile(r"^\s*option\s+(\S+)\s+(.*?)\s*$", re.MULTILINE)
_BLOCK = re.compile(r"^volume (\S+)\n(.*?)^end-volume\n?", re.MULTILINE | re.DOTALL)
_LIST, _TLS, _DYNAMIC = ".ssl-allow", "transport.socket.ssl-enabled", "dynamic-auth"


class Rules(t.NamedTuple):
    """Whom a brick lets in. value: of the access list, None if it has none. dynamic: it goes for who is in already."""

    value: str | None
    tls: bool
    dynamic: bool


def _last(text: str) -> tuple[str, str]:
    """The name and the body of what is above all others. Raises GlusterOpsError if the file breaks off."""
    blocks = _BLOCK.findall(text)
    if not blocks or not text.rstrip().endswith("end-volume"):
        raise GlusterOpsError("gluster's answer is not as expected: the volfile breaks off.")
    name, body = blocks[-1]
    return name, body


def read_rules(text: str) -> Rules:
    """From a brick's volfile."""
    _name, body = _last(text)
    if not re.search(r"^\s*type\s+protocol/server\s*$", body, re.MULTILINE):
        raise GlusterOpsError("gluster's answer is not as expected: the volfile breaks off, or is no brick's.")
    options = dict(_OPTION.findall(body))
    lists = [value for name, value in options.items() if name.startswith("auth.login.") and name.endswith(_LIST)]
    return Rules(lists[0] if lists else None, is_on(options, _TLS), is_on({_DYNAMIC: "on", **options}, _DYNAMIC))


def rules(cli: GlusterCli, volume: Volume, brick: Brick) -> Rules:
    """Whom the brick lets in, as its own server would tell it now. Raises Unreachable, Refused."""
    path = brick.path.strip("/").replace("/", "-")
    return read_rules(cli.at(brick.server).text("system::", "getspec", f"{volume.name}.{brick.server}.{path}"))


def client(cli: GlusterCli, volume: str) -> str:
    """The volume's client volfile. It holds what opens an unsealed volume: nobody may see it."""
    return read_client(cli.text("system::", "getspec", volume), volume)


def read_client(text: str, volume: str) -> str:
    """The volfile, if it is whole: what is above all is called as the volume."""
    name, _body = _last(text)
    if name != volume:
        raise GlusterOpsError(f"gluster's answer is not as expected: the volfile of {volume!r} ends with {name!r}.")
    return text


def without(text: str, kind: str) -> str:
    """The volfile without the translators of that kind, such as V(features/shard): each has one below it."""
    blocks: list[tuple[str, str]] = []
    below: dict[str, str] = {}
    for name, body in _BLOCK.findall(text):
        above = re.search(r"^\s*subvolumes\s+(\S+)\s*$", body, re.MULTILINE)
        if above and re.search(rf"^\s*type\s+{re.escape(kind)}\s*$", body, re.MULTILINE):
            below[name] = below.get(above.group(1), above.group(1))
        else:
            blocks.append((name, body))

    def renamed(match: t.Match[str]) -> str:
        return match.group(1) + " ".join(below.get(name, name) for name in match.group(2).split())

    bodies = [(name, re.sub(r"^(\s*subvolumes )(.*)$", renamed, body, flags=re.MULTILINE)) for name, body in blocks]
    return "\n".join(f"volume {name}\n{body}end-volume\n" for name, body in bodies)
