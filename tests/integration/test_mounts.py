# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import time
import typing as t

import pytest
from harness import SERVERS, Lab, Run

PATH = "/srv/mounted"
AUTOMOUNT = pathlib.Path(__file__).with_name("automount.py").read_bytes()


@pytest.fixture
def share(identities: Lab, volume: str) -> t.Iterator[str]:
    identities.module(
        "server1", "gluster_shares", infrastructure=SERVERS, shares=[{"name": volume, "identities": ["tenant-a"]}]
    )
    yield volume
    for host in ("host1", "host2"):
        identities.module(host, "gluster_mounts", mounts=[{"share": volume, "state": "absent"}])


def what(done: dict[str, t.Any]) -> list[str]:
    return [change["what"] for change in done["changes"]]


def test_mount_and_unmount(identities: Lab, share: str) -> None:
    lab = identities
    mount = {"share": share, "path": PATH, "servers": ["server1", "server2"]}
    done = lab.predicted("host1", "gluster_mounts", by=lab.ansible, mounts=[mount])
    assert done["mounts"] == [{"share": share, "path": PATH, "mounted": True, "guarded": True, "identity": None}]
    lab.run("host1", f"echo kept > {PATH}/file")
    # As at boot.
    lab.run("host1", f"umount {PATH} && mount -a && cat {PATH}/file")
    lab.run("host1", f"umount {PATH}")
    assert lab.run("host1", f"touch {PATH}/local", check=False).returncode != 0, "root writes under the mount"
    done = lab.module("host1", "gluster_mounts", mounts=[mount])
    assert what(done) == ["mounted"]
    assert lab.run("host1", f"cat {PATH}/file").stdout == "kept\n"

    lab.predicted("host1", "gluster_mounts", mounts=[{"share": share, "state": "absent"}])
    assert lab.run("host1", f"test -e {PATH}", check=False).returncode != 0
    assert share not in lab.run("host1", "cat /etc/fstab /proc/mounts").stdout


def test_options_are_those_of_the_mount_and_not_only_of_fstab(identities: Lab, share: str) -> None:
    lab = identities
    mount = {"share": share, "path": PATH, "servers": ["server1"]}
    lab.module("host1", "gluster_mounts", mounts=[mount])
    # Somebody uses it all the while: the kernel's flags are changed under him, the client's options cannot be.
    user = lab.popen("host1", f"cd {PATH} && echo here && exec sleep 300")
    assert user.stdout and user.stdout.readline() == "here\n"
    done = lab.predicted("host1", "gluster_mounts", mounts=[{**mount, "options": ["ro", "nosuid"]}])
    assert what(done) == ["options", "fstab"] and done["changes"][0]["after"] == ["nosuid", "ro"]
    assert "Read-only" in lab.run("host1", f"touch {PATH}/file", check=False).stderr
    assert lab.predicted("host1", "gluster_mounts", mounts=[mount])["changes"][0]["before"] == ["nosuid", "ro"]
    lab.run("host1", f"touch {PATH}/file")
    other = {**mount, "options": ["log-level=warning", "x-systemd.requires=srv-with\\x2dminus.mount"]}
    wrong = {**mount, "options": ["direct-io-mode=sideways"]}
    for entry, message in ((other, f"{PATH} could not be unmounted"), (wrong, f"{PATH} was left as it is, as a mount")):
        for _time in range(2):
            done = lab.module("host1", "gluster_mounts", mounts=[entry])
            assert done["failed"] and message in done["msg"] and done["changes"] == [], done
    lab.run("host1", "pkill -x sleep")
    user.communicate(timeout=60)
    assert what(lab.predicted("host1", "gluster_mounts", mounts=[other])) == ["options", "fstab"]
    assert "--log-level=WARNING" in lab.run("host1", f"pgrep -af '^/usr/sbin/glusterfs .*{PATH}$'").stdout
    # Which options there are, this machine's helper knows.
    unknown = lab.module("host1", "gluster_mounts", mounts=[{**mount, "options": ["acl", "no-such=1"]}])
    assert unknown["error"] == "bad_input" and "'no-such' is unknown to this machine's" in unknown["msg"], unknown
    assert unknown["changes"] == []


