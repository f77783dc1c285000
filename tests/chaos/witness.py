# Copyright (c) 2026, glusterops.shares contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must be true whatever breaks: nobody who is not declared is in, no data of a declared tenant is lost, and what
a run reported is so."""

from __future__ import annotations

import collections
import json
import pathlib
import time
import typing as t
from xml.etree import ElementTree

import harness
from ansible_collections.glusterops.shares.plugins.module_utils._gluster import answers
from ansible_collections.glusterops.shares.plugins.module_utils._shares import holding
from ansible_collections.glusterops.shares.plugins.module_utils._shares.holding import is_sealed
from harness import FUSE, Lab
from siege import wait

from chaos.intruders import UNTRUSTED, Intruders
from chaos.schedule import HOSTS, SERVERS, Share

if t.TYPE_CHECKING:
    from ansible_collections.glusterops.shares.plugins.module_utils._gluster.answers import Volume

PROGRAM = pathlib.Path(__file__).with_name("tenant.py")
TENANT, STOP, STORED = "/root/tenant.py", "/root/enough", "/root/stored"
IDENTITY = "/etc/glusterfs/tls/current"
NODES = (*SERVERS, *HOSTS.values())


class Violation(Exception):
    """Something that must never be."""


class Identity(t.NamedTuple):
    """What a machine has: as openssl judges it, the certificate's name and key, its own key, and the CAs it trusts."""

    trusted: str
    subject: str
    certified: str
    key: str
    bundle: str


