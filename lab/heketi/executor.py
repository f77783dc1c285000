# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done on the nodes: the commands, in Heketi's order, and two ways to run them.

Bricks are plain directories: a container has no LVM. So the LVM and mkfs commands are missing, and
"volume create" and "add-brick" say "force", because the bricks lie on the node's root filesystem.
"""

from __future__ import annotations

import abc
import atexit
import contextlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
from dataclasses import dataclass
from xml.etree import ElementTree

from .config import Config, Fault

GLUSTER = "gluster --mode=script --timeout=600"
GLUSTER_TIMEOUT = 660
MOUNTS = "/var/lib/heketi/mounts"
EXTENT_KIB = 4096
MOST_SETS = {"none": 15, "replicate": 5, "disperse": 1}  # sets of bricks in one add-brick command


class CommandError(Exception):
    """A command on a node failed; the text is what it wrote to stderr."""


class VolumeGone(CommandError):
    """Gluster does not know the volume that was to be deleted."""


@dataclass(frozen=True)
class Brick:
    manage: str
    storage: str
    device: str
    id: str
    path: str
    gid: int = 0


@dataclass(frozen=True)
class VolumeSpec:
    """What ``gluster volume create`` and ``add-brick`` need to know."""

    name: str
    kind: str
    set_size: int
    bricks: t.Sequence[Brick]
    arbiter: bool = False
    data: int = 0
    redundancy: int = 0
    options: t.Sequence[str] = ()


@dataclass(frozen=True)
class DeviceFacts:
    total: int
    free: int
    used: int
    extent: int = EXTENT_KIB
    paths: t.Sequence[str] = ()
    pv_uuid: str = ""


def brick_path(device: str, brick: str) -> str:
    return f"{MOUNTS}/vg_{device}/brick_{brick}/brick"


def volume_create_commands(spec: VolumeSpec) -> list[str]:
    """Create with the first set, add the others, set the options, start."""
    words = {
        "none": "",
        "replicate": f"replica {spec.set_size} " + ("arbiter 1 " if spec.arbiter else ""),
        "disperse": f"disperse-data {spec.data} redundancy {spec.redundancy} ",
    }[spec.kind]
    first = max(spec.set_size, 0)
    commands = [f"{GLUSTER} volume create {spec.name} {words}{_bricks(spec.bricks[:first])} force"]
    commands += add_brick_commands(spec, first)
    # The options go into a shell command as they came, like Heketi's: whoever calls has to check them.
    commands += [f"{GLUSTER} volume set {spec.name} {option}" for option in spec.options if option]
    return commands + [f"{GLUSTER} volume start {spec.name}"]


def add_brick_commands(spec: VolumeSpec, start: int = 0) -> list[str]:
    step = max(spec.set_size * MOST_SETS[spec.kind], 1)
    return [
        f"{GLUSTER} volume add-brick {spec.name} {_bricks(spec.bricks[at : at + step])} force"
        for at in range(start, len(spec.bricks), step)
    ]


def _bricks(bricks: t.Sequence[Brick]) -> str:
    return " ".join(f"{brick.storage}:{brick.path}" for brick in bricks)


class Executor(abc.ABC):
    """Composes the commands; a subclass runs them."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.faults: list[Fault] = list(config.faults)
        self._fault_lock = threading.Lock()

    def run(self, host: str, command: str, timeout: float = GLUSTER_TIMEOUT) -> str:
        """Run one command on a node and return its output; configured faults strike first."""
        fault = self._fault(command)
        if fault is not None:
            time.sleep(fault.delay)
            if fault.error is not None or fault.output is not None:
                log_command(host, command, "fault")
            if fault.error is not None:
                raise CommandError(fault.error)
            if fault.output is not None:
                return fault.output
        started = time.monotonic()
        try:
            output = self._run(host, command, timeout)
        except CommandError:
            log_command(host, command, f"failed, {time.monotonic() - started:.2f} s")
            raise
        log_command(host, command, f"{time.monotonic() - started:.2f} s")
        return output

    @abc.abstractmethod
    def _run(self, host: str, command: str, timeout: float) -> str:
        """The output of a command on a node; CommandError if it fails."""

    def _fault(self, command: str) -> Fault | None:
        with self._fault_lock:
            for fault in self.faults:
                if fault.times != 0 and re.search(fault.command, command):
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None

    # Nodes

    def glusterd_check(self, host: str) -> None:
        # Heketi asks systemd; containers often have none, so a running process counts as well.
        self.run(host, "systemctl status glusterd >/dev/null 2>&1 || pidof glusterd", timeout=60)

    def peer_probe(self, host: str, newcomer: str) -> None:
        self.run(host, f"{GLUSTER} peer probe {newcomer}")

    def peer_detach(self, host: str, leaver: str) -> None:
        self.run(host, f"{GLUSTER} peer detach {leaver}")

    # Devices

    def device_setup(self, host: str, name: str, device: str, destroy: bool) -> DeviceFacts:
        """Take a directory as a device. A marker in it plays the volume group: only one may be there."""
        quoted = shlex.quote(name)
        if destroy:
            self.run(host, f"rm -f {quoted}/.heketi-vg")
        try:
            self.run(
                host,
                f"if ! test -d {quoted}; then echo Device {quoted} not found. >&2; exit 5; fi; "
                f"if test -e {quoted}/.heketi-vg; then"
                f" echo Physical volume {quoted} is already in volume group $(cat {quoted}/.heketi-vg). >&2; exit 5;"
                " fi; "
                f"echo vg_{device} > {quoted}/.heketi-vg && mkdir -p {MOUNTS}/vg_{device}",
            )
        except CommandError as error:
            raise CommandError(
                f"Initializing device {name} failed (already initialized or contains data?): {error}"
            ) from error
        return self.device_facts(host, name, device)

    def device_facts(self, host: str, name: str, device: str) -> DeviceFacts:
        size = self._device_size(host, name)
        # What udev knows of a disk's names, a directory's links tell.
        real = self.run(host, f"readlink -f {shlex.quote(name)}").strip()
        return DeviceFacts(total=size, free=size, used=0, paths=sorted({name, real}) if real else ())

    def _device_size(self, host: str, name: str) -> int:
        sizes = self.config.device_sizes
        for key in (f"{host}:{name}", name, "*"):
            if key in sizes:
                return sizes[key]
        block, blocks = self.run(host, f"stat -f -c '%S %a' {shlex.quote(name)}").split()
        return int(block) * int(blocks) // 1024 // EXTENT_KIB * EXTENT_KIB

    def device_teardown(self, host: str, name: str, device: str) -> None:
        quoted = shlex.quote(name)
        self.run(host, f"rm -f {quoted}/.heketi-vg; rmdir {MOUNTS}/vg_{device} 2>/dev/null || true")

    # Bricks

    def brick_create(self, brick: Brick) -> None:
        mount = brick.path.rpartition("/")[0]
        commands = [f"mkdir -p {mount}", f"mkdir {brick.path}"]
        if brick.gid:
            commands += [f"chown :{brick.gid} {brick.path}", f"chmod 2775 {brick.path}"]
        for command in commands:
            self.run(brick.manage, command, timeout=600)

    def brick_destroy(self, brick: Brick) -> None:
        mount = brick.path.rpartition("/")[0]
        # Heketi cannot unmount what a brick process has open, which saves data at times; here nothing is mounted.
        # A stopped brick takes a moment to end. The brackets keep pgrep from finding its own shell.
        running = f"pgrep -f 'brick-name[ ]{brick.path} ' >/dev/null"
        self.run(
            brick.manage,
            f"for try in 1 2 3 4 5 6 7 8; do {running} || exit 0; sleep 0.3; done; "
            f"echo umount: {mount}: target is busy. >&2; exit 32",
            timeout=600,
        )
        self.run(brick.manage, f"rm -rf {mount}", timeout=600)

    # Volumes

    def volume_create(self, host: str, spec: VolumeSpec) -> None:
        for command in volume_create_commands(spec):
            self.run(host, command)

    def volume_expand(self, host: str, spec: VolumeSpec) -> None:
        for command in add_brick_commands(spec):
            self.run(host, command)
        with contextlib.suppress(CommandError):  # as Heketi: the bricks are in, somebody can rebalance later
            self.run(host, f"{GLUSTER} volume rebalance {spec.name} start")

    def volume_destroy(self, host: str, name: str) -> None:
        """Delete whatever volume has this name: Heketi does not look whose it is."""
        with contextlib.suppress(CommandError):  # perhaps it is stopped; the delete will tell
            self.run(host, f"{GLUSTER} volume stop {name} force")
        try:
            self.run(host, f"{GLUSTER} volume delete {name}")
        except CommandError as error:
            if "does not exist" in str(error):
                raise VolumeGone(str(error)) from error
            raise CommandError(f"Unable to delete volume {name}: {error}") from error

    def brick_replace(self, host: str, name: str, old: Brick, new: Brick) -> None:
        bricks = [f"{brick.storage}:{brick.path}" for brick in (old, new)]
        try:
            self.run(host, f"{GLUSTER} volume replace-brick {name} {' '.join(bricks)} commit force")
        except CommandError as error:
            raise CommandError(f"Unable to replace brick {' with '.join(bricks)} for volume {name}") from error

    def heal_info(self, host: str, name: str) -> list[tuple[str, str]]:
        """Each brick's name, and how many entries it has to give to others ("-" when it does not answer)."""
        try:
            answer = self.run(host, f"{GLUSTER} volume heal {name} info --xml")
        except CommandError as error:
            raise CommandError(f"Unable to get heal info of volume : {name}") from error
        bricks = ElementTree.fromstring(answer).findall("healInfo/bricks/brick")
        return [(brick.findtext("name") or "", brick.findtext("numberOfEntries") or "") for brick in bricks]

    def volume_clone(self, host: str, name: str, clone: str, snapshot: str) -> dict[str, t.Any]:
        """Make a volume of a snapshot that is taken for it and removed again; give its info."""
        self._xml(host, f"snapshot create {snapshot} {name} no-timestamp", f"create snapshot of volume {name}")
        try:
            self._xml(host, f"snapshot activate {snapshot}", f"activate snapshot {snapshot}")
            self._xml(host, f"snapshot clone {clone} {snapshot}", f"clone snapshot {snapshot}")
            self._xml(host, f"volume start {clone}", f"start volume {clone}")
            return self.volume_info(host, clone)
        finally:
            for step in ("deactivate", "delete"):
                with contextlib.suppress(CommandError):
                    self._xml(host, f"snapshot {step} {snapshot}", f"{step} snapshot {snapshot}")

    def _xml(self, host: str, command: str, what: str) -> None:
        try:
            answer = self.run(host, f"{GLUSTER} --xml {command}")
        except CommandError as error:
            raise CommandError(f"Unable to {what}: {error}") from error
        root = ElementTree.fromstring(answer)
        if root.findtext("opRet") != "0":
            raise CommandError(f"Failed to {what}: {root.findtext('opErrstr') or 'no answer'}")

    def volume_info(self, host: str, name: str) -> dict[str, t.Any]:
        """What Gluster says of one volume."""
        try:
            answer = self.run(host, f"{GLUSTER} volume info {name} --xml")
            return read_volume_info(answer)["Volumes"]["VolumeList"][0]
        except (CommandError, IndexError) as error:
            raise CommandError(f"Unable to get volume info of volume name: {name}") from error

    def volumes_info(self, host: str) -> dict[str, t.Any]:
        """All volumes Gluster has, in the shape GET /internal/state/examine/gluster gives them."""
        return read_volume_info(self.run(host, f"{GLUSTER} volume info --xml"))


