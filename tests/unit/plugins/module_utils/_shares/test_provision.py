# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    NotFound,
    Refused,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Brick, Volume
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.snapshot import Snapshot
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding, pool, provision, release
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import Share, plan
from ansible_collections.glusterops.shares.plugins.module_utils._units import GIB

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


def source(asked: Share, *volumes: Volume, snapshots: t.Iterable[Snapshot] = ()) -> provision.Source:
    named = {one.name: one for one in volumes}
    return provision.sources([asked], named, {one.name: one for one in snapshots})[asked.name]


MONDAY = Snapshot("monday", "", "", "2026-11-16T02:00:00Z", "parent", active=False, logical="")


def test_a_share_from_the_pool() -> None:
    found = source(share(pattern=PATTERN), volume("pool-2G-1"), volume("pool-1G-1"))
    assert found.taking == Change("data", "volume", None, "pool-1G-1")
    assert found.volume and holding.mark_of(found.volume) == holding.Mark("data", "preparing", "pool")
    assert found.volume.options["auth.ssl-allow"] == "server-1,server-2"
    changes = plan(share(pattern=PATTERN), found.volume, None)
    assert [change.what for change in changes][-2:] == ["auth.ssl-allow", "state"]
    assert changes[-2].before == list(SERVERS) and changes[-2].after == [*SERVERS, "tenant"]


def test_none_is_taken_twice() -> None:
    volumes = {one.name: one for one in (volume("pool-1G-1"), volume("pool-1G-2"))}
    asked = [share("a", pattern=PATTERN), share("b", pattern=PATTERN)]
    found = provision.sources(asked, volumes, {})
    assert [one.volume.name for one in found.values() if one.volume] == ["pool-1G-1", "pool-1G-2"]
    with pytest.raises(NotFound, match="No volume for share 'c'"):
        provision.sources([*asked, share("c", pattern=PATTERN)], volumes, {})


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


def test_a_clone() -> None:
    parent = used("parent", "parent-share")
    parent.options.update({"features.quota": "on", "auth.ssl-allow": "tenant-of-it"})
    found = source(share(snapshot="monday"), parent, snapshots=[MONDAY])
    assert found.taking == Change("data", "clone of", None, "monday")
    made = found.volume
    assert made and made.name == "data" and made.status == "Created"
    assert made.options["auth.ssl-allow"] == "server-1,server-2"
    assert holding.mark_of(made) == holding.Mark("data", "preparing", "snapshot:monday")
    assert source(share(snapshot="monday"), used("data", "data", origin="snapshot:sunday")).taking is None


def test_a_clone_that_a_run_left_behind() -> None:
    options = {
        **holding.mark("parent-share", "parent", holding.IN_USE, holding.POOL),
        "auth.ssl-allow": "server-1,tenant-of-it",
    }
    bricks = (Brick("s1", "/run/gluster/snaps/0ab/brick1", "u1"),)
    for inherited in (options, {"auth.ssl-allow": "server-1,tenant-of-it"}):
        left = volume("data", "Created", inherited, bricks=bricks)
        found = source(share(snapshot="monday"), left, snapshots=[MONDAY])
        assert found.taking and found.volume and found.volume.options["auth.ssl-allow"] == "server-1,server-2"
    started = volume("data", "Started", {}, bricks=bricks)
    with pytest.raises(Conflict, match="exists, and is not what was taken from a pool"):
        source(share(snapshot="monday"), started, snapshots=[MONDAY])


@pytest.mark.parametrize(
    ("asked", "volumes", "error", "said"),
    [
        (share(pattern=PATTERN), [volume("data")], Conflict, "exists, and is not what was taken from a pool"),
        (share(pattern=PATTERN), [used("pool-1G-1", "data", holding.RELEASING)], Conflict, "is being given back"),
        (share(), [used("pool-1G-1", "data", holding.RELEASING)], Conflict, "with gluster_share and state: absent"),
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
    return release.plan("data", of, snapshots, SERVERS)


def test_giving_back() -> None:
    options = {"features.quota": "on", "auth.ssl-allow": "server-1,server-2,tenant"}
    held = used("pool-1G-1", "data")
    held.options.update(options)
    assert back(held) == [
        Change("data", "state", "in-use", "releasing"),
        Change("data", "auth.ssl-allow", ["server-1", "server-2", "tenant"], ["server-1", "server-2"]),
        Change("data", "data", "pool-1G-1", None),
        Change("data", "features.quota", "on", "off"),
        Change("data", "volume", "pool-1G-1", None),
    ]
    # Interrupted once the tenants were out: what is left to do.
    held.options.update({"auth.ssl-allow": "server-1,server-2", holding.STATE: holding.RELEASING})
    assert [change.what for change in back(held)] == ["data", "features.quota", "volume"]
    clone = used("data", "data", origin="snapshot:monday")
    assert [change.what for change in back(clone)] == ["state", "auth.ssl-allow", "data", "volume"]
    assert back(None) == []


def test_what_is_not_given_back() -> None:
    with pytest.raises(Conflict, match="'data' is neither of a pool nor a clone made for share 'data'"):
        back(volume("data"))
    with pytest.raises(Refused, match="has snapshots, which keep what was stored in it: monday, sunday"):
        back(used("pool-1G-1", "data"), "monday", "sunday")


def test_what_is_in_use_is_not_taken() -> None:
    volumes = {one.name: one for one in (volume("pool-1G-1", "Started", SEALED), volume("pool-2G-1"))}
    asked = share(pattern=PATTERN)
    assert provision.needs_clients([asked], volumes)
    found = provision.sources([asked], volumes, {}, mounted=["pool-1G-1"])["data"]
    assert found.volume and found.volume.name == "pool-2G-1"
    with pytest.raises(NotFound, match="none is free.* Without a mark, but mounted by somebody: pool-1G-1, pool-2G-1"):
        provision.sources([asked], volumes, {}, mounted=["pool-2G-1", "pool-1G-1", "else"])
    # Nor is a volume that another entry of the list names.
    both = [asked, share("pool-1G-1", size=None)]
    found = provision.sources(both, volumes, {})["data"]
    assert found.volume and found.volume.name == "pool-2G-1"
    heketis = volume("pool-1G-1", bricks=(Brick("s1", "/var/lib/heketi/mounts/vg_1/brick_2/brick", "u1"),))
    with pytest.raises(NotFound, match="none is free"):
        source(asked, heketis)
    aside = volume("pool-1G-1", options=holding.set_aside())
    with pytest.raises(NotFound, match="none is free"):
        source(asked, aside)


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
