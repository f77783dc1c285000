# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lab that is one virtual machine: Gluster's snapshots need LVM thin pools, which a container cannot have.

qemu emulates the processor (TCG), so that it works where there is no KVM. The disks are throwaway: each boot begins
with the image as it was built and an empty disk for LVM.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import time
import typing as t

from lab import image
from lab.report import LabError, say
from lab.state import Lab, Settings, home, lab_lock

SUITE = "bookworm"
QEMU = "qemu-system-x86_64"
PACKAGES = [
    *("attr", "e2fsprogs", "glusterfs-client", "glusterfs-server", "iproute2", "kmod", "less"),
    # tiny-initramfs stands in for the tools that the kernel wants beside it: what the root disk needs is built in.
    *("linux-image-cloud-amd64", "tiny-initramfs", "lvm2", "thin-provisioning-tools", "openssh-client"),
    *("openssh-server", "openssl", "procps", "python3", "sudo", "util-linux", "vim-tiny", "xfsprogs"),
]
FIRST = r"#!/bin/sh\nmount -t devtmpfs dev /dev\nmodprobe -a virtio_pci virtio_blk\nmount -o ro /dev/vdb /lab\n"
RECIPE = [
    *image.RECIPE,
    f"--customize-hook=mkdir $1/lab && printf '{FIRST}exec /bin/sh /lab/vm_init.sh\\n' > $1/sbin/init",
    "--customize-hook=chmod 755 $1/sbin/init",
    # For geo-replication, which glusterd sets up at its first start with twenty runs of it: a minute here.
    "--customize-hook=rm $1/usr/lib/*/glusterfs/gsyncd",
    # For Samba, CTDB and NFS-Ganesha, which are not there: they would take half of the time of a start or stop.
    "--customize-hook=rm $1/var/lib/glusterd/hooks/1/st*/*/S* $1/var/lib/glusterd/hooks/1/set/*/S*",
]
ROOT_SIZE = "4G"
THIN_SIZE = 24 * 1024**3  # sparse, as are the others
SPARE_SIZE = 12 * 1024**3
KERNEL = (
    "root=/dev/nvme0n1 rw rootfstype=ext4 console=ttyS0 quiet panic=-1 mitigations=off no_timer_check net.ifnames=0"
)
PATIENCE = 240.0  # seconds, on a machine that is busy with something else


def up(name: str) -> Lab:
    """Bring the virtual machine up, whatever state it is in."""
    _check_machine()
    with lab_lock(name):
        lab = Lab(name)
        if lab.known and not lab.settings.vm:
            raise LabError(f"the lab {name} is made of containers: take another name, or take it down first")
        _kill([pid for pid, folder in _machines() if not os.path.isdir(folder)])
        base = _ensure_image()
        lab.settings = Settings(suite=SUITE, servers=1, hosts=0, vm=True, port=lab.settings.port or _free_port())
        changed = any(lab.write_files().values())
        if not changed and _argv_of(running(lab)) == _argv(lab, base) and _wait(lab, 20):
            say(f"lab {name} was up already")
            return lab
        _boot(lab, base)
        if not _wait(lab, PATIENCE):
            say(f"booting it again, since it {_trouble(lab)}")
            _boot(lab, base)
            if not _wait(lab, PATIENCE):
                raise LabError(f"the virtual machine of {name} {_trouble(lab)}")
        say(f"lab {name} is up: one virtual machine, ssh on port {lab.settings.port}")
        return lab


def stop(lab: Lab) -> bool:
    """End the lab's virtual machine; whether there was one."""
    found = [pid for pid, folder in _machines() if folder == lab.folder]
    _kill(found)
    lab.close_connections()
    return bool(found)


def running(lab: Lab) -> int:
    """The process of the lab's virtual machine; 0 if there is none."""
    return next((pid for pid, folder in _machines() if folder == lab.folder), 0)


def answers(lab: Lab) -> bool:
    """Whether both sshd and glusterd do."""
    argv = ["ssh", "-F", lab.path("ssh_config"), "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "server1"]
    argv += ["gluster --mode=script pool list"]
    with contextlib.suppress(subprocess.TimeoutExpired):
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=30)
        return done.returncode == 0
    return False


def names() -> set[str]:
    """The labs of this checkout that are virtual machines."""
    known = [os.path.basename(os.path.dirname(path)) for path in glob.glob(os.path.join(home(), "*", "lab.json"))]
    alive = [os.path.basename(folder) for _pid, folder in _machines() if os.path.dirname(folder) == home()]
    return {name for name in known if Lab(name).settings.vm} | set(alive)


def remove_images() -> int:
    """Remove the images that this checkout built, or one that is gone."""
    removed = 0
    for path in glob.glob(os.path.join(image.KEPT, "vm-*", "built-by")):
        with open(path, encoding="utf-8") as stream:
            if image.disposable(stream.read(), home()):
                shutil.rmtree(os.path.dirname(path))
                removed += 1
    with contextlib.suppress(OSError):
        os.rmdir(image.KEPT)
    return removed


def _check_machine() -> None:
    if os.geteuid() != 0:
        raise LabError("the lab needs root: run the command with sudo")
    for program, package in ((QEMU, "qemu-system-x86"), ("mke2fs", "e2fsprogs"), ("ssh", "openssh-client")):
        if not shutil.which(program):
            raise LabError(f"{program} is not installed: apt-get install {package}")


# ---- the image ----


