# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What a mount shall be, and what has to be done where it is not."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    GlusterOpsError,
    Refused,
)
from ansible_collections.glusterops.shares.plugins.module_utils._mounts import tenant_mount
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.guard import (
    GUARDED,
)
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique, check_volume_name
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change

_SERVER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?", re.ASCII)
_PATH = re.compile(r"(/[A-Za-z0-9._@%+=-]+)+", re.ASCII)
_OPTION = re.compile(r"[a-z][a-z0-9-]*(=[A-Za-z0-9._/:-]+)?", re.ASCII)
KIND = "fuse.glusterfs"
TYPES = ("glusterfs", KIND, tenant_mount.TYPE)
STATES = ("mounted", "absent")
DISCONNECTED = "disconnected"


class Mount(t.NamedTuple):
    """A share's mount on this machine. volume: the one that holds the share.

    servers: where the volume's layout is fetched, the first one that answers. If it shall not be present: by which
    names its servers are known, none if any volume of that name is meant.
    identity: whose certificate is shown, of those that this machine has besides its own; None for its own.
    """

    share: str
    volume: str
    path: str
    servers: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    present: bool = True
    identity: str | None = None

    def check(self) -> Mount:
        """Itself, if every value may be used; else BadInput."""
        check_volume_name(self.share, "share")
        check_volume_name(self.volume, f"{self.share}: volume")
        if not _PATH.fullmatch(self.path) or {".", ".."} & set(self.path.split("/")):
            raise BadInput(
                f"{self.share}: path {self.path!r} is not an absolute path of A-Z a-z 0-9 . _ @ % + = - without '..'."
            )
        if self.present and not self.servers:
            raise BadInput(f"{self.share}: servers is empty: name at least one server of the volume.")
        for server in self.servers:
            if not _SERVER.fullmatch(server):
                raise BadInput(f"{self.share}: server {server!r} is not a host name or address.")
        for option in self.options:
            if not _OPTION.fullmatch(option):
                raise BadInput(f"{self.share}: mount option {option!r} is not of the form name or name=value.")
        if self.identity is not None and self.present:
            tenant_mount.check(self.identity, self.options, self.share)
        return self

    @property
    def source(self) -> str:
        return f"{self.servers[0]}:/{self.volume}"

    @property
    def line(self) -> str:
        """Its line of fstab. The machine boots without it, and after the network is up."""
        own = [f"identity={self.identity}"] if self.identity else ["defaults"]
        options = [*own, "_netdev", "nofail"]
        if len(self.servers) > 1:
            options.append("backup-volfile-servers=" + ":".join(self.servers[1:]))
        kind = tenant_mount.TYPE if self.identity else "glusterfs"
        return f"{self.source} {self.path} {kind} {','.join([*options, *self.options])} 0 0"

    def is_from(self, source: str | None) -> bool:
        """Whether that is what it mounts. A server may have more names than are known here, so what is mounted already
        needs only the volume's."""
        if source is None:
            return False
        server, volume = split_source(source)
        return volume == self.volume and (self.present or not self.servers or server in self.servers)


class Place(t.NamedTuple):
    """What is at a path: the source of the volume that is mounted there, its line of fstab, the directory underneath
    (None, GUARDED, V(empty) or V(in use)), whether the volume's client is alive, kind and source of what is mounted
    there and is no volume, and with which identity the volume is mounted, None for the machine's own."""

    mounted: str | None
    line: str | None
    directory: str | None
    alive: bool = True
    foreign: str | None = None
    identity: str | None = None


def plan(mount: Mount, place: Place) -> list[Change]:
    """What has to be done, in order. Raises Refused when it would cover or hide something else."""
    changes: list[Change] = []
    sources = (place.mounted, place.line.split()[0] if place.line else None)
    mine, declared = map(mount.is_from, sources)
    now = DISCONNECTED if not place.alive else mount.share if mine else None
    if mount.present:
        other = place.foreign or (None if mine else place.mounted)
        if other:
            raise Refused(f"{mount.path} has something else mounted ({other}): unmount it first.")
        if place.directory == "in use":
            raise Refused(f"{mount.path} is not an empty directory: its files would be hidden by the mount. Move them.")
        if place.directory != GUARDED:
            changes.append(Change(mount.path, "directory", place.directory, GUARDED))
        if place.line != mount.line:
            changes.append(Change(mount.path, "fstab", place.line, mount.line))
        if now != mount.share:
            changes.append(Change(mount.path, "mounted", now, mount.share))
        elif place.identity != mount.identity:
            changes.append(Change(mount.path, "identity", place.identity, mount.identity))
        return changes
    if mine:
        changes.append(Change(mount.path, "mounted", now, None))
    if declared:
        changes.append(Change(mount.path, "fstab", place.line, None))
    if place.directory == GUARDED and all(source is None or mount.is_from(source) for source in sources):
        changes.append(Change(mount.path, "directory", GUARDED, None))
    return changes


def split_source(source: str) -> tuple[str, str]:
    """Server and volume of a mount source, server:/volume (or server:volume, as older clients show it)."""
    server, _colon, volume = source.rpartition(":")
    return server, volume.lstrip("/")


def read_wanted(
    entries: t.Iterable[t.Mapping[str, t.Any]], everywhere: t.Callable[[Mount], t.Iterable[Mount]]
) -> list[Mount]:
    """The mounts that the module's parameters ask for. everywhere: at which places a share is, if none is given."""
    mounts: list[Mount] = []
    for entry in entries:
        state = entry.get("state", "mounted")
        if state not in STATES:
            raise BadInput(f"{entry['share']}: state {state!r} is none of {', '.join(STATES)}.")
        present = state == "mounted"
        if present and not entry.get("path"):
            raise BadInput(f"{entry['share']}: path is missing: say where to mount the share.")
        mount = Mount(
            share=entry["share"],
            volume=entry.get("volume") or entry["share"],
            path=entry.get("path") or "",
            servers=tuple(entry.get("servers") or ()),
            options=tuple(entry.get("options") or ()),
            present=present,
            identity=entry.get("identity"),
        )
        mounts += [mount] if mount.path else everywhere(mount)
    return mounts


def settled(entries: t.Iterable[t.Mapping[str, t.Any]], looked: t.Mapping[str, t.Any]) -> bool:
    """Whether it is known that nothing has to be done. looked: what look() found on the machine."""
    places = {path: Place(**place) for path, place in looked["places"].items()}

    def everywhere(mount: Mount) -> list[Mount]:
        sources = {
            path: (place.mounted, place.line.split()[0] if place.line else None) for path, place in places.items()
        }
        return [mount._replace(path=path) for path, found in sources.items() if any(map(mount.is_from, found))]

    try:
        mounts = [mount.check() for mount in read_wanted(entries, everywhere)]
        check_unique((mount.path for mount in mounts), "path")
        tenants = {mount.identity for mount in mounts if mount.identity and mount.present}
        return (
            (not tenants or looked["helper"])
            and tenants <= set(looked["tenants"])
            and all(mount.path in places and not plan(mount, places[mount.path]) for mount in mounts)
        )
    except GlusterOpsError:
        # The module says what is wrong.
        return False
