# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who tries to get in: every tenant, and those whom nobody ever declared. By FUSE, from the host that is nobody's."""

from __future__ import annotations

import json
import re
import typing as t

import attackers
from attackers import Attacker, Signer
from harness import Lab
from siege import FOLDER, Siege

from chaos.schedule import TENANTS

if t.TYPE_CHECKING:
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Brick, Volume

HOST = "host3"
BUNDLE = "/etc/glusterfs/tls/current/glusterfs.ca"
NEVER = "tenant-z"
PATIENCE = 15  # seconds for a try. One that is in, or refused, mostly is so at once.
# What the bricks do not even talk to. Their clients do not tell why they are not in.
UNTRUSTED = ("another-ca", "ca-before")


class Intruders:
    """Whoever is no tenant by his name must never be in."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._siege = Siege(lab, "", "", HOST)
        self._foreign = Signer.new("another CA")
        self._signer = self._signing()
        self._before: Signer | None = None

    def _signing(self) -> Signer:
        passphrase = (self._lab.folder / "ca-passphrase").read_text().split()[0]
        return Signer.of(self._lab.folder / "ca", passphrase)

    def rotated(self) -> None:
        """The CA that signed so far is none any more."""
        self._before, self._signer = self._signer, self._signing()

    def camp(self) -> None:
        """Brings them there, with certificates of the CA that signs now."""
        bundle = self._lab.run("host1", f"cat {BUNDLE}").stdout.encode()
        signer = self._signing()
        everybody = [(name, name, signer) for name in (*TENANTS, NEVER)]
        everybody.append((UNTRUSTED[0], TENANTS[0], self._foreign))
        if self._before:
            everybody.append((UNTRUSTED[1], TENANTS[0], self._before))
        found = []
        for name, common_name, by in everybody:
            key = attackers.new_key()
            files = {
                "glusterfs.key": attackers.private(key),
                "glusterfs.pem": by.sign(attackers.subject(common_name), key),
                "glusterfs.ca": bundle,
            }
            found.append(Attacker(name, "", files))
        self._siege.camp(found)

    def attack(self, volume: str, server: str, but: t.Container[str], quiet: bool) -> dict[str, bool | None]:
        """Who is in, but for those; None where that is not clear. quiet: all bricks are up, and each is asked why."""
        self._siege.volume = volume
        bricks = ",".join(self._siege.bricks()) if quiet else ""
        names = [name for name in self._siege.attackers if name not in but]
        words = f"once {FOLDER} {volume} {server} chaos-try '{bricks}' {PATIENCE} {' '.join(names)}"
        results = json.loads(self._lab.run(HOST, self._siege.drive(words)).stdout)
        return {one["attacker"]: one["in"] for one in results}

    def attack_bricks(self, volume: Volume, but: t.Container[str]) -> dict[tuple[str, str], bool | None]:
        """Who is in a brick of it that runs, by himself: by name and server. Through the whole volume one brick that
        refuses is enough to keep somebody out."""
        bricks = [f"{brick.server}:{port}:{brick.path}" for brick in volume.bricks if (port := self._port(brick))]
        names = [name for name in (*TENANTS, NEVER) if name not in but]
        if not bricks:
            return {}
        words = f"bricks {FOLDER} {volume.name} {','.join(bricks)} {PATIENCE} {' '.join(names)}"
        results = json.loads(self._lab.run(HOST, self._siege.drive(words)).stdout)
        return {(one["attacker"], one["server"]): one["in"] for one in results}

    def _port(self, brick: Brick) -> str:
        """As its process has it: its glusterd may be gone."""
        words = self._lab.run(brick.server, f"pgrep -af '^[^ ]*glusterfsd .*--brick-name {brick.path} '", check=False)
        found = re.search(r"--brick-port (\d+)", words.stdout)
        return found.group(1) if found else ""
