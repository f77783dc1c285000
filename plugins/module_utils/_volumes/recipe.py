# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""A volume that is to be made: of which bricks, and how it is made so that nothing is left of what Gluster refuses."""

from __future__ import annotations

import os
import re
import stat
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._bricks import claimed
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    Refused,
    Unreachable,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import is_half_done
from ansible_collections.glusterops.shares.plugins.module_utils._names import check_volume_name

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Brick, Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli

# How a server calls itself.
ITSELF = "localhost"
# While a volume is rebalanced with it on, files that are there vanish for clients, some of them for good.
LOOKUP = {"cluster.lookup-optimize": "off"}

_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}", re.ASCII)
# Spaces, commas and colons mean something to Gluster, and it takes two slashes for one.
_PATH = re.compile(r"(/[A-Za-z0-9._+@-]+)+", re.ASCII)
_LONGEST_PATH = 1000
_ROOT_PARTITION = "is being created in the root partition"
_GLUSTERS = ".glusterfs"
# Of a file that only says on which other brick one is.
_LINK = "trusted.glusterfs.dht.linkto"


class Place(t.NamedTuple):
    """Where a brick lies, or shall: the server's address, as Gluster is to know it, and the directory."""

    server: str
    path: str

    def __str__(self) -> str:
        return f"{self.server}:{self.path}"


def read_place(text: str, what: str) -> Place:
    """From HOST:/PATH, or BadInput."""
    server, _colon, path = text.partition(":")
    if not _HOST.fullmatch(server) or not _PATH.fullmatch(path) or len(path) > _LONGEST_PATH or _dotted(path):
        raise BadInput(
            f"{what}: brick {text!r} must be HOST:/PATH, a server's name or IPv4 address and an absolute path of A-Z"
            " a-z 0-9 . _ + @ - and /, without a / at its end."
        )
    return Place(server, path)


def _dotted(path: str) -> bool:
    return any(part in (".", "..") for part in path.split("/"))


class Recipe(t.NamedTuple):
    """Of what a volume is made. The numbers are those of C(volume info), and of what layouts give: replica counts the
    arbiter (3 with arbiter 1), disperse all bricks of a set; 0 or 1 is none.

    bricks: in Gluster's order, set by set. options: what is set besides.
    """

    name: str
    bricks: tuple[Place, ...]
    replica: int = 1
    arbiter: int = 0
    disperse: int = 0
    redundancy: int = 0
    options: t.Mapping[str, str] = {}

    @property
    def width(self) -> int:
        """How many bricks a set has."""
        return max(self.disperse, self.replica, 1)

    @property
    def sets(self) -> tuple[tuple[Place, ...], ...]:
        return tuple(self.bricks[start : start + self.width] for start in range(0, len(self.bricks), self.width))

    def check(self) -> None:
        """BadInput if no such volume can be made. Of a wrong number of bricks Gluster would leave half a volume."""
        check_volume_name(self.name)
        its = f"Volume {self.name!r}"
        self._check_numbers(its)
        if not self.bricks or len(self.bricks) % self.width:
            raise BadInput(
                f"{its} cannot have {len(self.bricks)} bricks: a set has {self.width}, and all sets are whole."
            )
        twice = sorted(str(brick) for brick in set(self.bricks) if self.bricks.count(brick) > 1)
        if twice:
            raise BadInput(f"{its}: brick {twice[0]} stands more than once in its list.")
        for bricks in self.sets:
            servers = [brick.server for brick in bricks]
            together = [server for server in servers if servers.count(server) > 1]
            if together:
                raise BadInput(
                    f"{its}: {together[0]} would have two bricks of one set ({', '.join(map(str, bricks))}), and both"
                    " are lost with it: give each brick of a set another server."
                )

    def _check_numbers(self, its: str) -> None:
        if min(self.replica, self.arbiter, self.disperse, self.redundancy) < 0:
            raise BadInput(f"{its}: replica, arbiter, disperse and redundancy must not be less than 0.")
        if self.disperse and self.replica > 1:
            raise BadInput(f"{its} cannot have both replica {self.replica} and disperse {self.disperse}: choose one.")
        if self.arbiter and (self.arbiter, self.replica) != (1, 3):
            raise BadInput(f"{its}: arbiter {self.arbiter} with replica {self.replica} is none: it is 1 of replica 3.")
        if self.disperse and not 0 < 2 * self.redundancy < self.disperse:
            raise BadInput(
                f"{its}: disperse {self.disperse} cannot have redundancy {self.redundancy}: it is at least 1, and less"
                " than half of the bricks."
            )
        if self.redundancy and not self.disperse:
            raise BadInput(f"{its}: redundancy {self.redundancy} is of disperse, which is not given.")

    def is_of(self, volume: Volume) -> bool:
        """Whether the volume has these bricks in these sets."""
        return places(volume) == self.bricks and shape(volume) == (
            max(self.replica, 1),
            self.arbiter,
            self.disperse,
            self.redundancy,
        )


