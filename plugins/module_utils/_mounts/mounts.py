# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Looks at the mounts of this machine, and makes them what they shall be."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    GlusterOpsError,
    Refused,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import RunCommand
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.lock import DIRECTORY, held
from ansible_collections.glusterops.shares.plugins.module_utils._machines.mounted import (
    MOUNTINFO,
    Mounted,
    read_mounts,
)
from ansible_collections.glusterops.shares.plugins.module_utils._mounts import tenant_mount
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.attach import answers, attach
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.guard import (
    GUARDED,
    guard,
    look,
    release,
    underneath,
)
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.mount import (
    DISCONNECTED,
    KIND,
    TYPES,
    Mount,
    Place,
    plan,
    split_source,
)
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change


class Mounter:
    """This machine's mounts: reading and changing them. run_command and atomic_move are AnsibleModule's."""

    def __init__(
        self,
        run_command: RunCommand,
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


def reconcile(
    machine: Mounter, mounts: t.Sequence[Mount], check_mode: bool
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


def _apply(machine: Mounter, mounts: t.Sequence[Mount], plans: t.Sequence[list[Change]], done: list[Change]) -> None:
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
