# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    NotFound,
    Refused,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Brick, Status, Volume
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.snapshot import Snapshot
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding, pool, provision, release
from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import Share, plan
from ansible_collections.glusterops.shares.plugins.module_utils._shares.steps import Admit, Close
from ansible_collections.glusterops.shares.plugins.module_utils._units import GIB
from ansible_collections.glusterops.shares.plugins.module_utils._volumes.recipe import Place, Recipe
from recorded import Remembering

SERVERS = ("server-1", "server-2")
SEALED = {"client.ssl": "on", "server.ssl": "on"}
PATTERN = pool.compile_pattern("pool-(#{size}G|any)-.*")


def volume(name: str, status: str = "Created", options: dict[str, str] | None = None, **fields: t.Any) -> Volume:
    return Volume(
        **{
            "name": name,
            "id": "",
            "status": status,
            "type": "Distribute",
            "replica": 1,
            "arbiter": 0,
            "disperse": 0,
            "redundancy": 0,
            "snapshots": 0,
            "bricks": (Brick("s1", f"/srv/{name}", "u1"),),
            "options": dict(options or {}),
            **fields,
        }
    )


def share(name: str = "data", size: int | None = GIB, **values: t.Any) -> Share:
    return Share(name, SERVERS, ("tenant",), exclusive=True, size=size, seal=True, start=True, **values).check()


def used(name: str, of: str, state: str = holding.IN_USE, origin: str = holding.POOL, **fields: t.Any) -> Volume:
    return volume(name, "Started", {**SEALED, **holding.mark(of, name, state, origin)}, **fields)


def scene(*volumes: Volume, **known: t.Any) -> holding.Scene:
    """A cluster in which nobody is connected, and nothing is done."""
    idle: dict[str, t.Any] = {
        "clients": {one.name: {"glustershd": 3} for one in volumes if one.started},
        "status": {one.name: Status([], None, ()) for one in volumes if one.started},
        "snapshots": {},
        "away": (),
    }
    return holding.Scene({one.name: one for one in volumes}, **{**idle, **known})


def source(
    asked: Share, *volumes: Volume, snapshots: t.Iterable[Snapshot] = (), glusterd: str = "/nowhere", **known: t.Any
) -> provision.Source:
    seen = scene(*volumes, snapshots={one.name: one for one in snapshots}, **known)
    return provision.sources([asked], seen, glusterd)[asked.name]


def told(steps: t.Iterable[t.Any]) -> list[Change]:
    return [change for step in steps for change in step.changes]


MONDAY = Snapshot("monday", "uuid-of-monday", "", "2026-11-16T02:00:00Z", "parent", active=False, logical="")


def test_a_share_from_the_pool() -> None:
    found = source(share(pattern=PATTERN), volume("pool-2G-1"), volume("pool-1G-1"))
    assert found.taking == Change("data", "volume", None, "pool-1G-1")
    assert found.volume and holding.mark_of(found.volume) == holding.Mark("data", "preparing", "pool")
    assert found.volume.options["auth.ssl-allow"] == "server-1,server-2"
    changes = told(plan(share(pattern=PATTERN), found.volume, None))
    assert [change.what for change in changes][-2:] == ["auth.ssl-allow", "state"]
    assert changes[-2].before == list(SERVERS) and changes[-2].after == [*SERVERS, "tenant"]


def test_none_is_taken_twice() -> None:
    volumes = scene(volume("pool-1G-1"), volume("pool-1G-2"))
    asked = [share("a", pattern=PATTERN), share("b", pattern=PATTERN)]
    found = provision.sources(asked, volumes)
    assert [one.volume.name for one in found.values() if one.volume] == ["pool-1G-1", "pool-1G-2"]
    with pytest.raises(NotFound, match="No volume for share 'c'"):
        provision.sources([*asked, share("c", pattern=PATTERN)], volumes)


