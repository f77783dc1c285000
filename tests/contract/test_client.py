# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client and the modules against the lab's Heketi: a process of its own, asked over the network."""

from __future__ import annotations

import threading
import time
import typing as t

import pytest
import requests
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    Conflict,
    GlusterOpsError,
    NotFound,
    OutcomeUnknown,
    Refused,
    TimedOut,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.operations import Unfinished
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.reconcile import reconcile
from standin import HOSTS, KEY, Heketi, counted, gone, run, slow, want

NO_VOLUMES = "<cliOutput><opRet>0</opRet><volInfo><volumes><count>0</count></volumes></volInfo></cliOutput>"

# ---- the life of a volume


def test_create_grow_delete_and_each_again(start: t.Callable[..., Heketi]) -> None:
    client = start().client()
    changes, items = reconcile(client, [want("v", gid=500, snapshot_factor=1.5, options={"nfs.disable": "on"})])
    (item,) = items
    assert changes and item["changed"]
    assert (item["size"], item["durability"], item["notes"]) == ("2G", "replicate-3", [])
    assert sorted(brick["host"] for brick in item["bricks"]) == sorted(HOSTS)
    assert {brick["size"] for brick in item["bricks"]} == {"2G"}
    assert sorted(item["mount"]["hosts"]) == sorted(HOSTS)
    assert item["mount"]["source"] == f"{item['mount']['hosts'][0]}:v"
    assert item["mount"]["options"] == "backup-volfile-servers=" + ":".join(item["mount"]["hosts"][1:])

    answers = counted(client)
    changes, items = reconcile(client, [want("v", gid=500, snapshot_factor=1.5, options={"nfs.disable": "on"})])
    assert changes == [] and items == [{**item, "changed": False}]
    assert answers == ["GET /db/dump 200"]

    changes, items = reconcile(client, [want("v", 5)])
    assert [(change.before, change.after) for change in changes] == [("2G", "5G")]
    assert items[0]["size"] == "5G" and len(items[0]["bricks"]) == 6
    assert reconcile(client, [want("v", 5)])[0] == []
    changes, items = reconcile(client, [want("v", 1)])
    assert changes == [] and items[0]["size"] == "5G" and items[0]["notes"] == []

    changes, items = reconcile(client, [gone("v")])
    assert changes and items[0]["state"] == "absent"
    assert client.get("/volumes") == {"volumes": []}
    assert reconcile(client, [gone("v")])[0] == []


@pytest.mark.parametrize(
    "refusal",
    [
        {"status": 404, "body": "Invalid path or request"},
        {"status": 403, "body": "<html>Forbidden</html>"},
        {"truncate": 1000},
    ],
)
def test_a_heketi_that_does_not_show_its_database(start: t.Callable[..., Heketi], refusal: dict[str, t.Any]) -> None:
    heketi = start(foreign_volumes=["precious"])
    other = heketi.client().operate("POST", "/volumes", want("other").request())
    shown = reconcile(heketi.client(), [want("other")])
    heketi.restart(foreign_volumes=["precious"], requests=[{"path": "^/db/dump$", **refusal}])
    client = heketi.client()
    wanted = [want("v"), want("w", 1), want("other")]
    answers = counted(client)
    changes, items = reconcile(client, wanted)
    assert len(changes) == 6 and [item["changed"] for item in items] == [True, True, False]
    assert items[2] == shown[1][0]
    # Those that were there before are not asked for once more.
    assert answers.count(f"GET /volumes/{other['id']} 200") == 1
    answers.clear()
    assert reconcile(client, wanted) == ([], [{**item, "changed": False} for item in items])
    assert "GET /volumes 200" in answers[:2] and sum("/db/dump" not in one for one in answers) == 1 + 3 + len(HOSTS)
    with pytest.raises(Conflict, match="Gluster has a volume of this name that Heketi does not know"):
        reconcile(client, [want("precious")])
    assert reconcile(client, [want("v", 3), gone("w")])[1][0]["size"] == "3G"
    assert reconcile(client, [want("v", 3), gone("w")])[0] == []


