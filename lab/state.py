# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a lab is, and the files that describe it: keys, addresses, the inventory, each node's configuration."""

from __future__ import annotations

import contextlib
import filecmp
import glob
import hashlib
import ipaddress
import json
import os
import secrets
import shlex
import shutil
import string
import subprocess
import typing as t
from dataclasses import asdict, dataclass, field

from lab.report import LabError, locked

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
DEVICE = "/srv/bricks/sdb"  # one brick device per server: a plain folder, since a container has no LVM
DEVICE_SIZE = "4TiB"
HEKETI_PORT = 8080
GUEST_ADDRESS = "10.0.2.15"  # a virtual machine's own; from outside it is a port of this machine

VM_SCRIPTS = ("vm_init.sh", "vm_brick.sh")


def home() -> str:
    """The folder that holds every lab of this checkout; a copy of the tree may use another checkout's."""
    return os.path.realpath(os.environ.get("GLUSTEROPS_LAB_DIR") or os.path.join(ROOT, ".lab"))


@dataclass(frozen=True)
class Node:
    """One container or virtual machine: its short name, what it does, and its fixed address."""

    name: str
    role: str  # server, host or heketi
    address: str
    port: int = 22

    @property
    def listed(self) -> str:
        """As ssh writes it in a list of known hosts."""
        return self.address if self.port == 22 else f"[{self.address}]:{self.port}"

    @property
    def mac(self) -> str:
        """A locally administered address made of the IP address, as unique as that."""
        return "02:42:" + ":".join(f"{byte:02x}" for byte in ipaddress.ip_address(self.address).packed)


@dataclass
class Settings:
    """What a lab was made as; kept in lab.json."""

    suite: str = "bookworm"
    servers: int = 3
    hosts: int = 3
    heketi: bool = False
    subnet: str = ""
    runtime: str = ""
    heketi_key: str = ""
    pooled: bool = False  # the servers form one trusted pool
    topology: bool = False  # Heketi knows them, or shall learn of them otherwise
    vm: bool = False  # one virtual machine instead of containers
    port: int = 0  # where its sshd is reached
    made: list[str] = field(default_factory=list)  # the nodes that were made; one that is missing has lost its data


