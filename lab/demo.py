# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make demo` and `make demo-heketi`: from nothing to a sealed share, mounted by its tenant and by nobody else."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
import time

from lab.state import ROOT, Lab

PATH = "/srv/data"


@dataclasses.dataclass(frozen=True)
class Demo:
    """lab: its name. options: how it is brought up. variables: files with what a user adds to the inventory."""

    lab: str
    share: str
    options: tuple[str, ...]
    there: str
    does: str
    variables: tuple[str, ...]


QUICKSTART = Demo(
    lab="demo",
    share="data",
    options=("--no-heketi", "--no-topology"),
    there="three bare servers, two tenants' hosts, and one host that is nobody",
    does="a trusted pool, identities, the share, mounts",
    variables=("lab/quickstart.yml",),
)
WITH_HEKETI = Demo(
    lab="demo-heketi",
    share="tenant-a-data",
    options=(),
    there="three servers, two tenants' hosts, one host that is nobody, and a Heketi",
    does="identities, the share, mounts",
    variables=("lab/vars.yml", "lab/demo.yml"),
)


class DemoError(Exception):
    """A step did not go as it should: what was expected, and where to look."""


def say(started: float, text: str) -> None:
    print(f"[{time.monotonic() - started:4.0f} s] {text}", flush=True)


def on(demo: Demo, node: str, command: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "lab", "shell", node, "--name", demo.lab, "--", command]
    return subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)


def site(demo: Demo, log: str) -> dict[str, dict[str, int]]:
    """Run the collection's site playbook; by host, its counts."""
    words = ["ansible-playbook", "glusterops.shares.site", "-i", Lab(demo.lab).path("inventory.yml")]
    words += [word for one in demo.variables for word in ("-e", f"@{ROOT}/{one}")]
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


def check_refused(demo: Demo, node: str, reason: str) -> None:
    """Try to mount the share on C(node), which must fail, and for that reason."""
    log = "/var/log/glusterfs/mnt-try.log"
    on(demo, node, f"mkdir -p /mnt/try; rm -f {log}; timeout 30 mount -t glusterfs server1:/{demo.share} /mnt/try")
    seen = on(demo, node, "sleep 1; ls /mnt/try; findmnt -t fuse.glusterfs /mnt/try").stdout.strip()
    on(demo, node, "umount -l /mnt/try")
    if seen:
        raise DemoError(f"{node} could mount {demo.share}, and should not: {seen}")
    if on(demo, node, f"grep -q '{reason}' {log}").returncode:
        raise DemoError(f"{node} could not mount {demo.share}, but not because of '{reason}': see {log} there")


def main(demo: Demo) -> int:
    started, lab = time.monotonic(), Lab(demo.lab)
    say(started, f"Bringing the lab up: {demo.there}.")
    if subprocess.run([sys.executable, "-m", "lab", "up", "--name", demo.lab, *demo.options], check=False).returncode:
        return 1
    log = os.path.join(os.path.dirname(lab.folder), f"{demo.lab}-site.log")
    try:
        say(started, f"Running glusterops.shares.site: {demo.does}.")
        recap = site(demo, log)
        changed = sum(counts["changed"] for counts in recap.values())
        say(
            started, f"Done: {changed} changes on {len(recap)} machines." if changed else "Done: nothing had to change."
        )
        text = f"Hello, it is {time.strftime('%H:%M:%S')}"
        if on(demo, "host1", f"echo '{text}' > {PATH}/hello && sync").returncode:
            raise DemoError(f"host1 could not write to {PATH}")
        if on(demo, "host1", f"cat {PATH}/hello").stdout.strip() != text:
            raise DemoError(f"host1 did not read what it wrote to {PATH}/hello")
        size = on(demo, "host1", f"df --output=size,avail -h {PATH} | tail -1").stdout.split()
        say(
            started,
            f"host1 (tenant-a) mounted {demo.share} on {PATH}, limited to {size[0]}; it wrote a file and read it.",
        )
        check_refused(demo, "host2", "Server authentication failed")
        say(started, "host2 (tenant-b, not on the share's access list) was refused by the servers.")
        check_refused(demo, "host3", "could not load our cert")
        say(started, "host3 (nobody) has no certificate, and cannot even talk to the servers.")
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    inventory = os.path.relpath(lab.path("inventory.yml"))
    lines = [f"ansible-playbook glusterops.shares.site -i {inventory}", *(f"-e @{one}" for one in demo.variables)]
    again = " \\\n                           ".join([lines[0], " ".join(lines[1:])])
    name = "" if demo is QUICKSTART else f" NAME={demo.lab}"
    print(f"""
  The mount command:   mount -t glusterfs server1:/{demo.share} {PATH}
  Look around:         make shell{name} HOST=server1    gluster volume info {demo.share}
                       make shell{name} HOST=host1      ls -l {PATH}
                       make shell{name} HOST=host2      mount -t glusterfs server1:/{demo.share} /mnt    # is refused
  Run it again:        export PATH=$PWD/.venv/bin:$PATH ANSIBLE_COLLECTIONS_PATH=$PWD/build/tree
                       {again}    # as root, from here
  What Ansible said:   {os.path.relpath(log)}
  The inventory:       {inventory}, and beside it {", ".join(demo.variables)}
  Remove the lab:      make lab-down{name} (or make clean: with its images)
""")
    return 0


if __name__ == "__main__":
    sys.exit(main(WITH_HEKETI if sys.argv[1:] == ["--heketi"] else QUICKSTART))
