# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A machine may answer what it likes: what others get is what they would get without it."""

from __future__ import annotations

import base64
import contextlib
import importlib
import json
import pathlib
import re
import sys
import typing as t

import liars
import pytest
import yaml
from action_plugin import Asked
from ansible_collections.glusterops.shares.plugins.action.gluster_check import ActionModule as GlusterCheck
from ansible_collections.glusterops.shares.plugins.filter.choose_workers import choose_workers
from ansible_collections.glusterops.shares.plugins.filter.clean_up_problems import clean_up_problems
from ansible_collections.glusterops.shares.plugins.filter.divide_snapshots import divide_snapshots
from ansible_collections.glusterops.shares.plugins.filter.locate_shares import locate_shares
from ansible_collections.glusterops.shares.plugins.filter.mounts_settled import mounts_settled
from ansible_collections.glusterops.shares.plugins.filter.place_shares import place_shares
from ansible_collections.glusterops.shares.plugins.filter.plan_management import plan_management
from ansible_collections.glusterops.shares.plugins.filter.plan_removal import plan_removal
from ansible_collections.glusterops.shares.plugins.filter.purge_problems import purge_problems
from ansible_collections.glusterops.shares.plugins.filter.revoke_outcome import revoke_outcome
from ansible_collections.glusterops.shares.plugins.filter.tls_certificates import tls_certificates
from ansible_collections.glusterops.shares.plugins.filter.tls_keys import tls_keys
from ansible_collections.glusterops.shares.plugins.filter.tls_requests import tls_requests
from ansible_collections.glusterops.shares.plugins.module_utils._errors import BadInput
from ansible_collections.glusterops.shares.plugins.module_utils._machines import answer
from fuzzing import more
from hypothesis import given
from hypothesis import strategies as st
from liars import ANSWERS, GROUPS, HOSTS, SERVERS, common_name, lies, look, ran, uuid

ALL = [*SERVERS, *HOSTS]
LIAR = st.sampled_from(ALL)
# What a task may return beside the module's own values.
OURS = {
    "looked",
    "changed",
    "changes",
    "diff",
    "error",
    "failed",
    "invocation",
    "msg",
    "exception",
    "warnings",
    "problems",
}


def test_every_module_of_machines_is_here() -> None:
    assert set(ANSWERS) == set(answer.ANSWERS)
    assert set(liars.parts("server1", "a")) == set(answer.PARTS)


@pytest.mark.parametrize("module", sorted(ANSWERS))
def test_whatever_is_documented_is_passed_on(module: str) -> None:
    found = importlib.import_module(f"ansible_collections.glusterops.shares.plugins.modules.{module}")
    documented = yaml.safe_load(found.RETURN)
    derived = {"gluster_info": {"looked", "version", *answer._FOUND_HERE}, "gluster_heketi_info": {"result"}}
    assert documented.keys() <= answer.ANSWERS[module].keys() | OURS | derived.get(module, set())
    for name, of in documented.items():
        inner = inside(answer.ANSWERS[module].get(name))
        if "contains" in of and isinstance(inner, dict):
            assert of["contains"].keys() <= inner.keys(), name


def inside(shape: t.Any) -> t.Any:
    """Of a list, or what may be null, the shape of what is in it."""
    while isinstance(shape, (answer.Maybe, list)):
        shape = shape[0] if isinstance(shape, list) else shape.of
    return shape


@pytest.mark.parametrize("module", sorted(ANSWERS))
def test_an_honest_answer_passes_as_it_is(module: str) -> None:
    arguments, told = ANSWERS[module]
    found = ran(module, arguments, told)
    for name in told if module != "gluster_info" else ["peers"]:
        assert found[name] == told[name]
    assert not found.get("failed")


