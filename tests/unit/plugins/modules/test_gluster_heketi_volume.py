# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two doors: their parameters, what they return, and how they end. What happens behind is tested elsewhere."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import types
import typing as t

import pytest
import yaml  # type: ignore[import-untyped]
from ansible.module_utils import basic
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import PASS_VARS
from ansible_collections.glusterops.shares.plugins.doc_fragments import _heketi, _heketi_volume
from ansible_collections.glusterops.shares.plugins.module_utils._errors import Conflict
from ansible_collections.glusterops.shares.plugins.module_utils._heketi import client
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.argspec import (
    connection_spec,
    making_spec,
    volume_spec,
)
from ansible_collections.glusterops.shares.plugins.module_utils._heketi.volumes import Desired
from ansible_collections.glusterops.shares.plugins.module_utils._reconcile import Change
from ansible_collections.glusterops.shares.plugins.modules import gluster_heketi_volume, gluster_heketi_volumes

CONNECTION = {"heketi_url": "http://heketi.test:8080", "heketi_key": "a secret"}
ENVIRONMENT = ("HEKETI_CLI_SERVER", "HEKETI_CLI_USER", "HEKETI_CLI_KEY")


@pytest.fixture(autouse=True)
def fixture_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)


def run(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    module: types.ModuleType,
    **params: t.Any,
) -> tuple[int, dict[str, t.Any]]:
    """The exit code and the result of a module that is run with these parameters."""
    # Newer versions tell the parameters only when they are asked to.
    told = {"_ansible_inject_invocation": True} if "inject_invocation" in PASS_VARS else {}
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {**params, **told}}).encode()
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", arguments)
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    # Another test may have made this process a control node, where newer versions tell warnings to the terminal.
    with contextlib.suppress(ImportError):
        monkeypatch.setattr("ansible.module_utils._internal.is_controller", False)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        module.main()
    return t.cast(int, caught.value.code), json.loads(capsys.readouterr().out)


# ---- parameters


@pytest.mark.parametrize(
    "text, spec",
    [
        (_heketi.ModuleDocFragment.DOCUMENTATION, connection_spec()),
        (_heketi_volume.ModuleDocFragment.DOCUMENTATION, making_spec()),
        (_heketi_volume.ModuleDocFragment.VOLUME, volume_spec()),
    ],
)
def test_options_are_documented_as_they_are(text: str, spec: dict[str, dict[str, t.Any]]) -> None:
    documented = yaml.safe_load(text)["options"]
    assert set(documented) == set(spec)
    for name, option in spec.items():
        for what in ("type", "elements", "choices", "default", "required"):
            assert documented[name].get(what) == option.get(what), (name, what)


def test_options_of_a_list_are_those_of_one_volume() -> None:
    one = yaml.safe_load(_heketi_volume.ModuleDocFragment.VOLUME)["options"]
    many = yaml.safe_load(_heketi_volume.ModuleDocFragment.VOLUMES)["options"]["volumes"]["suboptions"]
    assert json.dumps(many).replace("O(volumes[].", "O(") == json.dumps(one)


def test_the_environment_stands_in_for_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(ENVIRONMENT, ("http://from.env", "user-from-env", "key-from-env")):
        monkeypatch.setenv(name, value)
    result = ArgumentSpecValidator(connection_spec()).validate({})
    assert not result.error_messages
    parameters = result.validated_parameters
    assert [parameters[f"heketi_{name}"] for name in ("url", "user", "key")] == [
        "http://from.env",
        "user-from-env",
        "key-from-env",
    ]


def test_the_key_is_a_secret() -> None:
    assert connection_spec()["heketi_key"]["no_log"] is True


@pytest.mark.parametrize(
    "params, message",
    [
        ({}, "missing required arguments: heketi_key, heketi_url, name"),
        ({**CONNECTION, "name": "v", "state": "there"}, "value of state must be one of: present, absent, got: there"),
        ({**CONNECTION, "name": "v", "durability": "raid5"}, "value of durability must be one of: none, replicate-2"),
        (
            {**CONNECTION, "name": "v", "gid": "x"},
            "argument 'gid' is of type",
        ),
        ({**CONNECTION, "name": "v", "snapshot_factor": "x"}, "argument 'snapshot_factor' is of type"),
        ({**CONNECTION, "name": "v", "volume_options": "x"}, "argument 'volume_options' is of type"),
        ({**CONNECTION, "name": "v", "seal": {}}, "argument 'seal' is of type"),
        ({**CONNECTION, "name": "v"}, "size is required when state=present."),
        ({**CONNECTION, "name": "v v", "size": "1G"}, "name 'v v' is not a volume name"),
        ({**CONNECTION, "name": "v", "size": "1G", "heketi_url": "heketi"}, "heketi_url must look like 'https://"),
        ({**CONNECTION, "name": "v", "size": "1G", "request_timeout": -1}, "request_timeout -1 must be from 1 to"),
    ],
)
def test_bad_parameters_of_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], params: dict[str, t.Any], message: str
) -> None:
    code, result = run(monkeypatch, capsys, gluster_heketi_volume, **params)
    assert code == 1 and result["failed"]
    assert message in result["msg"]
    assert "a secret" not in json.dumps({name: value for name, value in result.items() if name != "invocation"})