class SshExecutor(Executor):
    """Runs the commands with ssh, through one connection a node, one command at a time as Heketi."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._sockets = tempfile.mkdtemp(prefix="heketi-ssh-")
        atexit.register(shutil.rmtree, self._sockets, ignore_errors=True)
        self._locks: dict[str, threading.Lock] = {}
        self._locks_lock = threading.Lock()

    def argv(self, host: str, command: str) -> list[str]:
        options = {
            "BatchMode": "yes",
            "ConnectTimeout": "20",
            "ControlMaster": "auto",
            "ControlPath": f"{self._sockets}/%C",
            "ControlPersist": "120",
            "LogLevel": "ERROR",
            # Heketi does not check host keys.
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
        }
        argv = ["ssh", "-n", "-T", "-p", str(self.config.ssh_port)]
        if self.config.ssh_keyfile:
            argv += ["-i", self.config.ssh_keyfile]
        for name, value in options.items():
            argv += ["-o", f"{name}={value}"]
        return [*argv, f"{self.config.ssh_user}@{host}", command]

    def _run(self, host: str, command: str, timeout: float) -> str:
        with self._locks_lock:
            lock = self._locks.setdefault(host, threading.Lock())
        # The answer goes to files: the background connection would keep a pipe open.
        with lock, tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            argv = self.argv(host, command)
            try:
                code = subprocess.run(argv, stdout=out, stderr=err, timeout=timeout, check=False).returncode
            except subprocess.TimeoutExpired as error:
                raise CommandError(f"Timeout executing command on host {host}") from error
            out.seek(0)
            err.seek(0)
            stdout, stderr = out.read(), err.read()
        if code != 0:
            raise CommandError(stderr.strip() or stdout.strip() or f"exit status {code}")
        return stdout


def read_volume_info(text: str) -> dict[str, t.Any]:
    """``gluster volume info --xml`` as Heketi's structures come out in JSON."""
    volumes = ElementTree.fromstring(text).find("volInfo/volumes")
    found = [] if volumes is None else volumes.findall("volume")
    return {"Volumes": {"Count": len(found), "VolumeList": [_volume(volume) for volume in found]}}


