# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A CA that is lost, restored, mistaken for another, or comes to a cluster that somebody sealed by hand."""

from __future__ import annotations

import pathlib
import re
import subprocess
import typing as t

import pytest
import yaml
from harness import SERVERS, Lab, Play, make_by_hand, remove

ALL = {"server1": SERVERS[0], "server2": SERVERS[1], "server3": SERVERS[2], "host1": "tenant-a", "host2": "tenant-b"}
BUNDLE = "/usr/lib/ssl/glusterfs.ca"
# As many a guide for GlusterFS has it: a key and a self-signed certificate a machine, and all of these in each bundle.
BY_HAND = """
rm -rf /etc/glusterfs/tls /usr/lib/ssl/glusterfs.*
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out /usr/lib/ssl/glusterfs.key
openssl req -new -x509 -key /usr/lib/ssl/glusterfs.key -subj /CN={name} -days 300 -out /usr/lib/ssl/glusterfs.pem
cat /usr/lib/ssl/glusterfs.pem
"""


def said(done: Play) -> str:
    return " ".join(done.output.split())


def failed(done: Play) -> set[str]:
    return {host for host, counts in done.hosts.items() if counts["failed"]}


def bundles(lab: Lab) -> set[str]:
    return {lab.run(machine, f"cat {BUNDLE}").stdout for machine in ALL}


def signed(lab: Lab, path: str = "") -> int:
    known = lab.module("localhost", "gluster_tls_info", path=path or f"{lab.folder}/ca")
    return len(known["identities"])


def with_more(lab: Lab, **groups: t.Any) -> Lab:
    """The lab with more in its inventory."""
    with open(lab.inventory, encoding="utf-8") as stream:
        inventory = yaml.safe_load(stream)
    inventory.update(groups)
    more = Lab(lab.folder, "more.yml")
    with open(more.inventory, "w", encoding="utf-8") as stream:
        yaml.safe_dump(inventory, stream)
    return more


@pytest.mark.parametrize("playbook", ["tls", "renew", "rotate_ca", "site"])
def test_a_second_control_node(playbook: str, identities: Lab, tmp_path: pathlib.Path) -> None:
    """Its tls_ca_path is empty."""
    before = bundles(identities)
    done = identities.play(f"glusterops.shares.{playbook}", tls_ca_path=str(tmp_path / "ca"), shares_list=[])
    assert done.rc != 0 and "There is no CA in" in said(done), done.output
    assert ("trust CN=glusterops.shares CA" in said(done)) is (playbook in ("tls", "site")), done.output
    assert not (tmp_path / "ca").exists() and bundles(identities) == before


def test_no_machine_comes_to_another_ca_alone(identities: Lab, tmp_path: pathlib.Path) -> None:
    before = bundles(identities)
    done = identities.play(
        "glusterops.shares.tls", "--limit", "server1", tls_ca_path=str(tmp_path / "ca"), tls_new_ca=True
    )
    assert failed(done) == {"server1"} and "from them: host1, host2, server2, server3 did not" in said(
        done
    ), done.output
    assert not (tmp_path / "ca").exists() and bundles(identities) == before


def test_another_ca_signs_for_no_machine_of_ours(identities: Lab, tmp_path: pathlib.Path) -> None:
    other = str(tmp_path / "other")
    made = identities.ansible("localhost", "gluster_tls_ca", path=other, passphrase="long enough", common_name="Other")
    before = bundles(identities)
    done = identities.play("glusterops.shares.tls", tls_ca_path=other, tls_ca_passphrase="long enough")
    assert made["changed"] and failed(done) == set(ALL) and signed(identities, other) == 0, done.output
    assert "trusts CN=glusterops.shares CA" in said(done) and bundles(identities) == before


