# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import time
import typing as t

import pytest
from action_plugin import Asked
from ansible.errors import AnsibleActionFail
from ansible_collections.glusterops.shares.plugins.action.gluster_info import ActionModule
from ansible_collections.glusterops.shares.plugins.module_utils._machines.looked import KEPT, digest

WANTED = [{"common_name": "a"}, {"common_name": "b", "scope": "tenant"}]
OBSERVED = [{"current": "of a"}, {"current": "of b"}]
IDENTITIES = [
    {"common_name": "a", "scope": "machine", "key_type": "ecdsa-p256", "observed": OBSERVED[0]},
    {"common_name": "b", "scope": "tenant", "key_type": "ecdsa-p256", "observed": OBSERVED[1]},
]
# A volume of a share that is as it was declared, and one that is not sealed.
OPTIONS = {"client.ssl": "on", "server.ssl": "on", "auth.ssl-allow": "glusterfs-server1,tenant-a"}
PROMPT = {"features.quota": "on", "features.soft-timeout": "5", "features.hard-timeout": "1"}
LIKE = {
    "id": "1",
    "status": "Started",
    "type": "Distribute",
    "replica": 1,
    "arbiter": 0,
    "disperse": 0,
    "redundancy": 0,
    "snapshots": 0,
    "bricks": [{"server": "server1", "path": "/srv/b", "server_uuid": "u1", "arbiter": False}],
    "sealed": True,
    "started": True,
    "share": None,
    "state": None,
    "origin": None,
    "free": False,
    "identities": [],
    "exposing": [],
}
MADE = {"cluster.lookup-optimize": "off", "user.heketi.id": "0a1b"}
VOLUMES = [
    {**LIKE, "name": "good", "options": {**OPTIONS, **PROMPT, **MADE}},
    {**LIKE, "name": "open", "options": PROMPT},
]
DECLARED = {
    "shares": [{"name": name, "size": "1G", "identities": ["tenant-a"]} for name in ("good", "open", "elsewhere")],
    "infrastructure": ["glusterfs-server1"],
}
SELF = {"uuid": "u2", "hostname": "localhost", "connected": True, "state": ""}
ANSWER = {
    "peers": [SELF],
    "limits": {"good": 1},
    "volumes": VOLUMES,
    "identities": OBSERVED,
    "machine": {"version": "10.3", "uuid": "u1", "op_version": 100000, "clock": {"began": 5.0, "ended": 6.0}},
}


def dated(known: dict[str, t.Any] | None) -> dict[str, t.Any] | None:
    """What was told some seconds before now; told() gives how many."""
    return {**known, "looked": time.time() - known["looked"]} if known else known


def run(known: dict[str, t.Any] | None = None, **arguments: t.Any) -> tuple[list[list[str]], dict[str, t.Any]]:
    """What the machine was asked, and what came out of it. The machine answers what it is asked."""

    class Machine(Asked):
        def __call__(self, module_args: dict[str, t.Any], **options: t.Any) -> dict[str, t.Any]:
            self.answer = {part: copy.deepcopy(ANSWER[part]) for part in module_args["gather"]}
            silent = [part for part, value in self.answer.items() if value is None]
            self.answer["problems"] = dict.fromkeys(silent, "it does not run")
            return super().__call__(module_args, **options)

    machine = Machine()
    found = machine.run(ActionModule, known=dated(known), **arguments)
    assert all(set(call) <= {"gather", "identities"} for call in machine.calls)
    return [call["gather"] for call in machine.calls], found


def told(age: float = 1.0, **parts: t.Any) -> dict[str, t.Any]:
    """What was told so many seconds ago, counted from the test's run."""
    return {"changed": False, "looked": age, **parts}


DIGEST = digest(DECLARED)
PARTS = ["peers", "limits", "identities"]
LOOKED = {"peers": ["earlier"], "limits": {"earlier": 1}, "identities": IDENTITIES}