def places(volume: Volume) -> tuple[Place, ...]:
    return tuple(Place(brick.server, brick.path) for brick in volume.bricks)


def shape(volume: Volume) -> tuple[int, int, int, int]:
    """Its replica, arbiter, disperse and redundancy, where no replica is 1."""
    return max(volume.replica, 1), volume.arbiter, volume.disperse, volume.redundancy


class Known(t.NamedTuple):
    """One look at the pool through this server.

    apart: by volume, the servers that do not have it as this one does, or have it though this one does not. names: by
    server's name or address its UUID, as far as they are known; this server's also as V(localhost).
    """

    volumes: dict[str, Volume]
    apart: dict[str, list[str]]
    names: dict[str, str]

    def is_here(self, server: str) -> bool:
        return server in self.names and self.names[server] == self.names[ITSELF]


def look(cli: GlusterCli) -> Known:
    """What volumes there are on any server of the pool: two calls, and one or two of each other server. Raises
    Unreachable where one cannot be asked: it may have a volume, or have missed that one was deleted."""
    volumes, peers = answers.volumes(cli), answers.peers(cli)
    away = [peer for peer in peers if not peer.connected or peer.state not in ("", answers.MEMBER)]
    if away:
        told = ", ".join(f"{peer.hostname} ({peer.state or 'not connected'})" for peer in away)
        raise Unreachable(
            f"No volume is made or changed while servers of the pool cannot be asked: {told}. Bring them back, or"
            " detach them."
        )
    apart: dict[str, list[str]] = {}
    names = {brick.server: brick.server_uuid for one in volumes.values() for brick in one.bricks}
    others = [peer for peer in peers if peer.hostname != ITSELF]
    for other in others:
        for name in volumes.keys() ^ set(answers.volume_names(cli.at(other.hostname))):
            apart.setdefault(name, []).append(other.hostname)
    # How this server is called only others tell, to whom they themselves are localhost.
    for peer in [*(answers.peers(cli.at(others[0].hostname)) if others else ()), *peers]:
        names[peer.hostname] = peer.uuid
    return Known(volumes, apart, names)


def create(
    cli: GlusterCli,
    recipe: Recipe,
    known: Known | None = None,
    root: bool = False,
) -> Volume:
    """Makes the volume and gives it C(recipe.options) and lookup-optimize off, all in one transaction, before anybody
    can start it. The volume, as it is afterwards: Created.

    The caller holds the volume's lock, and has looked at each brick on its server: it is absent or empty, and of no
    volume. One that has exactly these bricks and was never started is what a killed run left, and is gone on with.

    known: what look() told, where the caller makes many. root: bricks may lie on root file systems, for which Gluster
    wants C(force). That hides much else from it: only who has looked may say so.

    Raises BadInput (no such volume can be made), Conflict (the name or a brick is taken), Unreachable (a server of the
    pool cannot be asked), Refused (by Gluster; C(left) names the bricks on other servers that may have been marked
    as the volume's: release() there undoes that, as it was here).
    """
    recipe.check()
    known = known or look(cli)
    present = known.volumes.get(recipe.name)
    if present is None:
        check_free(recipe, known)
        _make(cli, recipe, known, root)
    elif recipe.name in known.apart:
        raise Conflict(_apart(recipe.name, known))
    elif present.status != "Created" or not recipe.is_of(present):
        raise Conflict(f"Volume {recipe.name!r} exists, with other bricks or started: choose another name.")
    set_options(cli, recipe.name, {**recipe.options, **LOOKUP})
    volume = answers.volume(cli, recipe.name)
    lacking = sorted(
        option for option, value in {**recipe.options, **LOOKUP}.items() if volume.options.get(option) != value
    )
    if lacking or not recipe.is_of(volume):
        raise Conflict(
            f"Volume {recipe.name!r} was made, and is not as asked afterwards ({', '.join(lacking) or 'its bricks'}):"
            " somebody else changed it, or Gluster keeps it otherwise."
        )
    return volume


def check_free(recipe: Recipe, known: Known) -> None:
    """Conflict if another server knows a volume of that name, or some volume has one of the bricks, or what is above or
    below it; BadInput if two of a set are on one server by two names of it."""
    if recipe.name in known.apart:
        raise Conflict(_apart(recipe.name, known))
    for brick in recipe.bricks:
        check_brick(brick, known, f"Volume {recipe.name!r}")
    check_servers(recipe, known)


def check_servers(recipe: Recipe, known: Known) -> None:
    """BadInput if two bricks of a set are on one server, by whatever names of it."""
    for bricks in recipe.sets:
        found: dict[str, Place] = {}
        for brick in bricks:
            uuid = known.names.get(brick.server, str(brick))
            if uuid in found:
                raise BadInput(
                    f"Volume {recipe.name!r}: {found[uuid]} and {brick} would be of one set, and are on one server."
                )
            found[uuid] = brick