class Lab:
    """A lab by name, and where its files lie."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.folder = os.path.join(home(), name)
        self.settings = Settings()
        self.known = self._load()

    @property
    def network(self) -> str:
        """Its name, in which the checkout shows: labs of the same name in two checkouts live side by side."""
        return f"glusterops-{hashlib.sha256(home().encode()).hexdigest()[:4]}-{self.name}"

    @property
    def sockets(self) -> str:
        """Where ssh keeps its control sockets: a short path, since a socket's path may have 107 bytes."""
        return f"/run/glusterops-lab/{hashlib.sha256(self.folder.encode()).hexdigest()[:8]}"

    def path(self, *parts: str) -> str:
        return os.path.join(self.folder, *parts)

    def container(self, node: str) -> str:
        return f"{self.network}-{node}"

    def _load(self) -> bool:
        try:
            with open(self.path("lab.json"), encoding="utf-8") as stream:
                self.settings = Settings(**json.load(stream))
        except (OSError, ValueError, TypeError):
            return False
        return True

    def save(self) -> None:
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        write(self.path("lab.json"), json.dumps(asdict(self.settings), indent=2) + "\n")
        self.known = True

    def forget(self) -> None:
        """Remove every file of this lab."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.sockets, ignore_errors=True)
        self.known = False

    def close_connections(self) -> None:
        """End ssh's shared connections: one to a node that is gone would hang the next user of its address."""
        for path in glob.glob(os.path.join(glob.escape(self.sockets), "*")):
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                argv = ["ssh", "-o", f"ControlPath={path}", "-O", "exit", "lab"]
                subprocess.run(argv, capture_output=True, check=False, timeout=3)

    def nodes(self) -> list[Node]:
        """Every node with its address, which is fixed, so that a restart keeps it."""
        if self.settings.vm:
            return [Node("server1", "server", "127.0.0.1", self.settings.port)]
        network = ipaddress.ip_network(self.settings.subnet or "192.0.2.0/24")
        servers = [Node(f"server{at}", "server", str(network[10 + at])) for at in range(1, self.settings.servers + 1)]
        hosts = [Node(f"host{at}", "host", str(network[100 + at])) for at in range(1, self.settings.hosts + 1)]
        return servers + hosts + ([Node("heketi", "heketi", str(network[10]))] if self.settings.heketi else [])

    def write_files(self) -> dict[str, str]:
        """Write all files. Says what changed for each node: "" nothing, "names" its lists of names, "all" more."""
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        os.makedirs(self.sockets, mode=0o700, exist_ok=True)
        os.chmod(self.folder, 0o700)
        self.settings.heketi_key = self.settings.heketi_key or secrets.token_urlsafe(24)
        public = make_key(self.path("id_ed25519"), f"glusterops-lab-{self.name}")
        nodes = self.nodes()
        host_keys = {}
        for node in nodes:
            os.makedirs(self.path("nodes", node.name), mode=0o700, exist_ok=True)
            host_keys[node.name] = make_key(self.path("nodes", node.name, "ssh_host_ed25519_key"), node.name)
        known_hosts = "".join(
            f"{node.name},{node.listed} {' '.join(host_keys[node.name].split()[:2])}\n" for node in nodes
        )
        hosts = "127.0.0.1 localhost\n::1 localhost ip6-localhost\n"
        hosts += "".join(f"{GUEST_ADDRESS if self.settings.vm else node.address} {node.name}\n" for node in nodes)
        write(self.path("known_hosts"), known_hosts)
        write(self.path("ssh_config"), self._ssh_config())
        write(self.path("inventory.yml"), self._inventory())
        if self.settings.heketi:
            write(self.path("heketi.json"), json.dumps(self._heketi(), indent=2) + "\n")
        return {node.name: self._write_node(node, hosts, known_hosts, public) for node in nodes}

    def _write_node(self, node: Node, hosts: str, known_hosts: str, public: str) -> str:
        folder = self.path("nodes", node.name)
        rest = write(os.path.join(folder, "authorized_keys"), public)
        for script in ("init.sh", *(VM_SCRIPTS if self.settings.vm else ())):
            rest |= copy(os.path.join(ROOT, "lab", script), os.path.join(folder, script))
        if node.role == "heketi":
            rest |= copy(self.path("heketi.json"), os.path.join(folder, "heketi.json"))
            rest |= copy(self.path("id_ed25519"), os.path.join(folder, "id_ed25519"))
            rest |= copy_tree(os.path.join(ROOT, "lab", "heketi"), os.path.join(folder, "standin", "heketi"))
        names = write(os.path.join(folder, "hosts"), hosts)
        names |= write(os.path.join(folder, "known_hosts"), known_hosts)
        return "all" if rest else "names" if names else ""

    def ssh_options(self) -> list[str]:
        """What ssh needs to reach a node, and to be sure that it is that node."""
        return [
            f'UserKnownHostsFile="{self.path("known_hosts")}"',
            "GlobalKnownHostsFile=/dev/null",
            "StrictHostKeyChecking=yes",
            "IdentitiesOnly=yes",
            "ControlMaster=auto",
            "ControlPersist=60s",
            f"ControlPath={self.sockets}/%C",
            "ServerAliveInterval=10",
        ]

    def _ssh_config(self) -> str:
        lines = ["# Written by `python -m lab up`: ssh -F FILE server1"]
        for node in self.nodes():
            lines += [f"Host {node.name}", f"    HostName {node.address}", f"    Port {node.port}"]
        lines += ["Host *", "    User root", f'    IdentityFile "{self.path("id_ed25519")}"']
        lines += ["    " + option.replace("=", " ", 1) for option in self.ssh_options()]
        return "\n".join(lines) + "\n"

    def _inventory(self) -> str:
        """The inventory, written by hand: the lab uses the standard library only."""
        text = json.dumps  # a JSON string is a YAML string
        nodes = self.nodes()
        hosts = [node for node in nodes if node.role == "host"]
        lines = ["---", "# Written by `python -m lab up`; it writes it again.", "all:", "  vars:"]
        common = " ".join(f"-o {shlex.quote(option)}" for option in self.ssh_options())
        if self.settings.heketi:
            address = next(node.address for node in nodes if node.role == "heketi")
            lines += [f"    lab_heketi_url: http://{address}:{HEKETI_PORT}"]
            lines += [f"    lab_heketi_key: {text(self.settings.heketi_key)}"]
        lines += ["  hosts:", "    localhost:", "      ansible_connection: local"]
        lines += ['      ansible_python_interpreter: "{{ ansible_playbook_python }}"', "  children:"]
        lines += ["    lab_nodes:", "      vars:", "        ansible_user: root"]
        lines += [f"        ansible_ssh_private_key_file: {text(self.path('id_ed25519'))}"]
        lines += [f"        ansible_ssh_common_args: {text(common)}"]
        lines += ["        ansible_python_interpreter: /usr/bin/python3", "      children:"]
        for group, members in (
            ("gluster_servers", [node for node in nodes if node.role == "server"]),
            ("gluster_hosts", hosts[:-1]),
            ("lab_nobody", hosts[-1:]),
        ):
            lines += [f"        {group}:", "          hosts:" + ("" if members else " {}")]
            for at, node in enumerate(members):
                lines += [f"            {node.name}:", f"              ansible_host: {node.address}"]
                lines += [f"              ansible_port: {node.port}"]
                if group == "gluster_hosts":
                    lines += [f"              tls_tenant: {tenant(at)}"]
        return "\n".join(lines) + "\n"

    def _heketi(self) -> dict[str, t.Any]:
        """The server's configuration file, with Heketi's own keys."""
        return {
            "port": str(HEKETI_PORT),
            "use_auth": True,
            "jwt": {"admin": {"key": self.settings.heketi_key}, "user": {"key": user_key(self.settings.heketi_key)}},
            "glusterfs": {
                "executor": "ssh",
                "sshexec": {"keyfile": "/etc/heketi/id_ed25519", "user": "root", "port": "22"},
                "db": "/var/lib/heketi/heketi.db.json",
                "loglevel": "info",
            },
            "standin": {"device_sizes": {DEVICE: DEVICE_SIZE}},
        }


