# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import hashlib
import json
import re
import typing as t
import urllib.parse

import certifi
import pytest
import requests
import urllib3
from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    Conflict,
    GlusterOpsError,
    NotFound,
    OutcomeUnknown,
    Refused,
    TimedOut,
    Unreachable,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi import client as client_module
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.client import HeketiClient, pauses
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.connection import Connection, sign
from ansible_collections.glusterops.shares.tests.unit.plugins.module_utils._heketi.scripted import (
    KEY,
    NO_ID,
    PENDING,
    Answer,
    Clock,
    ScriptedHeketi,
    accepted,
    connect,
    done,
)
from hypothesis import given
from hypothesis import strategies as st

ID = "d" * 32
LOST = requests.exceptions.ConnectionError(urllib3.exceptions.ProtocolError("Connection aborted.", OSError("reset")))


def refused_connection() -> requests.exceptions.ConnectionError:
    reason = urllib3.exceptions.NewConnectionError(t.cast(t.Any, None), "[Errno 111] Connection refused")
    pool = urllib3.HTTPConnectionPool("heketi.test")
    return requests.exceptions.ConnectionError(urllib3.exceptions.MaxRetryError(pool, "/", reason))


@pytest.fixture(name="server")
def fixture_server() -> tuple[HeketiClient, ScriptedHeketi, Clock]:
    clock = Clock()
    return (*connect(clock), clock)


# ---- signing


def test_sign_gives_the_very_token_that_a_real_heketi_took() -> None:
    # transcripts/04-jwt.txt, "ok lower-case scheme"
    assert sign("admin", "adminkey", "GET", "/clusters", 1795218154.9) == (
        "eyJhbGciOiAiSFMyNTYiLCAidHlwIjogIkpXVCJ9.eyJpc3MiOiAiYWRtaW4iLCAiaWF0IjogMTc5NTIxODE1NCwgImV4cCI6IDE3OTUyMTg0"
        "NTQsICJxc2giOiAiNDc0OWE1OWRlODdjMjdjOWIyZjQ5NWM1ZjEzMDliMjUyNTY4MWRmZTMwYzhhN2I4MzYyNTkwMWIxMzJhOWMyNiJ9."
        "Lw1S_L-xBCJM1LUc5wHuZvt5ua5GoKM3bcm78-eRMUI"
    )


def claims_of(token: str) -> dict[str, t.Any]:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@given(
    method=st.sampled_from(["GET", "POST", "DELETE"]),
    path=st.text(alphabet="abc/-_0123456789 %é", min_size=1),
    now=st.floats(min_value=0, max_value=4e9),
    key=st.text(min_size=1),
)
def test_sign_covers_method_and_decoded_path_in_whole_seconds(method: str, path: str, now: float, key: str) -> None:
    token = sign("admin", key, method, urllib.parse.quote("/" + path), now)
    claims = claims_of(token)
    assert claims["qsh"] == hashlib.sha256(f"{method}&/{path}".encode()).hexdigest()
    assert claims["exp"] - claims["iat"] == 300
    assert isinstance(claims["iat"], int) and claims["iat"] <= now < claims["iat"] + 1
    assert "=" not in token


def test_sign_leaves_the_query_out() -> None:
    assert claims_of(sign("admin", "k", "GET", "/a?b=c", 1)) == claims_of(sign("admin", "k", "GET", "/a", 1))


def test_signs_without_the_prefix_that_a_proxy_takes_away() -> None:
    clock = Clock()
    client, heketi = connect(clock)
    client.connection = Connection("http://heketi.test:8080/heketi", KEY)
    heketi._check_signature = lambda request: seen.append(request.headers["Authorization"])  # type: ignore[method-assign]
    seen: list[str] = []
    heketi.on("POST /heketi/x", Answer(202, Location="/heketi/queue/q"))
    heketi.on("GET /heketi/queue/q", done("/volumes/1"))
    heketi.on("GET /heketi/volumes/1", {"id": "1"})
    assert client.operate("POST", "/x", {}) == {"id": "1"}
    signed = [hashlib.sha256(call.encode()).hexdigest() for call in ("POST&/x", "GET&/queue/q", "GET&/volumes/1")]
    assert [claims_of(token)["qsh"] for token in seen] == signed