def test_what_the_database_and_gluster_disagree_about(start: t.Callable[..., Heketi]) -> None:
    heketi = start(foreign_volumes=["precious"], faults=[{"command": "volume info --xml", "output": NO_VOLUMES}])
    client = heketi.client()
    reconcile(client, [want("v")], known_volumes=[])
    # Gluster has lost it, and Heketi does not know: it stays as it is, and nothing is made in its place.
    answers = counted(client)
    changes, (item, _other) = reconcile(client, [want("v"), want("w")])
    assert item["state"] == "present" and {change.subject for change in changes} == {"w"}
    assert answers.count("POST /volumes 202") == 1


@pytest.mark.parametrize("durability", ["none", "replicate-2", "replicate-3", "replicate-3-arbiter", "disperse-2+1"])
def test_every_durability_comes_back_as_asked_for(start: t.Callable[..., Heketi], durability: str) -> None:
    client = start().client()
    wanted = [want("v", 4, durability=durability, options={"auth.ssl-allow": "a,b", "client.ssl": "on"})]
    (item,) = reconcile(client, wanted)[1]
    assert item["durability"] == durability
    changes, (again,) = reconcile(client, wanted)
    assert (changes, again["notes"]) == ([], [])


@pytest.mark.parametrize("durability", ["disperse-4+2", "disperse-8+3", "disperse-8+4"])
def test_too_few_servers(start: t.Callable[..., Heketi], durability: str) -> None:
    with pytest.raises(Refused, match="No space.* 3 of 3 servers can take bricks, and .* needs"):
        reconcile(start().client(), [want("v", 10, durability=durability)])


def test_check_mode_changes_nothing_and_predicts_exactly(start: t.Callable[..., Heketi]) -> None:
    client = start().client()
    reconcile(client, [want("grow"), want("go"), want("stay")])
    answers = counted(client)
    wanted = [want("grow", 3), gone("go"), want("stay"), want("new")]
    predicted = reconcile(client, wanted, check_mode=True)[0]
    assert all(answer.startswith("GET ") for answer in answers)
    assert reconcile(client, wanted)[0] == predicted
    assert reconcile(client, wanted)[0] == []


# ---- names that are taken


def test_a_volume_of_glusters_own_is_refused(start: t.Callable[..., Heketi]) -> None:
    client = start(foreign_volumes=["precious"]).client()
    answers = counted(client)
    with pytest.raises(Conflict, match="Gluster has a volume of this name that Heketi does not know"):
        reconcile(client, [want("other"), want("precious")])
    with pytest.raises(Conflict):
        reconcile(client, [want("precious")], known_volumes=["precious"])
    assert client.get("/volumes") == {"volumes": []}
    assert not any(answer.startswith("POST") for answer in answers)


def test_several_volumes_of_one_name_are_refused(start: t.Callable[..., Heketi]) -> None:
    client = start().client()
    second = client.operate("POST", "/clusters", {"file": True, "block": True})["id"]
    hosts = {"manage": ["server9"], "storage": ["10.0.0.9"]}
    node = client.operate("POST", "/nodes", {"zone": 1, "cluster": second, "hostnames": hosts})["id"]
    client.operate("POST", "/devices", {"node": node, "name": "/dev/sdb"})
    one, two = (
        client.operate("POST", "/volumes", {"name": "v", "size": 1, "clusters": [cluster]})
        for cluster in client.get("/clusters")["clusters"]
    )
    with pytest.raises(Conflict) as caught:
        reconcile(client, [gone("v")])
    for volume in (one, two):
        assert f"{volume['id']} in cluster {volume['cluster']}" in str(caught.value)


# ---- many at once


def test_twenty_at_once_where_eight_are_allowed(start: t.Callable[..., Heketi]) -> None:
    client = start(operation_delay=0.5).client()
    answers = counted(client)
    changes, items = reconcile(client, [want(f"v{number}", 1) for number in range(20)], [], parallel=20)
    assert all(item["changed"] and item["size"] == "1G" for item in items)
    assert len(client.get("/volumes")["volumes"]) == 20
    assert answers.count("POST /volumes 202") == 20
    assert answers.count("POST /volumes 429") >= 12


