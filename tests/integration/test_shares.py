# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from harness import SERVERS, Lab, Run

GIB = 1024**3


def test_seal_start_and_limit(identities: Lab, volume: str) -> None:
    lab = identities
    wanted = {"infrastructure": SERVERS, "shares": [{"name": volume, "identities": ["tenant-a"], "size": "1G"}]}
    done = lab.predicted("server1", "gluster_shares", by=lab.ansible, **wanted)
    assert [change["what"] for change in done["changes"]] == [
        "client.ssl",
        "server.ssl",
        "auth.ssl-allow",
        "cluster.lookup-optimize",
        "features.hard-timeout",
        "features.soft-timeout",
        "user.glusterops-share",
        "started",
        "features.quota",
        "size",
        "auth.ssl-allow",
    ]
    [share] = done["shares"]
    assert share["sealed"] and share["started"] and share["limit"] == GIB
    assert f"<hard_limit>{GIB}</hard_limit>" in lab.gluster(f"--xml volume quota {volume} list")
    # Every server's bricks carry the limit, and tell it without a question to Gluster.
    for server in ("server1", "server2", "server3"):
        assert lab.module(server, "gluster_info", gather=["limits"])["limits"][volume] == GIB

    assert lab.mount("host1", volume) == ""
    lab.run("host1", "dd if=/dev/zero of=/mnt/try/data bs=1M count=300 conv=fsync 2>&1")
    wanted["shares"][0]["size"] = "1.5G"
    lab.predicted("server1", "gluster_shares", **wanted)
    total = lab.run("host1", "df --output=size -B1 /mnt/try | tail -1").stdout
    assert int(total) == GIB * 3 // 2

    wanted["shares"][0]["size"] = "200M"
    done = lab.module("server1", "gluster_shares", **wanted)
    assert done["failed"] and done["error"] == "refused" and not done["changed"], done
    assert f"cannot be limited to 200M: {300 * 1024**2} bytes are stored in it (limit now 1536M)" in done["msg"]
    assert f"<hard_limit>{GIB * 3 // 2}</hard_limit>" in lab.gluster(f"--xml volume quota {volume} list")
    wanted["shares"][0]["size"] = "400M"
    lab.predicted("server1", "gluster_shares", **wanted)
    written = lab.run("host1", "dd if=/dev/zero of=/mnt/try/more bs=1M count=900 conv=fsync 2>&1", check=False)
    assert written.returncode != 0 and "quota exceeded" in written.stdout.lower(), written.stdout
    stored = int(lab.run("host1", "du -sB1M /mnt/try").stdout.split()[0])
    assert stored < 700, f"{stored} MiB are stored in a share of 400 MiB"
    lab.run("host1", "umount /mnt/try")


def test_a_limit_of_an_earlier_quota_does_not_count(identities: Lab, volume: str) -> None:
    """Quota switched off and on leaves the old limit's attribute on the bricks, which limits nothing."""
    lab = identities
    wanted = {"infrastructure": SERVERS, "shares": [{"name": volume, "size": "1G"}]}
    lab.module("server1", "gluster_shares", **wanted)
    lab.gluster(f"volume quota {volume} disable")
    lab.gluster(f"volume quota {volume} enable")
    assert lab.module("server1", "gluster_info", gather=["limits"])["limits"][volume] is None
    done = lab.predicted("server1", "gluster_shares", **wanted)
    assert [change["what"] for change in done["changes"]] == ["features.hard-timeout", "features.soft-timeout", "size"]


def test_an_open_volume_is_not_stopped_unasked(identities: Lab, volume: str) -> None:
    lab = identities
    lab.gluster(f"volume start {volume}")
    wanted = {"infrastructure": SERVERS, "shares": [{"name": volume, "identities": ["tenant-a"]}]}
    done = lab.module("server1", "gluster_shares", **wanted)
    assert done["failed"] and done["error"] == "refused" and "restart: true" in done["msg"], done
    assert "client.ssl" not in lab.options(volume)
    lab.predicted("server1", "gluster_shares", **wanted, restart=True)
    assert lab.options(volume)["client.ssl"] == "on"
    assert lab.mount("host1", volume) == ""
    lab.run("host1", "umount /mnt/try")
    assert "Authentication failed" in lab.mount("host2", volume)


def test_exclusive_takes_strangers_off(identities: Lab, volume: str) -> None:
    lab = identities
    lab.gluster(f"volume set {volume} client.ssl on server.ssl on auth.ssl-allow '*'")
    wanted = {"infrastructure": ["glusterfs-server-*"], "shares": [{"name": volume}]}
    kept = lab.module("server1", "gluster_shares", **wanted, exclusive=False)
    assert kept["failed"] and "holds '*'" in kept["msg"], kept
    done = lab.predicted("server1", "gluster_shares", **wanted)
    assert done["shares"][0]["identities"] == ["glusterfs-server-*"]


def test_one_bad_share_changes_none(identities: Lab, untouched: str) -> None:
    shares = [{"name": untouched, "identities": ["tenant-a"]}, {"name": "no-such-volume"}]
    done = identities.module("server1", "gluster_shares", infrastructure=SERVERS, shares=shares)
    assert done["failed"] and done["error"] == "not_found" and "'no-such-volume' does not exist" in done["msg"], done
    assert "client.ssl" not in identities.options(untouched)


@pytest.mark.parametrize(
    "run, entry, more, message",
    [
        (Lab.module, {"name": "../x"}, {}, "is not a volume name"),
        (Lab.module, {"size": "10 potatoes"}, {}, "size '10 potatoes' is not a size"),
        (Lab.module, {"size": "0G"}, {}, "must be more than nothing"),
        (Lab.module, {"size": "-1G"}, {}, "is not a size"),
        (Lab.module, {"identities": ["tenant*"]}, {}, "identity 'tenant*' is not a valid name"),
        (Lab.module, {"identities": ["a", "a"]}, {}, "identity 'a' stands more than once"),
        (Lab.module, {}, {"infrastructure": []}, "infrastructure must name"),
        (Lab.module, {}, {"infrastructure": ["a", "*"]}, "infrastructure identity '*' is not"),
        (Lab.module, {}, {"known_limits": {"v": "much"}}, "known_limits must give bytes"),
        (Lab.ansible, {}, {"restart": "perhaps"}, "is not a valid boolean"),
        (Lab.ansible, {"colour": "red"}, {}, "colour"),
        (Lab.module, {"size": "1G"}, {"start": False}, "is not started, so it can have no limit"),
    ],
)
def test_bad_input_changes_nothing(
    identities: Lab, untouched: str, run: Run, entry: dict[str, object], more: dict[str, object], message: str
) -> None:
    arguments = {"infrastructure": SERVERS, "shares": [{"name": untouched, **entry}], **more}
    done = run(identities, "server1", "gluster_shares", **arguments)
    assert done["failed"] and message in done["msg"], done
    assert "client.ssl" not in identities.options(untouched)