def test_a_started_volume_is_stopped_with_permission_only() -> None:
    opened = volume("pool-1G-1", "Started")
    with pytest.raises(Refused, match="'pool-1G-1', which is started and not sealed. .* restart: true"):
        source(share(pattern=PATTERN), opened)
    found = source(share(pattern=PATTERN, restart=True), opened)
    assert found.volume and found.volume.status == "Stopped"
    sealed = opened._replace(options=dict(SEALED))
    found = source(share(pattern=PATTERN), sealed)
    assert found.volume and found.volume.started


def test_a_share_that_is_there_takes_nothing() -> None:
    held = used("pool-1G-1", "data")
    assert source(share(pattern=PATTERN), held, volume("pool-1G-2")) == provision.Source(held)
    assert source(share(), held) == provision.Source(held)
    named = volume("data", "Started")
    assert source(share(), named) == provision.Source(named)
    assert source(share()) == provision.Source(None)


def test_a_clone(tmp_path: pathlib.Path) -> None:
    parent = used("parent", "parent-share")
    parent.options.update({"features.quota": "on", "auth.ssl-allow": "tenant-of-it"})
    found = source(share(snapshot="monday"), parent, snapshots=[MONDAY], glusterd=stored(tmp_path, "tenant-of-it"))
    assert found.taking == Change("data", "clone of", None, "monday")
    made = found.volume
    assert made and made.name == "data" and made.status == "Created"
    assert made.options["auth.ssl-allow"] == "server-1,server-2"
    assert holding.mark_of(made) == holding.Mark("data", "preparing", "snapshot:monday")
    with pytest.raises(Conflict, match="is not what was taken from a pool, cloned or made for share 'data'"):
        source(share(snapshot="monday"), used("data", "data", origin="snapshot:sunday"))
    assert source(share(snapshot="monday"), used("data", "data", origin="snapshot:monday")).taking is None


BRICKS = tuple(Place(f"s{number}", f"/srv/brick_data_{number}/brick") for number in (1, 2, 3))
RECIPE = Recipe("data", BRICKS, replica=3)
MADE = tuple(Brick(*place, f"u{number}") for number, place in enumerate(BRICKS))


def test_one_that_is_made_of_bricks() -> None:
    """It is sealed, closed and marked as nobody's yet in the one transaction before it can be started."""
    asked = share(layout=RECIPE)
    found = source(asked)
    assert found.taking == Change("data", "bricks", None, [f"{place}" for place in BRICKS])
    made = found.volume
    assert made and (made.name, made.status, made.replica, made.options["server.ssl"]) == ("data", "Created", 3, "on")
    assert made.options["auth.ssl-allow"] == "server-1,server-2"
    assert made.options["cluster.lookup-optimize"] == "off"
    assert holding.mark_of(made) == holding.Mark("data", "preparing", "made")
    changes = told(plan(asked, made, None))
    assert changes[-2].before == list(SERVERS) and changes[-2].after == [*SERVERS, "tenant"]
    with pytest.raises(BadInput, match="needs a size"):
        source(share(layout=RECIPE, size=None))
    with pytest.raises(BadInput, match="layout excludes pattern and from_snapshot"):
        share(layout=RECIPE, pattern=PATTERN)
    with pytest.raises(BadInput, match="cannot have 2 bricks"):
        share(layout=RECIPE._replace(bricks=BRICKS[:2]))


def test_one_that_was_made_and_not_marked() -> None:
    """By its bricks. With or without the layout, which nobody lays out for what is there."""
    left = volume("data", bricks=MADE, replica=3)
    for asked in (share(layout=RECIPE), share()):
        found = source(asked, left)
        assert found.taking and found.taking.what == "bricks"
        assert found.volume and holding.mark_of(found.volume) == holding.Mark("data", "preparing", "made")
    # Whoever started it made it for something else; and a pool may have what was made for it.
    assert source(share(), left._replace(status="Started")).taking is None
    with pytest.raises(Conflict, match="is not what was taken from a pool, cloned or made"):
        source(share(layout=RECIPE), left._replace(status="Started"))
    with pytest.raises(Conflict, match="is not what was taken from a pool, cloned or made"):
        source(share(layout=RECIPE), volume("data"))
    assert source(share(layout=RECIPE), used("data", "data", origin=holding.MADE)).taking is None
    with pytest.raises(Conflict, match="is not what was taken from a pool, cloned or made"):
        source(share(layout=RECIPE), used("data", "data"))