@pytest.mark.parametrize(
    "params, message",
    [
        ({"volumes": [{"size": "1G"}]}, "missing required arguments: name found in volumes"),
        ({"volumes": [{"name": "v", "colour": 1}]}, "volumes.colour"),
        ({"volumes": [{"name": "v", "durability": "x"}]}, "value of durability must be one of"),
        (
            {"volumes": [{"name": "v", "size": "1G"}, {"name": "w"}]},
            "volumes[1] 'w': size is required when state=present.",
        ),
        ({"volumes": [{"name": "v", "size": "1G"}] * 2}, "volumes: name 'v' stands more than once in the list."),
        ({"volumes": [], "parallel": 0}, "parallel 0 must be from 1 to 64."),
        ({"volumes": [], "parallel": 65}, "parallel 65 must be from 1 to 64."),
    ],
)
def test_bad_parameters_of_many(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], params: dict[str, t.Any], message: str
) -> None:
    code, result = run(monkeypatch, capsys, gluster_heketi_volumes, **CONNECTION, **params)
    assert code == 1 and result["failed"]
    assert message in result["msg"]


@pytest.mark.parametrize("volumes", [[None], [{"name": "v", "size": "1G"}, None], ["x"]])
def test_an_entry_that_is_no_volume_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], volumes: list[t.Any]
) -> None:
    code, result = run(monkeypatch, capsys, gluster_heketi_volumes, **CONNECTION, volumes=volumes)
    assert code == 1 and result["failed"]
    assert "a secret" not in json.dumps(result)


# ---- how they end

CHANGE = Change("v", "size", "1G", "2G")
CHANGED = {"subject": "v", "what": "size", "before": "1G", "after": "2G"}


def pretend(
    monkeypatch: pytest.MonkeyPatch, module: types.ModuleType, ending: t.Callable[..., t.Any]
) -> list[tuple[t.Any, ...]]:
    calls: list[tuple[t.Any, ...]] = []

    def reconcile(heketi: client.HeketiClient, desired: list[Desired], **options: t.Any) -> t.Any:
        options.pop("progress", None)
        options.pop("warn")("look at this")
        calls.append((heketi.connection, desired, options))
        return ending()

    monkeypatch.setattr(module, "reconcile", reconcile)
    return calls


def test_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    calls = pretend(monkeypatch, gluster_heketi_volume, lambda: ([CHANGE], [{"name": "v", "size": "2G"}]))
    params = {
        **CONNECTION,
        "name": "v",
        "size": "2G",
        "known_volumes": ["x"],
        "known_servers": ["s"],
        "_ansible_diff": True,
    }
    code, result = run(monkeypatch, capsys, gluster_heketi_volume, **params)
    assert code == 0
    assert (result["changed"], result["volume"], result["changes"]) == (True, {"name": "v", "size": "2G"}, [CHANGED])
    assert result["diff"] == {"before": {"v": {"size": "1G"}}, "after": {"v": {"size": "2G"}}}
    assert "look at this" in json.dumps(result["warnings"])
    assert result["invocation"]["module_args"]["heketi_key"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    ((connection, desired, options),) = calls
    assert (connection.url, connection.user, connection.key) == ("http://heketi.test:8080", "admin", "a secret")
    assert desired == [Desired("v", size=2)]
    assert options == {
        "known_volumes": ["x"],
        "known_servers": ["s"],
        "clean_up": False,
        "check_room": True,
        "check_mode": False,
    }


def test_many(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    calls = pretend(monkeypatch, gluster_heketi_volumes, lambda: ([], [{"name": "v"}, {"name": "w"}]))
    volumes = [{"name": "v", "size": "2G"}, {"name": "w", "state": "absent"}]
    params = {**CONNECTION, "volumes": volumes, "clean_up": True, "parallel": 3, "_ansible_check_mode": True}
    code, result = run(monkeypatch, capsys, gluster_heketi_volumes, **params)
    assert code == 0
    assert (result["changed"], result["volumes"], result["changes"]) == (False, [{"name": "v"}, {"name": "w"}], [])
    ((_connection, desired, options),) = calls
    assert desired == [Desired("v", size=2), Desired("w", present=False)]
    assert options == {
        "known_volumes": None,
        "known_servers": None,
        "clean_up": True,
        "check_room": True,
        "parallel": 3,
        "check_mode": True,
    }


@pytest.mark.parametrize(
    "module, params, key, value",
    [
        (gluster_heketi_volume, {"name": "v", "size": "2G"}, "volume", {"name": "v", "failed": True}),
        (gluster_heketi_volumes, {"volumes": []}, "volumes", [{"name": "v", "failed": True}]),
    ],
)
def test_failure_tells_what_was_done(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    module: types.ModuleType,
    params: dict[str, t.Any],
    key: str,
    value: t.Any,
) -> None:
    def ending() -> t.NoReturn:
        raise Conflict("one of two failed", volumes=[{"name": "v", "failed": True}], changes=[CHANGE])

    pretend(monkeypatch, module, ending)
    code, result = run(monkeypatch, capsys, module, **CONNECTION, **params)
    assert code == 1
    assert (result["msg"], result["error"], result["failed"]) == ("one of two failed", "conflict", True)
    assert (result["changed"], result["changes"], result[key]) == (True, [CHANGED], value)
    assert "look at this" in json.dumps(result["warnings"])


def test_without_requests(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(client, "REQUESTS_ERROR", "Traceback: no requests")
    code, result = run(monkeypatch, capsys, gluster_heketi_volume, **CONNECTION, name="v", size="1G")
    assert code == 1
    assert "Failed to import the required Python library (requests)" in result["msg"]
