# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""That nobody is let in who shall not be: on every server, whatever this one shows."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import typing as t

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._errors import Conflict, OutcomeUnknown, Refused
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import healing
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Brick, Volume
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._progress import Progress
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.module_utils._shares import (
    closing,
    holding,
    provision,
    release,
    revoke,
    steps,
    wipe,
)
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import LIST
from ansible_collections.glusterops.shares.plugins.module_utils._shares.pool import compile_pattern
from ansible_collections.glusterops.shares.plugins.module_utils._shares.reconcile import LiveCluster, close, reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import LOOKUP, Share
from recorded import OK, Remembering

SERVERS = ("s1", "s2", "s3")
BRICKS = tuple(Brick(server, "/srv/data", f"u{server}") for server in SERVERS)
SEALED = {"client.ssl": "on", "server.ssl": "on", **LOOKUP}


def volume(name: str = "data", *tenants: str, status: str = "Started", **options: str) -> Volume:
    marks = holding.mark(name, name, holding.IN_USE, holding.ADOPTED)
    its = {**SEALED, LIST: ",".join([*SERVERS, *tenants]), **marks, **options}
    return Volume(name, "", status, "Replicate", 3, 0, 0, 0, 0, BRICKS, its)


class Cluster(Remembering):
    """Three servers, of which some may be away, keep what they had, or tell nothing of their bricks.

    stale: server to what its brick's volfile has instead; refusing: whether these servers refuse what is set.
    """

    def __init__(self, *volumes: Volume, away: t.Collection[str] = (), stale: dict[str, str] | None = None) -> None:
        super().__init__(*volumes)
        self.away, self.stale, self.refusing, self.unheard, self.plain = away, dict(stale or {}), False, "", ""
        self.clients = {one.name: {"glustershd": 3} for one in volumes}
        self.instead = {
            "pool list": self._peers,
            "system:: getspec": self._volfile,
            "volume status": self._status,
            "volume set": self._set,
        }

    def __call__(self, argv: list[str], **options: t.Any) -> tuple[int, str, str]:
        if argv[-1] == "client-list":
            self.calls.append(argv[2:])
            return 0, "".join(self._listed(name) for name in self.volumes), ""
        return super().__call__(argv, **options)

    def _listed(self, name: str) -> str:
        rows = "\n".join(f"{kind} {count}" for kind, count in self.clients[name].items())
        return f"Client connections for volume {name}\n{rows}\n\ntotal clients for volume {name} : 3 \n"

    def _peers(self, _words: list[str]) -> str:
        peers = "".join(
            f"<peer><uuid>u{server}</uuid><hostname>{server}</hostname>"
            f"<connected>{int(server not in self.away)}</connected></peer>"
            for server in SERVERS
        )
        return OK.replace("</cliOutput>", f"<peerStatus>{peers}</peerStatus></cliOutput>")

    def _volfile(self, words: list[str]) -> str:
        name, server, _path = words[-1].split(".")
        options = self.volumes[name].options
        lines = [
            f"option transport.socket.ssl-enabled {options['server.ssl']}",
            f"option auth.login./srv/data.ssl-allow {options[LIST]}",
            f"option dynamic-auth {options.get('server.dynamic-auth', 'on')}",
        ]
        text = "\n".join(["volume data-server", "type protocol/server", *lines, "end-volume"])
        found = re.match("(.*?) -> (.*)", self.stale.get(server, " -> "))
        assert found
        return text.replace(found.group(1), found.group(2)) if found.group(1) else text

    def _status(self, words: list[str]) -> str:
        rows = "".join(
            f"<node><hostname>{server}</hostname><path>/srv/data</path><peerid>u{server}</peerid><status>1</status>"
            "<port>49152</port></node>"
            for server in SERVERS
            if server not in self.unheard
        )
        volumes = "".join(
            f"<volume><volName>{name}</volName>{rows}</volume>" for name in self.volumes if words[2] in ("all", name)
        )
        return OK.replace("</cliOutput>", f"<volStatus><volumes>{volumes}</volumes></volStatus></cliOutput>")

    def _set(self, words: list[str]) -> str:
        options = dict(zip(words[3::2], words[4::2]))
        its = self.volumes[words[2]]
        # The server that is asked has done it before another one refuses.
        self.volumes[words[2]] = its._replace(options={**its.options, **options})
        if self.refusing:
            return OK.replace(">0<", ">-1<").replace(
                "<opErrstr/>", "<opErrstr>Commit failed on s2. Please check log file for details.</opErrstr>"
            )
        return OK


def live(gluster: Cluster, path: pathlib.Path) -> LiveCluster:
    return LiveCluster(
        GlusterCli(gluster),
        {},
        str(path / "glusterd"),
        str(path / "locks"),
        lambda _seconds: None,
        lambda host, _port: host in gluster.plain,
    )


def deny(name: str = "data", *tenants: str) -> Share:
    return Share(name, SERVERS, deny=tenants or ("tenant",))


