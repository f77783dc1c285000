# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cluster of test_closing, where each server keeps its own, and runs on it to which things happen."""

from __future__ import annotations

import contextlib
import os
import pathlib
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._gluster import volfile
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import LIST, split_list
from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster
from recorded import OK
from test_closing import BUSY, SERVERS, Cluster

# Whoever comes, with or without a certificate.
ANYBODY = "*"
_FIRST_PORT = 49152
_UNREACHABLE = "Connection failed. Please check if gluster daemon is operational."
_QUOTA = {"features.quota-deem-statfs": "on", "features.inode-quota": "on", "features.quota": "on"}


class Killed(BaseException):
    """The end of a run from outside."""


class Kept(t.NamedTuple):
    """What a glusterd has of a volume. version: the highest one wins when servers meet."""

    version: int
    volume: Volume


_HEALS = ("InHealPending", "InSplitBrain", "PossiblyHealing")


class Servers(Cluster):
    """Three servers, each with what its glusterd remembers and what it has stored, by which its bricks go.

    away: their glusterd does not run. full: they have no room to store anything, and whether they say so. bricks: those
    that run, and whether they speak TLS, which they decide when they start. data: where the volumes' files are.
    """

    def __init__(self, data: pathlib.Path, *volumes: Volume, plain: t.Container[str] = ()) -> None:
        super().__init__(*volumes)
        self.away: set[str] = set()
        self.full: dict[str, bool] = {}
        self.remembered = {server: {one.name: Kept(0, one) for one in volumes} for server in SERVERS}
        self.stored = {server: dict(self.remembered[server]) for server in SERVERS}
        self.bricks = {
            (server, one.name): one.is_on("server.ssl") and one.name not in plain
            for server in SERVERS
            for one in volumes
            if one.started
        }
        self.mounted: set[tuple[str, str]] = set()
        self._limits: dict[str, str] = {}
        self._names, self._asked, self._data = [one.name for one in volumes], "", data
        # What was written is not written again: that takes the most time of all.
        self._written: dict[tuple[t.Any, ...], tuple[list[Volume], str]] = {}
        for name in self._names:
            (data / name).mkdir()
        self.instead.update(
            {
                "volume heal": self._heal,
                "volume quota": self._quota,
                "volume reset": self._reset,
                "volume start": self._start,
                "volume stop": self._stop,
            }
        )

    # ---- as it is seen ----
    def comes_in(self, server: str, name: str) -> set[str]:
        """Who can use the volume's brick on that server, whatever any glusterd says."""
        tls = self.bricks.get((server, name))
        if tls is None:
            return set()
        entries = split_list(self.stored[server][name].volume.options.get(LIST, ""))
        return (set(entries) - set(SERVERS) if entries else {ANYBODY}) if tls else {ANYBODY}

    def let_in(self, name: str) -> set[str]:
        return {who for server in SERVERS for who in self.comes_in(server, name)}

    def keeps(self, server: str, name: str) -> bool:
        """Whether the brick there runs, and goes by what its glusterd says."""
        return (server, name) in self.bricks and self.stored[server][name] == self.remembered[server][name]

    def limit(self, name: str) -> int | None:
        return int(self._limits[name]) if name in self._limits else None

    def directory(self, name: str) -> pathlib.Path:
        return self._data / name

    @property
    def connected(self) -> list[str]:
        return [server for server in SERVERS if server not in self.away]

    # ---- what happens to servers ----
    def come_back(self, server: str) -> None:
        """Its glusterd starts with what it has stored, and learns from the others what is newer."""
        self.away.discard(server)
        self.remembered[server] = dict(self.stored[server])
        for name in self._names:
            newest = max((self.remembered[one][name] for one in self.connected), key=lambda kept: kept.version)
            for one in self.connected:
                if self.remembered[one][name].version < newest.version:
                    self._keep(one, name, newest)
            self._run_bricks([server], name)

    def _keep(self, server: str, name: str, kept: Kept) -> None:
        self.remembered[server][name] = kept
        if server not in self.full:
            self.stored[server][name] = kept

    def _run_bricks(self, servers: t.Iterable[str], name: str) -> None:
        for server in servers:
            if not self.remembered[server][name].volume.started:
                self.bricks.pop((server, name), None)
            elif (server, name) not in self.bricks:
                self.bricks[server, name] = self.stored[server][name].volume.is_on("server.ssl")
        self._cut_off()

    def _cut_off(self) -> None:
        """Who is in stays in while some brick lets him."""
        self.mounted = {(name, who) for name, who in self.mounted if {who, ANYBODY} & self.let_in(name)}

    # ---- gluster ----
    def _info(self, names: list[str]) -> str:
        its = list(self.volumes.values())
        key = (*names, *map(id, its))
        if key not in self._written:
            self._written[key] = its, super()._info(names)
        return self._written[key][1]

    def ask(self, asked: str, argv: list[str]) -> tuple[int, str, str]:
        """What gluster says of the server that is asked."""
        if asked in self.away:
            return 1, "", _UNREACHABLE
        self._asked = asked
        self.volumes = {name: kept.volume for name, kept in self.remembered[asked].items()}
        return super().__call__(argv)

    def _commit(self, name: str, change: t.Callable[[Volume], Volume]) -> str:
        """One transaction: the servers remember it, and some may have no room for it."""
        for server in self.connected:
            version, its = self.remembered[server][name]
            self._keep(server, name, Kept(version + 1, change(its)))
        self._cut_off()
        failed = [server for server in self.connected if self.full.get(server)]
        if failed:
            return refusal(f"Commit failed on {failed[0]}. Please check log file for details.")
        return OK

    def _set(self, words: list[str]) -> str:
        given = dict(zip(words[3::2], words[4::2]))
        return self._commit(words[2], lambda its: its._replace(options={**its.options, **given}))

    def _reset(self, words: list[str]) -> str:
        return self._commit(
            words[2],
            lambda its: its._replace(options={key: its.options[key] for key in its.options if key != words[3]}),
        )

    def _start(self, words: list[str]) -> str:
        name = words[2]
        if self.volumes[name].started and words[-1] != "force":
            return refusal(f"Volume {name} already started")
        said = self._commit(name, lambda its: its._replace(status="Started"))
        self._run_bricks(self.connected, name)
        return said

    def _stop(self, words: list[str]) -> str:
        name = words[2]
        if not self.volumes[name].started:
            return refusal(f"Volume {name} is not in the started state")
        said = self._commit(name, lambda its: its._replace(status="Stopped"))
        self._run_bricks(self.connected, name)
        return said

    def _quota(self, words: list[str]) -> str:
        name, what = words[2], words[3]
        its = self.volumes[name]
        if not its.started:
            return refusal("Volume is stopped, start volume to enable quota.")
        if what == "enable":
            if its.is_on("features.quota"):
                return refusal("Quota is already enabled")
            return self._commit(name, lambda its: its._replace(options={**its.options, **_QUOTA}))
        if not its.is_on("features.quota"):
            return refusal("Quota is disabled, please enable quota")
        if what == "disable":
            self._limits.pop(name, None)
            return self._commit(name, lambda its: its._replace(options={**its.options, **dict.fromkeys(_QUOTA, "off")}))
        if what == "limit-usage":
            self._limits[name] = words[5]
        elif what == "remove":
            del self._limits[name]
        elif name not in self._limits:
            return refusal(f"No quota configured on volume {name}")
        else:
            row = f"<path>/</path><hard_limit>{self._limits[name]}</hard_limit><used_space>0</used_space>"
            return OK.replace("</cliOutput>", f"<volQuota><limit>{row}</limit></volQuota></cliOutput>")
        return OK

    def _heal(self, words: list[str]) -> str:
        names = ("totalNumberOfEntries", *(f"numberOfEntries{kind}" for kind in _HEALS))
        counters = "".join(f"<{name}>0</{name}>" for name in names)
        bricks = "".join(
            f"<brick><name>{brick.server}:{brick.path}</name><status>Connected</status>{counters}</brick>"
            for brick in self.volumes[words[2]].bricks
        )
        return OK.replace("</cliOutput>", f"<healInfo><bricks>{bricks}</bricks></healInfo></cliOutput>")

    def _listed(self, name: str) -> str:
        if not self.volumes[name].started:
            return ""
        count = sum(volume == name for volume, _who in self.mounted)
        self.clients[name] = {"glustershd": 3, **({"fuse": count} if count else {})}
        return super()._listed(name)

    def _status(self, words: list[str]) -> str:
        name = words[2]
        if name != "all" and not self.volumes[name].started:
            return refusal(f"Volume {name} is not started")
        asked = [one for one in self._names if self.volumes[one].started and name in ("all", one)]
        volumes = "".join(
            f"<volume><volName>{one}</volName>{self._rows(one, words[-1] == 'quotad')}</volume>" for one in asked
        )
        return OK.replace("</cliOutput>", f"<volStatus><volumes>{volumes}</volumes></volStatus></cliOutput>")

    def _rows(self, name: str, quotad: bool) -> str:
        rows = ""
        for server in self.connected:
            online = quotad or (server, name) in self.bricks
            hostname, path = ("Quota Daemon", server) if quotad else (server, "/srv/data")
            port = _FIRST_PORT + self._names.index(name) if online else "N/A"
            rows += (
                f"<node><hostname>{hostname}</hostname><path>{path}</path><peerid>u{server}</peerid>"
                f"<status>{int(online)}</status><port>{port}</port></node>"
            )
        return rows

    def _volfile(self, words: list[str]) -> str:
        name, _dot, brick = words[-1].partition(".")
        options = self.stored[self._asked][name].volume.options
        if not brick:
            return f"volume {name}\n    type debug/io-stats\nend-volume\n"
        lines = [
            f"option transport.socket.ssl-enabled {options.get('server.ssl', 'off')}",
            f"option dynamic-auth {options.get('server.dynamic-auth', 'on')}",
            *([f"option auth.login./srv/data.ssl-allow {options[LIST]}"] if LIST in options else []),
        ]
        return "\n".join(["volume data-server", "type protocol/server", *lines, "end-volume"])

    # ---- what is no gluster ----
    def in_plaintext(self, server: str, port: int) -> bool:
        return self.bricks.get((server, self._names[port - _FIRST_PORT])) is False

    @contextlib.contextmanager
    def mount(self, cli: GlusterCli, name: str) -> t.Iterator[int]:
        """Instead of wipe.mounted()."""
        volfile.client(cli, name)
        root = os.open(self.directory(name), os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield root
        finally:
            os.close(root)


def refusal(said: str) -> str:
    return OK.replace(">0</opRet>", ">-1</opRet>").replace("<opErrstr/>", f"<opErrstr>{said}</opErrstr>")


# Which call of those that begin so.
Moment = tuple[str, int]
CALLS = ["volume set", "volume set", "volume info", "volume", "system:: getspec", "pool list", "volume st"]
# What can happen then. Who is killed does nothing any more; who is interrupted puts in order what he is at. Besides,
# another run may come, whole: before what is asked is told, or while what changes something waits.
EVENTS = ["killed", "killed after", "interrupted", "interrupted after", "refused", "silent"]
ANOTHER = "another"


class Worker:
    """gluster as a run on one server has it. events: what happens when. other: another run, whole."""

    def __init__(
        self, servers: Servers, here: str, events: t.Mapping[Moment, str], other: t.Callable[[], None] = lambda: None
    ) -> None:
        self._servers, self._here, self._events, self._other = servers, here, events, other
        self._calls, self._killed = dict.fromkeys(CALLS, 0), False

    def cluster(self, folder: pathlib.Path) -> LiveCluster:
        return LiveCluster(
            GlusterCli(self, sleep=lambda _seconds: None),
            {},
            str(folder / "glusterd"),
            str(folder / f"locks-{self._here}"),
            lambda _seconds: None,
            self._servers.in_plaintext,
        )

    def __call__(self, argv: list[str], **_options: t.Any) -> tuple[int, str, str]:
        if self._killed:
            raise Killed
        event = self._event(" ".join(word for word in argv[1:] if not word.startswith("--")))
        if event in ("killed", "interrupted"):
            self._end(event)
        if event == "refused":
            return 1, refusal("It is not possible now."), ""
        if event == ANOTHER:
            self._other()
            if _changes(argv):
                return 1, BUSY, ""
        asked = next((word.partition("=")[2] for word in argv if word.startswith("--remote-host=")), self._here)
        answer = self._servers.ask(asked, argv)
        if event.endswith("after"):
            self._end(event)
        return (0, "", "") if event == "silent" else answer

    def _event(self, said: str) -> str:
        event = ""
        for begin in self._calls:
            if said.startswith(begin):
                self._calls[begin] += 1
                event = self._events.get((begin, self._calls[begin]), event)
        return event

    def _end(self, event: str) -> t.NoReturn:
        self._killed = event.startswith("killed")
        raise Killed


def _changes(argv: list[str]) -> bool:
    """Whether it takes a volume's lock. What is only asked does not wait for anybody."""
    words = [word for word in argv[1:] if not word.startswith("--")]
    return words[0] == "volume" and words[1] in ("set", "reset", "start", "stop", "quota") and words[-1] != "list"
