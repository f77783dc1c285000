# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t
import xml.etree.ElementTree as ET

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    Refused,
    TimedOut,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import MEMBER, Brick, Volume
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._servers.reconcile import Wanted, reconcile
from recorded import OK, Recorded, Remembering

LIST = "auth.ssl-allow"


def refusal(errno: int, text: str) -> str:
    found = OK.replace("<opRet>0", "<opRet>-1").replace("<opErrno>0", f"<opErrno>{errno}")
    return found.replace("<opErrstr/>", f"<opErrstr>{text}</opErrstr>")


class Servers(Remembering):
    """glusterds on s1 to s6, each with what it knows of its pool. slow: so many looks pass until one that is probed is
    a member for all. The volumes are those of s1."""

    def __init__(self, *volumes: Volume, slow: int = 0) -> None:
        super().__init__(*volumes)
        self.known: dict[str, dict[str, str]] = {f"s{number}": {} for number in range(1, 7)}
        self.down: set[str] = set()
        self.refusing: dict[str, str] = {}
        self.slow, self._left, self._asked = slow, 0, "s1"
        self.before: t.Callable[[list[str]], None] = lambda words: None
        self.instead = {"pool list": self._pool, "peer probe": self._probe, "peer detach": self._detach}

    def __call__(self, argv: list[str], **options: t.Any) -> tuple[int, str, str]:
        [self._asked] = [word.partition("=")[2] for word in argv if word.startswith("--remote-host=")] or ["s1"]
        if self._asked not in self.known or self._asked in self.down:
            return 1, "", "Connection failed. Please check if gluster daemon is operational."
        words = [word for word in argv[1:] if not word.startswith("--")]
        self.before(words)
        if words[:2] == ["volume", "info"] and self._asked != "s1":
            return 0, OK.replace("</cliOutput>", "<volInfo><volumes/></volInfo></cliOutput>"), ""
        return super().__call__(argv, **options)

    def join(self, *servers: str) -> None:
        for one in servers:
            self.known[one] = dict.fromkeys([other for other in servers if other != one], MEMBER)

    def _pool(self, _words: list[str]) -> str:
        root = ET.fromstring(OK)
        status = ET.SubElement(root, "peerStatus")
        self._left -= self._left > 0
        for name, state in [*self.known[self._asked].items(), ("localhost", "")]:
            peer = ET.SubElement(status, "peer")
            server = self._asked if name == "localhost" else name
            told = "Accepted peer request" if state and self._left else state
            for tag, text in {
                "uuid": server.replace("s", "u"),
                "hostname": name,
                "connected": str(int(server not in self.down)),
                "stateStr": told,
            }.items():
                ET.SubElement(peer, tag).text = text
        return ET.tostring(root, encoding="unicode", xml_declaration=True)

    def _probe(self, words: list[str]) -> str:
        if words[2] in self.refusing:
            return refusal(3, self.refusing[words[2]])
        self._left = self.slow
        self.join(*self.known["s1"], "s1", words[2])
        return OK

    def _detach(self, words: list[str]) -> str:
        if words[2] in self.refusing:
            return refusal(1, self.refusing[words[2]])
        self.known[words[2]] = {}
        self.join(*(one for one in self.known["s1"] if one != words[2]), "s1")
        return OK

    @property
    def orders(self) -> list[list[str]]:
        return [call for call in self.calls if call[0] == "peer" or call[:2] == ["volume", "set"]]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def run(tmp_path: pathlib.Path) -> t.Callable[..., tuple[list[Change], dict[str, t.Any]]]:
    def do(
        servers: t.Callable[..., t.Any], *addresses: str, check: bool = False, **wanted: t.Any
    ) -> tuple[list[Change], dict[str, t.Any]]:
        clock = Clock()
        cli = GlusterCli(servers, sleep=clock.sleep)
        return reconcile(cli, Wanted(addresses, **wanted), check, str(tmp_path), clock)

    return do


Run = t.Callable[..., "tuple[list[Change], dict[str, t.Any]]"]


def volume(name: str, entries: str) -> Volume:
    bricks = tuple(Brick(f"s{number}", f"/srv/{name}", f"u{number}") for number in (1, 2, 3))
    return Volume(name, "", "Started", "Replicate", 3, 0, 0, 0, 0, bricks, {LIST: entries})


