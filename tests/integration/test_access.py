# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from harness import SERVERS, Lab, Run

LIST = "auth.ssl-allow"


@pytest.fixture
def share(identities: Lab, volume: str) -> str:
    """A sealed, started volume whose only tenant is tenant-a."""
    made = identities.module(
        "server1", "gluster_shares", infrastructure=SERVERS, shares=[{"name": volume, "identities": ["tenant-a"]}]
    )
    assert made["changed"], made
    return volume


def test_allow_and_deny(identities: Lab, share: str) -> None:
    lab = identities
    allow = {"name": share, "identities": ["tenant-b"], "infrastructure": SERVERS}
    done = lab.predicted("server1", "gluster_share_access", by=lab.ansible, **allow)
    assert done["share"]["identities"] == sorted([*SERVERS, "tenant-a", "tenant-b"])
    assert set(lab.options(share)[LIST].split(",")) == {*SERVERS, "tenant-a", "tenant-b"}
    done = lab.predicted("server1", "gluster_share_access", **allow, state="absent")
    assert set(lab.options(share)[LIST].split(",")) == {*SERVERS, "tenant-a"}
    only = {**allow, "identities": ["tenant-c"], "exclusive": True}
    lab.predicted("server1", "gluster_share_access", **only)
    assert set(lab.options(share)[LIST].split(",")) == {*SERVERS, "tenant-c"}
    nobody = lab.module(
        "server1", "gluster_share_access", name=share, identities=[], infrastructure=SERVERS, exclusive=True
    )
    assert nobody["share"]["identities"] == SERVERS
    # The volume's own daemons are clients too, and were never cut off.
    clients = lab.module("server2", "gluster_info", gather=["clients"])["clients"]
    assert clients[share]["glustershd"] == 3


def test_twenty_at_once_lose_nothing(identities: Lab, share: str) -> None:
    names = [f"tenant-{number}" for number in range(20)]
    running = [
        identities.start("server1", "gluster_share_access", name=share, identities=[name], infrastructure=SERVERS)
        for name in names
    ]
    for process, name in zip(running, names):
        done = identities.result(process)
        assert done.get("changed") and name in done["share"]["identities"], done
    assert set(identities.options(share)[LIST].split(",")) == {*SERVERS, "tenant-a", *names}


def test_two_servers_at_once(identities: Lab, share: str) -> None:
    """Between servers there is no lock: what the other one overwrote is noticed and done again."""
    running = [
        identities.start(server, "gluster_share_access", name=share, identities=[name], infrastructure=SERVERS)
        for server, name in (("server1", "left"), ("server2", "right"))
    ]
    for process in running:
        assert identities.result(process)["changed"]
    assert {"left", "right"} <= set(identities.options(share)[LIST].split(","))


@pytest.fixture(scope="module")
def sealed(identities: Lab, untouched: str) -> str:
    """A share for all tests that must not change it."""
    wanted = {"infrastructure": SERVERS, "shares": [{"name": untouched, "identities": ["tenant-a"]}]}
    assert identities.module("server1", "gluster_shares", **wanted)["changed"]
    return untouched


@pytest.mark.parametrize(
    "run, arguments, message",
    [
        (Lab.module, {"name": "no-such-volume"}, "Volume 'no-such-volume' does not exist on this cluster"),
        (Lab.module, {"name": "all"}, "share 'all' is not a volume name"),
        (Lab.module, {"identities": ["*"]}, "identity '*' is not a valid name"),
        (Lab.module, {"identities": ["a,b"]}, "identity 'a,b' is not a valid name"),
        (Lab.module, {"identities": []}, "identities is empty"),
        (Lab.module, {"identities": ["x" * 65]}, "is not a valid name: 1 to 64"),
        (Lab.module, {"infrastructure": []}, "infrastructure must name at least the cluster's servers"),
        (Lab.module, {"infrastructure": ["*"]}, "infrastructure identity '*' is not a valid name or pattern"),
        (Lab.ansible, {"level": "ro"}, "value of level must be one of: rw, got: ro"),
        (Lab.module, {"state": "absent", "exclusive": True}, "exclusive says who stays on the list"),
        (Lab.module, {"state": "absent", "identities": [SERVERS[0]]}, "is infrastructure"),
        (
            Lab.module,
            {"identities": [f"{number:064}" for number in range(62)]},
            "more than the 4000 that Gluster can take",
        ),
    ],
)
def test_bad_input_changes_nothing(
    identities: Lab, sealed: str, run: Run, arguments: dict[str, object], message: str
) -> None:
    before = identities.options(sealed)
    given = {"name": sealed, "identities": ["tenant-b"], "infrastructure": SERVERS, **arguments}
    done = run(identities, "server1", "gluster_share_access", **given)
    assert done["failed"] and message in done["msg"], done
    assert identities.options(sealed) == before


