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
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding, options, steps
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import is_sealed, matches
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import Share, shut_out
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import plan as steps_of
from ansible_collections.glusterops.shares.plugins.module_utils._units import GIB
from hypothesis import given
from hypothesis import strategies as st

SERVERS = ("server-1", "server-2")
SEALED = {
    "client.ssl": "on",
    "server.ssl": "on",
    "auth.ssl-allow": "server-1,server-2,tenant",
    "cluster.lookup-optimize": "off",
    **holding.mark("v", "v", holding.IN_USE, holding.ADOPTED),
}


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


def plan(*arguments: t.Any) -> list[Change]:
    """All that is told of it."""
    return [change for step in steps_of(*arguments) for change in step.changes]


def whats(changes: list[Change]) -> list[str]:
    return [change.what for change in changes]


def test_nothing_to_do() -> None:
    assert plan(share(), volume(**SEALED), None) == []


def test_sealing_comes_before_starting_and_tenants_after_the_limit() -> None:
    changes = plan(share(size=GIB, options={"nfs.disable": "on"}), volume("Created"), None)
    assert whats(changes) == [
        "client.ssl",
        "server.ssl",
        "auth.ssl-allow",
        "cluster.lookup-optimize",
        "features.hard-timeout",
        "features.soft-timeout",
        "nfs.disable",
        "user.glusterops-share",
        "started",
        "features.quota",
        "size",
        "auth.ssl-allow",
    ]
    assert changes[2].after == ["server-1", "server-2"]
    assert changes[-1].after == ["server-1", "server-2", "tenant"]


def test_steps_are_done_as_they_are_told() -> None:
    found = steps_of(share(size=GIB), volume("Created"), None)
    assert [type(step) for step in found] == [steps.Close, steps.Set, steps.Start, steps.Limit, steps.Set]


def test_a_started_unsealed_volume_is_not_stopped_unasked() -> None:
    with pytest.raises(Refused, match="started and not sealed .client.ssl, server.ssl off.*restart: true"):
        plan(share(), volume(), None)
    *setting, closing, _welcome = steps_of(share(restart=True), volume(), None)
    # What Gluster refuses it refuses before the volume is stopped.
    assert [type(step) for step in setting] == [steps.Set]
    assert isinstance(closing, steps.Close) and closing.restart
    assert whats(list(closing.changes)) == ["client.ssl", "server.ssl", "auth.ssl-allow", "restart"]


def test_what_bricks_read_when_they_start_restarts_them() -> None:
    wanted = {"options": {"ssl.crl-path": "/crl", "nfs.disable": "on"}}
    with pytest.raises(Refused, match="started and its bricks take ssl.crl-path only when they start.*restart: true"):
        plan(share(**wanted), volume(**SEALED), None)
    assert whats(plan(share(**wanted, restart=True), volume(**SEALED), None)) == [
        "nfs.disable",
        "ssl.crl-path",
        "restart",
    ]
    assert whats(plan(share(**wanted), volume("Created", **SEALED), None)) == ["nfs.disable", "ssl.crl-path", "started"]
    assert plan(share(**wanted), volume(**SEALED, **wanted["options"]), None) == []


def test_a_restart_that_was_interrupted_is_made_up_for() -> None:
    """What bricks run with nobody can see: the volume says that they wait for it."""
    crl = {"ssl.crl-path": "/crl"}
    setting, restart = steps_of(share(options=crl, restart=True), volume(**SEALED), None)
    assert isinstance(setting, steps.Set) and setting.others == {holding.WAITING: "v"}
    assert isinstance(restart, steps.Restart)
    set_ = {**SEALED, **crl, holding.WAITING: "v"}
    assert whats(plan(share(options=crl, restart=True), volume(**set_), None)) == ["restart"]
    with pytest.raises(Refused, match="its bricks take ssl.crl-path only when they start"):
        plan(share(options=crl), volume(**set_), None)
    # Whoever lets somebody in has not asked for it. A clone inherits the mark, and its bricks start anew.
    assert plan(share(seal=False), volume(**set_), None) == []
    assert plan(share(options=crl), volume(**{**set_, holding.WAITING: "parent"}), None) == []
    # Where the seal itself needs a start, that is it.
    setting, closing = steps_of(share(options=crl, restart=True), volume(**{**SEALED, "server.ssl": "off"}), None)
    assert isinstance(setting, steps.Set) and holding.WAITING not in setting.others
    assert closing_of(share(options=crl, restart=True), volume(**{**set_, "server.ssl": "off"})).restart
    # What it waited for was reset by hand since.
    with pytest.raises(Refused, match="its bricks take what was set only when they start"):
        plan(share(), volume(**SEALED, **{holding.WAITING: "v"}), None)
    # Nobody is in yet who would have to mount again.
    making = {**set_, holding.STATE: holding.PREPARING, "auth.ssl-allow": ",".join(SERVERS)}
    assert "restart" in whats(plan(share(options=crl), volume(**making), None))
    # Killed while it was stopped: it was to be started.
    assert whats(plan(share(options=crl, start=False), volume("Stopped", **set_), None)) == ["started"]
    assert plan(share(seal=False, start=False), volume("Stopped", **set_), None) == []


