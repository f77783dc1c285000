# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where shares are made, kept and removed, a machine that answers what it likes costs nobody else a share."""

from __future__ import annotations

import json
import pathlib
import re
import typing as t

import pytest
from harness import SERVERS, Lab, Play
from lying import LIES, lying, told

PATH = "/srv/kept"
KEPT: dict[str, t.Any] = {
    "name": "kept",
    "size": "1G",
    "identities": ["tenant-a"],
    "mounts": [{"host": "host1", "path": PATH}],
    "snapshots": [{"keep": 2}],
}
GONE = {"name": "gone", "size": "1G", "identities": ["tenant-b"], "mounts": [{"host": "host2", "path": "/srv/gone"}]}
REMOVAL = {"remove_share_name": "gone", "remove_share_force": True}
VARIABLES = {"renew": {"tls_renew_key": True}, "topology": {"topology_purge": True}}
# The volume of each is the other's.
SWAPPED = """
for one in answer.get("holdings") or []:
    one["share"] = {"kept": "gone", "gone": "kept"}.get(one["share"], one["share"])
"""


@pytest.fixture(scope="module")
def shares(identities: Lab) -> t.Iterator[Lab]:
    """With two, and a file in the one that shall stay."""
    made = identities.play("glusterops.shares.site", shares_list=[KEPT, GONE])
    assert made.rc == 0, made.output
    identities.run("host1", f"echo mine > {PATH}/file; sync")
    yield identities
    for share in (KEPT, GONE):
        removed = identities.play("glusterops.shares.remove_share", **{**REMOVAL, "remove_share_name": share["name"]})
        assert removed.rc == 0, removed.output


@pytest.fixture
def both(shares: Lab) -> Lab:
    """Both shares, if one was removed."""
    if not {"kept", "gone"} <= shares.volumes().keys():
        made = shares.play("glusterops.shares.site", shares_list=[KEPT, GONE])
        assert made.rc == 0, made.output
    return shares


@pytest.fixture(scope="module")
def topology(shares: Lab) -> pathlib.Path:
    """An inventory that declares what Heketi has."""
    servers = {
        f"server{number}": {
            "topology_manage": f"server{number}",
            "topology_zone": number,
            "topology_devices": ["/srv/bricks/sdb"],
        }
        for number in (1, 2, 3)
    }
    declared = shares.folder / "declared.yml"
    declared.write_text(json.dumps({"gluster_servers": {"hosts": servers}}))
    return declared


def check_kept(lab: Lab, declared: dict[str, t.Any]) -> None:
    """By a server that does not lie, and on the tenant's host."""
    found = lab.gluster("volume info kept", "server2")
    assert "Status: Started" in found
    assert set(re.findall(r"^auth.ssl-allow: (.*)$", found, re.MULTILINE)[0].split(",")) == {
        *SERVERS,
        *declared["identities"],
    }
    assert lab.run("host1", f"findmnt -t fuse.glusterfs {PATH} && cat {PATH}/file").stdout.endswith("mine\n")


def check_blame(done: Play, liar: str) -> None:
    """What failed is the liar, or tells that it is about it."""
    for host, said in re.findall(r"^fatal: \[(\S+?)(?: -> \S+)?\]: \S+ => (.*)$", done.output, re.MULTILINE):
        if host != liar and "See above what was found" in said:
            assert set(re.findall(r'^ +"ERROR +\S+ +(\S+)', done.output, re.MULTILINE)) == {liar}, done.output
        else:
            assert host == liar or liar in said, done.output


@pytest.mark.parametrize(
    "liar, name, others",
    [
        ("server1", "programs", ["check", "topology"]),
        ("server3", "more", ["renew", "snapshots"]),
        ("host2", "garbage", ["renew", "check"]),
    ],
)
def test_a_liar_costs_nobody_else_a_share(
    both: Lab, topology: pathlib.Path, liar: str, name: str, others: list[str]
) -> None:
    """Others do what is declared, and what is told of them is so."""
    wider = {**KEPT, "identities": ["tenant-a", f"tenant-{liar}"]}
    declared = {"shares_list": [wider, GONE]}
    with lying(both, liar) as lab:
        made = told(lab, liar, LIES[name], "site", **declared)
        check_blame(made, liar)
        check_kept(lab, wider)
        for playbook in others:
            options = ["-i", str(topology)] if playbook == "topology" else []
            done = told(lab, liar, LIES[name], playbook, *options, **declared, **VARIABLES.get(playbook, {}))
            # Without LVM there are no snapshots, of which each server tells.
            assert done.rc != 0, done.output
            if playbook != "snapshots":
                check_blame(done, liar)
        removed = told(lab, liar, LIES[name], "remove_share", **REMOVAL)
        check_blame(removed, liar)
        assert "gone" not in lab.volumes(), removed.output
        check_kept(lab, wider)


def test_no_server_says_which_volume_goes(both: Lab) -> None:
    """The worker takes one share's volume for the other's."""
    with lying(both, "server1") as lab:
        done = told(lab, "server1", SWAPPED, "remove_share", **REMOVAL)
        said = " ".join(done.output.split())
        assert done.rc != 0 and "server1 tells that share 'gone' is in the volume 'kept'" in said, done.output
        assert {"kept", "gone"} <= lab.volumes().keys()
