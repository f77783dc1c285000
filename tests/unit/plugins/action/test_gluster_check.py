# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
import yaml
from tls_module import TlsModule

from ansible_collections.glusterops.shares.plugins.module_utils._gluster.check import CHECKS
from ansible_collections.glusterops.shares.plugins.modules import gluster_check


@pytest.fixture
def run_module(capsys: pytest.CaptureFixture[str]) -> TlsModule:
    return TlsModule(capsys)


def test_findings_do_not_fail(run_module: TlsModule) -> None:
    done = run_module(
        gluster_check.main,
        check=True,
        machines=[{"name": "server1", "told": {"unreachable": True, "msg": "No route to host"}}],
        clusters=[{"name": "gluster_servers", "servers": ["server1"]}],
        reserved_prefixes=["glusterfs-server-", ""],
    )
    assert not done["changed"] and done["checked"] == ["reachable"]
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


def test_bad_input(run_module: TlsModule) -> None:
    done = run_module(gluster_check.main, machines=[], clusters=[{"name": "nowhere", "servers": []}])
    assert done["failed"] and done["error"] == "bad_input" and "'nowhere' has no servers" in done["msg"]
    shares = [{"name": "data"}, {"name": "data", "identities": ["tenant-a"]}]
    done = run_module(gluster_check.main, machines=[], clusters=[], shares=shares)
    assert done["failed"] and "shares: 'data' stands more than once" in done["msg"]
    done = run_module(gluster_check.main, machines=[], clusters=[], tolerate=["noise"])
    assert done["failed"] and "value of tolerate must be one or more of" in done["msg"]


def test_all_checks_are_documented() -> None:
    documented = yaml.safe_load(gluster_check.DOCUMENTATION)["options"]["tolerate"]["choices"]
    role = pathlib.Path(__file__).parents[4] / "roles" / "check" / "meta" / "argument_specs.yml"
    options = yaml.safe_load(role.read_text())["argument_specs"]["main"]["options"]
    assert documented == list(CHECKS) == options["check_tolerate"]["choices"]
