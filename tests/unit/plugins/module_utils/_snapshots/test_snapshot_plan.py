# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    NotFound,
    Refused,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import snapshot
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Brick, Process, Volume
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.snapshot import Allowed, Snapshot
from ansible_collections.glusterops.shares.plugins.module_utils._machines.thin import Ground, Pool
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._snapshots.plan import (
    Wanted,
    check_possible,
    explain,
    plan,
)
from recorded import Recorded

BRICKS = (Brick("server1", "/srv/a/brick", "uuid-1"), Brick("server2", "/srv/a/brick", "uuid-2"))
VOLUME = Volume("pool-7", "", "Started", "Replicate", 2, 0, 0, 0, 1, BRICKS, {})
STOPPED = VOLUME._replace(status="Stopped")
FOUND = Snapshot("monday", "uuid", "As it was", "2026-11-16T02:00:00Z", "pool-7", active=False, logical="1a2b")
MANY = Allowed(hard=256, soft=230, auto_delete=False)


def wanted(**values: t.Any) -> Wanted:
    return Wanted(**{"name": "monday", "share": "tenant", **values})


@pytest.mark.parametrize(
    "values, volume, found, expected",
    [
        ({}, VOLUME, None, [Change("monday", "snapshot", None, "tenant")]),
        ({}, VOLUME, FOUND, []),
        ({"description": "As it was", "active": False}, VOLUME, FOUND, []),
        (
            {"active": True},
            VOLUME,
            None,
            [Change("monday", "snapshot", None, "tenant"), Change("monday", "active", False, True)],
        ),
        ({"active": False}, VOLUME, None, [Change("monday", "snapshot", None, "tenant")]),
        ({"active": True}, VOLUME, FOUND, [Change("monday", "active", False, True)]),
        ({"state": "absent"}, VOLUME, FOUND, [Change("monday", "snapshot", "tenant", None)]),
        ({"state": "absent"}, VOLUME, None, []),
        ({"state": "absent"}, None, None, []),
        (
            {"state": "restored", "restart": True},
            VOLUME,
            FOUND,
            [Change("tenant", "restart", False, True), Change("tenant", "restored", None, "monday")],
        ),
        ({"state": "restored"}, STOPPED, FOUND, [Change("tenant", "restored", None, "monday")]),
        (
            {"state": "restored", "restart": True},
            STOPPED,
            FOUND,
            [Change("tenant", "restored", None, "monday"), Change("tenant", "started", False, True)],
        ),
    ],
)
def test_what_has_to_be_done(
    values: dict[str, t.Any], volume: Volume | None, found: Snapshot | None, expected: list[Change]
) -> None:
    wanted(**values).check()
    assert plan(wanted(**values), volume, found) == expected


def test_a_restored_share_is_not_restored_again() -> None:
    again = wanted(state="restored", restart=True)
    restored = VOLUME._replace(options={"user.glusterops-restored": "monday@tenant"})
    assert plan(again, restored, None) == []
    # A run that ended before it started the volume.
    stopped = restored._replace(status="Stopped")
    assert plan(again, stopped, None) == [Change("tenant", "started", False, True)]
    assert plan(wanted(state="restored"), stopped, None) == []
    # There is a new snapshot of that name.
    assert [change.what for change in plan(again, restored, FOUND)] == ["restart", "restored"]
    # A clone has its parent's option.
    with pytest.raises(NotFound, match="share 'copy' was not restored from it"):
        plan(wanted(share="copy", state="restored", restart=True), restored, None)


