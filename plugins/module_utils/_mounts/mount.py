# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""What a mount shall be, and what has to be done where it is not."""

from __future__ import annotations

import re
import socket
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    Refused,
    TimedOut,
)
from ansible_collections.glusterops.shares.plugins.module_utils._mounts import options as mount_options
from ansible_collections.glusterops.shares.plugins.module_utils._mounts import tenant_mount
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.fstab import read_line
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.guard import (
    GUARDED,
    IN_USE,
    NO_DIRECTORY,
    UNKNOWN,
)
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.source import read_source, server_name
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique, check_volume_name
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change

_SERVER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?", re.ASCII)
# mount.glusterfs passes over longer ones.
_LONGEST_SERVER = 63
_PATH = re.compile(r"(/[A-Za-z0-9._@%+=-]+)+", re.ASCII)
KIND = "fuse.glusterfs"
TYPES = ("glusterfs", KIND, tenant_mount.TYPE)
STATES = ("mounted", "absent")
DISCONNECTED = "disconnected"
AUTOMOUNT = "automount"


class Mount(t.NamedTuple):
    """A share's mount on this machine. volume: the one that holds the share.

    servers: where the volume's layout is fetched, the first one that answers. If it shall not be present: by which
    names its servers are known, none if any volume of that name is meant.
    identity: whose certificate is shown, of those that this machine has besides its own; None for its own.
    asked: the path as it was given, if symbolic links lead from there to C(path).
    aliases: further names of the servers, found out on this machine.
    """

    share: str
    volume: str
    path: str
    servers: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    present: bool = True
    identity: str | None = None
    asked: str = ""
    aliases: tuple[str, ...] = ()

    def check(self) -> Mount:
        """Itself, if every value may be used; else BadInput."""
        check_volume_name(self.share, "share")
        check_volume_name(self.volume, f"{self.share}: volume")
        check_path(self.path, self.share)
        if self.present and not self.servers:
            raise BadInput(f"{self.share}: servers is empty: name at least one server of the volume.")
        for server in self.servers:
            if not _SERVER.fullmatch(server) and not _is_ipv6(server):
                raise BadInput(f"{self.share}: server {server!r} is not a host name or address.")
            if self.present and len(server) > _LONGEST_SERVER:
                raise BadInput(
                    f"{self.share}: server {server!r} is longer than the {_LONGEST_SERVER} characters that"
                    " mount.glusterfs takes: use a shorter name, or an address."
                )
        for option in self.options:
            mount_options.check_option(option, self.share)
        if self.identity is not None and self.present:
            tenant_mount.check(self.identity, self.options, self.share)
        return self

    @property
    def where(self) -> str:
        """The path, as it is told to somebody."""
        return f"{self.asked} (that is {self.path})" if self.asked else self.path

    @property
    def source(self) -> str:
        return f"{self.servers[0].strip('[]')}:/{self.volume}"

    @property
    def line(self) -> str:
        """Its line of fstab. The machine boots without it, and after the network is up."""
        own = [f"identity={self.identity}"] if self.identity else ["defaults"]
        options = [*own, "_netdev", "nofail"]
        others = [server.strip("[]") for server in self.servers[1:]]
        if others:
            listed = [f"[{server}]" if ":" in server else server for server in others]
            options.append("backup-volfile-servers=" + ":".join(listed))
        kind = tenant_mount.TYPE if self.identity else "glusterfs"
        return f"{self.source} {self.path} {kind} {','.join([*options, *self.options])} 0 0"

    @property
    def traits(self) -> frozenset[str]:
        return mount_options.traits(self.options)

    def is_of(self, source: str | None) -> bool:
        """Whether that is a volume of this name, wherever it is from. If it shall be mounted, the whole of it, or the
        directory of it that the options name."""
        if source is None:
            return False
        found = read_source(source)
        return found.volume == self.volume and (not self.present or found.below == self.below)

    def is_from(self, source: str | None) -> bool:
        """Whether that is what it mounts."""
        if source is None or not self.is_of(source):
            return False
        known = set(map(server_name, (*self.servers, *self.aliases)))
        return not self.servers or bool(known & set(read_source(source).servers))

    @property
    def below(self) -> str:
        """The directory of the volume that the options name."""
        named = [option.partition("=")[2] for option in self.options if option.startswith("subdir-mount=")]
        return named[-1].strip("/") if named else ""


class Place(t.NamedTuple):
    """What is at a path.

    mounted: the source of the volume that is mounted there. line: the lines of fstab for that path, of whatever type.
    directory: None, what guard.look() says of it, or UNKNOWN with the reason. alive: whether the
    volume's client is connected. trouble: why it does not answer, if it has not died. foreign: kind and source of what
    is mounted there and is no volume. identity: with which the volume is mounted, None for the machine's own. traits:
    what the mount has of options, None if its client cannot be seen. automount: whether one is under it.
    """

    mounted: str | None
    line: str | None
    directory: str | None
    alive: bool = True
    foreign: str | None = None
    identity: str | None = None
    traits: t.Sequence[str] | None = ()
    trouble: str | None = None
    automount: bool = False

    @property
    def lines(self) -> list[str]:
        return self.line.splitlines() if self.line else []


def check_path(path: str, share: str, asked: str = "") -> None:
    """BadInput unless fstab, mount(8) and systemd take it as it is. asked: the path that leads there."""
    if not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        what = f"path {asked!r} leads to {path!r}, which" if asked else f"path {path!r}"
        raise BadInput(f"{share}: {what} is not an absolute path of A-Z a-z 0-9 . _ @ % + = - without '..'.")