def test_eight_at_a_time_are_never_too_many(start: t.Callable[..., Heketi]) -> None:
    client = start(operation_delay=0.1).client()
    answers = counted(client)
    reconcile(client, [want(f"v{number}", 1) for number in range(20)], [], parallel=8)
    assert answers.count("POST /volumes 202") == 20
    assert answers.count("POST /volumes 429") == 0


def test_always_busy(start: t.Callable[..., Heketi]) -> None:
    heketi = start({"max_inflight_operations": 1}, faults=[slow("slow", 1000)])
    with pytest.raises(TimedOut):
        heketi.client(operation_timeout=0.5).operate("POST", "/volumes", {"name": "slow", "size": 1})
    with pytest.raises(TimedOut, match="too busy for POST /volumes"):
        reconcile(heketi.client(operation_timeout=3), [want("v")], [])


# ---- failures


def test_a_failed_create_is_not_tried_again(start: t.Callable[..., Heketi]) -> None:
    fault = {"command": "volume create bad ", "error": "volume create: bad: failed: Host 10.0.0.3 is not connected"}
    client = start({"operation_retry_limits": {"volume_create": 0}}, faults=[fault]).client()
    answers = counted(client)
    with pytest.raises(GlusterOpsError) as caught:
        reconcile(client, [want("bad"), want("good")], [])
    assert "1 of 2 volumes failed, the others are done. Volume 'bad': Heketi could not do it: " in str(caught.value)
    assert "Host 10.0.0.3 is not connected" in str(caught.value)
    assert [item["changed"] for item in caught.value.details["volumes"]] == [False, True]
    assert {change.subject for change in caught.value.details["changes"]} == {"good"}
    assert answers.count("POST /volumes 202") == 2
    assert answers.count("GET /queue 500") == 1


def test_a_refused_create_is_not_tried_again(start: t.Callable[..., Heketi]) -> None:
    client = start().client()
    answers = counted(client)
    with pytest.raises(Refused, match="No space"):
        reconcile(client, [want("v", 100_000)], [])
    assert answers.count("POST /volumes 500") == 1


def test_an_unknown_path(start: t.Callable[..., Heketi]) -> None:
    with pytest.raises(NotFound, match="Invalid path or request"):
        start().client().get("/nowhere")


def test_a_result_that_another_took(start: t.Callable[..., Heketi]) -> None:
    heketi = start()
    client, thief = heketi.client(), heketi.client()
    answers = counted(client)

    def steal(response: requests.Response, *_args: t.Any, **_kwargs: t.Any) -> None:
        if response.status_code == 202:
            while not thief.get("/volumes")["volumes"]:
                time.sleep(0.02)
            thief.operate("GET", response.headers["Location"])

    client.session.hooks["response"].append(steal)
    changes, (item,) = reconcile(client, [want("v")], [])
    assert changes and item["size"] == "2G" and item["id"]
    assert answers.count("GET /queue 404") == 1 and answers.count("POST /volumes 202") == 1


def test_a_run_that_was_given_up_is_finished_by_the_next(start: t.Callable[..., Heketi]) -> None:
    heketi = start(faults=[slow("v", 1.5)])
    with pytest.raises(TimedOut, match="Heketi goes on with it"):
        reconcile(heketi.client(operation_timeout=0.2), [want("v")], [])
    changes, (item,) = reconcile(heketi.client(), [want("v")])
    assert changes == [] and item["size"] == "2G"


def test_a_server_that_crashes_meanwhile(start: t.Callable[..., Heketi]) -> None:
    heketi = start(faults=[slow("v", 1000)])
    client = heketi.client()
    raised: list[GlusterOpsError] = []

    def create() -> None:
        try:
            reconcile(client, [want("v")], [])
        except GlusterOpsError as exc:
            raised.append(exc)

    thread = threading.Thread(target=create)
    thread.start()
    while not any("v" in operation.volumes for operation in Unfinished(heketi.client()).look()):
        time.sleep(0.02)
    heketi.kill()
    heketi.start()
    thread.join(60)
    (error,) = raised
    assert isinstance(error, OutcomeUnknown)
    assert "but not its result" in str(error) and "(stale)" in str(error)
    with pytest.raises(Refused, match=r"did not finish: create-volume .* \(stale\)\. clean_up: true has"):
        reconcile(client, [want("v")], [])
    assert client.get("/volumes") == {"volumes": []}