@pytest.mark.parametrize(
    "known, asked",
    [
        (None, [PARTS]),
        ({}, [PARTS]),
        (told(), [PARTS]),
        (told(peers=LOOKED["peers"]), [["limits", "identities"]]),
        (told(peers=None, limits={}), [["peers", "identities"]]),
        (told(**{**LOOKED, "identities": IDENTITIES[:1]}), [["identities"]]),
        (told(**LOOKED), []),
        (told(KEPT - 20, **LOOKED), []),
        (told(KEPT + 1, **LOOKED), [PARTS]),
        (told(-20, **LOOKED), [PARTS]),
        (told(**LOOKED, failed=True, msg="earlier", changes=[]), []),
    ],
)
def test_only_what_is_not_known_is_asked(known: dict[str, t.Any] | None, asked: list[list[str]]) -> None:
    before = time.time()
    calls, found = run(known, gather=PARTS, identities=WANTED)
    assert calls == asked
    for part in PARTS:
        new = any(part in call for call in calls)
        assert found[part] == (IDENTITIES if part == "identities" else ANSWER[part] if new else (known or {})[part])
    assert not set(found) - {*PARTS, "changed", "looked"} and found["changed"] is False
    # What is known does not become newer by being known.
    age = time.time() - found["looked"]
    assert age >= (known or told())["looked"] or (calls == [PARTS] and found["looked"] >= before)


def test_the_earlier_answer_stays_as_it_was() -> None:
    known = told(peers=LOOKED["peers"], machine={"clock": {"ahead": 1.0, "uncertainty": 0.0}})
    before = copy.deepcopy(known)
    calls, found = run(known, gather=["peers", "machine", "limits"])
    assert calls == [["limits"]] and known == before and found["machine"] == known["machine"]


def test_the_machine_does_not_choose_its_names() -> None:
    asked = Asked(identities=[{"current": None, "common_name": "glusterfs-server1"}])
    found = asked.run(ActionModule, gather="identities", identities=WANTED)
    assert asked.calls == [{"gather": "identities", "identities": WANTED}]
    assert [(one["common_name"], one["observed"]) for one in found["identities"]] == [("a", None), ("b", None)]


def test_the_machine_sets_no_variables() -> None:
    """Neither of itself nor, where it is asked for all, of the others."""
    asked = Asked(peers=[], ansible_facts={"tls_ca_path": "/elsewhere"})
    assert "ansible_facts" not in asked.run(ActionModule, gather=["peers"])
    known = dated(told(ansible_facts={"tls_ca_path": "/elsewhere"}))
    assert "ansible_facts" not in asked.run(ActionModule, gather=["peers"], known=known)


@pytest.mark.parametrize(
    "arguments",
    [
        {"gather": 5},
        {"gather": ["nonsense"]},
        {"identities": [{"scope": "machine"}]},
        {"identities": "common_name=web1"},
    ],
)
def test_the_module_says_what_is_wrong_with_its_arguments(arguments: dict[str, t.Any]) -> None:
    asked = Asked(failed=True, msg="of the module")
    assert asked.run(ActionModule, **arguments)["msg"] == "of the module" and asked.calls == [arguments]


@pytest.mark.parametrize("name", ["known", "declared"])
def test_what_is_no_dictionary(name: str) -> None:
    with pytest.raises(AnsibleActionFail, match=f"{name} must be a dictionary"):
        Asked().run(ActionModule, gather=["peers"], **{name: ["x"]})


def test_clocks_are_compared_when_the_machine_was_asked() -> None:
    calls, found = run(gather=["machine"])
    assert calls == [["machine"]] and set(found["machine"]["clock"]) == {"ahead", "uncertainty"}
    assert found["machine"]["clock"]["ahead"] < 0


@pytest.mark.parametrize(
    "gather, known, asked, returned",
    [
        (["peers"], None, [["peers", "volumes"]], ["peers"]),
        (["peers"], told(peers=[]), [["volumes"]], ["peers"]),
        (["peers"], told(peers=[], differing=["open"], free=[], denied={}, compared=DIGEST), [], ["peers"]),
        (["peers"], told(peers=[], differing=None, compared=DIGEST), [["volumes"]], ["peers"]),
        (["peers"], told(differing=["open"], free=[], denied={}, compared=DIGEST), [["peers"]], ["peers"]),
        # Of something else that was declared.
        (["peers"], told(peers=[], differing=[], compared="other"), [["volumes"]], ["peers"]),
        (["peers"], told(peers=[], differing=[]), [["volumes"]], ["peers"]),
        (["peers"], told(peers=[], differing=["open"], compared=DIGEST), [["volumes"]], ["peers"]),
        (["volumes"], None, [["volumes"]], ["volumes"]),
        (["volumes"], told(volumes=VOLUMES), [["volumes"]], ["volumes"]),
        ([], None, [["volumes"]], []),
    ],
)
def test_declared_shares_are_compared_here(
    gather: list[str], known: dict[str, t.Any] | None, asked: list[list[str]], returned: list[str]
) -> None:
    calls, found = run(known, gather=gather, declared=DECLARED)
    assert calls == asked and found["differing"] == ["open"]
    # Nobody gets a volume of a pool.
    assert found["free"] == [] and found["compared"] == DIGEST
    assert sorted(set(found) - {"changed", "compared", "looked", "differing", "free", "denied"}) == returned


