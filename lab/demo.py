# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make demo`: from nothing to a sealed share, mounted by its tenant and by nobody else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time

from lab.state import ROOT, Lab

NAME = "demo"
SHARE = "tenant-a-data"
PATH = "/srv/data"


class DemoError(Exception):
    """A step did not go as it should: what was expected, and where to look."""


def say(started: float, text: str) -> None:
    print(f"[{time.monotonic() - started:4.0f} s] {text}", flush=True)


def on(node: str, command: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "lab", "shell", node, "--name", NAME, "--", command]
    return subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)


def site(log: str) -> dict[str, dict[str, int]]:
    """Run the collection's site playbook; by host, its counts."""
    lab = Lab(NAME)
    words = ["ansible-playbook", "glusterops.shares.site", "-i", lab.path("inventory.yml")]
    words += ["-e", f"@{ROOT}/lab/vars.yml", "-e", f"@{ROOT}/lab/demo.yml"]
    with open(log, "w", encoding="utf-8") as stream:
        done = subprocess.run(words, stdout=stream, stderr=stream, check=False)
    with open(log, encoding="utf-8") as stream:
        said = stream.read()
    if done.returncode:
        raise DemoError(
            "the site playbook failed:\n" + "\n".join(said.splitlines()[-25:]) + f"\nAll of it is in {log}."
        )
    recap = re.findall(r"^(\S+) +: (ok=.*)$", said, re.MULTILINE)
    return {host: {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", counts)} for host, counts in recap}


def check_refused(node: str, reason: str) -> None:
    """Try to mount the share on C(node), which must fail, and for that reason."""
    log = "/var/log/glusterfs/mnt-try.log"
    on(node, f"mkdir -p /mnt/try; rm -f {log}; timeout 30 mount -t glusterfs server1:/{SHARE} /mnt/try")
    seen = on(node, "sleep 1; ls /mnt/try; findmnt -t fuse.glusterfs /mnt/try").stdout.strip()
    on(node, "umount -l /mnt/try")
    if seen:
        raise DemoError(f"{node} could mount {SHARE}, and should not: {seen}")
    if on(node, f"grep -q '{reason}' {log}").returncode:
        raise DemoError(f"{node} could not mount {SHARE}, but not because of '{reason}': see {log} there")


def main() -> int:
    started = time.monotonic()
    say(started, "Bringing the lab up: three servers, two tenants' hosts, one host that is nobody, and a Heketi.")
    if subprocess.run([sys.executable, "-m", "lab", "up", "--name", NAME], check=False).returncode:
        return 1
    log = os.path.join(os.path.dirname(Lab(NAME).folder), f"{NAME}-site.log")
    try:
        say(started, "Running glusterops.shares.site: identities, shares, mounts.")
        recap = site(log)
        changed = sum(counts["changed"] for counts in recap.values())
        say(
            started, f"Done: {changed} changes on {len(recap)} machines." if changed else "Done: nothing had to change."
        )
        text = f"Hello, it is {time.strftime('%H:%M:%S')}"
        if on("host1", f"echo '{text}' > {PATH}/hello && sync").returncode:
            raise DemoError(f"host1 could not write to {PATH}")
        if on("host1", f"cat {PATH}/hello").stdout.strip() != text:
            raise DemoError(f"host1 did not read what it wrote to {PATH}/hello")
        size = on("host1", f"df --output=size,avail -h {PATH} | tail -1").stdout.split()
        say(started, f"host1 (tenant-a) mounted {SHARE} on {PATH}, limited to {size[0]}; it wrote a file and read it.")
        check_refused("host2", "Server authentication failed")
        say(started, "host2 (tenant-b, not on the share's access list) was refused by the servers.")
        check_refused("host3", "could not load our cert")
        say(started, "host3 (nobody) has no certificate, and cannot even talk to the servers.")
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    print(f"""
  The mount command:   mount -t glusterfs server1:/{SHARE} {PATH}
  Look around:         make shell HOST=server1    gluster volume info {SHARE}
                       make shell HOST=host1      ls -l {PATH}
                       make shell HOST=host2      mount -t glusterfs server1:/{SHARE} /mnt    # is refused
  Run it again:        export PATH=$PWD/.venv/bin:$PATH ANSIBLE_COLLECTIONS_PATH=$PWD/build/tree
                       ansible-playbook glusterops.shares.site -i {os.path.relpath(Lab(NAME).path("inventory.yml"))} \\
                           -e @lab/vars.yml -e @lab/demo.yml    # as root, from here
  What Ansible said:   {os.path.relpath(log)}
  The inventory:       {os.path.relpath(Lab(NAME).path("inventory.yml"))}
  Remove the lab:      make lab-down (or make clean: with its images)
""")
    return 0


if __name__ == "__main__":
    sys.exit(main())
