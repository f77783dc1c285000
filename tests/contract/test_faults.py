# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""It breaks, and nothing is lost: what the user is told, what is still there, and that the next run finishes.

Keys, users and clocks that are wrong, a result that another took and an endless "busy" are in test_client.py.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
import typing as t

import pytest
import requests
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    OutcomeUnknown,
    Refused,
    TimedOut,
    Unreachable,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import HeketiClient
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.connection import Connection
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.operations import Unfinished
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.reconcile import reconcile
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.volumes import Desired
from pki import Pki
from standin import KEY, Heketi, counted, gone, launch, run, want

Start = t.Callable[..., Heketi]

# What is done to the volume v, which has 2 GiB unless it is to be created, and the request that does it.
WANTED = {"create": want("v", 3), "expand": want("v", 3), "delete": gone("v")}
# All volumes: the database, or the list of them where that cannot be had.
LISTS = "^/(db/dump|volumes)$"
REQUEST = {"create": ("POST", "^/volumes$"), "expand": ("POST", "/expand$"), "delete": ("DELETE", "^/volumes/")}


class Hasty:
    """A clock for which pauses are short."""

    def __init__(self) -> None:
        self.time = time.time
        self.monotonic = time.monotonic

    def sleep(self, seconds: float) -> None:
        time.sleep(min(seconds, 0.05))


def prepare(heketi: Heketi, what: str = "create", **standin: t.Any) -> dict[str, t.Any]:
    """Makes a volume that nobody touches afterwards (and v, where it has to be there); then stages this. Its info."""
    client = heketi.client()
    kept = client.operate("POST", "/volumes", want("kept").request())
    if what != "create":
        client.operate("POST", "/volumes", want("v").request())
    if standin:
        heketi.restart(**standin)
    return kept


def fails(client: HeketiClient, wanted: Desired, **options: t.Any) -> GlusterOpsError:
    """The error with which a run ends. It has changed nothing as far as it knows."""
    with pytest.raises(GlusterOpsError) as caught:
        reconcile(client, [wanted], **options)
    assert "\n" not in str(caught.value)
    return caught.value


def in_heketi(heketi: Heketi) -> dict[str, int]:
    """The size of each volume by its name, no name twice."""
    client = heketi.client()
    infos = [client.get(f"/volumes/{key}") for key in client.get("/volumes")["volumes"]]
    assert len({info["name"] for info in infos}) == len(infos)
    return {info["name"]: info["size"] for info in infos}


def in_gluster(heketi: Heketi) -> dict[str, tuple[str, int]]:
    """Status and number of bricks of each volume."""
    (cluster,) = heketi.client().get("/internal/state/examine/gluster")["clusters"]
    volumes = cluster["NodesData"][0]["VolumeInfo"]["Volumes"]["VolumeList"]
    return {one["VolumeName"]: (one["StatusStr"], len(one["Bricks"]["BrickList"])) for one in volumes}


def settled(heketi: Heketi, wanted: Desired, kept: dict[str, t.Any]) -> None:
    """It is as wanted, another run changes nothing, and nothing is lost, doubled or left behind."""
    client = heketi.client()
    assert reconcile(client, [wanted])[0] == []
    sizes = {"kept": 2, **({"v": wanted.size} if wanted.present else {})}
    assert in_heketi(heketi) == sizes
    bricks = {info["name"]: len(info["bricks"]) for info in map(client.get, paths(client))}
    assert in_gluster(heketi) == {name: ("Started", bricks[name]) for name in sizes}
    assert client.get(f"/volumes/{kept['id']}") == kept
    assert Unfinished(client).look() == []
    check = client.get("/db/check")
    assert check["totalinconsistencies"] == 0 and check["bricks"]["total"] == sum(bricks.values())


def paths(client: HeketiClient) -> list[str]:
    return [f"/volumes/{key}" for key in client.get("/volumes")["volumes"]]


def under_way(heketi: Heketi) -> None:
    """Waits until Heketi is at something."""
    client = heketi.client()
    while not Unfinished(client).look():
        time.sleep(0.02)


def meanwhile(wanted: Desired, then: t.Callable[[], object], client: HeketiClient) -> GlusterOpsError:
    """The error of a run during whose operation, when it was accepted, something happens."""
    accepted = threading.Event()
    ended: list[GlusterOpsError] = []

    def note(response: requests.Response, *_args: t.Any, **_kwargs: t.Any) -> None:
        if response.status_code == 202:
            accepted.set()

    def work() -> None:
        with pytest.raises(GlusterOpsError) as caught:
            reconcile(client, [wanted])
        ended.append(caught.value)

    client.session.hooks["response"].append(note)
    thread = threading.Thread(target=work)
    thread.start()
    assert accepted.wait(30)
    then()
    thread.join(60)
    (error,) = ended
    return error


