# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Makes the mounts of this machine what they shall be."""

from __future__ import annotations

import contextlib
import functools
import os
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    GlusterOpsError,
    OutcomeUnknown,
    Refused,
    TimedOut,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import RunCommand
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.lock import DIRECTORY, held
from ansible_collections.glusterops.shares.plugins.module_utils._machines.mounted import MOUNTINFO, Mounted
from ansible_collections.glusterops.shares.plugins.module_utils._mounts import guard, options, tenant_mount
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.asking import PATIENCE, ask, run
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.attach import attach, check_options
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.fstab import FSTAB, replace_lines, write
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.guard import GUARDED
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.health import health, questions
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.mount import (
    DISCONNECTED,
    KIND,
    Mount,
    Place,
    plan,
)
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.places import AUTOFS, PASSING, Mounts, why
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change


class Mounter(Mounts):
    """This machine's mounts, to be changed. run_command is AnsibleModule's. patience: for how many seconds a mount, or
    a program that mounts, is waited for."""

    def __init__(
        self,
        run_command: RunCommand,
        patience: float = PATIENCE,
        fstab: str = FSTAB,
        mountinfo: str = MOUNTINFO,
        locks: str = DIRECTORY,
        helper: str = tenant_mount.HELPER,
        booted: str = "/run/systemd/system",
    ) -> None:
        super().__init__(patience, fstab, mountinfo, helper)
        self._run_command = run_command
        self._locks = locks
        self._booted = booted

    def proven(self, mount: Mount, place: Place) -> Place:
        """The place. A client that runs and reaches no brick is as good as dead if another, mounted beside it, does:
        it began in a mode that the servers have no more. That is tried before anybody's mount is taken away."""
        if not (mount.present and place.trouble and not place.alive and mount.is_from(place.mounted)):
            return place
        name = f"{mount.volume}.try"
        beside = mount._replace(path=os.path.join(self._locks, name), asked="")
        source, path, kind, words = beside.line.split()[:4]
        with held(name, self._locks):
            try:
                os.makedirs(path, mode=0o700, exist_ok=True)
                attach(beside, ["-t", kind, "-o", words, source, path], self._patience, self._mountinfo)
                answers = ask(questions(mount.path), PASSING)
                alive, trouble = health(mount.path, answers, None, PASSING)
                return place._replace(alive=alive, trouble=trouble)
            except GlusterOpsError as exc:
                cause = exc.details.get("reason", exc)
                return place._replace(trouble=f"{place.trouble}; a new one fails, too: {cause}")
            finally:
                run(["umount", "-l", path], self._patience)
                with contextlib.suppress(OSError):
                    os.rmdir(path)

    def install_helper(self) -> None:
        write(self._helper, [tenant_mount.TEXT], 0o755)

    def reload(self) -> None:
        """Has systemd, if that runs the machine, make its units of fstab's lines again."""
        if os.path.isdir(self._booted):
            rc, _out, err = self._run_command(["systemctl", "daemon-reload"])
            if rc:
                raise Refused(
                    f"systemd does not read {self._fstab} again: {err.strip()}. Run 'systemctl daemon-reload'."
                )

    def apply(self, mount: Mount, changes: t.Iterable[Change]) -> t.Iterator[Change]:
        """Does the changes, and yields each that is done; of one that fails halfway, what it did before it raises."""
        ways = {
            "directory": self._directory,
            "fstab": self._line,
            "identity": self._again,
            "mounted": self._mounted,
            "options": self._options,
        }
        for change in changes:
            yield from ways[change.what](mount, change)

    def _line(self, _mount: Mount, change: Change) -> t.Iterator[Change]:
        with held(".fstab", self._locks):
            replace_lines(self._fstab, (change.before or "").split("\n"), change.after)
        yield change

    def _mounted(self, mount: Mount, change: Change) -> t.Iterator[Change]:
        if change.after and change.before:
            yield from self._again(mount, change)
            return
        try:
            if change.after:
                attach(mount, [mount.path], self._patience, self._mountinfo)
            else:
                self._unmount(mount, change.before == DISCONNECTED)
        except GlusterOpsError:
            left = self._has(mount)
            if change.before and (left is None or left.kind != KIND):
                yield change
            raise
        yield change

    def _options(self, mount: Mount, change: Change) -> t.Iterator[Change]:
        if options.only_flags(change.before, change.after):
            self._remount(mount)
            yield change
        else:
            yield from self._again(mount, change)

    def _again(self, mount: Mount, change: Change) -> t.Iterator[Change]:
        """Mounts it anew. Under it, an automount stays."""
        before = change.before if change.what == "mounted" else mount.share
        self._unmount(mount, before == DISCONNECTED, once=True)
        try:
            attach(mount, [mount.path], self._patience, self._mountinfo)
        except GlusterOpsError:
            yield Change(mount.path, "mounted", before, None)
            raise
        yield change

    def _has(self, mount: Mount) -> Mounted | None:
        """What is mounted there, if that is the share, or an automount."""
        there = self.mounts().get(mount.path)
        if there and (there.kind == AUTOFS or (there.kind == KIND and mount.is_from(there.source))):
            return there
        return None

    def _directory(self, mount: Mount, change: Change) -> t.Iterator[Change]:
        path, action = mount.path, guard.guard if change.after else guard.release
        where = guard.underneath if path in self.mounts() else _here
        answer = ask({path: functools.partial(where, action, path)}, self._patience)[path]
        if not answer.failure:
            yield change
            return
        now = ask({path: functools.partial(where, guard.look, path)}, self._patience)[path]
        if not now.failure and now.value != change.before:
            yield change._replace(after=now.value)
        what = "guarded" if change.after else "removed"
        raise Refused(f"The directory {mount.where} could not be {what}: {why(answer)}.")

    def _unmount(self, mount: Mount, disconnected: bool, once: bool = False) -> None:
        """Takes off the share; and an automount under it, and the share under that if it was mounted twice, unless it
        is to be done only once."""
        there = self._has(mount)
        while there:
            # Whoever runs the automount has it open.
            lazily = ["-l"] if disconnected or there.kind == AUTOFS else []
            rc, _out, err = run(["umount", *lazily, mount.path], self._patience)
            if rc is None:
                raise TimedOut(
                    f"{mount.where} was not unmounted within {self._patience:.0f} seconds: see what hangs there, and"
                    " try again."
                )
            there = self._has(mount)
            if rc and there:
                said = err.strip().rstrip(".")
                raise Refused(f"{mount.where} could not be unmounted: {said}. Stop what uses it and try again.")
            if once:
                return

    def _remount(self, mount: Mount) -> None:
        flags = options.flags_of(mount.traits)
        answer = ask({"remount": lambda: guard.remount(mount.path, flags)}, self._patience)["remount"]
        if answer.failure:
            raise Refused(
                f"{mount.where} could not be remounted with the options {', '.join(sorted(mount.traits)) or 'rw'}:"
                f" {why(answer)}. Stop what uses it and try again."
            )