def test_a_denial_is_proven_on_every_server(tmp_path: pathlib.Path) -> None:
    gluster = Cluster(volume("data", "tenant", "other"))
    changes, _found = reconcile(live(gluster, tmp_path), [deny()], False)
    assert changes == [Change("data", LIST, sorted([*SERVERS, "tenant", "other"]), sorted([*SERVERS, "other"]))]
    closed, proven = gluster.told
    # While it is not proven, the volume says so.
    assert closed == {LIST: "other,s1,s2,s3", holding.UNPROVEN: "data"} and proven == {holding.UNPROVEN: "-"}
    asked = [call[-1] for call in gluster.calls if call[0] == "system::"]
    assert asked == ["data.s1.srv-data", "data.s2.srv-data", "data.s3.srv-data"]
    # Between servers is no lock: it is looked again what that was proven of. Then nothing is left to do.
    gluster.calls.clear()
    assert reconcile(live(gluster, tmp_path), [deny()], False)[0] == [] and gluster.calls == [["volume", "info"]]


TENANT, OFF = "tenant,", ""
STALE = {
    "an older list": ({"s2": "other,s1,s2,s3 -> other,s1,s2,s3,tenant"}, "s2 has brick /srv/data go by the list"),
    "no list": ({"s2": "option auth -> option else"}, "s2 has brick /srv/data go by the list ''"),
    "no TLS": ({"s3": "ssl-enabled on -> ssl-enabled off"}, "s3 has brick /srv/data speak no TLS"),
    "lasting sessions": ({"s1": "dynamic-auth on -> dynamic-auth off"}, "s1 has brick /srv/data leave in who was"),
}


@pytest.mark.parametrize("case", STALE)
def test_what_a_server_did_not_keep_is_no_success(case: str, tmp_path: pathlib.Path) -> None:
    stale, said = STALE[case]
    gluster = Cluster(volume("data", "tenant", "other"), stale=stale)
    with pytest.raises(Conflict, match=f"The access list of volume 'data' was set, and is not proven: {said}"):
        reconcile(live(gluster, tmp_path), [deny()], False)
    # It was tried once more, and the next run begins there, although this server shows what is asked for.
    assert [options[LIST] for options in gluster.told] == ["other,s1,s2,s3"] * 2
    assert gluster.volumes["data"].options[holding.UNPROVEN] == "data"
    with pytest.raises(Conflict, match=said):
        reconcile(live(gluster, tmp_path), [deny()], False)
    gluster.stale.clear()
    changes, _found = reconcile(live(gluster, tmp_path), [deny()], False)
    assert [change.what for change in changes] == ["proof"]
    assert gluster.volumes["data"].options[holding.UNPROVEN] == "-"


def test_a_server_that_cannot_store_is_no_success_the_second_time_either(tmp_path: pathlib.Path) -> None:
    """The first server has done it, and shows it, when another one says that it could not."""
    gluster = Cluster(volume("data", "tenant"), volume("else", "tenant"))
    gluster.refusing = True
    for _run in range(2):
        with pytest.raises(Refused, match="Commit failed on s2"):
            reconcile(live(gluster, tmp_path), [deny("data")], False)
        assert "tenant" not in gluster.volumes["data"].options[LIST]
        gluster.stale = {"s2": "s1,s2,s3 -> s1,s2,s3,tenant"}
    gluster.refusing, gluster.stale = False, {}
    assert [change.what for change in reconcile(live(gluster, tmp_path), [deny("data")], False)[0]] == ["proof"]


def test_what_is_refused_while_it_is_stopped_leaves_it_started(tmp_path: pathlib.Path) -> None:
    gluster = Cluster(volume("data", **{"server.ssl": "off"}))
    its_set = gluster._set

    def refuse(words: list[str]) -> str:
        gluster.refusing = LIST in words
        return its_set(words)

    gluster.instead["volume set"] = refuse
    wanted = Share("data", SERVERS, exclusive=True, seal=True, restart=True, start=True)
    with pytest.raises(Refused, match="Commit failed on s2"):
        reconcile(live(gluster, tmp_path), [wanted], False)
    done = [call[1] for call in gluster.calls if call[0] == "volume" and call[1] in ("stop", "start", "set")]
    # That it is stopped to be started again is marked, for whoever comes if this is killed.
    assert done == ["set", "stop", "set", "set", "start", "set"]
    assert gluster.told[0] == {holding.WAITING: "data"} and gluster.told[-1] == {holding.WAITING: "-"}


def test_options_that_some_server_could_not_store_are_set_again(tmp_path: pathlib.Path) -> None:
    gluster = Cluster(volume("data"))
    gluster.refusing = True
    wanted = Share("data", SERVERS, exclusive=True, seal=True, options={"performance.quick-read": "off"})
    with pytest.raises(Refused, match="Commit failed on s2"):
        reconcile(live(gluster, tmp_path), [wanted], False)
    assert holding.unproven(gluster.volumes["data"])