def test_a_mount_made_by_hand_is_found_by_any_of_its_names(identities: Lab, share: str) -> None:
    """By a link and by an address: what is underneath is guarded, and never the root of the empty share."""
    lab = identities
    address = lab.run("host1", "getent hosts server1").stdout.split()[0]
    link = PATH.replace("/srv", "/srv/link")
    lab.run("host1", f"ln -sfn /srv /srv/link; mkdir -p {PATH} && mount -t glusterfs {address}:{share} {link}/")
    mount = {"share": share, "path": link, "servers": ["server1"]}
    done = lab.predicted("host1", "gluster_mounts", mounts=[mount])
    assert what(done) == ["directory", "fstab"] and done["mounts"][0]["path"] == link
    assert lab.run("host1", f"stat -c %a {PATH}").stdout == "755\n"
    assert lab.module("host1", "gluster_mounts", mounts=[{**mount, "path": PATH}])["changes"] == []
    lab.run("host1", f"umount {PATH}")
    assert lab.run("host1", f"touch {PATH}/local", check=False).returncode != 0
    lab.run("host1", f"mount {PATH}; umount {PATH}; mount -t glusterfs {address}:/{share} {PATH}")
    strange = lab.module("host1", "gluster_mounts", mounts=[{**mount, "servers": ["server.example"]}])
    assert f"({address}:/{share}): unmount it first" in strange["msg"] and strange["changes"] == [], strange
    gone = {**mount, "state": "absent"}
    strange = lab.module("host1", "gluster_mounts", mounts=[{**gone, "servers": ["server.example"]}])
    assert f"has {address}:/{share}, and none of the servers server.example" in strange["msg"], strange
    assert what(lab.predicted("host1", "gluster_mounts", mounts=[gone])) == ["mounted", "fstab", "directory"]
    assert share not in lab.run("host1", "rm /srv/link; cat /etc/fstab /proc/mounts").stdout


def test_an_automount_of_the_share_is_a_mount(identities: Lab, share: str) -> None:
    lab = identities
    lab.send("host1", AUTOMOUNT, "cat > /root/automount.py")
    begin = f"setsid -f python3 /root/automount.py {PATH} server1:/{share} > /root/automount.log 2>&1 < /dev/null"
    lab.run("host1", f"{begin}; for n in $(seq 50); do grep -q up /root/automount.log && exit; sleep 0.1; done; exit 1")
    mount = {"share": share, "path": PATH, "servers": ["server1"], "options": ["noauto", "x-systemd.automount"]}
    done = lab.predicted("host1", "gluster_mounts", mounts=[mount])
    assert what(done) == ["directory", "fstab"] and done["mounts"][0]["mounted"]
    without = {"share": share, "path": PATH, "state": "absent"}
    assert what(lab.predicted("host1", "gluster_mounts", mounts=[without])) == ["mounted", "fstab", "directory"]
    assert PATH not in lab.run("host1", "cat /proc/mounts").stdout


def test_a_denied_host_is_told(identities: Lab, share: str) -> None:
    lab = identities
    mount = {"share": share, "path": PATH, "servers": ["server1"]}
    done = lab.module("host2", "gluster_mounts", mounts=[mount])
    assert done["failed"] and done["error"] == "refused", done
    assert "could not be mounted" in done["msg"] and "Authentication failed" in done["msg"]
    assert what(done) == ["directory", "fstab"]
    assert lab.run("host2", f"findmnt {PATH}", check=False).stdout == ""
    assert lab.run("host2", f"touch {PATH}/local", check=False).returncode != 0
    # Each other failure with its own cause.
    for others, cause in (
        ({"servers": ["no-such.example"]}, "cannot resolve the name no-such.example (Name or service not known, when"),
        ({"servers": ["fd00::1"]}, "a server cannot be reached (Network is unreachable)"),
        ({"volume": "no-such"}, "the servers know no volume no-such"),
    ):
        done = lab.module("host1", "gluster_mounts", mounts=[{**mount, **others}])
        assert done["failed"] and cause in done["msg"], done
        lab.module("host1", "gluster_mounts", mounts=[{"share": share, **others, "servers": [], "state": "absent"}])
    key, saved = "/etc/glusterfs/tls/current/glusterfs.key", "/root/saved.key"
    lab.run("host1", f"cp -a {key} {saved} && openssl pkey -in {saved} -outform DER -out {key}")
    done = lab.module("host1", "gluster_mounts", mounts=[mount])
    lab.run("host1", f"cp -a {saved} {key}; rm {saved}")
    assert done["failed"] and "could not load private key at" in done["msg"] and "(it is no PEM file)" in done["msg"]
    lab.gluster(f"volume stop {share}")
    done = lab.module("host1", "gluster_mounts", mounts=[mount])
    assert done["failed"] and "bricks do not run: is the volume started" in done["msg"], done


def bricks(lab: Lab, share: str, signal: str) -> None:
    for number in (1, 2, 3):
        lab.run(f"server{number}", f"pkill -{signal} -f '^/usr/sbin/glusterfsd .*volfile-id {share}[.]'")