def test_an_unsealed_volume_is_refused(identities: Lab, volume: str) -> None:
    done = identities.module("server1", "gluster_share_access", name=volume, identities=["a"], infrastructure=SERVERS)
    assert (
        done["failed"] and done["error"] == "conflict" and "an access list would protect nothing" in done["msg"]
    ), done
    assert LIST not in identities.options(volume)


def test_who_can_mount(identities: Lab, share: str) -> None:
    """The listed tenant mounts, writes and reads back; a denied one, nobody and a foreign CA's certificate do not."""
    lab = identities
    assert lab.mount("host1", share) == ""
    lab.run("host1", "echo written by tenant-a > /mnt/try/file && sync")
    assert lab.run(
        "host1", "umount /mnt/try && mount -t glusterfs server2:/" + share + " /mnt/try && cat /mnt/try/file"
    )
    assert lab.run("host1", "cat /mnt/try/file").stdout == "written by tenant-a\n"
    assert "Authentication failed" in lab.mount("host2", share)
    assert "could not load our cert" in lab.mount("host3", share)

    lab.module("server1", "gluster_share_access", name=share, identities=["tenant-b"], infrastructure=SERVERS)
    assert lab.mount("host2", share) == ""
    assert lab.run("host2", "cat /mnt/try/file").stdout == "written by tenant-a\n"
    lab.module(
        "server1", "gluster_share_access", name=share, identities=["tenant-b"], infrastructure=SERVERS, state="absent"
    )
    cut = lab.run("host2", "for n in $(seq 20); do cat /mnt/try/file || exit 7; sleep 0.5; done", check=False)
    assert cut.returncode == 7, "a denied client still reads after ten seconds"
    assert lab.run("host1", "cat /mnt/try/file").stdout == "written by tenant-a\n"
    lab.run("host2", "umount -l /mnt/try", check=False)
    assert "Authentication failed" in lab.mount("host2", share)
    lab.run("host1", "umount /mnt/try")


def test_a_foreign_ca_with_the_right_name(identities: Lab, share: str, tmp_path: object) -> None:
    lab = identities
    bundle = lab.run("host1", "cat /usr/lib/ssl/glusterfs.ca").stdout
    request = lab.module("host3", "gluster_tls_identity", common_name="tenant-a")
    foreign = lab.ansible(
        "localhost",
        "gluster_tls_ca",
        path=f"{tmp_path}/ca",
        passphrase="of a stranger",
        common_name="stranger",
        sign=[request["request"]],
    )
    try:
        done = lab.module(
            "host3",
            "gluster_tls_identity",
            common_name="tenant-a",
            certificate=foreign["certificates"][0]["certificate"],
            bundle=foreign["bundle"] + bundle,
        )
        assert done["installed"], done
        assert (
            lab.run("host3", "openssl x509 -noout -subject -in /usr/lib/ssl/glusterfs.pem").stdout.split()[-1]
            == "tenant-a"
        )
        assert lab.mount("host3", share) != ""
        assert (
            "certificate"
            in lab.run("server1", "cat /var/log/glusterfs/bricks/srv-*.log | grep -i 'ssl' | tail -20").stdout
        )
    finally:
        lab.run("host3", "rm -rf /etc/glusterfs/tls; rm -f /usr/lib/ssl/glusterfs.*")