def test_what_was_made_is_deleted() -> None:
    """Not wiped: its bricks go with what is in them. But nobody is in any more, and that is proven first."""
    held = used("data", "data", origin=holding.MADE)
    held.options["auth.ssl-allow"] = "server-1,server-2,tenant"
    assert [change.what for change in back(held)] == ["state", "auth.ssl-allow", "volume"]
    assert [change.what for change in back(volume("data", bricks=MADE))] == ["volume"]
    with pytest.raises(Refused, match="has snapshots, which keep what was stored in it: monday"):
        back(held, "monday")
    with pytest.raises(Conflict, match="neither of a pool, nor was it made or cloned"):
        back(volume("data", "Started", bricks=MADE))


def stored(path: pathlib.Path, entries: str) -> str:
    """glusterd's own directory, with what it keeps of the snapshot and its access list."""
    kept = path / "snaps" / "monday" / "0ab"
    kept.mkdir(parents=True, exist_ok=True)
    seal = "client.ssl=on\nserver.ssl=on\n"
    (kept / "info").write_text(f"parent_volname=parent\nstatus=0\n{seal}auth.ssl-allow={entries}\n")
    return str(path)


CLONED = (Brick("s1", "/run/gluster/snaps/0ab/brick1", "u1"),)


def cloned_from(path: pathlib.Path, uuid: str) -> str:
    """glusterd's own directory, in which the volume C(data) is a clone of a snapshot."""
    (path / "vols" / "data").mkdir(parents=True, exist_ok=True)
    (path / "vols" / "data" / "info").write_text(f"status=0\nrestored_from_snap={uuid}\n")
    return str(path)


def test_a_clone_that_a_run_left_behind(tmp_path: pathlib.Path) -> None:
    options = {
        **holding.mark("parent-share", "parent", holding.IN_USE, holding.POOL),
        "auth.ssl-allow": "server-1,tenant-of-it",
    }
    mine = cloned_from(tmp_path, MONDAY.uuid)
    for inherited in (options, {"auth.ssl-allow": "server-1,tenant-of-it"}):
        left = volume("data", "Created", inherited, bricks=CLONED)
        found = source(share(snapshot="monday"), left, snapshots=[MONDAY], glusterd=mine)
        assert found.taking and found.volume and found.volume.options["auth.ssl-allow"] == "server-1,server-2"
    started = volume("data", "Started", {}, bricks=CLONED)
    with pytest.raises(Conflict, match="exists, and is not what was taken from a pool"):
        source(share(snapshot="monday"), started, snapshots=[MONDAY], glusterd=mine)


@pytest.mark.parametrize("uuid", ["uuid-of-sunday", "00000000-0000-0000-0000-000000000000", ""])
def test_a_clone_of_another_snapshot_is_somebody_elses(uuid: str, tmp_path: pathlib.Path) -> None:
    left = volume("data", "Created", bricks=CLONED)
    with pytest.raises(Conflict, match="exists, and is not what was taken from a pool"):
        source(share(snapshot="monday"), left, snapshots=[MONDAY], glusterd=cloned_from(tmp_path, uuid))
    with pytest.raises(Conflict, match="exists, and is not what was taken from a pool"):
        source(share(snapshot="monday"), left, snapshots=[MONDAY], glusterd="/nowhere")


