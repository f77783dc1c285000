# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput, Conflict, NotFound, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Limit, Volume
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import Share, is_sealed, matches, plan
from ansible_collections.glusterops.shares.plugins.module_utils._units import GIB
from hypothesis import given
from hypothesis import strategies as st

SERVERS = ("server-1", "server-2")
SEALED = {"client.ssl": "on", "server.ssl": "on", "auth.ssl-allow": "server-1,server-2,tenant"}


def volume(status: str = "Started", **options: str) -> Volume:
    return Volume(
        name="v",
        id="",
        status=status,
        type="Distribute",
        replica=1,
        arbiter=0,
        disperse=0,
        redundancy=0,
        snapshots=0,
        bricks=(),
        options=dict(options),
    )


def share(**values: t.Any) -> Share:
    given_values: dict[str, t.Any] = {
        "name": "v",
        "infrastructure": SERVERS,
        "allow": ("tenant",),
        "exclusive": True,
        "seal": True,
        "start": True,
    }
    return Share(**{**given_values, **values})


def whats(changes: list[Change]) -> list[str]:
    return [change.what for change in changes]


def test_nothing_to_do() -> None:
    assert plan(share(), volume(**SEALED), None) == []


def test_sealing_comes_before_starting() -> None:
    changes = plan(share(size=GIB), volume("Created"), None)
    assert whats(changes) == [
        "client.ssl",
        "server.ssl",
        "auth.ssl-allow",
        "started",
        "features.soft-timeout",
        "features.hard-timeout",
        "features.quota",
        "size",
    ]
    assert changes[2].after == ["server-1", "server-2", "tenant"]


def test_a_started_unsealed_volume_is_not_stopped_unasked() -> None:
    with pytest.raises(Refused, match="started and not sealed .client.ssl, server.ssl off.*restart: true"):
        plan(share(), volume(), None)
    assert "restart" in whats(plan(share(restart=True), volume(), None))


def test_what_bricks_read_when_they_start_restarts_them() -> None:
    wanted = {"options": {"ssl.crl-path": "/crl", "nfs.disable": "on"}}
    with pytest.raises(Refused, match="started and its bricks take ssl.crl-path only when they start.*restart: true"):
        plan(share(**wanted), volume(**SEALED), None)
    assert whats(plan(share(**wanted, restart=True), volume(**SEALED), None)) == [
        "restart",
        "nfs.disable",
        "ssl.crl-path",
    ]
    assert whats(plan(share(**wanted), volume("Created", **SEALED), None)) == ["nfs.disable", "ssl.crl-path", "started"]
    assert plan(share(**wanted), volume(**SEALED, **wanted["options"]), None) == []


@pytest.mark.parametrize("entry", ["*", "**", "?*", "[!x]*", '""'])
def test_a_list_that_names_nobody_is_none(entry: str) -> None:
    opened = volume(**{**SEALED, "auth.ssl-allow": f"server-1,{entry}"})
    assert not is_sealed(opened)
    with pytest.raises(Conflict, match=f"holds {re.escape(repr(entry))}"):
        plan(share(exclusive=False), opened, None)
    assert is_sealed(volume(**{**SEALED, "auth.ssl-allow": "server-*"}))


def test_half_a_seal_is_none() -> None:
    half = volume(**{**SEALED, "server.ssl": "off"})
    assert not is_sealed(half)
    assert whats(plan(share(restart=True), half, None)) == ["server.ssl", "restart"]


@pytest.mark.parametrize("entries", ["", "*", "a,*", "a *", " "])
def test_lists_that_seal_nothing(entries: str) -> None:
    assert not is_sealed(volume(**{**SEALED, "auth.ssl-allow": entries}))


def test_a_list_of_anybody_is_replaced_only_as_a_whole() -> None:
    open_to_all = volume(**{**SEALED, "auth.ssl-allow": "*"})
    with pytest.raises(Conflict, match="holds '\\*'"):
        plan(share(exclusive=False), open_to_all, None)
    [change] = plan(share(), open_to_all, None)
    assert change == Change("v", "auth.ssl-allow", ["*"], ["server-1", "server-2", "tenant"])


def test_access_on_an_unsealed_volume_is_refused() -> None:
    with pytest.raises(Conflict, match="an access list would protect nothing"):
        plan(share(seal=False, start=False), volume("Created"), None)


def test_a_missing_volume() -> None:
    with pytest.raises(NotFound, match="'v' does not exist"):
        plan(share(), None, None)