@pytest.mark.parametrize("name", ALL)
def test_all_parts_of_an_honest_look_pass(name: str) -> None:
    told = liars.honest(name, answer.PARTS)
    found = look(name, sorted(answer.PARTS), [{"common_name": "a"}], told)
    assert not found.get("failed"), found
    for part in answer.PARTS.keys() - {"machine", "identities"}:
        assert found[part] == told[part]


@pytest.mark.parametrize("module", sorted(ANSWERS))
@given(data=st.data())
@more
def test_no_lie_is_more_than_an_answer(module: str, data: st.DataObject) -> None:
    arguments, told = ANSWERS[module]
    found = ran(module, arguments, data.draw(lies(told)))
    json.dumps(found, allow_nan=False, ensure_ascii=False).encode()
    if found.get("failed"):
        assert isinstance(found["msg"], str)
        assert not found.keys() & {"add_host", "add_group", "ansible_facts", "results", "skipped", "unreachable"}
    else:
        assert found.keys() <= OURS | answer.ANSWERS[module].keys()
        # And has the shape that whoever reads it relies on.
        if module != "gluster_info":
            answer.read(module, found)


@pytest.mark.parametrize(
    "lie, said",
    [
        ({"peers": "x"}, "peers is no list"),
        ({"peers": [{"uuid": "{{ x }}"}]}, "peers[0].hostname is missing"),
        ({"peers": [{**liars.parts("server1", "a")["peers"][0], "uuid": "{{ x }}"}]}, "peers[0].uuid is no UUID"),
        (
            {"peers": [{**liars.parts("server1", "a")["peers"][0], "hostname": "-x"}]},
            "peers[0].hostname is no host name",
        ),
        ({"peers": liars.parts("server1", "a")["peers"][:1] * 2}, "peers has not the asked server as localhost, once"),
        ({"peers": None}, "peers is missing"),
        ({"changed": "yes"}, "changed is no true or false"),
        ({"machine": {**liars.parts("server1", "a")["machine"], "version": "\u00b2"}}, "machine.version is no version"),
    ],
)
def test_what_is_wrong_with_an_answer_is_said(lie: dict[str, t.Any], said: str) -> None:
    found = ran("gluster_info", {"gather": ["peers", "machine"]}, {**ANSWERS["gluster_info"][1], **lie})
    assert found["failed"] and found["msg"].startswith(f"What was answered is none of the module's answers: {said}.")
    assert "peers" not in found


@pytest.mark.parametrize(
    "module, lie, said",
    [
        ("gluster_tls_ca", {"certificates": [{"common_name": "tenant-a"}]}, "certificates[0].csr is missing"),
        ("gluster_tls_external", {"waiting": "tenant-a"}, "waiting is no list"),
        ("gluster_tls_info", {"bundle": None}, "bundle is no text"),
        ("gluster_tls_tenants", {"lines": [{}]}, "lines[0] is no text"),
        ("gluster_heketi_info", {"clusters": [{"id": "c"}]}, "clusters[0].nodes is missing"),
        ("gluster_heketi_topology", {"clusters": [{"id": "c", "nodes": [7]}]}, "clusters[0].nodes[0] is no dictionary"),
        (
            "gluster_heketi_volume",
            {"volume": {**liars._HEKETI_VOLUME, "unfinished": {"kind": "create-volume"}}},
            "volume.unfinished.id is missing",
        ),
        ("gluster_heketi_volumes", {"volumes": [{"name": "data"}]}, "volumes[0].state is missing"),
    ],
)
def test_the_cas_and_heketis_hosts_are_no_exception(module: str, lie: dict[str, t.Any], said: str) -> None:
    arguments, told = ANSWERS[module]
    found = ran(module, arguments, {**told, **lie})
    assert found["failed"] and f"none of the module's answers: {said}." in found["msg"], found


