# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import os
import re
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    GlusterOpsError,
    NotFound,
    Refused,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import tenant_mount
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.guard import (
    GUARDED,
    guard,
    look,
    release,
    underneath,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.lock import DIRECTORY, held
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.mountinfo import (
    MOUNTINFO,
    Mounted,
    read_mounts,
)
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique, check_volume_name
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change

_RunCommand = t.Callable[..., "tuple[int, str, str]"]

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


def answers(run_command: _RunCommand, path: str, patience: int = 20) -> bool:
    """Whether the mounted file system is alive. A dead client fails at once, a cut-off one may hang."""
    return run_command(["timeout", str(patience), "stat", "--file-system", "--", path])[0] == 0


def attach(run_command: _RunCommand, mount: Mount, words: t.Sequence[str], mountinfo: str = MOUNTINFO) -> None:
    """Mounts it with C(mount WORDS). Raises Refused, with what the client's log says."""
    if not os.path.exists("/sbin/mount.glusterfs"):
        raise NotFound("mount.glusterfs is not on this machine: install the GlusterFS client (glusterfs-client).")
    path = mount.path
    log = "/var/log/glusterfs/" + path.strip("/").replace("/", "-") + ".log"
    logged = os.path.getsize(log) if os.path.exists(log) else 0
    _rc, out, err = run_command(["timeout", "60", "mount", *words])
    # mount.glusterfs may succeed and the client go away a moment later, when the bricks have refused it.
    for _try in range(5):
        there = read_mounts(mountinfo).get(path)
        # On a busy server a new client needs long until it has reached the bricks.
        if there is None or there.kind != KIND or not mount.is_from(there.source) or not answers(run_command, path, 60):
            break
        time.sleep(0.2)
    else:
        return
    run_command(["umount", "-l", path])
    reason = _reason(log, logged)
    whose = f"the identity {mount.identity!r}" if mount.identity else "this machine's identity"
    raise Refused(
        f"Share {mount.share!r} could not be mounted on {path}: {reason or (err or out).strip() or 'no reason given'}."
        f" Is {whose} on the share's access list, and signed by the CA that the servers trust?",
        stderr=err.strip(),
        log=log,
    )


class Machine:
    """This machine's mounts: reading and changing them. run_command and atomic_move are AnsibleModule's."""

    def __init__(
        self,
        run_command: _RunCommand,
        atomic_move: t.Callable[[str, str], None],
        fstab: str = "/etc/fstab",
        mountinfo: str = MOUNTINFO,
        locks: str = DIRECTORY,
        helper: str = tenant_mount.HELPER,
        booted: str = "/run/systemd/system",
    ) -> None:
        self._run_command = run_command
        self._atomic_move = atomic_move
        self._fstab = fstab
        self._mountinfo = mountinfo
        self._locks = locks
        self._helper = helper
        self._booted = booted

    def fstab(self) -> dict[str, str]:
        """Mount point to line, of the shares in fstab."""
        return {line.split()[1]: line.strip() for line in self._lines() if self._is_share(line)}

    def mounts(self) -> dict[str, Mounted]:
        return read_mounts(self._mountinfo)

    def everywhere(self, mount: Mount) -> list[Mount]:
        """The mount at each path where its share is mounted, or would be at boot."""
        sources = [(path, line.split()[0]) for path, line in self.fstab().items()]
        sources += [(path, there.source) for path, there in self.mounts().items() if there.kind == KIND]
        paths = {path for path, source in sources if mount.is_from(source)}
        return [mount._replace(path=path) for path in sorted(paths)]

    def look(self) -> dict[str, t.Any]:
        """All places where a volume is mounted or would be at boot, in a form that can travel."""
        paths = {*self.fstab(), *(path for path, there in self.mounts().items() if there.kind == KIND)}
        return {
            "places": {path: self.place(path)._asdict() for path in sorted(paths)},
            "helper": not self.plan_helper(),
            "tenants": tenant_mount.present(),
        }

    def place(self, path: str) -> Place:
        line = self.fstab().get(path)
        there = self.mounts().get(path)
        if there is None:
            return Place(None, line, look(path))
        if there.kind != KIND:
            return Place(None, line, None, foreign=f"{there.kind} {there.source}")
        identity = tenant_mount.identities({path: split_source(there.source)[1]}).get(path)
        alive = answers(self._run_command, path)
        return Place(there.source, line, underneath(look, path), alive, identity=identity)

    def plan_helper(self) -> list[Change]:
        """What has to be done so that mount(8) can mount with an identity."""
        try:
            with open(self._helper, encoding="utf-8", errors="replace") as handle:
                same = handle.read() == tenant_mount.TEXT
                mode = os.fstat(handle.fileno()).st_mode & 0o7777
        except FileNotFoundError:
            return [Change(self._helper, "file", "absent", "installed")]
        return [] if same and mode == 0o755 else [Change(self._helper, "file", "other", "installed")]

    def install_helper(self) -> None:
        try:
            # atomic_move would give it the mode of what is there, or that of a new file.
            os.replace(self._written(self._helper, [tenant_mount.TEXT], 0o755), self._helper)
        except OSError as exc:
            raise Refused(f"{self._helper} could not be written: {exc.strerror}.") from exc

    def reload(self) -> None:
        """Has systemd, if that runs the machine, make its units of fstab's lines again."""
        if os.path.isdir(self._booted):
            rc, _out, err = self._run_command(["systemctl", "daemon-reload"])
            if rc:
                raise Refused(
                    f"systemd does not read {self._fstab} again: {err.strip()}. Run 'systemctl daemon-reload'."
                )

    def apply(self, mount: Mount, changes: t.Iterable[Change]) -> None:
        for change in changes:
            path = change.subject
            if change.what == "directory":
                if not change.after:
                    release(path)
                elif self.mounts().get(path):
                    underneath(guard, path)
                else:
                    guard(path)
            elif change.what == "fstab":
                self._write(path, change.after)
            elif change.what == "identity":
                self._unmount(path, False)
                self._mount(mount, False)
            elif change.after:
                self._mount(mount, change.before == DISCONNECTED)
            else:
                self._unmount(path, change.before == DISCONNECTED)

    def _lines(self) -> list[str]:
        try:
            with open(self._fstab, encoding="utf-8", errors="surrogateescape") as handle:
                return handle.read().splitlines(keepends=True)
        except FileNotFoundError:
            return []

    @staticmethod
    def _is_share(line: str) -> bool:
        words = line.split()
        return len(words) >= 3 and not words[0].startswith("#") and words[2] in TYPES

    def _write(self, path: str, line: str | None) -> None:
        with held(".fstab", self._locks):
            lines = [old for old in self._lines() if not (self._is_share(old) and old.split()[1] == path)]
            if lines and not lines[-1].endswith("\n"):
                lines[-1] += "\n"
            if line:
                lines.append(line + "\n")
            self._atomic_move(self._written(self._fstab, lines, 0o644), self._fstab)

    @staticmethod
    def _written(path: str, lines: t.Iterable[str], mode: int) -> str:
        """A new file with that content, in the same directory, so that moving it to C(path) is one step."""
        temporary = f"{path}.{os.getpid()}"
        with open(temporary, "w", encoding="utf-8", errors="surrogateescape") as handle:
            handle.writelines(lines)
            handle.flush()
            os.fsync(handle.fileno())
        os.chmod(temporary, mode)
        return temporary

    def _mount(self, mount: Mount, disconnected: bool) -> None:
        if disconnected:
            self._unmount(mount.path, True)
        attach(self._run_command, mount, [mount.path], self._mountinfo)

    def _unmount(self, path: str, disconnected: bool) -> None:
        rc, _out, err = self._run_command(["umount", *(["-l"] if disconnected else []), path])
        if rc:
            raise Refused(f"{path} could not be unmounted: {err.strip()}. Stop what uses it and try again.")


def _reason(log: str, start: int) -> str:
    """The last thing the client's log complained about since C(start)."""
    try:
        with open(log, encoding="utf-8", errors="replace") as handle:
            handle.seek(start)
            complaints = [line.strip() for line in handle if " E [" in line or " C [" in line]
    except OSError:
        return ""
    # A client that was refused complains of its files, too, while it ends.
    for words in ("Authentication", "authentication", "ssl", "SSL", "cert"):
        for line in reversed(complaints):
            if words in line:
                return _said(line)
    return _said(complaints[-1]) if complaints else ""


def _said(line: str) -> str:
    """A line of Gluster's log without its time, source and volume's part."""
    return re.sub(r"^\[[^]]*\] [A-Z] (\[[^]]*\] )+\S+: ", "", line)[:300]


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


def reconcile(
    machine: Machine, mounts: t.Sequence[Mount], check_mode: bool
) -> tuple[list[Change], list[dict[str, t.Any]]]:
    """Makes the mounts what they shall be. All are checked before the first is changed."""
    for mount in mounts:
        mount.check()
    check_unique((mount.path for mount in mounts), "path")
    plans = [plan(mount, machine.place(mount.path)) for mount in mounts]
    tenants = sorted({mount.identity for mount in mounts if mount.identity and mount.present})
    done = machine.plan_helper() if tenants else []
    if not check_mode:
        for identity in tenants:
            tenant_mount.check_present(identity)
        if done:
            machine.install_helper()
        try:
            _apply(machine, mounts, plans, done)
        finally:
            if any(change.what == "fstab" for change in done):
                machine.reload()
    else:
        done += [change for changes in plans for change in changes]
    found = [] if check_mode and done else [_describe(mount, machine.place(mount.path)) for mount in mounts]
    return done, found


def _apply(machine: Machine, mounts: t.Sequence[Mount], plans: t.Sequence[list[Change]], done: list[Change]) -> None:
    for mount, changes in zip(mounts, plans):
        # Noted before it is done: what fails halfway has changed something.
        done += changes
        try:
            machine.apply(mount, changes)
        except GlusterOpsError as exc:
            exc.details["changes"] = done
            raise


def _describe(mount: Mount, place: Place) -> dict[str, t.Any]:
    mounted = mount.is_from(place.mounted) and place.alive
    return {
        "share": mount.share,
        "path": mount.path,
        "mounted": mounted,
        "guarded": place.directory == GUARDED,
        "identity": place.identity if mounted else None,
    }