def test_the_key_is_in_no_text(server: tuple[HeketiClient, ScriptedHeketi, Clock]) -> None:
    client, heketi, _clock = server
    heketi.on("POST /volumes", LOST)
    with pytest.raises(OutcomeUnknown) as caught:
        client.operate("POST", "/volumes", {})
    told = repr(client.connection) + repr(caught.value) + repr(caught.value.details)
    assert KEY not in told and "bearer" not in told.lower()
    assert caught.value.__suppress_context__


# ---- the connection's options

GOOD = {
    "heketi_url": "https://h:8080/",
    "heketi_user": "admin",
    "heketi_key": "k",
    "validate_certs": True,
    "ca_path": None,
    "request_timeout": 30,
    "operation_timeout": 3600,
    "poll_interval": 1.0,
    "unreachable_timeout": 120,
}


@pytest.mark.parametrize(
    "option, value, message",
    [
        ("heketi_url", "heketi:8080", "heketi_url must look like"),
        ("heketi_url", "ftp://heketi", "heketi_url must look like"),
        ("heketi_url", "http://", "heketi_url must look like"),
        ("heketi_url", "http://h:99999", "heketi_url must look like"),
        ("heketi_url", "http://h:0", "heketi_url must look like"),
        ("heketi_url", "http://h/a?b=c", "heketi_url must look like"),
        ("heketi_url", "http://h/#x", "heketi_url must look like"),
        ("heketi_url", "http://h h/", "heketi_url must look like"),
        ("heketi_url", "http://[h", "heketi_url must look like"),
        ("heketi_url", "http://me:pw@h", "without user"),
        ("heketi_url", "", "heketi_url must look like"),
        ("heketi_key", "", "heketi_key is empty: is the variable that it comes from defined?"),
        ("heketi_user", "", "heketi_user is empty: is the variable that it comes from defined?"),
        ("ca_path", "/nowhere/ca.pem", "ca_path '/nowhere/ca.pem' is not a file with certificates"),
        ("ca_path", __file__, f"ca_path '{__file__}' is not a file with certificates in PEM."),
        ("request_timeout", True, "request_timeout True must be from 1 to 604800 seconds"),
        ("request_timeout", 0, "request_timeout 0 must be from 1 to 604800 seconds"),
        ("operation_timeout", -1, "operation_timeout -1 must be from 1 to 604800 seconds"),
        ("operation_timeout", 10**9, "from 1 to 604800 seconds"),
        ("poll_interval", 0.0, "poll_interval 0.0 must be from 0.01 to 604800 seconds"),
        ("unreachable_timeout", -1, "unreachable_timeout -1 must be from 0 to 604800 seconds"),
        ("poll_interval", float("nan"), "poll_interval nan must be from 0.01 to 604800 seconds"),
    ],
)
def test_bad_connection(option: str, value: t.Any, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        Connection.from_params({**GOOD, option: value})
    assert message in str(caught.value)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "certs, ca, verify", [(True, None, True), (True, certifi.where(), certifi.where()), (False, certifi.where(), False)]
)
def test_good_connection(certs: bool, ca: str | None, verify: bool | str) -> None:
    connection = Connection.from_params({**GOOD, "validate_certs": certs, "ca_path": ca})
    assert (connection.url, connection.verify) == ("https://h:8080", verify)


def test_without_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "REQUESTS_ERROR", "Traceback: no requests")
    with pytest.raises(GlusterOpsError) as caught:
        HeketiClient(Connection("http://h", "k"))
    assert "Failed to import the required Python library (requests)" in str(caught.value)
    assert caught.value.details == {"exception": "Traceback: no requests"}


# ---- operations