def test_what_was_not_asked_for_is_not_passed_on() -> None:
    told = {**liars.honest("server1", answer.PARTS), "denied": {"shares": [1]}, "free": ["data"], "differing": []}
    found = look("server1", ["peers"], (), told)
    assert set(found) - {"changed", "looked"} == {"peers"}
    failed = look("server1", ["peers"], (), {**told, "failed": True, "msg": "no", "cmd": "gluster"})
    assert set(failed) - {"changed", "looked"} == {"failed", "msg", "cmd", "peers"}


@pytest.mark.parametrize(
    "lie, said",
    [
        ({"shares": [{**liars._SHARE, "name": "others"}]}, "it tells of share 'others', which it was not asked for"),
        ({"changes": [{**liars._CHANGES[0], "subject": "others"}]}, "it tells of share 'others'"),
        ({"changes": [{**liars._CHANGES[0], "after": "{{ x }}"}]}, "changes.after is no name"),
        ({"shares": [{**liars._SHARE, "volume": "../x"}]}, "shares[0].volume is no name"),
    ],
)
def test_a_server_tells_of_no_share_of_another_cluster(lie: dict[str, t.Any], said: str) -> None:
    """Where it is decides what its tenants mount."""
    arguments, told = ANSWERS["gluster_shares"]
    found = ran("gluster_shares", arguments, {**told, **lie})
    assert found["failed"] and said in found["msg"], found


@pytest.mark.parametrize(
    "lie, said",
    [
        ({"name": "others"}, "it tells of volume 'others', which it was not asked for"),
        ({"bricks": ["server1"]}, "volumes[0].bricks[0] is no brick"),
        ({"bricks": ["server1:/a\n"]}, "volumes[0].bricks[0] is no brick"),
    ],
)
def test_a_server_tells_of_no_other_volume(lie: dict[str, t.Any], said: str) -> None:
    arguments, told = ANSWERS["gluster_volumes"]
    found = ran("gluster_volumes", arguments, {**told, "volumes": [{**told["volumes"][0], **lie}]})
    assert found["failed"] and said in found["msg"], found


BUNDLE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    "lie, said",
    [
        ({"common_name": "glusterfs-server-server1"}, "it is not of tenant-a, which it was asked for"),
        ({"scope": "tenant"}, "it is not of tenant-a"),
        ({"bundle_sha256": "ab"}, "it has not installed the bundle of 'tenant-a' that it was given"),
    ],
)
def test_a_machine_tells_of_its_own_identities(lie: dict[str, t.Any], said: str, check_mode: bool) -> None:
    arguments, told = ANSWERS["gluster_tls_identities"]
    given_ = {"identities": [{**arguments["identities"][0], "certificate": "PEM"}], "bundle": BUNDLE}
    found = ran(
        "gluster_tls_identities", given_, {**told, "identities": [{**liars._IDENTITY, **lie}]}, check_mode=check_mode
    )
    # What a dry run would install is not there.
    fails = not (check_mode and "bundle_sha256" in lie)
    assert bool(found.get("failed")) == fails and (said in found["msg"] if fails else True)


def test_a_server_does_not_say_who_must_not_be_revoked() -> None:
    """Which would end the run before the CA is told."""
    arguments, told = ANSWERS["gluster_revoke"]
    lie = {**told, "failed": True, "error": "bad_input", "msg": "tenant-b is infrastructure."}
    assert ran("gluster_revoke", arguments, lie)["error"] == "refused"
    own = {**arguments, "infrastructure": ["tenant-*"]}
    found = ran("gluster_revoke", own, told)
    assert found["error"] == "bad_input" and "is infrastructure" in found["msg"]
    assert ran("gluster_revoke", {**arguments, "identities": "tenant-b"}, told)["shares"]


# ---- who decides on what several machines told ----
TLS = ["identities", "machine"]


def certificate(name: str) -> str:
    text = base64.b64encode(name.encode()).decode()
    return f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----"


def _identities(name: str) -> list[dict[str, str]]:
    return [{"common_name": common_name(name)}]


