# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Mounting, and why it failed."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import (
    BadInput,
    NotFound,
    Refused,
    TimedOut,
)
from ansible_collections.glusterops.shares.plugins.module_utils._machines.mounted import (
    MOUNTINFO,
    read_mounts,
    read_reachable,
)
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.asking import PATIENCE, ask, run
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.client import behind, clients
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.health import (
    health,
    log_of,
    questions,
    said_in,
)
from ansible_collections.glusterops.shares.plugins.module_utils._mounts.mount import KIND, Mount

HELPER = "/sbin/mount.glusterfs"
# Of a question to what was mounted this moment, and between two of them.
_LOOKS, _PAUSE = 5, 0.2


def attach(mount: Mount, words: t.Sequence[str], patience: float = PATIENCE, mountinfo: str = MOUNTINFO) -> None:
    """Mounts it with C(mount WORDS), and returns when it answers. Raises Refused or TimedOut, with the cause that the
    client's log tells; then nothing is mounted there."""
    if not os.path.exists(HELPER):
        raise NotFound("mount.glusterfs is not on this machine: install the GlusterFS client (glusterfs-client).")
    path, log = mount.path, log_of(mount.path, mount.options)
    logged = os.path.getsize(log) if os.path.exists(log) else 0
    before = {client.pid for client in clients()}
    rc, out, err = run(["mount", *words], patience)
    # mount.glusterfs may succeed and the client go away a moment later, when the bricks have refused it.
    for _look in range(_LOOKS):
        trouble = _trouble(mount, patience, mountinfo)
        if trouble:
            break
        time.sleep(_PAUSE)
    else:
        return
    run(["umount", "-l", path], patience)
    for client in clients():
        # Whoever hangs in it does so as long as it lives.
        if client.pid not in before and client.path == path and client.volume == mount.volume:
            with contextlib.suppress(OSError):
                os.kill(client.pid, signal.SIGKILL)
    if rc is None:
        said = f"mount did not end within {patience:.0f} seconds, so a brick or its server hangs, or the network"
    else:
        said = reason(log, logged, mount) or _sentence(err or out) or trouble
    late = rc is None or trouble != NOT_MOUNTED
    raise (TimedOut if late else Refused)(
        f"Share {mount.share!r} could not be mounted on {mount.where}: {ended(trouble if rc == 0 and late else said)}",
        reason=said,
        stderr=err.strip(),
        log=log,
    )


NOT_MOUNTED = "it is not mounted, and no reason was given"


def _trouble(mount: Mount, patience: float, mountinfo: str) -> str | None:
    path = mount.path
    there = read_reachable(mountinfo).get(path)
    if there is None or there.kind != KIND or not mount.is_of(there.source):
        return NOT_MOUNTED
    answers = ask(questions(path), patience)
    client = behind(clients(), path, mount.volume, read_mounts(mountinfo))
    alive, trouble = health(path, answers, client, patience)
    return trouble or (None if alive else NOT_MOUNTED)


def check_options(mount: Mount) -> None:
    """BadInput if this machine's mount.glusterfs does not know an option. It reads them before it sees that what it is
    asked to mount on is no directory."""
    options = [
        option
        for option in mount.options
        if not option.startswith(("x-", "X-", "comment=")) and option not in _FOR_MOUNT_ONLY
    ]
    if mount.identity or not options or not os.path.exists(HELPER):
        return
    _rc, _out, err = run([HELPER, mount.source, os.devnull, "-o", ",".join(["rw", *options])], PATIENCE)
    found = re.search(r"Invalid option:? *(\S*)", err)
    if found:
        raise BadInput(f"{mount.share}: mount option {found[1]!r} is unknown to this machine's mount.glusterfs.")


# mount(8) takes these out before it calls a helper.
_FOR_MOUNT_ONLY = ("async", "auto", "defaults", "group", "noauto", "nogroup", "noowner", "nouser", "nousers", "owner")