def test_operation_that_makes_something(server: tuple[HeketiClient, ScriptedHeketi, Clock]) -> None:
    client, heketi, clock = server
    heketi.on("POST /volumes", accepted())
    heketi.on("GET /queue/q", PENDING, PENDING, done(f"/volumes/{ID}"))
    heketi.on(f"GET /volumes/{ID}", {"id": ID})
    assert client.operate("POST", "/volumes", {"size": 1}) == {"id": ID}
    assert heketi.calls == ["POST /volumes", *["GET /queue/q"] * 3, f"GET /volumes/{ID}"]
    assert heketi.bodies["POST /volumes"] == {"size": 1}
    assert clock.pauses == [0.01] * 3
    assert client.make("/volumes", {"size": 1}) == f"/volumes/{ID}"
    assert heketi.count(f"GET /volumes/{ID}") == 1


def test_the_longer_an_operation_takes_the_rarer_it_is_asked_for(
    server: tuple[HeketiClient, ScriptedHeketi, Clock],
) -> None:
    client, heketi, clock = server
    heketi.on("DELETE /devices/1", accepted())
    heketi.on("GET /queue/q", *[PENDING] * 99, Answer(204))
    client.operate("DELETE", "/devices/1")
    assert clock.pauses[:5] == [0.01] * 5 and clock.pauses[-5:] == [1.0] * 5
    assert clock.pauses == sorted(clock.pauses)


def test_the_first_question_is_for_the_quickest_of_late(server: tuple[HeketiClient, ScriptedHeketi, Clock]) -> None:
    client, heketi, clock = server
    for number in (1, 2, 3):
        heketi.on(f"DELETE /volumes/{number:032x}", accepted(f"q{number}"))
        heketi.on(f"GET /queue/q{number}", *[PENDING] * (20 if number == 1 else 0), Answer(204))
    heketi.on("DELETE /clusters/1", accepted("other"))
    heketi.on("GET /queue/other", Answer(204))
    began = clock.now
    client.operate("DELETE", f"/volumes/{1:032x}")
    took = clock.now - began - clock.pauses[-1] / 2
    clock.pauses.clear()
    client.operate("DELETE", f"/volumes/{2:032x}")
    client.operate("DELETE", f"/volumes/{3:032x}")
    client.operate("DELETE", "/clusters/1")
    # Shorter the next time, should it have ended long before.
    assert clock.pauses == pytest.approx([0.97 * took, 0.97 * 0.97 * took, 0.01], abs=1e-5)


def test_when_it_is_due_it_is_asked_for_soon_again_and_before_that_as_seldom_as_wanted(
    server: tuple[HeketiClient, ScriptedHeketi, Clock],
) -> None:
    client, heketi, clock = server
    heketi.on("DELETE /volumes/1", accepted())
    heketi.on("GET /queue/q", *[PENDING] * 64, Answer(204))
    client.operate("DELETE", "/volumes/1")
    due = 0.97 * (sum(clock.pauses) - clock.pauses[-1] / 2)
    waits = int(due)
    assert waits > 5
    heketi.on("GET /queue/q", *[PENDING] * (waits + 6), Answer(204))
    clock.pauses.clear()
    client.operate("DELETE", "/volumes/1")
    assert clock.pauses[: waits + 1] == pytest.approx([1.0] * waits + [max(due - waits, waits / 50)], abs=1e-5)
    late = clock.pauses[waits + 1 :]
    assert late[0] == pytest.approx(sum(clock.pauses[: waits + 1]) / 50, abs=1e-5)
    assert late == sorted(late) and late[-1] == 1.0


def test_a_slow_spell_is_forgotten(server: tuple[HeketiClient, ScriptedHeketi, Clock]) -> None:
    client, heketi, clock = server
    heketi.on("DELETE /volumes/1", accepted())
    heketi.on("GET /queue/q", *[Answer(204)] * 9, *[PENDING] * 20, Answer(204))
    for _number in range(9):
        client.operate("DELETE", "/volumes/1")
    quick = clock.pauses[-1]
    for _number in range(8):
        heketi.on("GET /queue/q", *[PENDING] * 20, Answer(204))
        clock.pauses.clear()
        client.operate("DELETE", "/volumes/1")
        assert clock.pauses[0] == pytest.approx(0.97 * quick, rel=0.05)
    clock.pauses.clear()
    client.operate("DELETE", "/volumes/1")
    assert clock.pauses[0] > 2 * quick