@given(data=st.data(), liar=LIAR)
@more
def test_tls(data: st.DataObject, liar: str) -> None:
    """It gets no certificate but for its own name, and the others get theirs."""
    looked = {name: look(name, TLS, _identities(name)) for name in ALL}
    lie = data.draw(lies(liars.honest(liar, TLS)))
    looked[liar] = look(liar, TLS, _identities(liar), lie)
    lied = ran(
        "gluster_tls_identities",
        {"identities": _identities(liar)},
        data.draw(lies({"changed": True, "identities": [{**liars._IDENTITY, "common_name": common_name(liar)}]})),
    )
    made = {liar: lied}
    # Who fails is out of the run.
    in_it = {name: its for name, its in looked.items() if not its.get("failed")}
    infrastructure = [("glusterfs-server-", SERVERS), ("manila-host-", [])]
    keys = tls_keys(in_it, infrastructure)
    assert keys["barred"] == {} and set(keys["missing"]) <= {liar}
    asked = tls_requests(in_it, made, {}, infrastructure)
    assert all(isinstance(one, str) for one in asked["installed_crls"])
    sign = asked["sign"]
    for request in sign:
        assert request["common_name"] in map(common_name, ALL) and isinstance(request["csr"], (str, type(None)))
    names = [request["common_name"] for request in sign]
    assert len(set(names)) == len(names) and {common_name(name) for name in ALL if name != liar} <= set(names)
    answered = [{**one, "certificate": certificate(one["common_name"]), "revoked": False} for one in sign]
    got = tls_certificates(in_it, made, {}, infrastructure, {"certificates": answered, "bundle": BUNDLE})
    for name, identities in got["install"].items():
        assert [one["certificate"] for one in identities] == [certificate(common_name(name))]
    assert {name for name in ALL if name != liar} <= got["install"].keys()


@given(data=st.data())
@more
def test_a_ca_host_that_lies(data: st.DataObject) -> None:
    """Whom it does not answer gets nothing, and is told so."""
    looked = {name: look(name, TLS, _identities(name)) for name in ALL}
    infrastructure = [("glusterfs-server-", SERVERS)]
    sign = tls_requests(looked, {}, {}, infrastructure)["sign"]
    arguments, told = ANSWERS["gluster_tls_ca"]
    answered = [
        {**told["certificates"][0], "csr": one["csr"], "common_name": name, "certificate": certificate(name)}
        for one in sign
        for name in [one["common_name"]]
    ]
    whole = {**told, "bundle": BUNDLE, "certificates": answered}
    less = {**whole, "certificates": answered[1:]}
    refused = tls_certificates(looked, {}, {}, infrastructure, less)["refused"]
    assert list(refused) == ["server1"] and "did not answer this request" in refused["server1"][0]
    found = ran("gluster_tls_ca", {**arguments, "sign": sign}, data.draw(lies(whole)))
    if found.get("failed"):
        return
    # What is no bundle ends the run, by a sentence.
    with contextlib.suppress(BadInput):
        got = tls_certificates(looked, {}, {}, infrastructure, found)
        assert got["install"].keys() | got["refused"].keys() == set(ALL)
        for name, identities in got["install"].items():
            assert [one["common_name"] for one in identities] == [common_name(name)]


MANAGEMENT = ["machine", "identity", "management"]


@given(data=st.data(), liar=LIAR)
@more
def test_management_path(data: st.DataObject, liar: str) -> None:
    """All or none: it can hold that up, by name, and make nobody be turned alone."""
    gather = {name: MANAGEMENT + (["peers"] if name in SERVERS else []) for name in ALL}
    told = {name: look(name, gather[name]) for name in ALL}
    told[liar] = look(liar, gather[liar], (), data.draw(lies(liars.honest(liar, gather[liar]))))
    found = plan_management(told, SERVERS, "enabled", True)
    if found["problem"]:
        assert not any(found[what] for what in ("stop", "prove", "ask", "hosts"))
    else:
        assert found["stop"] == SERVERS and set(found["hosts"]) | {liar} == {*HOSTS, liar}