def _volume(volume: ElementTree.Element) -> dict[str, t.Any]:
    def number(name: str) -> int:
        return int(volume.findtext(name) or 0)

    return {
        "VolumeName": volume.findtext("name") or "",
        "ID": volume.findtext("id") or "",
        "Status": number("status"),
        "StatusStr": volume.findtext("statusStr") or "",
        "BrickCount": number("brickCount"),
        "DistCount": number("distCount"),
        "StripeCount": number("stripeCount"),
        "ReplicaCount": number("replicaCount"),
        "ArbiterCount": number("arbiterCount"),
        "DisperseCount": number("disperseCount"),
        "RedundancyCount": number("redundancyCount"),
        "Type": number("type"),
        "TypeStr": volume.findtext("typeStr") or "",
        "Transport": number("transport"),
        "Bricks": {
            "BrickList": [
                {
                    "UUID": brick.get("uuid", ""),
                    "Name": brick.findtext("name") or "",
                    "HostUUID": brick.findtext("hostUuid") or "",
                    "IsArbiter": int(brick.findtext("isArbiter") or 0),
                }
                for brick in volume.findall("bricks/brick")
            ]
        },
        "OptCount": number("optCount"),
        "Options": {
            "OptionList": [
                {"Name": option.findtext("name") or "", "Value": option.findtext("value") or ""}
                for option in volume.findall("options/option")
            ]
        },
    }


def log_command(host: str, command: str, outcome: str) -> None:
    sys.stderr.write(f"[{host}] {command} ({outcome})\n")
