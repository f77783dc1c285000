# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

from __future__ import annotations

import contextlib
import os
import re
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._errors import Refused, TimedOut
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import (
    Limit,
    Process,
    read_limit,
    read_processes,
)
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import NoAnswer
from ansible_collections.glusterops.shares.plugins.module_utils._gluster.glusterd import (
    GLUSTERD,
    server_info,
    volume_info,
)

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli

_T = t.TypeVar("_T")

_DAEMON_TIMEOUT = 120.0
# Seconds between two looks at daemons that are being started: mostly they need one or two.
_SOON, _LATER = 0.4, 1.0
# Seconds between two lines about how far the counting is, and reads until what is stored counts as counted.
_EVERY = 5.0
_READS = 30
_NOT_YET = re.compile("Transport endpoint|Failed to find the directory|Failed to start aux mount|Commit failed")


def local_limits(volumes: t.Iterable[Volume], glusterd: str = GLUSTERD) -> dict[str, Limit | None]:
    """Volume to its limit, for the volumes with quota on and a brick on this server; without any gluster call.

    A brick's root directory carries the limit as an extended attribute. Its key ends in the volume's quota version,
    which grows whenever quota is switched off and on: the keys of earlier versions stay behind with stale limits.
    used is what this server's bricks count, at most the share's whole use.
    """
    server = server_info(glusterd).get("UUID")
    found: dict[str, Limit | None] = {}
    for volume in volumes:
        bricks = [brick.path for brick in volume.bricks if brick.server_uuid == server and not brick.arbiter]
        if not bricks or not volume.is_on("features.quota"):
            continue
        version = volume_info(volume.name, glusterd).get("quota-version")
        if not version:
            continue
        limits = [_brick_limit(path, version) for path in bricks]
        if any(limit is None for limit in limits) or len({limit.size for limit in limits if limit}) != 1:
            found[volume.name] = None
        else:
            known = [limit for limit in limits if limit]
            found[volume.name] = Limit(size=known[0].size, used=max(limit.used for limit in known))
    return found


def _brick_limit(path: str, version: str) -> Limit | None:
    size = _first_number(path, f"trusted.glusterfs.quota.limit-set.{version}")
    if size is None or size <= 0:
        return None
    return Limit(size=size, used=max(_first_number(path, f"trusted.glusterfs.quota.size.{version}") or 0, 0))


def _first_number(path: str, attribute: str) -> int | None:
    try:
        value = os.getxattr(path, attribute)
    except OSError:
        return None
    return int.from_bytes(value[:8], "big", signed=True) if len(value) >= 8 else None


def limit(
    cli: GlusterCli, name: str, sleep: t.Callable[[float], None] = time.sleep, restart: bool = False
) -> Limit | None:
    """The quota limit of a started volume with quota on. Mounts the volume for a moment, so about half a second.

    restart: daemons that do not work may be restarted, so not in check mode.
    """

    def ask() -> Limit | None:
        try:
            return read_limit(cli.xml("volume", "quota", name, "list"))
        except Refused as exc:
            if "No quota configured" in str(exc):
                return None
            raise

    return _when_ready(cli, name, ask, sleep, restart)


def set_limit(cli: GlusterCli, name: str, size: int, sleep: t.Callable[[float], None] = time.sleep) -> None:
    """Limits the volume's root to C(size) bytes. Quota must be on."""
    _when_ready(cli, name, lambda: cli.xml("volume", "quota", name, "limit-usage", "/", str(size)), sleep, True)


def lift(cli: GlusterCli, name: str, sleep: t.Callable[[float], None] = time.sleep) -> None:
    """Takes the limit off the volume's root, if there is one. Quota must be on."""
    if limit(cli, name, sleep, restart=True):
        _when_ready(cli, name, lambda: cli.xml("volume", "quota", name, "remove", "/"), sleep, True)


def count(
    cli: GlusterCli,
    name: str,
    root: int,
    say: t.Callable[[str], None],
    sleep: t.Callable[[float], None] = time.sleep,
) -> Limit | None:
    """The limit, with all counted that is stored below it. root: of a mount of the volume.

    Where quota is switched on and something is stored already, Gluster's own crawl misses some of it. What a client
    looks at is counted.
    """
    looked, told = 0, time.monotonic()
    for _path, directories, files, here in os.fwalk(".", dir_fd=root):
        for entry in (*directories, *files):
            with contextlib.suppress(OSError):
                os.stat(entry, dir_fd=here, follow_symlinks=False)
        looked += len(directories) + len(files)
        if time.monotonic() - told >= _EVERY:
            told = time.monotonic()
            say(f"{name}: {looked:,} files and directories counted")
    before, now = None, limit(cli, name, sleep)
    for _read in range(_READS):
        if now is None or now == before:
            break
        sleep(1.0)
        before, now = now, limit(cli, name, sleep)
    return now


def _when_ready(
    cli: GlusterCli, name: str, call: t.Callable[[], _T], sleep: t.Callable[[float], None], restart: bool
) -> _T:
    """What C(call) returns once the volume's quota daemons work.

    They are started when quota is switched on, and again when bricks are added. Before they are online a limit can
    neither be set nor read, nor would it be enforced.
    """
    waited, said = 0.0, ""
    while True:
        daemons: list[Process] = []
        try:
            daemons = read_processes(cli.xml("volume", "status", name, "quotad")).get(name, [])
            if daemons and all(daemon.online for daemon in daemons):
                return call()
        except NoAnswer as exc:
            said = str(exc)
        except Refused as exc:
            # A daemon is online a moment before its connections are, and a server answers before it can tell its own.
            said = str(exc)
            if not _NOT_YET.search(said):
                raise
        if waited >= _DAEMON_TIMEOUT:
            raise TimedOut(
                f"The quota daemons of volume {name!r} do not work after {waited:.0f} seconds: do the servers of all"
                " its bricks run, is every server's CN on its access list, and has every server its certificate? See"
                " quotad.log on the servers."
                f" {said}".rstrip(),
                daemons=[f"{daemon.server}: {'online' if daemon.online else 'offline'}" for daemon in daemons],
            )
        if restart and waited >= _DAEMON_TIMEOUT / 2:
            restart = False
            # Under load all daemons were online and none ever worked. This restarts them on every server.
            with contextlib.suppress(Refused, NoAnswer):
                cli.xml("volume", "start", name, "force")
        pause = _SOON if waited < 4 else _LATER
        sleep(pause)
        waited += pause