@given(data=st.data(), liar=st.sampled_from(HOSTS))
@more
def test_mounts(data: st.DataObject, liar: str) -> None:
    """It is asked to mount what it does not say that it has."""
    mounts = [{"share": "data", "path": "/srv/a", "servers": SERVERS}]
    lied = look(liar, ["mounts"], (), data.draw(lies(liars.honest(liar, ["mounts"]))))
    assert mounts_settled(mounts, lied) in (True, False)
    assert mounts_settled(mounts, look(liar, ["mounts"]))


CHECKED = ["machine", "identity", "peers", "stored", "bricks"]
ABOUT = ["cluster", "volumes", "clients", "served"]


def judged(told: dict[str, t.Any], about: t.Any) -> list[dict[str, t.Any]]:
    done = Asked().run(
        GlusterCheck,
        machines=[{"name": name, "common_name": None, "told": its} for name, its in told.items()],
        clusters=[{"name": "gluster_servers", "servers": SERVERS, "asked": "server1", "told": about}],
        shares=[{"name": "data", "identities": ["tenant-a"]}],
    )
    assert not done.get("failed"), done
    return t.cast("list[dict[str, t.Any]]", done["findings"])


@given(data=st.data(), liar=LIAR)
@more
def test_checks(data: st.DataObject, liar: str) -> None:
    """Whatever is told, the findings are there."""
    told = {name: look(name, CHECKED if name in SERVERS else CHECKED[:2]) for name in ALL}
    about = look("server1", ABOUT)
    told[liar] = look(liar, CHECKED[:2], (), data.draw(lies(liars.honest(liar, CHECKED[:2]))))
    if liar == "server1":
        about = look(liar, ABOUT, (), data.draw(lies(liars.honest(liar, ABOUT))))
    found = judged(told, about)
    # What is wrong with a tenant's host is found of it alone, or of what it differs in from the others.
    if liar in HOSTS:
        others = [one for one in found if one["severity"] == "error" and liar not in one["where"]]
        without = judged({**told, liar: {"failed": True, "msg": "no"}}, about)
        assert [one for one in others if one not in without and one["what"] not in ("bundle", "clock")] == []


LISTED = ["holdings", "snapshots"]
DECLARED = [{"name": "data", "size": "1G", "identities": ["tenant-a"]}, {"name": "new", "size": "1G"}]


@given(data=st.data())
@more
def test_places(data: st.DataObject) -> None:
    """A server of one cluster decides nothing about the shares that another has but that nothing is done."""
    its = look("server1", LISTED)
    lied = look("server2", LISTED, (), data.draw(lies(liars.honest("server2", LISTED))))
    told = {
        cluster: (
            {"volumes": found["holdings"], "snapshots": [one["name"] for one in found["snapshots"]]}
            if found.get("holdings") is not None and found.get("snapshots") is not None
            else {}
        )
        for cluster, found in {"a": its, "b": lied}.items()
    }
    placed = place_shares(DECLARED, told)
    if placed["problem"]:
        assert placed["to_do"] == placed["before"] == {} and placed["heketi"] == []
    else:
        assert placed["clusters"]["data"] == "a" and placed["to_do"]["a"][0]["identities"] == ["tenant-a"]
        assert {share["name"] for shares in placed["to_do"].values() for share in shares} <= {"data", "new"}
    located = locate_shares(["data", "new"], told)
    assert located["problem"] or located["shares"]["data"]["cluster"] == "a"
    for name in ("data", "new") if not located["problem"] else ():
        removal = plan_removal(name, located["shares"], {"a": "server1", "b": "server2"}, told, True)
        # Of which volume Heketi is to delete, and what is said to be left of it, no server's word decides.
        assert removal["problem"] or not removal["by_heketi"] or removal["volume"] in (name, None)