def test_only_a_dead_mount_is_mounted_again(identities: Lab, share: str) -> None:
    lab = identities
    mount = {"share": share, "path": PATH, "servers": ["server1"]}
    lab.module("host1", "gluster_mounts", mounts=[mount])
    process = f"pgrep -f 'volfile-id=.?{share} {PATH}'"
    before = lab.run("host1", process).stdout
    # A brick that is slow: nobody's mount is replaced, and nothing waits for an answer that does not come.
    bricks(lab, share, "STOP")
    for entry in (mount, {**mount, "state": "absent"}):
        began = time.monotonic()
        done = lab.module("host1", "gluster_mounts", mounts=[entry], timeout=3)
        assert time.monotonic() - began < 15
        assert done["error"] == "timed_out" and "nothing was heard for 3 seconds" in done["msg"], done
        assert done["changes"] == []
    looked = lab.module("host1", "gluster_info", gather=["mounts"])["mounts"]["places"][PATH]
    assert looked["alive"] and "nothing was heard" in looked["trouble"] and looked["directory"] == "guarded", looked
    bricks(lab, share, "CONT")
    assert lab.module("host1", "gluster_mounts", mounts=[mount])["changes"] == []
    # Nor is one without bricks, as a new one would have none either.
    bricks(lab, share, "KILL")
    done = lab.module("host1", "gluster_mounts", mounts=[mount], timeout=20)
    assert done["error"] == "timed_out" and "a new one fails, too: bricks do not run" in done["msg"], done
    lab.gluster(f"volume start {share} force")
    again = f"for n in $(seq 100); do stat -f {PATH} > /dev/null 2>&1 && exit; sleep 0.2; done; exit 1"
    lab.run("host1", again)
    assert lab.module("host1", "gluster_mounts", mounts=[mount])["changes"] == []
    assert lab.run("host1", process).stdout == before

    lab.run("host1", f"pkill -9 -f 'volfile-id=.?{share} {PATH}'")
    assert lab.run("host1", f"ls {PATH}", check=False).returncode != 0
    done = lab.predicted("host1", "gluster_mounts", mounts=[mount])
    assert done["changes"] == [{"subject": PATH, "what": "mounted", "before": "disconnected", "after": share}]


def test_what_else_is_there_stays(identities: Lab, share: str) -> None:
    lab = identities
    lab.run("host1", "mkdir -p /srv/mine && touch /srv/mine/file")
    done = lab.module("host1", "gluster_mounts", mounts=[{"share": share, "path": "/srv/mine", "servers": ["server1"]}])
    assert done["failed"] and "/srv/mine is not an empty directory" in done["msg"], done
    assert (
        lab.run("host1", "ls /srv/mine").stdout == "file\n"
        and "/srv/mine" not in lab.run("host1", "cat /etc/fstab").stdout
    )
    # And what fstab has for the path, however it is spelled.
    mount = {"share": share, "path": PATH, "servers": ["server1"]}
    spelled = PATH.replace("m", "\\\\155")
    for line in (f"/dev/sdz {PATH}/ ext4 noauto 0 0", f"server1:/other {spelled} glusterfs noauto 0 0"):
        lab.run("host1", f"printf '{line}\\n' >> /etc/fstab")
        done = lab.module("host1", "gluster_mounts", mounts=[mount])
        lab.run("host1", "sed -i '$ d' /etc/fstab")
        assert done["error"] == "conflict" and f"{PATH} has another line in fstab" in done["msg"], done
        assert lab.run("host1", f"test -e {PATH}", check=False).returncode != 0 and done["changes"] == []
    lab.run("host1", f"echo SERVER1:{share} {PATH}/ fuse.glusterfs noauto 0 0 >> /etc/fstab")
    assert what(lab.predicted("host1", "gluster_mounts", mounts=[mount])) == ["directory", "fstab", "mounted"]
    assert lab.run("host1", f"grep -c {share} /etc/fstab").stdout == "1\n"


@pytest.mark.parametrize(
    "run, entry, message",
    [
        (Lab.module, {"path": None}, "path is missing"),
        (Lab.module, {"path": "srv"}, "is not an absolute path"),
        (Lab.module, {"path": "/srv/$(id)"}, "is not an absolute path"),
        (Lab.module, {"servers": []}, "servers is empty"),
        (Lab.module, {"servers": ["a;b"]}, "server 'a;b' is not a host name"),
        (Lab.module, {"share": "a b"}, "share 'a b' is not a volume name"),
        (Lab.module, {"options": ["rw,exec"]}, "mount option 'rw,exec' is not of the form"),
        (Lab.module, {"servers": ["s" * 64]}, "is longer than the 63 characters that mount.glusterfs takes"),
        (Lab.module, {"path": "/etc/hostname/x"}, "/etc/hostname/x is not a directory, nor can one be made there"),
        (Lab.ansible, {"state": "gone"}, "value of state must be one of: mounted, absent"),
    ],
)
def test_bad_input_changes_nothing(lab: Lab, run: Run, entry: dict[str, object], message: str) -> None:
    before = lab.run("host1", "cat /etc/fstab; ls /srv").stdout
    mount = {"share": "v", "path": "/srv/bad", "servers": ["server1"], **entry}
    done = run(lab, "host1", "gluster_mounts", mounts=[mount])
    assert done["failed"] and message in done["msg"], done
    assert lab.run("host1", "cat /etc/fstab; ls /srv").stdout == before