def test_bricks_that_no_glusterd_reaches_are_told_until_it_does(tmp_path: pathlib.Path) -> None:
    gluster = Cluster(volume("data", "tenant"), away=["s2"])
    for _run in range(2):
        with pytest.raises(Conflict, match="the glusterd of s2 is not connected, so its bricks go by the old list"):
            reconcile(live(gluster, tmp_path), [deny()], False)
    assert not [call for call in gluster.calls if call[-1] == "data.s2.srv-data"]
    gluster.away = ()
    gluster.unheard = "s3"
    with pytest.raises(Conflict, match="s3 does not tell of its brick /srv/data"):
        reconcile(live(gluster, tmp_path), [deny()], False)
    gluster.unheard = ""
    reconcile(live(gluster, tmp_path), [deny()], False)
    assert reconcile(live(gluster, tmp_path), [deny()], False)[0] == []


def test_bricks_that_speak_no_tls(tmp_path: pathlib.Path) -> None:
    """That was set while they ran, and they take it when they start."""
    gluster = Cluster(volume("data", "tenant"))
    gluster.plain = "s2"
    with pytest.raises(Conflict, match="s2 has brick /srv/data speak no TLS: it has not been started since"):
        reconcile(live(gluster, tmp_path), [deny()], False)
    assert not [call for call in gluster.calls if call[:2] == ["volume", "stop"]]
    # Where TLS is off nobody expects it.
    opened = Cluster(volume("data", "tenant", **{"server.ssl": "off"}))
    opened.plain = "s2"
    closing.check(live(opened, tmp_path), opened.volumes["data"], [*SERVERS, "tenant"], False)


def test_bricks_that_speak_no_tls_are_started_where_that_is_allowed(tmp_path: pathlib.Path) -> None:
    gluster = Cluster(volume("data", "tenant"))
    gluster.plain = "s2"
    gluster.instead["volume start"] = lambda _words: _starts(gluster)
    restarting = Share("data", SERVERS, deny=("tenant",), restart=True)
    reconcile(live(gluster, tmp_path), [restarting], False)
    assert [call[1] for call in gluster.calls if call[1] in ("stop", "start")] == ["stop", "start"]
    # Nobody is in any more whom that would cut off.
    ending = Cluster(pooled())
    ending.plain = "s1"
    ending.instead["volume start"] = lambda _words: _starts(ending)
    its = ending.volumes["data"]
    release._close(release._Work(live(ending, tmp_path), its, SERVERS, 0, Progress()))
    assert not ending.plain


def _starts(gluster: Cluster) -> str:
    gluster.plain = ""
    return OK


def test_what_somebody_sealed_while_it_ran_is_no_share_before_it_is_proven(tmp_path: pathlib.Path) -> None:
    its = volume("data")
    gluster = Cluster(its._replace(options={**SEALED, LIST: its.options[LIST]}))
    gluster.plain = "s2"
    gluster.instead["volume start"] = lambda _words: _starts(gluster)
    wanted = Share("data", SERVERS, exclusive=True, seal=True)
    for _run in range(2):
        with pytest.raises(Conflict, match="s2 has brick /srv/data speak no TLS: it has not been started since"):
            reconcile(live(gluster, tmp_path), [wanted], False)
        assert holding.marked(gluster.volumes["data"]) is None
    reconcile(live(gluster, tmp_path), [dataclasses.replace(wanted, restart=True)], False)
    assert not gluster.plain and reconcile(live(gluster, tmp_path), [wanted], False)[0] == []


def test_what_bricks_wait_for_they_wait_for_no_more_once_they_have_started(tmp_path: pathlib.Path) -> None:
    crl, wanted = {"ssl.crl-path": "/crl"}, Share("data", SERVERS, exclusive=True, seal=True, start=True, restart=True)
    wanted = dataclasses.replace(wanted, options=crl)
    for before in (volume("data"), volume("data", **crl, **{holding.WAITING: "data"})):
        for status in ("Started", "Stopped"):
            gluster = Cluster(before._replace(status=status))
            gluster.instead["volume start"] = lambda words, gluster=gluster: _started(gluster)
            reconcile(live(gluster, tmp_path), [wanted], False)
            assert not holding.waiting(gluster.volumes["data"])
            stops = [call for call in gluster.calls if call[:2] == ["volume", "stop"]]
            assert len(stops) == (status == "Started")


def _started(gluster: Cluster) -> str:
    gluster.volumes["data"] = gluster.volumes["data"]._replace(status="Started")
    return OK


@pytest.mark.usefixtures("emptied")
def test_who_gets_a_volume_next_need_not_wait_for_its_bricks(tmp_path: pathlib.Path) -> None:
    for status in ("Started", "Stopped"):
        gluster = Cluster(pooled(**{holding.WAITING: "data"})._replace(status=status))
        release.release(live(gluster, tmp_path), "data", SERVERS, 0, False)
        assert not holding.waiting(gluster.volumes["data"])
        begun = [call[1] for call in gluster.calls if call[1] in ("stop", "start")]
        assert begun == (["stop", "start"] if status == "Started" else ["start"])