# ---- killed


@pytest.mark.parametrize(
    ("what", "command"),
    [
        ("create", "^mkdir -p"),
        ("create", "volume create v "),
        ("create", "volume start v"),
        ("expand", "volume add-brick v "),
        ("delete", "volume stop v "),
        ("delete", "rm -rf"),
    ],
)
def test_heketi_killed(start: Start, what: str, command: str) -> None:
    heketi = start()
    kept = prepare(heketi, what, faults=[{"command": command, "delay": 1000}])
    wanted = WANTED[what]
    error = meanwhile(wanted, heketi.restart, heketi.client(clock=Hasty()))
    assert isinstance(error, OutcomeUnknown)
    assert re.search(
        rf"Heketi accepted .*, but not its result: .* Heketi has not ended {what}-volume \w+ \(stale\)", str(error)
    )
    client = heketi.client()
    before = client.get("/db/dump")
    if what != "delete":
        refused = fails(client, wanted)
        assert isinstance(refused, Refused)
        pattern = rf"Heketi began with it and did not finish: {what}-volume \w+ \(stale\)\. clean_up: true has Heketi"
        assert re.search(pattern, str(refused))
        assert client.get("/db/dump") == before
    assert reconcile(client, [wanted], clean_up=what != "delete")[0]
    settled(heketi, wanted, kept)


def test_heketi_killed_when_gluster_has_the_new_bricks(start: Start) -> None:
    """Heketi cannot take them back then, for they are in use; and nobody else does."""
    heketi = start()
    kept = prepare(heketi, "expand", faults=[{"command": "volume rebalance v", "delay": 1000}])

    def restart() -> None:
        while in_gluster(heketi)["v"][1] == 3:
            time.sleep(0.02)
        heketi.restart()

    meanwhile(want("v", 3), restart, heketi.client(clock=Hasty()))
    client = heketi.client()
    for _run in range(2):
        refused = fails(client, want("v", 3), clean_up=True)
        assert isinstance(refused, Refused)
        assert re.search(r"Heketi could not clean up expand-volume \w+ \(stale\)", str(refused))
        # Those that Heketi has added, and no others.
        added = {
            brick["Info"]["path"] for brick in client.get("/db/dump")["brickentries"].values() if brick["Pending"]["Id"]
        }
        assert len(added) == 3 and set(re.findall(r"/var/lib/heketi/[^ ,]*brick", str(refused))) == added
        assert in_heketi(heketi) == {"kept": 2, "v": 2}
        assert in_gluster(heketi) == {"kept": ("Started", 3), "v": ("Started", 6)}
    assert client.get(f"/volumes/{kept['id']}") == kept
    assert reconcile(client, [want("v", 2)])[0] == []


@pytest.mark.parametrize(
    ("what", "command"),
    [("create", "volume create v "), ("expand", "volume add-brick v "), ("delete", "volume stop v ")],
)
def test_the_run_killed(start: Start, what: str, command: str) -> None:
    heketi = start()
    kept = prepare(heketi, what, faults=[{"command": command, "delay": 0.7}])
    params: dict[str, t.Any] = {"heketi_url": heketi.url, "heketi_key": KEY, "poll_interval": 0.02, "name": "v"}
    params.update({"state": "absent"} if what == "delete" else {"size": "3G"})
    process = launch("gluster_heketi_volume", **params)
    under_way(heketi)
    process.kill()
    assert process.communicate()[0] == ""
    code, again = run("gluster_heketi_volume", **params)
    assert code == 0 and not again["changed"]
    settled(heketi, WANTED[what], kept)


# ---- answers that are lost, late or never come


@pytest.mark.parametrize("what", WANTED)
def test_the_answer_to_the_request_lost(start: Start, what: str) -> None:
    method, path = REQUEST[what]
    heketi = start()
    kept = prepare(heketi, what, requests=[{"method": method, "path": path, "drop": "after", "times": 1}])
    client = heketi.client()
    answers = counted(client)
    changes, _items = reconcile(client, [WANTED[what]], ["kept", "v"] if what == "delete" else ["kept"])
    assert changes
    assert not any(answer.startswith(method) for answer in answers)  # the one request had no answer, and no other came
    settled(heketi, WANTED[what], kept)