@given(data=st.data())
@more
def test_snapshots_and_revocation(data: st.DataObject) -> None:
    arguments, told = ANSWERS["gluster_snapshots"]
    good = {**told, "failures": [], "server": uuid("server2")}
    lied = ran("gluster_snapshots", arguments, data.draw(lies(told)))
    series = [{"name": "data", "prefix": "daily"}]
    found = divide_snapshots(series, {"data": {"servers": SERVERS}}, {"server1": lied, "server2": good})
    assert set(found["todo"]) <= set(SERVERS) and all(isinstance(one, str) for one in found["problems"])
    said = {
        "server1": ran("gluster_revoke", ANSWERS["gluster_revoke"][0], data.draw(lies(ANSWERS["gluster_revoke"][1])))
    }
    looks = {name: look(name, ["peers"]) for name in SERVERS}
    chosen = {"problem": "", "workers": {"gluster_servers": "server1"}}
    assert revoke_outcome(["gluster_servers"], GROUPS, looks, chosen, said)["refused"] == []


CHOSEN = ["peers", "identity"]


@given(data=st.data(), liar=st.sampled_from(SERVERS))
@more
def test_workers(data: st.DataObject, liar: str) -> None:
    """One of a cluster works there, whatever others say; what a liar can do is to end the run, or to be left out."""
    (other,) = set(SERVERS) - {liar}
    looks = {name: look(name, CHOSEN) for name in SERVERS}
    looks[liar] = look(liar, CHOSEN, (), data.draw(lies(liars.honest(liar, CHOSEN))))
    one = choose_workers(["gluster_servers"], GROUPS, looks, data.draw(st.booleans()))
    assert set(one["silent"]) | set(one["without_crls"]) <= {liar}
    assert one["problem"] or one["workers"]["gluster_servers"] in SERVERS
    if liar in one["silent"]:
        assert one["workers"] == {"gluster_servers": other} and not one["problem"]
    # In another cluster it is nobody's worker but its own's.
    apart = choose_workers(["a", "b"], {"a": [other], "b": [liar]}, {**looks, other: alone(other)})
    assert apart["workers"].get("a") == other and apart["workers"].get("b") in (liar, None)
    assert apart["problem"] or apart["workers"] == {"a": other, "b": liar}


def alone(server: str) -> dict[str, t.Any]:
    """What a server tells that is in no pool with others."""
    told = liars.honest(server, CHOSEN)
    told["peers"] = [peer for peer in told["peers"] if peer["hostname"] == "localhost"]
    return look(server, CHOSEN, (), told)


BRICKS = ["volumes", "processes"]
# How Gluster's rebalances are comes with its processes.
BRICKS_TOLD = [*BRICKS, "rebalances"]
CLUSTER = [{"nodes": [{"manage": name, "storage": name} for name in SERVERS]}]


@given(data=st.data(), liar=st.sampled_from(SERVERS))
@more
def test_bricks_that_are_down_stay_known(data: st.DataObject, liar: str) -> None:
    """No server says for another that nothing stands in the way of moving the last copy."""
    told = {name: look(name, BRICKS, (), liars.honest(name, BRICKS_TOLD)) for name in SERVERS}
    assert purge_problems(CLUSTER, told, {}) == []
    lied = look(liar, BRICKS, (), data.draw(lies(liars.honest(liar, BRICKS_TOLD))))
    assert all(isinstance(sentence, str) for sentence in purge_problems(CLUSTER, {**told, liar: lied}, {}))
    (other,) = set(SERVERS) - {liar}
    down = liars.honest(other, BRICKS_TOLD)
    down["processes"]["data"][0]["online"] = False
    found = purge_problems(CLUSTER, {other: look(other, BRICKS, (), down), liar: lied}, {})
    assert any("may be the last copy" in sentence and "data on server1" in sentence for sentence in found)