def test_deny_keeps_the_others() -> None:
    denying = share(allow=(), deny=("tenant",), exclusive=False)
    [change] = plan(denying, volume(**{**SEALED, "auth.ssl-allow": "server-1,server-2,tenant,other"}), None)
    assert change.after == ["other", "server-1", "server-2"]


@pytest.mark.parametrize("infrastructure", [("glusterfs-server-*",), ("glusterfs-server-1",)])
def test_infrastructure_cannot_be_denied(infrastructure: tuple[str, ...]) -> None:
    with pytest.raises(BadInput, match="is infrastructure .* and stays"):
        share(infrastructure=infrastructure, allow=(), deny=("glusterfs-server-1",)).check()


@pytest.mark.parametrize(
    "values, message",
    [
        ({"name": "all"}, "is not a volume name"),
        ({"infrastructure": ()}, "infrastructure must name at least"),
        ({"infrastructure": ("*",)}, "is not a valid name or pattern"),
        ({"infrastructure": ("a,b",)}, "is not a valid name"),
        ({"allow": ("*",)}, "v: identity '\\*' is not a valid name"),
        ({"allow": ("tenant*",)}, "is not a valid name"),
        ({"allow": ("a", "a")}, "identity 'a' stands more than once"),
        ({"deny": ("a b",)}, "is not a valid name"),
        ({"allow": tuple(f"tenant-{n:050}" for n in range(70))}, "4077 bytes, more than the 4000"),
    ],
)
def test_bad_values(values: dict[str, t.Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        share(**values).check()


def test_a_list_that_grows_too_long_by_what_is_on_it() -> None:
    long = ",".join(f"tenant-{n:050}" for n in range(69))
    with pytest.raises(BadInput, match="more than the 4000"):
        plan(share(exclusive=False), volume(**{**SEALED, "auth.ssl-allow": long}), None)


LIMITED = {**SEALED, "features.quota": "on", "features.soft-timeout": "5", "features.hard-timeout": "1"}


def test_a_limit_is_set_once() -> None:
    assert plan(share(size=GIB), volume(**LIMITED), Limit(GIB, 0)) == []
    assert whats(plan(share(size=2 * GIB), volume(**LIMITED), Limit(GIB, 0))) == ["size"]
    assert whats(plan(share(size=GIB), volume(**SEALED), None))[-2:] == ["features.quota", "size"]


def test_a_limit_is_enforced_promptly() -> None:
    slow = volume(**{**LIMITED, "features.soft-timeout": "60"})
    assert plan(share(size=GIB), slow, Limit(GIB, 0)) == [Change("v", "features.soft-timeout", "60", "5")]


def test_no_limit_below_what_is_used() -> None:
    with pytest.raises(Refused, match="cannot be limited to 1G: 1073741825 bytes are stored in it .limit now 2G"):
        plan(share(size=GIB), volume(**LIMITED), Limit(2 * GIB, GIB + 1))
    assert whats(plan(share(size=GIB), volume(**LIMITED), Limit(2 * GIB, GIB))) == ["size"]


def test_no_limit_without_starting() -> None:
    with pytest.raises(Conflict, match="is not started, so it can have no limit"):
        plan(share(size=GIB, start=False), volume("Created", **SEALED), None)


names = st.text("abcXYZ019._-", min_size=1, max_size=12)


@given(
    st.lists(names, unique=True), st.lists(names, unique=True), st.lists(names, min_size=1, unique=True), st.booleans()
)
def test_whatever_is_asked_the_list_is_sealed_and_stable(
    present: list[str], allow: list[str], infrastructure: list[str], exclusive: bool
) -> None:
    wanted = share(infrastructure=tuple(infrastructure), allow=tuple(allow), exclusive=exclusive).check()
    before = volume(**{**SEALED, "auth.ssl-allow": ",".join(present)})
    changes = plan(wanted, before, None)
    after = changes[-1].after if changes else present
    done = before._replace(options={**SEALED, "auth.ssl-allow": ",".join(after)})
    assert is_sealed(done)
    assert plan(wanted, done, None) == []
    assert {*infrastructure, *allow} <= set(after) <= {*infrastructure, *allow, *present}
    if exclusive:
        assert set(after) == {*infrastructure, *allow}


def test_gluster_matches_case_and_globs() -> None:
    assert matches("glusterfs-server-1", "glusterfs-server-*")
    assert not matches("Glusterfs-server-1", "glusterfs-server-*")
    assert not matches("tenant-a", "tenant")