@pytest.mark.parametrize(
    "reply, answer",
    [
        (Answer(204), None),
        (Answer(200), None),
        (Answer(200, {"tags": {}}), {"tags": {}}),
        (Answer(201, {"id": "1"}), {"id": "1"}),
    ],
)
def test_operation_that_ends_at_once(
    server: tuple[HeketiClient, ScriptedHeketi, Clock], reply: Answer, answer: t.Any
) -> None:
    client, heketi, _clock = server
    heketi.on("POST /clusters", reply)
    assert client.operate("POST", "/clusters", {}) == answer
    heketi.on("DELETE /devices/1", accepted())
    heketi.on("GET /queue/q", PENDING, reply)
    assert client.operate("DELETE", "/devices/1") == answer
    assert heketi.bodies["DELETE /devices/1"] is None


def test_a_failed_operation_is_asked_for_once(server: tuple[HeketiClient, ScriptedHeketi, Clock]) -> None:
    client, heketi, _clock = server
    heketi.on("POST /volumes", accepted())
    heketi.on("GET /queue/q", PENDING, Answer(500, "volume create: v: failed: Host 10.0.0.3 is not connected\n"))
    with pytest.raises(GlusterOpsError) as caught:
        client.operate("POST", "/volumes", {})
    assert caught.value.kind == "error"
    assert str(caught.value) == "Heketi could not do it: volume create: v: failed: Host 10.0.0.3 is not connected."
    assert caught.value.details["http_status"] == 500
    assert heketi.calls == ["POST /volumes", "GET /queue/q", "GET /queue/q"]


@pytest.mark.parametrize("reply", [NO_ID, Answer(401, "Invalid JWT token: Token is expired by 1s"), LOST, Answer(502)])
def test_a_result_that_cannot_be_had_is_unknown(
    server: tuple[HeketiClient, ScriptedHeketi, Clock], reply: Answer | Exception
) -> None:
    client, heketi, _clock = server
    heketi.on("POST /volumes", accepted())
    heketi.on("GET /queue/q", PENDING, reply)
    with pytest.raises(OutcomeUnknown, match="Heketi accepted POST /volumes, but not its result"):
        client.operate("POST", "/volumes", {})
    assert heketi.count("POST /volumes") == 1


def test_a_result_that_is_gone_is_unknown(server: tuple[HeketiClient, ScriptedHeketi, Clock]) -> None:
    client, heketi, _clock = server
    heketi.on("POST /x", accepted())
    heketi.on("GET /queue/q", done(f"/volumes/{ID}"))
    heketi.on(f"GET /volumes/{ID}", NO_ID)
    with pytest.raises(OutcomeUnknown):
        client.operate("POST", "/x", {})


def test_accepted_without_a_place_is_unknown(server: tuple[HeketiClient, ScriptedHeketi, Clock]) -> None:
    client, heketi, _clock = server
    heketi.on("POST /x", Answer(202))
    with pytest.raises(OutcomeUnknown, match="without saying where"):
        client.operate("POST", "/x", {})


def test_an_operation_without_end_times_out(server: tuple[HeketiClient, ScriptedHeketi, Clock]) -> None:
    client, heketi, clock = server
    heketi.on("POST /x", accepted())
    heketi.on("GET /queue/q", PENDING)
    start = clock.now
    with pytest.raises(TimedOut, match="operation_timeout of 3600 seconds"):
        client.operate("POST", "/x", {})
    assert 3600 <= clock.now - start < 3601