UNFINISHED = [{"name": "data", "unfinished": {"kind": "create-volume", "volumes": ["data"]}}]


@given(data=st.data())
@more
def test_who_uses_what_would_be_destroyed_stays_known(data: st.DataObject) -> None:
    """A server of another cluster does not say that nobody does."""
    lied = look("server2", ["clients"], (), data.draw(lies(liars.honest("server2", ["clients"]))))
    there = {"volumes": look("server1", LISTED)["holdings"]}
    holdings = look("server2", LISTED, (), data.draw(lies(liars.honest("server2", LISTED)))).get("holdings")
    clusters = {"a": there, "b": {"volumes": holdings} if holdings is not None else None}
    answers = {"server1": look("server1", ["clients"]), "server2": lied}
    found = clean_up_problems(UNFINISHED, clusters, {"a": "server1", "b": "server2"}, answers)
    assert "data is mounted by 1 client: unmount it there first." in found
    assert all(isinstance(sentence, str) for sentence in found)
    # On its own cluster it can say so; that it told nothing is no leave.
    its = clean_up_problems(UNFINISHED, {"b": there}, {"b": "server2"}, {"server2": lied})
    assert its or lied["clients"]["data"].get("fuse", 0) == 0


PLAYBOOK = [
    {
        "hosts": "liar",
        "gather_facts": False,
        "tasks": [
            {"glusterops.shares.gluster_info": {"gather": liars.TOLD}, "register": "told"},
            {"ansible.builtin.set_fact": {"clusters": {"a": {"volumes": "{{ hostvars.liar.told.holdings }}"}}}},
            {"ansible.builtin.set_fact": {"located": "{{ ['data'] | glusterops.shares.locate_shares(clusters) }}"}},
            {
                "glusterops.shares.gluster_check": {
                    "machines": [{"name": "liar", "told": "{{ hostvars.liar.told }}"}],
                    "clusters": [],
                },
                "register": "judged",
            },
            {"ansible.builtin.set_fact": {"found": "{{ judged.findings | map(attribute='found') | join(', ') }}"}},
            {"glusterops.shares.gluster_mounts": {"mounts": []}, "register": "done", "failed_when": False},
            {"glusterops.shares.gluster_tls_ca": ANSWERS["gluster_tls_ca"][0], "register": "signed"},
            {"ansible.builtin.set_fact": {"said": "{{ ['The CA said ' ~ signed.rotation] }}"}},
            {
                "glusterops.shares.gluster_heketi_info": {**liars._HEKETI, "query": "clusters[].nodes[].manage"},
                "register": "heketi",
            },
            {"ansible.builtin.set_fact": {"strange": "{{ heketi.result | glusterops.shares.stranger_problems([]) }}"}},
            {"ansible.builtin.debug": {"msg": ["{{ said | join }}", "{{ strange | join }}"]}},
            {"ansible.builtin.debug": {"msg": ["located {{ located.shares.data.origin }}", "found {{ found }}"]}},
            {"ansible.builtin.debug": {"msg": "failed {{ done.msg }}"}},
        ],
    }
]


def lying(folder: pathlib.Path, answers: dict[str, t.Any]) -> dict[str, t.Any]:
    """An inventory with a machine that answers so, by module."""
    python = folder / "python"
    python.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        f"print(json.dumps(next(told for name, told in {answers!r}.items() if name in sys.argv[1])))\n"
    )
    python.chmod(0o755)
    return {"all": {"hosts": {"liar": {"ansible_connection": "local", "ansible_python_interpreter": str(python)}}}}