def test_a_clone_is_not_made_while_that_lets_somebody_in(tmp_path: pathlib.Path) -> None:
    """An inactive snapshot has to be active for as long as it is cloned."""
    parent = used("parent", "parent-share")
    parent.options["auth.ssl-allow"] = "server-1,tenant-of-it"
    with pytest.raises(Refused, match="This server has nothing stored that tells whom it lets in then"):
        source(share(snapshot="monday"), parent, snapshots=[MONDAY], glusterd=str(tmp_path))
    stored(tmp_path, "server-1,tenant-of-it,denied-since")
    with pytest.raises(Refused, match="lets in whom its volume 'parent' does not any more: denied-since"):
        source(share(snapshot="monday"), parent, snapshots=[MONDAY], glusterd=str(tmp_path))
    active = MONDAY._replace(active=True)
    assert source(share(snapshot="monday"), parent, snapshots=[active], glusterd=str(tmp_path)).taking
    opened = parent._replace(options={**parent.options, "server.ssl": "off"})
    assert source(share(snapshot="monday"), opened, snapshots=[MONDAY], glusterd=str(tmp_path)).inactive
    stored(tmp_path, "server-1,tenant-of-it")
    assert source(share(snapshot="monday"), parent, snapshots=[MONDAY], glusterd=str(tmp_path)).inactive


@pytest.mark.parametrize(
    ("asked", "volumes", "error", "said"),
    [
        (share(pattern=PATTERN), [volume("data")], Conflict, "exists, and is not what was taken from a pool"),
        (
            share(size=2 * GIB, pattern=PATTERN),
            [used("pool-1G-1", "data"), volume("pool-3G-1"), volume("pool-2G-1")],
            Refused,
            "cannot have 2G: its volume 'pool-1G-1' has 1G, .* large enough: pool-2G-1, pool-3G-1. Make a new share",
        ),
        (share(size=2 * GIB, pattern=PATTERN), [used("pool-1G-1", "data")], Refused, "No free volume is large enough"),
        (share(size=None, pattern=PATTERN), [volume("pool-1G-1")], BadInput, "Share 'data' needs a size"),
        (share(size=None, snapshot="monday"), [], BadInput, "Share 'data' needs a size"),
        (share(snapshot="monday"), [], NotFound, "snapshot 'monday' does not exist"),
        (
            share(pattern=PATTERN),
            [used("pool-1G-1", "data"), used("pool-1G-2", "data")],
            Conflict,
            "'pool-1G-1' and 'pool-1G-2' both hold share 'data'",
        ),
        (
            share(pattern=PATTERN),
            [volume("data", options={holding.SHARE: "-"}), volume("pool-1G-1")],
            Conflict,
            "exists, and is not what was taken from a pool",
        ),
    ],
)
def test_what_cannot_be(asked: Share, volumes: list[Volume], error: type[GlusterOpsError], said: str) -> None:
    with pytest.raises(error, match=said):
        source(asked, *volumes)


def test_claims_of_two_servers() -> None:
    first, second = used("pool-1G-1", "data", holding.PREPARING), used("pool-1G-2", "data", holding.PREPARING)
    assert source(share(pattern=PATTERN), second, first) == provision.Source(first, superfluous=("pool-1G-2",))


def test_nobody_stays_listed_while_a_share_is_made() -> None:
    """Whoever got on the list meanwhile: only the infrastructure is what it is proven to let in."""
    options = {"auth.ssl-allow": "server-1,server-2,tenant", "cluster.lookup-optimize": "off"}
    making = used("data", "data", holding.PREPARING, "snapshot:monday")
    making.options.update({**options, holding.UNPROVEN: "data"})
    found = plan(share("data", size=None, snapshot="monday"), making, None)
    assert [(type(step), getattr(step, "entries", None)) for step in found] == [
        (Close, ("server-1", "server-2")),
        (Admit, ("server-1", "server-2", "tenant")),
    ]
    assert isinstance(found[1], Admit) and found[1].closed.entries == ("server-1", "server-2")
    pooled = used("pool-1G-1", "data", holding.PREPARING)
    pooled.options.update({**options, holding.UNPROVEN: "pool-1G-1"})
    [admit] = plan(share("data", size=None, pattern=PATTERN), pooled, None)
    assert isinstance(admit, Admit) and admit.closed.entries == ("server-1", "server-2")


def test_from_two_places() -> None:
    with pytest.raises(BadInput, match="pattern and from_snapshot exclude each other"):
        share(pattern=PATTERN, snapshot="monday")
    with pytest.raises(BadInput, match="from_snapshot 'a b' is not a snapshot's name"):
        share(snapshot="a b")