@pytest.mark.parametrize(
    "failure", [LOST, requests.exceptions.ReadTimeout("timed out"), Answer(502, "<html>"), Answer(504)]
)
def test_a_change_that_may_have_arrived_is_never_sent_again(
    server: tuple[HeketiClient, ScriptedHeketi, Clock], failure: Answer | Exception
) -> None:
    client, heketi, _clock = server
    heketi.on("POST /volumes", failure)
    with pytest.raises(OutcomeUnknown):
        client.operate("POST", "/volumes", {})
    assert heketi.calls == ["POST /volumes"]


def test_a_change_that_never_arrived_is_sent_again(server: tuple[HeketiClient, ScriptedHeketi, Clock]) -> None:
    client, heketi, clock = server
    timeout = requests.exceptions.ConnectTimeout("no")
    heketi.on(
        "DELETE /volumes/1", refused_connection(), timeout, refused_connection(), Answer(202, Location="/queue/q")
    )
    heketi.on("GET /queue/q", Answer(204))
    assert client.operate("DELETE", "/volumes/1") is None
    assert heketi.count("DELETE /volumes/1") == 4
    assert len(clock.pauses) == 3 + 1


def test_a_change_that_never_arrives_is_unreachable(server: tuple[HeketiClient, ScriptedHeketi, Clock]) -> None:
    client, heketi, clock = server
    heketi.on("POST /x", refused_connection())
    waited = r"It was waited for, 1[12]\d seconds \(unreachable_timeout\)\.$"
    with pytest.raises(
        Unreachable, match=rf"No connection to http://heketi.test:8080/x: .*Connection refused\. {waited}"
    ):
        client.operate("POST", "/x", {})
    # At first soon, and never seldom: when Heketi is back, nobody waits for long.
    assert 115 < sum(clock.pauses) < 126
    assert max(clock.pauses) <= 5 and 24 <= heketi.count("POST /x") < 70


@pytest.mark.parametrize(("patience", "operation", "longest"), [(0, 3600, 0), (20, 3600, 25), (120, 10, 10)])
def test_for_how_long_heketi_is_waited_for(patience: float, operation: float, longest: float) -> None:
    clock = Clock()
    client, heketi = connect(clock, unreachable_timeout=patience, operation_timeout=operation)
    heketi.on("GET /volumes", LOST)
    with pytest.raises(Unreachable):
        client.get("/volumes")
    assert longest / 2 <= sum(clock.pauses) <= longest
    assert bool(patience) == (heketi.count("GET /volumes") > 1)


def test_each_request_is_waited_for_from_its_own_failure_on(
    server: tuple[HeketiClient, ScriptedHeketi, Clock],
) -> None:
    client, heketi, clock = server
    heketi.on("POST /volumes", accepted())
    heketi.on("GET /queue/q", *[PENDING, *[refused_connection()] * 5] * 20, done("/volumes/1"))
    assert client.make("/volumes", {}) == "/volumes/1"
    assert sum(clock.pauses) > 120


def test_what_there_are_other_ways_to_find_out_is_not_waited_for(
    server: tuple[HeketiClient, ScriptedHeketi, Clock],
) -> None:
    client, heketi, clock = server
    heketi.on("GET /db/dump", Answer(504, "<html>"))
    with pytest.raises(Unreachable):
        client.get("/db/dump", patient=False)
    assert not clock.pauses


def test_it_is_told_once_that_heketi_is_waited_for() -> None:
    said: list[str] = []
    clock = Clock()
    client, heketi = connect(clock)
    client._say = said.append
    heketi.on("GET /volumes", *[refused_connection()] * 5, {"volumes": []}, LOST, {"volumes": []})
    client.get("/volumes")
    assert len(said) == 2
    assert re.search(
        r"Connection refused\. Waiting for Heketi, 120 seconds at most \(unreachable_timeout\)\.$", said[0]
    )
    assert re.fullmatch(r"Heketi answers again, \d+ seconds later\.", said[1])
    client.get("/volumes")
    assert len(said) == 4
    # What is waited for without Heketi being away tells nothing.
    heketi.on("GET /volumes", Answer(429, "Server busy."), {"volumes": []})
    client.get("/volumes")
    assert len(said) == 4


