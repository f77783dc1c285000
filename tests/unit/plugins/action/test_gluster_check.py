# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import calendar
import pathlib
import typing as t

import pytest
import yaml
from action_plugin import Asked
from ansible.errors import AnsibleActionFail
from ansible_collections.glusterops.shares.plugins.action.gluster_check import ActionModule
from ansible_collections.glusterops.shares.plugins.module_utils._checks import report
from ansible_collections.glusterops.shares.plugins.module_utils._checks.checks import CHECKS
from ansible_collections.glusterops.shares.plugins.modules import gluster_check

MACHINE = {"version": "10.3", "uuid": None, "op_version": None, "clock": {"ahead": 0.0, "uncertainty": 0.0}}
SILENT = {"name": "server1", "told": {"unreachable": True, "msg": "No route to host"}}


def run(**arguments: t.Any) -> dict[str, t.Any]:
    asked = Asked()
    done = asked.run(ActionModule, **arguments)
    assert asked.calls == []
    return done


def test_findings_do_not_fail() -> None:
    done = run(
        machines=[SILENT],
        clusters=[{"name": "gluster_servers", "servers": ["server1"]}],
        reserved_prefixes=["glusterfs-server-", ""],
    )
    assert not done["changed"] and done["changes"] == [] and done["checked"] == ["reachable"]
    assert done["findings"] == [
        {
            "severity": "error",
            "what": "reachable",
            "where": ["server1"],
            "found": "nothing is known of it: No route to host",
            "advice": "See that it runs, and that ssh, sudo and Python work there.",
        }
    ]
    assert done["table"][2].startswith("ERROR    reachable   server1 ")
    assert "failed" not in done


def test_bad_input() -> None:
    done = run(machines=[], clusters=[{"name": "nowhere", "servers": []}])
    assert done["failed"] and done["error"] == "bad_input" and "'nowhere' has no servers" in done["msg"]
    assert done["changed"] is False
    shares = [{"name": "data"}, {"name": "data", "identities": ["tenant-a"]}]
    done = run(machines=[], clusters=[], shares=shares)
    assert done["failed"] and "shares: 'data' stands more than once" in done["msg"]


@pytest.mark.parametrize(
    "given, said",
    [
        ({"tolerate": ["noise"]}, f"value of tolerate must be one or more of: {', '.join(CHECKS)}"),
        ({"shares": [{}]}, "missing required arguments: name found in shares"),
        ({"tolerated": []}, "tolerated"),
    ],
)
def test_what_is_no_argument(given: dict[str, t.Any], said: str) -> None:
    with pytest.raises(AnsibleActionFail) as caught:
        run(machines=[], clusters=[], **given)
    assert said in str(caught.value)


def test_what_follows_from_time_and_prefixes() -> None:
    identity = {
        "common_name": "tenant-a",
        "issuer": "CN=x",
        "serial": "1",
        "not_after": "2026-01-31T00:00:00Z",
        "fingerprint_sha256": "00",
        "bundle_sha256": "11",
        "problem": None,
        "matches": True,
        "key_problem": None,
        "authorities": [],
        "crls": [],
        "lacks_crl": [],
    }
    params: dict[str, t.Any] = {
        "ca_days": 730,
        "machines": [{"name": "host1", "common_name": None, "told": {"identity": identity, "machine": MACHINE}}],
        **{name: [] for name in ("clusters", "shares", "reserved_prefixes", "tolerate")},
    }
    ends = calendar.timegm((2026, 1, 31, 0, 0, 0))

    def found(now: float) -> set[str]:
        return {one["what"] for one in report.report(params, now)["findings"]}

    assert "certificate" in found(ends + 1) and "certificate" not in found(ends - 300 * 86400)
    # Without a prefix, names say nothing: a tenant's is as good as any.
    params["reserved_prefixes"] = [""]
    assert "name" not in found(ends - 300 * 86400)
    params["reserved_prefixes"] = ["", "tenant-"]
    assert "name" in found(ends - 300 * 86400)


def test_all_checks_are_documented() -> None:
    documented = yaml.safe_load(gluster_check.DOCUMENTATION)["options"]
    role = pathlib.Path(__file__).parents[4] / "roles" / "check" / "meta" / "argument_specs.yml"
    options = yaml.safe_load(role.read_text())["argument_specs"]["main"]["options"]
    assert documented["tolerate"]["choices"] == list(CHECKS) == options["check_tolerate"]["choices"]


def outline(options: dict[str, t.Any], deeper: str) -> dict[str, t.Any]:
    names = ("type", "elements", "required", "default", "choices")
    return {
        key: ({name: value[name] for name in names if name in value}, outline(value.get(deeper, {}), deeper))
        for key, value in options.items()
    }


def test_what_is_taken_is_documented() -> None:
    """ansible-test compares it only where the module itself has the specification."""
    documented = yaml.safe_load(gluster_check.DOCUMENTATION)["options"]
    assert outline(documented, "suboptions") == outline(report.SPEC, "options")
