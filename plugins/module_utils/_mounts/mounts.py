# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Looks at the mounts of this machine, and makes them what they shall be."""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    GlusterOpsError,
    OutcomeUnknown,
    Refused,
    TimedOut,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import RunCommand
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.lock import DIRECTORY, held
from ansible_collections.glusterops.shares.plugins.module_utils._machines.mounted import (
    MOUNTINFO,
    Mounted,
    kinds_at,
    read_mounts,
    read_reachable,
)
from ansible_collections.glusterops.shares.plugins.module_utils._mounts import guard, options, tenant_mount
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.asking import Answer, ask, run
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.attach import (
    PATIENCE,
    attach,
    check_options,
    health,
    questions,
)
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.client import Client, behind, clients, peers
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.fstab import (
    FSTAB,
    Line,
    read_line,
    read_lines,
    replace_lines,
    write,
)
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.guard import GUARDED
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.mount import (
    DISCONNECTED,
    KIND,
    TYPES,
    Mount,
    Place,
    check_path,
    plan,
    sources_at,
)
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.source import read_source, server_name
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_unique
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change

AUTOFS = "autofs"
# For what others ask in passing: a mount that is slower is asked again by the module, with its own patience.
PASSING = 5.0
_LINKS = 40


class Mounter:
    """This machine's mounts: reading and changing them. run_command is AnsibleModule's. patience: for how many seconds
    a mount, or a program that mounts, is waited for."""

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
        self._run_command = run_command
        self._patience = patience
        self._fstab = fstab
        self._mountinfo = mountinfo
        self._locks = locks
        self._helper = helper
        self._booted = booted

    # ---- looking ----

    def mounts(self) -> dict[str, Mounted]:
        """What can be reached by path."""
        return read_reachable(self._mountinfo)

    def look(self) -> dict[str, t.Any]:
        """All places where a volume is mounted or would be at boot, in a form that can travel."""
        return {
            "places": {path: place._asdict() for path, place in self._places_of_volumes().items()},
            "helper": not self.plan_helper(),
            "tenants": tenant_mount.present(),
        }

    def _places_of_volumes(self) -> dict[str, Place]:
        lines = self._lines()
        declared = {path for path, found in lines.items() if any(line.kind in TYPES for line in found)}
        mounted = {path for path, there in read_mounts(self._mountinfo).items() if there.kind == KIND}
        return self.places(sorted(declared | mounted), lines)

    def resolved(self, mounts: t.Iterable[Mount]) -> list[Mount]:
        """The mounts, with the paths that symbolic links lead to."""
        found = []
        asked = list(mounts)
        real = self._real({mount.path for mount in asked})
        for mount in asked:
            path = real[mount.path]
            if isinstance(path, Answer):
                raise (TimedOut if path.silent else BadInput)(
                    f"{mount.share}: path {mount.path!r} cannot be followed: {_why(path)}."
                )
            check_path(path, mount.share, mount.path)
            found.append(mount if path == mount.path else mount._replace(path=path, asked=mount.path))
        return found

    def _real(self, paths: t.Iterable[str]) -> dict[str, str | Answer]:
        """Where each leads to. What something is mounted on is no link, and is not asked."""
        points = set(self.mounts())
        sure = {path: path for path in paths if path in points}
        asked = {path: functools.partial(follow, path, points) for path in set(paths) - set(sure)}
        answers = ask(asked, self._patience)
        return {**sure, **{path: answer if answer.failure else answer.value for path, answer in answers.items()}}

    def _lines(self) -> dict[str, list[Line]]:
        """The lines of fstab by where their paths lead to."""
        lines = [line for line in map(read_line, read_lines(self._fstab)) if line]
        real = self._real({line.path for line in lines})
        found: dict[str, list[Line]] = {}
        for line in lines:
            path = real[line.path]
            found.setdefault(line.path if isinstance(path, Answer) else path, []).append(line)
        return found

    def places(self, paths: t.Sequence[str], lines: t.Mapping[str, list[Line]] | None = None) -> dict[str, Place]:
        """What is at each path, asked at once."""
        if not paths:
            return {}
        lines = self._lines() if lines is None else lines
        mounts, waking = self.mounts(), {}
        # An automount mounts when somebody asks for what is there.
        for path in paths:
            if path in mounts and mounts[path].kind == AUTOFS:
                waking[path] = functools.partial(wake, path)
        woken = ask(waking, self._patience)
        mounts = self.mounts() if woken else mounts
        everything = read_mounts(self._mountinfo)
        volumes = {path: there for path, there in mounts.items() if there.kind == KIND}
        asked: dict[str, t.Callable[[], t.Any]] = {}
        for path in paths:
            if path in volumes:
                asked.update(questions(path))
                asked[f"below {path}"] = functools.partial(guard.underneath, guard.look, path)
            elif path not in everything:
                asked[f"below {path}"] = functools.partial(guard.look, path)
        answers = ask(asked, self._patience)
        everybody = clients() if volumes else []
        found = {}
        for path in paths:
            line = "\n".join(one.text for one in lines.get(path, [])) or None
            if path in volumes:
                found[path] = self._place(path, volumes[path], line, answers, everybody, mounts)
            elif path in mounts:
                what = f"{mounts[path].kind} {mounts[path].source}"
                if path in woken:
                    what += f", an automount that does not bring the share: {_why(woken[path]) or 'it is not mounted'}"
                found[path] = Place(None, line, None, foreign=what, automount=path in woken)
            elif path in everything:
                there = everything[path]
                hidden = guard.UNKNOWN + "what is mounted there is hidden by a mount on a directory above"
                found[path] = Place(there.source if there.kind == KIND else None, line, hidden)
            else:
                found[path] = Place(None, line, _underneath(path, answers))
        return found

    def _place(
        self,
        path: str,
        there: Mounted,
        line: str | None,
        answers: t.Mapping[str, Answer],
        everybody: t.Sequence[Client],
        mounts: t.Mapping[str, Mounted],
    ) -> Place:
        client = behind(everybody, path, read_source(there.source).volume, mounts)
        alive, trouble = health(path, answers, client, self._patience)
        return Place(
            mounted=there.source,
            line=line,
            directory=_underneath(path, answers),
            alive=alive,
            identity=client.identity if client else None,
            traits=sorted(options.traits_of(client.words, there.options)) if client else None,
            trouble=trouble,
            automount=AUTOFS in kinds_at(path, self._mountinfo),
        )

    def proven(self, mount: Mount, place: Place) -> Place:
        """The place. A client that runs and reaches no brick is as good as dead if another, mounted beside it, does:
        it began in a mode that the servers have no more. That is tried before anybody's mount is taken away."""
        if not (mount.present and place.trouble and not place.alive and mount.is_from(place.mounted)):
            return place
        beside = os.path.join(self._locks, f"{mount.volume}.{os.getpid()}.try")
        source = [*(("-t", tenant_mount.TYPE) if mount.identity else ("-t", "glusterfs")), mount.source, beside]
        words = mount.line.split()[3]
        try:
            os.makedirs(beside, mode=0o700)
            attach(mount._replace(path=beside, asked=""), [*source, "-o", words], self._patience, self._mountinfo)
            answers = ask(questions(mount.path), PASSING)
            alive, trouble = health(mount.path, answers, None, PASSING)
            return place._replace(alive=alive, trouble=trouble)
        except GlusterOpsError as exc:
            return place._replace(trouble=f"{place.trouble}; a new one fails, too: {exc.details.get('reason', exc)}")
        finally:
            run(["umount", "-l", beside], self._patience)
            with contextlib.suppress(OSError):
                os.rmdir(beside)

    def everywhere(self, mount: Mount) -> list[Mount]:
        """The mount at each path where its share is mounted, or would be at boot."""
        places = self._places_of_volumes()
        found = []
        for path, place in places.items():
            known = self.known(mount._replace(path=path), place)
            if any(map(known.is_from, sources_at(place))):
                found.append(known)
        return found

    def known(self, mount: Mount, place: Place) -> Mount:
        """The mount, with what is there taken for one of its servers if it has an address of theirs, or if the client
        of what is mounted talks to them."""
        strange = [source for source in sources_at(place) if mount.is_of(source) and not mount.is_from(source)]
        if not strange:
            return mount
        named = sorted({server for source in strange for server in read_source(source).servers})
        wanted = sorted(set(map(server_name, mount.servers)))
        answers = ask({name: functools.partial(addresses, name) for name in {*named, *wanted}}, PASSING)
        ours = {address for name in wanted for address in answers[name].value or ()}
        aliases = {name for name in named if ours & set(answers[name].value or ())}
        if place.mounted in strange:
            client = behind(clients(), mount.path, mount.volume, self.mounts())
            if client and ours & peers(client.pid):
                aliases |= set(read_source(place.mounted or "").servers)
        return mount._replace(aliases=(*mount.aliases, *sorted(aliases)))

    def plan_helper(self) -> list[Change]:
        """What has to be done so that mount(8) can mount with an identity."""
        try:
            with open(self._helper, encoding="utf-8", errors="replace") as handle:
                same = handle.read() == tenant_mount.TEXT
                mode = os.fstat(handle.fileno()).st_mode & 0o7777
        except FileNotFoundError:
            return [Change(self._helper, "file", "absent", "installed")]
        return [] if same and mode == 0o755 else [Change(self._helper, "file", "other", "installed")]

    # ---- changing ----

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
            if change.before and not self._has(mount):
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

    def _has(self, mount: Mount) -> bool:
        there = self.mounts().get(mount.path)
        return there is not None and mount.is_from(there.source)

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
        raise Refused(f"The directory {mount.where} could not be {what}: {_why(answer)}.")

    def _unmount(self, mount: Mount, disconnected: bool, once: bool = False) -> None:
        """Takes off the share; and an automount under it, and the share under that if it was mounted twice, unless it
        is to be done only once."""
        there = self.mounts().get(mount.path)
        while there and (there.kind == AUTOFS or mount.is_from(there.source)):
            # Whoever runs the automount has it open.
            lazily = ["-l"] if disconnected or there.kind == AUTOFS else []
            rc, _out, err = run(["umount", *lazily, mount.path], self._patience)
            if rc is None:
                raise TimedOut(
                    f"{mount.where} was not unmounted within {self._patience:.0f} seconds: see what hangs there, and"
                    " try again."
                )
            there = self.mounts().get(mount.path)
            if rc and there:
                why = err.strip().rstrip(".")
                raise Refused(f"{mount.where} could not be unmounted: {why}. Stop what uses it and try again.")
            if once:
                return

    def _remount(self, mount: Mount) -> None:
        flags = options.flags_of(mount.traits)
        answer = ask({"remount": lambda: guard.remount(mount.path, flags)}, self._patience)["remount"]
        if answer.failure:
            raise Refused(
                f"{mount.where} could not be remounted with the options {', '.join(sorted(mount.traits)) or 'rw'}:"
                f" {_why(answer)}. Stop what uses it and try again."
            )


