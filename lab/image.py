# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The image of a container: plain Debian packages, put together by mmdebstrap. No registry is asked."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import time
import typing as t

from lab.podman import LABEL_HOME, Podman
from lab.report import LabError, locked, say

SUITES = ("bullseye", "bookworm", "trixie")  # GlusterFS 9.2, 10.3 and 11.1
REPOSITORY = "localhost/glusterops-lab"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
PACKAGES = [
    *("attr", "e2fsprogs", "glusterfs-client", "glusterfs-server", "iproute2", "less", "openssh-client"),
    *("openssh-server", "openssl", "procps", "python3", "python3-flask", "python3-waitress", "qemu-block-extra"),
    *("qemu-utils", "sudo", "systemd", "util-linux", "vim-tiny", "xfsprogs"),
]
# Every image starts without host keys: each node gets its own from the lab.
RECIPE = [
    "--mode=root",
    "--variant=minbase",
    "--format=tar",
    "--aptopt=APT::Install-Recommends false",
    "--aptopt=Acquire::Languages none",
    "--aptopt=Acquire::Retries 3",
    "--dpkgopt=force-unsafe-io",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--customize-hook=rm -f $1/etc/ssh/ssh_host_* $1/var/lib/glusterd/glusterd.info",
]
# They die with us; and in a mount and pid namespace of its own, nothing of a build stays mounted or running.
TIED = ["setpriv", "--pdeathsig", "KILL"]
CONFINED = [*TIED, "unshare", "--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--mount-proc"]
GIB = 1024**3
# Where images are that are not podman's. Like those they are outside the checkout, and every checkout finds them.
KEPT = "/var/cache/glusterops-lab"


def tag(suite: str) -> str:
    """The image's name: the same packages and the same recipe give the same name."""
    recipe = "\0".join([suite, *PACKAGES, *RECIPE])
    return f"{REPOSITORY}:{suite}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"


def ensure(podman: Podman, suite: str, home: str) -> str:
    """The name of the suite's image, built now if it is missing."""
    name = tag(suite)
    if podman.run("image", "exists", name, check=False).returncode == 0:
        return name
    with workshop() as folder:
        if podman.run("image", "exists", name, check=False).returncode:  # built while we waited for the lock
            storage = podman.run("info", "--format", "{{.Store.GraphRoot}}").stdout.strip()
            check_tools({folder: 2, storage: 3})
            _build(podman, suite, name, home, folder)
    return name


@contextlib.contextmanager
def workshop() -> t.Iterator[str]:
    """A folder for one build at a time on this machine. What an interrupted one left is swept out first."""
    folder = workshop_path()
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if os.path.islink(folder) or os.stat(folder).st_uid != os.getuid():
        raise LabError(f"{folder} belongs to somebody else: remove it, or set TMPDIR to another folder")
    with locked(os.path.join(folder, "lock"), "the image"):
        sweep(folder)
        try:
            yield folder
        finally:
            sweep(folder)


def workshop_path() -> str:
    return os.path.join(os.environ.get("TMPDIR", "/var/tmp"), "glusterops-lab")


def sweep(folder: str) -> None:
    """Empty the folder. Mounts lie in the build's own mount namespace, so none can be below it here; look anyway."""
    with open("/proc/self/mounts", encoding="utf-8", errors="replace") as stream:
        below = [line.split()[1] for line in stream if line.split()[1].startswith(folder + "/")]
    for mounted in sorted(below, key=len, reverse=True):
        subprocess.run(["umount", "--lazy", mounted], check=False)
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
        elif entry.name != "lock":
            os.unlink(entry.path)


def check_tools(rooms: t.Mapping[str, int]) -> None:
    """Whether packages can be put together here, with so many GiB of room in these folders."""
    for program, package in (("mmdebstrap", "mmdebstrap"), ("setpriv", "util-linux"), ("unshare", "util-linux")):
        if not shutil.which(program):
            raise LabError(f"{program} is not installed, and no image is there yet: apt-get install {package}")
    if not os.path.exists(KEYRING):
        raise LabError(f"{KEYRING} is missing: apt-get install debian-archive-keyring")
    for path, need in rooms.items():
        with contextlib.suppress(FileNotFoundError):
            free = shutil.disk_usage(path).free
            if free < need * GIB:
                raise LabError(f"{path} has {free / GIB:.1f} GiB free and the image needs {need} GiB: make room there")


