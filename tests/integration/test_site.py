# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import subprocess
import typing as t
from unittest import mock

import pytest
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
from harness import ROOT, SERVERS, Lab, Play, make_by_hand, remove
from killing import kill_when

SHARES: list[dict[str, t.Any]] = [
    {
        "name": "site-a",
        "size": "1G",
        "identities": ["tenant-a"],
        "mounts": [{"host": "host1", "path": "/srv/site-a"}],
    },
    {
        "name": "site-both",
        "size": "2G",
        "identities": ["tenant-a", "tenant-b"],
        "mounts": [{"host": "host1", "path": "/srv/both"}, {"host": "host2", "path": "/srv/both"}],
    },
]


def site(lab: Lab, *options: str, shares: list[dict[str, t.Any]] | None = None, **variables: t.Any) -> Play:
    shares = SHARES if shares is None else shares
    return lab.play("glusterops.shares.site", "--diff", *options, shares_list=shares, **variables)


@pytest.fixture(scope="module")
def shares(lab: Lab) -> t.Iterator[Lab]:
    """The site playbook's work on the lab, predicted by check mode before. Without pipelining, as Ansible comes."""
    before = lab.gluster("volume list 2>&1 || true")
    dry = site(lab, "--check")
    assert dry.rc == 0, dry.output
    assert lab.gluster("volume list 2>&1 || true") == before
    with mock.patch.dict(os.environ, ANSIBLE_PIPELINING="0"):
        done = site(lab)
    assert done.rc == 0, done.output
    # What check mode cannot know is only the quota of volumes that do not exist yet.
    assert dry.changed == done.changed - 1, dry.output + done.output
    yield lab
    for share in SHARES:
        removed = lab.play(
            "glusterops.shares.remove_share", "-e", "remove_share_force=true", remove_share_name=share["name"]
        )
        assert removed.rc == 0, removed.output


def test_a_second_run_changes_nothing_and_prints_nothing_secret(shares: Lab) -> None:
    """With all that can be printed, and with answers of a survey: numbers and yes or no arrive as text."""
    survey = {"shares_restart": "yes", "shares_parallel": "4", "tls_valid_days": "365", "tls_ca_become": "no"}
    again = site(shares, "-vvv", **survey)
    assert again.rc == 0 and set(again.hosts) >= {"server1", "server2", "server3", "host1", "host2"}
    assert {host: counts["changed"] for host, counts in again.hosts.items()} == dict.fromkeys(
        again.hosts, 0
    ), again.output

    passphrase = (shares.folder / "ca-passphrase").read_text().strip()
    key = (shares.folder / "heketi.json").read_text().split('"key": "')[1].split('"')[0]
    assert len(passphrase) == 32 and passphrase not in again.output and key not in again.output
    assert "PRIVATE KEY" not in again.output
    assert "ENCRYPTED PRIVATE KEY" in (shares.folder / "ca" / "ca.key").read_text()


def test_tenants_use_their_shares_only(shares: Lab) -> None:
    lab = shares
    lab.run("host1", "echo a > /srv/site-a/whose && echo a > /srv/both/from-a && sync")
    assert lab.run("host2", "cat /srv/both/from-a").stdout == "a\n"
    assert "Authentication failed" in lab.mount("host2", "site-a")
    assert "could not load our cert" in lab.mount("host3", "site-a")
    assert lab.run("host1", "df --output=size -B1G /srv/both | tail -1").stdout.split() == ["2"]
    assert lab.options("site-a")["auth.ssl-allow"] == ",".join([*SERVERS, "tenant-a"])


def test_keys_stay_where_they_were_made(shares: Lab) -> None:
    keys = {node: shares.run(node, "cat /usr/lib/ssl/glusterfs.key").stdout for node in ("server1", "server2", "host1")}
    assert len(set(keys.values())) == 3
    modes = shares.run("server1", "stat -L -c %a:%U /usr/lib/ssl/glusterfs.key").stdout
    assert modes == "600:root\n"
    for path in (shares.folder / "ca").rglob("*"):
        if path.is_file():
            text = path.read_text()
            assert not any(key.split("\n")[1] in text for key in keys.values())


