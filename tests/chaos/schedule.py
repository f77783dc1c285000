# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done and what breaks, decided by a seed alone: the same seed decides the same, whatever comes of it."""

from __future__ import annotations

import dataclasses
import itertools
import random
import typing as t

SERVERS = ("server1", "server2", "server3")
# The tenants, and the hosts that are theirs.
HOSTS = {"tenant-a": "host1", "tenant-b": "host2"}
TENANTS = (*HOSTS, "tenant-c")
MOST_SHARES, MOST_OF_POOL, LARGEST = 4, 2, 3
POOL = [f"chaos-{LARGEST}G-{number}" for number in range(1, MOST_OF_POOL + 1)]
# Between two machines of which one always is a server.
LINKS = [pair for pair in itertools.combinations((*SERVERS, "heketi", *HOSTS.values()), 2) if pair[0] in SERVERS]
# What a run that is killed has begun on the machines goes on. It is waited for, or the next run begins at once.
KILLS = ("run killed", "run killed in a hurry")
GLUSTERD, BRICKS, HEKETI, NETWORK = BREAKS = ("glusterd killed", "bricks killed", "Heketi killed", "network cut")
PLAYBOOKS = ("site", "renew", "rotate_ca")
# How often an action is chosen where it can be.
WEIGHTS = {**dict.fromkeys(PLAYBOOKS, 1), "make": 4, "remove": 2, "grow": 2, "limit": 1, "admit": 3, "deny": 4}


@dataclasses.dataclass(frozen=True)
class Share:
    name: str
    provisioner: str
    identities: frozenset[str]
    size: int = 1

    def declared(self) -> dict[str, t.Any]:
        """As an entry of shares_list."""
        mounts = [
            {"host": host, "path": self.path, "state": "mounted" if tenant in self.identities else "absent"}
            for tenant, host in HOSTS.items()
        ]
        return {
            "name": self.name,
            "provisioner": self.provisioner,
            "size": f"{self.size}G",
            "identities": sorted(self.identities),
            "mounts": mounts,
            # A client waits for so long for a server that is cut off.
            "volume_options": {"network.ping-timeout": "10"},
            **({"pattern": "chaos-#{size}G-[0-9]+"} if self.provisioner == "pool" else {}),
        }

    @property
    def path(self) -> str:
        return f"/srv/{self.name}"


@dataclasses.dataclass(frozen=True)
class Fault:
    """moment: when, as a part of what a run usually takes. lasts: seconds."""

    kind: str
    where: tuple[str, ...]
    moment: float
    lasts: float

    def __str__(self) -> str:
        return " ".join([self.kind, "-".join(self.where)]).strip()


@dataclasses.dataclass(frozen=True)
class Round:
    """A playbook that a user runs, and what breaks meanwhile. shares: what is declared then.

    quiet: whether all is mended, made true and looked at afterwards, before the next one.
    """

    number: int
    action: str
    playbook: str
    shares: tuple[Share, ...]
    faults: tuple[Fault, ...]
    quiet: bool
    removed: str = ""


class Schedule:
    """Rounds without end. The shares are those that are declared so far."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._numbers = itertools.count(1)
        self.shares = {share.name: share for share in map(self._new, ("heketi", "pool"))}

    def __iter__(self) -> t.Iterator[Round]:
        for number in itertools.count(1):
            removed = ""
            playbook = self._dice.choices(("site", "shares"), (7, 3))[0]
            changes = self._changes()
            action = self._dice.choice(
                [name for name, found in changes.items() if found for _time in range(WEIGHTS[name])]
            )
            share = self._dice.choice(changes[action])
            if action == "remove":
                playbook, removed = "remove_share", share.name
                del self.shares[removed]
            elif action in PLAYBOOKS:
                playbook = action
            elif action == "make":
                self._make()
            else:
                self.shares[share.name] = share
            quiet = self._dice.random() < 0.4
            yield Round(number, action, playbook, tuple(self.shares.values()), self._faults(), quiet, removed)

    def _changes(self) -> dict[str, list[Share]]:
        """What can be done now: by action the shares as they would be then, or that it is done to."""
        shares = list(self.shares.values())
        return {
            **dict.fromkeys(PLAYBOOKS, shares),
            "make": shares if len(shares) < MOST_SHARES else [],
            "remove": shares if len(shares) > 1 else [],
            "grow": [dataclasses.replace(one, size=one.size + 1) for one in shares if one.size < LARGEST],
            "limit": [dataclasses.replace(one, size=one.size - 1) for one in shares if one.size > 1],
            "admit": [
                dataclasses.replace(one, identities=one.identities | {tenant})
                for one in shares
                for tenant in TENANTS
                if tenant not in one.identities
            ],
            "deny": [
                dataclasses.replace(one, identities=one.identities - {tenant})
                for one in shares
                for tenant in TENANTS
                if tenant in one.identities and (one.identities - {tenant}) & HOSTS.keys()
            ],
        }

    def _make(self) -> None:
        of_pool = sum(share.provisioner == "pool" for share in self.shares.values())
        share = self._new(self._dice.choice(("heketi", "pool")) if of_pool < MOST_OF_POOL else "heketi")
        self.shares[share.name] = share

    def _new(self, provisioner: str) -> Share:
        """Among its tenants always is one who has a host, to tell that all data are there."""
        chosen = {self._dice.choice(list(HOSTS)), *(tenant for tenant in TENANTS if self._dice.random() < 0.4)}
        return Share(f"chaos-{next(self._numbers)}", provisioner, frozenset(chosen))

    def _faults(self) -> tuple[Fault, ...]:
        found = [self._fault() for _fault in range(self._dice.choices((0, 1, 2), (2, 5, 3))[0])]
        if self._dice.random() < 0.4:
            found.append(Fault(self._dice.choice(KILLS), (), self._dice.random(), 0))
        return tuple({(one.kind, one.where): one for one in found}.values())

    def _fault(self) -> Fault:
        kind = self._dice.choice(BREAKS)
        where = {NETWORK: self._dice.choice(LINKS), HEKETI: ()}.get(kind, (self._dice.choice(SERVERS),))
        return Fault(kind, where, self._dice.random(), self._dice.uniform(1, 15))