def _apart(name: str, known: Known) -> str:
    has = "have it, and this server does not" if name not in known.volumes else "do not have it, as this server does"
    return (
        f"Volume {name!r}: {', '.join(known.apart[name])} {has}. Where nobody makes or deletes it right now, start"
        " glusterd again on the servers without it, and run this again."
    )


def check_brick(brick: Place, known: Known, its: str) -> None:
    """Conflict if some volume has that directory, or one above or below it."""
    for volume in known.volumes.values():
        for other in volume.bricks:
            if _same_server(brick.server, other, known) and _overlap(brick.path, other.path):
                raise Conflict(
                    f"{its}: brick {brick} is, holds or lies in a brick of volume {volume.name!r}"
                    f" ({other.server}:{other.path}): give it a directory of its own."
                )


def _same_server(server: str, brick: Brick, known: Known) -> bool:
    return server == brick.server or known.names.get(server) == brick.server_uuid


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(other + "/") or other.startswith(one + "/")


def _make(cli: GlusterCli, recipe: Recipe, known: Known, root: bool) -> None:
    words = ["create", recipe.name, *_shape_words(recipe), *map(str, recipe.bricks)]
    submit(cli, words, recipe.bricks, known, root)


def submit(cli: GlusterCli, words: t.Sequence[str], bricks: t.Sequence[Place], known: Known, root: bool) -> None:
    """C(gluster volume WORDS), which gives new bricks to a volume. What it refuses is undone on this server, and told
    of the others. root: as for create()."""
    # What a run left that was killed before it could undo.
    _release_all(cli, bricks)
    try:
        try:
            cli.xml("volume", *words)
        except Refused as exc:
            if not (root and _ROOT_PARTITION in str(exc)):
                raise
            cli.xml("volume", *words, "force")
    except Refused as exc:
        # Where glusterd did not answer, it may still be at it.
        _release_all(cli, bricks)
        left = [str(brick) for brick in bricks if not known.is_here(brick.server)]
        if not left:
            raise
        raise Refused(
            f"{exc} It may have marked {', '.join(left)} before that, and says then that they are already part of a"
            " volume: gluster_bricks takes that off its bricks, or 'setfattr -x trusted.glusterfs.volume-id' there.",
            **exc.details,
            left=left,
        ) from exc


def _release_all(cli: GlusterCli, bricks: t.Iterable[Place]) -> None:
    marked = [brick.path for brick in bricks if _volume_id(brick.path)]
    if marked:
        volumes = answers.volumes(cli)
        for path in marked:
            release(path, volumes.values())


def _shape_words(recipe: Recipe) -> list[str]:
    if recipe.disperse:
        return ["disperse", str(recipe.disperse), "redundancy", str(recipe.redundancy)]
    if recipe.replica < 2:
        return []
    return ["replica", str(recipe.replica), *(["arbiter", "1"] if recipe.arbiter else [])]


def set_options(cli: GlusterCli, volume: str, options: t.Mapping[str, str]) -> None:
    """Sets them in one transaction, and once more where some server could not keep it, which no other shows later."""
    words = [word for option in options.items() for word in option]
    try:
        cli.xml("volume", "set", volume, *words)
    except Refused as exc:
        if not is_half_done(exc):
            raise
        cli.xml("volume", "set", volume, *words)


def _volume_id(path: str) -> bytes | None:
    try:
        return os.getxattr(path, claimed.VOLUME_ID)
    except OSError:
        return None


def release(path: str, volumes: t.Iterable[Volume]) -> bool:
    """Takes off a directory of this server what a refused C(volume create) left on it. Whether there was anything.

    Nothing is done to a directory that some volume has, by its path or its id, that ever ran as a brick, or that holds
    anything.
    """
    value = _volume_id(path)
    if value is None:
        return False
    ids = {volume.id.replace("-", "") for volume in volumes}
    if value.hex() in ids or any(brick.path == path for volume in volumes for brick in volume.bricks):
        return False
    try:
        if claimed.look(path).used:
            return False
        claimed.release(path)
    except OSError:
        return False
    return True


def holds_nothing(path: str, volume: Volume) -> bool:
    """Whether a directory of this server is a brick of the volume, and has no files but those of size 0 that only say
    on which other brick one is."""
    value = _volume_id(path)
    if value is None or value.hex() != volume.id.replace("-", ""):
        return False
    try:
        for directory, directories, files in os.walk(path, onerror=_fail):
            if directory == path and _GLUSTERS in directories:
                directories.remove(_GLUSTERS)
            links = [name for name in directories if os.path.islink(os.path.join(directory, name))]
            if links or not all(_is_pointer(os.path.join(directory, name)) for name in files):
                return False
    except OSError:
        return False
    return True


def _fail(exc: OSError) -> t.NoReturn:
    raise exc


def _is_pointer(path: str) -> bool:
    its = os.lstat(path)
    if not stat.S_ISREG(its.st_mode) or stat.S_IMODE(its.st_mode) != stat.S_ISVTX or its.st_size:
        return False
    return _LINK in os.listxattr(path, follow_symlinks=False)