def test_a_declaration_that_changes(shares: Lab) -> None:
    """More room, and a tenant less: the rest stays."""
    lab = shares
    changed = [
        {**SHARES[0], "size": "3G"},
        {**SHARES[1], "identities": ["tenant-a"], "mounts": SHARES[1]["mounts"][:1]},
    ]
    done = site(lab, shares=changed)
    assert done.rc == 0, done.output
    assert lab.run("host1", "df --output=size -B1G /srv/site-a | tail -1").stdout.split() == ["3"]
    assert lab.run("host1", "cat /srv/site-a/whose").stdout == "a\n"
    # A client that is cut off may hang.
    assert lab.run("host2", "timeout 10 ls /srv/both", check=False).stdout == ""
    assert lab.run("host2", "timeout 10 touch /srv/both/local", check=False).returncode != 0
    changed[1]["mounts"] = [*changed[1]["mounts"], {"host": "host2", "path": "/srv/both", "state": "absent"}]
    assert site(lab, shares=changed).hosts["host2"]["changed"] == 1
    assert lab.run("host2", "test -e /srv/both || grep /srv/both /etc/fstab", check=False).returncode != 0
    assert site(lab, shares=changed).changed == 0
    back = site(lab)
    assert back.rc == 0, back.output
    assert lab.run("host2", "cat /srv/both/from-a").stdout == "a\n"


def test_mounts_are_looked_at_again_where_a_list_changed(shares: Lab) -> None:
    """Whoever was taken off has none any more."""
    wider = [SHARES[0], {**SHARES[1], "identities": [*SHARES[1]["identities"], "tenant-c"]}]
    for declared in (wider, SHARES):
        done = site(shares, shares=declared)
        assert done.rc == 0 and done.hosts["server1"]["changed"] == 1, done.output
        mounting = done.output.partition("Mount the shares of this host")[2]
        assert "ok: [host1]" in mounting and "ok: [host2]" in mounting, done.output


def test_a_pool_without_room_holds_nobodys_removal_back(shares: Lab) -> None:
    """Nor does anything else that ends the run, once Heketi has said that the volume is its own."""
    lab = shares
    lab.module("server1", "gluster_share_access", name="site-a", identities=["tenant-b"], infrastructure=SERVERS)
    assert "tenant-b" in lab.options("site-a")["auth.ssl-allow"]
    no_room = {"name": "no-room", "size": "9G", "provisioner": "pool", "pattern": "none-#{size}G", "identities": []}
    done = lab.play("glusterops.shares.shares", shares_list=[*SHARES, no_room])
    assert done.rc != 0 and "no-room" in done.output, done.output
    assert lab.options("site-a")["auth.ssl-allow"] == ",".join([*SERVERS, "tenant-a"])


def test_killed_and_run_again(shares: Lab) -> None:
    """Wherever the playbook is killed, the next run ends its work, and the one after that changes nothing."""
    lab = shares
    # How far it has come with the share's volume.
    stages: dict[str, t.Callable[[Volume], bool]] = {
        "made": lambda volume: True,
        "started": lambda volume: volume.started,
        "limited": lambda volume: volume.options.get("features.quota") == "on",
    }
    declared: list[dict[str, t.Any]] = []
    for stage, reached in stages.items():
        name = f"killed-when-{stage}"
        declared.append({"name": name, "size": "1G", "identities": ["tenant-a"]})

        def look(name: str = name, reached: t.Callable[[Volume], bool] = reached) -> bool:
            found = lab.volumes()
            return name in found and reached(found[name])

        kill_when(lab, lab.playing("glusterops.shares.shares", shares_list=declared[-1:]), look)
    done = lab.play("glusterops.shares.shares", shares_list=declared)
    assert done.rc == 0, done.output
    assert lab.play("glusterops.shares.shares", shares_list=declared).changed == 0
    found = lab.module("server1", "gluster_info", gather=["volumes", "limits"])
    for name in [share["name"] for share in declared]:
        [volume] = [volume for volume in found["volumes"] if volume["name"] == name]
        assert volume["sealed"] and volume["started"] and volume["identities"] == [*SERVERS, "tenant-a"]
        assert found["limits"][name] == 1024**3
        removed = lab.play("glusterops.shares.remove_share", remove_share_name=name)
        assert removed.rc == 0, removed.output
        assert name not in lab.gluster("volume list")