@pytest.mark.parametrize("what", WANTED)
def test_the_request_itself_lost(start: Start, what: str) -> None:
    method, path = REQUEST[what]
    heketi = start()
    kept = prepare(heketi, what, requests=[{"method": method, "path": path, "drop": "before", "times": 1}])
    error = fails(heketi.client(), WANTED[what])
    assert isinstance(error, OutcomeUnknown)
    seen = {"create": "it is not there", "expand": "it has not grown", "delete": "it is still there"}[what]
    assert re.search(rf"broke before the answer was complete: .* Read again, {seen}: run again\.", str(error))
    assert reconcile(heketi.client(), [WANTED[what]])[0]
    settled(heketi, WANTED[what], kept)


@pytest.mark.parametrize("what", WANTED)
def test_the_answer_to_a_poll_lost(start: Start, what: str) -> None:
    """Heketi tells a result once, so it is not to be had again."""
    heketi = start()
    kept = prepare(heketi, what, requests=[{"path": "^/queue/", "drop": "after", "times": 1}])
    client = heketi.client(clock=Hasty())

    def wait(response: requests.Response, *_args: t.Any, **_kwargs: t.Any) -> None:
        if response.status_code == 202:
            time.sleep(0.3)

    client.session.hooks["response"].append(wait)
    answers = counted(client)
    changes, _items = reconcile(client, [WANTED[what]], ["kept", "v"] if what == "delete" else ["kept"])
    assert changes and answers.count("GET /queue 404") == 1
    settled(heketi, WANTED[what], kept)


@pytest.mark.parametrize("what", WANTED)
def test_a_queue_that_does_not_end(start: Start, what: str) -> None:
    heketi = start()
    kept = prepare(heketi, what, operation_delay=0.8)
    begun = time.monotonic()
    error = fails(heketi.client(operation_timeout=0.2), WANTED[what])
    assert isinstance(error, TimedOut)
    assert "has not ended within the operation_timeout of 0.2 seconds. Heketi goes on with it" in str(error)
    assert time.monotonic() - begun < 10
    # Asked again while it goes on.
    if what == "delete":
        told: list[str] = []
        reconcile(heketi.client(operation_timeout=0.2), [WANTED[what]], warn=told.append)
        assert re.search(r"Heketi has not finished with it: delete-volume \w+ \(under way\)", told[0])
    else:
        error = fails(heketi.client(operation_timeout=0.2), WANTED[what])
        assert isinstance(error, Refused) and f"Heketi is still busy with it: {what}-volume" in str(error)
    assert reconcile(heketi.client(), [WANTED[what]])[0] == []
    settled(heketi, WANTED[what], kept)


# ---- what answers is not Heketi, or will not


def test_busy_for_a_while(start: Start) -> None:
    heketi = start()
    busy = {"status": 429, "body": "Server busy. Retry operation later.", "times": 3}
    kept = prepare(heketi, requests=[{"method": "POST", "path": "^/volumes$", **busy}])
    client = heketi.client(clock=Hasty())
    answers = counted(client)
    assert reconcile(client, [want("v", 3)])[0]
    assert [answer for answer in answers if answer.startswith("POST")] == ["POST /volumes 429"] * 3 + [
        "POST /volumes 202"
    ]
    settled(heketi, want("v", 3), kept)


@pytest.mark.parametrize("what", WANTED)
def test_maintenance(start: Start, what: str) -> None:
    heketi = start()
    kept = prepare(heketi, what)
    client = heketi.client()
    client.operate("POST", "/admin", {"state": "read-only"})
    error = fails(client, WANTED[what])
    assert isinstance(error, Refused) and "Service disabled for maintenance; Heketi is in read-only state" in str(error)
    heketi.restart()
    assert reconcile(client, [WANTED[what]])[0]
    settled(heketi, WANTED[what], kept)


def test_a_redirect(start: Start) -> None:
    heketi = start()
    moved = {"status": 301, "headers": {"Location": "https://heketi.example.com/volumes"}}
    kept = prepare(heketi, requests=[{"path": "^/volumes", "times": 1, **moved}])
    error = fails(heketi.client(), want("v", 3))
    assert isinstance(error, Refused)
    assert "was redirected to https://heketi.example.com/volumes: heketi_url must be the address" in str(error)
    assert reconcile(heketi.client(), [want("v", 3)])[0]
    settled(heketi, want("v", 3), kept)


