# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the commands do: bring a lab up from any state, take it down, clean up, and tell how it is."""

from __future__ import annotations

import contextlib
import functools
import glob
import ipaddress
import json
import os
import re
import shutil
import subprocess
import time
import typing as t

from lab import heketi_api, image, nodes, vm
from lab.podman import LABEL_HOME, LABEL_LAB, Podman
from lab.report import Inconsistent, LabError, say
from lab.state import ROOT, Lab, Node, Settings, home, lab_lock

CAP_SYS_ADMIN = 21


def check_machine() -> None:
    """Say what is missing before anything is begun."""
    if os.geteuid() != 0:
        raise LabError("the lab needs root (privileged containers, FUSE mounts): run the command with sudo")
    with open("/proc/self/status", encoding="utf-8") as stream:
        capabilities = int(next(line.split()[1] for line in stream if line.startswith("CapEff:")), 16)
    if not capabilities >> CAP_SYS_ADMIN & 1:
        raise LabError("CAP_SYS_ADMIN is missing: use a real or virtual machine, or a privileged container")
    for program, package in (("podman", "podman"), ("ssh", "openssh-client"), ("ssh-keygen", "openssh-client")):
        if not shutil.which(program):
            raise LabError(f"{program} is not installed: apt-get install {package}")
    if not os.path.exists("/dev/fuse"):
        with contextlib.suppress(FileNotFoundError):
            subprocess.run(["modprobe", "fuse"], check=False, capture_output=True)
        if not os.path.exists("/dev/fuse"):
            raise LabError("/dev/fuse is missing, so nothing can be mounted: load the kernel module fuse")


def up(
    name: str, suite: str | None, servers: int | None, hosts: int | None, heketi: bool, topology: bool = True
) -> Lab:
    """Bring a lab up, whatever state it is in. Without topology its servers are in no pool, and Heketi knows none."""
    check_machine()
    if heketi and not os.path.exists(os.path.join(ROOT, "lab", "heketi", "__main__.py")):
        raise LabError("lab/heketi/__main__.py is missing, so there is no Heketi to start: use --no-heketi")
    if name in vm.names():
        raise LabError(f"the lab {name} is a virtual machine: take another name, or take it down first")
    with lab_lock(name):
        return _up(name, {"suite": suite, "servers": servers, "hosts": hosts}, heketi, topology)


def _up(name: str, asked: dict[str, t.Any], heketi: bool, topology: bool) -> Lab:
    avoid: list[str] = []
    remade = False
    while True:
        lab = Lab(name)
        try:
            return _Up(lab, asked, heketi, topology, avoid).run()
        except Inconsistent as why:
            taken = "already allocated" in str(why) and len(avoid) < 20
            if taken:  # podman still counts a dead container's address as taken, and will not forget that
                avoid.append(lab.settings.subnet)
            elif remade:
                raise LabError(f"the lab {name} does not come up: {why}") from None
            say(f"making the lab {name} again: {why}")
            remade = remade or not taken
        asked = {key: value or getattr(lab.settings, key) for key, value in asked.items()}
        heketi = heketi or lab.settings.heketi
        destroy(Podman(lab.settings.runtime), lab)


# What a lab keeps when it is made as new, beside its network.
KEPT = {"lab.json", "nodes", "id_ed25519", "id_ed25519.pub"}
# Prints what a node would not have if it were new.
LEFT = """
find /srv -mindepth 1 ! -path /srv/bricks ! -path /srv/bricks/sdb ! -path /srv/bricks/sdb/.heketi-vg
ls -d /etc/glusterfs/tls /etc/ssl/glusterfs.* /usr/lib/ssl/glusterfs.* /var/lib/glusterd/secure-access
ls -d /var/lib/glusterd/vols/* /var/lib/glusterd/snaps/*/*
grep glusterfs /etc/fstab
findmnt -n -t fuse.glusterfs
"""


