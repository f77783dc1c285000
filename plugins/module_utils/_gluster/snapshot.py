# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What Gluster says of snapshots, and what it does with one of them."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers

if t.TYPE_CHECKING:  # pragma: no cover
    import xml.etree.ElementTree as ET

    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli

# Where Gluster mounts the bricks of snapshots and clones, each in a directory of its snapshot or clone.
BRICKS = ("/run/gluster/snaps/", "/var/run/gluster/snaps/")

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,253}", re.ASCII)
# Words of gluster's own command line.
_RESERVED = ("all", "description", "force", "volume")

# opErrno of the gluster CLI.
_NO_SNAPSHOT, _EXISTS = 30807, 30812
# Gluster cuts off what is longer, without an error.
_MAX_DESCRIPTION = 1024


def check_snapshot_name(value: t.Any, what: str = "snapshot") -> str:
    """The value if Gluster takes it as a snapshot's name, else BadInput."""
    if not isinstance(value, str) or not _NAME.fullmatch(value) or value in _RESERVED:
        raise BadInput(
            f"{what} {value!r} is not a snapshot's name: 1 to 254 of A-Z a-z 0-9 _ and -, not beginning with -, nor one"
            f" of {', '.join(_RESERVED)}."
        )
    return value


def check_description(value: str) -> str:
    """The value if it can describe a snapshot, else BadInput. Gluster's store has one line for it."""
    if not value.isprintable() or value != value.strip() or not 0 < len(value.encode()) <= _MAX_DESCRIPTION:
        raise BadInput(
            f"description {value[:100]!r} cannot be stored: one line of 1 to {_MAX_DESCRIPTION} bytes, with no space at"
            " either end."
        )
    return value


class Snapshot(t.NamedTuple):
    """A snapshot. created: UTC, as in V(2026-11-21T02:00:00Z); volume: what it was made of; active: its bricks run, so
    that it can be mounted and cloned; logical: what the names of its bricks' logical volumes begin with."""

    name: str
    uuid: str
    description: str
    created: str
    volume: str
    active: bool
    logical: str


class Allowed(t.NamedTuple):
    """How many snapshots a volume may have. With auto_delete Gluster deletes the oldest when there are more than
    soft."""

    hard: int
    soft: int
    auto_delete: bool

    def has_room(self, count: int) -> bool:
        """Whether a volume with so many gets another one, without losing one."""
        return count < self.hard and not (self.auto_delete and count >= self.soft)


def read_snapshots(root: ET.Element) -> dict[str, Snapshot]:
    """Name to Snapshot, from the answer of C(snapshot info)."""
    return {snapshot.name: snapshot for snapshot in map(_read_snapshot, root.iterfind("snapInfo/snapshots/snapshot"))}


def _read_snapshot(element: ET.Element) -> Snapshot:
    return Snapshot(
        name=answers.text_of(element, "name"),
        uuid=answers.text_of(element, "uuid"),
        description=element.findtext("description") or "",
        # Gluster writes 2026-11-21 02:00:00 +0000.
        created=(element.findtext("createTime") or "")[:19].replace(" ", "T") + "Z",
        volume=element.findtext("snapVolume/originVolume/name") or "",
        active=element.findtext("snapVolume/status") == "Started",
        logical=element.findtext("snapVolume/name") or "",
    )


def read_allowed(root: ET.Element) -> dict[str, Allowed]:
    """Volume to Allowed, from the answer of C(snapshot config)."""
    auto_delete = root.findtext("snapConfig/systemConfig/autoDelete") == "enable"
    return {
        answers.text_of(volume, "name"): Allowed(
            hard=answers.number_of(volume, "effectiveHardLimit"),
            soft=answers.number_of(volume, "softLimit"),
            auto_delete=auto_delete,
        )
        for volume in root.iterfind("snapConfig/volumeConfig/volume")
    }


def snapshots(cli: GlusterCli) -> dict[str, Snapshot]:
    """Every snapshot of the cluster, in one call. Refused on a server without LVM."""
    try:
        return read_snapshots(cli.xml("snapshot", "info"))
    except Refused as exc:
        if "LVM commands not found" not in str(exc):
            raise
        raise Refused(
            "Gluster finds no LVM on this server, and tells nothing of snapshots without it: install lvm2 on every"
            " server, and put bricks on thin logical volumes.",
            **exc.details,
        ) from exc


def allowed(cli: GlusterCli) -> dict[str, Allowed]:
    """Every volume to Allowed, in one call."""
    return read_allowed(cli.xml("snapshot", "config"))


def create(cli: GlusterCli, name: str, volume: str, description: str | None = None) -> bool:
    """Makes a snapshot of exactly that name; whether there was none yet."""
    described = ["description", description] if description else []
    try:
        cli.xml("snapshot", "create", name, volume, "no-timestamp", *described)
    except Refused as exc:
        if exc.details["op_errno"] != _EXISTS:
            raise
        return False
    return True


def delete(cli: GlusterCli, name: str) -> bool:
    """Deletes the snapshot; whether it was there. Clones of it stay."""
    try:
        cli.xml("snapshot", "delete", name)
    except Refused as exc:
        if exc.details["op_errno"] != _NO_SNAPSHOT:
            raise
        return False
    return True


def activate(cli: GlusterCli, name: str) -> None:
    """Starts the snapshot's bricks, if they do not run."""
    _switch(cli, "activate", name)


def deactivate(cli: GlusterCli, name: str) -> None:
    """Stops the snapshot's bricks, if they run."""
    _switch(cli, "deactivate", name)


def _switch(cli: GlusterCli, word: str, name: str) -> None:
    try:
        cli.xml("snapshot", word, name)
    except Refused as exc:
        if f"is already {word}d" not in str(exc):
            raise