@pytest.mark.parametrize(
    "values, volume, found, error, message",
    [
        ({}, None, None, NotFound, "Share 'tenant' does not exist"),
        ({}, None, FOUND, Conflict, "is of volume 'pool-7', not of share 'tenant'"),
        ({"state": "absent"}, VOLUME._replace(name="v"), FOUND, Conflict, "take another name"),
        ({"description": "Other"}, VOLUME, FOUND, Conflict, "exists with the description 'As it was'"),
        ({"state": "restored"}, VOLUME, FOUND, Refused, "stored after 2026-11-16T02:00:00Z is lost .* restart: true"),
        ({"state": "restored"}, None, None, NotFound, "Share 'tenant' does not exist"),
        ({"state": "restored"}, STOPPED, None, NotFound, "have gluster_shares set both before it is started"),
    ],
)
def test_what_cannot_be_done(
    values: dict[str, t.Any],
    volume: Volume | None,
    found: Snapshot | None,
    error: type[GlusterOpsError],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        plan(wanted(**values), volume, found)


@pytest.mark.parametrize(
    "values, message",
    [
        ({"name": ""}, "is not a snapshot's name"),
        ({"name": "-x"}, "is not a snapshot's name"),
        ({"name": "a.b"}, "is not a snapshot's name"),
        ({"name": "a b"}, "is not a snapshot's name"),
        ({"name": "é"}, "is not a snapshot's name"),
        ({"name": "a" * 255}, "is not a snapshot's name"),
        ({"name": "force"}, "nor one of all, description, force, volume"),
        ({"share": "a/b"}, "share 'a/b' is not a volume name"),
        ({"description": ""}, "one line of 1 to 1024 bytes"),
        ({"description": "a\nsnap-id=b"}, "one line of 1 to 1024 bytes"),
        ({"description": " a"}, "no space at either end"),
        ({"description": "é" * 513}, "one line of 1 to 1024 bytes"),
        ({"description": "a", "state": "absent"}, "state: present only"),
        ({"active": False, "state": "restored"}, "state: present only"),
    ],
)
def test_bad_input(values: dict[str, t.Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        wanted(**values).check()


def test_good_input() -> None:
    wanted(name="a" * 254, description="é" * 512).check()
    wanted(name="_", description='<&> "x" = y').check()


def processes(*offline: str) -> list[Process]:
    rows = [Process(brick.server, brick.path, brick.server not in offline, 49152, 7) for brick in BRICKS]
    return [*rows, Process("Self-heal Daemon", "localhost", False, None, None)]


def possible(
    volume: Volume = VOLUME,
    rows: t.Sequence[Process] | None = None,
    ground: Ground | None = None,
    count: int = 3,
    allowed: Allowed = MANY,
) -> None:
    rows = processes() if rows is None else rows
    check_possible("tenant", volume, rows, ground or Ground(), count, allowed)


def test_nothing_is_in_the_way() -> None:
    possible()
    possible(ground=Ground(pools={"lab/pool": Pool(data=89.9, metadata=79.9)}))
    possible(count=255)
    possible(count=229, allowed=Allowed(256, 230, auto_delete=True))


@pytest.mark.parametrize(
    "values, message",
    [
        ({"volume": STOPPED}, r"No snapshot of share 'tenant' \(volume 'pool-7'\) can be made: it is not started"),
        ({"rows": processes("server2")}, r"not all of its bricks run \(server2:/srv/a/brick\)"),
        # The status leaves out servers that do not answer.
        ({"rows": processes()[:1]}, r"not all of its bricks run \(server2:/srv/a/brick\)"),
        ({"ground": Ground(("server1:/srv/a/brick",))}, r"bricks that are not \(server1:/srv/a/brick\)"),
        ({"ground": Ground(pools={"lab/pool": Pool(90.0, 5.0)})}, "lab/pool of its bricks is 90.0 % full of data"),
        ({"ground": Ground(pools={"lab/pool": Pool(5.0, 80.0)})}, "5.0 % full of data and 80.0 % of metadata"),
        ({"count": 256}, "it has 256 of at most 256. Delete some, keep fewer, or allow more"),
        (
            {"count": 230, "allowed": Allowed(256, 230, True)},
            "auto-delete would delete its oldest, whosever that is, when there are more than 230",
        ),
    ],
)
def test_what_is_in_the_way(values: dict[str, t.Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        possible(**values)


@pytest.mark.parametrize(
    "errno, message",
    [
        (30803, "not all of its bricks run. Start them"),
        (30805, "it has as many as it may have"),
        (30810, "it is not started"),
        (30815, "there are bricks that are not. Make such volumes"),
        (30800, "as gluster said it"),
    ],
)
def test_gluster_refuses_in_our_words(errno: int, message: str) -> None:
    told = explain(Refused("as gluster said it", op_errno=errno), "tenant", VOLUME)
    assert message in str(told) and told.details["op_errno"] == errno


@pytest.mark.parametrize(
    "version, name", [("10.3", "snapshot-create-not-thin.xml"), ("11.1", "snapshot-create-unsupported.xml")]
)
def test_not_thin_in_any_version(version: str, name: str) -> None:
    with pytest.raises(Refused) as caught:
        snapshot.create(GlusterCli(Recorded(version, name)), "monday", "v")
    assert "each brick on a thin logical volume of its own" in str(explain(caught.value, "tenant", VOLUME))