def reset(name: str, servers: int | None, hosts: int | None, heketi: bool, topology: bool) -> Lab:
    """Make a lab as if it had been brought up with these options now: same network and keys, and new containers."""
    if name in vm.names():
        with lab_lock(name):
            vm.stop(Lab(name))
        return vm.up(name)
    check_machine()
    with lab_lock(name):
        lab = Lab(name)
        lab.close_connections()
        podman = Podman(lab.settings.runtime)
        nodes.remove(podman, own_containers(podman, name))
        for entry in set(os.listdir(lab.folder)) - KEPT:
            path = lab.path(entry)
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        lab.settings = Settings(suite=lab.settings.suite, subnet=lab.settings.subnet, runtime=lab.settings.runtime)
        lab.save()
        lab = _up(name, {"servers": servers, "hosts": hosts}, heketi, topology)
        for node in lab.nodes():
            left = podman.run("exec", lab.container(node.name), "sh", "-c", LEFT, check=False).stdout.split("\n")
            if left != [""]:
                raise LabError(f"{node.name} of the lab {name} is not as new: it has {left[0]}")
        if lab.settings.heketi and heketi_api.volumes(lab):
            raise LabError(f"Heketi of the lab {name} is not as new: it has volumes")
        return lab


class _Up:
    """One attempt to bring a lab up."""

    def __init__(self, lab: Lab, asked: dict[str, t.Any], heketi: bool, topology: bool, avoid: t.Sequence[str]) -> None:
        self.lab = lab
        self.asked = {key: value for key, value in asked.items() if value}
        self.heketi = heketi
        self.topology = topology
        self.avoid = avoid
        self.podman = Podman(lab.settings.runtime)
        self.image = ""
        self.image_id = ""
        self.busy = False  # whether anything had to be done

    def run(self) -> Lab:
        lab = self.lab
        there = _by_node(own_containers(self.podman, lab.name))
        self._settle(there)
        self._ensure_image()
        if not there:
            lab.close_connections()
            lab.settings.made = []
            lab.settings.pooled = lab.settings.topology = not self.topology
        self._ensure_network()
        changed = lab.write_files()
        lab.save()
        fresh = self._ensure_containers(there)
        there = _by_node(own_containers(self.podman, lab.name))
        self._ensure_running(there, changed, fresh)
        self._ensure_answers()
        self._ensure_pool()
        if self.busy and not fresh:
            self._wait_for_bricks()
        if self.busy:
            extra = "Heketi" if lab.settings.heketi else "no Heketi"
            say(f"lab {lab.name} is up: {lab.settings.servers} servers, {lab.settings.hosts} hosts, {extra}")
        else:
            say(f"lab {lab.name} was up already")
        return lab

    def _settle(self, there: dict[str, dict[str, t.Any]]) -> None:
        """Decide what the lab shall be, from what it is and what was asked for."""
        settings = self.lab.settings
        if there and not self.lab.known:
            raise Inconsistent("its state folder is gone")
        if there and self.asked.get("suite", settings.suite) != settings.suite:
            raise Inconsistent(f"it runs {settings.suite}, and {self.asked['suite']} was asked for")
        if there and self.asked.get("servers", settings.servers) < settings.servers:
            raise Inconsistent(f"it has {settings.servers} servers, and {self.asked['servers']} were asked for")
        for key, value in self.asked.items():
            setattr(settings, key, value)
        settings.heketi = settings.heketi or self.heketi

    def _ensure_image(self) -> None:
        suite = self.lab.settings.suite
        self.image = image.ensure(self.podman, suite, home())
        found = self.podman.image(self.image)
        if found is None:
            raise LabError(f"podman lost the image {self.image}: run the command again")
        self.image_id = found["Id"]

    def _ensure_network(self) -> None:
        lab = self.lab
        network = self.podman.network(lab.network)
        if network is not None:
            labels = network.get("labels") or {}
            if labels.get(LABEL_LAB) != lab.name:
                raise LabError(f"a podman network named {lab.network} is not this lab's: remove or rename it")
            subnet = network["subnets"][0]["subnet"]
            if not lab.settings.made:
                lab.settings.subnet = subnet
            elif lab.settings.subnet != subnet:
                raise Inconsistent(f"its network is {subnet} and was {lab.settings.subnet}")
            return
        argv = ["network", "create", "--disable-dns", "--label", f"{LABEL_LAB}={lab.name}"]
        argv += ["--label", f"{LABEL_HOME}={home()}"]
        if lab.settings.made:
            say("making the lost network again")
            # With the network, podman can give back the addresses and firewall rules of what still runs in it.
            _remove_bridge(self.podman, lab.settings.subnet)
            if self.podman.run(*argv, "--subnet", lab.settings.subnet, lab.network, check=False).returncode:
                raise Inconsistent("its network is lost")
            return
        self.busy = True
        lab.settings.subnet = self._create_network(argv)

    def _create_network(self, argv: list[str]) -> str:
        """Create the network; give its subnet: podman's choice, or the first free one when that is to be avoided."""
        name = self.lab.network
        if self.avoid:
            for number in range(1, 255):
                subnet = f"10.90.{number}.0/24"
                if (
                    subnet not in self.avoid
                    and not self.podman.run(*argv, "--subnet", subnet, name, check=False).returncode
                ):
                    return subnet
        self.podman.run(*argv, name)
        network = self.podman.network(name)
        if network is None:
            raise LabError(f"podman lost the network {name}: run the command again")
        return str(network["subnets"][0]["subnet"])

    def _ensure_containers(self, there: dict[str, dict[str, t.Any]]) -> list[str]:
        """Create what is missing; give the names of the new ones."""
        lab = self.lab
        wanted = lab.nodes()
        lost = [node for node in wanted if node.name not in there and node.name in lab.settings.made]
        for node in wanted:
            old = there.get(node.name)
            if old and old["Labels"].get(nodes.LABEL_SPEC) != nodes.spec(lab, node, self.image_id):
                lost.append(node)
        if any(node.role != "host" for node in lost):
            raise Inconsistent(", ".join(node.name for node in lost) + " lost or made differently")
        surplus = [one for name, one in there.items() if name not in {node.name for node in wanted}]
        nodes.remove(self.podman, surplus + [there[node.name] for node in lost if node.name in there])
        missing = [node for node in wanted if node.name not in there or node in lost]
        if missing:
            self.busy = True
            if not there:
                lab.settings.runtime = nodes.choose_runtime(self.podman, self.image)
                self.podman.runtime = lab.settings.runtime
            say("creating " + ", ".join(node.name for node in missing))
            nodes.together(lambda node: nodes.create(self.podman, lab, node, self.image, self.image_id), missing)
        lab.settings.made = [node.name for node in wanted]
        lab.save()
        return [node.name for node in missing]

    def _ensure_running(
        self, there: dict[str, dict[str, t.Any]], changed: dict[str, str], fresh: t.Sequence[str]
    ) -> None:
        lab = self.lab
        stopped = [one for one in there.values() if not nodes.really_running(one)]
        if stopped:
            self.busy = True
            if len(stopped) > len(fresh):
                say("starting what was not running")
            nodes.together(lambda one: nodes.start(self.podman, one), stopped)
        begun = {one["Labels"][nodes.LABEL_NODE] for one in stopped}
        renamed = [name for name, what in changed.items() if what == "names" and name not in begun]
        nodes.together(self._refresh_names, renamed)
        remade = [name for name, what in changed.items() if what == "all" and name not in begun]
        if remade:
            self.busy = True
            nodes.restart(self.podman, lab, remade)

    def _refresh_names(self, name: str) -> None:
        script = "cp /lab/hosts /etc/hosts; cp /lab/known_hosts /root/.ssh/known_hosts"
        self.podman.run("exec", self.lab.container(name), "sh", "-c", script)

    def _ensure_answers(self) -> None:
        lab = self.lab
        silent = nodes.silent(self.podman, lab, lab.nodes(), 60 if self.busy else 2)
        if silent:
            self.busy = True
            say("no answer from " + ", ".join(f"{service} on {name}" for name, service in silent.items()))
            nodes.restart(self.podman, lab, silent)
            silent = nodes.silent(self.podman, lab, [node for node in lab.nodes() if node.name in silent], 60)
        if silent:
            name, service = next(iter(silent.items()))
            said = nodes.last_words(self.podman, lab, name, service)
            raise Inconsistent(f"{service} on {name} does not answer ({said})")

    def _ensure_pool(self) -> None:
        lab = self.lab
        if lab.settings.heketi and not lab.settings.topology:
            started = time.monotonic()
            if heketi_api.load_topology(lab, self._wait_for_pool):
                say(f"Heketi's topology loaded in {time.monotonic() - started:.1f} s")
            lab.settings.pooled = lab.settings.topology = True
            lab.save()
        elif not lab.settings.heketi and not lab.settings.pooled:
            servers = [node for node in lab.nodes() if node.role == "server"]
            for at, server in enumerate(servers[1:], start=2):
                self._probe(servers[0], server)
                self._wait_for_pool(servers[:at])
            lab.settings.pooled = True
            lab.save()

    def _wait_for_bricks(self) -> None:
        """Give peers and bricks a moment to come back; one that a test left broken is nobody's fault here."""
        script = "gluster --mode=script peer status; gluster --mode=script volume status"
        broken = re.compile(r"Disconnected|Commit failed|^Brick.* N +(N/A|\d+) *$", re.MULTILINE)
        for _try in range(30):
            done = self.podman.run("exec", self.lab.container("server1"), "sh", "-c", script, check=False)
            if not broken.search(done.stdout + done.stderr):
                return
            time.sleep(0.3)

    def _probe(self, first: Node, other: Node) -> None:
        argv = ["exec", self.lab.container(first.name), "gluster", "--mode=script", "peer", "probe", other.name]
        done = self.podman.run(*argv, check=False)
        if done.returncode:
            raise Inconsistent(f"peer probe of {other.name} failed: {(done.stderr or done.stdout).strip()}")

    def _wait_for_pool(self, servers: t.Sequence[Node]) -> None:
        """A probe returns before every peer knows every other, and now and then a glusterd gets stuck on the way."""
        if not self._pooled(servers, 8):
            nodes.restart(self.podman, self.lab, [server.name for server in servers])
            if not self._pooled(servers, 20):
                raise Inconsistent("its servers do not become one pool")

    def _pooled(self, servers: t.Sequence[Node], patience: float) -> bool:
        until = time.monotonic() + patience
        for server in servers:
            argv = ["exec", self.lab.container(server.name), "gluster", "--mode=script", "peer", "status"]
            while self.podman.run(*argv, check=False).stdout.count("Peer in Cluster (Connected)") < len(servers) - 1:
                if time.monotonic() > until:
                    return False
                time.sleep(0.2)
        return True