@pytest.mark.parametrize(("status", "words"), [(200, "was answered with HTML"), (502, "by a proxy that has no Heketi")])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_html_from_a_proxy(start: Start, status: int, words: str, method: str) -> None:
    """For good when something is read; when something is to be made, it may have been, so it is looked for."""
    heketi = start()
    page = {"status": status, "body": "<html>Hello</html>", "headers": {"Content-Type": "text/html"}}
    kept = prepare(heketi, requests=[{"method": method, "path": LISTS, "times": 2 if method == "GET" else 1, **page}])
    client = heketi.client(clock=Hasty(), unreachable_timeout=0)
    error = fails(client, want("v", 3))
    assert words in str(error) and f"HTTP {status}" in str(error)
    if method == "GET":
        assert isinstance(error, Unreachable)
    else:
        assert isinstance(error, OutcomeUnknown) and "Read again, it is not there: run again." in str(error)
    heketi.restart()
    assert reconcile(client, [want("v", 3)])[0]
    settled(heketi, want("v", 3), kept)


def test_a_proxy_that_forgets_an_answer(start: Start) -> None:
    """Heketi has made the volume, but what the client gets to see of it is the proxy."""
    heketi = start()
    proxy = {"status": 504, "body": "<html>Gateway Time-out</html>"}
    kept = prepare(heketi, requests=[{"method": "GET", "path": "^/queue/", "times": 1, **proxy}])
    assert reconcile(heketi.client(clock=Hasty()), [want("v", 3)])[0]
    settled(heketi, want("v", 3), kept)


@pytest.mark.parametrize("cut", [{"truncate": 9}, {"status": 200, "body": '{"volumes'}])
@pytest.mark.parametrize(("times", "patience"), [(1, 0), (2, 10), (2, 0)])
def test_truncated_json(start: Start, cut: dict[str, t.Any], times: int, patience: int) -> None:
    heketi = start()
    kept = prepare(heketi, requests=[{"method": "GET", "path": LISTS, "times": times, **cut}])
    client = heketi.client(clock=Hasty(), unreachable_timeout=patience)
    if times > 1 and not patience:
        error = fails(client, want("v", 3))
        assert isinstance(error, Unreachable)
        text = (
            "is not the JSON that Heketi sends: '{\"volumes'"
            if "status" in cut
            else "broke before the answer was complete"
        )
        assert text in str(error)
    assert reconcile(client, [want("v", 3)])[0]
    settled(heketi, want("v", 3), kept)


@pytest.mark.parametrize("what", ["create", "expand"])
def test_truncated_json_of_what_was_made(start: Start, what: str) -> None:
    heketi = start()
    kept = prepare(heketi, what, requests=[])
    # A database, or a volume by itself: either is read before, too.
    path, times = ("^/db/dump$", 1) if what == "create" else ("^/volumes/(?!" + kept["id"] + ")", 5)
    heketi.restart(requests=[{"method": "GET", "path": path, "truncate": 99, "times": times, "skip": 1}])
    client = heketi.client(clock=Hasty())
    assert reconcile(client, [want("v", 3)], ["kept"])[0]
    settled(heketi, want("v", 3), kept)


def test_what_was_made_cannot_be_looked_at(start: Start) -> None:
    heketi = start()
    kept = prepare(heketi, requests=[{"method": "GET", "path": LISTS, "truncate": 9, "times": 2, "skip": 1}])
    with pytest.raises(OutcomeUnknown, match="It was made as [0-9a-f]{32}, but cannot be looked at: The connection"):
        reconcile(heketi.client(clock=Hasty(), unreachable_timeout=0), [want("v", 3)], ["kept"])
    assert reconcile(heketi.client(), [want("v", 3)])[0] == []
    settled(heketi, want("v", 3), kept)


def test_heketi_is_not_there(start: Start) -> None:
    heketi = start()
    kept = prepare(heketi)
    heketi.kill()
    error = fails(heketi.client(unreachable_timeout=0), want("v", 3))
    assert isinstance(error, Unreachable) and re.search(
        rf"No connection to {heketi.url}/volumes: .*Connection refused\.", str(error)
    )
    said: list[str] = []
    timer = threading.Timer(1, heketi.start)
    timer.start()
    assert reconcile(heketi.client(say=said.append), [want("v", 3)])[0]
    timer.join()
    assert len(said) == 2 and "Waiting for Heketi, 10 seconds at most" in said[0] and "answers again" in said[1]
    settled(heketi, want("v", 3), kept)


# ---- TLS