@contextlib.contextmanager
def lab_lock(name: str) -> t.Iterator[None]:
    os.makedirs(home(), mode=0o700, exist_ok=True)
    with locked(os.path.join(home(), f"{name}.lock"), f"the lab {name}"):
        yield


def tenant(at: int) -> str:
    """The tenant of a host, by its place in the list: a letter, and numbers after the last of them."""
    return f"tenant-{string.ascii_lowercase[at] if at < len(string.ascii_lowercase) else at + 1}"


def user_key(key: str) -> str:
    """The user's key, derived from the administrator's so that only one has to be kept."""
    return hashlib.sha256(f"user {key}".encode()).hexdigest()[:32]


def make_key(path: str, comment: str) -> str:
    """Make an ssh key unless a whole one is there; give its public half."""
    try:
        with open(path + ".pub", encoding="utf-8") as stream, open(path, encoding="utf-8") as private:
            public = stream.read()
            if public and "END OPENSSH PRIVATE KEY" in private.read():
                return public
    except OSError:
        pass
    for leftover in (path, path + ".pub"):
        if os.path.exists(leftover):
            os.unlink(leftover)
    try:
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path],
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
    except subprocess.CalledProcessError as error:
        raise LabError(f"ssh-keygen could not write {path}: {(error.stderr or error.stdout).strip()}") from None
    with open(path + ".pub", encoding="utf-8") as stream:
        return stream.read()


def write(path: str, text: str) -> bool:
    """Write a file for root only, whole or not at all; True if it was not so before."""
    try:
        with open(path, encoding="utf-8") as stream:
            if stream.read() == text:
                return False
    except (OSError, ValueError):
        pass
    temporary = path + ".new"
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(temporary, path)
    return True


def copy(source: str, target: str) -> bool:
    with open(source, encoding="utf-8") as stream:
        return write(target, stream.read())


def copy_tree(source: str, target: str) -> bool:
    """Make ``target`` hold the Python files of ``source``; True if it did not before."""
    names = sorted(name for name in os.listdir(source) if name.endswith(".py"))
    same = os.path.isdir(target) and sorted(os.listdir(target)) == names
    if same and not any(filecmp.cmpfiles(source, target, names, shallow=False)[1:]):
        return False
    shutil.rmtree(target, ignore_errors=True)
    os.makedirs(target, mode=0o700)
    for name in names:
        shutil.copyfile(os.path.join(source, name), os.path.join(target, name))
    return True