def test_what_is_given_back_is_nobodys_any_more() -> None:
    releasing = volume(**{**SEALED, holding.STATE: holding.RELEASING})
    for wanted in (share(), share(seal=False, exclusive=False)):
        with pytest.raises(Conflict, match="is being given back .volume 'v'.: finish that first, with gluster_share"):
            plan(wanted, releasing, None)


def test_who_may_wait_waits() -> None:
    """Servers and who is on the list already do not; nor does who is taken off."""
    wanted = share(allow=("tenant", "new"), infrastructure=(*SERVERS, "server-3"), admit=False)
    before = volume(**{**SEALED, "auth.ssl-allow": "server-1,server-2,tenant,other"})
    [closing] = steps_of(wanted, before, None)
    assert isinstance(closing, steps.Close) and closing.entries == ("server-1", "server-2", "server-3", "tenant")
    [enlisting] = plan(wanted, volume(**SEALED), None)
    assert enlisting.after == ["server-1", "server-2", "server-3", "tenant"]
    making = volume(**{**SEALED, "auth.ssl-allow": "server-1,server-2,server-3", holding.STATE: holding.PREPARING})
    assert plan(wanted, making, None) == []


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
    assert plan(share(), open_to_all, None) == [
        Change("v", "auth.ssl-allow", ["*"], ["server-1", "server-2"]),
        Change("v", "auth.ssl-allow", ["server-1", "server-2"], ["server-1", "server-2", "tenant"]),
    ]


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


def test_a_listed_tenant_is_not_let_in_before_the_limit() -> None:
    unlimited = volume(**{**SEALED, "auth.ssl-allow": "server-1"})
    changes = plan(share(size=GIB), unlimited, None)
    assert whats(changes)[-3:] == ["features.quota", "size", "auth.ssl-allow"]
    # But a server comes before all: its quota daemon is a client.
    assert changes[0].after == ["server-1", "server-2"] and changes[-1].after == ["server-1", "server-2", "tenant"]


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


# ---- who shall not be let in any more ----
def closing_of(wanted: Share, of: Volume) -> steps.Close:
    first = steps_of(wanted, of, None)[0]
    assert isinstance(first, steps.Close)
    return first


def test_who_is_shut_out_goes_first() -> None:
    other = volume(**{**SEALED, "auth.ssl-allow": "server-1,server-2,other"})
    found = steps_of(share(size=GIB), other, None)
    assert [type(step) for step in found] == [steps.Close, steps.Set, steps.Limit, steps.Set]
    assert found[0].changes == (
        Change("v", "auth.ssl-allow", ["other", "server-1", "server-2"], ["server-1", "server-2"]),
    )


def test_what_was_not_proven_is_not_done() -> None:
    """Whatever this server shows, another one may keep an older list."""
    closing = closing_of(share(), volume(**{**SEALED, holding.UNPROVEN: "v"}))
    assert closing.again and closing.entries == ("server-1", "server-2", "tenant")
    # A clone inherits its parent's.
    assert plan(share(), volume(**{**SEALED, holding.UNPROVEN: "parent"}), None) == []
    assert plan(share(), volume(**{**SEALED, holding.UNPROVEN: "-"}), None) == []


def test_sessions_end_with_the_list() -> None:
    lasting = volume(**{**SEALED, "server.dynamic-auth": "off"})
    assert not is_sealed(lasting)
    closing = closing_of(share(), lasting)
    assert closing.changes == (Change("v", "server.dynamic-auth", "off", "on"),)
    assert closing.options == {"server.dynamic-auth": "on"} and not closing.restart


def test_who_is_denied_is_taken_off_a_list_that_does_not_count_yet() -> None:
    """Else he is let in when it does."""
    opened = volume(**{**SEALED, "server.ssl": "off", "auth.ssl-allow": "server-1,tenant"})
    closing = shut_out(share(allow=(), deny=("tenant",), exclusive=False), opened)
    assert closing and closing.entries == ("server-1",) and not closing.options and not closing.restart
    lasting = volume(**{**opened.options, "server.dynamic-auth": "off"})
    closing = shut_out(share(allow=(), deny=("tenant",), exclusive=False), lasting)
    assert closing and closing.options == {"server.dynamic-auth": "on"}
    assert shut_out(share(allow=(), deny=("other",), exclusive=False), opened) is None
    # Bricks go by the list if only their own side is on: whoever is not declared is shut out, too.
    half = volume(**{**SEALED, "client.ssl": "off", "auth.ssl-allow": "server-1,server-2,tenant,other"})
    closing = shut_out(share(), half)
    assert closing and closing.entries == ("server-1", "server-2", "tenant") and not closing.options
    alone = shut_out(share(deny=("tenant",)), volume(**{**opened.options, "auth.ssl-allow": "tenant"}))
    assert alone and alone.entries == SERVERS