def test_a_share_being_made_is_finished_by_what_makes_it() -> None:
    preparing = used("pool-1G-1", "data", holding.PREPARING)
    with pytest.raises(Conflict, match="is not ready for its tenants yet"):
        plan(dataclasses.replace(share(size=None), seal=False), preparing, None)
    stopped = preparing._replace(status="Created")
    with pytest.raises(Conflict, match="has to be proven empty: allow start"):
        plan(dataclasses.replace(share(size=None), start=False), stopped, None)


def back(of: Volume | None, *snapshots: str) -> list[Change]:
    return told(release.plan("data", of, snapshots, SERVERS))


def test_giving_back() -> None:
    options = {"features.quota": "on", "auth.ssl-allow": "server-1,server-2,tenant"}
    held = used("pool-1G-1", "data")
    held.options.update(options)
    assert back(held) == [
        Change("data", "state", "in-use", "releasing"),
        Change("data", "auth.ssl-allow", ["server-1", "server-2", "tenant"], ["server-1", "server-2"]),
        # Over its limit nothing of a volume with shards could be removed.
        Change("data", "size", "limited", None),
        Change("data", "data", "pool-1G-1", None),
        Change("data", "features.quota", "on", "off"),
        Change("data", "volume", "pool-1G-1", None),
    ]
    # Interrupted once the tenants were out: what is left to do.
    held.options.update({"auth.ssl-allow": "server-1,server-2", holding.STATE: holding.RELEASING})
    assert [change.what for change in back(held)] == ["size", "data", "features.quota", "volume"]
    clone = used("data", "data", origin="snapshot:monday")
    assert [change.what for change in back(clone)] == ["state", "auth.ssl-allow", "data", "volume"]
    assert back(None) == []


def test_what_keeps_a_volume_from_being_wiped() -> None:
    """Access is not taken from the tenant first, to be told then that it cannot be done."""
    held = used("pool-1G-1", "data")
    held.options.update({"features.worm": "on", "server.root-squash": "on"})
    with pytest.raises(Refused, match="cannot be given back.*cannot be wiped: it has features.worm=on"):
        back(held)
    interrupted = used("pool-1G-1", "data", holding.RELEASING)
    interrupted.options.update({"features.trash": "off", "auth.ssl-allow": "server-1,server-2"})
    assert [change.what for change in back(interrupted)] == ["restart", "data", "volume"]
    held.options.update({"features.worm": "off", "features.trash": "on", "auth.reject": "10.0.0.1"})
    assert [(change.what, change.after) for change in back(held)] == [
        ("state", "releasing"),
        ("auth.ssl-allow", ["server-1", "server-2"]),
        ("auth.reject", None),
        ("features.trash", "off"),
        ("server.root-squash", "off"),
        # That trash is off bricks take only when they start.
        ("restart", True),
        ("data", None),
        ("volume", None),
    ]


def test_what_is_not_given_back() -> None:
    with pytest.raises(Conflict, match="'data' is neither of a pool, nor was it made or cloned for share 'data'"):
        back(volume("data"))
    with pytest.raises(Conflict, match="'data' is neither of a pool, nor was it made or cloned for share 'data'"):
        back(used("data", "data", origin=holding.ADOPTED))
    with pytest.raises(Refused, match="has snapshots, which keep what was stored in it: monday, sunday"):
        back(used("pool-1G-1", "data"), "monday", "sunday")


MOUNTED = {"clients": {"pool-1G-1": {"glustershd": 3, "unknown": 1}}}
GUESTS = {**SEALED, "auth.ssl-allow": "server-1,server-2,guest"}