def test_tls(start: Start, pki: Pki) -> None:
    heketi = start(tls=pki.files)
    assert heketi.client(verify=pki.ca).get("/volumes") == {"volumes": []}
    error = fails(heketi.client(), want("v"))
    assert isinstance(error, Unreachable)
    assert "is not trusted (unable to get local issuer certificate): set ca_path to the CA that signed it" in str(error)
    plain = HeketiClient(Connection(heketi.url.replace("https:", "http:"), KEY))
    error = fails(plain, want("v"))
    assert isinstance(error, BadInput) and "this port speaks TLS: heketi_url must begin with https://" in str(error)
    assert reconcile(heketi.client(verify=pki.ca), [want("v")])[0]
    assert reconcile(heketi.client(verify=False), [want("v")])[0] == []


def test_tls_where_there_is_none(start: Start) -> None:
    heketi = start()
    error = fails(HeketiClient(Connection(heketi.url.replace("http:", "https:"), KEY)), want("v"))
    assert isinstance(error, Unreachable)
    assert "does not speak TLS: heketi_url must begin with http://, or name the TLS port" in str(error)
    assert in_heketi(heketi) == {}


def test_a_tls_connection_that_is_cut(start: Start, pki: Pki) -> None:
    heketi = start(tls=pki.files, requests=[{"method": "POST", "path": "^/volumes$", "drop": "after", "times": 1}])
    client = heketi.client(verify=pki.ca)
    assert reconcile(client, [want("v")])[0]
    assert reconcile(client, [want("v")])[0] == []
    assert len(client.get("/volumes")["volumes"]) == 1


# ---- names that are taken, and what is left of volumes


def test_a_volume_of_glusters_own_stays(start: Start) -> None:
    heketi = start(foreign_volumes=["v"])
    kept = prepare(heketi)
    there = in_gluster(heketi)
    for known in (None, ["v", "kept"]):
        error = fails(heketi.client(), want("v", 3), known_volumes=known, clean_up=True)
        assert isinstance(error, Conflict)
        assert "Gluster has a volume of this name that Heketi does not know, and Heketi would destroy it" in str(error)
    assert in_gluster(heketi) == there and there["v"] == ("Started", 0)
    log = heketi.log.read_text()
    assert not re.search("volume (create|stop|delete|set|start) v", log)
    assert heketi.client().get(f"/volumes/{kept['id']}") == kept


def test_a_create_that_could_not_be_taken_back(start: Start) -> None:
    heketi = start()
    refuse = {"command": "volume create v ", "error": "volume create: v: failed: Host 10.0.0.3 is not connected"}
    kept = prepare(heketi, faults=[refuse, {"command": "^rm -rf", "error": "target is busy", "times": 3}])
    error = fails(heketi.client(), want("v", 3))
    assert error.kind == "error" and "Heketi could not do it: volume create: v: failed: Host 10.0.0.3" in str(error)
    refused = fails(heketi.client(), want("v", 3))
    assert isinstance(refused, Refused)
    assert re.search(r"did not finish: create-volume \w+ \(failed\)\. clean_up: true has Heketi clean", str(refused))
    heketi.restart()
    predicted = reconcile(heketi.client(), [want("v", 3)], clean_up=True, check_mode=True)[0]
    assert len(Unfinished(heketi.client()).look()) == 1
    assert reconcile(heketi.client(), [want("v", 3)], clean_up=True)[0] == predicted
    settled(heketi, want("v", 3), kept)


@pytest.mark.parametrize(
    "why",
    [
        "volume delete: v: failed: Cannot delete Volume v ,as it has 1 snapshots.",
        "volume delete: v: failed: Some of the peers are down",
    ],
)
def test_a_delete_that_gluster_refuses(start: Start, why: str) -> None:
    heketi = start()
    kept = prepare(heketi, "delete", faults=[{"command": "volume delete v", "error": why}])
    error = fails(heketi.client(), gone("v"))
    assert error.kind == "error"
    assert f"Heketi could not do it: All 3 hosts: Unable to delete volume v: {why.rstrip('.')}." in str(error)
    assert "Heketi stops a volume before it deletes it: it may be stopped now." in str(error)
    assert in_gluster(heketi) == {"kept": ("Started", 3), "v": ("Stopped", 3)}
    assert in_heketi(heketi) == {"kept": 2, "v": 2}
    heketi.restart()
    assert reconcile(heketi.client(), [gone("v")])[0]
    settled(heketi, gone("v"), kept)


