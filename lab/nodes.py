# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nodes' containers: made, started, looked at, and asked whether they answer."""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import os
import resource
import shutil
import socket
import time
import typing as t
import urllib.error
import urllib.request

from lab.podman import LABEL_HOME, LABEL_LAB, Podman, PodmanError
from lab.report import Inconsistent, LabError, say
from lab.state import HEKETI_PORT, Lab, Node, home

LABEL_NODE = "glusterops.node"
LABEL_SPEC = "glusterops.spec"
WORKERS = 6
T = t.TypeVar("T")


def together(work: t.Callable[[T], t.Any], items: t.Iterable[T]) -> list[t.Any]:
    """Do something for many at once; the first failure is raised when all have ended."""
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(work, items))


def common_arguments() -> list[str]:
    """What every container gets. Without CAP_SYS_RESOURCE nobody may ask for more than the limits there are."""
    limits = [resource.getrlimit(kind)[1] for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC)]
    files, processes = (1048576 if most == resource.RLIM_INFINITY else min(most, 1048576) for most in limits)
    # podman lowers its own limit of processes before it starts anything; one as low as that of files is allowed.
    processes = min(processes, files)
    return [
        "--privileged",
        "--pids-limit=-1",
        "--log-driver=k8s-file",
        f"--ulimit=nofile={files}:{files}",
        f"--ulimit=nproc={processes}:{processes}",
    ]


def choose_runtime(podman: Podman, image: str) -> str:
    """The first OCI runtime that starts a container: crun refuses the cgroups of some machines, runc of others."""
    said = ""
    for runtime in ["", *(name for name in ("crun", "runc") if shutil.which(name))]:
        arguments = ["run", "--rm", "--network=none", *common_arguments(), image, "/bin/true"]
        done = Podman(runtime).run(*arguments, check=False)
        if done.returncode == 0:
            return runtime
        said = (done.stderr.strip().splitlines() or [""])[-1]
    raise LabError(f"podman cannot start a privileged container here: {said}")


def spec(lab: Lab, node: Node, image_id: str) -> str:
    """A digest of what cannot be changed in a container that is there already."""
    words = [image_id, node.role, node.address, node.mac, lab.folder, *common_arguments()]
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()[:16]


def create(podman: Podman, lab: Lab, node: Node, image: str, image_id: str) -> None:
    name = lab.container(node.name)
    argv = ["create", "--name", name, "--hostname", node.name, "--network", lab.network, "--ip", node.address]
    # A fixed MAC address too: a node made anew would else be out of reach until the others' ARP entries expire.
    argv += ["--mac-address", node.mac, "--no-hosts", "--tmpfs=/run:mode=755", "--stop-timeout=3", *common_arguments()]
    argv += ["--volume", f"{lab.path('nodes', node.name)}:/lab:ro"]
    labels = {LABEL_LAB: lab.name, LABEL_HOME: home(), LABEL_NODE: node.name, LABEL_SPEC: spec(lab, node, image_id)}
    for key, value in labels.items():
        argv += ["--label", f"{key}={value}"]
    argv += [image, "/bin/sh", "/lab/init.sh", node.role]
    try:
        podman.run(*argv)
    except PodmanError as error:
        if "already in use" not in error.stderr:
            raise
        # Storage without a container: what podman leaves when it is killed while it creates one.
        if podman.run("container", "exists", name, check=False).returncode == 0:
            raise LabError(f"a container named {name} is not this lab's: remove or rename it") from None
        podman.run("rm", "--force", name, check=False)
        podman.run(*argv)


def really_running(container: dict[str, t.Any]) -> bool:
    """Whether its main process lives; podman does not notice when that was killed together with conmon."""
    if container.get("State") != "running":
        return False
    try:
        with open(f"/proc/{container.get('Pid')}/cmdline", "rb") as stream:
            return b"/lab/init.sh" in stream.read()
    except OSError:
        return False