def plan(mount: Mount, place: Place) -> list[Change]:
    """What has to be done, in order. Raises Refused when it would cover or hide something else, and TimedOut when what
    is there does not answer and may be in use."""
    mine = mount.is_from(place.mounted)
    own = [line for line in place.lines if _is_for(mount, line)]
    if (place.directory or "").startswith(UNKNOWN) and (mount.present or mine):
        raise Refused(
            f"{mount.where}: the directory underneath cannot be read ({(place.directory or '')[len(UNKNOWN):]})."
        )
    return _present(mount, place, mine, own) if mount.present else _absent(mount, place, mine, own)


def _present(mount: Mount, place: Place, mine: bool, own: list[str]) -> list[Change]:
    path, changes = mount.path, []
    if place.foreign or (place.mounted and not mine):
        raise Refused(
            f"{mount.where} has something else mounted ({place.foreign or place.mounted}): unmount it first"
            + (", or name its server in servers if it is the same cluster." if mount.is_of(place.mounted) else ".")
        )
    others = [line for line in place.lines if line not in own]
    if others:
        raise Conflict(f"{mount.where} has another line in fstab ({others[0]!r}): remove it, or choose another path.")
    if place.directory == NO_DIRECTORY:
        raise Refused(f"{mount.where} is not a directory, nor can one be made there: choose another path.")
    if place.directory == IN_USE:
        raise Refused(f"{mount.where} is not an empty directory: its files would be hidden by the mount. Move them.")
    if mine and place.trouble:
        raise TimedOut(
            f"{mount.where} has share {mount.share!r} mounted, but it does not answer: {place.trouble.rstrip('?')}."
            " It was left as it is, since it comes back by itself where the cause goes away."
        )
    now = (mount.share if place.alive else DISCONNECTED) if mine else None
    if place.directory != GUARDED:
        changes.append(Change(path, "directory", place.directory, GUARDED))
    if place.line != mount.line:
        changes.append(Change(path, "fstab", place.line, mount.line))
    if now != mount.share:
        changes.append(Change(path, "mounted", now, mount.share))
    elif place.identity != mount.identity:
        changes.append(Change(path, "identity", place.identity, mount.identity))
    elif place.traits is not None and mount.traits != set(place.traits):
        changes.append(Change(path, "options", sorted(place.traits), sorted(mount.traits)))
    return changes


def _absent(mount: Mount, place: Place, mine: bool, own: list[str]) -> list[Change]:
    path, changes = mount.path, []
    unsure = [source for source in (place.mounted, *map(_source, place.lines)) if _maybe(mount, source)]
    if unsure:
        raise Refused(
            f"{mount.where} has {unsure[0]}, and none of the servers {', '.join(mount.servers)} of share"
            f" {mount.share!r} is known to be that server: add it to servers if it is one of them, leave servers out if"
            " any volume of that name is meant, or take this entry out if it is another cluster's."
        )
    if mine and place.trouble and place.alive:
        raise TimedOut(
            f"{mount.where} has share {mount.share!r} mounted, but it does not answer: {place.trouble}. It was left"
            f" mounted: 'umount -l {path}' takes it off, if nobody needs what programs still have to write."
        )
    ours = any("x-systemd.automount" in line for line in own)
    if mine and place.automount and not ours:
        raise Refused(
            f"{mount.where} is mounted by an automount that is not in fstab: take it out where it is declared."
        )
    if mine:
        changes.append(Change(path, "mounted", mount.share if place.alive else DISCONNECTED, None))
    elif place.automount and ours:
        changes.append(Change(path, "mounted", AUTOMOUNT, None))
    if own:
        changes.append(Change(path, "fstab", "\n".join(own), None))
    alone = own == place.lines and (mine or not (place.mounted or place.foreign))
    if place.directory == GUARDED and alone:
        changes.append(Change(path, "directory", GUARDED, None))
    return changes


def _source(line: str) -> str | None:
    found = read_line(line)
    return found.source if found and found.kind in TYPES else None


def _is_for(mount: Mount, line: str) -> bool:
    """Whether this line of fstab is the share's: by the servers that it had once, if it is to have others now. A
    directory of the volume stands in its source, or in its options."""
    source = _source(line)
    if source is None or not mount.present:
        return mount.is_from(source)
    return mount.is_of(source) or (mount.is_of(f"{source}/{mount.below}") and not read_source(source).below)


def _maybe(mount: Mount, source: str | None) -> bool:
    """Whether it is a volume of the same name from a server that nothing is known of."""
    return mount.is_of(source) and not mount.is_from(source)


def _is_ipv6(server: str) -> bool:
    """Whether it is an address, with or without brackets, and with or without an interface."""
    address, _percent, interface = server.partition("%")
    if server.startswith("[") != server.endswith("]") or (interface and not _SERVER.fullmatch(interface.strip("[]"))):
        return False
    try:
        socket.inet_pton(socket.AF_INET6, address.strip("[]"))
    except OSError:
        return False
    return True


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


def sources_at(place: Place) -> list[str]:
    """The volumes that are mounted at a place, or would be at boot."""
    return [source for source in (place.mounted, *map(_source, place.lines)) if source is not None]


def settled(entries: t.Iterable[t.Mapping[str, t.Any]], looked: t.Mapping[str, t.Any]) -> bool:
    """Whether it is known that nothing has to be done. looked: what look() found on the machine."""
    places = {path: Place(**place) for path, place in looked["places"].items()}

    def everywhere(mount: Mount) -> list[Mount]:
        # Of one that is from a server of another name, the machine finds out whose it is.
        return [mount._replace(path=path) for path, place in places.items() if any(map(mount.is_of, sources_at(place)))]

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