def test_what_another_server_closed_meanwhile_is_proven_too(tmp_path: pathlib.Path) -> None:
    """Its run may be killed after this one has taken its mark off."""
    gluster = Cluster(volume("data", "tenant", "other"))
    its_set, others = gluster._set, ["s1,s2,s3"]

    def set_(words: list[str]) -> str:
        if words[3:] == [holding.UNPROVEN, "-"] and others:
            its_set(["volume", "set", "data", LIST, others.pop(), holding.UNPROVEN, "data"])
        return its_set(words)

    gluster.instead["volume set"] = set_
    reconcile(live(gluster, tmp_path), [deny()], False)
    assert len([call for call in gluster.calls if call[0] == "system::"]) == 6
    assert gluster.volumes["data"].options[holding.UNPROVEN] == "-"


def test_whom_another_server_has_taken_off_meanwhile_stays_off(tmp_path: pathlib.Path) -> None:
    """Its run may end before this one looks whether all bricks go by the list."""
    gluster = Cluster(volume("data", "tenant", "other"))
    original, others = gluster._peers, ["s1,s2,s3"]

    def peers(words: list[str]) -> str:
        if others:
            gluster._set(["volume", "set", "data", LIST, others.pop()])
        return original(words)

    gluster.instead["pool list"] = peers
    reconcile(live(gluster, tmp_path), [deny()], False)
    assert gluster.volumes["data"].options[LIST] == "s1,s2,s3"


def another(gluster: Cluster, path: pathlib.Path, *tenants: str) -> t.Callable[[], None]:
    """A run from another server, whole, that denies them; once."""
    waiting = [list(tenants)]

    def run() -> None:
        if waiting:
            reconcile(live(gluster, path / "another"), [deny("data", *waiting.pop())], False)

    return run


@pytest.mark.parametrize("brick", range(3))
def test_two_denials_at_once(brick: int, tmp_path: pathlib.Path) -> None:
    """Whichever brick the one is asking about when the other one runs."""
    gluster = Cluster(volume("data", "first", "second", "other"))
    original, run, asked = gluster._volfile, another(gluster, tmp_path, "first"), [0]

    def volfile(words: list[str]) -> str:
        asked[0] += 1
        if asked[0] == brick + 1:
            run()
        return original(words)

    gluster.instead["system:: getspec"] = volfile
    reconcile(live(gluster, tmp_path), [deny("data", "second")], False)
    left = gluster.volumes["data"].options[LIST].split(",")
    assert set(left) == {*SERVERS, "other", *([] if asked[0] > brick else ["first"])}


BUSY = (
    '<?xml version="1.0"?><cliOutput><opRet>-1</opRet><opErrno>30802</opErrno>'
    "<opErrstr>Another transaction is in progress for data. Please try again after some time.</opErrstr></cliOutput>"
)


def test_what_waited_for_another_transaction_is_decided_anew(tmp_path: pathlib.Path) -> None:
    gluster = Cluster(volume("data", "first", "second", "other"))
    its_set, others = gluster._set, [another(gluster, tmp_path, "first")]

    def set_(words: list[str]) -> str:
        if others:
            others.pop()()
            return BUSY
        return its_set(words)

    gluster.instead["volume set"] = set_
    cluster = live(gluster, tmp_path)
    cluster.cli.sleep = lambda _seconds: None
    changes, _found = reconcile(cluster, [deny("data", "second")], False)
    # What is told is what was done in the end: who was taken off by the other run was not there any more.
    assert changes == [Change("data", LIST, sorted([*SERVERS, "second", "other"]), sorted([*SERVERS, "other"]))]
    assert gluster.volumes["data"].options[LIST] == "other,s1,s2,s3"
    # So is what lets somebody in; and who waits for what changes nothing of it goes on.
    for run, name, left in ((another(gluster, tmp_path, "other"), "new", ["new"]), (int, "more", ["more", "new"])):
        others.append(run)
        changes, _found = reconcile(cluster, [Share("data", SERVERS, (name,))], False)
        assert [change.after for change in changes] == [sorted([*SERVERS, *left])]
        assert set(gluster.volumes["data"].options[LIST].split(",")) == {*SERVERS, *left}


def test_what_is_changed_again_and_again_is_no_success(tmp_path: pathlib.Path) -> None:
    gluster = Cluster(volume("data", "first", "second"))
    names = iter(range(100))

    def set_(_words: list[str]) -> str:
        gluster._set(["volume", "set", "data", LIST, f"s1,s2,s3,second,new-{next(names)}"])
        return BUSY

    gluster.instead["volume set"] = set_
    cluster = live(gluster, tmp_path)
    cluster.cli.sleep = lambda _seconds: None
    with pytest.raises(Conflict, match="somebody else changed its access list again and again"):
        reconcile(cluster, [deny("data", "second")], False)
    with pytest.raises(Conflict):
        reconcile(cluster, [Share("data", SERVERS, ("third",))], False)
    left = gluster.volumes["data"].options[LIST]
    assert "second" in left and "third" not in left