def start(podman: Podman, container: dict[str, t.Any]) -> None:
    """Start a container from whatever state it is in."""
    one = container["Id"]
    if container.get("State") == "paused" and podman.run("unpause", one, check=False).returncode == 0:
        return
    done = podman.run("start", one, check=False) if container.get("State") != "running" else None
    if done is None or done.returncode:
        settle_death(podman, one)
        done = podman.run("start", one, check=False)
    if done.returncode:
        podman.run("container", "cleanup", one, check=False)
        done = podman.run("start", one, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise Inconsistent(f"{container['Names'][0]} does not start ({said})")


def remove(podman: Podman, containers: t.Iterable[dict[str, t.Any]]) -> None:
    """Remove containers. One whose conmon was killed has to be seen to end first, or its address stays taken."""
    ids = [one["Id"] for one in containers]
    if not ids:
        return
    podman.run("stop", "--time", "3", *ids, check=False)
    shown = podman.run("container", "inspect", "--format", "{{.Id}} {{.State.Status}}", *ids, check=False).stdout
    for one, status in (line.split() for line in shown.splitlines()):
        if status in ("running", "stopping", "paused"):
            settle_death(podman, one)
            podman.run("container", "cleanup", one, check=False)
    podman.remove(ids)


def settle_death(podman: Podman, one: str) -> None:
    """Make podman see that a container has ended.

    When conmon, which would have written down the exit status, was killed too, podman waits for that for ever.
    """
    podman.run("stop", "--time", "0", one, check=False)
    inspected = podman.json("container", "inspect", one)[0]
    if inspected["State"]["Status"] not in ("running", "stopping", "stopped"):
        return
    command = inspected["State"].get("ExitCommand") or inspected.get("ExitCommand") or []
    folder = command[command.index("--tmpdir") + 1] if "--tmpdir" in command else "/run/libpod"
    if os.path.isdir(os.path.join(folder, "exits")):
        with open(os.path.join(folder, "exits", one), "w", encoding="ascii") as stream:
            stream.write("137")


def answers(podman: Podman, lab: Lab, node: Node) -> str:
    """What does not answer on a node; "" if everything does."""
    try:
        with socket.create_connection((node.address, 22), timeout=2) as connection:
            connection.settimeout(3)
            if not connection.recv(4).startswith(b"SSH-"):
                return "sshd"
    except OSError:
        return "sshd"
    if node.role == "server":
        argv = ["exec", lab.container(node.name), "timeout", "10", "gluster", "--mode=script", "pool", "list"]
        if podman.run(*argv, check=False).returncode:
            return "glusterd"
    if node.role == "heketi":
        try:
            with urllib.request.urlopen(f"http://{node.address}:{HEKETI_PORT}/hello", timeout=3):
                pass
        except (urllib.error.URLError, OSError):
            return "heketi"
    return ""


def silent(podman: Podman, lab: Lab, nodes: t.Sequence[Node], patience: float) -> dict[str, str]:
    """The nodes that do not answer within ``patience`` seconds, and which of their services does not."""
    until = time.monotonic() + patience

    def wait(node: Node) -> tuple[str, str]:
        while True:
            missing = answers(podman, lab, node)
            if not missing or time.monotonic() > until:
                return node.name, missing
            time.sleep(0.15)

    return {name: missing for name, missing in together(wait, nodes) if missing}


def last_words(podman: Podman, lab: Lab, name: str, service: str) -> str:
    """The end of a service's log, for the message that says that it does not answer."""
    done = podman.run("exec", lab.container(name), "tail", "-n", "3", f"/var/log/lab/{service}.log", check=False)
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    return " | ".join(lines) or "its log is empty"


def restart(podman: Podman, lab: Lab, names: t.Iterable[str]) -> None:
    def again(name: str) -> None:
        say(f"restarting {name}")
        done = podman.run("restart", "--time", "3", lab.container(name), check=False)
        if done.returncode:
            raise Inconsistent(f"{name} does not restart")

    together(again, names)