@pytest.mark.parametrize("call", ["GET", "POST"])
def test_busy_is_waited_for(server: tuple[HeketiClient, ScriptedHeketi, Clock], call: str) -> None:
    client, heketi, clock = server
    busy = Answer(429, "Server busy. Retry operation later.\n")
    heketi.on(f"{call} /x", *[busy] * 20, Answer(200, {"a": 1}))
    assert (client.get("/x") if call == "GET" else client.operate(call, "/x", {})) == {"a": 1}
    assert heketi.count(f"{call} /x") == 21
    assert clock.pauses[0] < 1 and 15 <= clock.pauses[-1] <= 30


def test_busy_for_ever_times_out(server: tuple[HeketiClient, ScriptedHeketi, Clock]) -> None:
    client, heketi, clock = server
    heketi.on("POST /x", Answer(429, "Server busy. Retry operation later.\n"))
    start = clock.now
    with pytest.raises(TimedOut, match="too busy"):
        client.operate("POST", "/x", {})
    assert 3570 <= clock.now - start <= 3600


@given(st.integers(min_value=1, max_value=40))
def test_pauses_grow_and_differ(number: int) -> None:
    generator = pauses()
    taken = [next(generator) for _number in range(number)]
    for index, pause in enumerate(taken):
        limit = min(0.5 * 2**index, 30.0)
        assert limit / 2 <= pause <= limit


# ---- what answers mean

STATUSES: list[tuple[Answer, type[GlusterOpsError], str]] = [
    (
        Answer(400, "validation failed: size: cannot be blank.\n"),
        BadInput,
        "(HTTP 400): validation failed: size: cannot",
    ),
    (Answer(422, "request unable to be parsed\n"), BadInput, "request unable to be parsed."),
    (NO_ID, NotFound, "(HTTP 404): Id not found."),
    (Answer(409, "Unable to delete cluster"), Conflict, "(HTTP 409): Unable to delete cluster."),
    (Answer(405), Refused, "(HTTP 405)"),
    (Answer(500, "The target exists, contains other items, or is in use."), Refused, "another operation on it"),
    (Answer(503, "Service disabled for maintenance\n"), Refused, "read-only"),
    (Answer(401, "Invalid JWT token: Token used before issued (client and ...)"), Refused, "clock here is ahead"),
    (Answer(401, "Invalid JWT token: Token is expired by 1s"), Refused, "clock here is behind"),
    (Answer(401, "Invalid JWT token: signature is invalid (client ...)"), Refused, "heketi_key is not the key"),
    (Answer(401, "Invalid JWT token: Unknown user"), Refused, "must be 'admin'"),
    (Answer(401, "Administrator access required"), Refused, "only its user 'admin'"),
    (Answer(401, "Invalid qsh claim in token"), Refused, "a proxy in between"),
    (Answer(400, "Client sent an HTTP request to an HTTPS server.\n"), BadInput, "must begin with https://"),
    (Answer(400, "<html>The plain HTTP request was sent to HTTPS port</html>"), BadInput, "must begin with https://"),
    (
        Answer(301, "", Location="https://sso.test/login"),
        Refused,
        "redirected to https://sso.test/login: heketi_url must",
    ),
    (Answer(303, "", Location="/elsewhere"), Refused, "redirected to /elsewhere"),
]


@pytest.mark.parametrize("reply, kind, message", STATUSES)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_status(
    server: tuple[HeketiClient, ScriptedHeketi, Clock],
    method: str,
    reply: Answer,
    kind: type[GlusterOpsError],
    message: str,
) -> None:
    client, heketi, _clock = server
    heketi.on(f"{method} /x", reply)
    with pytest.raises(GlusterOpsError) as caught:
        client.get("/x") if method == "GET" else client.operate(method, "/x", {})
    assert caught.value.kind == kind.kind
    assert message in str(caught.value)
    assert caught.value.details["http_status"] == reply.status
    assert caught.value.details["request"] == f"{method} http://heketi.test:8080/x"
    assert heketi.calls == [f"{method} /x"]