# What the client's log says, and what that means. The first that is found counts: what is further down may be what
# follows from it, as a client that was refused complains of its files while it ends. Measured with GlusterFS 10.3.
_CAUSES = (
    (
        r"remote-error=Authentication failed",
        "Authentication failed, the servers refuse {whose}: is it on the share's access list?",
    ),
    (r"SETVOLUME on remote-host failed.*remote-error=(?P<said>[^}]+)", "the servers say {said}"),
    (r"unable to get passphrase", "the client's private key has a passphrase, for which Gluster cannot ask"),
    (
        r"could not load (?P<said>our cert at \S+|private key at \S+|CA list)",
        "the client could not load {said} ({detail})",
    ),
    (r"DNS resolution failed on host (?P<said>\S+)", "this machine cannot resolve the name {said} ({detail})"),
    (
        r"alert (?P<said>certificate expired|unknown ca|bad certificate|certificate revoked)",
        "a server refuses the certificate of {whose} ({said}): is it in force, and of the CA that the servers trust?",
    ),
    (
        r"certificate verify failed",
        "the client does not trust a server's certificate: is it in force, and of a CA in this machine's bundle?",
    ),
    (r"failed to fetch volume file \(key:/?(?P<said>[^)]+)\)", "the servers know no volume {said}"),
    (
        r"failed to get the port number for remote subvolume",
        "bricks do not run: is the volume started, and what does 'gluster volume status {volume}' say of them?",
    ),
    (
        r"connection attempt on .*?\((?P<said>[^)]+)\)",
        "a server cannot be reached ({said}): has this machine addresses of the family of {servers}?",
    ),
    (
        r"Exhausted all volfile servers",
        "no glusterd answers on {servers}: does it run, is port 24007 open, and do both sides or none speak TLS there?",
    ),
    (r"has not responded in the last (?P<said>\d+) seconds", "a brick has not answered for {said} seconds"),
    (
        r"connection to \S+ failed \((?P<said>Connection reset by peer|Broken pipe)\)",
        "bricks end the connection ({said}): do both sides speak TLS, and is the certificate of {whose} in force and of"
        " the CA that the servers trust?",
    ),
    (r"connection to \S+ failed \((?P<said>[^)]+)\)", "bricks cannot be reached ({said})"),
)


def reason(log: str, start: int, mount: Mount) -> str:
    """The cause that the client's log tells since C(start), or else what it complained about last."""
    try:
        with open(log, encoding="utf-8", errors="replace") as handle:
            handle.seek(start)
            lines = handle.read().splitlines()
    except OSError:
        return ""
    facts = {
        "whose": f"the identity {mount.identity!r}" if mount.identity else "this machine's identity",
        "volume": mount.volume,
        "servers": " or ".join(mount.servers),
    }
    for pattern, text in _CAUSES:
        for at, line in enumerate(lines):
            found = re.search(pattern, line)
            if found:
                return text.format(**{"said": "", **found.groupdict(), **facts, "detail": _detail(lines, at)})
    complaints = [line for line in lines if re.search(r" [EC] \[", line)]
    return said_in(complaints[-1]) if complaints else ""


def _detail(lines: t.Sequence[str], at: int) -> str:
    """What the lines beside one say of it: OpenSSL's below, the resolver's above."""
    near = [*lines[at + 1 : at + 4], *lines[max(0, at - 2) : at]]
    if any("DECODER routines" in line or "no start line" in line for line in near[:3]):
        return "it is no PEM file"
    for line in near:
        found = re.search(r"\{family=(?P<family>\d+)\}, \{ret=(?P<ret>[^}]+)\}", line)
        if found:
            kind = {"2": "an IPv4", "10": "an IPv6"}.get(found["family"], "any")
            return f"{found['ret']}, when asked for {kind} address"
        found = re.search(r"ssl_dump_error_stack\].*error:[0-9A-F]+:[^:]*:[^:]*:(?P<said>[^:]+)$", line)
        if found:
            return found["said"].strip()
    return "see the log"


def ended(sentence: str) -> str:
    """With its full stop, unless it is a question."""
    return sentence if sentence.endswith("?") else sentence + "."


def _sentence(text: str) -> str:
    """What a program said, without what mount.glusterfs says of each option of fstab's."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and "is not handled (yet?)" not in line]
    return "; ".join(lines)[:500].rstrip(" .")