def test_an_empty_list_of_a_sealed_volume_is_none() -> None:
    closing = closing_of(share(), volume(**{**SEALED, "auth.ssl-allow": ""}))
    assert closing.entries == ("server-1", "server-2")


def test_who_is_let_in_by_a_pattern_is_not_denied() -> None:
    denying = share(allow=(), deny=("tenant",), exclusive=False)
    patterned = volume(**{**SEALED, "auth.ssl-allow": "server-1,server-2,ten*"})
    with pytest.raises(Conflict, match="lets in 'tenant' by ten.* on its access list, whether it is named"):
        plan(denying, patterned, None)
    with pytest.raises(Conflict, match="holds 'ten.ab.', and nobody can be sure whom that lets in"):
        plan(denying, volume(**{**SEALED, "auth.ssl-allow": "server-1,server-2,ten[ab]"}), None)


def test_snapshots_that_let_in_others() -> None:
    with pytest.raises(
        Conflict, match="'v' has active snapshots.*: monday .gone., sunday .gone, tenant-2.. Deactivate"
    ):
        plan(share(), volume(**SEALED), None, {"sunday": ["gone", "tenant-2"], "monday": ["gone"]})
    changes = plan(share(deactivate=True), volume(**SEALED), None, {"monday": ["gone"]})
    assert changes == [Change("monday", "active", True, False)]


# ---- options that decide without being owned ----
@pytest.mark.parametrize(
    "given_options, message",
    [
        ({"group": "virt"}, "may not have group: an option's whole name has a dot in it"),
        ({"ssl-allow": "*"}, "may not have ssl-allow: an option's whole name has a dot in it"),
        ({"auth.ssl-allow": "a"}, "may not have auth.ssl-allow: the share's own options say that"),
        ({"server.dynamic-auth": "off"}, "may not have server.dynamic-auth: the share's own"),
        ({"user.glusterops-share": "a@v"}, "may not have user.glusterops-share: the share's own"),
        ({"user.manila-share": "NONE"}, "may not have user.manila-share: the share's own"),
        ({"user.heketi.id": "1"}, "may not have user.heketi.id: the share's own"),
        ({"cluster.lookup-optimize": "on"}, "may not have cluster.lookup-optimize: the share's own"),
        ({"features.uss": "on"}, "may not have features.uss=on .whoever is in sees all snapshots"),
        ({"nfs.disable": "off"}, "may not have nfs.disable=off .it is exported by NFS"),
        ({"ssl.ca-list": "/ca"}, "may not have ssl.ca-list=/ca .other CAs"),
    ],
)
def test_options_that_no_share_may_be_given(given_options: dict[str, str], message: str) -> None:
    with pytest.raises(BadInput, match=f"v: volume_options {message}"):
        share(options=given_options).check()


def test_options_that_are_a_choice() -> None:
    chosen = {"features.read-only": "on", "server.root-squash": "on", "nfs.disable": "on", "features.uss": "off"}
    assert share(options=chosen).check()


@pytest.mark.parametrize("rule", options.RULES, ids=lambda rule: rule.option)
def test_what_an_option_means(rule: options.Rule) -> None:
    bad = {"nfs.disable": "off", "auth.allow": "10.0.0.1", "auth.reject": "10.0.0.1", "ssl.ca-list": "/ca"}
    broken = volume(**{**SEALED, rule.option: bad.get(rule.option, "enable")})
    assert [one.option for one in options.contradictions(broken.options)] == [rule.option]
    assert options.contradictions(broken.options, [rule.option]) == []
    assert is_sealed(broken) != rule.opens
    changed, reset = options.put_right(broken.options)
    right = {key: value for key, value in {**broken.options, **changed}.items() if key not in reset}
    assert (options.contradictions(right) == []) == (rule.good is not None)
    assert bool(options.impossible(broken.options)) == (rule.good is None)
    if rule.kept is options.Kept.REFUSED:
        with pytest.raises(Conflict, match=f"cannot be a sealed share: it has {rule.option}="):
            plan(share(), broken, None)
    elif rule.kept is options.Kept.SET:
        assert plan(share(), broken, None) == [Change("v", rule.option, broken.options[rule.option], rule.good)]
    else:
        assert plan(share(), broken, None) == []


def test_an_adopted_share_gets_its_mark_once() -> None:
    unmarked = {key: value for key, value in SEALED.items() if not key.startswith("user.")}
    proof, step = steps_of(share(), volume(**unmarked), None)
    # Its list may not be what its bricks go by.
    assert isinstance(proof, steps.Close) and proof.again and not proof.changes
    assert isinstance(step, steps.Set) and step.changes == (Change("v", holding.SHARE, None, "v@v"),)
    assert step.others == holding.mark("v", "v", "in-use", "adopted")
    # What Heketi made is Heketi's, and says so.
    assert plan(share(), volume(**unmarked, **{"user.heketi.id": "1"}), None) == []
    # Who only lets somebody in does not adopt it.
    assert plan(share(seal=False, start=False), volume(**unmarked), None) == []
