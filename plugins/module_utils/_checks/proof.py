# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other code must not import it, it may change at any time.

"""Whether shares work as what made them says: gluster calls much a success that is none."""

from __future__ import annotations

import dataclasses
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.glusterops.shares.plugins.module_utils._checks import survey
from ansible_collections.glusterops.shares.plugins.module_utils._errors import Conflict, GlusterOpsError
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Brick, Process, Volume
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.cli import GlusterCli

_PAUSE = 2.0
RUNNING = "in progress"


@dataclasses.dataclass(frozen=True)
class Expected:
    """A share to be looked at. bricks: how many Heketi says it has, None if not known; grown: it was expanded now."""

    name: str
    bricks: int | None = None
    grown: bool = False


@dataclasses.dataclass(frozen=True)
class Proof:
    """What was seen of a share: its bricks with the identities they answer with, and what is wrong, a sentence each."""

    name: str
    bricks: tuple[dict[str, t.Any], ...]
    healers: int
    rebalance: answers.Rebalance | None
    problems: tuple[str, ...]


@dataclasses.dataclass
class Prover:
    """Looks through one server. servers: CN by glusterd's UUID; handshake: the CN that answers at host and port."""

    cli: GlusterCli
    servers: t.Mapping[str, str]
    handshake: t.Callable[[str, int], str]
    clock: t.Any = time

    def prove(self, shares: t.Sequence[Expected], timeout: float, rebalance_timeout: float) -> list[Proof]:
        """What is seen of each share once nothing is wrong any more, or after C(timeout) seconds all the same.

        Daemons need some seconds to connect. Running rebalances are waited for C(rebalance_timeout) seconds. The calls
        are three, however many shares there are, and one more for each rebalance.
        """
        began = self.clock.monotonic()
        while True:
            proofs = self._look(shares)
            waited = self.clock.monotonic() - began
            wrong = any(proof.problems for proof in proofs)
            running = any(proof.rebalance and proof.rebalance.status == RUNNING for proof in proofs)
            if not (wrong and waited < timeout or running and waited < rebalance_timeout):
                return proofs
            self.clock.sleep(_PAUSE)

    def _look(self, shares: t.Sequence[Expected]) -> list[Proof]:
        if not shares:
            return []
        volumes, problems_of = _volumes(shares, answers.volumes(self.cli))
        present = {volume.name: volume for volume in volumes.values()}
        status, clients = answers.status(self.cli, present), answers.clients(self.cli, present)
        processes = {name: one.processes for name, one in status.items()}
        bricks = [
            (share.name, brick, process)
            for share in shares
            if share.name in volumes
            for brick in volumes[share.name].bricks
            for process in [_process(brick, processes.get(volumes[share.name].name, []))]
        ]
        with ThreadPoolExecutor(max_workers=survey.PARALLEL) as executor:
            told = list(executor.map(lambda one: self._brick(one[1], one[2]), bricks))
        by_share: dict[str, list[dict[str, t.Any]]] = {share.name: [] for share in shares}
        for (name, *_rest), one in zip(bricks, told):
            by_share[name].append(one)
        proofs = []
        for share in shares:
            seen = by_share[share.name]
            problems = [f"brick {one['server']}:{one['path']} {one['problem']}" for one in seen if one["problem"]]
            problems += problems_of.get(share.name, [])
            volume = volumes.get(share.name)
            name = volume.name if volume else share.name
            rows = processes.get(name, [])
            healers = survey.daemons(survey.HEALERS, rows, clients.get(name, {}))
            missing = healers.online - healers.connected
            if missing > 0:
                problems.append(
                    f"{missing} of {healers.online} self-heal daemons are not connected to it, although gluster calls"
                    " them online: is every server's identity on its access list?"
                )
            rebalanced = name in status and status[name].rebalance
            rebalance = answers.rebalance(self.cli, name) if rebalanced else None
            problems += _wrong(share, volume, rebalance)
            proofs.append(Proof(share.name, tuple(seen), healers.connected, rebalance, tuple(problems)))
        return proofs

    def _brick(self, brick: Brick, process: Process | None) -> dict[str, t.Any]:
        told: dict[str, t.Any] = {"server": brick.server, "path": brick.path, "common_name": None, "problem": None}
        expected = self.servers.get(brick.server_uuid)
        if not process or not process.online or not process.port:
            told["problem"] = "is not running."
            return told
        try:
            told["common_name"] = self.handshake(brick.server, process.port)
        except GlusterOpsError as exc:
            told["problem"] = f"gives {exc}: has its server an identity that all trust?"
            return told
        if expected is None:
            told["problem"] = f"is on a server that is none of those given, and answers as {told['common_name']}."
        elif told["common_name"] != expected:
            told["problem"] = f"answers as {told['common_name']}, and its server is {expected}: restart its process."
        return told


def _volumes(
    shares: t.Sequence[Expected], present: t.Mapping[str, Volume]
) -> tuple[dict[str, Volume], dict[str, list[str]]]:
    """By share its volume, or why it is not known which that is."""
    holders, found, problems = holding.Holders(present), {}, {}
    for share in shares:
        try:
            volume = holders.get(share.name)
        except Conflict as exc:
            problems[share.name] = [str(exc)]
        else:
            if volume:
                found[share.name] = volume
    return found, problems


def _process(brick: Brick, processes: t.Sequence[Process]) -> Process | None:
    return next((one for one in processes if (one.server, one.path) == (brick.server, brick.path)), None)


def _wrong(share: Expected, volume: Volume | None, rebalance: answers.Rebalance | None) -> t.Iterator[str]:
    if volume is None:
        yield "it does not exist."
        return
    if not volume.started:
        yield f"it is not started ({volume.status})."
    why = holding.why_not_sealed(volume)
    if why:
        yield f"it is not sealed: {', '.join(why)}."
    if holding.unproven(volume):
        yield "its access list was changed, and is not proven on all its bricks: run the role shares again."
    if share.bricks is not None and share.bricks != len(volume.bricks):
        yield (
            f"Heketi knows {share.bricks} bricks of it, Gluster has {len(volume.bricks)}: two expansions at once, or a"
            " change behind Heketi's back. Do not grow it before an administrator has compared both."
        )
    if share.grown and rebalance is None:
        yield f"its new bricks stay empty of old files: start 'gluster volume rebalance {volume.name} start'."
    if rebalance and (rebalance.failures or rebalance.status in ("failed", "stopped")):
        yield f"its rebalance is {rebalance}: see /var/log/glusterfs/{volume.name}-rebalance.log on each server."