# ---- who may


class Skewed:
    """A clock that is wrong by some seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.monotonic = time.monotonic
        self.sleep = time.sleep

    def time(self) -> float:
        return time.time() + self._seconds


@pytest.mark.parametrize(
    "options, message",
    [
        ({"key": "wrong"}, "heketi_key is not the key that Heketi has for heketi_user"),
        ({"user": "Admin"}, "heketi_user must be 'admin'"),
        (
            {"user": "user", "key": "key of the user"},
            "Administrator access required; Heketi lets only its user 'admin'",
        ),
        ({"clock": Skewed(600)}, "the clock here is ahead of Heketi's"),
        ({"clock": Skewed(-600)}, "the clock here is behind Heketi's"),
    ],
)
def test_who_may_not(start: t.Callable[..., Heketi], options: dict[str, t.Any], message: str) -> None:
    heketi = start()
    with pytest.raises(Refused) as caught:
        reconcile(heketi.client(**options), [want("v")], [])
    assert message in str(caught.value)
    assert heketi.client().get("/volumes") == {"volumes": []}


@pytest.mark.parametrize("seconds", [-290, 110])
def test_clocks_may_differ(start: t.Callable[..., Heketi], seconds: float) -> None:
    assert start().client(clock=Skewed(seconds)).get("/volumes") == {"volumes": []}


# ---- the modules


def test_modules(start: t.Callable[..., Heketi]) -> None:
    heketi = start()
    connection = {"heketi_url": heketi.url, "heketi_key": KEY, "poll_interval": 0.02, "_ansible_diff": True}
    volumes: list[dict[str, t.Any]] = [
        {"name": "a", "size": "1.5G", "seal": ["server-1", "tenant"], "volume_options": {"nfs.disable": True}},
        {"name": "b", "size": "3G", "durability": "disperse-2+1"},
    ]
    check = run("gluster_heketi_volumes", **connection, volumes=volumes, _ansible_check_mode=True)[1]
    code, made = run("gluster_heketi_volumes", **connection, volumes=volumes)
    assert code == 0 and made["changed"] and check["changed"]
    assert (made["changes"], made["diff"]) == (check["changes"], check["diff"])
    assert [volume["size"] for volume in made["volumes"]] == ["2G", "3G"]
    info = heketi.client().get(f"/volumes/{made['volumes'][0]['id']}")
    created_with = ["auth.ssl-allow server-1,tenant", "client.ssl on", "cluster.lookup-optimize off"]
    created_with += ["nfs.disable on", "server.ssl on"]
    assert [option for option in info["glustervolumeoptions"] if option] == created_with
    again = run("gluster_heketi_volumes", **connection, volumes=volumes)[1]
    assert not again["changed"] and again["changes"] == []

    code, grown = run("gluster_heketi_volume", **connection, **{**volumes[0], "size": "4G"})
    assert code == 0
    assert grown["diff"] == {"before": {"a": {"size": "2G"}}, "after": {"a": {"size": "4G"}}}
    code, refused = run("gluster_heketi_volumes", **connection, volumes=[*volumes, {"name": "c", "size": "100P"}])
    assert code == 1 and refused["changed"] is False and "1 of 3 volumes failed" in refused["msg"]
    assert refused["error"] == "refused" and refused["volumes"][2]["http_status"] == 500
    code, deleted = run("gluster_heketi_volume", **connection, name="a", state="absent")
    assert code == 0 and deleted["changed"] and deleted["volume"]["state"] == "absent"
    assert not run("gluster_heketi_volume", **connection, name="a", state="absent")[1]["changed"]
