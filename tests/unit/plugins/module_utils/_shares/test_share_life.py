# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of shares, in any order and broken off anywhere. See `make fuzz`."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import tempfile
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding, release, revoke, wipe
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import LIST, SEALED
from ansible_collections.glusterops.shares.plugins.module_utils._shares.pool import compile_pattern
from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster, close, reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import Share
from ansible_collections.glusterops.shares.plugins.module_utils._units import GIB
from fuzzing import more
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from servers import ANOTHER, ANYBODY, CALLS, EVENTS, Killed, Moment, Servers, Worker
from test_closing import BRICKS, SERVERS

PATTERN = compile_pattern("pool-#{size}G-.*")
TENANTS = ("ada", "bob", "eve")
# Two get their volumes from the pool, and two are volumes that somebody made.
POOLED, MADE = ("one", "two"), ("open", "half")
SIZES = {"one": GIB, "two": GIB, "open": None, "half": GIB}
# Whoever runs the tests can give its own files only to itself.
OWNER = {"storage.owner-uid": str(os.getuid()), "storage.owner-gid": str(os.getgid())}
CLOSED = {**SEALED, LIST: ",".join(SERVERS)}


def made(name: str, status: str = "Created", **options: str) -> Volume:
    return Volume(name, "", status, "Replicate", 3, 0, 0, 0, 0, BRICKS, {**OWNER, **options})


def volumes() -> list[Volume]:
    """Some were sealed while their bricks ran, which took no notice."""
    return [
        made("pool-1G-1", "Started", **CLOSED),
        made("pool-1G-2", "Started", **CLOSED),
        made("pool-1G-3"),
        made("pool-1G-4"),
        made("open", "Started"),
        made("half", "Started", **CLOSED),
    ]


@dataclasses.dataclass(frozen=True)
class Asked:
    """What one run is asked for. how: the function that does it, and for whom."""

    how: str
    shares: tuple[str, ...]
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    start: bool = True

    def does(self, cluster: LiveCluster) -> list[Change]:
        if self.how == "release":
            return release.release(cluster, self.shares[0], SERVERS, 0, False)[0]
        if self.how == "revoke":
            return revoke.revoke(cluster, self.deny, SERVERS, False, Clock())[0]
        if self.how == "close":
            changes, failures = close(cluster, list(map(self.declared, self.shares)), False)
            for failure in failures:
                raise failure
            return changes
        return reconcile(cluster, list(map(self.declared, self.shares)), False)[0]

    def declared(self, name: str) -> Share:
        if self.how != "declare":
            return Share(name, SERVERS, self.allow, self.deny)
        return Share(
            name,
            SERVERS,
            self.allow,
            exclusive=True,
            size=SIZES[name],
            seal=True,
            start=self.start or name in POOLED,
            restart=True,
            pattern=PATTERN if name in POOLED else None,
        )

    def puts_out(self) -> set[str]:
        """Who is in none of its shares once it has succeeded."""
        if self.how == "declare":
            return {ANYBODY, *TENANTS} - set(self.allow)
        return {ANYBODY, *TENANTS} if self.how == "release" else set(self.deny)


class Clock:
    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds


@dataclasses.dataclass
class Life:
    """What a share may be by all that was asked so far. may: who may be in. ending: since it was last declared. lives:
    how often it ended. volume: its, once it was declared with success. stored: the files of its tenants. asked: last.
    """

    may: set[str]
    ending: bool = False
    lives: int = 0
    volume: str = ""
    stored: set[str] = dataclasses.field(default_factory=set)
    asked: Asked | None = None


some = st.lists(st.sampled_from(TENANTS), min_size=1, max_size=2, unique=True).map(tuple)
# More happens to those of the pool.
names = st.sampled_from([*POOLED, *POOLED, *MADE])
shares = st.lists(names, min_size=1, max_size=2, unique=True).map(tuple)
one = names.map(lambda name: (name,))
declaring = st.builds(Asked, st.just("declare"), shares, some, start=st.booleans())
releasing = st.builds(Asked, st.just("release"), st.sampled_from(POOLED).map(lambda name: (name,)))
asking = st.one_of(
    declaring,
    st.builds(Asked, st.just("access"), one, allow=some),
    st.builds(Asked, st.sampled_from(["access", "close"]), one, deny=some),
    releasing,
    st.builds(Asked, st.just("revoke"), st.just((*POOLED, *MADE)), deny=some),
)
moments = st.tuples(st.sampled_from(CALLS), st.integers(1, 5))
happening = st.dictionaries(moments, st.sampled_from(EVENTS), max_size=1)
servers = st.sampled_from(SERVERS)