@pytest.mark.parametrize("what", ["deny", "revoke"])
def test_a_volume_that_nobody_can_tell_of_holds_no_removal_back(what: str, tmp_path: pathlib.Path) -> None:
    """All servers that have it may be away."""
    gluster = Cluster(volume("data", "tenant"), volume("gone"))
    told = gluster._status
    gluster.instead["volume status"] = lambda words: re.sub("<volume><volName>gone.*?</volume>", "", told(words))
    gluster.clients["gone"] = {}
    cluster = live(gluster, tmp_path)
    cluster.cli.sleep = lambda _seconds: None
    if what == "deny":
        reconcile(cluster, [deny()], False)
    else:
        revoke.revoke(cluster, ["tenant"], SERVERS, False, deactivate=False)
    assert gluster.volumes["data"].options[LIST] == "s1,s2,s3"
    assert not [call for call in gluster.calls if "gone" in call]


def test_sessions_that_nobody_can_tell_of_hold_no_revocation_back(tmp_path: pathlib.Path) -> None:
    gluster = Cluster(volume("data", "tenant"))
    told, silent = gluster._status, [True]
    gluster.instead["volume status"] = lambda words: "" if silent else told(words)
    cluster = live(gluster, tmp_path)
    cluster.cli.sleep = lambda _seconds: silent.clear() if LIST in str(gluster.told) else None
    with pytest.raises(Conflict, match="Whose sessions ended nobody knows") as caught:
        revoke.revoke(cluster, ["tenant"], SERVERS, False)
    assert gluster.volumes["data"].options[LIST] == "s1,s2,s3" and caught.value.details["shares"]


def interrupted(gluster: Cluster, meanwhile: t.Callable[[], None], when: str) -> None:
    """The transaction that sets this meets another one, which does that."""
    its_set, busy = gluster._set, [True]

    def set_(words: list[str]) -> str:
        if busy and when in words:
            busy.clear()
            meanwhile()
            return BUSY
        return its_set(words)

    gluster.instead["volume set"] = set_


@pytest.mark.usefixtures("emptied")
def test_whose_it_is_is_decided_anew_after_another_transaction(tmp_path: pathlib.Path) -> None:
    """When it is taken, and when it is given back."""
    other = holding.mark("other", "data", holding.IN_USE, holding.POOL)
    free = volume("data", **holding.unmark())
    wanted = Share("data", SERVERS, seal=True, start=True, pattern=compile_pattern("data"))
    source = provision.Source(provision._taken(wanted, free, holding.POOL), Change("data", "volume", None, "data"))
    for its, do in (
        (free, lambda cluster: provision.take(cluster, wanted, source, {"data": free})),
        (pooled(), lambda cluster: release.release(cluster, "data", SERVERS, 0, False)),
    ):
        gluster = Cluster(its)
        cluster = live(gluster, tmp_path)
        cluster.cli.sleep = lambda _seconds: None
        interrupted(gluster, lambda gluster=gluster: gluster._set(_words(other)), holding.SHARE)
        with pytest.raises(Conflict, match="somebody else changed user.glusterops-s"):
            do(cluster)
        assert gluster.volumes["data"].options[holding.SHARE] == "other@data"


def _words(options: dict[str, str]) -> list[str]:
    return ["volume", "set", "data", *(word for option in options.items() for word in option)]


def test_healers_that_cannot_be_counted_hold_no_removal_back(tmp_path: pathlib.Path) -> None:
    gluster = Cluster(volume("data", "tenant"))
    gluster._listed = lambda _name: ""  # type: ignore[method-assign]
    cluster = live(gluster, tmp_path)
    cluster.cli.sleep = lambda _seconds: None
    with pytest.raises(OutcomeUnknown, match="does not tell who uses volume 'data'"):
        reconcile(cluster, [deny()], False)
    assert gluster.volumes["data"].options[LIST] == "s1,s2,s3"


def test_bricks_that_were_started_since_are_asked_for_tls(tmp_path: pathlib.Path) -> None:
    gluster = Cluster(volume("data")._replace(status="Stopped"))
    before = gluster.volumes["data"]
    _started(gluster)
    gluster.plain = "s2"
    with pytest.raises(Conflict, match="s2 has brick /srv/data speak no TLS"):
        closing.check(live(gluster, tmp_path), before, SERVERS, False)


