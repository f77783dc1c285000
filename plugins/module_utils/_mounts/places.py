# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Looks at the mounts of this machine: what is mounted where, what would be at boot, and whether it answers."""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, TimedOut
from ansible_collections.glusterops.shares.plugins.module_utils._machines.mounted import (
    MOUNTINFO,
    Mounted,
    points_of,
    read_mounts,
    read_reachable,
)
from ansible_collections.glusterops.shares.plugins.module_utils._mounts import guard, options, tenant_mount
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.asking import PATIENCE, Answer, ask
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.client import Client, behind, clients, peers
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.fstab import (
    FSTAB,
    Line,
    read_line,
    read_lines,
)
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.health import health, questions
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.mount import (
    KIND,
    TYPES,
    Mount,
    Place,
    check_path,
    sources_at,
)
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.source import read_source, server_name
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change

AUTOFS = "autofs"
# For what others ask in passing: a mount that is slower is asked again by the module, with its own patience.
PASSING = 5.0
_LINKS = 40


class Mounts:
    """This machine's mounts. patience: for how many seconds one is waited for."""

    def __init__(
        self,
        patience: float = PATIENCE,
        fstab: str = FSTAB,
        mountinfo: str = MOUNTINFO,
        helper: str = tenant_mount.HELPER,
    ) -> None:
        self._patience = patience
        self._fstab = fstab
        self._mountinfo = mountinfo
        self._helper = helper

    def mounts(self) -> dict[str, Mounted]:
        """What can be reached by path."""
        return read_reachable(self._mountinfo)

    def look(self) -> dict[str, t.Any]:
        """All places where a volume is mounted or would be at boot, in a form that can travel."""
        lines = self._lines()
        found = self._volumes(lines)
        return {
            "places": {path: place._asdict() for path, place in self.places(sorted(found), lines).items()},
            "helper": not self.plan_helper(),
            "tenants": tenant_mount.present(),
        }

    def resolved(self, mounts: t.Iterable[Mount]) -> list[Mount]:
        """The mounts, with the paths that symbolic links lead to."""
        found = []
        asked = list(mounts)
        real = self._real({mount.path for mount in asked})
        for mount in asked:
            path = real[mount.path]
            if isinstance(path, Answer):
                raise (TimedOut if path.silent else BadInput)(
                    f"{mount.share}: path {mount.path!r} cannot be followed: {why(path)}."
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
        everything, automounts = read_mounts(self._mountinfo), points_of(AUTOFS, self._mountinfo)
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
            line = _text(lines.get(path, ()))
            if path in volumes:
                place = self._place(path, volumes[path], answers, everybody, mounts)
                found[path] = place._replace(line=line, automount=path in automounts)
            elif path in mounts:
                what = f"{mounts[path].kind} {mounts[path].source}"
                if path in woken:
                    what += f", an automount that does not bring the share: {why(woken[path]) or 'it is not mounted'}"
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
        answers: t.Mapping[str, Answer],
        everybody: t.Sequence[Client],
        mounts: t.Mapping[str, Mounted],
    ) -> Place:
        client = behind(everybody, path, read_source(there.source).volume, mounts)
        alive, trouble = health(path, answers, client, self._patience)
        return Place(
            mounted=there.source,
            line=None,
            directory=_underneath(path, answers),
            alive=alive,
            identity=client.identity if client else None,
            traits=sorted(options.traits_of(client.words, there.options)) if client else None,
            trouble=trouble,
        )

    def everywhere(self, mount: Mount) -> list[Mount]:
        """The mount at each path where its share is mounted, or would be at boot."""
        lines, found = self._lines(), []
        for path, source in sorted(self._volumes(lines).items()):
            # Whether it answers does not matter yet.
            place = Place(source, _text(lines.get(path, ())), None)
            known = self.known(mount._replace(path=path), place)
            if any(map(known.is_from, sources_at(place))):
                found.append(known)
        return found

    def _volumes(self, lines: t.Mapping[str, list[Line]]) -> dict[str, str | None]:
        """Where volumes are mounted, and what; or would be at boot."""
        declared = [path for path, there in lines.items() if any(line.kind in TYPES for line in there)]
        mounted = {path: there.source for path, there in read_mounts(self._mountinfo).items() if there.kind == KIND}
        return {**dict.fromkeys(declared), **mounted}

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


def wake(path: str) -> None:
    """Has an automount mount what it is for."""
    os.stat(path + "/")


def addresses(name: str) -> list[str]:
    """What the name stands for on this machine."""
    return sorted({str(found[4][0]) for found in socket.getaddrinfo(name, None)})


def _text(lines: t.Iterable[Line]) -> str | None:
    return "\n".join(line.text for line in lines) or None


def _underneath(path: str, answers: t.Mapping[str, Answer]) -> str | None:
    answer = answers[f"below {path}"]
    return guard.UNKNOWN + why(answer) if answer.failure else answer.value


def why(answer: Answer) -> str:
    return "nothing was heard for long" if answer.silent else answer.failure