@st.composite
def meetings(draw: st.DrawFn) -> tuple[Asked, ...]:
    """A run, and those that come in between. Mostly they are about the same."""
    name, *rest = draw(st.permutations(POOLED))
    release_it, declare_it = Asked("release", (name,)), Asked("declare", (name,), draw(some))
    # A volume that is given back may be another share's at once.
    declare_other = Asked("declare", tuple(rest), draw(some))
    mine = draw(st.sampled_from([release_it, declare_it]) | asking)
    return mine, *draw(
        st.sampled_from([(release_it, declare_other), (release_it,), (declare_it,), (declare_other,)])
        | st.tuples(asking)
    )


class ShareLife(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._path = pathlib.Path(self._folder.name)
        (self._path / "data").mkdir()
        self._servers = Servers(self._path / "data", *volumes(), plain=("pool-1G-1", "half"))
        self._lives = {name: Life({ANYBODY} if name in MADE else set()) for name in (*POOLED, *MADE)}
        # Of each run that goes on, whom others let in meanwhile.
        self._running: list[tuple[Asked, set[tuple[str, str]]]] = []
        self._sound = True
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(wipe, "mounted", self._servers.mount)
        self._patch.setattr(wipe, "unmount", lambda _volume: None)
        # Nobody has their names.
        self._patch.setattr(revoke, "_addresses", lambda _volumes: set())

    @initialize(names=st.sampled_from([(), POOLED, MADE, (*POOLED, *MADE)]), allow=some, stray=st.integers(2, 4))
    def some_are_there(self, names: tuple[str, ...], allow: tuple[str, ...], stray: int) -> None:
        """What nobody may see is in a volume that says that it is free."""
        self._stray = self._servers.directory(f"pool-1G-{stray}") / "none-0-somebody"
        self._stray.touch()
        for name in names:
            self.run_undisturbed(Asked("declare", (name,), allow), 0)
        self._store_all(Asked("declare", names, allow))

    # ---- runs ----
    def _does(
        self,
        asked: Asked,
        here: str,
        events: t.Mapping[Moment, str] | None = None,
        other: t.Callable[[], None] = lambda: None,
    ) -> list[Change] | None:
        """Its changes, None if it did not succeed."""
        met = {(name, who) for running, _met in self._running for name in running.shares for who in running.allow}
        for _running, theirs in self._running:
            theirs.update((name, who) for name in asked.shares for who in asked.allow)
        for name in asked.shares:
            self._begins(self._lives[name], asked)
        self._running.append((asked, met))
        worker = Worker(self._servers, here, events or {}, other)
        try:
            changes = asked.does(worker.cluster(self._path))
        except (GlusterOpsError, Killed):
            return None
        finally:
            self._running.pop()
            self._notice_ends()
        for name in asked.shares:
            life, found = self._lives[name], self._holding(name)
            life.may -= {who for who in asked.puts_out() if (name, who) not in met}
            if asked.how == "declare" and not life.ending and found:
                life.volume = found[0]
        return changes

    def _begins(self, life: Life, asked: Asked) -> None:
        life.may |= set(asked.allow)
        if asked.how == "release":
            life.ending, life.volume = True, ""
            life.stored.clear()
        elif asked.how == "declare":
            life.asked = asked

    def _notice_ends(self) -> None:
        for name in POOLED:
            life = self._lives[name]
            if life.ending and not self._holding(name):
                life.ending, life.lives, life.asked = False, life.lives + 1, None

    def _holding(self, name: str) -> list[str]:
        """The volumes that any server takes for the share's."""
        if name in MADE:
            return [name]
        found = set()
        for server in self._servers.connected:
            for volume, kept in self._servers.remembered[server].items():
                mark = holding.mark_of(kept.volume)
                if mark and mark.share == name:
                    found.add(volume)
        return sorted(found)

    @property
    def _able(self) -> list[str]:
        return [server for server in self._servers.connected if server not in self._servers.full]

    @rule(asked=asking, there=st.integers(0, 2), events=happening)
    def run_alone(self, asked: Asked, there: int, events: dict[Moment, str]) -> None:
        self._sound = False
        here = self._able[there % len(self._able)]
        if self._does(asked, here, events) is not None:
            self._is_true(asked, here)
        self._sound = True

    @rule(asked=asking, there=st.integers(0, 2))
    def run_undisturbed(self, asked: Asked, there: int) -> None:
        self.run_alone(asked, there, {})

    @precondition(lambda self: len(self._able) > 1)
    @rule(asked=meetings(), moment=moments, events=happening, theirs=happening)
    def run_among_others(
        self, asked: tuple[Asked, ...], moment: Moment, events: dict[Moment, str], theirs: dict[Moment, str]
    ) -> None:
        """Between servers there is no lock."""
        self._sound = False
        (here, there), (mine, *others) = self._able[:2], asked

        def another() -> None:
            for other in others:
                if self._does(other, there, theirs) is not None:
                    self._store_all(other)

        done = self._does(mine, here, {**events, moment: ANOTHER}, another) is not None
        if done and not any(set(mine.shares) & set(other.shares) for other in others):
            self._is_true(mine, here)
        self._sound = True

    # ---- tenants, and what happens to servers ----
    @rule(who=st.sampled_from(TENANTS), name=st.sampled_from([*POOLED, *MADE]))
    def store(self, who: str, name: str) -> None:
        life = self._lives[name]
        for volume in self._holding(name):
            if who in self._servers.let_in(volume) and not life.ending:
                self._servers.mounted.add((volume, who))
                (self._servers.directory(volume) / f"{name}-{life.lives}-{who}").touch()
                life.stored.add(f"{volume}/{name}-{life.lives}-{who}")

    def _store_all(self, asked: Asked) -> None:
        for name in asked.shares:
            for who in asked.allow:
                self.store(who, name)

    @precondition(lambda self: not self._servers.away)
    @rule(server=servers)
    def leave(self, server: str) -> None:
        self._servers.away.add(server)

    @precondition(lambda self: self._servers.away)
    @rule()
    def come_back(self) -> None:
        for server in sorted(self._servers.away):
            self._servers.come_back(server)

    @precondition(lambda self: not self._servers.full)
    @rule(server=servers, told=st.booleans())
    def fill(self, server: str, told: bool) -> None:
        self._servers.full[server] = told

    @precondition(lambda self: self._servers.full)
    @rule()
    def make_room(self) -> None:
        self._servers.full.clear()

    # ---- what must be ----
    @invariant()
    def nobody_is_in_who_is_not_declared(self) -> None:
        for name, life in self._lives.items():
            for volume in self._holding(name):
                if self._is_in_use(volume):
                    assert self._servers.let_in(volume) <= life.may, (name, volume, life)

    def _is_in_use(self, volume: str) -> bool:
        states = [self._servers.remembered[server][volume].volume for server in self._servers.connected]
        return volume in MADE or any(mark and mark.state == holding.IN_USE for mark in map(holding.mark_of, states))

    @invariant()
    def nobody_sees_what_is_of_others(self) -> None:
        for directory in (self._path / "data").iterdir():
            for path in directory.iterdir():
                name, lives, _who = path.name.split("-")
                life = self._lives.get(name, Life(set()))
                may = life.may if life.lives == int(lives) else set()
                assert self._servers.let_in(directory.name) <= may, (path, life)

    @invariant()
    def no_data_is_lost(self) -> None:
        for name, life in self._lives.items():
            assert life.volume in ("", *self._holding(name)), (name, life)
            for path in life.stored:
                assert (self._path / "data" / path).exists(), (name, life)
                assert path.partition("/")[0] in self._holding(name), (name, life)

    def _is_true(self, asked: Asked, here: str) -> None:
        """What a run that succeeded says."""
        for name in asked.shares:
            if asked.how == "release":
                assert name in POOLED and not self._holding(name), name
                assert not list((self._path / "data").glob(f"*/{name}-*")), name
                continue
            found = self._holding(name)
            if asked.how == "declare":
                [volume] = found
                its = self._servers.remembered[here][volume].volume
                assert holding.is_sealed(its) and its.started
                assert set(holding.listed(its)) == {*SERVERS, *asked.allow}
                assert self._servers.limit(volume) == asked.declared(name).size
                assert not holding.waiting(its)
                mark = holding.mark_of(its)
                assert mark and (mark.share, mark.state) == (name, holding.IN_USE)
            for volume in found:
                inside = self._servers.let_in(volume)
                assert not inside & set(asked.deny), (asked, volume)
                if asked.how == "declare":
                    assert inside <= set(asked.allow), (asked, volume)
                for server in self._servers.connected:
                    let_in = self._servers.comes_in(server, volume)
                    if let_in != {ANYBODY} and self._servers.keeps(server, volume):
                        assert set(asked.allow) <= let_in, (asked, volume, server)

    def teardown(self) -> None:
        try:
            if self._sound:
                self._converges()
        finally:
            self._patch.undo()
            self._folder.cleanup()

    def _converges(self) -> None:
        self._servers.full.clear()
        self.come_back()
        # Who gets it is told first that it is not empty.
        self._stray.unlink()
        for name, life in self._lives.items():
            if life.ending:
                assert self._does(Asked("release", (name,)), "s1") is not None, name
        for name, life in self._lives.items():
            if life.asked:
                asked = dataclasses.replace(life.asked, shares=(name,))
                assert self._does(asked, "s1") is not None, asked
                self._is_true(asked, "s1")
                assert self._does(asked, "s2") == [], asked
        for name in POOLED:
            assert self._does(Asked("release", (name,)), "s3") is not None, name
            self._is_true(Asked("release", (name,)), "s3")
        self.nobody_is_in_who_is_not_declared()
        self.nobody_sees_what_is_of_others()
        self.no_data_is_lost()


TestShareLife = ShareLife.TestCase
TestShareLife.settings = settings(more, stateful_step_count=25, derandomize="FUZZ_EXAMPLES" not in os.environ)