@pytest.mark.parametrize(
    "play, sentence",
    [
        ({"serial": 1}, "are not in this batch ('serial')"),
        ({"strategy": "free"}, "cannot be played with 'strategy: free'"),
        ({"when": "inventory_hostname != 'host1'"}, "host1 skipped this, but all machines of the play"),
        ({"when": "inventory_hostname != 'server1'"}, "server1 skipped this, but what is done once is done there"),
    ],
)
def test_all_machines_come_together(
    play: dict[str, t.Any], sentence: str, identities: Lab, tmp_path: pathlib.Path
) -> None:
    condition = {"when": play.pop("when")} if "when" in play else {}
    roles = [{"role": "glusterops.shares.tls", **condition}]
    (tmp_path / "play.yml").write_text(
        yaml.safe_dump([{"hosts": "gluster_servers:gluster_hosts", "gather_facts": False, **play, "roles": roles}])
    )
    number = signed(identities)
    done = identities.play(str(tmp_path / "play.yml"), tls_renew_key=True)
    assert done.rc != 0 and sentence in said(done), done.output
    assert signed(identities) == number
    for machine in ALL:
        identities.run(machine, "test ! -e /etc/glusterfs/tls/pending")


def test_one_machine_under_two_names(identities: Lab) -> None:
    with open(identities.inventory, encoding="utf-8") as stream:
        hosts = yaml.safe_load(stream)["all"]["children"]["lab_nodes"]
    again = {**hosts["vars"], **hosts["children"]["gluster_hosts"]["hosts"]["host2"], "tls_tenant": "tenant-c"}
    twice = with_more(identities, gluster_hosts={"hosts": {"again": again}})
    number = signed(identities)
    done = twice.play("glusterops.shares.tls", tls_renew_key=True)
    assert failed(done) == {"host2", "again"} and "host2 and again are one machine" in said(done), done.output
    # All others have their new keys.
    assert signed(identities) == number + 4
    done = twice.play("glusterops.shares.check")
    assert done.rc != 0 and re.search(r"ERROR +twins +host2, again", done.output), done.output


def test_servers_in_another_group_are_not_taken_for_hosts(identities: Lab) -> None:
    number = signed(identities)
    done = identities.play("glusterops.shares.tls", tls_servers_group="storage")
    assert done.rc != 0 and "has no servers in the group storage" in said(done) and signed(identities) == number


def test_ours_issues_nothing_where_another_signs(identities: Lab) -> None:
    number = signed(identities)
    done = identities.play("glusterops.shares.issue", tls_authority="external", tls_handovers=[{"tenant": "tenant-x"}])
    assert done.rc != 0 and "Another CA signs here (tls_authority)" in said(done) and signed(identities) == number


def test_a_ca_host_that_is_away(identities: Lab) -> None:
    away = with_more(identities, ungrouped={"hosts": {"vault": {"ansible_host": "127.0.0.1", "ansible_port": 1}}})
    done = away.play("glusterops.shares.tls", tls_ca_host="vault")
    assert "The CA host 'vault' (tls_ca_host) cannot be reached, so nothing was signed" in said(done), done.output
    assert not any(counts["unreachable"] for counts in done.hosts.values())


def test_an_older_backup_and_another_passphrase(identities: Lab) -> None:
    """With the two commands that the guide has."""
    lab, backup = identities, f"{identities.folder}/backup.tar"
    folder = str(lab.folder)
    subprocess.run(["flock", f"{folder}/.ca.lock", "tar", "-cf", backup, "-C", folder, "ca"], check=True)
    assert lab.play("glusterops.shares.tls", "--limit", "gluster_servers,gluster_hosts", tls_renew_key=True).rc == 0
    number = signed(lab)
    subprocess.run(["tar", "-xf", backup, "-C", folder], check=True)
    assert signed(lab) == number - 5
    done = lab.play("glusterops.shares.tls")
    assert done.rc == 0 and "was behind what machines have" in said(done), done.output
    assert signed(lab) == number and lab.play("glusterops.shares.tls").changed == 0
    # Its passphrase changes, and the old one opens nothing any more.
    new = pathlib.Path(folder, "ca-passphrase").read_text(encoding="ascii").split()[0][::-1]
    done = lab.play("glusterops.shares.ca_passphrase", tls_ca_new_passphrase=new)
    assert done.rc == 0 and done.changed == 1 and new not in done.output, done.output
    assert "passphrase does not open" in said(lab.play("glusterops.shares.tls", tls_renew_key=True))
    assert lab.play("glusterops.shares.tls", tls_ca_passphrase=new).rc == 0
    old = new[::-1]
    done = lab.play("glusterops.shares.ca_passphrase", tls_ca_passphrase=new, tls_ca_new_passphrase=old)
    assert done.rc == 0 and lab.play("glusterops.shares.tls").rc == 0, done.output
    # Who is revoked right after it was restored is so with what the record lacked, too.
    subprocess.run(["tar", "-xf", backup, "-C", folder], check=True)
    done = lab.play("glusterops.shares.revoke", revoke_name="tenant-b")
    known = lab.module("localhost", "gluster_tls_info", path=f"{folder}/ca")["identities"]
    theirs = [one["revoked"] is not None for one in known if one["common_name"] == "tenant-b"]
    assert len(theirs) > 1 and all(theirs) and failed(done) >= {"host2"}, done.output
    assert lab.play("glusterops.shares.tls", "--limit", "host2", tls_renew_key=True).rc == 0