POOL = {"provisioner": "pool", "pattern": "open|good"}
USE = {"clients": {"open": {"glustershd": 1}}, "tasks": {"open": []}}


@pytest.mark.parametrize(
    "use, free",
    [
        ({}, ["open"]),
        ({"clients": {"open": {"glustershd": 1, "unknown": 1}}}, []),
        ({"tasks": {"open": ["Remove brick: completed"]}}, []),
        ({"peers": [SELF, {**SELF, "hostname": "server1", "uuid": "u1", "connected": False}]}, []),
        ({"clients": None}, []),
    ],
)
def test_what_a_pool_may_give_away_is_what_gluster_shares_would_take(
    use: dict[str, t.Any], free: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for part, value in {**USE, **use}.items():
        monkeypatch.setitem(ANSWER, part, value)
    monkeypatch.setitem(ANSWER, "volumes", [VOLUMES[0], {**VOLUMES[1], "started": True, "status": "Started"}])
    shares = [{"name": "new", "size": "1G", **POOL}]
    calls, found = run(gather=["limits"], declared={**DECLARED, "shares": shares})
    assert calls == [["limits", "volumes"], ["clients", "tasks", "peers"]] and found["free"] == free


def test_what_is_declared_cannot_be_read() -> None:
    shares = [{"name": "good", "size": "lots"}]
    calls, found = run(gather=["peers"], declared={**DECLARED, "shares": shares})
    assert calls == [["peers", "volumes"]] and found["differing"] is None and found["peers"]


def test_nothing_is_compared_where_nothing_is_declared() -> None:
    for declared in (None, {}):
        calls, found = run(gather=["peers"], declared=declared)
        assert calls == [["peers"]] and "differing" not in found


def test_the_query_sees_what_is_known_and_what_is_new() -> None:
    query = "[peers[0], limits.good, identities[1].observed.current]"
    calls, found = run(told(peers=LOOKED["peers"]), gather=PARTS, identities=WANTED, query=query)
    assert calls == [["limits", "identities"]]
    assert found == {"changed": False, "result": ["earlier", 1, "of b"]}
    assert run(told(**LOOKED), gather=PARTS, identities=WANTED, query="peers")[1]["result"] == ["earlier"]
    for wrong, said in (("peers[", "is not a JMESPath expression"), ("abs(peers)", "cannot be evaluated")):
        with pytest.raises(AnsibleActionFail, match=said):
            run(told(**LOOKED), gather=PARTS, identities=WANTED, query=wrong)


@pytest.mark.parametrize("declared", [None, DECLARED])
@pytest.mark.parametrize("query", [None, "peers"])
def test_a_failure_stays_one(query: str | None, declared: dict[str, t.Any] | None) -> None:
    asked = Asked(failed=True, msg="no openssl", error="not_found")
    known = dated(told(limits={"earlier": 1}))
    found = asked.run(
        ActionModule, known=known, gather=[*PARTS, "machine"], identities=WANTED, query=query, declared=declared
    )
    assert (found["failed"], found["msg"], found["error"]) == (True, "no openssl", "not_found")
    assert [(one["common_name"], one["observed"]) for one in found["identities"]] == [("a", None), ("b", None)]
    assert found["limits"] == {"earlier": 1} and not {"peers", "machine", "differing", "result"} & set(found)


def test_volumes_that_cannot_be_told_are_compared_with_nothing() -> None:
    """As where glusterd is down, and the machine tells what it can."""
    asked = Asked(peers=None, volumes=None, problems=dict.fromkeys(["peers", "volumes"], "glusterd does not run"))
    found = asked.run(ActionModule, gather=["peers"], declared=DECLARED)
    assert [call["gather"] for call in asked.calls] == [["peers", "volumes"]]
    assert found["peers"] is None and found["problems"] and not {"differing", "volumes", "failed"} & set(found)