def _here(action: t.Callable[[str], str | None], path: str) -> str | None:
    return action(path)


def reconcile(
    machine: Mounter, wanted: t.Sequence[Mount], check_mode: bool
) -> tuple[list[Change], list[dict[str, t.Any]]]:
    """Makes the mounts what they shall be. All are checked before the first is changed. An error has the detail
    C(changes): what was done."""
    done: list[Change] = []
    try:
        return done, _reconcile(machine, wanted, check_mode, done)
    except OSError as exc:
        raise Refused(f"{exc.filename or 'A file'}: {exc.strerror}.", changes=done) from exc
    except GlusterOpsError as exc:
        exc.details["changes"] = done
        raise


def _reconcile(
    machine: Mounter, wanted: t.Sequence[Mount], check_mode: bool, done: list[Change]
) -> list[dict[str, t.Any]]:
    mounts = machine.resolved([mount.check() for mount in wanted])
    check_unique((mount.path for mount in mounts), "path")
    planned = _planned(machine, mounts)
    tenants = sorted({mount.identity for mount in mounts if mount.identity and mount.present})
    helper = machine.plan_helper() if tenants else []
    for mount, _place, changes in planned:
        if mount.present and any(change.what != "directory" for change in changes):
            check_options(mount)
    changes = [*helper, *(change for _mount, _place, found in planned for change in found)]
    if check_mode:
        done += changes
        return [] if changes else _described(planned)
    for identity in tenants:
        tenant_mount.check_present(identity)
    if not changes:
        return _described(planned)
    if helper:
        machine.install_helper()
        done += helper
    try:
        for mount, _place, found in planned:
            for change in machine.apply(mount, found):
                done.append(change)
    finally:
        if any(change.what == "fstab" for change in done):
            machine.reload()
    planned = _planned(machine, mounts)
    for _mount, _place, found in planned:
        if found:
            raise OutcomeUnknown(
                f"{found[0].subject} is not as it shall be after all was done: {found[0].what} is"
                f" {found[0].before!r} instead of {found[0].after!r}. Does somebody else change it, too?"
            )
    return _described(planned)


_Planned = t.List[t.Tuple[Mount, Place, t.List[Change]]]


def _planned(machine: Mounter, mounts: t.Sequence[Mount]) -> _Planned:
    """The mounts, with what was found out of their servers' names, what is there, and what is to be done for each."""
    places = machine.places([mount.path for mount in mounts])
    found = []
    for one in mounts:
        mount = machine.known(one, places[one.path])
        place = machine.proven(mount, places[one.path])
        found.append((mount, place, plan(mount, place)))
    return found


def _described(planned: _Planned) -> list[dict[str, t.Any]]:
    return [_describe(mount, place) for mount, place, _changes in planned]


def _describe(mount: Mount, place: Place) -> dict[str, t.Any]:
    mounted = mount.is_from(place.mounted) and place.alive and not place.trouble
    return {
        "share": mount.share,
        "path": mount.asked or mount.path,
        "mounted": mounted,
        "guarded": place.directory == GUARDED,
        "identity": place.identity if mounted else None,
    }