def test_no_text_is_taken_for_a_program(tmp_path: pathlib.Path) -> None:
    """By the Ansible that is here. Some versions make programs of what is registered unless it is marked."""
    told = liars.honest("host1", liars.TOLD)
    told["identity"]["problem"] = told["holdings"][0]["origin"] = liars.MARK
    node = {**liars._HEKETI_CLUSTER["nodes"][0], "manage": liars.MARK}
    answers = {
        "gluster_info": told,
        "gluster_mounts": {"failed": True, "msg": liars.MARK},
        "gluster_tls_ca": {**ANSWERS["gluster_tls_ca"][1], "rotation": liars.MARK},
        "gluster_heketi_info": {"clusters": [{**liars._HEKETI_CLUSTER, "nodes": [node]}]},
    }
    done = liars.play(tmp_path, PLAYBOOK, lying(tmp_path, answers))
    assert done.returncode == 0, done
    for said in ("located", "found", "failed", "The CA said", "Heketi has a server"):
        assert re.search(f"{said} '?{re.escape(liars.MARK)}", done.stdout), done
    assert liars.MADE not in done.stdout + done.stderr


def facts_of(host: str, **facts: t.Any) -> dict[str, t.Any]:
    """A play in which it gets facts, as from an answer to C(setup)."""
    made = {"ansible.builtin.set_fact": {**facts, "cacheable": True}}
    return {"hosts": host, "gather_facts": False, "tasks": [made]}


def test_facts_are_refused_whatever_the_task_makes_of_failures(tmp_path: pathlib.Path) -> None:
    look = {"glusterops.shares.gluster_info": {"gather": ["machine"]}, "failed_when": False}
    went_on = {"ansible.builtin.debug": {"msg": "{{ inventory_hostname }} went on"}}
    playbook = [
        facts_of("liar", check_json="elsewhere"),
        {"hosts": "all", "gather_facts": False, "tasks": [look, went_on]},
    ]
    hosts = dict.fromkeys(["liar", "host1"], {"ansible_connection": "local"})
    done = liars.play(tmp_path, playbook, {"all": {"hosts": hosts}})
    assert "liar told facts that are named like variables of this collection: check_json" in done.stdout, done
    assert "host1 went on" in done.stdout and "liar went on" not in done.stdout


def test_so_are_those_that_a_job_brings_which_went_on(tmp_path: pathlib.Path) -> None:
    """What async_status returns no module of ours has read."""
    told = {"ansible_job_id": "1.2", "started": 1, "finished": 1, "ansible_facts": {"tls_ca_host": "liar"}}
    tasks = [
        {"ansible.builtin.async_status": {"jid": "1.2"}},
        {"glusterops.shares.gluster_info": {"gather": ["machine"]}, "failed_when": False},
    ]
    done = liars.play(
        tmp_path,
        [{"hosts": "liar", "gather_facts": False, "tasks": tasks}],
        lying(tmp_path, {"async_status": told, "gluster_info": liars.honest("host1", ["machine"])}),
    )
    assert done.returncode != 0, done
    assert "liar told facts that are named like variables of this collection: tls_ca_host" in done.stdout, done


def test_no_fact_of_a_server_says_where_others_mount_from(tmp_path: pathlib.Path) -> None:
    noted = {"ansible.builtin.set_fact": {"shares_locations": {"data": {"volume": "noted"}}}}
    playbook = [
        facts_of("server1", shares_locations={"data": {"volume": "told"}}),
        {"hosts": "server2", "gather_facts": False, "tasks": [noted]},
        {
            "hosts": "host1",
            "gather_facts": False,
            "vars_files": [str(liars.ROOT / "roles/mounts/defaults/main.yml")],
            "tasks": [{"ansible.builtin.debug": {"msg": "from {{ mounts_locations.data.volume }}"}}],
        },
    ]
    machines = dict.fromkeys(["server1", "server2"], {"ansible_connection": "local"})
    groups = {"gluster_servers": {"hosts": machines}, "gluster_hosts": {"hosts": {"host1": None}}}
    done = liars.play(tmp_path, playbook, {"all": {"children": groups}})
    assert done.returncode == 0 and "from noted" in done.stdout, done