def _with_containers(podman: Podman) -> set[str]:
    """The names of this checkout's labs. Somebody's own container of our image has its labels, but none of a lab."""
    return {one["Labels"][LABEL_LAB] for one in podman.containers(home=home()) if LABEL_LAB in one["Labels"]}


def own_containers(podman: Podman, name: str) -> list[dict[str, t.Any]]:
    """This checkout's containers of the lab. Those of a checkout that is gone are removed."""
    for gone in {one["Labels"].get(LABEL_HOME, "") for one in podman.containers(lab=name)}:
        if gone and not os.path.isdir(gone):
            say(f"removing a lab named {name} whose checkout is gone")
            nodes.remove(podman, podman.containers(lab=name, home=gone))
            _remove_networks(podman, name, gone)
    return podman.containers(lab=name, home=home())


def _by_node(containers: t.Iterable[dict[str, t.Any]]) -> dict[str, dict[str, t.Any]]:
    return {one["Labels"][nodes.LABEL_NODE]: one for one in containers}


def destroy(podman: Podman, lab: Lab) -> int:
    """Remove a lab's containers, network and files; give the number of containers."""
    lab.close_connections()
    containers = own_containers(podman, lab.name)
    nodes.remove(podman, containers)
    _remove_networks(podman, lab.name, home())
    if lab.settings.subnet:
        _remove_bridge(podman, lab.settings.subnet)
    lab.forget()
    return len(containers)