def follow(path: str, points: t.Container[str]) -> str:
    """Where the path leads to, through all symbolic links. points: where something is mounted, which are none."""
    done, rest, links = "", path.split("/"), 0
    while rest:
        part = rest.pop(0)
        if part in ("", "."):
            continue
        if part == "..":
            done = done.rpartition("/")[0]
            continue
        here = f"{done}/{part}"
        target = None
        if here not in points:
            with contextlib.suppress(FileNotFoundError):
                if os.path.islink(here):
                    target = os.readlink(here)
        if target is None:
            done = here
            continue
        links += 1
        if links > _LINKS:
            raise OSError(0, "it has too many symbolic links, or links in a circle")
        done = "" if target.startswith("/") else done
        rest = [*target.split("/"), *rest]
    return done or "/"


def _here(action: t.Callable[[str], str | None], path: str) -> str | None:
    return action(path)


def wake(path: str) -> None:
    """Has an automount mount what it is for."""
    os.stat(path + "/")


def addresses(name: str) -> list[str]:
    """What the name stands for on this machine."""
    return sorted({str(found[4][0]) for found in socket.getaddrinfo(name, None)})


def _underneath(path: str, answers: t.Mapping[str, Answer]) -> str | None:
    answer = answers[f"below {path}"]
    return guard.UNKNOWN + _why(answer) if answer.failure else answer.value


def _why(answer: Answer) -> str:
    return "nothing was heard for long" if answer.silent else answer.failure


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