@pytest.mark.parametrize("slow", [0, 7])
def test_servers_become_one_pool(run: Run, slow: int) -> None:
    servers = Servers(slow=slow)
    expected = [Change(one, "peer", "absent", "member") for one in ("s2", "s3")]
    assert run(servers, "s2", "s3", check=True)[0] == expected
    assert servers.orders == []
    changes, told = run(servers, "s2", "s3")
    assert changes == expected
    assert servers.orders == [["peer", "probe", "s2"], ["peer", "probe", "s3"]]
    assert sorted(one["hostname"] for one in told["servers"]) == ["localhost", "s2", "s3"]
    assert all(one["connected"] for one in told["servers"]) and told["known_as"] == {}


@pytest.mark.parametrize("version", ["9.2", "10.3", "11.1"])
def test_where_all_are_members_that_is_one_call(run: Run, version: str) -> None:
    gluster = Recorded(version, "pool-list-one-down.xml")
    changes, told = run(gluster, "server2", "SERVER3", infrastructure=("x",))
    assert changes == [] and len(gluster.calls) == 1
    assert [one["connected"] for one in told["servers"] if one["hostname"] == "server3"] == [False]


def test_lists_are_widened_before_anybody_joins(run: Run) -> None:
    servers = Servers(volume("a", "s1,s2,s3,tenant-a"), volume("b", "s*,tenant-b"))
    servers.join("s1", "s2", "s3")
    infrastructure = ("s1", "s2", "s3", "s4")
    dry = run(servers, "s2", "s4", infrastructure=infrastructure, check=True)[0]
    done = run(servers, "s2", "s4", infrastructure=infrastructure)[0]
    assert [(change.subject, change.what) for change in done] == [("a", LIST), ("s4", "peer")] and dry == done
    assert servers.orders == [["volume", "set", "a", LIST, "s1,s2,s3,s4,tenant-a"], ["peer", "probe", "s4"]]
    # Whoever is a member already is not what lists are changed for.
    servers.volumes["a"].options[LIST] = "s1"
    assert run(servers, "s2", "s4", infrastructure=infrastructure)[0] == []


def test_a_member_is_never_probed_again(run: Run) -> None:
    servers = Servers()
    servers.join("s1", "s2")
    servers.known["ten"] = servers.known["s2"]
    original = servers._pool

    def by_another_name(words: list[str]) -> str:
        if servers._asked == "ten":
            servers._asked = "s2"
        return original(words)

    servers.instead["pool list"] = by_another_name
    changes, told = run(servers, "ten")
    assert changes == [] and servers.orders == [] and told["known_as"] == {"ten": "s2"}


def test_what_an_interrupted_run_began_is_waited_for(run: Run) -> None:
    servers = Servers(slow=5)
    servers._probe(["peer", "probe", "s2"])
    assert run(servers, "s2")[0] == [] and servers.orders == []


@pytest.mark.parametrize(
    "said, told",
    [
        ("Peer s4 does not support required op-version", "s4 has an older GlusterFS than the pool has agreed on"),
        ("s4 is either already part of another cluster or having volumes configured", "s4 is in another pool"),
        ("Something else", "s4 cannot join: gluster refused 'peer probe s4': Something else"),
    ],
)
def test_what_gluster_refuses_is_said(run: Run, said: str, told: str) -> None:
    servers = Servers()
    servers.refusing["s4"] = said
    with pytest.raises(Conflict) as caught:
        run(servers, "s3", "s4")
    assert str(caught.value).startswith(told)
    assert caught.value.details["changes"] == [Change("s3", "peer", "absent", "member")]


def test_what_cannot_be_done_changes_nothing(run: Run) -> None:
    servers = Servers(volume("a", "s1"))
    servers.join("s5", "s6")
    servers.down.add("s4")
    with pytest.raises(Refused) as caught:
        run(servers, "s3", "s4", "s5", infrastructure=("s3",))
    assert "s4 does not answer" in str(caught.value) and "s5 is in another pool, with s6" in str(caught.value)
    assert servers.orders == []