def _remove_networks(podman: Podman, name: str, of: str) -> None:
    for network in podman.networks(lab=name, home=of):
        podman.run("network", "rm", "--force", network.get("id") or network["name"])


def _remove_bridge(podman: Podman, subnet: str) -> None:
    """Remove the bridge that stays behind when podman has forgotten its network."""
    if any(one["subnet"] == subnet for net in podman.networks() for one in net.get("subnets") or []):
        return
    gateway = str(ipaddress.ip_network(subnet)[1])
    with contextlib.suppress(OSError, ValueError):
        argv = ["ip", "-json", "address", "show", "type", "bridge", "to", gateway]
        shown = subprocess.run(argv, capture_output=True, check=False, text=True).stdout
        for link in json.loads(shown or "[]"):
            if str(link.get("ifname", "")).startswith("podman"):
                subprocess.run(["ip", "link", "delete", link["ifname"]], capture_output=True, check=False)


def down(name: str) -> None:
    if os.geteuid() != 0:
        raise LabError("the lab needs root: run the command with sudo")
    with lab_lock(name):
        lab = Lab(name)
        stopped = vm.stop(lab)
        if lab.settings.vm:
            lab.forget()
        elif not Podman.installed():
            raise LabError("podman is not installed, so no lab can be running; `clean` removes what is left of one")
        number = 0 if lab.settings.vm else destroy(Podman(lab.settings.runtime), lab)
    with contextlib.suppress(OSError):
        os.unlink(os.path.join(home(), f"{name}.lock"))
    removed = [*(["the virtual machine"] if stopped else []), *([f"{number} containers"] if number else [])]
    say(f"lab {name} is down: {' and '.join(removed)} removed" if removed else f"lab {name} was not there")