@pytest.mark.parametrize("status", [200, 404, 403, 500])
def test_html_is_not_heketi(server: tuple[HeketiClient, ScriptedHeketi, Clock], status: int) -> None:
    client, heketi, _clock = server
    heketi.on("GET /volumes", Answer(status, "<!DOCTYPE html><html>Sign in</html>"))
    with pytest.raises(Unreachable, match=rf"HTML \(HTTP {status}\), so not by Heketi: is heketi_url right\?"):
        client.get("/volumes")
    assert heketi.calls == ["GET /volumes"]


@pytest.mark.parametrize(
    "failure", [LOST, Answer(200, '{"volumes":["a'), Answer(502, "<html>Bad Gateway"), Answer(503)]
)
def test_reads_are_tried_again(server: tuple[HeketiClient, ScriptedHeketi, Clock], failure: Answer | Exception) -> None:
    client, heketi, clock = server
    heketi.on("GET /volumes", failure, failure, {"volumes": []})
    assert client.get("/volumes") == {"volumes": []}
    assert len(clock.pauses) == 2
    heketi.on("GET /volumes", failure)
    heketi.calls.clear()
    with pytest.raises(Unreachable):
        client.get("/volumes")
    assert heketi.count("GET /volumes") > 5


def test_broken_json_is_shown(server: tuple[HeketiClient, ScriptedHeketi, Clock]) -> None:
    client, heketi, _clock = server
    heketi.on("GET /volumes", Answer(200, '{"volumes":["a'))
    with pytest.raises(Unreachable, match=r"""The answer to GET /volumes is not the JSON that Heketi sends: '\{"vol"""):
        client.get("/volumes")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("self-signed certificate", r"is not trusted \(self-signed certificate\): set ca_path"),
        ("unable to get local issuer certificate", r"is not trusted \(unable .*\): set ca_path"),
        ("certificate has expired", r"has expired, or its CA's has \(certificate .*\): have it renewed"),
        ("certificate is not yet valid", r"is not valid yet \(certificate .*\): compare the clock here"),
        (
            "Hostname mismatch, certificate is not valid for 'h'.",
            r"is for another name \(Hostname .*\): heketi_url must",
        ),
        (
            "IP address mismatch, certificate is not valid for '::1'.",
            r"is for another address \(IP .*\): heketi_url must",
        ),
    ],
)
def test_a_refused_certificate_is_not_tried_again(
    server: tuple[HeketiClient, ScriptedHeketi, Clock], said: str, message: str
) -> None:
    client, heketi, _clock = server
    text = f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {said} (_ssl.c:1006)"
    heketi.on("POST /x", requests.exceptions.SSLError(urllib3.exceptions.SSLError(text)))
    with pytest.raises(Unreachable, match=f"Heketi's certificate at http://heketi.test:8080/x {message}"):
        client.operate("POST", "/x", {})
    assert heketi.calls == ["POST /x"]


def test_a_netrc_does_not_replace_the_token(
    server: tuple[HeketiClient, ScriptedHeketi, Clock], tmp_path: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, heketi, _clock = server
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    heketi.on("GET /volumes", {"volumes": []})
    assert client.get("/volumes") == {"volumes": []}


def test_a_long_answer_is_one_line_in_the_message_and_whole_beside_it(
    server: tuple[HeketiClient, ScriptedHeketi, Clock],
) -> None:
    client, heketi, _clock = server
    text = "Host 10.0.0.1: Unable to delete\n\nHost 10.0.0.2: Unable to delete\n" + "goroutine 1 [running]\n" * 100
    heketi.on("GET /queue/q", Answer(500, text))
    heketi.on("POST /x", accepted())
    with pytest.raises(GlusterOpsError) as caught:
        client.operate("POST", "/x", {})
    assert "Host 10.0.0.1: Unable to delete Host 10.0.0.2: Unable to delete goroutine" in str(caught.value)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600
    assert caught.value.details["body"] == text.strip()
