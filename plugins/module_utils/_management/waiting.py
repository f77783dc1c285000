# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Waits until a cluster works again after its management path was turned."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import typing as t

from ansible_collections.glusterops.shares.plugins.module_utils._checks import survey
from ansible_collections.glusterops.shares.plugins.module_utils._errors import GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._shares.share import QUOTA

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Peer
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli
from ansible_collections.glusterops.shares.plugins.module_utils._management.management import (
    PLAIN,
    PORT,
    TLS,
    ManagementPath,
)

_PAUSE = 1.0
# After so many seconds, and as many again, what does not run is started by force.
_FORCE = 15.0


@dataclasses.dataclass
class Waiter:
    """Waits until all is as it should be after glusterd was started. identity: the CN that the local one answers with,
    or raises GlusterOpsError."""

    cli: GlusterCli
    machine: ManagementPath
    identity: t.Callable[[str], str]
    clock: t.Any = time

    def server(self, enabled: bool, common_name: str | None, timeout: float) -> list[str]:
        """What is wrong with the local glusterd, its peers and its processes after C(timeout) seconds at most."""
        return self._wait(lambda: self._server(enabled, common_name), timeout)

    def cluster(self, timeout: float) -> tuple[list[str], list[str]]:
        """What is wrong with bricks and helper daemons of the cluster, and the volumes that were started by force.

        Only to be asked once all peers are connected on all servers: a glusterd that is only learning what it has
        missed may hang for ever.
        """
        forced: list[str] = []
        due = self.clock.monotonic() + _FORCE

        def look() -> list[str]:
            nonlocal due
            wrong = self._cluster()
            down = [volume for volume, found in wrong.items() if found.offline]
            # Where all begin at once, glusterd fails to start a self-heal daemon now and then, and does not try again.
            if down and self.clock.monotonic() >= due:
                due += _FORCE
                for volume in down:
                    with contextlib.suppress(GlusterOpsError):
                        self.cli.xml("volume", "start", volume, "force")
                    forced.append(volume)
            return [
                f"{volume}: {words}" for volume, found in wrong.items() for words in (*found.offline, *found.others)
            ]

        return self._wait(look, timeout), sorted(set(forced))

    def _wait(self, look: t.Callable[[], list[str]], timeout: float) -> list[str]:
        began = self.clock.monotonic()
        while True:
            try:
                wrong = look()
            except GlusterOpsError as exc:
                # As long as servers come up gluster fails in many ways.
                wrong = [str(exc)]
            if not wrong or self.clock.monotonic() - began >= timeout:
                return wrong
            self.clock.sleep(_PAUSE)

    def _server(self, enabled: bool, common_name: str | None) -> list[str]:
        serves, wanted = self.machine.serves(), TLS if enabled else PLAIN
        if serves is None:
            return ["glusterd does not answer: see /var/log/glusterfs/glusterd.log."]
        if serves != wanted:
            return [f"glusterd serves {serves} on port {PORT} and not {wanted}: run the role management_tls again."]
        wrong = []
        if enabled:
            name = self.identity(self.machine.address())
            if name != common_name:
                wrong.append(f"glusterd answers as {name}, and the server is {common_name}: run the role tls.")
        wrong += [f"{lost(peer)}." for peer in answers.peers(self.cli) if lost(peer)]
        apart = self.machine.apart(0.0)
        if apart:
            wrong.append(f"{', '.join(apart)} has not reached glusterd: see its log in /var/log/glusterfs.")
        return wrong

    def _cluster(self) -> dict[str, _Wrong]:
        """By volume, if anything is wrong with it."""
        volumes = answers.volumes(self.cli)
        started = [volume for volume in volumes.values() if volume.started]
        if not started:
            return {}
        status, clients = answers.status(self.cli, volumes), answers.clients(self.cli, volumes)
        found = {}
        for volume in started:
            rows = status[volume.name].processes if volume.name in status else []
            online = {(row.server, row.path) for row in rows if row.online}
            down = [
                f"{brick.server}:{brick.path}" for brick in volume.bricks if (brick.server, brick.path) not in online
            ]
            offline = [f"{', '.join(down)} does not run: see its log in /var/log/glusterfs/bricks."] if down else []
            others = []
            for kind, needed in ((survey.HEALERS, True), (survey.LIMITERS, volume.is_on(QUOTA))):
                daemons = survey.daemons(kind, rows, clients.get(volume.name, {}))
                if needed and daemons.offline:
                    offline.append(f"no {kind[0]} on {', '.join(daemons.offline)}: see its log in /var/log/glusterfs.")
                elif needed and daemons.connected < daemons.online:
                    others.append(
                        f"{daemons.connected} of {daemons.online} {kind[0]}s have reached its bricks: is every server's"
                        " identity on its access list?"
                    )
            if offline or others:
                found[volume.name] = _Wrong(tuple(offline), tuple(others))
        return found


@dataclasses.dataclass(frozen=True)
class _Wrong:
    """What is wrong with a volume's processes. offline: those that do not run."""

    offline: tuple[str, ...]
    others: tuple[str, ...]


def lost(peer: Peer) -> str:
    """What is wrong with a peer, empty if nothing."""
    if peer.connected and peer.state in ("", answers.MEMBER):
        return ""
    return f"{peer.hostname} is {'connected' if peer.connected else 'not connected'} ({peer.state or 'no state'})"