def test_who_joined_meanwhile_is_not_probed(run: Run) -> None:
    """Another run had the lock, or runs on another server."""
    servers = Servers()
    looks = 0

    def meanwhile(words: list[str]) -> None:
        nonlocal looks
        looks += words == ["pool", "list"] and servers._asked == "s1"
        if looks == 2:
            servers.join("s1", "s2")

    servers.before = meanwhile
    assert run(servers, "s2")[0] == [] and servers.orders == []

    servers = Servers()
    servers.refusing["s2"] = "another cluster"
    servers.before = lambda words: servers.join("s1", "s2") if words[0] == "peer" else None
    assert run(servers, "s2")[0] == []


def test_who_never_comes_is_told(run: Run) -> None:
    servers = Servers(slow=10**6)
    with pytest.raises(TimedOut, match="After 9 seconds .*: s2 is 'Accepted peer request'.") as caught:
        run(servers, "s2", timeout=9)
    assert caught.value.details["changes"] == [Change("s2", "peer", "absent", "member")]


def test_it_is_not_done_before_all_know(run: Run) -> None:
    servers = Servers()
    servers.join("s1", "s2")
    late = 3

    def meanwhile(words: list[str]) -> None:
        nonlocal late
        if "s3" in servers.known["s1"] and servers._asked == "s2":
            late -= 1
            servers.known["s2"] = {"s1": MEMBER, **({"s3": MEMBER} if late < 0 else {})}

    servers.before = meanwhile
    run(servers, "s3")
    assert late < 0


def test_one_leaves(run: Run) -> None:
    servers = Servers(volume("a", "s1"))
    servers.join("s1", "s2", "s3", "s4")
    expected = [Change("s4", "peer", "member", "absent")]
    assert run(servers, "s4", present=False, check=True)[0] == expected and servers.orders == []
    changes, told = run(servers, "s4", present=False)
    assert changes == expected and servers.orders == [["peer", "detach", "s4"]]
    assert "s4" not in [one["hostname"] for one in told["servers"]]
    assert run(servers, "s4", present=False)[0] == []
    with pytest.raises(Conflict, match="s3 has bricks of a: move or remove these"):
        run(servers, "s3", present=False)
    servers.refusing["s2"] = "Peer s2 hosts one or more bricks"
    servers.volumes.clear()
    with pytest.raises(Conflict, match="s2 cannot leave the pool: .* hosts one or more bricks"):
        run(servers, "s2", present=False)


def test_bad_input_asks_nobody(run: Run) -> None:
    servers = Servers()
    for wanted in ({"addresses": ["a b"]}, {"addresses": ["s2"], "infrastructure": ("*",)}):
        with pytest.raises(BadInput):
            run(servers, *wanted.pop("addresses"), **wanted)
    assert servers.calls == []


def test_killed_anywhere_the_next_run_finishes(run: Run) -> None:
    class Killed(BaseException):
        pass

    ended = False
    for number in range(1, 100):
        servers = Servers(volume("a", "s1,s2"), slow=2)
        calls = 0

        def kill(_words: list[str], number: int = number) -> None:
            nonlocal calls
            calls += 1
            if calls == number:
                raise Killed

        servers.before = kill
        try:
            run(servers, "s3", "s4", infrastructure=("s3", "s4"))
        except Killed:
            # Nobody is in whom the lists do not let in.
            joined = servers.known["s1"].keys() & {"s3", "s4"}
            assert not joined or servers.volumes["a"].options[LIST] == "s1,s2,s3,s4"
            servers.before = lambda words: None
            run(servers, "s3", "s4", infrastructure=("s3", "s4"))
        else:
            ended = True
            servers.before = lambda words: None
        assert set(servers.known["s1"]) == {"s3", "s4"} and servers.volumes["a"].options[LIST] == "s1,s2,s3,s4"
        assert run(servers, "s3", "s4", infrastructure=("s3", "s4"))[0] == []
        assert len([order for order in servers.orders if order[:2] == ["peer", "probe"]]) == 2
        if ended:
            break
    assert ended and number > 8


def test_whatever_gluster_says_is_an_error_of_ours(run: Run) -> None:
    def nonsense(_argv: list[str], **_options: t.Any) -> tuple[int, str, str]:
        return 0, OK, ""

    with pytest.raises(GlusterOpsError):
        run(nonsense, "s2")