def clean() -> None:
    """Remove every lab of this checkout, its images, and its files."""
    if os.geteuid() != 0:
        raise LabError("the lab needs root: run the command with sudo")
    names = {os.path.basename(os.path.dirname(path)) for path in glob.glob(os.path.join(home(), "*", "lab.json"))}
    names |= vm.names()
    if Podman.installed():
        podman = Podman()
        names |= _with_containers(podman)
        names |= {one["labels"][LABEL_LAB] for one in podman.networks(home=home())}
    for name in sorted(names):
        if Podman.installed() or name in vm.names():
            down(name)
        else:
            Lab(name).forget()
    number = vm.remove_images()
    if Podman.installed():
        number += len(image.remove_all(Podman(), home()))
    say(f"{number} images removed" if Podman.installed() else "podman is not installed: only files were removed")
    if os.path.isdir(image.workshop_path()):
        with image.workshop():
            pass
        shutil.rmtree(image.workshop_path(), ignore_errors=True)
    for path in glob.glob(os.path.join(home(), "image-*.log")) + glob.glob(os.path.join(home(), "*.lock")):
        os.unlink(path)
    for folder in ("/run/glusterops-lab", home()):
        with contextlib.suppress(OSError):
            os.rmdir(folder)


def status(name: str) -> bool:
    """Print a table of one lab's nodes, or of all labs'; True if everything answers."""
    machines = vm.names()
    found = [name] if name else sorted(machines | (_with_containers(Podman()) if Podman.installed() else set()))
    if set(found) - machines:
        check_machine()
    well = bool(found)
    print(f"{'LAB':12}{'NODE':10}{'ADDRESS':18}{'STATE':12}SERVICES")
    for one in found:
        lab = Lab(one)
        rows = _machine_rows(lab) if one in machines else _container_rows(lab)
        for row, good in rows:
            print(row)
            well = well and good
        well = well and bool(rows)
    return well


def _machine_rows(lab: Lab) -> list[tuple[str, bool]]:
    if not vm.running(lab):
        return [_line(lab, node, "dead", "-") for node in lab.nodes()]
    answer = "" if vm.answers(lab) else "do not answer"
    return [_line(lab, node, "running", answer) for node in lab.nodes()]


def _container_rows(lab: Lab) -> list[tuple[str, bool]]:
    podman = Podman()
    there = _by_node(own_containers(podman, lab.name))
    return nodes.together(functools.partial(_row, podman, lab, there), lab.nodes() if lab.known else [])


def _row(podman: Podman, lab: Lab, there: dict[str, dict[str, t.Any]], node: Node) -> tuple[str, bool]:
    container = there.get(node.name)
    if container is None or not nodes.really_running(container):
        state = container["State"] if container and container["State"] != "running" else "dead"
        return _line(lab, node, state if container else "missing", "-")
    missing = nodes.answers(podman, lab, node)
    return _line(lab, node, "running", f"{missing} does not answer" if missing else "")


def _line(lab: Lab, node: Node, state: str, trouble: str) -> tuple[str, bool]:
    """A row of the table, and whether all is well."""
    where = node.address if node.port == 22 else f"{node.address}:{node.port}"
    return f"{lab.name:12}{node.name:10}{where:18}{state:12}{trouble or 'answer'}", not trouble