def test_a_cluster_that_was_sealed_by_hand(identities: Lab) -> None:
    """It comes to our CA, and a client writes on. Whoever has an old certificate is let in until these go."""
    lab = identities
    theirs = "".join(lab.run(machine, BY_HAND.format(name=name)).stdout for machine, name in ALL.items())
    for machine in ALL:
        lab.send(machine, theirs.encode(), f"cat > {BUNDLE}")
    volume = make_by_hand(lab, "by-hand")
    for option, value in (("auth.ssl-allow", ",".join(ALL.values())), ("client.ssl", "on"), ("server.ssl", "on")):
        lab.gluster(f"volume set {volume} {option} {value}")
    lab.gluster(f"volume start {volume}")
    assert lab.mount("host1", volume) == ""
    writing = lab.popen(
        "host1",
        "set -e; cd /mnt/try; n=0; until [ -e /root/enough ]; do n=$((n + 1)); echo $n >> file; sync -d file; done",
    )
    lab.run("host2", "mkdir -p /root/old && cp -a /usr/lib/ssl/glusterfs.* /root/old/")
    number = signed(lab)

    done = lab.play("glusterops.shares.tls")
    assert failed(done) == set(ALL) and signed(lab) == number, done.output
    for name in ALL.values():
        assert f"CN={name}" in said(done)
    assert bundles(lab) == {theirs}

    done = lab.play("glusterops.shares.tls", tls_new_ca=True)
    # Each trusts the new CA, and only then has its certificate.
    assert done.rc == 0 and min(done.hosts[machine]["changed"] for machine in ALL) == 2, done.output
    (both,) = bundles(lab)
    assert both.count("BEGIN CERTIFICATE") == 1 + len(ALL)
    for machine, name in ALL.items():
        issuer = lab.run(machine, "openssl x509 -noout -issuer -subject -in /usr/lib/ssl/glusterfs.pem").stdout
        assert "glusterops.shares CA" in issuer and name in issuer
    assert lab.mount("host2", volume) == ""
    # With its old certificate, as soon as it trusts the new CA.
    keep = "for f in key pem; do cp -a --remove-destination /root/old/glusterfs.$f /usr/lib/ssl/; done"
    lab.run("host2", keep)
    assert lab.mount("host2", volume) == ""
    again = lab.play("glusterops.shares.tls")
    assert again.rc == 0 and "are trusted: CN=" in said(again), again.output
    assert lab.mount("host2", volume) == ""

    done = lab.play("glusterops.shares.tls", tls_other_cas="drop")
    assert done.rc == 0, done.output
    (ours,) = bundles(lab)
    assert ours.count("BEGIN CERTIFICATE") == 1 and lab.mount("host2", volume) == ""
    lab.run("host2", keep)
    assert lab.mount("host2", volume) != ""
    assert lab.play("glusterops.shares.tls").rc == 0 and lab.mount("host2", volume) == ""
    lab.run("host1", "touch /root/enough")
    out, err = writing.communicate(timeout=60)
    assert writing.returncode == 0, out + err
    lines = lab.run("host1", "rm /root/enough; cat /mnt/try/file").stdout.split()
    assert len(lines) > 100 and lines == [str(number + 1) for number in range(len(lines))]
    for host in ("host1", "host2"):
        lab.run(host, "umount /mnt/try; rm -rf /root/old")
    remove(lab, volume)
