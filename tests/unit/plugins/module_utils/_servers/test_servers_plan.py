# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict, Refused, Unreachable
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import MEMBER, Brick, Peer, Volume
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._servers import plan
from ansible_collections.glusterops.shares.plugins.module_utils._servers.plan import Asked, Pool

ME = Peer("u1", "localhost", True, "")


def pool(*others: Peer) -> Pool:
    return Pool([*others, ME])


def member(number: int, name: str = "", connected: bool = True, state: str = MEMBER) -> Peer:
    return Peer(f"u{number}", name or f"s{number}", connected, state)


def alone(number: int, *volumes: str) -> Asked:
    return Asked(f"u{number}", {f"u{number}": "localhost"}, volumes)


def volume(name: str, entries: str | None, *servers: str) -> Volume:
    options = {} if entries is None else {"auth.ssl-allow": entries}
    bricks = tuple(Brick(server, f"/srv/{name}", server.replace("s", "u")) for server in servers)
    return Volume(name, "", "Started", "Replicate", 3, 0, 0, 0, 0, bricks, options)


@pytest.mark.parametrize("address", ["s4", "10.0.0.4", "server-4.example.org", "fd00::4", "a"])
def test_addresses(address: str) -> None:
    plan.check_addresses([address])


@pytest.mark.parametrize(
    "addresses, said",
    [
        (["-x"], "server '-x' is neither a name nor an address"),
        ([""], "server '' is neither"),
        (["a b"], "server 'a b' is neither"),
        (["s4:/x"], "server 's4:/x' is neither"),
        (["localhost"], "server 'localhost' is another machine for each"),
        (["127.0.1.1"], "server '127.0.1.1' is another machine for each"),
        (["::1"], "server '::1' is another machine for each"),
        (["s4", "S4"], "server 's4' stands more than once"),
    ],
)
def test_what_is_no_address(addresses: list[str], said: str) -> None:
    with pytest.raises(BadInput) as caught:
        plan.check_addresses(addresses)
    assert str(caught.value).startswith(said)


def test_only_who_is_no_member_is_probed() -> None:
    its = pool(member(2), member(3, "10.0.0.3"))
    asked = {"s3": alone(3), "s4": alone(4), "S5": alone(5), "s1": alone(1)}
    assert plan.joining(its, ["S2", *asked], asked) == ["s4", "S5"]
    assert plan.known_as(its, asked) == {"s3": "10.0.0.3"}


@pytest.mark.parametrize("down", [member(2, connected=False), member(2, connected=False, state="Peer Rejected")])
def test_where_nobody_joins_it_is_no_news_that_a_member_is_down(down: Peer) -> None:
    assert plan.joining(pool(down), [], {"s1": alone(1)}) == []


@pytest.mark.parametrize(
    "asked, kind, said",
    [
        ({"s4": None}, Unreachable, "s4 does not answer: see whether glusterd runs there"),
        (
            {"s4": Asked("u4", {"u4": "localhost", "u5": "s5", "u6": "s6"})},
            Conflict,
            "s4 is in another pool, with s5, s6:",
        ),
        ({"s4": alone(4, "data")}, Conflict, "s4 has volumes of its own (data)"),
        ({"s4": alone(4), "10.0.0.4": alone(4)}, BadInput, "s4 and 10.0.0.4 are one server"),
        (
            {"s4": None, "s5": alone(5, "data")},
            Refused,
            "These servers cannot join, so nothing was changed: s4 does not",
        ),
    ],
)
def test_who_cannot_join(asked: dict[str, Asked | None], kind: type[Exception], said: str) -> None:
    with pytest.raises(kind) as caught:
        plan.joining(pool(member(2)), list(asked), asked)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    "other, said",
    [
        (member(2, connected=False), "No server can join while s2 is not connected."),
        (member(2, state="Peer Rejected"), "No server can join while s2 is 'Peer Rejected'."),
    ],
)
def test_nobody_joins_a_pool_that_is_not_whole(other: Peer, said: str) -> None:
    with pytest.raises(Refused) as caught:
        plan.joining(pool(other, member(3)), ["s4"], {"s4": alone(4)})
    assert str(caught.value) == said


@pytest.mark.parametrize("state", ["Peer Rejected", "Accepted peer request"])
def test_who_never_became_a_member_is_none(state: str) -> None:
    with pytest.raises(Conflict, match=f"s2 is in the pool as '{state}', and no member"):
        plan.joining(pool(member(2, state=state)), ["s2"], {})


def test_the_server_that_is_meant() -> None:
    assert plan.joining(pool(), ["s4"], {"s4": alone(4)}, {"s4": "u4"}) == ["s4"]
    with pytest.raises(Conflict, match="s4 is u4 when this server asks, and shall be u9"):
        plan.joining(pool(), ["s4"], {"s4": alone(4)}, {"s4": "u9"})
    with pytest.raises(Conflict, match="The pool has s2 as u2, and that server is u9 now: it was set up anew"):
        plan.joining(pool(member(2)), ["s2"], {}, {"s2": "u9"})


def test_lists_are_widened_by_whom_they_lack() -> None:
    volumes = [
        volume("a", "s1,s2,tenant-a"),
        volume("covered", "s*,tenant-a"),
        volume("unsealed", None),
        volume("all", "*"),
        volume("b", "s1 s2 s4"),
    ]
    assert plan.widened(volumes, ["s1", "s2", "s4"]) == [
        Change("a", "auth.ssl-allow", ["s1", "s2", "tenant-a"], ["s1", "s2", "s4", "tenant-a"])
    ]
    assert [change.subject for change in plan.widened(volumes, ["s*"])] == ["a", "b"]


def test_a_list_that_would_get_too_long() -> None:
    full = ",".join(f"tenant-{number:056}" for number in range(62))
    with pytest.raises(BadInput, match="The access list of volume 'a' has no room for s4"):
        plan.widened([volume("a", full)], ["s4", "x" * 64])


def test_who_leaves() -> None:
    its = pool(member(2), member(3, "10.0.0.3", connected=False), member(4))
    found = plan.leaving(its, ["s4", "10.0.0.3"], {}, [volume("a", None, "s1", "s2")])
    assert [peer.uuid for peer in found] == ["u4", "u3"]
    # Under another name, and one that is in no pool.
    asked = {"other": alone(4), "s9": alone(9)}
    assert [peer.hostname for peer in plan.leaving(pool(member(4)), list(asked), asked, [])] == ["s4"]


@pytest.mark.parametrize(
    "others, addresses, asked, kind, said",
    [
        ([member(2)], ["s2"], {}, Conflict, "s2 has bricks of a, b: move or remove these before it leaves."),
        ([member(2)], ["s1"], {"s1": alone(1)}, Refused, "s1 is this server: have another one of the pool"),
        ([member(4), member(5, connected=False)], ["s4"], {}, Refused, "No server can leave while s5 is not connected"),
        ([member(5, connected=False)], ["s4"], {"s4": None}, Unreachable, "s4 does not answer, nor does s5, which may"),
    ],
)
def test_who_cannot_leave(
    others: list[Peer], addresses: list[str], asked: dict[str, t.Any], kind: type[Exception], said: str
) -> None:
    volumes = [volume("b", None, "s2"), volume("a", None, "s2", "s3")]
    with pytest.raises(kind) as caught:
        plan.leaving(pool(*others), addresses, asked, volumes)
    assert str(caught.value).startswith(said)


def test_who_does_not_answer_is_none_of_those_that_do() -> None:
    assert plan.leaving(pool(member(2)), ["s9"], {"s9": None}, []) == []
