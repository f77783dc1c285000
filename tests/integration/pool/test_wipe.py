# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A tenant that leaves its share as nasty as it can, and a wipe that is cut off in its middle and done again."""

from __future__ import annotations

import re
import subprocess
import tempfile
import typing as t

import pytest
from harness import SERVERS, Lab, make_by_hand, remove

VOLUME = "nasty-1G-1"
MOUNT = f"/run/glusterops-shares/{VOLUME}.mount"
PATTERN = "nasty-#{size}G-[0-9]+"
SHARE: dict[str, t.Any] = {"size": "1G", "pattern": PATTERN, "infrastructure": SERVERS}
GONE: dict[str, t.Any] = {"infrastructure": SERVERS, "state": "absent"}

# Runs on a host, in its mount.
LEAVE = r"""
import os, socket, stat, struct

def make(name):
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY))

def nest(top, name, depth):
    os.mkdir(top)
    here = os.open(top, os.O_RDONLY)
    for _level in range(depth):
        os.mkdir(name, dir_fd=here)
        here = os.open(name, os.O_RDONLY, dir_fd=here)
    return here

for number in range(150):
    make(f"file-{number}")
for name in (b"\xff\xfe", b"-rf", b"new\nline", b" ", b"*", "\u00fc".encode(), b"x" * 255, b"..."):
    make(name)
    os.mkdir(b"d" + name[:250])
    make(b"d" + name[:250] + b"/" + name)
for name, target in (("etc", "/etc"), ("srv", "/srv"), ("up", "../.."), ("loop", "loop")):
    os.symlink(target, name)
os.link("file-0", "hard")
os.mkfifo("fifo")
os.mknod("device", stat.S_IFCHR | 0o666, os.makedev(1, 3))
socket.socket(socket.AF_UNIX).bind("socket")
# Neither nest is deeper than Gluster lets one be made. One moved into the other is.
bottom = nest("nest", "n" * 250, 13)
nest("other", "o" * 250, 13)
os.rename("other", "moved", dst_dir_fd=bottom)
os.setxattr(".", "user.note", b"secret")
acl = ((1, 7, -1), (2, 7, 1234), (4, 5, -1), (16, 7, -1), (32, 5, -1))
os.setxattr(".", "system.posix_acl_default", struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *one) for one in acl))
os.chmod(".", 0o2777)
os.chown(".", 1000, 1000)
"""

# Runs on the server: stops its brick once something works in the mount, so that nothing goes on there, and says so;
# when it is told to, kills the mount's client and lets the brick go on.
CUT = r"""
import glob, os, signal, subprocess, sys, time
mount, volume = sys.argv[1:]

def works():
    for link in glob.glob("/proc/[0-9]*/fd/*"):
        try:
            if os.readlink(link).startswith(mount):
                return True
        except OSError:
            pass

def pids(*words):
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        with open(path, "rb") as stream:
            argv = stream.read().decode(errors="replace").split("\0")
        if set(words) <= set(argv):
            yield int(path.split("/")[2])

end = time.monotonic() + 300
while not works():
    if time.monotonic() > end:
        sys.exit("nothing works in the mount")
    time.sleep(0.01)
(brick,) = pids("--brick-name", f"/srv/{volume}")
(client,) = pids("--process-name", "fuse", mount)
os.kill(brick, signal.SIGSTOP)
print("stopped", flush=True)
while not os.path.exists("/root/go-on"):
    time.sleep(0.1)
os.kill(client, signal.SIGKILL)
os.kill(brick, signal.SIGCONT)
"""


@pytest.fixture
def nasty(identities: Lab) -> t.Iterator[Lab]:
    yield identities
    identities.run("server1", "touch /root/go-on")
    identities.run("host1", "umount -l /mnt/try", check=False)
    identities.run("host2", "umount -l /mnt/try", check=False)
    identities.run("server1", f"umount -l {MOUNT}; rm -rf --one-file-system {MOUNT} /srv/outside", check=False)
    remove(identities, VOLUME)


def share(lab: Lab, **arguments: t.Any) -> dict[str, t.Any]:
    done = lab.module("server1", "gluster_share", **arguments)
    assert not done["failed"], done["msg"]
    return done


def test_a_nasty_tenant(nasty: Lab) -> None:
    lab = nasty
    make_by_hand(lab, VOLUME)
    share(lab, name="old", identities=["tenant-a"], **SHARE)
    # What a share from a pool gets has it off.
    lab.gluster(f"volume set {VOLUME} features.trash on")
    lab.gluster(f"volume stop {VOLUME}")
    lab.gluster(f"volume start {VOLUME}")
    assert lab.mount("host1", VOLUME) == ""
    lab.run("host1", "cd /mnt/try && mkdir d && echo secret | tee top d/inner && rm -r top d && ls .trashcan/top*")
    lab.gluster(f"volume set {VOLUME} features.trash off")
    lab.gluster(f"volume stop {VOLUME}")
    lab.gluster(f"volume start {VOLUME}")
    lab.run("host1", f"umount -l /mnt/try && mount -t glusterfs -o acl server1:/{VOLUME} /mnt/try")
    lab.run("host1", f"cd /mnt/try && python3 - <<'END'\n{LEAVE}\nEND")
    lab.run("server1", f"mkdir -p {MOUNT} /srv/outside && touch {MOUNT}/local /srv/outside/file")
    lab.run("server1", "rm -f /root/go-on")
    before = lab.run("server1", "find /etc /srv/outside | sort | md5sum").stdout

    cutting = lab.popen("server1", f"python3 - {MOUNT} {VOLUME} <<'END'\n{CUT}\nEND")
    words = lab.asking("server1", "gluster_share", name="old", **GONE)
    with tempfile.TemporaryFile("w+") as out:
        wiping = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, text=True)
        assert cutting.stdout and cutting.stdout.readline() == "stopped\n" and wiping.stderr
        said = iter(wiping.stderr.readline, "")
        assert any(f"{VOLUME}: " in line and " removed (" in line for line in said), "no line while it was blocked"
        lab.run("server1", "touch /root/go-on")
        _out, rest = wiping.communicate(timeout=600)
        out.seek(0)
        told = out.read()
    assert cutting.wait(10) == 0, cutting.communicate()
    assert wiping.returncode == 2 and re.search("endpoint is not connected|caused connection abort", told), told + rest
    assert lab.run("server1", f"ls {MOUNT}").stdout == "local\n"
    assert lab.mount("host2", VOLUME) != ""

    done = share(lab, name="old", **GONE)
    assert lab.run("server1", f"ls {MOUNT}; grep -c {VOLUME} /proc/self/mountinfo", check=False).stdout == "local\n0\n"
    assert lab.run("server1", f"pgrep -f '[p]rocess-name fuse.*{MOUNT}'", check=False).stdout == ""
    assert lab.run("server1", "find /etc /srv/outside | sort | md5sum").stdout == before
    assert done["wiped"]["files"] > 0 and done["wiped"]["directories"] > 26

    lab.gluster(f"volume set {VOLUME} auth.ssl-allow {','.join([*SERVERS, 'tenant-b'])}")
    assert lab.mount("host2", VOLUME) == ""
    assert lab.run("host2", "cd /mnt/try && ls -A && stat -c '%u %g %a' . && getfattr -d -m - .").stdout == "0 0 755\n"
    for number in (1, 2, 3):
        find = f"find /srv/{VOLUME} -mindepth 1 -maxdepth 1 ! -name '.glusterfs*'"
        assert lab.run(f"server{number}", find).stdout == ""