def test_a_volume_half_deleted(start: Start) -> None:
    heketi = start()
    kept = prepare(heketi, "delete", faults=[{"command": "pgrep", "error": "umount: /x: target is busy.", "times": 1}])
    error = fails(heketi.client(), gone("v"))
    assert error.kind == "error" and "umount: /x: target is busy" in str(error)
    assert "it may be stopped now" in str(error)
    assert in_heketi(heketi) == {"kept": 2, "v": 2} and in_gluster(heketi) == {"kept": ("Started", 3)}
    assert reconcile(heketi.client(), [gone("v")])[0]
    settled(heketi, gone("v"), kept)


def test_a_name_that_another_run_is_at(start: Start) -> None:
    heketi = start()
    kept = prepare(heketi, faults=[{"command": "volume create v ", "delay": 1}])
    body = want("v", 3).request()
    with pytest.raises(TimedOut):
        heketi.client(operation_timeout=0.1).operate("POST", "/volumes", body)
    refused = fails(heketi.client(operation_timeout=0.1), want("v", 3), clean_up=True)
    assert isinstance(refused, Refused)
    assert re.search(r"Heketi is still busy with it: create-volume \w+ \(under way\)\. Run again when", str(refused))
    assert reconcile(heketi.client(), [want("v", 3)])[0] == []
    settled(heketi, want("v", 3), kept)


def test_no_space(start: Start) -> None:
    """Which cluster, how much is free where, and what would fit; and that does."""
    heketi = start(device_sizes={"server0:/dev/sdb": "30GiB", "*": "100GiB"})
    kept = prepare(heketi)
    (cluster,) = heketi.client().get("/clusters")["clusters"]
    error = fails(heketi.client(), want("v", 60))
    assert isinstance(error, Refused) and "No space. Cluster " + cluster in str(error)
    free = {host: re.search(rf"([0-9.]+)G on {host}", str(error)) for host in ("server0", "server1", "server2")}
    assert [match and int(float(match[1])) for match in free.values()] == [27, 97, 97]
    fits = re.search(r"the largest volume sure to fit with replicate-3 is (\d+) GiB", str(error))
    assert fits
    wanted = want("v", int(fits[1]))
    assert reconcile(heketi.client(), [wanted])[0]
    settled(heketi, wanted, kept)


def test_a_delete_where_an_expansion_was_left(start: Start) -> None:
    heketi = start()
    kept = prepare(heketi, "expand", faults=[{"command": "volume add-brick v ", "delay": 1000}])
    meanwhile(want("v", 3), heketi.restart, heketi.client(clock=Hasty()))
    error = fails(heketi.client(), gone("v"))
    assert (
        isinstance(error, Refused) and "did not finish: expand-volume" in str(error) and "clean_up: true" in str(error)
    )
    assert in_heketi(heketi) == {"kept": 2, "v": 2}
    assert reconcile(heketi.client(), [gone("v")], clean_up=True)[0]
    settled(heketi, gone("v"), kept)


# ---- two runs at once


# What a run asks last before it creates, and what it asks last before it expands.
LOOKS = ("GET /db/dump", "GET /operations/pending")


def after(client: HeketiClient, looks: int, then: t.Callable[[], object]) -> None:
    """Has something happen between the answer to so many looks of a client and the request that it sends next."""
    left = [looks]

    def hook(response: requests.Response, *_args: t.Any, **_kwargs: t.Any) -> None:
        if f"{response.request.method} {response.request.path_url}" in LOOKS:
            left[0] -= 1
            if left[0] == 0:
                then()

    client.session.hooks["response"].append(hook)


def begin(heketi: Heketi, method: str, path: str, body: t.Any = None) -> None:
    """Another run's request, which Heketi takes some time for."""
    with pytest.raises(TimedOut):
        heketi.client(operation_timeout=0.01).operate(method, path, body)


def test_two_create_one_name(start: Start) -> None:
    heketi = start()
    kept = prepare(heketi, faults=[{"command": "volume create v ", "delay": 0.5}])
    client = heketi.client()
    after(client, 1, lambda: begin(heketi, "POST", "/volumes", want("v", 3).request()))
    error = fails(client, want("v", 3), known_volumes=["kept"])
    assert isinstance(error, Refused) and "Volume name 'v' already in use" in str(error)
    assert reconcile(heketi.client(), [want("v", 3)])[0] == []
    settled(heketi, want("v", 3), kept)