def test_a_list_that_was_another_for_a_moment_is_proven_all_the_same(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it is again what it was proves nothing of the bricks."""
    gluster = Cluster(volume("data", "other", **{holding.UNPROVEN: "data"}))
    checks = []

    def check(*_arguments: object) -> None:
        checks.append(gluster.volumes["data"].options[holding.UNPROVEN])
        if len(checks) == 1:
            raise steps.ChangedMeanwhile("somebody else changed it")

    monkeypatch.setattr(closing, "check", check)
    assert close(live(gluster, tmp_path), [deny()], False)[1] == []
    assert checks == ["data", "data"] and gluster.volumes["data"].options[holding.UNPROVEN] == "-"


def test_who_is_let_in_meanwhile_stays(tmp_path: pathlib.Path) -> None:
    """Another run on this server, between the look and the lock, or before the proof."""
    gluster = Cluster(volume("data", "tenant"))
    looks = []

    def told(words: list[str]) -> str:
        looks.append(words)
        if len(words) == 3 and len(looks) in (2, 3):
            its = gluster.volumes["data"]
            later = f"{its.options[LIST]},new-{len(looks)}"
            gluster.volumes["data"] = its._replace(options={**its.options, LIST: later})
        return gluster._info(words[2:])

    gluster.instead["volume info"] = told
    reconcile(live(gluster, tmp_path), [deny()], False)
    assert set(gluster.volumes["data"].options[LIST].split(",")) == {*SERVERS, "new-2", "new-3"}


def test_closing_alone_changes_nothing_else(tmp_path: pathlib.Path) -> None:
    gluster = Cluster(volume("a", "tenant", **{"cluster.lookup-optimize": "on"}), volume("b", "tenant"), volume("c"))
    gluster.stale = {}
    original = gluster._volfile
    gluster.instead["system:: getspec"] = lambda words: (
        original(words).replace("s1,s2,s3", "s1,s2,s3,tenant") if words[-1].startswith("a.s2") else original(words)
    )
    changes, failures = close(live(gluster, tmp_path), [deny(name) for name in "abc"], False)
    assert [change.subject for change in changes] == ["a", "b"]
    [failure] = failures
    assert "list of volume 'a' was set, and is not proven: s2 has brick" in str(failure)
    assert gluster.volumes["a"].options["cluster.lookup-optimize"] == "on"
    # A dry run tells the same.
    before = Cluster(volume("a", "tenant"), volume("b", "tenant"), volume("c"))
    assert close(live(before, tmp_path), [deny(name) for name in "abc"], True) == (changes, []) and before.told == []


def test_somebody_who_sets_it_back_is_told(tmp_path: pathlib.Path) -> None:
    gluster = Cluster(volume("data", "tenant"))
    opened = gluster._set

    def set_back(words: list[str]) -> str:
        answer = opened(words)
        if words[3:] == [holding.UNPROVEN, "-"]:
            its = gluster.volumes["data"]
            gluster.volumes["data"] = its._replace(options={**its.options, LIST: "s1,s2,s3,tenant"})
        return answer

    gluster.instead["volume set"] = set_back
    _changes, [failure] = close(live(gluster, tmp_path), [deny()], False)
    assert "somebody else changed its access list at the same time" in str(failure)


def test_removals_come_first_and_no_other_share_holds_them_back(tmp_path: pathlib.Path) -> None:
    """One share is broken, one has no room, one is proven nowhere: whom the fourth denies is out."""
    gluster = Cluster(
        volume("broken", "tenant", **{"features.uss": "on"}),
        volume("stale", "tenant"),
        volume("good", "tenant"),
    )
    gluster.stale = {"s2": "nothing -> nothing"}
    shares = [
        Share("broken", SERVERS, exclusive=True, seal=True),
        Share("missing", SERVERS, exclusive=True, seal=True),
        Share("good", SERVERS, exclusive=True, seal=True, options={"performance.quick-read": "off"}),
    ]
    with pytest.raises(Refused, match="2 shares cannot be done, so nothing else was changed") as caught:
        reconcile(live(gluster, tmp_path), shares, False)
    for name in ("broken", "good"):
        assert gluster.volumes[name].options[LIST] == "s1,s2,s3"
    # What is no removal waits until all can be done.
    assert "performance.quick-read" not in gluster.volumes["good"].options
    assert {change.subject for change in caught.value.details["changes"]} == {"broken", "good"}


def test_all_are_shut_before_the_first_is_proven(tmp_path: pathlib.Path) -> None:
    gluster = Cluster(*(volume(name, "tenant") for name in ("a", "b", "c")))
    reconcile(live(gluster, tmp_path), [deny(name) for name in ("a", "b", "c")], False)
    order = [call for call in gluster.calls if call[0] == "system::" or call[1] == "set"]
    assert [call[2] for call in order[:3]] == ["a", "b", "c"] and order[3][0] == "system::"


def test_what_fails_with_one_share_is_done_with_the_others(tmp_path: pathlib.Path) -> None:
    gluster = Cluster(volume("a", "tenant"), volume("b", "tenant"), stale={})
    original = gluster._volfile
    gluster.instead["system:: getspec"] = lambda words: (
        original(words).replace("s1,s2,s3", "s1,s2,s3,tenant") if words[-1].startswith("a.s2") else original(words)
    )
    shares = [
        Share(name, SERVERS, exclusive=True, seal=True, options={"performance.quick-read": "off"}) for name in "ab"
    ]
    with pytest.raises(Conflict, match="list of volume 'a' was set, and is not proven: s2"):
        reconcile(live(gluster, tmp_path), shares, False)
    assert gluster.volumes["b"].options["performance.quick-read"] == "off"
    assert "performance.quick-read" not in gluster.volumes["a"].options


def test_what_gluster_does_not_keep_is_told_as_that(tmp_path: pathlib.Path) -> None:
    gluster = Cluster(volume("data"))
    gluster.instead["volume set"] = lambda _words: OK
    wanted = Share("data", SERVERS, exclusive=True, seal=True, options={"performance.cache-size": "64MB"})
    with pytest.raises(
        Conflict, match="is not there afterwards. Gluster does not keep it as it was written, or"
    ) as caught:
        reconcile(live(gluster, tmp_path), [wanted], False)
    assert "data: performance.cache-size shall be 64MB and is None." in str(caught.value)


def snapshot_of(path: pathlib.Path, name: str, *entries: str, status: int = 1, parent: str = "data") -> None:
    """As glusterd keeps it."""
    folder = path / "glusterd" / "snaps" / name / "0ab"
    folder.mkdir(parents=True)
    (folder / "info").write_text(
        f"parent_volname={parent}\nstatus={status}\nclient.ssl=on\nserver.ssl=on\nauth.ssl-allow={','.join(entries)}\n"
    )


def test_an_active_snapshot_keeps_the_list_of_its_time(tmp_path: pathlib.Path) -> None:
    snapshot_of(tmp_path, "old", *SERVERS, "tenant", "other")
    snapshot_of(tmp_path, "inactive", *SERVERS, "tenant", status=0)
    snapshot_of(tmp_path, "elsewhere", *SERVERS, "tenant", parent="else")
    snapshot_of(tmp_path, "new", *SERVERS, "other")
    gluster = Cluster(volume("data", "tenant", "other")._replace(snapshots=3))
    for _run in range(2):
        with pytest.raises(Conflict, match=r"active snapshots.*let in others than the share does: old \(tenant\)"):
            reconcile(live(gluster, tmp_path), [deny()], False)
        # The share itself is closed all the same.
        assert gluster.volumes["data"].options[LIST] == "other,s1,s2,s3"
    deactivating = Share("data", SERVERS, deny=("tenant",), deactivate=True)
    gluster.instead["snapshot deactivate"] = lambda words: _deactivated(tmp_path, words[2])
    changes, _found = reconcile(live(gluster, tmp_path), [deactivating], False)
    assert changes == [Change("old", "active", True, False)]


def _deactivated(path: pathlib.Path, name: str) -> str:
    [info] = (path / "glusterd" / "snaps" / name).glob("*/info")
    info.write_text(info.read_text().replace("status=1", "status=0"))
    return OK


def test_a_snapshot_that_was_never_sealed_lets_in_whoever_comes(tmp_path: pathlib.Path) -> None:
    snapshot_of(tmp_path, "old")
    [info] = (tmp_path / "glusterd" / "snaps" / "old").glob("*/info")
    info.write_text(info.read_text().replace("server.ssl=on", "server.ssl=off"))
    gluster = Cluster(volume("data")._replace(snapshots=1))
    with pytest.raises(Conflict, match=r"old \(whoever comes, as it is not sealed\)"):
        reconcile(live(gluster, tmp_path), [deny()], False)


# ---- giving back ----
@pytest.fixture
def emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wiping itself has tests of its own."""
    monkeypatch.setattr(healing, "ready", lambda *_arguments: None)
    monkeypatch.setattr(release, "_wipe", lambda _work: None)
    monkeypatch.setattr(wipe, "unmount", lambda *_arguments: None)


def pooled(**options: str) -> Volume:
    its = volume("data", "tenant", **options)
    its.options.update(holding.mark("data", "data", holding.IN_USE, holding.POOL))
    return its


@pytest.mark.usefixtures("emptied")
def test_the_last_transaction_closes_once_more(tmp_path: pathlib.Path) -> None:
    """Whoever changed the list meanwhile gets nobody into what the next tenant gets."""
    gluster = Cluster(pooled(**{"server.root-squash": "on"}))
    release.release(live(gluster, tmp_path), "data", SERVERS, 0, False)
    first, last = gluster.told
    assert first[LIST] == "s1,s2,s3" and first[holding.STATE] == holding.RELEASING
    assert first[holding.UNPROVEN] == "data" and first["server.root-squash"] == "off"
    assert last[LIST] == "s1,s2,s3" and last["server.ssl"] == "on" and last["server.dynamic-auth"] == "on"
    assert last[holding.SHARE] == "-" and last[holding.UNPROVEN] == "-"


@pytest.mark.usefixtures("emptied")
@pytest.mark.parametrize("away, said", [(["s3"], "glusterd of s3 is not connected"), ([], "go by the list")])
def test_nothing_is_wiped_before_all_are_out(away: list[str], said: str, tmp_path: pathlib.Path) -> None:
    gluster = Cluster(pooled(), away=away, stale={} if away else {"s2": "s1,s2,s3 -> s1,s2,s3,tenant"})
    with pytest.raises(Conflict, match=said) as caught:
        release.release(live(gluster, tmp_path), "data", SERVERS, 0, False)
    assert [change.what for change in caught.value.details["changes"]] == ["state", LIST]
    assert gluster.volumes["data"].options[holding.STATE] == holding.RELEASING


@pytest.mark.usefixtures("emptied")
@pytest.mark.parametrize("kind", ["fuse", "gfapi", "unknown"])
def test_who_stays_is_cut_off_and_else_it_is_refused(kind: str, tmp_path: pathlib.Path) -> None:
    gluster = Cluster(pooled())
    gluster.clients["data"] = {"glustershd": 3, kind: 1}
    with pytest.raises(Refused, match="still has clients that are none of its servers' daemons"):
        release.release(live(gluster, tmp_path), "data", SERVERS, 0, False)
    assert ["volume", "stop", "data", "force"] in gluster.calls
    assert gluster.volumes["data"].options[holding.SHARE] == "data@data"


@pytest.mark.usefixtures("emptied")
def test_what_was_taken_meanwhile_is_not_given_up(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gluster = Cluster(pooled())
    other = holding.mark("other", "data", holding.PREPARING, holding.POOL)

    def somebody_takes_it(_work: object) -> None:
        gluster.volumes["data"] = gluster.volumes["data"]._replace(options={**gluster.volumes["data"].options, **other})

    monkeypatch.setattr(release, "_wipe", somebody_takes_it)
    with pytest.raises(Conflict, match="was given to somebody else while it was wiped"):
        release.release(live(gluster, tmp_path), "data", SERVERS, 0, False)
    assert gluster.volumes["data"].options[holding.SHARE] == "other@data"


@pytest.mark.usefixtures("emptied")
def test_trash_is_off_before_anything_is_wiped(tmp_path: pathlib.Path) -> None:
    gluster = Cluster(pooled(**{"features.trash": "on"}))
    release.release(live(gluster, tmp_path), "data", SERVERS, 0, False)
    words = [call[:3] for call in gluster.calls if call[0] == "volume" and call[1] in ("set", "stop", "start")]
    assert words == [["volume", what, "data"] for what in ("set", "set", "stop", "start", "set", "set")]
    assert gluster.told[0]["features.trash"] == "off"


def test_check_is_about_the_list_that_is_there(tmp_path: pathlib.Path) -> None:
    gluster = Cluster(volume("data", "other"))
    with pytest.raises(Conflict, match="somebody else changed it at the same time to 's1,s2,s3,other'"):
        closing.check(live(gluster, tmp_path), gluster.volumes["data"], SERVERS, False)
    closing.check(live(gluster, tmp_path), gluster.volumes["data"], [*SERVERS, "other"], False)


def test_a_server_that_was_cut_off_is_told(tmp_path: pathlib.Path) -> None:
    """And no volume that is only not there any more."""
    gluster = Cluster(volume("data", "s4"), volume("else"))
    wanted = Share("data", SERVERS, exclusive=True)
    cutting = gluster._set

    def cut(words: list[str]) -> str:
        gluster.clients["data"] = {"glustershd": 2}
        gluster.clients["else"] = {}
        return cutting(words)

    gluster.instead["volume set"] = cut
    with pytest.raises(Conflict, match="Self-heal daemons were cut off from data: a server's identity was on"):
        reconcile(live(gluster, tmp_path), [wanted], False)


@pytest.mark.parametrize("stale", [False, True])
def test_a_volume_that_was_given_up_is_proven_by_whoever_revokes(stale: bool, tmp_path: pathlib.Path) -> None:
    """It went back to the pool before its bricks were asked: no run of the role would come to it."""
    gluster = Cluster(volume("data"), volume("back", **{**holding.unmark(), holding.UNPROVEN: "back"}))
    if stale:
        gluster.stale = {"s2": "s1,s2,s3 -> s1,s2,s3,eve"}
    if not stale:
        revoke.revoke(live(gluster, tmp_path), ["eve"], SERVERS, True)
        assert gluster.volumes["back"].options[holding.UNPROVEN] == "back"
        assert revoke.revoke(live(gluster, tmp_path), ["eve"], SERVERS, False)[0] == []
        assert gluster.volumes["back"].options.get(holding.UNPROVEN) != "back"
    else:
        with pytest.raises(Conflict, match="eve may get in or stay in all the same. The access list of volume 'back'"):
            revoke.revoke(live(gluster, tmp_path), ["eve"], SERVERS, False)
        assert gluster.volumes["back"].options[holding.UNPROVEN] == "back"