def _build(podman: Podman, suite: str, name: str, home: str, folder: str) -> None:
    say(f"building the image of {suite} from Debian packages (about a minute)")
    started = time.monotonic()
    log = os.path.join(home, f"image-{suite}.log")
    # Not named until mmdebstrap has ended well: an image by that name is always whole.
    load = TIED + podman.argv("import", "--quiet", "--change", f"LABEL={LABEL_HOME}={home}", "-")
    status, output = assemble(suite, RECIPE, PACKAGES, load, folder, log)
    image = output.strip().rpartition(":")[2]
    if status or not image:
        if image:
            podman.run("rmi", "--force", image, check=False)
        raise LabError(f"the image of {suite} could not be built{why(log, status)}; the log is {log}")
    podman.run("tag", image, name)
    say(f"image of {suite} built in {time.monotonic() - started:.0f} s")


def assemble(
    suite: str, recipe: t.Sequence[str], packages: t.Sequence[str], into: t.Sequence[str], folder: str, log: str
) -> tuple[int, str]:
    """Feed a tar of these packages, installed, to a program. Whether one of the two failed, and what it printed."""
    mirror = [os.environ["LAB_MIRROR"]] if os.environ.get("LAB_MIRROR") else []
    build = [*CONFINED, "mmdebstrap", *recipe, f"--keyring={KEYRING}", "--include=" + ",".join(packages)]
    build += [suite, "-", *mirror]
    environ = {**os.environ, "TMPDIR": folder, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    with open(log, "wb") as errors:
        builder = subprocess.Popen(
            build, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, env=environ, start_new_session=True
        )
        loader = subprocess.Popen(into, stdin=builder.stdout, stdout=subprocess.PIPE, stderr=errors, env=environ)
        try:
            assert builder.stdout is not None
            builder.stdout.close()
            output, _nothing = loader.communicate()
            builder.wait()
        except BaseException:
            for process in (loader, builder):
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                process.wait()
            raise
    return builder.returncode or loader.returncode, output.decode()


def why(log: str, status: int) -> str:
    with open(log, encoding="utf-8", errors="replace") as stream:
        lines = [line.strip() for line in stream if line.strip()]
    if status == -signal.SIGKILL:
        return " (killed: is there enough memory?)"
    wrong = [line for line in lines if line.startswith(("E:", "Err:", "Error", "W: Failed to fetch"))] or lines
    return ": " + " | ".join(wrong[:1] + wrong[1:][-2:]) if wrong else ""


def disposable(built_by: str, home: str) -> bool:
    """Whether an image is to go when this checkout cleans up: it built it, or one that is gone did."""
    return built_by == home or not os.path.isdir(os.path.dirname(built_by))


def remove_all(podman: Podman, home: str) -> list[str]:
    """Remove the images that this checkout built, or one that is gone; those that somebody's container uses stay."""
    removed: list[str] = []
    labelled = podman.json("images", "--format", "json", "--filter", f"label={LABEL_HOME}") or []
    listed = [one for one in labelled if disposable(one["Labels"][LABEL_HOME], home)]
    external = podman.json("ps", "--all", "--external", "--no-trunc", "--format", "json") or []
    for one in listed:
        # Storage without a container: what podman leaves when it is killed at a bad moment.
        for left in external:
            if left.get("ImageID") == one["Id"] and str(left.get("Status", left.get("State"))).lower() == "storage":
                podman.run("rm", "--force", left["Id"], check=False)
        # By name: what somebody else has named stays.
        for name in [name for name in one.get("Names") or [] if name.startswith(f"{REPOSITORY}:")] or [one["Id"]]:
            if podman.run("rmi", name, check=False).returncode == 0:
                removed.append(name)
    return removed