def test_two_create_one_name_where_heketi_takes_it_twice(start: Start) -> None:
    """It knows a name in one cluster only."""
    heketi = start()
    client, other = heketi.client(), heketi.client()
    second = client.operate("POST", "/clusters", {"file": True, "block": True})["id"]
    for number in (7, 8, 9):
        hosts = {"manage": [f"server{number}"], "storage": [f"10.0.0.{number}"]}
        node = client.operate("POST", "/nodes", {"zone": 1, "cluster": second, "hostnames": hosts})["id"]
        client.operate("POST", "/devices", {"node": node, "name": "/dev/sdb"})
    after(client, 1, lambda: other.operate("POST", "/volumes", want("v").request()))
    error = fails(client, want("v"), known_volumes=["kept"])
    assert isinstance(error, Conflict)
    for key in client.get("/volumes")["volumes"]:
        assert key in str(error)


@pytest.mark.parametrize(
    ("looks", "words"),
    [
        (1, "is gone now: something else changes it at the same time"),
        (2, "Something else changed it while it was expanded"),
    ],
    ids=["seen in time", "seen too late"],
)
def test_one_deletes_what_another_grows(start: Start, looks: int, words: str) -> None:
    """After the last look Heketi adds bricks to what it deletes, and they stay in its database for ever."""
    heketi = start()
    kept = prepare(heketi, "expand", faults=[{"command": "volume stop v", "delay": 0.5}])
    client = heketi.client()
    path = next(path for path in paths(client) if not path.endswith(kept["id"]))
    after(client, looks, lambda: begin(heketi, "DELETE", path))
    error = fails(client, want("v", 3))
    assert isinstance(error, Conflict) and words in str(error)
    reconcile(heketi.client(), [gone("v")])
    assert in_heketi(heketi) == {"kept": 2} and in_gluster(heketi) == {"kept": ("Started", 3)}
    assert heketi.client().get(f"/volumes/{kept['id']}") == kept


def test_one_grows_what_another_deletes(start: Start) -> None:
    heketi = start()
    kept = prepare(heketi, "delete", faults=[{"command": "volume add-brick v ", "delay": 0.5}])
    client = heketi.client()
    path = next(path for path in paths(client) if not path.endswith(kept["id"]))
    after(client, 1, lambda: begin(heketi, "POST", f"{path}/expand", {"expand_size": 1}))
    error = fails(client, gone("v"))
    assert isinstance(error, Refused)
    assert "in use; another operation on it is under way or was left unfinished" in str(error)
    assert reconcile(heketi.client(), [gone("v")])[0]
    settled(heketi, gone("v"), kept)


@pytest.mark.parametrize("sizes", [(3, 3), (5, 4)])
def test_two_expansions_one_after_the_other(start: Start, sizes: tuple[int, int]) -> None:
    """The second one's plan was made before the first one began: it does not add to what is there by now."""
    heketi = start()
    kept = prepare(heketi, "expand")
    client = heketi.client()
    after(client, 1, lambda: reconcile(heketi.client(), [want("v", sizes[0])]))
    error = fails(client, want("v", sizes[1]))
    assert isinstance(error, Conflict)
    assert f"It had 2 GiB and has {sizes[0]} GiB now: something else changes it at the same time. Run again" in str(
        error
    )
    assert in_heketi(heketi)["v"] == sizes[0]
    assert reconcile(heketi.client(), [want("v", sizes[1])])[0] == []
    settled(heketi, want("v", sizes[0]), kept)


def test_two_expansions_at_once_seen_in_time(start: Start) -> None:
    heketi = start()
    kept = prepare(heketi, "expand", faults=[{"command": "volume add-brick v ", "delay": 0.5}])
    client = heketi.client()
    path = next(path for path in paths(client) if not path.endswith(kept["id"]))
    after(client, 1, lambda: begin(heketi, "POST", f"{path}/expand", {"expand_size": 1}))
    error = fails(client, want("v", 3))
    assert isinstance(error, Conflict)
    assert re.search(r"Something else changes it at the same time \(operation \w+\)\. Run again later", str(error))
    assert reconcile(heketi.client(), [want("v", 3)])[0] == []
    settled(heketi, want("v", 3), kept)


@pytest.mark.parametrize("delays", [(0.2, 0.6), (0.6, 0.1)], ids=["the other ends first", "the other ends last"])
def test_two_expansions_at_once_seen_too_late(start: Start, delays: tuple[float, float]) -> None:
    """Heketi loses one of them, and nobody can undo that: it is said which volume it is, and what to look at."""
    heketi = start()
    faults = [{"command": "volume add-brick v ", "delay": delay, "times": 1} for delay in delays]
    kept = prepare(heketi, "expand", faults=faults)
    client = heketi.client()
    path = next(path for path in paths(client) if not path.endswith(kept["id"]))
    after(client, 2, lambda: begin(heketi, "POST", f"{path}/expand", {"expand_size": 2}))
    error = fails(client, want("v", 3))
    assert isinstance(error, Conflict)
    assert "'v': Something else changed it while it was expanded" in str(error)
    assert "and Heketi loses track of that" in str(error)
    assert "Compare its bricks in Heketi with those of 'gluster volume info v'" in str(error)
    assert heketi.client().get(f"/volumes/{kept['id']}") == kept