def test_remove_share_asks_for_permission(shares: Lab) -> None:
    lab = shares
    for nothing in ("", " "):
        unnamed = lab.play("glusterops.shares.remove_share", remove_share_name=nothing)
        assert unnamed.rc != 0 and "Which share shall be removed?" in unnamed.output, unnamed.output
    refused = lab.play("glusterops.shares.remove_share", remove_share_name="site-a")
    assert refused.rc != 0 and "site-a is mounted by 1 client. Unmount it first" in refused.output, refused.output
    assert lab.run("host1", "cat /srv/site-a/whose").stdout == "a\n"
    bad = lab.play("glusterops.shares.remove_share", "-e", "remove_share_force=true", remove_share_name="all")
    assert bad.rc != 0 and "'all' is not a volume name" in bad.output, bad.output
    missing = lab.play("glusterops.shares.remove_share", remove_share_name="never-was")
    assert missing.rc == 0 and missing.changed == 0, missing.output


def test_what_heketi_did_not_make_is_not_removed(shares: Lab) -> None:
    """Nor are its tenants denied, or unmounted, before that is known."""
    lab = shares
    name = make_by_hand(lab, "made-by-hand")
    try:
        access = f"{','.join(SERVERS)},tenant-a"
        lab.gluster(f"volume set {name} client.ssl on server.ssl on auth.ssl-allow {access}")
        lab.gluster(f"volume start {name}")
        refused = lab.play("glusterops.shares.remove_share", "-e", "remove_share_force=true", remove_share_name=name)
        assert refused.rc != 0 and "Heketi cannot delete it" in refused.output, refused.output
        assert refused.changed == 0 and lab.options(name)["auth.ssl-allow"] == access
        assert lab.volumes()[name].started
    finally:
        remove(lab, name)


@pytest.mark.parametrize(
    "playbook, variables, message",
    [
        ("site", {"shares_list": [{"name": "x"}]}, "missing required arguments: size"),
        ("shares", {"shares_list": [{"name": "x", "size": "lots", "identities": []}]}, "size 'lots' is not a size"),
        ("shares", {"shares_list": [{"name": "a b", "size": "1G"}]}, "'a b' is not a volume name"),
        ("shares", {"shares_list": [{"name": "x", "size": "1G", "identities": ["a b"]}]}, "'a b' is not a valid name"),
        ("tls", {"tls_ca_passphrase": "wrong-passphrase"}, "passphrase"),
        ("tls", {"tls_key_type": "dsa"}, "must be one of"),
        ("tls", {"tls_tenant": "glusterfs-server-x"}, "begins like a server's or management host's"),
    ],
)
def test_bad_input_changes_nothing(shares: Lab, playbook: str, variables: dict[str, t.Any], message: str) -> None:
    before = shares.gluster("volume info")
    done = shares.play(f"glusterops.shares.{playbook}", **variables)
    assert done.rc != 0 and message in " ".join(done.output.split()), done.output
    assert done.changed == 0 and shares.gluster("volume info") == before


def test_the_package_has_what_a_user_needs(lab: Lab, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Built, installed elsewhere, and run from there."""

    def run(*words: str) -> str:
        done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("ansible-galaxy", "collection", "build", str(ROOT), "--output-path", str(tmp_path))
    [package] = tmp_path.glob("glusterops-shares-*.tar.gz")
    tops = {name.split("/")[0] for name in run("tar", "-tf", str(package)).split()}
    files = {"MANIFEST.json", "FILES.json", "README.md", "CHANGELOG.rst", "CONTRIBUTING.md", "requirements.txt"}
    assert tops <= files | {"LICENSES", "changelogs", "docs", "meta", "playbooks", "plugins", "roles"}
    run("ansible-galaxy", "collection", "install", "--offline", "-p", str(tmp_path / "collections"), str(package))
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(tmp_path / "collections"))
    found = lab.ansible("server1", "gluster_info", gather=["version"], query="version")
    assert found["result"].startswith("1"), found
    assert "glusterops.shares.gluster_shares" in run("ansible-doc", "-l", "glusterops.shares")