class Witness:
    """may: by share whom some run let in, and none that reported success has denied since; must: whom each run since
    the last that reported success lets in. sums: by share what its tenants have stored."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.may: dict[str, frozenset[str]] = {}
        self.must: dict[str, frozenset[str]] = {}
        self.sums: dict[str, dict[str, str]] = collections.defaultdict(dict)
        self.checked: dict[str, int] = collections.Counter()
        self._intruders = Intruders(lab)
        self._keys: dict[str, str] = {}
        self._bundle = self._identities_are_good()
        for host in HOSTS.values():
            lab.send(host, PROGRAM.read_bytes(), f"cat > {TENANT}; rm -f {STORED}")

    # ---- what a run may do, and has done ----
    def begins(self, shares: t.Collection[Share], removed: str) -> None:
        for share in shares:
            self.may[share.name] = self.may.get(share.name, frozenset()) | share.identities
            self.must[share.name] = self.must.get(share.name, frozenset()) & share.identities
        if removed:
            self.must.pop(removed, None)
            self.sums.pop(removed, None)
        self._keys = {node: identity.key for node, identity in self._identities().items()}

    def has_done(self, playbook: str, shares: t.Collection[Share], removed: str, server: str | None) -> None:
        """The run reported success. server: one that nothing happened to, which is asked whether that is true."""
        if playbook in ("site", "shares"):
            for share in shares:
                self.may[share.name] = self.must[share.name] = share.identities
        if removed:
            self.may.pop(removed, None)
        if server and playbook in ("site", "shares"):
            self._shares_are(shares, server)
        if server and removed:
            self._true(removed not in self._volumes(server), f"share {removed} was removed, and is there on {server}")
        if playbook in ("site", "renew", "rotate_ca"):
            self._identities_are_good()
        if playbook == "renew":
            for node, identity in self._identities().items():
                self._true(identity.key != self._keys[node], f"{node} was to get a new key, and has the old one")
        if playbook == "rotate_ca":
            self._rotated()

    def _true(self, so: object, otherwise: str) -> None:
        self.checked["reports"] += 1
        if not so:
            raise Violation(otherwise)

    def _volumes(self, server: str) -> dict[str, Volume]:
        """By share."""
        found = answers.read_volumes(ElementTree.fromstring(self._lab.gluster("--xml volume info", server)))
        return {share: volume for volume in found.values() if (share := holding.share_of(volume))}

    def _shares_are(self, shares: t.Collection[Share], server: str) -> None:
        found = self._volumes(server)
        for share in shares:
            self._true(share.name in found, f"share {share.name} has no volume on {server}")
            volume = found[share.name]
            listed = set(holding.listed(volume))
            self._true(volume.started and is_sealed(volume), f"share {share.name} is not sealed or started: {volume}")
            self._true(
                listed == {*harness.SERVERS, *share.identities},
                f"share {share.name} is declared for {sorted(share.identities)}, and {server} has the list {listed}",
            )
            self._true(
                volume.options.get("network.ping-timeout") == "10", f"share {share.name} has not its option: {volume}"
            )

    def _limits_are(self, shares: t.Collection[Share]) -> None:
        for share in shares:
            for tenant in share.identities & HOSTS.keys():
                size = self._lab.run(HOSTS[tenant], f"timeout 60 df --output=size -B1G {share.path} | tail -1").stdout
                self._true(size.split() == [str(share.size)], f"share {share.name} has {size} and not {share.size}G")

    def _identities(self) -> dict[str, Identity]:
        look = (
            f"cd -P {IDENTITY} || exit; for words in 'verify -CAfile glusterfs.ca glusterfs.pem'"
            " 'x509 -noout -subject -nameopt multiline -in glusterfs.pem' 'x509 -noout -pubkey -in glusterfs.pem'"
            " 'pkey -pubout -in glusterfs.key'; do openssl $words; echo =; done; cat glusterfs.ca"
        )
        return {node: Identity(*self._lab.run(node, look).stdout.split("\n=\n")) for node in NODES}

    def _identities_are_good(self) -> str:
        """Their bundle."""
        found = self._identities()
        names = {**dict(zip(SERVERS, harness.SERVERS)), **{host: tenant for tenant, host in HOSTS.items()}}
        for node, one in found.items():
            self._true(one.trusted == "glusterfs.pem: OK", f"{node} does not trust its own certificate: {one.trusted}")
            self._true(one.subject.split()[-1] == names[node], f"{node} has a certificate for {one.subject}")
            self._true(one.certified == one.key, f"{node} has a certificate for another key than its own")
        self._true(len({one.key for one in found.values()}) == len(NODES), "two machines have the same key")
        bundles = {one.bundle for one in found.values()}
        self._true(len(bundles) == 1, "not all machines trust the same CAs")
        return bundles.pop()

    def _rotated(self) -> None:
        bundle = self._identities_are_good()
        self._true(bundle.count("BEGIN CERTIFICATE") == 1, "the CA was rotated, and the old one is still trusted")
        self._true(bundle != self._bundle, "the CA was rotated, and is the old one")
        self._bundle = bundle
        self._intruders.rotated()

    # ---- who is in ----
    def nobody_else_is_in(self, server: str, quiet: bool) -> None:
        """quiet: nothing is broken, so that who was let in has to be in, and who is not is refused for sure."""
        self._intruders.camp()
        for share, volume in self._all(server).items():
            if not volume.started:
                continue
            may, must = self.may.get(share, frozenset()), self.must.get(share, frozenset())
            self._may_be_in(share, volume.name, server, may, must if quiet else frozenset(), quiet)
            for (name, where), inside in self._intruders.attack_bricks(volume, may).items():
                self.checked["unclear" if inside is None else "refused by a brick"] += 1
                if inside:
                    raise Violation(f"{name} is in the brick of share {share} (volume {volume.name}) on {where}")

    def _all(self, server: str) -> dict[str, Volume]:
        """Those of no share, too, by their own name then."""
        found = answers.read_volumes(ElementTree.fromstring(self._lab.gluster("--xml volume info", server)))
        return {holding.share_of(volume) or volume.name: volume for volume in found.values()}

    def _may_be_in(
        self, share: str, volume: str, server: str, may: frozenset[str], must: frozenset[str], quiet: bool
    ) -> None:
        # Whom it may or may not let in proves nothing.
        unasked = may - must if quiet else {*may, *UNTRUSTED}
        results = self._intruders.attack(volume, server, unasked, quiet)
        for _again in range(3):
            if not quiet or None not in results.values():
                break
            settled = [name for name, inside in results.items() if inside is not None]
            results.update(self._intruders.attack(volume, server, {*settled, *unasked}, quiet))
        for name, inside in results.items():
            self.checked["let in" if name in must else "refused" if inside is False else "unclear"] += 1
            if inside and name not in may:
                raise Violation(f"{name} is in share {share} (volume {volume}), which lets in {sorted(may)}")
            if name in must and not inside:
                raise Violation(f"{name} is not in share {share} (volume {volume}), which it may use: {inside}")
            if quiet and inside is None:
                raise Violation(f"{name} is neither in share {share} (volume {volume}) nor refused, with all mended")

    # ---- the data ----
    def write(self, label: str, shares: t.Collection[Share]) -> t.Callable[[], None]:
        """Begins to store files in all mounts. What is returned ends that, and notes what was stored."""
        paths = {host: [share.path for share in shares] for host in HOSTS.values()}
        for host, where in paths.items():
            words = f"{STOP} {label}-{host} {' '.join(where)}"
            self._lab.run(host, f"rm -f {STOP}; setsid -f python3 {TENANT} write {words} > {STORED} 2>&1 < /dev/null")

        def end() -> None:
            for host in paths:
                self._lab.run(
                    host, f"touch {STOP}; while pgrep -f '^[p]ython3 {TENANT}' > /dev/null; do sleep 0.1; done"
                )
                for line in self._lab.run(host, f"cat {STORED}").stdout.splitlines():
                    self._note(host, json.loads(line))

        return end

    def _note(self, host: str, said: dict[str, str]) -> None:
        share = said["path"].rpartition("/")[2]
        if said["sum"] == "local":
            raise Violation(f"{host} has stored {said['path']}/{said['name']} on its own disk")
        self.sums[share][said["name"]] = said["sum"]

    def data_are_there(self, shares: t.Collection[Share]) -> None:
        """By every mount of theirs, and nobody else's is one."""
        for share in shares:
            for tenant, host in HOSTS.items():
                if tenant in share.identities:
                    self._data_are_there(host, share)
                elif self._kind(host, share.path) == FUSE:
                    raise Violation(f"{host} still has {share.name} mounted")

    def _kind(self, host: str, path: str) -> str:
        return self._lab.run(host, f"timeout 20 stat -f -c %t {path}", check=False).stdout.strip()

    def _data_are_there(self, host: str, share: Share) -> None:
        wait(f"{share.path} on {host}", lambda: self._kind(host, share.path) == FUSE)
        expected = self.sums[share.name]
        end = time.monotonic() + 60
        while True:
            said = self._lab.run(host, f"timeout 120 python3 {TENANT} sums {share.path}", check=False)
            found = json.loads(said.stdout) if said.returncode == 0 else {}
            missing = {name for name, value in expected.items() if found.get(name) != value}
            if not missing:
                break
            if time.monotonic() > end:
                raise Violation(f"{share.name} has lost {sorted(missing)} of {len(expected)} files: {said.stderr}")
            time.sleep(2)
        self.checked["files"] += len(expected)

    def all_is_so(self, shares: t.Collection[Share]) -> None:
        """With all mended, right after a whole site was run."""
        for server in SERVERS:
            self._shares_are(shares, server)
        self._limits_are(shares)
        self.data_are_there(shares)
        self.nobody_else_is_in("server1", quiet=True)