# ---- clones


def test_a_clone(start: Start) -> None:
    heketi = start()
    kept = prepare(heketi, "expand")
    wanted = want("copy", 0, clone_of="v")
    changes, (item,) = reconcile(heketi.client(), [wanted])
    assert changes and item["size"] == "2G"
    assert reconcile(heketi.client(), [wanted])[0] == []
    assert in_heketi(heketi) == {"kept": 2, "v": 2, "copy": 2}
    # Heketi would panic, and have one operation less for good.
    error = fails(heketi.client(), want("copy", 3, clone_of="v"))
    assert isinstance(error, Refused) and "It is a clone, and trying to expand one harms Heketi" in str(error)
    assert heketi.client().get("/operations")["in_flight"] == 0
    assert heketi.client().get(f"/volumes/{kept['id']}") == kept


def test_a_clone_of_a_name_that_is_taken(start: Start) -> None:
    """Heketi does not look at all."""
    heketi = start(foreign_volumes=["precious"])
    prepare(heketi, "expand")
    client = heketi.client()
    answers = counted(client)
    told: list[str] = []
    assert reconcile(client, [want("kept", 0, clone_of="v")], warn=told.append)[0] == []
    assert told == ["Volume 'kept': it is no clone and stays so, though a clone of v is asked for."]
    error = fails(client, want("precious", 0, clone_of="v"))
    assert isinstance(error, Conflict) and "Gluster has a volume of this name that Heketi does not know" in str(error)
    assert not [answer for answer in answers if answer.startswith("POST")]
    assert in_heketi(heketi) == {"kept": 2, "v": 2} and in_gluster(heketi)["precious"] == ("Started", 0)


def test_two_clones_of_one_name_at_once(start: Start) -> None:
    heketi = start()
    kept = prepare(heketi, "expand")
    client, other = heketi.client(), heketi.client()
    path = next(path for path in paths(client) if not path.endswith(kept["id"]))
    after(client, 1, lambda: other.operate("POST", f"{path}/clone", {"name": "copy"}))
    error = fails(client, want("copy", 0, clone_of="v"), known_volumes=["kept"])
    assert isinstance(error, Conflict)
    twins = [info["id"] for info in map(other.get, paths(other)) if info["name"] == "copy"]
    for key in twins:
        assert key in str(error)


def test_the_answer_to_a_clone_lost(start: Start) -> None:
    """While it is made, its name is nowhere in Heketi."""
    heketi = start()
    lost = {"method": "POST", "path": "/clone$", "drop": "after", "times": 1}
    prepare(heketi, "expand", requests=[lost], faults=[{"command": "snapshot create", "delay": 0.5}])
    wanted = want("copy", 0, clone_of="v")
    with contextlib.suppress(OutcomeUnknown):
        reconcile(heketi.client(), [wanted])
    reconcile(heketi.client(), [wanted])
    assert in_heketi(heketi) == {"kept": 2, "v": 2, "copy": 2}
    assert reconcile(heketi.client(), [wanted])[0] == []


def test_heketi_killed_while_it_clones(start: Start) -> None:
    """For good: Heketi cannot clean up a clone."""
    heketi = start()
    prepare(heketi, "expand", faults=[{"command": "snapshot create", "delay": 1000}])
    wanted = want("copy", 0, clone_of="v")
    error = meanwhile(wanted, heketi.restart, heketi.client(clock=Hasty()))
    assert isinstance(error, OutcomeUnknown)
    assert re.search(r"clone-volume \w+ \(stale\)", str(error)), str(error)
    refused = fails(heketi.client(), wanted)
    assert isinstance(refused, Refused) and "It cannot clean up a clone by itself" in str(refused)
    refused = fails(heketi.client(), wanted, clean_up=True)
    assert isinstance(refused, Refused)
    assert re.search(r"Heketi could not clean up clone-volume \w+ \(stale\)", str(refused))
    assert in_gluster(heketi) == {"kept": ("Started", 3), "v": ("Started", 3)}