@pytest.mark.parametrize(
    "busy, known, why",
    [
        (volume("pool-1G-1", "Started", SEALED), MOUNTED, "somebody is connected to it"),
        (volume("pool-1G-1", "Started", SEALED), {"clients": {}}, "gluster does not tell who is connected to it"),
        (volume("pool-1G-1", "Started", SEALED), {"status": None}, "gluster does not tell who is connected to it"),
        (volume("pool-1G-1", "Started", GUESTS), {}, "its access list lets in guest"),
        (volume("pool-1G-1", snapshots=1), {}, "it has snapshots"),
        (
            volume("pool-1G-1", "Started", SEALED),
            {"status": {"pool-1G-1": Status([], None, ("Remove brick: completed",))}},
            "something is being done to it .Remove brick: completed.",
        ),
        (volume("pool-1G-1", options={"geo-replication.indexing": "on"}), {}, "it is replicated to another cluster"),
        (volume("pool-1G-1"), {"away": {"u1"}}, "the glusterd of s1 is not connected"),
        (volume("pool-1G-1", options={"features.worm": "on"}), {}, "it has features.worm=on"),
        (volume("pool-1G-1", options={"user.heketi.id": "0a1b"}), {}, "Heketi made it"),
        (
            volume("pool-1G-1", bricks=(Brick("s1", "/var/lib/heketi/mounts/vg_1/brick_2/brick", "u1"),)),
            {},
            "Heketi made it",
        ),
        (volume("pool-1G-1", bricks=CLONED), {}, "it is a clone of a snapshot"),
        (
            volume("pool-1G-1", options={"user.manila-share": "0f4b5c1e-7d6a-4a55-9d35-6f0c2d6b8a11"}),
            {},
            "it is a share of Manila",
        ),
    ],
)
def test_what_is_in_use_is_not_taken(busy: Volume, known: dict[str, t.Any], why: str) -> None:
    asked = share(pattern=PATTERN)
    with pytest.raises(NotFound, match=f"none is free.* These match, and are not free: pool-1G-1 .{why}"):
        source(asked, busy, **known)
    # Another one is taken instead.
    elsewhere = volume("pool-2G-1", bricks=(Brick("s2", "/srv/pool-2G-1", "u2"),))
    found = source(asked, busy, elsewhere, **known)
    assert found.volume and found.volume.name == "pool-2G-1"


def test_servers_that_nobody_knows_to_be_connected_free_nothing() -> None:
    with pytest.raises(NotFound, match="gluster does not tell which servers are connected"):
        source(share(pattern=PATTERN), volume("pool-1G-1"), away=None)


def test_what_is_in_use_is_asked_where_somebody_gets_a_volume_or_would_need_another() -> None:
    holders = holding.Holders({"pool-1G-1": used("pool-1G-1", "data")})
    assert not provision.needs_supply([share(pattern=PATTERN)], holders)
    assert not provision.needs_supply([share(pattern=PATTERN, size=None), share(size=2 * GIB)], holders)
    assert provision.needs_supply([share(pattern=PATTERN, size=2 * GIB)], holders)
    assert provision.needs_supply([share(name="other", pattern=PATTERN)], holders)


def test_what_others_have_is_not_taken() -> None:
    asked = share(pattern=PATTERN)
    # Another entry of the list names it.
    both = [asked, share("pool-1G-1", size=None)]
    found = provision.sources(both, scene(volume("pool-1G-1"), volume("pool-2G-1")))["data"]
    assert found.volume and found.volume.name == "pool-2G-1"
    with pytest.raises(NotFound, match="none is free. Give volumes back, or make more.$"):
        source(asked, used("pool-1G-1", "other"))
    with pytest.raises(NotFound, match="not free: pool-1G-1 .its option user.glusterops-share is 'not-empty'"):
        source(asked, volume("pool-1G-1", options=holding.set_aside()))
    with pytest.raises(NotFound, match="there is none whose whole name matches 'pool-.*'. Correct the pattern"):
        source(asked, volume("else"))


def test_infrastructure_on_a_list_is_nobody() -> None:
    sealed = volume("pool-1G-1", "Started", {**SEALED, "auth.ssl-allow": "server-1,server-2"})
    assert source(share(pattern=PATTERN), sealed).taking
    # What an administrator listed before it was ever sealed lets nobody in.
    listed = volume("pool-1G-1", options={"auth.ssl-allow": "manila-host"})
    assert source(share(pattern=PATTERN), listed).taking