def _ensure_image() -> str:
    """The folder with the kernel and the root disk, built now if it is missing."""
    recipe = "\0".join([SUITE, ROOT_SIZE, *PACKAGES, *RECIPE])
    folder = os.path.join(image.KEPT, f"vm-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}")
    if not os.path.isdir(folder):
        with image.workshop() as shop:
            if not os.path.isdir(folder):  # built while we waited for the lock
                remove_images()
                shutil.rmtree(folder + ".new", ignore_errors=True)
                os.makedirs(folder + ".new", mode=0o700)
                image.check_tools({shop: 2, image.KEPT: 2})
                _build(folder + ".new", shop)
                os.replace(folder + ".new", folder)
    return folder


def _build(folder: str, shop: str) -> None:
    say("building the virtual machine's image from Debian packages (about a minute)")
    started = time.monotonic()
    log = os.path.join(home(), "image-vm.log")
    # Without a loop device or a mount.
    script = """
        mkdir "$1/root"
        tar -x --numeric-owner --xattrs --xattrs-include='*' -C "$1/root"
        cp "$1"/root/boot/vmlinuz-* "$2/vmlinuz"
        mke2fs -q -t ext4 -m 0 -O ^has_journal -d "$1/root" "$2/root.img" "$3"
    """
    make = [*image.CONFINED, "sh", "-ec", script, "sh", shop, folder, ROOT_SIZE]
    status, _output = image.assemble(SUITE, RECIPE, PACKAGES, make, shop, log)
    if status:
        raise LabError(f"the virtual machine's image could not be built{image.why(log, status)}; the log is {log}")
    with open(os.path.join(folder, "built-by"), "w", encoding="utf-8") as stream:
        stream.write(home())
    say(f"the virtual machine's image built in {time.monotonic() - started:.0f} s")


# ---- the machine ----


def _boot(lab: Lab, base: str) -> None:
    stop(lab)
    say(f"booting the virtual machine of {lab.name}")
    lab.settings.port = _free_port()
    lab.write_files()
    lab.save()
    _make_disks(lab)
    done = subprocess.run(_argv(lab, base), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"{QEMU} does not start: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")


def _make_disks(lab: Lab) -> None:
    """An empty one for LVM, one that stays empty, and one with the machine's own files."""
    for name in ("thin.img", "spare.img", "lab.img"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(lab.path(name))
    for name, size in (("thin.img", THIN_SIZE), ("spare.img", SPARE_SIZE)):
        with open(os.open(lab.path(name), os.O_WRONLY | os.O_CREAT, 0o600), "wb") as stream:
            stream.truncate(size)
    argv = ["mke2fs", "-q", "-t", "ext4", "-d", lab.path("nodes", "server1"), lab.path("lab.img"), "4M"]
    subprocess.run(argv, check=True, capture_output=True)


def _argv(lab: Lab, base: str) -> list[str]:
    argv = [QEMU, "-name", lab.network, "-pidfile", lab.path("pid"), "-daemonize"]
    argv += ["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"]
    argv += ["-machine", "q35", "-accel", "tcg,thread=multi,tb-size=256", "-cpu", "Nehalem", "-smp", "2", "-m", "1536"]
    argv += ["-kernel", os.path.join(base, "vmlinuz"), "-append", KERNEL, "-device", "virtio-rng-pci"]
    argv += ["-chardev", f"file,id=console,path={_escaped(_console(lab))}", "-serial", "chardev:console"]
    for name, path, mode, device in (
        # What is written to it goes to a file without a name, and is lost when qemu ends.
        ("root", os.path.join(base, "root.img"), "snapshot=on", "nvme,serial=root"),
        ("thin", lab.path("thin.img"), "discard=unmap", "virtio-blk-pci"),
        ("lab", lab.path("lab.img"), "readonly=on", "virtio-blk-pci"),
        ("spare", lab.path("spare.img"), "discard=unmap", "virtio-blk-pci"),
    ):
        argv += ["-drive", f"id={name},if=none,format=raw,cache=unsafe,{mode},file={_escaped(path)}"]
        argv += ["-device", f"{device},drive={name}"]
    forward = f"hostfwd=tcp:127.0.0.1:{lab.settings.port}-:22"
    return [*argv, "-netdev", f"user,id=net,restrict=on,{forward}", "-device", "virtio-net-pci,netdev=net,romfile="]


def _escaped(path: str) -> str:
    return path.replace(",", ",,")


def _free_port() -> int:
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        return int(any_port.getsockname()[1])


def _console(lab: Lab) -> str:
    return lab.path("console.log")


def _trouble(lab: Lab) -> str:
    return f"{'does not answer' if running(lab) else 'ended'} (its console is {_console(lab)})"


def _wait(lab: Lab, patience: float) -> bool:
    """Wait until everything answers; False when it will not."""
    until = time.monotonic() + patience
    while running(lab) and time.monotonic() < until:
        if answers(lab):
            return True
        time.sleep(0.3)
    return False


def _machines() -> list[tuple[int, str]]:
    """Every lab's virtual machine on this computer: the process, and the lab's folder."""
    found = []
    for entry in os.listdir("/proc"):
        argv = _argv_of(int(entry)) if entry.isdigit() else []
        # Other machines of this computer may be called otherwise, or not at all.
        given = dict(zip(argv, argv[1:]))
        if argv and os.path.basename(argv[0]) == QEMU and given.get("-name", "").startswith("glusterops-"):
            found.append((int(entry), os.path.dirname(given.get("-pidfile", ""))))
    return found


def _argv_of(pid: int) -> list[str]:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as stream:
        return os.fsdecode(stream.read()).split("\0")[:-1]
    return []


def _kill(pids: t.Iterable[int]) -> None:
    """Its disks are thrown away, so there is nothing to shut down."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        while _argv_of(pid):
            time.sleep(0.05)