def test_what_must_be_otherwise_is_put_right_when_it_is_taken() -> None:
    options = {**SEALED, "features.read-only": "on", "features.uss": "on", "auth.reject": "10.0.0.1"}
    found = source(share(pattern=PATTERN), volume("pool-1G-1", "Started", options))
    assert found.volume and found.volume.options["features.read-only"] == "off"
    assert found.volume.options["features.uss"] == "off" and "auth.reject" not in found.volume.options


def test_what_changed_since_it_was_chosen_is_not_taken() -> None:
    free = volume("pool-1G-1")
    found = source(share(pattern=PATTERN), free)
    gluster = Remembering(free._replace(options=holding.mark("other", "pool-1G-1", holding.PREPARING, holding.POOL)))
    cluster = LiveCluster(GlusterCli(gluster))
    with pytest.raises(Conflict, match="'pool-1G-1' was changed by somebody while share 'data' was getting it"):
        provision.take(cluster, share(pattern=PATTERN), found, {"pool-1G-1": free})
    assert gluster.told == []
    provision.take(cluster, share(pattern=PATTERN), found, {"pool-1G-1": gluster.volumes["pool-1G-1"]})
    [taken] = gluster.told
    assert taken[holding.SHARE] == "data@pool-1G-1" and taken["auth.ssl-allow"] == "server-1,server-2"
    assert taken[holding.UNPROVEN] == "pool-1G-1" and taken["cluster.lookup-optimize"] == "off"


def test_what_gluster_refuses_leaves_it_to_the_pool_as_it_was() -> None:
    free = volume("pool-1G-1", "Started")
    asked = share(pattern=PATTERN, restart=True)
    gluster = Remembering(free)
    refusal = "<cliOutput><opRet>-1</opRet><opErrno>0</opErrno><opErrstr>no such option</opErrstr></cliOutput>"
    gluster.instead["volume set"] = lambda _words: f'<?xml version="1.0"?>{refusal}'
    with pytest.raises(Refused, match="no such option"):
        provision.take(LiveCluster(GlusterCli(gluster)), asked, source(asked, free), {"pool-1G-1": free})
    assert [call[1] for call in gluster.calls if call[1] in ("stop", "set", "start")] == ["stop", "set", "start"]


def test_only_what_is_still_ours_is_given_up() -> None:
    mine = used("pool-1G-1", "data", holding.PREPARING)
    for now, given_up in (
        (mine, 1),
        (used("pool-1G-1", "other", holding.PREPARING), 0),
        (used("pool-1G-1", "data"), 0),
    ):
        gluster = Remembering(now)
        provision.give_up(GlusterCli(gluster), "pool-1G-1", "data")
        assert gluster.told == [holding.unmark()] * given_up


# Bytes of XFS on logical volumes of that size.
@pytest.mark.parametrize("size, room", [(100 * GIB, 107307073536), (GIB, GIB - 64 * 1024**2)])
def test_a_clone_may_be_as_large_as_its_bricks(size: int, room: int) -> None:
    clone = used("copy", "copy", holding.PREPARING, "snapshot:monday")
    (brick,) = clone.bricks
    asked: list[list[str]] = []

    def run(argv: list[str], **_options: t.Any) -> tuple[int, str, str]:
        asked.append(argv[-4:])
        node = f"<node><hostname>{brick.server}</hostname><path>{brick.path}</path><sizeTotal>{room}</sizeTotal></node>"
        volumes = f"<volStatus><volumes><volume>{node}</volume></volumes></volStatus>"
        return 0, f"<?xml version='1.0'?><cliOutput><opRet>0</opRet>{volumes}</cliOutput>", ""

    provision.check_room(GlusterCli(run), share("copy", size, snapshot="monday"), clone)
    with pytest.raises(Refused, match=f"its volume 'copy' holds {room} bytes, by the file systems of its bricks"):
        provision.check_room(GlusterCli(run), share("copy", size * 11 // 10, snapshot="monday"), clone)
    assert asked == [["volume", "status", "copy", "detail"]] * 2
